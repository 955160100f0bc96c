"""The morning sweep: once through, and once killed half-way and resumed.

`python -m benchmarks.sweeping` sweeps once.
"""

import os
import signal
import subprocess
import sys
import time

from benchmarks.places import ROOT


def measure() -> dict:
    from django.db import connection

    from benchmarks import data
    from kim import workdays
    from kim.models import JobRun
    from steering import reminders
    from steering.models import Issue, Reminder

    with workdays.as_of(data.morning()):
        _begin_anew(JobRun, Reminder)
        started = time.perf_counter()
        words = reminders.sweep()
        whole = time.perf_counter() - started
        if not words or JobRun.objects.get(job=reminders.JOB).error:
            raise SystemExit("the sweep did not end well")
        first = _keys(Reminder)
        _begin_anew(JobRun, Reminder)
        connection.close()
        killed_at = _killed_half_way(Reminder, len(first) // 2)
        connection.close()
        started = time.perf_counter()
        reminders.sweep()
        resumed = time.perf_counter() - started
        if _keys(Reminder) != first:
            raise SystemExit("after the kill the sweep wrote something else than at one go")
    return {
        "open": Issue.objects.open().count(),
        "due": len({issue for issue, *_ in first}),
        "written": len(first),
        "seconds": whole,
        "killed_at": killed_at,
        "resumed_seconds": resumed,
    }


def _begin_anew(*tables) -> None:
    for model in tables:
        model.objects.all().delete()
    from benchmarks.data import tidy

    tidy()


def _keys(reminders) -> set:
    return set(reminders.objects.values_list("issue", "stay", "kind", "day"))


def _killed_half_way(reminders, half: int) -> int:
    """Start a sweep in a process of its own and kill it (SIGKILL) once half is written; how many rows there are."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.sweeping"], cwd=ROOT, env=dict(os.environ))
    until = time.monotonic() + 120
    while reminders.objects.count() < half and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return reminders.objects.count()


def main() -> None:
    import django

    django.setup()
    from benchmarks import data
    from kim import workdays
    from steering import reminders

    with workdays.as_of(data.morning()):
        reminders.sweep()


if __name__ == "__main__":
    main()
