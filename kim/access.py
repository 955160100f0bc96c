"""Who may see and do what on the ground floor, and the place where every app hangs its rules for the matrix page.

The matrix is asked of the rules themselves; no cell of it is written down anywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kim.models import Role
from kim.rules import rule


@rule("Den Betrieb von KIM sieht und steuert die Verwaltung.")
def runs_operation(user, obj=None):
    return user.holds(Role.ADMIN)


@rule("Meldungen zu Barrieren beantwortet die Verwaltung.")
def answers_barriers(user, obj=None):
    return user.holds(Role.ADMIN)


@rule("Die Übersicht der Rechte lesen Verwaltung sowie Datenschutz und Revision.")
def reads_matrix(user, obj=None):
    return user.holds(Role.ADMIN, Role.AUDIT)


@rule("Das Protokoll lesen Datenschutz und Revision.")
def reads_trail(user, obj=None):
    return user.holds(Role.AUDIT)


@rule("Konten verwaltet die Verwaltung.")
def keeps_accounts(user, obj=None):
    return user.holds(Role.ADMIN)


@rule("Anliegen zu Konten bearbeiten Verwaltung sowie Datenschutz und Revision.")
def keeps_account_requests(user, obj=None):
    return user.holds(Role.ADMIN, Role.AUDIT)


@rule("Datenschutzvorfälle bearbeiten Datenschutz und Revision.")
def keeps_breaches(user, obj=None):
    return user.holds(Role.AUDIT)


@rule("Das Verzeichnis der Verarbeitungen lesen Verwaltung sowie Datenschutz und Revision.")
def reads_processing(user, obj=None):
    return user.holds(Role.ADMIN, Role.AUDIT)


@rule("Abwesenheiten trägt jede Person für sich ein, für andere die Verwaltung.")
def arranges_absence(user, absent):
    return user == absent or user.holds(Role.ADMIN)


@dataclass(frozen=True)
class Table:
    """One table of the matrix: a row per thing, a cell per role in the order of Role; an empty cell means no."""

    key: str
    heading: str
    words: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]


_TABLES: dict[str, Callable[[], list[Table]]] = {}


def register_tables(name: str, tables: Callable[[], list[Table]]) -> None:
    """Hang an app's tables into the matrix; a second call of the same name replaces the first."""
    _TABLES[name] = tables


def matrix() -> list[Table]:
    return [table for tables in _TABLES.values() for table in tables()]
