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
    # the network and the caseload
    "case.follow_up_moved": "Fall: Wiedervorlage verschoben",
    "case.conference": "Fall: Fallkonferenz",
    "case.conference_edit": "Fall: Fallkonferenz geändert",
    "case.conference_seat": "Fall: Fallkonferenz, Stelle nimmt teil",
    "case.conference_unseat": "Fall: Fallkonferenz, Stelle nimmt nicht mehr teil",
    "case.agreement": "Fall: Fallkonferenz, Vereinbarung",
    "case.agreement_done": "Fall: Fallkonferenz, Vereinbarung erledigt",
    "handover.withdraw": "Fallübergabe zurückgenommen",
    "actor.enter": "Verzeichnis: Stelle aufgenommen",
    "actor.edit": "Verzeichnis: Stelle geändert",
    "actor.end": "Verzeichnis: Stelle besteht nicht mehr",
    "actor.reopen": "Verzeichnis: Stelle besteht wieder",
}


def words() -> dict[str, str]:
    """Act → what the trail's page calls it."""
    return {f"case.{name}": f"Fall: {LIFECYCLE.label(name)}" for name in LIFECYCLE.names} | ACTS
