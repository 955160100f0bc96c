"""Knocks of the timetable for reports. Each is a few lines: rows say what is due, and a second knock does no harm."""

from celery import shared_task

from kim import jobs
from reports import publishing


@shared_task(name="reports.tasks.publish")
def publish() -> None:
    with jobs.run("publish") as report:
        made = publishing.publish()
        report.result = "veröffentlicht: 1 Tabelle" if made == 1 else f"veröffentlicht: {made} Tabellen"
