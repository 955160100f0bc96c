"""What background jobs leave behind: a row per job and day with its last begin, its last good end, and the result.

The rows also drive the jobs: what a sweep owes is counted from the last day on which it ended well.
"""

import datetime as dt
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from kim import workdays
from kim.models import County, JobRun

#: Hours of a working morning in Berlin, the last one exclusive. Outside of them nobody is reminded of anything.
MORNING = (6, 12)
#: Where a frame of a traceback is told with its line.
OURS = tuple(str(settings.BASE_DIR / app) for app in ("kim", "steering", "casework", "funding", "reports"))


@dataclass
class Report:
    """What a run has to say for itself; `result` is shown to administrators and names nobody."""

    row: JobRun
    result: str = ""


@contextmanager
def run(job: str) -> Iterator[Report]:
    """Record a run of `job` on today's row. An error is kept as its type and place, never its message, and goes on."""
    row, _ = JobRun.objects.update_or_create(job=job, day=workdays.today(), defaults={"started_at": workdays.now()})
    report = Report(row)
    try:
        yield report
    except Exception as error:
        _of(row).update(error=reason(error))
        raise
    _of(row).update(finished_at=workdays.now(), result=report.result[:200], error="")


def _of(row: JobRun):
    return JobRun.objects.filter(pk=row.pk)


def reason(error: BaseException) -> str:
    """„OperationalError in kim/mail.py:120“: what an exception says may quote personal data, so it stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(OURS)]
    if not ours:
        return type(error).__name__
    place = ours[-1].filename.removeprefix(f"{settings.BASE_DIR}/")
    return f"{type(error).__name__} in {place}:{ours[-1].lineno}"[:300]


def last_done(job: str, before: dt.date | None = None) -> dt.date | None:
    """The last day on which `job` ended well, if any; with `before` the last one earlier than that day."""
    done = JobRun.objects.filter(job=job, finished_at__isnull=False)
    if before:
        done = done.filter(day__lt=before)
    return done.order_by("-day").values_list("day", flat=True).first()


def done(job: str, day: dt.date) -> bool:
    return JobRun.objects.filter(job=job, day=day, finished_at__isnull=False).exists()


def is_working_morning() -> bool:
    """Whether it is now between six and twelve, in Berlin, on a working day of this county."""
    local = workdays.now().astimezone(workdays.BERLIN)
    return MORNING[0] <= local.hour < MORNING[1] and workdays.is_workday(local.date(), County.current().workday_rules)
