"""What the trail calls the acts of reports."""

from kim.trail import Kind

ACTS: dict[str, str] = {
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
