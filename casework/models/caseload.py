"""Who leads which case: hand-overs between colleagues, and the coordination's look inside."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import F, Q

from casework import access
from casework.models.cases import Case
from kim import privacy_gate, trail, workdays
from kim.models import Role, User
from kim.workflow import StepRefused, happened

A_LOOK = dt.timedelta(hours=1)


class HandOverQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_handovers(user))

    def open(self):
        return self.filter(accepted_at__isnull=True, refused_at__isnull=True)


class HandOver(models.Model):
    """A list of cases offered to a colleague. Every case keeps its owner until the colleague accepts."""

    giver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="von")
    taker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="an")
    cases = models.ManyToManyField(Case, related_name="hand_overs", verbose_name="Fälle")
    note = models.TextField("Übergabenotiz", max_length=4000, blank=True)
    offered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="angeboten von")
    offered_at = models.DateTimeField("angeboten", default=workdays.now)
    accepted_at = models.DateTimeField("angenommen", null=True, blank=True)
    refused_at = models.DateTimeField("abgelehnt", null=True, blank=True)
    refusal = models.TextField("Grund der Ablehnung", max_length=1000, blank=True)

    objects = HandOverQuerySet.as_manager()

    class Meta:
        verbose_name = "Fallübergabe"
        ordering = ["-offered_at"]
        constraints = [
            models.CheckConstraint(name="casework_handover_to_somebody_else", condition=~Q(giver=F("taker"))),
            models.CheckConstraint(
                name="casework_handover_answered_once",
                condition=Q(accepted_at__isnull=True) | Q(refused_at__isnull=True),
            ),
            models.CheckConstraint(
                name="casework_handover_refused_with_reason",
                condition=(Q(refused_at__isnull=True) & Q(refusal="")) | (Q(refused_at__isnull=False) & ~Q(refusal="")),
            ),
        ]

    def __str__(self):
        return f"Fallübergabe von {self.giver} an {self.taker} ({self.offered_at:%d.%m.%Y})"

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.refused_at is None

    @classmethod
    @transaction.atomic
    def offer(cls, *, by, giver, taker, cases, note="") -> "HandOver":
        """Offer cases of `giver`: by themself, by who stands in for them, or by the coordination when they left."""
        cases = list(Case.objects.select_for_update(of=("self",)).filter(pk__in=[case.pk for case in cases]))
        if not cases:
            raise StepRefused("Bitte wählen Sie mindestens einen Fall.")
        if giver == taker:
            raise StepRefused("Bitte wählen Sie eine andere Person.")
        if not taker.is_active or not taker.holds(Role.CASE_MANAGER):
            raise StepRefused(f"{taker} arbeitet nicht im Case Management und kann keinen Fall übernehmen.")
        for case in cases:
            access.demand(access.gives_away, by, case)
            if case.owner_id != giver.pk:
                raise StepRefused(f"{case} wird nicht von {giver} geführt.")
        if taken := Case.objects.filter(hand_overs__in=cls.objects.open(), pk__in=[case.pk for case in cases]).first():
            raise StepRefused(f"{taken} ist schon zur Übergabe angeboten.")
        made = cls.objects.create(giver=giver, taker=taker, note=note, offered_by=by)
        made.cases.set(cases)
        trail.record("handover.offer", made, by=by)
        happened.send(cls, obj=made, act="offer", record=made, given={})
        return made

    @transaction.atomic
    def accept(self, *, by) -> None:
        """All of them at once; a case that somebody else leads by now stays there."""
        self._answered_by(by)
        for case in Case.objects.select_for_update(of=("self",)).filter(hand_overs=self, owner=self.giver):
            case.give_to(self.taker)
            trail.record("case.new_owner", case, by=by)
        self.accepted_at = workdays.now()
        self.save()
        trail.record("handover.accept", self, by=by)
        happened.send(HandOver, obj=self, act="accept", record=self, given={})

    @transaction.atomic
    def refuse(self, *, by, reason) -> None:
        self._answered_by(by)
        if not reason:
            raise StepRefused("Bitte nennen Sie den Grund der Ablehnung.")
        self.refused_at, self.refusal = workdays.now(), reason
        self.save()
        trail.record("handover.refuse", self, by=by)
        happened.send(HandOver, obj=self, act="refuse", record=self, given={})

    def _answered_by(self, by):
        self.refresh_from_db(from_queryset=HandOver.objects.select_for_update(of=("self",)))
        if not access.takes_over(by, self):
            raise PermissionDenied(access.takes_over.refusal)
        if not self.is_open:
            raise StepRefused("Diese Übergabe ist schon beantwortet.")


class Look(models.Model):
    """The coordination looks inside a case: with a reason, for an hour, and the case manager is told."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="looks")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="wer")
    reason = models.CharField("Anlass", max_length=200)
    at = models.DateTimeField("von", default=workdays.now)
    until = models.DateTimeField("bis")

    class Meta:
        verbose_name = "Einblick"
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                name="casework_look_lasts_an_hour_at_most",
                condition=Q(until__gt=F("at"), until__lte=F("at") + A_LOOK),
            ),
            models.CheckConstraint(name="casework_look_has_a_reason", condition=~Q(reason="")),
        ]
        indexes = [models.Index(fields=["by", "until"])]

    def __str__(self):
        return f"Einblick in {self.case} bis {self.until:%d.%m.%Y %H:%M}"

    @classmethod
    @transaction.atomic
    def take(cls, case, *, by, reason) -> "Look":
        """Look inside from now; the signal tells the case manager in the same breath."""
        if not access.looks_inside(by, case):
            raise PermissionDenied(access.looks_inside.refusal)
        if not reason.strip():
            raise StepRefused("Bitte nennen Sie den Anlass. Die Fallführung erfährt ihn.")
        # The reason stands in the trail, which the audit reads: it names nobody.
        if any(finding.blocks for finding in privacy_gate.check({"Anlass": reason}, author=by, context=case)):
            raise StepRefused("Der Anlass steht im Protokoll. Bitte nennen Sie ihn ohne Namen und Daten der Person.")
        now = workdays.now()
        made = cls.objects.create(case=case, by=by, reason=reason.strip(), at=now, until=now + A_LOOK)
        trail.record("case.look", case, by=by, note=made.reason)
        happened.send(cls, obj=made, act="look", record=made, given={})
        return made
