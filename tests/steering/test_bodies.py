"""Bodies and meetings: who sees and keeps them, seats by day, and clocks that follow a meeting."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import workdays
from kim.models import Notice, Role
from kim.workflow import StepRefused
from steering.escalation import State
from steering.models import AgendaItem, Body, Issue, Meeting
from tests.factories import (
    LONG_AGO,
    county,
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


def test_bodies_are_seen_by_those_who_sit_in_them_and_those_who_keep_them(client):
    group, other = project_group(), project_group()
    member = user(Role.CASE_MANAGER)
    seat(group, member, function="member")
    for person, expected in [
        (member, {group}), (user(Role.CASE_MANAGER), set()), (user(Role.COORDINATION), {group, other}),
        (user(Role.STRATEGIC_OFFICE), {group, other}), (user(Role.ADMIN), {group, other}),
    ]:  # fmt: skip
        client.force_login(person)
        assert set(client.get(url("body_list")).context["bodies"]) == expected
        assert client.get(group.get_absolute_url()).status_code == (200 if group in expected else 404)
    client.force_login(user(Role.AUDIT))
    assert client.get(url("body_list")).status_code == 403


@pytest.mark.parametrize("name", ["body_new", "meeting_new"])
def test_others_may_not_keep_bodies_or_meetings(client, name):
    client.force_login(user(Role.COORDINATION))
    answer = client.get(url(name))
    assert answer.status_code == 403
    assert "Geschäftsstelle" in answer.content.decode()


def test_a_local_group_needs_a_municipality(client, office):
    place = municipality()
    given = {"name": "Projektgruppe Größe", "kind": "local", "valid_from": "01.07.2026", "mandate": ""}
    answer = client.post(url("body_new"), given)
    assert answer.status_code == 422
    assert "mindestens eine Kommune" in answer.content.decode()
    assert client.post(url("body_new"), given | {"municipalities": [place.pk]}).status_code == 302
    made = Body.objects.get()
    assert (made.key, list(made.municipalities.all())) == ("projektgruppe-groesse", [place])
    client.post(url("body_new"), given | {"municipalities": [place.pk]})
    assert set(Body.objects.values_list("key", flat=True)) == {"projektgruppe-groesse", "projektgruppe-groesse-2"}


def test_a_seat_begins_and_ends_with_its_days(client, office):
    group, person = project_group(), user(Role.PROJECT_GROUP)
    given = {"user": person.pk, "organisation": "", "function": "member", "valid_from": f"{day(0):%d.%m.%Y}"}
    assert client.post(url("body_seat", group.pk), given).status_code == 302
    assert client.post(url("body_seat", group.pk), given).status_code == 422
    made = group.memberships.get(user=person)
    end = url("body_seat_end", group.pk, made.pk)
    assert client.post(end, {"last_day": f"{day(-1):%d.%m.%Y}"}).status_code == 422
    assert client.post(end, {"last_day": f"{day(0):%d.%m.%Y}"}).status_code == 302
    made.refresh_from_db()
    assert (made.last_day, made.holds_on(day(0)), made.holds_on(day(1))) == (day(0), True, False)


def test_a_group_at_work_is_not_left_without_a_lead(client, office):
    issue = issue_at(State.PROJECT)
    group = issue.body
    seat = group.memberships.get()
    end, today = url("body_seat_end", group.pk, seat.pk), {"last_day": f"{day(0):%d.%m.%Y}"}
    refused = client.post(end, today)
    assert refused.status_code == 422
    assert "zuerst eine neue Leitung" in refused.content.decode()
    seat.refresh_from_db()
    assert seat.valid_until is None
    successor = user(Role.PROJECT_GROUP)
    group.seat(by=office, function="lead", valid_from=day(1), user=successor)
    assert client.post(end, today).status_code == 302
    assert list(group.leads(day(1))) == [successor]


def test_a_lead_whose_account_is_locked_or_has_no_role_does_not_count(office):
    issue = issue_at(State.PROJECT)
    seat = issue.body.memberships.get()
    for locked in (user(Role.PROJECT_GROUP, is_active=False), user(None)):
        issue.body.seat(by=office, function="lead", valid_from=day(0), user=locked)
    with pytest.raises(StepRefused, match="keine Leitung"):
        seat.end(by=office, last_day=day(0))


def test_a_group_without_work_may_be_left(office):
    group = project_group()
    group.memberships.get().end(by=office, last_day=day(0))
    assert not group.leads(day(1)).exists()


def test_a_seat_is_somebodys(client, office):
    group = project_group()
    given = {"user": "", "organisation": "", "function": "member", "valid_from": "01.07.2026"}
    assert client.post(url("body_seat", group.pk), given).status_code == 422
    assert client.post(url("body_seat", group.pk), given | {"user": "99999"}).status_code == 422
    assert group.memberships.count() == 1


def test_a_new_meeting_takes_up_what_waits_for_one(client, office):
    group = steering_group()
    group.meetings.all().delete()
    issue = issue_at(State.STRATEGY)
    place = project_group("local", issue.municipality)
    issue.fast_track(by=user(Role.STRATEGIC_OFFICE), reach="local", body=place, reason="Es eilt vor den Ferien.")
    assert AgendaItem.objects.get().meeting is None
    assert "1 Zuweisung" in client.get(url("meeting_new")).content.decode()
    given = {"body": group.pk, "day": f"{day(20):%d.%m.%Y}", "hour": "14:00", "mode": "hybrid", "place": "Kreishaus"}
    assert client.post(url("meeting_new"), given).status_code == 302
    made = Meeting.objects.get()
    assert AgendaItem.objects.get().meeting == made
    assert made.starts_at.astimezone(workdays.BERLIN).hour == 14
    assert client.post(url("meeting_new"), given).status_code == 422


@pytest.mark.parametrize(
    "wrong", [{"day": "31.02.2027"}, {"hour": "25:00"}, {"day": "01.01.2020"}, {"body": "0"}, {"mode": "x"}]
)
def test_a_meeting_that_cannot_be_is_refused_with_a_sentence(client, office, wrong):
    group = steering_group()
    given = {"body": group.pk, "day": f"{day(20):%d.%m.%Y}", "hour": "14:00", "mode": "video"} | wrong
    before = Meeting.objects.count()
    assert client.post(url("meeting_new"), given).status_code == 422
    assert Meeting.objects.count() == before


def test_a_moved_meeting_takes_the_clocks_along_and_tells(client, office):
    issue = issue_at(State.STEERING)
    reporter = issue.reporters.get().user
    there, before = issue.meeting, issue.due_on
    assert issue.title in client.get(url("meeting_move", there.pk)).content.decode()
    given = {"day": f"{day(40):%d.%m.%Y}", "hour": "09:00", "mode": "presence", "place": "", "title": ""}
    Notice.objects.all().delete()
    assert client.post(url("meeting_move", there.pk), given).status_code == 302
    issue.refresh_from_db()
    assert issue.due_on == workdays.add_workdays(day(40), 5) > before
    assert Notice.objects.filter(recipient=reporter, headline__contains="Sitzung verlegt").count() == 1
    given["day"] = f"{day(50):%d.%m.%Y}"
    client.post(url("meeting_move", there.pk), given)
    assert Notice.objects.filter(recipient=reporter, headline__contains="Sitzung verlegt").count() == 2


def test_a_cancelled_meeting_hands_its_agenda_to_another_one(client, office):
    issue = issue_at(State.STEERING)
    there = issue.meeting
    refused = client.post(url("meeting_cancel", there.pk), {"instead": ""})
    assert refused.status_code == 422
    assert "Bitte wählen Sie die Sitzung" in refused.content.decode()
    later = meeting(there.body, days=60)
    assert client.post(url("meeting_cancel", there.pk), {"instead": later.pk}).status_code == 302
    issue.refresh_from_db()
    assert (issue.meeting, issue.agenda_items.get().meeting) == (later, later)
    assert issue.due_on == workdays.add_workdays(day(60), 5)
    assert client.post(url("meeting_cancel", there.pk), {"instead": later.pk}).status_code == 422


def test_an_issue_is_on_an_agenda_once_however_often_it_is_put_there(office):
    issue = issue_at(State.STEERING)
    first = issue.meeting
    take(issue, "defer")
    take(issue, "table", meeting=first)
    assert issue.agenda_items.count() == 1
    second = meeting(first.body, days=28)
    take(issue, "defer")
    take(issue, "table", meeting=second)
    second.cancel(by=office, instead=first)
    assert [item.meeting for item in issue.agenda_items.all()] == [first]
    with pytest.raises(IntegrityError), transaction.atomic():
        issue.agenda_items.create(meeting=first, kind="tabled")


def test_what_waits_for_a_meeting_waits_once(office):
    first, second = steering_group().next_meeting(), meeting(days=28)
    issue = issue_at(State.STRATEGY)
    take(issue, "fast_track")
    issue.agenda_items.create(meeting=second, kind="information")
    for one in (first, second):
        one.cancel(by=office)
    assert issue.agenda_items.get().meeting is None
    with pytest.raises(IntegrityError), transaction.atomic():
        issue.agenda_items.create(kind="information")


def test_a_meeting_that_has_begun_stays_as_it_was():
    there = meeting(days=3)
    office = user(Role.STRATEGIC_OFFICE)
    with workdays.as_of(there.starts_at), pytest.raises(StepRefused, match="schon begonnen"):
        there.cancel(by=office)
    with pytest.raises(PermissionDenied):
        there.cancel(by=user(Role.COORDINATION))
    there.refresh_from_db()
    assert there.cancelled_at is None


def test_the_agenda_shows_only_issues_the_reader_may_see(client):
    tabled = issue_at(State.STEERING)
    there = tabled.meeting
    chair = there.body.leads().first()
    client.force_login(chair)
    assert [item.issue for item in client.get(there.get_absolute_url()).context["items"]] == [tabled]
    member = user(Role.PROJECT_GROUP)
    seat(there.body, member, function="advisory", valid_from=LONG_AGO)
    client.force_login(member)
    answer = client.get(there.get_absolute_url())
    assert tabled.title not in answer.content.decode()
    assert answer.context["hidden"] == 1


def test_the_administration_keeps_members_but_reads_no_issue(client):
    issue = issue_at(State.PROJECT)
    client.force_login(user(Role.ADMIN))
    page = client.get(issue.body.get_absolute_url()).content.decode()
    assert issue.title not in page
    assert "Keine Sitzung geplant" not in page, "who may not see meetings is not told there are none"
    assert client.get(url("meeting_list")).status_code == 403
    assert client.get(url("meeting_detail", issue.meeting.pk)).status_code == 404


def test_pages_of_bodies_and_meetings_are_steady_in_queries(client, office):
    group, place, counts = steering_group(), municipality(), []
    there = group.next_meeting()
    pages = [url("body_list"), url("body_detail", group.pk), url("meeting_list"), url("meeting_detail", there.pk),
             url("meeting_move", there.pk), url("meeting_cancel", there.pk), url("body_seat", group.pk)]  # fmt: skip
    for more in (2, 4):
        for n in range(more):
            issue_at(State.STEERING, municipality=place)
            seat(group, user(Role.STEERING_GROUP), function="member")
            meeting(group, days=100 * more + n)
            project_group("local", municipality())
        taken = []
        for page in pages:
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            assert len(queries) <= MOST_QUERIES, (page, [query["sql"][:90] for query in queries])
            taken.append(len(queries))
        counts.append(taken)
    assert counts[0] == counts[1]
    assert Issue.objects.filter(meeting=there).count() == 6


def test_meetings_are_searched_narrowed_and_ordered(client, office):
    group, other = steering_group(), project_group()
    (first,) = group.meetings.all()
    late = meeting(other, days=40, title="Übergänge ordnen", place="Windeck")
    over = meeting(other, days=-40)
    expected = {
        "": [first, late], "sort=new": [late, first], "stand=past": [over], "stand=all": [late, first, over],
        "stand=all&sort=old": [over, first, late], f"body={other.pk}": [late], "q=uebergaenge": [late],
        "q=WINDECK": [late], "q=lenkungs": [first], "q=gibtesnicht": [], "body=99999999999999999999": [first, late],
        f"until={day(20):%d.%m.%Y}": [first], f"since={day(20):%d.%m.%Y}": [late], "since=31.02.2026": [first, late],
    }  # fmt: skip
    for query, meetings in expected.items():
        assert client.get(f"{url('meeting_list')}?{query}").context["page"].rows == meetings, query
    assert "bleibt unbeachtet" in client.get(url("meeting_list"), {"since": "31.02.2026"}).content.decode()


def test_a_meeting_is_found_under_the_words_it_has_now(client, office):
    steering_group()
    moved = meeting(days=30, title="Alter Titel")
    moved.move(by=office, starts_at=moved.starts_at, place="Much", mode="presence", title="Neuer Titel")
    assert client.get(url("meeting_list"), {"q": "neuer"}).context["page"].rows == [moved]
    assert client.get(url("meeting_list"), {"q": "alter"}).context["page"].rows == []


def test_bodies_are_searched_narrowed_and_ordered(client, office):
    place = municipality(name="Much")
    group, local, thematic = steering_group(), project_group("local", place), project_group("thematic")
    meeting(thematic, days=3)
    former = project_group("thematic")
    former.valid_until = day(-1)
    former.save()
    expected = {
        "": [group, local, thematic], "kind=local": [local], f"municipality={place.pk}": [local], "q=lenkung": [group],
        "q=oertliche": [local], "sort=next": [thematic, group, local], "kind=nonsense": [group, local, thematic],
    }  # fmt: skip
    for query, bodies in expected.items():
        assert client.get(f"{url('body_list')}?{query}").context["bodies"] == bodies, query
    assert client.get(url("body_list"), {"kind": "thematic"}).context["former"] == [former]


@pytest.mark.parametrize("name", ["meeting_list", "body_list"])
def test_narrowed_lists_cost_the_same_and_swap_as_a_reload(client, office, name, django_assert_max_num_queries):
    from tests.htmx import SWAP, element

    steering_group()
    counts = []
    for _ in range(2):
        for _ in range(3):
            meeting(project_group("local", municipality()), days=9)
        client.get(url(name))
        with CaptureQueriesContext(connection) as queries, django_assert_max_num_queries(MOST_QUERIES):
            whole = client.get(url(name), {"q": "projektgruppe", "sort": "new"})
        counts.append(len(queries))
    assert counts[0] == counts[1]
    part = client.get(url(name), {"q": "projektgruppe", "sort": "new"}, headers=SWAP)
    assert element(part.content.decode(), "results") == element(whole.content.decode(), "results")


def test_people_without_a_seat_learn_where_to_read_what_bodies_decide(client):
    for role in (Role.CASE_MANAGER, Role.AUTHORITY):
        client.force_login(user(role))
        for name in ("body_list", "meeting_list"):
            page = client.get(url(name)).text
            assert "Sie gehören keinem Gremium an" in page
            assert f'href="{url("issue_list")}">Knackpunkte ansehen' in page
    member = user(Role.CASE_MANAGER)
    seat(project_group(), member, function="member")
    client.force_login(member)
    assert "Sie gehören keinem Gremium an" not in client.get(url("meeting_list")).text


def test_a_body_shows_its_next_meeting_first_and_the_past_after_all_to_come(client, office):
    group = project_group()
    coming = [meeting(group, days=days) for days in range(400, 0, -40)]
    past = [Meeting.objects.create(body=group, starts_at=workdays.now() - dt.timedelta(days=days)) for days in (70, 7)]
    context = client.get(group.get_absolute_url()).context
    assert context["coming"] == coming[::-1][:6]
    assert context["past"] == past[::-1]
    page = client.get(group.get_absolute_url()).text
    assert (
        page.index(coming[-1].get_absolute_url()) < page.index("Vergangene") < page.index(past[-1].get_absolute_url())
    )
