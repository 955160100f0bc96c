"""App configuration; says what the trail calls the acts of this app and who may do what."""

from importlib import import_module

from django.apps import AppConfig

#: Modules with makers of files (reports.exporting): the background knows them, too, which loads no pages.
MAKERS = ("building", "day_rows", "governance", "money", "staffing")


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "Berichte"

    def ready(self):
        from kim import access, demo, trail
        from reports import matrix, on_record

        access.register_tables("reports", matrix.tables)
        trail.name_acts(on_record.ACTS)
        trail.name_kinds(on_record.KINDS)
        for name in MAKERS:
            import_module(f"reports.{name}")
        demo.register("reports.publishing", publish_demo)


def publish_demo() -> str:
    """The demo's quarters as the nights would have published them; nothing where they are."""
    from reports import publishing

    made = publishing.publish()
    return f"Dazu {made} veröffentlichte Tabellen zur Fallarbeit, mit Schutz kleiner Zahlen." if made else ""
