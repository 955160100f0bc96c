"""Who may open what in casework: one row per address, one column per person. An address without a row fails.

Whatever belongs to a case belongs to one the first column leads. To add an address: a row in TABLE (in ACTS if it
only acts) and, if it takes arguments, what it is about in one_of_each.py.
"""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.urls import get_resolver, reverse

from casework import access, matrix
from casework.models import Case, Look
from kim import workdays
from kim.access import matrix as whole_matrix
from kim.models import Absence, Role
from kim.rules import Rule
from tests.access_table import asked
from tests.casework.factories import authority, case_manager
from tests.casework.one_of_each import address, one_of_each
from tests.factories import user

pytestmark = pytest.mark.django_db

PEOPLE = (
    "owner", "deputy", "colleague", "other", "coordination", "look", "office", "steering", "project", "authority",
    "admin", "audit",
)  # fmt: skip

# fmt: off
#: GET. deputy: stands in for the owner; colleague: of the same employer; other: of another one; look: the coordination
#: with a look into this case; authority: one that nothing was handed to.
TABLE = [
    #  address                      own  dep  col  oth  coo  loo  off  ste  pro  aut  adm  aud
    # cases
    ("case_detail",              200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("case_edit",                200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("case_step",                200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("case_timeline",            302, 302, 404, 404, 404, 302, 404, 404, 404, 404, 404, 404),
    # the caseload, a new case
    ("case_list",                200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("case_export",              200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("case_new",                 200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    # one's own numbers
    ("own_figures",              200, 200, 200, 200, 403, 403, 403, 403, 403, 200, 403, 403),
    ("own_figures_export",       200, 200, 200, 200, 403, 403, 403, 403, 403, 200, 403, 403),
    # people
    ("client_detail",            200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("client_edit",              200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("client_status",            200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("client_area",              200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("client_household",         200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("client_member",            200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("client_data",              200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("client_data_file",         200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    # the coordination
    ("case_overview",            403, 403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 403),
    ("look_take",                403, 403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 403),
    ("look_list",                403, 403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 403),
    # assessment and plan
    ("assessment_edit",          200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("plan_detail",              200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("plan_agree",               200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("plan_print",               200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("plan_version",             200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("plan_version_print",       200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("goal_new",                 200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("goal_edit",                200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("goal_measure_new",         200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("goal_measure_edit",        200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    # consents, forms, documents
    ("consent_new",              200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("consent_withdraw",         200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("consent_form_list",        200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("consent_form_print",       200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("form_list",                200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("form_print",               200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("document_list",            200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("document_new",             200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("document_get",             200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("document_remove",          200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    # Modul 3
    ("procedure_new",            200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("procedure_list",           403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403, 403),
    ("procedure_detail",         200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("checklist_list",           200, 200, 200, 200, 200, 200, 403, 403, 403, 200, 403, 403),
    ("checklist_detail",         200, 200, 200, 200, 200, 200, 403, 403, 403, 200, 403, 403),
    # imports: one's own only, not even a deputy's
    ("import_list",              200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("import_new",               200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("import_template",          200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("import_detail",            200, 404, 404, 404, 403, 403, 403, 403, 403, 403, 403, 403),
    ("import_undo",              200, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    # consultations
    ("consultation_list",        200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("consultation_export",      200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("consultation_new",         200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("consultation_detail",      200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("consultation_edit",        200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    # the way into the chain
    ("case_issue_new",           200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("case_issue_link",          200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("case_issue_edit",          200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("consultation_issue_new",   200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("consultation_issue_link",  200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    # the directory
    ("actor_list",               200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_export",             200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_new",                200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_detail",             200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_edit",               200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_end",                200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    # referrals, conferences, follow-ups
    ("referral_new",             200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("referral_answer",          200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("conference_new",           200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("conference_detail",        200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ("conference_edit",          200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("conference_seat",          200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("conference_agree",         200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("followup_list",            200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("followup_new",             200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("followup_move",            200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    # hand-overs: the colleague is who the cases were offered to
    ("handover_list",            200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("handover_new",             200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("handover_detail",          200, 404, 200, 404, 200, 200, 404, 404, 404, 404, 404, 404),
    ("handover_refuse",          403, 404, 200, 404, 403, 403, 404, 404, 404, 404, 404, 404),
    # retention
    ("erasure_list",             403, 403, 403, 403, 200, 200, 403, 403, 403, 403, 200, 200),
    ("retention_list",           200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("hold_new",                 200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("hold_end",                 200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    # what people ask by right: the deadlines of all without a name, the request itself for who advises the person
    ("request_list",             200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 200),
    ("request_new",              200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("request_detail",           200, 200, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    # code lists
    ("code_list",                403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    ("code_new",                 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    ("code_edit",                403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    ("code_end",                 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403),
]
#: POST, each as the first act of that person. 302: done; 422 and 409: allowed, but not with nothing typed, or not now.
ACTS = [
    #  address                      own  dep  col  oth  coo  loo  off  ste  pro  aut  adm  aud
    ("client_link",              422, 422, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("client_leave",             302, 302, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("procedure_items",          403, 403, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("procedure_status",         403, 403, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("procedure_note",           403, 403, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("import_take_over",         409, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("import_discard",           409, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("consultation_case",        200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 403),
    ("case_issue_similar",       200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("consultation_issue_similar",200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("actor_confirm",            302, 302, 302, 302, 302, 302, 403, 403, 403, 403, 403, 403),
    ("actor_reopen",             302, 302, 302, 302, 302, 302, 403, 403, 403, 403, 403, 403),
    ("conference_unseat",        302, 302, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("conference_agreed",        302, 302, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("followup_done",            302, 302, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("handover_accept",          403, 404, 302, 404, 403, 403, 404, 404, 404, 404, 404, 404),
    ("handover_withdraw",        302, 404, 403, 404, 302, 302, 404, 404, 404, 404, 404, 404),
    ("request_step",             422, 422, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404),
]
# fmt: on


@pytest.fixture
def people():
    owner = case_manager()
    deputy = case_manager()
    Absence.objects.create(user=owner, deputy=deputy, valid_from=workdays.today())
    return {
        "owner": owner, "deputy": deputy, "colleague": case_manager(), "other": case_manager("stadt-troisdorf"),
        "coordination": user(Role.COORDINATION), "look": user(Role.COORDINATION),
        "office": user(Role.STRATEGIC_OFFICE), "steering": user(Role.STEERING_GROUP),
        "project": user(Role.PROJECT_GROUP), "authority": user(Role.AUTHORITY, organisation=authority("abh-bonn")),
        "admin": user(Role.ADMIN), "audit": user(Role.AUDIT),
    }  # fmt: skip


@pytest.fixture
def its(people, settings, tmp_path) -> SimpleNamespace:
    """A case of the owner that is about to be erased, offered to the colleague, with one coordinator's look."""
    settings.FILES_DIR = tmp_path
    found = one_of_each(people["owner"], taker=people["colleague"])
    Case.objects.filter(pk=found.case.pk).update(erase_on=workdays.today() + dt.timedelta(days=20))
    Look.take(found.case, by=people["look"], reason="Beschwerde")
    return found


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_pages(client, people, its, row):
    url, *expected = row
    there, found = address(url, its), []
    for name in PEOPLE:
        client.force_login(people[name])
        found.append(asked(client, people[name], there).status_code)
    assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, expected, strict=True))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_whoever_may_not_open_a_page_may_not_send_to_it_either(client, people, its, row):
    url, *expected = row
    there = address(url, its)
    for name, status in zip(PEOPLE, expected, strict=True):
        if status not in (200, 302):
            client.force_login(people[name])
            assert client.post(there, {"reason": "audit"}).status_code in (status, 405), name


@pytest.mark.parametrize("row", ACTS, ids=lambda row: row[0])
def test_acts(client, people, its, row):
    """Each person's act is undone before the next one's."""
    url, *expected = row
    there, found = address(url, its), []
    for name in PEOPLE:
        client.force_login(people[name])
        assert client.get(there).status_code == 405, name
        before = transaction.savepoint()
        found.append(client.post(there).status_code)
        transaction.savepoint_rollback(before)
    assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, expected, strict=True))


def test_nobody_sees_anything_before_signing_in(client, its):
    for url, *_ in TABLE + ACTS:
        answer = client.get(address(url, its))
        assert answer.status_code == 302, url
        assert "/konto/" in answer.headers["Location"]


def test_a_superuser_without_a_role_sees_no_content(client, its):
    client.force_login(user(Role.ADMIN, is_superuser=True, is_staff=True))
    for url, *expected in TABLE:
        assert client.get(address(url, its)).status_code == expected[PEOPLE.index("admin")], url


def test_every_address_of_casework_has_a_row():
    resolver = next(r for r in get_resolver().url_patterns if getattr(r, "app_name", "") == "casework")
    assert {pattern.name for pattern in resolver.url_patterns} == {row[0] for row in TABLE + ACTS}


def test_the_matrix_page_shows_the_rules_of_casework(client):
    tables = {table.key: dict(table.rows) for table in whole_matrix()}
    roles = list(Role)
    case_manager_at, coordination_at = roles.index(Role.CASE_MANAGER), roles.index(Role.COORDINATION)
    for label, cells in tables["fallschritte"].items():
        assert cells[case_manager_at] == "eigene", label
        assert set(cells) == {"eigene", ""}, label
    assert tables["fallarbeit"]["Fall weitergeben"][coordination_at] == "ja"
    assert tables["fallfragen"]["Codelisten pflegen"][roles.index(Role.ADMIN)] == "ja"
    authority_at = roles.index(Role.AUTHORITY)
    assert tables["fallarbeit"]["Übergebenen Vorgang bearbeiten"][authority_at] == "eigene"
    assert tables["fallarbeit"]["Angebot zurücknehmen"][coordination_at] == "ja"
    client.force_login(user(Role.AUDIT))
    assert "Schritte eines Falls" in client.get(reverse("kim:access_matrix")).content.decode()


def test_the_matrix_page_leaves_out_no_rule():
    """A lock is no right of anybody, so locks are the ones that are not there."""
    shown = {check for _, check, _ in matrix.ACTS} | {check for _, check in matrix.QUESTIONS}
    rules = {rule for rule in vars(access).values() if isinstance(rule, Rule)}
    assert rules - shown == {access.is_unlocked, access.is_unrestricted}
