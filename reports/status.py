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
from collections import defaultdict
from typing import Any, NamedTuple

from funding.staffing import end_of
from kim import workdays
from kim.models import County
from reports import report_figures, report_issues, report_money, report_posts, report_steering
from reports.blocks import Block, listed
from reports.models import EarlierPaper, StatusReport
from reports.moment import Moment


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


def collect(valid_on: dt.date, known_at: dt.datetime, meeting_on: dt.date | None = None) -> dict[str, Any]:
    """Everything a report holds before somebody writes in it; some fifty queries, however much there is.

    Changes are told since the last report or paper KIM knows of for a day before `valid_on`. Where `meeting_on` is not
    given, that of an earlier paper for this very day. Days are ISO texts: {"county", "county_key", "committee",
    "valid_on", "known_at", "meeting_on", "since", "since_words", "sections": [{"key", "title", "blocks"}]}.
    """
    committee, before = _before(valid_on, known_at)
    moment = Moment(valid_on, known_at, before)
    posts = report_posts.read(moment)
    trail = report_steering.trail_of()
    blocks = {
        "overhead": report_posts.overhead(posts),
        "steering_group": report_steering.steering_group(moment, trail),
        "case_management": report_posts.case_management(posts, report_posts.read(before) if before else None),
        "authority": report_posts.authority(posts),
        "cooperation": report_steering.cooperation(moment, trail),
        "issues": report_issues.issues(moment),
        "money": report_money.money(moment),
        "figures": report_figures.figures(moment),
    }
    said = _statements(moment)
    paper = EarlierPaper.objects.filter(meeting_on=valid_on).order_by("pk").first()
    meeting_on = meeting_on or (paper.meeting_on if paper else None)
    county = County.current()
    return {
        "county": county.name,
        "county_key": county.key,
        "committee": paper.committee if paper else committee,
        "valid_on": valid_on.isoformat(),
        "known_at": known_at.astimezone(workdays.BERLIN).isoformat(),
        "meeting_on": meeting_on.isoformat() if meeting_on else None,
        "since": moment.since.isoformat() if moment.since else None,
        "since_words": moment.since_words,
        "sections": [
            {"key": one.key, "title": one.title, "blocks": [*blocks[one.key], *said.get(one.key, [])]}
            for one in SECTIONS
        ],
    }


def _before(day: dt.date, known_at: dt.datetime) -> tuple[str, Moment | None]:
    """(committee, day and knowledge of what it was told last before `day`): a released report, or an earlier paper."""
    reports = StatusReport.objects.filter(released_at__lte=known_at, valid_on__lt=day).order_by("-valid_on", "-pk")
    found = [
        (committee, Moment(valid_on, known, meeting_on=meeting_on))
        for committee, valid_on, known, meeting_on in reports.values_list(
            "committee", "valid_on", "known_at", "meeting_on"
        )[:1]
    ]
    papers = EarlierPaper.objects.filter(meeting_on__lt=day).order_by("-meeting_on", "-pk")
    found += [
        (committee, Moment(met, min(end_of(met), known_at), meeting_on=met))
        for committee, met in papers.values_list("committee", "meeting_on")[:1]
    ]
    return max(found, key=lambda row: row[1].valid_on, default=("", None))


def _statements(moment: Moment) -> dict[str, list[Block]]:
    """What papers said since the meeting before and no row holds, by section; known from the day of their meeting."""
    found: dict[str, list[str]] = defaultdict(list)
    papers = EarlierPaper.objects.filter(meeting_on__lte=min(moment.valid_on, moment.known_on))
    for paper in papers.order_by("meeting_on", "pk"):
        if moment.is_new(paper.meeting_on):
            for one in paper.statements:
                found[one["section"]].append(f"{one['words']} ({paper.document})")
    return {key: [listed("papers", "Nach den Unterlagen", items)] for key, items in found.items()}
