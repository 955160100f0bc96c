"""People who act at the same moment. On SQLite writers queue up, on PostgreSQL rows are locked; the answer is one."""

import pytest

from kim.models import Notice, Role
from steering.escalation import State
from steering.models import Issue, IssueStep
from tests.at_once import at_once
from tests.factories import draft, holder_of, issue_at, user

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
