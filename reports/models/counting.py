"""Counts ready for reading. They can be thrown away: the background counts them again from the rows of the apps."""

from django.db import models

from kim import workdays


class Counting(models.Model):
    """One run over everything; the last one says as of when the kept counts are."""

    as_of = models.DateTimeField("gezählt, was bis dahin geschrieben war")
    until = models.DateField("letzter gezählter Tag")
    finished_at = models.DateTimeField("fertig", default=workdays.now)
    rows_changed = models.PositiveIntegerField("geänderte Zeilen", default=0)
    #: The last row of the trail when it began: nothing was written since where it is still the last.
    trail_id = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "Zählung"
        ordering = ["-pk"]

    def __str__(self):
        return f"Zählung vom {self.as_of:%d.%m.%Y %H:%M}"


class DayCount(models.Model):
    """The issues of the county, a bank or a municipality as they stood at the end of a day (reports.chain)."""

    area = models.CharField("Gebiet", max_length=8, blank=True)  # reports.asked.Area.key
    day = models.DateField("Tag")
    numbers = models.JSONField("Zahlen")
    digest = models.CharField("Prüfsumme", max_length=32)

    class Meta:
        verbose_name = "Tagesstand"
        constraints = [models.UniqueConstraint(fields=["area", "day"], name="reports_one_count_per_area_and_day")]
        indexes = [models.Index(fields=["day", "area"])]

    def __str__(self):
        return f"{self.area or 'Kreis'}, {self.day:%d.%m.%Y}"


class KeptPart(models.Model):
    """What one part of the dashboard found for a day, kept until something it rests on is written."""

    part = models.CharField("Teil", max_length=20)
    area = models.CharField("Gebiet", max_length=8, blank=True)
    day = models.DateField("Tag")
    data = models.JSONField("Zahlen")
    counted_at = models.DateTimeField("gezählt", default=workdays.now)
    #: The last row of the trail nobody could still write before, and how many that matter came after (reports.parts).
    trail_id = models.BigIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "Teil der Lage"
        constraints = [models.UniqueConstraint(fields=["part", "area", "day"], name="reports_part_kept_once")]

    def __str__(self):
        return f"{self.part}, {self.day:%d.%m.%Y}"
