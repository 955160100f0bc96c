"""An import in the browser: a faulty sheet, the good rows, the bar that moves by itself, and the way back."""

import pytest
from django.core.management import call_command

from casework import importing
from casework.models import Consultation, Import
from tests.casework.factories import case_manager
from tests.factories import county


@pytest.mark.parametrize("script", [True, False])
def test_a_sheet_comes_in_and_goes_again(people, window, script):
    county(case_prefix="RSK")
    call_command("load_codes", verbosity=0)
    me = window(case_manager(name="Case Management Windeck", place=people.place), script=script)
    me.open("/casework/imports/").press("Tabelle hochladen", then="Was steht in der Tabelle?")
    me.fill(kind="Beratungen")
    text = "Datum;Kommune;Beratungsform\n12.03.2026;Windeck;RATHAUS\n31.02.2026;Windeck;RATHAUS\n"
    me.page.locator("[name=file]").set_input_files(
        {"name": "beratungen.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    me.press("Hochladen und prüfen", then="0 von 2 Zeilen")

    # The background works; with scripts the page follows by itself, without them by its link.
    def background(then):
        importing.work_on()
        if not script:
            me.press("Stand neu laden", then=then)
        me.reads(then)

    background("Den 31.2.2026 gibt es nicht.")
    me.look().picture("import-fehler")
    assert not Consultation.objects.exists()
    me.press("Nur die 1 fehlerfreie übernehmen", then="wird übernommen")
    background("Ganzen Import zurücknehmen")
    assert Consultation.objects.count() == 1
    me.press("Ganzen Import zurücknehmen", then="Das geschieht")
    me.press("Zurücknehmen", then="wird zurückgenommen", exact=True)
    background("wieder gelöscht")
    assert not Consultation.objects.exists()
    assert Import.objects.get().state == Import.State.UNDONE
