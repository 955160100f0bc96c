"""Addresses of steering: plural noun, id, act. URL name = view name = template name."""

from django.urls import path  # noqa: F401

app_name = "steering"

urlpatterns = [
    # issues: one issue and its steps (views/issues.py)
    # lists, inbox, exports (views/lists.py, views/inbox.py)
    # bodies, meetings, limits (views/bodies.py, views/limits.py)
]
