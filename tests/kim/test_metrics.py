"""/metrics: who may read it, what it tells, and what it never tells."""

import datetime as dt
import ipaddress
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import settings as real
from django.db import DatabaseError
from prometheus_client.parser import text_string_to_metric_families

from kim import metrics, workdays
from kim.models import JobRun, Mail
from tests.factories import user

ROOT = Path(__file__).parents[2]
TOKEN = "ein-langer-zufaelliger-schluessel"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ALERTS = yaml.safe_load((ROOT / "ops" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))


@pytest.fixture
def token(settings):
    settings.KIM_METRICS_TOKEN = TOKEN


def figures(answer) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Name of a sample → labels → value."""
    found: dict = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


@pytest.mark.django_db
class TestWhoMayRead:
    def test_there_is_no_such_page_until_it_is_set_up(self, client):
        assert client.get("/metrics").status_code == 404

    def test_whoever_names_the_token(self, client, token):
        answer = client.get("/metrics", headers=BEARER)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert "no-store" in answer.headers["Cache-Control"]

    @pytest.mark.parametrize("given", ["", f"Bearer {TOKEN}x", TOKEN, "Bearer ", "Basic eDp5", "Bearer ä\x80"])
    def test_nobody_else_not_even_an_administrator(self, client, token, given):
        from kim.models import Role

        client.force_login(user(Role.ADMIN))
        answer = client.get("/metrics", HTTP_AUTHORIZATION=given)
        assert (answer.status_code, "kim_" in answer.text) == (401, False)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_or_whoever_asks_from_an_address_directly(self, client, settings):
        settings.KIM_METRICS_FROM = [ipaddress.ip_network("10.1.0.0/16")]
        assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200
        assert client.get("/metrics", REMOTE_ADDR="10.2.2.3").status_code == 403
        assert client.get("/metrics", REMOTE_ADDR="::ffff:10.1.2.3%x").status_code == 403

    def test_never_through_a_proxy_that_hides_who_asks(self, client, settings):
        settings.KIM_METRICS_FROM = [ipaddress.ip_network("127.0.0.1")]
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
        assert client.get("/metrics", headers={"Forwarded": "for=127.0.0.1"}).status_code == 403

    def test_both_where_both_are_set(self, client, settings, token):
        settings.KIM_METRICS_FROM = [ipaddress.ip_network("127.0.0.1")]
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers=BEARER, REMOTE_ADDR="10.0.0.1").status_code == 403
        assert client.get("/metrics", headers=BEARER).status_code == 200

    def test_it_only_tells(self, client, token):
        assert client.post("/metrics", headers=BEARER).status_code == 405


@pytest.mark.django_db
class TestWhatItTells:
    def test_requests_by_name_of_the_page_never_by_address(self, client, token):
        client.force_login(user())
        before = figures(client.get("/metrics", headers=BEARER))
        client.get("/mails/4711/?q=Zwiebelmann")
        client.get("/zwiebelmann/")
        after = client.get("/metrics", headers=BEARER)
        key = (("method", "GET"), ("route", "kim:mail_detail"), ("status", "4xx"))
        counted = figures(after)
        assert counted["kim_requests_total"][key] == before.get("kim_requests_total", {}).get(key, 0) + 1
        assert counted["kim_requests_total"][(("method", "GET"), ("route", "none"), ("status", "4xx"))] >= 1
        assert counted["kim_request_seconds_count"][(("route", "kim:mail_detail"),)] >= 1
        assert counted["kim_request_queries_total"][(("route", "kim:mail_detail"),)] >= 2
        assert counted["kim_request_database_seconds_total"][(("route", "kim:mail_detail"),)] > 0
        assert "4711" not in after.text
        assert "wiebelmann" not in after.text

    def test_methods_people_make_up_are_one(self, client, token):
        client.generic("ZWIEBEL", "/healthz")
        found = figures(client.get("/metrics", headers=BEARER))["kim_requests_total"]
        assert {dict(labels)["method"] for labels in found} <= {*metrics.METHODS, "other"}

    def test_mails_jobs_sessions_and_the_heartbeat(self, client, token):
        now = workdays.now()
        for no, state in enumerate(["queued", "queued", "failed"]):
            Mail.objects.create(
                key=f"m{no}", to="zwiebelmann@kreis.example", subject="S", state=state,
                created_at=now - dt.timedelta(minutes=10),
            )  # fmt: skip
        today = workdays.today()
        for job, ago, error in [("heartbeat", 20, ""), ("exports", 400, "ValueError in kim/x.py:1")]:
            begun = now - dt.timedelta(seconds=ago + 3)
            ended = begun + dt.timedelta(seconds=3)
            JobRun.objects.create(job=job, day=today, started_at=begun, finished_at=ended, error=error)
        client.force_login(user())
        answer = client.get("/metrics", headers=BEARER)
        found = figures(answer)
        assert found["kim_outbox_mails"] == {(("state", "queued"),): 2, (("state", "failed"),): 1}
        assert 600 <= found["kim_outbox_oldest_seconds"][()] < 660
        assert 20 <= found["kim_heartbeat_age_seconds"][()] < 80
        assert 400 <= found["kim_job_last_good_end_age_seconds"][(("job", "exports"),)] < 460
        assert found["kim_job_duration_seconds"][(("job", "exports"),)] == 3
        assert found["kim_job_error"] == {(("job", "heartbeat"),): 0, (("job", "exports"),): 1}
        assert found["kim_sessions_open"] == {(): 1}
        assert found["kim_exports_waiting"] == found["kim_imports_waiting"] == {(): 0}
        assert found["kim_database_up"] == {(): 1}
        assert [dict(labels)["version"] for labels in found["kim_build_info"]] == ["0.1.0"]
        assert "zwiebelmann" not in answer.text
        assert "ValueError" not in answer.text

    def test_its_queries_do_not_grow_with_the_rows(self, client, token, django_assert_max_num_queries):
        Mail.objects.bulk_create(Mail(key=f"m{no}", to="a@kreis.example", subject="S") for no in range(50))
        with django_assert_max_num_queries(12):
            client.get("/metrics", headers=BEARER)

    def test_a_heart_that_never_beat_has_no_age(self, client, token):
        assert "kim_heartbeat_age_seconds" not in figures(client.get("/metrics", headers=BEARER))

    def test_without_the_database_it_tells_of_the_rest(self, client, token, monkeypatch):
        def gone():
            raise DatabaseError("no password for Zwiebelmann")

        monkeypatch.setitem(metrics._gauges, "kim_sessions_open", metrics.Gauge("", "", gone))
        answer = client.get("/metrics", headers=BEARER)
        found = figures(answer)
        assert found["kim_database_up"] == {(): 0}
        assert "kim_sessions_open" not in found
        assert "kim_outbox_mails" in found
        assert "Zwiebelmann" not in answer.text

    def test_nothing_is_counted_where_nobody_reads(self, client):
        seen = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(metrics, "_counted", lambda: seen.append(1))
            client.get("/healthz")
        assert seen == []


class TestAlerts:
    RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]

    def test_each_says_what_it_means_and_what_to_do(self):
        assert len(self.RULES) >= 10
        for rule in self.RULES:
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert {"summary", "description"} <= set(rule["annotations"]), rule["alert"]

    @pytest.mark.django_db
    def test_they_ask_for_figures_there_are(self, client, token):
        client.get("/healthz")
        there = {family.name for family in text_string_to_metric_families(metrics.exposition().decode())}
        there |= set(metrics._gauges)
        for rule in self.RULES:
            asked = set(re.findall(r"\bkim_[a-z_]+", rule["expr"]))
            assert asked, rule["alert"]
            for name in asked:
                assert re.sub(r"_(total|bucket|count|sum)$", "", name) in there, (rule["alert"], name)


@pytest.mark.long
def test_whichever_process_answers_tells_of_all(tmp_path):
    """Two processes of one web server share their counts, and what a process counted outlives it."""
    code = (
        "import os, sys\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'kim.settings'\n"
        "import django; django.setup()\n"
        "from kim import metrics, tracing\n"
        "for _ in range(int(sys.argv[1])):\n"
        "    metrics.count_request('kim:today', 'GET', 200, 0.01, tracing.Cost(queries=2))\n"
        "print(metrics.exposition().decode())\n"
    )
    shared = tmp_path / "shared"
    shared.mkdir()
    env = os.environ | {
        "KIM_METRICS_TOKEN": TOKEN, "PROMETHEUS_MULTIPROC_DIR": str(shared), "KIM_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "", "REDIS_URL": "", "KIM_LOG_LEVEL": "CRITICAL",
    }  # fmt: skip

    def counted(number):
        command = [sys.executable, "-c", code, str(number)]
        done = subprocess.run(command, cwd=real.BASE_DIR, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return next(
            float(line.split()[-1]) for line in done.stdout.splitlines() if line.startswith("kim_requests_total{")
        )

    assert counted(3) == 3
    assert counted(4) == 7
