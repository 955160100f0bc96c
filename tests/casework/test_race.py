"""The same form sent twice at the same moment, and colleagues who act at once: one row, one act on record. On SQLite
writers queue up, on PostgreSQL rows are locked.
"""

import uuid

import pytest
from django.test import Client as Browser

from casework.lifecycle import State
from casework.models import (
    Case,
    CaseNumberRange,
    CaseStep,
    Client,
    Consent,
    Consultation,
    FollowUp,
    HandOver,
    Household,
    Identity,
)
from kim import workdays
from kim.models import Code, TrailEntry
from kim.models.people import User
from tests.at_once import at_once
from tests.casework.factories import authority, case, case_at, case_manager, code, consent, take
from tests.casework.pages import request_of, url
from tests.factories import county

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(who) -> Browser:
    browser = Browser()
    browser.force_login(who)
    return browser


def sent_twice(who, address, given) -> list:
    browsers = [signed_in(who), signed_in(who)]
    return at_once(*(lambda browser=browser: browser.post(address, given) for browser in browsers))


def acts(name) -> int:
    return TrailEntry.objects.filter(act=name).count()


@pytest.fixture
def owner():
    county(case_prefix="RSK")
    return case_manager()


def test_a_request_of_somebody_new_opens_one_case_of_one_person(owner):
    given = request_of(owner.assignments.get().municipality, birth_date="13.05.1990")
    assert sent_twice(owner, url("case_new"), given) == [302, 302]
    assert (Client.objects.count(), Identity.objects.count(), Case.objects.count()) == (1, 1, 1)
    assert (acts("client.enter"), acts("case.open")) == (1, 1)
    assert CaseNumberRange.objects.get().last == 1


def test_a_second_request_of_somebody_known_opens_one_case(owner):
    led = case_at(State.CLEARING, by=owner)
    given = {"person": led.client_id, "municipality": led.municipality_id, "act": "open",
             "opened_on": f"{workdays.today():%d.%m.%Y}"}  # fmt: skip
    assert sent_twice(owner, url("case_new"), given) == [302, 302]
    assert Case.objects.filter(client=led.client).count() == 2
    assert acts("case.open") == 2


def test_case_numbers_have_no_gap_and_no_double_when_many_open_at_once(owner):
    people = [case_manager() for _ in range(5)]
    assert at_once(*(lambda who=who: case(by=User.objects.get(pk=who.pk)) for who in people)) == ["done"] * 5
    assert sorted(int(number[-6:]) for number in Case.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_a_member_of_the_household_is_taken_in_once(owner):
    led = case_at(State.CLEARING, by=owner)
    given = {"family_name": "Rahimi", "given_name": "Farid", "municipality": led.municipality_id}
    assert sent_twice(owner, url("client_member", led.client_id), given) == [302, 302]
    assert (Client.objects.count(), Household.objects.count()) == (2, 1)
    assert (acts("client.enter"), acts("client.household")) == (1, 1)


def test_a_consent_is_given_once(owner):
    led, to = case_at(State.MONITORING, by=owner), authority()
    purpose = code(Code.List.CONSENT_PURPOSE, "VERWEIS")
    before = acts("consent.give")

    def give():
        here = Case.objects.select_related("client").get(pk=led.pk)
        by = User.objects.get(pk=owner.pk)
        return Consent.give(by=by, client=here.client, purpose=purpose, recipient=to, text_version="2026-1")

    assert at_once(give, give, give) == ["done"] * 3
    assert Consent.objects.filter(purpose=purpose).count() == 1
    assert acts("consent.give") == before + 1


def test_a_consent_is_withdrawn_once_and_locks_once(owner):
    led = case_at(State.MONITORING, by=owner)
    agreed = led.consent_in_force
    copies = [Consent.objects.get(pk=agreed.pk) for _ in range(2)]
    assert at_once(*(lambda copy=copy: copy.withdraw(by=owner) for copy in copies)) == ["StepRefused", "done"]
    assert Case.objects.get(pk=led.pk).is_locked
    assert (acts("consent.withdraw"), acts("case.lock")) == (1, 1)


def test_a_case_is_not_admitted_by_a_consent_that_is_withdrawn_at_the_same_moment(owner):
    led = case_at(State.CLEARING, by=owner)
    agreed = consent(led)
    results = at_once(
        lambda: Case.objects.get(pk=led.pk).admit(by=owner, agreed_on=workdays.today()),
        lambda: Consent.objects.get(pk=agreed.pk).withdraw(by=owner),
    )
    left = Case.objects.get(pk=led.pk)
    assert left.is_locked
    assert (left.state == State.ADMITTED) == (results == ["done", "done"])


def test_a_consultation_is_kept_once_with_its_follow_up(owner):
    led = case_at(State.MONITORING, by=owner)
    day = workdays.next_workday(workdays.today())
    given = {
        "kind": "case", "case": led.number, "held_on": f"{workdays.today():%d.%m.%Y}", "quarter_hours": "2",
        "form": code(Code.List.CONTACT_FORM).pk, "topics": [code(Code.List.LIFE_DOMAIN).pk], "persons": "1",
        "actions": "1", "next_step": "Nachfragen", "next_on": f"{day:%d.%m.%Y}", "sent_as": str(uuid.uuid4()),
    }  # fmt: skip
    assert sent_twice(owner, url("consultation_new"), given) == [302, 302]
    assert (Consultation.objects.count(), FollowUp.objects.count()) == (1, 1)
    assert (acts("consultation.record"), acts("case.follow_up")) == (1, 1)


def test_two_who_take_the_same_step_of_a_case_move_it_once(owner):
    led = case_at(State.PLANNING, by=owner)
    copies = [Case.objects.get(pk=led.pk) for _ in range(2)]
    assert at_once(*(lambda copy=copy: take(copy, "link", seen=led.step_no) for copy in copies)) == [
        "OutOfTurn",
        "done",
    ]
    assert CaseStep.objects.filter(case=led, name="link").count() == 1


def test_an_offered_case_gets_one_owner(owner):
    led, taker = case_at(State.MONITORING, by=owner), case_manager()
    offer = HandOver.offer(by=owner, giver=owner, taker=taker, cases=[led])
    results = at_once(
        lambda: HandOver.objects.get(pk=offer.pk).accept(by=taker),
        lambda: HandOver.objects.get(pk=offer.pk).withdraw(by=owner),
    )
    assert results == ["StepRefused", "done"]
    left = HandOver.objects.get(pk=offer.pk)
    assert Case.objects.get(pk=led.pk).owner == (taker if left.accepted_at else owner)
