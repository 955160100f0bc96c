"""What the demo shows of data protection: two breaches, a request about an account, two barriers. All invented."""

import datetime as dt

from django.db import transaction

from kim import account_requests, barriers, breaches, workdays
from kim.models import BarrierReport, Breach, Role
from kim.models.people import with_role
from kim.models.rights import EntryKind, Identified, Kind, Risk, Way

MARK = "Künstliches Beispiel"


@transaction.atomic
def load() -> str:
    """Once; what was done, in words. Nothing where the roles it needs are not held."""
    if Breach.objects.exists() or BarrierReport.objects.exists():
        return ""
    first = {role: with_role(role).order_by("username").first() for role in (Role.AUDIT, Role.ADMIN, Role.CASE_MANAGER)}
    audit, admin, manager = first.values()
    if not (audit and admin and manager):
        return ""
    _sent_to_the_wrong_ones(manager, audit)
    _found_again(manager, audit)
    _asked(manager, admin)
    _in_the_way(manager, admin)
    return "zwei Datenschutzvorfälle, ein Anliegen zu einem Konto und zwei gemeldete Barrieren"


def _at(days: int, hour: int):
    """A moment so many working days ago."""
    day = workdays.add_workdays(workdays.today(), -days)
    return workdays.as_of(dt.datetime.combine(day, dt.time(hour), workdays.BERLIN))


def _sent_to_the_wrong_ones(by, audit) -> None:
    """Told within the 72 hours, not closed yet."""
    with _at(6, 9):
        text = f"{MARK}: Eine Mail mit Fallnummern und Terminen ging an einen falschen Verteiler der Verwaltung."
        made = breaches.suspect(by=by, discovered_at=workdays.now(), text=text)
    with _at(6, 11):
        why = "Fallnummern sagen Außenstehenden nichts; die Empfänger arbeiten in der Verwaltung."
        breaches.judge(made, by=audit, kinds="Fallnummern, Termine", about=12, special=False, risk=Risk.SOME, text=why)
    with _at(6, 14):
        breaches.tell_authority(made, by=audit, told_authority_at=workdays.now())
    with _at(5, 10):
        told = "Alle Empfänger haben bestätigt, dass sie die Mail gelöscht haben."
        breaches.enter(made, by=audit, kind=EntryKind.MEASURE, text=told)


def _found_again(by, audit) -> None:
    with _at(20, 8):
        text = f"{MARK}: Ein Dienstlaptop war nach einem Termin nicht auffindbar."
        made = breaches.suspect(by=by, discovered_at=workdays.now(), text=text)
    with _at(20, 12):
        text = "Der Laptop lag verschlossen im Dienstzimmer."
        breaches.close(made, by=audit, unfounded=True, text=text)


def _asked(account, admin) -> None:
    with _at(4, 10):
        today = workdays.today()
        one = account_requests.receive(account=account, by=admin, kind=Kind.ACCESS, received_on=today, came_by=Way.MAIL)
        account_requests.take(one, "identify", by=admin, identified=Identified.ACCOUNT, identified_on=today)


def _in_the_way(by, admin) -> None:
    with _at(15, 11):
        text = f"{MARK}: Mit starker Vergrößerung verdeckt die Leiste am unteren Rand den letzten Knopf."
        told = barriers.report(text=text, page="Beratung erfassen", by=by)
    with _at(12, 9):
        words = "Danke für den Hinweis. Die Leiste lässt jetzt Platz für das, was darunter steht."
        barriers.answer(told, words=words, by=admin)
    with _at(3, 15):
        text = f"{MARK}: Das Vorleseprogramm nennt bei der Karte nur die Überschrift."
        barriers.report(text=text, page="Lage", by=by)
