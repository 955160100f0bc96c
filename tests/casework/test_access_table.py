"""Who may open what in casework: one row per address, one column per person. An address without a row fails.

Whatever belongs to a case belongs to one the first column leads. To add an address: a row in TABLE and, if it takes
arguments, a line in ARGUMENTS; one that only acts (POST) has its row in ACTS.
"""

import datetime as dt
import io
from operator import attrgetter
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.urls import get_resolver, reverse

from casework.lifecycle import State
from casework.models import (
    Case,
    CaseIssue,
    Conference,
    Document,
    FollowUp,
    HandOver,
    Hold,
    Import,
    Look,
    Participant,
    PlanVersion,
    Procedure,
    Referral,
)
from kim import uploads, workdays
from kim.models import Absence, Code, Role
from tests.casework.factories import (
    actor,
    authority,
    case_at,
    case_manager,
    checklist,
    code,
    consent,
    consultation,
    goal,
    structural_issue,
)
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
    ("retention_list",           200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("hold_new",                 200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("hold_end",                 200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
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
]
# fmt: on

#: What an address is about → the addresses; of what stands in `its`. What is neither here nor below takes no arguments.
ABOUT = {
    "case": "case_detail case_edit case_timeline look_take assessment_edit plan_detail plan_agree plan_print goal_new "
            "consent_new consent_form_list document_list document_new procedure_new case_issue_new case_issue_link "
            "case_issue_similar referral_new conference_new followup_new hold_new",
    "client": "client_detail client_edit client_status client_area client_household client_member client_link "
              "client_leave client_data",
    "procedure": "procedure_detail procedure_items procedure_status procedure_note",
    "checklist": "checklist_detail",
    "imported": "import_detail import_undo import_take_over import_discard",
    "talk": "consultation_detail consultation_edit consultation_issue_new consultation_issue_link "
            "consultation_issue_similar",
    "link": "case_issue_edit",
    "actor": "actor_detail actor_edit actor_confirm actor_end actor_reopen",
    "referral": "referral_answer",
    "conference": "conference_detail conference_edit conference_seat conference_agree",
    "follow_up": "followup_done followup_move",
    "handover": "handover_detail handover_accept handover_refuse handover_withdraw",
    "hold": "hold_end",
    "code": "code_edit code_end",
}  # fmt: skip
ARGUMENTS = {
    **{name: attrgetter(f"{thing}.pk") for thing, names in ABOUT.items() for name in names.split()},
    "case_step": lambda its: [its.case.pk, "evaluate"],
    "case_export": lambda its: ["csv"],
    "client_data_file": lambda its: [its.client.pk, "json"],
    "plan_version": lambda its: [its.case.pk, 1],
    "plan_version_print": lambda its: [its.case.pk, 1],
    "goal_edit": lambda its: [its.case.pk, its.goal.pk],
    "goal_measure_new": lambda its: [its.case.pk, its.goal.pk],
    "goal_measure_edit": lambda its: [its.case.pk, its.measure.pk],
    "consent_withdraw": lambda its: [its.case.pk, its.case.consent_in_force.pk],
    "consent_form_print": lambda its: [its.case.pk, "consent", "ar"],
    "form_print": lambda its: ["information", "de"],
    "document_get": lambda its: [its.case.pk, its.paper.pk],
    "document_remove": lambda its: [its.case.pk, its.paper.pk],
    "import_template": lambda its: ["cases"],
    "consultation_export": lambda its: ["csv"],
    "conference_unseat": lambda its: [its.conference.pk, its.seat.pk],
    "conference_agreed": lambda its: [its.conference.pk, its.agreement.pk],
    "code_new": lambda its: ["topic"],
}


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
    """A case of the owner that has come far and is about to be erased, with one of everything that has an address,
    offered to a colleague, and with a look of one coordinator.
    """
    settings.FILES_DIR = tmp_path
    owner, today = people["owner"], workdays.today()
    case = case_at(State.MONITORING, by=owner)
    Case.objects.filter(pk=case.pk).update(erase_on=today + dt.timedelta(days=20))
    case.refresh_from_db()
    case.client.keep_household(by=owner, adults=2, children=0)
    Look.take(case, by=people["look"], reason="Beschwerde")
    aim, agreed = goal(case), consent(case, "MODUL3", authority())
    measure = aim.measures.create(text="Antrag stellen", who="client")
    PlanVersion.agree(case, by=owner)
    pdf = io.BytesIO(b"%PDF-1.7\n%%EOF\n")
    told = {"consent": agreed, "person": "N. R.", "text": "Bitte."}
    conference = Conference.objects.create(case=case, held_on=today)
    imported = Import.start(by=owner, kind="cases", rows=[(2, {})])
    Import.objects.filter(pk=imported.pk).update(state=Import.State.DONE, rows_made=1)
    return SimpleNamespace(
        case=case, client=case.client, goal=aim, measure=measure, conference=conference, imported=imported,
        checklist=checklist(), code=code(Code.List.TOPIC), actor=actor(),
        paper=Document.put(case, by=owner, kind="other", title="Papier", file=pdf, file_type=uploads.PDF),
        procedure=Procedure.hand_over(case, by=owner, checklist=checklist(), authority=authority(), **told),
        talk=consultation(case=case),
        link=CaseIssue.link(by=owner, issue=structural_issue(), case=case),
        referral=Referral.send(case, by=owner, actor=actor(), occasion="Anmeldung"),
        seat=Participant.seat(conference, by=owner, institution=case.employer),
        agreement=conference.agreements.create(who="wir", what="Termin"),
        follow_up=FollowUp.plan(case, by=owner, on_day=today, text="Anrufen"),
        handover=HandOver.offer(by=owner, giver=owner, taker=people["colleague"], cases=[case]),
        hold=Hold.objects.create(case=case, reason="audit", until=today + dt.timedelta(days=40), by=owner),
    )  # fmt: skip


def address(url, its) -> str:
    given = ARGUMENTS[url](its) if url in ARGUMENTS else []
    return reverse(f"casework:{url}", args=given if isinstance(given, list) else [given])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_pages(client, people, its, row):
    url, *expected = row
    there, found = address(url, its), []
    for name in PEOPLE:
        client.force_login(people[name])
        found.append(client.get(there).status_code)
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
    from kim.access import matrix

    tables = {table.key: dict(table.rows) for table in matrix()}
    roles = list(Role)
    case_manager_at, coordination_at = roles.index(Role.CASE_MANAGER), roles.index(Role.COORDINATION)
    for label, cells in tables["fallschritte"].items():
        assert cells[case_manager_at] == "eigene", label
        assert set(cells) == {"eigene", ""}, label
    assert tables["fallarbeit"]["Fall weitergeben"][coordination_at] == "ja"
    assert tables["fallfragen"]["Codelisten pflegen"][roles.index(Role.ADMIN)] == "ja"
    client.force_login(user(Role.AUDIT))
    assert "Schritte eines Falls" in client.get(reverse("kim:access_matrix")).content.decode()
