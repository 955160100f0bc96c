"""Tables about people who are advised, as they were published: once, protected, and never changed."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from kim import workdays


class PublishedTable(models.Model):
    """One figure of a whole quarter or year by area and one breakdown. Only what anybody may see stands here.

    `cells`: {"area|value": number, or None where it is kept secret}; area as in reports.asked.Area.key, value the code
    of the breakdown ("" for all). Whoever sees one such table sees the same numbers everywhere: they were protected
    together with all others of their time and with everything published before (reports.publishing). `values`: pairs of
    code and label in their order, as they were called then.
    """

    figure = models.CharField("Zahl", max_length=60)
    breakdown = models.CharField("gegliedert nach", max_length=20, blank=True)
    first = models.DateField("vom")
    until = models.DateField("bis (ausschließlich)")
    values = models.JSONField("Werte der Gliederung", default=list)
    cells = models.JSONField("Zahlen")
    counted_at = models.DateTimeField("gezählt", default=workdays.now)

    class Meta:
        verbose_name = "veröffentlichte Tabelle"
        ordering = ["-until", "figure", "breakdown"]
        constraints = [
            models.UniqueConstraint(
                fields=["figure", "breakdown", "first", "until"], name="reports_table_published_once"
            ),
            models.CheckConstraint(name="reports_table_has_days", condition=Q(first__lt=F("until"))),
        ]
        indexes = [models.Index(fields=["until", "figure"])]

    def __str__(self):
        return f"{self.figure} nach {self.breakdown or 'Gebiet'}, ab {self.first:%d.%m.%Y}"

    @property
    def last_day(self) -> dt.date:
        return self.until - dt.timedelta(days=1)
