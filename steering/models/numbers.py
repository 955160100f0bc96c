"""Numbers of issues."""

from kim.numbers import YearlyNumbers


class NumberRange(YearlyNumbers):
    @classmethod
    def take(cls, year: int) -> str:
        """The next number of the year, "KP-2026-0001". Inside a transaction only."""
        return f"KP-{year}-{cls.next_in(year):04d}"
