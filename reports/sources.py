"""Where figures over time come from: for each figure that can be evaluated, its breakdowns, its rhythms and how its
numbers are read. With the same functions as the dashboard, so that both say the same.

A grid has a line per value of the breakdown and a column per period; periods are whole and have ended. Figures about
people who are advised are read from published tables alone: what was not published, no combination brings to light.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from casework.figures.definitions import FIGURES as OF_CASEWORK
from casework.figures.definitions import Shape, shapes
from funding import access as posts
from funding import staffing
from funding.models import Module, Payment
from kim import workdays
from kim.dated import months_after
from kim.disclosure import SECRET
from kim.figures import Figure, figure
from kim.workdays import ONE_DAY
from reports import chain, tables
from reports.asked import COUNTY, EARLIEST, Area, Asked, Span
from reports.exporting import EXACT, MONEY, NUMBER, SHARE
from reports.models import PublishedTable
from reports.models.saved import Rhythm
from steering.figures import MEASURED
from steering.governance import WHOSE
from steering.models import Body, Resolution

SPANS = {Rhythm.MONTH: Span.MONTH, Rhythm.QUARTER: Span.QUARTER, Rhythm.YEAR: Span.YEAR}
EVERY = tuple(Rhythm)
PLACE, BANK = "place", "bank"
#: A line for what has no value of the breakdown.
WITHOUT = "ohne Angabe"

Number = int | Decimal | Fraction | str | None


@dataclass(frozen=True)
class Period:
    """A whole month, quarter or year, half-open."""

    first: dt.date
    until: dt.date
    name: str

    @property
    def last_day(self) -> dt.date:
        return self.until - ONE_DAY


@dataclass(frozen=True)
class Line:
    """A value of the breakdown with its cells by period: a number, SECRET, or None where there is none."""

    label: str
    cells: tuple[Number, ...]


@dataclass(frozen=True)
class Question:
    """What was asked for. `until` is the day before which the last period has ended."""

    user: object
    figure: Figure
    breakdown: str
    area: Area
    areas: Mapping[str, Area]
    rhythm: Rhythm
    periods: Sequence[Period]

    @property
    def first(self) -> dt.date:
        return self.periods[0].first

    @property
    def until(self) -> dt.date:
        return self.periods[-1].until

    def asked(self, period: Period, area: Area) -> Asked:
        return Asked(period.last_day, SPANS[self.rhythm], area, self.areas)

    @property
    def parts(self) -> list[Area]:
        """The municipalities or banks of the area, as the breakdown wants them."""
        if self.breakdown == BANK:
            return [one for one in self.areas.values() if one.key and not one.is_place]
        return [one for one in self.areas.values() if one.is_place and one.ags <= self.area.ags]


@dataclass(frozen=True)
class Grid:
    """`total` is counted for itself, never added up, and missing where lines do not make one."""

    periods: Sequence[Period]
    lines: Sequence[Line]
    total: Line | None = None

    @property
    def has_secrets(self) -> bool:
        every = [*self.lines, *([self.total] if self.total else [])]
        return any(cell == SECRET for line in every for cell in line.cells)

    @property
    def is_empty(self) -> bool:
        return all(cell is None for line in self.lines for cell in line.cells)


Read = Callable[[Question], Grid]


@dataclass(frozen=True)
class Source:
    """`breakdowns`: key → in words; "" stands for none. `kind` is that of its cells (reports.exporting). One with
    `areas` can be asked for a bank or a municipality, for others the county is meant.
    """

    key: str
    read: Read
    breakdowns: Mapping[str, str] = field(default_factory=lambda: {"": "nicht gegliedert"})
    rhythms: Sequence[Rhythm] = EVERY
    kind: str = NUMBER
    areas: bool = False
    #: Whether it has a breakdown for an area and a rhythm; all of them, where it does not say.
    has: Callable[["Source", str, Area, Rhythm], bool] = lambda *_: True
    #: Whether the numbers of a period are there.
    is_ready: Callable[["Source", Period], bool] = lambda *_: True

    @property
    def figure(self) -> Figure:
        return figure(self.key)

    def fitting(self, area: Area, rhythm: Rhythm) -> dict[str, str]:
        """Breakdowns that say something for an area: a single municipality has no parts."""
        found = {}
        for key, words in self.breakdowns.items():
            divides = key == PLACE and area.is_place or key == BANK and area.key != COUNTY
            if not divides and self.has(self, key, area, rhythm):
                found[key] = words
        return found

    def heading(self, breakdown: str) -> str:
        """Above the labels of the lines: „Kommune“."""
        return self.breakdowns[breakdown].rpartition("nach ")[2]


def periods(rhythm: Rhythm, number: int, until: dt.date | None = None) -> list[Period]:
    """The last `number` ones that have ended before `until` (today where it is not given), the earliest first; none
    that begin before KIM did.
    """
    span = SPANS[rhythm]
    today = workdays.today()
    end = span.first(min(until, today) if until else today)
    found: list[Period] = []
    while len(found) < number:
        first = months_after(end, -span.months)
        if first < EARLIEST:
            break
        found.append(Period(first, end, name_of(rhythm, first)))
        end = first
    return found[::-1]


def name_of(rhythm: Rhythm, first: dt.date) -> str:
    """„03/2022“, „1. Quartal 2022“, „2022“."""
    if rhythm == Rhythm.MONTH:
        return f"{first:%m/%Y}"
    return str(first.year) if rhythm == Rhythm.YEAR else f"{first.month // 3 + 1}. Quartal {first.year}"


SOURCES: dict[str, Source] = {}


def of(key: str) -> Source:
    """Raises KeyError for a figure that cannot be evaluated over time."""
    return SOURCES[key]


def _add(*sources: Source, **more) -> None:
    for one in sources:
        SOURCES[one.key] = replace(one, **more)


# Knackpunkte

_STATION, _AGE, _TOPIC, _P90 = "station", "age", "topic", "p90"
_NO_BREAKDOWN = {"": "nicht gegliedert"}
_BY_AREA = {**_NO_BREAKDOWN, PLACE: "nach Kommune", BANK: "nach Rheinseite"}

OfChain = Callable[[chain.Chain], Number]


def _is_counted(source: Source, period: Period) -> bool:
    last = chain.latest()
    return last is not None and last.until >= period.last_day


def _of_chain(value: OfChain, *, adds: bool = True, by: Mapping[str, Callable] | None = None) -> Read:
    """`value` of the area; `by` breakdowns within the area, each `f(chain) -> {label: number}`. Where it `adds` up, a
    total stands below, and a line for what belongs to no part.
    """

    def read(question: Question) -> Grid:
        columns = question.periods
        inner = (by or {}).get(question.breakdown)
        parts = question.parts if question.breakdown in (PLACE, BANK) else []
        wanted = [question.asked(period, area) for area in (question.area, *parts) for period in columns]
        found = chain.series(wanted)
        own, rest = found[: len(columns)], found[len(columns) :]
        total = _valued(TOTAL, own, value) if adds else None
        if inner:
            return Grid(columns, _inner(own, inner), total)
        if not parts:
            return Grid(columns, [_valued(question.figure.name, own, value)])
        lines = [
            _valued(area.name, rest[at : at + len(columns)], value)
            for area, at in zip(parts, range(0, len(rest), len(columns)), strict=True)
        ]
        return Grid(columns, lines + _left(lines, own, value) if adds else lines, total)

    return read


TOTAL = "zusammen"


def _valued(label: str, found: Sequence[chain.Chain | None], value: OfChain) -> Line:
    return Line(label, tuple(None if one is None else value(one) for one in found))


def _inner(own: Sequence[chain.Chain | None], inner: Callable) -> list[Line]:
    told = [inner(one) if one else {} for one in own]
    labels = dict.fromkeys(label for one in told for label in one)
    return [Line(label, tuple(one.get(label, 0) if one else None for one in told)) for label in labels]


def _left(lines: Sequence[Line], own: Sequence[chain.Chain | None], value: OfChain) -> list[Line]:
    """What is counted in the whole and in none of its parts."""
    cells = []
    for at, one in enumerate(own):
        parts = sum(line.cells[at] or 0 for line in lines)  # type: ignore[misc]
        cells.append(None if one is None else value(one) - parts)  # type: ignore[operator]
    return [Line(WITHOUT, tuple(cells))] if any(cells) else []


def _stations(name: str, states: Iterable[str] | None = None) -> Callable:
    among = None if states is None else set(states)
    return lambda one: {
        station.label: getattr(station, name) for station in one.stations if among is None or station.state in among
    }


def _topics(one: chain.Chain) -> dict[str, int]:
    return {label: number for _, label, number in one.topics}


def _ages(one: chain.Chain) -> dict[str, int]:
    return {f"{label} Arbeitstage": number for label, number in one.ages}


def _event(name: str) -> Source:
    return Source(f"chain.{name}", _of_chain(lambda one: getattr(one, name)), _BY_AREA, areas=True)


_OPEN = {PLACE: _BY_AREA[PLACE], BANK: _BY_AREA[BANK], _TOPIC: "nach Thema", _AGE: "nach Alter"}
_OVERDUE = {**_BY_AREA, _STATION: "nach Station"}
_STATIONS_ON_THE_WAY = [str(state) for state in MEASURED]

_add(
    Source(
        "chain.open", _of_chain(lambda one: one.open, by={_TOPIC: _topics, _AGE: _ages}),
        {**_NO_BREAKDOWN, **_OPEN}, areas=True,
    ),
    Source(
        "chain.stations", _of_chain(lambda one: sum(at.count for at in one.stations), adds=False,
                                    by={_STATION: _stations("count")}),
        {_STATION: "nach Station"}, areas=True,
    ),
    Source(
        "chain.overdue", _of_chain(lambda one: one.overdue, by={_STATION: _stations("overdue", _STATIONS_ON_THE_WAY)}),
        _OVERDUE, areas=True,
    ),
    Source("chain.paused", _of_chain(lambda one: one.paused), _BY_AREA, areas=True),
    Source("chain.silent", _of_chain(lambda one: one.silent), _BY_AREA, areas=True),
    *(_event(name) for name in ("reported", "answered", "fed_back", "closed", "merged", "reopened")),
    Source(
        "chain.feedback_share", _of_chain(lambda one: one.feedback_share, adds=False), _BY_AREA, kind=SHARE, areas=True
    ),
    Source(
        "chain.feedback_days", _of_chain(lambda one: one.feedback[1], adds=False, by={
            _P90: lambda one: {"Median": one.feedback[1], "90. Perzentil": one.feedback[2]},
        }),
        {_P90: "Median und 90. Perzentil", PLACE: "Median nach Kommune", BANK: "Median nach Rheinseite"}, areas=True,
    ),
    Source(
        "chain.station_days", _of_chain(lambda one: None, adds=False, by={
            _STATION: _stations("median", _STATIONS_ON_THE_WAY), _P90: _stations("p90", _STATIONS_ON_THE_WAY),
        }),
        {_STATION: "Median nach Station", _P90: "90. Perzentil nach Station"}, areas=True,
    ),
    is_ready=_is_counted,
)  # fmt: skip


# Casework: what was published, and nothing else


def _of_casework(question: Question) -> Grid:
    key, by = question.figure.key, question.breakdown
    named = {period: tables.Period(period.first, period.until) for period in question.periods}
    table = "" if by in (PLACE, BANK) else by
    wanted = [(key, one, period) for period in named.values() for one in {table, ""}]
    found = tables.read_many(wanted)
    read = [found.get((key, table, period)) for period in named.values()]
    plain = [found.get((key, "", period)) for period in named.values()]
    own = Line(TOTAL, tuple(_published(one, question.area.key) for one in plain))
    if by in (PLACE, BANK):
        lines = [Line(area.name, tuple(_published(one, area.key) for one in read)) for area in question.parts]
        return Grid(question.periods, lines, own)
    if not by:
        return Grid(question.periods, [Line(question.figure.name, own.cells)])
    labels = {value: label for one in read if one for value, label in one.values}
    lines = [
        Line(label, tuple(_published(one, question.area.key, value) for one in read)) for value, label in labels.items()
    ]
    adds = any(shape.by == by and shape.single for shape in shapes(key))
    return Grid(question.periods, lines, own if adds else None)


def _published(table: tables.Table | None, area: str, value: str = "") -> Number:
    """None: not published, or no part of what was."""
    if table is None or not table.has(area, value):
        return None
    number = table.get(area, value)
    return SECRET if number is None else number


def _breakdowns(own: Sequence[Shape]) -> dict[str, str]:
    found = {}
    for shape in own:
        if shape.by:
            found[str(shape.by)] = f"nach {shape.by.after}"
        else:
            found[""] = "nicht gegliedert"
            found[BANK] = _BY_AREA[BANK]
            if shape.wide:
                found[PLACE] = _BY_AREA[PLACE]
    return found


def _has_table(source: Source, by: str, area: Area, rhythm: Rhythm) -> bool:
    """Municipalities only in wide tables, some tables only by year."""
    table = "" if by in (PLACE, BANK) else by
    for shape in shapes(source.key):
        if shape.by == table and (rhythm == Rhythm.YEAR or not shape.yearly):
            return shape.wide or not (area.is_place or by == PLACE)
    return False


def _is_published(source: Source, period: Period) -> bool:
    return PublishedTable.objects.filter(figure=source.key, first=period.first, until=period.until).exists()


def _casework(one: Figure) -> Source:
    own = shapes(one.key)
    yearly = all(shape.yearly for shape in own)
    rhythms = (Rhythm.YEAR,) if yearly else (Rhythm.QUARTER, Rhythm.YEAR)
    return Source(
        one.key, _of_casework, _breakdowns(own), rhythms, areas=True, has=_has_table, is_ready=_is_published
    )  # fmt: skip


_add(*(_casework(one) for one in OF_CASEWORK if shapes(one.key)))


# Posts and coverage


def _modules(question: Question) -> list[Module]:
    """Those whose posts and notices the reader sees."""
    return [module for module in Module if posts.reads_module(question.user, module)]


def _of_posts(value: Callable[[staffing.Rows, str, Period], Number], *, adds: bool = True) -> Read:
    def read(question: Question) -> Grid:
        rows = staffing.read(question.first, question.until)
        lines = [
            Line(module.short, tuple(value(rows, module.value, period) for period in question.periods))
            for module in _modules(question)
        ]
        return Grid(question.periods, lines, _sum(lines) if adds else None)

    return read


def _sum(lines: Sequence[Line]) -> Line | None:
    """Of what there is; None where there is none at all."""
    if not lines:
        return None
    columns = zip(*(line.cells for line in lines), strict=True)
    return Line(TOTAL, tuple(_added(cells) for cells in columns))


def _added(cells: Iterable[Number]) -> Number:
    there = [cell for cell in cells if cell is not None]
    return sum(there[1:], there[0]) if there else None


def _granted_months(rows: staffing.Rows, module: str, period: Period) -> tuple[Fraction, Fraction]:
    return rows.unused_months(module, period.first, period.until)


def _quota(rows: staffing.Rows, module: str, period: Period) -> Number:
    free, granted = _granted_months(rows, module, period)
    return (granted - free) / granted if granted else None


def _free(rows: staffing.Rows, module: str, period: Period) -> Number:
    free, granted = _granted_months(rows, module, period)
    return free if granted else None


def _on_last_day(name: str) -> Callable[[staffing.Rows, str, Period], Number]:
    return lambda rows, module, period: getattr(rows.on(period.last_day).modules[module], name)


def _covered(question: Question) -> list[dict[str, staffing.Covered]]:
    ground = staffing.ground(question.first, question.until)
    return [{one.place.ags: one for one in ground.on(period.last_day)} for period in question.periods]


def _uncovered(question: Question) -> Grid:
    days = _covered(question)
    areas = question.parts if question.breakdown == BANK else [question.area]
    lines = [
        Line(
            area.name if question.breakdown else question.figure.name,
            tuple(sum(one.is_uncovered for ags, one in day.items() if ags in area.ags) for day in days),
        )
        for area in areas
    ]
    return Grid(question.periods, lines, _sum(lines) if question.breakdown else None)


def _fte_of_places(question: Question) -> Grid:
    days = _covered(question)
    lines = [
        Line(area.name, tuple(_fte(day[area.key]) if area.key in day else None for day in days))
        for area in question.parts
    ]
    return Grid(question.periods, lines)


def _fte(one: staffing.Covered) -> Number:
    return Fraction(0) if one.is_uncovered else one.fte


_MODULE = {"module": "nach Modul"}
_add(
    Source("staffing.granted", _of_posts(_on_last_day("granted")), _MODULE, kind=EXACT),
    Source("staffing.filled", _of_posts(_on_last_day("filled")), _MODULE, kind=EXACT),
    Source("staffing.vacant", _of_posts(_on_last_day("vacant")), _MODULE, kind=EXACT),
    Source("staffing.quota", _of_posts(_quota, adds=False), _MODULE, kind=SHARE),
    Source("staffing.free_months", _of_posts(_free), _MODULE, kind=EXACT),
    Source("staffing.uncovered", _uncovered, {"": "nicht gegliedert", BANK: _BY_AREA[BANK]}, areas=True),
    Source("staffing.covered", _fte_of_places, {PLACE: _BY_AREA[PLACE]}, kind=EXACT, areas=True),
)


# Money


def _paid(kind: Payment.Kind) -> Read:
    """Euros that had moved by the last day of each period, by module of the notice; one query."""

    def read(question: Question) -> Grid:
        rows = Payment.objects.filter(posts.visible_of_notices(question.user), kind=kind, cancelled_at__isnull=True)
        moved: dict[str, list[tuple[dt.date, Decimal]]] = defaultdict(list)
        columns = ("notice__period__programme__module", "on_day", "amount")
        for module, day, amount in rows.filter(on_day__lt=question.until).order_by().values_list(*columns):
            moved[module].append((day, amount))
        lines = [
            Line(module.short, tuple(_until(moved[module.value], period) for period in question.periods))
            for module in _modules(question)
        ]
        return Grid(question.periods, lines, _sum(lines))

    return read


def _until(moved: Iterable[tuple[dt.date, Decimal]], period: Period) -> Decimal:
    return sum((amount for day, amount in moved if day < period.until), Decimal(0))


_add(
    Source("money.called_off", _paid(Payment.Kind.CALLED_OFF), _MODULE, kind=MONEY),
    Source("money.repaid", _paid(Payment.Kind.REPAID), _MODULE, kind=MONEY),
)


# Resolutions


@dataclass(frozen=True)
class _Resolved:
    whose: str
    decided_on: dt.date
    due_on: dt.date | None
    done_on: dt.date | None
    dropped_on: dt.date | None

    def is_open(self, day: dt.date) -> bool:
        ended = [one for one in (self.done_on, self.dropped_on) if one and one <= day]
        return self.due_on is not None and self.decided_on <= day and not ended

    def is_overdue(self, day: dt.date) -> bool:
        return self.is_open(day) and self.due_on is not None and self.due_on < day

    def is_done(self, day: dt.date) -> bool:
        return self.due_on is not None and self.decided_on <= day and self.done_on is not None and self.done_on <= day


def _of_resolutions(counts: Callable[[_Resolved, Period], bool]) -> Read:
    """As steering.governance counts them, for all periods from one query."""

    def read(question: Question) -> Grid:
        rows = Resolution.objects.filter(decided_on__lt=question.until).order_by()
        columns = ("body__kind", "decided_on", "due_on", "done_on", "dropped_on")
        found = [_Resolved(_whose(kind), *days) for kind, *days in rows.values_list(*columns)]
        lines = [
            Line(words, tuple(sum(counts(one, period) for one in found if one.whose == whose)
                              for period in question.periods))
            for whose, words in WHOSE.items()
        ]  # fmt: skip
        return Grid(question.periods, lines, _sum(lines))

    return read


def _whose(kind: str | None) -> str:
    """Municipalities decide without a body of ours."""
    steering, groups, places = WHOSE
    return places if kind is None else steering if kind == Body.Kind.STEERING else groups


_WHOSE = {"whose": "nach Gremium"}
_add(
    Source(
        "governance.decided",
        _of_resolutions(lambda one, period: period.first <= one.decided_on < period.until), _WHOSE,
    ),
    Source("governance.open", _of_resolutions(lambda one, period: one.is_open(period.last_day)), _WHOSE),
    Source("governance.overdue", _of_resolutions(lambda one, period: one.is_overdue(period.last_day)), _WHOSE),
    Source("governance.done", _of_resolutions(lambda one, period: one.is_done(period.last_day)), _WHOSE),
)  # fmt: skip
