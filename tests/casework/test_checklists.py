"""The check lists of Modul 3: loaded twice without a change, versions that follow each other, pages to read."""

import datetime as dt

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.urls import reverse

from casework.checklists import ChecklistFileError, load_checklists
from casework.models import Checklist
from kim import workdays
from kim.models import Role, TrailEntry
from tests.factories import county, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county():
    county()


def test_every_procedure_has_a_list_and_a_second_run_changes_nothing():
    call_command("load_checklists", verbosity=0)
    before = list(Checklist.objects.values_list("kind", "version", "valid_until"))
    assert {kind for kind, _, _ in before} == set(Checklist.Kind.values)
    call_command("load_checklists", verbosity=0)
    assert list(Checklist.objects.values_list("kind", "version", "valid_until")) == before
    assert TrailEntry.objects.filter(act="checklists.load").count() == 1
    assert all(row.source and row.source_on and row.items.count() >= 5 for row in Checklist.objects.all())


def test_104c_can_be_read_but_not_begun_any_more_and_10_stag_changed_on_a_day():
    load_checklists()
    with workdays.as_of(dt.date(2025, 12, 31)):
        assert Checklist.objects.current("104c")
    with workdays.as_of(dt.date(2026, 1, 1)):
        assert Checklist.objects.current("104c") is None
    assert [
        Checklist.objects.current("10_stag", day).version for day in (dt.date(2025, 10, 29), dt.date(2025, 10, 30))
    ] == [
        1,
        2,
    ]


def told(path, **changes):
    row = {"kind": "25a", "version": 1, "valid_from": dt.date(2024, 1, 1), "source": "AufenthG",
           "items": [{"text": "Alter"}, {"text": "Pass"}]} | changes  # fmt: skip
    path.write_text(yaml.safe_dump({"checklists": [row]}))
    return path


def test_wording_is_corrected_but_no_item_falls_away(tmp_path):
    file = tmp_path / "lists.yaml"
    load_checklists(told(file))
    assert load_checklists(told(file, items=[{"text": "Alter: 14 bis 26"}, {"text": "Pass"}]))["geändert"] == 1
    with pytest.raises(ChecklistFileError, match="neue Fassung"):
        load_checklists(told(file, items=[{"text": "Alter"}]))
    assert Checklist.objects.get().items.count() == 2


@pytest.mark.parametrize("changes", [{"kind": "99x"}, {"source": ""}, {"colour": 1}, {"items": [{"word": "x"}]}])
def test_a_wrong_file_is_refused_in_words_and_changes_nothing(tmp_path, changes):
    with pytest.raises(ChecklistFileError):
        load_checklists(told(tmp_path / "lists.yaml", **changes))
    assert not Checklist.objects.exists()


def test_a_file_that_is_none_ends_the_command_in_words(tmp_path, monkeypatch):
    file = tmp_path / "none.yaml"
    file.write_text(": [")
    monkeypatch.setattr("casework.checklists.FILE", file)
    with pytest.raises(CommandError, match="lassen sich nicht lesen"):
        call_command("load_checklists")


@pytest.mark.parametrize("role", [Role.CASE_MANAGER, Role.AUTHORITY])
def test_pages(client, role, django_assert_max_num_queries):
    load_checklists()
    client.force_login(user(role))
    with django_assert_max_num_queries(12):
        page = client.get(reverse("casework:checklist_list")).content.decode()
    assert "§\N{NO-BREAK SPACE}25b AufenthG" in page
    assert "Frühere und künftige Fassungen" in page
    old = Checklist.objects.get(kind="104c")
    with django_assert_max_num_queries(12):
        page = client.get(old.get_absolute_url()).content.decode()
    assert "keine Rechtsprüfung" in page
    assert "gilt heute nicht" in page
    assert "31.12.2025" in page
