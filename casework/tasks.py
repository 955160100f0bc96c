"""Knocks of the timetable for casework. Rows say what is due, and a second knock does no harm."""

from celery import shared_task

from casework import retention
from kim import jobs


@shared_task(name="casework.tasks.erase")
def erase() -> None:
    with jobs.run("erase") as report:
        report.result = str(retention.run())
