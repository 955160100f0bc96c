"""What happens between two steps: words, interim reports and measures of a project group."""

from django.db import models
from django.db.models import Q

from kim import workdays
from kim.models import Organisation, User
from steering.escalation import Office
from steering.models.choices import only


class Comment(models.Model):
    """A word on the way: internal to one office, or public to everybody who reported."""

    issue = models.ForeignKey("steering.Issue", on_delete=models.CASCADE, related_name="comments")
    public = models.BooleanField("öffentliches Wort")
    office = models.CharField("Ebene", max_length=12, choices=Office)
    text = models.TextField("Beitrag", max_length=4000)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [only("comment", "office", Office)]
        indexes = [models.Index(fields=["issue", "at"])]

    def __str__(self):
        return f"{self.issue}: {self.get_office_display()} {self.at:%d.%m.%Y}"


class InterimReport(models.Model):
    """What a project group reports on the way; it sets the clock to the next report."""

    issue = models.ForeignKey("steering.Issue", on_delete=models.CASCADE, related_name="interim_reports")
    body = models.ForeignKey("steering.Body", on_delete=models.PROTECT, related_name="+")
    text = models.TextField("Zwischenbericht", max_length=4000)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self):
        return f"{self.issue}: Zwischenbericht {self.at:%d.%m.%Y}"


class Measure(models.Model):
    """Something a project group will do: who, and until when. `owner` says it in words, the organisation included."""

    OWNER = 120

    issue = models.ForeignKey("steering.Issue", on_delete=models.CASCADE, related_name="measures")
    text = models.CharField("Maßnahme", max_length=300)
    owner = models.CharField("Wer", max_length=OWNER, help_text="Stelle oder Institution, kein Name")
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="measures",
    )
    due_on = models.DateField("bis")
    done_on = models.DateField("erledigt am", null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="steering_measure_done_by_somebody",
                condition=Q(done_on__isnull=True, done_by__isnull=True)
                | Q(done_on__isnull=False, done_by__isnull=False),
            )
        ]

    def __str__(self):
        return f"{self.text} ({self.owner}, bis {self.due_on:%d.%m.%Y})"

    @property
    def is_overdue(self) -> bool:
        return self.done_on is None and self.due_on < workdays.today()
