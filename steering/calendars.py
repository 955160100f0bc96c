"""What steering puts into calendars: meetings of one's bodies, and what lies with somebody until a day.

Of an issue the number, of a duty what may stand in a mail; never a title, a text or a name. See kim.calendars.
"""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q

from kim import workdays
from kim.calendars import ONE_DAY, Entry, source, uid_of
from kim.models import Role
from steering import access, duties
from steering.models import Body, Issue, Meeting

#: Of all that lies on a desk, the most pressing; a calendar with more says nothing any more.
MOST = 200


@source("meetings")
def meetings(user, first: dt.date, last: dt.date) -> Iterator[Entry]:
    """Those of the bodies the user, or somebody they stand in for, sits in today; also those called off.

    The office has no seat in the steering group, but prepares all of its meetings and takes the minutes.
    """
    if not access.sees_content(user):
        return
    own = Q(body__in=access.groups_of(user))
    if user.acts_as(Role.STRATEGIC_OFFICE):
        own |= Q(body__kind=Body.Kind.STEERING)
    seen = Meeting.objects.visible_to(user).filter(own).select_related("body")
    for meeting in seen.filter(starts_at__gte=_midnight(first), starts_at__lt=_midnight(last + ONE_DAY)):
        start, end = _span(meeting)
        yield Entry(
            meeting.uid,
            start,
            _words(meeting),
            end,
            url=meeting.get_absolute_url(),
            location=_where(meeting),
            sequence=meeting.sequence,
            is_cancelled=meeting.cancelled_at is not None,
            is_free=meeting.mode == Meeting.Mode.WRITTEN,
        )


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), workdays.BERLIN)


def _span(meeting: Meeting) -> tuple[dt.date, dt.date | None]:
    """From hour to hour; the last day to vote in writing; the day alone where nobody recorded an hour."""
    if meeting.written_until:
        return meeting.written_until, None
    if not meeting.has_hour:
        return meeting.day, None
    return meeting.starts_at, meeting.starts_at + dt.timedelta(minutes=meeting.minutes_long)


def _words(meeting: Meeting) -> str:
    name, body = meeting.title, meeting.body.name
    if meeting.mode == Meeting.Mode.WRITTEN:
        body = f"{body}, letzter Tag der Stimmabgabe"
    return f"{body}: {name}" if name and name != meeting.body.name else body


def _where(meeting: Meeting) -> str:
    """The place. How to join by video is read after signing in: whoever has the calendar is no guest yet."""
    if meeting.mode == Meeting.Mode.VIDEO:
        return meeting.place or "Videokonferenz"
    return meeting.place


@source("issues")
def due_issues(user, first: dt.date, last: dt.date) -> Iterator[Entry]:
    """Issues on the user's desk whose clock is running."""
    if not access.sees_content(user):
        return
    held = Issue.objects.held_by(user).going(workdays.today()).filter(due_on__range=(first, last))
    for issue in held.order_by("due_rank", "pk").only("number", "due_on")[:MOST]:
        words = f"{issue.number} fällig"
        yield Entry(uid_of(f"issue-{issue.pk}"), issue.due_on, words, url=issue.get_absolute_url(), is_free=True)


@source("duties")
def open_duties(user, first: dt.date, last: dt.date) -> Iterator[Entry]:
    """Everything else that is to be done by a day."""
    if not access.has_duties(user):
        return
    for duty in duties.open_until(last):
        if duty.due_on >= first and duty.is_of(user):
            uid = uid_of(f"duty-{duty.key.replace(':', '-')}")
            yield Entry(uid, duty.due_on, f"{duty.subject}: {duty.words}", url=duty.url, is_free=True)
