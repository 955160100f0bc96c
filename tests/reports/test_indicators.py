"""The report to the Land: every indicator of the set stands there, with its value or with the reason why not."""

import datetime as dt
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from casework.figures import definitions as casework
from kim import figures, workdays
from kim.disclosure import SECRET
from kim.models import Role
from reports import indicators
from reports.indicators import SETS
from reports.models import PublishedTable
from reports.tables import By
from tests.factories import county, municipality, user
from tests.funding import makers

pytestmark = pytest.mark.django_db
D = dt.date
TODAY = D(2023, 3, 1)

#: The set of the domain: a word of each indicator as the page must have it, by heading.
WANTED = {
    "Input": (
        "bewilligte Stellen", "besetzte Stellen", "Besetzungsquote in Stellenmonaten", "Dauer bis zur Besetzung",
        "Mittel bewilligt", "Mittel verausgabt", "Rückzahlung", "Eigenanteil", "Qualifizierungsquote",
    ),
    "Output": (
        "Anfragen", "Ergebnis des Clearings", "im Bestand am Ende", "neu aufgenommene", "beendete Fälle",
        "Personen in den Haushalten", "Beratungen nach Form", "nach Sprache", "nach Thema", "Dauer der Beratungen",
        "Stunden der Sprachmittlung", "Fallkonferenzen", "je besetzter Stelle", "Verweildauer je Phase",
        "Wechsel des Rechtskreises",
    ),
    "Profil": (
        "Alter", "Geschlecht", "Herkunft", "Aufenthaltsstatus", "Aufenthaltsdauer", "Rechtskreis", "GER",
        "Haushaltstyp", "Zugangsweg",
    ),
    "Outcome": (
        "erreichter Ziele je Handlungsfeld", "sichererem Aufenthaltsstatus", "Zuwachs an Deutschkenntnissen",
        "Arbeit oder Ausbildung", "Wohnung", "Kita- oder Schulplatz", "beendete Fälle nach Grund",
    ),
    "Struktur": (
        "gemeldet", "bestätigt", "gebündelt", "Ergebnisse zu Knackpunkten", "Fälle je Knackpunkt",
        "Arbeitstage je Station", "bis zur Rückmeldung an das Case Management", "Anteil mit Rückmeldung", "nach Ebene",
        "nach Kategorie", "Beschlüsse umgesetzt, offen, überfällig", "Wiederauftreten nach Lösung",
    ),
    "Modul 3": ("Anträge und Entscheidungen", "Bearbeitungsdauer", "Rückstand"),
}  # fmt: skip


@pytest.fixture
def place():
    """A county in which Modul 2 had two posts granted and one filled in 2022, and tables of casework are published."""
    with workdays.as_of(TODAY):
        county()
        here = municipality("Windeck")
        made = makers.notice(fte=2, first=D(2022, 1, 1), until=D(2023, 1, 1))
        makers.payment(made, 5, D(2022, 5, 5))
        makers.held(makers.post(D(2022, 1, 1)), D(2022, 1, 1))
        publish(casework.OPEN, By.AREA, {"|": 30, f"{here.ags}|": None})
        publish(casework.PERSONS, By.AGE, {"|a": 20, "|b": None}, [["a", "unter 18"], ["b", "18 und älter"]])
        publish(casework.GOALS, By.TOPIC, {"|a": 12, "|b": None, "|c": 0}, [[one, one] for one in "abc"])
        publish(casework.GOALS_REACHED, By.TOPIC, {"|a": 8, "|b": 6, "|c": 0}, [[one, one] for one in "abc"])
        yield here


def publish(key, by, cells, values=(("", ""),)):
    PublishedTable.objects.create(
        figure=key, breakdown=by, first=D(2022, 1, 1), until=D(2023, 1, 1), cells=cells, values=list(values)
    )


def told(area="", year=2022):
    who = user(Role.COORDINATION)
    found = indicators.answers(who, indicators.asked_for(year, area))
    return {one.indicator.key: one for _, some in found for one in some}


def test_the_set_is_whole_and_each_has_a_value_or_a_reason(place):
    for heading, names in WANTED.items():
        found = next(some for title, some in SETS if title.startswith(heading))
        for name in names:
            assert any(name in one.name for one in found), (heading, name)
    keys = [one.key for _, some in SETS for one in some]
    assert len(keys) == len(set(keys))
    known = {one.key for one in figures.every()}
    for answer in told().values():
        one = answer.indicator
        assert answer.lines or answer.words.endswith("."), one.key
        assert (one.read is None) == bool(one.reason and one.needed), one.key
        assert not one.figure or one.figure in known, one.key
        assert one.read is None or one.figure, one.key
        shapes = {(figure, shape.by) for figure in casework_keys() for shape in casework.shapes(figure)}
        assert set(one.tables) <= shapes, one.key


def casework_keys():
    return {one.key for one in figures.every() if one.persons}


def test_values_come_from_where_the_dashboard_has_them(place):
    found = told()
    module = {line.label: line.value for line in found["quota"].lines}
    assert module["Modul 2"] == "50\N{NO-BREAK SPACE}%"
    assert [line.value for line in found["money_granted"].lines] == ["110.000,00 €"]
    assert [line.value for line in found["money_forecast"].lines] == ["55.000,00 €"]
    assert [line.value for line in found["open_cases"].lines] == ["30"]
    assert [line.value for line in found["cases_per_post"].lines] == ["30"], "30 cases, 1 FTE"
    assert [(line.label, line.value) for line in found["age"].lines] == [("unter 18", "20"), ("18 und älter", SECRET)]
    assert [(line.label, line.cell) for line in found["goals"].lines] == [
        ("a", Fraction(2, 3)), ("b", SECRET), ("c", None),
    ]  # fmt: skip
    assert found["requests"].words.startswith("KIM erfasst es im einzelnen Fall")


def test_a_secret_number_is_told_neither_for_a_municipality_nor_by_way_of_another(place):
    found = told(place.ags)
    assert [line.value for line in found["open_cases"].lines] == [SECRET]
    assert found["age"].words == indicators.NOT_FOR_PLACES
    cells = {
        cell for sheet in indicators.book(user(Role.COORDINATION), {"year": "2022", "area": place.ags}).sheets
        for row in sheet.rows for cell in row
    }  # fmt: skip
    assert SECRET in cells


def test_a_year_without_tables_says_so(place):
    found = told(year=2023)
    assert found["persons"].words == indicators.NOT_PUBLISHED
    assert not found["persons"].lines


def test_the_page_has_every_indicator_in_a_fixed_number_of_queries(client, place):
    client.force_login(user(Role.STRATEGIC_OFFICE))

    def page():
        return client.get(reverse("reports:indicators"), {"year": "2022"})

    page()
    with CaptureQueriesContext(connection) as few:
        text = page().text
    for _, some in SETS:
        for one in some:
            assert one.name.replace("&", "&amp;") in text
    assert "nicht öffentlich bekannt" in text
    for number in range(9):
        publish(casework.PERSONS, f"x{number}", {"|": 1})
        municipality()
    with CaptureQueriesContext(connection) as many:
        assert page().status_code == 200
    assert len(many) == len(few) <= 14, [one["sql"][:90] for one in many]


@pytest.mark.parametrize("query", [{"year": "1999"}, {"year": "x", "area": "0"}, {"year": "2022", "area": "'"}])
def test_a_year_or_area_there_is_none_of_gives_a_sentence(client, place, query):
    client.force_login(user(Role.COORDINATION))
    answer = client.get(reverse("reports:indicators"), query)
    assert answer.status_code == 200
    assert "Jahre gibt es von" in answer.text or "Diese Kommune gibt es hier nicht" in answer.text
