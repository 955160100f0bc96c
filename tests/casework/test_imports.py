"""Imports: every fault by line and column, all rows or the good ones, and the whole of it taken back."""

import csv
import datetime as dt
import io
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from kombu.exceptions import OperationalError
from openpyxl import Workbook, load_workbook

from casework import importing
from casework.columns import Lists, columns_of, some_of
from casework.importing import would_stay
from casework.models import Case, Client, Consultation, FollowUp, Identity, Import, ImportRow
from casework.tasks import work_on_imports
from kim import sheets, workdays
from kim.models import Absence, County, Draft, JobRun, Notice, Role, TrailEntry, User
from kim.workflow import StepRefused
from tests.casework.factories import case, case_manager
from tests.casework.factories import client as person
from tests.factories import county, municipality, user
from tests.htmx import SWAP, element

pytestmark = pytest.mark.django_db
NEW = "/casework/imports/new/"


@pytest.fixture(autouse=True)
def _there():
    county(case_prefix="RSK")
    call_command("load_codes", verbosity=0)


@pytest.fixture
def me():
    return case_manager(place=municipality("Windeck"))


def day(days=0):
    return f"{workdays.today() - dt.timedelta(days=days) if days else workdays.today():%d.%m.%Y}"


def sheet(*lines, name="tabelle.csv") -> SimpleUploadedFile:
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows(lines)
    return SimpleUploadedFile(name, ("\ufeff" + file.getvalue()).encode())


def workbook(*lines) -> SimpleUploadedFile:
    book = Workbook()
    for line in lines:
        book.active.append(line)
    file = io.BytesIO()
    book.save(file)
    return SimpleUploadedFile("tabelle.xlsx", file.getvalue())


def upload(client, by, kind, file):
    client.force_login(by)
    return client.post(NEW, {"kind": kind, "file": file})


def start(client, by, kind, file) -> Import:
    answer = upload(client, by, kind, file)
    assert answer.status_code == 302, answer.context["form"].errors
    importing.work_on()
    return Import.objects.get(pk=answer.headers["Location"].split("/")[-2])


def take_over(client, found, rows="all") -> Import:
    url = reverse("casework:import_take_over", args=[found.pk])
    assert client.post(url, {"rows": rows}).status_code == 302
    importing.work_on()
    found.refresh_from_db()
    return found


HEAD = ["Datum", "Fallnummer", "Kommune", "Beratungsform", "Dauer in Viertelstunden", "Sprache", "Notiz"]
PEOPLE = ["Nachname", "Vorname", "Geburtsdatum", "Kommune", "Aufenthaltsstatus", "Titel gültig bis", "Sprachen"]


def test_consultations_from_csv(client, me):
    own = case(by=me, foreign_number="L-77")
    found = start(client, me, "consultations", sheet(
        HEAD, [day(), own.number, "", "RATHAUS", "4", "ar", "'=1+1"], [day(), "L-77", "", "RATHAUS", "", "", ""],
        [day(), "", "Windeck", "RATHAUS", "", "", ""],
    ))  # fmt: skip
    assert (found.state, found.rows_total, found.rows_faulty) == ("ready", 3, 0)
    assert not Consultation.objects.exists()
    found = take_over(client, found)
    assert (found.state, found.rows_made) == ("done", 3)
    first = Consultation.objects.get(quarter_hours=4)
    assert (first.case, first.author, first.note, str(first.language)) == (own, me, "=1+1", "Arabisch")
    assert Consultation.objects.filter(case=own).count() == 2
    assert Consultation.objects.get(case=None).municipality.name == "Windeck"
    assert not ImportRow.objects.exclude(values={}).exists()


def test_cases_from_a_workbook(client, me):
    born, until = dt.date(1990, 3, 12), dt.date(2031, 1, 31)
    found = start(client, me, "cases", workbook(
        PEOPLE, ["Rahimi", "Nadia", born, "Windeck", "Duldung", until, "Arabisch; Englisch"],
        ["Haddadi", "", "", "Windeck"],
    ))  # fmt: skip
    found = take_over(client, found)
    assert found.rows_made == 2
    made = Case.objects.get(client__identity__family_name="Rahimi")
    assert (made.owner, made.state, made.number.startswith("RSK-")) == (me, "request", True)
    assert made.client.identity.birth_date == born
    status = made.client.residence_statuses.get()
    assert (status.status.code, status.expires_on) == ("DULD", until)
    assert {code.code for code in made.client.languages.all()} == {"ar", "en"}


def test_every_fault_by_line_and_column_and_nothing_is_imported(client, me):
    foreign = case(by=case_manager(employer="stadt-troisdorf"))
    found = start(client, me, "consultations", sheet(
        HEAD, ["31.02.2026", "", "Windek", "RATHAUS", "99", "klingonisch", ""], [day(), "", "Windeck", "RATHAUS"],
        [day(), foreign.number, "", "", "", "", ""], [day(), "", "", "RATHAUS", "", "", ""],
    ))  # fmt: skip
    assert (found.state, found.rows_faulty) == ("ready", 3)
    faults = {row.line: {fault["column"] for fault in row.faults} for row in found.rows.all() if row.faults}
    assert faults == {
        2: {"Datum", "Kommune", "Dauer in Viertelstunden", "Sprache"},
        4: {"Fallnummer", "Beratungsform"},
        5: {"Kommune"},
    }
    page = client.get(found.get_absolute_url()).content.decode()
    assert "„Windek“ ist keine Kommune" in page
    assert "ist keiner Ihrer Fälle" in page
    answer = client.post(reverse("casework:import_take_over", args=[found.pk]), {"rows": "all"})
    assert answer.status_code == 409
    assert not Consultation.objects.exists()
    assert take_over(client, found, rows="good").rows_made == 1


def test_a_request_that_would_be_erased_at_once_is_a_fault(client, me):
    def asked(day):
        return ["Rahimi", f"{day:%j}", "", "Windeck", f"{day:%d.%m.%Y}"]

    with workdays.as_of(dt.date(2026, 11, 30)):
        County.objects.update(request_kept_months=2)
        head = [*PEOPLE[:4], "angefragt am"]
        found = start(client, me, "cases", sheet(head, asked(dt.date(2026, 9, 30)), asked(dt.date(2026, 10, 1))))
        [row] = found.rows.exclude(faults=[])
        assert "01.10.2026" in row.faults[0]["text"]
        take_over(client, found, "good")
        assert not Case.objects.to_be_erased().exists()
        assert Case.objects.count() == 1


def test_what_is_there_already_and_what_stands_twice_is_a_fault(client, me):
    case(by=me, foreign_number="L-77", person=person("Nadia", "Rahimi", birth_date=dt.date(1990, 3, 12)))
    head = [*PEOPLE[:4], "Nummer in der landesweiten Datenbank KIM"]
    found = start(client, me, "cases", sheet(
        head, ["RAHIMI", "Nadia", "12.03.1990", "Windeck", ""], ["Neu", "A", "", "Windeck", "l-77"],
        ["Haddadi", "Karim", "1.1.1980", "Windeck", ""], ["Haddadi", "Karim", "01.01.1980", "Windeck", ""],
    ))  # fmt: skip
    assert [row.line for row in found.rows.exclude(faults=[])] == [2, 3, 5]


@pytest.fixture
def twin():
    """Somebody with a case elsewhere, in another script."""
    return case(by=case_manager(), person=person("Надія", "Рахімі", birth_date=dt.date(1990, 5, 13)))


TWINS = ["Rakhimi", "Nadiia", "13.05.1990", "Windeck"], ["Neu", "Anna", "01.01.1980", "Windeck"]


def test_a_likely_duplicate_is_a_hint_at_its_line_and_wants_a_word(client, me, twin):
    found = start(client, me, "cases", sheet(PEOPLE[:4], *TWINS))
    assert (found.rows_faulty, found.rows_likely) == (0, 1)
    answer = client.get(found.get_absolute_url())
    assert "Bei 1 Zeile gibt es möglicherweise schon eine Beratung an anderer Stelle" in answer.text
    assert "<td>Hinweis: möglicherweise schon eine Beratung" in " ".join(answer.text.split())
    for secret in (twin.number, str(twin.owner), "Рахімі"):
        assert secret not in answer.text
    url = reverse("casework:import_take_over", args=[found.pk])
    for word in ({}, {"likely": "?"}):
        assert client.post(url, {"rows": "all"} | word).status_code == 422
    with pytest.raises(StepRefused, match="entscheiden"):
        found.take_over(by=me)
    assert Import.objects.get().state == "ready"


@pytest.mark.parametrize(("word", "made", "told"), [("take", 2, 0), ("leave", 1, 0), ("tell", 2, 2)])
def test_what_becomes_of_likely_duplicates_is_decided_once(client, me, twin, word, made, told):
    found = start(client, me, "cases", sheet(PEOPLE[:4], *TWINS))
    assert client.post(reverse("casework:import_take_over", args=[found.pk]), {"likely": word}).status_code == 302
    importing.work_on()
    found.refresh_from_db()
    assert (found.rows_made, found.rows_faulty, found.rows_likely) == (made, 0, 0)
    notices = Notice.objects.all()
    assert notices.count() == told
    if told:
        own = Case.objects.get(client__identity__family_name="Rakhimi")
        assert {one.url for one in notices} == {own.get_absolute_url(), twin.get_absolute_url()}
    note = TrailEntry.objects.get(act="import.take_over").note
    assert note == f"2 von 2 Zeilen, 1 mit möglicher Doppelberatung: {Import.Likely(word).label}"
    assert ("ausgelassen" in client.get(found.get_absolute_url()).text) is (word == "leave")
    found.undo(by=me)
    importing.work_on()
    assert list(Case.objects.all()) == [twin]
    assert not Notice.objects.filter(recipient=me).exists(), "of a case that is no more"


def test_a_case_one_only_stands_in_for_is_not_filled_by_a_sheet(client, me):
    away = case_manager()
    theirs = case(by=away)
    Absence.objects.create(user=away, deputy=me, valid_from=workdays.today())
    assert Case.objects.kept_by(User.objects.get(pk=me.pk)).filter(pk=theirs.pk).exists()
    found = start(client, me, "consultations", sheet(HEAD, [day(), theirs.number, "", "RATHAUS"]))
    assert found.rows_faulty == 1


def test_a_case_that_was_locked_in_between_is_found_when_it_is_taken_over(client, me):
    own = case(by=me)
    found = start(
        client, me, "consultations", sheet(HEAD, [day(), own.number, "", "RATHAUS"], [day(), "", "Windeck", "RATHAUS"])
    )
    Case.objects.get(pk=own.pk).lock(workdays.now(), by=None)
    found = take_over(client, found)
    assert (found.rows_made, found.rows_faulty) == (1, 1)
    assert "gesperrt" in found.rows.exclude(faults=[]).get().faults[0]["text"]


def test_what_our_own_lists_write_is_read_again(client, me):
    found = start(client, me, "consultations", sheet(
        ["Datum", "Fall", "Kommune", "Form", "Dauer (Minuten)", "Themen", "erfasst am"],
        [day(), "anonym", "Windeck", "RATHAUS", "50", "", day()],
        [day(), "anonym", "Windeck", "RATHAUS", "999", "", day()],
    ))  # fmt: skip
    assert [row.line for row in found.rows.exclude(faults=[])] == [3]
    take_over(client, found, rows="good")
    assert Consultation.objects.get().quarter_hours == 4
    head = ["Fallnummer", "Nummer Datenbank KIM", "Nachname", "Vorname", "Geburtsdatum", "Phase", "Kommune"]
    found = start(client, me, "cases", sheet(
        head, ["RSK-1", "L-9", "Rahimi", "Nadia", "03/1990", "Monitoring", "Windeck"],
        ["RSK-2", "", "Haddadi", "Karim", "unbekannt", "", "Windeck"],
        ["", "", "Demir", "Ayla", "13/1990", "", "Windeck"],
        ["", "", "Kaya", "Elif", "1988", "", "Windeck"],
    ))  # fmt: skip
    assert [row.line for row in found.rows.exclude(faults=[])] == [4]
    take_over(client, found, rows="good")
    assert {one.family_name: one.birth_words for one in Identity.objects.all()} == {
        "Rahimi": "03/1990", "Haddadi": "unbekannt", "Kaya": "1988",
    }  # fmt: skip


def test_entries_of_code_lists_may_hold_commas_themselves(client, me):
    known = Lists.of(me)
    both = "Beruf, Ausbildung; Wohnen"
    codes = known.codes.setdefault("life_domain", {})
    codes |= {"beruf, ausbildung": "B", "wohnen": "W"}
    read = some_of("life_domain")
    assert read(both, known) == read("Wohnen, Beruf, Ausbildung", known)[::-1] == ["B", "W"]
    with pytest.raises(ValidationError, match="Sport"):
        read("Wohnen, Sport", known)


# Files


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "leer"),
        (b"\xd0\xcf\x11\xe0rest", "alte Excel-Datei"),
        (b"PK\x03\x04kaputt", "beschädigt"),
        (b"\x00\x01\x02", "weder eine Excel-Datei"),
        (b"Name;Ort\nx;y\n", "In der ersten Zeile fehlen"),
        (b"Datum;Beratungsform\n", "steht keine Zeile"),
        (b"x" * (sheets.MOST_BYTES + 1), "größer als 5 MB"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_words(client, me, data, words):
    answer = upload(client, me, "consultations", SimpleUploadedFile("../../x.xlsx", data))
    assert answer.status_code == 422
    assert words in " ".join(answer.context["form"].errors["file"])
    assert not Import.objects.exists()


def packed(**parts) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(f"xl/{name}.xml", text)
    return file.getvalue()


def test_a_zip_bomb_is_not_unpacked():
    bomb = packed(workbook=b"<x/>", sheet=b"0" * (sheets.MOST_UNPACKED + 1))
    assert len(bomb) < sheets.MOST_BYTES
    with pytest.raises(sheets.Unreadable, match="ausgepackt zu groß"):
        sheets.read(bomb)


@pytest.mark.parametrize("text", [b'<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>', "<!DOCTYPE x><x/>".encode("utf-16")])
def test_a_workbook_with_definitions_of_its_own_is_refused(text):
    with pytest.raises(sheets.Unreadable, match="nicht in eine Tabelle"):
        sheets.read(packed(workbook=text))


def test_too_many_rows_are_refused(client, me):
    lines = [[day(), "", "Windeck", "RATHAUS"]] * (sheets.MOST_ROWS + 1)
    answer = upload(client, me, "consultations", sheet(HEAD, *lines))
    assert "mehr als 5.000 Zeilen" in " ".join(answer.context["form"].errors["file"])


def test_a_formula_is_text(client, me):
    found = start(
        client, me, "consultations", workbook(HEAD, [day(), "", "Windeck", "RATHAUS", 2, "", "=HYPERLINK(1)"])
    )
    take_over(client, found)
    assert Consultation.objects.get().note == "=HYPERLINK(1)"


def test_unknown_columns_are_named_for_as_long_as_the_import_is_there(client, me):
    client.force_login(me)
    file = sheet([*HEAD, "Bemerkung"], [day(), "", "Windeck", "RATHAUS"])
    answer = client.post(NEW, {"kind": "consultations", "file": file}, follow=True)
    assert "Nicht gelesen wird die Spalte „Bemerkung“." in answer.text
    found = Import.objects.get()
    assert "Nicht gelesen wird die Spalte „Bemerkung“." in client.get(found.get_absolute_url()).text
    Import.objects.update(unread=["Bemerkung", "Farbe"])
    assert "Nicht gelesen werden die Spalten „Bemerkung“, „Farbe“." in client.get(found.get_absolute_url()).text


def test_missing_columns_are_said_for_what_they_are(client, me):
    client.force_login(me)
    page = client.post(NEW, {"kind": "consultations", "file": sheet(["Name", "Ort"], ["x", "y"])}).text
    assert "Die Tabelle ist nicht übernommen" in page
    assert "nicht angekommen" not in page
    assert "In der ersten Zeile fehlen: „Datum“, „" in page


@pytest.mark.parametrize("kind", Import.Kind.values)
def test_the_template_has_every_heading_and_can_be_uploaded_again(client, me, kind):
    client.force_login(me)
    answer = client.get(reverse("casework:import_template", args=[kind]))
    book = load_workbook(io.BytesIO(answer.content))
    assert [cell.value for cell in book.worksheets[0][1]] == [column.heading for column in columns_of(kind)]
    assert any(
        "Duldung" in str(cell.value) or "RATHAUS" in str(cell.value) or cell.value for cell in book.worksheets[1]["D"]
    )


# In the background


def test_the_bar_moves_the_page_asks_again_and_one_may_come_back(client, me, monkeypatch):
    monkeypatch.setattr(importing, "CHECKED_AT_ONCE", 2)
    lines = [[day(), "", "Windeck", "RATHAUS"]] * 5
    answer = upload(client, me, "consultations", sheet(HEAD, *lines))
    found = Import.objects.get()
    assert importing.portion(found.pk) is True
    page = client.get(answer.headers["Location"]).content.decode()
    assert 'data-hx-trigger="every 2s"' in page
    assert 'value="2"' in page
    assert "2 von 5 Zeilen" in page
    importing.work_on()
    swapped = client.get(found.get_absolute_url(), headers=SWAP).content.decode()
    assert "every 2s" not in swapped
    assert element(swapped, "import") == element(client.get(found.get_absolute_url()).content.decode(), "import")
    assert found.get_absolute_url() in client.get(reverse("casework:import_list")).content.decode()


def test_a_killed_worker_loses_nothing_and_a_second_knock_does_no_harm(client, me, monkeypatch):
    monkeypatch.setattr(importing, "MADE_AT_ONCE", 2)
    found = start(client, me, "consultations", sheet(HEAD, *[[day(), "", "Windeck", "RATHAUS"]] * 5))
    client.post(reverse("casework:import_take_over", args=[found.pk]), {"rows": "all"})
    importing.portion(found.pk)
    real = Consultation.record

    def dies(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(Consultation, "record", dies)
    with pytest.raises(MemoryError):
        importing.work_on()
    monkeypatch.setattr(Consultation, "record", real)
    work_on_imports()
    work_on_imports()
    assert Consultation.objects.count() == 5
    found.refresh_from_db()
    assert (found.state, found.rows_made) == ("done", 5)
    assert JobRun.objects.get(job="imports").result == "0 Schritte beendet"


def test_a_broker_that_does_not_answer_stops_no_upload(client, me, monkeypatch, django_capture_on_commit_callbacks):
    def refused(*args, **kwargs):
        raise OperationalError("down")

    monkeypatch.setattr(work_on_imports, "apply_async", refused)
    with django_capture_on_commit_callbacks(execute=True) as knocks:
        answer = upload(client, me, "consultations", sheet(HEAD, [day(), "", "Windeck", "RATHAUS"]))
    assert len(knocks) == 1
    assert answer.status_code == 302
    work_on_imports()
    assert Import.objects.get().state == "ready"


def test_what_nobody_wants_goes_after_two_weeks(client, me):
    found = start(client, me, "consultations", sheet(HEAD, [day(), "", "Windeck", "RATHAUS"]))
    with workdays.as_of(workdays.today() + dt.timedelta(days=15)):
        importing.work_on()
    assert not Import.objects.filter(pk=found.pk).exists()


def test_rows_go_two_weeks_after_the_import_and_with_them_the_way_back(client, me):
    found = start(client, me, "consultations", sheet(HEAD, [day(), "", "Windeck", "RATHAUS"], ["x"]))
    take_over(client, found, rows="good")
    with workdays.as_of(workdays.today() + dt.timedelta(days=16)):
        importing.work_on()
        assert not ImportRow.objects.exists()
        with pytest.raises(StepRefused, match="14 Tage"):
            found.undo(by=me)
    assert Consultation.objects.count() == 1


def test_one_at_a_time_and_only_for_case_managers(client, me):
    found = start(client, me, "consultations", sheet(HEAD, [day(), "", "Windeck", "RATHAUS"]))
    again = upload(client, me, "consultations", sheet(HEAD, [day(), "", "Windeck", "RATHAUS"]))
    assert again.status_code == 409
    client.post(reverse("casework:import_discard", args=[found.pk]))
    assert not ImportRow.objects.exists()
    assert upload(client, me, "consultations", sheet(HEAD, [day(), "", "Windeck", "RATHAUS"])).status_code == 302


# Taking back


def undo(client, found):
    url = reverse("casework:import_undo", args=[found.pk])
    page = client.get(url)
    assert client.post(url).status_code == 302
    importing.work_on()
    found.refresh_from_db()
    return page


def test_a_whole_import_is_taken_back_but_for_what_was_worked_on(client, me):
    found = start(
        client, me, "cases", sheet(PEOPLE, *[[f"Person{n}", "A", "", "Windeck", "Duldung"] for n in range(6)])
    )
    take_over(client, found)
    cases = {made.client.identity.family_name: made for made in Case.objects.select_related("client__identity")}
    client.get(cases["Person0"].get_absolute_url())  # reading is no work
    cases["Person1"].clear(by=me)
    cases["Person2"].edit(by=me, occasion="Neu")
    FollowUp.objects.create(case=cases["Person3"], on_day=workdays.today(), text="Anrufen")
    cases["Person4"].client.change_residence_status(
        by=me, status=cases["Person4"].client.residence_statuses.get().status
    )
    page = undo(client, found)
    assert (page.context["goes"], page.context["stays"]) == (2, 4)
    assert (found.state, found.rows_kept) == ("undone", 4)
    kept = set(Identity.objects.values_list("family_name", flat=True))
    assert kept == {"Person1", "Person2", "Person3", "Person4"}
    assert Client.objects.count() == 4
    assert TrailEntry.objects.filter(act="case.taken_back").count() == 2
    assert "4 blieben" in client.get(found.get_absolute_url()).content.decode()


def test_whoever_a_family_hangs_on_stays(client, me):
    """Without the case that leads to it, nobody would see or erase the family."""
    found = start(client, me, "cases", sheet(PEOPLE, *[[f"Person{n}", "A", "", "Windeck"] for n in range(4)]))
    take_over(client, found)
    people = {one.identity.family_name: one for one in Client.objects.select_related("identity")}
    first, second, other, _ = people.values()
    first.add_member(by=me, identity={"family_name": "Kind"}, municipality=first.municipality)
    second.live_with(other, by=me)
    for one in (first, second, other):
        assert TrailEntry.objects.filter(act="client.household", object_id=str(one.pk)).exists()
    undo(client, found)
    assert Case.objects.count() == 3
    assert not Client.objects.filter(cases=None).exclude(identity__family_name="Kind").exists()


def test_begun_forms_go_with_what_is_taken_back(client, me):
    found = start(client, me, "cases", sheet(PEOPLE, ["Rahimi", "A", "", "Windeck"], ["Haddadi", "A", "", "Windeck"]))
    take_over(client, found)
    gone, kept = Case.objects.order_by("pk")
    kept.edit(by=me, occasion="Neu")
    for key in (f"case:{gone.pk}:edit", f"client:{gone.client_id}:member", f"case:{kept.pk}:edit", "case:new"):
        Draft.keep(me, key, {"occasion": "Begonnen"})
    undo(client, found)
    assert set(Draft.objects.values_list("key", flat=True)) == {f"case:{kept.pk}:edit", "case:new"}


@pytest.mark.parametrize(("act", "status"), [("discard", 302), ("take_over", 404)])
def test_an_import_that_went_meanwhile_is_no_fault(client, me, monkeypatch, act, status):
    found = start(client, me, "consultations", sheet(HEAD, [day(), "", "Windeck", "RATHAUS"]))
    held = Import._held_by

    def gone_first(self, by):
        Import.objects.filter(pk=self.pk).delete()
        held(self, by)

    monkeypatch.setattr(Import, "_held_by", gone_first)
    assert client.post(reverse(f"casework:import_{act}", args=[found.pk])).status_code == status


def test_consultations_are_taken_back_too(client, me):
    found = start(client, me, "consultations", sheet(HEAD, *[[day(), "", "Windeck", "RATHAUS"]] * 3))
    take_over(client, found)
    Consultation.objects.first().edit(by=me, note="Ergänzt")
    assert would_stay(found) == 1
    undo(client, found)
    assert Consultation.objects.get().note == "Ergänzt"


def test_undo_asks_the_same_number_of_times_however_much_was_made(client, me):
    numbers = []
    for rows in (2, 12):
        found = start(client, me, "cases", sheet(PEOPLE, *[[f"P{rows}-{n}", "A", "", "Windeck"] for n in range(rows)]))
        take_over(client, found)
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("casework:import_undo", args=[found.pk]))
        numbers.append(len(asked))
    assert numbers[0] == numbers[1] <= 12


def test_pages_ask_few_times(client, me, django_assert_max_num_queries):
    found = start(client, me, "consultations", sheet(HEAD, *[["x", "", "Windeck", "RATHAUS"]] * 60))
    for url in (found.get_absolute_url(), reverse("casework:import_list"), NEW):
        with django_assert_max_num_queries(12):
            assert client.get(url).status_code == 200


def test_nobody_sees_another_persons_import(client, me):
    found = start(client, me, "consultations", sheet(HEAD, [day(), "", "Windeck", "RATHAUS"]))
    for other, status in [(case_manager(), 404), (user(Role.ADMIN), 403), (user(Role.COORDINATION), 403)]:
        client.force_login(other)
        assert client.get(found.get_absolute_url()).status_code == status
        assert client.post(reverse("casework:import_take_over", args=[found.pk])).status_code in (403, 404)
        with pytest.raises(Exception, match="sieht nur, wer"):
            found.take_over(by=other)


def test_an_import_that_is_done_is_not_taken_over_again(client, me):
    found = start(client, me, "consultations", sheet(HEAD, [day(), "", "Windeck", "RATHAUS"]))
    take_over(client, found)
    for act in (found.take_over, found.discard):
        with pytest.raises(StepRefused):
            act(by=me)
    assert client.post(reverse("casework:import_discard", args=[found.pk])).status_code == 409
