"""The chain over the trail: links, the signed anchor of each day, checking it all, and what may go one day.

A row carries its mark from the moment it is written; its link follows within half a minute, when its transaction is
over. No page waits for that: rows are linked by the timetable, one linker after the other, in the order in which they
are found. What is proven from when on stands in docs/decisions/0072-the-trail-is-proven.md.
"""

import datetime as dt
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from kim import mail, notices, trail_marks, workdays
from kim.models import Role, TrailAnchor, TrailCheck, TrailCut, TrailEntry, TrailLink
from kim.models.people import with_role

#: So many rows are linked, read or deleted at a time.
PORTION = 2_000
#: A run of the timetable links for so many seconds at most; the next one goes on.
LINK_SECONDS = 20
#: A transaction that is open for longer than this is left to the nightly run, which looks at every row.
SETTLED = dt.timedelta(hours=1)
#: A day ends without an anchor of its own where nothing ran; after this it is overdue.
ANCHOR_DUE = dt.timedelta(hours=36)
#: So many findings are told one by one; all are counted.
TOLD = 200
#: Whoever links holds this lock of PostgreSQL; SQLite has one writer anyway.
_LOCK = 7_203_914_055

KINDS = {
    "changed": "Die Zeile wurde geändert, nachdem sie verkettet war.",
    "foreign": "Die Zeile trägt kein gültiges Zeichen: KIM hat sie so nicht geschrieben.",
    "missing": "Die Zeile fehlt.",
    "note": "Der Vermerk wurde geändert oder entfernt, ohne dass eine Löschung es sagt.",
    "order": "Die Zeile steht nicht an ihrer Stelle: Hier wurde vertauscht oder herausgenommen.",
    "link_missing": "Glieder der Kette fehlen.",
    "link_altered": "Das Glied der Kette wurde geändert.",
    "unlinked": "Die Zeile ist seit mehr als einer Stunde nicht verkettet.",
    "anchor_altered": "Der Anker trägt keine gültige Unterschrift.",
    "anchor_broken": "Die Kette ist nicht mehr die, über die der Anker gesetzt wurde.",
    "anchor_missing": "Ein Anker fehlt.",
    "anchor_overdue": "Seit mehr als einem Tag wurde kein Anker gesetzt.",
    "cut_altered": "Der Schnitt am Ende der Aufbewahrung wurde geändert.",
}


@dataclass(frozen=True)
class Finding:
    """`kind` is one of KINDS; `where` names position, row and moment, and nobody."""

    kind: str
    where: str
    words: str


@dataclass
class Verdict:
    """What was read and what was found. `unmarked` rows were written before there were marks, `forgotten` ones have
    lost their note by a deletion the trail itself tells of.
    """

    rows: int = 0
    links: int = 0
    anchors: int = 0
    unmarked: int = 0
    forgotten: int = 0
    found: int = 0
    findings: list[Finding] = field(default_factory=list)
    head: tuple[int, str] = (0, trail_marks.BEGIN)

    @property
    def holds(self) -> bool:
        return not self.found

    def note(self, kind: str, where: str) -> None:
        self.found += 1
        if len(self.findings) < TOLD:
            self.findings.append(Finding(kind, where, KINDS[kind]))

    def __str__(self) -> str:
        read = f"{self.rows} Zeilen, {self.links} Glieder, {self.anchors} Anker"
        return f"{read}: {'unversehrt' if self.holds else f'{self.found} Befunde'}"

    def as_dict(self) -> dict:
        return asdict(self) | {"holds": self.holds}


# Linking


class Head(NamedTuple):
    position: int
    digest: str


def link(*, everything: bool = False, seconds: float = LINK_SECONDS) -> int:
    """Link the rows whose transactions are over; answers how many. With `everything` it looks at all rows and takes
    the time it needs, else at those of the last hour.
    """
    until, linked = time.monotonic() + seconds, 0
    after = 0 if everything else _settled_before()
    while True:
        number, after = _link_some(after)
        linked += number
        if number < PORTION or (time.monotonic() > until and not everything):
            return linked


def head() -> Head:
    """The last link there is, or what the first one follows."""
    last = TrailLink.objects.order_by("-position").values_list("position", "digest").first()
    cut = last or TrailCut.objects.order_by("-position").values_list("position", "digest").first()
    return Head(*(cut or (0, trail_marks.BEGIN)))


def _settled_before() -> int:
    """The id up to which every row has been linked for an hour; transactions that lasted longer are left out."""
    before = workdays.now() - SETTLED
    rows = TrailLink.objects.filter(made_at__lt=before).order_by("-position")
    return rows.values_list("entry", flat=True).first() or 0


@transaction.atomic
def _link_some(after: int) -> tuple[int, int]:
    """How many rows behind the id `after` were linked, and the id of the last of them."""
    _alone()
    position, digest = head()
    rows = list(TrailEntry.objects.filter(link=None, pk__gt=after).order_by("pk")[:PORTION])
    made_at, links = workdays.now(), []
    for row in rows:
        position += 1
        digest = trail_marks.digest(digest, position, row.pk, made_at, row.mark or "", row.content)
        seal = trail_marks.seal("link", position, digest)
        links.append(TrailLink(position=position, entry=row, digest=digest, seal=seal, made_at=made_at))
    TrailLink.objects.bulk_create(links)
    return len(rows), rows[-1].pk if rows else after


def _alone() -> None:
    """Until the transaction ends, nobody else links, anchors or cuts."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


# Anchors


def anchor(day: dt.date) -> TrailAnchor | None:
    """The signed anchor of `day`: made over all rows there are, once; None where there is no row yet.

    Days without one (nothing ran) are not made up for: the next anchor covers them.
    """
    if made := TrailAnchor.objects.filter(day=day).first():
        return made
    link(everything=True)
    with transaction.atomic():
        _alone()
        last = TrailAnchor.objects.order_by("-day").first()
        position, digest = head()
        if not position or (last and last.day >= day):
            return last if last and last.day == day else None
        made = TrailAnchor(day=day, position=position, digest=digest, before=last.signature if last else "")
        made.signature = trail_marks.sign(made.text)
        made.save(force_insert=True)
        if settings.ANCHOR_TO:
            send(made)
    return made


def send(made: TrailAnchor) -> None:
    """Mail the anchor to where it is kept apart from KIM: a line of text that names nobody."""
    mail.queue(
        key=f"anchor:{made.day}",
        to=settings.ANCHOR_TO,
        subject=f"KIM: Anker des Protokolls vom {made}",
        body=f"{made.line}\n\nBitte aufbewahren. Geprüft wird damit so: manage.py verify_trail --anchors DATEI\n",
    )


_LINE = re.compile(r"KIM-Anker (\d{4}-\d\d-\d\d) (\d{1,18}) ([0-9a-f]{64}) (-|[\w+/=]{88}) ([\w+/=]{88})")


def anchors_in(text: str) -> list[TrailAnchor]:
    """The anchors written anywhere in a text, for instance in a folder of mails; broken lines are put together."""
    found = []
    for day, position, digest, before, signature in _LINE.findall(" ".join(text.split())):
        before = "" if before == "-" else before
        found.append(
            TrailAnchor(
                day=dt.date.fromisoformat(day),
                position=int(position),
                digest=digest,
                before=before,
                signature=signature,
            )
        )
    return found


# Keeping and cutting


def cut(today: dt.date | None = None) -> int:
    """Delete what was kept for KIM_TRAIL_YEARS; answers how many rows went.

    The cut is made at an anchor, in the open: it is a row of its own, and the rest of the chain follows from it.
    While the last check does not hold, nothing goes: nobody deletes what may be evidence.
    """
    today = today or workdays.today()
    last = TrailCheck.objects.order_by("-pk").first()
    if last is None or last.found:
        return 0
    _cut_at(TrailAnchor.objects.filter(day__lt=_years_before(today)).order_by("-day").first())
    limit = TrailCut.objects.order_by("-position").values_list("position", flat=True).first()
    gone = 0
    while limit and (number := _delete_some(limit)):
        gone += number
    return gone


def _years_before(day: dt.date) -> dt.date:
    year = day.year - settings.TRAIL_YEARS
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)


@transaction.atomic
def _cut_at(old: TrailAnchor | None) -> None:
    _alone()
    last = TrailCut.objects.order_by("-position").values_list("position", flat=True).first() or 0
    if old and old.position > last:
        seal = trail_marks.seal("cut", old.position, old.digest)
        TrailCut.objects.create(position=old.position, day=old.day, digest=old.digest, seal=seal)


@transaction.atomic
def _delete_some(limit: int) -> int:
    _alone()
    going = dict(
        TrailLink.objects.filter(position__lte=limit).order_by("position").values_list("position", "entry")[:PORTION]
    )
    TrailEntry.objects.filter(pk__in=going.values()).delete()
    TrailLink.objects.filter(position__in=going).delete()
    return len(going)


# Checking


def verify(*, since: dt.date | None = None, anchors: Iterable[TrailAnchor] = ()) -> Verdict:
    """Read the chain from its beginning, or from the last anchor before `since`, row by row in constant memory (but
    for the ids of rows that lost their note), and hold it against its anchors and those kept elsewhere (`anchors`).
    """
    verdict, anchors = Verdict(), list(anchors)
    kept = list(TrailAnchor.objects.order_by("day"))
    _check_anchors(kept, anchors, verdict)
    start = _start(since, kept, verdict)
    first_anchor = kept[0].position if kept else None
    checking = _Checking(verdict, start, first_anchor, [*kept, *anchors])
    for links in _portions(start.position):
        checking.take(links)
    checking.end()
    _check_unlinked(verdict, first_anchor)
    return verdict


def check() -> Verdict:
    """Link what is there, check everything, keep the outcome, and tell the audit where something was found."""
    link(everything=True)
    verdict = verify()
    with transaction.atomic():
        made = TrailCheck.objects.create(
            rows=verdict.rows,
            links=verdict.links,
            anchors=verdict.anchors,
            found=verdict.found,
            findings=[asdict(one) for one in verdict.findings],
        )
        if verdict.found:
            telling = notices.Telling(
                "revision", "Datenschutz und Revision", tuple(with_role(Role.AUDIT)),
                "Das Protokoll ist nicht unversehrt.",
                f"Die Prüfung hat {verdict.found} Befunde ergeben. Was gefunden wurde, steht beim Protokoll.",
            )  # fmt: skip
            notices.tell([telling], key=f"trail_check:{made.pk}", url=reverse("kim:trail_state"))
    return verdict


def _check_anchors(kept: list[TrailAnchor], elsewhere: Iterable[TrailAnchor], verdict: Verdict) -> None:
    """Signatures, and that each follows the one before. A cut takes rows, never anchors: the first has none before."""
    before = ""
    for one in kept:
        verdict.anchors += 1
        if not trail_marks.is_signed(one.text, one.signature):
            verdict.note("anchor_altered", f"Anker {one}")
        elif one.before != before:
            verdict.note("anchor_missing", f"vor dem Anker {one}")
        before = one.signature
    signatures = {one.signature for one in kept}
    for one in elsewhere:
        verdict.anchors += 1
        if not trail_marks.is_signed(one.text, one.signature):
            verdict.note("anchor_altered", f"vorgelegter Anker {one}")
        elif one.signature not in signatures:
            verdict.note("anchor_missing", f"vorgelegter Anker {one}")
    begun = TrailLink.objects.order_by("position").values_list("made_at", flat=True).first()
    last = kept[-1].made_at if kept else begun
    if last and workdays.now() - last > ANCHOR_DUE:
        verdict.note("anchor_overdue", f"letzter Anker {kept[-1]}" if kept else "noch keiner")


def _start(since: dt.date | None, kept: list[TrailAnchor], verdict: Verdict) -> Head:
    last = TrailCut.objects.order_by("-position").first()
    start = Head(0, trail_marks.BEGIN)
    if last:
        if not trail_marks.is_sealed("cut", last.position, last.digest, last.seal):
            verdict.note("cut_altered", f"Schnitt am {last}, Stelle {last.position}")
        start = Head(last.position, last.digest)
    for one in kept:
        if since and one.day < since and one.position > start.position:
            start = Head(one.position, one.digest)
    return start


def _portions(after: int) -> Iterator[list[TrailLink]]:
    while True:
        links = list(TrailLink.objects.filter(position__gt=after).order_by("position")[:PORTION])
        if not links:
            return
        yield links
        after = links[-1].position


class _Checking:
    """The walk along the chain: what came before, and which notes were forgotten by a deletion."""

    def __init__(self, verdict: Verdict, start: Head, first_anchor: int | None, anchors: list[TrailAnchor]):
        self.verdict, self.before, self.first_anchor = verdict, start, first_anchor
        self._forgotten: set[int] | None = None
        self._pinned: dict[int, set[tuple[dt.date, str]]] = {}
        for one in anchors:
            if one.position >= start.position:
                self._pinned.setdefault(one.position, set()).add((one.day, one.digest))
        self._hold_against_anchors()

    def take(self, links: list[TrailLink]) -> None:
        rows = TrailEntry.objects.in_bulk([one.entry_id for one in links])
        for one in links:
            is_gap = one.position != self.before.position + 1
            if is_gap:
                self.verdict.note("link_missing", _span(self.before.position + 1, one.position - 1))
            self._link(one, rows.get(one.entry_id), is_gap)
            self.before = Head(one.position, one.digest)
            self._hold_against_anchors()

    def end(self) -> None:
        self.verdict.head = (self.before.position, self.before.digest)
        for position, there in self._pinned.items():  # those left lie where no link is
            for day, _ in sorted(there):
                self.verdict.note("link_missing", f"Stelle {position}, Anker vom {day:%d.%m.%Y}")

    def _hold_against_anchors(self) -> None:
        for day, digest in sorted(self._pinned.pop(self.before.position, ())):
            if digest != self.before.digest:
                where = f"Anker vom {day:%d.%m.%Y}, Stelle {self.before.position}"
                self.verdict.note("anchor_broken", where)

    def _link(self, one: TrailLink, row: TrailEntry | None, is_gap: bool) -> None:
        self.verdict.links += 1
        is_ours = trail_marks.is_sealed("link", one.position, one.digest, one.seal)
        if not is_ours:
            self.verdict.note("link_altered", _where_linked(one))
        if row is None:
            self.verdict.note("missing", _where_linked(one))
            return
        self.verdict.rows += 1
        follows = is_gap or one.digest == trail_marks.digest(
            self.before.digest, one.position, row.pk, one.made_at, row.mark or "", row.content
        )  # behind a gap nobody knows what it follows
        if row.mark is None and (self.first_anchor is None or one.position <= self.first_anchor):
            self.verdict.unmarked += 1
            is_marked = follows
        else:
            is_marked = trail_marks.is_marked(row.content, row.mark or "")
            if is_marked and not trail_marks.is_note(row.note, row.note_mark, row.mark or ""):
                self._note(one, row)
        if not is_marked:
            self.verdict.note("foreign" if follows else "changed", _where_linked(one, row))
        elif not follows and is_ours:
            self.verdict.note("order", _where_linked(one, row))

    def _note(self, one: TrailLink, row: TrailEntry) -> None:
        if self._forgotten is None:
            self._forgotten = _forgotten()
        if row.note or row.pk not in self._forgotten:
            self.verdict.note("note", _where_linked(one, row))
        else:
            self.verdict.forgotten += 1


def _forgotten() -> set[int]:
    """Ids of rows whose note was taken by an act of deletion, as far as this installation wrote that act."""
    acts = TrailEntry.objects.filter(kind=TrailEntry._meta.label_lower, act="trailentry.forget")
    return {
        int(pk)
        for one in acts.iterator(chunk_size=100)
        if trail_marks.is_marked(one.content, one.mark or "")
        for pk in one.shown.split()
    }


def _check_unlinked(verdict: Verdict, first_anchor: int | None) -> None:
    before = workdays.now() - SETTLED
    for row in TrailEntry.objects.filter(link=None).order_by("pk").iterator(chunk_size=PORTION):
        verdict.rows += 1
        if not (row.mark is None and first_anchor is None) and not trail_marks.is_marked(row.content, row.mark or ""):
            verdict.note("foreign", f"noch ohne Stelle, {_where(row)}")
        elif row.at < before:
            verdict.note("unlinked", _where(row))


def _span(first: int, last: int) -> str:
    return f"Stelle {first}" if first == last else f"Stellen {first} bis {last}"


def _where_linked(one: TrailLink, row: TrailEntry | None = None) -> str:
    about = _where(row) if row else f"Zeile {one.entry_id}, verkettet {_moment(one.made_at)}"
    return f"Stelle {one.position}, {about}"


def _where(row: TrailEntry) -> str:
    return f"Zeile {row.pk} vom {_moment(row.at)}"


def _moment(at: dt.datetime) -> str:
    return f"{at.astimezone(workdays.BERLIN):%d.%m.%Y %H:%M:%S}"
