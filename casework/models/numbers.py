"""Numbers of cases. They say nothing about anybody."""

from kim.models import County
from kim.numbers import YearlyNumbers


class CaseNumberRange(YearlyNumbers):
    @classmethod
    def take(cls, year: int) -> str:
        """The next number of the year, "RSK-2026-000123". Inside a transaction only."""
        return f"{County.current().case_prefix}-{year}-{cls.next_in(year):06d}"
