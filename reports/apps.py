"""App configuration; says what the trail calls the acts of this app and who may do what."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "Berichte"

    def ready(self):
        from kim import access, demo, trail
        from reports import matrix, on_record

        access.register_tables("reports", matrix.tables)
        trail.name_acts(on_record.ACTS)
        trail.name_kinds(on_record.KINDS)
        demo.register("reports.status", load_demo_reports)


def load_demo_reports() -> str:
    """The demo's status reports; read only when somebody loads a demo."""
    from reports.demo import load

    return load()
