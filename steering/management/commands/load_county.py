"""Loads a county from its data file: once to set it up, again whenever the file has changed."""

from django.core.management.base import BaseCommand, CommandError

from steering import county


class Command(BaseCommand):
    help = "Lädt einen Kreis aus seiner Datendatei (YAML); ein zweiter Lauf ändert nichts. Format: docs/data.md"

    def add_arguments(self, parser):
        parser.add_argument("file", help="zum Beispiel data/rhein-sieg-kreis.yaml")
        parser.add_argument("--check", action="store_true", help="nur prüfen, nichts laden")

    def handle(self, *args, **options):
        try:
            file = county.read(options["file"])
            if options["check"]:
                self.stdout.write(f"{options['file']} ist in Ordnung.")
                return
            changes = county.load(file)
        except OSError as error:
            raise CommandError(f"{options['file']} lässt sich nicht lesen ({error.strerror}).") from None
        except (county.CountyFileError, county.OtherCounty) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{file.county.name}: {changes}")
