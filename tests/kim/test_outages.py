"""What is away is told by codes of the real engines; pages then say so and when to try again, and nothing is half."""

import errno
import io
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from unittest import mock

import psycopg2
import pytest
from django.db import DatabaseError, OperationalError, ProgrammingError, connection, transaction
from django.test import RequestFactory
from django.urls import reverse

from casework.models import Document
from kim import caches as shared
from kim import celery, files, mail, outages, uploads
from kim.errors import server_error
from kim.models import TrailEntry
from kim.throttle import is_too_often
from kim.workflow import StepRefused
from steering.escalation import State
from steering.models import IssueStep
from tests.casework.factories import case as case_of
from tests.casework.factories import case_manager
from tests.factories import PDF, holder_of, issue_at

NOBODY_HEARS = "redis://127.0.0.1:1/0"


def raised_by(act) -> BaseException:
    with pytest.raises(Exception) as caught, transaction.atomic():  # noqa: PT011
        act()
    return caught.value


def execute(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def only_reading():
    """The database as it is while it is maintained: it reads, and refuses to write."""
    with transaction.atomic():
        execute("SET TRANSACTION READ ONLY" if connection.vendor == "postgresql" else "PRAGMA query_only=ON")
        try:
            yield
        finally:
            if connection.vendor == "sqlite":
                connection.connection.execute("PRAGMA query_only=OFF")  # also after a statement that failed
            transaction.set_rollback(True)


@pytest.mark.django_db
class TestWhatItIs:
    def test_a_database_that_takes_nothing(self):
        with only_reading():
            error = raised_by(lambda: TrailEntry.objects.create(act="x"))
        assert outages.of(error) is outages.READ_ONLY
        assert not outages.may_have_been_kept(error)

    def test_a_mistake_of_ours_is_none(self):
        assert outages.of(raised_by(lambda: execute("SELECT nothing FROM nowhere"))) is None
        assert outages.of(ValueError("x")) is None
        assert outages.of(None) is None

    def test_it_is_found_behind_what_was_raised_because_of_it(self):
        error = KeyError("y")
        error.__context__ = ValueError("z")
        error.__context__.__cause__ = OSError(errno.ENOSPC, "x")
        assert outages.of(error) is outages.FULL

    @pytest.mark.parametrize("code", [errno.ENOENT, errno.EACCES, errno.EPIPE])
    def test_other_errors_of_the_system_are_mistakes(self, code):
        assert outages.of(OSError(code, "x")) is None


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("57P01", outages.AWAY), ("57P03", outages.AWAY), ("08006", outages.AWAY), ("53300", outages.BUSY),
        ("53100", outages.FULL), ("25006", outages.READ_ONLY), ("40P01", outages.BUSY), ("57014", outages.BUSY),
        ("42P01", None), ("23505", None),
    ],
)  # fmt: skip
def test_each_code_of_postgresql_means_what_the_table_says(state, found):
    error = (ProgrammingError if state[:2] in {"42", "23"} else OperationalError)("m")
    error.__cause__ = type("Cause", (Exception,), {"pgcode": state})()
    assert outages.of(error) is found


@pytest.mark.django_db
@pytest.mark.needs("postgresql")
def test_what_the_driver_says_below_django_is_known_too():
    """kim.together prepares on the driver's own cursor."""
    with connection.connection.cursor() as cursor, pytest.raises(Exception) as caught:  # noqa: PT011
        cursor.execute("SELECT nothing FROM nowhere")
    assert outages.of(caught.value) is None
    assert outages.of(psycopg2.OperationalError("server closed the connection unexpectedly")) is outages.AWAY
    assert outages.of(psycopg2.InterfaceError("connection already closed")) is outages.AWAY


class TestThePage:
    def page(self, error, request=None):
        try:
            raise error
        except Exception:
            return server_error(request or RequestFactory().get("/x/"))

    @pytest.mark.parametrize("outage", [outages.AWAY, outages.BUSY, outages.READ_ONLY, outages.FULL])
    def test_it_says_when_to_try_again_in_words_and_for_machines(self, outage):
        with mock.patch.object(outages, "of", return_value=outage):
            answer = self.page(DatabaseError())
        assert answer.status_code == 503
        assert int(answer["Retry-After"]) == outage.seconds
        assert answer["Cache-Control"] == "no-store"
        assert outage.reason in answer.text
        assert "noch einmal" in answer.text

    def test_a_mistake_of_ours_stays_one(self):
        assert self.page(ValueError("x")).status_code == 500

    def test_what_was_typed_is_shown_again_but_no_secret_and_only_to_our_own_pages(self):
        typed = {"situation": "Ein langer Text über die Lage", "password": "ein langes Geheimnis"}
        ours = RequestFactory().post("/", typed, headers={"sec-fetch-site": "same-origin"})
        page = self.page(OSError(errno.ENOSPC, "x"), ours).text
        assert "Ein langer Text über die Lage" in page
        assert "Geheimnis" not in page
        assert "Sehen Sie bitte nach" in page
        theirs = RequestFactory().post("/", typed, headers={"sec-fetch-site": "cross-site"})
        assert "Ein langer Text" not in self.page(OSError(errno.ENOSPC, "x"), theirs).text

    def test_a_form_that_cannot_be_read_does_not_break_it(self):
        request = RequestFactory().post("/", {}, headers={"sec-fetch-site": "same-origin"})
        with mock.patch.object(type(request), "POST", property(lambda self: 1 / 0)):
            assert self.page(OSError(errno.ENOSPC, "x"), request).status_code == 503


@pytest.mark.django_db
class TestADatabaseThatOnlyReads:
    @pytest.fixture(autouse=True)
    def _answers(self, client):
        client.raise_request_exception = False

    def test_pages_are_read_and_nothing_is_written(self, client):
        issue = issue_at(State.COORDINATION)
        client.force_login(holder_of(issue))
        session = client.session
        session["seen"] = 1  # long ago: this page would move the end of the session
        session.save()
        before = TrailEntry.objects.count()
        with only_reading():
            assert client.get(reverse("steering:issue_list")).status_code == 200
            answer = client.post(reverse("kim:draft_save"), {"key": "issue.new", "data": "{}"})
        assert answer.status_code in {400, 503}
        assert TrailEntry.objects.count() == before
        assert client.session["seen"] == 1

    def test_a_step_answers_with_the_page(self, client):
        issue = issue_at(State.COORDINATION)
        client.force_login(holder_of(issue))
        steps = IssueStep.objects.count()
        with only_reading():
            answer = client.post(
                reverse("steering:issue_step", args=[issue.pk, "forward"]), {"seen": issue.step_no, "released": "on"}
            )
        assert answer.status_code == 503
        assert answer["Retry-After"] == "300"
        assert "wird gewartet" in answer.text
        assert IssueStep.objects.count() == steps


@pytest.mark.django_db
class TestADiskThatIsFull:
    @pytest.fixture
    def case(self, client, settings, tmp_path):
        settings.FILES_DIR = tmp_path / "files"
        manager = case_manager()
        client.force_login(manager)
        client.raise_request_exception = False
        return case_of(manager)

    def send(self, client, case):
        given = {"kind": "other", "title": "Bescheid", "file": paper()}
        return client.post(reverse("casework:document_new", args=[case.pk]), given)

    def test_a_file_that_cannot_be_kept_is_refused_in_the_form(self, client, case, monkeypatch):
        monkeypatch.setattr(files.os, "fsync", full)
        answer = self.send(client, case)
        assert answer.status_code == 409
        assert "Speicherplatz" in answer.text
        self.nothing_is_there()

    def test_a_file_that_cannot_even_be_taken_is_answered_by_the_page(self, client, case, monkeypatch):
        monkeypatch.setattr(uploads.SealedTemporary, "write", full)
        answer = self.send(client, case)
        assert answer.status_code == 503
        assert answer["Retry-After"] == "900"
        self.nothing_is_there()

    def nothing_is_there(self):
        assert not Document.objects.exists()
        assert not [path for name in files.folders() for path in files.path_of(name + "0" * 30).parent.iterdir()]


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


class Cut(OperationalError):
    """The connection broke while the commit was on its way."""


@pytest.mark.django_db
def test_a_file_stays_when_nobody_knows_whether_its_row_was_kept(monkeypatch):
    manager = case_manager()
    case = case_of(manager)
    before = there()

    def put(error):
        monkeypatch.setattr("kim.trail.record", lambda *args, **kwargs: (_ for _ in ()).throw(error))
        with pytest.raises(type(error)):
            Document.put(case, by=manager, kind="other", title="T", file=paper(), file_type=uploads.PDF)
        monkeypatch.undo()

    put(StepRefused("x"))
    assert there() == before  # for certain not kept: nothing lies around
    put(Cut("server closed the connection unexpectedly"))
    assert len(there()) == len(before) + 1


def paper():
    file = io.BytesIO(PDF)
    file.name = "a.pdf"
    return file


def there():
    return sorted(path for name in files.folders() for path in files.path_of(name + "0" * 30).parent.iterdir())


class TestRedisThatIsAway:
    @pytest.fixture
    def cache(self, monkeypatch):
        monkeypatch.setattr(shared, "_redis", shared._Redis())
        made = shared.SharedCache(NOBODY_HEARS, {"OPTIONS": {"socket_connect_timeout": 1}})
        made.own.clear()
        return made

    def test_throttles_go_on_in_the_process(self, cache, monkeypatch):
        monkeypatch.setattr("kim.throttle.cache", cache)
        assert [is_too_often("a", "b", most=2, seconds=3600) for _ in range(4)] == [False, False, True, True]

    def test_it_is_asked_again_only_after_a_rest(self, cache):
        cache.set("a", 1)
        assert cache.get("a") == 1
        assert shared._redis.is_away
        assert shared._redis.again_at > time.monotonic()

    def test_it_starts_empty_with_each_outage(self, cache):
        cache.set("a", 1)
        shared._redis.is_away, shared._redis.again_at = False, 0.0  # it was back meanwhile
        assert cache.get("a") is None

    def test_what_is_wrong_with_us_is_not_hidden(self, cache, monkeypatch):
        monkeypatch.setattr("django.core.cache.backends.redis.RedisCache.get", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            cache.get("a")

    @pytest.mark.needs("redis")
    def test_while_it_is_there_all_processes_share_it(self, monkeypatch):
        monkeypatch.setattr(shared, "_redis", shared._Redis())
        one, other = (shared.SharedCache(os.environ["REDIS_URL"], {"KEY_PREFIX": "test-outages"}) for _ in range(2))
        one.delete("a")
        one.set("a", 5)
        assert other.incr("a") == 6
        one.delete("a")
        assert one.own.get("a") is None


@pytest.mark.django_db
def test_tries_to_sign_in_are_counted_together_whatever_kim_was_called(client, settings):
    settings.ALLOWED_HOSTS = ["kim.example"]
    manager = case_manager()
    for no in range(6):
        given = {"login": manager.username, "password": "falsch"}
        answer = client.post(reverse("account_login"), given, headers={"host": f"kim.example:{8000 + no}"})
        assert ("Zu viele Versuche" in answer.text) == (no == 5)


@pytest.mark.needs("postgresql")
def test_a_server_that_does_not_answer_is_given_up_within_seconds():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)  # takes the connection and never says a word
        address = f"postgres://kim@127.0.0.1:{silent.getsockname()[1]}/kim"
        code = "import django; django.setup()\nfrom kim.health import database_answers\nprint(database_answers())"
        env = os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "kim.settings"}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=40)
    assert done.stdout.strip() == "False", done.stderr


def test_a_page_waits_for_a_broker_that_is_away_once_and_not_at_every_act(monkeypatch):
    tried = []
    monkeypatch.setattr(celery, "_deaf_until", 0.0)

    def deaf(*args, **kwargs):
        tried.append(1)
        raise OSError("no broker")

    monkeypatch.setattr(celery.app, "send_task", deaf)
    mail.knock()
    mail.knock()
    assert len(tried) == 1
    monkeypatch.setattr(celery, "_deaf_until", time.monotonic() - 1)
    mail.knock()
    assert len(tried) == 2
