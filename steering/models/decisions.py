"""What a body decides: who was there, how it voted, what it resolved, and what became of that."""

import datetime as dt

from django.db import models, transaction
from django.db.models import F, Q

from kim import privacy_gate, trail, workdays
from kim.addresses import address
from kim.models import Municipality, Organisation, User
from kim.rules import demand
from kim.trigrams import fold
from kim.workflow import StepRefused
from steering import access
from steering.models.bodies import Body, Membership
from steering.models.choices import only
from steering.models.meetings import AgendaItem, Meeting
from steering.models.numbers import ResolutionNumbers


class Attendance(models.Model):
    """Whether the holder of a seat was there, or a guest whose place is named and who has no vote."""

    class Presence(models.TextChoices):
        PRESENT = "present", "anwesend"
        EXCUSED = "excused", "entschuldigt"
        ABSENT = "absent", "abwesend"

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendances")
    seat = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="attendances")
    guest = models.CharField("Gast", max_length=120, blank=True, help_text="Stelle oder Institution, kein Name")
    presence = models.CharField("Anwesenheit", max_length=7, choices=Presence)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = "Anwesenheit"
        constraints = [
            models.UniqueConstraint(fields=["meeting", "seat"], name="steering_attends_once"),
            models.CheckConstraint(
                name="steering_attends_in_a_seat_or_as_guest",
                condition=(Q(seat__isnull=False) & Q(guest="")) | (Q(seat__isnull=True) & ~Q(guest="")),
            ),
            only("attendance", "presence", ["present", "excused", "absent"]),
        ]

    def __str__(self):
        return f"{self.seat or self.guest}: {self.get_presence_display()}"


class Vote(models.Model):
    """One voice on one item. `seat` is whose voice it is, `cast_by_seat` the deputy who gave it.

    `organisation` is set where the rules give one voice to each institution: the database then knows it gives one only.
    """

    class Value(models.TextChoices):
        YES = "yes", "Ja"
        NO = "no", "Nein"
        ABSTAIN = "abstain", "Enthaltung"

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="votes")
    seat = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="votes_given")
    cast_by_seat = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    value = models.CharField("Stimme", max_length=7, choices=Value)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", help_text="wer sie eingetragen hat")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = "Stimme"
        constraints = [
            models.UniqueConstraint(fields=["item", "seat"], name="steering_one_vote_per_seat"),
            models.UniqueConstraint(fields=["item", "organisation"], name="steering_one_vote_per_institution"),
            only("vote", "value", ["yes", "no", "abstain"]),
        ]

    def __str__(self):
        return f"{self.seat}: {self.get_value_display()}"


class ResolutionQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_resolutions(user))

    def open(self):
        """Something is still to be done, by a day."""
        return self.filter(due_on__isnull=False, done_on__isnull=True, dropped_on__isnull=True)

    def overdue(self, day=None):
        """Open with a day before `day` (which may be a slot; default: today)."""
        return self.open().filter(due_on__lt=day or workdays.today())

    def municipal(self):
        return self.filter(municipality__isnull=False)


class Resolution(models.Model):
    """What was resolved, by a body of KIM on an item of its agenda, or by the council of a municipality.

    Open until it is done (with what shows it) or dropped (with the reason). Without `due_on` there is nothing left to
    do: it is done with the decision itself.
    """

    class Verdict(models.TextChoices):
        ASSIGN = "assign", "zugewiesen"
        REFER_UP = "refer_up", "an Land oder Bund gemeldet"
        DEFER = "defer", "zurückgestellt"
        SOLVE = "solve", "gelöst"
        DECLINE = "decline", "nicht weiterverfolgt"
        ADOPT = "adopt", "verabschiedet"
        RESOLVE = "resolve", "beschlossen"
        REJECT = "reject", "abgelehnt"
        NOTE = "note", "zur Kenntnis genommen"

    number = models.CharField("Beschlussnummer", max_length=16, unique=True)
    body = models.ForeignKey(
        Body, on_delete=models.PROTECT, null=True, blank=True, related_name="resolutions", verbose_name="Gremium"
    )
    agenda_item = models.OneToOneField(
        AgendaItem, on_delete=models.PROTECT, null=True, blank=True, related_name="resolution"
    )
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="resolutions",
        verbose_name="Kommune",
    )
    organ = models.CharField("Organ der Kommune", max_length=120, blank=True, help_text="etwa „Rat der Stadt …“")
    issue = models.ForeignKey(
        "steering.Issue", on_delete=models.PROTECT, null=True, blank=True, related_name="resolutions"
    )
    step = models.OneToOneField(
        "steering.IssueStep", on_delete=models.PROTECT, null=True, blank=True, related_name="resolution"
    )
    verdict = models.CharField("Ergebnis", max_length=8, choices=Verdict)
    text = models.TextField("Beschluss", max_length=4000)
    decided_on = models.DateField("beschlossen am")
    consensus = models.BooleanField("im Konsens", default=False)
    yes = models.PositiveSmallIntegerField("Ja", default=0)
    no = models.PositiveSmallIntegerField("Nein", default=0)
    abstained = models.PositiveSmallIntegerField("Enthaltungen", default=0)
    owner = models.CharField("verantwortlich", max_length=120, blank=True, help_text="Stelle, kein Name")
    owner_body = models.ForeignKey(
        Body, on_delete=models.PROTECT, null=True, blank=True, related_name="owned_resolutions"
    )
    owner_organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="owned_resolutions"
    )
    due_on = models.DateField("umzusetzen bis", null=True, blank=True)
    done_on = models.DateField("umgesetzt am", null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    evidence = models.TextField("Nachweis", max_length=2000, blank=True)
    dropped_on = models.DateField("entfallen am", null=True, blank=True)
    dropped_because = models.TextField("Grund", max_length=2000, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(default=workdays.now)
    source = models.CharField("Beleg", max_length=200, blank=True)
    folded = models.TextField(editable=False, blank=True)

    objects = ResolutionQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_on", "-pk"]
        verbose_name = "Beschluss"
        constraints = [
            models.CheckConstraint(
                name="steering_resolution_of_body_or_municipality",
                condition=Q(body__isnull=False, municipality__isnull=True, organ="")
                | (Q(body__isnull=True, municipality__isnull=False, agenda_item__isnull=True) & ~Q(organ="")),
            ),
            models.CheckConstraint(
                name="steering_resolution_with_date_has_owner",
                condition=Q(due_on__isnull=True) | ~Q(owner=""),
                violation_error_message="Bitte nennen Sie, wer es bis dahin umsetzt.",
            ),
            models.CheckConstraint(
                name="steering_resolution_ends_one_way",
                condition=Q(done_on__isnull=True) | Q(dropped_on__isnull=True),
            ),
            models.CheckConstraint(
                name="steering_resolution_dropped_with_reason",
                condition=Q(dropped_on__isnull=True) | ~Q(dropped_because=""),
            ),
            only(
                "resolution",
                "verdict",
                ["assign", "refer_up", "defer", "solve", "decline", "adopt", "resolve", "reject", "note"],
            ),
        ]
        indexes = [
            models.Index(fields=["decided_on", "id"]),
            models.Index(fields=["body", "decided_on", "id"]),
            models.Index(
                fields=["due_on", "id"],
                name="steering_resolution_open",
                condition=Q(due_on__isnull=False, done_on__isnull=True, dropped_on__isnull=True),
            ),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return address("steering:resolution_detail", self.pk)

    def save(self, *args, **kwargs):
        if "update_fields" not in kwargs:
            self.folded = fold(f"{self.number} {self.organ} {self.owner} {self.text}")
        super().save(*args, **kwargs)

    @classmethod
    def next_number(cls) -> str:
        """„B-2026-0001“. Inside a transaction only."""
        return ResolutionNumbers.take(workdays.today().year)

    @property
    def is_open(self) -> bool:
        return self.due_on is not None and self.done_on is None and self.dropped_on is None

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due_on < workdays.today()  # type: ignore[operator]  # open ones have a day

    @property
    def standing(self) -> str:
        """In the words of the register."""
        if self.dropped_on:
            return f"entfallen am {self.dropped_on:%d.%m.%Y}"
        if self.done_on:
            return f"umgesetzt am {self.done_on:%d.%m.%Y}"
        if self.due_on is None:
            return "mit dem Beschluss erledigt"
        return "überfällig" if self.is_overdue else "offen"

    # What becomes of it

    @classmethod
    @transaction.atomic
    def enter(
        cls,
        *,
        by,
        municipality,
        organ,
        decided_on,
        text,
        verdict=Verdict.RESOLVE,
        owner="",
        due_on=None,
        issue=None,
        source="",
        confirmed=frozenset(),
    ) -> "Resolution":
        """What the council of a municipality resolved, entered by the office."""
        demand(access.records_municipal_resolutions, by)
        if decided_on > workdays.today():
            raise StepRefused("Der Tag des Beschlusses liegt in der Zukunft. Bitte tragen Sie ihn danach ein.")
        if due_on and not owner:
            raise StepRefused("Bitte nennen Sie, wer es bis dahin umsetzt.")
        if due_on and due_on < decided_on:
            raise StepRefused("Umzusetzen sein kann ein Beschluss nicht vor dem Tag, an dem er gefasst wurde.")
        # The place is part of what a reader learns: a rare nationality in a small municipality may name somebody.
        texts = {"Organ": organ, "Beschluss": text, "Verantwortlich": owner, "Beleg": source}
        texts["Kommune"] = municipality.name
        vouched = pass_gate(texts, by=by, confirmed=confirmed, issue=issue)
        made = cls.objects.create(
            number=cls.next_number(),
            municipality=municipality,
            organ=organ,
            decided_on=decided_on,
            text=text,
            verdict=verdict,
            owner=owner,
            due_on=due_on,
            issue=issue,
            source=source,
            recorded_by=by,
        )
        trail.record("resolution.enter", made, by=by, note=vouched)
        return made

    @transaction.atomic
    def finish(self, *, by, evidence, on: dt.date | None = None, confirmed=frozenset()) -> None:
        """Done on a day (default: today), with what shows it."""
        self._follow(by)
        on = on or workdays.today()
        if not evidence:
            raise StepRefused("Bitte sagen Sie, woran man sieht, dass der Beschluss umgesetzt ist.")
        if on > workdays.today():
            raise StepRefused("Umgesetzt ist ein Beschluss frühestens heute, nicht an einem Tag in der Zukunft.")
        if on < self.decided_on:
            raise StepRefused(f"Dieser Beschluss wurde erst am {self.decided_on:%d.%m.%Y} gefasst.")
        vouched = pass_gate({"Nachweis": evidence}, by=by, confirmed=confirmed, issue=self.issue)
        self.done_on, self.done_by, self.evidence = on, by, evidence
        self.save()
        trail.record("resolution.finish", self, by=by, note=vouched)

    @transaction.atomic
    def drop(self, *, by, reason, confirmed=frozenset()) -> None:
        """It will not be carried out any more, for a reason."""
        self._follow(by)
        if not reason:
            raise StepRefused("Bitte sagen Sie, warum der Beschluss nicht mehr umgesetzt wird.")
        vouched = pass_gate({"Grund": reason}, by=by, confirmed=confirmed, issue=self.issue)
        self.dropped_on, self.dropped_because = workdays.today(), reason
        self.save()
        trail.record("resolution.drop", self, by=by, note=vouched)

    @transaction.atomic
    def put_off(self, *, by, due_on: dt.date, reason, confirmed=frozenset()) -> "Postponement":
        """More time, for a reason; the day it had stays readable."""
        before = self._follow(by)
        if not reason:
            raise StepRefused("Bitte sagen Sie, warum der Beschluss mehr Zeit braucht.")
        if due_on <= workdays.today():
            raise StepRefused("Der neue Termin muss nach dem heutigen Tag liegen.")
        if due_on <= before:
            raise StepRefused(f"Der neue Termin muss nach dem bisherigen liegen, dem {before:%d.%m.%Y}.")
        vouched = pass_gate({"Grund": reason}, by=by, confirmed=confirmed, issue=self.issue)
        made = self.postponements.create(before=before, due_on=due_on, reason=reason, by=by)
        self.due_on = due_on
        self.save()
        note = f"von {before:%d.%m.%Y} auf {due_on:%d.%m.%Y}"
        trail.record("resolution.put_off", self, by=by, note=f"{note}, {vouched}" if vouched else note)
        return made

    def _follow(self, by) -> dt.date:
        """Lock and read anew; refuse to whoever may not, and what is not open any more. The day it is due."""
        self.refresh_from_db(from_queryset=Resolution.objects.select_for_update(of=("self",)))
        demand(access.follows_resolution, by, self)
        if self.due_on is None and not self.dropped_on and not self.done_on:
            raise StepRefused("Dieser Beschluss hat keinen Termin: Er war mit dem Beschluss selbst erledigt.")
        if self.due_on is None or not self.is_open:
            raise StepRefused(f"Dieser Beschluss ist schon {self.standing}.")
        return self.due_on


class Postponement(models.Model):
    """A resolution was given more time: the day it had, the day it has since, and why."""

    resolution = models.ForeignKey(Resolution, on_delete=models.CASCADE, related_name="postponements")
    before = models.DateField("bisher bis")
    due_on = models.DateField("jetzt bis")
    reason = models.TextField("Grund", max_length=2000)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = "Terminverschiebung"
        constraints = [
            models.CheckConstraint(name="steering_postponed_to_a_later_day", condition=Q(due_on__gt=F("before"))),
            models.CheckConstraint(name="steering_postponed_for_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self):
        return f"{self.resolution}: {self.before:%d.%m.%Y} auf {self.due_on:%d.%m.%Y}"


def pass_gate(texts, *, by, confirmed=frozenset(), issue=None) -> str:
    """Send texts that belong to no issue's own record through the privacy gate; in words what was vouched for.

    Raises privacy_gate.Held or privacy_gate.GateDown. With `issue`, the people of its cases are looked for, too.
    """
    given = {name: text for name, text in texts.items() if text}
    found = privacy_gate.require(given, author=by, confirmed=set(confirmed), context=issue)
    number = len({finding.key for finding in found})
    if not number:
        return ""
    return "1 Hinweis der Datenschutzprüfung bestätigt" if number == 1 else f"{number} Hinweise bestätigt"
