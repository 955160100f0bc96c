"""What is due on a day beside the issues: resolutions, minutes, agreements, statements. One clock reminds of all of it.

A source tells what is open; the sweep writes down each reminder once (DutyReminder), the digest tells it, „Heute“ and
the calendar show what is coming. The clock is that of the issues: kim.workdays.reminder_days.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from django.db.models import QuerySet

from kim import workdays
from kim.digests import Line, Part, Section
from kim.models import County, User
from kim.together import together
from steering.models import DutyReminder

#: Reminders begin two working days before; so many days cover them over every holiday.
AHEAD = dt.timedelta(days=14)


@dataclass(frozen=True)
class Duty:
    """Somebody is to do something by a day. `key` („resolution:17“) names the row, and stays the same while it is due.

    `subject` and `words` may stand in a mail and in a calendar: numbers, places and what kind of thing, no content.
    """

    key: str
    due_on: dt.date
    subject: str
    words: str
    url: str
    people: frozenset[int]

    def is_of(self, user: User) -> bool:
        """Whether it lies with `user` or somebody they stand in for."""
        return any(hat.pk in self.people for hat in user.hats())


#: What is open and due on or before a day, from the rows of its sets.
Source = Callable[[dt.date, dict], Iterable[Duty]]
Sets = Callable[[], Mapping[str, QuerySet]]
_SOURCES: dict[str, tuple[Source, Sets]] = {}


def source(name: str, sets: Sets) -> Callable[[Source], Source]:
    """Registers `f(until, read)` with what it reads: `sets() -> {name: queryset}`.

    Sets may use the slots `today` and `until`, and as moments `now` and `far` (kim.together). Those of all sources are
    read in one query, their names are everybody's. A second source of a name replaces the first.
    """

    def register(function: Source) -> Source:
        _SOURCES[name] = (function, sets)
        return function

    return register


def open_until(day: dt.date) -> list[Duty]:
    """Everything open that is due on or before `day`, in order of its day."""
    names = tuple(sorted(_SOURCES))
    read = _read(names)(today=workdays.today(), now=workdays.now(), until=day, far=_far(day))
    found = [duty for name in names for duty in _SOURCES[name][0](day, read)]
    return sorted(found, key=lambda duty: (duty.due_on, duty.key))


def _far(day: dt.date) -> dt.datetime:
    """So late begins what must be prepared by `day` at the earliest: rules ask for ninety days ahead at most."""
    return dt.datetime.combine(day + dt.timedelta(days=91), dt.time(), workdays.BERLIN)


@together
def _read(names):
    found: dict[str, QuerySet] = {}
    for name in names:
        named = _SOURCES[name][1]()
        if twice := found.keys() & named.keys():
            raise LookupError(f"sets of two sources are called {', '.join(sorted(twice))}")
        found |= named
    return found


def of(user: User, day: dt.date) -> list[Duty]:
    """Those of `open_until` that lie with `user` or somebody they stand in for."""
    return [duty for duty in open_until(day) if duty.is_of(user)]


def remind(after: dt.date, today: dt.date) -> int:
    """Create the reminders of `after` < day <= `today`; how many there were. A second run finds them there."""
    found = open_until(today + AHEAD)
    if not found:
        return 0
    rules = County.current().workday_rules
    owed = [
        DutyReminder(duty=duty.key, due_on=duty.due_on, kind=kind, day=day, given_on=today)
        for duty in found
        for kind, day in workdays.reminder_days(duty.due_on, after, today, rules)
    ]
    there = set(DutyReminder.objects.filter(day__gt=after).values_list("duty", "due_on", "kind", "day"))
    new = [row for row in owed if (row.duty, row.due_on, row.kind, row.day) not in there]
    DutyReminder.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


# What the digest tells


def parts(after: dt.date, day: dt.date) -> list[Part]:
    rows = DutyReminder.objects.filter(given_on__gt=after, given_on__lte=day).values_list("duty", "due_on", "given_on")
    given: dict[tuple[str, dt.date], dt.date] = {}
    for duty, due_on, given_on in rows:
        given[duty, due_on] = max(given.get((duty, due_on), dt.date.min), given_on)
    if not given:
        return []
    still = [duty for duty in open_until(day + AHEAD) if (duty.key, duty.due_on) in given]
    return [partial(_section, still, given, day)]


def _section(
    duties: list[Duty], given: dict[tuple[str, dt.date], dt.date], day: dt.date, user: User, after: dt.date, limit: int
) -> Section | None:
    mine = [duty for duty in duties if given[duty.key, duty.due_on] > after and duty.is_of(user)]
    if not mine:
        return None
    lines = tuple(_lines(mine[:limit], day))
    return Section("Termine und Aufgaben", "zu erledigen", lines, len(mine))


def _lines(duties: list[Duty], day: dt.date) -> Iterator[Line]:
    for duty in duties:
        yield Line(duty.subject, f"{duty.words}: {when(duty.due_on, day)}", duty.url)


def when(due: dt.date, day: dt.date) -> str:
    if due == day:
        return "heute fällig"
    return f"fällig am {due:%d.%m.%Y}" if due > day else f"überfällig seit {due:%d.%m.%Y}"
