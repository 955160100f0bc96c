"""The preview of what will be told: who learns what by which way. Shown above the button that does it."""

from collections.abc import Iterable
from dataclasses import dataclass

from kim import workdays
from kim.disclosure import few
from kim.models import County
from kim.notices import Telling
from steering.escalation import Office

#: The digest of a working morning is written at this hour (kim.celery).
DIGEST_HOUR = 7


@dataclass(frozen=True)
class Line:
    who: str
    what: str
    how: str


def lines_of(tellings: Iterable[Telling], *, names_reporters: bool, county: County) -> list[Line]:
    """Where few reported, only those who learn their names learn how many they are."""
    return [_line(telling, names_reporters, county) for telling in tellings]


#: So many texts of one kind are shown in full.
TEXTS = 3


def merged(tellings: Iterable[Telling]) -> list[Telling]:
    """For several issues at once: one telling for each group of people, with the first texts and how many more."""
    groups: dict[tuple[str, str], list[Telling]] = {}
    for telling in tellings:
        groups.setdefault((telling.audience, telling.who), []).append(telling)
    found = []
    for (audience, who), those in groups.items():
        people = {person.pk: person for telling in those for person in telling.people}
        texts = list(dict.fromkeys(telling.text for telling in those))
        text = " / ".join(texts[:TEXTS]) + (f" / und {len(texts) - TEXTS} weitere" if len(texts) > TEXTS else "")
        found.append(Telling(audience, who, tuple(people.values()), "", text))
    return found


def _line(telling: Telling, names_reporters: bool, county: County) -> Line:
    people = telling.people
    who = counted(telling.audience, telling.who, len(people), 0 if names_reporters else county.small_cell_below)
    if telling.audience == Office.REPORTERS and names_reporters:
        named = ", ".join(str(person) for person in people[:6]) + (" …" if len(people) > 6 else "")
        who = f"{who}: {named}"
    return Line(who, quoted(telling), way_to(people, county.workday_rules))


def counted(audience: str, who: str, number: int, below: int) -> str:
    if audience == Office.REPORTERS:
        return "1 meldende Stelle" if few(number, below) == "1" else f"{few(number, below)} Meldende"
    return f"{who} ({number} Konten)" if number > 1 else who


def quoted(telling: Telling) -> str:
    return f"„{telling.text}“" if telling.audience == Office.REPORTERS else telling.text


def way_to(people, rules: workdays.Rules) -> str:
    mailed = any(person.email for person in people)
    return f"in KIM sofort · {next_digest(rules)}" if mailed else "in KIM sofort"


def next_digest(rules: workdays.Rules) -> str:
    """„Sammelmail Di 14.04., 07:00 Uhr“: the next working morning that has not begun yet."""
    now = workdays.now().astimezone(workdays.BERLIN)
    day = now.date()
    if now.hour >= DIGEST_HOUR or not workdays.is_workday(day, rules):
        day = workdays.add_workdays(day, 1, rules)
    return f"Sammelmail {workdays.WEEKDAYS[day.weekday()][:2]} {day:%d.%m.}, {DIGEST_HOUR:02}:00 Uhr"
