"""What steering shows on „Heute“. Imported by the app's configuration; see kim.today for what a section is."""

import datetime as dt
from functools import reduce
from operator import or_

from django.db.models import Case, F, Q, Value, When

from kim import workdays
from kim.addresses import address
from kim.models import Absence, Assignment, Role
from kim.paging import first_rows
from kim.today import ASIDE, MAIN, monday_of, section
from kim.together import Slot, day, moment, together
from steering import access, desks, duties, register, whereabouts
from steering.escalation import HOLDER, State
from steering.models import AgendaItem, Body, Issue, Measure, Meeting

#: So many of what waits are shown; the list behind the link has them all.
WAITING = 12
#: So many items of the next agenda; its page has them all.
AGENDA = 10
#: Who reads the agenda of the next meeting on top.
MEETS = (Role.STEERING_GROUP, Role.STRATEGIC_OFFICE)
EVERY = -1
BY_DUE = ("due_rank", "pk")
#: What this person is asked to do with an issue in a state, for the line on „Heute“.
ASKED = {
    State.COORDINATION: "Sichten und weiterleiten, bündeln oder nachfragen",
    State.STRATEGY: "Aufbereiten und auf die Tagesordnung setzen",
    State.STEERING: "Beraten und entscheiden",
    State.PROJECT: "Bearbeiten; Zwischenbericht",
    State.STATE_LEVEL: "Bei Land oder Bund nachhaken",
    State.FEEDBACK_DUE: "Den Meldenden antworten",
    State.FED_BACK: "Hilft die Lösung in der Praxis?",
}


def line(issue):
    return issue, whereabouts.mini(issue), whereabouts.tone(issue), whereabouts.countdown(issue)


def _meets(user):
    """Nothing for those who do not meet; every meeting, or those of the bodies one sits in."""
    if not user.acts_as(*MEETS):
        return (None,), {}
    if access.sees_every_meeting(user):
        return (EVERY,), {"now": workdays.now()}
    groups = access.groups_of(user)
    return (len(groups),), {"now": workdays.now(), **{f"seat_{number}": pk for number, pk in enumerate(groups)}}


def _following(seats):
    if seats is None:
        return {}
    meetings = Meeting.objects.filter(body__kind=Body.Kind.STEERING).upcoming(moment())
    if seats != EVERY:
        mine = [Q(body=Slot(f"seat_{number}")) for number in range(seats)]
        meetings = meetings.filter(reduce(or_, mine)) if mine else meetings.none()
    items = AgendaItem.objects.undecided().filter(meeting__in=meetings.values("pk")[:1])
    told = {"issue_title": F("issue__title"), "number": F("issue__number"), "place": F("issue__municipality__name")}
    return {
        "meeting": meetings.with_capped_figures().annotate(body_name=F("body__name"))[:1],
        "agenda": items.in_order().annotate(**told)[:AGENDA],
    }


@section("steering/_today_meeting.html", column=MAIN, order=5, sets=_following, who=_meets)
def next_meeting(user, read):
    """For the steering group and the office: the next meeting, and what comes before it."""
    if "meeting" not in read:
        return None
    meeting, items = next(iter(read["meeting"]), None), read["agenda"][:AGENDA]
    return {
        "meeting": meeting,
        "items": [(item, address("steering:issue_detail", item.issue_id)) for item in items],
        "more": meeting.to_decide if meeting and meeting.to_decide > len(items) else 0,
        "workdays": workdays.workdays_between(workdays.today(), meeting.day) if meeting else None,
        "is_office": user.acts_as(Role.STRATEGIC_OFFICE),
    }


@section("steering/_today_waiting.html", column=MAIN, order=10)
def waiting(user):
    """„Das wartet auf Sie“: what the user, or somebody they stand in for, holds, by due date."""
    if not access.sees_content(user):
        return None
    lying = access.Desk.of(user)
    agenda = user.acts_as(*MEETS)
    ask = _waiting(lying.shape, access.reporting(user), agenda)
    rows = ask(**lying.values, today=workdays.today(), now=workdays.now())["waiting"]
    Issue.hang_leads(rows)
    desk = user.acts_as(*access.DESK)
    return {
        "lines": [(*line(issue), ASKED.get(State(issue.state), "")) for issue in rows[:WAITING]],
        "more": len(rows) > WAITING,
        "figures": desks.figures(user) if desk else None,
        "agenda": agenda,
    }


@together
def _waiting(shape, reporting, agenda):
    """What lies there, without what `agenda` has next_meeting show above."""
    desk = access.Desk.in_slots(*shape)
    sets = [Issue.objects.filter(part) for part in desk.held_parts([desk.people[number] for number in reporting])]
    if agenda:
        following = whereabouts.upcoming_meetings().values("pk")[:1]
        sets = [one.exclude(state=State.STEERING, meeting__in=following) for one in sets]
    lines = Issue.objects.bare_lines().annotate(place=F("municipality__name"))
    return {"waiting": first_rows(sets, BY_DUE, WAITING + 1, lines) if sets else lines.none()}


def _told(user):
    """Nothing for those who are never told."""
    if not user.acts_as(Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.STEERING_GROUP):
        return (None, None), {}
    desk, sight = access.Desk.of(user), access.Sight.of(user)
    values = {"since": workdays.add_workdays(workdays.today(), -10), **desk.values, **sight.values}
    return (desk.shape, sight.shape), values


def _late(desk, sight):
    if desk is None:
        return {}
    told = Issue.objects.filter(access.Desk.in_slots(*desk).told_late()).going(day()).filter(due_on__lte=day("since"))
    seen = Case(When(access.Sight.in_slots(*sight).issues(), then="title"), default=Value(""))
    late = told.only("number", "state", "due_on").annotate(told_title=seen)
    return {"late": late.order_by("due_rank", "pk")[: WAITING + 1]}


@section("steering/_today_late.html", column=MAIN, order=25, sets=_late, who=_told)
def told_late(user, read):
    """Ten working days late at an office below: number, office and days; the title where one may see the issue."""
    rows, today = read.get("late"), workdays.today()
    if not rows:
        return None
    lines = [
        (issue, HOLDER[State(issue.state)].label, workdays.workdays_between(issue.due_on, today))
        for issue in rows[:WAITING]
    ]
    return {"lines": lines, "more": len(rows) > WAITING}


@section("steering/_today_measures.html", column=MAIN, order=28)
def measures(user):
    """For those who lead a project group: what the group said it would do, by date."""
    groups = access.led_groups(user) if user.acts_as(Role.PROJECT_GROUP) else []
    if not groups:
        return None
    planned = Measure.objects.filter(issue__body__in=groups, issue__state=State.PROJECT, done_on=None)
    rows = list(planned.select_related("issue").order_by("due_on", "pk")[:WAITING])
    today = workdays.today()
    return {"lines": [(row, *workdays.countdown(row.due_on, today)) for row in rows]} if rows else None


def _reported():
    mine = Issue.objects.filter(access.reported_by(Slot("me")))
    under_way = mine.unended().exclude(state=State.DRAFT)
    return {
        "own_drafts": mine.filter(state=State.DRAFT).order_by(F("number").asc(nulls_last=True), "-pk").bare_lines()[:4],
        "under_way": first_rows([under_way], BY_DUE, 8, Issue.objects.bare_lines()),
    }


@section("steering/_today_reports.html", column=ASIDE, order=20, sets=_reported)
def reports(user, read):
    """„Wo sind meine Meldungen?“, drafts first, those handed back before all: they wait for nobody else."""
    if not user.acts_as(Role.CASE_MANAGER, Role.AUTHORITY):
        return None
    Issue.hang_leads(read["under_way"])
    return {"drafts": read["own_drafts"], "lines": [line(issue) for issue in read["under_way"]]}


def _coordinates(user):
    return (user.acts_as(Role.COORDINATION),), {}


def _handed_back(coordinates):
    if not coordinates:
        return {}
    lying = Issue.objects.handed_back().order_by("state_since", "pk")
    return {"handed_back": lying.only("number", "state_since")[: WAITING + 1]}


@section("steering/_today_handed_back.html", column=MAIN, order=26, sets=_handed_back, who=_coordinates)
def handed_back(user, read):
    """For the coordination: what it gave back and nobody has reported again. Number and day, no word of the draft."""
    rows = read.get("handed_back")
    if not rows:
        return None
    today = workdays.today()
    lines = [(issue, workdays.workdays_between(issue.since, today)) for issue in rows[:WAITING]]
    return {"lines": lines, "more": len(rows) > WAITING}


def _effects(coordinates):
    due = Issue.objects.with_effect_due(day()).order_by("effect_due_on", "pk").only("number", "title", "effect_due_on")
    return {"effects": (due if coordinates else due.filter(access.reported_by(Slot("me"))))[:6]}


@section("steering/_today_effects.html", column=MAIN, order=12, sets=_effects, who=_coordinates)
def effects(user, read):
    """Closed some months ago: does the solution still work? Asked of those who reported it, and of the coordination."""
    return {"issues": read["effects"]} if read["effects"] else None


def _placed():
    """Where somebody and those they stand in for work this week, with the names of both."""
    away = Absence.objects.valid_on(day()).filter(deputy=Slot("me")).values("user")
    begun = Q(valid_from__lte=day("friday")) & (Q(valid_until__isnull=True) | Q(valid_until__gt=day("monday")))
    who = Q(user=Slot("me")) | Q(user__in=away)
    placed = Assignment.objects.filter(begun, who, known_until__isnull=True, municipality__isnull=False)
    return {"placed": placed.order_by("pk").annotate(place=F("municipality__name"))}


@section("steering/_today_place.html", column=ASIDE, order=10, sets=_placed)
def place(user, read):
    """Where the user works on which day of this week (at the weekend: of the next), by the days of the assignments."""
    rows = read["placed"]
    if not rows or not user.acts_as(Role.CASE_MANAGER, Role.AUTHORITY):
        return None
    today = workdays.today()
    days = [_at(monday_of(today) + dt.timedelta(days=n), rows, user) for n in range(5)]
    return {"days": days, "today": today, "here": next((names for day, names, _ in days if day == today), [])}


def _at(one_day, rows, user):
    names = []
    for row in rows:
        if row.holds_on(one_day) and (not row.weekdays or str(one_day.isoweekday()) in row.weekdays):
            names.append(row.place + ("" if row.user_id == user.pk else " (Vertretung)"))
    return one_day, list(dict.fromkeys(names)), workdays.day_off(one_day)


@section("steering/_today_bank.html", column=ASIDE, order=30)
def bank(user):
    """For the office: how much lies on the own bank of the Rhine, per state."""
    if not user.acts_as(Role.STRATEGIC_OFFICE):
        return None
    found = desks.figures(user)
    return {"figures": found, "bank": access.bank_name(user)}


def _watches(user):
    return (access.watches_every_resolution(user),), {}


def _pressing(watches):
    return register.pressing() if watches else {}


@section("steering/_today_resolutions.html", column=MAIN, order=27, sets=_pressing, who=_watches)
def resolutions(user, read):
    """For the office and the chair: what was resolved and is still to be done, the most pressing first."""
    if not read.get("pressing"):
        return None
    (figures,), today = read["resolution_figures"], workdays.today()
    return {
        "lines": [(row, *workdays.countdown(row.due_on, today)) for row in read["pressing"]],
        "open_number": figures.open_number,
        "late_number": figures.late_number,
    }


@section("steering/_today_duties.html", column=MAIN, order=14)
def duties_of_mine(user):
    """Everything else that is due with the user within two weeks, or overdue: one clock, whatever it is about."""
    if not access.has_duties(user):
        return None
    today = workdays.today()
    mine = duties.of(user, today + duties.AHEAD)
    if access.watches_every_resolution(user):  # those have a section of their own
        mine = [duty for duty in mine if not duty.key.startswith("resolution:")]
    if not mine:
        return None
    lines = [(duty, *workdays.countdown(duty.due_on, today)) for duty in mine[:WAITING]]
    return {"lines": lines, "more": len(mine[WAITING:])}
