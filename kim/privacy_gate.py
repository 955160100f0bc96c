"""The privacy gate: finds what could point to a person in a text that leaves the case level.

What is known about clients comes in through `register`, by whoever knows it; this module knows no client
and keeps nothing it was told. It looks for too much rather than too little, but never so much that people
stop reading.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from anyascii import anyascii

from kim.workdays import today


@dataclass(frozen=True)
class Known:
    """Something a source knows about a person (or about a place).

    kind: "name" (one person's name, any number of words), "birth_date" (a date or ISO text), "number" (file
    numbers, telephone, IBAN), "place" (the name of a municipality too small to be named beside a rare
    nationality); any other kind is looked for word by word, like a number.
    """

    kind: str
    value: str | date


@dataclass(frozen=True)
class Finding:
    """One suspicious place. `excerpt` is `text[start:end]` of the text as it was given; `sentence` is for
    the user.
    """

    field: str
    kind: str
    excerpt: str
    start: int
    end: int
    blocks: bool
    sentence: str

    @property
    def key(self) -> str:
        """What a confirmation refers to: the same words stay confirmed when the text around them changes."""
        bare = "".join(sign for sign in unicodedata.normalize("NFKC", self.excerpt).casefold() if sign.isalnum())
        return sha256(f"{self.kind}:{bare}".encode()).hexdigest()[:24]


class Held(Exception):
    """The text may not leave like this. `findings` are those that block or still want a confirmation."""

    def __init__(self, findings: list[Finding]):
        self.findings = findings
        super().__init__("Der Text enthält Angaben, die auf eine Person hinweisen können.")


class GateDown(Exception):
    """The check could not run, so the step must not happen. Names the part that failed, never what it was
    reading.
    """

    def __init__(self, part: str, error: str):
        self.part, self.error = part, error
        super().__init__(
            "Die Datenschutzprüfung ist zurzeit nicht möglich. Es wurde nichts weitergegeben. "
            "Bitte versuchen Sie es später noch einmal."
        )


Source = Callable[[Any, Any], Iterable[Known]]

_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Have `source(author, context)` asked at every check; a second registration of a name replaces the
    first.
    """
    _sources[name] = source


def unregister(name: str) -> None:
    _sources.pop(name, None)


def check(
    texts: Mapping[str, str | None], *, author: Any, context: Any = None, places: Collection[str] = ()
) -> list[Finding]:
    """All findings, in the order of the texts and the places in them; the keys of `texts` are the labels
    users read.

    `places` are small municipalities beside those the sources name. Raises GateDown when any part fails.
    """
    known = _known(author, context)
    part = "patterns"
    try:
        book = _Book.of(known, places)
        read = {label: _Reading(text) for label, text in texts.items() if text}
        small_place = next((place for reading in read.values() for place in book.places_in(reading)), None)
        findings = []
        for label, reading in read.items():
            hits = [*book.hits(reading), *_pattern_hits(reading)]
            if small_place:
                hits += _nationality_hits(reading)
            findings += [_finding(label, reading, hit, small_place) for hit in _without_overlaps(hits)]
        return findings
    except Exception as error:
        raise GateDown(part, type(error).__name__) from None


def require(
    texts: Mapping[str, str | None],
    *,
    author: Any,
    confirmed: Collection[str] = (),
    context: Any = None,
    places: Collection[str] = (),
) -> list[Finding]:
    """The findings let through because their keys are in `confirmed`; raises Held while any other is left."""
    findings = check(texts, author=author, context=context, places=places)
    held = [finding for finding in findings if finding.blocks or finding.key not in confirmed]
    if held:
        raise Held(held)
    return findings


def _known(author: Any, context: Any) -> list[Known]:
    known: list[Known] = []
    for name, source in list(_sources.items()):
        try:
            for one in source(author, context):
                if not isinstance(one, Known) or not one.kind or not isinstance(one.value, str | date):
                    raise TypeError("a source yields Known(kind, text or date)")
                known.append(one)
        except Exception as error:
            # Without the cause: its message may hold the very name it stumbled over.
            raise GateDown(name, type(error).__name__) from None
    return known


# ---- reading a text so that disguises fall away --------------------------------------------------

_INVISIBLE = {
    0x034F,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    0x3164,
    0xFFA0,
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
}
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")

# Letters of other scripts that look like Latin ones (after Unicode's confusables, the ones a keyboard
# offers).
_LOOKALIKES = str.maketrans(
    "авекмнорстухіјѕԁһԛԝүАВЕКМНОРСТУХІЈЅԌԚԜҮαεικνορτυχγηωΑΒΕΖΗΙΚΜΝΟΡΤΥΧӏ",
    "abekmhopctyxijsdhqwyABEKMHOPCTYXIJSGQWYaeiknoptuxynwABEZHIKMNOPTYXl",
)


@dataclass(frozen=True)
class _Token:
    """A run of letters and digits: its place in the plain text and its spelling, twice where scripts are
    mixed.
    """

    start: int
    end: int
    spellings: tuple[str, ...]
    capital: bool
    consonantal: bool  # written in a script that leaves most vowels out


class _Reading:
    """A text, its plain form (NFKC, invisible signs gone, digits ASCII), and the way back from plain to
    original.
    """

    def __init__(self, text: str):
        if not isinstance(text, str):
            raise TypeError("texts are str")
        self.text = text
        self.plain, self.starts, self.ends = _plain(text)
        # Patterns read lookalikes as the Latin letters they pretend to be; one sign stays one sign.
        self.latin = self.plain.translate(_LOOKALIKES).replace("_", " ")
        self.tokens = [_token(found) for found in _TOKEN.finditer(self.plain)]

    def original(self, start: int, end: int) -> tuple[int, int]:
        return self.starts[start], self.ends[end - 1]


_ASCII_RUN = re.compile(r"[\x00-\x7f]+(?=[\x00-\x7f]|\Z)")


def _plain(text: str) -> tuple[str, list[int], list[int]]:
    if text.isascii():
        places = list(range(len(text)))
        return text, places, [at + 1 for at in places]
    signs: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    cluster, begin, end = "", 0, 0

    def close() -> None:
        if cluster:
            for sign in unicodedata.normalize("NFKC", cluster).translate(_DASHES):
                digit = unicodedata.digit(sign, None) if not sign.isascii() else None
                signs.append(sign if digit is None else str(digit))
                starts.append(begin)
                ends.append(end)

    at = 0
    while at < len(text):
        # A run of ASCII stands for itself, but for its last sign when a mark may follow that one.
        run = _ASCII_RUN.match(text, at)
        if run:
            close()
            cluster = ""
            signs.extend(run[0])
            starts.extend(range(at, run.end()))
            ends.extend(range(at + 1, run.end() + 1))
            at = run.end()
            continue
        sign = text[at]
        at += 1
        if not sign.isascii():
            category = unicodedata.category(sign)
            if category == "Cf" or ord(sign) in _INVISIBLE or 0xE0100 <= ord(sign) < 0xE01F0:
                continue
            if category[0] == "M" and cluster:
                cluster, end = cluster + sign, at
                continue
        close()
        cluster, begin, end = sign, at - 1, at
    close()
    return "".join(signs), starts, ends


_TOKEN = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+[^\W_]*)*")
_CONSONANTAL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def _token(found: re.Match[str]) -> _Token:
    word = found[0]
    consonantal = False
    if word.isascii():
        spellings: tuple[str, ...] = (word.lower(),)
    else:
        consonantal = _CONSONANTAL.search(word) is not None
        spellings = tuple({_latin(word): None, _latin(word.translate(_LOOKALIKES)): None})
    return _Token(found.start(), found.end(), spellings, word[:1].isupper(), consonantal)


_MARKED = str.maketrans({"ç": "ch", "č": "ch", "ć": "ch", "ш": "sh", "щ": "sh", "ц": "z", "х": "kh", "ё": "jo"})
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def _latin(word: str) -> str:
    """Lower case, ASCII letters and digits only: other scripts transliterated, accents taken off."""
    return _NOT_WORD.sub("", anyascii(unicodedata.normalize("NFC", word).lower().translate(_MARKED)).lower())


# Pairs in order: spellings of one sound become one. Written for names that reach German from many alphabets.
_SOUNDS = (
    ("ae", "a"),
    ("oe", "o"),
    ("ue", "u"),
    ("tsch", "ch"),
    ("tch", "ch"),
    ("sch", "s"),
    ("sh", "s"),
    ("zh", "s"),
    ("kh", "h"),
    ("ch", "h"),
    ("gh", "g"),
    ("ph", "f"),
    ("th", "t"),
    ("dh", "d"),
    ("dt", "t"),
    ("ck", "k"),
    ("tz", "z"),
    ("dj", "j"),
    ("dsch", "j"),
    ("q", "k"),
    ("c", "k"),
    ("w", "v"),
    ("x", "ks"),
    ("y", "i"),
    ("j", "i"),
    ("z", "s"),
    ("ei", "ai"),
    ("ou", "u"),
    ("oo", "u"),
)
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"[aeiou]+")
_VOWELS_AND_HALVES = re.compile(r"[aeiouvyjw']+|h$")


def _sound(word: str) -> str:
    """The skeleton by which spellings of a name are compared; input as `_latin` returns it."""
    for written, spoken in _SOUNDS:
        if written in word:
            word = word.replace(written, spoken)
    return _DOUBLED.sub(r"\1", word)


def _loose(sound: str) -> str:
    """The skeleton with its vowels told apart only as light or dark: Mohammed and Muhammad are one."""
    return _VOWELS.sub(lambda run: "a" if run[0][0] in "aei" else "o", sound)


def _consonants(latin: str) -> str:
    """What is left of a name in a script without vowels; half vowels and a last h come and go between
    alphabets.
    """
    return _DOUBLED.sub(r"\1", _VOWELS_AND_HALVES.sub("", _sound(latin)))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# ---- what is known -------------------------------------------------------------------------------

_PARTICLES = _words(
    "von van de der den del della di da dos do la le el al ul as ash at bin ben ibn bint abu abd umm "
    "und und zu zum zur "
    "dr prof herr frau familie geb mc mac san st ter ten vom a e i o u y"
)
# Genitive and adjective, as `_sound` leaves them: Müllers, Hansens, die Müllersche Wohnung.
_ENDINGS = ("", "s", "es", "ens", "se", "sen", "ser", "ses")


# Small words that meet by chance: „was im“ is no Wasim.
_LITTLE_WORDS = _words(
    """
    ab aber als am an ans auch auf aus bei beim bis da das dass dem den der des die dies doch du durch ein
    eine einem einen einer eines er es etwa fuer für gar geht hat ich ihr im in ins ist ja je kann kein
    man mehr mit mir nach nicht noch nun nur ob oder ohne pro sei seit sie sind so um und uns unter vom
    von vor war was weg wem wen wenn wer wie wir wird wo zu zum zur
    """
)

# Names that are also everyday words of these texts: in small letters they want a confirmation instead of
# blocking.
_EVERYDAY = _words(
    """
    ab alt amt anders arbeit arm arzt bach bank bauer baum berg bitter blau braun brand breit bunt burg
    busch dank dorf eng ernst fall feld fest fern frei freund frisch fromm fuchs gast gut haase hart haus
    heim heil herbst herr hoch hof horn jung kaiser kalt kern kind klar klein klug koch koenig könig kraft
    kranz kraus krieg kurz lang lange last laut lehrer licht lieb link mai mann mark markt may maurer
    meister mild moor muster mutter nagel neu neumann not ost paul peter pfeifer rat rau recht reich reif
    richter ring rose rot ruf sand sauer schade schaden scharf schein schmal schneider schnell schreiber
    schuster schwarz see seiler sommer sonne spät stark stein stern still stolz streng sturm such süß tag
    taub teil teuer tief tisch toll vater vogel voll wagner wald wand warm weber weg weich weiss weiß weit
    wert west wild winter wolf wohl wunder zahn zeit zimmer zoll aller alle sein seine die hin
    her mal man muss heute hier jetzt immer offen gross groß
    """
)


# Names that are nouns nobody can do without here: they want a confirmation even with a capital.
_NEEDED_NOUNS = _words(
    """
    amt arbeit arzt ende fall feld haus hilfe kind kinder lehrer link mann markt mai not paar platz post
    rat recht richter schade schaden schein schule sommer stelle tag teil termin uhr weg winter woche wohl
    zahl zeit zimmer zoll
    """
)


@dataclass(frozen=True)
class _Hit:
    kind: str
    start: int
    end: int
    blocks: bool = False


@dataclass
class _Book:
    """All that is known, arranged for looking up; built for one check and dropped with it."""

    sounds: set[str] = field(default_factory=set)
    heads: set[str] = field(default_factory=set)
    loose: set[str] = field(default_factory=set)
    consonants: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    dates: set[date] = field(default_factory=set)
    strings: dict[str, str] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    longest: int = 0

    @classmethod
    def of(cls, known: Iterable[Known], places: Iterable[str]) -> "_Book":
        book = cls(places=[place for place in places if place.strip()])
        for one in known:
            if one.kind == "birth_date":
                book._add_date(one.value)
            elif one.kind == "place":
                book.places.append(str(one.value))
            elif one.kind == "name":
                book._add_name(str(one.value))
            else:
                book._add_string(one.kind, str(one.value))
        return book

    def _add_date(self, value: str | date) -> None:
        day = value if isinstance(value, date) else date.fromisoformat(value.strip())
        self.dates.add(date(day.year, day.month, day.day))
        for digits in (f"{day:%d%m}{day.year:04d}", f"{day.year:04d}{day:%m%d}"):
            self.strings[digits] = "known_birth_date"

    def _add_string(self, kind: str, value: str) -> None:
        bare = _latin(_plain(value)[0])
        if len(bare) >= 4:
            self.strings[bare] = "known_number" if kind == "number" else "known"

    def _add_name(self, value: str) -> None:
        plain = _plain(value)[0]
        words = [found[0] for found in _TOKEN.finditer(plain)]
        telling = []
        for word in words:
            # A known name in other letters is looked for both as it sounds and as it looks.
            for latin in {_latin(word), _latin(word.translate(_LOOKALIKES))}:
                if not latin or latin in _PARTICLES:
                    continue
                if _CONSONANTAL.search(word):
                    if len(bones := _consonants(latin)) >= 3:
                        self.foreign.add(bones)
                        self.consonants.add(bones)
                    continue
                self._add_word(latin)
                telling.append(latin)
        # Name parts run together, as file names do: muellerahmad, ahmadmueller.
        latins = list(dict.fromkeys(telling))
        if 1 < len(latins) <= 4:
            self._add_word("".join(latins))
            self._add_word("".join(reversed(latins)))
        hyphened = [_latin(part) for part in re.split(r"\s+", plain) if re.search(r"\w\W+\w", part)]
        for joined in hyphened:
            self._add_word(joined)

    def _add_word(self, latin: str) -> None:
        if len(latin) < 3:
            self.short.add(latin)
            return
        base = _sound(latin)
        for ending in _ENDINGS:
            whole = base + ending[1:] if ending[:1] == base[-1] else base + ending
            self.sounds.add(whole)
            self.heads.add(whole[:3])
        if len(latin) >= 5:
            for ending in ("", "s"):
                self.loose.add(_loose(_sound(latin + ending)))
        if len(bones := _consonants(latin)) >= 2:
            self.consonants.add(bones)
        self.longest = max(self.longest, len(latin) + len("schen"))

    # -- looking up --

    def hits(self, reading: _Reading) -> Iterator[_Hit]:
        if self.sounds or self.short or self.consonants:
            yield from self._names(reading)
        if self.strings:
            yield from self._strings(reading)
        if self.dates:
            for found, day, _, _ in _dates(reading.latin):
                if day & self.dates:
                    yield _Hit("known_birth_date", found.start(), found.end(), blocks=True)

    def _names(self, reading: _Reading) -> Iterator[_Hit]:
        seen: dict[str, str] = {}

        def sound(latin: str) -> str:
            if latin not in seen:
                seen[latin] = _sound(latin)
            return seen[latin]

        tokens = reading.tokens
        for at, token in enumerate(tokens):
            for spelling in token.spellings:
                if token.consonantal:
                    if _consonants(spelling) in self.consonants:
                        yield _Hit("known_name", token.start, token.end, blocks=True)
                elif spelling in _LITTLE_WORDS:
                    # At the head of a sentence every word has a capital; in the middle „Das“ may be somebody.
                    if len(spelling) > 2 and token.capital and sound(spelling) in self.sounds:
                        yield _Hit("maybe_name", token.start, token.end)
                elif len(spelling) < 3:
                    if spelling in self.short and token.capital:
                        yield _Hit("known_name", token.start, token.end, blocks=True)
                elif sound(spelling) in self.sounds:
                    sure = spelling not in _NEEDED_NOUNS and (token.capital or spelling not in _EVERYDAY)
                    yield _Hit("known_name" if sure else "maybe_name", token.start, token.end, sure)
                elif token.capital and len(spelling) >= 5 and _loose(sound(spelling)) in self.loose:
                    # Only the vowels differ; long skeletons of consonants leave no doubt.
                    sure = len(_consonants(spelling)) >= 4 or _loose(sound(spelling))[:4] == "moha"
                    yield _Hit("known_name" if sure else "maybe_name", token.start, token.end, sure)
                elif token.capital and self.foreign and _consonants(spelling) in self.foreign:
                    yield _Hit("maybe_name", token.start, token.end)
            if self.sounds:
                yield from self._torn(reading, at, sound)

    def _torn(self, reading: _Reading, at: int, sound: Callable[[str], str]) -> Iterator[_Hit]:
        """A name spread over several runs of letters: M.u.s.t.e.r, M u s t e r, Mus-ter; in all its lengths."""
        tokens, plain = reading.tokens, reading.plain
        joined = list(tokens[at].spellings)
        length = max(map(len, joined))
        single = length == 1
        spaced = False
        for next_at in range(at + 1, len(tokens)):
            token = tokens[next_at]
            gap = plain[tokens[next_at - 1].end : token.start]
            length += max(map(len, token.spellings))
            if length > self.longest or len(gap) > 6:
                return
            joined = [left + right for left in joined for right in token.spellings][:8]
            joined = [latin for latin in joined if self._may_begin(latin, sound)]
            if not joined:
                return
            single = single and token.end - token.start == 1
            spaced = spaced or gap.isspace()
            if length < 3 or not any(sound(latin) in self.sounds for latin in joined if len(latin) > 2):
                continue
            pieces = [plain[piece.start : piece.end].lower() for piece in tokens[at : next_at + 1]]
            if not single and all(piece in _LITTLE_WORDS for piece in pieces):
                continue
            sure = single or not spaced
            yield _Hit("known_name" if sure else "maybe_name", tokens[at].start, token.end, sure)

    def _may_begin(self, latin: str, sound: Callable[[str], str]) -> bool:
        """Whether a known name sounds like this at its head; eight letters settle that, fewer leave it
        open.
        """
        if len(latin) < 8:
            return True
        head = sound(latin[:8])[:3]
        return len(head) < 3 or head in self.heads

    def _strings(self, reading: _Reading) -> Iterator[_Hit]:
        stream: list[str] = []
        places: list[int] = []
        for token in reading.tokens:
            # Sign by sign, so that each place in the stream knows its place in the text.
            for place in range(token.start, token.end):
                sign = reading.latin[place]
                for letter in sign.lower() if sign.isascii() else _latin(sign):
                    stream.append(letter)
                    places.append(place)
        joined = "".join(stream)
        for bare, kind in self.strings.items():
            at = joined.find(bare)
            while at >= 0:
                last = at + len(bare) - 1
                before_free = at == 0 or places[at] - places[at - 1] > 1 or not _alike(joined[at - 1], bare[0])
                after = last + 1
                after_free = (
                    after == len(joined) or places[after] - places[last] > 1 or not _alike(joined[after], bare[-1])
                )
                if before_free and after_free:
                    yield _Hit(kind, places[at], places[last] + 1, blocks=True)
                at = joined.find(bare, at + 1)

    def places_in(self, reading: _Reading) -> Iterator[str]:
        for place in self.places:
            if re.search(rf"(?<!\w){re.escape(_plain(place)[0])}(?:s|er|ern)?(?!\w)", reading.plain):
                yield place


def _alike(one: str, other: str) -> bool:
    return one.isdigit() == other.isdigit()


# ---- what looks like a person --------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar jan",
            "februar feb",
            "märz maerz mrz mär",
            "april apr",
            "mai",
            "juni jun",
            "juli jul",
            "august aug",
            "september sept sep",
            "oktober okt",
            "november nov",
            "dezember dez",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"""(?<![\w.,/-])(?:
        (?P<d1>\d{{1,2}})\s?(?P<sep>[./-])\s?(?P<m1>\d{{1,2}})\s?(?P=sep)\s?(?P<y1>\d{{4}}|\d{{2}})
      | (?P<d2>\d{{1,2}})\.?\s?(?P<m2>{_MONTH})\b\.?\s?(?P<y2>\d{{4}}|\d{{2}})
      | (?P<y3>\d{{4}})\s?[-./]\s?(?P<m3>\d{{1,2}})\s?[-./]\s?(?P<d3>\d{{1,2}})
      | (?P<d4>\d{{1,2}})[ ](?P<m4>\d{{1,2}})[ ](?P<y4>(?:19|20)\d{{2}})
    )(?![\w/]|[-.,]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_BORN_BEFORE = re.compile(
    r"(?:\bgeb\b\.?|\bgeboren\w*|\bgeburts\w*(?:[\s-]*datum)?|\bborn\b|\bdob\b|\bjahrgang|\*)[\s:.,-]*"
    r"(?:(?:ist|war|am|im|in|den|jahr\w*|dat\w*)[\s:.]*){0,3}$",
    re.IGNORECASE,
)
_BORN_AFTER = re.compile(r"^\s?(?:in\s\w+\s)?(?:ist\s|wurde\s)?geb(?:oren\w*|\.)", re.IGNORECASE)
_DATED_PAPER = re.compile(
    r"(?:gesetz\w*|g|erlass\w*|beschl[uü]ss\w*|urteil\w*|fassung\w*|niederschrift\w*|protokoll\w*|"
    r"richtlinie\w*|sitzung\w*|"
    r"vereinbarung\w*|verordnung\w*|weisung\w*|konzept\w*|schreiben\w*|rundschreiben|bericht\w*|"
    r"bescheid\w*|vertr[aä]g\w*|"
    r"satzung\w*|stand|stichtag\w*|ausschuss\w*|kreistag\w*|lenkungsgruppe\w*|inkrafttreten|kraft|"
    r"treffen|termin\w*|meldung)"
    r"[\s:(,]*(?:\([^)]{0,20}\)\s*)?(?:(?:vom|v\.|am|zum|seit|ab|der|dem|war|ist|den|von)[\s:]*){0,2}$",
    re.IGNORECASE,
)
_SINCE = re.compile(
    r"\b(?:seit|ab|bis|zum|vom|stand|zeitraum|frist|gilt|gültig|wirkung)[\s:]*(?:dem|zum|vom|am)?\s*$",
    re.IGNORECASE,
)

_UNTIL = re.compile(r"^\s?(?:bis|und|–|-)\s?(?:zum\s|dem\s)?\d", re.IGNORECASE)

_BORN_YEAR = re.compile(
    r"(?:\bgeb\b\.?|\bgeboren(?:e[nrs]?)?|\bgeburtsjahr|\bjahrgang|\bjg\.)[\s:]*"
    r"(?:(?:im|in|jahr[e]?|ist|war)\s){0,2}[\s']*(?P<year>(?:19|20)\d{2}|\d{2})(?![\w.]*\d|\s?(?:%|"
    r"kinder|prozent|jahre))",
    re.IGNORECASE,
)


def _dates(latin: str) -> Iterator[tuple[re.Match[str], set[date], bool, bool]]:
    """Every date with its possible meanings, whether birth words stand beside it, and whether it dates a
    paper.
    """
    for found in _DATE.finditer(latin):
        day, month, year = next(
            (found[f"d{n}"], found[f"m{n}"], found[f"y{n}"]) for n in (1, 2, 3, 4) if found[f"d{n}"]
        )
        number = _MONTHS.get(month.lower()) or int(month) if month.isdigit() else _MONTHS[month.lower()]
        years = [int(year)] if len(year) == 4 else [1900 + int(year), 2000 + int(year)]
        meanings = set()
        for one in years:
            try:
                meanings.add(date(one, number, int(day)))
            except ValueError:
                continue
        if meanings:
            before, after = (
                latin[max(0, found.start() - 60) : found.start()],
                latin[found.end() : found.end() + 40],
            )
            born = bool(_BORN_BEFORE.search(before) or _BORN_AFTER.search(after))
            latest = max((day for day in meanings if day <= today()), default=max(meanings))
            period = bool(_SINCE.search(before) or _UNTIL.search(after))
            paper = bool(_DATED_PAPER.search(before)) or (latest.year >= 2005 and period)
            yield found, meanings, born, paper


def _birth_dates(latin: str) -> Iterator[_Hit]:
    this_day = today()
    recent = date(this_day.year - 3, 1, 1)
    for found, meanings, born, paper in _dates(latin):
        past = [day for day in meanings if date(1910, 1, 1) <= day <= this_day]
        plausible = bool(past) and max(meanings) < recent if len(meanings) == 1 else bool(past) and max(past) < recent
        if born or (plausible and not paper):
            yield _Hit("birth_date", found.start(), found.end())
    for found in _BORN_YEAR.finditer(latin):
        year = found["year"]
        if len(year) == 4 and not 1910 <= int(year) <= this_day.year:
            continue
        if len(year) == 2 and not re.match(r"geb\b|geboren|jg|jahrgang", found[0], re.IGNORECASE):
            continue
        # „Jahrgang 10“ is a school year.
        if len(year) == 2 and found[0].lower().startswith("jahrgang") and int(year) <= 13:
            continue
        yield _Hit("birth_date", found.start(), found.end())


_IBAN_LENGTHS = dict(
    re.findall(
        r"(\w\w):(\d\d)",
        "DE:22 AT:20 CH:21 LI:21 LU:20 NL:18 BE:16 FR:27 IT:27 ES:24 PT:25 PL:28 RO:24 BG:22 "
        "CZ:24 SK:24 HU:28 SI:19 HR:21 RS:22 BA:20 ME:22 MK:19 AL:28 XK:20 GR:27 TR:26 GB:22 "
        "IE:22 DK:18 SE:24 NO:15 FI:18 EE:20 LV:21 LT:20 UA:29 MD:24 GE:22 IL:23 JO:30 LB:28 "
        "IQ:23 TN:24 EG:29 PK:24 SA:24 AE:23 CY:28 MT:31 IS:26 AZ:28 KZ:20 BY:28 ",
    )
)
_IBAN_START = re.compile(r"(?<![^\W_])([A-Za-z])[\W_]{0,2}([A-Za-z])[\W_]{0,2}(?=\d[\W_]{0,2}\d)")


def _ibans(latin: str) -> Iterator[_Hit]:
    for found in _IBAN_START.finditer(latin):
        country = (found[1] + found[2]).upper()
        length = int(_IBAN_LENGTHS.get(country, 0))
        bare, end, gap = country, found.end(), 0
        while len(bare) < length and end < len(latin) and gap < 4:
            sign = latin[end]
            if sign.isascii() and sign.isalnum():
                bare, gap = bare + sign.upper(), 0
            else:
                gap += 1
            end += 1
        if not length or len(bare) < length or (end < len(latin) and latin[end].isalnum()):
            continue
        digits = sum(sign.isdigit() for sign in bare)
        valid = int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1
        if valid or (country == "DE" and digits == 20):
            yield _Hit("iban", found.start(), end, blocks=valid)


_EMAIL = re.compile(
    r"[\w.+%-]{1,64}\s?(?:@|[\[({]\s?(?:at|ät)\s?[\])}])\s?[\w-]{1,63}(?:\s?(?:\.|[\[(](?:dot|"
    r"punkt)[\])])\s?[\w-]{2,63})+",
    re.IGNORECASE,
)

_PHONE = re.compile(
    r"""(?<![\w§+,.-])(?<!\d[ /])(?:
        (?:\+|00)\s?[1-9]\d{0,2}[\s./()-]{0,3}(?:\(0\)[\s./-]?)?\d(?:[\s./()-]{0,2}\d){5,12}
      | \(?0[1-9]\d{1,4}\)?(?:[\s./-]{1,3}|(?=\d))\d(?:[\s./-]?\d){3,10}
    )(?![\w]|[.,]\d)""",
    re.VERBOSE,
)
_PHONE_WITH_WORD = re.compile(
    r"\b(?:tel|telefon|handy|mobil|mobilfunk|fax|durchwahl|dw|rufnummer|telefonnummer|handynummer|"
    r"telefon-?nr|tel-?nr|"
    r"whatsapp|signal)\b[\s.:]{0,3}(?:(?:nr|nummer)\.?[\s:]{0,2})?(?:(?:ist|lautet|unter)\s)?"
    r"(?P<number>\+?\d(?:[\s/.()-]{0,2}\d){3,14})(?!\w)",
    re.IGNORECASE,
)
_DATE_LIKE = re.compile(
    r"\d{1,2}\.\s?\d{1,2}\.\s?(?:\d{2}|\d{4})$|\d{4}-\d\d-\d\d$|(?:19|20)\d\d(?:\s?[-/]\s?(?:19|20)\d\d)?$"
)

_FILE_NUMBER = re.compile(
    r"\b(?:az|aktenzeichen|akten-?nr|aktennummer|gesch\.?-?z|geschäftszeichen|bg-?\s?nummer|bg-?\s?nr|"
    r"bedarfsgemeinschaftsnummer|bedarfsgemeinschaft|azr(?:-?\s?nummer|-?\s?nr)?|kunden-?nummer|"
    r"kunden-?nr|kd-?nr|"
    r"versicherten-?nummer|versicherungs-?nummer|krankenversicherten-?nummer|"
    r"sozialversicherungs-?nummer|sv-?nummer|"
    r"rentenversicherungs-?nummer|steuer-?id|steuer-?nummer|fall-?nummer|pass-?nummer|ausweis-?nummer|"
    r"pass-?nr|"
    r"personen-?nummer|vorgangs-?nummer)\b[\s.:#]{0,4}(?:(?:ist|lautet)\s)?"
    r"(?P<number>(?=[\w./ -]{0,12}\d)(?:[A-Za-zÄÖÜ]{1,4}[ -])?[\w/-][\w./-]{2,30}(?:\s\d[\w./-]{0,20})*)",
    re.IGNORECASE,
)
_BARE_NUMBERS = re.compile(
    r"""(?<![\w.,/-])(?:
        \d{3,5}\s?(?:BG|//)\s?\d{4,7}               # Bedarfsgemeinschaft
      | \d{3}[A-Z]\d{6}                             # customer of the employment agency
      | \d{2}[ ]?\d{6}[ ]?[A-Z][ ]?\d{3}            # pension insurance
      | [A-Z]\d{9}                                  # health insurance card
      | \d{2}[ ]\d{3}[ ]\d{3}[ ]\d{3}               # tax
      | \d{9,14}                                    # AZR (12 digits) and other long numbers
      | [CFGHJKLMNPRTVWXYZ](?=[A-Z0-9]{0,7}\d[A-Z0-9]{0,7}\d)[CFGHJKLMNPRTVWXYZ0-9]{8}  # passport
    )(?![\w/]|[.,-]\d)""",
    re.VERBOSE,
)
_COURT = re.compile(r"\b(?:BSG|BVerwG|BVerfG|BGH|BFH|BAG|EuGH|EGMR|L?SG|OVG|VGH?|OLG|[A-ZL]*gericht\w*)\b")
_DOCKET = re.compile(r"\b(?:[A-Z]\s)?\d{1,3}\s(?:[A-Z][A-Za-z]{0,4})\s\d{1,5}[/.]\d{2}\b|\bC-\d+/\d\d\b")

_UNITS = (
    "monat|woche|tag|jahr|stunde|minute|uhr|prozent|%|€|euro|eur|person|kinder|kind|fälle|fall|mal|km|"
    "kilometer|meter|"
    "haushalt|famili|plätze|platz|gespräch|termin|antr|meldung|stelle|vzä|bis|von|oder|und\\s\\d|"
    "arbeitstag|werktag|"
    "kommunen|gemeinden|städte|schule|kita|betroffen|frauen|männer|personen"
)
_STREET = re.compile(
    # Every run is bounded, and none begins inside another: a long text costs no more than its length.
    rf"""(?<![\w.-])(?:
        (?:[A-ZÄÖÜ][\w.-]{{0,30}}\s)?[\w.-]{{0,40}}(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.?)
        (?:\s(?:der|des|am|im)\s[\w. ]{{2,20}}?)?
      | [A-ZÄÖÜ][\w-]{{2,40}}(?:weg|allee|gasse|ufer|damm|steig|pfad|platz|ring|chaussee|promenade)
      | [A-ZÄÖÜ][\w.-]{{0,40}}(?:er\s|er|-|\s)
        (?:Weg|Allee|Gasse|Ufer|Damm|Steig|Pfad|Platz|Ring|Chaussee|Promenade)
      | (?:Am|Im|An\sder|An\sden|Auf\sdem|Auf\sder|Zum|Zur|In\sder|In\sden|Hinter\sdem|Unter\sden|Vor\sdem)
        \s(?:alten\s|neuen\s|hohen\s)?(?P<noun>[A-ZÄÖÜ][\w-]{{2,40}})
    )(?:\s?[Nn]r\.?)?\s{{0,2}}(?P<no>\d{{1,3}}\s?[a-hA-H]?(?:\s?-\s?\d{{1,3}})?)
    (?![\w,]\d|\w|\.\d|\s?\.\s?(?:{_MONTH})|\s?(?i:{_UNITS}))""",
    re.VERBOSE,
)
_NO_STREET = re.compile(
    r"(?:(?:dienst|rechts|verfahrens|antrags|zugangs|kommunikations|informations|melde|um|aus|hin|rück|"
    r"schul|bildungs)weg|"
    r"(?:kita|kurs|betreuungs|schul|ausbildungs|arbeits|studien|wohn|therapie|heim|pflege|frauenhaus|"
    r"sprachkurs|"
    r"kindergarten|krippen|integrationskurs|praktikums|kinderbetreuungs)-?platz)$",
    re.IGNORECASE,
)
_NO_STREET_NOUN = re.compile(
    r"(?:modul|jahr|monat|quartal|halbjahr|rechtskreis|schritt|absatz|satz|kapitel|punkt|nummer|stufe|"
    r"klasse|gruppe|top|"
    r"teil|anlage|artikel|fall|uhr|januar|februar|märz|april|mai|juni|juli|august|september|oktober|"
    r"november|dezember|"
    r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|stichtag|baustein|abschnitt|paragraf|"
    r"zeitraum|schnitt|"
    r"durchschnitt|höhe|ziffer|buch|sgb|\w*phase|\w*woche|\w*jahr|version|fassung|stand|tag|ende|anfang|"
    r"bereich|ebene|"
    r"station|tagesordnungspunkt|haus|raum|zimmer|gebäude|etage|kw|zahl|regel|vergleich|umfang|"
    r"alter)\w{0,2}$",
    re.IGNORECASE,
)

_PLATE = re.compile(
    r"(?<![\w-])(?:(?P<d>[A-ZÄÖÜ]{1,3})\s?-\s?(?P<l>[A-Z]{1,2})[\s-]?(?P<n>[1-9]\d{0,3})[EH]?"
    r"|(?:SU|BN|GL|GM|BM|AW|AK|WW|LEV|EU)[ ]+[A-Z]{1,2}[ -]?[1-9]\d{0,3}[EH]?"
    r"|(?:su|bn|gl|gm|ak|ww|k)-[a-z]{1,2}[ -]?[1-9]\d{0,3})(?![\w/]|[.-]\d)"
)
_NO_PLATE = {"VO", "RL", "NR", "AZ", "ID", "KP", "TV"}

_TITLE = re.compile(
    r"(?<![\w-])(?P<title>Herr(?:n|en)?|Hr\.|Hrn\.|Frau|Fr\.|Familie|Fam\.|Eheleute|Ehepaar|Geschwister|"
    r"Hernn)\s{1,3}"
    r"(?P<grades>(?:(?:Dr|Prof|med|Dipl|Ing)\.(?:-\w+\.)?\s?)*(?:(?:von|van|de|zu|der|den|al|el|bin|ben|"
    r"abu|Al|El|Abu|Ben)[\s-])*)"
    r"(?P<name>[^\W\d_](?:\.|\b(?![\w'’-]))|[^\W\d_][^\W\d_'’-]*(?:[-'’][^\W\d_]+)*)"
)
_ROLES = re.compile(
    r"(?:landr[aä]t|b[uü]rgermeister|oberb[uü]rgermeister|minister|staatssekret|vorsitzend|präsident|"
    r"kolleg|professor|doktor|"
    r"dezernent|amtsleit|abteilungsleit|teamleit|sachgebietsleit|fachbereichsleit|beigeordnet|kreisdirektor|"
    r"abgeordnet|richter(?:in)?$|nachbar|sachbearbeit|direktor|referent|koordinator|beauftragt|kämmerer|"
    r"lehrer(?:in)?$)\w*",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"\b(?:(?i:d(?:ie|er|en|em|as|es)|eine[rnm]?|ein|keine[rnm]?|jede[rnm]?|diese[rnm]?|pro|je|als|ob|"
    r"ihre[rnm]?|seine[rnm]?)|"
    r"[a-zäöüß]{4,}(?:e|er|en|em))\s$"
)
_ORDINARY_NOUN = re.compile(
    r"(?:\w{3,}(?:ung|ungen|heit|keit|schaft|tät|ion|ionen|geld|hilfe|amt|raum|platz|kurs|recht|karte|"
    r"titel|antrag|center|"
    r"zentrum|haus|schutz|nachzug|dienst|büro|arbeit|zeit|kosten|papiere|schein|zugang|pflicht|frei|"
    r"kasse)e?[ns]?)$|"
    r"(?:arbeit|geld|kinder|kindern|leistung|leistungen|wohngeld|miete|hilfe|unterkunft|bescheid|"
    r"bescheide|jobcenter|termin|"
    r"termine|asyl|unterhalt|anspruch|post|deutsch|probleme|schulden|zeit|kind|frau|mann|männer|recht|"
    r"beruf|gesundheit|"
    r"integration|jugend|senioren|soziales|rechte|monate|wochen|jahre|anträge|hier|schutz|gewalt|"
    r"unterlagen)$",
    re.IGNORECASE,
)
_SENTENCE_WORDS = _words(
    """
    und oder mit ohne in im ist sind hat haben wird werden die der das den dem ein eine einen sich nicht
    auch nur bei zu zum zur von vom aus auf an am für fuer als wie wenn dann erhält bekommt kann muss soll
    will darf lebt wohnt kommt
    """
)
_TOWNS = _words(
    """
    alfter bad bornheim eitorf hennef königswinter lohmar meckenheim much neunkirchen neunkirchen-
    seelscheid niederkassel rheinbach ruppichteroth sankt siegburg swisttal troisdorf wachtberg windeck
    bonn köln
    """
)


def _title_hits(latin: str, plain: str) -> Iterator[_Hit]:
    for found in _TITLE.finditer(latin):
        # The lookalike reading finds the title; whether a capital follows is asked of the text itself.
        name, start, end = found["name"], found.start(), found.end()
        first = plain[found.start("name")]
        if first.islower() or (first.upper() == first.lower() and first.isascii()):
            continue
        while role := _ROLES.fullmatch(name):
            following = re.compile(r"\s{1,3}(?:Dr\.\s)?([A-ZÄÖÜ][\w'’-]+|[A-ZÄÖÜ]\.)").match(latin, end)
            if following is None:
                break
            name, end = following[1], following.end(1)
        if role or name.lower() in _SENTENCE_WORDS or name.isdigit():
            continue
        titled = found["title"].startswith(("Familie", "Frau", "Geschwister", "Ehepaar"))
        if (
            name.rstrip(".").lower() in {"und", "frau", "herr", "herrn", "mann", "familie"}
            or name.isupper()
            and len(name) > 2
        ):
            if name.isupper() and name.lower() not in {"und", "frau", "herr", "herrn", "mann", "familie"}:
                yield _Hit("person", start, end)
            continue
        if titled and (
            (_ARTICLE.search(latin[max(0, start - 30) : start]) and _ORDINARY_NOUN.match(name))
            or (name.lower() in _TOWNS and found["title"] == "Familie")
        ):
            continue
        yield _Hit("person", start, end)


def _pattern_hits(reading: _Reading) -> Iterator[_Hit]:
    latin = reading.latin
    yield from _birth_dates(latin)
    yield from _ibans(latin)
    # The underscore, a blank elsewhere, belongs to an address.
    for found in _EMAIL.finditer(reading.plain.translate(_LOOKALIKES)):
        yield _Hit("email", found.start(), found.end())
    for found in _PHONE_WITH_WORD.finditer(latin):
        if not _DATE_LIKE.fullmatch(found["number"]):
            yield _Hit("phone", found.start("number"), found.end("number"))
    for found in _PHONE.finditer(latin):
        bare = re.sub(r"\D", "", found[0])
        # Eight digits in one piece that begin with 05 are a municipality's official key.
        key = len(bare) == 8 and found[0].isdigit() and bare.startswith("05")
        if 7 <= len(bare) <= 15 and not key and not _DATE_LIKE.fullmatch(found[0]):
            yield _Hit("phone", found.start(), found.end())
    for found in _FILE_NUMBER.finditer(latin):
        around = latin[max(0, found.start() - 60) : found.end()]
        if len(re.findall(r"\d", found["number"])) > 2 and not (_COURT.search(around) and _DOCKET.search(around)):
            if found[0].lower().startswith("bedarfsgemeinschaft ") and len(re.sub(r"\D", "", found["number"])) < 4:
                continue
            yield _Hit("file_number", found.start(), found.end())
    for found in _BARE_NUMBERS.finditer(latin):
        yield _Hit("file_number", found.start(), found.end())
    for found in _STREET.finditer(latin):
        street = latin[found.start() : found.start("no")].strip()
        if not _NO_STREET.search(street) and not (found["noun"] and _NO_STREET_NOUN.match(found["noun"])):
            yield _Hit("address", found.start(), found.end("no"))
    for found in _PLATE.finditer(latin):
        if found["l"] not in _NO_PLATE:
            yield _Hit("plate", found.start(), found.end())
    yield from _title_hits(latin, reading.plain)


# Countries whose people are few in a German county. Not here, because they are many: Afghanistan, Albanien,
# Bulgarien, Griechenland, Indien, Irak, Iran, Italien, Kosovo, Kroatien, Marokko, Mazedonien, Polen,
# Rumänien, Russland, Serbien, Spanien, Syrien, Türkei, Ukraine, Bosnien, Portugal, the Netherlands and
# other neighbours.
_RARE = re.compile(
    r"(?<!\w)(?:"
    r"eritre|äthiopi|somali(?!land)|somal[ie]|sudan|südsudan|tschad|nigeri|niger\b|ghana|gambi|guine|"
    r"senegal|mali(?:er|sch)|"
    r"mauretan|togo|benin|kamerun|kongo|angola|mosambik|simbabw|sambi(?:a|sch|er)|keni|ugand|ruand|"
    r"burund|tansan|malaw|"
    r"madagas|namib|botswan|südafrika|liberi|sierra[\s-]leon|ivor|elfenbeink|burkin|dschibut|"
    r"kap[\s-]?verd|komor|gabun|"
    r"algeri|tunes|libysch|libyer|libyen|ägypt|jemen|oman|katar|kuwait|saudi|bahrain|emirat|jordan|"
    r"libanes|libanon|"
    r"palästin|israel|armeni|aserbaidsch|georgi(?:en|er|sch)|kasach|usbek|kirgis|tadschik|turkmen|"
    r"mongol|tibet|nepal|bhutan|"
    r"bangladesch|sri[\s-]?lank|tamil|maledi|myanmar|birman|burmes|thai|laot|kambodsch|vietnam|"
    r"philippin|indones|malays|"
    r"singapur|osttimor|chines|china\b|taiwan|korean|nordkorea|südkorea|japan|pakistan|moldau|moldaw|"
    r"belaruss|belarus|"
    r"weißruss|lett(?:isch|land|in)|litau|estnisch|estland|island\b|isländ|malt(?:a|es)|zypr|montenegr|"
    r"kuba|haiti|"
    r"dominikan|jamaik|mexik|guatemal|hondur|salvador|nicarag|costa[\s-]ric|panam|kolumb|venezol|"
    r"venezuel|ecuador|peru|"
    r"bolivi|chile|argentin|urugu|paragu|brasil|guyan|surinam|fidschi|samoa|tonga|papua|australi|"
    r"neuseel|jesid|êzîd|ezid|"
    r"uigur|rohingya|tschetschen|dagestan|ahmadi|mandä|assyr|aramä"
    r")\w*",
    re.IGNORECASE,
)


def _nationality_hits(reading: _Reading) -> Iterator[_Hit]:
    for found in _RARE.finditer(reading.latin):
        yield _Hit("rare_nationality", found.start(), found.end())


# ---- findings ------------------------------------------------------------------------------------

_RANK = (
    "known_name",
    "known_birth_date",
    "known_number",
    "known",
    "iban",
    "email",
    "maybe_name",
    "person",
    "birth_date",
    "phone",
    "file_number",
    "address",
    "plate",
    "rare_nationality",
)

_LOOKS_LIKE = {
    "iban": "eine Bankverbindung (IBAN)",
    "email": "eine E-Mail-Adresse",
    "person": "der Name einer Person",
    "birth_date": "ein Geburtsdatum",
    "phone": "eine Telefonnummer",
    "file_number": "ein Aktenzeichen oder eine persönliche Nummer",
    "address": "eine Anschrift",
    "plate": "ein Autokennzeichen",
    "maybe_name": "der Name einer Person aus Ihren Fällen",
}
_IS_KNOWN = {
    "known_name": "gehört zum Namen einer Person aus Ihren Fällen",
    "known_birth_date": "ist das Geburtsdatum einer Person aus Ihren Fällen",
    "known_number": "ist eine Nummer einer Person aus Ihren Fällen",
    "known": "gehört zu den Angaben über eine Person aus Ihren Fällen",
}


def _without_overlaps(hits: Iterable[_Hit]) -> list[_Hit]:
    """Where findings cover each other the blocking one stays, then the longer, then the more telling one.

    A blocking finding never swallows what sticks out beyond it by more than a title.
    """
    kept: list[_Hit] = []
    for hit in sorted(set(hits), key=lambda hit: (not hit.blocks, hit.start - hit.end, _RANK.index(hit.kind))):
        if not any(hit.start < other.end and other.start < hit.end for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)


def _finding(label: str, reading: _Reading, hit: _Hit, small_place: str | None) -> Finding:
    start, end = reading.original(hit.start, hit.end)
    excerpt = reading.text[start:end]
    while excerpt and excerpt[-1].isspace():
        excerpt, end = excerpt[:-1], end - 1
    if hit.kind in _IS_KNOWN:
        sentence = f"„{excerpt}“ {_IS_KNOWN[hit.kind]}. Bitte umschreiben; das lässt sich nicht bestätigen."
    elif hit.kind == "rare_nationality":
        sentence = (
            f"„{excerpt}“ zusammen mit der kleinen Gemeinde {small_place} kann eine Familie erkennbar "
            f"machen. "
            "Bitte umschreiben oder als unbedenklich bestätigen."
        )
    elif hit.blocks:
        sentence = f"„{excerpt}“ ist {_LOOKS_LIKE[hit.kind]}. Bitte entfernen; das lässt sich nicht bestätigen."
    else:
        sentence = (
            f"„{excerpt}“ sieht aus wie {_LOOKS_LIKE[hit.kind]}. Bitte umschreiben oder als unbedenklich bestätigen."
        )
    return Finding(label, hit.kind, excerpt, start, end, hit.blocks, sentence)
