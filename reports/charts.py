"""Charts as tables: what a chart says stands in its table, and static/js/charts.js draws the table.

Put them on a page with `{% include "reports/_chart.html" with chart=chart %}`, and once per page the scripts with
`{% block extra_head %}{% include "reports/_chart_scripts.html" %}{% endblock %}`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: A number that is not told, as kim.disclosure writes it.
NOT_TOLD = "•"
#: What stands beside every secret cell.
NOT_TOLD_WORDS = "zum Schutz kleiner Zahlen nicht genannt"


class Kind(StrEnum):
    BARS = "bars"
    STACKED = "stacked"
    LINES = "lines"


class Tone(StrEnum):
    """Colours by what they mean; late, soon and done only for that."""

    ACCENT = "accent"
    PALE = "pale"
    LATE = "late"
    SOON = "soon"
    DONE = "done"
    EDGE = "edge"


@dataclass(frozen=True)
class Chart:
    """`columns`: what rows are, then the names of the series; `rows`: a label and a cell per series, as one reads it
    („1.234“, „12,5“, „–“ where there is nothing, „•“ where it is secret).

    `tones` colour the series, or the bars where there is only one series and as many tones as rows. `across`: bars run
    to the right, a row each.
    """

    key: str  # part of an id, unique on its page
    kind: Kind
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    unit: str = ""
    across: bool = False
    tones: tuple[Tone, ...] = ()

    @classmethod
    def of(cls, key: str, kind: Kind, title: str, columns: Iterable[str], rows: Iterable[tuple], **more) -> "Chart":
        """Numbers in `rows` may be whole numbers, None (secret) or words that are ready."""
        return cls(key, kind, title, tuple(columns), tuple((label, _cells(cells)) for label, cells in rows), **more)

    @property
    def has_secrets(self) -> bool:
        return any(NOT_TOLD in cells for _, cells in self.rows)

    @property
    def row_tones(self) -> Sequence[str]:
        return self.tones if len(self.columns) == 2 and len(self.tones) == len(self.rows) > 1 else ()


def _cells(cells: Iterable) -> tuple[str, ...]:
    return tuple(cell_words(cell) for cell in cells)


def cell_words(cell: int | str | None) -> str:
    """„1.234“; None is a secret."""
    if cell is None:
        return NOT_TOLD
    return cell if isinstance(cell, str) else f"{cell:,}".replace(",", ".")
