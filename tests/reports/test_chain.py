"""The chain in numbers: what was counted for all days at once equals a count of the rows for one of them."""

import contextlib
import datetime as dt
import random
from dataclasses import asdict

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from kim import trail, workdays
from kim.models import Code, Municipality, Role
from kim.workflow import StepRefused
from reports import chain, counting
from reports.asked import Asked, Span, areas
from reports.models import Counting, DayCount, KeptPart
from steering import figures
from steering.escalation import ESCALATION, State
from steering.models import Issue
from tests.at_once import beside, wait_until_somebody_waits
from tests.factories import LONG_AGO, county, holder_of, issue_at, municipality, steering_group, take, user
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
    empty = [state for place, state in enumerate(figures.STATIONS) if not any(one.stations[place] for one in found)]
    assert len(empty) < 2
    assert any(sum(one.overdue) for one in found)
    assert any(median for one in found for _, median, _ in one.stays)


def test_what_was_late_or_paused_on_a_day_is_counted_as_it_was_seen_on_that_day():
    """Real steps, pauses and interim reports over some months; each evening the pages' own questions are noted."""
    chance, seen, day = random.Random(7), {}, dt.date(2026, 1, 5)
    place = municipality()
    reporter, helper = user(Role.CASE_MANAGER), user(Role.COORDINATION)
    county(direct_reporting=True)
    issues: list[Issue] = []
    for number in range(100):
        day += dt.timedelta(days=1)
        with workdays.as_of(dt.datetime.combine(day, dt.time(9), workdays.BERLIN)):
            if number % 9 == 0:
                issues.append(issue_at(State.COORDINATION, reported_by=reporter, municipality=place))
            _act(chance, chance.choice(issues), helper)
            on_it = Issue.objects.open()
            seen[day] = (
                on_it.count(),
                on_it.overdue().going(day).count(),
                on_it.paused(day).count(),
                Issue.objects.filter(state=State.DRAFT).count(),
            )
    count(day, hour=23)
    found = {}
    for one in seen:
        numbers = chain.on(asked(one))
        found[one] = (numbers.open, numbers.overdue, numbers.paused, numbers.stations[0].count)
    assert found == seen
    assert {0, 1, 2} <= {late for _, late, *_ in seen.values()}
    assert {0, 1} <= {paused for *_, paused, _ in seen.values()}


def _act(chance, issue, helper) -> None:
    """One thing that may be done with it: a pause, its end, an interim report, or (seldom) a step."""
    issue.refresh_from_db()
    act = chance.choice(["pause", "resume", "report", "step", "", ""])
    with contextlib.suppress(StepRefused, PermissionDenied):
        if act == "pause":
            until = workdays.today() + dt.timedelta(days=chance.randint(0, 12))
            issue.pause(by=holder_of(issue), until=until, reason="Antwort steht aus")
        elif act == "resume":
            issue.resume(by=holder_of(issue))
        elif act == "report":
            issue.report_progress(by=holder_of(issue), text="Ein erstes Gespräch hat stattgefunden.")
        elif act == "step":
            rows = [row for row in ESCALATION.rows if row.source == issue.state and row.name != "merge"]
            take(issue, chance.choice(rows).name)


def test_counting_again_writes_only_what_changed_and_comes_to_the_same_as_counting_anew():
    build(11, 25)
    first = count()
    assert first.rows_changed == DayCount.objects.count() > 0
    assert count(hour=13).pk == first.pk  # nothing was written: it now counts as of one o'clock
    assert chain.latest().as_of == dt.datetime.combine(TODAY, dt.time(13), workdays.BERLIN)
    assert count(hour=14, anew=True).rows_changed == 0

    issue = Issue.objects.filter(state__in=[State.COORDINATION, State.STRATEGY]).first()
    with workdays.as_of(dt.datetime.combine(TODAY, dt.time(15), workdays.BERLIN)):
        take(issue, "decline")
    # The county, its bank and its place; and only today.
    assert count(hour=16).rows_changed == 3
    place = Municipality.objects.exclude(pk=issue.municipality_id).first()
    Issue.objects.filter(pk=issue.pk).update(municipality=place)  # counts where it stands now, on all its days
    again = count(TODAY + dt.timedelta(days=1), hour=0)
    assert again.until == TODAY + dt.timedelta(days=1)
    assert again.rows_changed > len(areas())

    kept_step_by_step = kept()
    DayCount.objects.all().delete()
    count(TODAY + dt.timedelta(days=1), hour=1, anew=True)
    assert kept() == kept_step_by_step


def test_a_place_and_a_topic_that_come_later_just_appear():
    build(12, 15)
    count()
    before = kept()
    new = municipality(bank="left")
    Code.objects.create(list="topic", code="NEU", label="Neues Thema", valid_from=LONG_AGO)
    assert count(hour=13, anew=True).rows_changed == len({day for _, day in before})  # the new place, with nothing yet
    assert {key: numbers for key, numbers in kept().items() if key[0] != new.ags} == before
    assert ("NEU", "Neues Thema", 0) in chain.on(asked(TODAY)).topics
    with workdays.as_of(dt.datetime.combine(TODAY, dt.time(15), workdays.BERLIN)):
        issue_at(State.COORDINATION, municipality=new, topic=Code.objects.get(code="NEU"))
    count(hour=16)
    (there,) = [one for one in chain.places(asked(TODAY)) if one.area.key == new.ags]
    assert (there.open, there.reported, there.topics) == (1, 1, {"NEU": 1})


def test_a_run_that_was_overtaken_leaves_the_later_counts_alone():
    build(13, 8)
    later = count(TODAY + dt.timedelta(days=1))
    before = kept()
    assert count(TODAY, anew=True) == later
    assert kept() == before
    assert Counting.objects.count() == 1


def test_an_act_that_was_under_way_when_the_trail_was_read_is_counted_by_a_later_run():
    build(14, 5)
    issue = Issue.objects.first()
    with workdays.as_of(dt.datetime.combine(TODAY, dt.time(12), workdays.BERLIN)):
        trail.record("issue.edit", issue, by=None)
    count(hour=12)
    # Within the next minutes the same last row of the trail proves nothing.
    Issue.objects.filter(pk=issue.pk).update(municipality=Municipality.objects.exclude(pk=issue.municipality_id)[0])
    moment = dt.datetime.combine(TODAY, dt.time(12, 9), workdays.BERLIN)
    with workdays.as_of(moment):
        assert counting.refresh(moment).rows_changed > 0


def test_a_day_not_counted_yet_reads_as_the_last_one_and_one_before_all_holds_zeros():
    assert chain.on(asked(TODAY)).note == chain.NOTHING_COUNTED
    assert chain.months("", TODAY, TODAY) == chain.bundles(user(Role.COORDINATION)) == []
    build(15, 10, days=60)
    count()
    today, later = chain.on(asked(TODAY)), chain.on(asked(TODAY + dt.timedelta(days=9)))
    assert later.day == TODAY
    assert "Gezählt ist bis zum 18.03.2026." in later.note
    assert as_counted(later) == as_counted(today)
    assert not today.note
    early = chain.on(asked(dt.date(2021, 3, 1)))
    assert (early.open, early.overdue, early.reported, early.feedback_share) == (0, 0, 0, None)
    assert chain.before(asked(dt.date(2021, 3, 1))) is None
    assert as_counted(chain.before(asked(TODAY, Span.MONTH))) == as_counted(
        chain.on(asked(dt.date(2026, 2, 18), Span.MONTH))
    )
    assert sum(one.open for one in chain.places(asked(TODAY + dt.timedelta(days=9)))) == today.open


def test_months_and_places_add_up_to_the_whole():
    build(16, 30)
    count()
    months = chain.months("", dt.date(2024, 12, 5), TODAY + dt.timedelta(days=1))
    assert [one.first for one in months][:2] == [dt.date(2024, 12, 1), dt.date(2025, 1, 1)]
    assert len(months) == 16
    whole = chain.on(asked(TODAY))
    assert (months[-1].open_at_end, months[-1].overdue_at_end) == (whole.open, whole.overdue)
    this_year = months[-3:]
    assert sum(one.reported for one in this_year) == whole.reported
    assert sum(one.fed_back for one in this_year) == whole.fed_back
    assert sum(one.closed for one in this_year) == whole.closed
    of_left, all_of_them = chain.places(asked(TODAY, area="left")), chain.places(asked(TODAY))
    assert [one.area.key for one in of_left] == [
        one.area.key for one in all_of_them if one.area.ags <= areas()["left"].ags
    ]
    assert sum(one.open for one in all_of_them) == whole.open
    assert sum(one.open for one in of_left) == chain.on(asked(TODAY, area="left")).open
    assert sum(sum(one.topics.values()) for one in all_of_them) == whole.open


def test_bundles_name_who_reported_only_in_numbers_and_only_what_one_may_see(monkeypatch):
    lead = issue_at(State.STEERING)
    far = municipality("Windeck")
    for _ in range(2):
        merged = issue_at(State.COORDINATION, municipality=far)
        take(merged, "merge", lead=lead)
    hidden = issue_at(State.STRATEGY)
    take(issue_at(State.COORDINATION), "merge", lead=hidden)
    counting.refresh()
    first, second = chain.bundles(user(Role.COORDINATION))
    assert (first.issue, first.reports, first.places) == (lead, "3", sorted([str(lead.municipality), "Windeck"]))
    assert (second.issue, second.reports) == (hidden, "2")
    member = steering_group().leads().first()
    assert [(one.issue, one.reports) for one in chain.bundles(member)] == [(lead, "weniger als 5")]
    assert chain.bundles(user(Role.COORDINATION), limit=1) == [first]
    assert chain.bundles(user(Role.CASE_MANAGER, roles=[])) == []
    assert KeptPart.objects.filter(part=chain.BUNDLES).count() == 1
    for module in (chain, counting):
        monkeypatch.setattr(module, "FIRST_BUNDLES", 1)  # whoever sees few of the first is shown later ones
    counting.refresh(anew=True)
    assert chain.bundles(user(Role.COORDINATION)) == [first, second]
    assert chain.bundles(user(Role.COORDINATION), limit=1) == [first]


def test_reading_takes_one_or_two_queries_however_many_issues_there_are():
    build(17, 14)
    lead, other = Issue.objects.filter(state__in=[State.COORDINATION, State.STRATEGY])[:2]
    Issue.objects.filter(pk=other.pk).update(state=State.MERGED, lead=lead)
    count()
    few = _queries()
    build(18, 30)
    count(hour=15, anew=True)
    assert few == _queries() == [1, 1, 1, 2, 2]


def _queries() -> list[int]:
    question, coordination = asked(TODAY, Span.MONTH), user(Role.COORDINATION)
    coordination.hats()
    found = []
    for read in (
        lambda: chain.on(question),
        lambda: chain.before(question),
        lambda: chain.places(question),
        lambda: chain.months("", TODAY - dt.timedelta(days=300), TODAY),
        lambda: chain.bundles(coordination),
    ):
        with CaptureQueriesContext(connection) as queries:
            read()
        found.append(len(queries))
    return found


def test_every_figure_of_the_chain_says_what_it_counts():
    from kim.figures import Part, every

    figures_of_it = [one for one in every() if one.part == Part.CHAIN]
    assert len(figures_of_it) == len({one.name for one in figures_of_it}) == 16
    assert all(one.definition.endswith(".") and one.unit and one.source and not one.persons for one in figures_of_it)


def test_a_county_without_issues_is_counted_too():
    county()
    municipality()
    assert count().rows_changed == 0
    assert chain.on(asked(TODAY)).open == 0
    assert not chain.on(asked(TODAY)).note


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_step_is_taken_while_everything_is_counted():
    """A run that has read and waits to write holds nothing that a step needs; what it missed the next run counts."""
    issue = issue_at(State.COORDINATION)
    first = counting.refresh()
    before = chain.on(asked(first.until)).stations
    took = []
    with transaction.atomic():
        Counting.objects.select_for_update().get(pk=first.pk)  # whoever writes counts waits for it
        run = beside(lambda: counting.refresh(anew=True))
        wait_until_somebody_waits()
        step = beside(lambda: took.append(take(issue, "forward")))
        step.join(20)
        assert len(took) == 1
        assert run.is_alive()
    run.join(20)
    assert chain.on(asked(first.until)).stations == before
    counting.refresh(anew=True)
    assert [one.state for one in chain.on(asked(first.until)).stations if one.count] == [State.STRATEGY]
