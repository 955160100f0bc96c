"""What lists can be narrowed by. Of issues: the choices of all selects and the saved filters come from one query."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, cast

from django.db.models import Case, Exists, F, Max, Min, OuterRef, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.forms import CharField, ChoiceField, Form, TextInput, TypedChoiceField

from kim import workdays
from kim.addresses import address
from kim.form_rendering import QuickSelect
from kim.forms import Day
from kim.models import Bank, Code, County, Municipality, Notice, Organisation, SavedFilter
from kim.together import Slot, text, through, together
from kim.trigrams import fold
from steering import access
from steering.access import UNREPORTED
from steering.escalation import HOLDER, OPEN, Office, State
from steering.models import Body, Comment, Confirmation, Issue, Meeting, Reporter
from steering.models.meetings import MeetingQuerySet

#: What a list can be ordered by: key in the address → (words, key of the page).
ORDERS = {
    "due": ("Fälliges zuerst", "due_rank"),
    "new": ("zuletzt gemeldet", "-reported_at"),
    "old": ("zuerst gemeldet", "reported_at"),
}
ALL = "all"
NUMBER = re.compile(r"kp-\d{4}-\d{4,}", re.IGNORECASE)
#: Lists of codes an issue is told by.
LISTS = (Code.List.TOPIC, Code.List.LIFE_DOMAIN, Code.List.LEGAL_AREA)
SELECT = {"class": "form-select form-select-sm"}
INPUT = {"class": "form-control form-control-sm"}
#: And a list of what one reported oneself, where drafts and answers stand side by side.
REPORT_ORDERS = {
    "due": ("Fälliges zuerst", "due_rank"),
    "new": ("zuletzt bewegt", "-state_since"),
    "old": ("am längsten unbewegt", "state_since"),
}


@dataclass(frozen=True)
class Choices:
    """What the selects of a list offer; with it, what the rows point at can be shown without asking again."""

    codes: dict[str, list[Code]]
    places: list[Municipality]
    saved: list[SavedFilter]
    beside: dict[str, list]

    @classmethod
    def of(cls, user, page: str, beside: int | None = None) -> "Choices":
        """Read at once: code lists, municipalities, the user's saved filters.

        With the id of an issue `beside`, also what a reading pane shows of it: the `issue` if the user may see it, its
        `legal_areas`, `reporters` (with `user_name`), `findings` of the privacy gate that were vouched for, the
        `last_word` said publicly, the `lead`, the `county` and the user's `unread` notices about it.
        """
        values: dict[str, Any] = {"user": user.pk, "page": page}
        sight = None
        if beside is not None:
            sight = access.Sight.of(user)
            values |= {"issue": beside, "url": address("steering:issue_detail", beside), **sight.values}
        read = _choices(sight.shape if sight else None)(**values)
        codes: dict[str, list[Code]] = {name: [] for name in LISTS}
        for code in sorted(read.pop("codes"), key=lambda code: (code.position, fold(str(code)))):
            codes[code.list].append(code)
        places, saved = (sorted(read.pop(name), key=lambda row: fold(row.name)) for name in ("places", "saved"))
        return cls(codes, places, saved, read)

    def name_in(self, issues: Iterable[Issue]) -> None:
        """Hang municipality, topic and life domain into `issues`."""
        places = {place.pk: place for place in self.places}
        codes = {code.pk: code for among in self.codes.values() for code in among}
        for issue in issues:
            issue.municipality = places.get(issue.municipality_id or 0)
            issue.topic, issue.life_domain = codes.get(issue.topic_id or 0), codes.get(issue.life_domain_id or 0)


@together
def _choices(sight):
    user, issue = Slot("user"), Slot("issue")
    offered = {
        "codes": Code.objects.order_by().filter(list__in=LISTS).only("list", "label", "short", "position"),
        "places": Municipality.objects.order_by().only("name", "bank"),
        "saved": SavedFilter.objects.order_by().filter(user=user, page=text("page")).only("name", "query"),
    }
    if sight is None:
        return offered
    here = Issue.objects.filter(pk=issue)
    shown = here.annotate(shown=Coalesce("lead", "pk")).values("shown")
    return offered | {
        "issue": here.filter(access.Sight.in_slots(*sight).issues()),
        "legal_areas": Code.objects.filter(pk__in=through(Issue, "legal_areas", issue)),
        "reporters": Reporter.of(issue)
        .order_by(Case(When(issue=issue, first=True, then=0), default=1), "pk")
        .annotate(user_name=F("user__display_name")),
        "findings": Confirmation.objects.filter(issue=issue).order_by("pk"),
        "last_word": Comment.objects.filter(public=True, issue__in=shown).order_by("-at", "-pk")[:1],
        "lead": Issue.objects.filter(pk__in=here.values("lead")),
        "county": County.objects.all()[:1],
        "unread": Notice.objects.filter(recipient=user, read_at=None, url=text("url")).only("pk"),
    }


def _choice(label: str, empty: str, choices=()) -> ChoiceField:
    return ChoiceField(label=label, required=False, choices=[("", empty), *choices], widget=QuickSelect(attrs=SELECT))


def _row(label: str) -> ChoiceField:
    """Choice of a row by its id; what there is to choose comes with `Choices`."""
    return TypedChoiceField(label=label, required=False, coerce=int, empty_value="", widget=QuickSelect(attrs=SELECT))


def _orders(orders: Mapping[str, tuple[str, str]]) -> ChoiceField:
    choices = [(key, words) for key, (words, _) in orders.items()]
    return ChoiceField(label="Reihenfolge", required=False, choices=choices, widget=QuickSelect(attrs=SELECT))


def _day(label: str) -> Day:
    day = Day(label=label, required=False, past=True)
    day.widget.attrs |= INPUT
    return day


class Filter(Form):
    """What every list can be narrowed by, and what its page and its file ask about that."""

    #: Controls that are always in sight, beside the search; the others wait behind „Weitere Filter“.
    FIRST: ClassVar[tuple[str, ...]] = ()
    #: Names that leave nothing out: the order, and which half of a list is shown.
    NO_NARROWING: ClassVar[tuple[str, ...]] = ("sort",)

    q = CharField(
        label="Suche", required=False, max_length=100,
        widget=TextInput(attrs=INPUT | {"type": "search", "placeholder": "Wort oder Nummer"}),
    )  # fmt: skip

    @property
    def given(self) -> dict:
        """What is chosen and can be; the rest is named as an error and left out."""
        self.is_valid()
        return self.cleaned_data

    @property
    def in_use(self) -> list[str]:
        """The labels of what is narrowed by, without search and order."""
        left_out = {"q", *self.NO_NARROWING}
        return [str(self.fields[name].label) for name, value in self.given.items() if value and name not in left_out]

    @property
    def narrowed_by(self) -> list[str]:
        """The same with the search, whose words stay out."""
        return [*self.in_use, *(["Suche"] if self.given.get("q") else [])]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.narrowed_by)

    @property
    def first_fields(self):
        return [self[name] for name in self.FIRST]

    @property
    def more_fields(self):
        return [self[name] for name in self.fields if name not in (*self.FIRST, "q")]

    @property
    def in_use_more(self) -> bool:
        return any(value and name not in (*self.FIRST, "q") for name, value in self.given.items())

    @property
    def words(self) -> tuple[str, ...]:
        """What is searched for, folded as it is kept."""
        return tuple(fold(self.given.get("q", "").strip()).split()[:6])

    def _offer(self, name: str, empty: str, choices: Iterable[tuple]) -> None:
        cast(ChoiceField, self.fields[name]).choices = [("", empty), *choices]


class IssueFilter(Filter):
    """Filters of a list of issues. Nothing chosen means: all open ones."""

    FIRST = ("state", "due", "mine", "sort")

    state = _choice("Stand", "alle offenen")
    office = _choice("liegt bei", "alle", Office.choices)
    due = _choice("Frist", "alle", [
        ("late", "überfällig"), ("soon", "in zwei Arbeitstagen fällig"), ("paused", "Uhr angehalten"),
    ])  # fmt: skip
    mine = _choice("Bezug", "alle", [("held", "liegt bei mir"), ("reported", "von mir gemeldet")])
    topic = _row("Thema")
    life_domain = _row("Handlungsfeld")
    legal_area = _row("Rechtskreis")
    municipality = _row("Kommune")
    bank = _choice("Rheinseite", "beide", Bank.choices)
    since = _day("gemeldet ab")
    until = _day("gemeldet bis")
    sort = _orders(ORDERS)

    def __init__(self, data, *, choices: Choices, states=tuple(OPEN)):
        """`states` are those the list can hold at all; the select offers them."""
        super().__init__(data)
        self.states = states
        self.places = choices.places
        closed = [state for state in State if state not in OPEN]
        offered = [state for state in State if state in states or state in closed]
        labels = [(ALL, "alle, auch abgeschlossene"), *((state.value, state.label) for state in offered)]
        self._offer("state", "alle offenen", labels)
        offers: dict[str, Iterable] = {**choices.codes, "municipality": choices.places}
        for name, rows in offers.items():
            self._offer(name, "alle", ((row.pk, str(row)) for row in rows))

    # What the page asks

    @property
    def relation(self) -> str:
        """Whether only what is held or was reported is looked for."""
        return self.given.get("mine") or ""

    @property
    def order(self) -> str:
        """The key to page by. Drafts have no moment of reporting; they are paged by age."""
        if self.given.get("state") in UNREPORTED:
            return "-state_since"
        return ORDERS[self.given.get("sort") or "due"][1]

    @cached_property
    def wanted(self) -> dict[str, Any]:
        """What the list is narrowed by, as `narrow` takes it."""
        left_out = {"mine", *self.NO_NARROWING}
        found = {name: value for name, value in self.given.items() if value and name not in left_out}
        if text := found.pop("q", "").strip():
            number = NUMBER.fullmatch(text)
            found["number" if number else "words"] = text.upper() if number else self.words
        if "due" in found:
            found["due"] = (found["due"], workdays.today(), self._soon() if found["due"] == "soon" else None)
        if "bank" in found:
            found["bank"] = tuple(place.pk for place in self.places if place.bank == found["bank"])
        if "since" in found:
            found["since"] = _midnight(found["since"])
        if "until" in found:
            found["until"] = _midnight(found["until"] + dt.timedelta(days=1))
        if "state" not in found:
            found["states"] = tuple(one for one in self.states if one not in UNREPORTED)
        return found

    def _soon(self) -> dt.date:
        return workdays.add_workdays(workdays.today(), 2, County.current().workday_rules)

    def narrowed(self, sets: Iterable[QuerySet]) -> list[QuerySet]:
        return [narrow(rows, self.wanted) for rows in sets]


class ReportFilter(IssueFilter):
    """Filters of what one reported oneself: what is under way, drafts among it, or what has come to an end."""

    FIRST = ("stand", "state", "due", "sort")
    NO_NARROWING = ("sort", "stand")
    mine = None  # type: ignore[assignment]  # how Django leaves a field out; all of it is one's own
    stand = _choice("Zeigen", "unterwegs", [("ended", "beendet")])
    sort = _orders(REPORT_ORDERS)

    def __init__(self, data, *, choices: Choices):
        super().__init__(data, choices=choices)
        self.ended = data.get("stand") == "ended"
        ends = [state for state in State if state not in OPEN]
        held = ends if self.ended else [*OPEN, State.MERGED]  # what is bundled goes on in its lead
        self._offer("state", "alle", ((state.value, state.label) for state in held))

    @property
    def order(self) -> str:
        chosen = self.given.get("sort")
        return REPORT_ORDERS[chosen][1] if chosen else ("-state_since" if self.ended else "due_rank")

    @cached_property
    def wanted(self) -> dict[str, Any]:
        return {name: value for name, value in super().wanted.items() if name != "states"}


class MeetingFilter(Filter):
    """Filters of a list of meetings: those to come, or those that are over, or both."""

    FIRST = ("stand", "body", "year", "sort")
    NO_NARROWING = ("sort", "stand")
    stand = _choice("Zeigen", "kommende", [("past", "vergangene"), ("all", "alle")])
    body = _row("Gremium")
    year = _row("Jahr")
    mode = _choice("Form", "alle", Meeting.Mode.choices)
    since = _day("Von")
    until = _day("Bis")
    sort = _choice("Reihenfolge", "von heute aus", [("old", "älteste zuerst"), ("new", "neueste zuerst")])

    def __init__(self, data, *, bodies: Iterable[Body], years: Iterable[int] = ()):
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Titel, Ort oder Gremium"
        self.bodies = list(bodies)
        self._offer("body", "alle", ((body.pk, str(body)) for body in self.bodies))
        self._offer("year", "alle", ((year, str(year)) for year in years))
        for name in ("since", "until"):
            cast(Day, self.fields[name]).past = self.past  # a day without a year

    @property
    def past(self) -> bool:
        """What is over is shown, too: a year is shown as a whole."""
        return self.data.get("stand") in ("past", "all") or bool(self.data.get("year"))

    @property
    def order(self) -> str:
        return {"new": "-starts_at", "old": "starts_at"}.get(
            self.given.get("sort", ""), "-starts_at" if self.past else "starts_at"
        )

    def narrowed(self, rows: MeetingQuerySet) -> MeetingQuerySet:
        given = self.given
        stand, year = given.get("stand"), given.get("year")
        if stand != "all" and not (year and not stand):
            rows = rows.past() if stand == "past" else rows.to_come()
        if given.get("body"):
            rows = rows.filter(body=given["body"])
        if given.get("mode"):
            rows = rows.filter(mode=given["mode"])
        if year:
            begin, end = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
            rows = rows.filter(starts_at__gte=_midnight(begin), starts_at__lt=_midnight(end))
        if given.get("since"):
            rows = rows.filter(starts_at__gte=_midnight(given["since"]))
        if given.get("until"):
            rows = rows.filter(starts_at__lt=_midnight(given["until"] + dt.timedelta(days=1)))
        for word in self.words:
            named = [body.pk for body in self.bodies if word in fold(str(body))]
            rows = rows.filter(Q(folded__contains=word) | Q(body__in=named))
        return rows


class MinutesFilter(Filter):
    """Filters of the list of minutes, which are found by their meetings."""

    FIRST = ("stand", "body", "year", "sort")
    stand = _choice("Stand", "alle", [("draft", "Entwurf"), ("sent", "versandt"), ("approved", "genehmigt")])
    body = _row("Gremium")
    year = _row("Jahr")
    sort = _choice("Reihenfolge", "neueste zuerst", [("old", "älteste zuerst")])

    def __init__(self, data, *, bodies: Iterable[Body], since: int):
        """`since` is the year of the first one."""
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Titel, Ort oder Gremium"
        self.bodies = list(bodies)
        self._offer("body", "alle", ((body.pk, str(body)) for body in self.bodies))
        self._offer("year", "alle", ((year, year) for year in range(workdays.today().year, since - 1, -1)))

    @property
    def order(self) -> str:
        return "starts_at" if self.given.get("sort") == "old" else "-starts_at"

    def narrowed(self, meetings: QuerySet) -> QuerySet:
        given = self.given
        if stand := given.get("stand"):
            meetings = meetings.filter(
                minutes__sent_at__isnull=stand == "draft", minutes__approved_on__isnull=stand != "approved"
            )
        if given.get("body"):
            meetings = meetings.filter(body=given["body"])
        if year := given.get("year"):
            begin, end = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
            meetings = meetings.filter(starts_at__gte=_midnight(begin), starts_at__lt=_midnight(end))
        for word in self.words:
            named = [body.pk for body in self.bodies if word in fold(str(body))]
            meetings = meetings.filter(Q(folded__contains=word) | Q(body__in=named))
        return meetings


class BodyFilter(Filter):
    """Filters of the list of bodies, which is read as a whole."""

    FIRST = ("kind", "municipality", "sort")
    kind = _choice("Art", "alle", Body.Kind.choices)
    municipality = _row("Kommune")
    sort = _choice("Reihenfolge", "nach Name", [("next", "nächste Sitzung zuerst"), ("open", "meiste Arbeit zuerst")])

    def __init__(self, data, *, bodies: Iterable[Body]):
        """`bodies` come with their municipalities and figures."""
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Name oder Auftrag"
        self.bodies = list(bodies)
        places = {place.pk: place for body in self.bodies for place in body.municipalities.all()}
        offered = sorted(places.values(), key=lambda place: fold(place.name))
        self._offer("municipality", "alle", ((place.pk, str(place)) for place in offered))

    @cached_property
    def found(self) -> list[Body]:
        return sorted(filter(self._fits, self.bodies), key=self._rank)

    def _fits(self, body: Body) -> bool:
        given, told = self.given, fold(f"{body} {body.get_kind_display()} {body.mandate}")
        return (
            (not given.get("kind") or body.kind == given["kind"])
            and (
                not given.get("municipality") or given["municipality"] in {one.pk for one in body.municipalities.all()}
            )
            and all(word in told for word in self.words)
        )

    def _rank(self, body: Any) -> tuple:
        by_name = (fold(str(body)), body.pk)
        match self.given.get("sort"):
            case "next":
                return (body.next_at is None, body.next_at or body.valid_from, *by_name)
            case "open":
                return (-body.open_number, *by_name)
        return by_name


class ResolutionFilter(Filter):
    """Filters of the register of resolutions; what can be chosen is what `seen` holds."""

    FIRST = ("state", "origin", "sort")
    state = _choice("Stand", "alle", [
        ("open", "offen"), ("overdue", "überfällig"), ("done", "umgesetzt"), ("dropped", "entfallen"),
        ("settled", "mit dem Beschluss erledigt"),
    ])  # fmt: skip
    origin = _choice("Beschlüsse von", "allen", [("bodies", "Gremien"), ("places", "Kommunen")])
    body = _row("Gremium")
    municipality = _row("Kommune")
    owner = _choice("Verantwortlich", "alle")
    year = _row("Jahr")
    sort = _choice("Reihenfolge", "neueste zuerst", [("old", "älteste zuerst"), ("due", "Fälliges zuerst")])

    def __init__(self, data, *, seen: QuerySet):
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Wort, Nummer oder Stelle"
        seen = seen.order_by()
        owned, taken = (Exists(seen.filter(**{name: OuterRef("pk")})) for name in ("owner_body", "body"))
        bodies = Body.objects.annotate(owns=owned, taken=taken).filter(Q(owns=True) | Q(taken=True)).order_by("name")
        self.bodies = list(bodies)
        self.places = list(Municipality.objects.filter(pk__in=seen.values("municipality")))
        self.institutions = list(Organisation.objects.filter(pk__in=seen.values("owner_organisation")))
        self._offer("body", "alle", ((body.pk, str(body)) for body in self.bodies if body.taken))
        self._offer("municipality", "alle", ((place.pk, str(place)) for place in self.places))
        owners = [(f"g{body.pk}", str(body)) for body in self.bodies if body.owns]
        self._offer("owner", "alle", [*owners, *((f"i{one.pk}", str(one)) for one in self.institutions)])
        ends = seen.aggregate(first=Min("decided_on"), last=Max("decided_on"))
        years = range(ends["last"].year, ends["first"].year - 1, -1) if ends["last"] else ()
        self._offer("year", "alle", ((year, str(year)) for year in years))

    @property
    def order(self) -> str:
        return {"old": "decided_on", "due": "due_on"}.get(self.given.get("sort", ""), "-decided_on")

    def narrowed(self, rows: QuerySet) -> QuerySet:
        given = self.given
        rows = _RESOLUTIONS[given.get("state") or ""](rows)
        if self.order == "due_on":
            rows = rows.filter(due_on__isnull=False)
        if given.get("origin"):
            rows = rows.filter(municipality__isnull=given["origin"] == "bodies")
        rows = rows.filter(**{name: given[name] for name in ("body", "municipality") if given.get(name)})
        if given.get("owner"):
            name = "owner_body" if given["owner"].startswith("g") else "owner_organisation"
            rows = rows.filter(**{name: int(given["owner"][1:])})
        if given.get("year"):
            rows = rows.filter(decided_on__range=(dt.date(given["year"], 1, 1), dt.date(given["year"], 12, 31)))
        for word in self.words:
            bodies = [body.pk for body in self.bodies if word in fold(str(body))]
            places = [place.pk for place in self.places if word in fold(str(place))]
            rows = rows.filter(Q(folded__contains=word) | Q(body__in=bodies) | Q(municipality__in=places))
        return rows


_RESOLUTIONS: dict[str, Callable[[Any], QuerySet]] = {
    "": lambda rows: rows,
    "open": lambda rows: rows.open(),
    "overdue": lambda rows: rows.overdue(),
    "done": lambda rows: rows.filter(done_on__isnull=False),
    "dropped": lambda rows: rows.filter(dropped_on__isnull=False),
    "settled": lambda rows: rows.filter(due_on__isnull=True, done_on__isnull=True, dropped_on__isnull=True),
}


class StatementFilter(Filter):
    """Filters of the list of statements that were asked for."""

    FIRST = ("state", "organisation", "sort")
    state = _choice("Stand", "alle", [
        ("outstanding", "erbeten"), ("overdue", "überfällig"), ("received", "eingegangen"),
        ("withdrawn", "zurückgezogen"),
    ])  # fmt: skip
    organisation = _row("Institution")
    sort = _choice("Reihenfolge", "neueste zuerst", [("due", "Fälliges zuerst")])

    def __init__(self, data, *, seen: QuerySet):
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Wort oder Nummer"
        self.institutions = list(Organisation.objects.filter(pk__in=seen.order_by().values("organisation")))
        self._offer("organisation", "alle", ((one.pk, str(one)) for one in self.institutions))

    @property
    def order(self) -> str:
        return "due_on" if self.given.get("sort") == "due" else "-asked_at"

    def narrowed(self, rows: QuerySet) -> QuerySet:
        given = self.given
        rows = _STATEMENTS[given.get("state") or ""](rows)
        if given.get("organisation"):
            rows = rows.filter(organisation=given["organisation"])
        for word in self.words:
            named = [one.pk for one in self.institutions if word in fold(str(one))]
            found = Q(folded__contains=word) | Q(organisation__in=named)
            if NUMBER.fullmatch(word):
                found |= Q(issue__in=Issue.objects.filter(number=word.upper()).order_by().values("pk"))
            rows = rows.filter(found)
        return rows


_STATEMENTS: dict[str, Callable[[Any], QuerySet]] = {
    "": lambda rows: rows,
    "outstanding": lambda rows: rows.outstanding(),
    "overdue": lambda rows: rows.outstanding().filter(due_on__lt=workdays.today()),
    "received": lambda rows: rows.filter(received_on__isnull=False),
    "withdrawn": lambda rows: rows.filter(withdrawn_on__isnull=False),
}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), workdays.BERLIN)


# How each one narrows; a value may be a slot


def narrow(rows: QuerySet, wanted: Mapping[str, Any]) -> QuerySet:
    for name, value in wanted.items():
        rows = _NARROWS[name](rows, value)
    return rows


def _by_state(rows, value):
    if value in UNREPORTED:
        return rows.filter(state=value)
    rows = rows.exclude(state__in=UNREPORTED)
    return rows if value == ALL else rows.filter(state=value)


def _by_due(rows, value):
    kind, today, soon = value
    if kind == "paused":
        return rows.paused(today)
    running = rows.going(today)
    return running.filter(due_rank__lt=today) if kind == "late" else running.filter(due_rank__range=(today, soon))


def _by_words(rows, value):
    """Every word, anywhere in number, title or matter."""
    for word in value:
        rows = rows.filter(folded__contains=word)
    return rows


_NARROWS: dict[str, Callable[[QuerySet, Any], QuerySet]] = {
    "number": lambda rows, value: rows.filter(number=value),
    "words": _by_words,
    "states": lambda rows, value: rows.filter(state__in=value),
    "state": _by_state,
    "office": lambda rows, value: rows.filter(
        state__in=[state for state, office in HOLDER.items() if office == value]
    ),
    "due": _by_due,
    "topic": lambda rows, value: rows.filter(topic=value),
    "life_domain": lambda rows, value: rows.filter(life_domain=value),
    "legal_area": lambda rows, value: rows.filter(
        pk__in=Issue.legal_areas.through.objects.filter(code=value).values("issue")
    ),
    "municipality": lambda rows, value: rows.filter(municipality=value),
    "bank": lambda rows, value: rows.filter(municipality__in=value),
    "since": lambda rows, value: rows.filter(reported_at__gte=value),
    "until": lambda rows, value: rows.filter(reported_at__lt=value),
}  # fmt: skip
