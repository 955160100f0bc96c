"""Addresses of reports: figures, status reports, own evaluations, files."""

from django.urls import path

from reports.views import status

app_name = "reports"

urlpatterns: list = [
    # Lage
    # Figures and their definitions
    # Status reports
    path("status-reports/", status.report_list, name="report_list"),
    path("status-reports/new/", status.report_new, name="report_new"),
    path("status-reports/<int:pk>/", status.report_detail, name="report_detail"),
    path("status-reports/<int:pk>/texts/<slug:key>/", status.report_text, name="report_text"),
    path("status-reports/<int:pk>/recount/", status.report_recount, name="report_recount"),
    path("status-reports/<int:pk>/drop/", status.report_drop, name="report_drop"),
    path("status-reports/<int:pk>/release/", status.report_release, name="report_release"),
    path("status-reports/<int:pk>/difference/", status.report_difference, name="report_difference"),
    path("status-reports/<int:pk>/file/<slug:kind>/", status.report_file, name="report_file"),
    # Own evaluations and exports
    # Report to the Land
]
