"""Publishing tables about people who are advised: each quarter and year once, everything of it protected together.

A quarter that is published never changes. What belongs together stands in one `Tables` (kim.disclosure): all
breakdowns with county, banks and municipalities as sums; a year with its four quarters, published before; what is left
when one published number is taken from another. Nothing is published where that cannot be protected.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from django.db import connection, transaction

from casework.figures import counting
from casework.figures import definitions as d
from casework.figures.counting import NO_PLACE, REST, Geography, Key, Tally
from casework.figures.definitions import SHAPES, By, Shape
from casework.models.consultations import INTERPRETER_MISSING
from kim import trail, workdays
from kim.disclosure import Cell, Tables, Unprotectable, protect
from kim.models import County
from reports.models import PublishedTable
from reports.tables import Period

#: Consultations and steps are entered late: after two weeks a quarter hardly changes any more. An assumption.
WAIT = dt.timedelta(days=14)
#: Figures of which the quarters of a year add up to it: each consultation and each end of a case has one day.
ADDITIVE = frozenset({
    d.CONSULTATIONS, d.ACTIONS, d.HOURS, d.ANONYMOUS, d.INTERPRETING, d.MISSING, d.NEW, d.CLOSED,
})  # fmt: skip
#: Figures with nobody twice in a period but perhaps in two of them: a year has at most what its quarters have together.
DISTINCT = frozenset({d.PERSONS})
#: (smaller, larger): in every area, and in the county only.
NOT_MORE = (
    (d.CONSULTATIONS, d.ACTIONS), (d.CONSULTATIONS, d.HOURS), (d.MISSING, d.CONSULTATIONS),
    (d.STATUS_IMPROVED, d.PERSONS),
)  # fmt: skip
#: Names the lock of those who publish, among the advisory locks of the database: the letters „KIMP“.
LOCK = 0x4B494D50
WITH_CASE = REST + d.CONSULTATIONS
#: Begins the name of the secret quarters of a year together; not REST, for WITH_CASE is another number.
NOT_SAID_QUARTERS = "--"

At = tuple[Period, Key]


@dataclass
class Draft:
    """Tables being put together."""

    cells: dict[Any, Cell] = field(default_factory=dict)
    sums: list[tuple[Any, tuple[Any, ...]]] = field(default_factory=list)
    hidden: set[At] = field(default_factory=set)
    settled: dict[Any, bool] = field(default_factory=dict)
    bounds: list[tuple[Any, Any]] = field(default_factory=list)

    @property
    def tables(self) -> Tables:
        return Tables(dict(self.cells), self.sums, frozenset(self.hidden), self.settled, self.bounds)


# Which ones


def due(today: dt.date) -> list[Period]:
    """Quarters and years that ended long enough ago and are not published yet, the earliest first; a year comes after
    its quarters.
    """
    first = counting.first_day()
    if first is None:
        return []
    published = _published()
    found, period = [], Period.quarter(first)
    while period.until + WAIT <= today:
        found.append(period)
        period = Period.quarter(period.until)
    year = Period.year(first)
    while year.until + WAIT <= today:
        found.append(year)
        year = Period.year(year.until)
    wanted = [one for one in found if _shapes_of(one).keys() - published.get(one, frozenset())]
    return sorted(wanted, key=lambda one: (one.until, one.is_year))


def _published() -> dict[Period, frozenset[tuple[str, str]]]:
    rows = PublishedTable.objects.order_by().values_list("first", "until", "figure", "breakdown")
    found: dict[Period, set[tuple[str, str]]] = {}
    for first, until, figure, by in rows:
        found.setdefault(Period(first, until), set()).add((figure, by))
    return {period: frozenset(names) for period, names in found.items()}


def _shapes_of(period: Period) -> dict[tuple[str, str], Shape]:
    return {(one.figure, str(one.by)): one for one in SHAPES if period.is_year or not one.yearly}


# Publishing


def publish(today: dt.date | None = None) -> int:
    """Publish what is due on `today`; how many tables that were. One transaction per period: killed in between, the
    next run goes on. Raises the first kim.disclosure.Unprotectable at the end: of such a period nothing is published.
    """
    made, failure = 0, None
    for period in due(today or workdays.today()):
        try:
            made += publish_period(period)
        except Unprotectable as error:
            failure = failure or error
    if failure:
        raise failure
    return made


def publish_period(period: Period) -> int:
    """All tables of a period that are missing; how many. Two at once: one of them finds nothing to do."""
    with transaction.atomic():
        _wait_for_others()
        missing = _shapes_of(period).keys() - _published().get(period, frozenset())
        if not missing:
            return 0
        made = list(_made(period, missing))
        PublishedTable.objects.bulk_create(made)
        trail.record("publishedtable.publish", made[0], by=None, note=f"{period.name}, {len(made)} Tabellen")
    return len(made)


def _wait_for_others() -> None:
    """Whoever publishes holds a lock of its own until the end of the transaction: nobody who writes anything else waits
    for it. SQLite lets one transaction write at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _made(period: Period, missing: Iterable[tuple[str, str]]) -> Iterator[PublishedTable]:
    geography, values = Geography.read(), {by: counting.values_of(by) for by in By}
    at = workdays.now()
    draft = drawn_up(period, geography, values)
    secret = protect(draft.tables, County.current().small_cell_below)
    for name in sorted(missing):
        shape = _shapes_of(period)[name]
        cells: dict[str, int | None] = {}
        for key in _keys(shape, geography, values):
            one = (period, key)
            cells[f"{key.area}|{key.value}"] = None if one in secret else draft.cells[one].value
        yield PublishedTable(figure=shape.figure, breakdown=shape.by, first=period.first, until=period.until,
                             values=values[shape.by], cells=cells, counted_at=at)  # fmt: skip


def drawn_up(period: Period, geography: Geography, values: dict[By, list[tuple[str, str]]]) -> Draft:
    """The period with all that its numbers could be compared with: a year with its quarters; a quarter that comes after
    its year (a figure that is new) with that year and the others.

    Quarters are counted anew for it. What was corrected since they were published is then in them; an attacker who has
    the older numbers is wrong by as much, and finds out less.
    """
    year = Period.year(period.first)
    published = _published()
    family = [period]
    if period.is_year or year in published:
        family = [*year.quarters, year]
    draft, tallies = Draft(), {}
    for one in family:
        tallies[one] = counting.count(one.first, one.until, geography, yearly=one.is_year)
        _add(draft, one, tallies[one], geography, values)
    if year in family:
        _add_years(draft, year, geography, values)
    for one in family:
        if one != period and one not in published:
            draft.hidden |= {at for at in draft.cells if at[0] == one}
    known = PublishedTable.objects.filter(first__gte=year.first, until__lte=year.until)
    for row in known if len(family) > 1 or period in published else ():
        for where, number in row.cells.items():
            area, _, value = where.partition("|")
            at = (Period(row.first, row.until), Key(row.figure, row.breakdown, area, value))
            if at in draft.cells and at not in draft.hidden:
                draft.settled[at] = number is not None
    if period.is_year:
        _add_secret_quarters(draft, period, tallies)
    return draft


def _keys(shape: Shape, geography: Geography, values) -> Iterator[Key]:
    areas = geography.wide if shape.wide else geography.narrow
    for area, (value, _) in product(areas, values[shape.by]):
        yield Key(shape.figure, shape.by, area, value)


def _add(draft: Draft, period: Period, tally: Tally, geography: Geography, values) -> None:
    """One period with what adds up inside of it."""

    def put(key: Key, *, hidden: bool = False) -> At:
        at = (period, key)
        if at not in draft.cells:
            found = tally[key]
            draft.cells[at] = Cell(found.number, found.people)
            if hidden:
                draft.hidden.add(at)
        return at

    shapes = _shapes_of(period)
    for shape in shapes.values():
        for key in _keys(shape, geography, values):
            put(key)
    for shape in shapes.values():
        for area, (value, _) in product(geography.narrow if shape.wide else [""], values[shape.by]):
            parts = [key for one in geography.parts(area) if (key := Key(shape.figure, shape.by, one, value))]
            # What no table shows is named only where there is some of it.
            told = tuple(put(key, hidden=True) for key in parts if (period, key) in draft.cells or tally[key].number)
            draft.sums.append((put(Key(shape.figure, shape.by, area, value)), told))
        if shape.by != By.AREA and shape.single:
            whole = d.CONSULTATIONS if shape.figure == d.INTERPRETING else shape.figure
            for area in geography.narrow:
                cells = tuple(put(Key(shape.figure, shape.by, area, value)) for value, _ in values[shape.by])
                draft.sums.append((put(Key(whole, By.AREA, area, "")), cells))
    for area in geography.wide:
        talks, alone = (tally[Key(figure, By.AREA, area, "")] for figure in (d.CONSULTATIONS, d.ANONYMOUS))
        at = (period, Key(WITH_CASE, By.AREA, area, ""))
        draft.cells[at] = Cell(talks.number - alone.number, len(talks.clients))
        draft.hidden.add(at)
        draft.sums.append(
            (put(Key(d.CONSULTATIONS, By.AREA, area, "")), (put(Key(d.ANONYMOUS, By.AREA, area, "")), at))
        )
        draft.bounds.append((put(Key(d.PERSONS, By.AREA, area, "")), at))
        for less, more in NOT_MORE:
            if (less, By.AREA) in shapes and (more, By.AREA) in shapes:
                draft.bounds.append((put(Key(less, By.AREA, area, "")), put(Key(more, By.AREA, area, ""))))
    for area in geography.narrow:
        missing = Key(d.INTERPRETING, By.INTERPRETER, area, INTERPRETER_MISSING)
        if (period, missing) in draft.cells:
            draft.sums.append((put(Key(d.MISSING, By.AREA, area, "")), (put(missing),)))
        if period.is_year:
            _add_parts_of_outcomes(draft, put, area, values)
        for topic, _ in values[By.TOPIC]:
            talks_about = put(Key(d.CONSULTATIONS, By.TOPIC, area, topic))
            draft.bounds.append((talks_about, put(Key(d.ACTIONS, By.TOPIC, area, topic))))


def _add_parts_of_outcomes(draft: Draft, put, area: str, values) -> None:
    """Reached and not, better and not: what is left when one is taken from the other is a number, too."""
    for whole, part in ((d.GOALS, d.GOALS_REACHED), (d.VALUED, d.IMPROVED)):
        for by in (By.AREA, By.TOPIC):
            for value, _ in values[by]:
                rest = put(Key(REST + part, by, area, value), hidden=True)
                draft.sums.append((put(Key(whole, by, area, value)), (put(Key(part, by, area, value)), rest)))
    well = tuple(put(Key(d.GOALS, By.ACHIEVEMENT, area, str(int(one)))) for one in counting.WELL)
    draft.sums.append((put(Key(d.GOALS_REACHED, By.AREA, area, "")), well))


def _add_years(draft: Draft, year: Period, geography: Geography, values) -> None:
    """What a year has to do with its quarters."""
    quarters = year.quarters
    for shape in SHAPES:
        if shape.yearly:
            continue
        for key in _keys(shape, geography, values):
            whole, parts = (year, key), tuple((one, key) for one in quarters)
            if shape.figure in ADDITIVE:
                draft.sums.append((whole, parts))
            elif shape.figure == d.OPEN:
                draft.sums.append((whole, parts[-1:]))
            elif shape.figure in DISTINCT and shape.by == By.AREA and key.area == counting.COUNTY:
                draft.bounds += [(part, whole) for part in parts]
                together = (year, Key(REST + shape.figure, By.AREA, key.area, ""))
                number = sum(draft.cells[part].value for part in parts)
                draft.cells[together] = Cell(number)
                draft.hidden.add(together)
                draft.sums.append((together, parts))
                draft.bounds.append((whole, together))


def _add_secret_quarters(draft: Draft, year: Period, tallies: dict[Period, Tally]) -> None:
    """What a year leaves when the published quarters are taken from it: the secret ones together."""
    for shape in SHAPES:
        if shape.yearly or shape.figure not in ADDITIVE:
            continue
        for at in [one for one in draft.cells if one[0] == year and one[1][:2] == (shape.figure, shape.by)]:
            key = at[1]
            secret = [one for one in year.quarters if draft.settled.get((one, key)) is False]
            if 1 < len(secret) < len(year.quarters):
                counted = [tallies[one][key] for one in secret]
                people = len(set().union(*(one.clients for one in counted))) + sum(one.others for one in counted)
                together = (year, key._replace(figure=NOT_SAID_QUARTERS + key.figure))
                draft.cells[together] = Cell(sum(one.number for one in counted), people)
                draft.hidden.add(together)
                draft.sums.append((together, tuple((one, key) for one in secret)))


__all__ = ["NO_PLACE", "WAIT", "Draft", "drawn_up", "due", "publish", "publish_period"]
