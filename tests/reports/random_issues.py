"""Issues that went random ways by the table, written as they are: what the database demands of them holds."""

import datetime as dt
import random

from kim import workdays
from kim.models import Code, Role
from steering.escalation import ESCALATION, State
from steering.models import Comment, InterimReport, Issue, IssueStep, Pause, Reporter
from tests.factories import LONG_AGO, county, limits, municipality, project_group, steering_group, user

TODAY = dt.date(2026, 3, 18)
WITH_CLOCK = ("coordination", "strategy", "steering", "project", "state_level", "feedback_due", "fed_back")
TEXT = "Beide Stellen verweisen aufeinander."


def places():
    """Two banks; the county is known."""
    county()
    return [municipality(bank=bank) for bank in ("left", "left", "right")]


def topics():
    return [
        Code.objects.get_or_create(list="topic", code=code, valid_from=LONG_AGO, defaults={"label": f"Thema {code}"})[0]
        for code in ("A", "B", "C")
    ]


def build(seed: int, number: int, *, days: int = 500, until: dt.date = TODAY) -> list[Issue]:
    """So many issues that began on one of the `days` before `until`, at any hour of the day. The same seed gives the
    same ways.
    """
    chance = random.Random(seed)
    limits()
    around = {"places": places(), "topics": topics(), "group": project_group(), "by": user(Role.COORDINATION)}
    around["meeting"] = steering_group().next_meeting()
    return [_issue(chance, f"{seed}-{no}", until, days, **around) for no in range(1, number + 1)]


def _issue(chance, no, until, days, *, places, topics, group, meeting, by) -> Issue:
    end = dt.datetime.combine(until, dt.time(23, 30), workdays.BERLIN).astimezone(dt.UTC)
    created = end - dt.timedelta(hours=chance.randint(0, days * 24))
    at, where, steps = created, State.DRAFT, []
    while chance.random() < 0.88:
        rows = [row for row in ESCALATION.rows if row.source == where]
        # Hours, not only days: steps near midnight, and several on one day.
        at += dt.timedelta(hours=chance.choice([0, 1, 5, 30, 200, 900]))
        if not rows or at > end:
            break
        onward = [row for row in rows if row.name not in ("withdraw", "hand_back", "defer", "decline")]
        row = chance.choice(onward * 3 + rows)
        due = (at + dt.timedelta(days=chance.randint(3, 40))).date() if row.target in WITH_CLOCK else None
        steps.append((row, at, due))
        where = State(row.target)
    since, due = steps[-1][1:] if steps else (created, None)
    reported = next((moment for row, moment, _ in steps if row.source == State.DRAFT), None)
    answered = where in (State.FEEDBACK_DUE, State.FED_BACK, State.CLOSED)
    lead = Issue.objects.exclude(state=State.MERGED).order_by("?").first() if where == State.MERGED else None
    if where == State.MERGED and lead is None:
        return _issue(chance, no, until, days, places=places, topics=topics, group=group, meeting=meeting, by=by)
    issue = Issue.objects.create(
        number=f"KP-{no}" if reported else None, title=TEXT, state=where, step_no=len(steps), state_since=since,
        topic=chance.choice(topics), municipality=chance.choice(places if reported else [*places, None]),
        created_at=created, reported_at=reported, due_on=due,
        released_at=since, released_by=by, body=group, assigned_at=since, reach="supra", addressee="Land",
        meeting=meeting, lead=lead, outcome="solved" if answered else "", result=TEXT if answered else "",
        answered_at=since if answered else None, feedback=TEXT, fed_back_at=since,
        closed_at=since if where == State.CLOSED else None, closed_by=by if where == State.CLOSED else None,
    )  # fmt: skip
    Reporter.objects.create(issue=issue, user=by, first=True, joined_at=created)
    IssueStep.objects.bulk_create(
        IssueStep(issue=issue, no=number, name=row.name, source=row.source, target=row.target, by=by, at=moment,
                  note=TEXT, due_on=due)
        for number, (row, moment, due) in enumerate(steps, 1)
    )  # fmt: skip
    _between(chance, issue, steps, end, group, by)
    return issue


def _between(chance, issue, steps, end, group, by) -> None:
    """Pauses (one after another, as they are made), interim reports and words during the stays."""
    for number, (row, begin, _) in enumerate(steps, 1):
        until = steps[number][1] if number < len(steps) else end
        hours = int((until - begin).total_seconds() // 3600)
        moments = sorted(
            begin + dt.timedelta(hours=chance.randint(0, hours)) for _ in range(chance.choice([0, 0, 1, 2]))
        )
        first = moments[0].date() if moments else None
        if first and row.target in WITH_CLOCK:
            last = first + dt.timedelta(days=chance.choice([-1, 0, 4, 20]))
            Pause.objects.create(issue=issue, stay=number, first_day=first, last_day=last, reason=TEXT, by=by)
        for moment in moments:
            if row.target == State.PROJECT:
                InterimReport.objects.create(issue=issue, body=group, text=TEXT, by=by, at=moment)
            public = chance.random() < 0.6
            Comment.objects.create(issue=issue, public=public, office="coordination", text=TEXT, by=by, at=moment)
