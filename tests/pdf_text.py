"""The text of a PDF as a screen reader finds it: enough of the format (ISO 32000-1, 9.10) for what typst writes."""

import re
import zlib

_OBJECT = re.compile(rb"(?<!\d)(\d+) 0 obj\s*(.*?)\s*endobj", re.DOTALL)
_STREAM = re.compile(rb"(<<.*?>>)\s*stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(
    rb"/(?P<font>f\d+) [\d.]+ Tf|(?P<reversed>/ReversedChars)|(?P<end>\bET\b|\bEMC\b)"
    rb"|\((?P<text>(?:\\.|[^\\()]|\((?:\\.|[^\\()])*\))*)\)|(?<!<)<(?P<hex>[0-9A-Fa-f]+)>",
    re.DOTALL,
)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(pdf: bytes) -> str:
    """All words, page by page. Words that run from right to left are spelled as they are read, in the order seen."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    pages = [body for body in objects.values() if re.search(rb"/Type\s*/Page\b", body)]
    return " ".join(" ".join(_page(body, objects) for body in pages).split())


def _page(page, objects) -> str:
    named = re.search(rb"/Resources (\d+) 0 R", page)
    resources = objects[int(named[1])] if named else page
    fonts = {
        name: _letters(objects[int(number)], objects) for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", resources)
    }
    content = _stream(objects[int(re.search(rb"/Contents (\d+) 0 R", page)[1])])
    found, font, backwards = [], {}, False
    for part in _SHOWN.finditer(content):
        if part["font"]:
            font = fonts[part["font"]]
        elif part["reversed"]:
            backwards = True
        elif part["end"]:
            backwards = False
            found.append(" " if part["end"] == b"ET" else "")
        else:
            glyphs = bytes.fromhex(part["hex"].decode()) if part["hex"] else _unescaped(part["text"])
            letters = [font.get(glyphs[at : at + 2], "") for at in range(0, len(glyphs), 2)]
            found.append("".join(reversed(letters) if backwards else letters))
    return "".join(found)


def _letters(font, objects) -> dict[bytes, str]:
    cmap = _stream(objects[int(re.search(rb"/ToUnicode (\d+) 0 R", font)[1])])
    pairs = re.findall(rb"^<([0-9A-F]+)> <([0-9A-F]+)>$", cmap, re.MULTILINE)
    return {bytes.fromhex(glyph.decode()): bytes.fromhex(sign.decode()).decode("utf-16-be") for glyph, sign in pairs}


def _stream(body: bytes) -> bytes:
    head, data = _STREAM.search(body).groups()
    return zlib.decompress(data) if b"FlateDecode" in head else data


def _unescaped(text: bytes) -> bytes:
    def plain(found):
        sign = found[1]
        return bytes([int(sign, 8)]) if sign.isdigit() else _ESCAPED.get(sign, sign)

    return re.sub(rb"\\([0-7]{1,3}|.)", plain, text, flags=re.DOTALL)
