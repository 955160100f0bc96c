"""What municipalities need, how a total is apportioned among them, and what was resolved to be the target."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.text import slugify

from funding import access
from funding.models.programmes import Module
from kim import trail, workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.facts import Fact
from kim.models import Municipality, User
from kim.rules import allows, demand
from kim.workflow import StepRefused


class CriterionQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if allows(access.reads_needs, user) else self.none()

    def told_by_hand(self):
        """Those whose values are entered here; inhabitants are counted elsewhere."""
        return self.exclude(key=Criterion.POPULATION)


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

    objects = CriterionQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]
        verbose_name = "Kriterium"

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return address("funding:criterion_detail", self.pk)

    @property
    def is_population(self) -> bool:
        return self.key == self.POPULATION

    @classmethod
    @transaction.atomic
    def add(cls, *, by, name: str, unit: str, definition: str = "", note: str = "") -> "Criterion":
        demand(access.plans_needs, by)
        if cls.objects.filter(name__iexact=name).exists():
            raise StepRefused(f"Ein Kriterium „{name}“ gibt es schon. Bitte tragen Sie die Werte dort ein.")
        last = cls.objects.aggregate(last=models.Max("position"))["last"] or 0
        made = cls.objects.create(
            key=_free_key(name), name=name, unit=unit, definition=definition, position=min(last + 1, 32_000)
        )
        trail.record("criterion.add", made, by=by, note=note)
        return made


def _free_key(name: str) -> str:
    begin = slugify(name)[:32].strip("-") or "kriterium"
    taken = set(Criterion.objects.filter(key__startswith=begin).values_list("key", flat=True))
    return next(key for key in (begin, *(f"{begin}-{number}" for number in range(2, 10_000))) if key not in taken)


class CriterionValue(Fact):
    ALONE: ClassVar = ("criterion", "municipality")
    TEXTS: ClassVar = {"source": "Quelle"}

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

    @classmethod
    @transaction.atomic
    def learn(cls, *, by, criterion, municipality, value: Decimal, day: dt.date, source: str, note: str = ""):
        """That from `day` on the value is another; until the next one known. None where nothing changes."""
        there = cls.objects.believed().filter(criterion=criterion, municipality=municipality)
        now = there.valid_on(day).first()
        told: dict[str, Any] = {"value": value, "source": source}
        if now is not None:
            same = now.value == value and (now.source == source or now.valid_from != day)
            return None if same else now.change_from(day, by=by, note=note, **told)
        later = there.filter(valid_from__gt=day).order_by("valid_from").first()
        told |= {"criterion": criterion, "municipality": municipality, "valid_from": day}
        return cls.enter(by=by, note=note, valid_until=later.valid_from if later else None, **told)


class Method(models.TextChoices):
    SAINTE_LAGUE = "sainte-lague", "Sainte-Laguë (Höchstzahlen)"
    HARE_NIEMEYER = "hare-niemeyer", "Hare/Niemeyer (größte Reste)"
    POPULATION = "population", "nach Einwohnern (größte Reste)"


class ScenarioQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if allows(access.reads_needs, user) else self.none()


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

    objects = ScenarioQuerySet.as_manager()

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

    # Questions

    @property
    def is_open(self) -> bool:
        return self.adopted_at is None and self.dropped_at is None

    @property
    def standing(self) -> str:
        if self.adopted_from:
            return f"beschlossen, gilt ab {self.adopted_from:%d.%m.%Y}"
        return "verworfen" if self.dropped_at else "Entwurf"

    def why_closed(self) -> str:
        """Why nothing can be done with it any more, as a sentence; "" while it is open."""
        if self.adopted_from:
            return (
                f"Dieses Szenario ist schon beschlossen und gilt ab {self.adopted_from:%d.%m.%Y}. "
                "Für ein anderes Ziel legen Sie bitte ein neues Szenario an."
            )
        return "Dieses Szenario ist verworfen. Bitte legen Sie ein neues an." if self.dropped_at else ""

    # Acts

    @classmethod
    @transaction.atomic
    def keep(
        cls, *, by, weights: Mapping[Criterion, Decimal], shares: Sequence["ScenarioShare"], trail_note: str = "",
        **told,
    ) -> "Scenario":  # fmt: skip
        """Store what was worked out (funding.needs) with all it was worked out from."""
        demand(access.plans_needs, by)
        made = cls(by=by, **told)
        made.full_clean(exclude=["by", "inputs"], validate_unique=False)
        made.save(force_insert=True)
        ScenarioWeight.objects.bulk_create(
            ScenarioWeight(scenario=made, criterion=criterion, weight=weight) for criterion, weight in weights.items()
        )
        for share in shares:
            share.scenario = made
        ScenarioShare.objects.bulk_create(shares)
        trail.record("scenario.keep", made, by=by, note=trail_note)
        return made

    @transaction.atomic
    def adopt(self, *, by, resolution, first_day: dt.date) -> list["StaffingTarget"]:
        """From `first_day` on it is the target of every municipality in it; what held before ends the day before.

        Municipalities left out of the scenario keep the target they have.
        """
        demand(access.plans_needs, by)
        scenario = self._locked()
        if resolution is None:
            raise StepRefused("Bitte wählen Sie den Beschluss, der dieses Szenario zum Stellenziel macht.")
        if resolution.verdict not in ADOPTING:
            raise StepRefused(
                f"Der Beschluss {resolution} lautet „{resolution.get_verdict_display()}“. Ein Stellenziel braucht "
                "einen Beschluss, der angenommen ist."
            )
        scenario.resolution, scenario.adopted_from = resolution, first_day
        scenario.adopted_by, scenario.adopted_at = by, workdays.now()
        scenario.save(update_fields=["resolution", "adopted_from", "adopted_by", "adopted_at"])
        source = f"Beschluss {resolution} vom {resolution.decided_on:%d.%m.%Y}"
        held = StaffingTarget.objects.believed().filter(module=Module.CASE_MANAGEMENT).valid_on(first_day)
        before = {row.municipality_id: row for row in held}
        found = []
        for share in scenario.shares.select_related("municipality").order_by("municipality__ags"):
            told: dict[str, Any] = {"fte": share.fte, "scenario": scenario, "source": source, "valid_until": None}
            if row := before.get(share.municipality_id):
                found.append(row.change_from(first_day, by=by, **told))
            else:
                told |= {"module": Module.CASE_MANAGEMENT, "municipality": share.municipality, "valid_from": first_day}
                found.append(StaffingTarget.enter(by=by, **told))
        trail.record("scenario.adopt", scenario, by=by, note=source)
        return found

    @transaction.atomic
    def drop(self, *, by) -> None:
        demand(access.plans_needs, by)
        scenario = self._locked()
        scenario.dropped_at = workdays.now()
        scenario.save(update_fields=["dropped_at"])
        trail.record("scenario.drop", scenario, by=by)

    def _locked(self) -> "Scenario":
        scenario = Scenario.objects.select_for_update(of=("self",)).get(pk=self.pk)
        if reason := scenario.why_closed():
            raise StepRefused(reason)
        return scenario


#: Verdicts of steering.Resolution by which something is accepted.
ADOPTING = ("adopt", "resolve")


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

    @property
    def place(self) -> Municipality:
        return self.municipality


class StaffingTarget(Fact):
    """How many FTE a municipality is to have; the staffing board is measured against it."""

    ALONE: ClassVar = ("module", "municipality")
    OVERLAPS: ClassVar = (
        "Für diese Zeit gibt es schon ein Stellenziel ({other}). Bitte beenden oder berichtigen Sie es zuerst."
    )

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
