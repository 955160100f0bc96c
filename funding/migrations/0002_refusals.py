"""What the database refuses whoever writes: two facts at once, facts outside their period, and changes to what is frozen."""

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

from kim.refusals import no_overlap, refused, within

ALONE = {
    "rate": ("programme_id", "item"),
    "terms": ("notice_id",),
    "postterm": ("post_id",),
    "occupancy": ("post_id", "user_id"),
    "leave": ("user_id",),
    "eligibilityrule": ("programme_id", "kind"),
    "forwarding": ("notice_id", "recipient_id"),
    "criterionvalue": ("criterion_id", "municipality_id"),
    "staffingtarget": ("module", "municipality_id"),
}
PERIOD = (
    "SELECT p.valid_from AS first, p.valid_until AS until FROM funding_fundingperiod p "
    "JOIN funding_awardnotice n ON n.period_id = p.id WHERE n.id = NEW.notice_id"
)
IN_PERIOD = ("terms", "grant", "cost", "forwarding")
#: What a scenario was worked out from stays as it was.
KEPT = ("name", "note", "total", "step", "minimum", "method", "on_day", "inputs")


class Migration(migrations.Migration):
    dependencies = [("funding", "0001_initial")]

    operations = [
        BtreeGistExtension(),
        *(no_overlap(f"funding_{model}", *columns) for model, columns in ALONE.items()),
        *(within(f"funding_{model}", PERIOD, name=f"funding_{model}_within_period") for model in IN_PERIOD),
        refused(
            "funding_calculation",
            "(OLD.released_at IS NOT NULL)",
            name="funding_calculation_is_frozen",
            on=("UPDATE",),
        ),
        refused(
            "funding_calculation",
            "(OLD.released_at IS NOT NULL)",
            name="funding_calculation_stays",
            on=("DELETE",),
        ),
        refused(
            "funding_scenario",
            f"({' OR '.join(f'OLD.{column} <> NEW.{column}' for column in KEPT)})",
            name="funding_scenario_is_kept",
            on=("UPDATE",),
        ),
        refused("funding_scenarioshare", "(1 = 1)", name="funding_share_is_kept", on=("UPDATE",)),
    ]
