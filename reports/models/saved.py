"""Figures somebody put together and kept: under a name, for roles, and told of by mail when there is a new period."""

import datetime as dt

from django.db import models
from django.db.models import Q

from kim import workdays
from kim.dated import known_choice
from kim.figures import Part
from kim.models import User
from reports import access


class SavedFigureQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_saved(user))


class Rhythm(models.TextChoices):
    MONTH = "month", "Monate"
    QUARTER = "quarter", "Quartale"
    YEAR = "year", "Jahre"


class SavedFigure(models.Model):
    """What was chosen, never numbers: those are read anew, with the rights of whoever looks."""

    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="von")
    name = models.CharField("Name", max_length=80)
    figure = models.CharField("Zahl", max_length=60)
    part = models.CharField("Teil", max_length=20, choices=[(str(part), part.words) for part in Part])
    breakdown = models.CharField("gegliedert nach", max_length=20, blank=True)
    area = models.CharField("Gebiet", max_length=8, blank=True)
    rhythm = models.CharField("je", max_length=8, choices=Rhythm)
    #: So many periods up to the last one that has ended; or from a fixed day on.
    periods = models.PositiveSmallIntegerField("Zahl der Zeiträume", default=12)
    until = models.DateField("bis (ausschließlich); leer: bis heute", null=True, blank=True)
    #: Roles it is shared with, each between blanks („ coordination steering_group “).
    shared_with = models.CharField("geteilt mit", max_length=200, blank=True)
    created_at = models.DateTimeField(default=workdays.now)
    changed_at = models.DateTimeField(default=workdays.now)

    objects = SavedFigureQuerySet.as_manager()

    class Meta:
        verbose_name = "gespeicherte Auswertung"
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["by", "name"], name="reports_saved_under_one_name"),
            known_choice("reports_savedfigure", "rhythm", Rhythm),
            known_choice("reports_savedfigure", "part", list(Part)),
            models.CheckConstraint(name="reports_saved_some_periods", condition=Q(periods__range=(1, 60))),
        ]

    def __str__(self):
        return self.name

    @property
    def roles(self) -> list[str]:
        return self.shared_with.split()


class Subscription(models.Model):
    """Somebody wants to hear of a saved figure when a period has ended. The mail holds a link and no number."""

    saved = models.ForeignKey(SavedFigure, on_delete=models.CASCADE, related_name="subscriptions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    next_on = models.DateField("nächste Nachricht am")
    last_on = models.DateField("letzte Nachricht am", null=True, blank=True)
    since = models.DateTimeField("seit", default=workdays.now)

    class Meta:
        verbose_name = "Abonnement"
        constraints = [models.UniqueConstraint(fields=["saved", "user"], name="reports_subscribed_once")]
        indexes = [models.Index(fields=["next_on"])]

    def __str__(self):
        return f"{self.saved} ab {self.next_on:%d.%m.%Y}"

    def is_due(self, day: dt.date) -> bool:
        return self.next_on <= day
