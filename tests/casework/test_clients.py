"""People: who they are, what the law says with its dates, and their household."""

import datetime as dt

import pytest
from django.urls import reverse

from casework.models import Client, Household, Identity, LegalArea, ResidenceStatus
from kim import workdays
from kim.models import Code
from tests.casework.factories import (
    case,
    code,
    consent,
)
from tests.casework.factories import (
    client as person,
)
from tests.casework.pages import SECRET, address, as_, url
from tests.triggers import nobody_has_read

pytestmark = pytest.mark.django_db


def test_of_somebody_whose_cases_are_locked_only_name_and_birth_date_are_put_right(client, led):
    as_(client, led.owner)
    status, area = code(Code.List.RESIDENCE_STATUS).pk, code(Code.List.LEGAL_AREA).pk
    there = [reverse(f"casework:{name}", args=[led.client_id]) for name in ("client_status", "client_area")]
    page = url("client_detail", led.client_id)
    home, new = url("client_household", led.client_id), url("client_member", led.client_id)
    assert all(one in client.get(page).text and one in client.get(url("case_detail", led.pk)).text for one in there)
    free = case(by=led.owner, person=person("Frei", "Anders"))
    led.consent_in_force.withdraw(by=led.owner)
    for shown in (page, url("case_detail", led.pk)):
        assert not any(one in client.get(shown).text for one in (*there, home))
        assert url("client_edit", led.client_id) in client.get(shown).text
    assert new not in client.get(home).text
    today = f"{workdays.today():%d.%m.%Y}"
    who = led.client.identity
    plain = {"family_name": "Neu", "given_name": who.given_name, "birth_date": "1990", "phone": who.phone,
             "email": who.email, "street": who.street, "postal_code": who.postal_code, "town": who.town,
             "municipality": led.client.municipality_id}  # fmt: skip
    edit = url("client_edit", led.client_id)
    refused = [
        client.post(there[0], {"status": status, "valid_from": today}),
        client.post(there[1], {"area": area, "begins": today}),
        client.post(home, {"adults": 3, "children": 1}),
        client.post(url("client_link", led.client_id), {"person": free.client_id}),
        client.post(url("client_leave", led.client_id)),
        client.post(new, plain),
        client.post(edit, plain | {"phone": "02243 1"}),
        client.post(edit, plain | {"languages": [code(Code.List.LANGUAGE).pk]}),
        client.post(edit, plain | {"gender": "f"}),
    ]
    for answer in refused:
        assert answer.status_code == 409
        assert "gesperrt" in answer.text
    free.client.refresh_from_db()
    assert free.client.household is None
    assert client.post(edit, plain).status_code == 302
    assert str(Identity.objects.get(pk=led.client_id)).endswith("Neu")
    assert not led.client.residence_statuses.exists()
    assert not led.client.legal_areas.exists()
    consent(led)
    assert client.post(there[0], {"status": status, "valid_from": today}).status_code == 302


def test_who_somebody_is_can_be_changed(client, led):
    as_(client, led.owner)
    page = client.get(url("client_edit", led.client_id)).text
    assert f'value="{SECRET}"' in page
    sent = {"family_name": "Neu", "given_name": "Nadia", "municipality": led.municipality_id, "birth_date": "1990",
            "gender": "f", "interpreter_needed": "on"}  # fmt: skip
    assert client.post(url("client_edit", led.client_id), sent).status_code == 302
    who = Identity.objects.get(pk=led.client_id)
    assert (who.family_name, who.birth_words, who.folded) == ("Neu", "1990", "nadia neu 0n0d 0n ")
    assert who.client.gender == "f"
    assert client.post(url("client_edit", led.client_id), sent | {"family_name": ""}).status_code == 422
    assert client.get(url("client_edit", led.client_id)).text.count('value="1990"') == 1


def test_a_residence_status_is_dated_and_the_one_before_ends(client, led):
    as_(client, led.owner)
    today = workdays.today()
    sent = {"status": code(Code.List.RESIDENCE_STATUS).pk, "valid_from": f"{today - dt.timedelta(days=400):%d.%m.%Y}"}
    assert client.post(url("client_status", led.client_id), sent).status_code == 302
    expires = today + dt.timedelta(days=30)
    later = {"status": code(Code.List.RESIDENCE_STATUS, "AE_25b").pk, "valid_from": f"{today:%d.%m.%Y}",
             "expires_on": f"{expires:%d.%m.%Y}"}  # fmt: skip
    assert client.post(url("client_status", led.client_id), later).status_code == 302
    first, second = ResidenceStatus.objects.order_by("valid_from")
    assert (first.valid_until, second.expires_on) == (today, expires)
    assert "kim-chip--soon" in client.get(url("case_detail", led.pk)).text
    assert "Früher" in client.get(url("client_detail", led.client_id)).text
    assert client.post(url("client_status", led.client_id), later | {"expires_on": "1.1.2000"}).status_code == 422


def test_a_gap_between_legal_areas_is_shown_in_days(client, led):
    as_(client, led.owner)
    today = workdays.today()
    first, second = code(Code.List.LEGAL_AREA, "ASYLBLG"), code(Code.List.LEGAL_AREA)
    there = url("client_area", led.client_id)
    begins = {"area": first.pk, "begins": f"{today - dt.timedelta(days=100):%d.%m.%Y}"}
    assert client.post(there, begins).status_code == 302
    assert client.post(there, begins).status_code == 409
    running = LegalArea.objects.get()
    change = {"ends": running.pk, "last_day": f"{today - dt.timedelta(days=11):%d.%m.%Y}", "area": second.pk,
              "begins": f"{today:%d.%m.%Y}"}  # fmt: skip
    assert client.post(there, change).status_code == 302
    assert "10 Tage Lücke" in client.get(url("case_detail", led.pk)).text
    assert client.post(there, {}).status_code == 422
    assert client.post(there, {"area": second.pk}).status_code == 422
    left = LegalArea.objects.get(valid_until=None)
    early = {"ends": left.pk, "last_day": "01.01.2001"}
    assert client.post(there, early).status_code == 409


def test_a_seamless_change_leaves_no_gap(led):
    today = workdays.today()
    first = led.client.legal_areas.create(
        area=code(Code.List.LEGAL_AREA, "ASYLBLG"), valid_from=today - dt.timedelta(days=9)
    )
    led.client.change_legal_area(by=led.owner, area=code(Code.List.LEGAL_AREA), begins=today, ends=first)
    assert led.client.legal_area_gaps() == []
    first.refresh_from_db()
    assert first.valid_until == today


def test_a_household_counts_takes_in_and_lets_go(client, led):
    as_(client, led.owner)
    there = led.client_id
    assert client.post(url("client_household", there), {"adults": "2", "children": "3"}).status_code == 302
    home = Household.objects.get()
    assert (home.adults, home.children) == (2, 3)
    assert client.post(url("client_household", there), {"adults": "x", "children": "3"}).status_code == 422
    child = {"family_name": "Kind", "municipality": led.municipality_id, "birth_date": "2020"}
    assert client.post(url("client_member", there), child).status_code == 302
    member = Client.objects.exclude(pk=there).get()
    assert member.household == home
    assert "Kind" in client.get(url("case_detail", led.pk)).text
    assert client.get(url("client_detail", member.pk)).status_code == 200
    refused = client.post(url("client_leave", member.pk))
    assert refused.status_code == 409
    assert "Ohne eigenen Fall" in refused.text

    second = case(by=led.owner, person=person("Vater", "Rahimi"))
    assert "Rahimi, Vater" in client.get(url("client_household", there)).text
    assert client.post(url("client_link", there), {"person": second.client_id}).status_code == 302
    second.client.refresh_from_db()
    assert second.client.household == home
    assert client.post(url("client_leave", second.client_id)).status_code == 302
    second.client.refresh_from_db()
    assert second.client.household is None


def test_nobody_leaves_while_their_family_would_be_out_of_sight(client, led):
    there = led.client_id
    as_(client, led.owner)
    led.client.add_member(
        by=led.owner, identity={"given_name": "Kind", "family_name": "Rahimi"}, municipality=led.municipality
    )
    refused = client.post(url("client_leave", there))
    assert refused.status_code == 409
    assert "nicht mehr zu sehen" in refused.text
    # A case with somebody else changes nothing about the answer: it would tell that there is one.
    home = Client.objects.get(pk=there).household
    case(person=person("Fremd", "Geführt", household=home))
    assert client.post(url("client_leave", there)).status_code == 409
    own = case(by=led.owner, person=person("Vater", "Rahimi"))
    led.client.refresh_from_db()
    led.client.live_with(own.client, by=led.owner)
    assert client.post(url("client_leave", there)).status_code == 302


def test_the_last_one_takes_the_household_along(client, led):
    led.client.keep_household(by=led.owner, adults=1, children=0)
    led.client.leave_household(by=led.owner)
    assert not Household.objects.exists()


def test_somebody_of_another_household_is_not_taken_over(led):
    theirs = case(by=led.owner, person=person(household=Household.objects.create()))
    from kim.workflow import StepRefused

    with pytest.raises(StepRefused):
        led.client.live_with(theirs.client, by=led.owner)


@pytest.mark.parametrize(
    "name",
    [
        "case_edit",
        "case_new",
        "client_member",
        "client_detail",
        "client_edit",
        "client_status",
        "client_area",
        "client_household",
    ],
)
def test_pages_of_a_person_ask_at_most_a_dozen_times(client, led, name, django_assert_max_num_queries):
    home = Household.objects.create()
    Client.objects.filter(pk=led.client_id).update(household=home)
    for number in range(4):
        person(f"Kind {number}", "Rahimi", household=home)
        case(by=led.owner, person=person(f"Fall {number}", "Anders"))
    led.edit(by=led.owner, access_route=code(Code.List.ACCESS_ROUTE, "SELBST"))
    as_(client, led.owner).get(address(name, led))
    nobody_has_read()  # read for the first time
    with django_assert_max_num_queries(12):
        assert client.get(address(name, led)).status_code == 200
