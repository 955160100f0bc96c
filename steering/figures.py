"""Figures of the chain: what each counts, in words, and how it is counted from the rows themselves, for any one day.

Everything is as it stood at the END of a day in Europe/Berlin. Municipality and topic are not dated: an issue counts
under what it says now. `count` reads every issue of an area; pages read what reports.counting has counted the same way.

When a stay in a state was due, on a past day, is told by `dues`; nothing else in the house knows.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from django.db.models.functions import TruncDate

from kim import workdays
from kim.figures import Figure, Part, register
from kim.models import County
from steering.escalation import ENDS, State
from steering.models import Comment, InterimReport, Issue, IssueStep, Pause, TimeLimit

S = State
#: The stations in the order of the way, as figures call them. The draft lies with Case Management.
STATIONS = {
    S.DRAFT: "Case Management",
    S.COORDINATION: "Koordinierung",
    S.STRATEGY: "Geschäftsstelle",
    S.STEERING: "Lenkungsgruppe",
    S.PROJECT: "Projektgruppe",
    S.STATE_LEVEL: "Land/Bund",
    S.FEEDBACK_DUE: "Rückmeldung offen",
    S.FED_BACK: "Rückgemeldet",
    S.CLOSED: "Abgeschlossen",
    S.MERGED: "Gebündelt",
}
#: Stations that are left again: those whose stays are measured. All but the draft are "open", as in the list.
MEASURED = tuple(state for state in STATIONS if state not in ENDS)
OPEN = tuple(state for state in MEASURED if state != S.DRAFT)
#: Open ones that wait for an answer: where silence is counted.
UNANSWERED = tuple(state for state in OPEN if state != S.FED_BACK)
#: Age of open issues: label → first working day of it.
AGES = {"bis 10": 0, "11 bis 30": 11, "31 bis 60": 31, "61 bis 90": 61, "über 90": 91}
#: More calendar days than these without a word to those who reported.
SILENT = 30
#: Event → the step that is one, by name or by where it leads. "reported" is the first one alone: Issue.reported_at.
BY_NAME = {"fed_back": "feed_back", "reopened": "reopen"}
BY_TARGET = {"answered": S.FEEDBACK_DUE, "closed": S.CLOSED, "merged": S.MERGED}
EVENTS = ("reported", "answered", "fed_back", "closed", "merged", "reopened")

_STEPS = "Schritte der Knackpunkte"
_NOW = " Kommune und Thema zählen, wie sie heute eingetragen sind."


def _figure(key: str, name: str, unit: str, definition: str, source: str = _STEPS) -> Figure:
    return Figure(f"chain.{key}", name, Part.CHAIN, unit, definition + _NOW, source)


register(
    _figure(
        "open",
        "offene Knackpunkte",
        "Knackpunkte",
        "Gemeldete Knackpunkte, die am Ende des Tages auf dem Weg sind: von der Koordinierung bis „Rückgemeldet“. "
        "Entwürfe, auch zurückgegebene, und gebündelte zählen nicht.",
    ),
    _figure(
        "stations",
        "Knackpunkte je Station",
        "Knackpunkte",
        "Wo die Knackpunkte am Ende des Tages liegen, nach ihrem letzten Schritt. Case Management: alle Entwürfe, auch "
        "zur Ergänzung zurückgegebene; gezählt, ohne dass jemand sie liest. Abgeschlossene und Gebündelte: alle, die "
        "an diesem Tag abgeschlossen oder gebündelt waren.",
    ),
    _figure(
        "topics",
        "offene Knackpunkte nach Thema",
        "Knackpunkte",
        "Offene Knackpunkte am Ende des Tages nach ihrem Thema; jeder hat genau eines.",
    ),
    _figure(
        "overdue",
        "überfällige Knackpunkte",
        "Knackpunkte",
        "Offene Knackpunkte, deren Frist an der Station vor dem Tag abgelaufen war und deren Uhr nicht angehalten war. "
        "Es gilt die Frist, wie Pausen, Zwischenberichte und Sitzungen sie verschoben haben; wird eine Sitzung "
        "verlegt, während der Knackpunkt bei der Lenkungsgruppe liegt, zählt die neue.",
        "Schritte, Pausen und Zwischenberichte der Knackpunkte",
    ),
    _figure(
        "paused",
        "Knackpunkte mit angehaltener Uhr",
        "Knackpunkte",
        "Offene Knackpunkte, deren Uhr an dem Tag angehalten war („wartet auf Dritte“).",
        "Pausen der Knackpunkte",
    ),
    _figure(
        "age",
        "Alter der offenen Knackpunkte",
        "Arbeitstage",
        "Arbeitstage in Nordrhein-Westfalen vom Tag nach der ersten Meldung bis zum Tag selbst, für jeden offenen "
        "Knackpunkt; Pausen zählen mit.",
    ),
    _figure(
        "silent",
        "ohne Wort seit über 30 Tagen",
        "Knackpunkte",
        "Offene, noch nicht rückgemeldete Knackpunkte, bei denen seit mehr als 30 Kalendertagen weder ein Schritt "
        "getan noch ein öffentliches Wort an die Meldenden geschrieben wurde.",
        "Schritte und öffentliche Beiträge der Knackpunkte",
    ),
    _figure(
        "reported",
        "gemeldete Knackpunkte",
        "Knackpunkte",
        "Im Zeitraum zum ersten Mal gemeldet. Eine neue Meldung nach einer Rückgabe zählt nicht noch einmal.",
    ),
    _figure(
        "answered",
        "Ergebnisse",
        "Schritte",
        "Im Zeitraum gelöst oder nicht weiterverfolgt: Schritte zu „Rückmeldung offen“. Wird ein Knackpunkt wieder "
        "aufgenommen und neu beantwortet, zählt jedes Ergebnis.",
    ),
    _figure(
        "fed_back",
        "Rückmeldungen",
        "Schritte",
        "Im Zeitraum an die Meldenden rückgemeldet; nach einer Wiederaufnahme zählt jede Rückmeldung.",
    ),
    _figure(
        "closed",
        "Abschlüsse",
        "Schritte",
        "Im Zeitraum abgeschlossen, weil die Lösung in der Praxis hilft oder niemand widersprochen hat.",
    ),
    _figure("merged", "gebündelt", "Schritte", "Im Zeitraum in einem anderen Knackpunkt gebündelt."),
    _figure(
        "reopened",
        "wieder aufgenommen",
        "Schritte",
        "Im Zeitraum wieder aufgenommen, weil die Lösung nicht half. Eine gelöste Bündelung zählt nicht dazu.",
    ),
    _figure(
        "feedback_share",
        "Anteil mit Rückmeldung",
        "Anteil",
        "Von allen bis zum Ende des Tages gemeldeten und dann nicht gebündelten Knackpunkten der Anteil, zu dem es bis "
        "dahin mindestens eine Rückmeldung gab. Gebündelte werden mit ihrem Knackpunkt beantwortet und zählen nur "
        "dort.",
    ),
    _figure(
        "feedback_days",
        "Tage bis zur Rückmeldung",
        "Kalendertage",
        "Kalendertage von der ersten Meldung bis zur ersten Rückmeldung, für Knackpunkte, deren erste Rückmeldung in "
        "den Zeitraum fällt: Median und 90. Perzentil, je der Wert am Rang (Zahl × 0,5 oder 0,9, aufgerundet).",
    ),
    _figure(
        "station_days",
        "Arbeitstage je Station",
        "Arbeitstage",
        "Arbeitstage vom Tag nach der Ankunft bis zum Weggehen, für Aufenthalte, die im Zeitraum endeten; Pausen "
        "zählen mit, wer noch dort liegt, nicht. Median und 90. Perzentil, je der Wert am Rang (Zahl × 0,5 oder 0,9, "
        "aufgerundet).",
    ),
)


@dataclass(frozen=True)
class Counted:
    """Stock at the end of a day and events of a period up to it. Lists follow STATIONS (`stations`), MEASURED
    (`overdue`, `stays`) and AGES. `stays` and `feedback`: (how many, median, 90th percentile), None where none.
    """

    stations: list[int]
    overdue: list[int]
    paused: int
    silent: int
    ages: list[int]
    topics: dict[str, int]
    events: dict[str, int]
    feedback_of: tuple[int, int]
    stays: list[tuple[int, int | None, int | None]]
    feedback: tuple[int, int | None, int | None]


@dataclass(frozen=True)
class Stay:
    """From the end of `first` until before the end of `until` (None: it lasts); the step `no` began it."""

    no: int
    state: str
    first: dt.date
    until: dt.date | None
    due_on: dt.date | None

    def holds_on(self, day: dt.date) -> bool:
        return self.first <= day and (self.until is None or day < self.until)


def dues(
    stay: Stay,
    pauses: Collection[tuple[dt.date, dt.date]],
    reports: Collection[dt.date],
    limits: Sequence[TimeLimit],
    rules: workdays.Rules,
) -> list[tuple[dt.date, dt.date | None]]:
    """(from the end of which day, due on) within a stay, in order; `pauses` and days of interim `reports` are its own.

    The last one is what the stay says: pauses and moved meetings are in it. A pause begins before the due day and
    makes nothing late, so that it also holds for the days before the pause. An interim report begins the limit anew;
    what was due before it is counted with the limit of the day from which it ran.
    """
    *earlier, last = sorted({stay.first, *reports})
    found: list[tuple[dt.date, dt.date | None]] = []
    for begin in earlier:
        limit = TimeLimit.among(limits, stay.state, begin)
        found.append((begin, workdays.deadline(begin, limit, pauses, rules).due if limit else None))
    return [*found, (last, stay.due_on)]


def nearest_rank(values: Sequence[int], tenths: int) -> int | None:
    """Of ascending values the one at the rank n × tenths / 10, rounded up; None of none."""
    return values[-(-len(values) * tenths // 10) - 1] if values else None


def count(first: dt.date, day: dt.date, places: Collection[str] | None = None) -> Counted:
    """At the end of `day`, events from `first` to it, of issues of these municipalities (official keys; None: all).

    Reads all of them and their steps: for tests, and where nothing else is at hand. Seven queries.
    """
    issues = Issue.objects.all() if places is None else Issue.objects.filter(municipality__ags__in=places)
    limits, rules = list(TimeLimit.objects.all()), County.current().workday_rules
    ways = _ways(issues)
    said = _days_of(Comment.objects.filter(public=True, issue__in=issues))
    reports = _days_of(InterimReport.objects.filter(issue__in=issues))
    pauses = defaultdict(list)
    for issue, no, begin, end in Pause.objects.filter(issue__in=issues).values_list(
        "issue", "stay", "first_day", "last_day"
    ):
        if begin <= end:
            pauses[issue, no].append((begin, end))
    stations, overdue = dict.fromkeys(STATIONS, 0), dict.fromkeys(MEASURED, 0)
    topics: dict[str, int] = defaultdict(int)
    ages, events = [0] * len(AGES), dict.fromkeys(EVENTS, 0)
    paused = silent = had = of = 0
    ended: dict[str, list[int]] = {state: [] for state in MEASURED}
    until_feedback = []
    for pk, topic, reported, steps, stays in ways:
        for begin, name, target in steps:
            for event in EVENTS[1:]:
                is_one = name == BY_NAME[event] if event in BY_NAME else target == BY_TARGET[event]
                events[event] += is_one and first <= begin <= day
        events["reported"] += reported is not None and first <= reported <= day
        for stay in stays:
            if stay.until and first <= stay.until <= day and stay.state in ended:
                ended[stay.state].append(workdays.workdays_between(stay.first, stay.until, rules))
        fed_back = next((begin for begin, name, _ in steps if name == "feed_back"), None)
        if reported and fed_back and first <= fed_back <= day:
            until_feedback.append(max((fed_back - reported).days, 0))
        there = [one for one in stays if one.holds_on(day)]
        if not there or there[0].state not in STATIONS:
            continue
        stay = there[0]
        stations[S(stay.state)] += 1
        if reported and reported <= day and stay.state != S.MERGED:
            of += 1
            had += fed_back is not None and fed_back <= day
        if stay.state not in OPEN:
            continue
        topics[topic] += 1
        own = pauses[pk, stay.no]
        is_paused = any(begin <= day <= end for begin, end in own)
        paused += is_paused
        during = [one for one in reports[pk] if stay.state == S.PROJECT and stay.holds_on(one)]
        due = [due for begin, due in dues(stay, own, during, limits, rules) if begin <= day][-1]
        overdue[S(stay.state)] += due is not None and due < day and not is_paused
        age = workdays.workdays_between(reported, day, rules) if reported else 0
        ages[max(place for place, least in enumerate(AGES.values()) if least <= max(age, 0))] += 1
        if stay.state in UNANSWERED:
            words = [one for one in (*(begin for begin, _, _ in steps), *said[pk]) if one <= day]
            silent += (day - max(words)).days > SILENT
    return Counted(
        stations=list(stations.values()),
        overdue=list(overdue.values()),
        paused=paused,
        silent=silent,
        ages=ages,
        topics={topic: number for topic, number in topics.items() if topic},
        events=events,
        feedback_of=(had, of),
        stays=[_ranked(values) for values in ended.values()],
        feedback=_ranked(until_feedback),
    )


def _ranked(values: list[int]) -> tuple[int, int | None, int | None]:
    values = sorted(values)
    return len(values), nearest_rank(values, 5), nearest_rank(values, 9)


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(workdays.BERLIN).date()


def _days_of(rows) -> dict[int, list[dt.date]]:
    found = defaultdict(list)
    for issue, day in rows.values_list("issue", TruncDate("at", tzinfo=workdays.BERLIN)):
        found[issue].append(day)
    return found


def _ways(issues) -> Iterator[tuple[int, str, dt.date | None, list, list[Stay]]]:
    """(id, topic, day of the first report, [(day, name, target) of each step], stays). A step never counts before the
    one it follows. A stay that lasts is due when its issue says.
    """
    steps: dict[int, list] = defaultdict(list)
    for issue, *step in (
        IssueStep.objects.filter(issue__in=issues)
        .order_by("issue", "no")
        .values_list("issue", "no", "name", "target", "at", "due_on")
    ):
        steps[issue].append(step)
    columns = ("pk", "topic__code", "created_at", "reported_at", "due_on")
    for pk, topic, created_at, reported_at, due_now in issues.order_by().values_list(*columns):
        begins: list[tuple] = [(0, "", str(S.DRAFT), _day(created_at), None)]
        for no, name, target, at, due_on in steps[pk]:
            begins.append((no, name, target, max(_day(at), begins[-1][3]), due_on))
        stays = [
            Stay(no, target, begin, following[3] if following else None, due_on if following else due_now)
            for (no, _, target, begin, due_on), following in zip(begins, [*begins[1:], None], strict=True)
        ]
        taken = [(begin, name, target) for _, name, target, begin, _ in begins[1:]]
        yield pk, topic, _day(reported_at) if reported_at else None, taken, stays
