"""Who subscribed to an evaluation hears of each new period once its numbers are there: a notice with a link, no number.

Rows say what is due; each is told in a transaction of its own, and under a key that tells nobody twice.
"""

import datetime as dt

from django.db import transaction

from kim import notices, workdays
from kim.notices import Telling
from reports import access, sources
from reports.models import SavedFigure, Subscription
from reports.models.saved import Rhythm

AUDIENCE = "Abonnement"


def tell_due(day: dt.date | None = None) -> tuple[int, int]:
    """How many were told, and how many ended because their reader no longer sees it."""
    day = day or workdays.today()
    told = ended = 0
    ready: dict[tuple[str, dt.date, str], bool] = {}
    for pk in list(Subscription.objects.filter(next_on__lte=day).order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            found = Subscription.objects.select_for_update(of=("self",)).select_related("saved", "user").filter(pk=pk)
            one = found.first()
            if one is None or one.next_on > day:
                continue
            if not _still_sees(one):
                one.end()
                ended += 1
                continue
            key = (one.saved.figure, one.next_on, one.saved.rhythm)
            if key not in ready:
                ready[key] = _is_ready(one)
            if ready[key]:
                _tell(one, day)
                told += 1
    return told, ended


def _still_sees(one: Subscription) -> bool:
    if one.saved.figure not in sources.SOURCES or not one.user.is_active:
        return False
    part = sources.of(one.saved.figure).figure.part
    return (
        part in access.parts_of(one.user) and SavedFigure.objects.visible_to(one.user).filter(pk=one.saved_id).exists()
    )


def _period(one: Subscription) -> sources.Period:
    return sources.Period(one.first, one.next_on, sources.name_of(Rhythm(one.saved.rhythm), one.first))


def _is_ready(one: Subscription) -> bool:
    source = sources.of(one.saved.figure)
    return source.is_ready(source, _period(one))


def _tell(one: Subscription, day: dt.date) -> None:
    """The headline may stand in a mail: it names the figure, never what somebody called their evaluation."""
    period = _period(one)
    headline = f"Neue Zahlen: {sources.of(one.saved.figure).figure.name}, {period.name}"
    telling = Telling(AUDIENCE, "wer die Auswertung abonniert hat", (one.user,), headline, "")
    notices.tell([telling], key=f"subscription:{one.pk}:{period.first:%Y-%m-%d}", url=one.saved.get_absolute_url())
    one.told(day)
