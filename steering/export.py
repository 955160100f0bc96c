"""Lists of issues as CSV and XLSX: exactly what the list shows, every page of it, in constant memory."""

import csv
import tempfile
from collections.abc import Iterable, Iterator

from django.utils import timezone

from kim import trail, workdays
from steering.access import sees_reporters
from steering.whereabouts import countdown, holder_name

#: More rows than this nobody reads in a spreadsheet; the last row then says so.
MOST = 20_000
MORE = f"Es sind mehr als {MOST:,} Knackpunkte. Bitte grenzen Sie die Liste ein.".replace(",", ".")
#: A cell that begins like this would be run as a formula by a spreadsheet.
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")

COLUMNS = (
    ("Kennung", 14, lambda issue: issue.number or ""),
    ("Titel", 60, lambda issue: issue.title),
    ("Stand", 26, lambda issue: issue.get_state_display()),
    ("liegt bei", 30, holder_name),
    ("seit", 11, lambda issue: issue.since),
    ("fällig am", 11, lambda issue: issue.due_on),
    ("Frist", 24, countdown),
    ("Kommune", 20, lambda issue: str(issue.municipality or "")),
    ("Rheinseite", 16, lambda issue: issue.municipality.get_bank_display() if issue.municipality else ""),
    ("Thema", 28, lambda issue: str(issue.topic or "")),
    ("Handlungsfeld", 28, lambda issue: str(issue.life_domain or "")),
    ("Rechtskreise", 24, lambda issue: ", ".join(str(code) for code in issue.legal_areas.all())),
    (
        "gemeldet am",
        11,
        lambda issue: timezone.localtime(issue.reported_at).date() if issue.reported_at else None,
    ),
)
REPORTERS = ("gemeldet von", 40, lambda issue: ", ".join(str(one.user) for one in issue.reporters.all()))


def columns_for(user) -> tuple:
    """Who reported is for the coordination alone."""
    return (*COLUMNS, REPORTERS) if sees_reporters(user) else COLUMNS


def rows_of(issues, columns) -> Iterator[list]:
    """The cells of at most MOST issues, read in portions; where there are more, a last row says so."""
    wanted = issues.for_list().prefetch_related("legal_areas")
    if REPORTERS in columns:
        wanted = wanted.prefetch_related("reporters__user")
    for number, issue in enumerate(wanted[: MOST + 1].iterator(chunk_size=100)):
        if number == MOST:
            yield [MORE]
            return
        yield [cell(issue) for _, _, cell in columns]


def safe(value) -> str:
    """A cell of a CSV file: dates the German way, and text that a spreadsheet would run as a formula kept text."""
    if value is None:
        return ""
    if hasattr(value, "strftime"):
        return f"{value:%d.%m.%Y}"
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text


class _Line:
    """Where csv.writer writes: hands back what it was given."""

    def write(self, text):
        return text


def csv_lines(issues, user) -> Iterator[str]:
    columns = columns_for(user)
    return csv_of(columns, rows_of(issues, columns))


def xlsx_file(issues, user):
    columns = columns_for(user)
    return workbook("Knackpunkte", columns, rows_of(issues, columns))


def csv_of(columns, rows: Iterable[list]) -> Iterator[str]:
    """A file line by line: UTF-8 with a mark, semicolons, as German spreadsheets open it."""
    writer = csv.writer(_Line(), delimiter=";")
    yield "\ufeff" + writer.writerow([name for name, *_ in columns])
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def workbook(title: str, columns, rows: Iterable[list]):
    """An open temporary file with the workbook; it vanishes when closed. Whole numbers stay numbers, days days, and
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
    sheet.freeze_panes(1, 0)
    for place, (name, width, *_) in enumerate(columns):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, bold)
    last = _fill(sheet, rows, day)
    sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)
    book.close()
    file.seek(0)
    return file


def _fill(sheet, rows: Iterable[list], day) -> int:
    number = 0
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            if hasattr(cell, "strftime"):
                sheet.write_datetime(number, place, cell, day)
            elif isinstance(cell, int):
                sheet.write_number(number, place, cell)
            elif cell:
                sheet.write_string(number, place, str(cell)[:32_767])
    return number


def record(user, *, number: int, kind: str, narrowed_by: list[str]) -> None:
    """Who took which list out of the house, how much, narrowed by what: never the words searched for."""
    how = f", eingegrenzt nach {', '.join(narrowed_by)}" if narrowed_by else ""
    trail.record("issue.export", user, by=user, note=f"{kind}, {min(number, MOST)} Zeilen{how}"[:200])


def file_name(kind: str) -> str:
    return f"knackpunkte-{workdays.today():%Y-%m-%d}.{kind}"


def count(issues) -> int:
    return issues.order_by()[: MOST + 1].count()
