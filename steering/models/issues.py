"""The issue („Knackpunkt“): a structural problem seen in single cases, told without the people it was seen in."""

import datetime as dt
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import cached_property

from kim import trail, workdays
from kim.addresses import address
from kim.dated import months_after
from kim.models import Code, County, Municipality, Notice, Organisation, User
from kim.rules import demand
from kim.together import Slot, together
from kim.trigrams import fold
from kim.workflow import StepRefused, happened
from steering import access
from steering.escalation import ENDS, ESCALATION, HOLDER, OPEN, Office, State
from steering.models.bodies import Body
from steering.models.choices import Frequency, Outcome, Reach, Urgency, only
from steering.models.clock import Pause, deadline_for
from steering.models.cooperation import Interface
from steering.models.gate import pass_gate
from steering.models.issue_sets import LONG, IssueQuerySet
from steering.models.meetings import AgendaItem, Meeting
from steering.models.numbers import NumberRange
from steering.models.progress import Comment, InterimReport, Measure
from steering.models.traces import IssueStep, Reporter

NEVER_DUE = dt.date(9999, 12, 31)


class Issue(models.Model):
    """One issue on its way.

    Draft — its reporter writes; nobody else sees it.
    Coordination, strategy, steering, project, state level — somebody holds it, and a clock runs for them.
    Feedback due, fed back — there is a result; those who reported it must hear of it, and say whether it helps.
    Closed, merged, withdrawn — the ends. What was merged lives on in its lead issue, with all its reporters.
    """

    number = models.CharField("Kennung", max_length=16, null=True, unique=True)  # noqa: DJ001 - unique, and drafts have none
    title = models.CharField("Titel", max_length=140)
    situation = models.TextField("Sachverhalt", max_length=6000, blank=True)
    topic = models.ForeignKey(
        Code, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Thema",
        limit_choices_to={"list": Code.List.TOPIC},
    )  # fmt: skip
    life_domain = models.ForeignKey(
        Code, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Handlungsfeld",
        limit_choices_to={"list": Code.List.LIFE_DOMAIN},
    )  # fmt: skip
    legal_areas = models.ManyToManyField(
        Code,
        blank=True,
        related_name="+",
        verbose_name="Rechtskreise",
        limit_choices_to={"list": Code.List.LEGAL_AREA},
    )
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="issues",
        verbose_name="Kommune",
    )
    further_municipalities = models.ManyToManyField(
        Municipality, blank=True, related_name="+", verbose_name="weitere Kommunen"
    )
    organisations = models.ManyToManyField(
        Organisation, blank=True, related_name="+", verbose_name="betroffene Stellen"
    )
    interface = models.ForeignKey(
        Interface,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="issues",
        verbose_name="Schnittstelle, die klemmt",
    )
    presumed_reach = models.CharField("Reichweite, vermutet", max_length=6, choices=Reach, blank=True)
    frequency = models.CharField("Häufigkeit", max_length=8, choices=Frequency, blank=True)
    urgency = models.PositiveSmallIntegerField("Dringlichkeit", choices=Urgency, default=Urgency.NORMAL)
    impact = models.TextField("Auswirkung", max_length=2000, blank=True)
    tried = models.TextField("bereits versucht", max_length=2000, blank=True)
    idea = models.TextField("Lösungsidee", max_length=2000, blank=True)
    workaround = models.TextField("Was im Einzelfall vorerst hilft", max_length=2000, blank=True)

    state = models.CharField("Stand", max_length=20, choices=State, default=State.DRAFT)
    step_no = models.PositiveIntegerField(default=0)
    state_since = models.DateTimeField("seit", default=workdays.now)
    due_on = models.DateField("fällig am", null=True, blank=True)
    due_words = models.CharField("Rechnung", max_length=400, blank=True)
    due_rank = models.GeneratedField(
        expression=Coalesce(F("due_on"), Value(NEVER_DUE)),
        output_field=models.DateField(),
        db_persist=True,
    )
    paused_until = models.DateField("Uhr angehalten bis einschließlich", null=True, blank=True)

    reach = models.CharField("Reichweite, festgestellt", max_length=6, choices=Reach, blank=True)
    reach_reason = models.TextField("Begründung der Reichweite", max_length=2000, blank=True)
    body = models.ForeignKey(
        Body,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="issues",
        verbose_name="Projektgruppe",
    )
    meeting = models.ForeignKey(
        Meeting,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="issues",
        verbose_name="Sitzung",
    )
    lead = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="bundled",
        verbose_name="gebündelt in",
    )
    addressee = models.CharField("Adressat bei Land oder Bund", max_length=160, blank=True)
    proposal = models.TextField("Lösungsvorschlag", max_length=4000, blank=True)
    outcome = models.CharField("Ausgang", max_length=12, choices=Outcome, blank=True)
    result = models.TextField("Ergebnis", max_length=4000, blank=True)
    feedback = models.TextField("Rückmeldung", max_length=4000, blank=True)
    experience = models.TextField("Erfahrung in der Praxis", max_length=2000, blank=True)
    informed = models.TextField("informierte Stellen", max_length=1000, blank=True)
    effect_due_on = models.DateField("Wirksamkeit zu prüfen ab", null=True, blank=True)
    effect_asked_on = models.DateField("nach der Wirksamkeit gefragt am", null=True, blank=True)
    effect_checked_on = models.DateField("Wirksamkeit geprüft am", null=True, blank=True)
    effect = models.TextField("Wirksamkeit", max_length=2000, blank=True)

    created_at = models.DateTimeField("angelegt", default=workdays.now)
    reported_at = models.DateTimeField("gemeldet", null=True, blank=True)
    released_at = models.DateTimeField("frei von Personendaten, freigegeben", null=True, blank=True)
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    to_office_at = models.DateTimeField("an die Geschäftsstelle", null=True, blank=True)
    on_agenda_at = models.DateTimeField("der Lenkungsgruppe vorgelegt", null=True, blank=True)
    fast_tracked_at = models.DateTimeField("kurzer Dienstweg", null=True, blank=True)
    assigned_at = models.DateTimeField("zugewiesen", null=True, blank=True)
    answered_at = models.DateTimeField("Ergebnis liegt vor", null=True, blank=True)
    fed_back_at = models.DateTimeField("rückgemeldet", null=True, blank=True)
    closed_at = models.DateTimeField("abgeschlossen", null=True, blank=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    folded = models.TextField(editable=False, blank=True)
    folded_title = models.CharField(max_length=200, editable=False, blank=True)

    #: Set on the instance while a resolution takes its step: then the meeting itself decides.
    resolved = False

    objects = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = "Knackpunkt"
        constraints = [
            models.CheckConstraint(
                name="steering_issue_reported_has_number",
                condition=Q(state__in=["draft", "withdrawn"])
                | Q(
                    number__isnull=False,
                    reported_at__isnull=False,
                    topic__isnull=False,
                    municipality__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="steering_issue_in_steering_has_meeting",
                condition=~Q(state="steering") | Q(meeting__isnull=False, released_at__isnull=False),
            ),
            models.CheckConstraint(
                name="steering_issue_in_project_has_group",
                condition=~Q(state="project")
                | (
                    Q(
                        body__isnull=False,
                        assigned_at__isnull=False,
                        released_at__isnull=False,
                    )
                    & ~Q(reach="")
                ),
            ),
            models.CheckConstraint(
                name="steering_issue_at_state_level_has_addressee",
                condition=~Q(state="state_level") | (Q(reach="supra") & ~Q(addressee="")),
            ),
            models.CheckConstraint(
                name="steering_issue_answered_has_result",
                condition=~Q(state__in=["feedback_due", "fed_back", "closed"])
                | (~Q(outcome="") & ~Q(result="") & Q(answered_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="steering_issue_fed_back_has_feedback",
                condition=~Q(state__in=["fed_back", "closed"]) | (~Q(feedback="") & Q(fed_back_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="steering_issue_closed_by_somebody",
                condition=(Q(state="closed") & Q(closed_at__isnull=False, closed_by__isnull=False))
                | (~Q(state="closed") & Q(closed_at__isnull=True, closed_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="steering_issue_effect_of_what_is_closed",
                condition=Q(state="closed") | Q(effect_due_on__isnull=True, effect_checked_on__isnull=True),
            ),
            models.CheckConstraint(
                name="steering_issue_merged_has_lead",
                condition=(Q(state="merged") & Q(lead__isnull=False)) | (~Q(state="merged") & Q(lead__isnull=True)),
            ),
            models.CheckConstraint(
                name="steering_issue_released_by_somebody",
                condition=Q(released_at__isnull=True, released_by__isnull=True)
                | Q(released_at__isnull=False, released_by__isnull=False),
            ),
            only("issue", "state", State),
            only("issue", "presumed_reach", Reach, empty=True),
            only("issue", "frequency", Frequency, empty=True),
            only("issue", "urgency", Urgency),
            only("issue", "reach", Reach, empty=True),
            only("issue", "outcome", Outcome, empty=True),
        ]
        indexes = [
            # Desks count what is late, by place and without the paused, in the index alone.
            models.Index(
                fields=["state", "due_rank", "id"],
                name="steering_issue_desk",
                include=["municipality", "paused_until"],
            ),
            models.Index(fields=["due_rank", "id"]),
            models.Index(fields=["reported_at", "id"]),
            models.Index(fields=["state", "reported_at", "id"]),
            models.Index(fields=["municipality", "reported_at", "id"]),
            models.Index(fields=["topic", "reported_at", "id"]),
            models.Index(fields=["municipality", "topic", "state", "due_rank", "id"]),
            models.Index(fields=["body", "state", "due_rank", "id"]),
            models.Index(fields=["body", "due_rank", "id"]),
            models.Index(
                fields=["reported_at", "id"],
                name="steering_issue_open_by_age",
                condition=Q(state__in=OPEN),
            ),
            # What each role sees begins with a milestone; the newest issues have not passed it yet.
            *(
                models.Index(
                    fields=["reported_at", "id"],
                    name=f"steering_issue_{name}_by_age",
                    condition=Q(**{f"{milestone}__isnull": False}, state__in=OPEN),
                )
                for name, milestone in [("free", "released_at"), ("sent", "to_office_at"), ("tabled", "on_agenda_at")]
            ),
            models.Index(
                fields=["due_rank", "id"],
                name="steering_issue_paused",
                condition=Q(paused_until__isnull=False),
            ),
            # Where issues are found by those who reported them, it tells which of them are wanted.
            models.Index(
                fields=["id"],
                name="steering_issue_reported",
                include=["state", "lead", "due_rank", "state_since"],
            ),
            models.Index(
                fields=["meeting", "id"],
                name="steering_issue_tabled",
                condition=Q(state="steering"),
            ),
            models.Index(
                fields=["state_since", "id"],
                name="steering_issue_handed_back",
                condition=Q(state="draft", number__isnull=False),
            ),
            models.Index(
                fields=["effect_due_on", "id"],
                name="steering_issue_effect",
                condition=Q(effect_due_on__isnull=False, effect_checked_on__isnull=True),
            ),
            models.Index(
                fields=["due_on"],
                name="steering_issue_running",
                condition=Q(due_on__isnull=False),
            ),
        ]

    def __str__(self):
        return self.number or "Entwurf"

    def get_absolute_url(self):
        return address("steering:issue_detail", self.pk)

    def save(self, *args, **kwargs):
        if "update_fields" not in kwargs:
            self.folded_title = fold(self.title)[:200]
            self.folded = fold(" ".join([self.number or "", self.title, self.situation]))
        super().save(*args, **kwargs)

    def refresh_from_db(self, *args, **kwargs):
        self.__dict__.pop("all_reporter_ids", None)
        super().refresh_from_db(*args, **kwargs)

    @classmethod
    def hang_leads(cls, issues) -> None:
        """Hang into bundled ones the issue they run with. One query, whether any is bundled or not."""
        if issues:
            wanted = {f"lead_{place}": issue.lead_id for place, issue in enumerate(issues)}
            leads = {lead.pk: lead for lead in _leads(len(issues))(**wanted)["leads"]}
            for issue in issues:
                issue.lead = leads.get(issue.lead_id)

    # Questions

    @property
    def is_open(self) -> bool:
        return self.state not in ENDS

    @property
    def is_paused(self) -> bool:
        """A pause is over with its last day, whether or not that was noted yet."""
        return self.paused_until is not None and self.paused_until >= workdays.today()

    @property
    def is_overdue(self) -> bool:
        return self.due_on is not None and not self.is_paused and self.due_on < workdays.today()

    @property
    def effect_is_due(self) -> bool:
        """Time to look whether the solution still works; nobody has yet."""
        due = self.effect_due_on
        return self.effect_checked_on is None and due is not None and due <= workdays.today()

    @property
    def is_returned(self) -> bool:
        """Reported once and handed back to those who did: a draft again, but none that nobody else knows of."""
        return self.state == State.DRAFT and bool(self.number)

    @property
    def standing(self) -> str:
        """Its state in the words of its pages and lists."""
        return f"zurückgegeben am {self.since:%d.%m.%Y}" if self.is_returned else self.get_state_display()

    @property
    def holder(self) -> Office | None:
        return HOLDER.get(State(self.state))

    @property
    def since(self) -> dt.date:
        return timezone.localtime(self.state_since).date()

    def clock_start(self, last_report=None) -> dt.date:
        """The day the present limit counts from: the day of the last interim report, or of entering the state."""
        if self.state == State.PROJECT and last_report and last_report.at > self.state_since:
            return timezone.localtime(last_report.at).date()
        return self.since

    @cached_property
    def all_reporter_ids(self) -> set[int]:
        """Accounts that reported this issue or one merged into it."""
        return self.reporting_it(_reporters_of()(issue=self.pk)["reporters"]) if self.pk else set()

    def reporting_it(self, reporters) -> set[int]:
        """The same from rows of Reporter.of(self). A draft is its own writers' alone."""
        return {one.user_id for one in reporters if self.state != State.DRAFT or one.issue_id == self.pk}

    def is_visible_to(self, user) -> bool:
        sight = access.Sight.of(user)
        return bool(_seen(sight.shape)(issue=self.pk, **sight.values)["issue"])

    @classmethod
    def out_of_sight(cls, user, pks) -> list["Issue"]:
        """Of these, what `user` knows of and does not see any more, because somebody moved it on or back.

        They know of what their roles reached before, of what they were told and of what they moved themselves.
        """
        if not access.sees_content(user):
            return []
        pks = [pk for pk in pks if pk < 2**63]
        urls = {address("steering:issue_detail", pk): pk for pk in pks}
        told = Notice.objects.filter(recipient=user, url__in=urls).values_list("url", flat=True)
        moved = Q(pk__in=IssueStep.objects.filter(by=user).values("issue"))
        known = access.known_issues(user) | moved | Q(pk__in=[urls[url] for url in told])
        return list(cls.objects.filter(known, pk__in=pks).exclude(access.visible_issues(user)))

    def all_reporters(self):
        return User.objects.filter(pk__in=self.all_reporter_ids)

    def pauses_of_stay(self):
        return self.pauses.filter(stay=self.step_no)

    def who_was_first(self) -> str:
        """Why a step is out of turn: who did what just before."""
        last = self.steps_taken.select_related("by").order_by("-no").first()
        if last is None:
            return f"Im Stand „{self.get_state_display()}“ ist dieser Schritt nicht möglich."
        at = timezone.localtime(last.at)
        return (
            f"„{ESCALATION.label(last.name)}“ wurde am {at:%d.%m.%Y} um {at:%H:%M} Uhr bereits ausgeführt "
            f"({last.office}). Der Knackpunkt steht jetzt auf „{self.get_state_display()}“."
        )

    def why_out_of_sight(self) -> str:
        """The same for somebody who sees it no more. Its text is not theirs to read; its number they know."""
        again = " Sobald er neu gemeldet ist, sehen Sie ihn wieder." if self.state == State.DRAFT else ""
        return f"{self}: {self.who_was_first()} Damit liegt er nicht mehr bei Ihnen.{again}"

    @staticmethod
    def name_of(need: str) -> str:
        """What a need of a step is called on the page."""
        if need in ASKED:
            return ASKED[need]
        field = Issue._meta.get_field(need)
        return str(field.verbose_name) if isinstance(field, models.Field) else need

    # What the workflow asks of its object

    def texts_of(self, row, given) -> dict[str, str]:
        """Every free text that leaves somebody's desk with this step: what is given, and a draft as a whole."""
        texts = {name: given[name] for name in given if isinstance(given[name], str) and name not in CHOSEN}
        if row.source == State.DRAFT and row.target != State.WITHDRAWN:
            texts |= {name: getattr(self, name) for name in TEXTS}
        return texts

    def pass_gate(self, texts: dict[str, str], *, by, confirmed=frozenset()) -> None:
        """Every text by the name of its field; see steering.models.gate."""
        pass_gate({self.name_of(field): text for field, text in texts.items()}, by=by, confirmed=confirmed, issue=self)

    def arrive(self, row, given) -> None:
        """What being in a new state means for the clock and the milestones."""
        now = workdays.now()
        self.state_since, self.paused_until = now, None
        if row.source == State.DRAFT:
            self.reported_at = self.reported_at or (now if row.target != State.WITHDRAWN else None)
        if row.target == State.STRATEGY:
            self.to_office_at = self.to_office_at or now
        if row.target == State.STEERING:
            self.on_agenda_at = self.on_agenda_at or now
        if row.target in (State.PROJECT, State.STATE_LEVEL):
            self.assigned_at = now
        if row.target == State.FEEDBACK_DUE:
            self.answered_at = now
        if row.target == State.FED_BACK:
            self.fed_back_at = now
        deadline = deadline_for(self, pauses=())  # a stay begins without pauses
        self.due_on, self.due_words = (deadline.due, deadline.words) if deadline else (None, "")

    def stay(self) -> dict:
        return {"due_on": self.due_on, "due_words": self.due_words}

    # Steps. The table in escalation.py says when and by whom; here stands what each one changes.

    @ESCALATION.step
    def report(self, *, by):
        """Out of the reporter's hands, under a number of its own."""
        self._be_complete(by)

    @ESCALATION.step
    def report_directly(self, *, by):
        """The shorter way of the status report of 2022; the office then does the privacy release."""
        self._be_complete(by)

    @ESCALATION.step
    def withdraw(self, *, by):
        """Never leaves the reporter's desk. What once was reported is answered, not withdrawn."""
        if self.reported_at:
            raise StepRefused(
                "Dieser Knackpunkt war schon gemeldet. Bitte ergänzen und neu melden; die Koordinierung beendet ihn."
            )

    @ESCALATION.step
    def forward(self, *, by, released, note=""):
        self._release(by)

    @ESCALATION.step
    def merge(self, *, by, lead):
        """Into another open issue; whatever was merged into this one moves along."""
        lead = Issue.objects.select_for_update().get(pk=lead.pk)
        if lead.pk == self.pk:
            raise StepRefused("Ein Knackpunkt kann nicht in sich selbst gebündelt werden.")
        if not lead.is_open or lead.state == State.DRAFT:
            raise StepRefused(f"{lead} ist nicht mehr offen. Bitte wählen Sie einen offenen Knackpunkt.")
        Reporter.of(self).update(helps=None)  # what they said of an earlier answer is not about this one
        self.bundled.update(lead=lead)
        self.lead = lead

    @ESCALATION.step
    def hand_back(self, *, by, reason, meeting=None):
        """One level down, with the reason. A draft is nobody else's to read, so its release ends."""
        if self.state == State.COORDINATION:
            if self.bundled.exists():
                raise StepRefused(
                    f"In {self} sind andere gebündelt; ein Entwurf hielte sie auf. Bitte lösen Sie erst die Bündelung."
                )
            self.released_at = self.released_by = None
        if self.state == State.PROJECT:
            self._put_on_agenda(meeting, AgendaItem.Kind.TABLED)

    @ESCALATION.step
    def table(self, *, by, meeting, note="", released=False):
        self._release_if_due(by, released)
        self._put_on_agenda(meeting, AgendaItem.Kind.TABLED)

    @ESCALATION.step
    def fast_track(self, *, by, reach, body, reason, released=False):
        """Straight to a project group; the next meeting is informed."""
        self._release_if_due(by, released)
        self._give_to(body, reach, reason)
        now = workdays.now()
        self.fast_tracked_at = now
        self.on_agenda_at = self.on_agenda_at or now
        steering = Body.steering_group()
        self.agenda_items.get_or_create(
            kind=AgendaItem.Kind.INFORMATION,
            meeting=steering.next_meeting() if steering else None,
        )

    @ESCALATION.step
    def assign(self, *, by, reach, reason, body):
        """The verdict of the steering group: how far it reaches, and who works on it."""
        self._give_to(body, reach, reason)
        self.fast_tracked_at = None

    @ESCALATION.step
    def refer_up(self, *, by, addressee, reason):
        self.addressee, self.reach, self.reach_reason = addressee, Reach.SUPRA, reason
        self.body = None

    @ESCALATION.step
    def defer(self, *, by, reason):
        """Not now; the office brings it again."""
        self.meeting = None

    @ESCALATION.step
    def propose(self, *, by, proposal, meeting):
        self.proposal = proposal
        self._put_on_agenda(meeting, AgendaItem.Kind.PROPOSAL)

    @ESCALATION.step
    def solve(self, *, by, outcome, result):
        if outcome not in (Outcome.SOLVED, Outcome.SINGLE_CASE):
            raise StepRefused("Bitte wählen Sie „gelöst“ oder „im Einzelfall gelöst“.")
        self.outcome, self.result = outcome, result

    @ESCALATION.step
    def decline(self, *, by, reason):
        """The reason becomes the result: those who reported it hear why."""
        self.outcome, self.result = Outcome.DECLINED, reason

    @ESCALATION.step
    def feed_back(self, *, by, feedback):
        """A new answer: what was said of an earlier one does not count for it. The trail keeps that."""
        self.feedback = feedback
        Reporter.of(self).update(helps=None)

    @ESCALATION.step
    def confirm(self, *, by, informed, experience=""):
        self.informed, self.experience = informed, experience
        self.closed_at, self.closed_by = workdays.now(), by
        self.effect_due_on = months_after(workdays.today(), County.current().effect_months)
        Reporter.of(self).filter(user=by).update(helps=True)

    @ESCALATION.step
    def reopen(self, *, by, reason):
        """It does not help after all: the answer is taken back, the way begins again at the coordination."""
        Reporter.of(self).filter(user=by).update(helps=False)
        self.outcome = self.result = self.feedback = self.experience = self.informed = ""
        self.answered_at = self.fed_back_at = self.closed_at = self.closed_by = None
        self.effect = ""
        self.effect_due_on = self.effect_asked_on = self.effect_checked_on = None

    @ESCALATION.step
    def unmerge(self, *, by, reason):
        if self.lead and not self.lead.is_open:
            raise StepRefused(f"{self.lead} ist nicht mehr offen; die Bündelung kann nicht mehr gelöst werden.")
        self.lead = None

    def _be_complete(self, by):
        missing = [
            label
            for label, given in [
                ("Titel", self.title),
                ("Sachverhalt", self.situation),
                ("Thema", self.topic_id),
                ("Kommune", self.municipality_id),
                ("Rechtskreise", self.legal_areas.exists()),
            ]
            if not given
        ]
        if missing:
            raise StepRefused(f"Vor dem Melden fehlt noch: {', '.join(missing)}.")
        if not self.number:
            self.number = NumberRange.take(workdays.today().year)

    def _release(self, by):
        """The one way to a release; the table asks the same of the hat it is given under."""
        if by.pk in self.all_reporter_ids:
            raise PermissionDenied(access.releases_own.refusal)
        self.released_at, self.released_by = workdays.now(), by

    def _release_if_due(self, by, released):
        """A direct report reaches the office unreleased; it lets nobody else see it before it has vouched for it."""
        if self.released_at is None:
            if not released:
                raise StepRefused("Bitte bestätigen Sie zuerst, dass der Knackpunkt frei von Personendaten ist.")
            self._release(by)

    def _put_on_agenda(self, meeting, kind):
        if meeting is None or meeting.body.kind != Body.Kind.STEERING:
            raise StepRefused("Bitte wählen Sie eine Sitzung der Lenkungsgruppe.")
        if meeting.cancelled_at or meeting.day < workdays.today():
            raise StepRefused("Diese Sitzung liegt zurück oder ist abgesagt. Bitte wählen Sie eine kommende Sitzung.")
        self.meeting = meeting
        self.agenda_items.get_or_create(meeting=meeting, kind=kind)

    def _give_to(self, body, reach, reason):
        if reach not in Reach:
            raise StepRefused("Bitte wählen Sie eine Reichweite.")
        if reach == Reach.SUPRA:
            raise StepRefused("Überregionale Knackpunkte gehen an das Land, nicht an eine Projektgruppe.")
        if reach == Reach.LOCAL and body.kind != Body.Kind.LOCAL:
            raise StepRefused("Ein örtlicher Knackpunkt braucht eine örtliche Projektgruppe.")
        if reach != Reach.LOCAL and body.kind != Body.Kind.THEMATIC:
            raise StepRefused("Ein Knackpunkt über einen Ort hinaus braucht eine thematische Projektgruppe.")
        if body.kind == Body.Kind.LOCAL and not body.municipalities.filter(pk=self.municipality_id).exists():
            raise StepRefused(f"{body} ist nicht für {self.municipality} eingerichtet.")
        locked = Body.objects.select_for_update().get(pk=body.pk)  # its lead does not leave meanwhile
        today = workdays.today()
        if not (
            locked.holds_on(today) and locked.holds_on(today + dt.timedelta(days=1))
        ):  # nothing new on its last day
            raise StepRefused(f"{body} besteht nicht mehr. Bitte wählen Sie eine andere Gruppe.")
        if not body.leads().exists():
            raise StepRefused(
                f"{body} hat zurzeit keine Leitung. Bitte tragen Sie unter „Gremien“ zuerst eine ein "
                "oder wählen Sie eine andere Gruppe."
            )
        self.body, self.reach, self.reach_reason = body, reach, reason

    # Other acts

    @classmethod
    @transaction.atomic
    def start(cls, *, by, title, **fields) -> "Issue":
        """A new draft of `by`. Many-to-many fields are given as lists."""
        many = {name: fields.pop(name) for name in MANY if name in fields}
        issue = cls.objects.create(title=title, **fields)
        for name, rows in many.items():
            getattr(issue, name).set(rows)
        issue.reporters.create(user=by, first=True)
        trail.record("issue.start", issue, by=by)
        return issue

    @transaction.atomic
    def edit(self, *, by, **fields) -> None:
        """Change a draft. What is typed here passes the gate when it is reported."""
        self._lock(access.may_edit, by)
        for name, value in fields.items():
            if name in MANY:
                getattr(self, name).set(value)
            else:
                setattr(self, name, value)
        self.save()
        trail.record("issue.edit", self, by=by)

    @transaction.atomic
    def join(self, *, by) -> "Reporter":
        """Known already: become one of its reporters and hear what they hear."""
        self._lock(access.may_join, by)
        reporter = self.reporters.create(user=by, first=False)
        self.__dict__.pop("all_reporter_ids", None)
        trail.record("issue.join", self, by=by)
        happened.send(Issue, obj=self, act="join", record=reporter, given={})
        return reporter

    @transaction.atomic
    def comment(self, *, by, text, public: bool, confirmed=frozenset()) -> Comment:
        self._lock(access.may_speak_publicly if public else access.may_comment, by)
        self.pass_gate({"comment": text}, by=by, confirmed=confirmed)
        made = self.comments.create(
            by=by,
            text=text,
            public=public,
            office=self._office_of(by),
            at=workdays.now(),
        )
        trail.record("issue.comment", self, by=by, note="öffentlich" if public else "intern")
        happened.send(Issue, obj=self, act="speak" if public else "note", record=made, given={})
        return made

    @transaction.atomic
    def report_progress(self, *, by, text, confirmed=frozenset()) -> InterimReport:
        """An interim report; the clock starts anew for the next one."""
        self._lock(access.may_report_progress, by)
        self.pass_gate({"interim_report": text}, by=by, confirmed=confirmed)
        body = cast(Body, self.body)  # the rule asks for a group's lead
        made = self.interim_reports.create(by=by, body=body, text=text, at=workdays.now())
        deadline = deadline_for(self)
        if deadline:
            self._be_due(deadline)
        trail.record("issue.interim_report", self, by=by)
        happened.send(Issue, obj=self, act="interim_report", record=made, given={})
        return made

    @transaction.atomic
    def add_measure(self, *, by, text, due_on, owner="", organisation=None, confirmed=frozenset()) -> Measure:
        """By `organisation`, by the place that `owner` names, or by the one within the other."""
        self._lock(access.may_report_progress, by)
        who = ", ".join(one for one in (str(organisation or "")[: Measure.OWNER], owner) if one)
        if not who:
            raise StepRefused("Bitte nennen Sie, wer es tut: eine Institution oder eine Stelle.")
        if len(who) > Measure.OWNER:
            raise StepRefused(f"Institution und Stelle zusammen sind zu lang. Bitte höchstens {Measure.OWNER} Zeichen.")
        self.pass_gate({"measure": text, "owner": owner}, by=by, confirmed=confirmed)
        made = self.measures.create(by=by, text=text, owner=who, organisation=organisation, due_on=due_on)
        trail.record("issue.measure", self, by=by)
        return made

    @transaction.atomic
    def finish_measure(self, measure, *, by) -> None:
        self._lock(access.may_report_progress, by)
        measure.done_on, measure.done_by = workdays.today(), by
        measure.save()
        trail.record("issue.measure_done", self, by=by)

    @transaction.atomic
    def pause(self, *, by, until: dt.date, reason: str, confirmed=frozenset()) -> Pause:
        """Stop the clock from today until the end of `until`; the due date moves at once."""
        self._lock(access.holds_it, by)
        today = workdays.today()
        if self.due_on is None:
            raise StepRefused("In diesem Stand läuft keine Uhr.")
        if self.is_paused:
            raise StepRefused("Die Uhr ist bereits angehalten.")
        if self.due_on < today:
            raise StepRefused("Die Frist ist bereits abgelaufen. Eine Pause holt sie nicht zurück.")
        if not today <= until <= today + dt.timedelta(days=366):
            raise StepRefused("Bitte nennen Sie einen Tag zwischen heute und einem Jahr.")
        self.pass_gate({"reason": reason}, by=by, confirmed=confirmed)
        made = self.pauses.create(stay=self.step_no, first_day=today, last_day=until, reason=reason, by=by)
        self.paused_until = until
        self._move_deadline()
        trail.record("issue.pause", self, by=by)
        happened.send(Issue, obj=self, act="pause", record=made, given={})
        return made

    @transaction.atomic
    def resume(self, *, by) -> None:
        """The clock runs again from today; today is no longer part of the pause."""
        self._lock(access.holds_it, by)
        pause = self.pauses_of_stay().order_by("-pk").first()
        if not self.is_paused or pause is None:
            raise StepRefused("Die Uhr ist nicht angehalten.")
        pause.last_day = min(pause.last_day, workdays.today() - dt.timedelta(days=1))
        pause.ended_by = by
        pause.save()
        self.paused_until = None
        self._move_deadline()
        left = trail.record("issue.resume", self, by=by)
        happened.send(Issue, obj=self, act="resume", record=left, given={})

    @transaction.atomic
    def ask_effect(self) -> None:
        """Some months after it was closed: those who reported it are asked whether the solution still works. Once."""
        self.refresh_from_db(from_queryset=Issue.objects.select_for_update(of=("self",)))
        if not self.effect_is_due or self.effect_asked_on:
            return
        self.effect_asked_on = workdays.today()
        self.save(update_fields=["effect_asked_on"])
        left = trail.record("issue.ask_effect", self, by=None)
        happened.send(Issue, obj=self, act="ask_effect", record=left, given={})

    @transaction.atomic
    def confirm_effect(self, *, by, text="", confirmed=frozenset()) -> None:
        """It still works. Where it does not any more, the issue is reopened."""
        self._lock(access.may_check_effect, by)
        self.pass_gate({"effect": text}, by=by, confirmed=confirmed)
        self.effect, self.effect_checked_on = text, workdays.today()
        self.save(update_fields=["effect", "effect_checked_on"])
        left = trail.record("issue.effect", self, by=by)
        happened.send(Issue, obj=self, act="effect", record=left, given={})

    def follow(self, meeting) -> None:
        """The meeting it is tabled for moved, or another one takes its place: the clock counts from that one."""
        self.meeting = meeting
        self._move_deadline()

    def _move_deadline(self):
        last_report = self.interim_reports.order_by("-at").first() if self.state == State.PROJECT else None
        self._be_due(deadline_for(self, entered=self.clock_start(last_report)))

    def _be_due(self, deadline):
        """From now on; the stay keeps it, so that one can tell afterwards whether it was late (steering.figures)."""
        self.due_on, self.due_words = (deadline.due, deadline.words) if deadline else (None, "")
        self.save()
        self.steps_taken.filter(no=self.step_no).update(**self.stay())

    def _lock(self, check, by):
        """Lock the row, read it anew, and ask the rule under every hat; raises PermissionDenied with its sentence."""
        self.refresh_from_db(from_queryset=Issue.objects.select_for_update(of=("self",)))
        demand(check, by, self)

    def _office_of(self, by) -> str:
        """In whose name `by` speaks: the holder's where they belong to it, else the first office they work for."""
        offices = access.offices_for(by, self)
        holder = self.holder
        if holder in offices:
            return holder
        return next((office for office in Office if office in offices), Office.REPORTERS)


@together
def _reporters_of():
    return {"reporters": Reporter.of(Slot("issue")).only("user", "issue")}


@together
def _seen(shape):
    return {"issue": Issue.objects.filter(access.Sight.in_slots(*shape).issues(), pk=Slot("issue")).only("pk")}


MANY = ("legal_areas", "further_municipalities", "organisations")
CHOSEN = ("reach", "outcome")
TEXTS = ("title", "situation", "impact", "tried", "idea", "workaround")
#: What steps and acts ask for beyond the fields of an issue, as the page calls it.
ASKED = {
    "reason": "Begründung",
    "note": "Notiz",
    "lead": "Knackpunkt, in dem gebündelt wird",
    "released": "Bestätigung, dass der Text frei von Personendaten ist",
    "comment": "Beitrag",
    "interim_report": "Zwischenbericht",
    "measure": "Maßnahme",
    "owner": "Wer",
}


@together
def _leads(count):
    wanted: Any = [Slot(f"lead_{place}") for place in range(count)]
    return {"leads": Issue.objects.order_by().filter(pk__in=wanted).defer(*LONG)}
