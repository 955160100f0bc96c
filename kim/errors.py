"""The error pages: what happened, in the user's words, and what to do next. Named as handlers in kim.urls."""

from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

NO_CACHE = "no-store"
#: Longer texts of a form that did not go through are shown again, so that nobody types them twice.
KEPT_FROM = 12


def bad_request(request, exception=None):
    return _answer(request, "400.html", 400)


def forbidden(request, exception=None):
    """403; an exception raised with a German sentence has that sentence shown."""
    return _answer(request, "403.html", 403, reason=str(exception or ""))


def not_found(request, exception=None):
    return _answer(request, "404.html", 404)


def csrf_failure(request, reason=""):
    """403 for a form without a valid token: expired, or sent while another session was open.

    What was typed is shown again, but only when the browser says the form came from our own pages.
    """
    kept: Iterable[tuple[str, str]] = ()
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        kept = [
            (name, text)
            for name, values in request.POST.lists()
            for text in values
            if len(text) >= KEPT_FROM and "password" not in name and name != "csrfmiddlewaretoken"
        ]
    return _answer(request, "403.html", 403, expired=True, kept=kept)


def conflict(request, refused, *, url: str = "", kept: Iterable[tuple[str, str]] = ()):
    """409 for a step out of turn: `refused` says who was first, `url` leads to the new state of things.

    `kept` are (label, text) pairs of what was typed. An htmx request gets the message alone.
    """
    template = "409.html#conflict" if getattr(request, "htmx", False) else "409.html"
    return _answer(request, template, 409, reason=str(refused), url=url, kept=list(kept))


def too_large(request):
    """413 for a body that is longer than a file may be."""
    return _answer(request, "413.html", 413, most=settings.KIM_FILE_MB)


def server_error(request):
    """500, drawn without request, database and context processors: whatever broke may break again."""
    return _uncached(HttpResponse(render_to_string("500.html"), status=500))


def _answer(request, template, status, **context):
    given = {"reason": "", "kept": (), "back": _came_from(request), **context}
    return _uncached(render(request, template, given, status=status))


def _came_from(request) -> str:
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
