"""The error pages: what happened, in the user's words, and what to do next. Named as handlers in kim.urls."""

import sys
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from kim import outages, tracing

NO_CACHE = "no-store"
#: Longer texts of a form that did not go through are shown again, so that nobody types them twice.
KEPT_FROM = 12

log = structlog.get_logger("kim.errors")


def bad_request(request, exception=None):
    """400; for a form with more text than one request may carry 413, which says what to do."""
    if isinstance(exception, RequestDataTooBig):
        return _too_much_text(request)
    return _answer(request, "400.html", 400)


def forbidden(request, exception=None):
    """403; an exception raised with a German sentence has that sentence shown."""
    return _answer(request, "403.html", 403, reason=str(exception or ""))


def not_allowed(request, allowed: str):
    """405 for an address that only acts, opened as a page; `allowed` names the methods it takes."""
    response = _answer(request, "405.html", 405)
    response["Allow"] = allowed
    return response


def not_found(request, exception=None):
    return _answer(request, "404.html", 404)


def csrf_failure(request, reason=""):
    """403 for a form without a valid token: expired, or sent while another session was open.

    What was typed is shown again, but only when the browser says the form came from our own pages.
    """
    return _answer(request, "403.html", 403, expired=True, kept=_typed(request))


def _typed(request) -> list[tuple[str, str]]:
    """The longer texts of the form that was sent, where the browser says it came from our own pages.

    None where the form cannot be read at all: the disk may be full of which its files were to be written.
    """
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        return []
    try:
        sent = request.POST.lists()
    except Exception:  # whatever broke breaks again
        return []
    return [
        (name, text)
        for name, values in sent
        for text in values
        if len(text) >= KEPT_FROM and "password" not in name and name != "csrfmiddlewaretoken"
    ]


def conflict(
    request,
    refused,
    *,
    url: str = "",
    kept: Iterable[tuple[str, str]] = (),
    there: Iterable[tuple[str, str]] = (),
    heading: str = "Der Schritt ging nicht",
):
    """409 for a step out of turn: `refused` says who was first, `url` leads to the new state of things.

    `kept` are (label, text) pairs of what was typed, `there` of what stands there now. An htmx request gets the message
    alone.
    """
    template = "409.html#conflict" if getattr(request, "htmx", False) else "409.html"
    context = {"reason": str(refused), "url": url, "kept": list(kept), "there": list(there), "heading": heading}
    return _answer(request, template, 409, **context)


def too_large(request):
    """413 for a body that is longer than a file may be; without a file in it, it is all text."""
    if not request.headers.get("Content-Type", "").startswith("multipart/"):
        return _too_much_text(request)
    return _answer(request, "413.html", 413, most=settings.KIM_FILE_MB, is_text=False)


def _too_much_text(request):
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // (1024 * 1024)
    return _answer(request, "413.html", 413, most=most, is_text=True)


def too_many(request, exception=None):
    """429 where something is asked for too often: logins, passwords."""
    response = _answer(request, "429.html", 429, waiting="")
    response["Retry-After"] = "300"
    return response


def too_often(request, reason: str, seconds: int):
    """429 for what somebody signed in asked for too often (kim.throttle): `reason` says what, `seconds` when again."""
    response = _answer(request, "429.html", 429, reason=reason, waiting=_waiting(seconds), kept=_typed(request))
    response["Retry-After"] = str(seconds)
    return response


def _waiting(seconds: int) -> str:
    """When to try again, in full minutes (rounded up) once it takes more than one."""
    minutes = -(-seconds // 60)
    wait = f"{seconds} Sekunden" if seconds <= 60 else f"{minutes} Minuten"
    return f"Bitte versuchen Sie es in {wait} noch einmal."


def server_error(request):
    """500, or 503 where something is away that comes back.

    Drawn without request, database and context processors: whatever broke may break again.
    """
    # Django calls this while it handles what went wrong.
    if outage := outages.of(sys.exc_info()[1]):
        return unavailable(request, outage)
    return _uncached(HttpResponse(render_to_string("500.html", {"number": tracing.number()}), status=500))


def unavailable(request, outage: outages.Outage):
    """503 with Retry-After: what is away, when to try again, and what was typed. Asks neither database nor session."""
    log.warning("unavailable", what=outage.name)
    context = {
        "number": tracing.number(),
        "outage": outage,
        "sent": request.method not in {"GET", "HEAD"},
        "kept": _typed(request),
    }
    response = HttpResponse(render_to_string("503.html", context), status=503)
    response["Retry-After"] = str(outage.seconds)
    return _uncached(response)


def _answer(request, template, status, **context):
    given = {"reason": "", "kept": (), "back": _way_back(request), "number": tracing.number(), **context}
    return _uncached(render(request, template, given, status=status))


def _way_back(request) -> str:
    """The address of ours somebody came from, for a link that needs no JavaScript; empty where there is none."""
    try:
        there = urlsplit(request.headers.get("Referer", ""))
        ours = there.scheme == request.scheme and there.netloc == request.get_host()
    except (ValueError, DisallowedHost):  # an address that is none, a host that is not ours
        return ""
    path = urlunsplit(("", "", there.path, there.query, ""))
    again = request.method == "GET" and path == request.get_full_path()
    return path if ours and not again and url_has_allowed_host_and_scheme(path, None) else ""


def _uncached(response):
    response["Cache-Control"] = NO_CACHE
    return response
