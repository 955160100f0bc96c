"""The demo's caseload: invented people, real steps on working days, and something to do for everybody today."""

import datetime as dt
from collections import Counter

import pytest
from django.core.management import call_command
from django.db import transaction

from casework.demo import load, plan
from casework.demo.playing import DATA
from casework.lifecycle import ADMITTED_ONCE, State
from casework.models import (
    Actor,
    Case,
    CaseIssue,
    CaseStep,
    Checklist,
    ClientRequest,
    Consultation,
    FollowUp,
    HandOver,
    Identity,
    Procedure,
    Referral,
    ResidenceStatus,
)
from casework.retention import coming
from kim import demo as kim_demo
from kim import workdays
from kim.models import Role, RoleGrant, User
from kim.models.people import with_role
from kim.models.rights import Kind

pytestmark = [pytest.mark.django_db, pytest.mark.once]
TOLD = plan.read(DATA / "demo-cases.yaml")


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """Loaded once for this module and undone after it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("KIM_DEMO_PASSWORD", "zeigen-wie-es-geht")
    counted = {name: load for name, load in kim_demo._FURTHER.items() if not load.__module__.startswith("reports.")}
    patch.setattr(kim_demo, "_FURTHER", counted)  # what is counted from it is tried there
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_demo", verbosity=0)
        yield
        transaction.set_rollback(True)
    patch.undo()


def test_every_case_manager_has_six_to_fifteen_cases(demo):
    """Those who only came with the demo's posts have none yet: its cases begin with the people of the county file."""
    numbers = Counter(Case.objects.values_list("owner__username", flat=True))
    since = RoleGrant.objects.filter(role=Role.CASE_MANAGER, valid_from__gte=dt.date(2023, 1, 1)).values("user")
    managers = {user.username for user in with_role(Role.CASE_MANAGER).exclude(pk__in=since)}
    assert set(numbers) == managers
    assert all(6 <= number <= 15 for number in numbers.values())


def test_every_state_is_there_and_every_case_got_there_by_its_steps(demo):
    assert set(Case.objects.values_list("state", flat=True)) == set(State)
    for case in Case.objects.prefetch_related("steps_taken"):
        steps = list(case.steps_taken.all())
        assert case.step_no == len(steps)
        assert (steps[-1].target if steps else State.REQUEST) == case.state
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        case.validate_constraints()


def test_everything_is_marked_as_invented(demo):
    assert not Case.objects.exclude(occasion__startswith=plan.MARK).exists()
    assert not Consultation.objects.exclude(note__startswith=plan.MARK).exists()
    assert not Identity.objects.exclude(phone__startswith="0000 ").exists()
    assert not Identity.objects.exclude(email="").exists()


def test_names_of_many_scripts_and_nobody_twice(demo):
    names = [str(one) for one in Identity.objects.all()]
    assert len(set(names)) == len(names) >= 70
    letters = "".join(names)
    assert any("\u0400" <= sign <= "\u04ff" for sign in letters), "Cyrillic"
    assert any("\u0600" <= sign <= "\u06ff" for sign in letters), "Arabic"
    assert Identity.objects.named("shevchenko").exists() or Identity.objects.named("koval").exists()


def test_steps_are_taken_on_working_days(demo):
    for at in CaseStep.objects.values_list("at", flat=True):
        local = at.astimezone(workdays.BERLIN)
        assert workdays.is_workday(local.date())
        assert 8 <= local.hour < 20


def test_admitted_cases_have_consents_and_plans_have_goals(demo):
    for case in Case.objects.filter(state__in=ADMITTED_ONCE, locked_at=None).select_related("client"):
        assert case.consent_in_force, case
    assert Case.objects.filter(plan_versions__isnull=False).exists()


def test_there_is_something_to_do_today(demo):
    today = workdays.today()
    assert FollowUp.objects.due().count() >= 10
    soon = ResidenceStatus.objects.filter(expires_on__range=(today, today + dt.timedelta(days=60)))
    assert soon.count() >= 10
    assert CaseIssue.objects.exists()
    waiting = HandOver.objects.open().get()
    assert waiting.taker == User.objects.get(username="casemanager")
    handed = Procedure.objects.get()
    assert set(ClientRequest.objects.open().values_list("kind", flat=True)) == {Kind.ACCESS, Kind.RECTIFICATION}
    assert handed in Procedure.objects.visible_to(User.objects.get(username="authority"))
    assert coming().filter(locked_at__isnull=False).exists()
    assert coming().filter(state=State.REFERRED).exists()


def test_loading_it_again_changes_nothing(demo):
    before = Case.objects.count()
    assert load() == ""
    assert Case.objects.count() == before


@pytest.mark.parametrize("day", [dt.date(2026, 1, 1), dt.date(2026, 5, 3), dt.date(2026, 4, 8), dt.date(2028, 2, 29)])
def test_the_plan_is_the_same_every_time_and_past_on_every_day(day):
    managers = [str(number) for number in range(12)]
    assert plan.cases(TOLD, managers) == plan.cases(TOLD, managers)
    for one in plan.cases(TOLD, managers):
        acts = plan.acts(one, day)
        assert all(act.moment.date() < day and workdays.is_workday(act.moment.date()) for act in acts)
        assert [act.moment for act in acts] == sorted(act.moment for act in acts)
        assert acts[0].name == "open"


def test_the_directory_and_the_check_lists_are_there_for_everybody(demo):
    assert Checklist.objects.current("25b") is not None
    assert Actor.objects.active().count() == len(TOLD["actors"])
    waiting = Referral.objects.filter(follow_up_on__gt=workdays.today())
    assert waiting.values("case__owner").distinct().count() >= 6
