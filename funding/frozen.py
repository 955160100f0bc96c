"""A calculation as it is kept: every figure and line as JSON, its digest, and what differs from how it is now.

Amounts are kept exact, as fractions „n/d“; cents as decimals. Names of people are no part of it, only ids of facts.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from typing import Any

from funding.repayment import NAMES, Doubt, ItemSum, Line, Month, Result

#: What is no part of the digest: a fact that is corrected without changing a figure changes nothing here.
_ASIDE = ("facts",)
_ROWS = {"items": ItemSum, "months": Month, "lines": Line, "doubts": Doubt}
_FRACTIONS = {
    "exact_granted", "exact_by_posts", "exact_by_costs", "exact_entitlement", "granted", "by_posts", "by_costs",
    "granted_months", "counted_months", "counted", "amount", "fte", "months", "would_add",
}  # fmt: skip
_DAYS = {"first", "until"}


def frozen(result: Result) -> dict[str, Any]:
    """`result` as JSON can hold it; `thawed` is the way back."""
    return {one.name: _kept(getattr(result, one.name)) for one in fields(Result)}


def thawed(data: Mapping[str, Any]) -> Result:
    """The result that was frozen, without the rates its lines rest on."""
    told: dict[str, Any] = dict(data)
    for name, kind in _ROWS.items():
        told[name] = tuple(kind(**{key: _read(key, value) for key, value in row.items()}) for row in data[name])
    for name in ("granted", "by_posts", "by_costs", "entitlement", "repayment"):
        told[name] = None if data[name] is None else Decimal(data[name])
    for name in ("exact_granted", "exact_by_posts", "exact_by_costs", "exact_entitlement", *_DAYS):
        told[name] = _read(name, data[name])
    told["own_shares"] = tuple((to, Fraction(amount)) for to, amount in data["own_shares"])
    told["missing"] = tuple(data["missing"])
    return Result(**told)


def digest(data: Mapping[str, Any]) -> str:
    """SHA-256 over all figures and lines, in one fixed form."""
    told = dict(data) | {"lines": [{k: v for k, v in row.items() if k not in _ASIDE} for row in data["lines"]]}
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _kept(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, ItemSum | Month | Line | Doubt):
        return {one.name: _kept(getattr(value, one.name)) for one in fields(value) if one.name != "rate"}
    return [_kept(one) for one in value] if isinstance(value, tuple) else value


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _DAYS:
        return dt.date.fromisoformat(value)
    if name == "facts":
        return tuple((kind, pk) for kind, pk in value)
    return Fraction(value) if name in _FRACTIONS else value


# What differs


@dataclass(frozen=True)
class Difference:
    """Lines about one thing, then and now; `amount`s are exact euros."""

    part: str
    what: str
    before: tuple[Line, ...]
    after: tuple[Line, ...]

    @property
    def amount(self) -> Fraction:
        """By how much it is more now."""
        return sum((one.amount for one in self.after), Fraction(0)) - sum(
            (one.amount for one in self.before), Fraction(0)
        )


PARTS = {"granted": "Bewilligt", "posts": "Stellenmonate", "costs": "Ausgaben", "things": "Ausgaben"}


def differences(then: Result, now: Result) -> list[Difference]:
    """What a calculation says otherwise than another, thing by thing; empty where nothing differs."""
    before, after = _by_thing(then.lines), _by_thing(now.lines)
    found = []
    for key in sorted(before.keys() | after.keys(), key=_place):
        old, new = before.get(key, []), after.get(key, [])
        if [_said(one) for one in old] != [_said(one) for one in new]:
            part, item, what = key
            words = f"{PARTS[part]}: {NAMES[item]}{f', {what}' if what else ''}"
            found.append(Difference(part, words, tuple(old), tuple(new)))
    return found


def _place(thing: tuple[str, str, str]) -> tuple:
    """What is granted first, then posts, then costs."""
    part, item, what = thing
    return list(PARTS).index(part), item, what


def _by_thing(lines: Iterable[Line]) -> dict[tuple[str, str, str], list[Line]]:
    found = defaultdict(list)
    for line in lines:
        found[line.part, line.item, line.what].append(line)
    return found


def _said(line: Line) -> tuple:
    return line.first, line.until, line.amount, line.words, line.reason
