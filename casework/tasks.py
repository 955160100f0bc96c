"""Knocks of the timetable for casework. Each is a few lines: rows say what is due, and a second knock does no harm."""

from celery import shared_task
from django.db import transaction

from casework import importing, retention
from casework.models.documents import sweep_files as sweep
from kim import jobs
from kim.celery import knock


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
    transaction.on_commit(lambda: knock(lambda: work_on_imports.apply_async(expires=60, retry=False)))
