"""Who is told of minutes, and what is due about them: the draft, the answers to objections, the next version."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

from django.db.models import Max, Q

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
    office = frozenset(with_role(Role.STRATEGIC_OFFICE).values_list("pk", flat=True))
    return [duty for duty in _all(_rules_by_day(), office) if duty.due_on <= day]


def _all(rules: Callable[[Meeting], RulesOfProcedure], office: frozenset[int]) -> Iterator[Duty]:
    unsent = Q(minutes__isnull=True) | Q(minutes__sent_at__isnull=True)
    held = Meeting.objects.filter(unsent, opened_at__isnull=False, cancelled_at__isnull=True).select_related("body")
    for meeting in held:
        due = meeting.day + dt.timedelta(days=rules(meeting).minutes_days)
        yield _duty(f"minutes:{meeting.pk}", due, meeting, "Entwurf der Niederschrift versenden", office)
    standing = Objection.objects.filter(minutes__approved_on__isnull=True)
    waiting = standing.filter(accepted__isnull=True).select_related("minutes__meeting__body")
    for one in waiting:
        due = one.minutes.objections_until or one.at.astimezone(workdays.BERLIN).date()
        yield _duty(f"objection:{one.pk}", due, one.minutes.meeting, "Über eine Einwendung entscheiden", office)
    reopened = (
        Minutes.objects.filter(objections__in=standing.filter(accepted=True), approved_on__isnull=True)
        .exclude(pk__in=Minutes.objects.undisputed().values("pk"))
        .annotate(answered_at=Max("objections__decided_at"))
        .select_related("meeting__body")
    )
    for minutes in reopened:
        due = minutes.answered_at.astimezone(workdays.BERLIN).date()
        due += dt.timedelta(days=rules(minutes.meeting).minutes_days)
        words = "Neue Fassung der Niederschrift versenden"
        yield _duty(f"minutes:{minutes.meeting_id}:{minutes.version + 1}", due, minutes.meeting, words, office)


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
