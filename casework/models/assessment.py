"""The assessment: how somebody stands in each life domain, at the beginning and at the end."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q

from casework import access
from casework.models.cases import Case
from casework.models.codes import code_field
from kim import trail, workdays
from kim.models import Code

ONE_TO_FIVE = [MinValueValidator(1), MaxValueValidator(5)]


class AssessmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))


class Assessment(models.Model):
    """One chosen life domain. 1: nothing works without help … 5: works well."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="assessments")
    life_domain = code_field(Code.List.LIFE_DOMAIN, "Handlungsfeld", needed=True)
    start = models.PositiveSmallIntegerField("Ausgangswert", null=True, blank=True, validators=ONE_TO_FIVE)
    end = models.PositiveSmallIntegerField("Endwert", null=True, blank=True, validators=ONE_TO_FIVE)
    note = models.TextField("Einschätzung", max_length=2000, blank=True)
    valued_on = models.DateField("eingeschätzt am", default=workdays.today)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = "Einschätzung"
        ordering = ["life_domain__position"]
        constraints = [
            models.UniqueConstraint(fields=["case", "life_domain"], name="casework_domain_assessed_once"),
            models.CheckConstraint(
                name="casework_assessment_one_to_five",
                condition=(Q(start__isnull=True) | Q(start__range=(1, 5)))
                & (Q(end__isnull=True) | Q(end__range=(1, 5))),
                violation_error_message="Ausgangs- und Endwert liegen zwischen 1 und 5.",
            ),
        ]

    def __str__(self):
        return f"{self.life_domain}: {self.start or '–'} → {self.end or '–'}"

    @property
    def change(self) -> int | None:
        return None if self.start is None or self.end is None else self.end - self.start

    @classmethod
    @transaction.atomic
    def value(cls, case, *, by, life_domain, **values) -> "Assessment":
        """Choose a life domain or value it (`start`, `end`, `note`); what is not given stays."""
        access.demand_work(by, case)
        made = cls.objects.update_or_create(
            case=case, life_domain=life_domain, defaults=values | {"valued_on": workdays.today()}
        )[0]
        trail.record("case.assessment", case, by=by)
        return made

    @classmethod
    @transaction.atomic
    def value_all(cls, case, *, by, valued: "list[Assessment]", cleared: list[Code]) -> None:
        """Value several life domains at once, and take back those that were `cleared`. One row in the trail."""
        case.held_by(by)
        for one in valued:
            one.case, one.valued_on = case, workdays.today()
        Assessment.objects.bulk_create(
            valued,
            update_conflicts=True,
            unique_fields=["case", "life_domain"],
            update_fields=["start", "end", "note", "valued_on"],
        )
        cls.objects.filter(case=case, life_domain__in=cleared).delete()
        trail.record("case.assessment", case, by=by)
