"""What was spent, summed by kind and eligibility; and which sums tell what one person earns, and so are not told alone.

Sums are exact: cents as whole numbers (funding.models.costs.cents).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from django.db.models import BigIntegerField, Case, Count, F, Max, Min, QuerySet, Value, When

from funding import access, facts_of_notice
from funding.models import Cost, CostKind, Eligibility
from funding.models.costs import PAY, CostQuerySet, cents
from funding.repayment import COSTS, work_out
from funding.repayment import cents as to_cents
from kim.rehearsal import Measure
from kim.rules import allows

#: Who a cost is for: a person, an employer, else whoever holds the post, else nobody in particular.
_WHO = Case(
    When(user__isnull=False, then=F("user_id")),
    When(recipient__isnull=False, then=-F("recipient_id") - 2**40),
    When(post__isnull=False, then=-F("post_id")),
    default=Value(0),
    output_field=BigIntegerField(),
)


@dataclass(frozen=True)
class Sum:
    """`amount` in euros is None where it must not be told; `who` is the lowest and highest of those it is for."""

    kind: str
    eligible: str
    number: int
    amount: Decimal | None
    who: tuple[int, int] = (0, 0)

    @property
    def name(self) -> str:
        return str(CostKind(self.kind).label)

    @property
    def eligible_words(self) -> str:
        return str(Eligibility(self.eligible).label)

    @property
    def tells_pay(self) -> bool:
        """Whether it rests on the pay of a single person."""
        return self.kind in PAY and self.who[0] == self.who[1]


@dataclass(frozen=True)
class Spending:
    """The costs of one notice: sums that stand alone, and those that are told in one amount, or in none."""

    sums: tuple[Sum, ...] = ()
    together: tuple[Sum, ...] = ()
    together_amount: Decimal | None = None

    @property
    def is_secret(self) -> bool:
        """Even their common sum would tell what one person earns."""
        return bool(self.together) and self.together_amount is None

    @property
    def total(self) -> Decimal | None:
        if self.is_secret:
            return None
        return sum((one.amount or Decimal(0) for one in self.sums), self.together_amount or Decimal(0))

    @property
    def together_names(self) -> str:
        """„Personal, Supervision“: the kinds told in one amount."""
        return ", ".join(dict.fromkeys(one.name for one in self.together))

    def of_kind(self, kind: str) -> list[Sum]:
        """The sums of a kind; those told together with others have no amount of their own."""
        hidden = [replace(one, amount=None) for one in self.together if one.kind == kind]
        return [*(one for one in self.sums if one.kind == kind), *hidden]


def discreet(sums: Iterable[Sum]) -> Spending:
    """The same for readers who may not see single costs.

    What rests on one person's pay is told in one amount with other pay, so that nobody takes it out again by
    subtracting. Where there is no other, no amount is told, and no total.
    """
    sums = list(sums)
    hidden = [one for one in sums if one.tells_pay]
    if not hidden:
        return Spending(tuple(sums))
    for wider in (hidden, [one for one in sums if one.kind in PAY]):
        alone = tuple(one for one in sums if one not in wider)
        if _of_several(wider):
            return Spending(alone, tuple(wider), sum((one.amount or Decimal(0) for one in wider), Decimal(0)))
    return Spending(alone, tuple(wider))


def _of_several(sums: list[Sum]) -> bool:
    return min(one.who[0] for one in sums) != max(one.who[1] for one in sums)


def by_notice(costs: CostQuerySet, *, whole: bool) -> dict[int, Spending]:
    """Of believed `costs`, by id of their notice; one query. `whole`: for those who see single costs."""
    rows = costs.with_eligibility().order_by().values("notice", "kind", "eligible")
    found: dict[int, list[Sum]] = defaultdict(list)
    for row in rows.annotate(cents=cents(), number=Count("pk"), low=Min(_WHO), high=Max(_WHO)):
        one = Sum(row["kind"], row["eligible"], row["number"], euros(row["cents"]), (row["low"], row["high"]))
        found[row["notice"]].append(one)
    order = {key: place for place, key in enumerate([*CostKind.values, *Eligibility.values])}
    return {
        pk: (Spending if whole else discreet)(
            tuple(sorted(sums, key=lambda one: (order[one.kind], order[one.eligible])))
        )
        for pk, sums in found.items()
    }


def of_notice(notice, *, whole: bool) -> Spending:
    return by_notice(Cost.objects.believed().filter(notice=notice), whole=whole).get(notice.pk, Spending())


@dataclass(frozen=True)
class Discretion:
    """What of a calculation somebody is not told: costs line by line, or also their sum and what follows from it."""

    lines: bool = False
    total: bool = False

    def hides_outcome(self, calculation) -> bool:
        """Whether entitlement and repayment would tell the sum; of a result or a calculation that is kept."""
        return self.total and calculation.decides == COSTS


@dataclass(frozen=True)
class Payees:
    """Who the costs of a notice are for: kind, eligibility, who, and the first day of theirs; empty hides nothing."""

    rows: tuple[tuple[str, str, int, dt.date], ...] = ()

    def discretion(self, until: dt.date | None = None) -> Discretion:
        """Of a calculation that counts the days before `until`: early in a period there may be but one of them.

        Lines name recipients one by one; from the eligible sum and the whole one anybody has the rest.
        """
        who: dict[tuple[str, str], list[int]] = defaultdict(list)
        for kind, answer, one, first in self.rows:
            if until is None or first < until:
                who[kind, answer].append(one)
        sums = [
            Sum(kind, answer, len(some), Decimal(0), (min(some), max(some))) for (kind, answer), some in who.items()
        ]
        eligible = [one for one in sums if one.eligible == Eligibility.YES]
        rest = [one for one in sums if one.eligible != Eligibility.YES]
        total = any(discreet(some).is_secret for some in (sums, eligible, rest))
        passed_on = any(one.kind == CostKind.FORWARDED for one in sums)
        return Discretion(total or passed_on or bool(discreet(sums).together), total)


def payees(user, notices: Iterable) -> dict[int, Payees]:
    """By id of the notice, for `user`; one query, or none for those who see single costs."""
    notices = list(notices)
    if allows(access.reads_costs, user):
        return {notice.pk: Payees() for notice in notices}
    return payees_for_all(notices)


def payees_for_all(notices: Iterable, known_at: dt.datetime | None = None) -> dict[int, Payees]:
    """The same for a paper anybody may read, of costs known now or at a moment; one query."""
    notices = list(notices)
    found: dict[int, list] = {notice.pk: [] for notice in notices}
    costs = Cost.objects.believed(known_at).filter(notice__in=notices).with_eligibility().order_by().annotate(who=_WHO)
    names = ("notice", "kind", "eligible", "who")
    for pk, *row in costs.values(*names).annotate(first=Min("valid_from")).values_list(*names, "first"):
        found[pk].append(tuple(row))
    return {pk: Payees(tuple(rows)) for pk, rows in found.items()}


def discretion(user, notices: Iterable) -> dict[int, Discretion]:
    """Of their whole periods, by id of the notice."""
    return {pk: one.discretion() for pk, one in payees(user, notices).items()}


def by_eligibility(costs: QuerySet) -> dict[str, Decimal]:
    """Euros of costs that know whether they are `eligible`; one query."""
    rows = dict(costs.order_by().values("eligible").annotate(cents=cents()).values_list("eligible", "cents"))
    return {key: euros(rows.get(key, 0)) for key in Eligibility.values}


@dataclass(frozen=True)
class OwnShare:
    """What was passed on to one recipient in euros: their actual costs, and what of that the programme pays."""

    recipient: str
    actual: Decimal
    paid: Decimal

    @property
    def own(self) -> Decimal:
        return self.actual - self.paid


def shares(notice) -> list[OwnShare]:
    """Paid is min(actual costs that are eligible, rate × FTE × months / 12), by the engine (funding.repayment)."""
    basis = facts_of_notice.of(notice).basis(notice.pk)
    own = dict(work_out(basis).own_shares)
    found: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for cost in basis.costs:
        if cost.kind == CostKind.FORWARDED:
            amount = Fraction(cost.amount)
            found[cost.recipient][0] += amount
            found[cost.recipient][1] += amount if cost.eligibility == Eligibility.YES else 0
    return [
        OwnShare(name, to_cents(actual), to_cents(paid - own.get(name, 0)))
        for name, (actual, paid) in sorted(found.items())
    ]


def euros(in_cents: int) -> Decimal:
    return Decimal(in_cents).scaleb(-2)


def measure(costs: CostQuerySet, about: str = "") -> Measure:
    """What believed `costs` come to, for previews; for those who see single costs."""

    def words() -> Mapping[str, str]:
        sums = by_eligibility(costs.with_eligibility())
        return {f"{Eligibility(key).label}{about}": german(amount) for key, amount in sums.items()}

    return words


def german(amount: Decimal) -> str:
    """„1.234,50 €“."""
    return f"{amount:,.2f} €".translate(str.maketrans(",.", ".,"))
