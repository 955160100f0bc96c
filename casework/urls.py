"""Addresses of casework: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from casework.views import actors, cases, conferences, followups, handovers, referrals

app_name = "casework"

urlpatterns = [
    # cases (views/cases.py)
    path("cases/<int:pk>/", cases.case_detail, name="case_detail"),
    # the directory (views/actors.py)
    path("actors/", actors.actor_list, name="actor_list"),
    path("actors/new/", actors.actor_new, name="actor_new"),
    path("actors/<int:pk>/", actors.actor_detail, name="actor_detail"),
    path("actors/<int:pk>/edit/", actors.actor_edit, name="actor_edit"),
    path("actors/<int:pk>/confirm/", actors.actor_confirm, name="actor_confirm"),
    path("actors/<int:pk>/end/", actors.actor_end, name="actor_end"),
    path("actors/<int:pk>/reopen/", actors.actor_reopen, name="actor_reopen"),
    # referrals (views/referrals.py)
    path("cases/<int:pk>/referrals/new/", referrals.referral_new, name="referral_new"),
    path("referrals/<int:pk>/answer/", referrals.referral_answer, name="referral_answer"),
    # case conferences (views/conferences.py)
    path("cases/<int:pk>/conferences/new/", conferences.conference_new, name="conference_new"),
    path("conferences/<int:pk>/", conferences.conference_detail, name="conference_detail"),
    path("conferences/<int:pk>/edit/", conferences.conference_edit, name="conference_edit"),
    path("conferences/<int:pk>/seat/", conferences.conference_seat, name="conference_seat"),
    path("conferences/<int:pk>/unseat/<int:seat>/", conferences.conference_unseat, name="conference_unseat"),
    path("conferences/<int:pk>/agree/", conferences.conference_agree, name="conference_agree"),
    path("conferences/<int:pk>/agreed/<int:agreement>/", conferences.conference_agreed, name="conference_agreed"),
    # follow-ups (views/followups.py)
    path("follow-ups/", followups.followup_list, name="followup_list"),
    path("cases/<int:pk>/follow-ups/new/", followups.followup_new, name="followup_new"),
    path("follow-ups/<int:pk>/done/", followups.followup_done, name="followup_done"),
    path("follow-ups/<int:pk>/move/", followups.followup_move, name="followup_move"),
    # hand-overs (views/handovers.py)
    path("handovers/", handovers.handover_list, name="handover_list"),
    path("handovers/new/", handovers.handover_new, name="handover_new"),
    path("handovers/<int:pk>/", handovers.handover_detail, name="handover_detail"),
    path("handovers/<int:pk>/accept/", handovers.handover_accept, name="handover_accept"),
    path("handovers/<int:pk>/refuse/", handovers.handover_refuse, name="handover_refuse"),
    path("handovers/<int:pk>/withdraw/", handovers.handover_withdraw, name="handover_withdraw"),
]
