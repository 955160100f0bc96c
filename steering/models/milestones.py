"""What a body set out to reach, and by when."""

import datetime as dt

from django.db import models, transaction
from django.db.models import Q

from kim import trail, workdays
from kim.models import User
from kim.rules import demand
from kim.workflow import StepRefused
from steering import access
from steering.models.bodies import Body
from steering.models.gate import pass_gate


class Milestone(models.Model):
    """Something a body wants to have reached by a day."""

    body = models.ForeignKey(Body, on_delete=models.CASCADE, related_name="milestones", verbose_name="Gremium")
    title = models.CharField("Meilenstein", max_length=200)
    due_on = models.DateField("bis")
    done_on = models.DateField("erreicht am", null=True, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = "Meilenstein"
        constraints = [
            models.CheckConstraint(
                name="steering_milestone_reached_by_somebody",
                condition=Q(done_on__isnull=True, done_by__isnull=True)
                | Q(done_on__isnull=False, done_by__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["due_on"], name="steering_milestone_open", condition=Q(done_on__isnull=True)),
        ]

    def __str__(self):
        return f"{self.title} (bis {self.due_on:%d.%m.%Y})"

    @property
    def is_overdue(self) -> bool:
        return self.done_on is None and self.due_on < workdays.today()

    @classmethod
    @transaction.atomic
    def add(cls, body: Body, *, by, title, due_on: dt.date, confirmed=frozenset()) -> "Milestone":
        """`body` wants to have reached it by `due_on`."""
        demand(access.keeps_milestones, by, body)
        body.hold_still()
        if due_on < workdays.today():
            raise StepRefused("Ein Meilenstein liegt nicht in der Vergangenheit. Bitte wählen Sie einen Tag ab heute.")
        vouched = pass_gate({"Meilenstein": title}, places=body.municipalities.all(), by=by, confirmed=confirmed)
        made = cls.objects.create(body=body, title=title, due_on=due_on, by=by)
        trail.record("milestone.add", made, by=by, note=vouched)
        return made

    @transaction.atomic
    def reach(self, *, by) -> None:
        demand(access.keeps_milestones, by, self.body)
        self.body.hold_still()
        self.refresh_from_db(fields=["done_on", "done_by"])
        if self.done_on:
            raise StepRefused(f"Dieser Meilenstein ist schon am {self.done_on:%d.%m.%Y} erreicht worden.")
        self.done_on, self.done_by = workdays.today(), by
        self.save()
        trail.record("milestone.done", self, by=by)
