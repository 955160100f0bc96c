"""Addresses of casework: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from casework.views import cases, checklists, imports, person_data, procedures

app_name = "casework"

urlpatterns = [
    # cases (views/cases.py)
    path("cases/<int:pk>/", cases.case_detail, name="case_detail"),
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
]
