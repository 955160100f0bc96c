"""Agreements, kick-off events, interfaces: their acts and refusals, their pages, and what an issue says of them."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import workdays
from kim.dated import months_after
from kim.models import Code, Draft, Role, TrailEntry
from kim.privacy_gate import Held
from kim.workflow import StepRefused
from steering import duties
from steering.escalation import State
from steering.models import Agreement, Interface, Issue, KickOff
from tests.factories import LONG_AGO, codes, county, draft, issue_at, municipality, organisation, user
from tests.htmx import SWAP, element
from tests.test_hostile import HOSTILE, Page, ask

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
PRIVATE = "Rückfragen an 0171 2345678."


def to_renew(until):
    return [duty for duty in duties.open_until(until) if duty.key.startswith("agreement:")]


@pytest.fixture(autouse=True)
def _there():
    county()


@pytest.fixture
def office(client):
    person = user(Role.STRATEGIC_OFFICE)
    client.force_login(person)
    return person


@pytest.fixture
def place():
    return municipality("Windeck", persons=19203)


def url(name, *args):
    return reverse(f"steering:{name}", args=args)


def day(days):
    return workdays.today() + dt.timedelta(days=days)


def typed(when):
    return f"{when:%d.%m.%Y}"


def signed(place, by, *, begins=0, until=None, **fields) -> Agreement:
    """The next version, signed; it holds from so many days from today until (exclusive) so many."""
    made = Agreement.prepare(place, by=by, **fields)
    end = None if until is None else day(until)
    made.sign(by=by, signed_on=day(min(begins, 0)), signatories="Landrat", valid_from=day(begins), valid_until=end)
    return made


def held(place, by, *, days=-10) -> KickOff:
    event = KickOff.plan(by=by, municipality=place, on_day=day(days))
    event.hold(by=by, outcome="Die Wege sind abgestimmt.")
    return event


def authorities():
    return [organisation("jobcenter", name="Jobcenter", kind="employment"),
            organisation("abh", name="Ausländeramt", kind="authority")]  # fmt: skip


def interface(by, **fields) -> Interface:
    return Interface.identify(
        **{"by": by, "title": "Bescheinigung an das Jobcenter", "between": authorities()} | fields
    )


# Agreements


def test_an_agreement_is_prepared_sent_signed_and_then_stays_as_it_is(office, place):
    made = Agreement.prepare(place, by=office, subject="Sprechzeiten vor Ort")
    assert made.standing_on(day(0)) == "prepared"
    made.edit(by=office, subject="Sprechzeiten im Rathaus", contact="Sozialamt", renew_months=3)
    made.send(by=office, sent_on=day(-2))
    assert (made.standing_on(day(0)), made.words_on(day(0))) == ("sent", f"versandt am {typed(day(-2))}")
    made.sign(by=office, signed_on=day(0), signatories="Landrat", valid_from=day(5), valid_until=day(400))
    assert made.words_on(day(0)) == f"unterzeichnet, gilt ab {typed(day(5))}"
    assert made.words_on(day(5)) == f"in Kraft bis {typed(day(399))}"
    for act in (
        lambda: made.edit(by=office, subject="Anders", contact="", renew_months=3),
        lambda: made.send(by=office, sent_on=day(0)),
        lambda: made.sign(by=office, signed_on=day(0), signatories="Landrat", valid_from=day(9)),
    ):
        with pytest.raises(StepRefused, match="ändert sich nicht mehr"):
            act()
    made.refresh_from_db()
    assert (made.subject, made.valid_from) == ("Sprechzeiten im Rathaus", day(5))
    assert list(TrailEntry.objects.filter(kind="steering.agreement").order_by("pk").values_list("act", flat=True)) == [
        "agreement.prepare", "agreement.edit", "agreement.send", "agreement.sign",
    ]  # fmt: skip


def test_a_new_version_ends_the_one_before_on_the_day_it_begins(office, place):
    first = signed(place, office, begins=-100)
    second = signed(place, office, begins=20)
    first.refresh_from_db()
    assert (first.version, second.version, first.valid_until) == (1, 2, day(20))
    assert (first.standing_on(day(19)), second.standing_on(day(20))) == ("ending", "in_force")
    third = Agreement.prepare(place, by=office)
    with pytest.raises(StepRefused, match=f"Fassung 2 gilt ab {typed(day(20))}. Die neue muss danach beginnen"):
        third.sign(by=office, signed_on=day(0), signatories="Landrat", valid_from=day(20))
    first.refresh_from_db()
    assert first.valid_until == day(20)


def test_what_cannot_be_agreed_is_refused_with_a_sentence(office, place):
    made = Agreement.prepare(place, by=office)
    for words, act in [
        ("Fassung 1 ist noch nicht unterzeichnet", lambda: Agreement.prepare(place, by=office)),
        ("bitte höchstens das heutige Datum", lambda: made.send(by=office, sent_on=day(1))),
        ("höchstens das heutige Datum",
         lambda: made.sign(by=office, signed_on=day(1), signatories="L", valid_from=day(1))),
        ("Das Ende muss nach dem Anfang liegen",
         lambda: made.sign(by=office, signed_on=day(0), signatories="L", valid_from=day(1), valid_until=day(1))),
        ("nicht in Kraft", lambda: made.end(by=office, last_day=day(0), reason="Nicht mehr gewollt")),
    ]:  # fmt: skip
        with pytest.raises(StepRefused, match=words):
            act()
    made.send(by=office, sent_on=day(0))
    with pytest.raises(StepRefused, match=f"schon am {typed(day(0))} versandt"):
        made.send(by=office, sent_on=day(0))
    assert Agreement.objects.get().valid_from is None


def test_an_agreement_ends_early_with_a_reason_and_only_once(office, place):
    made = signed(place, office, begins=-100, until=300)
    with pytest.raises(StepRefused, match="in der Laufzeit liegen"):
        made.end(by=office, last_day=day(300), reason="Zu spät")
    made.end(by=office, last_day=day(30), reason="Die Stelle wird nicht fortgeführt.")
    assert made.words_on(day(0)) == f"endet vorzeitig am {typed(day(30))}"
    assert made.words_on(day(31)) == f"beendet am {typed(day(30))}"
    with pytest.raises(StepRefused, match="schon beendet"):
        made.end(by=office, last_day=day(20), reason="Noch einmal")


def test_what_was_replaced_is_not_ended_afterwards(office, place):
    first = signed(place, office, begins=-100)
    signed(place, office, begins=-10)
    with pytest.raises(StepRefused, match="von einer neueren abgelöst"):
        first.end(by=office, last_day=day(-50), reason="Anders gemeint")


def test_the_months_that_are_left_are_said(office, place):
    today = workdays.today()
    made = signed(place, office, begins=-100)
    for until, words in [
        (months_after(today, 4), "läuft in 4 Monaten aus"), (months_after(today, 1), "läuft in 1 Monat aus"),
        (day(10), f"läuft am {typed(day(9))} aus"), (months_after(today, 9), "in Kraft bis"),
        (today, f"ausgelaufen am {typed(day(-1))}"), (None, "in Kraft, ohne festes Ende"),
    ]:  # fmt: skip
        made.valid_until = until
        assert made.words_on(today).startswith(words)


def test_the_database_keeps_one_version_once_and_nothing_in_force_without_signature_or_source(office, place):
    signed(place, office)
    for wrong in ({"version": 1}, {"version": 2, "valid_from": day(0)}, {"version": 2, "renew_months": 40}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Agreement.objects.create(municipality=place, **wrong)


def test_renewal_is_due_months_before_the_end_with_the_contact_of_the_bank(place):
    office, other = user(Role.STRATEGIC_OFFICE), user(Role.STRATEGIC_OFFICE)
    left = municipality("Alfter", bank="left")
    office.assignments.create(role=Role.STRATEGIC_OFFICE, bank="right", employer=organisation(), valid_from=LONG_AGO)
    made = signed(place, office, begins=-100, until=100, renew_months=3)
    elsewhere = signed(left, office, begins=-100, until=100, renew_months=3)
    signed(municipality(), office, begins=-100)
    found = {duty.key: duty for duty in to_renew(day(30))}
    assert set(found) == {f"agreement:{made.pk}", f"agreement:{elsewhere.pk}"}
    duty = found[f"agreement:{made.pk}"]
    assert (duty.due_on, duty.people) == (months_after(day(100), -3), frozenset({office.pk}))
    assert found[f"agreement:{elsewhere.pk}"].people == {office.pk, other.pk}
    assert not to_renew(duty.due_on - dt.timedelta(days=1))
    assert duty.key in {one.key for one in duties.open_until(day(30))}
    Agreement.prepare(place, by=office)
    assert len(to_renew(day(30))) == 2
    Agreement.objects.get(municipality=place, version=2).sign(
        by=office, signed_on=day(0), signatories="Landrat", valid_from=day(100)
    )
    elsewhere.end(by=office, last_day=elsewhere.last_day, reason="Wird nicht verlängert.")
    assert not to_renew(day(30))


def test_many_agreements_to_renew_are_found_with_as_many_queries_as_one(office, django_assert_num_queries):
    for number in (1, 4):
        for _ in range(number):
            signed(municipality(), office, begins=-100, until=100)
        with django_assert_num_queries(1):
            to_renew(day(90))


def test_the_table_has_a_row_for_every_municipality_and_is_narrowed_and_ordered(client, office, place):
    left, white = municipality("Alfter", bank="left"), municipality("Eitorf")
    signed(place, office, begins=-200, until=60, contact="Sozialamt")
    signed(left, office, begins=-200)
    Agreement.prepare(left, by=office)
    expected = {
        "": [left, white, place], "sort=stand": [place, white, left], "sort=end": [place, left, white],
        "bank=left": [left], "stand=none": [white], "stand=ending": [place], "stand=in_force": [left],
        "stand=prepared": [left], "q=sozialamt": [place], "q=windeck": [place], "bank=nonsense": [left, white, place],
    }  # fmt: skip
    for query, places in expected.items():
        rows = client.get(f"{url('agreement_list')}?{query}").context["rows"]
        assert [row.place for row in rows] == places, query
    page = client.get(url("agreement_list")).text
    assert "1 ohne Vereinbarung" in page
    assert "Fassung 2 in Vorbereitung" in page
    assert str(office) in page


def test_the_page_of_a_municipality_holds_all_versions(client, office, place):
    signed(place, office, begins=-300, subject="Erste Absprache")
    signed(place, office, begins=-100, until=300, subject="Zweite Absprache")
    page = client.get(url("agreement_detail", place.pk))
    assert [(one.version, words) for one, words, _ in page.context["versions"]] == [
        (2, f"in Kraft bis {typed(day(299))}"), (1, "abgelöst durch Fassung 2"),
    ]  # fmt: skip
    assert page.text.index("Zweite Absprache") < page.text.index("Erste Absprache")
    assert url("agreement_new", place.pk) in page.text
    client.force_login(user(Role.CASE_MANAGER))
    read = client.get(url("agreement_detail", place.pk)).text
    assert "Erste Absprache" in read
    assert url("agreement_new", place.pk) not in read


def test_an_agreement_goes_its_way_by_its_forms(client, office, place):
    new = {"subject": "Sprechzeiten", "contact": "Sozialamt", "renew_months": "6"}
    assert client.post(url("agreement_new", place.pk), new).status_code == 302
    made = Agreement.objects.get()
    assert "noch nicht unterzeichnet" in client.post(url("agreement_new", place.pk), new).text
    assert client.post(url("agreement_edit", made.pk), new | {"renew_months": "40"}).status_code == 422
    assert client.post(url("agreement_send", made.pk), {"sent_on": typed(day(0))}).status_code == 302
    sign = {"signed_on": typed(day(0)), "signatories": "Landrat\nBürgermeisterin", "valid_from": typed(day(1))}
    early = client.post(url("agreement_sign", made.pk), sign | {"last_day": typed(day(0))})
    assert early.status_code == 422
    assert "Das Ende muss nach dem Anfang liegen." in early.text
    assert client.post(url("agreement_sign", made.pk), sign | {"last_day": typed(day(30))}).status_code == 302
    made.refresh_from_db()
    assert (made.valid_from, made.valid_until) == (day(1), day(31))
    assert client.get(url("agreement_new", place.pk)).context["form"].initial["contact"] == "Sozialamt"
    end = {"last_day": typed(day(20)), "reason": "Wird neu verhandelt."}
    assert client.post(url("agreement_end", made.pk), end).status_code == 302
    made.refresh_from_db()
    assert made.last_day == day(20)


# Kick-off events


def test_a_kick_off_is_planned_held_and_told(office, place):
    event = KickOff.plan(by=office, municipality=place, on_day=day(3), place="Rathaus")
    assert event.standing == "geplant"
    with pytest.raises(StepRefused, match=f"erst am {typed(day(3))}"):
        event.hold(by=office, outcome="Zu früh")
    with pytest.raises(StepRefused, match="schon eine Auftaktveranstaltung eingetragen"):
        KickOff.plan(by=office, municipality=place, on_day=day(3))
    jobcenter, _ = authorities()
    area = codes().legal_area
    event.admit(by=office, sector="legal", organisation=jobcenter, legal_area=area, persons=2)
    made = event.admit(by=office, sector="welfare", name="Tafel", legal_area=area)
    assert made.legal_area is None
    with workdays.as_of(day(3)):
        event.hold(by=office, outcome="Die Wege sind abgestimmt.")
        with pytest.raises(StepRefused, match="Das Ergebnis steht schon da"):
            event.hold(by=office, outcome="Noch einmal")
        with pytest.raises(StepRefused, match="kann nicht mehr abgesagt werden"):
            event.cancel(by=office)
        with pytest.raises(StepRefused, match="nicht in der Zukunft"):
            event.edit(by=office, on_day=day(9), place="Rathaus", outcome="")
    event.strike(made, by=office)
    assert [str(one) for one in event.participants.all()] == ["Jobcenter"]


def test_who_takes_part_is_an_institution_once(office, place):
    event = KickOff.plan(by=office, municipality=place, on_day=day(3))
    jobcenter, _ = authorities()
    event.admit(by=office, sector="administration", organisation=jobcenter)
    for words, given in [
        ("steht schon in der Liste", {"sector": "administration", "organisation": jobcenter}),
        ("eine Institution oder Stelle", {"sector": "other"}),
        ("wählen Sie den Rechtskreis", {"sector": "legal", "organisation": jobcenter}),
    ]:
        with pytest.raises(StepRefused, match=words):
            event.admit(by=office, **given)
    assert event.participants.count() == 1


def test_what_is_called_off_stays_and_counts_no_more(client, office, place):
    event = KickOff.plan(by=office, municipality=place, on_day=day(3))
    assert client.post(url("kickoff_cancel", event.pk)).status_code == 302
    event.refresh_from_db()
    assert event.standing == "abgesagt"
    for act in (lambda: event.cancel(by=office), lambda: event.hold(by=office, outcome="Doch"),
                lambda: event.admit(by=office, sector="other", name="Tafel"),
                lambda: event.edit(by=office, on_day=day(4), place="")):  # fmt: skip
        with pytest.raises(StepRefused, match="ist abgesagt"):
            act()
    assert client.post(url("kickoff_cancel", event.pk)).status_code == 422
    assert [row.standing for row in client.get(url("kickoff_list")).context["rows"]] == ["none"]


def test_white_spots_are_seen(client, office, place):
    left, white = municipality("Alfter", bank="left"), municipality("Eitorf")
    event = held(place, office)
    KickOff.plan(by=office, municipality=left, on_day=day(9))
    expected = {
        "": [left, white, place], "bank=left": [left], "stand=held": [place], "stand=planned": [left],
        "stand=none": [white], "q=windeck": [place],
    }  # fmt: skip
    for query, places in expected.items():
        rows = client.get(f"{url('kickoff_list')}?{query}").context["rows"]
        assert [row.place for row in rows] == places, query
    page = client.get(url("kickoff_list")).text
    assert "1 noch ohne Auftakt" in page
    assert event.get_absolute_url() in page


def test_a_kick_off_goes_its_way_by_its_forms(client, office, place):
    jobcenter, _ = authorities()
    new = {"municipality": place.pk, "on_day": typed(day(-1)), "place": "Rathaus"}
    assert client.get(f"{url('kickoff_new')}?kommune={place.pk}").status_code == 200
    assert client.post(url("kickoff_new"), new).status_code == 302
    assert client.post(url("kickoff_new"), new).status_code == 422
    event = KickOff.objects.get()
    there = url("kickoff_participant", event.pk)
    who = {"sector": "legal", "organisation": jobcenter.pk, "name": "", "legal_area": "", "persons": "2"}
    refused = client.post(there, who)
    assert refused.status_code == 422
    assert "Bitte wählen Sie den Rechtskreis" in refused.text
    area = codes().legal_area
    assert client.post(there, who | {"legal_area": area.pk, "again": "1"}).headers["Location"] == there
    empty = client.post(there, who | {"sector": "other", "organisation": ""})
    assert "Bitte nennen Sie eine Institution oder Stelle." in empty.text
    assert client.post(url("kickoff_hold", event.pk), {"outcome": "Ist abgestimmt."}).status_code == 302
    page = client.get(event.get_absolute_url())
    assert [(label, [str(one) for one in rows]) for label, rows in page.context["sectors"]] == [
        ("Rechtskreis", ["Jobcenter"])
    ]
    assert "1 Stelle, 2 Personen" in page.text
    gone = url("kickoff_participant_remove", event.pk, event.participants.get().pk)
    assert client.post(gone).status_code == 302
    assert client.post(gone).status_code == 404


# Interfaces


def test_an_interface_lies_between_two(client, office, place):
    jobcenter, abh = authorities()
    with pytest.raises(StepRefused, match="zwischen mindestens zwei Stellen"):
        interface(office, between=[jobcenter])
    assert not Interface.objects.exists()
    event = held(place, office)
    new = {"title": "Übergang an das Jobcenter", "municipality": place.pk, "between": [jobcenter.pk],
           "identified_at": event.pk, "way": "Am selben Tag.", "agreed_on": ""}  # fmt: skip
    page = client.get(f"{url('interface_new')}?auftakt={event.pk}")
    assert page.context["form"].initial["municipality"] == place.pk
    refused = client.post(url("interface_new"), new)
    assert refused.status_code == 422
    assert "mindestens zwei Stellen" in refused.text
    other = client.post(url("interface_new"), new | {"between": [jobcenter.pk, abh.pk],
                                                     "municipality": municipality("Much").pk})  # fmt: skip
    assert "Diese Veranstaltung war in Windeck, nicht in Much." in other.text
    assert client.post(url("interface_new"), new | {"between": [jobcenter.pk, abh.pk]}).status_code == 302
    made = Interface.objects.get()
    assert (made.ways.get().event, made.confirmed_on) == (event, day(0))
    assert made.title in client.get(event.get_absolute_url()).text


def test_a_way_of_working_follows_another_that_stays_to_be_read(client, office):
    made = interface(office)
    made.agree(by=office, text="Per Post.", agreed_on=day(-400))
    assert made.is_stale
    with pytest.raises(StepRefused, match="die neue muss jünger sein"):
        made.agree(by=office, text="Per Fax.", agreed_on=day(-401))
    with pytest.raises(StepRefused, match="bitte höchstens das heutige Datum"):
        made.agree(by=office, text="Per Boten.", agreed_on=day(1))
    assert client.post(url("interface_way", made.pk), {"text": "Am selben Tag.", "agreed_on": typed(day(-1))})
    page = client.get(made.get_absolute_url())
    assert page.context["way"].text == "Am selben Tag."
    assert "Per Post." in page.text
    made.refresh_from_db()
    assert (made.confirmed_on, made.is_stale) == (day(-1), False)


def test_what_nobody_confirmed_for_a_year_is_found_and_confirmed_by_office_or_coordination(client, office):
    with workdays.as_of(months_after(workdays.today(), -12) - dt.timedelta(days=1)):
        old = interface(office)
    interface(office, title="Neues")
    assert list(Interface.objects.stale()) == [old]
    assert client.get(url("interface_list"), {"stand": "stale"}).context["page"].rows == [old]
    for role, status in [(Role.CASE_MANAGER, 403), (Role.STEERING_GROUP, 403), (Role.COORDINATION, 302)]:
        client.force_login(user(role))
        assert client.post(url("interface_confirm", old.pk)).status_code == status
        assert Interface.objects.stale().exists() == (status == 403)
    old.refresh_from_db()
    assert old.confirmed_by.holds(Role.COORDINATION)
    with pytest.raises(PermissionDenied):
        old.confirm(by=user(Role.AUTHORITY))


def test_what_is_retired_is_offered_no_more_and_can_come_back(client, office):
    made = interface(office)
    assert client.get(url("interface_retire", made.pk)).status_code == 200
    assert client.post(url("interface_retire", made.pk)).status_code == 302
    made.refresh_from_db()
    for act in (lambda: made.confirm(by=office), lambda: made.retire(by=office),
                lambda: made.agree(by=office, text="Anders", agreed_on=day(0)),
                lambda: made.edit(by=office, title="Anders", between=authorities())):  # fmt: skip
        with pytest.raises(StepRefused, match="entfallen"):
            act()
    assert client.get(url("interface_list")).context["page"].rows == []
    assert client.get(url("interface_list"), {"stand": "retired"}).context["page"].rows == [made]
    client.force_login(user())
    assert "interface" not in client.get(url("issue_new")).context["form"].fields
    client.force_login(office)
    assert client.post(url("interface_reopen", made.pk)).status_code == 302
    made.refresh_from_db()
    assert made.retired_on is None
    with pytest.raises(StepRefused, match="in Gebrauch"):
        made.reopen(by=office)


def test_interfaces_are_searched_in_any_spelling_narrowed_and_ordered(client, office, place):
    jobcenter, abh = authorities()
    other = organisation("awo", name="Arbeiterwohlfahrt Größe", kind="welfare")
    area = codes().legal_area
    first = interface(office, title="A Übergang", municipality=place, legal_areas=[area])
    second = interface(office, title="B Kurs", between=[jobcenter, other], description="Plätze für Eltern")
    expected = {
        "": [first, second], "sort=new": [second, first], "q=UEBERGANG": [first], "q=plaetze": [second],
        "q=groesse": [second], "q=auslaenderamt": [first], "q=jobcenter": [first, second], "q=nirgends": [],
        f"municipality={place.pk}": [first], "municipality=county": [second], f"legal_area={area.pk}": [first],
        f"organisation={other.pk}": [second], "stand=all": [first, second], "stand=x": [first, second],
    }  # fmt: skip
    for query, found in expected.items():
        assert client.get(f"{url('interface_list')}?{query}").context["page"].rows == found, query


def test_the_register_pages_by_key(client, office):
    rows = [Interface(title=f"Übergabe {number:02}", folded="uebergabe") for number in range(35)]
    Interface.objects.bulk_create(rows)
    first = client.get(url("interface_list")).context["page"]
    second = client.get(url("interface_list"), {"after": first.after}).context["page"]
    assert [row.title for row in [*first, *second]] == [row.title for row in rows]


# Issues that name an interface


def test_an_issue_names_the_interface_where_it_jams(client, office, place):
    here, everywhere = interface(office, title="Hier", municipality=place), interface(office, title="Überall")
    far = interface(office, title="Fern", municipality=municipality("Much"))
    author, code = user(), codes()
    client.force_login(author)
    offered = dict(client.get(url("issue_new")).context["form"].fields["interface"].choices)
    assert [[label for _, label in offered[group]] for group in ("im ganzen Kreis", "Much", "Windeck")] == [
        ["Überall"], ["Fern"], ["Hier"],
    ]  # fmt: skip
    sent = {"title": "Bescheinigung fehlt", "situation": "Sie kommt nicht an.", "topic": code.topic.pk, "act": "save",
            "legal_areas": [code.legal_area.pk], "municipality": place.pk, "interface": far.pk}  # fmt: skip
    refused = client.post(url("issue_new"), sent)
    assert refused.status_code == 422
    assert "Diese Schnittstelle liegt in Much. Bitte wählen Sie eine aus Windeck" in refused.text
    assert client.post(url("issue_new"), sent | {"interface": here.pk}).status_code == 302
    made = Issue.objects.get()
    assert made.interface == here
    here.retire(by=office)
    form = client.get(url("issue_edit", made.pk)).context["form"]
    assert str(form["interface"].value()) == str(here.pk)
    assert client.post(url("issue_edit", made.pk), sent | {"interface": everywhere.pk}).status_code == 302
    made.refresh_from_db()
    assert made.interface == everywhere
    assert f'<a href="{everywhere.get_absolute_url()}">Überall</a>' in client.get(made.get_absolute_url()).text


def test_who_may_not_read_the_register_reads_the_name_alone(client, office):
    issue = issue_at(State.PROJECT, interface=interface(office, title="Übergabe der Akte"))
    client.force_login(issue.body.leads().get())
    page = client.get(issue.get_absolute_url()).text
    assert "Übergabe der Akte" in page
    assert issue.interface.get_absolute_url() not in page


def test_an_interface_shows_the_open_issues_its_reader_may_see(client, office):
    made = interface(office)
    seen, hidden = issue_at(State.STRATEGY, interface=made), issue_at(State.COORDINATION, interface=made)
    closed, unwritten = issue_at(State.CLOSED, interface=made), draft(interface=made)
    assert client.get(made.get_absolute_url()).context["issues"] == [seen]
    client.force_login(user(Role.COORDINATION))
    assert set(client.get(made.get_absolute_url()).context["issues"]) == {seen, hidden}
    client.force_login(closed.reporters.get().user)
    assert unwritten not in client.get(made.get_absolute_url()).context["issues"]


# Who may


PAGES = ("agreement_list", "kickoff_list", "interface_list")


@pytest.mark.parametrize("role", [*Role, None])
def test_readers_read_and_others_do_not(client, role, place):
    office = user(Role.STRATEGIC_OFFICE)
    signed(place, office)
    event, made = held(place, office), interface(office)
    reads = role in (Role.CASE_MANAGER, Role.AUTHORITY, Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.STEERING_GROUP)
    client.force_login(user(role))
    for name in PAGES:
        assert client.get(url(name)).status_code == (200 if reads else 403), name
        export = client.get(url(name.replace("_list", "_export"), "csv"))
        assert export.status_code == (200 if reads else 403), name
    for where in (url("agreement_detail", place.pk), event.get_absolute_url(), made.get_absolute_url()):
        assert client.get(where).status_code == (200 if reads else 404), where
    home = client.get(reverse("kim:today")).text
    assert (f'href="{url("interface_list")}"' in home) == reads


CHANGES = {
    "agreement_new": "place", "agreement_edit": "agreement", "agreement_send": "agreement",
    "agreement_sign": "agreement", "agreement_end": "agreement", "kickoff_new": "", "kickoff_edit": "event",
    "kickoff_hold": "event", "kickoff_cancel": "event", "kickoff_participant": "event",
    "kickoff_participant_remove": "participant", "interface_new": "", "interface_edit": "interface",
    "interface_way": "interface", "interface_retire": "interface", "interface_reopen": "interface",
    "interface_confirm": "interface",
}  # fmt: skip


@pytest.mark.parametrize(("role", "status"), [
    (Role.CASE_MANAGER, 403), (Role.AUTHORITY, 403), (Role.STEERING_GROUP, 403), (Role.COORDINATION, 403),
    (Role.PROJECT_GROUP, 404), (Role.ADMIN, 404), (Role.AUDIT, 404),
])  # fmt: skip
@pytest.mark.parametrize("name", CHANGES)
def test_only_the_office_changes_anything(client, role, status, name, place):
    office = user(Role.STRATEGIC_OFFICE)
    event = KickOff.plan(by=office, municipality=place, on_day=day(0))
    participant = event.admit(by=office, sector="other", name="Tafel")
    known = {"place": [place.pk], "agreement": [Agreement.prepare(place, by=office).pk], "event": [event.pk],
             "participant": [event.pk, participant.pk], "interface": [interface(office).pk], "": []}  # fmt: skip
    before = TrailEntry.objects.count()
    client.force_login(user(role))
    answer = client.post(url(name, *known[CHANGES[name]]))
    if name == "interface_confirm" and role == Role.COORDINATION:
        assert answer.status_code == 302
        return
    assert answer.status_code == (403 if not CHANGES[name] else status)
    if answer.status_code == 403:
        assert "Geschäftsstelle" in answer.text
    assert TrailEntry.objects.count() == before


# Texts, drafts, files, queries


@pytest.mark.parametrize("name", ["agreement_new", "kickoff_hold", "interface_way"])
def test_a_text_that_points_to_a_person_is_held(client, office, place, name):
    event, made = KickOff.plan(by=office, municipality=place, on_day=day(0)), interface(office)
    where, sent = {
        "agreement_new": (url(name, place.pk), {"subject": PRIVATE, "contact": "", "renew_months": "6"}),
        "kickoff_hold": (url(name, event.pk), {"outcome": PRIVATE}),
        "interface_way": (url(name, made.pk), {"text": PRIVATE, "agreed_on": typed(day(0))}),
    }[name]
    answer = client.post(where, sent)
    assert answer.status_code == 422
    assert "Datenschutzprüfung" in answer.text
    assert PRIVATE in answer.text
    event.refresh_from_db()
    assert (Agreement.objects.exists(), event.held, made.ways.exists()) == (False, False, False)


def test_what_is_vouched_for_is_let_through_and_the_trail_says_so(office, place):
    text = "Die Leitung, Frau Beispiel, koordiniert."
    with pytest.raises(Held) as held_back:
        Agreement.prepare(place, by=office, subject=text)
    keys = {finding.key for finding in held_back.value.findings if not finding.blocks}
    assert keys
    Agreement.prepare(place, by=office, subject=text, confirmed=keys)
    note = TrailEntry.objects.get(act="agreement.prepare").note
    assert note == "Windeck, Fassung 1, 1 Hinweis der Datenschutzprüfung bestätigt"


def test_what_was_begun_is_kept_and_dropped_once_it_is_saved(client, office, place):
    Draft.keep(office, f"agreement:{place.pk}:new", {"subject": "Angefangen"})
    assert "Angefangen" in client.get(url("agreement_new", place.pk)).text
    client.post(url("agreement_new", place.pk), {"subject": "Fertig", "renew_months": "6"})
    assert not Draft.objects.exists()


@pytest.mark.parametrize("name", PAGES)
def test_lists_are_files_as_they_stand(client, office, place, name):
    signed(place, office)
    event = held(place, office)
    interface(office, municipality=place, identified_at=event, way="Am selben Tag.")
    for kind in ("csv", "xlsx"):
        answer = client.get(
            url(name.replace("_list", "_export"), kind), {"q": "windeck" if "inter" not in name else ""}
        )
        assert answer.status_code == 200
        content = b"".join(answer.streaming_content)
        assert kind == "xlsx" or "Windeck" in content.decode()
    assert TrailEntry.objects.filter(act=name.replace("_list", ".export")).count() == 2
    assert client.get(url(name.replace("_list", "_export"), "pdf")).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_a_swapped_list_is_the_same_as_a_reload(client, office, place, name):
    signed(place, office)
    given = {"q": "windeck", "sort": "stand"}
    whole, part = client.get(url(name), given), client.get(url(name), given, headers=SWAP)
    assert element(part.text, "results") == element(whole.text, "results") != ""


def test_pages_cost_the_same_with_few_rows_and_with_many(client, office, place):
    event, counts = held(place, office), []
    made = interface(office, identified_at=event, way="Am selben Tag.")
    unsigned = Agreement.prepare(municipality(), by=office)
    pages = [*(url(name) for name in PAGES), url("agreement_detail", place.pk), event.get_absolute_url(),
             made.get_absolute_url(), url("interface_new"), url("interface_edit", made.pk),
             url("interface_way", made.pk), url("kickoff_participant", event.pk), url("kickoff_edit", event.pk),
             url("agreement_edit", unsigned.pk), url("agreement_sign", unsigned.pk)]  # fmt: skip
    for more in (1, 5):
        for number in range(more):
            signed(place, office, begins=-500 + 20 * more + number)
            held(municipality(), office)
            held(place, office, days=-30 * more - number)
            event.admit(by=office, sector="other", name=f"Stelle {more}{number}")
            interface(office, title=f"Weitere {more}{number}", identified_at=event, way="Am selben Tag.")
            made.agree(by=office, text=f"Neu {number}", agreed_on=day(0), event=event)
            issue_at(State.STRATEGY, interface=made)
        taken = []
        for page in pages:
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            assert len(queries) <= MOST_QUERIES, (page, [query["sql"][:90] for query in queries])
            taken.append(len(queries))
        counts.append(taken)
    assert counts[0] == counts[1]


def test_codes_that_have_ended_are_offered_only_where_they_are_used(client, office):
    area = codes().legal_area
    made = interface(office, legal_areas=[area])
    Code.objects.filter(pk=area.pk).update(valid_until=day(0))
    assert str(area.pk) not in dict(client.get(url("interface_new")).context["form"].fields["legal_areas"].choices)
    assert str(area.pk) in dict(
        client.get(url("interface_edit", made.pk)).context["form"].fields["legal_areas"].choices
    )


FORMS = {
    "agreement_new": "place", "agreement_edit": "agreement", "agreement_send": "agreement",
    "agreement_sign": "agreement", "agreement_end": "agreement", "kickoff_new": "", "kickoff_edit": "event",
    "kickoff_hold": "event", "kickoff_participant": "event", "interface_new": "", "interface_edit": "interface",
    "interface_way": "interface",
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_no_form_breaks_whatever_is_typed_into_it(client, office, place, name):
    held(place, office)
    known = {"place": [municipality().pk], "agreement": [Agreement.prepare(place, by=office).pk],
             "event": [KickOff.plan(by=office, municipality=place, on_day=day(0)).pk], "": [],
             "interface": [interface(office).pk]}  # fmt: skip
    client.raise_request_exception = False
    where = url(name, *known[FORMS[name]])
    form = next(form for form in Page(client.get(where).text).forms if form["method"] == "post"
                and "csrfmiddlewaretoken" in form["fields"] and not form["action"])  # fmt: skip
    fields = [one for one in form["fields"] if one != "csrfmiddlewaretoken"]
    for value in HOSTILE[1::4]:
        ask(client, "post", where, dict.fromkeys(fields, value))
    for number, field in enumerate(fields):
        ask(client, "post", where, form["fields"] | {field: HOSTILE[4 + number % (len(HOSTILE) - 4)]})
    ask(client, "get", where, dict.fromkeys(["auftakt", "kommune"], "\0" + "9" * 40))
