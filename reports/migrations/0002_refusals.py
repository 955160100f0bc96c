"""What the database refuses whoever writes: a table once published and a report once released stay as they are."""

from django.db import migrations

from kim.refusals import refused

RELEASED = "EXISTS (SELECT 1 FROM reports_statusreport r WHERE r.id = {row}.report_id AND r.released_at IS NOT NULL)"


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]

    operations = [
        refused("reports_publishedtable", "(1 = 1)", name="reports_table_is_published", on=("UPDATE",)),
        refused("reports_publishedtable", "(1 = 1)", name="reports_table_stays", on=("DELETE",)),
        refused(
            "reports_statusreport", "(OLD.released_at IS NOT NULL)", name="reports_report_is_frozen", on=("UPDATE",)
        ),
        refused("reports_statusreport", "(OLD.released_at IS NOT NULL)", name="reports_report_stays", on=("DELETE",)),
        refused("reports_reporttext", RELEASED.format(row="OLD"), name="reports_text_is_frozen", on=("UPDATE",)),
        refused("reports_reporttext", RELEASED.format(row="OLD"), name="reports_text_stays", on=("DELETE",)),
        refused("reports_reporttext", RELEASED.format(row="NEW"), name="reports_text_comes_before", on=("INSERT",)),
        refused("reports_reportfile", "(1 = 1)", name="reports_file_is_frozen", on=("UPDATE",)),
        refused("reports_reportfile", "(1 = 1)", name="reports_file_stays", on=("DELETE",)),
    ]
