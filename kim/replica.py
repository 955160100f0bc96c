"""Figures read from a replica of the database (KIM_REPORTS_DATABASE_URL), where there is one. Everything else, and all
writing, stays with the first database.

    with replica.reading(request):      # what a page counts; not what decides who may see it, not the page around it
        found = money.read(request.user, wanted)

Nobody is puzzled: whoever has just done something reads the first database until the replica is sure to have it; a
replica that lags too far or does not answer is not read; and a page says of what moment its numbers are.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from django.conf import settings
from django.db import DatabaseError, connections, models
from django.http import HttpRequest, HttpResponseBase

ALIAS, FIRST = "reports", "default"
#: So many seconds a process believes what it found out about the replica.
BELIEVED = 10
#: Set on whoever acted, for as long as the replica may lag.
COOKIE = "kim_acted"

log = structlog.get_logger("kim.replica")
_alias: ContextVar[str] = ContextVar("kim_reading_from", default=FIRST)


class Router:
    """Django asks this for every query that does not name its database."""

    def db_for_read(self, model: type[models.Model], **hints) -> str:
        return _alias.get()

    def db_for_write(self, model: type[models.Model], **hints) -> str:
        return FIRST

    def allow_relation(self, one: models.Model, other: models.Model, **hints) -> bool:
        """Rows read there belong to the same tables."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints) -> bool:
        return db == FIRST


def alias() -> str:
    """What is read from just now; also for those who write their own SQL (kim.together)."""
    return _alias.get()


def is_there() -> bool:
    return ALIAS in settings.DATABASES


@contextmanager
def reading(request: HttpRequest | None = None, *, has: models.Model | None = None) -> Iterator[None]:
    """Inside, queries go to the replica if it may be read. With `has` only if it knows that row already, and with it
    everything written before. The moment a page is told of stands in `request.read_as_of`.
    """
    chosen, as_of = FIRST, None
    if is_there() and not (request and COOKIE in request.COOKIES) and (as_of := _usable()) and _knows(has):
        chosen = ALIAS
    if request is not None and chosen == ALIAS:
        request.read_as_of = as_of  # type: ignore[attr-defined]
    token = _alias.set(chosen)
    try:
        yield
    finally:
        _alias.reset(token)


def _knows(row: models.Model | None) -> bool:
    if row is None:
        return True
    try:
        return type(row)._base_manager.using(ALIAS).filter(pk=row.pk).exists()
    except DatabaseError:
        return False


class _Found:
    """What this process last found out, and when."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self.until, self.as_of = 0.0, None  # type: tuple[float, dt.datetime | None]


_found = _Found()


def _usable() -> dt.datetime | None:
    """Of what moment the replica is; None where it lags too far, does not answer, or nothing can be said about it."""
    with _found.lock:
        if time.monotonic() < _found.until:
            return _found.as_of
        # Others go on with what is known while one looks.
        _found.until = time.monotonic() + BELIEVED
    _found.as_of = _look()
    return _found.as_of


def _look() -> dt.datetime | None:
    try:
        there = heartbeat(ALIAS)
    except DatabaseError:
        log.warning("replica does not answer", exc_info=True)
        connections[ALIAS].close()
        return None
    here = heartbeat(FIRST)
    if there is None or here is None or (here - there).total_seconds() > settings.KIM_REPORTS_MAX_LAG:
        log.warning("replica lags", seconds=None if not (here and there) else (here - there).total_seconds())
        return None
    return there


def heartbeat(database: str) -> dt.datetime | None:
    """The last heartbeat of the background, as this database knows it: on both engines a clock that is written
    every 30 seconds, so that two databases can be compared whatever lies between them.
    """
    from kim.models import JobRun

    last = JobRun.objects.using(database).filter(job="heartbeat", finished_at__isnull=False).order_by("-finished_at")
    return last.values_list("finished_at", flat=True).first()


def lag() -> float | None:
    """Seconds the replica is behind, to 30 seconds; None without one, or where it does not answer."""
    if not is_there():
        return None
    try:
        here, there = heartbeat(FIRST), heartbeat(ALIAS)
    except DatabaseError:
        return None
    return max(0.0, (here - there).total_seconds()) if here and there else None


class ReadYourOwn:
    """Middleware, there only with a replica: whoever sends something reads the first database for a while."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            response.set_cookie(
                COOKIE, "1", max_age=settings.KIM_REPORTS_MAX_LAG + BELIEVED, httponly=True, samesite="Lax",
                secure=settings.BEHIND_TLS,
            )  # fmt: skip
        return response
