"""Addresses of funding: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from funding.views import facts, moves, people
from funding.views import board, facts, reported

app_name = "funding"

urlpatterns = [
    # facts of every kind (views/facts.py): entered, corrected, changed, ended, withdrawn
    path("facts/<slug:kind>/new/<int:pk>/", facts.fact_new, name="fact_new"),
    path("facts/<slug:kind>/<int:pk>/", facts.fact_detail, name="fact_detail"),
    path("facts/<slug:kind>/<int:pk>/correct/", facts.fact_correct, name="fact_correct"),
    path("facts/<slug:kind>/<int:pk>/change/", facts.fact_change, name="fact_change"),
    path("facts/<slug:kind>/<int:pk>/end/", facts.fact_end, name="fact_end"),
    path("facts/<slug:kind>/<int:pk>/withdraw/", facts.fact_withdraw, name="fact_withdraw"),
    # acts on posts and people (views/moves.py), accounts (views/people.py)
    path("posts/new/", moves.post_new, name="post_new"),
    path("posts/<int:pk>/handover/", moves.post_handover, name="post_handover"),
    path("posts/<int:pk>/end/", moves.post_end, name="post_end"),
    path("people/", people.person_list, name="person_list"),
    path("people/export/<slug:kind>/", people.person_export, name="person_export"),
    path("people/new/", moves.person_new, name="person_new"),
    path("people/<int:pk>/", people.person_detail, name="person_detail"),
    path("people/<int:pk>/move/", moves.staffing_move, name="staffing_move"),
    path("people/<int:pk>/days/", moves.staffing_days, name="staffing_days"),
    # posts and who holds them (views/board.py), and what papers say about them (views/reported.py)
    path("board/", board.board, name="board"),
    path("board/export/<slug:kind>/", board.board_export, name="board_export"),
    path("posts/<int:pk>/", board.post_detail, name="post_detail"),
    path("my-post/", board.own_post, name="own_post"),
    path("coverage/", board.coverage, name="coverage"),
    path("coverage/export/<slug:kind>/", board.coverage_export, name="coverage_export"),
    path("reported/", reported.reported_list, name="reported_list"),
    path("reported/new/", reported.reported_new, name="reported_new"),
    path("reported/export/<slug:kind>/", reported.reported_export, name="reported_export"),
    path("reported/<int:pk>/", reported.reported_detail, name="reported_detail"),
    path("reported/<int:pk>/clarify/", reported.reported_clarify, name="reported_clarify"),
]
