"""The lifecycle of a single case („Fall“), after the phases of the DGCC. Start reading here.

Anfrage → Clearing → aufgenommen → Assessment → Hilfeplanung → Linking → Monitoring ⇄ Hilfeplanung → Evaluation →
abgeschlossen. Sideways a case rests, breaks off, leaves the county, or is taken up again. From admission on, no case
moves without a consent in force; ending one is always possible. A hand-over between colleagues is no step: the case
stays where it is and changes its owner (models/caseload.py).
"""

from dataclasses import replace

from django.db import models

from casework.access import hats_on, is_unlocked, is_unrestricted, owns
from kim import workdays
from kim.rules import rule
from kim.workflow import Step, Workflow


class State(models.TextChoices):
    REQUEST = "request", "Anfrage"
    CLEARING = "clearing", "Clearing"
    REFERRED = "referred", "verwiesen"
    DECLINED = "declined", "kein Case Management"
    ADMITTED = "admitted", "aufgenommen"
    ASSESSMENT = "assessment", "Assessment"
    PLANNING = "planning", "Hilfeplanung"
    LINKING = "linking", "Linking"
    MONITORING = "monitoring", "Monitoring"
    EVALUATION = "evaluation", "Evaluation"
    CLOSED = "closed", "abgeschlossen"
    RESTING = "resting", "ruhend"
    BROKEN_OFF = "broken_off", "abgebrochen"
    HANDED_OVER = "handed_over", "übergeben"
    TAKEN_UP_AGAIN = "taken_up_again", "wieder aufgenommen"


S = State

ENDS = (S.REFERRED, S.DECLINED, S.CLOSED, S.BROKEN_OFF, S.HANDED_OVER)
OPEN = tuple(state for state in S if state not in ENDS)
#: Ends that admit nobody: such a request is kept for months, an ended case for years.
NOT_ADMITTED = (S.REFERRED, S.DECLINED)
REQUESTED = (S.REQUEST, S.CLEARING)
#: Being here takes an agreement, and coming here a consent in force.
WORKING = (S.ADMITTED, S.ASSESSMENT, S.PLANNING, S.LINKING, S.MONITORING, S.EVALUATION, S.TAKEN_UP_AGAIN)
ADMITTED_ONCE = (*WORKING, S.RESTING, S.CLOSED, S.BROKEN_OFF, S.HANDED_OVER)


#: What the clearing answers: whether case management is the right thing. Fields of Case; none of them empty.
CRITERIA = ("domain_count", "actor_count", "system_barrier", "voluntary", "other_support")


# What must be true of a case before it may move on


@rule(
    "Das Clearing ist noch nicht fertig. Bitte beantworten Sie beim Fall alle Aufnahmekriterien: "
    "Handlungsfelder, Stellen, Hürde im System, Freiwilligkeit, anderes Fallmanagement."
)
def has_cleared(user, case):
    return not case.left_to_clear


@rule(
    "Es liegt keine gültige Einwilligung ins Case Management vor; nach einem Wechsel des Trägers zählt nur eine für "
    "den neuen. Bitte holen Sie sie ein und tragen Sie sie beim Fall ein."
)
def has_consent(user, case):
    return case.consent_in_force is not None


@rule(
    "Für die Wiederaufnahme braucht es eine neue Einwilligung, die nach dem Ende des Falls gegeben wurde. "
    "Bitte holen Sie sie ein und tragen Sie sie beim Fall ein."
)
def has_new_consent(user, case):
    consent = case.consent_in_force
    return consent is not None and case.ended_at is not None and consent.recorded_at > case.ended_at


@rule("Die Aufbewahrungsfrist ist abgelaufen. Bitte legen Sie einen neuen Fall an.")
def is_still_kept(user, case):
    return case.erase_on is not None and workdays.today() < case.erase_on


@rule(
    "Bitte wählen Sie mindestens ein Handlungsfeld und schätzen Sie jedes gewählte mit einem Ausgangswert "
    "von 1 bis 5 ein."
)
def has_assessed_all(user, case):
    starts = case.starts
    return bool(starts) and None not in starts


@rule("Bitte setzen Sie für jedes Ziel des Hilfeplans einen Erreichungsgrad; ohne Ziel gibt es nichts auszuwerten.")
def has_valued_every_goal(user, case):
    values = case.achievements
    return bool(values) and None not in values


# fmt: off
STEPS = (
    #    what               from               to                 who may
    Step("clear",           S.REQUEST,         S.CLEARING,        owns,
         label="Clearing beginnen", hint="klären, ob Case Management das Richtige ist"),
    Step("decline",         S.REQUEST,         S.DECLINED,        owns,
         needs=("reason",),
         label="Kein Case Management", hint="die Anfrage endet hier, mit Begründung"),

    Step("refer",           S.CLEARING,        S.REFERRED,        owns,
         needs=("referred_to",), asks=("note",),
         label="Verweisen", hint="an eine Stelle, die besser passt"),
    Step("decline",         S.CLEARING,        S.DECLINED,        owns,
         needs=("reason",),
         label="Kein Case Management", hint="die Anfrage endet hier, mit Begründung"),
    Step("admit",           S.CLEARING,        S.ADMITTED,        owns,
         needs=("agreed_on",), gates=(has_cleared, has_consent),
         label="Aufnehmen", hint="nach dem Clearing, mit Beratungsvereinbarung und Einwilligung"),

    Step("assess",          S.ADMITTED,        S.ASSESSMENT,      owns,   gates=(has_consent,),
         label="Assessment beginnen", hint="Handlungsfelder wählen und einschätzen"),
    Step("plan",            S.ASSESSMENT,      S.PLANNING,        owns,   gates=(has_consent, has_assessed_all),
         label="Hilfeplanung beginnen", hint="Ziele und Maßnahmen vereinbaren"),
    Step("link",            S.PLANNING,        S.LINKING,         owns,   gates=(has_consent,),
         label="Hilfen vermitteln", hint="mit den Stellen verbinden, die helfen"),
    Step("monitor",         S.PLANNING,        S.MONITORING,      owns,   gates=(has_consent,),
         label="Verlauf begleiten", hint="der geänderte Plan läuft"),
    Step("monitor",         S.LINKING,         S.MONITORING,      owns,   gates=(has_consent,),
         label="Verlauf begleiten", hint="die Hilfen laufen"),
    Step("plan",            S.MONITORING,      S.PLANNING,        owns,   gates=(has_consent,),
         label="Hilfeplan ändern", hint="zurück in die Hilfeplanung"),
    Step("evaluate",        S.MONITORING,      S.EVALUATION,      owns,   gates=(has_consent, has_valued_every_goal),
         label="Auswerten", hint="was wurde erreicht?"),
    Step("close",           S.EVALUATION,      S.CLOSED,          owns,
         needs=("closing_reason",), asks=("blocked_by", "note"),
         label="Abschließen", hint="setzt die Löschfrist"),

    Step("rest",            S.ADMITTED,        S.RESTING,         owns,   gates=(is_unlocked,),
         needs=("reason", "resting_until"),
         label="Ruhen lassen", hint="mit Grund und Datum"),
    Step("rest",            S.ASSESSMENT,      S.RESTING,         owns,   gates=(is_unlocked,),
         needs=("reason", "resting_until"),
         label="Ruhen lassen", hint="mit Grund und Datum"),
    Step("rest",            S.PLANNING,        S.RESTING,         owns,   gates=(is_unlocked,),
         needs=("reason", "resting_until"),
         label="Ruhen lassen", hint="mit Grund und Datum"),
    Step("rest",            S.LINKING,         S.RESTING,         owns,   gates=(is_unlocked,),
         needs=("reason", "resting_until"),
         label="Ruhen lassen", hint="mit Grund und Datum"),
    Step("rest",            S.MONITORING,      S.RESTING,         owns,   gates=(is_unlocked,),
         needs=("reason", "resting_until"),
         label="Ruhen lassen", hint="mit Grund und Datum"),
    Step("assess",          S.RESTING,         S.ASSESSMENT,      owns,   gates=(has_consent,),
         label="Weiter mit dem Assessment", hint="der Fall ruht nicht mehr"),
    Step("plan",            S.RESTING,         S.PLANNING,        owns,   gates=(has_consent, has_assessed_all),
         label="Weiter mit der Hilfeplanung", hint="der Fall ruht nicht mehr"),
    Step("monitor",         S.RESTING,         S.MONITORING,      owns,   gates=(has_consent, has_assessed_all),
         label="Weiter mit dem Verlauf", hint="der Fall ruht nicht mehr"),

    *(Step("break_off",     state,             S.BROKEN_OFF,      owns,
           needs=("closing_reason",), asks=("blocked_by", "note"),
           label="Fall vorzeitig beenden", hint="der Fall wird nicht zu Ende geführt; setzt die Löschfrist")
      for state in (*WORKING, S.RESTING)),
    *(Step("hand_on",       state,             S.HANDED_OVER,     owns,
           needs=("handed_to",), asks=("note",), gates=(has_consent,),
           label="Aus dem Kreis übergeben", hint="eine Stelle außerhalb führt den Fall weiter; setzt die Löschfrist")
      for state in (*WORKING, S.RESTING)),

    Step("take_up_again",   S.CLOSED,          S.TAKEN_UP_AGAIN,  owns,
         needs=("reason",), gates=(is_still_kept, has_new_consent),
         label="Wieder aufnehmen", hint="solange er noch aufbewahrt wird, mit neuer Einwilligung"),
    Step("take_up_again",   S.BROKEN_OFF,      S.TAKEN_UP_AGAIN,  owns,
         needs=("reason",), gates=(is_still_kept, has_new_consent),
         label="Wieder aufnehmen", hint="solange er noch aufbewahrt wird, mit neuer Einwilligung"),
    Step("assess",          S.TAKEN_UP_AGAIN,  S.ASSESSMENT,      owns,   gates=(has_consent,),
         label="Assessment beginnen", hint="neu einschätzen"),
    Step("plan",            S.TAKEN_UP_AGAIN,  S.PLANNING,        owns,   gates=(has_consent, has_assessed_all),
         label="Hilfeplanung beginnen", hint="Ziele und Maßnahmen vereinbaren"),
)
# fmt: on

#: No step of any kind leads out of a restriction: data is kept, and nothing else happens to it (Art. 18 (2) DSGVO).
LIFECYCLE = Workflow(*(replace(row, gates=(is_unrestricted, *row.gates)) for row in STEPS), hats=hats_on)
