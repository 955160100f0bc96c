"""What municipalities resolved, whom the demo asked for a statement, what bodies aim at. All of it invented."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kim import workdays
from kim.models import Bank, Municipality, Organisation, User
from steering.models import Body, Issue, Milestone, Resolution, Statement

SOURCE = "Demo"
INVENTED = "Künstliches Beispiel der Demo."


def take_part(path: Path, today: dt.date, issues: Mapping[str, Issue]) -> None:
    """Each act on its day; what is about a story the demo did not tell stays out."""
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    _Participation(today, issues).play(told)


class _Participation:
    def __init__(self, today: dt.date, issues: Mapping[str, Issue]):
        self.today, self.issues = today, issues
        self.people = {user.username: user for user in User.objects.filter(username__in=["office", "office2"])}
        self.places = {place.name: place for place in Municipality.objects.all()}
        self.institutions = {one.key: one for one in Organisation.objects.all()}

    def play(self, told: dict[str, Any]) -> None:
        acts = [(one, self._resolve) for one in told["resolutions"]]
        acts += [(one, self._ask) for one in told["statements"] if one.get("story") in {None, *self.issues}]
        acts += [(one, self._aim) for one in told["milestones"]]
        for one, act in sorted(acts, key=lambda pair: -pair[0]["ago"]):
            act(one)

    def _day(self, ago: int) -> dt.date:
        """A working day so many days ago; what lies ahead stays ahead."""
        day = workdays.next_workday(self.today - dt.timedelta(days=ago))
        return day if ago <= 0 or day < self.today else workdays.add_workdays(self.today, -1)

    def _at(self, ago: int) -> dt.datetime:
        return dt.datetime.combine(self._day(ago), dt.time(10), workdays.BERLIN)

    def _resolve(self, one: dict[str, Any]) -> None:
        place = self.places[one["place"]]
        office = self.people["office2" if place.bank == Bank.LEFT else "office"]
        with workdays.as_of(self._at(one["ago"] - 3)):
            made = Resolution.enter(
                by=office,
                municipality=place,
                organ=one["organ"],
                decided_on=self._day(one["ago"]),
                verdict=one.get("verdict", Resolution.Verdict.RESOLVE),
                text=one["text"],
                owner=one.get("owner", ""),
                due_on=self._day(one["due"]) if "due" in one else None,
                issue=self.issues.get(one.get("story", "")),
                source=SOURCE,
            )
        if done := one.get("done"):
            with workdays.as_of(self._at(done["ago"])):
                made.finish(by=office, evidence=f"{done['evidence']} {INVENTED}")

    def _ask(self, one: dict[str, Any]) -> None:
        office = self.people["office"]
        about = {"issue": self.issues[one["story"]]} if "story" in one else {"subject": one["subject"]}
        with workdays.as_of(self._at(one["ago"])):
            made = Statement.ask(
                by=office,
                organisation=self.institutions[one["who"]],
                question=f"{one['question']} {INVENTED}",
                due_on=self._day(one["due"]),
                **about,
            )
        if got := one.get("received"):
            with workdays.as_of(self._at(got["ago"])):
                made.receive(by=office, text=f"{got['text']} {INVENTED}")

    def _aim(self, one: dict[str, Any]) -> None:
        office = self.people["office"]
        with workdays.as_of(self._at(one["ago"])):
            body = Body.objects.get(key=one["body"])
            made = Milestone.add(body, by=office, title=one["title"], due_on=self._day(one["due"]))
        if "reached" in one:
            with workdays.as_of(self._at(one["reached"])):
                made.reach(by=office)
