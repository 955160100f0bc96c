"""Knocks of the timetable for reports. Each is a few lines: rows say what is due, and a second knock does no harm."""

import structlog
from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from kim import jobs
from reports import making, publishing, subscribing

log = structlog.get_logger("reports.tasks")


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
    transaction.on_commit(_knock)


def _knock() -> None:
    try:
        work_on_exports.apply_async(expires=60, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("knock not delivered", error=type(error).__name__)
