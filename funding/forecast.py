"""What will have to be paid back at the end of a period if nothing changes, and what would if something did.

People whose occupancy has no end stay. Costs still to come are not known, so a period that runs is forecast by filled
FTE alone; one that is over by what its terms say.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from funding import facts_of_notice
from funding.models import AwardNotice
from funding.repayment import POSTS, Basis, Result, euros, number, work_out
from kim import workdays
from kim.rehearsal import Measure


def forecast(basis: Basis, today: dt.date | None = None) -> Result:
    """Of a whole period; `basis` reaches to its end."""
    return work_out(as_forecast(basis, today))


def as_forecast(basis: Basis, today: dt.date | None = None) -> Basis:
    return replace(basis, bases=POSTS) if basis.until > (today or workdays.today()) else basis


def repayment_measure(notices: Iterable[AwardNotice]) -> Measure:
    """For previews (kim.rehearsal): the forecast of each notice before and after; read anew each time it is asked."""
    return partial(_figures, list(notices))


def _figures(notices: list[AwardNotice]) -> dict[str, str]:
    found = {}
    for basis in facts_of_notice.bases_of(notices).values():
        result = forecast(basis)
        last = basis.until - dt.timedelta(days=1)
        vacant = f"{number(result.vacant_months, 2)} freie Stellenmonate"
        found[f"Rückzahlung aus {basis.notice} bis {last:%d.%m.%Y}"] = f"{euros(result.repayment)}, {vacant}"
    return found
