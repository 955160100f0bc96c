"""What funding knows about people: who fills which post with which share, and who is away for long.

Clients stand nowhere here. A leave may say that somebody is ill or pregnant: it is read by the administration alone.
"""

import datetime as dt

from funding.models import CostImportRow
from kim import privacy, workdays
from kim.privacy import Activity, Category, Erasure, Row
from kim.privacy import Kept as Period
from kim.privacy_table import WHO_DID, Kept

C, K, E = Category, Kept, Erasure
#: Lines of a table of costs nobody took over.
TAKEN = Period(
    "taken", "bis die Tabelle übernommen oder verworfen ist, höchstens einen Monat", starts="Tag des Hochladens",
    basis="Art. 5 Abs. 1 Buchst. e DSGVO", job="retention", months=1,
)  # fmt: skip
MONEY = "Förderung, Abrechnung, Nachweis"
POSTS = "Besetzung von Stellen"
NEED = "Bedarf und Verteilung von Stellen"
DATED = "valid_from valid_until known_from known_until source"
VERSION = "replaces withdrawn_because"

# fmt: off
TABLE = (
    # Programmes and notices
    Row("Programme", "id key name module award legal_basis", C.HARMLESS, MONEY, K.ALWAYS, E.KEEP),
    Row("FundingPeriod", "id valid_from valid_until programme name source", C.HARMLESS, MONEY, K.ALWAYS, E.KEEP),
    Row("Rate", f"id {DATED} {VERSION} programme item amount per_fte once", C.HARMLESS, MONEY, K.MONEY, E.KEEP),
    Row("Rate", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("AwardNotice", "id number reference period recipient applied_on granted_on audited_on source at", C.HARMLESS,
        MONEY, K.MONEY, E.KEEP),
    Row("AwardNotice", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("Terms", f"id {DATED} {VERSION} notice counting bases purpose conditions", C.HARMLESS, MONEY, K.MONEY, E.KEEP),
    Row("Terms", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("Grant", f"id {DATED} {VERSION} notice item fte amount", C.HARMLESS, MONEY, K.MONEY, E.KEEP),
    Row("Grant", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("Deadline", "id notice kind due_on done_on dropped_on dropped_because source at", C.HARMLESS, MONEY, K.MONEY,
        E.KEEP),
    Row("Deadline", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("Payment", "id notice kind amount on_day source at cancelled_at cancelled_because", C.HARMLESS, MONEY, K.MONEY,
        E.KEEP),
    Row("Payment", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("CalculationNumbers", "year last", C.HARMLESS, "lückenlose Nummern", K.ALWAYS, E.KEEP),
    Row("Calculation", "id notice number until known_at counting bases granted by_posts by_costs entitlement repayment "
        "digest drawn_up_at released_at dropped_at dropped_because", C.HARMLESS, MONEY, K.MONEY, E.KEEP),
    Row("Calculation", "data", C.PERSONAL, "eingefrorene Abrechnung mit den Besetzungen", K.MONEY, E.KEEP),
    Row("Calculation", "drawn_up_by released_by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("Proof", "id notice calculation submitted_on submitted_to at", C.HARMLESS, MONEY, K.MONEY, E.KEEP),
    Row("Proof", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("Forwarding", f"id {DATED} {VERSION} notice recipient fte", C.HARMLESS, MONEY, K.MONEY, E.KEEP),
    Row("Forwarding", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),

    # Posts and who fills them
    Row("Post", "id number title module item at", C.HARMLESS, POSTS, K.MONEY, E.KEEP),
    Row("Post", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("PostTerm", f"id {DATED} {VERSION} post fte employer recipient function pay_grade plan_number kw kw_on",
        C.HARMLESS, POSTS, K.MONEY, E.KEEP),
    Row("PostTerm", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("Occupancy", f"id {DATED} {VERSION} post user share substitute_for", C.PERSONAL, POSTS, K.MONEY, E.DELETE),
    Row("Occupancy", "by", C.PERSONAL, WHO_DID, K.MONEY, E.DELETE),
    Row("Leave", f"id {DATED} {VERSION} user counts", C.PERSONAL, "Unterbrechung einer Besetzung", K.MONEY, E.DELETE),
    Row("Leave", "kind", C.SPECIAL, "ob die Zeit gefördert wird; kann Krankheit oder Mutterschutz sein", K.MONEY,
        E.DELETE),
    Row("Leave", "by", C.PERSONAL, WHO_DID, K.MONEY, E.DELETE),
    Row("ReportedFigure", "id document reported_on as_of module measure value words clarified_on clarification at",
        C.HARMLESS, POSTS, K.RECORDS, E.KEEP),
    Row("ReportedFigure", "clarified_by by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),

    # Costs
    Row("EligibilityRule", f"id {DATED} {VERSION} programme kind eligibility item basis ask_by", C.HARMLESS, MONEY,
        K.MONEY, E.KEEP),
    Row("EligibilityRule", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("Cost", f"id {DATED} {VERSION} notice kind post user recipient amount paid_on text eligibility basis "
        "imported", C.PERSONAL, "was jemand verdient, kann daraus hervorgehen", K.MONEY, E.KEEP),
    Row("Cost", "by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("CostImport", "id created_at rows_total rows_faulty taken_at dropped_at", C.HARMLESS, MONEY, K.MONEY, E.KEEP),
    Row("CostImport", "by taken_by", C.PERSONAL, WHO_DID, K.MONEY, E.KEEP),
    Row("CostImportRow", "id whole line does told problem was kind", C.PERSONAL,
        "Zeilen einer Tabelle, bis sie übernommen oder verworfen sind", TAKEN, E.DELETE),

    # Need
    Row("Criterion", "id key name unit definition position", C.HARMLESS, NEED, K.ALWAYS, E.KEEP),
    Row("CriterionValue", f"id {DATED} {VERSION} criterion municipality value", C.HARMLESS, NEED, K.RECORDS, E.KEEP),
    Row("CriterionValue", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Scenario", "id name note total step minimum method on_day inputs at resolution adopted_from adopted_at "
        "dropped_at", C.HARMLESS, NEED, K.RECORDS, E.KEEP),
    Row("Scenario", "by adopted_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("ScenarioWeight", "id scenario criterion weight", C.HARMLESS, NEED, K.RECORDS, E.KEEP),
    Row("ScenarioShare", "id scenario municipality weight minimum quota fte", C.HARMLESS, NEED, K.RECORDS, E.KEEP),
    Row("StaffingTarget", f"id {DATED} {VERSION} module municipality fte scenario", C.HARMLESS, NEED, K.RECORDS,
        E.KEEP),
    Row("StaffingTarget", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
)
# fmt: on

ACTIVITIES = (
    Activity(
        "posts", "Stellen und Besetzungen",
        "Einsatz planen, Förderung je Stelle berechnen, Vertretung sichern",
        "Art. 6 Abs. 1 Buchst. e und c, Art. 9 Abs. 2 Buchst. b DSGVO, § 18 DSG NRW (Beschäftigte)",
        "Beschäftigte auf geförderten Stellen",
        "Verwaltung; lesend Koordinierung, Geschäftsstelle, Lenkungsgruppe, Revision (ohne Art der Unterbrechung)",
        ("kim.Assignment", "funding.Post", "funding.PostTerm", "funding.Occupancy", "funding.Leave",
         "funding.ReportedFigure", "funding.StaffingTarget"),
    ),
    Activity(
        "money", "Förderung und Abrechnung",
        "Bescheide, Zahlungen, Ausgaben, Rückzahlung, Verwendungsnachweis, Bedarf",
        "Art. 6 Abs. 1 Buchst. c und e DSGVO; Nebenbestimmungen der Bescheide",
        "Beschäftigte auf geförderten Stellen",
        "Land Nordrhein-Westfalen (Bezirksregierung) mit dem Verwendungsnachweis; Rechnungsprüfung",
        ("funding.AwardNotice", "funding.Terms", "funding.Grant", "funding.Rate", "funding.Deadline",
         "funding.Payment", "funding.Calculation", "funding.Proof", "funding.Forwarding", "funding.EligibilityRule",
         "funding.Cost", "funding.CostImport", "funding.CostImportRow", "funding.Scenario", "funding.CriterionValue"),
    ),
)  # fmt: skip


@privacy.due("funding.CostImportRow")
def _lines_nobody_took(day):
    limit = dt.datetime.combine(TAKEN.ended_before(day), dt.time(), workdays.BERLIN)
    return CostImportRow.objects.filter(whole__created_at__lt=limit)


privacy.register("funding", TABLE, ACTIVITIES)
