"""The page about casework behind the dashboard. What it shows is prepared in reports.casework."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim import replica
from kim.figures import Part
from kim.htmx import page as template_for
from kim.rules import demand
from reports import access, casework


@require_safe
def lage_casework(request):
    """Everything published of a quarter or year, beside the one before."""
    demand(access.reads_part, request.user, Part.CASEWORK)
    with replica.reading(request):
        asked = casework.wanted(request.GET)
        context = {"asked": asked, **casework.shown(asked)}
    return render(request, template_for(request, "reports/lage_casework.html", "results"), context)
