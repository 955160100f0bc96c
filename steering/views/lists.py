"""Lists of issues: everything one may see, what one reported, and the first as a file."""

from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim.htmx import page as template_for
from kim.paging import capped, count_words, page
from kim.rules import demand
from kim.views.filters import searched
from steering import export, whereabouts
from steering.access import reports_issues, works_with_issues
from steering.filters import Choices, IssueFilter
from steering.listing import listed
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
    if found.relation == "held":
        sets = found.narrowed(Issue.objects.parts_held_by(request.user))
        hits = capped(sets, found.order if "words" in found.wanted else "")
        issues = page(sets, found.order, size=SIZE, lines=Issue.objects.for_lines(named=False), **given)
    else:
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
    mine = Issue.objects.reported_by(request.user)
    ended = request.GET.get("stand") == "ended"
    rows = mine.ended() if ended else mine.unended()
    order = "-state_since" if ended else "due_rank"
    lines = Issue.objects.for_lines().prefetch_related("body", "meeting").with_last_word()
    issues = _page(request, rows, order, lines)
    context = {
        "ended": ended,
        "hits": count_words(capped(rows)),
        "page": issues,
        "rows": [(*_line(issue), whereabouts.next_up(issue)) for issue in issues],
    }
    return render(request, template_for(request, "steering/report_list.html", "results"), context)


def _page(request, rows, order, lines):
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    return page(rows, order, size=SIZE, lines=lines, **given)


def _line(issue):
    return issue, whereabouts.mini(issue), whereabouts.tone(issue), whereabouts.countdown(issue)
