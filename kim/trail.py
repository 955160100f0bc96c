"""The accountability trail: who did, saw, exported or released what, and when. Never the content of it."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q

from kim.models import TrailEntry

#: What an act is called on the trail's page; apps add theirs with `name_acts`.
ACTS: dict[str, str] = {
    "absence.arrange": "Abwesenheit eingetragen",
    "absence.end": "Abwesenheit beendet",
    "absence.pass_on": "Vertretung weitergegeben",
    "mail.send_again": "Mail erneut versandt",
}


def name_acts(words: Mapping[str, str]) -> None:
    ACTS.update(words)


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
