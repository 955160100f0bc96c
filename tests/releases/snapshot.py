"""All rows of a release's database in one file, the same for both engines: `script/snapshot` makes it, a test loads it.

    {"migrations": [[app, name], …], "triggers": [name, …],
     "tables": {"kim.user": {"fields": [attname, …], "rows": [[…], …]}, …}}

Read and written through models, those of the release itself or the historical ones of its migrations; signals, checks
and managers of the apps take no part. Fields the database computes are left out.
"""

import base64
import datetime as dt
import gzip
import json
import sys
from decimal import Decimal
from pathlib import Path

#: Django keeps these itself, or they are of the moment. Mails of sign-in accounts stay empty in the demo.
LEFT_OUT = {"auth", "contenttypes", "sessions", "admin"}
#: Of what a county has in tens of thousands a few rows show as much.
MOST = {"reports.daycount": 40, "reports.publishedtable": 24, "kim.notice": 120, "kim.trailentry": 900}
BATCH = 200
#: Written before what they point at: the database refuses texts of a report that has been released.
EARLY = {"reports.reporttext"}


def models_of(apps):
    """Every model with a table of its own, many-to-many ones among them; what is pointed at comes first."""
    left = {
        model._meta.label_lower: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in LEFT_OUT and model._meta.managed and not model._meta.proxy
    }
    found, before = [], -1
    while left:
        anyway = len(left) == before  # a circle: its rows point at each other, which both engines check at the end
        before = len(left)
        for label, model in list(left.items()):
            pointed = {
                field.related_model._meta.label_lower for field in model._meta.concrete_fields if field.is_relation
            }
            if anyway or not (pointed - {label}) & left.keys():
                found.append(left.pop(label))
                anyway = False
    return sorted(found, key=lambda model: model._meta.label_lower not in EARLY)


def fields_of(model):
    return [field for field in model._meta.concrete_fields if not getattr(field, "generated", False)]


def rows_of(model, names):
    return model._base_manager.order_by("pk").values_list(*names)


def plain(value):
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def dump(path: Path) -> None:
    """What the database of the running project holds. Passwords do not come along."""
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    tables = {}
    for model in models_of(apps):
        names = [field.attname for field in fields_of(model)]
        label = model._meta.label_lower
        rows = [[plain(value) for value in row] for row in rows_of(model, names)[: MOST.get(label)]]
        if "password" in names:
            for row in rows:
                row[names.index("password")] = "!"
        if rows:
            tables[label] = {"fields": names, "rows": rows}
    applied = sorted(MigrationRecorder(connection).applied_migrations())
    made = {"migrations": applied, "triggers": triggers(connection), "tables": tables}
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def triggers(connection) -> list[str]:
    """Names of what the database itself refuses. SQLite loses them when a table is made anew."""
    statement = "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    if connection.vendor == "postgresql":
        statement = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [name for (name,) in cursor.fetchall()]


def read(path: Path) -> dict:
    return json.loads(gzip.decompress(path.read_bytes()))


def back(field, value):
    """What `plain` made of a value of `field`, as its model takes it."""
    kind = field.get_internal_type()
    if value is None or kind == "JSONField":
        return value
    if kind == "BinaryField":
        return base64.b64decode(value)
    if kind == "DurationField":
        return dt.timedelta(seconds=value)
    return field.to_python(value)


def load(tables: dict, apps) -> None:
    """Into empty tables, with nothing but the columns of the release. Call it in a transaction."""
    for model in models_of(apps):
        if table := tables.get(model._meta.label_lower):
            fields = [model._meta.get_field(name) for name in table["fields"]]
            made = [
                model(**{field.attname: back(field, value) for field, value in zip(fields, row, strict=True)})
                for row in table["rows"]
            ]
            model._base_manager.bulk_create(made, batch_size=BATCH)


def found(tables: dict, apps) -> dict[str, list]:
    """What stands in the tables now, in the shape of the snapshot's rows."""
    by_label = {model._meta.label_lower: model for model in models_of(apps)}
    return {
        label: [[plain(value) for value in row] for row in rows_of(by_label[label], table["fields"])]
        for label, table in tables.items()
    }


if __name__ == "__main__":
    import django

    django.setup()
    dump(Path(sys.argv[1]))
