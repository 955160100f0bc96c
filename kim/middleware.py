"""What happens around every request: its log line, its headers, the idle session and the locked door."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth import middleware as auth
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, QueryDict
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme

from kim import accounts, metrics, outages, sign_ins, tracing
from kim.editing import Edited
from kim.errors import not_allowed, too_large

Answer = Callable[[HttpRequest], HttpResponseBase]

#: The status of kim.errors.unavailable.
AWAY = 503

log = structlog.get_logger("kim.request")


class RequestLog:
    """One line per request: method, route (not the path: it may hold a token), status, milliseconds, and what of them
    went to the database. Its number goes into the answer's header.
    """

    UNTOLD = frozenset({"healthz", "readyz", "metrics", "static"})

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        cost = tracing.begin(tracing.given_by_proxy(request))
        response = self.get_response(request)
        took = time.perf_counter() - started
        response.headers[tracing.HEADER] = tracing.number()
        match = request.resolver_match
        route = match.route if match else ("static" if request.path.startswith(settings.STATIC_URL) else "none")
        name = match.view_name or "unnamed" if match else route
        metrics.count_request(name, request.method or "", response.status_code, took, cost)
        if route not in self.UNTOLD:
            log.info(
                "request",
                method=request.method,
                route=route,
                status=response.status_code,
                ms=round(took * 1000, 1),
                queries=cost.queries,
                db_ms=round(cost.seconds * 1000, 1),
            )
        return response

    def process_view(self, request: HttpRequest, view_func, view_args, view_kwargs) -> None:
        if request.resolver_match:
            tracing.name_route(request.resolver_match.route)


class ResponseHeaders:
    """What every answer carries, whoever gave it: a view, an error, a redirect, a file of ours.

    Nothing but static files is kept by any cache. Headers that an answer set itself stay.
    """

    ALWAYS = {
        "Permissions-Policy": ", ".join(
            f"{sensor}=()"
            for sensor in (
                "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope",
                "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock",
                "serial", "usb", "xr-spatial-tracking",
            )
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Permitted-Cross-Domain-Policies": "none",
        "X-Robots-Tag": "noindex, nofollow",
    }  # fmt: skip

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.ALWAYS.items():
            response.headers.setdefault(name, value)
        if not request.path_info.startswith(settings.STATIC_URL) or response.status_code >= 400:
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
                if self.SEEN in session:
                    _note_use(request)
                session[self.SEEN] = int(now)
        return response


def _note_use(request: HttpRequest) -> None:
    """A database that takes nothing is no reason to withhold a page: the list of sessions is then a minute older."""
    try:
        with transaction.atomic():
            sign_ins.used(request)
    except DatabaseError as error:
        if outages.of(error) is None:
            raise


#: Where somebody may go who has yet to set up a second factor: setting it up, confirming that it is them.
SETTING_UP = (
    "kim:factor_setup", "mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate", "account_change_password",
)  # fmt: skip


class LoginRequired(auth.LoginRequiredMiddleware):
    """Django's locked door, which also tells people whose session ended that it did.

    It asks at every request whether account and session are still open (kim.accounts, kim.sign_ins), and leads those
    who need a second factor and have none to setting it up, and nowhere else. All of it is read with the standing.

    A page swapped by htmx goes to the login as a whole; a script's request gets a plain 401 instead of a page
    it cannot show.
    """

    def process_view(self, request, view_func, view_args, view_kwargs):
        if not getattr(view_func, "login_required", True):
            return None  # asked first: open views must not load the session
        refused = super().process_view(request, view_func, view_args, view_kwargs)
        if refused is not None or not request.user.is_authenticated:
            return refused
        if accounts.why_closed(request.user):
            logout(request)
            return self.lead(request, reverse("account_inactive"), "Dieses Konto ist gesperrt.", 401)
        if not sign_ins.is_alive(request):
            logout(request)
            return self.handle_no_permission(request, view_func, ended="beendet")
        if self.lacks_factor(request):
            return self.lead(
                request, reverse("kim:factor_setup"), "Bitte richten Sie zuerst den zweiten Faktor ein.", 403
            )
        return None

    @staticmethod
    def lacks_factor(request) -> bool:
        return (
            bool(settings.KIM_MFA_ROLES)
            and request.resolver_match.view_name not in SETTING_UP
            and not accounts.has_second_factor(request.user)
            and not request.session.get(sign_ins.FACTOR_ELSEWHERE)
            and accounts.needs_second_factor(request.user)
        )

    def handle_no_permission(self, request, view_func, ended=""):
        query = QueryDict(mutable=True)
        query[self.get_redirect_field_name(view_func)] = came_from(request)
        # The browser still names a session, but it holds nobody any more: it ran out.
        if ended or (settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.is_empty()):
            query[ended or "abgelaufen"] = "1"
        address = f"{resolve_url(self.get_login_url(view_func))}?{query.urlencode(safe='/')}"
        return self.lead(request, address, "Ihre Sitzung ist abgelaufen. Bitte melden Sie sich neu an.", 401)

    @staticmethod
    def lead(request, address: str, words: str, status: int) -> HttpResponse:
        """Elsewhere, as a whole; a script reads `words`."""
        if getattr(request, "htmx", False):
            return HttpResponse(headers={"HX-Redirect": address})
        if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            return HttpResponse(words, status=status, content_type="text/plain")
        return HttpResponse(status=302, headers={"Location": address})


class OnlyActs:
    """An address that only acts, opened as a page, is answered by a page that says so. Django's own answer is empty.

    Methods no page of ours uses are refused for all of them: a view would take TRACE or DELETE for a reading.
    """

    KNOWN = ("GET", "HEAD", "POST")

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in self.KNOWN:
            return not_allowed(request, ", ".join(self.KNOWN))
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
