"""Loads the check lists of Modul 3; run after every upgrade, a second time it changes nothing."""

from django.core.management.base import BaseCommand, CommandError

from casework import checklists


class Command(BaseCommand):
    help = "Lädt die Prüflisten für Modul 3 (data/checklists.yaml); ein zweiter Lauf ändert nichts."

    def handle(self, *args, **options):
        try:
            found = checklists.load_checklists()
        except checklists.ChecklistFileError as error:
            raise CommandError(str(error)) from None
        if options["verbosity"]:
            words = ", ".join(f"{number} {word}" for word, number in found.items())
            self.stdout.write(f"Prüflisten und ihre Punkte: {words}")
