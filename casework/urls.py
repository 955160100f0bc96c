"""Addresses of casework: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from casework.views import case_issues, cases, consultations

app_name = "casework"

urlpatterns = [
    # cases (views/cases.py)
    path("cases/<int:pk>/", cases.case_detail, name="case_detail"),
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
]
