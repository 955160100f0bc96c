"""Numbers of cases, per year, without gaps or doubles. They say nothing about anybody."""

from django.db import models

from kim.models import County


class CaseNumberRange(models.Model):
    """The last number given out in a year; locked while the next one is taken, so none is missing or double."""

    year = models.PositiveSmallIntegerField("Jahr", primary_key=True)
    last = models.PositiveIntegerField("letzte Nummer", default=0)

    def __str__(self):
        return f"Fälle {self.year}: {self.last}"

    @classmethod
    def take(cls, year: int) -> str:
        """The next number of the year, "RSK-2026-000123". Inside a transaction only."""
        cls.objects.get_or_create(year=year)
        row = cls.objects.select_for_update().get(year=year)
        row.last += 1
        row.save()
        return f"{County.current().case_prefix}-{year}-{row.last:06d}"
