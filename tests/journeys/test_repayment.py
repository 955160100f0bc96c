"""A repayment in the browser: from the notice over what-if and draft to the release by a second administrator."""

import pytest

from funding.models import Calculation
from kim.models import Role
from tests.factories import user
from tests.funding import makers
from tests.funding.makers import D


@pytest.mark.parametrize("script", [True, False])
def test_from_notice_to_release(people, window, script):
    of = makers.notice(fte=2, number="M2-2021")
    held = makers.held(makers.post(number="M2-01", title="Case Management Windeck"), D(2021, 10, 15))
    makers.post(number="M2-02", title="Case Management Eitorf")

    me = window(makers.admin(), script=script)
    me.open("/funding/notices/").press("M2-2021", then="98.319,89 €")
    me.press("Was wäre, wenn", then="Wenn sich nichts ändert")
    typed = {"kind": "Stelle besetzen", "post": "M2-02", "day": "01.06.2021", "value": "1,0"}
    me.fill(**{f"annahme1-{name}": value for name, value in typed.items()})
    me.press("Ausrechnen", then="66.236,56 €")
    me.press("Zurück zum Bescheid", then="98.319,89 €")
    me.press("Abrechnung erstellen", then="So stünde es")
    me.press("Abrechnung erstellen", said="Die Abrechnung ist erstellt")
    me.reads("Sie haben diese Abrechnung erstellt").does_not_read("release/")
    me.page.get_by_text("Nach besetzten Stellenmonaten").first.click()
    me.reads("1 VZÄ × 2 17/31 Monate").look()
    made = Calculation.objects.get()

    second = window(user(Role.ADMIN, name="Zweite Verwaltung"), script=script, width=375, height=800, scheme="dark")
    second.open(made.get_absolute_url()).press("Freigeben", then="lässt sich nicht mehr ändern")
    second.press("Freigeben", said="Freigegeben: Abrechnung A-")
    second.picture("abrechnung-freigegeben")

    held.correct(by=makers.admin(), valid_from=D(2021, 10, 1))
    me.open(made.get_absolute_url()).reads("Abweichung seit der Freigabe")
    me.open(of.get_absolute_url()).reads("weicht ab").picture("bescheid-abweichung")
