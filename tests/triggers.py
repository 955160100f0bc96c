"""What the database refuses, laid aside for a moment: to empty tables between tests, and to do what only somebody with
the rights of the database's owner can do.
"""

from contextlib import contextmanager

from django.db import connection

from kim.models import TrailEntry

#: Tables of the trail, which nobody changes or deletes from.
REFUSING = ("kim_trailentry", "kim_traillink", "kim_trailanchor", "kim_trailcut")


@contextmanager
def without_refusals():
    """The triggers of the trail's tables are off, and on again whatever happens."""
    if connection.vendor == "postgresql":
        _switch("DISABLE")
        try:
            yield
        finally:
            _switch("ENABLE")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        triggers = [(name, sql) for name, sql, table in cursor.fetchall() if table in REFUSING]
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        try:
            yield
        finally:
            for _, sql in triggers:
                cursor.execute(sql)


def nobody_has_read() -> None:
    """As if nothing had been read yet: reading twice within a quarter of an hour is one row."""
    with without_refusals():
        TrailEntry.objects.all().delete()


def _switch(what: str) -> None:
    there = connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with rows still to be checked cannot be altered
        for table in REFUSING:
            if table in there:
                cursor.execute(f"ALTER TABLE {table} {what} TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
