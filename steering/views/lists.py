"""Lists of issues: everything one may see, what one reported, and the first as a file."""

from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim.htmx import page as template_for
from kim.paging import count_words
from kim.rules import demand
from kim.views.filters import searched
from steering import export, whereabouts
from steering.access import reports_issues, works_with_issues
from steering.filters import Choices, IssueFilter
from steering.listing import listed, reported
from steering.models import Issue

LIST = "steering:issue_list"
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
    (issues,) = found.narrowed([among.get(found.relation, Issue.objects.visible_to)(user)])
    issues = issues.order_by(found.order, "-pk" if found.order.startswith("-") else "pk")
    narrowed_by = [*found.in_use, *(["Suche"] if found.given.get("q") else [])]
    if kind not in ("csv", "xlsx"):
        raise Http404
    export.record(request.user, number=export.count(issues), kind=kind.upper(), narrowed_by=narrowed_by)
    if kind == "xlsx":
        return FileResponse(export.xlsx_file(issues, request.user), as_attachment=True, filename=export.file_name(kind))
    answer = StreamingHttpResponse(export.csv_lines(issues, request.user), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{export.file_name(kind)}"'
    return answer


@require_safe
def report_list(request):
    """„Wo sind meine Meldungen?“: open ones first, then what has come to an end."""
    demand(reports_issues, request.user)
    ended = request.GET.get("stand") == "ended"
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    issues, number = reported(request.user, ended=ended, size=SIZE, **given)
    context = {
        "ended": ended,
        "hits": count_words(number),
        "page": issues,
        "rows": [(*_line(issue), whereabouts.next_up(issue)) for issue in issues],
    }
    return render(request, template_for(request, "steering/report_list.html", "results"), context)


def _line(issue):
    return issue, whereabouts.mini(issue), whereabouts.tone(issue), whereabouts.countdown(issue)
