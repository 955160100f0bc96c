"""Asked early: statements of welfare organisations and others on an issue or a draft, before it is implemented."""

from django.db import models
from django.db.models import Q

from kim import workdays
from kim.addresses import address
from kim.models import Organisation, User
from steering.models.rules import RulesOfProcedure


class Statement(models.Model):
    """Asked, due, received („Stellungnahme“). About an issue, a version of the rules, or a draft told in words."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="statements", verbose_name="Institution"
    )
    issue = models.ForeignKey(
        "steering.Issue", on_delete=models.PROTECT, null=True, blank=True, related_name="statements"
    )
    rules = models.ForeignKey(
        RulesOfProcedure, on_delete=models.PROTECT, null=True, blank=True, related_name="statements"
    )
    subject = models.CharField("Entwurf", max_length=160, blank=True)
    question = models.TextField("Frage", max_length=4000)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=workdays.now)
    due_on = models.DateField("erbeten bis")
    text = models.TextField("Stellungnahme", max_length=8000, blank=True)
    received_on = models.DateField("eingegangen am", null=True, blank=True)
    received_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_on = models.DateField("zurückgezogen am", null=True, blank=True)

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = "Stellungnahme"
        constraints = [
            models.CheckConstraint(
                name="steering_statement_is_about_one_thing",
                condition=Q(issue__isnull=False, rules__isnull=True, subject="")
                | Q(issue__isnull=True, rules__isnull=False, subject="")
                | (Q(issue__isnull=True, rules__isnull=True) & ~Q(subject="")),
            ),
            models.CheckConstraint(
                name="steering_statement_received_whole",
                condition=Q(received_on__isnull=True, text="", received_by__isnull=True)
                | (Q(received_on__isnull=False, received_by__isnull=False) & ~Q(text="")),
            ),
            models.CheckConstraint(
                name="steering_statement_received_or_withdrawn",
                condition=Q(received_on__isnull=True) | Q(withdrawn_on__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_on", "id"],
                name="steering_statement_open",
                condition=Q(received_on__isnull=True, withdrawn_on__isnull=True),
            ),
        ]

    def __str__(self):
        return f"Stellungnahme {self.organisation} zu {self.about}"

    def get_absolute_url(self):
        return address("steering:statement_detail", self.pk)

    @property
    def about(self):
        """The issue, the rules, or the words of the draft."""
        return self.issue or self.rules or self.subject
