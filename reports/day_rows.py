"""The days of the chain as data for the county's own evaluations: a row per day and area, as they were counted."""

from collections.abc import Iterator

from kim.figures import Part
from reports import chain
from reports.asked import areas
from reports.exporting import DAY, NUMBER, TEXT, Book, Page, maker
from reports.models import DayCount
from steering.figures import EVENTS, STATIONS

#: Events are sums from the beginning up to the day: two of them subtracted are the events between.
_SUMS = {
    "reported": "gemeldet bis dahin", "answered": "Ergebnisse bis dahin", "fed_back": "rückgemeldet bis dahin",
    "closed": "abgeschlossen bis dahin", "merged": "gebündelt bis dahin", "reopened": "wieder aufgenommen bis dahin",
}  # fmt: skip
_FIGURES = ["chain.stations", "chain.overdue", "chain.paused", "chain.silent", *(f"chain.{name}" for name in EVENTS)]
_COLUMNS = [
    ("Tag", DAY), ("Gebiet", TEXT), ("Schlüssel", TEXT), *((label, NUMBER) for label in STATIONS.values()),
    ("überfällig", NUMBER), ("Uhr angehalten", NUMBER), ("ohne Wort über 30 Tage", NUMBER),
    *((_SUMS[name], NUMBER) for name in EVENTS),
]  # fmt: skip
_ABOUT = "Eine Zeile je Tag und Gebiet: Knackpunkte je Station, überfällige, Summen der Schritte."


@maker("chain_days", "Knackpunkte je Tag und Gebiet", quick=False, part=Part.CHAIN, about=_ABOUT)
def book(user, asked) -> Book:
    """Many rows: they are read in portions while they are written."""
    last = chain.latest()
    note = f"gezählt bis zum {last.until:%d.%m.%Y}" if last else "noch nicht gezählt"
    page = Page("Tage", _COLUMNS, _rows(), total=DayCount.objects.count())
    return Book("Knackpunkte je Tag und Gebiet", [page], _FIGURES, note)


def _rows() -> Iterator[list]:
    names = {key: area.name for key, area in areas().items()}
    rows = DayCount.objects.order_by("day", "area").values_list("day", "area", "numbers")
    for day, area, numbers in rows.iterator(chunk_size=500):
        sums = [numbers["sums"][name] for name in EVENTS]
        yield [day, names.get(area, area), area, *numbers["stations"], sum(numbers["overdue"]), numbers["paused"],
               numbers["silent"], *sums]  # fmt: skip
