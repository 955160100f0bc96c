"""The dashboard and the pages behind it. What they show is prepared in reports.lage."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim.figures import Part
from kim.htmx import page as template_for
from kim.models import Bank
from kim.rules import demand
from reports import access, chain
from reports import lage as shown
from reports.asked import Area, Asked, Span, asked
from reports.pages import LAGE


@require_safe
def lage(request):
    """Where the issues are and for how long, who is where, how money and casework stand: composed of its sections."""
    demand(access.reads_figures, request.user)
    wanted = _asked(request)
    sections = LAGE.shown(request.user, wanted)
    context = _context(request, wanted) | {"sections": [*sections["main"], *sections["aside"]]}
    return render(request, template_for(request, "reports/lage.html", "results"), context)


@require_safe
def lage_chain(request):
    """Every station with its numbers, what happened in the period, and how it went over two years."""
    demand(access.reads_part, request.user, Part.CHAIN)
    wanted = _asked(request)
    context = _context(request, wanted)
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
    wanted = _asked(request)
    context = _context(request, wanted)
    if context["counting"]:
        context |= {
            "places": shown.place_rows(wanted), "now": shown.now_of(wanted), "map": shown.map_of_places(wanted),
            "heat": shown.heat(wanted, most=shown.EVERY_TOPIC),
        }  # fmt: skip
    return render(request, template_for(request, "reports/lage_places.html", "results"), context)


def _asked(request) -> Asked:
    last = chain.latest()
    wanted = asked(request.GET, last.until if last else None)
    wanted.once("counting", lambda: last)
    return wanted


def _context(request, wanted: Asked) -> dict:
    counting = shown.counting(wanted)
    return {
        "asked": wanted, "counting": counting, "day_words": shown.day_in_words(wanted.day),
        "spans": [(one.value, one.words) for one in Span], "areas": _groups(wanted.areas.values()),
        "reads_chain": access.reads_part(request.user, Part.CHAIN), "is_current": shown.is_current(wanted),
    }  # fmt: skip


def _groups(areas) -> list[tuple[str, list[Area]]]:
    """For the select: the county and its banks, then municipalities by bank."""
    areas = list(areas)
    groups = [("", [one for one in areas if not one.is_place])]
    for bank in [*Bank, None]:
        there = [one for one in areas if one.place and (one.place.bank or None) == bank]
        if there:
            groups.append((bank.label if bank else "Kommunen", there))
    return groups
