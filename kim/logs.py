"""Logs: one JSON object per line, no local variables, no query strings, nothing about people.

What an exception says is left out on purpose (database errors quote the values they refuse); its type
and the places it passed stay. `KIM_DEBUG=1` shows everything on the screen of the developer instead.
"""

import json
import os
import re
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

# Django puts the request, with everything typed into it, beside these records.
DROPPED = ("request", "sql", "params", "stack", "stack_info")


def without_values(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace exc_info by type and places; drop what carries a request or its values."""
    for name in DROPPED:
        event.pop(name, None)
    info: Any = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[0] is not None:
        event["exception"] = info[0].__name__
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(info[2])[-12:]]
    return event


def without_query(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Cut what follows a question mark: Django and gunicorn sometimes log whole addresses."""
    if isinstance(event.get("event"), str) and "/" in event["event"]:
        event["event"] = " ".join(word.partition("?")[0] if "/" in word else word for word in event["event"].split(" "))
    return event


#: Addresses that are a key themselves: of a calendar, of an invitation, of a link to set a password.
_KEYS = re.compile(r"(/calendar/|/invitation/|/password/reset/key/)[^\s\"']+")


def without_keys(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Cut what follows in such an address, whoever logs it: Django's errors, its small server, gunicorn."""
    if isinstance(event.get("event"), str):
        event["event"] = _KEYS.sub(r"\1…", event["event"])
    return event


#: What some readers of logs take for the end of a line, and JSON leaves as it is.
_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}


def one_line(event: EventDict, **options: Any) -> str:
    """As JSON in one line, whatever was logged: nobody writes a second line into it."""
    return json.dumps(event, **options).translate(_ENDS)


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(level: str) -> dict[str, Any]:
    """The `dictConfig` for Django, Celery and gunicorn alike; sets up structlog as well."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    without_values,
                    without_query,
                    without_keys,
                    structlog.processors.JSONRenderer(one_line, ensure_ascii=False),
                ],
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "json",
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # the request log says it already, with the route instead of the path
            "django.request": {"level": "ERROR"},
            "django.server": {
                "handlers": ["stderr"],
                "level": "INFO",
                "propagate": False,
            },
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
            # one line per task is enough; arguments stay out of it
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": os.environ.get("KIM_TASK_LOG_LEVEL", "").strip() or "WARNING"},
        },
    }
