"""„So wird gezählt“: the list of figures, and one of them."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim import figures, replica
from kim.rules import allows, demand
from reports import access, definitions
from reports.asked import asked


@require_safe
def figure_list(request):
    demand(access.reads_figures, request.user)
    return render(request, "reports/figure_list.html", {"parts": definitions.seen_by(request.user)})


@require_safe
def figure_detail(request, key):
    demand(access.reads_figures, request.user)
    try:
        figure = figures.figure(key)
    except KeyError:
        raise Http404 from None
    if not allows(access.reads_part, request.user, figure.part):
        raise Http404
    with replica.reading(request):
        wanted = asked(request.GET)
        context = {
            "figure": figure,
            "now": definitions.now(request.user, figure, wanted),
            "asked": wanted,
            "shown_on": definitions.shown_on(request.user, figure),
            "rows_of": definitions.rows_of(figure),
        }
    return render(request, "reports/figure_detail.html", context)
