"""Addresses of casework: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from casework.views import cases, codes, retention

app_name = "casework"

urlpatterns = [
    # cases (views/cases.py)
    path("cases/<int:pk>/", cases.case_detail, name="case_detail"),
    # retention (views/retention.py)
    path("retention/", retention.retention_list, name="retention_list"),
    path("cases/<int:pk>/holds/new/", retention.hold_new, name="hold_new"),
    path("holds/<int:pk>/end/", retention.hold_end, name="hold_end"),
    # code lists (views/codes.py)
    path("codes/", codes.code_list, name="code_list"),
    path("codes/<slug:which>/new/", codes.code_new, name="code_new"),
    path("codes/<int:pk>/edit/", codes.code_edit, name="code_edit"),
    path("codes/<int:pk>/end/", codes.code_end, name="code_end"),
]
