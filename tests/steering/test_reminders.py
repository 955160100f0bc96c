"""The morning sweep: every reminder owed is written down once, whatever happens to those who write it."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kim import workdays
from kim.models import JobRun, TrailEntry, User
from kim.workflow import StepRefused
from steering import desks, reminders, whereabouts
from steering.escalation import State
from steering.models import Issue, Reminder
from tests.factories import codes, county, holder_of, issue_at, limits, municipality

MONDAY = dt.date(2026, 4, 13)
MORNING = dt.time(6, 10)


def at(day, clock=MORNING):
    return workdays.as_of(dt.datetime.combine(day, clock, workdays.BERLIN))


def sweep_on(day, clock=MORNING):
    with at(day, clock):
        return reminders.sweep()


def many(number, *, due, since=dt.date(2026, 1, 5), first=1, **fields):
    """`number` issues at the coordination, due on one day or on each of several, straight into the table."""
    topic, place = codes().topic, municipality()
    since = dt.datetime.combine(since, dt.time(9), workdays.BERLIN)
    days = [due] if isinstance(due, dt.date) else list(due)
    return Issue.objects.bulk_create(
        [
            Issue(
                **{
                    "number": f"KP-2025-{no:06d}",
                    "title": "Wartezeit",
                    "state": State.COORDINATION,
                    "step_no": 1,
                    "topic": topic,
                    "municipality": place,
                    "reported_at": since,
                    "state_since": since,
                    "due_on": days[no % len(days)],
                }
                | fields
            )
            for no in range(first, first + number)
        ],
        batch_size=2000,
    )


def given_to(issue):
    return sorted(issue.reminders.values_list("kind", "day", "given_on"))


@pytest.mark.django_db
class TestASweep:
    def test_writes_the_early_warning_the_due_day_and_every_fifth_working_day_after(self):
        (issue,) = many(1, due=MONDAY)
        day = dt.date(2026, 4, 1)
        while day <= dt.date(2026, 5, 12):
            sweep_on(day)
            day += dt.timedelta(days=1)
        assert given_to(issue) == sorted(
            (kind, on, on) for kind, on in workdays.reminder_days(MONDAY, dt.date(2026, 3, 1), dt.date(2026, 5, 12))
        )
        assert [kind for kind, *_ in given_to(issue)].count("overdue") == 4

    @pytest.mark.parametrize(
        "moment",
        [
            (2026, 4, 13, 5, 59),
            (2026, 4, 13, 12, 0),
            (2026, 4, 13, 23, 30),
            (2026, 4, 11, 7, 0),  # Saturday
            (2026, 4, 12, 7, 0),  # Sunday
            (2026, 4, 6, 7, 0),  # Easter Monday
            (2026, 3, 29, 7, 0),  # a Sunday on which the clocks change
        ],
    )
    def test_does_nothing_at_night_on_weekends_and_holidays(self, moment):
        moment = dt.datetime(*moment, tzinfo=workdays.BERLIN)
        many(3, due=moment.date())
        with workdays.as_of(moment):
            assert reminders.sweep() is None
        assert not Reminder.objects.exists()
        assert not JobRun.objects.exists()

    @pytest.mark.parametrize("day", [dt.date(2026, 3, 30), dt.date(2026, 10, 26)])
    def test_runs_at_six_in_berlin_on_the_mornings_after_the_clocks_changed(self, day):
        (issue,) = many(1, due=day)
        assert sweep_on(day, dt.time(5, 59)) is None
        assert sweep_on(day, dt.time(6, 0)) is not None
        assert ("due", day, day) in given_to(issue)

    def test_leaves_christmas_eve_alone_where_the_county_is_closed(self):
        county(christmas_eve_is_workday=False)
        (issue,) = many(1, due=dt.date(2026, 12, 24))
        assert sweep_on(dt.date(2026, 12, 24)) is None
        sweep_on(dt.date(2026, 12, 28))
        assert not issue.reminders.filter(day=dt.date(2026, 12, 24)).exists()

    def test_the_first_one_looks_at_its_own_day_only(self):
        (issue,) = many(1, due=MONDAY - dt.timedelta(days=3))
        sweep_on(MONDAY)
        assert given_to(issue) == []

    def test_catches_up_after_days_of_outage(self):
        (issue,) = many(1, due=MONDAY)
        sweep_on(dt.date(2026, 4, 8))
        back = dt.date(2026, 4, 20)  # ten days later
        sweep_on(back)
        assert given_to(issue) == [
            ("due", MONDAY, back),
            ("early", dt.date(2026, 4, 9), back),
            ("overdue", dt.date(2026, 4, 20), back),
        ]
        assert JobRun.objects.get(job="reminders", day=back).result == "3 Erinnerungen aus 12 Tagen"

    def test_is_not_repeated_on_the_same_morning(self):
        many(1, due=MONDAY)
        assert sweep_on(MONDAY) == "1 Erinnerung"
        assert sweep_on(MONDAY, dt.time(6, 20)) is None

    def test_finds_what_a_killed_one_wrote_and_writes_the_rest(self, monkeypatch):
        issues = many(25, due=MONDAY)
        monkeypatch.setattr(reminders, "BATCH", 10)
        write, calls = reminders._write, []

        def killed_in_the_second_batch(*args):
            calls.append(args)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return write(*args)

        monkeypatch.setattr(reminders, "_write", killed_in_the_second_batch)
        with pytest.raises(KeyboardInterrupt):
            sweep_on(MONDAY)
        assert Reminder.objects.count() == 10
        assert not reminders.swept(MONDAY)
        monkeypatch.setattr(reminders, "_write", write)
        assert sweep_on(MONDAY, dt.time(6, 20)) == "15 Erinnerungen"
        assert Reminder.objects.count() == len(issues)

    def test_an_error_is_on_record_without_its_message_and_the_day_stays_open(self, monkeypatch):
        many(1, due=MONDAY)

        def fail(*args):
            raise ValueError("Frau Beispiel")

        monkeypatch.setattr(reminders, "_keys", fail)
        with pytest.raises(ValueError, match="Beispiel"):
            sweep_on(MONDAY)
        run = JobRun.objects.get(job="reminders")
        assert run.error.startswith("ValueError")
        assert "Beispiel" not in run.error
        assert not reminders.swept(MONDAY)

    def test_at_ten_working_days_the_next_office_is_told_and_the_trail_says_so_once(self):
        (issue,) = many(1, due=MONDAY)
        tenth = workdays.add_workdays(MONDAY, 10)
        sweep_on(tenth)
        JobRun.objects.all().delete()
        sweep_on(tenth)
        assert [kind for kind, *_ in given_to(issue)] == ["escalate", "overdue"]
        assert TrailEntry.objects.filter(act="issue.escalate", object_id=str(issue.pk)).count() == 1

    def test_does_not_touch_drafts_and_issues_without_a_clock(self):
        issue_at(State.DRAFT)
        many(1, due=MONDAY, state=State.DRAFT)
        sweep_on(MONDAY)
        assert not Reminder.objects.exists()

    def test_asks_the_database_as_often_for_many_as_for_few(self):
        counted = []
        for first, number in ((1, 3), (100, 120)):
            many(number, due=MONDAY, first=first)
            Reminder.objects.all().delete()
            JobRun.objects.all().delete()
            with CaptureQueriesContext(connection) as count:
                sweep_on(MONDAY)
            counted.append(len(count))
        assert counted[0] == counted[1] <= 30


@pytest.mark.django_db
class TestThePause:
    @pytest.fixture
    def issue(self):
        limits()
        with at(dt.date(2026, 3, 30), dt.time(9)):
            issue = issue_at(State.COORDINATION)
        assert issue.due_on == dt.date(2026, 4, 15)
        return issue

    def test_nothing_is_owed_while_it_lasts(self, issue):
        with at(dt.date(2026, 4, 13), dt.time(5)):
            issue.pause(by=holder_of(issue), until=dt.date(2026, 4, 24), reason="Auskunft des Landes steht aus.")
        for day in (13, 14, 15, 16, 22, 23, 24):
            sweep_on(dt.date(2026, 4, day))
        assert given_to(issue) == []

    def test_its_days_are_not_caught_up_after_an_outage(self, issue):
        sweep_on(dt.date(2026, 4, 10))
        with at(dt.date(2026, 4, 14), dt.time(5)):
            issue.pause(by=holder_of(issue), until=dt.date(2026, 4, 17), reason="Auskunft des Landes steht aus.")
        issue.refresh_from_db()
        assert issue.due_on == dt.date(2026, 4, 21)  # its early warning would be on the 17th
        sweep_on(dt.date(2026, 4, 20))
        assert given_to(issue) == []
        sweep_on(dt.date(2026, 4, 21))
        assert [kind for kind, *_ in given_to(issue)] == ["due"]

    def test_it_ends_by_itself_and_the_sweep_does_not_wait_for_that_to_be_noted(self, issue):
        with at(dt.date(2026, 4, 13), dt.time(5)):
            issue.pause(by=holder_of(issue), until=dt.date(2026, 4, 14), reason="Auskunft des Landes steht aus.")
        issue.refresh_from_db()
        assert issue.due_on == dt.date(2026, 4, 17)
        sweep_on(dt.date(2026, 4, 15))
        assert given_to(issue) == [("early", dt.date(2026, 4, 15), dt.date(2026, 4, 15))]
        with at(dt.date(2026, 4, 15), dt.time(7)):
            assert reminders.end_pauses() == 1
            assert reminders.end_pauses() == 0
        issue.refresh_from_db()
        assert not issue.is_paused
        assert TrailEntry.objects.filter(act="issue.pause_over", object_id=str(issue.pk)).count() == 1

    def test_it_is_over_everywhere_while_nobody_notes_it(self, issue, client):
        holder = holder_of(issue)
        with at(dt.date(2026, 4, 13), dt.time(5)):
            issue.pause(by=holder, until=dt.date(2026, 4, 14), reason="Auskunft des Landes steht aus.")
            issue.refresh_from_db()
            assert (issue.is_paused, whereabouts.tone(issue)) == (True, "paused")
        client.force_login(holder)
        late = reverse("steering:issue_list") + "?due="
        with at(dt.date(2026, 4, 22), dt.time(9)):
            assert not issue.is_paused
            assert issue.is_overdue
            assert whereabouts.countdown(issue) == "3 Arbeitstage zu spät"
            assert desks.figures(User.objects.get(pk=holder.pk)).late == 1
            assert issue.number in client.get(late + "late").text
            assert issue.number not in client.get(late + "paused").text
            page = client.get(issue.get_absolute_url()).text
            assert "wartet auf Dritte bis" not in page
            assert "Uhr weiterlaufen lassen" not in page

    def test_another_one_can_begin_while_nobody_notes_that_the_first_is_over(self, issue):
        with at(dt.date(2026, 4, 13), dt.time(5)):
            issue.pause(by=holder_of(issue), until=dt.date(2026, 4, 14), reason="Auskunft des Landes steht aus.")
        with at(dt.date(2026, 4, 16), dt.time(9)):
            with pytest.raises(StepRefused, match="nicht angehalten"):
                issue.resume(by=holder_of(issue))
            issue.pause(by=holder_of(issue), until=dt.date(2026, 4, 16), reason="Noch eine Rückfrage.")
            assert issue.is_paused
        assert issue.due_on == dt.date(2026, 4, 20)

    def test_it_lasts_to_the_end_of_its_last_day(self, issue):
        with at(dt.date(2026, 4, 13), dt.time(5)):
            issue.pause(by=holder_of(issue), until=dt.date(2026, 4, 14), reason="Auskunft des Landes steht aus.")
        with at(dt.date(2026, 4, 14), dt.time(23, 59)):
            assert reminders.end_pauses() == 0

    def test_what_was_written_before_the_due_date_moved_no_longer_stands(self, issue):
        sweep_on(dt.date(2026, 4, 13))
        day = dt.date(2026, 4, 13)
        assert reminders.standing(dt.date.min, day).count() == 1
        with at(day, dt.time(6, 30)):
            issue.pause(by=holder_of(issue), until=dt.date(2026, 4, 14), reason="Auskunft des Landes steht aus.")
        assert reminders.standing(dt.date.min, day).count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_write_each_reminder_once(monkeypatch):
    monkeypatch.setattr(reminders, "BATCH", 20)
    many(120, due=[MONDAY, workdays.add_workdays(MONDAY, -10)])
    both, wrong = threading.Barrier(2), []

    def run():
        try:
            both.wait(5)
            sweep_on(MONDAY)
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert Reminder.objects.filter(kind="due").count() == 60
    assert Reminder.objects.filter(kind="overdue").count() == 60
    assert TrailEntry.objects.filter(act="issue.escalate").count() == 60


days = st.dates(dt.date(2026, 3, 16), dt.date(2026, 6, 12))


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=st.sets(days, min_size=1, max_size=12), dues=st.lists(days, min_size=1, max_size=5), again=st.booleans())
def test_over_any_calendar_each_owed_reminder_is_given_exactly_once(runs, dues, again):
    with transaction.atomic():
        issues = many(len(dues), due=dues)
        for day in sorted(runs):
            sweep_on(day)
            if again:
                sweep_on(day, dt.time(9))
        mornings = [day for day in sorted(runs) if workdays.is_workday(day)]
        for issue in issues:
            owed = (
                workdays.reminder_days(issue.due_on, mornings[0] - dt.timedelta(days=1), mornings[-1])
                if mornings
                else []
            )
            given = list(issue.reminders.values_list("kind", "day"))
            assert sorted(given) == sorted(owed)
            for day, on in issue.reminders.values_list("day", "given_on"):
                assert on == min(run for run in mornings if run >= day)
        transaction.set_rollback(True)
