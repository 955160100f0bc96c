"""The columns of an import: heading, whether it must be there, and how its text becomes a value. What cannot be read is
a fault in German, at its line and column.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from casework.models import Case, Client, Identity, Import
from casework.models.cases import earliest_request
from kim import workdays
from kim.forms import Day, clean_text
from kim.models import Code, Municipality
from kim.trigrams import fold

YES, NO = {"ja", "j", "x", "1", "wahr"}, {"nein", "n", "0", "falsch", ""}


@dataclass
class Lists:
    """What cells may refer to, read once for a whole sheet: places, code lists, and the importer's own cases."""

    places: dict[str, Municipality]
    codes: dict[str, dict[str, Code]]
    cases: dict[str, Case]
    people: dict[tuple[str, Any], str] = field(default_factory=dict)
    earliest: dt.date = field(default_factory=earliest_request)

    @classmethod
    def of(cls, user) -> "Lists":
        codes: dict[str, dict[str, Code]] = {}
        for code in Code.objects.valid_on():
            for word in (code.code, code.short, code.label):
                if word:
                    codes.setdefault(code.list, {}).setdefault(fold(word), code)
        kept = Case.objects.kept_by(user).filter(owner=user).select_related("client__identity", "municipality")
        cases, people = {}, {}
        for case in kept:
            cases[fold(case.number)] = case
            if case.foreign_number:
                cases.setdefault(fold(case.foreign_number), case)
            identity = case.client.identity
            if identity.birth_date:
                people[fold(identity.listed), identity.birth_date] = case.number
        places = {fold(place.name): place for place in Municipality.objects.all()}
        return cls(places, codes, cases, people)


@dataclass(frozen=True)
class Column:
    name: str
    heading: str
    read: Callable[[str, Lists], Any]
    needed: bool = False
    also: tuple[str, ...] = ()
    says: str = ""
    list: str = ""


def _fault(text):
    raise ValidationError(text)


def text(longest: int, *, lines: bool = False):
    def read(cell, lists):
        value = clean_text(cell, lines=lines)
        return value if len(value) <= longest else _fault(f"höchstens {longest} Zeichen, hier sind es {len(value)}")

    return read


def past_day(cell, lists):
    if not cell:
        return None
    day = Day(past=True).to_python(cell)
    return day if day <= workdays.today() else _fault("liegt in der Zukunft")


def request_day(cell, lists):
    day = past_day(cell, lists)
    if day and day < lists.earliest:
        _fault(
            f"liegt zu lange zurück: Die Aufbewahrungsfrist für Anfragen ist schon vorbei, KIM würde den Fall gleich "
            f"wieder löschen. Möglich ist ein Tag ab dem {lists.earliest:%d.%m.%Y}"
        )
    return day


def birth(cell, lists):
    """(day, how exactly it is known): a day, „03/1990“ or „1990“, as the list of cases writes them; None if unknown."""
    if not cell or fold(cell) == "unbekannt":
        return None
    exact = Identity.Precision
    if found := re.fullmatch(r"(?:([0-9]{1,2})/)?((?:19|20)[0-9]{2})", cell):
        month = int(found[1] or 1)
        if not 1 <= month <= 12:
            return _fault("diesen Monat gibt es nicht")
        day = dt.date(int(found[2]), month, 1)
        known = exact.MONTH if found[1] else exact.YEAR
        return (day, known) if day <= workdays.today() else _fault("liegt in der Zukunft")
    return past_day(cell, lists), exact.DAY


def minutes(cell, lists):
    """In quarter hours, begun ones counted; as the list of consultations writes them."""
    found = number(1, 480)(cell, lists)
    return -(-found // 15) if found else None


def any_day(cell, lists):
    return Day().to_python(cell) if cell else None


def number(least: int, most: int):
    def read(cell, lists):
        if not cell:
            return None
        if not re.fullmatch(r"[0-9]{1,6}", cell) or not least <= int(cell) <= most:
            return _fault(f"bitte eine ganze Zahl von {least} bis {most}")
        return int(cell)

    return read


def place(cell, lists):
    if not cell:
        return None
    return lists.places.get(fold(cell)) or _fault(f"„{cell[:60]}“ ist keine Kommune dieses Kreises")


def one_of(which: str):
    def read(cell, lists):
        return _code(cell, lists.codes.get(which, {})) if cell else None

    return read


def some_of(which: str):
    """Several entries, by semicolon or comma; a label may hold commas itself."""

    def read(cell, lists):
        known = lists.codes.get(which, {})
        parts = [part.strip() for part in re.split(r"[;\n]", cell) if part.strip()]
        found: list[Code] = []
        for part in parts:
            found += _split(part, known)
        return list(dict.fromkeys(found))

    return read


def _split(part, known) -> list[Code]:
    if code := known.get(fold(part)):
        return [code]
    words = [word.strip() for word in part.split(",") if word.strip()]
    found = []
    while words:
        taken = next((n for n in range(len(words), 0, -1) if fold(", ".join(words[:n])) in known), 0)
        if not taken:
            _code(words[0], known)
        found.append(known[fold(", ".join(words[:taken]))])
        words = words[taken:]
    return found


def _code(cell, known) -> Code:
    return known.get(fold(cell)) or _fault(
        f"„{cell[:60]}“ steht nicht in der Liste; die Vorlage nennt, was möglich ist"
    )


def own_case(cell, lists):
    if not cell or fold(cell) == "anonym":
        return None
    case = lists.cases.get(fold(cell))
    if case is None:
        return _fault(f"„{cell[:40]}“ ist keiner Ihrer Fälle")
    if case.is_locked:
        return _fault("der Fall ist gesperrt, weil die Einwilligung widerrufen wurde")
    return case if not case.is_restricted else _fault("die Verarbeitung des Falls ist eingeschränkt")


def yes_or_no(cell, lists):
    word = fold(cell)
    return word in YES if word in YES | NO else _fault("bitte „ja“ oder „nein“")


def email(cell, lists):
    try:
        if cell:
            validate_email(cell)
    except ValidationError:
        _fault("ist keine E-Mail-Adresse")
    return cell if len(cell) <= 254 else _fault("höchstens 254 Zeichen")


def citizenships(cell, lists):
    """Names or codes, by semicolon, comma, slash or blank: „Syrien; Türkei“, „SY TR“."""
    known = lists.codes.get(Code.List.CITIZENSHIP, {})
    parts = [part for part in re.split(r"[;/\n]", cell) if part.strip()]
    if re.fullmatch(r"\s*[A-Za-z]{2,3}(\s+[A-Za-z]{2,3})*\s*", cell) and fold(cell) not in known:
        parts = cell.split()
    return list(dict.fromkeys(one for part in parts for one in _split(part.strip(), known)))


def gender(cell, lists):
    words = {fold(label): value for value, label in Client.Gender.choices} | {
        "w": "f",
        "f": "f",
        "m": "m",
        "d": "d",
        "": "-",
    }
    return words.get(fold(cell)) or _fault("bitte weiblich, männlich, divers oder leer")


L = Code.List
# fmt: off
CONSULTATIONS = (
    Column("held_on", "Datum", past_day, True, ("am", "Beratungsdatum"), "TT.MM.JJJJ"),
    Column("case", "Fallnummer", own_case, False, ("Fall",), "leer: Beratung ohne Fall"),
    Column("municipality", "Kommune", place, False, (), "ohne Fallnummer nötig"),
    Column("form", "Beratungsform", one_of(L.CONTACT_FORM), True, ("Form",), "", L.CONTACT_FORM),
    Column("quarter_hours", "Dauer in Viertelstunden", number(1, 32), False, ("Viertelstunden",), "1 bis 32; leer: 2"),
    Column("minutes", "Dauer (Minuten)", minutes, False, ("Minuten",), "statt der Viertelstunden"),
    Column("place", "Ort", text(120)),
    Column("topics", "Themen", some_of(L.LIFE_DOMAIN), False, ("Handlungsfelder",), "mehrere mit Semikolon",
           L.LIFE_DOMAIN),
    Column("legal_areas", "Rechtskreise", some_of(L.LEGAL_AREA), False, (), "mehrere mit Semikolon", L.LEGAL_AREA),
    Column("language", "Sprache", one_of(L.LANGUAGE), False, (), "", L.LANGUAGE),
    Column("interpreter", "Sprachmittlung", one_of(L.INTERPRETER), False, (), "", L.INTERPRETER),
    Column("persons", "Personen", number(1, 999), False, (), "leer: 1"),
    Column("actions", "Aktionen", number(1, 999), False, (), "leer: 1"),
    Column("result", "Ergebnis", one_of(L.CONSULTATION_RESULT), False, (), "", L.CONSULTATION_RESULT),
    Column("referred_to", "verwiesen an", text(160)),
    Column("next_step", "nächster Schritt", text(300)),
    Column("next_on", "bis", any_day, False, ("nächster Schritt bis",), "TT.MM.JJJJ"),
    Column("note", "Notiz", text(6000, lines=True)),
)
CASES = (
    Column("family_name", "Nachname", text(120), True),
    Column("given_name", "Vorname", text(120)),
    Column("born", "Geburtsdatum", birth, False, (), "TT.MM.JJJJ, MM/JJJJ oder JJJJ"),
    Column("municipality", "Kommune", place, True),
    Column("opened_on", "angefragt am", request_day, False, ("Anfrage am",), "TT.MM.JJJJ; leer: heute"),
    Column("foreign_number", "Nummer in der landesweiten Datenbank KIM", text(40), False,
           ("Nummer Datenbank KIM", "Fremdnummer")),
    Column("access_route", "Zugangsweg", one_of(L.ACCESS_ROUTE), False, (), "", L.ACCESS_ROUTE),
    Column("occasion", "Anlass", text(2000, lines=True)),
    Column("target_group", "Zielgruppe", one_of(L.TARGET_GROUP), False, (), "", L.TARGET_GROUP),
    Column("gender", "Geschlecht", gender, False, (), "weiblich, männlich, divers oder leer"),
    Column("citizenship", "Staatsangehörigkeit", citizenships, False, ("Staatsangehörigkeiten",),
           "Name oder Kürzel nach ISO 3166; mehrere mit Semikolon", L.CITIZENSHIP),
    Column("languages", "Sprachen", some_of(L.LANGUAGE), False, (), "mehrere mit Semikolon", L.LANGUAGE),
    Column("interpreter_needed", "Sprachmittlung nötig", yes_or_no, False, (), "ja oder nein"),
    Column("german_level", "Deutsch (GER)", one_of(L.GERMAN_LEVEL), False, ("Deutsch",), "", L.GERMAN_LEVEL),
    Column("status", "Aufenthaltsstatus", one_of(L.RESIDENCE_STATUS), False, (), "", L.RESIDENCE_STATUS),
    Column("expires_on", "Titel gültig bis", any_day, False, (), "TT.MM.JJJJ"),
    Column("area", "Rechtskreis", one_of(L.LEGAL_AREA), False, (), "", L.LEGAL_AREA),
    Column("phone", "Telefon", text(60), False, ("Telefon, Messenger",)),
    Column("email", "E-Mail", email),
    Column("street", "Straße und Hausnummer", text(160), False, ("Straße",)),
    Column("postal_code", "Postleitzahl", text(10), False, ("PLZ",)),
    Column("town", "Wohnort", text(80)),
)
# fmt: on
COLUMNS = {Import.Kind.CONSULTATIONS: CONSULTATIONS, Import.Kind.CASES: CASES}


def columns_of(kind: str) -> tuple[Column, ...]:
    return COLUMNS[Import.Kind(kind)]


def placed(kind: str, headings: list[str]) -> tuple[dict[int, Column], list[str], list[str]]:
    """Which column stands where; what must be there and is not; and headings nothing is known about."""
    by_words = {fold(word): column for column in columns_of(kind) for word in (column.heading, *column.also)}
    found: dict[int, Column] = {}
    unknown = []
    for position, heading in enumerate(headings):
        column = by_words.get(fold(heading))
        if column and column not in found.values():
            found[position] = column
        elif heading:
            unknown.append(heading[:60])
    missing = [column.heading for column in columns_of(kind) if column.needed and column not in found.values()]
    return found, missing, unknown


def read_row(kind: str, values: dict[str, str], lists: Lists) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """What a line says, by field, and what is wrong with it as [{"column", "text"}]."""
    given: dict[str, Any] = {}
    faults = []
    for column in columns_of(kind):
        cell = values.get(column.name, "")
        try:
            value = column.read(cell, lists)
            if column.needed and not value:
                _fault("fehlt")
        except ValidationError as error:
            faults.append({"column": column.heading, "text": " ".join(error.messages)})
        else:
            given[column.name] = value
    if not faults:
        faults = _across(kind, given, lists)
    return given, faults


def _across(kind, given, lists) -> list[dict[str, str]]:
    """What is wrong between columns, or with what is there already."""
    if kind == Import.Kind.CONSULTATIONS:
        if given["minutes"] and given["quarter_hours"] and given["minutes"] != given["quarter_hours"]:
            return [{"column": "Dauer (Minuten)", "text": "passt nicht zur Dauer in Viertelstunden"}]
        alone = given["case"] is None and given["municipality"] is None
        return [{"column": "Kommune", "text": "ohne Fallnummer braucht es die Kommune"}] if alone else []
    if given["expires_on"] and not given["status"]:
        return [{"column": "Aufenthaltsstatus", "text": "fehlt zum Ablauf des Titels"}]
    foreign = given["foreign_number"] and lists.cases.get(fold(given["foreign_number"]))
    if foreign:
        words = f"gibt es in Ihrem Bestand schon: {foreign.number}"
        return [{"column": "Nummer in der landesweiten Datenbank KIM", "text": words}]
    name = ", ".join(part for part in (given["family_name"], given["given_name"]) if part)
    there = lists.people.get((fold(name), given["born"][0])) if given["born"] else None
    if there:
        return [{"column": "Nachname", "text": f"diese Person gibt es schon: {there}"}]
    return []
