"""What a body decides: who was there, how it voted, what it resolved, and what became of that."""

from django.db import models
from django.db.models import Q

from kim import workdays
from kim.addresses import address
from kim.models import Municipality, Organisation, User
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
