"""Repayments as they were worked out: drawn up by one, released by another, then numbered and never changed."""

import datetime as dt
from typing import ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Round

from funding import access
from funding.frozen import digest, frozen, thawed
from funding.models.awards import AwardNotice, Deadline, Terms
from funding.repayment import COSTS, POSTS, Basis, Result, work_out
from kim import trail, workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.models import User
from kim.numbers import YearlyNumbers
from kim.rules import demand
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
                # SQLite subtracts in floating point: 605000 − 600416.67 is 4583.33 only to the cent.
                name="funding_calculation_adds_up",
                condition=Q(repayment=Round(F("granted") - F("entitlement"), precision=2)),
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

    # Questions

    @property
    def is_released(self) -> bool:
        return self.released_at is not None

    @property
    def is_draft(self) -> bool:
        return self.released_at is None and self.dropped_at is None

    @property
    def last_day(self) -> dt.date:
        return self.until - dt.timedelta(days=1)

    @property
    def decides(self) -> str:
        """The basis the entitlement comes from, as the result of that time had it."""
        if self.bases == Terms.Bases.POSTS or self.by_costs is None or self.by_posts is None:
            return POSTS
        return COSTS if self.bases == Terms.Bases.COSTS or self.by_costs < self.by_posts else POSTS

    @property
    def standing(self) -> str:
        return "freigegeben" if self.is_released else "Entwurf" if self.is_draft else "verworfen"

    def result(self) -> Result:
        """As it was worked out when it was drawn up."""
        return thawed(self.data)

    def now(self, basis: Basis | None = None) -> Result:
        """What comes out for the same days as things are known now; `basis` where it is read already."""
        return work_out(basis or _basis(self.notice, self.until))

    def why_not_released(self, now: Result | None = None) -> str:
        """What stands against a release, as a sentence; "" when nothing does. Who may is another question."""
        found = self.result()
        if found.missing:
            return f"So kann noch nicht freigegeben werden. {' '.join(found.missing)}"
        if found.preliminary:
            return f"So kann noch nicht freigegeben werden, die Abrechnung ist {found.preliminary}."
        if self.until > workdays.today():
            return f"Gerechnet ist bis {self.last_day:%d.%m.%Y}. Freigegeben wird danach."
        if digest(frozen(now or self.now())) != self.digest:
            return (
                "Seit diese Abrechnung erstellt wurde, haben sich Angaben geändert. "
                "Bitte verwerfen Sie sie und erstellen Sie sie neu."
            )
        return ""

    # Acts

    @classmethod
    @transaction.atomic
    def draw_up(cls, notice: AwardNotice, last_day: dt.date, *, by) -> "Calculation":
        """Works out what is to be paid back, counted up to and including `last_day`."""
        notice = AwardNotice._base_manager.select_for_update(of=("self",)).get(pk=notice.pk)
        period = notice.period
        if not period.holds_on(last_day):
            raise StepRefused(f"Der Förderzeitraum ist {period.span}. Bitte wählen Sie einen Tag darin.")
        until = last_day + dt.timedelta(days=1)
        known_at = workdays.now()
        found = work_out(_basis(notice, until))
        data = frozen(found)
        mark = digest(data)
        if cls._base_manager.filter(notice=notice, digest=mark, dropped_at__isnull=True).exists():
            raise StepRefused(
                "Für diese Tage gibt es schon eine Abrechnung mit denselben Zahlen. Bitte sehen Sie sich diese an."
            )
        made = cls.objects.create(
            notice=notice, until=until, known_at=known_at, counting=found.counting, bases=found.bases,
            granted=found.granted, by_posts=found.by_posts, by_costs=found.by_costs, entitlement=found.entitlement,
            repayment=found.repayment, data=data, digest=mark, drawn_up_by=by,
        )  # fmt: skip
        trail.record("calculation.draw_up", made, by=by, note=f"{notice.number}, bis {last_day:%d.%m.%Y}")
        return made

    @transaction.atomic
    def drop(self, *, by, because: str) -> None:
        """A draft that is not to be released. It stays, with the reason."""
        row = self._draft()
        row.dropped_at, row.dropped_because = workdays.now(), because
        row.save(update_fields=["dropped_at", "dropped_because"])
        trail.record("calculation.drop", row, by=by, note=row.notice.number)

    @transaction.atomic
    def release(self, *, by) -> "Calculation":
        """Four eyes: by somebody else than who drew it up. Numbered from now on, and never changed."""
        row = self._draft()
        demand(access.releases_calculation, by, row)
        if reason := row.why_not_released():
            raise StepRefused(reason)
        moment = workdays.now()
        year = workdays.today().year
        row.number = f"A-{year}-{CalculationNumbers.next_in(year):03}"
        row.released_at, row.released_by = moment, by
        row.save(update_fields=["number", "released_at", "released_by"])
        trail.record("calculation.release", row, by=by, note=row.notice.number)
        return row

    def _draft(self) -> "Calculation":
        """This row, locked; refused where it is a draft no more."""
        row = type(self)._base_manager.select_for_update(of=("self",)).select_related("notice__period").get(pk=self.pk)
        if not row.is_draft:
            raise OutOfTurn(f"Diese Abrechnung ist schon {row.standing}.")
        return row


def _basis(notice: AwardNotice, until: dt.date) -> Basis:
    from funding import facts_of_notice  # it reads these models

    return facts_of_notice.basis_of(notice, until)


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
