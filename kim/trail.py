"""The accountability trail: who did, saw, exported or released what, and when. Never the content of it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.apps import apps

from kim.models import TrailEntry

#: What an act is called on the trail's page; apps add theirs with `name_acts`.
ACTS: dict[str, str] = {
    "absence.arrange": "Abwesenheit eingetragen",
    "absence.end": "Abwesenheit beendet",
    "mail.send_again": "Mail erneut versandt",
}


class Kind(NamedTuple):
    """What rows are about: its name, and the field of the number people know it by, if it has one."""

    name: str
    number: str = ""


#: By the label of its model; apps add theirs with `name_kinds`.
KINDS: dict[str, Kind] = {
    "kim.absence": Kind("Abwesenheit"),
    "kim.code": Kind("Eintrag einer Codeliste"),
    "kim.county": Kind("Kreis"),
    "kim.mail": Kind("Mail"),
    "kim.user": Kind("Konto"),
}


def name_acts(words: Mapping[str, str]) -> None:
    ACTS.update(words)


def name_kinds(kinds: Mapping[str, Kind]) -> None:
    KINDS.update(kinds)


def put_in_words(entries: Iterable[Any]) -> None:
    """Hang `words` (the act) and `about` (its subject) into entries of a page; one query for each kind with numbers."""
    entries = list(entries)
    numbers: dict[tuple[str, str], str] = {}
    for label, kind in KINDS.items():
        ids = {entry.object_id for entry in entries if entry.kind == label and entry.object_id.isdecimal()}
        if kind.number and ids:
            rows = apps.get_model(label)._base_manager.filter(pk__in=ids).values_list("pk", kind.number)
            numbers |= {(label, str(pk)): number for pk, number in rows if number}
    for entry in entries:
        kind = KINDS.get(entry.kind, Kind(entry.kind))
        entry.words = ACTS.get(entry.act, entry.act)
        entry.about = f"{kind.name} {numbers.get((entry.kind, entry.object_id), entry.object_id)}"


def record(act: str, subject, *, by, on_behalf_of=None, note: str = "") -> TrailEntry:
    """Add one row about `subject` (a saved model instance). Call it in the transaction of the act itself."""
    return TrailEntry.objects.create(
        act=act,
        kind=subject._meta.label_lower,
        object_id=str(subject.pk),
        by=by,
        on_behalf_of=on_behalf_of,
        note=note,
    )


def lately(act: str, model, *, by, since) -> list[int]:
    """Ids of the rows of `model` that `by` did `act` to since a moment."""
    rows = TrailEntry.objects.filter(by=by, act=act, kind=model._meta.label_lower, at__gte=since)
    return [int(pk) for pk in rows.values_list("object_id", flat=True)]


def of(subject):
    """The rows about `subject`, oldest first."""
    return TrailEntry.objects.filter(kind=subject._meta.label_lower, object_id=str(subject.pk)).order_by("id")
