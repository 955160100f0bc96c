"""What belongs to one request or task: its number, and what it cost the database.

The number stands in every log line, in the answer's header and on error pages, and goes along to the tasks a request
knocks for. Statements that take long are logged by their text with every value taken out of it.
"""

import ipaddress
import re
import time
import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass

import structlog
from celery import signals
from django.conf import settings
from django.http import HttpRequest

HEADER = "X-Request-ID"
#: What a proxy may have written: long enough to tell requests apart, nothing that breaks a line.
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
#: Under this name the number travels with a knock.
_CARRIED = "kim_request_id"

log = structlog.get_logger("kim.slow")


@dataclass(slots=True)
class Cost:
    """What one request or task has asked of the database so far; `seconds` from sending to the first answer."""

    queries: int = 0
    seconds: float = 0.0
    slow: int = 0


_cost: ContextVar[Cost | None] = ContextVar("kim_cost", default=None)
_route: ContextVar[str] = ContextVar("kim_route", default="")


# The number


def number() -> str:
    """Of the request or task that runs; "" outside of both."""
    return structlog.contextvars.get_contextvars().get("request_id", "")


def route() -> str:
    """Where it runs: the pattern of the address (never the address), or the name of the task; "" outside of both."""
    return _route.get()


def begin(given: str = "", where: str = "") -> Cost:
    """A request or task begins: its number is the `given` one if that is well-formed, else a new one."""
    structlog.contextvars.clear_contextvars()
    taken = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex[:12]
    structlog.contextvars.bind_contextvars(request_id=taken)
    _route.set(where)
    cost = Cost()
    _cost.set(cost)
    return cost


def name_route(where: str) -> None:
    """Said as soon as the address has been resolved, so that a slow statement knows where it was asked."""
    _route.set(where)


def end() -> None:
    structlog.contextvars.clear_contextvars()
    _route.set("")
    _cost.set(None)


def given_by_proxy(request: HttpRequest) -> str:
    """The number a proxy of ours gave the request; what anybody else writes into that header is not looked at."""
    given = request.headers.get(HEADER, "")
    return given if given and is_from(request, settings.PROXY_NETWORKS) else ""


def is_from(request: HttpRequest, networks: Iterable) -> bool:
    """Whether the connection comes from one of `networks`. Through a socket of this machine it comes from the proxy."""
    there = request.META.get("REMOTE_ADDR", "")
    if not there:
        return bool(networks)
    try:
        address = ipaddress.ip_address(there)
    except ValueError:
        return False
    return any(address in network for network in networks)


# The database


def watch(connection) -> None:
    """Have every statement of a connection timed; once, however often it connects anew."""
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _timed)


def _timed(execute, sql, params, many, context):
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        took = time.perf_counter() - started
        cost = _cost.get()
        if cost is not None:
            cost.queries += 1
            cost.seconds += took
        if took * 1000 >= settings.KIM_SLOW_MS:
            if cost is not None:
                cost.slow += 1
            _tell(str(sql), took, context)


def _tell(sql: str, took: float, context) -> None:
    from kim.together import text_of

    # -1 where the driver counts only while rows are fetched (SQLite), and for cursors on the server.
    rows = getattr(context["cursor"], "rowcount", -1)
    known = {"rows": rows} if isinstance(rows, int) and rows >= 0 else {}
    log.warning(
        "slow statement",
        route=route(),
        ms=round(took * 1000, 1),
        database=context["connection"].alias,
        statement=without_literals(text_of(sql))[:4000],
        **known,
    )


#: Names in quotation marks, which stay; then what goes: texts in all spellings of both engines, comments, and numbers
#: that are no part of a name or of a placeholder.
_TOKEN = re.compile(
    r"""
      (?P<name>"[^"]*")
    | [Ee]'(?:[^'\\]|''|\\.)*(?:'|\Z)               # E'it\'s'; one that is cut off: to the end
    | [BbXxNn]?'(?:[^']|'')*(?:'|\Z)              # 'it''s'
    | (?P<tag>\$[A-Za-z_]*\$).*?(?:(?P=tag)|\Z)    # $$text$$
    | --[^\n]* | /\*.*?(?:\*/|\Z)
    | (?<![\w$%.])\d[\w.]*
    """,
    re.VERBOSE | re.DOTALL,
)


def without_literals(sql: str) -> str:
    """A statement by its text alone: „… WHERE "name" = %s LIMIT ?“. Values travel beside it; the rest goes."""
    return " ".join(_TOKEN.sub(lambda found: found["name"] or "?", sql).split())


# Tasks


@signals.before_task_publish.connect(dispatch_uid="kim.tracing")
def _carry(headers: dict | None = None, **_: object) -> None:
    if headers is not None and (ours := number()):
        headers[_CARRIED] = ours


@signals.task_prerun.connect(dispatch_uid="kim.tracing")
def _begin_task(task_id: str = "", task=None, **_: object) -> None:
    """Beat's knocks carry no number; a task of its own goes by the first twelve characters of its id."""
    if task.request.called_directly or task.request.is_eager:
        return
    carried = task.request.get(_CARRIED) or (task.request.headers or {}).get(_CARRIED) or ""
    begin(str(carried) or task_id.replace("-", "")[:12], task.name)
    structlog.contextvars.bind_contextvars(task=task.name)


@signals.task_postrun.connect(dispatch_uid="kim.tracing")
def _end_task(task=None, **_: object) -> None:
    if not (task.request.called_directly or task.request.is_eager):
        end()
