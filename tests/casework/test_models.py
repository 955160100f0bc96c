"""People, consents, plans and counts: what the database refuses, what an act refuses, and what a question answers."""

import datetime as dt
import importlib
import threading
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from casework.lifecycle import State
from casework.models import (
    Assessment,
    Case,
    CaseIssue,
    Client,
    Conference,
    Consent,
    Consultation,
    FollowUp,
    GoalMeasure,
    Identity,
    LegalArea,
    Look,
    Participant,
    PlanVersion,
    Referral,
)
from kim import privacy_gate, trail, workdays
from kim.models import Code, Role
from kim.workflow import StepRefused
from tests.casework.factories import (
    actor,
    authority,
    case,
    case_at,
    case_manager,
    client,
    code,
    consent,
    consultation,
    goal,
    structural_issue,
)
from tests.factories import county, organisation, user

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


# Numbers and requests


def test_numbers_carry_the_prefix_of_the_county_and_the_year():
    with workdays.as_of(dt.date(2026, 3, 2)):
        assert [case().number, case().number] == ["RSK-2026-000001", "RSK-2026-000002"]


def test_a_request_that_fails_takes_no_number():
    with pytest.raises(PermissionDenied):
        case(by=user(Role.COORDINATION))
    with pytest.raises(StepRefused, match="Anstellungsträger"):
        case(by=user(Role.CASE_MANAGER))
    assert case().number.endswith("000001")


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gap_and_no_double_when_many_open_at_once():
    county(case_prefix="RSK")
    people = [(case_manager(), client()) for _ in range(6)]
    gate = threading.Barrier(len(people))

    def run(by, person):
        gate.wait()
        Case.open(by=by, client=person, municipality=person.municipality)
        connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(Case.objects.values_list("number", flat=True))
    assert [int(number[-6:]) for number in numbers] == [1, 2, 3, 4, 5, 6]


def test_somebody_elses_client_gets_no_second_case():
    there = case()
    with pytest.raises(PermissionDenied):
        case(person=there.client)


def test_the_employer_is_the_one_of_the_place():
    by = case_manager("kreis")
    made = case(by=by)
    assert made.employer == organisation("kreis")


def test_state_and_owner_are_not_edited():
    made = case()
    made.edit(by=made.owner, occasion="Wohnungssuche")
    for name in ("state", "owner", "number", "erase_on"):
        with pytest.raises(ValueError, match="not edited"):
            made.edit(by=made.owner, **{name: None})


# People


@pytest.mark.parametrize("typed", ["müller", "Mueller", "MÜLLER", "anna mueller", "Müller Anna"])
def test_a_name_is_found_in_every_spelling_of_its_umlauts(typed):
    wanted = client("Anna", "Müller")
    client("Anna", "Schmidt")
    assert [one.client for one in Identity.objects.named(typed)] == [wanted]


@pytest.mark.parametrize(
    ("written", "typed"), [("Шевченко", "shevchenko"), ("Шевченко", "Шевченко"), ("حسن", "hsn"), ("Yılmaz", "yilmaz")]
)
def test_a_name_is_found_across_scripts(written, typed):
    wanted = client("", written)
    assert [one.client for one in Identity.objects.named(typed)] == [wanted]


def test_names_kept_before_are_written_anew_with_their_consonants():
    there = client("نادية", "رحيمي").identity
    Identity.objects.update(folded="نادية رحيمي ndyh rhymy")
    fill = importlib.import_module("casework.migrations.0003_names_in_other_scripts").write
    for _ in range(2):
        fill(apps, SimpleNamespace(connection=connection))
    assert Identity.objects.get().folded == there.folded
    assert Identity.objects.named("Rahimi").get() == there


def test_a_rough_birth_date_is_a_first():
    rough = client(birth_date=dt.date(1990, 5, 1), birth_precision="month").identity
    assert rough.birth_words == "05/1990"
    with pytest.raises(IntegrityError), transaction.atomic():
        client(birth_date=dt.date(1990, 5, 2), birth_precision="year")


def test_the_month_of_arrival_needs_its_year():
    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.filter(pk=client().pk).update(arrival_month=5)


def area(person, begins, ends=None):
    def day(text):
        return dt.date.fromisoformat(text) if text else None

    LegalArea.objects.create(
        client=person, area=code(Code.List.LEGAL_AREA, f"A{begins[5:]}"), valid_from=day(begins), valid_until=day(ends)
    )


def test_gaps_between_legal_areas_are_counted_in_days():
    person = client()
    area(person, "2026-01-01", "2026-03-01")
    area(person, "2026-02-01", "2026-04-01")  # overlaps
    area(person, "2026-04-01", "2026-05-01")  # seamless
    area(person, "2026-05-11", "2026-06-01")
    area(person, "2026-06-02")
    assert [(gap.first.isoformat(), gap.days) for gap in person.legal_area_gaps()] == [
        ("2026-05-01", 10),
        ("2026-06-01", 1),
    ]


def test_a_new_residence_status_ends_the_one_before():
    made, today = case(), workdays.today()
    one, other = code(Code.List.RESIDENCE_STATUS), code(Code.List.RESIDENCE_STATUS, "AE_25b")
    made.client.change_residence_status(by=made.owner, status=one, valid_from=today - 30 * DAY)
    made.client.change_residence_status(by=made.owner, status=other)
    rows = made.client.residence_statuses.order_by("valid_from")
    assert [(row.status, row.valid_until) for row in rows] == [(one, today), (other, None)]
    assert made.client.current_residence_status().status == other
    with pytest.raises(PermissionDenied):
        made.client.change_residence_status(by=case_manager(), status=one)


def test_an_earlier_residence_status_deletes_no_later_one():
    made, today = case(), workdays.today()
    one, other = code(Code.List.RESIDENCE_STATUS), code(Code.List.RESIDENCE_STATUS, "AE_25b")
    made.client.change_residence_status(by=made.owner, status=one, valid_from=today - 30 * DAY)
    made.client.change_residence_status(by=made.owner, status=one, valid_from=today)
    before = list(made.client.residence_statuses.values())
    with pytest.raises(StepRefused, match="Ab einem späteren Tag"):
        made.client.change_residence_status(by=made.owner, status=other, valid_from=today - DAY)
    assert list(made.client.residence_statuses.values()) == before
    made.client.change_residence_status(by=made.owner, status=other, valid_from=today)
    rows = made.client.residence_statuses.order_by("valid_from")
    assert [(row.status, row.valid_until) for row in rows] == [(one, today), (other, None)]


# Consents


def test_a_consent_holds_from_its_first_to_its_last_day():
    made, today = case(), workdays.today()
    given = consent(made, valid_from=today + DAY, valid_until=today + 3 * DAY)
    found = [Consent.objects.in_force(today + days * DAY).filter(pk=given.pk).exists() for days in range(4)]
    assert found == [False, True, True, False]


def test_a_withdrawal_acts_at_once_and_locks_the_cases():
    made = case_at(State.MONITORING)
    given = made.consent_in_force
    given.withdraw(by=made.owner)
    made.refresh_from_db()
    assert not Consent.objects.in_force().exists()
    assert Consent.objects.in_force(workdays.today() - DAY).count() == 0
    assert made.is_locked
    assert made.erase_on == workdays.today() + 30 * DAY
    with pytest.raises(PermissionDenied, match="gesperrt"):
        made.edit(by=made.owner, occasion="neu")
    with pytest.raises(PermissionDenied, match="gesperrt"):
        consultation(case=made)
    with pytest.raises(StepRefused, match="schon widerrufen"):
        given.withdraw(by=made.owner)


def test_a_new_consent_unlocks_what_is_still_there():
    made = case_at(State.MONITORING)
    made.consent_in_force.withdraw(by=made.owner)
    consent(made)
    made.refresh_from_db()
    assert (made.locked_at, made.erase_on) == (None, None)
    told = trail.of(made).filter(act__in=["case.lock", "case.unlock"]).values_list("act", "by")
    assert list(told) == [("case.lock", made.owner_id), ("case.unlock", made.owner_id)]


def test_a_strangers_consents_are_out_of_reach():
    made = case_at(State.ADMITTED)
    with pytest.raises(PermissionDenied):
        consent(made, by=case_manager())
    with pytest.raises(PermissionDenied):
        made.consent_in_force.withdraw(by=case_manager())
    assert not Consent.objects.visible_to(case_manager()).exists()


def test_a_consent_for_an_authority_names_it():
    with pytest.raises(StepRefused, match="Behörde"):
        consent(case(), "MODUL3")


# Consultations


@pytest.mark.parametrize("wrong", [{"quarter_hours": 0}, {"quarter_hours": 33}, {"persons": 0}, {"actions": 0}])
def test_the_database_refuses_impossible_counts(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        consultation(**wrong)


def test_a_consultation_is_never_in_the_future():
    with pytest.raises(StepRefused, match="Zukunft"):
        consultation(held_on=workdays.today() + DAY)
    made = consultation()
    with pytest.raises(IntegrityError), transaction.atomic():
        Consultation.objects.filter(pk=made.pk).update(held_on=workdays.today() + DAY)


def test_only_who_leads_the_case_records_and_corrects_its_consultations():
    made = case_at(State.ADMITTED)
    with pytest.raises(PermissionDenied):
        consultation(by=case_manager(), case=made)
    with pytest.raises(PermissionDenied):
        consultation(by=user(Role.COORDINATION))
    one = consultation(case=made)
    assert one.municipality == made.municipality
    one.edit(by=made.owner, note="Unterlagen gesichtet", topics=[])
    assert not one.topics.exists()
    with pytest.raises(PermissionDenied):
        one.edit(by=case_manager(), note="fremd")
    with pytest.raises(ValueError, match="not edited"):
        one.edit(by=made.owner, case=None)


# Assessment, plan, follow-ups


def test_values_lie_between_one_and_five():
    made = case_at(State.ASSESSMENT)
    for wrong in ({"start": 0}, {"start": 6}, {"end": 6}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Assessment.objects.create(case=made, life_domain=code(Code.List.LIFE_DOMAIN), **wrong)
    Assessment.value(made, by=made.owner, life_domain=code(Code.List.LIFE_DOMAIN), start=2)
    assert Assessment.value(made, by=made.owner, life_domain=code(Code.List.LIFE_DOMAIN), end=4).change == 2


def test_an_agreed_plan_stays_as_it_was():
    made = case_at(State.PLANNING)
    with pytest.raises(StepRefused, match="noch kein Ziel"):
        PlanVersion.agree(made, by=made.owner)
    one = goal(made)
    GoalMeasure.objects.create(goal=one, text="Wohnberechtigungsschein beantragen", who="client")
    PlanVersion.agree(made, by=made.owner)
    one.text = "Etwas anderes"
    one.save()
    second = PlanVersion.agree(made, by=made.owner)
    first = made.plan_versions.get(no=1)
    assert second.no == 2
    assert first.snapshot["goals"][0]["text"] == "Eine eigene Wohnung finden"
    assert first.snapshot["goals"][0]["measures"][0]["who"] == "beratene Person"


def test_a_measure_of_an_actor_names_it():
    one = goal(case_at(State.PLANNING))
    with pytest.raises(IntegrityError), transaction.atomic():
        GoalMeasure.objects.create(goal=one, text="Beratung", who="actor")
    with pytest.raises(IntegrityError), transaction.atomic():
        GoalMeasure.objects.create(goal=one, text="Beratung", who="client", actor=actor())


def test_a_dropped_goal_has_the_degree_of_a_dropped_one():
    one = goal(case_at(State.PLANNING))
    one.value(by=one.case.owner, achievement=9)
    assert one.status == "dropped"
    with pytest.raises(IntegrityError), transaction.atomic():
        type(one).objects.filter(pk=one.pk).update(achievement=3)


def test_follow_ups_belong_to_who_leads_the_case_today():
    made = case_at(State.ADMITTED)
    one = FollowUp.plan(made, by=made.owner, on_day=workdays.today(), text="Bescheid da?")
    assert one in FollowUp.objects.kept_by(made.owner).due()
    assert not FollowUp.objects.kept_by(user(Role.COORDINATION)).exists()
    one.finish(by=made.owner)
    assert not FollowUp.objects.open().exists()


# Network


def test_an_actor_is_told_something_only_with_a_consent_that_names_its_institution():
    made = case_at(State.LINKING)
    there = actor(organisation=organisation("caritas", name="Caritas", kind="welfare"))
    wrong = consent(made, "VERWEIS", organisation("awo", name="AWO", kind="welfare"))
    with pytest.raises(StepRefused, match="Einwilligung"):
        Referral.send(made, by=made.owner, actor=there, occasion="Schuldnerberatung", consent=wrong)
    right = consent(made, "VERWEIS", there.organisation)
    one = Referral.send(made, by=made.owner, actor=there, occasion="Schuldnerberatung", consent=right)
    one.answer(by=made.owner, status="accepted")
    assert one.answered_on == workdays.today()


def test_nobody_sits_at_a_conference_without_a_consent():
    made = case_at(State.MONITORING)
    conference = Conference.objects.create(case=made, held_on=workdays.today())
    other = organisation("jobcenter", name="Jobcenter", kind="employment")
    with pytest.raises(StepRefused, match="Jobcenter"):
        Participant.seat(conference, by=made.owner, institution=other)
    consent(made, "KONFERENZ", other)
    assert Participant.seat(conference, by=made.owner, institution=other).consent_checked_on
    assert Participant.seat(conference, by=made.owner, institution=made.employer).consent is None


def test_a_look_never_lasts_longer_than_an_hour():
    look = Look.take(case(), by=user(Role.COORDINATION), reason="Rückfrage")
    with pytest.raises(IntegrityError), transaction.atomic():
        Look.objects.filter(pk=look.pk).update(until=look.at + dt.timedelta(hours=2))


# The way into the chain


def test_what_is_shared_of_a_case_passes_the_gate():
    made = case(person=client("Nadia", "Rahimi"))
    with pytest.raises(privacy_gate.Held):
        CaseIssue.link(
            by=made.owner, issue=structural_issue(), case=made, interim="Frau Rahimi geht zur AWO.", shared=True
        )
    assert not CaseIssue.objects.exists()
    kept = CaseIssue.link(by=made.owner, issue=structural_issue(), case=made, interim="Frau Rahimi geht zur AWO.")
    assert not CaseIssue.objects.shared().exists()
    kept.keep_interim(by=made.owner, interim="Die Person bekommt vorerst Gutscheine.", shared=True)
    assert CaseIssue.objects.shared().get() == kept


def test_a_link_needs_a_case_or_a_consultation_one_may_see():
    issue, alone = structural_issue(), consultation()
    with pytest.raises(StepRefused, match="Fall oder die Beratung"):
        CaseIssue.link(by=case_manager(), issue=issue, consultation=alone)
    assert CaseIssue.link(by=alone.author, issue=issue, consultation=alone).case is None
    with pytest.raises(PermissionDenied):
        CaseIssue.link(by=case_manager(), issue=issue, case=case())


def test_an_authority_is_an_organisation_of_that_kind():
    assert authority().kind == "authority"
