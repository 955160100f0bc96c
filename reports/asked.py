"""What was asked for: the date of the data („Stand“), the period up to it, and the part of the county."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kim import workdays
from kim.dated import months_after
from kim.models import Bank, Municipality

#: Nothing was counted before KIM began (start of the first programme).
EARLIEST = dt.date(2020, 1, 1)
COUNTY = ""


class Span(StrEnum):
    """Periods that end with the date of the data and begin with a month, a quarter or a year."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def words(self) -> str:
        return {Span.MONTH: "Monat", Span.QUARTER: "Quartal", Span.YEAR: "Jahr"}[self]

    @property
    def months(self) -> int:
        return {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}[self]

    def first(self, day: dt.date) -> dt.date:
        """The first day of the month, quarter or year that `day` lies in."""
        return day.replace(day=1, month=day.month - (day.month - 1) % self.months)

    def before(self, day: dt.date) -> dt.date:
        """The day as far into the month, quarter or year before; its last day where it is shorter."""
        return months_after(day, -self.months)


@dataclass(frozen=True)
class Area:
    """The county (key ""), a bank of the Rhine ("left", "right") or a municipality (its official key)."""

    key: str
    name: str
    ags: frozenset[str]
    place: Municipality | None = field(default=None, compare=False)

    @property
    def is_place(self) -> bool:
        return len(self.key) == 8


def areas() -> dict[str, Area]:
    """By key: the county, the banks that have places, the municipalities by name. One query."""
    places = list(Municipality.objects.order_by("name"))
    found = [Area(COUNTY, "alle Kommunen", frozenset(one.ags for one in places))]
    for bank in Bank:
        if on_it := frozenset(one.ags for one in places if one.bank == bank):
            found.append(Area(str(bank), bank.label, on_it))
    found += [Area(one.ags, one.name, frozenset({one.ags}), one) for one in places]
    return {one.key: one for one in found}


@dataclass(frozen=True)
class Asked:
    """Figures at the end of `day`, over `span` up to it, for `area`.

    `complaints` are sentences about what was asked for wrongly; in its place stands what usually holds.
    """

    day: dt.date
    span: Span
    area: Area
    areas: Mapping[str, Area]
    complaints: tuple[str, ...] = ()
    _read: dict = field(init=False, default_factory=dict, compare=False, repr=False)

    def once(self, key: str, read: Callable):
        """What `read()` finds for this question: all sections of a page share it, and it is read once."""
        if key not in self._read:
            self._read[key] = read()
        return self._read[key]

    @property
    def first(self) -> dt.date:
        return self.span.first(self.day)

    @property
    def day_before(self) -> dt.date:
        """The end of the period this one is compared with."""
        return self.span.before(self.day)

    @property
    def words(self) -> str:
        """„01.01. bis 16.03.2022“."""
        return f"{self.first:%d.%m.} bis {self.day:%d.%m.%Y}"

    @property
    def query(self) -> str:
        """For links that keep what was asked for."""
        return f"on={self.day:%Y-%m-%d}&span={self.span}&area={self.area.key}"


def asked(given: Mapping[str, str], latest: dt.date | None = None) -> Asked:
    """Read from the query: `on` (2022-03-16 or 16.03.2022), `span`, `area`. One query of the database.

    `latest` is the last day that was counted; today where it is not given.
    """
    complaints = []
    known = areas()
    latest = latest or workdays.today()
    day = latest
    if words := given.get("on", "").strip():
        found = day_of(words)
        if found is None:
            complaints.append("Den Stand bitte als Tag angeben, zum Beispiel 16.03.2022.")
        elif not EARLIEST <= found <= latest:
            complaints.append(f"Zahlen gibt es vom {EARLIEST:%d.%m.%Y} bis zum {latest:%d.%m.%Y}.")
        else:
            day = found
    span = Span.YEAR
    if words := given.get("span", ""):
        if words in list(Span):
            span = Span(words)
        else:
            complaints.append("Als Zeitraum gibt es Monat, Quartal und Jahr.")
    area = known[COUNTY]
    if words := given.get("area", ""):
        if words in known:
            area = known[words]
        else:
            complaints.append("Diese Kommune gibt es hier nicht. Gezeigt werden alle.")
    return Asked(day, span, area, known, tuple(complaints))


def day_of(words: str) -> dt.date | None:
    """From „16.03.2022“ or „2022-03-16“; None for anything else."""
    for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return dt.datetime.strptime(words, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
