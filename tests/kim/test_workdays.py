import time as stopwatch
from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kim import workdays
from kim.templatetags import kim as tags
from kim.workdays import (
    BERLIN,
    Limit,
    Rules,
    add_workdays,
    after_meeting,
    as_of,
    countdown,
    day_off,
    days_strip,
    deadline,
    is_workday,
    next_workday,
    now,
    reminder_days,
    today,
    workdays_between,
)

DAY = timedelta(days=1)
CLOSED = Rules(christmas_eve_is_workday=False, new_years_eve_is_workday=False)

days = st.dates(date(2019, 1, 1), date(2033, 12, 31))
rules = st.builds(Rules, st.booleans(), st.booleans())
limits = st.builds(Limit, st.integers(1, 90), st.sampled_from(["workdays", "days"]))
pauses = st.lists(st.tuples(days, st.integers(0, 40)).map(lambda p: (p[0], p[0] + p[1] * DAY)), max_size=3)


def near(start):
    """Pauses that have a chance to meet a limit that starts on the day."""
    one = st.tuples(st.integers(-20, 120), st.integers(0, 30))
    return st.lists(one.map(lambda p: (start + p[0] * DAY, start + (p[0] + p[1]) * DAY)), max_size=3)


starts_and_pauses = days.flatmap(lambda day: st.tuples(st.just(day), near(day)))


# ---- the time ------------------------------------------------------------------------------------


def test_now_is_aware_and_is_now():
    assert abs(now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert now().utcoffset() is not None


def test_as_of_stops_the_clock_nests_and_lets_go():
    with as_of(date(2026, 4, 13)) as moment:
        assert now() == moment == datetime(2026, 4, 13, 8, tzinfo=BERLIN)
        with as_of(datetime(2020, 1, 1, tzinfo=UTC)):
            assert today() == date(2020, 1, 1)
        assert today() == date(2026, 4, 13)
    assert abs(now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_as_of_lets_go_after_an_error_too():
    with pytest.raises(ZeroDivisionError), as_of(date(2020, 1, 1)):
        1 / 0  # noqa: B018
    assert today() > date(2020, 1, 1)


def test_as_of_refuses_a_naive_moment():
    with pytest.raises(ValueError, match="aware"), as_of(datetime(2026, 1, 1)):  # noqa: DTZ001
        pass


def test_another_thread_keeps_the_real_time():
    seen = []
    with as_of(date(2020, 1, 1)):
        thread = Thread(target=lambda: seen.append(today()))
        thread.start()
        thread.join()
    assert seen[0] > date(2020, 1, 1)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 7, 1, 22, 30, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 12, 31, 22, 30, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_today_is_the_day_in_berlin(moment, day):
    with as_of(moment):
        assert today() == day


# ---- days ----------------------------------------------------------------------------------------

# Statutory holidays of Nordrhein-Westfalen that fall on Monday to Friday.
HOLIDAYS = {
    2021: "01.01. 02.04. 05.04. 13.05. 24.05. 03.06. 01.11.",
    2022: "15.04. 18.04. 26.05. 06.06. 16.06. 03.10. 01.11. 26.12.",
    2023: "07.04. 10.04. 01.05. 18.05. 29.05. 08.06. 03.10. 01.11. 25.12. 26.12.",
    2024: "01.01. 29.03. 01.04. 01.05. 09.05. 20.05. 30.05. 03.10. 01.11. 25.12. 26.12.",
    2025: "01.01. 18.04. 21.04. 01.05. 29.05. 09.06. 19.06. 03.10. 25.12. 26.12.",
    2026: "01.01. 03.04. 06.04. 01.05. 14.05. 25.05. 04.06. 25.12.",
    2027: "01.01. 26.03. 29.03. 06.05. 17.05. 27.05. 01.11.",
}


@pytest.mark.parametrize("year", HOLIDAYS)
def test_the_holidays_of_the_land_and_no_others_are_off(year):
    day, off = date(year, 1, 1), []
    while day.year == year:
        if day.weekday() < 5 and not is_workday(day):
            off.append(f"{day:%d.%m.}")
        day += DAY
    assert " ".join(off) == HOLIDAYS[year]


def test_carnival_monday_and_the_memorial_days_of_november_are_no_holidays():
    assert is_workday(date(2026, 2, 16))  # Rosenmontag
    assert is_workday(date(2026, 11, 18))  # Buß- und Bettag
    assert day_off(date(2026, 11, 15)) is None  # Volkstrauertag


def test_24_and_31_december_are_workdays_unless_the_county_closes():
    eve, silvester = date(2026, 12, 24), date(2026, 12, 31)
    assert is_workday(eve)
    assert is_workday(silvester)
    assert not is_workday(eve, CLOSED)
    assert not is_workday(silvester, CLOSED)
    assert is_workday(eve, Rules(new_years_eve_is_workday=False))
    assert day_off(eve, CLOSED) == "Heiligabend"


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        (date(2026, 3, 30), 10, date(2026, 4, 15)),
        (date(2026, 4, 13), 15, date(2026, 5, 5)),
        (date(2026, 5, 19), 5, date(2026, 5, 27)),
        (date(2026, 4, 15), -2, date(2026, 4, 13)),
        (date(2026, 4, 4), 1, date(2026, 4, 7)),
        (date(2026, 4, 4), -1, date(2026, 4, 2)),
        (date(2026, 4, 4), 0, date(2026, 4, 4)),
        (date(2024, 12, 23), 5, date(2025, 1, 2)),
        (date(2025, 1, 2), -5, date(2024, 12, 23)),
    ],
)
def test_adding_workdays_counts_from_the_next_day(day, n, expected):
    assert add_workdays(day, n) == expected


def naive_add(day, n, rules):
    step = DAY if n > 0 else -DAY
    left = abs(n)
    while left:
        day += step
        left -= is_workday(day, rules)
    return day


@given(days, st.integers(-300, 300), rules)
def test_adding_equals_walking_day_by_day(day, n, rules):
    assert add_workdays(day, n, rules) == naive_add(day, n, rules)


@given(days, st.integers(-300, 300), rules)
def test_going_there_and_back_ends_where_it_began(day, n, rules):
    day = next_workday(day, rules)
    assert add_workdays(add_workdays(day, n, rules), -n, rules) == day


@given(days, st.integers(-300, 300), rules)
def test_between_undoes_adding(day, n, rules):
    day = next_workday(day, rules)
    assert workdays_between(day, add_workdays(day, n, rules), rules) == n


@given(days, days, rules)
def test_between_counts_the_workdays_after_the_start_up_to_the_end(a, b, rules):
    low, high = min(a, b), max(a, b)
    counted = sum(is_workday(low + n * DAY, rules) for n in range(1, (high - low).days + 1))
    assert workdays_between(a, b, rules) == (counted if a <= b else -counted)


@given(days, days, days, rules)
def test_between_adds_up_over_a_stop_on_the_way(a, b, c, rules):
    assert workdays_between(a, b, rules) + workdays_between(b, c, rules) == workdays_between(a, c, rules)


# ---- deadlines -----------------------------------------------------------------------------------


def naive_due(start, limit, pauses, rules):
    """The clock as the chain's description tells it, one day at a time."""
    day, left = start, limit.amount
    paused = {begin + n * DAY for begin, until in pauses for n in range((until - begin).days + 1)}
    while left:
        day += DAY
        left -= day not in paused and (limit.unit == "days" or is_workday(day, rules))
    while day in paused or not is_workday(day, rules):
        day += DAY
    return day


@given(starts_and_pauses, limits, rules)
def test_a_deadline_equals_counting_day_by_day(case, limit, rules):
    start, pauses = case
    assert deadline(start, limit, pauses, rules).due == naive_due(start, limit, pauses, rules)


@given(days, pauses, limits, rules)
def test_nothing_is_due_on_a_day_off_or_in_a_pause(start, pauses, limit, rules):
    due = deadline(start, limit, pauses, rules).due
    assert due > start
    assert is_workday(due, rules)
    assert not any(begin <= due <= until for begin, until in pauses)


@given(days, days, limits, rules)
def test_who_enters_later_is_never_due_earlier(a, b, limit, rules):
    first, second = sorted((a, b))
    assert deadline(first, limit, rules=rules).due <= deadline(second, limit, rules=rules).due


@given(starts_and_pauses, st.integers(1, 60), st.sampled_from(["workdays", "days"]), rules)
def test_a_longer_limit_is_never_due_earlier(case, amount, unit, rules):
    start, pauses = case
    shorter = deadline(start, Limit(amount, unit), pauses, rules).due
    assert shorter <= deadline(start, Limit(amount + 1, unit), pauses, rules).due


@given(days, st.integers(1, 60), st.integers(0, 59), st.integers(0, 30), rules)
def test_a_pause_inside_moves_the_due_day_by_the_workdays_it_takes_out(start, amount, begins, length, rules):
    limit = Limit(amount, "workdays")
    plain = deadline(start, limit, rules=rules).due
    begin = start + DAY + begins % max(1, (plain - start).days) * DAY
    until = begin + length * DAY
    lost = workdays_between(begin - DAY, until, rules)
    assert deadline(start, limit, [(begin, until)], rules).due == add_workdays(plain, lost, rules)


@given(days, limits, rules)
def test_a_pause_outside_the_limit_moves_nothing(start, limit, rules):
    plain = deadline(start, limit, rules=rules)
    outside = [(start - 9 * DAY, start), (plain.due + DAY, plain.due + 9 * DAY)]
    assert deadline(start, limit, outside, rules) == plain


@given(starts_and_pauses, limits, rules)
def test_what_was_skipped_explains_the_whole_distance(case, limit, rules):
    start, pauses = case
    found = deadline(start, limit, pauses, rules)
    if limit.unit == "workdays":
        weekdays = sum((start + n * DAY).weekday() < 5 for n in range(1, (found.due - start).days + 1))
        in_weekend_free_pause = sum(skip.day.weekday() < 5 for skip in found.skipped)
        holidays_in_pauses = sum(
            day.weekday() < 5 and not is_workday(day, rules) and any(a <= day <= b for a, b in pauses)
            for day in (start + n * DAY for n in range(1, (found.due - start).days + 1))
        )
        assert weekdays == limit.amount + in_weekend_free_pause + holidays_in_pauses
    assert found.words.endswith(f"→ {found.due:%d.%m.%Y}")


WORKDAYS_IN_WORDS = [
    (
        date(2026, 3, 30),
        10,
        [],
        date(2026, 4, 15),
        "10 Arbeitstage ab 30.03.2026; Karfreitag 03.04. und Ostermontag 06.04. übersprungen → 15.04.2026",
    ),
    (
        date(2026, 4, 13),
        15,
        [],
        date(2026, 5, 5),
        "15 Arbeitstage ab 13.04.2026; 1. Mai übersprungen → 05.05.2026",
    ),
    (date(2026, 6, 8), 1, [], date(2026, 6, 9), "1 Arbeitstag ab 08.06.2026 → 09.06.2026"),
    (date(2026, 6, 12), 5, [], date(2026, 6, 19), "5 Arbeitstage ab 12.06.2026 → 19.06.2026"),
    (
        date(2026, 3, 30),
        10,
        [(date(2026, 4, 7), date(2026, 4, 8)), (date(2026, 4, 9), date(2026, 4, 9))],
        date(2026, 4, 20),
        "10 Arbeitstage ab 30.03.2026; Karfreitag 03.04. und Ostermontag 06.04. übersprungen; "
        "Pause 07.04. bis 09.04. nicht mitgezählt → 20.04.2026",
    ),
    (
        date(2026, 6, 8),
        5,
        [(date(2026, 6, 10), date(2026, 6, 10)), (date(2026, 6, 15), date(2026, 6, 16))],
        date(2026, 6, 18),
        "5 Arbeitstage ab 08.06.2026; Pausen 10.06. und 15.06. bis 16.06. nicht mitgezählt → 18.06.2026",
    ),
    # A pause that only covers a weekend takes nothing out and is not worth a word.
    (
        date(2026, 6, 8),
        5,
        [(date(2026, 6, 13), date(2026, 6, 14))],
        date(2026, 6, 15),
        "5 Arbeitstage ab 08.06.2026 → 15.06.2026",
    ),
    (
        date(2026, 3, 30),
        60,
        [],
        date(2026, 6, 30),
        "60 Arbeitstage ab 30.03.2026; 6 Feiertage zwischen 03.04.2026 und 04.06.2026 übersprungen → 30.06.2026",
    ),
]


@pytest.mark.parametrize(("start", "amount", "pauses", "due", "words"), WORKDAYS_IN_WORDS)
def test_a_limit_in_workdays_tells_its_arithmetic(start, amount, pauses, due, words):
    found = deadline(start, Limit(amount, "workdays"), pauses)
    assert (found.due, found.words) == (due, words)


def test_days_the_county_closes_are_named_like_holidays():
    found = deadline(date(2026, 12, 23), Limit(3, "workdays"), rules=CLOSED)
    assert found.words == (
        "3 Arbeitstage ab 23.12.2026; Heiligabend 24.12. und 1. Weihnachtstag 25.12. übersprungen → 30.12.2026"
    )
    assert deadline(date(2026, 12, 30), Limit(1, "workdays"), rules=CLOSED).words == (
        "1 Arbeitstag ab 30.12.2026; Silvester 31.12. und Neujahr 01.01. übersprungen → 04.01.2027"
    )
    assert deadline(date(2026, 12, 23), Limit(3, "workdays")).due == date(2026, 12, 29)


CALENDAR_DAYS_IN_WORDS = [
    (
        date(2026, 3, 31),
        60,
        [],
        date(2026, 6, 1),
        "60 Tage ab 31.03.2026; Ende am Samstag 30.05. auf den nächsten Arbeitstag verschoben → 01.06.2026",
    ),
    (date(2026, 3, 30), 60, [], date(2026, 5, 29), "60 Tage ab 30.03.2026 → 29.05.2026"),
    (
        date(2026, 4, 1),
        30,
        [],
        date(2026, 5, 4),
        "30 Tage ab 01.04.2026; Ende am 1. Mai auf den nächsten Arbeitstag verschoben → 04.05.2026",
    ),
    (
        date(2026, 4, 1),
        2,
        [],
        date(2026, 4, 7),
        "2 Tage ab 01.04.2026; Ende am Karfreitag 03.04. auf den nächsten Arbeitstag verschoben → 07.04.2026",
    ),
    (
        date(2026, 6, 8),
        10,
        [(date(2026, 6, 10), date(2026, 6, 12))],
        date(2026, 6, 22),
        "10 Tage ab 08.06.2026; Pause 10.06. bis 12.06. nicht mitgezählt; "
        "Ende am Sonntag 21.06. auf den nächsten Arbeitstag verschoben → 22.06.2026",
    ),
    # The end moves to Monday, which lies in a pause: it moves on to the first working day behind it.
    (
        date(2026, 6, 8),
        5,
        [(date(2026, 6, 15), date(2026, 6, 16))],
        date(2026, 6, 17),
        "5 Tage ab 08.06.2026; Pause 15.06. bis 16.06. nicht mitgezählt; "
        "Ende am Samstag 13.06. auf den nächsten Arbeitstag verschoben → 17.06.2026",
    ),
    (
        date(2025, 12, 1),
        90,
        [],
        date(2026, 3, 2),
        "90 Tage ab 01.12.2025; Ende am Sonntag 01.03. auf den nächsten Arbeitstag verschoben → 02.03.2026",
    ),
    (date(2026, 6, 8), 1, [], date(2026, 6, 9), "1 Tag ab 08.06.2026 → 09.06.2026"),
]


@pytest.mark.parametrize(("start", "amount", "pauses", "due", "words"), CALENDAR_DAYS_IN_WORDS)
def test_a_limit_in_calendar_days_follows_the_civil_code(start, amount, pauses, due, words):
    found = deadline(start, Limit(amount, "days"), pauses)
    assert (found.due, found.words) == (due, words)


def test_after_a_meeting_the_words_name_it():
    found = after_meeting(date(2026, 5, 19), Limit(5, "workdays"))
    assert found.due == date(2026, 5, 27)
    assert found.words == "Sitzung am 19.05.2026 + 5 Arbeitstage; Pfingstmontag 25.05. übersprungen → 27.05.2026"


def test_impossible_limits_and_pauses_are_refused():
    with pytest.raises(ValueError, match="at least one day"):
        Limit(0, "workdays")
    with pytest.raises(ValueError, match="weeks"):
        Limit(3, "weeks")
    with pytest.raises(ValueError, match="before it begins"):
        deadline(date(2026, 6, 8), Limit(3, "days"), [(date(2026, 6, 12), date(2026, 6, 11))])


# ---- the strip, the countdown, the reminders -----------------------------------------------------


def test_the_strip_is_the_one_of_the_design():
    start = date(2026, 3, 30)
    cells = days_strip(start, deadline(start, Limit(10, "workdays")), on=date(2026, 4, 13))
    shown = " ".join(f"{c.weekday}{c.count}{c.date:%d.%m.}{c.css}" for c in cells)
    assert shown == (
        "Di131.03. Mi201.04. Do302.04. Fr–03.04.holiday Mo–06.04.holiday Di407.04. Mi508.04. Do609.04. "
        "Fr710.04. Mo813.04.today Di914.04.left Mi1015.04.due"
    )


def test_the_strip_shows_paused_days_as_off():
    start = date(2026, 6, 8)
    found = deadline(start, Limit(3, "workdays"), [(date(2026, 6, 10), date(2026, 6, 10))])
    cells = [(c.weekday, c.count, c.css) for c in days_strip(start, found, on=date(2026, 6, 9))]
    assert cells == [("Di", "1", "today"), ("Mi", "–", "off"), ("Do", "2", "left"), ("Fr", "3", "due")]


def test_the_strip_of_calendar_days_numbers_the_weekend_and_shows_where_the_end_moved():
    start = date(2026, 6, 10)
    cells = days_strip(start, deadline(start, Limit(3, "days")), on=date(2026, 6, 10))
    assert [(c.weekday, c.count, c.css) for c in cells] == [
        ("Do", "1", "left"), ("Fr", "2", "left"), ("Sa", "3", "left"), ("So", "–", "off"), ("Mo", "–", "due"),
    ]  # fmt: skip


def test_a_long_way_has_no_strip():
    start = date(2026, 6, 8)
    assert len(days_strip(start, deadline(start, Limit(16, "workdays")), on=start)) == 16
    assert days_strip(start, deadline(start, Limit(17, "workdays")), on=start) == []
    assert days_strip(start, deadline(start, Limit(60, "days")), on=start) == []


@given(starts_and_pauses, st.integers(1, 12), rules)
def test_the_strip_counts_to_the_limit_and_ends_on_the_due_day(case, amount, rules):
    start, pauses = case
    found = deadline(start, Limit(amount, "workdays"), pauses, rules)
    cells = days_strip(start, found, on=start)
    if cells:
        assert [int(c.count) for c in cells if c.count != "–"] == list(range(1, amount + 1))
        assert (cells[-1].date, cells[-1].css) == (found.due, "due")


@pytest.mark.parametrize(
    ("on", "words", "tone"),
    [
        (date(2026, 3, 30), "noch 10 Arbeitstage", ""),
        (date(2026, 4, 10), "noch 3 Arbeitstage", ""),
        (date(2026, 4, 13), "noch 2 Arbeitstage", "soon"),
        (date(2026, 4, 14), "noch 1 Arbeitstag", "soon"),
        (date(2026, 4, 15), "heute fällig", "soon"),
        (date(2026, 4, 16), "1 Arbeitstag zu spät", "late"),
        (date(2026, 4, 21), "4 Arbeitstage zu spät", "late"),
    ],
)
def test_the_countdown_counts_workdays(on, words, tone):
    assert countdown(date(2026, 4, 15), on) == (words, tone)


def test_the_countdown_knows_the_weekend_after_and_a_due_day_on_a_weekend():
    assert countdown(date(2026, 6, 12), date(2026, 6, 13)) == ("überfällig", "late")
    assert countdown(date(2026, 6, 13), date(2026, 6, 12)) == ("fällig am Samstag", "soon")


def test_reminders_come_early_on_the_day_every_five_workdays_and_go_up_after_ten():
    found = reminder_days(date(2026, 4, 15), after=date(2026, 4, 1), upto=date(2026, 5, 7))
    assert found == [
        ("early", date(2026, 4, 13)),
        ("due", date(2026, 4, 15)),
        ("overdue", date(2026, 4, 22)),
        ("overdue", date(2026, 4, 29)),
        ("escalate", date(2026, 4, 29)),
        ("overdue", date(2026, 5, 7)),
    ]


def test_reminders_for_a_due_day_off_come_on_the_next_workday():
    assert reminder_days(date(2026, 6, 13), date(2026, 6, 1), date(2026, 6, 16)) == [
        ("early", date(2026, 6, 11)),
        ("due", date(2026, 6, 15)),
    ]


@given(days, st.integers(-40, 200), st.integers(0, 60), st.integers(0, 60), rules)
def test_two_sweeps_give_what_one_gives_nothing_twice_nothing_lost(due, begins, first, second, rules):
    after = due + begins * DAY
    stop = after + first * DAY
    upto = stop + second * DAY
    whole = reminder_days(due, after, upto, rules)
    assert reminder_days(due, after, stop, rules) + reminder_days(due, stop, upto, rules) == whole
    assert whole == sorted(whole, key=lambda reminder: reminder[1])
    assert len(set(whole)) == len(whole)
    assert all(is_workday(day, rules) and after < day <= upto for _, day in whole)


@given(days, st.integers(0, 200), rules)
def test_overdue_reminders_are_five_workdays_apart(due, length, rules):
    due = next_workday(due, rules)
    found = reminder_days(due, due - 30 * DAY, due + length * DAY, rules)
    overdue = [day for kind, day in found if kind == "overdue"]
    assert [workdays_between(due, day, rules) for day in overdue] == [5 * n for n in range(1, len(overdue) + 1)]
    assert len(overdue) == workdays_between(due, due + length * DAY, rules) // 5
    assert [workdays_between(due, day, rules) for kind, day in found if kind == "escalate"] in ([], [10])


def test_a_thousand_due_dates_are_swept_in_a_moment():
    began = stopwatch.process_time()
    for n in range(1000):
        due = date(2024, 1, 1) + n * DAY
        reminder_days(due, date(2026, 11, 19), date(2026, 11, 20))
        countdown(due, date(2026, 11, 20))
    assert stopwatch.process_time() - began < 0.5


def test_the_calendar_is_worked_out_once_a_year():
    workdays._workdays_of.cache_clear()
    for n in range(300):
        is_workday(date(2026, 1, 1) + n * DAY)
        add_workdays(date(2026, 1, 1) + n * DAY, 1)
    assert workdays._workdays_of.cache_info().misses == 1


def test_a_day_of_another_year_carries_its_year():
    with as_of(datetime(2026, 12, 1, 9, tzinfo=BERLIN)):
        assert workdays.near(date(2026, 12, 4)) == "04.12."
        assert workdays.near(date(2027, 1, 4)) == "04.01.2027"
        assert tags.short_day(date(2027, 1, 4)) == "Mo 04.01.2027"
        assert tags.day_and_month(date(2025, 2, 16)) == "16.02.2025"
