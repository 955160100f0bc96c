"""Who in the office answers for which municipality: by bank, by place, or all of them; and where that is read."""

import pytest
from django.urls import reverse

from kim import workdays
from kim.models import Assignment, Role, RoleGrant, TrailEntry, User
from steering.contacts import CaseManager, contacts_of
from steering.escalation import Office, State
from steering.offices import people_of_all, people_of_each
from tests.casework.factories import case, case_manager
from tests.factories import LONG_AGO, county, issue_at, municipality, organisation, project_group, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _there():
    county()


def office(name, **place) -> User:
    made = user(Role.STRATEGIC_OFFICE, name=name, email=f"{name.split()[-1].lower()}@kreis.example")
    if place:
        made.assignments.create(
            role=Role.STRATEGIC_OFFICE, employer=organisation(), valid_from=LONG_AGO, **place
        )  # fmt: skip
    return made


def names(people) -> list[str]:
    return [str(person) for person in people]


def test_by_bank_by_place_and_the_whole_office_where_nobody_is_named():
    left, right = municipality("Alfter", bank="left"), municipality("Troisdorf", bank="right")
    nowhere = municipality("Hennef", bank="")
    office("Geschäftsstelle links", bank="left")
    office("Geschäftsstelle rechts", bank="right")
    office("Koordinatorin Troisdorf", municipality=right)
    office("Leitung")
    found = contacts_of([left, right, nowhere])
    assert names(found[left.pk]) == ["Geschäftsstelle links"]
    assert names(found[right.pk]) == ["Geschäftsstelle rechts", "Koordinatorin Troisdorf"]
    assert len(found[nowhere.pk]) == 4
    assert contacts_of([]) == {}


def test_who_left_or_is_named_no_longer_does_not_answer():
    place, today = municipality(bank="left"), workdays.today()
    gone, locked, corrected = (office(f"Konto {name}", bank="left") for name in ("a", "b", "c"))
    here = office("Konto d", bank="left")
    RoleGrant.objects.filter(user=gone).update(valid_until=today)
    User.objects.filter(pk=locked.pk).update(is_active=False)
    Assignment.objects.filter(user=corrected).update(valid_until=today)
    assert contacts_of([place]) == {place.pk: [here]}


def test_notices_go_to_the_same_people():
    place = municipality(bank="right")
    office("Geschäftsstelle links", bank="left")
    right = office("Geschäftsstelle rechts", bank="right")
    issue = issue_at(State.STRATEGY, municipality=place)
    assert people_of_all([Office.STRATEGY], issue)[Office.STRATEGY] == [right]
    assert people_of_each([Office.STRATEGY], [issue])[issue.pk][Office.STRATEGY] == [right]
    assert contacts_of([place])[place.pk] == [right]


def test_it_is_one_query_for_all_places(django_assert_num_queries):
    places = [municipality(bank=bank) for bank in ("left", "right") * 5]
    office("Geschäftsstelle links", bank="left")
    with django_assert_num_queries(1):
        contacts_of(places)


# The list


@pytest.fixture
def reader(client):
    person = user(Role.STEERING_GROUP)
    client.force_login(person)
    return person


def works_at(person, place, weekdays=""):
    person.assignments.create(
        role=Role.CASE_MANAGER, municipality=place, employer=organisation(), valid_from=LONG_AGO, weekdays=weekdays
    )


def test_the_list_by_bank_with_mail_and_days(client, reader):
    left, right = municipality("Alfter", bank="left"), municipality("Troisdorf", bank="right")
    office("Geschäftsstelle links", bank="left")
    one = user(name="Case Management Alfter", email="cm@kreis.example")
    works_at(one, left, "13")
    works_at(one, left, "35")
    former = user(name="Früheres Konto")
    works_at(former, left, "2")
    RoleGrant.objects.filter(user=former).update(valid_until=workdays.today())
    page = client.get(reverse("steering:contact_list"))
    assert [bank for bank, _ in page.context["groups"]] == ["linksrheinisch", "rechtsrheinisch"]
    assert '<a href="mailto:links@kreis.example">Geschäftsstelle links</a>' in page.text
    assert "(Mo, Mi, Fr)" in page.text
    assert "Früheres Konto" not in page.text
    (line,) = dict(page.context["groups"])["rechtsrheinisch"]
    assert (line.place, line.case_managers) == (right, [])
    assert "zurzeit kein Case Management" in page.text


@pytest.mark.parametrize(
    ("weekdays", "words"),
    [("", ""), ("1", "Mo"), ("21", "Mo, Di"), ("123", "Mo bis Mi"), ("12345", "Mo bis Fr"), ("124", "Mo, Di, Do")],
)
def test_weekdays_as_people_say_them(weekdays, words):
    assert CaseManager(User(), weekdays).days == words


def test_without_municipalities_it_says_so(client, reader):
    assert "Noch keine Kommunen" in client.get(reverse("steering:contact_list")).text


def test_as_a_file_and_on_record(client, reader):
    place = municipality("Alfter", bank="left")
    office("Geschäftsstelle links", bank="left")
    works_at(user(name="Case Management Alfter"), place, "1")
    answer = client.get(reverse("steering:contact_export", args=["csv"]))
    text = b"".join(answer.streaming_content).decode()
    assert "Alfter;linksrheinisch;Geschäftsstelle links;links@kreis.example;Case Management Alfter (Mo)" in text
    assert TrailEntry.objects.get(act="user.contacts").note == "CSV, Ansprechpersonen, 1 Zeilen"
    assert client.get(reverse("steering:contact_export", args=["exe"])).status_code == 404


def test_administration_and_audit_are_told_why_not(client):
    client.force_login(user(Role.ADMIN))
    answer = client.get(reverse("steering:contact_list"))
    assert answer.status_code == 403
    assert "Ansprechpersonen sehen alle, die mit Knackpunkten arbeiten" in answer.text


def test_many_cost_what_few_cost(client, reader, django_assert_max_num_queries):
    client.get(reverse("steering:contact_list"))
    counted = []
    for number in (2, 15):
        for _ in range(number):
            place = municipality(bank="left")
            office("Geschäftsstelle Ort", municipality=place)
            works_at(user(), place, "1")
            User.objects.update(email="")
        with django_assert_max_num_queries(12) as count:
            client.get(reverse("steering:contact_list"))
        counted.append(len(count.captured_queries))
    assert counted[0] == counted[1]


# Wherever a municipality is


WORDS = "Ansprechperson der Geschäftsstelle:"


def test_an_issue_names_the_contact_of_its_place(client):
    place = municipality(bank="left")
    office("Geschäftsstelle links", bank="left")
    office("Geschäftsstelle rechts", bank="right")
    reporter = user()
    issue = issue_at(State.COORDINATION, reported_by=reporter, municipality=place)
    client.force_login(reporter)
    page = client.get(issue.get_absolute_url()).text
    assert WORDS in page
    assert "Geschäftsstelle links" in page
    assert "Geschäftsstelle rechts" not in page


def test_a_local_group_names_everybody_who_answers_for_one_of_its_places(client):
    group = project_group("local", municipality("Alfter", bank="left"))
    group.municipalities.add(municipality("Bornheim", bank="left"))
    office("Geschäftsstelle links", bank="left")
    office("Geschäftsstelle rechts", bank="right")
    client.force_login(user(Role.COORDINATION))
    page = client.get(group.get_absolute_url()).text
    assert page.count("Geschäftsstelle links") == 1
    assert WORDS in page
    group.municipalities.add(municipality("Troisdorf", bank="right"))
    page = client.get(group.get_absolute_url()).text
    assert "Ansprechpersonen der Geschäftsstelle:" in page
    assert page.index("Geschäftsstelle links") < page.index("Geschäftsstelle rechts")
    thematic = project_group("thematic")
    assert "der Geschäftsstelle:" not in client.get(thematic.get_absolute_url()).text


def test_a_case_names_it_too(client):
    owner = case_manager(place=municipality("Windeck", bank="right"))
    office("Geschäftsstelle rechts", bank="right")
    one = case(by=owner)
    one.municipality.bank = "right"
    one.municipality.save()
    client.force_login(owner)
    page = client.get(one.get_absolute_url()).text
    assert WORDS in page
    assert "mailto:rechts@kreis.example" in page
