"""Addresses of casework: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from casework.views import caseload, cases, clients, coordination, intake

app_name = "casework"

urlpatterns = [
    # cases (views/cases.py)
    path("cases/<int:pk>/", cases.case_detail, name="case_detail"),
    path("cases/<int:pk>/edit/", cases.case_edit, name="case_edit"),
    path("cases/<int:pk>/step/<slug:step>/", cases.case_step, name="case_step"),
    path("cases/<int:pk>/timeline/", cases.case_timeline, name="case_timeline"),
    # the own caseload (views/caseload.py), and a new case (views/intake.py)
    path("cases/", caseload.case_list, name="case_list"),
    path("cases/export/<slug:kind>/", caseload.case_export, name="case_export"),
    path("cases/new/", intake.case_new, name="case_new"),
    # people (views/clients.py)
    path("clients/<int:pk>/", clients.client_detail, name="client_detail"),
    path("clients/<int:pk>/edit/", clients.client_edit, name="client_edit"),
    path("clients/<int:pk>/status/", clients.client_status, name="client_status"),
    path("clients/<int:pk>/area/", clients.client_area, name="client_area"),
    path("clients/<int:pk>/household/", clients.client_household, name="client_household"),
    path("clients/<int:pk>/household/link/", clients.client_link, name="client_link"),
    path("clients/<int:pk>/household/leave/", clients.client_leave, name="client_leave"),
    path("clients/<int:pk>/household/new/", clients.client_member, name="client_member"),
    # the coordination (views/coordination.py)
    path("cases/overview/", coordination.case_overview, name="case_overview"),
    path("cases/<int:pk>/look/", coordination.look_take, name="look_take"),
    path("looks/", coordination.look_list, name="look_list"),
]
