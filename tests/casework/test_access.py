"""Who sees what: one row per thing and person. What nobody named here may see does not exist for them."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from casework import access
from casework.lifecycle import State
from casework.models import Case, CaseIssue, Client, Consultation, HandOver, Household, Identity, Look, Procedure
from casework.reading import opened
from kim import trail, workdays
from kim.models import Absence, Notice, Role, User
from kim.workflow import StepRefused
from steering.models import Issue
from tests.casework.factories import (
    authority,
    case,
    case_at,
    case_manager,
    checklist,
    client,
    consent,
    consultation,
    structural_issue,
    take,
)
from tests.factories import user

pytestmark = pytest.mark.django_db

REASON = "Beschwerde der Person vom 12.03."


def again(person) -> User:
    """The same account as a request of a later moment reads it."""
    return User.objects.get(pk=person.pk)


def stand_in(away, deputy, days=7):
    today = workdays.today()
    return Absence.objects.create(
        user=away, deputy=deputy, valid_from=today, valid_until=today + dt.timedelta(days=days)
    )


def sees(person, case) -> dict[str, bool]:
    person = again(person)
    return {
        "case": Case.objects.visible_to(person).filter(pk=case.pk).exists(),
        "client": Client.objects.visible_to(person).filter(pk=case.client_id).exists(),
        "identity": Identity.objects.visible_to(person).filter(pk=case.client_id).exists(),
        "consultation": Consultation.objects.visible_to(person).filter(case=case).exists(),
    }


ALL = dict.fromkeys(["case", "client", "identity", "consultation"], True)
NOTHING = dict.fromkeys(ALL, False)


@pytest.fixture
def led():
    """A case with a consultation, led by a case manager of the county."""
    made = case_at(State.MONITORING)
    consultation(case=made)
    return made


def test_the_owner_sees_everything_of_it(led):
    assert sees(led.owner, led) == ALL


@pytest.mark.parametrize("role", list(Role))
def test_nobody_else_sees_anything(led, role):
    stranger = case_manager() if role == Role.CASE_MANAGER else user(role, organisation=led.employer)
    assert sees(stranger, led) == NOTHING


def test_a_superuser_sees_nothing(led):
    assert sees(user(Role.ADMIN, is_superuser=True, is_staff=True), led) == NOTHING


def test_an_owner_who_is_no_case_manager_any_more_sees_nothing_and_stays_the_owner(led):
    led.owner.role_grants.update(valid_until=workdays.today())
    assert sees(led.owner, led) == NOTHING
    assert Case.objects.get(pk=led.pk).owner_id


def test_a_deputy_of_the_same_employer_sees_and_acts_while_standing_in(led):
    deputy = case_manager()
    absence = stand_in(led.owner, deputy)
    assert sees(deputy, led) == ALL
    step = take(Case.objects.get(pk=led.pk), "plan", by=again(deputy))
    assert (step.by, step.on_behalf_of) == (deputy, led.owner)
    with workdays.as_of(absence.valid_until):
        assert sees(deputy, led) == NOTHING


def test_a_deputy_of_another_employer_sees_nothing_and_acts_on_nothing(led):
    deputy = case_manager(employer="stadt-troisdorf")
    stand_in(led.owner, deputy)
    assert sees(deputy, led) == NOTHING
    with pytest.raises(PermissionDenied):
        Case.objects.get(pk=led.pk).plan(by=again(deputy))


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUTHORITY, Role.COORDINATION, Role.STRATEGIC_OFFICE])
def test_standing_in_opens_no_side_door_for_other_roles(led, role):
    deputy = user(role, organisation=led.employer)
    stand_in(led.owner, deputy)
    assert sees(deputy, led) == NOTHING
    with pytest.raises(PermissionDenied):
        Case.objects.get(pk=led.pk).plan(by=again(deputy))


# The coordination


def test_the_coordination_overviews_without_a_person(led):
    rows = list(Case.objects.overview(user(Role.COORDINATION)))
    assert [row["number"] for row in rows] == [led.number]
    assert not {"client", "occasion", "foreign_number"} & set(rows[0])
    for role in set(Role) - {Role.COORDINATION}:
        assert not Case.objects.overview(user(role)).exists()


def test_a_look_opens_the_case_for_an_hour_and_the_case_manager_is_told(led):
    coordinator, other = user(Role.COORDINATION), user(Role.COORDINATION)
    look = Look.take(led, by=coordinator, reason=REASON)
    assert sees(coordinator, led) == ALL
    assert sees(other, led) == NOTHING
    told = Notice.objects.get(recipient=led.owner)
    assert led.number in told.text
    assert REASON in told.text
    assert led.number not in told.headline
    with workdays.as_of(look.until):
        assert sees(coordinator, led) == NOTHING


def test_a_look_changes_nothing(led):
    coordinator = user(Role.COORDINATION)
    Look.take(led, by=coordinator, reason=REASON)
    with pytest.raises(PermissionDenied):
        led.plan(by=coordinator)
    with pytest.raises(PermissionDenied):
        consent(led, by=coordinator)


def test_a_look_needs_a_reason_and_the_coordination(led):
    with pytest.raises(StepRefused, match="Anlass"):
        Look.take(led, by=user(Role.COORDINATION), reason=" ")
    for role in set(Role) - {Role.COORDINATION}:
        with pytest.raises(PermissionDenied):
            Look.take(led, by=user(role), reason=REASON)


def test_the_reason_of_a_look_names_nobody_for_it_stands_in_the_trail(led):
    coordinator = user(Role.COORDINATION)
    for reason in (f"Beschwerde von {led.client.identity}", f"Anruf zu {led.client.identity.family_name}"):
        with pytest.raises(StepRefused, match="ohne Namen"):
            Look.take(led, by=coordinator, reason=reason)
    assert not Look.objects.exists()


# Households and consultations


def test_family_without_a_case_of_their_own_is_seen_with_the_case(led):
    from casework.models import Household

    household = Household.objects.create()
    Client.objects.filter(pk=led.client_id).update(household=household)
    child, spouse = client("Sami", household=household), client("Karim", household=household)
    case(person=spouse)
    seen = Client.objects.visible_to(led.owner)
    assert child in seen
    assert spouse not in seen
    assert not Client.objects.visible_to(case_manager()).filter(pk=child.pk).exists()


def test_an_anonymous_consultation_is_its_authors_and_their_deputys():
    author, deputy, other = case_manager(), case_manager(), case_manager(employer="stadt-troisdorf")
    made = consultation(by=author)
    stand_in(author, deputy)
    stand_in(author, other)
    for person, visible in [(author, True), (deputy, True), (other, False), (case_manager(), False)]:
        assert Consultation.objects.visible_to(again(person)).filter(pk=made.pk).exists() == visible


def test_consultations_of_a_case_go_with_the_case(led):
    before, after = led.owner, case_manager()
    HandOver.offer(by=before, giver=before, taker=after, cases=[led]).accept(by=after)
    assert sees(before, led) == NOTHING
    assert sees(after, led) == ALL


# Hand-over


def test_a_case_keeps_its_owner_until_the_colleague_accepts(led):
    before, after = led.owner, case_manager(employer="stadt-troisdorf")
    handover = HandOver.offer(by=before, giver=before, taker=after, cases=[led], note="Termin am Montag",
                              unagreed_reason="Erkrankung")  # fmt: skip
    assert Case.objects.get(pk=led.pk).owner == before
    with pytest.raises(PermissionDenied):
        handover.accept(by=case_manager())
    handover.accept(by=after)
    stored = Case.objects.get(pk=led.pk)
    assert (stored.owner, stored.employer.key, stored.state) == (after, "stadt-troisdorf", led.state)
    assert Notice.objects.filter(recipient=before).exists()
    with pytest.raises(StepRefused, match="schon beantwortet"):
        handover.refuse(by=after, reason="zu spät")


def test_refused_means_nothing_has_changed(led):
    after = case_manager()
    handover = HandOver.offer(by=led.owner, giver=led.owner, taker=after, cases=[led])
    with pytest.raises(StepRefused, match="schon zur Übergabe angeboten"):
        HandOver.offer(by=led.owner, giver=led.owner, taker=case_manager(), cases=[led])
    handover.refuse(by=after, reason="Ich bin selbst im Urlaub.")
    assert Case.objects.get(pk=led.pk).owner == led.owner


def test_the_coordination_gives_away_what_somebody_left_behind(led):
    led.owner.role_grants.update(valid_until=workdays.today())
    after = case_manager()
    HandOver.offer(by=user(Role.COORDINATION), giver=led.owner, taker=after, cases=[led]).accept(by=after)
    assert sees(after, led) == ALL


def test_only_a_case_manager_takes_over(led):
    with pytest.raises(StepRefused, match="nicht im Case Management"):
        HandOver.offer(by=led.owner, giver=led.owner, taker=user(Role.AUTHORITY), cases=[led])
    with pytest.raises(PermissionDenied):
        HandOver.offer(by=case_manager(), giver=led.owner, taker=case_manager(), cases=[led])


# Modul 3


def handed_over(case):
    agreed = consent(case, "MODUL3", authority())
    return agreed, Procedure.hand_over(
        case, by=case.owner, checklist=checklist(), authority=authority(), consent=agreed, person="Nadia Rahimi",
        text="Antrag nach § 25b",
    )  # fmt: skip


def test_an_authority_sees_what_was_handed_over_to_it_and_nothing_else(led):
    ours, theirs = user(Role.AUTHORITY, organisation=authority()), user(Role.AUTHORITY, organisation=led.employer)
    _, procedure = handed_over(led)
    assert Procedure.objects.visible_to(ours).get() == procedure
    assert not Procedure.objects.visible_to(theirs).exists()
    assert not Procedure.objects.visible_to(case_manager()).exists()
    assert Procedure.objects.visible_to(led.owner).get() == procedure
    assert sees(ours, led) == NOTHING
    assert not [name for name in dir(procedure) if "case" in name.lower()]


def test_a_withdrawal_takes_a_procedure_out_of_sight_at_once(led):
    ours = user(Role.AUTHORITY, organisation=authority())
    agreed, procedure = handed_over(led)
    procedure.items.get().mark(by=ours, status="present")
    agreed.withdraw(by=led.owner)
    assert not Procedure.objects.visible_to(ours).exists()
    with pytest.raises(PermissionDenied):
        procedure.items.get().mark(by=ours, status="missing")


def test_without_a_consent_that_names_the_authority_nothing_is_handed_over(led):
    agreed = consent(led, "MODUL3", authority("abh-troisdorf"))
    with pytest.raises(StepRefused, match="keine gültige Einwilligung"):
        Procedure.hand_over(
            led, by=led.owner, checklist=checklist(), authority=authority(), consent=agreed, person="N", text="A"
        )
    assert not Procedure.objects.exists()


# The wall towards steering, and the trail


def test_an_issue_has_no_way_back_to_a_case(led):
    CaseIssue.link(by=led.owner, issue=structural_issue(), case=led)
    reached = {field.related_model._meta.app_label for field in Issue._meta.get_fields() if field.related_model}
    assert "casework" not in reached


def test_links_are_seen_with_the_case(led):
    CaseIssue.link(by=led.owner, issue=structural_issue(), case=led)
    assert CaseIssue.objects.visible_to(led.owner).count() == 1
    for stranger in (case_manager(), user(Role.COORDINATION), user(Role.AUTHORITY)):
        assert not CaseIssue.objects.visible_to(stranger).exists()


def test_reading_is_on_record_once_in_a_quarter_of_an_hour(led):
    opened(led, by=led.owner)
    opened(led, by=led.owner)
    rows = trail.of(led).filter(act="case.read")
    assert [row.by for row in rows] == [led.owner]
    with workdays.as_of(workdays.now() + dt.timedelta(minutes=16)):
        opened(led, by=led.owner)
    assert rows.all().count() == 2


def test_reading_names_the_absent_owner_and_the_reason_of_a_look(led):
    deputy, coordinator = case_manager(), user(Role.COORDINATION)
    stand_in(led.owner, deputy)
    opened(led, by=again(deputy))
    Look.take(led, by=coordinator, reason=REASON)
    opened(led, by=coordinator)
    rows = trail.of(led).filter(act="case.read").order_by("id")
    assert [(row.by, row.on_behalf_of, row.note) for row in rows] == [
        (deputy, led.owner, ""),
        (coordinator, None, REASON),
    ]


def test_whatever_is_read_under_a_look_carries_its_reason(led):
    coordinator = user(Role.COORDINATION)
    home = Household.objects.create()
    Client.objects.filter(pk=led.client_id).update(household=home)
    child, agreed = client("Sami", household=home), consent(led, "MODUL3", authority())
    handed = Procedure.hand_over(
        led, by=led.owner, checklist=checklist(), authority=authority(), consent=agreed, person="N", text="Anliegen"
    )
    Look.take(case(), by=coordinator, reason="Anderer Anlass")
    Look.take(led, by=coordinator, reason=REASON)
    for subject in (led, Client.objects.get(pk=led.client_id), child, consultation(case=led), handed):
        opened(subject, by=coordinator)
        assert trail.of(subject).filter(by=coordinator, act__endswith=".read").get().note == REASON, subject
        opened(subject, by=led.owner)
        assert trail.of(subject).filter(by=led.owner, act__endswith=".read").get().note == ""


def test_what_somebody_works_on_themselves_is_read_under_no_look(led):
    led.owner.role_grants.create(role=Role.COORDINATION, valid_from=workdays.today())
    both = again(led.owner)
    Look.take(led, by=both, reason=REASON)
    for subject in (led, led.client, consultation(case=led)):
        opened(subject, by=both)
        assert trail.of(subject).filter(by=both, act__endswith=".read").get().note == ""


def test_rules_carry_a_sentence():
    rules = [value for value in vars(access).values() if isinstance(value, access.Rule)]
    assert len(rules) >= 8
    assert all(rule.refusal.endswith(".") for rule in rules)
