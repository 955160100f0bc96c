"""What is measured: every page people open all day, as whom, and how many bare pages it may cost."""

from dataclasses import dataclass

from django.urls import reverse

from benchmarks.data import COMMON_WORD, RARE_WORD, account
from kim.models import Role
from steering.models import Issue

LIST, ONE, QUERIES = 8, 5, 12
FORWARD = "Schritt (weiterleiten)"
CM, CO, OF, SG, PG = (
    Role.CASE_MANAGER,
    Role.COORDINATION,
    Role.STRATEGIC_OFFICE,
    Role.STEERING_GROUP,
    Role.PROJECT_GROUP,
)


@dataclass(frozen=True)
class Page:
    """`times` is how many bare pages it may cost at most (None: no limit is set); `begin` stops at the first bytes."""

    name: str
    role: str
    url: str
    times: float | None
    begin: bool = False
    swap: str = ""  # id of what htmx swaps, for requests that bring a part of the page
    queries: int = QUERIES  # so many it may ask of the database
    words: str = ""  # looked for by POST first; the page is the one with the token, the words stay in the session


def pages() -> list[Page]:
    """The pages with addresses that hold in the present data."""
    issues = reverse("steering:issue_list")
    number = _number()
    found = [Page("Heute", role, reverse("kim:today"), LIST) for role in Role]
    found += [Page("Knackpunkte", role, issues, LIST) for role in (CM, CO, OF, SG, PG, Role.AUTHORITY)]
    found += [
        Page(f"Knackpunkte, {words}", role, f"{issues}?{query}", LIST)
        for words, role, query in [
            ("neueste zuerst", CM, "sort=new"),
            ("älteste zuerst", OF, "sort=old"),
            ("überfällig", CO, "due=late"),
            ("bald fällig", OF, "due=soon"),
            ("Uhr angehalten", CO, "due=paused"),
            ("liegt bei mir", PG, "mine=held"),
            ("von mir gemeldet", CM, "mine=reported"),
            ("Kommune, Thema, Stand", CO, f"municipality={_place()}&topic={_topic()}&state=project"),
            ("Rechtskreis", CO, f"legal_area={_area()}"),
            ("linksrheinisch, neueste zuerst", SG, "bank=left&sort=new"),
            ("auch abgeschlossene", CO, "state=all&sort=old"),
            ("Seite 2", CO, f"after={_second_page()}"),
        ]
    ]
    found += [
        Page(f"Suche, {words}", role, f"{issues}?q={query}", LIST)
        for words, query in [
            ("seltenes Wort", RARE_WORD), ("häufiges Wort", COMMON_WORD), ("Kennung", number),
            ("zwei Wörter, neueste zuerst", "kitaplatz+zweimal&sort=new"), ("unbekanntes Wort", "Zebrastreifen"),
        ]
        for role in (CM, CO)
    ]  # fmt: skip
    found += [
        page
        for role in (CO, OF)
        for one in [_held(role)]
        for page in [
            Page("Eingang", role, reverse("steering:inbox"), LIST),
            Page("Eingang mit Lesefeld", role, reverse("steering:inbox_issue", args=[one]), LIST),
            Page("Lesefeld allein", role, reverse("steering:inbox_issue", args=[one]), LIST, swap="lesen"),
        ]
    ]
    found += [
        Page("Meine Meldungen", CM, reverse("steering:report_list"), LIST),
        Page("Meine Meldungen, beendete", CM, reverse("steering:report_list") + "?stand=ended", LIST),
        Page("„Wo ist meine Meldung?“", CM, reverse("steering:issue_detail", args=[_reported()]), ONE),
        *(
            Page("Knackpunkt", role, reverse("steering:issue_detail", args=[_in_project()]), ONE)
            for role in (CO, OF, SG)
        ),
        Page("Knackpunkt", PG, reverse("steering:issue_detail", args=[_held(PG)]), ONE),
        Page("Schritt, die Frage", CO, _step_url(_held(CO)), LIST),
        Page("Mitteilungen", CM, reverse("kim:notice_list"), LIST),
        Page("Sitzungen", SG, reverse("steering:meeting_list"), LIST),
        Page("Gremien", OF, reverse("steering:body_list"), LIST),
        Page("Ausfuhr CSV, Anfang", CO, reverse("steering:issue_export", args=["csv"]), None, begin=True),
    ]
    return found


def steps(number: int) -> list[tuple[str, dict]]:
    """So many issues for the coordination to forward: address and form of each POST."""
    ready = Issue.objects.filter(state="coordination").order_by("due_rank", "pk")[:number]
    return [(_step_url(issue.pk), {"seen": issue.step_no, "released": "on", "note": ""}) for issue in ready]


def _step_url(pk) -> str:
    return reverse("steering:issue_step", args=[pk, "forward"])


def _number() -> str:
    rows = Issue.objects.filter(state="project").order_by("pk")
    return rows.values_list("number", flat=True).first()


def _held(role) -> int:
    rows = Issue.objects.held_by(account(role))
    rows = rows.filter(state="coordination") if role == CO else rows
    return rows.order_by("-due_rank", "pk").values_list("pk", flat=True).first()


def _reported() -> int:
    rows = Issue.objects.reported_by(account(CM)).filter(state="project")
    return rows.order_by("pk").values_list("pk", flat=True).first()


def _in_project() -> int:
    return Issue.objects.filter(state="project").order_by("pk").values_list("pk", flat=True)[5]


def _place() -> int:
    return Issue.objects.filter(state="project").values_list("municipality", flat=True).first()


def _topic() -> int:
    return Issue.objects.filter(state="project").values_list("topic", flat=True).first()


def _area() -> int:
    return Issue.legal_areas.through.objects.values_list("code", flat=True).first()


def _second_page() -> str:
    from kim.paging import page

    return page(Issue.objects.visible_to(account(CO)).open(), "due_rank").after
