"""Of what day a report speaks, and what was known by then."""

import datetime as dt
from dataclasses import dataclass

from funding.staffing import end_of
from kim import workdays


@dataclass(frozen=True)
class Moment:
    """The end of `valid_on`, as known at `known_at`; changes are told from the day after `since` on (None: all)."""

    valid_on: dt.date
    known_at: dt.datetime
    since: dt.date | None = None

    @property
    def until(self) -> dt.datetime:
        """Steps count up to here: the end of the day, or the moment whose knowledge counts where that comes first."""
        return min(end_of(self.valid_on), self.known_at)

    @property
    def known_on(self) -> dt.date:
        return self.known_at.astimezone(workdays.BERLIN).date()

    @property
    def then(self) -> "Moment | None":
        """The meeting before, with what was known at its end."""
        return None if self.since is None else Moment(self.since, min(end_of(self.since), self.known_at))

    def is_new(self, day: dt.date) -> bool:
        """Whether it is told as a change: after the meeting before, up to the day of the report."""
        return (self.since is None or self.since < day) and day <= self.valid_on

    @property
    def since_words(self) -> str:
        return "" if self.since is None else f"seit der Sitzung am {german(self.since)}"


def german(day: dt.date | None) -> str:
    """„16.03.2022“; "" without a day."""
    return "" if day is None else f"{day:%d.%m.%Y}"


def number_words(number: int) -> str:
    """„neun“; figures from thirteen on, as German texts write them."""
    small = ("keine", "eine", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf")
    return small[number] if number < len(small) else str(number)


def enumerated(names: list[str]) -> str:
    """„A, B und C“."""
    return " und ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
