"""Apportioning is exact: worked examples from the literature, and what holds for any weights."""

import json
from decimal import Decimal
from fractions import Fraction as F

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from funding.apportionment import HARE_NIEMEYER, POPULATION, SAINTE_LAGUE, ApportionmentRefused, apportion, quotas, said
from tests.factories import municipality

#: Inhabitants on 31.12.2022 (GV100AD), and 17 FTE by their share with and without Troisdorf, rounded (domain.md 7.1).
COUNTY = {
    "05382004": (23904, "0.67", "0.76"),
    "05382008": (26061, "0.73", "0.83"),
    "05382012": (49025, "1.37", "1.57"),
    "05382016": (19132, "0.53", "0.61"),
    "05382020": (48002, "1.34", "1.53"),
    "05382024": (41495, "1.16", "1.33"),
    "05382028": (30846, "0.86", "0.99"),
    "05382032": (24877, "0.70", "0.79"),
    "05382036": (14758, "0.41", "0.47"),
    "05382040": (20109, "0.56", "0.64"),
    "05382044": (39281, "1.10", "1.26"),
    "05382048": (27102, "0.76", "0.87"),
    "05382052": (10637, "0.30", "0.34"),
    "05382056": (56369, "1.58", "1.80"),
    "05382060": (42049, "1.18", "1.34"),
    "05382064": (18653, "0.52", "0.60"),
    "05382068": (76251, "2.13", None),
    "05382072": (20581, "0.58", "0.66"),
    "05382076": (19203, "0.54", "0.61"),
}
TROISDORF = "05382068"
METHODS = (SAINTE_LAGUE, HARE_NIEMEYER, POPULATION)


def seats(weights, total, method, minimums=F(0)):
    """In whole seats."""
    found = apportion({key: F(one) for key, one in weights.items()}, F(total), F(1), method, minimums)
    return {key: int(one) for key, one in found.items()}


# Worked examples


def test_the_bundestag_of_2009_by_sainte_lague():
    """598 seats by second votes of 27.09.2009, before surplus seats (Bundeswahlleiter): CDU 173, SPD 146, FDP 93,
    Linke 76, Grüne 68, CSU 42.
    """
    votes = {
        "CDU": 11_828_277, "SPD": 9_990_488, "FDP": 6_316_080,
        "LINKE": 5_155_933, "GRÜNE": 4_643_272, "CSU": 2_830_238,
    }  # fmt: skip
    assert seats(votes, 598, SAINTE_LAGUE) == {
        "CDU": 173, "SPD": 146, "FDP": 93, "LINKE": 76, "GRÜNE": 68, "CSU": 42,
    }  # fmt: skip


def test_largest_remainder_takes_a_seat_away_when_there_is_one_more():
    """The Alabama paradox with weights 6, 6, 2: of ten seats C gets two, of eleven only one: the textbook example."""
    weights = {"A": 6, "B": 6, "C": 2}
    assert seats(weights, 10, HARE_NIEMEYER) == {"A": 4, "B": 4, "C": 2}
    assert seats(weights, 11, HARE_NIEMEYER) == {"A": 5, "B": 5, "C": 1}
    assert seats(weights, 10, SAINTE_LAGUE)["C"] <= seats(weights, 11, SAINTE_LAGUE)["C"]


def test_both_ways_by_hand():
    """1,000 votes, 10 seats. Quotas 4.16, 3.37, 1.54, 0.93: the remainders .93 and .54 are the largest. The averages of
    Sainte-Laguë end with C's second: 154/3 = 51.33 before A's fifth 416/9 = 46.22.
    """
    weights = {"A": 416, "B": 337, "C": 154, "D": 93}
    expected = {"A": 4, "B": 3, "C": 2, "D": 1}
    assert seats(weights, 10, HARE_NIEMEYER) == expected
    assert seats(weights, 10, SAINTE_LAGUE) == expected


@pytest.mark.parametrize("method", METHODS)
def test_a_minimum_is_a_floor_and_counts_towards_the_share(method):
    """100, 10, 10 of 12 seats: 10, 1, 1. With at least two each the small ones get two, and the large one the rest."""
    weights = {"A": 100, "B": 10, "C": 10}
    assert seats(weights, 12, method) == {"A": 10, "B": 1, "C": 1}
    assert seats(weights, 12, method, F(2)) == {"A": 8, "B": 2, "C": 2}
    assert seats(weights, 12, method, {"B": F(3, 2)}) == {"A": 9, "B": 2, "C": 1}, "rounded up to a step"
    assert seats(weights, 12, method, {"A": F(5)}) == {"A": 10, "B": 1, "C": 1}, "a floor nobody notices"


@pytest.mark.parametrize("method", METHODS)
def test_ties_go_to_the_larger_weight_then_to_the_smaller_key(method):
    assert seats({"05": 1, "03": 1, "04": 1}, 1, method) == {"05": 0, "03": 1, "04": 0}
    assert seats({"05": 1, "03": 1, "04": 1}, 2, method) == {"05": 0, "03": 1, "04": 1}
    # averages 3 / 3 and 1 / 1, remainders of 1.5 and 0.5
    assert seats({"1": 1, "2": 3}, 2, method) == {"1": 0, "2": 2}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("without", [(), (TROISDORF,)])
def test_seventeen_fte_by_inhabitants(method, without):
    weights = {ags: F(row[0]) for ags, row in COUNTY.items() if ags not in without}
    exact = quotas(weights, F(17))
    for ags in weights:
        written = COUNTY[ags][2 if without else 1]
        assert abs(exact[ags] - F(written)) <= F(1, 200), ags
    found = apportion(weights, F(17), F(1, 4), method)
    assert sum(found.values()) == 17
    assert all(abs(found[ags] - exact[ags]) < F(1, 4) for ags in weights)
    least = apportion(weights, F(17), F(1, 4), method, F(1, 2))
    assert least["05382052"] == F(1, 2), "Ruppichteroth"
    assert min(least.values()) == F(1, 2)


# What holds for any weights

#: A busy machine is no reason to fail.
patient = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

numbers = st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any)
weights_of = numbers.map(lambda found: {f"{number:02}": F(one) for number, one in enumerate(found)})
steps_of = st.integers(1, 300)
step_sizes = st.sampled_from([F(1, 8), F(1, 4), F(1, 2), F(1)])
floors_of = st.integers(0, 400).map(lambda number: F(number, 100))


@patient
@given(weights_of, steps_of, step_sizes, st.sampled_from(METHODS), floors_of, st.randoms())
def test_sums_are_exact_floors_are_kept_and_order_never_matters(weights, steps, step, method, least, chance):
    total = steps * step
    assume(-(-least // step) * len(weights) <= steps)
    found = apportion(weights, total, step, method, least)
    assert sum(found.values()) == total
    assert all(one >= least and (one / step).denominator == 1 for one in found.values())
    shuffled = list(weights.items())
    chance.shuffle(shuffled)
    assert apportion(dict(shuffled), total, step, method, dict.fromkeys(weights, least)) == found


@patient
@given(weights_of, steps_of, st.integers(0, 3))
def test_with_one_step_more_nobody_gets_less_by_sainte_lague(weights, steps, least):
    assume(least * len(weights) <= steps)
    now, then = (seats(weights, total, SAINTE_LAGUE, F(least)) for total in (steps, steps + 1))
    assert all(then[key] >= now[key] for key in weights)


@patient
@given(weights_of, steps_of, st.sampled_from(METHODS), st.integers(0, 3))
def test_who_weighs_more_never_gets_less(weights, steps, method, least):
    assume(least * len(weights) <= steps)
    found = seats(weights, steps, method, F(least))
    in_order = sorted(weights, key=lambda key: weights[key])
    for lighter, heavier in zip(in_order, in_order[1:], strict=False):
        assert found[lighter] <= found[heavier] or weights[lighter] == weights[heavier]


@patient
@given(weights_of, steps_of, st.sampled_from([HARE_NIEMEYER, POPULATION]))
def test_largest_remainder_stays_within_one_step_of_the_quota(weights, steps, method):
    found, exact = seats(weights, steps, method), quotas(weights, F(steps))
    assert all(exact[key] // 1 <= found[key] <= -(-exact[key] // 1) for key in weights)


@patient
@given(weights_of, steps_of, st.integers(0, 3))
def test_sainte_lague_rounds_by_one_divisor_for_all(weights, steps, least):
    """A place ends with its minimum or more; where it has more, no other would have had the better claim to it."""
    assume(least * len(weights) <= steps)
    found = seats(weights, steps, SAINTE_LAGUE, F(least))
    last = [weights[key] / (2 * found[key] - 1) for key in weights if found[key] > least]
    following = [weights[key] / (2 * found[key] + 1) for key in weights]
    assert not last or min(last) >= max(following)


# Refused in words


@pytest.mark.parametrize(
    ("weights", "total", "step", "method", "least", "words"),
    [
        ({}, 1, 1, SAINTE_LAGUE, 0, "keine Kommune"),
        ({"1": 1}, 0, 1, SAINTE_LAGUE, 0, "größer als 0"),
        ({"1": 1}, 1, 0, SAINTE_LAGUE, 0, "größer als 0"),
        ({"1": 1}, F("17.1"), F("0.25"), SAINTE_LAGUE, 0, "17,1 VZÄ lassen sich nicht in Schritten von 0,25"),
        ({"1": 1}, F("0.1"), F("0.25"), SAINTE_LAGUE, 0, "zum Beispiel 0,25 VZÄ"),
        ({"1": 1}, 20_001, 1, SAINTE_LAGUE, 0, "mehr als 20.000 Schritte"),
        ({"1": 1, "2": -1}, 1, 1, SAINTE_LAGUE, 0, "Gewicht ist nicht negativ"),
        ({"1": 1}, 1, 1, SAINTE_LAGUE, -1, "Minimum ist nicht negativ"),
        ({"1": 1, "2": 1}, 1, F("0.25"), HARE_NIEMEYER, F("0.6"), "zusammen 1,5 VZÄ, verteilt werden nur 1"),
        ({"1": 0, "2": 0}, 1, 1, POPULATION, 0, "Alle Gewichte sind 0"),
        ({"1": 1}, 1, 1, "d-hondt", 0, "Bitte wählen Sie"),
    ],
)
def test_what_cannot_be_apportioned_is_refused_in_words(weights, total, step, method, least, words):
    with pytest.raises(ApportionmentRefused, match=words):
        apportion({key: F(one) for key, one in weights.items()}, F(total), F(step), method, F(least))


def test_floors_that_use_everything_up_need_no_weight():
    assert seats({"1": 0, "2": 0}, 2, HARE_NIEMEYER, F(1)) == {"1": 1, "2": 1}
    assert seats({"1": 0, "2": 0}, 2, SAINTE_LAGUE, F(1)) == {"1": 1, "2": 1}


def test_numbers_as_people_write_them():
    assert [said(one) for one in (F(17), F(1, 4), Decimal("0.5"), F(2, 3), 100)] == [
        "17",
        "0,25",
        "0,5",
        "0,667",
        "100",
    ]


# On the command line


@pytest.fixture
def places(db):
    return [municipality(name, ags=ags, persons=persons) for name, ags, persons in
            [("Much", "05382036", 100), ("Alfter", "05382004", 300), ("Eitorf", "05382016", 200)]]  # fmt: skip


def test_the_command_says_the_same_as_text_and_json(places, capsys):
    call_command("apportion", "--total", "3", "--method", "sainte-lague", "--json")
    found = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["fte"], one["quota"]) for one in found["municipalities"]] == [
        ("Alfter", "1.500", "1.500000"), ("Eitorf", "1.000", "1.000000"), ("Much", "0.500", "0.500000"),
    ]  # fmt: skip
    call_command(
        "apportion", "--total", "2,5", "--method", "hare-niemeyer", "--minimum", "0.75", "--without", "05382004"
    )
    said_of = capsys.readouterr().out
    assert "2,5 VZÄ in Schritten von 0,25, Hare/Niemeyer" in said_of
    assert "Alfter" not in said_of
    assert [line.split()[-1] for line in said_of.splitlines()[-3:]] == ["1,75", "0,75", "2,5"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--total", "3.1"), "Schritten"),
        (("--total", "viele"), "„viele“ ist keine Zahl"),
        (("--total", "3", "--weights", "wohnraum=1"), "Ein Kriterium „wohnraum“ gibt es nicht"),
        (("--total", "3", "--weights", "population=viel"), "Kennung=Gewicht"),
        (("--total", "3", "--without", "05000000"), "gibt es nicht: 05000000"),
        (("--total", "3", "--on", "morgen"), "--on: Bitte ein Datum"),
        (("--total", "3", "--on", "01.01.1990"), "fehlt am 01.01.1990 ein Wert für: Alfter, Eitorf, Much"),
        (("--total", "3", "--minimum", "2"), "zusammen 6 VZÄ"),
    ],
)
def test_the_command_refuses_in_words(places, more, words):
    with pytest.raises(CommandError, match=words):
        call_command("apportion", *more, "--method", "sainte-lague")
