"""Procedures of Modul 3: versioned check lists, and what was handed over to an authority with a consent.

A procedure knows no case. `CaseProcedure` keeps the way back on the side of case management alone. Check lists are
guidance, not legal advice.
"""

from typing import ClassVar

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.urls import reverse

from casework import access
from casework.models.cases import Case
from casework.models.consents import TO_AUTHORITY, Consent
from kim import trail, workdays
from kim.dated import Dated, DatedQuerySet
from kim.models import Organisation, User
from kim.workflow import StepRefused, happened


class ChecklistQuerySet(DatedQuerySet):
    def current(self, kind: str, on=None):
        return self.valid_on(on).filter(kind=kind).order_by("-valid_from").first()


class Checklist(Dated):
    """What one procedure asks for, as the law stood from a day until a day."""

    class Kind(models.TextChoices):
        YOUNG = "25a", "§ 25a AufenthG – gut integrierte junge Menschen"
        LASTING = "25b", "§ 25b AufenthG – nachhaltige Integration"
        CHANCE = "104c", "§ 104c AufenthG – Chancen-Aufenthaltsrecht"
        SETTLED_ASYLUM = "26_3", "§ 26 Abs. 3 AufenthG – Niederlassungserlaubnis, Asyl und Flüchtlinge"
        SETTLED_HUMANITARIAN = "26_4", "§ 26 Abs. 4 AufenthG – Niederlassungserlaubnis, humanitär"
        NATURALISATION = "10_stag", "§ 10 StAG – Einbürgerung"

    kind = models.CharField("Verfahren", max_length=8, choices=Kind)
    version = models.PositiveSmallIntegerField("Fassung")
    source = models.CharField("Quelle", max_length=300)
    note = models.TextField("Hinweis", max_length=2000, blank=True)

    objects: ClassVar = ChecklistQuerySet.as_manager()

    class Meta(Dated.Meta):
        verbose_name = "Prüfliste"
        ordering = ["kind", "-version"]
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["kind", "version"], name="casework_checklist_version_once"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}, Fassung {self.version}"


class ChecklistItem(models.Model):
    checklist = models.ForeignKey(Checklist, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField("Reihenfolge")
    text = models.CharField("Voraussetzung", max_length=300)
    proof = models.CharField("Nachweis", max_length=200, blank=True)

    class Meta:
        verbose_name = "Punkt einer Prüfliste"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["checklist", "position"], name="casework_checklist_position_once")
        ]

    def __str__(self):
        return self.text


class ProcedureQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_procedures(user))


class Procedure(models.Model):
    """What an authority was given: a short text of its own, and the papers that a consent names. Nothing else."""

    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="+", verbose_name="Prüfliste")
    authority = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name="Behörde")
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="+", verbose_name="Einwilligung")
    person = models.CharField("Person, wie in der Einwilligung genannt", max_length=240)
    text = models.TextField("Anliegen", max_length=2000)
    papers = models.TextField("übergebene Unterlagen", max_length=1000, blank=True)
    handed_over_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="übergeben von")
    handed_over_at = models.DateTimeField("übergeben", default=workdays.now)
    ended_on = models.DateField("beendet am", null=True, blank=True)

    objects = ProcedureQuerySet.as_manager()

    class Meta:
        verbose_name = "Vorgang"
        ordering = ["-handed_over_at"]
        indexes = [models.Index(fields=["authority", "-handed_over_at"])]

    def __str__(self):
        return f"{self.checklist.get_kind_display()} bei {self.authority}"

    def get_absolute_url(self):
        return reverse("casework:procedure_detail", args=[self.pk])

    @classmethod
    @transaction.atomic
    def hand_over(cls, case, *, by, checklist, authority, consent, person, text, papers="") -> "Procedure":
        """Give an authority a new short text; raises StepRefused without a consent that names this authority."""
        access.demand_work(by, case)
        fitting = Consent.objects.filter(client=case.client_id).covering(TO_AUTHORITY, authority)
        if not fitting.filter(pk=consent.pk).exists():
            raise StepRefused(
                f"Es gibt keine gültige Einwilligung, {authority} etwas zu übergeben. Bitte holen Sie sie zuerst ein."
            )
        if authority.kind != Organisation.Kind.AUTHORITY:
            raise StepRefused(f"{authority} ist keine Ausländer- oder Einbürgerungsbehörde.")
        made = cls.objects.create(
            checklist=checklist, authority=authority, consent=consent, person=person, text=text, papers=papers,
            handed_over_by=by,
        )  # fmt: skip
        ProcedureItem.objects.bulk_create(ProcedureItem(procedure=made, item=item) for item in checklist.items.all())
        CaseProcedure.objects.create(case=case, procedure=made)
        trail.record("procedure.hand_over", made, by=by)
        happened.send(cls, obj=made, act="hand_over", record=made, given={})
        return made


class ProcedureItem(models.Model):
    class Status(models.TextChoices):
        MISSING = "missing", "fehlt"
        REQUESTED = "requested", "angefordert"
        PRESENT = "present", "liegt vor"
        NOT_NEEDED = "not_needed", "nicht erforderlich"

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="items")
    item = models.ForeignKey(ChecklistItem, on_delete=models.PROTECT, related_name="+", verbose_name="Voraussetzung")
    status = models.CharField("Stand", max_length=10, choices=Status, default=Status.MISSING)
    since = models.DateField("seit", default=workdays.today)

    class Meta:
        verbose_name = "Punkt eines Vorgangs"
        ordering = ["item__position"]
        constraints = [models.UniqueConstraint(fields=["procedure", "item"], name="casework_item_once_a_procedure")]

    def __str__(self):
        return f"{self.item}: {self.get_status_display()}"

    @transaction.atomic
    def mark(self, *, by, status) -> None:
        """The authority says how it stands; allowed while it may see the procedure at all."""
        seen = Procedure.objects.visible_to(by).filter(pk=self.procedure_id).exists()
        if not seen or not any(access.works_on_procedure(hat, self.procedure) for hat in by.hats()):
            raise PermissionDenied(access.works_on_procedure.refusal)
        self.status, self.since = status, workdays.today()
        self.save()
        trail.record("procedure.mark", self.procedure, by=by)


class CaseProcedure(models.Model):
    """From which case a procedure was handed over. There is no accessor from the procedure, on purpose."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="procedure_links")
    procedure = models.OneToOneField(Procedure, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "übergebener Vorgang eines Falls"

    def __str__(self):
        return f"{self.case}: {self.procedure}"
