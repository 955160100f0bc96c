"""Several small sets of rows in one round trip, for pages that show a little of many tables.

Each queryset becomes one column of a single SELECT, its rows as JSON. On both engines the way of counting is the same:
a page that shows twelve kinds of things asks the database once.
"""

import datetime as dt
import json
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import QuerySet


def together(**sets: QuerySet) -> dict[str, list]:
    """Every queryset of `sets` evaluated, as lists of model instances under the same names. One query.

    Annotations become attributes, `only()` is kept; `select_related` and prefetching are not: annotate what is needed.
    """
    found: dict[str, list] = {name: [] for name in sets}
    columns, params, readers = [], [], {}
    for name, rows in sets.items():
        fields = _fields(rows)
        query = rows.values_list(*fields).query
        try:
            sql, given = query.get_compiler(connection=connection).as_sql()
        except EmptyResultSet:
            continue
        names = ", ".join(f"c{number}" for number in range(len(fields)))
        build, gather = _JSON[connection.vendor]
        # Compiled by Django; values stay parameters.
        columns.append(f"(WITH t({names}) AS ({sql}) SELECT {gather.format(f'{build}({names})')} FROM t)")  # noqa: S608
        params += given
        readers[name] = (rows, fields)
    if not columns:
        return found
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)}", params)
        answer = cursor.fetchone()
    for (name, (rows, fields)), text in zip(readers.items(), answer, strict=True):
        found[name] = [_instance(rows, fields, values) for values in json.loads(text or "[]", parse_float=Decimal)]
    return found


#: The function that makes one row, and the one that gathers all of them, as text.
_JSON = {
    "sqlite": ("json_array", "json_group_array({})"),
    "postgresql": ("json_build_array", "json_agg({})::text"),
}


def _fields(rows: QuerySet) -> dict[str, models.Field]:
    """Attribute name → field, of the columns wanted and then of the annotations."""
    named, deferred = rows.query.deferred_loading
    found = {}
    for field in rows.model._meta.concrete_fields:
        is_named = bool({field.name, field.attname} & named)
        if field.primary_key or not named or is_named != deferred:
            found[field.attname] = field
    return found | {name: annotation.output_field for name, annotation in rows.query.annotations.items()}


def _instance(rows, fields, values):
    own = {field.attname for field in rows.model._meta.concrete_fields}
    read = {name: _read(field, value) for (name, field), value in zip(fields.items(), values, strict=True)}
    kept = [name for name in read if name in own]
    instance = rows.model.from_db(connection.alias, kept, [read[name] for name in kept])
    for name in read.keys() - own:
        setattr(instance, name, read[name])
    return instance


def _read(field, value):
    """A value of JSON as the field has it: moments are aware, days are dates."""
    if value is None:
        return None
    if isinstance(field, models.GeneratedField):
        field = field.output_field
    if isinstance(field, models.DateTimeField):
        moment = dt.datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    if isinstance(field, models.DateField):
        return dt.date.fromisoformat(value[:10])
    if isinstance(field, models.BooleanField):
        return bool(value)
    if isinstance(field, models.DecimalField):
        return Decimal(str(value))
    if isinstance(field, models.JSONField) and isinstance(value, str):
        return json.loads(value)
    return value
