"""The dashboard: its numbers for date, bank and place, what each role finds on it, and that everything opens."""

import datetime as dt
import re
from fractions import Fraction

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import workdays
from kim.county_map import STEPS
from kim.figures import Part
from kim.models import Municipality, Role
from reports import counting, exporting, lage
from reports.charts import Chart, Kind
from reports.key_figures import changed
from steering.escalation import State
from tests import htmx
from tests.factories import county, issue_at, municipality, steering_group, user

pytestmark = pytest.mark.django_db

LAGE, CHAIN, PLACES = (reverse(f"reports:{name}") for name in ("lage", "lage_chain", "lage_places"))
#: So many queries at most, whatever there is.
MOST = {LAGE: 20, CHAIN: 12, PLACES: 12}


@pytest.fixture
def world():
    """Three in Windeck (right), one in Alfter (left), one elsewhere; counted."""
    county()
    windeck = municipality("Windeck", bank="right", latitude="50.8100", longitude="7.5700")
    alfter = municipality("Alfter", bank="left", latitude="50.7300", longitude="7.0100")
    issue_at(State.COORDINATION, municipality=windeck)
    issue_at(State.COORDINATION, municipality=windeck)
    issue_at(State.FED_BACK, municipality=windeck)
    issue_at(State.STRATEGY, municipality=alfter)
    issue_at(State.CLOSED, municipality=alfter)
    counting.refresh()
    return {"Windeck": windeck, "Alfter": alfter}


def shown(client, role=Role.COORDINATION, address=LAGE, **asked):
    client.force_login(user(role))
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return {part.key: part.about for part in answer.context.get("sections", [])}, answer.content.decode()


def stops(parts) -> dict[str, str]:
    return {stop.name: stop.count for stop in parts["line"]["stops"] if stop.count != "0"}


def figures(parts) -> list[str]:
    return [f"{one.value} {one.small}".strip() for one in parts["key-figures"]["figures"]]


@pytest.mark.parametrize(
    ("area", "counted", "first"),
    [
        ("", {"Koordinierung": "2", "Geschäftsstelle": "1", "Rückgemeldet": "1"}, ["4", "2 von 5"]),
        ("left", {"Geschäftsstelle": "1"}, ["1", "1 von 2"]),
        ("Windeck", {"Koordinierung": "2", "Rückgemeldet": "1"}, ["3", "1 von 3"]),
    ],
)
def test_numbers_are_those_of_the_area(client, world, area, counted, first):
    key = world[area].ags if area in world else area
    parts, page = shown(client, area=key)
    assert stops(parts) == counted
    found = figures(parts)
    assert [found[0], found[2]] == first
    assert found[1] == "0 Tage"
    assert sum(int(cells[0]) for _, cells in parts["ages-and-flow"]["ages"].rows) == int(first[0])
    assert parts["ages-and-flow"]["flow"].rows[-1][1] == (first[1].split()[-1], first[1].split()[0])
    assert len(parts["ages-and-flow"]["flow"].rows) == lage.FLOW
    assert f'<option value="{key}" selected>' in page


def test_topics_by_municipality_add_up_and_lead_on(client, world):
    parts, page = shown(client)
    heat = parts["places"]["heat"]
    rows = {row.name: [number for _, number in row.cells] for row in heat.rows}
    assert rows["Windeck"] == ["3"]
    assert rows["Alfter"] == ["1"]
    assert heat.sums == ("4",)
    assert heat.total == "4"
    assert [row.bank for row in heat.rows[:2]] == ["linksrheinisch", "rechtsrheinisch"]
    assert all(1 <= step <= STEPS for row in heat.rows for step, number in row.cells if number != "0")
    tiles = re.findall(r'<a class="kim-map__link"\s+href="([^"]+)"\s+aria-label="([^"]+)"', page)
    assert "Windeck: 3 offene Knackpunkte, WIN" in [name for _, name in tiles]
    assert len(tiles) == Municipality.objects.count()
    address = next(url for url, name in tiles if name.startswith("Alfter")).replace("&amp;", "&")
    assert stops(shown_at(client, address)) == {"Geschäftsstelle": "1"}


def shown_at(client, address):
    return {part.key: part.about for part in client.get(address).context["sections"]}


def test_of_a_bank_the_map_shows_the_others_in_outline(client, world):
    parts, page = shown(client, area="left")
    tiles = {tile.name: tile.kind for tile in parts["places"]["map"].tiles}
    assert tiles["Windeck"] == "other"
    assert tiles["Alfter"] == "3"
    assert [row.name for row in parts["places"]["heat"].rows] == ["Alfter"]
    assert page.count("kim-map__tile--other") == 1


def test_a_station_leads_to_the_issues_it_counts(client, world):
    parts, _ = shown(client, area=world["Windeck"].ags)
    stop = next(one for one in parts["line"]["stops"] if one.key == "coordination")
    listed = client.get(stop.url)
    assert listed.context["number"] == 2
    assert f"municipality={world['Windeck'].pk}" in stop.url
    topic = parts["topics"]["topics"][0]
    assert client.get(topic[2]).context["number"] == topic[1] == 3


def test_of_a_past_day_numbers_lead_to_the_table_of_that_day(client, world):
    yesterday = workdays.today() - dt.timedelta(days=1)
    parts, page = shown(client, on=f"{yesterday:%d.%m.%Y}", span="month", area="right")
    assert stops(parts) == {}
    assert "war hier kein Knackpunkt offen" in page
    assert {stop.url for stop in parts["line"]["stops"]} == {f"{CHAIN}?on={yesterday:%Y-%m-%d}&span=month&area=right"}
    assert "bundles" not in parts
    assert client.get(parts["line"]["more"]).context["asked"].day == yesterday


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"on": "gestern"}, "Den Stand bitte als Tag angeben, zum Beispiel 16.03.2022."),
        ({"on": "01.01.1990"}, "Zahlen gibt es vom 01.01.2020 bis zum"),
        ({"on": "31.12.9999"}, "Zahlen gibt es vom 01.01.2020 bis zum"),
        ({"span": "week"}, "Als Zeitraum gibt es Monat, Quartal und Jahr."),
        ({"area": "05382999\x00"}, "Diese Kommune gibt es hier nicht. Gezeigt werden alle."),
    ],
)
def test_what_cannot_be_asked_is_said_and_the_rest_holds(client, world, asked, sentence):
    for address in (LAGE, CHAIN, PLACES):
        _, page = shown(client, address=address, **asked)
        assert sentence in page
        assert f'value="{workdays.today():%d.%m.%Y}"' in page


def test_each_role_finds_what_is_its_own(client, world):
    for role in (Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.STEERING_GROUP):
        parts, page = shown(client, role)
        assert list(parts)[:3] == ["key-figures", "line", "ages-and-flow"]
        assert "So wird gezählt" in page
    parts, page = shown(client, Role.ADMIN)
    assert parts
    assert not {"key-figures", "line", "ages-and-flow", "places", "bundles", "casework", "governance"} & parts.keys()
    assert "Knackpunkt" not in page.split("<main")[1]
    for address in (CHAIN, PLACES):
        client.force_login(user(Role.ADMIN))
        assert client.get(address).status_code == 403


def test_before_anything_was_counted_the_page_says_so(client):
    county()
    for address in (LAGE, CHAIN, PLACES):
        parts, page = shown(client, address=address)
        assert "zum ersten Mal gezählt" in page
        assert "line" not in parts


def test_the_pages_are_steady_in_queries(client, world):
    counts: dict[str, list[int]] = {address: [] for address in MOST}
    me = user(Role.STRATEGIC_OFFICE)
    for _ in range(2):
        client.force_login(me)
        for address in MOST:
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts[address].append(len(queries))
        for name in ("Much", "Eitorf", "Lohmar"):
            place = municipality(name, latitude="50.8000", longitude="7.3000")
            for state in (State.COORDINATION, State.STEERING):
                issue_at(state, municipality=place)
        issue_at(State.MERGED)
        counting.refresh()
    for address, (few, many) in counts.items():
        # Issues that bundle others are read once there are some.
        assert few <= many <= few + (address == LAGE), address
        assert many <= MOST[address], address


def test_a_swap_leaves_what_a_reload_shows(client, world):
    client.force_login(user(Role.COORDINATION))
    for address in (LAGE, CHAIN, PLACES):
        whole, part = (client.get(address, {"area": "left"}, headers=with_) for with_ in ({}, {"HX-Request": "true"}))
        assert "<html" not in part.content.decode()
        assert htmx.element(part.content.decode(), "results") == htmx.element(whole.content.decode(), "results")


def test_the_tables_behind_name_every_station_and_place(client, world):
    _, page = shown(client, address=CHAIN)
    for state in (State.STATE_LEVEL, State.CLOSED, State.MERGED):
        assert f'<th scope="row">{state.label}</th>' in page
    assert '<th scope="row">gebündelt</th>' in page
    _, page = shown(client, address=PLACES)
    assert re.search(r'>Windeck</a></th><td>rechtsrheinisch</td><td class="num">3</td>', page)


def test_the_file_holds_what_the_screen_shows(world):
    book = exporting.of("lage").make(user(Role.STEERING_GROUP), {"area": "right"})
    sheets = {sheet.name: list(sheet.rows) for sheet in book.sheets}
    assert sheets["Kennzahlen"][0][:2] == ["offene Knackpunkte", 3]
    assert [row[1] for row in sheets["Stationen"] if row[1]] == [2, 1]
    assert sheets["Kommunen und Themen"][-1][1] == 3
    assert sum(row[1] for row in sheets["Alter"]) == 3
    assert "rechtsrheinisch" in book.note
    assert exporting.of("lage").part is Part.CHAIN


def test_today_says_how_it_stands_to_those_who_look_first(client, world):
    for role, sees in ((Role.STEERING_GROUP, True), (Role.STRATEGIC_OFFICE, True), (Role.CASE_MANAGER, False)):
        client.force_login(user(role))
        page = client.get(reverse("kim:today")).content.decode()
        assert ("<strong>4</strong> Knackpunkte sind offen" in page) is sees


def test_a_chart_is_a_table_and_says_what_it_does_not_tell():
    chart = Chart.of(
        "x", Kind.STACKED, "Beratungen", ("Monat", "neu", "alle"), [("Jan 22", (None, 1234)), ("Feb 22", (0, "–"))]
    )
    page = render_to_string("reports/_chart.html", {"chart": chart})
    assert re.findall(r'<td class="num">(.*?)</td>', page) == ["•", "1.234", "0", "–"]
    assert "zum Schutz kleiner Zahlen nicht genannt" in page
    assert 'data-chart="stacked"' in page


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (6, "6"), (Fraction(13, 2), "6,5"), (Fraction(1249, 1000), "1,2"), (1234, "1.234")],
)
def test_days_are_written_as_one_reads_them(value, words):
    assert lage.days(value) == words


def test_changes_are_put_in_words():
    assert changed(5, 2, "am 31.12.2021") == "3 mehr als am 31.12.2021"
    assert changed(2, 5, "am 31.12.2021") == "3 weniger als am 31.12.2021"
    assert changed(2, 2, "am 31.12.2021") == "wie am 31.12.2021"
    assert changed(2, None, "am 31.12.2021") == ""


def test_it_says_how_it_stood_when_the_steering_group_last_met(client, world):
    group = steering_group()
    met = workdays.today()
    at = dt.datetime.combine(met, dt.time(0, 5), workdays.BERLIN)
    group.meetings.create(starts_at=at)
    group.meetings.create(starts_at=at + dt.timedelta(minutes=1), mode="written", written_until=met)
    assert shown(client)[0]["key-figures"]["since"] is None  # of today itself nothing has changed since
    with workdays.as_of(met + dt.timedelta(days=10)) as later:
        group.meetings.create(starts_at=at + dt.timedelta(days=3), cancelled_at=later)
        issue_at(State.COORDINATION, municipality=world["Alfter"])
        counting.refresh(later)
        parts, page = shown(client, area="left")
        assert figures(parts)[0] == "2"
        since = parts["key-figures"]["since"]
        assert (since.day, since.words) == (met, "1 offen, keiner überfällig; 1 von 2 rückgemeldet")
        assert figures(shown_at(client, since.url))[0] == "1"
        assert f"{met:%d.%m.%Y}</a>: 1 offen" in page


def test_a_definition_keeps_the_day_it_was_opened_from(client, world):
    _, page = shown(client, on="01.02.2020", area="left")
    address = re.search(r'href="([^"]*/chain\.open/[^"]*)"', page)[1].replace("&amp;", "&")
    answer = client.get(address)
    assert answer.context["asked"].day == dt.date(2020, 2, 1)
    assert answer.context["asked"].area.key == "left"
