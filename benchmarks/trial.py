"""One database from empty to measured; started by __main__ in a process of its own, answers with JSON."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import uuid

import django

ROUNDS, WARM, STEPS = 15, 2, 15


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--issues", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=["build", "pages", "sweep", "casework"])
    parser.add_argument("--match", default="", help="only pages whose name holds this")
    asked = parser.parse_args()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    from steering.models import Issue

    found: dict = {}
    if asked.only == "casework":
        _say(f"{asked.issues:,} cases: building")
        found["built"] = _built_cases(asked.issues)
        call_command("collectstatic", interactive=False, verbosity=0)
        _say(f"{asked.issues:,} cases: pages")
        found |= _pages(asked.rounds, asked.match, casework=True)
        print(json.dumps(found | {"versions": _versions()}))
        return
    if not Issue.objects.exists():
        _say(f"{asked.issues:,} issues: building")
        found["built"] = _built(asked.issues)
    if asked.only in (None, "pages"):
        call_command("collectstatic", interactive=False, verbosity=0)
        _say(f"{asked.issues:,} issues: pages")
        found |= _pages(asked.rounds, asked.match)
    if asked.only in (None, "sweep"):
        from benchmarks import sweeping

        _say(f"{asked.issues:,} issues: morning sweep")
        found["sweep"] = sweeping.measure()
    found["versions"] = _versions()
    print(json.dumps(found))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _built(number) -> dict:
    from benchmarks import data

    started = time.perf_counter()
    sizes = data.build(number)
    return {"seconds": time.perf_counter() - started, "open": sizes.open, "due": sizes.due, "issues": sizes.issues,
            "steps": sizes.steps}  # fmt: skip


def _built_cases(number) -> dict:
    from benchmarks import casework

    started = time.perf_counter()
    sizes = casework.build(number)
    return {"seconds": time.perf_counter() - started, "cases": sizes.cases, "consultations": sizes.consultations}


def _pages(rounds, match, *, casework=False) -> dict:
    from django.db import connection

    from benchmarks import pages, places
    from benchmarks.client import Client
    from kim.models import Role

    sessions = {role: session(role) for role in Role}
    if casework:
        from benchmarks import casework as casework_pages

        cases, forms = casework_pages.pages(match), []
    else:
        cases = [page for page in pages.pages() if match in page.name]
        forms = pages.steps(STEPS + WARM)
    connection.close()
    results = []
    with places.web(dict(os.environ)) as worker:
        clients = {role: Client(int(os.environ["PORT"]), sessions[role]) for role in Role}
        for page in cases:
            clients[page.role].connect_anew()
            results.append(_measured(clients[page.role], page, rounds))
        if casework and match in casework_pages.SAVING:
            clients[pages.CM].connect_anew()
            results.append(_saving(clients[pages.CM]))
        elif not match and not casework:
            clients[pages.CO].connect_anew()
            results.append(_step(clients[pages.CO], forms))
        return {"pages": results, "memory": places.memory_mb(worker)}


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


def _measured(client, page, rounds) -> dict:
    """Bare and measured page in turns, so that whatever else the machine does befalls both."""
    bare, times, answer = [], [], None
    url = client.post(page.url, {"q": page.words}).location if page.words else page.url
    for number in range(WARM + rounds):
        empty = client.get("/bare/")
        answer = client.get(url, swap=page.swap, begin=page.begin)
        if empty.status != 200 or answer.status != 200:
            raise SystemExit(f"{page.name} ({page.role}) answered {answer.status}: {page.url}")
        if number >= WARM:
            bare.append(empty.ms)
            times.append(answer.ms)
    return _row(page.name, page.role, page.times, bare, times, answer)


def _step(client, forms) -> dict:
    from benchmarks.pages import CO, STEP

    bare, times, answer = [], [], None
    for number, (url, form) in enumerate(forms):
        empty = client.get("/bare/")
        answer = client.post(url, form)
        if answer.status != 302:
            raise SystemExit(f"a step answered {answer.status}: {url}")
        if number >= WARM:
            bare.append(empty.ms)
            times.append(answer.ms)
    return _row("Schritt (weiterleiten)", CO, STEP, bare, times, answer) | {"is_step": True}


def _saving(client) -> dict:
    """Consultations of one case, each as a fresh form offers it."""
    from django.db import connection
    from django.urls import reverse

    from benchmarks.casework import SAVING, STEP, Form, numbered
    from benchmarks.pages import CM

    url = reverse("casework:consultation_new")
    form, case = Form(client.get(url).body.decode()), numbered()
    connection.close()
    bare, times, answer = [], [], None
    for number in range(WARM + STEPS):
        empty = client.get("/bare/")
        told = {"kind": "case", "case": case, "sent_as": str(uuid.uuid4()), "act": ""}
        answer = client.post(form.action or url, form.fields | told)
        if answer.status != 302:
            raise SystemExit(f"saving a consultation answered {answer.status}: {sorted(form.fields)}")
        if number >= WARM:
            bare.append(empty.ms)
            times.append(answer.ms)
    return _row(SAVING, CM, STEP, bare, times, answer) | {"is_step": True}


def _row(name, role, limit, bare, times, answer) -> dict:
    ms, measure = statistics.median(times), statistics.median(bare)
    return {"name": name, "role": str(role), "limit": limit, "queries": answer.queries, "ms": ms, "bare": measure,
            "times": ms / measure, "kb": answer.size / 1000}  # fmt: skip


def _versions() -> dict:
    import platform

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        engine = cursor.fetchone()[0].split()[0]
    gunicorn = subprocess.run([sys.executable, "-m", "gunicorn", "--version"], capture_output=True, text=True).stdout
    return {"python": platform.python_version(), "django": django.__version__, "engine": connection.vendor,
            "version": engine, "gunicorn": gunicorn.split()[-1].strip("()"), "cpus": os.cpu_count(),
            "load": os.getloadavg()[1]}  # fmt: skip


if __name__ == "__main__":
    main()
