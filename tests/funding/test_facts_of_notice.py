"""What a calculation reads from the database: the right rows, believed when, in two queries."""

import datetime as dt
from decimal import Decimal

import pytest

from funding import facts_of_notice, forecast
from funding.models import EligibilityRule, Forwarding, Leave, Terms
from funding.repayment import work_out
from kim import workdays
from tests.factories import organisation
from tests.funding.makers import D, admin, cost, held, notice, post, programme

pytestmark = pytest.mark.django_db


def result(of, **when):
    return work_out(facts_of_notice.basis_of(of, **when))


def test_posts_of_the_module_and_recipient_count():
    of = notice(fte=3)
    held(post(), D(2021, 7, 1))
    held(post(module="authorities"), D(2021, 1, 1))
    held(post(recipient=organisation("stadt", name="Stadt")), D(2021, 1, 1))
    assert result(of).entitlement == Decimal("27500.00")


def test_somebody_on_a_post_of_another_module_counts_one_fte_in_all():
    of = notice(fte=3)
    one = held(post(), D(2021, 1, 1))
    held(post(module="authorities"), D(2021, 1, 1), person=one.user)
    assert result(of).entitlement == Decimal("27500.00")


def test_leaves_and_what_was_known_when():
    of = notice(fte=1)
    one = held(post(), D(2021, 1, 1))
    before = workdays.now()
    Leave.enter(by=admin(), user=one.user, kind="parental", valid_from=D(2021, 7, 1), valid_until=D(2021, 10, 1))
    assert result(of).entitlement == Decimal("41250.00")
    assert result(of, known_at=before).entitlement == Decimal("55000.00")


def test_a_rate_that_comes_late_is_back_dated():
    of = notice(fte=1)
    held(post(), D(2021, 1, 1))
    before = workdays.now()
    of.programme.rates.believed().get(valid_until=D(2023, 1, 1)).change_from(D(2021, 7, 1), by=admin(), amount=57_000)
    assert result(of).entitlement == Decimal("56000.00")
    assert result(of, known_at=before).entitlement == Decimal("55000.00")


def test_the_terms_of_the_last_day_counted_decide():
    of = notice(fte=1, terms={"bases": "smaller"})
    of.terms.believed().get().change_from(D(2021, 7, 1), by=admin(), counting="whole_months")
    assert facts_of_notice.basis_of(of).counting == "whole_months"
    assert facts_of_notice.basis_of(of, until=D(2021, 7, 1)).counting == "by_day"
    Terms.objects.update(known_until=workdays.now() + dt.timedelta(seconds=1))
    bare = facts_of_notice.basis_of(of)
    assert (bare.counting, bare.bases) == ("by_day", "smaller")


def test_costs_follow_the_rule_of_their_first_day_unless_they_say_why_not():
    of = notice(fte=1, terms={"bases": "smaller"})
    held(post(), D(2021, 1, 1))
    rule = {"by": admin(), "programme": of.programme, "valid_from": D(2020, 1, 1)}
    EligibilityRule.enter(**rule, kind="personnel", eligibility="yes", basis="Erlass")
    EligibilityRule.enter(**rule, kind="travel", eligibility="no", basis="Erlass")
    cost(of, 50_000)
    cost(of, 300, kind="travel")
    cost(of, 700, kind="supervision")
    cost(of, 500, kind="travel", eligibility="yes", basis="Zusage", text="Fortbildung")
    of_kind = {(one.kind, one.amount): (one.item, one.eligibility) for one in facts_of_notice.basis_of(of).costs}
    assert of_kind == {
        ("personnel", 50_000): ("post", "yes"), ("travel", 300): ("post", "no"),
        ("supervision", 700): ("other", "unclear"), ("travel", 500): ("post", "yes"),
    }  # fmt: skip
    found = result(of)
    assert found.by_costs == Decimal("50500.00")
    assert [(one.kind, one.would_add) for one in found.doubts] == [("supervision", 0)]  # nothing granted for it


def test_forwarded_money_is_read_with_its_recipient():
    of = notice(fte=1, terms={"bases": "costs"})
    to = organisation("haus", name="Haus International")
    rule = {"programme": of.programme, "valid_from": D(2020, 1, 1), "kind": "forwarded", "eligibility": "yes"}
    EligibilityRule.enter(by=admin(), basis="Erlass", **rule)
    cost(of, 40_000, recipient=to, kind="forwarded")
    Forwarding.enter(
        by=admin(), notice=of, recipient=to, fte=Decimal("0.5"), valid_from=D(2021, 1, 1), valid_until=D(2022, 1, 1)
    )
    found = result(of)
    assert found.by_costs == Decimal("27500.00")
    assert found.own_shares == ((str(to), 12_500),)


def test_without_a_grant_nothing_may_be_released():
    assert result(notice(fte=0)).missing == (facts_of_notice.NOTHING_GRANTED,)


def test_two_queries_however_many(django_assert_num_queries):
    of = programme()
    notices = [notice(of=of, first=D(year, 1, 1), until=D(year + 1, 1, 1), fte=2) for year in (2021, 2022, 2023)]
    for _ in range(3):
        held(post(), D(2021, 1, 1))
    with django_assert_num_queries(2):
        assert len(facts_of_notice.bases_of(notices)) == 3
    with django_assert_num_queries(2):
        facts_of_notice.basis_of(notices[0])
    alone = {one.pk: facts_of_notice.basis_of(one) for one in notices}
    assert {pk: work_out(basis) for pk, basis in facts_of_notice.bases_of(notices).items()} == {
        pk: work_out(basis) for pk, basis in alone.items()
    }


def test_the_forecast_of_a_running_period_goes_by_filled_posts():
    today = workdays.today()
    of = notice(fte=2, first=D(today.year, 1, 1), until=D(today.year + 1, 1, 1), terms={"bases": "smaller"})
    held(post(), D(today.year, 1, 1))
    cost(of, 10, first=D(today.year, 1, 1), until=D(today.year, 2, 1))
    words = forecast.repayment_measure([of])()
    assert words == {
        f"Rückzahlung aus {of.number} bis 31.12.{today.year}": "57.000,00\N{NO-BREAK SPACE}€, 12 freie Stellenmonate"
    }
