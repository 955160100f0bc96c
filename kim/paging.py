"""Paging by key: the next page starts behind the last row seen, so page 4,000 costs what page 1 costs."""

import base64
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import IntegerField, Q, QuerySet, Subquery

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
    """How many rows, counted no further than `most` (one past CAP), as a column of another query."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet, most: int = CAP + 1):
        super().__init__(rows.order_by().values("pk")[:most])


def capped(rows: QuerySet | Sequence[QuerySet], key: str = "") -> int:
    """How many rows, counted no further than one past CAP; of several sets, how many in any of them.

    A search for words is counted in the order of `key`, by which its list is paged: PostgreSQL would otherwise gather
    every row of a common word before it counts the first. Elsewhere it finds the first rows soonest in no order.
    """
    sets = [rows] if isinstance(rows, QuerySet) else rows
    order = [key] if key else []
    if not sets:
        return 0
    return min(_in_any([one.order_by(*order)[: CAP + 1] for one in sets]).count(), CAP + 1)


def count_words(number: int) -> str:
    return f"mehr als {CAP:,}".replace(",", ".") if number > CAP else f"{number:,}".replace(",", ".")


def first(sets: Sequence[QuerySet], order: Sequence[str], number: int, lines: QuerySet) -> list:
    """The first `number` rows of what is in any of `sets`, read as `lines` reads them; one query.

    Each set is walked by an index of its own, where one condition with OR would have the database read them all.
    """
    if not sets:
        return []
    if len(sets) == 1:
        return list((lines & sets[0]).order_by(*order)[:number])
    ids = _in_any([rows.order_by(*order)[:number] for rows in sets])
    return list(lines.filter(pk__in=ids).order_by(*order)[:number])


def _in_any(sets: Sequence[QuerySet]) -> QuerySet:
    """The ids in any of `sets`, which may be cut off and ordered."""
    ids = [rows.values("pk") for rows in sets]
    if len(ids) > 1 and not connection.features.supports_slicing_ordering_in_compound:
        ids = [rows.model._default_manager.order_by().filter(pk__in=rows).values("pk") for rows in ids]
    return ids[0].union(*ids[1:]) if len(ids) > 1 else ids[0]


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
    descending = key.startswith("-")
    name = key.lstrip("-")
    backwards = bool(before)
    start = _read(before or after, name)
    sets = [rows] if isinstance(rows, QuerySet) else list(rows)
    if start is None:
        backwards = False
    else:
        side = "lt" if descending != backwards else "gt"
        value, pk = start
        try:
            beyond = Q(**{f"{name}__{side}": value}) | Q(**{name: value, f"pk__{side}": pk})
            sets = [one.filter(beyond, **{f"{name}__{side}e": value}) for one in sets]
        except (TypeError, ValueError, OverflowError, ValidationError):
            start = None
    sign = "-" if descending != backwards else ""
    order = (f"{sign}{name}", f"{sign}pk")
    found = list(sets[0].order_by(*order)[: size + 1]) if lines is None else first(sets, order, size + 1, lines)
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    start_of, end_of = (_write(found[0], name), _write(found[-1], name)) if found else ("", "")
    has_before = more if backwards else start is not None
    has_after = True if backwards else more
    return Page(found, before=start_of if has_before else "", after=end_of if has_after else "")


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
