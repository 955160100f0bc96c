"""The main navigation: what each role finds first, and which entry a page below it belongs to."""

import pytest
from django.test import RequestFactory
from django.urls import resolve

from kim.models import Role
from kim.navigation import FIRST, navigation_of
from tests.factories import user

pytestmark = pytest.mark.django_db


def navigation_at(path, role):
    request = RequestFactory().get(path)
    request.user, request.resolver_match = user(role), resolve(path)
    return navigation_of(request)


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        (Role.CASE_MANAGER, ["Heute", "Fälle", "Beratungen", "Knackpunkte"]),
        (Role.COORDINATION, ["Heute", "Eingang", "Fallübersicht", "Knackpunkte"]),
        (Role.AUTHORITY, ["Heute", "Vorgänge", "Knackpunkte", "Melden"]),
        (Role.ADMIN, ["Heute", "Lage", "Konten", "Betrieb"]),
        (Role.AUDIT, ["Heute", "Protokoll", "Vorfälle", "Stellen"]),
    ],
)
def test_what_somebody_finds_first(role, labels):
    assert [entry.label for entry in navigation_at("/", role).entries[:FIRST]] == labels


@pytest.mark.parametrize(
    ("role", "path", "label"),
    [
        (Role.CASE_MANAGER, "/casework/cases/1/", "Fälle"),
        (Role.CASE_MANAGER, "/casework/cases/1/plan/agree/", "Fälle"),
        (Role.CASE_MANAGER, "/casework/cases/1/consents/new/", "Fälle"),
        (Role.CASE_MANAGER, "/casework/cases/1/documents/", "Fälle"),
        (Role.CASE_MANAGER, "/casework/conferences/1/", "Fälle"),
        (Role.CASE_MANAGER, "/casework/procedures/1/", "Fälle"),
        (Role.CASE_MANAGER, "/casework/forms/", "Fälle"),
        (Role.CASE_MANAGER, "/casework/consultations/1/issues/new/", "Beratungen"),
        (Role.CASE_MANAGER, "/casework/follow-ups/1/move/", "Wiedervorlagen"),
        (Role.CASE_MANAGER, "/casework/holds/1/end/", "Löschfristen"),
        (Role.CASE_MANAGER, "/casework/imports/1/undo/", "Importe"),
        (Role.COORDINATION, "/casework/cases/1/", "Fallübersicht"),
        (Role.ADMIN, "/funding/people/1/days/", "Personen"),
        (Role.ADMIN, "/funding/posts/1/handover/", "Stellen"),
        (Role.ADMIN, "/funding/programmes/1/periods/new/", "Bescheide"),
        (Role.STEERING_GROUP, "/funding/notices/1/what-if/", "Bescheide"),
        (Role.COORDINATION, "/casework/looks/", "Fallübersicht"),
        (Role.COORDINATION, "/casework/handovers/1/", "Fallübergaben"),
        (Role.AUTHORITY, "/casework/procedures/1/", "Vorgänge"),
        (Role.ADMIN, "/casework/codes/1/edit/", "Codelisten"),
        (Role.STRATEGIC_OFFICE, "/steering/minutes/", "Sitzungen"),
        (Role.STRATEGIC_OFFICE, "/steering/meetings/1/attendance/", "Sitzungen"),
        (Role.STRATEGIC_OFFICE, "/steering/rules/1/", "Gremien"),
        (Role.AUTHORITY, "/steering/kick-offs/", "Zusammenarbeit"),
        (Role.ADMIN, "/accounts/1/lock/", "Konten"),
        (Role.ADMIN, "/account-requests/1/", "Anliegen zu Konten"),
        (Role.AUDIT, "/account-requests/new/", "Anliegen zu Konten"),
        (Role.AUDIT, "/trail/state/", "Protokoll"),
        (Role.AUDIT, "/breaches/1/", "Vorfälle"),
    ],
)
def test_a_page_belongs_under_one_entry(role, path, label):
    assert [entry.label for entry in navigation_at(path, role).entries if entry.current] == [label]


def test_what_stands_behind_the_first_is_told_apart_by_headings():
    groups = navigation_at("/", Role.CASE_MANAGER).groups
    headings = [heading for heading, _ in groups]
    own = ["Stellen und Mittel", "Datenschutz", "Für mich", "Nachschlagen", "Fälle verwalten"]
    assert headings == ["", "Beraten und beschließen", *own]
    assert len(set(headings)) == len(headings)


@pytest.mark.parametrize("role", Role)
def test_no_entry_stands_there_twice(role):
    labels = [entry.label for entry in navigation_at("/", role).entries]
    assert len(labels) == len(set(labels))


def test_the_way_out_stands_on_a_page_once_for_each_width(client):
    client.force_login(user(Role.AUDIT))
    page = client.get("/help/").text
    assert page.count(">Abmelden</button>") == 2  # beside the page, and behind „Mehr“ on a phone
    assert page.count('href="/accessibility/">Barrierefreiheit') == 2
