"""What two status reports say otherwise: section by section, row by row, cell by cell. Pure; reads reports.blocks.

Blocks and rows of tables are known by their keys, facts by their labels, items of lists by themselves. A row that went
from one part of a divided table to the other is the same row. Values are compared as they are written: nothing is
subtracted, so that what one report keeps secret stays so beside another.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, NamedTuple

NEW, GONE, CHANGED = "new", "gone", "changed"
WORDS = {NEW: "neu", GONE: "entfallen", CHANGED: "geändert"}
#: Sections that tell of the report, not of the county; and published figures: those of a quarter never change, and
#: another quarter is no change of them.
NOT_COMPARED = frozenset({"preface", "changes", "figures"})
#: Lists that repeat as news what the tables of their section say.
REPEATED = frozenset({"new", "gone", "new_ways"})
#: Tables that only hold what happened since the report before: what an earlier one told is not gone from the world.
OF_A_WHILE = frozenset({"meetings", "resolutions", "achieved"})
#: Facts that count what happened since the report before.
COUNTS_OF_A_WHILE = frozenset({"on_issues"})
#: One table in two parts, divided by what the report before told already.
DIVIDED = {"earlier": "Besetzung", "further": "Besetzung"}
#: A column that counts the rows of its table; it says nothing of them.
COUNTING = "Nr."
#: What proves a row; where all rows are proved alike it stands below the table, which says nothing of the row.
PROOF = "Beleg"
#: From which report a number counts is part of its words, not of what it is; so is the day of a table.
_SINCE = re.compile(r"(?:, davon \d+)? seit (?:der Sitzung am|dem Stand vom) \d\d\.\d\d\.\d{4}(?: \(Stand [\d.]+\))?")
_DAY = re.compile(r" am \d\d\.\d\d\.\d{4}$")


class Row(NamedTuple):
    """What is compared: the title of its block, its own name, what it says by column, and whether a table has it.

    `is_of_a_while`: it tells of the time since the report before, and is silent of what was earlier.
    """

    part: str
    name: str
    cells: dict[str, str]
    is_of_table: bool = False
    is_of_a_while: bool = False


@dataclass(frozen=True)
class Difference:
    """One row that is new or gone (`cells`: all it says), or one cell of it that says something else."""

    section: str
    title: str
    part: str
    row: str
    kind: str
    cell: str = ""
    before: str = ""
    after: str = ""

    @property
    def what(self) -> str:
        """„Stellen: M2-05, VZÄ“."""
        return ", ".join(one for one in (": ".join(two for two in (self.part, self.row) if two), self.cell) if one)

    @property
    def word(self) -> str:
        return WORDS[self.kind]

    def kept(self) -> dict[str, str]:
        """As JSON holds it; `Difference(**kept)` is the way back."""
        return asdict(self)


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """In the order of the sections of `now`, those that are gone at the end; empty where nothing differs.

    Where both count from different days, numbers of the time since then are not comparable and left out, and of tables
    of that time only what is new is told.
    """
    before, after = _by_key(then), _by_key(now)
    comparable = then.get("since") == now.get("since")
    found: list[Difference] = []
    for key in [*after, *(key for key in before if key not in after)]:
        old, new = before.get(key), after.get(key)
        title = (new or old or {})["title"]
        found += _of_section(key, title, *_comparable(_rows(old), _rows(new), comparable))
    return found


def _comparable(
    before: dict[tuple, Row], after: dict[tuple, Row], comparable: bool
) -> tuple[dict[tuple, Row], dict[tuple, Row]]:
    if comparable:
        return before, after
    return (
        {place: row for place, row in before.items() if not row.is_of_a_while or (row.is_of_table and place in after)},
        {place: row for place, row in after.items() if not row.is_of_a_while or row.is_of_table},
    )


def by_section(found: Iterable[Difference]) -> list[tuple[str, list[Difference]]]:
    """(title, differences), for pages."""
    return [(title, list(rows)) for title, rows in groupby(found, key=lambda one: one.title)]


def _by_key(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {one["key"]: one for one in data["sections"] if one["key"] not in NOT_COMPARED}


def _of_section(key: str, title: str, before: dict[tuple, Row], after: dict[tuple, Row]) -> Iterator[Difference]:
    moved = _moved(before, after)
    there = {place for place in before if place in after} | set(moved.values())
    for place in [*after, *(place for place in before if place not in there)]:
        old, new = before.get(moved.get(place, place)), after.get(place)
        if old and new:
            every = [*new.cells, *(cell for cell in old.cells if cell not in new.cells)]
            for cell in [cell for cell in every if _is_compared(cell, old, new, moved=place in moved)]:
                then, now = old.cells.get(cell, ""), new.cells.get(cell, "")
                if then != now:
                    yield Difference(key, title, new.part, new.name, CHANGED, cell, then, now)
        elif new:
            yield Difference(key, title, new.part, new.name, NEW, after=_told(new))
        elif old:
            yield Difference(key, title, old.part, old.name, GONE, before=_told(old))


def _is_compared(cell: str, old: Row, new: Row, *, moved: bool) -> bool:
    """Not a column that only one of both tables has because it is another table or is proved in one line below."""
    return (cell in old.cells and cell in new.cells) or not (moved or cell == PROOF)


def _moved(before: dict[tuple, Row], after: dict[tuple, Row]) -> dict[tuple, tuple]:
    """Where rows stood that stand in the other part of a divided table now: place now → place then."""
    left = {place[1:]: place for place in before if place[0] in DIVIDED and place not in after}
    came = [place for place in after if place[0] in DIVIDED and place not in before]
    return {place: left[place[1:]] for place in came if place[1:] in left}


def _rows(section: Mapping[str, Any] | None) -> dict[tuple, Row]:
    """By block and row; rows of the same name one after the other."""
    found: dict[tuple, Row] = {}
    for block in section["blocks"] if section else ():
        if block["key"] in REPEATED:
            continue
        for name, row in _of_block(block):
            no = 0
            while (block["key"], name, no) in found:
                no += 1
            found[block["key"], name, no] = row
    return found


def _of_block(block: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    title = DIVIDED.get(block["key"], _DAY.sub("", _SINCE.sub("", block["title"])))
    of_a_while = block["key"] in OF_A_WHILE
    match block["kind"]:
        case "facts":
            counts = block["key"] in COUNTS_OF_A_WHILE
            for label, text in block["rows"]:
                name, is_counted = _SINCE.subn("", label)
                yield name, Row(title, name, {"": _SINCE.sub("", text)}, is_of_a_while=counts or bool(is_counted))
        case "table":
            rows = [dict(zip(block["columns"], cells, strict=True)) for cells in block["rows"]]
            for told in rows:
                told.pop(COUNTING, None)
            heads = Counter(next(iter(told.values()), "") for told in rows)
            for name, told in zip(block["ids"], rows, strict=True):
                first, *others = told.values() or [""]
                alone = heads[first] == 1 or not others
                yield name, Row(title, first if alone else f"{first}, {others[0]}", told, True, of_a_while)
        case "list":
            for item in block["items"]:
                yield item, Row(title, "", {"": item})
        case "words":
            yield "", Row(title, "", {"": block["text"]})


def _told(row: Row) -> str:
    """„seit 15.10.2021; VZÄ: 1,00“: the cells of a whole row, without what it is called by unless that is all."""
    called = {row.name, *row.name.split(", ")}
    said = [f"{name}: {value}" if name else value for name, value in row.cells.items() if value and value not in called]
    return "; ".join(said) or row.name
