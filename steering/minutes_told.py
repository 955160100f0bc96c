"""Who is told of minutes, and what is due about them: the draft, the answers to objections, the next version."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

from django.db.models import F, Q

from kim import workdays
from kim.addresses import address
from kim.models import Organisation, Role, User
from kim.models.people import with_role
from kim.notices import Telling, once_each, tell
from steering.duties import Duty, source
from steering.models import Body, Meeting, Minutes, Objection, RulesOfProcedure
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


@source("minutes")
def open_until(day: dt.date) -> Iterable[Duty]:
    """Drafts of meetings that were opened, objections to answer, and next versions after an objection was accepted."""
    found = list(_all())
    if not found:
        return []
    office, rules = frozenset(with_role(Role.STRATEGIC_OFFICE).values_list("pk", flat=True)), _rules_by_day()
    due = [_duty(key, begin + dt.timedelta(days=days(rules(meeting))), meeting, words, office)
           for key, begin, days, meeting, words in found]  # fmt: skip
    return [duty for duty in due if duty.due_on <= day]


#: Key, the day it counts from, how many days there are by the rules, the meeting, and what is to be done.
Open = tuple[str, dt.date, Callable[[RulesOfProcedure], int], Meeting, str]


def _all() -> Iterator[Open]:
    unsent = Q(minutes__isnull=True) | Q(minutes__sent_at__isnull=True)
    held = Meeting.objects.filter(unsent, opened_at__isnull=False, cancelled_at__isnull=True).select_related("body")
    for meeting in held:
        words = "Entwurf der Niederschrift versenden"
        yield f"minutes:{meeting.pk}", meeting.day, lambda rules: rules.minutes_days, meeting, words
    waiting = Q(accepted__isnull=True) | Q(accepted=True, version=F("minutes__version"))
    standing = Objection.objects.filter(waiting, minutes__approved_on__isnull=True)
    reopened: dict[int, tuple[dt.datetime, Minutes]] = {}
    for one in standing.select_related("minutes__meeting__body"):
        if one.decided_at is None:
            until = one.minutes.objections_until or one.at.astimezone(workdays.BERLIN).date()
            words = "Über eine Einwendung entscheiden"
            yield f"objection:{one.pk}", until, lambda rules: 0, one.minutes.meeting, words
        else:
            last, _ = reopened.get(one.minutes_id, (one.decided_at, one.minutes))
            reopened[one.minutes_id] = (max(last, one.decided_at), one.minutes)
    for answered_at, minutes in reopened.values():
        key, begin = (
            f"minutes:{minutes.meeting_id}:{minutes.version + 1}",
            answered_at.astimezone(workdays.BERLIN).date(),
        )
        words = "Neue Fassung der Niederschrift versenden"
        yield key, begin, lambda rules: rules.minutes_days, minutes.meeting, words


def _duty(key: str, due: dt.date, meeting: Meeting, words: str, people: frozenset[int]) -> Duty:
    url = address("steering:minutes_detail", meeting.pk)
    return Duty(key, due, f"Niederschrift: {name_of(meeting)}", words, url, people)


def _rules_by_day() -> Callable[[Meeting], RulesOfProcedure]:
    """RulesOfProcedure.in_force for many meetings: its own rules, else the steering group's, else the defaults."""
    adopted = list(RulesOfProcedure.objects.filter(valid_from__isnull=False).defer("text").select_related("body"))

    def of(meeting: Meeting) -> RulesOfProcedure:
        held = [
            rules
            for rules in adopted
            if rules.valid_from
            and rules.valid_from <= meeting.day
            and (rules.valid_until is None or meeting.day < rules.valid_until)
            and (rules.body_id == meeting.body_id or rules.body.kind == Body.Kind.STEERING)
        ]
        return min(held, key=lambda rules: rules.body_id != meeting.body_id, default=RulesOfProcedure())

    return of
