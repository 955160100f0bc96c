"""What happens when in the demo's cases: stories and people shared out among case managers, as acts in order of time.

Pure: knows data/demo-cases.yaml and the calendar, not the database. The same day and the same names give the same plan.
"""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kim import workdays

#: Stands at the beginning of every occasion: nobody may take such a case for a real one.
MARK = "Künstlicher Beispielfall"
SEED = 2026
FEWEST, MOST = 6, 9
#: The regular way, and how far along the days of a case each step is taken.
WAY = (
    ("clear", 0.06), ("admit", 0.14), ("assess", 0.20), ("plan", 0.38), ("link", 0.50), ("monitor", 0.60),
    ("evaluate", 0.88), ("close", 0.92),
)  # fmt: skip
#: State → steps of the regular way up to it, and the one beside it.
STEPS_TO = {
    "request": (0, ""), "clearing": (1, ""), "referred": (1, "refer"), "admitted": (2, ""), "assessment": (3, ""),
    "planning": (4, ""), "linking": (5, ""), "monitoring": (6, ""), "evaluation": (7, ""), "closed": (8, ""),
    "resting": (6, "rest"), "declined": (1, "decline"), "broken_off": (5, "break_off"), "handed_over": (6, "hand_on"),
    "taken_up_again": (8, "take_up_again"),
}  # fmt: skip
#: A step beside the way comes early where nobody was admitted, and late else.
EARLY, LATE = 0.12, 0.95


@dataclass(frozen=True)
class Person:
    given: str
    family: str
    gender: str
    born: dt.date
    origin: dict[str, Any]


@dataclass(frozen=True)
class Act:
    """Something that happens in a case (`case` is its place in the plan); `given` is what the story says of it."""

    moment: dt.datetime
    case: int
    name: str
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CasePlan:
    number: int
    manager: str
    person: Person
    story: dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def cases(data: dict[str, Any], managers: Sequence[str]) -> list[CasePlan]:
    """Six to nine cases for each case manager; neighbours get other stories, and nobody the same name twice."""
    chance = random.Random(SEED)  # noqa: S311  no secret, the same every time
    people = _people(data["origins"], chance)
    found: list[CasePlan] = []
    for place, manager in enumerate(managers):
        number = chance.randint(FEWEST, MOST)
        for no in range(number):
            story = data["stories"][(place * 5 + no) % len(data["stories"])]
            found.append(CasePlan(len(found), manager, next(people), story))
    return found


def _people(origins, chance) -> Iterator[Person]:
    taken: set[tuple[str, str]] = set()
    while True:
        for origin in origins:
            gender = chance.choice("fm")
            given, family = chance.choice(origin[f"given_{gender}"]), chance.choice(origin["family"])
            if (given, family) in taken and len(taken) < 16 * len(origins):
                continue
            taken.add((given, family))
            born = dt.date(chance.randint(1968, 2004), chance.randint(1, 12), chance.randint(1, 28))
            yield Person(given, family, gender, born, origin)


def acts(plan: CasePlan, today: dt.date, rules: workdays.Rules = workdays.BY_LAW) -> list[Act]:
    """Everything that happens in one case, at working hours of working days, in order."""
    story, days = plan.story, plan.story["days"]
    number, aside = STEPS_TO[story["until"]]
    span = {name: -round(days * (1 - share)) for name, share in WAY[:number]}
    found: list[tuple[int, str, dict[str, Any]]] = [(-days, "open", {})]
    for name, at in span.items():
        found.append((at, f"before_{name}", {}))
        found.append((at, name, {}))
    if aside:
        at = -round(days * (1 - (EARLY if number == 1 else LATE)))
        found += [(at, f"before_{aside}", {}), (at, aside, {})]
    last = found[-1][0]
    found += [(talk["at"], "talk", talk) for talk in story.get("talks", [])]
    found += [(min(last, -1), "follow_up", one) for one in story.get("follow_ups", [])]
    if "issue" in story:
        found.append((last + 1 if last < -2 else last, "link_issue", {"issue": story["issue"]}))
    if "procedure" in story:
        found.append((max(last, -8), "hand_over", story["procedure"]))
    if "withdrawn" in story:
        found.append((story["withdrawn"], "withdraw", {}))
    made, clock = [], dt.datetime.min.replace(tzinfo=workdays.BERLIN)
    for order, (at, name, given) in enumerate(sorted(found, key=lambda one: one[0])):
        day = today + dt.timedelta(days=at)
        while not workdays.is_workday(day, rules):
            day -= dt.timedelta(days=1)
        start = dt.datetime.combine(day, dt.time(8 + plan.number % 6), workdays.BERLIN)
        clock = max(start, clock + dt.timedelta(minutes=5)) + dt.timedelta(minutes=order % 3)
        made.append(Act(clock, plan.number, name, given))
    return made
