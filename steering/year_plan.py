"""The meetings of a year by a pattern („jeden zweiten Dienstag im März, Juni …“): which days that means."""

import calendar
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from kim import workdays

LAST = -1
#: What stands in the form → which of the weekdays of a month it is.
NTH = ((1, "erster"), (2, "zweiter"), (3, "dritter"), (4, "vierter"), (LAST, "letzter"))
WEEKDAYS = tuple(enumerate(("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag")))
MONTHS = tuple(
    enumerate(
        ("Januar", "Februar", "März", "April", "Mai", "Juni",
         "Juli", "August", "September", "Oktober", "November", "Dezember"), 1,
    )
)  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """One meeting of the plan. `moved` names the holiday it was moved from, `barred` why it cannot be planned, `beside`
    the meetings of other bodies at the same time.
    """

    starts_at: dt.datetime
    moved: str = ""
    barred: str = ""
    beside: tuple[str, ...] = ()

    @property
    def day(self) -> dt.date:
        return self.starts_at.date()


def day_of(year: int, month: int, nth: int, weekday: int) -> dt.date:
    """The n-th such weekday of a month (0 is Monday), or the last one."""
    first, length = calendar.monthrange(year, month)
    days = range(1 + (weekday - first) % 7, length + 1, 7)
    return dt.date(year, month, days[nth if nth == LAST else nth - 1])


def plan(
    *,
    year: int,
    months: Iterable[int],
    nth: int,
    weekday: int,
    hour: dt.time,
    minutes_long: int,
    rules: workdays.Rules,
    there: Iterable,
    body,
) -> list[Planned]:
    """Every month's meeting; `there` are the meetings planned already, of all bodies."""
    there = list(there)
    found = []
    for month in sorted(months):
        meant = day_of(year, month, nth, weekday)
        day = workdays.next_workday(meant, rules)
        starts_at = dt.datetime.combine(day, hour, workdays.BERLIN)
        moved = f"{meant:%d.%m.%Y} ist {workdays.day_off(meant, rules)}" if day != meant else ""
        same_day = [one for one in there if one.day == day]
        own = next((one for one in same_day if one.body_id == body.pk), None)
        barred = f"An diesem Tag tagt das Gremium schon: {own}." if own else ""
        if starts_at <= workdays.now():
            barred = "Dieser Tag ist vorbei."
        ends_at = starts_at + dt.timedelta(minutes=minutes_long)
        beside = tuple(
            str(one)
            for one in same_day
            if one.body_id != body.pk and one.starts_at < ends_at and one.ends_at > starts_at
        )
        found.append(Planned(starts_at, moved, barred, beside))
    return found
