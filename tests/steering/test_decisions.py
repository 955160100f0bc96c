"""In the meeting: who is there, who votes, what is resolved, and what follows from it at once."""

import datetime as dt
from urllib.parse import quote

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kim import workdays
from kim.models import Absence, Notice, Organisation, Role, TrailEntry
from kim.privacy_gate import Held
from kim.workflow import StepRefused
from steering.escalation import State
from steering.models import AgendaItem, Attendance, Membership, Minutes, Resolution, RulesOfProcedure, Vote
from steering.models.decisions import admit
from steering.models.voices import Quorum, voices_among, voices_of
from tests.factories import (
    LONG_AGO,
    county,
    issue_at,
    local_group,
    meeting,
    organisation,
    paper,
    project_group,
    seat,
    steering_group,
    take,
    user,
)
from tests.test_hostile import HOSTILE, Page

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


def institution(name, **fields) -> Organisation:
    return organisation(name.lower(), name=name, **fields)


def table(*names, body=None):
    """A voting member of each of these institutions beside the chair, who sits there for the county."""
    body = body or steering_group()
    body.memberships.filter(function="lead").update(organisation=organisation())
    return [seat(body, user(Role.STEERING_GROUP), "member", organisation=institution(name)) for name in names]


def of(body):
    return list(body.memberships.select_related("user", "organisation", "body"))


def running(by, *, without=(), **fields):
    """The steering group sits today, everybody there but `without`."""
    sitting = fields.pop("sitting", None) or meeting(days=0, **fields)
    there = {one: "present" for one in of(sitting.body) if one not in without and one.function != "deputy"}
    Attendance.record(sitting, by=by, seats=there)
    sitting.open(by=by)
    return sitting


def tabled(sitting, **fields):
    """An issue that waits for this meeting; (issue, item)."""
    issue = issue_at(State.STRATEGY, **fields)
    take(issue, "table", meeting=sitting)
    return issue, sitting.agenda.get(issue=issue)


def topic(sitting, title="Sprachmittlung am Abend"):
    return sitting.agenda.create(kind="topic", title=title, added_by=user(Role.STEERING_GROUP))


def resolve(item, by, **fields):
    return Resolution.take(
        item, by=by, **{"verdict": "resolve", "text": "Das Angebot wird ausgebaut.", "consensus": True} | fields
    )


def say(sitting, value="yes", **other):
    """Every voice says `value`, but for those named by their institution."""
    return {voice.key: other.get(voice.name, value) for voice in voices_of(sitting)}


def refused(words):
    return pytest.raises(StepRefused, match=words)


def rules(body=None, **fields):
    """Rules that hold for the body (default: steering group) since long ago."""
    body = body or steering_group()
    version = RulesOfProcedure.objects.filter(body=body).count() + 1
    adopted = Resolution.objects.create(
        number=f"B-2020-{body.pk:03}{version}", body=body, verdict="adopt", text="Verabschiedet.", decided_on=LONG_AGO
    )
    return RulesOfProcedure.objects.create(
        body=body, version=version, valid_from=LONG_AGO, resolution=adopted, **fields
    )


# Open and close


def test_a_meeting_opens_on_its_day_and_not_before(office):
    coming, today = meeting(days=1), meeting(days=0)
    with refused("ab ihrem Tag"):
        coming.open(by=office)
    today.open(by=office)
    assert today.is_running
    with refused("schon eröffnet"):
        today.open(by=office)
    with pytest.raises(PermissionDenied, match="Sitzungen führen"):
        meeting(days=-1).open(by=steering_group().leads().get())


def test_a_called_off_meeting_does_not_open_and_an_open_one_is_not_called_off(office):
    gone = meeting(days=0, cancelled_at=workdays.now())
    with refused("abgesagt"):
        gone.open(by=office)
    late = meeting(days=1)
    late.opened_at = workdays.now()
    late.save()
    with refused("hat schon begonnen"):
        late.cancel(by=office)


def test_the_lead_of_a_group_runs_its_meetings(office):
    group = project_group()
    sitting = meeting(group, days=0)
    sitting.open(by=group.leads().get())
    sitting.close(by=group.leads().get())
    with refused("schon geschlossen"):
        sitting.open(by=office)
    with refused("diese läuft nicht"):
        sitting.close(by=office)


def test_a_meeting_closes_once_everything_is_decided_or_put_off_with_its_clock(office):
    table("Jobcenter")
    sitting = meeting(days=0)
    other = meeting(days=30)
    (one, item), (two, _) = tabled(sitting), tabled(sitting)
    words = topic(sitting)
    running(office, sitting=sitting)
    resolve(item, office, verdict="defer")
    with refused(f"Noch nicht entschieden: {two}"):
        sitting.close(by=office)
    with refused("kommende Sitzung desselben Gremiums"):
        sitting.close(by=office, instead=meeting(project_group(), days=9))
    before = two.due_on
    assert sitting.close(by=office, instead=other) == 1
    two.refresh_from_db()
    assert (two.meeting, two.due_on > before) == (other, True)
    assert set(other.agenda.all()) == {words, other.agenda.get(issue=two)}
    assert Notice.objects.filter(recipient=two.reporters.get().user, text__contains="anderen Termin").exists()
    one.refresh_from_db()
    assert one.state == State.STRATEGY


# Attendance and voices


def test_several_seats_of_an_institution_are_one_voice_and_a_seat_without_one_is_its_own(office):
    first, second = table("Jobcenter", "Jobcenter")
    body = steering_group()
    alone = seat(body, user(Role.STEERING_GROUP), "member")
    seat(body, user(Role.STEERING_GROUP), "advisory", organisation=institution("Polizei"))
    sitting = meeting(days=0)
    voices = {voice.name: voice for voice in voices_of(sitting)}
    assert set(voices) == {"Jobcenter", "Kreisverwaltung", str(alone.user)}
    assert set(voices["Jobcenter"].seats) == {first, second}
    rules(voices="person")
    assert len(voices_of(sitting)) == 4


def test_a_voice_is_there_with_a_member_or_with_a_deputy_while_no_member_is(office):
    member, other = table("Jobcenter", "Jobcenter")
    deputy = seat(steering_group(), user(Role.STEERING_GROUP), "deputy", deputy_of=member)
    voice = next(voice for voice in voices_of(meeting(days=0)) if voice.name == "Jobcenter")
    assert voice.given_by({deputy.pk}) == deputy
    assert voice.given_by({deputy.pk, other.pk}) == other
    assert voice.given_by(set()) is None


@pytest.mark.parametrize(
    ("there", "of", "percent", "reached", "needed"),
    [(7, 14, 50, True, 7), (6, 14, 50, False, 7), (1, 2, 50, True, 1), (1, 3, 50, False, 2), (2, 3, 50, True, 2),
     (0, 0, 50, False, 0), (3, 3, 100, True, 3), (2, 3, 100, False, 3), (1, 100, 1, True, 1)],
)  # fmt: skip
def test_half_of_the_voices_is_a_quorum_exactly(there, of, percent, reached, needed):
    found = Quorum(there, of, percent)
    assert (found.reached, found.needed) == (reached, needed)


def test_attendance_is_kept_until_the_meeting_is_closed_and_told_to_the_trail(office):
    (member,) = table("Jobcenter")
    sitting = meeting(days=0)
    Attendance.record(sitting, by=office, seats={member: "present"}, guests=["Stadtsportverband", "Stadtsportverband"])
    Attendance.record(sitting, by=office, seats={member: "excused"}, guests=["Stadtsportverband", "Feuerwehr"])
    assert sitting.attendances.get(seat=member).presence == "excused"
    assert sorted(sitting.attendances.exclude(guest="").values_list("guest", flat=True)) == [
        "Feuerwehr", "Stadtsportverband",
    ]  # fmt: skip
    Attendance.record(sitting, by=office, seats={member: ""})
    assert not sitting.attendances.exists()
    assert TrailEntry.objects.filter(act="meeting.attendance").count() == 3
    sitting.open(by=office)
    sitting.close(by=office)
    with refused("ist geschlossen"):
        Attendance.record(sitting, by=office, seats={member: "present"})


def test_who_was_there_is_refused_where_it_cannot_be(office):
    (member,) = table("Jobcenter")
    with refused("erst am Tag der Sitzung"):
        Attendance.record(meeting(days=3), by=office, seats={member: "present"})
    with refused("Umlaufverfahren ist niemand anwesend"):
        Attendance.record(written(), by=office, seats={member: "present"})
    stranger = project_group().memberships.get()
    with refused("zu einem anderen Gremium"):
        Attendance.record(meeting(days=0), by=office, seats={stranger: "present"})
    late = seat(
        steering_group(), user(Role.STEERING_GROUP), "member", valid_from=workdays.today() + dt.timedelta(days=1)
    )
    with refused("keinen Sitz in diesem Gremium"):
        Attendance.record(meeting(days=-1), by=office, seats={late: "present"})
    with pytest.raises(PermissionDenied):
        Attendance.record(meeting(days=-2), by=member.user, seats={member: "present"})
    with pytest.raises(Held):
        Attendance.record(meeting(days=-3), by=office, seats={}, guests=["Frau Sabine Müller, 0151 23456789"])


# Votes


def test_who_may_not_vote_is_told_why(office):
    member, absent, second = table("Jobcenter", "Sozialamt", "Jobcenter")
    body = steering_group()
    adviser = seat(body, user(Role.STEERING_GROUP), "advisory", organisation=institution("Polizei"))
    deputy = seat(body, user(Role.STEERING_GROUP), "deputy", deputy_of=member)
    silent = seat(body, user(Role.STEERING_GROUP), "deputy", deputy_of=adviser)
    former = seat(body, user(Role.STEERING_GROUP), "member", valid_until=workdays.today() - dt.timedelta(days=9))
    sitting = running(office, without=(absent, former, silent))
    item = topic(sitting)
    for who, words in [
        (adviser, "ohne Stimmrecht"), (silent, "ohne Stimmrecht"), (former, "keinen Sitz"),
        (absent, "nicht als anwesend"), (None, "Gäste haben keine Stimme"),
        (project_group().memberships.get(), "zu einem anderen Gremium"),
    ]:  # fmt: skip
        with refused(words):
            Vote.cast(item, by=office, seat=who, value="yes")
    with refused("Ja, Nein oder Enthaltung"):
        Vote.cast(item, by=office, seat=member, value="maybe")
    Attendance.record(sitting, by=office, seats={deputy: "present"})
    with refused("Die Vertretung stimmt nur, wenn das Mitglied nicht da ist"):
        Vote.cast(item, by=office, seat=member, cast_by_seat=deputy, value="yes")
    with refused("vertritt dieses Mitglied nicht"):
        Vote.cast(item, by=office, seat=second, cast_by_seat=deputy, value="yes")
    Vote.cast(item, by=office, seat=member, value="yes")
    with refused("schon abgegeben"):
        Vote.cast(item, by=office, seat=member, value="no")
    with refused("Jobcenter hat schon abgestimmt: eine Stimme je Institution"):
        Vote.cast(item, by=office, seat=second, value="no")
    with pytest.raises(PermissionDenied, match="Eine Stimme gibt ab"):
        Vote.cast(item, by=adviser.user, seat=absent, value="yes")
    assert [(vote.seat, vote.value, vote.organisation.name) for vote in item.votes.all()] == [
        (member, "yes", "Jobcenter")
    ]


def test_a_deputy_votes_for_the_member_who_is_away(office):
    member, _ = table("Jobcenter", "Sozialamt")
    deputy = seat(steering_group(), user(Role.STEERING_GROUP), "deputy", deputy_of=member)
    sitting = running(office, without=(member,))
    Attendance.record(sitting, by=office, seats={deputy: "present", member: "excused"})
    made = resolve(topic(sitting), office, consensus=False, votes=say(sitting))
    vote = made.agenda_item.votes.get(seat=member)
    assert (vote.cast_by_seat, vote.organisation.name, made.yes) == (deputy, "Jobcenter", 3)


def test_by_members_each_seat_has_a_voice(office):
    rules(voices="person")
    table("Jobcenter", "Jobcenter")
    sitting = running(office)
    made = resolve(topic(sitting), office, consensus=False, votes=say(sitting))
    assert (made.yes, made.no, made.abstained) == (3, 0, 0)


def test_everybody_who_is_there_votes_and_nobody_else(office):
    _, absent = table("Jobcenter", "Sozialamt")
    sitting = running(office, without=(absent,))
    votes = say(sitting)
    county_alone = {f"o{organisation().pk}": "yes"}
    for given_votes, words in [
        (votes, "Sozialamt ist nicht da"),
        ({"o999999": "yes"}, "Diese Stimme ist nicht da"),
        (county_alone, "fehlt die Stimme von: Jobcenter"),
    ]:
        with refused(words):
            resolve(topic(sitting, words), office, consensus=False, votes=given_votes)
    assert not Vote.objects.exists()
    assert not Resolution.objects.exists()


# Resolutions


def test_without_a_quorum_nothing_is_resolved_unless_the_rules_allow_it(office):
    first, second = table("Jobcenter", "Sozialamt")
    sitting = running(office, without=(first, second))
    with refused("Nicht beschlussfähig: 1 von 3 Stimmen sind da, nach der Geschäftsordnung braucht es 50 %, also 2"):
        resolve(topic(sitting), office)
    Attendance.record(sitting, by=office, seats={first: "present"})
    assert resolve(topic(sitting, "Eins"), office).verdict == "resolve"
    Attendance.record(sitting, by=office, seats={first: "absent"})
    rules(without_quorum=True)
    assert resolve(topic(sitting, "Zwei"), office).verdict == "resolve"


def test_exactly_half_of_the_voices_resolves(office):
    (away,) = table("Jobcenter")
    assert resolve(topic(running(office, without=(away,))), office).consensus


@pytest.mark.parametrize(
    ("majority", "said", "verdict", "consensus"),
    [
        ("consensus", "yyy", "resolve", True), ("consensus", "yya", "resolve", True),
        ("consensus", "yyn", "resolve", False), ("consensus", "ynn", "reject", False),
        ("consensus", "yna", "reject", False), ("consensus", "aaa", "reject", False),
        ("simple", "yyy", "resolve", False), ("simple", "yaa", "resolve", False), ("simple", "yna", "reject", False),
        ("unanimous", "yya", "resolve", True), ("unanimous", "yyn", "reject", False),
        ("unanimous", "aaa", "reject", False),
    ],
)  # fmt: skip
def test_the_rules_say_what_a_vote_comes_to(office, majority, said, verdict, consensus):
    rules(majority=majority)
    table("Jobcenter", "Sozialamt")
    sitting = running(office)
    values = [{"y": "yes", "n": "no", "a": "abstain"}[one] for one in said]
    votes = dict(zip([voice.key for voice in voices_of(sitting)], values, strict=True))
    made = resolve(topic(sitting), office, consensus=False, votes=votes)
    assert (made.verdict, made.consensus) == (verdict, consensus)
    assert [made.yes, made.no, made.abstained] == [said.count(one) for one in "yna"]


def test_a_vote_is_either_a_consensus_or_counted(office):
    table("Jobcenter")
    sitting = running(office)
    with refused("wie abgestimmt wurde"):
        resolve(topic(sitting), office, consensus=False)
    with refused("entweder den Konsens"):
        resolve(topic(sitting, "Zwei"), office, votes=say(sitting))
    with refused("ist der Antrag angenommen"):
        resolve(topic(sitting, "Drei"), office, verdict="reject", consensus=False, votes=say(sitting))
    assert resolve(topic(sitting, "Vier"), office, verdict="reject").consensus
    assert resolve(topic(sitting, "Fünf"), office, verdict="note", consensus=False).consensus is False


@pytest.mark.parametrize(
    ("verdict", "more", "state", "told"),
    [
        ("assign", {"reach": "local"}, State.PROJECT, "hat Ihre Meldung zugewiesen"),
        ("refer_up", {"addressee": "Ministerium für Integration NRW"}, State.STATE_LEVEL, "über den Kreis hinaus"),
        ("defer", {}, State.STRATEGY, "zurückgestellt"),
        ("solve", {"outcome": "solved"}, State.FEEDBACK_DUE, "liegt ein Ergebnis vor"),
        ("decline", {}, State.FEEDBACK_DUE, "liegt ein Ergebnis vor"),
    ],
)
def test_a_resolution_moves_its_issue_and_reaches_those_who_reported_it(office, verdict, more, state, told):
    table("Jobcenter")
    sitting = meeting(days=0)
    issue, item = tabled(sitting)
    running(office, sitting=sitting)
    if verdict == "assign":
        more = more | {"body": local_group(issue.municipality)}
    made = resolve(item, office, verdict=verdict, text="Beide Ämter stimmen sich ab.", **more)
    issue.refresh_from_db()
    item.refresh_from_db()
    assert (issue.state, made.issue, made.step.name, made.step.by) == (state, issue, verdict, office)
    assert made.agenda_item == item
    assert item.dealt_with_at
    assert Notice.objects.filter(recipient=issue.reporters.get().user, text__contains=told).exists()
    assert TrailEntry.objects.filter(act="resolution.take", object_id=str(made.pk)).exists()
    assert "Beide Ämter" in (issue.result if verdict in ("solve", "decline") else made.step.note)


def test_an_assignment_is_owned_by_its_group_until_its_interim_report(office):
    table("Jobcenter")
    sitting = meeting(days=0)
    issue, item = tabled(sitting)
    running(office, sitting=sitting)
    group = local_group(issue.municipality)
    made = resolve(item, office, verdict="assign", reach="local", body=group)
    issue.refresh_from_db()
    assert (made.owner_body, made.owner, made.due_on) == (group, str(group), issue.due_on)
    assert made.due_on == workdays.today() + dt.timedelta(days=60)
    assert made.is_open


def test_a_vote_that_fails_leaves_the_issue_where_it_is(office):
    table("Jobcenter", "Sozialamt")
    sitting = meeting(days=0)
    issue, item = tabled(sitting)
    running(office, sitting=sitting)
    votes = say(sitting, "no", Jobcenter="yes")
    made = resolve(item, office, verdict="decline", consensus=False, votes=votes, due_on=workdays.today(), owner="KI")
    issue.refresh_from_db()
    assert (made.verdict, made.step, made.due_on, issue.state) == ("reject", None, None, State.STEERING)
    sitting.close(by=office)
    take(issue, "defer")
    issue.refresh_from_db()
    assert issue.state == State.STRATEGY


def test_what_stands_against_a_resolution_is_said_and_nothing_is_half_written(office):
    table("Jobcenter")
    sitting = meeting(days=0)
    issue, item = tabled(sitting)
    other, elsewhere = tabled(sitting)
    with refused("noch nicht eröffnet"):
        resolve(item, office, verdict="defer")
    running(office, sitting=sitting)
    wrong = project_group("thematic")
    wrong.memberships.all().delete()
    for words, fields in [
        ("passt nicht zu diesem Punkt", {"verdict": "adopt"}),
        ("in Worten fest", {"verdict": "defer", "text": ""}),
        ("Es fehlt: Reichweite, festgestellt, Projektgruppe", {"verdict": "assign"}),
        ("hat zurzeit keine Leitung", {"verdict": "assign", "reach": "county", "body": wrong}),
        ("braucht eine örtliche Projektgruppe", {"verdict": "assign", "reach": "local", "body": wrong}),
        ("wer es bis dahin umsetzt", {"verdict": "defer", "due_on": workdays.today()}),
        ("liegt vor dem Beschluss", {"verdict": "defer", "owner": "KI", "due_on": workdays.today() - dt.timedelta(1)}),
    ]:
        with refused(words):
            resolve(item, office, **fields)
    with pytest.raises(Held):
        resolve(item, office, verdict="defer", text="Herr Mustermann ruft unter 0151 23456789 an.")
    with pytest.raises(Held):
        resolve(item, office, verdict="defer", owner="Frau Sabine Müller, 0151 23456789", due_on=workdays.today())
    with pytest.raises(PermissionDenied, match="Sitzungen führen"):
        resolve(item, steering_group().leads().get(), verdict="defer")
    issue.refresh_from_db()
    assert (issue.state, Resolution.objects.exists(), Vote.objects.exists()) == (State.STEERING, False, False)
    assert not Notice.objects.filter(headline__contains="Zurückgestellt").exists()
    resolve(item, office, verdict="defer")
    with refused("schon ein Beschluss festgehalten: B-"):
        resolve(item, office, verdict="decline")
    elsewhere.withdrawn_at = workdays.now()
    elsewhere.save()
    with refused("ist abgesetzt"):
        resolve(elsewhere, office, verdict="defer")
    sitting.close(by=office, instead=meeting(days=30))
    with refused("ist geschlossen"):
        resolve(elsewhere, office, verdict="defer")
    assert other.state == State.STEERING


def test_nobody_decides_on_what_they_reported_themselves(office):
    both = user(roles=[Role.STRATEGIC_OFFICE, Role.CASE_MANAGER])
    table("Jobcenter")
    sitting = meeting(days=0)
    issue, item = tabled(sitting, reported_by=both)
    running(office, sitting=sitting)
    with pytest.raises(PermissionDenied, match="Vier-Augen"):
        resolve(item, both, verdict="decline")
    assert not Resolution.objects.exists()


def test_while_a_meeting_runs_nothing_is_decided_beside_it(office):
    table("Jobcenter")
    sitting = meeting(days=0)
    issue, item = tabled(sitting)
    running(office, sitting=sitting)
    for step in ("assign", "refer_up", "defer", "solve", "decline"):
        with refused("läuft gerade. Entschieden wird dort"):
            take(issue, step)
    resolve(item, office, verdict="reject")
    sitting.close(by=office)
    take(issue, "assign")
    issue.refresh_from_db()
    assert issue.state == State.PROJECT


def test_the_chair_may_still_decide_before_the_meeting_and_its_item_is_only_noted_then(office):
    table("Jobcenter")
    sitting = meeting(days=0)
    issue, item = tabled(sitting)
    take(issue, "defer")
    running(office, sitting=sitting)
    with refused("passt nicht"):
        resolve(item, office, verdict="assign")
    assert resolve(item, office, verdict="note", consensus=False).step is None


def test_a_late_item_is_spoken_of_if_the_body_admits_it(office):
    table("Jobcenter", "Sozialamt")
    sitting = meeting(days=0, invited_at=workdays.now() - dt.timedelta(days=14))
    one, two = topic(sitting, "Eins"), topic(sitting, "Zwei")
    running(office, sitting=sitting)
    with refused("Bitte lassen Sie zuerst darüber abstimmen"):
        resolve(one, office)
    with refused("Abstimmen können die 3 Stimmen"):
        admit(one, by=office, yes=4, no=0, abstained=0)
    with refused("Abstimmen können die 3 Stimmen"):
        admit(one, by=office, yes=0, no=0, abstained=0)
    assert admit(one, by=office, yes=2, no=1, abstained=0)
    assert not admit(two, by=office, yes=1, no=1, abstained=1)
    with refused("nicht .mehr. abzustimmen"):
        admit(two, by=office, yes=3, no=0, abstained=0)
    with refused("ist nicht zugelassen"):
        resolve(two, office)
    assert resolve(one, office).verdict == "resolve"
    with pytest.raises(PermissionDenied):
        admit(two, by=user(Role.COORDINATION), yes=3, no=0, abstained=0)
    rows = AgendaItem.objects.filter(pk__in=[one.pk, two.pk]).values_list("admission", flat=True)
    assert set(rows) == {"zugelassen: Ja 2, Nein 1, Enthaltung 0", "nicht zugelassen: Ja 1, Nein 1, Enthaltung 1"}


def test_rules_are_adopted_by_a_resolution(office):
    before = rules()
    table("Jobcenter")
    sitting = meeting(days=0)
    draft = RulesOfProcedure.objects.create(body=sitting.body, version=2, text="§ 1 …", by=office)
    item = sitting.agenda.create(kind="rules", rules=draft)
    running(office, sitting=sitting)
    made = resolve(item, office, verdict="adopt")
    draft.refresh_from_db()
    before.refresh_from_db()
    assert (draft.resolution, draft.valid_from, before.valid_until) == (made, sitting.day, sitting.day)
    assert RulesOfProcedure.in_force(sitting.body) == draft


def test_rules_that_are_rejected_stay_a_draft(office):
    table("Jobcenter")
    sitting = meeting(days=0)
    draft = RulesOfProcedure.objects.create(body=sitting.body, version=1, text="§ 1 …", by=office)
    item = sitting.agenda.create(kind="rules", rules=draft)
    running(office, sitting=sitting)
    assert resolve(item, office, verdict="adopt", consensus=False, votes=say(sitting, "no")).verdict == "reject"
    draft.refresh_from_db()
    assert not draft.is_adopted


def test_minutes_are_adopted(office):
    table("Jobcenter")
    sitting = meeting(days=0)
    minutes = Minutes.objects.create(
        meeting=meeting(days=-90), started_by=office, content={}, sent_at=workdays.now(),
        objections_until=workdays.today() + dt.timedelta(days=9),
    )  # fmt: skip
    item = sitting.agenda.create(kind="minutes", minutes=minutes)
    running(office, sitting=sitting)
    assert resolve(item, office, verdict="adopt").verdict == "adopt"


@pytest.mark.parametrize(
    ("becomes", "verdict", "standing"),
    [
        ("done", "note", "umgesetzt"),
        ("dropped", "resolve", "entfallen"),
        ("later", "resolve", "offen"),
        ("open", "note", "offen"),
    ],
)
def test_an_open_resolution_that_returned_is_settled(office, becomes, verdict, standing):
    table("Jobcenter")
    sitting = running(office)
    before = resolve(topic(sitting), office, owner="Kommunales Integrationszentrum", due_on=workdays.today())
    item = sitting.agenda.create(kind="resolution", open_resolution=before)
    later = workdays.today() + dt.timedelta(days=40)
    if becomes == "later":
        with refused("neue Termin"):
            resolve(item, office, becomes="later")
    resolve(item, office, verdict=verdict, consensus=verdict == "resolve", becomes=becomes, until=later)
    before.refresh_from_db()
    assert before.standing.startswith(standing)
    assert before.due_on == (later if becomes == "later" else workdays.today())


def test_what_is_settled_already_is_not_settled_again(office):
    table("Jobcenter")
    sitting = running(office)
    before = resolve(topic(sitting), office, owner="KI", due_on=workdays.today())
    item = sitting.agenda.create(kind="resolution", open_resolution=before)
    before.finish(by=office, evidence="Merkblatt verteilt")
    with refused("schon umgesetzt"):
        resolve(item, office, becomes="dropped")


@pytest.mark.parametrize(("step", "standing"), [("solve", "umgesetzt"), ("propose", "offen"), ("hand_back", "offen")])
def test_an_assignment_is_done_with_the_result_of_the_group(office, step, standing):
    table("Jobcenter")
    sitting = meeting(days=0)
    issue, item = tabled(sitting)
    running(office, sitting=sitting)
    made = resolve(item, office, verdict="assign", reach="local", body=local_group(issue.municipality))
    issue.refresh_from_db()
    take(issue, step, **({} if step == "solve" else {"meeting": meeting(days=40)}))
    made.refresh_from_db()
    assert made.standing.startswith(standing)
    if step == "solve":
        assert made.evidence == "Ergebnis liegt vor"
    else:
        take(issue, "decline")
        made.refresh_from_db()
        assert made.standing.startswith("entfallen")


# In writing


def written(days=0, last=7, **fields):
    until = workdays.today() + dt.timedelta(days=last)
    made = meeting(days=days, mode="written", written_until=until, **fields)
    made.starts_at -= dt.timedelta(hours=9)
    made.save()
    return made


def test_in_writing_members_vote_themselves_until_the_last_day_and_may_change_their_mind(office):
    one, two = table("Jobcenter", "Sozialamt")
    sheet = written()
    item = topic(sheet)
    Vote.cast(item, by=one.user, seat=one, value="no")
    Vote.cast(item, by=one.user, seat=one, value="yes")
    assert [vote.value for vote in item.votes.all()] == ["yes"]
    sheet.refresh_from_db()
    assert sheet.is_running
    with pytest.raises(PermissionDenied, match="Eine Stimme gibt ab"):
        Vote.cast(item, by=one.user, seat=two, value="yes")
    Vote.cast(item, by=office, seat=two, value="abstain")
    with refused(r"läuft noch bis .* es fehlt 1 Stimme\."):
        resolve(item, office, consensus=False)
    with workdays.as_of(sheet.written_until):
        Vote.cast(item, by=one.user, seat=one, value="no")
    with workdays.as_of(sheet.written_until + dt.timedelta(days=1)):
        with refused("Die Stimmabgabe endete am"):
            Vote.cast(item, by=one.user, seat=one, value="yes")
        with refused("zählen die schriftlich abgegebenen Stimmen"):
            resolve(item, office)
        made = resolve(item, office, consensus=False)
        assert (made.verdict, made.yes, made.no, made.abstained) == ("reject", 0, 1, 1)
        assert made.decided_on == workdays.today()


def test_in_writing_nobody_votes_for_those_they_stand_in_for(office):
    (one,) = table("Jobcenter")
    standing_in = user(Role.STEERING_GROUP)
    Absence.objects.create(user=one.user, deputy=standing_in, valid_from=workdays.today())
    with pytest.raises(PermissionDenied):
        Vote.cast(topic(written()), by=standing_in, seat=one, value="yes")


def test_in_writing_the_deputy_is_one_voice_with_the_member(office):
    one, two = table("Jobcenter", "Sozialamt")
    body = steering_group()
    for_one = seat(body, user(Role.STEERING_GROUP), "deputy", deputy_of=one)
    for_two = seat(body, user(Role.STEERING_GROUP), "deputy", deputy_of=two)
    item = topic(written())
    Vote.cast(item, by=one.user, seat=one, value="yes")
    with refused("Die Vertretung stimmt nur, wenn das Mitglied nicht da ist"):
        Vote.cast(item, by=for_one.user, seat=for_one, value="no")
    Vote.cast(item, by=for_two.user, seat=for_two, value="yes")
    with refused("Sozialamt hat schon abgestimmt"):
        Vote.cast(item, by=two.user, seat=two, value="no")


def test_in_writing_the_result_stands_once_all_voices_are_in_and_moves_the_issue(office):
    (one,) = table("Jobcenter")
    sheet = written()
    issue = issue_at(State.STRATEGY)
    take(issue, "table", meeting=sheet)
    item = sheet.agenda.get()
    chair = steering_group().memberships.get(function="lead")
    Vote.cast(item, by=one.user, seat=one, value="yes")
    Vote.cast(item, by=chair.user, seat=chair, value="yes")
    made = resolve(item, office, verdict="decline", consensus=False)
    issue.refresh_from_db()
    assert (made.yes, made.consensus, issue.state) == (2, True, State.FEEDBACK_DUE)
    with refused("schon ein Beschluss festgehalten"):
        Vote.cast(item, by=one.user, seat=one, value="no")


def test_in_writing_too_few_voices_are_no_quorum(office):
    one, *_ = table("Jobcenter", "Sozialamt", "Jugendamt")
    sheet = written(days=-9, last=-1)
    item = topic(sheet)
    with workdays.as_of(sheet.day):
        Vote.cast(item, by=one.user, seat=one, value="yes")
    with refused("Nicht beschlussfähig: 1 von 4"):
        resolve(item, office, consensus=False)


def test_in_writing_nobody_votes_before_it_begins(office):
    (one,) = table("Jobcenter")
    item = topic(written(days=2))
    with refused("noch nicht begonnen"):
        Vote.cast(item, by=one.user, seat=one, value="yes")


# Whatever the seats are


SEATS = st.lists(
    st.tuples(
        st.integers(0, 4), st.sampled_from(["member", "lead", "advisory", "deputy"]), st.booleans(), st.booleans()
    ),
    max_size=14,
)


@given(rows=SEATS, by_institution=st.booleans(), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_institution_counts_twice_and_counts_add_up(rows, by_institution, data):
    places = {no: Organisation(pk=no, key=f"o{no}", name=f"Stelle {no}") for no in range(1, 5)}
    seats, present = [], set()
    for pk, (place, function, votes, there) in enumerate(rows, start=1):
        members = [one for one in seats if one.function in ("member", "lead")]
        of_whom = data.draw(st.sampled_from(members)) if function == "deputy" and members else None
        kind = function if function != "deputy" or of_whom else "member"
        seats.append(
            Membership(pk=pk, organisation=places.get(place), function=kind, votes=votes and kind != "advisory",
                       deputy_of=of_whom)
        )  # fmt: skip
        if there:
            present.add(pk)
    voices = voices_among(seats, by_institution=by_institution)
    if by_institution:
        named = [voice.organisation.pk for voice in voices if voice.organisation]
        assert len(named) == len(set(named))
    in_voices = [one.pk for voice in voices for one in (*voice.seats, *voice.deputies)]
    assert len(in_voices) == len(set(in_voices))
    assert {one.pk for one in seats if one.votes and one.function != "deputy"} <= set(in_voices)
    giving = [voice.given_by(present) for voice in voices]
    counted = Quorum(sum(one is not None for one in giving), len(voices), 50)
    assert counted.there == len({one.pk for one in giving if one})
    assert all(one.votes and one.pk in present for one in giving if one)
    for voice, one in zip(voices, giving, strict=True):
        if one in voice.deputies:
            assert not any(member.pk in present for member in voice.seats)


# Pages


def sent(item, verdict, **fields):
    return {"verdict": verdict, "text": "Die Stellen stimmen sich ab.", "how": "consensus"} | fields


def test_the_office_takes_a_meeting_from_opening_to_closing(client, office):
    table("Jobcenter")
    sitting = meeting(days=0)
    other = meeting(days=30)
    (one, first), (two, second), (three, _) = tabled(sitting), tabled(sitting), tabled(sitting)
    conduct = url("meeting_conduct", sitting.pk)
    assert "noch nicht eröffnet" in client.get(conduct).text
    seats = {f"seat_{one.pk}": "present" for one in of(sitting.body)}
    assert client.post(url("attendance_record", sitting.pk), seats | {"guests": "Feuerwehr"}).status_code == 302
    assert client.post(url("meeting_open", sitting.pk)).status_code == 302
    page = client.get(conduct).text
    assert "beschlussfähig: 2 von 2" in page
    assert "TOP 1 von 3" in page
    assert "Feuerwehr" in page
    group = local_group(one.municipality)
    page = client.get(conduct, {"item": first.pk, "verdict": "assign", "reach": "local", "body": group.pk})
    assert str(group) in page.text
    assert "hat Ihre Meldung zugewiesen" in page.text
    answer = client.post(url("item_decide", first.pk), sent(first, "assign", reach="local", body=group.pk), follow=True)
    assert "TOP 1: B-" in answer.text
    assert "zugewiesen, im Konsens" in answer.text
    assert "TOP 2 von 3" in answer.text
    votes = {f"vote_{key}": "no" for key in say(sitting)}
    answer = client.post(url("item_decide", second.pk), sent(second, "decline", how="") | votes, follow=True)
    assert "Der Antrag ist abgelehnt (Ja 0, Nein 2, Enthaltung 0)" in answer.text
    close = url("meeting_close", sitting.pk)
    assert str(three) in client.get(close).text
    refused_close = client.post(close, {"instead": ""})
    assert refused_close.status_code == 422
    assert f"Noch nicht entschieden: {three}" in refused_close.text
    assert client.post(close, {"instead": other.pk}).status_code == 302
    for issue, state in [(one, State.PROJECT), (two, State.STEERING), (three, State.STEERING)]:
        issue.refresh_from_db()
        assert issue.state == state
    assert three.meeting == other
    client.force_login(steering_group().leads().get())
    page = client.get(url("meeting_detail", sitting.pk)).text
    taken = Resolution.objects.filter(agenda_item__meeting=sitting)
    assert taken
    for resolution in taken:  # beside their items, each with the way to the register
        assert f'<a href="{resolution.get_absolute_url()}">{resolution}</a>' in page
    assert "Sitzung führen" not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "Bitte ausfüllen"),
        ({"how": ""}, "Bitte geben Sie an, wie abgestimmt wurde"),
        ({"how": "votes"}, "wie abgestimmt wurde: im Konsens"),
        ({"how": "consensus", "vote_county": "no"}, "Ein Nein ist kein Konsens"),
        ({"how": "votes", "vote_county": "yes"}, "Es fehlt die Stimme von: Jobcenter"),
        ({"text": "Herr Mustermann ruft unter 0151 23456789 an."}, "Datenschutzprüfung"),
    ],
)
def test_what_is_missing_in_a_decision_is_said_beside_it_and_what_was_typed_stays(client, office, fields, words):
    table("Jobcenter")
    sitting = meeting(days=0)
    issue, item = tabled(sitting)
    running(office, sitting=sitting)
    if value := fields.pop("vote_county", None):
        fields |= {f"vote_o{organisation().pk}": value}
    answer = client.post(url("item_decide", item.pk), sent(item, "defer") | fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Fehler:" in answer.text
    if fields.get("text") != "":
        assert (fields.get("text") or "Die Stellen stimmen sich ab.") in answer.text
    issue.refresh_from_db()
    assert (issue.state, Resolution.objects.exists()) == (State.STEERING, False)


def test_a_decision_too_late_says_who_was_first(client, office):
    table("Jobcenter")
    sitting = meeting(days=0)
    _, item = tabled(sitting)
    running(office, sitting=sitting)
    assert client.post(url("item_decide", item.pk), sent(item, "defer")).status_code == 302
    answer = client.post(url("item_decide", item.pk), sent(item, "decline"))
    assert answer.status_code == 409
    assert "nicht (mehr) möglich" in answer.text
    assert "Die Stellen stimmen sich ab." in answer.text
    words = topic(sitting)
    assert client.post(url("item_decide", words.pk), sent(words, "resolve")).status_code == 302
    again = client.post(url("item_decide", words.pk), sent(words, "resolve"))
    assert again.status_code == 422
    assert "schon ein Beschluss festgehalten: B-" in again.text
    assert "Die Stellen stimmen sich ab.</" in again.text
    sitting.close(by=office)
    closed = client.post(url("item_decide", words.pk), sent(words, "resolve"))
    assert "ist geschlossen" in closed.text


def test_open_resolutions_rules_and_topics_are_decided_on_the_page(client, office):
    table("Jobcenter")
    sitting = meeting(days=0)
    draft = RulesOfProcedure.objects.create(body=sitting.body, version=1, text="§ 1 …", by=office)
    adopting = sitting.agenda.create(kind="rules", rules=draft)
    words = topic(sitting)
    running(office, sitting=sitting)
    day = f"{workdays.today():%d.%m.%Y}"
    assert client.post(url("item_decide", adopting.pk), sent(adopting, "adopt", valid_from=day)).status_code == 302
    draft.refresh_from_db()
    assert draft.valid_from == workdays.today()
    lacking = client.post(url("item_decide", words.pk), sent(words, "resolve", due_on=day))
    assert "Bitte nennen Sie, wer es bis dahin umsetzt" in lacking.text
    given = sent(words, "resolve", due_on=day, owner_organisation=institution("Jobcenter").pk, owner="Leitung")
    assert client.post(url("item_decide", words.pk), given).status_code == 302
    made = words.resolution
    assert (made.owner, made.owner_organisation.name) == ("Jobcenter, Leitung", "Jobcenter")
    back = sitting.agenda.create(kind="resolution", open_resolution=made)
    assert client.get(url("meeting_conduct", sitting.pk), {"item": back.pk, "verdict": "note"}).status_code == 200
    lacking = client.post(url("item_decide", back.pk), sent(back, "resolve", becomes="later"))
    assert "Bitte nennen Sie den neuen Termin" in lacking.text
    assert client.post(url("item_decide", back.pk), sent(back, "note", becomes="done")).status_code == 302
    made.refresh_from_db()
    assert (made.standing[:9], made.evidence) == ("umgesetzt", "Die Stellen stimmen sich ab.")


def test_a_late_item_is_voted_on_first(client, office):
    table("Jobcenter")
    sitting = meeting(days=0, invited_at=workdays.now() - dt.timedelta(days=14))
    item = topic(sitting)
    running(office, sitting=sitting)
    assert "Soll er heute beraten werden?" in client.get(url("meeting_conduct", sitting.pk)).text
    for numbers, words in [({"yes": "9", "no": "0", "abstained": "0"}, "die 2 Stimmen"), ({"yes": "x"}, "eine Zahl")]:
        answer = client.post(url("item_admit", item.pk), numbers)
        assert answer.status_code == 422
        assert words in answer.text
    answer = client.post(url("item_admit", item.pk), {"yes": "2", "no": "0", "abstained": "0"}, follow=True)
    assert "TOP 1 wird beraten" in answer.text
    assert "zugelassen: Ja 2" in answer.text


def test_members_vote_in_writing_on_their_page(client, office):
    (one,) = table("Jobcenter")
    sheet = written()
    item = topic(sheet, "Gemeinsames Merkblatt")
    vote = url("item_vote", sheet.pk)
    client.force_login(one.user)
    assert "Schriftlich abstimmen" in client.get(url("meeting_detail", sheet.pk)).text
    assert "0 von 2 Stimmen" in client.get(vote).text
    assert client.post(vote, {"item": item.pk, "seat": one.pk, "value": "no"}).status_code == 302
    assert "abgestimmt: Nein" in client.get(vote).text
    foreign = of(sheet.body)[0]
    answer = client.post(vote, {"item": item.pk, "seat": foreign.pk, "value": "no"})
    assert answer.status_code == 422
    assert "Diese Auswahl gibt es nicht" in answer.text
    answer = client.post(vote, {"item": 999999, "seat": one.pk, "value": "no"})
    assert "steht nicht (mehr) auf der Tagesordnung" in answer.text
    client.force_login(office)
    chair = steering_group().memberships.get(function="lead")
    assert client.post(vote, {"item": item.pk, "seat": chair.pk, "value": "yes"}).status_code == 302
    assert "Schriftlich abgegeben: 2 von 2" in client.get(url("meeting_conduct", sheet.pk)).text
    answer = client.post(url("item_decide", item.pk), sent(item, "resolve"), follow=True)
    assert "Der Antrag ist abgelehnt (Ja 1, Nein 1, Enthaltung 0)" in answer.text
    assert "festgestellt" in client.get(vote).text


def test_who_has_no_voice_does_not_vote_in_writing(client):
    sheet, sitting = written(), meeting(days=0)
    adviser = user(Role.STEERING_GROUP)
    seat(sheet.body, adviser, "advisory")
    client.force_login(adviser)
    answer = client.get(url("item_vote", sheet.pk))
    assert answer.status_code == 403
    assert "Eine Stimme gibt ab, wer den Sitz innehat" in answer.text
    assert client.get(url("item_vote", sitting.pk)).status_code == 404


def test_two_windows_of_the_attendance_undo_nothing(client, office):
    (one,) = table("Jobcenter")
    sitting = meeting(days=0)
    where = url("attendance_record", sitting.pk)
    shown = client.get(where).context["form"].digest
    assert client.post(where, {"shown": shown, f"seat_{one.pk}": "present"}).status_code == 302
    answer = client.post(where, {"shown": shown, f"seat_{one.pk}": "absent"})
    assert answer.status_code == 409
    assert sitting.attendances.get(seat=one).presence == "present"


def test_the_page_of_a_meeting_costs_the_same_with_many_items_and_members(client, office):
    table("Jobcenter")
    sitting = meeting(days=0)
    tabled(sitting)
    running(office, sitting=sitting)
    counts = []
    for more in (1, 4):
        for no in range(more):
            institution_no = Organisation.objects.count()
            extra = seat(
                sitting.body, user(Role.STEERING_GROUP), "member", organisation=institution(f"Amt {institution_no}")
            )
            Attendance.record(sitting, by=office, seats={extra: "present"}, guests=[f"Gast {no}"])
            tabled(sitting)
            resolve(topic(sitting, f"Thema {institution_no}"), office)
        taken = []
        for page, query in [
            ("meeting_conduct", ""), ("meeting_conduct", "?verdict=defer"), ("attendance_record", ""),
            ("meeting_close", ""), ("meeting_detail", ""),
        ]:  # fmt: skip
            client.get(url(page, sitting.pk) + query)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url(page, sitting.pk) + query).status_code == 200
            taken.append((page, query, len(queries)))
        counts.append(taken)
    assert counts[0] == counts[1]
    assert max(number for *_, number in counts[1]) <= MOST_QUERIES, counts[1]


def test_the_page_of_an_issue_says_beforehand_that_the_meeting_decides(client, office):
    table("Jobcenter")
    sitting = meeting(days=0)
    issue, _ = tabled(sitting)
    step = reverse("steering:issue_step", args=[issue.pk, "defer"])
    assert "läuft gerade" not in client.get(step).text
    running(office, sitting=sitting)
    assert "Die Sitzung, in der dieser Knackpunkt beraten wird, läuft gerade" in client.get(step).text
    answer = client.post(step, {"reason": "Zuerst die Weisung abwarten.", "seen": issue.step_no})
    assert answer.status_code == 409
    assert "Zuerst die Weisung abwarten." in answer.text


@pytest.mark.long
def test_whatever_is_typed_in_a_meeting_is_taken_or_refused_with_a_sentence(client, office):
    table("Jobcenter")
    sitting = meeting(days=0)
    _, item = tabled(sitting)
    before = Resolution.objects.create(
        number="B-2020-0001", body=sitting.body, verdict="resolve", text="Merkblatt", decided_on=LONG_AGO,
        owner="KI", due_on=workdays.today(),
    )  # fmt: skip
    back = sitting.agenda.create(kind="resolution", open_resolution=before)
    sitting.invited_at = workdays.now()
    sitting.save()
    late = topic(sitting)
    sheet = written(days=-1)
    topic(sheet, "Gemeinsames Merkblatt")
    sent_forms = set()
    running(office, sitting=sitting)
    client.raise_request_exception = False
    conduct = url("meeting_conduct", sitting.pk)
    starts = [
        conduct, url("attendance_record", sitting.pk), url("item_vote", sheet.pk), url("meeting_close", sitting.pk),
        *(f"{conduct}?item={one.pk}&verdict={verdict}"
          for one, verdicts in [(item, ("assign", "refer_up", "defer", "solve", "reject")), (back, ("resolve", "note")),
                                (late, ("resolve",))]
          for verdict in verdicts),
    ]  # fmt: skip
    for start in starts:
        for form in Page(client.get(start).text).forms:
            if form["method"] != "post" or "logout" in form["action"] or "meetings/" not in (form["action"] or start):
                continue
            sent_forms.add(form["action"] or start)
            for value in HOSTILE:
                answer = client.post(form["action"] or start.split("?")[0], dict.fromkeys(form["fields"], value))
                assert answer.status_code in (302, 409, 422), (start, value[:20])
    assert {url("attendance_record", sitting.pk), url("item_vote", sheet.pk)} <= sent_forms
    for one in (item, back, late):
        for value in HOSTILE:
            fields = {"text": value, "how": value, "reach": value, "body": value, "addressee": value, "due_on": value}
            for verdict in ("assign", "refer_up", "resolve", "note", value):
                answer = client.post(url("item_decide", one.pk), fields | {"verdict": verdict, "until": value})
                assert answer.status_code in (302, 409, 422), (verdict, value[:20])
            answer = client.post(url("item_admit", one.pk), dict.fromkeys(["yes", "no", "abstained"], value))
            assert answer.status_code in (302, 422), value[:20]
    for name, value in [("item", HOSTILE[6]), ("verdict", HOSTILE[2]), ("reach", HOSTILE[3]), ("body", HOSTILE[6])]:
        assert client.get(conduct, {name: value}).status_code == 200


# From page to page


def test_the_meeting_the_invitation_and_the_minutes_count_alike(client, office):
    table("Jobcenter")
    sitting = meeting(days=0)
    later = topic(sitting)
    _, first = tabled(sitting)
    running(office, sitting=sitting)
    shown = {item.pk: item.number for item in client.get(url("meeting_detail", sitting.pk)).context["items"]}
    assert shown == {first.pk: 1, later.pk: 2}
    led = client.get(url("meeting_conduct", sitting.pk)).context["sitting"].tops
    assert {top.item.pk: top.no for top in led} == shown
    written_down = Minutes(meeting=sitting).gathered()["items"]
    assert {item["item"]: item["no"] for item in written_down} == shown


def test_the_open_item_shows_its_papers_and_leads_to_its_notes_and_back(client, office):
    table("Jobcenter")
    sitting = meeting(days=0)
    item = topic(sitting)
    put = paper(sitting, by=office, item=item)
    running(office, sitting=sitting)
    back = url("meeting_conduct", sitting.pk) + f"?item={item.pk}#jetzt"
    notes = f"{url('minutes_item', item.pk)}?next={quote(back, safe='')}"
    page = client.get(url("meeting_conduct", sitting.pk)).text
    assert url("paper_file", put.pk) in page
    assert f'href="{notes}"' in page
    answer = client.post(notes, {"notes": "Das Jobcenter sieht kein Hindernis.", "next": back})
    assert (answer.status_code, answer["Location"]) == (302, back)
    assert "Das Jobcenter sieht kein Hindernis." in client.get(back).text


def test_an_open_resolution_opens_from_the_agenda(client, office):
    table("Jobcenter")
    earlier = running(office, sitting=meeting(days=0))
    made = resolve(topic(earlier), office, owner="Kreissozialamt", due_on=workdays.today() + dt.timedelta(days=5))
    coming = meeting(days=20)
    coming.agenda.create(kind="resolution", open_resolution=made)
    client.force_login(steering_group().leads().get())
    page = client.get(url("meeting_detail", coming.pk)).text
    assert f'href="{made.get_absolute_url()}"' in page
    assert made.text in page


def test_a_running_meeting_is_listed_with_those_to_come(client, office):
    table("Jobcenter")
    hours = dt.timedelta(hours=3)
    sitting = running(office, sitting=meeting(starts_at=workdays.now() - hours))
    listed = lambda **asked: client.get(url("meeting_list"), asked).context["page"].rows  # noqa: E731
    assert sitting in listed()
    assert sitting not in listed(stand="past")
    sitting.close(by=office)
    assert sitting not in listed()
    assert sitting in listed(stand="past")


def test_a_written_procedure_takes_votes_from_its_opening(client, office):
    (one,) = table("Jobcenter")
    soon = workdays.now() + dt.timedelta(minutes=1)
    sheet = meeting(starts_at=soon, mode="written", written_until=workdays.today() + dt.timedelta(days=7))
    item = topic(sheet)
    client.force_login(one.user)
    assert "Abgestimmt wird vom" in client.get(url("item_vote", sheet.pk)).text
    with workdays.as_of(soon.date()):
        sheet.open(by=office)
    answer = client.post(url("item_vote", sheet.pk), {"item": item.pk, "seat": one.pk, "value": "yes"}, follow=True)
    assert "Die Stimme ist festgehalten" in answer.text


def test_minutes_wait_until_the_meeting_is_closed(client, office):
    table("Jobcenter")
    sitting = running(office, sitting=meeting(days=-3))
    assert client.post(url("minutes_send", sitting.pk)).status_code == 422
    sitting.close(by=office)
    assert "Niederschrift schreiben" in client.get(url("meeting_detail", sitting.pk)).text
    assert client.post(url("minutes_send", sitting.pk)).status_code == 302


def test_a_meeting_is_planned_for_the_body_one_comes_from(client, office):
    group = project_group()
    address = f"{url('meeting_new')}?body={group.pk}"
    assert address in client.get(url("body_detail", group.pk)).text
    assert client.get(address).context["form"].initial["body"] == group
    assert client.get(url("meeting_new") + "?body=x").status_code == 200


def test_who_cannot_postpone_is_led_to_planning(client, office):
    table("Jobcenter")
    sitting = running(office, sitting=meeting(days=0))
    tabled(sitting)
    sitting.body.meetings.exclude(pk=sitting.pk).update(cancelled_at=workdays.now())
    page = client.get(url("meeting_close", sitting.pk)).text
    assert f"{url('meeting_new')}?body={sitting.body_id}" in page
    meeting(sitting.body, days=9)
    assert f"{url('meeting_new')}?body=" not in client.get(url("meeting_close", sitting.pk)).text
