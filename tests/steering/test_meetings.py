"""Meetings up to the moment they begin: planned, invited to, what they speak of, and the papers."""

import datetime as dt
import os
import re
import time

import icalendar
import pytest
import vobject
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import files, trail, uploads, workdays
from kim.models import Mail, Notice, Role, TrailEntry
from kim.privacy_gate import Held
from kim.workflow import StepRefused
from steering import duties, reminders, year_plan
from steering.calendar_entries import PUBLISH, entry
from steering.escalation import State
from steering.models import AgendaItem, Meeting, Minutes, Paper, Resolution, RulesOfProcedure
from tests.at_once import at_once
from tests.factories import (
    PDF,
    county,
    issue_at,
    meeting,
    organisation,
    paper,
    project_group,
    seat,
    steering_group,
    take,
    user,
)
from tests.pdf_text import text_of

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _there():
    county()


@pytest.fixture
def office(client):
    person = user(Role.STRATEGIC_OFFICE)
    client.force_login(person)
    return person


@pytest.fixture
def there():
    """A meeting of the steering group in forty days: every deadline of the rules lies ahead."""
    group = steering_group()
    group.meetings.all().delete()
    return meeting(group, days=40)


def url(name, *args):
    return reverse(f"steering:{name}", args=args)


def day(days):
    return workdays.today() + dt.timedelta(days=days)


def said(days):
    return f"{day(days):%d.%m.%Y}"


def resolution(body, due_on, number="B-2026-0001", **fields):
    given = {"number": number, "body": body, "verdict": "resolve", "text": "Ein Merkblatt", "owner": "Jobcenter"}
    return Resolution.objects.create(**given | {"decided_on": day(-30), "due_on": due_on} | fields)


def rules_of(body, **fields):
    """Rules in force for `body`, adopted long ago."""
    adopted = resolution(body, None, number=f"B-2020-{body.pk:04d}", owner="")
    given = {"version": 1, "resolution": adopted, "valid_from": day(-300)}
    return RulesOfProcedure.objects.create(body=body, **given | fields)


def on(there, kind):
    return [item for item in there.agenda.standing().in_order() if item.kind == kind]


# The rules


@pytest.mark.parametrize(
    ("admission", "votes", "expected"),
    [
        ("simple", (3, 2, 9), True), ("simple", (2, 2, 0), False), ("simple", (0, 0, 5), False),
        ("two_thirds", (4, 2, 1), True), ("two_thirds", (3, 2, 0), False), ("two_thirds", (0, 0, 3), False),
        ("unanimous", (5, 0, 2), True), ("unanimous", (5, 1, 0), False), ("unanimous", (0, 0, 2), False),
    ],
)  # fmt: skip
def test_what_the_rules_ask_for_to_change_an_agenda(admission, votes, expected):
    assert RulesOfProcedure(admission=admission).admits(*votes) is expected


class TestPlanning:
    def test_the_lead_plans_meetings_of_the_own_group_and_no_others(self, client):
        group, lead = project_group(), user(Role.PROJECT_GROUP)
        seat(group, lead)
        other = project_group()
        client.force_login(lead)
        given = {"body": group.pk, "day": said(20), "hour": "14", "mode": "video", "minutes_long": "90",
                 "video_url": "konferenz.example.org/raum"}  # fmt: skip
        assert client.post(url("meeting_new"), given).status_code == 302
        made = group.meetings.get()
        assert (made.minutes_long, made.video_url) == (90, "https://konferenz.example.org/raum")
        assert made.ends_at - made.starts_at == dt.timedelta(minutes=90)
        refused = client.post(url("meeting_new"), given | {"body": other.pk})
        assert refused.status_code == 422
        for body in (other, steering_group()):
            with pytest.raises(PermissionDenied, match="in ihrer Gruppe, die Leitung"):
                Meeting.plan(by=lead, body=body, starts_at=workdays.now() + dt.timedelta(days=30))
        assert not other.meetings.exists()

    def test_a_procedure_in_writing_follows_the_rules(self, client, office):
        group = steering_group()
        given = {"body": group.pk, "day": said(20), "hour": "8:00", "mode": "written"}
        assert "letzten Tag der Stimmabgabe" in client.post(url("meeting_new"), given).text
        short = client.post(url("meeting_new"), given | {"written_until": said(33)})
        assert short.status_code == 422
        assert f"wenigstens 14 Tage zur Stimmabgabe. Bitte nennen Sie den {said(34)}" in short.text
        assert client.post(url("meeting_new"), given | {"written_until": said(34)}).status_code == 302
        made = group.meetings.get(mode="written")
        assert made.written_until == day(34)
        rules_of(group, written_allowed=False)
        refused = client.post(url("meeting_new"), given | {"day": said(21), "written_until": said(50)})
        assert refused.status_code == 422
        assert "lässt kein Umlaufverfahren zu" in refused.text

    def test_an_end_is_kept_for_procedures_in_writing_only(self, client, office, there):
        given = {"day": said(41), "hour": "9", "mode": "video", "written_until": said(70)}
        assert client.post(url("meeting_move", there.pk), given).status_code == 302
        there.refresh_from_db()
        assert (there.mode, there.written_until) == ("video", None)

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [({"minutes_long": "5"}, "15 bis 600 Minuten"), ({"minutes_long": "viel"}, "ganze Zahl"),
         ({"video_url": "kein raum"}, "Adresse angeben wie https://")],
    )  # fmt: skip
    def test_what_cannot_be_is_refused_with_a_sentence(self, client, office, wrong, sentence):
        group = steering_group()
        given = {"body": group.pk, "day": said(20), "hour": "14:00", "mode": "video"} | wrong
        answer = client.post(url("meeting_new"), given)
        assert answer.status_code == 422
        assert sentence in answer.text


class TestYear:
    PATTERN = {"year": "2027", "nth": "2", "weekday": "1", "months": ["3", "6"], "hour": "14:00", "mode": "hybrid",
               "place": "Kreishaus"}  # fmt: skip

    def test_days_by_pattern(self):
        assert year_plan.day_of(2027, 3, 2, 1) == dt.date(2027, 3, 9)
        assert year_plan.day_of(2027, 2, year_plan.LAST, 4) == dt.date(2027, 2, 26)
        assert year_plan.day_of(2027, 1, 1, 4) == dt.date(2027, 1, 1)

    def test_days_are_moved_off_holidays_and_what_clashes_is_named(self):
        group, other = steering_group(), project_group()
        own = meeting(group, starts_at=dt.datetime(2027, 6, 1, 9, tzinfo=workdays.BERLIN))
        beside = meeting(other, starts_at=dt.datetime(2027, 9, 7, 15, tzinfo=workdays.BERLIN))
        meeting(other, starts_at=dt.datetime(2027, 9, 7, 17, tzinfo=workdays.BERLIN))
        found = year_plan.plan(
            year=2027, months=[9, 6, 1], nth=1, weekday=1, hour=dt.time(14), minutes_long=120, rules=workdays.BY_LAW,
            there=Meeting.objects.select_related("body"), body=group,
        )  # fmt: skip
        assert [one.day for one in found] == [dt.date(2027, 1, 5), dt.date(2027, 6, 1), dt.date(2027, 9, 7)]
        assert found[1].barred == f"An diesem Tag tagt das Gremium schon: {own}."
        assert found[2].beside == (str(beside),)
        (moved,) = year_plan.plan(
            year=2027, months=[11], nth=1, weekday=0, hour=dt.time(14), minutes_long=120, rules=workdays.BY_LAW,
            there=[], body=group,
        )  # fmt: skip
        assert (moved.day, moved.moved) == (dt.date(2027, 11, 2), "01.11.2027 ist Allerheiligen")

    def test_the_year_is_shown_and_then_planned_as_shown(self, client, office):
        group = steering_group()
        shown = client.post(url("meeting_year"), self.PATTERN | {"body": group.pk, "preview": "1"})
        assert shown.status_code == 200
        assert "verlangt wenigstens 4 Sitzungen im Jahr" in shown.text
        assert not group.meetings.filter(starts_at__year=2027).exists()
        seen = shown.context["seen"]
        changed = self.PATTERN | {"body": group.pk, "plan": "1", "seen": seen, "months": ["3", "9"]}
        assert client.post(url("meeting_year"), changed).status_code == 200
        assert not group.meetings.filter(starts_at__year=2027).exists()
        planned = client.post(url("meeting_year"), self.PATTERN | {"body": group.pk, "plan": "1", "seen": seen})
        assert planned.status_code == 302
        made = group.meetings.filter(starts_at__year=2027)
        assert [(one.day, one.mode, one.place) for one in made] == [
            (dt.date(2027, 3, 9), "hybrid", "Kreishaus"),
            (dt.date(2027, 6, 8), "hybrid", "Kreishaus"),
        ]
        again = client.post(url("meeting_year"), self.PATTERN | {"body": group.pk, "preview": "1"})
        assert again.context["possible"] == 0
        none = client.post(url("meeting_year"), self.PATTERN | {"body": group.pk, "plan": "1", "seen": ""})
        assert none.status_code == 422
        assert "keinen Termin, der sich planen lässt" in none.text

    def test_all_or_none(self, office):
        group = steering_group()
        good, taken = workdays.now() + dt.timedelta(days=90), group.next_meeting().starts_at
        with pytest.raises(StepRefused, match="schon eine Sitzung"):
            Meeting.plan_year(by=office, body=group, starts=[good, taken])
        assert group.meetings.count() == 1


class TestInvitation:
    def test_the_page_shows_who_gets_what_before_the_click(self, client, office, there):
        seat(there.body, None, "member", organisation=organisation("jobcenter", name="Jobcenter Rhein-Sieg"))
        seat(there.body, user(Role.STEERING_GROUP, name="Gesperrtes Konto", is_active=False), "member")
        there.agenda.create(kind="topic", title="Sprachmittlung im Krankenhaus")
        page = client.get(url("meeting_invite", there.pk))
        assert [str(person) for person in page.context["invited"].to_tell] == ["Vorsitz der Lenkungsgruppe"]
        otherwise = page.text.split("bitte anders einladen")[1]
        assert "Jobcenter Rhein-Sieg" in otherwise
        assert "Gesperrtes Konto" in otherwise
        assert "Sprachmittlung im Krankenhaus" in page.text
        assert f"bis zum {said(26)} (14 Tage vorher)" in page.text
        assert not Mail.objects.exists()

    def test_every_member_gets_a_mail_with_an_entry_that_calendars_take(self, client, office, there):
        chair = there.body.leads().get()
        member = user(Role.STEERING_GROUP, name="Käthe Größe")
        seat(there.body, member, "member")
        issue = issue_at(State.STEERING)
        there.title, there.place, there.mode = "23. Sitzung", "Kreishaus, Raum A", "hybrid"
        there.video_url = "https://konferenz.example.org/raum"
        there.save()
        assert client.post(url("meeting_invite", there.pk)).status_code == 302
        there.refresh_from_db()
        assert (there.sequence, there.invited_at is None) == (1, False)
        mails = {mail.recipient: mail for mail in Mail.objects.filter(key__startswith="invitation:")}
        assert set(mails) == {chair, member}
        mail = mails[member]
        assert mail.subject == f"Einladung: Lenkungsgruppe, {said(40)}"
        assert issue.title not in mail.body + mail.calendar
        assert issue.number not in mail.body + mail.calendar
        (event,) = icalendar.Calendar.from_ical(mail.calendar).walk("VEVENT")
        assert event.decoded("dtstart") == there.starts_at
        assert event.decoded("dtend") == there.ends_at
        assert (event["sequence"], event["status"]) == (1, "CONFIRMED")
        assert event["attendee"] == f"mailto:{member.email}"
        assert event["uid"] == f"meeting-{there.pk}@localhost"
        read = vobject.readOne(mail.calendar)
        assert read.method.value == "REQUEST"
        assert read.vevent.summary.value == "Lenkungsgruppe: 23. Sitzung"
        assert read.vevent.location.value == "Kreishaus, Raum A und Videokonferenz"
        assert read.vevent.dtstart.value == there.starts_at
        assert read.vevent.dtstart.params["X-VOBJ-ORIGINAL-TZID"] == ["Europe/Berlin"]
        assert read.vevent.url.value.endswith(there.get_absolute_url())
        assert read.vtimezone.tzid.value == "Europe/Berlin"
        notice = Notice.objects.get(recipient=member, headline__startswith="Einladung")
        assert notice.url == there.get_absolute_url()
        assert trail.of(there).filter(act="meeting.invite").count() == 1

    def test_a_second_time_reaches_only_those_who_came_since(self, client, office, there):
        assert there.invite(by=office) == 1
        assert there.invite(by=office) == 0
        assert "Alle haben die Einladung schon" in client.post(url("meeting_invite", there.pk), follow=True).text
        late = user(Role.STEERING_GROUP)
        seat(there.body, late, "member")
        assert there.invite(by=office) == 1
        assert there.sequence == 1
        assert Mail.objects.filter(recipient=late).count() == 1
        assert Mail.objects.count() == 2

    def test_whose_seat_ended_is_uninvited_once(self, office, there):
        left = user(Role.STEERING_GROUP)
        held = seat(there.body, left, "member")
        there.invite(by=office)
        held.end(by=office, last_day=day(0))
        assert there.invite(by=office) == 1
        assert there.invite(by=office) == 0
        last = Mail.objects.filter(recipient=left).order_by("-pk").first()
        assert "METHOD:CANCEL" in last.calendar
        assert "gehören diesem Gremium nicht mehr an" in last.body

    def test_a_deputy_of_somebody_away_is_told_in_kim_and_not_invited(self, office, there):
        from kim.models import Absence

        chair, deputy = there.body.leads().get(), user(Role.STRATEGIC_OFFICE)
        Absence.objects.create(user=chair, deputy=deputy, valid_from=day(0), valid_until=day(9))
        there.invite(by=office)
        assert Notice.objects.filter(recipient=deputy, audience="stand_in").count() == 1
        assert set(Mail.objects.values_list("recipient", flat=True)) == {chair.pk}
        there.invite(by=office)
        assert Mail.objects.count() == 1

    def test_too_late_needs_a_word_that_goes_to_the_trail(self, client, office, there):
        last = said(26)
        with workdays.as_of(day(27)):
            refused = client.post(url("meeting_invite", there.pk))
            assert refused.status_code == 422
            assert "Bitte bestätigen Sie, dass die Frist verstrichen ist" in refused.text
            with pytest.raises(StepRefused, match=f"bis zum {last} hinausgehen"):
                there.invite(by=office)
            assert client.post(url("meeting_invite", there.pk), {"late": "on"}).status_code == 302
        assert trail.of(there).get(act="meeting.invite").note == f"nach der Frist (bis {last})"

    def test_a_move_sends_an_update_and_calling_off_a_cancellation(self, client, office, there):
        there.invite(by=office)
        given = {"day": said(45), "hour": "10:00", "mode": "presence", "place": "Rathaus", "title": ""}
        client.post(url("meeting_move", there.pk), given)
        moved = vobject.readOne(Mail.objects.get(key__startswith=f"invitation:{there.pk}:2:").calendar)
        assert (moved.method.value, moved.vevent.sequence.value) == ("REQUEST", "2")
        assert moved.vevent.dtstart.value.date() == day(45)
        client.post(url("meeting_move", there.pk), given)  # nothing changed, nobody is told
        assert Mail.objects.count() == 2
        seat(there.body, user(Role.STEERING_GROUP), "member")  # never invited, so there is nothing to call off
        client.post(url("meeting_cancel", there.pk), {"instead": ""})
        assert Mail.objects.count() == 3
        off = vobject.readOne(Mail.objects.get(key__startswith=f"invitation:{there.pk}:3:").calendar)
        first = vobject.readOne(Mail.objects.order_by("pk").first().calendar)
        assert (off.method.value, off.vevent.status.value) == ("CANCEL", "CANCELLED")
        assert (off.vevent.sequence.value, off.vevent.uid.value) == ("3", first.vevent.uid.value)
        assert Notice.objects.filter(headline__startswith="Abgesagt").count() == 1

    def test_nobody_is_told_of_a_meeting_nobody_was_invited_to(self, office, there):
        there.move(by=office, starts_at=there.starts_at + dt.timedelta(hours=1), place="", mode="video", title="")
        there.cancel(by=office)
        assert not Mail.objects.exists()

    def test_a_procedure_in_writing_fills_its_days(self, office, there):
        until = there.day + dt.timedelta(days=14)
        there.move(by=office, starts_at=there.starts_at, place="", mode="written", title="", written_until=until)
        event = vobject.readOne(entry(there, PUBLISH)).vevent
        assert event.dtstart.value == there.day
        assert event.dtend.value == until + dt.timedelta(days=1)

    def test_a_called_off_or_past_meeting_is_not_invited_to(self, office, there):
        there.cancel(by=office)
        with pytest.raises(StepRefused, match="schon abgesagt"):
            there.invite(by=office)
        past = meeting(there.body, days=-3)
        with pytest.raises(StepRefused, match="schon begonnen"):
            past.invite(by=office)

    @pytest.mark.django_db(transaction=True)
    def test_two_who_invite_at_once_invite_once(self, office):
        there = meeting(days=40)
        ones = [Meeting.objects.select_related("body").get(pk=there.pk) for _ in range(2)]
        at_once(*(lambda one=one: one.invite(by=office) and None for one in ones))
        there.refresh_from_db()
        assert there.sequence == 1
        assert Mail.objects.count() == 1

    def test_what_is_downloaded_for_a_calendar_names_nobody(self, client, office, there):
        answer = client.get(url("meeting_calendar", there.pk))
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        read = vobject.readOne(answer.content.decode())
        assert (read.method.value, hasattr(read.vevent, "attendee")) == ("PUBLISH", False)

    def test_the_invitation_on_paper_says_what_its_reader_may_see(self, client, there):
        issue = issue_at(State.STEERING)
        there.agenda.create(kind="topic", title="Sprachmittlung im Krankenhaus")
        paper(there)
        member = user(Role.PROJECT_GROUP)
        seat(there.body, member, "advisory")
        client.force_login(there.body.leads().get())
        answer = client.get(url("meeting_invitation", there.pk))
        assert answer.headers["Content-Type"] == "application/pdf"
        assert re.search(rb"/Lang\s*\(de", answer.content)
        assert re.search(rb"<pdfuaid:part>1<", answer.content)
        words = text_of(answer.content)
        for part in ("Einladung: Lenkungsgruppe", "Entwurf: Die Einladung ist noch nicht versandt", issue.title,
                     "Sprachmittlung im Krankenhaus", "Entwurf des Merkblatts", f"Themen anmelden: bis {said(19)}",
                     f"Unterlagen einreichen: bis {said(33)}", "Rhein-Sieg-Kreis"):  # fmt: skip
            assert part in words, part
        client.force_login(member)
        words = text_of(client.get(url("meeting_invitation", there.pk)).content)
        assert issue.title not in words
        assert "Für Sie nicht sichtbarer Punkt" in words


class TestDue:
    def test_an_invitation_is_due_with_whoever_sends_it_until_it_is_sent(self, office, there):
        group, lead = project_group(), user(Role.PROJECT_GROUP)
        group.memberships.all().delete()
        seat(group, lead)
        theirs, led_by_nobody = meeting(group, days=30), meeting(project_group("thematic"), days=31)
        led_by_nobody.body.memberships.all().delete()
        rules_of(group, invitation_days=20)
        meeting(days=300)
        found = [one for one in duties.open_until(day(26)) if one.key.startswith("invitation:")]
        assert [(one.key, one.due_on, one.people) for one in found] == [
            (f"invitation:{theirs.pk}", day(10), {lead.pk}),
            (f"invitation:{led_by_nobody.pk}", day(17), {office.pk}),
            (f"invitation:{there.pk}", day(26), {office.pk}),
        ]
        assert found[0].subject == f"{group}, {said(30)}"
        theirs.invite(by=lead)
        there.cancel(by=office)
        left = [one.key for one in duties.open_until(day(26)) if one.key.startswith("invitation:")]
        assert left == [f"invitation:{led_by_nobody.pk}"]

    def test_it_costs_the_same_for_many(self, there):
        taken = []
        for more in (2, 6):
            for number in range(more):
                meeting(project_group(), days=10 + more * 10 + number)
            with CaptureQueriesContext(connection) as queries:
                duties.open_until(day(60))
            taken.append(len(queries))
        assert taken[0] == taken[1]


class TestAgenda:
    def test_what_is_due_by_the_meeting_comes_by_itself_and_only_once(self, office, there):
        group = there.body
        issue = issue_at(State.PROJECT)
        issue.due_on = there.day
        issue.save()
        open_, later = resolution(group, day(-2)), resolution(group, there.day + dt.timedelta(days=1), "B-2026-0002")
        resolution(project_group(), day(1), "B-2026-0003")
        before = meeting(group, days=-60)
        minutes = Minutes.objects.create(meeting=before, started_by=office)
        rules = RulesOfProcedure.objects.create(body=group, version=1, meeting=there)
        assert there.build_agenda(by=office) == 4
        assert there.build_agenda() == 0
        assert [item.issue for item in on(there, "interim")] == [issue]
        assert [item.open_resolution for item in on(there, "resolution")] == [open_]
        assert [item.minutes for item in on(there, "minutes")] == [minutes]
        assert [item.rules for item in on(there, "rules")] == [rules]
        second = meeting(group, days=80)
        assert second.build_agenda() == 1
        assert [item.open_resolution for item in second.agenda.all()] == [later]

    def test_interim_reports_are_the_steering_groups(self):
        issue = issue_at(State.PROJECT)
        issue.due_on = day(1)
        issue.save()
        there = meeting(issue.body, days=40)
        assert there.build_agenda() == 0

    def test_what_lost_its_reason_goes_before_the_invitation_and_stays_after(self, office, there):
        done, dropped = resolution(there.body, day(1)), resolution(there.body, day(2), "B-2026-0002")
        there.build_agenda()
        Resolution.objects.filter(pk=done.pk).update(done_on=day(0), done_by=office)
        assert there.build_agenda() == 1
        assert [item.open_resolution for item in on(there, "resolution")] == [dropped]
        Resolution.objects.filter(pk=done.pk).update(done_on=None, done_by=None)
        assert there.build_agenda() == 1
        there.invite(by=office)
        Resolution.objects.filter(pk=dropped.pk).update(dropped_on=day(0), dropped_because="Erledigt durch Erlass")
        assert there.build_agenda() == 0
        assert len(on(there, "resolution")) == 2

    def test_what_somebody_took_off_does_not_come_back_by_itself(self, office, there):
        resolution(there.body, day(1))
        there.build_agenda()
        on(there, "resolution")[0].withdraw(by=office)
        assert there.build_agenda() == 0
        assert on(there, "resolution") == []

    def test_every_working_morning_builds_the_next_agenda_of_each_body(self, there):
        group = project_group()
        theirs, far = meeting(group, days=30), meeting(group, days=60)
        resolution(group, day(2))
        monday = day(0) + dt.timedelta(days=(7 - day(0).weekday()) % 7)
        monday = workdays.next_workday(monday)
        with workdays.as_of(dt.datetime.combine(monday, dt.time(7), workdays.BERLIN)):
            assert reminders.sweep()
        assert len(on(theirs, "resolution")) == 1
        assert not far.agenda.exists()

    def test_topics_and_rules_of_a_called_off_meeting_move_on(self, office, there):
        there.propose_topic(by=office, title="Wohnungen")
        rules = RulesOfProcedure.objects.create(body=there.body, version=1, meeting=there)
        there.build_agenda()
        there.cancel(by=office)
        then = Meeting.plan(by=office, body=there.body, starts_at=there.starts_at + dt.timedelta(days=7))
        assert [item.title for item in on(then, "topic")] == ["Wohnungen"]
        assert [item.rules for item in on(then, "rules")] == [rules]
        last = meeting(there.body, days=90)
        then.cancel(by=office, instead=last)
        assert [item.kind for item in last.agenda.standing().in_order()] == ["rules", "topic"]

    def test_what_comes_to_an_invited_meeting_is_late(self, office, there):
        other = meeting(there.body, days=20)
        topic = other.propose_topic(by=office, title="Wohnungen")
        there.invite(by=office)
        other.cancel(by=office, instead=there)
        moved = there.agenda.get(pk=topic.pk)
        assert (moved.is_late, moved.waits_for_admission) == (True, True)

    def test_the_order_is_by_kind_until_somebody_orders_it(self, office, there):
        issue = issue_at(State.STEERING)
        there.propose_topic(by=office, title="Wohnungen")
        resolution(there.body, day(1))
        there.build_agenda()
        kinds = [item.kind for item in there.agenda.standing().in_order()]
        assert kinds == ["tabled", "resolution", "topic"]
        ids = [item.pk for item in there.agenda.standing().in_order()][::-1]
        there.put_in_order(ids, by=office)
        assert [item.pk for item in there.agenda.standing().in_order()] == ids
        assert issue.agenda_items.get().position == 3

    def test_buttons_move_an_item_and_say_where_it_stands(self, client, office, there):
        titles = ["Wohnungen", "Sprachkurse", "Termine"]
        items = [there.propose_topic(by=office, title=title) for title in titles]
        where, sent = url("meeting_order", there.pk), {"order": [item.pk for item in items]}
        swapped = client.post(where, sent | {"down": items[0].pk}, headers={"HX-Request": "true"})
        assert swapped.status_code == 200
        assert 'data-announce="Jetzt auf Platz 2 von 3"' in swapped.text
        assert [item.title for item in there.agenda.in_order()] == ["Sprachkurse", "Wohnungen", "Termine"]
        dragged = [items[2].pk, items[0].pk, items[1].pk]
        answer = client.post(where, {"order": dragged, "moved": items[2].pk})
        assert answer.status_code == 302
        assert [item.title for item in there.agenda.in_order()] == ["Termine", "Wohnungen", "Sprachkurse"]

    def test_an_order_of_other_items_is_refused(self, client, office, there):
        item = there.propose_topic(by=office, title="Wohnungen")
        late = there.propose_topic(by=office, title="Sprachkurse")
        for order in ([item.pk], [item.pk, late.pk, late.pk], ["x", "'"], [item.pk, 10**20]):
            answer = client.post(url("meeting_order", there.pk), {"order": order})
            assert answer.status_code == 422, order
            assert "inzwischen geändert" in answer.text

    def test_after_the_invitation_only_the_body_orders_it(self, client, office, there):
        items = [there.propose_topic(by=office, title=title) for title in ("Wohnungen", "Termine")]
        there.invite(by=office)
        order = [item.pk for item in items][::-1]
        with pytest.raises(StepRefused, match="Nach der Einladung ändert nur das Gremium die Tagesordnung"):
            there.put_in_order(order, by=office)
        where, sent = url("meeting_order", there.pk), {"order": order}
        shown = client.post(where, {"order": order[::-1], "down": items[0].pk})
        assert shown.status_code == 200  # arranged, not kept
        assert [item.title for item in there.agenda.in_order()] == ["Wohnungen", "Termine"]
        assert "Bitte ausfüllen" in client.post(where, sent | {"save": "1"}).text
        lost = client.post(where, sent | {"save": "1", "yes": "2", "no": "3", "abstained": "0"})
        assert lost.status_code == 422
        assert "verlangt hierfür: einfache Mehrheit. Das ist nicht erreicht (Ja 2, Nein 3, Enthaltung 0)" in lost.text
        assert client.post(where, sent | {"save": "1", "yes": "4", "no": "3", "abstained": "1"}).status_code == 302
        assert [item.title for item in there.agenda.in_order()] == ["Termine", "Wohnungen"]
        assert trail.of(there).get(act="meeting.order").note == "Ja 4, Nein 3, Enthaltung 1"

    def test_taking_off_needs_the_majority_only_for_what_was_invited_to(self, client, office, there):
        item = there.propose_topic(by=office, title="Wohnungen")
        there.invite(by=office)
        late = there.propose_topic(by=office, title="Termine")
        with pytest.raises(StepRefused, match="bitte halten Sie fest, wie es abgestimmt hat"):
            item.withdraw(by=office)
        assert client.post(url("item_withdraw", late.pk)).status_code == 302
        assert client.post(url("item_withdraw", item.pk)).status_code == 422
        votes = {"yes": "3", "no": "0", "abstained": "0"}
        assert client.post(url("item_withdraw", item.pk), votes).status_code == 302
        assert trail.of(item).get(act="agendaitem.withdraw").note == "Ja 3, Nein 0, Enthaltung 0"
        again = client.post(url("item_withdraw", item.pk), votes)
        assert again.status_code == 422
        assert "schon abgesetzt" in again.text
        assert "Abgesetzt (2)" in client.get(there.get_absolute_url()).text

    def test_a_tabled_issue_leaves_by_a_step_and_what_was_dealt_with_stays(self, office, there):
        item = issue_at(State.STEERING).agenda_items.get()
        with pytest.raises(StepRefused, match="ein Schritt beim Knackpunkt"):
            item.withdraw(by=office)
        topic = there.propose_topic(by=office, title="Wohnungen")
        topic.dealt_with_at = workdays.now()
        topic.save()
        with pytest.raises(StepRefused, match="schon behandelt"):
            topic.withdraw(by=office)

    def test_the_button_builds_and_says_so(self, client, office, there):
        resolution(there.body, day(1))
        assert "ergänzt: 1" in client.post(url("meeting_build", there.pk), follow=True).text
        assert "auf dem Stand" in client.post(url("meeting_build", there.pk), follow=True).text
        client.force_login(there.body.leads().get())
        assert client.post(url("meeting_build", there.pk)).status_code == 403
        assert client.get(url("meeting_build", there.pk)).status_code == 405

    def test_what_is_built_at_once_is_built_once(self, there):
        resolution(there.body, day(1))
        one, two = (Meeting.objects.get(pk=there.pk) for _ in range(2))
        assert (one.build_agenda(), two.build_agenda()) == (1, 0)


class TestTopics:
    def test_any_member_proposes_until_the_day_of_the_rules(self, client, there):
        member = user(Role.STEERING_GROUP)
        seat(there.body, member, "member")
        client.force_login(member)
        where, given = url("meeting_topic", there.pk), {"title": "Sprachmittlung", "text": "Wer zahlt?"}
        last, after = day(19), day(20)
        with workdays.as_of(last):
            assert client.post(where, given).status_code == 302
        with workdays.as_of(after):
            refused = client.post(where, given)
            assert refused.status_code == 422
            assert f"bis zum {last:%d.%m.%Y} anmelden (Geschäftsordnung: 21 Tage vorher)" in refused.text
            there.propose_topic(by=user(Role.STRATEGIC_OFFICE), title="Nachgetragen")
        assert [item.title for item in on(there, "topic")] == ["Sprachmittlung", "Nachgetragen"]
        assert "Sprachmittlung" in client.get(there.get_absolute_url()).text

    def test_who_proposed_takes_it_back_until_the_invitation(self, client, office, there):
        member, other = (user(Role.STEERING_GROUP) for _ in range(2))
        for person in (member, other):
            seat(there.body, person, "member")
        topics = [there.propose_topic(by=member, title=title) for title in ("Wohnungen", "Termine")]
        with pytest.raises(PermissionDenied, match="wer es angemeldet hat"):
            topics[0].withdraw(by=other)
        topics[0].withdraw(by=member)
        there.invite(by=office)
        with pytest.raises(StepRefused, match="ändert nur das Gremium"):
            topics[1].withdraw(by=member, majority=(9, 0, 0))

    def test_a_topic_passes_the_privacy_gate(self, client, office, there):
        where = url("meeting_topic", there.pk)
        held = client.post(where, {"title": "Bescheid", "text": "IBAN DE02120300000000202051, Tel. 0171 2345678"})
        assert held.status_code == 422
        assert "Datenschutzprüfung" in held.text
        assert not there.agenda.exists()
        with pytest.raises(Held):
            there.propose_topic(by=office, title="Anruf von anna@example.org")

    def test_nothing_is_added_to_a_meeting_that_is_over_or_called_off(self, office, there):
        past = meeting(there.body, days=-2)
        closed = meeting(there.body, days=1, opened_at=workdays.now(), closed_at=workdays.now())
        for one in (past, closed):
            with pytest.raises(StepRefused, match="ist vorbei; ihre Tagesordnung"):
                one.propose_topic(by=office, title="Wohnungen")
        there.cancel(by=office)
        with pytest.raises(StepRefused, match="ist abgesagt; ihre Tagesordnung"):
            there.propose_topic(by=office, title="Wohnungen")
        assert not AgendaItem.objects.exists()


class TestPapers:
    def upload(self, client, there, **fields):
        file = SimpleUploadedFile("geheim.pdf", PDF, "application/pdf")
        return client.post(url("paper_new", there.pk), {"title": "Merkblatt", "file": file, "free": "on"} | fields)

    def test_a_paper_is_kept_sealed_and_comes_back_whole(self, client, office, there):
        item = there.propose_topic(by=office, title="Wohnungen")
        assert self.upload(client, there, item=item.pk).status_code == 302
        made = Paper.objects.get()
        assert (made.item, made.kind, made.size, made.is_late) == (item, "pdf", len(PDF), False)
        assert PDF not in files.path_of(made.kept).read_bytes()
        answer = client.get(url("paper_file", made.pk))
        assert b"".join(answer.streaming_content) == PDF
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="Unterlage-')
        assert trail.of(made).filter(act="paper.get", by=office).count() == 1
        assert "Merkblatt" in client.get(there.get_absolute_url()).text

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [({"free": ""}, "bestätigen Sie es"), ({"title": ""}, "Bitte ausfüllen"),
         ({"file": ""}, "wählen Sie eine Datei"),
         ({"file": SimpleUploadedFile("a.pdf", b"MZ\x90\x00")}, uploads.NOT_A_TYPE),
         ({"title": "Anruf von anna@example.org"}, "Datenschutzprüfung")],
    )  # fmt: skip
    def test_what_is_refused_leaves_nothing(self, client, office, there, wrong, sentence):
        answer = self.upload(client, there, **wrong)
        assert answer.status_code == 422
        assert sentence in answer.text
        assert not Paper.objects.exists()

    def test_after_the_day_of_the_rules_it_says_so(self, client, office, there):
        with workdays.as_of(day(33)):
            in_time = paper(there)
        with workdays.as_of(day(34)):
            late = paper(there, title="Tischvorlage")
        assert (in_time.is_late, late.is_late) == (False, True)
        assert client.get(there.get_absolute_url()).text.count("nach der Frist") == 1

    def test_a_paper_of_an_issue_out_of_sight_is_out_of_sight(self, client, there):
        item = issue_at(State.STEERING).agenda_items.get()
        of_item, of_meeting = paper(there, item=item, title="Zum Punkt"), paper(there, title="Zur Sitzung")
        guest = user(Role.PROJECT_GROUP)
        seat(there.body, guest, "advisory")
        client.force_login(guest)
        assert client.get(url("paper_file", of_item.pk)).status_code == 404
        assert client.get(url("paper_file", of_meeting.pk)).status_code == 200
        page = client.get(there.get_absolute_url()).text
        assert "Zum Punkt" not in page
        assert "Zur Sitzung" in page

    def test_a_damaged_file_is_said_so(self, client, office, there):
        made = paper(there)
        path = files.path_of(made.kept)
        path.write_bytes(path.read_bytes()[:-3])
        answer = client.get(url("paper_file", made.pk), follow=True)
        assert "fehlt oder ist beschädigt" in answer.text
        assert answer.redirect_chain

    @pytest.mark.django_db(transaction=True)
    def test_what_is_withdrawn_is_gone_for_everybody(self, client, office):
        made = paper(meeting(days=40))
        assert client.post(url("paper_withdraw", made.pk)).status_code == 302
        assert client.get(url("paper_file", made.pk)).status_code == 404
        assert not files.path_of(made.kept).exists()
        with pytest.raises(StepRefused, match="schon zurückgezogen"):
            made.withdraw(by=office)

    def test_the_night_keeps_papers_and_takes_what_nobody_wants(self, there):
        made, orphan = paper(there), files.keep([b"x"])
        yesterday = time.time() - 90_000
        for name in (made.kept, orphan.name):
            os.utime(files.path_of(name), (yesterday, yesterday))
        files.sweep_all(older_than=86_400)
        assert files.path_of(made.kept).exists()
        assert not files.path_of(orphan.name).exists()

    def test_a_file_that_is_too_large_for_its_row_leaves_neither(self, there, office, monkeypatch):
        monkeypatch.setattr(Paper, "MOST", 1)
        paper(there, by=office)
        kept = []
        real = files.keep
        monkeypatch.setattr(files, "keep", lambda chunks: kept.append(real(chunks)) or kept[-1])
        with pytest.raises(StepRefused, match="liegen schon 1 Unterlagen"):
            paper(there, by=office)
        assert not files.path_of(kept[0].name).exists()


class TestPage:
    def test_it_says_the_deadlines_and_what_makes_a_quorum(self, client, there):
        for number in range(4):
            seat(there.body, None, "member", organisation=organisation(f"amt-{number}", name=f"Amt {number}"))
        seat(there.body, None, "advisory", organisation=organisation("gast", name="Gast"))
        member = user(Role.STEERING_GROUP)
        seat(there.body, member, "member", organisation=organisation("amt-0"))
        client.force_login(member)
        page = client.get(there.get_absolute_url()).text
        assert "Beschlussfähig ab 3 von 5 Stimmen (50 %)" in page
        for words in (said(19), said(26), said(33)):
            assert words in page
        assert "Thema anmelden" in page
        for words in ("Einladen", "Ordnen", "Unterlage ablegen", "Absagen"):
            assert f">{words}" not in page

    def test_a_meeting_of_long_ago_names_its_day_and_no_hour(self, client, office):
        past = meeting(starts_at=dt.datetime(2021, 11, 25, tzinfo=workdays.BERLIN), title="Konstituierende Sitzung")
        page = client.get(past.get_absolute_url()).text
        assert "Konstituierende Sitzung am Donnerstag, 25. November 2021" in page
        assert "keine Tagesordnung festgehalten" in page
        assert "Fristen" not in page
        assert "Einladung als PDF" not in page
        assert "00:00" not in page
        assert "00:00" not in client.get(past.body.get_absolute_url()).text
        assert b"BEGIN:VEVENT" in client.get(url("meeting_calendar", past.pk)).content
        assert "00:00" not in text_of(client.get(url("meeting_invitation", past.pk)).content)

    def test_lists_are_narrowed_by_mode_and_year(self, client, office):
        group = steering_group()
        group.meetings.all().delete()
        coming = meeting(group, days=20, mode="video")
        past = meeting(group, starts_at=dt.datetime(2022, 2, 8, tzinfo=workdays.BERLIN))
        listed = lambda **asked: client.get(url("meeting_list"), asked).context["page"].rows  # noqa: E731
        assert listed(mode="video") == [coming]
        assert listed(mode="hybrid") == []
        assert listed(year="2022") == [past]
        assert listed(year=str(coming.day.year), stand="past") == []
        assert listed(year="1066") == [coming]

    def test_pages_are_steady_in_queries(self, client, office, there):
        there.invite(by=office)
        counts = []
        pages = [there.get_absolute_url(), *(url(name, there.pk) for name in (
            "meeting_invite", "meeting_order", "meeting_topic", "paper_new", "meeting_calendar"))]  # fmt: skip
        for more in (2, 5):
            for number in range(more):
                issue_at(State.STEERING)
                item = there.propose_topic(by=office, title=f"Thema {number}")
                paper(there, by=office)
                paper(there, by=office, item=item)
                resolution(there.body, day(3), number=f"B-{more}-{number}")
                seat(there.body, user(Role.STEERING_GROUP), "member")
            there.build_agenda()
            taken = []
            for page in pages:
                client.get(page)
                with CaptureQueriesContext(connection) as queries:
                    assert client.get(page).status_code == 200
                assert len(queries) <= MOST_QUERIES, (page, [query["sql"][:90] for query in queries])
                taken.append(len(queries))
            counts.append(taken)
        assert counts[0] == counts[1]

    def test_no_title_of_an_issue_stands_in_what_is_told_or_recorded(self, office, there):
        issue = issue_at(State.STEERING)
        there.invite(by=office)
        there.cancel(by=office, instead=meeting(there.body, days=60))
        told = [*Notice.objects.filter(audience="member").values_list("headline", "text")]
        noted = TrailEntry.objects.exclude(note="").values_list("note", flat=True)
        for words in (*(f"{headline} {text}" for headline, text in told), *noted):
            assert issue.title not in words


def test_calling_off_undoes_nothing_that_was_saved_meanwhile(office, there):
    stale = Meeting.objects.select_related("body").get(pk=there.pk)
    there.move(by=office, starts_at=there.starts_at, place="Rathaus", mode="hybrid", title="")
    stale.cancel(by=office)
    there.refresh_from_db()
    assert (there.place, there.mode, there.cancelled_at is None) == ("Rathaus", "hybrid", False)


def test_a_meeting_that_was_opened_is_not_moved_any_more(office):
    there = meeting(days=1, opened_at=workdays.now())
    with pytest.raises(StepRefused, match="schon begonnen"):
        there.cancel(by=office)


def test_an_issue_tabled_after_the_invitation_is_late(office, there):
    there.invite(by=office)
    issue = issue_at(State.STRATEGY)
    take(issue, "table", meeting=there)
    assert issue.agenda_items.get().waits_for_admission
