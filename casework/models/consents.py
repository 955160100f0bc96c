"""Consents: for one purpose and one recipient each, from a day until a day, and withdrawn with effect at once."""

from typing import ClassVar

from django.db import models, transaction
from django.db.models import F, Q

from casework import access
from casework.models.codes import code_field
from casework.models.people import Client
from kim import trail, workdays
from kim.dated import Dated, DatedQuerySet
from kim.models import Code, Organisation, User
from kim.workflow import StepRefused, happened

#: The purpose without which nobody is admitted, the one under which Modul 3 is given anything, and the one under which
#: a case may go to the case management of another employer.
CASE_MANAGEMENT = "CM"
TO_AUTHORITY = "MODUL3"
CHANGE = "WECHSEL"


#: What authorities usually ask for; what is ticked is kept in these words. Source: domain.md 5.
PAPERS = (
    "Pass oder Nachweis der Identität", "Aufenthaltstitel", "Arbeitsvertrag", "Lohnabrechnungen", "Rentenverlauf",
    "Mietvertrag", "Sprachzertifikat", "Test „Leben in Deutschland“ oder Einbürgerungstest",
    "Bescheinigung von Schule oder Kita", "Geburts- oder Heiratsurkunde", "Selbstauskunft zum Führungszeugnis",
)  # fmt: skip


def lines_of(text: str) -> list[str]:
    """Papers, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def hold_client(client: Client) -> None:
    """Lock the client's cases and then the client, in the order in which they are erased: what is given and what is
    withdrawn at once comes one after the other.
    """
    list(client.cases.select_for_update().order_by("pk").values_list("pk", flat=True))
    client.be_held()


def _is_outdated(consent: "Consent") -> bool:
    """Whether a case has ended since, or gone to another employer: the same words are then a consent of their own."""
    since = Q(ended_at__gte=consent.recorded_at) | Q(changed_employer_at__gte=consent.recorded_at)
    return consent.client.cases.filter(since).exists()


class ConsentQuerySet(DatedQuerySet):
    def visible_to(self, user):
        return self.filter(client__in=Client.objects.visible_to(user).values("pk"))

    def in_force(self, on=None):
        """Those that hold on a day (default: now). A withdrawal acts at once: its day no longer counts."""
        return self.filter(access.in_force(on))

    def for_purpose(self, purpose: str):
        return self.filter(purpose__code=purpose)

    def for_advice(self):
        """What lets somebody be advised: the consent into case management itself, and those into a change of employer;
        latest first, each with the code of its purpose (`about`).
        """
        itself = Q(purpose__code=CASE_MANAGEMENT, recipient__isnull=True)
        rows = self.filter(itself | Q(purpose__code=CHANGE)).annotate(about=F("purpose__code"))
        return rows.order_by("-recorded_at")

    def covering(self, purpose: str, recipient: Organisation):
        """Those in force now that let `recipient` know something for `purpose`."""
        return self.in_force().for_purpose(purpose).filter(recipient=recipient)


class Consent(Dated):
    class Given(models.TextChoices):
        WRITTEN = "written", "schriftlich"
        DIGITAL = "digital", "elektronisch"
        ORAL = "oral", "mündlich, vermerkt"

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="consents")
    purpose = code_field(Code.List.CONSENT_PURPOSE, "Zweck", needed=True)
    recipient = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Empfänger",
        help_text="leer: das Case Management selbst",
    )  # fmt: skip
    given = models.CharField("gegeben", max_length=8, choices=Given, default=Given.WRITTEN)
    papers = models.TextField(
        "Unterlagen", max_length=1500, blank=True, help_text="die eine Behörde bekommen darf, eine je Zeile"
    )
    text_version = models.CharField("Fassung des Textes", max_length=40)
    recorded_at = models.DateTimeField("eingetragen", default=workdays.now)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField("widerrufen", null=True, blank=True)

    #: The code of its purpose, where `for_advice` read it.
    about: str

    objects: ClassVar = ConsentQuerySet.as_manager()

    class Meta(Dated.Meta):
        verbose_name = "Einwilligung"
        ordering = ["-valid_from", "-pk"]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                name="casework_consent_withdrawn_after_recorded",
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("recorded_at")),
                violation_error_message="Widerrufen werden kann nur, was schon eingetragen ist.",
            ),
        ]
        indexes = [models.Index(fields=["client", "purpose", "valid_from"])]

    def __str__(self):
        return f"{self.purpose}, {self.recipient or 'Case Management'}, {self.span}"

    # Questions

    @property
    def is_in_force(self) -> bool:
        return self.withdrawn_at is None and self.holds_on(workdays.today())

    @property
    def paper_list(self) -> list[str]:
        return lines_of(self.papers)

    def is_last_of_its_kind(self) -> bool:
        """Whether the client's cases are locked once this one is withdrawn."""
        if self.purpose.code != CASE_MANAGEMENT:
            return False
        others = self.client.consents.in_force().for_purpose(CASE_MANAGEMENT).exclude(pk=self.pk)
        return not others.filter(recipient__isnull=True).exists()

    # Acts

    @classmethod
    @transaction.atomic
    def give(
        cls,
        *,
        by,
        client,
        purpose,
        text_version,
        given=Given.WRITTEN,
        recipient=None,
        valid_from=None,
        valid_until=None,
        papers="",
    ) -> "Consent":
        """Write down what a client agreed to. The same once more answers the one there is, until a case has ended or
        changed its employer since: then it is a new one.
        """
        hold_client(client)
        access.demand_client(by, client)
        if purpose.code == TO_AUTHORITY and recipient is None:
            raise StepRefused("Bitte nennen Sie die Behörde, die etwas erfahren darf.")
        if papers and purpose.code != TO_AUTHORITY:
            raise StepRefused("Unterlagen nennt nur eine Einwilligung in die Übergabe an eine Behörde.")
        later = purpose.code == CASE_MANAGEMENT and valid_from and valid_from > workdays.today()
        if later and client.cases.filter(locked_at__isnull=False).exists():
            raise StepRefused(
                "Der Fall ist gesperrt. Nur eine Einwilligung, die heute schon gilt, hebt die Sperre auf; "
                "mit einem späteren Beginn würde er vorher gelöscht."
            )
        first_day = valid_from or workdays.today()
        papers = "\n".join(lines_of(papers))
        told = {"given": given, "text_version": text_version, "valid_until": valid_until, "papers": papers}
        twin = client.consents.filter(purpose=purpose, recipient=recipient, valid_from=first_day, withdrawn_at=None)
        if (there := twin.first()) and not _is_outdated(there):
            if any(getattr(there, name) != value for name, value in told.items()):
                raise StepRefused(
                    "Diese Einwilligung ist ab diesem Tag schon eingetragen. Soll sie anders lauten, widerrufen Sie "
                    "bitte zuerst die eingetragene, oder geben Sie einen anderen ersten Tag an."
                )
            return there
        consent = cls.objects.create(
            client=client, purpose=purpose, recipient=recipient, valid_from=first_day, recorded_by=by, **told
        )
        if purpose.code == CASE_MANAGEMENT and recipient is None and consent.is_in_force:
            for case in client.cases.filter(locked_at__isnull=False):
                case.unlock(by=by)
        trail.record("consent.give", consent, by=by)
        happened.send(cls, obj=consent, act="give", record=consent, given={})
        return consent

    @transaction.atomic
    def withdraw(self, *, by) -> None:
        """From this moment nobody learns anything by it: no seat at a conference to come, no asking after a referral.
        Without the consent into case management itself the client's cases are locked: they may only be ended, and wait
        for their deletion.
        """
        from casework.models.network import end_with  # stands on this module

        hold_client(self.client)
        access.demand_client(by, self.client)
        self.refresh_from_db(from_queryset=Consent.objects.select_for_update(of=("self",)))
        if self.withdrawn_at:
            raise StepRefused("Diese Einwilligung ist schon widerrufen.")
        self.withdrawn_at = workdays.now()
        self.save()
        end_with(self, by=by)
        if self.purpose.code == CASE_MANAGEMENT:
            left = self.client.consents.in_force().for_purpose(CASE_MANAGEMENT)
            if not left.filter(recipient__isnull=True).exists():
                for case in self.client.cases.filter(locked_at__isnull=True):
                    case.lock(self.withdrawn_at, by=by)
        trail.record("consent.withdraw", self, by=by)
        happened.send(Consent, obj=self, act="withdraw", record=self, given={})
