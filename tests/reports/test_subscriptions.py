"""Whoever subscribed hears of a new period once, when its numbers are there, and no longer than they may see them."""

import datetime as dt

import pytest
from django.urls import reverse

from kim import workdays
from kim.models import Notice, Role, RoleGrant
from reports import subscribing
from reports.models import Counting, Subscription
from reports.tasks import tell_subscribers
from tests.factories import county, user
from tests.reports.test_builder import keep, published

pytestmark = pytest.mark.django_db

MONDAY = dt.date(2026, 3, 2)


@pytest.fixture
def office(client):
    county()
    made = user(Role.STRATEGIC_OFFICE)
    client.force_login(made)
    return made


def counted(until) -> None:
    Counting.objects.create(as_of=workdays.now(), until=until)


def subscribed(client, saved, day=dt.date(2026, 2, 10)) -> Subscription:
    with workdays.as_of(day):
        assert client.post(reverse("reports:subscribe_new", args=[saved.pk])).status_code == 302
    return Subscription.objects.get(saved=saved)


def test_a_new_period_is_told_once_when_its_numbers_are_there(client, office):
    one = subscribed(client, keep(office, name="Meine geheime Liste"))
    subscribed(client, one.saved)
    assert one.next_on == dt.date(2026, 3, 1)
    assert subscribing.tell_due(dt.date(2026, 2, 28)) == (0, 0)
    assert subscribing.tell_due(MONDAY) == (0, 0), "not counted yet"
    counted(MONDAY)
    assert subscribing.tell_due(MONDAY) == (1, 0)
    assert subscribing.tell_due(MONDAY) == (0, 0)
    notice = Notice.objects.get()
    assert notice.headline == "Neue Zahlen: offene Knackpunkte, 02/2026"
    assert (notice.recipient, notice.url, notice.text) == (office, one.saved.get_absolute_url(), "")
    one.refresh_from_db()
    assert (one.next_on, one.last_on) == (dt.date(2026, 4, 1), MONDAY)


def test_who_was_told_before_the_row_was_written_is_not_told_again(client, office):
    one = subscribed(client, keep(office))
    counted(MONDAY)
    subscribing.tell_due(MONDAY)
    Subscription.objects.update(next_on=dt.date(2026, 3, 1))
    subscribing.tell_due(MONDAY)
    assert Notice.objects.filter(url=one.saved.get_absolute_url()).count() == 1


def test_casework_is_told_when_it_is_published(client, office):
    saved = keep(office, part="casework", figure="casework.persons", rhythm="quarter")
    subscribed(client, saved)
    day = dt.date(2026, 4, 7)
    assert subscribing.tell_due(day) == (0, 0)
    published(dt.date(2026, 1, 1), {"|": 12})
    assert subscribing.tell_due(day) == (1, 0)


def test_it_ends_with_the_right_to_see_it(client, office):
    subscribed(client, keep(office))
    counted(MONDAY)
    RoleGrant.objects.filter(user=office).update(role=Role.ADMIN)
    assert subscribing.tell_due(MONDAY) == (0, 1)
    assert not Subscription.objects.exists()
    assert not Notice.objects.exists()


def test_what_is_no_longer_shared_is_no_longer_told(client, office):
    saved = keep(office)
    saved.share(by=office, roles=["steering_group"])
    client.force_login(user(Role.STEERING_GROUP))
    subscribed(client, saved)
    saved.share(by=office, roles=[])
    assert subscribing.tell_due(MONDAY) == (0, 1)


def test_one_ends_it_oneself_and_a_fixed_end_has_nothing_new(client, office):
    saved = keep(office)
    subscribed(client, saved)
    client.post(reverse("reports:subscribe_end", args=[saved.pk]))
    assert not Subscription.objects.exists()
    fixed = keep(office, name="Fest", until=dt.date(2025, 1, 1))
    answer = client.post(reverse("reports:subscribe_new", args=[fixed.pk]), follow=True)
    assert "endet an einem festen Tag" in answer.text
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(("moment", "told"), [((2026, 3, 2, 7), 1), ((2026, 3, 1, 7), 0), ((2026, 3, 2, 14), 0)])
def test_the_job_speaks_on_working_mornings_only(client, office, moment, told):
    subscribed(client, keep(office))
    counted(MONDAY)
    with workdays.as_of(dt.datetime(*moment, tzinfo=workdays.BERLIN)):
        tell_subscribers()
    assert Notice.objects.count() == told
