"""Rows by the hundred thousand: COPY on PostgreSQL, executemany on SQLite. Constraints hold as for any other row."""

import io
from collections.abc import Iterable, Sequence
from itertools import islice

from django.db import connection, models

PORTION = 20_000


def columns_of(model: type[models.Model]) -> list[str]:
    """The attribute names of every column that is written, in the order of the table."""
    return [field.attname for field in model._meta.concrete_fields if not field.generated]


def blank(model: type[models.Model]) -> dict:
    """One row with every column at its default; columns without one are None."""
    return {
        field.attname: field.get_default() if field.has_default() or field.empty_strings_allowed else None
        for field in model._meta.concrete_fields
        if not field.generated
    }


def insert(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence]) -> int:
    """Write `rows`, tuples in the order of the attribute names `names`; how many there were."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    columns = ", ".join(connection.ops.quote_name(fields[name].column) for name in names)
    table = connection.ops.quote_name(model._meta.db_table)
    write = _copy if connection.vendor == "postgresql" else _execute
    written, rows = 0, iter(rows)
    while portion := list(islice(rows, PORTION)):
        write(table, columns, [fields[name] for name in names], portion)
        written += len(portion)
    return written


def follow_ids(*tables: type[models.Model]) -> None:
    """Let the next id of each table come after those written here."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for model in tables:
                table = model._meta.db_table
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"
                    f" (SELECT coalesce(max(id), 1) FROM {table}))"
                )


def _copy(table, columns, fields, rows):
    text = io.StringIO("".join("\t".join(map(_word, row)) + "\n" for row in rows))
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", text)


def _word(value) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")
    return str(value)


def _execute(table, columns, fields, rows):
    marks = ", ".join(["%s"] * len(fields))
    ready = [
        [field.get_db_prep_save(value, connection) for field, value in zip(fields, row, strict=True)] for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", ready)
