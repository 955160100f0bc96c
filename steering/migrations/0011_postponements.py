"""Resolutions and statements are found by their words; a resolution that gets more time keeps the day it had."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kim.workdays

INDEX = "steering_resolution_folded_trigrams"


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"CREATE INDEX {INDEX} ON steering_resolution USING gin (folded gin_trgm_ops)")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX {INDEX}")


class Migration(migrations.Migration):
    dependencies = [
        ("steering", "0010_minutes_and_objections"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("resolution", "folded", models.TextField(blank=True, editable=False)),
        migrations.AddField("statement", "folded", models.TextField(blank=True, editable=False)),
        migrations.CreateModel(
            name="Postponement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.DateField(verbose_name="bisher bis")),
                ("due_on", models.DateField(verbose_name="jetzt bis")),
                ("reason", models.TextField(max_length=2000, verbose_name="Grund")),
                ("at", models.DateTimeField(default=kim.workdays.now)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "resolution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="postponements",
                        to="steering.resolution",
                    ),
                ),
            ],
            options={
                "verbose_name": "Terminverschiebung",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("due_on__gt", models.F("before"))),
                        name="steering_postponed_to_a_later_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="steering_postponed_for_a_reason"
                    ),
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
