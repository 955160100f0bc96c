"""When what happens in the demo: stories with days told relative to today become one list of acts in order of time.

Pure: knows the calendar and the format of data/demo-issues.yaml, not the database.
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import yaml

from kim import workdays
from steering.escalation import ESCALATION, State

#: The steering group meets on the second Tuesday of these months, as it did on 8 February 2022.
MEETING_MONTHS = (2, 5, 9, 11)
FIRST_MEETING = dt.date(2022, 5, 1)
MEETING_TIME = dt.time(14)
MEETINGS_AHEAD = 6
#: The "last meeting" of a story lies at least so many working days back, so that something can follow it.
SETTLED = 4

#: Acts that are no steps, and how they leave the state: as it is.
OTHER_ACTS = ("draft", "note", "say", "interim", "measure", "measure_done", "pause", "resume", "join")
NEEDS_MEETING = {("table", State.STRATEGY), ("propose", State.PROJECT), ("hand_back", State.PROJECT)}
WHEN = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)|-(?P<ago>\d+)|\+(?P<after>\d+)|L(?P<last>\d)-(?P<before>\d+)|(?P<meeting>M))"
)


@dataclass(frozen=True)
class Act:
    """Something that happens to the issue of `story`. `state` is where the issue is before it."""

    moment: dt.datetime
    story: str
    name: str
    state: State
    given: dict[str, Any]


class BadStory(Exception):
    """A story that cannot happen like this: its days are out of order or there is no such step."""


def stories(path: Path) -> dict[str, dict[str, Any]]:
    return {story["id"]: story for story in yaml.safe_load(path.read_text(encoding="utf-8"))}


def meeting_days(today: dt.date, rules: workdays.Rules = workdays.BY_LAW) -> list[dt.date]:
    """The days on which the steering group meets, from May 2022 to six meetings ahead of today."""
    days: list[dt.date] = []
    year = FIRST_MEETING.year
    while sum(day > today for day in days) < MEETINGS_AHEAD:
        for month in MEETING_MONTHS:
            first = dt.date(year, month, 1)
            tuesday = first + dt.timedelta(days=(1 - first.weekday()) % 7 + 7)
            if tuesday >= FIRST_MEETING:
                days.append(workdays.next_workday(tuesday, rules))
        year += 1
    return days


def plan(told: Iterable[dict[str, Any]], today: dt.date, rules: workdays.Rules = workdays.BY_LAW) -> list[Act]:
    """Every act of every story, in order of time and all before today; raises BadStory."""
    planner = _Planner(today, rules)
    acts = [act for story in told for act in planner.way(story)]
    return sorted(acts, key=lambda act: act.moment)


class _Planner:
    def __init__(self, today: dt.date, rules: workdays.Rules):
        self.today, self.rules = today, rules
        self.meetings = meeting_days(today, rules)
        settled = workdays.add_workdays(today, -SETTLED, rules)
        self.past = [day for day in self.meetings if day <= settled][::-1]

    def way(self, story: dict[str, Any]) -> Iterable[Act]:
        name, state, meeting = story["id"], State.DRAFT, None
        moment: dt.datetime | None = None
        for number, entry in enumerate(story["way"]):
            words, given = next(iter(entry.items())) if isinstance(entry, dict) else (entry, {})
            when, act = words.split()
            day = self._day(name, when, moment, meeting)
            if day >= self.today or (moment and day < moment.date()):
                raise BadStory(f"{name}: „{words}“ fällt auf {day}")
            moment = self._moment(f"{name}/{number}", day, moment, in_meeting=when == "M")
            given = dict(given)
            if (act, state) in NEEDS_MEETING:
                meeting = given["meeting"] = next(one for one in self.meetings if one > day)
            yield from self._acts(Act(moment, name, act, state, given))
            state = self._after(name, act, state)

    def _day(self, name: str, when: str, previous: dt.datetime | None, meeting: dt.date | None) -> dt.date:
        found = WHEN.fullmatch(when)
        if found is None:
            raise BadStory(f"{name}: „{when}“ ist keine Zeitangabe")
        if found["date"]:
            return workdays.next_workday(dt.date.fromisoformat(found["date"]), self.rules)
        if found["ago"]:
            return workdays.add_workdays(self.today, -int(found["ago"]), self.rules)
        if found["last"]:
            return workdays.add_workdays(self.past[int(found["last"]) - 1], -int(found["before"]), self.rules)
        if found["meeting"] and meeting:
            return meeting
        if found["after"] and previous:
            return workdays.add_workdays(previous.date(), int(found["after"]), self.rules)
        raise BadStory(f"{name}: „{when}“ braucht einen Schritt davor")

    def _moment(self, seed: str, day: dt.date, previous: dt.datetime | None, in_meeting: bool) -> dt.datetime:
        """Office hours, scattered but the same at every run; in a meeting, in its first two hours."""
        chance = crc32(seed.encode())
        begin, minutes = (MEETING_TIME, 110) if in_meeting else (dt.time(8, 10), 440)
        moment = dt.datetime.combine(day, begin, workdays.BERLIN) + dt.timedelta(minutes=5 + chance % minutes)
        if previous and moment <= previous and day == previous.date():
            moment = previous + dt.timedelta(minutes=7)
        return moment

    def _acts(self, act: Act) -> Iterable[Act]:
        """The act itself; a measure that is done by now ends in an act of its own."""
        if act.name != "measure":
            yield act
            return
        given = dict(act.given)
        given["due_on"] = self._ahead(act.moment, given.pop("days"))
        done = given.pop("done", None)
        yield Act(act.moment, act.story, act.name, act.state, given)
        if done is not None:
            day = self._ahead(act.moment, done)
            moment = self._moment(f"{act.story}/{given['text']}", day, None, in_meeting=False)
            yield Act(moment, act.story, "measure_done", act.state, {"text": given["text"]})

    def _ahead(self, moment: dt.datetime, days: int) -> dt.date:
        return workdays.add_workdays(moment.date(), days, self.rules)

    def _after(self, name: str, act: str, state: State) -> State:
        if act in OTHER_ACTS:
            return state
        row = ESCALATION.find(act, state)
        if row is None:
            raise BadStory(f"{name}: „{act}“ gibt es im Stand {state} nicht")
        return State(row.target)
