"""Reading a text so that disguises fall away: hidden characters, other scripts and spellings, punctuation."""

import re
import unicodedata
from dataclasses import dataclass

from anyascii import anyascii


@dataclass(frozen=True)
class Hit:
    kind: str
    start: int
    end: int
    blocks: bool = False


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
LOOKALIKES = str.maketrans(
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


class Reading:
    """A text, its plain form (NFKC, invisible signs gone, digits ASCII), and the way back from plain to
    original.
    """

    def __init__(self, text: str):
        if not isinstance(text, str):
            raise TypeError("texts are str")
        self.text = text
        self.plain, self.starts, self.ends = in_plain(text)
        # Patterns read lookalikes as the Latin letters they pretend to be; one sign stays one sign.
        self.latin = self.plain.translate(LOOKALIKES).replace("_", " ")
        self.tokens = [_token(found) for found in TOKEN.finditer(self.plain)]

    def original(self, start: int, end: int) -> tuple[int, int]:
        return self.starts[start], self.ends[end - 1]


_ASCII_RUN = re.compile(r"[\x00-\x7f]+(?=[\x00-\x7f]|\Z)")


def in_plain(text: str) -> tuple[str, list[int], list[int]]:
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


TOKEN = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+[^\W_]*)*")
CONSONANTAL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def _token(found: re.Match[str]) -> _Token:
    word = found[0]
    consonantal = False
    if word.isascii():
        spellings: tuple[str, ...] = (word.lower(),)
    else:
        consonantal = CONSONANTAL.search(word) is not None
        spellings = tuple({in_latin(word): None, in_latin(word.translate(LOOKALIKES)): None})
    return _Token(found.start(), found.end(), spellings, word[:1].isupper(), consonantal)


_MARKED = str.maketrans({"ç": "ch", "č": "ch", "ć": "ch", "ш": "sh", "щ": "sh", "ц": "z", "х": "kh", "ё": "jo"})
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def in_latin(word: str) -> str:
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


def sound_of(word: str) -> str:
    """The skeleton by which spellings of a name are compared; input as `in_latin` returns it."""
    for written, spoken in _SOUNDS:
        if written in word:
            word = word.replace(written, spoken)
    return _DOUBLED.sub(r"\1", word)


def loose_of(sound: str) -> str:
    """The skeleton with its vowels told apart only as light or dark: Mohammed and Muhammad are one."""
    return _VOWELS.sub(lambda run: "a" if run[0][0] in "aei" else "o", sound)


def consonants_of(latin: str) -> str:
    """What is left of a name in a script without vowels; half vowels and a last h come and go between
    alphabets.
    """
    return _DOUBLED.sub(r"\1", _VOWELS_AND_HALVES.sub("", sound_of(latin)))


def words_in(text: str) -> frozenset[str]:
    return frozenset(text.split())
