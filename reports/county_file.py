"""What a county file says in its section `papers`: what the committee was told before KIM wrote its reports."""

from yaml.nodes import Node

from reports.models import EarlierPaper
from reports.status import SECTIONS
from steering.county.loading import Loader
from steering.county.reading import NEEDED, Bad, Field, Reader, Row, day, entry, many, text

CALLED = {"EarlierPaper": "frühere Unterlagen"}
_KEYS = [one.key for one in SECTIONS]


def section_key(reader: Reader, node: Node) -> str:
    value = text(20)(reader, node)
    if value not in _KEYS:
        raise Bad(f"„{value}“ ist kein Abschnitt eines Sachstandsberichts. Es gibt: {', '.join(_KEYS)}.")
    return value


STATEMENT = entry("Aussage", {"section": Field(section_key, **NEEDED), "words": Field(text(600), **NEEDED)})

PAPER = entry("Unterlage", {
    "document": Field(text(160), **NEEDED),
    "committee": Field(text(160), **NEEDED),
    "meeting_on": Field(day, **NEEDED),
    "statements": Field(many(STATEMENT), many=True),
})  # fmt: skip

SECTION = many(PAPER)


def load(loader: Loader, rows: list[Row]) -> None:
    for row in rows:
        statements = [{"section": one.section, "words": one.words} for one in row.statements]
        key = {"document": row.document, "meeting_on": row.meeting_on}
        loader.bring(EarlierPaper, key, {"committee": row.committee, "statements": statements})
