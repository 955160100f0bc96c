"""The accountability trail: who did, saw, exported or released what, and when. Never the content of it."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Model, Q

from kim import workdays
from kim.models import TrailEntry

#: What an act is called on the trail's page; apps add theirs with `name_acts`.
ACTS: dict[str, str] = {
    "absence.arrange": "Abwesenheit eingetragen",
    "absence.end": "Abwesenheit beendet",
    "absence.pass_on": "Vertretung weitergegeben",
    "barrierreport.answer": "Meldung einer Barriere beantwortet",
    "barrierreport.tell": "Barriere gemeldet",
    "backuprun.finish": "Sicherung erstellt",
    "backuprun.rehearse": "Wiederherstellung geprobt",
    "backuprun.restore": "aus Sicherung wiederhergestellt",
    "calendarfeed.create": "Kalenderadresse angelegt",
    "calendarfeed.renew": "Kalenderadresse erneuert",
    "calendarfeed.revoke": "Kalenderadresse widerrufen",
    "mail.send_again": "Mail erneut versandt",
    "trailanchor.print": "Anker des Protokolls gedruckt",
    "trailentry.export": "Protokoll: Zeilen ausgegeben",
    "trailentry.forget": "Vermerke von Zeilen gelöscht",
    "user.end_by_provider": "Anmeldungen durch den Anmeldedienst beendet",
    "user.link_sso": "Konto mit dem Anmeldedienst verbunden",
    "user.unlink_sso": "Verbindung mit dem Anmeldedienst gelöst",
    "user.accept_invitation": "Einladung angenommen",
    "user.add_factor": "zweiter Faktor eingerichtet",
    "user.change_address": "E-Mail-Adresse eines Kontos geändert",
    "user.change_password": "Kennwort geändert",
    "user.end_other_sessions": "alle anderen Anmeldungen beendet",
    "user.end_session": "eine Anmeldung beendet",
    "user.end_sessions": "Anmeldungen eines Kontos beendet",
    "user.fail_sign_in": "Anmeldung misslungen",
    "user.forget_device": "Gerät vergessen",
    "user.invite": "eingeladen",
    "user.leave": "Ausscheiden eingetragen",
    "user.lock": "Konto gesperrt",
    "user.make_codes": "Ersatzcodes erzeugt",
    "user.refuse_sign_in": "Anmeldung abgewiesen",
    "user.remove_factor": "zweiter Faktor entfernt",
    "user.reopen": "Konto wieder geöffnet",
    "user.reset_factors": "zweiter Faktor zurückgesetzt",
    "user.reset_password": "Kennwort über einen Link neu gesetzt",
    "user.sign_in": "angemeldet",
    "user.sign_out": "abgemeldet",
    "user.withdraw_invitation": "Einladung zurückgezogen",
    # what people ask by right, breaches, and the end of accounts
    "accountrequest.receive": "Anliegen zu einem Konto erfasst",
    "accountrequest.identify": "Anliegen zu einem Konto: Identität geklärt",
    "accountrequest.answer": "Anliegen zu einem Konto beantwortet",
    "accountrequest.refuse": "Anliegen zu einem Konto abgelehnt",
    "accountrequest.extend": "Anliegen zu einem Konto: Frist verlängert",
    "accountrequest.take_back": "Anliegen zu einem Konto zurückgenommen",
    "user.export": "Auskunft über ein Konto ausgegeben (Art. 15 DSGVO)",
    "user.forget_access": "Konto: Zugang gelöscht",
    "user.forget_name": "Konto: Bezeichnung gelöscht",
    "breach.suspect": "Vorfall: Verdacht gemeldet",
    "breach.enter": "Vorfall: Eintrag",
    "breach.judge": "Vorfall: eingeschätzt",
    "breach.tell_authority": "Vorfall: der Aufsicht gemeldet",
    "breach.tell_people": "Vorfall: Personen benachrichtigt",
    "breach.close": "Vorfall: abgeschlossen",
    "breach.print": "Vorfall: Meldung ausgegeben",
}


class Kind(NamedTuple):
    """What rows are about: its name, and the field of the number people know it by, if it has one."""

    name: str
    number: str = ""


#: By the label of its model; apps add theirs with `name_kinds`.
KINDS: dict[str, Kind] = {
    "kim.absence": Kind("Abwesenheit"),
    "kim.barrierreport": Kind("Meldung einer Barriere"),
    "kim.backuprun": Kind("Sicherung"),
    "kim.calendarfeed": Kind("Kalenderadresse"),
    "kim.code": Kind("Eintrag einer Codeliste"),
    "kim.county": Kind("Kreis"),
    "kim.accountrequest": Kind("Anliegen zu einem Konto"),
    "kim.breach": Kind("Vorfall"),
    "kim.mail": Kind("Mail"),
    "kim.trailanchor": Kind("Anker des Protokolls"),
    "kim.trailentry": Kind("Zeile des Protokolls"),
    "kim.user": Kind("Konto"),
}


#: What acts come to: „wer hat gesehen“ is one click.
GROUPS = {
    "seen": "gesehen",
    "exported": "ausgegeben",
    "released": "freigegeben",
    "signed_in": "Anmeldung",
    "administered": "Verwaltung",
    "changed": "geändert",
}
#: By the verb of an act, then by what it is about; whatever is named in neither has changed something.
_BY_VERB = {
    "seen": {"read", "listed", "get", "look"},
    "exported": {
        "export", "print_consent", "print_plan", "print", "file", "invitation", "coverage", "own_figures", "contacts",
        "calendar", "fetch",
    },
    "released": {"release", "approve", "adopt", "publish", "submit", "sign"},
}  # fmt: skip
_BY_ACT = {
    "exported": {"export.take"},
    "signed_in": {
        "user.sign_in", "user.sign_out", "user.fail_sign_in", "user.refuse_sign_in", "user.end_session",
        "user.end_sessions", "user.end_other_sessions", "user.forget_device", "user.add_factor", "user.remove_factor",
        "user.renew_codes", "user.reset_factors", "user.change_password", "user.reset_password",
        "user.accept_invitation", "user.link_sso", "user.unlink_sso",
    },
    "released": {"handover.accept", "agreement.send", "minutes.send"},
}  # fmt: skip
_ADMINISTERED = {
    "user", "rolegrant", "assignment", "code", "codes", "checklists", "county", "limit", "mail", "calendarfeed",
    "absence", "trailentry", "trailanchor", "backup",
}  # fmt: skip


def group_of(act: str) -> str:
    """The key in GROUPS."""
    about, _, verb = act.partition(".")
    for group, acts in _BY_ACT.items():
        if act in acts:
            return group
    for group, verbs in _BY_VERB.items():
        if verb in verbs:
            return group
    return "administered" if about in _ADMINISTERED else "changed"


def acts_of(group: str) -> list[str]:
    return [act for act in ACTS if group_of(act) == group]


#: Whoever looks at the same thing again within this is still reading it.
ONE_READING = dt.timedelta(minutes=15)
#: So many numbers of a list stand in its line.
LISTED = 12


def name_acts(words: Mapping[str, str]) -> None:
    ACTS.update(words)


def name_kinds(kinds: Mapping[str, Kind]) -> None:
    KINDS.update(kinds)


def put_in_words(entries: Iterable[Any]) -> None:
    """Hang `words` (the act) and `about` (its subject; of a list the first of them) into entries of a page; one query
    for each kind with numbers.
    """
    entries = list(entries)
    numbers: dict[tuple[str, str], str] = {}
    for label, kind in KINDS.items():
        ids = {pk for entry in entries if entry.kind == label for pk in _subjects(entry) if pk.isdecimal()}
        if kind.number and ids:
            rows = apps.get_model(label)._base_manager.filter(pk__in=ids).values_list("pk", kind.number)
            numbers |= {(label, str(pk)): number for pk, number in rows if number}
    for entry in entries:
        told = [numbers.get((entry.kind, pk), pk) for pk in _subjects(entry)]
        entry.words = ACTS.get(entry.act, entry.act)
        entry.about = f"{_kind(entry.kind)} {', '.join(told)}{' …' if len(entry.shown.split()) > LISTED else ''}"


def _subjects(entry) -> list[str]:
    return entry.shown.split()[:LISTED] or [entry.object_id]


def _kind(label: str) -> str:
    if label in KINDS:
        return KINDS[label].name
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):  # of a table there is no more
        return label


def record(act: str, subject, *, by, on_behalf_of=None, note: str = "") -> TrailEntry:
    """Add one row about `subject` (a saved model instance). Call it in the transaction of the act itself."""
    row = _row(act, subject, by=by, on_behalf_of=on_behalf_of, note=note)
    row.save(force_insert=True)
    return row


def record_all(acts: Iterable[tuple[str, Any]], *, by) -> None:
    """The same for several acts on several things at once, with one query."""
    TrailEntry.objects.bulk_create(_row(act, subject, by=by) for act, subject in acts)


def record_list(act: str, model, pks: Iterable[int], *, by) -> TrailEntry:
    """Add one row about several rows of `model` that were shown at once."""
    shown = _written(pks)
    return TrailEntry.objects.create(act=act, kind=model._meta.label_lower, object_id=mark_of(pks), shown=shown, by=by)


def mark_of(pks: Iterable[int]) -> str:
    """The `object_id` of a list of these, in whatever order: no number, and the same for the same list."""
    return f"list:{hashlib.sha256(_written(pks).encode()).hexdigest()[:32]}"


def _written(pks: Iterable[int]) -> str:
    return f" {' '.join(str(pk) for pk in sorted(set(pks)))} "


def _row(act, subject, **fields) -> TrailEntry:
    return TrailEntry(act=act, kind=subject._meta.label_lower, object_id=str(subject.pk), **fields)


def forget_notes(things: Iterable[tuple[type[Model], Iterable[int]]]) -> None:
    """Take the notes of all rows about these ids of these models: the only thing that ever goes before its time, when
    what they are about is erased. The rows stay; one more says which of them lost their note (kim.trail_chain).
    """
    gone: list[int] = []
    for model, pks in things:
        about_them = TrailEntry.objects.filter(kind=model._meta.label_lower, object_id__in=[str(pk) for pk in pks])
        ids = list(about_them.exclude(note="").values_list("pk", flat=True))
        TrailEntry.objects.filter(pk__in=ids).update(note="")
        gone += ids
    if gone:
        record_list("trailentry.forget", TrailEntry, gone, by=None)


def saw(subject, *, by) -> None:
    """Add a row that `by` read `subject`, once within a quarter of an hour."""
    act, since = f"{subject._meta.model_name}.read", workdays.now() - ONE_READING
    if subject.pk not in lately(act, type(subject), by=by, since=since):
        record(act, subject, by=by)


def lately(act: str, model, *, by, since) -> list[int]:
    """Ids of the rows of `model` that `by` did `act` to since a moment."""
    rows = TrailEntry.objects.filter(by=by, act=act, kind=model._meta.label_lower, at__gte=since)
    return [int(pk) for pk in rows.values_list("object_id", flat=True)]


def of(subject):
    """The rows about `subject`, oldest first; also those of lists it stood in."""
    return TrailEntry.objects.filter(about(subject.pk), kind=subject._meta.label_lower).order_by("id")


def about(pk) -> Q:
    """Rows about what has this id, alone or in a list."""
    return Q(object_id=str(pk)) | Q(shown__contains=f" {pk} ")
