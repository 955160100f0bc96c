"""The chain in numbers: what was counted for all days at once equals a count of the rows for one of them."""

import datetime as dt
import random
from dataclasses import asdict

import pytest

from kim import workdays
from reports import chain, counting
from reports.asked import Asked, Span, areas
from reports.models import Counting, DayCount
from steering import figures
from tests.reports.random_issues import TODAY, build

pytestmark = pytest.mark.django_db


def asked(day, span=Span.YEAR, area=""):
    known = areas()
    return Asked(day, span, known[area], known)


def count(day=TODAY, hour=12, **more) -> Counting:
    with workdays.as_of(dt.datetime.combine(day, dt.time(hour), workdays.BERLIN)) as now:
        return counting.refresh(now, **more)


def as_counted(one: chain.Chain) -> dict:
    """What reports.chain says, in the shape of steering.figures.Counted."""
    return {
        "stations": [station.count for station in one.stations],
        "overdue": [station.overdue for station in one.stations][: len(figures.MEASURED)],
        "paused": one.paused,
        "silent": one.silent,
        "ages": [number for _, number in one.ages],
        "topics": {code: number for code, _, number in one.topics if number},
        "events": {event: getattr(one, event) for event in figures.EVENTS},
        "feedback_of": one.feedback_of,
        "stays": [(one.ended, one.median, one.p90) for one in one.stations][: len(figures.MEASURED)],
        "feedback": one.feedback,
    }


def kept() -> dict:
    return {(row.area, row.day): row.numbers for row in DayCount.objects.all()}


@pytest.mark.parametrize("seed", range(3))
def test_every_number_kept_equals_the_rows_for_any_day_area_and_period(seed):
    build(seed, 45)
    count()
    chance = random.Random(seed)
    known = areas()
    found = []
    for turn in range(24):
        day = TODAY - dt.timedelta(days=chance.randint(0, 520)) if turn else TODAY
        span, area = chance.choice(list(Span)), chance.choice(list(known.values()))
        one = chain.on(Asked(day, span, area, known))
        expected = figures.count(span.first(day), day, area.ags if area.key else None)
        assert as_counted(one) == asdict(expected), (day, span, area.name)
        assert one.open == sum(expected.ages) == sum(number for *_, number in one.topics)
        found.append(expected)
    # The world holds something of everything.
    for name in ("paused", "silent"):
        assert any(getattr(one, name) for one in found), name
    assert all(any(one.stations[place] for one in found) for place in range(len(figures.STATIONS)))
    assert any(sum(one.overdue) for one in found)
    assert any(median for one in found for _, median, _ in one.stays)
