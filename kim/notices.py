"""Telling people: at once in KIM, and in one digest per person and working morning. Rows, never calls.

What is told about twice under the same key is told once. Mail carries the headline and a link, nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kim import workdays
from kim.models import Notice, User
from kim.models.people import deputies_of
from kim.navigation import MANY, unread_notices


@dataclass(frozen=True)
class Telling:
    """What one group of people will learn: shown before the click, written with it, kept afterwards."""

    audience: str
    who: str
    people: tuple[User, ...]
    headline: str
    text: str


def once_each(
    tellings: Iterable[Telling], *, without: User | None = None, stand_ins: dict[int, list[User]] | None = None
) -> list[Telling]:
    """The same with deputies added, each person in the first group that names them, and empty groups left out.

    `stand_ins` are the deputies (kim.models.people.deputies_of) where they are known already.
    """
    tellings = list(tellings)
    if stand_ins is None:
        stand_ins = deputies_of({person for telling in tellings for person in telling.people})
    told = {without.pk} if without else set()
    found = []
    for telling in tellings:
        group = []
        for person in [
            *telling.people,
            *(d for p in telling.people for d in stand_ins.get(p.pk, [])),
        ]:
            if person.pk not in told:
                told.add(person.pk)
                group.append(person)
        if group:
            found.append(replace(telling, people=tuple(group)))
    return found


def tell(tellings: Iterable[Telling], *, key: str, url: str) -> None:
    """Write one notice per person. The same key tells nobody twice."""
    Notice.objects.bulk_create(
        [
            Notice(recipient=person, key=key, audience=telling.audience, headline=telling.headline[:160],
                   text=telling.text[:300], url=url)
            for telling in tellings
            for person in telling.people
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def mark_read(user: User, rows) -> int:
    """`user` has read these notices, which are their own; what the navigation counts is told. Answers how many."""
    number = rows.filter(read_at=None).update(read_at=workdays.now())
    if (before := unread_notices(user)) < MANY:
        user.unread_left = max(before - number, 0)
    return number
