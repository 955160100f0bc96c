"""What comes in as a file: bounded, never in clear on a disk, and known by its content, not by its name.

A body that is too large is refused before any of it is read as a form (`BodyLimit` in kim.middleware).
"""

import re
import secrets
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

PIECE = 64 * 1024
#: Bounds for files that are archives. Nothing but a few kilobytes of one is ever unpacked.
MOST_ENTRIES = 2000
LARGEST_DIRECTORY = 1024 * 1024
LARGEST_UNPACKED = 100 * 1024 * 1024
LARGEST_LIST = 256 * 1024


@dataclass(frozen=True)
class FileType:
    key: str
    label: str
    media_type: str


PDF = FileType("pdf", "PDF", "application/pdf")
PNG = FileType("png", "PNG-Bild", "image/png")
JPEG = FileType("jpg", "JPEG-Bild", "image/jpeg")
DOCX = FileType("docx", "Word-Dokument", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
ODT = FileType("odt", "OpenDocument-Text", "application/vnd.oasis.opendocument.text")
TYPES = {one.key: one for one in (PDF, PNG, JPEG, DOCX, ODT)}

NOT_A_TYPE = "Diese Datei ist weder PDF noch PNG- oder JPEG-Bild, DOCX oder ODT. Bitte speichern Sie sie als PDF."
BROKEN = "Die Datei ist unvollständig oder beschädigt. Bitte speichern Sie sie neu und laden Sie sie noch einmal hoch."
SUSPICIOUS = "Die Datei ist ungewöhnlich verpackt und wird nicht angenommen. Bitte speichern Sie sie als PDF."
MACROS = "Die Datei enthält Makros oder ist verschlüsselt. Bitte speichern Sie sie als PDF."


def too_large() -> str:
    return f"Die Datei ist zu groß. Erlaubt sind {settings.KIM_FILE_MB} MB."


class SealedHandler(FileUploadHandler):
    """Takes a file in pieces into a nameless temporary file, under a key that is forgotten with the request."""

    chunk_size = PIECE

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.taken = SealedTemporary()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= settings.KIM_FILE_MAX:  # what is beyond is counted by the parser, and not kept
            try:
                self.taken.write(raw_data)
            except OSError:  # no space left: the page that says so comes at once, and the file does not wait for it
                self.taken.close()
                raise

    def file_complete(self, file_size: int) -> UploadedFile:
        """The file under a name of ours: what a browser calls it may hold anything."""
        self.taken.seek(0)
        return UploadedFile(self.taken, "datei", "", file_size, self.charset)  # type: ignore[arg-type]

    def upload_interrupted(self) -> None:
        if hasattr(self, "taken"):
            self.taken.close()


class SealedTemporary:
    """A temporary file nobody can read: AES-CTR under a key of its own, at any place in it."""

    name = None

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the request
        self._key, self._nonce = secrets.token_bytes(32), secrets.token_bytes(8)
        self._size = 0

    def write(self, data: bytes) -> int:
        at = self._file.tell()
        self._file.write(self._turned(data, at))
        self._size = max(self._size, at + len(data))
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        at = self._file.tell()
        return self._turned(self._file.read(-1 if size is None else size), at)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def seekable(self) -> bool:
        return True

    def _turned(self, data: bytes, at: int) -> bytes:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        block, within = divmod(at, 16)
        counter = self._nonce + block.to_bytes(8, "big")
        turn = Cipher(algorithms.AES(self._key), modes.CTR(counter)).encryptor()
        turn.update(bytes(within))
        return turn.update(data)


def type_of(file) -> FileType:
    """What `file` is by its content; raises ValidationError with the sentence to show. Leaves it at its beginning."""
    try:
        file.seek(0)
        head = file.read(16)
        if head.startswith(b"%PDF-"):
            return _ends_with(file, rb"%%EOF\s*\x00*\s*\Z", PDF)
        if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
            return _ends_with(file, rb"IEND\xae\x42\x60\x82", PNG)
        if head.startswith(b"\xff\xd8\xff"):
            return _ends_with(file, rb"\xff\xd9", JPEG)
        if head.startswith(b"PK\x03\x04"):
            return _of_archive(file)
        raise ValidationError(NOT_A_TYPE, code="type")
    finally:
        file.seek(0)


def chunks(file) -> Iterator[bytes]:
    """The content of `file` in pieces, from its beginning."""
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


def _ends_with(file, pattern: bytes, found: FileType) -> FileType:
    if not re.search(pattern, _tail(file, 2048)):
        raise ValidationError(BROKEN, code="broken")
    return found


def _tail(file, length: int) -> bytes:
    size = file.seek(0, 2)
    file.seek(max(0, size - length))
    return file.read(length)


def _of_archive(file) -> FileType:
    """A text document in a zip archive. Its directory is measured before it is read, and nothing large unpacked."""
    _measure(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _look_over(entries)
            names = {entry.filename for entry in entries}
            if "mimetype" in names and _start_of(archive, "mimetype", 100) == ODT.media_type.encode():
                return ODT
            if {"[Content_Types].xml", "word/document.xml"} <= names:
                kinds = _start_of(archive, "[Content_Types].xml", LARGEST_LIST)
                if b"macroEnabled" in kinds:
                    raise ValidationError(MACROS, code="macros")
                if b"wordprocessingml.document.main+xml" in kinds:
                    return DOCX
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError, struct.error):
        raise ValidationError(BROKEN, code="broken") from None
    except Exception as error:
        if type(error).__module__ not in {"zlib", "lzma"}:
            raise
        raise ValidationError(BROKEN, code="broken") from None
    raise ValidationError(NOT_A_TYPE, code="type")


def _measure(file) -> None:
    end = _tail(file, 22 + 65535)
    at = end.rfind(b"PK\x05\x06")
    if at < 0 or len(end) - at < 22:
        raise ValidationError(BROKEN, code="broken")
    entries, directory, begins = struct.unpack("<HII", end[at + 10 : at + 20])
    if entries > MOST_ENTRIES or directory > LARGEST_DIRECTORY or begins == 0xFFFFFFFF:
        raise ValidationError(SUSPICIOUS, code="suspicious")


def _look_over(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        raise ValidationError(SUSPICIOUS, code="suspicious")
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or entry.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise ValidationError(SUSPICIOUS, code="suspicious")
        if entry.flag_bits & 0x1 or parts[-1].lower() in {"vbaproject.bin", "vbadata.xml"} or parts[0] == "Basic":
            raise ValidationError(MACROS, code="macros")


def _start_of(archive: zipfile.ZipFile, name: str, length: int) -> bytes:
    with archive.open(name) as entry:
        return entry.read(length)
