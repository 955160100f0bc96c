"""What clients are handed on paper: the plan, the consent form and the information sheet, as tagged PDF (PDF/UA).

Typst sets them from `templates/print/`; the wording of the forms lies in `data/forms/<kind>/<version>/<language>.yaml`,
each version a draft until the county's data protection officer approves it. Nothing here reads the database.
"""

import datetime as dt
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from kim.printing import document

#: Language of a form → what it is called in German, and by those who speak it.
LANGUAGES = {
    "de": ("Deutsch", "Deutsch"),
    "en": ("Englisch", "English"),
    "fr": ("Französisch", "Français"),
    "ar": ("Arabisch", "العربية"),
    "uk": ("Ukrainisch", "Українська"),
    "ru": ("Russisch", "Русский"),
    "tr": ("Türkisch", "Türkçe"),
    "fa": ("Persisch", "فارسی"),
}
RIGHT_TO_LEFT = ("ar", "fa")
KINDS = {"consent": "Einwilligung", "information": "Informationsblatt"}
#: The purpose with a line for the papers it lets go.
OF_PAPERS = "MODUL3"
#: Purposes that are always for somebody: the form leaves a line for the name.
NAMED = ("AUSTAUSCH", "VERWEIS", "KONFERENZ", "MODUL3", "WECHSEL")
#: Who watches over data protection here; kept together and from left to right in every script (U+2066, U+2069).
AUTHORITY = "\u2066{}\u2069".format("LDI NRW, Kavalleriestraße 2–4, 40213 Düsseldorf".replace(" ", "\u00a0"))

_FORMS = Path(settings.BASE_DIR, "data", "forms")


class NoSuchForm(LookupError):
    """There is no form of this kind, language or version."""


@dataclass(frozen=True)
class Person:
    """What is filled in; empty strings leave a line to write on."""

    name: str = ""
    birth: str = ""
    number: str = ""
    controller: str = ""
    contact: str = ""
    papers: str = ""  # what an authority may get, as a consent in force names it


@dataclass(frozen=True)
class Plan:
    """A help plan to print. `goals` are those of casework.models.plan.as_agreed, with days as dates."""

    county: str
    person: Person
    case_manager: str
    standing: str  # „Fassung 2, vereinbart am 03.02.2026“, or that it is a draft
    goals: list[dict]


def versions(kind: str) -> list[str]:
    """The versions of a form, latest first; raises NoSuchForm."""
    if kind not in KINDS:
        raise NoSuchForm(kind)
    return sorted((path.name for path in (_FORMS / kind).iterdir() if path.is_dir()), reverse=True)


@cache
def texts(kind: str, language: str, version: str) -> dict[str, Any]:
    """The wording of a form; raises NoSuchForm."""
    if language not in LANGUAGES or version not in versions(kind):
        raise NoSuchForm(f"{kind} {language} {version}")
    return yaml.safe_load((_FORMS / kind / version / f"{language}.yaml").read_text(encoding="utf-8"))


def form(
    kind: str,
    language: str,
    *,
    person: Person | None = None,
    county: str = "",
    months: int = 6,
    years: int = 3,
    version: str = "",
) -> bytes:
    """A form in its latest (or the given) version as PDF; blank without a `person`. Raises NoSuchForm.

    `months` a request and `years` a case are kept for, as the information sheet says.
    """
    return document(kind, _form_data(kind, language, person or Person(), county, months, years, version))


def plan(paper: Plan) -> bytes:
    """A help plan as PDF, to sign."""
    return document("plan", _plan_data(paper))


def _form_data(kind, language, person, county, months, years, version) -> dict[str, Any]:
    version = version or versions(kind)[0]
    words, german = texts(kind, language, version), texts(kind, "de", version)
    data = words | {
        "lang": language,
        "german": {"title": german["title"], "draft": german["draft"]},
        "person": asdict(person),
        "footer": " · ".join(part for part in (county, KINDS[kind], f"Fassung {version}", person.number) if part),
    }
    if kind == "consent":
        data["papers"] = words.get("papers", "")  # versions before 2026-11 have no line for them
        data["purposes"] = [
            {"text": text, "german": german["purposes"][code], "named": code in NAMED, "papers": code == OF_PAPERS}
            for code, text in words["purposes"].items()
        ]
    else:
        filled = {"months": _figure(months, language), "years": _figure(years, language), "authority": AUTHORITY}
        data["sections"] = [one | {"text": one["text"].format(**filled)} for one in words["sections"]]
    return data


def _plan_data(paper: Plan) -> dict[str, Any]:
    return {
        "lang": "de",
        "title": f"Hilfeplan {paper.person.number}".strip(),
        "footer": f"{paper.county} · Hilfeplan · {paper.person.number} · {paper.standing}",
        "county": paper.county,
        "person": asdict(paper.person),
        "case_manager": paper.case_manager,
        "standing": paper.standing,
        "goals": [
            goal
            | {"until": _day(goal["until"])}
            | {"measures": [one | {"until": _day(one["until"])} for one in goal["measures"]]}
            for goal in paper.goals
        ],
    }


def _figure(number: int, language: str) -> str:
    return str(number).translate(_PERSIAN) if language == "fa" else str(number)


_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def _day(day: dt.date | None) -> str:
    return f"{day:%d.%m.%Y}" if day else "–"
