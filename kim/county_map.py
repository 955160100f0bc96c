"""A map of the county for figures: one tile per municipality, near where it lies, all alike in size.

Places are set into a grid of hexagons by latitude and longitude; nothing here knows a certain county. Where places lie
on two banks, the river runs along the edges between them. Without coordinates there is no map, and the table beside it
says everything.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from kim.models import Municipality

#: Radius of a tile in units of the drawing, and half its width.
RADIUS = 57.0
HALF = RADIUS * math.sqrt(3) / 2
#: Steps of colour.
STEPS = 5
OUTSIDE = -1
#: Of all cells in the frame, tiles take about one in so many.
ROOM = 1.55
#: A name up to so many letters fits into a tile, one up to the second number in small letters.
FITS, FITS_SMALL = 11, 14
#: Longitude is shorter than latitude by this at 51° north.
_SHRINK = math.cos(math.radians(51))

Cell = tuple[int, int]


@dataclass(frozen=True)
class Figure:
    """What a tile says of its place: a number (None: a white spot), the words for it, a sentence for the title, and
    where it leads.
    """

    amount: Fraction | Decimal | int | None
    words: str
    sentence: str = ""
    url: str = ""
    is_outside: bool = False  # not part of what is shown: an outline, for orientation


@dataclass(frozen=True)
class Tile:
    name: str
    code: str
    words: str
    sentence: str
    level: int  # 1 to STEPS; 0 is a white spot, OUTSIDE what is not part of it
    points: str
    x: str
    lines: tuple[tuple[str, str], ...]  # (y, text) of the name
    small: bool
    value_y: str
    code_y: str
    url: str = ""

    @property
    def spoken(self) -> str:
        """The sentence with name and code as they stand on the tile: who speaks to the browser says what they see."""
        return f"{self.sentence.replace(self.name, ' '.join(text for _, text in self.lines), 1)}, {self.code}"

    @property
    def kind(self) -> str:
        """Of its class: the step, or what else it is."""
        return str(self.level) if self.level > 0 else "other" if self.level == OUTSIDE else "white"

    @property
    def ink(self) -> str:
        """The class of the letters on it, behind a blank."""
        return " kim-map__on4" if self.level > 3 else " kim-map__white" if not self.level else ""

    @property
    def value(self) -> str:
        return self.words if self.level > 0 else "–" if not self.level else ""

    @property
    def written(self) -> SafeString:
        """As SVG: tags and loops of a template take many times as long."""
        small, ink, x = " kim-map__name--small" if self.small else "", self.ink, self.x
        begin = f'<a class="kim-map__link" href="{escape(self.url)}" aria-label="{escape(self.spoken)}">'
        names = "".join(
            f'<text class="kim-map__name{small}{ink}" x="{x}" y="{y}">{escape(text)}</text> ' for y, text in self.lines
        )
        return mark_safe(  # noqa: S308 - whatever is not made here is escaped
            f"{begin if self.url else '<g>'}<title>{escape(self.sentence)}</title>"
            f'<polygon class="kim-map__tile kim-map__tile--{self.kind}" points="{self.points}" />{names}'
            f'<text class="kim-map__value{ink}" x="{x}" y="{self.value_y}">{escape(self.value)}</text> '
            f'<text class="kim-map__code{ink}" x="{x}" y="{self.code_y}">{escape(self.code)}</text>'
            f"{'</a>' if self.url else '</g>'}"
        )


@dataclass(frozen=True)
class CountyMap:
    title: str
    description: str
    width: str
    height: str
    tiles: tuple[Tile, ...]
    river: str  # path, or ""
    key: tuple[tuple[int, str], ...]  # (level, „0,5 bis 1“)
    white: str  # what a white spot means, or "" where there is none

    @property
    def leads_on(self) -> bool:
        """Tiles are links: the drawing is then no single picture for a screen reader but a group of links."""
        return any(tile.url for tile in self.tiles)


def county_map(
    places: Iterable[Municipality], figures: Mapping[str, Figure], *, title: str, white: str, key_words=str
) -> CountyMap | None:
    """The map of `figures` (by official key), None unless every place has coordinates.

    `white` says what a place without a number lacks; `key_words` writes the bounds of the steps.
    """
    places = sorted(places, key=lambda one: one.ags)
    if not places or any(one.latitude is None or one.longitude is None for one in places):
        return None
    frame = _frame(tuple((one.name, float(one.longitude or 0), float(one.latitude or 0), one.bank) for one in places))
    found = [figures.get(one.ags, Figure(None, white)) for one in places]
    amounts = [one.amount for one in found if one.amount is not None and not one.is_outside]
    ends = (min(amounts), max(amounts)) if amounts else ()
    tiles = tuple(
        Tile(
            name=place.name, words=figure.words, sentence=figure.sentence or f"{place.name}: {figure.words}",
            level=OUTSIDE if figure.is_outside else level(figure.amount, ends), url=figure.url, **drawn,
        )
        for place, figure, drawn in zip(places, found, frame.tiles, strict=True)
    )  # fmt: skip
    white_ones = zip(places, found, strict=True)
    spots = sorted(place.name for place, one in white_ones if one.amount is None and not one.is_outside)
    return CountyMap(
        title=title,
        description=f"{white}: {', '.join(spots)}." if spots else "",
        width=frame.width,
        height=frame.height,
        tiles=tiles,
        river=frame.river,
        key=bounds(amounts, key_words),
        white=white if spots else "",
    )


# Steps of colour


def level(amount, amounts: Sequence) -> int:
    """1 to STEPS by where `amount` lies between the smallest and the largest; 0 for None."""
    return 0 if amount is None else _step(amount, min(amounts), max(amounts))


@lru_cache(maxsize=2000)
def _step(amount, least, most) -> int:
    least, most = Fraction(least), Fraction(most)
    if least == most:
        return 3
    return min(int((Fraction(amount) - least) / (most - least) * STEPS) + 1, STEPS)


def bounds(amounts: Sequence, words=str) -> tuple[tuple[int, str], ...]:
    """Which amounts each step that occurs stands for, from the smallest to the largest found in it."""
    found: dict[int, list] = {}
    ends = (min(amounts), max(amounts)) if amounts else ()
    for amount in amounts:
        found.setdefault(level(amount, ends), []).append(amount)
    return tuple(
        (step, words(min(there)) if min(there) == max(there) else f"{words(min(there))} bis {words(max(there))}")
        for step, there in sorted(found.items())
    )


# Tiles


@dataclass(frozen=True)
class _Frame:
    """What hangs on places alone and not on figures: the same for every map of a county."""

    width: str
    height: str
    tiles: tuple[Mapping[str, Any], ...]
    river: str


@lru_cache(maxsize=20)
def _frame(places: tuple[tuple[str, float, float, str], ...]) -> _Frame:
    """Of (name, longitude, latitude, bank)."""
    cells = _cells(tuple((longitude, latitude) for _, longitude, latitude, _ in places))
    names = [name for name, *_ in places]
    centres = [_centre(cell) for cell in cells]
    left, top = min(x for x, _ in centres) - HALF - 8, min(y for _, y in centres) - RADIUS - 8
    right, bottom = max(x for x, _ in centres) + HALF + 8, max(y for _, y in centres) + RADIUS + 8
    tiles = tuple(
        _tile(name, code, x - left, y - top) for name, code, (x, y) in zip(names, _codes(names), centres, strict=True)
    )
    river = _river(cells, [bank for *_, bank in places], left, top)
    return _Frame(_short(right - left), _short(bottom - top), tiles, river)


def _tile(name: str, code: str, x: float, y: float) -> Mapping[str, Any]:
    parts = _broken(name)
    first = y - 3 - 8 * (len(parts) - 1)
    corners = [(x, y - RADIUS), (x + HALF, y - RADIUS / 2), (x + HALF, y + RADIUS / 2)]
    corners += [(x, y + RADIUS), (x - HALF, y + RADIUS / 2), (x - HALF, y - RADIUS / 2)]
    return {
        "code": code,
        "points": " ".join(f"{_short(px)},{_short(py)}" for px, py in corners),
        "x": _short(x),
        "lines": tuple((_short(first + 16 * number), part) for number, part in enumerate(parts)),
        "small": max(map(len, parts)) > FITS,
        "value_y": _short(first + 16 * len(parts) + 3),
        "code_y": _short(y + 11),
    }


def _broken(name: str) -> list[str]:
    """A name in lines that fit into a tile: at blanks and hyphens, and where one word is still too long within it."""
    lines: list[str] = []
    for word in name.replace("-", "- ").split():
        if lines and len(lines[-1]) + len(word) < FITS and not lines[-1].endswith("-"):
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return [piece for line in lines for piece in _pieces(line)][:3]


def _pieces(line: str) -> list[str]:
    if len(line) <= FITS_SMALL:
        return [line]
    return [f"{line[: FITS_SMALL - 4]}-", *_pieces(line[FITS_SMALL - 4 :])]


def _codes(names: Sequence[str]) -> list[str]:
    """Three letters each, no two alike: the first three, or the first two and the first later one that is free."""
    found: list[str] = []
    for name in names:
        letters = [letter for letter in name.upper() if letter.isalpha()]
        choices = ["".join(letters[:3]), *("".join(letters[:2]) + letter for letter in letters[3:])]
        numbered = (f"{letters[0] if letters else 'X'}{number}" for number in range(1, len(names) + 1))
        found.append(next(one for one in [*choices, *numbered] if one and one not in found))
    return found


# The grid


def _centre(cell: Cell) -> tuple[float, float]:
    column, row = cell
    return HALF * (2 * column + row % 2), 1.5 * RADIUS * row


def _cells(points: tuple[tuple[float, float], ...]) -> list[Cell]:
    """A cell of the grid for each (longitude, latitude): all different, and together as little off as can be found.

    Each takes the nearest cell that is free; then two change places, or one moves, as long as that brings them nearer.
    """
    wanted = _spread(points)
    columns = range(-2, int(max(x for x, _ in wanted) / (2 * HALF)) + 4)
    rows = range(-2, int(max(y for _, y in wanted) / (1.5 * RADIUS)) + 4)
    cells = [(column, row) for column in columns for row in rows]

    def off(number: int, cell: Cell) -> float:
        (x, y), (px, py) = _centre(cell), wanted[number]
        return (x - px) ** 2 + (y - py) ** 2

    middle = (sum(x for x, _ in wanted) / len(wanted), sum(y for _, y in wanted) / len(wanted))
    taken: dict[Cell, int] = {}
    for number in sorted(range(len(points)), key=lambda one: math.dist(wanted[one], middle)):
        taken[min((cell for cell in cells if cell not in taken), key=lambda cell: (off(number, cell), cell))] = number
    at = {number: cell for cell, number in taken.items()}
    for _ in range(20):
        moved = False
        for number in range(len(points)):
            for cell in cells:
                other, here = taken.get(cell), at[number]
                gain = off(number, here) - off(number, cell)
                if other is not None:
                    gain += off(other, cell) - off(other, here)
                if gain > 1e-6:
                    taken[cell], at[number], moved = number, cell, True
                    if other is None:
                        del taken[here]
                    else:
                        taken[here], at[other] = other, here
        if not moved:
            break
    return [at[number] for number in range(len(points))]


def _spread(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points in units of the drawing, so far apart that their tiles fill the frame but for some room."""
    xs, ys = [x * _SHRINK for x, _ in points], [-y for _, y in points]
    width, height = max(xs) - min(xs) or 0.01, max(ys) - min(ys) or 0.01
    area = len(points) * 2 * HALF * 1.5 * RADIUS * ROOM
    scale = math.sqrt(area / (width * height))
    scale = min(scale, 4 * HALF * len(points) / max(width, height))  # places in one line do not drift apart
    return [((x - min(xs)) * scale, (y - min(ys)) * scale) for x, y in zip(xs, ys, strict=True)]


# The river


def _river(cells: Sequence[Cell], banks: Sequence[str], left: float, top: float) -> str:
    """A path along the edges between tiles, and between empty cells by the tile next to them, of different banks."""
    if len(set(banks) - {""}) < 2:
        return ""
    centres = [(_centre(cell), bank) for cell, bank in zip(cells, banks, strict=True) if bank]
    columns = range(min(c for c, _ in cells) - 1, max(c for c, _ in cells) + 2)
    rows = range(min(r for _, r in cells) - 1, max(r for _, r in cells) + 2)
    bank_of = {(column, row): _nearest(centres, _centre((column, row))) for column in columns for row in rows}
    edges = []
    for cell, bank in bank_of.items():
        column, row = cell
        x, y = (value - start for value, start in zip(_centre(cell), (left, top), strict=True))
        lower = column + row % 2
        for beside, (x1, y1), (x2, y2) in (
            ((column + 1, row), (HALF, -RADIUS / 2), (HALF, RADIUS / 2)),
            ((lower, row + 1), (HALF, RADIUS / 2), (0, RADIUS)),
            ((lower - 1, row + 1), (0, RADIUS), (-HALF, RADIUS / 2)),
        ):
            if bank_of.get(beside, bank) != bank:
                edges.append(f"M{_short(x + x1)} {_short(y + y1)}L{_short(x + x2)} {_short(y + y2)}")
    return "".join(edges)


def _nearest(centres: Sequence[tuple[tuple[float, float], str]], here: tuple[float, float]) -> str:
    return min(centres, key=lambda one: math.dist(one[0], here))[1]


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
