"""The outbox: every mail is a row first, and leaves the house by the sweep that reads the rows.

A row is claimed before it is sent and closed afterwards, so that two sweeps, a killed worker or a mail server that is
away neither lose nor double it; should a worker die between the two, the second copy carries the same Message-ID.
"""

import datetime as dt
import os
import re
import smtplib
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.db import transaction
from django.db.models import F

from kim import workdays
from kim.celery import app as celery
from kim.celery import knock as celery_knock
from kim.models import Mail, TrailEntry, User

#: Minutes until the next try after the first, second … failure; after the eighth the mail counts as failed.
BACKOFF = (1, 5, 15, 60, 120, 240, 480)
ATTEMPTS = len(BACKOFF) + 1
#: So long a mail waits for a server that cannot be reached at all, tried every minute.
SERVER_AWAY = dt.timedelta(days=5)
#: For so long a claimed row belongs to its sweep; longer than any conversation with a server may take.
LEASE = dt.timedelta(minutes=10)
#: A sweep takes no further mail after so many seconds: the next knock comes in a minute.
SWEEP_SECONDS = 45

DIGEST = "digest:"
_METHOD = re.compile(r"^METHOD:([A-Z]+)\r?$", re.MULTILINE)

log = structlog.get_logger("kim.mail")


# Into the outbox


class OutboxBackend(BaseEmailBackend):
    """Django's way of sending mail (password reset and the like): a row per recipient and a knock."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many messages were queued. Text only; raises ValueError for attachments, which the outbox cannot keep."""
        for message in email_messages:
            if message.attachments:
                raise ValueError("The outbox carries text only")
            for address in message.recipients():
                key = f"mail:{uuid.uuid4().hex}"
                queue(key=key, to=address, subject=str(message.subject), body=str(message.body))
        return len(email_messages)


def queue(
    *, key: str, to: str, subject: str, body: str, recipient: User | None = None, calendar: str = ""
) -> Mail | None:
    """Put a mail into the outbox; None when one of this key has been there already.

    `calendar` is an iCalendar object with a METHOD (RFC 5546), which calendars take from the mail by themselves.
    """
    if recipient is None:
        recipient = User.objects.filter(email__iexact=to).first()
    mail, created = Mail.objects.get_or_create(
        key=key,
        defaults={
            "recipient": recipient,
            "to": to,
            "subject": " ".join(subject.split())[:200],
            "body": body,
            "calendar": calendar,
        },
    )
    if not created:
        return None
    transaction.on_commit(knock)
    return mail


def knock() -> None:
    """Ask for the outbox to be emptied now. If nobody hears it, the next sweep comes within a minute anyway."""
    celery_knock(lambda: celery.send_task("kim.tasks.send_mail", expires=60, retry=False))


# Out of the outbox


@dataclass
class Sent:
    sent: int = 0
    put_off: int = 0
    failed: int = 0

    def __str__(self) -> str:
        parts = [f"{self.sent} versandt"]
        parts += [f"{self.put_off} verschoben"] if self.put_off else []
        parts += [f"{self.failed} gescheitert"] if self.failed else []
        return ", ".join(parts)


class TransportDown(Exception):
    """The way out is closed for every mail, not just for this one. Its cause says why."""


def send_due(limit: int = 200) -> Sent:
    """Send what is due, at most `limit` mails; stops early when the mail server cannot be reached."""
    found, until = Sent(), time.monotonic() + SWEEP_SECONDS
    transport = SmtpTransport() if settings.KIM_MAIL_TRANSPORT == "smtp" else FileTransport()
    try:
        for mail in _claimed(limit):
            try:
                transport.send(mail)
            except TransportDown as down:
                _wait_for_server(mail, down.__cause__ or down, found)
                break
            except (smtplib.SMTPException, OSError, ValueError) as error:
                _put_off(mail, error, found)
            else:
                _close(mail)
                found.sent += 1
            if time.monotonic() > until:
                break
    finally:
        transport.close()
    return found


def _claimed(limit: int) -> Iterable[Mail]:
    """Due mails, each claimed when its turn comes: whoever moves `next_try_at` from what was seen has it."""
    now = workdays.now()
    due = Mail.objects.filter(state=Mail.State.QUEUED, next_try_at__lte=now).order_by("next_try_at", "pk")
    for pk, seen in due.values_list("pk", "next_try_at")[:limit]:
        taken = Mail.objects.filter(pk=pk, state=Mail.State.QUEUED, next_try_at=seen).update(
            next_try_at=workdays.now() + LEASE, attempts=F("attempts") + 1
        )
        if taken:
            yield Mail.objects.get(pk=pk)


def _close(mail: Mail) -> None:
    """What was typed into a mail is not kept once it has left; a digest holds numbers and links only."""
    changes: dict[str, object] = {"state": Mail.State.SENT, "sent_at": workdays.now(), "last_error": ""}
    if settings.KIM_MAIL_TRANSPORT == "smtp" and not mail.key.startswith(DIGEST):
        changes |= {"body": "", "calendar": ""}
    Mail.objects.filter(pk=mail.pk).exclude(state=Mail.State.SENT).update(**changes)


def _wait_for_server(mail: Mail, error: BaseException, found: Sent) -> None:
    """The server is away for all of them: that says nothing of this mail, and is no try of it. The next sweep asks
    again. What waited for days is given up, so that nobody is told last week's news.
    """
    waiting = Mail.objects.filter(pk=mail.pk, state=Mail.State.QUEUED, attempts=mail.attempts)
    if workdays.now() - mail.created_at >= SERVER_AWAY:
        waiting.update(state=Mail.State.FAILED, last_error=words_of(error))
        found.failed += 1
    else:
        again = workdays.now() + dt.timedelta(minutes=BACKOFF[0])
        waiting.update(next_try_at=again, attempts=F("attempts") - 1, last_error=words_of(error))
        found.put_off += 1


def _put_off(mail: Mail, error: BaseException, found: Sent) -> None:
    """Try again later, or give up: at once when the server refuses the address for good, else after eight tries."""
    final = mail.attempts >= ATTEMPTS or refused_for_good(error)
    changes: dict[str, object] = {"last_error": words_of(error)}
    if final:
        changes["state"] = Mail.State.FAILED
        found.failed += 1
    else:
        changes["next_try_at"] = workdays.now() + dt.timedelta(minutes=BACKOFF[mail.attempts - 1])
        found.put_off += 1
    Mail.objects.filter(pk=mail.pk, state=Mail.State.QUEUED, attempts=mail.attempts).update(**changes)


def refused_for_good(error: BaseException) -> bool:
    return isinstance(error, smtplib.SMTPRecipientsRefused) and all(
        code >= 500 for code, _ in error.recipients.values()
    )


#: What administrators read; class and code stand behind it in brackets. The first that fits is taken.
REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (smtplib.SMTPRecipientsRefused, "Der Mailserver nimmt die Adresse nicht an"),
    (smtplib.SMTPSenderRefused, "Der Mailserver nimmt den Absender nicht an"),
    (smtplib.SMTPAuthenticationError, "Der Mailserver nimmt die Anmeldung nicht an"),
    (smtplib.SMTPServerDisconnected, "Der Mailserver hat die Verbindung beendet"),
    (smtplib.SMTPException, "Der Mailserver hat abgelehnt"),
    (TimeoutError, "Der Mailserver antwortet nicht"),
    (ConnectionError, "Der Mailserver ist nicht erreichbar"),
    (OSError, "Die Mail ließ sich nicht übergeben"),
    (ValueError, "Die Mail ist nicht versandfähig"),
)


def words_of(error: BaseException) -> str:
    """The reason without address and content: „Der Mailserver hat abgelehnt (SMTPDataError 554)“."""
    code = getattr(error, "smtp_code", "")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next((code for code, _ in error.recipients.values()), "")
    words = next((words for kind, words in REASONS if isinstance(error, kind)), "Unbekannter Fehler")
    return f"{words} ({' '.join(str(part) for part in (type(error).__name__, code) if part)})"


def message_id(mail: Mail) -> str:
    """The same for every try, so that a mail server or reader can drop a second copy."""
    return f"<kim-mail-{mail.pk}@{urlsplit(settings.BASE_URL).hostname}>"


def as_message(mail: Mail) -> EmailMessage:
    headers = {
        "Message-ID": message_id(mail),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if not mail.calendar:
        return EmailMessage(mail.subject, mail.body, settings.DEFAULT_FROM_EMAIL, [mail.to], headers=headers)
    message = EmailMultiAlternatives(mail.subject, mail.body, settings.DEFAULT_FROM_EMAIL, [mail.to], headers=headers)
    # Some calendars read the alternative, others offer the file; both are what RFC 6047 asks for.
    method = _METHOD.search(mail.calendar)
    kind = f"text/calendar; method={method[1]}" if method else "text/calendar"
    message.attach_alternative(mail.calendar, kind)
    message.attach("invite.ics", mail.calendar.encode(), "application/ics")
    return message


class SmtpTransport:
    """One connection for a whole sweep, opened with the first mail and again after a server hung up."""

    def __init__(self) -> None:
        self.backend = SmtpBackend(timeout=settings.EMAIL_TIMEOUT)

    def send(self, mail: Mail) -> None:
        """Raises TransportDown when there is no way to any recipient, smtplib's errors when it concerns this mail."""
        try:
            self.backend.open()
        except (smtplib.SMTPException, OSError) as error:
            raise TransportDown from error
        try:
            self.backend.send_messages([as_message(mail)])
        except (smtplib.SMTPException, OSError):
            self.close()
            raise

    def close(self) -> None:
        try:
            self.backend.close()
        except (smtplib.SMTPException, OSError):
            self.backend.connection = None


class FileTransport:
    """The embedded default: one file per mail in the data folder, named by its row, complete or not there."""

    def __init__(self) -> None:
        self.folder = settings.DATA_DIR / "mail"

    def send(self, mail: Mail) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"kim-mail-{mail.pk:08d}.eml"
        fresh = file.with_suffix(f".{os.getpid()}.part")
        fresh.write_bytes(as_message(mail).message().as_bytes())
        fresh.replace(file)

    def close(self) -> None:
        """Nothing is held open."""


# For administrators


@transaction.atomic
def send_again(mails, *, by: User) -> int:
    """Put failed mails back into the outbox with all tries before them; how many there were."""
    rows = list(mails.filter(state=Mail.State.FAILED).select_for_update().values_list("pk", flat=True))
    again = Mail.objects.filter(pk__in=rows, state=Mail.State.FAILED).update(
        state=Mail.State.QUEUED, attempts=0, next_try_at=workdays.now()
    )
    TrailEntry.objects.bulk_create(
        [TrailEntry(act="mail.send_again", kind="kim.mail", object_id=str(pk), by=by) for pk in rows], batch_size=500
    )
    transaction.on_commit(knock)
    return again
