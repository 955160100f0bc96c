"""What was spent, whether the programme pays for it by which rule, and the spreadsheets costs come from."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from django.db import IntegrityError, models, transaction
from django.db.models import BigIntegerField, Case, CharField, F, OuterRef, Q, Subquery, Sum, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Round
from django.utils import timezone

from funding import access
from funding.models.awards import AwardNotice, NoticeFact
from funding.models.posts import Post
from funding.models.programmes import Item, Programme
from kim import trail, workdays
from kim.addresses import address
from kim.dated import known_choice, months_after, valid_on
from kim.facts import Fact, FactQuerySet
from kim.models import Organisation, User
from kim.workflow import OutOfTurn, StepRefused


class CostKind(models.TextChoices):
    """Source: code list of kinds of costs, docs/funding.md."""

    PERSONNEL = "personnel", "Personal"
    EMPLOYER = "employer", "Arbeitgeberanteile"
    WORKPLACE = "workplace", "Arbeitsplatzeinrichtung"
    TRAINING = "training", "Fortbildung und Qualifizierung"
    SUPERVISION = "supervision", "Supervision"
    EVENT = "event", "Veranstaltung und Netzwerk"
    INTERPRETING = "interpreting", "Sprachmittlung"
    TRAVEL = "travel", "Reisekosten"
    OVERHEAD = "overhead", "Gemeinkosten"
    FORWARDED = "forwarded", "Weiterleitung an Dritte"


#: What people are paid, directly or by who employs them: a sum of these may tell what one of them earns.
PAY = (CostKind.PERSONNEL, CostKind.EMPLOYER, CostKind.FORWARDED)


class Eligibility(models.TextChoices):
    YES = "yes", "förderfähig"
    NO = "no", "nicht förderfähig"
    UNCLEAR = "unclear", "ungeklärt"


class EligibilityRule(Fact):
    """Whether a programme pays for a kind of cost, from which item, and what that rests on."""

    ALONE: ClassVar = ("programme", "kind")
    OVERLAPS: ClassVar = (
        "Für diese Kostenart gilt in dieser Zeit schon eine Regel ({other}). Bitte beenden oder berichtigen Sie sie."
    )
    TEXTS: ClassVar = {"basis": "Grundlage", "source": "Beleg"}

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="eligibility", verbose_name="Förderprogramm"
    )
    kind = models.CharField("Kostenart", max_length=12, choices=CostKind)
    eligibility = models.CharField("förderfähig?", max_length=8, choices=Eligibility)
    item = models.CharField("zahlt aus", max_length=10, choices=Item, default=Item.POST)
    basis = models.TextField("Grundlage", max_length=1000)
    ask_by = models.DateField("klären bis", null=True, blank=True)

    class Meta(Fact.Meta):
        ordering = ["programme", "kind", "valid_from"]
        verbose_name = "Regel zur Förderfähigkeit"
        constraints = [
            *Fact.Meta.constraints,
            known_choice("funding_eligibilityrule", "kind", CostKind),
            known_choice("funding_eligibilityrule", "eligibility", Eligibility),
            known_choice("funding_eligibilityrule", "item", Item),
            models.CheckConstraint(
                name="funding_eligibility_rests_on_something",
                condition=~Q(basis=""),
                violation_error_message="Bitte nennen Sie, worauf die Regel beruht.",
            ),
            models.CheckConstraint(
                name="funding_eligibility_asks_while_unclear",
                condition=Q(ask_by__isnull=True) | Q(eligibility="unclear"),
                violation_error_message="Eine Wiedervorlage zur Klärung gibt es nur, solange es ungeklärt ist.",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.get_eligibility_display()}, {self.programme}"


#: Number of a line in a sheet, and what stood in it by the name of its column.
Lines = list[tuple[int, dict[str, str]]]


class CostImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.acts_as(*access.KEEPS_COSTS) else self.none()

    def waiting(self):
        return self.filter(taken_at=None, dropped_at=None)


class CostImport(models.Model):
    """A spreadsheet of personnel costs, read into rows, looked over, then taken over or dropped. No file is kept."""

    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("hochgeladen", default=workdays.now)
    rows_total = models.PositiveIntegerField("Zeilen", default=0)
    rows_faulty = models.PositiveIntegerField("mit Fehlern", default=0)
    taken_at = models.DateTimeField("übernommen", null=True, blank=True)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    dropped_at = models.DateTimeField("verworfen", null=True, blank=True)

    objects: ClassVar = CostImportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "Import von Personalkosten"
        constraints = [
            models.CheckConstraint(
                name="funding_costimport_taken_by_somebody",
                condition=Q(taken_at__isnull=True, taken_by__isnull=True)
                | Q(taken_at__isnull=False, taken_by__isnull=False),
            ),
            models.CheckConstraint(
                name="funding_costimport_taken_or_dropped",
                condition=Q(taken_at__isnull=True) | Q(dropped_at__isnull=True),
            ),
        ]

    def __str__(self):
        return f"Import vom {timezone.localtime(self.created_at):%d.%m.%Y, %H:%M} Uhr"

    def get_absolute_url(self):
        return address("funding:cost_import_detail", self.pk)

    # Questions

    @property
    def is_waiting(self) -> bool:
        return self.taken_at is None and self.dropped_at is None

    @property
    def stage(self) -> str:
        if self.taken_at:
            return "übernommen"
        return "verworfen" if self.dropped_at else "wartet auf Sie"

    # Acts

    @classmethod
    @transaction.atomic
    def start(cls, rows: "list[CostImportRow]", *, by) -> "CostImport":
        """Keep what was read of a sheet until somebody takes it over or drops it; `rows` have been checked."""
        made = cls.objects.create(by=by, **cls._counted(rows))
        made._keep(rows)
        trail.record("costimport.upload", made, by=by, note=made.words)
        return made

    @transaction.atomic
    def take(self, check: "Callable[[Lines], list[CostImportRow]]", *, by) -> int:
        """Enter and correct what is not faulty; how many costs were written. `check` looks the lines over anew.

        Raises StepRefused where they no longer do what the preview said: nothing is written then, see `renew`.
        """
        self._demand_waiting()
        notices = {row.told["notice"] for row in self.rows.exclude(does=CostImportRow.Does.FAULTY)}
        # two imports into one notice come one after the other
        list(AwardNotice.objects.select_for_update(of=("self",)).filter(pk__in=notices).order_by("pk"))
        rows = check(self.lines)
        if [row.shown for row in rows] != [row.shown for row in self.rows.select_related("was")]:
            raise StepRefused(CHANGED_MEANWHILE)
        if not (written := self._write(rows, by)):
            raise StepRefused("Es gibt nichts zu übernehmen: Keine Zeile ist neu oder berichtigt etwas.")
        self.taken_at, self.taken_by = workdays.now(), by
        self.save()
        self.rows.all().delete()
        trail.record("costimport.take", self, by=by, note=f"{len(written)} Ausgaben geschrieben")
        return len(written)

    @transaction.atomic
    def renew(self, check: "Callable[[Lines], list[CostImportRow]]") -> None:
        """Show the lines as they would be taken over now."""
        self._demand_waiting()
        rows = check(self.lines)
        self.rows.all().delete()
        self._keep(rows)
        type(self).objects.filter(pk=self.pk).update(**self._counted(rows))

    @transaction.atomic
    def drop(self, *, by) -> None:
        """Nothing becomes of it; what was read goes."""
        self._demand_waiting()
        self.dropped_at = workdays.now()
        self.save()
        self.rows.all().delete()
        trail.record("costimport.drop", self, by=by)

    # Inside

    @property
    def lines(self) -> "Lines":
        """What was read, by line, as it was read."""
        return list({line: told["cells"] for line, told in self.rows.values_list("line", "told")}.items())

    @property
    def words(self) -> str:
        return f"{self.rows_total} Zeilen, {self.rows_faulty} mit Fehlern"

    @staticmethod
    def _counted(rows) -> dict[str, int]:
        return {
            "rows_total": len({row.line for row in rows}),
            "rows_faulty": sum(row.does == CostImportRow.Does.FAULTY for row in rows),
        }

    def _write(self, rows: "list[CostImportRow]", by) -> "list[Cost]":
        """All at once: thousands of rows, each checked before, and the database refuses what must not be."""
        now = workdays.now()
        fresh = [row.cost(self, by, now) for row in rows if row.does in CostImportRow.WRITES]
        ended: list[Any] = [cost.replaces for cost in fresh if cost.replaces]
        try:
            with transaction.atomic():
                Cost.objects.bulk_update(ended, ["known_until"], batch_size=500)
                Cost.objects.bulk_create(fresh, batch_size=500)
        except IntegrityError as error:
            raise StepRefused(CHANGED_MEANWHILE) from error
        for act, is_new in (("cost.enter", True), ("cost.correct", False)):
            if pks := [cost.pk for cost in fresh if (cost.replaces_id is None) == is_new]:
                trail.record_list(act, Cost, pks, by=by)
        return fresh

    def _keep(self, rows) -> None:
        for row in rows:
            row.whole = self
        CostImportRow.objects.bulk_create(rows, batch_size=500)

    def _demand_waiting(self) -> None:
        row = type(self).objects.select_for_update(of=("self",)).get(pk=self.pk)
        if not row.is_waiting:
            raise OutOfTurn(f"Dieser Import ist nicht mehr offen: {row.stage}.")


CHANGED_MEANWHILE = (
    "Seit der Vorschau haben sich Ausgaben, Stellen oder Bescheide geändert. Es ist nichts übernommen. Bitte sehen Sie "
    "sich die Vorschau noch einmal an; sie ist jetzt neu."
)


class CostQuerySet(FactQuerySet):
    def visible_to(self, user):
        """Rows tell what somebody earns: who may not read costs sees none."""
        return self if user.acts_as(*access.READS_COSTS) else self.none()

    def with_eligibility(self, known_at=None):
        """Annotates `eligible` (a value of Eligibility) and `rule_basis` (what that rests on, "" where nothing does).

        What the cost itself says goes before the programme's rule for its kind on its first day; without either it is
        unclear. Rules as they are believed, or as they were known at a moment.
        """
        rules = EligibilityRule.objects.believed(known_at).filter(
            valid_on(OuterRef("valid_from")), programme=OuterRef("notice__period__programme"), kind=OuterRef("kind")
        )
        rules = rules.order_by("-valid_from")
        own = ~Q(eligibility="")
        return self.annotate(
            eligible=Case(
                When(own, then=F("eligibility")),
                default=Coalesce(Subquery(rules.values("eligibility")[:1]), Value(Eligibility.UNCLEAR.value)),
                output_field=CharField(),
            ),
            rule_basis=Case(
                When(own, then=Cast("basis", TextField())),
                default=Coalesce(Subquery(rules.values("basis")[:1]), Value(""), output_field=TextField()),
                output_field=TextField(),
            ),
        )


def cents(field: str = "amount") -> Sum:
    """The exact sum of an amount in cents. Amounts are added as whole numbers: SQLite would add them as floats."""
    return Sum(Cast(Round(F(field) * 100), BigIntegerField()), default=0)


class Cost(NoticeFact):
    """Money spent for a span of days (a month of pay, an event), charged to a notice.

    `eligibility` is "" where the rule in force on the first day decides; else `basis` says why it differs.
    """

    TEXTS: ClassVar = {"text": "Wofür", "basis": "Grundlage", "source": "Beleg"}

    notice = models.ForeignKey(AwardNotice, on_delete=models.PROTECT, related_name="costs", verbose_name="Bescheid")
    kind = models.CharField("Kostenart", max_length=12, choices=CostKind)
    post = models.ForeignKey(
        Post, on_delete=models.PROTECT, null=True, blank=True, related_name="costs", verbose_name="Stelle"
    )
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Person"
    )
    recipient = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="weitergeleitet an",
    )
    amount = models.DecimalField("Betrag (€)", max_digits=12, decimal_places=2)
    paid_on = models.DateField("gezahlt am", null=True, blank=True)
    text = models.CharField("Wofür", max_length=160, blank=True)
    eligibility = models.CharField("abweichend förderfähig?", max_length=8, choices=Eligibility, blank=True)
    basis = models.CharField("Grundlage der Abweichung", max_length=300, blank=True)
    imported = models.ForeignKey(
        CostImport, on_delete=models.PROTECT, null=True, blank=True, related_name="costs", editable=False
    )

    #: Annotated by CostQuerySet.with_eligibility.
    eligible: str
    rule_basis: str

    objects: ClassVar = CostQuerySet.as_manager()

    class Meta(NoticeFact.Meta):
        ordering = ["-valid_from", "-pk"]
        verbose_name = "Ausgabe"
        constraints = [
            *NoticeFact.Meta.constraints,
            known_choice("funding_cost", "kind", CostKind),
            known_choice("funding_cost", "eligibility", Eligibility, empty=True),
            models.CheckConstraint(
                name="funding_cost_has_an_end",
                condition=Q(valid_until__isnull=False),
                violation_error_message="Bitte nennen Sie den letzten Tag, für den die Ausgabe gilt.",
            ),
            models.CheckConstraint(
                name="funding_cost_is_positive",
                condition=Q(amount__gt=0),
                violation_error_message=(
                    "Ein Betrag ist größer als 0. Bei einer Gutschrift berichtigen Sie bitte den Betrag der Ausgabe."
                ),
            ),
            models.CheckConstraint(
                name="funding_cost_differs_for_a_reason",
                condition=Q(eligibility="") | ~Q(basis=""),
                violation_error_message="Bitte nennen Sie, worauf die abweichende Förderfähigkeit beruht.",
            ),
            models.CheckConstraint(
                name="funding_cost_forwarded_to_somebody",
                condition=Q(kind="forwarded", recipient__isnull=False) | (~Q(kind="forwarded") & Q(recipient=None)),
                violation_error_message="Eine Weiterleitung nennt, an wen; andere Ausgaben nicht.",
            ),
            models.CheckConstraint(
                name="funding_cost_of_a_person_has_a_post",
                condition=Q(user__isnull=True) | Q(post__isnull=False),
                violation_error_message="Bitte nennen Sie die Stelle, zu der die Kosten dieser Person gehören.",
            ),
        ]
        indexes = [
            models.Index(fields=["notice", "kind", "valid_from"]),
            models.Index(fields=["-valid_from", "-id"]),
            models.Index(fields=["post", "valid_from"]),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}, {self.span}"

    def get_absolute_url(self):
        return address("funding:cost_detail", self.pk)

    @property
    def when(self) -> str:
        """„03.2021“ for a whole month, else the days."""
        is_month = self.valid_from.day == 1 and self.valid_until == months_after(self.valid_from, 1)
        return f"{self.valid_from:%m.%Y}" if is_month else self.span

    @property
    def eligible_words(self) -> str:
        """Of a cost that was read with its eligibility (CostQuerySet.with_eligibility)."""
        return str(Eligibility(self.eligible).label)


class CostImportRow(models.Model):
    """One row of the sheet: what was read, what is wrong with it, and what taking it over would do."""

    class Does(models.TextChoices):
        ENTER = "enter", "neu"
        CORRECT = "correct", "berichtigt"
        SAME = "same", "unverändert"
        FAULTY = "faulty", "fehlerhaft"

    WRITES = (Does.ENTER, Does.CORRECT)

    whole = models.ForeignKey(CostImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField("Zeile")
    does = models.CharField("wirkt", max_length=8, choices=Does)
    told = models.JSONField("gelesen", default=dict)
    problem = models.CharField("Fehler", max_length=300, blank=True)
    was = models.ForeignKey(Cost, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    #: A line may hold a salary and the employer's share; "" for one that is faulty.
    kind = models.CharField("Kostenart", max_length=12, choices=CostKind, blank=True)

    class Meta:
        ordering = ["whole", "line", "pk"]
        constraints = [
            known_choice("funding_costimportrow", "does", ["enter", "correct", "same", "faulty"]),
            known_choice("funding_costimportrow", "kind", CostKind, empty=True),
            models.UniqueConstraint(fields=["whole", "line", "kind"], name="funding_one_row_per_line_and_kind"),
        ]

    def __str__(self):
        return f"Zeile {self.line}"

    @property
    def amount(self) -> Decimal | None:
        return Decimal(self.told["amount"]) if "amount" in self.told else None

    @property
    def month(self) -> dt.date | None:
        return dt.date.fromisoformat(self.told["month"]) if "month" in self.told else None

    @property
    def shown(self) -> tuple:
        """What the preview says about it, to be compared with what it would say now."""
        was = (self.was.pk, self.was.amount) if self.was else None
        return self.line, self.kind, self.does, self.told, self.problem, was

    def cost(self, whole: CostImport, by, now: dt.datetime) -> Cost:
        """What is to be written, not yet saved; what it replaces ends with it. Of a row without faults only."""
        told = self.told
        if self.was:
            self.was.known_until = max(now, self.was.known_from + dt.timedelta(microseconds=1))
            made = self.was._next(by, {})
        else:
            month = dt.date.fromisoformat(told["month"])
            made = Cost(
                notice_id=told["notice"], kind=self.kind, post_id=told["post"], user_id=told["user"], by=by,
                valid_from=month, valid_until=months_after(month, 1), known_from=now,
            )  # fmt: skip
        made.amount, made.imported = Decimal(told["amount"]), whole
        return made


class Forwarding(NoticeFact):
    """Money of a notice passed on to somebody who employs the people.

    Paid is min(actual costs, rate × FTE × months / 12); the rest is the employer's own share (docs/funding.md).
    """

    ALONE: ClassVar = ("notice", "recipient")

    notice = models.ForeignKey(
        AwardNotice, on_delete=models.PROTECT, related_name="forwardings", verbose_name="Bescheid"
    )
    recipient = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name="weitergeleitet an"
    )
    fte = models.DecimalField("VZÄ", max_digits=7, decimal_places=3)

    class Meta(NoticeFact.Meta):
        ordering = ["notice", "recipient", "valid_from"]
        verbose_name = "Weiterleitung"
        constraints = [
            *NoticeFact.Meta.constraints,
            models.CheckConstraint(
                name="funding_forwarding_is_positive",
                condition=Q(fte__gt=0),
                violation_error_message="Weitergeleitete VZÄ sind größer als 0.",
            ),
        ]

    def __str__(self):
        return f"{self.notice} → {self.recipient}, {self.span}"
