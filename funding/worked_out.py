"""A calculation for people to read: every figure with the rows and the formula it came from, and as a file.

Amounts here are cents, each rounded for itself; what adds up exactly are the fractions of the lines.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from django.urls import reverse

from funding.frozen import PARTS, Difference
from funding.models import AwardNotice, Occupancy, Post
from funding.repayment import COSTS, NAMES, Line, Month, Result, cents, euros, number
from funding.spending import Discretion
from kim.dated import inclusive
from steering.export import Column, Sheet

TELL_ALL = Discretion()
NOT_TOLD = "Der Betrag würde verraten, was eine einzelne Person verdient. Verwaltung und Revision sehen ihn."
NOT_IN_LINES = "Einzelne Zeilen würden verraten, was eine einzelne Person verdient. Verwaltung und Revision sehen sie."
#: So many rows of a figure stand on the page; all of them in its file.
MOST_ROWS = 150
#: Names of worksheets are no longer than this.
MOST_OF_A_NAME = 31
FACTS = {
    "grant": "Bewilligung", "rate": "Fördersatz", "postterm": "Ausgestaltung", "occupancy": "Besetzung",
    "leave": "Unterbrechung",
}  # fmt: skip


@dataclass(frozen=True)
class Link:
    words: str
    url: str


@dataclass(frozen=True)
class Row:
    what: str
    url: str
    span: str
    words: str
    reason: str
    amount: Decimal
    links: Sequence[Link] = ()


@dataclass(frozen=True)
class Figure:
    """`value` is None where there is nothing to count yet, or where it is not told."""

    key: str
    title: str
    value: Decimal | None
    words: str
    rows: Sequence[Row]
    left_out: int = 0


@dataclass(frozen=True)
class MonthRow:
    item: str
    month: str
    granted: str
    counted: str
    vacant: str


@dataclass(frozen=True)
class ItemRow:
    name: str
    granted: Decimal
    by_posts: Decimal
    by_costs: Decimal


@dataclass(frozen=True)
class WorkedOut:
    result: Result
    figures: Sequence[Figure]
    items: Sequence[ItemRow]
    months: Sequence[MonthRow]
    vacant_months: Decimal
    granted_months: Decimal
    doubts: Sequence[tuple[str, Decimal, Decimal]]
    own_shares: Sequence[tuple[str, Decimal]]

    @property
    def staff(self) -> int:
        """How many kinds of posts are counted."""
        return len({row.item for row in self.months})

    @property
    def decided_by(self) -> str:
        return "Ausgaben" if self.result.decides == COSTS else "besetzte Stellenmonate"


#: Parts of a calculation that rest on costs.
_SPENT = ("costs", "things")


def told_lines(result: Result, discretion: Discretion) -> list[Line]:
    return [line for line in result.lines if not (discretion.lines and line.part in _SPENT)]


def worked_out(result: Result, costs_at: str = "", discretion: Discretion = TELL_ALL) -> WorkedOut:
    """Two queries, for the names of posts and of those who hold them; `costs_at` is where costs are to be read."""
    result = replace(result, lines=tuple(told_lines(result, discretion)))
    names = _Names(result.lines, costs_at)
    return WorkedOut(
        result, list(_figures(result, names, discretion)),
        [ItemRow(one.name, cents(one.granted), cents(one.by_posts), cents(one.by_costs)) for one in result.items],
        [_month(one) for one in result.months],
        cents(result.vacant_months), cents(sum((one.granted_months for one in result.items), Fraction(0))),
        [] if discretion.lines else [(one.name, cents(one.amount), cents(one.would_add)) for one in result.doubts],
        [] if discretion.lines else [(to, cents(amount)) for to, amount in result.own_shares],
    )  # fmt: skip


def _figures(result: Result, names: "_Names", discretion: Discretion) -> Iterable[Figure]:
    told = (
        ("bewilligt", "Bewilligt", result.granted, result.exact_granted, ("granted",)),
        ("stellenmonate", "Nach besetzten Stellenmonaten", result.by_posts, result.exact_by_posts, ("posts", "things")),
        ("ausgaben", "Nach förderfähigen Ausgaben", result.by_costs, result.exact_by_costs, ("costs", "things")),
    )
    for key, title, value, exact, parts in told:
        lines = [line for line in result.lines if line.part in parts]
        words = exactly(exact) if exact is not None else "Es sind keine Ausgaben erfasst."
        if key == "ausgaben" and value is not None and discretion.lines:
            value, words = (None, NOT_TOLD) if discretion.total else (value, NOT_IN_LINES)
        rows = [names.row(line) for line in lines[:MOST_ROWS]]
        yield Figure(key, title, value, words, rows, max(0, len(lines) - MOST_ROWS))


def exactly(amount: Fraction) -> str:
    """What was rounded: „genau 600.416 2/3 €, gerundet auf den Cent“; "" where nothing had to be."""
    if (amount * 100).denominator == 1:
        return ""
    whole, rest = divmod(amount, 1)
    return f"genau {number(whole)} {rest}\N{NO-BREAK SPACE}€, kaufmännisch gerundet auf den Cent"


def _month(one: Month) -> MonthRow:
    told = (number(value, 4) for value in (one.granted, one.counted, one.vacant))
    return MonthRow(NAMES[one.item], f"{one.first:%m/%Y}", *told)


class _Names:
    """Where the facts of lines are to be read, and who it was that held a post."""

    def __init__(self, lines: Sequence[Line], costs_at: str):
        self.costs_at = costs_at
        shown: list[Line] = []
        for parts in (("granted",), ("posts", "things"), ("costs", "things")):
            shown += [line for line in lines if line.part in parts][:MOST_ROWS]
        held = {pk for line in shown for kind, pk in line.facts if kind == "occupancy"}
        numbers = {line.what for line in shown if line.part == "posts" and line.what}
        rows = Occupancy.objects.filter(pk__in=held).select_related("user") if held else ()
        self.people = {row.pk: f"{row.user}, {number(row.share)} VZÄ, {row.span}" for row in rows}
        posts = Post.objects.filter(number__in=numbers) if numbers else ()
        self.posts: Mapping[str, Post] = {post.number: post for post in posts}

    def row(self, line: Line) -> Row:
        post = self.posts.get(line.what) if line.part == "posts" else None
        what = f"{post.number} · {post.title}" if post else line.what or NAMES[line.item]
        spent = line.part in ("costs", "things") and line.what
        url = post.get_absolute_url() if post else self.costs_at if spent else ""
        links = [
            Link(self.people.get(pk, FACTS[kind]) if kind == "occupancy" else FACTS[kind],
                 reverse("funding:fact_detail", args=[kind, pk]))
            for kind, pk in line.facts
        ]  # fmt: skip
        span = inclusive(line.first, line.until)
        return Row(what, url, span, line.words, line.reason, cents(line.amount), links)


# Deviations


@dataclass(frozen=True)
class Deviation:
    what: str
    before: Sequence[str]
    after: Sequence[str]
    amount: Decimal


def deviations(found: Sequence[Difference], discretion: Discretion = TELL_ALL) -> list[Deviation]:
    """Those that may be told: costs line by line are left out where they are not."""
    return [
        Deviation(
            one.what, [_said(line) for line in one.before], [_said(line) for line in one.after], cents(one.amount)
        )
        for one in found
        if not (discretion.lines and one.part in _SPENT)
    ]


def _said(line: Line) -> str:
    return f"{inclusive(line.first, line.until)}: {line.words}{f' ({line.reason})' if line.reason else ''}"


# What if


@dataclass(frozen=True)
class Comparison:
    what: str
    before: str
    after: str
    difference: str


def compared(before: Result, after: Result) -> list[Comparison]:
    """Two results side by side, in words."""
    money = (
        ("Bewilligt", before.granted, after.granted),
        ("Anspruch", before.entitlement, after.entitlement),
        ("Rückzahlung", before.repayment, after.repayment),
    )
    found = [
        Comparison(what, euros(old), euros(new), f"{_sign(new - old)}{euros(abs(new - old))}")
        for what, old, new in money
    ]
    old, new = cents(before.vacant_months), cents(after.vacant_months)
    difference = f"{_sign(new - old)}{number(abs(new - old), 2)}"
    return [*found, Comparison("Freie Stellenmonate", number(old, 2), number(new, 2), difference)]


def _sign(difference: Decimal) -> str:
    return "+" if difference > 0 else "−" if difference else "±"


def more_or_less(difference: Decimal) -> str:
    """„500,25 € mehr“, „500,25 € weniger“; "" where nothing differs."""
    return f"{euros(abs(difference))} {'mehr' if difference > 0 else 'weniger'}" if difference else ""


# As a file

_DAY = dt.timedelta(days=1)

COLUMNS: Sequence[Column] = (
    ("Teil", 16, lambda line: PARTS[line.part]),
    ("Wofür", 28, lambda line: NAMES[line.item]),
    ("Stelle oder Kostenart", 30, lambda line: line.what),
    ("von", 11, lambda line: line.first),
    ("bis", 11, lambda line: line.until - _DAY),
    ("VZÄ", 9, lambda line: None if line.fte is None else rounded(line.fte, 3)),
    ("Monate", 9, lambda line: None if line.months is None else rounded(line.months, 4)),
    ("Betrag (€)", 14, lambda line: cents(line.amount)),
    ("Rechenweg", 70, lambda line: line.words),
    ("gekürzt, weil", 60, lambda line: line.reason),
)


def sheet(notice: AwardNotice, name: str, result: Result, discretion: Discretion = TELL_ALL) -> Sheet:
    """The lines of a calculation; `name` is its number or says that it is a draft."""
    return Sheet(
        f"{name} {notice.number}"[:MOST_OF_A_NAME], "calculation.export", COLUMNS, told_lines(result, discretion)
    )


def rounded(value: Fraction, places: int) -> Decimal:
    """Half up at so many places."""
    return cents(value * 10 ** (places - 2)).scaleb(2 - places)
