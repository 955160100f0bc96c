"""What a person may ask for (Art. 15 DSGVO): every personal field of the table, as JSON and as a tagged PDF."""

import datetime as dt
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from casework.lifecycle import State
from casework.models import Case, HandOver, Household, Look, Procedure
from casework.person_data import NOT_TOLD, OF_NOBODY, about, tables
from casework.privacy import TABLE, Category, row_of
from kim import trail
from kim.models import Code, Role
from tests.casework.factories import (
    authority,
    case,
    case_at,
    case_manager,
    checklist,
    code,
    consent,
    consultation,
)
from tests.casework.factories import (
    client as person,
)
from tests.factories import user

pytestmark = pytest.mark.django_db


@pytest.fixture
def led():
    """A case with something in most tables, beside another one that must not show."""
    home = Household.objects.create(adults=2, children=1)
    nadia = person("Nadia", "Rahimi", household=home, birth_date=dt.date(1990, 3, 12), phone="02243 912345")
    made = case_at(State.MONITORING, person=nadia, occasion="Kündigung der Wohnung")
    nadia.languages.add(code(Code.List.LANGUAGE))
    nadia.change_residence_status(by=made.owner, status=code(Code.List.RESIDENCE_STATUS))
    consultation(case=made, note="Erstgespräch im Rathaus")
    agreed = consent(made, "MODUL3", authority())
    Procedure.hand_over(
        made, by=made.owner, checklist=checklist(), authority=authority(), consent=agreed, person="Nadia Rahimi",
        text="Bitte um Prüfung.",
    )  # fmt: skip
    other = case(by=made.owner, person=person("Karim", "Haddadi", household=home), occasion="Schulplatz")
    consultation(case=other, note="Fremde Notiz")
    return made


def file(client, made, kind):
    client.force_login(made.owner)
    return client.get(reverse("casework:client_data_file", args=[made.client_id, kind]))


def test_every_personal_field_of_the_privacy_table_appears(client, led):
    told = json.loads(file(client, led, "json").content)
    shown = {table["name"]: {field["feld"] for field in table["felder"]} for table in told["angaben"]}
    for row in TABLE:
        if row.category == Category.HARMLESS or row.model in OF_NOBODY:
            continue
        assert set(row.fields) <= shown[row.model], row
    for table in told["angaben"]:
        for entry in table["eintraege"]:
            assert set(entry) == {field["feld"] for field in table["felder"]}


def test_every_table_leads_to_a_person_or_is_said_to_lead_to_nobody(led):
    assert {model.__name__ for model in tables()} | OF_NOBODY == {row.model for row in TABLE}
    assert len(about(led.client, by=led.owner)) == len(tables())


def test_every_field_is_called_in_german(led):
    english = {"client", "case", "folded", "household", "recorded by", "by", "cases", "ID", "id"}
    for part in about(led.client, by=led.owner):
        assert part.name not in english
        assert not english & {field.label for field in part.fields}, part.model


def test_it_tells_what_is_there_and_nothing_of_anybody_else(client, led):
    text = file(client, led, "json").content.decode()
    for words in ("Rahimi", "1990-03-12", "02243 912345", "Kündigung der Wohnung", "Erstgespräch", led.number,
                  "Bitte um Prüfung.", "Ausländeramt", "DULD"):  # fmt: skip
        assert words in text, words
    for words in ("Haddadi", "Schulplatz", "Fremde Notiz"):
        assert words not in text, words
    field = next(
        field for table in json.loads(text)["angaben"] if table["name"] == "Case"
        for field in table["felder"] if field["feld"] == "occasion"
    )  # fmt: skip
    assert field["zweck"] == row_of(Case, "occasion").purpose
    assert field["aufbewahrung"]


def test_a_case_led_elsewhere_is_told_there(client, led):
    elsewhere = case(by=case_manager(employer="stadt-troisdorf"))
    Case.objects.filter(pk=elsewhere.pk).update(client=led.client, occasion="Bei der Stadt")
    consultation(case=Case.objects.get(pk=elsewhere.pk), note="Notiz der Stadt")
    text = file(client, led, "json").content.decode()
    assert elsewhere.number not in text
    assert "Notiz der Stadt" not in text


def test_the_pdf_is_tagged_and_named_after_nobody(client, led):
    answer = file(client, led, "pdf")
    data = answer.content
    assert data.startswith(b"%PDF-")
    for mark in (b"/StructTreeRoot", b"/MarkInfo", b"pdfuaid"):
        assert mark in data, mark
    for kind in ("pdf", "json"):
        named = file(client, led, kind).headers["Content-Disposition"]
        assert "auskunft-" in named
        assert "Rahimi" not in named
    acts = [row.act for row in trail.of(led.client)]
    assert acts.count("client.export") == 3


def test_hostile_text_stays_text(client, led):
    Case.objects.filter(pk=led.pk).update(occasion='#strong[x] #sys.inputs "\\ $ سارة')
    assert file(client, led, "pdf").content.startswith(b"%PDF-")


def test_only_who_works_on_the_case_hands_it_out(client, led):
    url = reverse("casework:client_data", args=[led.client_id])
    client.force_login(led.owner)
    page = client.get(url).content.decode()
    assert "Rahimi" in page
    assert "Rahimi" not in page.split("</title>")[0]
    assert url in client.get(led.get_absolute_url()).content.decode()
    coordinator = user(Role.COORDINATION)
    client.force_login(coordinator)
    assert client.get(url).status_code == 404
    Look.take(led, by=coordinator, reason="Beschwerde vom 12.03.")
    client.force_login(type(coordinator).objects.get(pk=coordinator.pk))
    assert client.get(url).status_code == 403
    assert url not in client.get(led.get_absolute_url()).content.decode()
    assert client.get(reverse("casework:client_data_file", args=[led.client_id, "json"])).status_code == 403
    client.force_login(led.owner)
    assert client.get(reverse("casework:client_data_file", args=[led.client_id, "csv"])).status_code == 404


def test_queries_do_not_grow_with_what_is_kept(client, led, django_assert_max_num_queries):
    client.force_login(led.owner)
    with django_assert_max_num_queries(12):
        client.get(reverse("casework:client_data", args=[led.client_id]))
    numbers = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            file(client, led, "json")
        numbers.append(len(asked))
        for number in range(6):
            consultation(case=led, note=f"Nummer {number}", topics=[code(Code.List.LIFE_DOMAIN)])
    assert numbers[0] == numbers[1]


def test_a_hand_over_with_cases_of_others_tells_neither_their_numbers_nor_its_words(client, led):
    others = list(Case.objects.exclude(pk=led.pk))
    taker = case_manager()
    again = case(by=led.owner, person=led.client)
    shared = HandOver.offer(
        by=led.owner, giver=led.owner, taker=taker, cases=[led, again, *others], note="Haddadi eilt"
    )
    shared.refuse(by=taker, reason="Haddadi kenne ich")
    HandOver.offer(by=led.owner, giver=led.owner, taker=taker, cases=[led, again], note="Rahimi eilt")
    content = file(client, led, "json").content.decode()
    told = {table["name"]: table["eintraege"] for table in json.loads(content)["angaben"]}["HandOver"]
    assert [sorted(one["cases"]) for one in told] == [sorted([led.number, again.number])] * 2
    assert [one["note"] for one in told] == [NOT_TOLD, "Rahimi eilt"]
    assert told[0]["refusal"] == NOT_TOLD
    assert "Haddadi" not in content
    assert not any(one.number in content for one in others)
