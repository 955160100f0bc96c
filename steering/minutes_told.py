"""Who is told of minutes, and what is due about them: the draft, the answers to objections, the next version."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import F, Q

from kim import workdays
from kim.addresses import address
from kim.models import Organisation, Role, User
from kim.models.people import with_role
from kim.notices import Telling, once_each, tell
from kim.together import day
from steering.duties import Duty, source
from steering.models import Meeting, Minutes, Objection, RulesOfProcedure
from steering.models.gathering import seats_then_or_now

BODY, OFFICE, AUTHOR = "body", "strategy", "author"


def name_of(meeting: Meeting) -> str:
    """„Lenkungsgruppe, 10.02.2026“: what may stand in a mail and a calendar."""
    return f"{meeting.body.name}, {meeting.day:%d.%m.%Y}"


def members_of(meeting: Meeting) -> list[User]:
    """Accounts with a seat on the day of the meeting or today, in order of name."""
    people = {seat.user for seat in seats_then_or_now(meeting) if seat.user and seat.user.is_active}
    return sorted(people, key=lambda person: (str(person), person.pk))


def places_without_account(meeting: Meeting) -> list[Organisation]:
    """Institutions with a seat then or now that KIM tells nothing, because nobody has an account for them."""
    seats = list(seats_then_or_now(meeting))
    told = {seat.organisation_id for seat in seats if seat.user and seat.user.is_active}
    found = {seat.organisation for seat in seats if seat.organisation and seat.organisation_id not in told}
    return sorted(found, key=lambda place: (str(place), place.pk))


def tellings(minutes: Minutes, act: str, *, by: User | None, objection: Objection | None = None) -> list[Telling]:
    """What whom is told of `act`; for „send“ also before, then as of today. Who has no account the office tells."""
    meeting = minutes.meeting
    which, day = name_of(meeting), f"vom {meeting.day:%d.%m.%Y}"
    if act == "send":
        until = minutes.objections_until or workdays.today() + dt.timedelta(days=minutes.rules.objection_days)
        version = "" if minutes.version < 2 else f" in Fassung {minutes.version}"
        text = (
            f"Die Niederschrift der Sitzung {day} liegt vor{version}. Einwendungen bis einschließlich {until:%d.%m.%Y}."
        )
        told = Telling(BODY, meeting.body.name, tuple(members_of(meeting)), f"Niederschrift: {which}", text)
    elif act == "object":
        office = tuple(with_role(Role.STRATEGIC_OFFICE))
        text = f"Zur Niederschrift der Sitzung {day} liegt eine Einwendung vor. Bitte entscheiden Sie darüber."
        told = Telling(OFFICE, "Geschäftsstelle", office, f"Einwendung zur Niederschrift: {which}", text)
    elif act == "objection_decide" and objection and not objection.organisation:
        text = f"Über Ihre Einwendung zur Niederschrift der Sitzung {day} ist entschieden: {objection.standing}."
        told = Telling(AUTHOR, "Wer sie erhob", (objection.by,), f"Ihre Einwendung: {which}", text)
    else:
        return []
    return once_each([told], without=by)


def tell_of(sender, *, obj, act, record, given, **kwargs) -> None:
    told = tellings(obj, act, by=record.by, objection=given.get("objection"))
    tell(told, key=f"minutes:{record.pk}", url=obj.get_absolute_url())


# What is due


def _sets():
    unsent = Q(minutes__isnull=True) | Q(minutes__sent_at__isnull=True)
    held = Meeting.objects.filter(unsent, opened_at__isnull=False, cancelled_at__isnull=True)
    waiting = Q(accepted__isnull=True) | Q(accepted=True, version=F("minutes__version"))
    standing = Objection.objects.filter(waiting, minutes__approved_on__isnull=True)
    told = {
        "meeting": F("minutes__meeting"),
        "version_sent": F("minutes__version"),
        "until": F("minutes__objections_until"),
        "starts_at": F("minutes__meeting__starts_at"),
        "body": F("minutes__meeting__body"),
        "body_name": F("minutes__meeting__body__name"),
    }
    return {
        "unwritten": held.order_by("pk").only("starts_at", "body").annotate(body_name=F("body__name")),
        "objections": standing.order_by("pk").only("accepted", "decided_at", "at", "minutes").annotate(**told),
        "minutes_rules": RulesOfProcedure.of_bodies(),
        "writing_office": with_role(Role.STRATEGIC_OFFICE, day()).order_by("pk").only("pk"),
    }


@source("minutes", sets=_sets)
def open_until(until: dt.date, read: dict) -> Iterator[Duty]:
    """Drafts of meetings that were opened, objections to answer, and next versions after an objection was accepted."""
    office = frozenset(one.pk for one in read["writing_office"])
    for key, meeting, due, words in _due(read):
        if due <= until:
            told = f"Niederschrift: {meeting.body_name}, {meeting.day:%d.%m.%Y}"
            yield Duty(key, due, told, words, address("steering:minutes_detail", meeting.pk), office)


def _due(read: dict) -> Iterator[tuple[str, Any, dt.date, str]]:
    def in_time(meeting, begin: dt.date) -> dt.date:
        rules = RulesOfProcedure.held_by(read["minutes_rules"], meeting.body_id, meeting.day)
        return begin + dt.timedelta(days=rules.minutes_days)

    for meeting in read["unwritten"]:
        yield f"minutes:{meeting.pk}", meeting, in_time(meeting, meeting.day), "Entwurf der Niederschrift versenden"
    reopened: dict[int, Any] = {}
    for one in read["objections"]:
        if one.decided_at is None:
            until = one.until or one.at.astimezone(workdays.BERLIN).date()
            yield f"objection:{one.pk}", _meeting_of(one), until, "Über eine Einwendung entscheiden"
        else:
            last = reopened.get(one.minutes_id)
            reopened[one.minutes_id] = one if last is None or one.decided_at > last.decided_at else last
    for one in reopened.values():
        meeting, begin = _meeting_of(one), one.decided_at.astimezone(workdays.BERLIN).date()
        key = f"minutes:{one.meeting}:{one.version_sent + 1}"
        yield key, meeting, in_time(meeting, begin), "Neue Fassung der Niederschrift versenden"


def _meeting_of(objection) -> Any:
    meeting: Any = Meeting(pk=objection.meeting, starts_at=objection.starts_at, body_id=objection.body)
    meeting.body_name = objection.body_name
    return meeting
