"""Who may open what in reports: one row per address, one column per person. An address without a row fails."""

import pytest

from tests import access_table
from tests.reports import makers

pytestmark = pytest.mark.django_db

APP = "reports"

# fmt: off
#: GET. What stands behind an address is made by the function of that name in OBJECTS.
TABLE: list = [
    #  address             object                   cm   coo  off  mem  lea  aut  adm  aud
    ("builder",            "",                      403, 200, 200, 200, 403, 403, 200, 403),
    ("saved_list",         "",                      403, 200, 200, 200, 403, 403, 200, 403),
    ("saved_new",          "",                      403, 200, 200, 200, 403, 403, 200, 403),
    ("saved_detail",       "own saved",             403, 404, 200, 404, 403, 403, 404, 403),
    ("saved_detail",       "shared",                403, 200, 200, 200, 403, 403, 404, 403),
    ("saved_edit",         "shared",                403, 403, 200, 403, 403, 403, 404, 403),
    ("saved_share",        "shared",                403, 403, 200, 403, 403, 403, 404, 403),
    ("saved_drop",         "shared",                403, 403, 200, 403, 403, 403, 404, 403),
    ("export_list",        "",                      403, 200, 200, 200, 403, 403, 200, 403),
    ("export_detail",      "own export",            403, 404, 200, 404, 403, 403, 404, 403),
    ("export_file",        "own export",            403, 404, 302, 404, 403, 403, 404, 403),
    ("lage",               "",                      403, 200, 200, 200, 403, 403, 200, 403),
    ("lage_chain",         "",                      403, 200, 200, 200, 403, 403, 403, 403),
    ("lage_places",        "",                      403, 200, 200, 200, 403, 403, 403, 403),
    ("lage_staffing",      "",                      403, 200, 200, 200, 403, 403, 200, 403),
    ("lage_money",         "",                      403, 200, 200, 200, 403, 403, 200, 403),
    ("lage_governance",    "",                      403, 200, 200, 200, 403, 403, 403, 403),
    ("figure_list",        "",                      403, 200, 200, 200, 403, 403, 200, 403),
    ("figure_detail",      "figure of staffing",    403, 200, 200, 200, 403, 403, 200, 403),
    ("figure_detail",      "figure of bodies",      403, 200, 200, 200, 403, 403, 404, 403),
    ("indicators",         "",                      403, 200, 200, 403, 403, 403, 403, 403),
    # Status reports
    ("report_list",        "",                      403, 200, 200, 200, 403, 403, 403, 403),
    ("report_new",         "",                      403, 403, 200, 403, 403, 403, 403, 403),
    ("report_detail",      "draft report",          404, 200, 200, 404, 404, 404, 404, 404),
    ("report_detail",      "released report",       404, 200, 200, 200, 404, 404, 404, 404),
    ("report_text",        "text of a report",      404, 403, 200, 404, 404, 404, 404, 404),
    ("report_recount",     "draft report",          404, 403, 200, 404, 404, 404, 404, 404),
    ("report_drop",        "draft report",          404, 403, 200, 404, 404, 404, 404, 404),
    ("report_release",     "draft report",          404, 200, 200, 404, 404, 404, 404, 404),
    ("report_file",        "file of a draft",       404, 200, 200, 404, 404, 404, 404, 404),
    ("report_file",        "file of a report",      404, 200, 200, 200, 404, 404, 404, 404),
    ("report_difference",  "draft report",          404, 200, 200, 404, 404, 404, 404, 404),
    ("report_difference",  "released report",       404, 200, 200, 200, 404, 404, 404, 404),
    ("lage_casework",      "",                  403, 200, 200, 200, 403, 403, 403, 403),
]
#: POST to addresses that only act, by people who may not: (address, object, those who may).
ACTS: list = [
    ("lage_recount",       "",                      ("coordination", "office")),
    ("subscribe_new",      "shared",                ("coordination", "office", "member")),
    ("subscribe_end",      "shared",                ("coordination", "office", "member")),
    ("export_new",         "",                      ("coordination", "office", "member", "admin")),
    ("export_again",       "own export",            ("office",)),
    ("export_drop",        "own export",            ("office",)),
]
# fmt: on

#: Name → function that makes an object and answers with the arguments of its address.
OBJECTS: dict = {
    "": lambda people: (),
    "figure of staffing": lambda people: ("staffing.filled",),
    "figure of bodies": lambda people: ("governance.open",),
    "own saved": lambda people: (makers.saved(people["office"]).pk,),
    "shared": lambda people: (makers.saved(people["office"], roles=["coordination", "steering_group"]).pk,),
    "own export": lambda people: (makers.export(people["office"]).pk,),
    "draft report": lambda people: (makers.status_report().pk,),
    "released report": lambda people: (makers.released_report().pk,),
    "text of a report": lambda people: (makers.status_report().pk, "preface"),
    "file of a draft": lambda people: (makers.status_report().pk, "docx"),
    "file of a report": lambda people: (makers.released_report().pk, "pdf"),
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
