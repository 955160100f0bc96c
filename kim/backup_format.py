"""What a backup looks like: one file, sealed for the holders of private keys, inside of it a plain tar.

    KIM-BACKUP-1\\n   the mark, 13 bytes
    32 bytes         X25519 public key made for this file alone
    1 byte           number of recipients, then for each: its public key (32) and the sealed content key (32 + 16)
    the rest         the tar, in pieces as kim.files writes them (AES-256-GCM, numbered, the last one marked)

The server knows public keys only: it writes backups it cannot read. What it may keep is the private part of the key
made for one file (the opener): with it this one file is read, and no other.
"""

import base64
import hashlib
import io
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from kim.files import FileDamaged, Sealing, unsealed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

MARK = b"KIM-BACKUP-1\n"
PUBLIC, PRIVATE = "kim-public-", "kim-private-"
KEY, TAG = 32, 16
#: So many recipients fit into the header; two or three are usual.
MOST = 255


class BackupRefused(Exception):
    """A backup, a restore or its rehearsal cannot be done or is not good. The German sentence says what to do."""


@dataclass(frozen=True)
class KeyPair:
    """Both as people copy them: base32 with a check sum of four bytes, behind a word that says which it is."""

    public: str
    private: str


def make_key() -> KeyPair:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    private = X25519PrivateKey.generate()
    return KeyPair(
        _worded(PUBLIC, private.public_key().public_bytes_raw()), _worded(PRIVATE, private.private_bytes_raw())
    )


def public_of(private: str) -> str:
    """The public key that belongs to a private one. Raises BackupRefused."""
    return _worded(PUBLIC, _private(_bytes_of(PRIVATE, private)).public_key().public_bytes_raw())


def _worded(kind: str, key: bytes) -> str:
    checked = key + hashlib.sha256(kind.encode() + key).digest()[:4]
    return kind + base64.b32encode(checked).decode().rstrip("=").lower()


def _bytes_of(kind: str, worded: str) -> bytes:
    """The 32 bytes of a key as people copy it: blanks and capitals do not count. Raises BackupRefused."""
    bare = "".join(worded.split()).lower()
    what = "öffentlicher" if kind == PUBLIC else "privater"
    if not bare.startswith(kind):
        raise BackupRefused(f"Das ist kein {what} Schlüssel für Sicherungen: Er beginnt mit „{kind}“.")
    coded = bare.removeprefix(kind).upper()
    try:
        checked = base64.b32decode(coded + "=" * (-len(coded) % 8))
    except ValueError:
        checked = b""
    key = checked[:KEY]
    if len(checked) != KEY + 4 or _worded(kind, key) != bare:
        raise BackupRefused(f"Ein {what} Schlüssel für Sicherungen ist unvollständig oder verschrieben.")
    return key


class Sealed:
    """A backup while it is written: a file for the tar, of which only recipients read anything.

    `opener` is the private part of the key made for this file, as `read` takes it.
    """

    def __init__(self, file: BinaryIO, recipients: Sequence[str]) -> None:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        if not 0 < len(recipients) <= MOST:
            raise BackupRefused("Ohne öffentlichen Schlüssel keine Sicherung: KIM_BACKUP_PUBLIC_KEY setzen.")
        once = X25519PrivateKey.generate()
        content = secrets.token_bytes(KEY)
        known = once.public_key().public_bytes_raw()
        header = MARK + known + bytes([len(recipients)])
        for worded in recipients:
            public = _bytes_of(PUBLIC, worded)
            header += public + _wrapping(_exchanged(once, public), known, public).encrypt(bytes(12), content, MARK)
        self.opener = _worded(PRIVATE, once.private_bytes_raw())
        file.write(header)
        self._sealing = Sealing(file, _content_cipher(content, header))

    def write(self, data: bytes) -> int:
        return self._sealing.write(data)

    def close(self) -> None:
        self._sealing.close()


def read(file: BinaryIO, name: str, key: str) -> io.BufferedReader:
    """The tar within a backup, for a recipient's private key or the opener of this one file.

    Raises BackupRefused here for a key that does not fit; reading raises FileDamaged where the file is cut or altered.
    """
    from cryptography.exceptions import InvalidTag

    mine = _private(_bytes_of(PRIVATE, key))
    own = mine.public_key().public_bytes_raw()
    mark, known, number = file.read(len(MARK)), file.read(KEY), file.read(1)
    if mark != MARK or len(known) != KEY or not number or not number[0]:
        raise BackupRefused(f"{name} ist keine Sicherung von KIM, oder ihr Anfang fehlt.")
    header, content = mark + known + number, b""
    for _ in range(number[0]):
        public, wrapped = file.read(KEY), file.read(KEY + TAG)
        header += public + wrapped
        if content or own not in (known, public):
            continue
        shared = _exchanged(mine, public if own == known else known)
        try:
            content = _wrapping(shared, known, public).decrypt(bytes(12), wrapped, MARK)
        except InvalidTag:
            raise BackupRefused(f"Der Anfang von {name} ist beschädigt.") from None
    if not content:
        raise BackupRefused(f"Dieser Schlüssel gehört nicht zu {name}: Er öffnet andere Sicherungen oder keine.")
    return io.BufferedReader(_Pieces(unsealed(file, _content_cipher(content, header), name)), buffer_size=256 * 1024)


class _Pieces(io.RawIOBase):
    """An iterator of pieces as a file that can only be read on."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def _private(key: bytes) -> "X25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(key)


def _exchanged(private: "X25519PrivateKey", public: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:  # a point of low order: nobody made that as a key
        raise BackupRefused("Ein öffentlicher Schlüssel für Sicherungen ist keiner.") from None


def _wrapping(shared: bytes, known: bytes, public: bytes):
    return _cipher(shared, salt=known + public, info=b"kim.backups:key")


def _content_cipher(content: bytes, header: bytes):
    """Bound to the whole header: a recipient added or taken away afterwards leaves nothing that can be read."""
    return _cipher(content, salt=hashlib.sha256(header).digest(), info=b"kim.backups:content")


def _cipher(secret: bytes, *, salt: bytes, info: bytes):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(algorithm=SHA256(), length=KEY, salt=salt, info=info).derive(secret))


__all__ = ["BackupRefused", "FileDamaged", "KeyPair", "Sealed", "make_key", "public_of", "read"]
