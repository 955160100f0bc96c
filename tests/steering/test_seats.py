"""Seats by day: votes, deputies, changes that overwrite nothing, and the places that are empty."""

import datetime as dt

import pytest
from django.urls import reverse

from kim import workdays
from kim.models import Role, TrailEntry
from kim.workflow import StepRefused
from steering.models import Body, ExpectedSeat, Membership
from steering.seating import Seating
from tests.factories import LONG_AGO, county, issue_at, organisation, project_group, seat, steering_group, user

pytestmark = pytest.mark.django_db


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


def of_jobcenter(group, function="member", **fields):
    there = organisation("jobcenter", name="Jobcenter", kind="employment")
    return Membership.objects.create(
        **{"body": group, "organisation": there, "function": function, "valid_from": LONG_AGO} | fields
    )


def test_a_seat_may_begin_in_the_past_and_say_when_it_ends(office):
    group = project_group()
    made = group.seat(by=office, function="member", valid_from=day(-30), user=user(), last_day=day(30))
    assert (made.holds_on(day(-30)), made.holds_on(day(30)), made.holds_on(day(31))) == (True, True, False)
    later = group.seat(by=office, function="member", valid_from=day(31), user=made.user)
    assert later.valid_until is None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"valid_from": LONG_AGO - dt.timedelta(days=1)}, "gibt es dieses Gremium nicht"),
        ({"function": "advisory", "votes": True}, "Beratende Mitglieder haben kein Stimmrecht"),
        ({"function": "deputy"}, "Bitte wählen Sie den Sitz, der vertreten wird"),
        ({"last_day": LONG_AGO}, "letzte Tag liegt vor dem Anfang"),
        ({"user": None}, "braucht ein Konto oder eine Institution"),
    ],
)
def test_a_seat_that_cannot_be_is_refused(office, given, sentence):
    group = project_group()
    with pytest.raises(StepRefused, match=sentence):
        group.seat(**{"by": office, "function": "member", "valid_from": day(0), "user": user()} | given)
    assert group.memberships.count() == 1


def test_a_member_stands_in_for_nobody(office):
    group = project_group()
    with pytest.raises(StepRefused, match="Nur eine Vertretung vertritt"):
        group.seat(by=office, function="member", valid_from=day(0), user=user(), deputy_of=of_jobcenter(group))


def test_an_account_sits_once_at_a_time_also_where_the_days_only_touch(office):
    group, person = project_group(), user()
    group.seat(by=office, function="member", valid_from=day(10), user=person, last_day=day(20))
    group.seat(by=office, function="member", valid_from=day(0), user=person, last_day=day(9))
    with pytest.raises(StepRefused, match="sitzt in dieser Zeit schon"):
        group.seat(by=office, function="member", valid_from=day(20), user=person)


def test_a_deputy_comes_from_the_same_institution_votes_like_the_seat_and_ends_with_it(office):
    group = project_group()
    stood_in_for = of_jobcenter(group)
    deputy = group.seat(by=office, function="deputy", valid_from=day(0), user=user(), deputy_of=stood_in_for)
    assert (deputy.organisation, deputy.votes, deputy.valid_until) == (stood_in_for.organisation, True, None)
    stood_in_for.end(by=office, last_day=day(5))
    deputy.refresh_from_db()
    assert deputy.last_day == day(5)
    late = group.seat(by=office, function="deputy", valid_from=day(1), user=user(), deputy_of=stood_in_for)
    assert late.last_day == day(5)
    with pytest.raises(StepRefused, match="länger dauert auch die Vertretung nicht"):
        late.end(by=office, last_day=day(6))


def test_a_deputy_of_somebody_without_a_vote_has_none(office):
    group = project_group()
    adviser = of_jobcenter(group, "advisory", votes=False)
    assert not group.seat(by=office, function="deputy", valid_from=day(0), user=user(), deputy_of=adviser).votes


def test_nobody_stands_in_for_a_deputy_for_another_body_or_for_a_seat_that_is_not_there(office):
    group, other = project_group(), project_group()
    stood_in_for = of_jobcenter(group)
    deputy = group.seat(by=office, function="deputy", valid_from=day(0), user=user(), deputy_of=stood_in_for)
    for wrong in (deputy, of_jobcenter(other)):
        with pytest.raises(StepRefused, match="Sitz eines Mitglieds desselben Gremiums"):
            group.seat(by=office, function="deputy", valid_from=day(0), user=user(), deputy_of=wrong)
    later = of_jobcenter(group, valid_from=day(3))
    with pytest.raises(StepRefused, match="gibt es am .* nicht"):
        group.seat(by=office, function="deputy", valid_from=day(2), user=user(), deputy_of=later)


def test_a_deputy_planned_for_later_than_the_end_of_the_seat_never_begins(office):
    group = project_group()
    stood_in_for = of_jobcenter(group)
    group.seat(by=office, function="deputy", valid_from=day(9), user=user(), deputy_of=stood_in_for)
    stood_in_for.end(by=office, last_day=day(5))
    assert not stood_in_for.deputies.exists()


def test_a_seat_does_not_end_before_a_deputy_began_who_may_have_voted(office):
    group = project_group()
    stood_in_for = of_jobcenter(group)
    group.seat(by=office, function="deputy", valid_from=day(-5), user=user(), deputy_of=stood_in_for)
    with pytest.raises(StepRefused, match="Bitte wählen Sie einen Tag danach"):
        stood_in_for.end(by=office, last_day=day(-9))
    stood_in_for.refresh_from_db()
    assert stood_in_for.valid_until is None


def test_a_change_ends_the_seat_and_begins_another_and_the_deputy_goes_along(office):
    group = project_group()
    old = of_jobcenter(group)
    deputy = group.seat(by=office, function="deputy", valid_from=day(-3), user=user(), deputy_of=old)
    planned = group.seat(by=office, function="deputy", valid_from=day(20), user=user(), deputy_of=old)
    new = old.change(by=office, valid_from=day(7), function="member", votes=False)
    old.refresh_from_db()
    assert (old.last_day, old.votes, new.valid_from, new.votes) == (day(6), True, day(7), False)
    assert new.organisation == old.organisation
    deputy.refresh_from_db()
    planned.refresh_from_db()
    followed = new.deputies.get(user=deputy.user)
    assert (deputy.deputy_of, deputy.last_day, followed.valid_from, followed.votes) == (old, day(6), day(7), False)
    assert (planned.deputy_of, planned.votes) == (new, False)
    assert TrailEntry.objects.filter(act="body.seat_changes", object_id=str(group.pk), by=office).count() == 1


def test_whoever_becomes_a_deputy_leaves_no_deputies_behind(office):
    group = project_group()
    old, other = of_jobcenter(group, user=user()), of_jobcenter(group)
    deputy = group.seat(by=office, function="deputy", valid_from=day(-3), user=user(), deputy_of=old)
    new = old.change(by=office, valid_from=day(7), function="deputy", deputy_of=other)
    deputy.refresh_from_db()
    assert (deputy.last_day, new.deputy_of) == (day(6), other)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"function": "member"}, "schon so eingetragen"),
        ({"function": "advisory", "valid_from": LONG_AGO}, "innerhalb der Mitgliedschaft: ab 02.07.2020"),
        ({"function": "advisory", "votes": True}, "kein Stimmrecht"),
    ],
)
def test_a_change_that_cannot_be_leaves_the_seat_as_it_was(office, given, sentence):
    group = project_group()
    old = of_jobcenter(group)
    with pytest.raises(StepRefused, match=sentence):
        old.change(**{"by": office, "valid_from": day(1)} | given)
    old.refresh_from_db()
    assert (old.valid_until, group.memberships.count()) == (None, 2)


def test_a_lead_of_a_group_at_work_becomes_no_member_without_a_successor(client, office):
    group = issue_at("project").body
    lead = group.memberships.get()
    change = url("body_seat_change", group.pk, lead.pk)
    given = {"function": "member", "deputy_of": "", "valid_from": typed(1)}
    refused = client.post(change, given)
    assert refused.status_code == 422
    assert "hätte ab dem" in refused.text
    group.seat(by=office, function="lead", valid_from=day(1), user=user(Role.PROJECT_GROUP))
    assert client.post(change, given).status_code == 302
    assert group.leads(day(1)).count() == 1


def test_the_page_groups_today_by_institution_with_votes_and_deputies(client, office):
    group = steering_group()
    member = of_jobcenter(group, user=user(name="Fachbereich eins"))
    adviser = of_jobcenter(group, "advisory", votes=False, user=user(name="Rechtsstelle"))
    group.seat(by=office, function="deputy", valid_from=day(0), user=user(name="Fachbereich zwei"), deputy_of=member)
    of_jobcenter(group, valid_from=day(5), user=user(name="Kommt noch"))
    of_jobcenter(group, valid_until=day(0), user=user(name="War dabei"))
    page = client.get(url("body_detail", group.pk))
    seating = page.context["seating"]
    jobcenter = next(place for place in seating.places if place.name == "Jobcenter")
    assert [seat for seat, _ in jobcenter.seats] == [member, adviser]
    assert [str(deputy.user) for deputy in jobcenter.seats[0][1]] == ["Fachbereich zwei"]
    assert (jobcenter.voting, seating.votes, seating.voting_places, seating.size) == (1, 2, 2, 4)
    assert [seat.user.display_name for seat in page.context["coming_seats"]] == ["Kommt noch"]
    assert [seat.user.display_name for seat in page.context["former_seats"]] == ["War dabei"]
    assert "vertritt Fachbereich eins" in page.text


def test_the_form_of_a_seat_asks_for_the_seat_that_is_stood_in_for(client, office):
    group = project_group()
    stood_in_for = of_jobcenter(group)
    given = {"user": user().pk, "organisation": "", "function": "deputy", "deputy_of": "", "valid_from": typed(0)}
    refused = client.post(url("body_seat", group.pk), given)
    assert refused.status_code == 422
    assert "Bitte wählen Sie den Sitz, der vertreten wird" in refused.text
    refused = client.post(url("body_seat", group.pk), given | {"function": "member", "deputy_of": stood_in_for.pk})
    assert "Nur eine Vertretung vertritt" in refused.text
    assert client.post(url("body_seat", group.pk), given | {"deputy_of": stood_in_for.pk}).status_code == 302
    assert stood_in_for.deputies.get().organisation == stood_in_for.organisation


# Empty places


def test_an_expected_institution_without_a_seat_is_an_empty_place_with_a_way_to_fill_it(client, office):
    group = steering_group()
    jobcenter = organisation("jobcenter", name="Jobcenter", kind="employment")
    given = {"name": "Jobcenter", "organisation": jobcenter.pk, "source": "", "valid_from": typed(0)}
    assert client.post(url("expected_new", group.pk), given).status_code == 302
    at_times = given | {"name": "Kammern", "organisation": "", "occasional": "on"}
    assert client.post(url("expected_new", group.pk), at_times).status_code == 302
    page = client.get(url("body_detail", group.pk))
    assert [one.name for one in page.context["seating"].empty] == ["Jobcenter"]
    assert [one.name for one in page.context["seating"].at_times] == ["Kammern"]
    fill = f"{url('body_seat', group.pk)}?institution={jobcenter.pk}"
    assert fill in page.text
    assert client.get(fill).context["form"].initial["organisation"] == jobcenter
    group.seat(by=office, function="member", valid_from=day(0), organisation=jobcenter)
    assert Seating.of(group, day(0)).empty == []
    assert [one.name for one in Seating.of(group, day(-1)).empty] == []


def test_a_place_nobody_is_named_for_yet_stays_empty_whoever_sits_there(office):
    group = steering_group()
    ExpectedSeat.add(group, by=office, name="Bildungsbüro", valid_from=day(0))
    seat(group, user(Role.STEERING_GROUP), "member")
    assert [one.name for one in Seating.of(group, day(0)).empty] == ["Bildungsbüro"]


def test_an_expected_seat_is_expected_once_and_ends(client, office):
    group = steering_group()
    made = ExpectedSeat.add(group, by=office, name="Jugendamt", valid_from=day(-9))
    again = {"name": "jugendamt", "organisation": "", "source": "", "valid_from": typed(0)}
    refused = client.post(url("expected_new", group.pk), again)
    assert refused.status_code == 422
    assert "schon vorgesehen" in refused.text
    end = url("expected_end", group.pk, made.pk)
    assert "erst ab dem" in client.post(end, {"last_day": typed(-10)}).text
    assert client.post(end, {"last_day": typed(-1)}).status_code == 302
    assert Seating.of(group, day(0)).empty == []
    assert client.post(end, {"last_day": typed(0)}).status_code == 422
    made.refresh_from_db()
    assert made.last_day == day(-1)


def test_only_those_who_keep_bodies_change_seats(client):
    group = steering_group()
    row, expected = group.memberships.get(), ExpectedSeat.objects.create(body=group, name="A", valid_from=LONG_AGO)
    client.force_login(row.user)
    for name, args in [("body_seat_change", [row.pk]), ("body_seat_end", [row.pk]), ("expected_end", [expected.pk])]:
        for ask in (client.get, client.post):
            answer = ask(url(name, group.pk, *args))
            assert answer.status_code == 403
            assert "pflegen Geschäftsstelle und Verwaltung" in answer.text
    assert Body.objects.get(pk=group.pk).memberships.get().valid_until is None
