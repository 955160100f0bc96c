"""What a list of issues can be narrowed by. The choices of all selects and the saved filters come from one query."""

import datetime as dt

import django_filters as filters
from django.db.models import Case, CharField, Value, When
from django.db.models.functions import Coalesce, NullIf

from kim import workdays
from kim.forms import Day
from kim.models import Bank, Code, County, Municipality, SavedFilter
from kim.trigrams import fold
from steering.access import UNREPORTED
from steering.escalation import HOLDER, OPEN, Office, State
from steering.models import Issue, Reporter

#: What a list can be ordered by: key in the address → (words, key of the page).
ORDERS = {
    "due": ("Fälliges zuerst", "due_rank"),
    "new": ("zuletzt gemeldet", "-reported_at"),
    "old": ("zuerst gemeldet", "reported_at"),
}
ALL = "all"
#: Controls that are always in sight, beside the search.
FIRST = ("state", "due", "mine", "sort")


def choices_for(user, page: str, beside: Issue | None = None) -> dict[str, list]:
    """Everything the selects of a list offer, read at once: code lists, municipalities, the user's saved filters.

    With `beside`, also what the reading pane shows of that issue: its legal areas, its reporters and the findings of
    the privacy gate that were vouched for, under `of_legal_area`, `of_reporter` and `of_finding`.
    """
    named = Code.objects.annotate(word=Coalesce(NullIf("short", Value("")), "label"))
    codes = named.order_by().values_list("list", "pk", "word", "position", Value("", CharField()))
    places = Municipality.objects.order_by().values_list(
        Value("municipality", CharField()), "pk", "name", Value(0), Value("", CharField())
    )
    saved = SavedFilter.objects.order_by().filter(user=user, page=page)
    saved = saved.values_list(Value("saved", CharField()), "pk", "name", Value(0), "query")
    rows = codes.union(places, saved, *(_beside(beside) if beside else ()), all=True)
    names = ("municipality", "saved", "of_legal_area", "of_reporter", "of_finding", *Code.List.values)
    found: dict[str, list] = {name: [] for name in names}
    for kind, pk, label, _, more in sorted(rows, key=lambda row: (row[0], row[3], fold(row[2]))):
        found[kind].append((pk, label, more) if kind in ("saved", "of_finding") else (pk, label))
    return found


def _beside(issue: Issue):
    """Parts of the same union, five columns each: kind, key, label, position, more."""
    through = Issue.legal_areas.through.objects.filter(issue=issue).order_by()
    yield through.values_list(
        Value("of_legal_area", CharField()), "code", "code__label", "code__position", Value("", CharField())
    )
    who = Reporter.of(issue).order_by()
    place = Case(When(issue=issue, first=True, then=Value(0)), default=Value(1))
    yield who.values_list(
        Value("of_reporter", CharField()), "user", "user__display_name", place, Value("", CharField())
    )
    yield issue.confirmations.order_by().values_list(
        Value("of_finding", CharField()), "pk", "excerpt", Value(0), "kind"
    )


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
        label="Bezug", method="by_mine", empty_label="alle",
        choices=[("held", "liegt bei mir"), ("reported", "von mir gemeldet")],
    )  # fmt: skip
    topic = filters.TypedChoiceFilter(label="Thema", field_name="topic_id", coerce=int)
    life_domain = filters.TypedChoiceFilter(label="Handlungsfeld", field_name="life_domain_id", coerce=int)
    legal_area = filters.TypedChoiceFilter(label="Rechtskreis", method="by_legal_area", coerce=int)
    municipality = filters.TypedChoiceFilter(label="Kommune", field_name="municipality_id", coerce=int)
    bank = filters.ChoiceFilter(
        label="Rheinseite", field_name="municipality__bank", choices=Bank.choices, empty_label="beide"
    )
    since = DayFilter(label="gemeldet ab", method="by_since", past=True)
    until = DayFilter(label="gemeldet bis", method="by_until", past=True)
    sort = filters.ChoiceFilter(
        label="Reihenfolge", method="keep", choices=[(key, words) for key, (words, _) in ORDERS.items()],
        empty_label=None,
    )  # fmt: skip

    class Meta:
        model = Issue
        fields = ()

    def __init__(self, data, queryset, *, user, choices, states=tuple(OPEN)):
        """`states` are those the list can hold at all; the select offers them."""
        super().__init__(data, queryset)
        self.user = user
        self.states = states
        closed = [state for state in State if state not in OPEN]
        offered = [state for state in State if state in states or state in closed]
        labels = [(ALL, "alle, auch abgeschlossene"), *((state.value, state.label) for state in offered)]
        self.form.fields["state"].choices = labels
        for name in ("topic", "life_domain", "legal_area", "municipality"):
            self.form.fields[name].choices = [("", "alle"), *choices[name]]
        self.form.fields["q"].widget.input_type = "search"
        self.form.fields["q"].widget.attrs["placeholder"] = "Wort oder Nummer"
        for name, bound in self.form.fields.items():
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

    @property
    def qs(self):
        rows = super().qs
        state = self.given.get("state")
        if not state:
            return rows.filter(state__in=[one for one in self.states if one not in UNREPORTED])
        return rows if state in UNREPORTED else rows.exclude(state__in=UNREPORTED)

    # How each one narrows

    def search(self, rows, name, value):
        """Every word, anywhere in number, title or matter; a whole number finds that one issue."""
        words = fold(value).split()[:6]
        for word in words:
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

    def by_mine(self, rows, name, value):
        return rows.held_by(self.user) if value == "held" else rows.reported_by(self.user)

    def by_legal_area(self, rows, name, value):
        return rows.filter(pk__in=Issue.legal_areas.through.objects.filter(code=value).values("issue"))

    def by_since(self, rows, name, value):
        return rows.filter(reported_at__gte=_midnight(value))

    def by_until(self, rows, name, value):
        return rows.filter(reported_at__lt=_midnight(value + dt.timedelta(days=1)))

    def keep(self, rows, name, value):
        return rows


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), workdays.BERLIN)
