"""Rehearses a restore: puts a backup back beside everything else, checks it, times it, and drops it again."""

import os
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kim import backups, jobs
from kim.backup_format import BackupRefused
from kim.management.private_key import private_key


class Command(BaseCommand):
    help = (
        "Stellt die neueste Sicherung zur Probe wieder her, prüft sie und löscht die Probe; 1, wenn etwas nicht stimmt."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", nargs="?", type=Path, help="eine andere Sicherung als die neueste")
        parser.add_argument("--documents", type=int, default=backups.DOCUMENTS, help="so viele zufällig gelesene")
        parser.add_argument("--nightly", action="store_true", help="wie der nächtliche Lauf, der unter „Betrieb“ steht")

    def handle(self, *args, **options):
        try:
            if options["nightly"]:
                os.nice(10)
                with jobs.run("rehearsal") as report:
                    report.result = self._rehearse(options).result
            else:
                self._rehearse(options)
        except BackupRefused as refused:
            raise CommandError(str(refused)) from None

    def _rehearse(self, options):
        path = options["file"].resolve() if options["file"] else self._newest()
        if not path.is_file():
            raise BackupRefused(f"{path} gibt es nicht.")
        key = backups.key_for(path, private_key())
        row, found = backups.rehearse(path, key, documents=max(0, options["documents"]), say=self._say)
        for name, seconds in row.steps:
            self.stdout.write(f"{backups.seconds_in_words(seconds):>12}  {name}")
        for words in found:
            self.stderr.write(f"Abweichung: {words}")
        if found:
            raise BackupRefused(f"{path.name} lässt sich nicht so wiederherstellen, wie sie es sagt.")
        self.stdout.write(f"{path.name}: {row.result}. Dauer {backups.seconds_in_words(row.seconds)}.")
        return row

    def _newest(self):
        if not settings.BACKUP_DIR:
            raise BackupRefused("Welche? Bitte eine Datei angeben oder KIM_BACKUP_DIR setzen.")
        return backups.newest(Path(settings.BACKUP_DIR))

    def _say(self, row, step):
        self.stdout.write(f"{row.percent:3} %  {step}")
