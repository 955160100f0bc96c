"""Reads what a calculation of notices rests on, as plain data: two queries, however many notices, posts and costs.

A notice pays for posts of its module whose term names its recipient. People who hold them are read with all their
other posts, since nobody counts more than 1 FTE in all.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import F

from funding.models import (
    AwardNotice,
    Cost,
    CostKind,
    Eligibility,
    EligibilityRule,
    Forwarding,
    Grant,
    Item,
    Leave,
    Occupancy,
    PostTerm,
    Rate,
    Terms,
)
from funding.models.programmes import STAFF
from funding.repayment import Away, Basis, Granted, Holding, Spent, Term
from funding.repayment import Forwarding as Forwarded
from funding.repayment import Rate as Paid
from kim.together import Statement

#: What pays for a kind of cost where no rule says it (docs/funding.md, code list of kinds of costs).
USUALLY = {CostKind.PERSONNEL: Item.POST, CostKind.EMPLOYER: Item.POST, CostKind.FORWARDED: Item.POST}
USUALLY |= {CostKind.WORKPLACE: Item.WORKPLACE}
NOTHING_GRANTED = "Noch ist nicht eingetragen, was der Bescheid bewilligt."


def basis_of(notice: AwardNotice, until: dt.date | None = None, known_at: dt.datetime | None = None) -> Basis:
    """What is known of a notice now, or was at `known_at`; counted up to the day before `until`."""
    return read([notice], known_at).basis(notice.pk, until)


def bases_of(
    notices: Iterable[AwardNotice], until: dt.date | None = None, known_at: dt.datetime | None = None
) -> dict[int, Basis]:
    """The same for several, by their ids, in the same number of queries."""
    notices = list(notices)
    found = read(notices, known_at)
    return {notice.pk: found.basis(notice.pk, until) for notice in notices}


def read(notices: Collection[AwardNotice], known_at: dt.datetime | None = None) -> "Facts":
    """All facts about these notices. Raises nothing: what is missing is said by the calculation."""
    pks = {notice.pk for notice in notices}
    rows = list(AwardNotice.objects.filter(pk__in=pks).select_related("period__programme"))
    if not rows:
        return Facts({}, {})
    first = min(notice.period.valid_from for notice in rows)
    until = max(_end(notice) for notice in rows)
    statement = Statement(_sets(rows, first, until, known_at), planned=False)
    return Facts({notice.pk: notice for notice in rows}, statement())


def of(notice: AwardNotice) -> "Facts":
    """The facts about one notice as they are now; read once for all sections of its page."""
    if "facts_read" not in notice.__dict__:
        notice.__dict__["facts_read"] = read([notice])
    return notice.__dict__["facts_read"]


def _end(notice: AwardNotice) -> dt.date:
    """Funding periods always have one; the database sees to it."""
    return notice.period.valid_until or dt.date.max


def _sets(notices, first: dt.date, until: dt.date, known_at):
    def known(model):
        return model.objects.believed(known_at).within(first, until).order_by()

    of_notice = {"notice__in": [notice.pk for notice in notices]}
    of_programme = {"programme__in": {notice.period.programme_id for notice in notices}}
    return {
        "terms": known(Terms).filter(**of_notice).only("notice_id", "valid_from", "valid_until", "counting", "bases"),
        "grants": known(Grant).filter(**of_notice),
        "rates": known(Rate).filter(**of_programme),
        "rules": known(EligibilityRule).filter(**of_programme),
        "costs": known(Cost)
        .filter(**of_notice)
        .only("notice_id", "kind", "valid_from", "valid_until", "amount", "eligibility")
        .annotate(to=F("recipient__name"), post_item=F("post__item")),
        "forwardings": known(Forwarding).filter(**of_notice).annotate(to=F("recipient__name")),
        # All of the county's, and who matters is found in memory: a few thousand rows. Three subqueries within each
        # other are gone through row by row where the database has no statistics yet.
        "posts": known(PostTerm)
        .only("valid_from", "valid_until", "fte", "recipient_id")
        .annotate(number=F("post__number"), item=F("post__item"), module=F("post__module")),
        "holdings": known(Occupancy)
        .only("user_id", "valid_from", "valid_until", "share")
        .annotate(number=F("post__number")),
        "leaves": known(Leave).only("user_id", "valid_from", "valid_until", "counts"),
    }


@dataclass(frozen=True)
class Facts:
    """Rows as they were read, and the basis of each notice for any day."""

    notices: dict[int, AwardNotice]
    rows: dict[str, list]

    @cached_property
    def by_notice(self) -> dict[tuple[str, int], list]:
        found = defaultdict(list)
        for name in ("terms", "grants", "costs", "forwardings"):
            for row in self.rows.get(name, ()):
                found[name, row.notice_id].append(row)
        return found

    def basis(self, pk: int, until: dt.date | None = None) -> Basis:
        """Counted up to the day before `until`, within the period. The terms of the last day counted decide."""
        notice = self.notices[pk]
        first, end = notice.period.valid_from, _end(notice)
        until = max(first + dt.timedelta(days=1), min(until or end, end))
        mine = {name: self.by_notice[name, pk] for name in ("terms", "grants", "costs", "forwardings")}
        terms = self._terms(mine["terms"], until)
        posts, holdings, leaves = self._people(notice, first, until)
        return Basis(
            notice.number, first, until,
            counting=terms.counting if terms else Terms.Counting.BY_DAY.value,
            bases=terms.bases if terms else Terms.Bases.SMALLER.value,
            grants=[_granted(one) for one in mine["grants"]],
            rates=[_rate(one) for one in self._of_programme("rates", notice)],
            terms=posts, holdings=holdings, leaves=leaves,
            costs=self._spent(notice, mine["costs"]),
            forwardings=[
                Forwarded(one.to, one.valid_from, one.valid_until, one.fte, one.pk)
                for one in mine["forwardings"]
            ],
            missing=() if mine["grants"] else (NOTHING_GRANTED,),
        )  # fmt: skip

    def _terms(self, rows, until: dt.date):
        begun = [one for one in rows if one.valid_from < until]
        return max(begun, key=lambda one: one.valid_from, default=None)

    def _of_programme(self, name: str, notice) -> list:
        return [one for one in self.rows[name] if one.programme_id == notice.period.programme_id]

    def _people(self, notice, first: dt.date, until: dt.date):
        """Terms of posts, who holds them, and leaves: of our posts, and of all others their people hold."""

        def here(row) -> bool:
            return row.valid_from < until and (row.valid_until is None or row.valid_until > first)

        ours = {
            one.pk for one in self.rows["posts"]
            if one.recipient_id == notice.recipient_id and one.module == notice.module and here(one)
        }  # fmt: skip
        numbers = {one.number for one in self.rows["posts"] if one.pk in ours}
        held = [one for one in self.rows["holdings"] if here(one)]
        people = {one.user_id for one in held if one.number in numbers}
        held = [one for one in held if one.user_id in people]
        numbers |= {one.number for one in held}
        posts = [
            Term(one.number, one.item, one.valid_from, one.valid_until, one.fte, one.pk in ours, one.pk)
            for one in self.rows["posts"] if one.number in numbers and here(one)
        ]  # fmt: skip
        holdings = [
            Holding(one.number, one.user_id, one.valid_from, one.valid_until, one.share, one.pk) for one in held
        ]  # fmt: skip
        leaves = [
            Away(one.user_id, one.valid_from, one.valid_until, one.counts, one.pk)
            for one in self.rows["leaves"] if one.user_id in people and here(one)
        ]  # fmt: skip
        return posts, holdings, leaves

    def _spent(self, notice, rows) -> list[Spent]:
        """Costs with what the rule of their first day says, unless they say something else themselves; a kind without
        a rule is unclear. People are paid from the item of their post.
        """
        rules = defaultdict(list)
        for rule in self._of_programme("rules", notice):
            rules[rule.kind].append(rule)
        found = []
        for cost in rows:
            rule = next((one for one in rules[cost.kind] if one.holds_on(cost.valid_from)), None)
            item = rule.item if rule else USUALLY.get(cost.kind, Item.OTHER).value
            if item in STAFF and cost.post_item:
                item = cost.post_item
            told = cost.eligibility or (rule.eligibility if rule else Eligibility.UNCLEAR.value)
            label = str(CostKind(cost.kind).label)
            found.append(
                Spent(cost.kind, item, cost.valid_from, cost.valid_until, cost.amount, told, cost.to or "", label)
            )  # fmt: skip
        return found


def _granted(row) -> Granted:
    return Granted(row.item, row.valid_from, row.valid_until, row.fte, row.amount, row.pk)


def _rate(row) -> Paid:
    return Paid(row.item, row.valid_from, row.valid_until, row.amount, row.per_fte, row.once, row.pk)
