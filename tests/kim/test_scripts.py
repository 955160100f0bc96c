"""The commands of the README as somebody meets them: refusals in words, one real start, stop and start again."""

import http.cookiejar
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Whoever starts KIM has these at least; nothing named python is among them.
TOOLS = ["bash", "cat", "chmod", "cksum", "dirname", "env", "mktemp", "rm", "tail"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    """A machine with nothing but basic tools and the Python that a test puts there."""

    def __init__(self, folder: Path):
        self.tools, self.venv = folder / "bin", folder / "venv"
        self.tools.mkdir()
        for tool in TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool))

    def put(self, path: Path, script: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{self.tools / 'bash'}\n{script}\n")
        path.chmod(0o755)

    def start(self, name: str, **env: str) -> tuple[int, str]:
        done = subprocess.run(
            [str(self.tools / "bash"), str(ROOT / "script" / name)],
            env={"PATH": str(self.tools), "KIM_VENV": str(self.venv)} | env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stderr.strip()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.mark.parametrize("name", ["server", "test"])
class TestWhatIsMissing:
    def test_no_python_at_all(self, machine, name):
        code, said = machine.start(name)
        assert code == 1
        assert "auf diesem Rechner ist keines zu finden" in said
        assert "apt-get install python3 python3-venv" in said

    def test_a_python_too_old_is_named_with_its_version(self, machine, name):
        machine.put(
            machine.tools / "python3", 'case "$2" in *version_info*) exit 1;; *python_version*) echo 3.9.2;; esac'
        )
        assert machine.start(name) == (
            1,
            "KIM braucht Python 3.11 oder neuer; gefunden: python3 ist 3.9.2. Bitte ein neueres Python installieren.",
        )

    def test_a_newer_one_beside_it_is_taken(self, machine, name):
        machine.put(machine.tools / "python3", 'case "$2" in *version_info*) exit 1;; *) echo 3.9.2;; esac')
        machine.put(machine.tools / "python3.12", 'case "$2" in *ensurepip*) exit 1;; esac')
        assert machine.start(name) == (1, "Diesem Python fehlt das Modul venv. Debian: apt-get install python3-venv")

    def test_venv_is_missing(self, machine, name):
        machine.put(machine.tools / "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
        assert machine.start(name) == (1, "Diesem Python fehlt das Modul venv. Debian: apt-get install python3-venv")

    def test_the_environment_cannot_be_made(self, machine, name):
        machine.put(machine.tools / "python3", '[ "$1" != -m ]')
        code, said = machine.start(name)
        assert code == 1
        assert f"Die Umgebung {machine.venv} ließ sich nicht anlegen" in said

    def test_packages_cannot_be_fetched(self, machine, name):
        machine.put(
            machine.venv / "bin" / "python", '[ "$1" != -m ] || { echo "ERROR: no route to host" >&2; exit 1; }'
        )
        code, said = machine.start(name)
        assert code == 1
        assert "ERROR: no route to host" in said
        assert "Die Pakete ließen sich nicht installieren. Ist das Internet" in said
        assert not list(machine.venv.glob(".installed*"))


def test_what_is_installed_is_not_installed_again(machine):
    log = machine.venv / "calls"
    machine.put(machine.venv / "bin" / "python", f'printf "%s\\n" "$*" >>{log}')
    for _ in range(2):
        assert machine.start("server") == (0, "")
    calls = log.read_text().splitlines()
    assert [call for call in calls if call.startswith("-m pip install")] == [
        "-m pip install --quiet --no-input --disable-pip-version-check -r requirements.txt"
    ]
    assert calls.count("script/serve.py") == 2


def serve(folder: Path, **env: str) -> subprocess.CompletedProcess:
    """script/serve.py as script/server calls it; meant to refuse."""
    return subprocess.run(
        [sys.executable, "script/serve.py"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "KIM_DATA_DIR": str(folder)} | env,
        capture_output=True,
        text=True,
        timeout=60,
    )


class TestWhatIsInTheWay:
    def test_the_port_is_taken(self, tmp_path):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            done = serve(tmp_path / "data", PORT=str(port))
        assert done.returncode == 1
        assert f"Port {port} ist belegt" in done.stderr
        assert "PORT=8001 script/server" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "data").exists()

    @pytest.mark.parametrize("port", ["achtzig", "0", "70000"])
    def test_the_port_is_none(self, tmp_path, port):
        done = serve(tmp_path, PORT=port)
        assert (done.returncode, done.stderr.strip()) == (1, f"PORT={port} ist keine Portnummer.")

    def test_the_data_folder_cannot_be_written(self, tmp_path):
        (tmp_path / "file").touch()
        done = serve(tmp_path / "file" / "data", PORT=str(free_port()))
        assert done.returncode == 1
        assert f"In den Datenordner {tmp_path / 'file' / 'data'} lässt sich nicht schreiben" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_setting_is_wrong(self, tmp_path):
        done = serve(tmp_path, PORT=str(free_port()), KIM_IDLE_MINUTES="viele")
        assert done.returncode == 1
        assert done.stderr.strip() == "KIM_IDLE_MINUTES='viele' ist keine ganze Zahl größer als null."

    def test_the_database_does_not_answer(self, tmp_path):
        nobody = f"postgres://kim@127.0.0.1:{free_port()}/kim"
        done = serve(tmp_path, PORT=str(free_port()), DATABASE_URL=nobody)
        assert done.returncode == 1
        assert "Die Datenbank antwortet nicht" in done.stderr
        assert "Traceback" not in done.stderr


class Server:
    """script/server in a terminal of its own."""

    def __init__(self, folder: Path):
        self.folder, self.port, self.starts = folder, free_port(), 0
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.starts += 1
        self.log = self.folder.parent / f"start-{self.starts}.log"
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        env |= {"KIM_DATA_DIR": str(self.folder), "PORT": str(self.port), "KIM_VENV": sys.prefix}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(ROOT / "script" / "server")],
                cwd=self.folder.parent,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def greeting(self, seconds: float = 240) -> str:
        """What it printed, once it says that it runs."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            said = self.log.read_text()
            if "Beenden mit Strg+C." in said:
                return said
            assert self.process.poll() is None, said
            time.sleep(0.2)
        raise AssertionError(f"no greeting in {seconds} seconds: {self.log.read_text()}")

    def press_ctrl_c(self) -> float:
        """SIGINT to the whole group in front, as a terminal sends it; seconds until the command was over."""
        begun = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(30)
        assert code == 0, self.log.read_text()
        return time.monotonic() - begun

    def remaining(self) -> list[str]:
        """Processes of this installation, known by the data folder in their environment."""
        mark, found = f"KIM_DATA_DIR={self.folder}".encode(), []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (place / "environ").read_bytes().split(b"\0"):
                    found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue  # gone, or not ours
        return found

    def count(self, table: str) -> int:
        with sqlite3.connect(self.folder / "kim.sqlite3") as database:
            return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data")
    yield server
    server.end()


def test_from_nothing_to_a_page_and_back_and_again_with_its_data(server):
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(cookies))

    def page(path: str, **data: str) -> tuple[str, str]:
        body = urllib.parse.urlencode(data).encode() if data else None
        with browser.open(f"{server.address}{path}", body, timeout=30) as answer:
            return urllib.parse.urlsplit(answer.url).path, answer.read().decode()

    # The first start: everything is made, everything is told.
    server.start()
    said = server.greeting()
    assert f"KIM läuft: http://localhost:{server.port}" in said
    password = re.search(r"Kennwort für alle: (\S+)", said)[1]
    kept = server.folder / "demo-password"
    assert kept.read_text().strip() == password
    assert kept.stat().st_mode & 0o077 == 0
    assert len(server.remaining()) >= 4
    assert page("/healthz") == ("/healthz", "ok")

    # Somebody signs in with what was printed.
    place, login = page("/")
    assert place == "/konto/login/"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', login)[1]
    place, today = page("/konto/login/", csrfmiddlewaretoken=token, login="casemanager", password=password)
    assert place == "/"
    assert "Abmelden" in today
    issues, accounts = server.count("steering_issue"), server.count("kim_user")
    assert issues > 20

    # Ctrl-C ends web, worker and beat.
    assert server.press_ctrl_c() < 10
    assert server.remaining() == []
    with pytest.raises(urllib.error.URLError):
        page("/healthz")

    # The second start finds all of it again, down to the open session.
    server.start()
    said = server.greeting(90)
    assert f"Kennwort für alle: {password}" in said
    assert "Pakete werden installiert" not in said
    place, today = page("/")
    assert (place, "Abmelden" in today) == ("/", True)
    assert (server.count("steering_issue"), server.count("kim_user")) == (issues, accounts)
    assert server.press_ctrl_c() < 10
    assert server.remaining() == []


@pytest.mark.parametrize("name", ["script/server", "script/test", ".ci/run", "manage.py"])
def test_a_clone_can_run_them_at_once(name):
    assert os.access(ROOT / name, os.X_OK)
    assert (ROOT / name).read_text().startswith("#!/usr/bin/env ")
