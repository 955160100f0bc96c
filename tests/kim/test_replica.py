"""Figures read from a replica: which queries go there, and that nobody is puzzled by it."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from django.conf import settings as real
from django.db import DatabaseError, connections, router

from kim import replica, workdays
from kim.models import JobRun, Mail, Role
from kim.together import together
from reports import counting, making
from reports.models import Export
from tests.factories import county, limits, user

NOW = dt.datetime(2026, 4, 13, 8, 0, tzinfo=dt.UTC)


@pytest.fixture
def second(db, settings, monkeypatch):
    """A second alias over the same connection, so that it sees what the test has written; what it is asked is kept."""
    monkeypatch.setitem(real.DATABASES, replica.ALIAS, real.DATABASES["default"])
    monkeypatch.setitem(connections.settings, replica.ALIAS, connections.settings["default"])
    monkeypatch.setattr(router, "routers", [replica.Router()])
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "kim.replica.ReadYourOwn"]
    first = connections["default"]
    first.ensure_connection()
    mirror = first.copy(alias=replica.ALIAS)
    mirror.connection, mirror.in_atomic_block, mirror.autocommit = first.connection, True, first.autocommit
    asked: list[str] = []

    def keep(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    mirror.execute_wrappers.append(keep)
    connections[replica.ALIAS] = mirror
    replica._found.forget()
    yield asked
    mirror.connection = None  # it belongs to the first
    del connections[replica.ALIAS]
    replica._found.forget()


@pytest.fixture
def beats():
    moment = workdays.now()
    JobRun.objects.create(job="heartbeat", day=moment.date(), started_at=moment, finished_at=moment)
    return moment


@pytest.fixture
def lags(monkeypatch):
    """The replica knows a heartbeat that is so many seconds older."""

    def by(seconds):
        told = {"default": NOW, replica.ALIAS: NOW - dt.timedelta(seconds=seconds)}
        monkeypatch.setattr(replica, "heartbeat", told.__getitem__)
        replica._found.forget()

    return by


class TestRouter:
    def test_without_a_replica_everything_is_the_first_database(self, db, rf, django_assert_num_queries):
        request = rf.get("/")
        with django_assert_num_queries(1), replica.reading(request):
            assert replica.alias() == "default"
            assert Mail.objects.count() == 0
        assert not hasattr(request, "read_as_of")
        assert replica.lag() is None

    def test_reading_goes_there_inside_and_writing_never(self, second, beats, rf):
        request = rf.get("/")
        with replica.reading(request):
            assert Mail.objects.all().db == "reports"
            made = Mail.objects.create(key="k", to="a@kim.example", subject="S")
            assert made._state.db == "default"
            read = Mail.objects.get(key="k")
            assert read._state.db == "reports"
            read.subject = "T"
            read.save()
            assert Mail.objects.select_for_update().db == "default"
        assert Mail.objects.all().db == "default"
        assert Mail.objects.get(key="k").subject == "T"
        assert not [sql for sql in second if not sql.startswith("SELECT")]
        assert request.read_as_of == beats

    def test_what_writes_its_own_sql_follows(self, second, beats):
        @together
        def read():
            return {"mails": Mail.objects.filter(state="queued")}

        Mail.objects.create(key="k", to="a@kim.example", subject="S")
        second.clear()
        with replica.reading():
            (found,) = read()()["mails"]
        assert found._state.db == "reports"
        assert any("kim_mail" in sql or sql.startswith("EXECUTE") for sql in second)
        second.clear()
        assert read()()["mails"][0]._state.db == "default"
        assert second == []

    def test_no_schema_is_made_there(self):
        assert replica.Router().allow_migrate("reports", "kim") is False
        assert replica.Router().allow_migrate("default", "kim") is True


class TestNobodyIsPuzzled:
    def test_a_replica_that_lags_is_read_up_to_a_point(self, second, lags, rf, settings):
        settings.KIM_REPORTS_MAX_LAG = 300
        for seconds, alias in [(0, "reports"), (300, "reports"), (330, "default")]:
            lags(seconds)
            with replica.reading(rf.get("/")):
                assert replica.alias() == alias
            assert replica.lag() == seconds

    def test_one_that_does_not_answer_is_not_read(self, second, beats, monkeypatch, rf):
        def away(database):
            if database == replica.ALIAS:
                raise DatabaseError
            return NOW

        monkeypatch.setattr(replica, "heartbeat", away)
        monkeypatch.setattr(connections[replica.ALIAS], "close", lambda: None)
        with replica.reading(rf.get("/")):
            assert replica.alias() == "default"
        assert replica.lag() is None

    def test_without_a_heartbeat_nothing_can_be_said(self, second, rf):
        with replica.reading(rf.get("/")):
            assert replica.alias() == "default"

    def test_it_is_looked_at_once_in_a_while(self, second, beats, rf):
        for _ in range(5):
            with replica.reading(rf.get("/")):
                pass
        assert len(second) == 1

    def test_who_acted_reads_the_first_database_for_as_long_as_it_may_lag(self, second, beats, client, settings):
        client.force_login(user())
        assert client.get("/help/").cookies.get(replica.COOKIE) is None
        answer = client.post("/notices/read/")
        cookie = answer.cookies[replica.COOKIE]
        assert cookie["max-age"] > settings.KIM_REPORTS_MAX_LAG
        assert cookie["httponly"]
        county()
        limits()
        client.force_login(user(Role.COORDINATION))
        second.clear()
        client.get("/reports/")
        assert second == []

    def test_a_file_is_made_from_a_replica_that_knows_it_was_ordered(self, second, beats):
        ordered = Export.objects.create(by=user(), what="x", title="T", format="csv")
        with replica.reading(has=ordered):
            assert replica.alias() == "reports"
        with replica.reading(has=Export(pk=ordered.pk + 1)):
            assert replica.alias() == "default"


def test_administrators_see_how_far_it_lags(second, lags, client, settings):
    settings.KIM_REPORTS_MAX_LAG = 300
    county()
    client.force_login(user(Role.ADMIN))
    for seconds, words in [
        (0, "auf dem Stand des letzten Herzschlags. Seiten mit Zahlen lesen aus ihr"),
        (60, "Sie ist 60 Sekunden zurück. Seiten mit Zahlen lesen aus ihr"),
        (400, "Sie ist 400 Sekunden zurück, mehr als 300. Zahlen kommen aus der ersten Datenbank."),
    ]:
        lags(seconds)
        assert words in client.get("/operation/").text


#: Pages that read from it. What decides who may see them, and the page around the numbers, does not.
PAGES = ["", "chain/", "places/", "staffing/", "money/", "governance/", "casework/", "builder/", "indicators/"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_figures_read_there_and_say_of_what_moment_they_are(second, beats, client, path):
    county()
    limits()
    role = Role.ADMIN if path in {"staffing/", "money/"} else Role.COORDINATION
    client.force_login(user(role))
    second.clear()
    answer = client.get(f"/reports/{path}")
    assert answer.status_code == 200
    assert len(second) >= 1
    assert re.search(r"data-as-of>Stand der Zahlen: \d\d\.\d\d\.\d{4}, \d\d:\d\d", answer.text)
    told = [sql for sql in second if re.search(r"django_session|kim_notice|kim_rolegrant", sql)]
    assert told == []


def test_files_are_made_there_and_kept_with_the_first(second, beats):
    county()
    limits()
    by = user(Role.COORDINATION)
    counting.refresh(anew=True)
    made = Export.ask(by=by, what="lage", title="Lage", asked={}, format="csv")
    second.clear()
    taken = Export.take(made.pk)
    assert taken is not None
    making.make(taken)
    made.refresh_from_db()
    assert (made.state, made.error) == ("done", "")
    assert len(second) > 1
    assert all(sql.startswith(("SELECT", "EXECUTE", "WITH")) for sql in second)


PREPARED = """
from kim import workdays
from kim.models import JobRun, Role
from tests.factories import county, limits, user
county(); limits(); user(Role.COORDINATION)
now = workdays.now()
JobRun.objects.create(job="heartbeat", day=now.date(), started_at=now, finished_at=now)
"""
LAGGING = """
import datetime as dt, json
from django.conf import settings
from django.test import Client
from kim import replica, workdays
from kim.models import JobRun, Mail, User
settings.ALLOWED_HOSTS = ["testserver"]
Mail.objects.create(key="later", to="a@kim.example", subject="S")
found = {"first": Mail.objects.count()}
with replica.reading():
    found["replica"] = Mail.objects.count()
browser = Client()
browser.force_login(User.objects.order_by("-pk").first())
shown = lambda: "data-as-of" in browser.get("/reports/").content.decode()
found["told"] = shown()
browser.post("/notices/read/")
found["told after an act"] = shown()
beat = JobRun.objects.get(job="heartbeat")
JobRun.objects.filter(pk=beat.pk).update(finished_at=beat.finished_at + dt.timedelta(minutes=10))
replica._found.forget()
with replica.reading():
    found["ten minutes later"] = Mail.objects.count()
found["lag"] = replica.lag()
print(json.dumps(found))
"""


@pytest.mark.long
@pytest.mark.needs("postgresql")
def test_with_two_databases_of_which_one_stands_still(tmp_path):
    """A copy that hears of nothing any more is a replica that lags: real settings, real connections."""
    server, name = urlsplit(os.environ["DATABASE_URL"]), f"kim_replica_{os.getpid()}"
    migrated = os.environ.get("KIM_TEST_MIGRATED", "")
    urls = {one: urlunsplit(server._replace(path=f"/{name}_{one}")) for one in ("first", "second")}
    on_server = psycopg2.connect(urlunsplit(server))
    on_server.autocommit = True

    def python(code, **env):
        known = {key: value for key, value in os.environ.items() if not key.startswith(("KIM_", "EMAIL_"))}
        known |= {
            "KIM_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "kim.settings", "REDIS_URL": "",
            "DATABASE_URL": urls["first"], "KIM_LOG_LEVEL": "CRITICAL", "KIM_DEBUG": "1",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", "import django; django.setup()\n" + code],
            cwd=real.BASE_DIR, env=known | env, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    try:
        with on_server.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}_first"' + (f' TEMPLATE "{migrated}"' if migrated else ""))
            python("from django.core.management import call_command\ncall_command('migrate', verbosity=0)\n")
            python("from django.core.management import call_command\ncall_command('createcachetable')\n" + PREPARED)
            cursor.execute(f'CREATE DATABASE "{name}_second" TEMPLATE "{name}_first"')
        found = json.loads(python(LAGGING, KIM_REPORTS_DATABASE_URL=urls["second"]).splitlines()[-1])
        assert found == {
            "first": 1, "replica": 0, "told": True, "told after an act": False, "ten minutes later": 1, "lag": 600.0,
        }  # fmt: skip
    finally:
        with on_server.cursor() as cursor:
            for one in urls:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}_{one}" WITH (FORCE)')
        on_server.close()
