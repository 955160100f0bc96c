"""The privacy gate: finds what could point to a person in a text that leaves the case level.

What is known about clients comes in through `register`, by whoever knows it; this module knows no client
and keeps nothing it was told. It looks for too much rather than too little, but never so much that people
stop reading.
"""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from kim.privacy_gate.known import Book, Known
from kim.privacy_gate.patterns import nationality_hits, pattern_hits
from kim.privacy_gate.reading import Hit, Reading


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
        book = Book.of(known, places)
        read = {label: Reading(text) for label, text in texts.items() if text}
        small_place = next((place for reading in read.values() for place in book.places_in(reading)), None)
        findings = []
        for label, reading in read.items():
            hits = [*book.hits(reading), *pattern_hits(reading)]
            if small_place:
                hits += nationality_hits(reading)
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


def _without_overlaps(hits: Iterable[Hit]) -> list[Hit]:
    """Where findings cover each other the blocking one stays, then the longer, then the more telling one.

    A blocking finding never swallows what sticks out beyond it by more than a title.
    """
    kept: list[Hit] = []
    for hit in sorted(set(hits), key=lambda hit: (not hit.blocks, hit.start - hit.end, _RANK.index(hit.kind))):
        if not any(hit.start < other.end and other.start < hit.end for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)


def _finding(label: str, reading: Reading, hit: Hit, small_place: str | None) -> Finding:
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
