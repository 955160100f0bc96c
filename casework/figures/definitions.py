"""What is counted about people who are advised, in words, and by what it is broken down. Read by everybody who wants to
know what a number means; counting.py does exactly this.
"""

from dataclasses import dataclass
from enum import StrEnum

from kim.figures import Figure, Part, register


class By(StrEnum):
    """Breakdowns."""

    AREA = ""
    TOPIC = "topic"
    AGE = "age"
    GENDER = "gender"
    STATUS = "status"
    TARGET_GROUP = "target_group"
    LANGUAGE = "language"
    GERMAN = "german"
    LEGAL_AREA = "legal_area"
    INTERPRETER = "interpreter"
    PHASE = "phase"
    REASON = "reason"
    ACHIEVEMENT = "achievement"
    REACHED = "reached"
    GAP = "gap"

    @property
    def words(self) -> str:
        return WORDS[self]

    @property
    def after(self) -> str:
        """As it stands behind „nach“, in the dative."""
        return DATIVE.get(self, WORDS[self])


WORDS = {
    By.AREA: "Kommunen",
    By.TOPIC: "Handlungsfeld",
    By.AGE: "Altersgruppe",
    By.GENDER: "Geschlecht",
    By.STATUS: "Aufenthaltsstatus",
    By.TARGET_GROUP: "Zielgruppe",
    By.LANGUAGE: "Sprache",
    By.GERMAN: "Deutschkenntnisse",
    By.LEGAL_AREA: "Rechtskreis",
    By.INTERPRETER: "Sprachmittlung",
    By.PHASE: "Phase",
    By.REASON: "Abschlussgrund",
    By.ACHIEVEMENT: "Erreichungsgrad",
    By.REACHED: "erreichter Status",
    By.GAP: "Übergang",
}
DATIVE = {By.GERMAN: "Deutschkenntnissen", By.REACHED: "erreichtem Status"}


@dataclass(frozen=True)
class Shape:
    """One table of a period. `wide`: down to municipalities; otherwise county and banks of the Rhine. `single`: every
    one counted has exactly one value, so that the values add up to the table without a breakdown. `yearly`: whole years
    only, for quarters would hold little but secrets.
    """

    figure: str
    by: By = By.AREA
    wide: bool = False
    single: bool = True
    yearly: bool = False


PERSONS, HOUSEHOLDS = "casework.persons", "casework.household_persons"
CONSULTATIONS, ACTIONS, HOURS = "casework.consultations", "casework.actions", "casework.hours"
ANONYMOUS, INTERPRETING, MISSING = "casework.anonymous", "casework.interpreting", "casework.interpreter_missing"
NEW, OPEN, CLOSED = "casework.new_cases", "casework.open_cases", "casework.closed_cases"
GOALS, GOALS_REACHED = "casework.goals", "casework.goals_reached"
VALUED, IMPROVED = "casework.domains_valued", "casework.domains_improved"
STATUS_IMPROVED, AREA_CHANGES = "casework.status_improved", "casework.legal_area_changes"

#: Everything that is published. Few and coarse on purpose: every further table hides cells of all others.
SHAPES = (
    Shape(PERSONS, wide=True),
    Shape(PERSONS, By.TOPIC, single=False),
    Shape(PERSONS, By.AGE),
    Shape(PERSONS, By.GENDER),
    Shape(PERSONS, By.STATUS),
    Shape(PERSONS, By.TARGET_GROUP),
    Shape(PERSONS, By.LANGUAGE),
    Shape(PERSONS, By.GERMAN),
    Shape(PERSONS, By.LEGAL_AREA, single=False),
    Shape(HOUSEHOLDS, wide=True),
    Shape(CONSULTATIONS, wide=True),
    Shape(CONSULTATIONS, By.TOPIC, wide=True, single=False),
    Shape(ACTIONS, wide=True),
    Shape(ACTIONS, By.TOPIC, single=False),
    Shape(HOURS, wide=True),
    Shape(ANONYMOUS, wide=True),
    Shape(INTERPRETING, By.INTERPRETER),
    Shape(MISSING, wide=True),
    Shape(NEW, wide=True),
    Shape(OPEN, wide=True),
    Shape(OPEN, By.PHASE),
    Shape(CLOSED, wide=True),
    Shape(CLOSED, By.REASON, yearly=True),
    Shape(GOALS, yearly=True),
    Shape(GOALS, By.ACHIEVEMENT, yearly=True),
    Shape(GOALS, By.TOPIC, single=False, yearly=True),
    Shape(GOALS_REACHED, yearly=True),
    Shape(GOALS_REACHED, By.TOPIC, single=False, yearly=True),
    Shape(VALUED, yearly=True),
    Shape(VALUED, By.TOPIC, yearly=True),
    Shape(IMPROVED, yearly=True),
    Shape(IMPROVED, By.TOPIC, yearly=True),
    Shape(STATUS_IMPROVED, wide=True, yearly=True),
    Shape(STATUS_IMPROVED, By.REACHED, yearly=True),
    Shape(AREA_CHANGES, yearly=True),
    Shape(AREA_CHANGES, By.GAP, yearly=True),
)


def shapes(figure: str) -> list[Shape]:
    """The tables of a figure; none for one that is not published this way."""
    return [one for one in SHAPES if one.figure == figure]


_ONCE = (
    " Gezählt wird einmal, frühestens zwei Wochen nach dem Ende des Zeitraums; danach ändert sich die Zahl nicht mehr, "
    "auch wenn Daten berichtigt oder gelöscht werden."
)
_CASES_GONE = " Fälle, die bis zur Zählung schon gelöscht waren (Widerruf der Einwilligung), fehlen."
_OF_PERSONS = (
    " Jede Person steht in der Kommune ihrer letzten Beratung im Zeitraum. Aufenthaltsstatus, Rechtskreise und Alter "
    "gelten für den letzten Tag; Sprache ist die der letzten Beratung; Zielgruppe, Geschlecht und Deutschkenntnisse, "
    "wie sie bei der Zählung eingetragen waren. Bei Handlungsfeldern und Rechtskreisen zählt eine Person mehrfach, "
    "wenn mehrere zutreffen."
)
_OF_TALKS = (
    " Es gilt die Kommune, in der beraten wurde. Beratungen ohne Fall, die schon gelöscht sind, zählen mit den Summen "
    "weiter, die von ihnen blieben, aber ohne Handlungsfeld. Bei Handlungsfeldern zählt eine Beratung in jedem, "
    "das sie betraf."
)
_BOOK, _CASES = "Beratungen", "Fälle und ihre Schritte"


def _figure(key: str, name: str, unit: str, definition: str, source: str) -> Figure:
    return Figure(key, name, Part.CASEWORK, unit, definition + _ONCE, source, persons=True)


FIGURES = (
    _figure(PERSONS, "Beratene Personen", "Personen",
            "Verschiedene Personen mit mindestens einer Beratung zu ihrem Fall im Zeitraum; wer mehrmals kam, zählt "
            "einmal. Personen mehrerer Quartale lassen sich deshalb nicht zusammenzählen." + _OF_PERSONS + _CASES_GONE,
            "Beratungen mit Fall; Angaben zur Person"),
    _figure(HOUSEHOLDS, "Personen in den Haushalten", "Personen",
            "Erwachsene und Kinder der Haushalte, in denen beratene Personen leben, jeder Haushalt einmal; wer ohne "
            "Haushalt eingetragen ist, zählt als eine Person. Die Größe gilt, wie sie bei der Zählung eingetragen war. "
            "Ein Haushalt steht in der Kommune, in der zuletzt jemand aus ihm beraten wurde." + _CASES_GONE,
            "Haushalte, Beratungen mit Fall"),
    _figure(CONSULTATIONS, "Beratungen", "Beratungen",
            "Alle im Zeitraum geführten Beratungen, mit Fall und ohne." + _OF_TALKS + _CASES_GONE, _BOOK),
    _figure(ACTIONS, "Aktionen", "Aktionen",
            "Summe der bei den Beratungen eingetragenen Aktionen (etwa drei Anträge in einem Gespräch)." + _OF_TALKS
            + _CASES_GONE, _BOOK),
    _figure(HOURS, "Beratungszeit", "Viertelstunden",
            "Summe der eingetragenen Dauer aller Beratungen in Viertelstunden; vier ergeben eine Stunde." + _OF_TALKS
            + _CASES_GONE, _BOOK),
    _figure(ANONYMOUS, "Beratungen ohne Fall", "Beratungen",
            "Beratungen, die ohne Fall und damit ohne Namen eingetragen sind. Dahinter stehen so viele Menschen, wie "
            "als Personen eingetragen sind; wer zweimal kam, ist darin zweimal enthalten." + _OF_TALKS, _BOOK),
    _figure(INTERPRETING, "Beratungen nach Sprachmittlung", "Beratungen",
            "Beratungen nach der Art der Sprachmittlung; ohne Angabe stehen auch gelöschte Beratungen ohne Fall."
            + _CASES_GONE, _BOOK),
    _figure(MISSING, "Sprachmittlung fehlte", "Beratungen",
            "Beratungen, bei denen Sprachmittlung nötig, aber nicht verfügbar war." + _CASES_GONE, _BOOK),
    _figure(NEW, "Neu aufgenommene Fälle", "Fälle",
            "Fälle, die im Zeitraum aufgenommen wurden (Beratungsvereinbarung und Einwilligung), in der Kommune des "
            "Falls." + _CASES_GONE, _CASES),
    _figure(OPEN, "Offene Fälle am Ende", "Fälle",
            "Fälle, die am letzten Tag des Zeitraums aufgenommen und nicht beendet waren, nach der Phase an diesem "
            "Tag. Anfragen und Clearing zählen nicht mit." + _CASES_GONE, _CASES),
    _figure(CLOSED, "Beendete Fälle", "Fälle",
            "Aufgenommene Fälle, die im Zeitraum abgeschlossen, abgebrochen oder übergeben wurden und es bei der "
            "Zählung noch waren. Schon gelöschte Fälle zählen mit dem Monat weiter, in dem sie endeten. Ohne Grund "
            "sind Fälle, die an einen anderen Kreis übergeben oder nach einem Widerruf gelöscht wurden.",
            "Fälle; Statistiksätze gelöschter Fälle"),
    _figure(GOALS, "Bewertete Ziele beendeter Fälle", "Ziele",
            "Ziele der Hilfepläne, deren Fall im Zeitraum endete, nach dem Grad, in dem sie erreicht wurden. Ziele "
            "laufender Fälle zählen nicht: Wann ein Ziel erreicht war, ist nicht eingetragen. Gelöschte Fälle zählen "
            "nach dem Erreichungsgrad mit, aber ohne Handlungsfeld.",
            "Hilfepläne; Statistiksätze gelöschter Fälle"),
    _figure(GOALS_REACHED, "Erreichte Ziele", "Ziele",
            "Davon Ziele, die voll oder überwiegend erreicht wurden. Gelöschte Fälle zählen mit, aber ohne "
            "Handlungsfeld.",
            "Hilfepläne; Statistiksätze gelöschter Fälle"),
    _figure(VALUED, "Eingeschätzte Handlungsfelder", "Einschätzungen",
            "Handlungsfelder der im Zeitraum beendeten Fälle, für die Ausgangswert und Endwert eingetragen sind."
            + _CASES_GONE, "Assessment"),
    _figure(IMPROVED, "Verbesserte Handlungsfelder", "Einschätzungen",
            "Davon die mit einem Endwert über dem Ausgangswert (Skala von 1 bis 5)." + _CASES_GONE, "Assessment"),
    _figure(STATUS_IMPROVED, "Sichererer Aufenthaltsstatus", "Personen",
            "Im Zeitraum beratene Personen, deren Aufenthaltsstatus am letzten Tag sicherer ist als am Tag vor dem "
            "Zeitraum (oder, wenn davor keiner eingetragen ist, als der erste im Zeitraum). Die Reihenfolge ist eine "
            "Annahme nach dem Aufbau des Aufenthaltsrechts: ohne Recht, Duldung § 60b, Duldung, Gestattung oder "
            "Ausbildungs- und Beschäftigungsduldung, Chancen-Aufenthaltsrecht, Aufenthaltserlaubnis, unbefristet oder "
            "Freizügigkeit EU, deutsche Staatsangehörigkeit. Visum, Fiktionsbescheinigung und unbekannter Status haben "
            "keinen Rang und bleiben außer Betracht." + _CASES_GONE,
            "Aufenthaltsstatus der beratenen Personen"),
    _figure(AREA_CHANGES, "Begleitete Rechtskreiswechsel", "Wechsel",
            "Rechtskreise im Zeitraum beratener Personen, die im Zeitraum begannen, nachdem vorher ein anderer galt. "
            "Nahtlos heißt: Am Tag davor galt ein Rechtskreis; sonst war eine Lücke." + _CASES_GONE,
            "Rechtskreise der beratenen Personen"),
)  # fmt: skip

register(*FIGURES)
