"""Requests by right: the month and its extension, every step, and those of people with an account."""

import datetime as dt
import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from kim import account_requests, rights, workdays
from kim.models import AccountRequest, Draft, Notice, Role, RoleGrant, TrailEntry
from kim.models.rights import Kind, Outcome, Refusal, Standing, due_after
from kim.workflow import OutOfTurn, StepRefused
from steering import duties
from tests.factories import county, user

pytestmark = pytest.mark.django_db

MONTHS = [
    # received       due           extended
    ("2026-01-31", "2026-02-28", "2026-04-30"),
    ("2028-01-31", "2028-02-29", "2028-04-30"),
    ("2026-02-28", "2026-03-28", "2026-05-28"),
    ("2026-03-30", "2026-04-30", "2026-06-30"),
    ("2026-08-31", "2026-09-30", "2026-11-30"),
    ("2026-11-30", "2026-12-30", "2027-02-28"),
    ("2026-12-15", "2027-01-15", "2027-03-15"),
    ("2026-10-24", "2026-11-24", "2027-01-24"),  # summer time ends in between
]


@pytest.mark.parametrize(("received", "due", "extended"), MONTHS)
def test_a_month_is_counted_by_the_calendar(received, due, extended):
    day = dt.date.fromisoformat(received)
    assert due_after(day) == dt.date.fromisoformat(due)
    assert due_after(day, extended=True) == dt.date.fromisoformat(extended)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)))
def test_the_due_day_bears_the_number_of_the_day_of_receipt_or_is_the_last_of_its_month(received):
    due = due_after(received)
    assert (due.year * 12 + due.month) - (received.year * 12 + received.month) == 1
    assert due.day == received.day or (due.day < received.day and (due + dt.timedelta(days=1)).day == 1)


def asked(kind=Kind.ACCESS, *, days=0, of=None, by=None) -> AccountRequest:
    county()
    day = workdays.today() - dt.timedelta(days=days)
    by = by or user(Role.AUDIT)
    return account_requests.receive(account=of or user(), by=by, kind=kind, received_on=day, came_by="letter")


def identified(kind=Kind.ACCESS, **more) -> AccountRequest:
    made = asked(kind, **more)
    step(made, "identify", identified="paper", identified_on=workdays.today())
    return made


def step(made, name, **given):
    account_requests.take(made, name, by=made.recorded_by, **given)


def test_a_request_runs_from_its_receipt_not_from_when_it_was_recorded():
    made = asked(days=10)
    assert made.due_on == due_after(workdays.today() - dt.timedelta(days=10))
    with pytest.raises(StepRefused, match="Zukunft"):
        asked(days=-1)


def test_only_administration_and_audit_record_and_answer():
    with pytest.raises(PermissionDenied):
        asked(by=user(Role.CASE_MANAGER))
    with pytest.raises(PermissionDenied):
        account_requests.take(asked(), "take_back", by=user(Role.COORDINATION))


GIVEN = {
    "identify": {"identified": "paper", "identified_on": workdays.today()},
    "answer": {"outcome": "nothing"},
    "refuse": {"refusal": Refusal.EXCESSIVE},
    "extend": {"extension_reason": "complex", "extension_told_on": workdays.today()},
    "take_back": {},
}
AT = {
    Standing.RECEIVED: [],
    Standing.IDENTIFIED: ["identify"],
    Standing.ANSWERED: ["identify", "answer"],
    Standing.REFUSED: ["refuse"],
    Standing.TAKEN_BACK: ["take_back"],
}


@pytest.mark.parametrize("name", rights.NAMES)
@pytest.mark.parametrize("state", Standing)
def test_every_step_goes_from_where_the_table_says_and_from_nowhere_else(state, name):
    made = asked(Kind.OBJECTION)
    for one in AT[state]:
        step(made, one, **GIVEN[one])
    assert made.state == state
    row, given_now = rights.find(name), dict(GIVEN[name])
    if state in row.sources:
        step(made, name, **given_now)
        assert made.state == (row.target or state)
        assert (made.answered_on is not None) == (made.state not in ("received", "identified"))
    else:
        with pytest.raises(OutOfTurn):
            step(made, name, **given_now)
        made.refresh_from_db()
        assert made.state == state


def test_the_deadline_is_extended_once_before_its_end_and_only_when_the_person_was_told():
    made = asked(days=3)
    tomorrow = workdays.today() + dt.timedelta(days=1)
    with pytest.raises(StepRefused, match="Zukunft"):
        step(made, "extend", extension_reason="many", extension_told_on=tomorrow)
    with workdays.as_of(made.due_on):
        step(made, "extend", extension_reason="many", extension_told_on=made.due_on)
    assert made.due_on == due_after(made.received_on, extended=True)
    with pytest.raises(StepRefused, match="nur einmal"):
        step(made, "extend", extension_reason="many", extension_told_on=workdays.today())
    late = asked(days=3)
    after = late.due_on + dt.timedelta(days=1)
    with workdays.as_of(after), pytest.raises(StepRefused, match="vor ihrem Ende"):
        step(late, "extend", extension_reason="many", extension_told_on=after)


@pytest.mark.parametrize("kind", Kind)
def test_a_refusal_has_a_reason_of_the_law_that_fits(kind):
    made = asked(kind)
    wrong = next(one for one in Refusal if one not in rights.REFUSALS[kind])
    with pytest.raises(StepRefused, match="passt nicht"):
        step(made, "refuse", refusal=wrong)
    step(made, "refuse", refusal=Refusal.UNKNOWN)
    assert made.state == Standing.REFUSED


def test_an_erasure_that_a_duty_forbids_says_until_when():
    made = identified(Kind.ERASURE)
    with pytest.raises(StepRefused, match="bis zu dem"):
        step(made, "refuse", refusal=Refusal.DUTY, kept_until=None)
    with pytest.raises(StepRefused, match="Zukunft"):
        step(made, "refuse", refusal=Refusal.DUTY, kept_until=workdays.today())
    step(made, "refuse", refusal=Refusal.DUTY, kept_until=workdays.today() + dt.timedelta(days=400))
    assert made.kept_until


def test_the_database_knows_no_answer_without_a_day_and_no_refusal_without_a_reason():
    made = asked()
    for wrong in ({"state": "answered"}, {"state": "refused", "answered_on": workdays.today()}, {"kind": "wish"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccountRequest.objects.filter(pk=made.pk).update(**wrong)


def test_an_access_is_answered_when_the_data_was_put_out(client):
    made = identified()
    with pytest.raises(StepRefused, match="zuerst"):
        step(made, "answer", outcome=Outcome.DONE)
    client.force_login(made.recorded_by)
    client.get(reverse("kim:account_data_file", args=[made.account_id, "json"]))
    step(made, "answer", outcome=Outcome.DONE)
    assert TrailEntry.objects.filter(act="accountrequest.answer", object_id=str(made.pk)).exists()


def test_an_account_with_a_role_is_not_erased_one_without_is_at_once():
    made = identified(Kind.ERASURE)
    Draft.keep(made.account, "issue.new", {"title": "x"})
    with pytest.raises(StepRefused, match="noch eine Rolle"):
        step(made, "answer", outcome=Outcome.DONE)
    made.account.refresh_from_db()
    assert made.account.email
    RoleGrant.objects.filter(user=made.account).update(valid_until=workdays.today())
    made = AccountRequest.objects.get(pk=made.pk)
    account_requests.take(made, "answer", by=user(Role.ADMIN), outcome=Outcome.DONE)
    made.account.refresh_from_db()
    assert made.account.email == ""
    assert not Draft.objects.exists()


def test_what_is_kept_on_an_account_is_told_along_the_tables_and_tells_no_content(client):
    of = user(Role.CASE_MANAGER, name="Case Management Windeck")
    Notice.objects.create(recipient=of, key="k", headline="KP-2026-0001: Melden", text="Qzgeheim", url="/")
    Draft.keep(of, "issue.new", {"title": "Qzgeheim"}, title="Qzgeheim")
    client.force_login(user(Role.AUDIT))
    told = client.get(reverse("kim:account_data_file", args=[of.pk, "json"])).content.decode()
    assert "Qzgeheim" not in told
    assert of.password not in told
    names = {part["tabelle"] for part in json.loads(told)["angaben"]}
    assert {"user", "role grant", "notice", "draft"} <= names
    pdf = client.get(reverse("kim:account_data_file", args=[of.pk, "pdf"]))
    assert pdf.content.startswith(b"%PDF")
    assert "Windeck" not in pdf["Content-Disposition"]
    assert TrailEntry.objects.filter(act="user.export", object_id=str(of.pk)).count() == 2


def test_the_clock_reminds_administration_and_audit_without_naming_the_account():
    admin, audit = user(Role.ADMIN), user(Role.AUDIT)
    made = asked(of=user(name="Besonderes Konto"), days=20)
    found = [one for one in duties.open_until(made.due_on) if one.key == f"accountrequest:{made.pk}"]
    assert [one.due_on for one in found] == [made.due_on]
    assert found[0].people >= {admin.pk, audit.pk}
    assert "Besonderes" not in f"{found[0].subject}{found[0].words}"
    step(made, "take_back")
    assert not [one for one in duties.open_until(made.due_on) if one.key.startswith("accountrequest")]


def test_the_pages_lead_from_receipt_to_answer(client, django_assert_max_num_queries):
    county()
    admin, of = user(Role.ADMIN), user()
    client.force_login(admin)
    sent = {"account": of.pk, "kind": "objection", "received_on": "1.1.2026", "came_by": "mail"}
    assert client.post(reverse("kim:account_request_new"), sent | {"kind": ""}).status_code == 422
    answer = client.post(reverse("kim:account_request_new"), sent)
    made = AccountRequest.objects.get()
    assert answer.headers["Location"] == made.get_absolute_url()
    with django_assert_max_num_queries(12):
        page = client.get(made.get_absolute_url()).content.decode()
    assert "01.02.2026" in page
    assert "überfällig" in page
    act = reverse("kim:account_request_step", args=[made.pk, "identify"])
    early = client.post(act, {"identified": "paper", "identified_on": "31.12.2025"})
    assert early.status_code == 422
    assert "erst am 01.01.2026" in early.content.decode()
    day = f"{workdays.today():%d.%m.%Y}"
    assert client.post(act, {"identified": "paper", "identified_on": day}).status_code == 302
    assert client.post(act, {"identified": "paper", "identified_on": day}).status_code == 409
    assert client.post(reverse("kim:account_request_step", args=[made.pk, "wish"])).status_code == 404
    with django_assert_max_num_queries(12):
        assert made.short in client.get(reverse("kim:account_request_list")).content.decode()
