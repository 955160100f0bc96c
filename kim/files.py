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
            cipher = _cipher(salt, name)
            for number, (piece, is_last) in enumerate(_pieces(chunks)):
                read.update(piece)
                size += len(piece)
                file.write(cipher.encrypt(_nonce(number, is_last), piece, None))
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


def keeper(name: str, wanted: Callable[[str], Iterable[str]]) -> None:
    """Have the sweep ask `wanted(beginning of a name)`. Beside the table that holds the names: whoever keeps files is
    asked wherever that table is known, so that no file is deleted because somebody was forgotten.
    """
    _WANTED[name] = wanted


def sweep_all(*, older_than: float) -> int:
    """Delete the files nobody wants and that lie there for `older_than` seconds. How many went."""
    gone = 0
    for folder in folders():
        wanted = {name for ask in _WANTED.values() for name in ask(folder)}
        gone += sweep(folder, wanted, older_than=older_than)
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


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """`chunks` cut anew into pieces of one length, each with whether it is the last; at least one, maybe empty."""
    waiting = b""
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > PIECE:
            yield waiting[:PIECE], False
            waiting = waiting[PIECE:]
    yield waiting, True


def _decrypted(file: BinaryIO, name: str) -> Iterator[bytes]:
    with file:
        if file.read(len(MARK)) != MARK:
            raise FileDamaged(name)
        from cryptography.exceptions import InvalidTag

        cipher = _cipher(file.read(SALT), name)
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


def _cipher(salt: bytes, name: str) -> "AESGCM":
    # Imported here: most processes serve pages that read no file, and all would carry the library's 7 MB.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derive = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"kim.files:" + name.encode())
    return AESGCM(derive.derive(settings.FILES_KEY.encode()))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
