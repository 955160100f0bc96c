"""Sections of a status report about posts: the three modules, who fills them since when, and where papers contradict.

People are named by their function alone, as the papers do. Counted by funding.staffing, as known at the moment.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from funding import staffing
from funding.models import Module, Occupancy, Rate, ReportedFigure
from funding.models.programmes import ROLES, STAFF, Item
from funding.repayment import euros
from funding.reported import Compared, compared
from funding.staffing import Filling, Holder, Rows, Staffing
from kim.dated import known_on, valid_on
from kim.models import Assignment, Bank, Municipality
from reports.blocks import Block, facts, listed, table
from reports.moment import Moment, enumerated, german, number_words

DAYS = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")
#: Days of a full week on the spot, as an assignment holds them.
WORKING_WEEK = "12345"
VZE = "VZÄ"


@dataclass(frozen=True)
class Task:
    """What somebody does, and where."""

    title: str
    places: tuple[str, ...] = ()
    bank: str = ""
    weekdays: tuple[str, ...] = ()


@dataclass(frozen=True)
class Held:
    """One person on one post. `began` is the first day of holding it without a gap."""

    filling: Filling
    holder: Holder
    began: dt.date
    task: Task
    source: str = ""

    @property
    def id(self) -> str:
        number = self.filling.post.number
        return number if len(self.filling.holders) == 1 else f"{number}/{self.holder.user}"

    @property
    def key(self) -> tuple[int, int]:
        return self.filling.post.pk, self.holder.user

    @property
    def function(self) -> str:
        return self.task.title or self.filling.term.function or self.filling.post.title

    @property
    def places(self) -> str:
        return enumerated(list(self.task.places))

    @property
    def area(self) -> str:
        """„linksrheinische Kommunen“ for who answers for a bank of the Rhine."""
        return self.places or (f"{self.task.bank}e Kommunen" if self.task.bank else "")

    @property
    def fte(self) -> str:
        away = " (unterbrochen)" if self.holder.is_interrupted else ""
        return f"{staffing.german(self.holder.share)}{away}"

    @property
    def presence(self) -> str:
        """When somebody is there: weekdays where they are on record; who has several places is there by days."""
        known = [days for days in self.task.weekdays if days]
        if known and len(set(known)) == 1 and len(known) == len(self.task.weekdays):
            days = [DAYS[int(day) - 1] for day in known[0]]
            return f"{days[0]} bis {days[-1]}" if known[0] == WORKING_WEEK else ", ".join(days)
        return "tageweise" if len(self.task.places) > 1 or known else ""


@dataclass(frozen=True)
class Posts:
    """All three modules on one day, as known at one moment."""

    moment: Moment
    rows: Rows
    staffing: Staffing
    tasks: dict[tuple[int, str], Task]
    sources: dict[tuple[int, int, dt.date], str]
    rates: Sequence[Rate] = ()
    reported: Sequence[ReportedFigure] = field(default=())

    def held(self, module: str) -> list[Held]:
        """By the day they began, then by the number of the post."""
        found = [
            self._held(filling, holder)
            for filling in self.staffing.fillings if filling.post.module == module
            for holder in filling.holders
        ]  # fmt: skip
        return sorted(found, key=lambda one: (one.began, one.filling.post.number, one.holder.user))

    def _held(self, filling: Filling, holder: Holder) -> Held:
        began = holder.first
        mine = [one for one in self.rows.holdings if (one.post, one.user) == (filling.post.pk, holder.user)]
        for one in sorted(mine, key=lambda one: one.first, reverse=True):
            began = one.first if one.until >= began and one.first < began else began
        source = self.sources.get((filling.post.pk, holder.user, holder.first), "")
        task = self.tasks.get((holder.user, filling.post.module)) or Task("")
        return Held(filling, holder, began, task, source)


def read(moment: Moment) -> Posts:
    """Eight queries, whatever there is to read."""
    tomorrow = moment.valid_on + staffing.ONE_DAY
    rows = staffing.read(dt.date.min, tomorrow, moment.known_at)
    known = known_on(moment.known_at)
    there = Occupancy.objects.filter(known, valid_on(moment.valid_on)).exclude(source="")
    sources = {
        (post, user, first): source
        for post, user, first, source in there.order_by().values_list("post", "user", "valid_from", "source")
    }
    rates = Rate.objects.filter(known, valid_on(moment.valid_on), item__in=STAFF).select_related("programme")
    reported = ReportedFigure.objects.filter(
        as_of__lte=moment.valid_on, reported_on__lte=moment.known_on, at__lte=moment.known_at
    )
    found = [_unclarified(one, moment) for one in reported]
    return Posts(moment, rows, rows.on(moment.valid_on), _tasks(moment), sources, list(rates), found)


def _unclarified(one: ReportedFigure, moment: Moment) -> ReportedFigure:
    """As it was then: what was clarified later was not yet."""
    if one.clarified_on and one.clarified_on > moment.known_on:
        one.clarified_on = None
    return one


def _tasks(moment: Moment) -> dict[tuple[int, str], Task]:
    """By person and module, in the order in which the places were entered."""
    modules = {str(role): str(module) for module, roles in ROLES.items() for role in roles}
    rows: dict[tuple[int, str], list[Assignment]] = defaultdict(list)
    held = Assignment.objects.filter(known_on(moment.known_at), valid_on(moment.valid_on))
    for one in held.select_related("municipality").order_by("pk"):
        if module := modules.get(one.role):
            rows[one.user_id, module].append(one)
    return {key: _task(some) for key, some in rows.items()}


def _task(rows: list[Assignment]) -> Task:
    placed = [one for one in rows if one.municipality]
    titles = list(dict.fromkeys(one.title for one in rows if one.title))
    bank = next((Bank(one.bank).label for one in rows if one.bank), "")
    places = tuple(named(one.municipality) for one in placed if one.municipality)
    return Task(", ".join(titles), places, str(bank), tuple(one.weekdays for one in placed))


def named(place: Municipality) -> str:
    """„Stadt Königswinter“, „Gemeinde Windeck“."""
    return f"{place.get_kind_display()} {place.name}"


# Sections


def overhead(posts: Posts) -> list[Block]:
    held = posts.held(Module.OVERHEAD)
    return [
        facts("numbers", [*_numbers(posts, Module.OVERHEAD)]),
        _holders("held", "Besetzung im Modul 1", held, ("Aufgabe", _function), ("zuständig für", _area)),
        *_changes(posts, Module.OVERHEAD, held),
        *_contradictions(posts, Module.OVERHEAD),
    ]


def authority(posts: Posts) -> list[Block]:
    held = posts.held(Module.AUTHORITIES)
    return [
        facts("numbers", [*_numbers(posts, Module.AUTHORITIES)]),
        _holders("held", "Besetzung im Modul 3", held, ("Stelle", _post), ("zuständig für", _area)),
        *_vacancies(posts, Module.AUTHORITIES),
        *_changes(posts, Module.AUTHORITIES, held),
        *_contradictions(posts, Module.AUTHORITIES),
    ]


def case_management(posts: Posts, before: Posts | None) -> list[Block]:
    """Those told at the meeting before and still there, then the further ones, numbered as the papers do."""
    module = Module.CASE_MANAGEMENT
    held = posts.held(module)
    told = {one.key for one in before.held(module)} if before else set()
    columns = (("zuständig für", _area), ("vor Ort", _presence))
    blocks = [facts("numbers", [*_numbers(posts, module)])]
    if before:
        then = before.moment.told
        earlier = [one for one in held if one.key in told]
        further = [one for one in held if one.key not in told]
        count = number_words(len(further))
        blocks += [
            _holders("earlier", f"Schon in {then} bekannt und weiter besetzt", earlier,
                     ("Aufgabe", _function), *columns),
            _numbered("further", f"Gegenüber {then}: {count} weitere", further),
        ]  # fmt: skip
    else:
        blocks.append(_holders("earlier", "Besetzung im Modul 2", held, ("Aufgabe", _function), *columns))
    blocks += [*_vacancies(posts, module), *_gone(posts, before, module), *_uncovered(posts)]
    return [*blocks, *_contradictions(posts, module)]


def _numbers(posts: Posts, module: str) -> Iterable[tuple[str, str]]:
    found = posts.staffing.modules[module]
    granted = f"{staffing.german(found.granted)} {VZE}" if found.granted is not None else "nicht bekannt"
    rates = [
        f"{_whole(rate.amount)}/{VZE}" if rate.per_fte == 1 else f"{_whole(rate.amount)} je {_fte(rate.per_fte)}"
        for rate in posts.rates
        if rate.programme.module == module and rate.item == Item.POST and not rate.once
    ]
    if found.granted is not None and rates:
        granted += f" mit einer jährlichen Förderung von jeweils {' oder '.join(dict.fromkeys(rates))}"
    yield "bewilligt", granted
    yield "eingerichtet", f"{found.posts} Stellen mit {staffing.german(found.planned)} {VZE}"
    people = f"{found.heads} {'Person' if found.heads == 1 else 'Personen'}"
    yield "besetzt", f"{staffing.german(found.filled)} {VZE}, {people}"
    whole = f", {found.vacant_posts} {'Stelle' if found.vacant_posts == 1 else 'Stellen'} ganz"
    free = f"{staffing.german(found.vacant)} {VZE}{whole if found.vacant_posts else ''}"
    yield "frei", free if found.vacant else "keine"
    if found.granted is not None and found.filled > found.granted:
        yield "über der Bewilligung besetzt", f"{staffing.german(found.filled - found.granted)} {VZE}"
    elif found.unused:
        yield "bewilligt und nicht besetzt", f"{staffing.german(found.unused)} {VZE}"
    if found.interrupted:
        yield "unterbrochen", f"{found.interrupted} {'Besetzung' if found.interrupted == 1 else 'Besetzungen'}"


def _whole(amount: Decimal) -> str:
    """„55.000 €“: without cents where there are none, as papers write rates."""
    return euros(amount).replace(",00", "")


def _fte(value: Decimal) -> str:
    return f"{staffing.german(Fraction(value))} {VZE}"


Column = tuple[str, Callable[[Held], str]]


def _function(one: Held) -> str:
    return one.function


def _post(one: Held) -> str:
    return one.filling.post.title


def _area(one: Held) -> str:
    return one.area


def _presence(one: Held) -> str:
    return one.presence


def _employer(one: Held) -> str:
    return one.filling.term.employer


def _since(one: Held) -> str:
    return german(one.began)


def _share(one: Held) -> str:
    return one.fte


def _source(one: Held) -> str:
    return one.source


def _holders(key: str, title: str, held: list[Held], *columns: Column) -> Block:
    """Columns in which nothing stands are left out; the first one heads its row and stays. What proves all rows alike
    stands once below them.
    """
    sources = {one.source for one in held}
    alike = len(held) > 1 and len(sources) == 1
    every = [*columns, ("angestellt bei", _employer), ("seit", _since), (VZE, _share)]
    every += [] if alike else [("Beleg", _source)]
    kept = [one for place, one in enumerate(every) if not place or any(one[1](row) for row in held)]
    right = [place for place, (name, _) in enumerate(kept) if name == VZE]
    rows = [(one.id, [tell(one) for _, tell in kept]) for one in held]
    note = f"Beleg: {sources.pop()}" if alike and any(sources) else ""
    return table(key, title, [name for name, _ in kept], rows, right=right, note=note)


def _numbered(key: str, title: str, held: list[Held]) -> Block:
    def place(one: Held) -> str:
        return one.places or one.function

    numbers = {one.id: f"{number})" for number, one in enumerate(held, 1)}
    return _holders(key, title, held, ("Nr.", lambda one: numbers[one.id]), ("für", place), ("vor Ort", _presence))


def _vacancies(posts: Posts, module: str) -> list[Block]:
    free = [one for one in posts.staffing.vacancies if one.post.module == module]
    rows = [
        (one.post.number, [one.post.number, one.post.title, staffing.german(one.vacant), _free_since(one, posts)])
        for one in free
    ]
    if not rows:
        return []
    return [table("vacant", "Freie Stellen", ["Stelle", "wofür", VZE, "frei seit"], rows, right=[2])]


def _free_since(one: Filling, posts: Posts) -> str:
    """The day after the last occupancy, or the first day of the post; a word where somebody holds a part or is away."""
    if one.holders:
        return "teilweise besetzt" if one.filled else "unterbrochen"
    ends = [row.until for row in posts.rows.holdings if row.post == one.post.pk and row.until <= posts.moment.valid_on]
    return german(max([*ends, *([one.post.began] if one.post.began else [])], default=None))


def _changes(posts: Posts, module: str, held: list[Held]) -> list[Block]:
    """Who began after the meeting before."""
    if posts.moment.since is None:
        return []
    new = [f"{one.function}: seit {german(one.began)}" for one in held if posts.moment.is_new(one.began)]
    return [listed("new", f"Neu {posts.moment.since_words}", new)] if new else []


def _gone(posts: Posts, before: Posts | None, module: str) -> list[Block]:
    if before is None:
        return []
    there = {one.key for one in posts.held(module)}
    gone = [one.function for one in before.held(module) if one.key not in there]
    return [listed("gone", f"Nicht mehr besetzt {posts.moment.since_words}", gone)] if gone else []


def _uncovered(posts: Posts) -> list[Block]:
    tomorrow = posts.moment.valid_on + staffing.ONE_DAY
    ground = staffing.ground(posts.moment.valid_on, tomorrow, posts.moment.known_at, posts.rows)
    found = ground.on(posts.moment.valid_on)
    empty = sorted((one.place for one in found if one.is_uncovered), key=lambda place: place.name)
    if not found:
        return []
    covered = f"{len(found) - len(empty)} von {len(found)} Kommunen"
    missing = enumerated([named(place) for place in empty]) or "keine"
    return [facts("coverage", [("mit Case Management", covered), ("ohne Case Management", missing)])]


def _counted(one: Compared) -> str:
    return "in KIM ist dazu nichts erfasst" if one.counted is None else f"KIM zählt {one.counted_said}"


def _contradictions(posts: Posts, module: str) -> list[Block]:
    """What papers say and KIM does not count, until somebody has clarified it; one question, one item."""
    figures = [one for one in posts.reported if one.module == module]
    asked: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in compared(figures, posts.rows):
        if one.contradicts:
            words = f" („{one.figure.words}“)" if one.figure.words else ""
            others = f"; {one.others_said}" if one.others else ""
            said = f"{one.figure.document}, Stand {german(one.figure.as_of)}: {one.said}{words}{others}"
            asked[one.heading, _counted(one)].append(said)
    items = [f"{heading} {'; '.join(said)}; {counted}." for (heading, counted), said in asked.items()]
    return [listed("contradictions", "Widersprüche zwischen Unterlagen und KIM", items)] if items else []
