"""The numeric part of a proof of use as files: a workbook with real numbers and days, and a tagged PDF (PDF/UA).

Both state the number and the check sum of the calculation they rest on. Set from templates/print/proof.typ.
"""

import tempfile
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils import timezone

from funding.proofs import Content
from funding.repayment import NAMES, Line, cents, euros, number
from kim.dated import inclusive
from kim.models import County
from kim.workdays import ONE_DAY

PARTS = {
    "granted": "Bewilligt", "posts": "Nach besetzten Stellen", "costs": "Nach Ausgaben", "things": "Sachausgaben",
}  # fmt: skip


def title(content: Content) -> str:
    return f"Verwendungsnachweis {content.notice.number}, zahlenmäßiger Nachweis"


def facts(content: Content) -> list[tuple[str, Any]]:
    """Label and value of what the first page states, in order; values as they are (days, euros, text)."""
    notice, done = content.notice, content.calculation
    found: list[tuple[str, Any]] = [
        ("Bescheid", notice.number),
        ("Aktenzeichen", notice.reference),
        ("Programm", str(notice.programme)),
        ("Zuwendungsempfänger", str(notice.recipient)),
        ("Förderzeitraum", notice.period.span),
        ("Bewilligt am", notice.granted_on),
        ("Abgerechnet bis", done.until - ONE_DAY),
        ("Bewilligt (€)", done.granted),
        ("Anspruch nach Stellenmonaten (€)", done.by_posts),
        ("Anspruch nach Ausgaben (€)", done.by_costs),
        ("Anspruch (€)", done.entitlement),
        ("Rückzahlung (€)", done.repayment),
        ("Gezählt", str(done.get_counting_display())),
        ("Grundlage", str(done.get_bases_display())),
        ("Abrechnung", done.number),
        ("Freigegeben am", timezone.localdate(done.released_at) if done.released_at else None),
        ("Nach dem Wissen vom", timezone.localdate(done.known_at)),
        ("Prüfsumme", done.digest),
    ]
    return [(label, value) for label, value in found if value not in (None, "")]


# Workbook

Cell = Any


def xlsx(content: Content):
    """An open temporary file with the workbook; it vanishes when closed."""
    import xlsxwriter  # here: few workers ever write a workbook, and all would carry the library

    file = tempfile.TemporaryFile()  # noqa: SIM115, the answer closes it
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, plain)
    book.set_properties({"title": title(content)})
    formats = {
        "bold": book.add_format({"bold": True}),
        "day": book.add_format({"num_format": "dd.mm.yyyy", "align": "left"}),
        "exact": book.add_format({"num_format": "#,##0.00##"}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    overview = [[label, value] for label, value in facts(content)]
    _write(book, formats, "Übersicht", (("Angabe", 34), ("Wert", 70)), overview)
    _write(
        book, formats, "Stellen und Besetzungen",
        (("Stelle", 16), ("Art", 22), ("von", 11), ("bis", 11), ("VZÄ", 8), ("Monate", 10), ("Betrag (€)", 14),
         ("Hinweis", 70)),
        [_filled(line) for line in content.filled],
    )  # fmt: skip
    _write(
        book, formats, "Ausgaben", (("Kostenart", 40), ("förderfähig?", 18), ("Anzahl", 8), ("Summe (€)", 14)),
        [[one.kind, one.eligibility, one.number, one.amount] for one in content.spending],
    )  # fmt: skip
    _write(
        book, formats, "Rechenweg",
        (("Teil", 24), ("Posten", 30), ("wofür", 26), ("von", 11), ("bis", 11), ("Betrag (€)", 14), ("Rechnung", 80),
         ("Grund", 60)),
        [_step(line) for line in content.result.lines],
    )  # fmt: skip
    book.close()
    file.seek(0)
    return file


def _filled(line: Line) -> list[Cell]:
    return [
        line.what or "Kürzung", NAMES[line.item], line.first, line.until - ONE_DAY, _rounded(line.fte),
        _rounded(line.months), cents(line.amount), line.reason,
    ]  # fmt: skip


def _step(line: Line) -> list[Cell]:
    return [
        PARTS[line.part], NAMES[line.item], line.what, line.first, line.until - ONE_DAY, cents(line.amount),
        line.words, line.reason,
    ]  # fmt: skip


def _rounded(value: Fraction | None) -> Decimal | None:
    """FTE and months in four places, as they are shown; the euros beside them come from the exact ones."""
    return None if value is None else cents(value * 100) / 100


def _write(book, formats, name: str, columns: Sequence[tuple[str, int]], rows: list[list[Cell]]) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for place, (label, width) in enumerate(columns):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, label, formats["bold"])
    for row, cells in enumerate(rows, start=1):
        for place, cell in enumerate(cells):
            if hasattr(cell, "strftime"):
                sheet.write_datetime(row, place, cell, formats["day"])
            elif isinstance(cell, Decimal | int):
                sheet.write_number(row, place, cell, formats["exact"] if isinstance(cell, Decimal) else None)
            elif cell:
                sheet.write_string(row, place, str(cell)[:32_767], formats["text"])


# Paper


def pdf(content: Content) -> bytes:
    from kim.printing import document

    done, county = content.calculation, str(County.current())
    return document("proof", {
        "lang": "de",
        "author": county,
        "county": county,
        "title": title(content),
        "footer": f"{county} · {title(content)} · Abrechnung {done.number} · Prüfsumme {done.digest[:16]}",
        "facts": [[label.removesuffix(" (€)"), _in_words(value)] for label, value in facts(content)],
        "filled": [_filled_words(line) for line in content.filled],
        "spending": [
            [one.kind, one.eligibility, str(one.number), euros(one.amount)] for one in content.spending
        ],
        "steps": [
            [PARTS[line.part], f"{NAMES[line.item]}{f': {line.what}' if line.what else ''}",
             inclusive(line.first, line.until), "; ".join(part for part in (line.words, line.reason) if part),
             euros(line.amount)]
            for line in content.result.lines
        ],
    })  # fmt: skip


def _filled_words(line: Line) -> list[str]:
    fte = "" if line.fte is None else number(line.fte)
    months = "" if line.months is None else number(line.months, 4)
    return [line.what or "Kürzung", inclusive(line.first, line.until), fte, months, euros(line.amount), line.reason]


def _in_words(value: Any) -> str:
    if hasattr(value, "strftime"):
        return f"{value:%d.%m.%Y}"
    return euros(value) if isinstance(value, Decimal) else str(value)
