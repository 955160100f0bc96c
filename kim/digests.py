"""One mail per person and working morning with everything that waits and everything that is new.

It carries numbers, steps and links, never the text of anything. Apps hang in what they owe (`register`); the ground
floor adds what it told. A mail and the mark „this was in it“ are one transaction, so nothing is said twice or left out.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from kim import jobs, workdays
from kim.mail import DIGEST, queue
from kim.models import Absence, Mail, Notice, User

JOB = "digests"
#: Lines of one mail; what goes beyond is counted.
LINES = 60
#: Lines kept free for each part still to come.
KEPT = 10


@dataclass(frozen=True)
class Line:
    """„KP-2026-0031 · heute fällig · https://…“"""

    subject: str
    words: str
    url: str

    def __str__(self) -> str:
        return f"{self.subject} · {self.words} · {settings.BASE_URL}{self.url}"


@dataclass(frozen=True)
class Section:
    """A part of the mail: the most pressing `lines` of `total`; `counted` names them in the subject („3 fällig“)."""

    heading: str
    counted: str
    lines: tuple[Line, ...]
    total: int


#: For one person, what was owed after a day: `(user, after, limit) -> Section | None`.
Part = Callable[[User, dt.date, int], Section | None]


@dataclass(frozen=True)
class Source:
    """`ready(day)`: all that is owed on the day is written down. `prepare(after, day)`: the parts, once per run."""

    ready: Callable[[dt.date], bool]
    prepare: Callable[[dt.date, dt.date], list[Part]]


_SOURCES: dict[str, Source] = {}


def register(name: str, *, ready: Callable, prepare: Callable) -> None:
    """Hang an app's reminders into the digest; a second call of the same name replaces the first."""
    _SOURCES[name] = Source(ready, prepare)


def compose() -> str | None:
    """Write today's digests; in words how many, or None when there is nothing to do now.

    Waits until every source is ready. What a day without digests leaves behind is in the next one.
    """
    day = workdays.today()
    if not jobs.is_working_morning() or jobs.done(JOB, day):
        return None
    if not all(source.ready(day) for source in _SOURCES.values()):
        return None
    with jobs.run(JOB) as report:
        after = jobs.last_done(JOB, before=day) or dt.date.min
        away = set(Absence.objects.valid_on(day).values_list("user", flat=True))
        _tell_deputies(day)
        parts = [part for source in _SOURCES.values() for part in source.prepare(after, day)]
        news = set(Notice.objects.filter(digested_at=None).order_by().values_list("recipient", flat=True).distinct())
        got = _already_told(after)
        written = 0
        for user in User.objects.filter(is_active=True).exclude(pk__in=away).order_by("pk"):
            if parts or user.pk in news:
                written += _compose_for(user, max(after, got.get(user.pk, after)), day, parts)
        report.result = f"{written} Sammelmails" if written != 1 else "1 Sammelmail"
    return report.result


def _already_told(after: dt.date) -> dict[int, dt.date]:
    """Account → day of its last digest, for runs after `after` that were begun and not finished."""
    if after == dt.date.min:
        rows = Mail.objects.filter(key__startswith=DIGEST)
    else:
        morning = dt.datetime.combine(after, dt.time(12), workdays.BERLIN)
        rows = Mail.objects.filter(key__startswith=DIGEST, created_at__gt=morning)
    told: dict[int, dt.date] = {}
    for key in rows.values_list("key", flat=True):
        _, user, day = key.split(":")
        told[int(user)] = max(told.get(int(user), dt.date.min), dt.date.fromisoformat(day))
    return told


def _tell_deputies(day: dt.date) -> None:
    """What somebody was told shortly before they went away, and not yet by mail, their deputies are told as well."""
    for absence in Absence.objects.valid_on(day):
        gone = dt.datetime.combine(absence.valid_from, dt.time(), workdays.BERLIN) + dt.timedelta(days=1)
        waiting = Notice.objects.filter(recipient=absence.user_id, digested_at=None, read_at=None, created_at__lt=gone)
        Notice.objects.bulk_create(
            [
                Notice(recipient_id=absence.deputy_id, key=notice.key, audience=notice.audience,
                       headline=notice.headline, text=notice.text, url=notice.url)
                for notice in waiting
            ],
            ignore_conflicts=True,
        )  # fmt: skip


@transaction.atomic
def _compose_for(user: User, after: dt.date, day: dt.date, parts: list[Part]) -> int:
    """The digest of one account; 1 when a mail was written."""
    waiting = list(
        Notice.objects.filter(recipient=user, digested_at=None)
        .order_by("pk")
        .values_list("pk", "headline", "url", "read_at")
    )
    sections, named, room = [], set(), LINES
    for left, part in zip(range(len(parts), 0, -1), parts, strict=True):
        if section := part(user, after, room - KEPT * left):
            fresh = tuple(line for line in section.lines if line.url not in named)
            named |= {line.url for line in fresh}
            total = section.total - (len(section.lines) - len(fresh))
            if total:
                sections.append(Section(section.heading, section.counted, fresh, total))
                room -= len(fresh)
    if unread := [(headline, url) for _, headline, url, read_at in waiting if read_at is None]:
        lines = tuple(Line(*_apart(headline), url) for headline, url in unread[:room])
        sections.append(Section("Neu für Sie", "neu", lines, len(unread)))
    mail = None
    if sections and user.email:
        mail = queue(
            key=f"{DIGEST}{user.pk}:{day.isoformat()}",
            to=user.email,
            recipient=user,
            subject=subject_of(day, sections),
            body=body_of(user, day, sections),
        )
        if mail is None:  # another run was faster; what it did not know of waits for tomorrow
            return 0
    Notice.objects.filter(pk__in=[pk for pk, *_ in waiting]).update(digested_at=workdays.now(), mail=mail)
    return 1 if mail else 0


def _apart(headline: str) -> tuple[str, str]:
    """„KP-2026-0031: Melden“ → its number and its step."""
    number, _, words = headline.partition(": ")
    return (number, words) if words else ("KIM", headline)


def subject_of(day: dt.date, sections: list[Section]) -> str:
    return f"KIM am {day:%d.%m.%Y}: {', '.join(f'{part.total} {part.counted}' for part in sections)}"


def body_of(user: User, day: dt.date, sections: list[Section]) -> str:
    home = f"{settings.BASE_URL}{reverse('kim:notice_list')}"
    blocks = [f"Guten Tag, {user},\n\nIhr Stand in KIM am {workdays.WEEKDAYS[day.weekday()]}, {day:%d.%m.%Y}:"]
    for part in sections:
        lines = [part.heading, *(str(line) for line in part.lines)]
        if more := part.total - len(part.lines):
            lines.append(f"und {more:,} weitere".replace(",", "."))
        blocks.append("\n".join(lines))
    blocks.append(
        f"Alle Mitteilungen: {home}\n\nDiese Mail hat KIM geschrieben. Sie nennt Nummern und Schritte; "
        "was dahinter steht, lesen Sie nach der Anmeldung."
    )
    return "\n\n".join(blocks) + "\n"
