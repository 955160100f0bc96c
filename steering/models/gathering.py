"""What minutes say, drawn from what was recorded of a meeting: words ready to be read, the same on page, PDF and DOCX.

Institutions and functions, never persons. The answer is plain JSON, for it is kept as it was sent.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils import timezone

from kim import workdays
from kim.dated import valid_on
from steering.models.bodies import Membership
from steering.models.decisions import Attendance, Resolution, Vote
from steering.models.meetings import AgendaItem, Meeting
from steering.models.rules import RulesOfProcedure
from steering.models.voices import quorum, voices_among

NOT_RECORDED = "Die Anwesenheit ist nicht festgehalten; die Beschlussfähigkeit lässt sich nicht feststellen."
NOT_VOTED = "Es ist keine Stimme abgegeben worden; der Umlauf ist nicht beschlussfähig."


def gathered(meeting: Meeting, rules: RulesOfProcedure, *, opening: str, closing: str) -> dict[str, Any]:
    """Under the `rules` of its day. `items` name their issue by id: not everybody reads its title (Minutes.read_by)."""
    attended = list(
        meeting.attendances.select_related("seat__organisation", "seat__user", "seat__deputy_of__organisation",
                                           "seat__deputy_of__user")
    )  # fmt: skip
    seats = list(meeting.body.memberships.valid_on(meeting.day).select_related("user", "organisation"))
    votes = list(Vote.objects.filter(item__meeting=meeting).select_related("seat__organisation", "seat__user"))
    return {
        "title": f"Niederschrift: {meeting.title or meeting.body.name}, {meeting.day:%d.%m.%Y}",
        "facts": _facts(meeting, rules),
        "attendance": [
            [place_of(row.seat), function_of(row.seat), row.get_presence_display()] for row in attended if row.seat
        ],
        "guests": [row.guest for row in attended if row.guest],
        "quorum": _quorum(meeting, seats, attended, votes, rules),
        "opening": opening,
        "items": list(_items(meeting, votes)),
        "closing": closing,
    }


def seats_then_or_now(meeting: Meeting):
    """The seats of its body that hold on the day of the meeting or today."""
    held = valid_on(meeting.day) | valid_on(workdays.today())
    return Membership.objects.filter(held, body=meeting.body).select_related("user", "organisation")


def place_of(seat: Membership) -> str:
    """The institution; where a seat has none, its account, which is named by function."""
    return str(seat.organisation or seat.user)


def function_of(seat: Membership) -> str:
    """„Vertretung für Jobcenter“, „beratend“, „Mitglied“."""
    whose = f" für {place_of(seat.deputy_of)}" if seat.deputy_of else ""
    return f"{seat.get_function_display()}{whose}"


def _quorum(meeting: Meeting, seats, attended, votes, rules) -> str:
    """In words: how many of the voices were there (in writing: voted), and whether that is enough by the rules."""
    if meeting.is_written:
        there = {vote.cast_by_seat_id or vote.seat_id for vote in votes}
    else:
        there = {row.seat_id for row in attended if row.seat_id and row.presence == Attendance.Presence.PRESENT}
    if not there:
        return NOT_VOTED if meeting.is_written else NOT_RECORDED
    voices = voices_among(seats, by_institution=rules.voices == RulesOfProcedure.Voices.INSTITUTION)
    found = quorum(voices, there, rules)
    return (
        f"{'Beschlussfähig' if found.reached else 'Nicht beschlussfähig'}: {found.there} von {found.of} Stimmen "
        f"{'abgegeben' if meeting.is_written else 'vertreten'}, nötig sind {found.percent} Prozent."
    )


def _facts(meeting: Meeting, rules: RulesOfProcedure) -> list[list[str]]:
    facts = [
        ("Gremium", meeting.body.name),
        ("Tag", f"{workdays.WEEKDAYS[meeting.day.weekday()]}, {meeting.day:%d.%m.%Y}"),
        ("Beginn", _hour(meeting.opened_at) or (_hour(meeting.starts_at) if meeting.has_hour else "")),
        ("Ende", _hour(meeting.closed_at)),
        ("Form", meeting.get_mode_display()),
        ("Stimmabgabe bis", f"{meeting.written_until:%d.%m.%Y}" if meeting.written_until else ""),
        ("Ort", meeting.place),
        ("Eingeladen am", f"{timezone.localtime(meeting.invited_at):%d.%m.%Y}" if meeting.invited_at else ""),
        ("Grundlage", str(rules) if rules.pk else ""),
    ]
    return [[label, words] for label, words in facts if words]


def _hour(moment) -> str:
    return f"{timezone.localtime(moment):%H:%M} Uhr" if moment else ""


def numbered(meeting: Meeting, rows: Iterable[AgendaItem]) -> Iterator[tuple[int, str, AgendaItem]]:
    """Number, standing and item, in order. What was taken off the agenda, or not let on it, has no number (0)."""
    number = 0
    for item in rows:
        item.meeting = meeting
        left_out = "abgesetzt" if item.withdrawn_at else "nicht zugelassen" if item.waits_for_admission else ""
        number += not left_out
        yield (0, left_out, item) if left_out else (number, _admission(item), item)


def bare_numbers(meeting: Meeting) -> list[int]:
    """The numbers of items of which neither a word nor a decision is kept."""
    rows = meeting.agenda.in_order().select_related("resolution")
    return [no for no, _, item in numbered(meeting, rows) if no and not (item.notes or hasattr(item, "resolution"))]


def _items(meeting: Meeting, votes: list[Vote]) -> Iterator[dict[str, Any]]:
    agenda = meeting.agenda.in_order()
    rows = agenda.select_related("issue", "open_resolution", "rules", "minutes__meeting", "resolution")
    given: dict[int, list[Vote]] = {}
    for vote in votes:
        given.setdefault(vote.item_id, []).append(vote)
    for number, standing, item in numbered(meeting, rows):
        yield {
            "item": item.pk,
            "no": number,
            "issue": item.issue_id,
            "number": (item.issue.number or "") if item.issue else "",
            "subject": subject_of(item),
            "kind": item.get_kind_display(),
            "standing": standing,
            "notes": item.notes,
            **_decided(getattr(item, "resolution", None), given.get(item.pk, [])),
        }


def subject_of(item: AgendaItem) -> str:
    if item.issue:
        return item.issue.title
    if item.open_resolution:
        return f"Beschluss {item.open_resolution}"
    if item.minutes:
        return f"Niederschrift der Sitzung vom {item.minutes.meeting.day:%d.%m.%Y}"
    return str(item.rules or item.title)


def _admission(item: AgendaItem) -> str:
    if not item.admitted_at:
        return ""
    return f"nach der Einladung zugelassen{f' ({item.admission})' if item.admission else ''}"


def _decided(resolution: Resolution | None, votes: list[Vote]) -> dict[str, Any]:
    given = [vote.value for vote in votes]
    count = tuple(given.count(value) for value in Vote.Value)
    found = {
        "votes": [[place_of(vote.seat), vote.get_value_display()] for vote in votes],
        "resolution": "", "verdict": "", "text": "", "owner": "",
        "count": _count(*count) if votes else "",
    }  # fmt: skip
    if resolution is None:
        return found
    return found | {
        "resolution": resolution.number,
        "verdict": resolution.get_verdict_display(),
        "text": resolution.text,
        "owner": resolution.owner + (f", bis {resolution.due_on:%d.%m.%Y}" if resolution.due_on else ""),
        "count": "im Konsens" if resolution.consensus else _count(resolution.yes, resolution.no, resolution.abstained),
    }


def _count(yes: int, no: int, abstained: int) -> str:
    return f"Ja {yes}, Nein {no}, Enthaltungen {abstained}" if yes or no or abstained else ""
