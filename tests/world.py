"""A small county in which every role has something to see: one issue per state, with words, reminders and papers, and
one case with everything that can hang on one.
"""

import datetime as dt
from types import SimpleNamespace

from kim import workdays
from kim.models import Draft, JobRun, Role
from steering.escalation import State
from steering.models import Agreement, Interface, KickOff, Reminder
from tests.casework.factories import authority, case_manager
from tests.casework.one_of_each import one_of_each
from tests.factories import (
    codes,
    county,
    holder_of,
    issue_at,
    limits,
    municipality,
    organisation,
    paper,
    project_group,
    resolution,
    statement,
    steering_group,
    take,
    user,
)
from tests.reports.makers import export, saved, status_report


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
    resolution(local, due=9, owner_body=local, issue=worked_on)
    resolution(municipality=place)
    statement(by=lead, issue=worked_on)
    Reminder.objects.create(
        issue=talked_about, stay=talked_about.step_no, kind="due", day=workdays.today(), given_on=workdays.today()
    )
    group.rules.create(version=1, text="§ 1 Aufgabe")
    for body in (group, local):
        body.expected.create(name="Jugendamt", valid_from=workdays.today())
        body.milestones.create(title="Auftakt", due_on=workdays.today(), by=office)
    Draft.keep(reporter, "issue.new", {"title": "Angefangen"}, url="/steering/issues/new/", title="Knackpunkt")
    JobRun.objects.create(job="heartbeat", day=workdays.today(), finished_at=workdays.now())
    agreed = cooperation(people[Role.STRATEGIC_OFFICE], place)
    paper(group.next_meeting(), by=people[Role.STRATEGIC_OFFICE])
    report, evaluation, file = told(people[Role.STRATEGIC_OFFICE])
    its = one_of_each(reporter, taker=case_manager(), issue=talked_about) if with_case else None
    return SimpleNamespace(
        people=people, issues=issues, group=group, local=local, place=place, agreed=agreed, its=its,
        report=report, evaluation=evaluation, file=file,
    )  # fmt: skip


def told(office) -> tuple:
    """A status report begun, an evaluation kept for oneself and a file that waits to be made, all of the office."""
    return (
        status_report(by=office),
        saved(office, name="Offene Knackpunkte je Monat"),
        export(office, title="Knackpunkte je Kommune"),
    )


def cooperation(office, place) -> SimpleNamespace:
    """An agreement that ends, the version to follow it, a kick-off event that was held and an interface found there."""
    today, code = workdays.today(), codes()
    both = [organisation(), organisation("jobcenter", name="Jobcenter", kind="employment")]
    held = Agreement.prepare(place, by=office, subject="Sprechzeiten im Rathaus", contact="Sozialamt")
    held.sign(by=office, signed_on=today, signatories="Landrat", valid_from=today - dt.timedelta(days=300),
              valid_until=today + dt.timedelta(days=90))  # fmt: skip
    event = KickOff.plan(by=office, municipality=place, on_day=today, place="Rathaus")
    event.admit(by=office, sector="legal", organisation=both[1], legal_area=code.legal_area, persons=2)
    event.hold(by=office, outcome="Die Wege sind abgestimmt.")
    found = Interface.identify(
        by=office, title="Bescheinigung an das Jobcenter", between=both, legal_areas=[code.legal_area],
        identified_at=event, way="Am selben Tag.",
    )  # fmt: skip
    return SimpleNamespace(
        place=place, version=Agreement.prepare(place, by=office), held=held, event=event, interface=found
    )
