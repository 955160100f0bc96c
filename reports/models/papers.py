"""Papers that went to the committee before KIM wrote its reports, with what they say and no other row holds."""

from django.db import models


class EarlierPaper(models.Model):
    """A paper for one meeting of a committee; it is known from the day of that meeting.

    `statements`: [{"section": key of reports.status.SECTIONS, "words": sentence}], told in the report that speaks of
    the time up to that meeting, and in no later one. What can be a row of its own (a post, an agreement, a meeting) is.
    """

    document = models.CharField("Unterlage", max_length=160)
    committee = models.CharField("Gremium, dem berichtet wird", max_length=160)
    meeting_on = models.DateField("Sitzung am")
    statements = models.JSONField("Aussagen", default=list)

    class Meta:
        verbose_name = "frühere Unterlage"
        ordering = ["meeting_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["document", "meeting_on"], name="reports_one_earlier_paper"),
            models.CheckConstraint(name="reports_earlier_paper_has_committee", condition=~models.Q(committee="")),
        ]

    def __str__(self):
        return f"{self.document}, {self.meeting_on:%d.%m.%Y}"
