"""Erases what is due, as the night does; or says with --dry-run what would go. Numbers only, never which."""

from django.core.management.base import BaseCommand

from casework import retention
from kim import jobs


class Command(BaseCommand):
    help = "Löscht, was die Löschfristen verlangen (wie der nächtliche Lauf); --dry-run sagt nur, wie viel es wäre."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="nichts löschen, nur zählen")

    def handle(self, *args, **options):
        if options["dry_run"]:
            self.stdout.write(f"Zu löschen wären: {retention.preview()}.")
            return
        with jobs.run("erase") as report:
            report.result = str(retention.run())
        self.stdout.write(f"Gelöscht: {report.result}.")
