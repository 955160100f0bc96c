"""What happens around every request: its log line, its headers, the idle session and the locked door."""

import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, QueryDict
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme

from kim import outages
from kim.editing import Edited
from kim.errors import not_allowed, too_large

Answer = Callable[[HttpRequest], HttpResponseBase]

#: The status of kim.errors.unavailable.
AWAY = 503

log = structlog.get_logger("kim.request")


class RequestLog:
    """One line per request: method, route (not the path: it may hold a token), status, milliseconds."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=uuid.uuid4().hex[:12])
        response = self.get_response(request)
        match = request.resolver_match
        route = match.route if match else ("static" if request.path.startswith(settings.STATIC_URL) else "none")
        if route not in {"healthz", "readyz", "static"}:
            log.info(
                "request",
                method=request.method,
                route=route,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
        return response


class ResponseHeaders:
    """Pages for somebody logged in are kept by no cache; the browser's sensors stay off."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        session = getattr(request, "session", None)
        if response.status_code == AWAY:
            return response  # kept by no cache already, and who it is cannot be asked
        if session is not None and session.accessed and request.user.is_authenticated:
            patch_cache_control(response, no_store=True, private=True)
        return response


class Sessions(SessionMiddleware):
    """Django's sessions in the database; a page that was only read is shown although the database takes nothing.

    What is lost then is the minute of the last request: the session ends that much earlier, never later.
    """

    def process_response(self, request, response):
        try:
            return super().process_response(request, response)
        except (DatabaseError, SessionInterrupted) as error:
            # Django takes whatever the database refuses for a session that somebody ended meanwhile (400).
            outage = outages.of(error)
            if outage is None:
                raise
            if not getattr(request, "only_seen", False):
                raise DatabaseError("the session was not saved") from error
            log.warning("session not moved on", what=outage.name)
            return response


class IdleSession:
    """A session ends KIM_IDLE_MINUTES after the last request.

    Saving the session moves its end; that happens at most once a minute, so the end may come up to a minute
    (or a thirtieth of a shorter time) early, never late.
    """

    SEEN = "seen"

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.saved_every = min(60, settings.SESSION_COOKIE_AGE / 30)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        session = request.session
        if response.status_code == AWAY:
            return response
        if session.accessed and not session.is_empty() and request.user.is_authenticated:
            now = time.time()
            if now - session.get(self.SEEN, 0) >= self.saved_every:
                request.only_seen = not session.modified  # type: ignore[attr-defined]
                session[self.SEEN] = int(now)
        return response


class LoginRequired(auth.LoginRequiredMiddleware):
    """Django's locked door, which also tells people whose session ended that it did.

    A page swapped by htmx goes to the login as a whole; a script's request gets a plain 401 instead of a page
    it cannot show.
    """

    def process_view(self, request, view_func, view_args, view_kwargs):
        if not getattr(view_func, "login_required", True):
            return None  # asked first: open views must not load the session
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request, view_func):
        query = QueryDict(mutable=True)
        query[self.get_redirect_field_name(view_func)] = came_from(request)
        # The browser still names a session, but it holds nobody any more: it ran out.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.is_empty():
            query["abgelaufen"] = "1"
        address = f"{resolve_url(self.get_login_url(view_func))}?{query.urlencode(safe='/')}"
        if getattr(request, "htmx", False):
            return HttpResponse(headers={"HX-Redirect": address})
        if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            return HttpResponse(
                "Ihre Sitzung ist abgelaufen. Bitte melden Sie sich neu an.",
                status=401,
                content_type="text/plain",
            )
        return HttpResponse(status=302, headers={"Location": address})


class OnlyActs:
    """An address that only acts, opened as a page, is answered by a page that says so. Django's own answer is empty."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            return not_allowed(request, response.headers["Allow"])
        return response


class TwoWindows:
    """A form filled before somebody else saved is answered with both versions, whichever view it was sent to."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        return exception.answer(request) if isinstance(exception, Edited) else None


class BodyLimit:
    """A body that is longer than a file may be is answered before any of it is read as a form: 413.

    A little more than that is read away, so that the browser gets to the answer; what is out of all proportion is
    left to the server, which drops it.
    """

    MORE = 1024 * 1024  # the other fields of the form
    READ_AWAY = 64 * 1024 * 1024

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isdecimal() and len(length) < 19 else 0
        if size <= settings.KIM_FILE_MAX + self.MORE:
            return self.get_response(request)
        if size <= self.READ_AWAY:
            while request.read(64 * 1024):
                pass
        return too_large(request)


def came_from(request: HttpRequest) -> str:
    """Where to go after the login: the page asked for, or the page a form or a swap was sent from."""
    if request.method in {"GET", "HEAD"} and not getattr(request, "htmx", False):
        return request.get_full_path()
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        parts = urlsplit(page)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return settings.LOGIN_REDIRECT_URL
