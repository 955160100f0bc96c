"""App configuration; says what the trail calls the acts of this app and who may do what."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "Berichte"

    def ready(self):
        from kim import access, demo, trail
        from reports import (  # noqa: F401  they hang their parts, sections and files in
            governance,
            indicators,
            lage_files,
            matrix,
            money,
            on_record,
            staffing,
            today,
        )

        access.register_tables("reports", matrix.tables)
        trail.name_acts(on_record.ACTS)
        trail.name_kinds(on_record.KINDS)
        demo.register("reports.publishing", publish_demo)


def publish_demo() -> str:
    """The demo's quarters as the nights would have published them; nothing where they are."""
    from reports import publishing

    made = publishing.publish()
    return f"Dazu {made} veröffentlichte Tabellen zur Fallarbeit, mit Schutz kleiner Zahlen." if made else ""
