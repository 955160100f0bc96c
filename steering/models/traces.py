"""What an issue leaves behind: who reported it, the steps it took, what was vouched for."""

from django.apps import apps
from django.db import models
from django.db.models import Q

from kim import workdays
from kim.models import User
from steering.escalation import ESCALATION, HOLDER, Office, State
from steering.models.choices import only


class Reporter(models.Model):
    """Somebody who reported an issue or joined it; whoever moves on still hears the answer."""

    issue = models.ForeignKey("steering.Issue", on_delete=models.CASCADE, related_name="reporters")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reported")
    first = models.BooleanField("hat zuerst gemeldet")
    joined_at = models.DateTimeField(default=workdays.now)
    helps = models.BooleanField("hilft in der Praxis", null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "user"], name="steering_reports_once")]
        indexes = [models.Index(fields=["user", "issue"])]

    def __str__(self):
        return f"{self.user} meldete {self.issue}"

    @classmethod
    def of(cls, issue):
        """Who reported `issue` (or the one with this id) or one merged into it.

        Asked for over the issues: an OR across both tables reads all.
        """
        pk = getattr(issue, "pk", issue)
        issues = apps.get_model("steering", "Issue")._base_manager
        return cls.objects.filter(issue__in=issues.filter(Q(pk=pk) | Q(lead=pk)).values("pk"))


class IssueStep(models.Model):
    """One step an issue took, and with it the stay that began: by whom, when, why, and until when."""

    issue = models.ForeignKey("steering.Issue", on_delete=models.CASCADE, related_name="steps_taken")
    no = models.PositiveIntegerField()
    name = models.CharField(max_length=20)
    source = models.CharField(max_length=20, choices=State)
    target = models.CharField(max_length=20, choices=State)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)
    note = models.TextField(blank=True)
    due_on = models.DateField(null=True, blank=True)
    due_words = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["no"]
        constraints = [
            models.UniqueConstraint(fields=["issue", "no"], name="steering_one_step_per_number"),
            models.CheckConstraint(
                name="steering_step_back_says_why",
                condition=~Q(name__in=["hand_back", "defer", "reopen", "unmerge", "decline"]) | ~Q(note=""),
            ),
            only("step", "source", State),
            only("step", "target", State),
        ]

    def __str__(self):
        return f"{self.issue}: {self.label}"

    @property
    def label(self) -> str:
        return ESCALATION.label(self.name)

    @property
    def office(self) -> str:
        """The office that took the step; persons are named to nobody but themselves."""
        return str(HOLDER.get(State(self.source), Office.COORDINATION).label)


class Confirmation(models.Model):
    """A finding of the privacy gate that somebody vouched for; the coordination sees it when releasing."""

    issue = models.ForeignKey("steering.Issue", on_delete=models.CASCADE, related_name="confirmations")
    key = models.CharField(max_length=64)
    field = models.CharField("Feld", max_length=60)
    kind = models.CharField("Art", max_length=40)
    excerpt = models.CharField("Stelle", max_length=120)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "key", "field"], name="steering_confirmed_once")]

    def __str__(self):
        return f"{self.issue}: {self.kind}"
