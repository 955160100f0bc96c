"""Figures somebody put together and kept: under a name, for roles, and told of by mail when there is a new period."""

import datetime as dt
from collections.abc import Collection, Iterable

from django.db import models, transaction
from django.db.models import Q

from kim import trail, workdays
from kim.addresses import address
from kim.dated import known_choice, months_after
from kim.figures import Part
from kim.models import Role, User
from kim.workflow import StepRefused
from reports import access
from steering.models.gate import pass_gate

MOST_PERIODS = 60
#: So many one may keep.
MOST_SAVED = 100


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

    def get_absolute_url(self):
        return address("reports:saved_detail", self.pk)

    @property
    def roles(self) -> list[str]:
        return self.shared_with.split()

    @property
    def role_names(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]

    @property
    def last_day(self) -> dt.date | None:
        return self.until and self.until - dt.timedelta(days=1)

    @property
    def choice(self) -> dict[str, str]:
        """As the page of evaluations is asked for it (reports.building.wanted)."""
        until = f"{self.last_day:%Y-%m-%d}" if self.last_day else ""
        return {
            "figure": self.figure, "by": self.breakdown, "area": self.area, "rhythm": self.rhythm,
            "periods": str(self.periods), "until": until,
        }  # fmt: skip

    @classmethod
    @transaction.atomic
    def keep(cls, *, by, name: str, part: str, confirmed: Collection[str] = frozenset(), **chosen) -> "SavedFigure":
        """Keep a choice under a name of one's own. Raises StepRefused, Held, GateDown."""
        User.objects.select_for_update(of=("self",)).get(pk=by.pk)
        if cls.objects.filter(by=by).count() >= MOST_SAVED:
            raise StepRefused(f"Sie haben schon {MOST_SAVED} Auswertungen. Bitte löschen Sie zuerst eine.")
        _demand_free(by, name)
        vouched = pass_gate({"Name": name}, by=by, confirmed=confirmed)
        made = cls.objects.create(by=by, name=name, part=part, **chosen)
        trail.record("savedfigure.keep", made, by=by, note=vouched)
        return made

    @transaction.atomic
    def edit(self, *, by, name: str, part: str, confirmed: Collection[str] = frozenset(), **chosen) -> None:
        """Name and choice anew. Where it now is about another part, it is shared with nobody any more."""
        self._own(by)
        _demand_free(by, name, besides=self.pk)
        vouched = "" if name == self.name else pass_gate({"Name": name}, by=by, confirmed=confirmed)
        if part != self.part:
            self.shared_with = ""
        for field, value in {"name": name, "part": part, **chosen}.items():
            setattr(self, field, value)
        self.changed_at = workdays.now()
        self.save()
        for one in self.subscriptions.select_for_update():
            one.start_anew(self)
        trail.record("savedfigure.edit", self, by=by, note=vouched)

    @transaction.atomic
    def share(self, *, by, roles: Iterable[str]) -> None:
        """With everybody in these roles, or with nobody; what they see of it hangs on their own rights."""
        self._own(by)
        wanted = [str(role) for role in access.PARTS if str(role) in set(roles)]
        if unfit := [role for role in wanted if Part(self.part) not in access.PARTS[Role(role)]]:
            names = ", ".join(str(Role(role).label) for role in unfit)
            raise StepRefused(f"Diese Zahlen sehen nicht alle, die Sie gewählt haben: {names}.")
        self.shared_with = f" {' '.join(wanted)} " if wanted else ""
        self.changed_at = workdays.now()
        self.save()
        trail.record("savedfigure.share", self, by=by, note=", ".join(self.role_names)[:200])

    @transaction.atomic
    def drop(self, *, by) -> None:
        """With all that hangs on it: whoever subscribed hears no more of it."""
        self._own(by)
        trail.record("savedfigure.drop", self, by=by)
        self.delete()

    def _own(self, by) -> None:
        """Raises SavedFigure.DoesNotExist where it is not (any more) one's own."""
        own = SavedFigure.objects.visible_to(by).filter(by=by)
        self.refresh_from_db(from_queryset=own.select_for_update(of=("self",)))


def _demand_free(by, name: str, besides: int | None = None) -> None:
    others = SavedFigure.objects.filter(~Q(pk=besides), by=by, name=name)
    if others.exists():
        raise StepRefused("Unter diesem Namen haben Sie schon eine Auswertung. Bitte wählen Sie einen anderen.")


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

    @classmethod
    @transaction.atomic
    def begin(cls, *, by, saved: SavedFigure) -> "Subscription":
        """From the next period on; a second time nothing happens."""
        saved.refresh_from_db(
            from_queryset=SavedFigure.objects.visible_to(by).select_for_update(of=("self",))
        )  # fmt: skip
        if saved.until:
            raise StepRefused("Diese Auswertung endet an einem festen Tag. Dazu kommt nichts Neues.")
        made, is_new = cls.objects.get_or_create(saved=saved, user=by, defaults={"next_on": next_end(saved.rhythm)})
        if is_new:
            trail.record("savedfigure.subscribe", saved, by=by)
        return made

    @transaction.atomic
    def end(self, *, by=None) -> None:
        """By oneself; without `by` because the right to see it is gone."""
        trail.record("savedfigure.unsubscribe", self.saved, by=by, on_behalf_of=None if by else self.user)
        self.delete()

    def start_anew(self, saved: SavedFigure) -> None:
        """What it is about was changed: the next period is that of the new rhythm; of a fixed end none is new."""
        if saved.until:
            self.delete()
            return
        self.next_on = next_end(saved.rhythm)
        self.save()

    @property
    def first(self) -> dt.date:
        """Of the period it tells of next."""
        return months_after(self.next_on, -MONTHS[Rhythm(self.saved.rhythm)])

    def told(self, day: dt.date) -> None:
        self.last_on = day
        self.next_on = months_after(self.next_on, MONTHS[Rhythm(self.saved.rhythm)])
        self.save()


MONTHS = {Rhythm.MONTH: 1, Rhythm.QUARTER: 3, Rhythm.YEAR: 12}


def next_end(rhythm: str, day: dt.date | None = None) -> dt.date:
    """The first day after the month, quarter or year that `day` (today) lies in."""
    day, months = day or workdays.today(), MONTHS[Rhythm(rhythm)]
    return months_after(day.replace(day=1, month=day.month - (day.month - 1) % months), months)
