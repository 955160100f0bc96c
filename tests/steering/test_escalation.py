"""The chain, generated from its table: every state reachable, every arrow as written, every other one refused."""

import datetime as dt
import itertools

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from kim import trail, workdays
from kim.models import Notice, Role
from kim.privacy_gate import Held
from kim.workflow import OutOfTurn, StepRefused
from steering.escalation import CLIMBING, ENDS, ESCALATION, HOLDER, NEXT_UP, Office, State
from steering.models import Issue, IssueStep
from tests.factories import draft, given_for, holder_of, issue_at, municipality, project_group, take, user

pytestmark = pytest.mark.django_db

ROWS = ESCALATION.rows


def row_id(row):
    return f"{row.name}-{row.source}"


def as_it_is(issue):
    return {
        "issue": Issue.objects.filter(pk=issue.pk).values().get(),
        "steps": list(IssueStep.objects.filter(issue=issue).values()),
        "notices": Notice.objects.filter(url=issue.get_absolute_url()).count(),
        "trail": trail.of(issue).count(),
    }


# The graph


def test_every_state_but_the_ends_has_a_way_out_and_a_holder():
    for state in State:
        outgoing = [row for row in ROWS if row.source == state]
        if state == State.WITHDRAWN:
            assert outgoing == []
        else:
            assert outgoing, state
        assert (state in HOLDER) != (state in ENDS), state


def test_every_arrow_has_an_owner_and_a_button():
    for row in ROWS:
        assert row.may.refusal.endswith("."), row
        assert row.label, row
        assert row.never.name == "nobody" or row.never.refusal, row


def test_every_office_has_a_next_one_up():
    assert set(NEXT_UP) == set(Office)


def test_no_path_from_the_coordination_to_an_end_misses_the_answer_to_the_reporters():
    """Walk the graph without `fed_back`: from the middle only bundling may end, and a bundle goes on in its lead."""
    reached, frontier = set(), [State.COORDINATION]
    while frontier:
        state = frontier.pop()
        if state in reached or state == State.FED_BACK:
            continue
        reached.add(state)
        frontier += [row.target for row in ROWS if row.source == state]
    assert reached & set(ENDS) <= {State.MERGED, State.WITHDRAWN}
    # `withdrawn` is reached only through a hand-back to draft, and withdraw() refuses what was reported once.
    assert [row.source for row in ROWS if row.target == State.WITHDRAWN] == [State.DRAFT]


def test_what_was_reported_once_cannot_be_withdrawn():
    issue = issue_at(State.COORDINATION)
    take(issue, "hand_back")
    with pytest.raises(StepRefused, match="schon gemeldet"):
        take(issue, "withdraw")


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_by_real_steps(state):
    assert issue_at(state).state == state


# Every (step × state)


@pytest.mark.parametrize(("name", "state"), list(itertools.product(ESCALATION.names, State)))
def test_a_step_is_possible_exactly_where_the_table_says(name, state):
    issue = issue_at(state)
    row = ESCALATION.find(name, state)
    if row is None:
        any_row = next(r for r in ROWS if r.name == name)
        before = as_it_is(issue)
        with pytest.raises(OutOfTurn):
            getattr(issue, name)(by=user(Role.COORDINATION), **given_for(issue, any_row))
        assert as_it_is(issue) == before
    else:
        trail_before = trail.of(issue).count()
        if name == "withdraw" and issue.reported_at:
            return
        taken = take(issue, name)
        issue.refresh_from_db()
        assert issue.state == row.target
        assert (taken.source, taken.target, taken.no) == (row.source, row.target, issue.step_no)
        assert trail.of(issue).count() == trail_before + 1


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_a_stranger_is_refused_with_a_sentence_and_nothing_changes(row):
    issue = issue_at(row.source)
    before = as_it_is(issue)
    with pytest.raises(PermissionDenied) as refusal:
        getattr(issue, row.name)(by=user(Role.AUTHORITY), **given_for(issue, row))
    assert str(refusal.value) == row.may.refusal
    assert as_it_is(issue) == before


@pytest.mark.parametrize("row", ROWS, ids=row_id)
@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDIT])
def test_administration_and_audit_take_no_step(row, role):
    issue = issue_at(row.source)
    with pytest.raises(PermissionDenied):
        getattr(issue, row.name)(by=user(role), **given_for(issue, row))


@pytest.mark.parametrize(("row", "need"), [(row, need) for row in ROWS for need in row.needs],
                         ids=lambda value: value if isinstance(value, str) else row_id(value))  # fmt: skip
def test_what_a_step_needs_it_needs(row, need):
    issue = issue_at(row.source)
    before = as_it_is(issue)
    given = given_for(issue, row) | {need: None}
    with pytest.raises(StepRefused, match="Es fehlt"):
        getattr(issue, row.name)(by=holder_of(issue), **given)
    assert as_it_is(issue) == before


@pytest.mark.parametrize("row", [row for row in ROWS if row.never.name != "nobody"], ids=row_id)
def test_four_eyes_nobody_decides_what_they_reported(row):
    issue = issue_at(row.source)
    holder = holder_of(issue)
    issue.reporters.create(user=holder, first=False)
    Issue.objects.filter(pk=issue.pk, state=State.STRATEGY).update(released_at=None, released_by=None)
    issue.refresh_from_db()
    with pytest.raises(PermissionDenied, match="Vier-Augen"):
        getattr(issue, row.name)(by=holder, **given_for(issue, row))
    offer = next(offer for offer in ESCALATION.offers(holder, issue) if offer.step == row)
    assert "Vier-Augen" in offer.barred


def test_four_eyes_also_hold_for_what_was_bundled():
    coordinator = user(roles=[Role.COORDINATION, Role.CASE_MANAGER])
    own = issue_at(State.COORDINATION, reported_by=coordinator)
    lead = issue_at(State.COORDINATION)
    own.merge(by=user(Role.COORDINATION), lead=lead)
    lead.refresh_from_db()
    with pytest.raises(PermissionDenied, match="Vier-Augen"):
        lead.solve(by=coordinator, outcome="solved", result="Das Formular ist neu gefasst.")


WRITTEN = {"reason", "result", "feedback", "proposal"}


@pytest.mark.parametrize("row", [row for row in ROWS if WRITTEN & set(row.needs)], ids=row_id)
def test_no_free_text_of_a_step_passes_the_gate_with_a_telephone_number(row):
    issue = issue_at(row.source)
    before = as_it_is(issue)
    given = given_for(issue, row)
    text = next(need for need in row.needs if need in WRITTEN)
    with pytest.raises(Held) as held:
        getattr(issue, row.name)(by=holder_of(issue), **given | {text: "Bitte anrufen unter 02241 13-2345678."})
    assert as_it_is(issue) == before
    keys = {found.key for found in held.value.findings}
    getattr(issue, row.name)(
        by=holder_of(issue), confirmed=keys, **given | {text: "Bitte anrufen unter 02241 13-2345678."}
    )
    assert issue.confirmations.count() == len(keys)


# Single rules


def test_numbers_run_per_year_and_only_what_is_reported_has_one():
    first, second = issue_at(State.COORDINATION), issue_at(State.COORDINATION)
    year = workdays.today().year
    assert (first.number, second.number) == (f"KP-{year}-0001", f"KP-{year}-0002")
    assert draft().number is None


def test_an_issue_handed_back_keeps_its_number():
    issue = issue_at(State.COORDINATION)
    number = issue.number
    take(issue, "hand_back")
    take(issue, "report")
    assert issue.number == number


def test_an_incomplete_draft_is_not_reported_and_takes_no_number():
    issue = draft()
    issue.legal_areas.clear()
    issue.edit(by=holder_of(issue), situation="")
    with pytest.raises(StepRefused, match="Sachverhalt, Rechtskreise"):
        take(issue, "report")
    assert issue_at(State.COORDINATION).number.endswith("-0001")


def test_the_second_of_two_is_told_who_was_first():
    issue = issue_at(State.COORDINATION)
    seen = issue.step_no
    late = Issue.objects.get(pk=issue.pk)
    take(issue, "forward")
    with pytest.raises(OutOfTurn, match="„An die Geschäftsstelle“ wurde am .* bereits ausgeführt"):
        late.forward(by=user(Role.COORDINATION), seen=seen, released=True)


def test_a_page_seen_before_another_round_is_out_of_turn_even_in_the_same_state():
    issue = issue_at(State.COORDINATION)
    seen = issue.step_no
    take(issue, "hand_back")
    take(issue, "report")
    with pytest.raises(OutOfTurn):
        issue.forward(by=user(Role.COORDINATION), seen=seen, released=True)


def test_what_was_bundled_moves_along_when_its_lead_is_bundled():
    first, second, third = (issue_at(State.COORDINATION) for _ in range(3))
    first.merge(by=user(Role.COORDINATION), lead=second)
    second.merge(by=user(Role.COORDINATION), lead=third)
    first.refresh_from_db()
    assert first.lead == third
    third.refresh_from_db()
    assert len(third.all_reporter_ids) == 3


def test_an_issue_is_not_bundled_in_itself_or_in_a_closed_one():
    issue, closed = issue_at(State.COORDINATION), issue_at(State.CLOSED)
    for lead in (issue, closed):
        with pytest.raises(StepRefused):
            issue.merge(by=user(Role.COORDINATION), lead=lead)


def test_an_issue_that_gathers_others_is_not_handed_back_to_its_reporters():
    lead, bundled = issue_at(State.COORDINATION), issue_at(State.COORDINATION)
    coordination = user(Role.COORDINATION)
    bundled.merge(by=coordination, lead=lead)
    before = as_it_is(lead)
    with pytest.raises(StepRefused, match="erst die Bündelung"):
        lead.hand_back(by=coordination, reason="Bitte genauer beschreiben.")
    assert as_it_is(lead) == before
    bundled.unmerge(by=coordination, reason="Ist doch etwas anderes.")
    lead.hand_back(by=coordination, reason="Bitte genauer beschreiben.")
    assert lead.state == State.DRAFT


def test_a_draft_belongs_to_its_own_writers_even_where_something_hangs_on_it():
    written, other = draft(), issue_at(State.COORDINATION)
    Issue.objects.filter(pk=other.pk).update(state=State.MERGED, lead=written)
    stranger = other.reporters.get().user
    assert written not in Issue.objects.visible_to(stranger)
    assert not any(part.filter(pk=written.pk).exists() for part in Issue.objects.parts_visible_to(stranger))
    with pytest.raises(PermissionDenied):
        Issue.objects.get(pk=written.pk).edit(by=stranger, title="Etwas anderes")


def test_a_reopened_issue_has_no_answer_any_more():
    issue = issue_at(State.CLOSED)
    take(issue, "reopen")
    assert (issue.outcome, issue.result, issue.feedback, issue.closed_at, issue.fed_back_at) == (
        "",
        "",
        "",
        None,
        None,
    )


def test_only_a_fitting_group_is_given_an_issue():
    issue = issue_at(State.STEERING)
    elsewhere = project_group("local", municipality())
    thematic = project_group("thematic")
    local = project_group("local", issue.municipality)
    chair = holder_of(issue)
    for reach, body in [("local", thematic), ("local", elsewhere), ("county", local), ("supra", thematic)]:
        with pytest.raises(StepRefused):
            issue.assign(by=chair, reach=reach, reason="Nur dort", body=body)
    issue.assign(by=chair, reach="local", reason="Nur dort", body=local)
    assert issue.state == State.PROJECT


def test_a_group_without_a_lead_is_given_nothing():
    issue, office = issue_at(State.STRATEGY), user(Role.STRATEGIC_OFFICE)
    group = project_group("local", issue.municipality)
    group.memberships.get().end(by=office, last_day=workdays.today() - dt.timedelta(days=1))
    given = {"reach": "local", "reason": "Nur dort", "body": group}
    with pytest.raises(StepRefused, match="keine Leitung"):
        issue.fast_track(by=office, **given)
    take(issue, "table")
    with pytest.raises(StepRefused, match="keine Leitung"):
        issue.assign(by=holder_of(issue), **given)
    group.seat(by=office, function="lead", valid_from=workdays.today(), user=user(Role.PROJECT_GROUP))
    issue.assign(by=holder_of(issue), **given)
    assert Issue.objects.held_by(group.leads().get()).get() == issue


def test_direct_reporting_needs_the_county_to_allow_it_and_the_office_to_release():
    from kim.models import County

    issue = draft()
    reporter = holder_of(issue)
    County.objects.update_or_create(pk=1, defaults={"name": "Kreis", "key": "05382", "direct_reporting": False})
    with pytest.raises(PermissionDenied, match="nicht freigeschaltet"):
        issue.report_directly(by=reporter)
    County.objects.update(direct_reporting=True)
    issue.report_directly(by=reporter)
    assert issue.released_at is None
    row = ESCALATION.find("table", State.STRATEGY)
    with pytest.raises(StepRefused, match="frei von Personendaten"):
        issue.table(by=holder_of(issue), **given_for(issue, row) | {"released": False})
    issue.table(by=holder_of(issue), **given_for(issue, row) | {"released": True})
    assert issue.released_at


def test_four_eyes_also_hold_for_a_release_that_comes_with_the_agenda():
    both = user(roles=[Role.CASE_MANAGER, Role.STRATEGIC_OFFICE])
    issue = draft(by=both)
    take(issue, "report_directly", by=both)
    given = given_for(issue, ESCALATION.find("table", State.STRATEGY))
    with pytest.raises(PermissionDenied, match="Vier-Augen"):
        issue.table(by=both, released=True, **given)
    offer = next(offer for offer in ESCALATION.offers(both, issue) if offer.step.name == "table")
    assert "gibt ihn nicht selbst frei" in offer.barred
    issue.refresh_from_db()
    assert (issue.state, issue.released_at) == (State.STRATEGY, None)


def test_what_others_released_may_be_tabled_by_those_who_reported_it():
    both = user(roles=[Role.CASE_MANAGER, Role.STRATEGIC_OFFICE])
    issue = issue_at(State.STRATEGY, reported_by=both)
    take(issue, "table", by=both)
    assert issue.state == State.STEERING


@pytest.mark.parametrize("row", [row for row in ROWS if "released" in (*row.needs, *row.asks)], ids=row_id)
def test_no_step_lets_reporters_release_their_own(row):
    both = user(roles=[Role.CASE_MANAGER, Role.COORDINATION, Role.STRATEGIC_OFFICE])
    issue = draft(by=both)
    take(issue, "report_directly" if row.source == State.STRATEGY else "report", by=both)
    with pytest.raises(PermissionDenied, match="Vier-Augen"):
        getattr(issue, row.name)(by=both, **given_for(issue, row) | {"released": True})


# The database refuses what must not be


@pytest.mark.parametrize("state", [state for state in State if state not in (State.DRAFT, State.WITHDRAWN)])
def test_the_database_refuses_a_state_without_what_belongs_to_it(state):
    issue = draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        Issue.objects.filter(pk=issue.pk).update(state=state)


def test_the_database_knows_the_choices_of_every_column():
    for model in apps.get_app_config("steering").get_models():
        known = {
            next(iter(dict(one.condition.children))): one for one in model._meta.constraints if "_known" in one.name
        }
        for field in model._meta.local_fields:
            if field.choices:
                allowed = dict(known[f"{field.name}__in"].condition.children)[f"{field.name}__in"]
                empty = [""] if field.blank else []
                assert allowed == [*(value for value, _ in field.choices), *empty], field


@pytest.mark.parametrize("field", ["state", "reach", "presumed_reach", "outcome", "frequency"])
def test_the_database_refuses_what_is_no_choice(field):
    issue = draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        Issue.objects.filter(pk=issue.pk).update(**{field: "zzz"})


def test_a_reach_nobody_knows_is_refused_with_a_sentence():
    issue = issue_at(State.STEERING)
    before = as_it_is(issue)
    given = {"reason": "Nur dort", "body": project_group("thematic")}
    with pytest.raises(StepRefused, match="Reichweite"):
        issue.assign(by=holder_of(issue), reach="zzz", **given)
    assert as_it_is(issue) == before


def test_the_database_refuses_a_step_back_without_a_reason():
    issue = issue_at(State.COORDINATION)
    take(issue, "hand_back")
    with pytest.raises(IntegrityError), transaction.atomic():
        IssueStep.objects.filter(issue=issue, name="hand_back").update(note="")


@pytest.mark.parametrize("state", CLIMBING)
def test_a_clock_runs_wherever_somebody_holds_it(state):
    issue = issue_at(state)
    assert issue.due_on > workdays.today()
    assert f"{issue.due_on:%d.%m.%Y}" in issue.due_words


def test_a_rare_nationality_in_a_small_municipality_is_held_by_the_gate():
    small = municipality(persons=9000)
    issue = draft(municipality=small, situation="Betroffen ist eine Familie aus Bhutan, die keinen Kurs findet.")
    with pytest.raises(Held):
        take(issue, "report")
    large = draft(municipality=municipality(persons=90000), situation=issue.situation)
    take(large, "report")
