"""What the software fills into a status report: sections of blocks (reports.blocks) as plain JSON.

Two days stand apart. `valid_on` is the day the report speaks of; `known_at` the moment whose knowledge counts:

* facts about posts, occupancies, grants, rates, costs and tasks: rows believed at that moment (kim.dated.known_on);
* steps of issues: by the moment they were taken; their texts as they are now, so that a report is frozen when drawn up;
* meetings, kick-off events, agreements, rules of procedure: from the moment the trail says they were entered; what came
  with the county file has no such row and is known from its own day;
* resolutions: from the moment they were recorded; those of the county file from their own day;
* papers of the committee and what they say: from the day of their meeting;
* published figures: those that had been published by then.

A third day, `meeting_on`, only says for which meeting the report is made.
"""

import datetime as dt
from typing import Any, NamedTuple


class Section(NamedTuple):
    key: str
    title: str


SECTIONS = (
    Section("overhead", "Modul 1: Strategische Koordinierung"),
    Section("steering_group", "Lenkungsgruppe"),
    Section("case_management", "Modul 2: Case Management"),
    Section("authority", "Modul 3: Ausländer- und Einbürgerungsbehörden"),
    Section("cooperation", "Zusammenarbeit mit den Kommunen"),
    Section("issues", "Knackpunkte und was erreicht wurde"),
    Section("money", "Fördermittel"),
    Section("figures", "Zahlen der Fallarbeit"),
)


def collect(
    valid_on: dt.date, known_at: dt.datetime, meeting_on: dt.date | None = None, *, since: dt.date | None = None
) -> dict[str, Any]:
    """Everything a report holds before somebody writes in it.

    `since`: the day of the committee's meeting before, from which changes are told; where it is not given, the last
    one KIM knows of before `valid_on` (reports.models.EarlierPaper, released reports). Days are ISO texts:
    {"county", "committee", "valid_on", "known_at", "meeting_on", "since", "sections": [{"key", "title", "blocks"}]}.
    """
    raise NotImplementedError
