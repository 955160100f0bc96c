"""Values of a criterion from a sheet: every line is read and checked before any is kept."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError

from funding.forms.facts import german_number
from kim.forms import Day, clean_text
from kim.models import Municipality

#: Column → what people call it.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "ags": ("ags", "gemeindeschlüssel", "amtlicher gemeindeschlüssel"),
    "place": ("kommune", "name", "gemeinde", "stadt"),
    "value": ("wert", "anzahl"),
    "day": ("stand", "stichtag", "gilt ab"),
    "source": ("quelle", "beleg"),
}
LONGEST_SOURCE = 200


@dataclass(frozen=True)
class Row:
    line: int
    place: Municipality
    value: Decimal
    day: dt.date
    source: str


@dataclass(frozen=True)
class Fault:
    line: int
    column: str
    text: str


def read_rows(
    headings: Sequence[str], lines: Sequence[tuple[int, Sequence[str]]], places: Sequence[Municipality]
) -> tuple[list[Row], list[Fault]]:
    """Good rows, and what is wrong with all others; a heading that is missing is a fault of line 1."""
    at = _columns(headings)
    missing = [words for name, words in (("value", "Wert"), ("day", "Stand"), ("source", "Quelle")) if name not in at]
    if not {"ags", "place"} & at.keys():
        missing.insert(0, "AGS oder Kommune")
    if missing:
        return [], [Fault(1, words, "Diese Spalte fehlt.") for words in missing]
    known = {place.ags: place for place in places} | {place.name.casefold(): place for place in places}
    rows: list[Row] = []
    faults: list[Fault] = []
    seen: dict[tuple[int, dt.date], int] = {}
    for number, cells in lines:
        told = {name: cells[column] if column < len(cells) else "" for name, column in at.items()}
        row = _row(number, told, known, faults)
        if row is None:
            continue
        before = seen.setdefault((row.place.pk, row.day), number)
        if before != number:
            words = f"Für {row.place} steht zu diesem Tag schon etwas in Zeile {before}."
            faults.append(Fault(number, "Kommune", words))
        else:
            rows.append(row)
    return rows, faults


def _columns(headings: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for column, heading in enumerate(headings):
        for name, words in HEADINGS.items():
            if heading.strip().casefold() in words:
                found.setdefault(name, column)
    return found


def _row(number: int, told: Mapping[str, str], known: Mapping[str, Municipality], faults: list[Fault]) -> Row | None:
    begin = len(faults)
    place, value, day, source = None, None, None, ""
    key = told.get("ags", "").strip()
    name = told.get("place", "").strip()
    place = known.get(key.zfill(8)) if key else known.get(name.casefold())
    if place is None:
        words = f"Die Kommune „{(key or name)[:60]}“ gibt es im Kreis nicht." if key or name else "Bitte ausfüllen."
        faults.append(Fault(number, "AGS" if key else "Kommune", words))
    elif key and name and name.casefold() != place.name.casefold():
        faults.append(Fault(number, "Kommune", f"Der Schlüssel {key[:8]} gehört zu {place}, nicht zu „{name[:60]}“."))
    try:
        field = forms.DecimalField(min_value=0, max_digits=14, decimal_places=3)
        value = field.clean(german_number(told["value"]))
    except ValidationError:
        faults.append(Fault(number, "Wert", "Bitte eine Zahl ab 0 angeben wie 1.234 oder 12,5."))
    try:
        day = Day().clean(told["day"])
    except ValidationError as error:
        faults.append(Fault(number, "Stand", " ".join(error.messages)))
    try:
        source = clean_text(told["source"])
    except ValidationError as error:
        faults.append(Fault(number, "Quelle", " ".join(error.messages)))
    else:
        if not source or len(source) > LONGEST_SOURCE:
            faults.append(Fault(number, "Quelle", f"Bitte eine Quelle mit höchstens {LONGEST_SOURCE} Zeichen nennen."))
    if len(faults) > begin or place is None or value is None or day is None:
        return None
    return Row(number, place, value, day, source)
