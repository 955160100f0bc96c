"""The clock of the chain: limits as dated data, pauses, and the reminders that were owed and given."""

import datetime as dt

from django.db import models, transaction
from django.db.models import F, Q

from kim import trail, workdays
from kim.dated import Dated
from kim.models import County, User
from kim.rules import demand
from kim.together import together
from kim.workflow import StepRefused
from steering import access
from steering.escalation import State
from steering.models.choices import only


class TimeLimit(Dated):
    """How long an issue may stay in a state. A change is a new row; what is already due does not move."""

    class Unit(models.TextChoices):
        WORKDAYS = "workdays", "Arbeitstage"
        DAYS = "days", "Kalendertage"

    state = models.CharField("Stand", max_length=20, choices=State)
    amount = models.PositiveSmallIntegerField("Dauer")
    unit = models.CharField("Einheit", max_length=8, choices=Unit)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField("Begründung", max_length=200, blank=True)

    class Meta(Dated.Meta):
        ordering = ["state", "valid_from"]
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["state", "valid_from"],
                name="steering_one_limit_per_state_and_day",
            ),
            models.CheckConstraint(
                name="steering_limit_within_reason",
                condition=Q(amount__gte=1, amount__lte=400),
                violation_error_message="Die Frist liegt zwischen 1 und 400 Tagen.",
            ),
            only("limit", "state", State),
            only("limit", "unit", ["workdays", "days"]),
        ]

    def __str__(self):
        return f"{self.get_state_display()}: {self.amount} {self.get_unit_display()} {self.span}"

    @property
    def limit(self) -> workdays.Limit:
        return workdays.Limit(self.amount, "workdays" if self.unit == self.Unit.WORKDAYS else "days")

    @classmethod
    def among(cls, limits, state, day) -> workdays.Limit | None:
        """The limit that holds for `state` on `day`, from rows read already."""
        rows = [row for row in limits if row.state == state and row.holds_on(day)]
        return max(rows, key=lambda row: row.valid_from).limit if rows else None

    @classmethod
    @transaction.atomic
    def change(cls, *, by, state, amount, unit, valid_from, reason) -> "TimeLimit":
        """Another limit from a day on, tomorrow at the earliest. Rows that have held for a day stay as they were.

        A stay keeps the limit of the day it began, which is read again when a pause or a meeting moves it: so the
        limit of a day that has begun never changes. A change still to come is replaced by another for the same day.
        """
        demand(access.keeps_limits, by)
        if valid_from <= workdays.today():
            raise StepRefused("Eine Frist ändert sich frühestens ab morgen; was heute schon begonnen hat, behält sie.")
        if not reason:
            raise StepRefused("Bitte begründen Sie die Änderung.")
        rows = list(cls.objects.select_for_update().filter(state=state).order_by("valid_from"))
        same = next((row for row in rows if row.valid_from == valid_from), None)
        before = next((row for row in reversed(rows) if row.valid_from < valid_from), None)
        if before and (before.valid_until is None or before.valid_until > valid_from):
            before.valid_until = valid_from
            before.save()
        later = next((row.valid_from for row in rows if row.valid_from > valid_from), None)
        row = same or cls(state=state, valid_from=valid_from)
        row.amount, row.unit, row.reason, row.set_by, row.valid_until = amount, unit, reason, by, later
        row.full_clean(validate_unique=False)
        row.save()
        trail.record(
            "limit.change", row, by=by, note=f"{row.get_state_display()}: {row.limit} ab {valid_from:%d.%m.%Y}"
        )
        return row


def deadline_for(
    issue, state=None, entered: dt.date | None = None, meeting=None, *, limits=None, rules=None, pauses=None
) -> workdays.Deadline | None:
    """When `issue` is due in `state` if it entered it on `entered`; None where no clock runs.

    On the desk of the steering group the clock starts with the meeting the issue is tabled for. Pauses of the
    present stay count only for the state the issue is in. Pages that have read every TimeLimit, the county's rules
    and the pauses of the stay already hand them in; nothing is asked of the database then.
    """
    staying = state is None or state == issue.state
    state = state or issue.state
    entered = entered or workdays.today()
    if limits is None or rules is None:
        read = _settled()()
        limits = read["limits"] if limits is None else limits
        rules = rules or next((county.workday_rules for county in read["county"]), workdays.Rules())
    limit = TimeLimit.among(limits, state, entered)
    if limit is None:
        return None
    if not staying or not issue.pk:
        pauses = []
    elif pauses is None:
        pauses = issue.pauses_of_stay()
    pauses = [(pause.first_day, pause.last_day) for pause in pauses]
    pauses = [(first, last) for first, last in pauses if last >= first]
    if state == State.STEERING and (meeting or issue.meeting):
        return workdays.after_meeting((meeting or issue.meeting).day, limit, pauses=pauses, rules=rules)
    return workdays.deadline(entered, limit, pauses=pauses, rules=rules)


@together
def _settled():
    """What the county has settled about time."""
    return {"limits": TimeLimit.objects.all(), "county": County.objects.all()[:1]}


class Pause(models.Model):
    """The clock stands still while others are waited for. Both days are part of the pause."""

    issue = models.ForeignKey("steering.Issue", on_delete=models.CASCADE, related_name="pauses")
    stay = models.PositiveIntegerField()
    first_day = models.DateField("vom")
    last_day = models.DateField("bis einschließlich")
    reason = models.CharField("Grund", max_length=200)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["first_day", "pk"]
        constraints = [
            # A pause ended on its first day leaves nothing out: it ends the day before it began.
            models.CheckConstraint(
                name="steering_pause_in_order",
                condition=Q(last_day__gte=F("first_day") - dt.timedelta(days=1)),
            ),
        ]
        indexes = [models.Index(fields=["issue", "stay"])]

    def __str__(self):
        return f"{self.first_day:%d.%m.%Y} bis {self.last_day:%d.%m.%Y}: {self.reason}"


class Reminder(models.Model):
    """One reminder owed for one stay of one issue; the unique row is what keeps it from being given twice."""

    class Kind(models.TextChoices):
        EARLY = "early", "in zwei Arbeitstagen fällig"
        DUE = "due", "heute fällig"
        OVERDUE = "overdue", "überfällig"
        ESCALATE = "escalate", "seit zehn Arbeitstagen überfällig"

    issue = models.ForeignKey("steering.Issue", on_delete=models.CASCADE, related_name="reminders")
    stay = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    day = models.DateField("Tag, an dem sie zu geben war")
    created_at = models.DateTimeField(default=workdays.now)
    given_on = models.DateField("Tag, an dem sie gegeben wurde")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issue", "stay", "kind", "day"], name="steering_reminded_once"),
            only("reminder", "kind", ["early", "due", "overdue", "escalate"]),
        ]
        indexes = [models.Index(fields=["given_on", "issue"])]

    def __str__(self):
        return f"{self.issue_id}/{self.stay} {self.kind} {self.day:%d.%m.%Y}"


class DutyReminder(models.Model):
    """The same for everything else that is due on a day (steering/duties.py); `duty` names what it is and its row."""

    duty = models.CharField(max_length=40, help_text="„resolution:17“")
    due_on = models.DateField()
    kind = models.CharField(max_length=8, choices=Reminder.Kind)
    day = models.DateField("Tag, an dem sie zu geben war")
    given_on = models.DateField("Tag, an dem sie gegeben wurde")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["duty", "due_on", "kind", "day"], name="steering_reminded_of_a_duty_once"),
            only("duty_reminder", "kind", ["early", "due", "overdue", "escalate"]),
        ]
        indexes = [models.Index(fields=["given_on", "duty"])]

    def __str__(self):
        return f"{self.duty} {self.kind} {self.day:%d.%m.%Y}"
