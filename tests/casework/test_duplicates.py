"""Likely the same person: what counts as alike, and what is told of it."""

import datetime as dt

import pytest
from django.db import transaction

from casework import duplicates, spelling
from casework.models import Case, Client, Household, Identity
from kim.models import Notice, TrailEntry
from tests import factories as f
from tests.casework.factories import (
    case,
    case_manager,
    consent,
)
from tests.casework.factories import (
    client as person,
)
from tests.casework.pages import as_, request_of, stand_in, url

pytestmark = pytest.mark.django_db


BORN = dt.date(1990, 5, 13)


@pytest.fixture
def elsewhere():
    place = f.municipality("Windeck")
    owner = case_manager("windeck", place=place)
    return case(by=owner, person=person("Надія", "Рахімі", place=place, birth_date=BORN))


@pytest.mark.parametrize(
    ("given", "family", "alike"),
    [("Nadiia", "Rakhimi", True), ("Rakhimi", "Nadiia", True), ("Nadia", "Schneider", False)],
)
def test_alike_are_similar_names_in_any_script_with_the_same_birth_date(elsewhere, given, family, alike):
    me = case_manager()
    assert [one.pk for one in duplicates.elsewhere(given, family, BORN, user=me)] == [elsewhere.pk] * alike
    assert duplicates.elsewhere(given, family, BORN + dt.timedelta(days=1), user=me) == []
    assert duplicates.elsewhere(given, family, None, user=me) == []
    assert duplicates.elsewhere(given, family, BORN, user=elsewhere.owner) == []


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("نادية رحيمي", "Nadia Rahimi", True),
        ("نادية رحيمي", "Rahimi, Nadia", True),
        ("احمد علي", "Ahmed Ali", True),
        ("محمد الرحيمي", "Mohammed Al-Rahimi", True),
        ("مریم حسینی", "Maryam Hosseini", True),
        ("يوسف حداد", "Yousef Haddad", True),
        ("Олена Шевченко", "Olena Schewtschenko", True),
        ("Mohammed Omar", "Muhamad Omer", True),
        ("Nadia Rahimi", "Nadia Sahin", False),
        ("نادية رحيمي", "Nadia Sahin", False),
        ("نادية رحيمي", "Nadia Rahmani", False),
        ("نادية رحيمي", "Dana Rahimi", False),
        ("مریم حسینی", "Maria Hassan", False),
        ("خالد محمود", "Khalil Mahmoud", False),
        ("يوسف حداد", "Sofia Haddad", False),
        ("علي عمر", "Leila Maria", False),
        ("Ahmed Ali", "Hamid Ali", False),
        ("Anna Schmidt", "Ina Schmitt", False),
    ],
)
def test_unlike_names_stay_unlike_in_whatever_script(one, other, alike):
    assert bool(spelling.likeness(one, other)) is alike
    assert spelling.likeness(one, other) == spelling.likeness(other, one)


def test_somebody_without_a_case_is_advised_in_that_of_the_household():
    home, me = Household.objects.create(), case_manager()
    led = case(person=person("Nadia", "Rahimi", household=home))
    child = person("طارق", "صابوني", household=home, birth_date=BORN)
    asked = ("Tarik", "Sabuni", BORN)
    assert duplicates.elsewhere(*asked, user=me) == [led]
    assert duplicates.elsewhere(*asked, user=led.owner) == []
    own = Case.open(by=led.owner, client=child, municipality=child.municipality)
    assert duplicates.elsewhere(*asked, user=me) == [own]


@pytest.mark.parametrize(
    ("kept", "asked", "alike"),
    [
        (("1990-05-13", "day"), ("1990-01-01", "year"), True),
        (("1990-05-13", "day"), ("1990-05-01", "month"), True),
        (("1990-05-01", "month"), ("1990-05-13", "day"), True),
        (("1990-01-01", "year"), ("1990-05-13", "day"), True),
        (("1990-01-01", "day"), ("1990-05-13", "day"), False),
        (("1990-06-13", "day"), ("1990-05-01", "month"), False),
        (("1991-01-01", "day"), ("1990-01-01", "year"), False),
    ],
)
def test_a_birth_date_is_compared_as_far_as_it_is_known(kept, asked, alike):
    day, precision = kept
    case(person=person("Nadia", "Rahimi", birth_date=dt.date.fromisoformat(day), birth_precision=precision))
    born = dt.date.fromisoformat(asked[0]), asked[1]
    assert bool(duplicates.elsewhere("Nadia", "Rahimi", *born, user=case_manager())) is alike


def test_a_likely_duplicate_is_announced_without_saying_whose_it_is(client, elsewhere):
    me = case_manager("eitorf", place=f.municipality("Eitorf"))
    place = me.assignments.get().municipality
    given = request_of(place, given_name="Nadiia", family_name="Rakhimi", birth_date="13.05.1990")
    answer = as_(client, me).post(url("case_new"), given)
    assert answer.status_code == 422
    assert "Es gibt möglicherweise schon eine Beratung an anderer Stelle" in answer.text
    for told in (elsewhere.number, str(elsewhere.owner), "Рахімі"):
        assert told not in answer.text
    assert Case.objects.count() == 1
    assert not Notice.objects.exists()

    answer = client.post(url("case_new"), given | {"act": "contact"})
    assert "Beide Fallführungen sind gebeten" in answer.text
    there = Notice.objects.get(recipient=elsewhere.owner)
    here = Notice.objects.get(recipient=me)
    assert there.url == elsewhere.get_absolute_url()
    owner, at = elsewhere.owner, me.assignments.get().employer
    assert there.text == f"Ihr Fall {elsewhere.number}. Ansprechperson: {me}, {at}, {me.email}."
    assert here.text == f"Ihre neue Anfrage. Ansprechperson: {owner}, {elsewhere.employer}, {owner.email}."
    for notice in (there, here):
        assert "Nadi" not in notice.text + notice.headline
        assert "Рахімі" not in notice.text + notice.headline
    client.post(url("case_new"), given | {"act": "contact"})
    assert Notice.objects.count() == 2
    assert {one.note for one in TrailEntry.objects.filter(act="case.double", by=me)} == {"1 Fallführung"}

    assert client.post(url("case_new"), given | {"act": "anyway"}).status_code == 302
    assert Case.objects.count() == 2


def test_whoever_has_withdrawn_is_compared_with_nobody(elsewhere):
    asked = ("Nadiia", "Rakhimi", BORN)
    assert duplicates.elsewhere(*asked, user=case_manager())
    consent(elsewhere).withdraw(by=elsewhere.owner)
    assert not duplicates.elsewhere(*asked, user=case_manager())


def test_a_deputy_of_another_employer_does_not_read_of_the_case(elsewhere):
    near, far = case_manager("windeck"), case_manager("eitorf")
    for deputy in (near, far):
        stand_in(elsewhere.owner, deputy)
    me = case_manager("kreis")
    with transaction.atomic():
        duplicates.put_in_touch([elsewhere], by=me)
    assert {one.recipient for one in Notice.objects.all()} == {me, elsewhere.owner, near}


def test_of_two_cases_of_one_day_both_are_told(elsewhere):
    me = case_manager("windeck", place=elsewhere.municipality)
    second = case(by=elsewhere.owner, person=person("Olena", "Bondar", birth_date=BORN))
    mine = [case(by=me), case(by=me)]
    for own, other in zip(mine, (elsewhere, second), strict=True):
        for _ in range(2):
            duplicates.put_in_touch([other], by=me, own=own)
    assert {(one.recipient, one.url) for one in Notice.objects.all()} == {
        *((me, own.get_absolute_url()) for own in mine),
        *((elsewhere.owner, other.get_absolute_url()) for other in (elsewhere, second)),
    }
    for notice in Notice.objects.filter(recipient=me):
        assert not any(other.number in notice.text for other in (elsewhere, second))


@pytest.mark.parametrize("page", ["client_edit", "client_member"])
def test_whoever_is_renamed_or_added_may_be_known_elsewhere_too(client, led, elsewhere, page):
    there, before = url(page, led.client_id), Client.objects.count()
    sent = {"given_name": "Nadiia", "family_name": "Rakhimi", "birth_date": "13.05.1990",
            "municipality": led.municipality_id}  # fmt: skip
    answer = as_(client, led.owner).post(there, sent)
    assert answer.status_code == 422
    assert "Es gibt möglicherweise schon eine Beratung an anderer Stelle" in answer.text
    for told in (elsewhere.number, str(elsewhere.owner), "Рахімі"):
        assert told not in answer.text
    assert not Notice.objects.exists()
    answer = client.post(there, sent | {"act": "contact"})
    assert (answer.status_code, Client.objects.count()) == (200, before)
    assert f'value="{sent["family_name"]}"' in answer.text
    here = Notice.objects.get(recipient=led.owner)
    assert (here.url, led.number in here.text) == (led.get_absolute_url(), True)
    assert Notice.objects.get(recipient=elsewhere.owner).url == elsewhere.get_absolute_url()
    assert not Identity.objects.filter(family_name="Rakhimi").exists()
    assert client.post(there, sent | {"act": "anyway"}).status_code == 302
    assert Identity.objects.get(family_name="Rakhimi")


def test_who_keeps_name_and_birth_date_is_not_asked_about(client, led, elsewhere):
    Identity.objects.filter(pk=led.client_id).update(given_name="Nadiia", family_name="Rakhimi", birth_date=BORN)
    sent = {"given_name": "Nadiia", "family_name": "Rakhimi", "birth_date": "13.05.1990",
            "municipality": led.municipality_id, "phone": "02243 1"}  # fmt: skip
    assert as_(client, led.owner).post(url("client_edit", led.client_id), sent).status_code == 302
