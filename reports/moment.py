"""Of what day a report speaks, and what was known by then."""

import datetime as dt
from dataclasses import dataclass

from funding.staffing import end_of
from kim import workdays


@dataclass(frozen=True)
class Moment:
    """The end of `valid_on`, as known at `known_at`; changes are told since the report `before` (None: all).

    `meeting_on` is the day of the committee's meeting a report was for; its data may have been those of a day before.
    """

    valid_on: dt.date
    known_at: dt.datetime
    before: "Moment | None" = None
    meeting_on: dt.date | None = None

    @property
    def until(self) -> dt.datetime:
        """Steps count up to here: the end of the day, or the moment whose knowledge counts where that comes first."""
        return min(end_of(self.valid_on), self.known_at)

    @property
    def known_on(self) -> dt.date:
        return self.known_at.astimezone(workdays.BERLIN).date()

    @property
    def since(self) -> dt.date | None:
        return self.before.valid_on if self.before else None

    def is_new(self, day: dt.date) -> bool:
        """Whether it is told as a change: after the day of the report before, up to the day of this one."""
        return (self.since is None or self.since < day) and day <= self.valid_on

    @property
    def since_words(self) -> str:
        """„seit der Sitzung am 16.11.2021“; where the data then were those of another day, also that one."""
        return f"seit {self.before.told}" if self.before else ""

    @property
    def told(self) -> str:
        """Of the report before: „der Sitzung am 16.11.2021“."""
        if self.meeting_on is None:
            return f"dem Stand vom {german(self.valid_on)}"
        stand = "" if self.meeting_on == self.valid_on else f" (Stand {german(self.valid_on)})"
        return f"der Sitzung am {german(self.meeting_on)}{stand}"


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
