"""Breaches: 72 hours by the clock, who is told when, what has to be done before the end; nothing is rewritten."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

from kim import breaches, workdays
from kim.models import Breach, BreachEntry, Mail, Notice, Role, TrailEntry
from kim.models.rights import NotTold, Risk
from kim.privacy_gate import Held
from kim.tasks import watch_breaches
from kim.workflow import OutOfTurn, StepRefused
from tests.factories import user
from tests.pdf_text import text_of

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
NOW = dt.datetime(2026, 11, 20, 10, 0, tzinfo=workdays.BERLIN)


def breach(at=NOW, by=None) -> Breach:
    with workdays.as_of(at + HOUR):
        return breaches.suspect(by=by or user(), discovered_at=at, text="Ein Speicherstick wird vermisst.")


def judged(risk=Risk.SOME, at=NOW) -> tuple[Breach, object]:
    audit, made = user(Role.AUDIT), breach(at)
    breaches.judge(made, by=audit, kinds="Hilfepläne", about=12, special=True, risk=risk, text="Nicht verschlüsselt.")
    return made, audit


@pytest.mark.parametrize(
    ("known", "due"),
    [
        ("2026-11-20T10:00+01:00", "2026-11-23T10:00+01:00"),
        ("2026-10-24T10:00+02:00", "2026-10-27T09:00+01:00"),  # summer time ends: 72 hours are over an hour earlier
        ("2026-03-27T10:00+01:00", "2026-03-30T11:00+02:00"),  # summer time begins: an hour later by the wall clock
        ("2026-12-31T23:59+01:00", "2027-01-03T23:59+01:00"),
    ],
)
def test_72_hours_are_hours_whatever_the_clock_on_the_wall_does(known, due):
    zone = workdays.BERLIN
    made = Breach(discovered_at=dt.datetime.fromisoformat(known).astimezone(zone))
    assert made.due_at == dt.datetime.fromisoformat(due)
    with workdays.as_of(made.due_at - HOUR / 2):
        assert breaches.hours_left(made) == 0
    with workdays.as_of(made.due_at + HOUR / 2):
        assert breaches.hours_left(made) == -1


def test_anybody_reports_and_the_audit_is_told_at_once_without_content():
    audit = user(Role.AUDIT)
    breach(by=user(Role.CASE_MANAGER))
    notice, mail = Notice.objects.get(recipient=audit), Mail.objects.get(recipient=audit)
    assert "Verdacht" in notice.headline
    assert "Speicherstick" not in notice.headline + notice.text + mail.subject + mail.body
    assert TrailEntry.objects.get(act="breach.suspect").note == ""


def test_a_name_in_it_is_held_and_nothing_is_kept():
    with pytest.raises(Held):
        breaches.suspect(by=user(), discovered_at=workdays.now(), text="Die Liste von max.muster@web.de ist weg.")
    assert not Breach.objects.exists()


@pytest.mark.parametrize(
    ("hours", "told"),
    [(23.9, []), (24, ["24"]), (47, ["24"]), (48, ["48"]), (60, ["60"]), (71.9, ["60"]), (72, ["72"]), (200, ["72"])],
)
def test_the_audit_is_reminded_by_the_hour_and_a_missed_run_tells_the_latest(hours, told):
    audit, made = user(Role.AUDIT), breach()
    with workdays.as_of(NOW + hours * HOUR):
        watch_breaches()
        watch_breaches()
    keys = Notice.objects.filter(recipient=audit).exclude(key__endswith="suspect").values_list("key", flat=True)
    assert list(keys) == [f"breach:{made.pk}:{one}" for one in told]
    assert Mail.objects.filter(recipient=audit).count() == 1 + len(told)


def test_across_the_end_of_summer_time_nobody_is_reminded_an_hour_late():
    known = dt.datetime(2026, 10, 24, 10, 0, tzinfo=workdays.BERLIN)
    user(Role.AUDIT)
    made = breach(known)
    with workdays.as_of(dt.datetime(2026, 10, 25, 9, 0, tzinfo=workdays.BERLIN)):
        assert breaches.remind() == 1
    assert Notice.objects.filter(key=f"breach:{made.pk}:24").exists()


@pytest.mark.parametrize("end", ["told", "no_risk", "closed"])
def test_nobody_is_reminded_of_what_is_told_harmless_or_closed(end):
    made, audit = judged(Risk.NONE if end == "no_risk" else Risk.SOME)
    if end == "told":
        breaches.tell_authority(made, by=audit, told_authority_at=NOW + HOUR)
    if end == "closed":
        breaches.close(made, by=audit, unfounded=True, text="Der Stick lag im Tresor.")
    with workdays.as_of(NOW + 80 * HOUR):
        assert breaches.remind() == 0


def test_after_72_hours_only_with_the_reason_of_the_delay():
    made, audit = judged()
    with workdays.as_of(NOW + 90 * HOUR):
        with pytest.raises(StepRefused, match="Grund der Verspätung"):
            breaches.tell_authority(made, by=audit, told_authority_at=NOW + 72 * HOUR + HOUR / 60)
        with pytest.raises(StepRefused, match="Zeitpunkt"):
            breaches.tell_authority(made, by=audit, told_authority_at=NOW - HOUR)
        breaches.tell_authority(
            made, by=audit, told_authority_at=NOW + 80 * HOUR, late_reason="Die Stelle war geschlossen."
        )
    assert made.was_late
    with pytest.raises(OutOfTurn):
        breaches.tell_authority(made, by=audit, told_authority_at=NOW + 80 * HOUR, late_reason="Noch einmal")


def test_in_time_needs_no_reason():
    made, audit = judged()
    with workdays.as_of(NOW + 73 * HOUR):
        breaches.tell_authority(made, by=audit, told_authority_at=NOW + 72 * HOUR)
    assert not made.was_late
    assert made.late_reason == ""


LEFT = [
    # risk       authority, people → what is missing
    (Risk.NONE, False, None, []),
    (Risk.SOME, False, None, ["Meldung"]),
    (Risk.SOME, True, None, []),
    (Risk.HIGH, True, None, ["Benachrichtigung"]),
    (Risk.HIGH, False, None, ["Meldung", "Benachrichtigung"]),
    (Risk.HIGH, True, "day", []),
    (Risk.HIGH, True, "why", []),
]


@pytest.mark.parametrize(("risk", "authority", "people", "missing"), LEFT)
def test_it_closes_when_the_risk_asks_for_nothing_more(risk, authority, people, missing):
    made, audit = judged(risk)
    if authority:
        breaches.tell_authority(made, by=audit, told_authority_at=NOW + HOUR)
    if people == "day":
        breaches.tell_people(made, by=audit, told_people_on=workdays.today())
    if people == "why":
        breaches.tell_people(made, by=audit, not_told_why=NotTold.SAFE)
    if missing:
        with pytest.raises(StepRefused) as refused:
            breaches.close(made, by=audit, text="Erledigt.")
        assert all(one in str(refused.value) for one in missing)
        assert made.is_open
    else:
        breaches.close(made, by=audit, text="Erledigt.")
        assert made.state == "closed"
        with pytest.raises(OutOfTurn):
            breaches.close(made, by=audit, text="Noch einmal.")


def test_people_are_told_on_a_day_or_not_for_a_reason_never_both_nor_neither():
    made, audit = judged(Risk.HIGH)
    for given in ({}, {"told_people_on": workdays.today(), "not_told_why": NotTold.SAFE}):
        with pytest.raises(StepRefused):
            breaches.tell_people(made, by=audit, **given)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.AUDIT])
def test_nobody_but_the_audit_sees_or_keeps_it(role):
    made = breach()
    other = user(role)
    assert not breaches.visible_to(other).exists()
    with pytest.raises(PermissionDenied):
        breaches.enter(made, by=other, kind="measure", text="Gesperrt.")


def test_what_is_written_stays_as_it_was_written():
    made = breach()
    breaches.enter(made, by=user(Role.AUDIT), kind="measure", text="Zugang gesperrt.")
    with pytest.raises(DatabaseError), transaction.atomic():
        BreachEntry.objects.filter(breach=made).update(text="anders")
    assert not BreachEntry.objects.filter(text="anders").exists()


def test_the_pages_lead_from_suspicion_to_the_paper_for_the_authority(client, django_assert_max_num_queries):
    audit = user(Role.AUDIT)
    client.force_login(user(Role.PROJECT_GROUP))
    day = f"{workdays.today():%d.%m.%Y}"
    sent = {"day": day, "hour": "0:01", "text": "Ein Speicherstick wird vermisst."}
    assert client.post(reverse("kim:breach_new"), sent | {"hour": "25:00"}).status_code == 422
    held = client.post(reverse("kim:breach_new"), sent | {"text": "Mail an max.muster@web.de"})
    assert held.status_code == 422
    assert "Datenschutzprüfung" in held.content.decode()
    assert client.post(reverse("kim:breach_new"), sent).status_code == 302
    made = Breach.objects.get()
    assert client.get(made.get_absolute_url()).status_code == 404
    client.force_login(audit)
    with django_assert_max_num_queries(12):
        page = client.get(made.get_absolute_url()).content.decode()
    assert "Stunde" in page

    def act(name, **given):
        return client.post(reverse("kim:breach_step", args=[made.pk, name]), given).status_code

    assert act("judge", kinds="Hilfepläne", about="x", special="yes", risk="some", text="Offen.") == 422
    assert act("judge", kinds="Hilfepläne", about="3", special="yes", risk="some", text="Offen.") == 302
    assert act("enter", kind="measure", text="Zugang gesperrt.") == 302
    assert act("close", text="Erledigt.") == 422
    assert act("tell-authority", day=day, hour="0:01") == 302
    assert act("close", text="Erledigt.") == 302
    assert act("burn") == 404
    paper = text_of(client.get(reverse("kim:breach_print", args=[made.pk])).content)
    assert "Art. 33" in paper
    assert "Zugang gesperrt" in paper
    with django_assert_max_num_queries(12):
        assert "abgeschlossen" in client.get(reverse("kim:breach_list")).content.decode()


def test_who_reports_too_often_is_asked_to_call(client, monkeypatch):
    client.force_login(user())
    monkeypatch.setattr("kim.views.breaches.MOST", 1)
    sent = {"day": f"{workdays.today():%d.%m.%Y}", "hour": "0:01", "text": "Ein Stick fehlt."}
    assert client.post(reverse("kim:breach_new"), sent).status_code == 302
    again = client.post(reverse("kim:breach_new"), sent)
    assert again.status_code == 422
    assert Breach.objects.count() == 1
