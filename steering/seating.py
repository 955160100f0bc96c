"""Who sits in a body on a day, institution by institution: who votes, who stands in for whom, and who is missing."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from steering.models import Body, ExpectedSeat, Membership

#: The order of functions within an institution.
_ORDER = ("lead", "member", "advisory", "deputy")
NOBODYS = "ohne Institution"


@dataclass
class Place:
    """An institution with its seats: (seat, those who stand in for it)."""

    name: str
    seats: list[tuple[Any, list[Any]]] = field(default_factory=list)

    @property
    def voting(self) -> int:
        return sum(seat.votes for seat, _ in self.seats)

    @property
    def size(self) -> int:
        return sum(1 + len(deputies) for _, deputies in self.seats)


@dataclass
class Seating:
    """The composition of one body on one day. `empty` places wait for somebody, `at_times` now and then."""

    places: list[Place]
    empty: list[ExpectedSeat]
    at_times: list[ExpectedSeat]

    @classmethod
    def of(cls, body: Body, day: dt.date, seats: list[Membership] | None = None) -> "Seating":
        """Two queries; one less with the `seats` of the body, read with accounts and institutions."""
        if seats is None:
            seats = list(body.memberships.select_related("user", "organisation"))
        there = [seat for seat in seats if seat.holds_on(day)]
        expected = [one for one in body.expected.select_related("organisation") if one.holds_on(day)]
        seated = {seat.organisation_id for seat in there}
        return cls(
            _places(there),
            [one for one in expected if not one.occasional and one.organisation_id not in seated - {None}],
            [one for one in expected if one.occasional],
        )

    @property
    def votes(self) -> int:
        """Seats with a vote; a deputy has none of its own."""
        return sum(place.voting for place in self.places)

    @property
    def voting_places(self) -> int:
        """Institutions with a voice; those who sit for no institution have one each."""
        return sum(place.voting if place.name == NOBODYS else place.voting > 0 for place in self.places)

    @property
    def size(self) -> int:
        return sum(place.size for place in self.places)


def _places(seats: list[Membership]) -> list[Place]:
    standing_in: dict[int | None, list[Membership]] = {}
    for seat in seats:
        if seat.function == Membership.Function.DEPUTY:
            standing_in.setdefault(seat.deputy_of_id, []).append(seat)
    found: dict[int | None, Place] = {}
    for seat in sorted(seats, key=_rank):
        if seat.function != Membership.Function.DEPUTY:
            name = str(seat.organisation) if seat.organisation else NOBODYS
            place = found.setdefault(seat.organisation_id, Place(name))
            place.seats.append((seat, standing_in.get(seat.pk, [])))
    return list(found.values())


def _rank(seat: Membership) -> tuple:
    """Who leads stands first; then institutions by name, those without one last."""
    leads = seat.function == Membership.Function.LEAD
    return (not leads, seat.organisation is None, str(seat.organisation or ""), _ORDER.index(seat.function), seat.pk)
