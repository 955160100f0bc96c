"""Criteria, scenarios and targets: values with their history, results kept with their inputs, one act of adoption."""

import datetime as dt
import io
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from funding import needs, standing
from funding.apportionment import ApportionmentRefused
from funding.models import Criterion, CriterionValue, Scenario, StaffingTarget
from kim import workdays
from kim.county_map import Figure, bounds, county_map, level
from kim.models import Municipality, PopulationCount, Role, TrailEntry
from kim.workflow import StepRefused
from tests.factories import county, municipality, resolution, user
from tests.funding import makers
from tests.funding.makers import NEXT_YEAR, START, YEAR, D, admin, three_places

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    county()
    client.force_login(found := user(Role.STRATEGIC_OFFICE))
    return found


# Criteria


def test_every_county_begins_with_the_same_criteria_and_a_second_run_changes_nothing():
    assert [one.key for one in needs.ensure_criteria()][0] == "population"
    Criterion.objects.filter(key="wege").update(name="Fahrzeiten")
    assert needs.ensure_criteria() == []
    assert Criterion.objects.get(key="wege").name == "Fahrzeiten"
    assert not CriterionValue.objects.exists()


def test_a_criterion_is_added_once():
    made = makers.criterion("Übergangsheime")
    assert made.key == "ubergangsheime"
    with pytest.raises(StepRefused, match="gibt es schon"):
        Criterion.add(by=admin(), name="übergangsheime".upper(), unit="Plätze")
    assert Criterion.add(by=admin(), name="Übergangsheime!", unit="Plätze").key == "ubergangsheime-2"


def test_values_are_learned_in_any_order_and_nothing_is_lost():
    of, place = makers.criterion(), municipality()
    days = {YEAR: "20", START: "10", NEXT_YEAR: "30"}
    for day in (YEAR, START, NEXT_YEAR):
        makers.value(of, place, days[day], day)
    for day, number in days.items():
        assert needs.values_on(day)[of.key][place.ags].value == Decimal(number)
    assert makers.value(of, place, "20", YEAR) is None, "it says the same"
    makers.value(of, place, "25", YEAR)
    assert needs.values_on(YEAR)[of.key][place.ags].value == 25
    assert needs.values_on(NEXT_YEAR)[of.key][place.ags].value == 30
    assert CriterionValue.objects.filter(value=20, known_until__isnull=False).exists()


def test_inhabitants_are_the_last_count_up_to_the_day():
    place = municipality(persons=100)
    PopulationCount.objects.create(municipality=place, counted_on=YEAR, persons=150, source="Statistik")
    told = needs.values_on(YEAR - dt.timedelta(days=1))["population"][place.ags]
    assert (told.value, told.since) == (100, D(2020, 7, 1))
    assert needs.values_on(YEAR)["population"][place.ags].value == 150


# Working out


def plan(**fields):
    about = {"total": Decimal(3), "step": Decimal("0.25"), "method": "sainte-lague", "on_day": YEAR}
    return needs.Plan(**about | {"weights": {"population": Decimal(1)}} | fields)


def test_weights_add_up_the_shares_in_each_criterion():
    """Alfter: half of the inhabitants and a tenth of those seeking protection, which weigh three times as much:
    (1/2 + 3 · 1/10) / 4 = 1/5.
    """
    places, of = three_places(), makers.criterion()
    for place, number in zip(places, (10, 40, 50), strict=True):
        makers.value(of, place, number)
    found = needs.work_out(plan(weights={"population": Decimal(1), of.key: Decimal(3)}))
    assert {line.place.name: line.weight for line in found.lines} == {
        "Alfter": Fraction(1, 5), "Eitorf": Fraction(1, 3) / 4 + Fraction(3, 10),
        "Much": Fraction(1, 6) / 4 + Fraction(3, 8),
    }  # fmt: skip
    assert sum(line.weight for line in found.lines) == 1
    assert sum(line.fte for line in found.lines) == 3


def test_by_population_nothing_else_counts():
    three_places()
    of = makers.criterion()
    found = needs.work_out(plan(method="population", weights={of.key: Decimal(5)}))
    assert [line.fte for line in found.lines] == [Fraction(3, 2), 1, Fraction(1, 2)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"weights": {}}, "mindestens einem Kriterium"),
        ({"weights": {"schutz": Decimal(1)}}, "Zu „Schutz“ fehlt am 01.01.2021 ein Wert für: Alfter, Eitorf, Much"),
        ({"on_day": D(2019, 1, 1)}, "fehlt am 01.01.2019"),
        ({"weights": {"population": Decimal(-1)}}, "nicht negativ"),
        ({"without": {"05382004", "05382016", "05382036"}}, "keine Kommune"),
        ({"minimums": {"05382036": Decimal(4)}}, "zusammen 4 VZÄ"),
    ],
)
def test_what_cannot_be_worked_out_is_refused_in_words(more, words):
    three_places()
    with pytest.raises(ApportionmentRefused, match=words):
        needs.work_out(plan(**more), {"schutz": "Schutz"})


def test_values_that_are_all_zero_decide_nothing():
    of = makers.criterion()
    for place in three_places():
        makers.value(of, place, 0)
    with pytest.raises(ApportionmentRefused, match="Alle Werte zu"):
        needs.work_out(plan(weights={of.key: Decimal(1)}))


# Scenarios


def test_a_scenario_keeps_what_it_was_worked_out_from():
    three_places()
    made = makers.scenario()
    before = made.inputs
    PopulationCount.objects.update(persons=1)
    made.refresh_from_db()
    assert made.inputs == before
    assert needs.checksum(made.inputs) == made.inputs["checksum"]
    assert made.inputs["criteria"][0]["values"]["05382004"] == {
        "value": "300", "since": "2020-07-01", "source": "Melderegister",
    }  # fmt: skip
    assert [(share.municipality.name, share.fte) for share in made.shares.all()] == [
        ("Alfter", Decimal("1.5")), ("Eitorf", Decimal(1)), ("Much", Decimal("0.5")),
    ]  # fmt: skip


@pytest.mark.parametrize("change", [{"total": 4}, {"inputs": {}}, {"on_day": NEXT_YEAR}, {"name": "anders"}])
def test_the_database_refuses_to_change_a_scenario(change):
    three_places()
    made = makers.scenario()
    with pytest.raises(IntegrityError), transaction.atomic():
        Scenario.objects.filter(pk=made.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        made.shares.update(fte=9)


# Adopting


def test_adopting_sets_the_target_of_every_municipality_and_ends_what_held_before():
    alfter, _, much = three_places()
    StaffingTarget.enter(by=admin(), municipality=much, fte=2, valid_from=START)
    found = makers.scenario(without={"05382016"}).adopt(by=admin(), resolution=resolution(), first_day=YEAR)
    assert {row.municipality.name: row.fte for row in found} == {"Alfter": Decimal("2.25"), "Much": Decimal("0.75")}
    assert standing.targets_on(YEAR)[alfter.ags].fte == Decimal("2.25")
    assert standing.targets_on(YEAR - dt.timedelta(days=1))[much.ags].fte == 2
    assert not StaffingTarget.objects.filter(municipality__name="Eitorf").exists()
    later = makers.scenario("Später", total="6").adopt(by=admin(), resolution=resolution(), first_day=NEXT_YEAR)
    assert len(later) == 3
    assert standing.targets_on(NEXT_YEAR)[much.ags].scenario.name == "Später"
    assert TrailEntry.objects.filter(act="scenario.adopt").count() == 2


def refused(scenario, words, **told):
    before = StaffingTarget.objects.count()
    with pytest.raises(StepRefused, match=words), transaction.atomic():
        scenario.adopt(**{"by": admin(), "resolution": resolution(), "first_day": YEAR} | told)
    assert StaffingTarget.objects.count() == before


def test_what_cannot_be_adopted_is_refused_in_words():
    places = three_places()
    one, other, late = makers.scenario(), makers.scenario(), makers.scenario()
    refused(one, "Beschluss", resolution=None)
    refused(one, "„abgelehnt“", resolution=resolution(verdict="reject"))
    one.adopt(by=admin(), resolution=resolution(), first_day=YEAR)
    refused(one, "schon beschlossen")
    other.drop(by=admin())
    refused(other, "verworfen")
    with pytest.raises(StepRefused, match="verworfen"):
        other.drop(by=admin())
    with pytest.raises(StepRefused, match="schon beschlossen"):
        one.drop(by=admin())
    StaffingTarget.enter(by=admin(), municipality=places[2], fte=1, valid_from=D(2019, 1, 1), valid_until=START)
    refused(late, "schon ein Stellenziel", first_day=D(2018, 1, 1))


# Pages


def typed(**more):
    population = makers.population_criterion()
    return {
        "name": "Versuch", "total": "3", "step": "0,25", "method": "sainte-lague", "on_day": "01.01.2021",
        f"weight_{population.pk}": "1",
    } | more  # fmt: skip


def test_a_scenario_is_seen_before_it_is_kept(client, office):
    alfter, _, much = three_places()
    new = reverse("funding:scenario_new")
    assert client.get(new).status_code == 200
    told = typed(**{f"minimum_{much.pk}": "0,75"})
    seen = client.post(new, told)
    assert seen.status_code == 200
    assert "Noch ist nichts gespeichert" in seen.text
    assert not Scenario.objects.exists()
    assert 'value="0,75"' in client.post(new, told | {"again": "1"}).text
    answer = client.post(new, told | {"seen": "1"})
    made = Scenario.objects.get()
    assert answer.headers["Location"] == made.get_absolute_url()
    assert made.shares.get(municipality=much).fte == Decimal("0.75")
    page = client.get(made.get_absolute_url())
    assert "Prüfsumme" in page.text
    assert "Versuch" not in re.search("<title>(.*?)</title>", page.text, re.S)[1]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"total": "3,1"}, "lassen sich nicht in Schritten"),
        ({"total": ""}, "Bitte ausfüllen"),
        ({"step": "0"}, "größer als 0"),
        ({"minimum": "2"}, "zusammen 6 VZÄ"),
        ({"on_day": "01.01.1990"}, "ein Wert für: Alfter, Eitorf, Much"),
        ({"method": "d-hondt"}, "Diese Auswahl gibt es nicht"),
    ],
)
@pytest.mark.parametrize("seen", [{}, {"seen": "1"}])
def test_the_form_says_what_cannot_be(client, office, more, words, seen):
    three_places()
    answer = client.post(reverse("funding:scenario_new"), typed(**more) | seen)
    assert answer.status_code == 422
    assert words in answer.text
    assert not Scenario.objects.exists()


def test_scenarios_side_by_side(client, office):
    three_places()
    one, other = makers.scenario(), makers.scenario("Mehr für Much", minimum=Decimal("0.75"))
    where = reverse("funding:scenario_compare")
    page = client.get(where, {"scenario": [one.pk, other.pk]})
    assert page.context["differing"] == 2
    assert "+0,25" in page.text
    assert "−0,25" in page.text
    for wrong in ([], [one.pk], ["x", one.pk], [one.pk, 999_999], ["9" * 30, one.pk]):
        assert client.get(where, {"scenario": wrong}).status_code == 302


def test_it_is_adopted_dropped_and_exported(client, office):
    three_places()
    one, other, decided = makers.scenario(), makers.scenario(), resolution()
    adopt = reverse("funding:scenario_adopt", args=[one.pk])
    assert str(decided) in client.get(adopt).text
    assert client.post(adopt, {"resolution": "", "first_day": "01.01.2021"}).status_code == 422
    answer = client.post(adopt, {"resolution": decided.pk, "first_day": "01.01.2021"})
    assert answer.headers["Location"] == reverse("funding:target_list") + "?on=01.01.2021"
    assert str(decided) in client.get(reverse("funding:target_list")).text
    assert client.get(adopt).status_code == 409
    client.post(reverse("funding:scenario_drop", args=[other.pk]))
    other.refresh_from_db()
    assert other.dropped_at
    for kind in ("csv", "xlsx"):
        answer = client.get(reverse("funding:scenario_export", args=[one.pk, kind]))
        body = b"".join(answer.streaming_content)
        assert body
        assert kind == "xlsx" or "05382004;Alfter;0,500000;1,500000;0,000;1,500" in body.decode("utf-8-sig")
    assert client.get(reverse("funding:scenario_export", args=[one.pk, "pdf"])).status_code == 404
    assert TrailEntry.objects.filter(act="scenario.export").count() == 2


def test_a_target_is_corrected_by_hand(client, office):
    place = municipality()
    new = reverse("funding:fact_new", args=["staffingtarget", place.pk])
    answer = client.post(new, {"fte": "1,5", "valid_from": "01.01.2021", "source": "Beschluss"})
    assert answer.headers["Location"] == reverse("funding:target_list")
    assert StaffingTarget.objects.get().fte == Decimal("1.5")
    assert client.get(reverse("funding:fact_detail", args=["staffingtarget", StaffingTarget.objects.get().pk])).text


def test_a_value_is_entered_by_hand_but_not_of_inhabitants(client, office):
    of, place = makers.criterion(), municipality()
    told = {
        "municipality": place.pk,
        "value": "1.234",
        "valid_from": "01.01.2021",
        "source": "Ausländerzentralregister",
    }
    assert client.post(reverse("funding:fact_new", args=["criterionvalue", of.pk]), told).status_code == 302
    assert CriterionValue.objects.get().value == 1234
    population = makers.population_criterion()
    for name, *more in (("fact_new", "criterionvalue"), ("criterion_import",)):
        assert client.get(reverse(f"funding:{name}", args=[*more, population.pk])).status_code == 404


# Import


def sheet(*lines, heading="AGS;Kommune;Wert;Stand;Quelle"):
    return SimpleUploadedFile("werte.csv", "\n".join([heading, *lines]).encode())


GOOD = (
    "05382004;;1.200;01.01.2021;Statistik",
    ";Eitorf;12,5;01.01.2021;Statistik",
    "5382036;Much;0;01.07.2021;Statistik",
)


def test_a_sheet_is_shown_and_then_taken_over_whole(client, office):
    three_places()
    of = makers.criterion()
    where = reverse("funding:criterion_import", args=[of.pk])
    seen = client.post(where, {"file": sheet(*GOOD)})
    assert seen.status_code == 200
    assert not CriterionValue.objects.exists()
    sealed = re.search(r'name="rows"[^>]*value="([^"]+)"', seen.text) or re.search(
        r'value="([^"]+)" name="rows"', seen.text
    )
    answer = client.post(where, {"rows": sealed[1]})
    assert answer.status_code == 302, answer.text
    assert sorted(CriterionValue.objects.values_list("municipality__name", "value")) == [
        ("Alfter", 1200), ("Eitorf", Decimal("12.5")), ("Much", 0),
    ]  # fmt: skip
    client.post(where, {"rows": sealed[1]})
    assert CriterionValue.objects.count() == 3, "sent twice"
    client.force_login(user(Role.STRATEGIC_OFFICE))
    for foreign in (sealed[1], sealed[1] + "x", "x"):
        answer = client.post(where, {"rows": foreign})
        assert answer.status_code == 422
        assert "noch einmal hoch" in answer.text


def test_a_workbook_is_read_as_well(client, office):
    from openpyxl import Workbook

    three_places()
    book, file = Workbook(), io.BytesIO()
    book.active.append(["Kommune", "Wert", "Stand", "Quelle"])
    book.active.append(["Much", 7.25, dt.date(2021, 1, 1), "Statistik"])
    book.save(file)
    upload = SimpleUploadedFile("werte.xlsx", file.getvalue())
    seen = client.post(reverse("funding:criterion_import", args=[makers.criterion().pk]), {"file": upload})
    assert "7,25" in seen.text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("05382999;;1;01.01.2021;Statistik", "„05382999“ gibt es im Kreis nicht"),
        (";Bonn;1;01.01.2021;Statistik", "„Bonn“ gibt es im Kreis nicht"),
        (";;1;01.01.2021;Statistik", "Zeile 3, Kommune: Bitte ausfüllen"),
        ("05382004;Much;1;01.01.2021;Statistik", "gehört zu Alfter, nicht zu „Much“"),
        (";Much;viele;01.01.2021;Statistik", "Zeile 3, Wert"),
        (";Much;-1;01.01.2021;Statistik", "Zeile 3, Wert"),
        (";Much;;01.01.2021;Statistik", "Zeile 3, Wert"),
        (";Much;1;31.02.2021;Statistik", "Zeile 3, Stand"),
        (";Much;1;01.01.2021;", "Zeile 3, Quelle"),
        (";Much;1;01.01.2021;" + "x" * 201, "Zeile 3, Quelle"),
        (";Alfter;1;01.01.2021;Statistik", "schon etwas in Zeile 2"),
    ],
)
def test_one_wrong_line_stops_all(client, office, line, words):
    three_places()
    where = reverse("funding:criterion_import", args=[makers.criterion().pk])
    answer = client.post(where, {"file": sheet(GOOD[0], line)})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'name="rows"' not in answer.text


def test_what_is_no_such_sheet_is_said(client, office):
    where = reverse("funding:criterion_import", args=[makers.criterion().pk])
    for file, words in (
        (sheet("1;2", heading="A;B"), "AGS oder Kommune: Diese Spalte fehlt"),
        (SimpleUploadedFile("x.csv", b""), "leer"),
        (SimpleUploadedFile("x.xlsx", b"PK\x03\x04kaputt"), "beschädigt"),
    ):
        answer = client.post(where, {"file": file})
        assert answer.status_code == 422
        assert words in answer.text
    assert client.post(where).status_code == 422


# Bad input


HOSTILE = ("\x00", "x" * 70_000, "9" * 23, "1e400", "NaN", "9999-12-31")


@pytest.mark.parametrize("value", HOSTILE)
def test_bad_input_breaks_no_page(client, office, value):
    three_places()
    made, of = makers.scenario(), makers.criterion()
    told = typed()
    fields = [*told, *(f"minimum_{place.pk}" for place in Municipality.objects.all()), "minimum", "without", "note"]
    for name in fields:
        for seen in ({}, {"seen": "1"}):
            assert client.post(reverse("funding:scenario_new"), told | {name: value} | seen).status_code < 500, name
    assert client.post(reverse("funding:scenario_new"), dict.fromkeys(fields, value)).status_code == 422
    for name, args, fields in (
        ("criterion_new", (), ("name", "unit", "definition")), ("criterion_import", (of.pk,), ("rows",)),
        ("scenario_adopt", (made.pk,), ("resolution", "first_day")),
        ("fact_new", ("criterionvalue", of.pk), ("municipality", "value", "valid_from", "source")),
    ):  # fmt: skip
        assert client.post(reverse(f"funding:{name}", args=args), dict.fromkeys(fields, value)).status_code < 500
    for name, args in (("target_list", ()), ("criterion_list", ()), ("criterion_detail", (of.pk,))):
        assert client.get(reverse(f"funding:{name}", args=args), {"on": value[:2000]}).status_code == 200
    for name in ("scenario_list", "scenario_compare"):
        asked = dict.fromkeys(("after", "before", "scenario"), value[:2000])
        assert client.get(reverse(f"funding:{name}"), asked).status_code in (200, 302)


# Queries


def test_pages_ask_the_same_whether_few_or_many(client, office):
    three_places()
    of = makers.criterion()

    def more(number):
        for place in list(Municipality.objects.all()):
            makers.value(of, place, number, workdays.today())
        made = makers.scenario(f"Nummer {number}", total="9", on_day=workdays.today())
        made.adopt(by=admin(), resolution=resolution(), first_day=workdays.today() + dt.timedelta(days=number))
        return [
            reverse("funding:scenario_list"), reverse("funding:criterion_list"), reverse("funding:target_list"),
            of.get_absolute_url(), made.get_absolute_url(),
            reverse("funding:scenario_compare") + "?" + "&".join(
                f"scenario={pk}" for pk in Scenario.objects.values_list("pk", flat=True)[:2]
            ),
        ]  # fmt: skip

    def asked(address):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200, address
        return len(queries)

    makers.scenario()
    asked(reverse("funding:scenario_list"))  # what a session reads once
    few = [asked(address) for address in more(1)]
    for number in range(6):
        municipality(persons=50 + number)
    many = [asked(address) for address in more(2)]
    assert many == few
    assert max(many) <= 12, many


# The map


def placed(number):
    return [
        Municipality(
            ags=f"0538{no:04d}", name=f"Ort Nummer {no}", bank="left" if no % 3 else "right",
            latitude=Decimal(50 + no % 7 / 10), longitude=Decimal(7 + no // 7 / 10),
        )
        for no in range(number)
    ]  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 19, 54])
def test_every_place_has_a_tile_of_its_own(number):
    places = placed(number)
    figures = {place.ags: Figure(Fraction(no, 4), f"{no}") for no, place in enumerate(places)}
    found = county_map(places, figures, title="Karte", white="fehlt")
    assert len({tile.points for tile in found.tiles}) == number
    assert len({tile.code for tile in found.tiles}) == number
    assert bool(found.river) == (number > 1)
    assert not found.white


def test_white_spots_and_counties_without_coordinates():
    places = placed(3)
    found = county_map(places, {places[0].ags: Figure(1, "1")}, title="Karte", white="Kein Wert")
    assert found.description == "Kein Wert: Ort Nummer 1, Ort Nummer 2."
    assert [tile.level for tile in found.tiles] == [3, 0, 0]
    places[1].latitude = None
    assert county_map(places, {}, title="Karte", white="Kein Wert") is None
    assert county_map([], {}, title="Karte", white="Kein Wert") is None


def test_five_steps_from_the_smallest_to_the_largest():
    amounts = [0, 1, 2, 4, 6, 8, 10]
    assert [level(one, amounts) for one in amounts] == [1, 1, 2, 3, 4, 5, 5]
    assert bounds(amounts) == ((1, "0 bis 1"), (2, "2"), (3, "4"), (4, "6"), (5, "8 bis 10"))
    assert level(None, amounts) == 0
