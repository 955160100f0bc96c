"""The own caseload: found in any spelling, narrowed, paged, as a file."""

import datetime as dt

import pytest

from casework.lifecycle import State
from casework.models import Household, Look
from kim import workdays
from kim.models import Code, Role, TrailEntry
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
from tests.casework.pages import as_, stand_in, url
from tests.triggers import nobody_has_read

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("given", "family", "typed"),
    [
        ("Jörg", "Müller", "Mueller"),
        ("Jörg", "Mueller", "MÜLLER"),
        ("Олена", "Шевченко", "shevchenko"),
        ("Олена", "Шевченко", "Schewtschenko"),
        ("Olena", "Schewtschenko", "Шевченко"),
        ("نادية", "رحيمي", "Rahimi"),
        ("نادية", "رحيمي", "Nadia Rahimi"),
        ("نادية", "رحيمي", "رحيمي"),
        ("Nadia", "Rahimi", "رحيمي"),
        ("محمد", "الرحيمي", "Rahimi"),
        ("عمر", "علي", "Omar Ali"),
        ("Yousef", "Haddad", "Yusuf"),
        ("يوسف", "حداد", "Yusuf"),
        ("Nadia", "Rahimi", "nad rah"),
        ("Nadia", "Rahimi", "RSK-"),
        ("Nadia", "Rahimi", "kim-4711"),
    ],
)
def test_search_finds_a_name_in_any_spelling_and_a_number(client, given, family, typed):
    owner = case_manager()
    made = case(by=owner, person=person(given, family), foreign_number="KIM-4711")
    other = case(by=owner, person=person("Ganz", "Anders")) if typed not in ("RSK-",) else None
    found = as_(client, owner).post(url("case_list"), {"q": typed}, follow=True)
    assert made.number in found.text
    assert other is None or other.number not in found.text


@pytest.mark.parametrize("typed", ["rh", "hm", "rhmn", "Rahmani", "Hamid", "Nida"])
def test_consonants_are_found_as_a_whole_and_where_they_are_enough(client, typed):
    owner = case_manager()
    made = case(by=owner, person=person("Nadia", "Rahimi"))
    assert made.number not in as_(client, owner).post(url("case_list"), {"q": typed}, follow=True).text


def test_search_finds_the_case_of_a_family_by_the_name_of_a_member_without_a_case(client):
    owner, other = case_manager(), case_manager()
    led = case(by=owner, person=person("Nadia", "Rahimi", household=Household.objects.create()))
    home = led.client.household
    person("Tarik", "Sabouni", household=home)
    case(by=other, person=person("Fremd", "Bekannt", household=home))
    strangers = case(by=other, person=person("Ganz", "Anders", household=Household.objects.create()))
    person("Tarik", "Sabouni", household=strangers.client.household)
    lonely = case(by=owner, person=person("Allein", "Lebend"))
    person("Tarik", "Sabouni")
    text = as_(client, owner).post(url("case_list"), {"q": "Sabouni"}, follow=True).text
    assert led.number in text
    assert strangers.number not in text
    assert lonely.number not in text
    assert led.number not in client.post(url("case_list"), {"q": "Bekannt"}, follow=True).text


def test_words_that_are_gone_are_said_to_be_gone(client):
    owner = case_manager()
    case(by=owner)
    text = as_(client, owner).get(url("case_list") + "?suche=fort").text
    assert "nicht mehr gespeichert" in text
    assert "1 Fall" in text


def test_the_list_narrows_by_phase_place_law_and_title(client):
    owner, today = case_manager(), workdays.today()
    wanted, other = case_at(State.CLEARING, by=owner), case(by=owner)
    wanted.client.legal_areas.create(area=code(Code.List.LEGAL_AREA), valid_from=today)
    wanted.client.change_residence_status(
        by=owner, status=code(Code.List.RESIDENCE_STATUS), expires_on=today + dt.timedelta(days=20)
    )
    as_(client, owner)
    area = code(Code.List.LEGAL_AREA).pk
    for query in ("state=clearing", f"municipality={wanted.municipality_id}", f"area={area}", "title=30", "title=90"):
        text = client.get(url("case_list") + f"?{query}").text
        assert wanted.number in text, query
        assert other.number not in text, query
    assert wanted.number not in client.get(url("case_list") + "?title=gone").text
    assert "1 Fall" in client.get(url("case_list") + "?state=clearing").text


def test_the_list_holds_deputised_cases_and_no_looked_at_ones(client, led):
    both = f.user(roles=[Role.CASE_MANAGER, Role.COORDINATION])
    Look.take(led, by=both, reason="Beschwerde")
    assert led.number not in as_(client, both).get(url("case_list")).text
    deputy = case_manager("windeck", place=led.municipality)
    stand_in(led.owner, deputy)
    text = as_(client, deputy).get(url("case_list")).text
    assert led.number in text
    assert "in Vertretung für" in text
    assert led.number not in client.get(url("case_list") + "?mine=own").text
    assert led.number in client.get(url("case_list") + "?mine=deputy").text


def test_pages_of_the_list_ask_the_same_number_of_times_however_long_they_are(
    client, django_assert_max_num_queries, monkeypatch
):
    owner = case_manager()
    for _ in range(3):
        case(by=owner)
    as_(client, owner)
    client.get(url("case_list"))
    nobody_has_read()  # both times the names are read for the first time
    with django_assert_max_num_queries(12) as few:
        client.get(url("case_list"))
    for _ in range(27):
        case(by=owner)
    with django_assert_max_num_queries(len(few)):
        text = client.get(url("case_list")).text
    assert text.count("data-keys-item") == 25
    assert "30 Fälle" in text
    with django_assert_max_num_queries(12):
        found = client.post(url("case_list"), {"q": "Rahimi"}, follow=True, headers={"HX-Request": "true"})
    assert "30 Fälle" in found.text
    assert found.headers["HX-Push-Url"].startswith(url("case_list") + "?suche=")


def test_the_file_holds_what_the_list_shows_and_runs_no_formula(client):
    owner = case_manager()
    shown = case_at(State.CLEARING, by=owner, person=person("=1+1", "-Formel"))
    hidden = case(by=owner)
    other = case()
    answer = as_(client, owner).get(url("case_export", "csv") + "?state=clearing")
    text = b"".join(answer.streaming_content).decode()
    assert shown.number in text
    assert "'-Formel" in text
    assert hidden.number not in text
    assert other.number not in text
    assert "faelle-" in answer.headers["Content-Disposition"]
    book = client.get(url("case_export", "xlsx"))
    assert b"".join(book.streaming_content)[:2] == b"PK"
    assert client.get(url("case_export", "pdf")).status_code == 404
    assert TrailEntry.objects.filter(act="case.export", by=owner).count() == 2
