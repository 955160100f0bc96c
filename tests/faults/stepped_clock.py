"""The clock of a process, moved from outside while it runs, as NTP moves the clock of a machine.

What asks for the time of day is moved (sessions, due rows, throttles, the timetable's days); what measures how long
something takes is not, and neither is the clock of the system.
"""

import datetime as dt
import time
from contextlib import suppress
from pathlib import Path


def install(told_in: Path) -> None:
    """Add the seconds that stand in the file `told_in`, read again every fifth of a second."""
    from django.utils import timezone

    from kim import workdays

    real, known = time.time, [0.0, 0.0]

    def ahead() -> float:
        if time.monotonic() >= known[1]:
            with suppress(OSError, ValueError):
                known[0] = float(told_in.read_text())
            known[1] = time.monotonic() + 0.2
        return known[0]

    def now() -> dt.datetime:
        return workdays._set_moment.get() or dt.datetime.fromtimestamp(real() + ahead(), dt.UTC)

    time.time = lambda: real() + ahead()
    workdays.now = now
    timezone.now = lambda: dt.datetime.fromtimestamp(real() + ahead(), dt.UTC)
