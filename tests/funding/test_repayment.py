"""Repayment: the figures of the documents, examples worked by hand, and what holds whatever is entered."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funding import repayment as re
from funding.repayment import Away, Basis, Forwarding, Granted, Holding, Rate, Spent, Term, work_out

D = dt.date
BEGINS, ENDS = D(2021, 1, 1), D(2022, 1, 1)
F = Fraction
RATES = (
    Rate("post", D(2020, 1, 1), D(2023, 1, 1), 55_000, pk=1),
    Rate("post", D(2023, 1, 1), None, 57_000, pk=2),
    Rate("assistant", D(2020, 1, 1), None, 22_500, Decimal("0.5"), pk=3),
    Rate("workplace", D(2020, 1, 1), None, 5_700, once=True, pk=4),
)


def basis(first, until, fte=11, *, held=(), posts=None, fte_of=1, **fields) -> Basis:
    """One grant over the whole period; `held` are (post, person, first, until, share) or less, ending with defaults."""
    holdings = [Holding(*(*one, *(None, 1)[len(one) - 3 :])) for one in held]
    posts = posts if posts is not None else {one.post for one in holdings}
    terms = [Term(post, "post", D(2020, 1, 1), None, fte_of) for post in posts]
    grants = [Granted("post", first, until, fte)] if fte else []
    told = {"grants": grants, "rates": RATES, "terms": terms, "holdings": holdings, "bases": "posts"} | fields
    return Basis("B1", first, until, **told)


def year(number, **fields) -> Basis:
    return basis(D(number, 1, 1), D(number + 1, 1, 1), **fields)


FOUR = [(f"S{no}", no, D(2020, 7, 1)) for no in range(4)]
#: The nine of the status report of 16.03.2022.
NINE = [
    (f"T{no}", 10 + no, day)
    for no, day in enumerate(
        [
            D(2021, 10, 15), D(2021, 10, 15), D(2021, 10, 15), D(2021, 11, 1), D(2021, 11, 15), D(2021, 12, 1),
            D(2022, 2, 1), D(2022, 2, 1), D(2022, 3, 1),
        ]
    )
]  # fmt: skip


# The documents


def test_2020_with_four_of_eleven_filled():
    found = work_out(basis(D(2020, 7, 1), D(2021, 1, 1), held=FOUR))
    assert (found.granted, found.entitlement, found.repayment) == (
        Decimal("302500.00"), Decimal("110000.00"), Decimal("192500.00"),
    )  # fmt: skip
    assert found.vacant_months == 42


def test_2021_with_the_dates_of_the_status_report():
    found = work_out(year(2021, held=FOUR + NINE))
    assert re.cents(found.vacant_months) == Decimal("71.82")
    assert found.repayment == Decimal("329181.90")


def test_2022_with_thirteen_people_on_eleven_granted_posts():
    found = work_out(year(2022, held=FOUR + NINE))
    assert found.repayment == Decimal("4583.33")
    assert any("über die bewilligten 11 VZÄ hinaus" in line.reason for line in found.lines)


# Worked by hand. One FTE is 55.000 € a year, 4.583,33… € a month; in 2023 57.000 €, 4.750 € a month.

A = "S1"
WHOLE = (A, 1, D(2021, 1, 1))
EXAMPLES = {
    # 4.583,333… × 15/31 = 2.217,7419…
    "from the 17th of a month of 31 days": (year(2021, fte=1, held=[(A, 1, D(2021, 12, 17))]), "2217.74"),
    # 28 days: 14/28 of a month = 2.291,666… → half of a cent and more goes up
    "half of February": (year(2021, fte=1, held=[(A, 1, D(2021, 2, 15), D(2021, 3, 1))]), "2291.67"),
    # 2024 is a leap year: 15/29 × 4.750 = 2.456,8965…
    "from the 15th of February 2024": (year(2024, fte=1, held=[(A, 1, D(2024, 2, 15), D(2024, 3, 1))]), "2456.90"),
    # 0,75 × 55.000 = 41.250
    "three quarters": (year(2021, fte=1, held=[(*WHOLE, None, Decimal("0.75"))]), "41250.00"),
    # 6 × 4.583,33… + 6 × 4.750 = 27.500 + 28.500
    "the rate changes in mid-period": (basis(D(2022, 7, 1), D(2023, 7, 1), 1, held=[WHOLE]), "56000.00"),
    # 12 months less 3 months of a leave that does not count: 9 × 4.583,33… = 41.250
    "a leave that does not count": (
        year(2021, fte=1, held=[WHOLE], leaves=[Away(1, D(2021, 4, 1), D(2021, 7, 1))]), "41250.00"
    ),
    "a leave that counts": (
        year(2021, fte=1, held=[WHOLE], leaves=[Away(1, D(2021, 4, 1), D(2021, 7, 1), counts=True)]), "55000.00"
    ),
    # 9 months the holder and 3 months half a substitute: 9 + 1,5 = 10,5 × 4.583,33… = 48.125
    "half a substitute": (
        year(
            2021, fte=1, held=[WHOLE, (A, 2, D(2021, 4, 1), D(2021, 7, 1), F(1, 2))],
            leaves=[Away(1, D(2021, 4, 1), D(2021, 7, 1))],
        ),
        "48125.00",
    ),
    # a post of 0,5 with somebody of 1,0: 27.500
    "more than the post": (year(2021, fte=1, held=[WHOLE], fte_of=F(1, 2)), "27500.00"),
    # two posts with the same person at 1,0 and 0,5: 1,0 in all
    "one person on two posts": (year(2021, fte=2, held=[WHOLE, ("S2", 1, D(2021, 1, 1), None, F(1, 2))]), "55000.00"),
    # granted 3,5, four people all year: 3,5 × 55.000
    "more than granted": (year(2021, fte=F(7, 2), held=FOUR), "192500.00"),
    # 100 € a year: half of a month of 30 days is 4,1666… ; 100.000,20 ÷ 12 ÷ 2 = 4.166,675 → up
    "half a cent goes up": (
        year(
            2021, fte=1, held=[(A, 1, D(2021, 4, 16), D(2021, 5, 1))],
            rates=[Rate("post", D(2020, 1, 1), None, Decimal("100000.20"))],
        ),
        "4166.68",
    ),
    # whole months: October does not count at all, November and December do: 2 × 4.583,33…
    "whole months": (year(2021, fte=1, held=[(A, 1, D(2021, 10, 15))], counting="whole_months"), "9166.67"),
    # handed over without a gap on the 15th: the month counts
    "whole months and a hand-over": (
        year(2021, fte=1, held=[(A, 1, BEGINS, D(2021, 6, 15)), (A, 2, D(2021, 6, 15))], counting="whole_months"),
        "55000.00",
    ),
    # an assistant of 0,5 for 22.500 € a year, half a year
    "an assistant": (
        year(
            2021, fte=0, terms=[Term("V1", "assistant", D(2021, 1, 1), None, F(1, 2))],
            holdings=[Holding("V1", 1, D(2021, 7, 1), None, F(1, 2))],
            grants=[Granted("assistant", D(2021, 1, 1), D(2022, 1, 1), F(1, 2))],
        ),
        "11250.00",
    ),
    # nobody is granted in the second half of the year
    "granted for half a year": (
        year(2021, fte=0, held=[WHOLE], grants=[Granted("post", D(2021, 1, 1), D(2021, 7, 1), 1)]), "27500.00"
    ),
    # the notice gives 50.000 € for what would be 55.000 €
    "the notice gives less than the rate": (
        year(2021, fte=0, held=[WHOLE], grants=[Granted("post", D(2021, 1, 1), D(2022, 1, 1), 1, 50_000)]), "50000.00"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_by_hand(name):
    given_, expected = EXAMPLES[name]
    found = work_out(given_)
    assert found.entitlement == Decimal(expected)
    assert found.repayment == found.granted - found.entitlement


def test_no_further_than_until_cuts_both_sides():
    found = work_out(year(2021, held=FOUR).up_to(D(2021, 2, 15)))
    assert found.granted == re.cents(F(11) * F(55_000, 12) * F(3, 2))
    assert found.entitlement == re.cents(F(4) * F(55_000, 12) * F(3, 2))


def test_posts_of_others_count_for_their_people_only():
    other = Term("X", "post", D(2020, 1, 1), None, 1, ours=False)
    ours = Term(A, "post", D(2020, 1, 1), None, 1)
    held = [Holding(A, 1, D(2021, 1, 1), None, F(1, 2)), Holding("X", 1, D(2021, 1, 1), None, 1)]
    found = work_out(year(2021, fte=1, terms=[ours, other], holdings=held))
    assert found.exact_entitlement == F(55_000) / 3  # 0,5 of 1,5
    assert [line.what for line in found.lines if line.part == "posts"] == [A]


def test_the_lines_add_up_to_the_basis_by_posts():
    found = work_out(year(2022, held=FOUR + NINE, counting="whole_months"))
    assert sum(line.amount for line in found.lines if line.part == "posts") == found.exact_by_posts
    assert sum(line.amount for line in found.lines if line.part == "granted") == found.exact_granted
    words = "11 VZÄ × 12 Monate × 55.000,00 € ÷ 12 = 605.000,00 €"
    assert found.lines[0].words.replace("\N{NO-BREAK SPACE}", " ") == words


# Costs


def spent(amount, kind="personnel", item="post", eligibility="yes", recipient="", first=BEGINS, until=ENDS):
    return Spent(kind, item, first, until, amount, eligibility, recipient, kind)


def with_costs(*costs, fte=1, bases="smaller", **fields):
    return work_out(year(2021, fte=fte, held=[WHOLE], bases=bases, costs=costs, **fields))


def test_the_smaller_of_the_two_counts():
    found = with_costs(spent(Decimal("50000.01")))
    assert (found.entitlement, found.decides, found.by_posts) == (Decimal("50000.01"), "costs", Decimal("55000.00"))
    assert with_costs(spent(60_000)).entitlement == Decimal("55000.00")
    assert with_costs(spent(50_000), bases="posts").entitlement == Decimal("55000.00")
    assert work_out(year(2021, fte=1, bases="costs", costs=[spent(50_000)])).entitlement == Decimal("50000.00")


def test_without_costs_it_is_preliminary():
    found = with_costs()
    assert (found.by_costs, found.preliminary) == (None, re.PRELIMINARY)
    assert found.entitlement == found.by_posts == Decimal("55000.00")
    assert not found.may_be_released
    assert with_costs(bases="posts").may_be_released


def test_costs_of_things_alone_do_not_make_it_final():
    found = with_costs(spent(100, "event", "other"))
    assert found.preliminary == re.UNPAID


def test_unclear_costs_do_not_count_and_say_what_they_would_change():
    found = with_costs(
        spent(50_000), spent(3_000, "supervision", eligibility="unclear"), spent(9, "travel", eligibility="no")
    )
    assert found.entitlement == Decimal("50000.00")
    assert [(one.kind, one.amount, one.would_add) for one in found.doubts] == [("supervision", 3_000, 3_000)]
    assert with_costs(spent(54_000), spent(3_000, "supervision", eligibility="unclear")).doubts[0].would_add == 1_000


def test_things_are_paid_by_what_was_spent_in_both_bases():
    grants = [
        Granted("post", D(2021, 1, 1), D(2022, 1, 1), 1),
        Granted("workplace", D(2021, 1, 1), D(2022, 1, 1), 1),
        Granted("other", D(2021, 1, 1), D(2022, 1, 1), amount=1_000),
    ]
    costs = [spent(55_000), spent(6_000, "workplace", "workplace"), spent(400, "event", "other")]
    found = with_costs(*costs, grants=grants)
    assert found.granted == Decimal("61700.00")
    assert found.by_posts == found.by_costs == Decimal("61100.00")  # 55.000 + 5.700 + 400
    assert found.repayment == Decimal("600.00")


def test_forwarded_money_pays_actual_costs_up_to_the_rate():
    forwardings = [Forwarding("Haus", D(2021, 1, 1), D(2021, 7, 1), F(1, 2))]
    found = with_costs(spent(20_000, "forwarded", recipient="Haus"), forwardings=forwardings)
    assert found.exact_by_costs == 13_750  # 55.000 × 0,5 × 6/12
    assert found.own_shares == (("Haus", F(6_250)),)
    assert with_costs(spent(9_000, "forwarded", recipient="Haus"), forwardings=forwardings).by_costs == 9_000
    assert "Haus" in with_costs(spent(9_000, "forwarded", recipient="Haus")).missing[0]


def test_a_cost_that_reaches_beyond_counts_for_its_days():
    given_ = year(2021, fte=1, held=[WHOLE], bases="smaller", costs=[spent(3_650)])
    assert work_out(given_.up_to(D(2021, 1, 11))).by_costs == 100


def test_what_is_missing_is_said_and_never_released():
    found = work_out(year(2021, fte=1, held=[WHOLE], rates=[]))
    assert found.missing == ("Fördersatz für Fachkraft fehlt: 01.01.2021 bis 31.12.2021.",)
    assert not found.may_be_released


# Whatever is entered

FIRST, END = D(2022, 7, 1), D(2023, 7, 1)
days = st.integers(0, (END - FIRST).days).map(lambda away: FIRST + dt.timedelta(days=away))
spans = st.tuples(days, days, st.booleans()).map(
    lambda drawn: (min(drawn[0], drawn[1]), None if drawn[2] else max(drawn[0], drawn[1]) + dt.timedelta(days=1))
)
shares = st.sampled_from([F(1), F(1, 2), F(3, 4), F(1, 3), F(39, 100)])


@st.composite
def bases(draw, **fixed):
    posts = [f"S{no}" for no in range(draw(st.integers(1, 4)))]
    terms = [Term(post, "post", D(2020, 1, 1), None, draw(shares), draw(st.integers(0, 5)) > 0) for post in posts]
    held = st.builds(
        lambda post, person, span, share: Holding(post, person, *span, share),
        st.sampled_from(posts), st.integers(0, 3), spans, shares,
    )  # fmt: skip
    away = st.builds(lambda person, span, counts: Away(person, *span, counts), st.integers(0, 3), spans, st.booleans())
    grants = [Granted("post", FIRST, END, draw(st.sampled_from([F(1, 2), F(1), F(5, 2)])))]
    more = draw(spans)
    grants.append(Granted("post", more[0], more[1] or END, draw(shares)))
    costs = st.builds(
        lambda amount, span, eligibility: spent(
            amount, first=span[0], until=span[1] or END + dt.timedelta(days=1), eligibility=eligibility
        ),
        st.decimals("0.01", "40000", places=2), spans, st.sampled_from(["yes", "no", "unclear"]),
    )  # fmt: skip
    told = {
        "grants": grants, "rates": RATES, "terms": terms, "holdings": draw(st.lists(held, max_size=6)),
        "leaves": draw(st.lists(away, max_size=3)), "costs": draw(st.lists(costs, max_size=3)),
        "counting": draw(st.sampled_from(["by_day", "whole_months"])),
        "bases": draw(st.sampled_from(["smaller", "posts", "costs"])),
    } | fixed  # fmt: skip
    return Basis("B1", FIRST, END, **told)


LISTS = ("grants", "rates", "terms", "holdings", "leaves", "costs")


@settings(max_examples=60, deadline=None)
@given(bases(), st.randoms(use_true_random=False))
def test_the_order_of_entry_never_matters(one, shuffle):
    other = replace(one, **{name: shuffle.sample(list(getattr(one, name)), len(getattr(one, name))) for name in LISTS})
    assert work_out(one) == work_out(other)


@settings(max_examples=60, deadline=None)
@given(bases())
def test_never_above_granted_and_always_adding_up(one):
    found = work_out(one)
    assert 0 <= found.exact_entitlement <= found.exact_granted
    assert 0 <= found.entitlement <= found.granted
    assert found.repayment == found.granted - found.entitlement
    assert abs(F(found.entitlement) - found.exact_entitlement) <= F(1, 200)
    assert sum(line.amount for line in found.lines if line.part == "posts") == found.exact_by_posts
    assert all(0 <= month.counted <= month.granted for month in found.months)


@settings(max_examples=60, deadline=None)
@given(bases(counting="by_day", bases="posts"), st.lists(days, max_size=4))
def test_never_a_cent_is_lost_over_any_split_of_the_period(one, edges):
    parts = [replace(one, first=a, until=b) for a, b in re._cut_at(FIRST, END, edges)]
    found, whole = [work_out(part) for part in parts], work_out(one)
    assert sum(part.exact_by_posts for part in found) == whole.exact_by_posts
    assert sum(part.exact_granted for part in found) == whole.exact_granted
    assert sum(part.vacant_months for part in found) == whole.vacant_months


@settings(max_examples=60, deadline=None)
@given(bases(bases="posts"), st.data())
def test_a_span_split_into_two_adjacent_ones_changes_nothing(one, data):
    name = data.draw(st.sampled_from(["grants", "rates", "terms", "holdings", "leaves"]))
    rows = list(getattr(one, name))
    if not rows:
        return
    row = rows.pop(data.draw(st.integers(0, len(rows) - 1)))
    day = data.draw(days)
    if row.first < day and (row.until is None or day < row.until):
        rows += [replace(row, until=day), replace(row, first=day)]
        halves, whole = work_out(replace(one, **{name: rows})), work_out(one)
        assert (halves.exact_granted, halves.exact_entitlement) == (whole.exact_granted, whole.exact_entitlement)
        assert halves.months == whole.months


@settings(max_examples=60, deadline=None)
@given(bases(bases="posts", rates=RATES[:1]))
def test_whole_months_are_never_more_than_by_day(one):
    by_day, whole = work_out(replace(one, counting="by_day")), work_out(replace(one, counting="whole_months"))
    assert whole.exact_entitlement <= by_day.exact_entitlement
    assert whole.exact_granted == by_day.exact_granted


@settings(max_examples=60, deadline=None)
@given(bases(), days)
def test_no_person_day_above_one_and_no_post_day_above_its_fte(one, day):
    """Counted by brute force for one day: what the engine says of that day alone, against the rules read literally."""
    alone = replace(one, first=day, until=day + dt.timedelta(days=1), counting="by_day", bases="posts", rates=RATES)
    there = [
        held for held in one.holdings
        if held.first <= day and (held.until is None or day < held.until)
        and not any(
            away.person == held.person and not away.counts and away.first <= day
            and (away.until is None or day < away.until)
            for away in one.leaves
        )
    ]  # fmt: skip
    of = {person: sum(held.share for held in there if held.person == person) for person in range(4)}
    counted = F(0)
    for term in one.terms:
        if term.ours:
            shares_ = sum((held.share / max(F(1), of[held.person]) for held in there if held.post == term.post), F(0))
            counted += min(F(term.fte), shares_)
    granted = sum(grant.fte for grant in one.grants if grant.first <= day < grant.until)
    time = re.months(day, day + dt.timedelta(days=1))
    found = work_out(alone)
    assert sum(row.counted for row in found.months) == min(counted, granted) * time
    for line in found.lines:
        if line.part == "posts" and line.what:
            assert line.fte <= next(term.fte for term in one.terms if term.post == line.what)
