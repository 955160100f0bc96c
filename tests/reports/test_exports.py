"""Figures as files: real types, nothing that runs, small numbers kept secret, made once and for one pair of eyes."""

import datetime as dt
import io
import re
import zipfile
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from openpyxl import load_workbook

from kim import figures, files, workdays
from kim.figures import Figure, Part
from kim.models import Role, RoleGrant, TrailEntry
from kim.workflow import StepRefused
from reports import exporting, making, writing
from reports.exporting import NUMBER, TEXT, Book, Maker, Page
from reports.models import Export
from reports.models.exports import ATTEMPTS, GAVE_UP, KEPT, MOST_WAITING, SILENCE, State
from tests.factories import county, user
from tests.pdf_text import text_of

pytestmark = pytest.mark.django_db

COLUMNS = [("Kommune", "text"), ("Tag", "day"), ("offen", "number"), ("VZÄ", "exact"), ("Anteil", "share"),
           ("bewilligt", "money")]  # fmt: skip
ROWS = [
    ["=HYPERLINK(1)", dt.date(2022, 3, 16), 1234, Decimal("0.75"), Fraction(1, 3), Decimal("55000.00")],
    ["@SUM(A1)", None, "•", Decimal("-1.5"), Fraction(0), Decimal("-0.5")],
]
WORDS = Figure("test.persons", "Beratene Menschen", Part.CASEWORK, "Personen", "Wer beraten wurde.", "Beratungen",
               dt.date(2021, 1, 1), persons=True)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, settings):
    settings.FILES_DIR = tmp_path / "files"


@pytest.fixture
def table(monkeypatch):
    """What the makers „test“ (at once) and „large“ (in the background) answer with; may be changed by the test."""
    monkeypatch.setitem(figures._FIGURES, WORDS.key, WORDS)
    there = {"book": Book("Prüftabelle", [Page("Zahlen", COLUMNS, ROWS)], [WORDS.key], "Stand 16.03.2022")}

    def make(user, asked):
        if isinstance(there["book"], Exception):
            raise there["book"]
        return there["book"]

    monkeypatch.setitem(exporting._MAKERS, "test", Maker("test", "Prüftabelle", make, True, Part.CHAIN))
    monkeypatch.setitem(exporting._MAKERS, "large", Maker("large", "Große Prüftabelle", make, False, Part.CHAIN))
    return there


@pytest.fixture
def office(client):
    county()
    made = user(Role.STRATEGIC_OFFICE)
    client.force_login(made)
    return made


def ask(client, what="test", kind="xlsx", query=""):
    return client.post(f"{reverse('reports:export_new')}?{query}", {"what": what, "format": kind})


def waiting(by, title="Große Prüftabelle", **fields) -> Export:
    return Export.ask(by=by, what="large", title=title, asked=fields.pop("asked", {}), format="csv")


# Files


def test_a_workbook_holds_real_types_and_nothing_that_runs(client, office, table):
    answer = ask(client)
    book = load_workbook(io.BytesIO(answer.getvalue()))
    sheet = book["Zahlen"]
    first, second = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    first[1] = first[1].date()
    assert first == ["=HYPERLINK(1)", dt.date(2022, 3, 16), 1234, 0.75, pytest.approx(1 / 3), 55000]
    assert second == ["@SUM(A1)", None, "•", -1.5, 0, -0.5]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert [cell.number_format for cell in sheet[2]][1:] == [
        "dd.mm.yyyy", "#,##0", "#,##0.00##", "0.0 %", '#,##0.00 "€"',
    ]  # fmt: skip
    assert sheet.freeze_panes == "B2"
    assert book.properties.title == "Prüftabelle"
    assert not book.properties.creator
    told = [cell.value for row in book["Definitionen"].iter_rows() for cell in row if cell.value]
    assert {"Beratene Menschen", "Wer beraten wurde.", "Personen", "Beratungen", "ab 01.01.2021"} <= set(told)
    assert writing.protection() in told
    assert "Stand 16.03.2022" in told


def test_csv_reads_as_german_numbers_and_guards_what_would_run(client, office, table):
    text = ask(client, kind="csv").getvalue().decode()
    assert text.startswith("\ufeffKommune;Tag;offen;")
    assert text.splitlines()[1:] == [
        "'=HYPERLINK(1);16.03.2022;1234;0,75;33,3 %;55000,00",
        "'@SUM(A1);;•;-1,5;0,0 %;-0,50",
    ]


def test_several_tables_as_csv_come_packed_with_their_definitions(office, table):
    pages = [Page("offen/zu", COLUMNS, ROWS), Page("Offen zu", COLUMNS, ROWS[:1])]
    written = writing.written(Book("Zwei", pages, [WORDS.key]), "csv")
    with zipfile.ZipFile(io.BytesIO(b"".join(written.chunks))) as packed:
        assert packed.namelist() == ["offen-zu.csv", "offen-zu-2.csv", "definitionen.csv"]
        assert "Wer beraten wurde." in packed.read("definitionen.csv").decode("utf-8-sig")
    assert written.suffix == "zip"


def test_on_paper_no_number_and_no_word_is_broken_however_many_columns():
    columns = [("Kommune", TEXT), *((f"{one}. Quartal 2026", NUMBER) for one in range(12)), ("Hinweis", TEXT)]
    rows = [["Neunkirchen-Seelscheid", *["1.003.750"] * 12, "ein langer Satz " * 9]]
    crowded, roomy = (writing._widths(columns, rows, room) for room in (155, 400))
    assert crowded[0] > len("Neunkirchen-Seelscheid")
    assert min(crowded[1:-1]) > len("1.003.750")
    assert crowded[:-1] == roomy[:-1]
    assert crowded[-1] < roomy[-1]
    assert writing._widths(columns[:2], [], 92)[0] > len("Kommune")


def test_a_pdf_is_tagged_says_what_is_counted_and_divides_what_is_too_wide(office, table):
    wide = Page("Monate", [("Kommune", "text"), *((f"M{n}", "number") for n in range(30))], [["Ort", *range(30)]])
    written = writing.written(Book("Breit", [wide, Page("Zahlen", COLUMNS, ROWS)], [WORDS.key], "alle"), "pdf")
    pdf = b"".join(written.chunks)
    text = re.sub(r"\s+", " ", text_of(pdf))
    for words in ("Breit", "Monate (Fortsetzung)", "M29", "=HYPERLINK(1)", "55.000,00", "33,3", "•", "Wer beraten"):
        assert words in text, words
    assert b"/StructTreeRoot" in pdf


def test_too_many_rows_for_paper_are_refused_with_what_to_do(client, office, table):
    table["book"] = Book("Lang", [Page("Zeilen", [("n", "number")], [[n] for n in range(writing.MOST_IN_PDF + 1)])])
    answer = ask(client, kind="pdf")
    assert answer.status_code == 302
    assert "Excel oder CSV" in client.get(answer.headers["Location"]).content.decode()
    assert not TrailEntry.objects.filter(act="export.take").exists()


def test_names_of_sheets_are_ones_excel_takes():
    names = writing.sheet_names(["a/b:c*?", "A B C", "x" * 40, "x" * 40, "Definitionen", "''", "[]"])
    assert len({name.casefold() for name in names}) == len(names)
    assert all(0 < len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in names)
    assert "Definitionen" not in names


# Rights and the trail


def test_what_is_taken_is_on_record_without_what_is_in_it(client, office, table):
    answer = ask(client, query="area=05382020")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="prueftabelle-{workdays.today()}.xlsx"'
    answer.getvalue()
    row = TrailEntry.objects.get(act="export.take")
    assert (row.by, row.note) == (office, "XLSX, Prüftabelle, 2 Zeilen")


@pytest.mark.parametrize(("what", "kind"), [("nothing", "xlsx"), ("test", "exe"), ("test", ""), ("", "pdf")])
def test_what_there_is_not_is_not_found(client, office, table, what, kind):
    assert ask(client, what, kind).status_code == 404


def test_figures_of_another_part_are_refused(client, table):
    county()
    client.force_login(user(Role.ADMIN))
    for what in ("test", "large"):
        assert ask(client, what).status_code == 403
    assert not Export.objects.exists()


def test_files_of_others_do_not_exist(client, office, table):
    export = waiting(user(Role.COORDINATION))
    making.work_on()
    for page in ("export_detail", "export_file"):
        assert client.get(reverse(f"reports:{page}", args=[export.pk])).status_code == 404
    for act in ("export_again", "export_drop"):
        assert client.post(reverse(f"reports:{act}", args=[export.pk])).status_code == 404
    assert Export.objects.get().state == State.DONE


def test_who_lost_the_role_neither_gets_it_made_nor_fetched(client, office, table):
    done, late = waiting(office), waiting(office, asked={"on": "2022-03-16"})
    assert making.make(Export.take(done.pk))
    RoleGrant.objects.filter(user=office).update(role=Role.ADMIN)
    office.forget_standing()
    assert client.get(reverse("reports:export_file", args=[done.pk])).status_code == 403
    making.work_on()
    late.refresh_from_db()
    assert (late.state, late.error) == (State.FAILED, "Diese Zahlen gehören nicht zu Ihren Aufgaben.")
    RoleGrant.objects.filter(user=office).update(role=Role.CASE_MANAGER)
    assert client.get(reverse("reports:export_list")).status_code == 403


# In the background


def test_a_large_one_is_asked_for_made_and_fetched(client, office, table):
    table["book"] = Book("Große Prüftabelle", [Page("Zahlen", COLUMNS, (row for row in ROWS), total=2)])
    place = ask(client, "large", "csv", "on=2022-03-16").headers["Location"]
    assert ask(client, "large", "csv", "on=2022-03-16").headers["Location"] == place, "two clicks make one"
    page = client.get(place).content.decode()
    assert 'data-hx-trigger="every 2s"' in page
    assert client.get(f"{place}file/").status_code == 302
    assert making.work_on() == 1
    assert making.work_on() == 0
    assert "Herunterladen" in client.get(place, headers={"hx-request": "true"}).content.decode()
    answer = client.get(f"{place}file/")
    assert b"".join(answer.streaming_content).decode("utf-8-sig").startswith("Kommune;Tag")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="grosse-prueftabelle-{workdays.today()}.csv"'
    acts = TrailEntry.objects.filter(act__startswith="export.").order_by("id").values_list("act", flat=True)
    assert list(acts) == ["export.ask", "export.make", "export.fetch"]
    found = Export.objects.get()
    assert (found.done, found.total, found.attempts) == (2, 2, 1)
    client.post(f"{place}drop/")
    assert not Export.objects.exists()


def test_a_killed_worker_is_followed_by_another_and_its_late_end_leaves_nothing(office, table):
    """kill -9 leaves the row as it was; one that was only slow comes back when somebody else has made it."""
    first = Export.take(waiting(office).pk)
    assert Export.take(first.pk) is None, "somebody has it"
    with workdays.as_of(workdays.now() + SILENCE + dt.timedelta(seconds=1)):
        assert making.work_on() == 1
    made = Export.objects.get()
    assert (made.state, made.attempts) == (State.DONE, 2)
    assert making.make(first) is False
    assert list(files_there()) == [made.file]
    made.refresh_from_db()
    assert made.state == State.DONE
    assert TrailEntry.objects.filter(act="export.make").count() == 1


def test_what_is_dropped_while_it_is_made_leaves_no_file(office, table, monkeypatch):
    export = Export.take(waiting(office).pk)
    monkeypatch.setattr(making, "EVERY", 0)

    def rows():
        yield ROWS[0]
        Export.objects.get().drop(by=office)
        yield ROWS[1]

    table["book"] = Book("Große", [Page("Zahlen", COLUMNS, rows(), total=2)])
    assert making.make(export) is False
    assert not list(files_there())


def test_progress_is_told_while_rows_are_written(office, table, monkeypatch):
    export = Export.take(waiting(office).pk)
    monkeypatch.setattr(making, "EVERY", 0)
    seen = []

    def rows():
        for _ in range(3):
            yield ROWS[0]
            seen.append(Export.objects.get().done)

    table["book"] = Book("Große", [Page("Zahlen", COLUMNS, rows(), total=3)])
    assert making.make(export)
    assert seen == [1, 2, 3]


def test_what_keeps_breaking_is_given_up_and_may_be_tried_again(client, office, table):
    export = waiting(office)
    table["book"] = ValueError("Frau Muster")
    for _ in range(ATTEMPTS + 1):
        making.work_on()
    export.refresh_from_db()
    assert (export.state, export.attempts, export.error) == (State.FAILED, ATTEMPTS, GAVE_UP)
    assert GAVE_UP in client.get(export.get_absolute_url()).content.decode()
    table["book"] = Book("Große", [Page("Zahlen", COLUMNS, ROWS)])
    client.post(reverse("reports:export_again", args=[export.pk]))
    assert making.work_on() == 1


@pytest.mark.parametrize(
    "refusal", [StepRefused("Bitte einen Tag wählen."), PermissionDenied("Bitte einen Tag wählen.")]
)
def test_a_refusal_is_said_at_once_and_not_tried_again(office, table, refusal):
    table["book"] = refusal
    export = waiting(office)
    making.work_on()
    export.refresh_from_db()
    assert (export.state, export.attempts, export.error) == (State.FAILED, 1, "Bitte einen Tag wählen.")


def test_a_worker_that_dies_every_time_is_not_followed_for_ever(office, table):
    export = waiting(office)
    for number in range(ATTEMPTS + 1):
        with workdays.as_of(workdays.now() + number * 2 * SILENCE):
            taken = Export.take(export.pk)
            assert bool(taken) is (number < ATTEMPTS)
    export.refresh_from_db()
    assert (export.state, export.error) == (State.FAILED, GAVE_UP)


def test_files_go_after_days_and_the_sweep_knows_them(office, table, django_capture_on_commit_callbacks):
    making.make(Export.take(waiting(office).pk))
    export = Export.objects.get()
    files.sweep_all(older_than=0)
    files.check(export.file)
    with (
        workdays.as_of(workdays.now() + KEPT + dt.timedelta(hours=1)),
        django_capture_on_commit_callbacks(execute=True),
    ):
        making.work_on()
    assert not Export.objects.exists()
    assert not list(files_there())


def test_nobody_asks_for_more_than_a_few_at_a_time(client, office, table):
    for number in range(MOST_WAITING):
        waiting(office, asked={"on": str(number)})
    answer = ask(client, "large", "csv", "on=9")
    assert "Es warten schon" in client.get(answer.headers["Location"]).content.decode()
    assert Export.objects.count() == MOST_WAITING


def test_the_list_takes_as_many_queries_for_many_files(client, office, table, django_assert_max_num_queries):
    for number in range(MOST_WAITING):
        Export.objects.create(by=office, what="large", title=f"Datei {number}", format="csv")
    with django_assert_max_num_queries(12):
        assert client.get(reverse("reports:export_list")).status_code == 200


def files_there():
    return sorted(path.name for folder in files.folders() for path in files.path_of(folder + "0" * 30).parent.iterdir())
