"""Addresses of funding: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from funding.views import (
    award_facts,  # noqa: F401  registers rates, grants and terms
    board,
    calculations,
    criteria,
    dues,
    facts,
    moves,
    needs_facts,  # noqa: F401  registers its kinds
    notices,
    people,
    programmes,
    proofs,
    reported,
    scenarios,
    whatif,
)

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
    # award notices (views/notices.py)
    path("notices/", notices.notice_list, name="notice_list"),
    path("notices/file/<slug:kind>/", notices.notice_export, name="notice_export"),
    path("notices/new/", notices.notice_new, name="notice_new"),
    path("notices/<int:pk>/", notices.notice_detail, name="notice_detail"),
    path("notices/<int:pk>/edit/", notices.notice_edit, name="notice_edit"),
    # what is due, and money that moved (views/dues.py)
    path("notices/<int:pk>/deadlines/new/", dues.deadline_new, name="deadline_new"),
    path("deadlines/<int:pk>/done/", dues.deadline_done, name="deadline_done"),
    path("deadlines/<int:pk>/move/", dues.deadline_move, name="deadline_move"),
    path("deadlines/<int:pk>/drop/", dues.deadline_drop, name="deadline_drop"),
    path("notices/<int:pk>/payments/new/", dues.payment_new, name="payment_new"),
    path("payments/<int:pk>/cancel/", dues.payment_cancel, name="payment_cancel"),
    # the proof of use (views/proofs.py)
    path("notices/<int:pk>/proof/", proofs.proof_detail, name="proof_detail"),
    path("notices/<int:pk>/proof/submit/", proofs.proof_submit, name="proof_submit"),
    path("notices/<int:pk>/proof/<slug:kind>/", proofs.proof_file, name="proof_file"),
    # programmes, their periods and rates (views/programmes.py)
    path("programmes/", programmes.programme_list, name="programme_list"),
    path("programmes/new/", programmes.programme_new, name="programme_new"),
    path("programmes/<int:pk>/", programmes.programme_detail, name="programme_detail"),
    path("programmes/<int:pk>/periods/new/", programmes.period_new, name="period_new"),
    # repayments (views/calculations.py, views/whatif.py)
    path("notices/<int:pk>/calculations/new/", calculations.calculation_new, name="calculation_new"),
    path("notices/<int:pk>/what-if/", whatif.whatif, name="whatif"),
    path("calculations/<int:pk>/", calculations.calculation_detail, name="calculation_detail"),
    path("calculations/<int:pk>/release/", calculations.calculation_release, name="calculation_release"),
    path("calculations/<int:pk>/drop/", calculations.calculation_drop, name="calculation_drop"),
    path("calculations/<int:pk>/file/<slug:kind>/", calculations.calculation_export, name="calculation_export"),
]
urlpatterns += [
    # needs: criteria and their values, scenarios, targets
    path("criteria/", criteria.criterion_list, name="criterion_list"),
    path("criteria/new/", criteria.criterion_new, name="criterion_new"),
    path("criteria/<int:pk>/", criteria.criterion_detail, name="criterion_detail"),
    path("criteria/<int:pk>/import/", criteria.criterion_import, name="criterion_import"),
    path("scenarios/", scenarios.scenario_list, name="scenario_list"),
    path("scenarios/new/", scenarios.scenario_new, name="scenario_new"),
    path("scenarios/compare/", scenarios.scenario_compare, name="scenario_compare"),
    path("scenarios/<int:pk>/", scenarios.scenario_detail, name="scenario_detail"),
    path("scenarios/<int:pk>/adopt/", scenarios.scenario_adopt, name="scenario_adopt"),
    path("scenarios/<int:pk>/drop/", scenarios.scenario_drop, name="scenario_drop"),
    path("scenarios/<int:pk>/export/<slug:kind>/", scenarios.scenario_export, name="scenario_export"),
    path("targets/", scenarios.target_list, name="target_list"),
]
