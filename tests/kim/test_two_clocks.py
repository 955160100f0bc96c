"""The days on which the clock is turned, and a clock that is put right: no job of the timetable is left out or doubled.

2026-10-25 has two hours between two and three, 2027-03-28 has none.
"""

import datetime as dt

import pytest
from celery.schedules import crontab

from kim import jobs, mail, tasks, workdays
from kim.celery import TIMETABLE, app
from kim.models import JobRun, Mail
from kim.workdays import BERLIN

TURNED = [dt.date(2026, 10, 25), dt.date(2027, 3, 28)]


def knocks(when: crontab, first: dt.datetime, last: dt.datetime) -> list[dt.datetime]:
    """When beat would knock between the two, asked as beat asks: from the last knock on, every minute."""
    found, now, before = [], first, first
    while now < last:
        when.nowfun = lambda now=now: now.astimezone(BERLIN)
        when.app = app
        if when.is_due(before.astimezone(BERLIN)).is_due:
            found.append(now)
            before = now
        now += dt.timedelta(minutes=1)
    return found


def hours_of(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    midnight = dt.time(0)
    begin = dt.datetime.combine(day, midnight, BERLIN).astimezone(dt.UTC)
    end = dt.datetime.combine(day + dt.timedelta(days=1), midnight, BERLIN).astimezone(dt.UTC)
    return begin, end


DAILY = {"publish", "sweep", "erase", "files", "retention", "check_trail"}


@pytest.mark.parametrize("day", TURNED)
@pytest.mark.parametrize("job", sorted(name for name, (_, when, _) in TIMETABLE.items() if isinstance(when, crontab)))
def test_on_a_day_the_clock_is_turned_every_job_is_knocked_for(job, day):
    when = TIMETABLE[job][1]
    heard = knocks(when, *hours_of(day))
    assert heard, f"{job} is left out"
    if job in DAILY:
        # At most once more, in the hour that comes twice; rows make the second do nothing.
        assert len(heard) <= 2
    gaps = [(after - before).total_seconds() for before, after in zip(heard, heard[1:], strict=False)]
    assert job in DAILY or max(gaps) <= 3600 * 2


@pytest.mark.django_db
@pytest.mark.parametrize("day", TURNED)
class TestTheRowsOfThatDay:
    def moments(self, day):
        """Every half hour of the day, through the hour that comes twice or not at all."""
        begin, end = hours_of(day)
        return [begin + dt.timedelta(minutes=30 * no) for no in range(int((end - begin).total_seconds()) // 1800)]

    def test_it_has_one_row_of_a_job_however_often_it_ran(self, day):
        for moment in self.moments(day):
            with workdays.as_of(moment):
                tasks.heartbeat()
        assert list(JobRun.objects.values_list("day", flat=True)) == [day]
        assert jobs.done("heartbeat", day)

    def test_the_day_has_all_its_hours_and_no_other(self, day):
        days = set()
        for moment in self.moments(day):
            with workdays.as_of(moment):
                days.add(workdays.today())
        assert days == {day}
        assert len(self.moments(day)) == (50 if day.month == 10 else 46)

    def test_mail_leaves_once(self, day, settings):
        settings.KIM_MAIL_TRANSPORT = "files"
        begin = self.moments(day)[0]
        with workdays.as_of(begin):
            for no in range(3):
                mail.queue(key=f"mail:{no}", to="a@kim.example", subject="S", body="B")
        for moment in self.moments(day):
            with workdays.as_of(moment):
                mail.send_due()
        assert set(Mail.objects.values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.django_db
class TestAClockPutRight:
    NOON = dt.datetime(2026, 11, 18, 12, tzinfo=BERLIN)

    def test_back_by_minutes_mail_waits_for_them_and_leaves_once(self, settings):
        settings.KIM_MAIL_TRANSPORT = "files"
        with workdays.as_of(self.NOON):
            mail.queue(key="mail:1", to="a@kim.example", subject="S", body="B")
        with workdays.as_of(self.NOON - dt.timedelta(minutes=5)):
            mail.send_due()
        assert Mail.objects.get().state == "queued"
        for _ in range(2):
            with workdays.as_of(self.NOON + dt.timedelta(seconds=1)):
                mail.send_due()
        assert Mail.objects.get().attempts == 1

    def test_a_run_that_ended_before_it_began_is_still_a_run(self):
        with workdays.as_of(self.NOON):
            run = jobs.run("pauses")
            run.__enter__()
        with workdays.as_of(self.NOON - dt.timedelta(minutes=5)):
            run.__exit__(None, None, None)
        assert jobs.done("pauses", self.NOON.date())

    def test_back_over_midnight_makes_no_second_row_of_the_day(self):
        midnight = dt.datetime(2026, 11, 19, 0, 1, tzinfo=BERLIN)
        for minutes in (0, -5, 0, -5, 0):
            with workdays.as_of(midnight + dt.timedelta(minutes=minutes)):
                tasks.heartbeat()
        assert sorted(JobRun.objects.values_list("day", flat=True)) == [dt.date(2026, 11, 18), dt.date(2026, 11, 19)]


@pytest.mark.django_db
class TestAMailServerThatIsAwayForADay:
    MORNING = dt.datetime(2026, 11, 18, 8, tzinfo=BERLIN)

    @pytest.fixture(autouse=True)
    def closed(self, settings):
        settings.KIM_MAIL_TRANSPORT = "smtp"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    def test_nothing_is_given_up_and_everything_leaves_within_a_minute_of_its_return(self, monkeypatch):
        with workdays.as_of(self.MORNING):
            for no in range(5):
                mail.queue(key=f"mail:{no}", to=f"u{no}@kim.example", subject="S", body="B")
        for minutes in range(0, 24 * 60, 7):
            with workdays.as_of(self.MORNING + dt.timedelta(minutes=minutes)):
                mail.send_due()
        assert set(Mail.objects.values_list("state", flat=True)) == {"queued"}
        taken = []
        monkeypatch.setattr(mail.SmtpTransport, "send", lambda self, one: taken.append(mail.message_id(one)))
        with workdays.as_of(self.MORNING + dt.timedelta(days=1, minutes=1)):
            mail.send_due()
        assert len(taken) == len(set(taken)) == 5
        assert set(Mail.objects.values_list("state", "attempts")) == {("sent", 1)}

    def test_after_five_days_nobody_is_told_old_news_and_it_is_seen(self):
        with workdays.as_of(self.MORNING):
            mail.queue(key="mail:1", to="a@kim.example", subject="S", body="B")
        with workdays.as_of(self.MORNING + mail.SERVER_AWAY - dt.timedelta(minutes=2)):
            assert str(mail.send_due()) == "0 versandt, 1 verschoben"
        with workdays.as_of(self.MORNING + mail.SERVER_AWAY):
            assert str(mail.send_due()) == "0 versandt, 1 gescheitert"
        assert "nicht erreichbar" in Mail.objects.get().last_error
