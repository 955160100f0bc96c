"""The plan („Hilfeplan“): goals, who does what until when, and the versions that were agreed."""

import datetime as dt
import json

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import F, Q

from casework import access
from casework.models.cases import Case
from casework.models.codes import code_field
from kim import trail, workdays
from kim.models import Code, User
from kim.workflow import StepRefused

#: Those without a day come last, whatever the database would do.
BY_DAY = F("until").asc(nulls_last=True)


class GoalQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))

    def going(self):
        return self.filter(status__in=[Goal.Status.OPEN, Goal.Status.RUNNING])

    def with_measures(self):
        """With what a plan shows of them, in two queries."""
        measures = GoalMeasure.objects.select_related("actor").order_by(BY_DAY, "pk")
        return self.select_related("life_domain").prefetch_related(models.Prefetch("measures", measures))

    def overdue(self, on=None):
        return self.going().filter(until__lt=on or workdays.today())


class Goal(models.Model):
    class Status(models.TextChoices):
        OPEN = "open", "offen"
        RUNNING = "running", "in Arbeit"
        DONE = "done", "abgeschlossen"
        DROPPED = "dropped", "entfallen"

    class Achievement(models.IntegerChoices):
        NOT = 0, "nicht erreicht"
        PARTLY = 1, "teilweise erreicht"
        MOSTLY = 2, "überwiegend erreicht"
        FULLY = 3, "voll erreicht"
        DROPPED = 9, "entfallen"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="goals")
    life_domain = code_field(Code.List.LIFE_DOMAIN, "Handlungsfeld", needed=True)
    text = models.CharField("Ziel", max_length=400)
    until = models.DateField("bis")
    status = models.CharField("Stand", max_length=8, choices=Status, default=Status.OPEN)
    achievement = models.PositiveSmallIntegerField("Erreichungsgrad", choices=Achievement, null=True, blank=True)

    objects = GoalQuerySet.as_manager()

    class Meta:
        verbose_name = "Ziel"
        ordering = ["until", "pk"]
        constraints = [
            models.CheckConstraint(
                name="casework_goal_achievement_known",
                condition=Q(achievement__isnull=True) | Q(achievement__in=[0, 1, 2, 3, 9]),
            ),
            models.CheckConstraint(
                name="casework_goal_dropped_both_ways",
                condition=Q(achievement__isnull=True)
                | Q(status="dropped", achievement=9)
                | (~Q(status="dropped") & ~Q(achievement=9)),
                violation_error_message="Was entfallen ist, hat den Erreichungsgrad „entfallen“.",
            ),
        ]
        indexes = [
            models.Index(fields=["until"], name="casework_goal_going", condition=Q(status__in=["open", "running"]))
        ]

    def __str__(self):
        return self.text

    @property
    def is_overdue(self) -> bool:
        return self.status in (self.Status.OPEN, self.Status.RUNNING) and self.until < workdays.today()

    @property
    def standing(self) -> str:
        """Where it is in one word of STANDINGS: open, running, or what came of it."""
        return str(self.achievement) if self.achievement is not None else self.status

    @classmethod
    @transaction.atomic
    def add(cls, case, *, by, life_domain, text, until) -> "Goal":
        case.held_by(by)
        made = cls.objects.create(case=case, life_domain=life_domain, text=text, until=until)
        trail.record("case.goal_new", case, by=by)
        return made

    @transaction.atomic
    def edit(self, *, by, life_domain, text, until, standing: str) -> None:
        """Change a goal and say where it is (`standing` of STANDINGS). What was agreed before stays in its version."""
        self.case.held_by(by)
        self.life_domain, self.text, self.until = life_domain, text, until
        if standing in (self.Status.OPEN, self.Status.RUNNING):
            self.status, self.achievement = self.Status(standing), None
        else:
            self.achievement = self.Achievement(int(standing))
            dropped = self.achievement == self.Achievement.DROPPED
            self.status = self.Status.DROPPED if dropped else self.Status.DONE
        self.save()
        trail.record("case.goal_edit", self.case, by=by)

    @transaction.atomic
    def value(self, *, by, achievement: int) -> None:
        """What came of it; the goal is done with that, or dropped."""
        access.demand_work(by, self.case)
        dropped = achievement == self.Achievement.DROPPED
        self.achievement, self.status = achievement, self.Status.DROPPED if dropped else self.Status.DONE
        self.save()
        trail.record("case.goal", self.case, by=by)


#: Where a goal can be, as one choice: not begun, begun, or what came of it.
STANDINGS = [
    (Goal.Status.OPEN.value, "offen"),
    (Goal.Status.RUNNING.value, "in Arbeit"),
    *((str(value), label) for value, label in reversed(Goal.Achievement.choices[:-1])),
    (str(Goal.Achievement.DROPPED.value), "entfallen"),
]


class GoalMeasure(models.Model):
    """One thing to do for a goal: what, who, until when."""

    class Who(models.TextChoices):
        CLIENT = "client", "beratene Person"
        CASE_MANAGER = "case_manager", "Case Management"
        ACTOR = "actor", "andere Stelle"

    class Status(models.TextChoices):
        OPEN = "open", "offen"
        RUNNING = "running", "in Arbeit"
        WAITING = "waiting", "wartet auf Dritte"
        DONE = "done", "erledigt"
        DROPPED = "dropped", "entfallen"

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="measures")
    text = models.CharField("Maßnahme", max_length=400)
    who = models.CharField("Wer", max_length=12, choices=Who)
    actor = models.ForeignKey(
        "casework.Actor", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Stelle"
    )
    actor_name = models.CharField("Stelle, nicht im Verzeichnis", max_length=160, blank=True)
    until = models.DateField("bis", null=True, blank=True)
    status = models.CharField("Stand", max_length=8, choices=Status, default=Status.OPEN)

    class Meta:
        verbose_name = "Maßnahme"
        ordering = ["until", "pk"]
        constraints = [
            models.CheckConstraint(
                name="casework_measure_actor_has_name",
                condition=(Q(who="actor") & (Q(actor__isnull=False) | ~Q(actor_name="")))
                | (~Q(who="actor") & Q(actor__isnull=True, actor_name="")),
                violation_error_message="Macht es eine andere Stelle, muss sie genannt sein.",
            )
        ]
        indexes = [
            models.Index(
                fields=["until"],
                name="casework_measure_going",
                condition=Q(until__isnull=False, status__in=["open", "running", "waiting"]),
            )
        ]

    def __str__(self):
        return f"{self.text} ({self.doer})"

    @property
    def doer(self) -> str:
        return str(self.actor or self.actor_name or self.get_who_display())

    @classmethod
    @transaction.atomic
    def add(cls, goal, *, by, **fields) -> "GoalMeasure":
        """`fields`: text, who, actor, actor_name, until, status."""
        goal.case.held_by(by)
        made = cls.objects.create(goal=goal, **fields)
        trail.record("case.goal_measure", goal.case, by=by)
        return made

    @transaction.atomic
    def edit(self, *, by, **fields) -> None:
        self.goal.case.held_by(by)
        for name, value in fields.items():
            setattr(self, name, value)
        self.save()
        trail.record("case.goal_measure", self.goal.case, by=by)


class PlanVersion(models.Model):
    """A plan as it was agreed: a frozen copy, printed and signed."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="plan_versions")
    no = models.PositiveSmallIntegerField("Fassung")
    agreed_on = models.DateField("vereinbart am")
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="festgehalten von")
    recorded_at = models.DateTimeField("festgehalten", default=workdays.now)
    snapshot = models.JSONField("Wortlaut", encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = "Fassung des Hilfeplans"
        ordering = ["-no"]
        constraints = [models.UniqueConstraint(fields=["case", "no"], name="casework_one_plan_per_number")]

    def __str__(self):
        return f"{self.case}: Hilfeplan, Fassung {self.no} vom {self.agreed_on:%d.%m.%Y}"

    def says(self, goals: list[dict]) -> bool:
        """Whether this is the plan that was agreed, word for word."""
        return self.snapshot == json.loads(json.dumps({"goals": goals}, cls=DjangoJSONEncoder))

    @property
    def goals(self) -> list[dict]:
        """The goals in words (see `as_agreed`), days as dates again."""
        return [
            goal
            | {"until": _day(goal["until"])}
            | {"measures": [one | {"until": _day(one["until"])} for one in goal["measures"]]}
            for goal in self.snapshot["goals"]
        ]

    @classmethod
    @transaction.atomic
    def agree(cls, case, *, by, agreed_on=None) -> "PlanVersion":
        """Freeze the goals and measures as they stand; a later change is a later version."""
        case.held_by(by)
        goals = plan_of(case)
        if not goals:
            raise StepRefused("Der Hilfeplan enthält noch kein Ziel.")
        day = agreed_on or workdays.today()
        if day > workdays.today():
            raise StepRefused("Der Hilfeplan kann nicht in der Zukunft vereinbart worden sein.")
        last = case.plan_versions.order_by("-no").first()
        if last and last.agreed_on > day:
            raise StepRefused(f"Fassung {last.no} wurde am {last.agreed_on:%d.%m.%Y} vereinbart, also später.")
        if last and last.says(goals):
            raise StepRefused(f"Seit Fassung {last.no} hat sich am Hilfeplan nichts geändert.")
        no = last.no + 1 if last else 1
        made = cls.objects.create(case=case, no=no, agreed_on=day, recorded_by=by, snapshot={"goals": goals})
        trail.record("case.agree_plan", case, by=by)
        return made


def plan_of(case) -> list[dict]:
    """The plan of a case as it stands now, in words."""
    return [as_agreed(goal) for goal in case.goals.with_measures()]


def _day(written: str | None) -> dt.date | None:
    return dt.date.fromisoformat(written) if written else None


def as_agreed(goal: Goal) -> dict:
    """A goal with its measures in words, as the printed plan shows it."""
    return {
        "life_domain": goal.life_domain.label,
        "text": goal.text,
        "until": goal.until,
        "measures": [
            {"text": one.text, "who": one.doer, "until": one.until, "status": one.get_status_display()}
            for one in goal.measures.all()
        ],
    }
