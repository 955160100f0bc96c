"""Repayments as they were worked out: drawn up by one, released by another, then numbered and never changed."""

import datetime as dt
from typing import ClassVar

from django.db import models, transaction
from django.db.models import F, Q

from funding import access
from funding.models.awards import AwardNotice, Deadline, Terms
from kim import trail, workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.models import User
from kim.numbers import YearlyNumbers
from kim.workflow import OutOfTurn, StepRefused


class CalculationNumbers(YearlyNumbers):
    """Numbers of released calculations („A-2026-001“)."""


class CalculationQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_of_notices(user))

    def released(self):
        return self.filter(released_at__isnull=False)


class Calculation(models.Model):
    """What is to be paid back of one notice, with everything it rests on. All amounts in euros and cents.

    `granted` and `entitlement` are each rounded once, half up; `repayment` is their difference and never rounded.
    """

    notice = models.ForeignKey(
        AwardNotice, on_delete=models.PROTECT, related_name="calculations", verbose_name="Bescheid"
    )
    number = models.CharField("Nummer", max_length=12, unique=True, null=True, blank=True)
    until = models.DateField("gerechnet bis (ausschließlich)")
    known_at = models.DateTimeField("nach dem Wissen vom", default=workdays.now)
    counting = models.CharField("gezählt", max_length=12, choices=Terms.Counting)
    bases = models.CharField("Grundlage", max_length=8, choices=Terms.Bases)
    granted = models.DecimalField("bewilligt (€)", max_digits=14, decimal_places=2)
    by_posts = models.DecimalField("nach Stellenmonaten (€)", max_digits=14, decimal_places=2, null=True, blank=True)
    by_costs = models.DecimalField("nach Ausgaben (€)", max_digits=14, decimal_places=2, null=True, blank=True)
    entitlement = models.DecimalField("Anspruch (€)", max_digits=14, decimal_places=2)
    repayment = models.DecimalField("Rückzahlung (€)", max_digits=14, decimal_places=2)
    data = models.JSONField("Rechenweg", default=dict)
    digest = models.CharField("Prüfsumme", max_length=64)
    drawn_up_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="erstellt von")
    drawn_up_at = models.DateTimeField("erstellt", default=workdays.now)
    released_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="freigegeben von"
    )
    released_at = models.DateTimeField("freigegeben", null=True, blank=True)
    dropped_at = models.DateTimeField("verworfen", null=True, blank=True)
    dropped_because = models.CharField("verworfen, weil", max_length=200, blank=True)

    objects: ClassVar = CalculationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "Abrechnung"
        constraints = [
            known_choice("funding_calculation", "counting", Terms.Counting),
            known_choice("funding_calculation", "bases", Terms.Bases),
            models.CheckConstraint(
                name="funding_calculation_adds_up", condition=Q(repayment=F("granted") - F("entitlement"))
            ),
            models.CheckConstraint(
                name="funding_calculation_pays_no_more_than_granted",
                condition=Q(entitlement__gte=0, entitlement__lte=F("granted")),
            ),
            models.CheckConstraint(
                name="funding_calculation_released_whole",
                condition=Q(released_at__isnull=True, released_by__isnull=True, number__isnull=True)
                | Q(
                    released_at__isnull=False, released_by__isnull=False, number__isnull=False, dropped_at__isnull=True
                ),
            ),
            models.CheckConstraint(
                name="funding_calculation_four_eyes",
                condition=Q(released_by__isnull=True) | ~Q(released_by=F("drawn_up_by")),
                violation_error_message="Freigeben muss jemand anderes als die Person, die gerechnet hat.",
            ),
        ]
        indexes = [models.Index(fields=["notice", "-id"])]

    def __str__(self):
        return f"Abrechnung {self.number}" if self.number else f"Entwurf einer Abrechnung, {self.notice.number}"

    def get_absolute_url(self):
        return address("funding:calculation_detail", self.pk)


class Proof(models.Model):
    """The proof of use („Verwendungsnachweis“) of a notice as it was handed in: it rests on a released calculation."""

    notice = models.ForeignKey(AwardNotice, on_delete=models.PROTECT, related_name="proofs", verbose_name="Bescheid")
    calculation = models.OneToOneField(
        Calculation, on_delete=models.PROTECT, related_name="proof", verbose_name="Abrechnung"
    )
    submitted_on = models.DateField("eingereicht am")
    submitted_to = models.CharField("eingereicht bei", max_length=160, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["-submitted_on", "-pk"]
        verbose_name = "Verwendungsnachweis"

    def __str__(self):
        return f"Verwendungsnachweis {self.notice.number} vom {self.submitted_on:%d.%m.%Y}"

    @classmethod
    @transaction.atomic
    def submit(
        cls, calculation: Calculation, *, by, submitted_on: dt.date, submitted_to: str = "", note: str = ""
    ) -> "Proof":
        """Handed in on a day, with the figures of a released calculation. What was due for it is done on that day."""
        notice = AwardNotice._base_manager.select_for_update(of=("self",)).get(pk=calculation.notice_id)
        if calculation.released_at is None:
            raise StepRefused("Nachgewiesen werden nur freigegebene Zahlen. Bitte lassen Sie die Abrechnung freigeben.")
        if cls._base_manager.filter(calculation=calculation).exists():
            raise OutOfTurn("Der Nachweis zu dieser Abrechnung ist schon als eingereicht eingetragen.")
        if submitted_on > workdays.today():
            raise StepRefused("Dieser Tag liegt in der Zukunft. Bitte höchstens den heutigen Tag angeben.")
        if submitted_on < calculation.until:
            last = calculation.until - dt.timedelta(days=1)
            raise StepRefused(f"Die Abrechnung reicht bis {last:%d.%m.%Y}. Eingereicht wird danach.")
        told = {"submitted_on": submitted_on, "submitted_to": submitted_to}
        made = cls(notice=notice, calculation=calculation, by=by, **told)
        made.full_clean()
        made.save()
        trail.record("proof.submit", made, by=by, note=note)
        for deadline in notice.deadlines.filter(kind=Deadline.Kind.PROOF, done_on=None, dropped_on=None):
            deadline.finish(submitted_on, by=by)
        return made
