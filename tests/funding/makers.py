"""Makers of programmes, notices, posts and what is said about them, by the acts people use."""

import datetime as dt
from itertools import count

from funding import cost_sheets
from funding.models import (
    AwardNotice,
    Calculation,
    Cost,
    CostImport,
    Deadline,
    EligibilityRule,
    FundingPeriod,
    Grant,
    Leave,
    Occupancy,
    Payment,
    Post,
    PostTerm,
    Programme,
    Rate,
    ReportedFigure,
    Terms,
)
from kim.models import Organisation, Role, User
from tests.factories import organisation, user

D = dt.date
START, YEAR, NEXT_YEAR, FEBRUARY = D(2020, 7, 1), D(2021, 1, 1), D(2022, 1, 1), D(2021, 2, 1)
LONG_AGO = D(2020, 1, 1)
_number = count(1)


def admin() -> User:
    """Somebody who keeps posts and money; always the same one."""
    found = User.objects.filter(username="verwaltung-test").first()
    return found or user(Role.ADMIN, username="verwaltung-test", email="")


def programme(module="case_management", key=None, **fields) -> Programme:
    """One with 55.000 € per FTE and year until 2022 and 57.000 € from 2023."""
    made = Programme.objects.create(
        **{"key": key or f"p{next(_number)}", "name": "KIM", "module": module, "award": "lump_sum"} | fields
    )
    rate = Rate.enter(by=admin(), programme=made, item="post", amount=55_000, valid_from=D(2020, 1, 1))
    rate.change_from(D(2023, 1, 1), by=admin(), amount=57_000)
    return made


def notice(fte=11, first=YEAR, until=NEXT_YEAR, *, of=None, recipient=None, terms=None, **fields):
    """A notice over a whole period with one grant of posts, counted by posts alone unless `terms` say otherwise."""
    period, _ = FundingPeriod.objects.get_or_create(
        programme=of or programme(), valid_from=first, defaults={"valid_until": until}
    )
    made = AwardNotice.objects.create(
        **{"number": f"B{next(_number)}", "period": period, "recipient": recipient or recipient_county()} | fields
    )
    whole = {"notice": made, "valid_from": period.valid_from, "valid_until": period.valid_until, "by": admin()}
    Terms.enter(**whole, **{"bases": "posts"} | (terms or {}))
    if fte:
        Grant.enter(**whole, item="post", fte=fte)
    return made


def recipient_county() -> Organisation:
    return organisation()


def post(first=START, until=None, *, fte=1, module="case_management", recipient=None, **fields) -> Post:
    no = next(_number)
    made = Post.objects.create(
        **{"number": f"S{no}", "title": f"Stelle {no}", "module": module, "item": "post"} | fields
    )
    employer = recipient or recipient_county()
    PostTerm.enter(
        by=admin(), post=made, fte=fte, employer=employer, recipient=employer, valid_from=first, valid_until=until
    )
    return made


def held(of: Post, first, until=None, *, share=1, by=None, person=None, **fields) -> Occupancy:
    """`person` (a new case manager unless given) holds `share` of a post."""
    return Occupancy.enter(
        by=by or admin(), post=of, user=person or user(Role.CASE_MANAGER), share=share, valid_from=first,
        valid_until=until, **fields,
    )  # fmt: skip


def cost(of: AwardNotice, amount, first=YEAR, until=FEBRUARY, *, kind="personnel", **fields) -> Cost:
    return Cost.enter(
        by=admin(), notice=of, kind=kind, amount=amount, valid_from=first, valid_until=until, **fields
    )  # fmt: skip


def cost_import(*lines, by=None):
    """Lines of a sheet, each as column → text, looked over and waiting; one that is faulty unless given."""
    told = list(enumerate(lines or [{"post": "gibt-es-nicht", "month": "03.2021", "amount": "1"}], start=2))
    return CostImport.start(cost_sheets.check(told), by=by or admin())


def eligibility(of: Programme, kind, answer="yes", first=LONG_AGO, until=None, **fields):
    return EligibilityRule.enter(
        by=admin(), programme=of, kind=kind, eligibility=answer, valid_from=first, valid_until=until,
        **{"basis": "Auskunft der Bezirksregierung"} | fields,
    )  # fmt: skip


def leave(of: User, first, until=None, *, kind="parental", **fields) -> Leave:
    return Leave.enter(by=admin(), user=of, kind=kind, valid_from=first, valid_until=until, **fields)


def reported(module="case_management", **fields) -> ReportedFigure:
    """Minutes of 16.11.2021 that tell of four people on that day, unless `fields` say else."""
    told = {"as_of": D(2021, 11, 16), "reported_on": D(2021, 11, 16), "measure": "persons", "value": 4} | fields
    return ReportedFigure.enter(
        by=admin(), module=module, **{"document": "Niederschrift", "words": f"Satz {next(_number)}"} | told
    )


def deadline(of: AwardNotice, due_on=NEXT_YEAR, *, kind="proof") -> Deadline:
    return Deadline.agree(of, by=admin(), kind=kind, due_on=due_on)


def payment(of: AwardNotice, amount=1000, on_day=YEAR, *, kind="called_off") -> Payment:
    return Payment.enter(of, by=admin(), kind=kind, amount=amount, on_day=on_day)


def released(of: AwardNotice | None = None, *, last_day=None) -> Calculation:
    """A calculation of what is known now, released by a second administrator."""
    of = of or notice()
    another = User.objects.filter(username="verwaltung-zwei").first()
    another = another or user(Role.ADMIN, username="verwaltung-zwei", email="")
    return Calculation.draw_up(of, last_day or of.period.last_day, by=admin()).release(by=another)


def calculation(of: AwardNotice | None = None, *, last_day=None) -> Calculation:
    """A draft of what is known now."""
    of = of or notice()
    return Calculation.draw_up(of, last_day or of.period.last_day, by=admin())
