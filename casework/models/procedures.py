"""Procedures of Modul 3: versioned check lists, and what was handed over to an authority with a consent.

A procedure knows no case. `CaseProcedure` keeps the way back on the side of case management alone. Check lists are
guidance, not legal advice.
"""

import datetime as dt
from typing import ClassVar

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from casework import access
from casework.models.cases import Case
from casework.models.consents import TO_AUTHORITY, Consent, lines_of
from kim import privacy_gate, trail, workdays
from kim.dated import Dated, DatedQuerySet
from kim.models import Organisation, User
from kim.trigrams import fold
from kim.workflow import StepRefused, happened

#: What the review calls the texts it reads.
REVIEWED = {
    "person": "Person, wie in der Einwilligung genannt",
    "text": "Anliegen",
    "papers": "Übergebene Unterlagen",
}
#: Sent twice by a double click, the same is handed over once.
TWICE = dt.timedelta(minutes=2)


class ChecklistQuerySet(DatedQuerySet):
    def current(self, kind: str, on=None):
        return self.valid_on(on).filter(kind=kind).order_by("-valid_from").first()

    def visible_to(self, user):
        """Guidance without a person in it."""
        return self if any(access.reads_checklists(hat, None) for hat in user.hats()) else self.none()


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
    source_on = models.DateField("Stand der Quelle", null=True, blank=True)
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

    def get_absolute_url(self):
        return reverse("casework:checklist_detail", args=[self.pk])

    @property
    def is_current(self) -> bool:
        return self.holds_on(workdays.today())


class ChecklistItem(models.Model):
    checklist = models.ForeignKey(Checklist, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField("Reihenfolge")
    text = models.CharField("Voraussetzung", max_length=300)
    proof = models.CharField("Nachweis", max_length=200, blank=True)
    hint = models.CharField("Hinweis", max_length=300, blank=True)

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

    def received_by(self, user):
        return self.filter(access.received_procedures(user))

    def of_case(self, case):
        """Those handed over from a case (or from that of a slot): asked from the side of case management only."""
        return self.filter(pk__in=CaseProcedure.objects.filter(case=case).values("procedure"))

    def for_lines(self):
        items = ProcedureItem.Status
        return self.select_related("checklist").annotate(
            unseen=Count("items", filter=Q(items__status=items.UNSEEN)),
            missing=Count("items", filter=Q(items__status=items.MISSING)),
            requested=Count("items", filter=Q(items__status=items.REQUESTED)),
        )


class Procedure(models.Model):
    """What an authority was given: a short text of its own, and the papers that a consent names. Nothing else."""

    class Status(models.TextChoices):
        RECEIVED = "received", "eingegangen"
        IN_WORK = "in_work", "in Arbeit"
        DECIDED = "decided", "entschieden"

    class Outcome(models.TextChoices):
        GRANTED = "granted", "bewilligt"
        REFUSED = "refused", "abgelehnt"
        WITHDRAWN = "withdrawn", "zurückgenommen"
        OTHER = "other", "anders erledigt"

    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="+", verbose_name="Prüfliste")
    authority = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name="Behörde")
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="+", verbose_name="Einwilligung")
    person = models.CharField(REVIEWED["person"], max_length=240)
    text = models.TextField(REVIEWED["text"], max_length=2000)
    papers = models.TextField(REVIEWED["papers"], max_length=1000, blank=True)
    handed_over_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="übergeben von")
    handed_over_at = models.DateTimeField("übergeben", default=workdays.now)
    status = models.CharField("Stand", max_length=8, choices=Status, default=Status.RECEIVED)
    status_on = models.DateField("Stand seit", default=workdays.today)
    outcome = models.CharField("Ergebnis", max_length=9, choices=Outcome, blank=True)
    ended_on = models.DateField("beendet am", null=True, blank=True)

    #: How many points of the check list stand so, read by `for_lines`.
    unseen: int
    missing: int
    requested: int

    objects = ProcedureQuerySet.as_manager()

    class Meta:
        verbose_name = "Vorgang"
        ordering = ["-handed_over_at"]
        constraints = [
            models.CheckConstraint(
                name="casework_procedure_decided_has_outcome",
                condition=(Q(status="decided", ended_on__isnull=False) & ~Q(outcome=""))
                | (~Q(status="decided") & Q(ended_on__isnull=True, outcome="")),
            )
        ]
        indexes = [
            models.Index(fields=["authority", "-handed_over_at", "-id"]),
            models.Index(fields=["authority", "status", "-handed_over_at"]),
        ]

    def __str__(self):
        return f"{self.checklist.get_kind_display()} bei {self.authority}"

    def get_absolute_url(self):
        return reverse("casework:procedure_detail", args=[self.pk])

    @property
    def open_items(self) -> str:
        """What still stands out, for a line of `for_lines`: „2 noch nicht geprüft, 1 fehlt, 3 angefordert“."""
        missing = f"{self.missing} fehlt" if self.missing == 1 else f"{self.missing} fehlen"
        parts = [
            (self.unseen, f"{self.unseen} noch nicht geprüft"),
            (self.missing, missing),
            (self.requested, f"{self.requested} angefordert"),
        ]
        return ", ".join(words for number, words in parts if number)

    @property
    def paper_list(self) -> list[str]:
        return lines_of(self.papers)

    @classmethod
    @transaction.atomic
    def hand_over(
        cls, case, *, by, checklist, authority, consent, person, text, papers="", confirmed=frozenset()
    ) -> "Procedure":
        """Give an authority a new short text and papers, one a line. Raises StepRefused without a consent that names
        this authority, or for papers it does not name, and privacy_gate.Held while text or papers point to anybody but
        the client, or to the case.
        """
        case.held_by(by)
        case.demand_agreement()
        fitting = Consent.objects.filter(client=case.client_id).covering(TO_AUTHORITY, authority)
        if not fitting.filter(pk=consent.pk).exists():
            raise StepRefused(
                f"Es gibt keine gültige Einwilligung, {authority} etwas zu übergeben. Bitte holen Sie sie zuerst ein."
            )
        if unnamed := [paper for paper in lines_of(papers) if paper not in consent.paper_list]:
            raise StepRefused(
                f"Diese Unterlagen nennt die Einwilligung nicht: {', '.join(unnamed)}. "
                "Bitte holen Sie eine ein, die sie nennt."
            )
        if authority.kind != Organisation.Kind.AUTHORITY:
            raise StepRefused(f"{authority} ist keine Ausländer- oder Einbürgerungsbehörde.")
        if not checklist.holds_on(workdays.today()):
            raise StepRefused(f"Die Prüfliste „{checklist}“ gilt heute nicht. Bitte wählen Sie eine gültige.")
        review = cls.review(case, by=by, person=person, text=text, papers=papers)
        if held := [found for found in review if found.blocks or found.key not in confirmed]:
            raise privacy_gate.Held(held)
        lately = workdays.now() - TWICE
        twin = cls.objects.of_case(case).filter(checklist=checklist, authority=authority, text=text)
        if twin := twin.filter(handed_over_at__gte=lately).first():
            return twin
        made = cls.objects.create(
            checklist=checklist, authority=authority, consent=consent, person=person, text=text, papers=papers,
            handed_over_by=by,
        )  # fmt: skip
        ProcedureItem.objects.bulk_create(ProcedureItem(procedure=made, item=item) for item in checklist.items.all())
        CaseProcedure.objects.create(case=case, procedure=made)
        trail.record("procedure.hand_over", made, by=by)
        happened.send(cls, obj=made, act="hand_over", record=made, given={})
        return made

    @classmethod
    def review(cls, case, *, by, person, text, papers="") -> list[privacy_gate.Finding]:
        """What in these texts the consent does not cover: other people, numbers of files, contacts.

        The authority is told who the client is, so the client's own name and birth date are no finding in the texts.
        """
        texts = {REVIEWED["person"]: person, REVIEWED["text"]: text, REVIEWED["papers"]: papers}
        identity = case.client.identity
        own = set(fold(f"{identity} {identity.listed}").replace(",", " ").split())
        found = privacy_gate.check(texts, author=by, context=case)
        return [one for one in found if not _is_own(one, own, identity)]

    @transaction.atomic
    def begin(self, *, by) -> None:
        self._held_by(by)
        if self.status != self.Status.RECEIVED:
            raise StepRefused(f"Der Vorgang steht schon auf „{self.get_status_display()}“.")
        self._be(self.Status.IN_WORK, by)

    @transaction.atomic
    def decide(self, *, by, outcome, ended_on) -> None:
        """The end of it, told to case management by a notice that names nobody."""
        self._held_by(by)
        if self.status == self.Status.DECIDED:
            raise StepRefused(f"Der Vorgang ist schon entschieden: {self.get_outcome_display()}.")
        if ended_on > workdays.today():
            raise StepRefused("Eine Entscheidung kann nicht in der Zukunft liegen.")
        if ended_on < timezone.localtime(self.handed_over_at).date():
            raise StepRefused("Die Entscheidung kann nicht vor der Übergabe liegen.")
        self.outcome, self.ended_on = outcome, ended_on
        self._be(self.Status.DECIDED, by)

    @transaction.atomic
    def reopen(self, *, by) -> None:
        """Decided by mistake, or taken up again after an objection."""
        self._held_by(by)
        if self.status != self.Status.DECIDED:
            raise StepRefused("Der Vorgang ist noch nicht entschieden.")
        self.outcome, self.ended_on = "", None
        self._be(self.Status.IN_WORK, by)

    @transaction.atomic
    def tell(self, *, by, text) -> "ProcedureNote":
        """A word back to case management; it stands with the procedure, the notice only says that there is one."""
        self._held_by(by)
        note = ProcedureNote.objects.create(procedure=self, text=text, by=by)
        trail.record("procedure.tell", self, by=by)
        happened.send(Procedure, obj=self, act="tell", record=note, given={})
        return note

    def _be(self, status, by):
        self.status, self.status_on = status, workdays.today()
        self.save()
        trail.record(f"procedure.{status}", self, by=by)
        happened.send(Procedure, obj=self, act=str(status), record=self, given={})

    def _held_by(self, by) -> None:
        """Lock the row, read it anew, and demand that `by` works on it: for as long as the consent holds."""
        self.refresh_from_db(from_queryset=Procedure.objects.select_for_update(of=("self",)))
        seen = Procedure.objects.visible_to(by).filter(pk=self.pk).exists()
        if not seen or not any(access.works_on_procedure(hat, self) for hat in by.hats()):
            raise PermissionDenied(access.works_on_procedure.refusal)


#: What the gate calls a name and a birth date; „Herr“ and „Frau“ say nothing more.
NAMES = {"known_name", "maybe_name", "person"}
BIRTHS = {"known_birth_date", "birth_date"}
TITLES = {"herr", "herrn", "frau", "familie"}


def _is_own(finding, words, identity) -> bool:
    if finding.kind in NAMES:
        return set(fold(finding.excerpt).replace(",", " ").split()) - TITLES <= words
    if finding.kind in BIRTHS and (born := identity.birth_date):
        written = "".join(sign for sign in finding.excerpt if sign.isdigit())
        known = ("%d%m%Y", "%d%m%y", "%Y%m%d", "%m%Y", "%Y")
        return written in {*(born.strftime(one) for one in known), f"{born.day}{born.month}{born.year}"}
    return False


class ProcedureNote(models.Model):
    """What the authority told case management. Case management reads it at the procedure."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField("Rückmeldung", max_length=1000)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="von")
    at = models.DateTimeField("am", default=workdays.now)

    class Meta:
        verbose_name = "Rückmeldung zu einem Vorgang"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"Rückmeldung zu Vorgang {self.procedure_id}"


class ProcedureItem(models.Model):
    class Status(models.TextChoices):
        UNSEEN = "unseen", "noch nicht geprüft"
        MISSING = "missing", "fehlt"
        REQUESTED = "requested", "angefordert"
        PRESENT = "present", "liegt vor"
        NOT_NEEDED = "not_needed", "nicht erforderlich"

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="items")
    item = models.ForeignKey(ChecklistItem, on_delete=models.PROTECT, related_name="+", verbose_name="Voraussetzung")
    status = models.CharField("Stand", max_length=10, choices=Status, default=Status.UNSEEN)
    since = models.DateField("seit", default=workdays.today)
    marked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="eingetragen von"
    )

    class Meta:
        verbose_name = "Punkt eines Vorgangs"
        ordering = ["item__position"]
        constraints = [models.UniqueConstraint(fields=["procedure", "item"], name="casework_item_once_a_procedure")]

    def __str__(self):
        return f"{self.item}: {self.get_status_display()}"

    @transaction.atomic
    def mark(self, *, by, status) -> None:
        """The authority says how it stands; allowed while it may see the procedure at all. The first mark begins it."""
        procedure = self.procedure
        procedure._held_by(by)
        if procedure.status == Procedure.Status.DECIDED:
            raise StepRefused("Der Vorgang ist entschieden; seine Prüfliste ändert sich nicht mehr.")
        if procedure.status == Procedure.Status.RECEIVED:
            procedure.begin(by=by)
        if status != self.status:
            self.since = workdays.today()
        self.status, self.marked_by = status, by
        self.save()
        trail.record("procedure.mark", procedure, by=by)


class CaseProcedure(models.Model):
    """From which case a procedure was handed over. There is no accessor from the procedure, on purpose."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="procedure_links")
    procedure = models.OneToOneField(Procedure, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "übergebener Vorgang eines Falls"

    def __str__(self):
        return f"{self.case}: {self.procedure}"
