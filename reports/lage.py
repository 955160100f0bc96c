"""The dashboard („Lage“): what its pages show of the chain, prepared for templates. Other parts hang in beside it.

Sections are `f(user, asked) -> dict | None` (reports.pages.LAGE). What several of them need is read once for the
question (Asked.once); nothing here counts, numbers come from reports.chain.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from urllib.parse import urlencode

from django.utils.safestring import SafeString, mark_safe

from kim import workdays
from kim.addresses import address, page
from kim.county_map import STEPS, Figure, county_map, level
from kim.dated import months_after
from kim.figures import Part
from kim.models import Bank, Code
from kim.rules import allows
from reports import access, chain, staffing
from reports.asked import Area, Asked
from reports.charts import Chart, Kind, Tone, cell_words
from reports.key_figures import KeyFigure, changed
from reports.pages import LAGE
from steering.escalation import State
from steering.models import Body, Meeting

S = State
MONTH_NAMES = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
    "Dezember",
)  # fmt: skip
MONTHS = ("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
#: The heat table of the dashboard shows so many topics, the most frequent; the others are added up.
TOPICS = 8
EVERY_TOPIC = 99
#: So many white spots are named beside their number.
NAMED = 3
#: The flow shows so many months up to the one asked for.
FLOW = 12
#: Stops of the line: key of its place on the line (kim-way), state, name.
STOPS = (
    ("casework", S.DRAFT, "Case Management"),
    ("coordination", S.COORDINATION, "Koordinierung"),
    ("strategy", S.STRATEGY, "Geschäftsstelle"),
    ("steering", S.STEERING, "Lenkungsgruppe"),
    ("project", S.PROJECT, "Projektgruppe"),
    ("coordination-back", S.FEEDBACK_DUE, "Rückmeldung offen"),
    ("casework-back", S.FED_BACK, "Rückgemeldet"),
)
#: What issues wait for, where the name of the station does not say it.
WAITS = {"casework": "Entwürfe", "coordination-back": "bei der Koordinierung", "casework-back": "Antwort steht aus"}
#: What a list of issues cannot be narrowed to: drafts stay with those who write them.
NOT_LISTED = (S.DRAFT, S.WITHDRAWN)
OLD = (Tone.ACCENT, Tone.ACCENT, Tone.ACCENT, Tone.SOON, Tone.LATE)


# What is read, once for a page


def counting(asked: Asked):
    """The last run that counted, None before the first one. The view has read it already."""
    return asked.once("counting", chain.latest)


def now_of(asked: Asked) -> chain.Chain:
    return asked.once("chain", lambda: chain.on(asked))


def before_of(asked: Asked) -> chain.Chain | None:
    return asked.once("chain before", lambda: chain.before(asked))


def places_of(asked: Asked) -> list[chain.Place]:
    return asked.once("places", lambda: chain.places(asked))


def months_of(asked: Asked, number: int = FLOW) -> list[chain.Month]:
    """So many months, the last one being that of the day asked for, up to that day."""
    first, until = months_after(asked.day.replace(day=1), 1 - number), asked.day + dt.timedelta(days=1)
    return asked.once(f"months {number}", lambda: chain.months(asked.area.key, first, until, counting(asked)))


def topic_ids(asked: Asked) -> dict[str, int]:
    """Code of a topic → id for the filter of lists; of several validities the last."""
    rows = Code.objects.filter(list=Code.List.TOPIC).order_by("valid_from").values_list("code", "pk")
    return asked.once("topics", lambda: dict(rows))


def sees_chain(user, asked: Asked) -> bool:
    return allows(access.reads_part, user, Part.CHAIN) and counting(asked) is not None


# Links


def is_current(asked: Asked) -> bool:
    """Lists know only how things stand now; of days past they cannot show what was counted."""
    last = counting(asked)
    return last is not None and asked.day >= last.until


def listed(asked: Asked, **narrowed) -> str:
    """The list of issues narrowed to what is counted; for days past the page with the stations and their meaning."""
    if not is_current(asked):
        return f"{page('reports:lage_chain')}?{asked.query}"
    if asked.area.place:
        narrowed.setdefault("municipality", asked.area.place.pk)
    elif asked.area.key:
        narrowed.setdefault("bank", asked.area.key)
    return f"{page('steering:issue_list')}?{urlencode(narrowed)}"


def of_area(asked: Asked, key: str) -> str:
    """The dashboard for another area, day and period kept."""
    return f"{page('reports:lage')}?on={asked.day:%Y-%m-%d}&span={asked.span}&area={key}"


# Words


def days(value, places: int = 1) -> str:
    """„6“, „6,5“; „–“ where there is none. Rounded half up."""
    if value is None:
        return "–"
    scaled = Fraction(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = f"{whole:0{places + 1}d}"
    words = f"{int(digits[:-places]):,}".replace(",", ".")
    rest = digits[-places:].rstrip("0")
    return f"{words},{rest}" if rest else words


def per_cent(share: Fraction | None) -> str:
    """„29 %“, rounded half up; „–“ where nothing was answered."""
    if share is None:
        return "–"
    return f"{(200 * share.numerator + share.denominator) // (2 * share.denominator)} %"


def on_day(day: dt.date) -> str:
    return f"am {day:%d.%m.%Y}"


def day_in_words(day: dt.date) -> str:
    """„16. März 2022“, held together in a heading of two lines."""
    return f"{day.day}.\N{NO-BREAK SPACE}{MONTH_NAMES[day.month - 1]}\N{NO-BREAK SPACE}{day.year}"


def month_words(first: dt.date) -> str:
    return f"{MONTHS[first.month - 1]} {first:%y}"


# Sections


@LAGE.section("reports/_lage_key_figures.html", order=10)
def key_figures(user, asked):
    if not sees_chain(user, asked):
        return None
    now, before = now_of(asked), before_of(asked)
    when = on_day(asked.day_before)
    number, median, p90 = now.feedback
    before_median = before.feedback[1] if before else None
    figures = [
        KeyFigure(
            cell_words(now.open), "offene Knackpunkte", key="chain.open", url=listed(asked),
            more=(f"{cell_words(now.overdue)} überfällig" if now.overdue else "keiner überfällig",),
            change=changed(now.open, before.open if before else None, when),
        ),
        KeyFigure(
            days(median), "Median bis zur Rückmeldung", small="" if median is None else "Tage",
            key="chain.feedback_days",
            more=(f"Kalendertage; 90 % bis {days(p90)}" if number else "in diesem Zeitraum keine",),
            change="" if before_median is None or median is None else f"im Zeitraum davor {days(before_median)}",
        ),
        KeyFigure(
            cell_words(now.feedback_of[0]), "rückgemeldet", small=f"von {cell_words(now.feedback_of[1])}",
            key="chain.feedback_share", more=(_silent(now.silent),),
            change=f"{' von '.join(map(cell_words, before.feedback_of))} {when}" if before else "",
        ),
    ]  # fmt: skip
    if allows(access.reads_part, user, Part.STAFFING):
        figures.append(_white_spots(user, asked))
    return {"figures": figures, "since": last_meeting(user, asked)}


@dataclass(frozen=True)
class Then:
    """How it stood at the end of the day of a meeting."""

    day: dt.date
    words: str
    url: str


def last_meeting(user, asked: Asked) -> Then | None:
    """Of the steering group, before the day asked for; None before anything was reported. Two queries."""
    midnight = dt.datetime.combine(asked.day, dt.time(), workdays.BERLIN)
    held = Meeting.objects.visible_to(user).past().filter(body__kind=Body.Kind.STEERING, starts_at__lt=midnight)
    held = held.filter(cancelled_at__isnull=True).exclude(mode=Meeting.Mode.WRITTEN)
    at = held.order_by("-starts_at").values_list("starts_at", flat=True).first()
    if at is None:
        return None
    day = at.astimezone(workdays.BERLIN).date()
    then = chain.on(replace(asked, day=day))
    if not then.feedback_of[1]:
        return None
    had, of = map(cell_words, then.feedback_of)
    late = f"{cell_words(then.overdue)} davon überfällig" if then.overdue else "keiner überfällig"
    words = f"{cell_words(then.open)} offen, {late}; {had} von {of} rückgemeldet"
    return Then(day, words, f"{page('reports:lage')}?on={day:%Y-%m-%d}&span={asked.span}&area={asked.area.key}")


def _white_spots(user, asked: Asked) -> KeyFigure:
    found = staffing.read(user, asked)
    names = [one.place.name for one in found.uncovered]
    before = sum(not one.covered_before for one in found.places)
    return KeyFigure(
        cell_words(len(names)), "Kommunen ohne Case Management", small=f"von {cell_words(len(found.places))}",
        key="staffing.uncovered", url=f"{page('reports:lage_staffing')}?{asked.query}", alarm=bool(names),
        more=(", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else ""),) if names else (),
        change=changed(len(names), before, on_day(asked.day_before)),
    )  # fmt: skip


def _silent(number: int) -> str:
    return f"{cell_words(number) if number else 'keiner'} ohne Wort seit über 30 Tagen"


@dataclass(frozen=True)
class Stop:
    key: str
    name: str
    count: str
    overdue: int
    waits: str  # for what
    median: str  # empty where no stay ended
    p90: str
    unit: str
    url: str
    back: bool

    @property
    def is_last_out(self) -> bool:
        return self.key == "project"


@LAGE.section("reports/_lage_chain.html", order=20)
def line(user, asked):
    if not sees_chain(user, asked):
        return None
    stations = {one.state: one for one in now_of(asked).stations}
    return {
        "stops": [_stop(asked, key, name, stations[state]) for key, state, name in STOPS],
        "state_level": stations[S.STATE_LEVEL].count,
        "state_level_url": listed(asked, state=S.STATE_LEVEL),
        "more": f"{page('reports:lage_chain')}?{asked.query}",
    }


def _stop(asked: Asked, key: str, name: str, station: chain.Station) -> Stop:
    url = "" if station.state in NOT_LISTED else listed(asked, state=station.state)
    median = "" if station.median is None else days(station.median)
    return Stop(
        key, name, cell_words(station.count), station.overdue, WAITS.get(key, ""), median, days(station.p90),
        "Tag" if station.median == 1 else "Tage", url or f"{page('reports:lage_chain')}?{asked.query}",
        key.endswith("-back"),
    )  # fmt: skip


@LAGE.section("reports/_lage_flow.html", order=30)
def ages_and_flow(user, asked):
    if not sees_chain(user, asked):
        return None
    came = any(one.reported or one.fed_back for one in months_of(asked))
    return {"ages": ages_chart(asked) if now_of(asked).open else None, "flow": flow_chart(asked) if came else None}


def ages_chart(asked: Asked) -> Chart:
    ages = now_of(asked).ages
    tones = OLD[-len(ages) :] if len(ages) <= len(OLD) else ()
    return Chart.of(
        "alter", Kind.BARS, f"Offene Knackpunkte nach Alter in Arbeitstagen {on_day(asked.day)}",
        ("Arbeitstage seit der Meldung", "Knackpunkte"), ((label, (number,)) for label, number in ages),
        unit="Knackpunkte", across=True, tones=tones,
    )  # fmt: skip


def flow_chart(asked: Asked) -> Chart:
    months = months_of(asked)
    return Chart.of(
        "zulauf", Kind.BARS, f"Gemeldete und rückgemeldete Knackpunkte je Monat bis {asked.day:%d.%m.%Y}",
        ("Monat", "gemeldet", "rückgemeldet"),
        ((month_words(one.first), (one.reported, one.fed_back)) for one in months),
        tones=(Tone.PALE, Tone.ACCENT),
    )  # fmt: skip


def standing_chart(asked: Asked, number: int = 2 * FLOW) -> Chart:
    return Chart.of(
        "bestand", Kind.LINES, f"Offene und überfällige Knackpunkte am Ende jedes Monats bis {asked.day:%d.%m.%Y}",
        ("Monat", "offen", "davon überfällig"),
        ((month_words(one.first), (one.open_at_end, one.overdue_at_end)) for one in months_of(asked, number)),
        tones=(Tone.ACCENT, Tone.LATE),
    )  # fmt: skip


# Places and topics


@dataclass(frozen=True)
class HeatRow:
    name: str
    url: str
    cells: tuple[tuple[int, str], ...]  # step of colour, 0 where there is none; number
    total: str
    bank: str = ""  # the heading above it, where a bank begins

    @property
    def written(self) -> SafeString:
        """Its cells as HTML: a loop in the template takes ten times as long."""
        return mark_safe("".join(f'<td class="t{step}">{words}</td>' for step, words in self.cells))  # noqa: S308


@dataclass(frozen=True)
class Heat:
    """Municipalities by topics, open issues; topics beyond the shown ones are added up."""

    columns: tuple[tuple[str, str], ...]  # (name, address)
    rows: tuple[HeatRow, ...]
    sums: tuple[str, ...]
    total: str
    key: tuple[tuple[int, str], ...]

    @property
    def width(self) -> int:
        return len(self.columns) + 2


def heat(asked: Asked, most: int = TOPICS) -> Heat:
    now, there = now_of(asked), sorted(places_of(asked), key=lambda one: _by_bank(one.area))
    ranked = sorted(now.topics, key=lambda one: (-one[2], one[1]))
    shown = sorted((one for one in ranked[:most] if one[2]), key=lambda one: one[1])
    codes = [code for code, _, _ in shown]
    table = [([one.topics.get(code, 0) for code in codes], one.open, one.area) for one in there]
    sums = [number for _, _, number in shown]
    others = any(total > sum(numbers) for numbers, total, _ in table)
    if others:
        table = [([*numbers, total - sum(numbers)], total, area) for numbers, total, area in table]
        sums = [*sums, now.open - sum(sums)]
    amounts = sorted({number for numbers, _, _ in table for number in numbers if number})
    steps = {number: level(number, [1, max(STEPS, *amounts)]) for number in amounts}
    ids = topic_ids(asked)
    columns = [(label, listed(asked, topic=ids[code]) if code in ids else "") for code, label, _ in shown]
    return Heat(
        columns=(*columns, *([("übrige", "")] if others else [])),
        rows=tuple(_heat_rows(asked, table, steps)),
        sums=tuple(cell_words(one) for one in sums),
        total=cell_words(now.open),
        key=_steps_in_words(steps),
    )


def _heat_rows(asked: Asked, table: Sequence, steps) -> Iterable[HeatRow]:
    last = ""
    for numbers, total, area in table:
        bank = _bank_words(area)
        cells = tuple((steps.get(number, 0), cell_words(number)) for number in numbers)
        yield HeatRow(area.name, of_area(asked, area.key), cells, cell_words(total), bank if bank != last else "")
        last = bank


def _steps_in_words(steps: dict[int, int]) -> tuple[tuple[int, str], ...]:
    found: dict[int, list[int]] = {}
    for number, step in steps.items():
        found.setdefault(step, []).append(number)
    return tuple(
        (step, str(min(there)) if min(there) == max(there) else f"{min(there)} bis {max(there)}")
        for step, there in sorted(found.items())
    )


def _by_bank(area: Area) -> tuple:
    bank = area.place.bank if area.place else ""
    return (list(Bank).index(Bank(bank)) if bank else len(Bank), area.name)


def _bank_words(area: Area) -> str:
    if area.place is None or not area.place.bank:
        return ""
    return Bank(area.place.bank).label


@LAGE.section("reports/_lage_places.html", order=40)
def places(user, asked):
    if not sees_chain(user, asked) or asked.area.is_place:
        return None
    some = now_of(asked).open > 0
    return {
        "heat": heat(asked) if some else None, "map": map_of_places(asked) if some else None,
        "table": f"{page('reports:lage_places')}?{asked.query}",
    }  # fmt: skip


@LAGE.section("reports/_lage_topics.html", order=40)
def topics(user, asked):
    """Of a single municipality: its topics as bars."""
    if not sees_chain(user, asked) or not asked.area.is_place:
        return None
    ids, named = topic_ids(asked), sorted(now_of(asked).topics, key=lambda one: (-one[2], one[1]))
    found = [
        (label, number, listed(asked, topic=ids[code]) if code in ids else "")
        for code, label, number in named
        if number
    ]
    chart = Chart.of(
        "themen", Kind.BARS, f"Offene Knackpunkte nach Thema {on_day(asked.day)}", ("Thema", "Knackpunkte"),
        ((label, (number,)) for label, number, _ in found), unit="Knackpunkte", across=True,
    )  # fmt: skip
    return {"chart": chart, "topics": found, "whole": of_area(asked, "")}


def map_of_places(asked: Asked):
    """Open issues per place, every tile a link to the place's figures; None where places have no coordinates."""
    counted = {one.area.key: one for one in places_of(asked)}
    there = [one for one in asked.areas.values() if one.place]
    figures = {
        one.key: _tile_of(asked, counted[one.key])
        if one.key in counted
        else Figure(None, "", one.name, of_area(asked, one.key), is_outside=True)
        for one in there
    }
    places = [one.place for one in there if one.place]
    title = f"Offene Knackpunkte je Kommune {on_day(asked.day)}"
    return county_map(places, figures, title=title, white="nicht gezählt")


def _tile_of(asked: Asked, one: chain.Place) -> Figure:
    number = one.open
    words = f"{number} offene{'r' if number == 1 else ''} Knackpunkt{'' if number == 1 else 'e'}"
    late = f", davon {one.overdue} überfällig" if one.overdue else ""
    # „0“ stands on the tile, so it is said as well: a name holds what one sees.
    return Figure(number, cell_words(number), f"{one.area.name}: {words}{late}", of_area(asked, one.area.key))


@LAGE.section("reports/_lage_bundles.html", order=50)
def bundles(user, asked):
    if not sees_chain(user, asked) or not is_current(asked):
        return None
    here = {one.name for one in asked.areas.values() if one.is_place and one.ags <= asked.area.ags}
    found = asked.once("bundles", lambda: chain.bundles(user))
    if asked.area.key:
        found = [one for one in found if here.intersection(one.places)]
    return {"bundles": [(one, address("steering:issue_detail", one.issue.pk)) for one in found]} if found else None


# Tables of the other pages


@dataclass(frozen=True)
class StationRow:
    name: str
    station: chain.Station
    url: str
    median: str
    p90: str


def station_rows(asked: Asked) -> list[StationRow]:
    """All states in the order of the chain."""
    return [
        StationRow(
            one.label, one, "" if one.state in NOT_LISTED or not is_current(asked) else listed(asked, state=one.state),
            days(one.median), days(one.p90),
        )
        for one in now_of(asked).stations
    ]  # fmt: skip


@dataclass(frozen=True)
class PlaceRow:
    name: str
    url: str
    bank: str
    open: str
    overdue: str
    reported: str


def place_rows(asked: Asked) -> list[PlaceRow]:
    return [
        PlaceRow(
            one.area.name, of_area(asked, one.area.key), _bank_words(one.area) or "–",
            cell_words(one.open), cell_words(one.overdue), cell_words(one.reported),
        )
        for one in places_of(asked)
    ]  # fmt: skip


def in_period(asked: Asked) -> list[tuple[str, str, str]]:
    """What happened in the period, and in the one before: (what, number, number before or „–“)."""
    now, before = now_of(asked), before_of(asked)
    names = (
        ("gemeldet", "reported"), ("beantwortet", "answered"), ("rückgemeldet", "fed_back"),
        ("abgeschlossen", "closed"), ("gebündelt", "merged"), ("wieder aufgenommen", "reopened"),
    )  # fmt: skip
    rows = [
        (words, cell_words(getattr(now, name)), cell_words(getattr(before, name)) if before else "–")
        for words, name in names
    ]
    share = per_cent(before.feedback_share) if before else "–"
    return [*rows, ("von allen Gemeldeten mindestens einmal rückgemeldet", per_cent(now.feedback_share), share)]
