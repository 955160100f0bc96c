"""What one was told: one's own only, newest first, read one by one or all at once."""

import datetime as dt

import pytest
from django.urls import reverse

from kim import workdays
from kim.models import Notice
from tests.factories import user


@pytest.fixture
def me(client, db):
    me = user()
    client.force_login(me)
    return me


def told(person, number=1, **fields):
    made = {"headline": "KP-2026-0031: Melden", "text": "Neu im Eingang.", "url": "/notices/"}
    return [Notice.objects.create(recipient=person, key=f"k:{person.pk}:{no}", **made | fields) for no in range(number)]


def test_the_list_shows_ones_own_only(client, me):
    told(me, headline="KP-2026-0001: Melden")
    told(user(), headline="KP-2026-0002: Melden")
    page = client.get(reverse("kim:notice_list")).content.decode()
    assert "KP-2026-0001" in page
    assert "KP-2026-0002" not in page


def test_the_latest_comes_first_whenever_it_was_written_down(client, me):
    now = workdays.now()
    (late,) = told(me, created_at=now)
    early = Notice.objects.create(
        recipient=me, key="early", headline="KP-2026-0001", url="/notices/", created_at=now - dt.timedelta(days=3)
    )
    assert list(client.get(reverse("kim:notice_list")).context["page"]) == [late, early]


def test_an_empty_list_says_what_would_be_here(client, me):
    assert "Noch keine Mitteilungen" in client.get(reverse("kim:notice_list")).content.decode()


def test_reading_one_leaves_the_others_and_keeps_its_moment(client, me):
    first, second = told(me, 2)
    client.post(reverse("kim:notice_read", args=[first.pk]))
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.read_at
    assert second.read_at is None
    client.post(reverse("kim:notice_read", args=[first.pk]))
    assert Notice.objects.get(pk=first.pk).read_at == first.read_at


def test_reading_all_reads_nobody_elses(client, me):
    told(me, 3)
    (foreign,) = told(user())
    client.post(reverse("kim:notice_read_all"))
    assert not Notice.objects.filter(recipient=me, read_at=None).exists()
    foreign.refresh_from_db()
    assert foreign.read_at is None


def test_somebody_elses_notice_does_not_exist(client, me):
    (foreign,) = told(user())
    assert client.post(reverse("kim:notice_read", args=[foreign.pk])).status_code == 404


def test_a_link_does_not_read_by_itself(client, me):
    (one,) = told(me)
    assert client.get(reverse("kim:notice_read", args=[one.pk])).status_code == 405
    assert Notice.objects.get().read_at is None


@pytest.mark.parametrize("query", ["?after=x", "?before=%00", "?stand=neu&after=WzEsMV0", "?stand=%FF"])
def test_a_strange_address_shows_a_page(client, me, query):
    told(me)
    assert client.get(reverse("kim:notice_list") + query).status_code == 200


def test_many_cost_what_few_cost(client, me, django_assert_max_num_queries):
    client.get(reverse("kim:notice_list"))  # the first page of a session also saves it
    counted = []
    for number in (3, 60):
        Notice.objects.all().delete()
        told(me, number)
        with django_assert_max_num_queries(12) as count:
            client.get(reverse("kim:notice_list"))
        counted.append(len(count.captured_queries))
    assert counted[0] == counted[1]


def test_the_swap_is_the_part_of_the_page(client, me):
    told(me)
    swap = client.get(reverse("kim:notice_list") + "?stand=neu", headers={"HX-Request": "true"}).content.decode()
    assert swap.lstrip().startswith('<section id="results"')
    assert "<html" not in swap
