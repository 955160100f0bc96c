"""What we know about clients and for how long: every field of casework, what it is for, and what becomes of it.

The nightly erasure (casework/retention.py) and the export of one person's data (casework/person_data.py) read this
table; the mechanism stands in kim/privacy.py, where all tables are put together.
"""

from django.db import models

from kim import privacy
from kim.privacy import Activity, Category, Erasure, Row
from kim.privacy import Kept as Period
from kim.privacy_table import Kept as GroundKept

LAW = "Art. 5 Abs. 1 Buchst. e, Art. 17 DSGVO"


class Kept:
    """The classes of deletion of casework; months and years are settings of the county."""

    CASE = Period(
        "case", "mit dem Fall: ohne Aufnahme 6 Monate, sonst 3 Jahre nach dem Ende, nach Widerruf 30 Tage",
        starts="Tag der Anfrage; Ende des Falls; Tag des Widerrufs", basis=LAW, job="erase",
        exceptions="Aufschub der Löschung (Art. 17 Abs. 3 Buchst. e, Art. 18 DSGVO, Prüfung); Einschränkung",
    )  # fmt: skip
    CLIENT = Period(
        "client", "bis der letzte Fall der Person gelöscht ist",
        starts="Löschung des letzten Falls der Person und ihres Haushalts", basis=LAW, job="erase",
        exceptions="wie beim Fall",
    )  # fmt: skip
    ALONE = Period(
        "alone", "mit dem Fall; ohne Fall höchstens so lange wie ein beendeter",
        starts="Tag der Beratung, in ganzen Monaten", basis=LAW, job="erase",
    )  # fmt: skip
    DIRECTORY = Period(
        "directory", "solange die Stelle besteht", starts="Tag, an dem die Stelle wegfällt", basis=LAW, job="erase"
    )
    ALWAYS = Period(
        "always", "auf Dauer", starts="–",
        basis="ohne Bezug zu beratenen Personen; Nachweis der Löschung (Art. 5 Abs. 2 DSGVO)",
    )  # fmt: skip
    REQUEST = GroundKept.REQUEST
    IMPORT = Period("import", "14 Tage", starts="Tag des Hochladens", basis=LAW, job="imports")


C, K, E = Category, Kept, Erasure
LINK = "Zuordnung"
WHO_DID = "Nachweis, wer gehandelt hat"

# fmt: off
TABLE = (
    # People
    Row("Household", "id", C.HARMLESS, LINK, K.CLIENT, E.DELETE),
    Row("Household", "adults children", C.PERSONAL, "Beratung der ganzen Familie", K.CLIENT, E.DELETE),
    Row("Client", "id household", C.PERSONAL, LINK, K.CLIENT, E.DELETE),
    Row("Client", "target_group", C.PERSONAL, "Beratung, Planung von Angeboten", K.CLIENT, E.STATISTICS),
    Row("Client", "municipality gender german_level interpreter_needed languages", C.PERSONAL,
        "Beratung, Planung von Angeboten", K.CLIENT, E.DELETE),
    Row("Client", "citizenships citizenship_text", C.SPECIAL, "Wege im Aufenthaltsrecht", K.CLIENT, E.DELETE),
    Row("Client", "arrival_year arrival_month", C.PERSONAL, "Fristen im Aufenthaltsrecht", K.CLIENT, E.DELETE),
    Row("Identity", "client", C.PERSONAL, LINK, K.CLIENT, E.DELETE),
    Row("Identity", "given_name family_name phone email street postal_code town", C.PERSONAL,
        "die Person erreichen", K.CLIENT, E.DELETE),
    Row("Identity", "birth_date", C.PERSONAL, "Altersgrenzen, Verwechslungen vermeiden", K.CLIENT, E.STATISTICS),
    Row("Identity", "birth_precision", C.PERSONAL, "Altersgrenzen, Verwechslungen vermeiden", K.CLIENT, E.DELETE),
    Row("Identity", "folded", C.PERSONAL, "Suche nach dem Namen", K.CLIENT, E.DELETE),
    Row("ResidenceStatus", "id client", C.PERSONAL, LINK, K.CLIENT, E.DELETE),
    Row("ResidenceStatus", "status valid_from valid_until", C.SPECIAL, "Wege im Aufenthaltsrecht", K.CLIENT,
        E.DELETE),
    Row("ResidenceStatus", "expires_on", C.SPECIAL, "rechtzeitig verlängern", K.CLIENT, E.DELETE),
    Row("LegalArea", "id client", C.PERSONAL, LINK, K.CLIENT, E.DELETE),
    Row("LegalArea", "area", C.SPECIAL, "lückenloser Wechsel des Rechtskreises", K.CLIENT, E.STATISTICS),
    Row("LegalArea", "valid_from valid_until", C.SPECIAL, "lückenloser Wechsel des Rechtskreises", K.CLIENT, E.DELETE),

    # Consents
    Row("Consent", "id client", C.PERSONAL, LINK, K.CLIENT, E.DELETE),
    Row("Consent", "purpose recipient given text_version valid_from valid_until recorded_at withdrawn_at", C.PERSONAL,
        "Nachweis der Einwilligung (Art. 7 DSGVO)", K.CLIENT, E.DELETE),
    Row("Consent", "papers", C.SPECIAL, "was eine Behörde bekommen darf", K.CLIENT, E.DELETE),
    Row("Consent", "recorded_by", C.PERSONAL, WHO_DID, K.CLIENT, E.DELETE),

    # What people ask by right: the proof stays, without the person
    Row("ClientRequest", "client", C.PERSONAL, LINK, K.CLIENT, E.KEEP),
    Row("ClientRequest", "corrected", C.SPECIAL, "was berichtigt wurde", K.CLIENT, E.BLANK),
    Row("ClientRequest", "id municipality employer kind state received_on came_by identified identified_on due_on "
        "extended_on extension_reason extension_told_on answered_on outcome refusal kept_until ground restricted_on "
        "lifted_on lift_told_on", C.PERSONAL, "Antwort auf ein Anliegen nach Art. 15 bis 21 DSGVO", K.REQUEST,
        E.DELETE),
    Row("ClientRequest", "recorded_by recorded_at", C.PERSONAL, WHO_DID, K.REQUEST, E.DELETE),

    # Cases
    Row("CaseNumberRange", "year last", C.HARMLESS, "lückenlose Nummern", K.ALWAYS, E.KEEP),
    Row("Case", "id number client", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("Case", "foreign_number", C.PERSONAL, "nichts doppelt erfassen", K.CASE, E.DELETE),
    Row("Case", "owner employer", C.PERSONAL, "wer den Fall führt", K.CASE, E.DELETE),
    Row("Case", "municipality state closing_reason", C.PERSONAL, "Steuerung und Auswertung", K.CASE, E.STATISTICS),
    Row("Case", "access_route domain_count actor_count system_barrier other_support", C.PERSONAL,
        "Steuerung und Auswertung", K.CASE, E.DELETE),
    Row("Case", "ended_at", C.PERSONAL, "Verlauf", K.CASE, E.STATISTICS),
    Row("Case", "opened_on agreed_on admitted_on changed_employer_at", C.PERSONAL, "Verlauf", K.CASE, E.DELETE),
    Row("Case", "step_no state_since resting_until", C.PERSONAL, "Verlauf", K.CASE, E.DELETE),
    Row("Case", "occasion", C.SPECIAL, "worum es geht", K.CASE, E.DELETE),
    Row("Case", "referring_organisation referred_to handed_to voluntary", C.PERSONAL, "Clearing, Übergabe", K.CASE,
        E.DELETE),
    Row("Case", "blocked_by", C.HARMLESS, "Knackpunkt, der den Fall blockiert", K.CASE, E.DELETE),
    Row("Case", "locked_at erase_on restricted_at", C.HARMLESS, "Sperre und Löschfrist", K.CASE, E.DELETE),
    Row("CaseStep", "id case no name source at", C.PERSONAL, "Verlauf", K.CASE, E.DELETE),
    Row("CaseStep", "target", C.PERSONAL, "Verlauf", K.CASE, E.STATISTICS),
    Row("CaseStep", "by on_behalf_of owner", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),
    Row("CaseStep", "note", C.SPECIAL, "Begründung", K.CASE, E.DELETE),
    Row("CaseIssue", "id case consultation issue at", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("CaseIssue", "by", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),
    Row("CaseIssue", "interim interim_shared", C.SPECIAL, "was wir für die Person jetzt tun", K.CASE, E.DELETE),

    # Assessment and plan
    Row("Assessment", "id case valued_on", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("Assessment", "life_domain start end", C.SPECIAL, "Wirkung der Beratung", K.CASE, E.DELETE),
    Row("Assessment", "note", C.SPECIAL, "Einschätzung", K.CASE, E.DELETE),
    Row("Goal", "id case", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("Goal", "achievement", C.PERSONAL, "Wirkung der Beratung", K.CASE, E.STATISTICS),
    Row("Goal", "life_domain", C.SPECIAL, "Wirkung der Beratung", K.CASE, E.DELETE),
    Row("Goal", "text until status", C.SPECIAL, "Hilfeplan", K.CASE, E.DELETE),
    Row("GoalMeasure", "id goal", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("GoalMeasure", "text who actor actor_name until status", C.SPECIAL, "Hilfeplan", K.CASE, E.DELETE),
    Row("PlanVersion", "id case no agreed_on recorded_at", C.PERSONAL, "Nachweis der Vereinbarung", K.CASE, E.DELETE),
    Row("PlanVersion", "recorded_by", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),
    Row("PlanVersion", "snapshot", C.SPECIAL, "Wortlaut der Vereinbarung", K.CASE, E.DELETE),
    Row("Document", "id case consent kind file_type size uploaded_at", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("Document", "title", C.SPECIAL, "was für ein Papier es ist", K.CASE, E.DELETE),
    Row("Document", "stored_as sha256", C.PERSONAL, "die verschlüsselte Datei finden und prüfen", K.CASE, E.DELETE),
    Row("Document", "uploaded_by", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),

    # Consultations and follow-ups
    Row("Consultation", "id case recorded_on", C.PERSONAL, LINK, K.ALONE, E.DELETE),
    Row("Consultation", "author", C.PERSONAL, WHO_DID, K.ALONE, E.DELETE),
    Row("Consultation", "municipality held_on quarter_hours persons actions", C.PERSONAL, "Auswertung der Beratung",
        K.ALONE, E.STATISTICS),
    Row("Consultation", "form language interpreter result", C.PERSONAL, "Auswertung der Beratung", K.ALONE, E.DELETE),
    Row("Consultation", "topics legal_areas", C.SPECIAL, "Auswertung der Beratung", K.ALONE, E.DELETE),
    Row("Consultation", "place referred_actor referred_to next_step next_on", C.PERSONAL, "Beratung", K.ALONE,
        E.DELETE),
    Row("Consultation", "sent_as", C.HARMLESS, "nichts doppelt erfassen", K.ALONE, E.DELETE),
    Row("Consultation", "note", C.SPECIAL, "Beratung", K.ALONE, E.DELETE),
    Row("FollowUp", "id case referral on_day done_on", C.PERSONAL, "nichts vergessen", K.CASE, E.DELETE),
    Row("FollowUp", "text", C.SPECIAL, "nichts vergessen", K.CASE, E.DELETE),

    # Network
    Row("Actor", "id name kind organisation responsibility website address hours municipalities gone_on folded",
        C.HARMLESS, "Verzeichnis der Stellen", K.DIRECTORY, E.KEEP),
    Row("Actor", "phone email", C.PERSONAL, "die Stelle erreichen", K.DIRECTORY, E.BLANK),
    Row("Actor", "confirmed_on confirmed_by", C.PERSONAL, WHO_DID, K.DIRECTORY, E.KEEP),
    Row("Referral", "id case actor consent", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("Referral", "status sent_on answered_on follow_up_on", C.PERSONAL, "Weitervermittlung", K.CASE, E.DELETE),
    Row("Referral", "occasion note", C.SPECIAL, "Weitervermittlung", K.CASE, E.DELETE),
    Row("Conference", "id case held_on mode place", C.PERSONAL, "Fallkonferenz", K.CASE, E.DELETE),
    Row("Conference", "structural_topics", C.HARMLESS, "Strukturthemen", K.CASE, E.DELETE),
    Row("Conference", "summary", C.SPECIAL, "Fallkonferenz", K.CASE, E.DELETE),
    Row("Participant", "id conference institution name consent consent_checked_on", C.PERSONAL,
        "Nachweis, wer etwas erfahren hat", K.CASE, E.DELETE),
    Row("Agreement", "id conference who until done_on", C.PERSONAL, "Fallkonferenz", K.CASE, E.DELETE),
    Row("Agreement", "what", C.SPECIAL, "Fallkonferenz", K.CASE, E.DELETE),

    # Caseload
    Row("HandOver", "id cases offered_at accepted_at refused_at withdrawn_at", C.PERSONAL, "Fallübergabe", K.CASE,
        E.DELETE),
    Row("HandOver", "giver taker offered_by", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),
    Row("HandOver", "note refusal unagreed_reason", C.SPECIAL, "Fallübergabe", K.CASE, E.BLANK),
    Row("Look", "id case at until", C.PERSONAL, "Nachweis des Einblicks", K.CASE, E.DELETE),
    Row("Look", "by reason", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),

    # Modul 3
    Row("Checklist", "id kind version source source_on note valid_from valid_until", C.HARMLESS, "Prüfliste", K.ALWAYS,
        E.KEEP),
    Row("ChecklistItem", "id checklist position text proof hint", C.HARMLESS, "Prüfliste", K.ALWAYS, E.KEEP),
    Row("Procedure", "id checklist authority consent handed_over_at ended_on", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("Procedure", "handed_over_by", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),
    Row("Procedure", "person", C.PERSONAL, "die Behörde weiß, um wen es geht", K.CASE, E.DELETE),
    Row("Procedure", "status status_on outcome", C.SPECIAL, "Stand und Ergebnis des Vorgangs", K.CASE, E.DELETE),
    Row("Procedure", "text papers", C.SPECIAL, "Anliegen an die Behörde", K.CASE, E.DELETE),
    Row("ProcedureItem", "id procedure item", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("ProcedureItem", "status since", C.SPECIAL, "Stand der Prüfliste", K.CASE, E.DELETE),
    Row("ProcedureItem", "marked_by", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),
    Row("ProcedureNote", "id procedure at", C.PERSONAL, LINK, K.CASE, E.DELETE),
    Row("ProcedureNote", "by", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),
    Row("ProcedureNote", "text", C.SPECIAL, "Rückmeldung der Behörde", K.CASE, E.DELETE),
    Row("CaseProcedure", "id case procedure", C.PERSONAL, LINK, K.CASE, E.DELETE),

    # Import
    Row("Import", "id kind created_at state state_since unread rows_total rows_handled rows_faulty rows_made rows_kept "
        "likely", C.HARMLESS, "Übernahme aus einer Tabelle", K.ALWAYS, E.KEEP),
    Row("Import", "by", C.PERSONAL, WHO_DID, K.ALWAYS, E.KEEP),
    Row("ImportRow", "id of line checked handled made", C.HARMLESS, LINK, K.IMPORT, E.DELETE),
    Row("ImportRow", "likely", C.PERSONAL, "Doppelberatung vermeiden", K.IMPORT, E.DELETE),
    Row("ImportRow", "values faults", C.SPECIAL, "Zeilen, bis sie übernommen oder verworfen sind", K.IMPORT, E.BLANK),

    # Retention
    Row("Hold", "id case reason until at ended_at", C.PERSONAL, "Aufschub der Löschung", K.CASE, E.DELETE),
    Row("Hold", "by ended_by", C.PERSONAL, WHO_DID, K.CASE, E.DELETE),
    Row("Erasure", "id day why kind rows files", C.HARMLESS, "Nachweis der Löschung ohne Inhalt", K.ALWAYS, E.KEEP),
    Row("Erasure", "by", C.PERSONAL, WHO_DID, K.ALWAYS, E.KEEP),
    Row("StatisticalRecord", "id kind month age target_group municipality bank legal_area reached closing_reason",
        C.HARMLESS, "Auswertung über Jahre, ohne Weg zurück zur Person", K.ALWAYS, E.KEEP),
    Row("StatisticalRecord", "consultations persons actions quarter_hours goals_fully goals_mostly goals_partly "
        "goals_not goals_dropped", C.HARMLESS, "Auswertung über Jahre", K.ALWAYS, E.KEEP),
)
# fmt: on


#: Every field that lives on in a StatisticalRecord → as what. All others are deleted for good.
IN_STATISTICS = {
    "Case.municipality": "municipality bank",
    "Case.state": "reached",
    "Case.closing_reason": "closing_reason",
    "Case.ended_at": "month",
    "CaseStep.target": "reached",
    "Client.target_group": "target_group",
    "Identity.birth_date": "age",
    "LegalArea.area": "legal_area",
    "Goal.achievement": "goals_fully goals_mostly goals_partly goals_not goals_dropped",
    "Consultation.municipality": "municipality bank",
    "Consultation.held_on": "month",
    "Consultation.quarter_hours": "quarter_hours",
    "Consultation.persons": "persons",
    "Consultation.actions": "actions",
}


def blanked(model: str) -> list[str]:
    """The fields of `model` that are emptied while the row itself stays."""
    return [name for row in TABLE if row.model == model and row.erasure == Erasure.BLANK for name in row.fields]


def kept_with(*kept: Period) -> set[str]:
    """The models whose rows (their keys) are deleted at the end of one of these times."""
    return {
        row.model
        for row in TABLE
        if row.kept in kept and row.erasure == Erasure.DELETE and {"id", "client"} & set(row.fields)
    }


def rows_of(model: type[models.Model]) -> list[Row]:
    """Those of a model of this app; no row of another app is looked through."""
    return [row for row in TABLE if row.model == model.__name__]


def row_of(model: type[models.Model], field: str) -> Row:
    """The one row that answers for a field; raises LookupError."""
    for row in rows_of(model):
        if field in row.fields:
            return row
    raise LookupError(f"{model.__name__}.{field} stands in no row of the privacy table")


ACTIVITIES = (
    Activity(
        "casework", "Case Management im Einzelfall",
        "Menschen mit Einwanderungsgeschichte beraten und begleiten; Hilfeplan, Weitervermittlung",
        "Einwilligung, Art. 6 Abs. 1 Buchst. a und Art. 9 Abs. 2 Buchst. a DSGVO; Anfrage: Art. 6 Abs. 1 Buchst. e",
        "beratene Personen und ihre Haushalte; Ansprechpersonen anderer Stellen",
        "wen eine Einwilligung nennt: andere Beratungsstellen, Teilnehmende einer Fallkonferenz; sonst niemand",
        ("casework.Client", "casework.Identity", "casework.Household", "casework.ResidenceStatus",
         "casework.LegalArea", "casework.Consent", "casework.Case", "casework.CaseStep", "casework.CaseIssue",
         "casework.Assessment", "casework.Goal", "casework.GoalMeasure", "casework.PlanVersion",
         "casework.Document", "casework.FollowUp", "casework.Referral", "casework.Conference",
         "casework.Participant", "casework.Agreement", "casework.HandOver", "casework.Look", "casework.Hold",
         "casework.Actor", "casework.Import", "casework.ImportRow"),
    ),
    Activity(
        "consultations", "Beratungen und ihre Auswertung",
        "Beratungen festhalten, Angebote planen, über Jahre auswerten",
        "Einwilligung wie beim Fall; ohne Fall und Namen Art. 6 Abs. 1 Buchst. e DSGVO; Statistik § 17 DSG NRW",
        "beratene Personen; ohne Fall nur Zahlen",
        "niemand; ausgewertet wird ohne Personenbezug",
        ("casework.Consultation", "casework.StatisticalRecord"),
    ),
    Activity(
        "procedures", "Übergabe an Ausländer- und Einbürgerungsbehörden (Modul 3)",
        "ein Anliegen mit ausgewählten Unterlagen an die Behörde geben, die die Einwilligung nennt",
        "Einwilligung, Art. 6 Abs. 1 Buchst. a und Art. 9 Abs. 2 Buchst. a DSGVO",
        "beratene Personen",
        "die in der Einwilligung genannte Behörde, solange die Einwilligung gilt",
        ("casework.Procedure", "casework.ProcedureItem", "casework.ProcedureNote", "casework.CaseProcedure",
         "casework.Checklist"),
    ),
    Activity(
        "client-rights", "Anliegen beratener Personen und Löschung",
        "Auskunft, Berichtigung, Löschung, Einschränkung, Widerspruch binnen eines Monats; Nachweis der Löschung",
        "Art. 6 Abs. 1 Buchst. c DSGVO mit Art. 12 bis 22 DSGVO",
        "beratene Personen",
        "Fristen ohne Namen: Datenschutz und Revision, Koordinierung",
        ("casework.ClientRequest", "casework.Erasure"),
    ),
)  # fmt: skip

privacy.register("casework", TABLE, ACTIVITIES)
