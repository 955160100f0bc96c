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


@pytest.mark.needs("postgresql")  # SQLite knows no TRUNCATE
def test_no_table_of_the_trail_is_emptied():
    with connection.cursor() as cursor:
        for model in (TrailEntry, TrailLink, TrailAnchor, TrailCut):
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(f"TRUNCATE {model._meta.db_table} CASCADE")


ENTRY, LINK, ANCHOR = "kim_trailentry", "kim_traillink", "kim_trailanchor"


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


def _doing(sql, *numbers, given=()):
    """Does `sql` as it is to the rows of these numbers, counted from one."""
    return lambda rows: raw(sql, *given, *(rows[number - 1] for number in numbers))


def _changed(column, value):
    return _doing(f"UPDATE {ENTRY} SET {column} = %s WHERE id = %s", 4, given=[value])


def _copied_and_linked(rows):
    _copied(rows)
    trail_chain.link()


def _cut_off(rows):
    raw(f"DELETE FROM {ENTRY} WHERE id > %s", rows[17])
    raw(f"DELETE FROM {LINK} WHERE position > 18")


FOURTH = "Stelle 4,"
LAST_YEAR = dt.datetime(2025, 3, 2, 8, tzinfo=dt.UTC)
TAMPERED = {
    "an act changed": (_changed("act", "x"), {"changed"}, FOURTH),
    "a person changed": (_changed("by_id", None), {"changed"}, FOURTH),
    "a moment changed": (_changed("at", LAST_YEAR), {"changed"}, FOURTH),
    "a note changed": (_changed("note", "x"), {"note"}, FOURTH),
    "a note taken": (_changed("note", ""), {"note"}, FOURTH),
    "a row missing": (_doing(f"DELETE FROM {ENTRY} WHERE id = %s", 4), {"missing"}, FOURTH),
    "a row inserted": (_copied, {"foreign"}, "noch ohne Stelle"),
    "a row inserted and linked": (_copied_and_linked, {"foreign"}, "Stelle 26,"),
    "rows reordered": (_swapped, {"order"}, FOURTH),
    "taken out, and the gap closed": (_taken_out_and_closed_up, {"link_altered", "anchor_broken"}, FOURTH),
    "linked anew without the key": (_linked_anew, {"link_altered"}, "Stelle 23,"),
    "a link missing": (_doing(f"DELETE FROM {LINK} WHERE position = 4"), {"link_missing", "unlinked"}, "Stelle 4"),
    "a link altered": (
        _doing(f"UPDATE {LINK} SET digest = %s WHERE position = 4", given=["0" * 64]), {"link_altered", "order"}, FOURTH
    ),
    "the end cut off": (_cut_off, {"link_missing"}, "Stelle 20, Anker vom 03.03.2026"),
    "an anchor altered": (
        _doing(f"UPDATE {ANCHOR} SET position = 9 WHERE position = 10"), {"anchor_altered", "anchor_broken"},
        "Anker 02.03.2026",
    ),
    "an anchor missing": (_doing(f"DELETE FROM {ANCHOR} WHERE position = 10"), {"anchor_missing"}, "03.03.2026"),
    "all anchors missing": (_doing(f"DELETE FROM {ANCHOR}"), {"anchor_overdue"}, "noch keiner"),
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


def test_what_is_written_during_a_walk_is_no_finding(chained):
    who = User.objects.first()
    row = trail.record("absence.end", who, by=who)
    assert trail_chain.verify().holds, "unlinked for a moment"
    with workdays.as_of(workdays.now() + dt.timedelta(hours=2)):
        found = trail_chain.verify().findings
    assert [one.kind for one in found] == ["unlinked"]
    assert str(row.pk) in found[0].where


def test_checking_may_begin_at_an_anchor(chained):
    since = DAY + dt.timedelta(days=1)
    raw(f"UPDATE {ENTRY} SET act = 'x' WHERE id = %s", chained[3])
    verdict = trail_chain.verify(since=since)
    assert (verdict.links, verdict.holds) == (15, True)
    assert kinds(since=DAY) == {"changed"}


def test_a_note_that_was_forgotten_is_no_finding_and_everything_else_of_the_row_still_is(chained):
    who = User.objects.first()
    trail.forget_notes([(User, [who.pk])])
    trail_chain.link()
    verdict = trail_chain.verify()
    assert verdict.holds, verdict.findings
    assert verdict.forgotten == 10
    assert not TrailEntry.objects.exclude(note="").exists()
    raw(f"UPDATE {ENTRY} SET act = 'x' WHERE id = %s", chained[3])
    assert kinds() == {"changed"}
    raw(f"UPDATE {ENTRY} SET shown = %s WHERE act = 'trailentry.forget'", f" {chained[3]} ")
    assert {"note", "changed"} == kinds(), "who forges the act of deletion has not deleted"


def test_rows_from_before_the_marks_count_only_up_to_the_first_anchor(chained):
    raw(f"UPDATE {ENTRY} SET mark = NULL, note_mark = ''")
    raw(f"DELETE FROM {LINK}")
    raw(f"DELETE FROM {ANCHOR}")
    with workdays.as_of(DAY + dt.timedelta(days=2, hours=1)):
        assert trail_chain.link(everything=True) == 25
        verdict = trail_chain.verify()
        assert (verdict.holds, verdict.unmarked) == (True, 25), verdict.findings
        trail_chain.anchor(DAY + dt.timedelta(days=2))
        raw(
            f"INSERT INTO {ENTRY} (at, act, kind, object_id, shown, note) VALUES (%s, 'x', 'kim.user', '1', '', '')",
            workdays.now(),
        )
        assert kinds() == {"foreign"}
        trail_chain.link()
        assert kinds() == {"foreign"}
        raw(f"UPDATE {ENTRY} SET act = 'y' WHERE id = %s", chained[3])
        assert kinds() == {"foreign", "changed"}, "linked as it was at the upgrade"


def test_another_key_proves_nothing(chained, settings):
    settings.TRAIL_KEY = "another" * 10
    assert kinds() >= {"foreign", "link_altered", "anchor_altered"}


# Anchors


def test_anchors_kept_elsewhere_tell_what_the_database_cannot(chained, tmp_path):
    kept = "\n".join(f"> {one.line}" for one in TrailAnchor.objects.all()).replace(" ", "\n ", 7)
    elsewhere = trail_chain.anchors_in(kept)
    assert [one.line for one in elsewhere] == [one.line for one in TrailAnchor.objects.order_by("day")]
    assert trail_chain.verify(anchors=elsewhere).holds
    # Everything since the first anchor is taken out, links and anchors too: what is left is whole in itself.
    raw(f"DELETE FROM {ENTRY} WHERE id > %s", chained[9])
    raw(f"DELETE FROM {LINK} WHERE position > 10")
    raw(f"DELETE FROM {ANCHOR} WHERE position > 10")
    with workdays.as_of(DAY + dt.timedelta(days=1, hours=2)):
        assert trail_chain.verify().holds
        assert kinds(anchors=elsewhere) == {"anchor_missing", "link_missing"}


def test_an_anchor_nobody_signed_is_told(chained):
    made = trail_chain.anchors_in(TrailAnchor.objects.last().line)[0]
    made.digest = "0" * 64
    assert "anchor_altered" in kinds(anchors=[made])


def test_an_anchor_is_made_once_and_sent_as_a_line_that_names_nobody(chained, settings):
    settings.ANCHOR_TO = "archiv@kim.example"
    day = DAY + dt.timedelta(days=2)
    made = trail_chain.anchor(day)
    assert trail_chain.anchor(day) == made
    assert trail_chain.anchor(DAY - dt.timedelta(days=1)) is None, "no anchor is made for a day long gone"
    sent = Mail.objects.get(to="archiv@kim.example")
    assert trail_chain.anchors_in(sent.body)[0].line == made.line
    assert trail_marks.is_signed(made.text, made.signature)
    assert not trail_marks.is_signed(made.text + "x", made.signature)
    assert not [one for one in User.objects.all() if one.username in sent.body or one.display_name in sent.body]


def test_without_a_row_there_is_no_anchor():
    assert trail_chain.anchor(DAY) is None


# Keeping and cutting


def test_after_its_years_a_row_goes_and_the_rest_still_holds(chained, settings):
    settings.TRAIL_YEARS = 10
    late = DAY.replace(year=2036)
    trail_chain.check()
    assert trail_chain.cut(late) == 0, "the day itself is kept to its end"
    assert trail_chain.cut(late + dt.timedelta(days=1)) == 10
    assert trail_chain.cut(late + dt.timedelta(days=1)) == 0
    verdict = trail_chain.verify()
    assert verdict.holds, verdict.findings
    assert (verdict.rows, verdict.anchors, TrailCut.objects.get().position) == (15, 2, 10)
    assert set(TrailEntry.objects.values_list("pk", flat=True)) == set(chained[10:])
    who = User.objects.first()
    trail.record("absence.end", who, by=who)
    trail_chain.link()
    assert trail_chain.verify().holds
    raw("UPDATE kim_trailcut SET digest = %s", "0" * 64)
    assert "cut_altered" in kinds()


def test_a_cut_that_was_stopped_half_way_is_gone_on_with(chained, monkeypatch):
    monkeypatch.setattr(trail_chain, "PORTION", 4)
    trail_chain.check()
    late = DAY.replace(year=2036) + dt.timedelta(days=1)
    real, calls = trail_chain._delete_some, []

    def stopped(limit):
        calls.append(limit)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(limit)

    monkeypatch.setattr(trail_chain, "_delete_some", stopped)
    with pytest.raises(KeyboardInterrupt):
        trail_chain.cut(late)
    assert trail_chain.verify().holds
    assert trail_chain.cut(late) == 6


def test_nothing_goes_while_the_last_check_does_not_hold(chained):
    late = DAY.replace(year=2040)
    assert trail_chain.cut(late) == 0, "never checked"
    raw(f"UPDATE {ENTRY} SET act = 'x' WHERE id = %s", chained[3])
    trail_chain.check()
    assert trail_chain.cut(late) == 0


def test_a_cut_is_made_at_an_anchor_and_lets_nothing_behind_it_go(chained):
    with pytest.raises(IntegrityError), transaction.atomic():
        TrailCut.objects.create(position=12, day=DAY, digest="0" * 64, seal="x")
    made = TrailAnchor.objects.get(day=DAY)
    TrailCut.objects.create(position=10, day=DAY, digest=made.digest, seal=trail_marks.seal("cut", 10, made.digest))
    with pytest.raises(IntegrityError), transaction.atomic():
        TrailEntry.objects.filter(pk=chained[10]).delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        TrailLink.objects.filter(position=9).delete()
    TrailEntry.objects.filter(pk=chained[8]).delete()
    TrailLink.objects.filter(position=9).delete()


# Checking every night, and by hand


def test_what_the_night_finds_is_told_to_the_audit_and_shown(chained, client):
    audit = user(Role.AUDIT)
    assert trail_chain.check().holds
    assert not Notice.objects.filter(recipient=audit).exists()
    raw(f"UPDATE {ENTRY} SET act = 'x' WHERE id = %s", chained[3])
    trail_chain.check()
    assert TrailCheck.objects.latest("pk").found == 1
    assert Notice.objects.get(recipient=audit).headline == "Das Protokoll ist nicht unversehrt."


def test_the_command_says_where_and_ends_with_1(chained, tmp_path):
    said = io.StringIO()
    call_command("verify_trail", stdout=said)
    assert "25 Zeilen, 25 Glieder, 2 Anker: unversehrt" in said.getvalue()
    raw(f"UPDATE {ENTRY} SET act = 'x' WHERE id = %s", chained[3])
    kept = tmp_path / "anchors.txt"
    kept.write_text(TrailAnchor.objects.first().line)
    said = io.StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify_trail", anchors=str(kept), json=True, stdout=said)
    assert ended.value.returncode == 1
    told = json.loads(said.getvalue())
    assert (told["holds"], told["found"], told["anchors"]) == (False, 1, 3)
    assert told["findings"][0]["where"].startswith(f"Stelle 4, Zeile {chained[3]} vom 02.03.2026 ")
    said = io.StringIO()
    call_command("verify_trail", public_key=True, stdout=said)
    assert said.getvalue().startswith("-----BEGIN PUBLIC KEY-----")


@pytest.mark.parametrize(("given", "words"), [({"since": "gestern"}, "kein Tag"), ({"anchors": "/nix"}, "nicht lesen")])
def test_the_command_refuses_in_words(given, words):
    with pytest.raises(CommandError, match=words):
        call_command("verify_trail", **given)


def test_many_rows_are_read_in_portions(chained, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(trail_chain, "PORTION", 7)
    with django_assert_max_num_queries(20):
        assert trail_chain.verify().holds
    assert trail_chain.link(everything=True) == 0


@pytest.mark.long
@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_many_writers_and_linkers_at_once_make_one_chain():
    """Transactions end out of the order of their ids, some are undone, and three link at the same time."""
    county()
    who, stop, errors = user(), threading.Event(), []

    def write(seed):
        chosen = random.Random(seed)
        for _ in range(40):
            with transaction.atomic():
                trail.record("absence.end", who, by=who, note="n" * chosen.randrange(3))
                stop.wait(chosen.random() / 100)
                if chosen.random() < 0.2:
                    transaction.set_rollback(True)

    def link():
        while not stop.is_set():
            trail_chain.link()

    def guarded(act, *args):
        try:
            act(*args)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=guarded, args=(write, seed)) for seed in range(6)]
    linkers = [threading.Thread(target=guarded, args=(link,)) for _ in range(3)]
    for one in [*writers, *linkers]:
        one.start()
    for one in writers:
        one.join()
    stop.set()
    for one in linkers:
        one.join()
    assert not errors
    trail_chain.link(everything=True)
    verdict = trail_chain.verify()
    assert verdict.holds, verdict.findings
    assert verdict.rows == verdict.links == TrailEntry.objects.count() > 100
