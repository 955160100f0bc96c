"""Bodies with a mandate, milestones and an end; and what a project group at work reads of itself."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import workdays
from kim.digests import compose
from kim.models import Mail, Role, TrailEntry
from kim.privacy_gate import Held
from kim.workflow import StepRefused
from steering import duties, reminders
from steering.models import Body, DutyReminder, Milestone, Resolution
from tests.factories import (
    LONG_AGO,
    county,
    draft,
    issue_at,
    meeting,
    municipality,
    project_group,
    seat,
    steering_group,
    take,
    user,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _there():
    county()


@pytest.fixture
def office(client):
    person = user(Role.STRATEGIC_OFFICE)
    client.force_login(person)
    return person


def url(name, *args):
    return reverse(f"steering:{name}", args=args)


def day(days):
    return workdays.today() + dt.timedelta(days=days)


def typed(days):
    return f"{day(days):%d.%m.%Y}"


def resolved(body, verdict="resolve"):
    with transaction.atomic():
        number = Resolution.next_number()
    return Resolution.objects.create(
        number=number, body=body, verdict=verdict, text="Eine Gruppe arbeitet daran.", decided_on=day(-3)
    )


# Mandate


def test_a_body_is_founded_with_a_mandate_by_resolution(client, office):
    resolution = resolved(steering_group())
    given = {"name": "Sprachmittlung", "kind": "thematic", "mandate": "Sprachmittlung ordnen", "valid_from": typed(0)}
    page = client.get(url("body_new"))
    assert f"{resolution} vom {typed(-3)}, Lenkungsgruppe" in page.text
    assert resolution.text not in page.text
    assert client.post(url("body_new"), given | {"mandated_by": resolution.pk}).status_code == 302
    made = Body.objects.get(name="Sprachmittlung")
    assert (made.mandated_by, made.mandate) == (resolution, "Sprachmittlung ordnen")
    shown = client.get(made.get_absolute_url()).text
    assert "Durch Beschluss" in shown
    assert f'<a href="{resolution.get_absolute_url()}">{resolution}</a>' in shown


def test_what_was_rejected_is_no_mandate_but_the_one_that_is_chosen_stays(client, office):
    group = steering_group()
    rejected, made = resolved(group, "reject"), resolved(group)
    body = project_group()
    assert list(client.get(url("body_edit", body.pk)).context["form"].fields["mandated_by"].rows.values()) == [made]
    Body.objects.filter(pk=body.pk).update(mandated_by=rejected)
    offered = client.get(url("body_edit", body.pk)).context["form"].fields["mandated_by"].rows.values()
    assert set(offered) == {rejected, made}


def test_name_places_and_mandate_of_a_body_change(client, office):
    place, other = municipality(), municipality()
    body = project_group("local", place)
    given = {"name": "Neuer Name", "mandate": "Neuer Auftrag", "municipalities": [other.pk], "mandated_by": ""}
    assert client.post(url("body_edit", body.pk), given).status_code == 302
    body.refresh_from_db()
    assert (body.name, body.mandate, list(body.municipalities.all())) == ("Neuer Name", "Neuer Auftrag", [other])
    assert TrailEntry.objects.filter(act="body.edit", object_id=str(body.pk), by=office).count() == 1
    refused = client.post(url("body_edit", body.pk), given | {"municipalities": []})
    assert refused.status_code == 422
    assert "mindestens eine Kommune" in refused.text
    with pytest.raises(StepRefused, match="mindestens eine Kommune"):
        body.edit(by=office, name="Anders", mandate="", municipalities=[])
    body.edit(by=office, name="Anders", mandate="")
    assert list(body.municipalities.all()) == [other]


def test_a_mandate_that_points_to_a_person_is_held(client, office):
    body = project_group()
    given = {"name": body.name, "mandate": "Rückruf bei Frau Muster unter 02241 131234.", "mandated_by": ""}
    held = client.post(url("body_edit", body.pk), given)
    assert held.status_code == 422
    assert "Datenschutzprüfung" in held.text
    body.refresh_from_db()
    assert body.mandate == ""
    for act in (
        lambda: Body.found(by=office, name="Gruppe", kind="working", valid_from=day(0), mandate=given["mandate"]),
        lambda: body.end(by=office, last_day=day(0), result=given["mandate"]),
        lambda: Milestone.add(body, by=office, title=given["mandate"], due_on=day(0)),
    ):
        with pytest.raises(Held):
            act()


def test_what_may_be_vouched_for_is_saved_once_it_is(client, office):
    body = project_group()
    given = {"name": body.name, "mandate": "Abstimmung mit Frau Muster", "mandated_by": ""}
    held = client.post(url("body_edit", body.pk), given)
    keys = [finding.key for finding in held.context["form"].to_confirm]
    assert held.status_code == 422
    assert keys
    assert "sieht die Koordinierung bei der Freigabe" not in held.text
    assert client.post(url("body_edit", body.pk), given | {"confirmed": keys}).status_code == 302


# The end


def test_a_body_ends_with_its_result_and_its_seats_end_with_it(client, office):
    body = project_group()
    lead = body.memberships.get()
    later = seat(body, user(), "member", valid_from=day(9))
    body.expected.create(name="Jobcenter", valid_from=LONG_AGO)
    given = {"last_day": typed(0), "result": "Das Merkblatt gilt in allen Kommunen."}
    assert client.post(url("body_end", body.pk), given).status_code == 302
    body.refresh_from_db()
    lead.refresh_from_db()
    assert (body.last_day, lead.last_day, body.expected.get().last_day) == (day(0), day(0), day(0))
    assert not body.memberships.filter(pk=later.pk).exists()
    ended = f"beendet am {typed(0)}"
    with workdays.as_of(day(1)):
        page = client.get(body.get_absolute_url())
        assert ended in page.text
        assert "Das Merkblatt gilt in allen Kommunen." in page.text
        assert not page.context["may_manage"]
        assert body in client.get(url("body_list")).context["former"]


@pytest.mark.parametrize(("last_day", "sentence"), [(1, "bis heute"), (-9999, "bis heute")])
def test_a_body_ends_on_a_day_on_which_it_is_there(office, last_day, sentence):
    body = project_group()
    with pytest.raises(StepRefused, match=sentence):
        body.end(by=office, last_day=day(last_day), result="Fertig.")


def test_a_body_with_work_or_a_meeting_to_come_does_not_end(client, office):
    body = issue_at("project").body
    end, given = url("body_end", body.pk), {"last_day": typed(0), "result": "Fertig."}
    assert "Das steht noch im Weg" in client.get(end).text
    refused = client.post(end, given)
    assert refused.status_code == 422
    assert "liegt noch ein Knackpunkt in Arbeit" in refused.text
    issue_at("project", municipality=body.municipalities.get())
    assert "liegen noch 2 Knackpunkte in Arbeit" in client.post(end, given).text
    for issue in body.issues.all():
        take(issue, "solve")
    planned = meeting(body, days=5)
    assert f"Für den {planned.day:%d.%m.%Y} ist noch eine Sitzung geplant" in client.post(end, given).text
    planned.cancel(by=office)
    assert client.post(end, given).status_code == 302


def test_a_body_does_not_end_before_it_last_met_or_somebody_joined(office):
    body = project_group()
    met = meeting(body, days=-3)
    with pytest.raises(StepRefused, match=f"am {met.day:%d.%m.%Y} noch getagt"):
        body.end(by=office, last_day=day(-4), result="Fertig.")
    seat(body, user(), "member", valid_from=day(-1))
    with pytest.raises(StepRefused, match="Ein Sitz begann am"):
        body.end(by=office, last_day=day(-2), result="Fertig.")
    body.end(by=office, last_day=day(-1), result="Fertig.")
    assert body.has_ended


def test_a_body_is_given_nothing_new_on_its_last_day(office):
    issue = issue_at("steering")
    body = project_group("local", issue.municipality)
    body.end(by=office, last_day=day(0), result="Fertig.")
    with pytest.raises(StepRefused, match="besteht nicht mehr"):
        take(issue, "assign", body=body)
    issue.refresh_from_db()
    assert issue.state == "steering"


def test_the_steering_group_does_not_end(client, office):
    group = steering_group()
    refused = client.post(url("body_end", group.pk), {"last_day": typed(0), "result": "Fertig."})
    assert refused.status_code == 422
    assert "auf Dauer eingerichtet" in refused.text


def test_an_ended_body_changes_in_nothing(office):
    body = project_group()
    member, milestone = body.memberships.get(), Milestone.add(body, by=office, title="Auftakt", due_on=day(9))
    body.end(by=office, last_day=day(-1), result="Fertig.")
    for act in (
        lambda: body.edit(by=office, name="Anders", mandate=""),
        lambda: body.seat(by=office, function="member", valid_from=day(0), user=user()),
        lambda: member.end(by=office, last_day=day(-5)),
        lambda: member.change(by=office, valid_from=day(-5), function="member"),
        lambda: milestone.reach(by=office),
        lambda: Milestone.add(body, by=office, title="Mehr", due_on=day(9)),
        lambda: body.end(by=office, last_day=day(-1), result="Anders."),
    ):
        with pytest.raises(StepRefused, match="Dieses Gremium ist beendet"):
            act()


# Milestones


def test_lead_and_office_set_milestones_and_see_which_are_late(client, office):
    body = project_group()
    lead = body.leads().get()
    given = {"title": "Merkblatt abgestimmt", "due_on": typed(3)}
    assert client.post(url("milestone_new", body.pk), given).status_code == 302
    client.force_login(lead)
    assert client.post(url("milestone_new", body.pk), given | {"title": "Auftakt"}).status_code == 302
    refused = client.post(url("milestone_new", body.pk), given | {"due_on": typed(-1)})
    assert refused.status_code == 422
    with pytest.raises(StepRefused, match="nicht in der Vergangenheit"):
        Milestone.add(body, by=office, title="Zu spät", due_on=day(-1))
    first = body.milestones.get(title="Auftakt")
    done = url("milestone_done", body.pk, first.pk)
    assert client.post(done, follow=True).status_code == 200
    first.refresh_from_db()
    assert (first.done_on, first.done_by) == (day(0), lead)
    assert "ist schon am" in client.post(done, follow=True).text
    late, reached = f"überfällig seit {typed(3)}", f"erreicht {typed(0)}"
    with workdays.as_of(day(5)):
        page = client.get(body.get_absolute_url()).text
        assert late in page
        assert reached in page


def test_members_set_no_milestones_and_the_administration_reads_none(client):
    body = project_group()
    member = user(Role.PROJECT_GROUP)
    seat(body, member, "member")
    row = body.milestones.create(title="Merkblatt abgestimmt", due_on=day(3), by=member)
    client.force_login(member)
    refused = client.post(url("milestone_done", body.pk, row.pk))
    assert refused.status_code == 403
    assert "Meilensteine setzen die Geschäftsstelle und" in refused.text
    with pytest.raises(PermissionDenied, match="Meilensteine setzen"):
        row.reach(by=member)
    assert row.title in client.get(body.get_absolute_url()).text
    client.force_login(user(Role.ADMIN))
    assert row.title not in client.get(body.get_absolute_url()).text


def test_the_lead_is_reminded_of_a_milestone_by_the_one_clock(office):
    body = project_group()
    lead, today = body.leads().get(), workdays.next_workday(day(0))
    row = body.milestones.create(title="Merkblatt abgestimmt", due_on=today, by=office)
    body.milestones.create(title="Schon erreicht", due_on=today, by=office, done_on=day(0), done_by=office)
    ended = project_group()
    ended.milestones.create(title="Vorbei", due_on=today, by=office)
    Body.objects.filter(pk=ended.pk).update(valid_until=day(0))
    (duty,) = duties.open_until(today)
    assert (duty.key, duty.people, duty.subject) == (f"milestone:{row.pk}", {lead.pk}, body.name)
    assert row.title not in duty.subject + duty.words + duty.url
    with workdays.as_of(dt.datetime.combine(today, dt.time(7), workdays.BERLIN)):
        reminders.sweep()
        assert DutyReminder.objects.filter(duty=duty.key, kind="due").count() == 1
        compose()
    told = Mail.objects.get(recipient=lead)
    assert "Meilenstein" in told.body
    assert row.title not in told.body


# At work


def test_a_group_reads_what_it_works_on(client):
    issue = issue_at("project")
    body = issue.body
    lead = body.leads().get()
    client.force_login(lead)
    issue.add_measure(by=lead, text="Merkblatt entwerfen", owner="Jobcenter", due_on=day(9))
    with workdays.as_of(day(-1)):
        issue.add_measure(by=lead, text="Erlass besorgen", owner="Ausländeramt", due_on=workdays.today())
    proposed = issue_at("project", municipality=issue.municipality)
    take(proposed, "propose", by=lead)
    solved = issue_at("feedback_due", municipality=issue.municipality)
    page = client.get(body.get_absolute_url())
    words = " ".join(page.text.split())
    assert f"Zwischenbericht bis {issue.due_on:%d.%m.%Y}" in words
    assert [row.text for row in page.context["measures"]] == ["Erlass besorgen", "Merkblatt entwerfen"]
    assert f"überfällig seit {typed(-1)}" in words
    assert [item.issue_id for item in page.context["proposals"]] == [proposed.pk]
    assert [row.pk for row in page.context["results"]] == [solved.pk]
    assert "Die Stellen haben sich auf ein Verfahren geeinigt." in words


def test_a_member_from_outside_sees_its_own_group_and_nothing_else(client):
    issue = issue_at("project")
    group, elsewhere = issue.body, issue_at("project")
    foreign, waiting = elsewhere.body, issue_at("steering")
    member = user(Role.PROJECT_GROUP)
    seat(group, member, "member")
    resolution = resolved(steering_group())
    Body.objects.filter(pk=group.pk).update(mandated_by=resolution)
    client.force_login(member)
    assert client.get(url("body_list")).context["bodies"] == [group]
    page = client.get(group.get_absolute_url())
    assert issue.title in page.text
    assert str(resolution) in page.text
    assert resolution.text not in page.text
    for hidden in (foreign, steering_group(), elsewhere, waiting, steering_group().next_meeting()):
        assert client.get(hidden.get_absolute_url()).status_code == 404, hidden
    listed = client.get(url("issue_list")).text
    assert issue.number in listed
    for hidden in (elsewhere, waiting, draft()):
        assert (hidden.number or hidden.title) not in listed.replace(issue.title, "")
    for name in ("body_edit", "body_end", "body_seat", "milestone_new", "expected_new", "rules_new"):
        assert client.get(url(name, group.pk)).status_code == 403, name


def test_what_a_member_sees_ends_with_the_seat(client):
    issue = issue_at("project")
    member = user(Role.PROJECT_GROUP)
    seat(issue.body, member, "member", valid_until=day(1))
    client.force_login(member)
    assert client.get(issue.body.get_absolute_url()).status_code == 200
    with workdays.as_of(day(1)):
        assert client.get(issue.body.get_absolute_url()).status_code == 404


def test_the_administration_sees_who_sits_there_and_nothing_of_the_work(client):
    issue = issue_at("project")
    lead = issue.body.leads().get()
    issue.add_measure(by=lead, text="Merkblatt entwerfen", owner="Jobcenter", due_on=day(9))
    client.force_login(user(Role.ADMIN))
    page = client.get(issue.body.get_absolute_url()).text
    assert str(lead) in page
    for hidden in (issue.title, "Merkblatt entwerfen", issue.number, "Geschäftsordnung"):
        assert hidden not in page, hidden


def test_the_page_of_a_group_costs_the_same_with_few_and_many_rows(client, office):
    place = municipality()
    body, counts = project_group("local", place), []
    body.mandated_by = resolved(steering_group())
    body.save()
    lead = body.leads().get()
    for more in (1, 3):
        for _ in range(more):
            issue = issue_at("project", municipality=place)
            issue.add_measure(by=lead, text="Merkblatt", owner="Jobcenter", due_on=day(9))
            take(issue_at("project", municipality=place), "propose", by=lead)
            issue_at("feedback_due", municipality=place)
            seat(body, user(), "member")
            meeting(body, days=20 + more + body.meetings.count())
            meeting(body, days=-20 - more - body.meetings.count())
            Milestone.add(body, by=office, title="Auftakt", due_on=day(9))
            body.expected.create(name=f"Stelle {body.expected.count()}", valid_from=LONG_AGO)
        taken = []
        for person in (office, lead):
            client.force_login(person)
            client.get(body.get_absolute_url())
            with CaptureQueriesContext(connection) as queries:
                assert client.get(body.get_absolute_url()).status_code == 200
            assert len(queries) <= MOST_QUERIES, [query["sql"][:90] for query in queries]
            taken.append(len(queries))
        counts.append(taken)
    assert counts[0] == counts[1]
