"""One case with one of everything that has an address of its own, and the addresses of all of it."""

import datetime as dt
import io
from operator import attrgetter
from types import SimpleNamespace

from django.urls import reverse

from casework import rights
from casework.lifecycle import State
from casework.models import (
    CaseIssue,
    Conference,
    Document,
    FollowUp,
    HandOver,
    Hold,
    Import,
    Participant,
    PlanVersion,
    Procedure,
    Referral,
)
from kim import uploads, workdays
from kim.models import Code
from tests.casework.factories import (
    actor,
    authority,
    case_at,
    checklist,
    code,
    consent,
    consultation,
    goal,
    structural_issue,
)

#: What an address is about → the addresses; of what stands in `its`. What is neither here nor below takes no arguments.
ABOUT = {
    "case": "case_detail case_edit case_timeline look_take assessment_edit plan_detail plan_agree plan_print goal_new "
            "consent_new consent_form_list document_list document_new procedure_new case_issue_new case_issue_link "
            "case_issue_similar referral_new conference_new followup_new hold_new request_new",
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
    "asked": "request_detail",
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
    "own_figures_export": lambda its: ["csv"],
    "actor_export": lambda its: ["csv"],
    "conference_unseat": lambda its: [its.conference.pk, its.seat.pk],
    "conference_agreed": lambda its: [its.conference.pk, its.agreement.pk],
    "code_new": lambda its: ["topic"],
    "request_step": lambda its: [its.asked.pk, "identify"],
}


def one_of_each(owner, *, taker, issue=None) -> SimpleNamespace:
    """A case that `owner` has brought to its monitoring and offers to `taker`."""
    today = workdays.today()
    case = case_at(State.MONITORING, by=owner)
    case.client.keep_household(by=owner, adults=2, children=0)
    aim, agreed = goal(case), consent(case, "MODUL3", authority())
    measure = aim.measures.create(text="Antrag stellen", who="client")
    PlanVersion.agree(case, by=owner)
    pdf = io.BytesIO(b"%PDF-1.7\n%%EOF\n")
    told = {"consent": agreed, "person": "N. R.", "text": "Bitte um Prüfung."}
    conference = Conference.objects.create(case=case, held_on=today)
    imported = Import.start(by=owner, kind="cases", rows=[(2, {})])
    Import.objects.filter(pk=imported.pk).update(state=Import.State.DONE, rows_made=1)
    return SimpleNamespace(
        case=case, client=case.client, goal=aim, measure=measure, conference=conference, imported=imported,
        checklist=checklist(), code=code(Code.List.TOPIC), actor=actor(),
        paper=Document.put(case, by=owner, kind="other", title="Papier", file=pdf, file_type=uploads.PDF),
        procedure=Procedure.hand_over(case, by=owner, checklist=checklist(), authority=authority(), **told),
        talk=consultation(case=case),
        link=CaseIssue.link(by=owner, issue=issue or structural_issue(), case=case),
        referral=Referral.send(case, by=owner, actor=actor(), occasion="Anmeldung"),
        seat=Participant.seat(conference, by=owner, institution=case.employer),
        agreement=conference.agreements.create(who="wir", what="Termin"),
        follow_up=FollowUp.plan(case, by=owner, on_day=today, text="Anrufen"),
        handover=HandOver.offer(by=owner, giver=owner, taker=taker, cases=[case]),
        asked=rights.receive(case, by=owner, kind="access", received_on=today, came_by="letter"),
        hold=Hold.objects.create(case=case, reason="audit", until=today + dt.timedelta(days=40), by=owner),
    )  # fmt: skip


def address(url, its) -> str:
    given = ARGUMENTS[url](its) if url in ARGUMENTS else []
    return reverse(f"casework:{url}", args=given if isinstance(given, list) else [given])
