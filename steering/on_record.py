"""What the trail calls the acts of steering; the steps take their names from the table."""

from kim.trail import Kind
from steering.escalation import ESCALATION

ACTS = {
    "issue.start": "Knackpunkt: Entwurf begonnen",
    "issue.edit": "Knackpunkt: Entwurf geändert",
    "issue.join": "Knackpunkt: angeschlossen",
    "issue.comment": "Knackpunkt: Beitrag",
    "issue.interim_report": "Knackpunkt: Zwischenbericht",
    "issue.measure": "Knackpunkt: Maßnahme",
    "issue.measure_done": "Knackpunkt: Maßnahme erledigt",
    "issue.pause": "Knackpunkt: Uhr angehalten",
    "issue.resume": "Knackpunkt: Uhr läuft wieder",
    "issue.pause_over": "Knackpunkt: Pause abgelaufen",
    "issue.escalate": "Knackpunkt: nächste Stelle über Verzug unterrichtet",
    "issue.export": "Knackpunkte: Export",
    "issue.ask_effect": "Knackpunkt: nach der Wirksamkeit gefragt",
    "issue.effect": "Knackpunkt: Wirksamkeit geprüft",
    "issue.meeting_moved": "Knackpunkt: Sitzung verlegt",
    "body.export": "Gremien: Export",
    "meeting.export": "Sitzungen: Export",
    "body.found": "Gremium eingerichtet",
    "body.seat": "Gremium: Sitz vergeben",
    "body.seat_ends": "Gremium: Sitz beendet",
    "body.seat_changes": "Gremium: Funktion oder Stimme geändert",
    "body.edit": "Gremium: Name oder Auftrag geändert",
    "body.end": "Gremium beendet",
    "body.expect": "Gremium: Sitz vorgesehen",
    "body.expect_ends": "Gremium: Sitz nicht mehr vorgesehen",
    "milestone.add": "Meilenstein gesetzt",
    "milestone.done": "Meilenstein erreicht",
    "rulesofprocedure.draft": "Geschäftsordnung: Fassung entworfen",
    "rulesofprocedure.edit": "Geschäftsordnung: Entwurf geändert",
    "rulesofprocedure.submit": "Geschäftsordnung vorgelegt",
    "rulesofprocedure.adopt": "Geschäftsordnung verabschiedet",
    "meeting.plan": "Sitzung geplant",
    "meeting.move": "Sitzung verlegt",
    "meeting.cancel": "Sitzung abgesagt",
    "county.load": "Kreisdaten geladen",
    "codes.load": "Codelisten des Landes geladen",
    "limit.change": "Frist geändert",
}

#: What rows are about; a number says more than an id.
KINDS = {
    "steering.issue": Kind("Knackpunkt", number="number"),
    "steering.body": Kind("Gremium"),
    "steering.milestone": Kind("Meilenstein"),
    "steering.rulesofprocedure": Kind("Geschäftsordnung"),
    "steering.meeting": Kind("Sitzung"),
    "steering.timelimit": Kind("Frist"),
}


def words() -> dict[str, str]:
    """Act → what the trail's page calls it."""
    return {f"issue.{name}": f"Knackpunkt: {ESCALATION.label(name)}" for name in ESCALATION.names} | ACTS
