"""Makers of what reports are about."""

from reports.models import Export, SavedFigure


def export(by, **fields) -> Export:
    """Somebody's file that waits to be made."""
    given = {"what": "builder", "title": "Auswertung", "format": "xlsx"}
    return Export.objects.create(by=by, **given | fields)
import datetime as dt

from kim.models import Role, User
from reports.models import StatusReport
from tests.factories import county, user

D = dt.date


def office() -> User:
    """Who writes reports; always the same one."""
    return User.objects.filter(username="geschaeftsstelle-test").first() or user(
        Role.STRATEGIC_OFFICE, username="geschaeftsstelle-test", email=""
    )


def status_report(*, by=None, text="Die Umsetzung schreitet voran.", **fields) -> StatusReport:
    """A draft about 16.03.2022 with a preface, unless `fields` say else."""
    county()
    told = {"valid_on": D(2022, 3, 16), "committee": "Ausschuss für Soziales", "title": "Aktueller Sachstand"}
    made = StatusReport.draw_up(by=by or office(), **told | fields)
    if text:
        made.write("preface", text, by=by or office())
    return made


def released_report(*, by=None, **fields) -> StatusReport:
    """One that somebody of the coordination released."""
    return status_report(**fields).release(by=by or user(Role.COORDINATION))


def saved(by, roles=(), **fields) -> SavedFigure:
    """Somebody's kept evaluation, shared with `roles`."""
    name = f"Offene {SavedFigure.objects.count() + 1}"
    given = {"part": "chain", "figure": "chain.open", "rhythm": "month", "periods": 3, "name": name}
    made = SavedFigure.keep(by=by, **given | fields)
    if roles:
        made.share(by=by, roles=roles)
    return made
