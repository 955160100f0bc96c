"""What is to be paid back of a notice, or of all: as text, or as JSON with every line of the calculation."""

import datetime as dt
import json

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from funding import facts_of_notice
from funding.frozen import frozen
from funding.models import AwardNotice
from funding.repayment import NAMES, Result, cents, euros, number, work_out
from kim.workdays import ONE_DAY


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("notice", nargs="?", help="number of a notice, such as M2-2020")
        parser.add_argument("--all", action="store_true", help="all notices, by their numbers")
        parser.add_argument("--until", help="last day that is counted, as 2021-12-31; else that of the period")
        parser.add_argument("--known-on", help="as things were known at the end of this day")
        parser.add_argument("--json", action="store_true", help="as JSON; amounts are strings with cents")

    def handle(self, *args, **options):
        if bool(options["notice"]) == options["all"]:
            raise CommandError("Bitte nennen Sie einen Bescheid oder --all.")
        notices = list(AwardNotice.objects.order_by("number"))
        if options["notice"]:
            notices = [one for one in notices if one.number.casefold() == options["notice"].casefold()]
            if not notices:
                raise CommandError(f"Einen Bescheid {options['notice']} gibt es nicht.")
        until = _day(options["until"])
        known_on = _day(options["known_on"])
        known_at = timezone.make_aware(dt.datetime.combine(known_on + ONE_DAY, dt.time())) if known_on else None
        bases = facts_of_notice.bases_of(notices, until + ONE_DAY if until else None, known_at)
        results = [work_out(bases[notice.pk]) for notice in notices]
        if options["json"]:
            told = [_data(one) for one in results]
            self.stdout.write(json.dumps(told if options["all"] else told[0], ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n\n".join(_text(one) for one in results))


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise CommandError(f"„{text}“ ist kein Datum. Bitte als 2021-12-31 angeben.") from error


def _data(result: Result) -> dict:
    """Days inclusive, amounts as cents in strings, exact ones as fractions beside them."""
    told = frozen(result)
    told["last_day"] = (result.until - ONE_DAY).isoformat()
    told["vacant_months"] = str(cents(result.vacant_months))
    told["may_be_released"] = result.may_be_released
    for row, line in zip(told["lines"], result.lines, strict=True):
        row |= {"exact": row["amount"], "amount": str(cents(line.amount))}
    for row, item in zip(told["items"], result.items, strict=True):
        row |= {"name": item.name, "vacant_months": str(cents(item.vacant_months))}
    for name in ("granted", "by_posts", "by_costs"):
        for row, item in zip(told["items"], result.items, strict=True):
            row |= {f"exact_{name}": row[name], name: str(cents(getattr(item, name)))}
    return told


def _text(result: Result) -> str:
    last = result.until - ONE_DAY
    lines = [
        f"{result.notice}: {result.first:%d.%m.%Y} bis {last:%d.%m.%Y}",
        *(f"  ! {words}" for words in (*result.missing, *([result.preliminary] if result.preliminary else []))),
        f"  bewilligt            {euros(result.granted):>18}",
        f"  nach Stellenmonaten  {euros(result.by_posts):>18}",
        f"  nach Ausgaben        {'–' if result.by_costs is None else euros(result.by_costs):>18}",
        f"  Anspruch             {euros(result.entitlement):>18}",
        f"  Rückzahlung          {euros(result.repayment):>18}",
        f"  freie Stellenmonate  {number(result.vacant_months, 2):>18}",
    ]
    for line in result.lines:
        what = f"{NAMES[line.item]}{f', {line.what}' if line.what else ''}"
        reason = f" ({line.reason})" if line.reason else ""
        lines.append(f"    {what}, {line.first:%d.%m.%Y} bis {line.until - ONE_DAY:%d.%m.%Y}: {line.words}{reason}")
    return "\n".join(lines)
