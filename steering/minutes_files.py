"""Minutes as files: tagged PDF (PDF/UA) set from templates/print/minutes.typ, DOCX filled into minutes.docx beside it.

Both are made from what Minutes.read_by answers. Texts are put in as text: neither template language ever reads them.
The DOCX is drawn by script/minutes-template.
"""

import io
from pathlib import Path
from typing import Any

from django.conf import settings

from kim.printing import document

SHEET = Path(settings.BASE_DIR, "templates", "print", "minutes.docx")
DRAFT = "Entwurf – noch nicht versandt; was hier steht, kann sich noch ändern."


def pdf(content: dict[str, Any], *, standing: str, draft: bool, county: str) -> bytes:
    return document("minutes", _data(content, standing, draft, county))


def docx(content: dict[str, Any], *, standing: str, draft: bool, county: str) -> bytes:
    import docxtpl  # here: few processes ever write one, and all would carry the library

    sheet = docxtpl.DocxTemplate(SHEET)
    sheet.render(_data(content, standing, draft, county), autoescape=True)
    about = sheet.docx.core_properties
    about.title, about.author, about.comments = content["title"], county, ""
    file = io.BytesIO()
    sheet.save(file)
    return file.getvalue()


def _data(content: dict[str, Any], standing: str, draft: bool, county: str) -> dict[str, Any]:
    return {
        **content,
        "items": [item | {"heading": heading_of(item), "counted": counted(item)} for item in content["items"]],
        "lang": "de",
        "author": county,
        "county": county,
        "standing": standing,
        "draft": DRAFT if draft else "",
        "footer": f"{county} · {content['title']} · {standing}",
    }


def heading_of(item: dict[str, Any]) -> str:
    """„TOP 3: Fiktionsbescheinigung reicht nicht“, or what became of an item that was not dealt with."""
    return f"TOP {item['no']}: {item['subject']}" if item["no"] else f"{item['subject']} ({item['standing']})"


def counted(item: dict[str, Any]) -> str:
    """Verdict and vote in one line: „zugewiesen, im Konsens“."""
    return ", ".join(part for part in (item["verdict"], item["count"]) if part)
