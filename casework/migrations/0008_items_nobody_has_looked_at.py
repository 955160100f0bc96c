"""A point of a check list that nobody has looked at is not missing. What an authority marked as missing stays so."""

from django.db import migrations, models


def unseen(apps, schema_editor):
    rows = apps.get_model("casework", "ProcedureItem").objects.using(schema_editor.connection.alias)
    rows.filter(status="missing", marked_by__isnull=True).update(status="unseen")


def missing(apps, schema_editor):
    rows = apps.get_model("casework", "ProcedureItem").objects.using(schema_editor.connection.alias)
    rows.filter(status="unseen").update(status="missing")


class Migration(migrations.Migration):
    dependencies = [("casework", "0007_citizenships")]

    operations = [
        migrations.AlterField(
            model_name="procedureitem",
            name="status",
            field=models.CharField(
                choices=[
                    ("unseen", "noch nicht geprüft"),
                    ("missing", "fehlt"),
                    ("requested", "angefordert"),
                    ("present", "liegt vor"),
                    ("not_needed", "nicht erforderlich"),
                ],
                default="unseen",
                max_length=10,
                verbose_name="Stand",
            ),
        ),
        migrations.RunPython(unseen, missing),
    ]
