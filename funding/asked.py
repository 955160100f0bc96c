"""What commands about a day have in common: the day, what was known when, and tables of plain text."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from funding import staffing
from kim import workdays
from kim.forms import Day


@dataclass(frozen=True)
class When:
    day: dt.date
    known_on: dt.date | None = None

    @property
    def known_at(self) -> dt.datetime | None:
        """The evening of the day whose knowledge is asked for; None: now."""
        return staffing.end_of(self.known_on) if self.known_on else None

    def __str__(self):
        known = f"bekannt am {self.known_on:%d.%m.%Y}" if self.known_on else "nach heutigem Wissen"
        return f"Stand {self.day:%d.%m.%Y}, {known}"

    def as_data(self) -> dict[str, str | None]:
        return {"on": self.day.isoformat(), "known_on": self.known_on.isoformat() if self.known_on else None}


def add_arguments(parser) -> None:
    parser.add_argument("--on", metavar="TAG", help="Stand: 2022-03-16 oder 16.03.2022; ohne Angabe heute")
    parser.add_argument("--known-on", metavar="TAG", help="was an diesem Tag bekannt war; ohne Angabe alles")
    parser.add_argument("--json", action="store_true", help="als JSON statt als Text")


def read(options) -> When:
    """Raises CommandError with a sentence where something is no day."""
    return When(day_of(options["on"], "--on") or workdays.today(), day_of(options["known_on"], "--known-on"))


def day_of(text: str | None, name: str) -> dt.date | None:
    """What was given for the option `name`. Raises CommandError with a sentence."""
    try:
        return Day(required=False).clean(text)
    except ValidationError as error:
        raise CommandError(f"{name}: {' '.join(error.messages)}") from None


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side; the first row is the heading."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
