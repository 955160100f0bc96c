"""App configuration; says what the trail calls the acts of this app and who may do what."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "Berichte"

    def ready(self):
        from kim import access, trail
        from reports import county_file, matrix, on_record
        from steering import county

        access.register_tables("reports", matrix.tables)
        trail.name_acts(on_record.ACTS)
        trail.name_kinds(on_record.KINDS)
        county.register("papers", read=county_file.SECTION, load=county_file.load, called=county_file.CALLED)
