"""The demo: real steps on plausible days, every state with something to show, and never where people work."""

import datetime as dt
import os

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kim import demo as kim_demo
from kim import privacy_gate, workdays
from kim.models import Assignment, County, Mail, Municipality, Notice, Role, User
from steering import county, duties
from steering.demo import plan
from steering.demo.playing import NAMED
from steering.escalation import ESCALATION, HOLDER, State
from steering.management.commands import load_demo
from steering.models import (
    Agreement,
    Interface,
    Issue,
    IssueStep,
    KickOff,
    Meeting,
    Milestone,
    Reminder,
    Resolution,
    Statement,
)
from tests import factories

STORIES = plan.stories(load_demo.DATA / "demo-issues.yaml")
PASSWORD = "zeigen-wie-es-geht"
ROLES = {
    "casemanager": Role.CASE_MANAGER,
    "casemanager2": Role.CASE_MANAGER,
    "coordination": Role.COORDINATION,
    "office": Role.STRATEGIC_OFFICE,
    "steering": Role.STEERING_GROUP,
    "projectgroup": Role.PROJECT_GROUP,
    "authority": Role.AUTHORITY,
    "admin": Role.ADMIN,
    "audit": Role.AUDIT,
}


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The demo, loaded once for this module and undone after it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("KIM_DEMO_PASSWORD", PASSWORD)
    patch.setattr(load_demo, "load_further", list)  # what other apps show is tested there
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_demo")
        yield
        transaction.set_rollback(True)
    patch.undo()


@pytest.fixture
def empty(db, monkeypatch):
    """A database without anything, and a demo that would be quick to load."""
    monkeypatch.setenv("KIM_DEMO_PASSWORD", PASSWORD)
    few = {name: STORIES[name] for name in ("krankenkasse", "entwurf-1")}
    monkeypatch.setattr(plan, "stories", lambda path: few)
    monkeypatch.setattr(load_demo, "load_further", list)


# What there is to see


@pytest.mark.parametrize("state", State)
def test_every_state_has_an_issue(demo, state):
    assert Issue.objects.filter(state=state).exists()


def test_every_step_but_the_rare_ones_was_taken(demo):
    taken = set(IssueStep.objects.values_list("name", flat=True))
    assert set(ESCALATION.names) - taken <= {"report_directly", "unmerge"}


def test_some_are_late_some_are_due_soon_and_some_wait(demo):
    on = workdays.today()
    open_ones = Issue.objects.open().filter(due_on__isnull=False)
    tones = {workdays.countdown(issue.due_on, on)[1] for issue in open_ones if not issue.is_paused}
    assert tones == {"", "soon", "late"}
    assert any(issue.is_paused for issue in open_ones)
    assert any(workdays.workdays_between(issue.due_on, on) > 10 for issue in open_ones)


def test_a_bundle_of_several_reporters_and_one_who_joined(demo):
    assert max(len(issue.all_reporter_ids) for issue in Issue.objects.filter(bundled__isnull=False)) >= 3
    assert Issue.objects.filter(reporters__first=False).exists()


def test_words_reports_and_measures(demo):
    running = Issue.objects.filter(state=State.PROJECT)
    assert running.filter(interim_reports__isnull=False).exists()
    assert running.filter(measures__done_on__isnull=False).exists()
    assert running.filter(measures__done_on__isnull=True).exists()
    assert Issue.objects.filter(comments__public=True).exists()
    assert Issue.objects.filter(comments__public=False).exists()


def test_some_notices_are_read_and_the_next_mail_is_short(demo):
    assert Notice.objects.filter(read_at__isnull=True).exists()
    assert Notice.objects.filter(read_at__isnull=False).exists()
    assert not Notice.objects.filter(read_at__gt=timezone.now()).exists()
    assert Notice.objects.filter(digested_at__isnull=True).count() < 30


def test_what_is_late_was_reminded_of_on_its_mornings(demo):
    yesterday, rules = workdays.today() - dt.timedelta(days=1), County.current().workday_rules
    late = [issue for issue in Issue.objects.overdue().filter(state__in=HOLDER) if not issue.pauses_of_stay()]
    for issue in late:
        owed = workdays.reminder_days(issue.due_on, issue.since, yesterday, rules)
        given = Reminder.objects.filter(issue=issue, stay=issue.step_no).values_list("kind", "day")
        assert set(given) == set(owed)
    assert late


def test_the_operation_page_has_mails_that_went_and_one_to_send_again(demo):
    assert Mail.objects.filter(state=Mail.State.SENT).exists()
    assert Mail.objects.filter(state=Mail.State.FAILED).count() == 1
    assert not Mail.objects.filter(state=Mail.State.QUEUED).exists()


def test_numbers_run_in_the_order_of_reporting_without_a_gap(demo):
    for year in range(2022, workdays.today().year + 1):
        rows = Issue.objects.filter(number__startswith=f"KP-{year}-").order_by("reported_at")
        assert [row.number for row in rows] == [f"KP-{year}-{no:04d}" for no in range(1, len(rows) + 1)]


def test_every_step_was_taken_in_office_hours_of_a_working_day(demo):
    rules = County.current().workday_rules
    for at in IssueStep.objects.values_list("at", flat=True):
        local = timezone.localtime(at)
        assert workdays.is_workday(local.date(), rules), local
        assert 8 <= local.hour < 18, local
        assert dt.date(2022, 1, 1) < local.date() < workdays.today()


def test_the_steering_group_has_met_and_will_meet(demo):
    meetings = Meeting.objects.filter(body__kind="steering")
    assert meetings.upcoming().count() >= 4
    quarters = meetings.filter(starts_at__year=2023)
    assert quarters.count() == 4
    for issue in Issue.objects.filter(state=State.STEERING):
        assert issue.meeting in meetings


def test_agreements_end_soon_are_over_or_missing_and_all_that_is_invented_says_so(demo):
    today = workdays.today()
    there = Agreement.objects.filter(valid_from__isnull=False)
    standings = {one.standing_on(today) for one in there}
    assert {"in_force", "ending", "over"} <= standings
    assert {one.standing_on(today) for one in Agreement.objects.filter(valid_from=None)} == {"prepared", "sent"}
    assert Municipality.objects.filter(agreements=None).count() == 2
    assert set(Agreement.objects.exclude(source__startswith="Sachstand").values_list("source", flat=True)) == {"Demo"}
    assert {duty.key.split(":")[0] for duty in duties.open_until(today)} >= {"agreement"}


def test_kick_offs_and_interfaces_have_something_of_everything(demo):
    assert {event.standing for event in KickOff.objects.all()} == {
        "hat stattgefunden", "Ergebnis fehlt noch", "geplant", "abgesagt",
    }  # fmt: skip
    assert set(KickOff.objects.values_list("source", flat=True)) == {"Demo"}
    assert 5 <= Interface.objects.count() <= 8
    assert Interface.objects.stale().count() >= 2
    assert all("Künstliches Beispiel" in one.description for one in Interface.objects.all())
    assert Interface.objects.filter(ways__isnull=True).exists()
    assert Issue.objects.open().filter(interface__isnull=False).count() >= 3


def test_municipalities_resolve_and_institutions_are_asked_with_something_of_everything(demo):
    entered = Resolution.objects.filter(municipality__isnull=False)
    assert {one.standing.split(" am ")[0] for one in entered} == {
        "umgesetzt", "offen", "überfällig", "mit dem Beschluss erledigt",
    }  # fmt: skip
    assert set(entered.values_list("source", flat=True)) == {"Demo"}
    asked = Statement.objects.all()
    assert {one.standing.split(" am ")[0] for one in asked} == {"eingegangen", "erbeten", "überfällig"}
    assert asked.filter(issue__isnull=False).count() >= 2
    assert asked.exclude(subject="").exists()
    assert all("Künstliches Beispiel" in one.question for one in asked)
    authority = User.objects.get(username="authority")
    assert any(one.is_outstanding for one in asked.filter(organisation=authority.organisation))


def test_milestones_are_reached_overdue_and_to_come(demo):
    aimed = Milestone.objects.all()
    assert aimed.filter(done_on__isnull=False).exists()
    assert {one.is_overdue for one in aimed.filter(done_on=None)} == {True, False}


# Accounts


@pytest.mark.parametrize(("name", "role"), ROLES.items())
def test_each_account_has_its_role_an_address_and_the_password(demo, name, role):
    user = User.objects.get(username=name)
    assert user.holds(role)
    assert user.email == f"{name}@kim.example"
    assert user.check_password(PASSWORD)


def test_the_accounts_are_those_of_the_county_file(demo):
    assert User.objects.get(username="casemanager").display_name == "Case Management Windeck"
    assert Assignment.objects.get(user__username="casemanager").municipality.name == "Windeck"
    assert not User.objects.filter(username__in=NAMED).exists()


def test_each_has_something_on_the_desk_or_in_sight(demo):
    for name in ("casemanager", "casemanager2", "coordination", "office", "steering", "projectgroup"):
        assert Issue.objects.held_by(User.objects.get(username=name)).exists(), name
    assert Issue.objects.reported_by(User.objects.get(username="authority")).exists()
    for name in ("admin", "audit"):
        assert not Issue.objects.visible_to(User.objects.get(username=name)).exists()


def test_the_county_file_still_finds_everything_in_place(demo):
    assert not county.load(county.read(load_demo.DATA / "rhein-sieg-kreis.yaml"))


def test_loading_it_again_changes_nothing(demo, capsys):
    before = (Issue.objects.count(), IssueStep.objects.count(), Notice.objects.count())
    call_command("load_demo", if_empty=True)
    assert "schon geladen" in capsys.readouterr().out
    assert (Issue.objects.count(), IssueStep.objects.count(), Notice.objects.count()) == before


# The texts


def every_text(value):
    """All words of a story but „2022-03-21 report“, which is no text."""
    if isinstance(value, str):
        if not plan.WHEN.fullmatch(value.split(" ")[0]):
            yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from every_text(one)
    elif isinstance(value, list):
        for one in value:
            yield from every_text(one)


@pytest.mark.parametrize("name", STORIES)
def test_no_text_is_held_by_the_gate(db, name):
    texts = {str(number): text for number, text in enumerate(every_text(STORIES[name]))}
    places = ("Much", "Ruppichteroth")
    assert privacy_gate.check(texts, author=factories.user(), places=places) == []


# The plan


@given(today=st.dates(dt.date(2026, 1, 1), dt.date(2036, 12, 31)), closed=st.booleans())
def test_on_whatever_day_it_is_loaded_the_stories_can_happen(today, closed):
    rules = workdays.Rules(not closed, not closed)
    acts = plan.plan(STORIES.values(), today, rules)
    assert [act.moment for act in acts] == sorted(act.moment for act in acts)
    for act in acts:
        assert act.moment.date() < today
        assert workdays.is_workday(act.moment.date(), rules)
    for name in STORIES:
        days = [act for act in acts if act.story == name and act.name in ESCALATION.names]
        assert all(ESCALATION.find(act.name, act.state) for act in days)
        assert all(earlier.moment < later.moment for earlier, later in zip(days, days[1:], strict=False))


@pytest.mark.parametrize(
    ("way", "says"),
    [
        (["-3 report", "-5 forward"], "fällt auf"),
        (["-3 forward"], "gibt es im Stand"),
        (["+3 report"], "braucht einen Schritt davor"),
        (["bald report"], "keine Zeitangabe"),
        (["-1 report", "+4 forward"], "fällt auf"),
    ],
)
def test_a_story_that_cannot_happen_is_named(way, says):
    with pytest.raises(plan.BadStory, match=says):
        plan.plan([{"id": "x", "way": way}], dt.date(2026, 11, 23))


def test_meetings_go_on_from_the_second_one():
    days = plan.meeting_days(dt.date(2026, 11, 23))
    assert days[:3] == [dt.date(2022, 5, 10), dt.date(2022, 9, 13), dt.date(2022, 11, 8)]
    assert sum(day > dt.date(2026, 11, 23) for day in days) >= 4


# Never by accident


def test_it_refuses_where_it_is_no_demo(empty, settings):
    settings.KIM_DEMO = False
    with pytest.raises(CommandError, match="keine Demo"):
        call_command("load_demo")
    assert not User.objects.exists()
    call_command("load_demo", yes_this_is_a_demo=True)
    assert Issue.objects.count() == 2


def test_it_stays_away_from_people_who_work_here(empty, capsys):
    factories.user(email="jemand@rhein-sieg-kreis.example", password="etwas Eigenes")
    call_command("load_demo", if_empty=True)
    assert "Menschen" in capsys.readouterr().out
    with pytest.raises(CommandError, match="nicht zur Demo gehören"):
        call_command("load_demo")
    assert not County.objects.exists()


def test_a_demo_that_was_cut_off_is_finished_by_the_next_start(empty, monkeypatch):
    def cut_off(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(load_demo, "tell_stories", cut_off)
        with pytest.raises(KeyboardInterrupt):
            call_command("load_demo")
    assert User.objects.exists()
    call_command("load_demo", if_empty=True)
    assert Issue.objects.count() == 2
    # A new password holds from the next start.
    monkeypatch.setenv("KIM_DEMO_PASSWORD", "ein-anderes-wort")
    call_command("load_demo", if_empty=True)
    assert all(user.check_password("ein-anderes-wort") for user in User.objects.all())


def test_without_a_password_one_is_made_up_and_kept_for_its_owner_only(monkeypatch, settings, tmp_path):
    monkeypatch.delenv("KIM_DEMO_PASSWORD", raising=False)
    settings.DATA_DIR = tmp_path / "neu"
    made = kim_demo.demo_password()
    assert len(made) >= 12
    assert kim_demo.demo_password() == made
    assert os.stat(settings.DATA_DIR / "demo-password").st_mode & 0o777 == 0o600
    assert [file.name for file in settings.DATA_DIR.iterdir()] == ["demo-password"]
