"""A caseload changes hands in the browser: offered with a preview, refused with a reason, offered again, accepted."""

import pytest

from casework.lifecycle import State
from casework.models import Case, FollowUp, HandOver
from kim import workdays
from kim.models import Role
from tests.casework.factories import case, case_at, client
from tests.journeys.conftest import REPORTERS

GIVER, TAKER, OTHER = REPORTERS


@pytest.fixture
def caseload(people):
    """Two open cases of Anna, one of them with something due today."""
    led = case_at(State.MONITORING, by=people.anna)
    new = case(by=people.anna, person=client("Oleksandra", "Kowalenko", place=people.place))
    FollowUp.plan(led, by=people.anna, on_day=workdays.today(), text="Bescheid vom Jobcenter da?")
    return led, new


def test_a_caseload_goes_from_one_colleague_to_another(people, caseload, window):
    led, new = caseload
    anna, ben, clara = window(people.anna), window(people.ben, width=375), window(people.clara, scheme="dark")

    # What falls due stands on „Heute“, without a name.
    anna.open("/").reads("Bescheid vom Jobcenter da?", led.number).does_not_read("Rahimi")

    # Nothing is chosen until she says so, at once by keyboard; nothing is offered before the preview was read.
    anna.press("Fallübergaben", within="header nav", then="Keine Übergabe")
    anna.press("Fälle übergeben", then="Welche Fälle?")
    anna.reads("Kowalenko, Oleksandra")
    assert anna.page.locator("main [name=cases]:checked").count() == 0
    anna.page.locator("[data-check-all]").press("Enter")
    assert anna.page.locator("main [name=cases]:checked").count() == 2
    anna.fill(taker=TAKER, note="Die Familien wissen Bescheid.")
    anna.press("Weiter zur Vorschau", then=f"Das ändert sich, wenn {TAKER} annimmt")
    anna.reads("1 offene geht mit.")
    assert not HandOver.objects.exists()
    anna.picture("handover-preview")
    anna.press("Anbieten", said=f"Angeboten: 2 Fälle an {TAKER}.", exact=True)

    # The colleague reads numbers and the note, no names, and cannot take them now.
    ben.open("/").press(f"2 Fälle von {GIVER}", then="Die Familien wissen Bescheid.")
    ben.does_not_read("Rahimi", "Kowalenko")
    ben.press("Ablehnen", then="Fälle nicht übernehmen")
    ben.press("Ablehnen", then="Noch nicht abgelehnt")
    ben.fill(reason="Ich bin selbst bis Ende des Monats in zwei Kommunen.")
    ben.press("Ablehnen", said="Abgelehnt. Die Fälle bleiben, wo sie sind.")
    assert {one.owner for one in Case.objects.all()} == {people.anna}

    # Another one does, and finds everything where it was.
    anna.open("/casework/handovers/?state=answered").press(f"2 Fälle: {GIVER} an {TAKER}", then="Ich bin selbst")
    anna.open("/casework/handovers/new/?all=1").fill(taker=OTHER)
    anna.press("Weiter zur Vorschau", then="Das ändert sich").press("Anbieten", said="Angeboten: 2 Fälle", exact=True)
    clara.open("/").press(f"2 Fälle von {GIVER}", then="ohne Namen")
    clara.press("Annehmen", said="Die Fälle stehen jetzt in Ihrem Bestand.")
    clara.press(led.number, then="Nadia Rahimi").reads("Bescheid vom Jobcenter da?", "Übernommen")
    clara.press("Erledigt", said="Wiedervorlage erledigt.").reads("Keine offene Wiedervorlage.")
    anna.open(led.get_absolute_url()).does_not_read("Rahimi")
    anna.open("/").does_not_read("Bescheid vom Jobcenter da?")
    assert {one.owner for one in Case.objects.all()} == {people.clara}


def test_the_coordination_finds_somebody_for_what_was_left_behind_without_javascript(people, caseload, window):
    led, _ = caseload
    people.anna.role_grants.filter(role=Role.CASE_MANAGER).update(valid_until=workdays.today())
    coordination, ben = window(people.coordination, script=False), window(people.ben, script=False, width=375)
    coordination.open("/").reads("Fälle ohne Fallführung", "2 offene Fälle")
    coordination.press("Übergeben", then="Welche Fälle?").reads(led.number).does_not_read("Rahimi", "Kowalenko")
    coordination.press("alle auswählen", then="Welche Fälle?").fill(taker=TAKER)
    coordination.press("Weiter zur Vorschau", then="Das ändert sich").press("Anbieten", said="Angeboten", exact=True)
    ben.open("/").press(f"2 Fälle von {GIVER}", then="ohne Namen").press("Annehmen", said="in Ihrem Bestand")
    coordination.open("/").does_not_read("Fälle ohne Fallführung")
    assert {one.owner for one in Case.objects.all()} == {people.ben}
