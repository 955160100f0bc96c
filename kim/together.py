"""Several small sets of rows in one round trip, for pages that show a little of many tables.

Each queryset becomes one column of a single SELECT, its rows as JSON. The statement is compiled once for each shape it
comes in, and PostgreSQL plans it once per connection: building and planning a dozen queries takes ten times as long as
running them. What differs from one request to the next is a `Slot`, filled when the statement runs.

    @together
    def around(with_words):                       # arguments: whatever changes the text of the statement
        issue = Slot("issue")
        return {"steps": IssueStep.objects.filter(issue=issue), ...}

    around(True)(issue=7)["steps"]                # a list of IssueStep
"""

import datetime as dt
import itertools
import json
import re
import weakref
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial, wraps
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models import Expression, QuerySet

from kim import replica

#: The function that makes one row, and the one that gathers all of them, as text.
_JSON = {
    "sqlite": ("json_array", "json_group_array({})"),
    "postgresql": ("json_build_array", "json_agg({})::text"),
}
_number = itertools.count(1)
_EXECUTED = re.compile(r"EXECUTE (kim_[0-9]+)")
#: Name of a planned statement → its text, for the log of slow ones.
_texts: weakref.WeakValueDictionary[str, "Statement"] = weakref.WeakValueDictionary()
#: Names of the statements each connection has planned. A new connection begins with none.
_planned: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()


class Slot(Expression):
    """A place in a query for a value that is given when it runs: `filter(issue=Slot("issue"))`."""

    def __init__(self, name: str, field: models.Field | None = None):
        self.kept_as: models.Field = field or models.BigIntegerField()
        super().__init__(output_field=self.kept_as)
        self.name = name

    def as_sql(self, compiler, connection):
        return "%s", [self]

    def value(self, given):
        """As the database takes it. A number no column can hold is none that is there."""
        if isinstance(given, int) and not -(2**63) <= given < 2**63:
            given = None
        return self.kept_as.get_db_prep_value(given, _connection())


def day(name: str = "today") -> Slot:
    return Slot(name, models.DateField())


def moment(name: str = "now") -> Slot:
    return Slot(name, models.DateTimeField())


def text(name: str) -> Slot:
    return Slot(name, models.TextField())


def through(model: type[models.Model], name: str, pk: Slot) -> QuerySet:
    """The ids on the far side of a many-to-many field of the instance with this id."""
    field: Any = model._meta.get_field(name)
    rows = field.remote_field.through._default_manager.filter(**{field.m2m_field_name(): pk})
    return rows.values(field.m2m_reverse_field_name())


def together(build: Callable[..., Mapping[str, QuerySet]], *, planned: bool = True) -> Callable[..., "Statement"]:
    """Make `build` a maker of statements: one for each set of (hashable) arguments it is called with."""
    made: dict[tuple, Statement] = {}

    @wraps(build)
    def statement(*shape, **more):
        key = (_connection().vendor, *shape, *sorted(more.items()))
        if key not in made:
            while len(made) >= KEPT:
                made.pop(next(iter(made)), None)
            made[key] = Statement(build(*shape, **more), planned=planned)
        return made[key]

    return statement


#: The same for searches: their best plan hangs on what is looked for, so they are planned each time they run.
together_planned_anew = partial(together, planned=False)
#: Shapes of one kind a process keeps, the latest; and statements a connection plans, the first.
KEPT = 300
PLANNED = 200


class Statement:
    """Sets of rows that are read in one query. Call it with a value for each slot.

    Answers lists of model instances under the names of the sets. Annotations become attributes, `only()` is kept;
    `select_related` and prefetching are not: annotate what is needed.
    """

    def __init__(self, sets: Mapping[str, QuerySet], *, planned: bool = True):
        connection = _connection()
        self.planned = planned and connection.vendor == "postgresql"
        self.name = f"kim_{next(_number)}"
        self.readers: dict[str, _Reader] = {}
        self.empty: list[str] = []
        self.params: list[Any] = []
        columns = []
        for name, rows in sets.items():
            fields = _fields(rows)
            try:
                sql, params = rows.values_list(*fields).query.get_compiler(connection=connection).as_sql()
            except EmptyResultSet:
                self.empty.append(name)
                continue
            names = ", ".join(f"c{number}" for number in range(len(fields)))
            build, gather = _JSON[connection.vendor]
            # Compiled by Django; values stay parameters.
            columns.append(f"(WITH t({names}) AS ({sql}) SELECT {gather.format(f'{build}({names})')} FROM t)")  # noqa: S608
            self.params += params
            self.readers[name] = _Reader(rows.model, fields)
        self.sql = f"SELECT {', '.join(columns)}"
        self.slots = {param.name: param for param in self.params if isinstance(param, Slot)}
        _texts[self.name] = self

    def __call__(self, **values) -> dict[str, list]:
        found: dict[str, list] = {name: [] for name in self.empty}
        if self.readers:
            for (name, reader), rows in zip(self.readers.items(), self._answer(values), strict=True):
                found[name] = [reader.instance(row) for row in json.loads(rows, parse_float=Decimal)] if rows else []
        return found

    def _answer(self, values) -> tuple:
        connection = _connection()
        with connection.cursor() as cursor:
            if self.planned and self._plan():
                given = [slot.value(values[name]) for name, slot in self.slots.items()]
                marks = f"({', '.join(['%s'] * len(given))})" if given else ""
                cursor.execute(f"EXECUTE {self.name}{marks}", given)
            else:
                given = [param.value(values[param.name]) if isinstance(param, Slot) else param for param in self.params]
                cursor.execute(self.sql, given)
            return cursor.fetchone()

    def _plan(self) -> bool:
        """Whether this connection has planned the statement, once; if not, it is sent as a whole.

        Not where a pooler hands out another connection for each transaction (there DISABLE_SERVER_SIDE_CURSORS is set,
        as Django asks for), and not more than PLANNED of them: the database keeps each plan in memory.
        """
        connection = _connection()
        planned = _planned.setdefault(connection.connection, set())
        if self.name in planned:
            return True
        if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS") or len(planned) >= PLANNED:
            return False
        numbers = {name: f"${number}" for number, name in enumerate(self.slots, 1)}
        # Below Django's cursor: planning is no query of the page.
        with connection.connection.cursor() as cursor:
            marks = tuple(
                numbers[param.name] if isinstance(param, Slot) else cursor.mogrify("%s", [param]).decode()
                for param in self.params
            )
            types = [str(slot.kept_as.db_type(connection)) for slot in self.slots.values()]
            declared = f"({', '.join(types)})" if types else ""
            cursor.execute(f"PREPARE {self.name}{declared} AS {self.sql % marks}")
        planned.add(self.name)
        return True


def _connection():
    """The first database, or where figures are being read the replica (kim.replica)."""
    return connections[replica.alias()]


def text_of(sql: str) -> str:
    """What „EXECUTE kim_7(…)“ stands for; any other statement as it is."""
    named = _EXECUTED.match(sql)
    statement = _texts.get(named[1]) if named else None
    return statement.sql if statement else sql


class _Reader:
    """Makes instances of `model` from rows of JSON, in the order of `fields` (attribute name → field)."""

    def __init__(self, model, fields: Mapping[str, models.Field]):
        own = {field.attname for field in model._meta.concrete_fields}
        self.model = model
        self.own = [name for name in fields if name in own]  # the columns come first
        self.further = [name for name in fields if name not in own]
        readers = (_from_json(field) for field in fields.values())
        self.readers = [(place, read) for place, read in enumerate(readers) if read]

    def instance(self, values: list):
        for place, read in self.readers:
            if values[place] is not None:
                values[place] = read(values[place])
        made = self.model.from_db(replica.alias(), self.own, values[: len(self.own)])
        for name, value in zip(self.further, values[len(self.own) :], strict=True):
            setattr(made, name, value)
        return made


def _fields(rows: QuerySet) -> dict[str, models.Field]:
    """Attribute name → field, of the columns wanted and then of the annotations."""
    named, deferred = rows.query.deferred_loading
    found = {}
    for field in rows.model._meta.concrete_fields:
        is_named = bool({field.name, field.attname} & named)
        if field.primary_key or not named or is_named != deferred:
            found[field.attname] = field
    return found | {name: annotation.output_field for name, annotation in rows.query.annotations.items()}


def _from_json(field: models.Field) -> Callable | None:
    """How to read a value of `field` from JSON, if it is not what it is: moments are aware, days are dates."""
    if isinstance(field, models.GeneratedField):
        return _from_json(field.output_field)  # type: ignore[arg-type]
    if isinstance(field, models.DateTimeField):
        return _moment
    if isinstance(field, models.DateField):
        return lambda value: dt.date.fromisoformat(value[:10])
    if isinstance(field, models.BooleanField):
        return bool
    if isinstance(field, models.DecimalField):
        return lambda value: Decimal(str(value))
    if isinstance(field, models.JSONField):
        return lambda value: json.loads(value) if isinstance(value, str) else value
    return None


def _moment(value: str) -> dt.datetime:
    read = dt.datetime.fromisoformat(value)
    return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
