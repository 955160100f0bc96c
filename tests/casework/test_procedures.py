"""From a case to Modul 3 and back: what the authority sees, what it does, what case management learns."""

import datetime as dt
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse

from casework.lifecycle import State
from casework.models import Case, Procedure, ProcedureItem, ProcedureNote
from kim import trail, workdays
from kim.models import Draft, Mail, Notice, Role, User
from kim.privacy_gate import Held
from kim.workflow import StepRefused
from tests.casework.factories import authority, case, case_at, case_manager, checklist, consent
from tests.casework.factories import client as person
from tests.factories import organisation, user
from tests.htmx import SWAP, element

pytestmark = pytest.mark.django_db
TEXT = "Bitte prüfen Sie, ob ein Aufenthalt wegen nachhaltiger Integration in Frage kommt."


@pytest.fixture
def led():
    """An admitted case of Nadia Rahimi, with a consent that names an authority."""
    made = case_at(State.MONITORING, person=person("Nadia", "Rahimi", birth_date=dt.date(1990, 3, 12)))
    consent(made, "MODUL3", authority(), papers="Arbeitsvertrag\nMietvertrag")
    checklist()
    return made


@pytest.fixture
def clerk():
    return user(Role.AUTHORITY, organisation=authority(), name="Sachbearbeitung")


def sent(made, **fields):
    given = {
        "consent": made.client.consents.get(purpose__code="MODUL3").pk, "checklist": checklist().pk,
        "person": "Nadia Rahimi, geboren 12.03.1990", "text": TEXT,
        "papers": [f"{made.client.consents.get(purpose__code='MODUL3').pk}-0"],
    }  # fmt: skip
    return given | fields


def hand_over(made, **fields) -> Procedure:
    agreed = made.client.consents.get(purpose__code="MODUL3")
    given = {"checklist": checklist(), "authority": agreed.recipient, "consent": agreed, "person": "Nadia Rahimi",
             "text": TEXT}  # fmt: skip
    return Procedure.hand_over(made, by=made.owner, **given | fields)


def new(made):
    return reverse("casework:procedure_new", args=[made.pk])


# Handing over


def test_first_the_preview_then_the_hand_over(client, led, clerk):
    client.force_login(led.owner)
    answer = client.post(new(led), sent(led, act="hand_over"))
    assert answer.status_code == 200
    assert not Procedure.objects.exists()
    preview = answer.context["preview"]
    shown = element(answer.content.decode(), "vorschau")
    assert TEXT in shown
    assert led.number not in shown
    answer = client.post(new(led), sent(led, act="hand_over", previewed=preview["fingerprint"]))
    made = Procedure.objects.get()
    assert answer.headers["Location"] == made.get_absolute_url()
    assert [trail_row.act for trail_row in trail.of(made)] == ["procedure.hand_over"]
    assert made.items.get().status == "unseen"
    told = Notice.objects.get(recipient=clerk)
    for words in (told.headline, told.text):
        assert "Rahimi" not in words
        assert led.number not in words


def test_what_was_changed_after_the_preview_is_previewed_again(client, led):
    client.force_login(led.owner)
    seen = client.post(new(led), sent(led, act="preview")).context["preview"]["fingerprint"]
    answer = client.post(new(led), sent(led, act="hand_over", previewed=seen, text=f"{TEXT} Danke."))
    assert "noch einmal durch" in answer.content.decode()
    assert not Procedure.objects.exists()


def test_the_preview_is_what_the_authority_sees(client, led, clerk):
    client.force_login(led.owner)
    preview = client.post(new(led), sent(led, act="preview")).context["preview"]
    client.post(new(led), sent(led, act="hand_over", previewed=preview["fingerprint"]))
    client.force_login(clerk)
    page = client.get(Procedure.objects.get().get_absolute_url())
    assert preview["procedure"].text == page.context["procedure"].text
    text = page.content.decode()
    assert "Arbeitsvertrag" in text
    for secret in (led.number, led.get_state_display(), reverse("casework:case_detail", args=[led.pk])):
        assert secret not in text


def test_without_a_consent_that_names_an_authority_it_is_refused_in_words(client):
    made = case_at(State.MONITORING)
    client.force_login(made.owner)
    for status, ask in [(200, client.get), (409, client.post)]:
        answer = ask(new(made))
        assert answer.status_code == status
        text = answer.content.decode()
        assert "keine gültige Einwilligung" in text
        assert reverse("casework:consent_new", args=[made.pk]) in text, "no dead end"


def test_a_consent_for_somebody_else_or_a_withdrawn_one_is_none(client, led):
    consent(led, "MODUL3", organisation("jobcenter", name="Jobcenter", kind="employment"))
    client.force_login(led.owner)
    assert [one.recipient.name for one in client.get(new(led)).context["form"].fields["consent"].rows.values()] == [
        "Ausländeramt"
    ]
    led.client.consents.get(recipient=authority()).withdraw(by=led.owner)
    assert client.get(new(led)).context["form"] is None


def test_exactly_the_papers_a_consent_names_are_offered_and_no_others_taken(client, led):
    client.force_login(led.owner)
    offered = client.get(new(led)).context["form"]["papers"]
    assert [option.choice_label for option in offered.subwidgets] == ["Arbeitsvertrag", "Mietvertrag"]
    assert client.post(new(led), sent(led, papers=["Rentenverlauf"], act="preview")).status_code == 422
    with pytest.raises(StepRefused, match="nennt die Einwilligung nicht: Rentenverlauf"):
        hand_over(led, papers="Arbeitsvertrag\nRentenverlauf")
    assert hand_over(led, papers="Arbeitsvertrag").paper_list == ["Arbeitsvertrag"]


def test_of_two_authorities_each_gets_what_its_own_consent_names(client, led):
    bonn = authority("abh-bonn")
    other = consent(led, "MODUL3", bonn, papers="Rentenverlauf")
    client.force_login(led.owner)
    offered = client.get(new(led)).context["form"]["papers"]
    assert f"Rentenverlauf ({bonn})" in [option.choice_label for option in offered.subwidgets]
    first = led.client.consents.get(recipient=authority()).pk
    given = {"consent": first, "checklist": checklist().pk, "person": "Nadia Rahimi", "text": TEXT, "act": "preview"}
    answer = client.post(new(led), given | {"papers": [f"{other.pk}-0"]})
    assert answer.status_code == 422
    assert "nennt nicht: Rentenverlauf" in answer.content.decode()
    answer = client.post(new(led), given | {"papers": [f"{other.pk}-0"], "consent": other.pk})
    assert answer.context["preview"]["procedure"].paper_list == ["Rentenverlauf"]


def test_a_consent_without_papers_offers_none_and_says_so(client):
    made = case_at(State.MONITORING)
    consent(made, "MODUL3", authority())
    client.force_login(made.owner)
    assert "Keine Einwilligung nennt Unterlagen" in client.get(new(made)).content.decode()


def test_the_review_lets_the_person_pass_and_stops_everybody_else(client, led):
    other = case(by=led.owner, person=person("Karim", "Haddadi"))
    text = f"Frau Rahimi, geboren am 12.03.1990, wohnt mit Karim Haddadi zusammen. Fall {led.number}."
    client.force_login(led.owner)
    answer = client.post(new(led), sent(led, act="preview", text=text))
    assert answer.status_code == 422
    found = {finding.excerpt for finding in answer.context["form"].findings}
    assert led.number in found
    assert any("Haddadi" in one for one in found)
    assert not any("Rahimi" in one or "1990" in one for one in found)
    assert other.number not in answer.content.decode()
    with pytest.raises(Held):
        hand_over(led, text=text)
    assert hand_over(led, text="Frau Nadia Rahimi, geboren am 12.03.1990, bittet um Prüfung.").pk


def test_the_same_sent_twice_is_handed_over_once(led):
    assert hand_over(led).pk == hand_over(led).pk
    assert hand_over(led, text=f"{TEXT} Und mehr.").pk != Procedure.objects.order_by("pk").first().pk


def test_a_list_that_does_not_hold_today_is_refused(led):
    old = checklist("104c")
    old.valid_until = workdays.today()
    old.save()
    with pytest.raises(StepRefused, match="gilt heute nicht"):
        hand_over(led, checklist=old)


def test_what_was_begun_is_there_again(client, led):
    Draft.keep(led.owner, f"case:{led.pk}:procedure", {"text": "Angefangen", "previewed": "x"})
    client.force_login(led.owner)
    page = client.get(new(led)).content.decode()
    assert "Angefangen" in page
    assert "Nadia Rahimi, geboren 12.03.1990" in page


def test_a_locked_case_hands_nothing_over(client, led):
    led.client.consents.get(purpose__code="CM").withdraw(by=led.owner)
    client.force_login(led.owner)
    assert client.get(new(led)).status_code == 403


# The desk of the authority


def test_the_authority_marks_items_and_the_first_mark_begins_it(client, led, clerk):
    made = hand_over(led)
    item = made.items.get()
    client.force_login(clerk)
    url = reverse("casework:procedure_items", args=[made.pk])
    answer = client.post(url, {f"item_{item.pk}": "requested", f"was_{item.pk}": "unseen"})
    assert answer.status_code == 302
    item.refresh_from_db()
    made.refresh_from_db()
    assert (item.status, item.since, item.marked_by, made.status) == ("requested", workdays.today(), clerk, "in_work")
    swapped = client.post(url, {f"item_{item.pk}": "present", f"was_{item.pk}": "requested"}, headers=SWAP)
    whole = client.get(made.get_absolute_url())
    assert element(swapped.content.decode(), "procedure") == element(whole.content.decode(), "procedure")


def test_what_was_not_changed_on_this_page_is_left_alone(client, led, clerk):
    made = hand_over(led)
    item = made.items.get()
    item.mark(by=clerk, status=ProcedureItem.Status.PRESENT)
    client.force_login(clerk)
    client.post(
        reverse("casework:procedure_items", args=[made.pk]), {f"item_{item.pk}": "missing", f"was_{item.pk}": "missing"}
    )
    item.refresh_from_db()
    assert item.status == "present"


def test_from_received_to_decided_and_back(client, led, clerk):
    made = hand_over(led)
    client.force_login(clerk)
    url = reverse("casework:procedure_status", args=[made.pk])
    assert client.post(url, {"act": "begin"}).status_code == 302
    assert client.post(url, {"act": "begin"}).status_code == 409
    assert client.post(url, {"act": "decide", "outcome": "granted", "ended_on": "gestern"}).status_code == 422
    tomorrow = workdays.today() + dt.timedelta(days=1)
    assert (
        client.post(url, {"act": "decide", "outcome": "granted", "ended_on": f"{tomorrow:%d.%m.%Y}"}).status_code == 409
    )
    assert (
        client.post(
            url, {"act": "decide", "outcome": "granted", "ended_on": f"{workdays.today():%d.%m.%Y}"}
        ).status_code
        == 302
    )
    made.refresh_from_db()
    assert (made.status, made.outcome, made.ended_on) == ("decided", "granted", workdays.today())
    item = made.items.get()
    answer = client.post(
        reverse("casework:procedure_items", args=[made.pk]), {f"item_{item.pk}": "present", f"was_{item.pk}": "unseen"}
    )
    assert answer.status_code == 409
    assert client.post(url, {"act": "reopen"}).status_code == 302
    made.refresh_from_db()
    assert (made.status, made.outcome, made.ended_on) == ("in_work", "", None)


def test_a_word_back_reaches_the_owner_without_a_name(client, led, clerk):
    made = hand_over(led)
    client.force_login(clerk)
    url = reverse("casework:procedure_note", args=[made.pk])
    assert client.post(url, {"text": " "}).status_code == 422
    client.post(url, {"text": "Frau Rahimi möge bitte den Pass vorlegen."})
    assert ProcedureNote.objects.get().by == clerk
    told = Notice.objects.get(recipient=led.owner)
    assert "Rahimi" not in told.headline + told.text
    assert "Pass" not in told.headline + told.text
    client.force_login(led.owner)
    page = client.get(told.url).content.decode()
    assert "den Pass vorlegen" in page
    assert led.number in page
    assert not Mail.objects.filter(body__contains="Rahimi").exists()


def test_a_withdrawal_ends_sight_at_once(client, led, clerk):
    made = hand_over(led)
    client.force_login(clerk)
    assert client.get(made.get_absolute_url()).status_code == 200
    made.consent.withdraw(by=led.owner)
    for name in ("procedure_items", "procedure_status", "procedure_note"):
        assert client.post(reverse(f"casework:{name}", args=[made.pk])).status_code == 404
    assert client.get(made.get_absolute_url()).status_code == 404
    assert "Rahimi" not in client.get(reverse("casework:procedure_list")).content.decode()
    assert not client.get(reverse("kim:today")).content.decode().count(f"Vorgang {made.pk} ")
    fresh = Procedure.objects.get(pk=made.pk)
    with pytest.raises(PermissionDenied):
        fresh.begin(by=User.objects.get(pk=clerk.pk))
    client.force_login(led.owner)
    assert "sieht diesen Vorgang nicht mehr" in client.get(made.get_absolute_url()).content.decode()


def test_another_authority_sees_nothing_and_case_management_does_not_act(client, led):
    made = hand_over(led)
    stranger = user(Role.AUTHORITY, organisation=organisation("ebh", name="Einbürgerung", kind="authority"))
    client.force_login(stranger)
    assert client.get(made.get_absolute_url()).status_code == 404
    client.force_login(led.owner)
    assert client.post(reverse("casework:procedure_status", args=[made.pk]), {"act": "begin"}).status_code == 403
    assert client.post(reverse("casework:procedure_note", args=[made.pk]), {"text": "x"}).status_code == 403


# Pages


def test_the_list_is_filtered_and_pages_by_key(client, led, clerk, django_assert_max_num_queries):
    for number in range(27):
        hand_over(led, text=f"Anliegen {number}")
    last = Procedure.objects.order_by("pk").first()
    last.decide(by=clerk, outcome="granted", ended_on=workdays.today())
    client.force_login(clerk)
    url = reverse("casework:procedure_list")
    with django_assert_max_num_queries(12):
        page = client.get(url)
    assert len(page.context["page"].rows) == 25
    assert len(client.get(url, {"after": page.context["page"].after}).context["page"].rows) == 2
    assert client.get(url, {"status": "decided"}).context["number"] == 1
    assert client.get(url, {"status": "open"}).context["number"] == 26
    assert client.get(url, {"kind": "25a"}).context["number"] == 0
    assert client.get(url, {"kind": "x", "status": "\x00"}).status_code == 200
    swap = client.get(url, {"status": "open"}, headers=SWAP).content.decode()
    assert element(swap, "results") == element(client.get(url, {"status": "open"}).content.decode(), "results")


def test_queries_of_the_pages_do_not_grow(client, led, clerk, django_assert_max_num_queries):
    made = hand_over(led)
    for number in range(2, 12):
        made.checklist.items.create(position=number, text=f"Punkt {number}")
    ProcedureItem.objects.bulk_create(
        ProcedureItem(procedure=made, item=item, marked_by=clerk)
        for item in made.checklist.items.filter(position__gt=1)
    )
    for number in range(5):
        made.tell(by=clerk, text=f"Rückmeldung {number}")
    for reader in (clerk, led.owner):
        client.force_login(reader)
        with django_assert_max_num_queries(12):
            assert client.get(made.get_absolute_url()).status_code == 200
    with django_assert_max_num_queries(12):
        page = client.get(led.get_absolute_url()).content.decode()
    assert "Ausländeramt" in page
    with django_assert_max_num_queries(12):
        client.get(new(led))


def test_today_shows_what_is_new_and_what_was_requested_long_ago(client, led, clerk, django_assert_max_num_queries):
    made, old = hand_over(led), hand_over(led, text="Ein älteres Anliegen")
    item = old.items.get()
    item.mark(by=clerk, status="requested")
    ProcedureItem.objects.filter(pk=item.pk).update(since=workdays.today() - dt.timedelta(days=30))
    client.force_login(clerk)
    with django_assert_max_num_queries(12):
        page = client.get(reverse("kim:today")).content.decode()
    assert f"Vorgang {made.pk} " in page
    assert "angefordert seit" in page
    assert "Rahimi" not in page
    client.force_login(case_manager())
    assert "Vorgänge aus dem Case Management" not in client.get(reverse("kim:today")).content.decode()


def test_opening_a_procedure_is_written_down(client, led, clerk):
    made = hand_over(led)
    client.force_login(clerk)
    client.get(made.get_absolute_url())
    assert "procedure.read" in [row.act for row in trail.of(made)]
    assert "Rahimi" not in client.get(made.get_absolute_url()).content.decode().split("</title>")[0]
    assert Case.objects.visible_to(clerk).count() == 0


def test_a_list_tells_what_nobody_has_looked_at_from_what_is_missing(client, led, clerk):
    made = hand_over(led)
    client.force_login(clerk)
    url = reverse("casework:procedure_list")
    assert "1 noch nicht geprüft" in client.get(url).text
    assert "noch nicht geprüft</option>" in client.get(made.get_absolute_url()).text
    made.items.get().mark(by=clerk, status=ProcedureItem.Status.MISSING)
    assert " · 1 fehlt<" in client.get(url).text
    again = ProcedureItem(procedure=made, item=made.checklist.items.create(position=9, text="Pass", proof=""))
    again.save()
    again.mark(by=clerk, status=ProcedureItem.Status.MISSING)
    assert " · 2 fehlen<" in client.get(url).text
    again.mark(by=clerk, status=ProcedureItem.Status.REQUESTED)
    assert " · 1 fehlt, 1 angefordert<" in client.get(url).text


def test_the_migration_keeps_what_an_authority_marked_as_missing(led, clerk):
    migration = import_module("casework.migrations.0008_items_nobody_has_looked_at")
    made = hand_over(led)
    marked = made.items.get()
    marked.mark(by=clerk, status=ProcedureItem.Status.MISSING)
    point = made.checklist.items.create(position=9, text="Pass", proof="")
    untouched = ProcedureItem.objects.create(procedure=made, item=point, status=ProcedureItem.Status.MISSING)
    migration.unseen(apps, SimpleNamespace(connection=connection))
    marked.refresh_from_db()
    untouched.refresh_from_db()
    assert (marked.status, untouched.status) == ("missing", "unseen")
