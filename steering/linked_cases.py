"""In how many cases an issue was seen, told by whoever knows cases. Steering asks for a number and gets no case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from kim.models import County, Role
from kim.paging import CAP
from kim.together import Slot


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


@dataclass(frozen=True)
class Source:
    """`sets` of rows about an issue, under names of their own, are read with its page; of them `seen` makes what is
    told. The second argument of `sets` says whether the reader may know what case managers do meanwhile.
    """

    sets: Callable[[Slot, bool], Mapping[str, QuerySet]]
    seen: Callable[[Mapping[str, list]], Seen]


_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Have `source` read with the page of an issue; a second registration of a name replaces the first."""
    _sources[name] = source


def reads_interims(user) -> bool:
    return user.acts_as(Role.CASE_MANAGER, Role.COORDINATION)


def sets(issue: Slot, told: bool) -> dict[str, QuerySet]:
    return {name: rows for source in _sources.values() for name, rows in source.sets(issue, told).items()}


def seen_in(read: Mapping[str, list]) -> Seen:
    found = [source.seen(read) for source in _sources.values()]
    return Seen(sum(one.number for one in found), tuple(text for one in found for text in one.interims))
