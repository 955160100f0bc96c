"""The accountability trail: who did, saw, exported or released what, and when. Never the content of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from kim.models import TrailEntry

#: What an act is called on the trail's page; apps add theirs with `name_acts`.
ACTS: dict[str, str] = {
    "absence.arrange": "Abwesenheit eingetragen",
    "absence.end": "Abwesenheit beendet",
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


def _row(act, subject, **fields) -> TrailEntry:
    return TrailEntry(act=act, kind=subject._meta.label_lower, object_id=str(subject.pk), **fields)


def lately(act: str, model, *, by, since) -> list[int]:
    """Ids of the rows of `model` that `by` did `act` to since a moment."""
    rows = TrailEntry.objects.filter(by=by, act=act, kind=model._meta.label_lower, at__gte=since)
    return [int(pk) for pk in rows.values_list("object_id", flat=True)]


def of(subject):
    """The rows about `subject`, oldest first."""
    return TrailEntry.objects.filter(kind=subject._meta.label_lower, object_id=str(subject.pk)).order_by("id")
