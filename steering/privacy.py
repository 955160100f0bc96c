"""What steering knows about people: who reported, decided, sat where. Its texts pass the privacy gate and name nobody.

Clients stand nowhere here; what is personal is who acted under which account, and the seats of members.
"""

from kim import privacy
from kim.privacy import Activity, Category, Erasure, Row
from kim.privacy_table import WHO_DID, Kept

C, K, E = Category, Kept, Erasure
ISSUE = "Knackpunkt; geprüft, dass er niemanden nennt"
MEETING = "Sitzungen, Beschlüsse, Niederschriften"
TOGETHER = "Zusammenarbeit von Kreis und Kommunen"

# fmt: off
TABLE = (
    # Issues
    Row("Issue", "id number title situation topic life_domain municipality interface presumed_reach frequency urgency "
        "impact tried idea workaround state step_no state_since due_on due_words due_rank paused_until reach "
        "reach_reason body meeting lead addressee proposal outcome result feedback experience informed effect_due_on "
        "effect_asked_on effect_checked_on effect created_at reported_at released_at to_office_at on_agenda_at "
        "fast_tracked_at assigned_at answered_at fed_back_at closed_at folded folded_title legal_areas "
        "further_municipalities organisations", C.HARMLESS, ISSUE, K.RECORDS, E.KEEP),
    Row("Issue", "released_by closed_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Reporter", "id issue user first joined_at helps", C.PERSONAL, "Antwort an alle, die gemeldet haben",
        K.RECORDS, E.KEEP),
    Row("IssueStep", "id issue no name source target at note due_on due_words", C.HARMLESS, ISSUE, K.RECORDS, E.KEEP),
    Row("IssueStep", "by on_behalf_of", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Confirmation", "id issue key field kind excerpt at", C.HARMLESS,
        "Stellen, die jemand als unbedenklich bestätigt hat", K.RECORDS, E.KEEP),
    Row("Confirmation", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Comment", "id issue public office text at", C.HARMLESS, ISSUE, K.RECORDS, E.KEEP),
    Row("Comment", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("InterimReport", "id issue body text at", C.HARMLESS, ISSUE, K.RECORDS, E.KEEP),
    Row("InterimReport", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Measure", "id issue text owner organisation due_on done_on", C.HARMLESS, ISSUE, K.RECORDS, E.KEEP),
    Row("Measure", "done_by by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),

    # The clock
    Row("TimeLimit", "id valid_from valid_until state amount unit reason", C.HARMLESS, "Fristen", K.RECORDS, E.KEEP),
    Row("TimeLimit", "set_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Pause", "id issue stay first_day last_day reason", C.HARMLESS, "angehaltene Fristen", K.RECORDS, E.KEEP),
    Row("Pause", "by ended_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Reminder", "id issue stay kind day created_at given_on", C.HARMLESS, "Erinnerungen", K.RECORDS, E.KEEP),
    Row("DutyReminder", "id duty due_on kind day given_on", C.HARMLESS, "Erinnerungen", K.RECORDS, E.KEEP),

    # Bodies
    Row("Body", "id valid_from valid_until key name kind mandate mandated_by result municipalities", C.HARMLESS,
        MEETING, K.RECORDS, E.KEEP),
    Row("Membership", "id valid_from valid_until body user organisation function votes deputy_of", C.PERSONAL,
        "wer in welchem Gremium sitzt und stimmt", K.RECORDS, E.KEEP),
    Row("ExpectedSeat", "id valid_from valid_until body name organisation occasional source", C.HARMLESS, MEETING,
        K.RECORDS, E.KEEP),
    Row("Milestone", "id body title due_on done_on", C.HARMLESS, MEETING, K.RECORDS, E.KEEP),
    Row("Milestone", "by done_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("RulesOfProcedure", "id body version text submitted_on submitted_to meeting resolution valid_from valid_until "
        "source at meetings_per_year invitation_days topic_days paper_days quorum_percent without_quorum voices "
        "majority admission written_allowed written_days minutes_days objection_days", C.HARMLESS, MEETING, K.RECORDS,
        E.KEEP),
    Row("RulesOfProcedure", "by readers", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),

    # Meetings
    Row("Meeting", "id body starts_at place mode minutes_long video_url written_until title cancelled_at invited_at "
        "sequence opened_at closed_at source folded", C.HARMLESS, MEETING, K.RECORDS, E.KEEP),
    Row("AgendaItem", "id meeting kind issue open_resolution rules minutes title text position added_at admitted_at "
        "admission withdrawn_at notes dealt_with_at", C.HARMLESS, MEETING, K.RECORDS, E.KEEP),
    Row("AgendaItem", "added_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Paper", "id meeting item title kept kind size sha256 at withdrawn_at", C.HARMLESS, MEETING, K.RECORDS, E.KEEP),
    Row("Paper", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Attendance", "id meeting seat guest presence at", C.PERSONAL, "wer anwesend war", K.RECORDS, E.KEEP),
    Row("Attendance", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Vote", "id item seat cast_by_seat organisation value at", C.PERSONAL, "wer wie gestimmt hat", K.RECORDS,
        E.KEEP),
    Row("Vote", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Resolution", "id number body agenda_item municipality organ issue step verdict text decided_on consensus yes "
        "no abstained owner owner_body owner_organisation due_on done_on evidence dropped_on dropped_because "
        "recorded_at source folded", C.HARMLESS, MEETING, K.RECORDS, E.KEEP),
    Row("Resolution", "done_by recorded_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Postponement", "id resolution before due_on reason at", C.HARMLESS, MEETING, K.RECORDS, E.KEEP),
    Row("Postponement", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Minutes", "id meeting opening closing started_at version content sent_at objections_until approved_on",
        C.HARMLESS, MEETING, K.RECORDS, E.KEEP),
    Row("Minutes", "started_by sent_by approved_by readers", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Objection", "id minutes version text organisation at accepted answer decided_at", C.HARMLESS, MEETING,
        K.RECORDS, E.KEEP),
    Row("Objection", "by decided_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("Statement", "id organisation issue rules subject question asked_at due_on text received_on withdrawn_on "
        "folded", C.HARMLESS, "Stellungnahmen von Institutionen", K.RECORDS, E.KEEP),
    Row("Statement", "asked_by received_by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("NumberRange", "year last", C.HARMLESS, "lückenlose Nummern", K.ALWAYS, E.KEEP),
    Row("ResolutionNumbers", "year last", C.HARMLESS, "lückenlose Nummern", K.ALWAYS, E.KEEP),

    # Co-operation
    Row("Agreement", "id municipality version subject sent_on signed_on signatories contact valid_from valid_until "
        "renew_months ended_because source at", C.HARMLESS, TOGETHER, K.RECORDS, E.KEEP),
    Row("Agreement", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("KickOff", "id municipality on_day day_is_known place held cancelled_at outcome source", C.HARMLESS, TOGETHER,
        K.RECORDS, E.KEEP),
    Row("KickOff", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("KickOffParticipant", "id event sector organisation name legal_area persons", C.HARMLESS,
        "welche Stellen dabei waren", K.RECORDS, E.KEEP),
    Row("Interface", "id title municipality description identified_at confirmed_on retired_on at folded between "
        "legal_areas", C.HARMLESS, TOGETHER, K.RECORDS, E.KEEP),
    Row("Interface", "confirmed_by by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
    Row("InterfaceWay", "id interface text agreed_on event at", C.HARMLESS, TOGETHER, K.RECORDS, E.KEEP),
    Row("InterfaceWay", "by", C.PERSONAL, WHO_DID, K.RECORDS, E.KEEP),
)
# fmt: on

ACTIVITIES = (
    Activity(
        "issues", "Knackpunkte melden und lösen",
        "Hindernisse in der Zusammenarbeit erkennen, beraten, beantworten",
        "Art. 6 Abs. 1 Buchst. e DSGVO, § 3 DSG NRW; Aufgaben des Kommunalen Integrationsmanagements (§ 8 TIntG NRW)",
        "Beschäftigte, die melden und bearbeiten",
        "Koordinierung, Geschäftsstelle, Lenkungs- und Projektgruppen; ab der Geschäftsstelle ohne die Meldenden",
        ("steering.Issue", "steering.Reporter", "steering.IssueStep", "steering.Confirmation", "steering.Comment",
         "steering.InterimReport", "steering.Measure", "steering.TimeLimit", "steering.Pause"),
    ),
    Activity(
        "bodies", "Gremien, Sitzungen und Beschlüsse",
        "einladen, beraten, beschließen, Niederschriften; Zusammenarbeit mit den Kommunen",
        "Art. 6 Abs. 1 Buchst. e DSGVO, § 3 DSG NRW",
        "Mitglieder und Vertretungen; Beschäftigte der Geschäftsstelle",
        "Mitglieder der Gremien; Öffentlichkeit nur, was beschlossen und freigegeben ist",
        ("steering.Membership", "steering.Attendance", "steering.Vote", "steering.Minutes", "steering.Objection",
         "steering.Resolution", "steering.Postponement", "steering.RulesOfProcedure", "steering.AgendaItem",
         "steering.Paper", "steering.Milestone", "steering.Statement", "steering.Agreement", "steering.KickOff",
         "steering.Interface", "steering.InterfaceWay"),
    ),
)  # fmt: skip

privacy.register("steering", TABLE, ACTIVITIES)
