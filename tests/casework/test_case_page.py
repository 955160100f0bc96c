"""The page of a case and its steps."""

import datetime as dt
import re
from types import SimpleNamespace

import pytest
from django.conf import settings

from casework.lifecycle import LIFECYCLE, State
from casework.models import CaseIssue, Client, Household
from casework.whereabouts import way_of
from kim import workdays
from kim.models import Code, Draft, TrailEntry
from tests.casework.factories import (
    case_at,
    code,
    consultation,
    take,
)
from tests.casework.factories import (
    client as person,
)
from tests.casework.pages import as_, url
from tests.factories import issue_at
from tests.htmx import element

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_page_and_every_step_a_form(client, state, django_assert_max_num_queries):
    made = case_at(state)
    home = Household.objects.create(adults=2, children=1)
    Client.objects.filter(pk=made.client_id).update(household=home)
    person("Kind", "Rahimi", household=home)
    consultation(case=made)
    as_(client, made.owner).get(url("case_detail", made.pk))
    with django_assert_max_num_queries(12):
        answer = client.get(url("case_detail", made.pk))
    assert answer.status_code == 200
    assert "Kind Rahimi" in answer.text
    for offer in LIFECYCLE.offers(made.owner, made):
        with django_assert_max_num_queries(12):
            assert client.get(url("case_step", made.pk, offer.step.name)).status_code == 200


def test_the_page_asks_as_often_with_much_on_it_as_with_little(client, led, django_assert_max_num_queries):
    as_(client, led.owner).get(url("case_detail", led.pk))
    with django_assert_max_num_queries(12) as few:
        client.get(url("case_detail", led.pk))
    for _ in range(5):
        consultation(case=led)
        led.client.legal_areas.create(area=code(Code.List.LEGAL_AREA), valid_from=workdays.today() - dt.timedelta(_))
    with django_assert_max_num_queries(len(few)):
        client.get(url("case_detail", led.pk))


def test_a_step_is_taken_with_what_it_needs(client, led):
    Draft.keep(led.owner, f"case:{led.pk}:rest", {"reason": "angefangen"})
    as_(client, led.owner)
    assert "angefangen" in client.get(url("case_step", led.pk, "rest")).text
    until = f"{workdays.today() + dt.timedelta(days=30):%d.%m.%Y}"
    sent = {"seen": led.step_no, "reason": "Verreist", "resting_until": until}
    assert client.post(url("case_step", led.pk, "rest"), sent).url == led.get_absolute_url()
    led.refresh_from_db()
    assert led.state == State.RESTING
    assert not Draft.objects.exists()
    assert "Verreist" in client.get(url("case_detail", led.pk)).text


def test_a_step_without_what_it_needs_says_so_and_changes_nothing(client, led):
    answer = as_(client, led.owner).post(url("case_step", led.pk, "rest"), {"seen": led.step_no, "reason": "Verreist"})
    assert answer.status_code == 422
    assert "Verreist" in answer.text
    led.refresh_from_db()
    assert led.state == State.ASSESSMENT


def test_a_barred_step_says_what_is_missing(client, led):
    as_(client, led.owner)
    assert "Ausgangswert" in client.get(url("case_detail", led.pk)).text
    answer = client.post(url("case_step", led.pk, "plan"), {"seen": led.step_no})
    assert answer.status_code == 409
    assert "Ausgangswert" in answer.text


def test_whoever_is_slower_keeps_what_they_typed(client, led):
    as_(client, led.owner)
    seen = led.step_no
    take(led, "plan")
    answer = client.post(
        url("case_step", led.pk, "rest"), {"seen": seen, "reason": "Langer Grund", "resting_until": "x"}
    )
    assert answer.status_code == 409
    assert "Langer Grund" in answer.text
    assert "bereits ausgeführt" in answer.text
    assert client.post(url("case_step", led.pk, "clear"), {"seen": led.step_no}).status_code == 409
    assert client.get(url("case_step", led.pk, "clear")).status_code == 409
    assert client.get(url("case_step", led.pk, "explode")).status_code == 404


def test_a_locked_case_says_so_and_can_only_be_ended(client, led):
    led.consent_in_force.withdraw(by=led.owner)
    text = as_(client, led.owner).get(url("case_detail", led.pk)).text
    assert "Der Fall ist gesperrt" in text
    assert client.get(url("case_edit", led.pk)).status_code == 403
    sent = {"seen": led.step_no, "closing_reason": code(Code.List.CLOSING_REASON).pk}
    assert client.post(url("case_step", led.pk, "break_off"), sent).status_code == 302


def test_ending_a_case_and_leaving_the_form_have_two_names(client, led):
    page = as_(client, led.owner).get(url("case_step", led.pk, "break_off")).text
    assert "Fall vorzeitig beenden" in page
    assert ">Zurück</a>" in page
    assert "Abbrechen" not in element(page, "schritte")


def test_structurally_blocked_names_its_issue(client, led):
    blocked = code(Code.List.CLOSING_REASON, "STRUKTUR")
    as_(client, led.owner)
    sent = {"seen": led.step_no, "closing_reason": blocked.pk}
    there = url("case_step", led.pk, "break_off")
    assert "verknüpfen Sie zuerst den Knackpunkt" in client.post(there, sent).text
    issue, other = issue_at("strategy"), issue_at("strategy")
    CaseIssue.link(by=led.owner, issue=issue, case=led)
    page = client.get(there).text
    assert re.findall(r'type="radio"\s+name="blocked_by"\s+value="(\d+)"', page) == [str(issue.pk)]
    assert issue.title in element(page, "id_blocked_by")
    assert f'<option value="{blocked.pk}" data-blocks' in page
    assert client.post(there, sent).status_code == 422
    assert client.post(there, sent | {"blocked_by": other.pk}).status_code == 422
    assert client.post(there, sent | {"blocked_by": issue.pk}).status_code == 302
    led.refresh_from_db()
    assert led.blocked_by == issue


def test_an_issue_chosen_before_another_reason_is_not_taken(client, led):
    issue = issue_at("strategy")
    CaseIssue.link(by=led.owner, issue=issue, case=led)
    sent = {"seen": led.step_no, "closing_reason": code(Code.List.CLOSING_REASON).pk, "blocked_by": issue.pk}
    assert as_(client, led.owner).post(url("case_step", led.pk, "break_off"), sent).status_code == 302
    led.refresh_from_db()
    assert led.blocked_by is None


def test_a_swapped_step_leaves_what_a_reload_shows(client, led):
    as_(client, led.owner)
    desk = client.get(url("case_step", led.pk, "rest"), headers={"HX-Request": "true"})
    assert desk.text.strip().startswith("<section")
    until = f"{workdays.today() + dt.timedelta(days=30):%d.%m.%Y}"
    sent = {"seen": led.step_no, "reason": "Verreist", "resting_until": until}
    swapped = client.post(url("case_step", led.pk, "rest"), sent, headers={"HX-Request": "true"})
    assert swapped.status_code == 200
    assert swapped.headers["HX-Replace-Url"] == led.get_absolute_url()
    assert "ruhend" in swapped.text


def test_opening_is_written_down_once(client, led):
    as_(client, led.owner)
    client.get(url("case_detail", led.pk))
    client.get(url("case_detail", led.pk))
    client.get(url("client_detail", led.client_id))
    assert TrailEntry.objects.filter(act="case.read", by=led.owner).count() == 1
    assert TrailEntry.objects.filter(act="client.read", by=led.owner).count() == 1


def test_what_is_written_about_a_case_can_be_changed(client, led):
    as_(client, led.owner)
    sent = {"municipality": led.municipality_id, "occasion": "Sucht Wohnung", "foreign_number": "KIM-1",
            "domain_count": "3", "system_barrier": "yes", "voluntary": "no"}  # fmt: skip
    assert client.post(url("case_edit", led.pk), sent).status_code == 302
    led.refresh_from_db()
    assert (led.occasion, led.foreign_number, led.domain_count) == ("Sucht Wohnung", "KIM-1", 3)
    assert (led.system_barrier, led.voluntary, led.actor_count) == (True, False, None)
    page = client.get(url("case_edit", led.pk)).text
    assert '<option value="yes" selected>' in page
    assert client.post(url("case_edit", led.pk), sent | {"domain_count": "-1"}).status_code == 422


@pytest.mark.parametrize("state", list(State))
def test_the_line_of_phases_has_one_place(state):
    made = SimpleNamespace(state=state)
    way = way_of(made, "monitoring")
    assert len(way.marks) == 9
    now = [mark for mark in way.marks if "is-now" in mark["css"]]
    assert len(now) == (0 if state in ("closed", "declined", "referred", "broken_off", "handed_over") else 1)


def test_a_case_taken_up_again_stands_in_one_phase(led):
    led.state = State.TAKEN_UP_AGAIN
    assert way_of(led, State.CLOSED).label == "Phase 3 von 9: wieder aufgenommen"


def test_what_one_can_do_is_not_printed_with_the_case(client, led):
    text = as_(client, led.owner).get(led.get_absolute_url()).text
    for words in ("Öffnen<", "Status ", "Rechtskreis wechseln"):
        before = text.rpartition(words)[0]
        assert "kim-noprint" in before[-260:], words
    css = (settings.BASE_DIR / "static" / "kim.css").read_text()
    assert "#fall .kim-section__head > span:has(> a), " in css
