"""When bodies meet and what they speak of. Names follow OParl (Meeting, AgendaItem, Paper)."""

import datetime as dt
from collections.abc import Iterable
from functools import cached_property

from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.utils import timezone

from kim import files, outages, trail, uploads, workdays
from kim.addresses import address
from kim.calendars import uid_of
from kim.models import TrailEntry, User
from kim.paging import CappedNumber
from kim.rules import allows, demand
from kim.trigrams import fold
from kim.workflow import StepRefused, happened
from steering import access
from steering.models.bodies import Body
from steering.models.choices import number_of, only
from steering.models.gate import pass_gate

#: How a body voted on a change of its agenda: yes, no, abstained.
Votes = tuple[int, int, int]


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_meetings(user))

    def with_figures(self):
        """With the body and the number of items by kind: `to_decide`, `proposals`, `to_know`."""
        agenda = AgendaItem.objects.standing().filter(meeting=OuterRef("pk"))
        return self.select_related("body").annotate(
            to_decide=number_of(agenda.filter(kind=AgendaItem.Kind.TABLED)),
            proposals=number_of(agenda.filter(kind=AgendaItem.Kind.PROPOSAL)),
            to_know=number_of(agenda.filter(kind=AgendaItem.Kind.INFORMATION)),
        )

    def with_capped_figures(self):
        """With the body, what waits for a decision (`to_decide`) and what comes along (`to_know`), capped."""
        agenda = AgendaItem.objects.standing().filter(meeting=OuterRef("pk"))
        return self.select_related("body").annotate(
            to_decide=CappedNumber(agenda.undecided()),
            to_know=CappedNumber(agenda.filter(kind=AgendaItem.Kind.INFORMATION)),
        )

    def upcoming(self, after=None):
        return self.filter(starts_at__gt=after or workdays.now(), cancelled_at__isnull=True).order_by("starts_at")

    def to_come(self):
        """Those to come, and those that are on."""
        return self.filter(Q(starts_at__gt=workdays.now(), closed_at__isnull=True) | self._on())

    def past(self):
        return self.filter(Q(starts_at__lte=workdays.now()) | Q(closed_at__isnull=False)).exclude(self._on())

    @staticmethod
    def _on() -> Q:
        """Opened and not closed, or voting in writing."""
        on = Q(opened_at__isnull=False) | Q(mode="written", written_until__gte=workdays.today())
        return on & Q(closed_at__isnull=True, cancelled_at__isnull=True)

    def next_of_each_body(self):
        """The next meeting of every body that has one to come."""
        coming = Meeting.objects.upcoming().filter(body=OuterRef("body"))
        return self.upcoming().filter(pk=Subquery(coming.values("pk")[:1])).select_related("body")


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

    #: What an invitation says of when and where.
    SAID = ("starts_at", "place", "mode", "title", "minutes_long", "video_url", "written_until")

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
        return uid_of(f"meeting-{self.pk}")

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

    @property
    def is_running(self) -> bool:
        """Opened and not closed: what it speaks of is decided there."""
        return self.opened_at is not None and self.closed_at is None

    @property
    def running_since(self) -> str:
        """„14:02 Uhr“ today, else with the day; empty while it does not run."""
        if not self.is_running:
            return ""
        opened = timezone.localtime(self.opened_at)
        if self.is_written:
            return f"{opened:%d.%m.%Y}"
        return f"{opened:%H:%M} Uhr" if opened.date() == workdays.today() else f"{opened:%d.%m.%Y, %H:%M} Uhr"

    @property
    def is_written(self) -> bool:
        return self.mode == self.Mode.WRITTEN

    @property
    def written_is_over(self) -> bool:
        return self.written_until is not None and workdays.today() > self.written_until

    @property
    def takes_written_votes(self) -> bool:
        """Members vote in writing now: once it has begun or was opened, to the end of the last day."""
        ended = self.cancelled_at or self.closed_at or self.written_is_over
        return self.is_written and (self.is_over or self.opened_at is not None) and not ended

    @property
    def ends_at(self) -> dt.datetime:
        return self.starts_at + dt.timedelta(minutes=self.minutes_long)

    @property
    def standing(self) -> str:
        """In the words of its page: abgesagt, vergangen, läuft, eingeladen or geplant."""
        if self.cancelled_at:
            return f"abgesagt am {timezone.localtime(self.cancelled_at):%d.%m.%Y}"
        if self.closed_at:
            return "geschlossen"
        if self.opened_at or self.takes_written_votes:
            return "läuft"
        if self.is_over:
            return "vergangen"
        return f"eingeladen am {timezone.localtime(self.invited_at):%d.%m.%Y}" if self.invited_at else "geplant"

    @cached_property
    def rules(self):
        """The rules of procedure it is prepared by: those of today, or of its day once that is past."""
        return self.body.rules.model.in_force(self.body, min(self.day, workdays.today()))

    @property
    def topics_until(self) -> dt.date:
        """The last day on which members propose topics."""
        return self.day - dt.timedelta(days=self.rules.topic_days)

    @property
    def invite_by(self) -> dt.date:
        """The last day on which the invitation goes out in time."""
        return self.day - dt.timedelta(days=self.rules.invitation_days)

    @property
    def papers_until(self) -> dt.date:
        return self.day - dt.timedelta(days=self.rules.paper_days)

    @property
    def invites_late(self) -> bool:
        return self.invited_at is None and workdays.today() > self.invite_by

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

    # Acts: when and where

    @classmethod
    @transaction.atomic
    def plan(cls, *, by, body, starts_at, **fields) -> "Meeting":
        """A new meeting. What waits to be brought to the steering group for information comes to its first one."""
        demand(access.runs_meetings, by, body)
        Body.objects.select_for_update().get(pk=body.pk)
        cls._be_free(body, starts_at)
        made = cls(body=body, starts_at=starts_at, **fields)
        made._be_possible()
        made.save()
        if body.kind == Body.Kind.STEERING:
            AgendaItem.objects.filter(meeting__isnull=True).bring_to(body.next_meeting())
        trail.record("meeting.plan", made, by=by)
        made.build_agenda(by=by)
        return made

    @classmethod
    @transaction.atomic
    def plan_year(cls, *, by, body, starts: Iterable[dt.datetime], **fields) -> list["Meeting"]:
        """All meetings of a year plan, or none of them."""
        made = [cls.plan(by=by, body=body, starts_at=starts_at, **fields) for starts_at in sorted(starts)]
        if not made:
            raise StepRefused("Nach diesem Muster gibt es keinen Termin, der sich planen lässt.")
        return made

    @transaction.atomic
    def move(self, *, by, starts_at, place, mode, title, minutes_long=None, video_url=None, written_until=None) -> int:
        """Another day, hour or place; the clocks of what is tabled follow. Returns how many due dates moved.

        Whoever was invited gets the change for their calendar.
        """
        demand(access.runs_meetings, by, self.body)
        self._be_open()
        if starts_at != self.starts_at:
            self._be_free(self.body, starts_at)
        before = self._said()
        self.starts_at, self.place, self.mode, self.title = starts_at, place, mode, title
        self.minutes_long = minutes_long or self.minutes_long
        self.video_url = self.video_url if video_url is None else video_url
        self.written_until = written_until
        self._be_possible()
        changed = self.invited_at is not None and self._said() != before
        self.sequence += changed
        self.save()
        moved = sum(self._tell_moved(issue, self, by) for issue in self._locked_issues())
        left = trail.record("meeting.move", self, by=by)
        if changed:
            self._tell("move", left)
        elif not self.invited_at:
            self.build_agenda(by=by)
        return moved

    @transaction.atomic
    def cancel(self, *, by, instead: "Meeting | None" = None) -> int:
        """Called off; what was on its agenda goes to `instead`. Returns how many issues go along."""
        demand(access.runs_meetings, by, self.body)
        self._be_open()
        issues = list(self._locked_issues())
        if issues and instead is None:
            raise StepRefused(
                "Auf der Tagesordnung stehen Knackpunkte. Bitte wählen Sie die Sitzung, in der sie beraten werden."
            )
        if instead is not None:
            self._be_another(instead)
        self.cancelled_at = workdays.now()
        self.sequence += self.invited_at is not None
        self.save(update_fields=["cancelled_at", "sequence"])
        ahead = self.agenda.filter(Q(issue__in=[issue.pk for issue in issues]) | Q(kind=AgendaItem.Kind.INFORMATION))
        ahead.bring_to(instead)
        if instead is not None:
            self.agenda.standing().filter(kind=AgendaItem.Kind.TOPIC).bring_to(instead)
            self.rules_to_adopt.filter(resolution__isnull=True).update(meeting=instead)
            instead.build_agenda(by=by)
        for issue in issues:
            self._tell_moved(issue, instead, by)
        left = trail.record("meeting.cancel", self, by=by)
        if self.invited_at:
            self._tell("cancel", left)
        return len(issues)

    @transaction.atomic
    def open(self, *, by) -> None:
        """It begins: from its day on. From now on what it speaks of is decided there alone."""
        self._lock_to_run(by)
        if self.closed_at:
            raise StepRefused("Diese Sitzung ist schon geschlossen.")
        if self.opened_at:
            raise StepRefused(f"Diese Sitzung ist schon eröffnet, um {timezone.localtime(self.opened_at):%H:%M} Uhr.")
        if self.day > workdays.today():
            raise StepRefused(f"Eröffnen lässt sich die Sitzung ab ihrem Tag, dem {self.day:%d.%m.%Y}.")
        self.opened_at = workdays.now()
        self.save(update_fields=["opened_at"])
        trail.record("meeting.open", self, by=by)

    @transaction.atomic
    def close(self, *, by, instead: "Meeting | None" = None) -> int:
        """It is over. What was not decided goes to `instead`, with its clock; how many issues went along."""
        self._lock_to_run(by)
        if not self.is_running:
            raise StepRefused("Schließen lässt sich nur eine eröffnete Sitzung; diese läuft nicht.")
        left = self.agenda.left_over()
        waiting = list(left.undecided().filter(kind__in=AgendaItem.DECIDED).select_related("issue"))
        if waiting and instead is None:
            numbers = ", ".join(sorted({str(item.issue) for item in waiting}))
            raise StepRefused(f"Noch nicht entschieden: {numbers}. Bitte entscheiden Sie darüber oder vertagen Sie.")
        if instead is not None:
            self._be_another(instead)
            issues = list(self._locked_issues().filter(pk__in=[item.issue_id for item in waiting]))
            left.filter(kind__in=AgendaItem.CARRIED).bring_to(instead)
            for issue in issues:
                self._tell_moved(issue, instead, by)
        self.closed_at = workdays.now()
        self.save(update_fields=["closed_at"])
        trail.record("meeting.close", self, by=by)
        return len({item.issue_id for item in waiting})

    def _lock_to_run(self, by):
        self.refresh_from_db(from_queryset=Meeting.objects.select_for_update(of=("self",)))
        demand(access.runs_meetings, by, self.body)
        if self.cancelled_at:
            raise StepRefused("Diese Sitzung ist abgesagt.")

    def _be_another(self, instead):
        if instead.pk == self.pk or instead.body_id != self.body_id or instead.cancelled_at or instead.is_over:
            raise StepRefused("Bitte wählen Sie eine kommende Sitzung desselben Gremiums.")

    @transaction.atomic
    def invite(self, *, by, late: bool = False) -> int:
        """The invitation goes out, with the agenda as it stands; again for those who have come since.

        `late` vouches for one that the rules wanted earlier. Returns how many are told of it now.
        """
        demand(access.runs_meetings, by, self.body)
        self._be_open()
        note = ""
        if self.invited_at is None:
            if self.invites_late and not late:
                raise StepRefused(
                    f"Nach der Geschäftsordnung hätte die Einladung bis zum {self.invite_by:%d.%m.%Y} hinausgehen "
                    "müssen. Bitte bestätigen Sie, dass sie trotzdem versandt wird."
                )
            if self.invites_late:
                note = f"nach der Frist (bis {self.invite_by:%d.%m.%Y})"
            self.build_agenda(by=by)
            self._place(list(self.agenda.standing().in_order().values_list("pk", flat=True)))
            self.invited_at = workdays.now()
            self.sequence += 1
            self.save(update_fields=["invited_at", "sequence"])
        return self._tell("invite", trail.record("meeting.invite", self, by=by, note=note))

    def _tell(self, act, record) -> int:
        """How many people the receivers of the signal wrote to."""
        answers = happened.send(Meeting, obj=self, act=act, record=record, given={})
        return sum(int(told or 0) for _, told in answers)

    def _said(self) -> tuple:
        return tuple(getattr(self, name) for name in self.SAID)

    def _be_possible(self) -> None:
        """A procedure in writing is allowed by the rules and long enough; nothing else has an end of its own."""
        if self.mode != self.Mode.WRITTEN:
            self.written_until = None
            return
        self.__dict__.pop("rules", None)
        if not self.rules.written_allowed:
            raise StepRefused("Die Geschäftsordnung lässt kein Umlaufverfahren zu. Bitte wählen Sie eine andere Form.")
        first = self.day + dt.timedelta(days=self.rules.written_days)
        if self.written_until is None or self.written_until < first:
            raise StepRefused(
                f"Im Umlaufverfahren hat das Gremium nach der Geschäftsordnung wenigstens {self.rules.written_days} "
                f"Tage zur Stimmabgabe. Bitte nennen Sie den {first:%d.%m.%Y} oder einen späteren Tag."
            )

    # Acts: the agenda

    @transaction.atomic
    def build_agenda(self, by=None) -> int:
        """Put on the agenda what belongs there by itself, and take off what lost its reason before the invitation.

        The next meeting of a body takes up all that is due by then; later ones only what falls due after the meeting
        before them. How many items came or went; a second run finds nothing to do.
        """
        locked = Meeting.objects.select_for_update().get(pk=self.pk)
        if locked.cancelled_at or locked.closed_at or locked.is_over:
            return 0
        before = self.body.meetings.upcoming().filter(starts_at__lt=locked.starts_at).last()
        changed = 0 if before else self._take_up()
        for kind, reasons in self._reasons(before).items():
            changed += self._build(kind, reasons, invited=locked.invited_at is not None)
        if changed:
            trail.record("meeting.build", self, by=by, note=f"{changed} geändert")
        return changed

    def _take_up(self) -> int:
        """What another meeting of the body left behind when it was called off."""
        if self.body.kind == Body.Kind.STEERING:
            AgendaItem.objects.filter(meeting__isnull=True).bring_to(self)
        cancelled = self.body.meetings.filter(cancelled_at__isnull=False).exclude(pk=self.pk)
        self.body.rules.filter(meeting__in=cancelled, resolution__isnull=True).update(meeting=self)
        left = AgendaItem.objects.standing().filter(meeting__in=cancelled, dealt_with_at__isnull=True)
        return left.filter(kind=AgendaItem.Kind.TOPIC).bring_to(self)

    def _reasons(self, before: "Meeting | None") -> dict[str, set[int]]:
        """Kind → ids of what belongs on this agenda by itself."""
        kind, due = AgendaItem.Kind, Q(due_on__lte=self.day)
        if before is not None:
            due &= Q(due_on__gt=before.day)
        found = {
            kind.RESOLUTION: self.body.resolutions.filter(due, done_on__isnull=True, dropped_on__isnull=True),
            kind.RULES: self.rules_to_adopt.filter(resolution__isnull=True),
        }
        if self.body.kind == Body.Kind.STEERING:
            groups = [Body.Kind.LOCAL, Body.Kind.THEMATIC]
            found[kind.INTERIM] = self.issues.model.objects.filter(due, state="project", body__kind__in=groups)
        if before is None:
            minutes = AgendaItem._meta.get_field("minutes").related_model._default_manager
            earlier = Q(meeting__body=self.body_id, meeting__starts_at__lt=self.starts_at)
            found[kind.MINUTES] = minutes.filter(earlier, approved_on__isnull=True)
        return {key: set(rows.order_by().values_list("pk", flat=True)) for key, rows in found.items()}

    def _build(self, kind: str, reasons: set[int], *, invited: bool) -> int:
        name = AgendaItem.ABOUT.get(kind, "issue")
        there = {getattr(item, f"{name}_id"): item for item in self.agenda.filter(kind=kind)}
        gone = [item for item in there.values() if item.withdrawn_at and getattr(item, f"{name}_id") in reasons]
        again = [item.pk for item in gone if item.pk not in AgendaItem.taken_off(gone)]
        lost = [
            item.pk
            for pk, item in there.items()
            if pk not in reasons and not (item.withdrawn_at or item.dealt_with_at or invited)
        ]
        new = sorted(reasons - set(there))
        AgendaItem.objects.bulk_create(AgendaItem(meeting=self, kind=kind, **{f"{name}_id": pk}) for pk in new)
        self.agenda.filter(pk__in=again).update(withdrawn_at=None, added_at=workdays.now())
        self.agenda.filter(pk__in=lost).update(withdrawn_at=workdays.now())
        return len(new) + len(again) + len(lost)

    @transaction.atomic
    def put_in_order(self, ids: Iterable[int], *, by, majority: Votes | None = None) -> None:
        """`ids` are the standing items in their new order. After the invitation the body itself says so."""
        demand(access.runs_meetings, by, self.body)
        self._be_speakable()
        ids = list(ids)
        if sorted(ids) != sorted(self.agenda.standing().values_list("pk", flat=True)):
            raise StepRefused("Die Tagesordnung hat sich inzwischen geändert. Bitte ordnen Sie sie noch einmal.")
        note = self._demand_majority(majority) if self.invited_at else ""
        self._place(ids)
        trail.record("meeting.order", self, by=by, note=note)

    def _place(self, ids: list[int]) -> None:
        placed = [AgendaItem(pk=pk, position=number) for number, pk in enumerate(ids, 1)]
        AgendaItem.objects.bulk_update(placed, ["position"], batch_size=200)

    @transaction.atomic
    def propose_topic(self, *, by, title: str, text: str = "", confirmed=frozenset()) -> "AgendaItem":
        """A topic of a member, until the day the rules name; after it the office may still add it."""
        demand(access.proposes_topics, by, self.body)
        self._be_speakable()
        if workdays.today() > self.topics_until and not allows(access.runs_meetings, by, self.body):
            raise StepRefused(
                f"Themen für diese Sitzung konnten Sie bis zum {self.topics_until:%d.%m.%Y} anmelden "
                f"(Geschäftsordnung: {self.rules.topic_days} Tage vorher). "
                "Die Geschäftsstelle kann das Thema noch nachtragen."
            )
        vouched = pass_gate({"Thema": title, "Worum geht es?": text}, by=by, confirmed=confirmed)
        made = self.agenda.create(kind=AgendaItem.Kind.TOPIC, title=title, text=text, added_by=by)
        trail.record("agendaitem.propose", made, by=by, note=vouched)
        return made

    def _demand_majority(self, votes: Votes | None) -> str:
        """The vote in the words of the trail; raises StepRefused where the rules' majority is missing."""
        needed = self.rules.get_admission_display()
        if votes is None:
            raise StepRefused(
                f"Nach der Einladung ändert nur das Gremium die Tagesordnung ({needed} nach der Geschäftsordnung); "
                "bitte halten Sie fest, wie es abgestimmt hat."
            )
        words = "Ja {}, Nein {}, Enthaltung {}".format(*votes)
        if not self.rules.admits(*votes):
            raise StepRefused(f"Die Geschäftsordnung verlangt hierfür: {needed}. Das ist nicht erreicht ({words}).")
        return words

    def _locked_issues(self):
        return self.tabled().select_for_update(of=("self",))

    def _tell_moved(self, issue, meeting, by) -> bool:
        before = issue.due_on
        issue.follow(meeting)
        left = trail.record("issue.meeting_moved", issue, by=by)
        happened.send(type(issue), obj=issue, act="meeting_moved", record=left, given={})
        return issue.due_on != before

    def _be_open(self):
        self._lock()
        if self.cancelled_at:
            raise StepRefused("Diese Sitzung ist schon abgesagt.")
        if self.is_over or self.opened_at:
            raise StepRefused("Diese Sitzung hat schon begonnen; sie lässt sich nicht mehr verlegen oder absagen.")

    def _be_speakable(self):
        """Its agenda may still change."""
        self._lock()
        if self.cancelled_at:
            raise StepRefused("Diese Sitzung ist abgesagt; ihre Tagesordnung ändert sich nicht mehr.")
        if self.closed_at or (self.day < workdays.today() and not self.opened_at):
            raise StepRefused("Diese Sitzung ist vorbei; ihre Tagesordnung ändert sich nicht mehr.")

    def _lock(self):
        """What other acts go by, as the database has it now."""
        locked = Meeting.objects.select_for_update().get(pk=self.pk)
        for name in (*self.SAID, "cancelled_at", "invited_at", "sequence", "opened_at", "closed_at"):
            setattr(self, name, getattr(locked, name))
        self.__dict__.pop("rules", None)

    @staticmethod
    def _be_free(body, starts_at):
        if starts_at <= workdays.now():
            raise StepRefused("Die Sitzung muss in der Zukunft liegen.")
        if Meeting.objects.filter(body=body, starts_at=starts_at).exists():
            raise StepRefused(f"Zu dieser Stunde gibt es schon eine Sitzung: {body}.")


class AgendaItemQuerySet(models.QuerySet):
    def left_over(self):
        """Neither withdrawn nor dealt with."""
        return self.standing().filter(dealt_with_at__isnull=True)

    def undecided(self):
        """Items whose issue still waits for a decision of that meeting."""
        return self.filter(issue__state="steering", issue__meeting=F("meeting"))

    def standing(self):
        """Not taken off the agenda."""
        return self.filter(withdrawn_at__isnull=True)

    def in_order(self):
        """As it is read: by its place, and what has none yet by its kind."""
        ranks = [When(kind=kind, then=rank) for rank, kind in enumerate(AgendaItem.READING)]
        return self.order_by("position", Case(*ranks, default=len(ranks)), "pk")

    def with_subjects(self):
        """With everything a line of the agenda says."""
        return self.select_related(
            "issue__municipality", "issue__topic", "issue__body", "open_resolution", "rules", "minutes__meeting",
        )  # fmt: skip

    def bring_to(self, meeting) -> int:
        """On to another meeting (None: the next one to be planned); what stands there is not put there twice.

        How many went. Papers go along; an item that comes after the invitation came late.
        """
        there = AgendaItem.objects.filter(meeting=meeting, issue=OuterRef("issue"), kind=OuterRef("kind"))
        twice = list(self.filter(Exists(there)).values_list("pk", flat=True))
        ahead = list(self.exclude(pk__in=twice).values_list("pk", flat=True))
        if meeting is not None:
            Paper.objects.filter(item__in=twice).update(item=None, meeting=meeting)
            Paper.objects.filter(item__in=ahead).update(meeting=meeting)
        changes = {"added_at": workdays.now()} if meeting is not None and meeting.invited_at else {}
        AgendaItem.objects.filter(pk__in=ahead).update(meeting=meeting, position=AgendaItem.UNPLACED, **changes)
        AgendaItem.objects.filter(pk__in=twice).delete()
        return len(ahead)


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

    #: The field in which kinds that are about no issue name what they are about.
    #: Those on which an issue's next step hangs, and what goes along when a meeting does not come to it.
    DECIDED = ("tabled", "proposal")
    CARRIED = (*DECIDED, "information", "topic")
    ABOUT = {"resolution": "open_resolution", "rules": "rules", "minutes": "minutes"}
    #: The order of an agenda that nobody has put in order.
    READING = ("minutes", "tabled", "proposal", "interim", "resolution", "rules", "topic", "information")
    #: Kinds that only a step of their issue takes off an agenda.
    BY_STEP = ("tabled", "proposal")
    UNPLACED = 9999

    #: As one reader sees it; set by steering.agendas.
    number: int
    shown: bool
    opens: str
    enclosed: list["Paper"]
    taken: models.Model | None

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

    @property
    def heading(self) -> str:
        """What an agenda calls it. Of an issue it is the title, for those who may see the issue."""
        match self.kind:
            case self.Kind.RESOLUTION:
                return f"Offener Beschluss {self.open_resolution}"
            case self.Kind.RULES:
                return str(self.rules)
            case self.Kind.MINUTES if self.minutes:
                return f"Niederschrift der Sitzung vom {self.minutes.meeting.day:%d.%m.%Y}"
            case self.Kind.TOPIC:
                return self.title
        return self.issue.title if self.issue else ""

    @staticmethod
    def taken_off(items) -> set[int]:
        """Those of them that somebody took off the agenda; they do not come back by themselves."""
        rows = TrailEntry.objects.filter(act="agendaitem.withdraw", kind=AgendaItem._meta.label_lower)
        found = rows.filter(object_id__in=[str(item.pk) for item in items]) if items else rows.none()
        return {int(pk) for pk in found.values_list("object_id", flat=True)}

    @transaction.atomic
    def withdraw(self, *, by, majority: Votes | None = None) -> None:
        """Off the agenda. After the invitation only by the body's majority, unless it never admitted the item."""
        demand(access.withdraws_item, by, self)
        if self.meeting is None:
            raise StepRefused("Dieser Punkt steht noch auf keiner Tagesordnung.")
        self.meeting._be_speakable()
        self.refresh_from_db(fields=["withdrawn_at", "dealt_with_at", "admitted_at"])
        if self.withdrawn_at:
            raise StepRefused("Dieser Punkt ist schon abgesetzt.")
        if self.dealt_with_at:
            raise StepRefused("Dieser Punkt ist schon behandelt.")
        if self.kind in self.BY_STEP:
            raise StepRefused(
                "Einen vorgelegten Knackpunkt nimmt nur ein Schritt beim Knackpunkt selbst von der Tagesordnung."
            )
        note = ""
        if self.meeting.invited_at and not self.waits_for_admission:
            if not allows(access.runs_meetings, by, self.meeting.body):
                majority = None
            note = self.meeting._demand_majority(majority)
        self.withdrawn_at = workdays.now()
        self.save(update_fields=["withdrawn_at"])
        trail.record("agendaitem.withdraw", self, by=by, note=note)


class PaperQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(withdrawn_at__isnull=True)

    def visible_to(self, user):
        """Those of meetings one sees; of an item about an issue where one sees the issue, too."""
        issues = Meeting.issues.rel.related_model._default_manager.filter(access.visible_issues(user))
        shown = Q(item__isnull=True) | Q(item__issue__isnull=True) | Q(item__issue__in=issues.values("pk"))
        return self.filter(shown, meeting__in=Meeting.objects.visible_to(user).values("pk"))


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

    objects = PaperQuerySet.as_manager()

    #: So many a meeting may have.
    MOST = 100

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = "Unterlage"

    def __str__(self):
        return self.title

    @property
    def is_late(self) -> bool:
        """Came after the day the rules name."""
        return timezone.localtime(self.at).date() > self.meeting.papers_until

    @property
    def type(self) -> uploads.FileType:
        return uploads.TYPES[self.kind]

    @property
    def size_words(self) -> str:
        """„840 KB“ or „2,3 MB“."""
        if self.size < 1024 * 1024:
            return f"{max(1, round(self.size / 1024))} KB"
        return f"{self.size / 1024 / 1024:.1f} MB".replace(".", ",")

    @property
    def file_name(self) -> str:
        """What it is called when it leaves: the day of the meeting, never a title."""
        return f"Unterlage-{self.meeting.day:%Y-%m-%d}-{self.pk}.{self.kind}"

    @classmethod
    def put(cls, meeting, *, by, title, file, file_type, item=None, confirmed=frozenset()) -> "Paper":
        """Encrypt and keep `file`, known to be a `file_type`. What fails leaves neither a row nor a file."""
        demand(access.runs_meetings, by, meeting.body)
        vouched = pass_gate({"Bezeichnung": title}, by=by, confirmed=confirmed)
        try:
            kept = files.keep(uploads.chunks(file))
        except OSError as error:
            raise StepRefused(
                "Die Datei ließ sich nicht ablegen, der Speicherplatz des Servers reicht vielleicht nicht. "
                "Bitte wenden Sie sich an die Verwaltung."
            ) from error
        try:
            with transaction.atomic():
                meeting._be_speakable()
                if meeting.papers.standing().count() >= cls.MOST:
                    raise StepRefused(f"Zu dieser Sitzung liegen schon {cls.MOST} Unterlagen.")
                made = cls.objects.create(
                    meeting=meeting, item=item, title=title, kept=kept.name, kind=file_type.key, size=kept.size,
                    sha256=kept.sha256, by=by,
                )  # fmt: skip
                trail.record("paper.put", made, by=by, note=vouched)
        except BaseException as error:
            if not outages.may_have_been_kept(error):
                files.remove(kept.name)
            raise
        return made

    @transaction.atomic
    def open(self, *, by):
        """Its content in pieces, which goes to the trail. Raises FileDamaged if any of it cannot be read."""
        files.check(self.kept)
        trail.record("paper.get", self, by=by)
        return files.read(self.kept)

    @transaction.atomic
    def withdraw(self, *, by) -> None:
        """Nobody reads it any more: the row stays, its file does not."""
        demand(access.runs_meetings, by, self.meeting.body)
        locked = Paper.objects.select_for_update().get(pk=self.pk)
        if locked.withdrawn_at:
            raise StepRefused("Diese Unterlage ist schon zurückgezogen.")
        self.withdrawn_at = workdays.now()
        self.save(update_fields=["withdrawn_at"])
        trail.record("paper.withdraw", self, by=by)
        transaction.on_commit(lambda: files.remove(self.kept))


def _wanted(beginning: str):
    return Paper.objects.standing().filter(kept__startswith=beginning).values_list("kept", flat=True)


def _sums(beginning: str):
    return Paper.objects.standing().filter(kept__startswith=beginning).values_list("kept", "sha256")


files.keeper("steering", _wanted, _sums)
