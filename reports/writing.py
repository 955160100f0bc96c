"""Books (reports.exporting) as files: a workbook with real types, CSV, tagged PDF. Nothing here reads figures.

Text is text, whatever it looks like: no cell is ever run as a formula. What is kept secret is written as the sign for
it, never as 0 or an empty cell. Rows are read once and in order, so that large tables need little memory.
"""

import csv
import datetime as dt
import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from django.utils import timezone
from django.utils.text import slugify

from kim import figures, workdays
from kim.models import County
from kim.sheet_files import safe
from kim.templatetags.kim import decimal, euros
from kim.templatetags.kim import number as whole
from kim.workflow import StepRefused
from reports.exporting import DAY, EXACT, MONEY, NUMBER, SHARE, TEXT, Book, Page
from reports.models.exports import Format

#: Rows a worksheet holds below its heading (Excel 2007 and later), and rows anybody would print.
MOST_IN_SHEET, MOST_IN_PDF = 1_048_575, 2_000
#: Columns of numbers beside the first that fit on a sheet of paper, upright and across; what is wider is divided.
UPRIGHT, ACROSS = 5, 12
#: On paper: letters in a line of the page (by most columns), of a text in one line at most, between two columns;
#: and how much wider bold ones are.
ROOM = {UPRIGHT: 92, ACROSS: 155}
WORDS, GAP, BOLD = 60, 3, 1.2
PIECE = 64 * 1024
DEFINITIONS = "Definitionen"
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_NUM_FORMATS = {
    NUMBER: "#,##0",
    EXACT: "#,##0.00##",
    SHARE: "0.0 %",
    MONEY: '#,##0.00 "€"',
    DAY: "dd.mm.yyyy",
}
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
    "pdf": "application/pdf",
}

#: Is told how many rows have been written so far.
Tell = Callable[[int], None]


def _nobody(done: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Written:
    """`chunks` are the bytes; `suffix` belongs to what came of it: several tables as CSV make a zip."""

    suffix: str
    chunks: Iterable[bytes]


def media_type(suffix: str) -> str:
    return _MEDIA[suffix]


def file_name(title: str, suffix: str, day: dt.date | None = None) -> str:
    """„Große Tabelle“ → grosse-tabelle-2022-03-16.xlsx."""
    plain = slugify(title.lower().translate(_SPELLED))[:80]
    return f"{plain or 'kim'}-{day or workdays.today():%Y-%m-%d}.{suffix}"


def written(book: Book, kind: str, tell: Tell = _nobody) -> Written:
    """`book` as a file of `kind` (reports.models.exports.Format), complete when this returns.

    Raises StepRefused where it has more rows than such a file takes.
    """
    progress = _Progress(tell)
    if kind == Format.XLSX:
        return Written("xlsx", _Pieces(_filled(_workbook, book, progress)))
    if kind == Format.PDF:
        return Written("pdf", [_paper(book, progress)])
    if len(book.sheets) == 1:
        return Written("csv", _Pieces(_filled(_single_csv, book, progress)))
    return Written("zip", _Pieces(_filled(_zipped, book, progress)))


class _Progress:
    def __init__(self, tell: Tell):
        self.tell, self.done = tell, 0

    def over(self, rows: Iterable[Sequence]) -> Iterator[Sequence]:
        for row in rows:
            yield row
            self.done += 1
            self.tell(self.done)


def _filled(fill: Callable, book: Book, progress: _Progress):
    """A nameless temporary file with what `fill(file, …)` writes; closed where that breaks."""
    file = tempfile.TemporaryFile()  # noqa: SIM115, closed by whoever reads it
    try:
        fill(file, book, progress)
    except BaseException:
        file.close()
        raise
    return file


class _Pieces:
    """The bytes of an open file, which is closed at its end or by whoever stops before."""

    def __init__(self, file):
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        with self.file:
            self.file.seek(0)
            while piece := self.file.read(PIECE):
                yield piece

    def close(self) -> None:
        self.file.close()


# What goes along


def definitions(book: Book) -> list[list[str]]:
    """Rows for whoever has the file and not the page: what each figure counts, and how small numbers are protected."""
    found = []
    for key in dict.fromkeys(book.figures):
        one = figures.figure(key)
        since = f"ab {one.trusted_from:%d.%m.%Y}" if one.trusted_from else "immer"
        kept = protection() if one.persons else "enthält keine Angaben über beratene Menschen"
        found.append([one.name, one.definition, one.unit, one.source, since, kept])
    return found


HEADINGS = ("Zahl", "So wird gezählt", "Einheit", "Quelle", "verlässlich", "Schutz kleiner Zahlen")


def protection() -> str:
    return (
        f"Zahlen über Menschen unter {County.current().small_cell_below} sind zum Schutz nicht genannt (•), und so "
        "viele weitere, dass sich keine davon errechnen lässt."
    )


def _about(book: Book) -> list[tuple[str, str]]:
    county = County.current().name
    made = f"{timezone.localtime(workdays.now()):%d.%m.%Y, %H:%M} Uhr"
    said = [("Inhalt", book.title), ("Auswahl", book.note), ("Kreis", county), ("Erstellt", made)]
    return [(label, words) for label, words in said if words]


# Excel


def _workbook(file, book: Book, progress: _Progress) -> None:
    import xlsxwriter  # here: few workers ever write a workbook, and all would carry the library

    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, {"constant_memory": True, **plain}) as made:
        moment = workdays.now().replace(tzinfo=None)
        made.set_properties({"title": book.title, "subject": book.note, "company": County.current().name,
                             "created": moment})  # fmt: skip
        styles = {kind: made.add_format({"num_format": code, "align": "right"}) for kind, code in _NUM_FORMATS.items()}
        styles[TEXT] = made.add_format({"valign": "top"})
        bold = made.add_format({"bold": True, "bottom": 1})
        for name, page in zip(sheet_names([page.name for page in book.sheets]), book.sheets, strict=True):
            sheet = made.add_worksheet(name)
            _lay_out(sheet, book, page, bold)
            _fill(sheet, page, styles, progress)
        _explain(made, book, bold)


def _fill(sheet, page: Page, styles: dict, progress: _Progress) -> None:
    last = 0
    for last, row in enumerate(progress.over(page.rows), start=1):
        if last > MOST_IN_SHEET:
            raise StepRefused("Eine Excel-Tabelle fasst so viele Zeilen nicht. Bitte wählen Sie CSV.")
        for place, ((_, kind), cell) in enumerate(zip(page.columns, row, strict=True)):
            _put(sheet, last, place, cell, styles[kind])
    if last:
        sheet.autofilter(0, 0, last, len(page.columns) - 1)


def _lay_out(sheet, book: Book, page: Page, bold) -> None:
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_header(f"&L{_headed(book.title)}&R{_headed(book.note)}")
    for place, (heading, kind) in enumerate(page.columns):
        least = 28 if kind == TEXT else 11
        sheet.set_column(place, place, max(least, min(len(heading) + 2, 48)))
        sheet.write_string(0, place, heading, bold)


def _headed(text: str) -> str:
    """For the head of a printed page, which has codes that begin with „&“ and takes 255 signs in all."""
    return text.replace("&", "&&")[:110]


def _put(sheet, row: int, place: int, cell, style) -> None:
    if cell is None:
        return
    if isinstance(cell, Fraction):
        cell = Decimal(cell.numerator) / cell.denominator
    if isinstance(cell, dt.date):
        sheet.write_datetime(row, place, _plain_moment(cell), style)
    elif isinstance(cell, int | Decimal):
        sheet.write_number(row, place, cell, style)
    else:
        sheet.write_string(row, place, str(cell)[:32_767], style)


def _plain_moment(cell: dt.date) -> dt.date:
    return timezone.localtime(cell).replace(tzinfo=None) if isinstance(cell, dt.datetime) else cell


def _explain(made, book: Book, bold) -> None:
    sheet = made.add_worksheet(DEFINITIONS)
    wrapped = made.add_format({"text_wrap": True, "valign": "top"})
    for place, width in enumerate((32, 70, 16, 44, 18, 44)):
        sheet.set_column(place, place, width)
    row = 0
    for label, words in _about(book):
        sheet.write_string(row, 0, label, bold)
        sheet.write_string(row, 1, words, wrapped)
        row += 1
    if rows := definitions(book):
        row += 1
        for place, heading in enumerate(HEADINGS):
            sheet.write_string(row, place, heading, bold)
        for number, line in enumerate(rows, start=row + 1):
            for place, words in enumerate(line):
                sheet.write_string(number, place, words, wrapped)


def sheet_names(names: Iterable[str]) -> list[str]:
    """Names as Excel takes them: at most 31 signs, none of []:*?/\\, no two alike, none like the definitions'."""
    found: list[str] = []
    taken = {DEFINITIONS.casefold()}
    for name in names:
        plain = re.sub(r"[\[\]:*?/\\]", " ", name).strip("' ")[:31] or "Tabelle"
        number, free = 1, plain
        while free.casefold() in taken:
            number += 1
            free = f"{plain[:27]} {number}"
        taken.add(free.casefold())
        found.append(free)
    return found


# CSV


def _single_csv(file, book: Book, progress: _Progress) -> None:
    _write_csv(file, [heading for heading, _ in book.sheets[0].columns], _csv_rows(book.sheets[0], progress))


def _zipped(file, book: Book, progress: _Progress) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, page in zip(sheet_names([page.name for page in book.sheets]), book.sheets, strict=True):
            with packed.open(f"{slugify(name) or 'tabelle'}.csv", "w", force_zip64=True) as one:
                _write_csv(one, [heading for heading, _ in page.columns], _csv_rows(page, progress))
        with packed.open("definitionen.csv", "w") as one:
            _write_csv(one, HEADINGS, [[safe(words) for words in line] for line in definitions(book)])


def _write_csv(file, headings: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    """UTF-8 with a mark, semicolons: as German spreadsheets open it."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    line = csv.writer(text, delimiter=";")
    try:
        line.writerow([safe(heading) for heading in headings])
        line.writerows(rows)
    finally:
        text.detach()  # the file stays open for whoever reads it


def _csv_rows(page: Page, progress: _Progress) -> Iterator[list[str]]:
    kinds = [kind for _, kind in page.columns]
    for row in progress.over(page.rows):
        yield [_csv_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)]


def _csv_cell(cell: Any, kind: str) -> str:
    """Numbers without points between thousands, so that a spreadsheet reads them as numbers."""
    if isinstance(cell, dt.datetime):
        return f"{timezone.localtime(cell):%d.%m.%Y %H:%M}"
    if isinstance(cell, Decimal | Fraction) or (isinstance(cell, int) and kind in (SHARE, MONEY)):
        return _places(cell, kind).replace(".", ",") + (" %" if kind == SHARE else "")
    return safe(cell)


def _places(cell: int | Decimal | Fraction, kind: str) -> str:
    """Shares as per cent with one place, euros with two, else as many as there are, at most four; half goes up."""
    value = Decimal(cell.numerator) / cell.denominator if isinstance(cell, Fraction) else Decimal(cell)
    if kind == SHARE:
        return f"{(value * 100).quantize(Decimal('0.1'), ROUND_HALF_UP):f}"
    if kind == MONEY:
        return f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP):f}"
    rounded = value.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return f"{rounded.normalize():f}" if rounded else "0"


# PDF


def _paper(book: Book, progress: _Progress) -> bytes:
    """Wide tables lie across; what is wider still goes on below with its first column again."""
    from kim import printing

    if book.number > MOST_IN_PDF:
        raise StepRefused(
            f"Für ein PDF sind das zu viele Zeilen (mehr als {whole(MOST_IN_PDF)}). Bitte wählen Sie Excel oder CSV."
        )
    wide = any(len(page.columns) > UPRIGHT + 1 for page in book.sheets)
    tables = [part for page in book.sheets for part in _on_paper(page, ACROSS if wide else UPRIGHT, progress)]
    explained = [[f"{name} ({unit})", words, f"{source}; verlässlich {since}", kept]
                 for name, words, unit, source, since, kept in definitions(book)]  # fmt: skip
    data = {
        "title": book.title, "lang": "de", "county": County.current().name or "Kreis", "wide": wide,
        "facts": [list(one) for one in _about(book) if one[0] in ("Auswahl", "Erstellt")],
        "tables": tables, "definitions": explained, "footer": book.title,
    }  # fmt: skip
    return printing.document("figures", data)


def _on_paper(page: Page, most: int, progress: _Progress) -> Iterator[dict]:
    kinds = [kind for _, kind in page.columns]
    rows = [[paper_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in progress.over(page.rows)]
    places = list(range(1, len(kinds)))
    for begin in range(0, max(len(places), 1), most):
        shown = [0, *places[begin : begin + most]]
        shown_rows = [[row[place] for place in shown] for row in rows]
        yield {
            "name": page.name if begin == 0 else f"{page.name} (Fortsetzung)",
            "columns": [page.columns[place][0] for place in shown],
            "left": [kinds[place] == TEXT for place in shown],
            "widths": _widths([page.columns[place] for place in shown], shown_rows, ROOM[most]),
            "rows": shown_rows,
        }


def _widths(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Of columns on paper, in letters: no word and no number broken, and of what is left what each text would take."""
    least, wished = [], []
    for (heading, kind), cells in zip(columns, zip(*rows, strict=True) if rows else [()] * len(columns), strict=True):
        words = [word for cell in cells for word in cell.split(" ")] if kind == TEXT else cells
        bold = max((round(len(word) * BOLD) for word in heading.split()), default=0)
        least.append(GAP + max([bold, *map(len, words)]))
        wished.append(max(least[-1], GAP + min(WORDS, max(map(len, cells), default=0))))
    over, left = sum(wished) - sum(least), max(0, room - sum(least))
    share = min(1.0, left / over) if over else 0.0
    return [low + round((high - low) * share) for low, high in zip(least, wished, strict=True)]


def paper_cell(cell: Any, kind: str) -> str:
    """As it is read on paper and on the page: „1.234“, „0,75“, „25,0 %“, „55.000,00 €“, „16.03.2022“; „–“: none."""
    if cell is None:
        return "–"
    if isinstance(cell, dt.datetime):
        return f"{timezone.localtime(cell):%d.%m.%Y, %H:%M}"
    if isinstance(cell, dt.date):
        return f"{cell:%d.%m.%Y}"
    if not isinstance(cell, int | Decimal | Fraction):
        return str(cell)
    if kind == MONEY:
        return euros(_places(cell, MONEY))
    if kind == SHARE:
        return f"{decimal(_places(cell, SHARE), 1)}\N{NO-BREAK SPACE}%"
    if isinstance(cell, int):
        return whole(cell)
    text = _places(cell, EXACT)
    return decimal(text, max(2, len(text.partition(".")[2])))
