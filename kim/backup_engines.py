"""The database of a backup, for both engines: taken at one moment, put back whole or not at all, asked about itself.

Nothing of a database lies unsealed on a disk it did not lie on before: PostgreSQL's dump goes through a pipe in both
directions, SQLite's copy is made beside the database it is a copy of.
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DEFAULT_DB_ALIAS, DatabaseError, load_backend

from kim.backup_format import BackupRefused

CHUNK = 256 * 1024
#: Where Debian's packages put the programs of each version.
DEBIAN = Path("/usr/lib/postgresql")


@dataclass
class Facts:
    """What a database says of itself at one moment; two that say the same hold as many rows of everything."""

    server: str = ""
    tables: dict[str, int] = field(default_factory=dict)
    migrations: list[str] = field(default_factory=list)
    #: Constraints, indexes, triggers and the like, by kind.
    objects: dict[str, int] = field(default_factory=dict)
    #: Rows of the trail, its last row, and the end of its chain where there is one.
    trail: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Snapshot:
    """One moment of a database: what it says of itself, its content as it is asked for, and about how many bytes."""

    facts: Facts
    chunks: Iterator[bytes]
    expected: int


class Engine:
    """A database by its entry in Django's DATABASES; nothing here touches the connection of the application."""

    name = ""

    def __init__(self, database: dict[str, Any]) -> None:
        self.database = database

    @contextmanager
    def connection(self) -> Iterator[BaseDatabaseWrapper]:
        # A connection of its own; the name only has to be one Django knows (django.contrib.postgres asks for it).
        wrapper = load_backend(self.database["ENGINE"]).DatabaseWrapper(self.database, DEFAULT_DB_ALIAS)
        try:
            wrapper.ensure_connection()
            yield wrapper
        except DatabaseError as error:
            raise BackupRefused(f"Die Datenbank antwortet nicht wie erwartet: {_first_line(error)}") from error
        finally:
            wrapper.close()

    def tables(self) -> list[str]:
        with self.connection() as connection, connection.cursor() as cursor:
            return sorted(connection.introspection.table_names(cursor))

    def facts(self) -> Facts:
        with self.connection() as connection:
            return self._facts(connection)

    def server(self) -> str:
        """The version of the database server, as its library counts it."""
        with self.connection() as connection:
            return self._version(connection)

    def _facts(self, connection: BaseDatabaseWrapper) -> Facts:
        facts = Facts(server=self._version(connection))
        with connection.cursor() as cursor:
            for table in sorted(connection.introspection.table_names(cursor)):
                cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - its own name
                facts.tables[table] = cursor.fetchone()[0]
            if "django_migrations" in facts.tables:
                cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
                facts.migrations = [f"{app}.{name}" for app, name in cursor.fetchall()]
            if "kim_trailentry" in facts.tables:
                cursor.execute("SELECT max(id) FROM kim_trailentry")
                facts.trail = {"rows": facts.tables["kim_trailentry"], "last": cursor.fetchone()[0]}
            if "kim_traillink" in facts.tables:
                cursor.execute("SELECT position, digest FROM kim_traillink ORDER BY position DESC LIMIT 1")
                facts.trail["head"] = list(cursor.fetchone() or ())
            cursor.execute(self._OBJECTS)
            facts.objects = dict(cursor.fetchall())
        return facts

    _OBJECTS = ""

    def _version(self, connection: BaseDatabaseWrapper) -> str:
        raise NotImplementedError

    def size(self) -> int:
        """About so many the database takes."""
        raise NotImplementedError

    def snapshot(self, aside: Path):
        """A context manager of a Snapshot; what has to lie somewhere lies in `aside`."""
        raise NotImplementedError

    def load(self, chunks: Iterable[bytes]) -> None:
        """Put the content of a snapshot into this empty database: all of it, or nothing and BackupRefused."""
        raise NotImplementedError

    def broken(self) -> list[str]:
        """What does not hold together, in words."""
        raise NotImplementedError

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether nobody else, on whatever machine, holds this lock of the database."""
        yield True

    def url(self) -> str:
        """As DATABASE_URL has it."""
        raise NotImplementedError

    def fresh(self, name: str, aside: Path) -> "Engine":
        """An empty database beside this one that is called `name`."""
        raise NotImplementedError

    def drop(self) -> None:
        raise NotImplementedError

    def leftovers(self, prefix: str) -> Iterator["Engine"]:
        """Databases beside this one whose names begin so."""
        return iter(())


def engine_of(database: dict[str, Any]) -> Engine:
    return (Postgres if database["ENGINE"].endswith("postgresql") else Sqlite)(database)


class Sqlite(Engine):
    name = "SQLite"
    _OBJECTS = "SELECT type, count(*) FROM sqlite_master GROUP BY type"

    @property
    def path(self) -> Path:
        return Path(self.database["NAME"])

    def _version(self, connection) -> str:
        return sqlite3.sqlite_version

    def tables(self) -> list[str]:
        return super().tables() if self.path.exists() and self.path.stat().st_size else []

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @contextmanager
    def snapshot(self, aside: Path) -> Iterator[Snapshot]:
        """A copy made at one go: writers go on meanwhile (WAL), and what they write is not in it."""
        copy = aside / "snapshot.sqlite3"
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with self.connection() as source, closing(sqlite3.connect(copy)) as target:
            source.connection.backup(target)
            # The copy says of itself that it keeps a log beside it; it shall be one file.
            target.execute("PRAGMA journal_mode=DELETE")
        copied = Sqlite({**self.database, "NAME": str(copy), "OPTIONS": {}})
        yield Snapshot(copied.facts(), _packed(copy), copy.stat().st_size // 4)

    def load(self, chunks: Iterable[bytes]) -> None:
        growing = self.path.with_name(f"{self.path.name}.restoring")
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for chunk in _unpacked(chunks):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            for beside in ("-wal", "-shm"):  # of an empty database that stood here
                self.path.with_name(self.path.name + beside).unlink(missing_ok=True)
            growing.replace(self.path)
        finally:
            growing.unlink(missing_ok=True)

    def broken(self) -> list[str]:
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check")
            found = [f"Der Aufbau der Datei ist beschädigt: {row[0]}" for row in cursor.fetchall() if row[0] != "ok"]
            cursor.execute("PRAGMA foreign_key_check")
            lost: dict[tuple[str, str], int] = {}
            for table, _, there, _ in cursor.fetchall():
                lost[table, there] = lost.get((table, there), 0) + 1
        return found + [
            f"{number} Zeilen in {table} verweisen auf nichts in {there}." for (table, there), number in lost.items()
        ]

    def url(self) -> str:
        return f"sqlite:///{quote(str(self.path))}"

    def fresh(self, name: str, aside: Path) -> "Sqlite":
        return Sqlite({**self.database, "NAME": str(aside / f"{name}.sqlite3")})

    def drop(self) -> None:
        for beside in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + beside).unlink(missing_ok=True)


def _packed(path: Path) -> Iterator[bytes]:
    packer = zlib.compressobj(3, zlib.DEFLATED, 31)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield packer.compress(chunk)
    yield packer.flush()


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.decompressobj(31)
    for chunk in chunks:
        while chunk:
            yield packer.decompress(chunk, 8 * CHUNK)
            chunk = packer.unconsumed_tail
    yield packer.flush()
    if not packer.eof:
        raise BackupRefused("Die Datenbank in der Sicherung ist unvollständig.")


class Postgres(Engine):
    name = "PostgreSQL"
    _OBJECTS = (
        "SELECT 'constraint ' || contype::text, count(*) FROM pg_constraint c JOIN pg_namespace n"
        " ON n.oid = c.connamespace WHERE n.nspname = current_schema() AND contype <> 'n' GROUP BY contype"
        " UNION ALL SELECT 'index', count(*) FROM pg_indexes WHERE schemaname = current_schema()"
        " UNION ALL SELECT 'trigger', count(*) FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = r.relnamespace WHERE n.nspname = current_schema() AND NOT tgisinternal"
    )
    #: Whoever makes or rehearses a backup holds this lock, on whichever machine.
    _LOCK = 4_711_020_071

    def _version(self, connection) -> str:
        return str(connection.connection.server_version)

    def size(self) -> int:
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return cursor.fetchone()[0]

    @contextmanager
    def snapshot(self, aside: Path) -> Iterator[Snapshot]:
        """What is counted and what is dumped is the same moment: pg_dump is handed the snapshot of the counting."""
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot(), pg_database_size(current_database())")
            moment, size = cursor.fetchone()
            facts = self._facts(connection)
            command = [self._program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", "--no-password"]
            yield Snapshot(facts, self._dumped([*command, f"--snapshot={moment}"]), size // 4)
            cursor.execute("COMMIT")

    def _dumped(self, command: list[str]) -> Iterator[bytes]:
        with tempfile.TemporaryFile() as told:
            process = subprocess.Popen(command, env=self._env(), stdout=subprocess.PIPE, stderr=told)  # noqa: S603
            assert process.stdout is not None  # noqa: S101
            to_its_end = False
            try:
                while chunk := process.stdout.read(CHUNK):
                    yield chunk
                to_its_end = True
            finally:
                process.stdout.close()
                if not to_its_end:
                    process.terminate()
                code = process.wait()
            if code:
                raise BackupRefused(f"pg_dump ist gescheitert: {_told(told)}")

    def load(self, chunks: Iterable[bytes]) -> None:
        command = [
            self._program("pg_restore"), "--no-owner", "--no-privileges", "--no-comments", "--no-password",
            "--single-transaction", "--exit-on-error", f"--dbname={self.database['NAME']}",
        ]  # fmt: skip
        with tempfile.TemporaryFile() as told:
            process = subprocess.Popen(command, env=self._env(), stdin=subprocess.PIPE, stderr=told)  # noqa: S603
            assert process.stdin is not None  # noqa: S101
            whole = False
            try:
                for chunk in chunks:
                    process.stdin.write(chunk)
                process.stdin.close()
                whole = True
            except BrokenPipeError:
                pass  # it says itself why it stopped
            finally:
                if not whole:
                    process.kill()
                code = process.wait()
                if not process.stdin.closed:
                    with _ignoring_broken_pipe():
                        process.stdin.close()
            if code or not whole:
                raise BackupRefused(f"pg_restore ist gescheitert: {_told(told)}")

    def broken(self) -> list[str]:
        """Loading made every constraint and index anew; one that is not valid was not made to the end."""
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated ORDER BY conname")
            found = [f"Die Bedingung {name} gilt nicht für alle Zeilen." for (name,) in cursor.fetchall()]
            cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")
            return found + [f"Der Index {name} ist unbrauchbar." for (name,) in cursor.fetchall()]

    @contextmanager
    def alone(self) -> Iterator[bool]:
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [self._LOCK])
            yield cursor.fetchone()[0]

    def url(self) -> str:
        given = {name: quote(str(self.database[name] or ""), safe="") for name in ("USER", "PASSWORD", "HOST", "PORT")}
        who = given["USER"] + (f":{given['PASSWORD']}" if given["PASSWORD"] else "")
        where = given["HOST"] + (f":{given['PORT']}" if given["PORT"] else "")
        options = {name: value for name, value in (self.database.get("OPTIONS") or {}).items() if name != "options"}
        query = f"?{urlencode(options)}" if options else ""
        return f"postgres://{who}{'@' if who else ''}{where}/{quote(str(self.database['NAME']), safe='')}{query}"

    def fresh(self, name: str, aside: Path) -> "Postgres":
        """With the order of names of this one. Raises BackupRefused without the right to make databases."""
        with self.connection() as connection, connection.cursor() as cursor:
            # The columns differ between the versions of the server.
            cursor.execute("SELECT to_jsonb(d) FROM pg_database d WHERE datname = current_database()")
            own = cursor.fetchone()[0]
            own = json.loads(own) if isinstance(own, str) else own
            words = ["CREATE DATABASE", connection.ops.quote_name(name), "TEMPLATE template0 ENCODING 'UTF8'"]
            values = [own["datcollate"], own["datctype"]]
            words.append("LC_COLLATE %s LC_CTYPE %s")
            if own.get("datlocprovider") == "i":
                words.append("LOCALE_PROVIDER icu ICU_LOCALE %s")
                values.append(own.get("datlocale") or own.get("daticulocale"))
            try:
                cursor.execute(" ".join(words), values)
            except DatabaseError as error:
                raise BackupRefused(
                    "Für die Probe lässt sich keine Datenbank anlegen. Bitte dem Konto der Datenbank das Recht geben "
                    f"(ALTER ROLE {own_name(self.database)} CREATEDB) oder KIM_REHEARSAL_DATABASE_URL setzen. "
                    f"Der Server sagt: {_first_line(error)}"
                ) from error
        return Postgres({**self.database, "NAME": name})

    def drop(self) -> None:
        # From any other database of the server: nobody drops the one they stand in.
        with Postgres({**self.database, "NAME": "postgres"}).connection() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(self.database['NAME'])} WITH (FORCE)")

    def leftovers(self, prefix: str) -> Iterator["Postgres"]:
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
            names = [name for (name,) in cursor.fetchall()]
        return (Postgres({**self.database, "NAME": name}) for name in names)

    def _env(self) -> dict[str, str]:
        """What the programs of PostgreSQL need to know; a password never stands in a list of processes."""
        from django.db.backends.postgresql.client import DatabaseClient

        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
        _, asked = DatabaseClient.settings_to_cmd_args_env(self.database, [])
        known = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGDATABASE": "NAME"}
        given = {name: str(self.database[key]) for name, key in known.items() if self.database.get(key)}
        return kept | (asked or {}) | given

    def _program(self, name: str) -> str:
        """The one of the server's version. Raises BackupRefused naming the Debian package. A newer one would write what
        this server does not take back, an older one does not read it.
        """
        with self.connection() as connection:
            wanted = connection.connection.server_version // 10_000
        for path in (str(DEBIAN / str(wanted) / "bin" / name), shutil.which(name)):
            if path and os.access(path, os.X_OK) and _major(path) == wanted:
                return path
        raise BackupRefused(
            f"Es fehlt {name} in Version {wanted}, der des Datenbankservers. "
            f"Bitte installieren; in Debian: apt-get install postgresql-client-{wanted}"
        )


def own_name(database: dict[str, Any]) -> str:
    return str(database.get("USER") or "…")


def _major(program: str) -> int:
    """The version a program of PostgreSQL says it has; 0 where it says none."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"(\d+)(?:\.\d+|devel|beta\d+|rc\d+)?", said)
    return int(found[1]) if found else 0


def _told(file: IO[bytes]) -> str:
    """The first complaint of a program. What follows may quote rows (DETAIL, CONTEXT) and stays out."""
    file.seek(0)
    lines = file.read(64 * 1024).decode(errors="replace").splitlines()
    errors = [line for line in lines if "error" in line.lower()] or lines
    return (errors[0] if errors else "ohne ein Wort")[:200]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


@contextmanager
def _ignoring_broken_pipe() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        return
