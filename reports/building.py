"""Evaluations people put together: a figure, its breakdown, an area, a rhythm and how many periods. Read from a query
or from what was saved, with the rights of whoever looks. The page and its files show the same table.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from kim.figures import Figure, Part, every
from kim.figures import figure as figure_of
from kim.rules import demand
from kim.workflow import StepRefused
from reports import access, sources
from reports.asked import COUNTY, EARLIEST, Area, areas, day_of
from reports.charts import Chart, Kind
from reports.exporting import TEXT, Book, Page, maker
from reports.models.saved import MOST_PERIODS, Rhythm
from reports.sources import SECRET, SPANS, Grid, Line, Period, Question, Source
from reports.writing import paper_cell

#: So many lines are drawn side by side; more of them stand one below the other, and the last period is drawn.
SIDE_BY_SIDE = 6
#: So many bars one still tells apart.
MOST_BARS = 24
USUAL = {Rhythm.MONTH: 12, Rhythm.QUARTER: 8, Rhythm.YEAR: 5}
#: Behind periods that begin before the figure can be trusted.
DOUBTFUL = "*"


@dataclass(frozen=True)
class Wanted:
    """What was chosen, with everything wrong put right; `complaints` say what was wrong."""

    figure: Figure
    breakdown: str
    area: Area
    areas: Mapping[str, Area]
    rhythm: Rhythm
    number: int
    until: dt.date | None
    complaints: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        return sources.of(self.figure.key)

    @property
    def last_day(self) -> dt.date | None:
        return self.until and self.until - sources.ONE_DAY

    @property
    def query(self) -> str:
        """For links, files and what is saved."""
        given = {"figure": self.figure.key, "by": self.breakdown, "area": self.area.key, "rhythm": str(self.rhythm),
                 "periods": str(self.number)}  # fmt: skip
        if self.last_day:
            given["until"] = f"{self.last_day:%Y-%m-%d}"
        return urlencode(given)

    @property
    def title(self) -> str:
        by = self.source.breakdowns[self.breakdown] if self.breakdown else ""
        return " ".join(part for part in (self.figure.name, by) if part)


def offered(user) -> dict[Part, list[Figure]]:
    """The figures `user` may evaluate over time, by part."""
    seen = access.parts_of(user)
    found: dict[Part, list[Figure]] = {}
    for one in every():
        if one.part in seen and one.key in sources.SOURCES:
            found.setdefault(one.part, []).append(one)
    return found


def wanted(given: Mapping[str, str], user) -> Wanted:
    """Read from a query: figure, by, area, rhythm, periods, until (a day, itself part of it). One query.

    Raises PermissionDenied for a figure of a part `user` does not see.
    """
    complaints: list[str] = []
    first = next((one for part in offered(user).values() for one in part), None)
    demand(access.reads_figures, user)
    if first is None:
        demand(access.reads_part, user, Part.CHAIN)
        raise StepRefused("Es gibt keine Zahl, die sich auswerten lässt.")
    figure = first
    if key := given.get("figure", ""):
        if key in sources.SOURCES:
            figure = figure_of(key)
        else:
            complaints.append("Diese Zahl lässt sich hier nicht auswerten. Bitte wählen Sie eine andere.")
    demand(access.reads_part, user, figure.part)
    known = areas()
    source = sources.of(figure.key)
    area = _area(given.get("area", ""), source, known, complaints)
    rhythm = _rhythm(given.get("rhythm", ""), source, complaints)
    number = _number(given.get("periods", ""), rhythm, complaints)
    until = _until(given.get("until", ""), complaints)
    breakdown = _breakdown(given.get("by"), source, area, rhythm, complaints)
    return Wanted(figure, breakdown, area, known, rhythm, number, until, tuple(complaints))


def _area(key: str, source: Source, known: Mapping[str, Area], complaints: list[str]) -> Area:
    if key not in known:
        complaints.append("Dieses Gebiet gibt es hier nicht. Gezeigt werden alle Kommunen.")
    elif key != COUNTY and not source.areas:
        complaints.append("Diese Zahl gibt es nur für den ganzen Kreis.")
    else:
        return known[key]
    return known[COUNTY]


def _rhythm(key: str, source: Source, complaints: list[str]) -> Rhythm:
    if key in [str(one) for one in source.rhythms]:
        return Rhythm(key)
    if key:
        words = " oder ".join(SPANS[one].words for one in source.rhythms)
        complaints.append(f"Diese Zahl gibt es je {words}.")
    return source.rhythms[0]


def _number(words: str, rhythm: Rhythm, complaints: list[str]) -> int:
    if words.isascii() and words.isdigit() and len(words) < 4 and 1 <= int(words) <= MOST_PERIODS:
        return int(words)
    if words:
        complaints.append(f"Es lassen sich 1 bis {MOST_PERIODS} Zeiträume zeigen.")
    return USUAL[rhythm]


def _until(words: str, complaints: list[str]) -> dt.date | None:
    """The day after the one that was named."""
    if not words.strip():
        return None
    found = day_of(words.strip())
    if found is None:
        complaints.append("Das Ende bitte als Tag angeben, zum Beispiel 31.12.2025.")
    elif not EARLIEST <= found < dt.date(2200, 1, 1):
        complaints.append(f"Zahlen gibt es ab dem {EARLIEST:%d.%m.%Y}.")
    else:
        return found + sources.ONE_DAY
    return None


def _breakdown(key: str | None, source: Source, area: Area, rhythm: Rhythm, complaints: list[str]) -> str:
    fitting = source.fitting(area, rhythm)
    if key is not None and key in fitting:
        return key
    usual = next(iter(fitting), "")
    if key:
        words = source.breakdowns.get(key)
        said = f"„{words}“ geht hier nicht" if words else "Diese Gliederung gibt es bei dieser Zahl nicht"
        complaints.append(f"{said}; gezeigt wird sie {fitting.get(usual, 'nicht gegliedert')}.")
    return usual


def words_of(saved) -> str:
    """What a kept choice shows: „offene Knackpunkte nach Thema, 12 Monate“; no query."""
    if saved.figure not in sources.SOURCES:
        return "Diese Zahl gibt es nicht mehr."
    by = sources.of(saved.figure).breakdowns.get(saved.breakdown, "") if saved.breakdown else ""
    ends = f" bis {saved.last_day:%d.%m.%Y}" if saved.last_day else ""
    name = " ".join(part for part in (figure_of(saved.figure).name, by) if part)
    return f"{name}, {counted(saved.periods, Rhythm(saved.rhythm))}{ends}"


def counted(number: int, rhythm: Rhythm) -> str:
    """„12 Monate“, „1 Jahr“."""
    return f"1 {SPANS[rhythm].words}" if number == 1 else f"{number} {rhythm.label}"


@dataclass(frozen=True)
class Built:
    """The answer: a table that the page and the files share."""

    wanted: Wanted
    grid: Grid

    @property
    def figure(self) -> Figure:
        return self.wanted.figure

    @property
    def kind(self) -> str:
        return self.wanted.source.kind

    @property
    def is_upright(self) -> bool:
        """A row per period; else a row per line."""
        return len(self.grid.lines) <= SIDE_BY_SIDE

    @property
    def columns(self) -> list[tuple[str, str]]:
        first = ("Zeitraum" if self.is_upright else self.wanted.source.heading(self.wanted.breakdown), TEXT)
        names = [line.label for line in self._lines] if self.is_upright else [self._name(one) for one in self._periods]
        return [first, *((name, self.kind) for name in names)]

    @property
    def rows(self) -> list[list]:
        """Labels and plain cells."""
        if self.is_upright:
            return [
                [self._name(period), *(line.cells[at] for line in self._lines)]
                for at, period in enumerate(self._periods)
            ]
        return [[line.label, *line.cells] for line in self._lines]

    @property
    def words(self) -> list[tuple[str, list[str]]]:
        """The same as they are read."""
        return [(row[0], [paper_cell(cell, self.kind) for cell in row[1:]]) for row in self.rows]

    @property
    def has_total_row(self) -> bool:
        return self.grid.total is not None and not self.is_upright

    @property
    def has_gaps(self) -> bool:
        return any(cell is None for line in self._lines for cell in line.cells)

    @property
    def doubtful(self) -> bool:
        return any(self._is_doubtful(period) for period in self._periods)

    @property
    def span(self) -> str:
        """„01.01.2022 bis 31.12.2025“."""
        if not self._periods:
            return ""
        return f"{self._periods[0].first:%d.%m.%Y} bis {self._periods[-1].last_day:%d.%m.%Y}"

    @property
    def chart(self) -> Chart | None:
        """All of it over time; of many lines the last period that has numbers."""
        if self.grid.is_empty or not self._periods:
            return None
        if self.is_upright:
            kind = Kind.LINES if len(self._periods) > 1 else Kind.BARS
            names = [name for name, _ in self.columns]
            return Chart.of("verlauf", kind, self.wanted.title, names, self.words, unit=self.figure.unit)
        at = max(at for at in range(len(self._periods)) if any(line.cells[at] is not None for line in self.grid.lines))
        if len(self.grid.lines) > MOST_BARS:
            return None
        rows = [(line.label, [self._drawn(line, at)]) for line in self.grid.lines]
        title = f"{self.wanted.title}, {self._periods[at].name}"
        first = self.columns[0][0]
        return Chart.of("stand", Kind.BARS, title, [first, self.figure.unit], rows, unit=self.figure.unit, across=True)

    def _drawn(self, line: Line, at: int) -> str:
        return paper_cell(line.cells[at], self.kind)

    @property
    def _lines(self) -> Sequence[Line]:
        total = self.grid.total
        return [*self.grid.lines, *([total] if total and len(self.grid.lines) > 1 else [])]

    @property
    def _periods(self) -> Sequence[Period]:
        return self.grid.periods

    def _is_doubtful(self, period: Period) -> bool:
        return self.figure.trusted_from is not None and period.first < self.figure.trusted_from

    def _name(self, period: Period) -> str:
        return period.name + (f" {DOUBTFUL}" if self._is_doubtful(period) else "")


def built(wanted: Wanted, user) -> Built:
    """Read now. Raises PermissionDenied."""
    demand(access.reads_part, user, wanted.figure.part)
    columns = sources.periods(wanted.rhythm, wanted.number, wanted.until)
    if not columns:
        return Built(wanted, Grid((), ()))
    question = Question(
        user, wanted.figure, wanted.breakdown, wanted.area, wanted.areas, wanted.rhythm, tuple(columns)
    )  # fmt: skip
    return Built(wanted, wanted.source.read(question))


# As a file


def _part_of(asked: Mapping[str, str]) -> Part | None:
    key = asked.get("figure", "")
    return figure_of(key).part if key in sources.SOURCES else None


@maker("builder", "Auswertung", part=_part_of)
def book(user, asked) -> Book:
    chosen = wanted(asked, user)
    found = built(chosen, user)
    said = [", ".join(one for one in (chosen.area.name, found.span) if one)]
    if found.doubtful:
        said.append(f"{DOUBTFUL} vor dem {found.figure.trusted_from:%d.%m.%Y} nicht verlässlich")
    if found.grid.has_secrets:
        said.append(f"{SECRET} zum Schutz kleiner Zahlen nicht genannt")
    return Book(chosen.title, [Page(found.figure.name, found.columns, found.rows)], [found.figure.key], "; ".join(said))
