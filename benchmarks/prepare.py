"""One database, filled, with sessions and addresses to measure; run by __main__ in a process of its own per database.

Answers with JSON: `built`, `versions`, the keys of `sessions` by role, the `pages`, the `forms` of steps ([address,
fields] each) and, for casework, the address and case for `saving` a consultation.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict

import django

from benchmarks.measuring import POSTS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, required=True, help="open issues, or cases with --casework")
    parser.add_argument("--casework", action="store_true")
    parser.add_argument("--reports", action="store_true", help="issues, casework and money of five years")
    parser.add_argument("--count", action="store_true", help="count the chain anew on what is there")
    parser.add_argument("--match", default="", help="only pages whose name holds this")
    parser.add_argument("--sweep", action="store_true", help="measure the morning sweep on what is there")
    asked = parser.parse_args()
    django.setup()
    if asked.sweep:
        from benchmarks import sweeping

        _say(f"{asked.number:,}: morning sweep")
        print(json.dumps(sweeping.measure()))
        return
    if asked.count:
        from reports import counting

        counting.refresh(anew=True)
        return
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    _say(f"{asked.number:,}: building")
    make = _reports if asked.reports else _cases if asked.casework else _issues
    found = make(asked.number, asked.match)
    print(json.dumps(found | {"sessions": _sessions(), "versions": _versions()}))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _issues(number, match) -> dict:
    from benchmarks import data, pages

    started = time.perf_counter()
    sizes = data.build(number)
    built = {"seconds": time.perf_counter() - started, "open": sizes.open, "due": sizes.due, "issues": sizes.issues,
             "steps": sizes.steps}  # fmt: skip
    return {
        "built": built,
        "pages": [asdict(page) for page in pages.pages() if match in page.name],
        "forms": pages.steps(POSTS) if match in pages.FORWARD else [],
    }


def _cases(number, match) -> dict:
    from benchmarks import casework

    started = time.perf_counter()
    sizes = casework.build(number)
    built = {"seconds": time.perf_counter() - started, "cases": sizes.cases, "consultations": sizes.consultations}
    return {
        "built": built,
        "pages": [asdict(page) for page in casework.pages(match)],
        "saving": casework.saving() if match in casework.SAVING else None,
    }


def _reports(number, match) -> dict:
    from benchmarks import reports

    started = time.perf_counter()
    sizes = reports.build(number)
    built = asdict(sizes) | {"seconds": time.perf_counter() - started}
    _say(f"{number:,}: counting")
    return {"built": built, "counting": reports.counted(), "pages": reports.pages(match)}


def _sessions() -> dict[str, str]:
    from kim.models import Role

    return {str(role): session(role) for role in Role}


def session(role) -> str:
    """The key of a fresh session of the account measured for `role`, as a login leaves it."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from benchmarks.data import account

    user, store = account(role), SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return store.session_key


def _versions() -> dict:
    import platform

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        engine = cursor.fetchone()[0].split()[0]
    gunicorn = subprocess.run([sys.executable, "-m", "gunicorn", "--version"], capture_output=True, text=True).stdout
    return {"python": platform.python_version(), "django": django.__version__, "engine": connection.vendor,
            "version": engine, "gunicorn": gunicorn.split()[-1].strip("()"), "cpus": os.cpu_count()}  # fmt: skip


if __name__ == "__main__":
    main()
