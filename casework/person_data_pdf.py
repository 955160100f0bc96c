"""One person's data as a tagged PDF. What is told goes in as data, never as markup."""

import datetime as dt
import json
from typing import Any

from casework.person_data import Part
from casework.printing import document


def as_pdf(parts: list[Part], head: dict[str, str], lead: list[str]) -> bytes:
    """PDF/UA-1, tagged, in German."""
    data = {
        "lang": "de",
        "footer": head["titel"],
        "title": head["titel"],
        "author": head["verantwortlich"],
        "lead": lead,
        "parts": [
            {"name": _capital(part.name), "entries": _cells(part), "why": _why(part)} for part in parts if part.entries
        ],
        "empty": ", ".join(part.name for part in parts if not part.entries) or "–",
    }
    return document("person_data", data)


def _cells(part: Part) -> list[list[list[str]]]:
    return [[[_capital(field.label), _shown(entry[field.name])] for field in part.fields] for entry in part.entries]


def _why(part: Part) -> list[str]:
    """For what and how long, once per answer: the fields that share it are named with it."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for field in part.fields:
        key = (field.row.purpose, str(field.row.category.label), str(field.row.kept.label))
        found.setdefault(key, []).append(field.label)
    return [f"{', '.join(labels)} – Zweck: {why}; {category}; aufbewahrt {kept}." for (why, category, kept), labels in
            found.items()]  # fmt: skip


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shown(value: Any) -> str:
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, indent=1)
    if isinstance(value, str):
        try:
            if len(value) == 10:
                return f"{dt.date.fromisoformat(value):%d.%m.%Y}"
            if len(value) > 18 and value[10] == "T":
                return f"{dt.datetime.fromisoformat(value):%d.%m.%Y %H:%M}"
        except ValueError:
            return value
    return str(value)
