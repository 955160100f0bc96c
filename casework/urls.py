"""Addresses of casework: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from casework.views import (
    actors,
    case_issues,
    caseload,
    cases,
    checklists,
    clients,
    codes,
    conferences,
    consents,
    consultations,
    coordination,
    documents,
    followups,
    handovers,
    imports,
    intake,
    own,
    person_data,
    plan,
    procedures,
    referrals,
    requests,
    retention,
)

app_name = "casework"

urlpatterns = [
    # one's own numbers (views/own.py)
    path("figures/", own.own_figures, name="own_figures"),
    path("figures/export/<slug:kind>/", own.own_figures_export, name="own_figures_export"),
    # cases (views/cases.py)
    path("cases/<int:pk>/", cases.case_detail, name="case_detail"),
    path("cases/<int:pk>/edit/", cases.case_edit, name="case_edit"),
    path("cases/<int:pk>/step/<slug:step>/", cases.case_step, name="case_step"),
    path("cases/<int:pk>/timeline/", cases.case_timeline, name="case_timeline"),
    # the own caseload (views/caseload.py), and a new case (views/intake.py)
    path("cases/", caseload.case_list, name="case_list"),
    path("cases/export/<slug:kind>/", caseload.case_export, name="case_export"),
    path("cases/new/", intake.case_new, name="case_new"),
    # people (views/clients.py)
    path("clients/<int:pk>/", clients.client_detail, name="client_detail"),
    path("clients/<int:pk>/edit/", clients.client_edit, name="client_edit"),
    path("clients/<int:pk>/status/", clients.client_status, name="client_status"),
    path("clients/<int:pk>/area/", clients.client_area, name="client_area"),
    path("clients/<int:pk>/household/", clients.client_household, name="client_household"),
    path("clients/<int:pk>/household/link/", clients.client_link, name="client_link"),
    path("clients/<int:pk>/household/leave/", clients.client_leave, name="client_leave"),
    path("clients/<int:pk>/household/new/", clients.client_member, name="client_member"),
    # the coordination (views/coordination.py)
    path("cases/overview/", coordination.case_overview, name="case_overview"),
    path("cases/<int:pk>/look/", coordination.look_take, name="look_take"),
    path("looks/", coordination.look_list, name="look_list"),
    # assessment and plan (views/plan.py)
    path("cases/<int:pk>/assessment/", plan.assessment_edit, name="assessment_edit"),
    path("cases/<int:pk>/plan/", plan.plan_detail, name="plan_detail"),
    path("cases/<int:pk>/plan/agree/", plan.plan_agree, name="plan_agree"),
    path("cases/<int:pk>/plan/print/", plan.plan_print, name="plan_print"),
    path("cases/<int:pk>/plan/<int:no>/", plan.plan_version, name="plan_version"),
    path("cases/<int:pk>/plan/<int:no>/print/", plan.plan_version_print, name="plan_version_print"),
    path("cases/<int:pk>/goals/new/", plan.goal_new, name="goal_new"),
    path("cases/<int:pk>/goals/<int:goal>/edit/", plan.goal_edit, name="goal_edit"),
    path("cases/<int:pk>/goals/<int:goal>/measures/new/", plan.goal_measure_new, name="goal_measure_new"),
    path("cases/<int:pk>/measures/<int:measure>/edit/", plan.goal_measure_edit, name="goal_measure_edit"),
    # consents and forms (views/consents.py)
    path("cases/<int:pk>/consents/new/", consents.consent_new, name="consent_new"),
    path("cases/<int:pk>/consents/<int:consent>/withdraw/", consents.consent_withdraw, name="consent_withdraw"),
    path("cases/<int:pk>/forms/", consents.consent_form_list, name="consent_form_list"),
    path("cases/<int:pk>/forms/<slug:kind>/<slug:language>/", consents.consent_form_print, name="consent_form_print"),
    path("forms/", consents.form_list, name="form_list"),
    path("forms/<slug:kind>/<slug:language>/", consents.form_print, name="form_print"),
    # documents (views/documents.py)
    path("cases/<int:pk>/documents/", documents.document_list, name="document_list"),
    path("cases/<int:pk>/documents/new/", documents.document_new, name="document_new"),
    path("cases/<int:pk>/documents/<int:document>/get/", documents.document_get, name="document_get"),
    path("cases/<int:pk>/documents/<int:document>/remove/", documents.document_remove, name="document_remove"),
    # Modul 3 (views/procedures.py, checklists.py)
    path("cases/<int:pk>/procedures/new/", procedures.procedure_new, name="procedure_new"),
    path("procedures/", procedures.procedure_list, name="procedure_list"),
    path("procedures/<int:pk>/", procedures.procedure_detail, name="procedure_detail"),
    path("procedures/<int:pk>/items/", procedures.procedure_items, name="procedure_items"),
    path("procedures/<int:pk>/status/", procedures.procedure_status, name="procedure_status"),
    path("procedures/<int:pk>/note/", procedures.procedure_note, name="procedure_note"),
    path("checklists/", checklists.checklist_list, name="checklist_list"),
    path("checklists/<int:pk>/", checklists.checklist_detail, name="checklist_detail"),
    # imports (views/imports.py)
    path("imports/", imports.import_list, name="import_list"),
    path("imports/new/", imports.import_new, name="import_new"),
    path("imports/templates/<slug:kind>/", imports.import_template, name="import_template"),
    path("imports/<int:pk>/", imports.import_detail, name="import_detail"),
    path("imports/<int:pk>/take-over/", imports.import_take_over, name="import_take_over"),
    path("imports/<int:pk>/discard/", imports.import_discard, name="import_discard"),
    path("imports/<int:pk>/undo/", imports.import_undo, name="import_undo"),
    # one person's data (views/person_data.py)
    path("clients/<int:pk>/data/", person_data.client_data, name="client_data"),
    path("clients/<int:pk>/data/<slug:kind>/", person_data.client_data_file, name="client_data_file"),
    # consultations (views/consultations.py)
    path("consultations/", consultations.consultation_list, name="consultation_list"),
    path("consultations/export/<str:kind>/", consultations.consultation_export, name="consultation_export"),
    path("consultations/new/", consultations.consultation_new, name="consultation_new"),
    path("consultations/case/", consultations.consultation_case, name="consultation_case"),
    path("consultations/<int:pk>/", consultations.consultation_detail, name="consultation_detail"),
    path("consultations/<int:pk>/edit/", consultations.consultation_edit, name="consultation_edit"),
    # the way into the chain (views/case_issues.py)
    path("cases/<int:pk>/issues/new/", case_issues.case_issue_new, name="case_issue_new"),
    path("cases/<int:pk>/issues/similar/", case_issues.case_issue_similar, name="case_issue_similar"),
    path("cases/<int:pk>/issues/link/", case_issues.case_issue_link, name="case_issue_link"),
    path("case-issues/<int:pk>/edit/", case_issues.case_issue_edit, name="case_issue_edit"),
    path("consultations/<int:pk>/issues/new/", case_issues.consultation_issue_new, name="consultation_issue_new"),
    path(
        "consultations/<int:pk>/issues/similar/",
        case_issues.consultation_issue_similar,
        name="consultation_issue_similar",
    ),
    path("consultations/<int:pk>/issues/link/", case_issues.consultation_issue_link, name="consultation_issue_link"),
    # the directory (views/actors.py)
    path("actors/", actors.actor_list, name="actor_list"),
    path("actors/export/<slug:kind>/", actors.actor_export, name="actor_export"),
    path("actors/new/", actors.actor_new, name="actor_new"),
    path("actors/<int:pk>/", actors.actor_detail, name="actor_detail"),
    path("actors/<int:pk>/edit/", actors.actor_edit, name="actor_edit"),
    path("actors/<int:pk>/confirm/", actors.actor_confirm, name="actor_confirm"),
    path("actors/<int:pk>/end/", actors.actor_end, name="actor_end"),
    path("actors/<int:pk>/reopen/", actors.actor_reopen, name="actor_reopen"),
    # referrals (views/referrals.py)
    path("cases/<int:pk>/referrals/new/", referrals.referral_new, name="referral_new"),
    path("referrals/<int:pk>/answer/", referrals.referral_answer, name="referral_answer"),
    # case conferences (views/conferences.py)
    path("cases/<int:pk>/conferences/new/", conferences.conference_new, name="conference_new"),
    path("conferences/<int:pk>/", conferences.conference_detail, name="conference_detail"),
    path("conferences/<int:pk>/edit/", conferences.conference_edit, name="conference_edit"),
    path("conferences/<int:pk>/seat/", conferences.conference_seat, name="conference_seat"),
    path("conferences/<int:pk>/unseat/<int:seat>/", conferences.conference_unseat, name="conference_unseat"),
    path("conferences/<int:pk>/agree/", conferences.conference_agree, name="conference_agree"),
    path("conferences/<int:pk>/agreed/<int:agreement>/", conferences.conference_agreed, name="conference_agreed"),
    # follow-ups (views/followups.py)
    path("follow-ups/", followups.followup_list, name="followup_list"),
    path("cases/<int:pk>/follow-ups/new/", followups.followup_new, name="followup_new"),
    path("follow-ups/<int:pk>/done/", followups.followup_done, name="followup_done"),
    path("follow-ups/<int:pk>/move/", followups.followup_move, name="followup_move"),
    # hand-overs (views/handovers.py)
    path("handovers/", handovers.handover_list, name="handover_list"),
    path("handovers/new/", handovers.handover_new, name="handover_new"),
    path("handovers/<int:pk>/", handovers.handover_detail, name="handover_detail"),
    path("handovers/<int:pk>/accept/", handovers.handover_accept, name="handover_accept"),
    path("handovers/<int:pk>/refuse/", handovers.handover_refuse, name="handover_refuse"),
    path("handovers/<int:pk>/withdraw/", handovers.handover_withdraw, name="handover_withdraw"),
    # retention (views/retention.py)
    path("retention/", retention.retention_list, name="retention_list"),
    path("retention/register/", retention.erasure_list, name="erasure_list"),
    path("cases/<int:pk>/holds/new/", retention.hold_new, name="hold_new"),
    path("holds/<int:pk>/end/", retention.hold_end, name="hold_end"),
    # what people ask by right (views/requests.py)
    path("requests/", requests.request_list, name="request_list"),
    path("cases/<int:pk>/requests/new/", requests.request_new, name="request_new"),
    path("requests/<int:pk>/", requests.request_detail, name="request_detail"),
    path("requests/<int:pk>/<slug:step>/", requests.request_step, name="request_step"),
    # code lists (views/codes.py)
    path("codes/", codes.code_list, name="code_list"),
    path("codes/<slug:which>/new/", codes.code_new, name="code_new"),
    path("codes/<int:pk>/edit/", codes.code_edit, name="code_edit"),
    path("codes/<int:pk>/end/", codes.code_end, name="code_end"),
]
