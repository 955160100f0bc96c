"""Meetings as calendars know them (iCalendar, RFC 5545 and 5546): when, where and of which body, no word of the agenda.

An entry keeps its UID for good; SEQUENCE grows with every change, so that a calendar knows which one is the latest.
"""

import datetime as dt
from email.utils import parseaddr

from django.conf import settings
from django.utils import timezone

from kim import workdays
from kim.calendars import berlin
from kim.models import User
from steering.models import Meeting

REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"


def entry(meeting: Meeting, method: str, attendee: User | None = None) -> str:
    """The meeting as an iCalendar object; in a mail `attendee` is the one person who gets it."""
    # Imported here: few processes ever write an entry, and all would carry the library.
    from icalendar import Calendar

    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", "-//KIM//Kommunales Integrationsmanagement//DE")
    made.add("method", method)
    made.add_component(berlin())
    made.add_component(event(meeting, cancelled=method == CANCEL or meeting.cancelled_at is not None, to=attendee))
    return made.to_ical().decode()


def event(meeting: Meeting, *, cancelled: bool, to: User | None = None):
    """The VEVENT. A procedure in writing, and a meeting whose hour nobody recorded, fill whole days."""
    from icalendar import Event, vCalAddress

    made = Event()
    made.add("uid", meeting.uid)
    made.add("sequence", meeting.sequence)
    made.add("dtstamp", workdays.now())
    if meeting.mode == Meeting.Mode.WRITTEN or not meeting.has_hour:
        made.add("dtstart", meeting.day)
        made.add("dtend", (meeting.written_until or meeting.day) + dt.timedelta(days=1))
        made.add("transp", "TRANSPARENT")
    else:
        made.add("dtstart", timezone.localtime(meeting.starts_at, workdays.BERLIN))
        made.add("dtend", timezone.localtime(meeting.ends_at, workdays.BERLIN))
    made.add("summary", ": ".join(part for part in (str(meeting.body), meeting.title) if part))
    if where := place_of(meeting):
        made.add("location", where)
    address = settings.BASE_URL + meeting.get_absolute_url()
    lines = [meeting.get_mode_display(), f"Tagesordnung und Unterlagen: {address}"]
    if meeting.video_url:
        lines.insert(1, f"Videokonferenz: {meeting.video_url}")
    made.add("description", "\n".join(lines))
    made.add("url", address)
    made.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    organizer = vCalAddress(f"mailto:{sender}")
    organizer.params["CN"] = name or "KIM"
    made.add("organizer", organizer)
    if to is not None:
        attendee = vCalAddress(f"mailto:{to.email}")
        attendee.params["CN"] = str(to)
        attendee.params["PARTSTAT"] = "NEEDS-ACTION"
        attendee.params["RSVP"] = "FALSE"
        made.add("attendee", attendee)
    return made


def place_of(meeting: Meeting) -> str:
    """„Kreishaus, Raum 3 und Videokonferenz“."""
    video = meeting.mode in (Meeting.Mode.VIDEO, Meeting.Mode.HYBRID)
    return " und ".join(part for part in (meeting.place, "Videokonferenz" if video else "") if part)
