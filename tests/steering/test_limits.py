"""Time limits: dated rows that only look ahead, kept by the administration."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from kim import workdays
from kim.models import County, Role, TrailEntry
from kim.workflow import StepRefused
from steering.escalation import State
from steering.models import TimeLimit
from tests.factories import county, holder_of, issue_at, limits, user

pytestmark = pytest.mark.django_db
CHANGE = reverse("steering:limit_change", args=["coordination"])


@pytest.fixture(autouse=True)
def _there():
    county()
    limits()


@pytest.fixture
def admin(client):
    person = user(Role.ADMIN)
    client.force_login(person)
    return person


def day(days):
    return workdays.today() + dt.timedelta(days=days)


def on(day):
    return workdays.as_of(dt.datetime.combine(day, dt.time(10), workdays.BERLIN))


def given(**more):
    return {"amount": "7", "unit": "workdays", "valid_from": f"{day(3):%d.%m.%Y}", "reason": "Beschluss vom Mai"} | more


def test_a_change_is_a_new_row_from_its_day_on(client, admin):
    assert client.post(CHANGE, given()).status_code == 302
    assert TimeLimit.among(TimeLimit.objects.all(), "coordination", day(2)) == workdays.Limit(10, "workdays")
    assert TimeLimit.among(TimeLimit.objects.all(), "coordination", day(3)) == workdays.Limit(7, "workdays")
    assert TrailEntry.objects.filter(act="limit.change", by=admin).count() == 1
    page = client.get(reverse("steering:limit_list")).content.decode()
    assert "7 Arbeitstage" in page
    assert "10 Arbeitstage" in page
    assert "Beschluss vom Mai" in page


def test_what_is_already_due_does_not_move(client, admin):
    issue = issue_at(State.COORDINATION)
    before = issue.due_on
    assert client.post(CHANGE, given(valid_from=f"{day(1):%d.%m.%Y}")).status_code == 302
    issue.refresh_from_db()
    assert issue.due_on == before
    assert issue_at(State.COORDINATION).due_on == before
    with on(day(1)):
        rules = County.current().workday_rules
        assert issue_at(State.COORDINATION).due_on == workdays.add_workdays(day(0), 7, rules)


def test_a_limit_does_not_change_on_a_day_that_has_begun(client, admin):
    answer = client.post(CHANGE, given(valid_from=f"{day(0):%d.%m.%Y}"))
    assert answer.status_code == 422
    with pytest.raises(StepRefused, match="ab morgen"):
        TimeLimit.change(by=admin, state="strategy", amount=5, unit="workdays", valid_from=day(0), reason="x")


def test_a_stay_keeps_the_limit_of_the_day_it_began_through_a_pause_and_a_moved_meeting(admin):
    waiting, tabled = issue_at(State.STRATEGY), issue_at(State.STEERING)
    before = waiting.due_on
    for state in ("strategy", "steering"):
        TimeLimit.change(by=admin, state=state, amount=1, unit="workdays", valid_from=day(1), reason="x")
    with on(day(1)):
        office = holder_of(waiting)
        waiting.pause(by=office, until=day(3), reason="Wartet auf Dritte")
        waiting.resume(by=office)
        assert waiting.due_on == before
        moved = tabled.meeting.starts_at + dt.timedelta(days=7)
        kept = {"place": "", "mode": "presence", "title": ""}
        tabled.meeting.move(by=office, starts_at=moved, **kept)
        tabled.refresh_from_db()
        rules = County.current().workday_rules
        assert tabled.due_on == workdays.add_workdays(moved.date(), 5, rules)


def test_a_change_between_two_ends_where_the_next_begins(admin):
    for amount, ahead in ((20, 30), (7, 10)):
        TimeLimit.change(by=admin, state="strategy", amount=amount, unit="workdays", valid_from=day(ahead), reason="x")
    rows = TimeLimit.objects.filter(state="strategy").order_by("valid_from").values_list("amount", "valid_until")
    assert list(rows) == [(15, day(10)), (7, day(30)), (20, None)]


def test_a_change_to_come_can_be_corrected(admin):
    change = {"by": admin, "state": "strategy", "unit": "workdays", "reason": "x"}
    TimeLimit.change(**change, amount=20, valid_from=day(5))
    TimeLimit.change(**change, amount=12, valid_from=day(5))
    assert TimeLimit.among(TimeLimit.objects.all(), "strategy", day(5)).amount == 12
    assert TimeLimit.among(TimeLimit.objects.all(), "strategy", day(5)).amount == 12


@pytest.mark.parametrize(
    "wrong",
    [{"amount": "0"}, {"amount": "401"}, {"amount": "viel"}, {"unit": "years"}, {"reason": " "},
     {"valid_from": "gestern"}, {"valid_from": "01.01.2020"}, {"valid_from": "31.02.2030"}, {"reason": "\x00"}],
)  # fmt: skip
def test_a_limit_that_cannot_be_is_refused(client, admin, wrong):
    before = TimeLimit.objects.count()
    assert client.post(CHANGE, given(**wrong)).status_code == 422
    assert TimeLimit.objects.count() == before


def test_only_the_administration_keeps_limits(client):
    for role in (Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.AUDIT, Role.CASE_MANAGER):
        client.force_login(user(role))
        assert client.get(reverse("steering:limit_list")).status_code == 403
        assert client.post(CHANGE, given()).status_code == 403
    with pytest.raises(PermissionDenied):
        TimeLimit.change(
            by=user(Role.COORDINATION), state="strategy", amount=1, unit="days", valid_from=day(1), reason="x"
        )
    assert TimeLimit.among(TimeLimit.objects.all(), "coordination", day(3)).amount == 10


def test_states_without_a_clock_have_no_limit_to_change(client, admin):
    for state in ("draft", "closed", "merged", "nonsense"):
        assert client.get(reverse("steering:limit_change", args=[state])).status_code == 404


def test_the_page_of_limits_is_quick(client, admin, django_assert_max_num_queries):
    client.get(reverse("steering:limit_list"))
    with django_assert_max_num_queries(12):
        assert len(client.get(reverse("steering:limit_list")).context["table"]) == 7
