"""Award notices: what was granted to whom, on which terms, what is due when, and what was paid."""

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from funding import access
from funding.models.programmes import FundingPeriod, Item
from kim import workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.facts import Fact
from kim.models import Organisation, User


class AwardNoticeQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_notices(user))


class AwardNotice(models.Model):
    """A notice („Bescheid“) for one recipient and period. What it grants and on which terms are facts of their own."""

    number = models.SlugField("Kennung", max_length=40, unique=True, help_text="kurz und eindeutig, etwa M2-2020")
    reference = models.CharField("Aktenzeichen", max_length=80, blank=True)
    period = models.ForeignKey(
        FundingPeriod, on_delete=models.PROTECT, related_name="notices", verbose_name="Förderzeitraum"
    )
    recipient = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="notices", verbose_name="Zuwendungsempfänger"
    )
    applied_on = models.DateField("beantragt am", null=True, blank=True)
    granted_on = models.DateField("bewilligt am", null=True, blank=True, help_text="Datum des Bescheids, wenn bekannt")
    audited_on = models.DateField("Nachweis geprüft am", null=True, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    objects: ClassVar = AwardNoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-period__valid_from", "number"]
        verbose_name = "Bescheid"
        constraints = [
            models.CheckConstraint(
                name="funding_notice_granted_after_applied",
                condition=Q(applied_on__isnull=True) | Q(granted_on__isnull=True) | Q(granted_on__gte=F("applied_on")),
                violation_error_message="Bewilligt wird nach dem Antrag. Bitte prüfen Sie die beiden Tage.",
            ),
        ]
        indexes = [models.Index(fields=["recipient", "period"])]

    def __str__(self):
        return f"{self.number} ({self.recipient})"

    def get_absolute_url(self):
        return address("funding:notice_detail", self.pk)

    @property
    def programme(self):
        return self.period.programme

    @property
    def module(self) -> str:
        return self.period.programme.module


class NoticeFact(Fact):
    """A fact about a notice: it holds within the notice's period only."""

    notice: models.ForeignKey

    class Meta(Fact.Meta):
        abstract = True

    def why_not(self) -> str:
        period = self.notice.period
        if self.valid_from < period.valid_from or (self.valid_until or dt.date.max) > period.valid_until:
            return f"Der Förderzeitraum dieses Bescheids ist {period.span}. Bitte wählen Sie Tage darin."
        return super().why_not()


class Terms(NoticeFact):
    """How a notice is counted and what it asks for."""

    class Counting(models.TextChoices):
        BY_DAY = "by_day", "taggenau: jeder Tag zählt als Teil seines Monats"
        WHOLE_MONTHS = "whole_months", "nur ganze Monate: es zählt, was an jedem Tag des Monats besetzt war"

    class Bases(models.TextChoices):
        SMALLER = "smaller", "besetzte Stellenmonate und Ausgaben, der kleinere Betrag"
        POSTS = "posts", "nur besetzte Stellenmonate"
        COSTS = "costs", "nur förderfähige Ausgaben"

    ALONE: ClassVar = ("notice",)
    TEXTS: ClassVar = {"purpose": "Zweck", "conditions": "Auflagen", "source": "Beleg"}

    notice = models.ForeignKey(AwardNotice, on_delete=models.PROTECT, related_name="terms", verbose_name="Bescheid")
    counting = models.CharField("Stellenmonate zählen", max_length=12, choices=Counting, default=Counting.BY_DAY)
    bases = models.CharField("Grundlage der Abrechnung", max_length=8, choices=Bases, default=Bases.SMALLER)
    purpose = models.TextField("Zweck", max_length=2000, blank=True)
    conditions = models.TextField("Auflagen", max_length=4000, blank=True)

    class Meta(NoticeFact.Meta):
        verbose_name = "Bestimmungen des Bescheids"
        constraints = [
            *NoticeFact.Meta.constraints,
            known_choice("funding_terms", "counting", ["by_day", "whole_months"]),
            known_choice("funding_terms", "bases", ["smaller", "posts", "costs"]),
        ]

    def __str__(self):
        return f"Bestimmungen von {self.notice}, {self.span}"


class Grant(NoticeFact):
    """What a notice grants from a day to a day: FTE of posts, or an amount for something else.

    For posts without `amount`, it is FTE × rate × time.
    """

    notice = models.ForeignKey(AwardNotice, on_delete=models.PROTECT, related_name="grants", verbose_name="Bescheid")
    item = models.CharField("wofür", max_length=10, choices=Item, default=Item.POST)
    fte = models.DecimalField("VZÄ", max_digits=7, decimal_places=3, null=True, blank=True)
    amount = models.DecimalField("Betrag laut Bescheid (€)", max_digits=12, decimal_places=2, null=True, blank=True)

    class Meta(NoticeFact.Meta):
        ordering = ["notice", "item", "valid_from", "pk"]
        verbose_name = "Bewilligung"
        constraints = [
            *NoticeFact.Meta.constraints,
            known_choice("funding_grant", "item", Item),
            models.CheckConstraint(
                name="funding_grant_posts_have_fte",
                condition=Q(item__in=["workplace", "other"]) | Q(fte__isnull=False),
                violation_error_message="Bitte nennen Sie, wie viele VZÄ bewilligt sind.",
            ),
            models.CheckConstraint(
                name="funding_grant_of_things_has_amount",
                condition=Q(item__in=["post", "assistant", "workplace"]) | Q(amount__isnull=False),
                violation_error_message="Bitte nennen Sie den bewilligten Betrag.",
            ),
            models.CheckConstraint(
                name="funding_grant_is_positive",
                condition=(Q(fte__isnull=True) | Q(fte__gt=0)) & (Q(amount__isnull=True) | Q(amount__gte=0)),
                violation_error_message="Bewilligte VZÄ und Beträge sind nicht negativ.",
            ),
        ]
        indexes = [models.Index(fields=["notice", "valid_from"])]

    def __str__(self):
        return f"{self.get_item_display()}, {self.notice}, {self.span}"


class Deadline(models.Model):
    """Something a notice asks for by a day; the clock for duties reminds of it (funding.duties)."""

    class Kind(models.TextChoices):
        CALL_OFF = "call_off", "Mittelabruf"
        INTERIM = "interim", "Zwischennachweis"
        PROOF = "proof", "Verwendungsnachweis"
        FINAL = "final", "Schlussabrechnung"
        REPAYMENT = "repayment", "Rückzahlung"

    notice = models.ForeignKey(AwardNotice, on_delete=models.PROTECT, related_name="deadlines", verbose_name="Bescheid")
    kind = models.CharField("was", max_length=10, choices=Kind)
    due_on = models.DateField("bis zum")
    done_on = models.DateField("erledigt am", null=True, blank=True)
    dropped_on = models.DateField("entfallen am", null=True, blank=True)
    dropped_because = models.CharField("entfallen, weil", max_length=200, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = "Termin eines Bescheids"
        constraints = [
            known_choice("funding_deadline", "kind", ["call_off", "interim", "proof", "final", "repayment"]),
            models.CheckConstraint(
                name="funding_deadline_done_or_dropped",
                condition=Q(done_on__isnull=True) | Q(dropped_on__isnull=True),
                violation_error_message="Ein Termin ist entweder erledigt oder entfallen.",
            ),
            models.CheckConstraint(
                name="funding_deadline_dropped_with_reason",
                condition=Q(dropped_on__isnull=True) | ~Q(dropped_because=""),
                violation_error_message="Bitte begründen Sie, weshalb der Termin entfällt.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_on"],
                name="funding_deadline_open",
                condition=Q(done_on__isnull=True, dropped_on__isnull=True),
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()}, {self.notice}"

    @property
    def is_open(self) -> bool:
        return self.done_on is None and self.dropped_on is None


class Payment(models.Model):
    """Money that moved on a day; one entered wrongly is cancelled with its reason, never removed."""

    class Kind(models.TextChoices):
        CALLED_OFF = "called_off", "abgerufen"
        REPAID = "repaid", "zurückgezahlt"
        INTEREST = "interest", "Zinsen gezahlt"

    notice = models.ForeignKey(AwardNotice, on_delete=models.PROTECT, related_name="payments", verbose_name="Bescheid")
    kind = models.CharField("Art", max_length=10, choices=Kind)
    amount = models.DecimalField("Betrag (€)", max_digits=12, decimal_places=2)
    on_day = models.DateField("am")
    source = models.CharField("Beleg", max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)
    cancelled_at = models.DateTimeField("storniert", null=True, blank=True)
    cancelled_because = models.CharField("storniert, weil", max_length=200, blank=True)

    class Meta:
        ordering = ["on_day", "pk"]
        verbose_name = "Zahlung"
        constraints = [
            known_choice("funding_payment", "kind", ["called_off", "repaid", "interest"]),
            models.CheckConstraint(
                name="funding_payment_is_positive",
                condition=Q(amount__gt=0),
                violation_error_message="Ein Betrag ist größer als 0.",
            ),
            models.CheckConstraint(
                name="funding_payment_cancelled_with_reason",
                condition=Q(cancelled_at__isnull=True) | ~Q(cancelled_because=""),
                violation_error_message="Bitte begründen Sie die Stornierung.",
            ),
        ]
        indexes = [models.Index(fields=["notice", "on_day"])]

    def __str__(self):
        return f"{self.get_kind_display()} {self.on_day:%d.%m.%Y}, {self.notice}"
