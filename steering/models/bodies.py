"""Bodies, who sits in them, and when they meet. Names follow OParl (Body, Membership, Meeting, AgendaItem)."""

import datetime as dt
from typing import ClassVar

from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.text import slugify

from kim import trail, workdays
from kim.addresses import address
from kim.dated import Dated, DatedQuerySet, valid_on
from kim.models import Municipality, Organisation, RoleGrant, User
from kim.paging import CappedNumber
from kim.rules import demand
from kim.trigrams import fold
from kim.workflow import StepRefused, happened
from steering import access
from steering.models.choices import only


def _number_of(rows):
    """How many rows, as a column of another query."""
    counted = rows.order_by().annotate(same=Value(1)).values("same").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


class BodyQuerySet(DatedQuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_bodies(user))

    def with_figures(self):
        """With `member_number`, `open_number` (issues given to it) and `next_at` (its next meeting)."""
        today, body = workdays.today(), OuterRef("pk")
        seats = Membership.objects.filter(valid_on(today), body=body)
        issues = Body.issues.rel.related_model._default_manager.filter(body=body, state="project")
        coming = Meeting.objects.upcoming().filter(body=body)
        return self.annotate(
            member_number=_number_of(seats),
            open_number=CappedNumber(issues),
            next_at=Subquery(coming.values("starts_at")[:1]),
        )

    def with_led(self, day):
        """With `led`: somebody leads it on `day` (which may be a slot)."""
        return self.annotate(led=Exists(Membership.of_leads(day).filter(body=OuterRef("pk"))))

    def at_work_unled(self, day):
        """Groups that hold issues while nobody leads them, with `open_number`; also groups that have ended."""
        issues = Body.issues.rel.related_model._default_manager.filter(body=OuterRef("pk"), state="project")
        unled = self.filter(Exists(issues)).with_led(day).filter(led=False)
        return unled.order_by("name").only("name").annotate(open_number=CappedNumber(issues))

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
    municipalities = models.ManyToManyField(Municipality, blank=True, related_name="bodies", verbose_name="Kommunen")
    mandate = models.TextField("Auftrag", blank=True)

    objects: ClassVar = BodyQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["name"]
        verbose_name = "Gremium"
        constraints = [*Dated.Meta.constraints, only("body", "kind", ["steering", "local", "thematic", "working"])]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return address("steering:body_detail", self.pk)

    @classmethod
    def steering_group(cls) -> "Body | None":
        return cls.objects.valid_on().filter(kind=cls.Kind.STEERING).order_by("pk").first()

    def leads(self, day=None):
        """Accounts that chair this body (or lead this group) on `day`."""
        seats = Membership.of_leads(day or workdays.today()).filter(body=self)
        return User.objects.filter(pk__in=seats.values("user"))

    @property
    def is_project_group(self) -> bool:
        return self.kind in (self.Kind.LOCAL, self.Kind.THEMATIC)

    def next_meeting(self, after=None) -> "Meeting | None":
        """The first meeting that begins after `after` (default: now)."""
        upcoming = self.meetings.filter(starts_at__gt=after or workdays.now(), cancelled_at__isnull=True)
        return upcoming.order_by("starts_at").first()

    # Acts

    @classmethod
    @transaction.atomic
    def found(cls, *, by, name, kind, valid_from, mandate="", municipalities=()) -> "Body":
        """A new project group or working group; a local one is there for at least one municipality."""
        demand(access.keeps_bodies, by)
        if kind == cls.Kind.LOCAL and not municipalities:
            raise StepRefused("Eine örtliche Projektgruppe braucht mindestens eine Kommune.")
        base = slugify(fold(name))[:40] or "gremium"
        taken = set(cls.objects.filter(key__startswith=base).values_list("key", flat=True))
        key = next(key for no in range(1, len(taken) + 2) if (key := base if no == 1 else f"{base}-{no}") not in taken)
        made = cls.objects.create(key=key, name=name, kind=kind, valid_from=valid_from, mandate=mandate)
        made.municipalities.set(municipalities)
        trail.record("body.found", made, by=by)
        return made

    @transaction.atomic
    def seat(self, *, by, function, valid_from, user=None, organisation=None) -> "Membership":
        """Somebody, or an institution, takes a seat; an account sits in a body once at a time."""
        demand(access.keeps_bodies, by)
        if user is None and organisation is None:
            raise StepRefused("Ein Sitz braucht ein Konto oder eine Institution.")
        Body.objects.select_for_update().get(pk=self.pk)
        still = Q(valid_until__isnull=True) | Q(valid_until__gt=valid_from)
        if user and self.memberships.filter(still, user=user).exists():
            raise StepRefused(f"{user} sitzt an diesem Tag schon in diesem Gremium.")
        made = self.memberships.create(user=user, organisation=organisation, function=function, valid_from=valid_from)
        trail.record("body.seat", self, by=by, note=f"Sitz {made.pk}")
        return made


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
    function = models.CharField("Funktion", max_length=8, choices=Function, default=Function.MEMBER)

    class Meta(Dated.Meta):
        ordering = ["function", "valid_from"]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                name="steering_seat_is_somebodys",
                condition=Q(user__isnull=False) | Q(organisation__isnull=False),
                violation_error_message="Ein Sitz braucht ein Konto oder eine Institution.",
            ),
            only("seat", "function", ["lead", "member", "advisory"]),
        ]
        indexes = [models.Index(fields=["user", "valid_from"])]

    def __str__(self):
        return f"{self.user or self.organisation} in {self.body} {self.span}"

    @classmethod
    def of_leads(cls, day):
        """Seats of those who lead on `day`: with an account that may sign in and works with issues."""
        working = RoleGrant.objects.valid_on(day).filter(role__in=access.CONTENT_ROLES)
        seats = cls.objects.valid_on(day).filter(function=cls.Function.LEAD, user__is_active=True)
        return seats.filter(user__in=working.values("user"))

    @transaction.atomic
    def end(self, *, by, last_day: dt.date) -> None:
        """The seat ends with `last_day`, which still counts. A group at work is never left without somebody to lead."""
        demand(access.keeps_bodies, by)
        Body.objects.select_for_update().get(pk=self.body_id)
        if last_day < self.valid_from:
            raise StepRefused("Der letzte Tag liegt vor dem Anfang der Mitgliedschaft.")
        if self.last_day and self.last_day < workdays.today():
            raise StepRefused("Diese Mitgliedschaft ist schon beendet.")
        if self.user_id and self.function == self.Function.LEAD and self.body.is_project_group:
            self._leave_a_lead(max(last_day + dt.timedelta(days=1), workdays.today()))
        self.valid_until = last_day + dt.timedelta(days=1)
        self.save()
        trail.record("body.seat_ends", self.body, by=by, note=f"Sitz {self.pk}")

    def _leave_a_lead(self, day):
        """Somebody else leads from `day` on, or the group has nothing to work on."""
        others = Membership.of_leads(day).filter(body=self.body).exclude(pk=self.pk)
        if not others.exists() and self.body.issues.filter(state="project").exists():
            raise StepRefused(
                f"{self.body} arbeitet an offenen Knackpunkten und hätte ab dem {day:%d.%m.%Y} keine Leitung. "
                "Bitte tragen Sie zuerst eine neue Leitung ein."
            )


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_meetings(user))

    def with_figures(self):
        """With the body and the number of items by kind: `to_decide`, `proposals`, `to_know`."""
        agenda = AgendaItem.objects.filter(meeting=OuterRef("pk"))
        return self.select_related("body").annotate(
            to_decide=_number_of(agenda.filter(kind=AgendaItem.Kind.TABLED)),
            proposals=_number_of(agenda.filter(kind=AgendaItem.Kind.PROPOSAL)),
            to_know=_number_of(agenda.filter(kind=AgendaItem.Kind.INFORMATION)),
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

    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="meetings", verbose_name="Gremium")
    starts_at = models.DateTimeField("Beginn")
    place = models.CharField("Ort", max_length=160, blank=True)
    mode = models.CharField("Form", max_length=8, choices=Mode, default=Mode.PRESENCE)
    title = models.CharField("Titel", max_length=160, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)
    folded = models.TextField(editable=False, blank=True)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["body", "starts_at"], name="steering_one_meeting_per_moment"),
            only("meeting", "mode", ["presence", "video", "hybrid"]),
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
    """An issue before a body: to be decided, as a proposal of a project group, or for information."""

    class Kind(models.TextChoices):
        TABLED = "tabled", "zur Entscheidung"
        PROPOSAL = "proposal", "Lösungsvorschlag"
        INFORMATION = "information", "zur Information (kurzer Dienstweg)"

    meeting = models.ForeignKey(
        Meeting, on_delete=models.PROTECT, null=True, blank=True, related_name="agenda",
        help_text="leer: die nächste Sitzung, sobald sie geplant ist",
    )  # fmt: skip
    issue = models.ForeignKey("steering.Issue", on_delete=models.CASCADE, related_name="agenda_items")
    kind = models.CharField("Art", max_length=11, choices=Kind)
    added_at = models.DateTimeField(default=workdays.now)

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "issue", "kind"], name="steering_on_an_agenda_once"),
            models.UniqueConstraint(
                fields=["issue", "kind"], name="steering_waits_for_an_agenda_once", condition=Q(meeting__isnull=True)
            ),
            only("agenda", "kind", ["tabled", "proposal", "information"]),
        ]

    def __str__(self):
        return f"{self.issue}: {self.get_kind_display()}"
