"""Names that were read stand in the trail: on the page of a case, and in every list."""

import pytest
from django.urls import reverse

from casework import reading
from casework.models import Case, Client, Look, Procedure
from kim import trail, workdays
from kim.models import Role, TrailEntry
from tests.casework.factories import authority, case, case_manager
from tests.casework.factories import client as person
from tests.casework.one_of_each import address, one_of_each
from tests.casework.test_access_table import TABLE
from tests.factories import user
from tests.triggers import nobody_has_read

pytestmark = pytest.mark.django_db
#: What names the person of `one_of_each`, and the person of the procedure that was handed over.
NAMES = ("Rahimi", "N. R.")


def read_of(who) -> set[tuple[str, str]]:
    """(kind, id) of everything whose reading by `who` is on record."""
    rows = TrailEntry.objects.filter(by=who)
    return {(row.kind, pk) for row in rows for pk in [row.object_id, *row.shown.split()]}


@pytest.mark.parametrize("role", ["owner", "coordinator", "authority"])
def test_no_page_shows_a_name_without_a_row_in_the_trail(client, settings, tmp_path, role):
    settings.FILES_DIR = tmp_path
    owner = case_manager()
    its = one_of_each(owner, taker=case_manager())
    family = person("Farid", "Rahimi", household=its.client.household)
    Case.objects.update(erase_on=workdays.today())
    who = {
        "owner": lambda: owner,
        "coordinator": lambda: user(Role.COORDINATION),
        "authority": lambda: user(Role.AUTHORITY, organisation=authority()),
    }[role]()
    if role == "coordinator":
        Look.take(its.case, by=who, reason="Beschwerde")
    about = {("casework.case", str(its.case.pk)), ("casework.client", str(its.client.pk)),
             ("casework.client", str(family.pk)), ("casework.consultation", str(its.talk.pk)),
             ("casework.procedure", str(its.procedure.pk))}  # fmt: skip
    client.force_login(who)
    named = []
    for url, *_ in TABLE:
        nobody_has_read()
        answer = client.get(address(url, its))
        content = b"".join(answer) if answer.streaming else answer.content
        if answer.status_code == 200 and any(name.encode() in content for name in NAMES):
            named.append(url)
            is_export = TrailEntry.objects.filter(by=who, act__endswith=".export").exists()
            assert is_export or about & read_of(who), url
    assert len(named) > {"owner": 30, "coordinator": 5, "authority": 1}[role], named


def test_a_page_of_names_is_one_row_that_knows_whom_it_showed(client):
    owner = case_manager()
    shown = [case(by=owner, person=person(f"Omid {number}", "Karimi")) for number in range(3)]
    foreign = case()
    client.force_login(owner)
    client.get(reverse("casework:case_list"))
    row = TrailEntry.objects.get(act="case.listed")
    assert (row.by, row.kind, row.note) == (owner, "casework.case", "")
    assert row.shown.split() == [str(one.pk) for one in shown]
    assert "Karimi" not in f"{row}{row.object_id}"
    assert [row in trail.of(one) for one in [*shown, foreign]] == [True, True, True, False]
    # The same names again within a quarter of an hour are the same reading, other ones are not.
    client.get(reverse("casework:case_list"))
    assert TrailEntry.objects.filter(act="case.listed").count() == 1
    case(by=owner, person=person("Omid", "Karimi"))
    client.get(reverse("casework:case_list"))
    assert TrailEntry.objects.filter(act="case.listed").count() == 2
    with workdays.as_of(workdays.now() + reading.ONE_READING * 2):
        reading.listed(Case, [one.pk for one in shown], by=owner)
    assert TrailEntry.objects.filter(act="case.listed").count() == 3


def test_a_list_of_nobody_leaves_no_row():
    reading.listed(Client, [], by=case_manager())
    reading.listed(Procedure, iter(()), by=case_manager())
    assert not TrailEntry.objects.exists()


def test_the_audit_finds_who_read_a_case_alone_or_in_a_list(client):
    owner, led = case_manager(), None
    for number in range(20):
        led = case(by=owner, person=person(f"Omid {number}", "Karimi"))
    client.force_login(owner)
    client.get(reverse("casework:case_list"))
    client.get(led.get_absolute_url())
    client.force_login(user(Role.AUDIT))
    shown = rows_of(client, number=led.pk)
    assert "Namen in einer Liste gelesen" in shown
    assert "Fall gelesen" in shown
    assert f"Fall {led.pk}" in shown
    assert " …" in shown  # twelve of the twenty stand there
    assert "Karimi" not in shown
    assert "Fall" not in rows_of(client, number=99999)


def rows_of(client, **filters) -> str:
    return client.get(reverse("kim:trail"), filters).content.decode().partition("<tbody>")[2]
