"""What people told about barriers on these pages (BITVNRW: a declaration comes with a way to tell)."""

from django.db import models
from django.db.models import Q

from kim import workdays


class BarrierReport(models.Model):
    """One barrier somebody met, told with or without signing in, and what was answered."""

    text = models.TextField("Welche Barriere?", max_length=4000)
    page = models.CharField("Auf welcher Seite?", max_length=200, blank=True)
    email = models.EmailField("Ihre E-Mail-Adresse", blank=True)
    by = models.ForeignKey("kim.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=workdays.now)
    answer = models.TextField("Antwort", max_length=4000, blank=True)
    answered_by = models.ForeignKey("kim.User", on_delete=models.SET_NULL, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="kim_barrier_answer_has_moment",
                condition=(Q(answered_at__isnull=True) & Q(answer="")) | (Q(answered_at__isnull=False) & ~Q(answer="")),
            )
        ]
        indexes = [models.Index(fields=["-created_at", "-id"])]

    def __str__(self):
        return f"Barriere Nr. {self.pk}"
