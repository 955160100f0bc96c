"""When bodies meet and what they speak of. Names follow OParl (Meeting, AgendaItem, Paper)."""

import datetime as dt
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from kim import trail, workdays
from kim.addresses import address
from kim.models import User
from kim.paging import CappedNumber
from kim.rules import demand
from kim.trigrams import fold
from kim.workflow import StepRefused, happened
from steering import access
from steering.models.bodies import Body
from steering.models.choices import number_of, only


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_meetings(user))

    def with_figures(self):
        """With the body and the number of items by kind: `to_decide`, `proposals`, `to_know`."""
        agenda = AgendaItem.objects.filter(meeting=OuterRef("pk"))
        return self.select_related("body").annotate(
            to_decide=number_of(agenda.filter(kind=AgendaItem.Kind.TABLED)),
            proposals=number_of(agenda.filter(kind=AgendaItem.Kind.PROPOSAL)),
            to_know=number_of(agenda.filter(kind=AgendaItem.Kind.INFORMATION)),
        )

    def with_capped_figures(self):
        """With the body, what waits for a decision (`to_decide`) and what comes along (`to_know`), capped."""
        agenda = AgendaItem.objects.filter(meeting=OuterRef("pk"))
        return self.select_related("body").annotate(
            to_decide=CappedNumber(agenda.undecided()),
            to_know=CappedNumber(agenda.filter(kind=AgendaItem.Kind.INFORMATION)),
        )

    def upcoming(self, after=None):
        return self.filter(starts_at__gt=after or workdays.now(), cancelled_at__isnull=True).order_by("starts_at")


class Meeting(models.Model):
    class Mode(models.TextChoices):
        PRESENCE = "presence", "Präsenz"
        VIDEO = "video", "Video"
        HYBRID = "hybrid", "hybrid"
        WRITTEN = "written", "Umlaufverfahren"

    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="meetings", verbose_name="Gremium")
    starts_at = models.DateTimeField("Beginn")
    place = models.CharField("Ort", max_length=160, blank=True)
    mode = models.CharField("Form", max_length=8, choices=Mode, default=Mode.PRESENCE)
    minutes_long = models.PositiveSmallIntegerField("Dauer (Minuten)", default=120)
    video_url = models.URLField("Zugang zur Videokonferenz", max_length=300, blank=True)
    written_until = models.DateField("Stimmabgabe bis einschließlich", null=True, blank=True)
    title = models.CharField("Titel", max_length=160, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    invited_at = models.DateTimeField("eingeladen", null=True, blank=True)
    sequence = models.PositiveSmallIntegerField(default=0, help_text="RFC 5545: steigt mit jeder Änderung")
    opened_at = models.DateTimeField("eröffnet", null=True, blank=True)
    closed_at = models.DateTimeField("geschlossen", null=True, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)
    folded = models.TextField(editable=False, blank=True)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["body", "starts_at"], name="steering_one_meeting_per_moment"),
            only("meeting", "mode", ["presence", "video", "hybrid", "written"]),
            models.CheckConstraint(
                name="steering_written_has_an_end",
                condition=(Q(mode="written") & Q(written_until__isnull=False))
                | (~Q(mode="written") & Q(written_until__isnull=True)),
                violation_error_message="Ein Umlaufverfahren, und nur dieses, hat einen letzten Tag der Stimmabgabe.",
            ),
            models.CheckConstraint(
                name="steering_closed_after_opened",
                condition=Q(closed_at__isnull=True) | Q(opened_at__isnull=False),
            ),
        ]

    def __str__(self):
        local = timezone.localtime(self.starts_at)
        hour = f", {local:%H:%M} Uhr" if self.has_hour else ""
        return f"{self.title or self.body.name}, {local:%d.%m.%Y}{hour}"

    def get_absolute_url(self):
        return address("steering:meeting_detail", self.pk)

    def save(self, *args, **kwargs):
        if "update_fields" not in kwargs:
            self.folded = fold(f"{self.title} {self.place}")
        super().save(*args, **kwargs)

    @property
    def uid(self) -> str:
        """The same in invitations and calendars, so that a program shows the meeting once (RFC 5545)."""
        return f"meeting-{self.pk}@{urlsplit(settings.BASE_URL).hostname}"

    @property
    def day(self):
        return timezone.localtime(self.starts_at).date()

    @property
    def has_hour(self) -> bool:
        """Midnight stands for an hour that nobody recorded: old minutes name the day only."""
        return timezone.localtime(self.starts_at).time() != dt.time(0)

    @property
    def is_over(self) -> bool:
        return self.starts_at <= workdays.now()

    def tabled(self):
        """The issues whose clock hangs on this meeting."""
        return self.issues.filter(state="steering").order_by("due_rank", "pk")

    def day_and_hour(self) -> dict:
        local = timezone.localtime(self.starts_at)
        return {"day": local.date(), "hour": local.time()}

    def others_to_come(self) -> list["Meeting"]:
        """The next meetings of the same body."""
        return list(self.body.meetings.upcoming().exclude(pk=self.pk).select_related("body")[:20])

    @staticmethod
    def waiting_for_one() -> int:
        """Items that come to the steering group for information as soon as it has a meeting."""
        return AgendaItem.objects.filter(meeting__isnull=True).count()

    @classmethod
    def coming_of_steering(cls):
        """The meetings an issue can be tabled for."""
        return cls.objects.upcoming().filter(body=Body.steering_group()).select_related("body")[:20]

    # Acts

    @classmethod
    @transaction.atomic
    def plan(cls, *, by, body, starts_at, **fields) -> "Meeting":
        """A new meeting. What waits to be brought to the steering group for information comes to its first one."""
        demand(access.keeps_meetings, by)
        cls._be_free(body, starts_at)
        made = cls.objects.create(body=body, starts_at=starts_at, **fields)
        if body.kind == Body.Kind.STEERING:
            AgendaItem.objects.filter(meeting__isnull=True).bring_to(body.next_meeting())
        trail.record("meeting.plan", made, by=by)
        return made

    @transaction.atomic
    def move(self, *, by, starts_at, place, mode, title) -> int:
        """Another day, hour or place; the clocks of what is tabled follow. Returns how many due dates moved."""
        demand(access.keeps_meetings, by)
        self._be_open()
        if starts_at != self.starts_at:
            self._be_free(self.body, starts_at)
        self.starts_at, self.place, self.mode, self.title = starts_at, place, mode, title
        self.save()
        moved = sum(self._tell_moved(issue, self, by) for issue in self._locked_issues())
        trail.record("meeting.move", self, by=by)
        return moved

    @transaction.atomic
    def cancel(self, *, by, instead: "Meeting | None" = None) -> int:
        """Called off; what was on its agenda goes to `instead`. Returns how many issues go along."""
        demand(access.keeps_meetings, by)
        self._be_open()
        issues = list(self._locked_issues())
        if issues and instead is None:
            raise StepRefused(
                "Auf der Tagesordnung stehen Knackpunkte. Bitte wählen Sie die Sitzung, in der sie beraten werden."
            )
        if instead is not None and (
            instead.pk == self.pk or instead.body_id != self.body_id or instead.cancelled_at or instead.is_over
        ):
            raise StepRefused("Bitte wählen Sie eine kommende Sitzung desselben Gremiums.")
        self.cancelled_at = workdays.now()
        self.save()
        ahead = self.agenda.filter(Q(issue__in=[issue.pk for issue in issues]) | Q(kind=AgendaItem.Kind.INFORMATION))
        ahead.bring_to(instead)
        for issue in issues:
            self._tell_moved(issue, instead, by)
        trail.record("meeting.cancel", self, by=by)
        return len(issues)

    def _locked_issues(self):
        return self.tabled().select_for_update(of=("self",))

    def _tell_moved(self, issue, meeting, by) -> bool:
        before = issue.due_on
        issue.follow(meeting)
        left = trail.record("issue.meeting_moved", issue, by=by)
        happened.send(type(issue), obj=issue, act="meeting_moved", record=left, given={})
        return issue.due_on != before

    def _be_open(self):
        locked = Meeting.objects.select_for_update().get(pk=self.pk)
        self.cancelled_at, self.starts_at = locked.cancelled_at, locked.starts_at
        if self.cancelled_at:
            raise StepRefused("Diese Sitzung ist schon abgesagt.")
        if self.is_over:
            raise StepRefused("Diese Sitzung hat schon begonnen; sie lässt sich nicht mehr verlegen oder absagen.")

    @staticmethod
    def _be_free(body, starts_at):
        if starts_at <= workdays.now():
            raise StepRefused("Die Sitzung muss in der Zukunft liegen.")
        if Meeting.objects.filter(body=body, starts_at=starts_at).exists():
            raise StepRefused(f"Zu dieser Stunde gibt es schon eine Sitzung: {body}.")


class AgendaItemQuerySet(models.QuerySet):
    def undecided(self):
        """Items whose issue still waits for a decision of that meeting."""
        return self.filter(issue__state="steering", issue__meeting=F("meeting"))

    def bring_to(self, meeting) -> None:
        """On to another meeting (None: the next one to be planned); what stands there is not put there twice."""
        there = AgendaItem.objects.filter(meeting=meeting, issue=OuterRef("issue"), kind=OuterRef("kind"))
        self.filter(Exists(there)).delete()
        self.update(meeting=meeting)


class AgendaItem(models.Model):
    """What a body speaks of: an issue, a resolution that is still open, its rules, its minutes, or a topic of a member.

    `position` is 9999 until somebody puts the agenda in order; what is added later stands behind what is placed.
    """

    class Kind(models.TextChoices):
        TABLED = "tabled", "zur Entscheidung"
        PROPOSAL = "proposal", "Lösungsvorschlag"
        INFORMATION = "information", "zur Information (kurzer Dienstweg)"
        INTERIM = "interim", "Zwischenbericht"
        RESOLUTION = "resolution", "offener Beschluss"
        RULES = "rules", "Geschäftsordnung"
        MINUTES = "minutes", "Niederschrift"
        TOPIC = "topic", "angemeldetes Thema"

    #: Kinds that are about an issue, and the field in which the others name what they are about.
    OF_ISSUES = ("tabled", "proposal", "information", "interim")
    ABOUT = {"resolution": "open_resolution", "rules": "rules", "minutes": "minutes"}
    UNPLACED = 9999

    meeting = models.ForeignKey(
        Meeting, on_delete=models.PROTECT, null=True, blank=True, related_name="agenda",
        help_text="leer: die nächste Sitzung, sobald sie geplant ist",
    )  # fmt: skip
    kind = models.CharField("Art", max_length=11, choices=Kind)
    issue = models.ForeignKey(
        "steering.Issue", on_delete=models.CASCADE, null=True, blank=True, related_name="agenda_items"
    )
    open_resolution = models.ForeignKey(
        "steering.Resolution", on_delete=models.PROTECT, null=True, blank=True, related_name="returns"
    )
    rules = models.ForeignKey(
        "steering.RulesOfProcedure", on_delete=models.PROTECT, null=True, blank=True, related_name="agenda_items"
    )
    minutes = models.ForeignKey(
        "steering.Minutes", on_delete=models.PROTECT, null=True, blank=True, related_name="agenda_items"
    )
    title = models.CharField("Thema", max_length=160, blank=True, help_text="nur bei angemeldeten Themen")
    text = models.TextField("Worum geht es?", max_length=4000, blank=True)
    position = models.PositiveSmallIntegerField(default=UNPLACED)
    added_at = models.DateTimeField(default=workdays.now)
    added_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="leer: von selbst"
    )
    admitted_at = models.DateTimeField("nach der Einladung zugelassen", null=True, blank=True)
    admission = models.CharField("Abstimmung darüber", max_length=60, blank=True)
    withdrawn_at = models.DateTimeField("abgesetzt", null=True, blank=True)
    notes = models.TextField("Beratung", max_length=8000, blank=True)
    dealt_with_at = models.DateTimeField("behandelt", null=True, blank=True)

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = "Tagesordnungspunkt"
        constraints = [
            models.UniqueConstraint(fields=["meeting", "issue", "kind"], name="steering_on_an_agenda_once"),
            models.UniqueConstraint(
                fields=["issue", "kind"], name="steering_waits_for_an_agenda_once", condition=Q(meeting__isnull=True)
            ),
            models.UniqueConstraint(fields=["meeting", "open_resolution"], name="steering_returns_once"),
            models.UniqueConstraint(fields=["meeting", "rules"], name="steering_rules_on_an_agenda_once"),
            models.UniqueConstraint(fields=["meeting", "minutes"], name="steering_minutes_on_an_agenda_once"),
            only(
                "agenda",
                "kind",
                ["tabled", "proposal", "information", "interim", "resolution", "rules", "minutes", "topic"],
            ),
            models.CheckConstraint(
                name="steering_item_is_about_one_thing",
                condition=(
                    Q(kind__in=["tabled", "proposal", "information", "interim"], issue__isnull=False)
                    & Q(open_resolution__isnull=True, rules__isnull=True, minutes__isnull=True, title="")
                )
                | Q(kind="resolution", open_resolution__isnull=False, issue__isnull=True, title="")
                | Q(kind="rules", rules__isnull=False, issue__isnull=True, title="")
                | Q(kind="minutes", minutes__isnull=False, issue__isnull=True, title="")
                | (Q(kind="topic", issue__isnull=True) & ~Q(title="")),
            ),
        ]
        indexes = [models.Index(fields=["meeting", "position", "id"])]

    def __str__(self):
        return f"{self.subject}: {self.get_kind_display()}"

    @property
    def subject(self):
        """What it is about: an issue, a resolution, rules, minutes, or the words of a topic."""
        return self.issue or self.open_resolution or self.rules or self.minutes or self.title

    @property
    def is_late(self) -> bool:
        """Came to the agenda when the invitation was out already: the body decides whether to speak of it."""
        invited = self.meeting.invited_at if self.meeting else None
        return invited is not None and self.added_at > invited and self.kind != self.Kind.INFORMATION

    @property
    def waits_for_admission(self) -> bool:
        return self.is_late and self.admitted_at is None


class Paper(models.Model):
    """A document for a meeting, or for one item of its agenda. The file is kept sealed (kim.files)."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="papers")
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, null=True, blank=True, related_name="papers")
    title = models.CharField("Bezeichnung", max_length=120)
    kept = models.CharField(max_length=32, unique=True, help_text="Name der Datei, siehe kim.files")
    kind = models.CharField("Format", max_length=8)
    size = models.PositiveIntegerField("Bytes")
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)
    withdrawn_at = models.DateTimeField("zurückgezogen", null=True, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = "Unterlage"

    def __str__(self):
        return self.title
