"""The list of one's own cases as CSV and XLSX: exactly what the list shows, every page of it, in constant memory."""

import csv
import tempfile
from collections.abc import Iterable, Iterator

from django.utils import timezone

from kim import trail, workdays
from steering.export import safe

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


class _Line:
    """Where csv.writer writes: hands back what it was given."""

    def write(self, text):
        return text


def csv_lines(cases) -> Iterator[str]:
    """The file line by line: UTF-8 with a mark, semicolons, as German spreadsheets open it."""
    writer = csv.writer(_Line(), delimiter=";")
    yield "\ufeff" + writer.writerow([name for name, _, _ in COLUMNS])
    for row in rows_of(cases):
        yield writer.writerow([safe(cell) for cell in row])


def xlsx_file(cases):
    """An open temporary file with the workbook; it vanishes when closed. Cells are written as text or dates only."""
    import xlsxwriter  # here: few workers ever write a workbook, and all would carry the library

    file = tempfile.TemporaryFile()  # noqa: SIM115, the answer closes it
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, {"constant_memory": True, **plain})
    sheet = book.add_worksheet("Fälle")
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd.mm.yyyy"})
    sheet.freeze_panes(1, 0)
    for place, (name, width, _) in enumerate(COLUMNS):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, bold)
    last = _fill(sheet, rows_of(cases), day)
    sheet.autofilter(0, 0, max(last, 1), len(COLUMNS) - 1)
    book.close()
    file.seek(0)
    return file


def _fill(sheet, rows: Iterable[list], day) -> int:
    number = 0
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            if hasattr(cell, "strftime"):
                sheet.write_datetime(number, place, cell, day)
            elif cell:
                sheet.write_string(number, place, str(cell)[:32_767])
    return number


def record(user, *, number: int, kind: str, narrowed_by: list[str]) -> None:
    """Who took which list out of the house, how much, narrowed by what: never the words searched for."""
    how = f", eingegrenzt nach {', '.join(narrowed_by)}" if narrowed_by else ""
    trail.record("case.export", user, by=user, note=f"{kind}, {min(number, MOST)} Zeilen{how}"[:200])


def file_name(kind: str) -> str:
    return f"faelle-{workdays.today():%Y-%m-%d}.{kind}"
