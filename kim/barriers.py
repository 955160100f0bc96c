"""Barriers people meet on these pages: told by anybody, answered by the administration, gone a year later."""

import datetime as dt

from django.db import transaction
from django.urls import reverse

from kim import mail, trail, workdays
from kim.access import answers_barriers
from kim.models import BarrierReport, Role, User
from kim.models.people import with_role
from kim.notices import Telling, tell
from kim.rules import demand
from kim.workflow import StepRefused

#: What was answered is kept for so long, what nobody answered until it is.
KEPT = dt.timedelta(days=365)
SUBJECT = "Antwort auf Ihre Meldung zur Barrierefreiheit von KIM"


@transaction.atomic
def report(*, text: str, page: str = "", email: str = "", by: User | None = None) -> BarrierReport:
    """Keep what somebody told, and tell the administration that it waits. The trail says so without the text."""
    told = BarrierReport.objects.create(text=text, page=page, email=email, by=by)
    trail.record("barrierreport.tell", told, by=by)
    people = tuple(with_role(Role.ADMIN))
    headline = "Jemand hat eine Barriere in KIM gemeldet"
    telling = Telling("Verwaltung", "die Verwaltung", people, headline, "Bitte lesen und beantworten.")
    tell([telling], key=f"barrier:{told.pk}", url=reverse("kim:barrier_list"))
    return told


@transaction.atomic
def answer(told: BarrierReport, *, words: str, by: User) -> BarrierReport:
    """Answer once: by mail to the address that was left, and as a notice to who was signed in.

    Raises PermissionDenied, or StepRefused when it has been answered already.
    """
    demand(answers_barriers, by)
    told = BarrierReport.objects.select_for_update(of=("self",)).get(pk=told.pk)
    if told.answered_at:
        raise StepRefused("Diese Meldung ist schon beantwortet. Bitte laden Sie die Liste neu.")
    told.answer, told.answered_by, told.answered_at = words, by, workdays.now()
    told.save(update_fields=["answer", "answered_by", "answered_at"])
    trail.record("barrierreport.answer", told, by=by)
    if told.email:
        body = f"Guten Tag,\n\nSie haben uns auf eine Barriere in KIM hingewiesen. Unsere Antwort:\n\n{words}\n"
        mail.queue(key=f"barrier:{told.pk}", to=told.email, subject=SUBJECT, body=body)
    if told.by:
        telling = Telling("Meldende Person", "wer gemeldet hat", (told.by,), SUBJECT, words[:300])
        tell([telling], key=f"barrier:{told.pk}:answer", url=reverse("kim:accessibility"))
    return told


def forget() -> int:
    """Delete what was answered a year ago. How many."""
    return BarrierReport.objects.filter(answered_at__lt=workdays.now() - KEPT).delete()[0]
