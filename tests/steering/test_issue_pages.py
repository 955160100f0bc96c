"""The pages of one issue: what they answer, what they leave unchanged, and who sees what."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from kim import workdays
from kim.models import Draft, Notice, Role, TrailEntry
from steering.escalation import ESCALATION, State
from steering.likeness import alike
from steering.models import Comment, Issue, IssueStep
from tests import factories as f
from tests.htmx import SWAP, element, left_by

pytestmark = pytest.mark.django_db
TELEPHONE = "Bitte unter 02241 1234567 melden."
IBAN = "Konto DE89 3704 0044 0532 0130 00."

TO_CONFIRM = re.compile(r'type="checkbox"\s+name="confirmed"\s+value="([^"]+)"')


def key_to_confirm(answer) -> str:
    """The key of the first finding the page asks to vouch for."""
    return TO_CONFIRM.search(answer.text)[1]


def url(issue, name="detail", *more):
    return reverse(f"steering:issue_{name}", args=[issue.pk, *more])


def step_url(issue, step):
    return url(issue, "step", step)


def as_(client, user):
    client.force_login(user)
    return client


def kept(issue):
    """Everything an act could have changed."""
    fresh = Issue.objects.get(pk=issue.pk)
    return (
        [getattr(fresh, field.attname) for field in fresh._meta.concrete_fields],
        fresh.steps_taken.count(),
        fresh.comments.count(),
        fresh.confirmations.count(),
        Notice.objects.count(),
        TrailEntry.objects.count(),
    )


def holders(issue):
    return [f.holder_of(issue)] if issue.holder else []


@pytest.fixture
def coordination():
    return f.user(Role.COORDINATION, name="Koordinierung Case Management")


# Every page, every state


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_page_and_every_open_step_a_form(client, state, django_assert_max_num_queries):
    reporter = f.user(municipality=f.municipality())
    issue = f.issue_at(state, reported_by=reporter)
    chair = f.steering_group().leads().first()
    for user in (reporter, f.user(Role.COORDINATION), f.user(Role.STRATEGIC_OFFICE), chair, *holders(issue)):
        if not Issue.objects.visible_to(user).filter(pk=issue.pk).exists():
            continue
        as_(client, user)
        with django_assert_max_num_queries(12):
            assert client.get(url(issue)).status_code == 200
        for offer in ESCALATION.offers(user, issue):
            if not offer.barred:
                with django_assert_max_num_queries(12):
                    page = client.get(step_url(issue, offer.step.name))
                assert page.status_code == 200
                assert f'data-draft="issue:{issue.pk}:{offer.step.name}"' in page.text


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDIT, Role.PROJECT_GROUP, Role.STEERING_GROUP, None])
def test_what_one_may_not_see_does_not_exist(client, role):
    issue = f.issue_at("coordination")
    as_(client, f.user(role))
    before = kept(issue)
    assert client.get(url(issue)).status_code == 404
    for name in ("comment", "pause", "resume", "interim_report", "measure", "join"):
        assert client.post(url(issue, name), {"text": "Ein Wort"}).status_code == 404
    assert client.post(step_url(issue, "forward"), {"released": "on"}).status_code == 404
    assert kept(issue) == before


def test_an_unknown_step_and_an_unknown_issue_are_404(client, coordination):
    issue = f.issue_at("coordination")
    as_(client, coordination)
    assert client.get(step_url(issue, "destroy")).status_code == 404
    assert client.get(f"/steering/issues/{10**30}/").status_code == 404
    assert client.get(f"/steering/issues/{issue.pk + 1000}/forward/").status_code == 404


def test_the_page_title_carries_the_number_and_no_word_of_the_issue(client, coordination):
    issue = f.issue_at("coordination", title="Wohnberechtigung nur digital")
    page = as_(client, coordination).get(url(issue)).text
    title = page.split("<title>")[1].split("</title>")[0]
    assert issue.number in title
    assert "Wohnberechtigung" not in title


# Taking a step


def test_a_step_leads_back_to_the_issue_and_drops_the_draft(client, coordination):
    issue = f.issue_at("coordination")
    Draft.keep(coordination, f"issue:{issue.pk}:hand_back", {"reason": "angefangen"})
    as_(client, coordination)
    assert "angefangen" in client.get(step_url(issue, "hand_back")).text
    answer = client.post(step_url(issue, "forward"), {"released": "on", "seen": issue.step_no})
    assert answer.status_code == 302
    assert answer.url == url(issue)
    issue.refresh_from_db()
    assert issue.state == State.STRATEGY
    assert Draft.of(coordination, f"issue:{issue.pk}:hand_back"), "another form's draft stays"


def test_a_step_out_of_sight_leads_home(client, coordination):
    issue = f.issue_at("coordination")
    answer = as_(client, coordination).post(step_url(issue, "hand_back"), {"reason": "Es fehlt der Ort.", "seen": 1})
    assert answer.status_code == 302
    assert answer.url == "/"
    again = f.issue_at("coordination")
    swapped = client.post(step_url(again, "hand_back"), {"reason": "Es fehlt der Ort.", "seen": 1}, headers=SWAP)
    assert swapped.headers["HX-Redirect"] == "/"


@pytest.mark.parametrize(
    ("state", "step", "given"),
    [
        ("coordination", "forward", {"released": "on", "note": "Bitte bald vorlegen."}),
        ("coordination", "solve", {"outcome": "single_case", "result": "Ein Anruf hat genügt."}),
        ("feedback_due", "feed_back", {"feedback": "Die vorläufige Bescheinigung genügt jetzt."}),
        ("fed_back", "confirm", {"informed": "Jobcenter"}),
        ("fed_back", "reopen", {"reason": "Im Alltag ändert sich nichts."}),
        ("state_level", "solve", {"outcome": "solved", "result": "Der Erlass ist geändert."}),
    ],
)
def test_what_a_step_leaves_on_the_page_is_what_a_reload_shows(client, state, step, given):
    issue = f.issue_at(state)
    as_(client, f.holder_of(issue))
    with workdays.as_of(workdays.now()):
        swapped = client.post(step_url(issue, step), given | {"seen": issue.step_no}, headers=SWAP)
        assert swapped.status_code == 200
        assert "<html" not in swapped.text
        assert left_by(swapped) == url(issue)
        reloaded = client.get(url(issue))
    assert element(swapped.text, "knackpunkt") == element(reloaded.text, "knackpunkt") != ""


def test_opening_a_step_by_swap_is_what_its_address_shows(client, coordination):
    issue = f.issue_at("coordination")
    as_(client, coordination)
    address = step_url(issue, "merge")
    swapped, reloaded = client.get(address, headers=SWAP), client.get(address)
    assert element(swapped.text, "schritte") == element(reloaded.text, "schritte") != ""


def test_a_changed_choice_reloads_who_will_be_told(client):
    issue = f.issue_at("steering")
    group = f.local_group(issue.municipality)
    as_(client, f.holder_of(issue))
    address = f"{step_url(issue, 'assign')}?reach=local&body={group.pk}"
    swapped = client.get(address, headers=SWAP | {"HX-Target": "vorschau"})
    assert swapped.text.strip().startswith('<div id="vorschau"')
    assert str(group) in swapped.text
    assert element(swapped.text, "vorschau") == element(client.get(address).text, "vorschau")


def test_without_script_the_preview_is_refreshed_and_nothing_happens(client):
    issue = f.issue_at("steering")
    group = f.local_group(issue.municipality)
    as_(client, f.holder_of(issue))
    before = kept(issue)
    page = client.post(
        step_url(issue, "assign"), {"preview": "1", "body": group.pk, "reach": "local", "reason": "Halb getippt"}
    )
    assert page.status_code == 200
    assert "Halb getippt" in page.text
    assert f"Ihrer Gruppe zugewiesen: „{issue.title}“" in page.text
    assert kept(issue) == before


def test_who_is_announced_is_who_is_told(client, coordination):
    reporter = f.user(name="Case Management Windeck")
    issue = f.issue_at("coordination", reported_by=reporter)
    office = f.user(Role.STRATEGIC_OFFICE, name="Geschäftsstelle rechts")
    as_(client, coordination)
    page = element(client.get(step_url(issue, "forward")).text, "mitteilung")
    assert "1 meldende Stelle: Case Management Windeck" in page
    assert "Geschäftsstelle rechtsrheinisch" in page
    Notice.objects.all().delete()
    client.post(step_url(issue, "forward"), {"released": "on", "seen": issue.step_no})
    assert {notice.recipient for notice in Notice.objects.all()} == {reporter, office}


def test_the_way_of_the_telling_names_the_next_working_morning(client, coordination):
    issue = f.issue_at("coordination")
    friday = dt.datetime(2026, 5, 22, 10, 0, tzinfo=workdays.BERLIN)  # Whit Monday follows
    with workdays.as_of(friday):
        page = as_(client, coordination).get(step_url(issue, "hand_back")).text
    assert "in KIM sofort · Sammelmail Di 26.05., 07:00 Uhr" in page


def test_the_due_date_after_the_step_is_said_in_words(client, coordination):
    with workdays.as_of(dt.datetime(2026, 4, 13, 9, 0, tzinfo=workdays.BERLIN)):
        issue = f.issue_at("coordination")
        page = as_(client, coordination).get(step_url(issue, "forward")).text
    assert "15 Arbeitstage ab 13.04.2026" in page
    assert "05.05.2026" in page


# Refusals


def test_a_missing_answer_is_422_and_changes_nothing(client, coordination):
    issue = f.issue_at("coordination")
    before = kept(issue)
    answer = as_(client, coordination).post(step_url(issue, "hand_back"), {"seen": issue.step_no})
    assert answer.status_code == 422
    assert "Begründung: Bitte ausfüllen." in answer.text
    assert "<title>Fehler:" in answer.text
    assert kept(issue) == before


def test_two_at_once_the_second_is_told_who_was_first_and_keeps_the_text(client, coordination):
    issue = f.issue_at("coordination")
    seen = issue.step_no
    f.take(issue, "forward")
    before = kept(issue)
    as_(client, coordination)
    for headers in ({}, SWAP):
        given = {"reason": "Ein langer getippter Grund", "seen": seen}
        answer = client.post(step_url(issue, "hand_back"), given, headers=headers)
        assert answer.status_code == 409
        assert "An die Geschäftsstelle" in answer.text
        assert "wurde am" in answer.text
        assert "Ein langer getippter Grund" in answer.text
    assert kept(issue) == before


@pytest.mark.parametrize("htmx", [{}, SWAP], ids=["page", "swap"])
@pytest.mark.parametrize(
    ("step", "sent"),
    [
        ("hand_back", {"reason": "Bitte nennen Sie noch die Stelle."}),
        ("solve", {"outcome": "solved", "result": "Das Jobcenter hat ein neues Merkblatt."}),
    ],
)
def test_what_went_out_of_sight_while_one_wrote_is_409_with_the_text_and_without_the_draft(client, htmx, step, sent):
    first, second = f.user(Role.COORDINATION), f.user(Role.COORDINATION)
    issue = f.issue_at(State.COORDINATION, title="Ein Titel, der jetzt wieder Entwurf ist")
    seen = issue.step_no
    as_(client, first).post(step_url(issue, "hand_back"), {"reason": "Ort fehlt.", "seen": seen})
    before = kept(issue)
    answer = as_(client, second).post(step_url(issue, step), sent | {"seen": seen}, headers=htmx)
    assert answer.status_code == 409
    assert sent.get("reason", sent.get("result")) in answer.text
    assert f"{issue.number}: „Zurück zur Ergänzung“ wurde am" in answer.text
    assert issue.title not in answer.text
    assert "Ort fehlt." not in answer.text
    assert kept(issue) == before
    assert client.get(step_url(issue, step)).status_code == 404


def test_a_word_written_meanwhile_by_the_office_or_a_former_group_is_kept_too(client):
    issue = f.issue_at(State.PROJECT)
    lead = f.holder_of(issue)
    f.take(issue, "hand_back")
    f.take(issue, "refer_up")
    answer = as_(client, lead).post(url(issue, "comment"), {"text": "Das Merkblatt ist fertig."})
    assert answer.status_code == 409
    assert "Das Merkblatt ist fertig." in answer.text
    assert as_(client, f.user(Role.PROJECT_GROUP)).post(url(issue, "comment"), {"text": "Hallo"}).status_code == 404
    handed_back = f.issue_at(State.STRATEGY)
    office = f.holder_of(handed_back)
    f.take(handed_back, "hand_back")
    f.take(handed_back, "hand_back")
    answer = as_(client, office).post(url(handed_back, "comment"), {"text": "Ich habe nachgefragt."})
    assert answer.status_code == 409
    assert "Ich habe nachgefragt." in answer.text


def test_an_old_page_is_out_of_turn_even_where_the_step_is_possible_again(client, coordination):
    reporter = f.user()
    issue = f.issue_at("coordination", reported_by=reporter)
    seen = issue.step_no
    f.take(issue, "hand_back")
    f.take(issue, "report")
    before = kept(issue)
    answer = as_(client, coordination).post(step_url(issue, "decline"), {"reason": "Alt getippt", "seen": seen})
    assert answer.status_code == 409
    assert "Alt getippt" in answer.text
    assert kept(issue) == before


def test_a_link_to_a_step_that_is_over_says_so(client, coordination):
    issue = f.issue_at("strategy")
    answer = as_(client, coordination).get(step_url(issue, "forward"))
    assert answer.status_code == 409
    assert "bereits ausgeführt" in answer.text


def test_somebody_elses_step_is_403_with_the_rule_in_german(client):
    reporter = f.user()
    issue = f.issue_at("coordination", reported_by=reporter)
    before = kept(issue)
    as_(client, reporter)
    for answer in (client.get(step_url(issue, "forward")), client.post(step_url(issue, "forward"), {"released": "on"})):
        assert answer.status_code == 403
        assert "Diesen Schritt geht die Koordinierung" in answer.text
    assert kept(issue) == before


def test_four_eyes_are_kept_and_the_barred_step_says_why(client):
    both = f.user(roles=[Role.CASE_MANAGER, Role.COORDINATION])
    issue = f.issue_at("coordination", reported_by=both)
    before = kept(issue)
    as_(client, both)
    page = client.get(url(issue)).text
    assert "kim-steps__step--barred" in page
    assert "Vier-Augen-Prinzip" in page
    assert client.post(step_url(issue, "forward"), {"released": "on"}).status_code == 403
    assert kept(issue) == before


def test_a_refused_step_is_409_in_the_form_with_everything_kept(client):
    issue = f.issue_at("strategy")
    office = f.holder_of(issue)
    meeting = f.meeting(days=3)
    as_(client, office)
    assert client.get(step_url(issue, "table")).status_code == 200
    meeting.body.meetings.update(cancelled_at=workdays.now())
    before = kept(issue)
    answer = client.post(
        step_url(issue, "table"), {"meeting": meeting.pk, "note": "Meine Notiz", "seen": issue.step_no}
    )
    assert answer.status_code == 422, "a cancelled meeting is no choice any more"
    assert "Meine Notiz" in answer.text
    assert kept(issue) == before


def test_bundling_into_itself_or_into_nothing_is_refused(client, coordination):
    issue, closed = f.issue_at("coordination"), f.issue_at("closed")
    as_(client, coordination)
    before = kept(issue)
    for number in (issue.number, closed.number, "KP-1999-0001", "' OR 1=1"):
        answer = client.post(step_url(issue, "merge"), {"lead": number, "seen": issue.step_no})
        assert answer.status_code == 422
    assert kept(issue) == before


def test_bundling_by_number_and_back(client, coordination):
    issue, lead = f.issue_at("coordination"), f.issue_at("coordination")
    as_(client, coordination)
    assert client.post(step_url(issue, "merge"), {"lead": lead.number.lower(), "seen": 1}).status_code == 302
    issue.refresh_from_db()
    assert issue.lead == lead
    page = client.get(url(lead)).text
    assert f"{issue.number} hierher gebündelt" in page
    assert url(issue) in page
    assert "Gebündelt mit" in client.get(url(issue)).text
    answer = client.post(step_url(issue, "unmerge"), {"reason": "Doch etwas anderes", "seen": 2})
    assert answer.status_code == 302
    issue.refresh_from_db()
    assert issue.state == State.COORDINATION


# The privacy gate


def test_a_finding_is_asked_for_one_by_one_and_then_passes(client, coordination):
    issue = f.issue_at("coordination")
    as_(client, coordination)
    before = kept(issue)
    given = {"reason": TELEPHONE, "seen": issue.step_no}
    held = client.post(step_url(issue, "decline"), given)
    assert held.status_code == 422
    assert "02241 1234567" in held.text
    assert kept(issue) == before
    key = key_to_confirm(held)
    assert client.post(step_url(issue, "decline"), given).status_code == 422, "unconfirmed stays held"
    assert client.post(step_url(issue, "decline"), given | {"confirmed": key}).status_code == 302
    assert issue.confirmations.get().key == key


def test_what_was_confirmed_once_stays_confirmed_while_the_rest_is_mended(client, coordination):
    issue = f.issue_at("coordination")
    as_(client, coordination)
    given = {"reason": TELEPHONE, "seen": issue.step_no}
    key = key_to_confirm(client.post(step_url(issue, "decline"), given))
    again = client.post(step_url(issue, "decline"), {"reason": f"{TELEPHONE} {IBAN}", "seen": 1, "confirmed": key})
    assert again.status_code == 422
    assert f'<input type="hidden" name="confirmed" value="{key}">' in again.text


def test_a_blocking_finding_offers_no_box(client, coordination):
    issue = f.issue_at("coordination")
    before = kept(issue)
    answer = as_(client, coordination).post(step_url(issue, "decline"), {"reason": IBAN, "seen": issue.step_no})
    assert answer.status_code == 422
    assert "IBAN" in answer.text
    assert not TO_CONFIRM.search(answer.text)
    assert kept(issue) == before


def test_if_the_check_cannot_run_nothing_happens(client, coordination):
    from kim import privacy_gate

    issue = f.issue_at("coordination")
    before = kept(issue)

    def broken(author, context):
        raise RuntimeError

    privacy_gate.register("broken", broken)
    try:
        answer = as_(client, coordination).post(step_url(issue, "decline"), {"reason": "Kein Bedarf mehr", "seen": 1})
    finally:
        privacy_gate.unregister("broken")
    assert answer.status_code == 409
    assert "Datenschutzprüfung ist zurzeit nicht möglich" in answer.text
    assert "Kein Bedarf mehr" in answer.text
    assert kept(issue) == before


def test_the_coordination_sees_what_was_vouched_for_and_nobody_else(client, coordination):
    reporter = f.user()
    issue = f.draft(by=reporter, situation=TELEPHONE)
    as_(client, reporter)
    held = client.post(step_url(issue, "report"), {"seen": 0})
    assert held.status_code == 422
    key = key_to_confirm(held)
    assert client.post(step_url(issue, "report"), {"seen": 0, "confirmed": key}).status_code == 302
    note = "als unbedenklich bestätigt"
    assert note not in client.get(url(issue)).text
    assert note in as_(client, coordination).get(url(issue)).text
    assert "1 bestätigten Hinweis" in client.get(step_url(issue, "forward")).text


# Who sees what


def test_names_of_reporters_are_for_the_coordination_alone(client, coordination):
    reporter = f.user(name="Case Management Windeck")
    issue = f.issue_at("steering", reported_by=reporter)
    name = "Case Management Windeck"
    assert name in as_(client, coordination).get(url(issue)).text
    for role in (Role.STRATEGIC_OFFICE, Role.CASE_MANAGER):
        assert name not in as_(client, f.user(role)).get(url(issue)).text
    chair = f.steering_group().leads().first()
    assert name not in as_(client, chair).get(url(issue)).text
    assert name not in client.get(step_url(issue, "defer")).text


def test_internal_words_stay_in_their_office_and_public_ones_reach_the_reporters(client, coordination):
    reporter = f.user()
    issue = f.issue_at("strategy", reported_by=reporter)
    office = f.holder_of(issue)
    issue.comment(by=coordination, text="Koordinierung unter sich", public=False)
    issue.comment(by=office, text="Geschäftsstelle unter sich", public=False)
    issue.comment(by=coordination, text="Ein Wort an alle", public=True)
    issue.comment(by=reporter, text="Nachtrag der Meldenden", public=False)
    seen = {
        "coordination": as_(client, coordination).get(url(issue)).text,
        "office": as_(client, office).get(url(issue)).text,
        "reporter": as_(client, reporter).get(url(issue)).text,
        "colleague": as_(client, f.user()).get(url(issue)).text,
    }
    read = {
        "Koordinierung unter sich": {"coordination"},
        "Geschäftsstelle unter sich": {"office"},
        "Ein Wort an alle": {"coordination", "office", "reporter"},
        "Nachtrag der Meldenden": {"coordination", "reporter"},
    }
    for text, by in read.items():
        assert {who for who, page in seen.items() if text in page} == by, text


def test_the_note_of_a_step_is_for_the_offices_between_which_it_went(client, coordination):
    reporter = f.user()
    issue = f.issue_at("coordination", reported_by=reporter)
    f.take(issue, "forward", note="Nur für die Geschäftsstelle")
    office = f.holder_of(issue)
    f.take(issue, "table")
    chair = f.steering_group().leads().first()
    note = "Nur für die Geschäftsstelle"
    assert note in as_(client, coordination).get(url(issue)).text
    assert note in as_(client, office).get(url(issue)).text
    assert note not in as_(client, reporter).get(url(issue)).text
    assert note not in as_(client, chair).get(url(issue)).text


def test_the_reason_of_a_hand_back_reaches_the_reporters(client):
    reporter = f.user()
    issue = f.issue_at("coordination", reported_by=reporter)
    f.take(issue, "hand_back", reason="Bitte den Ort ergänzen")
    assert "Bitte den Ort ergänzen" in as_(client, reporter).get(url(issue)).text


def told_the_answer(issue):
    """Who was told the answer to `issue`, and whether they have read it."""
    step = issue.steps_taken.filter(name="feed_back").latest("no")
    return dict(Notice.objects.filter(key=f"issuestep:{step.pk}").values_list("recipient", "read_at"))


def test_who_is_bundled_into_an_answered_issue_gets_the_answer_and_says_whether_it_helps(client, coordination):
    first, second, third = f.user(), f.user(), f.user()
    lead = f.issue_at("fed_back", reported_by=first)
    own, along = f.issue_at("coordination", reported_by=second), f.issue_at("coordination", reported_by=third)
    f.take(along, "merge", lead=own)
    before = told_the_answer(lead)
    preview = as_(client, coordination).get(step_url(own, "merge"), {"lead": lead.number}).text
    assert "Die Antwort auf Ihre Meldung ist da" in preview
    assert "2 Meldende" in preview
    answer = client.post(step_url(own, "merge"), {"lead": lead.number, "seen": own.step_no})
    assert answer.status_code == 302
    assert set(before) == {first.pk}
    assert set(told_the_answer(lead)) == {first.pk, second.pk, third.pk}
    notice = Notice.objects.filter(recipient=second).latest("pk")
    assert notice.text.startswith("Die Antwort auf Ihre Meldung ist da")
    assert notice.url == lead.get_absolute_url()
    assert "gelesen von 0 von 3" in as_(client, coordination).get(url(lead)).text
    assert "Die Antwort liegt dort schon vor" in as_(client, second).get(url(own)).text
    client.get(notice.url)
    assert told_the_answer(lead)[second.pk]
    lead.refresh_from_db()
    f.take(lead, "confirm", by=second)
    assert lead.reporters.model.of(lead).get(user=second).helps


def test_who_joins_an_answered_issue_gets_the_answer(client):
    lead, other = f.issue_at("fed_back"), f.user()
    as_(client, other).post(url(lead, "join"))
    assert other.pk in told_the_answer(lead)
    open_one = f.issue_at("strategy")
    client.post(url(open_one, "join"))
    assert Notice.objects.filter(recipient=other).count() == 1


def test_who_comes_after_the_day_to_answer_is_not_asked_for_that_day(client):
    lead, other = f.issue_at("fed_back"), f.user()
    with workdays.as_of(workdays.add_workdays(lead.due_on, 3)):
        as_(client, other).post(url(lead, "join"))
    told = Notice.objects.get(recipient=other).text
    assert told == "Die Antwort auf Ihre Meldung ist da. Bitte sagen Sie, ob sie in der Praxis hilft."


def test_a_new_answer_is_asked_about_anew(client, coordination):
    reporter, other = f.user(), f.user()
    issue = f.issue_at("fed_back", reported_by=reporter)
    issue.join(by=other)
    f.take(issue, "confirm", by=other)
    f.take(issue, "reopen", by=reporter)
    f.take(issue, "solve")
    f.take(issue, "feed_back")
    page = as_(client, coordination).get(url(issue)).text
    assert "„Hilft nicht“: " not in page
    assert "„Hilft“: " not in page


def test_what_was_said_of_an_earlier_answer_is_not_said_of_the_one_it_is_bundled_into(client, coordination):
    reporter = f.user()
    issue, lead = f.issue_at("fed_back", reported_by=reporter), f.issue_at("fed_back")
    f.take(issue, "reopen", by=reporter)
    f.take(issue, "merge", lead=lead)
    assert "„Hilft nicht“: " not in as_(client, coordination).get(url(lead)).text


@pytest.mark.parametrize("state", ["strategy", "project"])
def test_the_reason_of_a_hand_back_between_two_offices_is_theirs(client, state):
    reporter = f.user()
    issue = f.issue_at(state, reported_by=reporter)
    holder = f.holder_of(issue)
    f.take(issue, "hand_back", reason="Nur unter uns gesagt")
    page = as_(client, reporter).get(url(issue)).text
    assert "Zurück an:" in page
    assert "Nur unter uns gesagt" not in page
    assert "Nur unter uns gesagt" in as_(client, holder).get(url(issue)).text
    told = Notice.objects.filter(recipient=reporter).latest("pk").text
    assert "Ihre Meldung geht zurück" in told
    assert "Begründung" not in told


def test_others_see_the_bare_matter_and_may_join(client):
    issue = f.issue_at("strategy", situation="Der Sachverhalt in Worten", reported_by=f.user(name="Case Management A"))
    other = f.user(name="Case Management B")
    page = as_(client, other).get(url(issue)).text
    assert "Der Sachverhalt in Worten" in page
    assert "Station 3 von 7" in page
    for hidden in ("Verlauf", "Gespräch", "Meldende</dt>", "Case Management A", "kim-way__list", "fällig"):
        assert hidden not in element(page, "knackpunkt"), hidden
    assert client.post(url(issue, "comment"), {"text": "Ein Wort"}).status_code == 404
    answer = client.post(url(issue, "join"))
    assert answer.status_code == 302
    whole = client.get(url(issue)).text
    assert "Verlauf" in whole
    assert "Das kenne ich auch" not in whole
    assert client.post(url(issue, "join")).status_code == 403


def test_joining_by_swap_shows_what_a_reload_shows(client):
    issue = f.issue_at("strategy")
    as_(client, f.user())
    with workdays.as_of(workdays.now()):
        swapped = client.post(url(issue, "join"), headers=SWAP)
        assert element(swapped.text, "knackpunkt") == element(client.get(url(issue)).text, "knackpunkt") != ""


def test_the_trail_says_who_was_told_and_who_has_read(client, coordination):
    reporter = f.user(name="Case Management Windeck")
    issue = f.issue_at("strategy", reported_by=reporter)
    page = as_(client, coordination).get(url(issue)).text
    assert "Case Management Windeck, noch nicht gelesen" in page
    as_(client, reporter).get(url(issue))
    page = as_(client, coordination).get(url(issue)).text
    assert "Case Management Windeck, gelesen" in page
    assert "Meldende: von allen gelesen" in as_(client, f.holder_of(issue)).get(url(issue)).text


def told_of_reporters(page):
    return re.findall(
        r"Meldende: [^<]*|[^>]*mit(?=<)|gelesen von [^<]*|„Hilft“: [^<]*|[^>]*\d Stellen?|weniger als 5[^<]*", page
    )


def test_few_who_reported_are_not_counted_for_those_who_do_not_see_them(client, coordination):
    """Two and three look the same to whoever does not see who reported; five are told."""
    seen = []
    office = f.user(Role.STRATEGIC_OFFICE)
    for more in (1, 2):
        issue = f.issue_at("strategy", reported_by=f.user())
        for _ in range(more):
            issue.reporters.create(user=f.user(), first=False, helps=True)
        page = as_(client, office).get(url(issue)).text
        assert "weniger als 5 Stellen" in page
        seen.append(told_of_reporters(page))
        assert f"{more + 1} Stellen" not in page
        assert page.count("Weitere Stellen melden mit") == 1
        exact = as_(client, coordination).get(url(issue)).text
        assert exact.count(" meldet mit") == more
    assert seen[0] == seen[1]
    for _ in range(2):
        issue.reporters.create(user=f.user(), first=False)
    page = as_(client, office).get(url(issue)).text
    assert "5 Stellen" in page
    assert page.count("Eine weitere Stelle meldet mit") == 4


def test_opening_the_page_reads_what_one_was_told_of_it_and_nothing_else(client):
    reporter = f.user()
    issue, other = f.issue_at("strategy", reported_by=reporter), f.issue_at("strategy", reported_by=reporter)
    unread = Notice.objects.filter(recipient=reporter, read_at=None)
    assert unread.filter(url=url(issue)).exists()
    as_(client, reporter).get(url(issue))
    assert not unread.filter(url=url(issue)).exists()
    assert unread.filter(url=url(other)).exists()


def test_the_answer_shows_how_many_have_read_it(client, coordination):
    reporter = f.user()
    issue = f.issue_at("fed_back", reported_by=reporter)
    assert "gelesen von 0 von 1" in as_(client, coordination).get(url(issue)).text
    page = as_(client, reporter).get(url(issue)).text
    assert issue.feedback in page
    assert "gelesen von 1 von 1" in as_(client, coordination).get(url(issue)).text


# Other acts


def test_a_word_is_added_where_it_belongs(client, coordination):
    reporter = f.user()
    issue = f.issue_at("coordination", reported_by=reporter)
    as_(client, coordination)
    client.post(url(issue, "comment"), {"text": "Unter uns", "audience": "internal"})
    client.post(url(issue, "comment"), {"text": "An alle", "audience": "public"})
    as_(client, reporter).post(url(issue, "comment"), {"text": "Von mir", "audience": "public"})
    assert dict(issue.comments.values_list("text", "public")) == {"Unter uns": False, "An alle": True, "Von mir": False}


def test_an_empty_word_and_a_held_one_are_422_with_the_text_kept(client, coordination):
    issue = f.issue_at("coordination")
    before = kept(issue)
    as_(client, coordination)
    empty = client.post(url(issue, "comment"), {"text": "  ", "audience": "internal"})
    assert empty.status_code == 422
    assert 'href="#beitrag_text"' in empty.text
    assert 'id="beitrag_text"' in empty.text
    held = client.post(url(issue, "comment"), {"text": TELEPHONE, "audience": "internal"}, headers=SWAP)
    assert held.status_code == 422
    assert TELEPHONE in held.text
    assert kept(issue) == before
    key = key_to_confirm(held)
    sent = {"text": TELEPHONE, "audience": "internal", "confirmed": key}
    assert client.post(url(issue, "comment"), sent).status_code == 302


def test_the_clock_is_paused_and_runs_again(client, coordination):
    issue = f.issue_at("coordination")
    due = issue.due_on
    until = workdays.add_workdays(workdays.today(), 3)
    as_(client, coordination)
    assert "Uhr anhalten" in client.get(url(issue)).text
    assert client.get(url(issue, "pause")).status_code == 200
    sent = {"until": f"{until:%d.%m.%Y}", "reason": "Antwort der Bezirksregierung"}
    assert client.post(url(issue, "pause"), sent).status_code == 302
    issue.refresh_from_db()
    assert issue.due_on > due
    page = client.get(url(issue)).text
    assert "Antwort der Bezirksregierung" in page
    assert "Uhr weiterlaufen lassen" in page
    assert client.post(url(issue, "pause"), sent).status_code == 409
    assert client.post(url(issue, "resume")).status_code == 302
    told = Notice.objects.filter(recipient=issue.reporters.get().user).latest("pk")
    assert told.text == f"Die Uhr zu Ihrer Meldung läuft wieder, fällig {due:%d.%m.%Y}."
    assert client.post(url(issue, "resume")).status_code == 409


@pytest.mark.parametrize("until", ["gestern", "1.1.2020", "31.2.2027", "1.1.2150"])
def test_a_pause_until_nonsense_is_refused_and_nothing_changes(client, coordination, until):
    issue = f.issue_at("coordination")
    before = kept(issue)
    answer = as_(client, coordination).post(url(issue, "pause"), {"until": until, "reason": "Warten"})
    assert answer.status_code in (409, 422)
    assert "Warten" in answer.text
    assert kept(issue) == before


def test_a_project_group_reports_and_holds_measures(client):
    issue = f.issue_at("project")
    lead = f.holder_of(issue)
    as_(client, lead)
    assert client.post(url(issue, "interim_report"), {"text": "Zwei Treffen, Entwurf liegt vor."}).status_code == 302
    sent = {"text": "Merkblatt schreiben", "owner": "Jobcenter", "due_on": "31.12."}
    assert client.post(url(issue, "measure"), sent).status_code == 302
    measure = issue.measures.get()
    assert measure.due_on.strftime("%d.%m.") == "31.12."
    page = client.get(url(issue)).text
    assert "Merkblatt schreiben" in page
    assert "Zwei Treffen" in page
    done = url(issue, "measure_done", measure.pk)
    assert client.post(done).status_code == 302
    assert client.post(done).status_code == 409
    assert client.post(url(issue, "measure_done", measure.pk + 1)).status_code == 404
    foreign = f.issue_at("project")
    assert client.post(url(foreign, "measure_done", measure.pk)).status_code == 404


def test_a_measure_names_an_organisation_a_place_or_both(client):
    issue = f.issue_at("project")
    jobcenter = f.organisation("jobcenter", name="Jobcenter Rhein-Sieg", kind="jobcenter")
    as_(client, f.holder_of(issue))
    assert jobcenter.name in client.get(url(issue, "measure")).text
    day = f"{workdays.today() + dt.timedelta(days=20):%d.%m.%Y}"
    sent = {"text": "Merkblatt abstimmen", "due_on": day}
    missing = client.post(url(issue, "measure"), sent)
    assert missing.status_code == 422
    assert "eine Institution oder eine Stelle" in missing.text
    assert client.post(url(issue, "measure"), sent | {"organisation": "999999"}).status_code == 422
    for more in (
        {"organisation": jobcenter.pk},
        {"owner": "Kreis"},
        {"organisation": jobcenter.pk, "owner": "Leistung"},
    ):
        assert client.post(url(issue, "measure"), sent | more).status_code == 302
    kept = list(issue.measures.order_by("pk").values_list("owner", "organisation"))
    assert kept == [
        ("Jobcenter Rhein-Sieg", jobcenter.pk), ("Kreis", None), ("Jobcenter Rhein-Sieg, Leistung", jobcenter.pk),
    ]  # fmt: skip
    assert "Jobcenter Rhein-Sieg, Leistung" in client.get(url(issue)).text
    long = client.post(url(issue, "measure"), sent | {"organisation": jobcenter.pk, "owner": "x" * 110})
    assert long.status_code == 409
    assert issue.measures.count() == 3


def test_only_the_lead_of_the_group_reports(client, coordination):
    issue = f.issue_at("project")
    before = kept(issue)
    as_(client, coordination)
    for name in ("interim_report", "measure"):
        assert client.get(url(issue, name)).status_code == 403
        assert client.post(url(issue, name), {"text": "Text", "owner": "Amt", "due_on": "31.12."}).status_code == 403
    assert kept(issue) == before


def test_acts_without_a_page_of_their_own_lead_to_the_issue(client, coordination):
    issue = f.issue_at("coordination")
    as_(client, coordination)
    assert client.get(url(issue, "comment")).url == url(issue)


# Reporting


@pytest.fixture
def writer():
    return f.user(name="Case Management Windeck", municipality=f.municipality("Windeck"))


def report(writer, **given):
    code = f.codes()
    f.limits()
    return {
        "title": "Termine zur Verlängerung erst nach Monaten",
        "situation": "Bis zum Termin ist der Titel abgelaufen.",
        "topic": code.topic.pk,
        "legal_areas": code.legal_area.pk,
        "municipality": writer.assignments.get().municipality_id,
        "urgency": 3,
        "act": "report",
    } | given


NEW = "/steering/issues/new/"


def test_a_report_reaches_the_coordination_and_drops_the_draft(client, writer, coordination):
    Draft.keep(writer, "issue:new", {"title": "Termine"})
    as_(client, writer)
    assert 'value="Termine"' in client.get(NEW).text
    answer = client.post(NEW, report(writer))
    issue = Issue.objects.get()
    assert answer.url == url(issue)
    assert (issue.state, issue.urgency, issue.number[:3]) == ("coordination", 3, "KP-")
    assert list(issue.legal_areas.all()) == [f.codes().legal_area]
    assert Draft.of(writer, "issue:new") is None
    assert Notice.objects.filter(recipient=coordination).exists()


def test_the_report_says_before_the_click_who_will_be_told_and_tells_them(client, writer, coordination):
    place = f.municipality(bank="left")
    f.user(Role.STRATEGIC_OFFICE, municipality=place, name="Kontakt links")
    f.user(Role.STRATEGIC_OFFICE, municipality=f.municipality(bank="right"), name="Kontakt rechts")
    f.user(Role.COORDINATION)
    f.county(direct_reporting=True)
    as_(client, writer)
    assert "Neu im Eingang: „[noch ohne Titel]“" in client.get("/steering/issues/new/").text
    sent = report(writer, municipality=place.pk)
    before = Issue.objects.count(), Notice.objects.count(), TrailEntry.objects.count()
    for headers in ({}, SWAP):
        answer = client.post("/steering/issues/new/", sent | {"act": "preview"}, headers=headers)
        assert answer.status_code == 200
        assert "Neu im Eingang: „" + sent["title"] in answer.text
        assert "Koordinierung Case Management (2 Konten)" in answer.text
        assert "Geschäftsstelle linksrheinisch" in answer.text
        assert "<html" not in answer.text or 'value="' + sent["title"] in answer.text
    assert (Issue.objects.count(), Notice.objects.count(), TrailEntry.objects.count()) == before
    client.post("/steering/issues/new/", sent | {"act": "report_directly"})
    told = {one.recipient.display_name for one in Notice.objects.select_related("recipient")}
    assert "Kontakt links" in told
    assert "Kontakt rechts" not in told
    for notice in Notice.objects.all():
        assert (
            notice.text
            in answer.context["previews"][1].tellings[0].what + answer.context["previews"][1].tellings[1].what
        )


def test_a_draft_that_is_reported_again_says_so_to_those_who_joined(client, writer, coordination):
    issue = f.issue_at(State.COORDINATION, reported_by=writer)
    issue.reporters.create(user=f.user(), first=False)
    f.take(issue, "hand_back")
    page = as_(client, writer).get(url(issue, "edit")).text
    assert "weniger als 5 Meldende" in page
    assert "Ihre Meldung liegt jetzt bei der Koordinierung, fällig" in page
    assert "An die Geschäftsstelle melden" not in page


def test_the_preview_of_a_report_costs_few_queries(client, writer, coordination, django_assert_max_num_queries):
    f.county(direct_reporting=True)
    as_(client, writer).get("/steering/issues/new/")
    with django_assert_max_num_queries(12):
        client.get("/steering/issues/new/")


def test_a_report_sent_twice_is_one_issue(client, writer):
    as_(client, writer)
    first, second = client.post(NEW, report(writer)), client.post(NEW, report(writer))
    assert first.url == second.url
    assert Issue.objects.count() == 1


def test_a_draft_needs_a_title_only_and_nobody_else_sees_it(client, writer, coordination):
    as_(client, writer)
    answer = client.post(NEW, {"title": "Ein Anfang", "act": "save"})
    issue = Issue.objects.get()
    assert answer.url == url(issue)
    assert issue.state == State.DRAFT
    assert as_(client, coordination).get(url(issue)).status_code == 404


def test_reporting_names_everything_that_is_missing(client, writer):
    answer = as_(client, writer).post(NEW, {"title": "", "act": "report"})
    assert answer.status_code == 422
    for label in ("Titel", "Sachverhalt", "Thema", "Rechtskreise", "Kommune"):
        assert f"{label}: Bitte" in answer.text, label
    assert Issue.objects.count() == 0


def test_the_gate_holds_a_report_at_its_field_and_leaves_nothing_behind(client, writer):
    sent = report(writer, situation=TELEPHONE)
    as_(client, writer)
    held = client.post(NEW, sent)
    assert held.status_code == 422
    assert 'href="#id_situation"' in held.text
    assert TELEPHONE in held.text
    assert (Issue.objects.count(), TrailEntry.objects.filter(kind="steering.issue").count()) == (0, 0)
    key = key_to_confirm(held)
    assert client.post(NEW, sent | {"confirmed": key}).status_code == 302
    assert Issue.objects.get().confirmations.count() == 1


def test_the_short_way_is_there_only_where_the_county_allows_it(client, writer):
    as_(client, writer)
    assert 'value="report_directly"' not in client.get(NEW).text
    assert client.post(NEW, report(writer, act="report_directly")).status_code == 403
    assert Issue.objects.count() == 0
    f.county(direct_reporting=True)
    assert 'value="report_directly"' in client.get(NEW).text
    client.post(NEW, report(writer, act="report_directly"))
    assert Issue.objects.get().state == State.STRATEGY


@pytest.mark.parametrize(
    "wrong", [{"topic": "999999"}, {"municipality": "x"}, {"legal_areas": "0"}, {"urgency": "7"}, {"frequency": "oft"},
              {"title": "x" * 141}, {"situation": "a\0b"}, {"presumed_reach": "galaxy"}, {"organisations": "1'"}]
)  # fmt: skip
def test_foreign_values_are_errors_in_words(client, writer, wrong):
    answer = as_(client, writer).post(NEW, report(writer, **wrong))
    assert answer.status_code == 422
    assert "kim-errors" in answer.text
    assert Issue.objects.count() == 0


def test_the_place_of_today_is_chosen_already(client):
    there, here = f.municipality("Hennef"), f.municipality("Windeck")
    writer = f.user(municipality=there)
    writer.assignments.create(
        role=Role.CASE_MANAGER, municipality=here, employer=f.organisation(), valid_from=f.LONG_AGO, weekdays="135"
    )
    writer.assignments.filter(municipality=there).update(weekdays="24")
    as_(client, writer)
    for day, place in [(12, there), (13, here)]:  # a Tuesday, a Wednesday
        with workdays.as_of(dt.datetime(2026, 5, day, 9, tzinfo=workdays.BERLIN)):
            assert f'<option value="{place.pk}" selected>' in client.get(NEW).text


@pytest.mark.parametrize("role", [Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.ADMIN, Role.AUDIT])
def test_others_do_not_report(client, role):
    as_(client, f.user(role))
    for answer in (client.get(NEW), client.post(NEW, {"title": "Ein Titel", "act": "save"})):
        assert answer.status_code == 403
    assert client.post("/steering/issues/similar/", {"title": "Titel"}).status_code == 403
    assert Issue.objects.count() == 0


def test_a_draft_is_edited_and_reported_by_its_writer_alone(client, writer, coordination):
    issue = f.draft(by=writer)
    address = url(issue, "edit")
    assert as_(client, f.user()).get(address).status_code == 404
    as_(client, writer)
    page = client.get(address).text
    assert issue.situation in page
    assert client.post(address, report(writer, title="Neuer Titel", act="save")).status_code == 302
    issue.refresh_from_db()
    assert (issue.title, issue.state) == ("Neuer Titel", "draft")
    assert client.post(address, report(writer)).status_code == 302
    issue.refresh_from_db()
    assert issue.state == State.COORDINATION
    assert as_(client, coordination).get(address).status_code == 403


def test_a_draft_already_reported_keeps_the_text_of_the_old_page(client, writer):
    issue = f.issue_at("coordination", reported_by=writer)
    before = kept(issue)
    as_(client, writer)
    answer = client.post(url(issue, "edit"), report(writer, title="Zu spät getippter Titel"))
    assert answer.status_code == 409
    assert "Zu spät getippter Titel" in answer.text
    assert client.get(url(issue, "edit")).url == url(issue)
    assert kept(issue) == before


def test_a_held_edit_leaves_the_draft_as_it_was(client, writer):
    issue = f.draft(by=writer)
    before = kept(issue)
    answer = as_(client, writer).post(url(issue, "edit"), report(writer, situation=IBAN))
    assert answer.status_code == 422
    assert kept(issue) == before


def test_similar_ones_are_found_while_typing_and_can_be_joined(client, writer):
    known = f.issue_at("strategy", title="Termine zur Verlängerung erst nach zwei Monaten")
    hidden = f.issue_at("coordination", title="Termine zur Verlängerung erst nach drei Monaten")
    as_(client, writer)
    sent = {"title": "Termine zur Verlängerung dauern Monate", "situation": "Verlängerung", "topic": "x"}
    swapped = client.post("/steering/issues/similar/", sent, headers=SWAP)
    assert known.title in swapped.text
    assert "Verlängerung" in swapped.text.split("gleich:")[1]
    assert hidden.title not in swapped.text
    assert url(known, "join") in swapped.text
    assert "<html" not in swapped.text
    assert "<html" in client.post("/steering/issues/similar/", sent).text
    assert client.get("/steering/issues/similar/?title=Termine").status_code == 405


def test_the_coordination_bundles_from_the_similar_ones(client, coordination):
    issue = f.issue_at("coordination", title="Termine zur Verlängerung erst nach zwei Monaten")
    lead = f.issue_at("coordination", title="Termine zur Verlängerung erst nach drei Monaten")
    as_(client, coordination)
    found = client.get(url(issue, "alike"), headers=SWAP).text
    address = f"{step_url(issue, 'merge')}?lead={lead.number}"
    assert address in found
    assert f'value="{lead.number}"' in client.get(address).text


def test_the_most_alike_come_first_whether_or_not_there_are_many():
    near = [
        f.issue_at("coordination", title=f"Termine zur Verlängerung erst nach {n} Monaten") for n in ("zwei", "drei")
    ]
    far = f.issue_at("coordination", title="Termine der Behörde zur Verlängerung fehlen")
    f.issue_at("coordination", title="Ganz etwas anderes")
    title = "Termine zur Verlängerung erst nach zwei Monaten"
    everything = Issue.objects.all()
    assert [one.issue for one in alike(title, everything)] == [*near, far]
    assert [one.issue for one in alike(title, everything, limit=2)] == near
    assert [one.issue for one in alike(title, everything, without=near[0].pk)] == [near[1], far]


# Drafts of any form


def test_a_form_saves_itself(client, writer):
    as_(client, writer)
    sent = {"draft": "issue:new", "draft_url": NEW, "draft_title": "Melden", "title": "Halb", "legal_areas": ["1", "2"]}
    answer = client.post("/drafts/", sent, headers={"Accept": "application/json"})
    assert set(answer.json()) == {"saved"}
    draft = Draft.of(writer, "issue:new")
    assert draft.data == {"title": "Halb", "legal_areas": ["1", "2"]}
    assert (draft.url, draft.title) == (NEW, "Melden")
    assert client.post("/drafts/", {"draft": "issue:new", "title": "Halb"}).status_code == 204
    client.post("/drafts/", {"draft": "issue:new", "title": ""})
    assert Draft.of(writer, "issue:new") is None


@pytest.mark.parametrize("key", ["", "x" * 200, "../", "Ä", "a b"])
def test_a_draft_without_a_proper_key_is_no_draft(client, writer, key):
    assert as_(client, writer).post("/drafts/", {"draft": key, "title": "T"}).status_code == 400
    assert Draft.objects.count() == 0


def test_what_is_odd_in_a_draft_does_no_harm(client, writer):
    sent = {
        "draft": "a",
        "draft_url": "//evil.example/",
        "text": "a\0b" + "x" * 50_000,
        "password": "geheim",
        "<x>": "1",
    }
    assert as_(client, writer).post("/drafts/", sent).status_code == 204
    draft = Draft.of(writer, "a")
    assert draft.url == ""
    assert set(draft.data) == {"text"}
    assert len(draft.data["text"]) == 20_000


@pytest.mark.parametrize("odd", ["/a\0b", "/\0", "/a b", "/a\\b"])
def test_an_address_no_database_keeps_is_left_out_of_a_draft(client, writer, odd):
    sent = {"draft": "a", "draft_url": odd, "text": "T"}
    assert as_(client, writer).post("/drafts/", sent).status_code == 204
    assert Draft.of(writer, "a").url == ""


# Costs


def test_the_page_costs_the_same_however_much_there_is(client, coordination, django_assert_max_num_queries):
    issue = f.issue_at("project", reported_by=f.user())
    office = f.user(Role.STRATEGIC_OFFICE)
    for user in [*(f.user() for _ in range(5))]:
        issue.join(by=user)
    as_(client, coordination)

    def cost():
        client.get(url(issue))
        with django_assert_max_num_queries(12) as asked:
            assert client.get(url(issue)).status_code == 200
        return len(asked)

    few = cost()
    Comment.objects.bulk_create(
        Comment(issue=issue, by=office, text=f"Wort {n}", public=n % 2, office="strategy") for n in range(200)
    )
    IssueStep.objects.bulk_create(
        IssueStep(issue=issue, no=100 + n, name="assign", source="steering", target="project", by=office)
        for n in range(60)
    )
    keys = [f"issuestep:{pk}" for pk in issue.steps_taken.values_list("pk", flat=True)]
    for user in issue.all_reporters():
        there = set(Notice.objects.filter(recipient=user).values_list("key", flat=True))
        Notice.objects.bulk_create(
            Notice(recipient=user, key=key, audience="reporters", headline="x", url=url(issue))
            for key in keys
            if key not in there
        )
    assert cost() == few


def test_older_words_open_with_a_link(client, coordination):
    issue = f.issue_at("coordination")
    Comment.objects.bulk_create(
        Comment(issue=issue, by=coordination, text=f"Wort Nummer {n}.", public=False, office="coordination")
        for n in range(70)
    )
    as_(client, coordination)
    page = client.get(url(issue)).text
    assert "Wort Nummer 69." in page
    assert "Wort Nummer 3." not in page
    assert "worte=alle" in page
    assert "Wort Nummer 3." in client.get(f"{url(issue)}?worte=alle").text


def test_a_meeting_is_a_link_only_for_those_who_may_open_it(client, coordination):
    reporter = f.user()
    issue = f.issue_at("steering", reported_by=reporter)
    chair = f.steering_group().leads().first()
    address = reverse("steering:meeting_detail", args=[issue.meeting_id])
    for user, leads_there in [(coordination, True), (chair, True), (reporter, False)]:
        page = element(as_(client, user).get(url(issue)).text, "knackpunkt")
        assert "In Sitzungen" in page
        assert issue.meeting.body.name in page.split("In Sitzungen")[1]
        assert (f'href="{address}"' in page) is leads_there
        assert client.get(address).status_code == (200 if leads_there else 404)


def test_what_was_handed_back_says_so_and_why_wherever_it_is_met(client):
    reporter = f.user()
    issue = f.issue_at("coordination", reported_by=reporter)
    f.take(issue, "hand_back", reason="Bitte den Ort ergänzen")
    issue.refresh_from_db()
    said = f"zurückgegeben am {issue.since:%d.%m.%Y}"
    as_(client, reporter)
    page = client.get(url(issue)).text
    assert "noch nicht gemeldet" not in page
    chips = page.split("kim-head__chips")[1].split("</header>")[0]
    assert said in chips
    assert "Bitte den Ort ergänzen" in chips
    form = client.get(url(issue, "edit")).text
    assert "Bitte den Ort ergänzen" in form.split("kim-note")[1].split("</div>")[0]
    assert said in client.get(reverse("kim:today")).text
    assert said in client.get(reverse("steering:report_list")).text
    given = {name: value for name, value in issue.__dict__.items() if name in ("title", "situation")}
    saved = client.post(url(issue, "edit"), given | {"act": "save"}, follow=True)
    assert "Nur Sie sehen ihn" not in saved.text
    assert "bis Sie ihn wieder melden" in saved.text


def test_a_draft_nobody_was_shown_is_still_called_a_draft(client):
    draft = f.draft()
    page = as_(client, draft.reporters.get().user).get(url(draft)).text
    assert "Entwurf, noch nicht gemeldet" in page
    assert "zurückgegeben" not in page


def test_what_one_is_told_reads_as_done_and_not_as_an_order(client, coordination):
    issue = f.issue_at("coordination", reported_by=f.user())
    told = Notice.objects.get(recipient=coordination)
    assert told.headline == f"{issue.number}: Gemeldet"
    f.take(issue, "forward")
    reporter = issue.reporters.get().user
    headlines = Notice.objects.filter(recipient=reporter).values_list("headline", flat=True)
    assert f"{issue.number}: An die Geschäftsstelle weitergeleitet" in headlines
