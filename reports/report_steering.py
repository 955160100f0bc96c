"""Sections of a status report about the steering group and about what county and municipalities agreed on.

What was entered in KIM is known from the moment of its trail row; what came with the county file from its own day.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from django.utils.text import Truncator

from kim import workdays
from kim.models import Municipality, TrailEntry
from reports.blocks import Block, facts, listed, table, words
from reports.moment import Moment, enumerated, german
from reports.report_posts import named
from steering.coverage import Agreed, agreed, begun
from steering.models import Agreement, Body, Interface, KickOff, Meeting, Resolution, RulesOfProcedure
from steering.models.decisions import STEPS

#: So much of a resolution or result stands in a table; the whole text stands where it was written.
SHORT = 400
ACTS = (
    "meeting.plan", "meeting.cancel", "kickoff.plan", "kickoff.hold", "kickoff.cancel",
    "agreement.prepare", "agreement.send", "agreement.sign", "agreement.end",
)  # fmt: skip

#: (act, id) → the moment it was first done.
Trail = Mapping[tuple[str, int], dt.datetime]


def trail_of() -> Trail:
    """When meetings, kick-off events and agreements were entered and what happened to them since; one query."""
    rows = TrailEntry.objects.filter(
        act__in=ACTS, kind__in=["steering.meeting", "steering.kickoff", "steering.agreement"]
    )
    found: dict[tuple[str, int], dt.datetime] = {}
    for act, pk, at in rows.order_by("id").values_list("act", "object_id", "at"):
        if pk.isdecimal():
            found.setdefault((act, int(pk)), at)
    return found


def _entered(trail: Trail, act: str, pk: int, day: dt.date, moment: Moment) -> bool:
    """By the trail where it has a row, else by the day itself."""
    at = trail.get((act, pk))
    return at <= moment.known_at if at else day <= moment.known_on


def _happened(trail: Trail, act: str, pk: int, moment: Moment) -> bool:
    """Whether it was done by then; what has no row in the trail was so from the start."""
    at = trail.get((act, pk))
    return at is None or at <= moment.until


# Steering group


def steering_group(moment: Moment, trail: Trail) -> list[Block]:
    """Five queries."""
    bodies = Body.objects.filter(kind=Body.Kind.STEERING, valid_from__lte=min(moment.valid_on, moment.known_on))
    body = bodies.order_by("-valid_from", "pk").first()
    if body is None:
        return [words("none", f"Am {german(moment.valid_on)} war keine Lenkungsgruppe eingerichtet.")]
    meetings = [one for one in body.meetings.order_by("starts_at") if _is_known(one, trail, moment)]
    held = [one for one in meetings if one.day <= moment.valid_on]
    coming = [one for one in meetings if one.day > moment.valid_on]
    rules = _rules(body, moment)
    numbers = [
        ("eingerichtet seit", german(body.valid_from)),
        ("Sitzungen", f"{len(held)}{_of_them(held, moment)}"),
        ("konstituierende Sitzung", german(held[0].day) if held else "noch keine"),
        ("nächste Sitzung", german(coming[0].day) if coming else "noch kein Termin bekannt"),
        ("Geschäftsordnung", rules),
    ]
    shown = [(number, one) for number, one in enumerate(held, 1) if number == 1 or moment.is_new(one.day)]
    rows = [(str(number), [f"{number}.", german(one.day), _called(one, number), _form(one)]) for number, one in shown]
    blocks = [facts("numbers", numbers)]
    if rows:
        blocks.append(table("meetings", "Sitzungen der Lenkungsgruppe", ["Nr.", "Tag", "Sitzung", "Form"], rows))
    return [*blocks, *_resolutions(body, moment)]


def _is_known(meeting: Meeting, trail: Trail, moment: Moment) -> bool:
    if not _entered(trail, "meeting.plan", meeting.pk, meeting.day, moment):
        return False
    return meeting.cancelled_at is None or meeting.cancelled_at > moment.known_at


def _of_them(held: list[Meeting], moment: Moment) -> str:
    new = sum(moment.is_new(one.day) for one in held)
    return f", davon {new} {moment.since_words}" if moment.since and held else ""


def _called(meeting: Meeting, number: int) -> str:
    return meeting.title or ("Konstituierende Sitzung" if number == 1 else f"{number}. Sitzung")


def _form(meeting: Meeting) -> str:
    return str(Meeting.Mode(meeting.mode).label)


def _rules(body: Body, moment: Moment) -> str:
    """State of the rules of procedure on the day: none, draft, submitted, or adopted."""
    day = min(moment.valid_on, moment.known_on)
    versions = list(RulesOfProcedure.objects.filter(body=body).select_related("meeting").order_by("-version"))
    begun_by = [one for one in versions if _began(one) <= day]
    held = [one for one in begun_by if one.valid_from and one.valid_from <= day]
    parts = []
    if held:
        parts.append(f"verabschiedet, Fassung {held[0].version} gilt ab {german(held[0].valid_from)}")
    if begun_by and (not held or begun_by[0].version > held[0].version):
        parts.append(_draft(begun_by[0], moment))
    return "; ".join(parts) or "noch kein Entwurf"


def _began(rules: RulesOfProcedure) -> dt.date:
    """The first day on which the version is on record: entered, submitted or in force."""
    entered = rules.at.astimezone(workdays.BERLIN).date()
    days = [rules.submitted_on, rules.valid_from, entered if rules.by_id else None]
    return min((one for one in days if one), default=entered)


def _draft(rules: RulesOfProcedure, moment: Moment) -> str:
    if rules.submitted_on is None or rules.submitted_on > moment.valid_on:
        return f"Entwurf, Fassung {rules.version}, noch nicht vorgelegt"
    to = f" ({rules.submitted_to})" if rules.submitted_to else ""
    meeting = rules.meeting
    ahead = meeting is not None and meeting.cancelled_at is None and meeting.day > moment.valid_on
    when = f"in der Sitzung am {german(meeting.day)}" if meeting and ahead else "in der nächsten Sitzung"
    return f"Entwurf vorgelegt am {german(rules.submitted_on)}{to}, Verabschiedung {when}"


def _resolutions(body: Body, moment: Moment) -> list[Block]:
    """On issues by number alone, all others with their text: what a body resolves is free of personal data."""
    day = {"decided_on__lte": moment.valid_on} | ({"decided_on__gt": moment.since} if moment.since else {})
    found = [
        one
        for one in Resolution.objects.filter(body=body, **day).order_by("decided_on", "pk")
        if (one.recorded_at <= moment.known_at if one.recorded_by_id else one.decided_on <= moment.known_on)
    ]
    steps = Counter(one.verdict for one in found if one.issue_id and one.verdict in STEPS)
    blocks = []
    if steps:
        rows = [(str(Resolution.Verdict(verdict).label), str(steps[verdict])) for verdict in STEPS if steps[verdict]]
        blocks.append(facts("on_issues", rows, "Beschlüsse zu Knackpunkten"))
    others = [
        (one.number, [one.number, german(one.decided_on), _verdict(one), Truncator(one.text).chars(SHORT)])
        for one in found
        if not one.issue_id
    ]
    if others:
        blocks.append(table("resolutions", "Weitere Beschlüsse", ["Nummer", "Tag", "Ergebnis", "Beschluss"], others))
    return blocks


def _verdict(resolution: Resolution) -> str:
    return str(Resolution.Verdict(resolution.verdict).label)


# Cooperation


def cooperation(moment: Moment, trail: Trail) -> list[Block]:
    """Five queries."""
    places = list(Municipality.objects.order_by("name"))
    return [*_agreements(places, moment, trail), *_kick_offs(places, moment, trail), *_interfaces(moment)]


def _agreements(places: list[Municipality], moment: Moment, trail: Trail) -> list[Block]:
    versions = [_as_known(one, moment, trail) for one in Agreement.objects.all()]
    found = agreed(places, [one for one in versions if one], moment.valid_on, lambda _: ())
    standings = Counter(str(one.standing) for one in found)
    in_force = standings[Agreement.Standing.IN_FORCE] + standings[Agreement.Standing.ENDING]
    without = [named(one.place) for one in found if one.current is None]
    numbers = [
        ("Vereinbarungen in Kraft", f"{in_force} von {len(places)} Kommunen"),
        ("ohne Vereinbarung", enumerated(without) or "keine"),
    ]
    rows = [
        (one.place.ags, [named(one.place), one.words, german(one.current.signed_on), _note(one)])
        for one in found
        if one.current
    ]
    blocks = [facts("agreements_numbers", numbers, "Kooperationsvereinbarungen")]
    if rows:
        columns = ["Kommune", "Stand", "unterzeichnet am", "Beleg"]
        kept = [place for place in range(len(columns)) if any(cells[place] for _, cells in rows)]
        rows = [(key, [cells[place] for place in kept]) for key, cells in rows]
        title = "Kooperationsvereinbarungen je Kommune"
        blocks.append(table("agreements", title, [columns[place] for place in kept], rows))
    return blocks


def _note(row: Agreed) -> str:
    """What proves it; nothing where it was signed in KIM."""
    return row.current.source if row.current and row.current.signed_on is None else ""


def _as_known(one: Agreement, moment: Moment, trail: Trail) -> Agreement | None:
    """The version as it stood: None where nobody knew of it, and nothing signed, sent or ended that was so later."""
    day = min(moment.valid_on, moment.known_on)
    if one.by_id is None:
        return one if one.valid_from and one.valid_from <= moment.known_on else None
    if one.at > moment.until:
        return None
    if not _happened(trail, "agreement.sign", one.pk, moment) or (one.signed_on and one.signed_on > day):
        one.signed_on = one.valid_from = one.valid_until = None
    if not _happened(trail, "agreement.send", one.pk, moment) or (one.sent_on and one.sent_on > day):
        one.sent_on = None
    if one.ended_because and not _happened(trail, "agreement.end", one.pk, moment):
        one.ended_because, one.valid_until = "", None
    return one


def _kick_offs(places: list[Municipality], moment: Moment, trail: Trail) -> list[Block]:
    """What was planned for later only where the plan was there on the day: one made years after is none of its."""
    events = [
        one
        for one in KickOff.objects.order_by("on_day", "pk")
        if _entered(trail, "kickoff.plan", one.pk, one.on_day, moment)
        and (one.cancelled_at is None or one.cancelled_at > moment.known_at)
        and (one.on_day <= moment.valid_on or _happened(trail, "kickoff.plan", one.pk, moment))
    ]
    for one in events:
        one.held = one.held and one.on_day <= moment.valid_on and _happened(trail, "kickoff.hold", one.pk, moment)
    if not events:
        return [facts("kick_off_numbers", [("erfasst", "keine mit Kommune und Tag")], "Auftaktveranstaltungen")]
    found = begun(places, events)
    numbers = [
        ("haben stattgefunden", f"{sum(one.held for one in events)}"),
        ("geplant", f"{sum(not one.held and one.on_day > moment.valid_on for one in events)}"),
        ("Kommunen mit Auftaktveranstaltung", f"{sum(one.last is not None for one in found)} von {len(places)}"),
    ]
    by_id = {place.pk: named(place) for place in places}
    rows = [
        (str(one.pk), [by_id[one.municipality_id], one.day_words, _stands(one, moment), one.place]) for one in events
    ]
    title = "Auftaktveranstaltungen je Kommune"
    return [
        facts("kick_off_numbers", numbers, "Auftaktveranstaltungen"),
        table("kick_offs", title, ["Kommune", "Tag", "Stand", "Ort"], rows),
    ]


def _stands(one: KickOff, moment: Moment) -> str:
    if one.held:
        return "hat stattgefunden"
    return "geplant" if one.on_day > moment.valid_on else "Ergebnis noch nicht eingetragen"


def _interfaces(moment: Moment) -> list[Block]:
    """Identified by then, with an agreed way of working by then."""
    day = min(moment.valid_on, moment.known_on)
    found = [
        one
        for one in Interface.objects.filter(at__lte=moment.until).prefetch_related("ways").order_by("title", "pk")
        if one.retired_on is None or one.retired_on > day
    ]
    if not found:
        return [facts("interfaces", [("erfasst", "keine")], "Schnittstellen")]
    ways: dict[int, list[dt.date]] = defaultdict(list)
    for one in found:
        ways[one.pk] = [way.agreed_on for way in one.ways.all() if way.agreed_on <= day and way.at <= moment.until]
    agreed_ways = sum(bool(ways[one.pk]) for one in found)
    numbers = [("erfasst", str(len(found))), ("mit vereinbarter Arbeitsweise", str(agreed_ways))]
    new = [one.title for one in found if ways[one.pk] and moment.is_new(min(ways[one.pk]))]
    blocks = [facts("interfaces", numbers, "Schnittstellen")]
    return [*blocks, *_new_ways(new, moment)]


def _new_ways(titles: Iterable[str], moment: Moment) -> Iterable[Block]:
    titles = list(titles)
    if titles:
        since = f" {moment.since_words}" if moment.since else ""
        yield listed("new_ways", f"Arbeitsweise vereinbart{since}", titles)
