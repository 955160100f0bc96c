"""Code lists kept by the administration: dated, on record, and nothing that was used is ever deleted."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from casework import code_lists
from casework.forms.codes import NewCodeForm
from kim import trail, workdays
from kim.models import Code, Role, TrailEntry
from kim.workflow import StepRefused
from tests.casework.factories import client as person
from tests.factories import LONG_AGO, user

pytestmark = pytest.mark.django_db

LIST = Code.List.TARGET_GROUP
TODAY = workdays.today


def entry(**fields) -> Code:
    return Code.objects.create(
        **{"list": LIST, "code": "FLUCHT", "label": "Seit 2015 Geflüchtete", "valid_from": LONG_AGO, "position": 1}
        | fields
    )


def current(code="FLUCHT", day=None) -> Code:
    rows = [row for row in Code.objects.filter(list=LIST, code=code) if row.holds_on(day or TODAY())]
    return rows[0] if len(rows) == 1 else None


@pytest.fixture
def admin():
    return user(Role.ADMIN)


def changed(row, admin, **fields):
    told = {"label": "Neu Zugewanderte", "short": "", "position": 1, "valid_from": TODAY()}
    return code_lists.change(row, by=admin, **told | fields)


def test_a_new_entry_holds_from_its_day(admin):
    tomorrow = TODAY() + dt.timedelta(days=1)
    made = code_lists.add(by=admin, which=LIST, code="NEU", label="Neu", short="", position=9, valid_from=tomorrow)
    assert current("NEU") is None
    assert current("NEU", tomorrow) == made
    assert trail.of(made).get().act == "code.add"


def test_a_key_is_given_once_as_long_as_it_holds(admin):
    row = entry()
    new = {"which": LIST, "label": "x", "short": "", "position": 1, "valid_from": TODAY()}
    with pytest.raises(StepRefused, match="gibt es in dieser Liste schon"):
        code_lists.add(by=admin, code="flucht", **new)
    Code.objects.filter(pk=row.pk).update(valid_until=TODAY())
    code_lists.add(by=admin, code="FLUCHT", **new)
    assert current().label == "x"


def test_a_change_is_a_new_row_and_what_was_recorded_keeps_the_old_one(admin):
    row = entry()
    client = person()
    client.target_group = row
    client.save()
    day = TODAY() + dt.timedelta(days=10)
    made = changed(row, admin, valid_from=day)
    client.refresh_from_db()
    assert str(client.target_group) == "Seit 2015 Geflüchtete"
    assert (current().pk, current(day=day).pk) == (row.pk, made.pk)
    assert trail.of(made).get().note == "Zielgruppe: FLUCHT"


def test_on_its_first_day_an_entry_is_corrected_in_place(admin):
    row = entry(valid_from=TODAY())
    assert changed(row, admin).pk == row.pk
    assert Code.objects.get().label == "Neu Zugewanderte"


def test_a_change_that_changes_nothing_lies_in_the_past_or_comes_twice_is_refused(admin):
    row = entry()
    with pytest.raises(StepRefused, match="nichts geändert"):
        changed(row, admin, label=row.label)
    with pytest.raises(StepRefused, match="frühestens ab heute"):
        changed(row, admin, valid_from=TODAY() - dt.timedelta(days=1))
    changed(row, admin)
    with pytest.raises(StepRefused, match="endet schon"):
        changed(row, admin, label="Noch einmal")


def test_an_entry_ends_after_its_last_day_and_is_still_there(admin):
    row = entry()
    code_lists.end(row, by=admin, last_day=TODAY())
    assert current().last_day == TODAY()
    assert current(day=TODAY() + dt.timedelta(days=1)) is None
    assert Code.objects.filter(pk=row.pk).exists()
    with pytest.raises(StepRefused, match="endet schon"):
        code_lists.end(row, by=admin, last_day=TODAY())


@pytest.mark.parametrize(("which", "key"), sorted(code_lists.NEEDED))
def test_what_the_program_asks_for_is_renamed_but_never_ended(admin, which, key):
    row = Code.objects.create(list=which, code=key, label="Alt", valid_from=LONG_AGO)
    with pytest.raises(StepRefused, match="braucht das Programm selbst"):
        code_lists.end(row, by=admin, last_day=TODAY())
    changed(row, admin)
    assert Code.objects.filter(list=which, code=key).count() == 2


def test_loading_the_lists_of_the_land_again_undoes_no_change(admin):
    call_command("load_codes", verbosity=0)
    row = Code.objects.get(list=LIST, code="SONST")
    made = changed(row, admin)
    ended = Code.objects.get(list=Code.List.LANGUAGE, code="so")
    code_lists.end(ended, by=admin, last_day=TODAY())
    before = set(Code.objects.values_list("pk", "label", "valid_from", "valid_until", "position"))
    call_command("load_codes", verbosity=0)
    assert set(Code.objects.values_list("pk", "label", "valid_from", "valid_until", "position")) == before
    assert made.label == "Neu Zugewanderte"


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_nobody_else_changes_them(role):
    row, other = entry(), user(role)
    with pytest.raises(PermissionDenied):
        changed(row, other)
    with pytest.raises(PermissionDenied):
        code_lists.end(row, by=other, last_day=TODAY())
    with pytest.raises(PermissionDenied):
        code_lists.add(by=other, which=LIST, code="X", label="X", short="", position=1, valid_from=TODAY())
    assert not TrailEntry.objects.exists()


# Pages (who opens what: test_retention.PAGES)


def address(page, *args):
    return reverse(f"casework:{page}", args=args)


def test_the_pages_make_change_and_end_an_entry(client, admin):
    client.force_login(admin)
    made = client.post(
        address("code_new", LIST), {"code": "NEU", "label": "Neu", "position": "3", "valid_from": f"{TODAY():%d.%m.%Y}"}
    )
    assert made.headers["Location"] == f"{address('code_list')}?list={LIST.value}"
    row = Code.objects.get(code="NEU")
    later = TODAY() + dt.timedelta(days=30)
    sent = {"label": "Neuer", "position": "3", "valid_from": f"{later:%d.%m.%Y}"}
    assert client.post(address("code_edit", row.pk), sent).status_code == 302
    again = client.post(address("code_edit", row.pk), sent)
    assert again.status_code == 422
    assert "endet schon" in again.content.decode()
    newer = Code.objects.get(code="NEU", valid_from=later)
    assert client.post(address("code_end", newer.pk), {"last_day": f"{later:%d.%m.%Y}"}).status_code == 302
    shown = client.get(address("code_list"), {"list": LIST.value}).content.decode()
    assert "künftig" in shown


def test_a_wrong_list_is_not_there_and_a_wrong_key_is_refused(client, admin):
    client.force_login(admin)
    assert client.get(address("code_new", "unsinn")).status_code == 404
    assert client.get(address("code_list"), {"list": "unsinn"}).status_code == 200
    for key in ("ä", "a b", "", "x" * 21, "-"):
        assert not NewCodeForm({"code": key, "label": "x", "position": 1, "valid_from": "01.01.2099"}).is_valid()


def test_the_list_is_searched_paged_and_asks_the_same_number_of_times(client, admin):
    client.force_login(admin)
    entry()
    url = address("code_list")
    client.get(url, {"list": LIST.value})
    with CaptureQueriesContext(connection) as few:
        client.get(url, {"list": LIST.value})
    for no in range(60):
        entry(code=f"C{no}", label=f"Gruppe {no}", position=no + 2)
    entry(code="ALT", label="Ehemalige", valid_until=TODAY(), position=99)
    with CaptureQueriesContext(connection) as many:
        shown = client.get(url, {"list": LIST.value}).content.decode()
    assert len(few) == len(many) <= 12
    assert "61 Einträge" in shown
    assert "Nächste" in shown
    assert "Ehemalige" not in shown
    found = client.get(url, {"list": LIST.value, "q": "ehemalig", "ended": "all"}).content.decode()
    assert "Ehemalige" in found
    assert "beendet" in found
    assert "Nichts gefunden" in client.get(url, {"list": LIST.value, "q": "Zebra"}).content.decode()
    assert "noch leer" in client.get(url, {"list": Code.List.CONTACT_FORM.value}).content.decode()
