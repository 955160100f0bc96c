"""Makers of what reports are about."""

from reports.models import Export, SavedFigure


def export(by, **fields) -> Export:
    """Somebody's file that waits to be made."""
    given = {"what": "builder", "title": "Auswertung", "format": "xlsx"}
    return Export.objects.create(by=by, **given | fields)


def saved(by, roles=(), **fields) -> SavedFigure:
    """Somebody's kept evaluation, shared with `roles`."""
    name = f"Offene {SavedFigure.objects.count() + 1}"
    given = {"part": "chain", "figure": "chain.open", "rhythm": "month", "periods": 3, "name": name}
    made = SavedFigure.keep(by=by, **given | fields)
    if roles:
        made.share(by=by, roles=roles)
    return made
