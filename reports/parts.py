"""Parts of the dashboard that are counted once and kept until something they rest on is written.

A kept row is good while the trail tells nothing new about what its part rests on. It remembers the last row of the
trail that nobody could still be writing before (`trail_id`), and how many rows that matter came after it until it was
counted (`seen`); a later one, or one of a transaction that ended late, makes the two numbers differ. The refresh moves
`trail_id` along, so that a reader looks through the few rows since then and never through the trail.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Max, Q

from kim import workdays
from kim.dated import months_after
from kim.models import TrailEntry
from kim.together import Slot, together_planned_anew
from reports.asked import COUNTY, Asked, Span
from reports.models import KeptPart

#: No act takes longer than this from its row in the trail to the end of its transaction.
SETTLED = dt.timedelta(minutes=5)
#: The refresh counts the end of this day and of so many months before it.
MONTHS_AHEAD = 2

Count = Callable[[dt.date, str], Any]


@dataclass(frozen=True)
class Part:
    """`count(day, area)` answers with plain JSON that depends on the day, the area and what is known; nothing else.

    `rests_on` are kinds of the trail („steering.meeting“), or all of an app („funding.“); `acts` are single acts on
    other kinds.
    """

    name: str
    count: Count
    rests_on: Sequence[str]
    acts: Sequence[str] = ()

    @property
    def concerned(self) -> Q:
        found = Q(act__in=self.acts)
        for kind in self.rests_on:
            found |= Q(kind__startswith=kind) if kind.endswith(".") else Q(kind=kind)
        return found & ~Q(act__endswith=".export")

    def is_touched_by(self, kind: str, act: str) -> bool:
        """The same of one row of the trail."""
        if act.endswith(".export"):
            return False
        on = any(kind.startswith(one) if one.endswith(".") else kind == one for one in self.rests_on)
        return on or act in self.acts


@dataclass(frozen=True)
class Kept:
    data: Any
    counted_at: dt.datetime


_PARTS: dict[str, Part] = {}


def register(name: str, *, count: Count, rests_on: Sequence[str], acts: Sequence[str] = ()) -> None:
    """Raises LookupError where two parts are called the same."""
    if name in _PARTS and _PARTS[name].count is not count:
        raise LookupError(f"two parts are called {name}")
    _PARTS[name] = Part(name, count, tuple(rests_on), tuple(acts))


def kept(name: str, day: dt.date, area: str = COUNTY) -> tuple[Any, dt.datetime]:
    """What the part found for the end of `day`, and when it was counted: kept, or counted now and then kept."""
    one = kept_many([(name, day)], area)[name, day]
    return one.data, one.counted_at


def kept_many(wanted: Collection[tuple[str, dt.date]], area: str = COUNTY) -> dict[tuple[str, dt.date], Kept]:
    """The same for several parts and days; two queries where all of them are kept."""
    names = {name for name, _ in wanted}
    rows = KeptPart.objects.filter(part__in=names, area=area, day__in={day for _, day in wanted})
    there = {(one.part, one.day): one for one in rows if (one.part, one.day) in set(wanted)}
    written = _written(there.values())
    found = {key: Kept(one.data, one.counted_at) for key, one in there.items() if _holds(one, written)}
    for name, day in sorted(set(wanted) - found.keys()):
        found[name, day] = _counted(_PARTS[name], day, area)
    return found


def of(asked: Asked, name: str) -> tuple[Kept, Kept]:
    """A part at the day that was asked for and at the end of the period before, counted for the county; all parts are
    read at once for all sections of a page.
    """
    days = (asked.day, asked.day_before)
    found = asked.once("parts", lambda: kept_many([(part, day) for part in _PARTS for day in days]))
    return found[name, asked.day], found[name, asked.day_before]


def refresh(today: dt.date | None = None) -> int:
    """Throws away what no longer holds, moves the rest along the trail, and counts today and the last ends of months.

    Answers with how many were counted. Does no harm when it runs twice, or while somebody reads or writes.
    """
    today = today or workdays.today()
    boundary, rows = _settled_id(), list(KeptPart.objects.filter(part__in=_PARTS).defer("data"))
    written = _written(rows)
    fresh = [one for one in rows if _holds(one, written)]
    KeptPart.objects.filter(pk__in={one.pk for one in rows} - {one.pk for one in fresh}).delete()
    for one in fresh:
        if one.trail_id < boundary:
            passed = _seen(_PARTS[one.part], written, one.trail_id, boundary)
            same = KeptPart.objects.filter(pk=one.pk, trail_id=one.trail_id, seen=one.seen)
            same.update(trail_id=boundary, seen=one.seen - passed)
    there = {(one.part, one.day) for one in fresh if one.area == COUNTY}
    missing = [(name, day) for name in _PARTS for day in days_ahead(today) if (name, day) not in there]
    for name, day in missing:
        _counted(_PARTS[name], day, COUNTY)
    return len(missing)


def days_ahead(today: dt.date) -> list[dt.date]:
    """Days somebody is likely to ask for: today, the last ends of months, and what these are compared with."""
    ends = [today.replace(day=1) - dt.timedelta(days=1)]
    while len(ends) < MONTHS_AHEAD:
        ends.append(ends[-1].replace(day=1) - dt.timedelta(days=1))
    return list(dict.fromkeys([today, *ends, *(months_after(day, -12) for day in (today, *ends))]))


def firsts(day: dt.date) -> dict[str, dt.date]:
    """The first day of the month, quarter and year up to `day`, by what they are called."""
    return {str(span): span.first(day) for span in Span}


def _written(rows: Iterable[KeptPart]) -> Sequence[tuple[int, str, str]]:
    """Rows of the trail that any of these may rest on, since the first of them; one query."""
    rows = list(rows)
    if not rows:
        return ()
    read = _since(*sorted({one.part for one in rows}))
    return [(one.pk, one.kind, one.act) for one in read(trail_id=min(one.trail_id for one in rows))["written"]]


# Planned anew: how many rows come after a place in the trail is what its best plan hangs on.
@together_planned_anew
def _since(*names):
    concerned = Q(pk__in=[])
    for name in names:
        concerned |= _PARTS[name].concerned
    later = TrailEntry.objects.filter(concerned, pk__gt=Slot("trail_id"))
    return {"written": later.order_by().only("kind", "act")}


def _holds(one: KeptPart, written: Sequence[tuple[int, str, str]]) -> bool:
    """Whether nothing was written since. What was counted on its own day holds on that day alone: what was planned for
    it has taken place by the next.
    """
    on_time = one.day == workdays.today() or one.day < _day_of(one.counted_at)
    return on_time and _seen(_PARTS[one.part], written, one.trail_id) == one.seen


def _seen(part: Part, written: Iterable[tuple[int, str, str]], after: int, until: int = 2**63) -> int:
    return sum(after < pk <= until and part.is_touched_by(kind, act) for pk, kind, act in written)


def _counted(part: Part, day: dt.date, area: str) -> Kept:
    """Counted now. The place in the trail is taken before, so that what is written meanwhile makes it stale."""
    boundary = _settled_id()
    seen = TrailEntry.objects.filter(part.concerned, pk__gt=boundary).count()
    at = workdays.now()
    data = part.count(day, area)
    row = KeptPart(part=part.name, area=area, day=day, data=data, counted_at=at, trail_id=boundary, seen=seen)
    try:
        with transaction.atomic():
            KeptPart.objects.bulk_create(
                [row],
                update_conflicts=True,
                unique_fields=["part", "area", "day"],
                update_fields=["data", "counted_at", "trail_id", "seen"],
            )
    except DatabaseError:  # who only reads is not kept from it because nothing can be kept just now
        pass
    return Kept(data, at)


def _settled_id() -> int:
    """The last row of the trail that is so old that all before it are there."""
    return TrailEntry.objects.filter(at__lte=workdays.now() - SETTLED).aggregate(last=Max("pk"))["last"] or 0


def _day_of(moment: dt.datetime) -> dt.date:
    return moment.astimezone(workdays.BERLIN).date()
