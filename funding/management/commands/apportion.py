"""Apportions a total of FTE among the municipalities by what is known of them on a day: as text, or as JSON."""

import json
from argparse import ArgumentTypeError
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from funding import asked, needs
from funding.apportionment import ApportionmentRefused, said
from funding.models import Criterion, Method
from funding.staffing import rounded
from kim import workdays
from kim.forms import Day
from kim.models import Municipality

NO_NUMBER = "„{}“ ist keine Zahl wie 17 oder 0,25."


class Command(BaseCommand):
    help = "Verteilt VZÄ auf die Kommunen; die Summe ist genau, ein Minimum wird nie unterschritten."

    def add_arguments(self, parser):
        parser.add_argument("--total", required=True, type=_number, help="zu verteilende VZÄ, zum Beispiel 17")
        parser.add_argument("--step", default=Decimal("0.25"), type=_number, help="Schritt, ohne Angabe 0.25")
        parser.add_argument("--method", required=True, choices=Method.values)
        parser.add_argument("--minimum", default=Decimal(0), type=_number, help="mindestens je Kommune")
        parser.add_argument("--weights", default="population=1", help="Kennung=Gewicht, mit Komma getrennt")
        parser.add_argument("--without", nargs="*", default=[], metavar="AGS", help="Kommunen, die nichts bekommen")
        parser.add_argument("--on", metavar="TAG", help="Werte vom Stand, ohne Angabe heute")
        parser.add_argument("--json", action="store_true", help="als JSON statt als Text")

    def handle(self, *args, **options):
        unknown = set(options["without"]) - set(Municipality.objects.values_list("ags", flat=True))
        if unknown:
            raise CommandError(f"--without: Diesen Gemeindeschlüssel gibt es nicht: {', '.join(sorted(unknown))}")
        try:
            day = Day(required=False).clean(options["on"]) or workdays.today()
        except ValidationError as error:
            raise CommandError(f"--on: {' '.join(error.messages)}") from None
        names = dict(Criterion.objects.values_list("key", "name"))
        plan = needs.Plan(
            total=options["total"], step=options["step"], method=options["method"], on_day=day,
            minimum=options["minimum"], weights=_weights(options["weights"], names), without=options["without"],
        )  # fmt: skip
        try:
            worked = needs.work_out(plan, names)
        except ApportionmentRefused as refusal:
            raise CommandError(str(refusal)) from None
        if options["json"]:
            self.stdout.write(json.dumps(as_data(worked), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(as_text(worked))


def _number(text: str) -> Decimal:
    """A number with a point or a comma; raises what argparse says."""
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise ArgumentTypeError(NO_NUMBER.format(text)) from None
    if not number.is_finite() or abs(number) > 1_000_000:
        raise ArgumentTypeError(NO_NUMBER.format(text))
    return number


def _weights(text: str, names) -> dict[str, Decimal]:
    found = {}
    for part in text.split(","):
        key, _, weight = part.partition("=")
        if key.strip() not in {*names, Criterion.POPULATION}:
            raise CommandError(f"--weights: Ein Kriterium „{key.strip()}“ gibt es nicht. Bekannt: {_known(names)}.")
        try:
            found[key.strip()] = _number(weight)
        except ArgumentTypeError:
            raise CommandError(f"--weights: „{part}“ bitte als Kennung=Gewicht angeben, etwa population=1.") from None
    return found


def _known(names) -> str:
    return ", ".join(sorted({*names, Criterion.POPULATION}))


def as_data(worked: needs.Worked) -> dict:
    """FTE as exact decimals, weights and quotas half up to six places."""
    plan = worked.plan
    return {
        "total": f"{plan.total:f}", "step": f"{plan.step:f}", "method": plan.method, "minimum": f"{plan.minimum:f}",
        "on": plan.on_day.isoformat(), "weights": {key: f"{weight:f}" for key, weight in plan.counted.items()},
        "without": sorted(plan.without), "checksum": worked.inputs["checksum"],
        "municipalities": [
            {
                "ags": line.place.ags, "name": line.place.name, "weight": rounded(line.weight, 6),
                "quota": rounded(line.quota, 6), "minimum": f"{line.minimum:f}", "fte": rounded(line.fte, 3),
            }
            for line in worked.lines
        ],
    }  # fmt: skip


def as_text(worked: needs.Worked) -> str:
    plan = worked.plan
    rows = [("AGS", "Kommune", "rechnerisch", "mindestens", "VZÄ")]
    rows += [
        (line.place.ags, line.place.name, said(line.quota), said(line.minimum), said(line.fte)) for line in worked.lines
    ]
    rows.append(("", "Summe", said(plan.total), "", said(sum(line.fte for line in worked.lines))))
    words = f"{said(plan.total)} VZÄ in Schritten von {said(plan.step)}, {Method(plan.method).label}"
    return f"{words}, Werte vom {plan.on_day:%d.%m.%Y}\n\n{asked.table(rows)}"
