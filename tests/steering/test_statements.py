"""Asked early: who asks whom for a statement, who answers, who reads it, and what a decision is told about it."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import workdays
from kim.models import Absence, Draft, Notice, Role, TrailEntry
from kim.privacy_gate import Held
from kim.workflow import StepRefused
from steering.asking import about_rules
from steering.escalation import State
from steering.models import RulesOfProcedure, Statement
from tests.at_once import at_once
from tests.factories import (
    county,
    holder_of,
    issue_at,
    organisation,
    project_group,
    seat,
    statement,
    steering_group,
    take,
    user,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
QUESTION = "Was fehlt aus Sicht der Beratung?"
ANSWER = "Der Hinweis auf die Beratungsstellen fehlt."


@pytest.fixture(autouse=True)
def _there():
    county()


@pytest.fixture
def office(client):
    person = user(Role.STRATEGIC_OFFICE)
    client.force_login(person)
    return person


@pytest.fixture
def caritas():
    return organisation("caritas", name="Caritas", kind="welfare")


@pytest.fixture
def awo():
    return organisation("awo", name="AWO", kind="welfare")


def url(name, *args):
    return reverse(f"steering:{name}", args=args)


def day(days):
    return workdays.today() + dt.timedelta(days=days)


def typed(days):
    return f"{day(days):%d.%m.%Y}"


def asking(*institutions, **fields):
    return {"organisations": [one.pk for one in institutions], "question": QUESTION, "due_on": typed(14)} | fields


# Asking


def test_one_form_asks_several_institutions_about_an_issue(client, office, caritas, awo):
    person, issue = user(organisation=caritas), issue_at(State.STRATEGY)
    page = f"{url('statement_new')}?issue={issue.pk}"
    form = client.get(page)
    assert issue.number in form.text
    assert issue.title not in form.text
    assert "AWO (ohne Konto)" in form.text
    assert "Caritas (ohne" not in form.text
    answer = client.post(page, asking(caritas, awo))
    assert answer.status_code == 302
    assert answer.headers["Location"] == issue.get_absolute_url()
    made = {one.organisation: one for one in Statement.objects.all()}
    assert set(made) == {caritas, awo}
    assert {(one.issue, one.question, one.due_on, one.asked_by) for one in made.values()} == {
        (issue, QUESTION, day(14), office)
    }
    (notice,) = Notice.objects.filter(recipient=person)
    assert notice.headline == "Stellungnahme erbeten"
    assert notice.text == f"Bitte nehmen Sie Stellung zu {issue.number}, bis zum {typed(14)}."
    assert notice.url == made[caritas].get_absolute_url()
    assert TrailEntry.objects.filter(act="statement.ask", by=office).count() == 2


def test_it_can_be_asked_about_an_issue_by_number_or_about_a_draft(client, office, caritas):
    issue = issue_at(State.STRATEGY)
    page = url("statement_new")
    assert client.post(page, asking(caritas, number=issue.number.lower())).status_code == 302
    assert client.post(page, asking(caritas, subject="Merkblatt für Wohngeld")).status_code == 302
    assert [(one.issue, one.subject) for one in Statement.objects.order_by("pk")] == [
        (issue, ""), (None, "Merkblatt für Wohngeld"),
    ]  # fmt: skip


def test_it_can_be_asked_about_rules_of_procedure(client, office, caritas):
    rules = RulesOfProcedure.objects.create(body=steering_group(), version=1, text="§ 1")
    page = f"{url('statement_new')}?rules={rules.pk}"
    assert "Geschäftsordnung, Fassung 1" in client.get(page).text
    assert client.post(page, asking(caritas)).status_code == 302
    made = Statement.objects.get()
    assert made.rules == rules
    assert "Geschäftsordnung, Fassung 1, Lenkungsgruppe" in client.get(made.get_absolute_url()).text


def test_the_page_of_rules_shows_what_was_asked_about_them(office, caritas):
    rules = RulesOfProcedure.objects.create(body=steering_group(), version=1, text="§ 1")
    asked = statement(caritas, rules=rules)
    statement(caritas)
    for person, may_ask in [(office, True), (user(Role.STEERING_GROUP), False), (user(organisation=caritas), False)]:
        shown = about_rules(person, rules)
        assert [(one.pk, one.organisation_name) for one in shown["statements"]] == [(asked.pk, "Caritas")]
        assert shown["ask_url"] == (f"{url('statement_new')}?rules={rules.pk}" if may_ask else "")
        assert "Caritas" in render_to_string("steering/_statements.html", shown)
    assert about_rules(user(), rules)["statements"] == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"organisations": []}, "Bitte wählen"),
        ({"question": ""}, "Bitte ausfüllen"),
        ({"due_on": "01.01.2020"}, "Bitte einen Tag ab dem"),
        ({}, "entweder einen Knackpunkt oder einen Entwurf"),
        ({"subject": "x", "number": "KP-2026-0001"}, "entweder einen Knackpunkt oder einen Entwurf"),
        ({"number": "KP-1999-0001"}, "mit dieser Kennung gibt es nicht"),
    ],
)
def test_what_is_missing_is_said(client, office, caritas, wrong, said):
    answer = client.post(url("statement_new"), asking(caritas, **wrong))
    assert answer.status_code == 422
    assert said in answer.text
    assert not Statement.objects.exists()


def test_an_address_of_what_is_not_there_or_out_of_sight_does_not_exist(client, office):
    hidden = issue_at(State.COORDINATION)
    for query in (f"issue={hidden.pk}", "issue=x", "issue=99999999999999999999", "issue=²", "rules=1", "issue="):
        assert client.get(f"{url('statement_new')}?{query}").status_code == 404, query


def test_nobody_is_asked_the_same_twice_at_once(client, office, caritas, awo):
    issue = issue_at(State.STRATEGY)
    first = statement(caritas, issue=issue)
    answer = client.post(f"{url('statement_new')}?issue={issue.pk}", asking(caritas, awo))
    assert answer.status_code == 422
    assert f"Caritas ist dazu schon gefragt, bis zum {first.due_on:%d.%m.%Y}" in answer.text
    assert Statement.objects.count() == 1
    first.withdraw(by=office)
    assert client.post(f"{url('statement_new')}?issue={issue.pk}", asking(caritas, awo)).status_code == 302
    assert Statement.objects.outstanding().count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_the_same_moment_ask_once(caritas):
    issue, office = issue_at(State.STRATEGY), user(Role.STRATEGIC_OFFICE)
    results = at_once(*(lambda: statement(caritas, by=office, issue=issue) for _ in range(3)))
    assert results == ["StepRefused", "StepRefused", "done"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"organisations": []}, "wenigstens eine Institution"),
        ({"subject": ""}, "worum es geht"),
        ({"question": ""}, "wozu die Institutionen"),
        ({"due_on": dt.date(2020, 1, 1)}, "frühestens bis morgen"),
    ],
)
def test_what_the_model_refuses_by_itself(caritas, given, said):
    asked = {"organisations": [caritas], "subject": "Merkblatt", "question": QUESTION, "due_on": day(9)} | given
    with pytest.raises(StepRefused, match=said):
        Statement.ask_several(by=user(Role.STRATEGIC_OFFICE), **asked)
    assert not Statement.objects.exists()


def test_only_an_issue_that_is_released_and_open_is_asked_about(caritas):
    office = user(Role.STRATEGIC_OFFICE)
    direct = issue_at(State.DRAFT)
    take(direct, "report_directly")
    for issue in (direct, issue_at(State.CLOSED)):
        with pytest.raises(StepRefused, match="freigegeben und noch offen"):
            statement(caritas, by=office, issue=issue)


def test_the_lead_of_the_group_that_has_the_issue_asks_too_and_nobody_else(client, caritas):
    issue = issue_at(State.PROJECT)
    lead = issue.body.leads().get()
    member, other = user(Role.PROJECT_GROUP), user(Role.PROJECT_GROUP)
    seat(issue.body, member, function="member")
    project_group(lead=other)
    page = f"{url('statement_new')}?issue={issue.pk}"
    for person, expected in [(member, 403), (other, 404), (user(Role.COORDINATION), 403), (user(Role.ADMIN), 404)]:
        client.force_login(person)
        assert client.get(page).status_code == expected
        assert client.post(page, asking(caritas)).status_code == expected
        assert page not in client.get(issue.get_absolute_url()).text
    client.force_login(lead)
    assert client.get(url("statement_new")).status_code == 403
    assert page in client.get(issue.get_absolute_url()).text
    assert client.post(page, asking(caritas)).status_code == 302
    with pytest.raises(PermissionDenied, match="auch die Leitung der Gruppe"):
        statement(caritas, by=other, issue=issue)
    assert Statement.objects.get().asked_by == lead


def test_the_question_passes_the_privacy_gate_once_for_all(client, office, caritas, awo):
    told = f"{QUESTION} Rückfragen unter 02241 13 2345."
    answer = client.post(url("statement_new"), asking(caritas, awo, subject="Merkblatt", question=told))
    assert answer.status_code == 422
    assert "Datenschutzprüfung" in answer.text
    assert not Statement.objects.exists()


# Answering


def test_the_institution_reads_the_question_and_the_number_and_not_the_issue(client, office, caritas):
    issue = issue_at(State.PROJECT)
    asked = statement(caritas, issue=issue)
    person = user(Role.PROJECT_GROUP, organisation=caritas)
    client.force_login(person)
    assert client.get(issue.get_absolute_url()).status_code == 404
    page = client.get(asked.get_absolute_url())
    assert asked.question in page.text
    assert issue.number in page.text
    assert issue.get_absolute_url() not in page.text
    for text in (issue.title, issue.situation):
        assert text not in page.text
    assert "Sie sind gefragt" in client.get(url("statement_list")).text


def test_the_institution_answers_once(client, caritas):
    asker = user(Role.STRATEGIC_OFFICE)
    asked, person = statement(caritas, by=asker), user(organisation=caritas)
    client.force_login(person)
    page = url("statement_receive", asked.pk)
    assert client.post(page, {"text": ""}).status_code == 422
    Draft.keep(person, f"statement:{asked.pk}", {"text": "Angefangen"})
    assert "Angefangen" in client.get(page).text
    assert "Eingegangen am" not in client.get(page).text
    assert client.post(page, {"text": ANSWER}).status_code == 302
    asked.refresh_from_db()
    assert (asked.text, asked.received_on, asked.received_by) == (ANSWER, day(0), person)
    assert not Draft.objects.exists()
    again = client.post(page, {"text": "Doch anders."})
    assert again.status_code == 422
    assert "Sie lässt sich nicht mehr ändern" in again.text
    (notice,) = Notice.objects.filter(recipient=asker)
    assert (notice.headline, notice.text) == (
        "Stellungnahme eingegangen", "Caritas hat zu Entwurf Stellung genommen.",
    )  # fmt: skip
    client.force_login(asker)
    assert ANSWER in client.get(asked.get_absolute_url()).text


def test_the_office_enters_what_came_by_post(client, office, caritas):
    with workdays.as_of(workdays.now() - dt.timedelta(days=5)):
        asked = statement(caritas, by=user(Role.STRATEGIC_OFFICE))
    page = url("statement_receive", asked.pk)
    assert "Eingegangen am" in client.get(page).text
    for days, said in [(-9, "Der Tag des Eingangs liegt zwischen"), (1, "Der Tag des Eingangs liegt zwischen")]:
        answer = client.post(page, {"text": ANSWER, "on": typed(days)})
        assert answer.status_code == 422
        assert said in answer.text
    assert client.post(page, {"text": ANSWER, "on": typed(-2)}).status_code == 302
    asked.refresh_from_db()
    assert (asked.received_on, asked.received_by) == (day(-2), office)


def test_others_do_not_answer(client, caritas):
    issue = issue_at(State.PROJECT)
    asked = statement(caritas, issue=issue)
    lead = issue.body.leads().get()
    for person, expected in [(lead, 403), (user(Role.COORDINATION), 403), (user(), 404),
                             (user(Role.ADMIN, organisation=caritas), 404)]:  # fmt: skip
        client.force_login(person)
        for page in ("statement_receive", "statement_withdraw"):
            assert client.get(url(page, asked.pk)).status_code == expected
            assert client.post(url(page, asked.pk), {"text": ANSWER}).status_code == expected
    with pytest.raises(PermissionDenied, match="gibt die gefragte Institution ab"):
        asked.receive(by=lead, text=ANSWER)
    with pytest.raises(PermissionDenied, match="nimmt zurück, wer sie ausgesprochen hat"):
        asked.withdraw(by=lead)
    with pytest.raises(StepRefused, match="in das Feld"):
        asked.receive(by=user(organisation=caritas), text="")
    assert Statement.objects.get().is_outstanding


def test_a_deputy_answers_for_who_is_away(client, caritas):
    asked, away, deputy = statement(caritas), user(organisation=caritas), user(Role.PROJECT_GROUP)
    Absence.objects.create(user=away, deputy=deputy, valid_from=day(0), valid_until=day(1))
    client.force_login(deputy)
    assert client.post(url("statement_receive", asked.pk), {"text": ANSWER}).status_code == 302


def test_the_answer_passes_the_privacy_gate(client, caritas):
    asked, person = statement(caritas), user(organisation=caritas)
    client.force_login(person)
    told = f"{ANSWER} Fragen Sie Frau Blume."
    with pytest.raises(Held):
        asked.receive(by=person, text=told)
    answer = client.post(url("statement_receive", asked.pk), {"text": told})
    assert answer.status_code == 422
    keys = [finding.key for finding in answer.context["form"].to_confirm]
    assert keys
    sent = {"text": told, "confirmed": keys}
    assert client.post(url("statement_receive", asked.pk), sent).status_code == 302
    assert TrailEntry.objects.get(act="statement.receive").note == "1 Hinweis der Datenschutzprüfung bestätigt"


def test_it_is_taken_back_and_nothing_is_expected_any_more(client, office, caritas):
    person = user(organisation=caritas)
    asked = statement(caritas, by=office)
    assert "nichts mehr erwartet" in client.get(url("statement_withdraw", asked.pk)).text
    assert client.post(url("statement_withdraw", asked.pk)).status_code == 302
    asked.refresh_from_db()
    assert asked.standing == f"zurückgezogen am {typed(0)}"
    assert Notice.objects.filter(recipient=person, headline="Stellungnahme nicht mehr erbeten").exists()
    again = client.post(url("statement_withdraw", asked.pk))
    assert again.status_code == 422
    client.force_login(person)
    answer = client.post(url("statement_receive", asked.pk), {"text": ANSWER})
    assert answer.status_code == 422
    assert "Es wird nichts mehr erwartet" in answer.text
    assert client.get(asked.get_absolute_url()).status_code == 200


def test_who_asked_takes_back_what_they_asked(client, caritas):
    issue = issue_at(State.PROJECT)
    lead = issue.body.leads().get()
    asked = statement(caritas, by=lead, issue=issue)
    client.force_login(lead)
    assert client.post(url("statement_withdraw", asked.pk)).status_code == 302


# Who reads it


def test_who_sees_an_issue_as_a_whole_sees_what_was_asked_about_it(client, caritas):
    reporter, sitting = user(), user(Role.STEERING_GROUP)
    issue = issue_at(State.PROJECT, reported_by=reporter)
    seat(steering_group(), sitting, function="member")
    asked = statement(caritas, issue=issue)
    draft = statement(caritas)
    for person, about_issue, about_draft in [
        (user(Role.STRATEGIC_OFFICE), 1, 1), (user(Role.COORDINATION), 1, 1), (sitting, 1, 1), (reporter, 1, 0),
        (issue.body.leads().get(), 1, 0), (user(organisation=caritas), 1, 1), (user(), 0, 0),
        (user(Role.AUTHORITY), 0, 0), (user(Role.ADMIN), 0, 0), (user(Role.AUDIT), 0, 0),
    ]:  # fmt: skip
        client.force_login(person)
        seen = {asked: about_issue, draft: about_draft}
        for one, expected in seen.items():
            assert client.get(one.get_absolute_url()).status_code == (200 if expected else 404), (person.roles, one)
        assert set(Statement.objects.visible_to(person)) == {one for one, yes in seen.items() if yes}
    for person in (reporter, issue.body.leads().get()):
        client.force_login(person)
        page = client.get(issue.get_absolute_url()).text
        assert asked.get_absolute_url() in page
    client.force_login(user())
    page = client.get(issue.get_absolute_url()).text
    assert issue.title in page
    assert asked.get_absolute_url() not in page
    assert "Caritas" not in page


def test_an_issue_bundled_into_another_brings_its_reporters_along(caritas):
    reporter = user()
    lead, bundled = issue_at(State.STRATEGY), issue_at(State.COORDINATION, reported_by=reporter)
    asked = statement(caritas, issue=lead)
    assert not Statement.objects.visible_to(reporter).exists()
    take(bundled, "merge", lead=lead)
    assert Statement.objects.visible_to(reporter).get() == asked


def test_the_list_is_searched_narrowed_and_ordered(client, office, caritas, awo):
    issue = issue_at(State.STRATEGY)
    with workdays.as_of(workdays.now() - dt.timedelta(days=20)):
        late = statement(caritas, due=5, subject="Größere Räume")
    with workdays.as_of(workdays.now() - dt.timedelta(days=10)):
        about = statement(awo, due=30, issue=issue)
    done, gone = statement(awo, due=3), statement(caritas, due=4)
    done.receive(by=office, text="Überall fehlt etwas.")
    gone.withdraw(by=office)
    expected = {
        "": [gone, done, about, late], "state=outstanding": [about, late], "state=overdue": [late],
        "state=received": [done], "state=withdrawn": [gone], f"organisation={awo.pk}": [done, about],
        "sort=due": [late, done, gone, about], "q=groessere": [late], "q=UEBERALL": [done], "q=caritas": [gone, late],
        f"q={issue.number}": [about], "q=gibtesnicht": [], "organisation=x": [gone, done, about, late],
    }  # fmt: skip
    for query, found in expected.items():
        assert client.get(f"{url('statement_list')}?{query}").context["page"].rows == found, query


def test_pages_are_steady_in_queries(client, office, caritas):
    issue, counts = issue_at(State.STRATEGY), []
    one = statement(caritas, issue=issue)
    pages = [url("statement_list"), f"{url('statement_list')}?q=merkblatt&state=outstanding", one.get_absolute_url(),
             url("statement_receive", one.pk), f"{url('statement_new')}?issue={issue.pk}",
             issue.get_absolute_url()]  # fmt: skip
    for more in (2, 6):
        for number in range(more):
            statement(organisation(f"o{more}{number}"), issue=issue)
            statement(organisation(f"o{more}{number}"))
        taken = []
        for page in pages:
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            assert len(queries) <= MOST_QUERIES, (page, [query["sql"][:90] for query in queries])
            taken.append(len(queries))
        counts.append(taken)
    assert counts[0] == counts[1]


def test_titles_carry_no_content(client, office, caritas):
    asked = statement(caritas, subject="Geheimer Entwurf")
    for page in (asked.get_absolute_url(), url("statement_receive", asked.pk), url("statement_withdraw", asked.pk)):
        assert "Geheimer" not in client.get(page).text.split("</title>")[0]


# What a decision is told


@pytest.mark.parametrize(
    ("state", "step"), [(State.PROJECT, "propose"), (State.PROJECT, "solve"), (State.STEERING, "decline")]
)
def test_a_step_that_ends_the_talk_says_what_is_still_out_and_is_not_barred(client, caritas, awo, state, step):
    issue = issue_at(state)
    asked = statement(caritas, issue=issue)
    statement(awo, issue=issue)
    person = holder_of(issue)
    client.force_login(person)
    page = url("issue_step", issue.pk, step)
    assert "2 Stellungnahmen stehen noch aus." in client.get(page).text
    asked.receive(by=user(organisation=caritas), text=ANSWER)
    assert "1 Stellungnahme steht noch aus." in client.get(page).text
    assert "noch aus" not in client.get(issue.get_absolute_url()).text
    take(issue, step, by=person)
    assert Statement.objects.outstanding().count() == 1


def test_other_steps_say_nothing_of_it(client, caritas):
    issue = issue_at(State.STRATEGY)
    statement(caritas, issue=issue)
    client.force_login(holder_of(issue))
    assert "noch aus" not in client.get(url("issue_step", issue.pk, "table")).text
