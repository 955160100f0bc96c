"""Makers of what reports are about."""

from reports.models import Export


def export(by, **fields) -> Export:
    """Somebody's file that waits to be made."""
    given = {"what": "builder", "title": "Auswertung", "format": "xlsx"}
    return Export.objects.create(by=by, **given | fields)
