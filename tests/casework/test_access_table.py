"""Who may open what in casework: one row per address, one column per person. An address without a row fails.

Whatever belongs to a case belongs to one the first column leads. To add an address: a row in TABLE and, if it takes
arguments, a line in ARGUMENTS; one that only acts (POST) goes into ACTS and is tested with the act itself.
"""

import datetime as dt

import pytest
from django.urls import get_resolver, reverse

from casework.lifecycle import State
from casework.models import Case, Hold, Look
from kim import workdays
from kim.models import Absence, Code, Role
from tests.casework.factories import authority, case_at, case_manager, code
from tests.factories import user

pytestmark = pytest.mark.django_db

PEOPLE = (
    "owner", "deputy", "colleague", "other", "coordination", "look", "office", "steering", "project", "authority",
    "admin", "audit",
)  # fmt: skip

# fmt: off
#: GET. deputy: stands in for the owner; colleague: of the same employer; other: of another one; look: the coordination
#: with a look into this case; authority: one that nothing was handed to.
TABLE = [
    #  address            own  dep  col  oth  coo  loo  off  ste  pro  aut  adm  aud
    ("case_detail",       200, 200, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    # retention
    ("retention_list",    200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("hold_new",          200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    ("hold_end",          200, 200, 404, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    # code lists
    ("code_list",         403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    ("code_new",          403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    ("code_edit",         403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    ("code_end",          403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403),
]
# fmt: on

#: Addresses that only act; what they refuse is tested with the act itself.
ACTS: set[str] = set()

#: Address → its arguments, made from a case of the owner. None: the address takes none.
ARGUMENTS = {
    "case_detail": lambda case: [case.pk],
    "hold_new": lambda case: [case.pk],
    "hold_end": lambda case: [hold(case).pk],
    "code_new": lambda case: ["topic"],
    "code_edit": lambda case: [code(Code.List.TOPIC).pk],
    "code_end": lambda case: [code(Code.List.TOPIC).pk],
}


def hold(case) -> Hold:
    until = workdays.today() + dt.timedelta(days=40)
    return Hold.objects.create(case=case, reason="audit", until=until, by=case.owner)


@pytest.fixture
def people():
    owner = case_manager()
    deputy = case_manager()
    Absence.objects.create(user=owner, deputy=deputy, valid_from=workdays.today())
    return {
        "owner": owner, "deputy": deputy, "colleague": case_manager(), "other": case_manager("stadt-troisdorf"),
        "coordination": user(Role.COORDINATION), "look": user(Role.COORDINATION),
        "office": user(Role.STRATEGIC_OFFICE), "steering": user(Role.STEERING_GROUP),
        "project": user(Role.PROJECT_GROUP), "authority": user(Role.AUTHORITY, organisation=authority("abh-bonn")),
        "admin": user(Role.ADMIN), "audit": user(Role.AUDIT),
    }  # fmt: skip


@pytest.fixture
def led(people) -> Case:
    """A case of the owner that has come far and is about to be erased, with a look of one coordinator."""
    made = case_at(State.MONITORING, by=people["owner"])
    Case.objects.filter(pk=made.pk).update(erase_on=workdays.today() + dt.timedelta(days=20))
    made.refresh_from_db()
    Look.take(made, by=people["look"], reason="Beschwerde")
    return made


def address(url, case) -> str:
    return reverse(f"casework:{url}", args=ARGUMENTS[url](case) if url in ARGUMENTS else [])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_pages(client, people, led, row):
    url, *expected = row
    there, found = address(url, led), []
    for name in PEOPLE:
        client.force_login(people[name])
        found.append(client.get(there).status_code)
    assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, expected, strict=True))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_whoever_may_not_open_a_page_may_not_send_to_it_either(client, people, led, row):
    url, *expected = row
    there = address(url, led)
    for name, status in zip(PEOPLE, expected, strict=True):
        if status != 200:
            client.force_login(people[name])
            assert client.post(there, {"reason": "audit"}).status_code in (status, 405), name


def test_nobody_sees_anything_before_signing_in(client, led):
    for url, *_ in TABLE:
        answer = client.get(address(url, led))
        assert answer.status_code == 302, url
        assert "/konto/" in answer.headers["Location"]


def test_a_superuser_without_a_role_sees_no_content(client, led):
    client.force_login(user(Role.ADMIN, is_superuser=True, is_staff=True))
    for url, *expected in TABLE:
        assert client.get(address(url, led)).status_code == expected[PEOPLE.index("admin")], url


def test_every_address_of_casework_has_a_row():
    resolver = next(r for r in get_resolver().url_patterns if getattr(r, "app_name", "") == "casework")
    assert {pattern.name for pattern in resolver.url_patterns} == {row[0] for row in TABLE} | ACTS


def test_the_matrix_page_shows_the_rules_of_casework(client):
    from kim.access import matrix

    tables = {table.key: dict(table.rows) for table in matrix()}
    roles = list(Role)
    case_manager_at, coordination_at = roles.index(Role.CASE_MANAGER), roles.index(Role.COORDINATION)
    for label, cells in tables["fallschritte"].items():
        assert cells[case_manager_at] == "eigene", label
        assert set(cells) == {"eigene", ""}, label
    assert tables["fallarbeit"]["Fall weitergeben"][coordination_at] == "ja"
    assert tables["fallfragen"]["Codelisten pflegen"][roles.index(Role.ADMIN)] == "ja"
    client.force_login(user(Role.AUDIT))
    assert "Schritte eines Falls" in client.get(reverse("kim:access_matrix")).content.decode()
