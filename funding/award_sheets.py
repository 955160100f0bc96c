"""Notices as lines of their list and as its file."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from funding import money
from funding.models import AwardNotice
from kim import workdays
from steering.export import Column, Sheet


@dataclass(frozen=True)
class Line:
    """`fte` as of today, before the period as of its first day and after it as of its last."""

    notice: AwardNotice
    fte: Decimal
    status: money.Station
    balance: money.Balance


def lines(notices: Sequence[AwardNotice]) -> list[Line]:
    """Of notices that were read by money.with_money."""
    return [_line(notice) for notice in notices]


def _line(notice: AwardNotice) -> Line:
    day = min(max(workdays.today(), notice.period.valid_from), notice.period.last_day)
    return Line(notice, notice.granted_fte_on(day), money.status(notice), money.balance(notice))


def sheet(notices: QuerySet, narrowed_by: Sequence[str]) -> Sheet:
    columns: Sequence[Column] = (
        ("Kennung", 16, lambda one: one.number),
        ("Modul", 14, lambda one: f"Modul {'12'}"),
    )
    rows = money.with_money(notices).order_by("number")
    return Sheet("Bescheide", "awardnotice.export", columns, rows, narrowed_by)
