"""People who act at the same moment, each in a thread with a connection of its own."""

import threading
import time

from django.core.exceptions import PermissionDenied
from django.db import connection

from kim.workflow import StepRefused


def at_once(*acts) -> list:
    """Run every act, all released together; returns in order of the words what came of each: „done“, the name of the
    refusal, or the status of the answer where the act gives one.
    """
    results, gate = [], threading.Barrier(len(acts))

    def run(act):
        gate.wait()
        try:
            answer = act()
            results.append(getattr(answer, "status_code", "done"))
        except (StepRefused, PermissionDenied) as refusal:
            results.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def beside(act) -> threading.Thread:
    """Begin the act in a connection of its own and go on."""

    def run():
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_until_somebody_waits(seconds: float = 20) -> None:
    """For a lock, on PostgreSQL. Raises AssertionError where nobody does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits for a lock")
