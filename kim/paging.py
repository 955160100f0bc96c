"""Paging by key: the next page starts behind the last row seen, so page 4,000 costs what page 1 costs."""

import base64
import datetime as dt
import json
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

#: Counting stops here; a list says „mehr als 1.000“.
CAP = 1000


@dataclass(frozen=True)
class Page:
    rows: list
    before: str  # token of the page before, "" when this is the first
    after: str  # token of the page after, "" when this is the last

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


def capped(rows: QuerySet, key: str = "") -> int:
    """How many rows, counted no further than one past CAP.

    With the `key` a list is paged by, the count walks the index the page walks and stops early too; without, PostgreSQL
    may gather all rows of a common word before it counts the first.
    """
    return rows.order_by(*[key] if key else [])[: CAP + 1].count()


def count_words(number: int) -> str:
    return f"mehr als {CAP:,}".replace(",", ".") if number > CAP else f"{number:,}".replace(",", ".")


def page(rows: QuerySet, key: str, *, after: str = "", before: str = "", size: int = 50) -> Page:
    """One page of `rows` in the order of `key` (a non-null field, "-" for descending), ties broken by id.

    Tokens that do not fit the key are treated as the first page.
    """
    descending = key.startswith("-")
    name = key.lstrip("-")
    backwards = bool(before)
    start = _read(before or after, name)
    if start is None:
        backwards = False
    else:
        side = "lt" if descending != backwards else "gt"
        value, pk = start
        try:
            beyond = Q(**{f"{name}__{side}": value}) | Q(**{name: value, f"pk__{side}": pk})
            rows = rows.filter(beyond, **{f"{name}__{side}e": value})
        except (TypeError, ValueError, OverflowError, ValidationError):
            start = None
    sign = "-" if descending != backwards else ""
    found = list(rows.order_by(f"{sign}{name}", f"{sign}pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    first, last = (_write(found[0], name), _write(found[-1], name)) if found else ("", "")
    has_before = more if backwards else start is not None
    has_after = True if backwards else more
    return Page(found, before=first if has_before else "", after=last if has_after else "")


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
