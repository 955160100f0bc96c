"""What clients ask by right: what each answer has to have done, the restriction of a case, who learns of deadlines."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from casework import retention, rights
from casework.lifecycle import State
from casework.models import (
    Case,
    Client,
    ClientRequest,
    Consultation,
    Document,
    Erasure,
    FollowUp,
    HandOver,
    Hold,
    Look,
    Procedure,
)
from kim import workdays
from kim.models import Role
from kim.models.rights import Ground, Kind, Outcome, Refusal
from kim.retention import run as forget
from kim.workflow import StepRefused
from steering import duties
from tests.casework.factories import authority, case, case_at, case_manager, checklist, code, consent, take
from tests.casework.full_case import MARK, marked
from tests.factories import organisation, user

pytestmark = pytest.mark.django_db


def asked(kind, made=None, *, days=0) -> ClientRequest:
    """At a case in monitoring, with the identity cleared."""
    made = made or case_at(State.MONITORING)
    day = workdays.today() - dt.timedelta(days=days)
    one = rights.receive(made, by=made.owner, kind=kind, received_on=day, came_by="person")
    rights.take(one, "identify", by=made.owner, identified="paper", identified_on=workdays.today())
    return one


def answer(one, outcome=Outcome.DONE, **given):
    rights.take(one, "answer", by=one.recorded_by, outcome=outcome, **given)


def case_of(one) -> Case:
    return Case.objects.get(client=one.client_id)


def restrict(one, ground=Ground.CLAIMS):
    rights.restrict(one, by=one.recorded_by, ground=ground)


# Who


def test_only_who_advises_the_person_records_and_answers():
    made = case()
    for other in (case_manager(), user(Role.COORDINATION), user(Role.AUDIT), user(Role.ADMIN)):
        with pytest.raises(PermissionDenied):
            rights.receive(made, by=other, kind="access", received_on=workdays.today(), came_by="mail")
    one = asked(Kind.ACCESS)
    with pytest.raises(PermissionDenied):
        rights.take(one, "take_back", by=case_manager())


def test_each_employer_answers_for_its_own():
    one = asked(Kind.ACCESS)
    elsewhere = case_manager("caritas", place=one.municipality)
    consent(case_of(one))
    Case.open(by=one.recorded_by, client=one.client, municipality=one.municipality)
    Case.objects.filter(client=one.client).exclude(pk=case_of_first(one)).update(
        owner=elsewhere, employer=organisation("caritas")
    )
    assert ClientRequest.objects.visible_to(one.recorded_by).get() == one
    assert not ClientRequest.objects.visible_to(elsewhere).exists()


def case_of_first(one) -> int:
    return Case.objects.filter(client=one.client_id).order_by("pk").first().pk


# Answers


@pytest.mark.parametrize(
    ("kind", "file", "enough"),
    [("access", "pdf", True), ("access", "json", True), ("portability", "pdf", False), ("portability", "json", True)],
)
def test_told_is_what_was_put_out_since_the_request(client, kind, file, enough):
    one = asked(kind)
    with pytest.raises(StepRefused, match="zuerst"):
        answer(one)
    client.force_login(one.recorded_by)
    assert client.get(reverse("casework:client_data_file", args=[one.client_id, file])).status_code == 200
    if enough:
        answer(one)
        assert one.state == "answered"
    else:
        with pytest.raises(StepRefused, match="zuerst"):
            answer(one)


def test_a_correction_says_which_entries_were_put_right():
    one = asked(Kind.RECTIFICATION)
    with pytest.raises(StepRefused, match="berichtigt"):
        answer(one, corrected="")
    answer(one, corrected="Geburtsdatum")
    assert ClientRequest.objects.get(pk=one.pk).corrected == "Geburtsdatum"


def test_an_erasure_happens_with_the_answer_and_the_proof_stays_without_the_person(django_capture_on_commit_callbacks):
    made = marked()
    owner, number = made.owner, made.number
    earlier = made.client.requests.get()
    one = asked(Kind.ERASURE, made)
    with django_capture_on_commit_callbacks(execute=True):
        answer(one)
    assert not Case.objects.exists()
    assert not Client.objects.filter(pk=made.client_id).exists()
    kept = ClientRequest.objects.get(pk=one.pk)
    assert (kept.state, kept.client, kept.outcome) == ("answered", None, "done")
    earlier.refresh_from_db()
    assert (earlier.client, earlier.corrected) == (None, "")
    assert Erasure.objects.filter(why="request", kind="Fall", rows=1, by=owner).exists()
    assert MARK not in str([list(model.objects.values_list()) for model in (ClientRequest, Consultation, Document)])
    assert not ClientRequest.objects.visible_to(owner).exists()
    assert ClientRequest.objects.counted_for(user(Role.AUDIT)).filter(pk=one.pk).exists()
    assert number


@pytest.mark.parametrize("reason", ["claim", "audit"])
def test_an_erasure_is_refused_with_the_reason_and_the_day_while_a_hold_runs(reason):
    made = case_at(State.CLOSED)
    until = made.erase_on + dt.timedelta(days=30)
    Hold.objects.create(case=made, by=made.owner, reason=reason, until=until)
    one = asked(Kind.ERASURE, made)
    with pytest.raises(StepRefused, match=f"{until:%d.%m.%Y}"):
        answer(one)
    assert Case.objects.filter(pk=made.pk).exists()
    rights.take(one, "refuse", by=one.recorded_by, refusal=Refusal.CLAIMS, kept_until=until)
    assert one.kept_until == until


def test_an_erasure_leaves_the_person_where_another_employer_advises_them():
    one = asked(Kind.ERASURE)
    there = Case.open(by=one.recorded_by, client=one.client, municipality=one.municipality)
    Case.objects.filter(pk=there.pk).update(employer=organisation("caritas"), owner=case_manager("caritas"))
    answer(one)
    assert list(Case.objects.all()) == [there]
    assert ClientRequest.objects.get(pk=one.pk).outcome == Outcome.PARTLY


def test_a_withdrawal_is_answered_when_a_consent_is_withdrawn():
    one = asked(Kind.WITHDRAWAL)
    with pytest.raises(StepRefused, match="zuerst"):
        answer(one)
    case_of(one).consent_in_force.withdraw(by=one.recorded_by)
    answer(one)


def test_an_objection_is_upheld_when_processing_ends_and_refused_with_grounds():
    one = asked(Kind.OBJECTION)
    with pytest.raises(StepRefused, match="endet"):
        answer(one)
    rights.take(one, "refuse", by=one.recorded_by, refusal=Refusal.GROUNDS)
    other = asked(Kind.OBJECTION)
    take(case_of(other), "break_off")
    answer(other)


# Restriction


def test_a_restriction_answers_only_when_it_stands_and_ends_only_after_telling():
    one = asked(Kind.RESTRICTION)
    with pytest.raises(StepRefused, match="schränken Sie zuerst"):
        answer(one)
    restrict(one)
    answer(one)
    assert case_of(one).is_restricted
    with pytest.raises(StepRefused, match="angekündigt"):
        rights.lift(one, by=one.recorded_by, lift_told_on=workdays.today() - dt.timedelta(days=1))
    rights.lift(one, by=one.recorded_by, lift_told_on=workdays.today())
    assert not case_of(one).is_restricted
    with pytest.raises(StepRefused, match="keine Einschränkung"):
        rights.lift(one, by=one.recorded_by, lift_told_on=workdays.today())


@pytest.mark.parametrize("kind", Kind)
def test_a_ground_fits_the_request(kind):
    one = asked(kind)
    fits = rights.GROUNDS.get(kind, ())
    for ground in set(Ground) - set(fits):
        with pytest.raises(StepRefused, match="passt nicht"):
            restrict(one, ground)
    if fits:
        restrict(one, fits[0])
        assert case_of(one).is_restricted


def test_two_restrictions_end_with_the_later_one():
    first = asked(Kind.RESTRICTION)
    second = asked(Kind.OBJECTION, case_of(first))
    restrict(first)
    restrict(second, Ground.OBJECTED)
    rights.lift(first, by=first.recorded_by, lift_told_on=workdays.today())
    assert case_of(first).is_restricted
    rights.lift(second, by=first.recorded_by, lift_told_on=workdays.today())
    assert not case_of(first).is_restricted


#: What would use a restricted case: each is refused, and the case is as it was.
USES = {
    "step": lambda made: take(made, "evaluate"),
    "end": lambda made: take(made, "break_off"),
    "edit": lambda made: made.edit(by=made.owner, occasion="Neu"),
    "follow_up": lambda made: FollowUp.plan(made, by=made.owner, on_day=workdays.today(), text="Anrufen"),
    "household": lambda made: made.client.keep_household(by=made.owner, adults=2, children=0),
    "look": lambda made: Look.take(made, by=user(Role.COORDINATION), reason="Beschwerde"),
    "procedure": lambda made: Procedure.hand_over(
        made, by=made.owner, checklist=checklist(), authority=authority(), consent=made.client.consents.get(
            purpose__code="MODUL3"), person="N. R.", text="Bitte um Prüfung."),
    "elsewhere": lambda made: HandOver.offer(
        by=made.owner, giver=made.owner, taker=case_manager("caritas"), cases=[made], unagreed_reason="Umzug"),
    "consultation": lambda made: Consultation.record(
        by=made.owner, case=made, form=code("contact_form"), topics=[code("life_domain")]),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_a_restricted_case_is_only_kept(use):
    made = case_at(State.MONITORING)
    consent(made, "MODUL3", authority())
    restrict(asked(Kind.RESTRICTION, made))
    made = Case.objects.get(pk=made.pk)
    before = list(Case.objects.values_list())
    with pytest.raises((StepRefused, PermissionDenied)) as refused:
        USES[use](made)
    assert "eingeschränkt" in str(refused.value)
    assert list(Case.objects.values_list()) == before


def test_a_restricted_case_is_not_erased_until_it_is_lifted():
    made = case_at(State.CLOSED)
    one = asked(Kind.RESTRICTION, made)
    restrict(one)
    over = made.erase_on + dt.timedelta(days=1)
    with workdays.as_of(over):
        assert not retention.due().exists()
        with pytest.raises(StepRefused, match="eingeschränkt"):
            answer(asked(Kind.ERASURE, made))
        rights.lift(one, by=one.recorded_by, lift_told_on=over)
        assert retention.due().get() == made


def test_what_was_handed_to_the_authority_is_out_of_its_sight_meanwhile():
    made = case_at(State.MONITORING)
    agreed = consent(made, "MODUL3", authority())
    there = Procedure.hand_over(made, by=made.owner, checklist=checklist(), authority=authority(), consent=agreed,
                                person="N. R.", text="Bitte um Prüfung.")  # fmt: skip
    clerk = user(Role.AUTHORITY, organisation=authority())
    assert Procedure.objects.visible_to(clerk).get() == there
    one = asked(Kind.RESTRICTION, made)
    restrict(one)
    assert not Procedure.objects.visible_to(clerk).exists()
    rights.lift(one, by=one.recorded_by, lift_told_on=workdays.today())
    assert Procedure.objects.visible_to(clerk).exists()


def test_a_restriction_ends_looks_hides_from_exports_and_is_marked(client):
    made = case_at(State.MONITORING)
    watcher = user(Role.COORDINATION)
    Look.take(made, by=watcher, reason="Beschwerde")
    restrict(asked(Kind.RESTRICTION, made))
    assert not Case.objects.visible_to(watcher).exists()
    client.force_login(made.owner)
    page = client.get(made.get_absolute_url()).content.decode()
    assert "Die Verarbeitung ist eingeschränkt" in page
    assert "eingeschränkt" in client.get(reverse("casework:case_list")).content.decode()
    csv = b"".join(client.get(reverse("casework:case_export", args=["csv"])).streaming_content).decode()
    assert made.number not in csv
    told = client.get(reverse("casework:client_data_file", args=[made.client_id, "json"]))
    assert told.status_code == 200


# Deadlines


def test_the_case_manager_is_reminded_in_time_and_the_coordination_when_it_is_late_without_a_name():
    watcher = user(Role.COORDINATION)
    one = asked(Kind.ACCESS, days=20)
    key = f"clientrequest:{one.pk}"
    found = {duty.key: duty for duty in duties.open_until(one.due_on)}
    assert found[key].people == {one.recorded_by_id}
    assert f"clientrequest_late:{one.pk}" not in found
    with workdays.as_of(one.due_on + dt.timedelta(days=1)):
        found = {duty.key: duty for duty in duties.open_until(workdays.today())}
        late = found[f"clientrequest_late:{one.pk}"]
        assert late.people == {watcher.pk}
        assert late.url == reverse("casework:request_list")
        for duty in found.values():
            assert "Rahimi" not in f"{duty.subject}{duty.words}{duty.url}"
    rights.take(one, "take_back", by=one.recorded_by)
    assert not [duty for duty in duties.open_until(one.due_on) if duty.key.startswith("clientrequest")]


@pytest.mark.parametrize("role", [Role.AUDIT, Role.COORDINATION])
def test_the_list_of_all_says_no_name_and_leads_nowhere(client, role, django_assert_max_num_queries):
    one = asked(Kind.RECTIFICATION, days=40)
    ClientRequest.objects.filter(pk=one.pk).update(corrected="Geburtsdatum")
    client.force_login(user(role))
    with django_assert_max_num_queries(12):
        page = client.get(reverse("casework:request_list")).content.decode()
    assert str(one) in page
    assert "überfällig" in page
    assert str(one.municipality) in page
    for word in ("Rahimi", "Geburtsdatum", case_of(one).number, one.get_absolute_url()):
        assert word not in page
    assert client.get(one.get_absolute_url()).status_code == 404


def test_the_pages_lead_from_receipt_to_the_restriction(client, django_assert_max_num_queries):
    made = case_at(State.MONITORING)
    client.force_login(made.owner)
    new = reverse("casework:request_new", args=[made.pk])
    sent = {"kind": "restriction", "received_on": f"{workdays.today():%d.%m.%Y}", "came_by": "person"}
    assert client.post(new, sent | {"came_by": ""}).status_code == 422
    assert client.post(new, sent).status_code == 302
    one = ClientRequest.objects.get()

    def act(name, **given):
        return client.post(reverse("casework:request_step", args=[one.pk, name]), given).status_code

    assert act("restrict", ground="claims") == 422
    assert act("identify", identified="known", identified_on=sent["received_on"]) == 302
    assert act("answer", outcome="done") == 422
    assert act("restrict", ground="claims") == 302
    assert act("answer", outcome="done") == 302
    with django_assert_max_num_queries(14):
        page = client.get(one.get_absolute_url()).content.decode()
    assert "Einschränkung aufheben" in page
    assert "Rahimi" not in page.split("</title>")[0]
    assert act("lift", lift_told_on=sent["received_on"]) == 302
    assert act("answer", outcome="done") == 409
    assert "Anliegen" in client.get(made.get_absolute_url()).content.decode()


def test_an_erasure_by_the_page_leads_to_the_list(client):
    one = asked(Kind.ERASURE)
    client.force_login(one.recorded_by)
    answered = client.post(reverse("casework:request_step", args=[one.pk, "answer"]), {"outcome": "done"})
    assert answered.headers["Location"] == reverse("casework:request_list")
    assert not Case.objects.exists()


def test_the_proof_goes_three_years_after_the_answer_but_not_while_it_restricts():
    gone, stays = asked(Kind.OBJECTION), asked(Kind.RESTRICTION)
    rights.take(gone, "refuse", by=gone.recorded_by, refusal=Refusal.GROUNDS)
    restrict(stays)
    answer(stays)
    long_ago = workdays.today() - dt.timedelta(days=3 * 366 + 1)
    ClientRequest.objects.update(answered_on=long_ago)
    forget()
    assert list(ClientRequest.objects.all()) == [stays]
