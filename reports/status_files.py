"""A status report as files: plain text, JSON, a whole HTML page, DOCX on the county's letter head, PDF/UA.

All are made from one `Paper`; none reads the database. Texts are put in as text: no template language reads them.
The letter head is a Word file on disk, never an uploaded one: the one that KIM_LETTERHEAD names, else
data/<key of the county>/status.docx, else templates/print/status.docx (drawn by script/status-template).
"""

import datetime as dt
import io
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from kim import workdays
from kim.printing import document
from kim.workflow import StepRefused
from reports.blocks import Block
from reports.moment import german

DRAFT = "Entwurf – noch nicht freigegeben; was hier steht, kann sich noch ändern."
NOTHING = "Hierzu ist nichts erfasst."
SHEET = "status.docx"
#: „1.“, „1)“: the number of a row.
_COUNTED = re.compile(r"\d+[.)]$")
#: Plain text: so wide is a line; wider tables are told row by row.
WIDTH = 100
#: PDF: columns with no more letters than this are never broken („16.03.2022“).
SHORT = 12
#: PDF: parts of the page that a column with words gets at least, where the widest gets 60.
NARROW = 26


class LetterheadBroken(StepRefused):
    """The letter head cannot be filled; the message says which file and what to do."""


@dataclass(frozen=True)
class Paper:
    """What is printed: `data` as reports.status.collect answers, the office's texts by key of their section.

    Without a `number` it is a draft and says so.
    """

    data: Mapping[str, Any]
    title: str
    committee: str
    number: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    released_on: dt.date | None = None

    @classmethod
    def of(cls, report) -> "Paper":
        """Of a reports.models.StatusReport; reads its texts."""
        released = report.released_at.astimezone(workdays.BERLIN).date() if report.released_at else None
        texts = {one.key: one.text for one in report.texts.all() if one.text}
        data = report.data | {"meeting_on": report.meeting_on.isoformat() if report.meeting_on else None}
        return cls(data, report.title, report.committee, report.number or "", texts, released)

    @property
    def county(self) -> str:
        return self.data["county"]

    @property
    def draft(self) -> str:
        return "" if self.number else DRAFT

    @property
    def meeting(self) -> str:
        """„Ausschuss für Soziales und Integration am 16.03.2022“."""
        day = _day(self.data["meeting_on"])
        return f"{self.committee} am {german(day)}" if self.committee and day else self.committee or german(day)

    @property
    def known(self) -> str:
        """The day; with the hour where knowledge does not reach to its end."""
        at = dt.datetime.fromisoformat(self.data["known_at"]).astimezone(workdays.BERLIN)
        return f"{at:%d.%m.%Y}" if (at.hour, at.minute) == (23, 59) else f"{at:%d.%m.%Y, %H:%M} Uhr"

    @property
    def facts(self) -> list[tuple[str, str]]:
        told = [
            ("Zur Sitzung", self.meeting),
            ("Stand der Daten", german(_day(self.data["valid_on"]))),
            ("Nach dem Wissen vom", self.known),
            ("Veränderungen", self.data["since_words"]),
            ("Nummer", self.number or "noch keine (Entwurf)"),
            ("Freigegeben am", german(self.released_on)),
        ]
        return [(label, words) for label, words in told if words]

    @property
    def running(self) -> str:
        """What stands on every page: number, date of the data, of the knowledge and of the meeting."""
        meeting = _day(self.data["meeting_on"])
        parts = [
            self.county, self.number or "Entwurf", f"Stand {german(_day(self.data['valid_on']))}",
            f"Wissen vom {self.known}", f"Sitzung am {german(meeting)}" if meeting else "",
        ]  # fmt: skip
        return " · ".join(part for part in parts if part)

    @property
    def sections(self) -> list[dict[str, Any]]:
        """Those of the data with the office's text; of blocks those in which something stands."""
        return [
            {
                "key": one["key"], "title": one["title"], "text": self.texts.get(one["key"], ""),
                "blocks": [block for block in one["blocks"] if _says_something(block)],
            }
            for one in self.data["sections"]
        ]  # fmt: skip


def _day(iso: str | None) -> dt.date | None:
    return dt.date.fromisoformat(iso) if iso else None


def _says_something(block: Block) -> bool:
    return bool(block.get("rows") or block.get("items") or block.get("text"))


# Plain text and JSON


def as_json(paper: Paper) -> str:
    about = {"title": paper.title, "committee": paper.committee, "number": paper.number or None}
    sections = [
        one | {"text": paper.texts[one["key"]]} if one["key"] in paper.texts else one for one in paper.data["sections"]
    ]
    return json.dumps({**about, **paper.data, "committee": paper.committee, "sections": sections},
                      ensure_ascii=False, indent=2)  # fmt: skip


def text(paper: Paper) -> str:
    lines = [paper.title, "=" * len(paper.title), paper.county, ""]
    lines += [f"{label}: {words}" for label, words in paper.facts]
    if paper.draft:
        lines += ["", paper.draft]
    for section in paper.sections:
        lines += ["", "", section["title"], "-" * len(section["title"])]
        if section["text"]:
            lines += ["", *_wrapped(section["text"])]
        for block in section["blocks"]:
            lines += ["", *_block_lines(block)]
        if not section["text"] and not section["blocks"]:
            lines += ["", NOTHING]
    return "\n".join(lines) + "\n"


def _block_lines(block: Block) -> Iterator[str]:
    if block["title"]:
        yield f"{block['title']}:"
    match block["kind"]:
        case "facts":
            for label, words in block["rows"]:
                yield from _wrapped(f"{label}: {words}", "  ")
        case "words":
            yield from _wrapped(block["text"])
        case "list":
            for place, item in enumerate(block["items"], 1):
                yield from _wrapped(item, f"{place}. " if block["numbered"] else "- ", "  ")
        case "table":
            yield from _table_lines(block["columns"], block["rows"], block["right"])
            if block["note"]:
                yield from _wrapped(block["note"])


def _table_lines(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> Iterator[str]:
    """Columns side by side where they fit; else each row by itself, every cell with the name of its column."""
    every = [columns, *rows]
    widths = [max(len(row[place]) for row in every) for place in range(len(columns))]
    if sum(widths) + 2 * len(widths) <= WIDTH:
        for row in every:
            cells = [
                cell.rjust(width) if place in right else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            yield f"  {'  '.join(cells)}".rstrip()
            if row is columns:
                yield f"  {'-' * (sum(widths) + 2 * (len(widths) - 1))}"
        return
    for row in rows:
        head, rest = (f"{row[0]} {row[1]}", 2) if _COUNTED.match(row[0]) else (row[0], 1)  # a number alone
        told = [f"{name}: {cell}" for name, cell in zip(columns[rest:], row[rest:], strict=True) if cell]
        yield from _wrapped("; ".join([head, *told]), "  ", "     ")


def _wrapped(words: str, first: str = "", later: str = "") -> list[str]:
    found = []
    for paragraph in words.split("\n"):
        found += textwrap.wrap(
            paragraph, WIDTH, initial_indent=first, subsequent_indent=later or " " * len(first),
            break_long_words=False, break_on_hyphens=False,
        ) or [""]  # fmt: skip
    return found


# HTML


def page(paper: Paper) -> str:
    """A whole page, with its own few styles: it is opened from a folder, beside nothing."""
    styles = Path(settings.BASE_DIR, "static", "status-report.css").read_text(encoding="utf-8")
    told = {"paper": paper, "styles": mark_safe(f"<style>{styles}</style>"), "nothing": NOTHING}  # noqa: S308 - our file
    return render_to_string("reports/report_page.html", told)


# DOCX


def letterhead(county_key: str) -> Path:
    """The file that is filled for this county."""
    if settings.KIM_LETTERHEAD:
        return Path(settings.KIM_LETTERHEAD)
    own = Path(settings.BASE_DIR, "data", county_key, SHEET)
    return own if county_key.isdigit() and own.exists() else Path(settings.BASE_DIR, "templates", "print", SHEET)


def docx(paper: Paper) -> bytes:
    """Raises LetterheadBroken where the letter head is no Word file, asks for what there is not, or lacks sections."""
    import docxtpl  # here: few processes ever write one, and all would carry the library
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    path = letterhead(paper.data.get("county_key", ""))
    try:
        sheet = docxtpl.DocxTemplate(path)
        if "sections" not in sheet.get_undeclared_template_variables():
            raise ValueError("Der Platzhalter „sections“ fehlt: Damit stünde kein Abschnitt des Berichts darin.")
        # What stands in our own sheet asks nothing but the names of _data; a county's may ask no more.
        environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
        sheet.render(_data(paper), jinja_env=environment, autoescape=True)
        about = sheet.docx.core_properties
        about.title, about.author, about.comments, about.language = paper.title, paper.county, "", "de-DE"
        file = io.BytesIO()
        sheet.save(file)
    except Exception as error:
        # Whatever a file somebody drew can do wrong: packages, XML, the template language, a missing file.
        raise LetterheadBroken(
            f"Der Briefkopf {path.name} lässt sich nicht füllen ({_reason(error)}). Bitte lassen Sie die Datei "
            f"berichtigen oder durch die mitgelieferte Vorlage ersetzen (docs/reports.md)."
        ) from error
    return file.getvalue()


def _reason(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words[:160]


def _data(paper: Paper) -> dict[str, Any]:
    """What a letter head may ask for; every name stands in docs/reports.md."""
    return {
        "title": paper.title,
        "county": paper.county,
        "committee": paper.committee,
        "number": paper.number,
        "draft": paper.draft,
        "facts": [list(row) for row in paper.facts],
        "running": paper.running,
        "sections": [
            one | {"blocks": [_drawn(block) for block in one["blocks"]], "nothing": _nothing(one)}
            for one in paper.sections
        ],
    }


def _nothing(section: Mapping[str, Any]) -> str:
    return "" if section["text"] or section["blocks"] else NOTHING


def _drawn(block: Block) -> dict[str, Any]:
    """A block with all names there are, so that a sheet may ask for any of them; `lines` instead of `items`, which
    the template language takes for a method.
    """
    empty: dict[str, Any] = {"rows": [], "columns": [], "right": [], "text": "", "note": "", "numbered": False}
    found = empty | dict(block)
    items = [f"{place}. {item}" for place, item in enumerate(block.get("items", []), 1)]
    found["lines"] = items if found["numbered"] else list(block.get("items", []))
    found.pop("items", None)
    return found


# PDF


def pdf(paper: Paper) -> bytes:
    """Tagged PDF/UA, set from templates/print/status.typ."""
    told = _data(paper)
    for section in told["sections"]:
        for block in section["blocks"]:
            block["widths"] = _widths(block)
    return document("status", told | {"lang": "de", "author": paper.county, "footer": paper.running})


def _widths(block: Mapping[str, Any]) -> list[int]:
    """Of the columns of a table, in parts of the page; 0 for one as wide as what stands in it (numbers, days).

    None gets so little that words break in it which would not have to („tagewei-se“).
    """
    found = []
    for place, name in enumerate(block["columns"]):
        longest = max(map(len, [name, *(row[place] for row in block["rows"])]))
        found.append(0 if place in block["right"] or longest <= SHORT else min(60, max(NARROW, longest)))
    return found if any(found) or not found else [1, *found[1:]]
