"""A hand-over to Modul 3 in the browser: written anew, seen beforehand, worked on there, and gone with the consent."""

import datetime as dt

from casework.lifecycle import State
from casework.models import Consent, Procedure
from kim.models import Role
from tests.casework.factories import authority, case, case_at, case_manager, checklist, consent
from tests.casework.factories import client as person
from tests.factories import user

TEXT = "Frau Rahimi arbeitet seit drei Jahren in der Pflege. Bitte prüfen Sie einen Titel nach § 25b."


def test_a_hand_over_to_modul_3_and_back(people, window):
    owner = case_manager(name="Case Management Windeck", place=people.place)
    made = case_at(State.MONITORING, by=owner, person=person("Nadia", "Rahimi", birth_date=dt.date(1990, 3, 12)))
    case(by=owner, person=person("Karim", "Haddadi"))
    checklist()
    manager = window(owner)
    clerk = window(user(Role.AUTHORITY, organisation=authority(), name="Ausländeramt"), width=375, scheme="dark")

    # Without a consent that names an authority there is no way.
    manager.open(made.get_absolute_url())
    manager.press("An Modul 3 übergeben", then="Es gibt keine gültige Einwilligung")
    agreed = consent(made, "MODUL3", authority(), papers="Arbeitsvertrag\nMietvertrag")

    # The review stops another person's name; the preview shows what will be seen, and only then it goes.
    manager.open(made.get_absolute_url()).press("An Modul 3 übergeben", then="Was soll die Behörde erfahren?")
    manager.fill(checklist="§ 25b", text=f"{TEXT} Sie lebt mit Karim Haddadi zusammen.")
    manager.press("Vorschau ansehen", then="Datenschutzprüfung: bitte einzeln prüfen")
    assert not Procedure.objects.exists()
    manager.fill(text=TEXT, papers="Arbeitsvertrag")
    manager.press("Vorschau ansehen", then="Vorschau: Genau das sieht die Behörde").picture("vorgang-vorschau")
    manager.press("So übergeben", said="Übergeben an: Ausländeramt")
    procedure = Procedure.objects.get()

    # The authority finds it on „Heute“, sees nothing of the case, marks an item and says what is missing.
    clerk.open("/").press("§ 25b AufenthG", then="Frau Rahimi arbeitet")
    clerk.does_not_read(made.number, made.get_state_display(), "Haddadi").picture("vorgang-375-dunkel")
    clerk.press("In Arbeit nehmen", said="Der Stand ist gespeichert")
    item = procedure.items.get()
    clerk.fill(**{f"item_{item.pk}": "angefordert"})
    clerk.press("Prüfliste speichern", said="Die Prüfliste ist gespeichert")
    clerk.fill(text="Der Rentenverlauf fehlt noch.")
    clerk.press("Rückmeldung geben", said="das Case Management erfährt davon")

    # Case management reads it at the case, and is told without a name.
    manager.open("/").reads("Modul 3 hat zu einem übergebenen Vorgang eine Rückmeldung gegeben.")
    manager.open(made.get_absolute_url()).reads("in Arbeit")
    manager.press("§ 25b AufenthG", then="Der Rentenverlauf fehlt noch.")

    # A decision, and the end of it all with the consent.
    clerk.fill(outcome="bewilligt")
    clerk.press("Entscheidung eintragen", said="Der Stand ist gespeichert")
    manager.open(made.get_absolute_url()).reads("bewilligt")
    Consent.objects.get(pk=agreed.pk).withdraw(by=owner)
    clerk.page.goto(procedure.get_absolute_url())
    clerk.does_not_read("Rahimi")
    clerk.open("/casework/procedures/").reads("Noch keine Vorgänge").does_not_read("Rahimi")
    manager.open(procedure.get_absolute_url()).reads("Die Behörde sieht diesen Vorgang nicht mehr.")
