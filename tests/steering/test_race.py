"""People who act at the same moment. On SQLite writers queue up, on PostgreSQL rows are locked; the answer is one."""

import pytest

from kim import workdays
from kim.models import Notice, Role
from steering.escalation import State
from steering.models import AgendaItem, Attendance, Issue, IssueStep, Resolution, Vote
from tests.at_once import at_once
from tests.factories import draft, holder_of, issue_at, meeting, organisation, seat, steering_group, take, user

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_people_taking_the_same_step_move_it_once():
    issue = issue_at(State.COORDINATION)
    told = Notice.objects.count()
    holders = [user(Role.COORDINATION), user(Role.COORDINATION)]
    copies = [Issue.objects.get(pk=issue.pk) for _ in holders]
    results = at_once(
        *(
            lambda copy=copy, who=who: copy.forward(by=who, seen=issue.step_no, released=True)
            for copy, who in zip(copies, holders, strict=True)
        )
    )
    assert results == ["OutOfTurn", "done"]
    assert IssueStep.objects.filter(issue=issue, name="forward").count() == 1
    assert Notice.objects.filter(key__startswith="issuestep:").count() > told


def test_two_different_steps_at_once_leave_one_taken():
    issue = issue_at(State.COORDINATION)
    one, other = user(Role.COORDINATION), user(Role.COORDINATION)
    first, second = Issue.objects.get(pk=issue.pk), Issue.objects.get(pk=issue.pk)
    results = at_once(
        lambda: first.forward(by=one, seen=issue.step_no, released=True),
        lambda: second.decline(by=other, seen=issue.step_no, reason="Dafür gibt es schon eine Regelung."),
    )
    assert results == ["OutOfTurn", "done"]


def test_numbers_have_no_gap_and_no_double_when_many_report_at_once():
    drafts = [draft() for _ in range(6)]
    results = at_once(*(lambda issue=issue: issue.report(by=holder_of(issue)) for issue in drafts))
    assert results == ["done"] * 6
    numbers = sorted(Issue.objects.filter(number__isnull=False).values_list("number", flat=True))
    assert [int(number[-4:]) for number in numbers] == [1, 2, 3, 4, 5, 6]


def test_a_lead_that_ends_at_the_same_moment_takes_no_bundle_with_it_unheard():
    lead, issue = issue_at(State.FED_BACK), issue_at(State.COORDINATION)
    coordinator, reporter = user(Role.COORDINATION), holder_of(lead)
    results = at_once(
        lambda: issue.merge(by=coordinator, lead=lead),
        lambda: Issue.objects.get(pk=lead.pk).confirm(by=reporter, informed="Jobcenter"),
    )
    issue.refresh_from_db()
    assert results in (["StepRefused", "done"], ["done", "done"])
    assert issue.state == (State.MERGED if results == ["done", "done"] else State.COORDINATION)


def test_two_of_the_office_record_one_resolution_for_an_item():
    issue, item, offices = _before_the_group(2)
    copies = [AgendaItem.objects.get(pk=item.pk) for _ in offices]
    told = {"text": "Die Stellen stimmen sich ab.", "consensus": True}
    results = at_once(
        lambda: Resolution.take(copies[0], by=offices[0], verdict="defer", **told),
        lambda: Resolution.take(copies[1], by=offices[1], verdict="decline", **told),
    )
    assert results == ["StepRefused", "done"]
    made = Resolution.objects.get()
    issue.refresh_from_db()
    assert (made.agenda_item, made.step) == (item, issue.steps_taken.latest("no"))


def test_a_resolution_and_a_step_beside_the_meeting_do_not_both_happen():
    issue, item, (office, chair) = _before_the_group(2)
    results = at_once(
        lambda: Resolution.take(item, by=office, verdict="defer", text="Zuerst die Weisung.", consensus=True),
        lambda: Issue.objects.get(pk=issue.pk).decline(by=chair, reason="Dafür gibt es schon eine Regelung."),
    )
    assert "done" in results
    assert IssueStep.objects.filter(issue=issue, source=State.STEERING).count() == 1
    assert Resolution.objects.count() == 1


def test_two_seats_of_one_institution_give_one_voice_at_once():
    county = organisation()
    group = steering_group()
    seats = [seat(group, user(Role.STEERING_GROUP), "member", organisation=county) for _ in range(2)]
    sheet = meeting(days=-1, mode="written", written_until=workdays.today())
    item = sheet.agenda.create(kind="topic", title="Gemeinsames Merkblatt")
    copies = [AgendaItem.objects.get(pk=item.pk) for _ in seats]
    results = at_once(
        *(
            lambda copy=copy, one=one: Vote.cast(copy, by=one.user, seat=one, value="yes")
            for copy, one in zip(copies, seats, strict=True)
        )
    )
    assert results == ["StepRefused", "done"]
    assert item.votes.count() == 1


def _before_the_group(offices):
    """(issue, its item, people of the office) in a meeting that runs, with everybody there."""
    people = [user(Role.STRATEGIC_OFFICE) for _ in range(offices)]
    issue, sitting = issue_at(State.STRATEGY), meeting(days=0)
    take(issue, "table", meeting=sitting)
    there = sitting.body.memberships.select_related("body", "organisation")
    Attendance.record(sitting, by=people[0], seats=dict.fromkeys(there, "present"))
    sitting.open(by=people[0])
    return issue, sitting.agenda.get(issue=issue), people
