"""Minutes („Niederschrift“): drafted from what was recorded, sent, objected to, approved; from then on they stand."""

from django.db import models
from django.db.models import Q

from kim import workdays
from kim.models import User
from steering.models.meetings import Meeting


class Minutes(models.Model):
    """Of one meeting. What was said on each item stands in AgendaItem.notes, what was decided in its Resolution.

    `content` is what was sent, as it was sent (see Minutes.gathered), and what stays once they are approved: a later
    change of any row it was drawn from does not touch it.
    """

    meeting = models.OneToOneField(Meeting, on_delete=models.PROTECT, related_name="minutes")
    opening = models.TextField("Eröffnung", max_length=4000, blank=True)
    closing = models.TextField("Schluss", max_length=4000, blank=True)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=workdays.now)
    version = models.PositiveSmallIntegerField("Fassung", default=0)
    content = models.JSONField(null=True, blank=True)
    sent_at = models.DateTimeField("versandt", null=True, blank=True)
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    objections_until = models.DateField("Einwendungen bis einschließlich", null=True, blank=True)
    approved_on = models.DateField("genehmigt am", null=True, blank=True)
    approved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="leer: mit Ablauf der Frist"
    )

    class Meta:
        verbose_name = "Niederschrift"
        constraints = [
            models.CheckConstraint(
                name="steering_minutes_sent_whole",
                condition=Q(sent_at__isnull=True, objections_until__isnull=True)
                | Q(sent_at__isnull=False, objections_until__isnull=False, content__isnull=False),
            ),
            models.CheckConstraint(
                name="steering_minutes_approved_after_sent",
                condition=Q(approved_on__isnull=True) | Q(sent_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["objections_until"],
                name="steering_minutes_to_approve",
                condition=Q(sent_at__isnull=False, approved_on__isnull=True),
            ),
        ]

    def __str__(self):
        return f"Niederschrift: {self.meeting}"

    @property
    def standing(self) -> str:
        if self.approved_on:
            return f"genehmigt am {self.approved_on:%d.%m.%Y}"
        return f"versandt, Einwendungen bis {self.objections_until:%d.%m.%Y}" if self.sent_at else "Entwurf"


class Objection(models.Model):
    """A member says that the minutes are wrong, within the days the rules give; the office answers."""

    minutes = models.ForeignKey(Minutes, on_delete=models.PROTECT, related_name="objections")
    version = models.PositiveSmallIntegerField("zur Fassung")
    text = models.TextField("Einwendung", max_length=4000)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)
    accepted = models.BooleanField("aufgenommen", null=True, blank=True)
    answer = models.TextField("Antwort", max_length=2000, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = "Einwendung"
        constraints = [
            models.CheckConstraint(
                name="steering_objection_decided_whole",
                condition=Q(accepted__isnull=True, decided_at__isnull=True, decided_by__isnull=True)
                | Q(accepted__isnull=False, decided_at__isnull=False, decided_by__isnull=False),
            )
        ]

    def __str__(self):
        return f"{self.minutes}: Einwendung vom {self.at:%d.%m.%Y}"
