"""Bodies and co-operation on the dashboard: resolutions and what became of them, meetings, agreements, kick-offs."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from kim.addresses import page
from kim.figures import Part
from kim.models import Municipality
from kim.rules import allows, demand
from reports import access, exporting, parts
from reports.asked import Asked, asked
from reports.charts import Chart, Kind, Tone
from reports.exporting import Book, Page, maker
from reports.key_figures import KeyFigure, changed
from reports.pages import LAGE
from steering.governance import ACTS, GROUPS, PLACES, RESTS_ON, STEERING, WHOSE, governance_on

FIGURES = (
    "governance.decided", "governance.open", "governance.overdue", "governance.done", "governance.dropped",
    "governance.meetings", "governance.agreements", "governance.kick_offs", "governance.statements",
)  # fmt: skip

SHORT = {STEERING: "Lenkungsgruppe", GROUPS: "Gruppen", PLACES: "Kommunen"}

parts.register(
    "governance",
    count=lambda day, area: governance_on(day, parts.firsts(day)),
    rests_on=RESTS_ON,
    acts=ACTS,
)


@dataclass(frozen=True)
class BodyLine:
    """Resolutions of one kind of body: in the period, and how all of them stand on the day."""

    name: str
    decided: int
    decided_before: int
    open: int
    overdue: int
    done: int
    dropped: int
    at_once: int
    #: For charts: a line beside a bar holds no more.
    short: str
    #: Meetings in the period; None for municipalities, whose meetings KIM does not know.
    meetings: int | None


@dataclass(frozen=True)
class PlaceLine:
    place: Municipality
    in_force: bool
    agreement: str
    since: dt.date | None
    kick_off: dt.date | None
    kick_off_known: bool

    @property
    def kick_off_words(self) -> str:
        if self.kick_off is None:
            return "noch keine"
        return f"{self.kick_off:%d.%m.%Y}" if self.kick_off_known else "hat stattgefunden, Tag nicht belegt"


@dataclass(frozen=True)
class Governance:
    lines: Sequence[BodyLine]
    places: Sequence[PlaceLine]
    places_before: Sequence[PlaceLine]
    written: int
    meetings: int
    meetings_before: int
    statements: dict[str, int]
    counted_at: dt.datetime

    def sum(self, name: str) -> int:
        return sum(getattr(one, name) for one in self.lines)

    @property
    def agreed(self) -> int:
        return sum(one.in_force for one in self.places)

    @property
    def begun(self) -> int:
        return sum(one.kick_off is not None for one in self.places)

    @property
    def open(self) -> int:
        return self.sum("open")

    @property
    def overdue(self) -> int:
        return self.sum("overdue")

    @property
    def done(self) -> int:
        return self.sum("done")


def read(asked: Asked) -> Governance:
    """Agreements and kick-off events of the area's places; bodies are the county's, whatever area was asked for."""
    now, before = parts.of(asked, "governance")
    span = str(asked.span)
    meetings, earlier = now.data["meetings"][span], before.data["meetings"][span]
    held = {STEERING: meetings[STEERING], GROUPS: meetings[GROUPS], PLACES: None}
    lines = []
    for key, name in WHOSE.items():
        row = now.data["resolutions"][key]
        lines.append(
            BodyLine(
                name,
                row[f"decided_{span}"],
                before.data["resolutions"][key][f"decided_{span}"],
                row["open"],
                row["overdue"],
                row["done"],
                row["dropped"],
                row["at_once"],
                SHORT[key],
                held[key],
            )
        )
    return Governance(
        lines, _places(now.data["places"], asked), _places(before.data["places"], asked), meetings["written"],
        meetings[STEERING] + meetings[GROUPS], earlier[STEERING] + earlier[GROUPS], now.data["statements"],
        now.counted_at,
    )  # fmt: skip


def _places(rows: Sequence[dict], asked: Asked) -> list[PlaceLine]:
    named = {one.place.ags: one.place for one in asked.areas.values() if one.place}
    return [
        PlaceLine(
            named[row["ags"]], row["in_force"], row["agreement"], _day(row["since"]), _day(row["kick_off"]),
            row["kick_off_known"],
        )
        for row in rows
        if row["ags"] in asked.area.ags and row["ags"] in named
    ]  # fmt: skip


def _day(words: str | None) -> dt.date | None:
    return dt.date.fromisoformat(words) if words else None


@LAGE.section("reports/_lage_governance.html", order=90)
def governance(user, asked):
    if not allows(access.reads_part, user, Part.GOVERNANCE):
        return None
    found = read(asked)
    return {
        "figures": key_figures(found, asked),
        "found": found,
        "more": f"{page('reports:lage_governance')}?{asked.query}",
    }


def key_figures(found: Governance, asked: Asked) -> list[KeyFigure]:
    when, all_places = f"am {asked.day_before:%d.%m.%Y}", len(found.places)
    before = Governance(
        found.lines, found.places_before, (), 0, 0, 0, {}, found.counted_at
    )  # fmt: skip
    return [
        KeyFigure(
            str(found.open), "offene Beschlüsse", key="governance.open", url=page("steering:resolution_list"),
            more=(f"{found.overdue} überfällig" if found.overdue else "keiner überfällig", f"{found.done} umgesetzt"),
        ),
        KeyFigure(
            str(found.meetings), "Sitzungen", key="governance.meetings", url=page("steering:meeting_list"),
            more=(asked.words,), change=f"im Zeitraum davor {found.meetings_before}",
        ),
        KeyFigure(
            str(found.agreed), "Kommunen mit Vereinbarung", small=f"von {all_places}", key="governance.agreements",
            url=page("steering:agreement_list"), change=changed(found.agreed, before.agreed, when),
        ),
        KeyFigure(
            str(found.begun), "Kommunen mit Auftaktveranstaltung", small=f"von {all_places}",
            key="governance.kick_offs", url=page("steering:kickoff_list"),
            change=changed(found.begun, before.begun, when),
        ),
    ]  # fmt: skip


def chart_of(found: Governance) -> Chart:
    return Chart.of(
        "beschluesse", Kind.STACKED, "Beschlüsse mit Termin der Umsetzung nach Stand",
        ("gefasst von", "umgesetzt", "offen im Termin", "überfällig", "entfallen"),
        ((one.short, (one.done, one.open - one.overdue, one.overdue, one.dropped)) for one in found.lines),
        unit="Beschlüsse", across=True, tones=(Tone.DONE, Tone.PALE, Tone.LATE, Tone.EDGE),
    )  # fmt: skip


# As a file


@maker("lage_governance", "Gremien und Zusammenarbeit", part=Part.GOVERNANCE)
def book(user, given) -> Book:
    demand(access.reads_part, user, Part.GOVERNANCE)
    here = asked(given)
    found = read(here)
    text, number, day = exporting.TEXT, exporting.NUMBER, exporting.DAY
    return Book(
        "Gremien und Zusammenarbeit",
        [
            Page("Beschlüsse", [
                ("gefasst von", text), ("im Zeitraum gefasst", number), ("offen", number), ("davon überfällig", number),
                ("umgesetzt", number), ("entfallen", number), ("mit dem Beschluss erledigt", number),
                ("Sitzungen im Zeitraum", number),
            ], [
                [one.name, one.decided, one.open, one.overdue, one.done, one.dropped, one.at_once, one.meetings]
                for one in found.lines
            ]),
            Page("Kommunen", [
                ("Kommune", text), ("Kooperationsvereinbarung", text), ("gilt ab", day), ("Auftaktveranstaltung", text),
            ], [[one.place.name, one.agreement, one.since, one.kick_off_words] for one in found.places]),
            Page("Stellungnahmen", [("", text), ("Zahl", number)], statement_rows(found)),
        ],
        FIGURES,
        f"Stand {here.day:%d.%m.%Y}, Zeitraum {here.words}, {here.area.name}",
    )  # fmt: skip


def statement_rows(found: Governance) -> list[list]:
    words = {
        "asked": "erbeten", "received": "eingegangen", "in_time": "davon rechtzeitig", "open": "stehen aus",
        "overdue": "davon überfällig",
    }  # fmt: skip
    return [[told, found.statements[key]] for key, told in words.items()]
