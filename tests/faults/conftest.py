"""Real processes on an installation of their own: started, killed with -9, started again. Nothing is simulated."""

import asyncio
import email
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from aiosmtpd.controller import Controller

from tests.conftest import copy_sqlite

ROOT = Path(__file__).parents[2]
SETUP = "import django; django.setup()\n"


class Installation:
    """A data folder (and with DATABASE_URL a database) of its own, and the processes that run on it."""

    def __init__(self, folder: Path, database: str):
        self.folder, self.running = folder, []
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("KIM_", "EMAIL_"))}
        self.env |= {
            "KIM_DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "kim.settings",
            "DATABASE_URL": database,
            "REDIS_URL": "",  # the embedded broker is the one that forgets
            "KIM_LOG_LEVEL": "ERROR",
            "PYTHONPATH": str(ROOT),
        }

    def python(self, code: str, **env):
        """Run `code` to its end; what it prints last is read as JSON."""
        done = subprocess.run(
            [sys.executable, "-c", SETUP + code],
            cwd=ROOT,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    def start(self, *command: str, **env) -> subprocess.Popen:
        """Start a process in a group of its own; it is ended with the test."""
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.env | env, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.running.append(process)
        return process

    def start_code(self, code: str, **env) -> subprocess.Popen:
        return self.start("-c", SETUP + code, **env)

    @staticmethod
    def kill(process: subprocess.Popen) -> None:
        """kill -9 for the process and its children."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        process.stdout.close()

    def end(self):
        for process in self.running:
            if not process.stdout.closed:
                self.kill(process)

    def wait_for(self, code: str, seconds: float = 60):
        """Run `code` (an expression) again and again until it is true; its value."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := self.python(f"import json\nfrom kim.models import *\nprint(json.dumps({code}))"):
                return found
            time.sleep(0.5)
        raise AssertionError(f"not within {seconds} s: {code}")


def _on_server(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def _beside(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def blank(tmp_path_factory):
    """A migrated installation that each test copies."""
    server = os.environ.get("DATABASE_URL", "")
    folder, name = tmp_path_factory.mktemp("faults"), f"kim_faults_{os.getpid()}"
    migrated = os.environ.get("KIM_TEST_MIGRATED", "")
    if server:
        _on_server(server, f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{migrated}"' if migrated else ""))
    elif migrated:
        copy_sqlite(migrated, folder / "kim.sqlite3")
    made = Installation(folder, _beside(server, name) if server else "")
    made.python(
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\ncall_command('createcachetable')\n"
    )
    yield folder, server, name
    if server:
        _on_server(server, f'DROP DATABASE "{name}"')


@pytest.fixture
def home(blank, tmp_path):
    template, server, name = blank
    folder, copy = tmp_path / "data", f"{name}_{tmp_path.name}"[:60].lower()
    shutil.copytree(template, folder)
    if server:
        _on_server(server, f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
    made = Installation(folder, _beside(server, copy) if server else "")
    yield made
    made.end()
    if server:
        _on_server(server, f'DROP DATABASE "{copy}" WITH (FORCE)')


class SlowPostbox:
    """A mail server that takes its time over every mail and notes the Message-ID once it has promised to deliver."""

    def __init__(self, seconds: float):
        self.seconds, self.taken = seconds, []

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.seconds)
        self.taken.append(email.message_from_bytes(envelope.content)["Message-ID"])
        return "250 OK"


@pytest.fixture
def postbox(free_port):
    box = SlowPostbox(0.03)
    controller = Controller(box, hostname="127.0.0.1", port=free_port)
    controller.start()
    box.env = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(free_port)}
    yield box
    controller.stop()


@pytest.fixture
def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
