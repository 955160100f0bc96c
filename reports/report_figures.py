"""Section of a status report about casework: published tables alone (reports.tables), protected as they were published.

What is told here was told to everybody before: no number is counted for a report, none is added up.
"""

from collections.abc import Iterable, Sequence

from casework.figures.definitions import (
    ACTIONS,
    ANONYMOUS,
    AREA_CHANGES,
    CLOSED,
    CONSULTATIONS,
    GOALS,
    GOALS_REACHED,
    HOUSEHOLDS,
    IMPROVED,
    MISSING,
    NEW,
    OPEN,
    PERSONS,
    STATUS_IMPROVED,
    VALUED,
    By,
)  # fmt: skip
from kim.figures import figure
from kim.models import Municipality
from reports import tables
from reports.asked import COUNTY
from reports.blocks import Block, table, words
from reports.moment import Moment, german
from reports.report_posts import named
from reports.tables import SECRET, WHY_SECRET, Period, Table

OF_QUARTER = (PERSONS, HOUSEHOLDS, CONSULTATIONS, ACTIONS, ANONYMOUS, MISSING, NEW, OPEN, CLOSED)
OF_YEAR = (PERSONS, CONSULTATIONS, CLOSED, GOALS, GOALS_REACHED, VALUED, IMPROVED, STATUS_IMPROVED, AREA_CHANGES)
BY_PLACE = (PERSONS, CONSULTATIONS, NEW)
NOTE = f"{SECRET} {WHY_SECRET}; auch andere Zahlen fehlen, wenn sie sich sonst daraus errechnen ließen."

Read = dict[tuple[str, str, Period], Table]


def figures(moment: Moment) -> list[Block]:
    """Three queries."""
    published = tables.periods(moment.valid_on)
    quarters = [one for one in published if not one.is_year][:2]
    years = [one for one in published if one.is_year][:2]
    wanted = [(key, "", one) for one in quarters for key in OF_QUARTER]
    wanted += [(key, "", one) for one in years for key in OF_YEAR]
    wanted += [(CONSULTATIONS, str(By.TOPIC), one) for one in quarters[:1]]
    read = {key: one for key, one in tables.read_many(wanted).items() if one.counted_at <= moment.known_at}
    if not read:
        return [words("none", f"Bis zum {german(moment.valid_on)} waren keine Zahlen der Fallarbeit veröffentlicht.")]
    return [
        *_totals("quarter", OF_QUARTER, quarters, read),
        *_by_place(quarters, read),
        *_by_topic(quarters, read),
        *_totals("year", OF_YEAR, years, read),
    ]


def _totals(key: str, names: Sequence[str], periods: Sequence[Period], read: Read) -> Iterable[Block]:
    """Figures of the whole county, the last period and the one before."""
    there = [one for one in periods if any((name, "", one) in read for name in names)]
    rows = [
        (name, [figure(name).name, *(_cell(read.get((name, "", one)), COUNTY) for one in there)])
        for name in names
        if any((name, "", one) in read for one in there)
    ]
    if rows:
        title = f"Fallarbeit im ganzen Kreis, {there[0].name}"
        columns = ["Zahl", *(one.name for one in there)]
        yield table(key, title, columns, rows, right=list(range(1, len(columns))), note=_note(rows))


def _by_place(quarters: Sequence[Period], read: Read) -> Iterable[Block]:
    found = [one for name in BY_PLACE for quarter in quarters[:1] if (one := read.get((name, "", quarter)))]
    if found:
        rows = [
            (place.ags, [named(place), *(_cell(one, place.ags) for one in found)])
            for place in Municipality.objects.order_by("name")
            if any(one.has(place.ags) for one in found)
        ]
        columns = ["Kommune", *(one.figure.name for one in found)]
        title = f"Fallarbeit nach Kommunen, {found[0].period.name}"
        yield table("places", title, columns, rows, right=list(range(1, len(columns))), note=_note(rows))


def _by_topic(quarters: Sequence[Period], read: Read) -> Iterable[Block]:
    one = read.get((CONSULTATIONS, str(By.TOPIC), quarters[0])) if quarters else None
    if one:
        rows = [(value, [label, SECRET if number is None else f"{number}"]) for value, label, number in one.rows()]
        title = f"Beratungen nach Handlungsfeld, {one.period.name}"
        yield table("topics", title, ["Handlungsfeld", "Beratungen"], rows, right=[1], note=_note(rows))


def _cell(one: Table | None, area: str) -> str:
    if one is None or not one.has(area):
        return "–"
    number = one.get(area)
    return SECRET if number is None else f"{number:,}".replace(",", ".")


def _note(rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    return NOTE if any(SECRET in cells for _, cells in rows) else ""
