"""The rules of procedure of a body („Geschäftsordnung“): versions, and what the software applies of them."""

import datetime as dt
from collections.abc import Callable

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from kim import trail, workdays
from kim.addresses import address
from kim.dated import inclusive
from kim.models import User
from kim.rules import demand
from kim.workflow import StepRefused
from steering import access
from steering.models.bodies import Body
from steering.models.choices import only
from steering.models.gate import noted, pass_gate
from steering.models.meetings import Meeting


class RulesQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of the bodies whose meetings one may see."""
        return self.filter(access.visible_meetings(user))

    def held_on(self, day, body):
        """Those of `body` and of the steering group that hold on `day`; both may be slots."""
        held = self.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=day), valid_from__lte=day)
        return held.filter(Q(body=body) | Q(body__kind=Body.Kind.STEERING))


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

    objects = RulesQuerySet.as_manager()

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

    def get_absolute_url(self):
        return address("steering:rules_detail", self.pk)

    @classmethod
    def in_force(cls, body: Body, day: dt.date | None = None) -> "RulesOfProcedure":
        """What `body` goes by on `day`: its own rules, else the steering group's, else the defaults (unsaved)."""
        return cls.among(cls.objects.held_on(day or workdays.today(), body), body)

    @classmethod
    def among(cls, held, body: Body) -> "RulesOfProcedure":
        """The same from what was read with `held_on`."""
        found = sorted(held, key=lambda rules: rules.body_id != body.pk)
        return found[0] if found else cls(body=body, version=0)

    @classmethod
    def of_bodies(cls):
        """What every body ever adopted, without the wording: a set for kim.together, asked by `held_by`."""
        adopted = cls.objects.filter(valid_from__isnull=False).order_by("pk")
        told = {"body_kind": F("body__kind")}
        return adopted.only("body", "valid_from", "valid_until", *APPLIED).annotate(**told)

    @classmethod
    def held_by(cls, adopted, body_id: int, day: dt.date) -> "RulesOfProcedure":
        """What a body goes by on `day`, from what was read with `of_bodies`."""
        held = [
            rules
            for rules in adopted
            if rules.valid_from <= day
            and (rules.valid_until is None or day < rules.valid_until)
            and (rules.body_id == body_id or rules.body_kind == Body.Kind.STEERING)
        ]
        return min(held, key=lambda rules: rules.body_id != body_id, default=cls())

    @property
    def is_adopted(self) -> bool:
        return self.valid_from is not None

    @property
    def last_day(self) -> dt.date | None:
        return self.valid_until - dt.timedelta(days=1) if self.valid_until else None

    @property
    def span(self) -> str:
        return inclusive(self.valid_from, self.valid_until) if self.valid_from else ""

    @property
    def standing(self) -> str:
        """In the words of its pages: Entwurf, vorgelegt, verabschiedet, or that these are the defaults."""
        if not self.pk:
            return "Voreinstellung, solange keine Geschäftsordnung verabschiedet ist"
        if self.valid_from:
            return f"verabschiedet, gilt ab {self.valid_from:%d.%m.%Y}"
        return f"vorgelegt am {self.submitted_on:%d.%m.%Y}" if self.submitted_on else "Entwurf"

    @property
    def stage(self) -> str:
        """The same for those who want to know what comes next."""
        if not self.pk or self.valid_from:
            return self.standing
        if self.submitted_on is None:
            return "Entwurf, noch nicht vorgelegt"
        meeting = self.meeting
        if meeting is None or meeting.cancelled_at or meeting.is_over:
            return "Entwurf vorgelegt, Verabschiedung in der nächsten Sitzung"
        return f"Entwurf vorgelegt, Verabschiedung in der Sitzung am {meeting.day:%d.%m.%Y}"

    @property
    def changed_since(self) -> bool:
        """Somebody wrote on the draft after the day it was submitted."""
        return (
            self.by_id is not None
            and self.submitted_on is not None
            and timezone.localtime(self.at).date() > self.submitted_on
        )

    def admits(self, yes: int, no: int, abstained: int) -> bool:
        """Whether the body lets its agenda be changed after the invitation. Measured by the votes cast.

        Who abstains casts none; where the rules ask for one voice, an abstention does not break it.
        """
        cast = yes + no
        match self.admission:
            case self.Admission.UNANIMOUS:
                return yes > 0 and no == 0
            case self.Admission.TWO_THIRDS:
                return yes > 0 and 3 * yes >= 2 * cast
        return yes > no

    def sentences(self) -> list[str]:
        """What the software applies of it, as people read it."""
        return [said(self) for _, _, said in PARAMETERS]

    def changes_from(self, before: "RulesOfProcedure") -> list[tuple[str, str, str]]:
        """(what, before, now) of every parameter that differs."""
        return [
            (label, said(before), said(self))
            for label, names, said in PARAMETERS
            if any(getattr(before, name) != getattr(self, name) for name in names)
        ]

    def before(self) -> "RulesOfProcedure | None":
        """The version before this one."""
        return type(self).objects.filter(body=self.body, version__lt=self.version).order_by("-version").first()

    # Acts

    @classmethod
    def blank(cls, body: Body) -> "RulesOfProcedure":
        """What a new version begins with (unsaved): the text and the parameters of the one before, else what holds."""
        last = body.rules.order_by("-version").first()
        copied = last or cls.in_force(body)
        made = cls(body=body, version=last.version + 1 if last else 1, text=last.text if last else "")
        for name in APPLIED:
            setattr(made, name, getattr(copied, name))
        return made

    @classmethod
    @transaction.atomic
    def draft(cls, body: Body, *, by, text, confirmed=frozenset(), **parameters) -> "RulesOfProcedure":
        """A new version. There is one draft at a time: what is still to be adopted is changed, not doubled."""
        demand(access.keeps_rules, by)
        body.hold_still()
        if waiting := body.rules.filter(valid_from__isnull=True).first():
            raise StepRefused(
                f"Fassung {waiting.version} ist noch nicht verabschiedet. Bitte bearbeiten Sie sie, statt eine weitere "
                "anzulegen."
            )
        made = cls.blank(body)
        made._write("draft", by=by, text=text, confirmed=confirmed, **parameters)
        return made

    @transaction.atomic
    def edit(self, *, by, text, confirmed=frozenset(), **parameters) -> None:
        """Until it is adopted the wording and the parameters may change, also after it was submitted."""
        demand(access.keeps_rules, by)
        self._be_open()
        self._write("edit", by=by, text=text, confirmed=confirmed, **parameters)

    @transaction.atomic
    def submit(self, *, by, on: dt.date, to: str, meeting: Meeting | None = None, confirmed=frozenset()) -> None:
        """It was put before somebody on a day, and is to be adopted in `meeting`, whose agenda it comes to."""
        demand(access.keeps_rules, by)
        self._be_open()
        if on > workdays.today():
            raise StepRefused("Vorgelegt wird an einem Tag bis heute. Bitte tragen Sie es ein, wenn es geschehen ist.")
        if meeting and (meeting.body_id != self.body_id or meeting.is_over or meeting.cancelled_at):
            raise StepRefused("Bitte wählen Sie eine kommende Sitzung desselben Gremiums.")
        vouched = pass_gate({"Wem, in welcher Sitzung": to}, by=by, confirmed=confirmed)
        self._come_to(meeting, by)
        self.submitted_on, self.submitted_to, self.meeting = on, to, meeting
        self.save()
        trail.record("rulesofprocedure.submit", self, by=by, note=noted(f"Fassung {self.version}", vouched))

    def adopt(self, *, resolution, valid_from: dt.date) -> None:
        """Holds from `valid_from`, by `resolution`; the version before ends. Within the transaction that decides, which
        also says who may. Raises StepRefused.
        """
        self._be_open()
        if resolution.body_id != self.body_id:
            raise StepRefused("Eine Geschäftsordnung verabschiedet das Gremium selbst, für das sie gilt.")
        if valid_from < resolution.decided_on:
            raise StepRefused(f"Sie gilt frühestens ab dem Tag des Beschlusses, dem {resolution.decided_on:%d.%m.%Y}.")
        held = type(self).objects.select_for_update().filter(body=self.body, valid_from__isnull=False)
        last = held.filter(valid_until__isnull=True).first()
        if last and last.valid_from:
            if valid_from <= last.valid_from:
                raise StepRefused(
                    f"Fassung {last.version} gilt ab dem {last.valid_from:%d.%m.%Y}; die neue frühestens einen Tag "
                    "später."
                )
            last.valid_until = valid_from
            last.save(update_fields=["valid_until"])
        self.resolution, self.valid_from = resolution, valid_from
        self.save(update_fields=["resolution", "valid_from"])
        note = f"Fassung {self.version}, gilt ab {valid_from:%d.%m.%Y}"
        trail.record("rulesofprocedure.adopt", self, by=resolution.recorded_by, note=note)

    def _be_open(self) -> None:
        """Take the locks and read anew. Raises StepRefused once it is adopted, or when its body has ended."""
        self.refresh_from_db(from_queryset=type(self).objects.select_for_update())
        if self.is_adopted:
            raise StepRefused(self.why_fixed())
        self.body.hold_still()

    def why_fixed(self) -> str:
        return f"Fassung {self.version} ist verabschiedet und ändert sich nicht mehr. Legen Sie eine neue Fassung an."

    def _write(self, act: str, *, by, text, confirmed, **parameters) -> None:
        note = noted(f"Fassung {self.version}", pass_gate({"Wortlaut": text}, by=by, confirmed=confirmed))
        self.text, self.by, self.at = text, by, workdays.now()
        for name, value in parameters.items():
            setattr(self, name, value)
        self.save()
        trail.record(f"rulesofprocedure.{act}", self, by=by, note=note)

    def _come_to(self, meeting: Meeting | None, by) -> None:
        """On the agenda of that meeting, and off that of another one still to come."""
        others = self.agenda_items.filter(meeting__starts_at__gt=workdays.now(), withdrawn_at__isnull=True)
        others.exclude(meeting=meeting).update(withdrawn_at=workdays.now())
        if meeting:
            item, _ = meeting.agenda.get_or_create(kind="rules", rules=self, defaults={"added_by": by})
            if item.withdrawn_at:
                item.withdrawn_at = None
                item.save(update_fields=["withdrawn_at"])


def _days(number: int) -> str:
    return "1 Tag" if number == 1 else f"{number} Tage"


def _quorum(rules: RulesOfProcedure) -> str:
    beyond = "; beschlossen werden kann auch ohne" if rules.without_quorum else "; ohne sie kein Beschluss"
    return f"Beschlussfähig ab {rules.quorum_percent} % der Stimmen{beyond}"


def _written(rules: RulesOfProcedure) -> str:
    if not rules.written_allowed:
        return "Kein Umlaufverfahren"
    return f"Umlaufverfahren zulässig, Stimmabgabe wenigstens {_days(rules.written_days)} lang"


#: (what, the columns it stands in, the sentence for it), in the order of a page.
PARAMETERS: tuple[tuple[str, tuple[str, ...], Callable[[RulesOfProcedure], str]], ...] = (
    ("Sitzungen", ("meetings_per_year",),
     lambda rules: "Wenigstens eine Sitzung im Jahr" if rules.meetings_per_year == 1
     else f"Wenigstens {rules.meetings_per_year} Sitzungen im Jahr"),
    ("Einladung", ("invitation_days",), lambda rules: f"Einladung spätestens {_days(rules.invitation_days)} vorher"),
    ("Themen", ("topic_days",), lambda rules: f"Themen anmelden bis {_days(rules.topic_days)} vorher"),
    ("Unterlagen", ("paper_days",), lambda rules: f"Unterlagen spätestens {_days(rules.paper_days)} vorher"),
    ("Beschlussfähigkeit", ("quorum_percent", "without_quorum"), _quorum),
    ("Stimmrecht", ("voices",), lambda rules: f"Stimmrecht: {rules.get_voices_display()}"),
    ("Beschlussfassung", ("majority",), lambda rules: f"Beschlüsse: {rules.get_majority_display()}"),
    ("Tagesordnung", ("admission",),
     lambda rules: f"Tagesordnung nach der Einladung ändern: {rules.get_admission_display()}"),
    ("Umlaufverfahren", ("written_allowed", "written_days"), _written),
    ("Niederschrift", ("minutes_days",),
     lambda rules: f"Entwurf der Niederschrift spätestens {_days(rules.minutes_days)} nach der Sitzung"),
    ("Einwendungen", ("objection_days",),
     lambda rules: f"Einwendungen bis {_days(rules.objection_days)} nach der Zusendung"),
    ("Leserkreis", ("readers",), lambda rules: f"Niederschriften lesen: {rules.get_readers_display()}"),
)  # fmt: skip
#: The columns of the parameters.
APPLIED = tuple(name for _, names, _ in PARAMETERS for name in names)
