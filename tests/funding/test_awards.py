"""Programmes, notices, what is due and what was paid: acts, refusals, pages, and what others are shown of them."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from funding import duties, money
from funding.models import AwardNotice, Deadline, EligibilityRule, Payment, Programme, Rate
from funding.money import Balance
from kim import workdays
from kim.models import Role, TrailEntry
from kim.workflow import OutOfTurn, StepRefused
from steering import duties as clock
from steering.calendars import open_duties
from tests.factories import county, organisation, user
from tests.funding import makers
from tests.test_hostile import HOSTILE

pytestmark = pytest.mark.django_db
D = dt.date


@pytest.fixture
def me(client):
    county()
    made = makers.admin()
    client.force_login(made)
    return made


def read(notice):
    return money.read(AwardNotice.objects.select_related("period__programme", "recipient").get(pk=notice.pk))


def last_act():
    return TrailEntry.objects.order_by("-pk").first()


# Programmes


def test_a_programme_its_periods_and_rates_are_entered_in_the_browser(client, me):
    told = {"name": "KIM Modul 1", "key": "m1", "module": "overhead", "award": "application", "legal_basis": "RdErl."}
    assert client.post(reverse("funding:programme_new"), told).status_code == 302
    made = Programme.objects.get(key="m1")
    period = {"valid_from": "01.01.2021", "last_day": "31.12.2022", "name": "", "source": ""}
    assert client.post(reverse("funding:period_new", args=[made.pk]), period).status_code == 302
    assert made.periods.get().span == "01.01.2021 bis 31.12.2022"
    rate = {"item": "assistant", "amount": "22.500", "per_fte": "0,5", "valid_from": "01.01.2021", "seen": "1"}
    assert client.post(reverse("funding:fact_new", args=["rate", made.pk]), rate).status_code == 302
    page = client.get(made.get_absolute_url()).text
    assert "22.500,00" in page
    assert "je 0,50" in page
    assert "01.01.2021 bis 31.12.2022" in page
    again = client.post(reverse("funding:programme_new"), told)
    assert again.status_code == 422
    assert "Diese Kennung hat schon ein anderes Programm" in again.text


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("01.06.2021", "30.06.2021", "gibt es schon einen Förderzeitraum"),
        ("31.12.2021", "30.06.2022", "gibt es schon einen Förderzeitraum"),
        ("01.02.2022", "31.01.2022", "Das Ende muss nach dem Anfang liegen"),
    ],
)
def test_periods_of_a_programme_do_not_overlap(client, me, first, last, words):
    one = makers.programme()
    one.add_period(D(2021, 1, 1), D(2021, 12, 31), by=me)
    answer = client.post(reverse("funding:period_new", args=[one.pk]), {"valid_from": first, "last_day": last})
    assert answer.status_code == 422
    assert words in answer.text
    one.add_period(D(2022, 1, 1), D(2022, 12, 31), by=me)
    assert one.periods.count() == 2


# Notices


def test_a_notice_is_entered_and_edited(client, me):
    period = makers.programme().add_period(D(2021, 1, 1), D(2021, 12, 31), by=me)
    told = {
        "period": period.pk, "number": "M2-2021", "recipient": organisation().pk, "granted_on": "15.12.2020",
        "reference": "", "applied_on": "", "source": "Bescheid",
    }  # fmt: skip
    answer = client.post(reverse("funding:notice_new"), told)
    made = AwardNotice.objects.get(number="M2-2021")
    assert answer.headers["Location"] == made.get_absolute_url()
    assert made.by == me
    assert client.post(reverse("funding:notice_new"), told).status_code == 422
    told |= {"applied_on": "01.01.2021"}
    refused = client.post(reverse("funding:notice_edit", args=[made.pk]), told)
    assert refused.status_code == 422
    assert "Bewilligt wird nach dem Antrag" in refused.text
    told |= {"applied_on": "01.11.2020", "number": "M2-21"}
    assert client.post(reverse("funding:notice_edit", args=[made.pk]), told).status_code == 302
    made.refresh_from_db()
    assert (made.number, made.applied_on) == ("M2-21", D(2020, 11, 1))
    assert last_act().act == "awardnotice.edit"
    assert last_act().note == "Kennung, beantragt am"


@pytest.mark.parametrize("number", ["M2 2021", "M2/2021", "Übersicht", "", "x" * 41])
def test_a_number_is_fit_for_addresses(client, me, number):
    made = makers.notice(number="B1")
    told = {"number": number, "recipient": made.recipient_id}
    assert client.post(reverse("funding:notice_edit", args=[made.pk]), told).status_code == 422
    made.refresh_from_db()
    assert made.number == "B1"


def test_what_is_granted_begins_with_the_whole_period_and_stays_within_it(client, me):
    one = makers.notice(fte=None)
    where = reverse("funding:fact_new", args=["grant", one.pk])
    page = client.get(where).text
    assert 'value="01.01.2021"' in page
    assert 'value="31.12.2021"' in page
    told = {"item": "post", "fte": "3,5", "amount": "", "valid_from": "01.01.2021", "last_day": "31.12.2021"}
    assert "Jetzt so eintragen" in client.post(where, told).text
    assert client.post(where, told | {"last_day": "01.01.2022", "seen": "1"}).status_code == 422
    assert client.post(where, told | {"fte": "", "seen": "1"}).status_code == 422
    assert client.post(where, told | {"item": "other", "fte": "", "seen": "1"}).status_code == 422
    assert client.post(where, told | {"seen": "1"}).status_code == 302
    assert one.granted_fte_on(D(2021, 5, 1)) == Decimal("3.5")
    assert one.granted_fte_on(D(2022, 1, 1)) == 0


def test_a_rate_that_arrives_late_shows_what_it_changes_before_it_is_saved(client, me):
    one = makers.notice(11, makers.START, makers.YEAR, number="M2-2020")
    for _ in range(4):
        makers.held(makers.post(), makers.START)
    rate = one.programme.rates.believed().get(valid_until__isnull=False)
    told = {"day": "01.07.2020", "item": "post", "amount": "57.000", "per_fte": "1"}
    where = reverse("funding:fact_change", args=["rate", rate.pk])
    page = client.post(where, told).text
    assert "Rückzahlung aus M2-2020" in page
    assert "192.500,00" in page
    assert "199.500,00" in page
    assert Rate.objects.believed().filter(programme=one.programme).count() == 2
    assert client.post(where, told | {"seen": "1"}).status_code == 302
    assert Rate.objects.believed().filter(programme=one.programme).count() == 3


def test_the_list_is_narrowed_and_its_file_holds_numbers(client, me):
    of = makers.programme("overhead")
    one = makers.notice(3.5, of=of, number="M1-2021")
    two = makers.notice(
        11, makers.START, makers.YEAR, number="M2-2020", recipient=organisation("troisdorf", name="Stadt Troisdorf")
    )
    where = reverse("funding:notice_list")
    for query, there, not_there in [
        ("module=overhead", one, two),
        (f"recipient={two.recipient_id}", two, one),
        ("year=2020", two, one),
        ("q=troisdorf", two, one),
        ("q=m1-", one, two),
    ]:
        page = client.get(f"{where}?{query}").text
        assert there.get_absolute_url() in page, query
        assert not_there.get_absolute_url() not in page, query
    lines = list(
        csv.DictReader(
            io.StringIO(client.get(reverse("funding:notice_export", args=["csv"])).getvalue().decode("utf-8-sig")),
            delimiter=";",
        )
    )
    assert [line["Kennung"] for line in lines] == ["M1-2021", "M2-2020"]
    assert lines[1]["bewilligt (€)"] == "302500,00"
    book = load_workbook(io.BytesIO(client.get(reverse("funding:notice_export", args=["xlsx"])).getvalue()))
    row = [cell.value for cell in book.active[3]]
    assert row[0] == "M2-2020"
    assert 302500 in row
    assert last_act().act == "awardnotice.export"


def test_pages_of_notices_ask_the_same_number_of_queries_whatever_there_is(client, me):
    one = makers.notice(number="B-1")
    makers.payment(one)

    def asked(address):
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(address).status_code == 200
        return len(found)

    pages = [
        reverse("funding:notice_list"), one.get_absolute_url(), one.programme.get_absolute_url(),
        reverse("funding:programme_list"), reverse("funding:proof_detail", args=[one.pk]),
    ]  # fmt: skip
    for page in pages:
        client.get(page)
    few = [asked(page) for page in pages]
    for number in range(4):
        further = makers.notice(2, of=one.programme, number=f"B-2{number}")
        makers.payment(further)
        makers.payment(one, 10 + number)
        makers.deadline(one, D(2022, 1, 2 + number))
        makers.held(makers.post(), makers.START)
    makers.released(one)
    many = [asked(page) for page in pages]
    assert many == few
    assert max(many) <= 12


# What is due


def test_a_deadline_is_done_dropped_or_moved_and_stays_readable(client, me):
    one = makers.notice()
    for act, told, words in [
        ("done", {"done_on": "01.02.2022"}, "erledigt am 01.02.2022"),
        ("drop", {"because": "Bescheid aufgehoben"}, "entfallen: Bescheid aufgehoben"),
        (
            "move",
            {"due_on": "30.06.2022", "because": "Frist verlängert"},
            "verschoben auf 30.06.2022: Frist verlängert",
        ),
    ]:
        due = makers.deadline(one, D(2022, 3, 31))
        where = reverse(f"funding:deadline_{act}", args=[due.pk])
        assert client.get(where).status_code == 200
        assert client.post(where, told).status_code == 302
        assert words in client.get(one.get_absolute_url()).text
        assert client.post(where, told).status_code == 409
    assert [row.due_on for row in one.deadlines.filter(done_on=None, dropped_on=None)] == [D(2022, 6, 30)]


def test_deadlines_are_refused_in_words(me):
    one = makers.notice()
    due = makers.deadline(one)
    with pytest.raises(StepRefused, match="Diesen Termin gibt es schon"):
        makers.deadline(one)
    with pytest.raises(StepRefused, match="in der Zukunft"):
        due.finish(workdays.today() + dt.timedelta(days=1), by=me)
    with pytest.raises(StepRefused, match="bisherige Tag"):
        due.move(due.due_on, "Verlängert", by=me)
    due.drop("Aufgehoben", by=me)
    with pytest.raises(OutOfTurn):
        due.finish(workdays.today(), by=me)


def test_the_administration_is_reminded_of_dates_unclear_costs_and_posts_that_fall_away(client, me):
    one = makers.notice(number="M2-2021")
    soon = workdays.today() + dt.timedelta(days=5)
    due = makers.deadline(one, soon)
    makers.deadline(one, soon, kind="interim").drop("Aufgehoben", by=me)
    makers.deadline(one, workdays.today() + dt.timedelta(days=60), kind="final")
    rule = EligibilityRule.enter(
        by=me, programme=one.programme, kind="supervision", eligibility="unclear", basis="offen", ask_by=soon,
        valid_from=D(2021, 1, 1),
    )  # fmt: skip
    post = makers.post(number="M2-07")
    term = post.terms.get().correct(by=me, kw=True, kw_on=soon)
    ended = makers.post().terms.get().correct(by=me, kw=True, kw_on=soon)
    ended.end(soon, by=me)
    told = {duty.key: duty for duty in clock.open_until(soon)}
    assert {f"deadline:{due.pk}", f"eligibility:{rule.pk}", f"kw:{term.pk}"} == {
        key for key in told if key.split(":")[0] in ("deadline", "eligibility", "kw")
    }
    assert all(duty.people == {me.pk} for key, duty in told.items() if key.startswith(("deadline", "kw")))
    assert any("M2-2021" in entry.summary for entry in open_duties(me, soon, soon))
    page = client.get(reverse("kim:today")).text
    assert "Verwendungsnachweis" in page
    assert "Bescheid M2-2021" in page
    assert "Förderfähigkeit klären" in page
    assert "Stelle M2-07" in page
    assert duties.money_and_posts(soon, {"funding_deadlines": [], "funding_unclear": [], "funding_kw": [],
                                         "funding_keepers": []})  # fmt: skip
    client.force_login(user(Role.AUDIT))
    assert "Bescheid M2-2021" not in client.get(reverse("kim:today")).text


# What was paid


def test_payments_are_entered_and_cancelled_with_a_reason(client, me):
    one = makers.notice()
    where = reverse("funding:payment_new", args=[one.pk])
    told = {"kind": "called_off", "amount": "1.234,56", "on_day": "15.02.2021", "source": "Buchung"}
    for wrong in ({"amount": "0"}, {"amount": "-5"}, {"amount": "viel"}, {"kind": "gift"}, {"on_day": "31.12.2199"}):
        assert client.post(where, told | wrong).status_code == 422, wrong
    assert not Payment.objects.exists()
    assert client.post(where, told).status_code == 302
    made = one.payments.get()
    assert made.amount == Decimal("1234.56")
    assert last_act().note == ""
    cancel = reverse("funding:payment_cancel", args=[made.pk])
    assert client.post(cancel, {"because": ""}).status_code == 422
    assert client.post(cancel, {"because": "Falscher Bescheid"}).status_code == 302
    assert client.post(cancel, {"because": "Noch einmal"}).status_code == 409
    page = client.get(one.get_absolute_url()).text
    assert "storniert: Falscher Bescheid" in page
    assert money.balance(read(one)).called_off == 0


def test_money_is_where_its_dated_facts_say(me):
    one = makers.notice(11, makers.START, makers.YEAR, granted_on=D(2020, 7, 15))
    for _ in range(4):
        makers.held(makers.post(), makers.START)
    assert money.status(read(one), D(2020, 7, 14)).label == "noch nicht bewilligt"
    assert money.status(read(one), D(2020, 7, 15)).label == "bewilligt"
    makers.payment(one, 302_500, D(2020, 8, 1))
    assert money.status(read(one), D(2020, 8, 1)).label == "abgerufen"
    assert money.status(read(one), D(2020, 12, 31)).label == "verausgabt"
    makers.released(one)
    assert money.status(read(one)).label == "zurückzuzahlen"
    makers.payment(one, 92_500, D(2021, 6, 1), kind="repaid")
    assert money.status(read(one)).label == "zurückzuzahlen"
    assert money.balance(read(one)).still_open == 100_000
    makers.payment(one, 100_000, D(2021, 7, 1), kind="repaid")
    last = money.stations(read(one))[-1]
    assert (last.label, last.reached, last.on) == ("zurückgezahlt", True, D(2021, 7, 1))
    assert [station.label for station in money.stations(read(one))] == [
        "bewilligt", "abgerufen", "verausgabt", "nachgewiesen", "geprüft", "zurückzuzahlen", "zurückgezahlt",
    ]  # fmt: skip


def test_an_application_is_a_station_only_where_there_is_one(me):
    applied = makers.notice(of=makers.programme(award="application"))
    assert money.stations(read(applied))[0].label == "beantragt"
    assert money.stations(read(makers.notice()))[0].label == "bewilligt"


def test_a_calculation_of_a_part_says_nothing_about_what_was_not_called_off(me):
    one = makers.notice(11, makers.START, makers.YEAR)
    makers.payment(one, 302_500, D(2020, 8, 1))
    makers.released(one, last_day=D(2020, 9, 30))
    of = money.balance(read(one))
    assert of.owed == of.still_open == Decimal("151250.00")
    assert not of.not_called_off
    assert not of.is_above_granted


cents = st.decimals(min_value=0, max_value=1_000_000, places=2)


@settings(max_examples=200)
@given(granted=cents, entitled=cents, called=cents, repaid=cents)
def test_nobody_pays_back_more_than_was_called_off_or_is_owed(granted, entitled, called, repaid):
    owed = granted - min(entitled, granted)
    of = Balance(called_off=called, repaid=repaid, interest=Decimal(0), granted=granted, owed=owed)
    assert 0 <= of.still_open <= of.to_pay_back <= owed
    if called:
        assert of.to_pay_back == max(0, owed - max(0, granted - called))
        assert of.to_pay_back <= called
    else:
        assert of.to_pay_back == owed


# Bad input


def test_no_form_of_notices_breaks_whatever_is_typed(client, me):
    client.raise_request_exception = False
    one = makers.notice()
    makers.released(one)
    paid, due = makers.payment(one), makers.deadline(one)
    before = TrailEntry.objects.count()
    places = {
        "programme_new": [], "notice_new": [], "notice_edit": [one.pk], "period_new": [one.programme.pk],
        "deadline_new": [one.pk], "deadline_done": [due.pk], "deadline_move": [due.pk], "payment_new": [one.pk],
        "proof_submit": [one.pk],
    }  # fmt: skip
    addresses = [reverse(f"funding:{name}", args=args) for name, args in places.items()]
    addresses += [reverse("funding:fact_new", args=["rate", one.programme.pk])]
    addresses += [reverse("funding:fact_new", args=[kind, one.pk]) for kind in ("grant", "terms")]
    names = (
        "name key module award legal_basis valid_from last_day source item amount per_fte once number reference "
        "recipient period applied_on granted_on audited_on fte counting bases purpose conditions kind due_on done_on "
        "because on_day submitted_on submitted_to day seen shown confirmed"
    )
    for number, address in enumerate(addresses):
        for value in HOSTILE[number % 3 : -1 : 3]:
            answer = client.post(address, dict.fromkeys(names.split(), value))
            assert answer.status_code == 422, (address, value)
    assert TrailEntry.objects.count() == before
    for value in HOSTILE:
        told = dict.fromkeys(("q", "module", "recipient", "year", "after", "before"), value)
        assert client.get(reverse("funding:notice_list"), told).status_code == 200
    assert client.get(reverse("funding:notice_export", args=["csv"]), told).status_code == 200
    assert client.post(reverse("funding:payment_cancel", args=[paid.pk]), {"because": "\x00"}).status_code == 422


# Who sees what


def test_the_office_reads_its_module_alone(client, me):
    mine = makers.notice(of=makers.programme("overhead"), number="M1-2021")
    makers.notice(number="M2-2021")
    client.force_login(user(Role.STRATEGIC_OFFICE))
    page = client.get(reverse("funding:notice_list")).text
    assert "M1-2021" in page
    assert "M2-2021" not in page
    assert "Bescheid eintragen" not in page
    assert "Zahlung eintragen" not in client.get(mine.get_absolute_url()).text


def test_texts_of_notices_pass_the_privacy_gate(client, me):
    one = makers.notice()
    told = {"kind": "proof", "due_on": "31.03.2022", "source": "Anruf von Frau Fatima Haddad, 0171 2345678"}
    answer = client.post(reverse("funding:deadline_new", args=[one.pk]), told)
    assert answer.status_code == 422
    assert not Deadline.objects.exists()


def test_the_database_refuses_payments_of_nothing(me):
    with pytest.raises(ValidationError, match="größer als 0"):
        makers.payment(makers.notice(), 0)


def test_a_deadline_before_the_period_is_refused_in_words(client, me):
    of = makers.notice()
    asked = {"kind": "proof", "due_on": "31.12.1990"}
    answer = client.post(reverse("funding:deadline_new", args=[of.pk]), asked)
    assert answer.status_code == 422
    assert "vor dem Förderzeitraum" in answer.text
    assert "Bitte prüfen Sie Ihre Angaben" in answer.text
    assert not of.deadlines.exists()


def test_no_fte_are_no_grant(client, me):
    of = makers.notice(fte=0)
    told = {"item": "post", "fte": "0", "valid_from": "01.01.2021", "last_day": "31.12.2021"}
    answer = client.post(reverse("funding:fact_new", args=["grant", of.pk]), told)
    assert "Bewilligte VZÄ sind größer als 0." in answer.text


def test_the_list_says_what_a_repayment_rests_on(client, me):
    over = makers.notice(1)
    running = makers.notice(
        1, first=workdays.today().replace(month=1, day=1), until=workdays.today() + dt.timedelta(days=400)
    )

    def rests_on():
        page = client.get(reverse("funding:notice_list"))
        return {line.notice.pk: (line.granted, line.rests_on) for line in page.context["lines"]}

    assert rests_on()[over.pk] == (Decimal(55_000), "nicht abgerechnet")
    assert rests_on()[running.pk][1] == "Prognose"
    makers.released(over, last_day=D(2021, 6, 30))
    assert rests_on()[over.pk] == (Decimal(55_000), "nicht abgerechnet")
    assert "reicht nur bis 30.06.2021" in client.get(over.get_absolute_url()).text
    whole = makers.released(over)
    assert rests_on()[over.pk] == (Decimal(55_000), whole.number)


def test_modules_stand_in_their_order(client, me):
    for module in ("authorities", "case_management", "overhead"):
        makers.programme(module, name=f"Programm {module}")
    for name in ("programme_list", "eligibility_list"):
        text = client.get(reverse(f"funding:{name}")).text
        places = [text.index(f"Programm {module}") for module in ("overhead", "case_management", "authorities")]
        assert places == sorted(places)


def test_readers_of_a_proof_are_not_sent_where_they_may_not_go(client, me):
    of = makers.notice(1)
    address, edit = reverse("funding:proof_detail", args=[of.pk]), reverse("funding:notice_edit", args=[of.pk])
    assert edit in client.get(address).text
    client.force_login(user(Role.STEERING_GROUP))
    text = client.get(address).text
    assert "Der Tag der Bewilligung ist nicht eingetragen." in text
    assert edit not in text
