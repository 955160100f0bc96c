"""The report to the Land: the whole set of indicators by year, each with its value or with the reason why it has none.

No form or list of indicators of the Land for KIM is public; the set follows the sources KIM was built on (docs/
funding.md names them) and has a neutral title. What KIM does not know is named, with what would be needed.

Numbers come from where the dashboard has them: kept parts (staffing, money, governance), the counted chain, and tables
about people who are advised only as they were published. All of a year is the calendar year; stock at its last day.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from casework.figures import definitions as casework
from kim import workdays
from kim.disclosure import SECRET
from kim.rules import demand
from reports import access, chain, exporting, governance, money, staffing, tables
from reports.asked import EARLIEST, Asked, Span, asked
from reports.charts import cell_words
from reports.exporting import Book, maker
from reports.key_figures import definition
from reports.tables import By, Period
from steering.escalation import State

TITLE = "Indikatoren des Kommunalen Integrationsmanagements"
NONE = "–"
Rows = list[tuple[str, object]]

NOT_PUBLISHED = (
    "Für dieses Jahr ist noch nichts veröffentlicht. Zahlen über beratene Menschen erscheinen nach dem Ende des Jahres."
)
NOTHING = "Für dieses Jahr ist nichts erfasst."
NO_PLACES = "nur für den Kreis und die Rheinseiten"
NOT_FOR_PLACES = "Für einzelne Kommunen gibt es diese Tabelle nicht: Fast jede Zahl müsste geschützt werden."
WHOLE_COUNTY = "immer für den ganzen Kreis"
#: Every further table about people hides numbers in all others.
NOT_COUNTED = "KIM erfasst es im einzelnen Fall, veröffentlicht aber keine Zahl: "
PROTECTED = "Jede weitere Tabelle über beratene Menschen macht in den anderen mehr Zahlen unlesbar."


@dataclass(frozen=True)
class Year:
    """What one calendar year says, for somebody who may see it; sources are read when first asked for."""

    user: object
    asked: Asked
    published: dict

    @property
    def number(self) -> int:
        return self.asked.day.year

    @property
    def period(self) -> Period:
        return Period.year(self.asked.day)

    @cached_property
    def staffing(self) -> staffing.Staffing:
        return staffing.read(self.user, self.asked)

    @cached_property
    def money(self) -> list[money.YearLine]:
        return [one for one in money.read(self.user, self.asked).years if one.year == self.number]

    @cached_property
    def governance(self) -> governance.Governance:
        return governance.read(self.asked)

    @cached_property
    def chain(self) -> chain.Chain:
        return chain.on(self.asked)

    def table(self, key: str, by: By) -> tables.Table | None:
        return self.published.get((key, by, self.period))


@dataclass(frozen=True)
class Indicator:
    """`read` answers with rows of (label, cell); [] where the year says nothing, for the reason in `otherwise`.

    Without `read` it is one that KIM cannot give: `reason` says why, `needed` what would be. Cells are whole numbers,
    Fractions (shares), Decimals (FTE, months, euros), SECRET, or words.
    """

    key: str
    name: str
    unit: str = ""
    read: Callable[[Year], Rows] | None = None
    kind: str = exporting.NUMBER
    figure: str = ""
    note: str = ""
    otherwise: str = NOTHING
    reason: str = ""
    needed: str = ""
    #: The published tables it is read from.
    tables: tuple[tuple[str, By], ...] = ()


@dataclass(frozen=True)
class Line:
    label: str
    value: str
    before: str
    cell: object
    cell_before: object


@dataclass(frozen=True)
class Answer:
    indicator: Indicator
    lines: Sequence[Line]
    #: Why there is no number, or what must be known to read it.
    words: str

    @property
    def has_value(self) -> bool:
        return bool(self.lines)

    @property
    def is_whole(self) -> bool:
        """One number, which stands in the row of its name."""
        return len(self.lines) == 1 and not self.lines[0].label

    @property
    def definition(self) -> str:
        return definition(self.indicator.figure) if self.indicator.figure else ""


# Readers


def _modules(name: str, places: int = 2) -> Callable[[Year], Rows]:
    """One number of every module that is read; left out where a module has none."""

    def read(year: Year) -> Rows:
        told = [(one.name, getattr(one, name)) for one in year.staffing.lines]
        return [(label, staffing.half_up(value, places)) for label, value in told if value is not None]

    return read


def _quota(year: Year) -> Rows:
    return [(one.name, one.quota) for one in year.staffing.lines if one.quota is not None]


def _wait(year: Year) -> Rows:
    return [
        (one.name, staffing.half_up(Fraction(one.waited, one.begun), 1)) for one in year.staffing.lines if one.begun
    ]  # fmt: skip


def _uncovered(year: Year) -> Rows:
    return [("", len(year.staffing.uncovered))] if year.staffing.places else []


def _money(name: str) -> Callable[[Year], Rows]:
    def read(year: Year) -> Rows:
        told = [(one.module.short, getattr(one.sums, name)) for one in year.money]
        return [(label, amount.cell) for label, amount in told if amount.cell is not None]

    return read


def _county(key: str) -> Callable[[Year], Rows]:
    """One published number of the area that was asked for."""

    def read(year: Year) -> Rows:
        table = year.table(key, By.AREA)
        area = year.asked.area.key
        return [("", _told(table.get(area)))] if table and table.has(area) else []

    return read


def _by(key: str, by: By) -> Callable[[Year], Rows]:
    """A published breakdown of the area that was asked for; of a municipality where it has one."""

    def read(year: Year) -> Rows:
        table, area = year.table(key, by), year.asked.area.key
        if table is None:
            return []
        return [(label, _told(table.get(area, value))) for value, label in table.values if table.has(area, value)]

    return read


def _reached(year: Year) -> Rows:
    """Share of goals reached, by field; secret where either number is."""
    of, reached = (year.table(key, By.TOPIC) for key in (casework.GOALS, casework.GOALS_REACHED))
    area = year.asked.area.key
    if of is None or reached is None:
        return []
    found: Rows = []
    for value, label in of.values:
        if of.has(area, value) and reached.has(area, value):
            found.append((label, _share(reached.get(area, value), of.get(area, value))))
    return found


def _improved(year: Year) -> Rows:
    """Share of fields that got better of all that were valued again, by field."""
    of, better = (year.table(key, By.TOPIC) for key in (casework.VALUED, casework.IMPROVED))
    area = year.asked.area.key
    if of is None or better is None:
        return []
    return [
        (label, _share(better.get(area, value), of.get(area, value)))
        for value, label in of.values
        if of.has(area, value) and better.has(area, value)
    ]


def _per_post(year: Year) -> Rows:
    """Open cases at the end of the year by FTE of case management filled in the county on that day."""
    table = year.table(casework.OPEN, By.AREA)
    lines = [one for one in year.staffing.lines if one.key == "case_management"]
    if table is None or not table.has("") or not lines or not lines[0].filled:
        return []
    number = table.get("")
    return [("", SECRET if number is None else staffing.half_up(Fraction(number) / lines[0].filled, 1))]


def _event(name: str) -> Callable[[Year], Rows]:
    return lambda year: [("", getattr(year.chain, name))] if _counted(year) else []


def _stations(year: Year) -> Rows:
    names = {
        State.COORDINATION: "Meldung bis zur Sichtung (Koordinierung)",
        State.STRATEGY: "bis zur Lenkungsgruppe (Geschäftsstelle)",
        State.STEERING: "bis zur Zuweisung (Lenkungsgruppe)",
        State.PROJECT: "bis zur Lösung (Projektgruppe)",
        State.FEEDBACK_DUE: "Lösung bis zur Rückmeldung",
    }
    found = {one.state: one.median for one in year.chain.stations} if _counted(year) else {}
    return [(words, found[state]) for state, words in names.items() if found.get(state) is not None]


def _feedback(year: Year) -> Rows:
    number, median, p90 = year.chain.feedback if _counted(year) else (0, None, None)
    return [("Median", median), ("neun von zehn bis", p90)] if number else []


def _feedback_share(year: Year) -> Rows:
    share = year.chain.feedback_share if _counted(year) else None
    return [] if share is None else [("", share)]


def _topics(year: Year) -> Rows:
    return [(label, number) for _, label, number in year.chain.topics if number] if _counted(year) else []


def _counted(year: Year) -> bool:
    return any(one.count for one in year.chain.stations)


def _resolutions(year: Year) -> Rows:
    told = year.governance
    return [("umgesetzt", told.done), ("offen", told.open), ("davon überfällig", told.overdue)]


def _governance(name: str) -> Callable[[Year], Rows]:
    return lambda year: [("", getattr(year.governance, name))]


def _table(key: str, name: str, unit: str, figure: str, by: By = By.AREA, **more) -> Indicator:
    read = _county(figure) if by == By.AREA else _by(figure, by)
    return Indicator(
        key, name, unit, read, figure=figure, tables=((figure, by),), **{"otherwise": NOT_PUBLISHED} | more
    )  # fmt: skip


def _missing(key: str, name: str, reason: str, needed: str) -> Indicator:
    return Indicator(key, name, reason=reason, needed=needed)


SETS: Sequence[tuple[str, Sequence[Indicator]]] = (
    ("Input: Stellen und Mittel", (
        Indicator("granted", "bewilligte Stellen", "VZÄ", _modules("granted"), exporting.EXACT, "staffing.granted",
                  WHOLE_COUNTY),
        Indicator("filled", "besetzte Stellen", "VZÄ", _modules("filled"), exporting.EXACT, "staffing.filled",
                  WHOLE_COUNTY),
        Indicator("quota", "Besetzungsquote in Stellenmonaten", "%", _quota, exporting.SHARE, "staffing.quota",
                  WHOLE_COUNTY, "Für dieses Jahr ist keine Bewilligung erfasst."),
        Indicator("vacancy", "Dauer bis zur Besetzung, im Mittel", "Tage", _wait, exporting.EXACT,
                  "staffing.vacancy_days", WHOLE_COUNTY, "In diesem Jahr hat keine Besetzung begonnen."),
        Indicator("uncovered", "Kommunen ohne Case Management", "Kommunen", _uncovered, figure="staffing.uncovered"),
        Indicator("money_granted", "Mittel bewilligt", "€", _money("granted"), exporting.MONEY, "money.granted",
                  WHOLE_COUNTY, "Für dieses Jahr ist kein Bescheid erfasst."),
        Indicator("money_spent", "Mittel verausgabt", "€", _money("spent"), exporting.MONEY, "money.spent",
                  WHOLE_COUNTY, "Für die Bescheide dieses Jahres sind keine Ausgaben erfasst."),
        Indicator("money_owed", "Rückzahlung nach Abrechnung", "€", _money("owed"), exporting.MONEY, "money.owed",
                  WHOLE_COUNTY, "Für dieses Jahr ist keine Abrechnung freigegeben."),
        Indicator("money_forecast", "Rückzahlung nach heutigem Stand gerechnet", "€", _money("forecast"),
                  exporting.MONEY, "money.forecast", WHOLE_COUNTY, "Für dieses Jahr ist kein Bescheid erfasst."),
        Indicator("own_share", "Eigenanteil bei weitergeleiteten Mitteln", "€", _money("own_share"), exporting.MONEY,
                  "money.own_share", WHOLE_COUNTY, "In diesem Jahr sind keine weitergeleiteten Mittel abgerechnet, "
                  "oder die Förderung hat sie ganz getragen."),
        _missing("qualified", "Qualifizierungsquote Case Management (DGCC)",
                 "KIM führt keine Abschlüsse und Fortbildungen von Fachkräften.",
                 "Ein Feld je Person mit Abschluss und Datum, das die Verwaltung pflegt, und die Zustimmung der "
                 "Personalvertretung."),
    )),
    ("Output: Beratung und Fälle", (
        _missing("requests", "Anfragen", f"{NOT_COUNTED}die meisten Anfragen gehen im selben Quartal in einen Fall "
                 f"über oder enden. {PROTECTED}", "Die Entscheidung, neben den neuen Fällen auch Anfragen zu "
                 "veröffentlichen."),
        _missing("clearing", "Ergebnis des Clearings", f"{NOT_COUNTED}Verweise und Absagen sind je Kommune so wenige, "
                 "dass fast jede Zahl geschützt werden müsste.", "Eine Jahrestabelle allein für den Kreis."),
        _table("new_cases", "neu aufgenommene Fälle", "Fälle", casework.NEW),
        _table("open_cases", "Fälle im Bestand am Ende des Jahres", "Fälle", casework.OPEN),
        _table("closed_cases", "beendete Fälle", "Fälle", casework.CLOSED),
        _table("persons", "beratene Personen", "Personen", casework.PERSONS,
               note="Personen, nicht Beratungen: Wer fünfmal kommt, zählt einmal."),
        _table("household", "Personen in den Haushalten", "Personen", casework.HOUSEHOLDS),
        _table("consultations", "Beratungen", "Beratungen", casework.CONSULTATIONS),
        _table("actions", "Aktionen", "Aktionen", casework.ACTIONS),
        _table("topics", "Aktionen nach Thema", "Aktionen", casework.ACTIONS, By.TOPIC, note=NO_PLACES),
        _table("anonymous", "Beratungen ohne Fall", "Beratungen", casework.ANONYMOUS),
        _table("language", "beratene Personen nach Sprache", "Personen", casework.PERSONS, By.LANGUAGE,
               note=NO_PLACES),
        _missing("form", "Beratungen nach Form", f"{NOT_COUNTED}ob vor Ort, am Telefon oder beim Hausbesuch. "
                 f"{PROTECTED}", "Die Entscheidung, dafür eine andere Gliederung wegzulassen."),
        _table("hours", "Dauer der Beratungen", "Viertelstunden", casework.HOURS),
        _table("interpreting", "Beratungen nach Sprachmittlung", "Beratungen", casework.INTERPRETING, By.INTERPRETER,
               note=NO_PLACES),
        _missing("interpreting_hours", "Stunden der Sprachmittlung",
                 "KIM erfasst, ob und wie gedolmetscht wurde, aber nicht, wie lange.",
                 "Ein Feld für die Dauer der Sprachmittlung in der Beratung oder die Rechnungen der Dolmetschdienste."),
        _missing("conferences", "Fallkonferenzen", f"{NOT_COUNTED}es sind wenige, und jede gehört zu genau einem Fall.",
                 "Eine Jahrestabelle allein für den Kreis."),
        Indicator("cases_per_post", "Fälle im Bestand je besetzter Stelle im Case Management", "Fälle je VZÄ",
                  _per_post, exporting.EXACT, casework.OPEN, WHOLE_COUNTY, NOT_PUBLISHED,
                  tables=((casework.OPEN, By.AREA),)),
        _table("phases", "Fälle im Bestand nach Phase", "Fälle", casework.OPEN, By.PHASE, note=NO_PLACES),
        _missing("phase_days", "Verweildauer je Phase", f"{NOT_COUNTED}je Phase enden im Jahr zu wenige Aufenthalte, "
                 "als dass ein Median niemanden verriete.", "Mehrjährige Zeiträume für den ganzen Kreis."),
        _table("area_changes", "begleitete Wechsel des Rechtskreises", "Wechsel", casework.AREA_CHANGES, By.GAP,
               note=NO_PLACES),
    )),
    ("Profil: wer beraten wird", (
        _table("age", "Alter", "Personen", casework.PERSONS, By.AGE, note=NO_PLACES),
        _table("gender", "Geschlecht", "Personen", casework.PERSONS, By.GENDER, note=NO_PLACES),
        _missing("origin", "Herkunft", f"{NOT_COUNTED}einzelne Länder haben je Kreis oft weniger als fünf Personen. "
                 f"{PROTECTED}", "Eine Gliederung nach wenigen großen Regionen, die das Land vorgibt."),
        _table("status", "Aufenthaltsstatus", "Personen", casework.PERSONS, By.STATUS, note=NO_PLACES),
        _table("target_group", "Zielgruppe", "Personen", casework.PERSONS, By.TARGET_GROUP, note=NO_PLACES),
        _missing("stay", "Aufenthaltsdauer", f"{NOT_COUNTED}{PROTECTED[0].lower()}{PROTECTED[1:]}",
                 "Die Entscheidung, dafür eine andere Gliederung wegzulassen."),
        _table("legal_area", "Rechtskreis", "Personen", casework.PERSONS, By.LEGAL_AREA,
               note=NO_PLACES),
        _table("german", "Deutschkenntnisse (GER)", "Personen", casework.PERSONS, By.GERMAN, note=NO_PLACES),
        _missing("household_type", "Haushaltstyp", f"{NOT_COUNTED}er ergibt sich aus den Personen im Haushalt. "
                 f"{PROTECTED}", "Eine Festlegung weniger Typen und die Entscheidung, sie zu veröffentlichen."),
        _missing("access", "Zugangsweg", f"{NOT_COUNTED}wer vermittelt hat, steht nur bei neuen Fällen. {PROTECTED}",
                 "Eine Jahrestabelle der neuen Fälle allein für den Kreis."),
    )),
    ("Outcome: was erreicht ist", (
        Indicator("goals", "Anteil erreichter Ziele je Handlungsfeld", "%", _reached, exporting.SHARE,
                  casework.GOALS_REACHED, NO_PLACES, NOT_PUBLISHED,
                  tables=((casework.GOALS, By.TOPIC), (casework.GOALS_REACHED, By.TOPIC))),
        _table("achievement", "Ziele nach Erreichungsgrad", "Ziele", casework.GOALS, By.ACHIEVEMENT, note=NO_PLACES),
        Indicator("domains", "Anteil verbesserter Lebenslagen je Handlungsfeld", "%", _improved, exporting.SHARE,
                  casework.IMPROVED, NO_PLACES, NOT_PUBLISHED,
                  tables=((casework.VALUED, By.TOPIC), (casework.IMPROVED, By.TOPIC))),
        _table("status_improved", "Personen mit sichererem Aufenthaltsstatus", "Personen", casework.STATUS_IMPROVED),
        _table("status_reached", "erreichter Aufenthaltsstatus", "Personen", casework.STATUS_IMPROVED, By.REACHED,
               note=NO_PLACES),
        _missing("german_gain", "Zuwachs an Deutschkenntnissen (GER)", "KIM kennt die Deutschkenntnisse bei der "
                 "Aufnahme und danach nur, wenn jemand sie ändert; ein gemessener Zuwachs ist das nicht.",
                 "Prüfungsergebnisse der Sprachkurse mit Datum."),
        _missing("work", "Aufnahme von Arbeit oder Ausbildung", "KIM führt Ziele und Lebenslagen, aber kein eigenes "
                 "Ereignis „Arbeit aufgenommen“; das Handlungsfeld steht oben unter Lebenslagen.",
                 "Ein Ereignis am Fall mit Datum und Art."),
        _missing("housing", "Wohnung gefunden", "KIM führt kein eigenes Ereignis dafür; das Handlungsfeld steht oben "
                 "unter Lebenslagen.", "Ein Ereignis am Fall mit Datum."),
        _missing("school", "Kita- oder Schulplatz gefunden", "KIM führt kein eigenes Ereignis dafür; das Handlungsfeld "
                 "steht oben unter Lebenslagen.", "Ein Ereignis am Fall mit Datum."),
        _table("reasons", "beendete Fälle nach Grund", "Fälle", casework.CLOSED, By.REASON, note=NO_PLACES),
    )),
    ("Struktur: Knackpunkte und Gremien", (
        Indicator("reported", "Knackpunkte gemeldet", "Knackpunkte", _event("reported"), figure="chain.reported"),
        _missing("confirmed", "Knackpunkte bestätigt", "Einen eigenen Schritt „bestätigt“ hat der Weg nicht: Die "
                 "Koordinierung leitet weiter, bündelt oder gibt zurück.", "Eine Festlegung, welcher Schritt als "
                 "Bestätigung gilt."),
        Indicator("merged", "Knackpunkte gebündelt", "Knackpunkte", _event("merged"), figure="chain.merged"),
        Indicator("answered", "Ergebnisse zu Knackpunkten", "Knackpunkte", _event("answered"), figure="chain.answered",
                  note="gelöst oder mit Begründung nicht weiterverfolgt"),
        Indicator("closed", "Knackpunkte abgeschlossen", "Knackpunkte", _event("closed"), figure="chain.closed"),
        _missing("cases_per_issue", "Fälle je Knackpunkt", "Die Steuerung kennt keine Fälle: Welche Fälle zu einem "
                 "Knackpunkt gehören, weiß nur, wer sie führt.", "Eine Zahl je Knackpunkt ab fünf Fällen, die die "
                 "Fallarbeit meldet."),
        Indicator("stations", "Median der Arbeitstage je Station", "Arbeitstage", _stations, exporting.NUMBER,
                  "chain.station_days", "je Station, nicht ab der Meldung", "In diesem Jahr hat kein Knackpunkt eine "
                  "Station verlassen."),
        Indicator("feedback", "Tage von der Meldung bis zur Rückmeldung an das Case Management", "Kalendertage",
                  _feedback, exporting.NUMBER, "chain.feedback_days",
                  otherwise="In diesem Jahr gab es keine erste Rückmeldung."),
        Indicator("feedback_share", "Anteil mit Rückmeldung", "%", _feedback_share, exporting.SHARE,
                  "chain.feedback_share", otherwise="Bis dahin war nichts gemeldet."),
        Indicator("by_topic", "offene Knackpunkte nach Kategorie am Ende des Jahres", "Knackpunkte", _topics,
                  figure="chain.topics", otherwise="Am Ende des Jahres war nichts offen."),
        _missing("by_level", "Knackpunkte nach Ebene", "Welche Ebene zuständig ist, sagt KIM an der Station: Die "
                 "Tabelle der Stationen zeigt, was bei Land oder Bund liegt. Eine Gliederung über alle gibt es nicht.",
                 "Ein Merkmal „Ebene“ an jedem Knackpunkt, das die Geschäftsstelle setzt."),
        Indicator("resolutions", "Beschlüsse umgesetzt, offen, überfällig", "Beschlüsse", _resolutions,
                  figure="governance.open", note=WHOLE_COUNTY),
        Indicator("reopened", "Wiederauftreten nach Lösung", "Knackpunkte", _event("reopened"),
                  figure="chain.reopened"),
        Indicator("meetings", "Sitzungen", "Sitzungen", _governance("meetings"), figure="governance.meetings",
                  note=WHOLE_COUNTY),
        Indicator("agreements", "Kommunen mit Kooperationsvereinbarung", "Kommunen", _governance("agreed"),
                  figure="governance.agreements"),
        Indicator("kick_offs", "Kommunen mit Auftaktveranstaltung", "Kommunen", _governance("begun"),
                  figure="governance.kick_offs"),
    )),
    ("Modul 3: Ausländer- und Einbürgerungsbehörden", (
        _missing("applications", "Anträge und Entscheidungen (§§ 25a, 25b, 104c AufenthG, Niederlassung, Einbürgerung)",
                 "KIM kennt nur Verfahren, die mit Einwilligung an Modul 3 übergeben wurden. Alle Anträge stehen in "
                 "den Fachverfahren der Behörden.", "Jahreszahlen aus den Fachverfahren, die die Behörden melden."),
        _missing("processing", "Bearbeitungsdauer", "Dafür gilt dasselbe: Aus den wenigen übergebenen Verfahren "
                 "ergäbe sich ein falsches Bild.", "Eingang und Entscheidung aus den Fachverfahren der Behörden."),
        _missing("backlog", "Rückstand", "KIM kennt den Bestand der Behörden nicht.", "Bestand am Jahresende aus den "
                 "Fachverfahren der Behörden."),
    )),
)  # fmt: skip


# What is shown


def years(today: dt.date | None = None) -> list[int]:
    """That can be asked for, the latest first: this year up to today, and all before it."""
    return list(range((today or workdays.today()).year, EARLIEST.year - 1, -1))


def asked_for(year: int, area: str) -> Asked:
    """A calendar year up to its last day, or up to today; `area` as in reports.asked. One query."""
    day = min(dt.date(year, 12, 31), workdays.today())
    return asked({"on": day.isoformat(), "span": Span.YEAR, "area": area})


def answers(user, wanted: Asked) -> list[tuple[str, list[Answer]]]:
    """The whole set for the year that `wanted` ends in, and the one before."""
    before = replace(wanted, day=dt.date(wanted.day.year - 1, 12, 31))
    periods = [Period.year(one.day) for one in (wanted, before)]
    needed = {table for _, found in SETS for one in found for table in one.tables}
    published = tables.read_many([(key, by, period) for key, by in needed for period in periods])
    now, then = (Year(user, one, published) for one in (wanted, before))
    return [(title, [_answer(one, now, then) for one in found]) for title, found in SETS]


def _answer(one: Indicator, now: Year, then: Year) -> Answer:
    if one.read is None:
        return Answer(one, (), f"{one.reason} Nötig wäre: {one.needed}")
    rows = one.read(now)
    if not rows:
        left_out = one.note == NO_PLACES and now.asked.area.is_place
        return Answer(one, (), NOT_FOR_PLACES if left_out else one.otherwise)
    earlier = dict(one.read(then)) if then.number >= EARLIEST.year else {}
    if any(cell for _, cell in rows):  # of many values those that occur
        rows = [(label, cell) for label, cell in rows if not label or cell != 0 or earlier.get(label)]
    lines = [
        Line(label, words(cell, one.kind), words(earlier.get(label), one.kind), cell, earlier.get(label))
        for label, cell in rows
    ]  # fmt: skip
    return Answer(one, lines, one.note)


def words(cell: object, kind: str) -> str:
    """As people read it; „–“ where there is none."""
    if cell is None:
        return NONE
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Fraction):
        return staffing.per_cent(cell)
    if isinstance(cell, Decimal):
        return money.german(cell) if kind == exporting.MONEY else staffing.fte(Fraction(cell))
    return cell_words(cell) if isinstance(cell, int) else str(cell)


def _told(number: int | None) -> object:
    return SECRET if number is None else number


def _share(part: int | None, whole: int | None) -> object:
    """Secret where either is, for with one of them and the share anybody has the other; None of nothing."""
    if part is None or whole is None:
        return SECRET
    return Fraction(part, whole) if whole else None


# As a file


@maker("indicators", "Indikatoren")
def book(user, given) -> Book:
    demand(access.reads_indicators, user)
    wanted = asked_for(chosen(given.get("year", ""))[0], given.get("area", ""))
    sheets = [
        exporting.Page(
            title.partition(":")[0],
            [
                ("Indikator", exporting.TEXT),
                ("gegliedert", exporting.TEXT),
                ("Einheit", exporting.TEXT),
                (str(wanted.day.year), exporting.TEXT),
                (str(wanted.day.year - 1), exporting.TEXT),
                ("Hinweis", exporting.TEXT),
            ],
            list(_rows(found)),
        )  # fmt: skip
        for title, found in answers(user, wanted)
    ]
    used = [one.figure for _, found in SETS for one in found if one.figure]
    note = (
        f"Jahr {wanted.day.year}, Stand {wanted.day:%d.%m.%Y}, {wanted.area.name}. Ein Formular des Landes dafür ist "
        f"nicht öffentlich bekannt. „{SECRET}“: zum Schutz kleiner Zahlen nicht genannt."
    )
    return Book(f"{TITLE} {wanted.day.year}", sheets, list(dict.fromkeys(used)), note)


def _rows(found: Sequence[Answer]):
    for one in found:
        for line in one.lines:
            yield [one.indicator.name, line.label, one.indicator.unit, line.value, line.before, one.words]
        if not one.lines:
            yield [one.indicator.name, "", one.indicator.unit, NONE, NONE, one.words]


def chosen(words: str, today: dt.date | None = None) -> tuple[int, str]:
    """The year that was asked for and a complaint; the last one that has ended where nothing or nonsense was."""
    known = years(today)
    usual = known[1] if len(known) > 1 else known[0]
    if not words:
        return usual, ""
    if words in [str(one) for one in known]:
        return int(words), ""
    return usual, f"Jahre gibt es von {known[-1]} bis {known[0]}."
