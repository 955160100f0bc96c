"""Everything we keep about one person (Art. 15 DSGVO), read along the privacy table so that no field can be forgotten.

What belongs to a case is told for the cases the asker works on: each employer answers for its own.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from casework import access
from casework.models import Case, CaseProcedure, Client, Household, Procedure
from casework.privacy import TABLE, Row, blanked, rows_of

#: Tables of which no row belongs to a client: directories, guidance, counters, rows that wait to be read, and what
#: stays of the erased without a way back.
OF_NOBODY = {
    "Actor", "CaseNumberRange", "Checklist", "ChecklistItem", "Import", "ImportRow", "Erasure", "StatisticalRecord",
}  # fmt: skip


#: What a table is called where the model itself has no German name.
CALLED = {
    "Household": "Haushalt",
    "Client": "Angaben zur Beratung",
    "Identity": "Person und Kontakt",
    "CaseStep": "Schritte des Falls",
    "CaseIssue": "Verknüpfung mit einem Knackpunkt",
    "Assessment": "Einschätzung",
    "GoalMeasure": "Maßnahme zu einem Ziel",
    "PlanVersion": "vereinbarte Fassung des Hilfeplans",
    "Look": "Einblick der Koordinierung",
    "HandOver": "Fallübergabe",
}

#: Stands for words about cases of several people.
NOT_TOLD = "nicht mitgeteilt, betrifft auch andere Personen"


@dataclass(frozen=True)
class Field:
    name: str
    label: str
    row: Row


@dataclass(frozen=True)
class Part:
    """One table: its fields with why and how long they are kept, and the entries about the person."""

    model: type[Model]
    fields: list[Field]
    entries: list[dict[str, Any]]

    @property
    def name(self) -> str:
        return CALLED.get(self.model.__name__, str(self.model._meta.verbose_name))


def tables() -> list[type[Model]]:
    """The tables of the privacy table, in its order, that hold rows about a client."""
    names = dict.fromkeys(row.model for row in TABLE if row.model not in OF_NOBODY)
    return [apps.get_model("casework", name) for name in names]


def about(client: Client, *, by) -> list[Part]:
    """Every table with its entries about `client`; empty ones too, for that we keep nothing is an answer as well."""
    cases = Case.objects.filter(access.kept_cases(by), client=client)
    return [
        Part(model, _fields(model), list(_entries(model, rows_about(model, client, cases), cases)))
        for model in tables()
    ]


def rows_about(model, client: Client, cases: QuerySet) -> QuerySet:
    """The rows of `model` about a client: along its references to a case, else along those to the client."""
    rows = model._base_manager.order_by("pk")
    if model in _ROOTS:
        return rows.filter(_ROOTS[model](client, cases))
    found = Q()
    for field in _ways(model):
        found |= Q(**{f"{field.name}__in": rows_about(field.related_model, client, cases).order_by().values("pk")})
    if not found:
        raise LookupError(f"{model.__name__} leads to no client; does it belong to OF_NOBODY?")
    return rows.filter(found).distinct() if any(field.many_to_many for field in _ways(model)) else rows.filter(found)


_ROOTS = {
    Client: lambda client, cases: Q(pk=client.pk),
    Household: lambda client, cases: Q(pk=client.household_id),
    Case: lambda client, cases: Q(pk__in=cases.values("pk")),
    # A procedure knows no case; the way back stands on the side of case management.
    Procedure: lambda client, cases: Q(
        pk__in=CaseProcedure.objects.filter(case__in=cases.values("pk")).values("procedure")
    ),
}  # fmt: skip


def _ways(model):
    """References that lead to the person: to a case where there is one, for a consent may be named in several."""
    fields = [field for field in [*model._meta.concrete_fields, *model._meta.many_to_many]
              if field.is_relation and field.related_model._meta.app_label == "casework"]  # fmt: skip
    fields = [field for field in fields if field.related_model.__name__ not in OF_NOBODY]
    of_case = [field for field in fields if _is_of_case(field.related_model)]
    return of_case or fields


def _is_of_case(model) -> bool:
    if model in (Client, Household):
        return False
    return model in _ROOTS or any(_is_of_case(field.related_model) for field in _ways(model))


def _fields(model) -> list[Field]:
    return [Field(name, _label(model, name, row), row) for row in rows_of(model) for name in row.fields]


def _label(model, name, row) -> str:
    """What a field is called on our pages; one that never stands on a page is called after its purpose."""
    field = model._meta.get_field(name)
    if field.primary_key and not field.is_relation:
        return "laufende Nummer"
    words = str(field.verbose_name)
    if words != name.replace("_", " "):
        return words
    other = field.related_model
    if other is not None and other._meta.app_label == "casework":
        return f"zu: {CALLED.get(other.__name__, str(other._meta.verbose_name))}"
    return row.purpose


def _entries(model, rows, cases) -> Iterator[dict[str, Any]]:
    """One for each row. What it shares with cases of others (HandOver) is told without them and without its words."""
    own = set(cases.values_list("pk", flat=True))
    words = set(blanked(model.__name__))
    names = [name for row in rows_of(model) for name in row.fields]
    many = {field.name for field in model._meta.many_to_many}
    single = [field.name for field in model._meta.concrete_fields if field.is_relation]
    for obj in rows.select_related(*single).prefetch_related(*many):
        told = {name: _value(obj, name) for name in names if name not in many}
        for name in many.intersection(names):
            every = list(getattr(obj, name).all())
            mine = [one for one in every if not isinstance(one, Case) or one.pk in own]
            told[name] = [str(one) for one in mine]
            if len(mine) < len(every):
                told |= dict.fromkeys(words, NOT_TOLD)
        yield {name: told[name] for name in names}


def _value(obj, name):
    """As it is kept; a reference by its name, or by its number where what is referred to is told in its own table."""
    field = obj._meta.get_field(name)
    if field.is_relation:
        other = field.related_model
        return getattr(obj, field.attname) if other._meta.app_label == "casework" else _words(getattr(obj, name))
    value = getattr(obj, name)
    if field.choices and value not in (None, ""):
        return str(getattr(obj, f"get_{name}_display")())
    return value if isinstance(value, int | float | bool | list | dict) or value is None else _words(value)


def _words(value) -> str | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Decimal | bytes | memoryview):
        return str(value) if isinstance(value, Decimal) else "(verschlüsselt)"
    return str(value)


def as_json(parts: list[Part], head: dict[str, str]) -> str:
    told = {
        "auskunft": head,
        "angaben": [
            {
                "tabelle": part.name,
                "name": part.model.__name__,
                "felder": [
                    {
                        "feld": field.name,
                        "bezeichnung": field.label,
                        "art": field.row.category.label,
                        "zweck": field.row.purpose,
                        "aufbewahrung": field.row.kept.label,
                    }
                    for field in part.fields
                ],
                "eintraege": part.entries,
            }
            for part in parts
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2, default=str)
