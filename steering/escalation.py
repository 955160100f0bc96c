"""The escalation chain: how an issue („Knackpunkt“) climbs, is answered and comes back. Start reading here.

A case manager notices it in a single case → Koordinierung Case Management → Geschäftsstelle → Lenkungsgruppe, which
decides how far it reaches → local or thematic project group → solved → back through the Koordinierung to everybody
who reported it. Nothing ends without an answer: every way out of the middle leads through `feedback_due`.
"""

from django.db import models

from kim.workflow import Step, Workflow
from steering.access import (
    coordinates,
    decides_own,
    is_decided_there,
    leads_project_group,
    leads_steering,
    may_confirm,
    may_report_directly,
    may_take_up_again,
    releases_own,
    reported_it,
    runs_office,
)


class State(models.TextChoices):
    DRAFT = "draft", "Entwurf"
    COORDINATION = "coordination", "Koordinierung Case Management"
    STRATEGY = "strategy", "Geschäftsstelle"
    STEERING = "steering", "Lenkungsgruppe"
    PROJECT = "project", "Projektgruppe"
    STATE_LEVEL = "state_level", "Land/Bund"
    FEEDBACK_DUE = "feedback_due", "Rückmeldung offen"
    FED_BACK = "fed_back", "Rückgemeldet"
    CLOSED = "closed", "Abgeschlossen"
    MERGED = "merged", "Gebündelt"
    WITHDRAWN = "withdrawn", "Zurückgezogen"


class Office(models.TextChoices):
    """Who holds an issue. In a draft and at the end of the way home it lies with those who reported it."""

    REPORTERS = "reporters", "Meldende"
    COORDINATION = "coordination", "Koordinierung Case Management"
    STRATEGY = "strategy", "Geschäftsstelle"
    STEERING = "steering", "Lenkungsgruppe"
    PROJECT = "project", "Projektgruppe"


S = State

ENDS = (S.CLOSED, S.MERGED, S.WITHDRAWN)
OPEN = tuple(state for state in S if state not in ENDS)
CLIMBING = (S.COORDINATION, S.STRATEGY, S.STEERING, S.PROJECT, S.STATE_LEVEL)

#: Who holds an issue in a state, and therefore has the clock.
HOLDER = {
    S.DRAFT: Office.REPORTERS,
    S.COORDINATION: Office.COORDINATION,
    S.STRATEGY: Office.STRATEGY,
    S.STEERING: Office.STEERING,
    S.PROJECT: Office.PROJECT,
    S.STATE_LEVEL: Office.STRATEGY,
    S.FEEDBACK_DUE: Office.COORDINATION,
    S.FED_BACK: Office.REPORTERS,
}

#: Whom ten working days of delay are told as well.
NEXT_UP = {
    Office.REPORTERS: Office.COORDINATION,
    Office.COORDINATION: Office.STRATEGY,
    Office.STRATEGY: Office.STEERING,
    Office.STEERING: Office.STEERING,
    Office.PROJECT: Office.STRATEGY,
}

# fmt: off
ESCALATION = Workflow(
    #    what               from             to                who may           who never
    Step("report",          S.DRAFT,         S.COORDINATION,   reported_it,
         label="Melden", hint="an die Koordinierung Case Management"),
    Step("report_directly", S.DRAFT,         S.STRATEGY,       may_report_directly,
         label="An die Geschäftsstelle melden", hint="der kurze Weg; die Koordinierung erfährt davon"),
    Step("withdraw",        S.DRAFT,         S.WITHDRAWN,      reported_it,
         label="Zurückziehen", hint="der Entwurf wird nicht gemeldet"),

    Step("forward",         S.COORDINATION,  S.STRATEGY,       coordinates,         decides_own,
         needs=("released",), asks=("note",),
         label="An die Geschäftsstelle", hint="freigeben und weiterleiten"),
    Step("merge",           S.COORDINATION,  S.MERGED,         coordinates,
         needs=("lead",),
         label="Bündeln", hint="einem anderen Knackpunkt zuordnen"),
    Step("hand_back",       S.COORDINATION,  S.DRAFT,          coordinates,
         needs=("reason",),
         label="Zurück zur Ergänzung", hint="mit Begründung an die Meldenden"),

    Step("table",           S.STRATEGY,      S.STEERING,       runs_office,         releases_own,
         needs=("meeting",), asks=("note", "released"),
         label="Auf die Tagesordnung", hint="für eine Sitzung der Lenkungsgruppe"),
    Step("fast_track",      S.STRATEGY,      S.PROJECT,        runs_office,         decides_own,
         needs=("reach", "body", "reason"), asks=("released",),
         label="Kurzer Dienstweg", hint="sofort an eine Projektgruppe; die nächste Sitzung wird informiert"),
    Step("hand_back",       S.STRATEGY,      S.COORDINATION,   runs_office,
         needs=("reason",),
         label="Zurück zur Ergänzung", hint="mit Begründung an die Koordinierung"),

    Step("assign",          S.STEERING,      S.PROJECT,        leads_steering,
         needs=("reach", "reason", "body"), gates=(is_decided_there,),
         label="Zuweisen", hint="an eine örtliche oder thematische Projektgruppe"),
    Step("refer_up",        S.STEERING,      S.STATE_LEVEL,    leads_steering,
         needs=("addressee", "reason"), gates=(is_decided_there,),
         label="An das Land melden", hint="über den Kreis hinaus"),
    Step("defer",           S.STEERING,      S.STRATEGY,       leads_steering,
         needs=("reason",), gates=(is_decided_there,),
         label="Zurückstellen", hint="zurück an die Geschäftsstelle"),

    Step("propose",         S.PROJECT,       S.STEERING,       leads_project_group,
         needs=("proposal", "meeting"),
         label="Lösung vorlegen", hint="der Lenkungsgruppe zur Entscheidung"),
    Step("hand_back",       S.PROJECT,       S.STEERING,       leads_project_group,
         needs=("reason", "meeting"),
         label="Zurück an die Lenkungsgruppe", hint="mit Begründung"),

    Step("solve",           S.COORDINATION,  S.FEEDBACK_DUE,   coordinates,         decides_own,
         needs=("outcome", "result"), label="Gelöst", hint="Ergebnis festhalten, dann Rückmeldung"),
    Step("solve",           S.STRATEGY,      S.FEEDBACK_DUE,   runs_office,         decides_own,
         needs=("outcome", "result"), label="Gelöst", hint="Ergebnis festhalten, dann Rückmeldung"),
    Step("solve",           S.STEERING,      S.FEEDBACK_DUE,   leads_steering,      decides_own,
         needs=("outcome", "result"), gates=(is_decided_there,),
         label="Gelöst", hint="Ergebnis festhalten, dann Rückmeldung"),
    Step("solve",           S.PROJECT,       S.FEEDBACK_DUE,   leads_project_group, decides_own,
         needs=("outcome", "result"), label="Gelöst", hint="Ergebnis festhalten, dann Rückmeldung"),
    Step("solve",           S.STATE_LEVEL,   S.FEEDBACK_DUE,   runs_office,         decides_own,
         needs=("outcome", "result"), label="Gelöst", hint="Ergebnis festhalten, dann Rückmeldung"),

    Step("decline",         S.COORDINATION,  S.FEEDBACK_DUE,   coordinates,         decides_own,
         needs=("reason",), label="Nicht weiterverfolgen", hint="Begründung wird zur Rückmeldung"),
    Step("decline",         S.STRATEGY,      S.FEEDBACK_DUE,   runs_office,         decides_own,
         needs=("reason",), label="Nicht weiterverfolgen", hint="Begründung wird zur Rückmeldung"),
    Step("decline",         S.STEERING,      S.FEEDBACK_DUE,   leads_steering,      decides_own,
         needs=("reason",), gates=(is_decided_there,),
         label="Nicht weiterverfolgen", hint="Begründung wird zur Rückmeldung"),

    Step("feed_back",       S.FEEDBACK_DUE,  S.FED_BACK,       coordinates,
         needs=("feedback",),
         label="Rückmelden", hint="an alle, die gemeldet haben"),
    Step("confirm",         S.FED_BACK,      S.CLOSED,         may_confirm,
         needs=("informed",), asks=("experience",),
         label="Hilft – abschließen", hint="die Lösung trägt in der Praxis"),
    Step("reopen",          S.FED_BACK,      S.COORDINATION,   may_take_up_again,
         needs=("reason",),
         label="Hilft nicht – wieder aufnehmen", hint="zurück an die Koordinierung"),
    Step("reopen",          S.CLOSED,        S.COORDINATION,   may_take_up_again,
         needs=("reason",),
         label="Hilft nicht – wieder aufnehmen", hint="zurück an die Koordinierung"),
    Step("unmerge",         S.MERGED,        S.COORDINATION,   coordinates,
         needs=("reason",),
         label="Bündelung lösen", hint="wieder einzeln behandeln"),
)
# fmt: on
