"""Staffing, money and governance: what is kept equals what is counted from the rows, and goes stale with a new fact."""

import datetime as dt
import random
from decimal import Decimal
from fractions import Fraction

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from funding import facts_of_notice, forecast, staffing
from funding.models import AwardNotice, Module
from kim import trail, workdays
from kim.models import Municipality, Role, TrailEntry
from reports import governance, money, parts
from reports import staffing as shown
from reports.asked import Span, asked
from reports.models import KeptPart
from steering import county as papers
from steering.models import Agreement, KickOff, Meeting, Resolution, Statement
from tests.factories import county, resolution, statement, steering_group, user
from tests.funding import makers
from tests.triggers import without_refusals

D = dt.date
TODAY = D(2026, 11, 25)
SEED = 20220316


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The county as its papers tell it, loaded once and undone after this module; more of what they lack."""
    with django_db_blocker.unblock(), transaction.atomic(), workdays.as_of(TODAY):
        papers.load(papers.read(settings.BASE_DIR / "data" / "rhein-sieg-kreis.yaml"))
        by = makers.admin()
        for notice in AwardNotice.objects.order_by("pk")[:2]:
            makers.payment(notice, 1234, notice.period.valid_from + dt.timedelta(days=40))
        steering_group()
        local = Municipality.objects.get(name="Windeck")
        for due, done in ((-400, -300), (-200, None), (60, None)):
            made = resolution(municipality=local)
            made.decided_on = TODAY + dt.timedelta(days=due - 100)
            made.due_on, made.owner = TODAY + dt.timedelta(days=due), "Jugendamt"
            made.done_on = TODAY + dt.timedelta(days=done) if done else None
            made.save()
        statement()
        yield by
        transaction.set_rollback(True)


@pytest.fixture
def facts(loaded):
    """What a test writes is undone after it."""
    with transaction.atomic(), workdays.as_of(TODAY):
        yield loaded
        transaction.set_rollback(True)


def random_days(number: int) -> list[D]:
    chosen = random.Random(SEED)
    span = (TODAY - D(2020, 6, 1)).days
    return [D(2022, 3, 16), D(2024, 2, 29), *(TODAY - dt.timedelta(days=chosen.randrange(span)) for _ in range(number))]


def long_ago() -> None:
    """What the trail tells lies so far back that no act can still be under way."""
    with without_refusals():
        TrailEntry.objects.update(at=workdays.now() - 2 * parts.SETTLED)


def queries(act) -> int:
    with CaptureQueriesContext(connection) as found:
        act()
    return len(found)


# Counted from the rows


def test_staffing_kept_equals_staffing_counted_for_any_date(facts):
    for day in random_days(9):
        parts.kept("staffing", day)
        data, _ = parts.kept("staffing", day)
        now, covered = staffing.on(day), staffing.coverage(day)
        for module, one in now.modules.items():
            told = data["modules"][module]
            assert (told["granted"] and Fraction(told["granted"])) == one.granted, (day, module)
            assert Fraction(told["filled"]) == one.filled, (day, module)
            assert Fraction(told["vacant"]) == one.planned - one.filled
            for span in Span:
                first, until = span.first(day), day + staffing.ONE_DAY
                free, granted = staffing.read(first, until).unused_months(module, first, until)
                assert (Fraction(told["spans"][span]["free"]), Fraction(told["spans"][span]["granted"])) == (
                    free, granted,
                ), (day, module, span)  # fmt: skip
        assert {one["ags"] for one in data["places"] if not one["covered"]} == {
            one.place.ags for one in covered if one.is_uncovered
        }, day
        assert [Fraction(one["fte"]) for one in data["places"] if one["fte"]] == [
            one.fte for one in sorted(covered, key=lambda one: one.place.name) if one.fte is not None
        ]
        last = data["course"][-1]
        assert last["day"] == day.isoformat()
        for point in (data["course"][0], data["course"][11]):
            then = staffing.on(D.fromisoformat(point["day"]))
            assert {name: Fraction(value) for name, value in point["filled"].items()} == {
                name: one.filled for name, one in then.modules.items()
            }


def test_money_kept_equals_money_counted_for_any_date(facts):
    for day in random_days(6):
        parts.kept("money", day)
        data, _ = parts.kept("money", day)
        notices = [one for one in AwardNotice.objects.order_by("number") if one.period.valid_from <= day]
        assert [row["number"] for row in data] == [one.number for one in notices], day
        for row, notice in zip(data, notices, strict=True):
            end = forecast.forecast(facts_of_notice.basis_of(notice), day)
            paid = [one for one in notice.payments.all() if one.on_day <= day and one.cancelled_at is None]
            assert Decimal(row["granted"]) == end.granted
            assert row["forecast"] == str(end.repayment), "the papers name nobody's pay"
            assert Decimal(row["called_off"]) == sum(one.amount for one in paid if one.kind == "called_off")


def test_governance_kept_equals_governance_counted_for_any_date(facts):
    for day in random_days(9):
        parts.kept("governance", day)
        data, _ = parts.kept("governance", day)
        rows = [one for one in Resolution.objects.all() if one.decided_on <= day]
        is_open = [
            one for one in rows
            if one.due_on and not any(end and end <= day for end in (one.done_on, one.dropped_on))
        ]  # fmt: skip
        told = data["resolutions"].values()
        assert sum(one["open"] for one in told) == len(is_open), day
        assert sum(one["overdue"] for one in told) == sum(one.due_on < day for one in is_open), day
        held = [
            one for one in Meeting.objects.filter(cancelled_at=None)
            if D(day.year, 1, 1) <= one.day <= day and (one.day < TODAY or one.opened_at)
        ]  # fmt: skip
        assert sum(data["meetings"]["year"].values()) == len(held), day
        in_force = {
            one.municipality.ags for one in Agreement.objects.select_related("municipality")
            if one.valid_from and one.valid_from <= day and (one.valid_until is None or one.valid_until > day)
        }  # fmt: skip
        assert {one["ags"] for one in data["places"] if one["in_force"]} == in_force, day
        begun = {one.municipality.ags for one in KickOff.objects.filter(held=True, on_day__lte=day)}
        assert {one["ags"] for one in data["places"] if one["kick_off"]} == begun, day
    assert parts.kept("governance", TODAY)[0]["statements"]["open"] == Statement.objects.outstanding().count() == 1


def test_what_the_paper_of_march_2022_says_stands_on_the_page(facts, client):
    client.force_login(user(Role.STEERING_GROUP))
    page = client.get(reverse("reports:lage_staffing"), {"on": "16.03.2022"}).text
    assert "3 von 19 Kommunen ohne Case Management" in page
    wanted = asked({"on": "2022-03-16"}, TODAY)
    found = shown.read(user(Role.COORDINATION), wanted)
    assert [one.place.name for one in found.uncovered] == ["Eitorf", "Ruppichteroth", "Siegburg"]
    assert found.lines[0].granted == Fraction(7, 2)


# Kept, and stale


def test_what_is_kept_takes_two_queries_whatever_else_is_done(facts):
    long_ago()
    day = D(2022, 3, 16)
    wanted = [(name, one) for name in ("staffing", "money", "governance") for one in (day, D(2021, 3, 16))]
    first = parts.kept_many(wanted)
    trail.record("issue.report", facts, by=facts)
    assert queries(lambda: parts.kept_many(wanted)) == 2
    assert {key: one.counted_at for key, one in parts.kept_many(wanted).items()} == {
        key: one.counted_at for key, one in first.items()
    }


def test_a_new_fact_makes_stale_what_rests_on_it_and_nothing_else(facts):
    for settled in (False, True):
        if settled:
            long_ago()
        before = parts.kept_many([("staffing", TODAY), ("governance", TODAY)])
        made = makers.held(makers.post(TODAY), TODAY)
        after = parts.kept_many([("staffing", TODAY), ("governance", TODAY)])
        filled = [
            Fraction(one["staffing", TODAY].data["modules"][Module.CASE_MANAGEMENT]["filled"])
            for one in (before, after)
        ]  # fmt: skip
        assert filled[1] == filled[0] + 1
        assert before["governance", TODAY] == after["governance", TODAY]
        made.withdraw(by=facts, because="nie angetreten")
        again = parts.kept("staffing", TODAY)[0]["modules"][Module.CASE_MANAGEMENT]["filled"]
        assert Fraction(again) == filled[0]


def test_an_act_that_ends_late_is_noticed_although_later_ones_were_there_before(facts):
    """Its row in the trail has a lower number than the last one when the part was counted."""
    long_ago()
    number = TrailEntry.objects.latest("pk").pk + 1
    TrailEntry.objects.create(pk=number + 1, act="post.enter", kind="funding.post", object_id="2", by=facts)
    parts.kept("staffing", TODAY)
    assert queries(lambda: parts.kept("staffing", TODAY)) == 2
    TrailEntry.objects.create(pk=number, act="post.enter", kind="funding.post", object_id="1", by=facts)
    assert queries(lambda: parts.kept("staffing", TODAY)) > 2, "counted anew"


def test_what_was_counted_on_its_own_day_holds_on_that_day_only(facts):
    long_ago()
    group = steering_group()
    meeting = group.meetings.create(
        starts_at=dt.datetime.combine(TODAY, dt.time(14), workdays.BERLIN), place="Siegburg", title="Heute"
    )
    told = parts.kept("governance", TODAY)[0]["meetings"]["month"]["steering"]
    with workdays.as_of(TODAY + dt.timedelta(days=1)):
        tomorrow = parts.kept("governance", TODAY)[0]["meetings"]["month"]["steering"]
    assert (told, tomorrow) == (0, 1), meeting


def test_the_refresh_counts_ahead_once_moves_along_the_trail_and_throws_away_what_no_longer_holds(facts):
    old = D(2022, 3, 16)
    parts.kept("money", old)
    assert parts.refresh() == 3 * len(parts.days_ahead(TODAY))
    assert parts.refresh() == 0
    long_ago()
    parts.refresh()
    last = TrailEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    assert set(KeptPart.objects.values_list("trail_id", "seen")) == {(last, 0)}
    assert queries(lambda: parts.kept_many([("money", old), ("staffing", TODAY)])) == 2
    makers.payment(AwardNotice.objects.first(), 5, D(2022, 1, 5))
    assert parts.refresh() == 2 * len(parts.days_ahead(TODAY)), "staffing and money both rest on funding"
    assert not KeptPart.objects.filter(part="money", day=old).exists()


# Pages


@pytest.mark.django_db
def test_a_single_persons_pay_is_told_nowhere_and_no_sum_gives_it_away(client):
    county()
    me = makers.admin()
    of = makers.notice(fte=1, terms={"bases": "smaller"})
    held, person = makers.post(), user(Role.CASE_MANAGER)
    makers.held(held, D(2021, 1, 1), person=person)
    makers.cost(of, Decimal("4321.09"), user=person, post=held)
    makers.notice(fte=1, of=of.period.programme, first=D(2022, 1, 1), until=D(2023, 1, 1))
    client.force_login(me)
    wanted = asked({"on": "2021-12-31"})
    found = money.read(me, wanted)
    one = next(line for line in found.lines if line.number == of.number)
    assert one.sums.spent.hidden
    assert next(year for year in found.years if year.year == 2021).sums.spent.hidden
    for where in ("lage_money", "figure_list"):
        page = client.get(reverse(f"reports:{where}"), {"on": "31.12.2021"}).text
        assert "4.321,09" not in page
    assert "nicht genannt" in client.get(reverse("reports:lage_money"), {"on": "31.12.2021"}).text
    cells = [cell for sheet in money.book(me, {"on": "2021-12-31"}).sheets for row in sheet.rows for cell in row]
    assert Decimal("4321.09") not in cells
    assert money.NOT_TOLD in cells


@pytest.mark.django_db
def test_the_pages_take_as_many_queries_for_many_rows_as_for_few(client):
    county()
    steering_group()
    client.force_login(user(Role.COORDINATION))
    makers.notice(fte=1)
    makers.held(makers.post(), D(2021, 1, 1))

    def asked_for(name):
        return queries(lambda: client.get(reverse(f"reports:{name}"), {"on": "31.12.2021"}))

    names = ("lage_staffing", "lage_money", "lage_governance")
    few = {name: (asked_for(name), asked_for(name)) for name in names}
    for year in (2022, 2023, 2024):
        makers.payment(makers.notice(fte=1, first=D(year, 1, 1), until=D(year + 1, 1, 1)), 5, D(2021, 3, 3))
        makers.held(makers.post(), D(2021, 1, 1))
    many = {name: (asked_for(name), asked_for(name)) for name in names}
    assert all(kept <= 12 for _, kept in many.values()), many
    assert {name: kept for name, (_, kept) in few.items()} == {name: kept for name, (_, kept) in many.items()}
    assert many["lage_money"][0] <= few["lage_money"][0]


@pytest.mark.django_db
def test_the_office_sees_its_module_the_admin_no_bodies_and_nobody_else_anything(client):
    county()
    makers.notice(fte=1)
    makers.notice(fte=1, of=makers.programme("overhead"))
    office = user(Role.STRATEGIC_OFFICE)
    assert [one.name for one in shown.read(office, asked({})).lines] == ["Modul 1"]
    assert {one.module for one in money.read(office, asked({})).lines} == {Module.OVERHEAD}
    assert governance.governance(user(Role.ADMIN), asked({})) is None
    assert shown.staffing(user(Role.CASE_MANAGER), asked({})) is None


@pytest.mark.django_db
def test_files_hold_what_the_page_shows_and_refuse_those_who_may_not(client):
    county()
    makers.notice(fte=1)
    makers.held(makers.post(), D(2021, 1, 1))
    who, given = user(Role.COORDINATION), {"on": "2021-12-31", "span": "year"}
    book = shown.book(who, given)
    line = shown.read(who, asked(given)).lines[1]
    assert ["Modul 2", Decimal(1), Decimal(1), Decimal(0), Fraction(1)] == list(book.sheets[0].rows[1])[:5]
    assert line.quota == 1
    assert set(book.figures) == set(shown.FIGURES)
    with pytest.raises(Exception, match="Aufgaben"):
        governance.book(user(Role.ADMIN), given)
