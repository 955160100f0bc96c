"""Addresses of reports: figures, status reports, own evaluations, files."""

from django.urls import path

from reports.views import casework, lage

app_name = "reports"

urlpatterns: list = [
    # Lage
    path("casework/", casework.lage_casework, name="lage_casework"),
    path("", lage.lage, name="lage"),
    path("chain/", lage.lage_chain, name="lage_chain"),
    path("places/", lage.lage_places, name="lage_places"),
    # Figures and their definitions
    # Status reports
    # Own evaluations and exports
    # Report to the Land
]
