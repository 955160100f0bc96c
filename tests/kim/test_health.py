"""The two questions of the machinery, and the door and headers every request passes."""

import json
import logging
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.urls import path
from django.utils import timezone

from kim.logs import without_query, without_values
from kim.middleware import IdleSession
from kim.models import JobRun
from kim.urls import urlpatterns as pages


def beat(seconds_ago):
    moment = timezone.now() - timedelta(seconds=seconds_ago)
    JobRun.objects.create(job="heartbeat", day=moment.date(), started_at=moment, finished_at=moment)


def locked(request):
    from django.http import HttpResponse

    return HttpResponse(f"hello {request.user.username}")


def broken(request):
    raise ValueError("the value Müller is wrong")


urlpatterns = [*pages, path("locked/", locked, name="locked"), path("broken/", broken, name="broken")]


@pytest.fixture
def user(db):
    return get_user_model().objects.create_user(username="probe", password="ein langes Kennwort")


def test_alive_needs_no_database_and_no_session(client):
    client.cookies["kim_session"] = "whatever"
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert "kim_session" not in answer.cookies


@pytest.mark.django_db
def test_not_ready_before_the_first_heartbeat(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": True, "broker": True, "heartbeat_age": None}


@pytest.mark.django_db
def test_ready_while_the_heart_beats(client):
    beat(seconds_ago=20)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert 20 <= answer.json()["heartbeat_age"] < 60


@pytest.mark.django_db
def test_not_ready_when_worker_or_beat_stand_still(client):
    beat(seconds_ago=300)
    assert client.get("/readyz").status_code == 503


@pytest.mark.urls(__name__)
class TestTheDoor:
    def test_strangers_are_sent_to_the_login_and_back(self, client, db):
        answer = client.get("/locked/?seite=2")
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/konto/login/?next=/locked/%3Fseite%3D2"

    def test_somebody_whose_session_ran_out_is_told(self, client, user):
        client.force_login(user)
        assert client.get("/locked/").status_code == 200
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
        answer = client.get("/locked/")
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/konto/login/?next=/locked/&abgelaufen=1"

    def test_an_htmx_swap_goes_to_the_login_as_a_whole(self, client, db):
        answer = client.post(
            "/locked/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/page/?x=1"}
        )
        assert answer.headers["HX-Redirect"] == "/konto/login/?next=/page/%3Fx%3D1"

    def test_a_foreign_page_is_no_way_back(self, client, db):
        answer = client.post("/locked/", headers={"Referer": "https://evil.example/trap/"})
        assert answer.headers["Location"] == "/konto/login/?next=/"

    def test_a_script_gets_401_instead_of_a_page_it_cannot_show(self, client, db):
        answer = client.post("/locked/", headers={"Sec-Fetch-Mode": "cors"})
        assert answer.status_code == 401
        assert "abgelaufen" in answer.content.decode()

    def test_the_session_slides_but_is_saved_at_most_once_a_minute(self, client, user, django_assert_num_queries):
        client.force_login(user)
        client.get("/locked/")
        with django_assert_num_queries(3):  # session, user, and how the account stands; no write
            client.get("/locked/")
        session = client.session
        session[IdleSession.SEEN] -= 61
        session.save()
        Session.objects.update(expire_date=timezone.now() + timedelta(minutes=1))
        client.get("/locked/")
        assert Session.objects.get().expire_date > timezone.now() + timedelta(minutes=29)

    def test_pages_for_people_are_kept_by_no_cache(self, client, user):
        client.force_login(user)
        assert "no-store" in client.get("/locked/").headers["Cache-Control"]

    def test_the_policy_allows_only_our_own_files(self, client, user):
        client.force_login(user)
        headers = client.get("/locked/").headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy + ";"
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"

    def test_the_request_log_knows_the_route_but_no_query_and_nobody(self, client, user, caplog):
        client.force_login(user)
        with caplog.at_level(logging.INFO, logger="kim.request"):
            client.get("/locked/?q=Mueller")
        (line,) = [record.msg for record in caplog.records if record.name == "kim.request"]
        assert line["route"] == "locked/"
        assert line["status"] == 200
        assert "Mueller" not in str(line)
        assert "probe" not in str(line)


@pytest.mark.django_db
class TestSigningIn:
    def test_works_by_name_and_by_address(self, client, user):
        user.email = "probe@kreis.example"
        user.save()
        for login in ("probe", "probe@kreis.example"):
            answer = client.post("/konto/login/", {"login": login, "password": "ein langes Kennwort"})
            assert (answer.status_code, answer.headers.get("Location")) == (302, "/")
            client.logout()

    def test_nobody_signs_up(self, client):
        client.post("/konto/signup/", {"username": "neu", "email": "neu@kreis.example"})
        assert not get_user_model().objects.exists()

    def test_ends_by_post_only(self, client, user):
        client.force_login(user)
        client.get("/konto/logout/")
        assert "_auth_user_id" in client.session
        client.post("/konto/logout/")
        assert "_auth_user_id" not in client.session

    def test_guessing_is_throttled_even_with_the_right_word_at_last(self, client, user):
        for _ in range(5):
            client.post("/konto/login/", {"login": "probe", "password": "falsch"})
        answer = client.post("/konto/login/", {"login": "probe", "password": "ein langes Kennwort"})
        assert answer.status_code in {200, 429}
        assert "_auth_user_id" not in client.session
        assert "Bitte warten Sie einige Minuten" in answer.text

    def test_who_asks_too_often_is_told_so_in_the_design_of_all_pages(self, client, user):
        for _ in range(12):
            answer = client.post("/konto/password/reset/", {"email": "probe@kreis.example"})
        assert answer.status_code == 429
        assert '<html lang="de">' in answer.text
        assert "Bitte warten Sie einen Moment" in answer.text

    def test_our_words_are_kennwort_and_sie(self, client, user):
        client.force_login(user)
        answer = client.post("/konto/password/change/", {"oldpassword": "falsch", "password1": "x", "password2": "x"})
        assert "Bitte geben Sie Ihr jetziges Kennwort ein." in answer.text


class TestLogs:
    def test_an_exception_is_its_type_and_places_never_its_words(self):
        try:
            broken(None)
        except ValueError as error:
            event = without_values(None, "error", {"event": "x", "exc_info": error, "request": object()})
        assert event["exception"] == "ValueError"
        assert "test_health.py" in event["at"][-1]
        assert "Müller" not in json.dumps(event)
        assert "request" not in event

    def test_query_strings_are_cut(self):
        event = without_query(None, "info", {"event": "GET /suche/?q=Müller HTTP/1.1"})
        assert event["event"] == "GET /suche/ HTTP/1.1"
