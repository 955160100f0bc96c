"""„Heute“ and the morning's mail: what falls due in one's cases, told to who leads them, without a name."""

import datetime as dt

import pytest

from casework import mornings
from casework.lifecycle import State
from casework.models import Case, FollowUp, GoalMeasure, Household, Referral
from kim import digests, workdays
from kim.models import Absence, Code, Mail, Role, User
from kim.today import sections_for
from tests.casework.factories import actor, case, case_at, case_manager, code, goal, take
from tests.casework.factories import client as client_of
from tests.factories import county, organisation, user

pytestmark = pytest.mark.django_db

MONDAY = dt.date(2026, 4, 13)
TUESDAY = dt.date(2026, 4, 14)


def at(day, hour=7):
    return workdays.as_of(dt.datetime.combine(day, dt.time(hour), workdays.BERLIN))


def days(number):
    return dt.timedelta(days=number)


def lines_for(person):
    shown = {part.key: part.about for part in sections_for(User.objects.get(pk=person.pk))["main"]}
    return [(line.kind, line.what, line.countdown) for line, _ in shown["due-in-cases"]["lines"]]


def title(case, expires_on, key="AE_25_3", valid_from=dt.date(2025, 1, 10)):
    status = code(Code.List.RESIDENCE_STATUS, key)
    return case.client.residence_statuses.create(status=status, valid_from=valid_from, expires_on=expires_on)


@pytest.fixture
def owner():
    return case_manager(name="Case Management Windeck")


@pytest.fixture
def led(owner):
    """One of everything that is due on Monday, and of everything one day too early."""
    with at(MONDAY - days(60)):
        led = case_at(State.MONITORING, by=owner)
        for day, text in [(MONDAY, "Bescheid da?"), (TUESDAY, "noch nicht")]:
            FollowUp.plan(led, by=owner, on_day=day, text=text)
        late, early = goal(led, text="Wohnung finden", until=MONDAY - days(1)), goal(led, text="x", until=MONDAY)
        for one, text in [(late, "Suche melden"), (early, "y")]:
            GoalMeasure.objects.create(goal=one, text=text, who="client", until=one.until)
        asked = Referral.send(
            led, by=owner, actor=actor(name="Schuldnerberatung"), occasion="Schulden", follow_up_on=MONDAY
        )
        asked.follow_ups.get().finish(by=owner)
        title(led, MONDAY + days(90))
        resting = case_at(State.MONITORING, by=owner)
        take(resting, "rest", resting_until=MONDAY)
        title(case_at(State.ADMITTED, by=owner), MONDAY + days(91))
        title(case_at(State.ADMITTED, by=owner), None, "AE_104c", dt.date(2024, 12, 1))
    return led


def test_it_shows_what_is_due_in_the_order_of_days(owner, led):
    with at(MONDAY, 9):
        assert lines_for(owner) == [
            ("Ziel", "Wohnung finden", "1 Arbeitstag zu spät"),
            ("Maßnahme", "Suche melden", "1 Arbeitstag zu spät"),
            ("Wiedervorlage", "Bescheid da?", "heute fällig"),
            ("Weitervermittlung", "Keine Antwort von: Schuldnerberatung", "heute fällig"),
            ("Fall ruht", "Ruht nicht länger: weiterführen oder beenden", "heute fällig"),
            ("Aufenthaltstitel",
             "Chancenaufenthalt endet, nicht verlängerbar: Weg nach § 25a oder § 25b jetzt vorbereiten", "in 49 Tagen"),
            ("Aufenthaltstitel", "Titel läuft ab: AE_25_3", "in 90 Tagen"),
        ]  # fmt: skip


def test_an_open_follow_up_asks_after_a_referral_only_once(owner):
    led = case_at(State.LINKING, by=owner)
    Referral.send(led, by=owner, actor=actor(name="Caritas"), occasion="Schulden", follow_up_on=workdays.today())
    assert [(kind, what) for kind, what, _ in lines_for(owner)] == [("Wiedervorlage", "Nachfragen: Caritas")]


def test_nobody_else_sees_it_but_who_stands_in_for_the_owner(client, owner, led):
    deputy, far = case_manager(), case_manager(employer="stadt-troisdorf")
    with at(MONDAY, 9):
        for person in (deputy, far):
            assert lines_for(person) == []
            Absence.objects.create(user=owner, deputy=person, valid_from=MONDAY, valid_until=TUESDAY)
        assert len(lines_for(deputy)) == 7
        assert lines_for(far) == []
        client.force_login(deputy)
        text = client.get("/").content.decode()
        assert "in Vertretung für Case Management Windeck" in text
        assert led.number in text
        assert "Rahimi" not in text
        for role in set(Role) - {Role.CASE_MANAGER}:
            keys = {part.key for part in sections_for(user(role))["main"]}
            assert "due-in-cases" not in keys


def test_it_asks_no_more_often_for_many_cases(client, owner, led, django_assert_max_num_queries):
    client.force_login(owner)
    client.get("/")
    for number in range(30):
        FollowUp.plan(led, by=owner, on_day=workdays.today(), text=f"Nummer {number}")
    with django_assert_max_num_queries(12):
        text = client.get("/").content.decode()
    assert "Es ist mehr fällig" in text


def at_home(led, expires_on, key="AE_25_3", valid_from=dt.date(2025, 1, 10), **fields):
    """Somebody without a case in the household of a case, with a title."""
    if led.client.household is None:
        led.client.household = Household.objects.create()
        led.client.save()
    member = client_of("Amira", "Rahimi", household=led.client.household)
    status = code(Code.List.RESIDENCE_STATUS, key)
    return member.residence_statuses.create(status=status, valid_from=valid_from, expires_on=expires_on, **fields)


@pytest.fixture
def family(owner):
    """A couple, each with a case of the same owner, and two others without one whose titles run out."""
    with at(MONDAY - days(60)):
        one, other = case_at(State.ADMITTED, by=owner), case_at(State.ADMITTED, by=owner)
        at_home(one, MONDAY + days(20))
        at_home(one, None, "AE_104c", dt.date(2024, 12, 1))
        at_home(one, MONDAY + days(10), valid_until=MONDAY - days(5))
        other.client.household = one.client.household
        other.client.save()
    return one, other


def test_a_title_of_somebody_at_home_is_told_once_under_a_case_of_the_household(client, owner, family):
    one, other = family
    stranger = case_manager()
    with at(MONDAY, 9):
        assert lines_for(owner) == [
            ("Aufenthaltstitel", "Titel läuft ab: AE_25_3", "in 20 Tagen"),
            ("Aufenthaltstitel",
             "Chancenaufenthalt endet, nicht verlängerbar: Weg nach § 25a oder § 25b jetzt vorbereiten", "in 49 Tagen"),
        ]  # fmt: skip
        assert lines_for(stranger) == []
        client.force_login(owner)
        text = client.get("/").content.decode()
        assert one.number in text
        assert other.number not in text
        assert "Amira" not in text
        assert "Rahimi" not in text
        Case.objects.filter(pk=one.pk).update(owner=stranger)
        assert lines_for(owner) == lines_for(stranger) != []
        assert other.number in client.get("/").content.decode()
        Case.objects.filter(pk=other.pk).update(owner=stranger)
        assert lines_for(owner) == []
        assert len(lines_for(stranger)) == 2


def test_whoever_has_a_case_of_their_own_is_told_of_there_alone(owner, family):
    one, other = family
    stranger = case_manager()
    with at(MONDAY, 9):
        title(other, MONDAY + days(5))
        Case.objects.filter(pk=other.pk).update(owner=stranger)
        assert [countdown for *_, countdown in lines_for(owner)] == ["in 20 Tagen", "in 49 Tagen"]
        assert [countdown for *_, countdown in lines_for(stranger)] == ["in 5 Tagen", "in 20 Tagen", "in 49 Tagen"]


# The morning


def morning(day):
    with at(day, 6):
        from steering import reminders

        reminders.sweep()
    with at(day):
        return digests.compose()


def mail_of(person, day=MONDAY):
    return Mail.objects.filter(key=f"digest:{person.pk}:{day}").first()


def test_the_mail_says_how_many_and_nothing_else(owner, led):
    county()
    morning(MONDAY)
    mail = mail_of(owner)
    assert "6 Hinweise zu Ihren Fällen" in mail.subject
    for line in (
        "1 Wiedervorlage · fällig · http://localhost:8000/casework/follow-ups/", "2 Aufenthaltstitel · laufen ab · ",
        "1 Ziel · überfällig", "1 Maßnahme · überfällig", "1 ruhender Fall · Termin erreicht",
        "1 Weitervermittlung · ohne Antwort",
    ):  # fmt: skip
        assert line in mail.body
    for secret in (led.number, "Rahimi", "Nadia", "Bescheid", "Wohnung", "Schuld", "AE_", "Chancen"):
        assert secret not in mail.subject + mail.body


def test_the_mail_counts_titles_of_the_household_once(owner, family, django_assert_num_queries):
    county()
    morning(MONDAY)
    mail = mail_of(owner)
    assert "2 Aufenthaltstitel · laufen ab" in mail.body
    for secret in (*(one.number for one in family), "Rahimi", "Amira", "AE_"):
        assert secret not in mail.subject + mail.body
    with django_assert_num_queries(9):
        [(whose, kinds)] = mornings.tally(MONDAY).items()
    assert whose == (owner.pk, family[0].employer_id)
    assert [(kind, len(ids), last) for kind, (ids, last) in kinds.items()] == [("titles", 2, MONDAY - days(41))]


@pytest.fixture
def twice(owner):
    """Somebody with three open cases, the last of them with a colleague by now, and a title that runs out."""
    colleague = case_manager()
    with at(MONDAY - days(60)):
        one = case_at(State.ADMITTED, by=owner)
        others = [case(by=owner, person=one.client) for _ in range(2)]
        Case.objects.filter(pk=others[1].pk).update(owner=colleague)
        title(one, MONDAY + days(20))
    return one, others, colleague


def test_a_title_of_somebody_with_several_cases_is_told_once(client, owner, twice):
    one, others, colleague = twice
    line = ("Aufenthaltstitel", "Titel läuft ab: AE_25_3", "in 20 Tagen")
    with at(MONDAY, 9):
        assert lines_for(owner) == lines_for(colleague) == [line]
        client.force_login(owner)
        assert one.number in client.get("/").content.decode()
        Absence.objects.create(user=colleague, deputy=owner, valid_from=MONDAY, valid_until=TUESDAY)
        assert lines_for(owner) == [line]
        Case.objects.filter(pk=one.pk).update(state=State.DECLINED, ended_at=workdays.now(), erase_on=TUESDAY)
        assert lines_for(owner) == [line]
        assert others[0].number in client.get("/").content.decode()


def test_the_mail_counts_a_title_once_for_all_cases_somebody_keeps(owner, twice):
    county()
    *_, colleague = twice
    Absence.objects.create(user=colleague, deputy=owner, valid_from=MONDAY, valid_until=TUESDAY)
    Case.objects.filter(pk=twice[0].pk).update(employer=organisation("stadt-troisdorf"))
    morning(MONDAY)
    assert "1 Aufenthaltstitel · läuft ab" in mail_of(owner).body


def test_once_a_day_and_only_on_a_morning_with_something_new(owner, led):
    county()
    morning(MONDAY)
    assert morning(MONDAY) is None
    morning(TUESDAY)
    assert "2 Wiedervorlagen · fällig" in mail_of(owner, TUESDAY).body
    morning(TUESDAY + days(1))
    assert mail_of(owner, TUESDAY + days(1)) is None
    assert Mail.objects.filter(recipient=owner).count() == 2


def test_who_stands_in_is_told_and_who_is_away_is_not(owner, led):
    county()
    deputy, far, office = case_manager(), case_manager(employer="stadt-troisdorf"), user(Role.STRATEGIC_OFFICE)
    for person in (deputy, far, office):
        Absence.objects.create(user=owner, deputy=person, valid_from=MONDAY, valid_until=TUESDAY)
    morning(MONDAY)
    assert "1 Wiedervorlage · fällig" in mail_of(deputy).body
    assert mail_of(owner) is None
    for person in (far, office):
        mail = mail_of(person)
        assert mail is None or "Wiedervorlage" not in mail.body
