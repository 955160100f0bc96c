"""The main navigation as one table: what each role finds where. Its context processor feeds every template.

Apps above hang their counts in with `@counter("steering:inbox")`; the ground floor imports none of them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import get_script_prefix, get_urlconf
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from kim.addresses import page
from kim.models import County, Notice, Role, User
from kim.models.people import read_along
from kim.paging import CappedNumber

#: Entries in the bottom bar of a phone; the rest stands behind „Mehr“.
FIRST = 4
#: Counting stops here: the navigation shows „99+“.
MANY = 100

CONTENT = frozenset(Role) - {Role.ADMIN, Role.AUDIT}
EVERYBODY = frozenset(Role)
OFFICES = frozenset({Role.COORDINATION, Role.STRATEGIC_OFFICE})
CASES = frozenset({Role.CASE_MANAGER})
HANDING_OVER = frozenset({Role.CASE_MANAGER, Role.COORDINATION})
COORDINATION = frozenset({Role.COORDINATION})
MODULE_3 = frozenset({Role.AUTHORITY})
OVERSIGHT = frozenset({Role.ADMIN, Role.AUDIT})
#: Who answers what clients ask by right, and who watches over the deadlines.
WATCHING = CASES | COORDINATION | {Role.AUDIT}
REPORTING = frozenset({Role.CASE_MANAGER, Role.AUTHORITY})
#: Pages of a meeting, from its agenda to its minutes.
OF_A_MEETING = tuple(
    f"steering:{about}_" for about in ("meeting", "attendance", "item", "paper", "minutes", "objection")
)
RESOLUTIONS = ("steering:resolution_",)
#: Pages about the end of cases.
KEPT_UNTIL = ("casework:hold_", "casework:erasure_")
OF_A_BODY = ("steering:body_", "steering:expected_", "steering:milestone_", "steering:rules_")
#: Pages of an account, and of what its owner asks by right.
OF_AN_ACCOUNT = tuple(f"kim:account_{act}" for act in ("detail", "invite", "lock", "leave"))
ACCOUNT_REQUESTS = ("kim:account_request_", "kim:account_data_")
#: Those who read what county and municipalities agree on, and the pages about it.
COOPERATING = CASES | MODULE_3 | OFFICES | {Role.STEERING_GROUP}
COOPERATION = ("steering:interface_", "steering:agreement_", "steering:kickoff_")
#: Who reads posts and money (funding.access).
MONEY = OFFICES | OVERSIGHT | {Role.STEERING_GROUP}
#: Who looks at the county's figures and who reads what was released from them (reports.access).
FIGURES = OFFICES | {Role.STEERING_GROUP, Role.ADMIN}
RELEASED = OFFICES | {Role.STEERING_GROUP}
NEEDS = ("funding:scenario_", "funding:criterion_", "funding:target_")
#: Who works where, and who moves them.
OF_A_PERSON = ("funding:person_", "funding:staffing_")
OF_A_POST = ("funding:board", "funding:post_", "funding:reported_", "funding:coverage")
OF_A_NOTICE = tuple(
    f"funding:{about}_"
    for about in ("notice", "programme", "calculation", "proof", "eligibility", "deadline", "payment", "period")
) + ("funding:whatif",)
#: Pages below one case; the coordination reads them in a look.
OF_A_CASE = tuple(
    f"casework:{about}_"
    for about in (
        "case", "client", "plan", "goal", "assessment", "consent", "document", "procedure", "referral", "conference",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    label: str
    icon: str
    url_name: str
    roles: frozenset[str] = EVERYBODY
    family: tuple[str, ...] = ()  # beginnings of view names that belong under this entry
    counted: str = ""  # what its count counts, for screen readers; empty: no count
    url: str = ""
    current: str = ""  # the value of aria-current, or empty
    group: str = ""  # the heading it stands under, or none

    @property
    def count(self) -> str:
        """Where the count stands in what is written; see Navigation.written."""
        return f"[[{self.url_name}]]" if self.counted else ""

    def for_somebody(self) -> bool:
        """Entries for everybody are also there for an account without any role."""
        return self.roles == EVERYBODY


def _group(heading: str, *entries: Entry) -> Iterable[Entry]:
    return (replace(entry, group=heading) for entry in entries)


ENTRIES = (
    Entry("Heute", "house", "kim:today"),
    Entry("Eingang", "inbox", "steering:inbox", OFFICES, ("steering:inbox",), "offen"),
    Entry("Fälle", "folder", "casework:case_list", CASES, (*OF_A_CASE, "casework:form_")),
    Entry("Beratungen", "chat-dots", "casework:consultation_list", CASES, ("casework:consultation_",)),
    Entry("Vorgänge", "folder-check", "casework:procedure_list", MODULE_3, ("casework:procedure_",)),
    Entry("Fallübersicht", "grid", "casework:case_overview", COORDINATION, ("casework:look_", *OF_A_CASE)),
    Entry("Knackpunkte", "signpost", "steering:issue_list", CONTENT, ("steering:issue_",)),
    Entry("Lage", "bar-chart", "reports:lage", FIGURES, ("reports:lage", "reports:figure_")),
    Entry("Konten", "person-lock", "kim:account_list", frozenset({Role.ADMIN}), OF_AN_ACCOUNT),
    Entry("Betrieb", "activity", "kim:operation", frozenset({Role.ADMIN}), ("kim:operation", "kim:mail_")),
    Entry("Protokoll", "journal-text", "kim:trail", frozenset({Role.AUDIT}), ("kim:trail_",)),
    Entry("Vorfälle", "shield-exclamation", "kim:breach_list", frozenset({Role.AUDIT}), ("kim:breach_",)),
    Entry("Wiedervorlagen", "calendar-check", "casework:followup_list", CASES, ("casework:followup_",)),
    Entry("Melden", "megaphone", "steering:issue_new", REPORTING),
    Entry("Meine Meldungen", "card-checklist", "steering:report_list", REPORTING, ("steering:report_",)),
    *_group(
        "Beraten und beschließen",
        Entry("Sitzungen", "calendar3", "steering:meeting_list", CONTENT, OF_A_MEETING),
        Entry("Beschlüsse", "check2-circle", "steering:resolution_list", CONTENT, RESOLUTIONS, "überfällig"),
        Entry("Stellungnahmen", "chat-left-text", "steering:statement_list", CONTENT, ("steering:statement_",)),
        Entry("Gremien", "people", "steering:body_list", EVERYBODY - {Role.AUDIT}, OF_A_BODY),
    ),
    *_group(
        "Stellen und Mittel",
        Entry("Stellen", "person-badge", "funding:board", MONEY, OF_A_POST),
        Entry("Personen", "person", "funding:person_list", frozenset({Role.ADMIN}), OF_A_PERSON),
        Entry("Meine Stelle", "person-workspace", "funding:own_post", REPORTING),
        Entry("Bescheide", "bank", "funding:notice_list", MONEY, OF_A_NOTICE),
        Entry("Ausgaben", "receipt", "funding:cost_list", OVERSIGHT, ("funding:cost_",)),
        Entry("Bedarf", "pie-chart", "funding:scenario_list", MONEY, NEEDS),
    ),
    *_group(
        "Berichten",
        Entry("Sachstandsberichte", "file-earmark-text", "reports:report_list", RELEASED, ("reports:report_",)),
        Entry("Auswertungen", "graph-up", "reports:saved_list", FIGURES, ("reports:saved_", "reports:builder")),
        Entry("Bericht an das Land", "flag", "reports:indicators", OFFICES, ("reports:indicators",)),
        Entry("Exporte", "download", "reports:export_list", FIGURES, ("reports:export_",)),
    ),
    *_group(
        "KIM verwalten",
        Entry("Fristen", "hourglass-split", "steering:limit_list", frozenset({Role.ADMIN}), ("steering:limit_",)),
        Entry("Codelisten", "list-check", "casework:code_list", frozenset({Role.ADMIN}), ("casework:code_",)),
        Entry("Barrieren", "universal-access", "kim:barrier_list", frozenset({Role.ADMIN}), ("kim:barrier_",)),
    ),
    *_group(
        "Datenschutz",
        Entry("Anliegen", "shield-lock", "casework:request_list", WATCHING, ("casework:request_",)),
        Entry("Anliegen zu Konten", "person-badge", "kim:account_request_list", OVERSIGHT, ACCOUNT_REQUESTS),
        Entry("Löschregister", "trash", "casework:erasure_list", OVERSIGHT),
        Entry("Verarbeitungen", "file-earmark-lock", "kim:processing_list", OVERSIGHT, ("kim:processing_",)),
        Entry("Rechte", "shield-check", "kim:access_matrix", OVERSIGHT),
    ),
    *_group(
        "Für mich",
        Entry("Meine Zahlen", "bar-chart", "casework:own_figures", REPORTING),
        Entry("Mitteilungen", "bell", "kim:notice_list", EVERYBODY, ("kim:notice_",), "ungelesen"),
        Entry("Abwesenheit", "person-dash", "kim:absence_list", EVERYBODY, ("kim:absence_",)),
        Entry("Kalender", "calendar-event", "kim:calendar", EVERYBODY, ("kim:calendar_",)),
        Entry("Mein Konto", "person-gear", "kim:account"),
        Entry("Hilfe und Tasten", "question-circle", "kim:help"),
    ),
    *_group(
        "Nachschlagen",
        Entry("Zusammenarbeit", "diagram-2", "steering:interface_list", COOPERATING, COOPERATION),
        Entry("Ansprechpersonen", "geo-alt", "steering:contact_list", CONTENT, ("steering:contact_",)),
        Entry("Verzeichnis", "book", "casework:actor_list", CASES | COORDINATION, ("casework:actor_",)),
        Entry("Prüflisten", "clipboard-check", "casework:checklist_list", CASES | MODULE_3, ("casework:checklist_",)),
    ),
    *_group(
        "Fälle verwalten",
        Entry("Fallübergaben", "arrow-left-right", "casework:handover_list", HANDING_OVER, ("casework:handover_",)),
        Entry("Importe", "file-earmark-spreadsheet", "casework:import_list", CASES, ("casework:import_",)),
        Entry("Löschfristen", "trash", "casework:retention_list", CASES | COORDINATION, KEPT_UNTIL),
    ),
)  # fmt: skip

_COUNTERS: dict[str, Callable] = {}


@dataclass(frozen=True)
class Navigation:
    entries: tuple[Entry, ...] = ()
    stands_in_for: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def first(self):
        return self.entries[:FIRST]

    @property
    def more(self):
        return self.entries[FIRST:]

    @property
    def groups(self) -> list[tuple[str, list[Entry]]]:
        """What stands behind the first ones, by heading."""
        return [(heading, list(entries)) for heading, entries in groupby(self.more, lambda entry: entry.group)]

    @property
    def names(self):
        return {entry.url_name for entry in self.entries}

    @property
    def more_current(self):
        return any(entry.current for entry in self.more)

    @property
    def written(self) -> SafeString:
        """As HTML. The same for everybody who finds the same entries, so only the counts are set in anew."""
        html = _written(self.entries)
        for entry in self.entries:
            if entry.counted:
                html = html.replace(entry.count, _count(self.counts[entry.url_name], entry.counted))
        return mark_safe(html)  # noqa: S308 - both are written with escapes


@lru_cache(maxsize=200)
def _written(entries: tuple[Entry, ...]) -> str:
    return render_to_string("kim/_navigation.html", {"nav": Navigation(entries)})


@lru_cache(maxsize=400)
def _count(number: int, counted: str) -> str:
    if not number:
        return ""
    words = '<span class="kim-nav__count">{}<span class="visually-hidden"> {}</span></span>'
    return format_html(words, "99+" if number >= MANY else number, counted)


def counter(url_name: str):
    """Registers `f(user) -> int` as the count shown at that entry; one query at most."""

    def register(function):
        _COUNTERS[url_name] = function
        return function

    return register


@read_along("unread")
def _unread(me, away, today):
    unread = CappedNumber(Notice.objects.filter(recipient=me, read_at=None), MANY)
    return User.objects.filter(pk=me).order_by().only("pk").annotate(number=unread)


@read_along("county")
def _county(me, away, today):
    return County.objects.order_by("pk")[:1]


@counter("kim:notice_list")
def unread_notices(user) -> int:
    """Up to 100; pages on which some are read leave what remains with the user (kim.notices.mark_read)."""
    if user.unread_left is None:
        return next((row.number for row in user.standing.along["unread"]), 0)
    return user.unread_left


def county_of(user) -> County:
    """The county, as it was read with the account that asks."""
    found = user.standing.along["county"] if user and user.is_authenticated else County.objects.order_by("pk")[:1]
    return found[0] if found else County.current()


def navigation(request):
    """Context processor. Nothing is looked up before a template asks for it."""
    return {
        "nav": SimpleLazyObject(lambda: navigation_of(request)),
        "county": SimpleLazyObject(lambda: county_of(getattr(request, "user", None))),
        "demo": settings.KIM_DEMO,
        "idle_minutes": settings.IDLE_MINUTES,
    }


def navigation_of(request) -> Navigation:
    """What this request's user finds in the navigation; empty for somebody not logged in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Navigation()
    match = request.resolver_match
    acts_as = frozenset().union(*(hat.roles for hat in user.hats()))
    entries = _entries(acts_as, match.view_name if match else "", get_script_prefix(), get_urlconf())
    counts = {entry.url_name: _COUNTERS[entry.url_name](user) for entry in entries if entry.counted}
    return Navigation(entries, tuple(str(hat) for hat in user.hats()[1:]), counts)


@lru_cache(maxsize=1000)
def _entries(acts_as: frozenset[str], here: str, prefix: str, urlconf: str | None) -> tuple[Entry, ...]:
    """Entries for these roles on the page `here`, with the addresses they have under this prefix."""
    exact = any(entry.url_name == here for entry in ENTRIES)
    return tuple(
        replace(entry, url=url, current=_current(entry, here, exact))
        for entry in ENTRIES
        if (entry.for_somebody() or not acts_as.isdisjoint(entry.roles)) and (url := page(entry.url_name))
    )


def _current(entry: Entry, here: str, exact: bool) -> str:
    if entry.url_name == here:
        return "page"
    return "true" if not exact and here.startswith(entry.family or ("\0",)) else ""
