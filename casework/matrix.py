"""The rights of casework as tables: every rule is asked about people and cases that exist nowhere (kim.access)."""

from casework import access
from casework.lifecycle import LIFECYCLE, State
from casework.models import Case
from kim import workdays
from kim.access import Table
from kim.models import Role, User
from kim.models.people import Standing
from kim.rules import allows

SOMEBODY, ELSE = -1, -2

STEP_WORDS = (
    "Wer einen Schritt gehen darf, wenn seine Voraussetzungen erfüllt sind. „eigene“: wer den Fall führt oder die "
    "Fallführung desselben Anstellungsträgers gerade vertritt."
)
ACT_WORDS = "Was neben den Schritten möglich ist."
#: Acts on a case, and the rule each is guarded by.
ACTS = (
    ("Fall bearbeiten, Beratung erfassen", access.owns),
    ("Fall weitergeben", access.gives_away),
    ("Einblick nehmen, mit Anlass und für eine Stunde", access.looks_inside),
    ("Löschung aufschieben", access.owns),
)
#: Questions about the person alone.
QUESTIONS = (
    ("Fälle und Beratungen führen", access.manages_cases),
    ("Fallübersicht ohne Namen", access.overviews_cases),
    ("Löschfristen ansehen", access.reads_retention),
    ("Verzeichnis der Stellen", access.reads_directory),
    ("Übergebene Vorgänge", access.receives_procedures),
    ("Codelisten pflegen", access.keeps_codes),
)


def somebody(role: str) -> User:
    """Holds `role` and nothing else; stands in for nobody."""
    person = User(pk=SOMEBODY, display_name=Role(role).label)
    person._standing = Standing(workdays.today(), frozenset({role}))
    return person


def sample(state: str, *, own: bool) -> Case:
    return Case(pk=-1, state=state, owner_id=SOMEBODY if own else ELSE)


def tables() -> list[Table]:
    people = [somebody(role) for role in Role]
    steps = tuple(
        (f"{row.label} ({State(row.source).label})", tuple(_cell(row.may, person, row.source) for person in people))
        for row in LIFECYCLE.rows
    )
    acts = tuple((label, tuple(_cell(check, person) for person in people)) for label, check in ACTS)
    asked = tuple(
        (label, tuple("ja" if allows(check, person) else "" for person in people)) for label, check in QUESTIONS
    )
    return [
        Table("fallschritte", "Schritte eines Falls", STEP_WORDS, steps),
        Table("fallarbeit", "Am einzelnen Fall", ACT_WORDS, acts),
        Table("fallfragen", "Fallarbeit: Fragen an die Person allein", "Was die Rolle allein entscheidet.", asked),
    ]


def _cell(check, person, state=State.REQUEST) -> str:
    own, other = (check(person, sample(state, own=whose)) for whose in (True, False))
    if own and other:
        return "ja"
    return "eigene" if own else ("fremde" if other else "")
