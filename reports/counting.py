"""Counts the chain for every day and area, so that pages need not: what figures mean stands in steering.figures.

Everything is read set by set and counted in memory, without a lock; then what changed is written in one short
transaction. Writers of issues never wait for it, readers keep the old rows until it ends, and whoever kills it on the
way loses nothing. The counts are those of `count` in steering.figures, for all days at once.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import TruncDate

from kim import workdays
from kim.models import Code, County, Municipality, TrailEntry
from reports.asked import COUNTY, EARLIEST, Area, Span, areas
from reports.chain import BUNDLES, FIRST_BUNDLES, MORE_BUNDLES
from reports.models import Counting, DayCount, KeptPart
from steering import figures
from steering.escalation import State
from steering.models import Comment, InterimReport, Issue, IssueStep, Pause, Reporter, TimeLimit

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

#: So many issues that bundle others are kept.
BUNDLES_KEPT = 500
#: An act whose row in the trail has a lower number than the last one may still have been under way when that was read.
SETTLED = dt.timedelta(minutes=10)
#: Runs are told of so long.
KEPT_FOR = dt.timedelta(days=30)
PORTION, BATCH = 20_000, 1000
#: Later than any day, as an ordinal; where something has not happened. Also the room of days in a key of both.
NEVER = 1 << 22
STATES = [str(state) for state in State]
STATIONS = [STATES.index(state) for state in figures.STATIONS]
MEASURED, MERGED = len(figures.MEASURED), STATES.index(State.MERGED)
NAMES = {name: number for number, name in enumerate(figures.BY_NAME.values(), 1)}
#: Goes into each digest: another one where the same counts are written in another way.
LAYOUT = b"1"


def refresh(now: dt.datetime | None = None, *, anew: bool = False) -> Counting:
    """Count up to `now` and keep what changed. Where nothing was written since the last run, it counts as of `now`.

    `anew` counts in any case. A run that was overtaken by a later one leaves its counts alone.
    """
    now = now or workdays.now()
    today = now.astimezone(workdays.BERLIN).date()
    wrote = TrailEntry.objects.order_by("-pk").values_list("pk", "at").first()
    trail_id, wrote_at = wrote or (0, now)
    last = Counting.objects.order_by("-pk").first()
    is_settled = not wrote or (last and last.finished_at >= wrote_at + SETTLED)
    if last and is_settled and not anew and (last.until, last.trail_id) == (today, trail_id):
        Counting.objects.filter(pk=last.pk).update(as_of=now)
        last.as_of = now
        return last
    found = _Counter(today).count()
    bundles = _bundles()
    return _keep(found, bundles, Counting(as_of=now, until=today, trail_id=trail_id))


@transaction.atomic
def _keep(found: "Found", bundles: list[dict], run: Counting) -> Counting:
    """Write rows that differ from what is there, and the run."""
    list(Counting.objects.select_for_update().order_by("-pk")[:1])  # one after the other
    last = Counting.objects.order_by("-pk").first()
    if last and last.as_of > run.as_of:
        return last
    there = {
        (area, day): digest for area, day, digest in DayCount.objects.values_list("area", "day", "digest").iterator()
    }
    changed = []
    for area, day, digest, numbers in found.rows():
        if there.pop((area, day), "") != digest:
            changed.append(DayCount(area=area, day=day, digest=digest, numbers=numbers()))
    DayCount.objects.bulk_create(
        changed, BATCH, update_conflicts=True, unique_fields=["area", "day"], update_fields=["numbers", "digest"]
    )
    for area, day in there:  # areas and days there are no more
        DayCount.objects.filter(area=area, day=day).delete()
    KeptPart.objects.filter(part__in=[BUNDLES, MORE_BUNDLES]).exclude(day=run.until).delete()
    for part, some in ((BUNDLES, bundles[:FIRST_BUNDLES]), (MORE_BUNDLES, bundles[FIRST_BUNDLES:])):
        KeptPart.objects.update_or_create(
            part=part, area=COUNTY, day=run.until, defaults={"data": some, "counted_at": run.as_of}
        )
    Counting.objects.filter(as_of__lt=run.as_of - KEPT_FOR).delete()
    run.rows_changed, run.finished_at = len(changed), workdays.now()
    run.save()
    return run


def _bundles() -> list[dict]:
    """Open issues into which others are merged, those that most people reported first: how many, and the places."""
    names = dict(Municipality.objects.values_list("pk", "name"))
    places: dict[int, set[int]] = defaultdict(set)
    people: dict[int, set[int]] = defaultdict(set)
    merged: Any = Issue.objects.filter(state=State.MERGED, lead__state__in=figures.OPEN).order_by()
    own: Any = Issue.objects.filter(pk__in=merged.values("lead")).order_by()
    around = ("municipality", "further_municipalities")
    for lead, *some in [*merged.values_list("lead", *around), *own.values_list("pk", *around)]:
        places[lead].update(place for place in some if place)
    bundled: Any = Reporter.objects.filter(issue__in=merged.values("pk")).values_list("issue__lead", "user")
    leading: Any = Reporter.objects.filter(issue__in=own.values("pk")).values_list("issue", "user")
    for lead, user in [*bundled, *leading]:
        people[lead].add(user)
    order = sorted(places, key=lambda lead: (-len(people[lead]), lead))[:BUNDLES_KEPT]
    return [
        {"issue": lead, "reports": len(people[lead]), "places": sorted(names[pk] for pk in places[lead])}
        for lead in order
    ]


@dataclass(frozen=True)
class Found:
    """What was counted: by area a matrix of days × numbers (see `_Counter.numbers`) and one of days × topics."""

    first: dt.date
    numbers: dict[str, "Array"]
    topics: dict[str, "Array"]
    codes: list[str]

    def rows(self) -> Iterator[tuple[str, dt.date, str, Callable[[], dict]]]:
        """Area, day, digest, and what makes the numbers: most rows are the same as before and need none."""
        import numpy as np

        salts = [json.dumps(self.codes[:number]).encode() for number in range(len(self.codes) + 1)]
        for area, numbers in self.numbers.items():
            topics = self.topics[area]
            # A topic that is added later and counts nothing changes nothing.
            used = np.where(topics.any(axis=1), topics.shape[1] - (topics[:, ::-1] != 0).argmax(axis=1), 0)
            for place, number in enumerate(used.tolist()):
                row, by_topic = numbers[place], topics[place, :number]
                digest = hashlib.blake2b(row.tobytes(), digest_size=16, key=LAYOUT)
                digest.update(salts[number])
                digest.update(by_topic.tobytes())
                day = self.first + dt.timedelta(days=place)
                yield area, day, digest.hexdigest(), partial(self._written, row, by_topic)

    def _written(self, row: "Array", topics: "Array") -> dict:
        """As reports.chain reads it."""
        numbers = iter(row.tolist())
        stations, overdue = list(islice(numbers, len(STATIONS))), list(islice(numbers, MEASURED))
        paused, silent = next(numbers), next(numbers)
        ages, sums = list(islice(numbers, len(figures.AGES))), list(islice(numbers, len(figures.EVENTS)))
        found = {
            "stations": stations,
            "overdue": overdue,
            "paused": paused,
            "silent": silent,
            "ages": ages,
            "topics": {code: number for code, number in zip(self.codes, topics.tolist(), strict=False) if number},
            "sums": dict(zip(figures.EVENTS, sums, strict=True)),
            "feedback_of": list(islice(numbers, 2)),
        }
        for span in Span:
            ranked = [_told(*islice(numbers, 3)) for _ in range(MEASURED + 1)]
            found[str(span)] = {"stays": ranked[:-1], "feedback": ranked[-1]}
        return found


def _told(number: int, median: int, p90: int) -> list[int | None]:
    return [number, median, p90] if number else [0, None, None]


class _Counter:
    """Everything about issues as arrays of whole numbers: days are ordinals, places and topics their rank here."""

    def __init__(self, today: dt.date):
        self.today = today
        self.areas = areas()
        self.rules = County.current().workday_rules
        self.places = list(Municipality.objects.order_by("pk").values_list("pk", "ags"))
        topics = Code.objects.filter(list=Code.List.TOPIC).order_by("pk").values_list("pk", "code")
        self.codes = list(dict.fromkeys(code for _, code in topics))
        self.topic_of = {pk: self.codes.index(code) for pk, code in topics}

    def count(self) -> Found:
        import numpy as np

        self._read_issues()
        if not len(self.pk):
            return Found(self.today, {}, {}, self.codes)
        self._read_steps()
        first = max(int(self.day.min()), EARLIEST.toordinal())
        self.first, self.days = first, max(self.today.toordinal() - first + 1, 0)
        if not self.days:
            return Found(self.today, {}, {}, self.codes)
        self._know_workdays()
        columns = [self._stations(), *self._deadlines(), self._silent(), self._ages(), self._events()]
        columns.append(self._feedback_of())
        stays = self._ended()
        numbers, topics, by_topic = {}, {}, self._topics()
        for area in self.areas.values():
            inside = self._inside(area)
            parts = [part[inside].sum(axis=0) for part in columns]
            parts += self._ranked(inside, stays)
            numbers[area.key] = np.ascontiguousarray(np.concatenate(parts).T, dtype=np.int32)
            topics[area.key] = np.ascontiguousarray(by_topic[inside].sum(axis=0).T, dtype=np.int32)
        return Found(dt.date.fromordinal(first), numbers, topics, self.codes)

    # Reading

    def _read_issues(self) -> None:
        """By id. What says no place or topic, has the rank after the last."""
        ranks = {pk: rank for rank, (pk, _) in enumerate(self.places)}
        rows = Issue.objects.order_by("pk").values_list(
            "pk", "municipality", "topic", _day_of("created_at"), _day_of("reported_at"), "due_on", "step_no"
        )
        self.pk, self.place, self.topic, self.created, self.reported, self.due_now, self.step_no = _arrays(
            rows,
            [
                int,
                lambda pk: ranks.get(pk, len(ranks)),
                lambda pk: self.topic_of.get(pk, len(self.codes)),
                _ordinal,
                _ordinal,
                _ordinal,
                int,
            ],
        )

    def _read_steps(self) -> None:
        """The stays of every issue one after the other, the draft first: by whom (`issue`, its rank), `no`, `state`,
        from `day` until `until`, `name` of the step that began it, and `due` (now, where it lasts).
        """
        import numpy as np

        rows = IssueStep.objects.order_by("issue_id", "no").values_list(
            "issue_id", "no", "name", "target", _day_of("at"), "due_on"
        )
        states = {state: number for number, state in enumerate(STATES)}
        pk, no, name, state, day, due = _arrays(
            rows, [int, int, lambda one: NAMES.get(one, 0), states.__getitem__, _ordinal, _ordinal]
        )
        rank = self._rank(pk)
        # Steps taken after their issue was read belong to the next run.
        known = (self.pk[rank] == pk) & (no <= self.step_no[rank])
        every, nothing = np.arange(len(self.pk)), np.zeros(len(self.pk), np.int64)
        issue = np.concatenate([every, rank[known]])
        no = np.concatenate([nothing, no[known]])
        order = np.lexsort((no, issue))
        self.issue, self.no = issue[order], no[order]
        self.name = np.concatenate([nothing, name[known]])[order]
        self.state = np.concatenate([nothing + STATES.index(State.DRAFT), state[known]])[order]
        self.due = np.concatenate([nothing + NEVER, due[known]])[order]
        day = np.concatenate([self.created, day[known]])[order]
        # A step never counts before the one it follows.
        self.day = np.maximum.accumulate(self.issue * NEVER + day) - self.issue * NEVER
        lasts = np.append(self.issue[1:] != self.issue[:-1], True)
        self.until = np.where(lasts, NEVER, np.append(self.day[1:], NEVER))
        self.due = np.where(lasts, self.due_now[self.issue], self.due)

    def _rank(self, pk: "Array") -> "Array":
        import numpy as np

        return np.minimum(np.searchsorted(self.pk, pk), len(self.pk) - 1)

    def _know_workdays(self) -> None:
        """`workdays`: the working days from the first day anything happened to today, as ordinals."""
        import numpy as np

        begin = int(min(self.day.min(), self.reported.min()))
        days = (dt.date.fromordinal(day) for day in range(begin, self.today.toordinal() + 1))
        self.workdays = np.array([day.toordinal() for day in days if workdays.is_workday(day, self.rules)], np.int64)

    # Stock: intervals of days

    def _stock(self, inner: "Array | int", size: int, begin: "Array", until: "Array", some: "Array") -> "Array":
        """How many of the stays `some` hold at the end of each day, from `begin` until before `until`, as place ×
        `inner` × day. All are arrays over the stays.
        """
        import numpy as np

        inner = np.broadcast_to(inner, begin.shape)
        group = self.place[self.issue][some] * size + inner[some]
        return self._laid_out(group, size, begin[some], until[some])

    def _laid_out(self, group: "Array", size: int, begin: "Array", until: "Array") -> "Array":
        import numpy as np

        begin = np.clip(begin - self.first, 0, self.days)
        until = np.clip(until - self.first, 0, self.days)
        some = begin < until
        group, room = group[some] * (self.days + 1), (len(self.places) + 1) * size * (self.days + 1)
        change = np.bincount(group + begin[some], minlength=room) - np.bincount(group + until[some], minlength=room)
        return change.reshape(len(self.places) + 1, size, self.days + 1).cumsum(axis=2)[:, :, : self.days]

    def _is(self, states: Iterable[str]) -> "Array":
        import numpy as np

        return np.isin(self.state, [STATES.index(state) for state in states])

    def _station(self) -> "Array":
        """The rank of the station of each stay."""
        import numpy as np

        ranks = np.zeros(len(STATES), np.int64)
        ranks[STATIONS] = np.arange(len(STATIONS))
        return ranks[self.state]

    def _stations(self) -> "Array":
        return self._stock(self._station(), len(STATIONS), self.day, self.until, self._is(figures.STATIONS))

    def _topics(self) -> "Array":
        some = self._is(figures.OPEN) & (self.topic[self.issue] < len(self.codes))
        return self._stock(self.topic[self.issue], max(len(self.codes), 1), self.day, self.until, some)

    def _deadlines(self) -> tuple["Array", "Array"]:
        """Overdue by station, and paused. Few stays were paused or reported on: those are cut into pieces one by one,
        all others are one piece.
        """
        import numpy as np

        pieces = self._pieces()
        whole = self._is(figures.OPEN)
        if pieces:
            stay, begin, until, due_in_it, is_paused = (np.array(column) for column in zip(*pieces, strict=True))
            whole[stay] = False
        else:
            stay = begin = until = due_in_it = np.empty(0, np.int64)
            is_paused = np.empty(0, bool)
        begin, until = np.concatenate([self.day[whole], begin]), np.concatenate([self.until[whole], until])
        station = np.concatenate([self._station()[whole], self._station()[stay]])
        place = self.place[self.issue[np.concatenate([np.flatnonzero(whole), stay])]]
        is_paused = np.concatenate([np.zeros(int(whole.sum()), bool), is_paused])
        runs, late = ~is_paused, np.maximum(begin, np.concatenate([self.due[whole], due_in_it]) + 1)
        overdue = self._laid_out((place * MEASURED + station)[runs], MEASURED, late[runs], until[runs])
        return overdue, self._laid_out(place[is_paused], 1, begin[is_paused], until[is_paused])

    def _pieces(self) -> list[tuple[int, int, int, int, bool]]:
        """(stay, begin, until, due, paused) of open stays with pauses or interim reports: in each piece one day due."""
        import numpy as np

        limits, is_open = list(TimeLimit.objects.all()), self._is(figures.OPEN)
        pauses: dict[int, list[tuple[dt.date, dt.date]]] = defaultdict(list)
        reports: dict[int, list[dt.date]] = defaultdict(list)
        key = self.issue * NEVER + self.no
        for pk, no, begin, end in Pause.objects.order_by("pk").values_list("issue", "stay", "first_day", "last_day"):
            rank = int(self._rank(np.array([pk]))[0])
            stay = int(np.searchsorted(key, rank * NEVER + no))
            if self.pk[rank] == pk and stay < len(key) and key[stay] == rank * NEVER + no and begin <= end:
                pauses[stay].append((begin, end))
        ranks: dict[int, list[dt.date]] = defaultdict(list)
        for pk, day in InterimReport.objects.values_list("issue", _day_of("at")):
            rank = int(self._rank(np.array([pk]))[0])
            if self.pk[rank] == pk:
                ranks[rank].append(day)
        project = STATES.index(State.PROJECT)
        for rank, days in ranks.items():
            begin, end = np.searchsorted(self.issue, [rank, rank + 1])
            for stay in range(int(begin), int(end)):
                if self.state[stay] == project:
                    reports[stay] += [one for one in days if self.day[stay] <= one.toordinal() < self.until[stay]]
        found: list[tuple[int, int, int, int, bool]] = []
        for number in sorted({*pauses, *(stay for stay, days in reports.items() if days)}):
            if is_open[number]:
                found += self._cut(number, pauses[number], reports[number], limits)
        return found

    def _cut(self, number, pauses, reports, limits) -> Iterator[tuple[int, int, int, int, bool]]:
        first, until = dt.date.fromordinal(self.day[number]), int(self.until[number])
        stay = figures.Stay(
            int(self.no[number]), STATES[self.state[number]], first, _date(until), _date(self.due[number])
        )
        dues = figures.dues(stay, pauses, reports, limits, self.rules)
        cuts = {stay.first.toordinal(), until, *(begin.toordinal() for begin, _ in dues)}
        for begin, end in pauses:
            cuts |= {begin.toordinal(), end.toordinal() + 1}
        for begin, end in pairwise(sorted(cut for cut in cuts if stay.first.toordinal() <= cut <= until)):
            due = [due for since, due in dues if since.toordinal() <= begin][-1]
            is_paused = any(one.toordinal() <= begin <= other.toordinal() for one, other in pauses)
            yield number, begin, end, _ordinal(due), is_paused

    def _silent(self) -> "Array":
        """Every step is a word to those who reported, and every public one; silent from SILENT days after until the
        next of either.
        """
        import numpy as np

        pk, said = _arrays(
            Comment.objects.filter(public=True).order_by("issue_id").values_list("issue_id", _day_of("at")).distinct(),
            [int, _ordinal],
        )
        rank = self._rank(pk)
        known = self.pk[rank] == pk
        issue, day = np.concatenate([self.issue, rank[known]]), np.concatenate([self.day, said[known]])
        stay = np.concatenate([np.arange(len(self.day)), np.full(int(known.sum()), -1)])
        order = np.lexsort((stay < 0, day, issue))  # a word after the steps of its day; steps keep their order
        issue, day, stay = issue[order], day[order], stay[order]
        # A word belongs to the stay it falls into: that of the step before it. A word before all is in the draft.
        stay = np.maximum.accumulate(stay)
        stay = np.where((stay >= 0) & (self.issue[stay] == issue), stay, np.searchsorted(self.issue, issue))
        following = np.append(np.where(issue[1:] == issue[:-1], day[1:], NEVER), NEVER)
        some = self._is(figures.UNANSWERED)[stay]
        return self._laid_out(self.place[issue][some], 1, (day + figures.SILENT + 1)[some], following[some])

    def _ages(self) -> "Array":
        """Open ones by age: those of at least so many working days, less those of the next step."""
        import numpy as np

        some, reported = self._is(figures.OPEN), self.reported[self.issue]
        passed = np.searchsorted(self.workdays, reported, side="right")
        ahead = np.append(self.workdays, np.full(max(figures.AGES.values()) + 1, NEVER))
        at_least = []
        for least in figures.AGES.values():
            # The day on which that many working days have passed since the report.
            reached = ahead[np.minimum(passed + least - 1, len(ahead) - 1)] if least else self.day
            at_least.append(self._stock(0, 1, np.maximum(self.day, reached), self.until, some))
        older = [*at_least[1:], np.zeros_like(at_least[0])]
        return np.concatenate([one - other for one, other in zip(at_least, older, strict=True)], axis=1)

    def _feedback_of(self) -> "Array":
        """Of those reported and not bundled: how many were fed back at least once, and how many there are."""
        import numpy as np

        some = self._is(state for state in figures.STATIONS if state != State.MERGED)
        reported = np.maximum(self.day, self.reported[self.issue])
        had = np.maximum(reported, self._first_feedback()[self.issue])
        return np.concatenate([self._stock(0, 1, begin, self.until, some) for begin in (had, reported)], axis=1)

    def _first_feedback(self) -> "Array":
        """The day of the first one by issue; NEVER where there was none."""
        import numpy as np

        steps = np.flatnonzero(self.name == NAMES["feed_back"])
        issue, place = np.unique(self.issue[steps], return_index=True)
        first = np.full(len(self.pk), NEVER, np.int64)
        first[issue] = self.day[steps[place]]
        return first

    # Events: days

    def _events(self) -> "Array":
        """How often up to the end of each day, as place × event × day."""
        import numpy as np

        taken = self.no > 0
        found: list[Array] = []
        for event in figures.EVENTS:
            if event == "reported":
                place, day = self.place, self.reported
            else:
                if event in figures.BY_NAME:
                    some = self.name == NAMES[figures.BY_NAME[event]]
                else:
                    some = taken & (self.state == STATES.index(figures.BY_TARGET[event]))
                place, day = self.place[self.issue[some]], self.day[some]
            found.append(self._laid_out(place, 1, day, np.full(len(day), NEVER)))
        return np.concatenate(found, axis=1)

    def _ended(self) -> list[tuple["Array", "Array", "Array"]]:
        """By measured station, and last for the way to the first feedback: place, day of the end (from the first
        counted day on) and how many days it took, of all that ended up to today.
        """
        import numpy as np

        today, found = self.today.toordinal(), []
        since = np.searchsorted(self.workdays, self.day, side="right")
        till = np.searchsorted(self.workdays, self.until, side="right")
        over = self.until <= today
        for state in figures.MEASURED:
            some = over & self._is([state])
            end = np.maximum(self.until[some] - self.first, 0)
            found.append((self.place[self.issue[some]], end, (till - since)[some]))
        first = self._first_feedback()
        some = (first <= today) & (self.reported < NEVER)
        took = np.maximum(first - self.reported, 0)[some]
        found.append((self.place[some], np.maximum(first[some] - self.first, 0), took))
        return found

    def _ranked(self, inside: "Array", stays) -> list["Array"]:
        """For each span of the calendar up to each day, and each station: how many ended, their nearest-rank median
        and 90th percentile.
        """
        import numpy as np

        days = [dt.date.fromordinal(self.first + number) for number in range(self.days)]
        #: For each day the row before its period in the sums over days, which begin with an empty one.
        eves = [np.array([max(span.first(day).toordinal() - self.first, 0) for day in days]) for span in Span]
        found: list[list[Array]] = [[] for _ in Span]
        for place, end, took in stays:
            some = inside[place]
            values, which = np.unique(took[some], return_inverse=True)
            if not len(values):
                nothing = np.zeros((3, self.days), np.int64)
                for one in found:
                    one.append(nothing)
                continue
            up_to = np.zeros((self.days + 1, len(values)), np.int32)
            counted = np.bincount(end[some] * len(values) + which, minlength=self.days * len(values))
            up_to[1:] = counted.reshape(self.days, len(values)).cumsum(axis=0).cumsum(axis=1)
            for one, eve in zip(found, eves, strict=True):
                in_it = up_to[1:] - up_to[eve]  # how many took at most each value
                number = in_it[:, -1]
                ranks = [-(-number * tenths // 10) for tenths in (5, 9)]
                places = [np.minimum((in_it < rank[:, None]).sum(axis=1), len(values) - 1) for rank in ranks]
                one.append(np.stack([number, *(np.where(number > 0, values[place], 0) for place in places)]))
        return [part for one in found for part in one]

    def _inside(self, area: Area) -> "Array":
        """Which ranks of places belong to it; what has no place counts for the whole county."""
        import numpy as np

        return np.array([*(ags in area.ags for _, ags in self.places), area.key == COUNTY])


def _day_of(field: str) -> TruncDate:
    return TruncDate(field, tzinfo=workdays.BERLIN)


def _ordinal(day: dt.date | None) -> int:
    return NEVER if day is None else day.toordinal()


def _date(ordinal: int) -> dt.date | None:
    return None if ordinal >= NEVER else dt.date.fromordinal(int(ordinal))


def _arrays(rows, readers: Sequence[Callable[[Any], int]]) -> list["Array"]:
    """The columns of a queryset of tuples as arrays, a portion at a time."""
    import numpy as np

    found: list[list[Array]] = [[] for _ in readers]
    every = rows.iterator(chunk_size=PORTION)
    while portion := list(islice(every, PORTION)):
        for parts, read, column in zip(found, readers, zip(*portion, strict=True), strict=True):
            parts.append(np.fromiter(map(read, column), np.int64, len(portion)))
    return [np.concatenate(parts) if parts else np.empty(0, np.int64) for parts in found]
