"""Tables about people who are advised: published once, protected together, frozen; nobody reads the raw ones here."""

import datetime as dt

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction

from casework.figures import counting
from casework.figures.counting import Geography, Key
from casework.figures.definitions import SHAPES, By
from casework.models import Consultation
from kim.disclosure import Unprotectable, intervals, protect
from kim.models import JobRun, TrailEntry
from reports import publishing, tables, tasks
from reports.models import PublishedTable
from reports.tables import Period
from tests.reports.makers import advised

pytestmark = pytest.mark.django_db

SPRING, YEAR = Period.quarter(dt.date(2025, 4, 1)), Period.year(dt.date(2025, 1, 1))
LATER = dt.date(2026, 1, 20)
SMALL = 5


def cells_of(period: Period):
    for row in PublishedTable.objects.filter(first=period.first, until=period.until):
        for where, number in row.cells.items():
            area, _, value = where.partition("|")
            yield Key(row.figure, row.breakdown, area, value), number


def contents() -> set:
    return {(row.pk, str(row.cells), row.counted_at) for row in PublishedTable.objects.all()}


def test_a_year_is_published_protected_frozen_and_only_once():
    advised()
    assert publishing.publish(dt.date(2026, 1, 14)) == 3 * sum(not one.yearly for one in SHAPES)
    made = publishing.publish(LATER)
    assert made == sum(not one.yearly for one in SHAPES) + len(SHAPES)
    assert TrailEntry.objects.filter(act="publishedtable.publish").count() == 5
    shown = secret = 0
    for period in [*YEAR.quarters, YEAR]:
        tally = counting.count(period.first, period.until, Geography.read(), yearly=period.is_year)
        for key, number in cells_of(period):
            if number is None:
                secret += 1
                continue
            shown += number > 0
            assert number == tally[key].number, (period, key)
            assert tally[key].people == 0 or tally[key].people >= SMALL, (period, key)
    assert shown > 200
    assert secret > 50
    # Nothing of these counts stands anywhere else in this app.
    for model in apps.get_app_config("reports").get_models():
        if model is not PublishedTable and any(isinstance(one, models.JSONField) for one in model._meta.fields):
            assert not model.objects.exists(), model
    # Whatever is corrected now: published is published.
    before = contents()
    Consultation.objects.filter(held_on__lt=dt.date(2025, 8, 1)).delete()
    assert publishing.publish(LATER) == 0
    assert contents() == before
    row = PublishedTable.objects.first()
    for act in (lambda: PublishedTable.objects.update(cells={}), row.delete, row.save):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_small_numbers_cannot_be_computed_from_all_that_is_published():
    advised(seed=3, people=40, talks=150)
    publishing.publish(LATER)
    geography, values = Geography.read(), {by: counting.values_of(by) for by in By}
    draft = publishing.drawn_up(YEAR, geography, values)
    unknown = {(period, key) for period in [*YEAR.quarters, YEAR] for key, number in cells_of(period) if number is None}
    assert unknown
    found = intervals(draft.tables, unknown)
    small = [at for at in found if 0 < draft.cells[at].behind < SMALL]
    assert small
    for at in small:
        least, most = found[at]
        assert most is None or least < most, at


def test_what_cannot_be_protected_is_not_published_and_the_operation_page_says_so(monkeypatch):
    advised(people=20, talks=60)

    def refuse(found, threshold):
        if any(period == SPRING for period, _ in found.cells) and len({period for period, _ in found.cells}) == 1:
            raise Unprotectable("as if")
        return protect(found, threshold)

    monkeypatch.setattr(publishing, "protect", refuse)
    with pytest.raises(Unprotectable):
        tasks.publish()
    assert SPRING not in tables.periods()
    assert SPRING.before in tables.periods()
    assert "Unprotectable" in JobRun.objects.get(job="publish").error
