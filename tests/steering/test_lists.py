"""Lists of issues: who sees what, narrowing, order, paging, saved filters, and a steady number of queries."""

import base64
import datetime as dt
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import workdays
from kim.models import Role, SavedFilter
from steering.escalation import State
from steering.models import Issue
from steering.views import lists
from tests.factories import (
    county,
    draft,
    issue_at,
    municipality,
    steering_group,
    take,
    user,
)

pytestmark = pytest.mark.django_db
LIST = reverse("steering:issue_list")
MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _there():
    county()
    steering_group()


def seen(answer):
    return [line[0].pk for line in answer.context["rows"]]


def test_every_content_role_sees_its_own_part_of_the_issues(client):
    reporter = user()
    mine, released = issue_at(State.COORDINATION, reported_by=reporter), issue_at(State.STRATEGY)
    tabled = issue_at(State.STEERING)
    expected = {
        Role.COORDINATION: {mine, released, tabled},
        Role.STRATEGIC_OFFICE: {released, tabled},
        Role.STEERING_GROUP: {tabled},
        Role.CASE_MANAGER: {released, tabled},
        Role.AUTHORITY: set(),
    }
    for role, issues in expected.items():
        client.force_login(user(role))
        assert set(seen(client.get(LIST))) == {issue.pk for issue in issues}, role
    client.force_login(reporter)
    assert mine.pk in seen(client.get(LIST))


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDIT])
def test_administration_and_audit_are_told_that_issues_are_not_theirs(client, role):
    issue_at(State.STRATEGY)
    client.force_login(user(role))
    for url in (LIST, reverse("steering:issue_export", args=["csv"]), reverse("steering:inbox")):
        assert client.get(url).status_code == 403
    assert "Verwaltung und Revision nicht" in client.get(LIST).content.decode()


def test_a_case_manager_never_reads_who_reported(client):
    reporter = user(name="Case Management Geheimort")
    issue_at(State.STRATEGY, reported_by=reporter)
    client.force_login(user())
    assert "Geheimort" not in client.get(LIST).content.decode()


def test_search_finds_words_however_written_and_the_number(client):
    client.force_login(user(Role.COORDINATION))
    one = issue_at(State.COORDINATION, title="Sprachmittlung für Ärzte fehlt")
    other = issue_at(State.COORDINATION, title="Wohngeld dauert")
    assert seen(client.get(LIST, {"q": "AERZTE sprachm"})) == [one.pk]
    assert seen(client.get(LIST, {"q": other.number.lower()})) == [other.pk]
    assert seen(client.get(LIST, {"q": "100%_"})) == []
    assert "Nichts gefunden" in client.get(LIST, {"q": "gibtesnicht"}).content.decode()


def test_every_filter_narrows_to_what_it_says(client):
    coordination = user(Role.COORDINATION)
    client.force_login(coordination)
    left = municipality(bank="left")
    here = issue_at(State.COORDINATION, municipality=left)
    there = issue_at(State.STRATEGY)
    closed = issue_at(State.CLOSED)
    code = here.legal_areas.get()
    expected = {
        "": {here, there},
        "state=all": {here, there, closed},
        "state=closed": {closed},
        "office=strategy": {there},
        f"municipality={left.pk}": {here},
        "bank=left": {here},
        f"topic={here.topic_id}": {here, there},
        f"legal_area={code.pk}": {here, there},
        "mine=held": {here},
        "mine=reported": set(),
        f"since={workdays.today():%d.%m.%Y}": {here, there},
        f"until={workdays.today() - dt.timedelta(days=1):%d.%m.%Y}": set(),
        "due=late": set(),
    }
    for query, issues in expected.items():
        assert set(seen(client.get(f"{LIST}?{query}"))) == {one.pk for one in issues}, query
    with workdays.as_of(here.due_on + dt.timedelta(days=1)):
        assert seen(client.get(f"{LIST}?due=late")) == [here.pk]
    with workdays.as_of(workdays.add_workdays(here.due_on, -1)):
        assert seen(client.get(f"{LIST}?due=soon")) == [here.pk]


def test_own_drafts_are_found_where_they_are_asked_for(client):
    reporter = user()
    own, foreign = draft(by=reporter), draft()
    client.force_login(reporter)
    assert seen(client.get(LIST)) == []
    found = seen(client.get(LIST, {"state": "draft"}))
    assert own.pk in found
    assert foreign.pk not in found


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense", "topic=0", "topic=99999999999999999999", "municipality=x", "since=31.02.2026", "sort=title",
        "after=%00", "after=abc", "before=W251bGwsMV0", "q=%00", "q=" + "x" * 500, "bank=%FF", "until=2026",
    ],
)  # fmt: skip
def test_an_address_nobody_meant_still_shows_a_list(client, query):
    client.force_login(user(Role.COORDINATION))
    issue_at(State.COORDINATION)
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert client.get(f"{reverse('steering:inbox')}?{query}").status_code == 200
    assert client.get(f"{reverse('steering:issue_export', args=['csv'])}?{query}").status_code == 200


def test_a_filter_that_was_not_understood_is_said_and_left_out(client):
    client.force_login(user(Role.COORDINATION))
    issue = issue_at(State.COORDINATION)
    answer = client.get(LIST, {"since": "31.02.2026"})
    assert seen(answer) == [issue.pk]
    assert "bleibt unbeachtet" in answer.content.decode()


@pytest.mark.parametrize("sort", ["due", "new", "old"])
def test_paging_shows_every_issue_once_in_order(client, sort, monkeypatch):
    client.force_login(user(Role.COORDINATION))
    place = municipality()
    for _ in range(7):
        issue_at(State.COORDINATION, municipality=place)
    monkeypatch.setattr(lists, "SIZE", 3)
    found, after = [], ""
    while after is not None:
        answer = client.get(LIST, {"sort": sort, "after": after})
        found += seen(answer)
        after = answer.context["page"].after or None
    back = client.get(LIST, {"sort": sort, "before": answer.context["page"].before})
    assert seen(back) == found[3:6]
    key = {"due": lambda one: (one.due_on, one.pk), "new": lambda one: (-one.reported_at.timestamp(), -one.pk),
           "old": lambda one: (one.reported_at, one.pk)}[sort]  # fmt: skip
    assert found == [one.pk for one in sorted(Issue.objects.filter(state="coordination"), key=key)]


def test_a_place_in_another_order_is_the_first_page(client, monkeypatch):
    client.force_login(user(Role.COORDINATION))
    place = municipality()
    for _ in range(3):
        issue_at(State.COORDINATION, municipality=place)
    monkeypatch.setattr(lists, "SIZE", 2)
    after = client.get(LIST, {"sort": "due"}).context["page"].after
    assert len(seen(client.get(LIST, {"sort": "new", "after": after}))) == 2


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-23:00", "0001-01-01", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("where", ["after", "before"])
def test_a_moment_beyond_all_days_is_the_first_page(client, moment, where):
    client.force_login(user(Role.COORDINATION))
    issue = issue_at(State.COORDINATION)
    token = base64.urlsafe_b64encode(json.dumps([moment, 1, "reported_at"]).encode()).decode().rstrip("=")
    answer = client.get(LIST, {"sort": "new", where: token})
    assert answer.status_code == 200
    assert seen(answer) == [issue.pk]


def test_the_number_of_queries_stays_the_same_for_many_rows(client, django_assert_max_num_queries):
    place = municipality()
    for role in (Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.STEERING_GROUP, Role.CASE_MANAGER):
        person = user(role)
        client.force_login(person)
        counts = []
        for more in (3, 6):
            for _ in range(more):
                issue_at(State.STEERING, municipality=place)
            client.get(LIST)
            with (
                CaptureQueriesContext(
                    connection,
                ) as queries,
                django_assert_max_num_queries(MOST_QUERIES),
            ):
                assert len(seen(client.get(LIST))) > 2
            counts.append(len(queries))
        assert counts[0] == counts[1], role


def test_a_search_is_kept_under_a_name_found_again_and_let_go(client):
    person = user(Role.COORDINATION)
    client.force_login(person)
    save = reverse("kim:filter_save")
    given = {"page": "steering:issue_list", "name": "Nur Windeck", "query": "q=windeck&after=abc&state="}
    assert client.post(save, given).url == f"{LIST}?q=windeck"
    kept = SavedFilter.objects.get()
    assert (kept.user, kept.name, kept.query) == (person, "Nur Windeck", "q=windeck")
    assert "Nur Windeck" in client.get(LIST).content.decode()
    client.force_login(user(Role.COORDINATION))
    assert "Nur Windeck" not in client.get(LIST).content.decode()
    assert client.post(reverse("kim:filter_delete", args=[kept.pk])).status_code == 404
    client.force_login(person)
    client.post(reverse("kim:filter_delete", args=[kept.pk]))
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"page": "steering:issue_list", "name": " "}, 302),
        ({"page": "steering:issue_list", "name": "x" * 61}, 302),
        ({"page": "steering:issue_list", "name": "\x00"}, 302),
        ({"page": "no:such", "name": "x"}, 400),
        ({"page": "\x00", "name": "x"}, 400),
        ({"page": "steering:issue_detail", "name": "x"}, 400),
        ({}, 400),
    ],
)
def test_a_filter_without_a_name_or_a_list_is_not_kept(client, given, status):
    client.force_login(user(Role.COORDINATION))
    assert client.post(reverse("kim:filter_save"), given).status_code == status
    assert not SavedFilter.objects.exists()


def test_my_reports_show_where_they_are_also_when_bundled(client):
    reporter = user()
    lead = issue_at(State.STRATEGY)
    bundled = issue_at(State.COORDINATION, reported_by=reporter)
    take(bundled, "merge", lead=lead)
    begun, ended = draft(by=reporter), issue_at(State.CLOSED, reported_by=reporter)
    client.force_login(reporter)
    url = reverse("steering:report_list")
    answer = client.get(url)
    assert set(seen(answer)) == {bundled.pk, begun.pk}
    assert lead.number in answer.content.decode()
    assert seen(client.get(url, {"stand": "ended"})) == [ended.pk]
    take(lead, "solve")
    take(lead, "feed_back")
    take(lead, "confirm")
    assert bundled.pk in seen(client.get(url, {"stand": "ended"}))


def test_my_reports_carry_the_last_public_word_and_no_internal_one(client):
    reporter, coordination = user(), user(Role.COORDINATION)
    issue = issue_at(State.COORDINATION, reported_by=reporter)
    issue.comment(by=coordination, text="Wir klären das mit dem Jobcenter.", public=True)
    issue.comment(by=coordination, text="Das bleibt unter uns.", public=False)
    client.force_login(reporter)
    page = client.get(reverse("steering:report_list")).content.decode()
    assert "Wir klären das mit dem Jobcenter." in page
    assert "unter uns" not in page


def test_my_reports_are_searched_narrowed_and_ordered(client):
    reporter = user()
    one = issue_at(State.COORDINATION, reported_by=reporter, title="Sprachmittlung für Ärzte fehlt")
    other = issue_at(State.STRATEGY, reported_by=reporter, title="Wohngeld dauert")
    begun = draft(by=reporter, title="Angefangen")
    foreign = issue_at(State.STRATEGY)
    client.force_login(reporter)
    url = reverse("steering:report_list")
    expected = {
        "q=AERZTE": [one], f"q={other.number}": [other], f"q={foreign.number}": [], "state=draft": [begun],
        "state=strategy": [other], "office=coordination": [one], "due=late": [],
        f"municipality={one.municipality_id}": [one], "sort=old": [one, other, begun], "sort=new": [begun, other, one],
    }  # fmt: skip
    for query, issues in expected.items():
        assert seen(client.get(f"{url}?{query}")) == [issue.pk for issue in issues], query
    wrong = client.get(url, {"stand": "ended", "state": "draft"})
    assert "bleibt unbeachtet" in wrong.content.decode()
    assert "Nichts gefunden" in client.get(url, {"q": "gibtesnicht"}).content.decode()


@pytest.mark.parametrize("sort", ["due", "new", "old"])
def test_paging_through_my_reports_shows_each_once_in_order(client, sort, monkeypatch):
    reporter, place = user(), municipality()
    for _ in range(4):
        issue_at(State.COORDINATION, reported_by=reporter, municipality=place)
    draft(by=reporter)
    client.force_login(reporter)
    url = reverse("steering:report_list")
    whole = seen(client.get(url, {"sort": sort}))
    monkeypatch.setattr(lists, "SIZE", 2)
    found, after = [], ""
    while after is not None:
        answer = client.get(url, {"sort": sort, "after": after})
        found += seen(answer)
        after = answer.context["page"].after or None
    assert found == whole
    assert len(found) == 5


def test_my_reports_are_steady_in_queries(client, django_assert_max_num_queries):
    reporter, place, counts = user(), municipality(), []
    client.force_login(reporter)
    for more in (3, 9):
        for _ in range(more):
            issue_at(State.COORDINATION, reported_by=reporter, municipality=place)
        client.get(reverse("steering:report_list"))
        with CaptureQueriesContext(connection) as queries, django_assert_max_num_queries(MOST_QUERIES):
            client.get(reverse("steering:report_list"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_who_reports_nothing_has_no_list_of_reports(client):
    client.force_login(user(Role.STRATEGIC_OFFICE))
    assert client.get(reverse("steering:report_list")).status_code == 403
