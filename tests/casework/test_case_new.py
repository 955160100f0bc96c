"""A new request: of somebody new or known, sent twice, wrong."""

import datetime as dt

import pytest

from casework.lifecycle import State
from casework.models import Case, Client, Household, Identity
from kim import workdays
from kim.models import Code, Draft, Role, TrailEntry
from tests import factories as f
from tests.casework.factories import (
    case,
    case_at,
    case_manager,
    code,
)
from tests.casework.factories import (
    client as person,
)
from tests.casework.pages import as_, request_of, url

pytestmark = pytest.mark.django_db


def test_a_request_of_somebody_new_opens_a_case_and_lets_the_draft_go(client, django_assert_max_num_queries):
    f.county(case_prefix="RSK")
    owner = case_manager()
    place = owner.assignments.get().municipality
    Draft.keep(owner, "case:new", {"family_name": "Rahimi"}, url=url("case_new"), title="Anfrage aufnehmen")
    page = as_(client, owner).get(url("case_new"))
    assert 'value="Rahimi"' in page.text
    language = code(Code.List.LANGUAGE)
    country = code(Code.List.CITIZENSHIP, "SY")
    with django_assert_max_num_queries(40):
        answer = client.post(
            url("case_new"), request_of(place, birth_date="5.1990", languages=[language.pk], citizenship_2=country.pk)
        )
    made = Case.objects.get()
    assert answer.url == made.get_absolute_url()
    assert (made.owner, made.municipality, made.state) == (owner, place, State.REQUEST)
    who = made.client.identity
    assert (who.birth_date, who.birth_precision) == (dt.date(1990, 5, 1), "month")
    assert (list(made.client.citizenships.all()), list(made.client.languages.all())) == ([country], [language])
    assert not Draft.objects.exists()
    assert TrailEntry.objects.filter(act="client.enter").exists()


def test_todays_place_is_offered(client):
    f.county()
    place = f.municipality("Eitorf")
    owner = case_manager(place=place)
    owner.assignments.update(weekdays=str(workdays.today().isoweekday()))
    assert f'<option value="{place.pk}" selected>' in as_(client, owner).get(url("case_new")).text


def test_a_second_case_of_somebody_known_asks_for_no_name(client):
    owner = case_manager()
    known = case_at(State.DECLINED, by=owner)
    page = as_(client, owner).get(url("case_new") + f"?person={known.client_id}")
    assert f'<option value="{known.client_id}" selected>' in page.text
    given = request_of(known.municipality, person=known.client_id, family_name="", given_name="")
    assert client.post(url("case_new"), given).status_code == 302
    assert known.client.cases.count() == 2
    stranger = case(person=person("Fremd", "Person"))
    assert client.post(url("case_new"), given | {"person": stranger.client_id}).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"family_name": ""},
        {"municipality": ""},
        {"birth_date": "31.02.1990"},
        {"birth_date": "01.01.2190"},
        {"opened_on": "01.01.2001"},
        {"arrival_month": "5"},
        {"citizenship_1": "Syrien"},
        {"languages": ["abc"]},
        {"email": "keine"},
    ],
)
def test_a_request_that_is_wrong_says_so_and_writes_nothing(client, wrong):
    owner = case_manager()
    answer = as_(client, owner).post(url("case_new"), request_of(f.municipality(), **wrong))
    assert answer.status_code == 422
    assert not Case.objects.exists()
    assert not Client.objects.exists()
    assert not Identity.objects.exists()


def test_a_request_sent_twice_opens_one_case(client):
    f.county(case_prefix="RSK")
    owner = case_manager()
    given = request_of(f.municipality(), birth_date="5.1990")
    first, second = (as_(client, owner).post(url("case_new"), given) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.url == second.url == Case.objects.get().get_absolute_url()
    assert Client.objects.count() == 1
    known = given | {"person": Client.objects.get().pk, "occasion": "Noch etwas"}
    assert len({client.post(url("case_new"), known).url for _ in range(2)} | {first.url}) == 2
    client.post(url("case_new"), given | {"given_name": "Sami"})
    with workdays.as_of(workdays.now() + dt.timedelta(minutes=2)):
        client.post(url("case_new"), given)
    assert Client.objects.count() == 3


def test_a_member_sent_twice_is_one(client, led):
    given = {"family_name": "Kind", "municipality": led.municipality_id, "birth_date": "2020"}
    for name in ("A", "A", "B"):
        answer = as_(client, led.owner).post(url("client_member", led.client_id), given | {"given_name": name})
        assert answer.status_code == 302
    assert Household.objects.get().clients.count() == 3


@pytest.mark.parametrize(("months", "days", "status"), [(1, 40, 422), (2, 40, 302), (24, 600, 302), (24, 800, 422)])
def test_how_old_a_request_may_be_is_told_by_the_county(client, months, days, status):
    f.county(case_prefix="RSK", request_kept_months=months)
    owner, asked = case_manager(), workdays.today() - dt.timedelta(days=days)
    given = request_of(f.municipality(), opened_on=f"{asked:%d.%m.%Y}")
    assert as_(client, owner).post(url("case_new"), given).status_code == status


def test_without_an_employer_nothing_is_half_written(client):
    owner = f.user(Role.CASE_MANAGER)
    answer = as_(client, owner).post(url("case_new"), request_of(f.municipality()))
    assert answer.status_code == 409
    assert "kein Anstellungsträger" in answer.text
    assert not Client.objects.exists()
