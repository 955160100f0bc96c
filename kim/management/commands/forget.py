"""Erase what is over outside of cases, as the night does (kim/retention.py); with --check only say what would go."""

from django.core.management.base import BaseCommand

from kim import retention


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="change nothing, say what would go")

    def handle(self, *args, check, **options):
        result = retention.preview() if check else retention.run()
        self.stdout.write(f"{'Es würden gelöscht' if check else 'Gelöscht'}: {result}")
