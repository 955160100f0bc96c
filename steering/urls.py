"""Addresses of steering: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from steering.views import bodies, inbox, issues, limits, lists, meetings, milestones, rules, seats
from steering.views import bodies, decisions, inbox, issues, limits, lists, meetings
from steering.views import agendas, bodies, inbox, issues, limits, lists, meetings
from steering.views import bodies, inbox, issues, limits, lists, meetings
from steering.views import minutes as minutes_views
from steering.views import bodies, inbox, issues, limits, lists, meetings, resolutions, statements

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
    path("bodies/<int:pk>/edit/", bodies.body_edit, name="body_edit"),
    path("bodies/<int:pk>/end/", bodies.body_end, name="body_end"),
    path("bodies/<int:pk>/seats/new/", seats.body_seat, name="body_seat"),
    path("bodies/<int:pk>/seats/<int:seat>/change/", seats.body_seat_change, name="body_seat_change"),
    path("bodies/<int:pk>/seats/<int:seat>/end/", seats.body_seat_end, name="body_seat_end"),
    path("bodies/<int:pk>/expected/new/", seats.expected_new, name="expected_new"),
    path("bodies/<int:pk>/expected/<int:expected>/end/", seats.expected_end, name="expected_end"),
    path("bodies/<int:pk>/milestones/new/", milestones.milestone_new, name="milestone_new"),
    path("bodies/<int:pk>/milestones/<int:milestone>/done/", milestones.milestone_done, name="milestone_done"),
    path("bodies/<int:pk>/rules/new/", rules.rules_new, name="rules_new"),
    path("rules/<int:pk>/", rules.rules_detail, name="rules_detail"),
    path("rules/<int:pk>/edit/", rules.rules_edit, name="rules_edit"),
    path("rules/<int:pk>/submit/", rules.rules_submit, name="rules_submit"),
    path("meetings/", meetings.meeting_list, name="meeting_list"),
    path("meetings/export.<slug:kind>", meetings.meeting_export, name="meeting_export"),
    path("meetings/new/", meetings.meeting_new, name="meeting_new"),
    path("meetings/<int:pk>/", meetings.meeting_detail, name="meeting_detail"),
    path("meetings/<int:pk>/move/", meetings.meeting_move, name="meeting_move"),
    path("meetings/<int:pk>/cancel/", meetings.meeting_cancel, name="meeting_cancel"),
    # in the meeting: attendance, votes, resolutions (views/decisions.py)
    path("meetings/<int:pk>/conduct/", decisions.meeting_conduct, name="meeting_conduct"),
    path("meetings/<int:pk>/open/", decisions.meeting_open, name="meeting_open"),
    path("meetings/<int:pk>/close/", decisions.meeting_close, name="meeting_close"),
    path("meetings/<int:pk>/attendance/", decisions.attendance_record, name="attendance_record"),
    path("meetings/<int:pk>/votes/", decisions.item_vote, name="item_vote"),
    path("agenda/<int:pk>/decide/", decisions.item_decide, name="item_decide"),
    path("agenda/<int:pk>/admit/", decisions.item_admit, name="item_admit"),
    # before a meeting (views/meetings.py, views/agendas.py)
    path("meetings/year/", meetings.meeting_year, name="meeting_year"),
    path("meetings/<int:pk>/invite/", meetings.meeting_invite, name="meeting_invite"),
    path("meetings/<int:pk>/calendar.ics", meetings.meeting_calendar, name="meeting_calendar"),
    path("meetings/<int:pk>/invitation.pdf", meetings.meeting_invitation, name="meeting_invitation"),
    path("meetings/<int:pk>/build/", agendas.meeting_build, name="meeting_build"),
    path("meetings/<int:pk>/topics/new/", agendas.meeting_topic, name="meeting_topic"),
    path("meetings/<int:pk>/order/", agendas.meeting_order, name="meeting_order"),
    path("meetings/<int:pk>/papers/new/", agendas.paper_new, name="paper_new"),
    path("agenda/<int:pk>/withdraw/", agendas.item_withdraw, name="item_withdraw"),
    path("papers/<int:pk>/", agendas.paper_file, name="paper_file"),
    path("papers/<int:pk>/withdraw/", agendas.paper_withdraw, name="paper_withdraw"),
    # limits
    # minutes (views/minutes.py); one meeting has one set of them
    path("minutes/", minutes_views.minutes_list, name="minutes_list"),
    path("minutes/export.<slug:kind>", minutes_views.minutes_export, name="minutes_export"),
    path("meetings/<int:pk>/minutes/", minutes_views.minutes_detail, name="minutes_detail"),
    path("meetings/<int:pk>/minutes/edit/", minutes_views.minutes_edit, name="minutes_edit"),
    path("meetings/<int:pk>/minutes/send/", minutes_views.minutes_send, name="minutes_send"),
    path("meetings/<int:pk>/minutes/approve/", minutes_views.minutes_approve, name="minutes_approve"),
    path("meetings/<int:pk>/minutes/object/", minutes_views.minutes_object, name="minutes_object"),
    path("meetings/<int:pk>/minutes.<slug:kind>", minutes_views.minutes_file, name="minutes_file"),
    path("agenda/<int:pk>/minutes/", minutes_views.minutes_item, name="minutes_item"),
    path("objections/<int:pk>/decide/", minutes_views.objection_decide, name="objection_decide"),
    path("limits/", limits.limit_list, name="limit_list"),
    path("limits/<slug:state>/change/", limits.limit_change, name="limit_change"),
    # resolutions and statements (views/resolutions.py, views/statements.py)
    path("resolutions/", resolutions.resolution_list, name="resolution_list"),
    path("resolutions/export.<slug:kind>", resolutions.resolution_export, name="resolution_export"),
    path("resolutions/new/", resolutions.resolution_new, name="resolution_new"),
    path("resolutions/municipalities/", resolutions.resolution_places, name="resolution_places"),
    path("resolutions/<int:pk>/", resolutions.resolution_detail, name="resolution_detail"),
    path("resolutions/<int:pk>/done/", resolutions.resolution_done, name="resolution_done"),
    path("resolutions/<int:pk>/drop/", resolutions.resolution_drop, name="resolution_drop"),
    path("resolutions/<int:pk>/put-off/", resolutions.resolution_put_off, name="resolution_put_off"),
    path("statements/", statements.statement_list, name="statement_list"),
    path("statements/new/", statements.statement_new, name="statement_new"),
    path("statements/<int:pk>/", statements.statement_detail, name="statement_detail"),
    path("statements/<int:pk>/receive/", statements.statement_receive, name="statement_receive"),
    path("statements/<int:pk>/withdraw/", statements.statement_withdraw, name="statement_withdraw"),
]
