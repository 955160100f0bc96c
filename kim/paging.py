"""Paging by key: the next page starts behind the last row seen, so page 4,000 costs what page 1 costs."""

import base64
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Case, IntegerField, Q, QuerySet, Subquery, When
from django.db.models.lookups import GreaterThan
from django.utils import timezone

#: Counting stops here; a list says „mehr als 500“.
CAP = 500


@dataclass(frozen=True)
class Page:
    rows: list
    before: str  # token of the page before, "" when this is the first
    after: str  # token of the page after, "" when this is the last

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


class CappedNumber(Subquery):
    """How many rows, counted no further than `most` (one past CAP), as a column of another query.

    They are counted in no order, unless one is named.
    """

    template = "(SELECT COUNT(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet, most: int = CAP + 1, order: Sequence[str] = ()):
        super().__init__(rows.order_by(*order).values("pk")[:most])

    @classmethod
    def of_union(cls, sets: Sequence[QuerySet]) -> "CappedNumber":
        """Of the rows in any of `sets`, which are cut off already."""
        made = cls(sets[0].model._default_manager.none())
        Subquery.__init__(made, _in_any(sets))
        return made


def capped(rows: QuerySet | Sequence[QuerySet], key: str = "") -> int:
    """How many rows, counted no further than one past CAP; of several sets, how many in any of them.

    A search for words is counted in the order of `key`, by which its list is paged: PostgreSQL would otherwise gather
    every row of a common word before it counts the first. Elsewhere it finds the first rows soonest in no order.
    """
    sets = [rows] if isinstance(rows, QuerySet) else rows
    order = [key] if key else []
    if not sets:
        return 0
    if len(sets) == 1:
        return sets[0].order_by(*order)[: CAP + 1].count()
    any_row = sets[0].model._default_manager.order_by().values_list(capped_column(sets, key), flat=True)[:1]
    return min(next(iter(any_row), 0), CAP + 1)


def capped_column(sets: Sequence[QuerySet], key: str = ""):
    """The same as a column of another query; of a union it may say a little more than CAP + 1."""
    order = [key] if key else []
    alone = CappedNumber(sets[0], order=order)
    if len(sets) == 1:
        return alone
    # The first set is the widest. Only where it does not fill the count alone are the others looked at.
    whole = CappedNumber.of_union([one.order_by(*order)[: CAP + 1] for one in sets])
    return Case(When(GreaterThan(alone, CAP), then=CAP + 1), default=whole)


def count_words(number: int) -> str:
    return f"mehr als {CAP:,}".replace(",", ".") if number > CAP else f"{number:,}".replace(",", ".")


def first(sets: Sequence[QuerySet], order: Sequence[str], number: int, lines: QuerySet) -> list:
    """The first `number` rows of what is in any of `sets`, read as `lines` reads them; one query."""
    return list(first_rows(sets, order, number, lines)) if sets else []


def first_rows(sets: Sequence[QuerySet], order: Sequence[str], number: int, lines: QuerySet) -> QuerySet:
    """The same as a query. Each set is walked by an index of its own, where one condition with OR would have the
    database read them all.
    """
    if len(sets) == 1:
        return (lines & sets[0]).order_by(*order)[:number]
    ids = _in_any([rows.order_by(*order)[:number] for rows in sets])
    return lines.filter(pk__in=ids).order_by(*order)[:number]


def _in_any(sets: Sequence[QuerySet]) -> QuerySet:
    """The ids in any of `sets`, which may be cut off and ordered."""
    ids = [rows.values("pk") for rows in sets]
    if len(ids) > 1 and not connection.features.supports_slicing_ordering_in_compound:
        ids = [rows.model._default_manager.order_by().filter(pk__in=rows).values("pk") for rows in ids]
    return ids[0].union(*ids[1:]) if len(ids) > 1 else ids[0]


@dataclass(frozen=True)
class Start:
    """Where a page begins: behind the row with this value and id, or before it, going `backwards`."""

    value: Any
    pk: Any
    backwards: bool

    @classmethod
    def read(cls, model, key: str, *, after: str = "", before: str = "") -> "Start | None":
        """From the tokens of an address; None for the first page, and for what fits neither key nor column."""
        name = key.lstrip("-")
        found = _read(before or after, name)
        if found is None:
            return None
        try:
            value = model._meta.get_field(name).to_python(found[0])
            if isinstance(value, dt.datetime):  # as the database keeps it; at either end of time there is no such day
                value = (value if timezone.is_aware(value) else timezone.make_aware(value)).astimezone(dt.UTC)
            return cls(value, found[1], bool(before))
        except (TypeError, ValueError, OverflowError, ValidationError):
            return None


def behind(sets: Sequence[QuerySet], key: str, start: Start | None) -> list[QuerySet]:
    """What of `sets` lies behind `start` (whose value and id may be slots)."""
    if start is None:
        return list(sets)
    name, side = key.lstrip("-"), "lt" if key.startswith("-") != start.backwards else "gt"
    beyond = Q(**{f"{name}__{side}": start.value}) | Q(**{name: start.value, f"pk__{side}": start.pk})
    return [one.filter(beyond, **{f"{name}__{side}e": start.value}) for one in sets]


def order_of(key: str, start: Start | None) -> tuple[str, str]:
    sign = "-" if key.startswith("-") != (start is not None and start.backwards) else ""
    return f"{sign}{key.lstrip('-')}", f"{sign}pk"


def page_of(found: list, key: str, start: Start | None, size: int) -> Page:
    """The page of up to `size` + 1 rows found behind `start`, in the order of `order_of`."""
    name = key.lstrip("-")
    more, found = len(found) > size, found[:size]
    backwards = start is not None and start.backwards
    if backwards:
        found.reverse()
    first_token, last_token = (_write(found[0], name), _write(found[-1], name)) if found else ("", "")
    has_before = more if backwards else start is not None
    has_after = True if backwards else more
    return Page(found, before=first_token if has_before else "", after=last_token if has_after else "")


def page(
    rows: QuerySet | Sequence[QuerySet],
    key: str,
    *,
    after: str = "",
    before: str = "",
    size: int = 50,
    lines: QuerySet | None = None,
) -> Page:
    """One page of `rows` in the order of `key` (a non-null field, "-" for descending), ties broken by id.

    `rows` may be several sets: what is in any of them is paged, read as `lines` reads it (see `first`).
    Tokens that do not fit the key are treated as the first page.
    """
    sets = [rows] if isinstance(rows, QuerySet) else list(rows)
    if not sets:
        return Page([], "", "")
    start = Start.read(sets[0].model, key, after=after, before=before)
    sets, order = behind(sets, key, start), order_of(key, start)
    found = list(sets[0].order_by(*order)[: size + 1]) if lines is None else first(sets, order, size + 1, lines)
    return page_of(found, key, start, size)


def _write(row, name) -> str:
    value = getattr(row, name)
    if isinstance(value, dt.datetime | dt.date):
        value = value.isoformat()
    return base64.urlsafe_b64encode(json.dumps([value, row.pk, name]).encode()).decode().rstrip("=")


def _read(token: str, name: str):
    if not token or len(token) > 400:
        return None
    try:
        value, pk, key = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        pk = int(pk)
    except (ValueError, TypeError, UnicodeError):
        return None
    is_plain = isinstance(value, int) or (isinstance(value, str) and "\0" not in value)
    fits = key == name and is_plain and abs(pk) < 2**63
    return (value, pk) if fits else None
