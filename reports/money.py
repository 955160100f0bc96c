"""Money on the dashboard: per notice, and summed by module and year. An amount that would tell what one person earns is
not told, and neither is any sum it is part of (funding.spending).
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from funding import access as posts
from funding.figures import money_on
from funding.models import Module
from funding.spending import german
from kim.addresses import address, page
from kim.figures import Part
from kim.rules import allows, demand
from reports import access, exporting, parts
from reports.asked import Asked, asked
from reports.charts import Chart, Kind, Tone
from reports.exporting import Book, Page, maker
from reports.key_figures import KeyFigure
from reports.pages import LAGE
from reports.staffing import fte

FIGURES = (
    "money.granted", "money.called_off", "money.spent", "money.owed", "money.repaid", "money.forecast",
    "money.own_share",
)  # fmt: skip
NONE, NOT_TOLD = "–", "nicht genannt"
#: The section of the dashboard shows the sums of so many years.
YEARS = 3

parts.register(
    "money",
    count=lambda day, area: money_on(day),
    rests_on=("funding.", "kim.county"),
)


@dataclass(frozen=True)
class Amount:
    """Euros. `value` None: there is none, or (where `hidden`) it is not told."""

    value: Decimal | None = None
    hidden: bool = False

    @classmethod
    def of(cls, words: str | None) -> "Amount":
        return cls(hidden=True) if words == "" else cls(None if words is None else Decimal(words))

    @classmethod
    def sum(cls, amounts: Iterable["Amount"]) -> "Amount":
        """Not told where one of them is not; none where there are none."""
        amounts = list(amounts)
        if any(one.hidden for one in amounts):
            return cls(hidden=True)
        told = [one.value for one in amounts if one.value is not None]
        return cls(sum(told, Decimal(0)) if told else None)

    @property
    def words(self) -> str:
        return NOT_TOLD if self.hidden else NONE if self.value is None else german(self.value)

    @property
    def short(self) -> str:
        """„–“ where nothing moved: what a column that is mostly empty shows."""
        return self.words if self.hidden or self.value else NONE

    @property
    def cell(self):
        """For files."""
        return NOT_TOLD if self.hidden else self.value


@dataclass(frozen=True)
class Sums:
    granted: Amount
    called_off: Amount
    spent: Amount
    owed: Amount
    repaid: Amount
    forecast: Amount
    own_share: Amount
    free_months: Fraction

    @classmethod
    def of(cls, rows: Iterable["Sums"]) -> "Sums":
        rows = list(rows)
        names = ("granted", "called_off", "spent", "owed", "repaid", "forecast", "own_share")
        told = {name: Amount.sum(getattr(row, name) for row in rows) for name in names}
        return cls(**told, free_months=sum((row.free_months for row in rows), Fraction(0)))

    @property
    def back(self) -> Amount:
        """What goes back as far as is known: what is released, else what is foreseen; per notice."""
        return self.owed if self.owed.hidden or self.owed.value is not None else self.forecast

    @property
    def free_words(self) -> str:
        return fte(self.free_months)


@dataclass(frozen=True)
class NoticeLine:
    number: str
    url: str
    module: Module
    recipient: str
    first: dt.date
    last: dt.date
    sums: Sums
    runs: bool

    @property
    def year(self) -> int:
        return self.first.year


@dataclass(frozen=True)
class YearLine:
    """The notices of one module whose period begins in a year."""

    module: Module
    year: int
    sums: Sums
    #: What is released, and for all others what is foreseen.
    back: Amount
    runs: bool
    notices: int


@dataclass(frozen=True)
class Money:
    lines: Sequence[NoticeLine]
    years: Sequence[YearLine]
    counted_at: dt.datetime

    @property
    def has_hidden(self) -> bool:
        return any(
            getattr(one.sums, name).hidden for one in self.lines for name in ("spent", "owed", "forecast", "own_share")
        )


def read(user, asked: Asked) -> Money:
    """For the modules whose notices `user` reads; money belongs to the county, whatever area was asked for."""
    now, _ = parts.of(asked, "money")
    seen = {module for module in Module if posts.reads_module(user, module)}
    lines = [_line(row, asked) for row in now.data if row["module"] in seen]
    lines.sort(key=lambda one: (one.module.number, -one.first.toordinal(), one.number))
    return Money(lines, _years(lines), now.counted_at)


def _line(row: dict[str, Any], asked: Asked) -> NoticeLine:
    first, last = (dt.date.fromisoformat(row[name]) for name in ("first", "last"))
    names = ("granted", "called_off", "spent", "owed", "repaid", "forecast", "own_share")
    sums = Sums(**{name: Amount.of(row[name]) for name in names}, free_months=Fraction(row["free_months"]))
    url = address("funding:notice_detail", row["pk"])
    return NoticeLine(
        row["number"], url, Module(row["module"]), row["recipient"], first, last, sums, last >= asked.day
    )  # fmt: skip


def _years(lines: Sequence[NoticeLine]) -> list[YearLine]:
    """By module, the latest year first."""
    found: dict[tuple[Module, int], list[NoticeLine]] = {}
    for one in lines:
        found.setdefault((one.module, one.year), []).append(one)
    return [
        YearLine(
            module, year, Sums.of(one.sums for one in mine), Amount.sum(one.sums.back for one in mine),
            any(one.runs for one in mine), len(mine),
        )
        for (module, year), mine in sorted(found.items(), key=lambda item: (item[0][0].number, -item[0][1]))
    ]  # fmt: skip


@LAGE.section("reports/_lage_money.html", order=80)
def money(user, asked):
    if not allows(access.reads_part, user, Part.MONEY):
        return None
    found = read(user, asked)
    since = max((one.year for one in found.years), default=0) - YEARS
    shown = [one for one in found.years if one.year > since]
    return {
        "figures": key_figures(found, asked),
        "years": shown,
        "chart": chart_of(shown),
        "not_told": any(one.back.hidden or one.sums.spent.hidden for one in shown),
        "more": f"{page('reports:lage_money')}?{asked.query}",
    }


def key_figures(found: Money, asked: Asked) -> list[KeyFigure]:
    """Of the notices whose period runs on the day, and what is still to be paid back of all."""
    running = [one.sums for one in found.lines if one.runs]
    url = page("funding:notice_list")
    sums = Sums.of(running)
    owed = Amount.sum(_still_owed(one.sums) for one in found.lines)
    return [
        _figure(sums.granted, "bewilligt in laufenden Förderzeiträumen", "money.granted", url,
                f"{len(running)} Bescheid{'' if len(running) == 1 else 'e'}"),
        _figure(sums.forecast, "davon voraussichtlich zurückzuzahlen", "money.forecast", url,
                f"{sums.free_words} unbesetzte Stellenmonate"),
        _figure(owed, "nach Abrechnung noch zurückzuzahlen", "money.owed", url, "aus freigegebenen Abrechnungen"),
    ]  # fmt: skip


def _figure(amount: Amount, name: str, key: str, url: str, more: str) -> KeyFigure:
    return KeyFigure(amount.words, name, key=key, url=url, more=(more,))


def _still_owed(sums: Sums) -> Amount:
    if sums.owed.value is None:
        return sums.owed
    return Amount(max(Decimal(0), sums.owed.value - (sums.repaid.value or Decimal(0))))


def chart_of(years: Sequence[YearLine]) -> Chart | None:
    """Granted money by year: what stays, and what goes back or is foreseen to."""
    rows = [
        (f"{one.module.short}, {one.year}", (_kept(one).words, one.back.words))
        for one in sorted(years, key=lambda one: (one.module.number, one.year))
        if one.sums.granted.value
    ]
    if not rows:
        return None
    return Chart.of(
        "mittel", Kind.STACKED, "Bewilligte Mittel: was bleibt und was zurückgeht", ("Modul und Jahr", "bleibt",
        "geht zurück, abgerechnet oder Prognose"), rows, unit="€", across=True, tones=(Tone.PALE, Tone.LATE),
    )  # fmt: skip


def _kept(one: YearLine) -> Amount:
    if one.back.hidden or one.sums.granted.value is None:
        return one.back
    return Amount(one.sums.granted.value - (one.back.value or Decimal(0)))


# As a file


@maker("lage_money", "Fördermittel", part=Part.MONEY)
def book(user, given) -> Book:
    demand(access.reads_part, user, Part.MONEY)
    here = asked(given)
    found = read(user, here)
    amounts = [
        (name, exporting.MONEY)
        for name in (
            "bewilligt (€)", "abgerufen (€)", "Ausgaben (€)", "zurückzuzahlen (€)", "zurückgezahlt (€)", "Prognose (€)",
            "Eigenanteil (€)",
        )
    ]  # fmt: skip
    text, day = exporting.TEXT, exporting.DAY
    return Book(
        "Fördermittel",
        [
            Page("Module und Jahre", [("Modul", text), ("Jahr", text), *amounts],
                 [[one.module.short, str(one.year), *_cells(one.sums)] for one in found.years]),
            Page("Bescheide", [("Bescheid", text), ("Modul", text), ("Empfänger", text), ("von", day), ("bis", day),
                               *amounts],
                 [[one.number, one.module.short, one.recipient, one.first, one.last, *_cells(one.sums)]
                  for one in found.lines]),
        ],
        FIGURES,
        f"Stand {here.day:%d.%m.%Y}. „{NOT_TOLD}“: Der Betrag würde verraten, was eine einzelne Person verdient.",
    )  # fmt: skip


def _cells(sums: Sums) -> list:
    told = (sums.granted, sums.called_off, sums.spent, sums.owed, sums.repaid, sums.forecast, sums.own_share)
    return [one.cell for one in told]
