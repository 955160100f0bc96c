"""Likeness and search by trigrams: on PostgreSQL an index, on SQLite the same answer without one."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

INDEXES = {
    "steering_issue_folded_trigrams": "folded",
    "steering_issue_title_trigrams": "folded_title",
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, column in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX {name} ON steering_issue USING gin ({column} gin_trgm_ops)")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("steering", "0001_initial")]

    operations = [TrigramExtension(), migrations.RunPython(create, drop)]
