"""What the page of a notice says about its repayment: as it stands, as it will be, and what was drawn up."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from funding import access, facts_of_notice, spending
from funding.forecast import forecast
from funding.frozen import digest, frozen
from funding.models import AwardNotice, Calculation
from funding.pages import NOTICE
from funding.repayment import Result, cents, work_out
from funding.worked_out import more_or_less
from kim import workdays
from kim.rules import allows


@dataclass(frozen=True)
class Column:
    """A result as a column; cents and months."""

    title: str
    result: Result
    vacant: Decimal
    hides_costs: bool
    hides_outcome: bool


@dataclass(frozen=True)
class Drawn:
    calculation: Calculation
    has_changed: bool
    #: „500,25 € mehr“ to be paid back than it says.
    more: str
    hides_outcome: bool


@NOTICE.section("funding/_notice_repayment.html", order=60)
def repayment(user, notice: AwardNotice) -> dict:
    facts = facts_of_notice.of(notice)
    payees = spending.payees(user, [notice])[notice.pk]
    columns = list(_columns(facts, notice, payees))
    return {
        "notice": notice,
        "columns": columns,
        "told": columns[0].result,
        "is_forecast": columns[-1].result.until > workdays.today(),
        "drawn": _drawn(facts, notice, payees),
        "draws_up": allows(access.draws_up_calculations, user),
    }


def _columns(facts: facts_of_notice.Facts, notice: AwardNotice, payees: spending.Payees):
    """Of a period that runs: up to today, and the forecast. Of one that is over or to come: one of them."""
    today, whole = workdays.today(), facts.basis(notice.pk)
    if whole.first <= today < whole.until - dt.timedelta(days=1):
        so_far = work_out(facts.basis(notice.pk, today + dt.timedelta(days=1)))
        yield _column(f"bis heute, {today:%d.%m.%Y}", so_far, payees)
    last = whole.until - dt.timedelta(days=1)
    over = whole.until <= today
    yield _column(f"bis {last:%d.%m.%Y}{'' if over else ', wenn sich nichts ändert'}", forecast(whole, today), payees)


def _column(title: str, result: Result, payees: spending.Payees) -> Column:
    discretion = payees.discretion(result.until)
    return Column(title, result, cents(result.vacant_months), discretion.total, discretion.hides_outcome(result))


def _drawn(facts: facts_of_notice.Facts, notice: AwardNotice, payees: spending.Payees) -> Sequence[Drawn]:
    """Drafts and released calculations, the latest first, each compared with what comes out now."""
    rows = (
        notice.calculations.filter(dropped_at__isnull=True).defer("data").select_related("drawn_up_by", "released_by")
    )
    found = []
    for one in rows.order_by("-pk"):
        now = work_out(facts.basis(notice.pk, one.until))
        discretion = payees.discretion(one.until)
        hides = discretion.hides_outcome(one) or discretion.hides_outcome(now)
        found.append(Drawn(one, digest(frozen(now)) != one.digest, more_or_less(now.repayment - one.repayment), hides))
    return found
