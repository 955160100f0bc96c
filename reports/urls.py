"""Addresses of reports: figures, status reports, own evaluations, files."""

from django.urls import path

from reports.views import casework

app_name = "reports"

urlpatterns: list = [
    # Lage
    path("casework/", casework.lage_casework, name="lage_casework"),
    # Figures and their definitions
    # Status reports
    # Own evaluations and exports
    # Report to the Land
]
