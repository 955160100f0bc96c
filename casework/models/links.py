"""The way into the chain: which case or consultation an issue was seen in. Steering has no way back."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.db.models import Q

from casework import access
from casework.models.cases import Case
from casework.models.consultations import Consultation
from kim import privacy_gate, trail, workdays
from kim.models import User
from kim.workflow import StepRefused, happened
from steering.models import Issue

INTERIM = "Was tun wir für die Person jetzt?"


class CaseIssueQuerySet(models.QuerySet):
    def visible_to(self, user):
        consultations = Consultation.objects.visible_to(user).values("pk")
        return self.filter(
            Q(case__in=Case.objects.visible_to(user).values("pk"))
            | Q(case__isnull=True, consultation__in=consultations)
        )

    def shared(self):
        """What is done meanwhile, where the case manager lets others read it; gated, and without the case.

        A withdrawn consent takes it back at once.
        """
        return self.filter(interim_shared=True, case__locked_at__isnull=True, case__restricted_at__isnull=True).exclude(
            interim=""
        )


class CaseIssue(models.Model):
    """Closing one never closes the other; every answer to the issue belongs on the timeline of the case."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, null=True, blank=True, related_name="issue_links")
    consultation = models.ForeignKey(
        Consultation, on_delete=models.CASCADE, null=True, blank=True, related_name="issue_links"
    )
    issue = models.ForeignKey(Issue, on_delete=models.PROTECT, related_name="+", verbose_name="Knackpunkt")
    interim = models.TextField(INTERIM, max_length=2000, blank=True)
    interim_shared = models.BooleanField("anderen im Case Management zeigen", default=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("verknüpft", default=workdays.now)

    objects = CaseIssueQuerySet.as_manager()

    class Meta:
        verbose_name = "Verknüpfung mit einem Knackpunkt"
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                name="casework_link_has_an_origin", condition=Q(case__isnull=False) | Q(consultation__isnull=False)
            ),
            models.UniqueConstraint(fields=["case", "issue"], name="casework_case_linked_once"),
            models.UniqueConstraint(fields=["consultation", "issue"], name="casework_consultation_linked_once"),
        ]
        indexes = [models.Index(fields=["issue", "case"])]

    def __str__(self):
        return f"{self.case or self.consultation} → {self.issue}"

    @classmethod
    @transaction.atomic
    def link(
        cls, *, by, issue, case=None, consultation=None, interim="", shared=False, confirmed=frozenset()
    ) -> "CaseIssue":
        """Tie an issue to where it was seen. What is shared passes the gate; raises privacy_gate.Held or GateDown."""
        if consultation and case is None:
            case = consultation.case
        if case:
            access.demand_work(by, case)
        elif consultation is None or not Consultation.objects.visible_to(by).filter(pk=consultation.pk).exists():
            raise StepRefused("Bitte wählen Sie den Fall oder die Beratung, in der das Problem auffiel.")
        try:
            with transaction.atomic():
                made = cls.objects.create(case=case, consultation=consultation, issue=issue, by=by)
        except IntegrityError:
            raise StepRefused(f"{issue} ist hier schon verknüpft.") from None
        made.keep_interim(by=by, interim=interim, shared=shared, confirmed=confirmed)
        trail.record("case.link_issue", case or consultation, by=by, note=str(issue))
        happened.send(cls, obj=made, act="link", record=made, given={})
        return made

    @transaction.atomic
    def change_interim(self, *, by, interim, shared=False, confirmed=frozenset()) -> None:
        if self.case is None and not CaseIssue.objects.visible_to(by).filter(pk=self.pk).exists():
            raise PermissionDenied(access.manages_cases.refusal)
        self.keep_interim(by=by, interim=interim, shared=shared, confirmed=confirmed)
        trail.record("case.interim", self.case or self.consultation, by=by, note="gezeigt" if shared else "")

    def keep_interim(self, *, by, interim, shared=False, confirmed=frozenset()) -> None:
        """What we do for the person now; for other eyes only once the gate has let it through."""
        if self.case:
            access.demand_work(by, self.case)
        if shared and interim:
            texts = {INTERIM: interim}
            privacy_gate.require(texts, author=by, confirmed=set(confirmed), context=self.case or self.issue)
        self.interim, self.interim_shared = interim, shared
        self.save()
