"""The inbox: whose desk shows what, the reading pane, and several issues taken in hand at once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from zeal import zeal_ignore

from kim import workdays
from kim.models import Notice, Role
from steering.escalation import ESCALATION, State
from steering.models import Issue
from steering.notices import foresee, preview, preview_of_several
from tests.factories import county, issue_at, municipality, steering_group, take, user
from tests.htmx import element

pytestmark = pytest.mark.django_db
INBOX, TOGETHER = reverse("steering:inbox"), reverse("steering:inbox_together")
MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _there():
    county()
    steering_group()


@pytest.fixture
def coordination(client):
    person = user(Role.COORDINATION, name="Koordinierung")
    client.force_login(person)
    return person


@pytest.fixture
def _step_by_step():
    """Several at once are several steps, each with the queries of one: no repetition to be found fault with."""
    with zeal_ignore():
        yield


def seen(answer):
    return [line[0].pk for line in answer.context["rows"]]


def pick(*issues):
    return [f"{issue.pk}.{issue.step_no}" for issue in issues]


def pane(issue):
    return reverse("steering:inbox_issue", args=[issue.pk])


def test_each_desk_shows_what_lies_there(client):
    left = municipality(bank="left")
    there = {state: issue_at(state, municipality=left) for state in
             (State.COORDINATION, State.STRATEGY, State.STATE_LEVEL, State.FEEDBACK_DUE, State.PROJECT)}  # fmt: skip
    client.force_login(user(Role.COORDINATION))
    assert set(seen(client.get(INBOX))) == {there[State.COORDINATION].pk, there[State.FEEDBACK_DUE].pk}
    office = user(Role.STRATEGIC_OFFICE)
    client.force_login(office)
    assert set(seen(client.get(INBOX))) == {there[State.STRATEGY].pk, there[State.STATE_LEVEL].pk}


def test_an_office_contact_finds_the_own_bank_only(client):
    left, right = municipality(bank="left"), municipality(bank="right")
    here, there = issue_at(State.STRATEGY, municipality=left), issue_at(State.STRATEGY, municipality=right)
    office = user(Role.STRATEGIC_OFFICE, municipality=left)
    client.force_login(office)
    assert seen(client.get(INBOX)) == [here.pk]
    assert there.title in client.get(reverse("steering:issue_list")).content.decode()


def test_others_have_no_inbox(client):
    for role in (Role.CASE_MANAGER, Role.STEERING_GROUP, Role.PROJECT_GROUP, Role.ADMIN, Role.AUDIT):
        client.force_login(user(role))
        assert client.get(INBOX).status_code == 403
        assert client.get(TOGETHER, {"act": "forward", "pick": "1.1"}).status_code == 403


def test_a_deputy_finds_the_inbox_of_the_absent(client):
    issue = issue_at(State.COORDINATION)
    deputy, absent = user(Role.CASE_MANAGER), user(Role.COORDINATION)
    absent.absences.create(deputy=deputy, valid_from=workdays.today())
    client.force_login(deputy)
    assert seen(client.get(INBOX)) == [issue.pk]


def test_the_navigation_counts_what_lies_there(client, coordination):
    issue_at(State.COORDINATION)
    issue_at(State.FEEDBACK_DUE)
    page = client.get(INBOX)
    assert page.context["nav"].counts["steering:inbox"] == 2
    assert '<span class="kim-nav__count">2<span class="visually-hidden"> offen</span></span>' in page.content.decode()
    assert "2 Knackpunkte, davon 1 rückzumelden" in page.content.decode()
    assert "[[" not in page.content.decode()


def test_new_ones_are_marked_until_they_are_opened(client, coordination):
    issue = issue_at(State.COORDINATION)
    assert "<b>neu</b>" in client.get(INBOX).content.decode()
    assert client.get(pane(issue)).status_code == 200
    assert not Notice.objects.filter(recipient=coordination, read_at=None).exists()
    assert "<b>neu</b>" not in client.get(INBOX).content.decode()


def test_the_pane_shows_the_issue_who_reported_and_what_is_like_it(client, coordination):
    reporter = user(name="Case Management Eitorf")
    issue = issue_at(State.COORDINATION, reported_by=reporter, title="Jobcenter erkennt Bescheinigung nicht an")
    like = issue_at(State.STRATEGY, title="Jobcenter erkennt Bescheinigungen nicht an")
    issue_at(State.STRATEGY, title="Ganz etwas anderes")
    answer = client.get(pane(issue))
    page = answer.content.decode()
    assert "Case Management Eitorf" in page
    assert issue.situation in page
    fetched = f'data-hx-get="{(address := reverse("steering:issue_alike", args=[issue.pk]))}"'
    assert fetched in page
    found = client.get(address)
    assert [one.issue.pk for one in found.context["alike"]] == [like.pk]
    assert "Jobcenter" in found.context["alike"][0].shared
    assert 'data-key="w"' in page


def test_the_office_reads_no_reporter_in_the_pane(client):
    issue = issue_at(State.STRATEGY, reported_by=user(name="Case Management Eitorf"))
    client.force_login(user(Role.STRATEGIC_OFFICE))
    page = client.get(pane(issue)).content.decode()
    assert "Eitorf" not in page
    assert "von weniger als 5 Meldenden" in page


def test_four_eyes_show_in_the_pane_as_a_barred_step(client):
    both = user(roles=[Role.CASE_MANAGER, Role.COORDINATION])
    issue = issue_at(State.COORDINATION, reported_by=both)
    client.force_login(both)
    assert "Vier-Augen-Prinzip" in client.get(pane(issue)).content.decode()


def test_an_invisible_issue_does_not_exist_in_the_pane(client):
    issue = issue_at(State.COORDINATION)
    client.force_login(user(Role.STRATEGIC_OFFICE))
    assert client.get(pane(issue)).status_code == 404


def test_a_swap_brings_the_pane_alone_as_the_page_would(client, coordination):
    issue = issue_at(State.COORDINATION)
    whole = client.get(pane(issue)).content.decode()
    headers = {"HX-Request": "true", "HX-Target": "lesen"}
    part = client.get(pane(issue), headers=headers).content.decode()
    assert part.strip().startswith("<section")
    assert "".join(part.split()) in "".join(whole.split())


def test_the_inbox_is_steady_in_queries(client):
    place = municipality()
    for role, state in ((Role.COORDINATION, State.COORDINATION), (Role.STRATEGIC_OFFICE, State.STRATEGY)):
        client.force_login(user(role))
        counts = []
        for more in (2, 4):
            for _ in range(more):
                issue = issue_at(state, municipality=place)
            client.get(pane(issue))
            for url in (INBOX, pane(issue)):
                with CaptureQueriesContext(connection) as queries:
                    client.get(url)
                assert len(queries) <= MOST_QUERIES, [query["sql"][:90] for query in queries]
                counts.append(len(queries))
        assert counts[:2] == counts[2:], role


@pytest.mark.usefixtures("_step_by_step")
def test_several_are_forwarded_each_by_a_step_of_its_own(client, coordination):
    one, two = issue_at(State.COORDINATION), issue_at(State.COORDINATION)
    asked = client.get(TOGETHER, {"act": "forward", "pick": pick(one, two)})
    assert asked.status_code == 200
    assert [issue.pk for issue, _ in asked.context["issues"]] == [one.pk, two.pk]
    answer = client.post(TOGETHER, {"act": "forward", "pick": pick(one, two), "released": "on", "back": "q=x"})
    assert answer.url == f"{INBOX}?q=x"
    for issue in (one, two):
        issue.refresh_from_db()
        assert issue.state == State.STRATEGY
        assert issue.steps_taken.last().by == coordination


def test_without_the_release_nothing_is_forwarded(client, coordination):
    issue = issue_at(State.COORDINATION)
    answer = client.post(TOGETHER, {"act": "forward", "pick": pick(issue)})
    assert answer.status_code == 422
    assert "frei von Personendaten sind" in answer.content.decode()
    assert Issue.objects.get(pk=issue.pk).state == State.COORDINATION


@pytest.mark.usefixtures("_step_by_step")
def test_what_went_stays_and_what_did_not_is_told_one_by_one(client):
    both = user(roles=[Role.CASE_MANAGER, Role.COORDINATION])
    own, moved, free = (
        issue_at(State.COORDINATION, reported_by=both),
        issue_at(State.COORDINATION),
        issue_at("coordination"),
    )
    picked = pick(own, moved, free)
    take(moved, "solve")
    client.force_login(both)
    answer = client.post(TOGETHER, {"act": "forward", "pick": picked, "released": "on", "note": "Bitte bald."})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Vier-Augen-Prinzip" in page
    assert "bereits ausgeführt" in page
    assert "Bitte bald." in page
    states = dict(Issue.objects.values_list("pk", "state"))
    assert (states[own.pk], states[moved.pk], states[free.pk]) == ("coordination", "feedback_due", "strategy")
    assert {issue.pk for issue, _ in answer.context["issues"]} == {own.pk, moved.pk}


@pytest.mark.usefixtures("_step_by_step")
def test_several_are_handed_back_with_one_reason_that_passes_the_gate(client, coordination):
    one, two = issue_at(State.COORDINATION), issue_at(State.COORDINATION)
    given = {"act": "hand_back", "pick": pick(one, two), "reason": "Bitte Herrn Kowalski, Tel. 02241 123456, ergänzen."}
    answer = client.post(TOGETHER, given)
    assert answer.status_code == 422
    assert set(Issue.objects.values_list("state", flat=True)) == {"coordination"}
    assert "Kowalski" in answer.content.decode()
    answer = client.post(TOGETHER, given | {"reason": "Bitte die betroffenen Stellen ergänzen."})
    assert answer.status_code == 302
    assert set(Issue.objects.values_list("state", flat=True)) == {"draft"}


@pytest.mark.usefixtures("_step_by_step")
def test_several_are_bundled_in_one_that_may_be_among_them(client, coordination):
    lead, one, two = (issue_at(State.COORDINATION) for _ in range(3))
    given = {"act": "merge", "pick": pick(lead, one, two)}
    assert client.post(TOGETHER, given | {"lead": "KP-1999-0001"}).status_code == 422
    assert client.post(TOGETHER, given | {"lead": lead.number.lower()}).status_code == 302
    assert set(Issue.objects.filter(state="merged").values_list("pk", "lead")) == {(one.pk, lead.pk), (two.pk, lead.pk)}


@pytest.mark.usefixtures("_step_by_step")
def test_the_office_puts_several_on_an_agenda(client):
    one, two = issue_at(State.STRATEGY), issue_at(State.STRATEGY)
    client.force_login(user(Role.STRATEGIC_OFFICE))
    meeting = steering_group().next_meeting()
    answer = client.post(TOGETHER, {"act": "table", "pick": pick(one, two), "meeting": meeting.pk})
    assert answer.status_code == 302
    assert meeting.agenda.count() == 2


@pytest.mark.parametrize("picked", [[], ["x"], ["1"], ["99999999999999999999.1"], ["-1.0"], ["1.٣"]])
def test_nothing_to_take_in_hand_leads_back_with_a_word(client, coordination, picked):
    answer = client.get(TOGETHER, {"act": "forward", "pick": picked}, follow=True)
    assert "Bitte wählen Sie zuerst" in answer.content.decode()


def test_an_act_that_is_not_for_several_does_not_exist(client, coordination):
    issue = issue_at(State.COORDINATION)
    assert client.get(TOGETHER, {"act": "solve", "pick": pick(issue)}).status_code == 404


def test_no_foreign_issue_can_be_picked(client):
    issue = issue_at(State.COORDINATION)
    client.force_login(user(Role.STRATEGIC_OFFICE))
    client.post(TOGETHER, {"act": "hand_back", "pick": pick(issue), "reason": "Bitte ergänzen."})
    assert Issue.objects.get(pk=issue.pk).state == State.COORDINATION


@pytest.mark.usefixtures("_step_by_step")
def test_what_a_colleague_handed_back_meanwhile_is_named_and_the_text_is_kept(client, coordination):
    gone, here = issue_at(State.COORDINATION), issue_at(State.COORDINATION)
    picked = pick(gone, here)
    take(gone, "hand_back", by=user(Role.COORDINATION))
    sent = {"act": "hand_back", "reason": "Bitte die Kommune nennen.", "pick": picked}
    answer = client.post(TOGETHER, sent)
    assert answer.status_code == 409
    assert f"{gone.number}: „Zurück zur Ergänzung“ wurde am" in answer.text
    here.refresh_from_db()
    assert here.state == State.DRAFT
    alone = client.post(TOGETHER, sent | {"pick": picked[:1]})
    assert alone.status_code == 409
    assert "Bitte die Kommune nennen." in alone.text


@pytest.mark.parametrize(("act", "role", "state"), [
    ("forward", Role.COORDINATION, State.COORDINATION), ("merge", Role.COORDINATION, State.COORDINATION),
    ("hand_back", Role.COORDINATION, State.COORDINATION), ("hand_back", Role.STRATEGIC_OFFICE, State.STRATEGY),
    ("table", Role.STRATEGIC_OFFICE, State.STRATEGY),
])  # fmt: skip
def test_the_preview_for_several_is_what_each_step_tells(act, role, state):
    left, right = municipality(bank="left"), municipality(bank="right")
    for place in (left, right):
        user(Role.STRATEGIC_OFFICE, municipality=place)
    user(Role.STRATEGIC_OFFICE)
    user(Role.COORDINATION)
    actor, joined = user(role), user()
    issues = [issue_at(state, municipality=place) for place in (left, right)]
    issues[0].reporters.create(user=joined, first=False)
    take(issue_at(State.COORDINATION), "merge", lead=issues[1])
    actor.absences.create(deputy=user(), valid_from=workdays.today())
    given = {"meeting": steering_group().next_meeting()} if act == "table" else {}
    fresh = list(Issue.objects.for_list().filter(pk__in=[issue.pk for issue in issues]).order_by("pk"))
    at_once = preview_of_several(fresh, act, given, by=actor)
    with zeal_ignore():
        one_by_one = [
            telling
            for issue in fresh
            for telling in preview(foresee(issue, ESCALATION.find(act, state), given), act, by=actor)
        ]
    assert at_once
    assert [(one.who, one.text, {p.pk for p in one.people}) for one in at_once] == [
        (one.who, one.text, {p.pk for p in one.people}) for one in one_by_one
    ]


def test_several_bundled_into_an_answered_one_are_told_its_answer(coordination):
    reporters = [user(Role.CASE_MANAGER) for _ in range(2)]
    issues = [issue_at(State.COORDINATION, reported_by=one) for one in reporters]
    answered = issue_at(State.FED_BACK)
    fresh = list(Issue.objects.for_list().filter(pk__in=[issue.pk for issue in issues]).order_by("pk"))
    found = preview_of_several(fresh, "merge", {"lead": answered}, by=coordination)
    (late,) = [telling for telling in found if telling.text.startswith("Die Antwort auf Ihre Meldung ist da.")]
    assert {one.pk for one in late.people} == {one.pk for one in reporters}


def test_several_at_once_say_who_and_how_many_will_read_what(client, coordination):
    issues = [issue_at(State.COORDINATION, title=f"Thema {number}") for number in range(4)]
    user(Role.STRATEGIC_OFFICE)
    user(Role.STRATEGIC_OFFICE)
    page = client.get(TOGETHER, {"act": "forward", "pick": pick(*issues)}).text
    assert "4 Meldende:" in page
    assert "(2 Konten)" in page
    assert "Neu von der Koordinierung: „Thema 0“, fällig" in page
    assert "und 1 weitere" in page


def test_several_at_once_cost_the_same_for_many(client, coordination, django_assert_max_num_queries):
    counts, issues = [], []
    for more in (2, 6):
        issues += [issue_at(State.COORDINATION) for _ in range(more)]
        client.get(TOGETHER, {"act": "forward", "pick": pick(*issues)})
        with CaptureQueriesContext(connection) as queries, django_assert_max_num_queries(MOST_QUERIES):
            client.get(TOGETHER, {"act": "forward", "pick": pick(*issues)})
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_they_are_bundled_into_is_chosen_from_a_list(client, coordination):
    """One of them, or one that is like them; as where a single one is bundled."""
    one, other = issue_at(State.COORDINATION), issue_at(State.COORDINATION, title="Keine Plätze im Deutschkurs")
    alike = issue_at(State.COORDINATION)
    page = client.get(TOGETHER, {"act": "merge", "pick": pick(one, other)}).text
    assert 'list="aehnliche-kennungen"' in page
    listed = element(page, "aehnliche-kennungen")
    for issue in (one, other, alike):
        assert f'<option value="{issue.number}">{issue.title}</option>' in listed
    assert listed.count("<option") == 3


def test_the_keys_named_are_those_of_the_steps_the_desk_knows(client):
    for role, expected in [
        (Role.COORDINATION, {"w": "forward", "b": "merge", "z": "hand_back", "r": "feed_back"}),
        (Role.STRATEGIC_OFFICE, {"z": "hand_back", "t": "table"}),
    ]:
        client.force_login(user(role))
        answer = client.get(INBOX)
        assert dict(answer.context["keys"]) == {key: ESCALATION.label(name) for key, name in expected.items()}
        for key in "wbztr":
            assert (f"<kbd>{key}</kbd>" in element(answer.text, "lesen")) is (key in expected)


def test_nothing_is_read_before_it_is_opened_but_the_way_to_the_first_is_short(client, coordination):
    issue = issue_at("coordination")
    page = client.get(INBOX).text
    pane = element(page, "lesen")
    assert issue.title in pane
    assert f'href="{reverse("steering:inbox_issue", args=[issue.pk])}"' in pane
    assert Notice.objects.filter(recipient=coordination, read_at=None).exists()


def test_what_is_said_of_the_whole_inbox_is_not_said_of_a_search(client, coordination):
    issue = issue_at("coordination")
    page = " ".join(client.get(INBOX, {"q": "nirgends"}).text.split())
    assert "Insgesamt 1 Knackpunkt" in page
    assert "Nichts gefunden" in page
    take(issue, "forward")
    assert "Insgesamt" not in client.get(INBOX).text
