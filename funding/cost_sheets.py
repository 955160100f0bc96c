"""Sheets of monthly personnel costs: which column is which, what a line says, and what taking it over would do.

Every line is checked against posts, people, notices and the costs that are there. What is wrong with one is told in a
sentence; nothing is guessed. The number of queries does not grow with the number of lines.
"""

import datetime as dt
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from funding.forms.facts import Euros
from funding.models import AwardNotice, Cost, CostImportRow, CostKind, Occupancy, Post, PostTerm
from kim.dated import inclusive, months_after
from kim.facts import FOREVER
from kim.models import User
from kim.templatetags.kim import MONTHS

MOST_BYTES = 2 * 1024 * 1024
#: What one sheet can hold at most: salaries of the years KIM exists.
YEARS = range(2015, 2100)
Does = CostImportRow.Does


@dataclass(frozen=True)
class Column:
    name: str
    heading: str
    says: str
    needed: bool = False
    #: Other headings it is known by, as `bare` leaves them.
    also: tuple[str, ...] = ()


COLUMNS = (
    Column("post", "Stelle", "Nummer der Stelle, etwa M2-05", True, ("stellennummer", "stellennr", "planstelle")),
    Column("user", "Person", "Benutzername in KIM; leer: nicht genannt", False, ("benutzername", "username", "konto")),
    Column("month", "Monat", "MM.JJJJ oder der Erste des Monats", True, ("abrechnungsmonat", "leistungsmonat")),
    Column(
        "amount", "Betrag", "Euro, größer als 0", True, ("brutto", "bruttobetrag", "personalkosten", "kosten", "gehalt")
    ),
    Column("kind", "Kostenart", "leer: Personal", False, ("art", "artderkosten")),
    Column(
        "employer", "Arbeitgeberanteil", "Euro; wird eine zweite Ausgabe", False,
        ("arbeitgeberanteile", "aganteil", "aganteile", "agbrutto"),
    ),
    Column("notice", "Bescheid", "Kennung; leer: der Bescheid, der die Stelle dann zahlt", False, ("kennung",)),
)  # fmt: skip


def bare(text: str) -> str:
    """A heading without spelling: „Betrag (in €)“ is „betrag“."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    plain = re.sub(r"\((.*?)\)|\b(in )?(eur|euro)\b|€", " ", plain)
    return re.sub(r"[^a-z0-9]", "", plain)


_KNOWN = {bare(column.heading): column.name for column in COLUMNS} | {
    word: column.name for column in COLUMNS for word in column.also
}


def placed(headings: Sequence[str]) -> tuple[dict[int, str], list[str], list[str]]:
    """Place → name of the column; headings that are needed and missing; headings nobody reads, or reads twice."""
    found: dict[int, str] = {}
    unknown: list[str] = []
    for place, heading in enumerate(headings):
        name = _KNOWN.get(bare(heading))
        if name and name not in found.values():
            found[place] = name
        elif heading:
            unknown.append(heading)
    missing = [column.heading for column in COLUMNS if column.needed and column.name not in found.values()]
    return found, missing, unknown


def lines_of(rows: Iterable[tuple[int, list[str]]], places: dict[int, str]) -> list[tuple[int, dict[str, str]]]:
    """Filled lines as they are kept: name of the column → text of at most 120 signs a database can hold."""
    return [
        (number, {name: _kept(cells[at]) for at, name in places.items() if at < len(cells) and cells[at]})
        for number, cells in rows
    ]


def _kept(text: str) -> str:
    return re.sub("[\0\ud800-\udfff]", "", text)[:120]


# What a cell says


class Fault(Exception):
    """What is wrong with a line, as the user reads it."""


_MONTH = re.compile(r"([0-9]{1,2})\s*[./,-]\s*([0-9]{4}|20[2-9])")
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})(?:-([0-9]{1,2}))?")
_DAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_NAMED = re.compile(r"([a-zä]{3,9})\.?\s+([0-9]{4})")


def month_of(text: str) -> dt.date:
    """The first day of the month „03.2021“, „2021-03“, „März 2021“ or „01.03.2021“; raises Fault.

    A spreadsheet that took 10.2020 for a number hands on „10,202“.
    """
    day = 1
    if found := _DAY.fullmatch(text):
        day, month, year = int(found[1]), int(found[2]), int(found[3])
    elif found := _ISO.fullmatch(text):
        year, month, day = int(found[1]), int(found[2]), int(found[3] or 1)
    elif found := _MONTH.fullmatch(text):
        month, year = int(found[1]), int(found[2].ljust(4, "0"))
    elif (found := _NAMED.fullmatch(text.lower())) and (numbers := _months_like(found[1])):
        month, year = numbers[0], int(found[2])
    else:
        raise Fault(f"Den Monat „{text[:20]}“ versteht KIM nicht. Bitte schreiben Sie ihn wie 03.2021.")
    if not 1 <= month <= 12 or year not in YEARS:
        raise Fault(f"Den Monat „{text[:20]}“ gibt es nicht. Bitte schreiben Sie ihn wie 03.2021.")
    if day != 1:
        raise Fault("Bitte nennen Sie den Monat (03.2021) oder seinen ersten Tag, keinen anderen.")
    return dt.date(year, month, 1)


def _months_like(text: str) -> list[int]:
    wanted = {"mrz": "mär", "maerz": "mär"}.get(text, text)
    return [number for number, name in enumerate(MONTHS, start=1) if name.lower().startswith(wanted)]


_KINDS = {bare(word): kind.value for kind in CostKind for word in (kind.value, str(kind.label))} | {
    "personalkosten": "personnel", "pers": "personnel", "gehalt": "personnel", "entgelt": "personnel",
    "arbeitgeberanteil": "employer", "persag": "employer", "aganteile": "employer", "supv": "supervision",
    "fortbildung": "training", "sachfb": "training", "sachap": "workplace", "vera": "event", "veranstaltung": "event",
    "spm": "interpreting", "reise": "travel", "ovh": "overhead",
}  # fmt: skip


def kind_of(text: str) -> str:
    kind = _KINDS.get(bare(text)) if text else CostKind.PERSONNEL.value
    if kind is None:
        raise Fault(f"Die Kostenart „{text[:40]}“ kennt KIM nicht. Möglich sind: {', '.join(CostKind.labels[:-1])}.")
    if kind == CostKind.FORWARDED:
        raise Fault("Weiterleitungen tragen Sie bitte beim Bescheid ein; hier fehlt, an wen.")
    return kind


def amount_of(text: str, heading: str, euros: forms.DecimalField) -> Decimal:
    if text.startswith("="):
        raise Fault(f"In „{heading}“ steht eine Formel. Bitte fügen Sie stattdessen ihren Wert ein.")
    try:
        amount = euros.clean(text)
    except ValidationError as error:
        raise Fault(f"{heading} „{text[:20]}“: {' '.join(error.messages)}") from None
    return amount


# Checking


@dataclass(frozen=True)
class Said:
    """A line that could be read."""

    line: int
    post: Any
    user: Any
    month: dt.date
    amounts: tuple[tuple[str, Decimal], ...]
    notice: str

    @property
    def until(self) -> dt.date:
        return months_after(self.month, 1)


@dataclass
class Known:
    """What is there about the posts and months of a sheet."""

    posts: dict[str, Post]
    users: dict[str, User]
    notices: list[AwardNotice]
    terms: dict[int, list[PostTerm]] = field(default_factory=lambda: defaultdict(list))
    held: dict[int, list[Occupancy]] = field(default_factory=lambda: defaultdict(list))
    costs: dict[tuple[int, str], list[Cost]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def about(cls, posts: dict[str, Post], users: dict[str, User], said: Sequence[Said]) -> "Known":
        first = min((one.month for one in said), default=dt.date(2020, 1, 1))
        until = max((one.until for one in said), default=first + dt.timedelta(days=1))
        ids = sorted({one.post.pk for one in said})
        notices = AwardNotice.objects.select_related("period__programme").filter(
            period__valid_from__lt=until, period__valid_until__gt=first
        )
        known = cls(posts, users, list(notices))
        if not ids:
            return known
        for term in PostTerm.objects.believed().within(first, until).filter(post__in=ids):
            known.terms[term.post_id].append(term)
        for one in Occupancy.objects.believed().within(first, until).filter(post__in=ids):
            known.held[one.post_id].append(one)
        costs = Cost.objects.believed().within(first, until).filter(post__in=ids)
        for cost in costs.select_related("notice__period"):
            known.costs[cost.post_id or 0, cost.kind].append(cost)
        return known


def check(lines: Sequence[tuple[int, dict[str, str]]]) -> list[CostImportRow]:
    """What each line says and would do; up to two rows for a line, the order that of the sheet. Nothing is written."""
    euros = Euros(min_value=Decimal("0.01"))
    euros.error_messages["min_value"] = "Der Betrag muss größer als 0 sein."
    numbers = {told.get("post", "").lower() for _, told in lines}
    names = {told.get("user", "").lower() for _, told in lines}
    posts = {post.number.lower(): post for post in Post.objects.all() if post.number.lower() in numbers}
    users = {user.username.lower(): user for user in User.objects.only("username") if user.username.lower() in names}
    read: list[Said | CostImportRow] = []
    for line, told in lines:
        try:
            read.append(_said(line, told, posts, users, euros))
        except Fault as fault:
            read.append(_faulty(line, told, fault))
    known = Known.about(posts, users, [one for one in read if isinstance(one, Said)])
    rows: list[CostImportRow] = []
    seen: dict[tuple, int] = {}
    by_line = dict(lines)
    for one in read:
        if isinstance(one, CostImportRow):
            rows.append(one)
            continue
        try:
            rows += _rows(one, by_line[one.line], known, seen)
        except Fault as fault:
            rows.append(_faulty(one.line, by_line[one.line], fault))
    return rows


def _faulty(line: int, told: dict[str, str], fault: Fault) -> CostImportRow:
    return CostImportRow(line=line, does=Does.FAULTY, told={"cells": told}, problem=str(fault)[:300])


def _said(line: int, told: dict[str, str], posts, users, euros) -> Said:
    for column in COLUMNS:
        if column.needed and not told.get(column.name):
            raise Fault(f"„{column.heading}“ fehlt.")
        if column.name not in ("amount", "employer") and told.get(column.name, "").startswith("="):
            raise Fault(f"In „{column.heading}“ steht eine Formel. Bitte fügen Sie stattdessen ihren Wert ein.")
    post = posts.get(told["post"].lower())
    if post is None:
        raise Fault(f"Eine Stelle mit der Nummer „{told['post'][:40]}“ gibt es nicht.")
    user = users.get(told["user"].lower()) if told.get("user") else None
    if told.get("user") and user is None:
        raise Fault(f"Ein Konto mit dem Benutzernamen „{told['user'][:40]}“ gibt es nicht.")
    kind = kind_of(told.get("kind", ""))
    amounts = [(kind, amount_of(told["amount"], "Betrag", euros))]
    share = told.get("employer", "")
    if share and re.fullmatch(r"0*([.,]0*)?\s*€?", share) is None:
        if kind != CostKind.PERSONNEL:
            raise Fault("Ein Arbeitgeberanteil gehört zu einer Zeile mit der Kostenart Personal.")
        amounts.append((CostKind.EMPLOYER.value, amount_of(share, "Arbeitgeberanteil", euros)))
    return Said(line, post, user, month_of(told["month"]), tuple(amounts), told.get("notice", ""))


def _rows(one: Said, told: dict[str, str], known: Known, seen: dict[tuple, int]) -> list[CostImportRow]:
    notice = _notice(one, known)
    if one.user and not any(
        held.user_id == one.user.pk and _meets(held, one.month, one.until) for held in known.held[one.post.pk]
    ):
        raise Fault(f"Diese Person hatte die Stelle {one.post.number} in diesem Monat nicht inne.")
    keys = [(notice.pk, one.post.pk, one.user and one.user.pk, one.month, kind) for kind, _ in one.amounts]
    for key in keys:
        if key in seen:
            raise Fault(f"Dasselbe steht schon in Zeile {seen[key]}.")
    olds = [_there(one, kind, notice, known) for kind, _ in one.amounts]
    seen |= dict.fromkeys(keys, one.line)
    rows = []
    for (kind, amount), was in zip(one.amounts, olds, strict=True):
        says = {
            "cells": told, "post": one.post.pk, "number": one.post.number, "user": one.user and one.user.pk,
            "name": one.user.username if one.user else "", "notice": notice.pk, "to": notice.number,
            "month": one.month.isoformat(), "amount": str(amount),
        }  # fmt: skip
        does = Does.ENTER if was is None else Does.SAME if was.amount == amount else Does.CORRECT
        rows.append(CostImportRow(line=one.line, kind=kind, does=does, told=says, was=was))
    return rows


def _notice(one: Said, known: Known) -> AwardNotice:
    """The notice that is named, or the only one that pays for the post in that month."""
    recipients = {term.recipient_id for term in known.terms[one.post.pk] if _meets(term, one.month, one.until)}
    if not recipients:
        raise Fault(f"Die Stelle {one.post.number} gibt es in diesem Monat nicht.")
    paying = [
        notice for notice in known.notices
        if notice.module == one.post.module and notice.period.valid_from < one.until
        and (notice.period.valid_until or FOREVER) > one.month
    ]  # fmt: skip
    if one.notice:
        named = [notice for notice in known.notices if notice.number.lower() == one.notice.lower()]
        if not named:
            raise Fault(f"Einen Bescheid „{one.notice[:40]}“ gibt es in diesem Monat nicht.")
        if named[0] not in paying:
            raise Fault(f"Der Bescheid {named[0].number} ist für ein anderes Modul als die Stelle.")
        paying = named
    else:
        paying = [notice for notice in paying if notice.recipient_id in recipients]
    if not paying:
        raise Fault(f"Für die Stelle {one.post.number} gibt es in diesem Monat keinen Bescheid.")
    if len(paying) > 1:
        numbers = ", ".join(sorted(notice.number for notice in paying)[:5])
        raise Fault(f"Mehrere Bescheide kommen in Frage ({numbers}). Bitte nennen Sie einen in der Spalte „Bescheid“.")
    period = paying[0].period
    if period.valid_from > one.month or (period.valid_until or FOREVER) < one.until:
        raise Fault(f"Der Monat liegt nicht ganz im Förderzeitraum von {paying[0].number} ({period.span}).")
    return paying[0]


def _there(one: Said, kind: str, notice: AwardNotice, known: Known) -> Cost | None:
    """The cost this line is about, if it is there; raises Fault where another would count the same money twice."""
    who = one.user and one.user.pk
    near = [cost for cost in known.costs[one.post.pk, kind] if _meets(cost, one.month, one.until)]
    near = [cost for cost in near if cost.user_id is None or who is None or cost.user_id == who]
    same = [
        cost for cost in near
        if (cost.valid_from, cost.valid_until) == (one.month, one.until) and cost.user_id == who
        and cost.notice_id == notice.pk
    ]  # fmt: skip
    if len(same) == 1:
        return same[0]
    if near:
        what = str(CostKind(kind).label)
        spans = "; ".join(inclusive(cost.valid_from, cost.valid_until) for cost in near[:3])
        raise Fault(
            f"Zu {one.post.number} gibt es für diese Zeit schon eine Ausgabe „{what}“ ({near[0].notice.number}, "
            f"{spans}), die anders eingetragen ist. Bitte berichtigen Sie jene von Hand."
        )
    return None


def _meets(fact, first: dt.date, until: dt.date) -> bool:
    return fact.valid_from < until and (fact.valid_until or FOREVER) > first


# The template


def template() -> bytes:
    """An empty workbook with the headings, and what may stand under them."""
    import xlsxwriter  # here: few workers ever write a workbook, and all would carry the library

    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False})
    sheet, words = book.add_worksheet("Personalkosten"), book.add_worksheet("Was möglich ist")
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 0)
    words.write_row(0, 0, ["Spalte", "nötig", "Angabe"], bold)
    for place, column in enumerate(COLUMNS):
        sheet.write_string(0, place, column.heading, bold)
        sheet.set_column(place, place, max(14, len(column.heading) + 2), text if column.name == "month" else None)
        words.write_row(place + 1, 0, [column.heading, "ja" if column.needed else "", column.says])
    words.write_row(len(COLUMNS) + 2, 0, ["Kostenarten", "", ", ".join(CostKind.labels[:-1])])
    words.set_column(0, 1, 20)
    words.set_column(2, 2, 90)
    book.close()
    return file.getvalue()
