"""What a case leaves behind: the steps it took."""

from django.db import models
from django.db.models import Q

from casework.lifecycle import LIFECYCLE, State
from kim import workdays
from kim.models import User


class CaseStep(models.Model):
    """One step a case took, and who led it then."""

    case = models.ForeignKey("casework.Case", on_delete=models.CASCADE, related_name="steps_taken")
    no = models.PositiveIntegerField("Nummer")
    name = models.CharField("Schritt", max_length=20)
    source = models.CharField("von", max_length=20, choices=State)
    target = models.CharField("nach", max_length=20, choices=State)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="Fallführung")
    at = models.DateTimeField("am", default=workdays.now)
    note = models.TextField("Begründung", blank=True)

    class Meta:
        verbose_name = "Schritt eines Falls"
        ordering = ["no"]
        constraints = [
            models.UniqueConstraint(fields=["case", "no"], name="casework_one_step_per_number"),
            models.CheckConstraint(
                name="casework_step_aside_says_why",
                condition=~Q(name__in=["decline", "rest", "take_up_again"]) | ~Q(note=""),
            ),
        ]

    def __str__(self):
        return f"{self.case}: {self.label}"

    @property
    def label(self) -> str:
        row = LIFECYCLE.find(self.name, self.source)
        return row.label if row else LIFECYCLE.label(self.name)
