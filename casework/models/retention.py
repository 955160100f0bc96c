"""What becomes of data when its time is over: holds, the register of deletions, and what stays for the statistics."""

import datetime as dt
import uuid
from collections import Counter

from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse

from casework import access
from casework.lifecycle import State
from casework.models.cases import Case
from casework.models.codes import code_field
from kim import trail, workdays
from kim.models import Bank, Code, Municipality, User
from kim.workflow import StepRefused

#: A hold is looked at again at least once a year.
LONGEST_HOLD = dt.timedelta(days=366)


class HoldQuerySet(models.QuerySet):
    def in_force(self, on=None):
        """Those that put an erasure off on a day (or slot). After a withdrawal only legal claims do."""
        counts = Q(case__locked_at__isnull=True) | Q(reason=Hold.Reason.CLAIM)
        return self.filter(counts, until__gte=on or workdays.today(), ended_at__isnull=True)

    def visible_to(self, user):
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))


class Hold(models.Model):
    """A case is not erased until a day, for a reason the law knows. Never a reason in words: words name people."""

    class Reason(models.TextChoices):
        CLAIM = "claim", "Rechtsansprüche oder ein Verfahren (Art. 17 Abs. 3 Buchst. e DSGVO)"
        RESTRICTION = "restriction", "Die Person möchte, dass nicht gelöscht wird (Art. 18 DSGVO)"
        AUDIT = "audit", "Prüfung durch Revision oder Fördergeber"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="holds")
    reason = models.CharField("Grund", max_length=12, choices=Reason)
    until = models.DateField("bis einschließlich")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="angehalten von")
    at = models.DateTimeField("angehalten", default=workdays.now)
    ended_at = models.DateTimeField("aufgehoben", null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = "Aufschub der Löschung"
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                name="casework_hold_ended_by_somebody",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["case", "until"], name="casework_hold_going", condition=Q(ended_at=None))]

    def __str__(self):
        return f"{self.case}: Löschung aufgeschoben bis {self.until:%d.%m.%Y}"

    def get_absolute_url(self):
        return reverse("casework:hold_end", args=[self.pk])

    @property
    def is_in_force(self) -> bool:
        counts = self.reason == self.Reason.CLAIM or not self.case.is_locked
        return counts and self.ended_at is None and self.until >= workdays.today()

    @classmethod
    @transaction.atomic
    def place(cls, case, *, by, reason, until) -> "Hold":
        """Put off the erasure; who withdrew their consent is erased in time unless legal claims stand against it."""
        case.refresh_from_db(from_queryset=Case.objects.select_for_update(of=("self",)))
        access.demand(access.owns, by, case)
        if case.erase_on is None:
            raise StepRefused("Dieser Fall hat noch keine Löschfrist; es gibt nichts aufzuschieben.")
        if case.is_locked and reason != cls.Reason.CLAIM:
            raise StepRefused(
                "Die Einwilligung ist widerrufen. Die Löschung lässt sich nur für Rechtsansprüche aufschieben."
            )
        if case.holds.in_force().exists():
            raise StepRefused("Die Löschung dieses Falls ist schon aufgeschoben.")
        if not workdays.today() < until <= workdays.today() + LONGEST_HOLD:
            raise StepRefused("Bitte nennen Sie einen Tag zwischen morgen und einem Jahr.")
        if until < case.erase_on:
            raise StepRefused(
                f"Gelöscht wird erst ab dem {case.erase_on:%d.%m.%Y}. Bitte nennen Sie einen späteren Tag."
            )
        made = cls.objects.create(case=case, reason=reason, until=until, by=by)
        trail.record("case.hold", case, by=by, note=made.reason)
        return made

    @transaction.atomic
    def end(self, *, by) -> None:
        """From now on the time limit counts again; a case whose time is over goes in the next night."""
        access.demand(access.owns, by, self.case)
        self.refresh_from_db(from_queryset=Hold.objects.select_for_update(of=("self",)))
        if self.ended_at:
            raise StepRefused("Dieser Aufschub ist schon aufgehoben.")
        self.ended_at, self.ended_by = workdays.now(), by
        self.save()
        trail.record("case.hold_end", self.case, by=by)


class Erasure(models.Model):
    """The register of deletions: one row per day, reason and kind of thing. It says how many, and never which."""

    class Why(models.TextChoices):
        WITHDRAWAL = "withdrawal", "Widerruf der Einwilligung"
        NOT_ADMITTED = "not_admitted", "Anfrage ohne Aufnahme"
        ENDED = "ended", "beendeter Fall"
        ALONE = "alone", "Beratung ohne Fall"
        GONE = "gone", "Stelle besteht nicht mehr"
        REQUEST = "request", "Verlangen der Person (Art. 17 DSGVO)"

    day = models.DateField("Tag")
    why = models.CharField("Anlass", max_length=12, choices=Why)
    kind = models.CharField("Art", max_length=60)
    rows = models.PositiveIntegerField("Datensätze", default=0)
    files = models.PositiveIntegerField("Dateien", default=0)
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="durch",
        help_text="leer: der nächtliche Lauf",
    )  # fmt: skip

    class Meta:
        verbose_name = "Löschung"
        ordering = ["-day", "why", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["day", "why", "kind", "by"], name="casework_erasures_are_added_up"),
            models.UniqueConstraint(
                fields=["day", "why", "kind"], condition=Q(by=None), name="casework_erasures_at_night_are_added_up"
            ),
        ]

    def __str__(self):
        return f"{self.day:%d.%m.%Y}, {self.get_why_display()}: {self.rows} × {self.kind}"

    @classmethod
    def note(cls, why, numbers: dict[str, int], *, files=0, by=None) -> None:
        """Add to today's rows: kind → how many. Call it in the transaction that deletes."""
        added = Counter({"Datei": 0} if files else {})
        for kind, number in numbers.items():
            added[kind[:60]] += number
        of_today = cls.objects.filter(day=workdays.today(), why=why, by=by)
        there = set(of_today.filter(kind__in=added).values_list("kind", flat=True))
        new = [Erasure(day=workdays.today(), why=why, kind=kind, by=by) for kind in sorted(added) if kind not in there]
        Erasure.objects.bulk_create(new, ignore_conflicts=True)  # somebody else's run may have been faster
        for kind, number in added.items():
            of_today.filter(kind=kind).update(rows=F("rows") + number)
        if files:
            of_today.filter(kind="Datei").update(files=F("files") + files)


class StatisticalRecord(models.Model):
    """What stays of an erased case, or of a month of consultations without one, for figures over years.

    It leads back to nobody: a random key, no number, no order, no day. Where a place is too small it says the bank of
    the Rhine alone.
    """

    class Age(models.TextChoices):
        CHILD = "0-17", "unter 18"
        YOUNG = "18-26", "18 bis 26"
        ADULT = "27-44", "27 bis 44"
        MIDDLE = "45-64", "45 bis 64"
        OLD = "65+", "ab 65"
        UNKNOWN = "-", "unbekannt"

    class Kind(models.TextChoices):
        CASE = "case", "Fall"
        ALONE = "alone", "Beratungen ohne Fall"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("Art", max_length=5, choices=Kind, default=Kind.CASE)
    month = models.DateField("Monat", help_text="der erste des Monats, in dem der Fall endete")
    age = models.CharField("Altersgruppe", max_length=5, choices=Age, default=Age.UNKNOWN)
    target_group = code_field(Code.List.TARGET_GROUP, "Zielgruppe")
    municipality = models.ForeignKey(
        Municipality, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Kommune"
    )
    bank = models.CharField("Rheinseite", max_length=5, choices=Bank, blank=True)
    legal_area = code_field(Code.List.LEGAL_AREA, "Rechtskreis")
    reached = models.CharField("erreichte Phase", max_length=20, choices=State, blank=True)
    closing_reason = code_field(Code.List.CLOSING_REASON, "Abschlussgrund")
    consultations = models.PositiveIntegerField("Beratungen", default=0)
    persons = models.PositiveIntegerField("Personen", default=0)
    actions = models.PositiveIntegerField("Aktionen", default=0)
    quarter_hours = models.PositiveIntegerField("Viertelstunden", default=0)
    goals_fully = models.PositiveSmallIntegerField("Ziele voll erreicht", default=0)
    goals_mostly = models.PositiveSmallIntegerField("Ziele überwiegend erreicht", default=0)
    goals_partly = models.PositiveSmallIntegerField("Ziele teilweise erreicht", default=0)
    goals_not = models.PositiveSmallIntegerField("Ziele nicht erreicht", default=0)
    goals_dropped = models.PositiveSmallIntegerField("Ziele entfallen", default=0)

    class Meta:
        verbose_name = "Statistiksatz"
        constraints = [
            models.CheckConstraint(name="casework_statistics_know_the_month_only", condition=Q(month__day=1)),
        ]
        indexes = [models.Index(fields=["month", "municipality"])]

    def __str__(self):
        return f"{self.get_kind_display()}, {self.month:%m/%Y}, {self.municipality or self.get_bank_display()}"


#: First year of age that no longer belongs to the group.
AGES = (
    (18, StatisticalRecord.Age.CHILD),
    (27, StatisticalRecord.Age.YOUNG),
    (45, StatisticalRecord.Age.ADULT),
    (65, StatisticalRecord.Age.MIDDLE),
)
#: What came of a goal (Goal.Achievement) → the column that counts it.
GOALS = {0: "goals_not", 1: "goals_partly", 2: "goals_mostly", 3: "goals_fully", 9: "goals_dropped"}


def age_group(born: dt.date | None, on: dt.date) -> StatisticalRecord.Age:
    if born is None:
        return StatisticalRecord.Age.UNKNOWN
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return next((group for below, group in AGES if years < below), StatisticalRecord.Age.OLD)
