"""Makers of people and cases. A case at a state got there by real steps, taken by the case manager who leads it."""

import datetime as dt
from itertools import count

from casework.lifecycle import LIFECYCLE, State
from casework.models import Actor, Assessment, Case, Checklist, Client, Consent, Consultation, Goal, Identity
from kim import workdays
from kim.models import Code, Role
from steering.escalation import State as IssueState
from tests.factories import LONG_AGO, county, issue_at, municipality, organisation, user

_number = count(1)
LISTS = {
    Code.List.LIFE_DOMAIN: "WOHN",
    Code.List.LEGAL_AREA: "SGB2",
    Code.List.TOPIC: "DAUER",
    Code.List.RESIDENCE_STATUS: "DULD",
    Code.List.LANGUAGE: "ar",
    Code.List.CONSENT_PURPOSE: "CM",
    Code.List.CONTACT_FORM: "RATHAUS",
    Code.List.INTERPRETER: "KEINE",
    Code.List.CLOSING_REASON: "ZIELE",
    Code.List.OTHER_SUPPORT: "KEINES",
}


def code(which, key=None) -> Code:
    """One entry of a code list, made when it is first asked for."""
    key = key or LISTS[which]
    return Code.objects.get_or_create(list=which, code=key, valid_from=LONG_AGO, defaults={"label": key})[0]


def case_manager(employer="kreis", place=None, **fields):
    """A case manager with an assignment in `place` (or some place), employed by the organisation of that key."""
    made = user(Role.CASE_MANAGER, **fields)
    made.assignments.create(
        role=Role.CASE_MANAGER,
        municipality=place or municipality(),
        employer=organisation(employer),
        valid_from=LONG_AGO,
        known_from=dt.datetime.combine(LONG_AGO, dt.time(8), workdays.BERLIN),
    )
    return made


def client(given="Nadia", family="Rahimi", *, place=None, household=None, **identity) -> Client:
    made = Client.objects.create(municipality=place or municipality(), household=household)
    Identity.objects.create(client=made, given_name=given, family_name=family, **identity)
    return made


def case(by=None, person=None, **fields) -> Case:
    """A new request."""
    county(case_prefix="RSK")
    by, person = by or case_manager(), person or client()
    return Case.open(by=by, client=person, municipality=person.municipality, **fields)


def consent(case, purpose="CM", recipient=None, **fields) -> Consent:
    given = {"by": case.owner, "client": case.client, "purpose": code(Code.List.CONSENT_PURPOSE, purpose)}
    return Consent.give(**given | {"recipient": recipient, "text_version": "2026-1"} | fields)


WORKED_ON = ["clear", "admit", "assess", "plan", "link", "monitor"]
#: The way to each state, by the names of real steps.
PATH_TO = {
    State.REQUEST: [],
    State.CLEARING: ["clear"],
    State.REFERRED: ["clear", "refer"],
    State.DECLINED: ["clear", "decline"],
    State.ADMITTED: WORKED_ON[:2],
    State.ASSESSMENT: WORKED_ON[:3],
    State.PLANNING: WORKED_ON[:4],
    State.LINKING: WORKED_ON[:5],
    State.MONITORING: WORKED_ON,
    State.EVALUATION: [*WORKED_ON, "evaluate"],
    State.CLOSED: [*WORKED_ON, "evaluate", "close"],
    State.RESTING: [*WORKED_ON, "rest"],
    State.BROKEN_OFF: [*WORKED_ON[:3], "break_off"],
    State.HANDED_OVER: [*WORKED_ON[:3], "hand_on"],
    State.TAKEN_UP_AGAIN: [*WORKED_ON, "evaluate", "close", "take_up_again"],
}

#: What a step is given when a test says nothing else: name of the need → maker.
GIVEN = {
    "reason": lambda case: "Die Person ist für längere Zeit verreist.",
    "referred_to": lambda case: "Migrationsberatung für Erwachsene",
    "agreed_on": lambda case: workdays.today(),
    "resting_until": lambda case: workdays.today() + dt.timedelta(days=30),
    "closing_reason": lambda case: code(Code.List.CLOSING_REASON),
    "handed_to": lambda case: "Case Management der Stadt Bonn",
}

#: What makes a gate true, by the name of its rule.
OPENED = {
    "has_cleared": lambda case: case.left_to_clear and case.edit(by=case.owner, **cleared()),
    "has_consent": lambda case: case.consent_in_force or consent(case),
    "has_new_consent": lambda case: consent(case),
    "is_still_kept": lambda case: None,
    "is_unlocked": lambda case: None,
    "is_unrestricted": lambda case: None,
    "has_assessed_all": lambda case: Assessment.value(
        case, by=case.owner, life_domain=code(Code.List.LIFE_DOMAIN), start=2
    ),
    "has_valued_every_goal": lambda case: goal(case).value(by=case.owner, achievement=2),
}


def cleared() -> dict:
    """Answers to everything the clearing asks."""
    plain = {"domain_count": 2, "actor_count": 3, "system_barrier": True, "voluntary": True}
    return plain | {"other_support": code(Code.List.OTHER_SUPPORT)}


def goal(case, **fields) -> Goal:
    until = workdays.today() + dt.timedelta(days=60)
    given = {"life_domain": code(Code.List.LIFE_DOMAIN), "text": "Eine eigene Wohnung finden", "until": until}
    return Goal.objects.create(case=case, **given | fields)


def case_at(state, by=None, **fields) -> Case:
    """A case in `state`; `fields` as for `case`."""
    made = case(by=by, **fields)
    for step in PATH_TO[State(state)]:
        take(made, step)
    return made


def given_for(case, row) -> dict:
    return {need: GIVEN[need](case) for need in row.needs}


def open_gates(case, row) -> None:
    for gate in row.gates:
        OPENED[gate.name](case)


def take(case, step, *, by=None, seen=None, **overrides):
    """Take `step` as the owner (or as `by`), with its gates opened and everything it needs."""
    row = LIFECYCLE.find(step, case.state)
    if row is None:
        raise AssertionError(f"no arrow {step} from {case.state}")
    open_gates(case, row)
    return getattr(case, step)(by=by or case.owner, seen=seen, **given_for(case, row) | overrides)


def consultation(by=None, case=None, **fields) -> Consultation:
    by = by or (case.owner if case else case_manager())
    given = {"form": code(Code.List.CONTACT_FORM), "topics": [code(Code.List.LIFE_DOMAIN)]}
    place = {} if case else {"municipality": municipality()}
    return Consultation.record(by=by, case=case, **given | place | fields)


def authority(key="abh-kreis"):
    return organisation(key, name="Ausländeramt", kind="authority")


def actor(**fields) -> Actor:
    return Actor.objects.create(**{"name": f"Beratungsstelle {next(_number)}", "kind": "welfare"} | fields)


def checklist(kind="25b") -> Checklist:
    made = Checklist.objects.get_or_create(
        kind=kind, version=1, defaults={"valid_from": LONG_AGO, "source": "AufenthG"}
    )[0]
    made.items.get_or_create(position=1, defaults={"text": "Lebensunterhalt überwiegend gesichert"})
    return made


def structural_issue():
    return issue_at(IssueState.COORDINATION)
