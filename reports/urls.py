"""Addresses of reports: figures, status reports, own evaluations, files."""

from django.urls import path

from reports.views import counting, exports, lage

app_name = "reports"

urlpatterns: list = [
    # Lage
    path("", lage.lage, name="lage"),
    path("recount/", counting.lage_recount, name="lage_recount"),
    path("chain/", lage.lage_chain, name="lage_chain"),
    path("places/", lage.lage_places, name="lage_places"),
    # Figures and their definitions
    # Status reports
    # Own evaluations and exports
    path("exports/", exports.export_list, name="export_list"),
    path("exports/new/", exports.export_new, name="export_new"),
    path("exports/<int:pk>/", exports.export_detail, name="export_detail"),
    path("exports/<int:pk>/file/", exports.export_file, name="export_file"),
    path("exports/<int:pk>/again/", exports.export_again, name="export_again"),
    path("exports/<int:pk>/drop/", exports.export_drop, name="export_drop"),
    # Report to the Land
]
