"""One's own numbers, exact: a case manager's consultations by month, quarter or year, and Modul 3's procedures by kind.

Shown to nobody but themselves: they know the people behind them. Counted from the rows as they are now; what is erased
is gone from here.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from statistics import median_low
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth, TruncQuarter, TruncYear
from django.utils import timezone

from casework.models import Checklist, Consultation, Procedure
from casework.models.consultations import INTERPRETER_MISSING
from kim import workdays
from kim.dated import months_after


class Span(StrEnum):
    """What is added up into one line."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def words(self) -> str:
        return {Span.MONTH: "Monate", Span.QUARTER: "Quartale", Span.YEAR: "Jahre"}[self]

    @property
    def months(self) -> int:
        return {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}[self]

    @property
    def lines(self) -> int:
        """So many are shown, the present one among them."""
        return {Span.MONTH: 12, Span.QUARTER: 8, Span.YEAR: 5}[self]

    def first(self, day: dt.date) -> dt.date:
        """The first day of the one that `day` lies in."""
        return day.replace(day=1, month=day.month - (day.month - 1) % self.months)

    def called(self, first: dt.date) -> str:
        """„07/2026“, „3. Quartal 2026“, „2026“."""
        if self is Span.MONTH:
            return f"{first:%m/%Y}"
        return str(first.year) if self is Span.YEAR else f"{first.month // 3 + 1}. Quartal {first.year}"


TRUNCATED = {Span.MONTH: TruncMonth, Span.QUARTER: TruncQuarter, Span.YEAR: TruncYear}


@dataclass(frozen=True)
class Line:
    """What one did in a month, quarter or year. `persons`: different clients, each once; `anonymous`: those noted in
    consultations without a case, who are counted each time.
    """

    first: dt.date
    name: str
    consultations: int = 0
    persons: int = 0
    anonymous: int = 0
    actions: int = 0
    quarter_hours: int = 0
    missing: int = 0

    @property
    def hours(self) -> Decimal:
        """To a quarter."""
        return Decimal(self.quarter_hours) / 4


@dataclass(frozen=True)
class Topic:
    label: str
    consultations: int
    persons: int
    actions: int


def lines(user, span: Span, today: dt.date | None = None) -> list[Line]:
    """The latest first, those without a consultation as well. One query."""
    last = span.first(today or workdays.today())
    firsts = [months_after(last, -span.months * number) for number in range(span.lines)]
    alone = Q(case__isnull=True)
    rows = (
        Consultation.objects.filter(author=user, held_on__gte=firsts[-1])
        .order_by()
        .annotate(of=TRUNCATED[span]("held_on"))
        .values("of")
        .annotate(
            consultations=Count("pk"),
            clients=Count("case__client", distinct=True),
            anonymous=Sum("persons", filter=alone),
            acts=Sum("actions"),
            quarters=Sum("quarter_hours"),
            missing=Count("pk", filter=Q(interpreter__code=INTERPRETER_MISSING)),
        )
    )
    found = {row["of"]: row for row in rows}
    return [_line(span, first, found.get(first)) for first in firsts]


def _line(span: Span, first: dt.date, row: Mapping[str, Any] | None) -> Line:
    if row is None:
        return Line(first, span.called(first))
    return Line(
        first, span.called(first), row["consultations"], row["clients"], row["anonymous"] or 0, row["acts"],
        row["quarters"], row["missing"],
    )  # fmt: skip


def topics(user, first: dt.date, until: dt.date) -> list[Topic]:
    """Those with the most consultations first; a consultation counts in each of its topics. One query."""
    rows = (
        Consultation.objects.filter(author=user, held_on__gte=first, held_on__lt=until, topics__isnull=False)
        .order_by()
        .values("topics__label", "topics__short")
        .annotate(number=Count("pk"), clients=Count("case__client", distinct=True), acts=Sum("actions"))
    )
    found = [
        Topic(row["topics__short"] or row["topics__label"], row["number"], row["clients"], row["acts"]) for row in rows
    ]
    return sorted(found, key=lambda one: (-one.consultations, one.label))


# Modul 3


@dataclass
class Kind:
    """Procedures of one kind. Days are calendar days from the hand-over to the decision; `oldest`: since when the
    longest waiting one is open.
    """

    name: str
    received: int = 0
    open: int = 0
    granted: int = 0
    refused: int = 0
    other: int = 0
    days: list[int] = field(default_factory=list)
    oldest: dt.date | None = None

    @property
    def decided(self) -> int:
        return self.granted + self.refused + self.other

    @property
    def median(self) -> int | None:
        """In days, a real one of them; None where nothing was decided."""
        return median_low(self.days) if self.days else None


def procedures(user, first: dt.date, until: dt.date) -> list[Kind]:
    """What one's authority was handed and decided from `first` to before `until`, and what is open now; a last line
    adds it up. Only while the consent holds, as everywhere. One query.
    """
    kinds = {value: Kind(label) for value, label in Checklist.Kind.choices}
    every = Kind("insgesamt")
    rows = Procedure.objects.received_by(user).order_by()
    for kind, at, outcome, ended in rows.values_list("checklist__kind", "handed_over_at", "outcome", "ended_on"):
        for one in (kinds[kind], every):
            _add(one, timezone.localtime(at).date(), outcome, ended, first, until)
    told = [one for one in kinds.values() if one.received or one.open or one.decided]
    return [*told, every] if told else []


def _add(one: Kind, came: dt.date, outcome: str, ended: dt.date | None, first: dt.date, until: dt.date) -> None:
    one.received += first <= came < until
    if ended is None:
        one.open += 1
        one.oldest = min(one.oldest or came, came)
    elif first <= ended < until:
        outcomes = Procedure.Outcome
        one.granted += outcome == outcomes.GRANTED
        one.refused += outcome == outcomes.REFUSED
        one.other += outcome not in (outcomes.GRANTED, outcomes.REFUSED)
        one.days.append((ended - came).days)
