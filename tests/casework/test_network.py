"""The directory, referrals, conferences and follow-ups: their acts, their pages, and who may open them."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import NoReverseMatch, reverse

from casework.lifecycle import State
from casework.models import Actor, Agreement, Conference, FollowUp, Participant, Referral
from kim import trail, workdays
from kim.models import Absence, Code, Draft, Role, TrailEntry
from kim.workflow import StepRefused
from tests.casework.factories import actor, case_at, case_manager, code, consent
from tests.factories import municipality, organisation, project_group, steering_group, user
from tests.htmx import SWAP

pytestmark = pytest.mark.django_db

A_YEAR = dt.timedelta(days=366)


def page(name, *args):
    return reverse(f"casework:{name}", args=args)


def on(days):
    return workdays.today() + dt.timedelta(days=days)


def typed(day):
    return f"{day:%d.%m.%Y}"


@pytest.fixture
def led():
    """A case of a case manager of the county, in its linking."""
    return case_at(State.LINKING)


@pytest.fixture
def owner(led, client):
    client.force_login(led.owner)
    return client


# The directory


def test_an_entry_is_confirmed_by_who_makes_or_changes_it_and_each_act_is_on_record():
    keeper, other = case_manager(), user(Role.COORDINATION)
    made = Actor.enter(by=keeper, name="Schuldnerberatung Siegburg", kind="welfare", municipalities=[municipality()])
    assert (made.confirmed_by, made.confirmed_on, made.is_stale) == (keeper, workdays.today(), False)
    with workdays.as_of(workdays.today() + A_YEAR):
        assert made.is_stale
        assert made in Actor.objects.stale()
        made.edit(by=other, name="Schuldner- und Insolvenzberatung", kind="welfare", responsibility="Schulden")
        assert not made.is_stale
    made.end(by=other, gone_on=workdays.today())
    assert [row.act for row in trail.of(made)] == ["actor.enter", "actor.edit", "actor.end"]
    assert made not in Actor.objects.active()
    with pytest.raises(StepRefused, match="besteht seit dem"):
        made.confirm(by=keeper)
    made.reopen(by=keeper)
    assert made in Actor.objects.active()
    with pytest.raises(StepRefused, match="besteht"):
        made.reopen(by=keeper)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CASE_MANAGER, Role.COORDINATION}))
def test_nobody_else_keeps_the_directory(role):
    with pytest.raises(PermissionDenied):
        Actor.enter(by=user(role), name="Beratung", kind="welfare")
    with pytest.raises(PermissionDenied):
        actor().confirm(by=user(role))


def test_the_directory_is_searched_narrowed_and_marks_what_nobody_has_checked(owner):
    here, there = municipality("Windeck"), municipality("Eitorf")
    local = actor(name="Müller-Stiftung", kind="housing", responsibility="Wohnungsnot")
    local.municipalities.add(here)
    actor(name="Jobcenter", kind="authority")
    gone = actor(name="Früherer Verein", gone_on=on(-3))
    text = owner.get(page("actor_list")).content.decode()
    assert "Müller-Stiftung" in text
    assert "Jobcenter" in text
    assert "noch nie bestätigt" in text
    assert gone.name not in text
    for asked, found, missing in [
        ({"q": "mueller"}, "Müller-Stiftung", "Jobcenter"),
        ({"q": "wohnungsnot"}, "Müller-Stiftung", "Jobcenter"),
        ({"kind": "authority"}, "Jobcenter", "Müller-Stiftung"),
        ({"place": there.pk}, "Jobcenter", "Müller-Stiftung"),
        ({"state": "gone"}, gone.name, "Jobcenter"),
        ({"state": "stale"}, "Jobcenter", gone.name),
    ]:
        text = owner.get(page("actor_list"), asked).content.decode()
        assert found in text, asked
        assert missing not in text, asked
    assert "Nichts gefunden" in owner.get(page("actor_list"), {"q": "zzz"}).content.decode()


def test_the_directory_is_sorted_kept_and_taken_along(owner):
    for name, kind in [("Bücherei", "other"), ("Amt", "welfare"), ("Caritas", "authority")]:
        actor(name=name, kind=kind)
    for order, names in [("", ["Amt", "Bücherei", "Caritas"]), ("z", ["Caritas", "Bücherei", "Amt"]),
                         ("kind", ["Caritas", "Bücherei", "Amt"])]:  # fmt: skip
        assert [one.name for one in owner.get(page("actor_list"), {"sort": order}).context["page"]] == names
    shown = owner.get(page("actor_list"), {"q": "bücherei"}).content.decode()
    assert "Diese Suche als Filter speichern" in shown
    answer = owner.get(page("actor_export", "csv"), {"q": "bücherei"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").strip().splitlines()
    assert [line.partition(";")[0] for line in lines] == ["Name", "Bücherei"]
    assert b"".join(owner.get(page("actor_export", "xlsx")).streaming_content).startswith(b"PK")
    assert owner.get(page("actor_export", "pdf")).status_code == 404
    notes = TrailEntry.objects.filter(act="actor.export").values_list("note", flat=True)
    assert set(notes) == {"CSV, 1 Zeilen, eingegrenzt nach Suche", "XLSX, 3 Zeilen"}


def test_the_directory_asks_the_same_number_of_times_however_long_it_is(owner, django_assert_max_num_queries):
    place = municipality()
    for _ in range(40):
        actor().municipalities.add(place)
    with django_assert_max_num_queries(12):
        first = owner.get(page("actor_list"))
    after = first.context["page"].after
    assert len(first.context["page"]) == 30
    assert len(owner.get(page("actor_list"), {"after": after}).context["page"]) == 10


def test_an_entry_is_made_changed_confirmed_and_ended_on_its_pages(owner):
    sent = {
        "name": "Caritas Beratung",
        "kind": "welfare",
        "website": "caritas.example",
        "email": "info@caritas.example",
    }
    made = owner.post(page("actor_new"), sent)
    one = Actor.objects.get()
    assert (made.status_code, one.website) == (302, "https://caritas.example")
    assert owner.post(page("actor_new"), sent).status_code == 409
    wrong = owner.post(page("actor_new"), {"name": "X", "kind": "welfare", "website": "javascript:alert(1)"})
    assert wrong.status_code == 422
    assert "Bitte eine Internetadresse" in wrong.content.decode()
    assert "info@caritas.example" in owner.get(page("actor_edit", one.pk)).content.decode()
    assert owner.post(page("actor_edit", one.pk), sent | {"name": "Caritas"}).status_code == 302
    assert owner.post(page("actor_confirm", one.pk)).status_code == 302
    assert owner.post(page("actor_end", one.pk), {"gone_on": typed(on(0))}).status_code == 302
    one.refresh_from_db()
    assert (one.name, one.gone_on) == ("Caritas", on(0))
    assert owner.get(page("actor_edit", one.pk)).status_code == 404
    assert owner.get(page("actor_end", one.pk)).status_code == 302
    assert "Besteht wieder" in owner.get(page("actor_detail", one.pk)).content.decode()
    assert owner.post(page("actor_reopen", one.pk)).status_code == 302
    assert one in Actor.objects.active()


# Referrals


def test_a_day_to_ask_again_comes_back_and_is_done_with_the_answer(led):
    one = Referral.send(led, by=led.owner, actor=actor(), occasion="Schulden", follow_up_on=on(14))
    waiting = one.follow_ups.get()
    assert (waiting.case, waiting.on_day) == (led, on(14))
    waiting.move(by=led.owner, on_day=on(20))
    one.refresh_from_db()
    assert one.follow_up_on == on(20)
    one.answer(by=led.owner, status="accepted", follow_up_on=on(30))
    assert [row.on_day for row in one.follow_ups.open()] == [on(30)]
    one.answer(by=led.owner, status="done")
    assert not one.follow_ups.open().exists()
    with pytest.raises(StepRefused, match="schon beantwortet"):
        one.answer(by=led.owner, status="refused")


def test_a_referral_goes_to_who_is_there_and_on_a_day_that_was(led):
    with pytest.raises(StepRefused, match="nicht mehr"):
        Referral.send(led, by=led.owner, actor=actor(gone_on=on(-1)), occasion="Schulden")
    with pytest.raises(StepRefused, match="Zukunft"):
        Referral.send(led, by=led.owner, actor=actor(), occasion="Schulden", sent_on=on(1))
    one = Referral.send(led, by=led.owner, actor=actor(), occasion="Schulden")
    with pytest.raises(StepRefused, match="bis heute"):
        one.answer(by=led.owner, status="accepted", answered_on=on(-1))
    there = actor(organisation=organisation("caritas", name="Caritas", kind="welfare"))
    other = consent(led, "KONFERENZ", there.organisation)
    with pytest.raises(StepRefused, match="Einwilligung"):
        Referral.send(led, by=led.owner, actor=there, occasion="Schulden", consent=other)


def test_the_page_of_a_referral_warns_where_a_consent_is_missing_and_offers_those_that_fit(led, owner):
    there = actor(name="Schuldnerberatung", organisation=organisation("caritas", name="Caritas", kind="welfare"))
    assert "Schuldnerberatung" in owner.get(page("referral_new", led.pk), {"q": "schuldner"}).content.decode()
    address = f"{page('referral_new', led.pk)}?actor={there.pk}"
    assert "liegt keine gültige Einwilligung" in owner.get(address).content.decode()
    agreed = consent(led, "VERWEIS", there.organisation)
    text = owner.get(address).content.decode()
    assert "liegt keine gültige Einwilligung" not in text
    sent = {"occasion": "Schulden ordnen", "consent": agreed.pk, "sent_on": typed(on(0)), "follow_up_on": typed(on(7))}
    assert owner.post(address, sent | {"occasion": ""}).status_code == 422
    answer = owner.post(address, sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{led.get_absolute_url()}#case-referrals")
    one = Referral.objects.get()
    assert (one.consent, one.follow_ups.count()) == (agreed, 1)
    text = owner.get(led.get_absolute_url()).content.decode()
    assert "Schulden ordnen" in text
    assert "mit Einwilligung" in text
    agreed.withdraw(by=led.owner)
    assert "Einwilligung widerrufen" in owner.get(led.get_absolute_url()).content.decode()
    done = {"status": "refused", "answered_on": typed(on(0)), "follow_up_on": typed(on(3))}
    assert owner.post(page("referral_answer", one.pk), done).status_code == 422
    assert owner.post(page("referral_answer", one.pk), done | {"follow_up_on": ""}).status_code == 302
    assert owner.post(page("referral_answer", one.pk), done | {"follow_up_on": ""}).status_code == 409


def test_what_was_typed_is_kept_as_a_draft_of_its_author(led, owner):
    there = actor()
    key = f"referral:{led.pk}:{there.pk}"
    Draft.keep(led.owner, key, {"occasion": "Halb getippt"}, url="/x/")
    address = f"{page('referral_new', led.pk)}?actor={there.pk}"
    assert "Halb getippt" in owner.get(address).content.decode()
    owner.post(address, {"occasion": "Fertig", "sent_on": typed(on(0))})
    assert Draft.of(led.owner, key) is None


# Conferences


def test_a_conference_is_planned_attended_with_consent_and_ends_in_agreements(led, owner):
    topic = code(Code.List.TOPIC)
    new = {"held_on": typed(on(0)), "mode": "hybrid", "place": "Rathaus", "structural_topics": [topic.pk]}
    assert owner.post(page("conference_new", led.pk), new | {"mode": "?"}).status_code == 422
    assert owner.post(page("conference_new", led.pk), new).status_code == 302
    one = Conference.objects.get()
    jobcenter = organisation("jobcenter", name="Jobcenter", kind="employment")
    refused = owner.post(page("conference_seat", one.pk), {"institution": jobcenter.pk})
    assert refused.status_code == 409
    assert "Keine gültige Einwilligung lässt Jobcenter" in refused.content.decode()
    agreed = consent(led, "KONFERENZ", jobcenter)
    assert owner.post(page("conference_seat", one.pk), {"institution": jobcenter.pk}).status_code == 302
    assert owner.post(page("conference_seat", one.pk), {"institution": jobcenter.pk}).status_code == 409
    assert owner.post(page("conference_seat", one.pk), {"institution": led.employer_id}).status_code == 302
    what = {"who": "Jobcenter", "what": "Bescheid prüfen", "until": typed(on(10))}
    assert owner.post(page("conference_agree", one.pk), what).status_code == 302
    text = owner.get(page("conference_detail", one.pk)).content.decode()
    for words in ("Einwilligung geprüft am", "eigener Träger", "Bescheid prüfen", topic.label):
        assert words in text
    try:
        assert page("case_issue_new", led.pk) in text
    except NoReverseMatch:
        assert "Knackpunkt melden" not in text.partition("<main")[2]
    agreed.withdraw(by=led.owner)
    assert "Einwilligung gilt nicht mehr" in owner.get(page("conference_detail", one.pk)).content.decode()
    agreement = Agreement.objects.get()
    owner.post(page("conference_agreed", one.pk, agreement.pk))
    agreement.refresh_from_db()
    assert agreement.done_on == on(0)
    for seat in Participant.objects.all():
        owner.post(page("conference_unseat", one.pk, seat.pk))
    assert not Participant.objects.exists()
    assert owner.post(page("conference_edit", one.pk), new | {"summary": "Geklärt."}).status_code == 302
    one.refresh_from_db()
    assert one.summary == "Geklärt."
    acts = [row.act for row in trail.of(led) if row.act.startswith(("case.conference", "case.agreement"))]
    assert acts[:3] == ["case.conference", "case.conference_seat", "case.conference_seat"]


def test_a_conference_page_asks_the_same_number_of_times(led, owner, django_assert_max_num_queries):
    one = Conference.plan(led, by=led.owner, held_on=on(0))
    for number in range(6):
        there = organisation(f"stelle-{number}", name=f"Stelle {number}", kind="other")
        consent(led, "KONFERENZ", there)
        Participant.seat(one, by=led.owner, institution=there)
        Agreement.note(one, by=led.owner, who="Wir", what=f"Aufgabe {number}")
    owner.get(page("conference_detail", one.pk))
    with django_assert_max_num_queries(12):
        owner.get(page("conference_detail", one.pk))


# Follow-ups


def test_a_follow_up_is_planned_moved_and_done_at_its_case(led, owner):
    assert owner.post(page("followup_new", led.pk), {"on_day": "", "text": "Bescheid da?"}).status_code == 422
    assert owner.post(page("followup_new", led.pk), {"on_day": typed(on(-1)), "text": "x"}).status_code == 422
    assert owner.post(page("followup_new", led.pk), {"on_day": typed(on(0)), "text": "Bescheid da?"}).status_code == 302
    one = FollowUp.objects.get()
    assert "Bescheid da?" in owner.get(led.get_absolute_url()).content.decode()
    assert owner.post(page("followup_move", one.pk), {"on_day": typed(on(5))}).status_code == 302
    answer = owner.post(page("followup_done", one.pk), {"back": "list"})
    assert answer.headers["Location"] == page("followup_list")
    one.refresh_from_db()
    assert (one.on_day, one.done_on) == (on(5), on(0))
    owner.post(page("followup_done", one.pk))
    assert owner.post(page("followup_move", one.pk), {"on_day": typed(on(9))}).status_code == 409
    acts = [row.act for row in trail.of(led) if "follow_up" in row.act]
    assert acts == ["case.follow_up", "case.follow_up_moved", "case.follow_up_done"]


def test_the_list_is_searched_narrowed_sorted_and_kept(led, client):
    FollowUp.plan(led, by=led.owner, on_day=on(0), text="Mietvertrag prüfen")
    FollowUp.plan(led, by=led.owner, on_day=on(9), text="Später nachsehen")
    there, elsewhere = page("followup_list"), municipality("Eitorf")
    client.force_login(led.owner)
    for typed, number in [(led.client.identity.family_name, 2), (led.number, 2), ("mietvertrag", 1), ("niemand", 0)]:
        answer = client.post(there, {"q": typed, "state": "open"})
        assert typed not in answer.url
        assert len(client.get(answer.url).context["page"]) == number, typed
    assert "Nichts gefunden" in client.get(answer.url).content.decode()
    swapped = client.post(there, {"q": "mietvertrag", "state": "open"}, headers=SWAP)
    assert "1 offene Wiedervorlage<" in swapped.content.decode()
    assert "suche=" in swapped.headers["HX-Push-Url"]
    sorted_ = client.get(there, {"state": "open", "sort": "late"})
    assert [row.text for row in sorted_.context["page"]] == ["Später nachsehen", "Mietvertrag prüfen"]
    assert 'value="state=open&amp;sort=late"' in sorted_.content.decode()
    assert len(client.get(there, {"state": "open", "municipality": led.municipality_id}).context["page"]) == 2
    assert len(client.get(there, {"state": "open", "municipality": elsewhere.pk}).context["page"]) == 0


def test_the_list_shows_own_ones_and_those_of_who_is_away(led, client, django_assert_max_num_queries):
    deputy = case_manager()
    FollowUp.plan(led, by=led.owner, on_day=on(0), text="Mietvertrag prüfen")
    FollowUp.plan(led, by=led.owner, on_day=on(9), text="Später nachsehen")
    client.force_login(deputy)
    assert "Mietvertrag" not in client.get(page("followup_list")).content.decode()
    Absence.objects.create(user=led.owner, deputy=deputy, valid_from=on(0), valid_until=on(5))
    text = client.get(page("followup_list")).content.decode()
    assert "Mietvertrag" in text
    assert f"in Vertretung für {led.owner}" in text
    assert "Später" not in text
    assert "Rahimi" not in text
    assert "Später" in client.get(page("followup_list"), {"state": "open"}).content.decode()
    for number in range(40):
        FollowUp.plan(led, by=led.owner, on_day=on(0), text=f"Nummer {number}")
    with django_assert_max_num_queries(12):
        client.get(page("followup_list"))
    client.force_login(led.owner)
    with django_assert_max_num_queries(12):
        assert len(client.get(page("followup_list")).context["page"]) == 30


def test_a_locked_case_lets_nobody_act(led, owner):
    one = FollowUp.plan(led, by=led.owner, on_day=on(0), text="Bescheid da?")
    conference = Conference.plan(led, by=led.owner, held_on=on(0))
    led.consent_in_force.withdraw(by=led.owner)
    for address in (
        page("followup_new", led.pk), page("followup_move", one.pk), page("referral_new", led.pk),
        page("conference_new", led.pk), page("conference_edit", conference.pk), page("conference_seat", conference.pk),
    ):  # fmt: skip
        answer = owner.get(address)
        assert answer.status_code == 403
        assert "gesperrt" in answer.content.decode()
    assert owner.post(page("followup_done", one.pk)).status_code == 403
    assert owner.get(led.get_absolute_url()).status_code == 200


# Who may open what

#: own: leads the case; other: of another employer; deputy: of the same, while the owner is away.
PEOPLE = ("own", "other", "deputy", "coordination", "office", "member", "lead", "authority", "admin", "audit")
# fmt: off
TABLE = [
    #                     own  oth  dep  coo  off  mem  lea  aut  adm  aud
    ("actor_list",        200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_export",      200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_detail",      200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_new",         200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_edit",        200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("actor_end",         200, 200, 200, 200, 403, 403, 403, 403, 403, 403),
    ("followup_list",     200, 200, 200, 403, 403, 403, 403, 403, 403, 403),
    ("referral_new",      200, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("referral_answer",   200, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("conference_new",    200, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("conference_detail", 200, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("conference_edit",   200, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("conference_seat",   200, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("conference_agree",  200, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("followup_new",      200, 404, 200, 404, 404, 404, 404, 404, 404, 404),
    ("followup_move",     200, 404, 200, 404, 404, 404, 404, 404, 404, 404),
]
#: By POST only.
ACTS = [
    ("actor_confirm",     302, 302, 302, 302, 403, 403, 403, 403, 403, 403),
    ("actor_reopen",      302, 302, 302, 302, 403, 403, 403, 403, 403, 403),
    ("conference_agreed", 302, 404, 302, 404, 404, 404, 404, 404, 404, 404),
    ("conference_unseat", 302, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("followup_done",     302, 404, 302, 404, 404, 404, 404, 404, 404, 404),
]
# fmt: on


@pytest.fixture
def people(led):
    group = steering_group()
    lead = user(Role.PROJECT_GROUP)
    project_group("thematic", lead=lead)
    deputy = case_manager()
    Absence.objects.create(user=led.owner, deputy=deputy, valid_from=on(0), valid_until=on(5))
    here = led.employer
    return {
        "own": led.owner, "other": case_manager(employer="stadt-troisdorf"), "deputy": deputy,
        "coordination": user(Role.COORDINATION, organisation=here),
        "office": user(Role.STRATEGIC_OFFICE, organisation=here), "member": group.leads().get(), "lead": lead,
        "authority": user(Role.AUTHORITY, organisation=here), "admin": user(Role.ADMIN, organisation=here),
        "audit": user(Role.AUDIT, organisation=here),
    }  # fmt: skip


@pytest.fixture
def things(led):
    there = actor()
    conference = Conference.plan(led, by=led.owner, held_on=on(0))
    seat = Participant.seat(conference, by=led.owner, institution=led.employer)
    agreement = Agreement.note(conference, by=led.owner, who="Wir", what="Prüfen")
    referral = Referral.send(led, by=led.owner, actor=there, occasion="Schulden")
    follow_up = FollowUp.plan(led, by=led.owner, on_day=on(0), text="Bescheid da?")
    case = dict.fromkeys(["referral_new", "conference_new", "followup_new"], [led.pk])
    return case | {
        "actor_list": [], "actor_export": ["csv"], "actor_new": [], "followup_list": [],
        "actor_detail": [there.pk], "actor_edit": [there.pk], "actor_end": [there.pk], "actor_confirm": [there.pk],
        "actor_reopen": [there.pk],
        "referral_answer": [referral.pk], "conference_detail": [conference.pk], "conference_edit": [conference.pk],
        "conference_seat": [conference.pk], "conference_agree": [conference.pk],
        "conference_agreed": [conference.pk, agreement.pk], "conference_unseat": [conference.pk, seat.pk],
        "followup_move": [follow_up.pk], "followup_done": [follow_up.pk],
    }  # fmt: skip


@pytest.mark.parametrize(("table", "method"), [(TABLE, "get"), (ACTS, "post")])
def test_who_may_open_and_do_what(client, people, things, table, method):
    for name, *expected in table:
        found = []
        for person in PEOPLE:
            client.force_login(people[person])
            found.append(getattr(client, method)(page(name, *things[name])).status_code)
        assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, expected, strict=True)), name
        client.logout()
        answer = getattr(client, method)(page(name, *things[name]))
        assert (answer.status_code, "/konto/" in answer.headers["Location"]) == (302, True), name


def test_a_look_shows_a_conference_and_lets_nobody_act(client, led, people, things):
    from casework.models import Look

    Look.take(led, by=people["coordination"], reason="Beschwerde der Person")
    client.force_login(people["coordination"])
    text = client.get(page("conference_detail", *things["conference_detail"])).content.decode()
    assert "Prüfen" in text
    assert "Erledigt" not in text
    assert "Streichen" not in text
    for name in ("conference_edit", "conference_seat", "referral_new", "referral_answer", "followup_new"):
        assert client.get(page(name, *things[name])).status_code == 403, name
    for name in ("conference_agreed", "conference_unseat", "followup_done"):
        assert client.post(page(name, *things[name])).status_code == 403, name


# Bad input


HOSTILE = [
    "", "\x00", "a\x00b\x1b[31m\u202e", "x" * 70_000, "-1", "99999999999999999999999", "NaN", "31.02.2026",
    "01.01.0001", "😀 é ß ﷽", "'; DROP TABLE casework_actor; --", "<script>alert(1)</script>{{ 7*7 }}", "WzEsMV0",
]  # fmt: skip
#: Every form with the names of its fields.
FORMS = {
    "actor_new": ["name", "kind", "responsibility", "phone", "email", "website", "municipalities", "organisation"],
    "actor_edit": ["name", "kind", "website", "address", "hours", "municipalities"],
    "actor_end": ["gone_on"],
    "referral_new": ["occasion", "consent", "sent_on", "follow_up_on", "note", "actor"],
    "referral_answer": ["status", "answered_on", "follow_up_on", "note"],
    "conference_new": ["held_on", "mode", "place", "summary", "structural_topics"],
    "conference_edit": ["held_on", "mode", "place", "summary", "structural_topics"],
    "conference_seat": ["institution", "name"],
    "conference_agree": ["who", "what", "until"],
    "followup_new": ["on_day", "text"],
    "followup_move": ["on_day"],
    "followup_done": ["back"],
    "handover_new": ["taker", "cases", "with_ended", "note", "preview"],
}


@pytest.mark.long
def test_whatever_is_typed_is_kept_whole_or_refused_with_a_sentence(led, owner, things):
    things |= {"handover_new": []}
    right = {"name": "Beratung", "kind": "welfare", "occasion": "Schulden", "sent_on": typed(on(0)), "status": "done",
             "held_on": typed(on(0)), "mode": "video", "who": "Wir", "what": "Prüfen", "on_day": typed(on(1)),
             "text": "Da?", "answered_on": typed(on(0))}  # fmt: skip
    owner.raise_request_exception = False
    for name, fields in FORMS.items():
        address = page(name, *things[name])
        if name == "referral_new":
            address += f"?actor={things['actor_detail'][0]}"
        for value in HOSTILE:
            assert owner.post(address, dict.fromkeys(fields, value)).status_code < 500, (name, value[:20])
            for field in fields:
                answer = owner.post(address, right | {field: value})
                assert answer.status_code in (200, 302, 404, 409, 422), (name, field, value[:20])
    for name in ("actor_list", "followup_list", "referral_new", "handover_new"):
        for value in HOSTILE:
            asked = dict.fromkeys(["q", "kind", "place", "state", "after", "before", "actor", "giver"], value[:2000])
            assert owner.get(page(name, *things[name]), asked).status_code in (200, 404), (name, value[:20])
    for row in Actor.objects.all():
        assert "\x00" not in row.name
        assert len(row.name) <= 160
