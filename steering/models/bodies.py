"""Bodies, what they are for and who sits in them from when until when. Names follow OParl (Body, Membership)."""

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
from kim.workdays import ONE_DAY
from kim.workflow import StepRefused
from steering import access
from steering.models.choices import number_of, only
from steering.models.gate import pass_gate

ENDED = "Dieses Gremium ist beendet; hier ändert sich nichts mehr."


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

    @property
    def has_ended(self) -> bool:
        return self.valid_until is not None and self.valid_until <= workdays.today()

    # Acts

    @classmethod
    @transaction.atomic
    def found(
        cls, *, by, name, kind, valid_from, mandate="", mandated_by=None, municipalities=(), confirmed=frozenset()
    ) -> "Body":
        """A new project group or working group; a local one is there for at least one municipality."""
        demand(access.keeps_bodies, by)
        _need_a_place(kind, municipalities)
        vouched = pass_gate({"Name": name, "Auftrag": mandate}, places=municipalities, by=by, confirmed=confirmed)
        base = slugify(fold(name))[:40] or "gremium"
        taken = set(cls.objects.filter(key__startswith=base).values_list("key", flat=True))
        key = next(key for no in range(1, len(taken) + 2) if (key := base if no == 1 else f"{base}-{no}") not in taken)
        made = cls.objects.create(
            key=key, name=name, kind=kind, valid_from=valid_from, mandate=mandate, mandated_by=mandated_by
        )
        made.municipalities.set(municipalities)
        trail.record("body.found", made, by=by, note=vouched)
        return made

    @transaction.atomic
    def edit(self, *, by, name, mandate, mandated_by=None, municipalities=None, confirmed=frozenset()) -> None:
        """Another name or mandate, with the resolution it rests on; other places where any are named."""
        demand(access.keeps_bodies, by)
        self.hold_still()
        places = list(self.municipalities.all()) if municipalities is None else municipalities
        _need_a_place(self.kind, places)
        vouched = pass_gate({"Name": name, "Auftrag": mandate}, places=places, by=by, confirmed=confirmed)
        self.name, self.mandate, self.mandated_by = name, mandate, mandated_by
        self.save()
        self.municipalities.set(places)
        trail.record("body.edit", self, by=by, note=vouched)

    @transaction.atomic
    def seat(
        self, *, by, function, valid_from, user=None, organisation=None, votes=None, deputy_of=None, last_day=None
    ) -> "Membership":
        """Somebody, or an institution, takes a seat; an account sits in a body once at a time.

        `votes` None: as the function has it. A deputy comes from the institution of the seat unless another is named,
        votes only where that seat does, and stays no longer than it.
        """
        demand(access.keeps_bodies, by)
        self.hold_still()
        if not self.holds_on(valid_from):
            raise StepRefused(f"Am {valid_from:%d.%m.%Y} gibt es dieses Gremium nicht; es besteht {self.span}.")
        if deputy_of is not None and organisation is None:
            organisation = deputy_of.organisation
        if user is None and organisation is None:
            raise StepRefused("Ein Sitz braucht ein Konto oder eine Institution.")
        if last_day and last_day < valid_from:
            raise StepRefused("Der letzte Tag liegt vor dem Anfang der Mitgliedschaft.")
        made = Membership(
            body=self,
            user=user,
            organisation=organisation,
            function=function,
            deputy_of=deputy_of,
            valid_from=valid_from,
            valid_until=last_day + ONE_DAY if last_day else None,
        )
        made.settle(votes)
        made.save()
        trail.record("body.seat", self, by=by, note=f"Sitz {made.pk}")
        return made

    @transaction.atomic
    def end(self, *, by, last_day: dt.date, result: str, confirmed=frozenset()) -> None:
        """The work is done: the body ends with `last_day`, its seats with it, and what came of it is kept."""
        demand(access.keeps_bodies, by)
        self.hold_still()
        if self.kind == self.Kind.STEERING:
            raise StepRefused("Die Lenkungsgruppe ist auf Dauer eingerichtet und lässt sich nicht beenden.")
        self._be_done(last_day)
        vouched = pass_gate({"Ergebnis": result}, places=self.municipalities.all(), by=by, confirmed=confirmed)
        until = last_day + ONE_DAY
        beyond = Q(valid_until__isnull=True) | Q(valid_until__gt=until)
        planned = self.memberships.filter(valid_from__gte=until)  # they never begin
        planned.filter(function=Membership.Function.DEPUTY).delete()
        planned.delete()
        self.expected.filter(valid_from__gte=until).delete()
        self.memberships.filter(beyond).update(valid_until=until)
        self.expected.filter(beyond).update(valid_until=until)
        self.valid_until, self.result = until, result
        self.save()
        trail.record("body.end", self, by=by, note=vouched)

    def _be_done(self, last_day):
        if not self.valid_from <= last_day <= workdays.today():
            raise StepRefused(f"Bitte wählen Sie als letzten Tag einen vom {self.valid_from:%d.%m.%Y} bis heute.")
        if number := self.issues.filter(state="project").count():
            lying = "liegt noch ein Knackpunkt" if number == 1 else f"liegen noch {number} Knackpunkte"
            raise StepRefused(
                f"Bei diesem Gremium {lying} in Arbeit. Bitte zuerst lösen, zur Entscheidung vorlegen oder zurückgeben."
            )
        over = dt.datetime.combine(last_day + ONE_DAY, dt.time(), workdays.BERLIN)
        met = self.meetings.filter(starts_at__gte=min(over, workdays.now()), cancelled_at__isnull=True)
        if meeting := met.order_by("starts_at").first():
            if meeting.is_over:
                raise StepRefused(f"Das Gremium hat am {meeting.day:%d.%m.%Y} noch getagt; es endet frühestens dann.")
            raise StepRefused(
                f"Für den {meeting.day:%d.%m.%Y} ist noch eine Sitzung geplant. Bitte erst absagen oder abwarten."
            )
        begun = self.memberships.filter(valid_from__gt=last_day, valid_from__lte=workdays.today())
        if seat := begun.order_by("-valid_from").first():
            raise StepRefused(
                f"Ein Sitz begann am {seat.valid_from:%d.%m.%Y}; das Gremium endet frühestens an diesem Tag."
            )

    def hold_still(self) -> None:
        """Lock the row for an act. Raises StepRefused for a body that has ended."""
        self.valid_until = Body.objects.select_for_update().get(pk=self.pk).valid_until
        if self.has_ended:
            raise StepRefused(ENDED)


def _need_a_place(kind, municipalities) -> None:
    if kind == Body.Kind.LOCAL and not municipalities:
        raise StepRefused("Eine örtliche Projektgruppe braucht mindestens eine Kommune.")


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

    @property
    def holder(self):
        """Who sits there: the account, else the institution."""
        return self.user or self.organisation

    def settle(self, votes: bool | None) -> None:
        """Fit function, vote and days together before it is saved. Raises StepRefused where they do not fit."""
        if (self.function == self.Function.DEPUTY) != (self.deputy_of is not None):
            raise StepRefused(
                "Bitte wählen Sie den Sitz, der vertreten wird."
                if self.deputy_of is None
                else "Nur eine Vertretung vertritt einen anderen Sitz. Bitte wählen Sie die Funktion „Vertretung“."
            )
        if self.function == self.Function.ADVISORY and votes:
            raise StepRefused("Beratende Mitglieder haben kein Stimmrecht.")
        self.votes = self.function != self.Function.ADVISORY and votes is not False
        if self.deputy_of is not None:
            self._stand_in_for(self.deputy_of)
        self._sit_once()

    def _stand_in_for(self, seat: "Membership") -> None:
        if seat.body_id != self.body_id or seat.function == self.Function.DEPUTY or seat.pk == self.pk:
            raise StepRefused("Vertreten wird der Sitz eines Mitglieds desselben Gremiums. Bitte wählen Sie einen.")
        if not seat.holds_on(self.valid_from):
            raise StepRefused(
                f"Den Sitz, der vertreten wird, gibt es am {self.valid_from:%d.%m.%Y} nicht; er besteht {seat.span}."
            )
        self.votes = self.votes and seat.votes
        if seat.valid_until and (self.valid_until is None or self.valid_until > seat.valid_until):
            self.valid_until = seat.valid_until

    def _sit_once(self) -> None:
        if self.user_id is None:
            return
        ends_later = Q(valid_until__isnull=True) | Q(valid_until__gt=self.valid_from)
        others = Membership.objects.filter(ends_later, body=self.body, user=self.user).exclude(pk=self.pk)
        if self.valid_until:
            others = others.filter(valid_from__lt=self.valid_until)
        if others.exists():
            raise StepRefused(f"{self.user} sitzt in dieser Zeit schon in diesem Gremium.")

    @transaction.atomic
    def change(self, *, by, valid_from: dt.date, function, votes=None, deputy_of=None) -> "Membership":
        """Another function or vote from a day on: this seat ends the day before, a new one begins. Deputies go along.

        What was recorded of the seat until then stays with it.
        """
        demand(access.keeps_bodies, by)
        self._lock()
        if valid_from <= self.valid_from or (self.valid_until and valid_from >= self.valid_until):
            first, last = self.valid_from + ONE_DAY, f" bis {self.last_day:%d.%m.%Y}" if self.last_day else ""
            raise StepRefused(f"Bitte wählen Sie einen Tag innerhalb der Mitgliedschaft: ab {first:%d.%m.%Y}{last}.")
        after = Membership(
            body=self.body,
            user=self.user,
            organisation=self.organisation,
            function=function,
            deputy_of=deputy_of,
            valid_from=valid_from,
            valid_until=self.valid_until,
        )
        Membership.objects.filter(pk=self.pk).update(valid_until=valid_from)
        after.settle(votes)
        if (after.function, after.votes, after.deputy_of_id) == (self.function, self.votes, self.deputy_of_id):
            raise StepRefused("Funktion und Stimme sind schon so eingetragen.")
        after.save()
        self.valid_until = valid_from
        if self.function == self.Function.LEAD != after.function:
            self._be_followed(valid_from)
        for deputy in self._deputies_beyond(valid_from):
            deputy._go_along(after)
        trail.record("body.seat_changes", self.body, by=by, note=f"Sitz {self.pk}, jetzt {after.pk}")
        return after

    @transaction.atomic
    def end(self, *, by, last_day: dt.date) -> None:
        """The seat ends with `last_day`, which still counts, and its deputies with it. A group at work is never left
        without somebody to lead.
        """
        demand(access.keeps_bodies, by)
        self._lock()
        until = last_day + ONE_DAY
        if last_day < self.valid_from:
            raise StepRefused("Der letzte Tag liegt vor dem Anfang der Mitgliedschaft.")
        if self.last_day and self.last_day < workdays.today():
            raise StepRefused("Diese Mitgliedschaft ist schon beendet.")
        if self.deputy_of and self.deputy_of.valid_until and until > self.deputy_of.valid_until:
            raise StepRefused(
                f"Der Sitz, der vertreten wird, endet mit dem {self.deputy_of.last_day:%d.%m.%Y}; länger dauert auch "
                "die Vertretung nicht."
            )
        if self.function == self.Function.LEAD:
            self._be_followed(until)
        self.valid_until = until
        self._sit_once()
        self.save()
        for deputy in self._deputies_beyond(until):
            deputy._end_early(until)
        trail.record("body.seat_ends", self.body, by=by, note=f"Sitz {self.pk}")

    def _lock(self) -> None:
        """Take the body's lock and read the seat anew: one act on its seats at a time."""
        self.body.hold_still()
        self.valid_until = Membership.objects.get(pk=self.pk).valid_until

    def _deputies_beyond(self, until: dt.date) -> list["Membership"]:
        return list(self.deputies.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=until)))

    def _end_early(self, until: dt.date) -> None:
        if until <= self.valid_from <= workdays.today():
            raise StepRefused(
                f"Die Vertretung begann am {self.valid_from:%d.%m.%Y}. Bitte wählen Sie einen Tag danach."
            )
        if self.valid_from >= until:
            self.delete()  # it was planned and never begins
        else:
            self.valid_until = until
            self.save()

    def _go_along(self, seat: "Membership") -> None:
        """Stand in for the seat that follows, in a row of its own where this one has begun before."""
        if seat.function == self.Function.DEPUTY:
            return self._end_early(seat.valid_from)
        votes = seat.votes
        if self.valid_from >= seat.valid_from:
            self.deputy_of, self.votes = seat, votes
            self.save()
            return None
        Membership.objects.create(
            body=self.body,
            user=self.user,
            organisation=self.organisation,
            function=self.function,
            votes=votes,
            deputy_of=seat,
            valid_from=seat.valid_from,
            valid_until=self.valid_until,
        )
        self.valid_until = seat.valid_from
        self.save()
        return None

    def _be_followed(self, day: dt.date) -> None:
        if self.user_id and self.body.is_project_group:
            self._leave_a_lead(max(day, workdays.today()))

    def _leave_a_lead(self, day):
        """Somebody else leads from `day` on, or the group has nothing to work on."""
        others = Membership.of_leads(day).filter(body=self.body).exclude(pk=self.pk)
        if not others.exists() and self.body.issues.filter(state="project").exists():
            raise StepRefused(
                f"{self.body} arbeitet an offenen Knackpunkten und hätte ab dem {day:%d.%m.%Y} keine Leitung. "
                "Bitte tragen Sie zuerst eine neue Leitung ein."
            )
