"""Where an account is signed in: its sessions, which end when their row does, and the browsers it is known by.

Kept are the family of the browser and moments. No address of a network, and nothing a session could be taken over with.
"""

import datetime as dt
import hashlib
import re
import secrets

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from kim import mail, trail, workdays
from kim.models import Device, Notice, SignIn, User
from kim.models.people import read_along
from kim.workflow import StepRefused

#: In the session: the row it stands and falls with.
KEY = "sign_in"
#: In the session: whoever vouched for the person (single sign-on) has asked for a second factor already.
FACTOR_ELSEWHERE = "factor_elsewhere"
COOKIE = "kim_device"
COOKIE_AGE = 400 * 24 * 60 * 60  # browsers keep no cookie longer
BROWSERS = (
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/", "Safari"),
)
SYSTEMS = (
    (r"iPhone|iPad|iPod", "iOS"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"CrOS", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)


def browser_of(request: HttpRequest) -> str:
    """„Firefox unter Windows“: the family, never the version or more."""
    given = request.META.get("HTTP_USER_AGENT", "")[:1000]
    browser = next((name for sign, name in BROWSERS if re.search(sign, given)), "Unbekannter Browser")
    system = next((name for sign, name in SYSTEMS if re.search(sign, given)), "")
    return f"{browser} unter {system}" if system else browser


# Sessions


@read_along("sign_ins")
def _sign_ins(me, away, today):
    return SignIn.objects.filter(user=me).only("pk").order_by("pk")


def begin(request: HttpRequest, user: User) -> None:
    """Gives the session that was just opened its row."""
    SignIn.objects.filter(pk=mine(request), user=user).delete()
    row = SignIn.objects.create(user=user, browser=browser_of(request))
    request.session[KEY] = row.pk
    user.forget_standing()


def mine(request: HttpRequest) -> int:
    """The id of the row the session of whoever asks stands and falls with; 0 where it names none."""
    return int(request.session.get(KEY) or 0)


def is_alive(request: HttpRequest) -> bool:
    """Whether the session of whoever asks still has its row; no query of its own."""
    return any(row.pk == mine(request) for row in request.user.standing.along["sign_ins"])  # type: ignore[union-attr]


def used(request: HttpRequest) -> None:
    SignIn.objects.filter(pk=mine(request)).update(used_at=workdays.now())


def running(user: User) -> QuerySet[SignIn]:
    """Sessions that have not idled away, the latest first."""
    since = workdays.now() - dt.timedelta(minutes=settings.IDLE_MINUTES + 1)
    return SignIn.objects.filter(user=user, used_at__gte=since).order_by("-used_at", "-pk")


@transaction.atomic
def end(row: SignIn, *, by: User) -> None:
    """Raises StepRefused when it is over already."""
    if not SignIn.objects.filter(pk=row.pk, user=by).delete()[0]:
        raise StepRefused("Diese Anmeldung ist schon beendet.")
    by.forget_standing()
    trail.record("user.end_session", by, by=by)


@transaction.atomic
def end_others(request: HttpRequest, user: User) -> int:
    """All but the one that asks; how many there were."""
    others = SignIn.objects.filter(user=user).exclude(pk=mine(request))
    number = others.count()
    others.delete()
    user.forget_standing()
    if number:
        trail.record("user.end_other_sessions", user, by=user, note=f"{number} beendet")
    return number


def finish(request: HttpRequest) -> None:
    """Signing out: the row goes with the session."""
    SignIn.objects.filter(pk=mine(request)).delete()


def sweep() -> int:
    """Delete what idled away long ago, and browsers nobody has signed in with for as long as their cookie lasts."""
    now = workdays.now()
    old = SignIn.objects.filter(used_at__lt=now - dt.timedelta(minutes=settings.IDLE_MINUTES, days=1))
    Device.objects.filter(last_at__lt=now - dt.timedelta(seconds=COOKIE_AGE)).delete()
    return old.delete()[0]


# Browsers


@transaction.atomic
def recognise(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Somebody has signed in: with a browser that is known, or with a new one, of which the person is told."""
    token = request.COOKIES.get(COOKIE, "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", token):
        token = secrets.token_urlsafe(32)
    now, browser = workdays.now(), browser_of(request)
    known = Device.objects.filter(user=user)
    is_first = not known.exists()
    device, is_new = known.get_or_create(
        digest=_digest(user, token), defaults={"user": user, "browser": browser, "first_at": now}
    )
    if not is_new:
        known.filter(pk=device.pk).update(last_at=now, browser=browser)
    SignIn.objects.filter(pk=mine(request)).update(device=device)
    response.set_cookie(
        COOKIE, token, max_age=COOKIE_AGE, secure=settings.BEHIND_TLS, httponly=True, samesite="Lax"
    )  # fmt: skip
    if is_new and not is_first:
        _tell(user, device)


def forget(device: Device, *, by: User) -> None:
    """The next sign-in with this browser counts as one from a new one; what is signed in with it ends."""
    with transaction.atomic():
        SignIn.objects.filter(device=device, user=by).delete()
        device.delete()
        by.forget_standing()
        trail.record("user.forget_device", by, by=by)


def _digest(user: User, token: str) -> str:
    """Of account and cookie together, so that two accounts on one browser are not seen to be neighbours."""
    return hashlib.sha256(f"{user.pk}:{token}".encode()).hexdigest()


def _tell(user: User, device: Device) -> None:
    moment = workdays.now().astimezone(workdays.BERLIN)
    words = f"am {moment:%d.%m.%Y um %H:%M} Uhr mit {device.browser}"
    account = reverse("kim:account")
    told: dict[str, object] = {
        "headline": "Anmeldung mit einem neuen Gerät",
        "text": f"Angemeldet {words}.",
        "url": account,
    }
    if user.email:  # told at once, so the digest of the morning need not say it again
        told["digested_at"] = workdays.now()
        body = TOLD.format(words=words, link=settings.BASE_URL + account)
        mail.queue(key=f"device:{device.pk}", to=user.email, subject="KIM: Anmeldung mit einem neuen Gerät", body=body,
                   recipient=user)  # fmt: skip
    Notice.objects.get_or_create(recipient=user, key=f"device:{device.pk}", defaults=told)


TOLD = """Guten Tag,

mit Ihrem Konto hat sich jemand {words} angemeldet. Von diesem Gerät kam bisher keine Anmeldung.

Waren Sie das, brauchen Sie nichts zu tun. Waren Sie es nicht, beenden Sie die Anmeldung, ändern Ihr Kennwort und wenden
sich sofort an die Verwaltung von KIM:

{link}

Diese Mail hat KIM verschickt. Antworten liest niemand.
"""
