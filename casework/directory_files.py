"""The directory as CSV and XLSX: what the list shows, for paper and telephone. It names institutions, no persons."""

from collections.abc import Iterator

from kim import trail, workdays
from kim.sheet_files import csv_of, workbook

#: So many are written into one file at most.
MOST = 20_000
COLUMNS = (
    ("Name", 34, lambda actor: actor.name),
    ("Art", 26, lambda actor: actor.get_kind_display()),
    ("zuständig für", 50, lambda actor: actor.responsibility),
    ("Kommunen", 30, lambda actor: ", ".join(str(one) for one in actor.municipalities.all()) or "ganzer Kreis"),
    ("Telefon", 20, lambda actor: actor.phone),
    ("E-Mail", 28, lambda actor: actor.email),
    ("Internet", 30, lambda actor: actor.website),
    ("Adresse", 36, lambda actor: actor.address),
    ("Zeiten", 28, lambda actor: actor.hours),
    ("zuletzt bestätigt", 14, lambda actor: actor.confirmed_on),
    ("besteht nicht mehr seit", 14, lambda actor: actor.gone_on),
)


def _rows(actors) -> Iterator[list]:
    for actor in actors.prefetch_related("municipalities")[:MOST].iterator(chunk_size=100):
        yield [cell(actor) for _, _, cell in COLUMNS]


def csv(actors) -> Iterator[str]:
    return csv_of(COLUMNS, _rows(actors))


def xlsx(actors):
    return workbook("Verzeichnis", COLUMNS, _rows(actors))


def record(user, actors, *, kind: str, narrowed_by: list[str]) -> None:
    """Who took how many out of the house, narrowed by what; never by which words."""
    number = actors.order_by()[:MOST].count()
    how = f", eingegrenzt nach {', '.join(narrowed_by)}" if narrowed_by else ""
    trail.record("actor.export", user, by=user, note=f"{kind}, {number} Zeilen{how}"[:200])


def file_name(kind: str) -> str:
    return f"verzeichnis-{workdays.today():%Y-%m-%d}.{kind}"
