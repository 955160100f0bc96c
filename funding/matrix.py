"""The rights of funding as a table, asked of the rules (kim.access)."""

from funding import access
from kim import workdays
from kim.access import Table
from kim.models import Role, User
from kim.models.people import Standing
from kim.rules import allows

#: Questions about the person alone.
QUESTIONS = (
    ("Stellen und Besetzungen ansehen", access.reads_board),
    ("Versorgung der Kommunen ansehen", access.reads_coverage),
    ("Stellen, Besetzungen und Einsätze pflegen", access.keeps_posts),
    ("Grund einer Unterbrechung sehen", access.reads_leave_reasons),
    ("Bescheide und Mittel ansehen", access.reads_money),
    ("Programme, Bescheide und Zahlungen pflegen", access.keeps_money),
    ("Einzelne Ausgaben ansehen", access.reads_costs),
    ("Ausgaben und Regeln zur Förderfähigkeit pflegen", access.keeps_costs),
    ("Abrechnungen erstellen", access.draws_up_calculations),
    ("Bedarf und Verteilung ansehen", access.reads_needs),
    ("Kriterien und Szenarien pflegen", access.plans_needs),
)
WORDS = (
    "Die Geschäftsstelle sieht Stellen und Bescheide von Modul 1, alle anderen Lesenden die aller Module. Die eigene "
    "Stelle sehen Case Management und Ausländer- und Einbürgerungsbehörden. Abrechnungen gibt frei, wer sie nicht "
    "erstellt hat."
)


def tables() -> list[Table]:
    return [Table("funding", "Stellen und Mittel", WORDS, tuple((words, _cells(rule)) for words, rule in QUESTIONS))]


def _cells(rule) -> tuple[str, ...]:
    return tuple("ja" if allows(rule, _somebody(role)) else "" for role in Role)


def _somebody(role: str) -> User:
    person = User(pk=-1)
    person._standing = Standing(workdays.today(), frozenset({role}))
    return person
