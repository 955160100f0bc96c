"""Several sets of rows in one query read exactly as they would one by one."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.db.models import F

from kim import workdays
from kim.models import Draft, Notice
from kim.together import Slot, Statement, day, moment, text, together
from steering.models import Body, Issue, Pause
from tests import factories as f

pytestmark = pytest.mark.django_db


def fields_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_rows_are_the_same_as_one_by_one_and_cost_one_query(django_assert_num_queries):
    issue = f.issue_at("coordination", title="Umlaute „öäü“ \\ \" ' %s – 100 %")
    holder = f.holder_of(issue)
    issue.pause(by=holder, until=issue.due_on + dt.timedelta(days=3), reason="Antwort des Landes")
    Draft.keep(holder, "x", {"reason": ["eins", "zwei"], "text": "drei\nvier"})
    sets = {
        "issues": Issue.objects.order_by("pk"),
        "steps": issue.steps_taken.order_by("no"),
        "notices": Notice.objects.order_by("pk"),
        "pauses": Pause.objects.all(),
        "drafts": Draft.objects.all(),
        "places": type(issue.municipality).objects.all(),
        "none": Issue.objects.filter(pk__in=[]),
    }
    with django_assert_num_queries(1):
        found = Statement(sets)()
    for name, rows in sets.items():
        assert [fields_of(row) for row in found[name]] == [fields_of(row) for row in rows], name
    assert found["notices"], "there were notices to compare"


def test_annotations_and_left_out_columns(django_assert_num_queries):
    issue = f.issue_at("coordination")
    rows = issue.steps_taken.only("name", "at").annotate(by_name=F("by__display_name"))
    found = Statement({"steps": rows})()["steps"]
    assert [step.by_name for step in found] == [step.by.display_name for step in issue.steps_taken.all()]
    assert "note" in found[0].get_deferred_fields()


def test_nothing_asked_is_nothing_found(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Statement({"none": Issue.objects.none()})() == {"none": []}


def test_order_is_kept():
    for _ in range(5):
        f.draft()
    found = Statement({"down": Issue.objects.order_by("-pk"), "up": Issue.objects.order_by("pk")})()
    assert [row.pk for row in found["down"]] == [row.pk for row in reversed(found["up"])]
    assert len(found["up"]) == 5


@together
def asked_for(with_drafts):
    known = {"issues": Issue.objects.filter(pk=Slot("issue"), created_at__lte=moment())}
    drafts = Draft.objects.filter(key__in=[text("one"), text("other")], user=Slot("user"))
    return {**known, "dated": Body.objects.valid_on(day()), **({"drafts": drafts} if with_drafts else {})}


def test_a_statement_is_made_once_for_each_shape_and_filled_anew_each_time(django_assert_num_queries):
    first, second = f.draft(), f.draft()
    group = f.project_group()
    reporter = first.all_reporters().get()
    Draft.keep(reporter, "a", {"text": "eins"})
    Draft.keep(reporter, "%s", {"text": "zwei"})
    assert asked_for(True) is asked_for(True)
    assert asked_for(True) is not asked_for(False)
    now, today = workdays.now(), workdays.today()
    for issue in (first, second):
        with django_assert_num_queries(1):
            found = asked_for(True)(issue=issue.pk, now=now, today=today, user=reporter.pk, one="%s", other="b' OR 1")
        assert found["issues"] == [issue]
        assert [draft.data["text"] for draft in found["drafts"]] == ["zwei"]
        assert group in found["dated"]
    long_ago = asked_for(False)(issue=first.pk, now=now - dt.timedelta(days=1), today=dt.date(1999, 1, 1))
    assert long_ago == {"issues": [], "dated": []}


def test_a_value_that_is_missing_is_an_error_and_none_finds_nothing():
    values = {"now": workdays.now(), "today": workdays.today()}
    assert asked_for(False)(issue=None, **values)["issues"] == []
    assert asked_for(False)(issue=10**20, **values)["issues"] == []
    with pytest.raises(KeyError):
        asked_for(False)(**values)


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_plans_anew_and_a_rolled_back_transaction_forgets_nothing():
    issue = f.draft()
    values = {"issue": issue.pk, "now": workdays.now(), "today": workdays.today()}
    for _ in range(2):
        with transaction.atomic():
            assert asked_for(False)(**values)["issues"] == [issue]
            transaction.set_rollback(True)
        assert asked_for(False)(**values)["issues"] == [issue]
        connection.close()


def test_where_connections_are_shared_the_statement_is_sent_as_a_whole(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    issue = f.draft()
    found = asked_for(False)(issue=issue.pk, now=workdays.now(), today=workdays.today())
    assert found["issues"] == [issue]


@pytest.mark.django_db(transaction=True)
def test_what_a_connection_has_no_room_to_plan_is_sent_as_a_whole(monkeypatch):
    monkeypatch.setattr("kim.together.PLANNED", 1)
    connection.close()
    issue = f.draft()
    for _ in range(3):
        statement = Statement({"issues": Issue.objects.filter(pk=Slot("issue"))})
        assert statement(issue=issue.pk)["issues"] == [issue]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            assert cursor.fetchone() == (1,)


def test_a_process_keeps_the_latest_shapes(monkeypatch):
    monkeypatch.setattr("kim.together.KEPT", 2)
    kept = together(lambda number: {"issues": Issue.objects.filter(pk=Slot("issue"))[:number]})
    first = kept(1)
    assert kept(1) is first
    kept(2), kept(3)
    assert kept(1) is not first
