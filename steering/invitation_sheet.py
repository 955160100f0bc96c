"""The invitation on paper (PDF/UA): place and time, the agenda as its reader may see it, papers and deadlines."""

from typing import Any

from django.utils import timezone

from kim.models import County
from kim.printing import document
from steering.agendas import Agenda
from steering.calendar_entries import place_of
from steering.models import AgendaItem, Meeting

WEEKDAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


def sheet(meeting: Meeting, agenda: Agenda) -> bytes:
    return document("invitation", _data(meeting, agenda, County.current().name))


def _data(meeting: Meeting, agenda: Agenda, county: str) -> dict[str, Any]:
    local = timezone.localtime(meeting.starts_at)
    day = f"{WEEKDAYS[local.weekday()]}, {local:%d.%m.%Y}"
    facts = [("Gremium", str(meeting.body))]
    if meeting.written_until:
        facts.append(("Stimmabgabe", f"{day} bis einschließlich {meeting.written_until:%d.%m.%Y}"))
    else:
        hours = f", {local:%H:%M} bis {timezone.localtime(meeting.ends_at):%H:%M} Uhr" if meeting.has_hour else ""
        facts.append(("Tag", f"{day}{hours}"))
    facts.append(("Form", meeting.get_mode_display()))
    if where := place_of(meeting):
        facts.append(("Ort", where))
    if meeting.video_url:
        facts.append(("Zugang", meeting.video_url))
    return {
        "lang": "de",
        "title": f"{'Einladung' if not meeting.cancelled_at else 'Abgesagt'}: {meeting.title or meeting.body}",
        "county": county,
        "footer": " · ".join(part for part in (county, str(meeting.body), f"Sitzung am {local:%d.%m.%Y}") if part),
        "standing": "" if meeting.invited_at else "Entwurf: Die Einladung ist noch nicht versandt.",
        "facts": facts,
        "items": [_item(item) for item in agenda.every],
        "papers": [paper.title for paper in agenda.papers],
        "deadlines": [
            f"Themen anmelden: bis {meeting.topics_until:%d.%m.%Y}",
            f"Unterlagen einreichen: bis {meeting.papers_until:%d.%m.%Y}",
            f"Geschäftsordnung: {meeting.rules.standing}",
        ],
        "where": "Tagesordnung und Unterlagen stehen in KIM unter „Sitzungen“.",
    }


def _item(item: AgendaItem) -> dict[str, Any]:
    if not item.shown:
        return {"title": "Für Sie nicht sichtbarer Punkt", "kind": item.get_kind_display(), "papers": []}
    about = [str(item.issue), str(item.issue.municipality or "")] if item.issue else []
    words = [*about, item.get_kind_display(), "nach der Einladung aufgenommen" if item.is_late else ""]
    return {
        "title": item.heading,
        "kind": " · ".join(word for word in words if word),
        "papers": [paper.title for paper in item.enclosed],
    }
