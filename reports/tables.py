"""Tables about people who are advised, as they were published (reports.publishing): the only way to read them here."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Max, Min, Q, QuerySet

from casework.figures.definitions import By, Shape, shapes
from kim.dated import months_after
from kim.figures import Figure, figure
from reports.models import PublishedTable

__all__ = ["Period", "Table", "latest", "periods", "read", "read_many", "shapes"]
#: What stands where a number is kept secret (kim.disclosure).
SECRET, WHY_SECRET = "•", "zum Schutz kleiner Zahlen nicht genannt"


@dataclass(frozen=True, order=True)
class Period:
    """A whole quarter or calendar year, half-open."""

    first: dt.date
    until: dt.date

    @classmethod
    def quarter(cls, day: dt.date) -> "Period":
        """That `day` lies in."""
        first = day.replace(day=1, month=day.month - (day.month - 1) % 3)
        return cls(first, months_after(first, 3))

    @classmethod
    def year(cls, day: dt.date) -> "Period":
        return cls(day.replace(month=1, day=1), dt.date(day.year + 1, 1, 1))

    @classmethod
    def parse(cls, key: str) -> "Period | None":
        """From „2022“ or „2022-1“; None for anything else."""
        year, _, quarter = key.partition("-")
        if not (len(year) == 4 and year.isascii() and year.isdigit() and 1900 < int(year) < 9000):
            return None
        if not quarter:
            return cls.year(dt.date(int(year), 1, 1))
        return cls.quarter(dt.date(int(year), 3 * int(quarter), 1)) if quarter in ("1", "2", "3", "4") else None

    @property
    def is_year(self) -> bool:
        return months_after(self.first, 12) == self.until

    @property
    def last_day(self) -> dt.date:
        return self.until - dt.timedelta(days=1)

    @property
    def name(self) -> str:
        """„1. Quartal 2022“ or „2022“."""
        return str(self.first.year) if self.is_year else f"{self.first.month // 3 + 1}. Quartal {self.first.year}"

    @property
    def key(self) -> str:
        """For addresses: „2022-1“, „2022“."""
        return str(self.first.year) if self.is_year else f"{self.first.year}-{self.first.month // 3 + 1}"

    @property
    def before(self) -> "Period":
        months = 12 if self.is_year else 3
        return Period(months_after(self.first, -months), self.first)

    @property
    def quarters(self) -> "list[Period]":
        """Of a year; a quarter is its own."""
        if not self.is_year:
            return [self]
        return [Period.quarter(months_after(self.first, month)) for month in (0, 3, 6, 9)]

    def __str__(self):
        return self.name


@dataclass(frozen=True)
class Table:
    """One figure of a period by area and the values of a breakdown. Numbers are whole; secret ones are None."""

    figure: Figure
    by: By
    period: Period
    values: list[tuple[str, str]]
    cells: dict[str, int | None]
    counted_at: dt.datetime

    @property
    def caption(self) -> str:
        by = f" nach {self.by.after}" if self.by else ""
        return f"{self.figure.name.removesuffix(by)}{by}, {self.period.name}"

    @property
    def shape(self) -> Shape | None:
        return next((one for one in shapes(self.figure.key) if one.by == self.by), None)

    def get(self, area_key: str, value: str = "") -> int | None:
        """None where it is kept secret; KeyError for what is no part of the table."""
        return self.cells[f"{area_key}|{value}"]

    def has(self, area_key: str, value: str = "") -> bool:
        return f"{area_key}|{value}" in self.cells

    @property
    def areas(self) -> list[str]:
        """Keys of the areas it has, the county first."""
        return list(dict.fromkeys(key.partition("|")[0] for key in self.cells))

    @property
    def has_secrets(self) -> bool:
        return None in self.cells.values()

    def rows(self, area_key: str = "") -> list[tuple[str, str, int | None]]:
        """(value, label, number) of one area, in the order of the values."""
        return [(value, label, self.get(area_key, value)) for value, label in self.values]


def periods(day: dt.date | None = None) -> list[Period]:
    """Quarters and years that are published (and ended before or on `day`), the latest first. One query."""
    rows = PublishedTable.objects.order_by().values_list("first", "until").distinct()
    if day:
        rows = rows.filter(until__lte=day + dt.timedelta(days=1))
    return sorted((Period(*row) for row in rows), key=lambda one: (one.until, one.first), reverse=True)


def latest(day: dt.date, *, years: bool = False) -> Period | None:
    """The last published quarter (or year) that had ended at the end of `day`. One query."""
    return next((one for one in periods(day) if one.is_year == years), None)


def read(figure_key: str, breakdown: str, period: Period) -> Table | None:
    """One query; None where it was not published."""
    return read_many([(figure_key, breakdown, period)]).get((figure_key, breakdown, period))


def read_many(wanted: Iterable[tuple[str, str, Period]]) -> dict[tuple[str, str, Period], Table]:
    """Those of `wanted` that were published, in one query."""
    keys = list(wanted)
    if not keys:
        return {}
    by_period: dict[Period, set[tuple[str, str]]] = {}
    for name, by, period in keys:
        by_period.setdefault(period, set()).add((name, by))
    # By breakdown: the tables of a figure that nobody asked for are many and long.
    parts = [
        Q(first=one.first, until=one.until, breakdown=by, figure__in=sorted(name for name, its in names if its == by))
        for one, names in by_period.items()
        for by in sorted({by for _, by in names})
    ]
    found = {}
    for row in PublishedTable.objects.filter(reduce(or_, parts)).order_by():
        key = (row.figure, row.breakdown, Period(row.first, row.until))
        if key in keys:
            found[key] = as_table(row)
    return found


def as_table(row: PublishedTable) -> Table:
    values = [(code, label) for code, label in row.values]
    return Table(figure(row.figure), By(row.breakdown), Period(row.first, row.until), values, row.cells, row.counted_at)


def since() -> tuple[dt.date | None, dt.date | None]:
    """First and last day that published tables are about. One query."""
    rows: QuerySet = PublishedTable.objects.order_by()
    found = rows.aggregate(first=Min("first"), until=Max("until"))
    return found["first"], found["until"] and found["until"] - dt.timedelta(days=1)
