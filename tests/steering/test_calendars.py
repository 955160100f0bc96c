"""What steering puts into a calendar: one's meetings, deadlines, duties; never a title, text or name."""

import datetime as dt

import icalendar
import pytest
import vobject
from django.urls import reverse

from kim import calendar_feeds, workdays
from kim.calendars import entries_of, uid_of
from kim.models import Absence, Role, RoleGrant, User
from steering import duties
from steering.escalation import State
from steering.models import Issue, Meeting, Membership
from tests.factories import (
    county,
    issue_at,
    meeting,
    municipality,
    organisation,
    project_group,
    seat,
    steering_group,
    user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _there():
    county()


@pytest.fixture
def member():
    person = user(Role.STEERING_GROUP)
    seat(steering_group(), person, "member")
    return person


def again(person):
    return User.objects.get(pk=person.pk)


def found(person) -> dict:
    return {entry.uid: entry for entry in entries_of(again(person))}


def read(client, person) -> bytes:
    feed = calendar_feeds.live(person)
    token = calendar_feeds.renew(by=person, seen=feed.pk if feed else 0)
    return client.get(reverse("kim:calendar_feed", args=[token])).content


# Meetings


def test_the_meetings_of_ones_bodies_with_hour_place_and_number_of_change(client, member):
    group = steering_group()
    coming = group.next_meeting()
    Meeting.objects.filter(pk=coming.pk).update(
        title="Sondersitzung, die zweite", place="Kreishaus, Saal 3", minutes_long=90, sequence=2
    )
    meeting(project_group(), days=3)
    one = vobject.readOne(read(client, member).decode()).vevent
    assert one.uid.value == f"meeting-{coming.pk}@localhost" == coming.uid
    assert one.summary.value == "Lenkungsgruppe: Sondersitzung, die zweite"
    assert one.location.value == "Kreishaus, Saal 3"
    assert one.sequence.value == "2"
    assert one.dtstart.value == coming.starts_at
    assert one.dtend.value - one.dtstart.value == dt.timedelta(minutes=90)
    assert one.url.value.endswith(coming.get_absolute_url())


def test_one_called_off_stays_and_says_so(client, member):
    steering_group().next_meeting().cancel(by=user(Role.STRATEGIC_OFFICE))
    (event,) = icalendar.Calendar.from_ical(read(client, member)).walk("VEVENT")
    assert event["STATUS"] == "CANCELLED"
    assert event["SUMMARY"] == "Abgesagt: Lenkungsgruppe"


def test_in_writing_the_last_day_to_vote_counts_and_video_names_no_room(member):
    group = steering_group()
    end = workdays.today() + dt.timedelta(days=20)
    written = meeting(group, days=10, mode="written", written_until=end)
    video = meeting(group, days=11, mode="video", video_url="https://video.example/secret-room")
    entries = found(member)
    assert entries[written.uid].start == end
    assert entries[written.uid].is_whole_day
    assert entries[written.uid].summary == "Lenkungsgruppe, letzter Tag der Stimmabgabe"
    assert entries[video.uid].location == "Videokonferenz"
    assert "secret-room" not in str(entries)


def test_without_an_hour_it_is_about_the_day(member):
    day = workdays.today() + dt.timedelta(days=5)
    one = meeting(starts_at=dt.datetime.combine(day, dt.time(), workdays.BERLIN))
    entry = found(member)[one.uid]
    assert (entry.start, entry.is_whole_day) == (day, True)


def test_one_that_lasts_through_the_change_of_the_clock_lasts_as_long_as_planned(client, member):
    with workdays.as_of(dt.date(2026, 10, 1)):
        night = dt.datetime(2026, 10, 25, 1, tzinfo=workdays.BERLIN)
        one = meeting(starts_at=night, minutes_long=180)
        entry = found(member)[one.uid]
        assert (entry.until - entry.start).total_seconds() == 3 * 3600
        events = vobject.readOne(read(client, member).decode()).vevent_list
    (event,) = [event for event in events if event.uid.value == one.uid]
    assert event.dtend.value.timestamp() - event.dtstart.value.timestamp() == 3 * 3600


def test_only_those_of_the_time_around_today(member):
    for days in (-400, -61, -59, 365, 368):
        meeting(days=days)
    first = workdays.today() - dt.timedelta(days=60)
    last = workdays.today() + dt.timedelta(days=366)
    days = {timed.start.date() for timed in entries_of(again(member))}
    assert len(days) == 3
    assert all(first <= day <= last for day in days)


def test_who_left_the_body_or_holds_no_role_any_more_reads_none(member):
    assert found(member)
    Membership.objects.filter(user=member).update(valid_until=workdays.today())
    assert not found(member)
    Membership.objects.filter(user=member).update(valid_until=None)
    RoleGrant.objects.filter(user=member).update(valid_until=workdays.today())
    assert not found(member)


def test_a_deputy_has_them_as_long_as_they_stand_in(member):
    deputy = user(Role.PROJECT_GROUP)
    assert not found(deputy)
    until = workdays.today() + dt.timedelta(days=3)
    Absence.objects.create(user=member, deputy=deputy, valid_from=workdays.today(), valid_until=until)
    assert set(found(deputy)) == {steering_group().next_meeting().uid}
    with workdays.as_of(until):
        assert not found(deputy)


def test_the_office_has_those_of_the_steering_group_it_prepares():
    meeting(project_group(), days=3)
    coming = steering_group().next_meeting()
    assert set(found(user(Role.STRATEGIC_OFFICE))) == {coming.uid, uid_of(f"duty-invitation-{coming.pk}")}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDIT])
def test_administration_and_audit_read_nothing_even_with_a_seat(role):
    person = user(role)
    seat(steering_group(), person, "member")
    issue_at(State.COORDINATION)
    assert not found(person)


# Deadlines


def test_an_issue_one_holds_is_a_number_and_a_day(client):
    place = municipality("Windeck")
    issue = issue_at(State.COORDINATION, municipality=place, title="Wartezeit beim Amt")
    coordination = user(Role.COORDINATION)
    (entry,) = found(coordination).values()
    assert (entry.uid, entry.start) == (uid_of(f"issue-{issue.pk}"), issue.due_on)
    assert entry.summary == f"{issue.number} fällig"
    assert entry.is_free
    written = read(client, coordination).decode()
    for word in ("Wartezeit", "Windeck", issue.situation[:12], str(issue.reporters.get().user)):
        assert word not in written
    assert not found(user(Role.CASE_MANAGER))


def test_a_clock_that_stands_still_is_not_due():
    issue = issue_at(State.STRATEGY)
    office = user(Role.STRATEGIC_OFFICE)
    assert found(office)
    issue.pause(by=office, until=workdays.today() + dt.timedelta(days=9), reason="Wartet auf den Erlass")
    assert not found(office)


def test_a_desk_that_is_full_tells_the_most_pressing(monkeypatch):
    monkeypatch.setattr("steering.calendars.MOST", 2)
    issues = [issue_at(State.COORDINATION) for _ in range(3)]
    Issue.objects.filter(pk=issues[2].pk).update(due_on=workdays.today())
    assert list(found(user(Role.COORDINATION)))[0] == uid_of(f"issue-{issues[2].pk}")
    assert len(found(user(Role.COORDINATION))) == 2


def test_duties_that_lie_with_somebody(monkeypatch):
    me, day = user(Role.STRATEGIC_OFFICE), workdays.today() + dt.timedelta(days=5)
    mine = duties.Duty("resolution:17", day, "B-2026-0003", "Beschluss umzusetzen", "/x/17/", frozenset([me.pk]))
    others = duties.Duty("resolution:18", day, "B-2026-0004", "Beschluss umzusetzen", "/x/18/", frozenset([-1]))
    ago = workdays.today() - dt.timedelta(days=100)
    old = duties.Duty("resolution:19", ago, "B-2026-0005", "Beschluss umzusetzen", "/x/19/", frozenset([me.pk]))
    told = lambda until, read: [mine, others, old] if until > day else []  # noqa: E731
    monkeypatch.setattr(duties, "_SOURCES", {"probe": (told, dict)})
    (entry,) = found(me).values()
    assert (entry.uid, entry.start) == (uid_of("duty-resolution-17"), day)
    assert (entry.summary, entry.url) == ("B-2026-0003: Beschluss umzusetzen", "/x/17/")


# All of it


def test_many_cost_what_few_cost(client, django_assert_max_num_queries):
    person = user(roles=[Role.STEERING_GROUP, Role.COORDINATION, Role.CASE_MANAGER])
    seat(steering_group(), person, "member")
    token = calendar_feeds.renew(by=person, seen=0)
    client.get(reverse("kim:calendar_feed", args=[token]))
    counted = []
    for number in (1, 8):
        for days in range(number):
            issue_at(State.COORDINATION)
            meeting(days=100 + number * 10 + days)
            person.assignments.create(
                role=Role.CASE_MANAGER, municipality=municipality(), employer=organisation(),
                valid_from=workdays.today(), weekdays="2",
            )  # fmt: skip
        with django_assert_max_num_queries(12) as count:
            answer = client.get(reverse("kim:calendar_feed", args=[token]))
        counted.append((len(count.captured_queries), answer.content.count(b"BEGIN:VEVENT")))
    assert counted[0][0] == counted[1][0]
    assert counted[0][1] < counted[1][1]
