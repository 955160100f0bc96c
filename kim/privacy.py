"""What we know about people and for how long: the mechanism. Each app keeps a table of its own and hangs it in here.

One row names the fields of one model that share an answer. Erasure, the export of one person's data, the register of
processing (Art. 30 DSGVO), the deletion concept (after DIN 66398) and the list of personal fields all read these
tables; a test finds a field of the project that is in no row, or in two.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models

from kim.dated import months_after


class Category(models.TextChoices):
    HARMLESS = "harmless", "ohne Personenbezug"
    PERSONAL = "personal", "personenbezogen"
    SPECIAL = "special", "besonders geschützt (Art. 9 DSGVO) oder kann es sein"


class Erasure(models.TextChoices):
    DELETE = "delete", "löschen"
    BLANK = "blank", "leeren"
    STATISTICS = "statistics", "vergröbert in den Statistiksatz übernehmen, dann löschen"
    KEEP = "keep", "bleibt"


@dataclass(frozen=True)
class Kept:
    """A class of deletion: how long, counted from when, and who carries it out.

    `job` is the name of a task of the timetable (kim.celery.TIMETABLE); empty: nobody but people do it, and the
    deletion concept says so. `months` is the length where it is fixed; None where it depends on something else.
    """

    key: str
    label: str
    starts: str
    basis: str
    job: str = ""
    months: int | None = None
    exceptions: str = ""

    def __str__(self) -> str:
        return self.label

    def ended_before(self, today: dt.date) -> dt.date:
        """What began to count before this day is over by `today`."""
        if self.months is None:
            raise LookupError(f"{self.key} has no fixed length")
        return months_after(today, -self.months)


@dataclass(frozen=True)
class Row:
    """`model` is a name within the app of the table, or a label („sessions.Session“) of somebody else's app."""

    model: str
    names: str
    category: Category
    purpose: str
    kept: Kept
    erasure: Erasure

    @property
    def fields(self) -> list[str]:
        return self.names.split()


@dataclass(frozen=True)
class Activity:
    """One processing activity of the register (Art. 30 (1)): which models serve it, on what legal ground."""

    key: str
    name: str
    purpose: str
    basis: str
    people: str  # whose data
    recipients: str
    models: tuple[str, ...]  # labels


#: App → its rows, in the order in which the apps stand on one another.
_TABLES: dict[str, tuple[Row, ...]] = {}
_ACTIVITIES: dict[str, tuple[Activity, ...]] = {}


def register(app: str, rows: Iterable[Row], activities: Iterable[Activity] = ()) -> None:
    """Hang an app's table in; a second call of the same name replaces the first."""
    _TABLES[app] = tuple(rows)
    _ACTIVITIES[app] = tuple(activities)


def label_of(app: str, row: Row) -> str:
    return row.model if "." in row.model else f"{app}.{row.model}"


def every_row() -> Iterator[tuple[str, Row]]:
    """(label of its model, row) of all apps."""
    for app, rows in _TABLES.items():
        for row in rows:
            yield label_of(app, row), row


def activities() -> list[Activity]:
    return [one for found in _ACTIVITIES.values() for one in found]


def labels() -> list[str]:
    """Every model that has rows, in the order of the tables."""
    return list(dict.fromkeys(label for label, _ in every_row()))


def rows_of(model: type[models.Model]) -> list[Row]:
    return [row for label, row in every_row() if label == model._meta.label]


def row_of(model: type[models.Model], field: str) -> Row:
    """The one row that answers for a field; raises LookupError."""
    for row in rows_of(model):
        if field in row.fields:
            return row
    raise LookupError(f"{model.__name__}.{field} stands in no row of the privacy table")


def fields_of(model: type[models.Model]) -> set[str]:
    """Every field that must stand in a row."""
    return {field.name for field in [*model._meta.concrete_fields, *model._meta.many_to_many]}


def gaps() -> dict[str, str]:
    """Fields of the project that stand in no row, in two, or in one though there is no such field: label → why."""
    found = {}
    for model in apps.get_models():
        names = [name for row in rows_of(model) for name in row.fields]
        if missing := fields_of(model) - set(names):
            found[model._meta.label] = f"in no row: {', '.join(sorted(missing))}"
        elif unknown := set(names) - fields_of(model):
            found[model._meta.label] = f"no such field: {', '.join(sorted(unknown))}"
        elif twice := sorted({name for name in names if names.count(name) > 1}):
            found[model._meta.label] = f"in two rows: {', '.join(twice)}"
    known = {model._meta.label for model in apps.get_models()}
    return found | {label: "no such model" for label in labels() if label not in known}


# What is over


#: Label of a model → `f(day) -> queryset` of its rows whose time is over on that day.
_DUE: dict[str, Callable[[dt.date], models.QuerySet]] = {}


def due(label: str):
    """Registers `f(day) -> queryset`: the rows of the model whose time is over; kim.retention erases them."""

    def register_due(function):
        _DUE[label] = function
        return function

    return register_due


def over(label: str, day: dt.date) -> models.QuerySet:
    return _DUE[label](day)


def with_an_end() -> list[str]:
    """Labels of the models the nightly run erases, in the order of the tables."""
    return [label for label in labels() if label in _DUE]


def blanked(model: type[models.Model]) -> list[str]:
    """The fields of `model` that are emptied while the row itself stays."""
    return [name for row in rows_of(model) if row.erasure == Erasure.BLANK for name in row.fields]
