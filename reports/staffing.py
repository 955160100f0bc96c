"""Posts and coverage on the dashboard: what is granted and filled, which municipalities have nobody, and the course.

Counted by funding.figures for the county and kept (reports.parts); here it is narrowed to the modules somebody reads
and to the area that was asked for, and put in words.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from funding import access as posts
from funding.figures import staffing_on
from funding.models import Module
from funding.staffing import german
from kim.addresses import page
from kim.county_map import CountyMap, Figure, county_map
from kim.figures import Part
from kim.models import Municipality
from kim.rules import allows, demand
from reports import access, exporting, parts
from reports.asked import Asked, asked
from reports.charts import Chart, Kind, Tone
from reports.exporting import Book, Page, maker
from reports.key_figures import KeyFigure
from reports.pages import LAGE

FIGURES = (
    "staffing.granted", "staffing.filled", "staffing.vacant", "staffing.quota", "staffing.free_months",
    "staffing.vacancy_days", "staffing.uncovered", "staffing.covered", "staffing.overlaps", "staffing.above_one",
)  # fmt: skip
#: The course shows so many months for a period of a month or a quarter; for a year all that are kept.
SHORT = 13
NONE = "–"
TONES = (Tone.PALE, Tone.ACCENT, Tone.SOON)

parts.register(
    "staffing",
    count=lambda day, area: staffing_on(day, parts.firsts(day)),
    rests_on=("funding.", "kim.assignment", "kim.county"),
    acts=("user.split_days", "user.move", "user.enter"),
)


@dataclass(frozen=True)
class ModuleLine:
    """FTE and post-months; None where nothing is granted on record."""

    name: str
    key: str
    granted: Fraction | None
    filled: Fraction
    filled_before: Fraction
    vacant: Fraction
    posts: int
    vacant_posts: int
    overlaps: int
    above_one: int
    free_months: Fraction
    granted_months: Fraction
    quota_before: Fraction | None
    begun: int
    waited: int

    @property
    def quota(self) -> Fraction | None:
        return share(self.granted_months - self.free_months, self.granted_months)

    @property
    def granted_words(self) -> str:
        return fte(self.granted)

    @property
    def filled_words(self) -> str:
        return fte(self.filled)

    @property
    def vacant_words(self) -> str:
        return fte(self.vacant)

    @property
    def quota_words(self) -> str:
        return per_cent(self.quota)

    @property
    def quota_before_words(self) -> str:
        return per_cent(self.quota_before)

    @property
    def free_words(self) -> str:
        return fte(self.free_months) if self.granted_months else NONE

    @property
    def wait_words(self) -> str:
        return fte(Fraction(self.waited, self.begun)) if self.begun else NONE


@dataclass(frozen=True)
class PlaceLine:
    place: Municipality
    covered: bool
    covered_before: bool
    fte: Fraction | None
    target: Fraction | None

    @property
    def fte_words(self) -> str:
        return "niemand" if not self.covered else "nicht erfasst" if self.fte is None else fte(self.fte)

    @property
    def target_words(self) -> str:
        return fte(self.target)

    @property
    def gap(self) -> Fraction | None:
        return None if self.target is None else max(Fraction(0), self.target - (self.fte or 0))

    @property
    def gap_words(self) -> str:
        return NONE if not self.gap else f"es fehlen {fte(self.gap)}"


@dataclass(frozen=True)
class Staffing:
    lines: Sequence[ModuleLine]
    places: Sequence[PlaceLine]
    course: Sequence[dict[str, Any]]
    counted_at: dt.datetime

    @property
    def uncovered(self) -> list[PlaceLine]:
        return [one for one in self.places if not one.covered]

    @property
    def has_targets(self) -> bool:
        return any(one.target is not None for one in self.places)

    @property
    def above_one(self) -> int:
        return sum(one.above_one for one in self.lines)

    @property
    def exceeds_grant(self) -> bool:
        return any(one.granted is not None and one.filled > one.granted for one in self.lines)


# What is shown


def read(user, asked: Asked) -> Staffing:
    """For the modules `user` reads and the places of the area."""
    now, before = parts.of(asked, "staffing")
    seen = [module for module in Module if posts.reads_module(user, module)]
    lines = [_line(module, now.data["modules"][module], before.data["modules"][module], asked) for module in seen]
    earlier = {one["ags"]: one["covered"] for one in before.data["places"]}
    named = {one.place.ags: one.place for one in asked.areas.values() if one.place}
    places = [
        PlaceLine(
            named[one["ags"]], one["covered"], earlier.get(one["ags"], False), _exact(one["fte"]), _exact(one["target"])
        )
        for one in now.data["places"]
        if one["ags"] in asked.area.ags and one["ags"] in named
    ]
    return Staffing(lines, places, now.data["course"], now.counted_at)


def _line(module: Module, now: dict, before: dict, asked: Asked) -> ModuleLine:
    span, earlier = now["spans"][asked.span], before["spans"][asked.span]
    granted_before = Fraction(earlier["granted"])
    return ModuleLine(
        module.short, module.value, _exact(now["granted"]), Fraction(now["filled"]), Fraction(before["filled"]),
        Fraction(now["vacant"]), now["posts"], now["vacant_posts"], now["overlaps"], now["above_one"],
        Fraction(span["free"]), Fraction(span["granted"]),
        share(granted_before - Fraction(earlier["free"]), granted_before), span["begun"], span["wait"],
    )  # fmt: skip


@LAGE.section("reports/_lage_staffing.html", order=70)
def staffing(user, asked):
    if not allows(access.reads_part, user, Part.STAFFING):
        return None
    found = read(user, asked)
    return {
        "figures": key_figures(found, asked),
        "uncovered": found.uncovered,
        "lines": found.lines,
        "asked": asked,
        "more": f"{page('reports:lage_staffing')}?{asked.query}",
        "counted_at": found.counted_at,
    }


def key_figures(found: Staffing, asked: Asked) -> list[KeyFigure]:
    when = f"am {asked.day_before:%d.%m.%Y}"
    board, coverage = page("funding:board"), page("funding:coverage")
    figures = [
        KeyFigure(
            fte(one.filled), f"{one.name} besetzt",
            small="VZÄ" if one.granted is None else f"von {fte(one.granted)} VZÄ", key="staffing.filled",
            more=(f"Besetzungsquote {per_cent(one.quota)} im Zeitraum",) if one.granted_months else (),
            change=changed(one.filled, one.filled_before, when),
            url=f"{board}?on={asked.day:%d.%m.%Y}&module={one.key}",
        )
        for one in found.lines
    ]  # fmt: skip
    missing, before = len(found.uncovered), sum(not one.covered_before for one in found.places)
    figures.append(
        KeyFigure(
            str(missing),
            "Kommunen ohne Case Management",
            small=f"von {len(found.places)}",
            key="staffing.uncovered",
            change="" if asked.area.is_place else changed(Fraction(missing), Fraction(before), when),
            url=f"{coverage}?on={asked.day:%d.%m.%Y}",
            alarm=missing > 0,
        )  # fmt: skip
    )
    return figures


def changed(now: Fraction, before: Fraction, when: str) -> str:
    """„0,5 mehr als am 31.12.2021“."""
    if now == before:
        return f"wie {when}"
    return f"{fte(abs(now - before))} {'mehr' if now > before else 'weniger'} als {when}"


def map_of(found: Staffing, asked: Asked) -> CountyMap | None:
    """FTE of case management per place, each tile a link to the dashboard of the place."""
    figures = {}
    for one in found.places:
        url = f"{page('reports:lage_staffing')}?on={asked.day:%Y-%m-%d}&span={asked.span}&area={one.place.ags}"
        amount = one.fte if one.covered else None
        said = f"{one.place.name}: {one.fte_words}{' VZÄ' if amount is not None else ''}"
        figures[one.place.ags] = Figure(amount, one.fte_words, said, url)
    return county_map(
        [one.place for one in found.places], figures, title=f"Case Management je Kommune am {asked.day:%d.%m.%Y} (VZÄ)",
        white="kein Case Management", key_words=german,
    )  # fmt: skip


def course_chart(found: Staffing, asked: Asked) -> Chart:
    """FTE filled at the ends of months, by module."""
    points = _points(found, asked)
    return Chart.of(
        "verlauf", Kind.LINES, f"Besetzte Stellen am Ende jedes Monats bis {asked.day:%d.%m.%Y} (VZÄ)",
        ("Monat", *(f"{one.name}" for one in found.lines)),
        ((_month(point), tuple(fte(Fraction(point["filled"][one.key])) for one in found.lines)) for point in points),
        unit="VZÄ", tones=TONES[-len(found.lines) :] if len(found.lines) < len(TONES) else TONES,
    )  # fmt: skip


def uncovered_chart(found: Staffing, asked: Asked) -> Chart:
    """Of the whole county, whatever area was asked for."""
    return Chart.of(
        "flecken", Kind.BARS, f"Kommunen ohne Case Management am Ende jedes Monats bis {asked.day:%d.%m.%Y}",
        ("Monat", "Kommunen"), ((_month(point), (point["uncovered"],)) for point in _points(found, asked)),
        unit="Kommunen", tones=(Tone.LATE,),
    )  # fmt: skip


def _points(found: Staffing, asked: Asked) -> Sequence[dict[str, Any]]:
    return found.course if asked.span.months == 12 else found.course[-SHORT:]


def _month(point: dict[str, Any]) -> str:
    return f"{dt.date.fromisoformat(point['day']):%d.%m.%y}"


# As a file


@maker("lage_staffing", "Stellen und Besetzung", part=Part.STAFFING)
def book(user, given) -> Book:
    demand(access.reads_part, user, Part.STAFFING)
    here = asked(given)
    found = read(user, here)
    modules = [
        [
            one.name, _decimal(one.granted), _decimal(one.filled), _decimal(one.vacant), one.quota,
            _decimal(one.free_months), _decimal(one.granted_months), one.overlaps,
        ]
        for one in found.lines
    ]  # fmt: skip
    places = [[one.place.name, _decimal(one.fte) if one.covered else Decimal(0), _decimal(one.target)]
              for one in found.places]  # fmt: skip
    course = [
        [dt.date.fromisoformat(point["day"]), *(_decimal(Fraction(point["filled"][one.key])) for one in found.lines),
         point["uncovered"]]
        for point in found.course
    ]  # fmt: skip
    exact, number = exporting.EXACT, exporting.NUMBER
    return Book(
        "Stellen und Besetzung",
        [
            Page("Module", [
                ("Modul", exporting.TEXT), ("bewilligt (VZÄ)", exact), ("besetzt (VZÄ)", exact), ("frei (VZÄ)", exact),
                ("Besetzungsquote", exporting.SHARE), ("unbesetzte Stellenmonate", exact),
                ("bewilligte Stellenmonate", exact), ("überbesetzte Stellen", number),
            ], modules),
            Page("Kommunen", [
                ("Kommune", exporting.TEXT), ("Case Management (VZÄ)", exact), ("Ziel (VZÄ)", exact),
            ], places),
            Page("Verlauf", [
                ("Stand", exporting.DAY), *((f"{one.name} besetzt (VZÄ)", exact) for one in found.lines),
                ("Kommunen ohne Case Management", number),
            ], course),
        ],
        FIGURES,
        f"Stand {here.day:%d.%m.%Y}, Zeitraum {here.words}, {here.area.name}",
    )  # fmt: skip


# Numbers


def share(part: Fraction, whole: Fraction) -> Fraction | None:
    return part / whole if whole else None


def per_cent(value: Fraction | None) -> str:
    """„94,5 %“, one place, half up; „–“ for None."""
    if value is None:
        return NONE
    tenths = (2 * abs(value.numerator) * 1000 + value.denominator) // (2 * value.denominator)
    whole, tenth = divmod(tenths, 10)
    return f"{whole}{f',{tenth}' if tenth else ''}\N{NO-BREAK SPACE}%"


def fte(value: Fraction | None) -> str:
    return NONE if value is None else german(value)


def _exact(words: str | None) -> Fraction | None:
    return None if words is None else Fraction(words)


def half_up(value: Fraction, places: int = 4) -> Decimal:
    """With so many places, half up."""
    scaled = value * 10**places
    return Decimal((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).scaleb(-places)


def _decimal(value: Fraction | None) -> Decimal | None:
    return None if value is None else half_up(value)
