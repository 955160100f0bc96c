"""What the trail calls the acts of reports."""

from kim.trail import Kind

ACTS: dict[str, str] = {
    "savedfigure.keep": "Auswertung: gespeichert",
    "savedfigure.edit": "Auswertung: geändert",
    "savedfigure.share": "Auswertung: geteilt",
    "savedfigure.drop": "Auswertung: gelöscht",
    "savedfigure.subscribe": "Auswertung: abonniert",
    "savedfigure.unsubscribe": "Auswertung: Abonnement beendet",
    "export.ask": "Zahlen als Datei: angefordert",
    "export.make": "Zahlen als Datei: erstellt",
    "export.fetch": "Zahlen als Datei: geholt",
    "export.take": "Zahlen als Datei: erstellt und geholt",
    "export.again": "Zahlen als Datei: noch einmal angefordert",
    "export.drop": "Zahlen als Datei: gelöscht",
    "statusreport.draw_up": "Sachstandsbericht begonnen",
    "statusreport.drop": "Entwurf eines Sachstandsberichts verworfen",
    "statusreport.file": "Sachstandsbericht geladen",
    "statusreport.recount": "Sachstandsbericht neu gezählt",
    "statusreport.release": "Sachstandsbericht freigegeben",
    "statusreport.write": "Text eines Sachstandsberichts geschrieben",
    "publishedtable.publish": "Tabellen veröffentlicht",
}
KINDS: dict[str, Kind] = {
    "reports.export": Kind("Export"),
    "reports.publishedtable": Kind("veröffentlichte Tabelle"),
    "reports.savedfigure": Kind("Auswertung"),
    "reports.statusreport": Kind("Sachstandsbericht", "number"),
}
