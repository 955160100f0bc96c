"""Small numbers of people are kept secret, with as many others as it takes that none can be computed back.

Pure: no models, no database. Whoever publishes tables about people puts everything that hangs together into one
`Tables` – the new tables, what was published before, and what could be computed from both – and publishes every cell
that is not in `protect`. docs/decisions/0060-small-numbers.md says what is guarded against and what is not.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

#: Stands for a number that is kept secret: in tables, charts, tooltips and files.
SECRET = "•"

Key = Hashable


class Unprotectable(Exception):
    """Nothing of these tables may be published. `keys`: the cells that cannot be kept unknown (none where the tables
    contradict themselves or the solver gave no answer)."""

    def __init__(self, message: str, keys: Iterable[Key] = ()):
        super().__init__(message)
        self.keys = tuple(keys)


@dataclass(frozen=True)
class Cell:
    """A whole number ≥ 0, and how many people are behind it (None: the number counts people)."""

    value: int
    people: int | None = None

    @property
    def behind(self) -> int:
        return self.value if self.people is None else self.people


@dataclass(frozen=True)
class Tables:
    """Cells that hang together.

    `sums`: (total, its parts), equalities that everybody knows; `bounds`: (first, second), first ≤ second, known to
    everybody. `hidden` cells are never published, but others can be subtracted to get at them. `settled`: published
    (True) or kept secret (False) earlier, with the value they have here; they stay so.
    """

    cells: dict[Key, Cell]
    sums: list[tuple[Key, tuple[Key, ...]]] = field(default_factory=list)
    hidden: frozenset[Key] = frozenset()
    settled: Mapping[Key, bool] = field(default_factory=dict)
    bounds: list[tuple[Key, Key]] = field(default_factory=list)


def few(number: int, threshold: int) -> str:
    """A count of people in words: „weniger als 5“ for 1 to 4, else the number; none is none."""
    return f"weniger als {threshold}" if 0 < number < threshold else str(number)


def is_small(cell: Cell, threshold: int) -> bool:
    """None is not small: that there is nobody tells of nobody."""
    return 0 < cell.behind < threshold


def protect(tables: Tables, threshold: int) -> frozenset[Key]:
    """The cells to keep secret. Raises Unprotectable."""
    linked: dict[Key, set[Key]] = {key: {key} for key in tables.cells}
    for one in [(total, *parts) for total, parts in tables.sums] + list(tables.bounds):
        joined: set[Key] = set().union(*(linked[key] for key in one))
        for key in joined:
            linked[key] = joined
    secret = set()
    for key, cell in tables.cells.items():
        if is_small(cell, threshold) and key not in secret:
            secret |= linked[key]
    secret |= {key for key, published in tables.settled.items() if not published}
    return frozenset(secret - tables.hidden - {key for key, published in tables.settled.items() if published})
