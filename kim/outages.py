"""What is away when something fails that is nobody's mistake: database, disk, the store of counters; and until when.

Told by the codes of PostgreSQL, SQLite and the operating system, never by what a message says. Whatever is not known
here is a mistake of ours and stays one (500).
"""

import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError


@dataclass(frozen=True)
class Outage:
    """`reason` and `advice` are read by users, `seconds` stand in Retry-After."""

    name: str
    reason: str
    advice: str
    seconds: int


SOON = "Bitte versuchen Sie es in einer Minute noch einmal."
LATER = "Bitte versuchen Sie es in einer Viertelstunde noch einmal. Die Verwaltung von KIM muss erst Platz schaffen."

AWAY = Outage("database away", "Die Datenbank ist gerade nicht erreichbar.", SOON, 60)
BUSY = Outage(
    "database busy",
    "Die Datenbank hat gerade zu viel zu tun und hat Ihren Schritt abgebrochen.",
    "Bitte versuchen Sie es gleich noch einmal.",
    10,
)
READ_ONLY = Outage(
    "database read-only",
    "Die Datenbank nimmt gerade nichts an, sie wird gewartet. Lesen können Sie die meisten Seiten.",
    "Bitte versuchen Sie es in einigen Minuten noch einmal.",
    300,
)
FULL = Outage("disk full", "Auf dem Server ist kein Speicherplatz mehr frei.", LATER, 900)
STORE_AWAY = Outage("store away", "Ein Teil von KIM ist gerade nicht erreichbar.", SOON, 60)

#: SQLSTATE → what it means; classes of two signs after the codes of five.
_POSTGRESQL = {
    "25006": READ_ONLY,
    "53100": FULL,
    "53": BUSY,  # too many connections, out of memory
    "57014": BUSY,  # the statement took longer than it may
    "55P03": BUSY,  # a lock was not to be had
    "40001": BUSY,
    "40P01": BUSY,
    "57P": AWAY,  # shut down by an administrator, crashed, starting up
    "58": AWAY,  # the server's own disk
    "08": AWAY,
}
_SQLITE = {
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR: AWAY,
    sqlite3.SQLITE_CANTOPEN: AWAY,
}
#: EFBIG is what a quota on the size of files answers.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def of(error: BaseException | None) -> Outage | None:
    """What is away, for `error` or for whatever it came from; None for a mistake of ours."""
    return next((found for one in _chain(error) if (found := _of_one(one))), None)


def may_have_been_kept(error: BaseException) -> bool:
    """Whether the connection broke, so that nobody knows if the transaction it carried was kept.

    PostgreSQL may have written the commit and died before it said so. What is undone by hand (a file on the disk) is
    left alone then: better a file that no row names, which the nightly sweep takes, than a row without its file.
    """
    return _of_one(error) is AWAY


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _of_one(error: BaseException) -> Outage | None:
    if isinstance(error, DatabaseError | InterfaceError):
        return _of_driver(error.__cause__) if error.__cause__ else _without_cause(error)
    if isinstance(error, sqlite3.Error) or type(error).__module__.startswith("psycopg2"):
        return _of_driver(error)
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return FULL
        return READ_ONLY if error.errno == errno.EROFS else None
    # Named instead of imported: most installations have no Redis, and no process of theirs loads its library.
    if type(error).__module__ == "redis.exceptions" and type(error).__name__ in {"ConnectionError", "TimeoutError"}:
        return STORE_AWAY
    return None


def _without_cause(error: DatabaseError | InterfaceError) -> Outage | None:
    """Raised by Django itself: a connection that is closed, never a row that was not there."""
    return AWAY if isinstance(error, OperationalError | InterfaceError) else None


def _of_driver(error: BaseException | None) -> Outage | None:
    """For an error of sqlite3 or psycopg2 itself; kim.together speaks to the driver."""
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)  # the low byte is the kind
    state = getattr(error, "pgcode", None)
    if state:
        return next((_POSTGRESQL[state[:n]] for n in (5, 3, 2) if state[:n] in _POSTGRESQL), None)
    # Without a code it was not the server that spoke: no connection was made, or the one there was broke. The driver
    # calls that an OperationalError or InterfaceError, or, in the middle of an answer, nothing but a DatabaseError.
    return AWAY if type(error).__name__ in {"OperationalError", "InterfaceError", "DatabaseError"} else None
