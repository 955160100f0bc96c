"""„Wo ist meine Meldung?“: the way of an issue as stations, its clock, and the same in small for lists.

Everything here is what a reporter may see: offices, days and deadlines. No person, no internal word.
"""

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils import timezone

from kim import workdays
from kim.models import County
from kim.together import Slot, day, moment, together
from steering.escalation import HOLDER, State
from steering.models import Body, InterimReport, Issue, IssueStep, Meeting, Pause
from steering.models.clock import TimeLimit, deadline_for
from steering.offices import name_of

S = State
STATIONS = (
    "casework",
    "coordination",
    "strategy",
    "steering",
    "project",
    "coordination-back",
    "casework-back",
)
NAMES = {
    "casework": "Case Management",
    "coordination": "Koordinierung",
    "strategy": "Geschäftsstelle",
    "steering": "Lenkungsgruppe",
    "project": "Projektgruppe",
    "coordination-back": "Rückmeldung durch die Koordinierung",
    "casework-back": "Rückgemeldet",
}
#: Where on the line an issue stands in each state. Bundled issues are drawn on the way of their lead.
POSITION = {
    S.DRAFT: 0, S.WITHDRAWN: 0, S.COORDINATION: 1, S.STRATEGY: 2, S.STEERING: 3, S.PROJECT: 4, S.STATE_LEVEL: 4,
    S.FEEDBACK_DUE: 5, S.FED_BACK: 6, S.CLOSED: 7, S.MERGED: 1,
}  # fmt: skip


@dataclass(frozen=True)
class Station:
    key: str
    office: str
    state: str
    lines: tuple[str, ...] = ()
    clock: str = ""
    ring: int = 0
    back: bool = False
    note: str = ""


@dataclass(frozen=True)
class Way:
    stations: tuple[Station, ...]
    tone: str = ""
    returned: bool = False
    turn: str = ""
    bundled: dict | None = None
    gathers: int = 0


@dataclass(frozen=True)
class Clock:
    tone: str
    headline: str
    words: str
    days: tuple[dict, ...] = ()
    paused: str = ""


@dataclass(frozen=True)
class Mini:
    label: str
    marks: tuple[dict, ...] = field(default=())
    bundled: bool = False


# What an issue has passed, from its own columns: no query


def _passed(issue) -> set[str]:
    """Stations it has gone through on its present way out."""
    now = POSITION[S(issue.state)]
    reached = {
        "casework": issue.reported_at,
        "coordination": issue.reported_at and not _skipped_coordination(issue),
        "strategy": issue.to_office_at,
        "steering": issue.on_agenda_at and not issue.fast_tracked_at,
        "project": issue.assigned_at,
        "coordination-back": issue.fed_back_at,
        "casework-back": issue.closed_at,
    }
    return {key for place, key in enumerate(STATIONS) if reached[key] and place < now}


def _skipped_coordination(issue) -> bool:
    """Reported directly to the office, so that the coordination was told but never held it."""
    return bool(issue.to_office_at and issue.reported_at == issue.to_office_at)


def _turn(issue) -> str:
    """The station at which an answer was found before a project group had it."""
    if POSITION[S(issue.state)] < 5 or issue.assigned_at:
        return ""
    if issue.on_agenda_at:
        return "steering"
    return "strategy" if issue.to_office_at else "coordination"


def tone(issue, on: dt.date | None = None) -> str:
    """ "late", "soon" (two working days or fewer), "paused" or "" for time enough or no clock."""
    if issue.is_paused:
        return "paused"
    if issue.due_on is None:
        return ""
    return workdays.countdown(issue.due_on, on or workdays.today())[1]


def countdown(issue, on: dt.date | None = None) -> str:
    """„noch 2 Arbeitstage“, „4 Arbeitstage zu spät“, „wartet auf Dritte bis 04.05.“ or nothing."""
    if issue.is_paused:
        return f"wartet auf Dritte bis {workdays.near(issue.paused_until)}"
    return workdays.countdown(issue.due_on, on or workdays.today())[0] if issue.due_on else ""


def mini(issue) -> Mini:
    """Seven marks on a thread. Needs no query on an issue read with for_list()."""
    shown = issue.lead if issue.state == S.MERGED else issue
    words = "zurückgegeben" if shown.is_returned else S(shown.state).label
    return _mini(shown.state, words, frozenset(_passed(shown)), tone(shown), issue.state == S.MERGED)


@lru_cache(maxsize=2000)
def _mini(state: str, words: str, passed: frozenset[str], tone: str, bundled: bool) -> Mini:
    now = POSITION[S(state)]
    marks = []
    for place, key in enumerate(STATIONS):
        css = []
        if place == now:
            css = ["is-now", *([f"is-{tone}"] if tone else [])]
        elif key in passed:
            css = ["is-passed"]
        elif place < now:
            css = ["is-bypassed"]
        if key == "project" and state == S.STATE_LEVEL:
            css.append("is-outside")
        marks.append({"css": " ".join(css)})
    if state == S.CLOSED:
        label = "alle Stationen durchlaufen"
    elif state == S.WITHDRAWN:
        label = "zurückgezogen"
    else:
        label = f"Station {now + 1} von 7: {words}"
    return Mini(label, tuple(marks), bundled)


# The full picture of one issue


@dataclass(frozen=True)
class Around:
    """What way and clock need beside the issue itself: read in one query, or handed in by a page that has it."""

    steps: tuple[IssueStep, ...]
    limits: tuple[TimeLimit, ...]
    rules: workdays.Rules
    pauses: tuple[Pause, ...]  # of the present stay
    last_report: InterimReport | None
    next_meeting: Meeting | None
    gathers: int

    @staticmethod
    def sets(ids) -> dict:
        """What to read together about the issue whose way is drawn, given its id as a query; slots: `today`, `now`."""
        return {
            "steps": IssueStep.objects.filter(issue__in=ids).order_by("no"),
            "limits": TimeLimit.objects.all(),
            "county": County.objects.all()[:1],
            "pauses": Pause.objects.filter(issue__in=ids).order_by("pk"),
            "reports": InterimReport.objects.filter(issue__in=ids).order_by("at", "pk"),
            "meetings": upcoming_meetings(),
            "gathered": Issue.objects.filter(lead__in=ids).only("pk").order_by("pk"),
        }

    @classmethod
    def of(cls, issue: Issue, read: dict | None = None) -> "Around":
        read = read or _around()(issue=issue.pk, today=workdays.today(), now=workdays.now())
        county = read["county"][0] if read["county"] else County(pk=1)
        return cls(
            steps=tuple(read["steps"]),
            limits=tuple(read["limits"]),
            rules=county.workday_rules,
            pauses=tuple(pause for pause in read["pauses"] if pause.stay == issue.step_no),
            last_report=read["reports"][-1] if read["reports"] else None,
            next_meeting=read["meetings"][0] if read["meetings"] else None,
            gathers=len(read["gathered"]),
        )


@together
def _around():
    return Around.sets(Issue.objects.filter(pk=Slot("issue")).values("pk"))


def upcoming_meetings():
    """Meetings of the steering group still to come, the next one first; no more than a year's worth."""
    groups = Body.objects.valid_on(day()).filter(kind=Body.Kind.STEERING)
    return Meeting.objects.upcoming(moment()).filter(body__in=groups)[:12]


def clock(issue: Issue, around: Around | None = None) -> Clock | None:
    """The running clock with its sentence and strip of days; None where no clock runs."""
    if issue.due_on is None:
        return None
    around = around or Around.of(issue)
    today = workdays.today()
    rest, shade = workdays.countdown(issue.due_on, today)
    start = issue.clock_start(around.last_report)
    deadline = deadline_for(issue, entered=start, limits=around.limits, rules=around.rules, pauses=around.pauses)
    strip = []
    if deadline and deadline.due == issue.due_on:
        strip = [
            {"weekday": day.weekday, "count": day.count, "date": f"{day.date:%d.%m.}", "css": _strip_css(day)}
            for day in workdays.days_strip(_strip_start(issue, around), deadline, today)
        ]
    paused = ""
    running = [pause for pause in around.pauses if pause.first_day <= today <= pause.last_day]
    if issue.is_paused and running:
        pause = running[-1]
        paused = f"Uhr angehalten bis {pause.last_day:%d.%m.%Y}: {pause.reason}"
        shade, rest = "paused", f"wartet auf Dritte bis {pause.last_day:%d.%m.%Y}"
    weekday = workdays.WEEKDAYS[issue.due_on.weekday()]
    return Clock(
        tone=shade,
        headline=f"Fällig am {weekday}, {issue.due_on:%d.%m.%Y} – {rest}",
        words=issue.due_words,
        days=tuple(strip),
        paused=paused,
    )


def _strip_start(issue, around) -> dt.date:
    return issue.meeting.day if issue.state == S.STEERING else issue.clock_start(around.last_report)


def _strip_css(day) -> str:
    return f"kim-days__day--{day.css}" if day.css else ""


def way(issue: Issue, around: Around | None = None) -> Way:
    """The line of stations for `issue`; for a bundled one the line of its lead, which is its way from then on."""
    shown = issue.lead if issue.lead and issue.state == S.MERGED else issue
    around = around or Around.of(shown)
    now, passed = POSITION[S(shown.state)], _passed(shown)
    stations = []
    for place, key in enumerate(STATIONS):
        state = "now" if place == now else "passed" if key in passed else "bypassed" if place < now else "ahead"
        build = _now if state == "now" else _behind if state in ("passed", "bypassed") else _ahead
        lines, extra = build(shown, key, around)
        outside = key == "project" and shown.state == S.STATE_LEVEL
        stations.append(
            Station(
                key="state_level" if outside else key,
                office="Land/Bund" if outside else NAMES[key],
                state=state,
                lines=tuple(line for line in lines if line),
                back=key.endswith("-back"),
                **extra,
            )
        )
    return Way(
        stations=tuple(stations),
        tone=tone(shown),
        returned=now >= 5 and not _turn(shown),
        turn=_turn(shown),
        bundled={"number": shown.number, "url": shown.get_absolute_url()} if shown is not issue else None,
        gathers=around.gathers if shown.state != S.DRAFT else 0,
    )


_STATE_OF = {
    "casework": (S.DRAFT,), "coordination": (S.COORDINATION,), "strategy": (S.STRATEGY,), "steering": (S.STEERING,),
    "project": (S.PROJECT, S.STATE_LEVEL), "coordination-back": (S.FEEDBACK_DUE,), "casework-back": (S.FED_BACK,),
}  # fmt: skip


def _behind(issue, key, around):
    """A station passed (with its days) or leapt over (with the reason)."""
    if key == "casework":
        return [f"gemeldet am {_day(issue.reported_at)}"] if issue.reported_at else [], {}
    if key not in _passed(issue):
        if key == "steering" and issue.fast_tracked_at:
            return ["kurzer Dienstweg", "die nächste Sitzung wird informiert"], {}
        if key == "coordination":
            return ["direkt an die Geschäftsstelle gemeldet"], {}
        return [], {}
    states, steps = _STATE_OF[key], around.steps
    left = next((step for step in reversed(steps) if step.source in states), None)
    entered = next(
        (step for step in reversed(steps) if step.target in states and (not left or step.no < left.no)), None
    )
    lines = []
    if entered and left:
        days = workdays.workdays_between(_date(entered.at), _date(left.at))
        lines = [
            f"{_day(entered.at)} bis {_day(left.at)}",
            f"{workdays.Limit(days, 'workdays')}" if days else "am selben Tag",
        ]
    if key == "steering" and issue.reach:
        lines.append(f"Reichweite: {issue.get_reach_display()}")
    if key == "project" and issue.body:
        lines.insert(0, str(issue.body))
    return lines, {}


def _now(issue, key, around):
    lines = [f"seit {_day(issue.state_since)}"]
    if key == "casework" and issue.is_returned:
        return [issue.standing, "zur Ergänzung"], {}
    if key == "casework":
        return ["Entwurf, noch nicht gemeldet" if issue.state == S.DRAFT else "zurückgezogen"], {}
    if key == "strategy":
        lines.append(_bank(issue))
    if key == "steering" and issue.meeting:
        lines.append(f"Sitzung am {_moment(issue.meeting.starts_at)}")
    if key == "project":
        lines.append(issue.addressee if issue.state == S.STATE_LEVEL else str(issue.body or ""))
    if key == "casework-back":
        lines.append("Die Meldenden sagen, ob es hilft.")
    extra = {}
    if issue.due_on:
        start = _strip_start(issue, around)
        whole = max((issue.due_on - start).days, 1)
        gone = (workdays.today() - start).days
        extra = {
            "clock": f"{countdown(issue)}, fällig {workdays.near(issue.due_on)}"
            if not issue.is_paused
            else countdown(issue),
            "ring": max(0, min(100, round(100 * gone / whole))),
        }
    return lines, extra


def _ahead(issue, key, around):
    today = workdays.today()
    found = (TimeLimit.among(around.limits, state, today) for state in _STATE_OF[key])
    limit = next((one for one in found if one), None)
    match key:
        case "strategy":
            return [_bank(issue), f"danach {limit}" if limit else ""], {}
        case "steering":
            meeting = around.next_meeting
            return (["nächste Sitzung", _moment(meeting.starts_at)] if meeting else ["nächste Sitzung noch offen"]), {}
        case "project":
            return ["örtlich oder thematisch", f"Bericht alle {limit}" if limit else ""], {}
        case "coordination-back":
            within = f"innerhalb von {limit}{'n' if limit.amount > 1 else ''}, s" if limit else "S"
            return [f"{within}obald ein Ergebnis vorliegt; alle Meldenden erhalten denselben Text"], {}
        case "casework-back":
            return ["Die Meldenden sagen, ob es hilft."], {}
    return [f"danach {limit}" if limit else ""], {}


def next_up(issue: Issue) -> str:
    """What happens next, in one sentence for those who reported."""
    if issue.state == S.MERGED:
        along = f"Ihre Meldung läuft in {issue.lead} mit. Sie erfahren alles, was dort geschieht."
        answered = issue.lead and issue.lead.state == S.FED_BACK
        return f"{along} Die Antwort liegt dort schon vor." if answered else along
    if issue.is_paused:
        return f"Die Uhr ist angehalten; sie läuft nach dem {issue.paused_until:%d.%m.%Y} von selbst weiter."
    if issue.is_overdue:
        return f"{_next_act(issue, '')} Die Frist ist am {issue.due_on:%d.%m.%Y} abgelaufen."
    return _next_act(issue, f" bis {issue.due_on:%d.%m.%Y}" if issue.due_on else "")


def _next_act(issue, due: str) -> str:
    match S(issue.state):
        case S.DRAFT if issue.is_returned:
            return "Er liegt wieder bei Ihnen. Ergänzen Sie, was gefragt ist, und melden Sie ihn von Neuem."
        case S.DRAFT:
            return "Der Entwurf liegt bei Ihnen. Melden Sie ihn, sobald er vollständig ist."
        case S.COORDINATION:
            return f"Die Koordinierung sichtet die Meldung{due} und leitet sie weiter, bündelt sie oder fragt nach."
        case S.STRATEGY:
            return f"Die Geschäftsstelle bereitet sie{due} für die Lenkungsgruppe auf."
        case S.STEERING:
            if issue.meeting.starts_at < workdays.now():
                return f"Die Sitzung war am {_moment(issue.meeting.starts_at)}. Die Lenkungsgruppe entscheidet{due}."
            return f"Die Lenkungsgruppe berät am {_moment(issue.meeting.starts_at)} und entscheidet{due}."
        case S.PROJECT:
            return f"{issue.body} arbeitet daran; der nächste Zwischenbericht {f'kommt{due}' if due else 'steht aus'}."
        case S.STATE_LEVEL:
            return f"{issue.addressee} ist gefragt; die Geschäftsstelle hakt{due} nach."
        case S.FEEDBACK_DUE:
            return f"Es liegt ein Ergebnis vor. Die Koordinierung meldet es{due} zurück."
        case S.FED_BACK:
            return f"Bitte sagen Sie{due}, ob die Lösung in der Praxis hilft."
        case S.CLOSED:
            return "Abgeschlossen. Hilft es doch nicht, können Sie den Knackpunkt wieder aufnehmen."
    return "Der Entwurf wurde zurückgezogen."


def holder_name(issue: Issue) -> str:
    office = HOLDER.get(S(issue.state))
    return name_of(office, issue) if office else ""


def _bank(issue) -> str:
    return issue.municipality.get_bank_display() if issue.municipality and issue.municipality.bank else ""


def _date(moment) -> dt.date:
    return timezone.localtime(moment).date()


def _day(moment) -> str:
    return f"{_date(moment):%d.%m.%Y}"


def _moment(moment) -> str:
    local = timezone.localtime(moment)
    return f"{local:%d.%m.%Y}, {local:%H:%M} Uhr"
