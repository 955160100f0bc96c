"""Prints a pair of keys for backups. The private part is shown once and kept nowhere on this machine."""

from django.core.management.base import BaseCommand

from kim import backup_format


class Command(BaseCommand):
    help = "Erzeugt ein Schlüsselpaar für Sicherungen und zeigt den privaten Teil dieses eine Mal."

    def handle(self, *args, **options):
        pair = backup_format.make_key()
        self.stdout.write(
            "Öffentlich, in die Umgebung dieses Servers (mehrere durch Komma; jeder allein liest jede Sicherung):\n"
            f"KIM_BACKUP_PUBLIC_KEY={pair.public}\n\n"
            "Privat, NICHT auf diesen Server: zweimal außer Haus verwahren, etwa gedruckt im Tresor und im\n"
            "Kennwortspeicher. Ohne ihn ist jede Sicherung wertlos, und niemand kann ihn wiederherstellen:\n"
            f"{pair.private}"
        )
