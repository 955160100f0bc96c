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
    "meeting.plan": "Sitzung geplant",
    "meeting.move": "Sitzung verlegt",
    "meeting.cancel": "Sitzung abgesagt",
    "meeting.invite": "Sitzung: Einladung versandt",
    "meeting.invitation": "Sitzung: Einladung als PDF",
    "meeting.build": "Sitzung: Tagesordnung ergänzt",
    "meeting.order": "Sitzung: Tagesordnung geordnet",
    "agendaitem.propose": "Tagesordnung: Thema angemeldet",
    "agendaitem.withdraw": "Tagesordnung: Punkt abgesetzt",
    "paper.put": "Unterlage abgelegt",
    "paper.get": "Unterlage geöffnet",
    "paper.withdraw": "Unterlage zurückgezogen",
    "county.load": "Kreisdaten geladen",
    "codes.load": "Codelisten des Landes geladen",
    "limit.change": "Frist geändert",
}

#: What rows are about; a number says more than an id.
KINDS = {
    "steering.issue": Kind("Knackpunkt", number="number"),
    "steering.body": Kind("Gremium"),
    "steering.meeting": Kind("Sitzung"),
    "steering.agendaitem": Kind("Tagesordnungspunkt"),
    "steering.paper": Kind("Unterlage"),
    "steering.timelimit": Kind("Frist"),
}


def words() -> dict[str, str]:
    """Act → what the trail's page calls it."""
    return {f"issue.{name}": f"Knackpunkt: {ESCALATION.label(name)}" for name in ESCALATION.names} | ACTS
