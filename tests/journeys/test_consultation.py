"""A consultation by keyboard alone, and from a consultation to a reported issue with a name that the gate stops."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from casework.models import CaseIssue, Consultation
from kim.models import Code, Draft
from steering.escalation import State
from steering.models import Issue
from tests.casework.factories import case, client, code
from tests.journeys.conftest import sign_in
from tests.journeys.typist import Typist
from tests.journeys.visitor import Visitor

SITUATION = "Leistungen enden, bevor der neue Titel ausgestellt ist."


@pytest.fixture
def led(people):
    code(Code.List.CONTACT_FORM, "RATHAUS")
    code(Code.List.CONTACT_FORM, "TEL")
    code(Code.List.LIFE_DOMAIN, "WOHN")
    code(Code.List.CONSULTATION_RESULT, "WARTET")
    person = client("Nadia", "Rahimi", place=people.place)
    case(by=people.anna, person=client("Omid", "Karimi", place=people.place))
    return case(by=people.anna, person=person)


def test_what_has_the_focus_is_never_under_the_bar_with_the_buttons(people, led, window):
    visitor = window(people.anna, height=720)
    visitor.open("/casework/consultations/new/")
    page = visitor.page
    for _ in range(120):
        page.keyboard.press("Tab")
        page.wait_for_timeout(20)
        below, bar = page.evaluate(
            """() => {
                const focused = document.activeElement, bar = document.querySelector(".kim-submit");
                const inside = focused.closest("form") === bar.closest("form") && !bar.contains(focused);
                const from = bar.getBoundingClientRect().top;
                return [inside ? focused.getBoundingClientRect().bottom : 0, from];
            }"""
        )
        assert below <= bar or below == 0
        if page.evaluate("document.querySelector('.kim-submit').contains(document.activeElement)"):
            return
    raise AssertionError("the bar was never reached")


@pytest.mark.short
def test_a_consultation_by_keyboard_alone(people, led, window):
    visitor = window(people.anna)
    visitor.open("/")
    page, keys = visitor.page, visitor.page.keyboard
    keys.press("b")
    visitor.reads("Für wen").look()

    # Nothing but the topic is missing for the same person as before: here, everything is said once.
    keys.press("Alt+1")
    expect(page.locator("[name=kind]:focus")).to_have_value("case")
    keys.press("Tab")
    keys.type("Rahimi")
    keys.press("Tab")
    expect(page.locator("#fall-hilfe")).to_contain_text("Rahimi, Nadia · Windeck")
    keys.press("Alt+2")
    expect(page.locator("[name=quarter_hours]:focus")).to_have_value("2")
    keys.press("ArrowRight")
    keys.press("Alt+3")
    keys.press("Space")
    keys.press("ArrowRight")

    # Sent too early: what is missing is said, and reached by its link.
    keys.press("Control+Enter")
    expect(page.locator(".kim-errors")).to_be_focused()
    visitor.look()
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("[name=topics]:focus")).to_have_count(1)
    keys.press("Space")
    keys.press("Alt+9")
    keys.type("Beim Jobcenter nachfragen")
    keys.press("Alt+0")
    keys.type("Antrag liegt vor.")
    visitor.reads("Entwurf gespeichert,")
    keys.press("Control+Enter")
    expect(page.locator("#mitteilungen")).to_contain_text("Beratung gespeichert.")
    visitor.look()
    made = Consultation.objects.get()
    assert (made.case, made.minutes, made.form.code) == (led, 45, "TEL")
    assert (made.next_step, made.note) == ("Beim Jobcenter nachfragen", "Antrag liegt vor.")
    assert not Draft.objects.exists()

    # The next one knows form, place and case by itself.
    keys.press("b")
    visitor.reads("letzter Kontakt").look()
    expect(page.locator("[name=form]:checked")).to_have_value(str(made.form_id))
    expect(page.locator("[name=case]")).to_have_value(led.number)


@pytest.mark.short
def test_a_consultation_takes_an_average_typist_less_than_a_minute(people, led, window):
    """Counted by the keystroke-level model (typist.py): from the start page until it is kept, everything said once."""
    visitor = window(people.anna)
    visitor.open("/")
    page, typist = visitor.page, Typist(visitor.page)
    typist.press("b")
    visitor.reads("Für wen")
    typist.press("Alt+1", "Tab")
    typist.type("Rahimi")
    typist.press("Tab")
    expect(page.locator("#fall-hilfe")).to_contain_text("Rahimi, Nadia · Windeck")
    typist.press("Alt+2", "ArrowRight")
    typist.press("Alt+3", "Space", "ArrowRight")
    typist.press("Alt+4", "Space")
    typist.press("Alt+9")
    typist.type("Beim Jobcenter nachfragen")
    typist.press("Alt+0")
    typist.type("Antrag liegt vor, Bescheid bis Monatsende zugesagt.")
    typist.press("Control+Enter")
    expect(page.locator("#mitteilungen")).to_contain_text("Beratung gespeichert.")
    made = Consultation.objects.get()
    assert (made.case, made.minutes, made.form.code) == (led, 45, "TEL")
    assert made.topics.count() == 1
    assert made.note.endswith("zugesagt.")
    assert typist.stops <= 3  # row by row with Alt and a digit: hardly a Tab
    assert typist.keys - len(made.note) - len(made.next_step) <= 40
    assert typist.seconds < 60


def test_a_consultation_is_there_after_the_session_ended(people, led, window):
    visitor = window(people.anna)
    address = f"/casework/consultations/new/?case={led.pk}"
    visitor.open(address).fill(form="RATHAUS", topics="WOHN", note="Antrag liegt vor.")
    visitor.reads("Entwurf gespeichert,")
    Session.objects.all().delete()

    # What was saved comes back by way of the login.
    visitor.open(address).reads("Was Sie gerade schrieben, ist als Entwurf gesichert.")
    sign_in(visitor, people.anna)
    visitor.page.wait_for_url("**/casework/consultations/new/**")
    expect(visitor.page.locator("[name=note]")).to_have_value("Antrag liegt vor.")
    expect(visitor.page.locator("[name=topics]:checked")).to_have_count(1)

    # What is typed after the end waits until its author is back.
    Session.objects.all().delete()
    visitor.fill(next_step="Beim Jobcenter nachfragen")
    visitor.reads("Entwurf nicht gespeichert: Ihre Sitzung ist beendet.")
    visitor.press("Speichern", within="#beratung", then="Für wen")
    assert not Consultation.objects.exists()
    other = Visitor(visitor.page.context.new_page(), people.anna)
    sign_in(other.open("/"), people.anna).reads("In Ihren Fällen")
    visitor.press("Speichern", within="#beratung", said="Beratung gespeichert.")
    made = Consultation.objects.get()
    assert (made.case, made.note, made.next_step) == (led, "Antrag liegt vor.", "Beim Jobcenter nachfragen")
    assert not Draft.objects.exists()


@pytest.mark.short
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_from_a_consultation_to_a_reported_issue(people, led, window, width, scheme):
    visitor = window(people.anna, width=width, scheme=scheme)
    visitor.open(f"/casework/consultations/new/?case={led.pk}")
    visitor.fill(form="RATHAUS", topics="WOHN", note="Frau Rahimi hat keine Zusage.")
    visitor.picture(f"consultation-{width}-{scheme}")
    visitor.press("Speichern und Knackpunkt melden", then="Worum geht es?")
    visitor.does_not_read("keine Zusage")

    visitor.fill(title="Leistungen enden vor der Verlängerung", situation=f"{SITUATION} Familie Rahimi wartet.")
    visitor.fill(topic="Verfahrensdauer", legal_areas="SGB II", interim="Abschlag bei der Kasse erbitten")
    visitor.press("Melden", within="#meldung", then="gehört zum Namen einer Person aus Ihren Fällen", exact=True)
    assert not Issue.objects.exists()
    visitor.fill(situation=SITUATION).press("Melden", within="#meldung", said="Der Fall läuft weiter.", exact=True)
    issue, link = Issue.objects.get(), CaseIssue.objects.get()
    assert (issue.state, issue.municipality) == (State.COORDINATION, people.place)
    assert (link.case, link.consultation, link.interim_shared) == (led, Consultation.objects.get(), False)
    visitor.reads(issue.title, "Abschlag bei der Kasse erbitten")

    coordination = window(people.coordination)
    coordination.open(issue.get_absolute_url()).reads("in unter 5 Fällen")
    coordination.does_not_read("Rahimi", led.number, "Abschlag")


def test_the_lists_and_forms_are_looked_over(people, led, window):
    """With and without JavaScript: everything there is to open."""
    for script in (True, False):
        visitor = window(people.anna, script=script)
        visitor.open(f"/casework/consultations/new/?case={led.pk}").fill(form="RATHAUS", topics="WOHN")
        visitor.press("Speichern", within="#beratung", said="Beratung gespeichert.", exact=False)
        one = Consultation.objects.first()
        visitor.open("/casework/consultations/").press(
            "WOHN", within="#results", then="Noch kein Knackpunkt verknüpft."
        )
        visitor.press("Ändern", then="Beratung ändern").fill(note="Nachgetragen")
        visitor.press("Speichern", within="#beratung", said="Beratung geändert.")
        visitor.press("Bekannten verknüpfen", then="Welcher?").fill(words="Kita")
        visitor.press("Suchen", then="Dazu ist nichts gemeldet")
        visitor.open(f"/casework/cases/{led.pk}/issues/link/").open(f"/casework/cases/{led.pk}/")
        visitor.open("/casework/consultations/?until=01.01.2020").reads("Nichts gefunden")
        assert one.pk
