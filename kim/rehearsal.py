"""What an act would change, shown before it is done: it is done, looked at, and undone again.

Apps hang in what depends on people (their cases, their issues), so that nobody is moved without seeing it; the ground
floor imports none of them. Numbers and addresses only, never content.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import transaction

from kim.models import Role, User

#: What a figure is called → what it says, in words.
Measure = Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class Change:
    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Dependent:
    """Something that lies with a person: „12 offene Fälle führt …“, and where `roles` do so."""

    words: str
    url: str = ""
    roles: frozenset[str] = frozenset(Role)


class _Undo(Exception):
    pass


def rehearse(act: Callable, measures: Iterable[Measure]) -> list[Change]:
    """What `measures` say differently once `act()` is done. Nothing is kept; what `act` raises passes through."""
    measures = list(measures)
    before = _read(measures)
    after: dict[str, str] = {}
    try:
        with transaction.atomic():
            act()
            after = _read(measures)
            raise _Undo
    except _Undo:
        pass
    names = dict.fromkeys([*before, *after])
    return [
        Change(name, before.get(name, "–"), after.get(name, "–"))
        for name in names
        if before.get(name, "–") != after.get(name, "–")
    ]


def _read(measures: Iterable[Measure]) -> dict[str, str]:
    return {name: words for measure in measures for name, words in measure().items()}


_DEPENDENTS: dict[str, Callable[[Collection[User]], Iterable[Dependent]]] = {}


def depends_on_people(name: str):
    """Registers `f(users) -> dependents`; one query or two, however many people."""

    def register(function):
        _DEPENDENTS[name] = function
        return function

    return register


def dependents(users: Collection[User], *, to: User) -> list[Dependent]:
    """What lies with `users`; an address only where `to` may go there."""
    found = [one for name in sorted(_DEPENDENTS) for one in _DEPENDENTS[name](users)] if users else []
    return [one if to.acts_as(*one.roles) else replace(one, url="") for one in found]
