"""Who may open what in reports: one row per address, one column per person. An address without a row fails."""

import pytest
from django.urls import get_resolver, reverse

from kim.models import Role
from tests.factories import county, steering_group, user
from tests.reports import makers

pytestmark = pytest.mark.django_db

PEOPLE = ("case_manager", "coordination", "office", "member", "lead", "authority", "admin", "audit")
ROLES = {
    "case_manager": Role.CASE_MANAGER,
    "coordination": Role.COORDINATION,
    "office": Role.STRATEGIC_OFFICE,
    "member": Role.STEERING_GROUP,
    "lead": Role.PROJECT_GROUP,
    "authority": Role.AUTHORITY,
    "admin": Role.ADMIN,
    "audit": Role.AUDIT,
}

# fmt: off
#: GET. What stands behind an address is made by the function of that name in OBJECTS.
TABLE: list = [
    #  address             object                   cm   coo  off  mem  lea  aut  adm  aud
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
    ("export_list",        "",                      403, 200, 200, 200, 403, 403, 200, 403),
    ("export_detail",      "own export",            403, 404, 200, 404, 403, 403, 404, 403),
    ("export_file",        "own export",            403, 404, 302, 404, 403, 403, 404, 403),
]
#: POST to addresses that only act, by people who may not: (address, object, those who may).
ACTS: list = [
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
    "own export": lambda people: (makers.export(people["office"]).pk,),
}


@pytest.fixture
def people():
    county()
    steering_group()
    return {name: user(role) for name, role in ROLES.items()}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}-{row[1]}")
def test_each_address_opens_to_whom_the_table_says(client, people, row):
    address, thing, *expected = row
    args = OBJECTS[thing](people)
    found = []
    for name in PEOPLE:
        client.force_login(people[name])
        found.append(client.get(reverse(f"reports:{address}", args=args)).status_code)
    assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, expected, strict=True))


@pytest.mark.parametrize("row", ACTS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_each_act_is_refused_to_everybody_else(client, people, row):
    address, thing, may = row
    args = OBJECTS[thing](people)
    for name in PEOPLE:
        if name not in may:
            client.force_login(people[name])
            answer = client.post(reverse(f"reports:{address}", args=args))
            assert answer.status_code in (403, 404), name


def test_every_address_has_a_row():
    names = {pattern.name for pattern in get_resolver("reports.urls").url_patterns}
    assert names == {row[0] for row in TABLE} | {row[0] for row in ACTS}


def test_nobody_gets_in_without_signing_in(client, people):
    for address, thing, *_ in [*TABLE, *ACTS]:
        answer = client.get(reverse(f"reports:{address}", args=OBJECTS[thing](people)))
        assert answer.status_code == 302, address
        assert "/konto/" in answer.headers["Location"]
