"""Loading the check lists of Modul 3 from data/checklists.yaml. A second time changes nothing.

What a version of a list asks for stays: wording may be corrected and items added, but none is taken from a procedure.
"""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from casework.models import Checklist, ChecklistItem
from kim import trail
from kim.models import County, User

FILE = settings.BASE_DIR / "data" / "checklists.yaml"
FIELDS = {"kind", "version", "valid_from", "last_day", "source", "source_on", "note", "items"}
OF_AN_ITEM = {"text", "proof", "hint"}


class ChecklistFileError(Exception):
    """The file cannot be loaded as it is. The message is meant for the user."""


@transaction.atomic
def load_checklists(path: str | Path | None = None, by: User | None = None) -> Counter[str]:
    """Bring the check lists to what the file says; answers what was new, changed and unchanged („neu“ …)."""
    found: Counter[str] = Counter()
    told = sorted(_read(path or FILE), key=lambda row: (row["kind"], row["version"]))
    for row, after in zip(told, [*told[1:], None], strict=True):
        following = after if after and after["kind"] == row["kind"] else None
        _bring(row, following, found)
    if found["neu"] or found["geändert"]:
        trail.record(
            "checklists.load", County.current(), by=by, note=f"{found['neu']} neu, {found['geändert']} geändert"
        )
    return found


def _read(path) -> list[dict[str, Any]]:
    try:
        told = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["checklists"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ChecklistFileError(f"Die Prüflisten lassen sich nicht lesen ({type(error).__name__}).") from None
    for row in told:
        where = f"Prüfliste {row.get('kind')} Fassung {row.get('version')}"
        if unknown := set(row) - FIELDS:
            raise ChecklistFileError(f"{where}: unbekannt ist {', '.join(sorted(unknown))}.")
        if missing := {"kind", "version", "valid_from", "source", "items"} - set(row):
            raise ChecklistFileError(f"{where}: es fehlt {', '.join(sorted(missing))}.")
        for item in row["items"]:
            if "text" not in item or set(item) - OF_AN_ITEM:
                raise ChecklistFileError(f"{where}: ein Punkt hat text und dazu höchstens proof und hint.")
    return told


def _bring(row, following, found) -> None:
    until = row["last_day"] + dt.timedelta(days=1) if row.get("last_day") else None
    if until is None and following:
        until = following["valid_from"]
    given = {name: row.get(name, "") for name in ("source", "note")}
    given |= {"valid_from": row["valid_from"], "valid_until": until, "source_on": row.get("source_on")}
    checklist = _put(Checklist, {"kind": row["kind"], "version": row["version"]}, given, found)
    for position, item in enumerate(row["items"], start=1):
        told = {name: item.get(name, "") for name in sorted(OF_AN_ITEM)}
        _put(ChecklistItem, {"checklist": checklist, "position": position}, told, found)
    if checklist.items.filter(position__gt=len(row["items"])).exists():
        raise ChecklistFileError(f"{checklist}: Punkte fallen nicht weg. Bitte legen Sie eine neue Fassung an.")


def _put(model, key, given, found):
    row = model.objects.filter(**key).first()
    if row and all(getattr(row, name) == value for name, value in given.items()):
        found["unverändert"] += 1
        return row
    found["geändert" if row else "neu"] += 1
    row = row or model(**key)
    for name, value in given.items():
        setattr(row, name, value)
    try:
        row.full_clean(validate_unique=False)
    except ValidationError as error:
        raise ChecklistFileError(f"{row}: {' '.join(error.messages)}") from None
    row.save()
    return row
