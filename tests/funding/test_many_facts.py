"""Fifty years of 2,000 posts and 100,000 costs: what is read and shown costs the same number of queries."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from funding import facts_of_notice
from funding.models import AwardNotice, Calculation, Cost, FundingPeriod, Grant, Occupancy, Post, PostTerm, Terms
from funding.repayment import work_out
from kim.models import Role, User
from tests.factories import organisation, user
from tests.funding.makers import D, admin, programme

pytestmark = pytest.mark.django_db
YEARS, POSTS, COSTS = range(1990, 2040), 2_000, 2_000
#: Half of the granted posts are filled in the year that is looked at.
FILLED = POSTS // 2


def fifty_years() -> list[AwardNotice]:
    """A notice each year for all posts; each is held by somebody, half of them from 2015 on; 2,000 costs a year."""
    by, county, of = admin(), organisation(), programme()
    posts = Post.objects.bulk_create(
        Post(number=f"P{no:04}", title=f"Stelle {no}", module="case_management", item="post") for no in range(POSTS)
    )
    people = User.objects.bulk_create(
        User(username=f"p{no}", display_name=f"Case Management {no}", password="!") for no in range(POSTS)
    )
    told = {"by": by, "valid_from": D(1990, 1, 1)}
    PostTerm.objects.bulk_create(PostTerm(post=one, fte=1, employer=county, recipient=county, **told) for one in posts)
    Occupancy.objects.bulk_create(
        Occupancy(post=post, user=person, share=1, by=by, valid_from=D(2015 if no % 2 else 1990, 1, 1))
        for no, (post, person) in enumerate(zip(posts, people, strict=True))
    )
    notices = []
    for year in YEARS:
        first, until = D(year, 1, 1), D(year + 1, 1, 1)
        period = FundingPeriod.objects.create(programme=of, valid_from=first, valid_until=until)
        notice = AwardNotice.objects.create(number=f"J{year}", period=period, recipient=county)
        whole = {"notice": notice, "valid_from": first, "valid_until": until, "by": by}
        Terms.objects.create(bases="posts", **whole)
        Grant.objects.create(item="post", fte=POSTS, **whole)
        Cost.objects.bulk_create(
            Cost(
                notice=notice, kind="personnel", post=posts[no], amount=4_000 + no, by=by,
                valid_from=D(year, 1 + no % 12, 1), valid_until=D(year, 1 + no % 12, 28),
            )
            for no in range(COSTS)
        )  # fmt: skip
        notices.append(notice)
    return notices


@pytest.mark.long
def test_fifty_years_are_read_and_shown_in_fixed_queries(client):
    notices = fifty_years()
    assert Cost.objects.count() == 100_000
    of = next(notice for notice in notices if notice.number == "J2022")
    for wanted in ([of], notices):
        with CaptureQueriesContext(connection) as seen:
            bases = facts_of_notice.bases_of(wanted)
        assert len(seen) == 2
    found = work_out(bases[of.pk])
    assert found.granted == found.entitlement == POSTS * 55_000
    earlier = next(notice for notice in notices if notice.number == "J2000")
    assert work_out(facts_of_notice.basis_of(earlier)).vacant_months == FILLED * 12

    client.force_login(user(Role.ADMIN))
    made = Calculation.draw_up(of, dt.date(2022, 12, 31), by=admin())
    pages = [
        of.get_absolute_url(), made.get_absolute_url(), reverse("funding:calculation_new", args=[of.pk]),
        reverse("funding:whatif", args=[of.pk]),
    ]  # fmt: skip
    client.get(reverse("kim:help"))  # the first page of a session also saves it
    for page in pages:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(page).status_code == 200
        assert len(seen) <= 12, page
