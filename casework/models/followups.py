"""Follow-ups („Wiedervorlagen“): what comes back to the desk of whoever leads the case."""

from django.db import models, transaction
from django.db.models import Q

from casework import access
from casework.models.cases import Case
from kim import trail, workdays
from kim.workflow import StepRefused


class FollowUpQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))

    def kept_by(self, user):
        return self.filter(case__in=Case.objects.kept_by(user).values("pk"))

    def open(self):
        return self.filter(done_on__isnull=True)

    def due(self, on=None):
        return self.open().filter(on_day__lte=on or workdays.today(), case__restricted_at__isnull=True)


class FollowUp(models.Model):
    """It belongs to the case, and so to its owner of the day; a hand-over takes it along."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="follow_ups")
    on_day = models.DateField("am")
    text = models.CharField("Wiedervorlage", max_length=200)
    done_on = models.DateField("erledigt am", null=True, blank=True)
    referral = models.ForeignKey(
        "casework.Referral", on_delete=models.CASCADE, null=True, blank=True, related_name="follow_ups",
        verbose_name="Weitervermittlung, nach der gefragt wird",
    )  # fmt: skip

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
    def plan(cls, case, *, by, on_day, text, referral=None) -> "FollowUp":
        access.demand_work(by, case)
        made = cls.objects.create(case=case, on_day=on_day, text=text[:200], referral=referral)
        trail.record("case.follow_up", case, by=by)
        return made

    @transaction.atomic
    def finish(self, *, by) -> None:
        self._held_by(by)
        self.done_on = workdays.today()
        self.save()
        trail.record("case.follow_up_done", self.case, by=by)

    @transaction.atomic
    def move(self, *, by, on_day) -> None:
        """Another day, from today on; what asks after a referral moves the day of the referral with it."""
        self._held_by(by)
        if on_day < workdays.today():
            raise StepRefused("Bitte wählen Sie einen Tag ab heute.")
        self.on_day = on_day
        self.save()
        if self.referral:
            self.referral.follow_up_on = on_day
            self.referral.save(update_fields=["follow_up_on"])
        trail.record("case.follow_up_moved", self.case, by=by)

    def _held_by(self, by) -> None:
        """Lock the row, read it anew, and demand that `by` works on the case and that it is still open."""
        self.refresh_from_db(from_queryset=FollowUp.objects.select_for_update(of=("self",)))
        access.demand_work(by, self.case)
        if self.done_on:
            raise StepRefused(f"Diese Wiedervorlage ist schon seit dem {self.done_on:%d.%m.%Y} erledigt.")
