"""The address under which a calendar program reads one person's calendar: made, renewed, revoked, and looked up.

Whoever knows the address reads the calendar, so it is as good as a password: it is shown once, and only a digest of
its token is kept.
"""

import hashlib
import secrets

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from kim import trail, workdays
from kim.models import CalendarFeed, Suspension, User
from kim.workflow import StepRefused

OLD_PAGE = (
    "Diese Seite war veraltet, und Ihre Kalenderadresse ist geblieben, wie sie war. Hier steht der neue Stand; "
    "wenn Sie eine neue Adresse brauchen, legen Sie sie jetzt an."
)


def live(user: User) -> CalendarFeed | None:
    """The one address of `user` that is valid."""
    return CalendarFeed.objects.filter(user=user, revoked_at=None).first()


@transaction.atomic
def renew(*, by: User, seen: int) -> str:
    """A new token for the calendar of `by`; the one before it ends. `seen` is the feed the page showed (0: none).

    Raises StepRefused when the page was old, so that a form sent again does not end an address just written down.
    """
    User.objects.select_for_update().get(pk=by.pk)
    before = live(by)
    if (before.pk if before else 0) != seen:
        raise StepRefused(OLD_PAGE)
    if before:
        _end(before)
    token = secrets.token_urlsafe(32)
    made = CalendarFeed.objects.create(user=by, digest=digest_of(token))
    trail.record("calendarfeed.renew" if before else "calendarfeed.create", made, by=by)
    return token


@transaction.atomic
def revoke(*, by: User) -> None:
    User.objects.select_for_update().get(pk=by.pk)
    feed = live(by)
    if feed is None:
        raise StepRefused("Sie haben zurzeit keine Kalenderadresse. Es gibt nichts zu widerrufen.")
    _end(feed)
    trail.record("calendarfeed.revoke", feed, by=by)


def _end(feed: CalendarFeed) -> None:
    feed.revoked_at = workdays.now()
    feed.save(update_fields=["revoked_at"])


def of_token(token: str) -> CalendarFeed | None:
    """The live feed of an account that may sign in; looked up by digest, so that no comparison tells a beginning."""
    found = CalendarFeed.objects.filter(digest=digest_of(token), revoked_at=None, user__is_active=True)
    closed = Suspension.objects.valid_on().values("user")
    return found.exclude(user__in=closed).select_related("user").first()


def note_reading(feed: CalendarFeed) -> None:
    """Once a day, so that its owner sees whether anything still reads it."""
    today = workdays.today()
    if feed.read_on != today:
        CalendarFeed.objects.filter(pk=feed.pk).update(read_on=today)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def address_with(token: str) -> str:
    """What is copied into a calendar program."""
    return f"{settings.BASE_URL}{reverse('kim:calendar_feed', args=[token])}"
