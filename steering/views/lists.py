"""Lists of issues: everything one may see and what one reported, each as a page and as a file."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim.htmx import page as template_for
from kim.paging import count_words
from kim.rules import demand
from kim.views.filters import searched
from steering import export, whereabouts
from steering.access import reports_issues, works_with_issues
from steering.filters import Choices, IssueFilter, ReportFilter
from steering.listing import listed, reported
from steering.models import Issue
from steering.views.files import send

LIST, REPORTS = "steering:issue_list", "steering:report_list"
#: Rows of one page.
SIZE = 25


@require_safe
def issue_list(request):
    demand(works_with_issues, request.user)
    choices = Choices.of(request.user, LIST)
    found = IssueFilter(request.GET, choices=choices)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    issues, hits = listed(request.user, found, size=SIZE, **given)
    choices.name_in(issues)
    context = {
        "filter": found,
        "saved": choices.saved,
        "hits": count_words(hits),
        "number": hits,
        "page": issues,
        "rows": [_line(issue) for issue in issues],
        "search": searched(request.GET),
        "most": count_words(export.MOST),
    }
    return render(request, template_for(request, "steering/issue_list.html", "results"), context)


@require_safe
def issue_export(request, kind):
    """The whole of what the list shows with this search, as CSV or XLSX; written to the trail."""
    demand(works_with_issues, request.user)
    user = request.user
    found = IssueFilter(request.GET, choices=Choices.of(user, LIST))
    among = {"held": Issue.objects.held_by, "reported": Issue.objects.reported_by}
    issues = among.get(found.relation, Issue.objects.visible_to)(user)
    return send(request, kind, export.issue_sheet(export.ISSUES, issues, found, to=user))


@require_safe
def report_list(request):
    """„Wo sind meine Meldungen?“: open ones first, then what has come to an end."""
    demand(reports_issues, request.user)
    choices = Choices.of(request.user, REPORTS)
    found = ReportFilter(request.GET, choices=choices)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    issues, number = reported(request.user, found, size=SIZE, **given)
    context = {
        "filter": found,
        "saved": choices.saved,
        "ended": found.ended,
        "hits": count_words(number),
        "number": number,
        "page": issues,
        "rows": [(*_line(issue), whereabouts.next_up(issue)) for issue in issues],
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "steering/report_list.html", "results"), context)


@require_safe
def report_export(request, kind):
    """The whole of what „Meine Meldungen“ shows with this search."""
    demand(reports_issues, request.user)
    found = ReportFilter(request.GET, choices=Choices.of(request.user, REPORTS))
    mine = Issue.objects.reported_by(request.user)
    issues = mine.ended() if found.ended else mine.unended()
    return send(request, kind, export.issue_sheet("Meine Meldungen", issues, found, to=request.user))


def _line(issue):
    return issue, whereabouts.mini(issue), whereabouts.tone(issue), whereabouts.countdown(issue)
