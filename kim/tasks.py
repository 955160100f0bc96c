"""Knocks of the timetable for the ground floor. Rows say what is due; a second knock does no harm."""

import datetime as dt
from importlib import import_module

from celery import shared_task
from django.conf import settings

from kim import accounts, backups, barriers, breaches, digests, jobs, mail, retention, sign_ins, trail_chain, workdays
from kim.celery import app as celery
from kim.models import BackupKind, BackupRun, Draft, JobRun, Mail

DRAFTS_KEPT = dt.timedelta(days=180)
MAILS_KEPT = dt.timedelta(days=90)
RUNS_KEPT = dt.timedelta(days=400)
KNOCKS_KEPT = dt.timedelta(days=1)


@shared_task(name="kim.tasks.heartbeat")
def heartbeat() -> None:
    with jobs.run("heartbeat"):
        pass


@shared_task(name="kim.tasks.send_mail")
def send_mail() -> None:
    with jobs.run("mail") as report:
        report.result = str(mail.send_due())


@shared_task(name="kim.tasks.compose_digests")
def compose_digests() -> None:
    digests.compose()


@shared_task(name="kim.tasks.back_up")
def back_up() -> None:
    backups.begin_if_due(BackupKind.BACKUP)


@shared_task(name="kim.tasks.rehearse_restore")
def rehearse_restore() -> None:
    backups.begin_if_due(BackupKind.REHEARSAL)


@shared_task(name="kim.tasks.link_trail")
def link_trail() -> None:
    with jobs.run("link_trail") as report:
        report.result = f"{trail_chain.link()} Zeilen verkettet"


@shared_task(name="kim.tasks.anchor_trail")
def anchor_trail() -> None:
    """The anchor of yesterday; whoever comes later in the day finds it made."""
    with jobs.run("anchor_trail") as report:
        made = trail_chain.anchor(workdays.today() - dt.timedelta(days=1))
        report.result = f"Anker {made}: {made.position} Zeilen" if made else "noch keine Zeile"


@shared_task(name="kim.tasks.check_trail")
def check_trail() -> None:
    with jobs.run("check_trail") as report:
        verdict = trail_chain.check()
        gone = trail_chain.cut()
        report.result = f"{verdict}{f'; {gone} Zeilen nach Ablauf gelöscht' if gone else ''}"


@shared_task(name="kim.tasks.watch_breaches")
def watch_breaches() -> None:
    with jobs.run("breaches") as report:
        told = breaches.remind()
        report.result = "1 Erinnerung" if told == 1 else f"{told} Erinnerungen"


@shared_task(name="kim.tasks.forget")
def forget() -> None:
    with jobs.run("retention") as report:
        report.result = f"gelöscht: {retention.run()}"


@shared_task(name="kim.tasks.sweep_up")
def sweep_up() -> None:
    """Delete what has served its time: sessions, drafts, mails, old runs, and knocks the embedded broker keeps."""
    with jobs.run("sweep") as report:
        now = workdays.now()
        import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
        drafts, _ = Draft.objects.filter(saved_at__lt=now - DRAFTS_KEPT).delete()
        closed = Mail.objects.exclude(state=Mail.State.QUEUED)
        mails = closed.filter(created_at__lt=now - MAILS_KEPT)
        gone = mails.count()
        mails.delete()
        sign_ins.sweep()
        accounts.switch_off()
        JobRun.objects.filter(day__lt=(now - RUNS_KEPT).date()).delete()
        barriers.forget()
        BackupRun.objects.filter(started_at__lt=now - RUNS_KEPT).delete()
        knocks = delete_old_knocks()
        report.result = f"gelöscht: {drafts} Entwürfe, {gone} Mails, {knocks} alte Aufträge"


def delete_old_knocks() -> int:
    """The embedded broker marks its rows as read and keeps them; Redis does not. How many were deleted."""
    with celery.connection_for_write() as connection:
        channel = connection.default_channel
        if connection.transport.driver_type != "sql":
            return 0
        # The broker writes its own clock's time, in local time without a zone.
        before = dt.datetime.now() - KNOCKS_KEPT  # noqa: DTZ005
        message = channel.message_cls
        read = channel.session.query(message).filter(message.visible.is_(False), message.sent_at < before)
        gone = read.delete(synchronize_session=False)
        channel.session.commit()
        return gone
