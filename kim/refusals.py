"""What the database itself refuses, said for both engines: steps of migrations, written once.

SQLite drops the triggers of a table that a later migration makes anew: that migration has to repeat them, and
tests/funding/test_refusals.py notices.
"""

# ruff: noqa: S608 - names of tables and columns come from migrations, nothing else does

from collections.abc import Sequence

from django.db.migrations.operations.base import Operation

_ENDLESS = "9999-12-31"


def no_overlap(table: str, *columns: str) -> "Statements":
    """Of believed rows alike in `columns`, no two hold on one day (rows of kim.dated.Known)."""
    name = f"{table}_alone"
    alike = ", ".join(f"{column} WITH =" for column in columns)
    postgres = (
        f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
        f"({alike}, daterange(valid_from, valid_until) WITH &&) WHERE (known_until IS NULL)"
    )
    same = " AND ".join(f"o.{column} = NEW.{column}" for column in columns)
    other = (
        f"SELECT 1 FROM {table} o WHERE NEW.known_until IS NULL AND o.known_until IS NULL AND o.id <> NEW.id "
        f"AND {same} AND o.valid_from < coalesce(NEW.valid_until, '{_ENDLESS}') "
        f"AND NEW.valid_from < coalesce(o.valid_until, '{_ENDLESS}')"
    )
    return _both(
        [postgres], [f"ALTER TABLE {table} DROP CONSTRAINT {name}"],
        _triggers(table, name, f"EXISTS ({other})"), _dropped(name),
    )  # fmt: skip


def within(table: str, span: str, *, name: str) -> "Statements":
    """Rows of `table` hold only within `span`: a SELECT of (first, until) that may speak of NEW."""
    first, until = "coalesce(NEW.valid_from, s.first)", f"coalesce(NEW.valid_until, '{_ENDLESS}')"
    outside = f"EXISTS (SELECT 1 FROM ({span}) s WHERE {first} < s.first OR {until} > s.until)"
    return refused(table, outside, name=name)


def refused(table: str, condition: str, *, name: str, on: Sequence[str] = ("INSERT", "UPDATE")) -> "Statements":
    """Refuse to write a row of `table` for which `condition` (it may speak of NEW, and of OLD on UPDATE) is true."""
    body = (
        f"CREATE FUNCTION {name}() RETURNS trigger AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN {'OLD' if list(on) == ['DELETE'] else 'NEW'}; END $$ LANGUAGE plpgsql"
    )
    events = " OR ".join(on)
    return _both(
        [body, f"CREATE TRIGGER {name} BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"],
        [f"DROP TRIGGER {name} ON {table}", f"DROP FUNCTION {name}()"],
        _triggers(table, name, condition, on),
        _dropped(name, on),
    )


def never_emptied(table: str, *, name: str) -> "Statements":
    """Refuse TRUNCATE, which asks no trigger of rows. SQLite has none: there it is a DELETE."""
    body = (
        f"CREATE FUNCTION {name}() RETURNS trigger AS $$ BEGIN "
        f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation'; END $$ LANGUAGE plpgsql"
    )
    made = f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    return _both([body, made], [f"DROP TRIGGER {name} ON {table}", f"DROP FUNCTION {name}()"], [], [])


def _triggers(table: str, name: str, condition: str, on: Sequence[str] = ("INSERT", "UPDATE")) -> list[str]:
    return [
        f"CREATE TRIGGER {name}_{event.lower()} BEFORE {event} ON {table} FOR EACH ROW WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
        for event in on
    ]


def _dropped(name: str, on: Sequence[str] = ("INSERT", "UPDATE")) -> list[str]:
    return [f"DROP TRIGGER {name}_{event.lower()}" for event in on]


def _both(postgres, postgres_back, sqlite, sqlite_back) -> "Statements":
    return Statements(postgres, postgres_back, sqlite, sqlite_back)


class Statements(Operation):
    """Statements for each engine, and those that undo them. No model is asked for, so none is built for it: RunPython
    would build every model of the project anew before each of its steps, half a second a time.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, postgres, postgres_back, sqlite, sqlite_back) -> None:
        self.postgres, self.postgres_back = postgres, postgres_back
        self.sqlite, self.sqlite_back = sqlite, sqlite_back

    def state_forwards(self, app_label, state) -> None:
        """Models stay as they are."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state) -> None:
        self._run(schema_editor, self.postgres, self.sqlite)

    def database_backwards(self, app_label, schema_editor, from_state, to_state) -> None:
        self._run(schema_editor, self.postgres_back, self.sqlite_back)

    @staticmethod
    def _run(schema_editor, postgres, sqlite) -> None:
        for statement in postgres if schema_editor.connection.vendor == "postgresql" else sqlite:
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return "Statements for the engine"
