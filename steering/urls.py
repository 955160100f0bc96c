"""Addresses of steering: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from steering.views import bodies, contacts, inbox, issues, limits, lists, meetings

app_name = "steering"

urlpatterns = [
    # issues: one issue and its steps (views/issues.py)
    path("issues/new/", issues.issue_new, name="issue_new"),
    path("issues/similar/", issues.issue_similar, name="issue_similar"),
    path("issues/<int:pk>/", issues.issue_detail, name="issue_detail"),
    path("issues/<int:pk>/edit/", issues.issue_edit, name="issue_edit"),
    path("issues/<int:pk>/alike/", issues.issue_alike, name="issue_alike"),
    path("issues/<int:pk>/join/", issues.issue_join, name="issue_join"),
    path("issues/<int:pk>/comment/", issues.issue_comment, name="issue_comment"),
    path("issues/<int:pk>/pause/", issues.issue_pause, name="issue_pause"),
    path("issues/<int:pk>/resume/", issues.issue_resume, name="issue_resume"),
    path("issues/<int:pk>/interim-report/", issues.issue_interim_report, name="issue_interim_report"),
    path("issues/<int:pk>/effect/", issues.issue_effect, name="issue_effect"),
    path("issues/<int:pk>/measures/new/", issues.issue_measure, name="issue_measure"),
    path("issues/<int:pk>/measures/<int:measure>/done/", issues.issue_measure_done, name="issue_measure_done"),
    path("issues/<int:pk>/<slug:step>/", issues.issue_step, name="issue_step"),
    # lists, inbox, exports (views/lists.py, views/inbox.py)
    path("issues/", lists.issue_list, name="issue_list"),
    path("issues/export.<slug:kind>", lists.issue_export, name="issue_export"),
    path("reports/", lists.report_list, name="report_list"),
    path("reports/export.<slug:kind>", lists.report_export, name="report_export"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/export.<slug:kind>", inbox.inbox_export, name="inbox_export"),
    path("inbox/together/", inbox.inbox_together, name="inbox_together"),
    path("inbox/<int:pk>/", inbox.inbox_issue, name="inbox_issue"),
    # bodies, meetings, limits
    path("bodies/", bodies.body_list, name="body_list"),
    path("bodies/export.<slug:kind>", bodies.body_export, name="body_export"),
    path("bodies/new/", bodies.body_new, name="body_new"),
    path("bodies/<int:pk>/", bodies.body_detail, name="body_detail"),
    path("bodies/<int:pk>/seats/new/", bodies.body_seat, name="body_seat"),
    path("bodies/<int:pk>/seats/<int:seat>/end/", bodies.body_seat_end, name="body_seat_end"),
    path("meetings/", meetings.meeting_list, name="meeting_list"),
    path("meetings/export.<slug:kind>", meetings.meeting_export, name="meeting_export"),
    path("meetings/new/", meetings.meeting_new, name="meeting_new"),
    path("meetings/<int:pk>/", meetings.meeting_detail, name="meeting_detail"),
    path("meetings/<int:pk>/move/", meetings.meeting_move, name="meeting_move"),
    path("meetings/<int:pk>/cancel/", meetings.meeting_cancel, name="meeting_cancel"),
    path("limits/", limits.limit_list, name="limit_list"),
    path("limits/<slug:state>/change/", limits.limit_change, name="limit_change"),
    # contacts (views/contacts.py)
    path("contacts/", contacts.contact_list, name="contact_list"),
    path("contacts/export.<slug:kind>", contacts.contact_export, name="contact_export"),
]
