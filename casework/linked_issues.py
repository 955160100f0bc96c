"""Issues as casework sees them: those of a case with their answers, and what steering may learn of the cases.

The link lives here alone. What somebody may not see of an issue stays away, also on a case of theirs: a draft of the
case manager before them, or what is not released yet.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from casework.models import Case, CaseIssue
from kim.paging import CappedNumber
from kim.together import Slot
from steering.escalation import State
from steering.linked_cases import Seen, Source
from steering.models import Issue

#: So many texts of others stand with an issue.
INTERIMS = 5
ANSWERED = (State.FED_BACK, State.CLOSED)


@dataclass(frozen=True)
class Linked:
    """One link and the issue behind it, None where the reader may not see that. `shown` goes on for a bundled one."""

    link: CaseIssue
    issue: Issue | None
    shown: Issue | None

    @property
    def answer(self) -> str:
        return self.shown.feedback if self.shown and self.shown.state in ANSWERED else ""

    @property
    def answered_at(self) -> dt.datetime | None:
        return self.shown.fed_back_at if self.shown and self.answer else None


def linked(links: list[CaseIssue], user) -> list[Linked]:
    """The issues behind `links` as `user` may see them; one query, none without links."""
    if not links:
        return []
    ids = [link.issue_id for link in links]
    wanted = Q(pk__in=ids) | Q(pk__in=Issue.objects.order_by().filter(pk__in=ids).values("lead"))
    seen = {issue.pk: issue for issue in Issue.objects.visible_to(user).filter(wanted).order_by()}
    found = []
    for link in links:
        issue = seen.get(link.issue_id)
        found.append(Linked(link, issue, seen.get(issue.lead_id) or issue if issue and issue.lead_id else issue))
    return found


def answers(case: Case, user) -> list[Linked]:
    """What has been answered to the issues of `case`, the latest first; two queries."""
    told = [one for one in linked(list(case.issue_links.order_by("-at")), user) if one.answered_at]
    return sorted(told, key=lambda one: str(one.answered_at), reverse=True)


def blocking_choices(case: Case, user) -> list[Issue]:
    """Issues that may be named as what blocks `case`: those it is linked with, the latest first. Two queries."""
    own = [one.issue for one in linked(list(case.issue_links.order_by("-at")), user) if one.issue]
    return [issue for issue in own if issue.number]


def _cases_of(issue: Slot, told: bool) -> dict[str, QuerySet]:
    bundled = Issue.objects.order_by().filter(lead=issue).values("pk")
    family = Issue.objects.order_by().filter(pk=issue).values("pk").union(bundled, all=True)
    links = CaseIssue.objects.order_by().filter(issue__in=family)
    cases = Case.objects.filter(pk__in=links.filter(case__isnull=False).values("case"))
    counted = Issue.objects.filter(pk=issue).only("pk").annotate(cases=CappedNumber(cases))
    interims = {"case_interims": links.shared().order_by("-pk").only("interim")[:INTERIMS]} if told else {}
    return {"case_number": counted, **interims}


def _seen(read: Mapping[str, list]) -> Seen:
    number = read["case_number"][0].cases if read["case_number"] else 0
    return Seen(number, tuple(link.interim for link in read.get("case_interims", ())))


#: For steering.linked_cases: in how many cases an issue was seen, and what case managers let each other know.
SEEN = Source(_cases_of, _seen)
