"""App configuration of the ground floor: the Celery application, and the likeness function for SQLite."""

from importlib import import_module

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class KimConfig(AppConfig):
    name = "kim"
    verbose_name = "KIM"

    def ready(self):
        import_module("kim.celery")  # makes it the current application before any task is named
        import_module("kim.login")  # hears who signs in
        _demand_known_roles()
        from kim import backups, demo, privacy_gate, retention  # noqa: F401 - pages and tables hang themselves in
        from kim.models.places import small_places

        privacy_gate.register("places", small_places)
        demo.register("kim", load_demo_privacy)
        connection_created.connect(_teach_sqlite, dispatch_uid="kim.trigrams")
        connection_created.connect(_watch, dispatch_uid="kim.tracing")
        import_module("kim.alarms")


def _demand_known_roles():
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    from kim.accounts import EVERYBODY
    from kim.models import Role

    if unknown := settings.KIM_MFA_ROLES - {EVERYBODY, *Role.values}:
        raise ImproperlyConfigured(
            f"KIM_MFA_ROLES nennt {', '.join(sorted(unknown))}. Bekannt sind: alle, keine, {', '.join(Role.values)}."
        )


def load_demo_privacy() -> str:
    """The demo's part of data protection; read only when somebody loads a demo."""
    from kim.demo_privacy import load

    return load()


def _teach_sqlite(sender, connection, **kwargs):
    if connection.vendor == "sqlite":
        from kim.trigrams import register_sqlite_functions

        register_sqlite_functions(connection.connection)


def _watch(sender, connection, **kwargs):
    from kim.tracing import watch

    watch(connection)
