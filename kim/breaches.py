"""Breaches of personal data (Art. 33, 34 DSGVO): suspected by anybody, judged, told and closed by the audit.

The 72 hours run from the moment it became known, by the clock on the wall of physics: a change to summer time does not
shorten them. What is written down passes the privacy gate: the authority is told what happened, not to whom.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction

from kim import mail, notices, privacy_gate, trail, workdays
from kim.access import keeps_breaches
from kim.models import Breach, BreachEntry, Role
from kim.models.people import with_role
from kim.models.rights import HOURS, BreachState, EntryKind, NotTold, Risk
from kim.rules import demand
from kim.workflow import OutOfTurn, StepRefused

#: Hours after it became known at which the audit is reminded, while nobody has told the authority.
TOLD_AT = (24, 48, 60, HOURS)
#: The words of the first notice; those of a reminder count.
SUSPECTED = "Verdacht auf einen Datenschutzvorfall"


def visible_to(user):
    """The audit sees them; whoever reported one sees that it was taken in, and nothing else."""
    return Breach.objects.all() if user.holds(Role.AUDIT) else Breach.objects.none()


@transaction.atomic
def suspect(*, by, discovered_at: dt.datetime, text: str, confirmed=frozenset()) -> Breach:
    """Anybody may. Tells the audit at once, in KIM and by mail. Raises StepRefused, privacy_gate.Held."""
    if discovered_at > workdays.now():
        raise StepRefused("Ein Vorfall kann nicht in der Zukunft bekannt geworden sein.")
    _pass_gate(text, by=by, confirmed=confirmed)
    made = Breach.objects.create(discovered_at=discovered_at, recorded_by=by)
    made.entries.create(kind=EntryKind.HAPPENED, text=text, by=by)
    trail.record("breach.suspect", made, by=by)
    _tell(made, key="suspect", headline=f"{made}: {SUSPECTED}")
    return made


@transaction.atomic
def enter(breach: Breach, *, by, kind: str, text: str, confirmed=frozenset()) -> BreachEntry:
    """One more thing that is known or was done; also after the end, for what comes out later."""
    demand(keeps_breaches, by)
    _pass_gate(text, by=by, confirmed=confirmed)
    made = breach.entries.create(kind=kind, text=text, by=by)
    trail.record("breach.enter", breach, by=by, note=str(made.get_kind_display()))
    return made


@transaction.atomic
def judge(breach: Breach, *, by, kinds: str, about: int, special: bool, risk: str, text: str,
          confirmed=frozenset()) -> None:  # fmt: skip
    """What it is about and how dangerous; the reasons stay as an entry, whichever comes next."""
    _open(breach, by)
    _pass_gate(f"{kinds}\n{text}", by=by, confirmed=confirmed)
    breach.kinds, breach.about, breach.special, breach.risk = kinds, about, special, risk
    breach.state = BreachState.CONFIRMED
    breach.save()
    breach.entries.create(kind=EntryKind.JUDGED, text=f"{Risk(risk).label}. {text}", by=by)
    trail.record("breach.judge", breach, by=by, note=str(Risk(risk).label))


@transaction.atomic
def tell_authority(breach: Breach, *, by, told_authority_at: dt.datetime, late_reason: str = "",
                   confirmed=frozenset()) -> None:  # fmt: skip
    """After 72 hours only with the reasons for the delay (Art. 33 (1) sentence 2)."""
    _open(breach, by)
    if breach.state != BreachState.CONFIRMED:
        raise StepRefused("Bitte schätzen Sie den Vorfall zuerst ein.")
    if breach.told_authority_at is not None:
        raise OutOfTurn("Der Vorfall ist der Aufsicht schon gemeldet. Nachträge kommen in den Verlauf.")
    if not breach.discovered_at <= told_authority_at <= workdays.now():
        raise StepRefused("Bitte nennen Sie einen Zeitpunkt zwischen dem Bekanntwerden und jetzt.")
    late = told_authority_at > breach.due_at
    if late and not late_reason.strip():
        raise StepRefused("Die 72 Stunden sind vorbei. Bitte nennen Sie den Grund der Verspätung.")
    _pass_gate(late_reason, by=by, confirmed=confirmed)
    breach.told_authority_at, breach.late_reason = told_authority_at, late_reason.strip() if late else ""
    breach.save()
    local = told_authority_at.astimezone(workdays.BERLIN)
    breach.entries.create(kind=EntryKind.TOLD, text=f"Der LDI NRW gemeldet am {local:%d.%m.%Y um %H:%M} Uhr.", by=by)
    trail.record("breach.tell_authority", breach, by=by)


@transaction.atomic
def tell_people(breach: Breach, *, by, told_people_on: dt.date | None = None, not_told_why: str = "") -> None:
    """A day, or the reason of Art. 34 (3) why they need not be told."""
    _open(breach, by)
    if bool(told_people_on) == bool(not_told_why):
        raise StepRefused("Bitte nennen Sie den Tag der Benachrichtigung oder den Grund, warum sie unterbleibt.")
    if told_people_on and told_people_on > workdays.today():
        raise StepRefused("Der Tag der Benachrichtigung kann nicht in der Zukunft liegen.")
    breach.told_people_on, breach.not_told_why = told_people_on, not_told_why
    breach.save()
    words = f"Betroffene Personen benachrichtigt am {told_people_on:%d.%m.%Y}." if told_people_on else (
        f"Betroffene Personen nicht benachrichtigt: {NotTold(not_told_why).label}.")  # fmt: skip
    breach.entries.create(kind=EntryKind.TOLD, text=words, by=by)
    trail.record("breach.tell_people", breach, by=by)


@transaction.atomic
def close(breach: Breach, *, by, text: str, unfounded: bool = False, confirmed=frozenset()) -> None:
    """With everything the risk asks for done, or because it was none."""
    _open(breach, by)
    if not unfounded:
        if missing := left_to_do(breach):
            raise StepRefused(f"Vor dem Abschluss fehlt noch: {', '.join(missing)}.")
    elif breach.told_authority_at:
        raise StepRefused("Der Aufsicht ist schon gemeldet. Bitte schließen Sie den Vorfall mit einer Einschätzung ab.")
    _pass_gate(text, by=by, confirmed=confirmed)
    breach.state = BreachState.UNFOUNDED if unfounded else BreachState.CLOSED
    breach.closed_at = workdays.now()
    breach.save()
    breach.entries.create(kind=EntryKind.CLOSED, text=text, by=by)
    trail.record("breach.close", breach, by=by)


def left_to_do(breach: Breach) -> list[str]:
    """What the law still asks for, in words."""
    missing = []
    if not breach.risk:
        missing.append("die Einschätzung des Risikos")
    if breach.risk in (Risk.SOME, Risk.HIGH) and breach.told_authority_at is None:
        missing.append("die Meldung an die LDI NRW")
    if breach.risk == Risk.HIGH and not (breach.told_people_on or breach.not_told_why):
        missing.append("die Benachrichtigung der Personen oder der Grund, warum sie unterbleibt")
    return missing


def _open(breach: Breach, by) -> None:
    demand(keeps_breaches, by)
    breach.refresh_from_db(from_queryset=Breach.objects.select_for_update(of=("self",)))
    if not breach.is_open:
        raise OutOfTurn(f"{breach} ist inzwischen abgeschlossen.")


def _pass_gate(text: str, *, by, confirmed) -> None:
    privacy_gate.require({"Text": text}, author=by, confirmed=confirmed)


# The clock


def hours_left(breach: Breach) -> int:
    """Whole hours until the 72 are over, negative after; rounded towards the earlier end."""
    return int((breach.due_at - workdays.now()).total_seconds() // 3600)


def remind() -> int:
    """Tell the audit at each of TOLD_AT once; how many reminders were new. A run that was missed is made up for by the
    latest one: nobody is told at hour 61 that 48 are over.
    """
    now, told = workdays.now(), 0
    waiting = Breach.objects.filter(closed_at__isnull=True, told_authority_at__isnull=True).exclude(risk=Risk.NONE)
    for breach in waiting.filter(discovered_at__lte=now - dt.timedelta(hours=TOLD_AT[0])).order_by("pk"):
        passed = (now - breach.discovered_at).total_seconds() / 3600
        hours = max(hour for hour in TOLD_AT if hour <= passed)
        told += _remind_of(breach.pk, hours)
    return told


@transaction.atomic
def _remind_of(pk: int, hours: int) -> int:
    breach = Breach.objects.select_for_update(of=("self",)).get(pk=pk)
    if not breach.counts_down:
        return 0
    left = HOURS - hours
    words = f"noch {left} Stunden bis zur Meldefrist" if left else "die 72 Stunden der Meldefrist sind vorbei"
    return _tell(breach, key=str(hours), headline=f"{breach}: {words}")


def _tell(breach: Breach, *, key: str, headline: str) -> int:
    """A notice and a mail of its own, for a morning is too late; 1 where somebody had not been told yet."""
    people = tuple(with_role(Role.AUDIT))
    telling = notices.Telling(audience=Role.AUDIT, who="Datenschutz und Revision", people=people, headline=headline,
                              text="")  # fmt: skip
    notices.tell(notices.once_each([telling]), key=f"breach:{breach.pk}:{key}", url=breach.get_absolute_url())
    address = f"{settings.BASE_URL}{breach.get_absolute_url()}"
    body = f"Guten Tag,\n\n{headline}.\n\n{address}\n\nDiese Mail hat KIM geschrieben. Worum es geht, lesen Sie dort.\n"
    new = [
        mail.queue(key=f"breach:{breach.pk}:{key}:{one.pk}", to=one.email, recipient=one, subject=f"KIM: {headline}",
                   body=body)
        for one in people
        if one.email
    ]  # fmt: skip
    return int(any(new))


# For the authority


def as_pdf(breach: Breach, *, controller: dict[str, Any]) -> bytes:
    """What Art. 33 (3) asks for, to send to the LDI NRW; tagged (PDF/UA-1)."""
    from kim.printing import document

    local = breach.discovered_at.astimezone(workdays.BERLIN)
    told = breach.told_authority_at.astimezone(workdays.BERLIN) if breach.told_authority_at else None
    rows = [
        ["Verantwortlicher", controller.get("name", "–")],
        ["Anschrift", controller.get("address", "–")],
        ["Datenschutzbeauftragte Person", controller.get("officer", "–")],
        ["bekannt geworden", f"{local:%d.%m.%Y, %H:%M} Uhr"],
        ["gemeldet", f"{told:%d.%m.%Y, %H:%M} Uhr" if told else "noch nicht"],
        ["Grund einer Verspätung", breach.late_reason or "–"],
        ["Arten von Daten", breach.kinds or "–"],
        ["besonders geschützte Daten (Art. 9 DSGVO)", {True: "ja", False: "nein", None: "noch nicht bekannt"}[
            breach.special]],
        ["betroffene Personen, ungefähr", str(breach.about) if breach.about is not None else "noch nicht bekannt"],
        ["Risiko für die Personen", str(breach.get_risk_display()) or "noch nicht eingeschätzt"],
        ["betroffene Personen benachrichtigt", f"{breach.told_people_on:%d.%m.%Y}" if breach.told_people_on else
         str(breach.get_not_told_why_display()) or "noch nicht"],
    ]  # fmt: skip
    entries = [
        [f"{one.at.astimezone(workdays.BERLIN):%d.%m.%Y %H:%M} · {one.get_kind_display()}", one.text]
        for one in breach.entries.all()
    ]
    title = f"Meldung einer Verletzung des Schutzes personenbezogener Daten (Art. 33 DSGVO), {breach}"
    tables = [
        {"name": "Angaben", "columns": ["Angabe", "Inhalt"], "widths": [34, 66], "rows": rows},
        {"name": "Verlauf", "columns": ["Zeitpunkt", "Eintrag"], "widths": [34, 66], "rows": entries},
    ]
    data = {"lang": "de", "footer": title, "title": title, "author": controller.get("name", ""), "lead": [],
            "tables": tables}  # fmt: skip
    return document("privacy", data)
