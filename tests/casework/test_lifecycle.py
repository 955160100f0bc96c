"""The lifecycle, generated from its table: every state reachable, every arrow as written, every other one refused."""

import datetime as dt
import inspect
import itertools
import pathlib

import pytest
from django.conf import settings as settings_of_project
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from casework.lifecycle import ADMITTED_ONCE, CRITERIA, ENDS, LIFECYCLE, REQUESTED, WORKING, State
from casework.management.commands.print_lifecycle import printout
from casework.models import Case, CaseStep, HandOver
from kim import trail, workdays
from kim.models import Code, Role
from kim.workflow import OutOfTurn, StepRefused
from tests.casework.factories import (
    PATH_TO,
    case_at,
    case_manager,
    cleared,
    code,
    consent,
    given_for,
    goal,
    open_gates,
    structural_issue,
    take,
)
from tests.factories import user

pytestmark = pytest.mark.django_db

ROWS = LIFECYCLE.rows


def row_id(row):
    return f"{row.name}-{row.source}"


def as_it_is(case):
    return {
        "case": Case.objects.filter(pk=case.pk).values().get(),
        "steps": list(CaseStep.objects.filter(case=case).values()),
        "trail": trail.of(case).count(),
    }


# The graph


def test_no_state_but_the_ends_is_without_exit():
    for state in State:
        assert any(row.source == state for row in ROWS) or state in ENDS, state


def test_every_state_is_reached_by_an_arrow():
    assert {row.target for row in ROWS} == set(State) - {State.REQUEST}


def test_nobody_is_admitted_past_the_gate_of_agreement_and_consent():
    """Walk the graph without `admit`: no state of the work is reached from a request."""
    reached, frontier = set(), [State.REQUEST]
    while frontier:
        state = frontier.pop()
        reached.add(state)
        frontier += [r.target for r in ROWS if r.source == state and r.name != "admit" and r.target not in reached]
    assert not reached & set(ADMITTED_ONCE)


@pytest.mark.parametrize("open_one", CRITERIA)
@pytest.mark.django_db
def test_nobody_is_admitted_before_the_clearing_is_finished(open_one):
    made = case_at(State.CLEARING)
    consent(made)
    made.edit(by=made.owner, **cleared() | {open_one: None})
    with pytest.raises(StepRefused, match="Clearing ist noch nicht fertig"):
        made.admit(by=made.owner, agreed_on=workdays.today())
    assert Case.objects.get().state == State.CLEARING
    made.edit(by=made.owner, **cleared() | {"domain_count": 0, "system_barrier": False})
    made.admit(by=made.owner, agreed_on=workdays.today())
    assert Case.objects.get().state == State.ADMITTED


def test_every_arrow_into_the_work_asks_for_a_consent():
    for row in ROWS:
        if row.target in WORKING:
            assert {gate.name for gate in row.gates} & {"has_consent", "has_new_consent"}, row


def test_every_arrow_has_a_button_and_every_refusal_says_what_to_do():
    for row in ROWS:
        assert row.label, row
        assert row.hint, row
        for refusal in [row.may.refusal, *(gate.refusal for gate in row.gates)]:
            assert refusal.endswith("."), row


def test_every_row_has_a_method_that_takes_what_the_row_names():
    for row in ROWS:
        takes = set(inspect.signature(getattr(Case, row.name).__wrapped__).parameters)
        assert set(row.needs) | set(row.asks) <= takes, row


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_by_real_steps(state):
    case = case_at(state)
    assert Case.objects.get(pk=case.pk).state == state
    assert case.steps_taken.count() == case.step_no == len(PATH_TO[state])


# Every (step × state)


@pytest.mark.parametrize(("name", "state"), list(itertools.product(LIFECYCLE.names, State)))
def test_a_step_is_possible_exactly_where_the_table_says(name, state):
    case = case_at(state)
    row = LIFECYCLE.find(name, state)
    before = as_it_is(case)
    if row is None:
        any_row = next(r for r in ROWS if r.name == name)
        with pytest.raises(OutOfTurn):
            getattr(case, name)(by=case.owner, **given_for(case, any_row))
        assert as_it_is(case) == before
    else:
        taken = take(case, name)
        stored = Case.objects.get(pk=case.pk)
        assert stored.state == row.target
        assert (taken.source, taken.target, taken.owner) == (row.source, row.target, case.owner)
        assert trail.of(case).filter(act=f"case.{name}").exists()


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_a_stranger_is_refused_with_a_sentence_and_nothing_changes(row):
    case = case_at(row.source)
    open_gates(case, row)
    before = as_it_is(case)
    for stranger in [case_manager(), user(Role.COORDINATION), user(Role.ADMIN), user(Role.AUTHORITY)]:
        with pytest.raises(PermissionDenied) as refusal:
            getattr(case, row.name)(by=stranger, **given_for(case, row))
        assert str(refusal.value) == row.may.refusal
    assert as_it_is(case) == before


@pytest.mark.parametrize(
    ("row", "need"), [(row, need) for row in ROWS for need in row.needs], ids=lambda value: str(value)
)
def test_a_step_without_what_it_needs_names_what_is_missing(row, need):
    case = case_at(row.source)
    open_gates(case, row)
    before = as_it_is(case)
    with pytest.raises(StepRefused, match=f"Es fehlt: {Case.name_of(need)}"):
        getattr(case, row.name)(by=case.owner, **given_for(case, row) | {need: None})
    assert as_it_is(case) == before


# The gates


@pytest.mark.parametrize("row", [row for row in ROWS if len(row.gates) > 1], ids=row_id)
def test_without_a_consent_in_force_the_work_does_not_go_on(row):
    case = case_at(row.source)
    case.edit(by=case.owner, **cleared())
    for one in case.client.consents.in_force():
        one.withdraw(by=case.owner)
    case.refresh_from_db()
    with pytest.raises(StepRefused, match="Einwilligung"):
        getattr(case, row.name)(by=case.owner, **given_for(case, row))


@pytest.mark.parametrize("row", [row for row in ROWS if row.target == State.BROKEN_OFF], ids=row_id)
def test_ending_a_case_is_possible_without_a_consent(row):
    case = case_at(row.source)
    for one in case.client.consents.in_force():
        one.withdraw(by=case.owner)
    take(Case.objects.get(pk=case.pk), "break_off")
    stored = Case.objects.get(pk=case.pk)
    assert stored.is_locked
    assert stored.erase_on <= workdays.today() + dt.timedelta(days=30)


def test_every_chosen_domain_has_a_starting_value_before_the_plan():
    case = case_at(State.ASSESSMENT)
    with pytest.raises(StepRefused, match="Handlungsfeld"):
        case.plan(by=case.owner)
    case.assessments.create(life_domain=code(Code.List.LIFE_DOMAIN))
    with pytest.raises(StepRefused, match="Ausgangswert"):
        case.plan(by=case.owner)
    case.assessments.update(start=3)
    case.plan(by=case.owner)
    assert case.state == State.PLANNING


def test_every_goal_is_valued_before_the_evaluation():
    case = case_at(State.MONITORING)
    goal(case).value(by=case.owner, achievement=3)
    goal(case)
    with pytest.raises(StepRefused, match="Erreichungsgrad"):
        case.evaluate(by=case.owner)


def test_structurally_blocked_names_its_issue_and_no_other_reason_does():
    case, issue = case_at(State.EVALUATION), structural_issue()
    blocked = code(Code.List.CLOSING_REASON, "STRUKTUR")
    with pytest.raises(StepRefused, match="Knackpunkt"):
        case.close(by=case.owner, closing_reason=blocked)
    with pytest.raises(StepRefused, match="strukturell blockiert"):
        case.close(by=case.owner, closing_reason=code(Code.List.CLOSING_REASON), blocked_by=issue)
    case.refresh_from_db()
    case.close(by=case.owner, closing_reason=blocked, blocked_by=issue)
    assert case.blocked_by == issue
    issue.refresh_from_db()
    assert issue.is_open


@pytest.mark.parametrize("days", [0, -1, 400])
def test_resting_ends_within_a_year(days):
    case = case_at(State.MONITORING)
    with pytest.raises(StepRefused, match="zwischen morgen und einem Jahr"):
        take(case, "rest", resting_until=workdays.today() + dt.timedelta(days=days))


def test_a_case_is_taken_up_again_only_while_it_is_kept_and_with_a_new_consent():
    case = case_at(State.CLOSED)
    with pytest.raises(StepRefused, match="neue Einwilligung"):
        case.take_up_again(by=case.owner, reason="Die Person meldet sich wieder.")
    with workdays.as_of(case.erase_on):
        consent(case)
        with pytest.raises(StepRefused, match="Aufbewahrungsfrist"):
            case.take_up_again(by=case.owner, reason="Die Person meldet sich wieder.")
    with workdays.as_of(case.erase_on - dt.timedelta(days=1)):
        take(case, "take_up_again")
    assert case.erase_on is None
    assert case.ended_at is None


def test_an_ended_case_is_kept_for_years_and_a_request_for_months():
    with workdays.as_of(dt.date(2026, 8, 31)):
        assert case_at(State.REQUEST).erase_on == dt.date(2027, 2, 28)
        assert case_at(State.DECLINED).erase_on == dt.date(2027, 2, 28)
        assert case_at(State.ADMITTED).erase_on is None
        assert case_at(State.CLOSED).erase_on == dt.date(2029, 8, 31)


@pytest.mark.parametrize("state", State)
def test_the_database_refuses_a_case_without_an_owner(state):
    case = case_at(state)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(owner=None)


@pytest.mark.parametrize("state", ADMITTED_ONCE)
def test_the_database_refuses_the_work_without_an_agreement(state):
    case = case_at(state)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(agreed_on=None)


WALK = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(["open the gates", "withdraw", "hand over", "nothing"])),
    min_size=1,
    max_size=16,
)


class RandomWalk(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(start=st.sampled_from(State), walk=WALK)
    def test_no_sequence_leaves_a_case_without_an_owner_or_in_the_work_without_a_consent(self, start, walk):
        case = case_at(start)
        for choice, before_it in walk:
            case.refresh_from_db()
            rows = [row for row in ROWS if row.source == case.state]
            if not rows:
                break
            row = rows[choice % len(rows)]
            if before_it == "withdraw" and (held := case.consent_in_force):
                held.withdraw(by=case.owner)
            elif before_it == "hand over":
                taker, reason = case_manager(employer=["kreis", "stadt-troisdorf"][choice % 2]), "Erkrankung"
                given = {"by": case.owner, "giver": case.owner, "taker": taker, "cases": [case]}
                HandOver.offer(**given, unagreed_reason=reason).accept(by=taker)
                case.refresh_from_db()
            elif before_it == "open the gates" and not (case.is_locked and row.gates):
                open_gates(case, row)
            case.refresh_from_db()
            before = case.step_no
            try:
                getattr(case, row.name)(by=case.owner, **given_for(case, row))
            except StepRefused:
                stored = Case.objects.get(pk=case.pk)
                assert (stored.step_no, stored.state) == (before, row.source)
                continue
            self.check_whole(case, row)

    def check_whole(self, case, row):
        stored = Case.objects.get(pk=case.pk)
        assert stored.state == row.target
        assert stored.owner_id
        assert stored.employer_id
        assert stored.step_no == stored.steps_taken.count()
        if stored.state in WORKING:
            assert stored.consent_in_force
            assert not stored.lacks_agreement
            assert stored.agreed_on
        assert (stored.erase_on is None) <= (stored.state not in (*ENDS, *REQUESTED))


# The printout


def test_the_printed_lifecycle_is_the_lifecycle():
    written = pathlib.Path(settings_of_project.BASE_DIR, "docs/lifecycle.md").read_text()
    assert written == printout(), "run: manage.py print_lifecycle > docs/lifecycle.md"
