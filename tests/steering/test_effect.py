"""Some months after it was closed, somebody looks whether the solution still works."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from kim import workdays
from kim.dated import months_after
from kim.models import Notice, Role, TrailEntry
from kim.privacy_gate import Held
from steering import reminders
from steering.escalation import State
from steering.models import Issue
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def reporter():
    f.county(effect_months=6)
    return f.user()


@pytest.fixture
def issue(reporter):
    return f.issue_at(State.CLOSED, reported_by=reporter)


def when_due(issue):
    return workdays.as_of(workdays.next_workday(issue.effect_due_on))


def asked(issue):
    return Notice.objects.filter(headline__endswith="Wirkt die Lösung noch?", url=issue.get_absolute_url())


def test_it_is_due_so_many_months_after_it_was_closed(issue):
    assert issue.effect_due_on == months_after(workdays.today(), 6)
    assert not issue.effect_is_due


def test_every_reporter_is_asked_once_on_a_working_morning(issue, reporter):
    joined = f.user()
    issue.reporters.create(user=joined, first=False)
    reminders.ask_effects()
    assert not asked(issue).exists()
    with when_due(issue):
        assert "1 Frage nach der Wirksamkeit" in reminders.sweep()
        reminders.ask_effects()
    assert {notice.recipient for notice in asked(issue)} == {reporter, joined}
    assert asked(issue).count() == 2
    issue.refresh_from_db()
    assert issue.effect_asked_on is not None


def test_it_still_works_says_one_of_those_who_reported_it(client, issue, reporter):
    client.force_login(reporter)
    address = reverse("steering:issue_effect", args=[issue.pk])
    assert client.get(address).status_code == 403
    with when_due(issue):
        assert "Wirkt die Lösung noch?" in client.get(reverse("kim:today")).text
        assert "Wirksamkeit bestätigen" in client.get(address).text
        answer = client.post(address, {"text": "Seit einem halben Jahr keine neue Meldung.", "seen": issue.step_no})
    assert answer.status_code == 302
    issue.refresh_from_db()
    assert issue.effect_checked_on == workdays.next_workday(issue.effect_due_on)
    assert "wirkt weiterhin" in client.get(issue.get_absolute_url()).text
    assert TrailEntry.objects.filter(act="issue.effect", by=reporter).exists()


def test_nobody_else_says_so_and_the_gate_reads_what_they_write(issue, reporter):
    with when_due(issue):
        with pytest.raises(PermissionDenied):
            issue.confirm_effect(by=f.user(), text="")
        with pytest.raises(Held):
            issue.confirm_effect(by=reporter, text="Konto DE89 3704 0044 0532 0130 00")
        issue.confirm_effect(by=f.user(Role.COORDINATION), text="")
    issue.refresh_from_db()
    assert issue.effect_checked_on is not None


def test_what_works_no_more_is_reopened_and_due_anew_after_it_is_closed_again(issue, reporter):
    with when_due(issue):
        issue.reopen(by=reporter, reason="Die Absprache gilt nicht mehr.")
    issue.refresh_from_db()
    assert (issue.effect_due_on, issue.effect_asked_on, issue.effect_checked_on) == (None, None, None)


def test_the_database_keeps_it_with_what_is_closed(issue):
    with pytest.raises(IntegrityError), transaction.atomic():
        Issue.objects.filter(pk=f.issue_at(State.COORDINATION).pk).update(effect_due_on=dt.date(2030, 1, 1))
