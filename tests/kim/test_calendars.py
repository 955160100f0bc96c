"""Calendar addresses: made, shown once, renewed, revoked; what stands under them, and that they stand in no log."""

import datetime as dt
import io
import json
import logging
import logging.config
import re
import runpy

import icalendar
import pytest
import vobject
from django.conf import settings
from django.urls import reverse

from kim import accounts, calendar_feeds, calendars, throttle, workdays
from kim.calendars import Entry, as_ics, entries_of, uid_of
from kim.logs import logging_config
from kim.models import Absence, Assignment, CalendarFeed, Role, RoleGrant, TrailEntry, User
from tests.factories import LONG_AGO, county, municipality, organisation, user

PAGE = "kim:calendar"
MARKED = "marked-token-that-nobody-may-read"


@pytest.fixture(autouse=True)
def _there(db):
    county(name="Rhein-Sieg-Kreis")


@pytest.fixture
def me(client):
    person = user(Role.CASE_MANAGER)
    client.force_login(person)
    return person


def again(person):
    return User.objects.get(pk=person.pk)


def feed_url(token):
    return reverse("kim:calendar_feed", args=[token])


def events(written: bytes) -> dict:
    """By UID, as icalendar reads them."""
    return {str(event["UID"]): event for event in icalendar.Calendar.from_ical(written).walk("VEVENT")}


def works_at(person, place, weekdays="13", **fields):
    given = {"role": Role.CASE_MANAGER, "employer": organisation(), "valid_from": LONG_AGO, "weekdays": weekdays}
    return Assignment.objects.create(user=person, municipality=place, **given | fields)


def a_monday():
    """The first Monday from today on that is a working day, as is the Wednesday after it."""
    day = workdays.today()
    while day.weekday() or not all(workdays.is_workday(day + dt.timedelta(days=n)) for n in (0, 2)):
        day += dt.timedelta(days=1)
    return day


# The address


class TestTheAddress:
    def test_it_is_shown_once_and_kept_as_a_digest_alone(self, client, me):
        assert "Noch keine Adresse" in client.get(reverse(PAGE)).text
        page = client.post(reverse(PAGE), {"seen": "0"})
        assert page.status_code == 200
        address = re.search(r"http://localhost:8000(/calendar/[\w-]{43}\.ics)", page.text)[1]
        token = address.removeprefix("/calendar/").removesuffix(".ics")
        assert CalendarFeed.objects.get().digest == calendar_feeds.digest_of(token)
        assert token not in str(CalendarFeed.objects.values())
        assert token not in str(list(client.session.items()))
        assert token not in client.get(reverse(PAGE)).text
        assert "no-store" in page.headers["Cache-Control"]
        client.logout()
        assert client.get(address).status_code == 200

    def test_a_renewed_one_ends_the_one_before(self, client, me):
        old = calendar_feeds.renew(by=me, seen=0)
        new = calendar_feeds.renew(by=me, seen=calendar_feeds.live(me).pk)
        assert [client.get(feed_url(token)).status_code for token in (old, new)] == [404, 200]
        assert list(TrailEntry.objects.order_by("pk").values_list("act", "by")) == [
            ("calendarfeed.create", me.pk), ("calendarfeed.renew", me.pk),
        ]  # fmt: skip

    @pytest.mark.parametrize("seen", ["0", "999", "", "x", "-1", "9" * 30, "\0"])
    def test_a_form_sent_again_ends_nothing(self, client, me, seen):
        token = calendar_feeds.renew(by=me, seen=0)
        answer = client.post(reverse(PAGE), {"seen": seen})
        assert answer.status_code == 422
        assert "Diese Seite war veraltet" in answer.text
        assert client.get(feed_url(token)).status_code == 200
        assert CalendarFeed.objects.count() == 1

    def test_revoked_it_shows_nothing_any_more_and_that_is_on_record(self, client, me):
        token = calendar_feeds.renew(by=me, seen=0)
        client.post(reverse("kim:calendar_revoke"))
        answer = client.get(feed_url(token))
        assert answer.status_code == 404
        assert "gilt nicht oder nicht mehr" in answer.text
        assert TrailEntry.objects.filter(act="calendarfeed.revoke", by=me).exists()
        page = client.post(reverse("kim:calendar_revoke"), follow=True)
        assert "Es gibt nichts zu widerrufen" in page.text
        assert TrailEntry.objects.filter(act="calendarfeed.revoke").count() == 1

    def test_everybody_has_their_own(self, client, me):
        other = user(Role.COORDINATION)
        token = calendar_feeds.renew(by=other, seen=0)
        calendar_feeds.renew(by=me, seen=0)
        client.post(reverse("kim:calendar_revoke"))
        assert client.get(feed_url(token)).status_code == 200

    def test_a_locked_account_has_none(self, client, me):
        token = calendar_feeds.renew(by=me, seen=0)
        User.objects.filter(pk=me.pk).update(is_active=False)
        assert client.get(feed_url(token)).status_code == 404
        User.objects.filter(pk=me.pk).update(is_active=True)
        assert client.get(feed_url(token)).status_code == 200
        accounts.lock(me, by=user(Role.ADMIN), reason="misuse")
        assert client.get(feed_url(token)).status_code == 404

    def test_the_page_says_when_it_was_last_read(self, client, me, django_assert_num_queries):
        token = calendar_feeds.renew(by=me, seen=0)
        assert "noch nie" in client.get(reverse(PAGE)).text
        client.get(feed_url(token))
        assert CalendarFeed.objects.get().read_on == workdays.today()
        assert f"am {workdays.today():%d.%m.%Y}" in client.get(reverse(PAGE)).text
        with django_assert_num_queries(0):
            calendar_feeds.note_reading(CalendarFeed(pk=1, read_on=workdays.today()))

    def test_its_page_asks_seldom(self, client, me, django_assert_max_num_queries):
        client.get(reverse(PAGE))
        with django_assert_max_num_queries(6):
            client.get(reverse(PAGE))


class TestWhatPrograms:
    def test_get_is_kept_by_no_cache_and_passed_on_by_no_link(self, client, me):
        token = calendar_feeds.renew(by=me, seen=0)
        client.logout()
        for answer in (client.get(feed_url(token)), client.get(feed_url("unknown"))):
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Robots-Tag"] == "noindex"
            assert not answer.cookies
        assert client.get(feed_url(token)).headers["Content-Type"] == "text/calendar; charset=utf-8"

    def test_need_not_get_twice(self, client, me):
        token = calendar_feeds.renew(by=me, seen=0)
        mark = client.get(feed_url(token)).headers["ETag"]
        same = client.get(feed_url(token), headers={"if-none-match": f'"other", W/{mark}'})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", mark)
        works_at(me, municipality("Windeck"))
        assert client.get(feed_url(token), headers={"if-none-match": mark}).status_code == 200

    def test_cannot_change_anything(self, client, me):
        token = calendar_feeds.renew(by=me, seen=0)
        assert client.post(feed_url(token)).status_code == 405
        assert client.head(feed_url(token)).status_code == 200

    def test_are_slowed_down_when_they_ask_without_end(self, client, me, monkeypatch):
        monkeypatch.setattr("kim.views.calendars.READINGS", 2)
        token = calendar_feeds.renew(by=me, seen=0)
        assert [client.get(feed_url(token)).status_code for _ in range(3)] == [200, 200, 429]
        late = client.get(feed_url(token))
        assert "zu oft abgerufen" in late.text
        assert late.headers["Retry-After"] == "3600"
        other = calendar_feeds.renew(by=user(Role.COORDINATION), seen=0)
        assert client.get(feed_url(other)).status_code == 200

    def test_that_guess_are_slowed_down_and_nobody_else_is(self, client, me, monkeypatch):
        monkeypatch.setattr("kim.views.calendars.GUESSES", 2)
        token = calendar_feeds.renew(by=me, seen=0)
        assert [client.get(feed_url(f"guess{n}")).status_code for n in range(3)] == [404, 404, 429]
        assert client.get(feed_url("guess"), REMOTE_ADDR="10.0.0.9").status_code == 404
        assert client.get(feed_url(token)).status_code == 200


def test_a_throttle_counts_in_windows_and_forgets(monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr("kim.throttle.time.time", lambda: moment[0])
    asked = [throttle.is_too_often("probe", "somebody", most=2, seconds=60) for _ in range(4)]
    assert asked == [False, False, True, True]
    assert not throttle.is_too_often("probe", "somebody else", most=2, seconds=60)
    moment[0] += 60
    assert not throttle.is_too_often("probe", "somebody", most=2, seconds=60)


# No log


@pytest.fixture
def written():
    """Everything the logs of KIM would say, in full detail, as the lines they would be."""
    stream = io.StringIO()
    config = logging_config("DEBUG")
    before = {name: logging.getLogger(name).__dict__.copy() for name in ("", *config["loggers"])}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    config["handlers"]["stderr"]["stream"] = stream
    config["loggers"]["django.request"]["level"] = "DEBUG"
    logging.config.dictConfig(config)
    yield stream
    for name, kept in before.items():
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate = kept["handlers"], kept["propagate"]
        logger.setLevel(kept["level"])
    root.handlers[:] = handlers
    root.setLevel(level)


class TestNoLogKnowsTheAddress:
    @pytest.fixture
    def marked(self, me, monkeypatch):
        monkeypatch.setattr("kim.calendar_feeds.secrets.token_urlsafe", lambda size: MARKED)
        return feed_url(calendar_feeds.renew(by=me, seen=0))

    def test_whatever_it_answers(self, client, me, marked, written, monkeypatch):
        assert client.get(marked).status_code == 200
        assert client.get(marked.removesuffix(".ics")).status_code == 404
        assert client.get(f"{marked}/").status_code == 404
        assert client.post(marked).status_code == 405
        client.post(reverse("kim:calendar_revoke"))
        assert client.get(marked).status_code == 404
        monkeypatch.setattr("kim.views.calendars.GUESSES", 0)
        assert client.get(marked).status_code == 429

        def breaks(token):
            raise RuntimeError(token)

        monkeypatch.setattr("kim.calendar_feeds.of_token", breaks)
        client.raise_request_exception = False
        assert client.get(marked).status_code == 500
        lines = [json.loads(line) for line in written.getvalue().splitlines()]
        assert {line["status"] for line in lines if line["event"] == "request"} == {200, 302, 404, 405, 429, 500}
        assert [line for line in lines if "Internal Server Error: /calendar/…" in line["event"]]
        assert MARKED not in written.getvalue()

    @pytest.mark.parametrize(
        ("logger", "line"),
        [
            ("django.server", '"GET {} HTTP/1.1" 200 51'),
            ("gunicorn.error", "Error handling request {}"),
            ("gunicorn.error", "Error handling request https://kim.example.org{}?again=1"),
            ("somewhere", "Not Found: {}"),
        ],
    )
    def test_whoever_writes_it(self, written, logger, line):
        logging.getLogger(logger).error(line.replace("{}", "%s"), feed_url(MARKED))
        assert "/calendar/…" in written.getvalue()
        assert MARKED not in written.getvalue()

    def test_nor_the_trail_nor_the_session(self, client, me, marked):
        client.get(reverse(PAGE))
        assert MARKED not in str(list(TrailEntry.objects.values())) + str(dict(client.session))


def test_the_server_keeps_no_log_of_addresses():
    assert runpy.run_path(str(settings.BASE_DIR / "gunicorn.conf.py"))["accesslog"] is None
    assert "access-logfile" not in (settings.BASE_DIR / "Procfile").read_text()
    assert "access-logfile" not in (settings.BASE_DIR / "docker-compose.yml").read_text()


# What stands in it


def days_of(person) -> set[dt.date]:
    """Every single day of the entries."""
    spans = [(one.start, (one.until - one.start).days) for one in entries_of(again(person))]
    return {start + dt.timedelta(days=number) for start, length in spans for number in range(length)}


class TestPresence:
    def test_the_days_of_a_duty_without_holidays_and_days_away(self, me):
        duty = works_at(me, municipality("Windeck"))
        monday = a_monday()
        Absence.objects.create(
            user=me, deputy=user(), valid_from=monday + dt.timedelta(days=2), valid_until=monday + dt.timedelta(days=3)
        )
        entries = {entry.start: entry for entry in entries_of(again(me))}
        assert entries[monday].summary == "vor Ort: Windeck"
        assert entries[monday].uid == uid_of(f"presence-{duty.pk}-{monday:%Y%m%d}")
        assert entries[monday].is_free
        assert entries[monday].until == monday + dt.timedelta(days=1)
        assert monday + dt.timedelta(days=2) not in entries, "away"
        assert {day.isoweekday() for day in entries} == {1, 3}
        assert all(workdays.day_off(day) is None for day in entries)
        assert max(entries) <= workdays.today() + calendars.PRESENCE

    def test_days_that_follow_each_other_are_one_entry_and_a_holiday_parts_them(self, me):
        works_at(me, municipality("Windeck"), weekdays="12345")
        with workdays.as_of(dt.date(2026, 4, 22)):
            spans = {entry.start: entry.until for entry in entries_of(again(me))}
        assert spans[dt.date(2026, 4, 20)] == dt.date(2026, 4, 25), "from Monday to Friday"
        assert spans[dt.date(2026, 4, 27)] == dt.date(2026, 5, 1), "the first of May is left out"
        assert spans[dt.date(2026, 5, 11)] == dt.date(2026, 5, 14), "so is Ascension Day"
        assert dt.date(2026, 5, 15) in spans

    def test_a_week_is_the_same_entry_on_every_day_it_is_read(self, me):
        works_at(me, municipality("Windeck"), weekdays="12345")
        read = []
        for day in range(20, 24):
            with workdays.as_of(dt.date(2026, 4, day)):
                read.append([entry.uid for entry in entries_of(again(me))][:20])
        assert len({tuple(uids) for uids in read}) == 1

    def test_a_closed_christmas_eve_too(self, me):
        works_at(me, municipality("Windeck"), weekdays="1234567")
        with workdays.as_of(dt.date(2026, 12, 1)):
            county(christmas_eve_is_workday=False)
            assert dt.date(2026, 12, 24) not in days_of(me)
            county(christmas_eve_is_workday=True)
            assert dt.date(2026, 12, 24) in days_of(me)

    def test_a_duty_begins_and_ends_with_its_days(self, me):
        monday = a_monday()
        week = dt.timedelta(days=7)
        works_at(me, municipality("Eitorf"), "1", valid_from=monday + week, valid_until=monday + 3 * week)
        found = [entry.start for entry in entries_of(again(me))]
        assert set(found) <= {monday + week, monday + 2 * week}
        assert found

    def test_two_places_on_a_day_are_two_entries(self, me):
        for name in ("Eitorf", "Windeck"):
            works_at(me, municipality(name), "1")
        monday = a_monday()
        assert {entry.summary for entry in entries_of(again(me)) if entry.start == monday} == {
            "vor Ort: Eitorf", "vor Ort: Windeck",
        }  # fmt: skip

    def test_without_weekdays_or_place_no_day_is_told(self, me):
        works_at(me, municipality(), weekdays="")
        works_at(me, None, bank="left")
        known = workdays.now()
        works_at(me, municipality(), known_from=known - dt.timedelta(days=9), known_until=known)
        works_at(user(), municipality())
        assert entries_of(again(me)) == []

    def test_nothing_is_left_once_the_roles_have_ended(self, client, me):
        works_at(me, municipality("Windeck"))
        token = calendar_feeds.renew(by=me, seen=0)
        assert "vor Ort" in client.get(feed_url(token)).text
        RoleGrant.objects.filter(user=me).update(valid_until=workdays.today())
        assert events(client.get(feed_url(token)).content) == {}


# As a file

MOMENT = dt.datetime(2026, 7, 1, 9, tzinfo=workdays.BERLIN)


def entry(**fields):
    return Entry(**{"uid": uid_of("probe-1"), "start": MOMENT, "summary": "Lenkungsgruppe"} | fields)


class TestTheFile:
    def test_real_parsers_read_it(self):
        entries = [
            entry(end=MOMENT + dt.timedelta(hours=2), location="Kreishaus, Saal 3; Eingang B\nSiegburg \\ Mitte",
                  url="/steering/meetings/1/", sequence=3),
            entry(uid=uid_of("probe-2"), start=dt.date(2026, 7, 2), is_free=True),
            entry(uid=uid_of("probe-3"), summary="Örtliche Projektgruppe " + "für Größeres " * 12, is_cancelled=True),
        ]  # fmt: skip
        written = as_ics(entries, "KIM Rhein-Sieg-Kreis")
        lines = written.split(b"\r\n")
        assert lines[-1] == b""
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", written)
        assert max(map(len, lines)) <= 75
        for line in lines:
            line.decode()  # no character is cut in two
        book = vobject.readOne(written.decode())
        assert book.x_wr_calname.value == "KIM Rhein-Sieg-Kreis"
        assert book.vtimezone.tzid.value == "Europe/Berlin"
        assert len({one.uid.value for one in book.vevent_list}) == 3
        one, two, three = book.vevent_list
        assert one.location.value == "Kreishaus, Saal 3; Eingang B\nSiegburg \\ Mitte"
        assert (one.dtstart.value, one.dtend.value) == (MOMENT, MOMENT + dt.timedelta(hours=2))
        assert (one.sequence.value, one.status.value, one.transp.value) == ("3", "CONFIRMED", "OPAQUE")
        assert one.url.value == "http://localhost:8000/steering/meetings/1/"
        assert one.dtstamp.value.tzinfo is not None
        assert (two.dtstart.value, two.dtend.value) == (dt.date(2026, 7, 2), dt.date(2026, 7, 3))
        assert two.transp.value == "TRANSPARENT"
        assert three.status.value == "CANCELLED"
        assert three.summary.value.startswith("Abgesagt: Örtliche Projektgruppe für Größeres")
        assert {str(event["SUMMARY"])[:14] for event in events(written).values()} == {
            "Lenkungsgruppe",
            "Abgesagt: Örtl",
        }

    @pytest.mark.parametrize(
        ("day", "offset"),
        [((2026, 3, 28), 1), ((2026, 3, 29), 2), ((2026, 10, 24), 2), ((2026, 10, 25), 1), ((2027, 3, 28), 2)],
    )
    def test_nine_o_clock_is_nine_o_clock_on_both_sides_of_the_change(self, day, offset):
        nine = dt.datetime(*day, 9, tzinfo=workdays.BERLIN)
        written = as_ics([entry(start=nine, end=nine + dt.timedelta(hours=1))], "KIM")
        assert b"DTSTART;TZID=Europe/Berlin:%d%02d%02dT090000" % day in written.replace(b"\r\n ", b"")
        start = vobject.readOne(written.decode()).vevent.dtstart.value
        assert start.utcoffset() == dt.timedelta(hours=offset), "by the rules of the zone in the file itself"
        assert start == nine

    def test_a_moment_of_another_zone_is_told_in_berlin(self):
        written = as_ics([entry(start=MOMENT.astimezone(dt.UTC))], "KIM")
        assert b"DTSTART;TZID=Europe/Berlin:20260701T090000" in written

    def test_control_characters_are_gone(self):
        written = as_ics([entry(summary="a\x00b\x1b\rc", location="d\u2028e\te")], "K\x07IM")
        (event,) = events(written).values()
        assert str(event["SUMMARY"]) == "a b \nc"
        assert str(event["LOCATION"]) == "d e e"
        assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f]", written)

    def test_the_same_on_the_same_day_is_the_same_file(self):
        with workdays.as_of(dt.datetime(2026, 7, 1, 9, tzinfo=dt.UTC)):
            early = as_ics([entry()], "KIM")
        with workdays.as_of(dt.datetime(2026, 7, 1, 18, tzinfo=dt.UTC)):
            assert as_ics([entry()], "KIM") == early

    def test_none_is_a_calendar_too(self):
        assert vobject.readOne(as_ics([], "KIM").decode()).version.value == "2.0"


def test_a_name_given_twice_stands_there_once(me, monkeypatch):
    monkeypatch.setattr(calendars, "_SOURCES", {})
    for name in ("one", "two"):
        calendars.source(name)(lambda user, first, last: [entry()])
    assert len(entries_of(me)) == 1
    calendars.source("two")(lambda user, first, last: [entry(uid=uid_of("probe-2"), start=dt.date(2026, 7, 1))])
    assert [one.uid for one in entries_of(me)] == [uid_of("probe-2"), uid_of("probe-1")], "days before their hours"
