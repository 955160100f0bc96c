"""What of a notice is to be paid back: plain data in, exact fractions in between, cents out. Knows no database.

Money that was not spent goes back, a post counts for the time it was filled (minutes of the committee 2021, TOP 7). So
there are two bases, and the smaller entitlement counts: FTE that were filled × rate, and what was spent and is
eligible, each item capped at what is granted for it. How it is counted and rounded: docs/decisions/0051.

`granted` and `entitlement` are rounded once, half up, to the cent; `repayment` is their difference, so that the three
always add up.
"""

import datetime as dt
from bisect import bisect_right
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

BY_DAY, WHOLE_MONTHS = "by_day", "whole_months"
SMALLER, POSTS, COSTS = "smaller", "posts", "costs"
POST, ASSISTANT, WORKPLACE, OTHER = "post", "assistant", "workplace", "other"
#: Items that are people, paid by FTE and time; the others are things, paid by what was spent.
STAFF = (POST, ASSISTANT)
ITEMS = (*STAFF, WORKPLACE, OTHER)
YES, NO, UNCLEAR = "yes", "no", "unclear"
FORWARDED = "forwarded"

NAMES = {
    POST: "Fachkraft", ASSISTANT: "Verwaltungsassistenz", WORKPLACE: "Einrichtung eines Arbeitsplatzes",
    OTHER: "weitere Sachausgaben",
}  # fmt: skip
PRELIMINARY = "vorläufig: noch keine Ausgaben erfasst"
UNPAID = "vorläufig: für besetzte Stellen sind noch keine Personalkosten erfasst"

Amount = Decimal | Fraction | int
Facts = tuple[tuple[str, int], ...]


# What goes in. Days are half-open; `until` None has no end; `pk` is that of the fact it was read from.


@dataclass(frozen=True)
class Granted:
    """FTE of `item`, or an amount for it. Several at once add up."""

    item: str
    first: dt.date
    until: dt.date
    fte: Amount | None = None
    amount: Amount | None = None
    pk: int = 0


@dataclass(frozen=True)
class Rate:
    """`amount` euros for `per_fte` FTE, each year or once."""

    item: str
    first: dt.date
    until: dt.date | None
    amount: Amount
    per_fte: Amount = 1
    once: bool = False
    pk: int = 0


@dataclass(frozen=True)
class Term:
    """A post as it is from a day to a day; `ours` where the notice pays for it, else only its people matter."""

    post: str
    item: str
    first: dt.date
    until: dt.date | None
    fte: Amount
    ours: bool = True
    pk: int = 0


@dataclass(frozen=True)
class Holding:
    """Somebody (a number, no name) holds `share` FTE of a post; posts of other notices too."""

    post: str
    person: int
    first: dt.date
    until: dt.date | None
    share: Amount
    pk: int = 0


@dataclass(frozen=True)
class Away:
    """A leave; one that `counts` leaves the post filled."""

    person: int
    first: dt.date
    until: dt.date | None
    counts: bool = False
    pk: int = 0


@dataclass(frozen=True)
class Spent:
    """Money spent for a span; eligibility and item as the rule of its first day, or the cost itself, says."""

    kind: str
    item: str
    first: dt.date
    until: dt.date
    amount: Amount
    eligibility: str
    recipient: str = ""
    name: str = ""


@dataclass(frozen=True)
class Forwarding:
    recipient: str
    first: dt.date
    until: dt.date | None
    fte: Amount
    pk: int = 0


@dataclass(frozen=True)
class Basis:
    """Everything that decides about a notice from `first` until `until`; rows in any order, any two may be alike."""

    notice: str
    first: dt.date
    until: dt.date
    counting: str = BY_DAY
    bases: str = SMALLER
    grants: Sequence[Granted] = ()
    rates: Sequence[Rate] = ()
    terms: Sequence[Term] = ()
    holdings: Sequence[Holding] = ()
    leaves: Sequence[Away] = ()
    costs: Sequence[Spent] = ()
    forwardings: Sequence[Forwarding] = ()
    #: What the reader found missing already.
    missing: Sequence[str] = ()

    def up_to(self, until: dt.date) -> "Basis":
        """The same, counted no further than the day before `until`; at least one day."""
        return replace(self, until=max(self.first + dt.timedelta(days=1), min(self.until, until)))


# What comes out


@dataclass(frozen=True)
class Line:
    """A step of the calculation. `amount` is exact; cuts are negative and `reason` says why.

    `part` is "granted", "posts" (filled FTE), "things" (in both bases) or "costs" (what people cost).
    """

    part: str
    item: str
    what: str
    first: dt.date
    until: dt.date
    amount: Fraction
    words: str
    fte: Fraction | None = None
    months: Fraction | None = None
    reason: str = ""
    facts: Facts = ()
    rate: Rate | None = None


@dataclass(frozen=True)
class Month:
    """FTE-months of an item in the days of one month that are counted."""

    item: str
    first: dt.date
    granted: Fraction
    counted: Fraction

    @property
    def vacant(self) -> Fraction:
        return self.granted - self.counted


@dataclass(frozen=True)
class ItemSum:
    item: str
    granted: Fraction
    by_posts: Fraction
    by_costs: Fraction
    #: FTE-months; 0 for things.
    granted_months: Fraction = Fraction(0)
    counted_months: Fraction = Fraction(0)

    @property
    def name(self) -> str:
        return NAMES[self.item]

    @property
    def vacant_months(self) -> Fraction:
        return self.granted_months - self.counted_months


@dataclass(frozen=True)
class Doubt:
    """Costs of a kind that are unclear, and by how much the entitlement would rise if they were eligible."""

    kind: str
    name: str
    amount: Fraction
    would_add: Fraction


@dataclass(frozen=True)
class Result:
    notice: str
    first: dt.date
    until: dt.date
    counting: str
    bases: str
    granted: Decimal
    by_posts: Decimal
    #: None where no costs are entered at all.
    by_costs: Decimal | None
    entitlement: Decimal
    repayment: Decimal
    exact_granted: Fraction
    exact_by_posts: Fraction
    exact_by_costs: Fraction | None
    exact_entitlement: Fraction
    items: tuple[ItemSum, ...]
    months: tuple[Month, ...]
    lines: tuple[Line, ...]
    doubts: tuple[Doubt, ...] = ()
    #: What forwarded money did not pay, by recipient.
    own_shares: tuple[tuple[str, Fraction], ...] = ()
    #: "" or why the result is no more than preliminary.
    preliminary: str = ""
    missing: tuple[str, ...] = ()
    #: "posts" or "costs": the basis the entitlement comes from.
    decides: str = POSTS

    @property
    def vacant_months(self) -> Fraction:
        return sum((one.vacant_months for one in self.items), Fraction(0))

    @property
    def may_be_released(self) -> bool:
        return not self.preliminary and not self.missing


def cents(amount: Amount) -> Decimal:
    """Half up, away from zero below it; exact until here."""
    exact = Fraction(amount) * 100
    half_up = (abs(exact) * 2 + 1) // 2
    return Decimal(int(half_up if exact >= 0 else -half_up)).scaleb(-2)


def work_out(basis: Basis) -> Result:
    """The whole calculation. The order in which facts stand in `basis` never matters."""
    return _Working(basis).result()


# Time


def months(first: dt.date, until: dt.date) -> Fraction:
    """How many months a half-open span is: each day is 1/(days of its month)."""
    return _position(until) - _position(first) if until > first else Fraction(0)


@lru_cache(maxsize=100_000)
def _position(day: dt.date) -> Fraction:
    return day.year * 12 + day.month - 1 + Fraction(day.day - 1, monthrange(day.year, day.month)[1])


def month_starts(first: dt.date, until: dt.date) -> Iterator[dt.date]:
    """First days of months strictly within a span."""
    year, month = first.year, first.month
    while True:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        if year > 9999 or (day := dt.date(year, month, 1)) >= until:
            return
        yield day


@dataclass(frozen=True)
class _Piece:
    """Something that holds over a span within the days counted."""

    first: dt.date
    until: dt.date
    value: Fraction
    facts: Facts = ()
    reasons: tuple[str, ...] = ()
    claimed: Fraction = Fraction(0)


def _levels(pieces: Iterable[_Piece], first: dt.date, until: dt.date) -> list[tuple[dt.date, Fraction]]:
    """The sum of the values as steps: (from this day, so much), from `first` on; equal neighbours are one step."""
    change: dict[dt.date, Fraction] = defaultdict(Fraction)
    for piece in pieces:
        change[piece.first] += piece.value
        change[piece.until] -= piece.value
    level, steps = Fraction(0), [(first, Fraction(0))]
    for day in sorted(change):
        level += change[day]
        if day <= first:
            steps[0] = (first, level)
        elif day < until and level != steps[-1][1]:
            steps.append((day, level))
    return steps


def _at(steps: Sequence[tuple[dt.date, Fraction]], day: dt.date) -> Fraction:
    return steps[bisect_right(steps, day, key=lambda step: step[0]) - 1][1]


def _cut_at(first: dt.date, until: dt.date, days: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """A span, parted at those of `days` that lie within it."""
    edges = [first, *sorted({day for day in days if first < day < until}), until]
    return list(zip(edges, edges[1:], strict=False))


# The calculation

_NO_LINE = Line("", "", "", dt.date.min, dt.date.max, Fraction(0), "")


@dataclass
class _Working:
    basis: Basis
    lines: list[Line] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    month_rows: list[Month] = field(default_factory=list)
    _unpaid: dict[str, list[_Piece]] = field(default_factory=lambda: {item: [] for item in ITEMS})
    _alike: dict[tuple, int] = field(default_factory=dict)

    def result(self) -> Result:
        basis = self.basis
        self.missing += basis.missing
        self._grants = self._clipped(basis.grants)
        self._rates = {
            item: sorted(self._clipped(r for r in basis.rates if r.item == item), key=_by_first) for item in ITEMS
        }
        granted = {item: self._granted(item) for item in ITEMS}
        filled = self._filled_posts()
        items = []
        costs = self._clipped_costs()
        spent, own_shares = self._spent(costs, granted)
        for item in ITEMS:
            if item in STAFF:
                by_posts, granted_months, counted_months = self._counted(item, filled[item], granted[item])
                items.append(ItemSum(item, granted[item], by_posts, spent[item], granted_months, counted_months))
            else:
                items.append(ItemSum(item, granted[item], spent[item], spent[item]))
        items = [one for one in items if one.granted or one.by_posts or one.by_costs or one.granted_months]
        total = sum((one.granted for one in items), Fraction(0))
        by_posts = sum((one.by_posts for one in items), Fraction(0))
        by_costs = sum((one.by_costs for one in items), Fraction(0)) if costs else None
        entitlement, decides = _decide(basis.bases, by_posts, by_costs)
        return Result(
            notice=basis.notice, first=basis.first, until=basis.until, counting=basis.counting, bases=basis.bases,
            granted=cents(total), by_posts=cents(by_posts), by_costs=None if by_costs is None else cents(by_costs),
            entitlement=cents(entitlement), repayment=cents(total) - cents(entitlement),
            exact_granted=total, exact_by_posts=by_posts, exact_by_costs=by_costs, exact_entitlement=entitlement,
            items=tuple(items), months=tuple(self.month_rows), lines=tuple(self.lines),
            doubts=self._doubts(costs, granted, by_posts, spent), own_shares=own_shares,
            preliminary=self._preliminary(items, by_costs),
            missing=self._why_missing(), decides=decides,
        )  # fmt: skip

    def _preliminary(self, items: list[ItemSum], by_costs: Fraction | None) -> str:
        if self.basis.bases == POSTS:
            return ""
        if by_costs is None:
            return PRELIMINARY
        filled = any(one.counted_months for one in items)
        paid = any(line.part == "costs" for line in self.lines)
        return UNPAID if filled and not paid else ""

    # What is granted

    def _granted(self, item: str) -> Fraction:
        """FTE × rate × time, or the amount of the notice; a part of its time is that part of its amount.

        Workplaces are paid once („bis 5.700 € je VZÄ“, Bezirksregierung Arnsberg): time does not part their amount.
        """
        total = Fraction(0)
        for whole in sorted((one for one in self.basis.grants if one.item == item), key=_order):
            for grant in self._clipped([whole]):
                if grant.amount is not None:
                    total += self._granted_amount(grant, whole)
                elif item in STAFF:
                    total += self._granted_fte(grant)
                else:
                    total += self._granted_workplace(grant)
        return total

    def _granted_amount(self, grant: Granted, whole: Granted) -> Fraction:
        amount = Fraction(grant.amount or 0)
        words = f"{euros(amount)} laut Bescheid"
        counted, every = months(grant.first, grant.until), months(whole.first, whole.until)
        if grant.item != WORKPLACE and counted != every:
            words += f", davon {in_months(counted)} von {in_months(every)}"
            amount *= counted / every
        self._line("granted", grant.item, "", grant, amount, words, facts=(("grant", grant.pk),))
        return amount

    def _granted_fte(self, grant: Granted) -> Fraction:
        total, fte = Fraction(0), Fraction(grant.fte or 0)
        for first, until, per_month, rate in self._paid(grant.item, grant.first, grant.until):
            if rate is None:
                self._no_rate(grant.item, first, until)
            self._staff_line("granted", grant.item, "", (first, until), fte, rate, facts=(("grant", grant.pk),))
            total += fte * months(first, until) * per_month
        return total

    def _granted_workplace(self, grant: Granted) -> Fraction:
        fte = Fraction(grant.fte) if grant.fte is not None else self._most_fte()
        rate = next(
            (one for one in self._rates[WORKPLACE] if one.first <= grant.first < (one.until or dt.date.max)), None
        )
        if rate is None:
            self._no_rate(WORKPLACE, grant.first, grant.until)
            return Fraction(0)
        amount = Fraction(rate.amount) / Fraction(rate.per_fte) * fte
        words = f"{euros(rate.amount)} je {number(rate.per_fte)} VZÄ × {number(fte)} VZÄ, einmalig = {euros(amount)}"
        self._line("granted", WORKPLACE, "", grant, amount, words, fte, facts=(("grant", grant.pk), ("rate", rate.pk)))
        return amount

    def _most_fte(self) -> Fraction:
        pieces = [_Piece(one.first, one.until, Fraction(one.fte or 0)) for one in self._grants if one.item in STAFF]
        return max(level for _, level in _levels(pieces, self.basis.first, self.basis.until))

    # What was filled

    def _filled_posts(self) -> dict[str, list[_Piece]]:
        """Per item, the FTE of our posts by span: min(FTE of the post, shares of those who hold it and are there).

        A person counts at most 1 FTE a day over all posts, those of other notices too; what is above is cut from
        all of them alike, so that it does not matter which was entered first.
        """
        terms = defaultdict(list)
        for term in self._clipped(self.basis.terms):
            terms[term.post].append(term)
        held = self._there(terms)
        found: dict[str, list[_Piece]] = {item: [] for item in STAFF}
        for post in sorted(terms):
            pieces = held.get(post, [])
            for term in sorted((one for one in terms[post] if one.ours), key=_by_first):
                found[term.item] += self._filled_term(term, [one for one in pieces if _meet(one, term)])
        return found

    def _there(self, terms) -> dict[str, list[_Piece]]:
        """Who is there, by post: shares with the cuts for leaves and for people above 1 FTE, parted at each change."""
        leaves = defaultdict(list)
        for leave in self._clipped(self.basis.leaves):
            if not leave.counts:
                leaves[leave.person].append(leave)
        by_person = defaultdict(list)
        for holding in self._clipped(self.basis.holdings):
            share = Fraction(holding.share)
            for term in terms.get(holding.post, ()):
                first, until = max(holding.first, term.first), min(holding.until, term.until)
                if first >= until:
                    continue
                away = leaves.get(holding.person, ())
                edges = [day for leave in away for day in (leave.first, leave.until)]
                for part in _cut_at(first, until, edges):
                    gone = [leave for leave in away if leave.first <= part[0] < leave.until]
                    facts = (("occupancy", holding.pk), *(("leave", leave.pk) for leave in gone))
                    reasons = ("unterbrochen, zählt nicht",) if gone else ()
                    value = Fraction(0) if gone else share
                    by_person[holding.person].append((holding.post, _Piece(*part, value, facts, reasons, share)))
        found = defaultdict(list)
        for pieces in by_person.values():
            steps = _levels([piece for _, piece in pieces], self.basis.first, self.basis.until)
            above = any(level > 1 for _, level in steps)
            for post, piece in pieces:
                if not above or not piece.value:
                    found[post].append(piece)
                    continue
                for first, until in _cut_at(piece.first, piece.until, [day for day, _ in steps]):
                    level = _at(steps, first)
                    counted = replace(piece, first=first, until=until)
                    if level > 1:
                        value = piece.value / level
                        words = f"eine Person mit zusammen {number(level)} VZÄ zählt nur 1, hier {number(value)}"
                        counted = replace(counted, value=value, reasons=(words,))
                    found[post].append(counted)
        return found

    def _filled_term(self, term, pieces: list[_Piece]) -> list[_Piece]:
        """The line of a post for each span in which nothing about it changes."""
        own = Fraction(term.fte)
        edges = [day for piece in pieces for day in (piece.first, piece.until)]
        found: list[_Piece] = []
        for first, until in _cut_at(term.first, term.until, edges):
            now = [piece for piece in pieces if piece.first <= first < piece.until]
            if not now:
                continue
            there = sum((piece.value for piece in now), Fraction(0))
            reasons = tuple(sorted({reason for piece in now for reason in piece.reasons}))
            if there > own:
                reasons += (
                    f"Stelle mit {number(own)} VZÄ, Anteile zusammen {number(there)}: mehr als die Stelle zählt nicht",
                )
            facts = tuple(sorted({("postterm", term.pk), *(fact for piece in now for fact in piece.facts)}))
            counted = min(own, there)
            for begin, end, _, rate in self._paid(term.item, first, until):
                self._staff_line("posts", term.item, term.post, (begin, end), counted, rate, "; ".join(reasons), facts)
            found.append(_Piece(first, until, counted))
        return found

    def _counted(self, item: str, filled: list[_Piece], granted: Fraction) -> tuple[Fraction, Fraction, Fraction]:
        """Money for filled FTE, FTE-months granted, FTE-months counted; the lines of what is cut.

        All posts together count at most the FTE granted that day. In whole months a month counts with the least that
        was filled on any of its days.
        """
        basis = self.basis
        grants = [_Piece(one.first, one.until, Fraction(one.fte or 0)) for one in self._grants if one.item == item]
        allowed, there = _levels(grants, basis.first, basis.until), _levels(filled, basis.first, basis.until)
        starts = list(month_starts(basis.first, basis.until))
        edges = [*(day for day, _ in allowed), *(day for day, _ in there), *starts]
        spans = [
            part for first, until in _cut_at(basis.first, basis.until, edges) for part in self._paid(item, first, until)
        ]
        counts = [min(_at(allowed, first), _at(there, first)) for first, *_ in spans]
        least: dict[dt.date, Fraction] = {}
        for (first, *_), counted in zip(spans, counts, strict=True):
            month = first.replace(day=1)
            least[month] = min(least.get(month, counted), counted)
        total, granted_months, counted_months = Fraction(0), Fraction(0), Fraction(0)
        by_month: dict[dt.date, list[Fraction]] = {}
        for (first, until, per_month, rate), daily in zip(spans, counts, strict=True):
            time, filled_now, allowed_now = months(first, until), _at(there, first), _at(allowed, first)
            counted = least[first.replace(day=1)] if basis.counting == WHOLE_MONTHS else daily
            if rate is None and filled_now:
                self._no_rate(item, first, until)
            if filled_now > allowed_now:
                why = (
                    f"über die bewilligten {number(allowed_now)} VZÄ hinaus"
                    if allowed_now
                    else "an diesen Tagen nichts bewilligt"
                )
                self._staff_line("posts", item, "", (first, until), allowed_now - filled_now, rate, why)
            if counted < daily:
                why = f"nur ganze Monate: das Wenigste an einem Tag des Monats sind {number(counted)} VZÄ"
                self._staff_line("posts", item, "", (first, until), counted - daily, rate, why)
            total += counted * time * per_month
            granted_months += allowed_now * time
            counted_months += counted * time
            row = by_month.setdefault(first.replace(day=1), [Fraction(0), Fraction(0)])
            row[0] += allowed_now * time
            row[1] += counted * time
        if granted_months or counted_months:
            self.month_rows += [Month(item, month, *row) for month, row in by_month.items()]
        if total > granted:
            span = _Piece(basis.first, basis.until, total)
            self._line(
                "posts",
                item,
                "",
                span,
                granted - total,
                f"höchstens bewilligt: {euros(granted)}",
                reason="mehr, als der Bescheid dafür gibt",
            )
        return min(total, granted), granted_months, counted_months

    # What was spent

    def _clipped_costs(self) -> list[tuple[Spent, Fraction]]:
        """Costs up to the last day counted; of one that reaches beyond, the part of its days."""
        found = []
        for cost in self.basis.costs:
            first, until = max(cost.first, self.basis.first), min(cost.until, self.basis.until)
            if first < until:
                part = Fraction((until - first).days, (cost.until - cost.first).days)
                found.append((cost, Fraction(cost.amount) * part))
        return found

    def _spent(
        self, costs, granted, *, as_if: str = ""
    ) -> tuple[dict[str, Fraction], tuple[tuple[str, Fraction], ...]]:
        """Eligible costs per item, no more than granted for it; and own shares. `as_if`: unclear costs of it count.

        Of money that was forwarded counts, per recipient, min(actual costs, rate × FTE × months / 12): „in Höhe der
        tatsächlichen Personalkosten, max. 55.000 €“ (Kreis Heinsberg).
        """
        quiet = bool(as_if)
        sums: dict[tuple, list] = {}
        for cost, amount in costs:
            counts = YES if as_if and cost.kind == as_if and cost.eligibility == UNCLEAR else cost.eligibility
            row = sums.setdefault((cost.item, cost.kind, cost.recipient, counts), [Fraction(0), cost, cost])
            row[0] += amount
            row[1] = min(row[1], cost, key=_by_first)
            row[2] = max(row[2], cost, key=lambda one: one.until)
        spent = dict.fromkeys(ITEMS, Fraction(0))
        own: dict[str, Fraction] = defaultdict(Fraction)
        left: dict[str, Fraction] = {}
        for (item, kind, recipient, counts), (amount, one, last) in sorted(sums.items(), key=lambda row: row[0]):
            part = "costs" if item in STAFF else "things"
            span = _Piece(max(one.first, self.basis.first), min(last.until, self.basis.until), amount)
            what = f"{one.name or kind}{f' an {recipient}' if recipient else ''}"
            if counts != YES:
                why = "ungeklärt, zählt noch nicht" if counts == UNCLEAR else "nicht förderfähig"
                if not quiet:
                    self._line(part, item, what, span, Fraction(0), f"{euros(amount)} ausgegeben", reason=why)
                continue
            if not quiet:
                self._line(part, item, what, span, amount, f"{euros(amount)} ausgegeben")
            if kind == FORWARDED:
                most = left[recipient] if recipient in left else self._forwardable(item, recipient, quiet=quiet)
                if amount > most:
                    own[recipient] += amount - most
                    if not quiet:
                        why = "Weiterleitung: mehr zahlt das Land nicht, der Rest ist Eigenanteil"
                        self._line(part, item, what, span, most - amount, f"höchstens {euros(most)}", reason=why)
                amount = min(amount, most)
                left[recipient] = most - amount
            spent[item] += amount
        for item, amount in spent.items():
            if amount > granted[item]:
                if not quiet:
                    part = "costs" if item in STAFF else "things"
                    why = "mehr, als dafür bewilligt ist" if granted[item] else "dafür ist nichts bewilligt"
                    span = _Piece(self.basis.first, self.basis.until, amount)
                    words = f"höchstens bewilligt: {euros(granted[item])}"
                    self._line(part, item, "", span, granted[item] - amount, words, reason=why)
                spent[item] = granted[item]
        return spent, tuple(sorted(own.items()))

    def _forwardable(self, item: str, recipient: str, *, quiet: bool) -> Fraction:
        total = Fraction(0)
        rows = [one for one in self._clipped(self.basis.forwardings) if one.recipient == recipient]
        if not rows and not quiet:
            self.missing.append(f"Für die Weiterleitung an {recipient} ist nicht eingetragen, für wie viele VZÄ.")
        for row in rows:
            for first, until, per_month, rate in self._paid(item if item in STAFF else POST, row.first, row.until):
                if rate is None and not quiet:
                    self._no_rate(item, first, until)
                total += Fraction(row.fte) * months(first, until) * per_month
        return total

    def _doubts(self, costs, granted, by_posts, spent) -> tuple[Doubt, ...]:
        unclear: dict[str, list] = {}
        for cost, amount in costs:
            if cost.eligibility == UNCLEAR:
                row = unclear.setdefault(cost.kind, [cost.name or cost.kind, Fraction(0)])
                row[1] += amount
        found = []
        before, _ = _decide(self.basis.bases, by_posts, sum(spent.values(), Fraction(0)))
        for kind, (name, amount) in sorted(unclear.items()):
            other, _ = self._spent(costs, granted, as_if=kind)
            posts = by_posts + sum((other[item] - spent[item] for item in (WORKPLACE, OTHER)), Fraction(0))
            after, _ = _decide(self.basis.bases, posts, sum(other.values(), Fraction(0)))
            found.append(Doubt(kind, name, amount, after - before))
        return tuple(found)

    # Inside

    def _paid(self, item: str, first: dt.date, until: dt.date) -> list[tuple[dt.date, dt.date, Fraction, Rate | None]]:
        """A span parted where the yearly rate changes: (first, until, euros per FTE and month, the rate or None)."""
        rates = [one for one in self._rates[item] if not one.once]
        found = []
        for begin, end in _cut_at(first, until, [day for one in rates for day in (one.first, one.until)]):
            rate = next((one for one in rates if one.first <= begin < one.until), None)
            found.append((begin, end, _per_month(rate), rate))
        return found

    def _clipped(self, rows: Iterable):
        """Rows with a day within what is counted, cut to it."""
        first, until = self.basis.first, self.basis.until
        return [
            replace(row, first=max(row.first, first), until=min(row.until or until, until))
            for row in rows
            if row.first < until and (row.until is None or row.until > first)
        ]

    def _line(self, part, item, what, span, amount, words, fte=None, reason="", facts: Facts = ()) -> None:
        self.lines.append(
            Line(part, item, what, span.first, span.until, amount, words, fte, reason=reason, facts=facts)
        )  # fmt: skip

    def _staff_line(self, part, item, what, span, fte, rate, reason="", facts: Facts = ()) -> None:
        """A line of FTE × time × rate; one that says the same as the one before it makes that one longer."""
        first, until = span
        if rate:
            facts = (*facts, ("rate", rate.pk))
        alike = (part, item, what, fte, rate, reason, facts if part == "granted" else ())
        place = self._alike.get(alike)
        if place is not None and self.lines[place].until == first:
            first, facts = self.lines[place].first, (*self.lines[place].facts, *facts)
        else:
            place = self._alike[alike] = len(self.lines)
            self.lines.append(_NO_LINE)
        time = months(first, until)
        amount = fte * time * _per_month(rate)
        words = _formula(fte, time, rate, amount)
        self.lines[place] = Line(
            part, item, what, first, until, amount, words, fte, time, reason, tuple(sorted({*facts})), rate
        )  # fmt: skip

    def _no_rate(self, item: str, first: dt.date, until: dt.date) -> None:
        self._unpaid[item].append(_Piece(first, until, Fraction(1)))

    def _why_missing(self) -> tuple[str, ...]:
        """Each thing that is missing once; days without a rate by spans."""
        found = [*self.missing]
        for item, pieces in self._unpaid.items():
            steps = [*_levels(pieces, self.basis.first, self.basis.until), (self.basis.until, Fraction(0))]
            begun: dt.date | None = None
            for day, level in steps:
                if level and begun is None:
                    begun = day
                elif not level and begun is not None:
                    last = day - dt.timedelta(days=1)
                    found.append(f"Fördersatz für {NAMES[item]} fehlt: {begun:%d.%m.%Y} bis {last:%d.%m.%Y}.")
                    begun = None
        return tuple(dict.fromkeys(found))


def _decide(bases: str, by_posts: Fraction, by_costs: Fraction | None) -> tuple[Fraction, str]:
    if by_costs is None or bases == POSTS:
        return by_posts, POSTS
    if bases == COSTS or by_costs < by_posts:
        return by_costs, COSTS
    return by_posts, POSTS


def _per_month(rate: Rate | None) -> Fraction:
    return Fraction(rate.amount) / Fraction(rate.per_fte) / 12 if rate else Fraction(0)


def _by_first(row):
    return row.first


def _meet(one, other) -> bool:
    return one.first < other.until and other.first < one.until


def _order(grant: Granted):
    return (grant.first, grant.until, Fraction(grant.fte or 0), Fraction(grant.amount or 0), grant.pk)


# In words


def euros(amount: Amount) -> str:
    """„1.234,56 €“."""
    return f"{cents(amount):,.2f}".translate(str.maketrans(",.", ".,")) + "\N{NO-BREAK SPACE}€"


def number(value: Amount, places: int = 3) -> str:
    """„0,75“, „11“; no more places than needed."""
    scale = 10**places
    rounded = Decimal(cents(Fraction(value) * scale / 100)).scaleb(2 - places)
    text = f"{rounded:,.{places}f}".translate(str.maketrans(",.", ".,"))
    return text.rstrip("0").removesuffix(",")


def in_months(time: Fraction) -> str:
    """„6 Monate“, „2 17/31 Monate“; where days of months of unequal length add up, in four places."""
    whole, rest = divmod(time, 1)
    if not rest:
        return "1 Monat" if whole == 1 else f"{whole} Monate"
    if rest.denominator > 31:
        return f"{number(time, 4)} Monate"
    return f"{f'{whole} ' if whole else ''}{rest} Monate"


def _formula(fte: Fraction, time: Fraction, rate: Rate | None, amount: Fraction) -> str:
    if rate is None:
        return f"{number(fte)} VZÄ × {in_months(time)}, kein Fördersatz"
    per = "" if Fraction(rate.per_fte) == 1 else f" je {number(rate.per_fte)} VZÄ"
    return f"{number(fte)} VZÄ × {in_months(time)} × {euros(rate.amount)}{per} ÷ 12 = {euros(amount)}"
