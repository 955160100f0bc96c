"""Assessment and help plan: sections, pages, versions, and the paper to sign."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from casework.lifecycle import State
from casework.models import Assessment, Goal, GoalMeasure, PlanVersion
from kim import trail, workdays
from kim.models import Code, Draft
from kim.workflow import StepRefused
from tests.casework.factories import actor, case_at, code, consent, goal

pytestmark = pytest.mark.django_db


@pytest.fixture
def led():
    return case_at(State.PLANNING)


@pytest.fixture
def signed_in(client, led):
    client.force_login(led.owner)
    return client


def url(case, rest=""):
    return f"/casework/cases/{case.pk}/{rest}"


def in_days(number):
    return f"{workdays.today() + dt.timedelta(days=number):%d.%m.%Y}"


def measure(goal, **fields):
    given = {"text": "Antrag stellen", "who": "client"}
    return GoalMeasure.objects.create(goal=goal, **given | fields)


class TestAssessment:
    def test_values_of_several_life_domains_are_kept_at_once(self, signed_in, led):
        home, work = code(Code.List.LIFE_DOMAIN), code(Code.List.LIFE_DOMAIN, "ARBEIT")
        sent = {f"start_{home.pk}": "3", f"end_{home.pk}": "5", f"start_{work.pk}": "1", f"note_{work.pk}": "Sucht."}
        assert signed_in.post(url(led, "assessment/"), sent).status_code == 302
        rows = {row.life_domain_id: (row.start, row.end, row.note) for row in led.assessments.all()}
        assert rows == {home.pk: (3, 5, ""), work.pk: (1, None, "Sucht.")}
        assert trail.of(led).last().act == "case.assessment"

    def test_an_emptied_one_is_taken_back(self, signed_in, led):
        assert led.assessments.count() == 1
        domain = led.assessments.get().life_domain
        assert signed_in.post(url(led, "assessment/"), {f"start_{domain.pk}": ""}).status_code == 302
        assert not led.assessments.exists()

    def test_a_note_without_a_value_is_told(self, signed_in, led):
        work = code(Code.List.LIFE_DOMAIN, "ARBEIT")
        answer = signed_in.post(url(led, "assessment/"), {f"note_{work.pk}": "Sucht."})
        assert answer.status_code == 422
        assert "fehlt der Ausgangswert" in answer.content.decode()

    def test_the_number_of_questions_does_not_grow_with_the_domains(self, signed_in, led):
        def asked():
            with CaptureQueriesContext(
                connection,
            ) as found:
                assert signed_in.get(url(led, "assessment/")).status_code == 200
            return len(found)

        asked()
        few = asked()
        for key in ("ARBEIT", "SPRACHE", "KITA", "SCHULE", "FAM"):
            Assessment.value(led, by=led.owner, life_domain=code(Code.List.LIFE_DOMAIN, key), start=2)
        assert asked() == few <= 12


class TestGoals:
    def test_a_goal_is_taken_up_changed_and_valued(self, signed_in, led):
        domain = code(Code.List.LIFE_DOMAIN)
        sent = {"life_domain": domain.pk, "text": "Eine Wohnung finden", "until": in_days(30)}
        assert signed_in.post(url(led, "goals/new/"), sent).status_code == 302
        made = led.goals.get()
        assert (made.text, made.status) == ("Eine Wohnung finden", "open")
        edited = sent | {"text": "Eine Wohnung in Siegburg finden", "standing": "3"}
        assert signed_in.post(url(led, f"goals/{made.pk}/edit/"), edited).status_code == 302
        made.refresh_from_db()
        assert (made.text, made.status, made.achievement) == ("Eine Wohnung in Siegburg finden", "done", 3)
        signed_in.post(url(led, f"goals/{made.pk}/edit/"), edited | {"standing": "running"})
        made.refresh_from_db()
        assert (made.status, made.achievement) == ("running", None)
        signed_in.post(url(led, f"goals/{made.pk}/edit/"), edited | {"standing": "9"})
        made.refresh_from_db()
        assert (made.status, made.achievement) == ("dropped", 9)

    def test_a_new_goal_does_not_end_before_it_begins(self, signed_in, led):
        sent = {"life_domain": code(Code.List.LIFE_DOMAIN).pk, "text": "Eine Wohnung", "until": "01.02.2020"}
        answer = signed_in.post(url(led, "goals/new/"), sent)
        assert answer.status_code == 422
        assert not led.goals.exists()

    def test_what_was_typed_before_is_there_again(self, signed_in, led):
        Draft.keep(led.owner, f"case:{led.pk}:goal", {"text": "Angefangener Satz"})
        assert "Angefangener Satz" in signed_in.get(url(led, "goals/new/")).content.decode()

    def test_a_measure_names_who_does_it(self, signed_in, led):
        for_goal = goal(led)
        page = url(led, f"goals/{for_goal.pk}/measures/new/")
        there = actor(name="Diakonie")
        sent = {"text": "Bürgschaft klären", "who": "actor", "status": "open"}
        assert signed_in.post(page, sent).status_code == 422
        assert signed_in.post(page, sent | {"who": "client", "actor": there.pk}).status_code == 422
        assert signed_in.post(page, sent | {"actor": there.pk, "actor_name": "Caritas"}).status_code == 422
        assert signed_in.post(page, sent | {"actor": there.pk}).status_code == 302
        made = for_goal.measures.get()
        assert made.doer == "Diakonie"
        edited = {"text": "Bürgschaft klären", "who": "case_manager", "status": "done", "until": in_days(5)}
        assert signed_in.post(url(led, f"measures/{made.pk}/edit/"), edited).status_code == 302
        made.refresh_from_db()
        assert (made.doer, made.status, made.actor) == ("Case Management", "done", None)

    def test_a_goal_of_another_case_is_not_there(self, signed_in, led):
        other = goal(case_at(State.PLANNING))
        assert signed_in.get(url(led, f"goals/{other.pk}/edit/")).status_code == 404
        assert signed_in.get(url(led, f"measures/{measure(other).pk}/edit/")).status_code == 404


class TestVersions:
    def test_a_version_stays_whatever_changes_later(self, signed_in, led):
        made = goal(led)
        measure(made)
        day = {"agreed_on": f"{workdays.today():%d.%m.%Y}"}
        assert signed_in.post(url(led, "plan/agree/"), day).status_code == 302
        made.edit(by=led.owner, life_domain=made.life_domain, text="Etwas anderes", until=made.until, standing="open")
        assert "Eine eigene Wohnung finden" in signed_in.get(url(led, "plan/1/")).content.decode()
        shown = signed_in.get(url(led, "plan/")).content.decode()
        assert "Etwas anderes" in shown
        assert "seit Fassung 1 geändert" in shown
        assert signed_in.post(url(led, "plan/agree/"), day).status_code == 302
        assert led.plan_versions.count() == 2

    def test_nothing_new_is_no_version(self, signed_in, led):
        goal(led)
        PlanVersion.agree(led, by=led.owner)
        answer = signed_in.post(url(led, "plan/agree/"), {"agreed_on": f"{workdays.today():%d.%m.%Y}"})
        assert answer.status_code == 409
        assert "nichts geändert" in answer.content.decode()

    def test_a_version_is_not_older_than_the_one_before(self, led):
        made = goal(led)
        PlanVersion.agree(led, by=led.owner)
        measure(made)
        with pytest.raises(StepRefused, match="also später"):
            PlanVersion.agree(led, by=led.owner, agreed_on=workdays.today() - dt.timedelta(days=2))

    def test_a_plan_without_a_goal_is_not_agreed(self, signed_in, led):
        answer = signed_in.post(url(led, "plan/agree/"), {"agreed_on": f"{workdays.today():%d.%m.%Y}"})
        assert answer.status_code == 409
        assert not led.plan_versions.exists()

    def test_questions_of_the_plan_do_not_grow_with_it(self, signed_in, led):
        def asked():
            with CaptureQueriesContext(connection) as found:
                assert signed_in.get(url(led, "plan/")).status_code == 200
            return len(found)

        measure(goal(led))
        PlanVersion.agree(led, by=led.owner)
        asked()
        few = asked()
        for number in range(6):
            made = goal(led, text=f"Ziel {number}")
            for _ in range(3):
                measure(made, who="actor", actor=actor())
            PlanVersion.agree(led, by=led.owner)
        assert asked() == few <= 12


class TestPaper:
    def test_it_is_a_pdf_named_after_the_case_and_kept_nowhere(self, signed_in, led):
        measure(goal(led))
        answer = signed_in.get(url(led, "plan/print/"))
        assert answer.content.startswith(b"%PDF-")
        assert answer["Content-Disposition"] == f'inline; filename="{led.number}-Hilfeplan.pdf"'
        assert "no-store" in answer["Cache-Control"]
        assert trail.of(led).last().act == "case.print_plan"

    def test_a_version_prints_as_it_was_agreed(self, signed_in, led):
        goal(led)
        PlanVersion.agree(led, by=led.owner)
        assert signed_in.get(url(led, "plan/1/print/")).content.startswith(b"%PDF-")
        assert signed_in.get(url(led, "plan/2/print/")).status_code == 404


class TestOnTheCase:
    def test_the_sections_show_goals_values_and_ways_on(self, signed_in, led):
        measure(goal(led))
        shown = signed_in.get(url(led)).content.decode()
        for words in ("Eine eigene Wohnung finden", "1 Maßnahme", "Assessment", "Hilfeplan", "Einwilligungen"):
            assert words in shown
        assert url(led, "plan/") in shown
        assert url(led, "assessment/") in shown

    def test_a_locked_case_is_read_but_not_worked_on(self, signed_in, led):
        made = goal(led)
        led.consent_in_force.withdraw(by=led.owner)
        assert url(led, "assessment/") not in signed_in.get(url(led)).content.decode()
        for rest in (
            "assessment/",
            "goals/new/",
            f"goals/{made.pk}/edit/",
            "plan/agree/",
            "plan/print/",
            "documents/new/",
        ):
            answer = signed_in.get(url(led, rest))
            assert answer.status_code == 403
            assert "gesperrt" in answer.content.decode()
        consent(led)
        assert signed_in.get(url(led, "goals/new/")).status_code == 200

    def test_the_questions_of_the_page_do_not_grow(self, signed_in, led):
        def asked():
            with CaptureQueriesContext(connection) as found:
                assert signed_in.get(url(led)).status_code == 200
            return len(found)

        asked()
        few = asked()
        for number in range(5):
            measure(Goal.add(led, by=led.owner, life_domain=code(Code.List.LIFE_DOMAIN), text=f"Ziel {number}",
                             until=workdays.today()))  # fmt: skip
        assert asked() == few <= 12
