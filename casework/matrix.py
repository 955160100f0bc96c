"""The rights of casework as tables: every rule is asked about people and cases that exist nowhere (kim.access)."""

from functools import partial

from casework import access
from casework.lifecycle import LIFECYCLE, State
from casework.models import Case, HandOver, Procedure
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
ACT_WORDS = (
    "Was neben den Schritten möglich ist. „eigene“: der selbst geführte Fall, die Übergabe, an der man beteiligt ist, "
    "der Vorgang der eigenen Behörde."
)


def case_of(owner: int, state: str = State.REQUEST) -> Case:
    return Case(pk=-1, state=state, owner_id=owner)


def offered_to(taker: int) -> HandOver:
    return HandOver(pk=-1, taker_id=taker)


def offered_by(giver: int) -> HandOver:
    return HandOver(pk=-1, giver_id=giver, offered_by_id=giver)


def handed_to(authority: int) -> Procedure:
    return Procedure(pk=-1, authority_id=authority)


#: Acts, the rule each is guarded by, and whose it is that the rule is asked about.
ACTS = (
    ("Fall bearbeiten, Beratung erfassen", access.owns, case_of),
    ("Fall weitergeben", access.gives_away, case_of),
    ("Angebotene Fälle übernehmen oder ablehnen", access.takes_over, offered_to),
    ("Angebot zurücknehmen", access.takes_back, offered_by),
    ("Einblick nehmen, mit Anlass und für eine Stunde", access.looks_inside, case_of),
    ("Löschung aufschieben", access.owns, case_of),
    ("Übergebenen Vorgang bearbeiten", access.works_on_procedure, handed_to),
)
#: Questions about the person alone.
QUESTIONS = (
    ("Fälle und Beratungen führen", access.manages_cases),
    ("Fallübersicht ohne Namen", access.overviews_cases),
    ("Löschfristen ansehen", access.reads_retention),
    ("Löschregister lesen", access.reads_erasures),
    ("Fälle übergeben", access.hands_over),
    ("Anliegen beratener Personen bearbeiten", access.keeps_requests),
    ("Fristen aller Anliegen ansehen, ohne Namen", access.watches_requests),
    ("Verzeichnis der Stellen lesen", access.reads_directory),
    ("Verzeichnis der Stellen pflegen", access.keeps_directory),
    ("Formulare drucken", access.prints_forms),
    ("Eigene Zahlen ansehen", access.has_own_figures),
    ("Prüflisten lesen", access.reads_checklists),
    ("Übergebene Vorgänge ansehen", access.receives_procedures),
    ("Codelisten pflegen", access.keeps_codes),
)


def somebody(role: str) -> User:
    """Holds `role` and nothing else, at an organisation of their own number; stands in for nobody."""
    person = User(pk=SOMEBODY, display_name=Role(role).label, organisation_id=SOMEBODY)
    person._standing = Standing(workdays.today(), frozenset({role}))
    return person


def tables() -> list[Table]:
    people = [somebody(role) for role in Role]
    steps = tuple(
        (
            f"{row.label} ({State(row.source).label})",
            tuple(_cell(row.may, person, partial(case_of, state=row.source)) for person in people),
        )
        for row in LIFECYCLE.rows
    )
    acts = tuple((label, tuple(_cell(check, person, of) for person in people)) for label, check, of in ACTS)
    asked = tuple(
        (label, tuple("ja" if allows(check, person) else "" for person in people)) for label, check in QUESTIONS
    )
    return [
        Table("fallschritte", "Schritte eines Falls", STEP_WORDS, steps),
        Table("fallarbeit", "Am einzelnen Fall", ACT_WORDS, acts),
        Table("fallfragen", "Fallarbeit: Fragen an die Person allein", "Was die Rolle allein entscheidet.", asked),
    ]


def _cell(check, person, of) -> str:
    own, other = (check(person, of(whose)) for whose in (SOMEBODY, ELSE))
    if own and other:
        return "ja"
    return "eigene" if own else ("fremde" if other else "")
