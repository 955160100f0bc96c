"""„Heute“, the start page: what waits, what is new, what comes next."""

from django.shortcuts import render

from kim import workdays
from kim.models import Absence
from kim.today import sections_for


def today(request):
    day = workdays.today()
    standing_in = []
    if len(request.user.hats()) > 1:
        standing_in = list(Absence.objects.valid_on(day).filter(deputy=request.user).select_related("user"))
    columns = sections_for(request.user)
    context = {
        "here": next(filter(None, (part.about.get("here") for parts in columns.values() for part in parts)), []),
        "day": day,
        "week": day.isocalendar().week,
        "day_off": workdays.day_off(day),
        "standing_in": standing_in,
        "columns": columns,
    }
    return render(request, "kim/today.html", context)
