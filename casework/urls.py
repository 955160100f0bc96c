"""Addresses of casework: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from casework.views import cases

app_name = "casework"

urlpatterns = [
    # cases (views/cases.py)
    path("cases/<int:pk>/", cases.case_detail, name="case_detail"),
]
