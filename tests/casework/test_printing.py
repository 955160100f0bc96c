"""Printed documents: every form in every language is a tagged PDF, says what it must, and names nobody unasked."""

import datetime as dt
import re
import unicodedata
from collections import Counter

import pytest
import yaml

from casework import printing
from casework.printing import KINDS, LANGUAGES, NAMED, RIGHT_TO_LEFT, NoSuchForm, Person, Plan
from kim import printing as sheets
from kim.models import Code
from tests.pdf_text import text_of

NADIA = Person("Nadia Rahimi", "01.03.1990", "RSK-2026-000123", "Stadt Siegburg", "Anna Beispiel")
EVERY = [(kind, language) for kind in KINDS for language in LANGUAGES]


def form_words(kind, language, person=None, **fields):
    return text_of(printing.form(kind, language, person=person, county="Rhein-Sieg-Kreis", **fields))


def says(shown: str, text: str) -> bool:
    """Whether every word of `text` is shown; of words from right to left, whose letters are joined, every letter."""
    if unicodedata.bidirectional(text[0]) == "AL":
        return not Counter(re.findall(r"\w", text)) - Counter(re.findall(r"\w", shown))
    return set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", shown))


def goals(**fields):
    measure = {"text": "Antrag stellen", "who": "beratene Person", "until": dt.date(2026, 3, 1), "status": "offen"}
    given = {"life_domain": "Wohnen", "text": "Eine Wohnung finden", "until": dt.date(2026, 6, 30)}
    return [given | {"measures": [measure, measure | {"until": None}]} | fields]


def paper(**fields):
    given = {"county": "Rhein-Sieg-Kreis", "person": NADIA, "case_manager": "Anna Beispiel"}
    return Plan(**given | {"standing": "Fassung 2, vereinbart am 03.02.2026", "goals": goals()} | fields)


@pytest.mark.parametrize(("kind", "language"), EVERY)
class TestForms:
    def test_it_is_a_tagged_pdf_in_its_language(self, kind, language):
        made = printing.form(kind, language, person=NADIA, county="Rhein-Sieg-Kreis")
        assert made.startswith(b"%PDF-1.7")
        assert f"/Lang({language})".encode() in made[made.index(b"/Type/Catalog") - 400 :]
        assert b"/StructTreeRoot" in made
        assert b"<pdfuaid:part>1</pdfuaid:part>" in made

    def test_it_names_the_person_only_where_asked_for(self, kind, language):
        asked = NADIA.name if kind == "consent" else NADIA.controller
        assert asked in form_words(kind, language, NADIA)
        blank = form_words(kind, language)
        assert not [part for part in (*NADIA.name.split(), NADIA.number, NADIA.controller) if part in blank]

    def test_it_is_marked_as_a_draft_in_german_and_in_its_language(self, kind, language):
        shown = form_words(kind, language)
        version = printing.versions(kind)[0]
        assert "Entwurf – vor Verwendung durch die Datenschutzbeauftragten freizugeben" in shown
        assert says(shown, printing.texts(kind, language, version)["draft"])

    def test_it_says_all_that_the_german_one_says(self, kind, language):
        version = printing.versions(kind)[0]
        words, german = printing.texts(kind, language, version), printing.texts(kind, "de", version)

        def shape(value):
            if isinstance(value, dict):
                return {key: shape(one) for key, one in value.items()}
            return [shape(one) for one in value] if isinstance(value, list) else type(value)

        assert shape(words) == shape(german)
        assert words["language"] == language
        assert words["name"] == LANGUAGES[language][1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_purpose_of_the_code_list_stands_on_the_form(language, settings):
    codes = yaml.safe_load((settings.BASE_DIR / "data" / "codes.yaml").read_text())[Code.List.CONSENT_PURPOSE]
    version = printing.versions("consent")[0]
    purposes = printing.texts("consent", language, version)["purposes"]
    assert set(purposes) == {entry["code"] for entry in codes} >= set(NAMED)
    shown = form_words("consent", language)
    for text in purposes.values():
        assert says(shown, text)


def test_arabic_and_persian_run_from_right_to_left():
    """The first field of a row stands on the right, and letters are joined: shown glyphs are not the plain ones."""
    assert set(RIGHT_TO_LEFT) <= set(LANGUAGES)
    for language in RIGHT_TO_LEFT:
        shown = form_words("information", language, NADIA)
        assert shown.index(NADIA.controller) < shown.index(NADIA.contact)  # the order of reading is kept
        base = (sheets._SHEETS / "base.typ").read_text()
        assert f'"{language}"' in base.split("rtl-languages = ")[1].split("\n")[0]


def test_the_sheet_says_the_periods_of_this_county():
    shown = form_words("information", "de", months=9, years=5)
    assert "9 Monate" in shown
    assert "5 Jahre" in shown
    nines = [form_words("information", "fa", months=months).count("۹") for months in (9, 6)]
    assert nines[0] == nines[1] + 1


@pytest.mark.parametrize(("kind", "language", "version"), [
    ("consent", "xx", ""), ("contract", "de", ""), ("consent", "de", "1999-01"), ("../forms", "de", ""),
])  # fmt: skip
def test_there_is_no_other_form(kind, language, version):
    with pytest.raises(NoSuchForm):
        printing.form(kind, language, version=version)


class TestPlan:
    def test_goals_measures_and_lines_to_sign_stand_on_it(self):
        shown = text_of(printing.plan(paper()))
        for words in (
            "Hilfeplan", "Rhein-Sieg-Kreis", "Nadia Rahimi", "RSK-2026-000123", "Fassung 2, vereinbart am 03.02.2026",
            "Ziel 1: Eine Wohnung finden", "Wohnen, bis 30.06.2026", "Antrag stellen", "01.03.2026",
            "Unterschrift der beratenen Person",
        ):  # fmt: skip
            assert words in shown

    def test_it_can_be_printed_without_a_name(self):
        assert "Nadia" not in text_of(printing.plan(paper(person=Person(number="RSK-2026-000123"))))

    @pytest.mark.parametrize(
        "text",
        ["#set page(width: 1pt)", "*x* _y_ $z$ @ref <label> \\u{41}", "= Kein Titel", "漢字 ሰላም 😀 नमस्ते", "\x00\x07",
         "‮verkehrt", "x" * 400, "Wort " * 80, "https://example.org", "\u200c\u0301\ufeff", ""],
    )  # fmt: skip
    def test_whatever_is_written_is_text_and_can_be_printed(self, text):
        odd = paper(person=Person(name=text, number="1"), goals=goals(text=text))
        assert printing.plan(odd).startswith(b"%PDF-")

    def test_letters_our_fonts_lack_are_written_in_latin_ones(self):
        assert sheets._in_our_letters("ሰላም Müller") == "selam Müller"
        assert sheets._in_our_letters("محمد Ґанна Şahin") == "محمد Ґанна Şahin"

    def test_a_long_plan_has_several_pages(self):
        many = paper(goals=[goal for number in range(40) for goal in goals(text=f"Ziel mit der Nummer {number}")])
        assert printing.plan(many).startswith(b"%PDF-")
