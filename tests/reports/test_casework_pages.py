"""What the dashboard and its page tell of casework: published numbers alone, and none that is kept secret."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.urls import reverse

from kim.figures import Part
from kim.models import Role
from reports import casework, exporting
from reports.asked import asked
from reports.models import PublishedTable
from tests.factories import county, municipality, user

pytestmark = pytest.mark.django_db

PAGE = reverse("reports:lage_casework")
SECRET = "zum Schutz kleiner Zahlen nicht genannt"
TOPICS = [["WOHN", "Wohnen"], ["KITA", "Kita"], ["ARB", "Arbeit"]]


def published(first, figure, cells, breakdown="", months=3, values=()):
    until = dt.date(first.year + (first.month + months > 12), (first.month + months - 1) % 12 + 1, 1)
    PublishedTable.objects.create(
        figure=f"casework.{figure}",
        breakdown=breakdown,
        first=first,
        until=until,
        cells=cells,
        values=list(values) or [["", "insgesamt"]],
    )


@pytest.fixture
def told():
    """Two quarters and a year of two municipalities; in Alfter live so few that nothing is said."""
    county()
    left, right = municipality("Alfter", bank="left"), municipality("Windeck", bank="right")
    areas = ("", "left", "right", left.ags, right.ags)

    def cells(*numbers, value=""):
        return {f"{area}|{value}": number for area, number in zip(areas, numbers, strict=True)}

    before, now, year = dt.date(2025, 1, 1), dt.date(2025, 4, 1), dt.date(2024, 1, 1)
    published(before, "persons", cells(9, 0, 9, 0, 9))
    published(now, "persons", cells(12, None, None, None, None))
    published(now, "consultations", cells(20, None, None, None, None))
    published(now, "hours", cells(49, None, None, None, None))
    by_topic = {"WOHN": (10, None, None), "KITA": (None, None, None), "ARB": (0, 0, 0)}
    there = {f"{area}|{code}": of[at] for code, of in by_topic.items() for at, area in enumerate(("", "left", "right"))}
    for figure in ("persons", "actions"):
        published(now, figure, there, "topic", values=TOPICS)
    published(year, "persons", cells(30, 10, 20, 10, 20), months=12)
    for figure, number in (("goals", 12), ("goals_reached", 7), ("status_improved", None)):
        published(year, figure, cells(number, *[None] * 4), months=12)
    return {"left": left, "right": right}


def figures(about):
    return {one.name: (one.value, one.change, *one.more) for one in about["figures"]}


def test_the_section_tells_the_last_quarter_that_had_ended(told):
    office = user(Role.STRATEGIC_OFFICE)
    about = casework.casework(office, asked({"on": "2025-07-20"}))
    found = figures(about)
    assert about["period"].name == "2. Quartal 2025"
    assert found["Beratene Personen"] == ("12", "3 mehr als im 1. Quartal 2025")
    assert found["Beratungen"] == ("20", "")
    assert about["topics"].rows == (("Wohnen", ("10", "10")), ("Kita", ("•", "•")))
    outcomes = {name: words for name, words, _ in about["outcomes"]}
    assert outcomes == {
        "Erreichte Ziele": "7 von 12",
        "Sichererer Aufenthaltsstatus": "•",
    }
    assert all(url for _, _, url in about["outcomes"])
    assert about["has_secrets"]


@pytest.mark.parametrize(("on", "period"), [("2025-06-29", "1. Quartal 2025"), ("2025-03-30", None)])
def test_of_an_earlier_day_it_tells_what_was_over_then(told, on, period):
    about = casework.casework(user(Role.STRATEGIC_OFFICE), asked({"on": on}))
    assert (about["period"] and about["period"].name) == period


def test_of_a_place_nothing_secret_is_told_or_compared(told):
    about = casework.casework(user(Role.COORDINATION), asked({"on": "2025-07-20", "area": told["right"].ags}))
    assert figures(about)["Beratene Personen"] == ("•", "", SECRET)
    assert about["topics_area"] == "rechtsrheinisch"
    assert {cell for _, cells in about["topics"].rows for cell in cells} == {"•"}


def test_the_page_says_what_was_published_and_why_some_is_not(client, told):
    client.force_login(user(Role.STEERING_GROUP))
    page = client.get(PAGE, {"period": "2025-2"}).text
    rows = dict(
        re.findall(r'<th scope="row">(?:<a [^>]*>)?([^<]+?)(?:</a>.*?)?</th>\s*<td class="num">([^<]*)</td>', page)
    )
    assert (rows["Beratene Personen"], rows["Beratungszeit"]) == ("12", "12,25")
    assert (rows["Alfter"], rows["Windeck"], rows["alle Kommunen"]) == ("•", "•", "12")
    assert f"• {SECRET}" in page
    assert 'name="what" value="casework"' in page
    assert 'action="/reports/exports/new/?period=2025-2&amp;area="' in page
    year = client.get(PAGE, {"period": "2024"})
    assert {line.name: line.now for line in year.context["totals"]}["Erreichte Ziele"] == "7"
    assert "nur für ganze Jahre veröffentlicht" not in year.text


def test_the_file_holds_every_number_of_the_page_and_its_secrets(told):
    maker = exporting.of("casework")
    book = maker.make(user(Role.COORDINATION), {"period": "2025-2"})
    sheets = {sheet.name: list(sheet.rows) for sheet in book.sheets}
    persons = {row[0]: row[1] for row in sheets["Beratene Personen, 2. Quartal 2025"]}
    assert persons == {
        "alle Kommunen": 12,
        "linksrheinisch": "•",
        "rechtsrheinisch": "•",
        "Alfter": "•",
        "Windeck": "•",
    }
    assert sheets["Beratene Personen nach Handlungsfeld, 2. Quartal 2025"][0] == ["alle Kommunen", 10, "•", 0]
    assert sheets["Beratungszeit, 2. Quartal 2025, in Stunden"][0] == ["alle Kommunen", Decimal("12.25")]
    assert SECRET in book.note
    assert maker.part is Part.CASEWORK


@pytest.mark.parametrize(
    ("asked_for", "sentence"),
    [({"period": "2025-9"}, "Diesen Zeitraum gibt es hier nicht."), ({"period": "\x00" * 9}, "Diesen Zeitraum"),
     ({"area": "05382999"}, "Diese Kommune gibt es hier nicht.")],
)  # fmt: skip
def test_what_was_not_published_is_said_and_the_last_quarter_shown(client, told, asked_for, sentence):
    client.force_login(user(Role.COORDINATION))
    answer = client.get(PAGE, asked_for)
    assert sentence in answer.text
    assert answer.context["asked"].period.name == "2. Quartal 2025"


def test_before_the_first_quarter_both_say_when_there_will_be_one(client):
    county()
    client.force_login(user(Role.COORDINATION))
    assert "Noch nichts veröffentlicht" in client.get(PAGE).text
    assert casework.casework(user(Role.COORDINATION), asked({})) == {"period": None}


def test_the_page_asks_the_same_number_of_queries_for_many_tables(client, told, django_assert_max_num_queries):
    client.force_login(user(Role.COORDINATION))
    client.get(PAGE)
    with django_assert_max_num_queries(12):
        client.get(PAGE)
