"""What municipalities need, how a total is apportioned among them, and what was resolved to be the target."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from funding.models.programmes import Module
from kim import workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.facts import Fact
from kim.models import Municipality, User


class Criterion(models.Model):
    """Something that makes a municipality need more: its share of the county's sum of this is what counts.

    „population“ is read from the counts of inhabitants (kim.models.PopulationCount).
    """

    POPULATION: ClassVar = "population"

    key = models.SlugField("Kennung", max_length=40, unique=True)
    name = models.CharField("Name", max_length=120)
    unit = models.CharField("Einheit", max_length=40)
    definition = models.CharField("Was gezählt wird", max_length=300, blank=True)
    position = models.PositiveSmallIntegerField("Reihenfolge", default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name = "Kriterium"

    def __str__(self):
        return self.name


class CriterionValue(Fact):
    ALONE: ClassVar = ("criterion", "municipality")

    criterion = models.ForeignKey(
        Criterion, on_delete=models.PROTECT, related_name="values_by_place", verbose_name="Kriterium"
    )
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+", verbose_name="Kommune")
    value = models.DecimalField("Wert", max_digits=14, decimal_places=3)

    class Meta(Fact.Meta):
        ordering = ["criterion", "municipality", "valid_from"]
        verbose_name = "Wert eines Kriteriums"
        constraints = [
            *Fact.Meta.constraints,
            models.CheckConstraint(
                name="funding_criterionvalue_is_not_negative",
                condition=Q(value__gte=0),
                violation_error_message="Ein Wert ist nicht negativ.",
            ),
        ]
        indexes = [models.Index(fields=["criterion", "municipality", "valid_from"])]

    def __str__(self):
        return f"{self.criterion}, {self.municipality}, {self.span}"


class Method(models.TextChoices):
    SAINTE_LAGUE = "sainte-lague", "Sainte-Laguë (Höchstzahlen)"
    HARE_NIEMEYER = "hare-niemeyer", "Hare/Niemeyer (größte Reste)"
    POPULATION = "population", "nach Einwohnern (größte Reste)"


class Scenario(models.Model):
    """One way to apportion a total, kept with everything it was worked out from; never changed afterwards."""

    name = models.CharField("Name", max_length=120)
    note = models.TextField("Bemerkung", max_length=1000, blank=True)
    total = models.DecimalField("zu verteilen (VZÄ)", max_digits=7, decimal_places=3)
    step = models.DecimalField("Schritt (VZÄ)", max_digits=4, decimal_places=3, default="0.25")
    minimum = models.DecimalField("mindestens je Kommune (VZÄ)", max_digits=4, decimal_places=3, default=0)
    method = models.CharField("Verfahren", max_length=14, choices=Method)
    on_day = models.DateField("Werte vom Stand")
    inputs = models.JSONField("Grundlagen", default=dict)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="erstellt von")
    at = models.DateTimeField("erstellt", default=workdays.now)
    resolution = models.ForeignKey(
        "steering.Resolution", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="beschlossen mit",
    )  # fmt: skip
    adopted_from = models.DateField("gilt ab", null=True, blank=True)
    adopted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    adopted_at = models.DateTimeField("festgelegt", null=True, blank=True)
    dropped_at = models.DateTimeField("verworfen", null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "Szenario"
        constraints = [
            known_choice("funding_scenario", "method", Method),
            models.CheckConstraint(
                name="funding_scenario_amounts_make_sense",
                condition=Q(total__gt=0, step__gt=0, minimum__gte=0),
                violation_error_message="Zu verteilende VZÄ und Schritt sind größer als 0, das Minimum nicht negativ.",
            ),
            models.CheckConstraint(
                name="funding_scenario_adopted_by_resolution",
                condition=Q(adopted_at=None, adopted_from=None, adopted_by=None, resolution=None)
                | Q(
                    adopted_at__isnull=False, adopted_from__isnull=False, adopted_by__isnull=False,
                    resolution__isnull=False, dropped_at__isnull=True,
                ),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return address("funding:scenario_detail", self.pk)


class ScenarioWeight(models.Model):
    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="weights")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    weight = models.DecimalField("Gewicht", max_digits=6, decimal_places=2)

    class Meta:
        ordering = ["scenario", "criterion"]
        constraints = [
            models.UniqueConstraint(fields=["scenario", "criterion"], name="funding_one_weight_per_criterion"),
            models.CheckConstraint(name="funding_weight_is_positive", condition=Q(weight__gt=0)),
        ]

    def __str__(self):
        return f"{self.criterion}: {self.weight}"


class ScenarioShare(models.Model):
    """What a scenario gives one municipality; `quota` is the exact share before steps, to six places."""

    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="shares")
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    weight = models.DecimalField("Gewicht", max_digits=14, decimal_places=10)
    minimum = models.DecimalField("mindestens (VZÄ)", max_digits=7, decimal_places=3, default=0)
    quota = models.DecimalField("rechnerisch (VZÄ)", max_digits=12, decimal_places=6)
    fte = models.DecimalField("VZÄ", max_digits=7, decimal_places=3)

    class Meta:
        ordering = ["scenario", "municipality"]
        constraints = [
            models.UniqueConstraint(fields=["scenario", "municipality"], name="funding_one_share_per_place"),
            models.CheckConstraint(
                name="funding_share_not_below_minimum", condition=Q(fte__gte=models.F("minimum"), minimum__gte=0)
            ),
        ]

    def __str__(self):
        return f"{self.municipality}: {self.fte}"


class StaffingTarget(Fact):
    """How many FTE a municipality is to have; the staffing board is measured against it."""

    ALONE: ClassVar = ("module", "municipality")

    module = models.CharField("Modul", max_length=16, choices=Module, default=Module.CASE_MANAGEMENT)
    municipality = models.ForeignKey(
        Municipality, on_delete=models.PROTECT, related_name="staffing_targets", verbose_name="Kommune"
    )
    fte = models.DecimalField("VZÄ", max_digits=7, decimal_places=3)
    scenario = models.ForeignKey(
        Scenario, on_delete=models.PROTECT, null=True, blank=True, related_name="targets", verbose_name="Szenario"
    )

    class Meta(Fact.Meta):
        ordering = ["module", "municipality", "valid_from"]
        verbose_name = "Stellenziel"
        constraints = [
            *Fact.Meta.constraints,
            known_choice("funding_staffingtarget", "module", Module),
            models.CheckConstraint(
                name="funding_target_is_not_negative",
                condition=Q(fte__gte=0),
                violation_error_message="Ein Stellenziel ist nicht negativ.",
            ),
        ]
        indexes = [models.Index(fields=["module", "municipality", "valid_from"])]

    def __str__(self):
        return f"{self.municipality}: {self.fte}, {self.span}"
