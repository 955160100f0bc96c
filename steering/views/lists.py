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
from steering.models import Issue

LIST = "steering:issue_list"
#: Rows of one page.
SIZE = 25


@require_safe
def issue_list(request):
    demand(works_with_issues, request.user)
    choices = Choices.of(request.user, LIST)
    found = _found(request, choices)
    hits = capped(found.sets, found.order if found.given.get("q") else "")
    issues = _page(request, found.sets, found.order, Issue.objects.for_lines(named=False))
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
    found = _found(request, Choices.of(request.user, LIST), whole=True)
    (issues,) = found.sets
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


def _found(request, choices, *, whole=False) -> IssueFilter:
    """What is held or was reported is seen in any case: it is read as such, not sought among all that is seen.

    In sets for a page; `whole` in one, for what is read to its end.
    """
    user, issues = request.user, Issue.objects

    def among(mine):
        if mine == "reported":
            return [issues.reported_by(user)]
        if mine == "held":
            return [issues.held_by(user)] if whole else issues.parts_held_by(user)
        return [issues.visible_to(user)] if whole else issues.parts_visible_to(user)

    return IssueFilter(request.GET, among, choices=choices)


def _page(request, rows, order, lines):
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    return page(rows, order, size=SIZE, lines=lines, **given)


def _line(issue):
    return issue, whereabouts.mini(issue), whereabouts.tone(issue), whereabouts.countdown(issue)
