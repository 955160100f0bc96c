"""Random walks through the chain: whatever people do in whatever order, an issue stays whole."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kim.models import Notice, Role, TrailEntry
from kim.workflow import StepRefused
from steering import access, whereabouts
from steering.escalation import ESCALATION, HOLDER, State
from steering.models import Issue
from tests.factories import draft, given_for, holder_of, issue_at, user

WALK = st.lists(st.integers(min_value=0, max_value=50), min_size=1, max_size=14)


class RandomWalk(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(choices=WALK)
    def test_a_walk_never_leaves_an_issue_half_written(self, choices):
        issue, lead = draft(), issue_at(State.COORDINATION)
        people = [holder_of(issue), user(Role.COORDINATION), user(Role.STRATEGIC_OFFICE), user(Role.AUDIT)]
        for choice in choices:
            if (holder := holder_of(issue)) and holder not in people:
                people.append(holder)
            offers = [
                (person, offer) for person in people for offer in ESCALATION.offers(person, issue) if not offer.barred
            ]
            if not offers:
                break
            person, offer = offers[choice % len(offers)]
            words = given_for(issue, offer.step) | ({"lead": lead} if offer.step.name == "merge" else {})
            before, trail_before = issue.step_no, TrailEntry.objects.count()
            try:
                getattr(issue, offer.step.name)(by=person, seen=issue.step_no, **words)
            except StepRefused:
                issue.refresh_from_db()
                assert issue.step_no == before
                assert TrailEntry.objects.count() == trail_before
                continue
            self.check_whole(issue, offer.step, before)

    def check_whole(self, issue, step, before):
        stored = Issue.objects.get(pk=issue.pk)
        assert stored.state == step.target
        assert stored.step_no == before + 1 == stored.steps_taken.count()
        assert stored.steps_taken.last().due_on == stored.due_on
        assert bool(stored.due_on) == (stored.state in HOLDER and stored.state != State.DRAFT)
        assert stored.paused_until is None
        assert (
            Notice.objects.filter(
                key=f"issuestep:{stored.steps_taken.last().pk}", recipient=stored.steps_taken.last().by
            ).count()
            == 0
        )
        marks = whereabouts.mini(stored).marks
        assert len(marks) == len(whereabouts.way(stored).stations) == 7
        assert sum("is-now" in mark["css"] for mark in marks) == (0 if stored.state == State.CLOSED else 1)
        assert whereabouts.next_up(stored)
        for reporter in stored.all_reporters():
            assert Issue.objects.filter(access.visible_issues(reporter), pk=stored.pk).exists()
