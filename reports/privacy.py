"""What the roof knows about people: whose saved figures and exports these are. What it counts leads back to nobody."""

from kim import privacy, retention
from kim.privacy import Activity, Category, Erasure, Row
from kim.privacy import Kept as Period
from kim.privacy_table import WHO_DID, Kept
from reports.models import SavedFigure, Subscription

C, K, E = Category, Kept, Erasure
COUNTED = "gezählte Werte, kleine Zahlen geschützt"
EXPORT = Period(
    "export", "7 Tage", starts="Tag, an dem die Datei fertig war", basis="Art. 5 Abs. 1 Buchst. e DSGVO",
    job="exports",
)  # fmt: skip

# fmt: off
TABLE = (
    Row("Counting", "id as_of until finished_at rows_changed trail_id", C.HARMLESS, COUNTED, K.ALWAYS, E.KEEP),
    Row("DayCount", "id area day numbers digest", C.HARMLESS, COUNTED, K.ALWAYS, E.KEEP),
    Row("KeptPart", "id part area day data counted_at trail_id seen", C.HARMLESS, COUNTED, K.ALWAYS, E.KEEP),
    Row("PublishedTable", "id figure breakdown first until values cells counted_at", C.HARMLESS, COUNTED, K.ALWAYS,
        E.KEEP),
    Row("Export", "id what title asked format state done total file suffix size attempts error created_at state_since "
        "claim beat_at", C.HARMLESS, "Datei mit Zahlen", EXPORT, E.DELETE),
    Row("Export", "by", C.PERSONAL, WHO_DID, EXPORT, E.DELETE),
    Row("EarlierPaper", "id document committee meeting_on statements", C.HARMLESS, "frühere Unterlagen", K.RECORDS,
        E.KEEP),
    Row("SavedFigure", "id by name figure part breakdown area rhythm periods until shared_with created_at changed_at",
        C.PERSONAL, "gespeicherte Auswertung eines Kontos", K.ACCESS, E.DELETE),
    Row("Subscription", "id saved user next_on last_on since", C.PERSONAL, "Nachricht zu einer Auswertung", K.ACCESS,
        E.DELETE),
    Row("ReportNumbers", "year last", C.HARMLESS, "lückenlose Nummern", K.ALWAYS, E.KEEP),
    Row("StatusReport", "id number title committee meeting_on valid_on known_at keeps_knowledge previous data digest "
        "drawn_up_at released_at counted_at dropped_at dropped_because", C.HARMLESS, "Sachstandsbericht", K.RECORDS,
        E.KEEP),
    Row("StatusReport", "drawn_up_by released_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("ReportText", "id report key text changed_at", C.HARMLESS, "Sachstandsbericht", K.RECORDS, E.KEEP),
    Row("ReportText", "changed_by writer_ids", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("ReportFile", "id report kind name size sha256", C.HARMLESS, "Sachstandsbericht", K.RECORDS, E.KEEP),
)
# fmt: on

ACTIVITIES = (
    Activity(
        "reports", "Auswertungen und Berichte",
        "Steuerung, Bericht an Ausschuss und Land mit Zahlen ohne Personenbezug",
        "Art. 6 Abs. 1 Buchst. e DSGVO, § 3 und § 17 DSG NRW (Statistik)",
        "beratene Personen nur als Anzahl, kleine Zahlen geschützt; Beschäftigte als Verfasserinnen und Verfasser",
        "Koordinierung, Geschäftsstelle, Lenkungsgruppe; Ausschuss und Land, was freigegeben ist",
        ("reports.DayCount", "reports.PublishedTable", "reports.Export", "reports.SavedFigure",
         "reports.Subscription", "reports.StatusReport", "reports.ReportText", "casework.StatisticalRecord"),
    ),
)  # fmt: skip


@privacy.due("reports.Subscription")
def _subscriptions(day):
    return Subscription.objects.filter(user__in=retention.without_access(day))


@privacy.due("reports.SavedFigure")
def _saved(day):
    """One's own; what is shared with others stays, under the name of a former account."""
    return SavedFigure.objects.filter(by__in=retention.without_access(day), shared_with="")


privacy.register("reports", TABLE, ACTIVITIES)
