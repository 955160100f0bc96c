"""A small county in which every role has something to see: one issue per state, with words, reminders and papers, and
one case with everything that can hang on one.
"""

import datetime as dt
from types import SimpleNamespace

from kim import workdays
from kim.models import Draft, JobRun, Role
from steering.escalation import State
from steering.models import Reminder
from tests.casework.factories import authority, case_manager
from tests.casework.one_of_each import one_of_each
from tests.factories import (
    county,
    holder_of,
    issue_at,
    limits,
    municipality,
    paper,
    project_group,
    steering_group,
    take,
    user,
)


def world(*, with_case=True) -> SimpleNamespace:
    """One account per role, issues in every state that some of them reported, hold or only see, and a case of the case
    manager that was handed to the authority and is offered to a colleague.
    """
    county(case_prefix="RSK")
    limits()
    group = steering_group()
    place = municipality("Windeck", persons=19203)
    people = {role: user(role) for role in Role if role not in (Role.CASE_MANAGER, Role.AUTHORITY)}
    people[Role.CASE_MANAGER] = case_manager(place=place)
    people[Role.AUTHORITY] = user(Role.AUTHORITY, organisation=authority())
    people[Role.STEERING_GROUP] = group.leads().get()
    lead = people[Role.PROJECT_GROUP]
    local = project_group("local", place, lead=lead)
    reporter = people[Role.CASE_MANAGER]
    issues = {}
    for state in State:
        issues[state] = issue_at(state, reported_by=reporter, municipality=place)
    late = issue_at(State.STRATEGY, municipality=place)
    issues["fast"] = take(late, "fast_track").issue
    coordination = people[Role.COORDINATION]
    talked_about = issues[State.COORDINATION]
    talked_about.comment(by=coordination, text="Wir klären das mit dem Jobcenter.", public=True)
    talked_about.comment(by=coordination, text="Ähnlich wie im Vorjahr.", public=False)
    worked_on = issues[State.PROJECT]
    worked_on.report_progress(by=lead, text="Ein Merkblatt ist entworfen.")
    worked_on.add_measure(
        by=lead, text="Merkblatt abstimmen", owner="Jobcenter", due_on=workdays.today() + dt.timedelta(days=30)
    )
    issues["paused"] = issue_at(State.STRATEGY, reported_by=reporter, municipality=place)
    office = holder_of(issues["paused"])
    issues["paused"].pause(by=office, until=workdays.today() + dt.timedelta(days=9), reason="Wartet auf den Erlass")
    Reminder.objects.create(
        issue=talked_about, stay=talked_about.step_no, kind="due", day=workdays.today(), given_on=workdays.today()
    )
    Draft.keep(reporter, "issue.new", {"title": "Angefangen"}, url="/steering/issues/new/", title="Knackpunkt")
    JobRun.objects.create(job="heartbeat", day=workdays.today(), finished_at=workdays.now())
    paper(group.next_meeting(), by=people[Role.STRATEGIC_OFFICE])
    its = one_of_each(reporter, taker=case_manager(), issue=talked_about) if with_case else None
    return SimpleNamespace(people=people, issues=issues, group=group, local=local, place=place, its=its)
