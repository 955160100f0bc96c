"""Which municipality is covered by whom on a day, and which by nobody: as text, or as JSON."""

import json

from django.core.management.base import BaseCommand

from funding import asked, staffing


class Command(BaseCommand):
    help = "Zeigt je Kommune Case Management, VZÄ, Präsenztage und Abstand zum Ziel; unversorgte zuerst."

    def add_arguments(self, parser):
        asked.add_arguments(parser)

    def handle(self, *args, **options):
        when = asked.read(options)
        found = staffing.coverage(when.day, when.known_at)
        if options["json"]:
            self.stdout.write(json.dumps(as_data(found, when), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(as_text(found, when))


def as_data(found: list[staffing.Covered], when) -> dict:
    """FTE as in the command staffing; null is what is not on record."""
    exact = staffing.exact
    return {
        **when.as_data(),
        "uncovered": [one.place.ags for one in found if one.is_uncovered],
        "municipalities": [
            {
                "ags": one.place.ags, "name": one.place.name, "fte": exact(one.fte), "days": one.days,
                "target": exact(one.target), "gap": exact(one.gap),
                "people": [
                    {
                        "who": each.name, "fte": exact(each.fte), "divided_equally": each.divided,
                        "days": each.days, "weekdays": each.weekdays, "interrupted": each.is_interrupted,
                    }
                    for each in one.people
                ],
            }
            for one in found
        ],
    }  # fmt: skip


def as_text(found: list[staffing.Covered], when) -> str:
    rows = [("Kommune", "VZÄ", "Tage", "Ziel", "Abstand", "wer")]
    for one in found:
        who = ", ".join(f"{each.name}{' (unterbrochen)' if each.is_interrupted else ''}" for each in one.people)
        rows.append(
            (
                one.place.name, _words(one.fte), "?" if one.days is None else str(one.days),
                _words(one.target, "–"), _words(one.gap, "–"), who or "niemand",
            )
        )  # fmt: skip
    parts = [f"Case Management vor Ort, {when}", asked.table(rows)]
    if any(one.is_divided for one in found):
        parts.append("Wo Anteile nicht erfasst sind, ist die VZÄ einer Person auf ihre Kommunen gleich verteilt.")
    return "\n\n".join(parts)


def _words(value, missing: str = "?") -> str:
    return missing if value is None else staffing.german(value)
