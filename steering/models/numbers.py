"""Numbers of issues and of resolutions."""

from kim.numbers import YearlyNumbers


class NumberRange(YearlyNumbers):
    @classmethod
    def take(cls, year: int) -> str:
        """The next number of the year, "KP-2026-0001". Inside a transaction only."""
        return f"KP-{year}-{cls.next_in(year):04d}"


class ResolutionNumbers(YearlyNumbers):
    @classmethod
    def take(cls, year: int) -> str:
        """The next number of the year, "B-2026-0001". Inside a transaction only."""
        return f"B-{year}-{cls.next_in(year):04d}"
