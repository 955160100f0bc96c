"""The register of resolutions: who reads it, what becomes of each, and what municipalities resolve themselves."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import navigation, workdays
from kim.models import Absence, Draft, Role, TrailEntry
from kim.privacy_gate import Held
from kim.workflow import StepRefused
from steering import access
from steering.escalation import State
from steering.models import AgendaItem, Postponement, Resolution
from tests.at_once import at_once
from tests.factories import (
    county,
    issue_at,
    meeting,
    municipality,
    organisation,
    project_group,
    resolution,
    seat,
    steering_group,
    take,
    user,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
REASON = "Das Land hat die Vorlage noch nicht geliefert."


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


def rows(client, query=""):
    return client.get(f"{url('resolution_list')}{query}").context["page"].rows


# Who reads it


def readers():
    """Somebody for each way to see a resolution, and one resolution of each kind."""
    reporter, joined = user(), user(Role.AUTHORITY)
    issue = issue_at(State.PROJECT, reported_by=reporter)
    bundled = issue_at(State.COORDINATION, reported_by=joined)
    take(bundled, "merge", lead=issue)
    member, owner = user(Role.PROJECT_GROUP), user(Role.PROJECT_GROUP)
    group, owning = project_group(), project_group(lead=owner)
    seat(group, member, function="member")
    admin = user(Role.ADMIN)
    seat(group, admin, function="member")
    there = {
        "steering": resolution(),
        "about": resolution(issue=issue),
        "group": resolution(group),
        "owned": resolution(owner_body=owning, owner="Projektgruppe", due=9),
        "place": resolution(municipality=municipality()),
    }
    people = {
        user(Role.STRATEGIC_OFFICE): set(there), user(Role.COORDINATION): set(there),
        user(Role.STEERING_GROUP): set(there), reporter: {"about", "place"}, joined: {"about", "place"},
        user(): {"place"}, user(Role.AUTHORITY): {"place"}, member: {"group"}, owner: {"owned"},
        user(Role.PROJECT_GROUP): set(), admin: set(), user(Role.AUDIT): set(), user(None): set(),
    }  # fmt: skip
    return there, people


def test_everybody_reads_what_concerns_them_and_nothing_else(client):
    there, people = readers()
    for person, expected in people.items():
        seen = set(Resolution.objects.visible_to(person))
        assert seen == {there[name] for name in expected}, person.roles
        client.force_login(person)
        for name, one in there.items():
            answer = client.get(one.get_absolute_url()).status_code
            assert answer == (200 if name in expected else 404), (person.roles, name)


def test_one_at_a_time_says_what_the_set_says():
    there, people = readers()
    for person in people:
        reading = access.Reading.of(person)
        for one in there.values():
            reporters = one.issue.all_reporter_ids if one.issue else set()
            seen = Resolution.objects.visible_to(person).filter(pk=one.pk).exists()
            assert reading.reads(one, reporters) == seen, (person.roles, one.body)


def test_a_deputy_reads_along():
    there, _ = readers()
    deputy = user(Role.PROJECT_GROUP)
    Absence.objects.create(user=user(Role.COORDINATION), deputy=deputy, valid_from=day(0), valid_until=day(1))
    assert Resolution.objects.visible_to(deputy).count() == len(there)


def test_links_lead_only_where_one_may_go(client, office):
    issue = issue_at(State.PROJECT)
    item = issue.agenda_items.get(kind="tabled")
    taken = resolution(agenda_item=item, issue=issue, consensus=True)
    page = client.get(taken.get_absolute_url()).text
    assert issue.get_absolute_url() in page
    assert item.meeting.get_absolute_url() in page
    assert "im Konsens" in page
    client.force_login(issue.reporters.get().user)
    page = client.get(taken.get_absolute_url()).text
    assert issue.get_absolute_url() in page
    assert item.meeting.get_absolute_url() not in page
    lead = user(Role.PROJECT_GROUP)
    taken.owner_body = project_group(lead=lead)
    taken.save()
    client.force_login(lead)
    page = client.get(taken.get_absolute_url()).text
    assert taken.text in page
    assert issue.get_absolute_url() not in page


def test_the_register_says_what_a_decision_was_and_what_it_is_about(client, office):
    issue = issue_at(State.PROJECT)
    item = issue.agenda_items.get(kind="tabled")
    given = resolution(agenda_item=item, issue=issue, verdict="assign", text="Eine einzelne Linie in einer Stadt.")
    back = item.meeting.agenda.create(kind="resolution", open_resolution=given)
    again = resolution(agenda_item=back, text="Die Umsetzung braucht mehr Zeit.")
    assert given.line == "Zugewiesen: Eine einzelne Linie in einer Stadt."
    assert again.line == again.text
    text = client.get(url("resolution_list")).text
    assert given.line in text
    assert f"zu {issue.number}" in text
    assert f"zu {given.number}" in text


def test_an_issue_names_what_was_resolved_on_it_to_whom_may_read_that(client, office):
    issue = issue_at(State.PROJECT)
    taken = resolution(agenda_item=issue.agenda_items.get(kind="tabled"), issue=issue, verdict="assign")
    place = resolution(municipality=municipality("Much"), issue=issue)
    link = "zugewiesen mit Beschluss"
    page = client.get(issue.get_absolute_url()).text
    assert link in page
    assert taken.get_absolute_url() in page
    assert place.get_absolute_url() in page
    assert "Much, Rat" in page
    client.force_login(issue.reporters.get().user)
    assert taken.get_absolute_url() in client.get(issue.get_absolute_url()).text
    client.force_login(issue.body.leads().get())
    page = client.get(issue.get_absolute_url()).text
    assert link not in page
    assert taken.get_absolute_url() not in page
    assert place.get_absolute_url() not in page


def test_the_title_of_the_page_is_the_number_alone(client, office):
    taken = resolution()
    page = client.get(taken.get_absolute_url()).text
    assert page.split("<title>")[1].split("</title>")[0].strip().startswith(taken.number)
    assert taken.text not in page.split("</title>")[0]


# The register


def test_it_is_searched_narrowed_and_ordered(client, office):
    group, place = project_group(), municipality(name="Much")
    amt = organisation("amt", name="Jobcenter")
    old = resolution(decided=-400)
    done = resolution(group, due=-3, decided=-50, owner_body=group)
    done.finish(by=office, evidence="Das Merkblatt liegt aus.")
    dropped = resolution(due=40, decided=-40, owner_organisation=amt)
    dropped.drop(by=office, reason=REASON)
    late = resolution(due=-5, decided=-30, text="Größere Räume für Sprachkurse", owner_organisation=amt)
    still = resolution(due=9, decided=-20, owner_body=group)
    town = resolution(municipality=place, decided=-10, text="Eigene Mittel")
    expected = {
        "": [town, still, late, dropped, done, old], "state=open": [still, late], "state=overdue": [late],
        "state=done": [done], "state=dropped": [dropped], "state=settled": [town, old],
        "state=open&sort=due": [late, still], "sort=due": [late, done, still, dropped],
        "sort=old": [old, done, dropped, late, still, town], "origin=places": [town],
        "origin=bodies&state=open": [still, late], f"body={group.pk}": [done], f"municipality={place.pk}": [town],
        f"owner=g{group.pk}": [still, done], f"owner=i{amt.pk}": [late, dropped],
        "q=groessere": [late], "q=MUCH": [town], f"q={late.number}": [late], "q=gibtesnicht": [],
        f"q={group.name.replace(' ', '+')}": [done], f"year={old.decided_on.year}": [
            one for one in [town, still, late, dropped, done, old] if one.decided_on.year == old.decided_on.year],
        "owner=x": [town, still, late, dropped, done, old], "year=99999": [town, still, late, dropped, done, old],
    }  # fmt: skip
    for query, found in expected.items():
        assert rows(client, f"?{query}") == found, query
    page = client.get(url("resolution_list")).text
    for words in ("überfällig", "offen", f"umgesetzt am {typed(0)}", f"entfallen am {typed(0)}",
                  "mit dem Beschluss erledigt"):  # fmt: skip
        assert words in page


def test_it_offers_only_what_one_may_see(client):
    other, mine = project_group(), project_group(lead=(lead := user(Role.PROJECT_GROUP)))
    resolution(other)
    resolution(mine)
    resolution(municipality=municipality(name="Windeck"))
    client.force_login(lead)
    page = client.get(url("resolution_list")).text
    assert mine.name in page
    assert other.name not in page
    assert "Windeck" not in page


def test_pages_go_on_behind_the_last_row(client, office):
    made = [resolution(decided=-days) for days in range(40)]
    first = client.get(url("resolution_list")).context["page"]
    assert first.rows == made[:30]
    assert rows(client, f"?after={first.after}") == made[30:]


def test_the_register_as_a_file_says_what_the_list_says(client, office):
    resolution(due=-5, text="=Formel")
    resolution(municipality=municipality(name="Much"))
    answer = client.get(url("resolution_export", "csv"), {"origin": "bodies"})
    text = b"".join(answer).decode()
    assert "'=Formel" in text
    assert "überfällig" in text
    assert "Much" not in text
    assert b"".join(client.get(url("resolution_export", "xlsx")).streaming_content)[:2] == b"PK"
    assert client.get(url("resolution_export", "pdf")).status_code == 404
    entry = TrailEntry.objects.filter(act="resolution.export").first()
    assert entry.note == "CSV, Beschlüsse, 1 Zeilen, eingegrenzt nach Beschlüsse von"


@pytest.mark.parametrize("role", [Role.STRATEGIC_OFFICE, Role.CASE_MANAGER, Role.PROJECT_GROUP])
def test_pages_are_steady_in_queries(client, role):
    person = user(role)
    group = project_group(lead=person)
    one = resolution(group, due=5, owner_body=group, owner_organisation=organisation())
    one.put_off(by=user(Role.STRATEGIC_OFFICE), due_on=day(20), reason=REASON)
    client.force_login(person)
    pages = [
        url("resolution_list"),
        f"{url('resolution_list')}?q=merkblatt&state=open&sort=due",
        one.get_absolute_url(),
    ]
    if role != Role.PROJECT_GROUP:
        pages.append(url("resolution_places"))
    counts = []
    for more in (2, 6):
        for n in range(more):
            made = resolution(project_group(lead=person), due=n, owner_body=group)
            made.put_off(by=person, due_on=day(30), reason=REASON)
            resolution(municipality=municipality(), owner_organisation=organisation(f"o{more}{n}"))
            AgendaItem.objects.create(
                kind="resolution", open_resolution=one, meeting=meeting(group, days=50 * more + n)
            )
        taken = []
        for page in pages:
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            assert len(queries) <= MOST_QUERIES, (page, [query["sql"][:90] for query in queries])
            taken.append(len(queries))
        counts.append(taken)
    assert counts[0] == counts[1]


def test_a_swap_is_what_a_reload_shows(client, office):
    from tests.htmx import SWAP, element

    resolution(due=-5)
    whole = client.get(url("resolution_list"), {"state": "overdue"})
    part = client.get(url("resolution_list"), {"state": "overdue"}, headers=SWAP)
    assert element(part.text, "results") == element(whole.text, "results")


# What becomes of it


def test_it_is_finished_with_evidence(client, office):
    one = resolution(due=9)
    page = url("resolution_done", one.pk)
    assert client.get(page).status_code == 200
    for wrong, said in [
        ({"on": typed(0), "evidence": ""}, "Bitte ausfüllen"), ({"on": typed(1), "evidence": "x"}, "frühestens heute"),
        ({"on": typed(-31), "evidence": "x"}, f"erst am {typed(-30)} gefasst"),
        ({"on": "31.02.2026", "evidence": "x"}, "gibt es nicht"),
    ]:  # fmt: skip
        answer = client.post(page, wrong)
        assert answer.status_code == 422
        assert said in answer.text
    Draft.keep(office, f"resolution:{one.pk}:finish", {"evidence": "Angefangen"})
    assert "Angefangen" in client.get(page).text
    assert client.post(page, {"on": typed(-2), "evidence": "Das Merkblatt liegt aus."}).status_code == 302
    one.refresh_from_db()
    assert (one.done_on, one.done_by, one.standing) == (day(-2), office, f"umgesetzt am {typed(-2)}")
    assert not Draft.objects.exists()
    assert "Das Merkblatt liegt aus." in client.get(one.get_absolute_url()).text
    again = client.post(page, {"on": typed(0), "evidence": "Noch einmal."})
    assert again.status_code == 422
    assert f"schon umgesetzt am {typed(-2)}" in again.text
    entry = TrailEntry.objects.get(act="resolution.finish")
    assert (entry.object_id, entry.note) == (str(one.pk), "")


def test_it_is_dropped_for_a_reason(client, office):
    one = resolution(due=9)
    page = url("resolution_drop", one.pk)
    assert client.post(page, {"reason": ""}).status_code == 422
    assert client.post(page, {"reason": REASON}).status_code == 302
    one.refresh_from_db()
    assert (one.dropped_on, one.dropped_because) == (day(0), REASON)
    assert REASON in client.get(one.get_absolute_url()).text
    assert "schon entfallen" in client.post(page, {"reason": REASON}).text


def test_it_is_put_off_to_a_later_day_and_the_days_before_stay_readable(client, office):
    one = resolution(due=9)
    page = url("resolution_put_off", one.pk)
    for days, said in [(0, "Bitte einen Tag ab dem"), (5, f"nach dem bisherigen liegen, dem {typed(9)}"),
                       (9, "nach dem bisherigen")]:  # fmt: skip
        answer = client.post(page, {"due_on": typed(days), "reason": REASON})
        assert answer.status_code == 422
        assert said in answer.text
    assert client.post(page, {"due_on": typed(20), "reason": REASON}).status_code == 302
    one.refresh_from_db()
    one.put_off(by=office, due_on=day(40), reason="Und noch einmal.")
    assert one.due_on == day(40)
    page = client.get(one.get_absolute_url()).text
    for words in (f"umzusetzen bis {typed(9)}", f"vom {typed(9)} auf den {typed(20)}",
                  f"vom {typed(20)} auf den {typed(40)}", REASON):  # fmt: skip
        assert words in page
    notes = list(TrailEntry.objects.filter(act="resolution.put_off").order_by("pk").values_list("note", flat=True))
    assert notes == [f"von {typed(9)} auf {typed(20)}", f"von {typed(20)} auf {typed(40)}"]


@pytest.mark.parametrize(
    ("act", "given", "said"),
    [
        ("finish", {"evidence": ""}, "woran man sieht"),
        ("drop", {"reason": ""}, "warum der Beschluss nicht mehr"),
        ("put_off", {"reason": "", "due_on": dt.date(2199, 1, 1)}, "warum der Beschluss mehr Zeit"),
        ("put_off", {"reason": "x", "due_on": dt.date(2020, 1, 1)}, "nach dem heutigen Tag"),
    ],
)
def test_what_the_model_refuses_by_itself(act, given, said):
    one = resolution(due=9)
    with pytest.raises(StepRefused, match=said):
        getattr(one, act)(by=user(Role.STRATEGIC_OFFICE), **given)
    assert Resolution.objects.get(pk=one.pk).is_open
    assert not TrailEntry.objects.filter(act__startswith="resolution.").exists()


def test_what_was_done_with_the_decision_itself_cannot_be_done_again():
    for act, given in [("finish", {"evidence": "x"}), ("drop", {"reason": "x"}),
                       ("put_off", {"due_on": day(9), "reason": "x"})]:  # fmt: skip
        with pytest.raises(StepRefused, match="mit dem Beschluss selbst erledigt"):
            getattr(resolution(), act)(by=user(Role.STRATEGIC_OFFICE), **given)


def test_the_lead_of_the_owning_body_follows_it_and_nobody_else(client):
    lead, member = user(Role.PROJECT_GROUP), user(Role.PROJECT_GROUP)
    group = project_group(lead=lead)
    seat(group, member, function="member")
    one = resolution(due=9, owner_body=group)
    for person, expected in [(lead, 200), (member, 403), (user(Role.COORDINATION), 403), (user(), 404)]:
        client.force_login(person)
        for page in ("resolution_done", "resolution_drop", "resolution_put_off"):
            assert client.get(url(page, one.pk)).status_code == expected
            if expected != 200:
                answer = client.post(url(page, one.pk), {"reason": "x", "evidence": "x", "due_on": typed(60)})
                assert answer.status_code == expected
        link = url("resolution_done", one.pk)
        assert (link in client.get(one.get_absolute_url()).text) == (person == lead)
    one.refresh_from_db()
    assert one.is_open
    with pytest.raises(PermissionDenied, match="Leitung des verantwortlichen Gremiums"):
        one.finish(by=member, evidence="x")
    one.finish(by=lead, evidence="Liegt aus.")
    assert one.done_by == lead


def test_its_texts_pass_the_privacy_gate(client, office):
    one = resolution(due=9)
    told = "Erledigt, Rückfragen an 02241 13 2345 oder an frau.muster@kreis.example"
    with pytest.raises(Held):
        one.finish(by=office, evidence=told)
    answer = client.post(url("resolution_done", one.pk), {"on": typed(0), "evidence": told})
    assert answer.status_code == 422
    assert "Datenschutzprüfung: bitte einzeln prüfen" in answer.text
    assert "steht im Protokoll" in answer.text
    one.refresh_from_db()
    assert one.is_open
    town = client.post(url("resolution_new"), municipal(municipality(), text=f"Beschlossen. {told}"))
    assert town.status_code == 422
    assert not Resolution.objects.municipal().exists()


def test_what_somebody_vouches_for_goes_through_and_is_on_record(client, office):
    one = resolution(due=9)
    told = {"reason": "Der Vorschlag von Herrn Blume wird nicht gebraucht."}
    held = client.post(url("resolution_drop", one.pk), told).context["form"]
    assert held.to_confirm
    keys = [finding.key for finding in held.to_confirm]
    assert client.post(url("resolution_drop", one.pk), told | {"confirmed": keys}).status_code == 302
    assert TrailEntry.objects.get(act="resolution.drop").note == "1 Hinweis der Datenschutzprüfung bestätigt"


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one_after_the_other():
    office = user(Role.STRATEGIC_OFFICE)
    one = resolution(due=9)

    copies = [Resolution.objects.get(pk=one.pk) for _ in range(3)]
    results = at_once(*(lambda copy=copy: copy.finish(by=office, evidence="Liegt aus.") for copy in copies))
    assert results == ["StepRefused", "StepRefused", "done"]
    assert TrailEntry.objects.filter(act="resolution.finish").count() == 1


def test_the_database_holds_no_postponement_that_puts_nothing_off(office):
    one = resolution(due=9)
    for wrong in ({"due_on": day(9), "reason": "x"}, {"due_on": day(10), "reason": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Postponement.objects.create(resolution=one, before=day(9), by=office, **wrong)


# What municipalities resolve


def municipal(place, **fields):
    return {"municipality": place.pk, "organ": "Rat der Stadt", "decided_on": typed(-3), "verdict": "resolve",
            "text": "Die Stadt stellt eine halbe Stelle."} | fields  # fmt: skip


def test_the_office_enters_what_a_municipality_resolved(client, office):
    place, issue = municipality(name="Lohmar"), issue_at(State.STRATEGY)
    given = municipal(
        place, number=issue.number.lower(), owner="Sozialamt der Stadt", due_on=typed(30), source="Vorlage 12/2026"
    )
    answer = client.post(url("resolution_new"), given)
    assert answer.status_code == 302
    made = Resolution.objects.get()
    assert answer.headers["Location"] == made.get_absolute_url()
    assert (made.municipality, made.issue, made.due_on, made.recorded_by) == (place, issue, day(30), office)
    assert made.number == f"B-{day(0).year}-0001"
    page = client.get(made.get_absolute_url()).text
    assert "Lohmar, Rat der Stadt" in page
    assert "Vorlage 12/2026" in page
    assert TrailEntry.objects.get(act="resolution.enter").by == office


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"organ": ""}, "Bitte ausfüllen"),
        ({"municipality": "0"}, "Bitte neu wählen"),
        ({"due_on": "01.01.2199"}, "wer es bis dahin umsetzt"),
        ({"number": "KP-1999-0001"}, "mit dieser Kennung gibt es nicht"),
        ({"verdict": "assign"}, "Bitte neu wählen"),
        ({"decided_on": "01.01.2199"}, "liegt in der Zukunft"),
        ({"decided_on": "02.01.2024", "due_on": "01.01.2024", "owner": "Sozialamt"}, "nicht vor dem Tag"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(client, office, wrong, said):
    answer = client.post(url("resolution_new"), municipal(municipality(), **wrong))
    assert answer.status_code == 422
    assert said in answer.text
    assert not Resolution.objects.exists()


def test_an_issue_that_is_out_of_sight_does_not_exist(client, office):
    issue = issue_at(State.COORDINATION)
    answer = client.post(url("resolution_new"), municipal(municipality(), number=issue.number))
    assert "mit dieser Kennung gibt es nicht" in answer.text


def test_others_do_not_enter_resolutions_of_municipalities(client):
    for role in (Role.COORDINATION, Role.STEERING_GROUP, Role.CASE_MANAGER, Role.PROJECT_GROUP, Role.ADMIN):
        client.force_login(user(role))
        assert client.get(url("resolution_new")).status_code == 403
        assert client.post(url("resolution_new"), municipal(municipality())).status_code == 403
    with pytest.raises(PermissionDenied, match="trägt die Geschäftsstelle ein"):
        Resolution.enter(by=user(), municipality=municipality(), organ="Rat", decided_on=day(0), text="x")
    with pytest.raises(StepRefused, match="wer es bis dahin umsetzt"):
        Resolution.enter(
            by=user(Role.STRATEGIC_OFFICE), municipality=municipality(), organ="Rat", decided_on=day(0), text="x",
            due_on=day(3),
        )  # fmt: skip
    assert not Resolution.objects.exists()


def test_the_overview_names_every_municipality_also_those_without(client, office):
    with_some, without = municipality(name="Much"), municipality(name="Windeck")
    resolution(municipality=with_some, due=5)
    resolution(municipality=with_some, decided=-2)
    answer = client.get(url("resolution_places"))
    found = {place.name: (place.taken, place.still_open, place.latest) for place in answer.context["places"]}
    assert found == {"Much": (2, 1, day(-2)), "Windeck": (0, 0, None)}
    assert answer.context["without"] == 1
    assert "keine" in answer.text
    assert without.name in answer.text
    client.force_login(user(Role.PROJECT_GROUP))
    assert client.get(url("resolution_places")).status_code == 403


# „Heute“ and the navigation


def test_today_counts_what_is_open_and_overdue_for_office_and_chair(client, office):
    late, still = resolution(due=-5), resolution(due=9)
    resolution()
    for person in (office, steering_group().leads().get()):
        client.force_login(person)
        page = client.get(reverse("kim:today"))
        (part,) = [one for one in page.context["columns"]["main"] if one.key == "resolutions"]
        assert [row.pk for row, *_ in part.about["lines"]] == [late.pk, still.pk]
        assert (part.about["open_number"], part.about["late_number"]) == (2, 1)
        assert "2 offen" in page.text
        assert "1 überfällig" in page.text
        others = [one.about["lines"] for one in page.context["columns"]["main"] if one.key == "duties-of-mine"]
        assert not [duty.key for lines in others for duty, *_ in lines if duty.key.startswith("resolution:")]
    member = user(Role.STEERING_GROUP)
    seat(steering_group(), member, function="member")
    client.force_login(member)
    assert "2 offen" not in client.get(reverse("kim:today")).text


def test_the_navigation_counts_what_is_overdue_for_whom_it_concerns():
    from types import SimpleNamespace

    from django.test import RequestFactory

    lead = user(Role.PROJECT_GROUP)
    group = project_group(lead=lead)
    resolution(due=-5)
    resolution(due=-2, owner_body=group)
    resolution(due=3, owner_body=group)

    def counted(person):
        request = RequestFactory().get("/")
        request.user, request.resolver_match = person, SimpleNamespace(view_name="")
        return navigation.navigation_of(request).counts["steering:resolution_list"]

    assert counted(user(Role.STRATEGIC_OFFICE)) == 2
    assert counted(steering_group().leads().get()) == 2
    assert counted(lead) == 1
    assert counted(user(Role.COORDINATION)) == 0


def test_open_and_overdue_are_what_their_names_say(office):
    late, today, coming = resolution(due=-1), resolution(due=0), resolution(due=5)
    for one, act, given in [(resolution(due=-1), "finish", {"evidence": "x"}),
                            (resolution(due=-1), "drop", {"reason": "x"})]:  # fmt: skip
        getattr(one, act)(by=office, **given)
    resolution()
    assert set(Resolution.objects.open()) == {late, today, coming}
    assert set(Resolution.objects.overdue()) == {late}
    assert set(Resolution.objects.overdue(day(6))) == {late, today, coming}
