"""Mails about errors: one per kind and hour, with nothing of what broke but its type and place."""

import datetime as dt
import traceback

import pytest
from django.db import DatabaseError
from django.urls import path

from kim import alarms, mail, tracing, workdays
from kim.models import Mail
from kim.urls import urlpatterns as pages
from tests.factories import user

MARK = "Zwiebelmann"
AT = dt.datetime(2026, 10, 25, 0, 40, tzinfo=dt.UTC)  # the hour that German clocks show twice


def broken(request, name):
    local = f"{MARK} in a variable"
    raise ValueError(f"the value {local} of {name} is wrong: {request.POST}")


urlpatterns = [*pages, path("broken/<slug:name>/", broken, name="broken")]
handler500 = "kim.errors.server_error"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _told(settings):
    settings.KIM_ADMINS = ["it@kreis.example", "dienst@kreis.example"]


@pytest.mark.urls(__name__)
class TestARequestThatBreaks:
    def test_is_told_by_type_place_route_and_number_and_nothing_else(self, client):
        client.raise_request_exception = False
        person = user(display_name=MARK)
        client.force_login(person)
        answer = client.post(f"/broken/{MARK}/?q={MARK}", {"text": MARK}, headers={"User-Agent": MARK})
        assert answer.status_code == 500
        told = list(Mail.objects.order_by("to"))
        assert [one.to for one in told] == ["dienst@kreis.example", "it@kreis.example"]
        for one in told:
            assert one.subject == "KIM: Fehler ValueError"
            assert "broken/<slug:name>/" in one.body
            assert answer.headers["X-Request-ID"] in one.body
            whole = " ".join([one.key, one.subject, one.body, one.last_error])
            assert MARK not in whole
            assert person.username not in whole

    def test_is_told_once_an_hour(self, client):
        client.raise_request_exception = False
        client.force_login(user())
        for minutes, number in [(0, 2), (10, 2), (25, 4), (80, 6)]:
            with workdays.as_of(AT + dt.timedelta(minutes=minutes)):
                client.get("/broken/a/")
            assert Mail.objects.count() == number

    def test_the_answer_stands_even_where_the_mail_cannot_be_queued(self, client, monkeypatch):
        def refuse(**_):
            raise DatabaseError("away")

        monkeypatch.setattr(mail, "queue", refuse)
        client.raise_request_exception = False
        client.force_login(user())
        assert client.get("/broken/a/").status_code == 500

    def test_nobody_is_told_where_nobody_is_named(self, client, settings):
        settings.KIM_ADMINS = []
        client.raise_request_exception = False
        client.force_login(user())
        client.get("/broken/a/")
        assert not Mail.objects.exists()

    def test_what_somebody_did_wrong_is_no_error_of_ours(self, client):
        client.force_login(user())
        client.get("/nirgends/")
        client.get("/operation/")
        assert not Mail.objects.exists()


def raised(kind, words):
    try:
        raise kind(words)
    except kind as error:
        return error


def test_two_kinds_of_errors_are_two_mails():
    alarms.tell(raised(ValueError, MARK))
    alarms.tell(raised(KeyError, MARK))
    alarms.tell(raised(ValueError, "another"))
    assert sorted(Mail.objects.values_list("subject", flat=True).distinct()) == [
        "KIM: Fehler KeyError", "KIM: Fehler ValueError",
    ]  # fmt: skip
    assert Mail.objects.count() == 4


def test_a_task_that_breaks_is_told_with_its_name():
    from celery import signals

    tracing.begin("abcdef123456", "kim.tasks.send_mail")
    try:
        signals.task_failure.send(sender=None, exception=raised(ValueError, MARK), task_id="1", args=[MARK])
    finally:
        tracing.end()
    body = Mail.objects.first().body
    assert "kim.tasks.send_mail" in body
    assert "abcdef123456" in body
    assert MARK not in body


def test_the_place_is_a_line_of_ours():
    try:
        mail.message_id(None)
    except AttributeError as error:
        alarms.tell(error)
        (frame,) = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.endswith("kim/mail.py")][
            -1:
        ]
    assert f"kim/mail.py:{frame.lineno}" in Mail.objects.first().body
