"""The accountability trail: who did, saw, exported or released what, and when. Never the content of it."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Q

from kim.models import TrailEntry

#: What an act is called on the trail's page; apps add theirs with `name_acts`.
ACTS: dict[str, str] = {
    "absence.arrange": "Abwesenheit eingetragen",
    "absence.end": "Abwesenheit beendet",
    "absence.pass_on": "Vertretung weitergegeben",
    "calendarfeed.create": "Kalenderadresse angelegt",
    "calendarfeed.renew": "Kalenderadresse erneuert",
    "calendarfeed.revoke": "Kalenderadresse widerrufen",
    "mail.send_again": "Mail erneut versandt",
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
}


class Kind(NamedTuple):
    """What rows are about: its name, and the field of the number people know it by, if it has one."""

    name: str
    number: str = ""


#: By the label of its model; apps add theirs with `name_kinds`.
KINDS: dict[str, Kind] = {
    "kim.absence": Kind("Abwesenheit"),
    "kim.calendarfeed": Kind("Kalenderadresse"),
    "kim.code": Kind("Eintrag einer Codeliste"),
    "kim.county": Kind("Kreis"),
    "kim.mail": Kind("Mail"),
    "kim.user": Kind("Konto"),
}


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
