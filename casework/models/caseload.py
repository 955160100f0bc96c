"""Who leads which case: hand-overs between colleagues, and the coordination's look inside."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.urls import reverse

from casework import access
from casework.models.cases import Case, employer_of
from casework.models.consents import CHANGE, Consent
from casework.models.followups import FollowUp
from casework.models.network import end_former
from kim import privacy_gate, trail, workdays
from kim.models import Draft, Organisation, Role, RoleGrant, TrailEntry, User
from kim.workflow import StepRefused, happened

A_LOOK = dt.timedelta(hours=1)


class HandOverQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_handovers(user))

    def open(self):
        return self.filter(accepted_at__isnull=True, refused_at__isnull=True, withdrawn_at__isnull=True)

    def answered(self):
        return self.exclude(accepted_at__isnull=True, refused_at__isnull=True, withdrawn_at__isnull=True)


class HandOver(models.Model):
    """A list of cases offered to a colleague. Every case keeps its owner until the colleague accepts."""

    giver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="von")
    taker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="an")
    cases = models.ManyToManyField(Case, related_name="hand_overs", verbose_name="Fälle")
    note = models.TextField("Übergabenotiz", max_length=4000, blank=True)
    unagreed_reason = models.TextField("Grund, warum ohne Einwilligung", max_length=1000, blank=True)
    offered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="angeboten von")
    offered_at = models.DateTimeField("angeboten", default=workdays.now)
    accepted_at = models.DateTimeField("angenommen", null=True, blank=True)
    refused_at = models.DateTimeField("abgelehnt", null=True, blank=True)
    refusal = models.TextField("Grund der Ablehnung", max_length=1000, blank=True)
    withdrawn_at = models.DateTimeField("zurückgenommen", null=True, blank=True)

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
            models.CheckConstraint(
                name="casework_handover_withdrawn_unanswered",
                condition=Q(withdrawn_at__isnull=True) | Q(accepted_at__isnull=True, refused_at__isnull=True),
            ),
        ]

    def __str__(self):
        return f"Fallübergabe von {self.giver} an {self.taker} ({self.offered_at:%d.%m.%Y})"

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.refused_at is None and self.withdrawn_at is None

    @property
    def outcome(self) -> str:
        if self.accepted_at:
            return "angenommen"
        if self.refused_at:
            return "abgelehnt"
        return "zurückgenommen" if self.withdrawn_at else "wartet auf Antwort"

    def get_absolute_url(self):
        return reverse("casework:handover_detail", args=[self.pk])

    @classmethod
    @transaction.atomic
    def offer(cls, *, by, giver, taker, cases, note="", unagreed_reason="") -> "HandOver":
        """Offer cases of `giver`: by themself, by who stands in for them, or by the coordination when they left. With
        cases that nobody agreed to give to the taker's employer, only with the reason why it has to be
        (`unagreed_reason`); else StepRefused. The reason is read by people who know no names, so it names nobody.
        """
        rows = Case.objects.select_for_update(of=("self",)).select_related("municipality")
        cases = list(rows.filter(pk__in=[case.pk for case in cases]))
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
        unagreed = unagreed_among(moved_by(taker, cases))
        reason = unagreed_reason.strip() if unagreed else ""
        _demand_reason(reason, unagreed, by)
        made = cls.objects.create(giver=giver, taker=taker, note=note, offered_by=by, unagreed_reason=reason)
        made.cases.set(cases)
        trail.record("handover.offer", made, by=by, note=_unagreed_words(unagreed))
        happened.send(cls, obj=made, act="offer", record=made, given={})
        return made

    @transaction.atomic
    def accept(self, *, by) -> None:
        """All of them at once; a case that somebody else leads by now stays there. StepRefused where consents ended
        since the offer, and it gives no reason to do without.
        """
        self._answered_by(by)
        rows = Case.objects.select_for_update(of=("self",)).filter(hand_overs=self, owner=self.giver)
        cases = list(rows.select_related("municipality"))
        self.accepted_at = workdays.now()
        moved = moved_by(self.taker, cases)
        unagreed = unagreed_among(moved)
        if unagreed and not self.unagreed_reason:
            raise StepRefused(
                f"{_unagreed_words(unagreed)}. Bitte lassen Sie sich die Fälle neu anbieten, mit dem Grund."
            )
        for case in cases:
            case.owner = self.taker
        for case, employer in moved:
            case.employer, case.changed_employer_at = employer, self.accepted_at
        Case.objects.bulk_update(cases, ["owner", "employer", "changed_employer_at"], batch_size=500)
        kind, without = Case._meta.label_lower, {case.pk for case in unagreed}
        TrailEntry.objects.bulk_create(
            TrailEntry(act="case.new_owner", kind=kind, object_id=str(case.pk), by=by,
                       note=UNAGREED if case.pk in without else "")
            for case in cases
        )  # fmt: skip
        end_former([case for case, _ in moved], by=by)
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

    @transaction.atomic
    def withdraw(self, *, by) -> None:
        """The offer is taken back while nobody has answered it; the cases are where they were all the time."""
        self.refresh_from_db(from_queryset=HandOver.objects.select_for_update(of=("self",)))
        if not access.takes_back(by, self):
            raise PermissionDenied(access.takes_back.refusal)
        if not self.is_open:
            raise StepRefused("Diese Übergabe ist schon beantwortet.")
        self.withdrawn_at = workdays.now()
        self.save()
        trail.record("handover.withdraw", self, by=by)
        happened.send(HandOver, obj=self, act="withdraw", record=self, given={})

    def _answered_by(self, by):
        self.refresh_from_db(from_queryset=HandOver.objects.select_for_update(of=("self",)))
        access.demand_taker(by, self)
        if not self.is_open:
            raise StepRefused("Diese Übergabe ist schon beantwortet.")


#: What the trail says of a case that goes without consent; why, stands with the hand-over.
UNAGREED = "zu einem anderen Träger ohne Einwilligung, mit Grund"


def moved_by(taker, cases) -> list[tuple[Case, Organisation]]:
    """Which of `cases`, read with their municipality, get another employer with `taker`, and which. Raises StepRefused
    when the taker has none.
    """
    by_place = {place: employer_of(taker, place) for place in {case.municipality for case in cases}}
    found = [(case, by_place[case.municipality]) for case in cases]
    moved = [(case, employer) for case, employer in found if employer.pk != case.employer_id]
    if held := [case for case, _ in moved if case.is_restricted]:
        raise StepRefused(
            f"Die Verarbeitung von {held[0]} ist eingeschränkt (Art. 18 DSGVO). "
            "Der Fall geht nicht zu einem anderen Träger."
        )
    return moved


def unagreed_among(moved: list[tuple[Case, Organisation]]) -> list[Case]:
    """Those whose new employer no consent in force into the change names."""
    named = Consent.objects.filter(client__in=[case.client_id for case, _ in moved]).in_force().for_purpose(CHANGE)
    agreed = set(named.values_list("client", "recipient")) if moved else set()
    return [case for case, employer in moved if (case.client_id, employer.pk) not in agreed]


def _demand_reason(reason: str, unagreed: list[Case], by) -> None:
    if unagreed and not reason:
        raise StepRefused(
            f"{_unagreed_words(unagreed)}. Bitte holen Sie sie ein, oder schreiben Sie den Grund, warum es ohne sie "
            "gehen muss."
        )
    if reason and any(one.blocks for one in privacy_gate.check({"Grund": reason}, author=by, context=unagreed[0])):
        raise StepRefused("Den Grund liest auch, wer keine Namen sieht. Bitte nennen Sie ihn ohne Namen und Daten.")


def _unagreed_words(unagreed: list[Case]) -> str:
    if not unagreed:
        return ""
    cases = "1 Fall" if len(unagreed) == 1 else f"{len(unagreed)} Fälle"
    return f"{cases} ohne Einwilligung in den Wechsel des Trägers"


@dataclass(frozen=True)
class Change:
    """What a hand-over would change, before anybody is told of it."""

    open: int
    ended: int
    follow_ups: int  # open ones; they go along
    employers: list[tuple[Organisation, int]]  # new employers, with how many cases change to each
    without_consent: int  # of those, how many without a consent that names the new employer
    drafts: int  # consultations the giver began at these cases; they stay with the giver


def foresee(giver, taker, cases) -> Change:
    """`cases` are read with their municipality. Raises StepRefused when the taker has no employer."""
    ids = {case.pk for case in cases}
    moved = moved_by(taker, cases)
    counted = Counter(employer for _, employer in moved)
    drafts = Draft.objects.filter(user=giver, key__startswith="consultation").only("data", "url")
    return Change(
        open=sum(case.is_open for case in cases),
        ended=sum(not case.is_open for case in cases),
        follow_ups=FollowUp.objects.open().filter(case__in=ids).count(),
        employers=sorted(counted.items(), key=lambda one: str(one[0])),
        without_consent=len(unagreed_among(moved)),
        drafts=sum(_concerns(draft, ids) for draft in drafts),
    )


def _concerns(draft: Draft, cases: set[int]) -> bool:
    """Whether a begun form belongs to one of the cases: by its address, or by the case chosen in it."""
    parts = draft.url.partition("/cases/")[2].partition("/")[0]
    chosen = str(draft.data.get("case", ""))
    return any(text.isdecimal() and int(text) in cases for text in (parts, chosen))


def owners(today=None):
    """Accounts that lead open cases, with how many (`number`) and whether they still do so as a case manager
    (`is_case_manager`). `today` may be a slot.
    """
    return _leading(Case.objects.open(), today)


def who_left(today=None):
    """Those of `owners` who are no case managers any more: their cases wait for somebody."""
    return owners(today).filter(is_case_manager=False).order_by("display_name", "pk")


def who_changed_employer(today=None):
    """Case managers who lead open cases of an employer that is theirs no longer, with how many (`number`)."""
    cases = Case.objects.open().of_former_employer(today)
    return _leading(cases, today).filter(is_case_manager=True).order_by("display_name", "pk")


def _leading(cases, today):
    grants = RoleGrant.objects.valid_on(today or workdays.today()).filter(role=Role.CASE_MANAGER)
    theirs = cases.filter(owner=OuterRef("pk")).order_by()
    counted = theirs.values("owner").annotate(number=Count("pk")).values("number")
    return User.objects.filter(Exists(theirs)).annotate(
        number=Subquery(counted, output_field=models.IntegerField()),
        is_case_manager=Exists(grants.filter(user=OuterRef("pk"), user__is_active=True)),
    )


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
        if case.is_restricted:
            raise StepRefused(access.is_unrestricted.refusal)
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
