"""App configuration; says what the trail calls the acts of this app and who may do what."""

from importlib import import_module

from django.apps import AppConfig

#: Modules that hang in what they know: sections of the dashboard, parts, makers of files.
HANG_IN = (
    "building",
    "casework",
    "day_rows",
    "governance",
    "indicators",
    "lage_files",
    "money",
    "privacy",
    "staffing",
    "today",
)


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "Berichte"

    def ready(self):
        from kim import access, demo, metrics, trail
        from reports import county_file, matrix, on_record
        from steering import county

        for name in HANG_IN:
            import_module(f"reports.{name}")
        access.register_tables("reports", matrix.tables)
        trail.name_acts(on_record.ACTS)
        trail.name_kinds(on_record.KINDS)
        county.register("papers", read=county_file.SECTION, load=county_file.load, called=county_file.CALLED)
        metrics.gauge("kim_exports_waiting", "Files with figures that are to be made")(exports_waiting)
        # Reports tell what was published and counted.
        demo.register("reports.publishing", publish_demo)
        demo.register("reports.counting", count_demo)
        demo.register("reports.status", load_demo_reports)


def exports_waiting() -> int:
    from reports.models import Export

    return Export.objects.under_way().count()


def load_demo_reports() -> str:
    """The demo's status reports; read only when somebody loads a demo."""
    from reports.demo import load

    return load()


def publish_demo() -> str:
    """The demo's quarters as the nights would have published them; nothing where they are."""
    from reports import publishing

    made = publishing.publish()
    return f"{made} veröffentlichte Tabellen zur Fallarbeit, mit Schutz kleiner Zahlen" if made else ""


def count_demo() -> str:
    """The first count of the chain, so that the dashboard holds numbers from the start."""
    from reports import counting

    run = counting.refresh(anew=True)
    return f"die Zahlen der Lage für jeden Tag bis zum {run.until:%d.%m.%Y}" if run.rows_changed else ""
