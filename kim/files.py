"""Files at rest: encrypted in pieces, under random names in the data folder, with a key that no database knows.

Each file has a key of its own, derived from the installation's key, a random salt and its name. Every piece carries
its number and whether it is the last one: nothing can be cut off, exchanged or put elsewhere without being noticed.
"""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE = 64 * 1024
TAG = 16
SALT = 32
#: The first bytes of every file: what it is, and in which format.
MARK = b"KIM-1\n"
_NAME = re.compile("[0-9a-f]{32}")


class FileDamaged(Exception):
    """The file is gone, cut short, altered, or was written with another key."""


@dataclass(frozen=True)
class Kept:
    """What came of keeping a file: where it is found again, its length in bytes and its SHA-256 (of what is read)."""

    name: str
    size: int
    sha256: str


def keep(chunks: Iterable[bytes]) -> Kept:
    """Encrypt `chunks` into a new file. It is complete on the disk when this returns, or not there at all."""
    name = secrets.token_hex(16)
    path = path_of(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    growing = path.with_suffix(".part")
    read = hashlib.sha256()
    size = 0
    try:
        with os.fdopen(os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            salt = secrets.token_bytes(SALT)
            file.write(MARK + salt)
            sealing = Sealing(file, _cipher(salt, name))
            for chunk in chunks:
                read.update(chunk)
                size += len(chunk)
                sealing.write(chunk)
            sealing.close()
            file.flush()
            os.fsync(file.fileno())
        growing.replace(path)
    finally:
        growing.unlink(missing_ok=True)
    return Kept(name, size, read.hexdigest())


def check(name: str) -> None:
    """Read a kept file to its end; raises FileDamaged. Before it is handed out: nobody gets half a document."""
    for _ in read(name):
        pass


def read(name: str) -> Iterator[bytes]:
    """The pieces of a kept file, decrypted one by one as they are asked for. Raises FileDamaged."""
    try:
        file = path_of(name).open("rb")
    except OSError as error:
        raise FileDamaged(name) from error
    yield from _decrypted(file, name)


def remove(name: str) -> None:
    """Delete a kept file. One that is gone already is no error."""
    path_of(name).unlink(missing_ok=True)


def path_of(name: str) -> Path:
    """Where a file lies. Raises FileDamaged for anything but a name given by `keep`."""
    if not _NAME.fullmatch(name):
        raise FileDamaged("no name of a kept file")
    return Path(settings.FILES_DIR) / name[:2] / name


def folders() -> list[str]:
    """The beginnings of names there are folders for."""
    root = Path(settings.FILES_DIR)
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


#: Who keeps files → the names they want of those that begin like a folder.
_WANTED: dict[str, Callable[[str], Iterable[str]]] = {}
#: Who keeps files with their check sums → (name, SHA-256 of what is read) of those that begin alike.
_SUMS: dict[str, Callable[[str], Iterable[tuple[str, str]]]] = {}


def keeper(
    name: str,
    wanted: Callable[[str], Iterable[str]],
    sums: Callable[[str], Iterable[tuple[str, str]]] | None = None,
) -> None:
    """Have the sweep ask `wanted(beginning of a name)`. Beside the table that holds the names: whoever keeps files is
    asked wherever that table is known, so that no file is deleted because somebody was forgotten. With `sums` the
    rehearsal of a restore compares what it reads.
    """
    _WANTED[name] = wanted
    if sums:
        _SUMS[name] = sums


def wanted(beginning: str) -> set[str]:
    """The names any table holds that begin like this."""
    return {name for ask in _WANTED.values() for name in ask(beginning)}


def sum_of(name: str) -> str:
    """The SHA-256 a table keeps of what is read from this file; empty where none does."""
    return next((told for ask in _SUMS.values() for found, told in ask(name) if found == name), "")


def sweep_all(*, older_than: float) -> int:
    """Delete the files nobody wants and that lie there for `older_than` seconds. How many went."""
    gone = 0
    for folder in folders():
        gone += sweep(folder, wanted(folder), older_than=older_than)
    return gone


def sweep(folder: str, wanted: Collection[str], *, older_than: float) -> int:
    """Delete the files of one folder that nobody wants and that lie there for `older_than` seconds. How many went."""
    gone = 0
    for path in (Path(settings.FILES_DIR) / folder).iterdir():
        if path.name in wanted:
            continue
        try:
            if time.time() - path.stat().st_mtime >= older_than:
                path.unlink()
                gone += 1
        except FileNotFoundError:
            continue  # deleted meanwhile
    return gone


class Sealing:
    """Encrypts what is written to it into `file`, in pieces of one length; `close` writes the last, maybe empty one."""

    def __init__(self, file: BinaryIO, cipher: "AESGCM") -> None:
        self._file, self._cipher = file, cipher
        self._waiting, self._number = bytearray(), 0

    def write(self, data: bytes) -> int:
        self._waiting += data
        whole = max(0, len(self._waiting) - 1) // PIECE * PIECE  # what may turn out to be the last one waits
        for start in range(0, whole, PIECE):
            self._seal(bytes(self._waiting[start : start + PIECE]), is_last=False)
        del self._waiting[:whole]
        return len(data)

    def close(self) -> None:
        self._seal(bytes(self._waiting), is_last=True)

    def _seal(self, piece: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), piece, None))
        self._number += 1


def unsealed(file: BinaryIO, cipher: "AESGCM", name: str) -> Iterator[bytes]:
    """What was written through `Sealing`, piece by piece; `name` is what a FileDamaged speaks of."""
    from cryptography.exceptions import InvalidTag

    number, sealed = 0, file.read(PIECE + TAG)
    while True:
        coming = file.read(PIECE + TAG)
        try:
            yield cipher.decrypt(_nonce(number, not coming), sealed, None)
        except InvalidTag:
            raise FileDamaged(name) from None
        if not coming:
            return
        number, sealed = number + 1, coming


def _decrypted(file: BinaryIO, name: str) -> Iterator[bytes]:
    with file:
        if file.read(len(MARK)) != MARK:
            raise FileDamaged(name)
        yield from unsealed(file, _cipher(file.read(SALT), name), name)


def _cipher(salt: bytes, name: str) -> "AESGCM":
    # Imported here: most processes serve pages that read no file, and all would carry the library's 7 MB.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derive = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"kim.files:" + name.encode())
    return AESGCM(derive.derive(settings.FILES_KEY.encode()))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
