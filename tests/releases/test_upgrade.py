"""A filled database of an earlier release, on the newest schema and back: nothing is lost, and while both run side by
side the old release can still write (expand → migrate → contract, docs/operations.md).

For each release with a snapshot (script/snapshot), on both engines in one run, in processes of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

from tests.conftest import copy_sqlite

ROOT = Path(__file__).parents[2]
RELEASES = sorted(file.name.removesuffix(".json.gz") for file in Path(__file__).parent.glob("*.json.gz"))

pytestmark = pytest.mark.long


def run(*command: str, folder: Path, database: str = "") -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("KIM_", "EMAIL_"))}
    env |= {
        "KIM_DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "kim.settings",
        "DATABASE_URL": database,
        "REDIS_URL": "",
        "KIM_LOG_LEVEL": "ERROR",
    }
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def taken_there_and_back(version: str, **where) -> dict:
    return json.loads(run("-m", "tests.releases.upgrade", version, **where).splitlines()[-1])


def demand_something_was_shown(found: dict) -> None:
    assert found["rows"] > 5000
    assert found["read"] >= found["rows"]
    assert found["steps"] > 0


def test_there_is_a_release_to_upgrade_from():
    assert "0.1.0" in RELEASES


@pytest.mark.parametrize("version", RELEASES)
def test_on_sqlite(version, tmp_path):
    if migrated := os.environ.get("KIM_TEST_MIGRATED_FILE", ""):
        copy_sqlite(migrated, tmp_path / "kim.sqlite3")
    run("manage.py", "migrate", "--verbosity", "0", folder=tmp_path)
    demand_something_was_shown(taken_there_and_back(version, folder=tmp_path))


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("version", RELEASES)
def test_on_postgresql(version, tmp_path):
    server = urlsplit(os.environ["DATABASE_URL"])
    migrated, name = os.environ.get("KIM_TEST_MIGRATED", ""), f"kim_upgrade_{os.getpid()}"
    connection = psycopg2.connect(urlunsplit(server))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{migrated}"' if migrated else ""))
    database = urlunsplit(server._replace(path=f"/{name}"))
    try:
        run("manage.py", "migrate", "--verbosity", "0", folder=tmp_path, database=database)
        demand_something_was_shown(taken_there_and_back(version, folder=tmp_path, database=database))
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        connection.close()
