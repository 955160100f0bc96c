"""What was spent, whether the programme pays for it by which rule, and the spreadsheets costs come from."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from funding.models.awards import AwardNotice, NoticeFact
from funding.models.posts import Post
from funding.models.programmes import Item, Programme
from kim import workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.facts import Fact
from kim.models import Organisation, User


class CostKind(models.TextChoices):
    """Source: code list of kinds of costs, docs/background.md."""

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


class CostImport(models.Model):
    """A spreadsheet of personnel costs, read into rows, looked over, then taken over or dropped. No file is kept."""

    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("hochgeladen", default=workdays.now)
    rows_total = models.PositiveIntegerField("Zeilen", default=0)
    rows_faulty = models.PositiveIntegerField("mit Fehlern", default=0)
    taken_at = models.DateTimeField("übernommen", null=True, blank=True)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    dropped_at = models.DateTimeField("verworfen", null=True, blank=True)

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
        return f"Import vom {self.created_at:%d.%m.%Y %H:%M}"

    def get_absolute_url(self):
        return address("funding:cost_import_detail", self.pk)


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


class CostImportRow(models.Model):
    """One row of the sheet: what was read, what is wrong with it, and what taking it over would do."""

    class Does(models.TextChoices):
        ENTER = "enter", "neu"
        CORRECT = "correct", "berichtigt"
        SAME = "same", "unverändert"
        FAULTY = "faulty", "fehlerhaft"

    whole = models.ForeignKey(CostImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField("Zeile")
    does = models.CharField("wirkt", max_length=8, choices=Does)
    told = models.JSONField("gelesen", default=dict)
    problem = models.CharField("Fehler", max_length=300, blank=True)
    was = models.ForeignKey(Cost, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["whole", "line"]
        constraints = [
            known_choice("funding_costimportrow", "does", ["enter", "correct", "same", "faulty"]),
            models.UniqueConstraint(fields=["whole", "line"], name="funding_one_row_per_line"),
        ]

    def __str__(self):
        return f"Zeile {self.line}"


class Forwarding(NoticeFact):
    """Money of a notice passed on to somebody who employs the people.

    Paid is min(actual costs, rate × FTE × months / 12); the rest is the employer's own share (docs/background.md).
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
