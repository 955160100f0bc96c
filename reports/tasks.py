"""Knocks of the timetable for reports. Each is a few lines: rows say what is due, and a second knock does no harm."""

from celery import shared_task
from django.db import transaction

from kim import jobs
from kim.celery import knock
from reports import counting, making, parts, publishing, subscribing


@shared_task(name="reports.tasks.work_on_exports")
def work_on_exports() -> None:
    with jobs.run("exports") as report:
        made = making.work_on()
        report.result = f"{made} Dateien erstellt" if made != 1 else "1 Datei erstellt"


@shared_task(name="reports.tasks.tell_subscribers")
def tell_subscribers() -> None:
    """On working mornings only."""
    if jobs.is_working_morning():
        with jobs.run("subscriptions") as report:
            told, ended = subscribing.tell_due()
            report.result = f"{told} benachrichtigt, {ended} beendet"


@shared_task(name="reports.tasks.publish")
def publish() -> None:
    with jobs.run("publish") as report:
        made = publishing.publish()
        report.result = "veröffentlicht: 1 Tabelle" if made == 1 else f"veröffentlicht: {made} Tabellen"


def knock_for_exports() -> None:
    """Have the background begin at once; if nobody hears it, the next minute's sweep finds the row."""
    transaction.on_commit(lambda: knock(lambda: work_on_exports.apply_async(expires=60, retry=False)))


@shared_task(name="reports.tasks.count")
def count(anew: bool = False) -> None:
    with jobs.run("counting") as report:
        run = counting.refresh(anew=anew)
        report.result = f"gezählt bis {run.until:%d.%m.%Y}, {run.rows_changed} Zeilen geändert"


def knock_for_count() -> None:
    """Have everything counted at once; if nobody hears it, the timetable comes by within ten minutes."""
    transaction.on_commit(lambda: knock(lambda: count.apply_async(kwargs={"anew": True}, expires=600, retry=False)))


@shared_task(name="reports.tasks.keep_parts")
def keep_parts() -> None:
    with jobs.run("parts") as report:
        made = parts.refresh()
        report.result = "gezählt: 1 Teil der Lage" if made == 1 else f"gezählt: {made} Teile der Lage"
