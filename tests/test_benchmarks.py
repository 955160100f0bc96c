"""The benchmark in small: its data fulfil every constraint, its steps are rows of the table, its pages answer."""

import pytest
from django.db.models import Count, F, Q

from benchmarks import data, pages, table
from kim import workdays
from steering import reminders
from steering.escalation import ESCALATION, State
from steering.models import Issue, IssueStep, NumberRange, Reminder, Reporter

pytestmark = pytest.mark.django_db
ISSUES = 200


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """Built once for the module; taken out again at its end."""
    from django.core.management import call_command

    with django_db_blocker.unblock():
        sizes = data.build(ISSUES)
        yield sizes
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)


def test_as_many_as_asked_for(built):
    assert (built.open, built.due, built.issues) == (ISSUES, 30, 250)
    assert Issue.objects.open().count() == ISSUES
    assert IssueStep.objects.count() == built.steps >= 5 * ISSUES
    there = set(Issue.objects.values_list("state", flat=True))
    assert there == set(State)


def test_every_step_is_a_row_of_the_table_and_follows_the_one_before(built):
    rows = {(row.name, row.source, row.target) for row in ESCALATION.rows}
    where = {}
    for issue, no, name, source, target in IssueStep.objects.order_by("issue", "no").values_list(
        "issue", "no", "name", "source", "target"
    ):
        assert (name, source, target) in rows
        assert (no, source) == (where.get(issue, (0, State.DRAFT))[0] + 1, where.get(issue, (0, State.DRAFT))[1])
        where[issue] = no, target
    for issue in Issue.objects.all():
        assert (issue.step_no, issue.state) == where.get(issue.pk, (0, State.DRAFT))


def test_every_constraint_holds_and_search_text_is_what_saving_writes(built):
    for issue in Issue.objects.select_related(None)[:60]:
        issue.validate_constraints()
        written = issue.folded, issue.folded_title, issue.due_rank
        issue.save()
        issue.refresh_from_db()
        assert (issue.folded, issue.folded_title, issue.due_rank) == written


def test_numbers_have_no_gap_and_everybody_is_reported_by_somebody(built):
    given = Issue.objects.filter(number__isnull=False).count()
    assert given == sum(NumberRange.objects.values_list("last", flat=True))
    assert not Issue.objects.annotate(first=Count("reporters", filter=Q(reporters__first=True))).exclude(first=1)
    assert not Reporter.objects.filter(joined_at__gt=F("issue__state_since"), issue__state=State.DRAFT)


def test_the_sweep_finds_exactly_the_due_ones(built):
    with workdays.as_of(data.morning()):
        assert reminders.sweep()
    assert Reminder.objects.values("issue").distinct().count() == built.due


def test_every_measured_address_answers(built, client):
    for page in pages.pages():
        client.force_login(data.account(page.role))
        swap = {"HX-Request": "true", "HX-Target": page.swap} if page.swap else {}
        assert client.get(page.url, headers=swap).status_code == 200, page


def test_every_measured_step_is_taken(built, client):
    client.force_login(data.account(pages.CO))
    for url, form in pages.steps(3):
        assert client.post(url, form).status_code == 302, url


def test_a_row_is_judged_by_every_limit():
    good = {"queries": 12, "limit": 8, "times": 7.9, "ms": 14.9}
    assert table.judged(good, good) == []
    assert table.judged(good | {"queries": 13}, good) == ["mehr als 12 Abfragen", "klein 12 Abfragen"]
    assert table.judged(good | {"times": 8.1}, good) == ["über 8×"]
    assert table.judged(good, good | {"ms": 9.9}) == ["wächst"]
