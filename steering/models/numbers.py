"""Numbers of issues, per year, without gaps or doubles."""

from django.db import models


class NumberRange(models.Model):
    """The last number given out in a year; locked while the next one is taken, so none is missing or double."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self):
        return f"KP-{self.year}: {self.last}"

    @classmethod
    def take(cls, year: int) -> str:
        """The next number of the year, "KP-2026-0001". Inside a transaction only."""
        cls.objects.get_or_create(year=year)
        row = cls.objects.select_for_update().get(year=year)
        row.last += 1
        row.save()
        return f"KP-{year}-{row.last:04d}"
