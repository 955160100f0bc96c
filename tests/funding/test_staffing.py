"""Staffing figures: what holds for any rows, what the papers say, and that reading them stays cheap."""

import datetime as dt
import json
from fractions import Fraction

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from funding import staffing
from funding.models import Leave, Module, Occupancy, StaffingTarget
from funding.staffing import Away, Granted, Holding, Post, Rows, Term
from kim import workdays
from kim.models import Role
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
    assert sum(rows.filled_by_year(module, day(90)).values()) == filled
    assert rows.unused_months(module, FIRST, day(90))[0] == unused


# What was entered


@pytest.fixture
def kim_2020(db):
    """Modul 2 as the minutes have it: 11 FTE granted for half a year, four filled from the first day on."""
    makers.notice(11, D(2020, 7, 1), D(2021, 1, 1))
    posts = [makers.post(number=f"M2-{number:02}") for number in range(1, 12)]
    for one in posts[:4]:
        makers.held(one, makers.START)
    return posts


def test_eleven_granted_four_filled_seven_free(kim_2020):
    found = staffing.on(D(2020, 9, 1)).modules[CM]
    assert (found.granted, found.planned, found.filled, found.vacant, found.unused) == (11, 11, 4, 7, 7)
    assert (found.heads, found.posts, found.vacant_posts) == (4, 11, 7)
    rows = staffing.read(D(2020, 7, 1), D(2021, 1, 1))
    assert rows.unused_months(CM, D(2020, 7, 1), D(2021, 1, 1)) == (42, 66)


def test_the_vacant_months_of_the_status_report(kim_2020):
    """2021 with the dates of the report: 71,82 of 132 post-months without anybody."""
    makers.notice(11, D(2021, 1, 1), D(2022, 1, 1))
    begun = [D(2021, 10, 15)] * 3 + [D(2021, 11, 1), D(2021, 11, 15), D(2021, 12, 1)]
    for one, first in zip(kim_2020[4:], begun, strict=False):
        makers.held(one, first)
    free, total = staffing.read(D(2021, 1, 1), D(2022, 1, 1)).unused_months(CM, D(2021, 1, 1), D(2022, 1, 1))
    assert (staffing.german(free), total) == ("71,82", 132)


def test_nobody_fills_the_grant_of_another_recipient(db):
    county, town = organisation(), organisation("troisdorf", name="Stadt Troisdorf", kind="municipality")
    makers.notice(1, recipient=county)
    makers.notice(1, recipient=town)
    for _ in range(2):
        makers.held(makers.post(recipient=county), D(2021, 1, 1))
    found = staffing.on(D(2021, 5, 1)).modules[CM]
    assert (found.granted, found.filled, found.unused) == (2, 2, 1)
    assert found.by_recipient == {county.pk: 1, town.pk: 1}


def test_who_is_away_fills_nothing_unless_the_leave_counts(db):
    one, person = makers.post(), user(Role.CASE_MANAGER)
    makers.held(one, D(2021, 1, 1), person=person)
    leave = Leave.enter(by=makers.admin(), user=person, kind="parental", valid_from=D(2021, 3, 1))
    (filling,) = staffing.on(D(2021, 3, 1)).fillings
    assert (filling.state, filling.filled, staffing.on(D(2021, 3, 1)).modules[CM].interrupted) == ("interrupted", 0, 1)
    assert staffing.on(D(2021, 2, 28)).modules[CM].filled == 1
    makers.held(one, D(2021, 3, 1), person=user(Role.CASE_MANAGER), substitute_for=person)
    (filling,) = staffing.on(D(2021, 3, 1)).fillings
    assert (filling.state, filling.filled, filling.beyond) == ("filled", 1, 0)
    leave.correct(by=makers.admin(), counts=True)
    (filling,) = staffing.on(D(2021, 3, 1)).fillings
    assert (filling.filled, filling.beyond) == (1, 1)


def test_a_person_above_one_is_cut_from_all_their_posts_alike(db):
    first, second, person = makers.post(), makers.post(), user(Role.CASE_MANAGER)
    makers.held(first, D(2021, 1, 1), person=person, share="0.75")
    makers.held(second, D(2021, 2, 1), person=person, share="0.75")
    found = staffing.on(D(2021, 2, 1))
    assert [one.filled for one in found.fillings] == [Fraction(1, 2), Fraction(1, 2)]
    assert [(one.user, one.total) for one in found.overcommitted] == [(person.pk, Fraction(3, 2))]
    assert not staffing.on(D(2021, 1, 31)).overcommitted


def test_what_was_known_then_is_what_was_counted_then(db):
    then = dt.datetime(2021, 11, 16, 12, tzinfo=dt.UTC)
    with workdays.as_of(then - dt.timedelta(days=10)):
        one = makers.post()
    late = dt.datetime(2022, 3, 16, 8, tzinfo=dt.UTC)
    makers.held(one, D(2021, 10, 15), known_from=late)
    assert staffing.on(D(2021, 11, 16)).modules[CM].filled == 1
    assert staffing.on(D(2021, 11, 16), then).modules[CM].filled == 0
    assert staffing.on(D(2021, 11, 16), staffing.end_of(D(2022, 3, 15))).modules[CM].filled == 0
    assert staffing.on(D(2021, 11, 16), staffing.end_of(D(2022, 3, 16))).modules[CM].filled == 1


def test_time_to_fill_counts_from_the_first_day_and_from_the_last_end(db):
    one = makers.post(D(2021, 1, 1))
    makers.held(one, D(2021, 1, 11), D(2021, 3, 1))
    makers.held(one, D(2021, 3, 1), D(2021, 6, 1), share="0.5")  # handed over without a day lost
    makers.held(one, D(2021, 5, 1), D(2021, 6, 1), share="0.5")  # beside somebody: the post was not free
    makers.held(one, D(2021, 7, 1))
    rows = staffing.read(D(2021, 1, 1), D(2022, 1, 1))
    found = rows.time_to_fill(D(2021, 1, 1), D(2022, 1, 1))
    assert (found.days, found.mean) == ((0, 10, 30), Fraction(40, 3))
    later = staffing.read(D(2021, 6, 15), D(2022, 1, 1))
    assert later.time_to_fill(D(2021, 6, 15), D(2022, 1, 1), CM).days == (30,)
    assert later.time_to_fill(D(2021, 6, 15), D(2022, 1, 1), Module.OVERHEAD).mean is None


def at_work(person, place, first=FIRST, **fields):
    return person.assignments.create(
        role="case_manager", municipality=place, employer=organisation(), valid_from=first, **fields
    )


def test_coverage_divides_equally_only_what_has_no_share(db):
    windeck, eitorf, much, _ = (municipality(name) for name in ("Windeck", "Eitorf", "Much", "Siegburg"))
    equal, given = user(Role.CASE_MANAGER), user(Role.CASE_MANAGER)
    makers.held(makers.post(), D(2021, 1, 1), person=equal)
    makers.held(makers.post(), D(2021, 1, 1), person=given)
    at_work(equal, windeck, weekdays="12")
    at_work(equal, eitorf)
    at_work(given, eitorf, share="0.25", weekdays="5")
    at_work(given, much)
    StaffingTarget.enter(by=makers.admin(), municipality=windeck, fte="0.75", valid_from=D(2021, 1, 1))
    found = {one.place.name: one for one in staffing.coverage(D(2021, 5, 1))}
    assert next(iter(found)) == "Siegburg"
    assert {name: (one.fte, one.days) for name, one in found.items()} == {
        "Siegburg": (0, 0), "Windeck": (Fraction(1, 2), 2), "Eitorf": (Fraction(3, 4), 1),
        "Much": (Fraction(3, 4), None),
    }  # fmt: skip
    assert (found["Windeck"].gap, found["Much"].gap, found["Siegburg"].is_uncovered) == (Fraction(1, 4), None, True)
    assert [one.divided for one in found["Eitorf"].people] == [True, False]
    assert not found["Much"].is_divided


def test_who_is_away_covers_nothing(db):
    place, person = municipality("Windeck"), user(Role.CASE_MANAGER)
    makers.held(makers.post(), D(2021, 1, 1), person=person)
    at_work(person, place, weekdays="123", share="1")
    Leave.enter(by=makers.admin(), user=person, kind="illness", valid_from=D(2021, 3, 1), valid_until=D(2021, 4, 1))
    (there,), (away,) = staffing.coverage(D(2021, 2, 1)), staffing.coverage(D(2021, 3, 31))
    assert (there.fte, there.days) == (1, 3)
    assert (away.fte, away.days, away.is_uncovered, len(away.people)) == (0, 0, True, 1)


def test_without_any_share_the_fte_is_not_known(db):
    place = municipality("Windeck")
    at_work(user(Role.CASE_MANAGER), place)
    (found,) = staffing.coverage(D(2021, 2, 1))
    assert (found.fte, found.days, found.is_uncovered) == (None, None, False)


# Before and after


def test_measures_say_what_an_act_would_change(db):
    today = workdays.today()
    one, person, place = (
        makers.post(today.replace(month=1, day=1), number="M2-05"),
        user(Role.CASE_MANAGER),
        municipality(),
    )
    at_work(person, place, today)
    measures = [staffing.filled_measure(CM), staffing.coverage_measure()]
    later = today + dt.timedelta(days=10)
    changes = rehearse(lambda: makers.held(one, later, person=person), measures)
    told = {change.what: (change.before, change.after) for change in changes}
    assert f"Modul 2, besetzte Stellenmonate {later.year}" in told
    before, after = told[f"Einsatz in {place}"]
    assert "VZÄ nicht erfasst" in before
    assert f"ab {later:%d.%m.%Y} 1 VZÄ" in after
    assert f"Modul 2, besetzt am {today:%d.%m.%Y}" not in told
    assert not Occupancy.objects.exists()
    makers.held(one, today, person=person)
    second = makers.post(today, number="M2-06")
    changes = rehearse(lambda: makers.held(second, later, person=person, share="0.25"), measures)
    told = {change.what: change.after for change in changes}
    assert told[f"{person}: über 100 %"] == f"1,25 VZÄ ab {later:%d.%m.%Y}"


# Reading stays cheap


def many(number: int) -> None:
    """Posts with two occupancies each, written at once."""
    from funding.models import Post as PostRow
    from funding.models import PostTerm

    employer, people = organisation(), [user(Role.CASE_MANAGER) for _ in range(5)]
    posts = PostRow.objects.bulk_create(
        PostRow(number=f"V{number}-{no}", title=f"Stelle {no}", module=CM, item="post") for no in range(number)
    )
    PostTerm.objects.bulk_create(
        PostTerm(post=one, fte=1, employer=employer, recipient=employer, valid_from=D(2020, 1, 1)) for one in posts
    )
    Occupancy.objects.bulk_create(
        Occupancy(post=one, user=people[no % 5], share="0.010", valid_from=first, valid_until=until)
        for no, one in enumerate(posts)
        for first, until in [(D(2020, 1, 1), D(2021, 3, 1)), (D(2021, 4, 1), None)]
    )


@pytest.mark.parametrize("number", [5, 500])
def test_reading_asks_as_often_however_many_posts(db, number, django_assert_num_queries):
    many(number)
    with django_assert_num_queries(4):
        staffing.on(D(2021, 5, 1))
    with django_assert_num_queries(7):
        staffing.coverage(D(2021, 5, 1))


# Commands


def told(capsys, *args) -> str:
    call_command(*args)
    return capsys.readouterr().out


def test_staffing_tells_exact_decimals(kim_2020, capsys):
    makers.held(makers.post(number="M2-90"), makers.START, share="0.125")
    found = json.loads(told(capsys, "staffing", "--on", "2020-09-01", "--json"))
    module = next(one for one in found["modules"] if one["module"] == "case_management")
    assert (found["on"], found["known_on"]) == ("2020-09-01", None)
    assert (module["granted"], module["filled"], module["vacant"], module["unused"]) == (
        "11",
        "4.125",
        "7.875",
        "6.875",
    )
    assert found["posts"][-1]["held_by"][0]["share"] == "0.125"
    text = told(capsys, "staffing", "--on", "01.09.2020", "--known-on", "01.09.2020")
    assert "Stand 01.09.2020, bekannt am 01.09.2020" in text
    assert "M2-01" not in text  # nothing was known then


def test_coverage_tells_who_and_where_nobody(db, capsys):
    person = user(Role.CASE_MANAGER, name="Case Management Windeck")
    makers.held(makers.post(), D(2021, 1, 1), person=person)
    for place in (municipality("Windeck"), municipality("Much"), municipality("Lohmar")):
        at_work(person, place)
    siegburg = municipality("Siegburg")
    found = json.loads(told(capsys, "coverage", "--on", "01.05.2021", "--json"))
    assert found["uncovered"] == [siegburg.ags]
    assert [one["fte"] for one in found["municipalities"]] == ["0", "0.333333", "0.333333", "0.333333"]
    text = told(capsys, "coverage", "--on", "2021-05-01")
    assert "niemand" in text
    assert "Case Management Windeck" in text
    assert "gleich verteilt" in text


@pytest.mark.parametrize("command", ["staffing", "coverage"])
@pytest.mark.parametrize("option", [{"on": "31.02.2022"}, {"on": "gestern"}, {"known_on": "2022-13-01"}])
def test_a_day_that_is_none_is_refused_in_words(command, option, db):
    with pytest.raises(CommandError, match="Datum angeben"):
        call_command(command, **option)


@pytest.mark.parametrize(
    ("value", "german", "exact"),
    [("1", "1", "1"), ("3/4", "0,75", "0.75"), ("1/8", "0,125", "0.125"), ("1/3", "0,33", "0.333333"),
     ("-1/2", "-0,5", "-0.5"), ("2/3", "0,67", "0.666667"), ("-1/1000000000", "0", "0.000000"), ("100", "100", "100"),
     ("1999/200", "9,995", "9.995"), ("1/200", "0,005", "0.005")],
)  # fmt: skip
def test_fractions_as_people_and_machines_read_them(value, german, exact):
    assert (staffing.german(Fraction(value)), staffing.exact(Fraction(value))) == (german, exact)
