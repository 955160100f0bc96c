"""Makers of test objects. An issue at a state got there by real steps, taken by people who may take them.

Everything is made on demand, and only once where there is only one of it in life: code lists, time limits, the
steering group with its chair and its next meeting, the project group of a place.
"""

import datetime as dt
import io
from itertools import count
from types import SimpleNamespace

from django.db import transaction

from kim import uploads, workdays
from kim.models import Code, County, Municipality, Organisation, Role, RoleGrant, User
from kim.models.people import with_role
from steering.escalation import ESCALATION, State
from steering.models import AgendaItem, Body, Issue, Meeting, Membership, Paper, Resolution, Statement, TimeLimit

LONG_AGO = dt.date(2020, 7, 1)
LIMITS = {
    State.COORDINATION: (10, "workdays"),
    State.STRATEGY: (15, "workdays"),
    State.STEERING: (5, "workdays"),
    State.PROJECT: (60, "days"),
    State.STATE_LEVEL: (90, "days"),
    State.FEEDBACK_DUE: (5, "workdays"),
    State.FED_BACK: (20, "workdays"),
}

_number = count(1)


# People and places


def user(role=Role.CASE_MANAGER, *, roles=None, municipality=None, name=None, **fields) -> User:
    """An account with one role (None: none at all) or several, working in `municipality` if one is given."""
    no = next(_number)
    made = User.objects.create_user(
        **{"username": f"u{no}", "email": f"u{no}@kim.example", "display_name": name or f"Konto {no}"} | fields
    )
    held = roles if roles is not None else [role] if role else []
    RoleGrant.objects.bulk_create(RoleGrant(user=made, role=one, valid_from=LONG_AGO) for one in held)
    if municipality:
        made.assignments.create(
            role=held[0],
            municipality=municipality,
            employer=organisation(),
            valid_from=LONG_AGO,
            known_from=_long_ago(),
        )
    return made


def municipality(name=None, bank="right", persons=None, **fields) -> Municipality:
    no = next(_number)
    defaults = {"ags": f"05{no:06d}", "name": name or f"Ort {no}", "kind": "municipality", "bank": bank}
    made = Municipality.objects.create(**defaults | fields)
    if persons:
        made.population_counts.create(counted_on=LONG_AGO, persons=persons, source="Melderegister")
    return made


def organisation(key="kreis", **fields) -> Organisation:
    defaults = {"name": "Kreisverwaltung", "kind": "county"} | fields
    return Organisation.objects.get_or_create(key=key, defaults=defaults)[0]


def county(**fields) -> County:
    defaults = {"name": "Rhein-Sieg-Kreis", "key": "05382"}
    made = County.objects.get_or_create(pk=1, defaults=defaults)[0]
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()
    return made


def codes() -> SimpleNamespace:
    """One entry of each list: `.topic`, `.life_domain`, `.legal_area`."""
    entries = {
        "topic": ("DAUER", "Verfahrensdauer, Rückstand"),
        "life_domain": ("EXIST", "Existenzsicherung"),
        "legal_area": ("SGB2", "SGB II"),
    }
    return SimpleNamespace(
        **{
            name: Code.objects.get_or_create(list=name, code=code, valid_from=LONG_AGO, defaults={"label": label})[0]
            for name, (code, label) in entries.items()
        }
    )


def limits() -> None:
    """The default time limits of the chain."""
    there = set(TimeLimit.objects.values_list("state", flat=True))
    TimeLimit.objects.bulk_create(
        TimeLimit(state=state, amount=amount, unit=unit, valid_from=LONG_AGO)
        for state, (amount, unit) in LIMITS.items()
        if state not in there
    )


# Bodies


def steering_group() -> Body:
    """The steering group, with a chair and a meeting to come."""
    group, new = Body.objects.get_or_create(
        key="lenkungsgruppe", defaults={"name": "Lenkungsgruppe", "kind": "steering", "valid_from": LONG_AGO}
    )
    if new:
        seat(group, user(Role.STEERING_GROUP, name="Vorsitz der Lenkungsgruppe"))
    if group.next_meeting() is None:
        meeting(group)
    return group


def meeting(body=None, days=14, **fields) -> Meeting:
    """A meeting (default: of the steering group) at 9 o'clock, so many days from today."""
    day = workdays.today() + dt.timedelta(days=days)
    starts_at = dt.datetime.combine(day, dt.time(9), workdays.BERLIN)
    return Meeting.objects.create(**{"body": body or steering_group(), "starts_at": starts_at} | fields)


#: The smallest PDF that passes for one.
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def paper(meeting, by=None, content=PDF, **fields) -> Paper:
    """A paper of the office for `meeting`, encrypted in the data folder."""
    given = {"title": "Entwurf des Merkblatts", "file": io.BytesIO(content), "file_type": uploads.PDF} | fields
    return Paper.put(meeting, by=by or user(Role.STRATEGIC_OFFICE), **given)


def project_group(kind="thematic", municipality=None, lead=None) -> Body:
    """A project group with somebody who leads it; a local one for `municipality`."""
    no = next(_number)
    group = Body.objects.create(key=f"projektgruppe-{no}", name=f"Projektgruppe {no}", kind=kind, valid_from=LONG_AGO)
    if municipality:
        group.municipalities.add(municipality)
    seat(group, lead or user(Role.PROJECT_GROUP))
    return group


def seat(body, user, function="lead", **fields) -> Membership:
    if user:
        user.forget_standing()
    return Membership.objects.create(
        **{"body": body, "user": user, "function": function, "valid_from": LONG_AGO, "votes": function != "advisory"}
        | fields
    )


# Resolutions and statements


def resolution(body=None, *, due=None, decided=-30, **fields) -> Resolution:
    """A resolution of a body (default: the steering group; of a municipality with `municipality`), days from today."""
    today = workdays.today()
    given = {
        "text": "Beide Stellen nutzen künftig ein gemeinsames Merkblatt.",
        "verdict": Resolution.Verdict.RESOLVE,
        "decided_on": today + dt.timedelta(days=decided),
    }
    if due is not None:
        given |= {"due_on": today + dt.timedelta(days=due), "owner": "Kreissozialamt"}
    if "municipality" in fields:
        given |= {"organ": "Rat"}
    else:
        given["body"] = body or steering_group()
    with transaction.atomic():
        number = Resolution.next_number()
    return Resolution.objects.create(**{"number": number} | given | fields)


def statement(of=None, *, due=10, by=None, **about) -> Statement:
    """An institution (default: a welfare organisation) is asked by the office, by default about a draft."""
    asked = of or organisation("caritas", name="Caritas", kind="welfare")
    about = about or {"subject": "Merkblatt für Wohngeld"}
    question = "Was fehlt in diesem Entwurf aus Sicht der Beratung?"
    due_on = workdays.today() + dt.timedelta(days=due)
    return Statement.ask(
        by=by or user(Role.STRATEGIC_OFFICE), organisation=asked, question=question, due_on=due_on, **about
    )


# Issues


def draft(by=None, **fields) -> Issue:
    """A draft of `by` that is complete and carries no person."""
    limits()
    code = codes()
    return Issue.start(
        **{
            "by": by or user(),
            "title": "Fiktionsbescheinigung reicht dem Jobcenter nicht",
            "situation": "Bis der neue Aufenthaltstitel ausgestellt ist, werden Leistungen eingestellt.",
            "topic": code.topic,
            "life_domain": code.life_domain,
            "legal_areas": [code.legal_area],
        }
        | ({} if "municipality" in fields else {"municipality": municipality()})
        | fields
    )


#: The way to each state, by the names of real steps.
PATH_TO = {
    State.DRAFT: [],
    State.WITHDRAWN: ["withdraw"],
    State.COORDINATION: ["report"],
    State.MERGED: ["report", "merge"],
    State.STRATEGY: ["report", "forward"],
    State.STEERING: ["report", "forward", "table"],
    State.PROJECT: ["report", "forward", "table", "assign"],
    State.STATE_LEVEL: ["report", "forward", "table", "refer_up"],
    State.FEEDBACK_DUE: ["report", "forward", "table", "assign", "solve"],
    State.FED_BACK: ["report", "forward", "table", "assign", "solve", "feed_back"],
    State.CLOSED: ["report", "forward", "table", "assign", "solve", "feed_back", "confirm"],
}


def issue_at(state, reported_by=None, **fields) -> Issue:
    """An issue in `state`; `fields` as for `draft`. Its project group is a local one of its municipality."""
    issue = draft(by=reported_by, **fields)
    for step in PATH_TO[State(state)]:
        take(issue, step)
    return issue


#: What a step is given when a test says nothing else: name of the need → maker.
GIVEN = {
    "released": lambda issue: True,
    "lead": lambda issue: issue_at(State.COORDINATION),
    "reason": lambda issue: "Das betrifft mehrere Stellen und braucht eine Absprache.",
    "meeting": lambda issue: steering_group().next_meeting(),
    "reach": lambda issue: "local",
    "body": lambda issue: local_group(issue.municipality),
    "addressee": lambda issue: "Ministerium für Integration NRW",
    "proposal": lambda issue: "Beide Stellen nutzen künftig ein gemeinsames Merkblatt.",
    "outcome": lambda issue: "solved",
    "result": lambda issue: "Die Stellen haben sich auf ein Verfahren geeinigt.",
    "feedback": lambda issue: "Ab sofort genügt die vorläufige Bescheinigung.",
    "informed": lambda issue: "Jobcenter und Beratungsstellen im Ort",
}


def local_group(place) -> Body:
    """The local project group of a place, made when it is first asked for."""
    there = Body.objects.valid_on().filter(kind="local", municipalities=place).first()
    return there or project_group("local", place)


def given_for(issue, row) -> dict:
    """Everything `row` needs, made for `issue`."""
    return {need: GIVEN[need](issue) for need in row.needs}


def take(issue, step, *, by=None, seen=None, confirmed=frozenset(), **overrides):
    """Take `step` as its holder (or as `by`), with everything it needs unless `overrides` says otherwise."""
    row = ESCALATION.find(step, issue.state)
    if row is None:
        raise AssertionError(f"no arrow {step} from {issue.state}")
    if step == "report_directly":
        county(direct_reporting=True)
    given = given_for(issue, row) | overrides
    return getattr(issue, step)(by=by or holder_of(issue), seen=seen, confirmed=confirmed, **given)


def holder_of(issue) -> User:
    """Somebody who may move `issue` on from where it is, and did not report it where another one is there."""
    match State(issue.state):
        case State.COORDINATION | State.FEEDBACK_DUE | State.MERGED:
            return _somebody(Role.COORDINATION, issue)
        case State.STRATEGY | State.STATE_LEVEL:
            return _somebody(Role.STRATEGIC_OFFICE, issue)
        case State.STEERING:
            return steering_group().leads().first()
        case State.PROJECT:
            return issue.body.leads().first()
        case _:
            return issue.reporters.get(first=True).user


def _somebody(role, issue) -> User:
    return with_role(role).exclude(pk__in=issue.all_reporter_ids).first() or user(role)


def _long_ago() -> dt.datetime:
    return dt.datetime.combine(LONG_AGO, dt.time(8), workdays.BERLIN)


# Meetings that were held


def held_meeting(body=None, days=1, **fields) -> Meeting:
    """A meeting that was opened at 9:05 and closed at 11:00, so many days ago."""
    made = meeting(body or steering_group(), days=-days, **fields)
    made.opened_at = made.starts_at + dt.timedelta(minutes=5)
    made.closed_at = made.starts_at + dt.timedelta(hours=2)
    made.save()
    return made


def topic(meeting, title="Sprachkurse im Herbst", **fields) -> AgendaItem:
    """An item of the agenda that is about no issue."""
    return AgendaItem.objects.create(**{"meeting": meeting, "kind": "topic", "title": title} | fields)
