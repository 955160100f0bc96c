"""Addresses of reports: figures, status reports, own evaluations, files."""

from django.urls import path

from reports.views import casework, counting, definitions, exports, indicators, lage, parts, saved, status

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
    path("builder/", saved.builder, name="builder"),
    path("saved/", saved.saved_list, name="saved_list"),
    path("saved/new/", saved.saved_new, name="saved_new"),
    path("saved/<int:pk>/", saved.saved_detail, name="saved_detail"),
    path("saved/<int:pk>/edit/", saved.saved_edit, name="saved_edit"),
    path("saved/<int:pk>/share/", saved.saved_share, name="saved_share"),
    path("saved/<int:pk>/drop/", saved.saved_drop, name="saved_drop"),
    path("saved/<int:pk>/subscribe/", saved.subscribe_new, name="subscribe_new"),
    path("saved/<int:pk>/unsubscribe/", saved.subscribe_end, name="subscribe_end"),
    path("exports/", exports.export_list, name="export_list"),
    path("exports/new/", exports.export_new, name="export_new"),
    path("exports/<int:pk>/", exports.export_detail, name="export_detail"),
    path("exports/<int:pk>/file/", exports.export_file, name="export_file"),
    path("exports/<int:pk>/again/", exports.export_again, name="export_again"),
    path("exports/<int:pk>/drop/", exports.export_drop, name="export_drop"),
    # Report to the Land
    path("indicators/", indicators.indicators, name="indicators"),
]
