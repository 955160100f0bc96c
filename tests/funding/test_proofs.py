"""The proof of use: what is missing until it can be handed in, what its files state, and what handing in does."""

import datetime as dt
import io
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from funding import money, proof_files, proofs
from funding.models import AwardNotice, Calculation, Proof
from kim import workdays
from kim.models import Role, TrailEntry
from kim.workflow import OutOfTurn, StepRefused
from tests.factories import county, user
from tests.funding import makers
from tests.pdf_text import text_of

pytestmark = pytest.mark.django_db
D = dt.date
START, YEAR = makers.START, makers.YEAR
#: As a workbook holds days.
FIRST, LAST = (dt.datetime.combine(day, dt.time()) for day in (START, D(2020, 12, 31)))


@pytest.fixture
def me(client):
    county()
    made = makers.admin()
    client.force_login(made)
    return made


@pytest.fixture
def of_2020(me):
    """Module 2 in 2020: eleven posts granted, four filled; everything on record."""
    one = makers.notice(
        11, START, YEAR, number="M2-2020", granted_on=D(2020, 7, 15), reference="36.02",
        terms={"bases": "posts", "purpose": "Einzelfallhilfe", "conditions": "Belege aufbewahren."},
    )  # fmt: skip
    for number in range(1, 5):
        makers.held(makers.post(number=f"M2-0{number}"), START)
    makers.payment(one, 302_500, D(2020, 8, 1))
    makers.deadline(one, workdays.today() + dt.timedelta(days=30))
    return one


def read(notice):
    return money.read(AwardNotice.objects.select_related("period__programme", "recipient").get(pk=notice.pk))


def missing(notice):
    return [point.words for point in proofs.standing(read(notice)).missing]


# What is missing


def test_everything_that_is_missing_is_named_and_leads_to_where_it_is_mended(client, me):
    one = makers.notice(None, START, YEAR)
    one.terms.get().withdraw(by=me, because="Vertippt")
    standing = proofs.standing(read(one))
    words = " ".join(point.words for point in standing.missing)
    for said in (
        "Der Tag der Bewilligung ist nicht eingetragen", "Es fehlt, was bewilligt wurde",
        "Zweck, Auflagen und Zählweise", "kein Mittelabruf", "keine Abrechnung freigegeben",
        "Bis wann nachzuweisen ist",
    ):  # fmt: skip
        assert said in words
    assert [point.words for point in standing.missing if point.bars] == ["Es ist keine Abrechnung freigegeben."]
    page = client.get(reverse("funding:proof_detail", args=[one.pk])).text
    for point in standing.missing:
        assert point.words in page
        if point.url:
            assert f'href="{point.url}"' in page
            assert client.get(point.url.split("#")[0]).status_code == 200, point.url
    assert client.get(reverse("funding:proof_file", args=[one.pk, "pdf"])).status_code == 409
    answer = client.post(reverse("funding:proof_submit", args=[one.pk]), {"submitted_on": "01.02.2021"})
    assert answer.status_code == 422
    assert not Proof.objects.exists()


def test_with_everything_on_record_only_the_release_is_missing(of_2020):
    assert missing(of_2020) == ["Es ist keine Abrechnung freigegeben."]
    makers.released(of_2020)
    assert missing(of_2020) == []


def test_facts_that_change_after_the_release_are_said(of_2020, me):
    makers.released(of_2020)
    makers.held(makers.post(number="M2-05"), D(2020, 10, 1))
    assert missing(of_2020) == ["Seit der Freigabe haben sich Angaben geändert und mit ihnen das Ergebnis."]


def test_a_released_calculation_of_a_part_says_how_far_it_reaches(of_2020, me):
    makers.released(of_2020, last_day=D(2020, 9, 30))
    assert any("reicht nur bis 30.09.2020" in words for words in missing(of_2020))


def test_months_of_filled_posts_without_pay_are_named(me):
    one = makers.notice(2, START, YEAR, terms={"bases": "smaller"})
    paid, unpaid = makers.post(number="P-1"), makers.post(number="P-2")
    makers.held(paid, D(2020, 8, 1))
    makers.held(unpaid, D(2020, 9, 15), D(2020, 12, 1))
    for month in range(8, 13):
        until = D(2020, month + 1, 1) if month < 12 else YEAR
        makers.cost(one, 4000, D(2020, month, 1), until, post=paid)
    makers.cost(one, 4000, D(2020, 10, 1), D(2020, 11, 1), post=unpaid)
    gaps = [words for words in missing(one) if "Personalkosten fehlen" in words]
    assert gaps == ["Stelle P-2 war besetzt, Personalkosten fehlen: 09/2020, 11/2020."]
    makers.cost(one, 8000, D(2020, 9, 1), D(2020, 12, 1))
    assert not [words for words in missing(one) if "Personalkosten fehlen" in words]


@pytest.mark.parametrize(
    ("months", "words"),
    [
        ([], ""),
        ([(2020, 12)], "12/2020"),
        ([(2020, 11), (2020, 12), (2021, 1)], "11/2020 bis 01/2021"),
        ([(2020, 1), (2020, 3), (2020, 4)], "01/2020, 03/2020 bis 04/2020"),
    ],
)
def test_months_in_a_row_are_said_as_a_span(months, words):
    assert proofs.in_spans(D(year, month, 1) for year, month in months) == words


# The files


def test_the_workbook_holds_real_numbers_and_days(client, of_2020, me):
    done = makers.released(of_2020)
    answer = client.get(reverse("funding:proof_file", args=[of_2020.pk, "xlsx"]))
    assert 'filename="verwendungsnachweis-m2-2020.xlsx"' in answer.headers["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.getvalue()))
    assert book.sheetnames == ["Übersicht", "Stellen und Besetzungen", "Ausgaben", "Rechenweg"]
    told = {row[0].value: row[1].value for row in book["Übersicht"].iter_rows(min_row=2)}
    assert (told["Bewilligt (€)"], told["Anspruch (€)"], told["Rückzahlung (€)"]) == (302_500, 110_000, 192_500)
    assert (told["Abrechnung"], told["Prüfsumme"]) == (done.number, done.digest)
    assert told["Abgerechnet bis"] == LAST
    rows = [[cell.value for cell in row] for row in book["Stellen und Besetzungen"].iter_rows(min_row=2)]
    assert [row[0] for row in rows] == ["M2-01", "M2-02", "M2-03", "M2-04"]
    assert sum(row[6] for row in rows) == 110_000
    assert rows[0][2:6] == [FIRST, LAST, 1, 6]
    assert TrailEntry.objects.order_by("-pk").first().act == "proof.export"


def test_no_cell_is_run_as_a_formula_and_nobody_is_named(client, me):
    one = makers.notice(
        1, START, YEAR, reference='=HYPERLINK("http://x")', terms={"bases": "smaller", "purpose": "Zweck"}
    )
    person = user(Role.CASE_MANAGER, name="Amira Beispielmann")
    makers.held(makers.post(number="P-9"), START, person=person)
    makers.cost(one, Decimal("4000.50"), START, D(2020, 8, 1), eligibility="yes", basis="Bescheid", text="=1+1")
    makers.cost(one, 1000, START, D(2020, 8, 1), kind="supervision", eligibility="no", basis="Erlass")
    makers.released(one)
    book = load_workbook(io.BytesIO(client.get(reverse("funding:proof_file", args=[one.pk, "xlsx"])).getvalue()))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert not [cell.value for cell in cells if "Beispielmann" in str(cell.value)]
    spent = [[cell.value for cell in row] for row in book["Ausgaben"].iter_rows(min_row=2)]
    assert spent == [["Personal", "förderfähig", 1, 4000.5], ["Supervision", "nicht förderfähig", 1, 1000]]


def test_the_paper_is_tagged_and_states_number_and_check_sum(of_2020, me):
    done = makers.released(of_2020)
    made = proof_files.pdf(proofs.content(read(of_2020)))
    assert b"/StructTreeRoot" in made
    assert b"pdfuaid" in made
    text = text_of(made)
    for words in (done.number, "192.500,00", "M2-04", "36.02"):
        assert words in text
    assert done.digest in re.sub(r"\s", "", text)


def test_the_files_stay_as_they_were_released(of_2020, me):
    makers.released(of_2020)
    before = proofs.content(read(of_2020))
    makers.held(makers.post(), D(2020, 10, 1))
    makers.cost(of_2020, 500, START, D(2020, 8, 1))
    after = proofs.content(read(of_2020))
    assert after.result == before.result
    assert after.spending == before.spending


# Handing in


def test_handing_in_closes_what_was_due(client, of_2020, me):
    makers.released(of_2020)
    where = reverse("funding:proof_submit", args=[of_2020.pk])
    for wrong in ("", "31.12.2199", "30.12.2020"):
        assert client.post(where, {"submitted_on": wrong}).status_code == 422, wrong
    told = {"submitted_on": "15.02.2021", "submitted_to": "Bezirksregierung Arnsberg"}
    assert client.post(where, told).status_code == 302
    made = Proof.objects.get()
    assert (made.submitted_on, made.submitted_to, made.by) == (D(2021, 2, 15), "Bezirksregierung Arnsberg", me)
    assert of_2020.deadlines.get().done_on == D(2021, 2, 15)
    assert money.status(read(of_2020)).label == "zurückzuzahlen"
    assert any(one.label == "nachgewiesen" and one.reached for one in money.stations(read(of_2020)))
    with pytest.raises(OutOfTurn):
        Proof.submit(made.calculation, by=me, submitted_on=D(2021, 2, 16))


def test_a_draft_is_never_handed_in(of_2020, me):
    draft = Calculation.draw_up(of_2020, of_2020.period.last_day, by=me)
    with pytest.raises(StepRefused, match="freigegebene Zahlen"):
        Proof.submit(draft, by=me, submitted_on=D(2021, 2, 15))
