"""Names in other scripts and spellings: what is kept of a name so that it is found, and what a typed word is found by.

Kept are the name as it is folded, the same in Latin letters, and the skeleton of each word: its consonants, which
„Rahimi“ and „رحيمي“ share. A zero stands before each consonant, so that no part of a typed word is in a skeleton.
"""

import re
from dataclasses import dataclass

from anyascii import anyascii

from kim.privacy_gate.reading import CONSONANTAL, consonants_of, in_latin
from kim.trigrams import fold, similarity

#: So many letters are kept.
ROOM = 800
#: Fewer consonants tell nobody from others.
TELLING = 3
#: From here on two names in Latin letters count as alike: „Nadia Rahimi“ and „Nadja Rahimi“, not „Nadia Sahin“.
ALIKE = 0.5
#: And from here on their skeletons: „نادية رحيمي“ and „Nadia Rahimi“, not „Nadia Rahmani“.
ALIKE_IN_CONSONANTS = 0.75
#: And two words of a name beside one that is beyond doubt.
ALIKE_AS_A_WORD = 0.3

_PART = re.compile(r"[^\s,;/‐‑–-]+")
_MARKS = ".:!?()[]{}„“”‚‘’'\"»«*"
_ARTICLE = re.compile(r"^(?:ال(?=\w{2})|[ae]l[‐‑–-](?=\w))", re.IGNORECASE)
_HALF_VOWELS = {"y": "i", "j": "i", "w": "v", "v": "v"}


def kept(name: str) -> str:
    """Everything by which a name is found; between blanks what is found only as a whole."""
    return f"{spellings(name)} {' '.join(map(_marked, _skeletons(name)))} "[:ROOM]


def spellings(name: str) -> str:
    """A name folded, and folded again in Latin letters where it is written in others; there also without the
    apostrophe of a soft sign, which nobody types.
    """
    latin = fold(anyascii(name))
    return " ".join(dict.fromkeys([fold(name), latin, latin.replace("'", "")]))


def searched(words: str) -> tuple[tuple[str, str], ...]:
    """Each word somebody typed, as two texts of which a name they mean keeps one: in the Latin letters in which every
    name can be found, and as a skeleton where all words together have enough consonants.
    """
    typed = [(plain, skeleton_of(word)) for word in words.split() for plain in _latin(word).split()]
    telling = sum(len(skeleton) for _, skeleton in typed) >= TELLING
    return tuple((plain, f" {_marked(bones)} " if telling and bones else plain) for plain, bones in typed)


def likeness(one: str, other: str) -> float:
    """How alike two names are, in whatever script; 0 where they are not. Names of few consonants are compared with
    their vowels, where they are written.
    """
    plain = similarity(_latin(one), _latin(other))
    bones = " ".join(_bare(one)), " ".join(_bare(other))
    enough = 4 if CONSONANTAL.search(one + other) else 5
    if min(len(text.replace(" ", "")) for text in bones) >= enough:
        alike = similarity(*bones)
        plain = max(plain, alike if alike >= ALIKE_IN_CONSONANTS else 0)
    return plain if plain >= ALIKE else 0


@dataclass(frozen=True)
class Sound:
    """A word as it is compared: in Latin letters, and its skeleton."""

    plain: str
    bones: str

    def is_alike(self, other: "Sound") -> bool:
        """Whether both may spell one name: „Nadia“, „Nadja“ and „نادية“, but not „und“, which has the consonants."""
        if self.plain == other.plain:
            return True
        same = bool(self.bones) and self.bones == other.bones
        if same and len(self.bones) >= TELLING:
            return True
        ours, theirs = self.plain[:1], other.plain[:1]
        begins = ours == theirs or not (ours + theirs).isalpha()  # a letter that Latin does not know is a sign there
        return begins and (same or similarity(self.plain, other.plain) >= ALIKE_AS_A_WORD)

    def is_telling(self, other: "Sound") -> bool:
        return self.plain == other.plain or (len(self.bones) >= TELLING and self.bones == other.bones)


def sounds_of(text: str) -> list[Sound]:
    """Of each word of a text; articles are left out, they come and go with the script."""
    words = (_ARTICLE.sub("", word.strip(_MARKS)) for word in _PART.findall(text))
    told = (Sound(_latin(word), skeleton_of(word)) for word in words if word)
    return [one for one in told if one.plain not in ("al", "el")]


def names(text: list[Sound], name: list[Sound]) -> bool:
    """Whether somebody of that name is named in `text`, in whatever script, spelling or order: all words of the name
    side by side, one of them beyond doubt. A name of one word is none here: too many share it.
    """
    size = len(name)
    if size < 2:
        return False
    near = {at for at, word in enumerate(text) if any(one.is_telling(word) for one in name)}
    starts = {at - before for at in near for before in range(size) if 0 <= at - before <= len(text) - size}
    return any(_is(name, text[start : start + size]) for start in starts)


def _is(name: list[Sound], words: list[Sound]) -> bool:
    left = list(words)
    for one in sorted(name, key=lambda sound: -len(sound.bones)):
        found = next((word for word in left if one.is_telling(word)), None)
        found = found or next((word for word in left if one.is_alike(word)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def skeleton_of(word: str) -> str:
    """Its consonants; of a short one the half vowel it begins with, too: „Yusuf“ and „Yousef“ are isf."""
    latin = in_latin(word)
    bones = consonants_of(latin)
    return _HALF_VOWELS.get(latin[:1], "") + bones if len(bones) < TELLING else bones


def _skeletons(name: str) -> list[str]:
    """Of each word, as it stands, in its parts and without the article."""
    parts = _PART.findall(name)
    words = dict.fromkeys([*name.split(), *parts, *(_ARTICLE.sub("", part) for part in parts)])
    return list(dict.fromkeys(filter(None, map(skeleton_of, words))))


def _bare(name: str) -> list[str]:
    words = (_ARTICLE.sub("", word) for word in name.split())
    return list(filter(None, (skeleton_of(part) for word in words for part in _PART.findall(word))))


def _marked(skeleton: str) -> str:
    return "".join(f"0{letter}" for letter in skeleton)


def _latin(words: str) -> str:
    folded = fold(words)
    return folded if folded.isascii() else fold(anyascii(folded))
