"""The chain in numbers, read from what the background counted (reports.counting): any day, no issue is touched.

What each number means stands in steering.figures, once. Days that were not counted yet read as the last counted one,
with a sentence about it; days before the first issue hold zeros.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from django.db.models import Q

from kim.dated import months_after
from kim.disclosure import few
from kim.models import Code, County
from kim.together import day as day_slot
from kim.together import text, together
from reports.asked import Area, Asked
from reports.models import Counting, DayCount, KeptPart
from steering.access import sees_reporters
from steering.figures import AGES, MEASURED, STATIONS
from steering.models import Issue

#: The part of the dashboard under which the refresh keeps which issues bundle most.
BUNDLES = "bundles"
#: And under which the further ones: hundreds, read only for those who see few of the first.
MORE_BUNDLES = "more bundles"
NOTHING_COUNTED = "Die Zahlen werden gerade zum ersten Mal gezählt. Bitte sehen Sie in einigen Minuten wieder nach."


@dataclass(frozen=True)
class Station:
    """`count` at the end of the day; `ended` stays of the period with the nearest-rank `median` and `p90` of their
    working days (None: none ended, or an end of the chain).
    """

    state: str
    label: str
    count: int
    overdue: int
    ended: int
    median: int | None
    p90: int | None


@dataclass(frozen=True)
class Chain:
    """Stock at the end of `day`; events from `first` to `day`.

    `feedback`: how many issues had their first feedback in the period, median and p90 of calendar days since they were
    reported. `feedback_of`: of all reported up to `day` and not bundled, those that were fed back at least once.
    """

    day: dt.date
    first: dt.date
    stations: list[Station]
    open: int
    overdue: int
    paused: int
    silent: int
    ages: list[tuple[str, int]]
    topics: list[tuple[str, str, int]]
    reported: int
    answered: int
    fed_back: int
    closed: int
    merged: int
    reopened: int
    feedback: tuple[int, int | None, int | None]
    feedback_of: tuple[int, int]
    #: A sentence where it is not what was asked for.
    note: str = ""

    @property
    def feedback_share(self) -> Fraction | None:
        had, of = self.feedback_of
        return Fraction(had, of) if of else None


@dataclass(frozen=True)
class Place:
    """A municipality at the end of the day; `reported` in the period, `topics` the open ones by code."""

    area: Area
    open: int
    overdue: int
    reported: int
    topics: dict[str, int]


@dataclass(frozen=True)
class Month:
    """The month from `first` on; the last one ends with the last day that was asked for and counted."""

    first: dt.date
    reported: int
    fed_back: int
    closed: int
    open_at_end: int
    overdue_at_end: int


@dataclass(frozen=True)
class Bundle:
    """An open issue that others were merged into. `reports`: how many people reported it, in words („weniger als 5“)
    for those who do not see who; `places` by name.
    """

    issue: Issue
    reports: str
    places: list[str]


def latest() -> Counting | None:
    return Counting.objects.order_by("-pk").first()


def on(asked: Asked) -> Chain:
    """At the end of the asked day and over the period up to it. One query; two where the day is not counted yet."""
    return _chain(asked)


def before(asked: Asked) -> Chain | None:
    """The same for the period before; None where no issue had been written yet."""
    found = _chain(replace(asked, day=asked.day_before))
    return found if any(station.count for station in found.stations) or found.feedback_of[1] else None


@together
def _rows():
    wanted = Q(day=day_slot("end")) | Q(day=day_slot("begin"))
    return {
        "rows": DayCount.objects.filter(wanted, area=text("area")).only("day", "numbers"),
        "topics": Code.objects.filter(list=Code.List.TOPIC).only("code", "label", "short", "valid_from", "valid_until"),
        "counting": Counting.objects.order_by("-pk")[:1],
    }


def _chain(asked: Asked) -> Chain:
    given, note = asked, ""
    read = _read(asked)
    if not read["counting"]:
        note = NOTHING_COUNTED
    elif (until := read["counting"][0].until) < asked.day:
        asked = replace(asked, day=until)
        read = _read(asked)
        note = f"Gezählt ist bis zum {until:%d.%m.%Y}. Für den {given.day:%d.%m.%Y} gibt es noch keine Zahlen."
    rows = {row.day: row.numbers for row in read["rows"]}
    return _drawn(asked, rows.get(asked.day), rows.get(_eve(asked)), read["topics"], note)


def series(wanted: Sequence[Asked]) -> list[Chain | None]:
    """The same as `on` for many days and areas at once; None for days that are not counted. Three queries."""
    last = latest()
    if last is None or not wanted:
        return [None] * len(wanted)
    days = {day for one in wanted for day in (one.day, _eve(one))}
    kept = DayCount.objects.filter(day__in=days, area__in={one.area.key for one in wanted})
    rows = {(area, day): numbers for area, day, numbers in kept.values_list("area", "day", "numbers")}
    codes = list(Code.objects.filter(list=Code.List.TOPIC))
    return [
        _drawn(one, rows.get((one.area.key, one.day)), rows.get((one.area.key, _eve(one))), codes, "")
        if one.day <= last.until
        else None
        for one in wanted
    ]


def _read(asked: Asked) -> dict[str, list]:
    return _rows()(area=asked.area.key, end=asked.day, begin=_eve(asked))


def _eve(asked: Asked) -> dt.date:
    """The day whose sums are what had happened before the period."""
    return asked.first - dt.timedelta(days=1)


def _drawn(asked: Asked, end: dict | None, begin: dict | None, codes: list[Code], note: str) -> Chain:
    numbers = end or _ZERO
    stays = numbers[str(asked.span)]["stays"]
    stations = []
    for place, (state, label) in enumerate(STATIONS.items()):
        ended, median, p90 = stays[place] if place < len(MEASURED) else (0, None, None)
        overdue = numbers["overdue"][place] if place < len(MEASURED) else 0
        stations.append(Station(str(state), label, numbers["stations"][place], overdue, ended, median, p90))
    said, median, p90 = numbers[str(asked.span)]["feedback"]
    had, of = numbers["feedback_of"]
    return Chain(
        day=asked.day,
        first=asked.first,
        stations=stations,
        open=_open(numbers),
        overdue=sum(numbers["overdue"]),
        paused=numbers["paused"],
        silent=numbers["silent"],
        ages=list(zip(AGES, numbers["ages"], strict=True)),
        topics=_topics(asked.day, numbers["topics"], codes),
        **{name: numbers["sums"][name] - (begin or _ZERO)["sums"][name] for name in _EVENTS},
        feedback=(said, median, p90),
        feedback_of=(had, of),
        note=note,
    )


def _open(numbers: dict) -> int:
    """On its way, a draft not among them: those lie with whoever writes them."""
    return sum(numbers["stations"][1 : len(MEASURED)])


def _topics(day: dt.date, counted: dict[str, int], codes: list[Code]) -> list[tuple[str, str, int]]:
    """In the order of the code list: topics in force on `day`, and others that count."""
    found: dict[str, tuple[str, str, int]] = {}
    for one in codes:
        if one.code in counted or one.holds_on(day):
            found[one.code] = (one.code, str(one), counted.get(one.code, 0))
    return list(found.values())


_EVENTS = ("reported", "answered", "fed_back", "closed", "merged", "reopened")
_ZERO: dict = {
    "stations": [0] * len(STATIONS),
    "overdue": [0] * len(MEASURED),
    "paused": 0,
    "silent": 0,
    "ages": [0] * len(AGES),
    "topics": {},
    "sums": dict.fromkeys(_EVENTS, 0),
    "feedback_of": [0, 0],
    **{
        span: {"stays": [[0, None, None]] * len(MEASURED), "feedback": [0, None, None]}
        for span in ("month", "quarter", "year")
    },
}


def places(asked: Asked) -> list[Place]:
    """The municipalities of the asked area, by name. One query; two where the day is not counted yet."""
    rows = _of_places(asked)
    if not rows and (last := latest()) and last.until < asked.day:
        asked = replace(asked, day=last.until)
        rows = _of_places(asked)
    found = []
    for area in asked.areas.values():
        if area.is_place and area.ags <= asked.area.ags:
            end, begin = (rows.get((area.key, day), _ZERO) for day in (asked.day, _eve(asked)))
            reported = end["sums"]["reported"] - begin["sums"]["reported"]
            found.append(Place(area, _open(end), sum(end["overdue"]), reported, end["topics"]))
    return found


def _of_places(asked: Asked) -> dict[tuple[str, dt.date], dict]:
    wanted = DayCount.objects.filter(day__in=[asked.day, _eve(asked)], area__in=sorted(asked.area.ags))
    return {(area, day): numbers for area, day, numbers in wanted.values_list("area", "day", "numbers")}


def months(area_key: str, first: dt.date, until: dt.date, last: Counting | None = None) -> list[Month]:
    """The months that begin with that of `first` and before `until` (itself not part); none later than counted.

    `last` is the last run, where it was read already.
    """
    last = last or latest()
    if last is None:
        return []
    until = min(until, last.until + dt.timedelta(days=1))
    begins = [first.replace(day=1)]
    while (following := months_after(begins[0], len(begins))) < until:
        begins.append(following)
    if begins[0] >= until:
        return []
    one = dt.timedelta(days=1)
    ends = [*(begin - one for begin in begins), until - one]
    rows = dict(DayCount.objects.filter(area=area_key, day__in=ends).values_list("day", "numbers"))
    found = []
    for begin, eve, end in zip(begins, ends, ends[1:], strict=False):
        there, earlier = rows.get(end, _ZERO), rows.get(eve, _ZERO)
        happened = {name: there["sums"][name] - earlier["sums"][name] for name in ("reported", "fed_back", "closed")}
        found.append(Month(begin, **happened, open_at_end=_open(there), overdue_at_end=sum(there["overdue"])))
    return found


#: So many bundles are looked through before all others are.
FIRST_BUNDLES = 40
#: What a line of a bundle shows of its issue.
_LINE = ("id", "number", "title", "state")


@together
def _kept_bundles():
    return {
        "kept": KeptPart.objects.filter(part=text("part")).order_by("-day").only("data")[:1],
        "county": County.objects.all()[:1],
    }


def bundles(user, limit: int = 5) -> list[Bundle]:
    """Open issues as of the last count that most people reported, of those `user` may see. Not dated. Two queries;
    four for who sees few of many.
    """
    open_ones = Issue.objects.visible_to(user).open().order_by()
    exact = sees_reporters(user)
    found: list[Bundle] = []
    for part in (BUNDLES, MORE_BUNDLES):
        read = _kept_bundles()(part=part)
        kept = [row for one in read["kept"] for row in one.data]
        if not kept:
            break
        county = read["county"][0] if read["county"] else County()
        some = open_ones.filter(pk__in=[row["issue"] for row in kept])
        lines = {line[0]: line for line in some.values_list(*_LINE)}
        for row in [one for one in kept if one["issue"] in lines][: limit - len(found)]:
            words = str(row["reports"]) if exact else few(row["reports"], county.small_cell_below)
            found.append(Bundle(Issue.from_db(some.db, _LINE, lines[row["issue"]]), words, row["places"]))
        if len(found) >= limit or len(kept) < FIRST_BUNDLES:
            break
    return found
