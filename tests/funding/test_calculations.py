"""Calculations: drawn up, dropped, released by somebody else, then numbered and frozen; their pages, files, command."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from funding.frozen import differences, digest, frozen, thawed
from funding.models import Calculation
from kim.models import Role, TrailEntry
from kim.workflow import OutOfTurn, StepRefused
from tests.factories import user
from tests.funding.makers import D, admin, cost, held, notice, post

pytestmark = pytest.mark.django_db
LAST = D(2021, 12, 31)


@pytest.fixture
def second():
    return user(Role.ADMIN)


@pytest.fixture
def of():
    """1 FTE granted for 2021, filled from 15 October: 2 17/31 months."""
    made = notice(fte=1)
    made.occupancy = held(post(), D(2021, 10, 15))
    return made


def drawn_up(of, last_day=LAST):
    return Calculation.draw_up(of, last_day, by=admin())


# Acts


def test_what_is_drawn_up_is_kept_whole(of):
    made = drawn_up(of)
    assert (made.granted, made.entitlement, made.repayment) == (
        Decimal("55000.00"), Decimal("11680.11"), Decimal("43319.89"),
    )  # fmt: skip
    assert frozen(thawed(made.data)) == made.data
    assert made.standing == "Entwurf"
    assert digest(made.data) == made.digest
    assert TrailEntry.objects.get(act="calculation.draw_up").note == f"{of.number}, bis 31.12.2021"


def test_the_same_figures_are_not_drawn_up_twice(of):
    first = drawn_up(of)
    with pytest.raises(StepRefused, match="denselben Zahlen"):
        drawn_up(of)
    first.drop(by=admin(), because="neu")
    assert drawn_up(of).pk != first.pk


def test_days_outside_the_period_are_refused(of):
    with pytest.raises(StepRefused, match=r"01.01.2021 bis 31.12.2021"):
        drawn_up(of, D(2022, 1, 1))


def test_somebody_else_releases_and_it_gets_a_number(of, second):
    made = drawn_up(of)
    with pytest.raises(PermissionDenied, match="jemand anderes"):
        made.release(by=admin())
    with pytest.raises(PermissionDenied):
        made.release(by=user(Role.STRATEGIC_OFFICE))
    released = made.release(by=second)
    year = released.released_at.year
    assert (released.number, released.standing) == (f"A-{year}-001", "freigegeben")
    other = drawn_up(of, D(2021, 11, 30)).release(by=second)
    assert other.number == f"A-{year}-002"
    with pytest.raises(OutOfTurn, match="schon freigegeben"):
        made.release(by=second)
    with pytest.raises(OutOfTurn):
        made.drop(by=second, because="doch nicht")


def test_what_is_released_never_changes_in_the_database_either(of, second):
    made = drawn_up(of).release(by=second)
    for change in ({"repayment": 0, "entitlement": made.granted}, {"number": "A-1"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Calculation.objects.filter(pk=made.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Calculation.objects.filter(pk=made.pk).delete()


def test_facts_that_changed_since_refuse_the_release(of, second):
    made = drawn_up(of)
    corrected = of.occupancy.correct(by=admin(), source="Vertrag")
    assert made.why_not_released() == ""  # the same figures
    corrected.correct(by=admin(), valid_from=D(2021, 10, 1))
    with pytest.raises(StepRefused, match="haben sich Angaben geändert"):
        made.release(by=second)
    assert Calculation.objects.get(pk=made.pk).is_draft


def test_after_the_release_the_deviation_is_said_line_by_line(of, second):
    made = drawn_up(of).release(by=second)
    assert differences(made.result(), made.now()) == []
    of.occupancy.correct(by=admin(), valid_from=D(2021, 10, 1))
    (one,) = differences(made.result(), made.now())
    assert one.what.startswith("Stellenmonate: Fachkraft, S")
    assert one.amount == made.now().exact_entitlement - made.result().exact_entitlement > 0


@pytest.mark.parametrize(
    ("terms", "last_day", "why"),
    [
        ({"bases": "smaller"}, LAST, "noch keine Ausgaben erfasst"),
        ({"bases": "posts"}, D(2999, 12, 31), "Freigegeben wird danach"),
    ],
)
def test_what_is_preliminary_or_to_come_is_not_released(second, terms, last_day, why):
    first = D(last_day.year, 1, 1)
    made = drawn_up(notice(fte=1, first=first, until=D(last_day.year + 1, 1, 1), terms=terms), last_day)
    with pytest.raises(StepRefused, match=why):
        made.release(by=second)


def test_cents_add_up_in_the_database_too(second):
    """2022 of the documents: 605.000,00 − 600.416,67 = 4.583,33, on an engine that knows no decimals."""
    of = notice(fte=1)
    held(post(), D(2021, 1, 1), D(2021, 12, 17))
    made = drawn_up(of).release(by=second)
    assert made.granted - made.entitlement == made.repayment == Decimal("2217.74")
    for amount in ("0.01", "33333.33", "54999.99"):
        one = notice(fte=1, terms={"bases": "costs"})
        cost(one, Decimal(amount), eligibility="yes", basis="Erlass")
        assert drawn_up(one).repayment == Decimal(55_000) - Decimal(amount)
