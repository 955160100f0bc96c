"""Consultations added up, and as CSV and XLSX: what the figures need, without names, notes and next steps."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Sum

from kim import trail, workdays
from kim.sheet_files import csv_of, workbook

#: So many are written into one file at most.
MOST = 20_000
#: So many are added up above the list: some years of one person's work. Longer times are narrowed, or exported.
ADDED = 5_000
MORE = f"Es sind mehr als {MOST:,} Beratungen. Bitte grenzen Sie die Liste ein.".replace(",", ".")


@dataclass(frozen=True)
class Totals:
    """How many, and the persons, actions and quarter hours of the newest ADDED of them."""

    number: int = 0
    persons: int = 0
    actions: int = 0
    quarter_hours: int = 0

    @property
    def is_cut(self) -> bool:
        return self.number >= ADDED

    @property
    def words(self) -> str:
        return ("mindestens " if self.is_cut else "") + f"{self.number:,}".replace(",", ".")

    @property
    def hours(self) -> float:
        return self.quarter_hours / 4


def totals(rows) -> Totals:
    newest = rows.order_by("-held_on", "-pk")[:ADDED]
    sums = {name: Sum(name) for name in ("persons", "actions", "quarter_hours")}
    found = newest.aggregate(number=Count("pk"), **sums)
    return Totals(**{name: number or 0 for name, number in found.items()})


def _labels(codes) -> str:
    return ", ".join(code.label for code in codes.all())


COLUMNS = (
    ("Datum", 11, lambda one: one.held_on),
    ("Fall", 18, lambda one: one.case.number if one.case else "anonym"),
    ("Kommune", 20, lambda one: one.municipality.name),
    ("Form", 28, lambda one: one.form.label),
    ("Dauer (Minuten)", 10, lambda one: one.minutes),
    ("Personen", 10, lambda one: one.persons),
    ("Aktionen", 10, lambda one: one.actions),
    ("Themen", 40, lambda one: _labels(one.topics)),
    ("Rechtskreise", 30, lambda one: _labels(one.legal_areas)),
    ("Sprache", 16, lambda one: one.language.label if one.language else ""),
    ("Sprachmittlung", 28, lambda one: one.interpreter.label if one.interpreter else ""),
    ("Ergebnis", 28, lambda one: one.result.label if one.result else ""),
    ("erfasst am", 11, lambda one: one.recorded_on),
)


def _rows(consultations) -> Iterator[list]:
    """The cells of at most MOST, read in portions; where there are more, a last row says so."""
    wanted = consultations.select_related("case", "municipality", "form", "language", "interpreter", "result")
    wanted = wanted.prefetch_related("topics", "legal_areas")[: MOST + 1]
    for number, one in enumerate(wanted.iterator(chunk_size=100)):
        if number == MOST:
            yield [MORE]
            return
        yield [cell(one) for _, _, cell in COLUMNS]


def csv(consultations) -> Iterator[str]:
    return csv_of(COLUMNS, _rows(consultations))


def xlsx(consultations):
    return workbook("Beratungen", COLUMNS, _rows(consultations))


def record(user, consultations, *, kind: str, narrowed_by: list[str]) -> None:
    """Who took how many out of the house, narrowed by what; never by which values."""
    number = consultations.order_by()[:MOST].count()
    how = f", eingegrenzt nach {', '.join(narrowed_by)}" if narrowed_by else ""
    trail.record("consultation.export", user, by=user, note=f"{kind}, {number} Zeilen{how}"[:200])


def file_name(kind: str) -> str:
    return f"beratungen-{workdays.today():%Y-%m-%d}.{kind}"
