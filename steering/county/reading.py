"""Reading a county file: YAML in, rows out; whatever is wrong is said in German with its line, all of it at once.

Knows the format and nothing of the database.
"""

import datetime as dt
import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kim.models import Bank, Code, Municipality, Organisation, Role
from steering.escalation import State
from steering.models import Body, Meeting, Membership, RulesOfProcedure, TimeLimit

SHOWN = 20


class CountyFileError(Exception):
    """The file cannot be loaded. `problems` are (line, sentence), in order of lines."""

    def __init__(self, path: str, problems: list[tuple[int, str]]):
        self.problems = sorted(set(problems))
        lines = [f"Zeile {line}: {sentence}" for line, sentence in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"… und {len(self.problems) - SHOWN} weitere Fehler.")
        super().__init__("\n".join([f"{path} wurde nicht geladen:", *lines]))


class Row:
    """One entry of the file: its fields as attributes (None where nothing is said), its line, and what was said."""

    def __init__(self, line: int, values: dict[str, Any], lines: dict[str, int], fields: dict[str, "Field"]):
        self.line, self.said, self.lines = line, frozenset(values), lines
        for name, spec in fields.items():
            setattr(self, name, values.get(name, [] if spec.many else None))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def line_of(self, name: str) -> int:
        return self.lines.get(name, self.line)

    def given(self, *names: str) -> dict[str, Any]:
        """Those of `names` the file says something about."""
        return {name: getattr(self, name) for name in names if name in self.said}


class Bad(Exception):
    """A value that cannot be read; the message is the sentence."""


@dataclass(frozen=True)
class Field:
    read: Callable[["Reader", Node], Any]
    required: bool = False
    many: bool = False


@dataclass
class Reader:
    problems: list[tuple[int, str]] = field(default_factory=list)
    #: kind → key → line where it is defined
    defined: dict[str, dict[str, int]] = field(default_factory=dict)
    references: list[tuple[str, str, int]] = field(default_factory=list)

    def complain(self, line: int, sentence: str) -> None:
        self.problems.append((line, sentence))

    def define(self, kind: str, key: str, line: int) -> None:
        known = self.defined.setdefault(kind, {})
        if key in known:
            self.complain(line, f"{kind} „{key}“ steht schon in Zeile {known[key]}.")
        else:
            known[key] = line

    def resolve(self) -> None:
        for kind, key, line in self.references:
            known = self.defined.get(kind, {})
            if key not in known:
                self.complain(line, f"{kind} „{key}“ gibt es in dieser Datei nicht.{_meant(key, known)}")


# ---- values ---------------------------------------------------------------------------------------------------------


def _line(node: Node) -> int:
    return node.start_mark.line + 1


def _meant(word: str, known) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Gemeint „{close[0]}“?" if close else ""


def _scalar(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise Bad("Hier wird ein einzelner Wert erwartet.")
    return str(node.value).strip()


def text(longest: int) -> Callable[[Reader, Node], str]:
    def read(reader: Reader, node: Node) -> str:
        value = _scalar(node)
        if not value:
            raise Bad("Der Wert ist leer.")
        if len(value) > longest:
            raise Bad(f"Der Text ist {len(value)} Zeichen lang, erlaubt sind {longest}.")
        return value

    return read


def digits(length: int) -> Callable[[Reader, Node], str]:
    def read(reader: Reader, node: Node) -> str:
        value = _scalar(node)
        if len(value) != length or not (value.isascii() and value.isdigit()):
            raise Bad(f"„{value}“ besteht nicht aus genau {length} Ziffern.")
        return value

    return read


def one_of(choices) -> Callable[[Reader, Node], str]:
    values = [str(value) for value in choices.values]

    def read(reader: Reader, node: Node) -> str:
        value = _scalar(node)
        if value not in values:
            raise Bad(f"„{value}“ ist nicht vorgesehen.{_meant(value, values)} Möglich: {', '.join(values)}.")
        return value

    return read


def day(reader: Reader, node: Node) -> dt.date:
    value = _scalar(node)
    try:
        found = dt.date.fromisoformat(value)
    except ValueError:
        raise Bad(f"„{value}“ ist kein Datum wie 2022-03-16.") from None
    if len(value) != 10 or not 1990 <= found.year <= 2100:
        raise Bad(f"„{value}“ ist kein Datum wie 2022-03-16 zwischen 1990 und 2100.")
    return found


def clock(reader: Reader, node: Node) -> dt.time:
    value = _scalar(node)
    try:
        return dt.datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 – a time of day has no zone
    except ValueError:
        raise Bad(f'„{value}“ ist keine Uhrzeit wie "14:00".') from None


def whole(least: int, most: int) -> Callable[[Reader, Node], int]:
    def read(reader: Reader, node: Node) -> int:
        value = _scalar(node)
        if not (value.isascii() and value.isdigit()) or not least <= int(value) <= most:
            raise Bad(f"„{value}“ ist keine ganze Zahl von {least} bis {most}.")
        return int(value)

    return read


def decimal(least: str, most: str, places: int) -> Callable[[Reader, Node], Decimal]:
    def read(reader: Reader, node: Node) -> Decimal:
        value = _scalar(node)
        try:
            found = Decimal(value)
        except InvalidOperation:
            raise Bad(f"„{value}“ ist keine Zahl wie 34.77.") from None
        if not found.is_finite() or not Decimal(least) <= found <= Decimal(most):
            raise Bad(f"{value} liegt nicht zwischen {least} und {most}.")
        if -int(found.as_tuple().exponent) > places:
            raise Bad(f"{value} hat mehr als {places} Stellen nach dem Punkt.")
        return found

    return read


def share(reader: Reader, node: Node) -> Decimal:
    value = decimal("-1000000", "1000000", 3)(reader, node)
    if not 0 < value <= 1:
        raise Bad(f"Der Stellenanteil {value} liegt nicht zwischen 0 und 1.")
    return value


def yes_no(reader: Reader, node: Node) -> bool:
    value = _scalar(node).lower()
    if value not in {"true", "false"}:
        raise Bad(f"„{value}“ ist weder true noch false.")
    return value == "true"


def weekdays(reader: Reader, node: Node) -> str:
    value = _scalar(node)
    if not value or list(value) != sorted(set(value) & set("1234567")):
        raise Bad(f'„{value}“ sind keine Wochentage wie "135" (1 = Montag … 7 = Sonntag, aufsteigend).')
    return value


def reference(kind: str) -> Callable[[Reader, Node], str]:
    def read(reader: Reader, node: Node) -> str:
        value = _scalar(node)
        reader.references.append((kind, value, _line(node)))
        return value

    return read


def key(kind: str, read_value: Callable[[Reader, Node], str]) -> Callable[[Reader, Node], str]:
    def read(reader: Reader, node: Node) -> str:
        value = read_value(reader, node)
        reader.define(kind, value, _line(node))
        return value

    return read


def slug(reader: Reader, node: Node) -> str:
    value = text(50)(reader, node)
    if not all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in value):
        raise Bad(f"„{value}“ enthält andere Zeichen als Buchstaben ohne Umlaute, Ziffern, - und _.")
    return value


def mail_address(reader: Reader, node: Node) -> str:
    value = text(254)(reader, node)
    try:
        validate_email(value)
    except ValidationError:
        raise Bad(f"„{value}“ ist keine E-Mail-Adresse.") from None
    return value


def many(read_one: Callable[[Reader, Node], Any]) -> Callable[[Reader, Node], list]:
    def read(reader: Reader, node: Node) -> list:
        if not isinstance(node, SequenceNode):
            raise Bad("Hier wird eine Liste erwartet, jede Zeile mit „- “ am Anfang.")
        found = []
        for child in node.value:
            try:
                found.append(read_one(reader, child))
            except Bad as bad:
                reader.complain(_line(child), str(bad))
        return [one for one in found if one is not None]

    return read


Check = Callable[[Reader, Row], None]


def entry(what: str, fields: dict[str, Field], *checks: Check) -> Callable[[Reader, Node], Row | None]:
    """A mapping with these fields; None when something in it is wrong, which has been complained about by then."""

    def read(reader: Reader, node: Node) -> Row | None:
        if not isinstance(node, MappingNode):
            raise Bad(f"{what}: hier werden Angaben in der Form „name: Wert“ erwartet.")
        before = len(reader.problems)
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for name_node, value_node in node.value:
            name, line = str(name_node.value), _line(name_node)
            if name not in fields:
                reader.complain(line, f"{what}: Die Angabe „{name}“ ist unbekannt.{_meant(name, fields)}")
            elif name in lines:
                reader.complain(line, f"{what}: „{name}“ steht doppelt, schon in Zeile {lines[name]}.")
            else:
                lines[name] = line
                try:
                    values[name] = fields[name].read(reader, value_node)
                except Bad as bad:
                    reader.complain(_line(value_node), f"{what}, „{name}“: {bad}")
        for name, spec in fields.items():
            if spec.required and name not in lines:
                reader.complain(_line(node), f"{what}: Die Angabe „{name}“ fehlt.")
        if len(reader.problems) > before:
            return None
        row = Row(_line(node), values, lines, fields)
        for check in checks:
            check(reader, row)
        return row

    return read


def ends_after_it_starts(reader: Reader, row: Row) -> None:
    if row.last_day and row.last_day < row.valid_from:
        reader.complain(
            row.line_of("last_day"),
            f"Das Ende {row.last_day:%d.%m.%Y} liegt vor dem Anfang {row.valid_from:%d.%m.%Y}.",
        )


def place_or_bank(reader: Reader, row: Row) -> None:
    if row.municipalities and row.bank:
        reader.complain(row.line_of("bank"), "Entweder Kommunen oder eine Rheinseite, nicht beides.")


def somebodys_seat(reader: Reader, row: Row) -> None:
    if not row.account and not row.organisation:
        reader.complain(row.line, "Sitz: Es fehlt „account“ oder „organisation“.")


def stands_in_for_one(reader: Reader, row: Row) -> None:
    """Within a body: a deputy names the account or institution of exactly one other seat, there at the time."""
    for seat in row.members:
        if (seat.function == Membership.Function.DEPUTY) != bool(seat.deputy_of):
            said = (
                "Eine Vertretung braucht „deputy_of“." if not seat.deputy_of else "„deputy_of“ hat nur eine Vertretung."
            )
            reader.complain(seat.line, f"Sitz: {said}")
        elif seat.deputy_of:
            found = [one for one in row.members if seats_named(seat, one)]
            if len(found) != 1:
                words = "keinen Sitz" if not found else f"{len(found)} Sitze"
                reader.complain(
                    seat.line_of("deputy_of"),
                    f"Sitz: Zu „{seat.deputy_of}“ gibt es am {seat.valid_from:%d.%m.%Y} hier {words}, nötig ist einer.",
                )
        if seat.function == Membership.Function.ADVISORY and seat.votes:
            reader.complain(seat.line_of("votes"), "Sitz: Beratende Mitglieder haben kein Stimmrecht.")


def seats_named(deputy: Row, seat: Row) -> bool:
    """Whether `deputy` stands in for `seat`, on its first day."""
    there = seat.valid_from <= deputy.valid_from and (seat.last_day is None or seat.last_day >= deputy.valid_from)
    return (
        there
        and seat.function != Membership.Function.DEPUTY
        and deputy.deputy_of in {seat.account or "", seat.organisation or ""}
    )


def submitted_whole(reader: Reader, row: Row) -> None:
    if row.submitted_to and not row.submitted_on:
        reader.complain(row.line_of("submitted_to"), "Geschäftsordnung: Zu „submitted_to“ fehlt „submitted_on“.")


def no_double(name: str, what: str, *parts: str) -> Check:
    """Within one entry: no two members of the list `name` alike in `parts`."""

    def check(reader: Reader, row: Row) -> None:
        seen: dict[tuple, int] = {}
        for one in getattr(row, name):
            found = tuple(getattr(one, part) for part in parts)
            if found in seen:
                words = ", ".join(str(part) for part in found if part is not None)
                reader.complain(one.line, f"{what} ({words}) steht doppelt, schon in Zeile {seen[found]}.")
            seen.setdefault(found, one.line)

    return check


# ---- the format -----------------------------------------------------------------------------------------------------

NEEDED = {"required": True}
DATED = {"valid_from": Field(day, **NEEDED), "last_day": Field(day)}

COUNTY = entry("Kreis", {
    "key": Field(digits(5), **NEEDED),
    "name": Field(text(100), **NEEDED),
    "direct_reporting": Field(yes_no),
    "christmas_eve_is_workday": Field(yes_no),
    "new_years_eve_is_workday": Field(yes_no),
    "small_municipality_below": Field(whole(0, 1_000_000)),
    "small_cell_below": Field(whole(0, 1000)),
    "effect_months": Field(whole(1, 60)),
    "case_prefix": Field(text(6)),
    "request_kept_months": Field(whole(1, 24)),
    "case_kept_years": Field(whole(1, 10)),
})  # fmt: skip

POPULATION = entry("Einwohnerzahlen", {
    "counted_on": Field(day, **NEEDED),
    "source": Field(text(200), **NEEDED),
})  # fmt: skip

MUNICIPALITY = entry("Kommune", {
    "ags": Field(key("Kommune", digits(8)), **NEEDED),
    "name": Field(text(80), **NEEDED),
    "kind": Field(one_of(Municipality.Kind), **NEEDED),
    "bank": Field(one_of(Bank)),
    "postal_code": Field(digits(5)),
    "area_km2": Field(decimal("0.01", "99999", 2)),
    "persons": Field(whole(1, 10_000_000)),
    "latitude": Field(decimal("47", "56", 4)),
    "longitude": Field(decimal("5", "16", 4)),
})  # fmt: skip

ORGANISATION = entry("Organisation", {
    "key": Field(key("Organisation", slug), **NEEDED),
    "name": Field(text(160), **NEEDED),
    "kind": Field(one_of(Organisation.Kind), **NEEDED),
    "municipality": Field(reference("Kommune")),
})  # fmt: skip

CODE = entry("Eintrag einer Codeliste", {
    "code": Field(slug, **NEEDED),
    "label": Field(text(120), **NEEDED),
    "short": Field(text(40)),
})  # fmt: skip

#: The lists a county decides on itself; all others are the same in the whole Land and stand in data/codes.yaml.
OF_THE_COUNTY = (Code.List.TOPIC, Code.List.LIFE_DOMAIN, Code.List.LEGAL_AREA)
OF_THE_LAND = tuple(name for name in Code.List if name not in OF_THE_COUNTY)


def code_lists(names):
    lists = {str(name): Field(many(CODE), many=True, **NEEDED) for name in names}
    checks = (no_double(name, "Der Schlüssel", "code") for name in lists)
    return entry("Codelisten", {"valid_from": Field(day, **NEEDED), **lists}, *checks)


CODES = code_lists(OF_THE_COUNTY)

LIMIT = entry("Frist", {
    "state": Field(one_of(State), **NEEDED),
    "amount": Field(whole(1, 400), **NEEDED),
    "unit": Field(one_of(TimeLimit.Unit), **NEEDED),
    "valid_from": Field(day, **NEEDED),
    "reason": Field(text(200)),
})  # fmt: skip

ROLE = entry("Rolle", {"role": Field(one_of(Role), **NEEDED), **DATED}, ends_after_it_starts)

ASSIGNMENT = entry("Aufgabe", {
    "role": Field(one_of(Role), **NEEDED),
    "title": Field(text(160)),
    "employer": Field(reference("Organisation"), **NEEDED),
    "municipalities": Field(many(reference("Kommune")), many=True),
    "bank": Field(one_of(Bank)),
    "share": Field(share),
    "weekdays": Field(weekdays),
    **DATED,
    "known_from": Field(day, **NEEDED),
    "source": Field(text(200)),
}, ends_after_it_starts, place_or_bank)  # fmt: skip

ACCOUNT = entry("Konto", {
    "username": Field(key("Konto", slug), **NEEDED),
    "name": Field(key("Kontobezeichnung", text(120)), **NEEDED),
    "organisation": Field(reference("Organisation"), **NEEDED),
    "email": Field(key("E-Mail-Adresse", mail_address)),
    "roles": Field(many(ROLE), many=True, **NEEDED),
    "assignments": Field(many(ASSIGNMENT), many=True),
}, no_double("roles", "Die Rolle", "role", "valid_from"))  # fmt: skip

SEAT = entry("Sitz", {
    "account": Field(reference("Konto")),
    "organisation": Field(reference("Organisation")),
    "function": Field(one_of(Membership.Function)),
    "votes": Field(yes_no),
    "deputy_of": Field(slug),
    **DATED,
}, ends_after_it_starts, somebodys_seat)  # fmt: skip

EXPECTED = entry("Vorgesehener Sitz", {
    "name": Field(text(120), **NEEDED),
    "organisation": Field(reference("Organisation")),
    "occasional": Field(yes_no),
    "source": Field(text(200)),
    **DATED,
}, ends_after_it_starts)  # fmt: skip

RULES = entry("Geschäftsordnung", {
    "version": Field(whole(1, 999), **NEEDED),
    "submitted_on": Field(day),
    "submitted_to": Field(text(160)),
    "text": Field(text(40000)),
    "source": Field(text(200)),
    "meetings_per_year": Field(whole(1, 24)),
    "invitation_days": Field(whole(1, 90)),
    "topic_days": Field(whole(0, 120)),
    "paper_days": Field(whole(0, 90)),
    "quorum_percent": Field(whole(1, 100)),
    "without_quorum": Field(yes_no),
    "voices": Field(one_of(RulesOfProcedure.Voices)),
    "majority": Field(one_of(RulesOfProcedure.Majority)),
    "admission": Field(one_of(RulesOfProcedure.Admission)),
    "written_allowed": Field(yes_no),
    "written_days": Field(whole(1, 90)),
    "minutes_days": Field(whole(1, 180)),
    "objection_days": Field(whole(1, 180)),
    "readers": Field(one_of(RulesOfProcedure.Readers)),
}, submitted_whole)  # fmt: skip

MEETING = entry("Sitzung", {
    "day": Field(day, **NEEDED),
    "time": Field(clock),
    "title": Field(text(160)),
    "place": Field(text(160)),
    "mode": Field(one_of(Meeting.Mode)),
    "source": Field(text(200)),
})  # fmt: skip

BODY = entry("Gremium", {
    "key": Field(key("Gremium", slug), **NEEDED),
    "name": Field(text(120), **NEEDED),
    "kind": Field(one_of(Body.Kind), **NEEDED),
    "municipalities": Field(many(reference("Kommune")), many=True),
    "mandate": Field(text(4000)),
    **DATED,
    "members": Field(many(SEAT), many=True),
    "expected": Field(many(EXPECTED), many=True),
    "rules": Field(many(RULES), many=True),
    "meetings": Field(many(MEETING), many=True),
}, ends_after_it_starts, stands_in_for_one, no_double("expected", "Der vorgesehene Sitz", "name", "valid_from"),
   no_double("rules", "Die Fassung", "version"),
   no_double("members", "Der Sitz", "account", "organisation", "valid_from"),
   no_double("meetings", "Die Sitzung", "day", "time"))  # fmt: skip

AGREEMENT = entry("Kooperationsvereinbarung", {
    "municipality": Field(reference("Kommune"), **NEEDED),
    "version": Field(whole(1, 99)),
    "subject": Field(text(4000)),
    "contact": Field(text(160)),
    "signed_on": Field(day),
    "signatories": Field(text(500)),
    **DATED,
    "renew_months": Field(whole(1, 36)),
    "source": Field(text(200), **NEEDED),
}, ends_after_it_starts)  # fmt: skip

KICK_OFF = entry("Auftaktveranstaltung", {
    "municipality": Field(reference("Kommune"), **NEEDED),
    "day": Field(day, **NEEDED),
    "day_is_known": Field(yes_no),
    "place": Field(text(160)),
    "held": Field(yes_no),
    "outcome": Field(text(4000)),
    "source": Field(text(200), **NEEDED),
})  # fmt: skip

FIELDS = {
    "county": Field(COUNTY, **NEEDED),
    "population": Field(POPULATION),
    "municipalities": Field(many(MUNICIPALITY), many=True, **NEEDED),
    "organisations": Field(many(ORGANISATION), many=True, **NEEDED),
    "codes": Field(CODES, **NEEDED),
    "limits": Field(many(LIMIT), many=True, **NEEDED),
    "accounts": Field(many(ACCOUNT), many=True, **NEEDED),
    "bodies": Field(many(BODY), many=True, **NEEDED),
    "agreements": Field(many(AGREEMENT), many=True),
    "kick_offs": Field(many(KICK_OFF), many=True),
}
#: What the floors above keep in the file, by name (steering.county.register).
SECTIONS: dict[str, Field] = {}
CHECKS = (
    no_double("limits", "Die Frist", "state", "valid_from"),
    no_double("agreements", "Die Vereinbarung", "municipality", "version"),
    no_double("kick_offs", "Die Auftaktveranstaltung", "municipality", "day"),
)


def read(path: str | Path) -> Row:
    """A county file as rows, checked as a whole; raises CountyFileError with every problem found, or OSError."""
    reader, found = _parsed(path, entry("Datei", FIELDS | SECTIONS, *CHECKS))
    if found is not None and found.county:
        for place in found.municipalities:
            if not place.ags.startswith(found.county.key):
                reader.complain(
                    place.line_of("ags"), f"Der Schlüssel {place.ags} gehört nicht zum Kreis {found.county.key}."
                )
        counted = next((one for one in found.municipalities if one.persons), None)
        if counted and not found.population:
            reader.complain(counted.line_of("persons"), "Zu „persons“ fehlt „population“ mit Stichtag und Quelle.")
    return _sound(path, reader, found)


def read_codes(path: str | Path) -> Row:
    """The code lists of the whole Land; raises like `read`."""
    return _sound(path, *_parsed(path, code_lists(OF_THE_LAND)))


def _parsed(path: str | Path, wanted: Callable[[Reader, Node], Row | None]) -> tuple[Reader, Row | None]:
    source = Path(path).read_bytes()
    reader = Reader()
    found = None
    try:
        node = yaml.compose(source.decode("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if node is None:
            raise Bad("Die Datei ist leer.")
        found = wanted(reader, node)
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        reader.complain(line, "Die Datei ist nicht in UTF-8 geschrieben.")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reader.complain(mark.line + 1 if mark else 1, f"Das ist kein gültiges YAML ({error.problem}).")
    except yaml.YAMLError as error:
        reader.complain(1, f"Das ist kein gültiges YAML ({error}).")
    except Bad as bad:
        reader.complain(1, str(bad))
    reader.resolve()
    return reader, found


def _sound(path: str | Path, reader: Reader, found: Row | None) -> Row:
    if reader.problems or found is None:
        raise CountyFileError(str(path), reader.problems)
    return found
