"""What people ask of us by right (Art. 12 to 22 DSGVO), and breaches of their data (Art. 33, 34 DSGVO).

A request is the same thing whoever it comes from; people with an account have theirs here, clients in casework. The
acts stand in kim/rights.py and kim/breaches.py.
"""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from kim import workdays
from kim.dated import known_choice, months_after

#: Art. 12 (3) DSGVO: within one month of receipt, extended by two further months where necessary.
MONTHS, FURTHER_MONTHS = 1, 2
#: Art. 33 (1) DSGVO: not later than 72 hours after having become aware of it.
HOURS = 72


class Kind(models.TextChoices):
    ACCESS = "access", "Auskunft (Art. 15 DSGVO)"
    RECTIFICATION = "rectification", "Berichtigung (Art. 16 DSGVO)"
    ERASURE = "erasure", "Löschung (Art. 17 DSGVO)"
    RESTRICTION = "restriction", "Einschränkung der Verarbeitung (Art. 18 DSGVO)"
    PORTABILITY = "portability", "Datenübertragung (Art. 20 DSGVO)"
    OBJECTION = "objection", "Widerspruch (Art. 21 DSGVO)"
    WITHDRAWAL = "withdrawal", "Widerruf einer Einwilligung (Art. 7 Abs. 3 DSGVO)"


class Standing(models.TextChoices):
    RECEIVED = "received", "eingegangen"
    IDENTIFIED = "identified", "Identität geklärt"
    ANSWERED = "answered", "beantwortet"
    REFUSED = "refused", "abgelehnt"
    TAKEN_BACK = "taken_back", "zurückgenommen"


OPEN = (Standing.RECEIVED, Standing.IDENTIFIED)


class Way(models.TextChoices):
    PERSON = "person", "persönlich"
    LETTER = "letter", "Brief"
    MAIL = "mail", "E-Mail"
    PHONE = "phone", "Telefon"
    OTHER = "other", "über eine andere Stelle"


class Identified(models.TextChoices):
    PAPER = "paper", "Ausweis vorgelegt"
    KNOWN = "known", "persönlich bekannt"
    ADDRESS = "address", "Antwort an die bekannte Anschrift"
    ACCOUNT = "account", "aus dem eigenen Konto"
    PROXY = "proxy", "Vollmacht und Ausweis der Vertretung"


class Extension(models.TextChoices):
    COMPLEX = "complex", "Komplexität des Anliegens"
    MANY = "many", "Anzahl der Anliegen"


class Outcome(models.TextChoices):
    DONE = "done", "vollständig erfüllt"
    PARTLY = "partly", "teilweise erfüllt"
    NOTHING = "nothing", "keine Daten gespeichert"


class Refusal(models.TextChoices):
    UNKNOWN = "unknown", "Identität nicht nachgewiesen (Art. 12 Abs. 6 DSGVO)"
    EXCESSIVE = "excessive", "offenkundig unbegründet oder exzessiv (Art. 12 Abs. 5 DSGVO)"
    OTHERS = "others", "Rechte anderer Personen (Art. 15 Abs. 4 DSGVO)"
    CORRECT = "correct", "Die Angaben sind richtig (Art. 16 DSGVO)"
    CLAIMS = "claims", "Rechtsansprüche (Art. 17 Abs. 3 Buchst. e DSGVO)"
    DUTY = "duty", "rechtliche Verpflichtung, aufzubewahren (Art. 17 Abs. 3 Buchst. b DSGVO)"
    NO_GROUND = "no_ground", "kein Fall des Art. 18 Abs. 1 DSGVO"
    NOT_PORTABLE = "not_portable", "nicht von der Person bereitgestellt (Art. 20 Abs. 1 DSGVO)"
    GROUNDS = "grounds", "zwingende schutzwürdige Gründe (Art. 21 Abs. 1 DSGVO)"


class Ground(models.TextChoices):
    """Why processing is restricted: Art. 18 (1)."""

    DOUBTED = "doubted", "Richtigkeit wird geprüft (Buchst. a)"
    UNLAWFUL = "unlawful", "unrechtmäßig, statt zu löschen (Buchst. b)"
    CLAIMS = "claims", "von der Person für Rechtsansprüche gebraucht (Buchst. c)"
    OBJECTED = "objected", "über einen Widerspruch wird entschieden (Buchst. d)"


class AskedQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state__in=OPEN)

    def overdue(self, on: dt.date | None = None):
        return self.open().filter(due_on__lt=on or workdays.today())


class Asked(models.Model):
    """A request: received on a day, due a month later, answered or refused by somebody. Never the answer itself."""

    kind = models.CharField("Anliegen", max_length=16, choices=Kind)
    state = models.CharField("Stand", max_length=12, choices=Standing, default=Standing.RECEIVED)
    received_on = models.DateField("eingegangen am")
    came_by = models.CharField("Eingang", max_length=8, choices=Way)
    identified = models.CharField("Identität geklärt durch", max_length=8, choices=Identified, blank=True)
    identified_on = models.DateField("Identität geklärt am", null=True, blank=True)
    due_on = models.DateField("zu beantworten bis")
    extended_on = models.DateField("verlängert am", null=True, blank=True)
    extension_reason = models.CharField("Grund der Verlängerung", max_length=8, choices=Extension, blank=True)
    extension_told_on = models.DateField("Verlängerung mitgeteilt am", null=True, blank=True)
    answered_on = models.DateField("beantwortet am", null=True, blank=True)
    outcome = models.CharField("Ergebnis", max_length=8, choices=Outcome, blank=True)
    refusal = models.CharField("Grund der Ablehnung", max_length=12, choices=Refusal, blank=True)
    kept_until = models.DateField("aufbewahrt bis", null=True, blank=True)
    corrected = models.CharField("was berichtigt wurde", max_length=300, blank=True)
    recorded_by = models.ForeignKey("kim.User", on_delete=models.PROTECT, related_name="+", verbose_name="erfasst von")
    recorded_at = models.DateTimeField("erfasst", default=workdays.now)

    objects = AskedQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["due_on", "pk"]
        constraints = [
            known_choice("%(app_label)s_%(class)s", "kind", Kind),
            known_choice("%(app_label)s_%(class)s", "state", Standing),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_answered_has_day",
                condition=(Q(state__in=OPEN) & Q(answered_on__isnull=True))
                | (~Q(state__in=OPEN) & Q(answered_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_refused_has_reason",
                condition=(Q(state="refused") & ~Q(refusal="")) | (~Q(state="refused") & Q(refusal="")),
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_outcome_of_answer",
                condition=(Q(state="answered") & ~Q(outcome="")) | (~Q(state="answered") & Q(outcome="")),
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_extended_is_told",
                condition=Q(extended_on__isnull=True, extension_reason="", extension_told_on__isnull=True)
                | (Q(extended_on__isnull=False, extension_told_on__isnull=False) & ~Q(extension_reason="")),
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_due_after_receipt", condition=Q(due_on__gt=F("received_on"))
            ),
        ]

    def __str__(self):
        return f"Anliegen {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due_on < workdays.today()

    @property
    def short(self) -> str:
        """„Auskunft (Art. 15)“: the kind as it stands in lists."""
        return str(self.get_kind_display()).replace(" DSGVO", "")


class AccountRequest(Asked):
    """Of somebody who has an account: employees, members of bodies. Handled by the administration and the audit."""

    account = models.ForeignKey("kim.User", on_delete=models.PROTECT, related_name="+", verbose_name="Konto")

    class Meta(Asked.Meta):
        verbose_name = "Anliegen zu einem Konto"
        indexes = [models.Index(fields=["due_on"], name="kim_accountrequest_open", condition=Q(state__in=OPEN))]

    def get_absolute_url(self):
        from django.urls import reverse

        return reverse("kim:account_request_detail", args=[self.pk])


def due_after(received_on: dt.date, *, extended: bool = False) -> dt.date:
    """The last day to answer: the day of the month that bears the number of the day of receipt, or the month's last
    (§ 188 (2), (3) BGB). A due day on a weekend is not moved: the earlier day can only serve the person.
    """
    return months_after(received_on, MONTHS + (FURTHER_MONTHS if extended else 0))


class BreachState(models.TextChoices):
    SUSPECTED = "suspected", "Verdacht"
    CONFIRMED = "confirmed", "Vorfall"
    UNFOUNDED = "unfounded", "kein Vorfall"
    CLOSED = "closed", "abgeschlossen"


class Risk(models.TextChoices):
    NONE = "none", "voraussichtlich kein Risiko"
    SOME = "some", "Risiko"
    HIGH = "high", "hohes Risiko"


class NotTold(models.TextChoices):
    """Art. 34 (3)."""

    SAFE = "safe", "Daten waren verschlüsselt (Art. 34 Abs. 3 Buchst. a DSGVO)"
    AVERTED = "averted", "hohes Risiko besteht nicht mehr (Buchst. b)"
    PUBLIC = "public", "unverhältnismäßig, öffentliche Bekanntmachung (Buchst. c)"


class EntryKind(models.TextChoices):
    HAPPENED = "happened", "Was geschehen ist"
    CONSEQUENCE = "consequence", "mögliche Folgen"
    MEASURE = "measure", "Maßnahme"
    JUDGED = "judged", "Einschätzung"
    TOLD = "told", "Benachrichtigung"
    CLOSED = "closed", "Abschluss"


class Breach(models.Model):
    """A breach of personal data, or the suspicion of one. What happened stands in its entries, which nobody changes."""

    state = models.CharField("Stand", max_length=9, choices=BreachState, default=BreachState.SUSPECTED)
    discovered_at = models.DateTimeField("bekannt geworden")
    kinds = models.CharField("Arten von Daten", max_length=200, blank=True)
    about = models.PositiveIntegerField("betroffene Personen, ungefähr", null=True, blank=True)
    special = models.BooleanField("besonders geschützte Daten (Art. 9 DSGVO)", null=True, blank=True)
    risk = models.CharField("Risiko für die Personen", max_length=4, choices=Risk, blank=True)
    told_authority_at = models.DateTimeField("der LDI NRW gemeldet", null=True, blank=True)
    late_reason = models.CharField("Grund der Verspätung", max_length=300, blank=True)
    told_people_on = models.DateField("betroffene Personen benachrichtigt am", null=True, blank=True)
    not_told_why = models.CharField("nicht benachrichtigt, weil", max_length=8, choices=NotTold, blank=True)
    closed_at = models.DateTimeField("abgeschlossen", null=True, blank=True)
    recorded_by = models.ForeignKey("kim.User", on_delete=models.PROTECT, related_name="+", verbose_name="gemeldet von")
    recorded_at = models.DateTimeField("erfasst", default=workdays.now)

    class Meta:
        verbose_name = "Datenschutzvorfall"
        ordering = ["-discovered_at", "-pk"]
        constraints = [
            known_choice("kim_breach", "state", BreachState),
            known_choice("kim_breach", "risk", Risk, empty=True),
            known_choice("kim_breach", "not_told_why", NotTold, empty=True),
            models.CheckConstraint(
                name="kim_breach_ended_has_moment",
                condition=(Q(state__in=["unfounded", "closed"]) & Q(closed_at__isnull=False))
                | (~Q(state__in=["unfounded", "closed"]) & Q(closed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="kim_breach_told_after_discovery",
                condition=Q(told_authority_at__isnull=True) | Q(told_authority_at__gte=F("discovered_at")),
            ),
        ]

    def __str__(self):
        return f"Vorfall {self.pk}"

    def get_absolute_url(self):
        from django.urls import reverse

        return reverse("kim:breach_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def due_at(self) -> dt.datetime:
        """72 hours of real time: a night in which the clock changes makes no difference."""
        return self.discovered_at.astimezone(dt.UTC) + dt.timedelta(hours=HOURS)

    @property
    def counts_down(self) -> bool:
        """Whether the hours still matter: nobody has told the authority, and nobody judged that there is no risk."""
        return self.is_open and self.told_authority_at is None and self.risk != Risk.NONE

    @property
    def was_late(self) -> bool:
        return self.told_authority_at is not None and self.told_authority_at > self.due_at


class BreachEntry(models.Model):
    """What became known of a breach, was done or decided, in the order of time. Never changed, never deleted alone."""

    breach = models.ForeignKey(Breach, on_delete=models.CASCADE, related_name="entries")
    kind = models.CharField("Art", max_length=11, choices=EntryKind)
    text = models.TextField("Text", max_length=2000)
    by = models.ForeignKey("kim.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        verbose_name = "Eintrag zu einem Vorfall"
        ordering = ["at", "pk"]
        constraints = [known_choice("kim_breachentry", "kind", EntryKind)]

    def __str__(self):
        return f"{self.get_kind_display()} ({self.at:%d.%m.%Y %H:%M})"
