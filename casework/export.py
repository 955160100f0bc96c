"""The list of one's own cases as CSV and XLSX: exactly what the list shows, every page of it, in constant memory."""

from collections.abc import Iterator

from django.utils import timezone

from kim import trail, workdays
from kim.sheet_files import csv_of, workbook

#: More rows than this nobody reads in a spreadsheet; the last row then says so.
MOST = 20_000
MORE = "Es sind mehr als 20.000 Fälle. Bitte grenzen Sie die Liste ein."
COLUMNS = (
    ("Fallnummer", 18, lambda case: case.number),
    ("Nummer Datenbank KIM", 22, lambda case: case.foreign_number),
    ("Nachname", 24, lambda case: case.client.identity.family_name),
    ("Vorname", 24, lambda case: case.client.identity.given_name),
    ("Geburtsdatum", 14, lambda case: case.client.identity.birth_words),
    ("Phase", 20, lambda case: case.get_state_display()),
    ("seit", 11, lambda case: case.since),
    ("Kommune", 20, lambda case: str(case.municipality)),
    ("angefragt am", 12, lambda case: case.opened_on),
    ("aufgenommen am", 14, lambda case: case.admitted_on),
    ("beendet am", 12, lambda case: timezone.localtime(case.ended_at).date() if case.ended_at else None),
    ("Titel gültig bis", 14, lambda case: case.title_expires_on),
    ("gesperrt", 10, lambda case: "ja" if case.is_locked else ""),
    ("Fallführung", 26, lambda case: str(case.owner)),
)


def rows_of(cases) -> Iterator[list]:
    """The cells of at most MOST cases, read in portions; where there are more, a last row says so."""
    for number, case in enumerate(cases[: MOST + 1].iterator(chunk_size=100)):
        if number == MOST:
            yield [MORE]
            return
        yield [cell(case) for _, _, cell in COLUMNS]


def csv_lines(cases) -> Iterator[str]:
    return csv_of(COLUMNS, rows_of(cases))


def xlsx_file(cases):
    return workbook("Fälle", COLUMNS, rows_of(cases))


def record(user, *, number: int, kind: str, narrowed_by: list[str]) -> None:
    """Who took which list out of the house, how much, narrowed by what: never the words searched for."""
    how = f", eingegrenzt nach {', '.join(narrowed_by)}" if narrowed_by else ""
    trail.record("case.export", user, by=user, note=f"{kind}, {min(number, MOST)} Zeilen{how}"[:200])


def file_name(kind: str) -> str:
    return f"faelle-{workdays.today():%Y-%m-%d}.{kind}"
