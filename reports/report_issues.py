"""Section of a status report about issues: where they stood at the moment, what moved, and what was achieved.

A step counts from the moment it was taken. Where an issue stood is read backwards: most have not moved since and stand
where they stand now; the others stood where their first step after the moment left from.
"""

from collections import Counter
from collections.abc import Iterable

from django.db.models import Count, Q
from django.utils.text import Truncator

from kim.models import Code
from reports.blocks import Block, facts, table
from reports.moment import Moment, german
from steering.escalation import OPEN, State
from steering.models import Issue, IssueStep
from steering.models.choices import Outcome

#: So many results stand in a report, the latest ones.
RESULTS = 30
SHORT = 400
NOT_ON_THE_WAY = (State.DRAFT, State.WITHDRAWN)
#: What a line about the time since the meeting before is called, by steps.
MOVED = (
    ("gelöst oder beantwortet", ("solve", "decline")),
    ("rückgemeldet", ("feed_back",)),
    ("abgeschlossen", ("confirm",)),
    ("wieder aufgenommen", ("reopen",)),
)


def issues(moment: Moment) -> list[Block]:
    """Six queries; what is read grows with what moved after the moment, not with what there is."""
    stood = where(moment)
    states: Counter[str] = Counter()
    topics: Counter[int] = Counter()
    for (state, topic), number in stood.items():
        states[state] += number
        if state in OPEN:
            topics[topic] += number
    still_open = sum(number for state, number in states.items() if state in OPEN)
    blocks = [facts("numbers", [*_numbers(moment, still_open, states)])]
    rows = [(state.value, [state.label, str(states[state])]) for state in State if states[state]]
    if rows:
        title = f"Knackpunkte nach Stand am {german(moment.valid_on)}"
        blocks.append(table("states", title, ["Stand", "Zahl"], rows, right=[1]))
    blocks += _by_topic(topics)
    return [*blocks, *_achieved(moment)]


def where(moment: Moment) -> Counter[tuple[str, int]]:
    """How many issues stood in which state, by topic; drafts with their reporters are left out. Two queries."""
    until = moment.until
    there = Issue.objects.filter(reported_at__lte=until, number__isnull=False)
    found: Counter[tuple[str, int]] = Counter()
    still = there.filter(state_since__lte=until).order_by().values("state", "topic").annotate(number=Count("pk"))
    for row in still:
        found[row["state"], row["topic"]] += row["number"]
    moved = IssueStep.objects.filter(at__gt=until, issue__reported_at__lte=until).order_by("issue", "no")
    seen: set[int] = set()
    for issue, source, topic in moved.values_list("issue", "source", "issue__topic").iterator():
        if issue not in seen:
            seen.add(issue)
            found[source, topic] += 1
    for key in [key for key in found if key[0] in NOT_ON_THE_WAY]:
        del found[key]
    return found


def _numbers(moment: Moment, still_open: int, states: Counter[str]) -> Iterable[tuple[str, str]]:
    yield "offen", str(still_open)
    window = Q(at__lte=moment.until)
    reported = Issue.objects.filter(reported_at__lte=moment.until, number__isnull=False)
    if moment.before:
        window &= Q(at__gt=moment.before.until)
        reported = reported.filter(reported_at__gt=moment.before.until)
    since = f" {moment.since_words}" if moment.since else ""
    yield f"gemeldet{since}", str(reported.count())
    steps = IssueStep.objects.filter(window, name__in=[name for _, names in MOVED for name in names])
    counted = {
        row["name"]: row["number"]
        for row in steps.order_by().values("name").annotate(number=Count("issue", distinct=True))
    }
    for label, names in MOVED:
        yield f"{label}{since}", str(sum(counted.get(name, 0) for name in names))
    if states[State.STATE_LEVEL]:
        yield "liegen bei Land oder Bund", str(states[State.STATE_LEVEL])


def _by_topic(topics: Counter[int]) -> list[Block]:
    names = dict(Code.objects.filter(pk__in=topics).values_list("pk", "label"))
    ranked = sorted(topics.items(), key=lambda row: (-row[1], names.get(row[0], "")))
    rows = [(str(pk), [names.get(pk, "ohne Thema"), str(number)]) for pk, number in ranked if number]
    return [table("topics", "Offene Knackpunkte nach Thema", ["Thema", "offen"], rows, right=[1])] if rows else []


def _achieved(moment: Moment) -> list[Block]:
    """Results of what was solved, given back and free of personal data: released, and once before the steering group.

    Nothing else of an issue is meant for a committee that sits in public.
    """
    until = moment.until
    found = Issue.objects.filter(
        outcome=Outcome.SOLVED, state__in=[State.FED_BACK, State.CLOSED], released_at__lte=until,
        on_agenda_at__lte=until, answered_at__lte=until, fed_back_at__lte=until,
    )  # fmt: skip
    if moment.before:
        found = found.filter(answered_at__gt=moment.before.until)
    latest = list(found.order_by("-answered_at", "-pk").only("number", "title", "result", "answered_at")[: RESULTS + 1])
    rows = [
        (one.number or "", [one.number or "", one.title, Truncator(one.result).chars(SHORT)])
        for one in latest[:RESULTS]
    ]
    if not rows:
        return []
    note = f"Genannt sind die {RESULTS} jüngsten." if len(latest) > RESULTS else ""
    title = f"Was erreicht wurde{f' {moment.since_words}' if moment.since else ''}"
    return [table("achieved", title, ["Kennung", "Knackpunkt", "Ergebnis"], rows, note=note)]
