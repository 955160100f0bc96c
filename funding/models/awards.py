"""Award notices: what was granted to whom, on which terms, what is due when, and what was paid."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import F, Q

from funding import access
from funding.models.programmes import STAFF, FundingPeriod, Item
from kim import trail, workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.facts import Fact
from kim.models import Organisation, User
from kim.workflow import OutOfTurn, StepRefused

if TYPE_CHECKING:
    from funding.models.calculations import Calculation, Proof


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

    #: What funding.money reads along.
    grants_read: list["Grant"]
    terms_read: list["Terms"]
    payments_read: list["Payment"]
    deadlines_read: list["Deadline"]
    released_read: list["Calculation"]
    proofs_read: list["Proof"]

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

    def granted_fte_on(self, day: dt.date, items: Collection[str] = STAFF) -> Decimal:
        """FTE of posts the notice grants on a day."""
        there = self.grants_read if hasattr(self, "grants_read") else self.grants.believed()
        held = (one.fte for one in there if one.item in items and one.holds_on(day) and one.fte is not None)
        return sum(held, Decimal(0))

    # Acts

    @classmethod
    @transaction.atomic
    def enter(cls, *, by, note: str = "", **told) -> "AwardNotice":
        made = cls(**told, by=by)
        made._demand_number_of_its_own()
        made.full_clean()
        made.save()
        trail.record("awardnotice.enter", made, by=by, note=note)
        return made

    @transaction.atomic
    def edit(self, *, by, note: str = "", **told) -> None:
        """What stands on the paper itself. The trail notes which of it changed, not what it says."""
        row = type(self)._base_manager.select_for_update(of=("self",)).get(pk=self.pk)
        changed = [name for name, value in told.items() if getattr(row, name) != value]
        if not changed:
            return
        for name, value in told.items():
            setattr(row, name, value)
        row._demand_number_of_its_own()
        row.full_clean()
        row.save()
        labels = ", ".join(str(field.verbose_name) for field in self._meta.concrete_fields if field.name in changed)
        trail.record("awardnotice.edit", row, by=by, note=f"{labels}{f', {note}' if note else ''}"[:200])
        self.refresh_from_db()

    def _demand_number_of_its_own(self) -> None:
        if type(self)._base_manager.filter(number=self.number).exclude(pk=self.pk).exists():
            raise StepRefused("Diese Kennung hat schon ein anderer Bescheid. Bitte wählen Sie eine andere.")


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

    def get_absolute_url(self):
        return address("funding:notice_detail", self.notice_id)

    @property
    def is_open(self) -> bool:
        return self.done_on is None and self.dropped_on is None

    @classmethod
    @transaction.atomic
    def agree(cls, notice: AwardNotice, *, by, kind: str, due_on: dt.date, source: str = "", note: str = ""):
        """Something is due on a day. What is open of that kind for that day is not entered twice."""
        AwardNotice._base_manager.select_for_update().get(pk=notice.pk)
        if notice.deadlines.filter(kind=kind, due_on=due_on, done_on=None, dropped_on=None).exists():
            raise StepRefused("Diesen Termin gibt es schon, und er ist offen. Bitte ändern Sie ihn dort.")
        _demand_within_reach(notice, due_on)
        made = cls(notice=notice, kind=kind, due_on=due_on, source=source, by=by)
        made.full_clean()
        made.save()
        trail.record("deadline.agree", made, by=by, note=note)
        return made

    @transaction.atomic
    def finish(self, done_on: dt.date, *, by) -> None:
        self._take()
        _demand_past(done_on)
        self.done_on = done_on
        self.save()
        trail.record("deadline.finish", self, by=by)

    @transaction.atomic
    def drop(self, because: str, *, by, note: str = "") -> None:
        """Nothing is due any more, for a reason."""
        self._take()
        self.dropped_on, self.dropped_because = workdays.today(), because
        self.full_clean()
        self.save()
        trail.record("deadline.drop", self, by=by, note=note)

    @transaction.atomic
    def move(self, due_on: dt.date, because: str, *, by, note: str = "") -> "Deadline":
        """Due on another day: the old day stays readable as dropped, the new one is a row of its own."""
        self._take()
        if due_on == self.due_on:
            raise StepRefused("Das ist der bisherige Tag. Bitte nennen Sie den neuen.")
        self.dropped_on = workdays.today()
        self.dropped_because = f"verschoben auf {due_on:%d.%m.%Y}: {because}"[:200]
        self.save()
        moved = type(self).agree(self.notice, by=by, kind=self.kind, due_on=due_on, source=self.source)
        trail.record("deadline.move", self, by=by, note=note)
        return moved

    def _take(self) -> None:
        """Lock the row and see that it is still open."""
        self.refresh_from_db(from_queryset=type(self)._base_manager.select_for_update(of=("self",)))
        if not self.is_open:
            raise OutOfTurn("Dieser Termin ist inzwischen erledigt oder entfallen. Bitte sehen Sie sich ihn an.")


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

    def get_absolute_url(self):
        return address("funding:notice_detail", self.notice_id)

    @classmethod
    @transaction.atomic
    def enter(cls, notice: AwardNotice, *, by, kind: str, amount: Decimal, on_day: dt.date, source="", note=""):
        _demand_past(on_day)
        made = cls(notice=notice, kind=kind, amount=amount, on_day=on_day, source=source, by=by)
        made.full_clean()
        made.save()
        trail.record("payment.enter", made, by=by, note=note)
        return made

    @transaction.atomic
    def cancel(self, because: str, *, by, note: str = "") -> None:
        self.refresh_from_db(from_queryset=type(self)._base_manager.select_for_update(of=("self",)))
        if self.cancelled_at:
            raise OutOfTurn("Diese Zahlung ist schon storniert. Bitte sehen Sie sich den neuen Stand an.")
        self.cancelled_at, self.cancelled_because = workdays.now(), because
        self.full_clean()
        self.save()
        trail.record("payment.cancel", self, by=by, note=note)


def _demand_within_reach(notice: AwardNotice, due_on: dt.date) -> None:
    if due_on < notice.period.valid_from:
        raise StepRefused(f"Das liegt vor dem Förderzeitraum, der am {notice.period.valid_from:%d.%m.%Y} beginnt.")


def _demand_past(day: dt.date) -> None:
    if day > workdays.today():
        raise StepRefused("Dieser Tag liegt in der Zukunft. Bitte höchstens den heutigen Tag angeben.")
