"""Reading spreadsheets somebody uploads: XLSX and CSV into lines of text. Nothing is run, nothing is kept.

A workbook is looked at before it is unpacked: a small file may claim to hold gigabytes. Formulas are data.
"""

import csv
import datetime as dt
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator

#: What one import takes.
MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 5_000
#: A workbook of MOST_ROWS lines stays far below this when unpacked.
MOST_UNPACKED = 60 * 1024 * 1024
MOST_PARTS = 500
MOST_COLUMNS = 100
#: No cell of ours is longer.
MOST_SIGNS = 8_000

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
#: What our own export puts before text that a spreadsheet would run.
GUARDED = ("'=", "'+", "'-", "'@")


DAMAGED = "Die Excel-Datei ist beschädigt. Bitte öffnen und speichern Sie sie neu."


class Unreadable(Exception):
    """The file cannot be taken as it is. The message is meant for the user."""


def read(data: bytes, *, most_bytes: int = MOST_BYTES) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The headings and the filled lines below them, each with the number it has in the sheet; raises Unreadable."""
    demand_size(len(data), most_bytes)
    if not data.strip():
        raise Unreadable("Die Datei ist leer.")
    if data.startswith(OLD_EXCEL):
        raise Unreadable("Das ist eine alte Excel-Datei (.xls). Bitte speichern Sie sie als .xlsx oder .csv.")
    lines = _workbook(data) if data.startswith(b"PK") else _csv(data)
    return _headed(lines)


def demand_size(size: int, most_bytes: int = MOST_BYTES) -> None:
    """`size` in bytes; raises Unreadable, so that nobody reads what is too large."""
    if size > most_bytes:
        raise Unreadable(f"Die Datei ist größer als {most_bytes // 1024 // 1024} MB. Bitte teilen Sie sie auf.")


def _headed(lines: Iterable[list[str]]):
    headings: list[str] = []
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip()[:MOST_SIGNS] for cell in line[:MOST_COLUMNS]]
        if not any(cells):
            if number > 10 * MOST_ROWS:
                break
            continue
        if not headings:
            headings = cells
            continue
        if len(found) == MOST_ROWS:
            raise Unreadable(
                f"Die Tabelle hat mehr als {MOST_ROWS:,} Zeilen. Bitte teilen Sie sie auf.".replace(",", ".")
            )
        found.append((number, cells))
    if not found:
        raise Unreadable("Unter den Überschriften steht keine Zeile.")
    return headings, found


def _csv(data: bytes) -> Iterator[list[str]]:
    if b"\0" in data or data.startswith(b"%PDF"):
        raise Unreadable("Das ist weder eine Excel-Datei (.xlsx) noch eine CSV-Datei.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    head = text.lstrip().split("\n", 1)[0]
    delimiter = max(";\t,", key=head.count)
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield [cell[1:] if cell.startswith(GUARDED) else cell for cell in line]
    except csv.Error:
        raise Unreadable(
            "Die CSV-Datei lässt sich nicht lesen: Anführungszeichen oder Zellen sind beschädigt."
        ) from None


def _workbook(data: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # here: few processes ever read a workbook, and all would carry the library

    _demand_harmless(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for line in sheet.iter_rows(values_only=True):
            yield [_text(cell) for cell in line[:MOST_COLUMNS]]
    except Unreadable:
        raise
    except Exception:  # whatever a broken workbook breaks in the library
        raise Unreadable(DAMAGED) from None


def _demand_harmless(data: bytes) -> None:
    """Sizes first, from the table of contents; unpacking stops at the size stated there. Then no part may bring
    definitions of its own, by which a few lines of XML grow into gigabytes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise Unreadable(
                    "Die Excel-Datei ist ausgepackt zu groß. Bitte speichern Sie nur das eine Tabellenblatt."
                )
            if not any(part.filename == "xl/workbook.xml" for part in parts):
                raise Unreadable("Das ist keine Excel-Datei (.xlsx).")
            for part in parts:
                if part.filename.lower().endswith(("vbaproject.bin", "vbadata.xml")):
                    raise Unreadable("Die Excel-Datei enthält Makros. Bitte speichern Sie sie als .xlsx ohne Makros.")
                if part.flag_bits & 1:
                    raise Unreadable("Die Excel-Datei ist mit einem Kennwort geschützt. Bitte entfernen Sie es.")
                if part.filename.endswith((".xml", ".rels")):
                    text = packed.read(part)
                    if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text[:400]:
                        raise Unreadable("Die Excel-Datei enthält etwas, das nicht in eine Tabelle gehört.")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        raise Unreadable(DAMAGED) from None


def _text(cell) -> str:
    """A cell as a person reads it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "ja" if cell else "nein"
    if isinstance(cell, dt.datetime | dt.date):
        return f"{cell:%d.%m.%Y}"
    if isinstance(cell, float):
        return f"{cell:.15g}".replace(".", ",")
    return str(cell)
