"""The accountability trail: who did, saw, exported or released what, and when. Never the content of it."""

from collections.abc import Mapping

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
