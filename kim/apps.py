"""App configuration of the ground floor: the Celery application, and the likeness function for SQLite."""

from importlib import import_module

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class KimConfig(AppConfig):
    name = "kim"
    verbose_name = "KIM"

    def ready(self):
        import_module("kim.celery")  # makes it the current application before any task is named
        from kim import privacy_gate, retention  # noqa: F401  it brings the privacy table
        from kim.models.places import small_places

        privacy_gate.register("places", small_places)
        connection_created.connect(_teach_sqlite, dispatch_uid="kim.trigrams")


def _teach_sqlite(sender, connection, **kwargs):
    if connection.vendor == "sqlite":
        from kim.trigrams import register_sqlite_functions

        register_sqlite_functions(connection.connection)
