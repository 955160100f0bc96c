"""Numbers of requests, what they cost the database, slow statements without values."""

import ipaddress
import json
import logging
import re
import time

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.db import connection
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st

from kim import tracing
from kim.models import User
from kim.together import Slot, together
from kim.urls import urlpatterns as pages
from tests.factories import county, user

MARK = "Zwiebelmann"


def broken(request):
    raise ValueError(f"the value {MARK} is wrong")


def asks(request):
    from django.http import HttpResponse

    list(User.objects.filter(display_name=request.GET.get("q", "")))
    return HttpResponse("asked")


urlpatterns = [
    *pages,
    path("broken/<int:pk>/", lambda request, pk: broken(request), name="broken"),
    path("asks/", asks),
]
handler404, handler500 = "kim.errors.not_found", "kim.errors.server_error"


@pytest.fixture
def proxied(settings):
    settings.PROXY_NETWORKS = [ipaddress.ip_network("127.0.0.1")]


def line_of(caplog, name="kim.request"):
    (line,) = [record.msg for record in caplog.records if record.name == name]
    return line


class TestNumber:
    def test_every_answer_carries_a_number_and_no_two_the_same(self, client):
        found = {client.get("/healthz").headers["X-Request-ID"] for _ in range(5)}
        assert len(found) == 5
        assert all(re.fullmatch("[0-9a-f]{12}", one) for one in found)

    def test_a_proxy_of_ours_gives_it(self, client, proxied):
        given = "4f2c9a7be0d1435f8f1e2d3c4b5a6978"
        assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given

    def test_nobody_else_does(self, client, settings):
        settings.PROXY_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]
        given = "4f2c9a7be0d1435f"
        assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] != given
        settings.PROXY_NETWORKS = []
        assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] != given

    @pytest.mark.parametrize("given", ["kurz", "x" * 65, 'a"}{"event":"x', "a b c d e f", "müllermüller", "-12345678"])
    def test_one_that_is_not_well_formed_is_not_taken(self, client, proxied, given):
        answer = client.get("/healthz", HTTP_X_REQUEST_ID=given)
        assert re.fullmatch("[0-9a-f]{12}", answer.headers["X-Request-ID"])

    def test_through_a_socket_of_this_machine_it_is_the_proxys_where_there_is_one(self, rf, settings):
        settings.PROXY_NETWORKS = [ipaddress.ip_network("10.0.0.1")]
        request = rf.get("/", headers={"X-Request-ID": "12345678"}, REMOTE_ADDR="")
        assert tracing.given_by_proxy(request) == "12345678"
        settings.PROXY_NETWORKS = []
        assert tracing.given_by_proxy(request) == ""

    def test_it_is_gone_when_the_task_ends(self):
        tracing.begin("12345678", "somewhere")
        assert (tracing.number(), tracing.route()) == ("12345678", "somewhere")
        tracing.end()
        assert (tracing.number(), tracing.route()) == ("", "")


@pytest.mark.urls(__name__)
@pytest.mark.django_db
class TestPages:
    def test_an_error_page_names_it_and_the_log_has_the_same(self, client, caplog):
        client.raise_request_exception = False
        client.force_login(user())
        with caplog.at_level(logging.INFO, logger="kim.request"):
            answer = client.get("/broken/4711/")
        number = answer.headers["X-Request-ID"]
        assert answer.status_code == 500
        assert "Nummer für Rückfragen" in answer.text
        assert number in answer.text
        line = line_of(caplog)
        assert (line["status"], line["route"]) == (500, "broken/<int:pk>/")
        assert "4711" not in str(line)
        assert MARK not in answer.text

    def test_a_page_that_is_not_there_names_it_too(self, client):
        client.force_login(user())
        answer = client.get("/nirgends/")
        assert (answer.status_code, answer.headers["X-Request-ID"] in answer.text) == (404, True)

    def test_the_log_says_what_a_request_asked_of_the_database(self, client, caplog, django_assert_num_queries):
        client.force_login(user())
        client.get("/asks/")
        with caplog.at_level(logging.INFO, logger="kim.request"), django_assert_num_queries(4):
            client.get("/asks/")
        line = line_of(caplog)
        assert line["queries"] == 4
        assert 0 < line["db_ms"] <= line["ms"]

    def test_a_slow_statement_is_told_by_its_text_and_route_without_values(self, client, caplog, settings):
        settings.KIM_SLOW_MS = 0
        client.force_login(user())
        with caplog.at_level(logging.WARNING, logger="kim.slow"):
            client.get(f"/asks/?q={MARK}")
        lines = [record.msg for record in caplog.records if record.name == "kim.slow"]
        assert len(lines) >= 3
        assert {line["route"] for line in lines} == {"asks/"}
        assert any('"kim_user"."display_name" = %s' in line["statement"] for line in lines)
        assert MARK not in json.dumps(lines, ensure_ascii=False)
        if connection.vendor == "postgresql":
            assert any("rows" in line for line in lines)

    def test_one_that_is_quick_is_not_told(self, client, caplog, settings):
        settings.KIM_SLOW_MS = 60_000
        client.force_login(user())
        with caplog.at_level(logging.WARNING, logger="kim.slow"):
            client.get("/asks/")
        assert not [record for record in caplog.records if record.name == "kim.slow"]


@pytest.mark.django_db
def test_what_is_planned_is_told_by_its_own_text(caplog, settings):
    """On PostgreSQL it is sent as „EXECUTE kim_7“, which would tell nobody anything."""
    county()

    @together
    def read():
        return {"users": User.objects.filter(pk=Slot("user"), display_name=MARK)}

    settings.KIM_SLOW_MS = 0
    with caplog.at_level(logging.WARNING, logger="kim.slow"):
        read()(user=1)
        read()(user=1)
    lines = [record.msg["statement"] for record in caplog.records if record.name == "kim.slow"]
    assert len(lines) == 2
    assert all('"kim_user"' in line and MARK not in line for line in lines)


class TestLiterals:
    @pytest.mark.parametrize(
        ("sql", "told"),
        [
            ('SELECT "t"."a1" FROM "t" WHERE b = %s LIMIT 21', 'SELECT "t"."a1" FROM "t" WHERE b = %s LIMIT ?'),
            (f"SELECT 'it''s {MARK}', x", "SELECT ?, x"),
            (f"SELECT E'it\\'s {MARK}' y", "SELECT ? y"),
            (f"SELECT 'a\\', '{MARK}'", "SELECT ?, ?"),
            (f"SELECT $$ {MARK} $$, $x${MARK}$x$, $1", "SELECT ?, ?, $1"),
            (f"-- {MARK}\nSELECT 1.5e3 /* {MARK} */", "? SELECT ? ?"),
            (f"SELECT '{MARK}", "SELECT ?"),
            ("INSERT INTO t2 VALUES (%s, %(name)s)", "INSERT INTO t2 VALUES (%s, %(name)s)"),
        ],
    )
    def test_are_taken_out(self, sql, told):
        assert tracing.without_literals(sql) == told

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
    def test_whatever_a_literal_holds(self, text):
        inside = f"{MARK}{text}{MARK}".replace("'", "''")
        assert MARK not in tracing.without_literals(f"SELECT \"a\" FROM t WHERE b = '{inside}' AND c = %s")

    def test_of_every_statement_the_schema_is_made_with(self):
        """Choices stand in CHECK constraints as texts; a migration that takes long tells none of them."""
        told = tracing.without_literals("ALTER TABLE \"t\" ADD CHECK (\"state\" IN ('draft', 'closed'))")
        assert told == 'ALTER TABLE "t" ADD CHECK ("state" IN (?, ?))'


SEEN: list = []
queue = Celery("tests", broker="memory://", set_as_current=False)
queue.conf.update(worker_hijack_root_logger=False, task_ignore_result=True)


@queue.task(name="tests.number")
def tells_number():
    SEEN.append((tracing.number(), tracing.route()))


class TestTasks:
    @pytest.fixture
    def worker(self):
        """A worker in a thread of this process, on a queue in memory."""
        SEEN.clear()
        with start_worker(queue, perform_ping_check=False, pool="solo", loglevel="ERROR"):
            yield

    def test_the_number_goes_along_with_the_knock(self, worker):
        tracing.begin("anfrage-4711")
        try:
            tells_number.apply_async()
        finally:
            tracing.end()
        tells_number.apply_async()
        until = time.monotonic() + 10
        while len(SEEN) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert SEEN[0] == ("anfrage-4711", "tests.number")
        assert re.fullmatch("[0-9a-f]{12}", SEEN[1][0])


def test_timing_costs_a_statement_next_to_nothing(django_db_blocker):
    """Measured against the same call without it, the best of several rounds each: below 20 microseconds."""

    def execute(sql, params, many, context):
        return None

    context, rounds = {"connection": connection, "cursor": None}, 2000

    def best(call):
        found = []
        for _ in range(5):
            started = time.perf_counter()
            for _ in range(rounds):
                call()
            found.append((time.perf_counter() - started) / rounds)
        return min(found)

    tracing.begin()
    try:
        plain = best(lambda: execute("SELECT 1", (), False, context))
        timed = best(lambda: tracing._timed(execute, "SELECT 1", (), False, context))
    finally:
        tracing.end()
    assert timed - plain < 20e-6
