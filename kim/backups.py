"""Backups: made, put back, rehearsed and thrown away. Whatever a run came to stands in a BackupRun row.

A backup holds the database as it was at one moment, every document as it lies (sealed by kim.files), the keys without
which neither is worth anything, and a manifest that says what must be there again. It is sealed for people who keep
their private key elsewhere (kim.backup_format); this server reads its newest backup for the rehearsal, and no other.
"""

import datetime as dt
import errno
import fcntl
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

import dj_database_url
import structlog
from django.conf import settings
from django.db import connection, connections, transaction

from kim import backup_format, files, jobs, trail, trail_chain, workdays
from kim.backup_engines import CHUNK, Engine, Facts, engine_of
from kim.backup_format import BackupRefused
from kim.models import BackupKind, BackupRun, BackupState, Mail
from kim.operation import section, version

SUFFIX, SUM = ".kimbackup", ".sha256"
_NAME = re.compile(r"kim-(\d{8}T\d{6})Z\.kimbackup")
_KEPT_FILE = re.compile(r"files/([0-9a-f]{2})/(\1[0-9a-f]{30})")
#: So much of a dump is one member of the tar, and in memory while it is written.
PART = 4 * 1024 * 1024
#: A run tells how far it is every so many seconds.
TELL = 2.0
#: The timetable's backup begins after this hour of Berlin, when the night's erasure is done; so often it is tried.
NIGHT, TRIES = 4, 3
#: After so long without a good backup it is late.
LATE = dt.timedelta(hours=30)
#: So many documents are read by a rehearsal.
DOCUMENTS = 20
#: Findings about the trail that say only that its jobs have not run yet.
OWED = {"unlinked", "anchor_overdue"}
FORMAT = 1

log = structlog.get_logger("kim.backups")


class Busy(BackupRefused):
    """Another backup, restore or rehearsal is under way."""


class Key(NamedTuple):
    """A key of this installation: its variable, its setting, and the file the embedded set-up keeps it in, or would."""

    variable: str
    setting: str
    file: str
    is_found: bool = True


KEYS = (
    Key("KIM_FILES_KEY", "FILES_KEY", "files-key"),
    Key("KIM_TRAIL_KEY", "TRAIL_KEY", "trail-key"),
    Key("KIM_FACTORS_KEY", "KIM_FACTORS_KEY", "factors-key", is_found=False),
    Key("KIM_SECRET_KEY", "SECRET_KEY", "secret-key"),
)


@dataclass(frozen=True)
class Keep:
    """The newest backup of each of the last so many days, weeks and months that have one."""

    daily: int
    weekly: int
    monthly: int

    @classmethod
    def read(cls, words: str) -> "Keep":
        """„7,4,12“. Raises BackupRefused."""
        numbers = [part.strip() for part in words.split(",")]
        if len(numbers) != 3 or not all(part.isdecimal() and len(part) < 5 for part in numbers) or numbers[0] == "0":
            raise BackupRefused(f"„{words}“ ist keine Angabe wie 7,4,12: Tage (mindestens 1), Wochen, Monate.")
        return cls(*map(int, numbers))


@dataclass(frozen=True)
class Place:
    """An installation as far as a backup is concerned: its database, its folder of documents, its folder of keys."""

    engine: Engine
    files: Path
    keys: Path

    @classmethod
    def here(cls) -> "Place":
        return cls(engine_of(connections["default"].settings_dict), Path(settings.FILES_DIR), Path(settings.DATA_DIR))


@dataclass
class Documents:
    """Those in a backup. `missing` were wanted by a row and not there, `gone` were deleted while it was made."""

    number: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


@dataclass
class Manifest:
    """What a backup says of itself; the last member of its tar."""

    made_at: str
    release: str
    engine: str
    facts: Facts
    database: dict[str, Any] = field(default_factory=dict)
    documents: Documents = field(default_factory=Documents)
    keys: list[str] = field(default_factory=list)
    format: int = FORMAT

    @classmethod
    def read(cls, told: bytes) -> "Manifest":
        found = json.loads(told)
        if found["format"] != FORMAT:
            raise BackupRefused("Diese Sicherung hat ein neueres Format: Bitte eine neuere Version von KIM nehmen.")
        return cls(**found | {"facts": Facts(**found["facts"]), "documents": Documents(**found["documents"])})

    @property
    def moment(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.made_at)


class Made(NamedTuple):
    """A complete backup in a folder."""

    at: dt.datetime
    path: Path


# Progress


Say = Callable[[BackupRun, str], None]


class Progress:
    """How far a run is: told to its row and to whoever started it, every two seconds at most."""

    def __init__(self, row: BackupRun, say: Say) -> None:
        self.row, self._say = row, say
        self._told = 0.0
        self._step = ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._step, begun = name, time.monotonic()
        self._tell()
        yield
        self.row.steps.append([name, round(time.monotonic() - begun, 2)])
        self._tell()

    def add(self, number: int) -> None:
        self.row.done_bytes += number
        if time.monotonic() - self._told >= TELL:
            self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        told = {"done_bytes": self.row.done_bytes, "expected_bytes": self.row.expected_bytes, "steps": self.row.steps}
        BackupRun.objects.filter(pk=self.row.pk).update(**told)
        self._say(self.row, self._step)


@contextmanager
def _run(kind: BackupKind, folder: Path, say: Say) -> Iterator[Progress]:
    """The row of a run, whatever becomes of it. Only within `_alone`: what says it runs and does not, was killed."""
    broken_off = "abgebrochen: Der Vorgang wurde beendet, bevor er fertig war"
    running = BackupRun.objects.filter(state=BackupState.RUNNING)
    running.update(state=BackupState.FAILED, finished_at=workdays.now(), result=broken_off)
    row = BackupRun.objects.create(kind=kind, folder=str(folder)[:300])
    try:
        yield Progress(row, say)
    except BackupRefused as refused:
        _end(row, BackupState.FAILED, str(refused))
        raise
    except files.FileDamaged as error:
        words = f"{error} ist beschädigt oder abgeschnitten."
        _end(row, BackupState.FAILED, words)
        raise BackupRefused(words) from error
    except OSError as error:
        words = _in_words(error)
        _end(row, BackupState.FAILED, words)
        raise BackupRefused(words) from error
    except Exception as error:
        _end(row, BackupState.FAILED, jobs.reason(error))
        raise
    except BaseException:  # interrupted by somebody
        _end(row, BackupState.FAILED, broken_off)
        raise


def _end(row: BackupRun, state: BackupState, result: str) -> None:
    row.state, row.finished_at, row.result = state, workdays.now(), result[:300]
    row.save()


def _in_words(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"Der Platz ist ausgegangen{where}. Bitte Platz schaffen; es blieb nichts Halbes liegen."
    return f"Eine Datei lässt sich nicht lesen oder schreiben: {error.strerror}{where}."


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """At most one backup, restore or rehearsal at a time: on this machine by a file, among several by the database."""
    Path(settings.DATA_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    with (Path(settings.DATA_DIR) / "backup.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("Es läuft schon eine Sicherung, Wiederherstellung oder Probe.") from None
        with engine.alone() as mine:
            if not mine:
                raise Busy("Auf einem anderen Rechner läuft schon eine Sicherung oder Probe.")
            yield


# Making one


def back_up(folder: Path, *, keep: Keep, say: Say) -> BackupRun:
    """Make a backup in `folder`, then throw away what `keep` does not want any more. Raises BackupRefused."""
    here = Place.here()
    with _alone(here.engine), _run(BackupKind.BACKUP, folder, say) as progress:
        if not settings.BACKUP_PUBLIC_KEYS:
            raise BackupRefused(
                "Ohne öffentlichen Schlüssel keine Sicherung: manage.py make_backup_key erzeugt ein Paar; "
                "den öffentlichen Teil in KIM_BACKUP_PUBLIC_KEY eintragen, den privaten außer Haus verwahren."
            )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = _clean_aside("backup-aside")
        try:
            clean(folder)
            made = _made(folder, aside, here, progress)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        gone = rotate(folder, keep)
        row = progress.row
        with transaction.atomic():
            _end(row, BackupState.DONE, _result(made, gone))
            trail.record("backuprun.finish", row, by=None)
    log.info("backup made", bytes=row.size, documents=made.documents.number, deleted=gone)
    return row


def _result(made: Manifest, gone: int) -> str:
    words = [f"{_grouped(sum(made.facts.tables.values()))} Zeilen in {len(made.facts.tables)} Tabellen"]
    words.append(_counted(made.documents.number, "Dokument", "Dokumente"))
    if made.documents.missing:
        words.append(f"{_counted(len(made.documents.missing), 'Dokument fehlt', 'Dokumente fehlen')} im Dateiordner")
    if gone:
        words.append(f"{_counted(gone, 'ältere Sicherung', 'ältere Sicherungen')} gelöscht")
    return ", ".join(words)


def _counted(number: int, one: str, many: str) -> str:
    return f"{_grouped(number)} {one if number == 1 else many}"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _made(folder: Path, aside: Path, here: Place, progress: Progress) -> Manifest:
    row, listed = progress.row, _listed(here.files)
    documents = sum(size for _, size in listed)
    at = workdays.now().astimezone(dt.UTC).replace(microsecond=0)
    while (path := folder / f"kim-{at:%Y%m%dT%H%M%SZ}{SUFFIX}").exists():
        at += dt.timedelta(seconds=1)
    growing, told = path.with_name(path.name + ".part"), path.with_name(path.name + SUM)
    before = BackupRun.objects.filter(kind=BackupKind.BACKUP, state=BackupState.DONE).order_by("-id").first()
    room(aside, here.engine.size() if here.engine.name == "SQLite" else 0)
    with here.engine.snapshot(aside) as moment:
        guessed = max(before.size - documents, 0) if before else 0
        room(folder, documents + max(guessed, moment.expected))
        row.expected_bytes = documents + (guessed or moment.expected)
        manifest = Manifest(at.isoformat(), version(), here.engine.name, moment.facts)
        with os.fdopen(os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            try:
                opener, checksum = _write(file, manifest, moment.chunks, here, listed, progress)
                row.size = file.tell()
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                growing.unlink()
                raise
    told.write_text(f"{checksum}  {path.name}\n", encoding="ascii")
    growing.replace(path)
    _settle(folder)
    row.file = path.name
    if settings.BACKUP_REHEARSALS:
        _write_private(_opener_path(), json.dumps({"file": path.name, "key": opener}))
    return manifest


def _write(file: BinaryIO, manifest: Manifest, chunks, here: Place, listed, progress: Progress) -> tuple[str, str]:
    """Write the whole backup; (opener, SHA-256 of the file)."""
    hashed = _Hashed(file)
    sealed = backup_format.Sealed(hashed, settings.BACKUP_PUBLIC_KEYS)  # type: ignore[arg-type]
    with tarfile.open(fileobj=sealed, mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK) as tar:  # type: ignore[call-overload]
        with progress.step("Datenbank"):
            whole = hashlib.sha256()
            for number, part in enumerate(_parts(chunks), start=1):
                whole.update(part)
                _add(tar, f"database/{number:06}", part, manifest.moment)
                progress.add(len(part))
                manifest.database = {"parts": number, "sha256": whole.hexdigest()}
        with progress.step("Dokumente"):
            _add_documents(tar, here, listed, manifest, progress)
        with progress.step("Schlüssel und Verzeichnis"):
            for variable, value in carried_keys().items():
                _add(tar, f"keys/{variable}", value.encode(), manifest.moment)
                manifest.keys.append(variable)
            _add(tar, "manifest.json", json.dumps(asdict(manifest), indent=1).encode(), manifest.moment)
    sealed.close()
    return sealed.opener, hashed.sum.hexdigest()


def carried_keys() -> dict[str, str]:
    """Those without which something in the backup could not be read again; what signs sessions only where it is wished,
    or where it encrypts second factors because they have no key of their own.
    """
    found = {key.variable: value for key in KEYS if (value := getattr(settings, key.setting, ""))}
    encrypts = getattr(settings, "KIM_FACTORS_KEY", None) == ""
    if not (settings.BACKUP_SECRET_KEY or encrypts):
        del found["KIM_SECRET_KEY"]
    return found


def _add_documents(tar: tarfile.TarFile, here: Place, listed, manifest: Manifest, progress: Progress) -> None:
    """Folder after folder as they lie now, each followed by its check sums. What was listed before the snapshot and is
    not here any more was deleted meanwhile; what a row wants and nobody has is missing.
    """
    before: dict[str, set[str]] = {}
    for name, _ in listed:
        before.setdefault(name[:2], set()).add(name)
    for folder in sorted({*files.folders(), *before}):
        sums, there = [], {name for name, _ in _listed(here.files, folder)}
        for name in sorted(there):
            path = here.files / folder / name
            try:
                with path.open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    reading = _Hashed(file)
                    tar.addfile(_info(f"files/{folder}/{name}", size, manifest.moment), reading)
            except FileNotFoundError:
                manifest.documents.gone.append(name)
                continue
            sums.append(f"{reading.sum.hexdigest()}  {name}\n")
            manifest.documents.number += 1
            manifest.documents.bytes += size
            progress.add(size)
        manifest.documents.gone += sorted(before.get(folder, set()) - there)
        _add(tar, f"files/{folder}.sha256", "".join(sums).encode(), manifest.moment)
    for beginning in map("{:02x}".format, range(256)):
        for name in sorted(files.wanted(beginning)):
            if not (here.files / beginning / name).exists() and name not in manifest.documents.gone:
                manifest.documents.missing.append(name)


def _listed(root: Path, folder: str = "") -> list[tuple[str, int]]:
    """Names and sizes of the documents that are complete, of one folder or of all."""
    found = []
    for beginning in [folder] if folder else (sorted(path.name for path in root.iterdir()) if root.is_dir() else []):
        if (root / beginning).is_dir():
            for entry in os.scandir(root / beginning):
                if _KEPT_FILE.fullmatch(f"files/{beginning}/{entry.name}"):
                    try:
                        found.append((entry.name, entry.stat().st_size))
                    except FileNotFoundError:
                        continue
    return found


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        if len(waiting) >= PART:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def _add(tar: tarfile.TarFile, name: str, content: bytes, at: dt.datetime) -> None:
    tar.addfile(_info(name, len(content), at), io.BytesIO(content))


def _info(name: str, size: int, at: dt.datetime) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(at.timestamp())
    return info


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


class _Hashed:
    """A file whose bytes are counted into a SHA-256 as they pass."""

    def __init__(self, file: Any) -> None:
        self._file, self.sum = file, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.sum.update(data)
        return self._file.write(data)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.sum.update(data)
        return data


def room(folder: Path, needed: int) -> None:
    """Raises BackupRefused where so many bytes, and a tenth more, do not fit any more."""
    free = shutil.disk_usage(folder).free
    if free < needed * 1.1:
        raise BackupRefused(
            f"In {folder} sind {size_in_words(free)} frei, nötig sind etwa {size_in_words(int(needed * 1.1))}. "
            "Bitte Platz schaffen oder einen anderen Ordner angeben."
        )


def size_in_words(number: int) -> str:
    """„3,4 MB“: powers of a thousand."""
    for unit in ("Byte", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number = number / 1000  # type: ignore[assignment]
    return f"{number:.0f} {unit}" if unit == "Byte" else f"{number:.1f} {unit}".replace(".", ",")


def _settle(folder: Path) -> None:
    """A new name in a folder outlives a power cut once the folder itself is written."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def _clean_aside(name: str) -> Path:
    """An empty folder of one's own beside the data; what a killed run left in it is gone."""
    aside = Path(settings.DATA_DIR) / name
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700, parents=True)
    return aside


# Those there are, and which of them stay


def complete(folder: Path) -> list[Made]:
    """The backups of a folder that were finished, oldest first: those with a check sum."""
    found = []
    for path in folder.glob(f"kim-*{SUFFIX}") if folder.is_dir() else ():
        named = _NAME.fullmatch(path.name)
        if named and path.with_name(path.name + SUM).exists():
            found.append(Made(dt.datetime.strptime(named[1], "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC), path))
    return sorted(found)


def clean(folder: Path) -> None:
    """Delete what killed runs left: halves, and check sums of what never came to be."""
    for half in folder.glob(f"kim-*{SUFFIX}.part"):
        half.unlink(missing_ok=True)
    for told in folder.glob(f"kim-*{SUFFIX}{SUM}"):
        if not told.with_name(told.name.removesuffix(SUM)).exists():
            told.unlink(missing_ok=True)


def staying(moments: Iterable[dt.datetime], keep: Keep) -> set[dt.datetime]:
    """Which of them `keep` wants: days, ISO weeks and months of Berlin. Where there is one, one stays."""
    wanted: set[dt.datetime] = set()
    newest_first = sorted(moments, reverse=True)
    spans: list[tuple[int, Callable[[dt.datetime], Any]]] = [
        (keep.daily, lambda at: at.date()),
        (keep.weekly, lambda at: at.isocalendar()[:2]),
        (keep.monthly, lambda at: (at.year, at.month)),
    ]
    for number, span in spans:
        newest: dict[Any, dt.datetime] = {}
        for at in newest_first:
            newest.setdefault(span(at.astimezone(workdays.BERLIN)), at)
        wanted.update(list(newest.values())[:number])
    return wanted


def rotate(folder: Path, keep: Keep) -> int:
    """Delete what is not wanted any more; how many. The newest stays, and the one last shown to be restorable."""
    there = complete(folder)
    wanted = staying([made.at for made in there], keep)
    good = BackupRun.objects.filter(kind=BackupKind.REHEARSAL, state=BackupState.DONE).order_by("-id").first()
    gone = 0
    for made in there[:-1]:
        if made.at not in wanted and not (good and good.file == made.path.name):
            made.path.unlink(missing_ok=True)
            made.path.with_name(made.path.name + SUM).unlink(missing_ok=True)
            gone += 1
    return gone


def newest(folder: Path) -> Path:
    """Raises BackupRefused where there is none."""
    there = complete(folder)
    if not there:
        raise BackupRefused(f"In {folder} liegt keine Sicherung.")
    return there[-1].path


def _opener_path() -> Path:
    return Path(settings.DATA_DIR) / "backup-opener"


def key_for(path: Path, given: str = "") -> str:
    """The private key somebody gave, or what this server kept to read its newest backup. Raises BackupRefused."""
    if given:
        return given
    try:
        kept = json.loads(_opener_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    if kept.get("file") == path.name:
        return kept["key"]
    raise BackupRefused(
        f"Für {path.name} braucht es den privaten Schlüssel: bitte mit KIM_BACKUP_KEY_FILE auf eine Datei zeigen, "
        "in der er steht. Ohne ihn liest dieser Server nur die neueste Sicherung, die er selbst erstellt hat."
    )


# Reading one


def examine(path: Path, key: str, add: Callable[[int], None] = lambda number: None) -> Manifest:
    """Read a backup to its end, touching nothing: check sum, decryption, every document. Raises BackupRefused."""
    manifest, whole, parts = None, hashlib.sha256(), 0
    documents, sums = 0, dict[str, str]()
    told = _told_sum(path)
    with path.open("rb") as raw:
        hashed = _Hashed(raw)
        for name, file in _members(hashed, path.name, key):
            if name.startswith("database/"):
                parts += 1
                for chunk in _chunks(file):
                    whole.update(chunk)
                    add(len(chunk))
            elif found := _KEPT_FILE.fullmatch(name):
                reading = _Hashed(file)
                for chunk in _chunks(reading):
                    add(len(chunk))
                sums[found[2]] = reading.sum.hexdigest()
                documents += 1
            elif name.endswith(".sha256"):
                lines = file.read().decode("ascii").splitlines()
                if {line[66:]: line[:64] for line in lines} != sums:
                    raise BackupRefused(f"{path.name}: Dokumente unter {name} stimmen nicht mit ihren Prüfsummen.")
                sums.clear()
            elif name == "manifest.json":
                manifest = Manifest.read(file.read())
        if manifest is None:
            raise BackupRefused(f"{path.name} hat kein Verzeichnis dessen, was darin ist: Sie ist unvollständig.")
    if told and told != hashed.sum.hexdigest():
        raise BackupRefused(f"{path.name} stimmt nicht mit der Prüfsumme daneben überein.")
    if (manifest.database, manifest.documents.number) != ({"parts": parts, "sha256": whole.hexdigest()}, documents):
        raise BackupRefused(f"{path.name}: Datenbank oder Dokumente sind andere, als das Verzeichnis sagt.")
    return manifest


def _told_sum(path: Path) -> str:
    """The SHA-256 in the file beside a backup, or empty where that was left behind: the content is sealed anyway."""
    beside = path.with_name(path.name + SUM)
    return beside.read_text(encoding="ascii", errors="replace")[:64] if beside.exists() else ""


def _members(file: Any, name: str, key: str) -> Iterator[tuple[str, IO[bytes]]]:
    """What is in the tar of a backup, in its order, each to be read before the next is asked for."""
    reader = backup_format.read(file, name, key)
    try:
        with tarfile.open(fileobj=reader, mode="r|", bufsize=CHUNK) as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None:
                    yield member.name, content
        while reader.read(CHUNK):  # the last piece says that it is the last
            pass
    except tarfile.TarError as error:
        raise files.FileDamaged(name) from error


# Putting one back


@dataclass
class Restored:
    """What was put back: what the backup says of itself, what differs from it, and what is to be done about keys."""

    manifest: Manifest
    differences: list[str]
    keys: list[str]


def restore(path: Path, key: str, place: Place, say: Callable[[str], None]) -> Restored:
    """Into an empty place only, and only after the whole file was read once. Raises BackupRefused."""
    with _alone(place.engine):
        refuse_what_is_there(place)
        try:
            say(f"{path.name} wird geprüft …")
            manifest = examine(path, key)
            refuse_what_does_not_fit(manifest, place.engine)
            room(_existing(place.files), manifest.documents.bytes)
            say("Die Datenbank wird zurückgespielt …")
            keys = put_back(path, key, place, lambda name: say(f"{name} …"))
        except files.FileDamaged as error:
            raise BackupRefused(f"{error} ist beschädigt oder abgeschnitten.") from error
        except OSError as error:
            raise BackupRefused(_in_words(error)) from error
        said = keep_keys(keys, place.keys)
        # From here on this process writes as the restored installation does: the trail's rows carry its mark.
        settings.TRAIL_KEY = keys.get("KIM_TRAIL_KEY", settings.TRAIL_KEY)
        return Restored(manifest, differences(manifest, place.engine), said)


def refuse_what_is_there(place: Place) -> None:
    """Raises BackupRefused unless the place is empty."""
    if tables := place.engine.tables():
        raise BackupRefused(
            f"Die Datenbank ist nicht leer ({len(tables)} Tabellen). Wiederhergestellt wird nur in eine leere; auch "
            "nach einer abgebrochenen Wiederherstellung bitte eine neue anlegen (docs/backup.md)."
        )
    if place.files.is_dir() and any(place.files.iterdir()):
        raise BackupRefused(f"Der Ordner {place.files} ist nicht leer. Bitte beiseitelegen oder einen anderen angeben.")


def refuse_what_does_not_fit(manifest: Manifest, engine: Engine) -> None:
    """Raises BackupRefused where this program or this database is none the backup can go into."""
    if manifest.engine != engine.name:
        raise BackupRefused(f"Die Sicherung stammt aus {manifest.engine}, hier läuft {engine.name}.")
    unknown = set(manifest.facts.migrations) - known_migrations()
    if _numbers(manifest.release) > _numbers(version()) or unknown:
        raise BackupRefused(
            f"Die Sicherung stammt aus KIM {manifest.release}, hier läuft {version()}: "
            "Bitte dieselbe oder eine neuere Version nehmen."
        )
    if engine.name == "PostgreSQL" and (major := int(manifest.facts.server) // 10_000) > int(engine.server()) // 10_000:
        raise BackupRefused(f"Die Sicherung stammt aus PostgreSQL {major}; dieser Server ist älter.")


def known_migrations() -> set[str]:
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    return {f"{app}.{name}" for app, name in {*loader.disk_migrations, *replaced}}


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release)[:3]]


def _existing(path: Path) -> Path:
    """This folder, or the nearest above it that is there."""
    while not path.is_dir():
        path = path.parent
    return path


def put_back(path: Path, key: str, place: Place, step: Callable[[str], Any]) -> dict[str, str]:
    """Database, then documents; both whole or not at all. The keys that were in it, by their variables.

    The folder of the documents gets its name when the last of them is there.
    """
    growing = place.files.with_name(place.files.name + ".restoring")
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(mode=0o700, parents=True)
    keys: dict[str, str] = {}
    with path.open("rb") as raw:
        members = _members(raw, path.name, key)
        after: list[tuple[str, IO[bytes]]] = []

        def database() -> Iterator[bytes]:
            for name, file in members:
                if not name.startswith("database/"):
                    after.append((name, file))
                    return
                yield from _chunks(file)

        try:
            place.engine.load(database())
            step("Dokumente")
            while after:
                name, file = after.pop()
                if found := _KEPT_FILE.fullmatch(name):
                    target = growing / found[1] / found[2]
                    target.parent.mkdir(mode=0o700, exist_ok=True)
                    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
                        shutil.copyfileobj(file, written, CHUNK)
                elif name.startswith("keys/"):
                    keys[name.removeprefix("keys/")] = file.read().decode()
                after.extend([coming] if (coming := next(members, None)) else [])
        except BaseException:
            shutil.rmtree(growing, ignore_errors=True)
            raise
    os.sync()
    if place.files.is_dir():
        place.files.rmdir()
    growing.replace(place.files)
    return keys


def differences(manifest: Manifest, engine: Engine) -> list[str]:
    """What a database that was just loaded has, and the backup says otherwise, in words."""
    then, now = manifest.facts, engine.facts()
    found = [
        f"Tabelle {table}: {now.tables.get(table, 'keine')} statt {then.tables.get(table, 'keine')} Zeilen"
        for table in sorted({*then.tables, *now.tables})
        if then.tables.get(table) != now.tables.get(table)
    ]
    found += [
        f"{kind}: {now.objects.get(kind, 0)} statt {then.objects.get(kind, 0)}"
        for kind in sorted({*then.objects, *now.objects})
        if then.objects.get(kind) != now.objects.get(kind)
    ]
    if then.migrations != now.migrations:
        found.append("Die angewandten Migrationen sind andere.")
    if then.trail != now.trail:
        found.append("Das Protokoll endet an einer anderen Stelle.")
    return found


def keep_keys(keys: dict[str, str], folder: Path) -> list[str]:
    """Write the keys of a backup where a start of KIM finds them, for its account alone; what was done, in words.

    Where a variable names another key, nothing is overruled: the words say which variable to set.
    """
    said = []
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for key in KEYS:
        if key.variable not in keys:
            continue
        value = keys[key.variable]
        if getattr(settings, key.setting, "") == value and folder == Path(settings.DATA_DIR):
            said.append(f"{key.variable}: stimmt überein.")
        elif folder == Path(settings.DATA_DIR) and (_set_by_variable(key.variable) or not key.is_found):
            restored = folder / f"{key.file}.restored"
            _write_private(restored, value)
            said.append(f"{key.variable}: eingestellt ist er hier nicht. Bitte {key.variable}_FILE={restored} setzen.")
        else:
            _write_private(folder / key.file, value)
            said.append(f"{key.variable}: liegt in {folder / key.file}.")
    return said


def _set_by_variable(name: str) -> bool:
    return bool(os.environ.get(name, "").strip() or os.environ.get(f"{name}_FILE", "").strip())


def settle_in(file: str) -> list[str]:
    """After a restore and its migrations: end sessions, close the run that was under way, leave a row in the trail.
    What else is to know, in words.
    """
    from django.contrib.sessions.models import Session

    with transaction.atomic():
        Session.objects.all().delete()
        row = BackupRun.objects.filter(state=BackupState.RUNNING).order_by("-id").first()
        row = row or BackupRun(kind=BackupKind.BACKUP)
        row.file = file
        _end(row, BackupState.DONE, "Aus dieser Sicherung wurde wiederhergestellt.")
        trail.record("backuprun.restore", row, by=None)
        waiting = Mail.objects.filter(state=Mail.State.QUEUED).count()
    said = ["Alle Anmeldungen sind beendet."]
    if waiting:
        said.append(
            f"{_counted(waiting, 'Mail lag', 'Mails lagen')} zur Zeit der Sicherung im Ausgang und wird noch versandt, "
            "auch wenn das damals schon geschehen ist."
        )
    return said


# Rehearsing it


def rehearse(path: Path, key: str, *, documents: int, say: Say) -> tuple[BackupRun, list[str]]:
    """Put a backup back beside everything else, look whether all of it is there, and drop it again: the run and what
    was found wrong, in words. Raises BackupRefused where it did not even come to that.
    """
    here = Place.here()
    server = _rehearsal_server() or here.engine
    with _alone(here.engine), _run(BackupKind.REHEARSAL, path.parent, say) as progress:
        row = progress.row
        row.file, row.size = path.name, path.stat().st_size
        prefix = f"{here.engine.database['NAME']}_rehearsal_"
        for left in server.leftovers(prefix):
            left.drop()
        aside = _clean_aside("rehearsal")
        engine = None
        try:
            row.expected_bytes = row.size
            with progress.step("Datei lesen und prüfen"):
                manifest = examine(path, key, progress.add)
            refuse_what_does_not_fit(manifest, server)
            room(aside, manifest.documents.bytes + (here.engine.size() if here.engine.name == "SQLite" else 0))
            engine = server.fresh(f"{prefix}{secrets.token_hex(4)}" if server.name == "PostgreSQL" else "kim", aside)
            found = _rehearsed(path, key, manifest, Place(engine, aside / "files", aside), documents, progress)
        finally:
            if engine:
                engine.drop()
            shutil.rmtree(aside, ignore_errors=True)
        words = f"{len(found)} Abweichungen: {'; '.join(found)}" if found else _good(manifest, documents)
        with transaction.atomic():
            _end(row, BackupState.FAILED if found else BackupState.DONE, words)
            trail.record("backuprun.rehearse", row, by=None)
    log.info("restore rehearsed", findings=len(found), seconds=sum(seconds for _, seconds in row.steps))
    return row, found


def _good(manifest: Manifest, documents: int) -> str:
    read = min(documents, manifest.documents.number)
    return (
        f"Vollständig wiederhergestellt: {_grouped(sum(manifest.facts.tables.values()))} Zeilen in "
        f"{len(manifest.facts.tables)} Tabellen, {_counted(manifest.documents.number, 'Dokument', 'Dokumente')} "
        f"(davon {read} gelesen und verglichen), Verweise und Protokoll stimmen"
    )


def _rehearsed(path, key, manifest: Manifest, place: Place, documents: int, progress: Progress) -> list[str]:
    with progress.step("Datenbank und Dokumente zurückspielen"):
        keep_keys(put_back(path, key, place, lambda name: None), place.keys)
    with progress.step("Zeilen zählen, Verweise prüfen"):
        found = differences(manifest, place.engine) + place.engine.broken()
    if known_migrations() - set(manifest.facts.migrations):
        with progress.step("Auf diese Version bringen"):
            _other_process(place, "migrate", "--noinput", "--verbosity", "0")
    with progress.step("KIM damit starten, Protokoll und Dokumente prüfen"):
        said = _other_process(
            place, "check_data", "--json", f"--documents={documents}", f"--as-of={manifest.made_at}",
        )  # fmt: skip
        checks = Checks(**json.loads(said))
    known = {*manifest.documents.missing, *manifest.documents.gone}
    return found + checks.findings(known)


def _other_process(place: Place, *command: str) -> str:
    """What manage.py says when it is started on that place: with its database, its folder and its keys alone."""
    dropped = re.compile(r"(KIM_|DATABASE_|REDIS_|EMAIL_|DJANGO_SETTINGS)")
    env = {name: value for name, value in os.environ.items() if not dropped.match(name)}
    env |= {"KIM_DATA_DIR": str(place.keys), "DATABASE_URL": place.engine.url(), "KIM_DEMO": "0"}
    env |= {"KIM_LOG_LEVEL": "ERROR"}
    started = subprocess.run(  # noqa: S603
        [sys.executable, str(settings.BASE_DIR / "manage.py"), *command],
        env=env, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if started.returncode:
        raise BackupRefused(
            f"KIM ließ sich mit der wiederhergestellten Datenbank nicht starten (manage.py {command[0]})."
        )
    return started.stdout


def _rehearsal_server() -> Engine | None:
    url = settings.REHEARSAL_DATABASE_URL
    if not url:
        return None
    given = dict(connections["default"].settings_dict)
    return engine_of(given | {name: value for name, value in dj_database_url.parse(url).items() if value != ""})


@dataclass
class Checks:
    """What an installation says of its own data: numbers, and names of files nobody can tell anything by."""

    pending: int = 0
    trail_rows: int = 0
    trail: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    read: int = 0
    compared: int = 0
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def findings(self, known: Iterable[str] = ()) -> list[str]:
        """In words; of `known` files it is known that they are missing."""
        found = [f"Protokoll: {words}" for words in self.trail] + self.broken
        found += [f"Das Dokument {name} lässt sich nicht lesen oder ist ein anderes." for name in self.damaged]
        if lost := set(self.missing) - set(known):
            found.append(f"{_counted(len(lost), 'Dokument fehlt', 'Dokumente fehlen')} im Dateiordner.")
        if self.pending:
            found.append(f"{_counted(self.pending, 'Migration steht', 'Migrationen stehen')} aus.")
        return found


def check_data(documents: int = DOCUMENTS) -> Checks:
    """Look at this very installation: migrations, references, the whole trail, and so many documents at random."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    checks = Checks(pending=len(executor.migration_plan(executor.loader.graph.leaf_nodes())))
    checks.broken = Place.here().engine.broken()
    verdict = trail_chain.verify()
    checks.trail_rows, checks.trail = verdict.rows, _of_the_trail(verdict)
    there = [name for name, _ in _listed(Path(settings.FILES_DIR))]
    checks.missing = sorted(
        name
        for beginning in map("{:02x}".format, range(256))
        for name in files.wanted(beginning).difference(name for name in there if name[:2] == beginning)
    )
    for name in secrets.SystemRandom().sample(there, min(documents, len(there))):
        told, read = files.sum_of(name), hashlib.sha256()
        try:
            for piece in files.read(name):
                read.update(piece)
        except files.FileDamaged:
            checks.damaged.append(name)
            continue
        checks.read += 1
        if told:
            checks.compared += 1
            if told != read.hexdigest():
                checks.damaged.append(name)
    return checks


def _of_the_trail(verdict: trail_chain.Verdict) -> list[str]:
    """What was touched, one line for each kind. What the timetable still owes the chain is no fault of the data."""
    kinds: dict[str, list[trail_chain.Finding]] = {}
    for one in verdict.findings:
        if one.kind not in OWED:
            kinds.setdefault(one.kind, []).append(one)
    return [f"{len(ones)}-mal: {ones[0].words} Zuerst: {ones[0].where}" for ones in kinds.values()]


# By itself, at night


def begin_if_due(kind: BackupKind) -> bool:
    """Start a process of its own for what is due, and do not wait for it: a backup may take an hour, and the worker
    has two threads for everything. Whether one was started.
    """
    words = _why_not(kind)
    if words:
        with jobs.run(kind) as report:
            report.result = words
    if words is not None:
        return False
    command = "backup" if kind == BackupKind.BACKUP else "rehearse_restore"
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, str(settings.BASE_DIR / "manage.py"), command, "--nightly"],
        cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    # Somebody has to take notice of its end, or it stays in the list of processes.
    threading.Thread(target=process.wait, daemon=True).start()
    return True


def is_set_up() -> bool:
    return bool(settings.BACKUP_DIR and settings.BACKUP_PUBLIC_KEYS)


def _why_not(kind: BackupKind) -> str | None:
    """None: it is due. Words: it never will be as things are set, or not this week. Empty: not now."""
    if not is_set_up():
        return "nicht eingerichtet"
    if kind == BackupKind.REHEARSAL and not settings.BACKUP_REHEARSALS:
        return "ausgeschaltet"
    now = workdays.now().astimezone(workdays.BERLIN)
    tonight = now.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    runs = BackupRun.objects.filter(kind=kind)
    if kind == BackupKind.REHEARSAL:
        weekly = dt.timedelta(days=settings.BACKUP_REHEARSE_DAYS)
        good = runs.filter(state=BackupState.DONE).order_by("-id").values_list("started_at", flat=True).first()
        if good and good.astimezone(workdays.BERLIN).date() + weekly > now.date():
            return f"die nächste ist ab dem {good.astimezone(workdays.BERLIN).date() + weekly:%d.%m.%Y} fällig"
        if not complete(Path(settings.BACKUP_DIR)):
            return "es gibt noch keine Sicherung"
    tried = runs.filter(started_at__gte=tonight)
    enough = tried.filter(state=BackupState.DONE).exists() or tried.count() >= (
        TRIES if kind == BackupKind.BACKUP else 1
    )
    return "" if now < tonight or enough or _under_way() else None


def _under_way() -> bool:
    """Whether a backup, restore or rehearsal runs on this machine."""
    Path(settings.DATA_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    with (Path(settings.DATA_DIR) / "backup.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


# On „Betrieb“


@dataclass(frozen=True)
class Shown:
    """The last runs of a kind as administrators read them; `tone` is the colour, `word` says it too."""

    title: str
    tone: str
    word: str
    good: BackupRun | None
    #: The newest one, where it is not the good one: under way or failed.
    newer: BackupRun | None
    steps: list[tuple[str, str]]

    @property
    def duration(self) -> str:
        return seconds_in_words(self.good.seconds) if self.good else ""

    @property
    def size(self) -> str:
        return size_in_words(self.good.size) if self.good else ""


def _sets():
    found = {}
    for kind in BackupKind:
        runs = BackupRun.objects.filter(kind=kind).order_by("-id").defer("steps")
        found[f"{kind}_last"] = runs[:1]
        found[f"{kind}_good"] = runs.filter(state=BackupState.DONE)[:1]
    return found


@section("kim/_operation_backups.html", order=40, sets=_sets)
def backups(user, read):
    configured = is_set_up()
    kinds = [kind for kind in BackupKind if kind == BackupKind.BACKUP or settings.BACKUP_REHEARSALS]
    good = {kind: next(iter(read[f"{kind}_good"]), None) for kind in kinds}
    if not configured and not any(good.values()):
        return {"configured": False, "shown": []}
    told = dict(BackupRun.objects.filter(pk__in=[run.pk for run in good.values() if run]).values_list("pk", "steps"))
    shown = []
    for kind in kinds:
        last, run = next(iter(read[f"{kind}_last"]), None), good[kind]
        tone, word = _judged(kind, run, last, configured)
        steps = [(name, seconds_in_words(seconds)) for name, seconds in told.get(run.pk, [])] if run else []
        newer = last if last and (run is None or last.pk != run.pk) else None
        shown.append(Shown(str(kind.label), tone, word, run, newer, steps))
    return {"configured": configured, "folder": settings.BACKUP_DIR, "shown": shown}


def _judged(kind: BackupKind, good: BackupRun | None, last: BackupRun | None, configured: bool) -> tuple[str, str]:
    if last and last.state == BackupState.RUNNING:
        return "soon", f"läuft, {last.percent} %"
    if last and last.state == BackupState.FAILED:
        return "late", "gescheitert"
    if not configured:
        return "soon", "nur von Hand"
    if good is None:
        return "late" if kind == BackupKind.BACKUP else "soon", "noch keine"
    late = LATE if kind == BackupKind.BACKUP else dt.timedelta(days=settings.BACKUP_REHEARSE_DAYS) + LATE
    if good.finished_at and good.finished_at < workdays.now() - late:
        return "late", "überfällig"
    return "done", "gut"


def seconds_in_words(seconds: float) -> str:
    """„0,4 s“, „12 s“, „3 min 5 s“."""
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".", ",")
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes} min {left} s" if minutes else f"{left} s"
