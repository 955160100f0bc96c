"""Municipality by municipality: which have an agreement, which a kick-off event behind them; the white spots too."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kim.models import Municipality, User
from steering.models import Agreement, KickOff

S = Agreement.Standing
NONE = "none"
#: What wants to be done first stands first.
RANK = {standing: rank for rank, standing in enumerate(
    [S.ENDING, S.OVER, S.ENDED, NONE, S.PREPARED, S.SENT, S.COMING, S.IN_FORCE]
)}  # fmt: skip
TONE = {S.ENDING: "soon", S.OVER: "late", S.ENDED: "late", S.IN_FORCE: "done", S.COMING: "done", S.SENT: "now"}


@dataclass(frozen=True)
class Agreed:
    """The agreements of one municipality on a day: the one that counts, and the version that shall follow it."""

    place: Municipality
    versions: Sequence[Agreement]  # the latest first
    day: dt.date
    contacts: Sequence[User] = ()

    @property
    def current(self) -> Agreement | None:
        """What is in force; else what was last; else what is on its way."""
        begun = [one for one in self.versions if one.valid_from and one.valid_from <= self.day]
        held = [one for one in begun if one.valid_until is None or one.valid_until > self.day]
        return next(iter([*held, *begun, *self.versions]), None)

    @property
    def following(self) -> Agreement | None:
        newest = self.versions[0] if self.versions else None
        return newest if newest is not self.current else None

    @property
    def standing(self) -> str:
        return self.current.standing_on(self.day) if self.current else NONE

    @property
    def standings(self) -> set[str]:
        """Both its standing and that of what follows: a filter finds it under either."""
        return {self.standing, *([self.following.standing_on(self.day)] if self.following else [])}

    @property
    def words(self) -> str:
        return self.current.words_on(self.day) if self.current else "keine"

    @property
    def following_words(self) -> str:
        following = self.following
        return f"Fassung {following.version} {following.words_on(self.day)}" if following else ""

    def words_of(self, version: Agreement) -> str:
        """Of one version among all; one that ended because the next began was replaced."""
        following = [one for one in self.versions if one.valid_from and one.valid_from == version.valid_until]
        if following and following[0].valid_from and following[0].valid_from <= self.day:
            return f"abgelöst durch Fassung {following[0].version}"
        return version.words_on(self.day)

    @property
    def tone(self) -> str:
        return TONE.get(self.standing, "plain")  # type: ignore[call-overload]

    @property
    def rank(self) -> int:
        return RANK[self.standing]

    @property
    def office(self) -> str:
        return ", ".join(str(person) for person in self.contacts)


def agreed(places: Iterable[Municipality], agreements: Iterable[Agreement], day: dt.date, contacts) -> list[Agreed]:
    """One for each of `places`; `contacts(place)` are the accounts of the office that answer for it."""
    versions: dict[int, list[Agreement]] = {}
    for one in sorted(agreements, key=lambda one: -one.version):
        versions.setdefault(one.municipality_id, []).append(one)
    return [Agreed(place, versions.get(place.pk, ()), day, contacts(place)) for place in places]


@dataclass(frozen=True)
class Begun:
    """The kick-off events of one municipality."""

    place: Municipality
    events: Sequence[KickOff]  # in order of their day

    @property
    def last(self) -> KickOff | None:
        return next((one for one in reversed(self.events) if one.held), None)

    @property
    def coming(self) -> KickOff | None:
        """The next one that is planned, or one whose outcome nobody has written down yet."""
        return next((one for one in self.events if one.is_planned), None)

    @property
    def number(self) -> int:
        return sum(one.held for one in self.events)

    @property
    def standing(self) -> str:
        return "held" if self.last else "planned" if self.coming else NONE


def begun(places: Iterable[Municipality], events: Iterable[KickOff]) -> list[Begun]:
    by_place: dict[int, list[KickOff]] = {}
    for one in sorted(events, key=lambda one: (one.on_day, one.pk)):
        by_place.setdefault(one.municipality_id, []).append(one)
    return [Begun(place, by_place.get(place.pk, ())) for place in places]
