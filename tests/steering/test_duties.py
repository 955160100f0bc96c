"""One clock for all that is due beside the issues: each reminder once, whatever happens; mails without content."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import digests, jobs, workdays
from kim.models import Absence, JobRun, Mail, Role, User
from steering import duties, reminders
from steering.models import DutyReminder
from tests.factories import (
    county,
    issue_at,
    organisation,
    project_group,
    resolution,
    seat,
    statement,
    steering_group,
    user,
)

pytestmark = pytest.mark.django_db
DUE = dt.date(2026, 4, 13)  # a Monday
BEFORE = dt.date(2026, 3, 30)


@pytest.fixture(autouse=True)
def _there(monkeypatch):
    """Resolutions and statements alone: meetings to be prepared are due in tests of their own."""
    county()
    monkeypatch.setattr(duties, "_SOURCES", {name: duties._SOURCES[name] for name in ("resolution", "statement")})


def at(day, hour=7, minute=0):
    return workdays.as_of(dt.datetime.combine(day, dt.time(hour, minute), workdays.BERLIN))


def sweep_on(day):
    with at(day, 6, 10):
        return reminders.sweep()


def digests_on(day):
    sweep_on(day)
    with at(day):
        digests.compose()


def days(first, last):
    return [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]


def owned(lead=None, *, due=DUE, **fields):
    """A resolution of the steering group that a project group (led by `lead`) is to carry out by a day."""
    group = project_group(lead=lead)
    with at(BEFORE):
        return resolution(due_on=due, owner=group.name, owner_body=group, **fields)


def given(of=None):
    rows = DutyReminder.objects.filter(duty=f"resolution:{of.pk}") if of else DutyReminder.objects.all()
    return sorted(rows.values_list("kind", "day", "given_on"))


def mails_to(person):
    return [mail.body for mail in Mail.objects.filter(to=person.email).order_by("pk")]


# Exactly once


def test_a_duty_is_reminded_of_like_an_issue():
    one = owned()
    for day in days(dt.date(2026, 4, 1), dt.date(2026, 5, 12)):
        sweep_on(day)
    owed = workdays.reminder_days(DUE, dt.date(2026, 3, 31), dt.date(2026, 5, 12))
    assert given(one) == sorted((kind, on, on) for kind, on in owed)
    assert [kind for kind, *_ in given(one)] == ["due", "early", "escalate", *["overdue"] * 4]


def test_a_second_run_on_the_same_day_writes_nothing():
    owned()
    with at(DUE):
        assert duties.remind(DUE - dt.timedelta(days=9), DUE) == 2
        assert duties.remind(DUE - dt.timedelta(days=9), DUE) == 0
    assert DutyReminder.objects.count() == 2


def test_an_outage_of_days_is_made_up_for_on_the_next_working_morning():
    one = owned()
    sweep_on(dt.date(2026, 4, 7))
    sweep_on(dt.date(2026, 4, 21))
    missed = dt.date(2026, 4, 21)
    assert given(one) == [
        ("due", DUE, missed), ("early", dt.date(2026, 4, 9), missed), ("overdue", dt.date(2026, 4, 20), missed),
    ]  # fmt: skip


def test_a_sweep_that_was_killed_half_way_begins_anew_and_finds_what_it_wrote(monkeypatch):
    one, other = owned(), owned()
    sweep_on(dt.date(2026, 4, 8))

    class Killed(BaseException):
        pass

    def killed():
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(reminders, "ask_effects", killed)
        with at(DUE, 6, 10), pytest.raises(Killed):
            reminders.sweep()
    written = given()
    assert len(written) == 4  # each early and due
    with at(DUE):
        assert not jobs.done(reminders.JOB, DUE)
        assert digests.compose() is None  # no half of a morning is told
    assert sweep_on(DUE) is not None
    assert given() == written
    assert given(one) == given(other)


def test_a_morning_after_a_killed_one_tells_what_that_one_wrote(monkeypatch):
    lead = user(Role.PROJECT_GROUP)
    owned(lead)
    digests_on(dt.date(2026, 4, 8))
    with at(dt.date(2026, 4, 9), 6, 10):
        duties.remind(dt.date(2026, 4, 8), dt.date(2026, 4, 9))  # and then the light went out
    digests_on(dt.date(2026, 4, 10))
    assert len(mails_to(lead)) == 1
    assert "fällig am 13.04.2026" in mails_to(lead)[0]


def test_another_day_begins_the_reminders_anew_and_forgets_the_old_ones():
    lead = user(Role.PROJECT_GROUP)
    one = owned(lead)
    digests_on(dt.date(2026, 4, 8))
    sweep_on(dt.date(2026, 4, 9))
    with at(dt.date(2026, 4, 9), 6, 30):
        one.put_off(by=lead, due_on=dt.date(2026, 4, 27), reason="Die Vorlage fehlt noch.")
    digests_on(dt.date(2026, 4, 9))
    assert mails_to(lead) == []
    for day in days(dt.date(2026, 4, 10), dt.date(2026, 4, 23)):
        digests_on(day)
    assert [mail.count("fällig am 27.04.2026") for mail in mails_to(lead)] == [1]


def test_what_is_done_is_not_reminded_of(django_assert_max_num_queries):
    lead = user(Role.PROJECT_GROUP)
    one = owned(lead)
    sweep_on(dt.date(2026, 4, 9))
    with at(dt.date(2026, 4, 9), 6, 30):
        one.finish(by=lead, evidence="Das Merkblatt liegt aus.")
    for day in days(dt.date(2026, 4, 9), dt.date(2026, 4, 30)):
        digests_on(day)
    assert mails_to(lead) == []
    assert [kind for kind, *_ in given(one)] == ["early"]


# What the mail says, and to whom


def test_the_mail_names_the_number_and_the_day_and_nothing_else():
    lead, caritas = user(Role.PROJECT_GROUP), organisation("caritas", name="Caritas", kind="welfare")
    person = user(organisation=caritas)
    one = owned(lead, text="Geheimer Wortlaut des Beschlusses")
    with at(BEFORE):
        asked = statement(caritas, due=14, subject="Geheimer Entwurf")
    for day in days(dt.date(2026, 4, 8), DUE):
        digests_on(day)
    (early, due) = mails_to(lead)
    assert f"{one.number} · Beschluss umsetzen: fällig am 13.04.2026 · " in early
    assert f"{one.number} · Beschluss umsetzen: heute fällig · " in due
    assert one.get_absolute_url() in due
    told = "".join(mails_to(person))
    assert "Entwurf · Stellungnahme erbeten: heute fällig" in told
    assert asked.get_absolute_url() in told
    for mail in Mail.objects.all():
        assert "Geheimer" not in mail.body + mail.subject
        assert one.owner not in mail.body


def test_the_lead_is_reminded_and_the_office_once_it_is_overdue():
    lead, office = user(Role.PROJECT_GROUP), user(Role.STRATEGIC_OFFICE)
    owned(lead)
    for day in days(dt.date(2026, 4, 8), DUE):
        digests_on(day)
    assert len(mails_to(lead)) == 2
    assert mails_to(office) == []
    for day in days(DUE + dt.timedelta(days=1), dt.date(2026, 4, 20)):
        digests_on(day)
    assert len(mails_to(lead)) == 3
    assert ["überfällig seit 13.04.2026" in mail for mail in mails_to(office)] == [True]


def test_without_anybody_else_it_is_the_offices():
    office = user(Role.STRATEGIC_OFFICE)
    with at(BEFORE):
        one = resolution(due_on=DUE, owner="Sozialamt der Stadt")
    with at(DUE):
        (duty,) = duties.open_until(DUE)
    assert duty.key == f"resolution:{one.pk}"
    assert duty.people == {office.pk}


def test_accounts_of_the_owning_institution_are_reminded_if_they_may_read_it():
    amt = organisation("amt", name="Jobcenter")
    group = project_group()
    reads = user(Role.STEERING_GROUP, organisation=amt)
    sits = user(Role.PROJECT_GROUP, organisation=amt)
    seat(group, sits, function="member")
    reporter, stranger = user(organisation=amt), user(organisation=amt)
    user(Role.ADMIN, organisation=amt)
    user(Role.STEERING_GROUP, organisation=amt, is_active=False)
    user(Role.STEERING_GROUP)
    issue = issue_at("project", reported_by=reporter)
    with at(BEFORE):
        of_group = resolution(group, due_on=DUE, owner="Jobcenter", owner_organisation=amt)
        about = resolution(due_on=DUE, owner="Jobcenter", owner_organisation=amt, issue=issue)
        town = resolution(due_on=DUE, owner="Jobcenter", owner_organisation=amt, municipality=issue.municipality)
    with at(BEFORE):
        people = {duty.key: duty.people for duty in duties.open_until(DUE)}
    assert people[f"resolution:{of_group.pk}"] == {reads.pk, sits.pk}
    assert people[f"resolution:{about.pk}"] == {reads.pk, reporter.pk}
    assert people[f"resolution:{town.pk}"] == {reads.pk, reporter.pk, stranger.pk}


def test_a_deputy_is_told_in_place_of_who_is_away():
    lead, deputy = user(Role.PROJECT_GROUP), user(Role.PROJECT_GROUP)
    owned(lead)
    Absence.objects.create(user=lead, deputy=deputy, valid_from=dt.date(2026, 4, 1), valid_until=dt.date(2026, 4, 11))
    for day in days(dt.date(2026, 4, 8), DUE):
        digests_on(day)
    assert ["fällig am 13.04.2026" in mail for mail in mails_to(deputy)] == [True]
    assert ["heute fällig" in mail for mail in mails_to(lead)] == [True]


def test_statements_remind_the_institution_and_then_who_asked():
    caritas = organisation("caritas", name="Caritas", kind="welfare")
    person, asker, other = user(organisation=caritas), user(Role.STRATEGIC_OFFICE), user(Role.STRATEGIC_OFFICE)
    user(Role.ADMIN, organisation=caritas)
    with at(BEFORE):
        asked = statement(caritas, by=asker, due=14)
        silent = statement(organisation("awo", name="AWO", kind="welfare"), by=asker, due=14)

    def people(day):
        with at(day):
            return {duty.key: duty.people for duty in duties.open_until(DUE)}

    assert people(DUE) == {f"statement:{asked.pk}": {person.pk}, f"statement:{silent.pk}": {asker.pk}}
    assert people(DUE + dt.timedelta(days=1))[f"statement:{asked.pk}"] == {person.pk, asker.pk}
    asker.is_active = False
    asker.save()
    assert people(DUE)[f"statement:{silent.pk}"] == {other.pk}
    with at(DUE):
        asked.receive(by=person, text="Es fehlt der Hinweis auf die Beratung.")
        silent.withdraw(by=other)
    assert people(DUE) == {}


# What a source owes


def test_sources_are_read_in_one_query_however_much_is_due():
    counts = []
    for more in (2, 6):
        for number in range(more):
            owned(user(Role.PROJECT_GROUP), owner_organisation=organisation(f"o{more}{number}"))
            with at(BEFORE):
                statement(organisation(f"o{more}{number}"), due=14)
        with at(DUE), CaptureQueriesContext(connection) as queries:
            found = [duty for duty in duties.open_until(DUE) if duty.key.split(":")[0] in ("resolution", "statement")]
        counts.append(len(queries))
    assert len(found) == 16
    assert counts[0] == counts[1]


def test_a_source_is_asked_with_the_day_and_the_rows_of_its_sets(monkeypatch):
    asked = []
    somebody = user(Role.STRATEGIC_OFFICE)

    def agreements(until, read):
        asked.append((until, [row.pk for row in read["accounts"]]))
        return [duties.Duty("agreement:1", DUE, "Much", "Vereinbarung erneuern", "/x/", frozenset({somebody.pk}))]

    def sets():
        return {"accounts": User.objects.order_by("pk").only("pk")}

    monkeypatch.setattr(duties, "_SOURCES", {"agreement": (agreements, sets)})
    with at(DUE):
        assert [duty.words for duty in duties.of(somebody, DUE)] == ["Vereinbarung erneuern"]
        assert duties.of(user(roles=[]), DUE) == []
    assert [until for until, _ in asked] == [DUE, DUE]
    assert asked[0][1] == [somebody.pk]


def test_two_sources_do_not_share_the_name_of_a_set(monkeypatch):
    one = lambda: {"twice": DutyReminder.objects.all()}  # noqa: E731
    sources = {"one-of-a-test": (lambda until, read: [], one), "other-of-a-test": (lambda until, read: [], one)}
    monkeypatch.setattr(duties, "_SOURCES", sources)
    with pytest.raises(LookupError, match="twice"):
        duties.open_until(DUE)


# „Heute“


def test_today_shows_what_is_due_soon_with_whom_it_lies(client):
    lead, caritas = user(Role.PROJECT_GROUP), organisation("caritas", name="Caritas", kind="welfare")
    person = user(organisation=caritas)
    one = owned(lead)
    with at(BEFORE):
        asked = statement(caritas, due=14)
        far = owned(lead, due=dt.date(2026, 6, 1))
    for who, url, words in [(lead, one.get_absolute_url(), "Beschluss umsetzen"),
                            (person, asked.get_absolute_url(), "Stellungnahme erbeten")]:  # fmt: skip
        client.force_login(who)
        with at(dt.date(2026, 4, 9)):
            page = client.get(reverse("kim:today"))
        (part,) = [part for part in page.context["columns"]["main"] if part.key == "duties-of-mine"]
        assert [duty.url for duty, *_ in part.about["lines"]] == [url]
        assert "Termine und Aufgaben" in page.text
        assert words in page.text
        assert far.get_absolute_url() not in page.text
    for who in (user(), user(Role.ADMIN)):
        client.force_login(who)
        with at(dt.date(2026, 4, 9)):
            assert "Termine und Aufgaben" not in client.get(reverse("kim:today")).text


def test_today_costs_the_same_for_much_and_little(client):
    office = user(Role.STRATEGIC_OFFICE)
    client.force_login(office)
    steering_group()
    counts = []
    for more in (2, 6):
        for number in range(more):
            owned(user(Role.PROJECT_GROUP))
            with at(BEFORE):
                statement(organisation(f"o{more}{number}"), by=office, due=14)
        with at(DUE + dt.timedelta(days=3)):
            client.get(reverse("kim:today"))
            with CaptureQueriesContext(connection) as queries:
                page = client.get(reverse("kim:today"))
        counts.append(len(queries))
    assert len(counts) == 2
    assert counts[0] == counts[1] <= 12
    assert page.text.count("Stellungnahme erbeten") >= 8


def test_the_sweep_counts_duties_with_the_issues():
    owned()
    sweep_on(dt.date(2026, 4, 8))
    assert "1 Erinnerung" in sweep_on(dt.date(2026, 4, 9))
    assert JobRun.objects.get(job=reminders.JOB, day=dt.date(2026, 4, 9)).result == "1 Erinnerung"
