"""The chain over the trail: the database refuses what must not be, and whoever gets round it is found out."""

import datetime as dt
import io
import json
import random
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction

from kim import trail, trail_chain, trail_marks, workdays
from kim.models import Mail, Notice, Role, TrailAnchor, TrailCheck, TrailCut, TrailEntry, TrailLink, User
from tests.factories import county, user
from tests.triggers import without_refusals

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 3, 2)


@pytest.fixture
def chained():
    """Two days of ten rows each, linked and anchored; then five more, linked."""
    county()
    who = user(Role.STRATEGIC_OFFICE)
    for day in (DAY, DAY + dt.timedelta(days=1)):
        with workdays.as_of(day):
            for number in range(10):
                trail.record("absence.end", who, by=who, note=f"Vermerk {number}" if number % 2 else "")
            trail_chain.anchor(day)
    with workdays.as_of(DAY + dt.timedelta(days=2)):
        trail.record_all([("absence.end", who)] * 5, by=who)
        trail_chain.link()
        yield list(TrailLink.objects.order_by("position").values_list("entry", flat=True))


def kinds(**how) -> set[str]:
    return {one.kind for one in trail_chain.verify(**how).findings}


def raw(sql, *values):
    """As somebody who owns the database could do it."""
    with without_refusals(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_rows_written_in_any_way_are_marked_linked_and_hold(chained):
    verdict = trail_chain.verify()
    assert (verdict.rows, verdict.links, verdict.anchors, verdict.unmarked) == (25, 25, 2, 0)
    assert verdict.holds, verdict.findings
    assert chained == sorted(chained)
    assert trail_chain.link(everything=True) == 0


def test_neither_rows_nor_links_nor_anchors_are_changed_or_deleted(chained):
    for model, change in [
        (TrailEntry, {"act": "x"}), (TrailEntry, {"by": None}), (TrailEntry, {"note": "anders"}),
        (TrailEntry, {"note_mark": ""}), (TrailEntry, {"mark": None}), (TrailLink, {"seal": "x"}),
        (TrailAnchor, {"position": 3}), (TrailEntry, None), (TrailLink, None), (TrailAnchor, None),
    ]:  # fmt: skip
        with pytest.raises(IntegrityError, match="kim_trail"), transaction.atomic():
            model.objects.update(**change) if change else model.objects.all().delete()
    assert trail_chain.verify().holds


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite knows no TRUNCATE")
def test_no_table_of_the_trail_is_emptied():
    with connection.cursor() as cursor:
        for model in (TrailEntry, TrailLink, TrailAnchor, TrailCut):
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(f"TRUNCATE {model._meta.db_table} CASCADE")


ENTRY, LINK, ANCHOR = "kim_trailentry", "kim_traillink", "kim_trailanchor"
SECOND, TENTH = 1, 9


def _copied(rows):
    raw(
        f"INSERT INTO {ENTRY} (at, act, kind, object_id, shown, note, mark, note_mark)"
        f" SELECT at, act, kind, object_id, shown, note, %s, note_mark FROM {ENTRY} WHERE id = %s",
        "A" * 64, rows[3],
    )  # fmt: skip


def _swapped(rows):
    raw(f"UPDATE {LINK} SET entry_id = -1 WHERE entry_id = %s", rows[3])
    raw(f"UPDATE {LINK} SET entry_id = %s WHERE entry_id = %s", rows[3], rows[5])
    raw(f"UPDATE {LINK} SET entry_id = %s WHERE entry_id = -1", rows[5])


def _taken_out_and_closed_up(rows):
    raw(f"DELETE FROM {ENTRY} WHERE id = %s", rows[3])
    raw(f"DELETE FROM {LINK} WHERE entry_id = %s", rows[3])
    for position in range(5, 26):
        raw(f"UPDATE {LINK} SET position = position - 1 WHERE position = %s", position)


def _linked_anew(rows):
    """Without the key: digests anybody can work out, seals nobody can."""
    raw(f"DELETE FROM {ENTRY} WHERE id = %s", rows[22])
    raw(f"DELETE FROM {LINK} WHERE position >= 23")
    position, digest = trail_chain.head()
    for row in TrailEntry.objects.filter(link=None).order_by("pk"):
        position += 1
        digest = trail_marks.digest(digest, position, row.pk, workdays.now(), row.mark, row.content)
        TrailLink.objects.create(position=position, entry=row, digest=digest, seal="x" * 44)


TAMPERED = {
    "a row changed": (lambda rows: raw(f"UPDATE {ENTRY} SET act = 'x' WHERE id = %s", rows[3]), {"changed"}, "Stelle 4,"),
    "another person": (lambda rows: raw(f"UPDATE {ENTRY} SET by_id = NULL WHERE id = %s", rows[3]), {"changed"}, "Stelle 4,"),
    "another moment": (lambda rows: raw(f"UPDATE {ENTRY} SET at = %s WHERE id = %s", workdays.now(), rows[3]), {"changed"}, "Stelle 4,"),
    "a note changed": (lambda rows: raw(f"UPDATE {ENTRY} SET note = 'x' WHERE id = %s", rows[3]), {"note"}, "Stelle 4,"),
    "a note taken": (lambda rows: raw(f"UPDATE {ENTRY} SET note = '' WHERE id = %s", rows[3]), {"note"}, "Stelle 4,"),
    "a row missing": (lambda rows: raw(f"DELETE FROM {ENTRY} WHERE id = %s", rows[3]), {"missing"}, "Stelle 4,"),
    "a row inserted": (_copied, {"foreign"}, "noch ohne Stelle"),
    "a row inserted and linked": (lambda rows: (_copied(rows), trail_chain.link()), {"foreign"}, "Stelle 26,"),
    "rows reordered": (_swapped, {"order"}, "Stelle 4,"),
    "taken out, and the gap closed": (_taken_out_and_closed_up, {"link_altered", "anchor_broken"}, ""),
    "linked anew without the key": (_linked_anew, {"link_altered"}, "Stelle 23,"),
    "a link missing": (lambda rows: raw(f"DELETE FROM {LINK} WHERE position = 4"), {"link_missing", "unlinked"}, "Stelle 4"),
    "a link altered": (lambda rows: raw(f"UPDATE {LINK} SET digest = %s WHERE position = 4", "0" * 64), {"link_altered", "order"}, "Stelle 4,"),
    "the end cut off": (
        lambda rows: (raw(f"DELETE FROM {ENTRY} WHERE id >= %s", rows[18]), raw(f"DELETE FROM {LINK} WHERE position > 18")),
        {"link_missing"}, "Stelle 20, Anker vom 03.03.2026",
    ),
    "an anchor altered": (lambda rows: raw(f"UPDATE {ANCHOR} SET position = 9 WHERE position = 10"), {"anchor_altered", "anchor_broken"}, "02.03.2026"),
    "an anchor missing": (lambda rows: raw(f"DELETE FROM {ANCHOR} WHERE position = 10"), {"anchor_missing"}, "03.03.2026"),
    "all anchors missing": (lambda rows: raw(f"DELETE FROM {ANCHOR}"), {"anchor_overdue"}, "noch keiner"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_found_and_told_where(chained, what):
    act, expected, where = TAMPERED[what]
    act(chained)
    verdict = trail_chain.verify()
    assert not verdict.holds
    assert {one.kind for one in verdict.findings} == expected
    assert any(where in one.where for one in verdict.findings), verdict.findings
    assert all(one.words for one in verdict.findings)
