"""What two reports say otherwise, compared as they are kept."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.blocks import facts, listed, table, words
from reports.difference import Difference, by_section, differences


def report(*blocks, key="case_management", title="Modul 2") -> dict:
    return {"sections": [{"key": key, "title": title, "blocks": list(blocks)}]}


def posts(*rows) -> dict:
    return table("posts", "Stellen", ("Ort", "seit", "VZÄ"), [(one, (place, *more)) for one, place, *more in rows])


def told(then, now) -> list[tuple]:
    return [(one.kind, one.what, one.before, one.after) for one in differences(then, now)]


WINDECK = ("M2-07", "Windeck", "15.10.2021", "1,00")


def test_a_row_is_known_by_its_id_wherever_it_stands():
    then = report(posts(WINDECK, ("M2-09", "Bornheim", "15.11.2021", "1,00")))
    now = report(posts(("M2-09", "Bornheim", "15.11.2021", "1,00"), WINDECK))
    assert told(then, now) == []


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (posts(), posts(WINDECK), ("new", "Stellen: Windeck", "", "seit: 15.10.2021; VZÄ: 1,00")),
        (posts(WINDECK), posts(), ("gone", "Stellen: Windeck", "seit: 15.10.2021; VZÄ: 1,00", "")),
        (
            posts(WINDECK),
            posts(("M2-07", "Windeck", "15.10.2021", "0,50")),
            ("changed", "Stellen: Windeck, VZÄ", "1,00", "0,50"),
        ),
        (facts("f", [("bekannt", "4")]), facts("f", [("bekannt", "9")]), ("changed", "bekannt", "4", "9")),
        (facts("f", [("bekannt", "•")]), facts("f", [("bekannt", "12")]), ("changed", "bekannt", "•", "12")),
        (listed("l", "Themen", ["a"]), listed("l", "Themen", ["a", "b"]), ("new", "Themen", "", "b")),
        (words("w", "Vier."), words("w", "Neun."), ("changed", "", "Vier.", "Neun.")),
    ],
)
def test_what_is_new_gone_or_changed_is_told_with_both_values(then, now, expected):
    assert told(report(then), report(now)) == [expected]


def test_a_section_that_is_gone_stands_at_the_end_and_the_reports_own_are_not_compared():
    gone, stays = report(words("w", "Weg."), key="money", title="Mittel"), report(words("w", "Da."))
    preface = report(words("w", "Nur hier."), key="preface", title="Vorbemerkungen")
    then = {"sections": [*gone["sections"], *stays["sections"]]}
    now = {"sections": [*preface["sections"], *report(words("w", "Neu."))["sections"]]}
    assert [title for title, _ in by_section(differences(then, now))] == ["Modul 2", "Mittel"]


def test_a_row_that_went_to_another_table_is_the_same_row_whatever_its_number():
    columns = ("Nr.", "für", "VZÄ")
    then = report(
        table("further", "Weitere", columns, [("M2-05", ("1)", "Hennef", "1")), ("M2-07", ("2)", "Windeck", "1"))])
    )
    now = report(
        table("earlier", "Schon bekannt", columns, [("M2-07", ("1)", "Windeck", "0,5"))]),
        table("further", "Weitere", columns, [("M2-09", ("1)", "Bornheim", "1"))]),
    )
    assert told(then, now) == [
        ("changed", "Besetzung: Windeck, VZÄ", "1", "0,5"),
        ("new", "Besetzung: Bornheim", "", "VZÄ: 1"),
        ("gone", "Besetzung: Hennef", "VZÄ: 1", ""),
    ]


def test_what_another_table_leaves_out_is_no_change():
    """Both parts of Modul 2 name their columns otherwise; proofs that are all alike stand below the table."""
    then = report(table("further", "Weitere", ("Nr.", "für", "VZÄ", "Beleg"), [("M2-07", ("1)", "Windeck", "1", "a"))]))
    now = report(table("earlier", "Bekannt", ("Aufgabe", "zuständig für", "VZÄ"), [("M2-07", ("CM", "Windeck", "1"))]))
    assert told(then, now) == []
    below = report(table("further", "Weitere", ("Nr.", "für", "VZÄ"), [("M2-07", ("1)", "Windeck", "1"))], note="a"))
    assert told(then, below) == []


def test_rows_of_the_same_name_are_told_apart_by_their_next_cell():
    columns = ("Aufgabe", "zuständig für", "VZÄ")
    both = [("1", ("Case Management", "Alfter", "1")), ("2", ("Case Management", "Much", "1"))]
    one, two = report(table("held", "", columns, both)), report(table("held", "", columns, both[:1]))
    assert told(one, two) == [("gone", "Case Management, Much", "VZÄ: 1", "")]


def test_a_fact_stays_the_same_whatever_meeting_it_counts_from():
    then = report(facts("numbers", [("gemeldet seit der Sitzung am 16.11.2021", "7")]))
    now = report(facts("numbers", [("gemeldet seit der Sitzung am 16.03.2022", "7")]))
    assert told(then, now) == []


def test_what_was_told_of_an_earlier_time_is_not_gone():
    """Reports that count from different meetings: their lists hold other months, their numbers do not compare."""

    def of(since, day, number):
        held = table("meetings", "Sitzungen", ("Nr.", "Tag"), [(number, (f"{number}.", day))])
        counted = facts("numbers", [("Sitzungen", number), (f"gemeldet seit der Sitzung am {since}", number)])
        return report(counted, held) | {"since": since}

    then, now = of("16.11.2021", "08.02.2022", "2"), of("16.03.2022", "10.05.2022", "3")
    assert told(then, now) == [("changed", "Sitzungen", "2", "3"), ("new", "Sitzungen: 10.05.2022", "", "10.05.2022")]
    corrected = of("16.11.2021", "09.02.2022", "3")
    assert [kind for kind, *_ in told(then, corrected)] == ["changed", "changed", "new", "gone"]


ROWS = [(name, list(cells)) for name, *cells in product("abc", ("1", "•", ""), ("1", "2"))]
TABLES = st.lists(st.sampled_from(ROWS), max_size=4)


@given(TABLES, TABLES)
def test_differences_are_complete_and_survive_being_kept(old, new):
    """Nothing differs exactly where both say the same of every id, whatever the order; ids may occur twice."""
    then, now = (report(posts(*((one, one, *cells) for one, cells in rows))) for rows in (old, new))
    found = differences(then, now)
    assert (found == []) == (_by_id(old) == _by_id(new))
    assert [Difference(**one.kept()) for one in found] == found


def _by_id(rows):
    return {name: [cells for one, cells in rows if one == name] for name, _ in rows}
