"""Lists as CSV and XLSX: exactly what the list shows, every page of it, in constant memory."""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import slugify

from kim import trail, workdays
from kim.paging import order_of
from steering.access import sees_reporters
from steering.whereabouts import countdown, holder_name

#: More rows than this nobody reads in a spreadsheet; the last row then says so.
MOST = 20_000
#: A cell that begins like this would be run as a formula by a spreadsheet; the wide ones by one that speaks Japanese.
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Column = tuple[str, int, Callable]


@dataclass(frozen=True)
class Sheet:
    """A list as a file: `rows` in the order of the list, with all that `columns` (name, width, cell) show.

    `act` is what the trail calls the export. `narrowed_by` are labels of filters, never what was looked for.
    """

    title: str
    act: str
    columns: Sequence[Column]
    rows: QuerySet | list
    narrowed_by: Sequence[str] = ()

    @property
    def number(self) -> int:
        """How many rows, counted one further than MOST."""
        return len(self.rows) if isinstance(self.rows, list) else self.rows.order_by()[: MOST + 1].count()

    @property
    def file_name(self) -> str:
        return f"{slugify(self.title)}-{workdays.today():%Y-%m-%d}"

    def lines(self) -> Iterator[list]:
        """The cells of at most MOST rows, read in portions; where there are more, a last row says so."""
        first = self.rows[: MOST + 1]
        for number, row in enumerate(first if isinstance(first, list) else first.iterator(chunk_size=100)):
            if number == MOST:
                most = f"{MOST:,}".replace(",", ".")
                yield [f"Es sind mehr als {most} Zeilen. Bitte grenzen Sie die Liste ein."]
                return
            yield [cell(row) for _, _, cell in self.columns]

    def csv(self) -> Iterator[str]:
        return csv_of(self.columns, self.lines())

    def xlsx(self):
        return workbook(self.title, self.columns, self.lines())

    def record(self, kind: str, *, by) -> None:
        """Who took which list out of the house, how much, narrowed by what: never the words searched for."""
        where = "" if self.title == ISSUES else f"{self.title}, "
        how = f", eingegrenzt nach {', '.join(self.narrowed_by)}" if self.narrowed_by else ""
        note = f"{kind.upper()}, {where}{min(self.number, MOST)} Zeilen{how}"
        trail.record(self.act, by, by=by, note=note[:200])


# Issues

ISSUES = "Knackpunkte"
COLUMNS: Sequence[Column] = (
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
REPORTERS: Column = ("gemeldet von", 40, lambda issue: ", ".join(str(one.user) for one in issue.reporters.all()))


def issue_sheet(title: str, issues: QuerySet, found, *, to) -> Sheet:
    """What the filter `found` leaves of `issues`, for the eyes of `to`: who reported is for the coordination alone."""
    (rows,) = found.narrowed([issues])
    rows = rows.order_by(*order_of(found.order, None)).for_list().prefetch_related("legal_areas")
    if not sees_reporters(to):
        return Sheet(title, "issue.export", COLUMNS, rows, found.narrowed_by)
    return Sheet(
        title, "issue.export", (*COLUMNS, REPORTERS), rows.prefetch_related("reporters__user"), found.narrowed_by
    )


# Bodies and meetings

BODIES: Sequence[Column] = (
    ("Name", 40, str),
    ("Art", 26, lambda body: body.get_kind_display()),
    ("Kommunen", 40, lambda body: ", ".join(str(place) for place in body.municipalities.all())),
    ("Mitglieder", 11, lambda body: body.member_number),
    ("Knackpunkte in Arbeit", 20, lambda body: body.open_number),
    ("nächste Sitzung", 15, lambda body: timezone.localtime(body.next_at).date() if body.next_at else None),
    ("besteht ab", 11, lambda body: body.valid_from),
    ("besteht bis", 11, lambda body: body.last_day),
)
MEETINGS: Sequence[Column] = (
    ("Gremium", 40, lambda meeting: str(meeting.body)),
    ("Titel", 40, lambda meeting: meeting.title),
    ("Tag", 11, lambda meeting: meeting.day),
    ("Beginn", 8, lambda meeting: f"{timezone.localtime(meeting.starts_at):%H:%M}" if meeting.has_hour else ""),
    ("Form", 22, lambda meeting: meeting.get_mode_display()),
    ("Ort", 40, lambda meeting: meeting.place),
    ("abgesagt am", 11, lambda one: timezone.localtime(one.cancelled_at).date() if one.cancelled_at else None),
    ("zur Entscheidung", 16, lambda meeting: meeting.to_decide),
    ("Lösungsvorschläge", 17, lambda meeting: meeting.proposals),
    ("zur Kenntnis", 12, lambda meeting: meeting.to_know),
)
MINUTES: Sequence[Column] = (
    ("Gremium", 40, lambda meeting: str(meeting.body)),
    ("Titel", 40, lambda meeting: meeting.title),
    ("Tag der Sitzung", 15, lambda meeting: meeting.day),
    ("Stand", 36, lambda meeting: meeting.minutes.standing),
    ("Fassung", 9, lambda meeting: meeting.minutes.version),
    ("genehmigt am", 13, lambda meeting: meeting.minutes.approved_on),
)

# Resolutions

RESOLUTIONS: Sequence[Column] = (
    ("Nummer", 14, str),
    ("beschlossen am", 14, lambda resolution: resolution.decided_on),
    ("Gremium oder Kommune", 36, lambda resolution: str(resolution.body or resolution.municipality)),
    ("Organ", 30, lambda resolution: resolution.organ),
    ("Ergebnis", 24, lambda resolution: resolution.get_verdict_display()),
    ("zu", 14, lambda resolution: resolution.issue_number or resolution.returned_number or ""),
    ("Beschluss", 80, lambda resolution: resolution.text),
    ("im Konsens", 11, lambda resolution: "ja" if resolution.consensus else ""),
    ("Ja", 6, lambda resolution: resolution.yes),
    ("Nein", 6, lambda resolution: resolution.no),
    ("Enthaltungen", 12, lambda resolution: resolution.abstained),
    ("verantwortlich", 36, lambda resolution: resolution.owner),
    ("umzusetzen bis", 14, lambda resolution: resolution.due_on),
    ("Stand", 28, lambda resolution: resolution.standing),
    ("Nachweis oder Grund", 60, lambda resolution: resolution.evidence or resolution.dropped_because),
    ("Beleg", 40, lambda resolution: resolution.source),
)

# Contacts

CONTACTS: Sequence[Column] = (
    ("Kommune", 26, lambda line: str(line.place)),
    ("Rheinseite", 16, lambda line: line.place.get_bank_display()),
    ("Geschäftsstelle", 44, lambda line: ", ".join(str(person) for person in line.contacts)),
    ("E-Mail", 44, lambda line: ", ".join(person.email for person in line.contacts if person.email)),
    ("Case Management vor Ort", 60, lambda line: ", ".join(str(one) for one in line.case_managers)),
)


# Files


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
