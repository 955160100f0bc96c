"""An installation for each test, a copy of one that was migrated once, and a mail server that takes its time."""

import asyncio
import email
import os
import shutil
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from aiosmtpd.controller import Controller

from tests.conftest import copy_sqlite
from tests.faults import installation
from tests.faults.installation import Installation


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
    return installation.free_port()
