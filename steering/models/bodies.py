"""Bodies, who sits in them, and when they meet. Names follow OParl (Body, Membership, Meeting, AgendaItem)."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from kim import workdays
from kim.dated import Dated, DatedQuerySet, valid_on
from kim.models import Municipality, Organisation, User
from steering import access


class BodyQuerySet(DatedQuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_bodies(user))

    def project_groups(self):
        return self.filter(kind__in=[Body.Kind.LOCAL, Body.Kind.THEMATIC])

    def fitting(self, reach: str):
        """Groups that may be given an issue of this reach: local ones for a place, thematic ones for the county."""
        kind = Body.Kind.LOCAL if reach == "local" else Body.Kind.THEMATIC
        return self.filter(kind=kind)


class Body(Dated):
    class Kind(models.TextChoices):
        STEERING = "steering", "Lenkungsgruppe"
        LOCAL = "local", "örtliche Projektgruppe"
        THEMATIC = "thematic", "thematische Projektgruppe"
        WORKING = "working", "Arbeitsgruppe"

    key = models.SlugField("Kennung", unique=True)
    name = models.CharField("Name", max_length=120)
    kind = models.CharField("Art", max_length=10, choices=Kind)
    municipalities = models.ManyToManyField(
        Municipality, blank=True, related_name="bodies", verbose_name="Kommunen"
    )
    mandate = models.TextField("Auftrag", blank=True)

    objects = BodyQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["name"]
        verbose_name = "Gremium"

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("steering:body_detail", args=[self.pk])

    @classmethod
    def steering_group(cls) -> "Body | None":
        return (
            cls.objects.valid_on().filter(kind=cls.Kind.STEERING).order_by("pk").first()
        )

    def leads(self, day=None):
        """Accounts that chair this body (or lead this group) on `day`."""
        seats = Membership.objects.filter(
            valid_on(day or workdays.today()),
            body=self,
            function=Membership.Function.LEAD,
        )
        return User.objects.filter(is_active=True, pk__in=seats.values("user"))

    def next_meeting(self, after=None) -> "Meeting | None":
        """The first meeting that begins after `after` (default: now)."""
        upcoming = self.meetings.filter(
            starts_at__gt=after or workdays.now(), cancelled_at__isnull=True
        )
        return upcoming.order_by("starts_at").first()


class Membership(Dated):
    class Function(models.TextChoices):
        LEAD = "lead", "Vorsitz oder Leitung"
        MEMBER = "member", "Mitglied"
        ADVISORY = "advisory", "beratend"

    body = models.ForeignKey(
        Body,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name="Gremium",
    )
    user = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name="Konto",
    )
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="seats",
        verbose_name="Institution",
    )
    function = models.CharField(
        "Funktion", max_length=8, choices=Function, default=Function.MEMBER
    )

    class Meta(Dated.Meta):
        ordering = ["function", "valid_from"]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                name="steering_seat_is_somebodys",
                condition=Q(user__isnull=False) | Q(organisation__isnull=False),
                violation_error_message="Ein Sitz braucht ein Konto oder eine Institution.",
            ),
        ]
        indexes = [models.Index(fields=["user", "valid_from"])]

    def __str__(self):
        return f"{self.user or self.organisation} in {self.body} {self.span}"


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_meetings(user))

    def upcoming(self, after=None):
        return self.filter(
            starts_at__gt=after or workdays.now(), cancelled_at__isnull=True
        ).order_by("starts_at")


class Meeting(models.Model):
    class Mode(models.TextChoices):
        PRESENCE = "presence", "vor Ort"
        VIDEO = "video", "Videokonferenz"
        HYBRID = "hybrid", "vor Ort und per Video"

    body = models.ForeignKey(
        Body, on_delete=models.PROTECT, related_name="meetings", verbose_name="Gremium"
    )
    starts_at = models.DateTimeField("Beginn")
    place = models.CharField("Ort", max_length=160, blank=True)
    mode = models.CharField("Form", max_length=8, choices=Mode, default=Mode.PRESENCE)
    title = models.CharField("Titel", max_length=160, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["body", "starts_at"], name="steering_one_meeting_per_moment"
            )
        ]

    def __str__(self):
        local = timezone.localtime(self.starts_at)
        return f"{self.title or self.body.name}, {local:%d.%m.%Y}, {local:%H:%M} Uhr"

    def get_absolute_url(self):
        return reverse("steering:meeting_detail", args=[self.pk])

    @property
    def day(self):
        return timezone.localtime(self.starts_at).date()


class AgendaItem(models.Model):
    """An issue before a body: to be decided, as a proposal of a project group, or for information."""

    class Kind(models.TextChoices):
        TABLED = "tabled", "zur Entscheidung"
        PROPOSAL = "proposal", "Lösungsvorschlag"
        INFORMATION = "information", "zur Information (kurzer Dienstweg)"

    meeting = models.ForeignKey(
        Meeting, on_delete=models.PROTECT, null=True, blank=True, related_name="agenda",
        help_text="leer: die nächste Sitzung, sobald sie geplant ist",
    )  # fmt: skip
    issue = models.ForeignKey(
        "steering.Issue", on_delete=models.CASCADE, related_name="agenda_items"
    )
    kind = models.CharField("Art", max_length=11, choices=Kind)
    added_at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.issue}: {self.get_kind_display()}"
