"""Facts: what was believed stays, every act is one row on record, and of two windows the second is told."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from funding.models import Programme, Rate
from kim import workdays
from kim.models import TrailEntry
from kim.workflow import OutOfTurn, StepRefused
from tests.funding import makers

pytestmark = pytest.mark.django_db

D = dt.date
JULY = D(2020, 7, 1)


@pytest.fixture
def rate():
    with workdays.as_of(D(2021, 3, 1)):
        made = Programme.objects.create(key="p", name="KIM", module="overhead", award="application")
        return Rate.enter(
            by=makers.admin(), programme=made, item="post", amount=55_000, valid_from=JULY, source="Erlass", note="n"
        )


def on(day, *, known=None):
    """What is paid on a day, as known now or on the evening of another."""
    moment = dt.datetime.combine(known, dt.time(20), workdays.BERLIN) if known else None
    return list(Rate.objects.believed(moment).valid_on(day).values_list("amount", flat=True))


def acts():
    return list(TrailEntry.objects.order_by("pk").values_list("act", flat=True))


def test_what_is_entered_is_known_from_now_on_and_on_record(rate):
    assert (on(JULY), on(D(2020, 6, 30))) == ([55_000], [])
    assert (on(JULY, known=D(2021, 2, 28)), on(JULY, known=D(2021, 3, 1))) == ([], [55_000])
    assert (rate.span, rate.last_day, rate.is_believed, acts()) == ("ab 01.07.2020", None, True, ["rate.enter"])
    entry = TrailEntry.objects.get()
    assert (entry.kind, entry.object_id, entry.note) == ("funding.rate", str(rate.pk), "n")
    assert "55" not in entry.note


def test_what_a_paper_told_is_known_from_its_day():
    made = makers.programme()
    moment = dt.datetime(2022, 3, 16, tzinfo=workdays.BERLIN)
    row = Rate.enter(
        by=makers.admin(), programme=made, item="workplace", amount=1, valid_from=JULY, known_from=moment, once=True
    )
    assert row.known_from == moment
    assert Rate.objects.believed(moment - dt.timedelta(seconds=1)).filter(item="workplace").count() == 0


def test_a_correction_changes_what_is_believed_and_not_what_was(rate):
    with workdays.as_of(D(2021, 5, 3)):
        right = rate.correct(by=makers.admin(), amount=57_000)
    rate.refresh_from_db()
    assert (on(JULY), on(JULY, known=D(2021, 5, 2))) == ([57_000], [55_000])
    assert rate.known_until == right.known_from
    assert (right.replaces, right.source, right.history()) == (rate, "Erlass", [right, rate])
    assert acts() == ["rate.enter", "rate.correct"]


def test_a_change_from_a_day_on_leaves_the_time_before_as_it_was(rate):
    later = rate.change_from(D(2023, 1, 1), by=makers.admin(), amount=57_000)
    assert (on(D(2022, 12, 31)), on(D(2023, 1, 1))) == ([55_000], [57_000])
    before = Rate.objects.believed().get(valid_until=D(2023, 1, 1))
    assert (before.replaces, later.replaces, later.by) == (rate, None, makers.admin())
    assert acts() == ["rate.enter", "rate.change", "rate.change"]


def test_a_change_from_the_first_day_is_a_correction(rate):
    right = rate.change_from(JULY, by=makers.admin(), amount=57_000)
    assert (right.replaces, acts()) == (rate, ["rate.enter", "rate.correct"])


@pytest.mark.parametrize("day", [D(2020, 6, 30), D(2023, 1, 1)])
def test_a_change_lies_within_the_days(rate, day):
    ended = rate.end(D(2022, 12, 31), by=makers.admin())
    with pytest.raises(StepRefused, match="liegt nicht in der Zeit 01.07.2020 bis 31.12.2022"):
        ended.change_from(day, by=makers.admin(), amount=57_000)
    assert on(JULY) == [55_000]


def test_an_end_is_the_last_day_and_not_before_the_first(rate):
    with pytest.raises(StepRefused, match="Das Ende liegt vor dem Anfang am 01.07.2020"):
        rate.end(D(2020, 6, 30), by=makers.admin())
    ended = rate.end(JULY, by=makers.admin())
    assert (ended.span, on(JULY), on(D(2020, 7, 2))) == ("01.07.2020", [55_000], [])
    assert acts() == ["rate.enter", "rate.end"]


def test_what_was_never_so_is_withdrawn_with_its_reason(rate):
    with workdays.as_of(D(2021, 5, 3)):
        gone = rate.withdraw(by=makers.admin(), because="verlesen")
    assert (on(JULY), on(JULY, known=D(2021, 5, 2)), gone.withdrawn_because) == ([], [55_000], "verlesen")
    assert acts() == ["rate.enter", "rate.withdraw"]


@pytest.mark.parametrize(
    "act",
    [
        lambda row, by: row.correct(by=by, amount=1),
        lambda row, by: row.change_from(D(2022, 1, 1), by=by, amount=1),
        lambda row, by: row.end(D(2022, 1, 1), by=by),
        lambda row, by: row.withdraw(by=by, because="x"),
        lambda row, by: row.retell(workdays.now(), amount=1),
    ],
    ids=["correct", "change", "end", "withdraw", "retell"],
)
def test_of_two_windows_the_second_is_told(rate, act):
    other_window = Rate.objects.get(pk=rate.pk)
    rate.correct(by=makers.admin(), amount=57_000)
    with pytest.raises(OutOfTurn, match="inzwischen geändert"):
        act(other_window, makers.admin())
    assert (on(JULY), len(acts())) == ([57_000], 2)


def test_a_refused_change_leaves_nothing_half_written(rate):
    with pytest.raises(ValidationError):
        rate.change_from(D(2023, 1, 1), by=makers.admin(), amount=-1)
    with pytest.raises(ValidationError):
        rate.correct(by=makers.admin(), valid_until=D(2020, 1, 1))
    rate.refresh_from_db()
    assert (rate.is_believed, Rate.objects.count(), acts()) == (True, 1, ["rate.enter"])


def test_what_a_later_paper_says_is_known_from_its_day_and_an_older_one_from_now(rate):
    moment = dt.datetime(2022, 3, 16, tzinfo=workdays.BERLIN)
    told = rate.retell(moment, amount=57_000)
    assert (told.known_from, told.by, on(JULY, known=D(2022, 3, 15))) == (moment, None, [55_000])
    again = told.retell(moment - dt.timedelta(days=1), amount=58_000)
    assert again.known_from > moment
    assert acts() == ["rate.enter"]


def test_nobody_learns_of_a_fact_in_the_same_moment_twice(rate):
    """Entered and corrected within one tick of the clock, both rows keep a time in which they were believed."""
    with workdays.as_of(rate.known_from):
        right = rate.correct(by=makers.admin(), amount=57_000)
    rate.refresh_from_db()
    assert rate.known_from < rate.known_until == right.known_from
