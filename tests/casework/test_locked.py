"""After a withdrawal: every address of casework is walked for a locked case and its person. What may still be read is
written down here; everything else is shut, before a form is shown.
"""

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.urls import reverse

from kim.models import TrailEntry
from tests.casework.factories import case_manager
from tests.casework.one_of_each import ABOUT, ARGUMENTS, address, one_of_each
from tests.casework.test_access_table import ACTS, TABLE

pytestmark = pytest.mark.django_db

#: Of a locked case its owner may still read what is kept until the erasure, and tell the person of it.
READ = {
    "case_detail", "case_timeline", "client_detail", "client_data", "client_data_file", "plan_detail", "plan_version",
    "document_list", "document_get", "consultation_detail", "conference_detail", "procedure_detail",
    "consent_form_list", "consent_form_print", "request_detail",
}  # fmt: skip
#: And do: end it, put a name right, take in a new consent, withdraw another one, erase sooner or, for a claim, later.
DO = {
    "case_step", "client_edit", "consent_new", "consent_withdraw", "document_remove", "hold_new", "hold_end",
    "handover_detail", "handover_withdraw", "request_new", "request_step",
}  # fmt: skip
#: What is about no case: lists, the directory, check lists, imports, code lists, empty forms.
OF_NO_CASE = {
    *(name for thing in ("checklist", "imported", "actor", "code") for name in ABOUT[thing].split()),
    "case_export", "consultation_export", "actor_export", "own_figures_export", "form_print",
    "import_template", "code_new",
}  # fmt: skip
EVERYTHING = [name for name, *_ in TABLE + ACTS]
SHUT = sorted(set(EVERYTHING) & set(ARGUMENTS) - READ - DO - OF_NO_CASE)


@pytest.fixture
def locked(settings, tmp_path) -> SimpleNamespace:
    settings.FILES_DIR = tmp_path
    owner = case_manager()
    its = one_of_each(owner, taker=case_manager())
    its.owner, its.addresses = owner, {name: address(name, its) for name in EVERYTHING}
    its.case.consent_in_force.withdraw(by=owner)
    return its


def kept() -> dict:
    """Every row of casework."""
    return {
        model: sorted(map(str, model._base_manager.values_list()))
        for model in apps.get_app_config("casework").get_models()
    }


def test_the_lists_of_this_walk_name_addresses_that_are_there():
    assert set(EVERYTHING) >= READ | DO | OF_NO_CASE
    assert {"client_status", "client_area", "client_member", "client_household", "case_edit"} <= set(SHUT)


@pytest.mark.parametrize("name", SHUT)
def test_nothing_opens_and_nothing_changes(client, locked, name):
    client.force_login(locked.owner)
    before = kept()
    assert client.get(locked.addresses[name]).status_code in (403, 404, 405)
    answer = client.post(locked.addresses[name], {"text": "Anrufen", "on_day": "1.1.2030", "adults": 3, "children": 1})
    assert answer.status_code in (403, 404, 405, 409, 422)
    assert kept() == before
    acts = TrailEntry.objects.filter(by=locked.owner).order_by("-pk").values_list("act", flat=True)
    assert acts[0].endswith((".read", ".listed", "consent.withdraw"))


@pytest.mark.parametrize("name", ["client_status", "client_area", "client_household", "client_member"])
def test_a_shut_page_of_the_person_says_why(client, locked, name):
    client.force_login(locked.owner)
    page = client.get(locked.addresses[name]).content.decode()
    assert "Einwilligung widerrufen" in page
    assert "Rahimi" not in page


@pytest.mark.parametrize("name", sorted(READ))
def test_what_is_kept_may_be_read(client, locked, name):
    client.force_login(locked.owner)
    assert client.get(locked.addresses[name]).status_code in (200, 302)


def test_no_consultation_begins_from_a_locked_case(client, locked):
    client.force_login(locked.owner)
    assert client.get(reverse("casework:consultation_new"), {"case": locked.case.pk}).status_code == 403
