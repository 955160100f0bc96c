"""Consultations: written down quickly and once, found again, counted, exported without a person."""

import datetime as dt
import io
import re
import zipfile

import pytest
from django.urls import reverse

from casework.lifecycle import State
from casework.models import CaseIssue, Consultation, FollowUp, Look
from kim import workdays
from kim.models import Absence, Code, Draft, Role, TrailEntry, User
from steering.escalation import State as At
from tests.casework.factories import (
    actor,
    case,
    case_at,
    case_manager,
    code,
    consultation,
    structural_issue,
)
from tests.casework.factories import (
    client as person,
)
from tests.factories import issue_at, municipality, steering_group, user
from tests.htmx import SWAP, element
from tests.test_hostile import HOSTILE, Page, ask
from tests.triggers import nobody_has_read

pytestmark = pytest.mark.django_db

NEW = "/casework/consultations/new/"
LIST = "/casework/consultations/"
MONDAY = dt.datetime(2026, 4, 13, 10, 0, tzinfo=workdays.BERLIN)


def as_(client, who):
    client.force_login(who)
    return client


def sent(**given):
    """What the form sends for a contact of half an hour in the town hall."""
    return {
        "kind": "case",
        "held_on": f"{workdays.today():%d.%m.%Y}",
        "quarter_hours": "2",
        "form": code(Code.List.CONTACT_FORM).pk,
        "topics": [code(Code.List.LIFE_DOMAIN).pk],
        "persons": "1",
        "actions": "1",
    } | given


@pytest.fixture
def led():
    return case_at(State.MONITORING)


@pytest.fixture
def owner(led):
    return led.owner


# Writing one down


def test_a_consultation_with_a_case_is_kept_with_its_follow_up(client, led, owner):
    with workdays.as_of(MONDAY):
        Draft.keep(owner, "consultation:new", {"note": "angefangen"})
        given = sent(
            case=led.number, next_step="Beim Jobcenter nachfragen", next_on="20.04.2026", note="Antrag liegt vor."
        )
        answer = as_(client, owner).post(NEW, given)
    assert (answer.status_code, answer.url) == (302, led.get_absolute_url())
    made = Consultation.objects.get()
    assert (made.case, made.author, made.minutes, made.municipality) == (led, owner, 30, led.municipality)
    assert [str(topic) for topic in made.topics.all()] == ["WOHN"]
    follow_up = FollowUp.objects.get()
    assert (follow_up.case, follow_up.text, follow_up.on_day) == (
        led,
        "Beim Jobcenter nachfragen",
        dt.date(2026, 4, 20),
    )
    assert not Draft.objects.exists()
    assert TrailEntry.objects.filter(act="consultation.record", note="").exists()


def test_the_page_asks_no_more_than_twelve_times(client, led, owner, django_assert_max_num_queries):
    for _ in range(4):
        consultation(case=led)
        case(by=owner, person=person("Omid", "Karimi"))
    as_(client, owner)
    client.get(f"{NEW}?case={led.pk}")
    for address in (NEW, f"{NEW}?case={led.pk}"):
        nobody_has_read()  # read for the first time
        with django_assert_max_num_queries(12):
            assert client.get(address).status_code == 200


@pytest.mark.parametrize("way", ["from the case", "number typed", "name typed", "anonymous"])
def test_saving_asks_no_more_than_twelve_times(client, led, owner, way, django_assert_max_num_queries):
    area = code(Code.List.LEGAL_AREA)
    led.client.legal_areas.create(area=area, valid_from=workdays.today() - dt.timedelta(days=9))
    as_(client, owner)
    preset, alone = way == "from the case", way == "anonymous"
    address = f"{NEW}?case={led.pk}" if preset else NEW
    Draft.keep(owner, f"consultation:new:{led.pk}" if preset else "consultation:new", {"note": "angefangen"})
    day = workdays.next_workday(workdays.today() + dt.timedelta(days=3))
    given = {"kind": "alone", "municipality": led.municipality_id}
    if not alone:  # the legal areas are those of the case
        words = "Rahimi" if way == "name typed" else led.number
        given = {"case": words, "next_step": "Nachfragen", "next_on": f"{day:%d.%m.%Y}"}
    data = sent(**given)
    client.get(address)
    # Beginning and ending the two transactions: four statements, which wait for nothing.
    with django_assert_max_num_queries(12 + 4):
        assert client.post(address, data).status_code == 302
    made = Consultation.objects.get()
    assert list(made.legal_areas.all()) == ([] if alone else [area])
    assert FollowUp.objects.filter(case=led, on_day=day).exists() is not alone
    told = set(TrailEntry.objects.filter(by=owner).values_list("act", "kind", "object_id"))
    assert ("consultation.record", "casework.consultation", str(made.pk)) in told
    assert (("case.follow_up", "casework.case", str(led.pk)) in told) is not alone
    assert not Draft.objects.exists()


def test_the_legal_areas_of_the_case_hold_where_none_are_chosen(client, led, owner):
    led.client.legal_areas.create(area=code(Code.List.LEGAL_AREA), valid_from=workdays.today() - dt.timedelta(days=9))
    as_(client, owner).post(NEW, sent(case=led.number))
    assert [str(area) for area in Consultation.objects.get().legal_areas.all()] == ["SGB2"]
    other = code(Code.List.LEGAL_AREA, "ASYLBLG")
    client.post(NEW, sent(case=led.number, legal_areas=[other.pk]))
    assert list(Consultation.objects.first().legal_areas.all()) == [other]


@pytest.mark.parametrize("typed", ["{number}", "{lower}", "{digits}", "Rahimi", "rahimi, nadia", "DB-7788"])
def test_a_case_is_found_by_number_last_digits_or_name(client, led, owner, typed):
    led.foreign_number = "DB-7788"
    led.save()
    case(by=owner, person=person("Omid", "Karimi"))
    case(person=person("Nadia", "Rahimi"))  # somebody else's
    words = typed.format(number=led.number, lower=led.number.lower(), digits=int(led.number[-6:]))
    assert as_(client, owner).post(NEW, sent(case=words)).status_code == 302
    assert Consultation.objects.get().case == led


def test_a_name_that_fits_several_cases_asks_for_the_number(client, led, owner):
    second = case(by=owner, person=person("Farid", "Rahimi"))
    answer = as_(client, owner).post(NEW, sent(case="Rahimi"))
    assert answer.status_code == 422
    assert "Mehrere Fälle passen" in answer.text
    assert led.number in answer.text
    assert second.number in answer.text
    assert not Consultation.objects.exists()


def test_the_case_of_somebody_else_is_not_found(client, owner):
    foreign = case(person=person("Omid", "Karimi"))
    for words in (foreign.number, "Karimi"):
        answer = as_(client, owner).post(NEW, sent(case=words))
        assert answer.status_code == 422
        assert "In Ihrem Bestand passt kein Fall dazu" in answer.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"case": ""}, "Bitte geben Sie die Fallnummer oder den Namen an."),
        ({"topics": []}, "Themen: Bitte wählen."),
        ({"form": ""}, "Form: Bitte wählen."),
        ({"held_on": "14.04.2026"}, "Eine Beratung kann nicht in der Zukunft liegen."),
        ({"quarter_hours": "99"}, "Diese Auswahl gibt es nicht"),
        ({"persons": "0"}, "Bitte eine Zahl von 1 bis 999."),
        ({"next_on": "20.04.2026"}, "Was ist bis zu diesem Tag zu tun?"),
        ({"next_step": "Anrufen", "next_on": "01.05.2026"}, "Der nächste Arbeitstag ist Montag, 04.05.2026."),
        ({"next_step": "Anrufen", "next_on": "18.04.2026"}, "ist ein Samstag. Der nächste Arbeitstag"),
        ({"next_step": "Anrufen", "next_on": "10.04.2026"}, "Bitte einen Tag ab dem 13.04.2026 angeben."),
        ({"kind": "alone", "case": ""}, "Kommune: Bitte wählen."),
        ({"kind": "alone"}, "Sie haben einen Fall genannt."),
        ({"note": "a\x00b"}, "unsichtbares Steuerzeichen"),
        ({"sent_as": "kein Schlüssel"}, "Bitte laden Sie die Seite neu."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(client, led, owner, wrong, said):
    with workdays.as_of(MONDAY):
        answer = as_(client, owner).post(NEW, sent(case=led.number, note="Bleibt stehen.") | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<title>Fehler:" in answer.text
    assert not Consultation.objects.exists()
    assert not FollowUp.objects.exists()


def test_an_anonymous_one_needs_a_place_and_makes_no_follow_up(client, owner):
    place = municipality("Windeck")
    answer = as_(client, owner).post(NEW, sent(kind="alone", municipality=place.pk, next_step="Merkblatt schicken"))
    made = Consultation.objects.get()
    assert answer.url == made.get_absolute_url()
    assert made.is_anonymous
    assert made.municipality == place
    assert not FollowUp.objects.exists()


def test_a_locked_case_takes_no_consultation_and_what_was_typed_stays(client, led, owner):
    led.consent_in_force.withdraw(by=owner)
    answer = as_(client, owner).post(NEW, sent(case=led.number, note="Schon getippt."))
    assert answer.status_code == 403
    assert "Der Fall ist gesperrt" in answer.text
    assert "Schon getippt." in answer.text
    assert client.get(f"{NEW}?case={led.pk}").status_code == 403
    assert not Consultation.objects.exists()


def test_a_form_sent_twice_is_taken_once(client, led, owner):
    page = as_(client, owner).get(NEW).text
    token = re.search(r'name="sent_as" value="([^"]+)"', page)[1]
    first = client.post(NEW, sent(case=led.number, sent_as=token))
    second = client.post(NEW, sent(case=led.number, sent_as=token))
    made = Consultation.objects.get()
    assert (first.status_code, second.url) == (302, made.get_absolute_url())
    assert "ist schon gespeichert" in client.get(second.url).text
    fresh = re.search(r'name="sent_as" value="([^"]+)"', client.get(NEW).text)[1]
    assert fresh != token


def test_saving_leads_on_to_the_next_or_to_the_issue(client, led, owner):
    assert as_(client, owner).post(NEW, sent(case=led.number, act="next")).url == NEW
    answer = client.post(NEW, sent(case=led.number, act="issue"))
    assert answer.url == reverse("casework:consultation_issue_new", args=[Consultation.objects.first().pk])


def test_a_referral_to_somebody_of_the_directory_is_tied_to_it(client, led, owner):
    there = actor(name="AWO Siegburg")
    as_(client, owner).post(NEW, sent(case=led.number, referred_to="awo siegburg"))
    assert Consultation.objects.get().referred_actor == there
    client.post(NEW, sent(case=led.number, referred_to="Kinderärztin im Ort"))
    assert Consultation.objects.first().referred_to == "Kinderärztin im Ort"


def checked(page, name) -> list[str]:
    return re.findall(rf'name="{name}"\s+value="([^"]+)"\s+id="[^"]+" checked', page)


def test_defaults_come_from_the_last_contact_and_the_case(client, led, owner):
    phone, arabic, pool = code("contact_form", "TEL"), code("language", "ar"), code("interpreter", "POOL")
    owner.assignments.update(municipality=led.municipality)
    consultation(case=led, form=phone, language=arabic, interpreter=pool, place="Zimmer 12")
    led.client.legal_areas.create(area=code("legal_area"), valid_from=workdays.today() - dt.timedelta(days=9))
    page = as_(client, owner).get(f"{NEW}?case={led.pk}").text
    assert checked(page, "form") == [str(phone.pk)]
    assert checked(page, "legal_areas") == [str(code("legal_area").pk)]
    assert checked(page, "kind") == ["case"]
    assert f'value="{led.number}"' in page
    assert f'<option value="{arabic.pk}" selected>' in page
    assert f'<option value="{pool.pk}" selected>' in page
    assert 'value="Zimmer 12"' in page
    assert "letzter Kontakt" in page
    assert TrailEntry.objects.filter(act="case.read", object_id=str(led.pk), by=owner).exists()


def came_with(page) -> str:
    return re.search(r'name="carried" value="([^"]*)"', page)[1]


def test_the_language_follows_the_case_that_is_typed_unless_another_was_chosen(client, led, owner):
    german, arabic, pool = code("language", "de"), code("language", "ar"), code("interpreter", "POOL")
    consultation(case=case(by=owner, person=person("Omid", "Karimi")), language=german)
    led.client.languages.set([arabic])
    page = as_(client, owner).get(NEW).text
    assert f'<option value="{german.pk}" selected>' in page
    address, typed = reverse("casework:consultation_case"), {"case": led.number, "carried": came_with(page)}
    found = client.post(address, typed | {"language": german.pk, "interpreter": ""}, headers=SWAP).text
    assert f'<option value="{arabic.pk}" selected>' in element(found, "sprache")
    assert came_with(found) == f"{led.pk}:{arabic.pk}:"
    chosen = client.post(address, typed | {"language": german.pk, "interpreter": pool.pk}, headers=SWAP).text
    assert element(chosen, "sprache") == ""


def test_a_case_named_after_the_language_was_filled_in_is_asked_back_about_it(client, led, owner):
    german, arabic, pool = code("language", "de"), code("language", "ar"), code("interpreter", "POOL")
    consultation(case=led, language=arabic, interpreter=pool)
    consultation(case=case(by=owner, person=person("Omid", "Karimi")), language=german)
    page = as_(client, owner).get(NEW).text
    given = sent(case=led.number, carried=came_with(page), language=german.pk, interpreter="")
    before = Consultation.objects.count()
    asked = client.post(NEW, given)
    assert asked.status_code == 422
    assert "wie zuletzt bei diesem Fall" in asked.text
    assert f'<option value="{arabic.pk}" selected>' in asked.text
    assert f'<option value="{pool.pk}" selected>' in asked.text
    assert Consultation.objects.count() == before
    again = given | {"carried": came_with(asked.text)}
    assert client.post(NEW, again).status_code == 302  # said German once more: that is an answer
    assert Consultation.objects.latest("pk").language == german


def test_nobody_takes_the_language_of_somebody_else_and_the_need_of_an_interpreter_is_said(client, led, owner):
    consultation(case=case(by=owner, person=person("Omid", "Karimi")), language=code("language", "de"))
    led.client.languages.clear()
    led.client.interpreter_needed = True
    led.client.save()
    page = as_(client, owner).get(f"{NEW}?case={led.pk}").text
    assert "selected" not in element(page, "id_language").replace('value="" selected', "")
    assert "Sprachmittlung nötig" in page


def test_the_place_of_today_comes_before_that_of_the_last_contact(client, led, owner):
    here = municipality("Eitorf")
    owner.assignments.update(municipality=here, weekdays=str(workdays.today().isoweekday()))
    consultation(case=led, place="Zimmer 12")
    page = as_(client, owner).get(NEW).text
    assert f'<option value="{here.pk}" selected>' in page
    assert "Zimmer 12" not in page


def test_a_draft_is_there_again_and_for_its_author_alone(client, led, owner):
    data = {"kind": "case", "case": led.number, "note": "Halb getippt", "quarter_hours": "4", "sent_as": "alt"}
    Draft.keep(owner, "consultation:new", data)
    page = as_(client, owner).get(NEW).text
    assert "Halb getippt" in page
    assert checked(page, "quarter_hours") == ["4"]
    assert 'value="alt"' not in page
    assert "Halb getippt" not in as_(client, case_manager()).get(NEW).text


def test_what_is_known_of_the_named_case_is_shown_without_an_address(client, led, owner):
    consultation(case=led)
    address = reverse("casework:consultation_case")
    found = as_(client, owner).post(address, {"case": "Rahimi"}, headers=SWAP)
    assert found.text.strip().startswith(led.client.identity.listed)
    assert "letzter Kontakt" in found.text
    assert "passt kein Fall dazu" in client.post(address, {"case": "Niemand"}).text
    assert client.post(address, {"case": "\x00"}).status_code == 200
    assert client.get(address).status_code == 405
    assert "Rahimi" not in as_(client, case_manager()).post(address, {"case": "Rahimi"}).text


def test_a_case_is_found_by_the_names_of_a_family_in_any_script(client, led, owner):
    address = reverse("casework:consultation_case")
    led.client.keep_household(by=owner, adults=1, children=1)
    person("طارق", "صابوني", household=led.client.household)
    for typed in ("رحيمي", "Sabouni", "Sabuni, Tarik"):
        assert led.client.identity.listed in as_(client, owner).post(address, {"case": typed}).text
        assert "Rahimi" not in as_(client, case_manager()).post(address, {"case": typed}).text


# The list, one of them, the file


def test_the_list_holds_ones_own_narrowed_and_added_up(client, led, owner):
    place = municipality("Windeck")
    kita = code("life_domain", "KITA")
    consultation(case=led, persons=3, actions=2, quarter_hours=4, held_on=workdays.today() - dt.timedelta(days=40))
    consultation(by=owner, municipality=place, topics=[kita], quarter_hours=1)
    consultation(by=case_manager())
    as_(client, owner)
    everything = client.get(LIST).text
    assert "2 Beratungen" in everything
    assert "<strong>4</strong> Personen · <strong>3</strong> Aktionen · <strong>1,25</strong> Stunden" in everything
    assert "Rahimi" not in everything
    for query, left in [
        ("kind=alone", "anonym"), ("kind=case", led.number), (f"topic={kita.pk}", "KITA"),
        (f"municipality={place.pk}", "Windeck"), (f"since={workdays.today():%d.%m.%Y}", "anonym"),
        (f"until={workdays.today() - dt.timedelta(days=9):%d.%m.%Y}", led.number), (f"case={led.pk}", led.number),
    ]:  # fmt: skip
        page = client.get(f"{LIST}?{query}").text
        assert "1 Beratung<" in page, query
        assert left in element(page, "results")
    assert "Nichts gefunden" in client.get(f"{LIST}?until=01.01.2020").text
    assert "bleibt unbeachtet" in client.get(f"{LIST}?since=gestern&topic=abc").text
    assert "Noch keine Beratungen" in as_(client, case_manager()).get(LIST).text


def test_the_list_is_paged_by_key_with_a_fixed_number_of_queries(client, led, owner):
    as_(client, owner)
    consultation(case=led)
    client.get(LIST)
    with CountQueries() as one:
        client.get(LIST)
    for number in range(30):
        consultation(case=led, held_on=workdays.today() - dt.timedelta(days=number % 3))
    with CountQueries() as many:
        page = client.get(LIST)
    assert len(many) == len(one) <= 12
    following = re.search(r'href="(\?after=[^"]+)"', page.text)[1].replace("&amp;", "&")
    second = client.get(LIST + following)
    seen = re.findall(r'href="/casework/consultations/(\d+)/" data-keys-open', page.text + second.text)
    assert sorted(map(int, seen)) == sorted(Consultation.objects.values_list("pk", flat=True))
    swapped = client.get(LIST, headers=SWAP)
    assert element(swapped.text, "results") == element(client.get(LIST).text, "results") != ""


def test_the_list_is_searched_without_a_word_in_the_address(client, led, owner):
    consultation(case=led, note="Mietvertrag geprüft")
    consultation(by=owner, place="Bücherei")
    as_(client, owner)
    for typed, left in [("Rahimi", led.number), ("رحيمي", led.number), ("mietvertrag", led.number),
                        (led.number[-4:], led.number), ("bücherei", "anonym")]:  # fmt: skip
        answer = client.post(LIST, {"q": typed, "kind": ""})
        assert answer.status_code == 302
        assert re.fullmatch(rf"{LIST}\?suche=[\w-]+", answer.url)
        page = client.get(answer.url).text
        assert "1 Beratung<" in page, typed
        assert left in element(page, "results")
    swapped = client.post(LIST, {"q": "Rahimi", "sort": "old"}, headers=SWAP)
    assert "1 Beratung<" in swapped.text
    assert "Rahimi" not in swapped.headers["HX-Push-Url"]
    search = swapped.headers["HX-Push-Url"].partition("?")[2]
    text = b"".join(client.get(f"/casework/consultations/export/csv/?{search}").streaming_content).decode()
    assert len(text.strip().splitlines()) == 2
    assert "Suche" in TrailEntry.objects.filter(act="consultation.export").latest("pk").note
    assert "nicht mehr gespeichert" in client.get(f"{LIST}?suche=fort").text
    assert "Nichts gefunden" in client.get(client.post(LIST, {"q": "???"}).url).text


def test_the_list_is_sorted_and_a_search_is_kept_without_its_words(client, led, owner):
    for days, quarters in [(3, 2), (2, 8), (1, 4)]:
        consultation(case=led, held_on=workdays.today() - dt.timedelta(days=days), quarter_hours=quarters)
    as_(client, owner)
    for order, expected in [("", [4, 8, 2]), ("old", [2, 8, 4]), ("long", [8, 4, 2])]:
        assert [row.quarter_hours for row in client.get(LIST, {"sort": order}).context["page"]] == expected
    for number in range(27):
        consultation(case=led, quarter_hours=3 + number % 2)
    for order in ("old", "long"):
        page = client.get(LIST, {"sort": order})
        after = re.search(r'href="(\?[^"]*after=[^"]+)"', page.text)[1].replace("&amp;", "&")
        rest = client.get(LIST + after).context["page"]
        assert len({row.pk for row in [*page.context["page"], *rest]}) == 30
    token = client.post(LIST, {"q": "Rahimi", "kind": "case"}).url
    kept = re.search(r'name="query" value="([^"]*)"', client.get(token).text)[1]
    assert kept == "kind=case"
    client.post(reverse("kim:filter_save"), {"page": "casework:consultation_list", "name": "Mit Fall", "query": kept})
    assert "Mit Fall" in client.get(LIST).text


class CountQueries:
    def __enter__(self):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self.context = CaptureQueriesContext(connection)
        return self.context.__enter__()

    def __exit__(self, *args):
        self.context.__exit__(*args)


def test_the_files_hold_what_the_list_shows_and_no_person(client, led, owner):
    consultation(case=led, note="Rahimi war da.", next_step="Rahimi anrufen", place="=HYPERLINK(1)")
    consultation(by=owner)
    as_(client, owner)
    answer = client.get(reverse("casework:consultation_export", args=["csv"]), {"kind": "case"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert led.number in text
    assert len(text.strip().splitlines()) == 2
    assert "Rahimi" not in text
    assert "HYPERLINK" not in text
    assert re.fullmatch(r'attachment; filename="beratungen-[\d-]+\.csv"', answer["Content-Disposition"])
    book = client.get(reverse("casework:consultation_export", args=["xlsx"]))
    sheet = zipfile.ZipFile(io.BytesIO(b"".join(book.streaming_content)))
    assert any(led.number.encode() in sheet.read(name) for name in sheet.namelist())
    noted = TrailEntry.objects.filter(act="consultation.export").values_list("note", flat=True)
    assert list(noted) == ["CSV, 1 Zeilen, eingegrenzt nach Art", "XLSX, 2 Zeilen"]
    assert client.get(reverse("casework:consultation_export", args=["pdf"])).status_code == 404


def test_reading_one_is_written_down_and_its_title_says_nothing(client, led, owner, django_assert_max_num_queries):
    one = consultation(case=led, note="Antrag liegt vor.")
    as_(client, owner)
    client.get(one.get_absolute_url())
    with django_assert_max_num_queries(12):
        page = client.get(one.get_absolute_url()).text
    assert "Antrag liegt vor." in page
    assert "Rahimi" not in page.split("<title>")[1].split("</title>")[0]
    assert TrailEntry.objects.filter(act="consultation.read", object_id=str(one.pk), by=owner).count() == 1


def test_correcting_keeps_case_and_plans_nothing_anew(client, led, owner):
    one = consultation(case=led, quarter_hours=7, held_on=workdays.today() - dt.timedelta(days=3))
    url = reverse("casework:consultation_edit", args=[one.pk])
    page = as_(client, owner).get(url).text
    assert checked(page, "quarter_hours") == ["7"]
    assert 'name="case"' not in page
    answer = client.post(url, sent(quarter_hours="7", note="Nachgetragen", next_step="Anrufen", next_on="01.03.2020"))
    assert answer.url == one.get_absolute_url()
    one.refresh_from_db()
    assert (one.note, one.case, one.next_on, one.municipality) == (
        "Nachgetragen", led, dt.date(2020, 3, 1), led.municipality,
    )  # fmt: skip
    assert not FollowUp.objects.exists()
    assert client.post(url, sent(topics=[])).status_code == 422
    Draft.keep(owner, f"consultation:{one.pk}", {"note": "Ungespeichert"})
    assert "Ungespeichert" in client.get(url).text
    client.post(url, {"act": "discard"})
    assert "Ungespeichert" not in client.get(url).text


def test_the_case_shows_its_last_five_and_today_those_of_today(client, led, owner, django_assert_max_num_queries):
    for number in range(6):
        consultation(case=led, held_on=workdays.today() - dt.timedelta(days=number))
    as_(client, owner)
    client.get(led.get_absolute_url())
    with django_assert_max_num_queries(12):
        page = client.get(led.get_absolute_url()).text
    part = element(page, "consultations")
    assert part.count("data-keys-open") == 5
    assert f"{NEW}?case={led.pk}" in part
    with django_assert_max_num_queries(12):
        start = client.get("/").text
    assert f'href="{NEW}"' in start
    assert led.number in start
    assert "Beratungen heute" not in as_(client, user(Role.COORDINATION)).get("/").text


# Who may open what


def again(who):
    return User.objects.get(pk=who.pk)


@pytest.fixture
def people(led):
    today = workdays.today()
    deputy = case_manager(name="Vertretung")
    Absence.objects.create(user=led.owner, deputy=deputy, valid_from=today, valid_until=today + dt.timedelta(days=5))
    return {
        "owner": led.owner,
        "foreign": case_manager(employer="stadt-troisdorf"),
        "deputy": deputy,
        "coordination": user(Role.COORDINATION),
        "office": user(Role.STRATEGIC_OFFICE),
        "steering": steering_group().leads().get(),
        "lead": user(Role.PROJECT_GROUP),
        "authority": user(Role.AUTHORITY),
        "admin": user(Role.ADMIN),
        "audit": user(Role.AUDIT),
        "anonymous": None,
    }


NOBODY = {"coordination", "office", "steering", "lead", "authority", "admin", "audit"}
#: Address → who gets 200, who gets 403; all others signed in get 404, and somebody at the door 302.
MANAGERS = {"owner", "foreign", "deputy"}
TABLE = [
    ("get", "consultation_list", None, MANAGERS, NOBODY),
    ("get", "consultation_new", None, MANAGERS, NOBODY),
    ("post", "consultation_case", None, MANAGERS, NOBODY),
    ("get", "consultation_export", "csv", MANAGERS, NOBODY),
    ("get", "consultation_detail", "with_case", {"owner", "deputy"}, set()),
    ("get", "consultation_edit", "with_case", {"owner", "deputy"}, set()),
    ("get", "consultation_issue_new", "with_case", {"owner", "deputy"}, set()),
    ("get", "consultation_issue_link", "with_case", {"owner", "deputy"}, set()),
    ("post", "consultation_issue_similar", "with_case", {"owner", "deputy"}, set()),
    ("get", "consultation_detail", "alone", {"owner", "deputy"}, set()),
    ("get", "consultation_edit", "alone", {"owner", "deputy"}, set()),
    ("get", "consultation_issue_new", "alone", {"owner", "deputy"}, set()),
    ("get", "consultation_issue_link", "alone", {"owner", "deputy"}, set()),
    ("post", "consultation_issue_similar", "alone", {"owner", "deputy"}, set()),
    ("get", "case_issue_new", "case", {"owner", "deputy"}, set()),
    ("get", "case_issue_link", "case", {"owner", "deputy"}, set()),
    ("post", "case_issue_similar", "case", {"owner", "deputy"}, set()),
    ("get", "case_issue_edit", "link", {"owner", "deputy"}, set()),
]


@pytest.mark.parametrize(("method", "name", "of", "shown", "refused"), TABLE)
def test_every_address_for_everybody(client, led, people, method, name, of, shown, refused):
    ids = {
        "case": led.pk,
        "with_case": consultation(case=led).pk,
        "alone": consultation(by=led.owner).pk,
        "link": CaseIssue.link(by=led.owner, issue=structural_issue(), case=led).pk,
        "csv": "csv",
    }
    address = reverse(f"casework:{name}", args=[ids[of]] if of else [])
    for who, account in people.items():
        client.logout()
        if account:
            client.force_login(again(account))
        wanted = 302 if account is None else 200 if who in shown else 403 if who in refused else 404
        assert getattr(client, method)(address).status_code == wanted, who


def test_a_look_shows_a_consultation_and_lets_nobody_act(client, led):
    coordination = user(Role.COORDINATION)
    one = consultation(case=led)
    Look.take(led, by=coordination, reason="Beschwerde der Person vom 12.03.")
    as_(client, again(coordination))
    page = client.get(one.get_absolute_url())
    assert page.status_code == 200
    assert "Knackpunkt melden" not in element(page.text, "inhalt")
    assert client.get(led.get_absolute_url()).status_code == 200
    for name, pk in [("consultation_edit", one.pk), ("consultation_issue_new", one.pk), ("case_issue_new", led.pk)]:
        assert client.get(reverse(f"casework:{name}", args=[pk])).status_code == 403


def test_what_is_written_by_somebody_is_what_they_see_of_their_own(led, owner):
    mine = [consultation(case=led), consultation(by=owner)]
    consultation(by=case_manager())
    assert list(Consultation.objects.written_by(owner).order_by("pk")) == mine
    led.owner = case_manager()
    led.save()
    left = Consultation.objects.written_by(again(owner))
    assert list(left) == mine[1:]
    seen = Consultation.objects.visible_to(again(owner)).filter(author=owner)
    assert set(left) == set(seen)


def test_names_in_no_address(client, led, owner):
    page = as_(client, owner).get(f"{NEW}?case={led.pk}").text
    addresses = re.findall(r'(?:href|action|data-hx-\w+)="([^"]+)"', page)
    assert not [one for one in addresses if "Rahimi" in one or "RSK" in one]


@pytest.mark.long
def test_no_form_breaks_whatever_is_typed_into_it(client, led, owner):
    one, link = consultation(case=led), CaseIssue.link(by=owner, issue=issue_at(At.STRATEGY), case=led)
    client.raise_request_exception = False
    as_(client, owner)
    starts = [
        NEW,
        f"{NEW}?case={led.pk}",
        LIST,
        f"{one.get_absolute_url()}edit/",
        link_url(link),
        led.get_absolute_url(),
    ]
    starts += [reverse(f"casework:{name}", args=[led.pk]) for name in ("case_issue_new", "case_issue_link")]
    for start in starts:
        for form in Page(client.get(start).text).forms:
            target = form["action"] or start
            if "casework" not in target or form["method"] == "dialog":
                continue
            for value in HOSTILE[1:5]:
                ask(client, form["method"], target, dict.fromkeys(form["fields"], value))
            for number, name in enumerate(form["fields"]):
                ask(client, form["method"], target, form["fields"] | {name: HOSTILE[number % len(HOSTILE)]})
    for parameter in ("case", "since", "until", "kind", "topic", "municipality", "after", "before", "issue"):
        for value in HOSTILE[1::4]:
            for address in (LIST, NEW, reverse("casework:case_issue_link", args=[led.pk])):
                ask(client, "get", address, {parameter: value[:2000]})


def link_url(link):
    return reverse("casework:case_issue_edit", args=[link.pk])


def test_what_is_needed_carries_a_star(client, owner):
    page = as_(client, owner).get(NEW).text
    starred = re.findall(r'<span class="kim-form__name" id="[^"]+">([^<]+)<span class="asteriskField">', page)
    assert starred == ["Für wen", "Wann, wie lange", "Form und Ort", "Themen"]
