"""The dashboard's numbers about issues as a file: the tables behind everything it shows, and their definitions."""

from fractions import Fraction

from kim.figures import Part
from kim.rules import demand
from kim.workflow import StepRefused
from reports import access, chain, lage
from reports.asked import Asked, asked
from reports.exporting import DAY, NUMBER, SHARE, TEXT, Book, Page, maker

FIGURES = (
    "chain.open", "chain.overdue", "chain.paused", "chain.silent", "chain.stations", "chain.station_days", "chain.age",
    "chain.topics", "chain.reported", "chain.answered", "chain.fed_back", "chain.closed", "chain.reopened",
    "chain.feedback_share", "chain.feedback_days",
)  # fmt: skip


@maker("lage", "Lage", part=Part.CHAIN)
def book(user, given) -> Book:
    demand(access.reads_part, user, Part.CHAIN)
    last = chain.latest()
    if last is None:
        raise StepRefused(chain.NOTHING_COUNTED)
    here = asked(given, last.until)
    here.once("counting", lambda: last)
    note = f"Stand {here.day:%d.%m.%Y}, {here.area.name}, Zeitraum {here.words}; gezählt bis {last.until:%d.%m.%Y}"
    sheets = [_first(here), _stations(here), _ages(here), _months(here), _places(here)]
    return Book("Lage", sheets, FIGURES, note)


def _first(here: Asked) -> Page:
    """What the dashboard leads with, now and before; shares and days in their own columns, or types would mix."""
    now, before = lage.now_of(here), lage.before_of(here)
    names = (
        ("offene Knackpunkte", "open"), ("davon überfällig", "overdue"), ("Uhr angehalten", "paused"),
        ("ohne Wort seit über 30 Tagen", "silent"), ("im Zeitraum gemeldet", "reported"),
        ("im Zeitraum beantwortet", "answered"), ("im Zeitraum rückgemeldet", "fed_back"),
        ("im Zeitraum abgeschlossen", "closed"), ("im Zeitraum gebündelt", "merged"),
        ("im Zeitraum wieder aufgenommen", "reopened"),
    )  # fmt: skip
    rows: list[list] = [[words, getattr(now, name), getattr(before, name) if before else None] for words, name in names]
    for at, words in enumerate(("erste Rückmeldungen im Zeitraum", "Kalendertage bis dahin, Median", "90. Perzentil")):
        rows.append([words, now.feedback[at], before.feedback[at] if before else None])
    for at, words in enumerate(("je rückgemeldet", "von allen Gemeldeten")):
        rows.append([words, now.feedback_of[at], before.feedback_of[at] if before else None])
    heads = (f"am {here.day:%d.%m.%Y}", f"davor, am {here.day_before:%d.%m.%Y}")
    return Page("Kennzahlen", [("Zahl", TEXT), *((head, NUMBER) for head in heads)], rows)


def _stations(here: Asked) -> Page:
    columns = [
        ("Station", TEXT), ("Anzahl", NUMBER), ("überfällig", NUMBER), ("im Zeitraum verlassen", NUMBER),
        ("Median, Arbeitstage", NUMBER), ("90. Perzentil, Arbeitstage", NUMBER),
    ]  # fmt: skip
    stations = lage.now_of(here).stations
    return Page(
        "Stationen", columns, [[one.label, one.count, one.overdue, one.ended, one.median, one.p90] for one in stations]
    )


def _ages(here: Asked) -> Page:
    now = lage.now_of(here)
    rows = [[label, number, Fraction(number, now.open) if now.open else None] for label, number in now.ages]
    return Page("Alter", [("Arbeitstage seit der Meldung", TEXT), ("offen", NUMBER), ("Anteil", SHARE)], rows)


def _months(here: Asked) -> Page:
    columns = [
        ("Monat ab", DAY), ("gemeldet", NUMBER), ("rückgemeldet", NUMBER), ("abgeschlossen", NUMBER),
        ("offen am Ende", NUMBER), ("überfällig am Ende", NUMBER),
    ]  # fmt: skip
    return Page(
        "Monate",
        columns,
        [
            [one.first, one.reported, one.fed_back, one.closed, one.open_at_end, one.overdue_at_end]
            for one in lage.months_of(here, 2 * lage.FLOW)
        ],
    )


def _places(here: Asked) -> Page:
    """Municipalities with all topics; the last row sums them up."""
    now = lage.now_of(here)
    topics = [(code, label) for code, label, _ in now.topics]
    columns = [("Kommune", TEXT), ("offen", NUMBER), ("überfällig", NUMBER), ("gemeldet", NUMBER)]
    rows = [
        [one.area.name, one.open, one.overdue, one.reported, *(one.topics.get(code, 0) for code, _ in topics)]
        for one in lage.places_of(here)
    ]
    rows.append([here.area.name, now.open, now.overdue, now.reported, *(number for _, _, number in now.topics)])
    return Page("Kommunen und Themen", [*columns, *((f"offen: {label}", NUMBER) for _, label in topics)], rows)
