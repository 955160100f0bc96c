"""What the gate learns from casework: the author's whole caseload and the people in question, and nobody else's."""

import datetime as dt
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from casework.known_people import known_people
from casework.models import Case, CaseIssue, Client, HandOver, Household, Identity
from kim import privacy_gate, workdays
from kim.models import Absence, Role, User
from kim.privacy_gate import Held
from steering.escalation import State
from tests.casework.factories import case, case_manager, client, structural_issue
from tests.factories import draft, take, user

pytestmark = pytest.mark.django_db

BORN = dt.date(1991, 7, 14)


@pytest.fixture
def led():
    person = client(
        "Nadia", "Rahimi", birth_date=BORN, phone="0171 5550123", email="nadia@rahimi.example", street="Am Ring 7"
    )
    return case(person=person, foreign_number="DB-778812")


@pytest.mark.parametrize(
    "planted",
    [
        "Frau Rahimi wartet.", "Rahimis Antrag", "n a d i a  r a h i m i", "geboren am 14. Juli 1991", "14.07.91",
        "0171/555 01 23", "nadia@rahimi.example", "unter RSK-2026-000001 geführt", "DB 778812", "Рахими",
    ],
)  # fmt: skip
def test_what_belongs_to_a_client_of_the_author_blocks(led, planted):
    Case.objects.filter(pk=led.pk).update(number="RSK-2026-000001")
    findings = privacy_gate.check({"Sachverhalt": f"Im Ort: {planted}"}, author=led.owner)
    assert any(found.blocks for found in findings), planted


def test_a_report_with_a_clients_name_does_not_leave_the_case_level(led):
    issue = draft(by=led.owner, situation="Rahimi bekommt keinen Termin.")
    with pytest.raises(Held):
        take(issue, "report", by=led.owner)
    assert issue.state == State.DRAFT


def names(author, context=None):
    return {str(one.value) for one in known_people(author, context) if one.kind == "name"}


def test_only_the_authors_own_caseload_is_read(led):
    other = case(person=client("Omid", "Karimi"))
    assert names(led.owner) == {"Nadia Rahimi"}
    assert names(other.owner) == {"Omid Karimi"}
    for role in (Role.COORDINATION, Role.ADMIN, Role.AUTHORITY):
        assert list(known_people(user(role), None)) == []


def test_a_deputy_is_stopped_by_the_names_of_who_is_away(led):
    deputy, today = case_manager(), workdays.today()
    Absence.objects.create(user=led.owner, deputy=deputy, valid_from=today, valid_until=today + dt.timedelta(days=2))
    assert names(User.objects.get(pk=deputy.pk)) == {"Nadia Rahimi"}


def test_the_people_of_the_issue_stay_known_when_the_case_moved_on(led):
    issue, before, after = structural_issue(), led.owner, case_manager()
    CaseIssue.link(by=before, issue=issue, case=led)
    HandOver.offer(by=before, giver=before, taker=after, cases=[led]).accept(by=after)
    assert names(before) == set()
    assert names(before, issue) == names(user(Role.COORDINATION), issue) == {"Nadia Rahimi"}
    assert names(before, Case.objects.get(pk=led.pk)) == {"Nadia Rahimi"}


def test_family_counts_as_well(led):
    household = Household.objects.create()
    Client.objects.filter(pk=led.client_id).update(household=household)
    client("Sami", "Rahimi", household=household)
    assert names(led.owner) == {"Nadia Rahimi", "Sami Rahimi"}


def test_a_rough_birth_date_is_not_looked_for():
    made = case(person=client(birth_date=dt.date(1990, 1, 1), birth_precision="year"))
    assert not [one for one in known_people(made.owner, None) if one.kind == "birth_date"]


def test_two_hundred_cases_cost_two_queries_and_no_wait(led):
    place = led.municipality
    people = Client.objects.bulk_create(Client(municipality=place) for _ in range(200))
    Identity.objects.bulk_create(
        Identity(
            client=one, given_name=f"Vorname{no}", family_name=f"Nachname{no}", birth_date=BORN, phone=f"0171{no:07}"
        )
        for no, one in enumerate(people)
    )
    Case.objects.bulk_create(
        Case(number=f"X-{no:06}", client=one, owner=led.owner, employer=led.employer, municipality=place,
             erase_on=workdays.today())
        for no, one in enumerate(people)
    )  # fmt: skip
    author = User.objects.get(pk=led.owner.pk)
    author.hats()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert len(list(known_people(author, None))) >= 800
    assert len(asked) <= 2
    began = time.perf_counter()
    privacy_gate.check({"Sachverhalt": "Die Bescheinigung wird vom Jobcenter nicht anerkannt. " * 60}, author=author)
    assert time.perf_counter() - began < 2
