"""What a scenario was worked out from, and what came out, stays as it was; the database refuses to change it."""

from django.db import migrations

from kim.refusals import refused

FIXED = ("name", "note", "total", "step", "minimum", "method", "on_day", "inputs")


class Migration(migrations.Migration):
    dependencies = [("funding", "0002_refusals")]

    operations = [
        refused(
            "funding_scenario",
            f"({' OR '.join(f'OLD.{column} <> NEW.{column}' for column in FIXED)})",
            name="funding_scenario_is_kept",
            on=("UPDATE",),
        ),
        refused("funding_scenarioshare", "(1 = 1)", name="funding_share_is_kept", on=("UPDATE",)),
    ]
