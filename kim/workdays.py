"""The clock: what time it is, which days are working days in Nordrhein-Westfalen, and when something is
due.

Imports no model. Everything here works offline; holidays come from the `holidays` library and are kept per
year.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import holidays

BERLIN = ZoneInfo("Europe/Berlin")

_set_moment: ContextVar[datetime | None] = ContextVar("kim_moment", default=None)


def now() -> datetime:
    """Aware, in UTC. Inside `as_of` the clock stands still at the moment given there."""
    return _set_moment.get() or datetime.now(UTC)


def today() -> date:
    """The calendar day in Europe/Berlin, which between midnight and two is not the day in UTC."""
    return _day_in(int(now().timestamp()) // 3600)


@lru_cache(maxsize=100)
def _day_in(hour: int) -> date:
    """The day in Berlin of an hour since 1970: days there begin on the hour. A page asks for today dozens of times."""
    return datetime.fromtimestamp(hour * 3600, BERLIN).date()


@contextmanager
def as_of(moment: datetime | date) -> Iterator[datetime]:
    """Let `now` and `today` answer as of a moment; a bare date means 08:00 in Berlin. Nests, per task and
    thread.
    """
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(8), BERLIN)
    if moment.utcoffset() is None:
        raise ValueError("as_of needs an aware datetime or a date")
    moment = moment.astimezone(UTC)
    token = _set_moment.set(moment)
    try:
        yield moment
    finally:
        _set_moment.reset(token)


@dataclass(frozen=True)
class Rules:
    """What the county settles itself. By law 24 and 31 December are working days; see
    docs/decisions/0010-the-clock.md.
    """

    christmas_eve_is_workday: bool = True
    new_years_eve_is_workday: bool = True


BY_LAW = Rules()


@dataclass(frozen=True)
class Limit:
    amount: int
    unit: Literal["workdays", "days"]

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError("A limit is at least one day long")
        if self.unit not in ("workdays", "days"):
            raise ValueError(f"Unknown unit of a limit: {self.unit!r}")

    def __str__(self) -> str:
        singular = {"workdays": "Arbeitstag", "days": "Tag"}[self.unit]
        return f"{self.amount} {singular}{'' if self.amount == 1 else 'e'}"


@dataclass(frozen=True)
class Skipped:
    """A day that did not count although somebody reading the calendar might think so (weekends are never
    listed).
    """

    day: date
    name: str
    kind: Literal["holiday", "pause"]


@dataclass(frozen=True)
class Deadline:
    """`due` is the last day, to its end. `words` is the arithmetic as the user reads it."""

    due: date
    words: str
    skipped: tuple[Skipped, ...] = ()
    limit: Limit | None = None


@dataclass(frozen=True)
class StripDay:
    """One cell of the calendar strip; `css` is one of "", off, holiday, today, left, due."""

    date: date
    weekday: str
    count: str
    css: str


# ---- days ----------------------------------------------------------------------------------------

WEEKDAYS = (
    "Montag",
    "Dienstag",
    "Mittwoch",
    "Donnerstag",
    "Freitag",
    "Samstag",
    "Sonntag",
)

_SPOKEN = {
    "Erster Mai": "1. Mai",
    "Erster Weihnachtstag": "1. Weihnachtstag",
    "Zweiter Weihnachtstag": "2. Weihnachtstag",
}
_NAME_SAYS_THE_DATE = {"1. Mai"}

ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def _holidays(year: int) -> dict[date, str]:
    found = holidays.country_holidays("DE", subdiv="NW", language="de", years=year)
    return {day: _SPOKEN.get(name, name) for day, name in found.items()}


@lru_cache(maxsize=256)
def _workdays_of(year: int, rules: Rules) -> list[int]:
    """The working days of a year as ordinals, ascending: counting becomes a search in this list."""
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    off = {day.toordinal() for day in _holidays(year)}
    if not rules.christmas_eve_is_workday:
        off.add(date(year, 12, 24).toordinal())
    if not rules.new_years_eve_is_workday:
        off.add(date(year, 12, 31).toordinal())
    return [day for day in range(first, last + 1) if day not in off and (day - 1) % 7 < 5]


def day_off(day: date, rules: Rules = BY_LAW) -> str | None:
    """The German name of the holiday, or of 24/31 December where the county is closed; else None."""
    name = _holidays(day.year).get(day)
    if name is None and (day.month, day.day) == (12, 24) and not rules.christmas_eve_is_workday:
        return "Heiligabend"
    if name is None and (day.month, day.day) == (12, 31) and not rules.new_years_eve_is_workday:
        return "Silvester"
    return name


def is_workday(day: date, rules: Rules = BY_LAW) -> bool:
    return day.weekday() < 5 and day_off(day, rules) is None


def next_workday(day: date, rules: Rules = BY_LAW) -> date:
    """The day itself if it is a working day, else the first one after it."""
    return day if is_workday(day, rules) else add_workdays(day, 1, rules)


def add_workdays(day: date, n: int, rules: Rules = BY_LAW) -> date:
    """The n-th working day after the day, or before it for a negative n; with 0 the day itself, working or
    not.
    """
    if n == 0:
        return day
    year, ordinal = day.year, day.toordinal()
    days = _workdays_of(year, rules)
    if n > 0:
        at = bisect_right(days, ordinal) + n - 1
        while at >= len(days):
            at, year = at - len(days), year + 1
            days = _workdays_of(year, rules)
    else:
        at = bisect_left(days, ordinal) + n
        while at < 0:
            year -= 1
            days = _workdays_of(year, rules)
            at += len(days)
    return date.fromordinal(days[at])


def workdays_between(start: date, end: date, rules: Rules = BY_LAW) -> int:
    """Working days after `start` up to and with `end`; negative when `end` lies before `start`."""
    if end < start:
        return -workdays_between(end, start, rules)
    count = bisect_right(_workdays_of(end.year, rules), end.toordinal())
    count -= bisect_right(_workdays_of(start.year, rules), start.toordinal())
    return count + sum(len(_workdays_of(year, rules)) for year in range(start.year, end.year))


# ---- deadlines -----------------------------------------------------------------------------------

Pause = tuple[date, date]


def deadline(start: date, limit: Limit, pauses: Iterable[Pause] = (), rules: Rules = BY_LAW) -> Deadline:
    """When something entered on `start` is due. Pauses are (from, until), both days included, and do not
    count.

    Working days: the first one after `start` is day 1. Calendar days: §§ 187 I, 188 I, 193 BGB; an end on a
    Saturday, Sunday or holiday moves to the next working day, and on past a pause that covers it. Never due
    inside a pause.
    """
    return _deadline(start, limit, pauses, rules, f"{limit} ab {_full(start)}")


def after_meeting(meeting_day: date, limit: Limit, pauses: Iterable[Pause] = (), rules: Rules = BY_LAW) -> Deadline:
    """The limit counted from a meeting, with the meeting named in the words."""
    return _deadline(meeting_day, limit, pauses, rules, f"Sitzung am {_full(meeting_day)} + {limit}")


def _deadline(start: date, limit: Limit, pauses: Iterable[Pause], rules: Rules, opening: str) -> Deadline:
    merged = _merged(pauses)
    if limit.unit == "workdays":
        end = due = _add_unpaused_workdays(start, limit.amount, merged, rules)
    else:
        end = _add_unpaused_days(start, limit.amount, merged)
        due = next_workday(end, rules)
        while pause := _pause_on(due, merged):
            due = next_workday(pause[1] + ONE_DAY, rules)
    skipped = _skipped(start, due, limit, merged, rules)
    parts = [opening, *_holiday_words(skipped), *_pause_words(skipped, merged)]
    if due != end:
        name = day_off(end, rules)
        moved = f"{WEEKDAYS[end.weekday()]} {_short(end)}" if name is None else _named(end, name)
        parts.append(f"Ende am {moved} auf den nächsten Arbeitstag verschoben")
    return Deadline(due, f"{'; '.join(parts)} → {_full(due)}", skipped, limit)


def _merged(pauses: Iterable[Pause]) -> list[Pause]:
    """Overlapping and adjoining pauses as one, in order."""
    merged: list[Pause] = []
    for begin, until in sorted(pauses):
        if until < begin:
            raise ValueError("A pause ends before it begins")
        if merged and begin <= merged[-1][1] + ONE_DAY:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((begin, until))
    return merged


def _pause_on(day: date, merged: list[Pause]) -> Pause | None:
    return next((pause for pause in merged if pause[0] <= day <= pause[1]), None)


def _add_unpaused_workdays(start: date, amount: int, merged: list[Pause], rules: Rules) -> date:
    """Each pause that begins before the end pushes the end by the working days it takes out."""
    end = add_workdays(start, amount, rules)
    for begin, until in merged:
        begin = max(begin, start + ONE_DAY)
        if begin <= end and until >= begin:
            lost = workdays_between(begin - ONE_DAY, until, rules)
            counted = workdays_between(start, end, rules) + lost
            end = add_workdays(start, counted, rules)
    return end


def _add_unpaused_days(start: date, amount: int, merged: list[Pause]) -> date:
    end = start + timedelta(days=amount)
    for begin, until in merged:
        begin = max(begin, start + ONE_DAY)
        if begin <= end and until >= begin:
            end += until - begin + ONE_DAY
    return end


def _skipped(start: date, due: date, limit: Limit, merged: list[Pause], rules: Rules) -> tuple[Skipped, ...]:
    days = []
    for offset in range(1, (due - start).days + 1):
        day = start + timedelta(days=offset)
        weekday = day.weekday() < 5
        if _pause_on(day, merged):
            if limit.unit == "days" or is_workday(day, rules):
                days.append(Skipped(day, "Pause", "pause"))
        elif limit.unit == "workdays" and weekday and (name := day_off(day, rules)):
            days.append(Skipped(day, name, "holiday"))
    return tuple(days)


def _holiday_words(skipped: tuple[Skipped, ...]) -> list[str]:
    off = [skip for skip in skipped if skip.kind == "holiday"]
    if not off:
        return []
    if len(off) > 4:
        closed = any(skip.name in ("Heiligabend", "Silvester") for skip in off)
        noun = "Feiertage und dienstfreie Tage" if closed else "Feiertage"
        return [f"{len(off)} {noun} zwischen {_full(off[0].day)} und {_full(off[-1].day)} übersprungen"]
    names = [_named(skip.day, skip.name) for skip in off]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} und {names[-1]}"
    return [f"{listed} übersprungen"]


def _pause_words(skipped: tuple[Skipped, ...], merged: list[Pause]) -> list[str]:
    lost = [skip.day for skip in skipped if skip.kind == "pause"]
    felt = [pause for pause in merged if any(pause[0] <= day <= pause[1] for day in lost)]
    if not felt:
        return []
    if len(felt) > 4:
        return [f"{len(felt)} Pausen zwischen {_full(felt[0][0])} und {_full(felt[-1][1])} nicht mitgezählt"]
    spans = [_short(begin) if begin == until else f"{_short(begin)} bis {_short(until)}" for begin, until in felt]
    listed = spans[0] if len(spans) == 1 else f"{', '.join(spans[:-1])} und {spans[-1]}"
    return [f"{'Pause' if len(felt) == 1 else 'Pausen'} {listed} nicht mitgezählt"]


def _named(day: date, name: str) -> str:
    return name if name in _NAME_SAYS_THE_DATE else f"{name} {_short(day)}"


def near(day: date) -> str:
    """„15.04.“; of another year than this one „15.04.2027“."""
    return _short(day) if day.year == today().year else _full(day)


def _short(day: date) -> str:
    return f"{day:%d.%m.}"


def _full(day: date) -> str:
    return f"{day:%d.%m.}{day.year:04d}"


# ---- what pages and reminders ask ----------------------------------------------------------------

STRIP_CELLS = 16


def days_strip(start: date, deadline: Deadline, on: date) -> list[StripDay]:
    """The days from the one after `start` to the due day, numbered as they count; empty when more than 16
    cells.

    A limit in working days shows no weekends; a limit in calendar days numbers them like all others.
    """
    counts_weekends = deadline.limit is not None and deadline.limit.unit == "days"
    why = {skip.day: skip.kind for skip in deadline.skipped}
    amount = deadline.limit.amount if deadline.limit else None
    cells: list[StripDay] = []
    count = 0
    for offset in range(1, (deadline.due - start).days + 1):
        day = start + timedelta(days=offset)
        if not counts_weekends and day.weekday() > 4:
            continue
        counts = day not in why and (amount is None or count < amount)
        count += counts
        if day == deadline.due:
            css = "due"
        elif not counts:
            css = "holiday" if why.get(day) == "holiday" else "off"
        elif day == on:
            css = "today"
        else:
            css = "left" if day > on else ""
        cells.append(StripDay(day, WEEKDAYS[day.weekday()][:2], str(count) if counts else "–", css))
        if len(cells) > STRIP_CELLS:
            return []
    return cells


@lru_cache(maxsize=2000)
def countdown(due: date, on: date, rules: Rules = BY_LAW) -> tuple[str, str]:
    """How far the due day is, in working days, and the tone: "" (time enough), soon (two or less), late."""
    if on == due:
        return "heute fällig", "soon"
    n = workdays_between(on, due, rules)
    if on < due:
        if n == 0:
            return f"fällig am {WEEKDAYS[due.weekday()]}", "soon"
        return f"noch {Limit(n, 'workdays')}", "soon" if n <= 2 else ""
    # On the weekend after the due day no working day has been lost yet, but the day has passed.
    return (f"{Limit(-n, 'workdays')} zu spät" if n else "überfällig"), "late"


ReminderKind = Literal["early", "due", "overdue", "escalate"]


def reminder_days(due: date, after: date, upto: date, rules: Rules = BY_LAW) -> list[tuple[ReminderKind, date]]:
    """The reminders that fall on `after` < day <= `upto`, in order; every day returned is a working day.

    early: two working days before; due: on the day (the next working day if the office is closed); overdue:
    every five working days after; escalate: ten working days after, beside that day's overdue.
    """
    found: list[tuple[ReminderKind, date]] = []

    def note(kind: ReminderKind, day: date) -> None:
        if after < day <= upto:
            found.append((kind, day))

    note("early", add_workdays(due, -2, rules))
    note("due", next_workday(due, rules))
    # The first multiple of five that may lie after `after`, so that an old item is as quick as a new one.
    passed = workdays_between(due, after, rules) if after > due else 0
    n = max(5, passed // 5 * 5)
    while (day := add_workdays(due, n, rules)) <= upto:
        note("overdue", day)
        if n == 10:
            note("escalate", day)
        n += 5
    return found
