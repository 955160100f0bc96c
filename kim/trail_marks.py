"""What a row of the trail is worth as proof: its mark, the digest and seal of its link, the signature of an anchor.

Pure functions of values and KIM_TRAIL_KEY, from which one key is derived for each purpose. Imports no model.
"""

import hashlib
import hmac
import json
import secrets
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: What the first link follows.
BEGIN = "0" * 64
NONCE = 16


class Content(NamedTuple):
    """All a row says, except its note, which may be forgotten one day: its digest stands for it."""

    at: datetime
    by_id: int | None
    on_behalf_of_id: int | None
    act: str
    kind: str
    object_id: str
    shown: str
    note_mark: str

    def written(self) -> bytes:
        """The same content is always the same bytes, and no other content is (JSON, moments in UTC)."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        texts = [str(one) for one in self[3:]]
        return json.dumps(["KIM-1", at, self.by_id, self.on_behalf_of_id, *texts], ensure_ascii=False).encode()


def mark(content: Content, note: str) -> tuple[str, str]:
    """The mark of a new row and the mark of its note ("" without one)."""
    nonce = secrets.token_bytes(NONCE)
    content = content._replace(note_mark=_note_mark(nonce, note))
    return _text(nonce + _sealed("mark", nonce + content.written())), content.note_mark


def is_marked(content: Content, mark: str) -> bool:
    """Whether this installation wrote a row of this content under this mark."""
    try:
        raw = urlsafe_b64decode(mark)
    except ValueError:
        return False
    nonce, seal = raw[:NONCE], raw[NONCE:]
    return hmac.compare_digest(seal, _sealed("mark", nonce + content.written()))


def is_note(note: str, note_mark: str, mark: str) -> bool:
    """Whether `note` is what was written; only of rows for which `is_marked`."""
    return hmac.compare_digest(note_mark, _note_mark(urlsafe_b64decode(mark)[:NONCE], note))


def _note_mark(nonce: bytes, note: str) -> str:
    return _text(_sealed("note", nonce + note.encode())) if note else ""


def digest(before: str, position: int, entry_id: int, made_at: datetime, mark: str, content: Content) -> str:
    """SHA-256 (hex) over the digest of the link before and all of this one. Whoever has the rows can work it out."""
    head = [before, position, entry_id, made_at.astimezone(UTC).isoformat(timespec="microseconds"), mark]
    return hashlib.sha256(json.dumps(head).encode() + content.written()).hexdigest()


def seal(about: str, position: int, digest: str) -> str:
    """That this installation came to this digest: without the key nobody links anew what he took a row out of."""
    return _text(_sealed(about, f"{position}:{digest}".encode()))


def is_sealed(about: str, position: int, digest: str, given: str) -> bool:
    return hmac.compare_digest(given.encode(), seal(about, position, digest).encode())


def sign(text: str) -> str:
    """Ed25519 (RFC 8032), base64. The public key is enough to check it."""
    return b64encode(_signer().sign(text.encode())).decode()


def is_signed(text: str, signature: str) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        _signer().public_key().verify(b64decode(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key() -> str:
    """As PEM, for `openssl pkeyutl -verify -rawin`."""
    from cryptography.hazmat.primitives import serialization as form

    pem = _signer().public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def _signer() -> "Ed25519PrivateKey":
    # Imported here: few processes ever sign, and all would carry the library's 7 MB.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(_key(settings.TRAIL_KEY, "anchor"))


def _sealed(purpose: str, what: bytes) -> bytes:
    return hmac.digest(_key(settings.TRAIL_KEY, purpose), what, "sha256")


@lru_cache(maxsize=20)
def _key(key: str, purpose: str) -> bytes:
    """HKDF-Expand (RFC 5869) for one block; the installation's key is random already."""
    return hmac.digest(hashlib.sha256(key.encode()).digest(), b"kim.trail:" + purpose.encode() + b"\x01", "sha256")


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()
