"""The demo's status reports: two released for meetings of the committee in the months before today, and a draft.

Real acts on the days on which they would have been done. Every text is invented.
"""

import datetime as dt

from django.db import transaction
from django.db.models import F

from kim import workdays
from kim.models import Notice, User
from reports.models import StatusReport

COMMITTEE = "Ausschuss für Soziales und Integration"
TITLE = "Kommunales Integrationsmanagement: aktueller Sachstand"
WEDNESDAY = 2
#: So many days ago the committee met about a report, and what the office wrote in it.
REPORTS = (
    (
        230,
        {
            "preface": "Über den Stand des Kommunalen Integrationsmanagements und des Case Managements in den Kommunen "
            "wird hiermit informiert.\n\nDie Zahlen beruhen auf den Angaben, die in KIM geführt werden.",
            "steering_group": "Die Lenkungsgruppe hat sich mit den Knackpunkten befasst, die mehrere Kommunen "
            "betreffen. Die Beschlüsse stehen in der Niederschrift.",
            "case_management": "Die Case Managerinnen und Case Manager sind tageweise vor Ort. Wo eine Stelle frei "
            "ist, hilft eine benachbarte Kommune aus.",
            "cooperation": "Mit den Kommunen bestehen Kooperationsvereinbarungen. Auslaufende werden rechtzeitig "
            "besprochen.",
            "issues": "Am häufigsten geht es um die Dauer von Verfahren und um fehlende Sprachmittlung.",
        },
    ),
    (
        90,
        {
            "preface": "Seit der letzten Sitzung ist die Umsetzung weiter fortgeschritten. Was sich geändert hat, "
            "steht am Ende dieses Berichts.",
            "overhead": "Die Geschäftsstelle unterstützt die Kommunen bei eigenen Integrationskonzepten.",
            "case_management": "Der Beratungsbedarf ist in den großen Kommunen am höchsten.",
            "authority": "Ausländer- und Einbürgerungsbehörden arbeiten mit dem Case Management über Übergaben "
            "zusammen; die Fallakten bleiben getrennt.",
            "issues": "Mehrere Knackpunkte konnten durch kurze Absprachen zwischen den Behörden gelöst werden.",
            "money": "Nicht besetzte Stellenanteile führen zu einer Rückzahlung. Sie wird mit der Abrechnung "
            "ermittelt.",
        },
    ),
)
DRAFT = {
    "preface": "Der Bericht für die nächste Sitzung wird vorbereitet.",
    "issues": "Die Rückmeldungen an die meldenden Stellen kommen schneller als im Vorjahr.",
}


def load() -> str:
    """Two released reports and a draft, once; what was done, in words. All of it or nothing."""
    people = {one.username: one for one in User.objects.filter(username__in=("office", "coordination"))}
    if len(people) < 2 or StatusReport.objects.exists():
        return ""
    office, coordination = people["office"], people["coordination"]
    today = workdays.today()
    with transaction.atomic():
        for ago, texts in REPORTS:
            meeting = _wednesday(today - dt.timedelta(days=ago))
            valid_on = meeting - dt.timedelta(days=12)
            with workdays.as_of(valid_on):
                _written(meeting, valid_on, texts, office).release(by=coordination)
        # what was told so long ago has been read
        told = Notice.objects.filter(key__startswith="statusreport:")
        told.update(digested_at=F("created_at"), read_at=F("created_at"))
        _written(_wednesday(today + dt.timedelta(days=20)), today, DRAFT, office)
    return f"{len(REPORTS)} freigegebene Sachstandsberichte und ein Entwurf, künstlich"


def _written(meeting_on: dt.date, valid_on: dt.date, texts: dict[str, str], office: User) -> StatusReport:
    report = StatusReport.draw_up(by=office, valid_on=valid_on, meeting_on=meeting_on, committee=COMMITTEE, title=TITLE)
    for key, text in texts.items():
        report.write(key, text, by=office)
    return report


def _wednesday(day: dt.date) -> dt.date:
    """The first Wednesday from `day` on."""
    return day + dt.timedelta(days=(WEDNESDAY - day.weekday()) % 7)
