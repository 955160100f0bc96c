"""What is counted, in words: every figure of KIM is defined once, next to the app that counts it, and found here.

A figure says what it counts and how, its unit, where it comes from and since when it can be trusted. Numbers themselves
are counted by the apps (`figures.py`) and composed by reports; nothing here reads the database.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What a figure is about; who may see it hangs on this (reports.access)."""

    CHAIN = "chain"
    CASEWORK = "casework"
    STAFFING = "staffing"
    MONEY = "money"
    GOVERNANCE = "governance"

    @property
    def words(self) -> str:
        return {
            Part.CHAIN: "Knackpunkte",
            Part.CASEWORK: "Fallarbeit",
            Part.STAFFING: "Stellen und Besetzung",
            Part.MONEY: "Fördermittel",
            Part.GOVERNANCE: "Gremien und Zusammenarbeit",
        }[self]


@dataclass(frozen=True)
class Figure:
    """One figure. `unit` is what one of it is called („Personen“, „Arbeitstage“, „€“); `source` names the tables it is
    counted from in the words of the people who fill them; before `trusted_from` it says nothing (None: always good).

    `persons`: it counts people who are advised, or what they do, and is shown only protected (kim.disclosure).
    """

    key: str
    name: str
    part: Part
    unit: str
    definition: str
    source: str
    trusted_from: dt.date | None = None
    persons: bool = False


_FIGURES: dict[str, Figure] = {}


def register(*figures: Figure) -> None:
    """Raises LookupError where two figures have the same key."""
    for figure in figures:
        if figure.key in _FIGURES and _FIGURES[figure.key] != figure:
            raise LookupError(f"two figures are called {figure.key}")
        _FIGURES[figure.key] = figure


def figure(key: str) -> Figure:
    """Raises KeyError."""
    return _FIGURES[key]


def every() -> list[Figure]:
    """By part, each in the order of registration."""
    return sorted(_FIGURES.values(), key=lambda one: list(Part).index(one.part))
