"""The report to the committee in the browser: written by the office, released by the coordination, read on a phone."""

import datetime as dt

from kim import workdays
from kim.models import Role
from reports.models import StatusReport
from tests.factories import user
from tests.funding import makers
from tests.reports.makers import released_report

D = dt.date


def test_the_office_writes_the_coordination_releases_the_steering_group_reads(people, window):
    with workdays.as_of(D(2021, 11, 1)):
        makers.held(makers.post(number="M2-07", title="Case Management Windeck"), D(2021, 10, 15))
    before = released_report(valid_on=D(2021, 11, 16), by=people.coordination)
    makers.held(makers.post(number="M2-09", title="Case Management Bornheim", first=D(2022, 1, 1)), D(2022, 2, 1))

    office = window(people.office)
    office.open("/reports/status-reports/").press("Neuer Bericht", then="Nach dem Wissen vom")
    office.fill(committee="Ausschuss für Soziales und Integration", valid_on="16.03.2022", meeting_on="16.03.2022")
    office.press("Bericht beginnen", said="Der Entwurf ist angelegt").look()
    report = StatusReport.objects.exclude(pk=before.pk).get()
    office.press("Text schreiben", then="Ihr Text steht im Bericht")
    office.fill(text="Seit der letzten Sitzung ist die Umsetzung fortgeschritten.")
    office.press("Speichern und weiter: Modul 1: Strategische Koordinierung", said="ist gespeichert").look()
    office.open(report.get_absolute_url()).reads("Sie haben an diesem Bericht geschrieben").does_not_read("release/")

    second = window(people.coordination)
    second.open(report.get_absolute_url()).press("Freigeben", then="Wer davon erfährt").look()
    second.press("Freigeben", said="Freigegeben: Sachstandsbericht S-").picture("sachstandsbericht")

    member = user(Role.STEERING_GROUP, name="Mitglied der Lenkungsgruppe")
    phone = window(member, width=375, height=800, scheme="dark")
    phone.open(report.get_absolute_url()).reads("Seit der letzten Sitzung").picture("sachstandsbericht-telefon")
    phone.press("Was sich gegenüber einem anderen Bericht geändert hat", then="Seither geändert")
    phone.reads("seit: 01.02.2022").reads("Was im vorigen Bericht steht, gilt weiter.").look()
