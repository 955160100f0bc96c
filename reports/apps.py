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
        from reports import county_file, matrix, on_record
        from steering import county

        access.register_tables("reports", matrix.tables)
        trail.name_acts(on_record.ACTS)
        trail.name_kinds(on_record.KINDS)
        from reports import casework  # noqa: F401  it hangs its section into the dashboard, and makes a file

        for name in MAKERS:
            import_module(f"reports.{name}")
        demo.register("reports.publishing", publish_demo)
        demo.register("reports.counting", count_demo)
        county.register("papers", read=county_file.SECTION, load=county_file.load, called=county_file.CALLED)
        demo.register("reports.publishing", publish_demo)
        demo.register("reports.status", load_demo_reports)


def load_demo_reports() -> str:
    """The demo's status reports; read only when somebody loads a demo."""
    from reports.demo import load

    return load()


def publish_demo() -> str:
    """The demo's quarters as the nights would have published them; nothing where they are."""
    from reports import publishing

    made = publishing.publish()
    return f"Dazu {made} veröffentlichte Tabellen zur Fallarbeit, mit Schutz kleiner Zahlen." if made else ""


def count_demo() -> str:
    """The first count of the chain, so that the dashboard holds numbers from the start."""
    from reports import counting

    run = counting.refresh(anew=True)
    return f"Dazu die Zahlen der Lage für jeden Tag bis zum {run.until:%d.%m.%Y}." if run.rows_changed else ""
