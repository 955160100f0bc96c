"""„Heute“: the start page is made of sections that apps hang in. The ground floor imports none of them.

A section is a function `f(user) -> dict | None`: what its template shows, or None where it has nothing to say to
this person. Every section makes at most one or two queries, the same number however many rows there are.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from kim import workdays
from kim.models import Draft, JobRun, Mail, Notice, Role, TrailEntry
from kim.navigation import unread_notices
from kim.trail import ACTS

MAIN, ASIDE = "main", "aside"
#: So many lines a section shows; the page behind it has them all.
LINES = 8


@dataclass(frozen=True)
class Section:
    key: str
    template: str
    column: str
    order: int
    about: Callable


@dataclass(frozen=True)
class Shown:
    key: str
    template: str
    about: dict


_SECTIONS: dict[str, Section] = {}


def section(template: str, column: str = MAIN, order: int = 50):
    """Registers `f(user) -> dict | None` as a part of „Heute“; lower orders stand higher."""

    def register(function):
        _SECTIONS[function.__qualname__] = Section(
            function.__name__.replace("_", "-"), template, column, order, function
        )
        return function

    return register


def sections_for(user) -> dict[str, list[Shown]]:
    """What „Heute“ shows this user, by column."""
    found: dict[str, list[Shown]] = {MAIN: [], ASIDE: []}
    for part in sorted(_SECTIONS.values(), key=lambda part: part.order):
        about = part.about(user)
        if about is not None:
            found[part.column].append(Shown(part.key, part.template, about))
    return found


@section("kim/_today_new.html", order=30)
def new_notices(user):
    """Unread notices, newest first."""
    number = unread_notices(user)
    if not number:
        return None
    rows = Notice.objects.filter(recipient=user, read_at=None).order_by("-pk")[:LINES]
    return {"notices": list(rows), "number": number}


@section("kim/_today_drafts.html", order=20)
def begun(user):
    """Forms this person began and did not send."""
    drafts = list(Draft.objects.filter(user=user).exclude(url="").order_by("-saved_at")[:LINES])
    return {"drafts": drafts} if drafts else None


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
    rows = list(TrailEntry.objects.select_related("by").order_by("-pk")[:15])
    return {"rows": [(row, ACTS.get(row.act, row.act)) for row in rows]}
