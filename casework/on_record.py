"""What the trail calls the acts of casework; the steps take their names from the table."""

from casework.lifecycle import LIFECYCLE

ACTS = {
    "case.open": "Fall: Anfrage angelegt",
    "case.edit": "Fall: Angaben geändert",
    "case.read": "Fall gelesen",
    "case.look": "Fall: Einblick der Koordinierung",
    "case.new_owner": "Fall: neue Fallführung",
    "case.assessment": "Fall: Einschätzung",
    "case.goal": "Fall: Ziel ausgewertet",
    "case.agree_plan": "Fall: Hilfeplan vereinbart",
    "case.follow_up": "Fall: Wiedervorlage",
    "case.follow_up_done": "Fall: Wiedervorlage erledigt",
    "case.refer_to_actor": "Fall: Weitervermittlung",
    "case.referral_answered": "Fall: Weitervermittlung beantwortet",
    "case.link_issue": "Fall oder Beratung: mit Knackpunkt verknüpft",
    "client.read": "Beratene Person gelesen",
    "client.residence_status": "Beratene Person: Aufenthaltsstatus",
    "consent.give": "Einwilligung eingetragen",
    "consent.withdraw": "Einwilligung widerrufen",
    "consultation.record": "Beratung erfasst",
    "consultation.edit": "Beratung geändert",
    "consultation.read": "Beratung gelesen",
    "handover.offer": "Fallübergabe angeboten",
    "handover.accept": "Fallübergabe angenommen",
    "handover.refuse": "Fallübergabe abgelehnt",
    "actor.confirm": "Verzeichnis: Stelle bestätigt",
    "procedure.hand_over": "Vorgang an Behörde übergeben",
    "procedure.mark": "Vorgang: Prüfliste geändert",
    "procedure.read": "Vorgang gelesen",
    "case.hold": "Fall: Löschung aufgeschoben",
    "case.hold_end": "Fall: Aufschub der Löschung aufgehoben",
    "code.add": "Codeliste: Eintrag angelegt",
    "code.change": "Codeliste: Eintrag geändert",
    "code.end": "Codeliste: Eintrag beendet",
}


def words() -> dict[str, str]:
    """Act → what the trail's page calls it."""
    return {f"case.{name}": f"Fall: {LIFECYCLE.label(name)}" for name in LIFECYCLE.names} | ACTS
