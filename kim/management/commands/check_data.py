"""Checks what this installation holds: migrations, references, the whole trail, and documents at random."""

import datetime as dt
import json
from contextlib import nullcontext
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandError

from kim import backups, workdays


def moment(words: str) -> dt.datetime:
    """An aware moment in ISO 8601. Raises ValueError."""
    at = dt.datetime.fromisoformat(words)
    if at.utcoffset() is None:
        raise ValueError(words)
    return at


class Command(BaseCommand):
    help = "Prüft Datenbank, Protokoll und Dokumente dieser Installation; 1, wenn etwas nicht stimmt."

    def add_arguments(self, parser):
        parser.add_argument("--documents", type=int, default=backups.DOCUMENTS, help="so viele zufällig gelesene")
        parser.add_argument("--json", action="store_true", help="nur Zahlen und Namen von Dateien, für Programme")
        parser.add_argument("--as-of", type=moment, help="so urteilen wie zu diesem Zeitpunkt (ISO 8601 mit Zone)")

    def handle(self, *args, **options):
        with workdays.as_of(options["as_of"]) if options["as_of"] else nullcontext():
            checks = backups.check_data(max(0, options["documents"]))
        if options["json"]:
            self.stdout.write(json.dumps(asdict(checks)))
            return
        for words in checks.findings():
            self.stderr.write(words)
        if checks.findings():
            raise CommandError("Es stimmt nicht alles.")
        self.stdout.write(
            f"Alles stimmt: Protokoll mit {checks.trail_rows} Zeilen, {checks.read} Dokumente gelesen, "
            f"davon {checks.compared} mit ihrer Prüfsumme verglichen."
        )
