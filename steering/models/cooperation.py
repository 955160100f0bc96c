"""What county and municipalities agree on: agreements, kick-off events, and the interfaces between authorities."""

from django.db import models
from django.db.models import F, Q

from kim import workdays
from kim.addresses import address
from kim.models import Code, Municipality, Organisation, User
from steering.models.choices import only


class Agreement(models.Model):
    """A co-operation agreement with a municipality („Kooperationsvereinbarung“), one row per version.

    In preparation, sent, signed; in force from `valid_from` until `valid_until` (exclusive; None: without end).
    """

    municipality = models.ForeignKey(
        Municipality, on_delete=models.PROTECT, related_name="agreements", verbose_name="Kommune"
    )
    version = models.PositiveSmallIntegerField("Fassung")
    subject = models.TextField("Gegenstand", max_length=4000, blank=True)
    sent_on = models.DateField("an die Kommune versandt am", null=True, blank=True)
    signed_on = models.DateField("unterzeichnet am", null=True, blank=True)
    signatories = models.TextField(
        "unterzeichnet durch", max_length=500, blank=True, help_text="Funktionen, keine Namen: eine je Zeile"
    )
    contact = models.CharField(
        "Ansprechstelle der Kommune", max_length=160, blank=True, help_text="Funktion oder Amt, kein Name"
    )
    valid_from = models.DateField("gilt ab", null=True, blank=True)
    valid_until = models.DateField("gilt bis (ausschließlich)", null=True, blank=True)
    renew_months = models.PositiveSmallIntegerField("Verlängerung klären, Monate vor dem Ende", default=6)
    ended_because = models.TextField("vorzeitig beendet, weil", max_length=1000, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["municipality", "-version"]
        verbose_name = "Kooperationsvereinbarung"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "version"], name="steering_one_version_of_an_agreement"),
            models.CheckConstraint(
                name="steering_agreement_in_force_is_signed_or_proven",
                condition=Q(valid_from__isnull=True) | Q(signed_on__isnull=False) | ~Q(source=""),
                violation_error_message="Eine Vereinbarung gilt erst, wenn sie unterzeichnet ist.",
            ),
            models.CheckConstraint(
                name="steering_agreement_ends_after_it_starts",
                condition=Q(valid_until__isnull=True) | Q(valid_from__isnull=False, valid_until__gt=F("valid_from")),
                violation_error_message="Das Ende muss nach dem Anfang liegen.",
            ),
            models.CheckConstraint(
                name="steering_agreement_renewed_in_time",
                condition=Q(renew_months__range=(1, 36)),
                violation_error_message="Bitte nennen Sie 1 bis 36 Monate.",
            ),
        ]

    def __str__(self):
        return f"Kooperationsvereinbarung {self.municipality}, Fassung {self.version}"


class KickOff(models.Model):
    """A kick-off event in a municipality („Auftaktveranstaltung“): who works where, and how authorities meet."""

    municipality = models.ForeignKey(
        Municipality, on_delete=models.PROTECT, related_name="kick_offs", verbose_name="Kommune"
    )
    on_day = models.DateField("Tag")
    day_is_known = models.BooleanField("Tag ist belegt", default=True)
    place = models.CharField("Ort", max_length=160, blank=True)
    held = models.BooleanField("hat stattgefunden", default=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField("Ergebnis", max_length=4000, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["on_day", "pk"]
        verbose_name = "Auftaktveranstaltung"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "on_day"], name="steering_one_kick_off_per_day"),
            models.CheckConstraint(
                name="steering_kick_off_held_or_cancelled", condition=Q(held=False) | Q(cancelled_at__isnull=True)
            ),
        ]
        indexes = [models.Index(fields=["on_day", "id"])]

    def __str__(self):
        return f"Auftaktveranstaltung {self.municipality}, {self.on_day:%d.%m.%Y}"

    def get_absolute_url(self):
        return address("steering:kickoff_detail", self.pk)


class KickOffParticipant(models.Model):
    """An institution at a kick-off event, its sector and how many people came; nobody by name."""

    class Sector(models.TextChoices):
        ADMINISTRATION = "administration", "Kommunalverwaltung"
        WELFARE = "welfare", "Wohlfahrt"
        LEGAL = "legal", "Rechtskreis"
        OTHER = "other", "Sonstige"

    event = models.ForeignKey(KickOff, on_delete=models.CASCADE, related_name="participants")
    sector = models.CharField("Bereich", max_length=14, choices=Sector)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Institution"
    )
    name = models.CharField("Stelle", max_length=120, blank=True, help_text="wenn sie nicht in der Liste steht")
    legal_area = models.ForeignKey(
        Code, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Rechtskreis",
        limit_choices_to={"list": Code.List.LEGAL_AREA},
    )  # fmt: skip
    persons = models.PositiveSmallIntegerField("Personen", null=True, blank=True)

    class Meta:
        ordering = ["sector", "pk"]
        constraints = [
            models.CheckConstraint(
                name="steering_participant_is_somewhere",
                condition=Q(organisation__isnull=False) | ~Q(name=""),
                violation_error_message="Bitte nennen Sie eine Institution oder Stelle.",
            ),
            only("participant", "sector", ["administration", "welfare", "legal", "other"]),
        ]

    def __str__(self):
        return str(self.organisation or self.name)


class Interface(models.Model):
    """Where two authorities meet in one person's matter („Schnittstelle“): what is handed over, and how.

    The way of working in force is the latest InterfaceWay.
    """

    title = models.CharField("Schnittstelle", max_length=140)
    between = models.ManyToManyField(Organisation, related_name="interfaces", verbose_name="zwischen")
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="interfaces",
        verbose_name="Kommune",
        help_text="leer: im ganzen Kreis",
    )
    legal_areas = models.ManyToManyField(
        Code, blank=True, related_name="+", verbose_name="Rechtskreise", limit_choices_to={"list": Code.List.LEGAL_AREA}
    )
    description = models.TextField("Worum geht es?", max_length=2000, blank=True)
    identified_at = models.ForeignKey(
        KickOff, on_delete=models.PROTECT, null=True, blank=True, related_name="interfaces", verbose_name="erkannt bei"
    )
    confirmed_on = models.DateField("zuletzt bestätigt am", null=True, blank=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    retired_on = models.DateField("entfallen am", null=True, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)
    folded = models.TextField(editable=False, blank=True)

    class Meta:
        ordering = ["title"]
        verbose_name = "Schnittstelle"

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return address("steering:interface_detail", self.pk)


class InterfaceWay(models.Model):
    """How the authorities agreed to work at an interface, from a day on. An earlier way stays to be read."""

    interface = models.ForeignKey(Interface, on_delete=models.CASCADE, related_name="ways")
    text = models.TextField("vereinbarte Arbeitsweise", max_length=4000)
    agreed_on = models.DateField("vereinbart am")
    event = models.ForeignKey(KickOff, on_delete=models.PROTECT, null=True, blank=True, related_name="ways")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["-agreed_on", "-pk"]
        verbose_name = "Arbeitsweise"

    def __str__(self):
        return f"{self.interface}, {self.agreed_on:%d.%m.%Y}"
