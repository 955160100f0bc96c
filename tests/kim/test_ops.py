"""ops/: units for systemd and examples of proxies. They start what Compose starts, and what can be run is run."""

import configparser
import datetime as dt
import http.client
import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import connection
from honcho.environ import parse_procfile

from kim import trail, workdays
from kim.models import TrailEntry
from tests.factories import user

ROOT = Path(__file__).parents[2]
SYSTEMD, NGINX = ROOT / "ops" / "systemd", ROOT / "ops" / "nginx"
UNITS = sorted(SYSTEMD.glob("*.service"))
BIN = "/srv/kim/venv/bin/"
#: Each of these is asked of every unit.
HARDENED = {
    "User": "kim", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "CapabilityBoundingSet": "", "RestrictNamespaces": "yes", "RestrictSUIDSGID": "yes",
    "ProtectKernelTunables": "yes", "ProtectControlGroups": "yes", "SystemCallArchitectures": "native", "UMask": "0077",
}  # fmt: skip


class Unit(configparser.RawConfigParser):
    """Names keep their case; of what is said twice the last counts, as in most of systemd."""

    def __init__(self, path: Path):
        super().__init__(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))
        self.optionxform = str  # type: ignore[assignment]
        self.read_string(path.read_text(encoding="utf-8"))


def unit(name: str) -> Unit:
    return Unit(SYSTEMD / name)


class TestUnits:
    def test_they_start_what_the_procfile_starts(self):
        started = {name: unit(f"kim-{name}.service") for name in ("web@", "worker@", "beat")}
        commands = {name.strip("@"): one["Service"]["ExecStart"].removeprefix(BIN) for name, one in started.items()}
        assert commands == dict(parse_procfile((ROOT / "Procfile").read_text()).processes)

    def test_the_schema_is_brought_up_to_date_by_one_and_asked_for_by_the_others(self):
        assert unit("kim-migrate.service")["Service"]["ExecStart"] == f"{BIN}python manage.py migrate --noinput"
        for name in ("kim-web@.service", "kim-worker@.service", "kim-beat.service"):
            assert unit(name)["Service"]["ExecStartPre"] == f"{BIN}python manage.py migrate --check"
            assert "kim-migrate.service" in unit(name)["Unit"]["After"].split()

    @pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
    def test_each_may_do_little_and_is_handed_its_secrets(self, path):
        service = Unit(path)["Service"]
        assert {name: service.get(name) for name in HARDENED} == HARDENED
        said = path.read_text(encoding="utf-8")
        for name in ("secret-key", "files-key", "trail-key"):
            assert f"LoadCredential={name}:/etc/kim/{name}" in said
            assert f"KIM_{name.replace('-', '_').upper()}_FILE=%d/{name}" in said
        assert not re.search(r"(KEY|PASSWORD|TOKEN|SECRET)=", said)

    def test_the_target_names_units_there_are(self):
        wanted = Unit(SYSTEMD / "kim.target")["Unit"]["Wants"].split()
        there = {path.name for path in UNITS}
        assert len(wanted) >= 5
        assert {re.sub(r"@\d+\.", "@.", one) for one in wanted} == there

    @pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
    def test_systemd_itself_finds_nothing_wrong(self, tmp_path):
        """With the programs where they are on this machine: it wants to see that they can be started."""
        for path in [*UNITS, SYSTEMD / "kim.target"]:
            said = path.read_text(encoding="utf-8").replace(BIN, f"{Path(sys.executable).parent}/")
            said = said.replace("Documentation=file:/srv/kim/current", f"Documentation=file:{ROOT}")
            (tmp_path / path.name).write_text(said, encoding="utf-8")
        names = [
            str(tmp_path / name) for name in
            ("kim.target", "kim-web@8000.service", "kim-worker@1.service", "kim-beat.service", "kim-migrate.service")
        ]  # fmt: skip
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *names],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        ours = [line for line in done.stderr.splitlines() if "kim" in line]
        assert (done.returncode, ours) == (0, [])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Told(http.server.BaseHTTPRequestHandler):
    """KIM's place behind the proxy: notes the headers that arrive."""

    seen: list = []

    def do_GET(self):
        self.seen.append(dict(self.headers))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"behind")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


class Proxy:
    """nginx as in ops/nginx/kim.conf: its own ports, folders and certificate, everything else as it stands there."""

    def __init__(self, folder: Path):
        self.folder, self.port, self.tls, self.behind, self.dead = folder, *(free_port() for _ in range(4))
        key = folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=kim.example.org",
             "-keyout", str(key), "-out", str(folder / "cert.pem")],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        conf = (NGINX / "kim.conf").read_text(encoding="utf-8")
        for before, after in {
            "/etc/ssl/kim/fullchain.pem": folder / "cert.pem", "/etc/ssl/kim/privkey.pem": key,
            "/var/log/nginx/": f"{folder}/", "/srv/kim/current": ROOT, "/srv/kim/static": folder / "static",
            "/srv/kim/maintenance": folder / "maintenance", "listen 80;": f"listen 127.0.0.1:{self.port};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.tls} ssl http2;",
            "127.0.0.1:8000": f"127.0.0.1:{self.dead}", "127.0.0.1:8001": f"127.0.0.1:{self.behind}",
        }.items():  # fmt: skip
            assert before in conf, before
            conf = conf.replace(before, str(after))
        conf = re.sub(r"\n *listen \[::\].*", "", conf)
        (folder / "kim.conf").write_text(conf, encoding="utf-8")
        temp = "".join(
            f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user} daemon off; pid {folder}/pid; error_log {folder}/start.log; events {{}}\n"
            f"http {{ {temp} include {folder}/kim.conf; }}\n"
        )
        self.command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str):
        import ssl

        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.tls, context=context, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": "kim.example.org"} | named)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text


@pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("openssl")), reason="no nginx here")
class TestNginx:
    @pytest.fixture
    def proxy(self, tmp_path):
        made = Proxy(tmp_path)
        checked = subprocess.run([*made.command, "-t"], capture_output=True, text=True, timeout=30, check=False)
        assert checked.returncode == 0, checked.stderr
        assert "[warn]" not in checked.stderr
        behind = http.server.ThreadingHTTPServer(("127.0.0.1", made.behind), Told)
        threading.Thread(target=behind.serve_forever, daemon=True).start()
        Told.seen = []
        process = subprocess.Popen(made.command, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", made.tls)) == 0:
                    break
            time.sleep(0.05)
        yield made
        process.terminate()
        process.wait(10)
        behind.shutdown()
        behind.server_close()

    def test_it_passes_on_what_kim_believes_and_writes_it_itself(self, proxy):
        forged = {"X_Forwarded_For": "10.9.9.9", "X_Forwarded_Proto": "http", "X_Request_ID": "forged-by-someone"}
        for _ in range(4):  # one of the two processes is down: nobody notices
            answer, text = proxy.ask("/?q=Zwiebelmann", **forged)
            assert (answer.status, text) == (200, "behind")
        for seen in Told.seen:
            assert seen["X-Forwarded-For"] == "127.0.0.1"
            assert seen["X-Forwarded-Proto"] == "https"
            assert re.fullmatch("[0-9a-f]{32}", seen["X-Request-ID"])
            assert seen["Host"] == "kim.example.org"

    def test_its_log_knows_no_address_no_path_and_no_key(self, proxy):
        proxy.ask("/?q=Zwiebelmann")
        proxy.ask("/calendar/geheimes-zeichen.ics")
        proxy.ask("/konto/password/reset/key/geheimes-zeichen/")
        time.sleep(0.3)
        lines = (proxy.folder / "kim.log").read_text().splitlines()
        assert len(lines) == 1
        assert '"status":200' in lines[0]
        assert Told.seen[0]["X-Request-ID"] in lines[0]
        everything = "".join(file.read_text() for file in proxy.folder.glob("*.log"))
        for word in ("Zwiebelmann", "geheimes-zeichen", "127.0.0.1 -", "q="):
            assert word not in everything

    def test_figures_stay_inside_and_large_bodies_outside(self, proxy):
        assert proxy.ask("/metrics")[0].status == 404
        assert proxy.ask("/x/", "POST", b"x" * (13 * 1024 * 1024))[0].status == 413
        assert proxy.ask("/x/", "POST", b"x" * (11 * 1024 * 1024))[0].status == 200
        assert len(Told.seen) == 1

    def test_passwords_are_not_tried_without_end(self, proxy):
        found = [proxy.ask("/konto/login/")[0].status for _ in range(40)]
        assert found[:30] == [200] * 30
        assert 429 in found[30:]

    def test_in_maintenance_it_says_so(self, proxy):
        (proxy.folder / "maintenance").touch()
        answer, text = proxy.ask("/")
        assert answer.status == 503
        assert "KIM wird gerade gewartet" in text
        assert answer.headers["Retry-After"] == "120"

    def test_without_tls_nobody_gets_further_than_to_tls(self, proxy):
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
        connection.request("GET", "/x/", headers={"Host": "evil.example"})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (301, "https://kim.example.org/x/")
        connection.close()
        assert Told.seen == []


def test_both_examples_say_what_kim_has_to_be_told():
    for path in (NGINX / "kim.conf", ROOT / "ops" / "caddy" / "Caddyfile"):
        said = path.read_text(encoding="utf-8")
        for name in ("KIM_BASE_URL", "KIM_PROXY_TLS_HEADER=X-Forwarded-Proto", "KIM_PROXIES"):
            assert name in said, (path.name, name)
        for header in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Request-ID"):
            assert header in said, (path.name, header)
        assert "/metrics" in said


@pytest.mark.skipif(not shutil.which("caddy"), reason="no Caddy here")
def test_caddy_understands_its_example(tmp_path):
    done = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", str(ROOT / "ops" / "caddy" / "Caddyfile")],
        capture_output=True, text=True, timeout=60, check=False,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "XDG_DATA_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("postgresql")
@pytest.mark.django_db
def test_the_trail_can_be_partitioned_by_years():
    """The script as it stands; KIM writes, finds and refuses afterwards as before, and a year is read from its part."""
    refused_before = triggers_of("kim_trailentry")
    with connection.cursor() as cursor:
        cursor.execute((ROOT / "ops" / "postgresql" / "partition_trail.sql").read_text(encoding="utf-8"))
    year = workdays.today().year
    now = trail.record("user.test", user(), by=user())
    with workdays.as_of(dt.datetime(year + 1, 6, 1, 12, tzinfo=dt.UTC)):
        trail.record("user.test", user(), by=user())
    rows = TrailEntry.objects.filter(act="user.test").order_by("at")
    first, second = rows
    assert second.pk == first.pk + 1
    assert now.pk == first.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM kim_trailentry WHERE act = 'user.test' ORDER BY at")
        assert [name for (name,) in cursor.fetchall()] == ["kim_trailentry_before", f"kim_trailentry_{year + 1}"]
    assert f"kim_trailentry_{year + 1}" in rows.filter(at__gte=second.at).explain()
    assert "kim_trailentry_before" not in rows.filter(at__gte=second.at).explain()
    assert triggers_of("kim_trailentry") == refused_before
    assert triggers_of(f"kim_trailentry_{year + 1}") >= refused_before


def triggers_of(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgname LIKE 'RI_%%'", [table]
        )
        return {name for (name,) in cursor.fetchall()}
