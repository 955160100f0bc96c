"""The rules of procedure of a body („Geschäftsordnung“): versions, and what the software applies of them."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from kim import workdays
from kim.models import User
from steering.models.bodies import Body
from steering.models.choices import only
from steering.models.meetings import Meeting


class RulesOfProcedure(models.Model):
    """One version. Draft, until it is submitted; it holds from the day its resolution says, until the next one does.

    Before a body has adopted any, the proposal of domain.md 4.3 holds: the defaults below. Days are calendar days.
    """

    class Voices(models.TextChoices):
        INSTITUTION = "institution", "eine Stimme je Institution"
        PERSON = "person", "eine Stimme je Mitglied"

    class Majority(models.TextChoices):
        CONSENSUS = "consensus", "Konsens, hilfsweise einfache Mehrheit"
        SIMPLE = "simple", "einfache Mehrheit"
        ONLY_CONSENSUS = "unanimous", "nur im Konsens"

    class Admission(models.TextChoices):
        SIMPLE = "simple", "einfache Mehrheit"
        TWO_THIRDS = "two_thirds", "Zwei-Drittel-Mehrheit"
        UNANIMOUS = "unanimous", "einstimmig"

    class Readers(models.TextChoices):
        MEMBERS = "members", "Mitglieder des Gremiums"
        GROUPS = "groups", "Mitglieder aller Gremien"
        STAFF = "staff", "Case Management, Modul 3 und Koordinierung"

    body = models.ForeignKey(Body, on_delete=models.CASCADE, related_name="rules", verbose_name="Gremium")
    version = models.PositiveSmallIntegerField("Fassung")
    text = models.TextField("Wortlaut", max_length=40000, blank=True)
    submitted_on = models.DateField("vorgelegt am", null=True, blank=True)
    submitted_to = models.CharField("vorgelegt", max_length=160, blank=True, help_text="wem, in welcher Sitzung")
    meeting = models.ForeignKey(
        Meeting,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="rules_to_adopt",
        verbose_name="zur Verabschiedung in",
    )
    resolution = models.OneToOneField(
        "steering.Resolution",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="adopts",
        verbose_name="verabschiedet durch",
    )
    valid_from = models.DateField("gilt ab", null=True, blank=True)
    valid_until = models.DateField("gilt bis (ausschließlich)", null=True, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    meetings_per_year = models.PositiveSmallIntegerField("Sitzungen im Jahr, wenigstens", default=4)
    invitation_days = models.PositiveSmallIntegerField("Einladung, Tage vorher", default=14)
    topic_days = models.PositiveSmallIntegerField("Anmeldeschluss für Themen, Tage vorher", default=21)
    paper_days = models.PositiveSmallIntegerField("Unterlagen, Tage vorher", default=7)
    quorum_percent = models.PositiveSmallIntegerField("Beschlussfähig ab (Prozent der Stimmen)", default=50)
    without_quorum = models.BooleanField("Beschlüsse auch ohne Beschlussfähigkeit", default=False)
    voices = models.CharField("Stimmrecht", max_length=11, choices=Voices, default=Voices.INSTITUTION)
    majority = models.CharField("Beschlussfassung", max_length=9, choices=Majority, default=Majority.CONSENSUS)
    admission = models.CharField(
        "Änderung der Tagesordnung nach der Einladung", max_length=10, choices=Admission, default=Admission.SIMPLE
    )
    written_allowed = models.BooleanField("Umlaufverfahren zulässig", default=True)
    written_days = models.PositiveSmallIntegerField("Umlaufverfahren, Tage zur Stimmabgabe wenigstens", default=14)
    minutes_days = models.PositiveSmallIntegerField("Entwurf der Niederschrift, Tage danach", default=14)
    objection_days = models.PositiveSmallIntegerField("Einwendungen, Tage nach der Zusendung", default=14)
    readers = models.CharField("Niederschriften lesen", max_length=9, choices=Readers, default=Readers.STAFF)

    class Meta:
        ordering = ["body", "-version"]
        verbose_name = "Geschäftsordnung"
        constraints = [
            models.UniqueConstraint(fields=["body", "version"], name="steering_one_version_of_rules"),
            models.UniqueConstraint(
                fields=["body"],
                name="steering_one_set_of_rules_in_force",
                condition=Q(valid_from__isnull=False, valid_until__isnull=True),
            ),
            models.CheckConstraint(
                name="steering_rules_hold_by_resolution",
                condition=Q(valid_from__isnull=True, valid_until__isnull=True, resolution__isnull=True)
                | Q(valid_from__isnull=False, resolution__isnull=False),
                violation_error_message="Eine Geschäftsordnung gilt erst durch einen Beschluss.",
            ),
            models.CheckConstraint(
                name="steering_rules_end_after_they_start",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="steering_rules_within_reason",
                condition=Q(
                    meetings_per_year__range=(1, 24),
                    invitation_days__range=(1, 90),
                    topic_days__range=(0, 120),
                    paper_days__range=(0, 90),
                    quorum_percent__range=(1, 100),
                    written_days__range=(1, 90),
                    minutes_days__range=(1, 180),
                    objection_days__range=(1, 180),
                ),
                violation_error_message="Fristen: 1 bis 180 Tage, Beschlussfähigkeit: 1 bis 100 %.",
            ),
            only("rules", "voices", ["institution", "person"]),
            only("rules", "majority", ["consensus", "simple", "unanimous"]),
            only("rules", "admission", ["simple", "two_thirds", "unanimous"]),
            only("rules", "readers", ["members", "groups", "staff"]),
        ]

    def __str__(self):
        return f"Geschäftsordnung, Fassung {self.version}"

    @classmethod
    def in_force(cls, body: Body, day: dt.date | None = None) -> "RulesOfProcedure":
        """What `body` goes by on `day`: its own rules, else the steering group's, else the defaults (unsaved)."""
        day = day or workdays.today()
        held = cls.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=day), valid_from__lte=day)
        own = held.filter(Q(body=body) | Q(body__kind=Body.Kind.STEERING))
        found = sorted(own, key=lambda rules: rules.body_id != body.pk)
        return found[0] if found else cls(body=body, version=0)

    @property
    def is_adopted(self) -> bool:
        return self.valid_from is not None

    @property
    def standing(self) -> str:
        """In the words of its pages: Entwurf, vorgelegt, verabschiedet, or that these are the defaults."""
        if not self.pk:
            return "Voreinstellung, solange keine Geschäftsordnung verabschiedet ist"
        if self.valid_from:
            return f"verabschiedet, gilt ab {self.valid_from:%d.%m.%Y}"
        return f"vorgelegt am {self.submitted_on:%d.%m.%Y}" if self.submitted_on else "Entwurf"


def admits(rules: RulesOfProcedure, yes: int, no: int, abstained: int) -> bool:
    """Whether the body lets its agenda be changed after the invitation. Measured by the votes cast.

    Who abstains casts none; where the rules ask for one voice, an abstention does not break it.
    """
    cast = yes + no
    match rules.admission:
        case RulesOfProcedure.Admission.UNANIMOUS:
            return yes > 0 and no == 0
        case RulesOfProcedure.Admission.TWO_THIRDS:
            return yes > 0 and 3 * yes >= 2 * cast
    return yes > no
