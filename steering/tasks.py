"""Knocks of the timetable for steering. Each is three lines: rows say what is due, and a second knock does no harm."""

from celery import shared_task

from kim import jobs
from steering import reminders


@shared_task(name="steering.tasks.remind")
def remind() -> None:
    reminders.sweep()


@shared_task(name="steering.tasks.end_pauses")
def end_pauses() -> None:
    with jobs.run("pauses") as report:
        over = reminders.end_pauses()
        report.result = f"{over} Pausen beendet" if over != 1 else "1 Pause beendet"
