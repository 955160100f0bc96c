"""Staffing figures: what holds for any rows, what the papers say, and that reading them stays cheap."""

import datetime as dt
import json
from fractions import Fraction

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from funding import staffing
from funding.models import Grant, Leave, Module, Occupancy, StaffingTarget
from funding.staffing import Away, Granted, Holding, Post, Rows, Term
from kim import workdays
from kim.models import Municipality, Role
from kim.rehearsal import rehearse
from tests.factories import municipality, organisation, user
from tests.funding import makers
from tests.funding.makers import D

FIRST = D(2021, 1, 1)
CM = Module.CASE_MANAGEMENT


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


# What holds for any rows

spans = st.tuples(st.integers(0, 90), st.integers(1, 60)).map(lambda one: (day(one[0]), day(one[0] + one[1])))
shares = st.integers(1, 40).map(lambda number: Fraction(number, 40))


@st.composite
def any_rows(draw) -> Rows:
    posts = {
        pk: Post(pk, f"S{pk}", f"Stelle {pk}", draw(st.sampled_from(list(Module))))
        for pk in range(draw(st.integers(1, 4)))
    }
    terms = [Term(pk, *draw(spans), draw(shares)) for pk in posts]
    some = st.lists(st.tuples(st.sampled_from(sorted(posts)), st.integers(1, 3), spans, shares), max_size=8)
    holdings = [Holding(post, user, *span, share) for post, user, span, share in draw(some)]
    away = [
        Away(user, *span, counts)
        for user, span, counts in draw(st.lists(st.tuples(st.integers(1, 3), spans, st.booleans()), max_size=3))
    ]
    grants = [Granted(draw(st.sampled_from(list(Module))), *draw(spans), draw(shares) * 4) for _ in range(2)]
    return Rows(posts, terms, holdings, away, grants)


@settings(max_examples=150, deadline=None)
@given(rows=any_rows(), number=st.integers(0, 150))
def test_no_post_is_filled_beyond_its_size_and_nobody_counts_more_than_one(rows, number):
    found = rows.on(day(number))
    counted: dict[int, Fraction] = {}
    for one in found.fillings:
        assert 0 <= one.filled <= one.term.fte
        assert one.vacant + one.filled == one.term.fte
        for holder in one.holders:
            counted[holder.user] = counted.get(holder.user, Fraction()) + holder.counted
    assert all(total <= 1 for total in counted.values())
    for person in found.overcommitted:
        assert person.total > 1
        assert counted[person.user] == 1


@settings(max_examples=100, deadline=None)
@given(rows=any_rows(), number=st.integers(0, 150))
def test_modules_are_the_sums_of_their_posts(rows, number):
    found = rows.on(day(number))
    for name, module in found.modules.items():
        mine = [one for one in found.fillings if one.post.module == name]
        assert (module.filled, module.planned) == (sum(one.filled for one in mine), sum(one.term.fte for one in mine))
        assert module.vacant == sum(one.vacant for one in mine) >= 0
        assert 0 <= module.unused <= (module.granted or 0)
        assert module.unused >= (module.granted or 0) - module.filled


@settings(max_examples=60, deadline=None)
@given(rows=any_rows(), number=st.integers(0, 150), mixed=st.randoms(use_true_random=False))
def test_the_order_of_entry_never_matters(rows, number, mixed):
    other = {name: mixed.sample(list(getattr(rows, name)), len(getattr(rows, name))) for name in
             ("terms", "holdings", "away", "grants")}  # fmt: skip
    again = Rows(rows.posts, **other)
    here, there = rows.on(day(number)), again.on(day(number))
    assert [(one.post, one.filled, one.beyond, one.state) for one in here.fillings] == [
        (one.post, one.filled, one.beyond, one.state) for one in there.fillings
    ]
    assert {name: (one.filled, one.unused, one.heads) for name, one in here.modules.items()} == {
        name: (one.filled, one.unused, one.heads) for name, one in there.modules.items()
    }
    for module in Module:
        assert rows.filled_months(module, FIRST, day(180)) == again.filled_months(module, FIRST, day(180))
        assert rows.unused_months(module, FIRST, day(180)) == again.unused_months(module, FIRST, day(180))


@settings(max_examples=40, deadline=None)
@given(rows=any_rows(), module=st.sampled_from(list(Module)))
def test_months_are_the_days_one_by_one(rows, module):
    """However time is cut into stretches, the sum is that of single days."""
    filled, unused = Fraction(), Fraction()
    for number in range(90):
        now, part = rows.on(day(number)).modules[module], Fraction(1, staffing.length_of(day(number)))
        filled, unused = filled + now.filled * part, unused + now.unused * part
    assert sum(rows.filled_months(module, FIRST, day(90)).values()) == filled
    assert rows.unused_months(module, FIRST, day(90))[0] == unused
