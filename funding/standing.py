"""Scenarios beside what is: what is filled on a day, what the target is, and several scenarios side by side."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from funding import staffing
from funding.apportionment import said
from funding.models import Module, Scenario, StaffingTarget
from kim.county_map import CountyMap, Figure, county_map
from kim.models import Municipality

#: Somebody is there, but nobody's share is on record.
UNKNOWN = "nicht erfasst"


@dataclass(frozen=True)
class Line:
    """One municipality; amounts in FTE, None where nothing is known or it does not take part."""

    place: Municipality
    fte: Fraction | None
    filled: Fraction | None = None
    target: Fraction | None = None
    weight: Fraction = Fraction(0)
    quota: Fraction = Fraction(0)
    minimum: Fraction = Fraction(0)

    @property
    def words(self) -> dict[str, str]:
        """What a table shows."""
        return {
            "weight": percent(self.weight),
            "quota": said(self.quota),
            "minimum": said(self.minimum) if self.minimum else "",
            "fte": said(self.fte) if self.fte is not None else "",
            "filled": staffing.german(self.filled) if self.filled is not None else UNKNOWN,
            "target": said(self.target) if self.target is not None else "",
            "to_filled": signed(self.fte, self.filled),
            "to_target": signed(self.fte, self.target),
        }


@dataclass(frozen=True)
class TargetLine:
    place: Municipality
    row: StaffingTarget | None
    filled: Fraction | None

    @property
    def fte(self) -> str:
        return said(self.row.fte) if self.row else ""

    @property
    def filled_words(self) -> str:
        return staffing.german(self.filled) if self.filled is not None else UNKNOWN

    @property
    def gap(self) -> str:
        return signed(self.filled, Fraction(self.row.fte)) if self.row else ""

    @property
    def is_short(self) -> bool:
        return self.row is not None and self.filled is not None and self.filled < self.row.fte


@dataclass(frozen=True)
class Compared:
    """What several scenarios give one municipality, and how far they are apart."""

    place: Municipality
    shares: tuple[Fraction | None, ...]

    @property
    def words(self) -> list[tuple[str, str, bool]]:
        """(FTE, difference to the first, whether it differs) of each."""
        first = self.shares[0]
        return [
            ("–" if one is None else said(one), signed(one, first) if number else "", bool(number) and one != first)
            for number, one in enumerate(self.shares)
        ]

    @property
    def spread(self) -> Fraction | None:
        known = [one for one in self.shares if one is not None]
        return max(known) - min(known) if len(known) == len(self.shares) else None

    @property
    def differs(self) -> bool:
        return len(set(self.shares)) > 1


def percent(share: Fraction) -> str:
    """„12,5 %“, half up to one place."""
    return f"{said(Fraction(floor(share * 1000 + Fraction(1, 2)), 10))}\N{NO-BREAK SPACE}%"


def signed(one: Fraction | None, other: Fraction | None) -> str:
    """How much `one` is above `other`: „+0,25“, „−0,5“, „±0“; "" where one of them is not known."""
    if one is None or other is None:
        return ""
    gap = one - other
    words = staffing.german(abs(gap))
    return "±0" if words == "0" else f"{'+' if gap > 0 else '−'}{words}"


def targets_on(day: dt.date) -> dict[str, StaffingTarget]:
    """By official key, with municipality and scenario."""
    held = StaffingTarget.objects.believed().filter(module=Module.CASE_MANAGEMENT).valid_on(day)
    return {row.municipality.ags: row for row in held.select_related("municipality", "scenario")}


def beside(shares: Iterable, day: dt.date) -> tuple[list[Line], list[Municipality]]:
    """Shares of a scenario (or lines that were worked out), beside what is filled and the target on `day` as the
    staffing board counts them; and every municipality of the county.
    """
    covered = {one.place.ags: one for one in staffing.coverage(day)}
    lines = [
        Line(
            place=one.place, fte=Fraction(one.fte), filled=covered[one.place.ags].fte,
            target=covered[one.place.ags].target, weight=Fraction(one.weight), quota=Fraction(one.quota),
            minimum=Fraction(one.minimum),
        )
        for one in sorted(shares, key=lambda one: one.place.name)
    ]  # fmt: skip
    return lines, [one.place for one in covered.values()]


def totals(lines: Sequence[Line]) -> dict[str, str]:
    def whole(values) -> str:
        return staffing.german(sum((value for value in values if value is not None), Fraction(0)))

    least = "mindestens " if any(line.filled is None for line in lines) else ""
    return {
        "fte": whole(line.fte for line in lines), "filled": f"{least}{whole(line.filled for line in lines)}",
        "target": whole(line.target for line in lines) if any(line.target is not None for line in lines) else "",
        "quota": whole(line.quota for line in lines),
    }  # fmt: skip


def map_of(lines: Sequence[Line], places: Sequence[Municipality]) -> CountyMap | None:
    figures = {line.place.ags: Figure(line.fte, said(line.fte)) for line in lines if line.fte is not None}
    return county_map(places, figures, title="VZÄ je Kommune", white="Nicht beteiligt", key_words=said)


def map_of_targets(lines: Sequence[TargetLine]) -> CountyMap | None:
    figures = {
        line.place.ags: Figure(
            line.row.fte, line.fte, f"{line.place}: Ziel {line.fte} VZÄ, besetzt: {line.filled_words}"
        )
        for line in lines
        if line.row
    }  # fmt: skip
    return county_map(
        [line.place for line in lines], figures, title="Stellenziel je Kommune (VZÄ)", white="Kein Ziel", key_words=said
    )


def target_lines(day: dt.date) -> list[TargetLine]:
    """Every municipality by name, with its target and what is filled."""
    targets = targets_on(day)
    lines = [TargetLine(one.place, targets.get(one.place.ags), one.fte) for one in staffing.coverage(day)]
    return sorted(lines, key=lambda line: line.place.name)


def compare(scenarios: Sequence[Scenario], places: Sequence[Municipality]) -> list[Compared]:
    """Scenarios with their shares read along; municipalities in none of them are left out."""
    given: list[Mapping[int, Decimal]] = [
        {share.municipality_id: share.fte for share in scenario.shares.all()} for scenario in scenarios
    ]
    found = []
    for place in places:
        shares = tuple(Fraction(one[place.pk]) if place.pk in one else None for one in given)
        if any(share is not None for share in shares):
            found.append(Compared(place, shares))
    return found


def map_of_spread(lines: Sequence[Compared], places: Sequence[Municipality]) -> CountyMap | None:
    figures = {line.place.ags: Figure(line.spread, said(line.spread)) for line in lines if line.spread is not None}
    return county_map(
        places, figures, title="Wie weit die Szenarien auseinanderliegen (VZÄ)", white="Nicht in allen", key_words=said
    )
