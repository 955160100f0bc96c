"""What would be paid back if posts were filled or left, or grants and rates were others. Pure; nothing is stored."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from funding.repayment import POST, Basis, Granted, Holding, Rate, Term, months

FILL, END, GRANT, RATE = "fill", "end", "grant", "rate"
CHOICES = (
    (FILL, "Stelle besetzen"),
    (END, "Besetzung beenden"),
    (GRANT, "andere VZÄ bewilligt"),
    (RATE, "anderer Fördersatz"),
)
#: What a post is called that does not exist yet.
NEW_POST = "neu-{}"


@dataclass(frozen=True)
class Assumption:
    """From `day` on; where an occupancy ends, its last day. `value` is a share, FTE or euros per FTE and year.

    An empty `post` means a new one, paid for by this notice.
    """

    kind: str
    day: dt.date
    post: str = ""
    value: Decimal = Decimal(1)


def assuming(basis: Basis, assumptions: Iterable[Assumption]) -> Basis:
    """`basis` as it would be, one assumption after the other."""
    for place, one in enumerate(assumptions, start=1):
        basis = _DONE[one.kind](basis, one, place)
    return basis


def _filled(basis: Basis, one: Assumption, place: int) -> Basis:
    """By somebody who holds nothing else: ids of people are positive, this one is not."""
    terms = basis.terms
    post = one.post or NEW_POST.format(place)
    if not one.post:
        terms = [*terms, Term(post, POST, one.day, None, one.value)]
    return replace(basis, terms=terms, holdings=[*basis.holdings, Holding(post, -place, one.day, None, one.value)])


def _ended(basis: Basis, one: Assumption, place: int) -> Basis:
    until = one.day + dt.timedelta(days=1)
    return replace(basis, holdings=[row for held in basis.holdings for row in _until(held, one.post, until)])


def _until(held: Holding, post: str, until: dt.date) -> list[Holding]:
    if held.post != post or (held.until and held.until <= until):
        return [held]
    return [replace(held, until=until)] if held.first < until else []


def _granted(basis: Basis, one: Assumption, place: int) -> Basis:
    kept = [row for grant in basis.grants for row in _before(grant, one.day)]
    return replace(basis, grants=[*kept, Granted(POST, one.day, basis.until, one.value)])


def _before(grant: Granted, day: dt.date) -> list[Granted]:
    """A grant of posts as far as it lies before `day`; of its amount, if it has one, the part of that time."""
    if grant.item != POST or grant.until <= day:
        return [grant]
    if grant.first >= day:
        return []
    if grant.amount is None:
        return [replace(grant, until=day)]
    part = months(grant.first, day) / months(grant.first, grant.until)
    return [replace(grant, until=day, amount=Fraction(grant.amount) * part)]


def _rated(basis: Basis, one: Assumption, place: int) -> Basis:
    kept = []
    for rate in basis.rates:
        if rate.item != POST or rate.once or (rate.until and rate.until <= one.day):
            kept.append(rate)
        elif rate.first < one.day:
            kept.append(replace(rate, until=one.day))
    return replace(basis, rates=[*kept, Rate(POST, one.day, None, one.value)])


_DONE = {FILL: _filled, END: _ended, GRANT: _granted, RATE: _rated}
