"""Staffing figures: how many FTE are granted, planned, filled and free on a day, who holds too much, who covers what.

Everything is worked out from plain rows (`Rows`), which `read` fetches in a fixed number of queries. The rules of
counting: intervals are half-open; on a day a post is filled by the shares of those who hold it and are not away on a
leave that does not count, at most by its own FTE; a person counts at most one FTE over all posts together (what
somebody holds above that is cut from all their posts alike, so that no order of entry matters). A place without a share
of its own gets what its person has left, divided equally among all such places. Exact fractions; nothing is rounded.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache

from django.db.models import Max, Min, OuterRef, Q, Subquery

from funding.models import Grant, Leave, Module, Occupancy, PostTerm, StaffingTarget
from funding.models.programmes import STAFF
from kim import workdays
from kim.dated import known_on, valid_on
from kim.facts import FOREVER
from kim.models import Assignment, Municipality, Role
from kim.rehearsal import Measure
from kim.workdays import ONE_DAY

ONE, NOTHING = Fraction(1), Fraction(0)
#: A preview tells no more changes than these of what is still to come.
CHANGES = 12


# Plain rows


@dataclass(frozen=True, slots=True)
class Post:
    pk: int
    number: str
    title: str
    module: str
    item: str = "post"
    #: The first day of its first term, and the last day before the rows that were read on which somebody still held
    #: it (exclusive); None where nobody did.
    began: dt.date | None = None
    left: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Term:
    post: int
    first: dt.date
    until: dt.date
    fte: Fraction
    recipient: int = 0
    employer: str = ""
    kw: bool = False
    kw_on: dt.date | None = None
    function: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    post: int
    user: int
    first: dt.date
    until: dt.date
    share: Fraction
    substitute_for: int | None = None


@dataclass(frozen=True, slots=True)
class Away:
    user: int
    first: dt.date
    until: dt.date
    counts: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    module: str
    first: dt.date
    until: dt.date
    fte: Fraction
    recipient: int = 0
    item: str = "post"


# What is worked out


@dataclass(frozen=True, slots=True)
class Holder:
    user: int
    name: str
    share: Fraction
    #: What of the share counts: none while away, less where the person holds more than one FTE.
    counted: Fraction
    first: dt.date
    until: dt.date
    away: Away | None = None
    substitutes: str = ""

    @property
    def is_interrupted(self) -> bool:
        return self.away is not None and not self.away.counts


@dataclass(frozen=True, slots=True)
class Filling:
    """One post on one day."""

    FILLED, PART, VACANT, INTERRUPTED = "filled", "part", "vacant", "interrupted"

    post: Post
    term: Term
    holders: tuple[Holder, ...]

    @property
    def held(self) -> Fraction:
        """Shares of those who are there, before anything is cut at the size of the post."""
        return sum((one.counted for one in self.holders), NOTHING)

    @property
    def filled(self) -> Fraction:
        return min(self.term.fte, self.held)

    @property
    def vacant(self) -> Fraction:
        return self.term.fte - self.filled

    @property
    def beyond(self) -> Fraction:
        """What those who are there hold above the size of the post."""
        present = sum((one.share for one in self.holders if not one.is_interrupted), NOTHING)
        return max(NOTHING, present - self.term.fte)

    @property
    def state(self) -> str:
        if self.filled == self.term.fte:
            return self.FILLED
        if self.filled:
            return self.PART
        return self.INTERRUPTED if self.holders else self.VACANT

    @property
    def is_kw(self) -> bool:
        return self.term.kw


@dataclass(frozen=True, slots=True)
class Segment:
    """Days on which nothing about a post changes."""

    first: dt.date
    until: dt.date
    filling: Filling


@dataclass(frozen=True, slots=True)
class Overcommitted:
    """Somebody holds more than one FTE on a day; `counted` is what of it counts."""

    user: int
    name: str
    total: Fraction
    posts: tuple[Post, ...]
    counted: Fraction = ONE


@dataclass(frozen=True)
class ModuleStaffing:
    """FTE of one module on a day. `granted` is None where no grant is on record."""

    module: str
    granted: Fraction | None
    by_recipient: Mapping[int, Fraction]
    planned: Fraction
    filled: Fraction
    #: Granted but not filled, counted for each recipient and kind of post alone: nobody fills another's grant.
    unused: Fraction
    posts: int
    vacant_posts: int
    #: People whose share counts, and those who hold a post but are away.
    heads: int
    interrupted: int

    @property
    def vacant(self) -> Fraction:
        return self.planned - self.filled

    @property
    def name(self) -> str:
        return Module(self.module).short


@dataclass(frozen=True)
class Staffing:
    day: dt.date
    modules: Mapping[str, ModuleStaffing]
    fillings: Sequence[Filling]
    overcommitted: Sequence[Overcommitted]

    @property
    def overlaps(self) -> list[Filling]:
        """Posts held by more than they are."""
        return [one for one in self.fillings if one.beyond]

    @property
    def vacancies(self) -> list[Filling]:
        return [one for one in self.fillings if one.vacant]


@dataclass(frozen=True)
class TimeToFill:
    """Days from a post's first day, or from the end of the last occupancy, to the next one; `mean` None without any."""

    days: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        return len(self.days)

    @property
    def mean(self) -> Fraction | None:
        return Fraction(sum(self.days), len(self.days)) if self.days else None


@dataclass(frozen=True)
class Rows:
    """What was believed about posts, for the days that were read."""

    posts: Mapping[int, Post] = field(default_factory=dict)
    terms: Sequence[Term] = ()
    holdings: Sequence[Holding] = ()
    away: Sequence[Away] = ()
    grants: Sequence[Granted] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    # Questions about a day

    def on(self, day: dt.date) -> Staffing:
        fillings = [
            filling for post in self.in_order if (filling := self.filling(post.pk, day)) is not None
        ]  # fmt: skip
        modules = {module.value: self._module(module.value, fillings, day) for module in Module}
        return Staffing(day, modules, fillings, self.overcommitted(day))

    def filling(self, post: int, day: dt.date) -> Filling | None:
        """None on days on which there is no such post."""
        term = next((one for one in self._terms.get(post, ()) if one.first <= day < one.until), None)
        if term is None:
            return None
        held = (one for one in self._holdings.get(post, ()) if one.first <= day < one.until)
        holders = tuple(self._holder(one, day) for one in held)
        return Filling(self.posts[post], term, holders)

    def occupied(self, user: int, day: dt.date) -> Fraction | None:
        """FTE a person counts with over all posts; None where none of their posts is on record."""
        holdings = self._held_on(user, day)
        if not holdings:
            return None
        return min(ONE, sum((one.share for one in holdings), NOTHING)) if self._is_there(user, day) else NOTHING

    def overcommitted(self, day: dt.date) -> list[Overcommitted]:
        found = []
        for user, holdings in self._by_user.items():
            if len(holdings) > 1 and self._is_there(user, day):
                now = self._held_on(user, day)
                if (total := sum((one.share for one in now), NOTHING)) > ONE:
                    posts = tuple(self.posts[one.post] for one in now)
                    found.append(Overcommitted(user, self.names.get(user, ""), total, posts))
        return sorted(found, key=lambda one: (one.name, one.user))

    def first_too_much(self, module: str) -> Iterator[tuple[int, dt.date, Fraction]]:
        """(person, first day, FTE) of those who hold more than one FTE and a post of the module at some time."""
        for user, holdings in self._by_user.items():
            if len(holdings) > 1 and any(self.posts[one.post].module == module for one in holdings):
                edges = {one.first for one in holdings} | {one.until for one in self._away.get(user, ())}
                edges |= {term.first for one in holdings for term in self._terms.get(one.post, ())}
                for day in sorted(edges - {FOREVER}):
                    total = sum((one.share for one in self._held_on(user, day)), NOTHING)
                    if total > ONE and self._is_there(user, day):
                        yield user, day, total
                        break

    @cached_property
    def in_order(self) -> list[Post]:
        """By module, then by number."""
        place = {module.value: number for number, module in enumerate(Module)}
        return sorted(self.posts.values(), key=lambda post: (place[post.module], post.number))

    def _module(self, module: str, fillings: Iterable[Filling], day: dt.date) -> ModuleStaffing:
        mine = [one for one in fillings if one.post.module == module]
        granted: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
        for grant in self.grants:
            if grant.module == module and grant.first <= day < grant.until:
                granted[grant.item, grant.recipient] += grant.fte
        used: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
        by_recipient: dict[int, Fraction] = defaultdict(Fraction)
        for one in mine:
            used[one.post.item, one.term.recipient] += one.filled
        for (_, recipient), fte in granted.items():
            by_recipient[recipient] += fte
        holders = [holder for one in mine for holder in one.holders]
        there = {one.user for one in holders if not one.is_interrupted}
        return ModuleStaffing(
            module,
            granted=sum(granted.values(), NOTHING) if granted else None,
            by_recipient=dict(by_recipient),
            planned=sum((one.term.fte for one in mine), NOTHING),
            filled=sum((one.filled for one in mine), NOTHING),
            unused=sum((max(NOTHING, fte - used[whose]) for whose, fte in granted.items()), NOTHING),
            posts=len(mine),
            vacant_posts=sum(not one.filled for one in mine),
            heads=len(there),
            interrupted=len({one.user for one in holders if one.is_interrupted} - there),
        )

    # Questions about a time

    def segments(self, post: int, first: dt.date, until: dt.date) -> Iterator[Segment]:
        """The days from `first` to `until` on which the post exists, cut wherever something about it changes."""
        terms, holdings = self._terms.get(post, ()), self._holdings.get(post, ())
        edges = {first, until}
        for row in [*terms, *holdings]:
            edges |= {row.first, row.until}
        for one in holdings:
            begin, end = max(one.first, first), min(one.until, until)
            if begin < end:
                edges.update(edge for edge in self._edges[one.user] if begin < edge < end)
        cuts = sorted(edge for edge in edges if first <= edge <= until)
        for begin, end in zip(cuts, cuts[1:], strict=False):
            if (filling := self.filling(post, begin)) is not None:
                yield Segment(begin, end, filling)

    def time_to_fill(self, first: dt.date, until: dt.date, module: str = "") -> TimeToFill:
        """Of occupancies that began within the time on a post nobody else held then; 0 where no day was lost."""
        found = []
        for post in self.posts.values():
            if module and post.module != module:
                continue
            reached = max(filter(None, [post.began, post.left]), default=None)
            for one in sorted(self._holdings.get(post.pk, ()), key=lambda one: (one.first, one.until)):
                if reached is None or one.first >= reached:
                    if first <= one.first < until:
                        found.append((one.first - (reached or one.first)).days)
                    reached = one.until
                else:
                    reached = max(reached, one.until)
        return TimeToFill(tuple(sorted(found)))

    def unused_months(self, module: str, first: dt.date, until: dt.date) -> tuple[Fraction, Fraction]:
        """Post-months granted but not filled, and granted at all; each day is 1/(days of its month) of a month."""
        steps: dict[tuple[str, int], dict[dt.date, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        granted: dict[tuple[str, int], dict[dt.date, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for grant in self.grants:
            begin, end = max(grant.first, first), min(grant.until, until)
            if grant.module == module and begin < end:
                granted[grant.item, grant.recipient][begin] += grant.fte
                granted[grant.item, grant.recipient][end] -= grant.fte
        for post in self.posts.values():
            if post.module == module and granted:
                for segment in self.segments(post.pk, first, until):
                    whose = (post.item, segment.filling.term.recipient)
                    steps[whose][segment.first] += segment.filling.filled
                    steps[whose][segment.until] -= segment.filling.filled
        free = total = NOTHING
        for whose, changes in granted.items():
            edges = sorted({first, until, *changes, *steps[whose]})
            have = used = NOTHING
            for begin, end in zip(edges, edges[1:], strict=False):
                have, used = have + changes.get(begin, 0), used + steps[whose].get(begin, 0)
                if have:
                    months = months_of(begin, end)
                    total += have * months
                    free += max(NOTHING, have - used) * months
        return free, total

    def filled_months(self, module: str, first: dt.date, until: dt.date) -> dict[dt.date, Fraction]:
        """Post-months filled, by the first day of each month."""
        days: dict[dt.date, Counter[Fraction]] = defaultdict(Counter)
        for post in self.posts.values():
            if post.module == module:
                for segment in self.segments(post.pk, first, until):
                    if segment.filling.filled:
                        for month, number in by_month(segment.first, segment.until):
                            days[month][segment.filling.filled] += number
        return {
            month: sum((fte * number for fte, number in found.items()), NOTHING) / length_of(month)
            for month, found in days.items()
        }

    def filled_by_year(self, module: str, until: dt.date) -> dict[int, Fraction]:
        """Post-months filled before a day, by year."""
        found: dict[int, Fraction] = defaultdict(Fraction)
        for post in self.posts.values():
            if post.module != module:
                continue
            for segment in self.segments(post.pk, dt.date.min, until):
                if filled := segment.filling.filled:
                    for year in range(segment.first.year, segment.until.year + 1):
                        begin, end = (
                            max(segment.first, dt.date(year, 1, 1)),
                            min(segment.until, dt.date(year + 1, 1, 1)),
                        )
                        found[year] += filled * months_of(begin, end)
        return {year: months for year, months in sorted(found.items()) if months}

    # Inside

    @cached_property
    def _terms(self) -> dict[int, list[Term]]:
        return _grouped(self.terms, lambda one: one.post)

    @cached_property
    def _holdings(self) -> dict[int, list[Holding]]:
        return _grouped(self.holdings, lambda one: one.post)

    @cached_property
    def _by_user(self) -> dict[int, list[Holding]]:
        return _grouped(self.holdings, lambda one: one.user)

    @cached_property
    def _edges(self) -> dict[int, set[dt.date]]:
        """Days on which what a person counts with may change: leaves, and where they hold several posts, those."""
        found: dict[int, set[dt.date]] = {}
        for user, holdings in self._by_user.items():
            rows: list = list(self._away.get(user, ()))
            if len(holdings) > 1:
                rows += [*holdings, *(term for one in holdings for term in self._terms.get(one.post, ()))]
            found[user] = {edge for row in rows for edge in (row.first, row.until)}
        return found

    @cached_property
    def _away(self) -> dict[int, list[Away]]:
        return _grouped(self.away, lambda one: one.user)

    def away_on(self, user: int, day: dt.date) -> Away | None:
        """A leave that does not count goes before one that does."""
        now = [one for one in self._away.get(user, ()) if one.first <= day < one.until]
        return min(now, key=lambda one: one.counts, default=None)

    def _is_there(self, user: int, day: dt.date) -> bool:
        away = self.away_on(user, day)
        return away is None or away.counts

    def _held_on(self, user: int, day: dt.date) -> list[Holding]:
        return [
            one for one in self._by_user.get(user, ())
            if one.first <= day < one.until
            and any(term.first <= day < term.until for term in self._terms.get(one.post, ()))
        ]  # fmt: skip

    def _holder(self, one: Holding, day: dt.date) -> Holder:
        away = self.away_on(one.user, day)
        counted = one.share if away is None or away.counts else NOTHING
        if counted and len(self._by_user[one.user]) > 1:
            total = sum((other.share for other in self._held_on(one.user, day)), NOTHING)
            counted = counted / total if total > ONE else counted
        substitutes = self.names.get(one.substitute_for, "") if one.substitute_for else ""
        return Holder(
            one.user, self.names.get(one.user, ""), one.share, counted, one.first, one.until, away, substitutes
        )


def _grouped(rows: Iterable, key: Callable) -> dict:
    found: dict = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


# Months


def month_of(day: dt.date) -> dt.date:
    return day.replace(day=1)


def next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def length_of(month: dt.date) -> int:
    return (next_month(month) - month_of(month)).days


def by_month(first: dt.date, until: dt.date) -> Iterator[tuple[dt.date, int]]:
    """(first day of the month, days of the half-open time within it)."""
    while first < until:
        end = min(next_month(first), until)
        yield month_of(first), (end - first).days
        first = end


@lru_cache(maxsize=5000)
def months_of(first: dt.date, until: dt.date) -> Fraction:
    """How many months a half-open time is, whole ones and parts."""
    begin, end = month_of(first), month_of(until)
    whole = 12 * (end.year - begin.year) + end.month - begin.month
    return whole - Fraction((first - begin).days, length_of(first)) + Fraction((until - end).days, length_of(until))


# Reading


def read(
    first: dt.date, until: dt.date, known_at: dt.datetime | None = None, days: Collection[dt.date] = (),
    *, post: int | None = None,
) -> Rows:  # fmt: skip
    """What holds on some day of a half-open time, or on one of `days`, as known now or at a moment; four queries.

    With `post` only what decides about that one: who holds it, and what else they hold.
    """
    when = Q(valid_from__lt=until) & (Q(valid_until__isnull=True) | Q(valid_until__gt=first))
    for day in days:
        if not first <= day < until:
            when |= valid_on(day)
    known = Q(known_until__isnull=True) if known_at is None else known_on(known_at)
    occupancies, whose, which = Occupancy.objects.filter(known, when), Q(), Q()
    if post is not None:
        whose = Q(user__in=occupancies.filter(post=post).values("user"))
        which = Q(post=post) | Q(post__in=occupancies.filter(whose).values("post"))
    posts: dict[int, Post] = {}
    terms = []
    for row in _terms_read(known, first).filter(known, when, which).order_by("post", "valid_from", "pk"):
        of = row.post
        posts[of.pk] = Post(of.pk, of.number, of.title, of.module, of.item, row.began, row.left)
        terms.append(
            Term(
                row.post_id, row.valid_from, row.valid_until or FOREVER, Fraction(row.fte), row.recipient_id,
                str(row.employer), row.kw, row.kw_on, row.function,
            )
        )  # fmt: skip
    names: dict[int, str] = {}
    holdings = []
    for one in occupancies.filter(whose).select_related("user", "substitute_for"):
        names |= {person.pk: str(person) for person in (one.user, one.substitute_for) if person}
        if one.post_id in posts:
            holdings.append(
                Holding(
                    one.post_id, one.user_id, one.valid_from, one.valid_until or FOREVER, Fraction(one.share),
                    one.substitute_for_id,
                )
            )  # fmt: skip
    away = [
        Away(one.user_id, one.valid_from, one.valid_until or FOREVER, one.counts, one.kind)
        for one in Leave.objects.filter(known, when, whose)
    ]
    grants = [
        Granted(module, begin, end or FOREVER, Fraction(fte or 0), recipient, item)
        for module, begin, end, fte, recipient, item in Grant.objects.filter(known, when, item__in=STAFF)
        .order_by()
        .values_list(
            "notice__period__programme__module", "valid_from", "valid_until", "fte", "notice__recipient", "item"
        )
    ]
    return Rows(posts, terms, holdings, away, grants, names)


def _terms_read(known: Q, first: dt.date):
    terms = PostTerm.objects.filter(known, post=OuterRef("post")).order_by().values("post")
    left = Occupancy.objects.filter(known, post=OuterRef("post"), valid_until__lte=first).order_by().values("post")
    return PostTerm.objects.select_related("post", "employer").annotate(
        began=Subquery(terms.annotate(day=Min("valid_from")).values("day")),
        left=Subquery(left.annotate(day=Max("valid_until")).values("day")),
    )


def on(day: dt.date, known_at: dt.datetime | None = None) -> Staffing:
    """All modules on a day, as known now or at a moment; four queries."""
    return read(day, day + ONE_DAY, known_at).on(day)


def end_of(day: dt.date) -> dt.datetime:
    """The last moment of a day in Berlin: what was known on that day was known then."""
    return dt.datetime.combine(day + ONE_DAY, dt.time(), workdays.BERLIN) - dt.timedelta(microseconds=1)


# Coverage


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody works in a municipality on some weekdays (their numbers, Monday 1; None where not on record)."""

    user: int
    municipality: int
    first: dt.date
    until: dt.date
    share: Fraction | None = None
    weekdays: str | None = None
    employer: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    user: int
    name: str
    #: None where neither a share nor an occupancy is on record.
    fte: Fraction | None
    #: Whether the person's FTE was divided equally, for want of shares.
    divided: bool
    days: int | None
    weekdays: str = ""
    employer: str = ""
    is_interrupted: bool = False


@dataclass(frozen=True)
class Covered:
    """One municipality on a day. A person who is away counts neither with FTE nor with days."""

    place: Municipality
    people: tuple[Present, ...]
    target: Fraction | None = None

    @property
    def there(self) -> list[Present]:
        return [one for one in self.people if not one.is_interrupted]

    @property
    def is_uncovered(self) -> bool:
        return not self.there

    @property
    def fte(self) -> Fraction | None:
        """None where somebody is there, but nobody's share is on record."""
        known = [one.fte for one in self.there if one.fte is not None]
        return sum(known, NOTHING) if known or not self.there else None

    @property
    def days(self) -> int | None:
        """Presence days a week; None where somebody is there, but nobody's weekdays are on record."""
        known = [one.days for one in self.there if one.days is not None]
        return sum(known) if known or not self.there else None

    @property
    def gap(self) -> Fraction | None:
        """What is missing to the target; negative above it. None without a target."""
        return None if self.target is None else self.target - (self.fte or NOTHING)

    @property
    def above(self) -> Fraction | None:
        """How far above the target."""
        return None if self.gap is None else -self.gap

    @property
    def is_divided(self) -> bool:
        return any(one.divided for one in self.there)


@dataclass(frozen=True)
class Target:
    municipality: int
    first: dt.date
    until: dt.date
    fte: Fraction


@dataclass(frozen=True)
class Ground:
    """Where people work, beside what posts they hold."""

    rows: Rows
    places: Sequence[Municipality]
    work: Sequence[Place]
    targets: Sequence[Target] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    def on(self, day: dt.date) -> list[Covered]:
        """Every municipality: those nobody covers first, then by what is missing to the target."""
        here: dict[int, list[Present]] = defaultdict(list)
        now = _grouped((one for one in self.work if one.first <= day < one.until), lambda one: one.user)
        for user, places in now.items():
            for municipality, present in self._presence(user, places, day):
                here[municipality].append(present)
        targets = {one.municipality: one.fte for one in self.targets if one.first <= day < one.until}
        found = [
            Covered(place, tuple(sorted(here[place.pk], key=lambda one: (one.name, one.user))), targets.get(place.pk))
            for place in self.places
        ]
        return sorted(found, key=lambda one: (not one.is_uncovered, -(one.gap or NOTHING), one.place.name))

    def _presence(self, user: int, places: Sequence[Place], day: dt.date) -> Iterator[tuple[int, Present]]:
        occupied, away = self.rows.occupied(user, day), self.rows.away_on(user, day)
        interrupted = away is not None and not away.counts
        shared = [one for one in places if one.share is None]
        rest = NOTHING
        if occupied is not None and shared:
            given = sum((one.share for one in places if one.share is not None), NOTHING)
            rest = max(NOTHING, occupied - given) / len(shared)
        for one in places:
            fte = one.share if one.share is not None else None if occupied is None else rest
            yield one.municipality, Present(
                user, self.names.get(user, ""), NOTHING if interrupted else fte,
                divided=one.share is None and fte is not None and len(shared) > 1,
                days=len(set(one.weekdays)) if one.weekdays else None, weekdays=one.weekdays or "",
                employer=one.employer, is_interrupted=interrupted,
            )  # fmt: skip

    def edges(self) -> set[dt.date]:
        """Days on which something about coverage changes."""
        rows: list = [*self.work, *self.targets, *self.rows.holdings, *self.rows.away, *self.rows.terms]
        return {edge for row in rows for edge in (row.first, row.until)} - {FOREVER}


def ground(
    first: dt.date, until: dt.date, known_at: dt.datetime | None = None, rows: Rows | None = None
) -> Ground:  # fmt: skip
    """Three queries, and those of `read` unless its rows are there already."""
    known = Q(known_until__isnull=True) if known_at is None else known_on(known_at)
    when = Q(valid_from__lt=until) & (Q(valid_until__isnull=True) | Q(valid_until__gt=first))
    work, names = [], {}
    at_work = Assignment.objects.filter(known, when, role=Role.CASE_MANAGER, municipality__isnull=False)
    for one in at_work.select_related("user", "employer").order_by("valid_from", "pk"):
        names[one.user_id] = str(one.user)
        work.append(
            Place(
                one.user_id, one.municipality_id or 0, one.valid_from, one.valid_until or FOREVER,
                None if one.share is None else Fraction(one.share), one.weekdays, str(one.employer),
            )
        )  # fmt: skip
    targets = [
        Target(row.municipality_id, row.valid_from, row.valid_until or FOREVER, Fraction(row.fte))
        for row in StaffingTarget.objects.filter(known, when, module=Module.CASE_MANAGEMENT)
    ]
    found = rows if rows is not None else read(first, until, known_at)
    return Ground(found, list(Municipality.objects.all()), work, targets, names)


def coverage(day: dt.date, known_at: dt.datetime | None = None) -> list[Covered]:
    """Every municipality on a day, as known now or at a moment, those nobody covers first; seven queries."""
    return ground(day, day + ONE_DAY, known_at).on(day)


# Before and after (kim.rehearsal)


def filled_measure(module: str) -> Measure:
    """Says FTE filled and free today, post-months filled by year, and who would hold more than one FTE."""

    def measure() -> dict[str, str]:
        today = workdays.today()
        until = dt.date(today.year + 2, 1, 1)
        rows, short = read(dt.date.min, until), Module(module).short
        now = rows.on(today).modules[module]
        said = {
            f"{short}, besetzt am {today:%d.%m.%Y}": f"{german(now.filled)} VZÄ",
            f"{short}, frei am {today:%d.%m.%Y}": f"{german(now.vacant)} VZÄ",
        }
        for year, months in rows.filled_by_year(module, until).items():
            said[f"{short}, besetzte Stellenmonate {year}"] = german(months)
        return said | _too_much(rows, module)

    return measure


def _too_much(rows: Rows, module: str) -> dict[str, str]:
    """The first day on which somebody of the module holds more than one FTE, and posts held beyond their size."""
    people: dict[int, str] = {}
    for user, day, total in rows.first_too_much(module):
        people[user] = f"{german(total)} VZÄ ab {day:%d.%m.%Y}"
    posts: dict[int, str] = {}
    for post in rows.in_order:
        if post.module == module and len(rows._holdings.get(post.pk, ())) > 1:
            for segment in rows.segments(post.pk, dt.date.min, FOREVER):
                if segment.filling.beyond:
                    posts.setdefault(post.pk, f"um {german(segment.filling.beyond)} VZÄ ab {segment.first:%d.%m.%Y}")
    return {f"{rows.names[user]}: über 100 %": words for user, words in people.items()} | {
        f"Stelle {rows.posts[pk].number}: überbesetzt": words for pk, words in posts.items()
    }


def coverage_measure() -> Measure:
    """Says of each municipality who covers it with how much, today and from each later day on which that changes."""

    def measure() -> dict[str, str]:
        today = workdays.today()
        found = ground(today, FOREVER)
        days = [today, *sorted(edge for edge in found.edges() if edge > today)[:CHANGES]]
        said: dict[str, list[str]] = defaultdict(list)
        last: dict[str, str] = {}
        for day in days:
            for one in found.on(day):
                name, words = f"Einsatz in {one.place}", coverage_words(one)
                if last.get(name) != words:
                    said[name].append(words if day == today else f"ab {day:%d.%m.%Y} {words}")
                    last[name] = words
        return {name: "; ".join(words) for name, words in sorted(said.items())}

    return measure


# Words


def coverage_words(one: Covered) -> str:
    if one.is_uncovered:
        return "niemand"
    fte = "VZÄ nicht erfasst" if one.fte is None else f"{german(one.fte)} VZÄ"
    days = "" if one.days is None else f", {one.days} Tag{'e' if one.days != 1 else ''} je Woche"
    return f"{fte}{days} ({', '.join(person.name for person in one.there)})"


def rounded(value: Fraction, places: int = 2) -> str:
    """A fraction as a decimal with so many places, half up: „0.55“."""
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = f"{whole:0{places + 1}d}"
    sign = "-" if value < 0 and whole else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def german(value: Fraction) -> str:
    """For pages: „1“, „0,5“, „0,75“, „71,82“; two places, half up, three where a share has three."""
    places = 3 if (value * 1000).denominator == 1 and (value * 100).denominator != 1 else 2
    text = rounded(value, places)
    return text.rstrip("0").rstrip(".").replace(".", ",")


def exact(value: Fraction | None) -> str | None:
    """For machines: every place of a decimal that ends; one that does not (1/3), half up to six places."""
    if value is None:
        return None
    places = next((number for number in range(7) if (value * 10**number).denominator == 1), 6)
    return rounded(value, places)
