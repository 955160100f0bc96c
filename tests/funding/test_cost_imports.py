"""Sheets of personnel costs: what a line says, what it would do, and that nothing is ever written twice."""

import csv
import io
import zipfile
from contextlib import suppress
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from funding import cost_sheets
from funding.cost_sheets import COLUMNS, Fault, kind_of, month_of, placed
from funding.models import Cost, CostImport, CostImportRow
from kim.models import TrailEntry
from kim.workflow import OutOfTurn
from tests.factories import county, organisation
from tests.funding.makers import YEAR, D, admin, cost, cost_import, held, notice, post, programme

pytestmark = pytest.mark.django_db
HEAD = ["Stelle", "Person", "Monat", "Betrag", "Arbeitgeberanteil"]


@pytest.fixture(autouse=True)
def _there():
    county()


@pytest.fixture
def here():
    """A notice over 2021, and a post somebody holds."""
    made = notice(number="M2-2021")
    place = post(D(2020, 7, 1), number="M2-05")
    made.place, made.person = place, held(place, D(2020, 7, 1)).user
    return made


def table(*lines, encoding="utf-8", delimiter=";", name="lohn.csv") -> SimpleUploadedFile:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(lines)
    return SimpleUploadedFile(name, file.getvalue().encode(encoding))


def workbook(*lines) -> SimpleUploadedFile:
    book, file = Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)
    book.save(file)
    return SimpleUploadedFile("lohn.xlsx", file.getvalue())


def upload(client, file, status=302):
    client.force_login(admin())
    answer = client.post(reverse("funding:cost_import_new"), {"file": file})
    assert answer.status_code == status, answer.context and answer.context["form"].errors
    return CostImport.objects.first() if status == 302 else answer


def does(found: CostImport) -> list:
    return list(found.rows.values_list("line", "does"))


def press(client, name, found, status=302):
    answer = client.post(reverse(f"funding:cost_import_{name}", args=[found.pk]))
    assert answer.status_code == status
    found.refresh_from_db()
    return answer


# Reading


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("03.2021", 3), ("3.2021", 3), ("03/2021", 3), ("2021-03", 3), ("2021-03-01", 3), ("01.03.2021", 3),
        ("März 2021", 3), ("Mrz 2021", 3), ("dez. 2021", 12), ("3,2021", 3),
    ],
)  # fmt: skip
def test_a_month_in_many_spellings(text, month):
    assert month_of(text) == D(2021, month, 1)


def test_a_month_a_spreadsheet_took_for_a_number():
    assert month_of("10,202") == D(2020, 10, 1)


@pytest.mark.parametrize("text", ["", "13.2021", "00.2021", "2021", "15.03.2021", "03.1999", "Foo 2021", "3.20211"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(Fault):
        month_of(text)


@given(st.text(max_size=30))
@settings(max_examples=60)
def test_no_text_breaks_reading(text):
    for read in (month_of, kind_of):
        with suppress(Fault):
            read(text)
    places, missing, unknown = placed([text, "Stelle", "Stelle"])
    assert len(places) + len(unknown) == (3 if text else 2)
    assert len(missing) in (1, 2)


def test_headings_in_any_order_and_spelling():
    places, missing, unknown = placed(["Betrag (in €)", "ABRECHNUNGSMONAT", "Stellen-Nr.", "Farbe", "Benutzername"])
    assert places == {0: "amount", 1: "month", 2: "post", 4: "user"}
    assert (missing, unknown) == ([], ["Farbe"])


# Taking over


def test_a_salary_and_the_employers_share_become_two_costs(client, here):
    lines = [[here.place.number, here.person.username, "03.2021", "4.583,33", "912,50"],
             ["m2-05", here.person.username.upper(), "04.2021", "4583,33", "0,00"]]  # fmt: skip
    found = upload(client, table(HEAD, *lines))
    assert does(found) == [(2, "enter"), (2, "enter"), (3, "enter")]
    text = client.get(found.get_absolute_url()).text
    assert "3 Ausgaben übernehmen" in text
    assert "5.495,83" in text  # March
    assert "10.079,16" in text  # the post
    press(client, "take", found)
    assert [(one.kind, one.amount, one.user, one.notice_id) for one in Cost.objects.order_by("pk")] == [
        ("personnel", Decimal("4583.33"), here.person, here.pk), ("employer", Decimal("912.50"), here.person, here.pk),
        ("personnel", Decimal("4583.33"), here.person, here.pk),
    ]  # fmt: skip
    assert found.taken_by == admin()
    assert not CostImportRow.objects.exists()
    assert "3 Ausgaben, zusammen" in client.get(found.get_absolute_url()).text
    again = upload(client, table(HEAD, *lines))
    assert {what for _, what in does(again)} == {"same"}
    press(client, "take", again, 409)
    press(client, "drop", again)
    assert Cost.objects.count() == 3
    assert {"costimport.upload", "costimport.take", "costimport.drop", "cost.enter"} <= set(
        TrailEntry.objects.values_list("act", flat=True)
    )


def test_another_amount_corrects_and_the_old_one_stays_readable(client, here):
    was = cost(here, 4000, D(2021, 3, 1), D(2021, 4, 1), post=here.place, text="von Hand")
    found = upload(client, workbook(["Monat", "Betrag", "Stelle"], [D(2021, 3, 1), 4100.5, "M2-05"]))
    assert does(found) == [(2, "correct")]
    assert "<s>4.000,00" in client.get(found.get_absolute_url()).text
    press(client, "take", found)
    now = Cost.objects.believed().get()
    assert (now.amount, now.replaces, now.text, now.imported) == (Decimal("4100.50"), was, "von Hand", found)
    was.refresh_from_db()
    assert (was.amount, was.known_until) == (4000, now.known_from)
    assert TrailEntry.objects.filter(act="cost.correct").exists()


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("cp1252", ";"), ("utf-8-sig", ";"), ("utf-8", ","), ("utf-8", "\t")]
)
def test_csv_as_people_have_it(client, here, encoding, delimiter):
    found = upload(client, table(["Stelle", "Monat", "Betrag"], ["M2-05", "März 2021", "4.583,33 €"]
                                 if encoding != "utf-8" else ["M2-05", "März 2021", "4583.33"],
                                 encoding=encoding, delimiter=delimiter))  # fmt: skip
    assert does(found) == [(2, "enter")]
    assert found.rows.get().amount == Decimal("4583.33")


def line(**more):
    return {"post": "M2-05", "month": "03.2021", "amount": "100"} | more


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (line(post="X-1"), "gibt es nicht"),
        (line(post=""), "„Stelle“ fehlt"),
        (line(user="niemand"), "Benutzernamen „niemand“"),
        (line(user="verwaltung-test"), "hatte die Stelle"),
        (line(month="Ostern"), "versteht KIM nicht"),
        (line(month="06.2020"), "gibt es in diesem Monat nicht"),
        (line(month="08.2020"), "keinen Bescheid"),
        (line(amount="0"), "größer als 0"),
        (line(amount="-4"), "größer als 0"),
        (line(amount="viel"), "wie 1.234,56"),
        (line(amount="1,234"), "zwei Stellen"),
        (line(amount="99999999999999"), "zu groß"),
        (line(amount="=A1*2"), "Formel"),
        (line(post="=A1"), "Formel"),
        (line(employer="-1"), "größer als 0"),
        (line(kind="Kaffee"), "kennt KIM nicht"),
        (line(kind="Weiterleitung an Dritte"), "Weiterleitungen"),
        (line(kind="Supervision", employer="5"), "Kostenart Personal"),
        (line(notice="M9"), "gibt es in diesem Monat nicht"),
        (line(notice="M1-2021"), "anderes Modul"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(here, told, words):
    notice(of=programme(module="overhead"), number="M1-2021")
    (row,) = cost_sheets.check([(7, told)])
    assert (row.line, row.does, row.kind) == (7, "faulty", "")
    assert words in row.problem


def test_two_notices_in_question_and_lines_that_come_twice(here):
    troisdorf = organisation("stadt-troisdorf", name="Troisdorf")
    notice(number="T-2021", recipient=troisdorf)  # of somebody else
    first, again, other = cost_sheets.check([(2, line()), (3, line(amount="7")), (4, line(kind="Supervision"))])
    assert (first.does, other.does) == ("enter", "enter")
    assert again.problem == "Dasselbe steht schon in Zeile 2."
    notice(number="M2-2021-N")
    (unsure,) = cost_sheets.check([(2, line())])
    assert "M2-2021, M2-2021-N" in unsure.problem
    (named,) = cost_sheets.check([(2, line(notice="m2-2021"))])
    assert (named.does, named.told["to"]) == ("enter", "M2-2021")


@pytest.mark.parametrize(
    ("first", "until", "who"),
    [
        (D(2021, 1, 1), D(2021, 7, 1), False),
        (D(2021, 3, 1), D(2021, 4, 1), True),
        (D(2021, 3, 1), D(2021, 3, 15), False),
    ],
)
def test_money_is_not_counted_twice_beside_what_was_entered_otherwise(here, first, until, who):
    """A half-year in one sum, the same month with a person, half a month."""
    cost(here, 4000, first, until, post=here.place, user=here.person if who else None)
    (row,) = cost_sheets.check([(2, line())])
    assert "anders eingetragen" in row.problem


def test_faulty_lines_are_left_out_and_may_come_again(client, here):
    found = upload(client, table(["Stelle", "Monat", "Betrag"], ["M2-05", "03.2021", "5"], ["M2-99", "03.2021", "5"]))
    assert (found.rows_total, found.rows_faulty) == (2, 1)
    text = client.get(found.get_absolute_url(), {"does": "faulty"}).text
    assert "„M2-99“ gibt es nicht" in text
    press(client, "take", found)
    assert Cost.objects.count() == 1
    found = upload(client, table(["Stelle", "Monat", "Betrag"], ["M2-05", "03.2021", "5"]))
    assert does(found) == [(2, "same")]


def test_what_changed_since_the_preview_is_shown_anew_and_nothing_is_written(client, here):
    found = upload(client, table(["Stelle", "Monat", "Betrag"], ["M2-05", "03.2021", "5"], ["M2-05", "04.2021", "6"]))
    other = cost(here, 4, D(2021, 3, 1), D(2021, 4, 1), post=here.place)
    answer = press(client, "take", found, 409)
    assert "haben sich Ausgaben" in answer.text
    assert Cost.objects.get() == other
    assert does(found) == [(2, "correct"), (3, "enter")]
    press(client, "take", found)
    assert sorted(Cost.objects.believed().values_list("amount", flat=True)) == [5, 6]
    assert press(client, "take", found, 409).text.count("nicht mehr offen")
    with pytest.raises(OutOfTurn, match="übernommen"):
        found.drop(by=admin())


def test_dropping_leaves_nothing_that_was_read(client, here):
    found = cost_import(line(), line(month="x"))
    client.force_login(admin())
    press(client, "drop", found)
    assert not CostImportRow.objects.exists()
    assert not Cost.objects.exists()
    assert "verworfen" in client.get(found.get_absolute_url()).text


# Files


def packed(**parts) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(f"xl/{name.replace('__', '.')}", text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "leer"),
        (b"\xd0\xcf\x11\xe0alt", "alte Excel-Datei"),
        (b"PK\x03\x04kaputt", "beschädigt"),
        (b"%PDF-1.7\0", "weder eine Excel-Datei"),
        (b"Stelle;Farbe\nx;y\n", "„Monat“, „Betrag“"),
        (b"Stelle;Monat;Betrag\n", "steht keine Zeile"),
        (b"Stelle;Monat;Betrag\n" + b"M2-05;03.2021;1\n" * 5_001, "mehr als 5.000 Zeilen"),
        (b"x" * (cost_sheets.MOST_BYTES + 1), "größer als 2 MB"),
        (packed(workbook__xml="<x/>", vbaProject__bin="x"), "Makros"),
        (packed(workbook__xml='<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>'), "nicht in eine Tabelle"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_words(client, data, words):
    answer = upload(client, SimpleUploadedFile("../../x.xlsx", data), status=422)
    assert words in " ".join(answer.context["form"].errors["file"])
    assert not CostImport.objects.exists()


def test_a_formula_in_a_workbook_is_never_worked_out(client, here):
    found = upload(client, workbook(["Stelle", "Monat", "Betrag", "=1+1"], ["M2-05", "03.2021", "=2000+1", "x"]))
    assert "Formel" in found.rows.get().problem
    client.force_login(admin())
    assert "Formel" in client.get(found.get_absolute_url()).text


def test_the_template_has_every_heading_and_can_be_read(client):
    client.force_login(admin())
    answer = client.get(reverse("funding:cost_import_template"))
    book = load_workbook(io.BytesIO(answer.content))
    assert [cell.value for cell in book.worksheets[0][1]] == [column.heading for column in COLUMNS]
    assert placed([column.heading for column in COLUMNS])[1:] == ([], [])


def test_the_largest_sheet_takes_as_many_queries_as_a_small_one(client, here):
    posts = [here.place, *(post(D(2020, 7, 1)) for _ in range(20))]
    told = [line(post=one.number, month=f"{month:02}.2021") for month in range(1, 13) for one in posts]
    lines = list(enumerate(told, start=2))

    def queries(some):
        with CaptureQueriesContext(connection) as seen:
            rows = cost_sheets.check(some)
        assert {row.does for row in rows} == {"enter"}
        return len(seen)

    assert queries(lines[:3]) == queries(lines)
    found = CostImport.start(cost_sheets.check(lines), by=admin())
    client.force_login(admin())
    with CaptureQueriesContext(connection) as seen:
        assert client.get(found.get_absolute_url()).text.count("2.100,00") == 12
    assert len(seen) <= 12
    with CaptureQueriesContext(connection) as seen:
        assert found.take(cost_sheets.check, by=admin()) == 252
    assert len(seen) <= 30
    assert Cost.objects.filter(valid_from__gte=YEAR).count() == 252
