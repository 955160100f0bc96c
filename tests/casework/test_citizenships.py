"""Citizenships are entries of a code list: chosen, imported, shown by name; what was typed before is not lost."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from casework import columns, migrations
from casework.lifecycle import State
from casework.models import Client, Import
from kim.models import Code, Draft
from steering.county import load_codes
from tests.casework.factories import case_at, case_manager, code
from tests.casework.factories import client as person
from tests.casework.pages import as_, url
from tests.factories import county

pytestmark = pytest.mark.django_db
CITIZENSHIP = Code.List.CITIZENSHIP


@pytest.fixture
def countries():
    county()
    load_codes()
    return {row.code: row for row in Code.objects.filter(list=CITIZENSHIP)}


def form_of(client, led) -> dict:
    """What the page of a person's data sends when nobody changes anything."""
    form = client.get(url("client_edit", led.client_id)).context["form"]
    sent = {bound.html_name: bound.value() for bound in form}
    sent = {name: getattr(value, "pk", value) for name, value in sent.items() if value not in (None, "", [], False)}
    return sent | {"birth_date": "1990"}


def chosen(led) -> list[str]:
    return sorted(Client.objects.get(pk=led.client_id).citizenships.values_list("code", flat=True))


def test_the_list_holds_every_country_by_its_german_name(countries):
    assert len(countries) == 246
    told = {key: countries[key].label for key in ("SY", "UA", "NO", "XK", "XXA", "XXX")}
    assert told == {"SY": "Syrien", "UA": "Ukraine", "NO": "Norwegen", "XK": "Kosovo", "XXA": "staatenlos",
                    "XXX": "ungeklärt"}  # fmt: skip


def test_they_are_chosen_by_plain_selects_and_shown_by_their_names(client, led, countries):
    as_(client, led.owner)
    page = client.get(url("client_edit", led.client_id)).content.decode()
    assert '<select name="citizenship_1"' in page
    assert page.count(">Syrien</option>") == 3
    assert "frühere Angabe" not in page
    sent = form_of(client, led) | {"citizenship_1": countries["SY"].pk, "citizenship_3": countries["TR"].pk}
    assert client.post(url("client_edit", led.client_id), sent).status_code == 302
    assert chosen(led) == ["SY", "TR"]
    for shown in (url("client_detail", led.client_id), led.get_absolute_url()):
        assert "Syrien, Türkei" in client.get(shown).content.decode()
    told = client.get(url("client_data_file", led.client_id, "json")).content.decode()
    assert "Syrien" in told


def test_somebody_of_many_countries_keeps_them_all(client, led, countries):
    led.client.citizenships.set([countries[key] for key in ("SY", "TR", "IQ", "IR", "DE")])
    as_(client, led.owner)
    assert client.post(url("client_edit", led.client_id), form_of(client, led)).status_code == 302
    assert chosen(led) == ["DE", "IQ", "IR", "SY", "TR"]
    assert client.post(url("client_edit", led.client_id), {"citizenship_9": "x"}).status_code == 422
    assert client.post(url("client_edit", led.client_id), {"citizenship_٣": "1"}).status_code == 422


def test_a_name_put_right_after_a_withdrawal_changes_no_citizenship(client, led, countries):
    led.consent_in_force.withdraw(by=led.owner)
    as_(client, led.owner)
    sent = form_of(client, led)
    assert client.post(url("client_edit", led.client_id), sent | {"family_name": "Neu"}).status_code == 302
    refused = client.post(url("client_edit", led.client_id), sent | {"citizenship_1": countries["SY"].pk})
    assert refused.status_code == 409
    assert chosen(led) == []


# What was typed before

OLD = {
    "SY": (["SY"], ""),
    "SY TR": (["SY", "TR"], ""),
    "Syrien": (["SY"], ""),
    "Bosnien und Herzegowina": (["BA"], ""),
    "XX": (["XX"], ""),
    "ZZ": ([], "ZZ"),
    "SY ZZ": (["SY"], "ZZ"),
}


@pytest.mark.parametrize("written", OLD)
def test_what_was_written_is_read_and_what_cannot_be_read_stays(written):
    [file] = Path(migrations.__path__[0]).glob("*_citizenships.py")
    move = importlib.import_module(f"casework.migrations.{file.stem}")
    there = person(), Client.objects.create(municipality=person().municipality, citizenship_text=written)
    Draft.keep(case_manager(), "case:new", {"citizenship": "SY", "family_name": "x"})
    editor = SimpleNamespace(connection=connection)
    move.choose(apps, editor)
    read = Client.objects.get(pk=there[1].pk)
    assert (sorted(read.citizenships.values_list("code", flat=True)), read.citizenship_text) == OLD[written]
    assert Draft.objects.get().data == {"citizenship_text": "SY", "family_name": "x"}
    county()
    load_codes()  # brings the others, and changes none of these
    assert Code.objects.filter(list=CITIZENSHIP, code="SY").count() == 1
    move.write_down(apps, editor)
    if written not in ("Syrien", "Bosnien und Herzegowina"):
        back = Client.objects.get(pk=read.pk).citizenship_text
        assert sorted(back.split()) == sorted(written.split())


def test_what_could_not_be_read_is_in_sight_until_somebody_chooses(client, led, countries):
    Client.objects.filter(pk=led.client_id).update(citizenship_text="Jugoslawien")
    as_(client, led.owner)
    assert "Jugoslawien" in client.get(led.get_absolute_url()).content.decode()
    sent = form_of(client, led)
    assert sent["citizenship_text"] == "Jugoslawien"
    client.post(url("client_edit", led.client_id), sent)
    assert Client.objects.get(pk=led.client_id).citizenship_text == "Jugoslawien"
    client.post(url("client_edit", led.client_id), sent | {"citizenship_1": countries["RS"].pk, "citizenship_text": ""})
    assert (Client.objects.get(pk=led.client_id).citizenship_text, chosen(led)) == ("", ["RS"])


# Imports


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("", []), ("SY", ["SY"]), ("sy tr", ["SY", "TR"]), ("Syrien; Türkei", ["SY", "TR"]), ("SY/TR", ["SY", "TR"]),
     ("syrien, Turkei", None), ("Syrein", None), ("Bosnien und Herzegowina", ["BA"]), ("staatenlos", ["XXA"]),
     ("SY, TR", ["SY", "TR"]), ("Kap Verde", None), ("Iran", ["IR"]), ("Kongo-Kinshasa", ["CD"])],
)  # fmt: skip
def test_a_sheet_names_them_by_name_or_code(countries, cell, expected):
    values = {"family_name": "Rahimi", "municipality": person().municipality.name, "citizenship": cell}
    given, faults = columns.read_row(Import.Kind.CASES, values, columns.Lists.of(case_manager()))
    if expected is None:
        assert [fault["column"] for fault in faults] == ["Staatsangehörigkeit"]
    else:
        assert not faults
        assert [row.code for row in given["citizenship"]] == expected


def test_a_member_of_the_household_has_one_too(client, countries):
    led = case_at(State.ASSESSMENT)
    as_(client, led.owner)
    sent = {"family_name": "Rahimi", "municipality": led.municipality_id, "citizenship_1": countries["AF"].pk}
    assert client.post(url("client_member", led.client_id), sent).status_code == 302
    assert Client.objects.filter(citizenships=countries["AF"]).count() == 1
    assert code(CITIZENSHIP, "AF").label == "Afghanistan"
