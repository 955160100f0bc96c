"""Making files: at once for the browser that waits, or in the background, driven by rows.

A worker claims a row and says every second how far it is. One that was killed falls silent, and the next sweep begins
anew; one that was only slow finds its claim gone and leaves no file behind.
"""

import time

import structlog
from django.core.exceptions import PermissionDenied

from kim import files, jobs, outages, replica, trail
from kim.workflow import StepRefused
from reports import exporting, writing
from reports.models import Export

#: Seconds between two words about how far it is.
EVERY = 1.0
GONE = "Diese Auswertung gibt es nicht mehr."

log = structlog.get_logger("reports.making")


class NotOurs(Exception):
    """Dropped meanwhile, or taken over by somebody else."""


def at_once(what: str, *, by, asked: dict[str, str], kind: str) -> tuple[str, writing.Written]:
    """The file's name and what is in it, with a row in the trail. Raises KeyError, PermissionDenied, StepRefused."""
    maker = exporting.of(what)
    maker.demand(by, asked)
    book = maker.make(by, asked)
    written = writing.written(book, kind)
    trail.record("export.take", by, by=by, note=f"{kind.upper()}, {book.title}, {book.number} Zeilen"[:200])
    return writing.file_name(book.title, written.suffix), written


def work_on() -> int:
    """Make what is owed, oldest first, and delete what lay long enough; how many were made."""
    for one in Export.objects.over():
        one.delete()
    made = 0
    for pk in list(Export.objects.to_do().values_list("pk", flat=True)):
        if found := Export.take(pk):
            made += make(found)
    return made


def make(export: Export) -> bool:
    """Make a claimed one; whether a file came of it. What breaks is logged by type and place, and tried again."""
    try:
        return _made(export)
    except NotOurs:
        return False
    except PermissionDenied as refusal:
        export.fail(str(refusal))
    except StepRefused as refusal:
        export.fail(str(refusal))
    except Exception as error:
        log.warning("export broke", export=export.pk, what=export.what, error=jobs.reason(error))
        export.put_back()
    return False


def _made(export: Export) -> bool:
    user = export.by
    try:
        maker = exporting.of(export.what)
    except KeyError:
        raise StepRefused(GONE) from None
    if not user.is_active:
        raise PermissionDenied("Dieses Konto ist nicht mehr aktiv.")
    maker.demand(user, export.asked)
    progress = _Spoken(export)
    # A replica that knows the order knows everything its author had done before.
    with replica.reading(has=export):
        book = maker.make(user, export.asked)
        _demand_ours(export, total=book.number)
        written = writing.written(book, export.format, progress.tell)
    _demand_ours(export, done=progress.done)
    kept = files.keep(written.chunks)
    try:
        arrived = export.arrive(kept, written.suffix, progress.done)
    except BaseException as error:
        if not outages.may_have_been_kept(error):
            files.remove(kept.name)
        raise
    if not arrived:
        files.remove(kept.name)
    return arrived


def _demand_ours(export: Export, **numbers: int) -> None:
    if not export.tell(**numbers):
        raise NotOurs


class _Spoken:
    """Tells the row once a second, not once a line."""

    def __init__(self, export: Export):
        self.export, self.done, self.said = export, 0, time.monotonic()

    def tell(self, done: int) -> None:
        self.done = done
        if time.monotonic() - self.said >= EVERY:
            self.said = time.monotonic()
            _demand_ours(self.export, done=done)
