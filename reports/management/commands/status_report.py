"""A status report for a committee without writing one in KIM: what the software would fill in, in any format."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from funding.asked import day_of
from funding.staffing import end_of
from kim import workdays
from reports import status, status_files
from reports.status_files import LetterheadBroken, Paper

WRITERS: dict[str, Callable[[Paper], str | bytes]] = {
    "txt": status_files.text,
    "json": status_files.as_json,
    "html": status_files.page,
    "docx": status_files.docx,
    "pdf": status_files.pdf,
}
TITLE = "Kommunales Integrationsmanagement – Aktueller Sachstand"


class Command(BaseCommand):
    help = "Schreibt den Sachstandsbericht zu einem Stand, nach dem Wissen eines Tages, für eine Sitzung."

    def add_arguments(self, parser):
        parser.add_argument("--on", metavar="TAG", help="Stand: 2022-03-16 oder 16.03.2022; ohne Angabe heute")
        parser.add_argument("--known-on", metavar="TAG", help="was am Ende dieses Tages bekannt war; ohne Angabe alles")
        parser.add_argument("--meeting", metavar="TAG", help="Tag der Sitzung, für die berichtet wird")
        parser.add_argument("--format", choices=WRITERS, default="txt", help="ohne Angabe txt")
        parser.add_argument("--output", metavar="DATEI", help="wohin geschrieben wird; ohne Angabe auf die Ausgabe")

    def handle(self, *args, **options):
        day = _past(options["on"], "--on") or workdays.today()
        known_on = _past(options["known_on"], "--known-on")
        known_at = end_of(known_on) if known_on else workdays.now()
        if options["format"] in ("docx", "pdf") and not options["output"] and self.stdout.isatty():
            raise CommandError("Diese Datei lässt sich nicht anzeigen. Bitte nennen Sie mit --output, wohin sie soll.")
        data = status.collect(day, known_at, day_of(options["meeting"], "--meeting"))
        paper = Paper(data, TITLE, data["committee"])
        try:
            made = WRITERS[options["format"]](paper)
        except LetterheadBroken as broken:
            raise CommandError(str(broken)) from None
        self._write(made if isinstance(made, bytes) else made.encode(), options["output"])

    def _write(self, made: bytes, output: str | None) -> None:
        if output is None:
            raw = getattr(self.stdout, "buffer", None)
            if raw is not None:
                raw.write(made)
                raw.flush()
            else:
                self.stdout.write(made.decode(), ending="")
            return
        try:
            Path(output).write_bytes(made)
        except OSError as error:
            raise CommandError(f"{output} lässt sich nicht schreiben ({error.strerror}).") from None


def _past(text: str | None, name: str) -> dt.date | None:
    day = day_of(text, name)
    if day and day > workdays.today():
        raise CommandError(f"{name}: Der Tag liegt in der Zukunft. Bitte höchstens den heutigen angeben.")
    return day
