"""Cases change hands: offered with a preview, theirs once accepted, and never without somebody who leads them."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from casework import access
from casework.case_page import sections_of
from casework.lifecycle import State
from casework.models import Case, CaseIssue, FollowUp, HandOver, Procedure
from casework.models.caseload import foresee, owners, who_changed_employer, who_left
from kim import trail, workdays
from kim.models import Absence, Code, Draft, Notice, Role, User
from kim.together import together
from kim.workflow import StepRefused
from steering.escalation import State as IssueState
from tests.casework.factories import authority, case, case_at, case_manager, checklist, code, consent, consultation
from tests.factories import issue_at, organisation, project_group, steering_group, user
from tests.factories import take as take_step

pytestmark = pytest.mark.django_db


def page(name, *args):
    return reverse(f"casework:{name}", args=args)


def again(person) -> User:
    return User.objects.get(pk=person.pk)


def stand_in(away, deputy):
    today = workdays.today()
    return Absence.objects.create(user=away, deputy=deputy, valid_from=today, valid_until=today + dt.timedelta(days=5))


@pytest.fixture
def led():
    return case_at(State.MONITORING)


def offer(led, taker=None, **given):
    return HandOver.offer(
        **{"by": led.owner, "giver": led.owner, "taker": taker or case_manager(), "cases": [led]} | given
    )


# The model


def test_an_offer_nobody_answers_can_be_taken_back_and_made_to_somebody_else(led):
    one = offer(led)
    with pytest.raises(PermissionDenied):
        one.withdraw(by=case_manager())
    with pytest.raises(PermissionDenied):
        one.withdraw(by=one.taker)
    one.withdraw(by=led.owner)
    assert (one.is_open, one.outcome) == (False, "zurückgenommen")
    assert [row.act for row in trail.of(one)] == ["handover.offer", "handover.withdraw"]
    assert Notice.objects.filter(recipient=one.taker).count() == 2
    with pytest.raises(StepRefused, match="schon beantwortet"):
        one.accept(by=one.taker)
    assert offer(led).is_open


def test_everything_that_belongs_to_a_case_goes_with_it(led):
    before, after = led.owner, case_manager()
    waiting = FollowUp.plan(led, by=before, on_day=workdays.today(), text="Bescheid da?")
    consultation(case=led)
    issue = issue_at(IssueState.FEEDBACK_DUE, reported_by=before)
    CaseIssue.link(by=before, issue=issue, case=led)
    offer(led, after).accept(by=after)
    assert list(FollowUp.objects.kept_by(again(after))) == [waiting]
    assert not FollowUp.objects.kept_by(again(before)).exists()
    assert CaseIssue.objects.visible_to(again(after)).get().issue == issue
    assert [row.user for row in issue.reporters.all()] == [before]
    told = Notice.objects.filter(recipient=before).count()
    take_step(issue, "feed_back", feedback="Ab sofort genügt die vorläufige Bescheinigung.")
    assert Notice.objects.filter(recipient=before).count() == told + 1
    shown = {part.key: part.about for part in sections_of(Case.objects.get(pk=led.pk), again(after))["main"]}
    assert [(one.issue, one.answer) for one in shown["case-issues"]["links"]] == [
        (issue, "Ab sofort genügt die vorläufige Bescheinigung.")
    ]
    assert [row.by for row in trail.of(led).filter(act="case.new_owner")] == [after]


def test_many_cases_change_hands_with_few_questions(django_assert_max_num_queries):
    before, after = case_manager(), case_manager(employer="stadt-troisdorf")
    cases = [case(by=before) for _ in range(12)]
    one = HandOver.offer(by=before, giver=before, taker=after, cases=cases, unagreed_reason="Erkrankung")
    with django_assert_max_num_queries(40):
        one.accept(by=after)
    assert {(row.owner_id, row.employer.key) for row in Case.objects.select_related("employer")} == {
        (after.pk, "stadt-troisdorf")
    }


def test_the_preview_counts_what_changes(led):
    giver = led.owner
    other = case_at(State.CLOSED, by=giver)
    taker = case_manager(employer="stadt-troisdorf")
    FollowUp.plan(led, by=giver, on_day=workdays.today(), text="Bescheid da?")
    Draft.keep(giver, "consultation:new", {"case": str(led.pk)}, url="/casework/consultations/new/")
    Draft.keep(giver, "consultation:9", {"note": "x"}, url=f"/casework/cases/{led.pk}/consultations/new/")
    Draft.keep(giver, "consultation:10", {"case": "999999"}, url="/casework/cases/999999/")
    change = foresee(giver, taker, list(Case.objects.filter(pk__in=[led.pk, other.pk]).select_related("municipality")))
    assert (change.open, change.ended, change.follow_ups, change.drafts) == (1, 1, 1, 2)
    assert [(str(employer), number) for employer, number in change.employers] == [("Kreisverwaltung", 2)]
    assert change.without_consent == 2
    consent(led, "WECHSEL", organisation("stadt-troisdorf"))
    assert foresee(giver, taker, [Case.objects.select_related("municipality").get(pk=led.pk)]).without_consent == 0
    assert foresee(giver, case_manager(), [Case.objects.get(pk=led.pk)]).employers == []


# To another employer


@pytest.fixture
def far():
    return case_manager(employer="stadt-troisdorf", name="Case Management Troisdorf")


def test_to_another_employer_goes_nothing_without_a_consent_or_a_reason(led, far):
    with pytest.raises(StepRefused, match="1 Fall ohne Einwilligung in den Wechsel"):
        offer(led, far)
    with pytest.raises(StepRefused, match="ohne Namen"):
        offer(led, far, unagreed_reason="Frau Rahimi braucht sofort Hilfe")
    assert not HandOver.objects.exists()
    one = offer(led, far, unagreed_reason="Plötzliche Erkrankung")
    assert [row.note for row in trail.of(one)] == ["1 Fall ohne Einwilligung in den Wechsel des Trägers"]
    one.accept(by=far)
    [moved] = trail.of(led).filter(act="case.new_owner")
    assert moved.note == "zu einem anderen Träger ohne Einwilligung, mit Grund"
    assert "Erkrankung" not in "".join(trail.of(one).values_list("note", flat=True))


def test_with_a_consent_no_reason_is_kept_and_nothing_is_missing(led, far):
    consent(led, "WECHSEL", organisation("stadt-troisdorf"))
    one = offer(led, far, unagreed_reason="wird nicht gebraucht")
    one.accept(by=far)
    moved = Case.objects.get(pk=led.pk)
    assert (one.unagreed_reason, moved.lacks_agreement, moved.consent_in_force is None) == ("", False, False)
    assert not Case.objects.without_agreement().exists()
    moved.client.consents.get(purpose__code="WECHSEL").withdraw(by=far)
    assert Case.objects.get(pk=led.pk).lacks_agreement, "a withdrawal acts at once"
    assert Case.objects.without_agreement().exists()


def test_a_consent_that_ends_between_offer_and_acceptance_is_none(led, far):
    agreed = consent(led, "WECHSEL", organisation("stadt-troisdorf"))
    one = offer(led, far)
    agreed.withdraw(by=led.owner)
    with pytest.raises(StepRefused, match="neu anbieten"):
        one.accept(by=far)
    assert Case.objects.get(pk=led.pk).owner == led.owner


@pytest.mark.parametrize("given", ["into the change", "into case management"])
def test_until_somebody_agrees_the_work_rests_and_the_taker_reads_what_is_missing(client, led, far, given):
    consent(led, "MODUL3", authority())
    offer(led, far, unagreed_reason="Plötzliche Erkrankung").accept(by=far)
    moved = Case.objects.get(pk=led.pk)
    assert moved.lacks_agreement
    with pytest.raises(StepRefused, match="Einwilligung"):
        moved.plan(by=far)
    with pytest.raises(StepRefused, match="Wechsel zu Ihrem Träger"):
        hand_over_to_authority(moved)
    client.force_login(far)
    enter, missing = page("consent_new", led.pk), "Einwilligung in den Wechsel des Trägers fehlt"
    for address in ("/", led.get_absolute_url()):
        text = client.get(address).content.decode()
        assert missing in text
        assert enter in text
    into_change = code(Code.List.CONSENT_PURPOSE, "WECHSEL")
    form = client.get(enter).context["form"]
    assert [form[name].value() for name in ("purpose", "recipient")] == [str(into_change.pk), str(moved.employer_id)]
    purpose = ("WECHSEL", moved.employer) if given == "into the change" else ("CM", None)
    consent(moved, *purpose)
    for address in ("/", led.get_absolute_url()):
        assert missing not in client.get(address).content.decode()
    Case.objects.get(pk=led.pk).plan(by=far)
    hand_over_to_authority(Case.objects.get(pk=led.pk))


def hand_over_to_authority(made):
    return Procedure.hand_over(
        made, by=made.owner, checklist=checklist(), authority=authority(), text="Bitte prüfen.", person="N",
        consent=made.client.consents.get(purpose__code="MODUL3"),
    )  # fmt: skip


def test_the_reason_is_asked_after_the_preview_and_read_by_taker_and_coordination(client, led, far):
    client.force_login(led.owner)
    assert 'name="unagreed_reason"' not in client.get(page("handover_new")).content.decode()
    sent = {"taker": far.pk, "cases": [led.pk]}
    text = client.post(page("handover_new"), sent | {"preview": "1"}).content.decode()
    assert 'name="unagreed_reason"' in text
    answer = client.post(page("handover_new"), sent)
    assert answer.status_code == 409
    assert 'name="unagreed_reason"' in answer.content.decode()
    assert client.post(page("handover_new"), sent | {"unagreed_reason": "Erkrankung"}).status_code == 302
    one = HandOver.objects.get()
    for reader in (led.owner, far, user(Role.COORDINATION)):
        client.force_login(reader)
        assert "Erkrankung" in client.get(one.get_absolute_url()).content.decode()
    one.accept(by=far)
    assert "Sie fehlt noch bei 1 Fall." in client.get(one.get_absolute_url()).content.decode()
    client.force_login(far)
    near = {"taker": case_manager(employer="stadt-troisdorf").pk, "cases": [led.pk], "preview": "1"}
    assert 'name="unagreed_reason"' not in client.post(page("handover_new"), near).content.decode()


def test_who_left_is_who_leads_open_cases_and_is_no_case_manager_any_more(led):
    stays, gone_ended = case_at(State.ADMITTED).owner, case_at(State.CLOSED).owner
    for person in (led.owner, gone_ended):
        person.role_grants.update(valid_until=workdays.today())
    assert [(row, row.number) for row in who_left()] == [(led.owner, 1)]
    assert {row.pk: row.is_case_manager for row in owners()} == {led.owner_id: False, stays.pk: True}
    User.objects.filter(pk=stays.pk).update(is_active=False)
    assert set(who_left()) == {led.owner, stays}


def moves(person, to="stadt-troisdorf"):
    """From today on another employer employs the case manager."""
    today = workdays.today()
    person.assignments.update(valid_until=today)
    given = {"role": Role.CASE_MANAGER, "employer": organisation(to), "valid_from": today}
    person.assignments.create(**given, municipality=person.assignments.first().municipality)


def test_who_changed_employer_leads_open_cases_of_the_old_one(led):
    mover, stays, ended = led.owner, case_at(State.ADMITTED).owner, case_at(State.CLOSED).owner
    assert not who_changed_employer().exists()
    moves(mover)
    moves(ended)
    new = case(by=again(mover))
    assert [(row, row.number) for row in who_changed_employer()] == [(mover, 1)]
    assert list(Case.objects.filter(owner=mover).of_former_employer()) == [led]
    assert not who_left().exists()
    # Whoever works for both leads no case of a former employer.
    both = stays.assignments.get()
    stays.assignments.create(
        role=Role.CASE_MANAGER, employer=organisation("stadt-troisdorf"), valid_from=both.valid_from
    )
    assert [row.pk for row in who_changed_employer()] == [mover.pk]
    # An assignment that was believed in error counts for nothing, nor does one for something else.
    now = workdays.now()
    mistaken = {"known_from": now - dt.timedelta(days=9), "known_until": now - dt.timedelta(days=1)}
    begins = both.valid_from
    mover.assignments.create(role=Role.CASE_MANAGER, employer=led.employer, valid_from=begins, **mistaken)
    mover.assignments.create(role=Role.COORDINATION, employer=led.employer, valid_from=begins)
    assert [row.pk for row in who_changed_employer()] == [mover.pk]
    mover.role_grants.update(valid_until=workdays.today())
    assert not who_changed_employer().exists()
    assert [(row, row.number) for row in who_left()] == [(mover, 2)]
    assert new.employer.key == "stadt-troisdorf"


def test_without_an_assignment_the_organisation_of_the_account_is_the_employer(led):
    led.owner.assignments.all().delete()
    for key, changed in [(None, False), (led.employer.key, False), ("stadt-troisdorf", True)]:
        User.objects.filter(pk=led.owner_id).update(organisation=organisation(key) if key else None)
        assert who_changed_employer().exists() is changed


@together
def _kept_by_slots(*shape):
    return {"kept": Case.objects.filter(access.Caseload.in_slots(*shape).kept())}


def test_the_caseload_of_a_planned_statement_is_that_of_the_rule(led):
    deputy, stranger = case_manager(), case_manager(employer="stadt-troisdorf")
    without_duty = user(Role.CASE_MANAGER, organisation=led.employer)
    own = case(by=deputy)
    for person in (deputy, stranger, without_duty):
        stand_in(led.owner, person)
    for person, expected in [(led.owner, {led}), (deputy, {led, own}), (stranger, set()), (without_duty, {led})]:
        person = again(person)
        load = access.Caseload.of(person)
        found = _kept_by_slots(*load.shape)(**load.values)["kept"]
        assert set(found) == set(Case.objects.kept_by(person)) == expected


# The pages


def test_no_case_is_chosen_until_somebody_says_so_then_previewed_offered_and_accepted(client, led):
    giver, taker = led.owner, case_manager(name="Case Management Eitorf")
    other, ended = case(by=giver), case_at(State.CLOSED, by=giver)
    client.force_login(giver)
    text = client.get(page("handover_new")).content.decode()
    assert text.count('name="cases"') == 2
    assert text.count("checked>") - text.count("data-keys-switch") == 0
    assert 'href="?all=1"' in text
    text = client.get(page("handover_new"), {"all": "1"}).content.decode()
    assert text.count('name="cases"') == text.count("checked>") - 1 - text.count("data-keys-switch") == 2
    sent = {"taker": taker.pk, "cases": [led.pk, other.pk], "with_ended": "on", "note": "Termin am Montag"}
    shown = client.post(page("handover_new"), sent | {"preview": "1"})
    assert shown.status_code == 200
    assert "Das ändert sich, wenn Case Management Eitorf annimmt" in shown.content.decode()
    assert not HandOver.objects.exists()
    assert client.post(page("handover_new"), {"taker": taker.pk}).status_code == 422
    answer = client.post(page("handover_new"), sent)
    one = HandOver.objects.get()
    assert answer.headers["Location"] == page("handover_detail", one.pk)
    assert set(one.cases.all()) == {led, other, ended}
    assert "schon angeboten" in client.get(page("handover_new")).content.decode()
    assert "Zur Übergabe angeboten" in client.get(led.get_absolute_url()).content.decode()
    client.force_login(taker)
    assert "3 Fälle von" in client.get("/").content.decode()
    text = client.get(page("handover_detail", one.pk)).content.decode()
    assert "Termin am Montag" in text
    assert led.number in text
    assert "Rahimi" not in text
    assert client.get(led.get_absolute_url()).status_code == 404
    assert client.post(page("handover_accept", one.pk)).status_code == 302
    assert "Rahimi" in client.get(led.get_absolute_url()).content.decode()
    assert "Übernommen" in client.get(led.get_absolute_url()).content.decode()
    client.force_login(giver)
    assert client.get(led.get_absolute_url()).status_code == 404
    assert Notice.objects.filter(recipient=giver, url=page("handover_detail", one.pk)).exists()


def test_a_draft_remembers_what_was_unticked(client, led):
    other, ended = case(by=led.owner), case_at(State.CLOSED, by=led.owner)
    Draft.keep(led.owner, f"handover:{led.owner_id}", {"cases": str(other.pk), "note": "Halb getippt"})
    client.force_login(led.owner)
    answer = client.get(page("handover_new"))
    assert answer.context["form"].picked == {str(other.pk)}
    text = answer.content.decode()
    assert "Halb getippt" in text
    assert f'value="{other.pk}" checked' in text
    assert 'name="with_ended">' in text
    assert ended.number not in text


def test_refusing_takes_a_reason_and_changes_nothing(client, led):
    one = offer(led)
    client.force_login(one.taker)
    assert client.post(page("handover_refuse", one.pk), {"reason": " "}).status_code == 422
    assert client.post(page("handover_refuse", one.pk), {"reason": "Selbst im Urlaub"}).status_code == 302
    assert client.post(page("handover_refuse", one.pk), {"reason": "Selbst im Urlaub"}).status_code == 409
    assert Case.objects.get(pk=led.pk).owner == led.owner
    client.force_login(led.owner)
    assert "Selbst im Urlaub" in client.get(page("handover_detail", one.pk)).content.decode()


def test_a_deputy_offers_for_the_colleague_and_sees_what_became_of_it(client, led):
    deputy, taker = case_manager(), case_manager()
    stand_in(led.owner, deputy)
    client.force_login(deputy)
    address = f"{page('handover_new')}?giver={led.owner_id}"
    assert "In Vertretung für" in client.get(address).content.decode()
    answer = client.post(address, {"taker": taker.pk, "cases": [led.pk]}, follow=True)
    assert answer.status_code == 200
    assert HandOver.objects.get().offered_by == deputy


def test_the_coordination_hands_over_what_somebody_left_behind_without_a_name(client, led):
    led.owner.role_grants.update(valid_until=workdays.today())
    coordination, taker = user(Role.COORDINATION), case_manager()
    client.force_login(coordination)
    today = client.get("/").content.decode()
    assert "Fälle ohne Fallführung" in today
    address = f"{page('handover_new')}?giver={led.owner_id}"
    assert address.replace("&", "&amp;") in today
    assert str(led.owner) in client.get(page("handover_new")).content.decode()
    text = client.get(address).content.decode()
    assert led.number in text
    assert "Rahimi" not in text
    assert client.post(address, {"taker": taker.pk, "cases": [led.pk]}).status_code == 302
    one = HandOver.objects.get()
    assert "Rahimi" not in client.get(page("handover_detail", one.pk)).content.decode()
    one.refuse(by=taker, reason="zu viel")
    assert Notice.objects.filter(recipient=coordination).exists()


def test_the_coordination_hands_over_what_belongs_to_the_former_employer(client, led):
    words = "Fälle, deren Fallführung den Arbeitgeber gewechselt hat"
    coordination, taker = user(Role.COORDINATION), case_manager()
    client.force_login(coordination)
    for address in ("/", page("handover_list")):
        assert words not in client.get(address).content.decode()
    moves(led.owner)
    new = case(by=again(led.owner))
    address = f"{page('handover_new')}?giver={led.owner_id}&former=1"
    for where in ("/", page("handover_list")):
        text = client.get(where).content.decode()
        assert words in text
        assert "1 offener Fall beim früheren Arbeitgeber" in text
        assert address.replace("&", "&amp;") in text
        assert "Rahimi" not in text
    text = client.get(address).content.decode()
    assert led.number in text
    assert new.number not in text
    assert "Rahimi" not in text
    assert client.post(address, {"taker": taker.pk, "cases": [new.pk]}).status_code == 422
    assert client.post(address, {"taker": taker.pk, "cases": [led.pk]}).status_code == 302
    assert "zur Übergabe angeboten" in client.get("/").content.decode()
    HandOver.objects.get().accept(by=taker)
    for where in ("/", page("handover_list")):
        assert words not in client.get(where).content.decode()
    for person in (led.owner, taker):
        client.force_login(person)
        assert words not in client.get("/").content.decode() + client.get(page("handover_list")).content.decode()


def test_the_note_is_read_by_those_it_concerns(client, led):
    one = offer(led, note="Vertraulich gemeint")
    client.force_login(user(Role.COORDINATION))
    assert "Vertraulich" not in client.get(page("handover_detail", one.pk)).content.decode()


def test_lists_ask_the_same_number_of_times(client, django_assert_max_num_queries):
    giver, taker = case_manager(), case_manager()
    cases = [case(by=giver) for _ in range(20)]
    for one in cases[:14]:
        HandOver.offer(by=giver, giver=giver, taker=taker, cases=[one])
    client.force_login(giver)
    for address in (page("handover_list"), page("handover_new"), page("handover_detail", HandOver.objects.first().pk)):
        client.get(address)
        with django_assert_max_num_queries(12):
            assert client.get(address).status_code == 200
    sent = {"taker": taker.pk, "cases": [one.pk for one in cases[14:]], "preview": "1"}
    with django_assert_max_num_queries(30):
        assert client.post(page("handover_new"), sent).status_code == 200


PEOPLE = (
    "giver", "taker", "other", "deputy", "coordination", "office", "member", "lead", "authority", "admin", "audit",
)  # fmt: skip
# fmt: off
TABLE = [
    #                               giv  tak  oth  dep  coo  off  mem  lea  aut  adm  aud
    ("handover_list",     "get",    200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("handover_new",      "get",    200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("handover_detail",   "get",    200, 200, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("handover_refuse",   "get",    403, 200, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("handover_withdraw", "post",   302, 403, 404, 404, 302, 404, 404, 404, 404, 404, 404),
    ("handover_accept",   "post",   403, 302, 404, 404, 403, 404, 404, 404, 404, 404, 404),
]
# fmt: on


def test_who_may_open_and_do_what(client, led):
    group = steering_group()
    lead = user(Role.PROJECT_GROUP)
    project_group("thematic", lead=lead)
    deputy = case_manager()
    stand_in(led.owner, deputy)
    one = offer(led)
    people = {
        "giver": led.owner, "taker": one.taker, "other": case_manager(employer="stadt-troisdorf"), "deputy": deputy,
        "coordination": user(Role.COORDINATION), "office": user(Role.STRATEGIC_OFFICE), "member": group.leads().get(),
        "lead": lead, "authority": user(Role.AUTHORITY), "admin": user(Role.ADMIN), "audit": user(Role.AUDIT),
    }  # fmt: skip
    for name, method, *expected in TABLE:
        address = page(name, *([] if name in ("handover_list", "handover_new") else [one.pk]))
        found = []
        for person in PEOPLE:
            client.force_login(people[person])
            found.append(getattr(client, method)(address).status_code)
        assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, expected, strict=True)), name
        client.logout()
        answer = getattr(client, method)(address)
        assert (answer.status_code, "/konto/" in answer.headers["Location"]) == (302, True), name
    client.force_login(people["giver"])
    for wrong in ("x", "9" * 30, str(people["other"].pk)):
        assert client.get(page("handover_new"), {"giver": wrong}).status_code == 404
