"""Tables as CSV and XLSX, in constant memory. Whatever a cell looks like, no spreadsheet runs it."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal

#: A cell that begins like this would be run as a formula by a spreadsheet; the wide ones by one that speaks Japanese.
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe(value) -> str:
    """A cell of a CSV file: dates and numbers the German way; text that a spreadsheet would run stays text."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    if hasattr(value, "strftime"):
        return f"{value:%d.%m.%Y}"
    text = str(value)
    return f"'{text}" if text.lstrip(" \xa0").startswith(FORMULA_BEGINS) else text


class _Line:
    """Where csv.writer writes: hands back what it was given."""

    def write(self, text):
        return text


def csv_of(columns, rows: Iterable[list]) -> Iterator[str]:
    """A file line by line: UTF-8 with a mark, semicolons, as German spreadsheets open it."""
    writer = csv.writer(_Line(), delimiter=";")
    yield "\ufeff" + writer.writerow([name for name, *_ in columns])
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def workbook(title: str, columns, rows: Iterable[list]):
    """An open temporary file with the workbook; it vanishes when closed. Numbers stay numbers, days days, and
    all else is text, whatever it looks like. `columns` begin with name and width.
    """
    import xlsxwriter  # here: few workers ever write a workbook, and all would carry the library

    file = tempfile.TemporaryFile()  # noqa: SIM115, the answer closes it
    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet(title)
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd.mm.yyyy"})
    exact = book.add_format({"num_format": "#,##0.00###"})
    sheet.freeze_panes(1, 0)
    for place, (name, width, *_) in enumerate(columns):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, bold)
    last = _fill(sheet, rows, day, exact)
    sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)
    book.close()
    file.seek(0)
    return file


def _fill(sheet, rows: Iterable[list], day, exact) -> int:
    number = 0
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            if hasattr(cell, "strftime"):
                sheet.write_datetime(number, place, cell, day)
            elif isinstance(cell, Decimal):
                sheet.write_number(number, place, cell, exact)
            elif isinstance(cell, int):
                sheet.write_number(number, place, cell)
            elif cell:
                sheet.write_string(number, place, str(cell)[:32_767])
    return number
