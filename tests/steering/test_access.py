"""Who may open what: one row per address and state, one column per person. An address without a row fails."""

import datetime as dt

import pytest
from django.urls import get_resolver, reverse

from kim import workdays
from kim.models import Absence, Role
from kim.paging import capped, page
from steering.escalation import State
from steering.models import Agreement, Interface, Issue, KickOff, Meeting, Minutes
from tests.access_table import asked
from tests.factories import (
    county,
    held_meeting,
    issue_at,
    limits,
    meeting,
    municipality,
    organisation,
    paper,
    project_group,
    resolution,
    seat,
    statement,
    steering_group,
    take,
    topic,
    user,
)

pytestmark = pytest.mark.django_db

PEOPLE = (
    "reporter", "joined", "other_cm", "coordination", "office", "chair", "member", "lead", "outsider", "authority",
    "admin", "audit",
)  # fmt: skip
S = State
OK, NO, GO = 200, 404, 302  # shown, does not exist for you, sent on
FORBIDDEN = 403

# fmt: off
#: GET. joined: a case manager who joined; member: sits in the steering group; outsider: leads another group.
TABLE = [
    #  address          state            rep  joi  ocm  coo  off  cha  mem  lea  out  aut  adm  aud
    ("issue_list",      None,            200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("report_list",     None,            200, 200, 200, 403, 403, 403, 403, 403, 403, 200, 403, 403),
    ("inbox",           None,            403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 403, 403),
    ("issue_new",       None,            200, 200, 200, 403, 403, 403, 403, 403, 403, 200, 403, 403),
    ("body_list",       None,            200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403),
    ("body_new",        None,            403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 200, 403),
    ("meeting_list",    None,            200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("meeting_new",     None,            403, 403, 403, 403, 200, 403, 403, 200, 200, 403, 403, 403),
    ("meeting_year",    None,            403, 403, 403, 403, 200, 403, 403, 200, 200, 403, 403, 403),
    ("limit_list",      None,            403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403),

    ("contact_list",    None,            200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("contact_export",  "csv",           200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("issue_export",    "csv",           200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("report_export",   "csv",           200, 200, 200, 403, 403, 403, 403, 403, 403, 200, 403, 403),
    ("inbox_export",    "csv",           403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 403, 403),
    ("body_export",     "csv",           200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403),
    ("meeting_export",  "csv",           200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),

    ("issue_detail",    S.DRAFT,         200, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("issue_detail",    S.WITHDRAWN,     200, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("issue_detail",    S.COORDINATION,  200, 200, 404, 200, 404, 404, 404, 404, 404, 404, 404, 404),
    ("issue_detail",    S.STRATEGY,      200, 200, 200, 200, 200, 404, 404, 404, 404, 404, 404, 404),
    ("issue_detail",    S.STEERING,      200, 200, 200, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("issue_detail",    S.PROJECT,       200, 200, 200, 200, 200, 200, 200, 200, 404, 404, 404, 404),
    ("issue_detail",    S.STATE_LEVEL,   200, 200, 200, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("issue_detail",    S.FEEDBACK_DUE,  200, 200, 200, 200, 200, 200, 200, 200, 404, 404, 404, 404),
    ("issue_detail",    S.FED_BACK,      200, 200, 200, 200, 200, 200, 200, 200, 404, 404, 404, 404),
    ("issue_detail",    S.CLOSED,        200, 200, 200, 200, 200, 200, 200, 200, 404, 404, 404, 404),
    ("issue_detail",    S.MERGED,        200, 200, 404, 200, 404, 404, 404, 404, 404, 404, 404, 404),

    ("issue_edit",      S.DRAFT,         200, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("inbox_issue",     S.COORDINATION,  403, 403, 403, 200, 404, 403, 403, 403, 403, 403, 403, 403),
    ("inbox_issue",     S.STRATEGY,      403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 403, 403),

    ("body_detail",     "steering",      404, 404, 404, 200, 200, 200, 200, 404, 404, 404, 200, 404),
    ("body_detail",     "local",         404, 404, 404, 200, 200, 404, 404, 200, 404, 404, 200, 404),
    ("meeting_detail",  "steering",      404, 404, 404, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("body_edit",       "local",         404, 404, 404, 403, 200, 404, 404, 403, 404, 404, 200, 404),
    ("body_end",        "local",         404, 404, 404, 403, 200, 404, 404, 403, 404, 404, 200, 404),
    ("body_seat",       "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 200, 404),
    ("expected_new",    "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 200, 404),
    ("milestone_new",   "steering",      404, 404, 404, 403, 200, 200, 403, 404, 404, 404, 403, 404),
    ("milestone_new",   "local",         404, 404, 404, 403, 200, 404, 404, 200, 404, 404, 403, 404),
    ("rules_new",       "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 403, 404),
    ("rules_detail",    "rules",         404, 404, 404, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("rules_edit",      "rules",         404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("rules_submit",    "rules",         404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("meeting_conduct", "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("meeting_conduct", "local",         404, 404, 404, 403, 200, 404, 404, 200, 404, 404, 404, 404),
    ("attendance_record", "steering",    404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("meeting_close",   "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("item_vote",       "written",       404, 404, 404, 403, 200, 200, 200, 404, 404, 404, 404, 404),
    ("meeting_detail",  "local",         404, 404, 404, 200, 200, 404, 404, 200, 404, 404, 404, 404),
    ("meeting_calendar", "steering",     404, 404, 404, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("meeting_invitation", "steering",   404, 404, 404, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("meeting_invite",  "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("meeting_invite",  "local",         404, 404, 404, 403, 200, 404, 404, 200, 404, 404, 404, 404),
    ("meeting_topic",   "steering",      404, 404, 404, 403, 200, 200, 200, 404, 404, 404, 404, 404),
    ("meeting_topic",   "local",         404, 404, 404, 403, 200, 404, 404, 200, 404, 404, 404, 404),
    ("meeting_order",   "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("meeting_order",   "local",         404, 404, 404, 403, 200, 404, 404, 200, 404, 404, 404, 404),
    ("paper_new",       "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("paper_new",       "local",         404, 404, 404, 403, 200, 404, 404, 200, 404, 404, 404, 404),
    ("paper_file",      "steering",      404, 404, 404, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("paper_file",      "local",         404, 404, 404, 200, 200, 404, 404, 200, 404, 404, 404, 404),
    ("paper_withdraw",  "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("item_withdraw",   "steering",      404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("item_withdraw",   "local",         404, 404, 404, 403, 200, 404, 404, 200, 404, 404, 404, 404),

    ("minutes_list",    None,            200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("minutes_export",  "csv",           200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("minutes_detail",  "draft",         404, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("minutes_detail",  "sent",          404, 404, 404, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("minutes_detail",  "approved",      200, 200, 200, 200, 200, 200, 200, 404, 404, 200, 404, 404),
    ("minutes_detail",  "group",         404, 404, 404, 404, 200, 404, 404, 200, 404, 404, 404, 404),
    ("minutes_file",    "draft",         404, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("minutes_file",    "sent",          404, 404, 404, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("minutes_file",    "approved",      200, 200, 200, 200, 200, 200, 200, 404, 404, 200, 404, 404),
    ("minutes_edit",    "draft",         404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("minutes_edit",    "group",         404, 404, 404, 403, 200, 404, 404, 200, 404, 404, 404, 404),
    ("minutes_item",    "draft",         404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("minutes_send",    "draft",         404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("minutes_approve", "sent",          404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),
    ("minutes_object",  "sent",          404, 404, 404, 403, 200, 200, 200, 404, 404, 404, 404, 404),
    ("minutes_object",  "approved",      403, 403, 403, 403, 200, 200, 200, 404, 404, 403, 404, 404),
    ("objection_decide", "sent",         404, 404, 404, 403, 200, 403, 403, 404, 404, 404, 404, 404),

    ("resolution_list",    None,         200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("resolution_export",  "csv",        200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("resolution_new",     None,         403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 403),
    ("resolution_places",  None,         200, 200, 200, 200, 200, 200, 200, 403, 403, 200, 403, 403),
    ("resolution_detail",  "of_issue",   200, 200, 404, 200, 200, 200, 200, 200, 404, 404, 404, 404),
    ("resolution_detail",  "steering",   404, 404, 404, 200, 200, 200, 200, 404, 404, 404, 404, 404),
    ("resolution_detail",  "municipal",  200, 200, 200, 200, 200, 200, 200, 404, 404, 200, 404, 404),
    ("resolution_done",    "of_issue",   403, 403, 404, 403, 200, 403, 403, 200, 404, 404, 404, 404),
    ("resolution_drop",    "of_issue",   403, 403, 404, 403, 200, 403, 403, 200, 404, 404, 404, 404),
    ("resolution_put_off", "of_issue",   403, 403, 404, 403, 200, 403, 403, 200, 404, 404, 404, 404),
    ("statement_list",     None,         200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    ("statement_new",      None,         403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 403),
    ("statement_detail",   "of_issue",   200, 200, 404, 200, 200, 200, 200, 200, 200, 404, 404, 404),
    ("statement_receive",  "of_issue",   403, 403, 404, 403, 200, 403, 403, 403, 200, 404, 404, 404),
    ("statement_withdraw", "of_issue",   403, 403, 404, 403, 200, 403, 403, 200, 403, 404, 404, 404),

    ("agreement_list",  None,            200, 200, 200, 200, 200, 200, 200, 403, 403, 200, 403, 403),
    ("kickoff_list",    None,            200, 200, 200, 200, 200, 200, 200, 403, 403, 200, 403, 403),
    ("interface_list",  None,            200, 200, 200, 200, 200, 200, 200, 403, 403, 200, 403, 403),
    ("agreement_export", "csv",          200, 200, 200, 200, 200, 200, 200, 403, 403, 200, 403, 403),
    ("kickoff_export",  "csv",           200, 200, 200, 200, 200, 200, 200, 403, 403, 200, 403, 403),
    ("interface_export", "csv",          200, 200, 200, 200, 200, 200, 200, 403, 403, 200, 403, 403),
    ("kickoff_new",     None,            403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 403),
    ("interface_new",   None,            403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 403),
    ("agreement_detail", "place",        200, 200, 200, 200, 200, 200, 200, 404, 404, 200, 404, 404),
    ("agreement_new",   "place",         403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("agreement_edit",  "agreement",     403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("agreement_send",  "agreement",     403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("agreement_sign",  "agreement",     403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("agreement_end",   "agreement",     403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("kickoff_detail",  "kickoff",       200, 200, 200, 200, 200, 200, 200, 404, 404, 200, 404, 404),
    ("kickoff_edit",    "kickoff",       403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("kickoff_hold",    "kickoff",       403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("kickoff_cancel",  "kickoff",       403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("kickoff_participant", "kickoff",   403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("interface_detail", "interface",    200, 200, 200, 200, 200, 200, 200, 404, 404, 200, 404, 404),
    ("interface_edit",  "interface",     403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("interface_way",   "interface",     403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
    ("interface_retire", "interface",    403, 403, 403, 403, 200, 403, 403, 404, 404, 403, 404, 404),
]
# fmt: on

#: Addresses that only act; what they refuse is tested with the act itself (test_issue_pages, test_bodies, test_inbox).
ACTS = {
    "body_seat_change", "body_seat_end", "expected_end", "inbox_together", "interface_confirm", "interface_reopen",
    "issue_alike", "issue_comment", "issue_effect", "issue_interim_report", "issue_join", "issue_measure",
    "issue_measure_done", "issue_pause", "issue_resume", "issue_similar", "issue_step", "item_admit", "item_decide",
    "kickoff_participant_remove", "limit_change", "meeting_build", "meeting_cancel", "meeting_move", "meeting_open",
    "milestone_done",
}  # fmt: skip


#: What the rows of agreements, kick-off events and interfaces are about.
COOPERATION = {
    "place": lambda office, place: place,
    "agreement": lambda office, place: Agreement.prepare(place, by=office),
    "kickoff": lambda office, place: KickOff.plan(by=office, municipality=place, on_day=workdays.today()),
    "interface": lambda office, place: Interface.identify(
        by=office, title="Übergabe", between=[organisation(), organisation("abh", name="Amt", kind="authority")]
    ),
}


@pytest.fixture
def people():
    county()
    limits()
    group = steering_group()
    lead = user(Role.PROJECT_GROUP)
    outsider = user(Role.PROJECT_GROUP)
    project_group("thematic", lead=outsider)
    member = user(Role.STEERING_GROUP)
    seat(group, member, "member")
    return {
        "reporter": user(), "joined": user(), "other_cm": user(), "coordination": user(Role.COORDINATION),
        "office": user(Role.STRATEGIC_OFFICE), "chair": group.leads().get(), "member": member, "lead": lead,
        "outsider": outsider, "authority": user(Role.AUTHORITY), "admin": user(Role.ADMIN), "audit": user(Role.AUDIT),
    }  # fmt: skip


def thing(people, url, state):
    """The issue, body or meeting of a row."""
    place = municipality()
    local = project_group("local", place, lead=people["lead"])
    if state is None:
        return []
    if state == "csv":
        return [state]
    if url.startswith(("minutes_", "objection_")):
        return of_minutes(url, state, local)
    if url.startswith(("resolution_", "statement_")):
        return [asked_or_resolved(people, url, state, local).pk]
    if state in COOPERATION:
        return [COOPERATION[state](people["office"], place).pk]
    if state == "rules":
        return [steering_group().rules.get_or_create(version=1)[0].pk]
    if url in ("meeting_conduct", "attendance_record", "meeting_close", "item_vote"):
        written = {"mode": "written", "written_until": workdays.today()} if state == "written" else {}
        days = -1000 - Meeting.objects.count()  # a day of its own for each address
        return [meeting(local if state == "local" else steering_group(), days=days, **written).pk]
    if state in ("steering", "local") and not isinstance(state, State):
        group = local if state == "local" else steering_group()
        if not url.startswith(("meeting_", "paper_", "item_")):
            return [group.pk]
        there = group.next_meeting() or meeting(group)
        if url.startswith("paper_") and url != "paper_new":
            return [paper(there).pk]
        return [(there.agenda.create(kind="topic", title="Wohnungen") if url == "item_withdraw" else there).pk]
    issue = issue_at(state, reported_by=people["reporter"], municipality=place)
    if state not in (S.DRAFT, S.WITHDRAWN):
        issue.reporters.create(user=people["joined"], first=False)
    return [issue.pk]


def of_minutes(url, state, local):
    """A meeting with minutes in that state, its item or an objection."""
    group = local if state == "group" else steering_group()
    held = held_meeting(group, days=50 + group.meetings.count())  # behind those of `thing`, by length of address
    minutes = Minutes.start(held, user(Role.STRATEGIC_OFFICE))
    if state in ("sent", "approved"):
        minutes.send(by=minutes.started_by)
    if state == "approved":
        with workdays.as_of(minutes.objections_until + dt.timedelta(days=1)):
            minutes.approve(by=None)
    if url == "minutes_item":
        return [topic(held).pk]
    if url == "objection_decide":
        return [minutes.object(by=held.body.leads().get(), text="Das Ende fehlt.").pk]
    return [held.pk, "docx"] if url == "minutes_file" else [held.pk]


def asked_or_resolved(people, url, kind, local):
    """A resolution of the steering group for the local group to carry out, or a statement its lead asked for; the
    outsider works for the institution that is asked.
    """
    if kind != "of_issue":
        return resolution(**({"municipality": municipality()} if kind == "municipal" else {}))
    issue = issue_at(S.PROJECT, reported_by=people["reporter"], municipality=local.municipalities.get())
    issue.reporters.create(user=people["joined"], first=False)
    if url.startswith("resolution_"):
        return resolution(issue=issue, owner_body=local, due=20)
    asked = organisation("caritas", name="Caritas", kind="welfare")
    people["outsider"].organisation = asked
    people["outsider"].save()
    return statement(asked, by=people["lead"], issue=issue)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}-{row[1]}")
def test_pages(client, people, row):
    url, state, *expected = row
    address = reverse(f"steering:{url}", args=thing(people, url, state))
    found = []
    for name in PEOPLE:
        client.force_login(people[name])
        found.append(asked(client, people[name], address).status_code)
    assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, expected, strict=True))


def test_every_address_of_steering_has_a_row():
    resolver = next(r for r in get_resolver().url_patterns if getattr(r, "app_name", "") == "steering")
    named = {pattern.name for pattern in resolver.url_patterns}
    assert named == {row[0] for row in TABLE} | ACTS


def test_nobody_sees_anything_before_signing_in(client, people):
    for url, state, *_ in TABLE:
        answer = client.get(reverse(f"steering:{url}", args=thing(people, url, state)))
        assert answer.status_code == GO, url
        assert "/konto/" in answer.headers["Location"]


def test_an_issue_reported_directly_is_the_offices_alone_until_it_is_released(people):
    issue = issue_at(State.DRAFT, reported_by=people["reporter"])
    take(issue, "report_directly")
    sees = {name for name in PEOPLE if Issue.objects.visible_to(people[name]).filter(pk=issue.pk).exists()}
    assert sees == {"reporter", "coordination", "office"}


def test_a_deputy_sees_what_the_absent_person_sees_and_no_longer_than_that(people):
    deputy, today = people["outsider"], workdays.today()
    issue = issue_at(State.STRATEGY, reported_by=people["reporter"])
    absence = Absence.objects.create(
        user=people["office"], deputy=deputy, valid_from=today, valid_until=today + dt.timedelta(days=3)
    )
    sees = Issue.objects.visible_to(type(deputy).objects.get(pk=deputy.pk)).filter(pk=issue.pk)
    assert sees.exists()
    with workdays.as_of(absence.valid_until):
        assert not Issue.objects.visible_to(type(deputy).objects.get(pk=deputy.pk)).filter(pk=issue.pk).exists()


def test_the_sets_of_lists_hold_what_is_seen_and_held_and_what_is_held_is_seen(people):
    reporter, today = people["reporter"], workdays.today()
    for state in State:
        issue_at(state, reported_by=reporter)
        issue_at(state)
    take(issue_at(State.DRAFT, reported_by=people["joined"]), "report_directly")
    lead = issue_at(State.COORDINATION)
    take(issue_at(State.COORDINATION, reported_by=people["authority"]), "merge", lead=lead)
    people["deputy"] = user(Role.PROJECT_GROUP)
    Absence.objects.create(user=people["office"], deputy=people["deputy"], valid_from=today)
    for name, person in people.items():
        seen, held = set(Issue.objects.visible_to(person)), set(Issue.objects.held_by(person))
        assert {issue for part in Issue.objects.parts_visible_to(person) for issue in part} == seen, name
        assert {issue for part in Issue.objects.parts_held_by(person) for issue in part} == held, name
        assert held <= seen, name
        assert set(Issue.objects.reported_by(person)) <= seen, name
        by_age = page(Issue.objects.parts_visible_to(person), "-state_since", lines=Issue.objects.for_lines())
        assert len(by_age) == capped(Issue.objects.parts_visible_to(person)) == len(seen), name
        assert list(by_age) == sorted(seen, key=lambda issue: (issue.state_since, issue.pk), reverse=True), name


def test_a_superuser_without_a_role_sees_no_content(client, people):
    issue = issue_at(State.STRATEGY, reported_by=people["reporter"])
    root = user(Role.ADMIN, is_superuser=True, is_staff=True)
    client.force_login(root)
    assert client.get(issue.get_absolute_url()).status_code == NO
