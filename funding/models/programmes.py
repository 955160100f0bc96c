"""Programmes of the Land, their periods, and what they pay for what, from when until when."""

import datetime as dt
from typing import ClassVar

from django.db import models, transaction
from django.db.models import Case, Q, When

from funding import access
from kim import trail
from kim.addresses import address
from kim.dated import Dated, known_choice
from kim.facts import Fact
from kim.models import Role
from kim.workflow import StepRefused


class Module(models.TextChoices):
    OVERHEAD = "overhead", "Modul 1 · Strategische Koordinierung"
    CASE_MANAGEMENT = "case_management", "Modul 2 · Case Management"
    AUTHORITIES = "authorities", "Modul 3 · Ausländer- und Einbürgerungsbehörden"

    @property
    def number(self) -> int:
        return list(Module).index(self) + 1

    @property
    def short(self) -> str:
        return f"Modul {self.number}"


def module_order(field: str) -> Case:
    """To sort by the number of the module that `field` names."""
    return Case(*(When(**{field: one}, then=one.number) for one in Module), output_field=models.IntegerField())


#: The functions in which people work for a module.
ROLES = {
    Module.OVERHEAD: (Role.STRATEGIC_OFFICE,),
    Module.CASE_MANAGEMENT: (Role.CASE_MANAGER, Role.COORDINATION),
    Module.AUTHORITIES: (Role.AUTHORITY,),
}


class Item(models.TextChoices):
    """What an award notice pays for. The first two are posts, paid by FTE and time."""

    POST = "post", "Fachkraft"
    ASSISTANT = "assistant", "Verwaltungsassistenz"
    WORKPLACE = "workplace", "Einrichtung eines Arbeitsplatzes"
    OTHER = "other", "weitere Sachausgaben"


#: Items that people are paid from.
STAFF = (Item.POST, Item.ASSISTANT)


class Award(models.TextChoices):
    APPLICATION = "application", "Zuwendung auf Antrag"
    LUMP_SUM = "lump_sum", "fachbezogene Pauschale durch Bescheid"


class ProgrammeQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_programmes(user))

    def in_order(self):
        """Modul 1, 2, 3: the keys of modules do not stand in that order."""
        return self.order_by(module_order("module"), "name")


class Programme(models.Model):
    key = models.SlugField("Kennung", unique=True)
    name = models.CharField("Name", max_length=160)
    module = models.CharField("Modul", max_length=16, choices=Module)
    award = models.CharField("Art der Förderung", max_length=12, choices=Award)
    legal_basis = models.CharField("Rechtsgrundlage", max_length=300, blank=True)

    objects: ClassVar = ProgrammeQuerySet.as_manager()

    class Meta:
        ordering = ["module", "name"]
        verbose_name = "Förderprogramm"
        constraints = [
            known_choice("funding_programme", "module", Module),
            known_choice("funding_programme", "award", Award),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return address("funding:programme_detail", self.pk)

    @classmethod
    @transaction.atomic
    def establish(cls, *, by, note: str = "", **told) -> "Programme":
        made = cls(**told)
        if cls._base_manager.filter(key=made.key).exists():
            raise StepRefused("Diese Kennung hat schon ein anderes Programm. Bitte wählen Sie eine andere.")
        made.full_clean()
        made.save()
        trail.record("programme.establish", made, by=by, note=note)
        return made

    @transaction.atomic
    def add_period(self, first: dt.date, last: dt.date, *, by, name: str = "", source: str = "", note: str = ""):
        """A further span for which the programme gives money; `last` is its last day. No day lies in two of them."""
        type(self)._base_manager.select_for_update().get(pk=self.pk)
        until = last + dt.timedelta(days=1)
        if other := self.periods.filter(valid_from__lt=until, valid_until__gt=first).first():
            raise StepRefused(f"In dieser Zeit gibt es schon einen Förderzeitraum ({other.span}). Bitte andere Tage.")
        made = FundingPeriod(programme=self, valid_from=first, valid_until=until, name=name, source=source)
        made.full_clean()
        made.save()
        trail.record("fundingperiod.add", made, by=by, note=note)
        return made


class FundingPeriod(Dated):
    """From the first to the last day for which a programme gives money; always with an end."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="periods", verbose_name="Förderprogramm"
    )
    name = models.CharField("Name", max_length=120, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)

    class Meta(Dated.Meta):
        ordering = ["programme", "valid_from"]
        verbose_name = "Förderzeitraum"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["programme", "valid_from"], name="funding_one_period_from_a_day"),
            models.CheckConstraint(
                name="funding_period_has_an_end",
                condition=Q(valid_until__isnull=False),
                violation_error_message="Ein Förderzeitraum hat ein Ende. Bitte nennen Sie den letzten Tag.",
            ),
        ]

    def __str__(self):
        return f"{self.programme}, {self.span}"

    @property
    def until(self) -> dt.date:
        """The first day after it."""
        assert self.valid_until is not None  # noqa: S101, the database holds none without an end
        return self.valid_until

    @property
    def last_day(self) -> dt.date:
        return self.until - dt.timedelta(days=1)


class Rate(Fact):
    """What a programme pays: `amount` euros for `per_fte` FTE, each year or once."""

    ALONE: ClassVar = ("programme", "item")
    OVERLAPS: ClassVar = (
        "Für diese Zeit gilt schon ein Satz ({other}). Bitte beenden oder berichtigen Sie ihn, statt einen zweiten "
        "daneben zu stellen."
    )

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="rates", verbose_name="Förderprogramm"
    )
    item = models.CharField("wofür", max_length=10, choices=Item)
    amount = models.DecimalField("Betrag (€)", max_digits=12, decimal_places=2)
    per_fte = models.DecimalField("je VZÄ", max_digits=4, decimal_places=3, default=1)
    once = models.BooleanField("einmalig statt je Jahr", default=False)

    class Meta(Fact.Meta):
        ordering = ["programme", "item", "valid_from"]
        verbose_name = "Fördersatz"
        constraints = [
            *Fact.Meta.constraints,
            known_choice("funding_rate", "item", Item),
            models.CheckConstraint(
                name="funding_rate_is_positive",
                condition=Q(amount__gt=0, per_fte__gt=0),
                violation_error_message="Ein Fördersatz ist größer als 0, der Stellenanteil auch.",
            ),
        ]
        indexes = [models.Index(fields=["programme", "item", "valid_from"])]

    def __str__(self):
        return f"{self.get_item_display()}, {self.programme}, {self.span}"
