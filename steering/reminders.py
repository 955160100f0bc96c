"""The morning sweep: which reminders fall due, each written down once, and what of it whom the digest tells.

One unique row per (issue, stay in a state, kind, day) is what keeps a reminder from being given twice; the last day on
which a sweep ended well is what keeps one from being lost. Works on sets, in batches that each stand on their own.
"""

import datetime as dt
from collections.abc import Callable
from functools import partial

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from kim import jobs, workdays
from kim.digests import Line, Part, Section
from kim.models import County, JobRun, TrailEntry, User
from kim.workdays import ONE_DAY
from steering import duties
from steering.duties import when
from steering.escalation import State
from steering.models import Issue, Meeting, Minutes, Pause, Reminder, Reporter

JOB = "reminders"
BATCH = 2000

Key = tuple[int, int, str, dt.date]  # issue, stay, kind, day
Owed = dict[dt.date, list[tuple[workdays.ReminderKind, dt.date]]]


def swept(day: dt.date) -> bool:
    """Whether all reminders of `day` are written down."""
    return jobs.done(JOB, day)


def sweep() -> str | None:
    """Write down what fell due since the last sweep that ended well; in words, or None when nothing is to do now.

    Only on working mornings. The first sweep ever looks at its own day alone.
    """
    today = workdays.today()
    if not jobs.is_working_morning() or swept(today):
        return None
    with jobs.run(JOB) as report:
        after = jobs.last_done(JOB, before=today) or today - ONE_DAY
        build_agendas()
        written = remind(report.row, after, today) + duties.remind(after, today)
        report.result = f"{written:,} Erinnerungen".replace(",", ".") if written != 1 else "1 Erinnerung"
        if asked := ask_effects():
            report.result += f", {asked} Fragen nach der Wirksamkeit" if asked > 1 else ", 1 Frage nach der Wirksamkeit"
        if approved := Minutes.approve_silent():
            report.result += f", {approved} Niederschrift{'en' if approved > 1 else ''} genehmigt"
        if (days := (today - after).days) > 1:
            report.result += f" aus {days} Tagen"
    return report.result


def remind(row: JobRun, after: dt.date, today: dt.date) -> int:
    """Create the reminders of `after` < day <= `today`, batch by batch; how many were new.

    `row` is locked for each batch, so that two sweeps take turns. A sweep that was killed begins anew and finds what
    it wrote.
    """
    owed = owed_by_due_date(after, today)
    issues = running(today).filter(due_on__in=owed).order_by("pk")
    written, last = 0, 0
    while True:
        with transaction.atomic():
            JobRun.objects.select_for_update().get(pk=row.pk)
            batch = list(issues.filter(pk__gt=last).values_list("pk", "step_no", "due_on", "state_since")[:BATCH])
            if not batch:
                return written
            first, last = batch[0][0], batch[-1][0]
            written += _write(_keys(batch, owed, _paused(first, last, after)), first, last, after, today)


def owed_by_due_date(after: dt.date, today: dt.date) -> Owed:
    """For each due date on which something runs, the reminders that fall on `after` < day <= `today`."""
    rules = County.current().workday_rules
    dates = running(today).order_by().values_list("due_on", flat=True).distinct()
    found = {due: workdays.reminder_days(due, after, today, rules) for due in dates}
    return {due: days for due, days in found.items() if days}


def running(today: dt.date) -> QuerySet:
    """Issues with a running clock."""
    return Issue.objects.going(today).filter(due_on__isnull=False).exclude(state=State.DRAFT)


def _paused(first: int, last: int, after: dt.date) -> dict[tuple[int, int], list[tuple[dt.date, dt.date]]]:
    """Pauses of a stay that may cover a day after `after`: on such a day nothing was owed."""
    found: dict[tuple[int, int], list[tuple[dt.date, dt.date]]] = {}
    rows = Pause.objects.filter(issue__gte=first, issue__lte=last, last_day__gt=after).order_by()
    for issue, stay, begin, end in rows.values_list("issue", "stay", "first_day", "last_day"):
        found.setdefault((issue, stay), []).append((begin, end))
    return found


def _keys(batch, owed: Owed, paused) -> list[Key]:
    """What each issue of the batch is owed: nothing for the day it came, nothing for a day of a pause."""
    return [
        (issue, stay, kind, day)
        for issue, stay, due, since in batch
        for kind, day in owed[due]
        if day > since.astimezone(workdays.BERLIN).date()
        and not any(begin <= day <= end for begin, end in paused.get((issue, stay), ()))
    ]


def _write(keys: list[Key], first: int, last: int, after: dt.date, today: dt.date) -> int:
    """Insert what is not there yet; telling the next office up leaves a row in the trail."""
    there = set(
        Reminder.objects.filter(issue__gte=first, issue__lte=last, day__gt=after)
        .order_by()
        .values_list("issue", "stay", "kind", "day")
    )
    new = [key for key in keys if key not in there]
    now = workdays.now()
    Reminder.objects.bulk_create(
        [
            Reminder(issue_id=issue, stay=stay, kind=kind, day=day, given_on=today, created_at=now)
            for issue, stay, kind, day in new
        ],
        ignore_conflicts=True,
    )
    TrailEntry.objects.bulk_create(
        TrailEntry(act="issue.escalate", kind=Issue._meta.label_lower, object_id=str(issue), at=now)
        for issue, _, kind, _ in new
        if kind == Reminder.Kind.ESCALATE
    )
    return len(new)


@transaction.atomic
def end_pauses() -> int:
    """Note that pauses whose last day has passed are over; the due dates moved when they began. How many there were."""
    over = list(
        Issue.objects.select_for_update(of=("self",))
        .filter(paused_until__lt=workdays.today())
        .values_list("pk", flat=True)
    )
    Issue.objects.filter(pk__in=over).update(paused_until=None)
    TrailEntry.objects.bulk_create(
        TrailEntry(act="issue.pause_over", kind=Issue._meta.label_lower, object_id=str(pk)) for pk in over
    )
    return len(over)


def build_agendas() -> int:
    """What fell due since comes to the next meeting of each body; how many agendas changed."""
    return sum(meeting.build_agenda() > 0 for meeting in Meeting.objects.next_of_each_body())


def ask_effects() -> int:
    """Ask about the solutions whose time has come, each once and in a transaction of its own; how many there were."""
    due = Issue.objects.with_effect_due(workdays.today()).filter(effect_asked_on__isnull=True).order_by("pk")
    asked = 0
    for issue in due.iterator(chunk_size=200):
        issue.ask_effect()
        asked += 1
    return asked


# What the digest tells

#: Working days between two reminders of a draft that was handed back; as for what is overdue.
AGAIN = 5
HELD = (Reminder.Kind.EARLY, Reminder.Kind.DUE, Reminder.Kind.OVERDUE)


def parts(after: dt.date, day: dt.date) -> list[Part]:
    """The parts of a digest: what lies with somebody, what another office is late with, what waits as a draft."""
    return [*_of_the_clock(after, day), *_of_drafts(after, day)]


def _of_the_clock(after: dt.date, day: dt.date) -> list[Part]:
    given = standing(after, day)
    if not given.exists():
        return []
    return [
        partial(_section, given.filter(kind__in=HELD), Issue.objects.held_by, day, "Fällig bei Ihnen", "fällig"),
        partial(
            _section, given.filter(kind=Reminder.Kind.ESCALATE), Issue.objects.told_late_to, day,
            "Seit zehn Arbeitstagen überfällig, zu Ihrer Kenntnis", "lange überfällig",
        ),
    ]  # fmt: skip


def standing(after: dt.date, day: dt.date) -> QuerySet:
    """Reminders given after `after` that still hold: same stay, no pause, and the due date has not moved since."""
    rules = County.current().workday_rules
    rows = Reminder.objects.filter(
        Q(issue__paused_until__isnull=True) | Q(issue__paused_until__lt=day),
        given_on__gt=after, given_on__lte=day, stay=F("issue__step_no"), issue__due_on__isnull=False,
    )  # fmt: skip
    moved = Q()
    for due, kind, on in rows.order_by().values_list("issue__due_on", "kind", "day").distinct():
        if due and (kind, on) not in workdays.reminder_days(due, on - ONE_DAY, on, rules):
            moved |= Q(issue__due_on=due, kind=kind, day=on)
    return rows.exclude(moved) if moved else rows


def _section(
    given: QuerySet, whose: Callable, day: dt.date, heading: str, counted: str, user: User, after: dt.date, limit: int
) -> Section | None:
    """Each issue once, whatever was missed on how many days; the longest overdue first."""
    mine = given.filter(given_on__gt=after, issue__in=whose(user)).order_by()
    issues = mine.values_list("issue", "issue__number", "issue__due_on", "issue__state").distinct()
    first = list(issues.order_by("issue__due_on", "issue")[: limit + 1])
    if not first:
        return None
    total = len(first) if len(first) <= limit else mine.values("issue").distinct().count()
    lines = [
        Line(number, f"{State(state).label}: {when(due, day)}", reverse("steering:issue_detail", args=[pk]))
        for pk, number, due, state in first[:limit]
    ]
    return Section(heading, counted, tuple(lines), total)


def _of_drafts(after: dt.date, day: dt.date) -> list[Part]:
    """A draft that was handed back has no limit; while it lies, its reporters are told every AGAIN working days."""
    issues = Issue.objects.handed_back().order_by("state_since", "pk").values_list("pk", "number", "state_since")
    lying = [(pk, number, since.astimezone(workdays.BERLIN).date()) for pk, number, since in issues]
    rules = County.current().workday_rules if lying else workdays.Rules()
    if not any(_turns(since, after, day, rules) for *_, since in lying):
        return []
    whose: dict[int, set[int]] = {}
    for user, issue in Reporter.objects.filter(issue__in=[pk for pk, *_ in lying]).values_list("user", "issue"):
        whose.setdefault(user, set()).add(issue)

    def part(user: User, after: dt.date, limit: int) -> Section | None:
        own = set().union(*(whose.get(hat.pk, set()) for hat in user.hats()))
        lines = [
            Line(number, f"zurück zur Ergänzung seit {since:%d.%m.%Y}", reverse("steering:issue_detail", args=[pk]))
            for pk, number, since in lying
            if pk in own and _turns(since, after, day, rules)
        ]
        if not lines:
            return None
        return Section("Zurückgegeben, wartet auf Ihre Ergänzung", "zu ergänzen", tuple(lines[:limit]), len(lines))

    return [part]


def _turns(since: dt.date, after: dt.date, day: dt.date, rules: workdays.Rules) -> bool:
    """Whether `after` < x <= `day` for a day x that lies AGAIN working days, or a multiple, behind `since`."""
    told = workdays.workdays_between(since, max(after, since), rules) // AGAIN
    return workdays.workdays_between(since, max(day, since), rules) // AGAIN > told
