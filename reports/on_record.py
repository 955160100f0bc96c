"""What the trail calls the acts of reports."""

from kim.trail import Kind

ACTS: dict[str, str] = {
    "publishedtable.publish": "Tabellen veröffentlicht",
}
KINDS: dict[str, Kind] = {
    "reports.export": Kind("Export"),
    "reports.publishedtable": Kind("veröffentlichte Tabelle"),
    "reports.savedfigure": Kind("Auswertung"),
    "reports.statusreport": Kind("Sachstandsbericht", "number"),
}
