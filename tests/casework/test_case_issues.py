"""From the case into the chain: the gate knows its people, the link stays in casework, answers come back."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from casework.lifecycle import State
from casework.linked_issues import answers, blocking_choices, linked
from casework.models import Case, CaseIssue
from kim import workdays
from kim.models import Absence, Code, Draft, Notice, Role, TrailEntry, User
from kim.workflow import StepRefused
from steering.escalation import State as At
from steering.linked_cases import Seen
from steering.models import Interface, Issue
from tests.casework.factories import case, case_at, case_manager, code, consultation, take
from tests.casework.factories import client as person
from tests.factories import codes, county, draft, issue_at, limits, municipality, organisation, user
from tests.factories import take as take_issue
from tests.htmx import SWAP, element

pytestmark = pytest.mark.django_db

SITUATION = "Bis der neue Titel ausgestellt ist, werden Leistungen eingestellt."
INTERIM = "Wir bitten die Kasse um einen Abschlag."


def as_(client, who):
    client.force_login(who)
    return client


def url(name, obj):
    return reverse(f"casework:{name}", args=[obj.pk])


@pytest.fixture
def led():
    limits()
    codes()
    return case_at(State.MONITORING, person=person("Nadia", "Rahimi", birth_date=dt.date(1991, 7, 14)))


@pytest.fixture
def owner(led):
    return led.owner


def sent(**given):
    return {
        "act": "report",
        "title": "Leistungen enden vor der Verlängerung",
        "situation": SITUATION,
        "topic": codes().topic.pk,
        "legal_areas": [codes().legal_area.pk],
        "municipality": municipality().pk,
        "urgency": "2",
    } | given


def nothing_left():
    return not Issue.objects.exists() and not CaseIssue.objects.exists() and not Notice.objects.exists()


# Reporting


def test_a_report_from_a_case_is_linked_in_casework_alone(client, led, owner):
    Draft.keep(owner, f"case:{led.pk}:issue", {"title": "angefangen"})
    answer = as_(client, owner).post(url("case_issue_new", led), sent(interim=INTERIM))
    assert (answer.status_code, answer.url) == (302, led.get_absolute_url())
    issue, link = Issue.objects.get(), CaseIssue.objects.get()
    assert issue.state == At.COORDINATION
    assert (link.case, link.issue, link.interim, link.interim_shared, link.by) == (led, issue, INTERIM, False, owner)
    assert not Draft.objects.exists()
    assert led.number not in client.get(issue.get_absolute_url()).text
    assert INTERIM not in client.get(issue.get_absolute_url()).text
    assert TrailEntry.objects.filter(act="case.link_issue").exists()


def test_a_report_from_a_case_says_where_it_jams(client, led, owner):
    both = [organisation(), organisation("jobcenter", name="Jobcenter", kind="employment")]
    there = Interface.identify(by=user(Role.STRATEGIC_OFFICE), title="Übergabe der Akte", between=both)
    as_(client, owner)
    assert "Übergabe der Akte" in client.get(url("case_issue_new", led)).text
    assert client.post(url("case_issue_new", led), sent(interface=there.pk)).status_code == 302
    assert Issue.objects.get().interface == there


def test_from_a_case_too_it_is_said_who_will_be_told_and_looking_keeps_nothing(client, led, owner):
    as_(client, owner)
    assert "Das wird mitgeteilt mit „Melden“" in client.get(url("case_issue_new", led)).text
    looked = TrailEntry.objects.count()
    swapped = client.post(url("case_issue_new", led), sent(act="preview"), headers=SWAP)
    assert swapped.status_code == 200
    assert f'data-hx-post="{url("case_issue_new", led)}"' in swapped.text
    assert TrailEntry.objects.count() == looked
    whole = client.post(url("case_issue_new", led), sent(act="preview", interim=INTERIM))
    assert whole.status_code == 200
    assert INTERIM in whole.text
    assert SITUATION in whole.text
    assert nothing_left()


@pytest.mark.parametrize("planted", ["Frau Rahimi wartet.", "geboren am 14.07.1991", "Рахими", "{number}"])
@pytest.mark.parametrize("field", ["title", "situation", "idea"])
def test_the_gate_knows_the_people_of_the_case_and_nothing_is_half_written(client, led, owner, planted, field):
    text = planted.format(number=led.number)
    answer = as_(client, owner).post(url("case_issue_new", led), sent(**{field: text}))
    assert answer.status_code == 422
    assert "lässt sich nicht bestätigen" in answer.text
    assert nothing_left()


def test_the_gate_knows_the_case_also_where_it_is_not_the_authors_own(client, led, owner):
    """The case in question counts even if the caseload did not hold it when the text was checked again."""
    as_(client, owner).post(url("case_issue_new", led), sent(act="save", situation="Rahimi wartet."))
    issue = Issue.objects.get()
    Case.objects.filter(pk=led.pk).update(owner=case_manager())
    again = User.objects.get(pk=owner.pk)
    answer = as_(client, again).post(reverse("steering:issue_edit", args=[issue.pk]), sent(situation="Rahimi wartet."))
    assert answer.status_code == 422
    assert "Rahimi" in element(answer.text, "datenschutz")


def test_what_may_be_vouched_for_is_vouched_for(client, led, owner):
    given = sent(situation=f"{SITUATION} Telefon 02241 1234567")
    held = as_(client, owner).post(url("case_issue_new", led), given)
    assert held.status_code == 422
    key = held.text.split('name="confirmed"')[1].split('value="')[1].split('"')[0]
    assert client.post(url("case_issue_new", led), given | {"confirmed": key}).status_code == 302
    assert CaseIssue.objects.count() == 1


def test_topic_areas_and_place_are_carried_over_and_no_text(client, led, owner):
    area, topic = codes().legal_area, codes().life_domain
    one = consultation(case=led, legal_areas=[area], topics=[topic], note="Nur für die Akte.", next_step="Anrufen")
    page = as_(client, owner).get(url("consultation_issue_new", one)).text
    form = element(page, "meldung")
    assert f'<option value="{topic.pk}" selected>' in form
    assert f'<option value="{led.municipality_id}" selected>' in form
    assert f'value="{area.pk}" id="id_legal_areas_0" checked' in " ".join(form.split())
    for text in ("Nur für die Akte.", "Anrufen", led.number, "Rahimi"):
        assert text not in form
    led.client.legal_areas.create(area=area, valid_from=workdays.today())
    form = element(client.get(url("case_issue_new", led)).text, "meldung")
    assert "checked" in form
    assert f'<option value="{topic.pk}" selected>' in form


def test_pages_ask_no_more_than_twelve_times(client, led, owner, django_assert_max_num_queries):
    link = CaseIssue.link(by=owner, issue=issue_at(At.STRATEGY), case=led)
    one = consultation(case=led)
    as_(client, owner)
    client.get(led.get_absolute_url())
    for name, obj in [
        ("case_issue_new", led), ("case_issue_link", led), ("consultation_issue_new", one),
        ("consultation_issue_link", one), ("case_issue_edit", link),
    ]:  # fmt: skip
        client.get(url(name, obj))
        with django_assert_max_num_queries(12):
            assert client.get(url(name, obj)).status_code == 200


def test_from_a_consultation_both_are_linked_from_an_anonymous_one_itself(client, led, owner):
    one, alone = consultation(case=led), consultation(by=owner)
    as_(client, owner).post(url("consultation_issue_new", one), sent())
    assert (CaseIssue.objects.get().case, CaseIssue.objects.get().consultation) == (led, one)
    answer = client.post(url("consultation_issue_new", alone), sent(title="Ein anderes Problem"))
    assert answer.url == alone.get_absolute_url()
    link = CaseIssue.objects.latest("pk")
    assert (link.case, link.consultation) == (None, alone)
    assert "Ein anderes Problem" in client.get(alone.get_absolute_url()).text


def test_a_report_sent_twice_is_taken_once(client, led, owner):
    given = sent(municipality=municipality().pk)
    for _ in range(2):
        assert as_(client, owner).post(url("case_issue_new", led), given).status_code == 302
    assert (Issue.objects.count(), CaseIssue.objects.count()) == (1, 1)


def test_a_draft_is_linked_too_and_an_incomplete_report_is_none(client, led, owner):
    assert as_(client, owner).post(url("case_issue_new", led), sent(situation="")).status_code == 422
    assert nothing_left()
    client.post(url("case_issue_new", led), sent(act="save", situation=""))
    assert Issue.objects.get().state == At.DRAFT
    assert "Entwurf" in element(client.get(led.get_absolute_url()).text, "case-issues")


def test_a_locked_case_reports_nothing(client, led, owner):
    led.consent_in_force.withdraw(by=owner)
    assert as_(client, owner).post(url("case_issue_new", led), sent()).status_code == 403
    assert as_(client, owner).get(url("case_issue_link", led)).status_code == 403
    assert nothing_left() or not Issue.objects.exists()


def test_similar_ones_offer_to_tie_the_case(client, led, owner):
    there = issue_at(At.STRATEGY, title="Leistungen enden vor der Verlängerung des Titels")
    hidden = issue_at(At.COORDINATION, title="Leistungen enden vor der Verlängerung im Amt")
    page = as_(client, owner).post(
        url("case_issue_similar", led), {"title": "Leistungen enden vor der Verlängerung"}, headers=SWAP
    )
    assert f"{url('case_issue_link', led)}?issue={there.pk}" in page.text
    assert hidden.title not in page.text
    whole = client.post(url("case_issue_similar", led), {"title": "Leistungen enden vor der Verlängerung"})
    assert "<h1" in whole.text


# Tying one that is there


def test_one_that_is_there_is_tied_and_joined(client, led, owner):
    there = issue_at(At.STRATEGY)
    as_(client, owner)
    assert there.title in client.get(f"{url('case_issue_link', led)}?issue={there.pk}").text
    found = client.post(url("case_issue_link", led), {"words": there.title.split()[0], "act": "search"})
    assert there.number in found.text
    answer = client.post(
        url("case_issue_link", led), {"act": "link", "issue": there.pk, "join": "on", "interim": INTERIM}
    )
    assert answer.url == led.get_absolute_url()
    assert CaseIssue.objects.get().interim == INTERIM
    assert there.reporters.filter(user=owner, first=False).exists()
    again = client.post(url("case_issue_link", led), {"act": "link", "issue": there.pk})
    assert again.status_code == 422
    with pytest.raises(StepRefused):
        CaseIssue.link(by=owner, issue=there, case=led)


def test_without_a_tick_nobody_joins(client, led, owner):
    there = issue_at(At.STRATEGY)
    as_(client, owner).post(url("case_issue_link", led), {"act": "link", "issue": there.pk})
    assert CaseIssue.objects.count() == 1
    assert not there.reporters.filter(user=owner).exists()


@pytest.mark.parametrize("state", [At.DRAFT, At.COORDINATION])
def test_what_one_may_not_see_cannot_be_tied(client, led, owner, state):
    hidden = issue_at(state)
    as_(client, owner)
    for given in ({"issue": hidden.pk}, {"issue": hidden.pk, "words": hidden.title}, {"issue": "9" * 30}, {}):
        answer = client.post(url("case_issue_link", led), {"act": "link"} | given)
        assert answer.status_code == 422
        assert "verknüpft: " not in answer.text
    assert hidden.title not in client.get(f"{url('case_issue_link', led)}?issue={hidden.pk}").text
    assert not CaseIssue.objects.exists()


# What is done meanwhile


def test_what_is_shared_passes_the_gate_and_stands_with_the_issue(client, led, owner):
    there = issue_at(At.STRATEGY)
    link = CaseIssue.link(by=owner, issue=there, case=led)
    as_(client, owner)
    held = client.post(url("case_issue_edit", link), {"interim": "Frau Rahimi geht zur AWO.", "interim_shared": "on"})
    assert held.status_code == 422
    assert "Rahimi" in element(held.text, "datenschutz")
    link.refresh_from_db()
    assert (link.interim, link.interim_shared) == ("", False)
    client.post(url("case_issue_edit", link), {"interim": "Frau Rahimi geht zur AWO."})
    other = case_manager()
    assert "AWO" not in as_(client, other).get(there.get_absolute_url()).text
    as_(client, owner).post(url("case_issue_edit", link), {"interim": INTERIM, "interim_shared": "on"})
    assert TrailEntry.objects.filter(act="case.interim", note="gezeigt").exists()
    assert INTERIM in as_(client, other).get(there.get_absolute_url()).text
    assert INTERIM not in as_(client, user(Role.STRATEGIC_OFFICE)).get(there.get_absolute_url()).text


def test_a_withdrawn_consent_takes_back_what_was_shared(client, led, owner):
    there = issue_at(At.STRATEGY)
    CaseIssue.link(by=owner, issue=there, case=led, interim=INTERIM, shared=True)
    led.consent_in_force.withdraw(by=owner)
    assert INTERIM not in as_(client, case_manager()).get(there.get_absolute_url()).text


def test_only_who_works_on_the_case_changes_it(led, owner):
    link = CaseIssue.link(by=owner, issue=issue_at(At.STRATEGY), case=led)
    alone = CaseIssue.link(by=owner, issue=issue_at(At.STRATEGY), consultation=consultation(by=owner))
    for one in (link, alone):
        with pytest.raises(PermissionDenied):
            one.change_interim(by=case_manager(), interim="Nichts")


# In how many cases


@pytest.mark.parametrize(
    ("number", "below", "words"),
    [(0, 5, ""), (1, 5, "in unter 5 Fällen"), (4, 5, "in unter 5 Fällen"), (5, 5, "in 5 Fällen"), (7, 5, "in 7 Fällen"),
     (1, 1, "in einem Fall"), (501, 5, "in mehr als 500 Fällen")],
)  # fmt: skip
def test_a_small_number_is_never_told_exactly(number, below, words):
    assert Seen(number).words(county(small_cell_below=below)) == words


def test_the_issue_says_in_how_many_cases_and_in_which_never(client, led, owner, django_assert_max_num_queries):
    lead, bundled = issue_at(At.STRATEGY), issue_at(At.COORDINATION)
    take_issue(bundled, "merge", lead=lead)
    cases = [led, *(case(by=owner, person=person(f"Person{n}", "Beispiel")) for n in range(5))]
    for one in cases[:4]:
        CaseIssue.link(by=owner, issue=lead, case=one)
    CaseIssue.link(by=owner, issue=lead, consultation=consultation(by=owner))
    as_(client, case_manager())
    client.get(lead.get_absolute_url())
    assert "in unter 5 Fällen" in client.get(lead.get_absolute_url()).text
    CaseIssue.link(by=owner, issue=bundled, case=cases[3])  # the same case twice
    for one in cases[4:]:
        CaseIssue.link(by=owner, issue=bundled, case=one)
    with django_assert_max_num_queries(12):
        page = client.get(lead.get_absolute_url()).text
    assert "in 6 Fällen" in page
    assert "RSK-" not in page


# What comes back


def test_the_answer_stands_with_the_case_and_neither_closes_the_other(client, led, owner):
    there = issue_at(At.FEEDBACK_DUE, reported_by=owner)
    CaseIssue.link(by=owner, issue=there, case=led)
    as_(client, owner)
    assert "Antwort vom" not in element(client.get(led.get_absolute_url()).text, "case-issues")
    assert answers(led, owner) == []
    take_issue(there, "feed_back", feedback="Die vorläufige Bescheinigung genügt jetzt.")
    part = element(client.get(led.get_absolute_url()).text, "case-issues")
    assert "Die vorläufige Bescheinigung genügt jetzt." in part
    assert [one.answer for one in answers(led, owner)] == ["Die vorläufige Bescheinigung genügt jetzt."]
    take_issue(there, "confirm")
    led.refresh_from_db()
    assert led.state == State.MONITORING
    open_one = issue_at(At.STRATEGY, reported_by=owner)
    CaseIssue.link(by=owner, issue=open_one, case=led)
    take(led, "evaluate")
    blocked = code(Code.List.CLOSING_REASON, "STRUKTUR")
    take(led, "close", closing_reason=blocked, blocked_by=open_one)
    open_one.refresh_from_db()
    assert open_one.state == At.STRATEGY


def test_an_answer_stays_on_the_timeline_of_every_linked_case_when_the_issue_is_taken_up_again(client, led, owner):
    again, there = case_at(State.MONITORING, by=owner), issue_at(At.FEEDBACK_DUE, reported_by=owner)
    for one in (led, again):
        CaseIssue.link(by=owner, issue=there, case=one)

    def timelines():
        return [element(as_(client, owner).get(one.get_absolute_url()).text, "timeline") for one in (led, again)]

    line, note = f"Rückmeldung zum Knackpunkt {there.number}", "Der Knackpunkt wird wieder bearbeitet."
    assert not any(line in shown for shown in timelines())
    take_issue(there, "feed_back")
    assert [(shown.count(line), note in shown) for shown in timelines()] == [(1, False)] * 2
    take_issue(there, "reopen", by=owner)
    assert [(shown.count(line), note in shown) for shown in timelines()] == [(1, True)] * 2
    for step in ("forward", "table", "assign", "solve", "feed_back"):
        take_issue(there, step)
    assert [(shown.count(line), note in shown) for shown in timelines()] == [(2, False)] * 2


def test_the_answer_to_a_bundled_issue_is_that_of_its_lead(client, led, owner):
    lead, mine = issue_at(At.COORDINATION), issue_at(At.COORDINATION, reported_by=owner)
    take_issue(mine, "merge", lead=lead)
    CaseIssue.link(by=owner, issue=mine, case=led)
    lead.refresh_from_db()
    for step in ("forward", "table", "assign", "solve", "feed_back"):
        take_issue(lead, step)
    page = as_(client, owner).get(led.get_absolute_url()).text
    assert element(page, "timeline").count(f"Rückmeldung zum Knackpunkt {mine.number}") == 1
    part = element(page, "case-issues")
    assert f"gebündelt in {lead.number}" in part
    assert "Ab sofort genügt die vorläufige Bescheinigung." in part


def test_a_new_owner_learns_of_a_link_and_nothing_of_an_issue_not_released(client, led, owner):
    CaseIssue.link(by=owner, issue=draft(by=owner, title="Noch im Entwurf"), case=led)
    Case.objects.filter(pk=led.pk).update(owner=(taker := case_manager()))
    part = element(as_(client, taker).get(led.get_absolute_url()).text, "case-issues")
    assert "Noch im Entwurf" not in part
    assert "Knackpunkt, noch nicht freigegeben" in part
    (one,) = linked(list(CaseIssue.objects.all()), taker)
    assert one.issue is None
    assert one.answer == ""


def test_a_deputy_sees_what_the_owner_reported(client, led, owner):
    CaseIssue.link(by=owner, issue=draft(by=owner, title="Noch im Entwurf"), case=led)
    deputy, today = case_manager(), workdays.today()
    Absence.objects.create(user=owner, deputy=deputy, valid_from=today, valid_until=today + dt.timedelta(days=5))
    page = as_(client, User.objects.get(pk=deputy.pk)).get(led.get_absolute_url()).text
    assert "Noch im Entwurf" in element(page, "case-issues")


def test_what_blocks_a_case_is_chosen_from_its_own_issues(led, owner):
    own, _ = issue_at(At.STRATEGY), issue_at(At.STRATEGY)
    CaseIssue.link(by=owner, issue=own, case=led)
    assert blocking_choices(led, owner) == [own]
