"""Who may do what, asked of the rules themselves when the page is opened."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim import workdays
from kim.access import (
    Table,
    arranges_absence,
    keeps_account_requests,
    keeps_breaches,
    matrix,
    reads_matrix,
    reads_processing,
    reads_trail,
    register_tables,
    runs_operation,
)
from kim.models import Role, User
from kim.models.people import Standing
from kim.navigation import ENTRIES
from kim.rules import demand


@require_safe
def access_matrix(request):
    demand(reads_matrix, request.user)
    return render(request, "kim/access_matrix.html", {"roles": Role.labels, "tables": matrix()})


def somebody(role: str, pk: int = -1) -> User:
    """An account that exists nowhere and holds `role` and nothing else: the one the rules are asked about."""
    person = User(pk=pk, display_name=Role(role).label)
    person._standing = Standing(workdays.today(), frozenset({role}))
    return person


RULES = (
    ("Betrieb sehen, Mails erneut senden", runs_operation),
    ("Rechte-Übersicht lesen", reads_matrix),
    ("Protokoll lesen", reads_trail),
    ("Verzeichnis der Verarbeitungen und Löschkonzept lesen", reads_processing),
    ("Anliegen zu Konten bearbeiten", keeps_account_requests),
    ("Datenschutzvorfälle bearbeiten (einen Verdacht melden alle)", keeps_breaches),
)


def tables() -> list[Table]:
    navigation = tuple((entry.label, tuple("ja" if role in entry.roles else "" for role in Role)) for entry in ENTRIES)
    people = {role: somebody(role) for role in Role}
    rows = [(label, tuple("ja" if check(person, None) else "" for person in people.values())) for label, check in RULES]
    other = somebody(Role.CASE_MANAGER, pk=-2)
    rows.append(
        (
            "Abwesenheit eintragen",
            tuple(
                "für alle" if arranges_absence(person, other) else "eigene" if arranges_absence(person, person) else ""
                for person in people.values()
            ),
        )
    )
    return [
        Table("navigation", "Seiten in der Navigation", "Was jede Rolle in der Navigation findet.", navigation),
        Table("grundlagen", "Verwaltung von KIM", "Ohne Inhalt von Knackpunkten.", tuple(rows)),
    ]


register_tables("kim", tables)
