"""„Heute“: every role finds what waits, what is new and what comes next, with a steady number of queries."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import trail, workdays
from kim.models import Draft, JobRun, Mail, Notice, Role
from steering.escalation import State
from tests.factories import county, draft, issue_at, municipality, project_group, seat, steering_group, take, user

pytestmark = pytest.mark.django_db
TODAY = reverse("kim:today")
MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _there():
    county()
    steering_group()


def shown(client, person):
    client.force_login(person)
    answer = client.get(TODAY)
    assert answer.status_code == 200
    parts = {part.key: part.about for parts in answer.context["columns"].values() for part in parts}
    return parts, answer.content.decode()


def test_the_day_is_the_heading(client):
    with workdays.as_of(dt.date(2026, 4, 13)):
        _, page = shown(client, user(Role.COORDINATION))
    assert "Montag, 13. April 2026" in page
    assert "Kalenderwoche 16" in page


def test_what_waits_stands_in_order_of_due_date(client):
    first = issue_at(State.FEEDBACK_DUE)
    second = issue_at(State.COORDINATION)
    issue_at(State.STRATEGY)
    parts, page = shown(client, user(Role.COORDINATION))
    assert [line[0] for line in parts["waiting"]["lines"]] == [first, second]
    assert "Den Meldenden antworten" in page


def test_who_reported_is_asked_whether_it_helps_and_sees_where_the_reports_are(client):
    reporter = user()
    answered = issue_at(State.FED_BACK, reported_by=reporter)
    under_way = issue_at(State.STRATEGY, reported_by=reporter)
    begun = draft(by=reporter)
    parts, page = shown(client, reporter)
    assert [line[0] for line in parts["waiting"]["lines"]] == [answered]
    assert "Hilft die Lösung in der Praxis?" in page
    assert parts["reports"]["drafts"] == [begun]
    assert {line[0] for line in parts["reports"]["lines"]} == {answered, under_way}


def test_what_was_handed_back_stays_in_sight_of_both_sides(client):
    reporter, coordination = user(), user(Role.COORDINATION)
    back = issue_at(State.COORDINATION, reported_by=reporter, title="Ein Entwurf, der liegen bleibt")
    take(back, "hand_back", by=coordination)
    for _ in range(5):
        draft(by=reporter)
    parts, page = shown(client, reporter)
    assert parts["reports"]["drafts"][0] == back
    assert f"{back.number} · liegt bei Ihnen seit" in page
    Notice.objects.filter(recipient=coordination).delete()  # what it was told while the issue lay with it
    parts, page = shown(client, coordination)
    assert [issue.number for issue, _ in parts["handed-back"]["lines"]] == [back.number]
    assert back.number in page
    assert back.title not in page
    assert f"/issues/{back.pk}/" not in page
    assert "handed-back" not in shown(client, user(Role.STRATEGIC_OFFICE))[0]
    take(back, "report")
    assert "handed-back" not in shown(client, coordination)[0]


def test_unread_notices_are_new_and_counted_once(client):
    reporter = user()
    issue_at(State.STRATEGY, reported_by=reporter)
    parts, page = shown(client, reporter)
    number = Notice.objects.filter(recipient=reporter, read_at=None).count()
    assert parts["new-notices"]["number"] == number > 0
    assert f"{number} ungelesene Mitteilung" in page
    Notice.objects.update(read_at=workdays.now())
    assert "new-notices" not in shown(client, reporter)[0]


def test_what_was_begun_can_be_gone_on_with(client):
    person = user()
    Draft.keep(
        person, "issue:new", {"title": "Ganz geheimer Text"}, url="/steering/issues/new/", title="Knackpunkt melden"
    )
    Draft.keep(user(), "issue:new", {}, url="/fremd/", title="Fremdes")
    _, page = shown(client, person)
    assert 'href="/steering/issues/new/"' in page
    assert "geheimer Text" not in page
    assert "Fremdes" not in page


def test_the_steering_group_sees_the_next_meeting_and_what_it_decides(client):
    issue = issue_at(State.STEERING)
    take(decided := issue_at(State.STEERING), "assign")
    member = user(Role.STEERING_GROUP)
    seat(steering_group(), member, function="member")
    parts, page = shown(client, member)
    assert [item.issue_id for item, _ in parts["next-meeting"]["items"]] == [issue.pk]
    assert "weitere" not in page
    assert f'href="{decided.get_absolute_url()}"' not in page.split("Ihre nächste Sitzung")[1].split("</section>")[0]


def test_what_the_next_meeting_decides_is_shown_once(client):
    first, late = issue_at(State.STEERING), issue_at(State.STEERING)
    chair = steering_group().leads().get()
    parts, page = shown(client, chair)
    assert first.pk in [item.issue_id for item, _ in parts["next-meeting"]["items"]]
    assert first not in [line[0] for line in parts["waiting"]["lines"]]
    assert "Außer der Tagesordnung liegt zurzeit nichts bei Ihnen." in page
    with workdays.as_of(late.due_on + dt.timedelta(days=1)):
        parts, page = shown(client, chair)
        assert late in [line[0] for line in parts["waiting"]["lines"]]


def test_late_elsewhere_has_a_title_for_those_who_may_see_the_issue(client):
    issue = issue_at(State.PROJECT)
    with workdays.as_of(workdays.add_workdays(issue.due_on, 11)):
        parts, page = shown(client, user(Role.STRATEGIC_OFFICE))
    ((late, _, _),) = parts["told-late"]["lines"]
    assert (late, late.told_title) == (issue, issue.title)
    assert f'href="{issue.get_absolute_url()}"' in page


def test_a_long_agenda_is_shown_in_part(client, monkeypatch):
    monkeypatch.setattr("steering.today.AGENDA", 1)
    first, second, third = issue_at(State.STEERING), issue_at(State.STEERING), issue_at(State.STEERING)
    parts, page = shown(client, user(Role.STRATEGIC_OFFICE))
    assert [item.issue_id for item, _ in parts["next-meeting"]["items"]] == [first.pk]
    assert "alle 3 Punkte ansehen<" in page
    take(third, "assign")
    take(second, "assign")
    assert "und " not in shown(client, user(Role.STRATEGIC_OFFICE))[1].split("</ol>")[1].split("</section>")[0]


def test_without_a_meeting_the_office_is_offered_to_plan_one(client):
    steering_group().meetings.all().delete()
    _, page = shown(client, user(Role.STRATEGIC_OFFICE))
    assert "Ohne Termin kann nichts auf die Tagesordnung" in page
    assert reverse("steering:meeting_new") in page


def test_ten_working_days_late_the_next_office_reads_number_office_and_days_only(client):
    issue = issue_at(State.COORDINATION, title="Ein Titel, der hier nicht stehen darf")
    office = user(Role.STRATEGIC_OFFICE)
    with workdays.as_of(workdays.add_workdays(issue.due_on, 9)):
        assert "told-late" not in shown(client, office)[0]
    with workdays.as_of(workdays.add_workdays(issue.due_on, 10)):
        parts, page = shown(client, office)
    ((late, held_by, days),) = parts["told-late"]["lines"]
    assert (late, late.told_title, held_by, days) == (issue, "", "Koordinierung Case Management", 10)
    assert issue.get_absolute_url() not in page
    assert "10 Arbeitstage zu spät" in page
    assert issue.title not in page


def test_a_group_lead_sees_issues_and_open_measures(client):
    issue = issue_at(State.PROJECT)
    lead = issue.body.leads().get()
    due = workdays.today() + dt.timedelta(days=3)
    kept = issue.add_measure(by=lead, text="Merkblatt abstimmen", owner="Jobcenter", due_on=due)
    issue.finish_measure(issue.add_measure(by=lead, text="Schon fertig", owner="Jobcenter", due_on=due), by=lead)
    parts, page = shown(client, lead)
    assert [line[0] for line in parts["waiting"]["lines"]] == [issue]
    assert [line[0] for line in parts["measures"]["lines"]] == [kept]
    assert "Schon fertig" not in page


def test_the_week_shows_the_places_of_the_assignments(client):
    place = municipality(name="Windeck")
    person = user(municipality=place)
    person.assignments.update(weekdays="13")
    with workdays.as_of(dt.date(2026, 4, 27)):  # a Monday; Friday is the first of May
        parts, page = shown(client, person)
    assert parts["place"]["here"] == ["Windeck"]
    assert [names for _, names, _ in parts["place"]["days"]] == [["Windeck"], [], ["Windeck"], [], []]
    assert "Heute in <strong>Windeck</strong>" in page
    assert parts["place"]["days"][4][2]


def test_a_deputy_reads_for_whom_and_until_when(client):
    issue = issue_at(State.COORDINATION)
    absent, deputy = user(Role.COORDINATION, name="Koordinierung Nord"), user()
    absent.absences.create(
        deputy=deputy, valid_from=workdays.today(), valid_until=workdays.today() + dt.timedelta(days=3)
    )
    parts, page = shown(client, deputy)
    assert issue in [line[0] for line in parts["waiting"]["lines"]]
    last = workdays.today() + dt.timedelta(days=2)
    assert f"In Vertretung für Koordinierung Nord bis {last:%d.%m.%Y}" in page


def test_the_administration_sees_the_background_and_no_issue(client):
    issue = issue_at(State.COORDINATION)
    JobRun.objects.create(job="heartbeat", day=workdays.today(), finished_at=workdays.now())
    Mail.objects.create(key="m1", to="a@kim.example", subject="x", state="failed", last_error="SMTP 550")
    parts, page = shown(client, user(Role.ADMIN))
    assert parts["background"]["is_alive"]
    assert "SMTP 550" in page
    assert issue.title not in page
    with workdays.as_of(workdays.now() + dt.timedelta(minutes=6)):
        assert not shown(client, user(Role.ADMIN))[0]["background"]["is_alive"]


def test_the_audit_sees_the_latest_of_the_trail(client):
    issue = issue_at(State.COORDINATION)
    trail.record("issue.export", issue.reporters.get().user, by=issue.reporters.get().user)
    parts, page = shown(client, user(Role.AUDIT))
    assert parts["latest-trail"]["rows"][0].act == "issue.export"
    assert issue.title not in page


def test_somebody_without_a_role_finds_a_calm_page(client):
    parts, page = shown(client, user(role=None))
    assert parts == {}
    assert "Heute wartet nichts auf Sie" in page


@pytest.mark.parametrize("role", list(Role))
def test_the_page_is_steady_in_queries_for_every_role(client, role):
    place = municipality()
    person = user(role, municipality=place)
    group = project_group("local", place, lead=person) if role == Role.PROJECT_GROUP else None
    if role == Role.STEERING_GROUP:
        seat(steering_group(), person)
    if role == Role.PROJECT_GROUP:
        assert group.leads().get() == person
    Draft.keep(person, "x", {}, url="/x/", title="Begonnenes")
    counts = []
    for more in (2, 5):
        for _ in range(more):
            for state in (State.COORDINATION, State.STRATEGY, State.STEERING, State.PROJECT):
                issue = issue_at(state, municipality=place, reported_by=person if role == Role.CASE_MANAGER else None)
        client.force_login(person)
        with workdays.as_of(workdays.add_workdays(issue.due_on, 12)):
            client.get(TODAY)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(TODAY).status_code == 200
        assert len(queries) <= MOST_QUERIES, [query["sql"][:90] for query in queries]
        counts.append(len(queries))
    assert counts[0] == counts[1]
