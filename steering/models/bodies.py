"""Bodies: who sits in them, who should, and what they set out to reach. Names follow OParl (Body, Membership)."""

import datetime as dt
from typing import ClassVar

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.text import slugify

from kim import trail, workdays
from kim.addresses import address
from kim.dated import Dated, DatedQuerySet, valid_on
from kim.models import Municipality, Organisation, RoleGrant, User
from kim.paging import CappedNumber
from kim.rules import demand
from kim.trigrams import fold
from kim.workflow import StepRefused
from steering import access
from steering.models.choices import number_of, only


class BodyQuerySet(DatedQuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_bodies(user))

    def with_figures(self):
        """With `member_number`, `open_number` (issues given to it) and `next_at` (its next meeting)."""
        today, body = workdays.today(), OuterRef("pk")
        seats = Membership.objects.filter(valid_on(today), body=body)
        issues = Body.issues.rel.related_model._default_manager.filter(body=body, state="project")
        meetings = Body.meetings.rel.related_model._default_manager.filter(body=body, cancelled_at__isnull=True)
        coming = meetings.filter(starts_at__gt=workdays.now()).order_by("starts_at")
        return self.annotate(
            member_number=number_of(seats),
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
    mandated_by = models.ForeignKey(
        "steering.Resolution",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="mandates",
        verbose_name="Auftrag durch Beschluss",
    )
    result = models.TextField("Ergebnis", max_length=4000, blank=True)

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

    def next_meeting(self, after=None):
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
        made = self.memberships.create(
            user=user,
            organisation=organisation,
            function=function,
            votes=function != Membership.Function.ADVISORY,
            valid_from=valid_from,
        )
        trail.record("body.seat", self, by=by, note=f"Sitz {made.pk}")
        return made


class Membership(Dated):
    class Function(models.TextChoices):
        LEAD = "lead", "Vorsitz oder Leitung"
        MEMBER = "member", "Mitglied"
        ADVISORY = "advisory", "beratend"
        DEPUTY = "deputy", "Vertretung"

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
    votes = models.BooleanField("stimmberechtigt", default=True)
    deputy_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="deputies",
        verbose_name="vertritt",
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
            only("seat", "function", ["lead", "member", "advisory", "deputy"]),
            models.CheckConstraint(
                name="steering_advisers_have_no_vote",
                condition=~Q(function="advisory") | Q(votes=False),
                violation_error_message="Beratende Mitglieder haben kein Stimmrecht.",
            ),
            models.CheckConstraint(
                name="steering_deputy_of_somebody",
                condition=(Q(function="deputy") & Q(deputy_of__isnull=False))
                | (~Q(function="deputy") & Q(deputy_of__isnull=True)),
                violation_error_message="Eine Vertretung vertritt ein Mitglied, und nur sie.",
            ),
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


class ExpectedSeat(Dated):
    """Who should sit in a body, whether or not anybody does: by the recommendation of the Land, or by its rules."""

    body = models.ForeignKey(Body, on_delete=models.CASCADE, related_name="expected", verbose_name="Gremium")
    name = models.CharField("Stelle", max_length=120)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="Institution",
        help_text="leer: in diesem Kreis noch nicht benannt",
    )
    occasional = models.BooleanField("nur anlassbezogen", default=False)
    source = models.CharField("Beleg", max_length=200, blank=True)

    class Meta(Dated.Meta):
        ordering = ["occasional", "name"]
        verbose_name = "vorgesehener Sitz"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["body", "name", "valid_from"], name="steering_expected_once"),
        ]

    def __str__(self):
        return f"{self.name} in {self.body}"


class Milestone(models.Model):
    """Something a body wants to have reached by a day."""

    body = models.ForeignKey(Body, on_delete=models.CASCADE, related_name="milestones", verbose_name="Gremium")
    title = models.CharField("Meilenstein", max_length=200)
    due_on = models.DateField("bis")
    done_on = models.DateField("erreicht am", null=True, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = "Meilenstein"
        constraints = [
            models.CheckConstraint(
                name="steering_milestone_reached_by_somebody",
                condition=Q(done_on__isnull=True, done_by__isnull=True)
                | Q(done_on__isnull=False, done_by__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["due_on"], name="steering_milestone_open", condition=Q(done_on__isnull=True)),
        ]

    def __str__(self):
        return f"{self.title} (bis {self.due_on:%d.%m.%Y})"
