"""Follow-ups („Wiedervorlagen“): what comes back to the desk of whoever leads the case."""

from django.db import models, transaction
from django.db.models import Q

from casework import access
from casework.models.cases import Case
from kim import trail, workdays


class FollowUpQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))

    def kept_by(self, user):
        return self.filter(case__in=Case.objects.kept_by(user).values("pk"))

    def open(self):
        return self.filter(done_on__isnull=True)

    def due(self, on=None):
        return self.open().filter(on_day__lte=on or workdays.today())


class FollowUp(models.Model):
    """It belongs to the case, and so to its owner of the day; a hand-over takes it along."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="follow_ups")
    on_day = models.DateField("am")
    text = models.CharField("Wiedervorlage", max_length=200)
    done_on = models.DateField("erledigt am", null=True, blank=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = "Wiedervorlage"
        ordering = ["on_day", "pk"]
        indexes = [
            models.Index(fields=["case", "on_day"], name="casework_follow_up_open", condition=Q(done_on__isnull=True)),
            models.Index(fields=["on_day"], name="casework_follow_up_due", condition=Q(done_on__isnull=True)),
        ]

    def __str__(self):
        return f"{self.on_day:%d.%m.%Y}: {self.text}"

    @classmethod
    @transaction.atomic
    def plan(cls, case, *, by, on_day, text) -> "FollowUp":
        access.demand_work(by, case)
        made = cls.objects.create(case=case, on_day=on_day, text=text)
        trail.record("case.follow_up", case, by=by)
        return made

    @transaction.atomic
    def finish(self, *, by) -> None:
        access.demand_work(by, self.case)
        self.done_on = workdays.today()
        self.save()
        trail.record("case.follow_up_done", self.case, by=by)
