"""What is granted, planned, filled and free on a day, for others to check: as text, or as JSON."""

import json

from django.core.management.base import BaseCommand

from funding import asked, staffing
from funding.models import Module


class Command(BaseCommand):
    help = "Zeigt je Modul bewilligte, geplante, besetzte und freie VZÄ an einem Tag."

    def add_arguments(self, parser):
        asked.add_arguments(parser)

    def handle(self, *args, **options):
        when = asked.read(options)
        found = staffing.on(when.day, when.known_at)
        if options["json"]:
            self.stdout.write(json.dumps(as_data(found, when), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(as_text(found, when))


def as_data(found: staffing.Staffing, when) -> dict:
    """FTE are decimals as text, whole to the last place; those without an end are half up to six places."""
    exact = staffing.exact
    return {
        **when.as_data(),
        "modules": [
            {
                "module": one.module, "granted": exact(one.granted), "planned": exact(one.planned),
                "filled": exact(one.filled), "vacant": exact(one.vacant), "unused": exact(one.unused),
                "posts": one.posts, "vacant_posts": one.vacant_posts, "heads": one.heads,
                "interrupted": one.interrupted,
            }
            for one in found.modules.values()
        ],
        "posts": [
            {
                "number": one.post.number, "module": one.post.module, "state": one.state, "kw": one.is_kw,
                "fte": exact(one.term.fte), "filled": exact(one.filled), "vacant": exact(one.vacant),
                "beyond": exact(one.beyond),
                "held_by": [
                    {
                        "who": holder.name, "share": exact(holder.share), "counted": exact(holder.counted),
                        "interrupted": holder.is_interrupted,
                    }
                    for holder in one.holders
                ],
            }
            for one in found.fillings
        ],
        "over_100": [{"who": one.name, "fte": exact(one.total)} for one in found.overcommitted],
    }  # fmt: skip


def as_text(found: staffing.Staffing, when) -> str:
    german = staffing.german
    rows = [("Modul", "bewilligt", "geplant", "besetzt", "frei", "unbesetzt bewilligt", "Köpfe")]
    for one in found.modules.values():
        rows.append(
            (
                Module(one.module).label, "nicht erfasst" if one.granted is None else german(one.granted),
                german(one.planned), german(one.filled), german(one.vacant), german(one.unused), str(one.heads),
            )
        )  # fmt: skip
    posts = [("Stelle", "VZÄ", "besetzt", "wer")]
    for filling in found.fillings:
        who = ", ".join(f"{each.name}{' (unterbrochen)' if each.is_interrupted else ''}" for each in filling.holders)
        posts.append((filling.post.number, german(filling.term.fte), german(filling.filled), who or "frei"))
    parts = [f"Stellen und Besetzungen, {when}", asked.table(rows)]
    if len(posts) > 1:
        parts.append(asked.table(posts))
    parts += [f"Über 100 %: {person.name}, {german(person.total)} VZÄ" for person in found.overcommitted]
    parts += [f"Überbesetzt: {post.post.number}, um {german(post.beyond)} VZÄ" for post in found.overlaps]
    return "\n\n".join(parts)
