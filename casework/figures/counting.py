"""Raw counts of one quarter or year as definitions.py says, for publication. Only reports.publishing reads them, which
protects them before anybody sees one; they are never stored.

Set-based: rows come aggregated by person, so that how many people stand behind a number is known for every area.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Count, F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from casework.figures import definitions as d
from casework.figures.definitions import By
from casework.figures.groups import GERMAN, LANGUAGE, NOT_SAID, RANKS, REACHED, STATUS, group_of, reached_by
from casework.lifecycle import ADMITTED_ONCE, WORKING, State
from casework.models import (
    Assessment,
    Case,
    CaseStep,
    Client,
    Consultation,
    Goal,
    LegalArea,
    ResidenceStatus,
    StatisticalRecord,
)
from casework.models.consultations import INTERPRETER_MISSING
from casework.retention import GOALS, age_group
from kim import workdays
from kim.dated import valid_on
from kim.models import Bank, Code, Municipality

COUNTY = ""
#: Begins the key of what is known for a bank (or the county) but for no place: of erased cases in small municipalities.
NO_PLACE = "?"
#: Ends that an admitted case can have.
ENDED = (State.CLOSED, State.BROKEN_OFF, State.HANDED_OVER)
#: Where a case is open; resting belongs to it.
GOING = (*WORKING, State.RESTING)
ADMITTED_PHASES = tuple(str(state) for state in ADMITTED_ONCE)
#: Begins the name of what is never published, but left when one published figure is taken from another.
REST = "-"
#: Well enough for a goal to count as reached.
WELL = (Goal.Achievement.MOSTLY, Goal.Achievement.FULLY)


class Key(NamedTuple):
    """One cell. `area`: "" for the county, a bank, the key of a municipality, or NO_PLACE and a bank."""

    figure: str
    by: str
    area: str
    value: str


@dataclass
class Counted:
    """`number` in units of the figure; `people` behind it: different clients, and those noted in anonymous rows."""

    number: int = 0
    clients: set[int] = field(default_factory=set)
    others: int = 0

    @property
    def people(self) -> int:
        return len(self.clients) + self.others


@dataclass(frozen=True)
class Geography:
    """Areas and what they consist of."""

    bank_of: dict[str, str]  # key of a municipality → bank ("" where it is on neither)

    @classmethod
    def read(cls) -> "Geography":
        return cls(dict(Municipality.objects.order_by("name").values_list("ags", "bank")))

    @property
    def banks(self) -> list[str]:
        return [str(bank) for bank in Bank if str(bank) in self.bank_of.values()]

    def around(self, place: str) -> tuple[str, ...]:
        """The place and every area it lies in."""
        bank = place.removeprefix(NO_PLACE) if place.startswith(NO_PLACE) else self.bank_of[place]
        return (place, bank, COUNTY) if bank else (place, COUNTY)

    def parts(self, area: str) -> tuple[str, ...]:
        """What adds up to the county or a bank: banks and places on neither, or places; with what knows no place."""
        inside = tuple(place for place, bank in self.bank_of.items() if bank == area)
        return (*self.banks, *inside, NO_PLACE) if area == COUNTY else (*inside, f"{NO_PLACE}{area}")

    @property
    def wide(self) -> list[str]:
        """Areas of a table down to municipalities, in its order."""
        return [COUNTY, *self.banks, *self.bank_of]

    @property
    def narrow(self) -> list[str]:
        return [COUNTY, *self.banks]


class Tally:
    """Cells as they are counted; every number goes to its place, its bank, and the county."""

    def __init__(self, geography: Geography) -> None:
        self.geography = geography
        self.cells: dict[Key, Counted] = {}

    def add(self, shape: tuple[str, str], place: str, value: str, number: int, *, client: int = 0, others: int = 0):
        """`client`: who is behind it; `others`: so many people nobody knows."""
        for area in self.geography.around(place):
            cell = self.cells.setdefault(Key(*shape, area, value), Counted())
            cell.number += number
            cell.others += others
            if client:
                cell.clients.add(client)

    def people(self, shape: tuple[str, str], place: str, value: str, clients: Iterable[int]) -> None:
        """More people behind a number that is counted already."""
        for area in self.geography.around(place):
            self.cells.setdefault(Key(*shape, area, value), Counted()).clients.update(clients)

    def __getitem__(self, key: Key) -> Counted:
        return self.cells.get(key) or Counted()


def first_day() -> dt.date | None:
    """Of the first consultation."""
    return Consultation.objects.order_by("held_on", "pk").values_list("held_on", flat=True).first()


def values_of(by: By) -> list[tuple[str, str]]:
    """(value, label) of a breakdown in its order; what is not said comes last. At most one query."""
    match by:
        case By.AREA:
            return [("", "insgesamt")]
        case By.AGE:
            ages = StatisticalRecord.Age
            return [(one.value, one.label) for one in ages if one != ages.UNKNOWN] + [(NOT_SAID, "nicht bekannt")]
        case By.GENDER:
            return [(one.value, one.label) for one in Client.Gender]
        case By.STATUS | By.GERMAN | By.LANGUAGE:
            groups = {By.STATUS: STATUS, By.GERMAN: GERMAN, By.LANGUAGE: LANGUAGE}[by]
            return [(value, label) for value, (label, _) in groups.items()]
        case By.PHASE:
            return [(state.value, state.label) for state in GOING]
        case By.ACHIEVEMENT:
            return [(str(value), label) for value, label in reversed(Goal.Achievement.choices[:-1])] + [
                (str(Goal.Achievement.DROPPED.value), Goal.Achievement.DROPPED.label)
            ]
        case By.REACHED:
            return list(REACHED.items())
        case By.GAP:
            return [("seamless", "nahtlos"), ("gap", "mit Lücke")]
        case _:
            return _codes(LISTS[by]) + ([(NOT_SAID, "ohne Angabe")] if by != By.TOPIC else [])


LISTS = {
    By.TOPIC: Code.List.LIFE_DOMAIN,
    By.TARGET_GROUP: Code.List.TARGET_GROUP,
    By.LEGAL_AREA: Code.List.LEGAL_AREA,
    By.INTERPRETER: Code.List.INTERPRETER,
    By.REASON: Code.List.CLOSING_REASON,
}


def _codes(which: Code.List) -> list[tuple[str, str]]:
    """Each key once, as it is called now; those of the past as well."""
    rows = Code.objects.filter(list=which).order_by("position", "label", "valid_from").values_list("code", "label")
    return list(dict(rows).items())


def count(first: dt.date, until: dt.date, geography: Geography, *, yearly: bool) -> Tally:
    """Everything of the days from `first` to before `until`; what is told for years only where `yearly`.

    The same number of queries for any number of rows.
    """
    tally = Tally(geography)
    span = _Span(first, until)
    last = _consultations(tally, span)
    _people(tally, span, last)
    _cases(tally, span)
    _ended(tally, span, yearly=yearly)
    _gone(tally, span, yearly=yearly)
    if yearly:
        _improvements(tally, span, last)
    return tally


@dataclass(frozen=True)
class _Span:
    first: dt.date
    until: dt.date

    @property
    def last_day(self) -> dt.date:
        return self.until - dt.timedelta(days=1)

    @property
    def moments(self) -> tuple[dt.datetime, dt.datetime]:
        """Its days begin and end in Berlin."""
        return tuple(dt.datetime.combine(day, dt.time(0), workdays.BERLIN) for day in (self.first, self.until))  # type: ignore[return-value]

    def held(self) -> Any:
        return Consultation.objects.filter(held_on__gte=self.first, held_on__lt=self.until).order_by()

    def ended_cases(self) -> Any:
        begin, end = self.moments
        return Case.objects.filter(state__in=ENDED, ended_at__gte=begin, ended_at__lt=end).order_by()


class Last(NamedTuple):
    """The last consultation of a client in the period."""

    day: dt.date
    pk: int
    place: str
    language: str


SUMS = {"number": Count("pk"), "acts": Sum("actions"), "quarters": Sum("quarter_hours"), "heads": Sum("persons")}


def _consultations(tally: Tally, span: _Span) -> dict[int, Last]:
    """Consultations, actions and hours; answers with the last consultation of everybody."""
    held = span.held()
    grouped = held.values("municipality__ags", "case__client", "interpreter__code").annotate(**SUMS)
    for row in grouped.values_list("municipality__ags", "case__client", "interpreter__code", *SUMS).iterator():
        place, client, interpreter, number, acts, quarters, heads = row
        who = {"client": client} if client else {"others": heads}
        _add_talks(tally, place, number, acts, quarters, who)
        tally.add((d.INTERPRETING, By.INTERPRETER), place, interpreter or NOT_SAID, number, **who)
        if interpreter == INTERPRETER_MISSING:
            tally.add((d.MISSING, By.AREA), place, "", number, **who)
        if not client:
            tally.add((d.ANONYMOUS, By.AREA), place, "", number, **who)
    by_topic = held.filter(topics__isnull=False).values("municipality__ags", "case__client", "topics__code")
    names = ("municipality__ags", "case__client", "topics__code", "number", "acts", "heads")
    sums = {name: SUMS[name] for name in ("number", "acts", "heads")}
    for place, client, topic, number, acts, heads in by_topic.annotate(**sums).values_list(*names).iterator():
        who = {"client": client} if client else {"others": heads}
        tally.add((d.CONSULTATIONS, By.TOPIC), place, topic, number, **who)
        tally.add((d.ACTIONS, By.TOPIC), place, topic, acts, **who)
    last: dict[int, Last] = {}
    rows = held.filter(case__isnull=False).order_by("held_on", "pk")
    for client, *rest in rows.values_list(
        "case__client", "held_on", "pk", "municipality__ags", "language__code"
    ).iterator():
        last[client] = Last(*rest)
    for client, topic in held.filter(case__isnull=False, topics__isnull=False).values_list(
        "case__client", "topics__code"
    ).distinct().iterator():  # fmt: skip
        tally.add((d.PERSONS, By.TOPIC), last[client].place, topic, 1, client=client)
    return last


def _add_talks(tally: Tally, place: str, number: int, acts: int, quarters: int, who: dict) -> None:
    tally.add((d.CONSULTATIONS, By.AREA), place, "", number, **who)
    tally.add((d.ACTIONS, By.AREA), place, "", acts, **who)
    tally.add((d.HOURS, By.AREA), place, "", quarters, **who)


def _advised(span: _Span) -> Any:
    return span.held().filter(case__isnull=False).values("case__client")


def _people(tally: Tally, span: _Span, last: dict[int, Last]) -> None:
    """Persons by what they are, and their households."""
    statuses = ResidenceStatus.objects.filter(valid_on(span.last_day), client=OuterRef("pk")).order_by("-valid_from")
    rows = Client.objects.filter(pk__in=_advised(span)).order_by()
    households: dict[int, tuple[Last, int, set[int]]] = {}
    for client, home, adults, children, gender, group, german, born, status in rows.values_list(
        "pk", "household", "household__adults", "household__children", "gender", "target_group__code",
        "german_level__code", "identity__birth_date", Subquery(statuses.values("status__code")[:1]),
    ).iterator():  # fmt: skip
        here = last[client]
        told = {
            By.AREA: "",
            By.AGE: str(age_group(born, span.last_day)),
            By.GENDER: gender,
            By.STATUS: group_of(STATUS, status),
            By.TARGET_GROUP: group or NOT_SAID,
            By.LANGUAGE: group_of(LANGUAGE, here.language),
            By.GERMAN: group_of(GERMAN, german),
        }
        for by, value in told.items():
            tally.add((d.PERSONS, by), here.place, value, 1, client=client)
        if home is None:
            tally.add((d.HOUSEHOLDS, By.AREA), here.place, "", 1, client=client)
            continue
        latest, _, members = households.get(home, (here, 0, set()))
        households[home] = (max(latest, here), max(1, adults + children), members | {client})
    for latest, size, members in households.values():
        tally.add((d.HOUSEHOLDS, By.AREA), latest.place, "", size)
        tally.people((d.HOUSEHOLDS, By.AREA), latest.place, "", members)
    _legal_areas(tally, span, last)


def _legal_areas(tally: Tally, span: _Span, last: dict[int, Last]) -> None:
    held = LegalArea.objects.filter(valid_on(span.last_day), client__in=_advised(span)).order_by()
    provided = set()
    for client, area in held.values_list("client", "area__code").distinct().iterator():
        provided.add(client)
        tally.add((d.PERSONS, By.LEGAL_AREA), last[client].place, area, 1, client=client)
    for client in last.keys() - provided:
        tally.add((d.PERSONS, By.LEGAL_AREA), last[client].place, NOT_SAID, 1, client=client)


def _cases(tally: Tally, span: _Span) -> None:
    """Admitted in the period, and open at its end: where its last step before that led."""
    admitted = Case.objects.filter(admitted_on__gte=span.first, admitted_on__lt=span.until).order_by()
    for place, client in admitted.values_list("municipality__ags", "client").iterator():
        tally.add((d.NEW, By.AREA), place, "", 1, client=client)
    _, end = span.moments
    steps = CaseStep.objects.filter(case=OuterRef("pk"))
    then = Coalesce(
        Subquery(steps.filter(at__lt=end).order_by("-no").values("target")[:1]),
        Subquery(steps.filter(at__gte=end).order_by("no").values("source")[:1]),
        "state",  # who came with an import took no steps
    )
    going = Case.objects.filter(admitted_on__lt=span.until).order_by().annotate(then=then).filter(then__in=GOING)
    for place, client, state in going.values_list("municipality__ags", "client", "then").iterator():
        tally.add((d.OPEN, By.AREA), place, "", 1, client=client)
        tally.add((d.OPEN, By.PHASE), place, state, 1, client=client)


def _ended(tally: Tally, span: _Span, *, yearly: bool) -> None:
    ended = span.ended_cases()
    for place, client, reason in ended.values_list("municipality__ags", "client", "closing_reason__code").iterator():
        tally.add((d.CLOSED, By.AREA), place, "", 1, client=client)
        tally.add((d.CLOSED, By.REASON), place, reason or NOT_SAID, 1, client=client)
    if not yearly:
        return
    about = ("case__municipality__ags", "case__client", "life_domain__code")
    goals = Goal.objects.filter(case__in=ended.values("pk"), achievement__isnull=False).order_by()
    for place, client, topic, achieved, number in _numbers(goals, *about, "achievement"):
        shapes = [(d.GOALS, By.AREA, ""), (d.GOALS, By.ACHIEVEMENT, str(achieved)), (d.GOALS, By.TOPIC, topic)]
        reached = d.GOALS_REACHED if achieved in WELL else REST + d.GOALS_REACHED
        shapes += [(reached, By.AREA, ""), (reached, By.TOPIC, topic)]
        for figure, by, value in shapes:
            tally.add((figure, by), place, value, number, client=client)
    valued = Assessment.objects.filter(case__in=ended.values("pk"), start__isnull=False, end__isnull=False).order_by()
    better = valued.filter(end__gt=F("start"))
    rest = valued.filter(end__lte=F("start"))
    for rows, figure in ((valued, d.VALUED), (better, d.IMPROVED), (rest, REST + d.IMPROVED)):
        for place, client, topic, number in _numbers(rows, *about):
            tally.add((figure, By.AREA), place, "", number, client=client)
            tally.add((figure, By.TOPIC), place, topic, number, client=client)


def _numbers(rows: Any, *names: str) -> Iterator[tuple]:
    return rows.values(*names).annotate(number=Count("pk")).values_list(*names, "number").iterator()


def _gone(tally: Tally, span: _Span, *, yearly: bool) -> None:
    """What statistical records still tell of erased rows; how many people is known of consultations, not of cases:
    each record is a person of its own.
    """
    kept = StatisticalRecord.objects.filter(month__gte=span.first, month__lt=span.until).order_by()
    kinds = StatisticalRecord.Kind
    sums = ("consultations", "persons", "actions", "quarter_hours")
    for ags, bank, *told in kept.filter(kind=kinds.ALONE).values_list("municipality__ags", "bank", *sums):
        place, (number, heads, acts, quarters) = ags or f"{NO_PLACE}{bank}", told
        who = {"others": heads}
        _add_talks(tally, place, number, acts, quarters, who)
        tally.add((d.ANONYMOUS, By.AREA), place, "", number, **who)
        tally.add((d.INTERPRETING, By.INTERPRETER), place, NOT_SAID, number, **who)
    cases = kept.filter(kind=kinds.CASE, reached__in=ADMITTED_PHASES)
    names = ("municipality__ags", "bank", "closing_reason__code", *GOALS.values())
    for ags, bank, reason, *goals in cases.values_list(*names).iterator():
        place = ags or f"{NO_PLACE}{bank}"
        tally.add((d.CLOSED, By.AREA), place, "", 1, others=1)
        tally.add((d.CLOSED, By.REASON), place, reason or NOT_SAID, 1, others=1)
        if yearly:
            _add_goals(tally, place, Counter(dict(zip(GOALS, goals, strict=True))))


def _add_goals(tally: Tally, place: str, goals: Counter[int]) -> None:
    well = sum(goals[one] for one in WELL)
    for figure, by, value, number in (
        (d.GOALS, By.AREA, "", goals.total()),
        (d.GOALS_REACHED, By.AREA, "", well),
        (REST + d.GOALS_REACHED, By.AREA, "", goals.total() - well),
        *((d.GOALS, By.ACHIEVEMENT, str(one), number) for one, number in goals.items()),
    ):
        if number:
            tally.add((figure, by), place, value, number, others=1)


def _improvements(tally: Tally, span: _Span, last: dict[int, Last]) -> None:
    """Safer residence statuses and changes of legal areas of those advised in the period."""
    statuses = ResidenceStatus.objects.filter(client__in=_advised(span), valid_from__lt=span.until).order_by()
    ranks: dict[int, list[tuple[dt.date, int]]] = defaultdict(list)
    for client, begins, code in statuses.order_by("valid_from").values_list("client", "valid_from", "status__code"):
        if code in RANKS:
            ranks[client].append((begins, RANKS[code]))
    for client, known in ranks.items():
        before = [rank for begins, rank in known if begins < span.first]
        start, end = (before or [known[0][1]])[-1], known[-1][1]
        if end > start:
            for by, value in ((By.AREA, ""), (By.REACHED, reached_by(end))):
                tally.add((d.STATUS_IMPROVED, by), last[client].place, value, 1, client=client)
    areas = LegalArea.objects.filter(client__in=_advised(span), valid_from__lt=span.until).order_by("valid_from", "pk")
    provided: dict[int, list[tuple[dt.date, dt.date, str]]] = defaultdict(list)
    for client, begins, ends, code in areas.values_list("client", "valid_from", "valid_until", "area__code"):
        provided[client].append((begins, ends or dt.date.max, code))
    for client, periods in provided.items():
        for begins, _, code in periods:
            earlier = [one for one in periods if one[0] < begins]
            if begins < span.first or not any(one[2] != code for one in earlier):
                continue
            gap = "seamless" if any(ends >= begins for _, ends, _ in earlier) else "gap"
            for by, value in ((By.AREA, ""), (By.GAP, gap)):
                tally.add((d.AREA_CHANGES, by), last[client].place, value, 1, client=client)
