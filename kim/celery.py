"""Background work: the application and its whole timetable. A task is only a knock; rows say what is due."""

import os
import sqlite3
import time
import warnings
from collections.abc import Callable
from datetime import timedelta

import structlog
from celery import Celery
from celery.exceptions import SecurityWarning
from celery.schedules import crontab
from celery.signals import beat_init, before_task_publish, setup_logging, worker_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kim.settings")

QUEUE = "kim"
if settings.KIM_DEMO:
    # On one's own machine the demo may run as whoever one is; in production the warning stands.
    warnings.filterwarnings("ignore", category=SecurityWarning)

# name: (task, when, seconds after which a knock nobody answered is forgotten)
TIMETABLE = {
    # All day long, on every day
    "heartbeat": ("kim.tasks.heartbeat", timedelta(seconds=30), 30),
    "link_trail": ("kim.tasks.link_trail", timedelta(seconds=30), 30),  # a row waits half a minute for its link
    "mail": ("kim.tasks.send_mail", timedelta(minutes=1), 60),
    "imports": ("casework.tasks.work_on_imports", timedelta(minutes=1), 60),
    "exports": ("reports.tasks.work_on_exports", timedelta(minutes=1), 60),
    # Hours count here: who is told of a breach by the next morning is told too late.
    "breaches": ("kim.tasks.watch_breaches", timedelta(minutes=10), 600),
    # A little after the hour begins, so that one run comes just after midnight.
    "counting": ("reports.tasks.count", crontab(minute="1-59/10"), 600),
    "parts": ("reports.tasks.keep_parts", crontab(minute="*/10"), 600),
    "pauses": ("steering.tasks.end_pauses", crontab(minute="5"), 3600),
    # The anchor of a day is made in the first hour of the next.
    "anchor_trail": ("kim.tasks.anchor_trail", crontab(minute="5,35"), 1800),
    # On working mornings
    "reminders": ("steering.tasks.remind", crontab(minute="*/10", hour="6-11"), 600),
    "subscriptions": ("reports.tasks.tell_subscribers", crontab(minute="5,35", hour="6-11"), 1800),
    "digests": ("kim.tasks.compose_digests", crontab(minute="*/10", hour="7-11"), 600),
    # In the night
    "check_trail": ("kim.tasks.check_trail", crontab(minute="50", hour="0"), 6 * 3600),
    "publish": ("reports.tasks.publish", crontab(minute="30", hour="1"), 6 * 3600),
    "sweep": ("kim.tasks.sweep_up", crontab(minute="30", hour="2"), 6 * 3600),
    "retention": ("kim.tasks.forget", crontab(minute="0", hour="3"), 6 * 3600),
    "erase": ("casework.tasks.erase", crontab(minute="15", hour="3"), 6 * 3600),
    "files": ("casework.tasks.sweep_files", crontab(minute="45", hour="3"), 6 * 3600),
    # After the night's erasure, so that nothing is kept in a backup that was to go. Tried again until one is good.
    "backup": ("kim.tasks.back_up", crontab(minute="5,20,35,50", hour="4-6"), 600),
    "rehearsal": ("kim.tasks.rehearse_restore", crontab(minute="12,42", hour="4-7"), 600),
}

#: After a knock nobody heard, none is tried for so many seconds: each try keeps a page waiting for the broker.
DEAF = 15.0

log = structlog.get_logger("kim.celery")

app = Celery("kim")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    beat_schedule_filename=str(settings.DATA_DIR / "beat-schedule"),
    accept_content=["json"],  # whatever stands in the broker is data: nothing is unpickled
    task_serializer="json",
    result_serializer="json",
    timezone="Europe/Berlin",
    enable_utc=True,
    beat_schedule={
        name: {"task": task, "schedule": when, "options": {"expires": expires}}
        for name, (task, when, expires) in TIMETABLE.items()
    },
    beat_sync_every=1,  # a killed beat remembers what it sent; its file's age is its health check
    task_default_queue=QUEUE,
    task_acks_late=True,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    # A page must not hang because a knock cannot be delivered: the row is there, the sweep finds it.
    broker_connection_timeout=2,
    task_publish_retry=False,
)
if settings.REDIS_URL:
    app.conf.broker_transport_options = {
        "visibility_timeout": 3600,  # a task taken by a worker that was killed comes back after an hour
        "socket_connect_timeout": 2,
        "socket_timeout": 30,
        "health_check_interval": 25,
    }
else:
    app.conf.broker_transport_options = {"connect_args": {"timeout": 20}}
    # The file has nobody to talk to but its pollers: no gossip between workers, no remote control.
    app.conf.worker_enable_remote_control = False


_deaf_until = 0.0


def knock(send: Callable[[], object]) -> None:
    """Have the background begin at once by `send()`. If nobody hears it, the sweep finds the row within a minute."""
    global _deaf_until
    if time.monotonic() < _deaf_until:
        return
    try:
        send()
    except Exception as error:  # each broker has its own errors, and none of them may break what the knock followed
        _deaf_until = time.monotonic() + DEAF
        log.warning("knock was not heard", error=type(error).__name__)


@worker_init.connect
@beat_init.connect
@before_task_publish.connect
def prepare_broker_file(**_: object) -> None:
    """Readers of the broker file do not wait for the writer; a knock lost in a power cut does no harm.

    Only who speaks to the file loads SQLAlchemy: a web process that never knocks saves its fifteen megabytes.
    """
    if not settings.REDIS_URL:
        from sqlalchemy import Engine, event

        if not event.contains(Engine, "connect", _set_pragmas):
            event.listen(Engine, "connect", _set_pragmas)


def _set_pragmas(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")


app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """A receiver of this signal is how Celery is told to leave logging alone; django.setup() has done it."""
