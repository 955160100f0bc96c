"""Costs: which are eligible by which rule as of when, what the lists say, and what readers of sums never learn."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from funding import eligibility, spending
from funding.models import AwardNotice, Cost, CostKind, EligibilityRule, Forwarding, FundingPeriod
from funding.spending import Sum, discreet
from kim import workdays
from kim.models import Role, TrailEntry
from kim.workflow import StepRefused
from tests.factories import county, organisation, user
from tests.funding.makers import NEXT_YEAR, YEAR, D, admin, calculation, cost, held, notice, post, programme, released
from tests.funding.makers import eligibility as rule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _there():
    county()


def eligible(of: Cost, known_at=None):
    found = Cost.objects.with_eligibility(known_at).get(pk=of.pk)
    return found.eligible, found.rule_basis


def page(client, name, *args, by=None, status=200, **query):
    client.force_login(by or admin())
    answer = client.get(reverse(f"funding:{name}", args=args), query)
    assert answer.status_code == status
    return answer.text


# Eligibility


def test_the_rule_of_the_first_day_decides_unless_the_cost_says_otherwise():
    of = programme()
    rule(of, "supervision", "no", until=D(2021, 2, 1), basis="Alte Auskunft")
    rule(of, "supervision", "yes", D(2021, 2, 1), basis="Neue Auskunft")
    rule(programme(), "supervision", "yes", basis="Ein anderes Programm")
    here = notice(of=of)
    january = cost(here, 100, kind="supervision", until=D(2021, 3, 1))
    february = cost(here, 100, D(2021, 2, 1), D(2021, 3, 1), kind="supervision")
    own = cost(here, 100, kind="supervision", eligibility="unclear", basis="Strittig")
    travel = cost(here, 100, kind="travel")
    assert eligible(january) == ("no", "Alte Auskunft")
    assert eligible(february) == ("yes", "Neue Auskunft")
    assert eligible(own) == ("unclear", "Strittig")
    assert eligible(travel) == ("unclear", "")


def test_what_was_known_then_is_told_as_of_then():
    of = programme()
    asked = rule(of, "supervision", "unclear", basis="Angefragt")
    spent = cost(notice(of=of), 100, kind="supervision")
    before = workdays.now()
    answered = asked.correct(by=admin(), eligibility="yes", basis="Erlass")
    assert eligible(spent) == ("yes", "Erlass")
    assert eligible(spent, before) == ("unclear", "Angefragt")
    answered.withdraw(by=admin(), because="Verwechselt")
    assert eligible(spent) == ("unclear", "")
    assert eligible(spent, before) == ("unclear", "Angefragt")


def test_sums_are_exact_and_by_eligibility():
    of = programme()
    rule(of, "travel", "no")
    here = notice(of=of)
    for amount in ("0.10", "0.20", "1234567.89"):
        cost(here, Decimal(amount), kind="event", eligibility="yes", basis="Bescheid")
    cost(here, Decimal("0.30"), kind="travel")
    cost(here, 5, kind="travel").withdraw(by=admin(), because="doppelt")
    found = spending.by_eligibility(Cost.objects.believed().with_eligibility())
    assert found == {"yes": Decimal("1234568.19"), "no": Decimal("0.30"), "unclear": 0}


@pytest.mark.parametrize(
    ("kind", "answer", "item", "short", "words"),
    [
        ("supervision", "yes", "post", "Ja.", "Fachkraft"),
        ("supervision", "yes", "other", "Nein.", "gesondert"),
        ("event", "yes", "other", "Ja.", "weitere Sachausgaben"),
        ("supervision", "no", "post", "Nein.", "zusätzlich"),
        ("supervision", "unclear", "post", "Ungeklärt.", "nicht als förderfähig"),
        ("supervision", None, "", "Ungeklärt.", "keine Regel"),
    ],
)
def test_the_answer_in_words(kind, answer, item, short, words):
    found = eligibility.answer(kind, answer and EligibilityRule(kind=kind, eligibility=answer, item=item))
    assert found.short == short
    assert words in found.words


def test_every_kind_of_cost_has_its_question():
    assert set(eligibility.QUESTIONS) == set(CostKind)


def test_one_screen_answers_whether_supervision_is_in_the_personnel_costs(client):
    of = programme()
    asked = rule(of, "supervision", "unclear", basis="Anfrage bei der Bezirksregierung", ask_by=D(2030, 1, 31))
    here = notice(1, of=of, terms={"bases": "costs"})
    rule(of, "personnel", "yes")
    for place in (post(), post()):
        cost(here, 20_000, until=D(2022, 1, 1), post=place)
    cost(here, 2_000, kind="supervision")
    text = page(client, "eligibility_detail", of.pk, "supervision", by=user(Role.STEERING_GROUP))
    assert "Sind Supervisionskosten in den Personalkosten enthalten?" in text
    assert "<strong>Ungeklärt.</strong>" in text
    assert "31.01.2030" in text
    assert "2.000,00" in text
    # granted 55.000: without supervision 15.000 go back, with it 13.000
    assert "13.000,00" in text
    assert "15.000,00" in text
    client.force_login(admin())
    url = reverse("funding:fact_correct", args=["eligibilityrule", asked.pk])
    told = {
        "kind": "supervision", "eligibility": "yes", "basis": "Erlass", "item": "post", "ask_by": "31.01.2030",
        "valid_from": "01.01.2020",
    }  # fmt: skip
    preview = client.post(url, told).text
    assert "13.000,00" in preview
    assert EligibilityRule.objects.believed().get(kind="supervision").eligibility == "unclear"
    text = client.post(url, told | {"seen": "1"}, follow=True).text
    assert "Berichtigt: Regel zur Förderfähigkeit" in text
    assert "<strong>Ja.</strong>" in text
    assert "Anfrage bei der Bezirksregierung" in text


def test_a_kind_that_does_not_exist_has_no_screen(client):
    page(client, "eligibility_detail", programme().pk, "kaffee", status=404)


# Pay


def one(kind, amount, who=(1, 1), answer="yes"):
    return Sum(kind, answer, 1, Decimal(amount), who)


@pytest.mark.parametrize(
    ("sums", "alone", "together"),
    [
        ([one("personnel", 10, (1, 2)), one("travel", 5)], [10, 5], None),
        ([one("personnel", 10), one("employer", 2), one("travel", 5)], [5], None),
        ([one("personnel", 10), one("personnel", 20, (2, 3), "no"), one("travel", 5)], [5], 30),
        ([one("personnel", 10), one("employer", 2, (2, 2)), one("travel", 5)], [5], 12),
        ([one("personnel", 10), one("employer", 2)], [], None),
        ([one("personnel", 10, (0, 0))], [], None),
        ([one("forwarded", 10), one("travel", 5)], [5], None),
        ([one("travel", 5)], [5], None),
    ],
)
def test_what_one_person_earns_is_never_told_alone(sums, alone, together):
    found = discreet(sums)
    assert [each.amount for each in found.sums] == alone
    assert found.together_amount == together
    assert len(found.sums) + len(found.together) == len(sums)
    assert found.is_secret == (bool(found.together) and together is None)


def test_readers_of_a_notice_see_sums_but_not_one_persons_pay(client):
    of = programme()
    here = notice(1, of=of)
    place = post(YEAR)
    person = held(place, YEAR).user
    cost(here, 4_321, post=place, user=person)
    member = user(Role.STEERING_GROUP)
    for name, args in (("notice_detail", [here.pk]), ("eligibility_detail", [of.pk, "personnel"])):
        assert "4.321,00" not in page(client, name, *args, by=member)
        assert "4.321,00" in page(client, name, *args, by=user(Role.AUDIT))
    cost(here, 500, kind="travel")
    text = page(client, "notice_detail", here.pk, by=member)
    assert "500,00" in text
    assert "4.821,00" not in text
    assert "4.821,00" in page(client, "notice_detail", here.pk)
    assert str(person) not in text


def test_no_page_or_file_about_a_repayment_tells_one_persons_pay(client):
    of = programme()
    here = notice(1, of=of, terms={"bases": "smaller"})
    place = post(YEAR)
    person = held(place, YEAR).user
    rule(of, "personnel", "yes")
    rule(of, "travel", "no")
    cost(here, 4_321, until=NEXT_YEAR, post=place, user=person)
    cost(here, 500, kind="travel")
    done = released(here)
    member, auditor = user(Role.STEERING_GROUP), user(Role.AUDIT)
    pages = {
        "notice_detail": [here.pk], "calculation_detail": [done.pk], "proof_detail": [here.pk],
        "notice_list": [], "eligibility_detail": [of.pk, "travel"], "whatif": [here.pk],
    }  # fmt: skip
    for name, args in pages.items():
        text = page(client, name, *args, by=member)
        assert "4.321,00" not in text, name
        assert "50.679,00" not in text, name  # granted less the eligible costs
        assert "50.679,00" in page(client, name, *args, by=auditor), name
    for name, args in (("calculation_export", [done.pk, "csv"]), ("notice_export", ["csv"])):
        for by, told in ((member, False), (auditor, True)):
            client.force_login(by)
            body = b"".join(client.get(reverse(f"funding:{name}", args=args)).streaming_content).decode()
            assert ("4321,00" in body or "50679,00" in body) is told, name
    another = post(YEAR)
    cost(here, 1_000, until=NEXT_YEAR, post=another, user=held(another, YEAR).user)
    assert "5.321,00" in page(client, "notice_detail", here.pk, by=member)


def test_a_calculation_of_days_with_one_persons_pay_alone_is_discreet_too(client):
    of = programme()
    here = notice(1, of=of, terms={"bases": "costs"})
    rule(of, "personnel", "yes")
    for amount, first in ((4_321, YEAR), (3_000, D(2021, 7, 1))):
        place = post(YEAR)
        cost(here, amount, first=first, until=NEXT_YEAR, post=place, user=held(place, YEAR).user)
    early, whole = calculation(here, last_day=D(2021, 6, 30)), calculation(here)
    member, amount = user(Role.STEERING_GROUP), f"{early.entitlement:,.2f}".translate(str.maketrans(",.", ".,"))
    for by, told in ((member, False), (user(Role.AUDIT), True)):
        assert (amount in page(client, "calculation_detail", early.pk, by=by)) is told
    assert "7.321,00" in page(client, "calculation_detail", whole.pk, by=member)
    repaid = f"{early.repayment:,.2f}".translate(str.maketrans(",.", ".,"))
    assert repaid not in page(client, "notice_detail", here.pk, by=member)
    assert "7.321,00" in page(client, "notice_detail", here.pk, by=member)


# Pages


def test_the_list_narrows_and_sums(client):
    of = programme()
    rule(of, "travel", "no")
    here, place = notice(of=of), post(YEAR, number="M2-07")
    cost(here, 100, post=place)
    cost(here, 30, kind="travel")
    cost(notice(of=of, first=D(2022, 1, 1), until=D(2023, 1, 1)), 7, D(2022, 1, 1), D(2022, 2, 1), kind="travel")
    assert "137,00" in page(client, "cost_list")
    for query, total in [
        ({"kind": "travel"}, "37,00"), ({"eligible": "no", "year": 2021}, "30,00"), ({"post": "m2-0"}, "100,00"),
        ({"notice": here.pk}, "130,00"), ({"eligible": "unclear"}, "100,00"),
    ]:  # fmt: skip
        assert f"<strong>{total}" in page(client, "cost_list", **query)
    assert "Nichts gefunden" in page(client, "cost_list", eligible="yes")
    client.force_login(admin())
    file = b"".join(client.get(reverse("funding:cost_export", args=["csv"]), {"kind": "travel"})).decode()
    assert file.count("Reisekosten") == 2
    assert "nicht förderfähig" in file
    assert TrailEntry.objects.get(act="cost.export").note == "CSV, Ausgaben, 2 Zeilen, eingegrenzt nach Kostenart"


def told(**more):
    given = {"kind": "personnel", "amount": "4.583,33", "valid_from": "01.03.2021", "last_day": "31.03.2021"}
    return given | more


def test_a_cost_is_entered_after_a_look_at_what_it_changes(client):
    here, place = notice(), post(YEAR)
    person = held(place, YEAR).user
    client.force_login(admin())
    url = reverse("funding:fact_new", args=["cost", here.pk])
    assert "Noch ist nichts gespeichert" in client.post(url, told(post=place.pk, user=person.pk)).text
    assert not Cost.objects.exists()
    assert client.post(url, told(post=place.pk, user=person.pk, seen="1")).status_code == 302
    made = Cost.objects.get()
    assert (made.amount, made.user, made.valid_until) == (Decimal("4583.33"), person, D(2021, 4, 1))
    corrected = made.correct(by=admin(), amount=Decimal("4600"))
    text = page(client, "cost_detail", made.pk)
    assert "So stand es früher" in text
    assert "4.600,00" in text
    assert "ungeklärt" in page(client, "cost_detail", corrected.pk)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"amount": "0"}, "größer als 0"),
        ({"amount": "-5"}, "größer als 0"),
        ({"amount": "4,583"}, "zwei Stellen"),
        ({"last_day": ""}, "Bitte ausfüllen"),
        ({"last_day": "01.02.2021"}, "nach dem Anfang"),
        ({"kind": "forwarded"}, "an wen"),
        ({"eligibility": "yes"}, "worauf"),
        ({"basis": "Erlass"}, "abweichend gilt"),
        ({"user": "{user}"}, "Bitte wählen Sie die Stelle"),
        ({"user": "{user}", "post": "{post}", "valid_from": "01.01.2021", "last_day": "31.01.2021"}, "nicht inne"),
        ({"valid_from": "01.12.2021", "last_day": "31.01.2022"}, "Förderzeitraum"),
        ({"recipient": "{kreis}"}, "nur die Kostenart"),
        ({"text": "Anruf unter 0228 123456"}, "Telefonnummer"),
    ],
)
def test_what_cannot_be_is_refused_in_words(client, more, words):
    here, place = notice(), post(YEAR)
    person = held(place, D(2021, 2, 1)).user
    ids = {"{user}": person.pk, "{post}": place.pk, "{kreis}": organisation().pk}
    client.force_login(admin())
    url = reverse("funding:fact_new", args=["cost", here.pk])
    answer = client.post(url, told(**{name: ids.get(value, value) for name, value in more.items()}))
    assert answer.status_code == 422
    assert words in answer.text
    assert not Cost.objects.exists()


def test_forwarded_money_pays_actual_costs_up_to_the_rate_and_the_rest_is_ones_own(client):
    of = programme()
    rule(of, "forwarded", "yes")
    here = notice(2, of=of, terms={"bases": "costs"})
    city, club = organisation("stadt", name="Stadt Troisdorf"), organisation("verein", name="Verein")
    for to, amount in ((city, 70_000), (club, 40_000)):
        Forwarding.enter(by=admin(), notice=here, recipient=to, fte=1, valid_from=YEAR, valid_until=D(2022, 1, 1))
        cost(here, amount, until=D(2022, 1, 1), kind="forwarded", recipient=to)
    found = {share.recipient: (share.paid, share.own) for share in spending.shares(here)}
    assert found == {"Stadt Troisdorf": (55_000, 15_000), "Verein": (40_000, 0)}
    assert "15.000,00" in page(client, "notice_detail", here.pk)
    text = page(client, "notice_detail", here.pk, by=user(Role.STEERING_GROUP))
    assert "Zusammen zahlt das Land 95.000,00" in text
    assert "70.000,00" not in text
    with pytest.raises(StepRefused, match="schon"):
        Forwarding.enter(by=admin(), notice=here, recipient=city, fte=1, valid_from=YEAR, valid_until=D(2022, 1, 1))


@pytest.mark.long
def test_a_hundred_thousand_costs_in_fifty_years_need_no_more_queries_than_one(client):
    of, place = programme(), post(D(2020, 1, 1))
    rule(of, "travel", "yes")
    first = cost(notice(of=of), 1, kind="travel")
    pages = [
        ("cost_list", []), ("eligibility_list", []), ("eligibility_detail", [of.pk, "travel"]),
        ("cost_detail", [first.pk]),
    ]  # fmt: skip

    def queries():
        found = []
        for name, args in pages:
            client.force_login(admin())
            with CaptureQueriesContext(connection) as seen:
                assert client.get(reverse(f"funding:{name}", args=args)).status_code == 200
            found.append(len(seen))
        return found

    queries()
    few = queries()
    assert max(few) <= 12
    rows = []
    for year in range(2022, 2072):
        period = FundingPeriod.objects.create(programme=of, valid_from=D(year, 1, 1), valid_until=D(year + 1, 1, 1))
        here = AwardNotice.objects.create(number=f"J{year}", period=period, recipient=organisation())
        rows += [
            Cost(
                notice=here, kind=kind, post=place, amount=Decimal("10.10"), valid_from=D(year, month, 1),
                valid_until=D(year, month, 28),
            )
            for month in range(1, 11) for kind in ("travel", "personnel")
        ]  # fmt: skip
    Cost.objects.bulk_create(rows)
    multiply(Cost, 100)
    assert Cost.objects.count() > 100_000
    assert queries() == few
    here = AwardNotice.objects.get(number="J2050")
    with CaptureQueriesContext(connection) as seen:
        assert spending.of_notice(here, whole=True).total == 20_200
    assert len(seen) == 1


def multiply(model, times: int) -> None:
    """So many further rows like each that is there, by the database itself."""
    names = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(f'a.{name}' for name in names)} "
            f"FROM {table} a CROSS JOIN (SELECT id FROM {table} LIMIT {times - 1}) b"
        )
