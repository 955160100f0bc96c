"""Offices nobody holds: said where somebody can see to it, and only while it is so."""

import pytest
from django.urls import reverse

from kim import workdays
from kim.models import Assignment, Role, User
from steering.escalation import State
from tests import factories as f

pytestmark = pytest.mark.django_db
OPERATION, TODAY = reverse("kim:operation"), reverse("kim:today")


def vacant(client):
    """What „Betrieb“ names, by office."""
    client.force_login(f.user(Role.ADMIN))
    parts = client.get(OPERATION).context["parts"]
    return {one.office: one for part in parts for one in part.about.get("vacancies", ())}


@pytest.fixture
def held():
    """Everybody there, for one municipality on each bank."""
    f.county()
    for bank in ("left", "right"):
        f.municipality(f"Ort {bank}", bank=bank)
    f.steering_group()
    return {role: f.user(role) for role in (Role.COORDINATION, Role.STRATEGIC_OFFICE)}


def answers_for(person, **place):
    Assignment.objects.create(
        user=person, role=Role.STRATEGIC_OFFICE, employer=f.organisation(), valid_from=f.LONG_AGO,
        known_from=workdays.now(), **place,
    )  # fmt: skip


def lock(person):
    User.objects.filter(pk=person.pk).update(is_active=False)


def test_nothing_is_said_where_every_office_is_held(client, held):
    f.issue_at(State.PROJECT)
    assert vacant(client) == {}
    assert "Unbesetzt" not in client.get(OPERATION).text


def test_without_coordination_chair_or_office_each_is_named(client, held):
    for person in (*held.values(), f.steering_group().leads().get()):
        lock(person)
    assert list(vacant(client)) == [
        "Koordinierung Case Management", "Geschäftsstelle linksrheinisch", "Geschäftsstelle rechtsrheinisch",
        "Vorsitz der Lenkungsgruppe",
    ]  # fmt: skip
    assert "Was gemeldet wird, bleibt liegen" in client.get(OPERATION).text


def test_each_bank_of_the_office_is_asked_about(client, held):
    answers_for(held[Role.STRATEGIC_OFFICE], bank="left")
    assert list(vacant(client)) == ["Geschäftsstelle rechtsrheinisch"]
    second = f.user(Role.STRATEGIC_OFFICE)
    answers_for(second, municipality=f.municipality("Eitorf"))
    assert "für Ort right" in vacant(client)["Geschäftsstelle rechtsrheinisch"].words
    answers_for(second, bank="right")
    assert vacant(client) == {}
    lock(second)
    assert list(vacant(client)) == ["Geschäftsstelle rechtsrheinisch"]


def test_a_group_at_work_whose_lead_is_locked_is_named_to_office_and_administration(client, held):
    issue = f.issue_at(State.PROJECT, title="Ein Titel, der nicht ins Haus der Verwaltung gehört")
    group, office = issue.body, held[Role.STRATEGIC_OFFICE]
    client.force_login(office)
    assert "Projektgruppen ohne Leitung" not in client.get(TODAY).text
    lock(group.leads().get())
    page = client.get(TODAY).text
    assert "Projektgruppen ohne Leitung" in page
    assert reverse("steering:body_seat", args=[group.pk]) in page
    assert "1 Knackpunkt wartet" in vacant(client)[str(group)].words
    assert issue.title not in client.get(OPERATION).text
    group.seat(by=office, function="lead", valid_from=workdays.today(), user=f.user(Role.PROJECT_GROUP))
    assert vacant(client) == {}
    client.force_login(office)
    assert "Projektgruppen ohne Leitung" not in client.get(TODAY).text


def test_others_are_not_told_of_groups_without_a_lead(client, held):
    issue = f.issue_at(State.PROJECT)
    lock(issue.body.leads().get())
    for role in (Role.COORDINATION, Role.CASE_MANAGER):
        client.force_login(f.user(role))
        assert "Projektgruppen ohne Leitung" not in client.get(TODAY).text


def test_the_page_is_steady_in_queries(client, held, django_assert_max_num_queries):
    for _ in range(3):
        lock(f.issue_at(State.PROJECT).body.leads().get())
    client.force_login(f.user(Role.ADMIN))
    client.get(OPERATION)
    with django_assert_max_num_queries(12):
        assert client.get(OPERATION).text.count("Leitung eintragen<") == 3
