"""What a list of issues can be narrowed by. The choices of all selects and the saved filters come from one query."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import django_filters as filters
from django.db.models import Case, F, QuerySet, When
from django.forms import ChoiceField

from kim import workdays
from kim.form_rendering import QuickSelect
from kim.forms import Day
from kim.models import Bank, Code, County, Municipality, SavedFilter
from kim.together import Slot, text, through, together
from kim.trigrams import fold
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
    def of(cls, user, page: str, beside: Issue | None = None) -> "Choices":
        """Read at once: code lists, municipalities, the user's saved filters.

        With `beside`, also what a reading pane shows of that issue: `legal_areas`, `reporters` (with `user_name`),
        `findings` of the privacy gate that were vouched for, the `last_word` said publicly, and the `lead`.
        """
        read = _choices(beside is not None)(user=user.pk, page=page, **_values(beside))
        codes: dict[str, list[Code]] = {name: [] for name in Code.List.values}
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
def _choices(with_issue):
    user, issue = Slot("user"), Slot("issue")
    said = Comment.objects.filter(public=True, issue=Slot("shown")).order_by("-at", "-pk")
    beside = {
        "legal_areas": Code.objects.filter(pk__in=through(Issue, "legal_areas", issue)),
        "reporters": Reporter.of(issue)
        .order_by(Case(When(issue=issue, first=True, then=0), default=1), "pk")
        .annotate(user_name=F("user__display_name")),
        "findings": Confirmation.objects.filter(issue=issue).order_by("pk"),
        "last_word": said[:1],
        "lead": Issue.objects.filter(pk=Slot("lead")),
    }
    return {
        "codes": Code.objects.order_by().only("list", "label", "short", "position"),
        "places": Municipality.objects.order_by().only("name", "bank"),
        "saved": SavedFilter.objects.order_by().filter(user=user, page=text("page")).only("name", "query"),
        **(beside if with_issue else {}),
    }


def _values(issue: Issue | None) -> dict:
    if issue is None:
        return {}
    return {"issue": issue.pk, "lead": issue.lead_id, "shown": issue.lead_id or issue.pk}


class DayFilter(filters.Filter):
    field_class = Day


class IssueFilter(filters.FilterSet):
    """Filters of a list of issues. Nothing chosen means: all open ones."""

    q = filters.CharFilter(label="Suche", method="search", max_length=100)
    state = filters.ChoiceFilter(label="Stand", method="by_state", empty_label="alle offenen")
    office = filters.ChoiceFilter(label="liegt bei", method="by_office", choices=Office.choices, empty_label="alle")
    due = filters.ChoiceFilter(
        label="Frist", method="by_due", empty_label="alle",
        choices=[("late", "überfällig"), ("soon", "in zwei Arbeitstagen fällig"), ("paused", "Uhr angehalten")],
    )  # fmt: skip
    mine = filters.ChoiceFilter(
        label="Bezug", method="keep", empty_label="alle",
        choices=[("held", "liegt bei mir"), ("reported", "von mir gemeldet")],
    )  # fmt: skip
    topic = filters.TypedChoiceFilter(label="Thema", field_name="topic_id", coerce=int)
    life_domain = filters.TypedChoiceFilter(label="Handlungsfeld", field_name="life_domain_id", coerce=int)
    legal_area = filters.TypedChoiceFilter(label="Rechtskreis", method="by_legal_area", coerce=int)
    municipality = filters.TypedChoiceFilter(label="Kommune", field_name="municipality_id", coerce=int)
    bank = filters.ChoiceFilter(label="Rheinseite", method="by_bank", choices=Bank.choices, empty_label="beide")
    since = DayFilter(label="gemeldet ab", method="by_since", past=True)
    until = DayFilter(label="gemeldet bis", method="by_until", past=True)
    sort = filters.ChoiceFilter(
        label="Reihenfolge", method="keep", choices=[(key, words) for key, (words, _) in ORDERS.items()],
        empty_label=None,
    )  # fmt: skip

    class Meta:
        model = Issue
        fields = ()

    def __init__(self, data, among: Callable[[str], Sequence[QuerySet]], *, choices: Choices, states=tuple(OPEN)):
        """`among` answers for a choice of `mine` the sets that are narrowed, whose union is the list.

        `states` are those the list can hold at all; the select offers them.
        """
        super().__init__(data, Issue.objects.none())
        self.among = among
        self.states = states
        self.places = choices.places
        closed = [state for state in State if state not in OPEN]
        offered = [state for state in State if state in states or state in closed]
        labels = [(ALL, "alle, auch abgeschlossene"), *((state.value, state.label) for state in offered)]
        self.form.fields["state"].choices = labels
        offers: dict[str, Sequence] = {**choices.codes, "municipality": choices.places}
        for name, rows in offers.items():
            if name in self.form.fields:
                self.form.fields[name].choices = [("", "alle"), *((row.pk, str(row)) for row in rows)]
        self.form.fields["q"].widget.input_type = "search"
        self.form.fields["q"].widget.attrs["placeholder"] = "Wort oder Nummer"
        for name, bound in self.form.fields.items():
            if isinstance(bound, ChoiceField):
                bound.widget = QuickSelect(choices=bound.widget.choices)
            bound.widget.attrs |= {
                "class": "form-control form-control-sm"
                if name in {"q", "since", "until"}
                else "form-select form-select-sm"
            }

    # What the page asks

    @property
    def given(self) -> dict:
        return self.form.cleaned_data if self.form.is_valid() else getattr(self.form, "cleaned_data", {})

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
            str(self.form.fields[name].label)
            for name, value in self.given.items()
            if value and name not in {"q", "sort"}
        ]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.in_use or self.given.get("q"))

    @property
    def first_fields(self):
        """The controls that stand in the open; the others wait behind „Weitere Filter“."""
        return [self.form[name] for name in FIRST]

    @property
    def more_fields(self):
        return [self.form[name] for name in self.form.fields if name not in (*FIRST, "q")]

    @property
    def in_use_more(self) -> bool:
        return any(value and name not in (*FIRST, "q") for name, value in self.given.items())

    @cached_property
    def sets(self) -> list[QuerySet]:
        """What was found, as sets for kim.paging."""
        return [self._narrowed(rows) for rows in self.among(self.given.get("mine") or "")]

    def _narrowed(self, rows):
        rows = self.filter_queryset(rows)
        state = self.given.get("state")
        if not state:
            return rows.filter(state__in=[one for one in self.states if one not in UNREPORTED])
        return rows if state in UNREPORTED else rows.exclude(state__in=UNREPORTED)

    # How each one narrows

    def search(self, rows, name, value):
        """Every word, anywhere in number, title or matter; a whole number finds that one issue."""
        if NUMBER.fullmatch(value.strip()):
            return rows.filter(number=value.strip().upper())
        for word in fold(value).split()[:6]:
            rows = rows.filter(folded__contains=word)
        return rows

    def by_state(self, rows, name, value):
        return rows if value == ALL else rows.filter(state=value)

    def by_office(self, rows, name, value):
        return rows.filter(state__in=[state for state, office in HOLDER.items() if office == value])

    def by_due(self, rows, name, value):
        today = workdays.today()
        if value == "paused":
            return rows.filter(paused_until__isnull=False)
        running = rows.filter(paused_until__isnull=True)
        if value == "late":
            return running.filter(due_rank__lt=today)
        last = workdays.add_workdays(today, 2, County.current().workday_rules)
        return running.filter(due_rank__gte=today, due_rank__lte=last)

    def by_legal_area(self, rows, name, value):
        return rows.filter(pk__in=Issue.legal_areas.through.objects.filter(code=value).values("issue"))

    def by_bank(self, rows, name, value):
        return rows.filter(municipality__in=[place.pk for place in self.places if place.bank == value])

    def by_since(self, rows, name, value):
        return rows.filter(reported_at__gte=_midnight(value))

    def by_until(self, rows, name, value):
        return rows.filter(reported_at__lt=_midnight(value + dt.timedelta(days=1)))

    def keep(self, rows, name, value):
        return rows


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), workdays.BERLIN)
