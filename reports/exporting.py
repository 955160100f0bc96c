"""What can be had as a file: makers register here, and answer with a book of plain values that reports.writing writes.

    @maker("lage", "Lage", part=None)
    def lage(user, asked: dict[str, str]) -> Book: …

A maker reads with the same functions as the page and with the rights of `user`, who is asked anew whenever a file is
made or fetched. `asked` is the query of the page. The module of a maker is imported in reports/apps.py, so that the
background knows it, too. Wrong words in `asked` raise StepRefused with a German sentence.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kim.figures import Part
from kim.rules import demand
from reports import access

#: Kinds of columns: whole numbers, exact ones (Decimal, two to four places), shares (1 = 100 %), euros, days, words.
NUMBER, EXACT, SHARE, MONEY, DAY, TEXT = "number", "exact", "share", "money", "day", "text"
KINDS = frozenset({NUMBER, EXACT, SHARE, MONEY, DAY, TEXT})

#: A cell: a number, Decimal, Fraction, day or text; kim.disclosure.SECRET where it is kept secret; None: there is none.
Cell = object


@dataclass(frozen=True)
class Page:
    """One table: `columns` are (heading, kind). `rows` may be a generator, which is read once; `total` then says how
    many there are, for the progress.
    """

    name: str
    columns: Sequence[tuple[str, str]]
    rows: Iterable[Sequence[Cell]]
    total: int = 0

    def __post_init__(self) -> None:
        if unknown := {kind for _, kind in self.columns} - KINDS:
            raise LookupError(f"no kind of column: {', '.join(sorted(unknown))}")

    @property
    def number(self) -> int:
        return len(self.rows) if isinstance(self.rows, list | tuple) else self.total


@dataclass(frozen=True)
class Book:
    """Tables under a title, which names nobody and holds no number; `figures` are keys of kim.figures whose definitions
    go along; `note` says as of when and for which area („Stand 16.03.2022, alle Kommunen“).
    """

    title: str
    sheets: Sequence[Page]
    figures: Sequence[str] = ()
    note: str = ""

    @property
    def number(self) -> int:
        """Rows of all tables."""
        return sum(sheet.number for sheet in self.sheets)


Make = Callable[..., Book]


@dataclass(frozen=True)
class Maker:
    what: str
    title: str
    make: Make
    #: Made while the browser waits; else in the background.
    quick: bool = True
    #: What it is about: a part, or a function that tells by what was asked; None: for all who see any figures.
    part: Part | Callable[[Mapping[str, str]], Part | None] | None = None
    #: What is in it, for makers that are offered on the page of exports.
    about: str = ""

    def demand(self, user, asked: Mapping[str, str]) -> None:
        """Raises PermissionDenied where `user` may not have it (any more)."""
        part = self.part if isinstance(self.part, Part) or self.part is None else self.part(asked)
        if part is None:
            demand(access.reads_figures, user)
        else:
            demand(access.reads_part, user, part)


_MAKERS: dict[str, Maker] = {}


def maker(what: str, title: str, *, quick: bool = True, part=None, about: str = ""):
    """Registers `f(user, asked) -> Book`. Raises LookupError where two are called the same."""

    def register(make: Make) -> Make:
        if what in _MAKERS and _MAKERS[what].make.__qualname__ != make.__qualname__:
            raise LookupError(f"two makers are called {what}")
        _MAKERS[what] = Maker(what, title, make, quick, part, about)
        return make

    return register


def of(what: str) -> Maker:
    """Raises KeyError."""
    return _MAKERS[what]


def every() -> list[Maker]:
    return sorted(_MAKERS.values(), key=lambda one: one.title)
