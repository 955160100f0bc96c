"""Every address of plan, consents, forms and documents, walked by everybody, and what each of them is answered."""

import io
import re

import pytest
from django.urls import get_resolver

from casework.lifecycle import State
from casework.models import Document, Look, PlanVersion
from kim import uploads, workdays
from kim.models import Absence, Draft, Role, User
from tests.casework.factories import case_at, case_manager, goal
from tests.factories import user
from tests.test_hostile import HOSTILE, Page

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n%%EOF\n"
#: Who sees nothing of a case they do not lead.
STRANGERS = [role for role in Role if role != Role.CASE_MANAGER]
OWN, READ, BLANK = "own", "read", "blank"
#: path below the case → who may: those who work on it only, or whoever may look inside.
ROWS = {
    "assessment_edit": ("assessment/", OWN),
    "plan_detail": ("plan/", READ),
    "plan_agree": ("plan/agree/", OWN),
    "plan_print": ("plan/print/", OWN),
    "plan_version": ("plan/1/", READ),
    "plan_version_print": ("plan/1/print/", OWN),
    "goal_new": ("goals/new/", OWN),
    "goal_edit": ("goals/{goal}/edit/", OWN),
    "goal_measure_new": ("goals/{goal}/measures/new/", OWN),
    "goal_measure_edit": ("measures/{measure}/edit/", OWN),
    "consent_new": ("consents/new/", OWN),
    "consent_withdraw": ("consents/{consent}/withdraw/", OWN),
    "consent_form_list": ("forms/", OWN),
    "consent_form_print": ("forms/consent/ar/", OWN),
    "document_list": ("documents/", READ),
    "document_new": ("documents/new/", OWN),
    "document_get": ("documents/{document}/get/", READ),
    "document_remove": ("documents/{document}/remove/", OWN),
    "form_list": ("/casework/forms/", BLANK),
    "form_print": ("/casework/forms/information/de/", BLANK),
}


@pytest.fixture
def there(settings, tmp_path):
    """A case with one of everything, and its addresses by name."""
    settings.FILES_DIR = tmp_path / "files"
    case = case_at(State.PLANNING)
    made = goal(case)
    measure = made.measures.create(text="Antrag stellen", who="client")
    PlanVersion.agree(case, by=case.owner)
    paper = Document.put(
        case, by=case.owner, kind="other", title="Papier", file=io.BytesIO(PDF), file_type=uploads.PDF
    )  # fmt: skip
    ids = {"goal": made.pk, "measure": measure.pk, "consent": case.consent_in_force.pk, "document": paper.pk}
    case.addresses = {
        name: path if path.startswith("/") else f"/casework/cases/{case.pk}/{path.format(**ids)}"
        for name, (path, _) in ROWS.items()
    }
    return case


def walk(client, case, person):
    """What `person` is answered at every address, by name."""
    client.logout()
    if person:
        client.force_login(User.objects.get(pk=person.pk))
    return {name: client.get(address).status_code for name, address in case.addresses.items()}


def expected(**by_kind):
    return {name: by_kind[kind] for name, (_, kind) in ROWS.items()}


def test_the_owner_may_everything(client, there):
    assert walk(client, there, there.owner) == expected(own=200, read=200, blank=200)


def test_a_case_manager_of_another_employer_finds_nothing(client, there):
    assert walk(client, there, case_manager("caritas")) == expected(own=404, read=404, blank=200)


def test_so_does_a_colleague_until_they_stand_in(client, there):
    colleague = case_manager()
    assert walk(client, there, colleague) == expected(own=404, read=404, blank=200)
    today = workdays.today()
    Absence.objects.create(user=there.owner, deputy=colleague, valid_from=today, valid_until=None)
    assert walk(client, there, colleague) == expected(own=200, read=200, blank=200)


@pytest.mark.parametrize("role", STRANGERS)
def test_no_other_role_finds_anything(client, there, role):
    blank = 200 if role == Role.COORDINATION else 403
    assert walk(client, there, user(role, organisation=there.employer)) == expected(own=404, read=404, blank=blank)


def test_a_superuser_finds_nothing(client, there):
    chief = user(Role.ADMIN, is_superuser=True, is_staff=True)
    assert walk(client, there, chief) == expected(own=404, read=404, blank=403)


def test_under_a_look_the_coordination_reads_and_does_nothing(client, there):
    coordination = user(Role.COORDINATION)
    Look.take(there, by=coordination, reason="Beschwerde vom 12.03.")
    assert walk(client, there, coordination) == expected(own=403, read=200, blank=200)


def test_nobody_gets_in_without_a_login(client, there):
    assert walk(client, there, None) == expected(own=302, read=302, blank=302)


def test_acts_are_refused_as_pages_are_and_nothing_changes(client, there):
    coordination = user(Role.COORDINATION)
    Look.take(there, by=coordination, reason="Beschwerde vom 12.03.")
    for person, status in [(case_manager("caritas"), 404), (coordination, 403)]:
        client.force_login(person)
        for name, (_, kind) in ROWS.items():
            if kind == OWN and "print" not in name and name != "consent_form_list":
                assert client.post(there.addresses[name]).status_code == status, name
    assert there.documents.count() == there.goals.count() == there.plan_versions.count() == 1
    assert there.consent_in_force


def test_every_address_of_this_subject_has_a_row():
    names = {name for name in get_resolver("casework.urls").reverse_dict if isinstance(name, str)}
    ours = ("assessment_", "plan_", "goal_", "consent_", "document_", "form_")
    assert {name for name in names if name.startswith(ours)} == set(ROWS)


@pytest.mark.parametrize("name", [name for name, (_, kind) in ROWS.items() if kind == OWN and "print" not in name])
def test_no_title_names_anybody(client, there, name):
    client.force_login(there.owner)
    page = client.get(there.addresses[name]).content.decode()
    title = page.split("<title>")[1].split("</title>")[0]
    assert "Nadia" not in title
    assert "Rahimi" not in title


FORMS = [name for name, (_, kind) in ROWS.items() if kind == OWN and "print" not in name and "list" not in name]


def fields_of(page: str) -> list[str]:
    return sorted(set().union(*(form["fields"] for form in Page(page).forms)) - {"csrfmiddlewaretoken"})


@pytest.mark.long
def test_whatever_is_typed_into_any_form_is_answered(client, there):
    """By somebody who may; also what was typed before and comes back as a draft."""
    client.force_login(there.owner)
    client.raise_request_exception = False
    for name in sorted(FORMS, key=lambda name: name in ("document_remove", "consent_withdraw")):
        address = there.addresses[name]
        page = client.get(address).content.decode()
        fields = fields_of(page)
        if key := re.search('data-draft="([^"]+)"', page):
            for typed in ("x" * 500, ["a", "b"], "\u202e", "9" * 23, "31.02.2026"):
                Draft.keep(there.owner, key[1], dict.fromkeys(fields, typed))
                assert client.get(address).status_code == 200, (name, typed)
        for value in HOSTILE:
            assert client.post(address, dict.fromkeys(fields, value)).status_code < 500, (name, value)
        for number, field in enumerate(fields[:12]):
            value = HOSTILE[4 + number % (len(HOSTILE) - 4)]
            assert client.post(address, {field: value}).status_code < 500, (name, field, value)
