"""In how many cases an issue was seen, told by whoever knows cases. Steering asks for a number and gets no case."""

from collections.abc import Callable
from dataclasses import dataclass

from kim.models import County
from kim.paging import CAP


@dataclass(frozen=True)
class Seen:
    """`number` of cases, counted no further than one past kim.paging.CAP; `interims` are texts the gate let through."""

    number: int = 0
    interims: tuple[str, ...] = ()

    def words(self, county: County) -> str:
        """„in 7 Fällen“; a small number is never told exactly, and none is not told at all."""
        if self.number == 0:
            return ""
        if self.number < county.small_cell_below:
            return f"in unter {county.small_cell_below} Fällen"
        if self.number > CAP:
            return f"in mehr als {CAP} Fällen"
        return "in einem Fall" if self.number == 1 else f"in {self.number} Fällen"


#: `f(issue, user) -> Seen`, with one query at most.
Source = Callable[..., Seen]
_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Have `source` asked by the page of an issue; a second registration of a name replaces the first."""
    _sources[name] = source


def seen_in(issue, user) -> Seen:
    found = [source(issue, user) for source in _sources.values()]
    return Seen(sum(one.number for one in found), tuple(text for one in found for text in one.interims))
