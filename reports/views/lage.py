"""The dashboard and the pages behind it. What they show is prepared in reports.lage."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim import replica
from kim.figures import Part
from kim.htmx import page as template_for
from kim.rules import demand
from reports import access
from reports import lage as shown
from reports.pages import LAGE
from reports.views.asking import asked_by, shown_with


@require_safe
def lage(request):
    """Where the issues are and for how long, who is where, how money and casework stand: composed of its sections."""
    demand(access.reads_figures, request.user)
    with replica.reading(request):
        wanted = asked_by(request)
        sections = LAGE.shown(request.user, wanted)
        context = shown_with(request, wanted) | {"sections": [*sections["main"], *sections["aside"]]}
    return render(request, template_for(request, "reports/lage.html", "results"), context)


@require_safe
def lage_chain(request):
    """Every station with its numbers, what happened in the period, and how it went over two years."""
    demand(access.reads_part, request.user, Part.CHAIN)
    with replica.reading(request):
        wanted = asked_by(request)
        context = shown_with(request, wanted)
        if context["counting"]:
            context |= {
                "stations": shown.station_rows(wanted), "now": shown.now_of(wanted), "period": shown.in_period(wanted),
                "has_before": shown.before_of(wanted) is not None,
                "standing": shown.standing_chart(wanted), "flow": shown.flow_chart(wanted),
                "ages": shown.ages_chart(wanted),
            }  # fmt: skip
    return render(request, template_for(request, "reports/lage_chain.html", "results"), context)


@require_safe
def lage_places(request):
    """Every municipality with its issues, on the map and by all topics."""
    demand(access.reads_part, request.user, Part.CHAIN)
    with replica.reading(request):
        wanted = asked_by(request)
        context = shown_with(request, wanted)
        if context["counting"]:
            context |= {
                "places": shown.place_rows(wanted), "now": shown.now_of(wanted), "map": shown.map_of_places(wanted),
                "heat": shown.heat(wanted, most=shown.EVERY_TOPIC),
            }  # fmt: skip
    return render(request, template_for(request, "reports/lage_places.html", "results"), context)
