"""The report to the Land as a page: the whole set of indicators by year."""

import datetime as dt

from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim import replica
from kim.htmx import page as template_for
from kim.rules import demand
from reports import access
from reports import indicators as told
from reports.views.asking import grouped


@require_safe
def indicators(request):
    demand(access.reads_indicators, request.user)
    with replica.reading(request):
        year, complaint = told.chosen(request.GET.get("year", ""))
        wanted = told.asked_for(year, request.GET.get("area", ""))
        found = told.answers(request.user, wanted)
        missing = [one for _, some in found for one in some if one.indicator.read is None]
        context = {
            "asked": wanted, "year": year, "years": told.years(), "title": told.TITLE, "sets": found,
            "areas": grouped(wanted.areas.values()), "complaints": [*filter(None, [complaint]), *wanted.complaints],
            "number": sum(len(some) for _, some in found), "missing": missing,
            "cut": wanted.day < dt.date(year, 12, 31), "year_before": year - 1,
            "query": f"year={year}&area={wanted.area.key}",
        }  # fmt: skip
    return render(request, template_for(request, "reports/indicators.html", "results"), context)
