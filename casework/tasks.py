"""Knocks of the timetable for casework. Each is three lines: rows say what is due, and a second knock does no harm."""

from celery import shared_task

from casework.models.documents import sweep_files as sweep
from kim import jobs


@shared_task(name="casework.tasks.sweep_files")
def sweep_files() -> None:
    with jobs.run("files") as report:
        gone = sweep()
        report.result = "gelöscht: 1 Datei" if gone == 1 else f"gelöscht: {gone} Dateien"
