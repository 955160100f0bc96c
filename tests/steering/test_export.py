"""Lists as files: exactly what the list shows, data and never formulas, and written to the trail."""

import csv
import io
import zipfile

import pytest
from django.urls import reverse

from kim.models import Role, TrailEntry
from steering import export
from steering.escalation import State
from tests.factories import (
    county,
    draft,
    issue_at,
    meeting,
    municipality,
    project_group,
    seat,
    steering_group,
    user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _there():
    county()
    steering_group()


def fetch(client, kind, of="issue", /, **query):
    answer = client.get(reverse(f"steering:{of}_export", args=[kind]), query)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def rows(client, of="issue", /, **query):
    text = fetch(client, "csv", of, **query).decode("utf-8-sig")
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


@pytest.mark.parametrize("of", ["issue", "report", "inbox", "meeting", "body"])
def test_other_kinds_of_files_do_not_exist(client, of):
    client.force_login(user(roles=[Role.COORDINATION, Role.CASE_MANAGER]))
    assert client.get(reverse(f"steering:{of}_export", args=["pdf"])).status_code == 404
    assert not TrailEntry.objects.filter(act__endswith=".export").exists()
    assert fetch(client, "xlsx", of)[:2] == b"PK"


def shown(client, page, /, **query):
    return [line[0].number or "" for line in client.get(reverse(f"steering:{page}"), query).context["rows"]]


def test_the_file_of_my_reports_is_the_list_with_its_filters_and_nothing_of_others(client):
    reporter, place = user(), municipality(name="Windeck")
    first = issue_at(State.COORDINATION, reported_by=reporter, municipality=place, title="Wohngeld dauert")
    issue_at(State.STRATEGY, reported_by=reporter, title="Sprachmittlung fehlt")
    ended = issue_at(State.CLOSED, reported_by=reporter)
    begun = draft(by=reporter)
    issue_at(State.STRATEGY)
    client.force_login(reporter)
    for query in (
        {},
        {"q": "wohngeld"},
        {"municipality": place.pk},
        {"stand": "ended"},
        {"state": "draft"},
        {"sort": "old"},
    ):
        found = rows(client, "report", **query)
        assert [row["Kennung"] for row in found] == shown(client, "report_list", **query), query
        assert found, query
    assert shown(client, "report_list", q="wohngeld") == [first.number]
    assert shown(client, "report_list", stand="ended") == [ended.number]
    assert [row["Titel"] for row in rows(client, "report", state="draft")] == [begun.title]
    assert "gemeldet von" not in found[0]
    assert TrailEntry.objects.filter(act="issue.export", note="CSV, Meine Meldungen, 1 Zeilen, eingegrenzt nach Suche")


def test_the_file_of_the_inbox_holds_what_lies_there(client):
    client.force_login(user(Role.COORDINATION))
    here, answer = issue_at(State.COORDINATION), issue_at(State.FEEDBACK_DUE)
    issue_at(State.STRATEGY)
    assert [row["Kennung"] for row in rows(client, "inbox")] == shown(client, "inbox")
    assert {row["Kennung"] for row in rows(client, "inbox")} == {here.number, answer.number}
    for query in ({"state": "feedback_due"}, {"mine": "held"}, {"mine": "reported"}, {"sort": "new"}):
        assert [row["Kennung"] for row in rows(client, "inbox", **query)] == shown(client, "inbox", **query), query
    assert "1 Zeilen, eingegrenzt nach Stand" in TrailEntry.objects.filter(note__contains="Stand").get().note


def test_the_file_of_meetings_respects_the_filter_and_who_asks(client):
    group = steering_group()
    other = project_group()
    meeting(other, days=20, title="Übergänge", place="Eitorf, Rathaus")
    member = user(Role.PROJECT_GROUP)
    seat(other, member, "member")
    client.force_login(user(Role.STRATEGIC_OFFICE))
    assert [row["Gremium"] for row in rows(client, "meeting")] == [str(group), str(other)]
    assert [row["Titel"] for row in rows(client, "meeting", q="UEBERG rathaus")] == ["Übergänge"]
    assert [row["Beginn"] for row in rows(client, "meeting", body=group.pk)] == ["09:00"]
    assert rows(client, "meeting", stand="past") == []
    entry = TrailEntry.objects.filter(act="meeting.export").order_by("pk")[1]
    assert entry.note == "CSV, Sitzungen, 1 Zeilen, eingegrenzt nach Suche"
    client.force_login(member)
    assert [row["Gremium"] for row in rows(client, "meeting")] == [str(other)]


def test_the_file_of_bodies_respects_the_filter_and_who_asks(client):
    place = municipality(name="Much")
    local, thematic = project_group("local", place), project_group("thematic")
    client.force_login(user(Role.COORDINATION))
    assert {row["Name"] for row in rows(client, "body")} == {"Lenkungsgruppe", str(local), str(thematic)}
    assert [row["Name"] for row in rows(client, "body", municipality=place.pk)] == [str(local)]
    assert [row["Kommunen"] for row in rows(client, "body", kind="local")] == ["Much"]
    assert TrailEntry.objects.filter(act="body.export").count() == 3
    client.force_login(user())
    assert rows(client, "body") == []
