"""The staffing board: posts by months, with what stands out on the day that is looked at."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from funding import staffing
from funding.models import Leave, Module
from funding.staffing import FOREVER, NOTHING, ONE_DAY, Filling, Ground, Holder, Post, Rows, german
from kim.dated import inclusive, months_after
from kim.paging import Page
from kim.templatetags.kim import MONTHS as MONTH_NAMES
from steering.export import Column, Sheet

#: Months shown unless others are asked for, how many of them lie before that of the day, and how many there may be.
MONTHS, BEFORE, MOST_MONTHS = 18, 14, 36
#: Posts on one page.
SIZE = 200
#: So many names a sentence lists; then it counts.
NAMED = 12

WORDS = {
    Filling.FILLED: "ganz besetzt",
    Filling.PART: "zum Teil besetzt",
    Filling.VACANT: "frei",
    Filling.INTERRUPTED: "unterbrochen",
    "none": "keine Stelle",
}


@dataclass(frozen=True)
class Asked:
    """The day that is looked at, when that was known, which months and which modules."""

    day: dt.date
    first: dt.date
    until: dt.date
    modules: Sequence[Module]
    known_on: dt.date | None = None

    @classmethod
    def of(cls, day, *, modules, known_on=None, first=None, until=None) -> "Asked":
        """Months from that of `first` to that of `until`, both included; at most MOST_MONTHS, at least one."""
        here = staffing.month_of(day)
        begin = staffing.month_of(first) if first else None
        end = staffing.next_month(until) if until else None
        if begin is None:
            begin = months_after(end, -MONTHS) if end else months_after(here, -BEFORE)
        if end is None or end <= begin:
            end = months_after(begin, MONTHS)
        return cls(day, begin, min(end, months_after(begin, MOST_MONTHS)), list(modules), known_on)

    @property
    def known_at(self) -> dt.datetime | None:
        return staffing.end_of(self.known_on) if self.known_on else None

    @property
    def months(self) -> list[dt.date]:
        return [month for month, _ in staffing.by_month(self.first, self.until)]

    @property
    def years(self) -> list[tuple[int, int]]:
        """(year, how many of its months are shown)."""
        found: dict[int, int] = defaultdict(int)
        for month in self.months:
            found[month.year] += 1
        return list(found.items())

    @property
    def names(self) -> list[tuple[str, bool]]:
        """Short names of the months, and whether it is that of the day."""
        here = staffing.month_of(self.day)
        return [(MONTH_NAMES[month.month - 1][:3], month == here) for month in self.months]

    @property
    def span(self) -> str:
        last = self.until - ONE_DAY
        return f"{_month(self.first)} bis {_month(last)}"

    def read(self, days: Collection[dt.date] = ()) -> "Board":
        """`days` are further days on which something will be asked; eight queries at most."""
        year = dt.date(self.day.year, 1, 1)
        first = min(self.first, year)
        until = max(self.until, dt.date(self.day.year + 1, 1, 1))
        rows = staffing.read(first, until, self.known_at, days)
        return Board(self, rows, staffing.ground(self.day, self.day + ONE_DAY, self.known_at, rows))


@dataclass(frozen=True)
class Cell:
    state: str
    words: str
    #: What a reader hears beside the words.
    said: str = ""
    is_here: bool = False
    is_too_much: bool = False

    @property
    def css(self) -> str:
        return "full" if self.state == Filling.FILLED else self.state


@dataclass(frozen=True)
class Line:
    post: Post
    filling: Filling | None
    cells: Sequence[Cell]
    total: Fraction
    #: Where those who hold it work on the day, by person.
    places: Mapping[int, str] = field(default_factory=dict)

    @property
    def people(self) -> list[tuple[Holder, str]]:
        return [(one, self.places.get(one.user, "")) for one in self.filling.holders] if self.filling else []


@dataclass(frozen=True)
class Group:
    module: Module
    lines: Sequence[Line]
    filled: Sequence[str]
    granted: Sequence[str]
    filled_total: str = ""
    granted_total: str = ""


@dataclass(frozen=True)
class Finding:
    """Something that stands out on the day, in words; posts and municipalities it is about."""

    heading: str
    names: Sequence[str]
    tone: str = "soon"

    @property
    def text(self) -> str:
        more = len(self.names) - NAMED
        return ", ".join(self.names[:NAMED]) + (f" und {more} weitere" if more > 0 else "")


@dataclass(frozen=True)
class Board:
    asked: Asked
    rows: Rows
    ground: Ground

    @cached_property
    def now(self) -> staffing.Staffing:
        return self.rows.on(self.asked.day)

    @cached_property
    def covered(self) -> list[staffing.Covered]:
        return self.ground.on(self.asked.day)

    @property
    def uncovered(self) -> list[staffing.Covered]:
        return [one for one in self.covered if one.is_uncovered]

    @property
    def modules(self) -> list[staffing.ModuleStaffing]:
        return [self.now.modules[module] for module in self.asked.modules]

    @cached_property
    def usual_employer(self) -> str:
        """Who employs most on the day; the board names only the others."""
        found = Counter(one.term.employer for one in self.now.fillings if one.post.module in self.asked.modules)
        return min(found, key=lambda name: (-found[name], name), default="")

    @cached_property
    def posts(self) -> list[Post]:
        """Those that exist on some day of the months shown, by module and number."""
        shown = {
            term.post for term in self.rows.terms if term.first < self.asked.until and term.until > self.asked.first
        }
        return [post for post in self.rows.in_order if post.pk in shown and post.module in self.asked.modules]

    def page(self, *, after: str = "", before: str = "", size: int = SIZE) -> Page:
        """Some posts behind the one with a number; tokens that name no post are treated as the first page."""
        place = {post.number: number for number, post in enumerate(self.posts)}
        first = place[after] + 1 if after in place else max(0, place[before] - size) if before in place else 0
        found = self.posts[first : first + size]
        last = first + len(found)
        return Page(
            found, before=found[0].number if first and found else "",
            after=found[-1].number if last < len(self.posts) and found else "",
        )  # fmt: skip

    def groups(self, posts: Iterable[Post]) -> list[Group]:
        """Lines of these posts under their modules; sums are those of all posts of the module."""
        lines: dict[str, list[Line]] = defaultdict(list)
        for post in posts:
            lines[post.module].append(self.line(post))
        return [self._group(module, lines[module]) for module in self.asked.modules if lines[module]]

    def line(self, post: Post) -> Line:
        months: dict[dt.date, list[tuple[int, Filling]]] = defaultdict(list)
        for segment in self.rows.segments(post.pk, self.asked.first, self.asked.until):
            for month, days in staffing.by_month(segment.first, segment.until):
                months[month].append((days, segment.filling))
        here = staffing.month_of(self.asked.day)
        cells, total = [], NOTHING
        for month in self.asked.months:
            cell, filled = _cell(months[month], month, is_here=month == here)
            cells.append(cell)
            total += filled
        filling = self.rows.filling(post.pk, self.asked.day)
        users = {one.user for one in filling.holders} if filling else set()
        return Line(post, filling, cells, total, {user: self._where[user] for user in users if user in self._where})

    # Figures

    def unused(self, module: Module) -> tuple[Fraction, Fraction]:
        """Post-months granted but not filled in the year of the day, and all that were granted."""
        year = self.asked.day.year
        return self.rows.unused_months(module, dt.date(year, 1, 1), dt.date(year + 1, 1, 1))

    @property
    def time_to_fill(self) -> staffing.TimeToFill:
        """Of what began within the months shown, up to the day."""
        until = min(self.asked.until, self.asked.day + ONE_DAY)
        days: list[int] = []
        for module in self.asked.modules:
            days += self.rows.time_to_fill(self.asked.first, until, module).days
        return staffing.TimeToFill(tuple(sorted(days)))

    @property
    def findings(self) -> list[Finding]:
        """What stands out on the day: free posts, too much on a post, with a person or
        beyond the grant, places nobody covers."""
        mine = [one for one in self.now.fillings if one.post.module in self.asked.modules]
        vacant = [one.post.title for one in mine if one.state == Filling.VACANT]
        interrupted = [one.post.title for one in mine if one.state == Filling.INTERRUPTED]
        part = [f"{one.post.title} ({german(one.vacant)} VZÄ)" for one in mine if one.state == Filling.PART]
        over = [f"{one.post.title} (um {german(one.beyond)} VZÄ)" for one in mine if one.beyond]
        people = [
            f"{one.name} ({german(one.total)} VZÄ auf {', '.join(post.number for post in one.posts)})"
            for one in self.now.overcommitted
            if all(post.module in self.asked.modules for post in one.posts)
        ]
        modules = [(module, self.now.modules[module]) for module in self.asked.modules]
        more = [
            f"{module.short} ({german(one.filled)} statt {german(one.granted)} VZÄ)"
            for module, one in modules
            if one.granted is not None and one.filled > one.granted
        ]
        places = [one.place.name for one in self.uncovered] if Module.CASE_MANAGEMENT in self.asked.modules else []
        found = [
            Finding("Kommunen ohne Case Management", places, "late"),
            Finding("Freie Stellen", vacant, "late"),
            Finding("Unterbrochen, niemand vertritt", interrupted, "late"),
            Finding("Zum Teil frei", part),
            Finding("Stellen mit mehr Besetzung als Umfang", over),
            Finding("Personen über 100 %", people),
            Finding("Mehr besetzt als bewilligt", more),
        ]
        return [one for one in found if one.names]

    # A file

    def sheet(self, narrowed_by: Sequence[str] = ()) -> Sheet:
        """All posts, not only those of a page."""
        head: list[Column] = [
            ("Nummer", 12, lambda line: line.post.number),
            ("Stelle", 44, lambda line: line.post.title),
            ("Modul", 10, lambda line: Module(line.post.module).short),
            ("Umfang (VZÄ)", 12, lambda line: german(line.filling.term.fte) if line.filling else ""),
            ("Anstellungsträger", 28, lambda line: line.filling.term.employer if line.filling else ""),
            ("kw", 6, lambda line: "kw" if line.filling and line.filling.is_kw else ""),
            (f"besetzt mit{asof(self.asked.day, self.asked.known_on)}", 44, _people_words),
            ("Kommunen", 36, lambda line: ", ".join(line.places.values())),
        ]
        months = [(f"{month:%m/%Y}", 9, _cell_words(number)) for number, month in enumerate(self.asked.months)]
        columns = [*head, *months, ("Stellenmonate", 13, lambda line: german(line.total))]
        return Sheet("Besetzungstafel", "post.export", columns, [self.line(post) for post in self.posts], narrowed_by)

    # Inside

    @cached_property
    def _where(self) -> dict[int, str]:
        names = {place.pk: place.name for place in self.ground.places}
        found: dict[int, list[str]] = defaultdict(list)
        for one in self.ground.work:
            found[one.user].append(names[one.municipality])
        return {user: ", ".join(sorted(places)) for user, places in found.items()}

    def _group(self, module: Module, lines: Sequence[Line]) -> Group:
        filled = self.rows.filled_months(module, self.asked.first, self.asked.until)
        granted = self._granted(module)
        months = self.asked.months
        return Group(
            module, lines,
            [short(filled.get(month, NOTHING)) for month in months],
            [short(granted[month]) if month in granted else "–" for month in months],
            german(sum(filled.values(), NOTHING)), german(sum(granted.values(), NOTHING)),
        )  # fmt: skip

    def _granted(self, module: Module) -> dict[dt.date, Fraction]:
        """FTE granted, by month; a day is its part of the month."""
        found: dict[dt.date, Fraction] = defaultdict(Fraction)
        for grant in self.rows.grants:
            if grant.module == module:
                first, until = max(grant.first, self.asked.first), min(grant.until, self.asked.until)
                for month, days in staffing.by_month(first, until):
                    found[month] += grant.fte * days / staffing.length_of(month)
        return found


def _cell(parts: Sequence[tuple[int, Filling]], month: dt.date, *, is_here: bool) -> tuple[Cell, Fraction]:
    """What a month of a post shows, and how much of it was filled, as a part of a full post and month."""
    if not parts:
        return Cell("none", "–", WORDS["none"], is_here), NOTHING
    length = staffing.length_of(month)
    filled = sum((one.filled * days for days, one in parts), NOTHING) / length
    planned = sum((one.term.fte * days for days, one in parts), NOTHING) / length
    too_much = any(one.beyond or any(NOTHING < each.counted < each.share for each in one.holders) for _, one in parts)
    if filled:
        whole = filled == planned and sum(days for days, _ in parts) == length
        state = Filling.FILLED if whole else Filling.PART
        said = [] if whole else [WORDS[Filling.PART]]
        if too_much:
            said.append("mehr Besetzung als möglich")
        return Cell(state, short(filled), ", ".join(said), is_here, too_much), filled
    interrupted = any(one.holders for _, one in parts)
    if interrupted:
        return Cell(Filling.INTERRUPTED, "unt.", WORDS[Filling.INTERRUPTED], is_here), NOTHING
    return Cell(Filling.VACANT, "frei", "", is_here), NOTHING


def short(value: Fraction) -> str:
    """For the board: „1,0“, „0,55“."""
    text = german(value)
    return text if "," in text else f"{text},0"


def leave_words(one: Holder, *, with_reason: bool) -> str:
    """„unterbrochen 01.02.2022 bis 30.06.2022“, the reason only for those who may read it; "" for whoever is there."""
    if one.away is None or (one.away.counts and not with_reason):
        return ""
    span = inclusive(one.away.first, None if one.away.until == FOREVER else one.away.until)
    reason = f" ({Leave.Kind(one.away.kind).label})" if with_reason and one.away.kind else ""
    return f"unterbrochen {span}{reason}{', zählt weiter' if one.away.counts else ''}"


def asof(day: dt.date, known_on: dt.date | None) -> str:
    """For headings of files: „ am 16.03.2022“, „ am 16.03.2022, bekannt am 16.11.2021“."""
    known = f", bekannt am {known_on:%d.%m.%Y}" if known_on else ""
    return f" am {day:%d.%m.%Y}{known}"


def _people_words(line: Line) -> str:
    found = []
    for one, _ in line.people:
        words = f"{one.name} {german(one.share)}"
        words += f", vertritt {one.substitutes}" if one.substitutes else ""
        found.append(words + (" (unterbrochen)" if one.is_interrupted else ""))
    return "; ".join(found)


def _cell_words(number: int):
    return lambda line: line.cells[number].words if line.cells[number].state != "none" else ""


def _month(day: dt.date) -> str:
    return f"{MONTH_NAMES[day.month - 1]} {day.year}"
