"""Papers at a case: known by their content, encrypted at rest, served through the access rule alone."""

import datetime as dt
import io
import os
import struct
import time
import tracemalloc
import zipfile
import zlib

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from casework.lifecycle import State
from casework.models import Document
from casework.models.documents import sweep_files
from casework.tasks import sweep_files as nightly
from kim import files, trail, uploads
from kim.models import JobRun
from tests.casework.factories import case_at

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + bytes(17) + struct.pack(">I", 0) + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def archive(entries, method=zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return made.getvalue()


DOCX = archive({"[Content_Types].xml": f'<Override ContentType="{WORD}"/>', "word/document.xml": "<w:document/>"})
ODT = archive({"mimetype": uploads.ODT.media_type, "content.xml": "<office/>"})
GOOD = {"pdf": PDF, "png": PNG, "jpg": JPEG, "docx": DOCX, "odt": ODT}


@pytest.fixture
def led(db):
    return case_at(State.MONITORING)


@pytest.fixture
def signed_in(client, led):
    client.force_login(led.owner)
    return client


def url(case, rest=""):
    return f"/casework/cases/{case.pk}/documents/{rest}"


def upload(content, name="Bescheid.pdf"):
    return SimpleUploadedFile(name, content, content_type="application/pdf")


FORM = "multipart/form-data; boundary=x"


def body(content, name="b.pdf") -> bytes:
    """The form as a browser sends it, with the file under any name."""
    return (
        b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\ndecision\r\n'
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nBescheid\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() + b'"\r\n'
        b"Content-Type: application/pdf\r\n\r\n" + content + b"\r\n--x--\r\n"
    )


def put(case, content=PDF, **fields) -> Document:
    given = {"kind": "decision", "title": "Bescheid", "file": io.BytesIO(content), "file_type": uploads.PDF}
    return Document.put(case, by=case.owner, **given | fields)


def on_disk() -> list:
    return [path for path in settings.FILES_DIR.rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, settings):
    settings.FILES_DIR = tmp_path / "files"


class TestAtRest:
    @pytest.mark.parametrize("size", [0, 1, files.PIECE - 1, files.PIECE, files.PIECE + 1, 3 * files.PIECE])
    def test_what_is_kept_is_read_again_and_nobody_else_reads_it(self, size):
        content = os.urandom(size // 2) + b"A" * (size - size // 2)
        kept = files.keep([content[:1000], content[1000:]])
        assert b"".join(files.read(kept.name)) == content
        assert kept.size == size
        lying = files.path_of(kept.name).read_bytes()
        assert b"A" * 40 not in lying
        assert files.path_of(kept.name).stat().st_mode & 0o777 == 0o600

    def test_two_of_the_same_look_different(self):
        one, other = files.keep([b"x" * 100]), files.keep([b"x" * 100])
        assert files.path_of(one.name).read_bytes()[-100:] != files.path_of(other.name).read_bytes()[-100:]

    @pytest.mark.parametrize("harm", ["flip", "cut", "swap", "empty", "rename", "key", "gone"])
    def test_whatever_is_done_to_it_is_noticed(self, harm, settings):
        kept, other = files.keep([os.urandom(3 * files.PIECE)]), files.keep([b"other"])
        path = files.path_of(kept.name)
        lying = bytearray(path.read_bytes())
        begin, piece = len(files.MARK) + files.SALT, files.PIECE + files.TAG
        name = kept.name
        if harm == "flip":
            lying[-1] ^= 1
        elif harm == "cut":
            lying = lying[: begin + 2 * piece]
        elif harm == "swap":
            lying[begin : begin + 2 * piece] = lying[begin + piece : begin + 2 * piece] + lying[begin : begin + piece]
        elif harm == "empty":
            lying = bytearray()
        elif harm == "rename":
            name = other.name
            path = files.path_of(name)
        elif harm == "key":
            settings.FILES_KEY = "another" * 10
        path.write_bytes(lying)
        if harm == "gone":
            path.unlink()
        with pytest.raises(files.FileDamaged):
            files.check(name)

    @pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 31, "A" * 32, "a" * 33, "a" * 30 + "/x"])
    def test_only_names_of_ours_lead_anywhere(self, name):
        with pytest.raises(files.FileDamaged):
            files.check(name)

    def test_what_breaks_off_leaves_nothing(self):
        def breaks():
            yield b"x"
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            files.keep(breaks())
        assert on_disk() == []


class TestByContent:
    @pytest.mark.parametrize("key", GOOD)
    def test_each_type_is_known(self, key):
        assert uploads.type_of(io.BytesIO(GOOD[key])).key == key

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"MZ\x90\x00" + bytes(100), "weder PDF"),
            (b"<html><script>alert(1)</script>", "weder PDF"),
            (b"", "weder PDF"),
            (PDF[:20], "unvollständig"),
            (PNG[:30], "unvollständig"),
            (JPEG[:-2], "unvollständig"),
            (DOCX[: len(DOCX) // 2], "unvollständig"),
            (b"PK\x03\x04" + bytes(200), "unvollständig"),
            (archive({"evil.exe": b"MZ"}), "weder PDF"),
            (archive({"mimetype": uploads.ODT.media_type, "../../outside": "x"}), "ungewöhnlich"),
            (archive({"mimetype": uploads.ODT.media_type, "/etc/passwd": "x"}), "ungewöhnlich"),
            (archive({"mimetype": uploads.ODT.media_type, "C:\\x": "x"}), "ungewöhnlich"),
            (archive({"mimetype": uploads.ODT.media_type, "Basic/script.xml": "x"}), "Makros"),
            (archive({"[Content_Types].xml": WORD, "word/document.xml": "", "word/vbaProject.bin": ""}), "Makros"),
            (archive({"[Content_Types].xml": WORD + " macroEnabled", "word/document.xml": ""}), "Makros"),
        ],
    )
    def test_anything_else_is_refused_in_words(self, content, words):
        with pytest.raises(ValidationError, match=words):
            uploads.type_of(io.BytesIO(content))

    def test_a_bomb_is_not_unpacked(self):
        bomb = archive({"mimetype": uploads.ODT.media_type, "content.xml": bytes(uploads.LARGEST_UNPACKED + 1)})
        listed = archive({"[Content_Types].xml": bytes(50_000_000), "word/document.xml": "x"})
        tracemalloc.start()
        for one in (bomb, listed):
            with pytest.raises(ValidationError):
                uploads.type_of(io.BytesIO(one))
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
        tracemalloc.stop()

    def test_an_archive_of_very_many_files_is_refused_before_its_list_is_read(self):
        many = archive({str(number): b"" for number in range(uploads.MOST_ENTRIES + 1)})
        with pytest.raises(ValidationError, match="ungewöhnlich"):
            uploads.type_of(io.BytesIO(many))

    def test_a_list_that_lies_about_itself_breaks_nothing(self):
        for at in range(4, len(DOCX), 7):
            broken = bytearray(DOCX)
            broken[at] ^= 0xFF
            try:
                uploads.type_of(io.BytesIO(bytes(broken)))
            except ValidationError:
                continue

    def test_compressed_nonsense_is_refused(self):
        content = archive({"mimetype": uploads.ODT.media_type})
        broken = content.replace(zlib.compress(uploads.ODT.media_type.encode(), wbits=-15), b"\xff" * 42)
        with pytest.raises(ValidationError):
            uploads.type_of(io.BytesIO(broken))


class TestUploading:
    @pytest.mark.parametrize("key", GOOD)
    def test_what_comes_in_goes_out_again(self, signed_in, led, key):
        sent = {"kind": "decision", "title": "Bescheid", "file": upload(GOOD[key])}
        assert signed_in.post(url(led, "new/"), sent).status_code == 302
        made = led.documents.get()
        assert made.file_type == key
        answer = signed_in.get(url(led, f"{made.pk}/get/"))
        assert b"".join(answer.streaming_content) == GOOD[key]
        assert answer["Content-Disposition"] == f'attachment; filename="{led.number}-Dokument-{made.pk}.{key}"'
        assert answer["Content-Type"] == uploads.TYPES[key].media_type
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer["Cache-Control"]
        assert [row.act for row in trail.of(made)] == ["document.put", "document.get"]

    @pytest.mark.parametrize(
        "name", ["../../../etc/passwd", "a\x00b.pdf", "\x1b[31m\u202e.pdf", "x" * 400, ".", "C:\\x"]
    )
    def test_what_the_browser_calls_it_does_not_matter(self, signed_in, led, name):
        answer = signed_in.generic("POST", url(led, "new/"), body(PDF, name), content_type=FORM)
        assert answer.status_code in (302, 400, 422)
        assert led.documents.count() == (answer.status_code == 302)
        assert all(len(path.name) == 32 and path.parent.parent == settings.FILES_DIR for path in on_disk())

    @pytest.mark.parametrize(
        ("content", "words"), [(b"MZ" + bytes(50), "weder PDF"), (b"", "leer"), (None, "wählen Sie eine Datei")]
    )
    def test_what_is_refused_leaves_nothing(self, signed_in, led, content, words):
        sent = {"kind": "decision", "title": "Bescheid"} | ({} if content is None else {"file": upload(content)})
        answer = signed_in.post(url(led, "new/"), sent)
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert not led.documents.exists()
        assert on_disk() == []

    def test_a_little_too_large_is_said_at_the_field(self, signed_in, led, settings):
        settings.KIM_FILE_MAX = 1000
        sent = {"kind": "decision", "title": "Bescheid", "file": upload(PDF + bytes(2000))}
        answer = signed_in.post(url(led, "new/"), sent)
        assert answer.status_code == 422
        assert "zu groß" in answer.content.decode()

    def test_far_too_large_is_refused_unread_whoever_asks(self, client, led):
        class Endless(io.RawIOBase):
            taken = 0

            def read(self, size=-1):
                Endless.taken += size
                return b"x" * size

        for user in (None, led.owner):
            if user:
                client.force_login(user)
            answer = client.generic(
                "POST", url(led, "new/"), b"", content_type=FORM,
                **{"CONTENT_LENGTH": str(1024**3), "wsgi.input": Endless()},
            )  # fmt: skip
            assert answer.status_code == 413
            assert "zu groß" in answer.content.decode()
        assert Endless.taken == 0

    def test_memory_stays_flat_while_a_file_comes_in(self, signed_in, led):
        content = b"%PDF-1.7\n" + bytes(9 * 1024 * 1024) + b"\n%%EOF\n"
        sent = body(content)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        answer = signed_in.generic("POST", url(led, "new/"), sent, content_type=FORM)
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        assert answer.status_code == 302
        assert led.documents.get().size == len(content)
        assert peak < len(content) + 3_000_000  # the test's own copy of the body, and little more

    def test_nothing_lies_about_in_clear_meanwhile(self):
        taken = uploads.SealedTemporary()
        taken.write(b"Geheim " * 100)
        taken.seek(7)
        assert taken.read(6) == b"Geheim"
        taken._file.seek(0)
        assert b"Geheim" not in taken._file.read()
        taken.close()

    def test_when_the_row_fails_the_file_goes(self, led, monkeypatch):
        monkeypatch.setattr(trail, "record", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            put(led)
        assert on_disk() == []


class TestReading:
    def test_a_damaged_one_is_told_in_words(self, signed_in, led):
        made = put(led)
        files.remove(made.stored_as)
        answer = signed_in.get(url(led, f"{made.pk}/get/"), follow=True)
        assert "lässt sich nicht lesen" in answer.content.decode()

    def test_that_of_another_case_is_not_there(self, signed_in, led):
        other = put(case_at(State.ADMITTED))
        for rest in (f"{other.pk}/get/", f"{other.pk}/remove/"):
            assert signed_in.get(url(led, rest)).status_code == 404
            assert signed_in.get(url(other.case, rest)).status_code == 404

    def test_the_list_is_found_paged_and_asks_the_same_however_long(self, signed_in, led):
        def asked():
            with CaptureQueriesContext(connection) as found:
                shown = signed_in.get(url(led), {"kind": "decision"}).content.decode()
            return len(found), shown

        put(led)
        put(led, title="Führerschein", kind="certificate")
        asked()
        few, shown = asked()
        assert "1 Dokument" in shown
        assert "Führerschein" not in shown
        for number in range(60):
            put(led, title=f"Bescheid {number}")
        many, shown = asked()
        assert many == few <= 12
        assert "61 Dokumente" in shown
        assert "Nächste" in shown
        assert "1 Dokument<" in signed_in.get(url(led), {"kind": "certificate"}).content.decode()
        assert "Nichts gefunden" in signed_in.get(url(led), {"kind": "plan"}).content.decode()


class TestDeleting:
    @pytest.mark.django_db(transaction=True)
    def test_the_file_goes_after_the_row_and_never_before(self, led):
        made = put(led)
        with transaction.atomic():
            made.remove(by=led.owner)
            assert len(on_disk()) == 1
            transaction.set_rollback(True)
        assert len(on_disk()) == 1
        led.documents.get().remove(by=led.owner)
        assert on_disk() == []

    @pytest.mark.django_db(transaction=True)
    def test_it_goes_however_the_row_goes(self, led):
        put(led)
        Document.objects.filter(case=led).delete()
        assert on_disk() == []

    def test_the_page_asks_first(self, signed_in, led, django_capture_on_commit_callbacks):
        made = put(led)
        assert "rückgängig" in signed_in.get(url(led, f"{made.pk}/remove/")).content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            assert signed_in.post(url(led, f"{made.pk}/remove/")).status_code == 302
        assert not led.documents.exists()
        assert on_disk() == []

    def test_the_night_takes_what_nobody_knows_and_nothing_else(self, led):
        known, fresh, old = put(led), files.keep([b"a"]), files.keep([b"b"])
        half = files.path_of(old.name).with_suffix(".part")
        half.write_bytes(b"half")
        yesterday = time.time() - dt.timedelta(days=1, minutes=1).total_seconds()
        for path in (files.path_of(known.stored_as), files.path_of(old.name), half):
            os.utime(path, (yesterday, yesterday))
        assert sweep_files() == 2
        assert {path.name for path in on_disk()} == {known.stored_as, fresh.name}
        nightly()
        assert JobRun.objects.get(job="files").result == "gelöscht: 0 Dateien"
