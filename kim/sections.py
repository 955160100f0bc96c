"""Pages made of sections that other modules hang in: each a function, its template, and what it wants to be read.

A section is `f(*subject) -> dict | None`: what its template shows, or None where it has nothing to say. One that names
`sets` is handed their rows as a last argument; the sets of all sections of a page are read in a single query.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from kim.together import together

MAIN, ASIDE = "main", "aside"


@dataclass(frozen=True)
class Section:
    key: str
    template: str
    column: str
    order: int
    about: Callable
    sets: Callable[..., Mapping[str, QuerySet]] | None
    who: Callable[..., tuple[tuple, Mapping[str, Any]]] | None


@dataclass(frozen=True)
class Shown:
    key: str
    template: str
    about: dict


class Page:
    def __init__(self) -> None:
        self._sections: dict[str, Section] = {}
        self._statement = together(self._sets)

    def section(self, template: str, column: str = MAIN, order: int = 50, sets=None, who=None):
        """Registers a function as a part of the page; lower orders stand higher.

        `sets() -> {name: queryset}` may use slots (kim.together), which `shown` fills; names are the page's own.
        Where the text of the sets hangs on the subject, `who(*subject)` answers with arguments for `sets` that can be
        hashed, and values for further slots.
        """

        def register(function):
            key = function.__name__.replace("_", "-")
            self._sections[function.__qualname__] = Section(key, template, column, order, function, sets, who)
            return function

        return register

    def shown(self, *subject, **values) -> dict[str, list[Shown]]:
        """What the page shows of `subject`, by column; `values` are those of the slots."""
        found: dict[str, list[Shown]] = {MAIN: [], ASIDE: []}
        wanted = []
        for key, part in self._sections.items():
            if part.sets:
                shape, more = part.who(*subject) if part.who else ((), {})
                wanted.append((key, shape))
                values |= more
        read = self._statement(tuple(wanted))(**values) if wanted else {}
        for part in sorted(self._sections.values(), key=lambda part: part.order):
            about = part.about(*subject, read) if part.sets else part.about(*subject)
            if about is not None:
                found[part.column].append(Shown(part.key, part.template, about))
        return found

    def _sets(self, wanted):
        found: dict[str, QuerySet] = {}
        for key, shape in wanted:
            sets = self._sections[key].sets
            named = sets(*shape) if sets else {}
            if twice := found.keys() & named.keys():
                raise LookupError(f"sets of two sections are called {', '.join(sorted(twice))}")
            found |= named
        return found
