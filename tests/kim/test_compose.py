"""docker-compose.yml: what it promises, and its own commands run on PostgreSQL and Redis when they are there."""

import http.client
import json
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
import redis
import yaml
from honcho.environ import parse_procfile

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(COMPOSE)["services"]
OURS = ["web", "worker", "beat"]
#: ${NAME}, ${NAME:-default} and ${NAME:?message}; $$ is a dollar sign.
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)(?:(:-|:\?)([^}]*))?\}")


def example() -> dict[str, str]:
    """The lines of .env.example that set something, as Compose reads them."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


class TestWhatItPromises:
    def test_it_has_web_worker_beat_and_what_they_need(self):
        assert set(SERVICES) == {"migrate", *OURS, "db", "redis"}

    @pytest.mark.parametrize("name", [*OURS, "db", "redis"])
    def test_what_runs_is_watched_restarted_and_keeps_its_data(self, name):
        service = SERVICES[name]
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])
        assert service["restart"] == "unless-stopped"
        kept = {volume.split(":")[0] for volume in service["volumes"]}
        assert kept
        assert kept <= set(yaml.safe_load(COMPOSE)["volumes"])

    @pytest.mark.parametrize("name", OURS)
    def test_ours_start_when_database_and_queue_answer_and_the_schema_is_there(self, name):
        assert {other: how["condition"] for other, how in SERVICES[name]["depends_on"].items()} == {
            "db": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
        }

    def test_the_schema_is_brought_up_to_date_once_and_not_again_and_again(self):
        assert "migrate" in SERVICES["migrate"]["command"]
        assert SERVICES["migrate"]["restart"] == "no"

    @pytest.mark.parametrize("name", ["migrate", *OURS])
    def test_ours_may_write_to_their_volume_only(self, name):
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["environment"]["KIM_ENV"] == "production"

    def test_only_the_web_server_has_a_port_and_only_on_this_machine(self):
        assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
            "web": ["${KIM_BIND:-127.0.0.1}:${PORT:-8000}:8000"]
        }

    def test_it_holds_no_secret(self):
        for service in SERVICES.values():
            for name, value in service.get("environment", {}).items():
                if re.search("PASSWORD|SECRET|KEY|TOKEN", name):
                    assert VARIABLE.fullmatch(str(value)), name
                if "://" in str(value) and "@" in str(value):
                    password = str(value).split("://")[1].rsplit("@")[0].partition(":")[2]
                    assert VARIABLE.fullmatch(password), name

    def test_every_variable_it_uses_stands_in_the_example(self):
        used = {name for name, _, _ in VARIABLE.findall(COMPOSE)}
        ours = set().union(*(SERVICES[name]["environment"] for name in OURS))
        assert used >= {"POSTGRES_PASSWORD", "KIM_BASE_URL"}
        assert used | ours <= set(example())

    def test_what_must_be_set_is_told_when_it_is_not(self):
        required = {name for name, how, _ in VARIABLE.findall(COMPOSE) if how == ":?"}
        assert required == {"POSTGRES_PASSWORD", "KIM_BASE_URL"}
        for name, how, _ in VARIABLE.findall(COMPOSE):
            assert how, f"${{{name}}} has neither a default nor a message"

    def test_the_example_sets_no_secret(self):
        filled = {name for name, value in example().items() if value and re.search("PASSWORD|SECRET|KEY", name)}
        assert filled == set()

    def test_it_starts_what_script_server_starts(self):
        procfile = parse_procfile((ROOT / "Procfile").read_text()).processes
        assert {name: SERVICES[name]["command"] for name in OURS} == dict(procfile)

    def test_names_sort_as_germans_expect(self):
        assert "--locale-provider=icu --icu-locale=de-DE" in SERVICES["db"]["environment"]["POSTGRES_INITDB_ARGS"]

    def test_the_image_runs_as_nobody_special_and_never_takes_secrets_along(self):
        lines = (ROOT / "Dockerfile").read_text().splitlines()
        assert lines.index("USER kim") > max(number for number, line in enumerate(lines) if line.startswith("RUN"))
        assert any("collectstatic" in line for line in lines)
        assert {".env", ".git", "var"} <= set((ROOT / ".dockerignore").read_text().split())


class Stack:
    """The commands of the file as processes, with the file's own environment; only addresses are the suite's."""

    def __init__(self, folder: Path, database: str, broker: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder, self.running = folder, []
        dotenv = example() | {
            "KIM_BASE_URL": "https://kim.example.org",
            "KIM_SECRET_KEY": secrets.token_urlsafe(64),
            "KIM_FILES_KEY": secrets.token_urlsafe(64),
            "KIM_TRAIL_KEY": secrets.token_urlsafe(64),
            "POSTGRES_PASSWORD": "unused",
        }
        self.env = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ} | dotenv
        for name, value in SERVICES["web"]["environment"].items():
            self.env[name] = VARIABLE.sub(lambda found: dotenv[found[1]], value)
        self.env |= {
            "DATABASE_URL": database,
            "REDIS_URL": broker,
            "KIM_DATA_DIR": str(folder),
            "KIM_STATIC_ROOT": str(folder / "static"),
            "KIM_BIND": "127.0.0.1",
            "PORT": str(self.port),
            "HOSTNAME": socket.gethostname(),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def run(self, command: str) -> None:
        done = subprocess.run(shlex.split(command), cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr

    def start(self, name: str) -> None:
        log = (self.folder / f"{name}.log").open("w")
        command = shlex.split(SERVICES[name]["command"])
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self.running.append((name, process, log))

    def healthy(self, name: str) -> bool:
        kind, *test = SERVICES[name]["healthcheck"]["test"]
        command = ["sh", "-c", test[0].replace("$$", "$")] if kind == "CMD-SHELL" else test
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, timeout=60).returncode == 0

    def ask(self, path: str, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def until(self, condition, seconds: float = 150) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, process, _ in self.running:
                assert process.poll() is None, (name, (self.folder / f"{name}.log").read_text())
            if condition():
                return
            time.sleep(0.5)
        logs = {name: (self.folder / f"{name}.log").read_text() for name, *_ in self.running}
        raise AssertionError(f"not in {seconds} seconds: {logs}")

    def stop(self) -> dict[str, int]:
        """Stop as Docker does, by SIGTERM; the exit codes. What does not go is killed and fails the test."""
        for _, process, _ in self.running:
            process.send_signal(signal.SIGTERM)
        try:
            return {name: process.wait(30) for name, process, _ in self.running}
        finally:
            for _, process, log in self.running:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(10)
                log.close()
            self.running = []


@pytest.fixture
def stack(tmp_path):
    """On a database and a Redis number of their own, both removed afterwards."""
    server = urlsplit(os.environ["DATABASE_URL"])
    name = f"kim_compose_{secrets.token_hex(4)}"
    admin = psycopg2.connect(urlunsplit(server._replace(path="/postgres")))
    admin.autocommit = True
    broker = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path="/13"))
    try:
        with redis.Redis.from_url(broker) as queue, admin.cursor() as cursor:
            queue.flushdb()
            migrated = os.environ.get("KIM_TEST_MIGRATED")
            cursor.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {migrated}" if migrated else ""))
            stack = Stack(tmp_path, urlunsplit(server._replace(path=f"/{name}")), broker)
            try:
                yield stack
            finally:
                stack.stop()
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
                queue.flushdb()
    finally:
        admin.close()


@pytest.mark.needs("postgresql", "redis")
def test_its_commands_run_and_become_healthy_and_ready(stack):
    stack.run(re.search(r"python manage.py collectstatic [^\\\n]+", (ROOT / "Dockerfile").read_text())[0])
    stack.run(SERVICES["migrate"]["command"])
    assert not stack.healthy("web")
    assert not stack.healthy("beat")
    for name in OURS:
        stack.start(name)
    stack.until(lambda: stack.ask("/healthz") == (200, b"ok"))
    stack.until(lambda: stack.ask("/readyz")[0] == 200)
    ready = json.loads(stack.ask("/readyz")[1])
    assert (ready["ready"], ready["database"], ready["broker"]) == (True, True, True)
    for name in OURS:
        stack.until(lambda name=name: stack.healthy(name), seconds=60)
    # Behind the proxy of the example: what did not come over TLS is sent there.
    assert stack.ask("/", Host="kim.example.org")[0] == 301
    assert stack.ask("/", Host="kim.example.org", X_Forwarded_Proto="https")[0] == 302
    assert stack.ask("/konto/login/", Host="kim.example.org", X_Forwarded_Proto="https")[0] == 200
    assert stack.ask("/", Host="evil.example")[0] == 400
    assert stack.stop() == {"web": 0, "worker": 0, "beat": 0}
    assert not stack.healthy("web")
