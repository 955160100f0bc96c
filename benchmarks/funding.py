"""Posts and money in any number: posts held one after another, a notice for each year, and costs spread over both.

`build(2000, 50, 100_000, …)` is what the pages have to stand; a test builds it in small.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from funding.models import AwardNotice, Cost, FundingPeriod, Grant, Occupancy, Post, PostTerm, Programme, Rate, Terms
from kim import workdays
from kim.models import Organisation, User

#: Years that a post stays as it is, and that somebody holds it.
TERM, STAY = 10, 2
PORTION = 5000
SOURCE = "Messung"


@dataclass(frozen=True)
class Built:
    notices: list[AwardNotice]
    posts: list[Post]
    programme: Programme


@transaction.atomic
def build(
    posts: int, years: int, costs: int, *, employer: Organisation, by: User, name: str = "m", first: int = 1990
) -> Built:
    """A programme of its own, `name`, from the year `first` on. Rows are written as they are, past acts and trail."""
    known = {"by": by, "known_from": workdays.now(), "source": SOURCE}
    programme = Programme.objects.create(key=name, name=f"KIM {name}", module="case_management", award="lump_sum")
    spans = [_years(first + number, 1) for number in range(years)]
    whole = _years(first, years)
    Rate.objects.bulk_create(
        Rate(programme=programme, item="post", amount=50_000 + 500 * number, **span, **known)
        for number, span in enumerate(spans)
    )
    periods = FundingPeriod.objects.bulk_create(FundingPeriod(programme=programme, **span) for span in spans)
    notices = AwardNotice.objects.bulk_create(
        AwardNotice(number=f"{name}-{period.valid_from.year}", period=period, recipient=employer, by=by)
        for period in periods
    )
    for notice, span in zip(notices, spans, strict=True):
        Terms.objects.create(notice=notice, bases="smaller", **span, **known)
        Grant.objects.create(notice=notice, item="post", fte=posts, **span, **known)
    made = Post.objects.bulk_create(
        Post(number=f"{name}-{number}", title=f"Stelle {number}", module="case_management", item="post")
        for number in range(posts)
    )
    people = User.objects.bulk_create(
        User(username=f"{name}-{number}", display_name=f"Person {number} {name}", organisation=employer, password="!")
        for number in range(posts)
    )
    PostTerm.objects.bulk_create(
        (
            PostTerm(post=post, fte=1, employer=employer, recipient=employer, **span, **known)
            for post in made
            for span in _parts(whole, TERM)
        ),
        batch_size=PORTION,
    )
    stays = _parts(whole, STAY)
    Occupancy.objects.bulk_create(
        (
            Occupancy(post=post, user=people[(number + turn) % posts], share=1, **span, **known)
            for number, post in enumerate(made)
            for turn, span in enumerate(stays)
        ),
        batch_size=PORTION,
    )
    Cost.objects.bulk_create(_costs(costs, notices, spans, made, people, known), batch_size=PORTION)
    return Built(notices, made, programme)


def _costs(number, notices, spans, posts, people, known):
    """A month of pay each, over years, months and posts in turn."""
    for one in range(number):
        year = one % len(notices)
        place = one // len(notices) % len(posts)
        first = spans[year]["valid_from"].replace(month=one // 7 % 12 + 1)
        until = dt.date(first.year + first.month // 12, first.month % 12 + 1, 1)
        yield Cost(
            notice=notices[year], kind="personnel", amount=Decimal(4000 + one % 900), valid_from=first,
            valid_until=until, post=posts[place], user=people[(place + year // STAY) % len(people)], **known,
        )  # fmt: skip


def _years(first: int, count: int) -> dict[str, dt.date]:
    return {"valid_from": dt.date(first, 1, 1), "valid_until": dt.date(first + count, 1, 1)}


def _parts(whole: dict[str, dt.date], years: int) -> list[dict[str, dt.date]]:
    """`whole` cut into spans of so many years, the last one shorter where it does not go up."""
    first, until = whole["valid_from"].year, whole["valid_until"].year
    return [_years(year, min(years, until - year)) for year in range(first, until, years)]
