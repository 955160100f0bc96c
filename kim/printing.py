"""Paper: sheets set by Typst from `templates/print/`, as tagged PDF (PDF/UA). Nothing here reads the database."""

import json
import struct
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyascii import anyascii
from django.conf import settings

if TYPE_CHECKING:
    import typst  # else where it is used: few processes ever set a page, and all would carry the library

_SHEETS = Path(settings.BASE_DIR, "templates", "print")
_FONTS = Path(settings.BASE_DIR, "data", "fonts")


def document(sheet: str, data: dict[str, Any]) -> bytes:
    """`templates/print/<sheet>.typ` filled with `data` (what base.typ asks for, and the sheet): PDF/UA-1, tagged."""
    made = _compiler(sheet, data).compile(format="pdf", pdf_standards=["ua-1"])
    if not isinstance(made, bytes):
        raise TypeError("typst answered several documents")
    return made


def _compiler(sheet: str, data: dict[str, Any]) -> "typst.Compiler":
    import typst

    source = b"".join((_SHEETS / f"{name}.typ").read_bytes() for name in ("base", sheet))
    return typst.Compiler(
        source,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(_in_our_letters(data), ensure_ascii=False)},
    )


@cache
def _fonts() -> "typst.Fonts":
    """Ours alone: a document looks the same on every machine."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_FONTS])


def _in_our_letters(value: Any) -> Any:
    """Texts with every letter our fonts lack written in Latin ones: PDF/UA allows no empty boxes."""
    if isinstance(value, dict):
        return {key: _in_our_letters(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_in_our_letters(one) for one in value]
    if not isinstance(value, str):
        return value
    known = _letters()
    return "".join(
        sign
        if sign in SILENT or (ord(sign) in known and sign.isprintable())
        else "".join(one for one in anyascii(sign) if ord(one) in known and one.isprintable())
        for sign in value
    )


#: Signs without a picture of their own: ends of lines, joiners, and marks of direction.
SILENT = "\n \u200c\u200d\u2066\u2069"


@cache
def _letters() -> frozenset[int]:
    """The characters that both the regular and the bold font can draw."""
    found = [_characters_of(path.read_bytes()) for path in sorted(_FONTS.glob("*.ttf"))]
    return frozenset(found[0].intersection(*found[1:]))


def _characters_of(font: bytes) -> set[int]:
    """Read from the table „cmap“, in its formats 4 and 12 (OpenType specification, chapter cmap)."""
    tables = struct.unpack_from(">H", font, 4)[0]
    records = (struct.unpack_from(">4sIII", font, 12 + 16 * number) for number in range(tables))
    begin = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    found: set[int] = set()
    for number in range(struct.unpack_from(">H", font, begin + 2)[0]):
        at = begin + struct.unpack_from(">HHI", font, begin + 4 + 8 * number)[2]
        kind = struct.unpack_from(">H", font, at)[0]
        if kind == 4:
            segments = struct.unpack_from(">H", font, at + 6)[0] // 2
            lasts = struct.unpack_from(f">{segments}H", font, at + 14)
            firsts = struct.unpack_from(f">{segments}H", font, at + 16 + 2 * segments)
            for first, last in zip(firsts, lasts, strict=True):
                found.update(range(first, last + 1))
        elif kind == 12:
            groups = struct.unpack_from(">I", font, at + 12)[0]
            for group in range(groups):
                first, last, _ = struct.unpack_from(">III", font, at + 16 + 12 * group)
                found.update(range(first, last + 1))
    return found - {0xFFFF}
