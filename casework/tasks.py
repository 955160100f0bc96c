"""Knocks of the timetable for casework. Each is a few lines: rows say what is due, and a second knock does no harm."""

import structlog
from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from casework import importing, retention
from casework.models.documents import sweep_files as sweep
from kim import jobs

log = structlog.get_logger("casework.tasks")


@shared_task(name="casework.tasks.sweep_files")
def sweep_files() -> None:
    with jobs.run("files") as report:
        gone = sweep()
        report.result = "gelöscht: 1 Datei" if gone == 1 else f"gelöscht: {gone} Dateien"


@shared_task(name="casework.tasks.erase")
def erase() -> None:
    with jobs.run("erase") as report:
        report.result = str(retention.run())


@shared_task(name="casework.tasks.work_on_imports")
def work_on_imports() -> None:
    with jobs.run("imports") as report:
        ended = importing.work_on()
        report.result = f"{ended} Schritte beendet" if ended != 1 else "1 Schritt beendet"


def knock_for_imports() -> None:
    """Have the background begin at once; if nobody hears it, the next minute's sweep finds the row."""
    transaction.on_commit(_knock)


def _knock() -> None:
    try:
        work_on_imports.apply_async(expires=60, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("knock not delivered", error=type(error).__name__)
