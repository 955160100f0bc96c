"""Whose voice counts in a meeting, how many are there, and what passes: the rules of procedure, applied."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kim.models import Organisation
from steering.models.bodies import Membership
from steering.models.meetings import Meeting
from steering.models.rules import RulesOfProcedure


@dataclass(frozen=True)
class Voice:
    """One voice: of an institution with all its voting seats, or of one seat.

    `organisation` is set where the rules give one voice to each institution. `deputies` may give it while none of its
    `seats` is there.
    """

    name: str
    organisation: Organisation | None
    seats: tuple[Membership, ...]
    deputies: tuple[Membership, ...] = ()

    @property
    def key(self) -> str:
        """„o12“ of an institution, „s7“ of a seat."""
        return f"o{self.organisation.pk}" if self.organisation else f"s{self.seats[0].pk}"

    def given_by(self, there: Collection[int]) -> Membership | None:
        """The seat that gives it where these seats (ids) are present: a member, or else a deputy."""
        return next((seat for seat in (*self.seats, *self.deputies) if seat.pk in there), None)

    def holds(self, seat: Membership) -> bool:
        return seat in self.seats or seat in self.deputies


@dataclass(frozen=True)
class Quorum:
    """How many voices are there, of how many, and how many the rules ask for."""

    there: int
    of: int
    percent: int

    @property
    def needed(self) -> int:
        return -(-self.of * self.percent // 100)

    @property
    def reached(self) -> bool:
        return self.of > 0 and self.there * 100 >= self.percent * self.of

    @property
    def refusal(self) -> str:
        return (
            f"Nicht beschlussfähig: {self.there} von {self.of} Stimmen sind da, nach der Geschäftsordnung braucht es "
            f"{self.percent} %, also {self.needed}. Bitte ergänzen Sie die Anwesenheit oder vertagen Sie."
        )


def name_of(seat: Membership) -> str:
    """Who holds a seat, with the institution where there is one."""
    who, where = seat.user, seat.organisation
    return f"{who} ({where})" if who and where else str(who or where)


def voices_of(meeting: Meeting, rules: RulesOfProcedure | None = None, seats=None) -> list[Voice]:
    """All voices of the body on the day of the meeting, in order of name. `seats`: those of that day, read already."""
    rules = rules or RulesOfProcedure.in_force(meeting.body, meeting.day)
    if seats is None:
        seats = meeting.body.memberships.valid_on(meeting.day).select_related("user", "organisation")
    return voices_among(seats, by_institution=rules.voices == RulesOfProcedure.Voices.INSTITUTION)


def voices_among(seats: Iterable[Membership], *, by_institution: bool) -> list[Voice]:
    """Several seats of one institution are one voice; a seat without institution is a voice of its own."""
    voting = [seat for seat in seats if seat.votes and seat.function != Membership.Function.ADVISORY]
    members = [seat for seat in voting if seat.function != Membership.Function.DEPUTY]
    groups: dict[str, list[Membership]] = {}
    for seat in sorted(members, key=lambda seat: seat.pk):
        place = f"o{seat.organisation_id}" if by_institution and seat.organisation_id else f"s{seat.pk}"
        groups.setdefault(place, []).append(seat)
    found = []
    for place, own in groups.items():
        ids = {seat.pk for seat in own}
        deputies = sorted((seat for seat in voting if seat.deputy_of_id in ids), key=lambda seat: seat.pk)
        organisation = own[0].organisation if place.startswith("o") else None
        name = str(organisation) if organisation else name_of(own[0])
        found.append(Voice(name, organisation, tuple(own), tuple(deputies)))
    return sorted(found, key=lambda voice: (voice.name, voice.key))


def quorum(voices: Iterable[Voice], there: Collection[int], rules: RulesOfProcedure) -> Quorum:
    """`there` are the ids of the seats that are present, or that have voted in writing."""
    voices = list(voices)
    return Quorum(sum(voice.given_by(there) is not None for voice in voices), len(voices), rules.quorum_percent)


def accepts(rules: RulesOfProcedure, *, consensus: bool, yes: int, no: int) -> bool:
    """Whether a motion is carried. Abstentions count for neither side."""
    if consensus:
        return True
    if rules.majority == RulesOfProcedure.Majority.ONLY_CONSENSUS:
        return no == 0 and yes > 0
    return yes > no


def in_order(seats) -> list[Membership]:
    """By institution; deputies directly below their member."""
    first = sorted((seat for seat in seats if not seat.deputy_of_id), key=_place)
    found = []
    for seat in first:
        found += [seat, *sorted((one for one in seats if one.deputy_of_id == seat.pk), key=_place)]
    return found + [seat for seat in seats if seat not in found]


def _place(seat):
    return (str(seat.organisation or seat.user), str(seat.user or ""), seat.pk)
