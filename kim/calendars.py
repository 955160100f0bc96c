"""What stands in a person's calendar, and how a calendar program reads it. Apps hang in what they know of.

An entry tells place, body, number and kind of thing: nothing of a person, no text of an issue or a case. Whoever reads
it sees no more than they do after signing in; what is behind it they read there.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F, Q

from kim import workdays
from kim.models import Absence, Assignment
from kim.navigation import county_of
from kim.workdays import ONE_DAY

#: So far back and ahead a calendar reaches.
BACK, AHEAD = dt.timedelta(days=60), dt.timedelta(days=366)
#: Days at a place are told for half a year: further ahead the duties change.
PRESENCE = dt.timedelta(days=183)

#: Since 1996, as calendar programs expect it: with rules, so that every year has its two nights.
TIMEZONE = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""
#: Characters no line of a calendar may hold; line ends are written as „\\n“.
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Entry:
    """A date. Begins and ends at moments, or is about whole days: from `start` to before `end` (empty: one day).

    `url` is an address within KIM. Entries that only remind do not make a day look taken (`is_free`).
    """

    uid: str
    start: dt.date
    summary: str
    end: dt.date | None = None
    url: str = ""
    location: str = ""
    sequence: int = 0
    is_cancelled: bool = False
    is_free: bool = False

    @property
    def is_whole_day(self) -> bool:
        return not isinstance(self.start, dt.datetime)

    @property
    def until(self) -> dt.date:
        if self.end is not None:
            return self.end
        return self.start + ONE_DAY if self.is_whole_day else self.start

    @property
    def begins(self) -> dt.datetime:
        """For putting days and moments in order."""
        if isinstance(self.start, dt.datetime):
            return self.start
        return dt.datetime.combine(self.start, dt.time(), workdays.BERLIN)


#: `(user, first, last) -> entries` between two days, both included, in a fixed number of queries.
Source = Callable[..., Iterable[Entry]]
_SOURCES: dict[str, Source] = {}


def source(name: str) -> Callable[[Source], Source]:
    """Hang a source into every calendar; a second one of the same name replaces the first."""

    def register(function: Source) -> Source:
        _SOURCES[name] = function
        return function

    return register


def berlin():
    """The VTIMEZONE of every calendar and invitation; the one icalendar makes up begins summer time an hour off."""
    from icalendar import Timezone

    return Timezone.from_ical(TIMEZONE.replace("\n", "\r\n"))


def uid_of(name: str) -> str:
    """„meeting-17“ → „meeting-17@kim.example.org“: the same in every calendar and invitation of this installation."""
    return f"{name}@{urlsplit(settings.BASE_URL).hostname}"


def entries_of(user) -> list[Entry]:
    """All that stands in the calendar of `user` today, by time; nothing once their roles have ended."""
    if not any(hat.roles for hat in user.hats()):
        return []
    today = workdays.today()
    parts = (_SOURCES[name](user, today - BACK, today + AHEAD) for name in sorted(_SOURCES))
    found = {entry.uid: entry for part in parts for entry in part}
    return sorted(found.values(), key=lambda entry: (entry.begins, entry.uid))


# Who is where on which day


@source("presence")
def presence(user, first: dt.date, last: dt.date) -> list[Entry]:
    """Days at a municipality by the weekdays of the user's duties, without holidays and days they are away.

    Days that follow each other are one entry. No rule with exceptions: not every program leaves the exceptions out.
    Duties without weekdays tell nothing about a day.
    """
    first -= dt.timedelta(days=first.weekday())  # so that a week does not begin anew every day
    last = min(last, workdays.today() + PRESENCE)
    begun = Q(valid_from__lte=last) & (Q(valid_until__isnull=True) | Q(valid_until__gt=first))
    duties = Assignment.objects.filter(begun, user=user, known_until__isnull=True, municipality__isnull=False)
    duties = duties.exclude(weekdays="").annotate(place=F("municipality__name")).order_by("pk")
    away = list(Absence.objects.filter(begun, user=user))
    rules = county_of(user).workday_rules

    def is_there(duty: Assignment, day: dt.date) -> bool:
        on_duty = duty.holds_on(day) and str(day.isoweekday()) in duty.weekdays
        return on_duty and workdays.day_off(day, rules) is None and not any(one.holds_on(day) for one in away)

    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    return [
        Entry(uid_of(f"presence-{duty.pk}-{start:%Y%m%d}"), start, f"vor Ort: {duty.place}", end, is_free=True)
        for duty in duties
        for start, end in _runs(day for day in days if is_there(duty, day))
    ]


def _runs(days: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Days in order as spans from the first to before the day after the last."""
    found: list[tuple[dt.date, dt.date]] = []
    for day in days:
        if found and found[-1][1] == day:
            found[-1] = (found[-1][0], day + ONE_DAY)
        else:
            found.append((day, day + ONE_DAY))
    return found


# As a file


def as_ics(entries: Iterable[Entry], name: str) -> bytes:
    """The entries as a calendar (RFC 5545) called `name`; on one day the same entries make the same file."""
    from icalendar import Calendar  # here: few workers ever write a calendar, and all would carry it

    book = Calendar()
    for key, value in (
        ("PRODID", "-//KIM//Kalender//DE"),
        ("VERSION", "2.0"),
        ("CALSCALE", "GREGORIAN"),
        ("X-WR-CALNAME", _text(name)),
        ("X-WR-TIMEZONE", "Europe/Berlin"),
        ("X-PUBLISHED-TTL", "PT1H"),
    ):
        book.add(key, value)
    book.add("REFRESH-INTERVAL", dt.timedelta(hours=1), parameters={"VALUE": "DURATION"})
    book.add_component(berlin())
    stamp = dt.datetime.combine(workdays.today(), dt.time(), workdays.BERLIN).astimezone(dt.UTC)
    for entry in entries:
        book.add_component(_event(entry, stamp))
    return book.to_ical()


def _event(entry: Entry, stamp: dt.datetime):
    from icalendar import Event

    event = Event()
    event.add("UID", entry.uid)
    event.add("DTSTAMP", stamp)
    event.add("DTSTART", _local(entry.start))
    event.add("DTEND", _local(entry.until))
    event.add("SUMMARY", _text(f"Abgesagt: {entry.summary}" if entry.is_cancelled else entry.summary))
    event.add("STATUS", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("SEQUENCE", entry.sequence)
    event.add("TRANSP", "TRANSPARENT" if entry.is_free or entry.is_cancelled else "OPAQUE")
    if entry.location:
        event.add("LOCATION", _text(entry.location))
    if entry.url:
        event.add("URL", f"{settings.BASE_URL}{entry.url}")
    return event


def _local(when: dt.date) -> dt.date:
    return when.astimezone(workdays.BERLIN) if isinstance(when, dt.datetime) else when


@lru_cache(maxsize=1000)
def _text(words: str) -> str:
    return _CONTROL.sub(" ", words.replace("\r\n", "\n").replace("\r", "\n")).strip()
