"""Numbers given out per year, without gaps or doubles."""

from django.db import models


class YearlyNumbers(models.Model):
    """The last number given out in a year; locked while the next one is taken, so none is missing or double."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    def __str__(self):
        return f"{self.year}: {self.last}"

    @classmethod
    def next_in(cls, year: int) -> int:
        """The next number of the year. Inside a transaction only."""
        rows = cls._default_manager
        rows.get_or_create(year=year)
        row = rows.select_for_update().get(year=year)
        row.last += 1
        row.save()
        return row.last
