"""Addresses of reports: figures, status reports, own evaluations, files."""

from django.urls import path

from reports.views import casework, counting, definitions, exports, indicators, lage, parts

app_name = "reports"

urlpatterns: list = [
    # Lage
    path("casework/", casework.lage_casework, name="lage_casework"),
    path("", lage.lage, name="lage"),
    path("recount/", counting.lage_recount, name="lage_recount"),
    path("chain/", lage.lage_chain, name="lage_chain"),
    path("places/", lage.lage_places, name="lage_places"),
    path("staffing/", parts.lage_staffing, name="lage_staffing"),
    path("money/", parts.lage_money, name="lage_money"),
    path("governance/", parts.lage_governance, name="lage_governance"),
    # Figures and their definitions
    path("figures/", definitions.figure_list, name="figure_list"),
    path("figures/<str:key>/", definitions.figure_detail, name="figure_detail"),
    # Status reports
    # Own evaluations and exports
    path("exports/", exports.export_list, name="export_list"),
    path("exports/new/", exports.export_new, name="export_new"),
    path("exports/<int:pk>/", exports.export_detail, name="export_detail"),
    path("exports/<int:pk>/file/", exports.export_file, name="export_file"),
    path("exports/<int:pk>/again/", exports.export_again, name="export_again"),
    path("exports/<int:pk>/drop/", exports.export_drop, name="export_drop"),
    # Report to the Land
    path("indicators/", indicators.indicators, name="indicators"),
]
