"""What is known about people, arranged for looking it up in a text."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from kim.privacy_gate.patterns import dates_in
from kim.privacy_gate.reading import (
    CONSONANTAL,
    LOOKALIKES,
    TOKEN,
    Hit,
    Reading,
    consonants_of,
    in_latin,
    in_plain,
    loose_of,
    sound_of,
    words_in,
)


@dataclass(frozen=True)
class Known:
    """Something a source knows about a person (or about a place).

    kind: "name" (one person's name, any number of words), "birth_date" (a date or ISO text), "number" (file
    numbers, telephone, IBAN), "place" (the name of a municipality too small to be named beside a rare
    nationality); any other kind is looked for word by word, like a number.
    """

    kind: str
    value: str | date


_PARTICLES = words_in(
    "von van de der den del della di da dos do la le el al ul as ash at bin ben ibn bint abu abd umm "
    "und und zu zum zur "
    "dr prof herr frau familie geb mc mac san st ter ten vom a e i o u y"
)
# Genitive and adjective, as `sound_of` leaves them: Müllers, Hansens, die Müllersche Wohnung.
_ENDINGS = ("", "s", "es", "ens", "se", "sen", "ser", "ses")


# Small words that meet by chance: „was im“ is no Wasim.
_LITTLE_WORDS = words_in(
    """
    ab aber als am an ans auch auf aus bei beim bis da das dass dem den der des die dies doch du durch ein
    eine einem einen einer eines er es etwa fuer für gar geht hat ich ihr im in ins ist ja je kann kein
    man mehr mit mir nach nicht noch nun nur ob oder ohne pro sei seit sie sind so um und uns unter vom
    von vor war was weg wem wen wenn wer wie wir wird wo zu zum zur
    """
)

# Names that are also everyday words of these texts: in small letters they want a confirmation instead of
# blocking.
_EVERYDAY = words_in(
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
_NEEDED_NOUNS = words_in(
    """
    amt arbeit arzt ende fall feld haus hilfe kind kinder lehrer link mann markt mai not paar platz post
    rat recht richter schade schaden schein schule sommer stelle tag teil termin uhr weg winter woche wohl
    zahl zeit zimmer zoll
    """
)


@dataclass
class Book:
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
    def of(cls, known: Iterable[Known], places: Iterable[str]) -> "Book":
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
        bare = in_latin(in_plain(value)[0])
        if len(bare) >= 4:
            self.strings[bare] = "known_number" if kind == "number" else "known"

    def _add_name(self, value: str) -> None:
        plain = in_plain(value)[0]
        words = [found[0] for found in TOKEN.finditer(plain)]
        telling = []
        for word in words:
            # A known name in other letters is looked for both as it sounds and as it looks.
            for latin in {in_latin(word), in_latin(word.translate(LOOKALIKES))}:
                if not latin or latin in _PARTICLES:
                    continue
                if CONSONANTAL.search(word):
                    if len(bones := consonants_of(latin)) >= 3:
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
        hyphened = [in_latin(part) for part in re.split(r"\s+", plain) if re.search(r"\w\W+\w", part)]
        for joined in hyphened:
            self._add_word(joined)

    def _add_word(self, latin: str) -> None:
        if len(latin) < 3:
            self.short.add(latin)
            return
        base = sound_of(latin)
        for ending in _ENDINGS:
            whole = base + ending[1:] if ending[:1] == base[-1] else base + ending
            self.sounds.add(whole)
            self.heads.add(whole[:3])
        if len(latin) >= 5:
            for ending in ("", "s"):
                self.loose.add(loose_of(sound_of(latin + ending)))
        if len(bones := consonants_of(latin)) >= 2:
            self.consonants.add(bones)
        self.longest = max(self.longest, len(latin) + len("schen"))

    # -- looking up --

    def hits(self, reading: Reading) -> Iterator[Hit]:
        if self.sounds or self.short or self.consonants:
            yield from self._names(reading)
        if self.strings:
            yield from self._strings(reading)
        if self.dates:
            for found, day, _, _ in dates_in(reading.latin):
                if day & self.dates:
                    yield Hit("known_birth_date", found.start(), found.end(), blocks=True)

    def _names(self, reading: Reading) -> Iterator[Hit]:
        seen: dict[str, str] = {}

        def sound(latin: str) -> str:
            if latin not in seen:
                seen[latin] = sound_of(latin)
            return seen[latin]

        tokens = reading.tokens
        for at, token in enumerate(tokens):
            for spelling in token.spellings:
                if token.consonantal:
                    if consonants_of(spelling) in self.consonants:
                        yield Hit("known_name", token.start, token.end, blocks=True)
                elif spelling in _LITTLE_WORDS:
                    # At the head of a sentence every word has a capital; in the middle „Das“ may be somebody.
                    if len(spelling) > 2 and token.capital and sound(spelling) in self.sounds:
                        yield Hit("maybe_name", token.start, token.end)
                elif len(spelling) < 3:
                    if spelling in self.short and token.capital:
                        yield Hit("known_name", token.start, token.end, blocks=True)
                elif sound(spelling) in self.sounds:
                    sure = spelling not in _NEEDED_NOUNS and (token.capital or spelling not in _EVERYDAY)
                    yield Hit("known_name" if sure else "maybe_name", token.start, token.end, sure)
                elif token.capital and len(spelling) >= 5 and loose_of(sound(spelling)) in self.loose:
                    # Only the vowels differ; long skeletons of consonants leave no doubt.
                    sure = len(consonants_of(spelling)) >= 4 or loose_of(sound(spelling))[:4] == "moha"
                    yield Hit("known_name" if sure else "maybe_name", token.start, token.end, sure)
                elif token.capital and self.foreign and consonants_of(spelling) in self.foreign:
                    yield Hit("maybe_name", token.start, token.end)
            if self.sounds:
                yield from self._torn(reading, at, sound)

    def _torn(self, reading: Reading, at: int, sound: Callable[[str], str]) -> Iterator[Hit]:
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
            yield Hit("known_name" if sure else "maybe_name", tokens[at].start, token.end, sure)

    def _may_begin(self, latin: str, sound: Callable[[str], str]) -> bool:
        """Whether a known name sounds like this at its head; eight letters settle that, fewer leave it
        open.
        """
        if len(latin) < 8:
            return True
        head = sound(latin[:8])[:3]
        return len(head) < 3 or head in self.heads

    def _strings(self, reading: Reading) -> Iterator[Hit]:
        stream: list[str] = []
        places: list[int] = []
        for token in reading.tokens:
            # Sign by sign, so that each place in the stream knows its place in the text.
            for place in range(token.start, token.end):
                sign = reading.latin[place]
                for letter in sign.lower() if sign.isascii() else in_latin(sign):
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
                    yield Hit(kind, places[at], places[last] + 1, blocks=True)
                at = joined.find(bare, at + 1)

    def places_in(self, reading: Reading) -> Iterator[str]:
        for place in self.places:
            if re.search(rf"(?<!\w){re.escape(in_plain(place)[0])}(?:s|er|ern)?(?!\w)", reading.plain):
                yield place


def _alike(one: str, other: str) -> bool:
    return one.isdigit() == other.isdigit()
