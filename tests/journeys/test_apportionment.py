"""Needs in the browser: values from a sheet, two scenarios side by side, and one that a resolution makes the target."""

import pytest

from funding.models import Criterion, CriterionValue, Scenario, StaffingTarget
from kim.models import Municipality
from tests.factories import municipality, resolution
from tests.funding import makers

SHEET = "AGS;Wert;Stand;Quelle\n05382016;40;01.01.2021;Statistik\n05382036;{much};01.01.2021;Statistik\n"


@pytest.mark.parametrize(("width", "script"), [(1280, True), (375, False)])
def test_from_a_sheet_to_the_target(people, window, width, script):
    municipality("Eitorf", ags="05382016", persons=200, latitude="50.7696", longitude="7.4524")
    municipality("Much", ags="05382036", persons=100, latitude="50.9025", longitude="7.4021")
    Municipality.objects.filter(pk=people.place.pk).update(latitude="50.7978", longitude="7.5726", ags="05382076")
    makers.population_criterion()
    decided = resolution()
    office = window(people.office, width=width, script=script)

    office.open("/funding/scenarios/").press("Kriterien", exact=True).press("Schutzsuchende", then="3 ohne Wert")
    office.press("Aus Tabelle übernehmen")

    def upload(much):
        file = {"name": "werte.csv", "mimeType": "text/csv", "buffer": SHEET.format(much=much).encode()}
        office.page.locator("[name=file]").set_input_files(file)
        office.press("Hochladen und prüfen")

    upload("viele")
    office.reads("Zeile 3, Wert")
    upload("60")
    office.reads("So wurde gelesen")
    assert not CriterionValue.objects.exists()
    office.press("Alle 2 übernehmen", said="2 Werte aus einer Tabelle").reads("1 ohne Wert")

    def calculate(name, **fields):
        office.open("/funding/scenarios/new/").fill(name=name, total="3", on_day="01.01.2021", **fields)
        return office.press("Rechnen und ansehen")

    weight = f"weight_{Criterion.objects.get(name='Schutzsuchende').pk}"
    calculate("Mit Schutzsuchenden", **{weight: "1"}).reads("fehlt am 01.01.2021 ein Wert für: Windeck")
    calculate("Nach Einwohnern").reads("So würde verteilt").press("So speichern", said="gespeichert")
    calculate("Mindestens ein halbes", minimum="0,5").press("Zurück zu den Angaben")
    office.press("Rechnen und ansehen").press("So speichern", said="gespeichert").reads("Prüfsumme")

    office.open("/funding/scenarios/")
    for box in office.page.locator("[name=scenario]").all():
        box.check()
    office.press("Ausgewählte vergleichen", then="Wie weit sie auseinanderliegen")

    chosen = Scenario.objects.get(name="Mindestens ein halbes")
    office.open(chosen.get_absolute_url()).press("Als Stellenziel festlegen")
    office.press("Jetzt festlegen", then="Bitte prüfen Sie Ihre Angaben")
    office.fill(resolution=str(decided), first_day="01.01.2021")
    office.press("Jetzt festlegen", said="für 3 Kommunen, ab dem").reads(f"Beschluss {decided}")
    assert sum(row.fte for row in StaffingTarget.objects.all()) == 3
    office.open(chosen.get_absolute_url()).reads("beschlossen, gilt ab 01.01.2021")
