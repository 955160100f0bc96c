"""What bodies resolved and what became of it, meetings, agreements, kick-off events and statements, as plain counts."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, Value, When

from kim import workdays
from kim.figures import Figure, Part, register
from kim.models import Municipality
from steering.coverage import agreed, begun
from steering.models import Agreement, Body, KickOff, Meeting, Resolution, Statement

#: Whose resolutions and meetings are told apart: the steering group, other groups, municipalities.
STEERING, GROUPS, PLACES = "steering", "groups", "places"
WHOSE = {STEERING: "Lenkungsgruppe", GROUPS: "Projekt- und Arbeitsgruppen", PLACES: "Räte und Ausschüsse der Kommunen"}
_GROUP_KINDS = (Body.Kind.LOCAL, Body.Kind.THEMATIC, Body.Kind.WORKING)

_RESOLUTIONS = "Beschlüsse aus den Sitzungen und die der Kommunen, die die Geschäftsstelle einträgt"

register(
    Figure(
        "governance.decided", "gefasste Beschlüsse", Part.GOVERNANCE, "Beschlüsse",
        "Beschlüsse, die im Zeitraum gefasst sind, auch ablehnende; je Gremium der Zusammenarbeit, die der Kommunen "
        "für sich.",
        _RESOLUTIONS,
    ),
    Figure(
        "governance.open", "offene Beschlüsse", Part.GOVERNANCE, "Beschlüsse",
        "Beschlüsse mit einem Termin der Umsetzung, die am Stand weder umgesetzt noch entfallen waren.",
        _RESOLUTIONS,
    ),
    Figure(
        "governance.overdue", "überfällige Beschlüsse", Part.GOVERNANCE, "Beschlüsse",
        "Offene Beschlüsse, deren Termin vor dem Stand liegt. Wurde ein Termin später verschoben, gilt auch für "
        "frühere Tage der neue.",
        _RESOLUTIONS,
    ),
    Figure(
        "governance.done", "umgesetzte Beschlüsse", Part.GOVERNANCE, "Beschlüsse",
        "Beschlüsse mit einem Termin der Umsetzung, die bis zum Stand als umgesetzt eingetragen sind. Was mit dem "
        "Beschluss selbst erledigt war, zählt hier nicht.",
        _RESOLUTIONS,
    ),
    Figure(
        "governance.dropped", "entfallene Beschlüsse", Part.GOVERNANCE, "Beschlüsse",
        "Beschlüsse, die bis zum Stand mit Begründung entfallen sind oder neu entschieden wurden.",
        _RESOLUTIONS,
    ),
    Figure(
        "governance.meetings", "Sitzungen", Part.GOVERNANCE, "Sitzungen",
        "Sitzungen, deren Tag im Zeitraum liegt und die nicht abgesagt sind; am heutigen Tag nur, wenn sie eröffnet "
        "sind. Umlaufverfahren zählen an ihrem letzten Tag der Stimmabgabe.",
        "Sitzungen, wie sie die Geschäftsstelle und die Leitungen der Gruppen planen und führen",
    ),
    Figure(
        "governance.agreements", "Kommunen mit Kooperationsvereinbarung", Part.GOVERNANCE, "Kommunen",
        "Kommunen, deren Kooperationsvereinbarung am Stand in Kraft ist, auch wenn sie bald ausläuft.",
        "Kooperationsvereinbarungen, wie sie die Geschäftsstelle einträgt",
    ),
    Figure(
        "governance.kick_offs", "Kommunen mit Auftaktveranstaltung", Part.GOVERNANCE, "Kommunen",
        "Kommunen, in denen bis zum Stand eine Auftaktveranstaltung stattgefunden hat.",
        "Auftaktveranstaltungen, wie sie die Geschäftsstelle einträgt",
    ),
    Figure(
        "governance.statements", "offene Stellungnahmen", Part.GOVERNANCE, "Stellungnahmen",
        "Stellungnahmen, die bis zum Stand erbeten und am Stand weder eingegangen noch zurückgezogen waren.",
        "Bitten um Stellungnahme, wie sie Geschäftsstelle und Gruppen stellen",
    ),
)  # fmt: skip

#: Kinds of the trail, and acts on others, that these counts rest on.
RESTS_ON = (
    "steering.resolution", "steering.meeting", "steering.agreement", "steering.kickoff", "steering.statement",
    "kim.county",
)  # fmt: skip
#: An interim report of a group moves the day its resolution waits for.
ACTS = ("issue.interim_report",)


def governance_on(day: dt.date, firsts: Mapping[str, dt.date]) -> dict[str, Any]:
    """At the end of `day`, and over the times from each of `firsts` to it; six queries."""
    return {
        "resolutions": _resolutions(day, firsts),
        "meetings": _meetings(day, firsts),
        "places": _places(day),
        "statements": _statements(day),
    }


def _resolutions(day: dt.date, firsts: Mapping[str, dt.date]) -> dict[str, dict[str, int]]:
    due = Q(due_on__isnull=False)
    done = Q(done_on__isnull=False, done_on__lte=day)
    dropped = Q(dropped_on__isnull=False, dropped_on__lte=day)
    is_open = (
        due & (Q(done_on__isnull=True) | Q(done_on__gt=day)) & (Q(dropped_on__isnull=True) | Q(dropped_on__gt=day))
    )
    counts = {
        "open": Count("pk", filter=is_open),
        "overdue": Count("pk", filter=is_open & Q(due_on__lt=day)),
        "done": Count("pk", filter=due & done),
        "dropped": Count("pk", filter=due & dropped),
        "at_once": Count("pk", filter=Q(due_on__isnull=True)),
        **{f"decided_{name}": Count("pk", filter=Q(decided_on__gte=first)) for name, first in firsts.items()},
    }
    whose = Case(
        When(body__isnull=True, then=Value(PLACES)),
        When(body__kind=Body.Kind.STEERING, then=Value(STEERING)),
        default=Value(GROUPS),
        output_field=CharField(),
    )
    rows: Any = Resolution.objects.filter(decided_on__lte=day).order_by().annotate(whose=whose).values("whose")
    found = {row["whose"]: {name: row[name] for name in counts} for row in rows.annotate(**counts)}
    return {key: found.get(key, dict.fromkeys(counts, 0)) for key in WHOSE}


def _meetings(day: dt.date, firsts: Mapping[str, dt.date]) -> dict[str, dict[str, int]]:
    """By kind of body; where the day is today, only those that were opened."""
    first = min(firsts.values())
    begin = dt.datetime.combine(first, dt.time(), workdays.BERLIN)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), workdays.BERLIN)
    there = Q(written_until__isnull=True, starts_at__gte=begin, starts_at__lt=end)
    there |= Q(written_until__gte=first, written_until__lte=day)
    found: dict[str, Counter[str]] = {name: Counter() for name in firsts}
    rows = Meeting.objects.filter(there, cancelled_at__isnull=True).order_by()
    for kind, starts_at, written_until, opened_at in rows.values_list(
        "body__kind", "starts_at", "written_until", "opened_at"
    ):
        on = written_until or starts_at.astimezone(workdays.BERLIN).date()
        if on == workdays.today() and opened_at is None:
            continue
        for name, since in firsts.items():
            if on >= since:
                found[name]["written" if written_until else STEERING if kind == Body.Kind.STEERING else GROUPS] += 1
    return {name: {key: counted[key] for key in (STEERING, GROUPS, "written")} for name, counted in found.items()}


def _places(day: dt.date) -> list[dict[str, Any]]:
    """By name: how its agreement stands on the day, and when its last kick-off event until then was."""
    places = list(Municipality.objects.order_by("name"))
    agreements = Agreement.objects.filter(Q(valid_from__lte=day) | Q(valid_from__isnull=True, at__date__lte=day))
    held = KickOff.objects.filter(held=True, on_day__lte=day, cancelled_at__isnull=True)
    S = Agreement.Standing
    found = []
    events = {one.place.pk: one for one in begun(places, held.only("municipality", "on_day", "held", "day_is_known"))}
    for one in agreed(places, agreements.defer("subject", "signatories", "contact"), day, lambda _: ()):
        last = events[one.place.pk].last
        found.append(
            {
                "ags": one.place.ags,
                "pk": one.place.pk,
                "in_force": one.standing in (S.IN_FORCE, S.ENDING),
                "agreement": one.words,
                "since": one.current.valid_from.isoformat() if one.current and one.current.valid_from else None,
                "kick_off": last.on_day.isoformat() if last else None,
                "kick_off_known": bool(last and last.day_is_known),
                "kick_off_pk": last.pk if last else None,
            }
        )
    return found


def _statements(day: dt.date) -> dict[str, int]:
    asked = Statement.objects.filter(asked_at__lt=_after(day))
    open_ = (Q(received_on__isnull=True) | Q(received_on__gt=day)) & (
        Q(withdrawn_on__isnull=True) | Q(withdrawn_on__gt=day)
    )
    return asked.aggregate(
        asked=Count("pk"),
        received=Count("pk", filter=Q(received_on__lte=day)),
        in_time=Count("pk", filter=Q(received_on__lte=day) & Q(received_on__lte=F("due_on"))),
        open=Count("pk", filter=open_),
        overdue=Count("pk", filter=open_ & Q(due_on__lt=day)),
    )


def _after(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), workdays.BERLIN)
