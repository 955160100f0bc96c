"""The pages of cases and people: what they answer, what they leave unchanged, and who finds out that one exists."""

import datetime as dt
import re
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.urls import reverse

from casework import duplicates, figures, spelling, timeline
from casework.lifecycle import LIFECYCLE, State
from casework.models import Case, CaseIssue, Client, Household, Identity, LegalArea, Look, ResidenceStatus
from casework.whereabouts import way_of
from kim import workdays
from kim.models import Absence, Code, Draft, Notice, Role, TrailEntry
from steering.models import Issue
from tests import factories as f
from tests.casework.factories import (
    authority,
    case,
    case_at,
    case_manager,
    code,
    consent,
    consultation,
    structural_issue,
    take,
)
from tests.casework.factories import (
    client as person,
)
from tests.factories import issue_at
from tests.htmx import element
from tests.test_hostile import HOSTILE, Page

pytestmark = pytest.mark.django_db
SECRET = "Zaubertrank"


def url(name, *args):
    return reverse(f"casework:{name}", args=args)


def as_(client, user):
    client.force_login(user)
    return client


def stand_in(away, deputy, days=7):
    today = workdays.today()
    return Absence.objects.create(user=away, deputy=deputy, valid_from=today, valid_until=today + dt.timedelta(days))


@pytest.fixture
def led():
    """A case in the assessment, led by a case manager of Windeck, of a person with a telling name."""
    place = f.municipality("Windeck")
    owner = case_manager("windeck", place=place, name="Case Management Windeck")
    made = case_at(State.ASSESSMENT, by=owner, person=person("Nadia", SECRET, place=place))
    return made


# Who may open what


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


OF_CASE = [
    "case_detail", "case_edit", "case_step", "case_timeline", "client_detail", "client_edit", "client_status",
    "client_area", "client_household", "client_member",
]  # fmt: skip
OWN = ["case_list", "case_export", "case_new"]
OF_COORDINATION = ["case_overview", "look_take", "look_list"]


def address(name, led):
    if name.startswith("client_"):
        return url(name, led.client_id)
    if name == "case_step":
        return url(name, led.pk, "plan")
    if name == "case_export":
        return url(name, "csv")
    if name in ("case_detail", "case_edit", "case_timeline", "look_take"):
        return url(name, led.pk)
    return url(name)


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


# The list


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


# A new request


def request_of(place, **fields):
    today = f"{workdays.today():%d.%m.%Y}"
    return {"family_name": "Rahimi", "given_name": "Nadia", "municipality": place.pk, "opened_on": today,
            "act": "open"} | fields  # fmt: skip


def test_a_request_of_somebody_new_opens_a_case_and_lets_the_draft_go(client, django_assert_max_num_queries):
    f.county(case_prefix="RSK")
    owner = case_manager()
    place = owner.assignments.get().municipality
    Draft.keep(owner, "case:new", {"family_name": "Rahimi"}, url=url("case_new"), title="Anfrage aufnehmen")
    page = as_(client, owner).get(url("case_new"))
    assert 'value="Rahimi"' in page.text
    language = code(Code.List.LANGUAGE)
    with django_assert_max_num_queries(40):
        answer = client.post(
            url("case_new"), request_of(place, birth_date="5.1990", languages=[language.pk], citizenship="sy tr")
        )
    made = Case.objects.get()
    assert answer.url == made.get_absolute_url()
    assert (made.owner, made.municipality, made.state) == (owner, place, State.REQUEST)
    who = made.client.identity
    assert (who.birth_date, who.birth_precision) == (dt.date(1990, 5, 1), "month")
    assert (made.client.citizenship, list(made.client.languages.all())) == ("SY TR", [language])
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
        {"citizenship": "Syrien"},
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


# Duplicates

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
    assert "Case Management Eitorf" in there.text
    assert "Case Management Windeck" in here.text
    for notice in (there, here):
        assert "Nadi" not in notice.text + notice.headline
    client.post(url("case_new"), given | {"act": "contact"})
    assert Notice.objects.count() == 2
    assert TrailEntry.objects.filter(act="case.double").exists()

    assert client.post(url("case_new"), given | {"act": "anyway"}).status_code == 302
    assert Case.objects.count() == 2


def test_two_at_the_same_place_are_put_in_touch_like_others(elsewhere):
    me = case_manager("windeck", place=elsewhere.municipality)
    duplicates.tell_both([elsewhere], by=me, place=elsewhere.municipality)
    assert {one.recipient for one in Notice.objects.all()} == {me, elsewhere.owner}


# The page of a case


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_page_and_every_step_a_form(client, state, django_assert_max_num_queries):
    made = case_at(state)
    home = Household.objects.create(adults=2, children=1)
    Client.objects.filter(pk=made.client_id).update(household=home)
    person("Kind", "Rahimi", household=home)
    consultation(case=made)
    as_(client, made.owner).get(url("case_detail", made.pk))
    with django_assert_max_num_queries(12):
        answer = client.get(url("case_detail", made.pk))
    assert answer.status_code == 200
    assert "Kind Rahimi" in answer.text
    for offer in LIFECYCLE.offers(made.owner, made):
        with django_assert_max_num_queries(12):
            assert client.get(url("case_step", made.pk, offer.step.name)).status_code == 200


def test_the_page_asks_as_often_with_much_on_it_as_with_little(client, led, django_assert_max_num_queries):
    as_(client, led.owner).get(url("case_detail", led.pk))
    with django_assert_max_num_queries(12) as few:
        client.get(url("case_detail", led.pk))
    for _ in range(5):
        consultation(case=led)
        led.client.legal_areas.create(area=code(Code.List.LEGAL_AREA), valid_from=workdays.today() - dt.timedelta(_))
    with django_assert_max_num_queries(len(few)):
        client.get(url("case_detail", led.pk))


def test_a_step_is_taken_with_what_it_needs(client, led):
    Draft.keep(led.owner, f"case:{led.pk}:rest", {"reason": "angefangen"})
    as_(client, led.owner)
    assert "angefangen" in client.get(url("case_step", led.pk, "rest")).text
    until = f"{workdays.today() + dt.timedelta(days=30):%d.%m.%Y}"
    sent = {"seen": led.step_no, "reason": "Verreist", "resting_until": until}
    assert client.post(url("case_step", led.pk, "rest"), sent).url == led.get_absolute_url()
    led.refresh_from_db()
    assert led.state == State.RESTING
    assert not Draft.objects.exists()
    assert "Verreist" in client.get(url("case_detail", led.pk)).text


def test_a_step_without_what_it_needs_says_so_and_changes_nothing(client, led):
    answer = as_(client, led.owner).post(url("case_step", led.pk, "rest"), {"seen": led.step_no, "reason": "Verreist"})
    assert answer.status_code == 422
    assert "Verreist" in answer.text
    led.refresh_from_db()
    assert led.state == State.ASSESSMENT


def test_a_barred_step_says_what_is_missing(client, led):
    as_(client, led.owner)
    assert "Ausgangswert" in client.get(url("case_detail", led.pk)).text
    answer = client.post(url("case_step", led.pk, "plan"), {"seen": led.step_no})
    assert answer.status_code == 409
    assert "Ausgangswert" in answer.text


def test_whoever_is_slower_keeps_what_they_typed(client, led):
    as_(client, led.owner)
    seen = led.step_no
    take(led, "plan")
    answer = client.post(
        url("case_step", led.pk, "rest"), {"seen": seen, "reason": "Langer Grund", "resting_until": "x"}
    )
    assert answer.status_code == 409
    assert "Langer Grund" in answer.text
    assert "bereits ausgeführt" in answer.text
    assert client.post(url("case_step", led.pk, "clear"), {"seen": led.step_no}).status_code == 409
    assert client.get(url("case_step", led.pk, "clear")).status_code == 409
    assert client.get(url("case_step", led.pk, "explode")).status_code == 404


def test_a_locked_case_says_so_and_can_only_be_ended(client, led):
    led.consent_in_force.withdraw(by=led.owner)
    text = as_(client, led.owner).get(url("case_detail", led.pk)).text
    assert "Der Fall ist gesperrt" in text
    assert client.get(url("case_edit", led.pk)).status_code == 403
    sent = {"seen": led.step_no, "closing_reason": code(Code.List.CLOSING_REASON).pk}
    assert client.post(url("case_step", led.pk, "break_off"), sent).status_code == 302


def test_ending_a_case_and_leaving_the_form_have_two_names(client, led):
    page = as_(client, led.owner).get(url("case_step", led.pk, "break_off")).text
    assert "Fall vorzeitig beenden" in page
    assert ">Zurück</a>" in page
    assert "Abbrechen" not in element(page, "schritte")


def test_structurally_blocked_names_its_issue(client, led):
    blocked = code(Code.List.CLOSING_REASON, "STRUKTUR")
    as_(client, led.owner)
    sent = {"seen": led.step_no, "closing_reason": blocked.pk}
    there = url("case_step", led.pk, "break_off")
    assert "verknüpfen Sie zuerst den Knackpunkt" in client.post(there, sent).text
    issue, other = issue_at("strategy"), issue_at("strategy")
    CaseIssue.link(by=led.owner, issue=issue, case=led)
    page = client.get(there).text
    assert re.findall(r'type="radio"\s+name="blocked_by"\s+value="(\d+)"', page) == [str(issue.pk)]
    assert issue.title in element(page, "id_blocked_by")
    assert f'<option value="{blocked.pk}" data-blocks' in page
    assert client.post(there, sent).status_code == 422
    assert client.post(there, sent | {"blocked_by": other.pk}).status_code == 422
    assert client.post(there, sent | {"blocked_by": issue.pk}).status_code == 302
    led.refresh_from_db()
    assert led.blocked_by == issue


def test_an_issue_chosen_before_another_reason_is_not_taken(client, led):
    issue = issue_at("strategy")
    CaseIssue.link(by=led.owner, issue=issue, case=led)
    sent = {"seen": led.step_no, "closing_reason": code(Code.List.CLOSING_REASON).pk, "blocked_by": issue.pk}
    assert as_(client, led.owner).post(url("case_step", led.pk, "break_off"), sent).status_code == 302
    led.refresh_from_db()
    assert led.blocked_by is None


def test_a_swapped_step_leaves_what_a_reload_shows(client, led):
    as_(client, led.owner)
    desk = client.get(url("case_step", led.pk, "rest"), headers={"HX-Request": "true"})
    assert desk.text.strip().startswith("<section")
    until = f"{workdays.today() + dt.timedelta(days=30):%d.%m.%Y}"
    sent = {"seen": led.step_no, "reason": "Verreist", "resting_until": until}
    swapped = client.post(url("case_step", led.pk, "rest"), sent, headers={"HX-Request": "true"})
    assert swapped.status_code == 200
    assert swapped.headers["HX-Replace-Url"] == led.get_absolute_url()
    assert "ruhend" in swapped.text


def test_opening_is_written_down_once(client, led):
    as_(client, led.owner)
    client.get(url("case_detail", led.pk))
    client.get(url("case_detail", led.pk))
    client.get(url("client_detail", led.client_id))
    assert TrailEntry.objects.filter(act="case.read", by=led.owner).count() == 1
    assert TrailEntry.objects.filter(act="client.read", by=led.owner).count() == 1


def test_what_is_written_about_a_case_can_be_changed(client, led):
    as_(client, led.owner)
    sent = {"municipality": led.municipality_id, "occasion": "Sucht Wohnung", "foreign_number": "KIM-1",
            "domain_count": "3", "system_barrier": "yes", "voluntary": "no"}  # fmt: skip
    assert client.post(url("case_edit", led.pk), sent).status_code == 302
    led.refresh_from_db()
    assert (led.occasion, led.foreign_number, led.domain_count) == ("Sucht Wohnung", "KIM-1", 3)
    assert (led.system_barrier, led.voluntary, led.actor_count) == (True, False, None)
    page = client.get(url("case_edit", led.pk)).text
    assert '<option value="yes" selected>' in page
    assert client.post(url("case_edit", led.pk), sent | {"domain_count": "-1"}).status_code == 422


@pytest.mark.parametrize("state", list(State))
def test_the_line_of_phases_has_one_place(state):
    made = SimpleNamespace(state=state)
    way = way_of(made, "monitoring")
    assert len(way.marks) == 9
    now = [mark for mark in way.marks if "is-now" in mark["css"]]
    assert len(now) == (0 if state in ("closed", "declined", "referred", "broken_off", "handed_over") else 1)


# The timeline


def all_lines(made):
    read = timeline.together(timeline.sets)()(case=made.pk, client=made.client_id)
    pages = [timeline.newest(read)]
    while pages[-1].after:
        pages.append(timeline.further(made, timeline.Place.read(pages[-1].after)))
    return pages


def test_the_timeline_holds_everything_once_and_newest_first(client, led):
    issue = structural_issue()
    CaseIssue.link(by=led.owner, issue=issue, case=led)
    today = workdays.today()
    for number in range(70):
        consultation(case=led, held_on=today - dt.timedelta(days=number // 35))
    pages = all_lines(led)
    lines = [line for one in pages for line in one.lines]
    assert [len(one.lines) for one in pages[:-1]] == [timeline.SIZE] * (len(pages) - 1)
    steps = led.steps_taken.count()
    assert len(lines) == 70 + steps + 1 + led.client.consents.count()
    assert sum(line.title.startswith("Beratung") for line in lines) == 70
    days = [line.at.astimezone(workdays.BERLIN).date() if line.is_exact else line.at for line in lines]
    assert days == sorted(days, reverse=True)
    as_(client, led.owner)
    first = client.get(url("case_detail", led.pk)).text
    after = first.split("timeline/?after=")[1].split('"')[0]
    second = client.get(url("case_timeline", led.pk) + f"?after={after}")
    assert second.text.count("Beratung:") == timeline.SIZE
    part = client.get(url("case_timeline", led.pk) + f"?after={after}", headers={"HX-Request": "true"})
    assert part.text.strip().startswith("<li>")


@pytest.mark.parametrize("token", ["", "x", "1_2", "1_99_1", "9" * 40 + "_1_1", "1_1_" + "9" * 30, "٣_1_1"])
def test_a_place_that_is_none_leads_back(client, led, token):
    answer = as_(client, led.owner).get(url("case_timeline", led.pk), {"after": token})
    assert answer.status_code in (200, 302)


def test_an_answer_to_a_linked_issue_stands_on_the_timeline(led):
    issue = structural_issue()
    CaseIssue.link(by=led.owner, issue=issue, case=led)
    Issue.objects.filter(pk=issue.pk).update(fed_back_at=workdays.now(), feedback="Es gilt jetzt ein Merkblatt.")
    titles = [line.title for line in all_lines(led)[0].lines]
    assert f"Rückmeldung zum Knackpunkt {issue.number}" in titles


def test_the_answer_to_a_lead_stands_on_the_timeline_of_every_case_bundled_into_it(led, django_assert_num_queries):
    other = case_at(State.ASSESSMENT)
    lead, bundled = structural_issue(), structural_issue()
    CaseIssue.link(by=led.owner, issue=bundled, case=led)
    CaseIssue.link(by=other.owner, issue=lead, case=other)
    f.take(bundled, "merge", lead=lead)
    for step in ("forward", "table", "assign", "solve"):
        lead.refresh_from_db()
        f.take(lead, step)
    assert not any("Rückmeldung" in line.title for line in all_lines(led)[0].lines)
    f.take(lead, "feed_back")
    for made, issue in ((led, bundled), (other, lead)):
        [line] = [line for page in all_lines(made) for line in page.lines if "Rückmeldung" in line.title]
        assert line.title == f"Rückmeldung zum Knackpunkt {issue.number}"
        assert (line.at, line.url) == (lead.fed_back_at, issue.get_absolute_url())
    with django_assert_num_queries(1):
        whole = all_lines(led)[0].lines
    before = timeline.Place(lead.fed_back_at + dt.timedelta(seconds=1), 0, 0)
    assert timeline.further(led, before).lines[0] == whole[0]
    behind = timeline.Place(lead.fed_back_at, len(timeline.KINDS) - 1, bundled.pk)
    assert timeline.further(led, behind).lines == whole[1:]


# People


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
    with django_assert_max_num_queries(12):
        assert client.get(address(name, led)).status_code == 200


# The coordination


def test_the_overview_counts_and_names_nobody_who_is_advised(client, led, django_assert_max_num_queries):
    led.owner.assignments.update(share="0.5")
    case_at(State.CLEARING, by=led.owner)
    as_(client, f.user(Role.COORDINATION)).get(url("case_overview"))
    with django_assert_max_num_queries(12) as few:
        text = client.get(url("case_overview")).text
    assert SECRET not in text
    assert led.number in text
    assert "Windeck" in text
    assert "4,0" in text  # two cases on half a post
    for _ in range(5):
        case(by=case_manager())
    with django_assert_max_num_queries(len(few)):
        client.get(url("case_overview"))
    assert led.number not in client.get(url("case_overview") + "?state=clearing").text
    assert led.number in client.get(url("case_overview") + f"?municipality={led.municipality_id}").text
    part = client.get(url("case_overview"), headers={"HX-Request": "true"}).text
    assert "Fälle je Stelle" not in part


def test_the_overview_pages_by_key(client, monkeypatch):
    monkeypatch.setattr("casework.views.coordination.SIZE", 2)
    numbers = [case().number for _ in range(5)]
    as_(client, f.user(Role.COORDINATION))
    seen, there = [], url("case_overview")
    while there:
        text = client.get(there).text
        seen += [number for number in numbers if number in text]
        after = text.split("?after=")[1].split('"')[0] if "?after=" in text else ""
        there = url("case_overview") + f"?after={after}" if after else ""
    assert seen == numbers


def test_a_look_wants_a_reason_and_tells_the_case_manager(client, led):
    coordination = f.user(Role.COORDINATION)
    as_(client, coordination)
    assert client.post(url("look_take", led.pk), {"reason": "  "}).status_code == 422
    assert not Look.objects.exists()
    answer = client.post(url("look_take", led.pk), {"reason": "Beschwerde vom 12.03."})
    assert answer.url == led.get_absolute_url()
    assert Notice.objects.get(recipient=led.owner)
    assert client.get(answer.url).status_code == 200
    assert led.number in client.get(url("look_list")).text
    with workdays.as_of(workdays.now() + dt.timedelta(hours=1, minutes=1)):
        client.force_login(coordination)
        assert client.get(answer.url).status_code == 404
        assert "vorbei" in client.get(url("look_list")).text


# Whatever is typed


def test_no_form_breaks_whatever_is_typed_into_it(client, led):
    client.raise_request_exception = False
    led.client.legal_areas.create(area=code(Code.List.LEGAL_AREA), valid_from=workdays.today())
    case(by=led.owner, person=person("Zweite", "Person"))
    as_(client, led.owner)
    pages = [*(address(name, led) for name in OF_CASE if name not in ("case_step", "case_timeline")), url("case_list"),
             url("case_new"), url("case_step", led.pk, "rest"), url("case_step", led.pk, "break_off")]  # fmt: skip
    assert_nothing_breaks(client, pages)
    for parameter in ("state", "municipality", "area", "title", "mine", "sort", "suche", "after", "before", "person"):
        for value in HOSTILE[1::4]:
            for page in (url("case_list"), url("case_new"), url("case_export", "csv"), url("case_timeline", led.pk)):
                assert client.get(page, {parameter: value[:2000]}).status_code < 500, (page, parameter, value[:50])
    as_(client, f.user(Role.COORDINATION))
    assert_nothing_breaks(client, [url("case_overview"), url("look_take", led.pk)])
    for parameter in ("state", "municipality", "sort", "after", "before"):
        for value in HOSTILE[1::4]:
            for page in (url("case_overview"), url("look_list")):
                assert client.get(page, {parameter: value[:2000]}).status_code < 500


def assert_nothing_breaks(client, pages):
    for there in pages:
        answer = client.get(there)
        assert answer.status_code == 200, there
        for form in Page(answer.text).forms:
            names = [name for name in form["fields"] if name != "csrfmiddlewaretoken"]
            if "logout" in form["action"] or form["method"].lower() not in ("get", "post"):
                continue
            for value in HOSTILE[1::4]:
                sent = dict.fromkeys(names, value)
                send = getattr(client, form["method"].lower())
                assert send(form["action"] or there, sent).status_code < 500, (form["action"], value[:50])
            for number, name in enumerate(names):
                sent = form["fields"] | {name: HOSTILE[number % len(HOSTILE)]}
                assert send(form["action"] or there, sent).status_code < 500, (form["action"], name)


def test_the_overview_names_the_most_loaded_and_all_when_asked(client, led, monkeypatch):
    monkeypatch.setattr("casework.figures.SHOWN", 1)
    busy = case_manager(name="Case Management mit zwei Fällen")
    for _ in range(2):
        case(by=busy)
    as_(client, f.user(Role.COORDINATION))
    text = client.get(url("case_overview")).text
    assert "die 1 höchsten von" in text
    table = text.split('id="last"')[1].split("</table>")[0]
    assert str(busy) in table
    assert str(led.owner) not in table
    assert str(led.owner) in client.get(url("case_overview") + "?loads=all").text.split('id="last"')[1]


def test_the_figures_of_the_overview_are_counted_anew_after_some_minutes(client, led):
    as_(client, f.user(Role.COORDINATION))
    first = figures.figures()
    case(by=led.owner)
    assert figures.figures() == first
    with workdays.as_of(workdays.now() + dt.timedelta(minutes=6)):
        assert figures.figures().places.total == first.places.total + 1


def test_a_case_taken_up_again_stands_in_one_phase(led):
    led.state = State.TAKEN_UP_AGAIN
    assert way_of(led, State.CLOSED).label == "Phase 3 von 9: wieder aufgenommen"


def test_what_one_can_do_is_not_printed_with_the_case(client, led):
    text = as_(client, led.owner).get(led.get_absolute_url()).text
    for words in ("Öffnen<", "Status ", "Rechtskreis wechseln"):
        before = text.rpartition(words)[0]
        assert "kim-noprint" in before[-260:], words
    css = (settings.BASE_DIR / "static" / "kim.css").read_text()
    assert "#fall .kim-section__head > span:has(> a), " in css
