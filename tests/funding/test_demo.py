"""The demo's posts and money: real acts, once, with something to see on every page."""

import datetime as dt
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from funding import demo, staffing
from funding.models import Calculation, Cost, Deadline, Leave, Proof, Rate, Scenario, StaffingTarget
from kim import workdays
from kim.models import Role, TrailEntry, User
from steering import county
from steering.management.commands import load_demo
from tests.factories import resolution, steering_group

TODAY = dt.date(2026, 11, 2)
FILE = settings.BASE_DIR / "data" / "rhein-sieg-kreis.yaml"


@pytest.fixture(scope="module")
def played(django_db_setup, django_db_blocker):
    """Loaded once for this module, on a given day, and undone after it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("KIM_DEMO_PASSWORD", "zeigen-wie-es-geht")
    with django_db_blocker.unblock(), transaction.atomic(), workdays.as_of(TODAY):
        county.load(county.read(FILE))
        load_demo.prepare()
        with workdays.as_of(dt.date(2024, 11, 20)):
            resolution(steering_group(), text="Das Szenario gilt.", verdict="resolve")
        yield demo.load()
        transaction.set_rollback(True)
    patch.undo()


def test_it_says_what_it_did_and_does_it_once(played):
    assert played == "Stellen und Mittel der Jahre 2023 bis 2026, künstlich"
    before = TrailEntry.objects.count()
    assert demo.load() == ""
    assert TrailEntry.objects.count() == before
    assert not county.load(county.read(FILE)), "what the demo says is no contradiction to the papers"


def test_four_eyes_have_two_accounts(played):
    one, other = User.objects.get(username="admin"), User.objects.get(username="admin2")
    assert (other.display_name, other.email) == ("Förderung und Haushalt", "admin2@kim.example")
    assert other.holds(Role.ADMIN)
    assert other.check_password("zeigen-wie-es-geht")
    released = Calculation.objects.get(number__isnull=False)
    assert {released.drawn_up_by, released.released_by} == {one, other}
    assert not load_demo.strangers().exists()


def test_2024_is_released_and_proven_2025_a_draft(played):
    released, draft = Calculation.objects.order_by("pk")
    assert (released.notice.number, draft.notice.number, draft.standing) == ("M2-2024", "M2-2025", "Entwurf")
    # Lohmar was vacant from March to June: four months of 57.000 € a year
    assert (released.granted, released.repayment) == (Decimal(741_000), Decimal(19_000))
    assert Proof.objects.get().calculation == released
    assert [one.get_kind_display() for one in released.notice.payments.all()] == ["abgerufen", "zurückgezahlt"]
    assert {doubt.name for doubt in released.result().doubts} == {"Supervision"}


def test_what_is_due_is_still_to_be_done(played):
    open_ones = Deadline.objects.filter(done_on=None, dropped_on=None).order_by("due_on")
    assert list(open_ones.values_list("notice__number", "kind", "due_on"))[:2] == [
        ("M2-2025", "proof", dt.date(2026, 11, 23)),
        ("M2-2026", "call_off", dt.date(2026, 11, 30)),
    ]


def test_seventeen_with_the_municipalities_a_vacancy_and_a_substitute(played):
    today = staffing.on(TODAY)
    module = today.modules["case_management"]
    assert (module.granted, module.planned) == (20, 20)
    assert {one.post.number for one in today.vacancies if one.post.module == "case_management"} == {"M2-22"}
    assert module.interrupted == 1
    assert Leave.objects.get().holds_on(TODAY)
    assert not today.overcommitted
    assert not any(one.is_uncovered for one in staffing.coverage(TODAY))


def test_costs_of_two_years_name_their_posts_and_are_invented(played):
    assert set(Cost.objects.values_list("notice__number", flat=True)) == {"M2-2024", "M2-2025"}
    assert set(Cost.objects.values_list("kind", flat=True)) == {"personnel", "forwarded", "supervision"}
    assert not Cost.objects.exclude(source=demo.SOURCE).exists()
    assert Rate.objects.valid_on(TODAY).get(programme__key="kim-2", item="post").amount == 57_000


def test_one_of_two_scenarios_was_adopted_and_is_the_target(played):
    adopted = Scenario.objects.get(adopted_at__isnull=False)
    assert (Scenario.objects.count(), adopted.adopted_from) == (2, dt.date(2025, 1, 1))
    targets = StaffingTarget.objects.believed().filter(scenario=adopted)
    assert (targets.count(), sum(one.fte for one in targets)) == (19, 17)


def test_without_the_papers_there_is_nothing_to_go_on(db):
    assert demo.load() == ""
    assert not User.objects.filter(username="admin2").exists()


def test_a_start_loads_it_with_the_rest(monkeypatch, db):
    """`load_demo` on a database that has the issues already brings what the apps above add."""
    said = []
    monkeypatch.setattr(demo, "load", lambda: said.append("funding") or "")
    monkeypatch.setattr(load_demo.Issue.objects, "exists", lambda: True, raising=False)
    monkeypatch.setattr("casework.demo.load", lambda: "")
    monkeypatch.setattr(load_demo, "keep_password", lambda: False)
    call_command("load_demo", yes_this_is_a_demo=True)
    assert said == ["funding"]


def test_whoever_holds_a_post_is_employed_by_whom_the_post_is(played):
    windeck = User.objects.get(username="casemanager")
    rows = windeck.assignments.filter(known_until=None).order_by("valid_from")
    assert [str(row.employer) for row in rows] == ["Rhein-Sieg-Kreis, Kreisverwaltung", "Gemeinde Windeck"]
    assert {row.weekdays for row in rows} == {"12345"}
    term = windeck.occupancies.believed().get().post.terms.believed().get(valid_until=None)
    assert term.employer == rows[1].employer
