"""An update nobody notices: the web server is told to take up new code (HUP) while people click, and loses no request.

The same run shows that its processes count together for /metrics, the ones that have ended among them.
"""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings as real

from tests.conftest import copy_sqlite
from tests.releases.test_upgrade import run

TOKEN = "ein-langer-zufaelliger-schluessel"
PAGE = "/konto/login/"

pytestmark = pytest.mark.long


class Clicking(threading.Thread):
    """Asks for a page again and again, each time over a connection of its own; what came back."""

    def __init__(self, port: int, over: threading.Event):
        super().__init__(daemon=True)
        self.port, self.over, self.answers = port, over, []

    def run(self):
        while not self.over.is_set():
            self.answers.append(ask(self.port, PAGE)[0])


def ask(port: int, path: str, **headers: str) -> tuple[int | str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, ""
    finally:
        connection.close()


def children(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


@pytest.fixture
def web(tmp_path):
    if (migrated := os.environ.get("KIM_TEST_MIGRATED", "")) and Path(migrated).is_file():
        copy_sqlite(migrated, tmp_path / "kim.sqlite3")
    run("manage.py", "migrate", "--verbosity", "0", folder=tmp_path)
    run("manage.py", "createcachetable", folder=tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "KIM_DATA_DIR": str(tmp_path), "PORT": str(port), "KIM_METRICS_TOKEN": TOKEN, "KIM_LOG_LEVEL": "ERROR",
        "KIM_WEB_WORKERS": "2", "KIM_DEBUG": "1",  # static files as they lie there: collecting them takes long
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "kim.wsgi"], cwd=real.BASE_DIR, env=env, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while ask(port, "/healthz")[0] != 200:
        assert time.monotonic() < until
        time.sleep(0.2)
    yield process, port
    process.terminate()
    process.wait(30)


def test_new_code_is_taken_up_without_losing_a_request(web):
    process, port = web
    over = threading.Event()
    clicking = [Clicking(port, over) for _ in range(4)]
    for one in clicking:
        one.start()
    generations = [children(process.pid)]
    for _ in range(2):
        time.sleep(1)
        process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 60
        while children(process.pid) & generations[-1] or len(children(process.pid)) < 2:
            assert time.monotonic() < until
            time.sleep(0.1)
        generations.append(children(process.pid))
    time.sleep(1)
    over.set()
    for one in clicking:
        one.join(30)
    answers = [answer for one in clicking for answer in one.answers]
    assert set(answers) == {200}
    assert len(answers) >= 12
    assert len(set.union(*generations)) >= 6

    status, told = ask(port, "/metrics", Authorization=f"Bearer {TOKEN}")
    assert status == 200
    (line,) = re.findall(r'kim_requests_total\{method="GET",route="account_login",status="2xx"\} ([0-9.]+)', told)
    assert float(line) == len(answers)
