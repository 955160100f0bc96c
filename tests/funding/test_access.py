"""Who may open what in funding: one row per address, one column per person. An address without a row fails."""

import pytest
from django.urls import reverse

from kim.models import Municipality, TrailEntry
from tests import access_table
from tests.factories import municipality
from tests.funding import makers

pytestmark = pytest.mark.django_db

APP = "funding"

# fmt: off
#: GET. What stands behind an address is made by the function of that name in OBJECTS; of module 2 unless it says else.
TABLE = [
    #  address             object                   cm   coo  off  mem  lea  aut  adm  aud
    ("criterion_list",       "",                      403, 200, 200, 200, 403, 403, 200, 200),
    ("criterion_new",        "",                      403, 403, 200, 403, 403, 403, 200, 403),
    ("criterion_detail",     "criterion",             404, 200, 200, 200, 404, 404, 200, 200),
    ("criterion_import",     "criterion",             404, 403, 200, 403, 404, 404, 200, 403),
    ("fact_new",             "new_value",             404, 403, 200, 403, 404, 404, 200, 403),
    ("fact_detail",          "value",                 404, 200, 200, 200, 404, 404, 200, 200),
    ("fact_correct",         "value",                 404, 403, 200, 403, 404, 404, 200, 403),
    ("fact_new",             "new_target",            404, 403, 200, 403, 404, 404, 200, 403),
    ("scenario_list",        "",                      403, 200, 200, 200, 403, 403, 200, 200),
    ("scenario_new",         "",                      403, 403, 200, 403, 403, 403, 200, 403),
    ("scenario_compare",     "",                      403, 302, 302, 302, 403, 403, 302, 302),
    ("scenario_detail",      "scenario",              404, 200, 200, 200, 404, 404, 200, 200),
    ("scenario_adopt",       "scenario",              404, 403, 200, 403, 404, 404, 200, 403),
    ("scenario_export",      "scenario_csv",          404, 200, 200, 200, 404, 404, 200, 200),
    ("target_list",          "",                      403, 200, 200, 200, 403, 403, 200, 200),
    ("post_new",             "",                      403, 403, 403, 403, 403, 403, 200, 403),
    ("post_handover",        "post",                  404, 403, 404, 403, 404, 404, 200, 403),
    ("post_handover",        "post_kept_m1",          404, 403, 403, 403, 404, 404, 200, 403),
    ("post_end",             "post",                  404, 403, 404, 403, 404, 404, 200, 403),
    ("person_list",          "",                      403, 403, 403, 403, 403, 403, 200, 403),
    ("person_export",        "csv",                   403, 403, 403, 403, 403, 403, 200, 403),
    ("person_new",           "",                      403, 403, 403, 403, 403, 403, 200, 403),
    ("person_detail",        "somebody",              403, 403, 403, 403, 403, 403, 200, 403),
    ("staffing_move",        "somebody",              403, 403, 403, 403, 403, 403, 200, 403),
    ("staffing_days",        "somebody",              403, 403, 403, 403, 403, 403, 200, 403),
    ("fact_new",             "new_postterm",          404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_new",             "new_occupancy",         404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_new",             "new_leave",             404, 404, 404, 404, 404, 404, 200, 404),
    ("fact_detail",          "own_occupancy",         200, 200, 404, 200, 404, 404, 200, 200),
    ("fact_detail",          "own_leave",             404, 404, 404, 404, 404, 404, 200, 404),
    ("board",                "",                      403, 200, 200, 200, 403, 403, 200, 200),
    ("board_export",         "csv",                   403, 200, 200, 200, 403, 403, 200, 200),
    ("post_detail",          "post",                  404, 200, 404, 200, 404, 404, 200, 200),
    ("post_detail",          "post_m1",               404, 200, 200, 200, 404, 404, 200, 200),
    ("post_detail",          "post_held",             200, 200, 404, 200, 404, 404, 200, 200),
    ("own_post",             "",                      200, 403, 403, 403, 403, 200, 403, 403),
    ("coverage",             "",                      403, 200, 200, 200, 403, 403, 200, 200),
    ("coverage_export",      "csv",                   403, 200, 200, 200, 403, 403, 200, 200),
    ("reported_list",        "",                      403, 200, 200, 200, 403, 403, 200, 200),
    ("reported_export",      "csv",                   403, 200, 200, 200, 403, 403, 200, 200),
    ("reported_new",         "",                      403, 403, 403, 403, 403, 403, 200, 403),
    ("reported_detail",      "reported",              404, 200, 404, 200, 404, 404, 200, 200),
    ("reported_detail",      "reported_m1",           404, 200, 200, 200, 404, 404, 200, 200),
    ("reported_clarify",     "reported",              404, 403, 404, 403, 404, 404, 200, 403),
    ("notice_list",          "",                      403, 200, 200, 200, 403, 403, 200, 200),
    ("notice_export",        "csv",                   403, 200, 200, 200, 403, 403, 200, 200),
    ("notice_new",           "",                      403, 403, 403, 403, 403, 403, 200, 403),
    ("notice_detail",        "notice",                404, 200, 404, 200, 404, 404, 200, 200),
    ("notice_detail",        "notice_overhead",       404, 200, 200, 200, 404, 404, 200, 200),
    ("notice_edit",          "notice",                404, 403, 404, 403, 404, 404, 200, 403),
    ("notice_edit",          "notice_overhead",       404, 403, 403, 403, 404, 404, 200, 403),
    ("deadline_new",         "notice",                404, 403, 404, 403, 404, 404, 200, 403),
    ("deadline_done",        "deadline",              404, 403, 404, 403, 404, 404, 200, 403),
    ("deadline_move",        "deadline",              404, 403, 404, 403, 404, 404, 200, 403),
    ("deadline_drop",        "deadline",              404, 403, 404, 403, 404, 404, 200, 403),
    ("payment_new",          "notice",                404, 403, 404, 403, 404, 404, 200, 403),
    ("payment_cancel",       "payment",               404, 403, 404, 403, 404, 404, 200, 403),
    ("proof_detail",         "notice",                404, 200, 404, 200, 404, 404, 200, 200),
    ("proof_submit",         "notice",                404, 403, 404, 403, 404, 404, 200, 403),
    ("proof_file",           "released_pdf",          404, 403, 404, 403, 404, 404, 200, 200),
    ("calculation_new",      "notice",                404, 403, 404, 403, 404, 404, 200, 403),
    ("calculation_detail",   "calculation",           404, 200, 404, 200, 404, 404, 200, 200),
    ("calculation_detail",   "calculation_overhead",  404, 200, 200, 200, 404, 404, 200, 200),
    ("calculation_release",  "calculation",           404, 403, 404, 403, 404, 404, 200, 403),
    ("calculation_drop",     "calculation",           404, 403, 404, 403, 404, 404, 200, 403),
    ("calculation_export",   "calculation_csv",       404, 200, 404, 200, 404, 404, 200, 200),
    ("whatif",               "notice",                404, 200, 404, 200, 404, 404, 200, 200),
    ("programme_list",       "",                      403, 200, 200, 200, 403, 403, 200, 200),
    ("programme_new",        "",                      403, 403, 403, 403, 403, 403, 200, 403),
    ("programme_detail",     "programme",             404, 200, 404, 200, 404, 404, 200, 200),
    ("period_new",           "programme",             404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_new",             "new_grant",             404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_new",             "new_terms",             404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_new",             "new_rate",              404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_detail",          "grant",                 404, 200, 404, 200, 404, 404, 200, 200),
    ("fact_detail",          "rate",                  404, 200, 404, 200, 404, 404, 200, 200),
    ("fact_correct",         "grant",                 404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_change",          "grant",                 404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_end",             "grant",                 404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_withdraw",        "grant",                 404, 403, 404, 403, 404, 404, 200, 403),
    # costs: single ones tell what somebody earns
    ("cost_list",            "",                      403, 403, 403, 403, 403, 403, 200, 200),
    ("cost_detail",          "cost",                  404, 404, 404, 404, 404, 404, 200, 200),
    ("cost_export",          "csv",                   403, 403, 403, 403, 403, 403, 200, 200),
    ("cost_import_new",      "",                      403, 403, 403, 403, 403, 403, 200, 403),
    ("cost_import_template", "",                      403, 403, 403, 403, 403, 403, 200, 403),
    ("cost_import_detail",   "costimport",            404, 404, 404, 404, 404, 404, 200, 404),
    ("eligibility_list",     "",                      403, 200, 200, 200, 403, 403, 200, 200),
    ("eligibility_detail",   "supervision",           403, 200, 404, 200, 403, 403, 200, 200),
    ("fact_new",             "new cost",              404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_new",             "new eligibilityrule",   404, 403, 404, 403, 404, 404, 200, 403),
    ("fact_new",             "new forwarding",        404, 403, 404, 403, 404, 404, 200, 403),
]
#: POST to addresses that only act, by people who may not: (address, object, those who may).
ACTS: list = [
    ("cost_import_take", "costimport", ("admin",)),
    ("cost_import_drop", "costimport", ("admin",)),
    ("scenario_drop", "scenario", ("office", "admin")),
]
# fmt: on


def made_scenario():
    places = {place.ags for place in makers.three_places()}
    return makers.scenario(without=set(Municipality.objects.values_list("ags", flat=True)) - places)


#: Name → function that makes an object and answers with the arguments of its address.
OBJECTS = {
    "": lambda people: (),
    "csv": lambda people: ("csv",),
    "criterion": lambda people: (makers.criterion().pk,),
    "new_value": lambda people: ("criterionvalue", makers.criterion().pk),
    "value": lambda people: ("criterionvalue", makers.value(makers.criterion(), municipality(), 7).pk),
    "new_target": lambda people: ("staffingtarget", municipality().pk),
    "scenario": lambda people: (made_scenario().pk,),
    "scenario_csv": lambda people: (made_scenario().pk, "csv"),
    "post": lambda people: (makers.post().pk,),
    "cost": lambda people: (makers.cost(makers.notice(), 400).pk,),
    "costimport": lambda people: (makers.cost_import().pk,),
    "supervision": lambda people: (makers.programme().pk, "supervision"),
    "new cost": lambda people: ("cost", makers.notice().pk),
    "new eligibilityrule": lambda people: ("eligibilityrule", makers.programme().pk),
    "new forwarding": lambda people: ("forwarding", makers.notice().pk),
    "post_kept_m1": lambda people: (makers.post(module="overhead").pk,),
    "somebody": lambda people: (people["case_manager"].pk,),
    "new_postterm": lambda people: ("postterm", makers.post().pk),
    "new_occupancy": lambda people: ("occupancy", makers.post().pk),
    "new_leave": lambda people: ("leave", people["case_manager"].pk),
    "own_occupancy": lambda people: (
        "occupancy",
        makers.held(makers.post(), makers.START, person=people["case_manager"]).pk,
    ),
    "own_leave": lambda people: ("leave", makers.leave(people["case_manager"], makers.START).pk),
    "post_m1": lambda people: (makers.post(module="overhead").pk,),
    "post_held": lambda people: (makers.held(makers.post(), makers.START, person=people["case_manager"]).post_id,),
    "reported": lambda people: (makers.reported().pk,),
    "reported_m1": lambda people: (makers.reported("overhead").pk,),
    "notice": lambda people: (makers.notice().pk,),
    "notice_overhead": lambda people: (makers.notice(of=makers.programme("overhead")).pk,),
    "released_pdf": lambda people: (makers.released().notice_id, "pdf"),
    "calculation": lambda people: (makers.calculation().pk,),
    "calculation_csv": lambda people: (makers.calculation().pk, "csv"),
    "calculation_overhead": lambda people: (makers.calculation(makers.notice(of=makers.programme("overhead"))).pk,),
    "deadline": lambda people: (makers.deadline(makers.notice()).pk,),
    "payment": lambda people: (makers.payment(makers.notice()).pk,),
    "programme": lambda people: (makers.programme().pk,),
    "new_grant": lambda people: ("grant", makers.notice().pk),
    "new_terms": lambda people: ("terms", makers.notice().pk),
    "new_rate": lambda people: ("rate", makers.programme().pk),
    "grant": lambda people: ("grant", makers.notice().grants.get().pk),
    "rate": lambda people: ("rate", makers.programme().rates.believed().first().pk),
}


@pytest.fixture
def people():
    return access_table.one_of_each()


@pytest.mark.parametrize("row", TABLE, ids=access_table.named)
def test_each_address_opens_to_whom_the_table_says(client, people, row):
    access_table.opens_to_whom_the_row_says(client, people, APP, OBJECTS, row)


@pytest.mark.parametrize("row", ACTS, ids=access_table.named)
def test_each_act_is_refused_to_everybody_else(client, people, row):
    access_table.is_refused_to_everybody_else(client, people, APP, OBJECTS, row)


def test_every_address_has_a_row():
    access_table.every_address_has_a_row(APP, TABLE + ACTS)


def test_nobody_gets_in_without_signing_in(client, people):
    access_table.nobody_gets_in_without_signing_in(client, people, APP, OBJECTS, TABLE + ACTS)


def test_looking_at_somebody_and_why_they_are_away_is_on_the_trail_once(client, people):
    admin = people["admin"]
    client.force_login(admin)
    leave = OBJECTS["own_leave"](people)
    for _ in range(2):
        client.get(reverse("funding:person_detail", args=[people["case_manager"].pk]))
        client.get(reverse("funding:fact_detail", args=leave))
    read = TrailEntry.objects.filter(by=admin, act__endswith=".read").order_by("pk")
    assert list(read.values_list("act", flat=True)) == ["user.read", "leave.read"]
