"""„So wird gezählt“: every figure somebody may see, what it means, where it is shown, and what it says just now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kim import figures
from kim.addresses import page
from kim.figures import Figure, Part
from kim.rules import allows
from reports import access, chain, governance, money, staffing, tables
from reports.asked import Asked
from reports.charts import cell_words
from reports.tables import By

#: Pages that show figures of a part: (name, url name).
SHOWN = {
    Part.CHAIN: [("Lage", "reports:lage"), ("Stationen als Tabelle", "reports:lage_chain"),
                 ("Knackpunkte je Kommune", "reports:lage_places")],
    Part.CASEWORK: [("Lage", "reports:lage"), ("Fallarbeit", "reports:lage_casework")],
    Part.STAFFING: [("Lage", "reports:lage"), ("Stellen und Besetzung", "reports:lage_staffing")],
    Part.MONEY: [("Lage", "reports:lage"), ("Fördermittel", "reports:lage_money")],
    Part.GOVERNANCE: [("Lage", "reports:lage"), ("Gremien und Zusammenarbeit", "reports:lage_governance")],
}  # fmt: skip
#: Lists of the rows behind a figure, with the rights of the page itself.
ROWS = {
    Part.CHAIN: ("Knackpunkte, die Sie sehen dürfen", "steering:issue_list"),
    Part.STAFFING: ("Stellen und Besetzungen", "funding:board"),
    Part.MONEY: ("Bescheide", "funding:notice_list"),
}
ROWS_OF = {
    "staffing.uncovered": ("Wer welche Kommune versorgt", "funding:coverage"),
    "staffing.covered": ("Wer welche Kommune versorgt", "funding:coverage"),
    "governance.meetings": ("Sitzungen, die Sie sehen dürfen", "steering:meeting_list"),
    "governance.agreements": ("Kooperationsvereinbarungen", "steering:agreement_list"),
    "governance.kick_offs": ("Auftaktveranstaltungen", "steering:kickoff_list"),
    "governance.statements": ("Stellungnahmen, die Sie sehen dürfen", "steering:statement_list"),
    **{
        f"governance.{name}": ("Beschlüsse, die Sie sehen dürfen", "steering:resolution_list")
        for name in ("decided", "open", "overdue", "done", "dropped")
    },
}
_MODULES = {
    "staffing.granted": "granted_words", "staffing.filled": "filled_words", "staffing.vacant": "vacant_words",
    "staffing.quota": "quota_words", "staffing.free_months": "free_words", "staffing.vacancy_days": "wait_words",
    "staffing.overlaps": "overlaps", "staffing.above_one": "above_one",
}  # fmt: skip
_BODIES = {
    "governance.decided": "decided", "governance.open": "open", "governance.overdue": "overdue",
    "governance.done": "done", "governance.dropped": "dropped",
}  # fmt: skip
_CHAIN = ("open", "overdue", "paused", "silent", "reported", "answered", "fed_back", "closed", "merged", "reopened")


@dataclass(frozen=True)
class Now:
    """What a figure says: rows of (name, value in words) under the name of what they are; `as_of` in words."""

    what: str
    rows: Sequence[tuple[str, str]]
    as_of: str
    has_secrets: bool = False


def seen_by(user) -> list[tuple[Part, list[Figure]]]:
    """By part, in the order people read them."""
    found = []
    for part in Part:
        if allows(access.reads_part, user, part):
            mine = [one for one in figures.every() if one.part == part]
            if mine:
                found.append((part, mine))
    return found


def shown_on(user, figure: Figure) -> list[tuple[str, str]]:
    """(name, address) of the pages that show it to `user`."""
    pages = list(SHOWN[figure.part])
    if allows(access.reads_indicators, user):
        pages.append(("Bericht an das Land", "reports:indicators"))
    return [(name, url) for name, where in pages if (url := page(where))]


def rows_of(figure: Figure) -> tuple[str, str] | None:
    """(name, address) of the list of what is counted; none for people who are advised."""
    if figure.persons:
        return None
    name, where = ROWS_OF.get(figure.key) or ROWS.get(figure.part) or ("", "")
    url = page(where) if where else ""
    return (name, url) if url else None


def now(user, figure: Figure, asked: Asked) -> Now | None:
    """What it says today; None where that is not cheap to say."""
    return _READ[figure.part](user, figure, asked)


def _staffing(user, figure: Figure, asked: Asked) -> Now | None:
    found = staffing.read(user, asked)
    if name := _MODULES.get(figure.key):
        rows = [(one.name, str(getattr(one, name))) for one in found.lines]
        return Now("Modul", rows, _over(asked))
    if figure.key == "staffing.uncovered":
        rows = [(asked.area.name, str(len(found.uncovered))), *((one.place.name, "niemand") for one in found.uncovered)]
        return Now("Kommune", rows, _on(asked))
    if figure.key == "staffing.covered":
        return Now("Kommune", [(one.place.name, one.fte_words) for one in found.places], _on(asked))
    return None


def _money(user, figure: Figure, asked: Asked) -> Now | None:
    name = figure.key.partition(".")[2]
    lines = money.read(user, asked).years
    rows = [(f"{one.module.short}, {one.year}", getattr(one.sums, name).words) for one in lines]
    return Now("Modul und Jahr", rows, _on(asked))


def _governance(user, figure: Figure, asked: Asked) -> Now | None:
    found = governance.read(asked)
    if name := _BODIES.get(figure.key):
        return Now("gefasst von", [(one.name, str(getattr(one, name))) for one in found.lines], _over(asked))
    if figure.key == "governance.meetings":
        rows = [(one.name, str(one.meetings)) for one in found.lines if one.meetings is not None]
        return Now("Gremium", [*rows, ("Umlaufverfahren", str(found.written))], _over(asked))
    if figure.key == "governance.agreements":
        return Now("Kommune", [(one.place.name, one.agreement) for one in found.places], _on(asked))
    if figure.key == "governance.kick_offs":
        return Now("Kommune", [(one.place.name, one.kick_off_words) for one in found.places], _on(asked))
    if figure.key == "governance.statements":
        return Now("Stellungnahmen", [(name, str(number)) for name, number in governance.statement_rows(found)],
                   _on(asked))  # fmt: skip
    return None


def _chain(user, figure: Figure, asked: Asked) -> Now | None:
    if chain.latest() is None:
        return None
    found, name = chain.on(asked), figure.key.partition(".")[2]
    if name in _CHAIN:
        return Now("", [(figure.name, cell_words(getattr(found, name)))], _over(asked))
    if name == "stations":
        return Now("Station", [(one.label, cell_words(one.count)) for one in found.stations], _on(asked))
    if name == "topics":
        return Now("Thema", [(label, cell_words(number)) for _, label, number in found.topics], _on(asked))
    if name == "age":
        return Now("Arbeitstage", [(label, cell_words(number)) for label, number in found.ages], _on(asked))
    if name == "station_days":
        rows = [(one.label, f"Median {one.median}, 90 % bis {one.p90}") for one in found.stations
                if one.median is not None]  # fmt: skip
        return Now("Station", rows, _over(asked))
    if name == "feedback_days":
        number, median, p90 = found.feedback
        told = f"Median {median}, 90 % bis {p90}" if number else "im Zeitraum keine"
        return Now("", [(figure.name, told)], _over(asked))
    if name == "feedback_share":
        return Now("", [(figure.name, staffing.per_cent(found.feedback_share))], _on(asked))
    return None


def _casework(user, figure: Figure, asked: Asked) -> Now | None:
    """The last quarter (of yearly figures: the last year) that was published, by area, or by its first breakdown."""
    shapes = tables.shapes(figure.key)
    if not shapes:
        return None
    shape = shapes[0]
    period = tables.latest(asked.day, years=shape.yearly)
    table = tables.read(figure.key, shape.by, period) if period else None
    if table is None:
        return None
    if shape.by == By.AREA:
        rows = [
            (asked.areas[key].name, cell_words(table.get(key))) for key in table.areas if key in asked.areas
        ]  # fmt: skip
    else:
        rows = [(label, cell_words(number)) for _, label, number in table.rows()]
    return Now("Gebiet" if shape.by == By.AREA else shape.by.words, rows, table.period.name, table.has_secrets)


def _on(asked: Asked) -> str:
    return f"Stand {asked.day:%d.%m.%Y}"


def _over(asked: Asked) -> str:
    return f"Stand {asked.day:%d.%m.%Y}, Zeitraum {asked.words}"


_READ: dict[Part, Callable[..., Now | None]] = {
    Part.CHAIN: _chain,
    Part.CASEWORK: _casework,
    Part.STAFFING: _staffing,
    Part.MONEY: _money,
    Part.GOVERNANCE: _governance,
}
