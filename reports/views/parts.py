"""Staffing, money and governance, each on a page of its own. What they show is prepared in the module of that name."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from funding import access as posts
from kim import replica
from kim.figures import Part
from kim.htmx import page as template_for
from kim.rules import allows, demand
from reports import access, governance, money, staffing
from reports.views.asking import asked_by, shown_with


@require_safe
def lage_staffing(request):
    """What is granted and filled, who is covered, and how it went."""
    demand(access.reads_part, request.user, Part.STAFFING)
    with replica.reading(request):
        wanted = asked_by(request)
        found = staffing.read(request.user, wanted)
        context = shown_with(request, wanted) | {
            "found": found, "figures": staffing.key_figures(found, wanted), "map": staffing.map_of(found, wanted),
            "course": staffing.course_chart(found, wanted), "spots": staffing.uncovered_chart(found, wanted),
            "reads_board": allows(posts.reads_board, request.user),
        }  # fmt: skip
    return render(request, template_for(request, "reports/lage_staffing.html", "results"), context)


@require_safe
def lage_money(request):
    """Sums by module and year, and every notice."""
    demand(access.reads_part, request.user, Part.MONEY)
    with replica.reading(request):
        wanted = asked_by(request)
        found = money.read(request.user, wanted)
        context = shown_with(request, wanted) | {
            "found": found, "figures": money.key_figures(found, wanted), "chart": money.chart_of(found.years),
        }  # fmt: skip
    return render(request, template_for(request, "reports/lage_money.html", "results"), context)


@require_safe
def lage_governance(request):
    """Resolutions, meetings, agreements, kick-off events and statements."""
    demand(access.reads_part, request.user, Part.GOVERNANCE)
    with replica.reading(request):
        wanted = asked_by(request)
        found = governance.read(wanted)
        context = shown_with(request, wanted) | {
            "found": found, "figures": governance.key_figures(found, wanted), "chart": governance.chart_of(found),
            "statements": governance.statement_rows(found),
        }  # fmt: skip
    return render(request, template_for(request, "reports/lage_governance.html", "results"), context)
