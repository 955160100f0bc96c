"""What the dashboard shows of casework: only tables that were published (reports.tables), never a row about people.

The last published quarter at the day asked for, beside it the one before; what came of it is told of whole years.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from urllib.parse import urlencode

from casework.figures import definitions as d
from casework.figures.counting import WELL
from casework.figures.definitions import SHAPES, By
from kim.figures import Part, figure
from kim.rules import allows
from kim.workdays import today
from reports import access, tables
from reports.asked import COUNTY, Area, Asked, areas
from reports.charts import Chart, Kind, Tone, cell_words
from reports.exporting import EXACT, NUMBER, TEXT, Book, Page, maker
from reports.key_figures import KeyFigure, changed, definition
from reports.pages import LAGE
from reports.tables import SECRET, WHY_SECRET, Period, Table

#: Numbers of the whole area in their order; the dashboard shows those that LEAD.
TOTALS = (d.PERSONS, d.HOUSEHOLDS, d.CONSULTATIONS, d.ACTIONS, d.HOURS, d.ANONYMOUS, d.MISSING, d.NEW, d.OPEN, d.CLOSED)
LEAD = (d.PERSONS, d.CONSULTATIONS, d.ACTIONS, d.NEW, d.OPEN, d.MISSING)
#: What came of it, in whole years.
OUTCOMES = (d.GOALS, d.GOALS_REACHED, d.VALUED, d.IMPROVED, d.STATUS_IMPROVED, d.AREA_CHANGES)
#: Columns of the table of municipalities.
BY_PLACE = (d.PERSONS, d.CONSULTATIONS, d.ACTIONS, d.NEW, d.OPEN, d.CLOSED, d.MISSING)
PROFILE = (By.AGE, By.GENDER, By.STATUS, By.TARGET_GROUP, By.LANGUAGE, By.GERMAN, By.LEGAL_AREA)
#: The dashboard shows so many topics, those with the most people.
TOPICS = 8

Names = Iterable[tuple[str, str]]


class Published:
    """Tables of a period and of the one before, read at once."""

    def __init__(self, wanted: Mapping[Period, Names]):
        self._found = tables.read_many([(*name, period) for period, names in wanted.items() for name in names])

    def table(self, key: str, by: str, period: Period) -> Table | None:
        return self._found.get((key, by, period))

    def number(self, key: str, period: Period, area: str, by: str = By.AREA, value: str = "") -> int | str | None:
        """None: secret; "" where there is no such number."""
        table = self.table(key, by, period)
        return table.get(area, value) if table and table.has(area, value) else ""

    @cached_property
    def has_secrets(self) -> bool:
        return any(table.has_secrets for table in self._found.values())


@dataclass(frozen=True)
class Grid:
    """A table as a template writes it: cells are words, the keys of figures lead to definitions."""

    key: str
    title: str
    columns: tuple[tuple[str, str], ...]  # (heading, address of its definition)
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    first: str = "Kommune"  # what its rows are
    hint: str = ""
    total: tuple[str, tuple[str, ...]] | None = None  # a last row

    @property
    def has_rows(self) -> bool:
        return bool(self.rows)


def words(number: int | str | None) -> str:
    """„1.234“, „•“ for a secret, „–“ where there is none."""
    return "–" if number == "" else cell_words(number)


@dataclass(frozen=True)
class Line:
    """A number of the whole area with the one of the period before."""

    name: str
    unit: str
    definition: str
    now: str
    before: str


def in_unit(key: str, number: int | str | None) -> str:
    """Quarters of an hour are read as hours: „12,25“."""
    if key == d.HOURS and isinstance(number, int):
        return f"{Decimal(number) / 4:,.2f}".translate(str.maketrans(",.", ".,"))
    return words(number)


def _heading(key: str) -> tuple[str, str]:
    return figure(key).name, definition(key)


# The section of the dashboard


@LAGE.section("reports/_lage_casework.html", order=60)
def casework(user, asked: Asked) -> dict | None:
    """Two queries."""
    if not allows(access.reads_part, user, Part.CASEWORK):
        return None
    known = tables.periods(asked.day)
    period = next((one for one in known if not one.is_year), None)
    if period is None:
        return {"period": None}
    year = next((one for one in known if one.is_year), None)
    wanted: dict[Period, Names] = {
        period: [*((key, "") for key in LEAD), (d.PERSONS, By.TOPIC), (d.ACTIONS, By.TOPIC)],
        period.before: [(key, "") for key in LEAD],
    }
    if year:
        wanted[year] = [(key, "") for key in OUTCOMES]
    found = Published(wanted)
    area = asked.area.key
    around = _around(asked.area, asked.areas)
    by_topic = found.table(d.PERSONS, By.TOPIC, period)
    outcomes = _outcomes(found, year, around) if year else []
    return {
        "period": period,
        "counted_at": by_topic.counted_at if by_topic else None,
        "figures": [_key_figure(found, key, period, area) for key in LEAD],
        "topics": _topic_chart(found, period, around, most=TOPICS),
        "topics_area": around.name,
        "year": year,
        "outcomes": outcomes,
        "has_secrets": any(SECRET in told for _, told, _ in outcomes),
        "url": f"?{urlencode({'period': period.key, 'area': area})}",
    }


def _around(area: Area, known: Mapping[str, Area]) -> Area:
    """Where tables do not go down to a municipality: its bank of the Rhine."""
    if not area.is_place:
        return area
    return next((one for one in known.values() if one.key and not one.is_place and area.ags <= one.ags), known[COUNTY])


def _key_figure(found: Published, key: str, period: Period, area: str) -> KeyFigure:
    now, before = (found.number(key, one, area) for one in (period, period.before))
    when = f"im {period.before.name}" if not period.is_year else period.before.name
    change = changed(now, before, when) if isinstance(now, int) and isinstance(before, int) else ""
    more = (WHY_SECRET,) if now is None else ()
    return KeyFigure(words(now), figure(key).name, more=more, change=change, key=key)


def _topic_chart(found: Published, period: Period, area: Area, most: int | None = None) -> Chart | None:
    persons = found.table(d.PERSONS, By.TOPIC, period)
    if persons is None:
        return None
    rows = []
    for value, label, number in persons.rows(area.key):
        actions = found.number(d.ACTIONS, period, area.key, By.TOPIC, value)
        if number != 0 or actions != 0:
            rows.append((label, number, actions))
    # Secret ones last, by their name alone: their order would tell which is larger.
    rows.sort(key=lambda row: (row[1] is None, -(row[1] or 0), row[0]))
    cells = [(label, (words(number), words(actions))) for label, number, actions in rows[:most]]
    if not cells:
        return None
    title = f"Personen und Aktionen nach Handlungsfeld, {period.name}, {area.name}"
    columns, tones = ("Handlungsfeld", "Personen", "Aktionen"), (Tone.ACCENT, Tone.PALE)
    return Chart.of("handlungsfelder", Kind.BARS, title, columns, cells, across=True, tones=tones)


def _outcomes(found: Published, year: Period, area: Area) -> list[tuple[str, str, str]]:
    """(name, words, definition) of what came of it: „12 von 30“ where both may be told."""
    rows = []
    for part, whole in ((d.GOALS_REACHED, d.GOALS), (d.IMPROVED, d.VALUED), (d.STATUS_IMPROVED, ""),
                        (d.AREA_CHANGES, "")):  # fmt: skip
        number = found.number(part, year, area.key)
        told = words(number)
        if number == "":
            continue
        if number == 0 and found.number(whole, year, area.key) in (0, ""):
            continue
        if whole:
            told = f"{told} von {words(found.number(whole, year, area.key))}"
        rows.append((figure(part).name, told, definition(part)))
    return rows


# The page


@dataclass(frozen=True)
class Wanted:
    """A published period, an area, and sentences about what was asked for wrongly."""

    period: Period | None
    area: Area
    periods: list[Period]
    areas: Mapping[str, Area]
    complaints: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        return urlencode({"period": self.period.key if self.period else "", "area": self.area.key})

    @property
    def last_year(self) -> Period | None:
        """The last whole year that is published."""
        return next((one for one in self.periods if one.is_year), None)


def wanted(given: Mapping[str, str]) -> Wanted:
    """From the query: `period` („2026-3“, „2025“) and `area`. Two queries."""
    complaints = []
    published, known = tables.periods(today()), areas()
    period = next((one for one in published if not one.is_year), published[0] if published else None)
    if said := given.get("period", "").strip():
        found = Period.parse(said)
        if found in published:
            period = found
        else:
            complaints.append("Diesen Zeitraum gibt es hier nicht. Bitte wählen Sie einen aus der Liste.")
    area = known[COUNTY]
    if said := given.get("area", ""):
        if said in known:
            area = known[said]
        else:
            complaints.append("Diese Kommune gibt es hier nicht. Gezeigt werden alle.")
    return Wanted(period, area, published, known, tuple(complaints))


def shown(asked: Wanted) -> dict:
    """Everything published of the period, beside the one before. One query."""
    period = asked.period
    if period is None:
        return {}
    names = [(one.figure, str(one.by)) for one in SHAPES]
    found = Published({period: names, period.before: names})
    around = _around(asked.area, asked.areas)
    first = found.table(d.PERSONS, "", period)
    return {
        "counted_at": first.counted_at if first else None,
        "totals": _totals(found, period, asked.area.key),
        "places": _places(found, period, asked),
        "topics": _topic_chart(found, period, around),
        "heat": _topics_by_place(found, period, asked),
        "profile": [one for by in PROFILE if (one := _breakdown(found, d.PERSONS, by, period, around)).has_rows],
        "more": [
            one
            for key, by in ((d.INTERPRETING, By.INTERPRETER), (d.OPEN, By.PHASE))
            if (one := _breakdown(found, key, by, period, around)).has_rows
        ],
        "outcomes": _outcome_grids(found, period, around) if period.is_year else [],
        "goals": _goal_chart(found, period, around) if period.is_year else None,
        "around": around,
        "has_before": found.table(d.PERSONS, "", period.before) is not None,
        "has_secrets": found.has_secrets,
    }


def _totals(found: Published, period: Period, area: str) -> list[Line]:
    keys = [*TOTALS, *(OUTCOMES if period.is_year else ())]
    rows = []
    for key in keys:
        now, before = (found.number(key, one, area) for one in (period, period.before))
        if now != "":
            name = figure(key).name
            unit = "Stunden" if key == d.HOURS else figure(key).unit
            unit = "" if unit.lower()[:4] in name.lower() else unit
            rows.append(Line(name, unit, definition(key), in_unit(key, now), in_unit(key, before)))
    return rows


def _places(found: Published, period: Period, asked: Wanted) -> Grid:
    inside = [one for one in asked.areas.values() if one.is_place and one.ags <= asked.area.ags]
    rows = [(one.name, tuple(words(found.number(key, period, one.key)) for key in BY_PLACE)) for one in inside]
    total = (asked.area.name, tuple(words(found.number(key, period, asked.area.key)) for key in BY_PLACE))
    columns = tuple(_heading(key) for key in BY_PLACE)
    return Grid("kommunen", "Nach Kommunen", columns, tuple(rows), total=total if len(rows) > 1 else None)


def _topics_by_place(found: Published, period: Period, asked: Wanted) -> Grid | None:
    """Consultations by topic and municipality; topics and places without any are left out."""
    table = found.table(d.CONSULTATIONS, By.TOPIC, period)
    if table is None:
        return None
    there = [one for one in asked.areas.values() if one.is_place and one.ags <= asked.area.ags]
    there = [one for one in there if any(number != 0 for *_, number in table.rows(one.key))]
    topics = [(value, label) for value, label in table.values if any(table.get(one.key, value) != 0 for one in there)]
    rows = [(one.name, tuple(words(table.get(one.key, value)) for value, _ in topics)) for one in there]
    if not rows:
        return None
    total = (asked.area.name, tuple(words(table.get(asked.area.key, value)) for value, _ in topics))
    return Grid("felder-kommunen", "Beratungen nach Handlungsfeld und Kommune",
                tuple((label, "") for _, label in topics), tuple(rows),
                hint="Eine Beratung kann mehrere Handlungsfelder betreffen.",
                total=total if len(rows) > 1 else None)  # fmt: skip


def _breakdown(found: Published, key: str, by: By, period: Period, area: Area) -> Grid:
    """One figure by one breakdown, beside the period before; values that nobody has are left out."""
    table = found.table(key, by, period)
    earlier = found.table(key, by, period.before)
    rows = []
    for value, label, now in table.rows(area.key) if table else ():
        before = found.number(key, period.before, area.key, by, value)
        if now != 0 or before not in (0, ""):
            rows.append((label, (words(now), words(before)) if earlier else (words(now),)))
    title = f"{figure(key).name} nach {by.after}" if key != d.INTERPRETING else "Beratungen nach Sprachmittlung"
    several = by in (By.LEGAL_AREA, By.TOPIC)
    hint = "Mehrere können zutreffen." if several else ""
    columns = ((period.name, ""), *([(period.before.name, "")] if earlier else []))
    return Grid(f"{by}-{key.rpartition('.')[2]}", title, columns, tuple(rows), by.words, hint)


def _outcome_grids(found: Published, period: Period, area: Area) -> list[Grid]:
    pairs = ((d.CLOSED, By.REASON), (d.STATUS_IMPROVED, By.REACHED), (d.AREA_CHANGES, By.GAP))
    grids = [_breakdown(found, key, by, period, area) for key, by in pairs]
    for part, whole in ((d.GOALS_REACHED, d.GOALS), (d.IMPROVED, d.VALUED)):
        table = found.table(part, By.TOPIC, period)
        rows = []
        for value, label, number in table.rows(area.key) if table else ():
            of = found.number(whole, period, area.key, By.TOPIC, value)
            if of != 0:
                rows.append((label, (words(number), words(of))))
        columns = (_heading(part), _heading(whole))
        title = f"{figure(part).name} nach Handlungsfeld"
        grids.append(Grid(f"felder-{part.rpartition('.')[2]}", title, columns, tuple(rows), By.TOPIC.words))
    return [one for one in grids if one.has_rows]


def _goal_chart(found: Published, period: Period, area: Area) -> Chart | None:
    table = found.table(d.GOALS, By.ACHIEVEMENT, period)
    rows = table.rows(area.key) if table else []
    if not any(number != 0 for *_, number in rows):
        return None
    tones = tuple(Tone.DONE if value in {str(int(one)) for one in WELL} else Tone.PALE for value, *_ in rows)
    cells = [(label, (words(number),)) for _, label, number in rows]
    title = f"Ziele beendeter Fälle nach Erreichungsgrad, {period.name}, {area.name}"
    return Chart.of("ziele", Kind.BARS, title, ("Erreichungsgrad", "Ziele"), cells, across=True, tones=tones)


# As a file


@maker("casework", "Fallarbeit", part=Part.CASEWORK)
def book(user, given: Mapping[str, str]) -> Book:
    """What the page shows: every table of the period, all areas of it."""
    asked = wanted(given)
    period = asked.period
    if period is None:
        return Book("Fallarbeit", [Page("Zahlen", [("Zahl", TEXT)], [])], note="Noch ist nichts veröffentlicht.")
    found = tables.read_many([(one.figure, str(one.by), period) for one in SHAPES])
    sheets = [_sheet(table, asked.areas) for table in found.values()]
    note = f"{period.name}; {SECRET} {WHY_SECRET}"
    return Book(f"Fallarbeit {period.name}", sheets, sorted({table.figure.key for table in found.values()}), note)


def _sheet(table: Table, known: Mapping[str, Area]) -> Page:
    """Quarters of an hour as hours, as the page tells them."""
    kind, name = NUMBER, table.caption
    if table.figure.key == d.HOURS:
        kind, name = EXACT, f"{table.caption}, in Stunden"
    columns = [("Gebiet", TEXT), *((label, kind) for _, label in table.values)]
    rows = [
        [known[area].name if area in known else area, *(_cell(table, area, value) for value, _ in table.values)]
        for area in table.areas
    ]
    return Page(name, columns, rows)


def _cell(table: Table, area: str, value: str) -> int | Decimal | str:
    number = table.get(area, value)
    if number is None:
        return SECRET
    return Decimal(number) / 4 if table.figure.key == d.HOURS else number
