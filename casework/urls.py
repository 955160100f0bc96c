"""Addresses of casework: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from casework.views import cases, consents, documents, plan

app_name = "casework"

urlpatterns = [
    # cases (views/cases.py)
    path("cases/<int:pk>/", cases.case_detail, name="case_detail"),
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
]
