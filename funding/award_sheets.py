"""Notices as lines of their list and as its file: what is granted, where the money is, what goes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from funding import facts_of_notice, forecast, money, spending
from funding.models import AwardNotice, Calculation, Module
from funding.repayment import Result
from kim import workdays
from steering.export import MOST, Column, Sheet

FORECAST, NOT_SETTLED = "Prognose", "nicht abgerechnet"


@dataclass(frozen=True)
class Line:
    """`fte` as of today, before the period as of its first day and after it as of its last.

    Euros are those of the calculation released for the whole period; where there is none, of one to its end if nothing
    changes. `rests_on` says which. `repayment` is None where it would tell what somebody earns.
    """

    notice: AwardNotice
    fte: Decimal
    status: money.Station
    balance: money.Balance
    granted: Decimal
    repayment: Decimal | None
    rests_on: str

    @property
    def module(self) -> str:
        return Module(self.notice.module).short


def lines(notices: Sequence[AwardNotice], user) -> list[Line]:
    """Of notices read by money.with_money, for `user`; a fixed number of queries more, however many there are."""
    discretion = spending.discretion(user, notices)
    bases = facts_of_notice.bases_of([one for one in notices if not _settled(one)])
    return [
        _line(notice, _settled(notice) or forecast.forecast(bases[notice.pk]), discretion[notice.pk])
        for notice in notices
    ]


def _settled(notice: AwardNotice) -> Calculation | None:
    """The latest released calculation, if it reaches to the end of the period."""
    released = money.latest_released(notice)
    return released if released and released.until == notice.period.until else None


def _line(notice: AwardNotice, found: Calculation | Result, discretion: spending.Discretion) -> Line:
    day = min(max(workdays.today(), notice.period.valid_from), notice.period.last_day)
    unsettled = FORECAST if notice.period.until > workdays.today() else NOT_SETTLED
    return Line(
        notice=notice,
        fte=notice.granted_fte_on(day),
        status=money.status(notice),
        balance=money.balance(notice),
        granted=found.granted,
        repayment=None if discretion.hides_outcome(found) else found.repayment,
        rests_on=str(found.number) if isinstance(found, Calculation) else unsettled,
    )


# As a file

COLUMNS: Sequence[Column] = (
    ("Kennung", 16, lambda line: line.notice.number),
    ("Modul", 10, lambda line: line.module),
    ("Programm", 36, lambda line: str(line.notice.programme)),
    ("Empfänger", 36, lambda line: str(line.notice.recipient)),
    ("Aktenzeichen", 20, lambda line: line.notice.reference),
    ("von", 11, lambda line: line.notice.period.valid_from),
    ("bis", 11, lambda line: line.notice.period.last_day),
    ("VZÄ", 8, lambda line: line.fte),
    ("Stand der Mittel", 22, lambda line: line.status.label),
    ("seit", 11, lambda line: line.status.on),
    ("bewilligt (€)", 16, lambda line: line.granted),
    ("abgerufen (€)", 16, lambda line: line.balance.called_off),
    ("Rückzahlung (€)", 16, lambda line: line.repayment),
    ("nach", 14, lambda line: line.rests_on),
    ("zurückgezahlt (€)", 16, lambda line: line.balance.repaid),
)


def sheet(notices: QuerySet, narrowed_by: Sequence[str], user) -> Sheet:
    """What the filter leaves of `notices`. There are some dozens: they are worked out at once."""
    rows = lines(list(money.with_money(notices).order_by("number")[: MOST + 1]), user)
    return Sheet("Bescheide", "awardnotice.export", COLUMNS, rows, narrowed_by)
