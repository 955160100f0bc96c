"""The accountability trail: who did, saw, exported or released what, and when. Never the content of it."""

from kim.models import TrailEntry


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


def of(subject):
    """The rows about `subject`, oldest first."""
    return TrailEntry.objects.filter(kind=subject._meta.label_lower, object_id=str(subject.pk)).order_by("id")
