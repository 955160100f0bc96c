"""`manage.py verify_trail`: read the whole trail and say what was changed, is missing, was inserted or reordered."""

import datetime as dt
import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from kim import trail_chain, trail_marks


class Command(BaseCommand):
    help = (
        "Reads the chain of the trail in constant memory and holds it against its anchors. "
        "Ends with 1 where something was found; changes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--anchors", metavar="FILE", help="also hold it against the anchors in this text (mails, printed lines)"
        )
        parser.add_argument("--since", metavar="DAY", help="begin at the last anchor before this day (2026-11-26)")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
        parser.add_argument("--public-key", action="store_true", help="print the key that checks anchors, and stop")

    def handle(self, *args, anchors=None, since=None, **options):
        if options["public_key"]:
            self.stdout.write(trail_marks.public_key().strip())
            return
        verdict = trail_chain.verify(since=_day(since), anchors=_anchors(anchors))
        if options["json"]:
            self.stdout.write(json.dumps(verdict.as_dict(), ensure_ascii=False))
        else:
            self._tell(verdict)
        if not verdict.holds:
            raise CommandError(f"Das Protokoll ist nicht unversehrt: {verdict.found} Befunde.", returncode=1)

    def _tell(self, verdict) -> None:
        for one in verdict.findings:
            self.stdout.write(f"{one.where}: {one.words}")
        if verdict.found > len(verdict.findings):
            self.stdout.write(f"… und {verdict.found - len(verdict.findings)} weitere.")
        if verdict.unmarked:
            self.stdout.write(f"{verdict.unmarked} Zeilen stammen aus der Zeit vor der Verkettung.")
        if verdict.forgotten:
            self.stdout.write(f"{verdict.forgotten} Zeilen haben ihren Vermerk durch eine Löschung verloren.")
        position, digest = verdict.head
        self.stdout.write(f"Letzte Stelle {position}, Prüfsumme {digest}")
        self.stdout.write(str(verdict))


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise CommandError(f"--since {text!r} ist kein Tag wie 2026-11-26.") from None


def _anchors(name: str | None):
    if not name:
        return []
    try:
        found = trail_chain.anchors_in(Path(name).read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise CommandError(f"--anchors {name} lässt sich nicht lesen ({error.strerror}).") from None
    if not found:
        raise CommandError(f"In {name} steht kein Anker. Eine Zeile beginnt mit „KIM-Anker“.")
    return found
