"""What if: assumptions change the forecast as the same facts would, and nothing is stored."""

from decimal import Decimal
from fractions import Fraction

import pytest
from django.urls import reverse

from funding import facts_of_notice
from funding.assumptions import END, FILL, GRANT, RATE, Assumption, assuming
from funding.models import Occupancy
from funding.repayment import POSTS, work_out
from funding.worked_out import compared
from kim import workdays
from kim.models import Role, TrailEntry
from tests.factories import user
from tests.funding.makers import D, admin, held, notice, post
from tests.funding.test_repayment import year

JUNE = D(2021, 6, 1)
HELD = [("S1", 1, D(2021, 1, 1))]


@pytest.mark.parametrize(
    ("assumed", "granted", "entitlement"),
    [
        ([Assumption(FILL, JUNE, "S2")], 24, 12 + 7),
        ([Assumption(FILL, JUNE, "S2", Decimal("0.5"))], 24, 12 + 3.5),
        ([Assumption(FILL, JUNE)], 24, 12 + 7),
        ([Assumption(FILL, JUNE, "S1")], 24, 12),  # that post is full
        ([Assumption(END, D(2021, 5, 31), "S1")], 24, 5),
        ([Assumption(END, D(2021, 5, 31), "S1"), Assumption(FILL, D(2021, 8, 1), "S1")], 24, 10),
        ([Assumption(GRANT, JUNE, value=Decimal(1))], 10 + 7, 12),
        ([Assumption(FILL, JUNE), Assumption(FILL, JUNE), Assumption(GRANT, JUNE, value=Decimal(3))], 31, 12 + 14),
    ],
)
def test_assumptions_in_months_of_a_full_post(assumed, granted, entitlement):
    found = work_out(assuming(year(2021, fte=2, held=HELD, posts=["S1", "S2"]), assumed))
    month = Fraction(55_000, 12)
    assert (found.exact_granted, found.exact_entitlement) == (granted * month, Fraction(entitlement) * month)


def test_another_rate_from_a_day_on():
    found = work_out(assuming(year(2021, fte=1, held=HELD), [Assumption(RATE, D(2021, 7, 1), value=Decimal(57_000))]))
    assert found.granted == found.entitlement == Decimal("56000.00")


@pytest.mark.django_db
def test_filling_a_post_as_assumed_gives_the_same_as_filling_it(client):
    first = D(workdays.today().year + 1, 1, 1)
    june = first.replace(month=6)
    of = notice(fte=2, first=first, until=first.replace(year=first.year + 1))
    held(post(), first)
    vacant = post()
    basis = facts_of_notice.basis_of(of)
    assumed = work_out(assuming(basis, [Assumption(FILL, june, vacant.number)]))

    client.force_login(user(Role.COORDINATION))
    url = reverse("funding:whatif", args=[of.pk])
    typed = {
        "annahme1-kind": "fill", "annahme1-post": vacant.pk, "annahme1-day": f"{june:%d.%m.%Y}",
        "annahme1-value": "1,0", "annahme2-kind": "",
    }  # fmt: skip
    trail, occupancies = TrailEntry.objects.count(), Occupancy.objects.count()
    answer = client.post(url, typed)
    assert answer.status_code == 200
    (row,) = [one for one in answer.context["compared"] if one.what == "Rückzahlung"]
    assert (row.before, row.after) == ("57.000,00\N{NO-BREAK SPACE}€", "23.750,00\N{NO-BREAK SPACE}€")
    assert (TrailEntry.objects.count(), Occupancy.objects.count()) == (trail, occupancies)

    held(vacant, june, by=admin())
    assert work_out(facts_of_notice.basis_of(of)).exact_entitlement == assumed.exact_entitlement
    assert assumed.bases == POSTS


@pytest.mark.django_db
def test_assumptions_say_what_they_need(client):
    of = notice(fte=1)
    client.force_login(user(Role.ADMIN))
    url = reverse("funding:whatif", args=[of.pk])
    assert "noch nichts angenommen" in client.post(url, {}).content.decode()
    typed = {"annahme1-kind": "end", "annahme1-day": "01.01.2030", "annahme2-kind": "fill", "annahme2-value": "2"}
    answer = client.post(url, typed | {"more": "1"})
    assert answer.status_code == 422
    page = answer.content.decode()
    for words in ("01.01.2021 bis 31.12.2021", "welche Stelle frei würde", "nennen Sie einen Tag", "höchstens 1 VZÄ"):
        assert words in page
    assert len(answer.context["forms"]) == 3


def test_differences_carry_their_sign():
    alone, both = year(2021, fte=2, held=HELD, posts=["S1", "S2"]), [Assumption(FILL, JUNE, "S2")]
    told = {one.what: one.difference for one in compared(work_out(alone), work_out(assuming(alone, both)))}
    assert told["Bewilligt"] == "±0,00\N{NO-BREAK SPACE}€"
    assert told["Anspruch"] == "+32.083,33\N{NO-BREAK SPACE}€"
    assert told["Rückzahlung"] == "−32.083,33\N{NO-BREAK SPACE}€"
    assert told["Freie Stellenmonate"] == "−7"


@pytest.mark.django_db
def test_nobody_is_granted_millions_of_posts(client):
    of = notice(fte=1)
    client.force_login(user(Role.ADMIN))
    asked = {"annahme1-kind": "grant", "annahme1-day": f"{of.period.valid_from:%d.%m.%Y}", "annahme1-value": "99999999"}
    answer = client.post(reverse("funding:whatif", args=[of.pk]), asked)
    assert answer.status_code == 422
    assert "höchstens 999 VZÄ" in answer.text
