"""Mails about errors, without data: type, place, route, number of the request. To whom KIM_ADMINS names.

One mail per kind of error, address and hour, whichever machine it happens on: the outbox takes each key once. What an
error says is never read, for it may quote what somebody typed.
"""

import hashlib
import sys

import structlog
from celery import signals
from django.conf import settings
from django.core.signals import got_request_exception
from django.dispatch import receiver

from kim import jobs, tracing, workdays

log = structlog.get_logger("kim.alarms")

BODY = """In KIM ist ein Fehler aufgetreten.

Fehler:   {kind}
Ort:      {place}
Seite:    {route}
Nummer:   {number}
Zeit:     {at:%d.%m.%Y %H:%M:%S} Uhr

Die Zeilen des Logs zu dieser Nummer (request_id) sagen, was davor geschah. Was an dieser Stelle in
dieser Stunde noch geschieht, steht nur im Log. Diese Mail enthält keine Daten aus KIM.
"""


def tell(error: BaseException) -> None:
    """Queue the mails; what goes wrong with that (the database may be what broke) is logged and goes no further."""
    if not settings.KIM_ADMINS:
        return
    from kim import mail

    kind, _, place = jobs.reason(error).partition(" in ")
    now = workdays.now()
    digest = hashlib.sha256(f"{kind} {place}".encode()).hexdigest()[:16]
    local = now.astimezone(workdays.BERLIN)
    body = BODY.format(
        kind=kind, place=place or "nicht in KIM selbst", route=tracing.route() or "–",
        number=tracing.number() or "–", at=local,
    )  # fmt: skip
    try:
        for address in settings.KIM_ADMINS:
            # Berlin's clock shows an hour twice in autumn; the key takes the hour of UTC.
            told = hashlib.sha256(address.lower().encode()).hexdigest()[:8]
            key = f"alarm:{now:%Y%m%d%H}:{digest}:{told}"
            mail.queue(key=key, to=address, subject=f"KIM: Fehler {kind}", body=body)
    except Exception:  # whatever it is, the answer to somebody's request must not hang on this mail
        log.warning("alarm could not be queued", exc_info=True)


@receiver(got_request_exception, dispatch_uid="kim.alarms")
def _request_broke(**_: object) -> None:
    error = sys.exc_info()[1]
    if error is not None:
        tell(error)


@signals.task_failure.connect(dispatch_uid="kim.alarms")
def _task_broke(exception: BaseException | None = None, **_: object) -> None:
    if exception is not None:
        tell(exception)
