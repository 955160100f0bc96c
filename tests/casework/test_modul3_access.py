"""Who may open what of Modul 3, imports and one person's data: every address as every kind of person."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.urls import reverse

from casework.lifecycle import State
from casework.models import Import, Procedure
from kim import workdays
from kim.models import Absence, Role
from tests.casework.factories import authority, case_at, case_manager, checklist, consent
from tests.factories import organisation, steering_group, user
from tests.test_hostile import HOSTILE, forms_shown
from tests.test_hostile import ask as ask_hostile

pytestmark = pytest.mark.django_db

OK, GO, WRONG, NO, GONE, NOT_THIS = 200, 302, 422, 403, 404, 405
PEOPLE = ["owner", "other", "deputy", "coordination", "office", "steering", "lead", "authority", "other_authority",
          "admin", "audit"]  # fmt: skip
# fmt: off
ROWS = [
    #  url                 of           owner other dep.  coord office steer lead  auth  other admin audit
    ("procedure_new",      "case",      OK,   GONE, OK,   GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE),
    ("procedure_list",     None,        NO,   NO,   NO,   NO,   NO,   NO,   NO,   OK,   OK,   NO,   NO),
    ("procedure_detail",   "procedure", OK,   GONE, OK,   GONE, GONE, GONE, GONE, OK,   GONE, GONE, GONE),
    ("procedure_items",    "procedure", NO,   GONE, NO,   GONE, GONE, GONE, GONE, GO,   GONE, GONE, GONE),
    ("procedure_status",   "procedure", NO,   GONE, NO,   GONE, GONE, GONE, GONE, GO,   GONE, GONE, GONE),
    ("procedure_note",     "procedure", NO,   GONE, NO,   GONE, GONE, GONE, GONE, WRONG, GONE, GONE, GONE),
    ("checklist_list",     None,        OK,   OK,   OK,   OK,   NO,   NO,   NO,   OK,   OK,   NO,   NO),
    ("checklist_detail",   "checklist", OK,   OK,   OK,   OK,   NO,   NO,   NO,   OK,   OK,   NO,   NO),
    ("import_list",        None,        OK,   OK,   OK,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO),
    ("import_new",         None,        OK,   OK,   OK,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO),
    ("import_template",    "kind",      OK,   OK,   OK,   NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO),
    ("import_detail",      "import",    OK,   GONE, GONE, NO,   NO,   NO,   NO,   NO,   NO,   NO,   NO),
    ("import_take_over",   "import",    409,  GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE),
    ("import_undo",        "import",    GO,   GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE),
    ("import_discard",     "import",    GO,   GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE),
    ("client_data",        "client",    OK,   GONE, OK,   GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE),
    ("client_data_file",   "data",      OK,   GONE, OK,   GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE),
]
# fmt: on
POST = {"procedure_items", "procedure_status", "procedure_note", "import_take_over", "import_discard"}


@pytest.fixture
def here():
    made = case_at(State.MONITORING)
    agreed = consent(made, "MODUL3", authority())
    procedure = Procedure.hand_over(
        made,
        by=made.owner,
        checklist=checklist(),
        authority=authority(),
        consent=agreed,
        person="N. R.",
        text="Anliegen.",
    )
    deputy, today = case_manager(), workdays.today()
    Absence.objects.create(user=made.owner, deputy=deputy, valid_from=today, valid_until=today + dt.timedelta(days=5))
    people = {
        "owner": made.owner, "other": case_manager(employer="stadt-troisdorf"), "deputy": deputy,
        "coordination": user(Role.COORDINATION), "office": user(Role.STRATEGIC_OFFICE),
        "steering": steering_group().leads().get(), "lead": user(Role.PROJECT_GROUP),
        "authority": user(Role.AUTHORITY, organisation=authority()),
        "other_authority": user(Role.AUTHORITY, organisation=organisation("ebh", name="Amt", kind="authority")),
        "admin": user(Role.ADMIN, is_superuser=True), "audit": user(Role.AUDIT),
    }  # fmt: skip
    things = {
        None: [], "case": [made.pk], "procedure": [procedure.pk], "checklist": [checklist().pk], "kind": ["cases"],
        "client": [made.client_id], "data": [made.client_id, "json"],
        "import": [Import.start(by=made.owner, kind="cases", rows=[(2, {})]).pk],
    }  # fmt: skip
    return SimpleNamespace(people=people, things=things)


def ask(client, here, name, thing):
    url = reverse(f"casework:{name}", args=here.things[thing])
    return client.post(url) if name in POST else client.get(url)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_address_as_everybody(client, here, row):
    name, thing, *expected = row
    found = {}
    for who in reversed(PEOPLE):  # the owner last: their act may end it
        client.force_login(here.people[who])
        found[who] = ask(client, here, name, thing).status_code
    assert {who: found[who] for who in PEOPLE} == dict(zip(PEOPLE, expected, strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_nobody_sees_anything_before_signing_in(client, here, row):
    answer = ask(client, here, row[0], row[1])
    assert answer.status_code == GO
    assert "/konto/" in answer.headers["Location"]


def test_acts_are_no_pages(client, here):
    client.force_login(here.people["authority"])
    for name in POST:
        thing = next(row[1] for row in ROWS if row[0] == name)
        assert client.get(reverse(f"casework:{name}", args=here.things[thing])).status_code == NOT_THIS


@pytest.mark.parametrize(("who", "starts"), [
    ("owner", ["case", "procedure", "import", "client"]), ("authority", ["procedure", None]),
])  # fmt: skip
@pytest.mark.long
def test_no_form_breaks_whatever_is_typed_into_it(client, here, who, starts):
    client.raise_request_exception = False
    client.force_login(here.people[who])
    pages = {"case": "procedure_new", "procedure": "procedure_detail", "import": "import_detail",
             "client": "client_data", None: "procedure_list"}  # fmt: skip
    for start in starts:
        address = reverse(f"casework:{pages[start]}", args=here.things[start])
        forms = forms_shown(client, address, pages=1)
        for (target, method, names), form in forms.items():
            for number, value in enumerate(HOSTILE):
                ask_hostile(client, method, target, dict.fromkeys(names, value))
                changed = {names[number % len(names)]: value} if names else {}
                ask_hostile(client, method, target, form["fields"] | changed)
