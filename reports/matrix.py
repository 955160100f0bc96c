"""The rights of reports as a table, asked of the rules (kim.access)."""

from functools import partial

from kim import workdays
from kim.access import Table
from kim.figures import Part
from kim.models import Role, User
from kim.models.people import Standing
from kim.rules import allows
from reports import access

QUESTIONS = (
    *((f"Zahlen ansehen: {part.words}", partial(allows, access.reads_part, obj=part)) for part in Part),
    ("Sachstandsberichte lesen", partial(allows, access.reads_reports)),
    ("Sachstandsberichte schreiben", partial(allows, access.writes_reports)),
    ("Bericht an das Land ansehen", partial(allows, access.reads_indicators)),
)
WORDS = (
    "Zahlen über beratene Menschen erscheinen nur mit Schutz kleiner Zahlen, auch in Dateien. Einen Bericht gibt frei, "
    "wer nicht an ihm geschrieben hat."
)


def tables() -> list[Table]:
    return [Table("reports", "Zahlen und Berichte", WORDS, tuple((words, _cells(ask)) for words, ask in QUESTIONS))]


def _cells(ask) -> tuple[str, ...]:
    return tuple("ja" if ask(user=_somebody(role)) else "" for role in Role)


def _somebody(role: str) -> User:
    person = User(pk=-1)
    person._standing = Standing(workdays.today(), frozenset({role}))
    return person
