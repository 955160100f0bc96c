"""What a list of issues can be narrowed by. The choices of all selects and the saved filters come from one query."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from django.db.models import Case, F, QuerySet, When
from django.db.models.functions import Coalesce
from django.forms import CharField, ChoiceField, Form, TextInput, TypedChoiceField

from kim import workdays
from kim.addresses import address
from kim.form_rendering import QuickSelect
from kim.forms import Day
from kim.models import Bank, Code, County, Municipality, Notice, SavedFilter
from kim.together import Slot, text, through, together
from kim.trigrams import fold
from steering import access
from steering.access import UNREPORTED
from steering.escalation import HOLDER, OPEN, Office, State
from steering.models import Comment, Confirmation, Issue, Reporter

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
#: Controls that are always in sight, beside the search.
FIRST = ("state", "due", "mine", "sort")


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
        `last_word` said publicly, the `lead` and the user's `unread` notices about it.
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
        "unread": Notice.objects.filter(recipient=user, read_at=None, url=text("url")).only("pk"),
    }


def _choice(label: str, empty: str, choices=()) -> ChoiceField:
    return ChoiceField(label=label, required=False, choices=[("", empty), *choices], widget=QuickSelect(attrs=SELECT))


def _row(label: str) -> ChoiceField:
    """Choice of a row by its id; what there is to choose comes with `Choices`."""
    return TypedChoiceField(label=label, required=False, coerce=int, empty_value="", widget=QuickSelect(attrs=SELECT))


def _day(label: str) -> Day:
    day = Day(label=label, required=False, past=True)
    day.widget.attrs |= INPUT
    return day


class IssueFilter(Form):
    """Filters of a list of issues. Nothing chosen means: all open ones."""

    q = CharField(
        label="Suche", required=False, max_length=100,
        widget=TextInput(attrs=INPUT | {"type": "search", "placeholder": "Wort oder Nummer"}),
    )  # fmt: skip
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
    sort = ChoiceField(
        label="Reihenfolge", required=False, choices=[(key, words) for key, (words, _) in ORDERS.items()],
        widget=QuickSelect(attrs=SELECT),
    )  # fmt: skip

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

    def _offer(self, name: str, empty: str, choices: Iterable[tuple]) -> None:
        cast(ChoiceField, self.fields[name]).choices = [("", empty), *choices]

    # What the page asks

    @property
    def relation(self) -> str:
        """Whether only what is held or was reported is looked for."""
        return self.given.get("mine") or ""

    @property
    def given(self) -> dict:
        """What is chosen and can be; the rest is named as an error and left out."""
        self.is_valid()
        return self.cleaned_data

    @property
    def order(self) -> str:
        """The key to page by. Drafts have no moment of reporting; they are paged by age."""
        if self.given.get("state") in UNREPORTED:
            return "-state_since"
        return ORDERS[self.given.get("sort") or "due"][1]

    @property
    def in_use(self) -> list[str]:
        """The labels of what is narrowed by, without search and order."""
        return [
            str(self.fields[name].label) for name, value in self.given.items() if value and name not in {"q", "sort"}
        ]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.in_use or self.given.get("q"))

    @property
    def first_fields(self):
        """The controls that stand in the open; the others wait behind „Weitere Filter“."""
        return [self[name] for name in FIRST]

    @property
    def more_fields(self):
        return [self[name] for name in self.fields if name not in (*FIRST, "q")]

    @property
    def in_use_more(self) -> bool:
        return any(value and name not in (*FIRST, "q") for name, value in self.given.items())

    @cached_property
    def wanted(self) -> dict[str, Any]:
        """What the list is narrowed by, as `narrow` takes it."""
        found = {name: value for name, value in self.given.items() if value and name not in ("mine", "sort")}
        if text := found.pop("q", "").strip():
            number = NUMBER.fullmatch(text)
            found["number" if number else "words"] = text.upper() if number else tuple(fold(text).split()[:6])
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
