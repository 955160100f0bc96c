"""Pages of cases and people: who opens what, and that nobody else finds out that a person exists."""

import pytest
from django.urls import reverse

from casework.models import Case, Client, Household, Look
from kim.models import Role, TrailEntry
from tests import factories as f
from tests.casework.factories import (
    authority,
    case,
    case_manager,
)
from tests.casework.factories import (
    client as person,
)
from tests.casework.pages import OF_CASE, SECRET, address, as_, stand_in, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(led):
    county = f.county()
    assert county
    group = f.steering_group()
    deputy = case_manager("windeck", place=led.municipality)
    stand_in(led.owner, deputy)
    return {
        "owner": led.owner,
        "other": case_manager("siegburg"),
        "deputy": deputy,
        "coordination": f.user(Role.COORDINATION),
        "office": f.user(Role.STRATEGIC_OFFICE),
        "steering": group.leads().get(),
        "project": f.project_group().leads().get(),
        "authority": f.user(Role.AUTHORITY, organisation=authority()),
        "admin": f.user(Role.ADMIN),
        "audit": f.user(Role.AUDIT),
    }


OWN = ["case_list", "case_export", "case_new"]
OF_COORDINATION = ["case_overview", "look_take", "look_list"]


def expected(name, who):
    if name in OF_COORDINATION:
        return 200 if who == "coordination" else 403
    if name in OWN:
        return 200 if who in ("owner", "other", "deputy") else 403
    shown = 302 if name == "case_timeline" else 200  # without a place it leads back to the case
    return shown if who in ("owner", "deputy") else 404


@pytest.mark.parametrize("name", [*OF_CASE, *OWN, *OF_COORDINATION])
def test_every_page_answers_each_role_as_its_rule_says(client, led, people, name):
    there = address(name, led)
    for who, user in people.items():
        assert as_(client, user).get(there).status_code == expected(name, who), who
    client.logout()
    assert client.get(there).status_code in (302, 401)


@pytest.mark.parametrize("name", ["client_link", "client_leave"])
def test_acts_on_a_household_are_for_those_who_advise_it(client, led, people, name):
    there = url(name, led.client_id)
    for who, user in people.items():
        allowed = who in ("owner", "deputy")
        acted = 422 if name == "client_link" else 302
        assert as_(client, user).post(there).status_code == (acted if allowed else 404), who
    client.logout()
    assert client.post(there).status_code in (302, 401)


def test_a_look_opens_the_page_to_read_and_nothing_else(client, led, people):
    coordination = people["coordination"]
    Look.take(led, by=coordination, reason="Beschwerde vom 12.03.")
    answer = as_(client, coordination).get(url("case_detail", led.pk))
    assert answer.status_code == 200
    assert "Einblick bis" in answer.text
    assert "Ihr nächster Schritt" not in answer.text
    assert 'method="post"' not in answer.text.split('id="fall"')[1]
    for name in ("case_edit", "client_edit", "client_status", "client_area", "client_household", "client_member"):
        assert client.get(address(name, led)).status_code == 403, name
    before = Case.objects.get(pk=led.pk).step_no
    assert client.post(url("case_step", led.pk, "break_off"), {"seen": before}).status_code == 403
    assert Case.objects.get(pk=led.pk).step_no == before


def test_no_page_of_anybody_else_shows_that_the_person_exists(client, led, people):
    """Household test: a family of two, led by two case managers who know nothing of each other."""
    home = Household.objects.create()
    Client.objects.filter(pk=led.client_id).update(household=home)
    other = people["other"]
    sister = case(by=other, person=person("Sahra", "Beispiel", household=home))
    paths = [url("case_detail", sister.pk), url("client_detail", sister.client_id),
             url("client_household", sister.client_id), url("case_list"), url("case_new"), "/"]  # fmt: skip
    as_(client, other)
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert SECRET not in answer.text, path
        assert led.number not in answer.text, path
    assert SECRET not in client.post(url("case_list"), {"q": SECRET}, follow=True).text.replace(f'value="{SECRET}"', "")
    for who in ("coordination", "office", "admin", "audit"):
        as_(client, people[who])
        for path in (url("case_overview"), url("look_list"), "/", reverse("kim:notice_list")):
            assert SECRET not in client.get(path).text, (who, path)
    linked = as_(client, other).post(url("client_link", sister.client_id), {"person": led.client_id})
    assert linked.status_code == 422
    assert SECRET not in linked.text


def test_titles_addresses_and_the_trail_carry_no_name(client, led):
    as_(client, led.owner)
    for name in ("case_detail", "client_detail", "client_edit", "client_household", "case_edit", "case_list"):
        answer = client.get(address(name, led))
        assert SECRET not in answer.text.split("<title>")[1].split("</title>")[0], name
    found = client.post(url("case_list"), {"q": SECRET, "sort": "new"})
    assert found.status_code == 302
    assert SECRET.lower() not in found.url.lower()
    assert led.number in client.get(found.url).text
    client.get(url("case_export", "csv") + "?" + found.url.split("?")[1])
    assert not TrailEntry.objects.filter(note__icontains=SECRET).exists()
    assert TrailEntry.objects.get(act="case.export").note == "CSV, 1 Zeilen, eingegrenzt nach Suche"
