"""The committee's report: every fact of the paper of 16.03.2022 is in it, for its day and for what was known then."""

import datetime as dt
import io
import json
import re
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from casework.figures.definitions import CONSULTATIONS, PERSONS
from funding.models import Occupancy, PostTerm
from funding.staffing import end_of
from kim import workdays
from kim.models import Role, TrailEntry
from reports import report_issues, report_money, report_steering, status, status_files
from reports.models import EarlierPaper, PublishedTable, StatusReport
from reports.moment import Moment
from reports.status_files import Paper
from steering import county
from steering.escalation import State
from steering.models import Agreement, Issue, IssueStep, KickOff
from tests.factories import county as a_county
from tests.factories import held_meeting, issue_at, meeting, municipality, resolution, steering_group, user
from tests.funding import makers
from tests.pdf_text import text_of

D = dt.date
MARCH, NOVEMBER = D(2022, 3, 16), D(2021, 11, 16)
NBSP = "\N{NO-BREAK SPACE}"
TITLE = "Kommunales Integrationsmanagement – Aktueller Sachstand"


def printed(data, **fields) -> Paper:
    return Paper(data, TITLE, data["committee"], **fields)


@pytest.fixture(scope="module")
def papers(django_db_setup, django_db_blocker):
    """The county of both papers, and its reports for both meetings, collected once for this module."""
    with django_db_blocker.unblock(), transaction.atomic():
        county.load(county.read(settings.BASE_DIR / "data" / "rhein-sieg-kreis.yaml"))
        yield SimpleNamespace(
            march=status.collect(MARCH, end_of(MARCH)),
            november=status.collect(NOVEMBER, workdays.now()),
            november_then=status.collect(NOVEMBER, end_of(NOVEMBER)),
        )
        transaction.set_rollback(True)


def block(data, section, key):
    blocks = next(one for one in data["sections"] if one["key"] == section)["blocks"]
    return next((one for one in blocks if one["key"] == key), None)


def fact(data, section, key, label):
    return dict(block(data, section, key)["rows"])[label]


def in_one_line(text):
    return " ".join(text.split())


# Line by line: docs/reports.md holds the same table

FACTS = [
    "Zur Sitzung: Ausschuss für Soziales und Integration am 16.03.2022",
    "Veränderungen: seit der Sitzung am 16.11.2021",
    "bewilligt: 3,5 VZÄ mit einer jährlichen Förderung von jeweils 55.000 €/VZÄ",
    "Steuerung des KIM-Prozesses auf Leitungsebene; angestellt bei: Rhein-Sieg-Kreis, Kreisverwaltung; "
    "seit: 01.04.2021",
    "KIM-Koordination der Stadt Troisdorf; zuständig für: Stadt Troisdorf; angestellt bei: Stadt Troisdorf; "
    "seit: 01.08.2021",
    "Geschäftsstelle der Lenkungsgruppe, linksrheinische Kommunen; zuständig für: linksrheinische Kommunen; "
    "angestellt bei: Rhein-Sieg-Kreis, Kreisverwaltung; seit: 10.01.2022",
    "Geschäftsstelle der Lenkungsgruppe, rechtsrheinische Kommunen; zuständig für: rechtsrheinische Kommunen; "
    "angestellt bei: Rhein-Sieg-Kreis, Kreisverwaltung; seit: 10.01.2022",
    "unterstützen die Kommunen bei der Konzeption eigener strategischer Integrationsprozesse",
    "konstituierende Sitzung: 25.11.2021",
    "1. 25.11.2021 Konstituierende Sitzung Video 2. 08.02.2022 2. Sitzung Video",
    "wurden die einzelnen Themenschwerpunkte in der Geschäftsordnung sowie die weiteren Schritte zur Fortentwicklung "
    "des kreisweiten KIM-Konzeptes abgestimmt",
    "Geschäftsordnung: Entwurf vorgelegt am 16.03.2022 (Ausschuss für Soziales und Integration, zur Kenntnis), "
    "Verabschiedung in der nächsten Sitzung",
    "Ihr Entwurf ist der Vorlage als Anlage 1 zur Kenntnisnahme beigefügt",
    "Schon in der Sitzung am 16.11.2021 bekannt und weiter besetzt: Koordinierung Case Management;",
    "Case Management, vom KI koordiniert; zuständig für: Stadt Troisdorf",
    "Gegenüber der Sitzung am 16.11.2021: neun weitere",
    "als Mitarbeitende des Rhein-Sieg-Kreises eingesetzt",
    "die Vollzeitmitarbeitenden für mehrere Kommunen zuständig und jeweils tageweise vor Ort",
    "Kooperationsvereinbarungen geschlossen",
    "Vereinbarungen in Kraft: 15 von 19 Kommunen",
    "Einzelfallberatungen mit den Zielgruppen",
    "rechtskreisübergreifende, strukturelle Probleme bekannt, informieren sie die Geschäftsstelle (Modul 1)",
    "Auftaktveranstaltungen mit Vertretungen aus Kommunalverwaltung, Wohlfahrt und relevanten Rechtskreisen (zum "
    "Beispiel SGB II und III, AufenthG)",
    "die Schnittstellen zu identifizieren und die Wege der Zusammenarbeit abzustimmen, um "
    "Doppelstrukturen zu vermeiden",
]
NINE = [
    ("1)", "Stadt Königswinter, Stadt Bad Honnef und Stadt Hennef (Sieg)", "tageweise", "15.10.2021"),
    ("2)", "Stadt Meckenheim und Stadt Rheinbach", "tageweise", "15.10.2021"),
    ("3)", "Gemeinde Windeck", "", "15.10.2021"),
    ("4)", "Stadt Sankt Augustin und Gemeinde Wachtberg", "tageweise", "01.11.2021"),
    ("5)", "Stadt Bornheim", "", "15.11.2021"),
    ("6)", "Gemeinde Alfter und Gemeinde Swisttal", "tageweise", "01.12.2021"),
    ("7)", "Stadt Niederkassel", "", "01.02.2022"),
    ("8)", "Stadt Lohmar", "", "01.02.2022"),
    ("9)", "Gemeinde Neunkirchen-Seelscheid und Gemeinde Much", "tageweise", "01.03.2022"),
]


def test_every_fact_of_the_paper_of_march_2022_is_in_its_report(papers):
    told = in_one_line(status_files.text(printed(papers.march)))
    assert [fact for fact in FACTS if fact not in told] == []


def test_the_nine_rows_are_those_of_the_paper_in_its_order(papers):
    rows = block(papers.march, "case_management", "further")
    assert rows["columns"] == ["Nr.", "für", "vor Ort", "angestellt bei", "seit", "VZÄ", "Beleg"]
    assert [(row[0], row[1], row[2], row[4]) for row in rows["rows"]] == NINE
    assert {row[3] for row in rows["rows"]} == {"Rhein-Sieg-Kreis, Kreisverwaltung"}
    assert all(row[5] == "1" and row[6].endswith("Vollzeit") for row in rows["rows"])
    assert rows["ids"] == [f"M2-{number:02}" for number in range(5, 14)]


def test_the_four_known_in_november_2021_stand_before_them(papers):
    earlier = block(papers.march, "case_management", "earlier")
    assert [row[0] for row in earlier["rows"]] == [
        "Koordinierung Case Management", "Frühkindliche Sprachförderung", "Frühkindliche Sprachförderung",
        "Case Management, vom KI koordiniert",
    ]  # fmt: skip
    assert "Tag nicht genannt" in earlier["note"]


def test_november_2021_shows_nine_as_known_today_and_four_as_known_then(papers):
    def filled(data):
        return fact(data, "case_management", "numbers", "besetzt"), len(
            block(data, "case_management", "earlier")["rows"]
        )

    assert filled(papers.november) == ("9 VZÄ, 9 Personen", 9)
    assert filled(papers.november_then) == ("4 VZÄ, 4 Personen", 4)
    assert block(papers.november_then, "overhead", "held")["rows"] == []
    assert len(block(papers.november, "overhead", "held")["rows"]) == 2
    assert len(block(papers.november_then, "case_management", "vacant")["rows"]) == 7


def test_what_began_later_is_not_told_of_november_2021(papers):
    for data in (papers.november, papers.november_then):
        assert block(data, "steering_group", "none")["text"] == ("Am 16.11.2021 war keine Lenkungsgruppe eingerichtet.")
        assert fact(data, "cooperation", "agreements_numbers", "Vereinbarungen in Kraft") == "0 von 19 Kommunen"
        assert block(data, "cooperation", "papers") is None
    words = " ".join(block(papers.november_then, "money", "papers")["items"])
    assert "die Fördersumme der nicht besetzten Stellen musste zurückgezahlt werden" in words
    assert block(papers.march, "money", "papers") is None  # told at the meeting before


def test_contradictions_between_papers_are_named(papers):
    of_module_1 = " ".join(block(papers.march, "overhead", "contradictions")["items"])
    assert "3,5 oder 4,5?" in of_module_1
    assert "1 Stelle für die Stadt Troisdorf" in of_module_1
    (together,) = block(papers.march, "case_management", "contradictions")["items"]
    assert together.count("4 oder 9?") == together.count("KIM zählt 9 Personen.") == 1
    assert "Niederschrift zu TOP 7" in together
    assert "Vorlage zum 16.03.2022" in together
    (unknown,) = block(papers.november_then, "overhead", "contradictions")["items"]
    assert unknown.endswith("in KIM ist dazu nichts erfasst.")


def test_money_is_told_by_notice_and_year(papers):
    def cells(key):
        return [[cell.replace(NBSP, " ") for cell in row] for row in block(papers.march, "money", key)["rows"]]

    notices = {row[0]: row[1:] for row in cells("notices")}
    assert notices["M2-2020"] == [
        "01.07.2020 bis 31.12.2020", "11", "302.500,00 €", "keine erfasst", "110.000,00 €", "192.500,00 €",
        "vorläufig, noch nicht freigegeben",
    ]  # fmt: skip
    assert notices["M1-2022"][1:3] == ["3,5", "192.500,00 €"]
    assert notices["M1-2022"][-1] == "voraussichtlich zum 31.12.2022"
    years = {row[0]: row[1] for row in cells("years")}
    assert years == {"2022": "1.003.750,00 €", "2021": "775.156,25 €", "2020": "302.500,00 €"}


# Formats

HEAD = """\
Kommunales Integrationsmanagement – Aktueller Sachstand
=======================================================
Rhein-Sieg-Kreis

Zur Sitzung: Ausschuss für Soziales und Integration am 16.03.2022
Stand der Daten: 16.03.2022
Nach dem Wissen vom: 16.03.2022
Veränderungen: seit der Sitzung am 16.11.2021
Nummer: noch keine (Entwurf)

Entwurf – noch nicht freigegeben; was hier steht, kann sich noch ändern.


Modul 1: Strategische Koordinierung
-----------------------------------

  bewilligt: 3,5 VZÄ mit einer jährlichen Förderung von jeweils 55.000 €/VZÄ
  eingerichtet: 4 Stellen mit 4 VZÄ
  besetzt: 4 VZÄ, 4 Personen
"""
YEARS = """\
Fördermittel je Jahr, alle Module:
  Jahr       bewilligt  Anspruch bis zum Stand  zurückzuzahlen
  ------------------------------------------------------------
  2022  1.003.750,00 €            203.884,42 €      6.579,30 €
"""


def test_as_plain_text(papers):
    told = status_files.text(printed(papers.march)).replace(NBSP, " ")
    assert told.startswith(HEAD)
    assert YEARS in told
    assert max(map(len, told.splitlines())) <= 100


def test_a_released_report_has_its_number_on_it_and_the_texts_of_the_office(papers):
    paper = printed(
        papers.march, number="S-2022-001", texts={"overhead": "Wir danken <allen> & {{ title }}."},
        released_on=MARCH,
    )  # fmt: skip
    told = status_files.text(paper)
    assert "Nummer: S-2022-001\nFreigegeben am: 16.03.2022\n\n\nModul 1" in told
    assert "Entwurf – noch nicht freigegeben" not in told
    for made in (told, _words_of(_opened(paper))):
        assert "Wir danken <allen> & {{ title }}." in made
        assert "S-2022-001" in made
    assert "Nummer : S-2022-001" in in_one_line(text_of(status_files.pdf(paper)))
    assert "Wir danken &lt;allen&gt; &amp; {{ title }}." in status_files.page(paper)
    assert json.loads(status_files.as_json(paper))["sections"][0]["text"].startswith("Wir danken")


def test_as_json(papers):
    told = json.loads(status_files.as_json(printed(papers.march)))
    assert told["sections"] == papers.march["sections"]
    assert (told["valid_on"], told["meeting_on"], told["since"]) == ("2022-03-16", "2022-03-16", "2021-11-16")
    assert [one["key"] for one in told["sections"]] == [one.key for one in status.SECTIONS]


def test_as_a_whole_accessible_page(papers):
    told = status_files.page(printed(papers.march))
    assert told.startswith('<!DOCTYPE html>\n<html lang="de">')
    assert told.count("<h1>") == told.count("<main>") == 1
    assert told.count("<h2") == len(status.SECTIONS)
    assert told.count("<table") == told.count("<caption") == told.count("<thead>")
    assert "<script" not in told
    assert "http" not in told.replace("http-equiv", "")
    assert '<th scope="row">1)</th>' in in_one_line(told)


def _opened(paper):
    from docx import Document

    return Document(io.BytesIO(status_files.docx(paper)))


def _words_of(sheet) -> str:
    parts = [one.text for one in sheet.paragraphs]
    parts += [cell.text for table in sheet.tables for row in table.rows for cell in row.cells]
    return " ".join([*parts, sheet.sections[0].header.paragraphs[0].text, sheet.sections[0].footer.paragraphs[0].text])


def test_as_a_word_file_on_the_letter_head(papers):
    sheet = _opened(printed(papers.march))
    assert [one.text for one in sheet.paragraphs if one.style.name == "Heading 2"] == [
        one.title for one in status.SECTIONS
    ]
    table = next(one for one in sheet.tables if one.rows[0].cells[0].text == "Nr." and len(one.columns) == 7)
    assert [tuple(row.cells[place].text for place in (0, 1, 2, 4)) for row in table.rows[1:]] == NINE
    assert all("<w:tblHeader" in one.rows[0]._tr.xml for one in sheet.tables)
    running = "Rhein-Sieg-Kreis · Entwurf · Stand 16.03.2022 · Wissen vom 16.03.2022 · Sitzung am 16.03.2022"
    assert sheet.sections[0].header.paragraphs[0].text == running
    assert sheet.core_properties.title == TITLE
    assert sheet.core_properties.language == "de-DE"
    assert "{" not in _words_of(sheet)


def test_as_tagged_pdf(papers):
    made = status_files.pdf(printed(papers.march))
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made
    for mark in (b"/StructTreeRoot", b"/MarkInfo", b"/TH", b"/Lang"):
        assert mark in made
    told = in_one_line(text_of(made))
    for words in ("55.000 €/VZÄ", "Stadt Meckenheim und Stadt", "Wissen vom 16.03.2022", "Seite 1 von"):
        assert words in told.replace(NBSP, " ")


# The letter head


@pytest.fixture
def letterhead(tmp_path, settings):
    """A function that writes a letter head with these paragraphs and makes it the county's."""
    from docx import Document

    def write(*paragraphs):
        sheet = Document()
        for words in paragraphs:
            sheet.add_paragraph(words)
        path = tmp_path / "briefkopf.docx"
        sheet.save(path)
        settings.KIM_LETTERHEAD = str(path)
        return path

    return write


@pytest.fixture
def small():
    data = {
        "county": "Kreis", "county_key": "05999", "committee": "Ausschuss", "valid_on": "2022-03-16",
        "known_at": "2022-03-16T12:00:00+01:00", "meeting_on": None, "since": None, "since_words": "",
        "sections": [{"key": "overhead", "title": "Modul 1", "blocks": []}],
    }  # fmt: skip
    return Paper(data, "Sachstand", "Ausschuss")


def test_a_county_has_its_own_letter_head(letterhead, small):
    letterhead("Der Landrat", "{{ title }}", "{%p for section in sections %}", "{{ section.title }}", "{%p endfor %}")
    assert [one.text for one in _opened(small).paragraphs] == ["Der Landrat", "Sachstand", "Modul 1"]


@pytest.mark.parametrize(
    ("paragraphs", "why"),
    [
        (["{{ title }}"], "Der Platzhalter „sections“ fehlt"),
        (["{%p for one in sections %}"], "endfor"),
        (["{{ sections }} {{ landrat }}"], "landrat"),
        (["{{ sections.__class__.__mro__ }}"], "unsafe"),
    ],
)
def test_a_broken_letter_head_is_told_in_a_sentence(letterhead, small, paragraphs, why):
    letterhead(*paragraphs)
    with pytest.raises(
        status_files.LetterheadBroken, match="Der Briefkopf briefkopf.docx lässt sich nicht füllen"
    ) as it:
        status_files.docx(small)
    assert why in str(it.value)


def test_so_is_one_that_is_no_word_file_or_not_there(letterhead, small, settings):
    letterhead().write_text("kein Word")
    with pytest.raises(status_files.LetterheadBroken, match="Bitte lassen Sie die Datei"):
        status_files.docx(small)
    settings.KIM_LETTERHEAD = "/nicht/da.docx"
    with pytest.raises(status_files.LetterheadBroken, match=r"da\.docx"):
        status_files.docx(small)


def test_a_section_with_nothing_in_it_says_so(small):
    assert status_files.text(small).rstrip().endswith("Hierzu ist nichts erfasst.")
    assert "Nach dem Wissen vom: 16.03.2022, 12:00 Uhr" in status_files.text(small)
    assert "Hierzu ist nichts erfasst." in in_one_line(text_of(status_files.pdf(small)))


def test_texts_are_set_as_they_were_written(small):
    """No template language reads them."""
    paper = replace(small, texts={"overhead": "Wir danken *allen* & #sys.version {{ title }}.\nEin Absatz."})
    assert "allen* & #sys.version {{ title }}. Ein Absatz." in in_one_line(text_of(status_files.pdf(paper)))


# The command


def run(*args) -> str:
    out = io.StringIO()
    call_command("status_report", *args, stdout=out)
    return out.getvalue()


def test_the_command_tells_the_report_of_a_day(papers):
    told = run("--on", "2022-03-16", "--known-on", "2022-03-16")
    assert told == status_files.text(printed(papers.march))
    told = json.loads(
        run("--on", "16.11.2021", "--known-on", "2021-11-16", "--meeting", "2021-11-30", "--format", "json")
    )
    assert told["meeting_on"] == "2021-11-30"
    assert told["sections"] == papers.november_then["sections"]


@pytest.mark.parametrize(("kind", "begin"), [("docx", b"PK"), ("pdf", b"%PDF-"), ("html", b"<!DOCTYPE html>")])
def test_the_command_writes_files(papers, tmp_path, kind, begin):
    path = tmp_path / f"bericht.{kind}"
    assert run("--on", "2022-03-16", "--format", kind, "--output", str(path)) == ""
    assert path.read_bytes().startswith(begin)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--on", "gestern"], "--on: Bitte ein Datum angeben wie 13.04.2026."),
        (["--on", "2022-02-30"], "--on: "),
        (["--on", "2150-01-01"], "--on: Der Tag liegt in der Zukunft."),
        (["--known-on", "2150-01-01"], "--known-on: Der Tag liegt in der Zukunft."),
        (["--meeting", "bald"], "--meeting: Bitte ein Datum"),
        (["--output", "/nicht/da/bericht.txt"], "lässt sich nicht schreiben"),
    ],
)
def test_the_command_says_what_is_wrong(args, sentence):
    with pytest.raises(CommandError) as told:
        run(*args)
    assert sentence in str(told.value)


def test_no_binary_file_is_poured_into_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    with pytest.raises(CommandError, match="--output"):
        call_command("status_report", "--format", "pdf", stdout=Terminal())


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["1900-01-01", "2020-02-29", "today"])
def test_a_report_of_any_day_is_made_even_where_there_is_nothing(day):
    on = workdays.today() if day == "today" else D.fromisoformat(day)
    data = status.collect(on, workdays.now())
    assert [one["key"] for one in data["sections"]] == [one.key for one in status.SECTIONS]
    assert status_files.pdf(printed(data)).startswith(b"%PDF")


# What was known when


def moment(days=0, known=0, since=None) -> Moment:
    """The end of the day so many days ago, as known at the end of another; since the day so many days ago."""
    today = workdays.today()

    def ago(number):
        return today - dt.timedelta(days=number)

    before = None if since is None else Moment(ago(since), end_of(ago(since)))
    return Moment(ago(days), min(end_of(ago(known)), workdays.now()), before)


def days_ago(number) -> dt.datetime:
    return workdays.now() - dt.timedelta(days=number)


def entered(act, thing, days):
    """As if it had been entered so many days ago."""
    TrailEntry.objects.create(
        act=act, kind=thing._meta.label_lower, object_id=str(thing.pk), by=None, at=days_ago(days)
    )


def shown(blocks, key):
    return next((one for one in blocks if one["key"] == key), None)


@pytest.mark.django_db
def test_a_meeting_is_known_from_the_day_it_was_entered():
    group = steering_group()
    coming = group.next_meeting()
    entered("meeting.plan", coming, 10)
    held_meeting(group, days=40)

    def numbers(known):
        found = report_steering.steering_group(moment(20, known), report_steering.trail_of())
        return dict(shown(found, "numbers")["rows"])

    assert numbers(0)["nächste Sitzung"] == f"{coming.day:%d.%m.%Y}"
    assert numbers(15)["nächste Sitzung"] == "noch kein Termin bekannt"
    assert numbers(15)["Sitzungen"] == "1"


@pytest.mark.django_db
def test_a_meeting_called_off_later_had_been_planned():
    group = steering_group()
    one = meeting(group, days=-20)
    entered("meeting.plan", one, 60)
    one.cancelled_at = days_ago(5)
    one.save()

    def sessions(known):
        found = report_steering.steering_group(moment(10, known), report_steering.trail_of())
        return dict(shown(found, "numbers")["rows"])["Sitzungen"]

    assert (sessions(10), sessions(0)) == ("1", "0")


@pytest.mark.django_db
def test_resolutions_stand_in_short_those_on_issues_are_counted():
    group = steering_group()
    resolution(group, decided=-10, text="Das Merkblatt " + "gilt " * 200)
    resolution(group, decided=-90)
    issue = issue_at(State.STRATEGY)
    resolution(group, decided=-5, verdict="assign", issue=issue, text="weil es eilt")
    found = report_steering.steering_group(moment(0, 0, since=30), report_steering.trail_of())
    assert len(shown(found, "resolutions")["rows"]) == 1
    assert len(shown(found, "resolutions")["rows"][0][3]) <= report_steering.SHORT
    assert shown(found, "on_issues")["rows"] == [["zugewiesen", "1"]]
    assert "weil es eilt" not in json.dumps(found)


@pytest.mark.django_db
def test_an_agreement_is_told_as_it_stood():
    place, office = municipality("Windeck"), user(Role.STRATEGIC_OFFICE)
    one = Agreement.prepare(place, by=office, subject="Zusammenarbeit")
    one.sign(by=office, signed_on=workdays.today(), signatories="Bürgermeisteramt", valid_from=workdays.today())
    Agreement.objects.update(at=days_ago(30))

    def told(days):
        found = report_steering.cooperation(moment(days, days), report_steering.trail_of())
        table = shown(found, "agreements")
        return table and table["rows"][0][1]

    assert told(0) == "in Kraft, ohne festes Ende"
    assert told(10) == "in Vorbereitung"
    assert told(40) is None


@pytest.mark.django_db
def test_kick_off_events_are_planned_then_held():
    place, office = municipality("Windeck"), user(Role.STRATEGIC_OFFICE)
    today = workdays.today()
    with workdays.as_of(days_ago(20)):
        event = KickOff.plan(by=office, municipality=place, on_day=today, place="Rathaus")
    event.hold(by=office, outcome="Wege der Zusammenarbeit abgestimmt")

    def told(days):
        found = report_steering.cooperation(moment(days, days), report_steering.trail_of())
        table = shown(found, "kick_offs")
        return table and table["rows"][0][2]

    assert (told(0), told(10), told(30)) == ("hat stattgefunden", "geplant", None)


@pytest.mark.django_db
def test_a_kick_off_event_planned_later_was_no_plan_of_that_day():
    """Told with all that is known now about a day on which nobody had planned it."""
    later = workdays.today() + dt.timedelta(days=30)
    KickOff.plan(by=user(Role.STRATEGIC_OFFICE), municipality=municipality("Windeck"), on_day=later, place="Rathaus")

    def told(valid):
        return shown(report_steering.cooperation(moment(valid, 0), report_steering.trail_of()), "kick_offs")

    assert told(0)
    assert told(10) is None


@pytest.mark.django_db
def test_issues_stood_where_their_steps_had_brought_them():
    """Counted backwards from where they stand; the same as walking all steps forwards."""
    for place, state in enumerate([State.CLOSED, State.PROJECT, State.COORDINATION, State.STATE_LEVEL, State.MERGED]):
        issue = issue_at(state)
        _spread(issue, begin=60 - place, apart=7)
    Issue.objects.filter(state=State.DRAFT).delete()
    for days in range(0, 66, 5):
        when = moment(days, days)
        counted = Counter({state: number for (state, _), number in _by_state(report_issues.where(when)).items()})
        assert counted == _replayed(when), days


def _by_state(found):
    states = Counter()
    for (state, _), number in found.items():
        states[state, None] += number
    return states


def _spread(issue, *, begin, apart):
    """As if its steps had been taken so many days apart, the first one `begin` days ago."""
    for place, step in enumerate(issue.steps_taken.order_by("no")):
        at = days_ago(begin - place * apart)
        IssueStep.objects.filter(pk=step.pk).update(at=at)
        Issue.objects.filter(pk=issue.pk).update(state_since=at)
        if place == 0:
            Issue.objects.filter(pk=issue.pk).update(reported_at=at)


def _replayed(when) -> Counter:
    states = {}
    for step in IssueStep.objects.filter(at__lte=when.until).order_by("issue", "no"):
        states[step.issue_id] = step.target
    return Counter(state for state in states.values() if state not in report_issues.NOT_ON_THE_WAY)


@pytest.mark.django_db
def test_only_results_that_are_free_of_persons_and_were_before_the_steering_group_are_told():
    told = issue_at(State.CLOSED, title="Merkblatt fehlt")
    never_tabled = issue_at(State.CLOSED, title="Nur im Amt")
    Issue.objects.filter(pk=never_tabled.pk).update(on_agenda_at=None)
    not_given_back = issue_at(State.FEEDBACK_DUE, title="Noch nicht zurück")
    single_case = issue_at(State.CLOSED, title="Einzelfall")
    Issue.objects.filter(pk=single_case.pk).update(outcome="single_case")
    found = report_issues.issues(moment(0, 0, since=30))
    assert [row[:2] for row in shown(found, "achieved")["rows"]] == [[told.number, "Merkblatt fehlt"]]
    assert not_given_back.title not in json.dumps(found)
    assert dict(shown(found, "numbers")["rows"])["offen"] == "1"


@pytest.mark.django_db
def test_nobody_is_named():
    """Posts are told by what is done there, never by who does it."""
    a_county()
    person = user(Role.CASE_MANAGER, name="Erika Mustermann")
    post = makers.post(module="case_management", title="Case Management Windeck")
    makers.held(post, makers.START, person=person)
    data = status.collect(workdays.today(), workdays.now())
    assert block(data, "case_management", "earlier")["rows"][0][0] == "Case Management Windeck"
    assert "Mustermann" not in json.dumps(data, ensure_ascii=False)
    assert person.username not in json.dumps(data)


@pytest.mark.django_db
def test_what_one_person_earns_is_not_told():
    """Neither the amount nor a sum that would tell it."""
    programme = makers.programme()
    makers.eligibility(programme, "personnel")
    alone = makers.notice(1, of=programme, terms={"bases": "costs"})
    post = makers.post()
    person = makers.held(post, makers.START).user
    makers.cost(alone, 4321, user=person, post=post)
    other = makers.notice(2, of=makers.programme(module="overhead"), number="andere")
    found = report_money.money(Moment(D(2021, 6, 30), workdays.now()))
    rows = {row[0]: row for row in shown(found, "notices")["rows"]}
    assert rows[alone.number][4:7] == ["•", "•", "•"]
    assert rows[other.number][5] != "•"
    assert [row[2:] for row in shown(found, "years")["rows"]] == [["•", "•"]]
    assert "4.321" not in json.dumps(found)
    assert "Gehalt einer einzelnen Person" in shown(found, "notices")["note"]


@pytest.mark.django_db
def test_a_correction_made_later_was_not_known_before():
    person = user(Role.CASE_MANAGER)
    occupancy = makers.held(makers.post(module="overhead"), makers.START, person=person)
    Occupancy.objects.update(known_from=days_ago(100))
    occupancy.correct(by=makers.admin(), valid_from=D(2020, 8, 1))

    def since(known_at):
        return block(status.collect(workdays.today(), known_at), "overhead", "held")["rows"][0][-2]

    PostTerm.objects.update(known_from=days_ago(100))
    assert (since(days_ago(1)), since(workdays.now())) == ("01.07.2020", "01.08.2020")


@pytest.mark.django_db
def test_changes_are_told_since_the_last_meeting_a_report_was_released_for():
    EarlierPaper.objects.create(document="Vorlage", committee="Sozialausschuss", meeting_on=D(2022, 3, 16))
    assert status.collect(D(2022, 6, 1), workdays.now())["since"] == "2022-03-16"
    office, another = user(Role.STRATEGIC_OFFICE), user(Role.COORDINATION)
    StatusReport.objects.create(
        number="S-2022-001", title="Sachstand", committee="Kreistag", meeting_on=D(2022, 5, 2), valid_on=D(2022, 4, 20),
        known_at=timezone.now(), drawn_up_by=office, released_by=another, released_at=timezone.now(),
    )  # fmt: skip
    found = status.collect(D(2022, 6, 1), workdays.now())
    assert (found["since"], found["committee"]) == ("2022-04-20", "Kreistag")
    assert found["since_words"] == "seit der Sitzung am 02.05.2022 (Stand 20.04.2022)"
    assert status.collect(D(2022, 6, 1), days_ago(1))["since"] == "2022-03-16"


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow():
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as context:
            status.collect(workdays.today(), workdays.now())
        return len(context)

    a_county()
    for number in (1, 4):
        for _ in range(number):
            place = municipality()
            issue_at(State.CLOSED, municipality=place)
            held_meeting(days=30 + place.pk)
            makers.held(makers.post(), makers.START)
            makers.notice(number=f"N{place.pk}")
            Agreement.prepare(place, by=user(Role.STRATEGIC_OFFICE))
            resolution()
        if number == 1:
            few = queries()
    assert queries() == few <= 60


def test_the_glossary_of_blocks_is_what_is_drawn():
    """Every kind of block is drawn by the page, the text and both files."""
    from django.template.loader import render_to_string

    from reports import blocks

    every = [
        blocks.facts("a", [("Name", "Fakt-Wert")], "Fakten"),
        blocks.words("b", "Ein Absatz", "Worte"),
        blocks.listed("c", "Liste", ["Punkt eins"], numbered=True),
        blocks.listed("d", "Liste", ["Punkt zwei"]),
        blocks.table("e", "Tabelle", ["Spalte", "Zahl"], [("1", ["Zeile", "•"])], right=[1], note="• geheim"),
    ]
    data = {
        "county": "Kreis", "county_key": "", "committee": "", "valid_on": "2022-03-16", "meeting_on": None,
        "known_at": "2022-03-16T12:00:00+01:00", "since": None, "since_words": "",
        "sections": [{"key": "x", "title": "Abschnitt", "blocks": every}],
    }  # fmt: skip
    paper = Paper(data, "Sachstand", "")
    told = {
        "html": render_to_string("reports/_report_blocks.html", {"blocks": every}),
        "text": status_files.text(paper), "docx": _words_of(_opened(paper)), "pdf": text_of(status_files.pdf(paper)),
    }  # fmt: skip
    for words in ("Fakt-Wert", "Ein Absatz", "Punkt eins", "Punkt zwei", "Spalte", "Zeile", "•", "geheim"):
        assert [kind for kind, made in told.items() if words not in made] == [], words
    assert re.search(r'<td class="num"><span class="kim-stacked-name">Zahl: </span>•', in_one_line(told["html"]))


@pytest.mark.django_db
def test_figures_of_casework_are_those_that_were_published():
    """Secret ones stay secret in every file; what was published later was not known before."""
    a_county()
    place = municipality("Windeck")
    quarter = {"first": D(2022, 1, 1), "until": D(2022, 4, 1), "values": [["", ""]]}
    cells = {"|": 1234, f"{place.ags}|": None}
    for key in (PERSONS, CONSULTATIONS):
        PublishedTable.objects.create(figure=key, cells=cells, counted_at=days_ago(5), **quarter)
    data = status.collect(D(2022, 5, 1), workdays.now())
    assert block(data, "figures", "quarter")["rows"] == [["Beratene Personen", "1.234"], ["Beratungen", "1.234"]]
    assert block(data, "figures", "places")["rows"] == [["Gemeinde Windeck", "•", "•"]]
    assert block(data, "figures", "places")["note"].startswith("• zum Schutz kleiner Zahlen nicht genannt")
    paper = printed(data)
    for made in (status_files.text(paper), status_files.page(paper), _words_of(_opened(paper))):
        assert "zum Schutz kleiner Zahlen nicht genannt" in made
        assert "None" not in made
    assert block(status.collect(D(2022, 5, 1), days_ago(10)), "figures", "none")
    assert block(status.collect(D(2022, 3, 30), workdays.now()), "figures", "none")
