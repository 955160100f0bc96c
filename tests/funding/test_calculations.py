"""Calculations: drawn up, dropped, released by somebody else, then numbered and frozen; their pages, files, command."""

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from funding.facts_of_notice import NOTHING_GRANTED
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


# Pages


def url(name, *args):
    return reverse(f"funding:{name}", args=args)


def test_from_notice_to_release(client, of, second):
    client.force_login(admin())
    page = client.get(of.get_absolute_url()).content.decode()
    assert "43.319,89" in page
    assert url("calculation_new", of.pk) in page
    made = client.post(url("calculation_new", of.pk), {"last_day": "31.12.2021"}, follow=True)
    calculation = Calculation.objects.get()
    assert made.redirect_chain[-1][0] == calculation.get_absolute_url()
    assert "Freigeben muss jemand anderes" in made.content.decode()
    assert client.get(url("calculation_release", calculation.pk)).status_code == 403
    assert client.post(url("calculation_release", calculation.pk)).status_code == 403
    client.force_login(second)
    assert url("calculation_release", calculation.pk) in client.get(calculation.get_absolute_url()).content.decode()
    done = client.post(url("calculation_release", calculation.pk), follow=True).content.decode()
    assert "Freigegeben: Abrechnung A-" in done
    for act in ("calculation_release", "calculation_drop"):
        assert client.post(url(act, calculation.pk), {"because": "zu spät"}).status_code == 409


def test_refusals_stand_in_the_form(client, of, second):
    client.force_login(admin())
    typed = {"last_day": "31.12.2021"}
    assert client.post(url("calculation_new", of.pk), {"last_day": "01.01.2022"}).status_code == 409
    assert client.post(url("calculation_new", of.pk), {"last_day": "nie"}).status_code == 422
    client.post(url("calculation_new", of.pk), typed)
    again = client.post(url("calculation_new", of.pk), typed)
    assert "denselben Zahlen" in again.content.decode()
    made = Calculation.objects.get()
    of.occupancy.correct(by=admin(), valid_from=D(2021, 10, 1))
    client.force_login(second)
    assert "haben sich Angaben geändert" in client.post(url("calculation_release", made.pk)).content.decode()
    assert "haben sich Angaben geändert" in client.get(made.get_absolute_url()).content.decode()
    held_back = client.post(url("calculation_drop", made.pk), {"because": "Rückfragen an 0171 2345678."})
    assert held_back.status_code == 422
    client.post(url("calculation_drop", made.pk), {"because": "Angaben geändert"})
    assert Calculation.objects.get().standing == "verworfen"


def test_each_figure_opens_to_its_rows_and_links(client, of):
    made = drawn_up(of)
    client.force_login(user(Role.COORDINATION))
    page = client.get(made.get_absolute_url()).content.decode()
    assert "1 VZÄ × 2 17/31 Monate × 55.000,00\N{NO-BREAK SPACE}€ ÷ 12 = 11.680,11\N{NO-BREAK SPACE}€" in page
    assert "genau 11.680 10/93" in page
    assert url("fact_detail", "occupancy", of.occupancy.pk) in page
    assert of.occupancy.post.get_absolute_url() in page
    assert str(of.occupancy.user) in page


def test_the_deviation_is_told_on_both_pages(client, of, second):
    made = drawn_up(of).release(by=second)
    of.occupancy.correct(by=admin(), valid_from=D(2021, 10, 1))
    client.force_login(user(Role.COORDINATION))
    for address in (made.get_absolute_url(), of.get_absolute_url()):
        assert "Abweichung seit der Freigabe" in client.get(address).content.decode()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_lines_as_a_file(client, of, kind):
    made = drawn_up(of)
    client.force_login(user(Role.AUDIT))
    answer = client.get(url("calculation_export", made.pk, kind))
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content)
    if kind == "csv":
        assert "11680,11" in body.decode()
        assert len(body.decode().strip().splitlines()) == 1 + len(made.result().lines)
    assert TrailEntry.objects.get(act="calculation.export").note.startswith(kind.upper())
    assert client.get(url("calculation_export", made.pk, "pdf")).status_code == 404


def queries(client, address):
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_pages_cost_the_same_with_many_rows(client, of, second):
    client.force_login(user(Role.ADMIN))
    few = drawn_up(of)
    addresses = [of.get_absolute_url(), url("whatif", of.pk), url("calculation_new", of.pk)]
    client.get(addresses[0])  # what a process reads once
    before = [queries(client, address) for address in [*addresses, few.get_absolute_url()]]
    for no in range(5):
        held(post(), D(2021, 1, 1 + no))
        drawn_up(of, D(2021, 6, 1 + no)).release(by=second)
        cost(of, 100 + no)
    many = drawn_up(of)
    after = [queries(client, address) for address in [*addresses, many.get_absolute_url()]]
    assert after == before
    assert max(after) <= 12


# On the command line


def told(*args):
    out = StringIO()
    call_command("repayment", *args, stdout=out)
    return out.getvalue()


def test_the_command_says_the_same_as_text_and_json(of):
    text = told(of.number.lower())
    assert "Rückzahlung" in text
    assert "43.319,89" in text
    data = json.loads(told(of.number, "--json"))
    assert (data["granted"], data["entitlement"], data["repayment"]) == ("55000.00", "11680.11", "43319.89")
    assert [line["amount"] for line in data["lines"]] == ["55000.00", "11680.11"]
    cut = json.loads(told(of.number, "--json", "--until", "2021-10-31"))
    assert (cut["granted"], cut["entitlement"], cut["repayment"]) == ("45833.33", "2513.44", "43319.89")


def test_the_command_knows_all_notices_and_what_was_known(of):
    notice(fte=2)
    assert [row["granted"] for row in json.loads(told("--all", "--json"))] == ["55000.00", "110000.00"]
    assert json.loads(told(of.number, "--json", "--known-on", "2020-01-01"))["missing"] == [NOTHING_GRANTED]
    for wrong in ([], [of.number, "--all"], ["gibt-es-nicht"], [of.number, "--until", "31.12.2021"]):
        with pytest.raises(CommandError):
            told(*wrong)
