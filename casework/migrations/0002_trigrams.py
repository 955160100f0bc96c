"""Search by name: on PostgreSQL an index of trigrams, on SQLite the same answer without one."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

INDEXES = {
    "casework_identity_folded_trigrams": ("casework_identity", "folded"),
    "casework_actor_folded_trigrams": ("casework_actor", "folded"),
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, (table, column) in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX {name} ON {table} USING gin ({column} gin_trgm_ops)")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("casework", "0001_initial")]

    operations = [TrigramExtension(), migrations.RunPython(create, drop)]
