"""What a status report is filled with: what the software knows (reports.status), and what differs from the one before.

Two kinds of difference are kept apart. What has changed since: the county then and now, both as it is known now. What
was corrected: the county then, as the report before told it and as it is known now.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any

from reports import status
from reports.blocks import Block, table, words
from reports.difference import Difference, by_section, differences

if TYPE_CHECKING:
    from reports.models import StatusReport

PREFACE = {"key": "preface", "title": "Vorbemerkungen", "blocks": []}


def gathered(
    valid_on: dt.date, known_at: dt.datetime, meeting_on: dt.date | None, previous: "StatusReport | None"
) -> dict[str, Any]:
    """As reports.status collects it, with a preface to be written and the section of differences. Plain JSON.

    `differences` holds the same as rows: `since` and `corrected`, beside number and Stand of the report before.
    """
    found = status.collect(valid_on, known_at, meeting_on)
    told = told_otherwise(found, known_at, previous)
    return found | {"sections": [PREFACE, *found["sections"], _section(told)], "differences": told}


def told_otherwise(found: dict[str, Any], known_at: dt.datetime, previous: "StatusReport | None") -> dict[str, Any]:
    """What `found`, collected at `known_at`, says otherwise than `previous`; nothing without one."""
    if previous is None:
        return {"number": "", "valid_on": "", "since": [], "corrected": []}
    then = again(previous, known_at)
    return {
        "number": previous.number,
        "valid_on": previous.valid_on.isoformat(),
        "since": [one.kept() for one in differences(then, found)],
        "corrected": [one.kept() for one in differences(previous.data, then)],
    }


def again(report: "StatusReport", known_at: dt.datetime) -> dict[str, Any]:
    """What `report` was collected for, collected anew with the knowledge of `known_at`."""
    return status.collect(report.valid_on, known_at, report.meeting_on)


def read(told: list[dict[str, str]]) -> list[Difference]:
    return [Difference(**one) for one in told]


def _section(told: dict[str, Any]) -> dict[str, Any]:
    """What differs, as blocks to be read in the report itself."""
    title = "Änderungen gegenüber dem vorigen Bericht"
    if not told["number"]:
        text = "Dies ist der erste mit KIM geschriebene Bericht; es gibt keinen, mit dem er zu vergleichen wäre."
        return {"key": "changes", "title": title, "blocks": [words("none", text)]}
    day = dt.date.fromisoformat(told["valid_on"])
    blocks = [words("against", f"Verglichen mit dem Bericht {told['number']}, Stand {day:%d.%m.%Y}.")]
    since, corrected = read(told["since"]), read(told["corrected"])
    blocks += _tables("since", "Seither geändert", since)
    if not since:
        blocks.append(words("since", f"Seit dem {day:%d.%m.%Y} hat sich nichts geändert."))
    blocks += _tables("corrected", f"Erst nach dem {day:%d.%m.%Y} über diesen Tag bekannt", corrected)
    return {"key": "changes", "title": title, "blocks": blocks}


def _tables(key: str, title: str, found: list[Difference]) -> list[Block]:
    """One table for each section in which something differs."""
    columns = ("Was", "vorher", "jetzt")
    return [
        table(
            f"{key}-{rows[0].section}", f"{title}: {section}", columns,
            [(str(no), (one.what or section, one.before or "–", one.after or "–")) for no, one in enumerate(rows)],
        )
        for section, rows in by_section(found)
    ]  # fmt: skip
