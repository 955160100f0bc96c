"""„Heute“: the start page is made of sections that apps hang in (kim.sections). The ground floor imports none of them.

Sections are `f(user)` or `f(user, read)`; slots of their sets: `me` (the account), `today`, `soon` (some weeks on),
`monday` and `friday` of the week shown (at the weekend the next one). Every section makes at most one or two queries,
however many rows there are.
"""

import datetime as dt

from django.utils import timezone

from kim import sections, workdays
from kim.models import Draft, JobRun, Mail, Notice, Role, TrailEntry
from kim.navigation import unread_notices
from kim.sections import ASIDE, MAIN
from kim.together import Slot
from kim.trail import put_in_words

__all__ = ["ASIDE", "LINES", "MAIN", "monday_of", "section", "sections_for"]
#: So many lines a section shows; the page behind it has them all.
LINES = 8
#: What runs out within so many days is said in time.
SOON = dt.timedelta(days=90)

_PAGE = sections.Page()
section = _PAGE.section


def sections_for(user) -> dict[str, list[sections.Shown]]:
    """What „Heute“ shows this user, by column."""
    today = workdays.today()
    monday = monday_of(today)
    friday = monday + dt.timedelta(days=4)
    return _PAGE.shown(user, me=user.pk, today=today, soon=today + SOON, monday=monday, friday=friday)


def monday_of(day: dt.date) -> dt.date:
    """The Monday of its week; of the next one at the weekend."""
    return day - dt.timedelta(days=day.weekday()) + dt.timedelta(days=7 * (day.weekday() > 4))


def _new():
    return {"new": Notice.objects.filter(recipient=Slot("me"), read_at=None).order_by("-created_at", "-pk")[:LINES]}


@section("kim/_today_new.html", order=30, sets=_new)
def new_notices(user, read):
    """Unread notices, newest first."""
    return {"notices": read["new"], "number": unread_notices(user)} if read["new"] else None


def _begun():
    return {"begun": Draft.objects.filter(user=Slot("me")).exclude(url="").order_by("-saved_at")[:LINES]}


@section("kim/_today_drafts.html", order=20, sets=_begun)
def begun(user, read):
    """Forms this person began and did not send."""
    return {"drafts": read["begun"]} if read["begun"] else None


@section("kim/_today_background.html", order=15)
def background(user):
    """For the administration: whether the background lives, and what it could not do."""
    if not user.acts_as(Role.ADMIN):
        return None
    now = workdays.now()
    day = timezone.localtime(now).date()
    runs = list(JobRun.objects.filter(day=day).order_by("job")[:30])
    failed = list(Mail.objects.filter(state=Mail.State.FAILED).order_by("-pk")[:101])
    waiting = Mail.objects.filter(state=Mail.State.QUEUED).order_by()[:1000].count()
    beat = next((run for run in runs if run.job == "heartbeat"), None)
    last = (beat.finished_at or beat.started_at) if beat else None
    return {
        "last_beat": last,
        "is_alive": bool(last and (now - last).total_seconds() < 300),
        "failed_runs": [run for run in runs if run.error],
        "failed": failed[:LINES],
        "failed_number": len(failed),
        "waiting": waiting,
    }


@section("kim/_today_trail.html", order=15)
def latest_trail(user):
    """For the audit: the last rows of the trail."""
    if not user.acts_as(Role.AUDIT):
        return None
    rows = list(TrailEntry.objects.select_related("by").order_by("-at", "-pk")[:15])
    put_in_words(rows)
    return {"rows": rows}
