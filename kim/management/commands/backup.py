"""Makes a backup: database, documents, keys, in one sealed file with a check sum beside it."""

import os
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kim import backups, jobs
from kim.backup_format import BackupRefused
from kim.backups import Keep


class Command(BaseCommand):
    help = "Sichert Datenbank, Dokumente und Schlüssel in eine versiegelte Datei und löscht, was zu alt ist."

    def add_arguments(self, parser):
        parser.add_argument("--to", default=settings.BACKUP_DIR, help="Ordner (sonst KIM_BACKUP_DIR)")
        parser.add_argument(
            "--keep", default=settings.BACKUP_KEEP, help="wie viele Tage, Wochen, Monate bleiben (7,4,12)"
        )
        parser.add_argument("--nightly", action="store_true", help="wie der nächtliche Lauf, der unter „Betrieb“ steht")

    def handle(self, *args, **options):
        try:
            if not options["to"]:
                raise BackupRefused("Wohin? Bitte --to ORDNER angeben oder KIM_BACKUP_DIR setzen.")
            if options["nightly"]:
                os.nice(10)
                with jobs.run("backup") as report:
                    report.result = self._back_up(options).result
            else:
                self._back_up(options)
        except BackupRefused as refused:
            raise CommandError(str(refused)) from None

    def _back_up(self, options):
        row = backups.back_up(Path(options["to"]).resolve(), keep=Keep.read(options["keep"]), say=self._say)
        self.stdout.write(
            f"{row.folder}/{row.file}: {backups.size_in_words(row.size)} in {backups.seconds_in_words(row.seconds)}. "
            f"{row.result}."
        )
        return row

    def _say(self, row, step):
        self.stdout.write(f"{row.percent:3} %  {backups.size_in_words(row.done_bytes)}  {step}")
