"""For the coordination: the overview without names, and the look inside a case with a reason, for an hour."""

from types import SimpleNamespace

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from casework import access, figures
from casework.forms.cases import LookForm
from casework.lifecycle import OPEN, State
from casework.models import Case, Look
from casework.models.cases import OVERVIEW
from kim import workdays
from kim.form_rendering import QuickSelect
from kim.forms import OneOf
from kim.htmx import page as template_for
from kim.models import Municipality
from kim.paging import capped, count_words, page
from kim.rules import demand
from kim.together import together
from kim.views.acting import DONE, take
from kim.views.filters import searched

SIZE = 25


class OverviewForm(forms.Form):
    """Filters of the overview: nothing about a person can be asked."""

    def __init__(self, data, *, municipalities):
        super().__init__(data)
        phases = [("", "alle offenen"), ("all", "alle, auch beendete"), *State.choices]
        orders = [("", "älteste zuerst"), ("new", "neueste zuerst")]
        self.fields |= {
            "state": forms.ChoiceField(label="Phase", choices=phases, required=False),
            "municipality": OneOf(municipalities, label="Kommune", empty="alle", required=False),
            "sort": forms.ChoiceField(label="Reihenfolge", choices=orders, required=False),
        }
        for field in self.fields.values():
            field.widget = QuickSelect(attrs={"class": "form-select form-select-sm"}, choices=field.widget.choices)


@require_safe
def case_overview(request):
    """Number, place, phase, age and who leads it; never a name. What is shown of a case is what `OVERVIEW` lists."""
    demand(access.overviews_cases, request.user)
    form = OverviewForm(request.GET, municipalities=_places()()["places"])
    form.is_valid()
    cases = _narrowed(Case.objects.overview(request.user), form.cleaned_data)
    order = "-opened_on" if form.cleaned_data.get("sort") == "new" else "opened_on"
    hits = capped(cases)
    place = {name: request.GET.get(name, "") for name in ("after", "before")}
    shown = page(cases.values_list(*OVERVIEW, named=True), order, size=SIZE, **place)
    context = {
        "form": form,
        "hits": count_words(hits),
        "number": hits,
        "page": shown,
        "rows": [_line(row) for row in shown],
        "search": searched(request.GET),
    }
    if not request.htmx:
        counted, every = figures.figures(), request.GET.get("loads") == "all"
        context |= {"figures": counted, "loads": figures.loads() if every else counted.loads, "every_load": every}
    return render(request, template_for(request, "casework/case_overview.html", "results"), context)


@together
def _places():
    return {"places": Municipality.objects.order_by("name").only("name")}


def _narrowed(cases, given):
    state = given.get("state")
    if state != "all":
        cases = cases.filter(state=state) if state else cases.filter(state__in=OPEN)
    return cases.filter(municipality=given["municipality"]) if given.get("municipality") else cases


def _line(row) -> SimpleNamespace:
    return SimpleNamespace(
        pk=row.pk,
        number=row.number,
        place=row.municipality__name,
        phase=State(row.state).label,
        opened_on=row.opened_on,
        days=(workdays.today() - row.opened_on).days,
        owner=row.owner__display_name,
        employer=row.employer__name,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def look_take(request, pk):
    """A look inside: the reason first, then the case for an hour. Who leads the case is told at once."""
    demand(access.overviews_cases, request.user)
    case = get_object_or_404(Case.objects.filter(access.overviewed_cases(request.user)), pk=pk)
    form = LookForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = _taken(request.user, case, form)
    if request.method == "POST" and status == DONE:
        messages.success(request, f"{case}: Einblick für eine Stunde. Die Fallführung ist benachrichtigt.")
        return redirect(case)
    return render(request, "casework/look_take.html", {"case": case, "form": form}, status=status)


def _taken(user, case, form) -> int:
    if not form.is_valid():
        return 422
    return take(form, lambda: Look.take(case, by=user, reason=form.cleaned_data["reason"]))


@require_safe
def look_list(request):
    """One's own looks: those that still hold lead into the case."""
    demand(access.overviews_cases, request.user)
    place = {name: request.GET.get(name, "") for name in ("after", "before")}
    looks = Look.objects.filter(by=request.user)
    shown = page(looks, "-at", size=SIZE, lines=Look.objects.select_related("case"), **place)
    context = {"page": shown, "now": workdays.now()}
    return render(request, template_for(request, "casework/look_list.html", "results"), context)
