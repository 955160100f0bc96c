"""Loads the code lists of the whole Land; run after every upgrade, a second time it changes nothing."""

from django.core.management.base import BaseCommand, CommandError

from steering import county


class Command(BaseCommand):
    help = "Lädt die landesweiten Codelisten (data/codes.yaml); ein zweiter Lauf ändert nichts."

    def handle(self, *args, **options):
        try:
            changes = county.load_codes()
        except county.CountyFileError as error:
            raise CommandError(str(error)) from None
        if options["verbosity"]:
            self.stdout.write(f"Codelisten: {changes}")
