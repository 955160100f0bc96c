"""Minutes („Niederschrift“): drafted from what was recorded, sent, objected to, approved; from then on they stand."""

import datetime as dt
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.functional import cached_property

from kim import trail, workdays
from kim.addresses import address
from kim.models import Organisation, User
from kim.rules import demand
from kim.workflow import StepRefused, happened
from steering import access
from steering.models.choices import only
from steering.models.gate import noted, pass_gate
from steering.models.gathering import gathered, seats_then_or_now
from steering.models.issues import Issue
from steering.models.meetings import AgendaItem, Meeting
from steering.models.rules import RulesOfProcedure

#: What stands in place of the title of an issue its reader may not see.
HIDDEN = "Knackpunkt (für Sie nicht sichtbar)"

LABELS = {"opening": "Eröffnung", "closing": "Schluss"}
UNDECIDED = "Bitte entscheiden Sie zuerst über die offenen Einwendungen."


class MinutesQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_minutes(user))

    def undisputed(self):
        """No objection waits for an answer, and none that was accepted waits for the next version."""
        waiting = Q(accepted__isnull=True) | Q(accepted=True, version=OuterRef("version"))
        return self.exclude(Exists(Objection.objects.filter(waiting, minutes=OuterRef("pk"))))

    def approved_by_silence(self, today: dt.date):
        """The time for objections has passed on `today`, and there is none."""
        waiting = self.filter(sent_at__isnull=False, approved_on__isnull=True, objections_until__lt=today)
        return waiting.undisputed()


class Minutes(models.Model):
    """Of one meeting. What was said on each item stands in AgendaItem.notes, what was decided in its Resolution.

    `content` is what was sent, as it was sent (see Minutes.gathered), and what stays once they are approved: a later
    change of any row it was drawn from does not touch it.
    """

    meeting = models.OneToOneField(Meeting, on_delete=models.PROTECT, related_name="minutes")
    opening = models.TextField("Eröffnung", max_length=4000, blank=True)
    closing = models.TextField("Schluss", max_length=4000, blank=True)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=workdays.now)
    version = models.PositiveSmallIntegerField("Fassung", default=0)
    content = models.JSONField(null=True, blank=True)
    sent_at = models.DateTimeField("versandt", null=True, blank=True)
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    objections_until = models.DateField("Einwendungen bis einschließlich", null=True, blank=True)
    approved_on = models.DateField("genehmigt am", null=True, blank=True)
    approved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="leer: mit Ablauf der Frist"
    )
    readers = models.CharField(
        "lesen nach der Genehmigung", max_length=9, choices=RulesOfProcedure.Readers, blank=True,
        help_text="wie es die Geschäftsordnung am Tag der Sitzung sagte; leer bis zur Genehmigung",
    )  # fmt: skip

    objects = MinutesQuerySet.as_manager()

    class Meta:
        verbose_name = "Niederschrift"
        constraints = [
            only("minutes", "readers", RulesOfProcedure.Readers, empty=True),
            models.CheckConstraint(
                name="steering_minutes_sent_whole",
                condition=Q(sent_at__isnull=True, objections_until__isnull=True)
                | Q(sent_at__isnull=False, objections_until__isnull=False, content__isnull=False),
            ),
            models.CheckConstraint(
                name="steering_minutes_approved_after_sent",
                condition=Q(approved_on__isnull=True) | Q(sent_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["objections_until"],
                name="steering_minutes_to_approve",
                condition=Q(sent_at__isnull=False, approved_on__isnull=True),
            ),
        ]

    def __str__(self):
        return f"Niederschrift: {self.meeting}"

    def get_absolute_url(self):
        return address("steering:minutes_detail", self.meeting_id)

    @classmethod
    def of(cls, meeting: Meeting) -> "Minutes":
        """Those of `meeting`; not saved yet where nobody has begun."""
        return cls.objects.filter(meeting=meeting).first() or cls(meeting=meeting)

    @property
    def standing(self) -> str:
        if self.approved_on:
            return f"genehmigt am {self.approved_on:%d.%m.%Y}"
        return f"versandt, Einwendungen bis {self.objections_until:%d.%m.%Y}" if self.sent_at else "Entwurf"

    @cached_property
    def rules(self) -> RulesOfProcedure:
        """Those in force on the day of the meeting."""
        return RulesOfProcedure.in_force(self.meeting.body, self.meeting.day)

    @property
    def why_not_begun(self) -> str:
        """Why this meeting has no minutes yet; empty once it can have some."""
        if self.meeting.cancelled_at:
            return "Diese Sitzung ist abgesagt; sie hat keine Niederschrift."
        if not self.meeting.opened_at and self.meeting.day > workdays.today():
            return "Die Niederschrift beginnt, wenn die Sitzung eröffnet wird oder ihr Tag gekommen ist."
        return ""

    @property
    def why_closed(self) -> str:
        """Why nothing of this meeting may be changed now; empty as long as it may."""
        if self.approved_on:
            return "Die Niederschrift ist genehmigt; was zu dieser Sitzung festgehalten ist, ändert sich nicht mehr."
        if self.sent_at and not self._awaits_next_version:
            return "Die Niederschrift ist versandt; ändern lässt sich erst etwas, wenn eine Einwendung aufgenommen ist."
        return ""

    @property
    def why_not_sent(self) -> str:
        """Why they cannot be sent as things stand; empty when they can."""
        if why := self.why_not_begun or (self.pk and self.why_closed):
            return why
        last = self.meeting.written_until or self.meeting.day
        if self.meeting.is_running or (not self.meeting.closed_at and last >= workdays.today()):
            return "Die Sitzung ist noch nicht geschlossen. Versenden lässt sich die Niederschrift danach."
        return UNDECIDED if self._is_disputed else ""

    @property
    def why_not_approved(self) -> str:
        """Why they cannot be approved as things stand. The body itself need not wait until the time to object ends."""
        if not self.sent_at or self.objections_until is None:
            return "Die Niederschrift ist noch nicht versandt."
        if self._is_disputed:
            return UNDECIDED
        if self._awaits_next_version:
            return "Eine Einwendung ist aufgenommen. Bitte versenden Sie zuerst die neue Fassung."
        if self.objections_until >= workdays.today() and not self._approved_by_the_body:
            return f"Einwendungen sind noch bis einschließlich {self.objections_until:%d.%m.%Y} möglich."
        return ""

    @property
    def _is_disputed(self) -> bool:
        """An objection waits for its answer."""
        return bool(self.pk) and any(one.accepted is None for one in self.objections.all())

    @property
    def _awaits_next_version(self) -> bool:
        """An objection to what was sent is accepted."""
        return bool(self.pk) and any(one.accepted and one.version == self.version for one in self.objections.all())

    @property
    def _approved_by_the_body(self) -> bool:
        """A meeting had these minutes on its agenda and adopted them by a resolution."""
        return self.agenda_items.filter(resolution__verdict="adopt").exists()

    def gathered(self) -> dict[str, Any]:
        """What they say as things stand now; page, PDF and DOCX are made from it. Plain JSON."""
        return gathered(self.meeting, self.rules, opening=self.opening, closing=self.closing)

    def read_by(self, user, *, draft: bool = False) -> dict[str, Any]:
        """What was sent (or the `draft`, which is what there is before), with titles of issues only `user` may see."""
        found = self.gathered() if draft or self.content is None else self.content
        about = {item["issue"] for item in found["items"] if item["issue"]}
        seen = set(Issue.objects.visible_to(user).filter(pk__in=about).values_list("pk", flat=True)) if about else set()
        items = [
            item if item["issue"] is None or item["issue"] in seen else item | {"subject": HIDDEN, "issue": None}
            for item in found["items"]
        ]
        return found | {"items": items}

    # Acts

    @classmethod
    def demand_open(cls, meeting: Meeting) -> None:
        """Refuse once nothing that was recorded of `meeting` may change: attendance, votes, notes, resolutions.

        Call it within the transaction of the change; it takes the lock of the minutes.
        """
        there = cls.objects.select_for_update().filter(meeting=meeting).first()
        if there and (why := there.why_closed):
            raise StepRefused(why)

    @classmethod
    @transaction.atomic
    def start(cls, meeting: Meeting, by: User) -> "Minutes":
        """Those of `meeting`, begun now if nobody has; locked."""
        demand(access.runs_meetings, by, meeting.body)
        Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
        made = cls.objects.select_for_update().filter(meeting=meeting).first()
        if made is None:
            made = cls(meeting=meeting, started_by=by)
            if why := made.why_not_begun:
                raise StepRefused(why)
            made.save()
            trail.record("minutes.start", made, by=by)
        made.meeting = meeting
        return made

    @transaction.atomic
    def edit(self, *, by, opening: str, closing: str, confirmed=frozenset()) -> None:
        """Opening and closing words."""
        self._lock(by)
        self.demand_open(self.meeting)
        given = {"opening": opening, "closing": closing}
        changed = [name for name, text in given.items() if text != getattr(self, name)]
        if not changed:
            return
        named = {LABELS[name]: given[name] for name in changed}
        vouched = pass_gate(named, by=by, confirmed=confirmed)
        for name in changed:
            setattr(self, name, given[name])
        self.save(update_fields=changed)
        trail.record("minutes.edit", self, by=by, note=noted(*named, vouched))

    @classmethod
    @transaction.atomic
    def note(cls, item: AgendaItem, *, by, notes: str, confirmed=frozenset()) -> "Minutes":
        """What was said on one item of the agenda."""
        meeting = item.meeting
        if meeting is None:
            raise StepRefused("Dieser Punkt steht noch auf keiner Tagesordnung.")
        made = cls.start(meeting, by)
        cls.demand_open(meeting)
        there = AgendaItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        if there.notes != notes:
            vouched = pass_gate({"Beratung": notes}, by=by, confirmed=confirmed, issue=item.issue)
            there.notes = item.notes = notes
            there.save(update_fields=["notes"])
            trail.record("minutes.note", made, by=by, note=noted(f"Tagesordnungspunkt {item.pk}", vouched))
        return made

    @transaction.atomic
    def send(self, *, by) -> None:
        """What they say now is what is sent, to the members of the body; from today on they may object."""
        self._lock(by)
        if why := self.why_not_sent:
            raise StepRefused(why)
        self.version += 1
        self.content, self.sent_at, self.sent_by = self.gathered(), workdays.now(), by
        self.objections_until = workdays.today() + dt.timedelta(days=self.rules.objection_days)
        self.save()
        left = trail.record("minutes.send", self, by=by, note=f"Fassung {self.version}")
        happened.send(Minutes, obj=self, act="send", record=left, given={})

    @transaction.atomic
    def object(self, *, by, text: str, organisation: Organisation | None = None, confirmed=frozenset()) -> "Objection":
        """A member says what is wrong, as long as the rules let them.

        For an `organisation` with a seat that has no account, whoever runs the meeting writes down what it said.
        """
        if organisation is None:
            demand(access.may_object, by, self)
        else:
            demand(access.runs_meetings, by, self.meeting.body)
            if not seats_then_or_now(self.meeting).filter(organisation=organisation).exists():
                raise StepRefused(f"{organisation} hat keinen Sitz in diesem Gremium.")
        self._read_locked()
        if why := self.why_no_objection:
            raise StepRefused(why)
        vouched = pass_gate({"Einwendung": text}, by=by, confirmed=confirmed)
        made = self.objections.create(version=self.version, text=text, by=by, organisation=organisation)
        left = trail.record("minutes.object", self, by=by, note=noted(f"Fassung {self.version}", vouched))
        happened.send(Minutes, obj=self, act="object", record=left, given={"objection": made})
        return made

    @property
    def why_no_objection(self) -> str:
        """Why it is too early or too late to object; empty when it is neither."""
        if not self.sent_at or self.objections_until is None:
            return "Die Niederschrift ist noch nicht versandt."
        if self.approved_on:
            since = f"{self.approved_on:%d.%m.%Y}"
            return f"Die Niederschrift ist seit dem {since} genehmigt; Einwendungen sind nicht mehr möglich."
        if workdays.today() > self.objections_until:
            return f"Einwendungen waren bis einschließlich {self.objections_until:%d.%m.%Y} möglich."
        return ""

    @transaction.atomic
    def approve(self, *, by: User | None) -> None:
        """By a resolution of the body, by the office after the time for objections, or (`by` None) by that time itself.

        Once approved, a second call changes nothing.
        """
        if by is not None:
            demand(access.runs_meetings, by, self.meeting.body)
        self._read_locked()
        if self.approved_on:
            return
        if why := self.why_not_approved:
            raise StepRefused(why)
        self.approved_on, self.approved_by, self.readers = workdays.today(), by, self.rules.readers
        self.save(update_fields=["approved_on", "approved_by", "readers"])
        trail.record("minutes.approve", self, by=by, note=f"Fassung {self.version}")

    @classmethod
    def approve_silent(cls) -> int:
        """Approve what nobody objected to in time, each in a transaction of its own; how many there were."""
        due = cls.objects.approved_by_silence(workdays.today()).select_related("meeting__body").order_by("pk")
        approved = 0
        for minutes in due.iterator(chunk_size=200):
            try:
                minutes.approve(by=None)
            except StepRefused:  # somebody objected or sent it anew while this ran
                continue
            approved += 1
        return approved

    def _lock(self, by) -> None:
        demand(access.runs_meetings, by, self.meeting.body)
        self._read_locked()

    def _read_locked(self) -> None:
        meeting = self.meeting
        self.refresh_from_db(from_queryset=Minutes.objects.select_for_update(of=("self",)))
        self.meeting = meeting


class ObjectionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of minutes of meetings one may see; who only reads approved minutes is told of none."""
        return self.filter(minutes__in=Minutes.objects.filter(access.met_minutes(user)))


class Objection(models.Model):
    """A member says that the minutes are wrong, within the days the rules give; the office answers."""

    minutes = models.ForeignKey(Minutes, on_delete=models.PROTECT, related_name="objections")
    version = models.PositiveSmallIntegerField("zur Fassung")
    text = models.TextField("Einwendung", max_length=4000)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Institution",
        help_text="die sie erhebt, wenn sie kein Konto hat und die Geschäftsstelle sie einträgt",
    )  # fmt: skip
    at = models.DateTimeField(default=workdays.now)
    accepted = models.BooleanField("aufgenommen", null=True, blank=True)
    answer = models.TextField("Antwort", max_length=2000, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = "Einwendung"
        constraints = [
            models.CheckConstraint(
                name="steering_objection_decided_whole",
                condition=Q(accepted__isnull=True, decided_at__isnull=True, decided_by__isnull=True)
                | Q(accepted__isnull=False, decided_at__isnull=False, decided_by__isnull=False),
            )
        ]

    def __str__(self):
        return f"{self.minutes}: Einwendung vom {self.at:%d.%m.%Y}"

    @property
    def who(self) -> str:
        """Who raised it."""
        return str(self.organisation or self.by)

    @property
    def standing(self) -> str:
        if self.accepted is None:
            return "offen"
        return "aufgenommen" if self.accepted else "nicht aufgenommen"

    @transaction.atomic
    def decide(self, *, by, accepted: bool, answer: str, confirmed=frozenset()) -> None:
        """Accepted, and what changes because of it; or not, and why. Then the minutes may be changed and sent anew."""
        minutes = self.minutes
        demand(access.runs_meetings, by, minutes.meeting.body)
        Minutes.objects.select_for_update().get(pk=minutes.pk)
        there = Objection.objects.select_for_update(of=("self",)).get(pk=self.pk)
        if there.accepted is not None:
            raise StepRefused(f"Über diese Einwendung ist schon entschieden: {there.standing}.")
        if not answer:
            raise StepRefused("Bitte sagen Sie, was sich ändert oder warum sich nichts ändert.")
        vouched = pass_gate({"Antwort": answer}, by=by, confirmed=confirmed)
        self.accepted, self.answer, self.decided_by, self.decided_at = accepted, answer, by, workdays.now()
        self.save(update_fields=["accepted", "answer", "decided_by", "decided_at"])
        left = trail.record("minutes.objection_decide", minutes, by=by, note=noted(self.standing, vouched))
        happened.send(Minutes, obj=minutes, act="objection_decide", record=left, given={"objection": self})
