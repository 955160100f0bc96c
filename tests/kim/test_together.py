"""Several sets of rows in one query read exactly as they would one by one."""

import datetime as dt

import pytest
from django.db.models import F

from kim.models import Draft, Notice
from kim.together import together
from steering.models import Issue, Pause
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
        found = together(**sets)
    for name, rows in sets.items():
        assert [fields_of(row) for row in found[name]] == [fields_of(row) for row in rows], name
    assert found["notices"], "there were notices to compare"


def test_annotations_and_left_out_columns(django_assert_num_queries):
    issue = f.issue_at("coordination")
    found = together(steps=issue.steps_taken.only("name", "at").annotate(by_name=F("by__display_name")))["steps"]
    assert [step.by_name for step in found] == [step.by.display_name for step in issue.steps_taken.all()]
    assert "note" in found[0].get_deferred_fields()


def test_nothing_asked_is_nothing_found(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert together(none=Issue.objects.none()) == {"none": []}


def test_order_is_kept():
    for _ in range(5):
        f.draft()
    found = together(down=Issue.objects.order_by("-pk"), up=Issue.objects.order_by("pk"))
    assert [row.pk for row in found["down"]] == [row.pk for row in reversed(found["up"])]
    assert len(found["up"]) == 5
