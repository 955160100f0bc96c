"""Backups: what comes back is what was there; what is damaged, foreign or in the way is refused in words."""

import datetime as dt
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dj_database_url
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from kim import backup_format, backups, files, tasks, trail, workdays
from kim.backup_engines import Postgres, engine_of
from kim.backup_format import BackupRefused
from kim.models import BackupKind, BackupRun, BackupState, JobRun, Mail, Role, TrailEntry
from kim.operation import version
from kim.workdays import BERLIN
from tests.conftest import copy_sqlite
from tests.factories import user
from tests.world import world

ROOT = Path(__file__).parents[2]
KEEP = backups.Keep(7, 4, 12)


def quiet(row, step):
    """Nobody listens."""


@pytest.fixture(scope="module")
def keys():
    return backup_format.make_key()


@contextmanager
def standing_in(name):
    """The application's connection leads to another database for a while."""
    was = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = was


@pytest.fixture(scope="module")
def filled_elsewhere(django_db_setup, django_db_blocker, tmp_path_factory, keys):
    """A database of its own with a small world in it, everything committed: a backup sees no open transaction. Its
    folder of documents, and a backup of both.
    """
    folder = tmp_path_factory.mktemp("filled")
    with django_db_blocker.unblock():
        was = settings.MIGRATED or connection.settings_dict["NAME"]
        if connection.vendor == "postgresql":
            name = f"{connection.settings_dict['NAME']}_filled"
            connection.close()
            server = Postgres({**connection.settings_dict, "NAME": "postgres"})
            with server.connection() as admin, admin.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{was}"')
        else:
            name = str(folder / "kim.sqlite3")
            copy_sqlite(was, name)
        with standing_in(name), pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "FILES_DIR", folder / "files")
            patch.setattr(settings, "DATA_DIR", folder)
            patch.setattr(settings, "KIM_FACTORS_KEY", "f" * 40, raising=False)
            patch.setattr(settings, "BACKUP_PUBLIC_KEYS", [keys.public])
            world()
            Mail.objects.create(key="mail:waits", to="a@kim.example", subject="S")

            def meanwhile(row, step):
                if step == "Datenbank":
                    Mail.objects.get_or_create(key="mail:meanwhile", to="a@kim.example", subject="S")

            backups.back_up(folder / "backups", keep=KEEP, say=meanwhile)
            assert Mail.objects.filter(key="mail:meanwhile").delete()[0] == 1
            yield folder
        engine_of({**connection.settings_dict, "NAME": name}).drop()


@pytest.fixture
def home(filled_elsewhere, django_db_blocker, monkeypatch, keys):
    """That installation, with rows and settings as `filled_elsewhere` left them. Tests leave no rows but runs."""
    monkeypatch.setattr(settings, "FILES_DIR", filled_elsewhere / "files")
    monkeypatch.setattr(settings, "DATA_DIR", filled_elsewhere)
    monkeypatch.setattr(settings, "BACKUP_PUBLIC_KEYS", [keys.public])
    with django_db_blocker.unblock():
        yield filled_elsewhere
        connection.close()


@pytest.fixture
def made(home):
    return backups.complete(home / "backups")[-1].path


@pytest.fixture
def empty(tmp_path):
    """Somewhere to restore into; on PostgreSQL a database that is dropped again."""
    here = backups.Place.here().engine
    engine = here.fresh(f"{here.database['NAME']}_empty" if here.name == "PostgreSQL" else "empty", tmp_path)
    yield backups.Place(engine, tmp_path / "files", tmp_path)
    engine.drop()


@pytest.fixture(scope="module")
def nowhere(filled_elsewhere, tmp_path_factory):
    """The same for those who are refused: it stays empty, and they look."""
    folder, here = tmp_path_factory.mktemp("nowhere"), backups.Place.here().engine
    name = f"{here.database['NAME']}_nowhere" if here.name == "PostgreSQL" else "nowhere"
    engine = here.fresh(name, folder)
    yield backups.Place(engine, folder / "files", folder)
    engine.drop()


def content(engine):
    """Every row of every table but those a run writes while it runs, in an order of their own."""
    found = {}
    with engine.connection() as there, there.cursor() as cursor:
        for table in there.introspection.table_names(cursor):
            if table not in {"kim_backuprun", "kim_trailentry", "django_session"}:
                cursor.execute(f"SELECT * FROM {there.ops.quote_name(table)}")
                found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def altered(made, folder, change):
    """A copy of a backup whose bytes went through `change`; without its check sum, so that its own seal has to do."""
    copy = folder / made.name
    copy.write_bytes(change(made.read_bytes()))
    return copy


class TestTheSeal:
    def write(self, path, *recipients, content=b"x" * 200_000):
        with path.open("wb") as file:
            sealed = backup_format.Sealed(file, recipients)
            sealed.write(content)
            sealed.close()
        return sealed.opener

    def read(self, path, key):
        with path.open("rb") as file:
            return backup_format.read(file, path.name, key).read()

    def test_each_recipient_reads_it_and_so_does_its_opener_and_nobody_else(self, tmp_path, keys):
        other, stranger = backup_format.make_key(), backup_format.make_key()
        opener = self.write(tmp_path / "a", keys.public, other.public)
        assert {self.read(tmp_path / "a", key) for key in (keys.private, other.private, opener)} == {b"x" * 200_000}
        with pytest.raises(BackupRefused, match="gehört nicht zu a"):
            self.read(tmp_path / "a", stranger.private)

    def test_the_opener_of_one_file_opens_no_other(self, tmp_path, keys):
        opener = self.write(tmp_path / "a", keys.public)
        self.write(tmp_path / "b", keys.public)
        with pytest.raises(BackupRefused, match="gehört nicht zu b"):
            self.read(tmp_path / "b", opener)

    @pytest.mark.parametrize("at", [0, 20, 50, 80, 130, 170, 100_000, -1], ids=str)
    def test_one_changed_byte_anywhere_is_noticed(self, tmp_path, keys, at):
        self.write(tmp_path / "a", keys.public)
        content = bytearray((tmp_path / "a").read_bytes())
        content[at] ^= 1
        (tmp_path / "a").write_bytes(content)
        with pytest.raises((BackupRefused, files.FileDamaged)):
            self.read(tmp_path / "a", keys.private)

    @pytest.mark.parametrize("left", [0, 5, 60, 127, 65_710, 199_000], ids=str)
    def test_what_is_cut_off_is_missed(self, tmp_path, keys, left):
        self.write(tmp_path / "a", keys.public)
        (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:left])
        with pytest.raises((BackupRefused, files.FileDamaged)):
            self.read(tmp_path / "a", keys.private)

    def test_a_recipient_added_afterwards_reads_nothing(self, tmp_path, keys):
        """Not even whoever could read it before: the content hangs on the whole header."""
        self.write(tmp_path / "a", keys.public)
        content = (tmp_path / "a").read_bytes()
        begin, entry = len(backup_format.MARK) + 32, 32 + 48
        wanted = content[:begin] + b"\x02" + content[begin + 1 : begin + 1 + entry] * 2 + content[begin + 1 + entry :]
        (tmp_path / "a").write_bytes(wanted)
        with pytest.raises(files.FileDamaged):
            self.read(tmp_path / "a", keys.private)

    @pytest.mark.parametrize(
        ("worded", "says"),
        [("", "beginnt mit"), ("kim-public-abc", "beginnt mit"), ("kim-private-abc", "unvollständig"),
         ("kim-private-" + "ü" * 58, "unvollständig")],
    )  # fmt: skip
    def test_what_is_no_key_is_told(self, worded, says):
        with pytest.raises(BackupRefused, match=says):
            backup_format.public_of(worded)

    def test_a_key_written_down_by_hand_still_fits_and_a_slip_of_the_pen_is_told(self, keys):
        assert backup_format.public_of(f" {keys.private[:20].upper()} {keys.private[20:]}\n") == keys.public
        slipped = keys.private[:-1] + ("a" if keys.private[-1] != "a" else "b")
        with pytest.raises(BackupRefused, match="verschrieben"):
            backup_format.public_of(slipped)


class TestRoundTrip:
    def test_every_table_and_every_document_is_as_it_was(self, home, made, empty, keys):
        """And what was written while the backup was made (`filled_elsewhere`) is neither counted nor in it."""
        restored = backups.restore(made, keys.private, empty, lambda words: None)
        assert restored.differences == []
        assert content(empty.engine) == content(backups.Place.here().engine)
        before = {path.name: path.read_bytes() for path in (home / "files").rglob("*") if path.is_file()}
        assert before
        assert {path.name: path.read_bytes() for path in empty.files.rglob("*") if path.is_file()} == before
        assert restored.manifest.documents.number == len(before)
        # Files and keys are for their account alone.
        there = [made, *(path for path in empty.files.rglob("*") if path.is_file()), empty.keys / "files-key"]
        assert {path.stat().st_mode & 0o777 for path in there} == {0o600}
        assert (empty.keys / "files-key").read_text() == settings.FILES_KEY
        assert (empty.keys / "trail-key").read_text() == settings.TRAIL_KEY
        assert not (empty.keys / "secret-key").exists()

    def test_nothing_of_the_content_lies_open_in_it(self, made):
        raw = made.read_bytes()
        for word in (b"kim_user", b"files/", b"manifest", settings.FILES_KEY.encode()):
            assert word not in raw

    def test_the_check_sum_is_one_that_other_programs_read(self, made):
        done = subprocess.run(["sha256sum", "-c", made.name + ".sha256"], cwd=made.parent, capture_output=True)
        assert done.returncode == 0

    def test_documents_that_are_missing_or_come_and_go_are_named(self, home, keys, tmp_path, empty):
        wanted = next(path for path in (home / "files").rglob("*") if path.is_file() and files.wanted(path.name))
        aside = wanted.rename(tmp_path / "aside")
        passing = Path(files.path_of(files.keep([b"passing"]).name))

        def meanwhile(row, step):
            if step == "Dokumente":
                passing.unlink(missing_ok=True)

        try:
            row = backups.back_up(tmp_path / "b", keep=KEEP, say=meanwhile)
            manifest = backups.examine(Path(row.folder, row.file), keys.private)
        finally:
            aside.rename(wanted)
        assert manifest.documents.missing == [wanted.name]
        assert manifest.documents.gone == [passing.name]
        assert "1 Dokument fehlt im Dateiordner" in row.result

    def test_it_leaves_a_row_and_an_entry_in_the_trail_and_names_nobody(self, home):
        row = BackupRun.objects.filter(kind=BackupKind.BACKUP, state=BackupState.DONE).first()
        assert row.size == (home / "backups" / row.file).stat().st_size
        assert [name for name, _ in row.steps] == ["Datenbank", "Dokumente", "Schlüssel und Verzeichnis"]
        assert TrailEntry.objects.filter(act="backuprun.finish", object_id=str(row.pk), by=None).count() == 1
        assert "backuprun.finish" in trail.ACTS


@pytest.fixture
def keys_here(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    for key in backups.KEYS:
        monkeypatch.delenv(key.variable, raising=False)
        monkeypatch.delenv(f"{key.variable}_FILE", raising=False)
        monkeypatch.setattr(settings, key.setting, f"{key.variable} of this place", raising=False)
    return tmp_path


class TestKeys:
    @pytest.mark.parametrize(
        ("wished", "factors", "carried"),
        [(False, "f" * 40, False), (True, "f" * 40, True), (False, "", True), (False, None, False)],
        ids=["not by itself", "where it is wished", "where factors hang on it", "where nothing does"],
    )
    def test_what_signs_sessions_is_carried(self, monkeypatch, wished, factors, carried):
        monkeypatch.setattr(settings, "BACKUP_SECRET_KEY", wished)
        monkeypatch.setattr(settings, "KIM_FACTORS_KEY", factors, raising=False)
        found = backups.carried_keys()
        assert ("KIM_SECRET_KEY" in found) is carried
        assert {"KIM_FILES_KEY", "KIM_TRAIL_KEY"} <= set(found)

    def test_the_one_that_is_here_already_agrees(self, keys_here):
        said = backups.keep_keys({"KIM_FILES_KEY": "KIM_FILES_KEY of this place"}, keys_here)
        assert said == ["KIM_FILES_KEY: stimmt überein."]
        assert list(keys_here.iterdir()) == []

    def test_another_goes_where_the_embedded_set_up_looks_for_it(self, keys_here):
        (keys_here / "files-key").write_text("made at the first start")
        backups.keep_keys({"KIM_FILES_KEY": "old"}, keys_here)
        assert (keys_here / "files-key").read_text() == "old"

    @pytest.mark.parametrize("variable", ["KIM_FILES_KEY", "KIM_FILES_KEY_FILE"])
    def test_where_a_variable_says_otherwise_it_is_told_and_not_overruled(self, keys_here, monkeypatch, variable):
        monkeypatch.setenv(variable, "x")
        said = backups.keep_keys({"KIM_FILES_KEY": "old"}, keys_here)
        assert f"KIM_FILES_KEY_FILE={keys_here / 'files-key.restored'} setzen" in said[0]
        assert [path.name for path in keys_here.iterdir()] == ["files-key.restored"]
        assert (keys_here / "files-key.restored").stat().st_mode & 0o777 == 0o600

    def test_one_that_no_start_looks_for_in_a_file_is_told(self, keys_here):
        said = backups.keep_keys({"KIM_FACTORS_KEY": "old"}, keys_here)
        assert "KIM_FACTORS_KEY_FILE=" in said[0]


class TestRefusals:
    @pytest.mark.parametrize(
        "change",
        [lambda raw: raw[:-1], lambda raw: raw[: len(raw) // 2], lambda raw: raw + b"x", lambda raw: b"",
         lambda raw: raw[:5000] + bytes([raw[5000] ^ 1]) + raw[5001:]],
        ids=["cut by one", "cut in half", "longer", "empty", "one bit"],
    )  # fmt: skip
    def test_a_damaged_file_is_refused_before_anything_is_touched(self, made, nowhere, keys, tmp_path, change):
        with pytest.raises(BackupRefused):
            backups.restore(altered(made, tmp_path, change), keys.private, nowhere, lambda words: None)
        assert nowhere.engine.tables() == []
        assert not nowhere.files.exists()
        assert not (nowhere.keys / "files-key").exists()

    def test_a_check_sum_that_does_not_fit_is_refused(self, made, nowhere, keys, tmp_path):
        copy = altered(made, tmp_path, lambda raw: raw)
        copy.with_name(copy.name + ".sha256").write_text("0" * 64 + f"  {copy.name}\n")
        with pytest.raises(BackupRefused, match="Prüfsumme"):
            backups.restore(copy, keys.private, nowhere, lambda words: None)
        assert nowhere.engine.tables() == []

    def test_so_is_another_key(self, made, nowhere):
        with pytest.raises(BackupRefused, match="gehört nicht zu"):
            backups.restore(made, backup_format.make_key().private, nowhere, lambda words: None)

    def test_a_filled_database_and_a_filled_folder_are_not_written_to(self, home, made, nowhere, keys, tmp_path):
        here = backups.Place.here()
        with pytest.raises(BackupRefused, match=r"nicht leer \(\d+ Tabellen\)"):
            backups.restore(made, keys.private, here, lambda words: None)
        filled = replace(nowhere, files=tmp_path)
        (tmp_path / "letter").write_text("x")
        with pytest.raises(BackupRefused, match="Ordner .* ist nicht leer"):
            backups.restore(made, keys.private, filled, lambda words: None)
        assert nowhere.engine.tables() == []

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"release": "99.0.0"}, "stammt aus KIM 99.0.0"),
            ({"migrations": ["kim.9999_from_the_future"]}, "stammt aus KIM"),
            ({"engine": "Oracle"}, "stammt aus Oracle"),
            ({"format": 2}, "neueres Format"),
        ],
        ids=["release", "migration", "engine", "format"],
    )
    def test_what_is_newer_or_of_another_kind_is_refused(
        self, made, nowhere, keys, tmp_path, monkeypatch, change, says
    ):
        read = backups.Manifest.read

        def otherwise(told):
            found = json.loads(told)
            found["facts"]["migrations"] += change.get("migrations", [])
            return read(json.dumps(found | {name: to for name, to in change.items() if name != "migrations"}).encode())

        monkeypatch.setattr(backups.Manifest, "read", otherwise)
        with pytest.raises(BackupRefused, match=says):
            backups.restore(made, keys.private, nowhere, lambda words: None)
        assert nowhere.engine.tables() == []

    def test_an_older_release_may_be_restored(self, made, nowhere, keys):
        manifest = backups.examine(made, keys.private)
        manifest.release = "0.0.9"
        backups.refuse_what_does_not_fit(manifest, nowhere.engine)

    def test_without_a_public_key_there_is_no_backup(self, home, tmp_path, monkeypatch):
        monkeypatch.setattr(settings, "BACKUP_PUBLIC_KEYS", [])
        with pytest.raises(BackupRefused, match="make_backup_key"):
            backups.back_up(tmp_path / "b", keep=KEEP, say=quiet)

    def test_two_do_not_run_at_once(self, home, tmp_path):
        def second(row, step):
            with pytest.raises(backups.Busy, match="läuft schon"):
                backups.back_up(tmp_path / "c", keep=KEEP, say=quiet)

        assert backups.back_up(tmp_path / "b", keep=KEEP, say=second).state == BackupState.DONE

    @pytest.mark.needs("postgresql")
    def test_nor_on_another_machine(self, home, tmp_path):
        with backups.Place.here().engine.alone(), pytest.raises(backups.Busy, match="anderen Rechner"):
            backups.back_up(tmp_path / "b", keep=KEEP, say=quiet)

    @pytest.mark.needs("postgresql")
    def test_a_program_that_is_not_there_or_too_old_is_told_with_its_package(self, home, tmp_path, monkeypatch):
        monkeypatch.setattr("kim.backup_engines.DEBIAN", tmp_path)
        old = tmp_path / "pg_dump"
        old.write_text("#!/bin/sh\necho pg_dump '(PostgreSQL)' 9.6.1\n")
        old.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(BackupRefused, match=r"apt-get install postgresql-client-\d+"):
            backups.back_up(tmp_path / "b", keep=KEEP, say=quiet)
        assert not list((tmp_path / "b").glob("*"))


class TestWhatGoesWrongLeavesNothingHalf:
    def test_a_target_without_room_is_refused_before_it_begins(self, home, tmp_path, monkeypatch):
        monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
        with pytest.raises(BackupRefused, match=r"sind 1 Byte frei, nötig sind etwa [\d,]+ [kM]B"):
            backups.back_up(tmp_path / "b", keep=KEEP, say=quiet)
        assert not list((tmp_path / "b").glob("*"))

    def test_one_that_fills_up_meanwhile_is_told_and_cleaned(self, home, tmp_path):
        """A limit on the size of files stands for the disk: writing fails in the middle, as it would there."""
        was = resource.getrlimit(resource.RLIMIT_FSIZE)

        def fills_up(row, step):
            if step == "Dokumente":
                resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, was[1]))

        try:
            with pytest.raises(BackupRefused, match="Platz ist ausgegangen"):
                backups.back_up(tmp_path / "b", keep=KEEP, say=fills_up)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, was)
        assert not list((tmp_path / "b").glob("*"))
        run = BackupRun.objects.order_by("-id").first()
        assert (run.state, run.result[:24]) == (BackupState.FAILED, "Der Platz ist ausgegange")

    def test_an_unexpected_error_is_kept_without_what_it_said(self, home, tmp_path):
        def breaks(row, step):
            raise ValueError("Frau Beispiel")

        with pytest.raises(ValueError, match="Beispiel"):
            backups.back_up(tmp_path / "b", keep=KEEP, say=breaks)
        assert BackupRun.objects.order_by("-id").first().result.startswith("ValueError")
        assert not list((tmp_path / "b").glob("*"))

    def test_a_restore_that_breaks_off_leaves_no_folder_of_documents(self, made, empty, keys, monkeypatch):
        def broken(*args):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(shutil, "copyfileobj", broken)
        with pytest.raises(BackupRefused, match="Platz ist ausgegangen"):
            backups.restore(made, keys.private, empty, lambda words: None)
        assert not list(empty.files.parent.glob("files*/*"))

    def test_what_a_killed_one_left_is_cleaned_and_told_by_the_next(self, home, tmp_path):
        target = tmp_path / "b"
        target.mkdir()
        (target / "kim-20260101T000000Z.kimbackup.part").write_bytes(b"half")
        (target / "kim-20260102T000000Z.kimbackup.sha256").write_text("x")
        (target / "letter.txt").write_text("not ours")
        killed = BackupRun.objects.create(kind=BackupKind.BACKUP)
        row = backups.back_up(target, keep=KEEP, say=quiet)
        assert {path.name for path in target.iterdir()} == {"letter.txt", row.file, f"{row.file}.sha256"}
        killed.refresh_from_db()
        assert (killed.state, killed.result[:11]) == (BackupState.FAILED, "abgebrochen")


class TestRotation:
    def at(self, *days):
        return [dt.datetime.fromisoformat(day).replace(hour=4, tzinfo=BERLIN) for day in days]

    def test_days_weeks_and_months_keep_their_newest(self):
        every = [dt.datetime(2026, 1, 1, 4, tzinfo=BERLIN) + dt.timedelta(days=n) for n in range(365)]
        stay = sorted(backups.staying(every, KEEP))
        assert stay[-7:] == every[-7:]
        weeks = {at for at in stay if at.weekday() == 6 or at == every[-1]}
        assert {at.isocalendar()[1] for at in weeks} >= {50, 51, 52, 53}
        assert [at.date() for at in stay[:10]] == [
            (dt.date(2026, month + 1, 1) - dt.timedelta(days=1)) for month in range(1, 11)
        ]
        assert len(stay) <= 7 + 4 + 12

    def test_several_of_a_day_leave_one_and_the_day_is_that_of_berlin(self):
        late = dt.datetime(2026, 6, 1, 22, 30, tzinfo=dt.UTC)  # half past midnight in Berlin, on the second
        early = dt.datetime(2026, 6, 2, 21, 0, tzinfo=dt.UTC)
        assert backups.staying([late, early], backups.Keep(2, 0, 0)) == {early}

    def test_where_backups_are_rare_they_stay_however_old(self):
        old = self.at("2020-01-01", "2021-01-01", "2022-01-01")
        assert backups.staying(old, KEEP) == set(old)

    @pytest.mark.django_db
    def test_the_newest_and_the_last_one_shown_to_be_good_stay_whatever_is_wanted(self, tmp_path):
        names = [f"kim-202601{day:02}T040000Z.kimbackup" for day in range(1, 6)]
        for name in names:
            (tmp_path / name).write_bytes(b"x")
            (tmp_path / f"{name}.sha256").write_text("x")
        (tmp_path / "kim-20250101T040000Z.kimbackup").write_bytes(b"no check sum: not one of the finished")
        done = {"state": BackupState.DONE, "finished_at": workdays.now()}
        BackupRun.objects.create(kind=BackupKind.REHEARSAL, file=names[1], **done)
        assert backups.rotate(tmp_path, backups.Keep(1, 0, 0)) == 3
        left = {path.name for path in tmp_path.glob("*.kimbackup")}
        assert left == {names[1], names[4], "kim-20250101T040000Z.kimbackup"}
        assert len(list(tmp_path.glob("*.sha256"))) == 2

    @pytest.mark.parametrize("words", ["", "7", "7,4", "0,4,12", "7,4,x", "-1,2,3", "7,4,12,1", "99999,1,1"])
    def test_what_is_no_rotation_is_told(self, words):
        with pytest.raises(BackupRefused, match="7,4,12"):
            backups.Keep.read(words)


@pytest.mark.django_db
class TestAtNight:
    @pytest.fixture(autouse=True)
    def configured(self, monkeypatch, tmp_path):
        monkeypatch.setattr(settings, "BACKUP_DIR", str(tmp_path))
        monkeypatch.setattr(settings, "BACKUP_PUBLIC_KEYS", [backup_format.make_key().public])
        monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
        self.started = []
        monkeypatch.setattr(backups.subprocess, "Popen", self.start)
        self.folder = tmp_path

    def start(self, command, **how):
        self.started.append(command[-2:])
        return Ended()

    def run(self, kind, state=BackupState.DONE, hours=0):
        at = workdays.now() - dt.timedelta(hours=hours)
        ended = None if state == BackupState.RUNNING else at
        return BackupRun.objects.create(kind=kind, state=state, started_at=at, finished_at=ended)

    def night(self, hour=4, minute=5):
        return workdays.as_of(dt.datetime(2026, 11, 27, hour, minute, tzinfo=BERLIN))

    def test_the_knock_starts_a_process_of_its_own_once_and_again_until_one_is_good(self):
        with self.night():
            tasks.back_up()
            assert self.started == [["backup", "--nightly"]]
            self.run("backup", BackupState.FAILED)
            tasks.back_up()
            assert len(self.started) == 2
            self.run("backup")
            tasks.back_up()
        assert len(self.started) == 2

    def test_after_three_failures_it_waits_for_the_next_night(self):
        with self.night():
            for _ in range(3):
                self.run("backup", BackupState.FAILED)
            tasks.back_up()
        assert self.started == []

    def test_before_four_nothing_is_due(self):
        with self.night(3, 59):
            tasks.back_up()
        assert self.started == []

    @pytest.mark.parametrize("missing", [{"BACKUP_DIR": ""}, {"BACKUP_PUBLIC_KEYS": []}], ids=str)
    def test_where_none_is_wanted_the_row_says_so(self, monkeypatch, missing):
        for name, value in missing.items():
            monkeypatch.setattr(settings, name, value)
        with self.night():
            tasks.back_up()
            tasks.rehearse_restore()
        assert self.started == []
        assert set(JobRun.objects.values_list("job", "result")) == {
            ("backup", "nicht eingerichtet"), ("rehearsal", "nicht eingerichtet"),
        }  # fmt: skip

    def test_a_rehearsal_comes_weekly_and_only_where_there_is_something_to_rehearse(self):
        with self.night():
            tasks.rehearse_restore()
            assert JobRun.objects.get().result == "es gibt noch keine Sicherung"
            (self.folder / "kim-20261127T030000Z.kimbackup").write_bytes(b"x")
            (self.folder / "kim-20261127T030000Z.kimbackup.sha256").write_text("x")
            self.run("rehearsal", hours=6 * 24)
            tasks.rehearse_restore()
            assert JobRun.objects.get().result == "die nächste ist ab dem 28.11.2026 fällig"
            assert self.started == []
            BackupRun.objects.all().delete()
            self.run("rehearsal", hours=7 * 24)
            tasks.rehearse_restore()
            assert self.started == [["rehearse_restore", "--nightly"]]
            self.run("rehearsal", BackupState.FAILED)
            tasks.rehearse_restore()
        assert len(self.started) == 1


class Ended:
    def wait(self):
        return 0


@pytest.mark.django_db
class TestOnThePage:
    def page(self, client):
        client.force_login(user(Role.ADMIN))
        return client.get(reverse("kim:operation")).content.decode()

    def run(self, kind, state=BackupState.DONE, hours=1, **fields):
        at = workdays.now() - dt.timedelta(hours=hours)
        ended = None if state == BackupState.RUNNING else at + dt.timedelta(seconds=75)
        return BackupRun.objects.create(kind=kind, state=state, started_at=at, finished_at=ended, **fields)

    @pytest.fixture
    def configured(self, monkeypatch):
        monkeypatch.setattr(settings, "BACKUP_DIR", "/srv/backups")
        monkeypatch.setattr(settings, "BACKUP_PUBLIC_KEYS", [backup_format.make_key().public])

    def test_where_none_is_set_up_it_says_so(self, client):
        assert "Es ist keine Sicherung eingerichtet" in self.page(client)

    def test_the_first_one_is_missed(self, client, configured):
        assert "noch keine" in self.page(client)

    def test_when_how_big_where_and_how_long(self, client, configured):
        self.run("backup", size=3_400_000, folder="/srv/backups", file="kim-x.kimbackup", result="5 Zeilen")
        self.run("rehearsal", result="Vollständig wiederhergestellt", steps=[["Zählen", 12.3]])
        page = self.page(client)
        for words in ("3,4 MB", "in /srv/backups", "1 min 15 s", "Vollständig wiederhergestellt", "Zählen", "12 s"):
            assert words in page
        assert page.count('kim-chip--done">gut') == 2

    def test_late_is_late(self, client, configured):
        self.run("backup", hours=31)
        self.run("rehearsal", hours=9 * 24)
        assert self.page(client).count('kim-chip--late">überfällig') == 2

    def test_a_failure_is_told_with_its_reason_beside_the_last_good_one(self, client, configured):
        self.run("backup", hours=20, result="alles gut gewesen")
        self.run("backup", BackupState.FAILED, result="Der Platz ist ausgegangen")
        page = self.page(client)
        assert 'kim-chip--late">gescheitert' in page
        assert "Der Platz ist ausgegangen" in page
        assert "alles gut gewesen" in page

    def test_one_under_way_shows_how_far_it_is(self, client, configured):
        self.run("backup", BackupState.RUNNING, done_bytes=30, expected_bytes=120)
        page = self.page(client)
        assert "läuft, 25 %" in page
        assert 'value="25"' in page

    def test_the_page_asks_the_database_seldom(self, client, configured, django_assert_max_num_queries):
        for kind in ("backup", "rehearsal"):
            self.run(kind, steps=[["a", 1]])
            self.run(kind, BackupState.FAILED)
        self.page(client)  # the first page of a session also saves it
        with django_assert_max_num_queries(12):
            client.get(reverse("kim:operation"))


class TestCommands:
    def test_where_to_and_which_one_must_be_told(self, home):
        with pytest.raises(CommandError, match="--to ORDNER"):
            call_command("backup")
        with pytest.raises(CommandError, match="KIM_BACKUP_DIR"):
            call_command("rehearse_restore")
        with pytest.raises(CommandError, match="gibt es nicht"):
            call_command("restore", "/nowhere/kim.kimbackup", "--check")
        with pytest.raises(CommandError, match="keine Angabe wie 7,4,12"):
            call_command("backup", "--to", str(home / "c"), "--keep", "viele")

    def test_a_file_is_checked_without_touching_anything(self, made, keys, monkeypatch, capsys, tmp_path):
        (tmp_path / "private").write_text(keys.private)
        monkeypatch.setenv("KIM_BACKUP_KEY_FILE", str(tmp_path / "private"))
        call_command("restore", str(made), "--check")
        said = capsys.readouterr().out
        assert f"mit KIM {version()} auf {backups.Place.here().engine.name}" in said
        assert "Es wurde nichts angefasst" in said
        monkeypatch.setenv("KIM_BACKUP_KEY_FILE", str(tmp_path / "nowhere"))
        with pytest.raises(CommandError, match="lässt sich nicht lesen"):
            call_command("restore", str(made), "--check")
        damaged = altered(made, tmp_path, lambda raw: raw[:-10])
        monkeypatch.setenv("KIM_BACKUP_KEY", keys.private)
        with pytest.raises(CommandError, match="beschädigt oder abgeschnitten"):
            call_command("restore", str(damaged), "--check")

    def test_the_nightly_run_stands_among_the_jobs(self, home, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(os, "nice", lambda by: by)  # would hold for the rest of the suite
        with workdays.as_of(dt.date(2026, 11, 27)):
            call_command("backup", "--nightly", "--to", str(tmp_path / "b"))
        run = JobRun.objects.get(job="backup", day=dt.date(2026, 11, 27))
        assert "Zeilen in" in run.result
        assert "kimbackup" in capsys.readouterr().out

    def test_the_keys_are_shown_and_fit(self, capsys):
        call_command("make_backup_key")
        said = capsys.readouterr().out.split()
        public = next(word.partition("=")[2] for word in said if word.startswith("KIM_BACKUP_PUBLIC_KEY="))
        private = next(word for word in said if word.startswith(backup_format.PRIVATE))
        assert backup_format.public_of(private) == public


def test_an_address_says_what_the_settings_say_however_odd_the_password():
    known = {"NAME": "kim", "USER": "k@m", "PASSWORD": "p:/?#@ä%", "HOST": "/run/pg", "PORT": 5433}
    told = dj_database_url.parse(Postgres(known | {"OPTIONS": {"sslmode": "require", "options": "-c x=y"}}).url())
    assert {name: told[name] for name in known} == known
    assert told["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.long
def test_a_rehearsal_finds_everything_in_its_place_and_leaves_nothing_behind(home, made, keys):
    server = backups.Place.here().engine
    backups._opener_path().write_text(json.dumps({"file": "another", "key": keys.private}))
    with pytest.raises(BackupRefused, match="braucht es den privaten Schlüssel"):
        backups.key_for(made)
    if server.name == "PostgreSQL":  # what a killed rehearsal left
        server.fresh(f"{server.database['NAME']}_rehearsal_dead", home)
    row, found = backups.rehearse(made, keys.private, documents=5, say=quiet)
    assert (found, row.state) == ([], BackupState.DONE)
    assert row.result.startswith("Vollständig wiederhergestellt")
    assert len(row.steps) == 4
    assert not (home / "rehearsal").exists()
    assert list(server.leftovers(f"{server.database['NAME']}_rehearsal_")) == []


def manage(engine, folder, *command, **env):
    """A process of manage.py on another place, as somebody starts it who has nothing but these variables."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    known = {"KIM_DATA_DIR": str(folder), "DATABASE_URL": engine.url(), "KIM_DEMO": "0", "KIM_LOG_LEVEL": "ERROR"}
    return subprocess.Popen(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=kept | known | env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.long
def test_on_a_new_machine_with_nothing_but_the_file_and_the_private_key(made, empty, keys, tmp_path):
    """Its own keys are others; what is there afterwards is checked by the program itself, with the trail's marks."""
    (tmp_path / "private").write_text(keys.private)
    given = {"KIM_BACKUP_KEY_FILE": str(tmp_path / "private")}
    restoring = manage(empty.engine, tmp_path / "data", "restore", str(made), "--into-empty", **given)
    out, err = restoring.communicate(timeout=120)
    assert (restoring.returncode, err) == (0, "")
    assert "Alle Anmeldungen sind beendet." in out
    assert "1 Mail lag" in out
    checking = manage(empty.engine, tmp_path / "data", "check_data", "--json")
    out, err = checking.communicate(timeout=120)
    checks = backups.Checks(**json.loads(out))
    assert (checks.findings(), checks.read > 0, checks.compared > 0) == ([], True, True)


@pytest.mark.long
def test_killed_in_the_middle_it_leaves_nothing_half_for_the_next(home, keys, tmp_path):
    big = home / "files" / "ff" / ("f" * 32)
    big.parent.mkdir(exist_ok=True)
    target, engine = tmp_path / "b", backups.Place.here().engine
    given = {"KIM_FILES_KEY": settings.FILES_KEY, "KIM_TRAIL_KEY": settings.TRAIL_KEY}
    given["KIM_BACKUP_PUBLIC_KEY"] = keys.public
    try:
        with big.open("wb") as file:
            file.truncate(400_000_000)
        killed = manage(engine, home, "backup", "--to", str(target), **given)
        end = time.monotonic() + 60
        while not list(target.glob("*.part")):
            assert killed.poll() is None, killed.communicate()
            assert time.monotonic() < end
            time.sleep(0.002)
        killed.send_signal(signal.SIGKILL)
        killed.communicate(timeout=60)
    finally:
        big.unlink()
    assert list(target.glob("*.part"))
    assert backups.complete(target) == []
    row = backups.back_up(target, keep=KEEP, say=quiet)
    assert {path.name for path in target.iterdir()} == {row.file, f"{row.file}.sha256"}
    assert backups.examine(target / row.file, keys.private).documents.number
    assert BackupRun.objects.exclude(pk=row.pk).order_by("-id").first().result.startswith("abgebrochen")
