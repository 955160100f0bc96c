"""The morning's mail: one per person, with everything that waits and nothing that is anybody's business."""

import datetime as dt

import pytest

from kim import digests, workdays
from kim.models import Absence, JobRun, Mail, Notice, Role
from steering import reminders
from steering.escalation import State
from steering.models import Issue, Reminder
from tests.factories import holder_of, issue_at, limits, take, user
from tests.steering.test_reminders import many

MONDAY = dt.date(2026, 4, 13)
TUESDAY = dt.date(2026, 4, 14)


def at(day, hour=7, minute=0):
    return workdays.as_of(dt.datetime.combine(day, dt.time(hour, minute), workdays.BERLIN))


def morning(day):
    with at(day, 6, 10):
        reminders.sweep()
    with at(day, 7):
        return digests.compose()


def notice(person, key="issuestep:1", on=dt.date(2026, 4, 10), **fields):
    made = {"headline": "KP-2026-0031: An die Geschäftsstelle", "text": "„Titel, der geheim ist“", "url": "/x/31/"}
    with at(on, 15):
        return Notice.objects.create(recipient=person, key=key, **made | fields)


def mail_of(person, day=MONDAY):
    return Mail.objects.filter(key=f"digest:{person.pk}:{day}").first()


@pytest.fixture
def coordination(db):
    return user(Role.COORDINATION, name="Koordinierung Case Management")


def test_it_names_number_step_and_link_and_nothing_else(coordination):
    limits()
    with at(dt.date(2026, 3, 30), 9):
        issue = issue_at(State.COORDINATION, title="Wartezeit beim Ausländeramt", situation="Ein Sachverhalt.")
    morning(MONDAY)
    mail = mail_of(coordination)
    assert mail.subject == "KIM am 13.04.2026: 1 fällig, 1 neu"
    assert "Guten Tag, Koordinierung Case Management," in mail.body
    link = f"http://localhost:8000/steering/issues/{issue.pk}/"
    assert f"{issue.number} · Koordinierung Case Management: fällig am 15.04.2026 · {link}" in mail.body
    assert f"{issue.number} · Gemeldet · {link}" in mail.body
    for secret in ("Wartezeit", "Ausländeramt", "Sachverhalt", str(issue.reporters.get().user)):
        assert secret not in mail.body + mail.subject


def test_a_draft_that_was_handed_back_is_named_every_fifth_working_day_while_it_lies(coordination):
    limits()
    reporter = user(name="Case Management Windeck")
    with at(dt.date(2026, 3, 30), 9):
        issue = issue_at(State.COORDINATION, reported_by=reporter, title="Wartezeit beim Ausländeramt")
        take(issue, "hand_back", by=coordination)
    words = f"{issue.number} · zurück zur Ergänzung seit 30.03.2026 · http"
    told, day = [], dt.date(2026, 3, 31)
    while day <= dt.date(2026, 4, 24):
        morning(day)
        if (mail := mail_of(reporter, day)) and words in mail.body:
            told.append(day)
            assert "Wartezeit" not in mail.body
            assert "1 zu ergänzen" in mail.subject
        day += dt.timedelta(days=1)
    assert told == [workdays.add_workdays(dt.date(2026, 3, 30), number) for number in (5, 10, 15)]
    with at(dt.date(2026, 4, 24), 9):
        Issue.objects.get(pk=issue.pk).report(by=reporter)
    morning(dt.date(2026, 4, 29))
    assert "zu ergänzen" not in getattr(mail_of(reporter, dt.date(2026, 4, 29)), "subject", "")


def test_after_an_outage_a_handed_back_draft_is_named_once_and_the_deputy_hears_of_it(coordination):
    limits()
    reporter, deputy = user(), user()
    with at(dt.date(2026, 3, 30), 9):
        issue = issue_at(State.COORDINATION, reported_by=reporter)
        take(issue, "hand_back", by=coordination)
    morning(dt.date(2026, 3, 31))
    Absence.objects.create(user=reporter, deputy=deputy, valid_from=dt.date(2026, 4, 20))
    morning(dt.date(2026, 4, 22))
    assert mail_of(deputy, dt.date(2026, 4, 22)).body.count("zurück zur Ergänzung seit") == 1
    morning(dt.date(2026, 4, 23))
    assert mail_of(deputy, dt.date(2026, 4, 23)) is None


def test_it_is_written_once_per_person_and_morning(coordination):
    told = notice(coordination)
    assert morning(MONDAY) == "1 Sammelmail"
    assert morning(MONDAY) is None
    told.refresh_from_db()
    assert told.mail == mail_of(coordination)
    assert told.digested_at
    morning(TUESDAY)
    assert Mail.objects.count() == 1


def test_who_has_nothing_to_hear_gets_no_mail(coordination):
    notice(coordination, read_at=workdays.now())
    assert morning(MONDAY) == "0 Sammelmails"
    assert not Mail.objects.exists()
    assert Notice.objects.get().digested_at


def test_without_an_address_it_stays_in_kim(coordination):
    coordination.email = ""
    coordination.save()
    notice(coordination)
    morning(MONDAY)
    assert not Mail.objects.exists()
    assert Notice.objects.get().digested_at


@pytest.mark.parametrize(
    ("day", "hour"), [(MONDAY, 5), (MONDAY, 12), (dt.date(2026, 4, 11), 8), (dt.date(2026, 4, 6), 8)]
)
def test_never_at_night_or_on_a_day_off(coordination, day, hour):
    notice(coordination, on=dt.date(2026, 4, 1))
    JobRun.objects.create(job="reminders", day=day, finished_at=workdays.now())
    with at(day, hour):
        assert digests.compose() is None
    assert not Mail.objects.exists()


def test_it_waits_for_the_reminders(coordination):
    notice(coordination)
    with at(MONDAY):
        assert digests.compose() is None
    assert morning(MONDAY) == "1 Sammelmail"


def test_after_an_outage_an_issue_is_named_once_with_the_gravest(coordination):
    (issue,) = many(1, due=MONDAY)
    morning(dt.date(2026, 4, 8))
    morning(dt.date(2026, 4, 20))
    assert issue.reminders.count() == 3
    mail = mail_of(coordination, dt.date(2026, 4, 20))
    assert mail.body.count(issue.number) == 1
    assert "überfällig seit 13.04.2026" in mail.body


def test_reminders_of_a_morning_without_digests_are_in_the_next(coordination):
    (issue,) = many(1, due=MONDAY)
    morning(dt.date(2026, 4, 8))
    with at(MONDAY, 6, 10):
        reminders.sweep()  # and then everything stood still until Tuesday
    morning(TUESDAY)
    assert issue.number in mail_of(coordination, TUESDAY).body
    morning(dt.date(2026, 4, 15))
    assert mail_of(coordination, dt.date(2026, 4, 15)) is None


def test_a_run_killed_halfway_goes_on_and_repeats_nothing(coordination, monkeypatch):
    second = user(Role.COORDINATION)
    many(1, due=MONDAY)
    morning(dt.date(2026, 4, 8))
    compose_for, calls = digests._compose_for, []

    def killed_at_the_second(*args):
        calls.append(args[0])
        if args[0] == second:
            raise KeyboardInterrupt
        return compose_for(*args)

    monkeypatch.setattr(digests, "_compose_for", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        morning(MONDAY)
    assert mail_of(coordination)
    monkeypatch.setattr(digests, "_compose_for", compose_for)
    morning(TUESDAY)  # the whole of Monday was lost
    assert mail_of(coordination, TUESDAY) is None
    assert "überfällig seit 13.04.2026" in mail_of(second, TUESDAY).body


def test_the_deputy_hears_it_and_the_absent_person_does_not(coordination):
    deputy = user(Role.COORDINATION, name="Vertretung")
    RoleGrantless = user(role=None, name="Ohne Rolle")
    Absence.objects.create(user=coordination, deputy=RoleGrantless, valid_from=MONDAY, valid_until=dt.date(2026, 4, 25))
    told = notice(coordination)
    (issue,) = many(1, due=MONDAY)
    morning(MONDAY)
    assert mail_of(coordination) is None
    body = mail_of(RoleGrantless).body
    assert issue.number in body
    assert "KP-2026-0031 · An die Geschäftsstelle" in body
    assert issue.number in mail_of(deputy).body
    told.refresh_from_db()
    assert told.digested_at is None  # it waits for the return
    morning(TUESDAY)
    assert Notice.objects.filter(recipient=RoleGrantless).count() == 1
    back = dt.date(2026, 4, 27)
    morning(back)
    assert "KP-2026-0031" in mail_of(coordination, back).body


def test_the_next_office_hears_of_ten_days_without_hearing_more(coordination):
    office = user(Role.STRATEGIC_OFFICE, name="Geschäftsstelle")
    (issue,) = many(1, due=MONDAY)
    tenth = workdays.add_workdays(MONDAY, 10)
    morning(workdays.add_workdays(MONDAY, 9))
    morning(tenth)
    assert "Seit zehn Arbeitstagen überfällig" in mail_of(office, tenth).body
    assert mail_of(coordination, tenth).body.count(issue.number) == 1
    assert "zu Ihrer Kenntnis" not in mail_of(coordination, tenth).body


def test_what_was_settled_between_sweep_and_digest_is_not_mentioned(coordination):
    limits()
    with at(dt.date(2026, 3, 30), 9):
        issue = issue_at(State.COORDINATION)
    with at(MONDAY, 6, 10):
        reminders.sweep()
    with at(MONDAY, 6, 30):
        take(issue, "forward", by=holder_of(issue))
    assert Reminder.objects.count() == 1
    with at(MONDAY, 7):
        digests.compose()
    assert "fällig am" not in (mail_of(coordination).body if mail_of(coordination) else "")


def test_a_mail_has_sixty_lines_and_counts_the_rest(coordination):
    many(300, due=MONDAY)
    for no in range(100):
        notice(coordination, key=f"issuestep:{no}", url=f"/x/{no}/")
    morning(MONDAY)
    body = mail_of(coordination).body
    assert body.count(" · http") == digests.LINES
    assert "und 260 weitere" in body or "und 250 weitere" in body
    assert Notice.objects.filter(digested_at=None).count() == 0
    assert "300 fällig, 100 neu" in mail_of(coordination).subject


def test_a_person_costs_the_same_however_much_is_due(coordination, django_assert_max_num_queries):
    many(400, due=MONDAY)
    with at(MONDAY, 6, 10):
        reminders.sweep()
    assert Issue.objects.count() == 400
    with at(MONDAY, 7), django_assert_max_num_queries(42):
        digests.compose()
