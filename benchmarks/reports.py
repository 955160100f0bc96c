"""The roof with five years of everything in one database: how long counting takes, and what the dashboard costs then.

Counting and publishing are timed on their own; what the same numbers cost straight from the rows is shown beside it,
and how long steps take while everything is counted in another process.
"""

import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from django.db import connection
from django.urls import reverse

from benchmarks import casework, data, funding
from benchmarks.data import account
from benchmarks.pages import Page
from kim import workdays
from kim.disclosure import Unprotectable
from kim.models import Bank, Municipality, Organisation, Role, User
from reports import counting, parts, publishing
from reports.models import DayCount, PublishedTable
from steering.escalation import State
from steering.models import Issue

YEARS = 5
#: Of all issues so many are open; for each of them nine ended in the last years.
OPEN = 0.1
#: Cases for one issue: a million consultations beside 200,000 issues.
CASES = 0.5
POSTS, NOTICES, COSTS = 60, 8, 5000
DASHBOARD, QUERIES = 15, 20
#: Steps that are taken without and with a count beside them.
STEPS_ALONE, MOST_STEPS = 60, 2000

LIVE = {
    "Stand je Station an einem Tag": """
        SELECT s.target, i.municipality_id, count(*) FROM steering_issue i JOIN LATERAL (
            SELECT target FROM steering_issuestep s WHERE s.issue_id = i.id AND s.at < %(day)s ORDER BY no DESC LIMIT 1
        ) s ON true GROUP BY 1, 2""",
    "Median der Tage bis zur Rückmeldung": """
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY s.at - i.reported_at)
        FROM steering_issue i JOIN steering_issuestep s ON s.issue_id = i.id AND s.name = 'feed_back'""",
    "Beratungen je Kommune und Quartal": """
        SELECT municipality_id, date_trunc('quarter', held_on), count(*), count(DISTINCT case_id)
        FROM casework_consultation GROUP BY 1, 2""",
}


@dataclass(frozen=True)
class Sizes:
    open: int
    issues: int
    steps: int
    cases: int
    consultations: int
    posts: int
    notices: int


def build(issues: int) -> Sizes:
    """Fill an empty, migrated database: so many issues, half as many cases with ten consultations each, and money."""
    chain = data.build(round(issues * OPEN), years=YEARS, ended=1 / OPEN - 1)
    managers = list(User.objects.filter(username__startswith=f"bench-{Role.CASE_MANAGER}-").order_by("pk"))
    talks = casework.fill(round(issues * CASES), managers, days=YEARS * 365)
    first = workdays.today().year - NOTICES + 1
    employer = Organisation.objects.order_by("pk").first()
    money = funding.build(POSTS, NOTICES, COSTS, employer=employer, by=account(Role.ADMIN), first=first)
    data.tidy()
    return Sizes(
        chain.open, chain.issues, chain.steps, talks.cases, talks.consultations, len(money.posts), len(money.notices)
    )


def counted() -> dict:
    """Seconds of each kind of counting, in the order a night and a day would have it."""
    first, run = _timed(counting.refresh)
    rows = DayCount.objects.count()
    publish, refused = _timed(_published)
    _timed(parts.refresh)
    waits = _waits()
    _take(_ready()[0])
    again, run = _timed(lambda: counting.refresh(anew=True))
    changed = run.rows_changed
    with workdays.as_of(workdays.now() + counting.SETTLED):
        counting.refresh(anew=True)
        idle, _ = _timed(counting.refresh)
    _timed(parts.refresh)
    data.tidy()
    periods = PublishedTable.objects.values("first", "until").distinct().count()
    return {
        "first": first, "rows": rows, "publish": publish, "refused": refused, "tables": PublishedTable.objects.count(),
        "periods": periods, "again": again,
        "changed": changed, "idle": idle, "waits": waits, "live": _live(),
    }  # fmt: skip


def _published() -> bool:
    """Publish casework; whether something of it was refused because it cannot be protected."""
    try:
        publishing.publish()
    except Unprotectable:
        return True
    return False


def _timed(act) -> tuple[float, object]:
    started = time.perf_counter()
    found = act()
    return time.perf_counter() - started, found


def _live() -> dict[str, float]:
    """Milliseconds of the same numbers straight from the rows; the better of two runs."""
    if connection.vendor != "postgresql":
        return {}
    found = {}
    with connection.cursor() as cursor:
        for name, sql in LIVE.items():
            found[name] = min(
                _timed(lambda sql=sql: (cursor.execute(sql, {"day": workdays.now()}), cursor.fetchall()))[0] * 1000
                for _ in range(2)
            )
    return found


# Steps beside a count


def _ready():
    return Issue.objects.filter(state=State.COORDINATION).order_by("pk")


def _take(issue) -> float:
    """Milliseconds of one step, as the coordination takes it."""
    return _timed(lambda: issue.forward(by=account(Role.COORDINATION), released=True))[0] * 1000


def _waits() -> dict:
    """How long steps take alone, and while another process counts everything anew."""
    issues = list(_ready()[: 3 * MOST_STEPS])
    first = min(STEPS_ALONE, len(issues) // 4)  # a small installation has few; the last one is left for the recount
    alone = [_take(issue) for issue in issues[:first]]
    ready = iter(issues[first:-1])
    command = [sys.executable, "-m", "benchmarks.prepare", "--number", "0", "--count"]
    started, during = time.perf_counter(), []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and len(during) < MOST_STEPS and (issue := next(ready, None)):
            during.append(_take(issue))
            time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"counting ended with {process.returncode}")
    return {
        "during": len(during), "seconds": time.perf_counter() - started, "longest": max(during),
        "median": statistics.median(during), "longest_alone": max(alone), "median_alone": statistics.median(alone),
    }  # fmt: skip


# What is measured


def pages(match: str = "") -> list[dict]:
    """The dashboard as each role sees it, on days past, for parts of the county, and the pages behind it."""
    place = Municipality.objects.filter(bank=Bank.RIGHT).order_by("-pk").values_list("ags", flat=True).first()
    day = workdays.today().replace(month=3, day=16, year=workdays.today().year - 1)
    lage = reverse("reports:lage")
    coordination = Role.COORDINATION
    found = [("Lage", role, lage) for role in (coordination, Role.STRATEGIC_OFFICE, Role.STEERING_GROUP, Role.ADMIN)]
    found += [
        (f"Lage, {words}", coordination, f"{lage}?{query}")
        for words, query in [
            ("an einem früheren Tag", f"on={day}"),
            ("Monat", "span=month"),
            ("linksrheinisch", "area=left"),
            ("eine Kommune, früherer Tag", f"area={place}&on={day}&span=quarter"),
        ]
    ]
    found += [
        ("Weg der Knackpunkte", coordination, reverse("reports:lage_chain")),
        ("Kommunen und Themen", coordination, reverse("reports:lage_places")),
    ]
    return [
        asdict(Page(name, role, url, DASHBOARD, queries=QUERIES if url.startswith(f"{lage}?") or url == lage else 12))
        for name, role, url in found
        if match in name
    ]
