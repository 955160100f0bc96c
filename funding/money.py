"""Where the money of a notice is, derived from dated facts: its days, payments, proofs and released calculations.

Source of the stations: docs/funding.md. Nothing here is kept in a column.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from funding.models import Award, AwardNotice, Calculation, Deadline, Grant, Payment, Proof, Terms
from kim import workdays
from kim.together import Slot, together

ZERO = Decimal(0)


@dataclass(frozen=True)
class Station:
    label: str
    reached: bool
    on: dt.date | None = None
    words: str = ""


@dataclass(frozen=True)
class Balance:
    """Euros. `owed` is what the latest released calculation says is to be paid back; None where none is released.
    `granted` is that of a calculation of the whole period; None where it reaches less far.

    Money that was never called off need not be paid back: of what is owed, the part not called off is taken away
    first. Where no call-off is entered, all of it counts as paid out.
    """

    called_off: Decimal
    repaid: Decimal
    interest: Decimal
    granted: Decimal | None
    owed: Decimal | None

    @property
    def not_called_off(self) -> Decimal:
        if self.granted is None or not self.called_off:
            return ZERO
        return max(ZERO, self.granted - self.called_off)

    @property
    def to_pay_back(self) -> Decimal | None:
        return None if self.owed is None else max(ZERO, self.owed - self.not_called_off)

    @property
    def still_open(self) -> Decimal | None:
        return None if self.to_pay_back is None else max(ZERO, self.to_pay_back - self.repaid)

    @property
    def is_above_granted(self) -> bool:
        return self.granted is not None and self.called_off > self.granted


def with_money(notices: QuerySet) -> QuerySet:
    """`notices` with all that stations and balance ask; five queries however many there are."""
    released = Calculation.objects.filter(released_at__isnull=False).order_by("released_at", "pk").defer("data")
    return notices.select_related("period__programme", "recipient").prefetch_related(
        Prefetch("grants", Grant.objects.believed(), to_attr="grants_read"),
        Prefetch("payments", Payment.objects.order_by("on_day", "pk"), to_attr="payments_read"),
        Prefetch("calculations", released, to_attr="released_read"),
        Prefetch("proofs", to_attr="proofs_read"),
    )


def read(notice: AwardNotice) -> AwardNotice:
    """The same of one notice, with its terms and what is due, in one query."""
    for name, rows in _around()(notice=notice.pk).items():
        setattr(notice, name, rows)
    return notice


@together
def _around():
    here = {"notice": Slot("notice")}
    return {
        "grants_read": Grant.objects.believed().filter(**here).order_by("item", "valid_from", "pk"),
        "terms_read": Terms.objects.believed().filter(**here).order_by("valid_from", "pk"),
        "payments_read": Payment.objects.filter(**here).order_by("on_day", "pk"),
        "deadlines_read": Deadline.objects.filter(**here).order_by("due_on", "pk"),
        "released_read": Calculation.objects.filter(released_at__isnull=False, **here)
        .order_by("released_at", "pk")
        .defer("data"),
        "proofs_read": Proof.objects.filter(**here).order_by("submitted_on", "pk"),
    }


def latest_released(notice: AwardNotice) -> Calculation | None:
    return notice.released_read[-1] if notice.released_read else None


def balance(notice: AwardNotice) -> Balance:
    paid = {
        kind: sum((one.amount for one in _counting(notice) if one.kind == kind), ZERO) for kind in Payment.Kind.values
    }
    released = latest_released(notice)
    return Balance(
        called_off=paid["called_off"],
        repaid=paid["repaid"],
        interest=paid["interest"],
        granted=released.granted if released and released.until == notice.period.until else None,
        owed=released.repayment if released else None,
    )


def stations(notice: AwardNotice, today: dt.date | None = None) -> list[Station]:
    """From application to money paid back. What does not happen to a notice of its kind is left out."""
    return list(_stations(notice, today or workdays.today()))


def status(notice: AwardNotice, today: dt.date | None = None) -> Station:
    """The furthest station that was reached; before all of them, the one that comes first."""
    found = stations(notice, today)
    return next((one for one in reversed(found) if one.reached), Station("noch nicht bewilligt", False))


def _stations(notice: AwardNotice, today: dt.date) -> Iterator[Station]:
    if notice.applied_on or notice.programme.award == Award.APPLICATION:
        yield _by_day("beantragt", notice.applied_on, today)
    if notice.granted_on is None and notice.grants_read:
        yield Station("bewilligt", True, words="Tag nicht belegt")
    else:
        yield _by_day("bewilligt", notice.granted_on, today)
    called = [one.on_day for one in _counting(notice) if one.kind == Payment.Kind.CALLED_OFF]
    more = f"zuletzt {called[-1]:%d.%m.%Y}" if len(called) > 1 else ""
    yield _by_day("abgerufen", called[0] if called else None, today, more)
    ahead = f"bis {notice.period.last_day:%d.%m.%Y}" if notice.period.until > today else ""
    yield _by_day("verausgabt", notice.period.last_day, today, ahead)
    handed_in = max((one.submitted_on for one in notice.proofs_read), default=None)
    yield _by_day("nachgewiesen", handed_in, today)
    yield _by_day("geprüft", notice.audited_on, today)
    yield from _back(notice, today)


def _back(notice: AwardNotice, today: dt.date) -> Iterator[Station]:
    released, money = latest_released(notice), balance(notice)
    if released is None or released.released_at is None:
        yield Station("zurückzuzahlen", False, words="noch nicht abgerechnet")
        return
    on = timezone.localdate(released.released_at)
    if not money.to_pay_back:
        yield Station("nichts zurückzuzahlen", True, on, released.number or "")
        return
    yield Station("zurückzuzahlen", True, on, released.number or "")
    yield _by_day("zurückgezahlt", _repaid_on(notice, money.to_pay_back), today)


def _repaid_on(notice: AwardNotice, owed: Decimal) -> dt.date | None:
    """The day on which what was paid back reached what was owed."""
    paid = ZERO
    for one in _counting(notice):
        paid += one.amount if one.kind == Payment.Kind.REPAID else ZERO
        if paid >= owed:
            return one.on_day
    return None


def _counting(notice: AwardNotice) -> list[Payment]:
    return [one for one in notice.payments_read if one.cancelled_at is None]


def _by_day(label: str, on: dt.date | None, today: dt.date, words: str = "") -> Station:
    reached = on is not None and on <= today
    return Station(label, reached, on if reached else None, words)
