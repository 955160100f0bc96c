"""Lists as files: exactly what the list shows, data and never formulas, and written to the trail."""

import csv
import io
import zipfile

import pytest
from django.urls import reverse

from kim.models import Role, TrailEntry
from steering import export
from steering.escalation import State
from tests.factories import county, issue_at, municipality, steering_group, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _there():
    county()
    steering_group()


def fetch(client, kind, **query):
    answer = client.get(reverse("steering:issue_export", args=[kind]), query)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def rows(client, **query):
    text = fetch(client, "csv", **query).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def cells(content):
    """Text of every cell of a workbook, and whether it holds a formula."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    return sheet


def test_the_file_holds_what_the_list_shows_in_its_order(client):
    client.force_login(user(Role.COORDINATION))
    place = municipality(name="Windeck")
    found = [issue_at(State.COORDINATION, municipality=place) for _ in range(3)]
    issue_at(State.COORDINATION)
    shown = client.get(reverse("steering:issue_list"), {"municipality": place.pk, "sort": "new"})
    got = rows(client, municipality=place.pk, sort="new")
    assert [row["Kennung"] for row in got] == [line[0].number for line in shown.context["rows"]]
    assert len(got) == len(found)
    assert {row["Kommune"] for row in got} == {"Windeck"}
    assert got[0]["Rechtskreise"] == "SGB II"


def test_only_the_coordination_takes_out_who_reported(client):
    issue_at(State.STRATEGY, reported_by=user(name="Case Management Eitorf"))
    client.force_login(user(Role.COORDINATION))
    assert rows(client)[0]["gemeldet von"] == "Case Management Eitorf"
    for role in (Role.STRATEGIC_OFFICE, Role.CASE_MANAGER):
        client.force_login(user(role))
        assert "Eitorf" not in fetch(client, "csv").decode()
        assert "Eitorf" not in cells(fetch(client, "xlsx"))


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
def test_a_title_that_looks_like_a_formula_stays_text(client, begin):
    client.force_login(user(Role.COORDINATION))
    issue_at(State.COORDINATION, title=f"{begin}cmd|' /C calc'!A0")
    assert rows(client)[0]["Titel"] == f"'{begin}cmd|' /C calc'!A0"
    sheet = cells(fetch(client, "xlsx"))
    assert "<f>" not in sheet
    assert f"{begin}cmd|" in sheet


def test_semicolons_and_quotes_do_not_break_a_line(client):
    client.force_login(user(Role.COORDINATION))
    title = 'Antrag; "doppelt" gestellt'
    issue_at(State.COORDINATION, title=title)
    assert [row["Titel"] for row in rows(client)] == [title]


def test_dates_in_a_workbook_are_dates(client):
    client.force_login(user(Role.COORDINATION))
    issue = issue_at(State.COORDINATION)
    sheet = cells(fetch(client, "xlsx"))
    assert f"<v>{(issue.due_on.toordinal() - 693594)}</v>" in sheet  # days since 30.12.1899, as spreadsheets count


def test_every_export_leaves_a_row_in_the_trail_without_what_was_searched(client):
    person = user(Role.COORDINATION)
    client.force_login(person)
    issue_at(State.COORDINATION)
    fetch(client, "csv", q="geheimeswort", state="coordination")
    entry = TrailEntry.objects.get(act="issue.export")
    assert entry.by == person
    assert entry.note == "CSV, 0 Zeilen, eingegrenzt nach Stand, Suche"


def test_a_file_that_would_be_too_long_says_so_in_its_last_row(client, monkeypatch):
    monkeypatch.setattr(export, "MOST", 2)
    client.force_login(user(Role.COORDINATION))
    for _ in range(3):
        issue_at(State.COORDINATION)
    got = rows(client)
    assert len(got) == 3
    assert "Bitte grenzen Sie die Liste ein" in got[-1]["Kennung"]


def test_other_kinds_of_files_do_not_exist(client):
    client.force_login(user(Role.COORDINATION))
    assert client.get(reverse("steering:issue_export", args=["pdf"])).status_code == 404
    assert not TrailEntry.objects.filter(act="issue.export").exists()
