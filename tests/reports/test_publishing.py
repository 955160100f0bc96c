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
from kim.models import County, JobRun, TrailEntry
from reports import publishing, tables, tasks
from reports.models import PublishedTable
from reports.tables import Period
from tests.at_once import beside, wait_until_somebody_waits
from tests.reports.makers import advised, bare_talks

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


def test_a_year_is_published_where_nothing_is_told_that_may_be_left_out():
    """Result, topics, language and interpreter may be left empty. Two quarters with few people stay secret, and
    what the year leaves of them is a number of its own beside the consultations with a case.
    """
    bare_talks(people=(12, 12, 3, 3))
    publishing.publish(LATER)
    assert set(tables.periods()) == {*YEAR.quarters, YEAR}
    year = tables.read("casework.interpreting", By.INTERPRETER, YEAR)
    assert [number for _, _, number in year.rows() if number != 0] == [60]
    spring, autumn = (tables.read("casework.consultations", "", one) for one in (SPRING, YEAR.quarters[3]))
    assert (spring.get(""), autumn.get("")) == (24, None)
    draft = publishing.drawn_up(YEAR, Geography.read(), {by: counting.values_of(by) for by in By})
    unknown = {(period, key) for period in [*YEAR.quarters, YEAR] for key, number in cells_of(period) if number is None}
    found = intervals(draft.tables, unknown)
    assert all(found[at][0] != found[at][1] for at in found if 0 < draft.cells[at].behind < SMALL)


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_two_publish_at_once_and_hold_up_nobody_else():
    bare_talks(people=(6, 6, 6, 6))
    wrote, second = [], []
    with transaction.atomic():
        made = publishing.publish_period(SPRING)  # whoever publishes is through only at the end of this
        other = beside(lambda: second.append(publishing.publish_period(SPRING)))
        wait_until_somebody_waits()
        beside(lambda: wrote.append(County.objects.update(small_cell_below=6))).join(20)
        beside(lambda: wrote.append(Consultation.objects.update(actions=2))).join(20)
        assert wrote == [1, 48]
        assert other.is_alive()
    other.join(20)
    assert (made, second) == (sum(not one.yearly for one in SHAPES), [0])
