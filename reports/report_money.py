"""Section of a status report about money: what each notice grants, what was spent, and what has to be paid back.

Counted by funding.repayment as known at the moment. What would tell the pay of one person is not told
(funding.spending).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q

from funding import facts_of_notice
from funding.forecast import forecast
from funding.models import AwardNotice, Calculation, Module, Payment
from funding.repayment import Basis, Result, euros, number, work_out
from funding.spending import Payees, payees_for_all
from kim.dated import inclusive
from reports.blocks import Block, table, words
from reports.moment import Moment, german

#: Notices of the year of the report and of so many before.
YEARS_BEFORE = 2
#: In place of an amount that would tell what one person earns.
HIDDEN = "•"
WHY_HIDDEN = "• nicht genannt, weil der Betrag das Gehalt einer einzelnen Person erkennen ließe"


@dataclass(frozen=True)
class Told:
    """One notice in a report; amounts in euros, None where nothing is on record or it must not be told."""

    notice: AwardNotice
    #: FTE granted on the day of the report, or on the last day of a period that is over.
    fte: Fraction
    granted: Decimal
    spent: Decimal | None
    #: What the notice pays up to the day of the report.
    entitled: Decimal | None
    repayment: Decimal | None
    secret: bool
    standing: str

    @property
    def year(self) -> int:
        return self.notice.period.valid_from.year


def money(moment: Moment) -> list[Block]:
    """Fourteen queries, however many notices there are."""
    found = told(moment)
    if not found:
        return [words("none", "Zu diesem Stand ist kein Bescheid bekannt.")]
    note = f"{WHY_HIDDEN}. " if any(one.secret for one in found) else ""
    note += "Verausgabt: erfasste Ausgaben bis zum Stand. Anspruch: was bis zum Stand abgerechnet werden kann."
    columns = [
        "Bescheid",
        "Förderzeitraum",
        "VZÄ",
        "bewilligt",
        "verausgabt",
        "Anspruch",
        "zurückzuzahlen",
        "Rückzahlung",
    ]
    rows = [(one.notice.number, _cells(one)) for one in found]
    blocks = [table("notices", "Fördermittel je Bescheid", columns, rows, right=[2, 3, 4, 5, 6], note=note)]
    return [*blocks, _by_year(found)]


def told(moment: Moment) -> list[Told]:
    """Notices known then, the latest periods first, modules in order."""
    earliest = dt.date(moment.valid_on.year - YEARS_BEFORE, 1, 1)
    there = AwardNotice.objects.filter(
        Q(by__isnull=True) | Q(at__lte=moment.known_at),
        period__valid_from__lte=moment.valid_on, period__valid_until__gt=earliest,
    )  # fmt: skip
    notices = list(there.select_related("period__programme", "recipient"))
    bases = facts_of_notice.bases_of(notices, None, moment.known_at)
    notices = [one for one in notices if bases[one.pk].grants]
    hidden = payees_for_all(notices, moment.known_at)
    settled = _settled(notices, moment)
    modules = [str(one) for one in Module]
    notices.sort(key=lambda one: (-one.period.valid_from.year, modules.index(one.module), one.number))
    return [_told(one, bases[one.pk], hidden[one.pk], settled[one.pk], moment) for one in notices]


def _told(notice: AwardNotice, basis: Basis, payees: Payees, settled: list[str], moment: Moment) -> Told:
    until = moment.valid_on + dt.timedelta(days=1)
    so_far = work_out(basis.up_to(until))
    whole = forecast(basis, until)
    day = min(moment.valid_on, notice.period.last_day)
    fte = sum((Fraction(one.fte or 0) for one in basis.grants if one.first <= day < one.until), Fraction(0))
    spent = _spent(basis.up_to(until))
    discreet = payees.discretion(until)
    hides = discreet.total and spent is not None
    outcome = discreet.hides_outcome(so_far) or payees.discretion().hides_outcome(whole)
    return Told(
        notice, fte, whole.granted, None if hides else spent, None if outcome else so_far.entitlement,
        None if outcome else whole.repayment, hides or outcome,
        _standing(whole, [] if outcome else settled, moment, until),
    )  # fmt: skip


def _spent(basis: Basis) -> Decimal | None:
    """All costs on record up to the last day counted, of one that reaches beyond the part of its days."""
    parts = []
    for cost in basis.costs:
        first, until = max(cost.first, basis.first), min(cost.until, basis.until)
        if first < until:
            parts.append(Fraction(cost.amount) * (until - first).days / (cost.until - cost.first).days)
    if not parts:
        return None
    cents = (sum(parts) * 200 + 1) // 2
    return Decimal(int(cents)).scaleb(-2)


def _standing(whole: Result, settled: list[str], moment: Moment, until: dt.date) -> str:
    if settled:
        return "; ".join(settled)
    if whole.until > until:
        return f"voraussichtlich zum {german(whole.until - dt.timedelta(days=1))}"
    return "vorläufig, noch nicht freigegeben"


def _settled(notices: Collection[AwardNotice], moment: Moment) -> dict[int, list[str]]:
    """What was released and paid back by then, in words."""
    found: dict[int, list[str]] = defaultdict(list)
    released = Calculation.objects.filter(notice__in=notices, released_at__lte=moment.until).defer("data")
    latest = {one.notice_id: one for one in released.order_by("released_at", "pk")}
    for pk, one in latest.items():
        found[pk].append(f"freigegeben mit {one.number}: {euros(one.repayment)}")
    paid = Payment.objects.filter(
        Q(cancelled_at__isnull=True) | Q(cancelled_at__gt=moment.known_at), notice__in=notices,
        kind=Payment.Kind.REPAID, on_day__lte=moment.valid_on, at__lte=moment.known_at,
    )  # fmt: skip
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for payment in paid:
        sums[payment.notice_id] += payment.amount
    for pk, amount in sums.items():
        found[pk].append(f"zurückgezahlt: {euros(amount)}")
    return found


def _cells(one: Told) -> list[str]:
    period = inclusive(one.notice.period.valid_from, one.notice.period.valid_until)
    spent = HIDDEN if one.secret and one.spent is None else "keine erfasst" if one.spent is None else euros(one.spent)
    return [
        one.notice.number, period, number(one.fte), euros(one.granted), spent,
        HIDDEN if one.entitled is None else euros(one.entitled),
        HIDDEN if one.repayment is None else euros(one.repayment), one.standing,
    ]  # fmt: skip


def _by_year(found: Iterable[Told]) -> Block:
    """A year with an amount that is not told has no sum of it either: the rest would tell it."""
    years: dict[int, list[Told]] = defaultdict(list)
    for one in found:
        years[one.year].append(one)
    rows = [
        (str(year), [str(year), euros(sum((one.granted for one in some), Decimal(0))),
                     _sum([one.entitled for one in some]), _sum([one.repayment for one in some])])
        for year, some in sorted(years.items(), reverse=True)
    ]  # fmt: skip
    columns = ["Jahr", "bewilligt", "Anspruch bis zum Stand", "zurückzuzahlen"]
    return table("years", "Fördermittel je Jahr, alle Module", columns, rows, right=[1, 2, 3])


def _sum(amounts: list[Decimal | None]) -> str:
    known = [one for one in amounts if one is not None]
    return euros(sum(known, Decimal(0))) if len(known) == len(amounts) else HIDDEN
