"""Minutes: drafted from what was recorded, written by several at once, sent, objected to, approved; and their files."""

import datetime as dt
import io
import re
import zipfile

import docx
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import workdays
from kim.models import Draft, JobRun, Notice, Role, TrailEntry
from kim.privacy_gate import Held
from kim.workflow import StepRefused
from steering import duties, minutes_files, reminders
from steering.escalation import State
from steering.models import AgendaItem, Attendance, DutyReminder, Minutes, Objection, Resolution, RulesOfProcedure, Vote
from steering.models.minutes import HIDDEN
from tests.at_once import at_once
from tests.factories import (
    county,
    held_meeting,
    issue_at,
    meeting,
    organisation,
    project_group,
    seat,
    steering_group,
    take,
    topic,
    user,
)
from tests.pdf_text import text_of
from tests.test_editing import Filled
from tests.test_hostile import HOSTILE

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
FILES = ("pdf", "docx")


@pytest.fixture(autouse=True)
def _there():
    county()


@pytest.fixture
def office(client):
    person = user(Role.STRATEGIC_OFFICE)
    client.force_login(person)
    return person


@pytest.fixture
def member():
    person = user(Role.STEERING_GROUP)
    seat(steering_group(), person, "member", organisation=organisation("jobcenter", name="Jobcenter", kind="jobcenter"))
    return person


def url(name, *args):
    return reverse(f"steering:{name}", args=args)


def day(days):
    return workdays.today() + dt.timedelta(days=days)


def sent(held=None, by=None) -> Minutes:
    minutes = Minutes.start(held or held_meeting(), by or user(Role.STRATEGIC_OFFICE))
    minutes.send(by=minutes.started_by)
    return minutes


def approved(held=None) -> Minutes:
    minutes = sent(held)
    with workdays.as_of(minutes.objections_until + dt.timedelta(days=1)):
        minutes.approve(by=minutes.sent_by)
    return minutes


def adopt(body, by, **fields) -> RulesOfProcedure:
    """Rules in force since long before."""
    resolution = Resolution.objects.create(
        number=f"B-2020-{RulesOfProcedure.objects.count() + 1:04}", body=body, verdict="adopt", text="Angenommen.",
        decided_on=day(-400), recorded_by=by,
    )  # fmt: skip
    return RulesOfProcedure.objects.create(
        body=body, version=1, resolution=resolution, valid_from=day(-400), by=by, **fields
    )


def decided(item, by, **fields) -> Resolution:
    given = {"number": f"B-2026-{item.pk:04}", "body": item.meeting.body, "agenda_item": item, "issue": item.issue,
             "verdict": "resolve", "text": "Ein Merkblatt wird erstellt.", "decided_on": item.meeting.day,
             "recorded_by": by}  # fmt: skip
    return Resolution.objects.create(**given | fields)


def whole_meeting(by):
    """A meeting with somebody there, somebody excused, a guest, an issue decided and a topic spoken of."""
    issue = issue_at(State.STEERING)
    held = held_meeting()
    item = issue.agenda_items.get()
    AgendaItem.objects.filter(pk=item.pk).update(meeting=held, position=1)
    item.refresh_from_db()
    chair = held.body.memberships.get(function="lead")
    Attendance.objects.create(meeting=held, seat=chair, presence="present", by=by)
    for other in held.body.memberships.exclude(pk=chair.pk):
        Attendance.objects.create(meeting=held, seat=other, presence="excused", by=by)
    Attendance.objects.create(meeting=held, guest="Bezirksregierung Köln", presence="present", by=by)
    Vote.objects.create(item=item, seat=chair, value="yes", by=by)
    decided(item, by, yes=1, owner="Jobcenter", due_on=day(30), verdict="assign")
    topic(held, position=2, notes="Die Kreisverwaltung stellt die Kurse vor.")
    return held, item


# Drafted from what was recorded


def test_they_say_what_was_recorded_by_institution_and_function(member):
    office = user(Role.STRATEGIC_OFFICE)
    held, item = whole_meeting(office)
    found = Minutes.of(held).gathered()
    facts = dict(found["facts"])
    assert (facts["Gremium"], facts["Beginn"], facts["Ende"]) == ("Lenkungsgruppe", "09:05 Uhr", "11:00 Uhr")
    assert ["Jobcenter", "Mitglied", "entschuldigt"] in found["attendance"]
    assert found["guests"] == ["Bezirksregierung Köln"]
    assert str(member) not in str(found)
    assert found["quorum"] == "Beschlussfähig: 1 von 2 Stimmen vertreten, nötig sind 50 Prozent."
    first, second = found["items"]
    assert (first["no"], first["number"], first["subject"]) == (1, item.issue.number, item.issue.title)
    assert (first["verdict"], first["count"]) == ("zugewiesen", "Ja 1, Nein 0, Enthaltungen 0")
    assert (first["resolution"], first["text"]) == (f"B-2026-{item.pk:04}", "Ein Merkblatt wird erstellt.")
    assert first["owner"] == f"Jobcenter, bis {day(30):%d.%m.%Y}"
    assert first["votes"] == [["Vorsitz der Lenkungsgruppe", "Ja"]]
    assert (second["no"], second["kind"]) == (2, "angemeldetes Thema")
    assert second["notes"] == "Die Kreisverwaltung stellt die Kurse vor."


def test_a_deputy_speaks_for_the_member_and_two_of_one_institution_are_one_voice():
    office, held = user(Role.STRATEGIC_OFFICE), held_meeting()
    place = organisation("jobcenter", name="Jobcenter", kind="jobcenter")
    first, _ = (seat(held.body, user(), "member", organisation=place) for _ in range(2))
    others = [seat(held.body, user(), "member") for _ in range(2)]
    deputy = seat(held.body, user(), "deputy", deputy_of=first)
    seat(held.body, user(), "advisory")
    for one in (deputy, others[0]):
        Attendance.objects.create(meeting=held, seat=one, presence="present", by=office)
    found = Minutes.of(held).gathered()
    assert "2 von 4 Stimmen" in found["quorum"]
    assert found["quorum"].startswith("Beschlussfähig")
    assert [str(deputy.user), "Vertretung für Jobcenter", "anwesend"] in found["attendance"]
    adopt(held.body, office, quorum_percent=60)
    assert Minutes.of(held).gathered()["quorum"].startswith("Nicht beschlussfähig")


def test_in_writing_those_count_who_voted():
    office = user(Role.STRATEGIC_OFFICE)
    held = held_meeting(mode="written", written_until=day(-1))
    seats = [seat(held.body, user(), "member") for _ in range(2)]
    item = topic(held)
    assert Minutes.of(held).gathered()["quorum"].startswith("Es ist keine Stimme abgegeben worden")
    Vote.objects.create(item=item, seat=seats[0], value="no", by=office)
    assert Minutes.of(held).gathered()["quorum"].startswith("Nicht beschlussfähig: 1 von 3 Stimmen abgegeben")
    Vote.objects.create(item=item, seat=seats[1], value="yes", by=office)
    found = Minutes.of(held).gathered()
    assert found["quorum"].startswith("Beschlussfähig: 2 von 3 Stimmen abgegeben")
    assert found["items"][0]["count"] == "Ja 1, Nein 1, Enthaltungen 0"


def test_what_was_taken_off_the_agenda_stands_there_without_a_number():
    held = held_meeting(invited_at=workdays.now() - dt.timedelta(days=20))
    topic(held, "Erstens", position=1)
    topic(held, "Abgesetztes", position=2, withdrawn_at=workdays.now())
    topic(held, "Verspätetes", position=3)
    topic(held, "Letztes", position=4, added_at=held.invited_at - dt.timedelta(days=1))
    AgendaItem.objects.filter(title="Erstens").update(admitted_at=workdays.now(), admission="5 Ja, 1 Nein")
    found = [(item["no"], item["subject"], item["standing"]) for item in Minutes.of(held).gathered()["items"]]
    assert found == [
        (1, "Erstens", "nach der Einladung zugelassen (5 Ja, 1 Nein)"), (0, "Abgesetztes", "abgesetzt"),
        (0, "Verspätetes", "nicht zugelassen"), (2, "Letztes", ""),
    ]  # fmt: skip


def test_they_begin_once_when_the_day_has_come(office):
    held = held_meeting()
    assert Minutes.start(held, office) == Minutes.start(held, user(Role.STRATEGIC_OFFICE))
    assert TrailEntry.objects.filter(act="minutes.start").count() == 1
    with pytest.raises(StepRefused, match="wenn die Sitzung eröffnet wird"):
        Minutes.start(meeting(days=3), office)
    assert Minutes.start(meeting(days=4, opened_at=workdays.now()), office).pk
    with pytest.raises(StepRefused, match="abgesagt"):
        Minutes.start(held_meeting(days=9, cancelled_at=workdays.now()), office)


def test_who_runs_the_meeting_writes_them_and_nobody_else():
    group = project_group()
    held = held_meeting(group)
    lead = group.leads().get()
    assert Minutes.start(held, lead).started_by == lead
    other = user(Role.COORDINATION)
    for act in (
        lambda: Minutes.start(held_meeting(), lead),
        lambda: Minutes.start(held, other),
        lambda: Minutes.of(held).edit(by=other, opening="", closing=""),
        lambda: Minutes.of(held).send(by=other),
        lambda: Minutes.note(topic(held), by=other, notes="Nein"),
    ):
        with pytest.raises(PermissionDenied, match="Sitzungen führen"):
            act()


# Written by several at once


def open_page(client, where):
    return Filled(client.get(where).text).sent


def test_who_changes_another_text_collides_with_nobody(client, office):
    held = held_meeting()
    one, other = topic(held, "Erstes"), topic(held, "Zweites")
    where = url("minutes_edit", held.pk)
    first, second = open_page(client, where), open_page(client, where)
    assert client.post(where, first | {"opening": ["Der Vorsitz begrüßt."]}).status_code == 302
    assert client.post(where, second | {"closing": ["Nächste Sitzung im Mai."]}).status_code == 302
    there = Minutes.objects.get()
    assert (there.opening, there.closing) == ("Der Vorsitz begrüßt.", "Nächste Sitzung im Mai.")
    pages = [(url("minutes_item", item.pk), item) for item in (one, other)]
    opened = [open_page(client, page) for page, _ in pages]
    for (page, item), form in zip(pages, opened, strict=True):
        assert client.post(page, form | {"notes": [f"Zu {item.title}"]}).status_code == 302
    assert list(held.agenda.values_list("notes", flat=True)) == ["Zu Erstes", "Zu Zweites"]


@pytest.mark.parametrize("name", ["minutes_item", "minutes_edit"])
def test_two_on_the_same_text_lose_no_word_and_one_button_keeps_both(client, office, name):
    held = held_meeting()
    item = topic(held)
    where = url(name, item.pk if name == "minutes_item" else held.pk)
    field = "notes" if name == "minutes_item" else "opening"
    first, second = open_page(client, where), open_page(client, where)
    assert client.post(where, first | {field: ["Das Jobcenter sagt ja."]}).status_code == 302
    recorded = TrailEntry.objects.count()
    answer = client.post(where, second | {field: ["Die Stadt fragt nach."]})
    assert answer.status_code == 409
    assert "während Ihr Formular offen war" in answer.text
    assert "Beide Texte behalten" in answer.text
    assert TrailEntry.objects.count() == recorded
    both = Filled(answer.text).sent
    assert both[field] == ["Das Jobcenter sagt ja.\n\nDie Stadt fragt nach."]
    assert client.post(where, both).status_code == 302
    item.refresh_from_db()
    found = item.notes if field == "notes" else Minutes.objects.get().opening
    assert found == "Das Jobcenter sagt ja.\n\nDie Stadt fragt nach."
    assert not Draft.objects.exists()


def test_the_other_text_of_the_same_page_is_kept_while_one_collides(client, office):
    held = held_meeting()
    where = url("minutes_edit", held.pk)
    first, second = open_page(client, where), open_page(client, where)
    client.post(where, first | {"opening": ["Eins."], "closing": ["Ende."]})
    answer = client.post(where, second | {"opening": ["Zwei."]})
    assert answer.status_code == 409
    both = Filled(answer.text).sent
    assert (both["opening"], both["closing"]) == (["Eins.\n\nZwei."], ["Ende."])
    client.post(where, both)
    assert Minutes.objects.get().closing == "Ende."


def test_a_third_one_meanwhile_is_heard_too(client, office):
    item = topic(held_meeting())
    where = url("minutes_item", item.pk)
    forms = [open_page(client, where) for _ in range(3)]
    client.post(where, forms[0] | {"notes": ["Eins."]})
    both = Filled(client.post(where, forms[1] | {"notes": ["Zwei."]}).text).sent
    client.post(where, open_page(client, where) | {"notes": ["Eins, genauer."]})
    again = client.post(where, both)
    assert again.status_code == 409
    client.post(where, Filled(again.text).sent)
    item.refresh_from_db()
    assert {"Eins, genauer.", "Eins.", "Zwei."} <= set(item.notes.split("\n\n"))


def test_what_comes_without_a_mark_overwrites_nothing(client, office):
    item = topic(held_meeting(), notes="Schon festgehalten.")
    answer = client.post(url("minutes_item", item.pk), {"notes": "Neu."})
    assert answer.status_code == 409
    item.refresh_from_db()
    assert item.notes == "Schon festgehalten."


def test_a_draft_remembers_what_it_was_typed_over(client, office):
    item = topic(held_meeting())
    where, key = url("minutes_item", item.pk), f"minutes-item:{item.pk}"
    began = open_page(client, where)
    Draft.keep(office, key, {"notes": "Angefangen", "shown": began["shown"][0]})
    client.post(where, began | {"notes": ["Fertig."]})
    Draft.keep(office, key, {"notes": "Angefangen", "shown": began["shown"][0]})
    later = open_page(client, where)
    assert later["notes"] == ["Angefangen"]
    assert client.post(where, later).status_code == 409
    assert client.post(where, {"act": "discard"}).status_code == 302
    assert open_page(client, where)["notes"] == ["Fertig."]


@pytest.mark.django_db(transaction=True)
def test_two_who_send_at_the_same_moment_lose_no_word():
    county()
    held = held_meeting()
    item = topic(held)
    people = [user(Role.STRATEGIC_OFFICE) for _ in range(2)]
    clients = []
    from django.test import Client

    for person in people:
        clients.append(Client())
        clients[-1].force_login(person)
    where = url("minutes_item", item.pk)
    forms = [open_page(one, where) for one in clients]
    answers = {}

    def act(number):
        answers[number] = clients[number].post(where, forms[number] | {"notes": [f"Wort {number}"]})
        return answers[number]

    assert at_once(lambda: act(0), lambda: act(1)) in ([302, 409], [409, 302])
    loser = next(number for number, answer in answers.items() if answer.status_code == 409)
    clients[loser].post(where, Filled(answers[loser].text).sent)
    item.refresh_from_db()
    assert sorted(item.notes.split("\n\n")) == ["Wort 0", "Wort 1"]
    assert Minutes.objects.count() == 1


def test_no_person_comes_into_the_minutes(client, office):
    issue = issue_at(State.STEERING)
    held = held_meeting()
    item = issue.agenda_items.get()
    AgendaItem.objects.filter(pk=item.pk).update(meeting=held)
    where = url("minutes_item", item.pk)
    named = open_page(client, where) | {"notes": ["Herr Mustermann, geboren am 03.04.1981, wartet."]}
    answer = client.post(where, named)
    assert answer.status_code == 422
    assert "Herr Mustermann" in answer.text
    assert "Datenschutzprüfung" in answer.text
    item.refresh_from_db()
    assert item.notes == ""
    with pytest.raises(Held):
        Minutes.start(held, office).edit(by=office, opening="Anruf bei 0177 1234567.", closing="")
    text = "Frau Beispiel vom Jobcenter berichtet."
    held_back = client.post(where, open_page(client, where) | {"notes": [text]})
    keys = re.findall(r'name="confirmed"\s+value="([0-9a-f]{24})"', held_back.text)
    assert client.post(where, Filled(held_back.text).sent | {"notes": [text], "confirmed": keys}).status_code == 302
    assert issue.confirmations.filter(field="Beratung").exists()


def test_notes_lead_back_to_where_one_came_from_and_nowhere_else(client, office):
    item = topic(held_meeting())
    where = url("minutes_item", item.pk)
    back = item.meeting.get_absolute_url()
    page = client.get(where, {"next": back})
    form = Filled(page.text).sent
    assert form["next"] == [back]
    assert client.post(where, form | {"notes": ["Eins"]}).headers["Location"] == back
    for evil in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        form = open_page(client, where)
        there = client.post(where, form | {"notes": [f"Zwei {len(evil)}"], "next": evil}).headers["Location"]
        assert there == url("minutes_detail", item.meeting_id)


# Sent


def test_sending_freezes_what_they_say_and_tells_the_members(client, office, member):
    held, item = whole_meeting(office)
    gone = user(Role.STEERING_GROUP)
    seat(held.body, gone, "member", valid_until=day(-30))
    page = client.get(url("minutes_send", held.pk))
    assert "Wer die Niederschrift bekommt" in page.text
    assert "Lenkungsgruppe (2 Konten)" in page.text
    assert not Minutes.objects.exists()
    assert client.post(url("minutes_send", held.pk)).status_code == 302
    minutes = Minutes.objects.get()
    assert (minutes.version, minutes.objections_until) == (1, day(14))
    told = Notice.objects.filter(headline__startswith="Niederschrift")
    assert {notice.recipient for notice in told} == {member, held.body.leads().get()}
    for notice in told:
        assert f"bis einschließlich {day(14):%d.%m.%Y}" in notice.text
        assert item.issue.title not in notice.headline + notice.text
        assert notice.url == url("minutes_detail", held.pk)
    Attendance.objects.all().delete()
    Resolution.objects.update(text="Etwas anderes")
    minutes.refresh_from_db()
    assert minutes.read_by(office)["items"][0]["text"] == "Ein Merkblatt wird erstellt."
    assert ["Jobcenter", "Mitglied", "entschuldigt"] in minutes.read_by(office)["attendance"]


def test_the_page_before_sending_says_what_is_missing(client, office):
    held = held_meeting()
    topic(held, position=1, notes="Besprochen.")
    topic(held, "Zweites", position=2)
    page = client.get(url("minutes_send", held.pk)).text
    assert "Die Anwesenheit ist nicht festgehalten." in page
    assert "TOP 2 hat weder Beratung noch Beschluss." in page
    assert "TOP 1 hat" not in page
    assert "Ohne Konto in KIM" not in page
    held.body.memberships.create(
        organisation=organisation("bamf", name="BAMF, Regionalkoordination"), function="member", valid_from=day(-90)
    )
    page = client.get(url("minutes_send", held.pk)).text
    assert "Ohne Konto in KIM, bitte auf anderem Weg zusenden: BAMF, Regionalkoordination." in page


def test_the_time_for_objections_is_that_of_the_rules_in_force_on_the_day_of_the_meeting(office):
    adopt(steering_group(), office, objection_days=21)
    assert sent(by=office).objections_until == day(21)
    RulesOfProcedure.objects.update(valid_from=day(0))
    assert sent(held_meeting(days=2), by=office).objections_until == day(14)


def test_what_cannot_be_sent_says_why(client, office):
    early = meeting(days=0, opened_at=workdays.now())
    page = client.post(url("minutes_send", early.pk))
    assert page.status_code == 422
    assert "noch nicht geschlossen" in page.text
    held = held_meeting()
    assert client.post(url("minutes_send", held.pk)).status_code == 302
    again = client.post(url("minutes_send", held.pk))
    assert again.status_code == 422
    assert "erst etwas, wenn eine Einwendung aufgenommen ist" in again.text
    assert "wenn die Sitzung eröffnet wird" in client.get(url("minutes_send", meeting(days=5).pk)).text


def test_sent_minutes_are_not_changed_behind_the_members_backs(client, office):
    minutes = sent(by=office)
    item = topic(minutes.meeting)
    where = url("minutes_edit", minutes.meeting.pk)
    assert "Die Niederschrift ist versandt" in client.get(where).text
    answer = client.post(where, open_page(client, where) | {"opening": ["Doch anders."]})
    assert answer.status_code == 422
    assert "Doch anders." in answer.text
    with pytest.raises(StepRefused, match="versandt"):
        Minutes.note(item, by=office, notes="Nachgetragen")


# Objections


def test_members_object_until_the_last_day(client, office, member):
    minutes = sent(by=office)
    where = url("minutes_object", minutes.meeting.pk)
    client.force_login(member)
    assert client.post(where, {"text": ""}).status_code == 422
    with workdays.as_of(minutes.objections_until):
        assert client.post(where, {"text": "Das Jobcenter war anwesend."}).status_code == 302
    objection = Objection.objects.get()
    assert (objection.by, objection.version) == (member, 1)
    told = Notice.objects.get(recipient=office, headline__startswith="Einwendung")
    assert "Jobcenter" not in told.headline + told.text
    with workdays.as_of(minutes.objections_until + dt.timedelta(days=1)):
        late = client.post(where, {"text": "Noch etwas."})
    assert late.status_code == 422
    assert f"waren bis einschließlich {minutes.objections_until:%d.%m.%Y} möglich" in late.text
    assert "Noch etwas." in late.text


def test_who_sat_there_on_the_day_objects_also_when_the_seat_has_ended(client, office):
    held = held_meeting(days=5)
    left, later, never = (user(Role.STEERING_GROUP) for _ in range(3))
    seat(held.body, left, "member", valid_until=day(-2))
    seat(held.body, later, "member", valid_from=day(-1))
    seat(held.body, never, "member", valid_until=day(-20))
    sent(held, office)
    where = url("minutes_object", held.pk)
    for person, expected in ((left, 200), (later, 200), (never, 404), (user(Role.COORDINATION), 403)):
        client.force_login(person)
        answer = client.get(where)
        assert answer.status_code == expected, str(person)
        if expected == 403:
            assert "wer am Tag der Sitzung oder heute darin sitzt" in answer.text


def test_the_office_writes_down_what_an_institution_without_account_objects(client, office, member):
    held = held_meeting()
    bamf, jobcenter = organisation("bamf", name="BAMF"), organisation("jobcenter")
    held.body.memberships.create(organisation=bamf, function="member", valid_from=day(-90))
    minutes = sent(held, office)
    where = url("minutes_object", held.pk)
    assert list(client.get(where).context["form"].fields["organisation"].rows.values()) == [bamf]
    assert client.post(where, {"text": "Das BAMF war da."}).status_code == 422
    assert client.post(where, {"text": "Das BAMF war da.", "organisation": jobcenter.pk}).status_code == 422
    assert client.post(where, {"text": "Das BAMF war da.", "organisation": bamf.pk}).status_code == 302
    objection = Objection.objects.get()
    assert (objection.who, objection.by) == ("BAMF", office)
    told = Notice.objects.count()
    objection.decide(by=user(Role.STRATEGIC_OFFICE), accepted=False, answer="Nein.")
    assert Notice.objects.count() == told
    with pytest.raises(StepRefused, match="hat keinen Sitz"):
        minutes.object(by=office, text="Fremd", organisation=organisation("fremd", name="Fremde Stelle"))
    with pytest.raises(PermissionDenied, match="Sitzungen führen"):
        minutes.object(by=member, text="Für andere", organisation=bamf)


def test_before_they_are_sent_nobody_objects(office, member):
    minutes = Minutes.start(held_meeting(), office)
    with pytest.raises(StepRefused, match="noch nicht versandt"):
        minutes.object(by=member, text="Zu früh")


def test_an_accepted_objection_opens_them_for_the_next_version(client, office, member):
    minutes = sent(by=office)
    pk = minutes.meeting.pk
    objection = minutes.object(by=member, text="Das Ende fehlt.")
    with pytest.raises(StepRefused, match="zuerst über die offenen Einwendungen"), workdays.as_of(day(20)):
        minutes.approve(by=office)
    where = url("objection_decide", objection.pk)
    assert client.post(where, {"accepted": "yes", "answer": ""}).status_code == 422
    assert client.post(where, {"accepted": "yes", "answer": "Das Ende ist ergänzt."}).status_code == 302
    assert Notice.objects.filter(recipient=member, text__contains="entschieden: aufgenommen").exists()
    twice = client.post(where, {"accepted": "no", "answer": "Doch nicht."})
    assert twice.status_code == 422
    assert "schon entschieden: aufgenommen" in twice.text
    edit = url("minutes_edit", pk)
    assert client.post(edit, open_page(client, edit) | {"closing": ["Schluss um elf."]}).status_code == 302
    client.force_login(member)
    assert "Schluss um elf." not in client.get(url("minutes_detail", pk)).text
    client.force_login(office)
    assert "Entwurf der Fassung 2" in client.get(url("minutes_detail", pk)).text
    with workdays.as_of(day(20)):
        with pytest.raises(StepRefused, match="zuerst die neue Fassung"):
            minutes.approve(by=office)
        assert Minutes.approve_silent() == 0
        client.force_login(office)
        assert client.post(url("minutes_send", pk)).status_code == 302
    minutes.refresh_from_db()
    assert (minutes.version, minutes.objections_until) == (2, day(34))
    assert minutes.content["closing"] == "Schluss um elf."
    assert Notice.objects.filter(recipient=member, text__contains="in Fassung 2").exists()


def test_a_rejected_objection_leaves_them_as_they_are(office, member):
    minutes = sent(by=office)
    minutes.object(by=member, text="Ich sehe es anders.").decide(by=office, accepted=False, answer="So war es.")
    with pytest.raises(StepRefused, match="erst etwas, wenn eine Einwendung aufgenommen ist"):
        minutes.edit(by=office, opening="Neu", closing="")
    with workdays.as_of(day(15)):
        minutes.approve(by=office)
    assert minutes.approved_on == day(15)


def test_members_do_not_answer_objections(client, office, member):
    objection = sent(by=office).object(by=member, text="Das Ende fehlt.")
    client.force_login(member)
    assert client.get(url("objection_decide", objection.pk)).status_code == 403
    client.force_login(user())
    assert client.get(url("objection_decide", objection.pk)).status_code == 404


# Approved


def test_the_office_approves_once_the_time_has_passed(client, office):
    minutes = sent(by=office)
    where = url("minutes_approve", minutes.meeting.pk)
    early = client.post(where)
    assert early.status_code == 422
    assert f"noch bis einschließlich {day(14):%d.%m.%Y} möglich" in early.text
    with workdays.as_of(day(14)), pytest.raises(StepRefused):
        minutes.approve(by=office)
    with workdays.as_of(day(15)):
        client.force_login(office)
        assert client.post(where).status_code == 302
        minutes.approve(by=office)
    assert TrailEntry.objects.filter(act="minutes.approve").count() == 1
    minutes.refresh_from_db()
    assert (minutes.approved_on, minutes.approved_by, minutes.readers) == (day(15), office, "staff")


def test_what_was_never_sent_is_not_approved(client, office):
    answer = client.post(url("minutes_approve", held_meeting().pk))
    assert answer.status_code == 422
    assert "noch nicht versandt" in answer.text


def test_the_body_itself_approves_before_that(office):
    minutes = sent(by=office)
    item = AgendaItem.objects.create(meeting=held_meeting(days=0), kind="minutes", minutes=minutes)
    with pytest.raises(StepRefused, match="noch bis einschließlich"):
        minutes.approve(by=office)
    resolution = decided(item, office)
    for verdict in ("reject", "defer"):
        Resolution.objects.filter(pk=resolution.pk).update(verdict=verdict)
        with pytest.raises(StepRefused, match="noch bis einschließlich"):
            minutes.approve(by=office)
    Resolution.objects.filter(pk=resolution.pk).update(verdict="adopt")
    minutes.approve(by=office)
    assert minutes.approved_on == day(0)


def test_the_sweep_approves_what_nobody_objected_to(office, member):
    quiet, disputed = sent(by=office), sent(held_meeting(days=2), by=office)
    disputed.object(by=member, text="Das Ende fehlt.")
    assert Minutes.approve_silent() == 0
    morning = workdays.next_workday(day(15))
    with workdays.as_of(dt.datetime.combine(morning, dt.time(7), workdays.BERLIN)):
        assert "1 Niederschrift genehmigt" in reminders.sweep()
        JobRun.objects.all().delete()
        assert "genehmigt" not in reminders.sweep()
    quiet.refresh_from_db()
    disputed.refresh_from_db()
    assert (quiet.approved_on, quiet.approved_by) == (morning, None)
    assert disputed.approved_on is None


def test_once_approved_nothing_of_the_meeting_changes(client, office, member):
    held, item = whole_meeting(office)
    minutes = sent(held, office)
    objection = minutes.object(by=member, text="Offen")
    objection.decide(by=office, accepted=False, answer="Nein")
    with workdays.as_of(day(15)):
        minutes.approve(by=office)
    sentence = "Die Niederschrift ist genehmigt"
    for act in (
        lambda: Minutes.demand_open(held),
        lambda: minutes.edit(by=office, opening="Neu", closing=""),
        lambda: Minutes.note(item, by=office, notes="Neu"),
        lambda: minutes.send(by=office),
    ):
        with pytest.raises(StepRefused, match=sentence):
            act()
    with pytest.raises(StepRefused, match="Einwendungen sind nicht mehr möglich"):
        minutes.object(by=member, text="Zu spät")
    where = url("minutes_item", item.pk)
    answer = client.post(where, open_page(client, where) | {"notes": ["Neu"]})
    assert answer.status_code == 422
    assert sentence in answer.text
    Minutes.demand_open(held_meeting(days=3))  # another meeting is none of its business


# Reminders


def test_drafts_objections_and_next_versions_are_due(office, member):
    held = held_meeting(days=10)
    held_meeting(days=12, cancelled_at=workdays.now())
    meeting(days=-13)  # nobody opened it
    adopt(steering_group(), office, minutes_days=12, objection_days=9)

    def due():
        found = duties.open_until(day(60))
        return {duty.key: duty.due_on for duty in found if not duty.key.startswith("invitation:")}

    assert due() == {f"minutes:{held.pk}": day(2)}
    assert not [duty for duty in duties.open_until(day(1)) if duty.key.startswith("minutes:")]
    (duty,) = (duty for duty in duties.open_until(day(60)) if duty.key.startswith("minutes:"))
    assert (duty.subject, duty.is_of(office), duty.is_of(member)) == (
        f"Niederschrift: Lenkungsgruppe, {held.day:%d.%m.%Y}", True, False,
    )  # fmt: skip
    minutes = sent(held, office)
    assert due() == {}
    objection = minutes.object(by=member, text="Das Ende fehlt.")
    assert due() == {f"objection:{objection.pk}": day(9)}
    objection.decide(by=office, accepted=True, answer="Ergänzt.")
    assert due() == {f"minutes:{held.pk}:2": day(12)}
    minutes.send(by=office)
    assert due() == {}
    duties.remind(day(-1), day(0))
    assert not DutyReminder.objects.exclude(duty__startswith="invitation:").exists()


def test_what_is_due_is_found_by_the_same_number_of_queries(office):
    def asked():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            duties.open_until(day(60))
        return len(queries)

    held_meeting()
    few = asked()
    for number in range(2, 8):
        held_meeting(project_group(), days=number)
    assert asked() == few


# Who reads them


def readers(minutes):
    group = project_group()
    people = {
        "office": user(Role.STRATEGIC_OFFICE), "coordination": user(Role.COORDINATION), "cm": user(),
        "authority": user(Role.AUTHORITY), "group": group.leads().get(), "steering": user(Role.STEERING_GROUP),
        "member": minutes.meeting.body.leads().get(), "admin": user(Role.ADMIN), "audit": user(Role.AUDIT),
    }  # fmt: skip
    return {name for name, who in people.items() if Minutes.objects.visible_to(who).filter(pk=minutes.pk).exists()}


def test_drafts_are_the_offices_and_sent_ones_go_to_who_sees_the_meeting(office):
    minutes = Minutes.start(held_meeting(), office)
    assert readers(minutes) == {"office"}
    minutes.send(by=office)
    assert readers(minutes) == {"office", "coordination", "member"}


@pytest.mark.parametrize(
    ("named", "more"),
    [("members", set()), ("groups", {"group"}), ("staff", {"cm", "authority", "steering"})],
)
def test_approved_ones_go_also_to_whom_the_rules_of_that_day_name(office, named, more):
    held = held_meeting()
    rules = adopt(held.body, office, readers=named)
    minutes = sent(held, office)
    rules.readers = "staff"
    assert readers(minutes) == {"office", "coordination", "member"}
    with workdays.as_of(day(15)):
        minutes.approve(by=office)
    assert readers(minutes) == {"office", "coordination", "member"} | more


def test_a_lead_sees_the_draft_of_the_own_group_only(client):
    group = project_group()
    held, lead = held_meeting(group), group.leads().get()
    client.force_login(lead)
    assert client.get(url("minutes_detail", held.pk)).status_code == 200
    assert client.get(url("minutes_detail", held_meeting(project_group()).pk)).status_code == 404
    member = user(Role.PROJECT_GROUP)
    seat(group, member, "member")
    client.force_login(member)
    assert client.get(url("minutes_detail", held.pk)).status_code == 404
    Minutes.start(held, lead).send(by=lead)
    assert client.get(url("minutes_detail", held.pk)).status_code == 200


def test_a_reader_who_does_not_see_an_issue_does_not_read_its_title(client, office):
    held, item = whole_meeting(office)
    title = item.issue.title
    approved(held)
    reader = user(Role.AUTHORITY)
    client.force_login(reader)
    page = client.get(url("minutes_detail", held.pk))
    assert page.status_code == 200
    assert HIDDEN in page.text
    assert title not in page.text
    assert url("issue_detail", item.issue.pk) not in page.text
    files = {kind: client.get(url("minutes_file", held.pk, kind)).content for kind in FILES}
    assert HIDDEN in text_of(files["pdf"])
    assert title not in text_of(files["pdf"])
    assert HIDDEN in words_of(files["docx"])
    assert title not in words_of(files["docx"])
    assert title.encode() not in b"".join(parts_of(files["docx"]).values())
    client.force_login(office)
    assert title in client.get(url("minutes_detail", held.pk)).text


def test_strangers_act_on_none_of_it(client, office, member):
    held = held_meeting()
    item = topic(held)
    objection = sent(held, office).object(by=member, text="Das Ende fehlt.")
    told = {"opening": "Neu", "closing": "", "notes": "Neu", "text": "Neu", "accepted": "yes", "answer": "Neu"}
    places = [
        url("minutes_edit", held.pk), url("minutes_item", item.pk), url("minutes_send", held.pk),
        url("minutes_approve", held.pk), url("minutes_object", held.pk), url("objection_decide", objection.pk),
    ]  # fmt: skip
    recorded = TrailEntry.objects.count()
    for role, status in ((Role.COORDINATION, 403), (Role.CASE_MANAGER, 404), (Role.ADMIN, 404), (Role.AUDIT, 404)):
        client.force_login(user(role))
        assert {client.post(place, told).status_code for place in places} == {status}, role
    assert TrailEntry.objects.count() == recorded
    assert Objection.objects.get().accepted is None


def test_objections_are_for_those_who_see_the_meeting(client, office, member):
    minutes = sent(by=office)
    minutes.object(by=member, text="Das Ende fehlt.").decide(by=office, accepted=False, answer="So war es.")
    with workdays.as_of(day(15)):
        minutes.approve(by=office)
    for person, seen in ((member, True), (office, True), (user(), False)):
        client.force_login(person)
        page = client.get(url("minutes_detail", minutes.meeting.pk))
        assert page.status_code == 200
        assert ("Das Ende fehlt." in page.text) is seen


def test_the_list_holds_what_one_may_read_narrowed_and_as_a_file(client, office):
    old, new, group = held_meeting(days=800), held_meeting(), held_meeting(project_group(), title="Sondersitzung")
    for one in (old, new):
        sent(one, office)
    Minutes.start(group, office)
    found = lambda **given: [one.pk for one in client.get(url("minutes_list"), given).context["page"].rows]  # noqa: E731
    assert found() == [max((new, group), key=lambda one: (one.starts_at, one.pk)).pk,
                       min((new, group), key=lambda one: (one.starts_at, one.pk)).pk, old.pk]  # fmt: skip
    assert found(sort="old")[0] == old.pk
    assert found(year=old.day.year) == [old.pk]
    assert found(body=group.body_id) == [group.pk]
    assert found(stand="draft") == [group.pk]
    assert found(stand="approved") == []
    assert found(q="sondersitz") == [group.pk]
    file = b"".join(client.get(url("minutes_export", "csv"), {"stand": "draft"}).streaming_content).decode()
    assert "Sondersitzung" in file
    assert file.count("\r\n") == 2
    assert TrailEntry.objects.get(act="minutes.export").note == "CSV, Niederschriften, 1 Zeilen, eingegrenzt nach Stand"
    client.force_login(user())
    assert found() == []


def test_the_page_of_the_meeting_leads_to_its_minutes(client, office, member):
    held = held_meeting()
    where = url("minutes_detail", held.pk)
    assert where in client.get(held.get_absolute_url()).text
    client.force_login(member)
    assert where not in client.get(held.get_absolute_url()).text
    sent(held, office)
    assert where in client.get(held.get_absolute_url()).text
    client.force_login(office)
    ahead = meeting(days=5)
    assert url("minutes_detail", ahead.pk) not in client.get(ahead.get_absolute_url()).text
    assert "wenn die Sitzung eröffnet wird" in client.get(url("minutes_detail", ahead.pk)).text


def full(office, items):
    held = held_meeting(days=items)
    chair = held.body.memberships.get(function="lead")
    Attendance.objects.create(meeting=held, seat=chair, presence="present", by=office)
    for number in range(items):
        issue = issue_at(State.STEERING)
        item = issue.agenda_items.get()
        AgendaItem.objects.filter(pk=item.pk).update(meeting=held, position=number)
        item.refresh_from_db()
        Vote.objects.create(item=item, seat=chair, value="yes", by=office)
        decided(item, office)
    return held


def queries(client, person, where):
    client.force_login(person)
    client.get(url("limit_list"))  # the first request of a session writes it
    with CaptureQueriesContext(connection) as asked:
        assert client.get(where).status_code == 200
    return len(asked)


def test_pages_ask_as_much_for_many_items_as_for_few(client, office, member):
    few, many = full(office, 1), full(office, 6)
    for name in ("minutes_detail", "minutes_send"):
        asked = [queries(client, office, url(name, held.pk)) for held in (few, many)]
        assert asked[0] == asked[1] <= MOST_QUERIES, name
    for held in (few, many):
        minutes = sent(held, office)
        for _ in range(1 if held == few else 4):
            minutes.object(by=member, text="Das Ende fehlt.")
    asked = [queries(client, member, url("minutes_detail", held.pk)) for held in (few, many)]
    assert asked[0] == asked[1] <= MOST_QUERIES
    listed = queries(client, office, url("minutes_list"))
    for number in range(20, 26):
        sent(held_meeting(days=number), office)
    assert queries(client, office, url("minutes_list")) == listed <= MOST_QUERIES


@pytest.mark.long
def test_whatever_is_typed_into_a_form_or_an_address_breaks_nothing(client, office, member):
    held = held_meeting()
    item, early = topic(held), topic(held_meeting(days=2))
    objection = sent(held, office).object(by=member, text="Das Ende fehlt.")
    forms = {
        url("minutes_edit", early.meeting_id): ("opening", "closing", "shown", "act", "next"),
        url("minutes_item", early.pk): ("notes", "shown", "next", "confirmed"),
        url("minutes_item", item.pk): ("notes", "shown"),
        url("objection_decide", objection.pk): ("accepted", "answer"),
        url("minutes_approve", held.pk): ("x",),
    }  # fmt: skip
    client.raise_request_exception = False
    for where, names in forms.items():
        for value in HOSTILE:
            assert client.post(where, dict.fromkeys(names, value)).status_code < 500, (where, value[:20])
    for value in HOSTILE:
        given = dict.fromkeys(("q", "year", "body", "stand", "sort", "after", "before"), value[:2000])
        assert client.get(url("minutes_list"), given).status_code < 500
        assert client.get(url("minutes_item", item.pk), {"next": value[:2000]}).status_code < 500
    Draft.keep(office, f"minutes-item:{early.pk}", {"notes": ["zwei", "Werte"], "shown": ["a", "b"]})
    assert client.get(url("minutes_item", early.pk)).status_code == 200
    client.force_login(member)
    for value in HOSTILE:
        assert client.post(url("minutes_object", held.pk), {"text": value}).status_code < 500
    for name in ("minutes_detail", "minutes_edit", "minutes_object"):
        assert client.get(url(name, 2**63)).status_code == 404


# Files


def words_of(file: bytes) -> str:
    document = docx.Document(io.BytesIO(file))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


def parts_of(file: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(file)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


NASTY = (
    "{{ 7*7 }} {% for x in y %} #let a = 1 $x$ *fett* <w:p/> & \"Zitat\" 'so' \\ {{ cycler.__init__ }}\nZweite Zeile"
)


def test_files_say_the_same_as_the_page(client, office, member):
    held, item = whole_meeting(office)
    draft = {kind: client.get(url("minutes_file", held.pk, kind)) for kind in FILES}
    for kind, answer in draft.items():
        assert f'filename="niederschrift-{held.day:%Y-%m-%d}.{kind}"' in answer.headers["Content-Disposition"]
        assert "no-store" in answer.headers["Cache-Control"]
        words = text_of(answer.content) if kind == "pdf" else words_of(answer.content)
        assert "Entwurf – noch nicht versandt" in words
    sent(held, office)
    for kind in FILES:
        answer = client.get(url("minutes_file", held.pk, kind)).content
        words = " ".join((text_of(answer) if kind == "pdf" else words_of(answer)).split())
        assert "Entwurf" not in words
        assert f"Fassung 1, versandt, Einwendungen bis {day(14):%d.%m.%Y}" in words
        for said in (
            "TOP 1: " + item.issue.title, item.issue.number, "Ein Merkblatt wird erstellt.", "Bezirksregierung Köln",
            "Die Kreisverwaltung stellt die Kurse vor.", "1 von 2 Stimmen", "entschuldigt", "Ja 1, Nein 0",
            f"Jobcenter, bis {day(30):%d.%m.%Y}", "Rhein-Sieg-Kreis",
        ):  # fmt: skip
            assert said in words, (kind, said)
    notes = list(TrailEntry.objects.filter(act="minutes.file").values_list("note", flat=True))
    assert notes == ["PDF, Entwurf", "DOCX, Entwurf", "PDF, Fassung 1", "DOCX, Fassung 1"]
    assert client.get(url("minutes_file", held.pk, "odt")).status_code == 404


def test_the_pdf_is_tagged_and_the_docx_has_headings_headers_language_and_title(client, office):
    held, item = whole_meeting(office)
    pdf = client.get(url("minutes_file", held.pk, "pdf")).content
    assert b"/StructTreeRoot" in pdf
    assert b"pdfuaid" in pdf
    file = client.get(url("minutes_file", held.pk, "docx")).content
    document = docx.Document(io.BytesIO(file))
    headings = [(one.style.name, one.text) for one in document.paragraphs if one.style.name.startswith("Heading")]
    assert headings[0] == ("Heading 1", f"Niederschrift: Lenkungsgruppe, {held.day:%d.%m.%Y}")
    assert ("Heading 2", f"TOP 1: {item.issue.title}") in headings
    assert ("Heading 2", "Anwesenheit") in headings
    assert document.core_properties.title == headings[0][1]
    parts = parts_of(file)
    assert b'w:lang w:val="de-DE"' in parts["word/styles.xml"]
    assert parts["word/document.xml"].count(b"<w:tblHeader/>") == len(document.tables) == 2
    assert [cell.text for cell in document.tables[0].rows[0].cells] == ["Institution", "Funktion", "Anwesenheit"]
    assert not any(one.text.strip() == "" for one in document.paragraphs)


def test_what_people_type_is_text_and_nothing_else(client, office):
    held = held_meeting()
    topic(held, title="{{ 7*7 }} #let <b> & \\", notes=NASTY)
    Attendance.objects.create(meeting=held, guest="<w:t>{{ 6*7 }}</w:t> #set", presence="present", by=office)
    minutes = Minutes.start(held, office)
    minutes.edit(by=office, opening=NASTY, closing="{% if 1 %}#panic(){% endif %}")
    for kind in FILES:
        file = client.get(url("minutes_file", held.pk, kind)).content
        words = " ".join((text_of(file) if kind == "pdf" else words_of(file)).split())
        assert "TOP 1: {{ 7*7 }} #let <b> & \\" in words
        assert words.count(" ".join(NASTY.split())) == 2
        assert "<w:t>{{ 6*7 }}</w:t> #set" in words
        assert "{% if 1 %}#panic(){% endif %}" in words
        assert "49" not in words
    page = client.get(url("minutes_detail", held.pk)).text
    assert "&lt;w:p/&gt;" in page
    assert "<w:p/>" not in page


def test_lines_stay_lines_in_the_docx():
    content = Minutes.of(held_meeting()).gathered() | {"opening": "Eins\nZwei"}
    file = minutes_files.docx(content, standing="Entwurf", draft=True, county="Kreis")
    assert b"<w:br/>" in parts_of(file)["word/document.xml"]
    assert "Eins\nZwei" in words_of(file)


def test_minutes_of_a_meeting_without_anything_are_files_too():
    content = Minutes.of(held_meeting()).gathered()
    for make in (minutes_files.pdf, minutes_files.docx):
        assert make(content, standing="Entwurf", draft=True, county="Kreis")


def test_the_sheet_is_what_its_script_draws():
    """A change of the script without its file, or the other way round, is found here."""
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    from django.conf import settings

    loader = SourceFileLoader("minutes_template", str(settings.BASE_DIR / "script" / "minutes-template"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    file = io.BytesIO()
    module.drawn().save(file)
    drawn, kept = parts_of(file.getvalue()), parts_of(minutes_files.SHEET.read_bytes())
    for name in ("word/document.xml", "word/styles.xml", "word/footer1.xml"):
        assert drawn[name] == kept[name], name


def test_a_decided_issue_still_stands_in_its_minutes(client, office):
    issue = issue_at(State.STEERING)
    held = held_meeting()
    AgendaItem.objects.filter(issue=issue).update(meeting=held)
    take(issue, "decline")
    assert issue.title in client.get(url("minutes_detail", held.pk)).text
