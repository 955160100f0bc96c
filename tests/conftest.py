"""What holds for every test: no network, real mail rows, a fresh cache; missing services are named."""

import gc
import ipaddress
import os
import shutil
import socket
import sqlite3
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from tests.oidc import real
from tests.triggers import without_refusals

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
THERE = {
    "chromium": CHROMIUM is not None,
    "postgresql": bool(os.environ.get("DATABASE_URL")),
    "redis": bool(os.environ.get("REDIS_URL")),
    "oidc": real.IS_THERE,
}
#: What `script/test --full` promises; a missing one then ends the run instead of leaving tests out.
REQUIRED = os.environ.get("KIM_TEST_REQUIRES", "").split()
#: What takes tens of seconds comes first: the short ones fill up what is left of the run, on both processes.
LONG = {"faults", "journeys", "releases", "test_compose.py", "test_hostile.py", "test_scripts.py", "test_walls.py"}


def pytest_configure(config):
    missing = [name for name in REQUIRED if not THERE[name]]
    if missing:
        raise pytest.UsageError(f"required, but not there: {', '.join(missing)}")


#: Where a run has been through the whole suite already, on another engine, only what meets the engine is run again.
ONLY_ON_AN_ENGINE = os.environ.get("KIM_TEST_AGAIN") == "1"
MEETS_THE_ENGINE = {"db", "transactional_db", "live_server", "filled_elsewhere"}


def meets_the_engine(item) -> bool:
    return not item.get_closest_marker("once") and bool(
        item.get_closest_marker("django_db")
        or item.get_closest_marker("needs")
        or MEETS_THE_ENGINE.intersection(item.fixturenames)
        or not {"faults", "journeys"}.isdisjoint(item.path.parts)
    )


#: In script/test --full a test of more variants than this meets both engines, but each variant one of them: every third
#: the second, the others the first. What differs between engines is the statement, and variants ask nearly the same.
VARIANTS, EVERY = 3, 3
FIRST_OF_TWO = os.environ.get("KIM_TEST_JOURNEYS") == "short"


def by_turns(items) -> set:
    """The variants the other engine has its turn with; none where one engine is all there is."""
    if not (FIRST_OF_TWO or ONLY_ON_AN_ENGINE):
        return set()
    variants: dict[str, list] = {}
    for item in items:
        on_one = any(map(item.get_closest_marker, ("long", "once", "needs")))
        if not on_one and meets_the_engine(item) and {"faults", "journeys"}.isdisjoint(item.path.parts):
            variants.setdefault(item.nodeid.split("[")[0], []).append(item)
    many = [alike for alike in variants.values() if len(alike) > VARIANTS]
    return {item for alike in many for number, item in enumerate(alike) if bool(number % EVERY) != FIRST_OF_TWO}


def pytest_collection_modifyitems(config, items):
    others = by_turns(items)
    kept, left_out = [], []
    for item in items:
        journey = "journeys" in item.path.parts
        needed = {name for mark in item.iter_markers("needs") for name in mark.args}
        if journey:
            needed.add("chromium")
        once = item.get_closest_marker("long") or (journey and not item.get_closest_marker("short"))
        again = ONLY_ON_AN_ENGINE and item.get_closest_marker("short")  # has been walked on the first
        left = (once and FIRST_OF_TWO) or again or item in others
        wanted = meets_the_engine(item) if ONLY_ON_AN_ENGINE else True
        if wanted and not left and all(THERE[name] for name in needed):
            kept.append(item)
        else:
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
    items[:] = long_ones_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def long_ones_first(items, processes: int) -> list:
    """Each process begins with its share of the long ones. xdist gives each an equal stretch of the list and lets them
    steal from one another later: what is long and stolen last is waited for by all.
    """
    long = [item for item in items if not LONG.isdisjoint(item.path.parts)]
    short = [item for item in items if LONG.isdisjoint(item.path.parts)]
    stretch, found = -(-len(items) // processes), []
    for number in range(processes):
        share = long[number::processes]
        rest = max(stretch - len(share), 0)
        found += share + short[:rest]
        short = short[rest:]
    return found + short


def pytest_collection_finish(session):
    """What was imported and collected stays to the end; nobody needs to look it through for garbage all the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def _no_network():
    """Loopback and the given services are reachable, nothing else; names are not looked up."""
    services = {urlsplit(os.environ.get(name, "")).hostname for name in ("DATABASE_URL", "REDIS_URL")}
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def allowed(host) -> bool:
        if isinstance(host, bytes):
            host = host.decode()
        if host in {None, "", "localhost", socket.gethostname()} | services:
            return True
        try:
            return ipaddress.ip_address(host.split("%")[0]).is_loopback
        except ValueError:
            return False

    def guarded_connect(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6} and not allowed(address[0]):
            raise RuntimeError(f"a test tried to reach the network: {address[0]}")
        return connect(self, address)

    def guarded_getaddrinfo(host, *args, **kwargs):
        if not allowed(host):
            raise RuntimeError(f"a test tried to look up the name {host}")
        return getaddrinfo(host, *args, **kwargs)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb, django_db_modify_db_settings):
    """On SQLite Django takes a migrated file as it takes one that was kept (tests.settings.MIGRATED)."""
    if connection.vendor == "postgresql" or not settings.MIGRATED:
        return django_db_keepdb
    copy_sqlite(settings.MIGRATED, settings.DATABASES["default"]["TEST"]["NAME"])
    return True


def copy_sqlite(source, target):
    with closing(sqlite3.connect(source)) as migrated, closing(sqlite3.connect(target)) as fresh:
        migrated.backup(fresh)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """PostgreSQL drops no database somebody is connected to; a process killed on purpose may linger there."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="session", autouse=True)
def _real_mail(django_test_environment):
    """Django's test environment swaps the mail backend for a list; ours writes rows, as it does in life."""
    settings.EMAIL_BACKEND = "kim.mail.OutboxBackend"


@pytest.fixture(scope="session", autouse=True)
def _emptied_all_the_same():
    """Between tests with transactions of their own Django empties every table; the trail refuses that."""
    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def execute_sql_flush(self, sql_list):
        with without_refusals():
            return flush(self, sql_list)

    patch = pytest.MonkeyPatch()
    patch.setattr(operations, "execute_sql_flush", execute_sql_flush)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _fresh_cache():
    """Throttles count in the cache: one test's failed logins are not another's."""
    cache.clear()


@pytest.fixture(scope="session")
def browser_type_launch_args():
    """Debian's Chromium instead of a download; as root it has no sandbox to offer."""
    flags = ["--disable-dev-shm-usage"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    return {"executable_path": CHROMIUM, "args": flags}


def pytest_terminal_summary(terminalreporter):
    missing = [name for name, there in THERE.items() if not there]
    if missing:
        terminalreporter.write_line(f"left out: tests that need {', '.join(missing)}")
