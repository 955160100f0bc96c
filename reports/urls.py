"""Addresses of reports: figures, status reports, own evaluations, files."""

from django.urls import path

from reports.views import exports, lage, saved

app_name = "reports"

urlpatterns: list = [
    # Lage
    path("", lage.lage, name="lage"),
    path("chain/", lage.lage_chain, name="lage_chain"),
    path("places/", lage.lage_places, name="lage_places"),
    # Figures and their definitions
    # Status reports
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
]
