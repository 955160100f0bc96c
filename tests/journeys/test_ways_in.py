"""By the login form, by keyboard alone, without JavaScript, and after a session has ended in the middle of a word."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from kim.models import Role
from steering.escalation import State
from steering.models import Issue
from tests.factories import issue_at, user
from tests.journeys.conftest import sign_in
from tests.journeys.visitor import Visitor

SITUATION = "Anträge bleiben liegen, weil zwei Stellen einander für zuständig halten."


@pytest.mark.short
def test_somebody_signs_in_and_out_by_the_form(people, window):
    visitor = window()
    visitor.open("/steering/reports/")
    assert visitor.page.title().startswith("Anmelden")
    sign_in(visitor, people.anna).reads("Wo sind meine Meldungen?").look()
    visitor.page.get_by_role("button", name="Abmelden").click()
    visitor.page.wait_for_url("**/konto/login/**")
    visitor.look()


def test_what_was_being_typed_is_there_after_the_session_ended(people, window):
    visitor = window(people.anna)
    title = "Zwei Stellen halten einander für zuständig"
    visitor.open("/steering/issues/new/").fill(title=title)
    visitor.reads("Entwurf gespeichert,")
    Session.objects.all().delete()

    # What was saved comes back by way of the login.
    visitor.open("/steering/issues/new/").reads("Was Sie gerade schrieben, ist als Entwurf gesichert.")
    sign_in(visitor, people.anna)
    visitor.page.wait_for_url("**/steering/issues/new/")
    expect(visitor.page.locator("[name=title]")).to_have_value(title)

    # What is typed after the end is not sent into the void: it waits until its author is back.
    Session.objects.all().delete()
    visitor.fill(situation=SITUATION).reads("Entwurf nicht gespeichert: Ihre Sitzung ist beendet.")
    visitor.press("Als Entwurf speichern", within="#meldung", then="Worum geht es?")
    other = Visitor(visitor.page.context.new_page(), people.anna)
    sign_in(other.open("/"), people.anna).reads("Das wartet auf Sie")
    visitor.press("Als Entwurf speichern", within="#meldung", said="Als Entwurf gespeichert")
    assert (Issue.objects.get().title, Issue.objects.get().situation) == (title, SITUATION)


def test_the_inbox_by_keyboard_alone(people, window):
    titles = ["Wartezeit im Bürgerbüro", "Formular nur auf Papier", "Kein Termin vor Ablauf der Frist"]
    for title in titles:
        issue_at(State.COORDINATION, reported_by=people.anna, municipality=people.place, title=title)
    visitor = window(people.coordination)
    visitor.open("/steering/inbox/")
    keys, page = visitor.page.keyboard, visitor.page

    keys.press("j")
    keys.press("j")
    keys.press("k")
    focused = page.locator(":focus")
    expect(focused).to_have_text(titles[0])
    expect(page.locator("#lesen h2")).to_have_text(titles[0])
    expect(page.locator(".kim-mail__item--new")).to_have_count(2)
    keys.press("Enter")
    expect(page.locator("#lesen h2")).to_have_text(titles[0])
    visitor.look()
    keys.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    visitor.look()
    keys.press("Escape")
    keys.press("/")
    expect(page.locator("#id_q")).to_be_focused()
    keys.type("Papier")
    expect(page.locator("#list .kim-mail__item")).to_have_count(1)
    page.locator("#id_q").fill("")
    expect(page.locator("#list .kim-mail__item")).to_have_count(3)
    page.locator("#id_q").blur()

    # one alone: w forwards the open one
    keys.press("w")
    visitor.reads("Weiterleiten und mitteilen").look()
    page.locator("[name=released]").focus()
    keys.press("Space")
    page.get_by_role("button", name="Weiterleiten und mitteilen").focus()
    keys.press("Enter")
    expect(page.locator("#mitteilungen")).to_contain_text("weitergeleitet")
    assert Issue.objects.get(title=titles[0]).state == State.STRATEGY

    # several at once: x picks, z hands back
    visitor.open("/steering/inbox/")
    keys.press("j")
    keys.press("x")
    keys.press("j")
    keys.press("x")
    visitor.reads("2 ausgewählt")
    keys.press("z")
    visitor.reads("Zurück zur Ergänzung: 2 Knackpunkte").look()
    page.locator("[name=reason]").focus()
    keys.type("Bitte beide zusammenfassen.")
    page.get_by_role("button", name="Zurück zur Ergänzung").focus()
    keys.press("Enter")
    visitor.reads("Zurück zur Ergänzung: 2 Knackpunkte").look()
    assert Issue.objects.filter(state=State.DRAFT).count() == 2


def test_a_report_by_keyboard_alone(people, window):
    visitor = window(people.anna)
    visitor.open("/")
    page, keys = visitor.page, visitor.page.keyboard
    keys.press("Tab")
    expect(page.locator(":focus")).to_have_text("Zum Inhalt springen")
    keys.press("Enter")
    expect(page.locator("#inhalt")).to_be_focused()
    keys.press("m")
    visitor.reads("Worum geht es?")

    tab_to(page, "[name=act][value=report]")
    keys.press("Enter")
    expect(page.locator(".kim-errors")).to_be_focused()
    visitor.look()
    assert page.title().startswith("Fehler:")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("[name=title]")).to_be_focused()
    keys.type("Zwei Stellen halten einander für zuständig")
    keys.press("Tab")
    keys.type(SITUATION)
    tab_to(page, "[name=topic]")
    keys.type("Verf")
    tab_to(page, "[name=legal_areas]")
    keys.press("Space")
    tab_to(page, "[name=act][value=report]")
    keys.press("Enter")
    expect(page.locator("#mitteilungen")).to_contain_text("Gemeldet. Danke!")
    visitor.look()
    assert Issue.objects.get().state == State.COORDINATION


def tab_to(page, selector, most=60):
    """Press Tab until the control has the focus, as somebody without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")


@pytest.mark.short
def test_a_short_chain_without_javascript(people, window):
    anna, coordination = window(people.anna, script=False), window(people.coordination, script=False)
    office = window(user(Role.STRATEGIC_OFFICE, name="Geschäftsstelle"), script=False)
    anna.open("/steering/issues/new/")
    anna.fill(title="Zwei Stellen halten einander für zuständig", situation=f"{SITUATION} Tel. 02243 912345")
    anna.fill(topic="Verfahrensdauer", legal_areas="SGB II", municipality="Windeck")
    anna.press("Melden", within="#meldung", then="02243 912345", exact=True)
    anna.fill(situation=SITUATION).press("Melden", within="#meldung", said="Gemeldet. Danke!", exact=True)
    issue = Issue.objects.get()

    coordination.open("/steering/inbox/").press(issue.title, then=SITUATION)
    coordination.press("An die Geschäftsstelle", within="#lesen", then="Das wird mitgeteilt")
    coordination.press("Weiterleiten und mitteilen", within="#schritt", then="Der Schritt ging noch nicht")
    coordination.fill(released=True)
    coordination.press("Weiterleiten und mitteilen", within="#schritt", said="weitergeleitet")

    office.open(issue.get_absolute_url()).press("Auf die Tagesordnung", within="#schritte", then="Das wird mitgeteilt")
    office.press(
        "Auf die Tagesordnung setzen", within="#schritt", said="Auf die Tagesordnung der Lenkungsgruppe gesetzt"
    )
    issue.refresh_from_db()
    assert issue.state == State.STEERING
    anna.open("/").reads("steht auf der Tagesordnung")
