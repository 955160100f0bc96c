"""Requests by right of people who have an account, and what KIM keeps on an account (Art. 15 DSGVO).

The administration and the audit handle them. They read no content elsewhere, so the answer tells them none either: of
what somebody wrote it says where and how often, and the person reads the rest in their own account.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.db.models import Q

from kim import access, privacy, retention, rights, workdays
from kim.models import AccountRequest, TrailEntry, User
from kim.models.rights import Kind
from kim.privacy import Category
from kim.rules import demand
from kim.trail import ACTS
from kim.workflow import StepRefused

#: Rows told one by one, at most so many of each table.
MOST = 500
#: Label → the fields that lead to the account, and those that are not told: content, or secrets.
OWN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "kim.User": (("pk",), ("password",)),
    "kim.RoleGrant": (("user",), ()),
    "kim.Assignment": (("user",), ()),
    "kim.Absence": (("user", "deputy"), ()),
    "kim.Notice": (("recipient",), ("text", "url", "mail")),
    "kim.Mail": (("recipient",), ("body", "calendar")),
    "kim.Draft": (("user",), ("data", "title", "url")),
    "kim.SavedFilter": (("user",), ("name", "query")),
    "kim.CalendarFeed": (("user",), ("digest",)),
    "kim.AccountRequest": (("account",), ()),
    "account.EmailAddress": (("user",), ()),
    "kim.Suspension": (("user",), ()),
    "kim.Invitation": (("user",), ("digest",)),
    "kim.Device": (("user",), ("digest",)),
    "kim.SignIn": (("user",), ()),
    "kim.ProviderSession": (("sign_in__user",), ()),
    "mfa.Authenticator": (("user",), ("data",)),
    "socialaccount.SocialAccount": (("user",), ("extra_data",)),
    "kim.BarrierReport": (("by",), ()),
    "steering.Membership": (("user",), ()),
    "funding.Occupancy": (("user", "substitute_for"), ()),
    "funding.Leave": (("user",), ()),
}
WITHHELD = "nicht ausgegeben; im eigenen Konto lesbar oder ein Geheimnis"


@dataclass(frozen=True)
class Part:
    """One table: what it is for and how long it is kept, and its entries about the account."""

    label: str
    name: str
    purposes: list[str]
    entries: list[list[tuple[str, str]]]
    number: int


def receive(*, account: User, by, **given: Any) -> AccountRequest:
    demand(access.keeps_account_requests, by)
    return rights.receive(AccountRequest(account=account, **given), by=by)


def take(asked: AccountRequest, name: str, *, by, **given: Any) -> None:
    demand(access.keeps_account_requests, by)
    along = partial(_along, by=by) if name == "answer" else None
    rights.take(asked, name, by=by, along=along, **given)


def _along(asked: AccountRequest, given: dict, *, by) -> None:
    if asked.kind in (Kind.ACCESS, Kind.PORTABILITY) and not _was_exported(asked):
        raise StepRefused("Bitte geben Sie zuerst die gespeicherten Angaben aus und händigen Sie sie aus.")
    if asked.kind == Kind.ERASURE:
        retention.forget_at_once(asked.account, by=by)


def _was_exported(asked: AccountRequest) -> bool:
    since = dt.datetime.combine(asked.received_on, dt.time(), workdays.BERLIN)
    rows = TrailEntry.objects.filter(kind="kim.user", object_id=str(asked.account_id), act="user.export")
    return rows.filter(at__gte=since).exists()


# What is kept on an account


def about(account: User) -> list[Part]:
    """Every table of the privacy tables with what it holds on the account, empty ones left out."""
    return [part for label in privacy.labels() if (part := _part(label, account)).number]


def _part(label: str, account: User) -> Part:
    model = apps.get_model(label)
    rows = privacy.rows_of(model)
    words = [f"{row.purpose}; aufbewahrt: {row.kept}" for row in rows if row.category != Category.HARMLESS]
    name = str(model._meta.verbose_name)
    if label in OWN:
        ways, withheld = OWN[label]
        fields = model._meta.get_fields()
        led_to = [one.name for one in fields if one.concrete and (one.many_to_one or one.one_to_one)]
        many = [one.name for one in fields if one.concrete and one.many_to_many]
        found = model._base_manager.filter(_any(ways, account)).order_by("pk")
        found = found.select_related(*led_to).prefetch_related(*many)
        entries = [list(_told(one, rows, withheld)) for one in found[:MOST]]
        return Part(label, name, list(dict.fromkeys(words)), entries, found.count())
    counted: Counter[str] = Counter()
    for field in model._meta.concrete_fields:
        if field.is_relation and field.related_model is User:
            counted[str(field.verbose_name)] += model._base_manager.filter(**{field.name: account}).count()
    counted = +counted
    if label == "kim.TrailEntry" and counted:
        acts = Counter(TrailEntry.objects.filter(by=account).order_by().values_list("act", flat=True))
        counted = Counter({ACTS.get(act, act): number for act, number in acts.items()})
    entries = [[(field, f"{number} Einträge nennen das Konto") for field, number in sorted(counted.items())]]
    return Part(label, name, list(dict.fromkeys(words)), entries if counted else [], counted.total())


def _any(ways: tuple[str, ...], account: User) -> Q:
    found = Q()
    for way in ways:
        found |= Q(**{way: account.pk})
    return found


def _told(one, rows, withheld) -> Iterator[tuple[str, str]]:
    for name in (name for row in rows for name in row.fields):
        field = one._meta.get_field(name)
        if name in withheld:
            yield str(field.verbose_name), WITHHELD
        elif field.many_to_many:
            yield str(field.verbose_name), ", ".join(str(other) for other in getattr(one, name).all()) or "–"
        else:
            yield str(field.verbose_name), _words(one, field, name)


def _words(one, field, name) -> str:
    value = getattr(one, name)
    if value in (None, ""):
        return "–"
    if field.choices:
        return str(getattr(one, f"get_{name}_display")())
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(workdays.BERLIN):%d.%m.%Y %H:%M}"
    return f"{value:%d.%m.%Y}" if isinstance(value, dt.date) else str(value)


def as_json(account: User) -> str:
    told = [
        {
            "tabelle": part.name,
            "zweck": part.purposes,
            "anzahl": part.number,
            "eintraege": [dict(entry) for entry in part.entries],
        }
        for part in about(account)
    ]
    return json.dumps({"auskunft": str(account), "stand": f"{workdays.today():%d.%m.%Y}", "angaben": told},
                      ensure_ascii=False, indent=2)  # fmt: skip


def as_pdf(account: User, *, controller: str) -> bytes:
    """PDF/UA-1, tagged."""
    from kim.printing import document

    parts = [
        {"name": part.name, "entries": [[list(cell) for cell in entry] for entry in part.entries],
         "why": [*part.purposes, *([f"{part.number} Einträge, gezeigt die ersten {MOST}."]
                                   if part.label in OWN and part.number > MOST else [])]}
        for part in about(account)
    ]  # fmt: skip
    title = "Auskunft über ein Konto (Art. 15 DSGVO)"
    lead = [
        f"Stand {workdays.today():%d.%m.%Y}. Verantwortlich: {controller}.",
        "Sie haben das Recht auf Berichtigung, Löschung, Einschränkung und Widerspruch und auf Beschwerde bei der "
        "Landesbeauftragten für Datenschutz und Informationsfreiheit Nordrhein-Westfalen.",
    ]
    return document(
        "person_data",
        {"lang": "de", "footer": title, "title": title, "author": controller, "lead": lead, "parts": parts,
         "empty": "alle übrigen Tabellen von KIM"},
    )  # fmt: skip
