"""Pages and figures of posts and money ask the database as often with many rows as with few."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import funding as benchmark
from funding import facts_of_notice, repayment, staffing
from funding.models import Cost, Occupancy, PostTerm
from kim import workdays
from tests.factories import county, organisation
from tests.funding import makers

pytestmark = pytest.mark.django_db
FEW, MANY = (2, 3, 6), (40, 12, 400)
FIRST, DAY = 2021, dt.date(2023, 6, 1)
MOST = 16


@pytest.fixture
def built():
    """`built(posts, years, costs)` adds so much; the first administrator has it all in sight."""
    county()
    number = iter("abcdef")
    return lambda *much: benchmark.build(
        *much, employer=organisation(), by=makers.admin(), name=next(number), first=FIRST
    )


def pages(of: benchmark.Built) -> list[str]:
    notice, post = of.notices[0].pk, of.posts[0].pk
    return [
        f"{reverse('funding:board')}?on={DAY}",
        f"{reverse('funding:coverage')}?on={DAY}",
        reverse("funding:post_detail", args=[post]),
        reverse("funding:notice_list"),
        reverse("funding:notice_detail", args=[notice]),
        reverse("funding:proof_detail", args=[notice]),
        reverse("funding:programme_list"),
        reverse("funding:programme_detail", args=[of.programme.pk]),
        reverse("funding:cost_list"),
        reverse("funding:person_list"),
        reverse("funding:eligibility_list"),
    ]


def counted(client, urls: list[str]) -> dict[str, int]:
    found = {}
    for url in urls:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url).status_code == 200, url
        found[url] = len(queries)
    return found


def test_pages_ask_as_often_with_many_rows_as_with_few(client, built):
    with workdays.as_of(DAY):
        client.force_login(makers.admin())
        urls = pages(built(*FEW))
        counted(client, urls)  # whatever is remembered is remembered now
        few = counted(client, urls)
        built(*MANY)
        assert counted(client, urls) == few
    assert max(few.values()) <= MOST, few


def test_figures_ask_as_often_and_every_notice_is_read_at_once(built, django_assert_num_queries):
    few = built(*FEW)
    with CaptureQueriesContext(connection) as queries:
        facts_of_notice.bases_of(few.notices)
        staffing.on(DAY)
    many = built(*MANY)
    with django_assert_num_queries(len(queries)):
        bases = facts_of_notice.bases_of(many.notices)
        staffing.on(DAY)
    assert len(bases) == MANY[1]
    for basis in bases.values():
        result = repayment.work_out(basis)
        assert result.granted - result.entitlement == result.repayment


def test_as_many_as_asked_for_and_the_database_takes_them(built):
    posts, years, costs = MANY
    built(*MANY)
    assert (Cost.objects.count(), PostTerm.objects.count()) == (costs, posts * 2)
    assert Occupancy.objects.count() == posts * years // benchmark.STAY
    assert staffing.on(DAY).modules["case_management"].filled == posts
