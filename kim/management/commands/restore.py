"""Puts a backup back into an empty place: the database and the folder this installation is set up with."""

from dataclasses import replace
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from kim import backups
from kim.backup_format import BackupRefused
from kim.files import FileDamaged
from kim.management.private_key import private_key


class Command(BaseCommand):
    help = "Stellt eine Sicherung in einer leeren Datenbank und einem leeren Dateiordner wieder her."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="die Sicherung (….kimbackup)")
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--into-empty", action="store_true", help="wiederherstellen; nur ins Leere")
        how.add_argument("--check", action="store_true", help="nur lesen und prüfen, nichts anfassen")
        parser.add_argument(
            "--files-to", type=Path, help="anderer Ordner für die Dokumente (sonst files/ im Datenordner)"
        )

    def handle(self, *args, **options):
        path = options["file"].resolve()
        try:
            if not path.is_file():
                raise BackupRefused(f"{path} gibt es nicht.")
            key = backups.key_for(path, private_key())
            if options["check"]:
                self._told(backups.examine(path, key))
                self.stdout.write("Die Datei ist vollständig und lässt sich lesen. Es wurde nichts angefasst.")
            else:
                self._restore(path, key, options["files_to"])
        except FileDamaged as damaged:
            raise CommandError(f"{damaged} ist beschädigt oder abgeschnitten.") from None
        except BackupRefused as refused:
            raise CommandError(str(refused)) from None

    def _restore(self, path, key, files_to):
        place = backups.Place.here()
        if files_to:
            place = replace(place, files=files_to.resolve())
        connections.close_all()
        restored = backups.restore(path, key, place, self.stdout.write)
        self._told(restored.manifest)
        for words in restored.keys:
            self.stdout.write(words)
        for words in restored.differences:
            self.stderr.write(f"Abweichung: {words}")
        self.stdout.write("Die Datenbank wird auf diese Version gebracht …")
        call_command("migrate", interactive=False, verbosity=0)
        for words in backups.settle_in(path.name):
            self.stdout.write(words)
        if restored.differences:
            raise CommandError("Wiederhergestellt, aber nicht so, wie die Sicherung es sagt.")
        self.stdout.write("Wiederhergestellt. Bitte KIM jetzt starten; „manage.py check_data“ prüft alles noch einmal.")

    def _told(self, manifest):
        facts = manifest.facts
        self.stdout.write(
            f"Gesichert am {manifest.moment.astimezone(backups.workdays.BERLIN):%d.%m.%Y um %H:%M} Uhr "
            f"mit KIM {manifest.release} auf {manifest.engine}: {sum(facts.tables.values())} Zeilen in "
            f"{len(facts.tables)} Tabellen, {manifest.documents.number} Dokumente mit "
            f"{backups.size_in_words(manifest.documents.bytes)}, Schlüssel {', '.join(manifest.keys) or 'keine'}."
        )
        for name in manifest.documents.missing:
            self.stdout.write(f"Schon bei der Sicherung fehlte das Dokument {name}.")
