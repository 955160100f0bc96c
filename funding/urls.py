"""Addresses of funding: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from funding.views import (
    board,
    criteria,
    facts,
    needs_facts,  # noqa: F401  registers its kinds
    reported,
    scenarios,
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
