"""What papers say about posts, beside what KIM counts: list, one figure, a new one, and how it was clarified."""

import datetime as dt

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from funding import access, reported, staffing
from funding.forms.board import ClarifyForm, ReportedFilter, ReportedForm
from funding.models import Module, ReportedFigure
from funding.views.board import modules_seen
from kim import errors, workdays
from kim.paging import Page, order_of, page
from kim.rules import allows, demand
from kim.views.acting import form_page
from kim.views.filters import searched
from kim.workflow import StepRefused
from steering.export import Column, Sheet
from steering.models.gate import noted, pass_gate
from steering.views.files import send
from steering.views.forming import gated

FORM = require_http_methods(["GET", "HEAD", "POST"])
#: Figures on one page; KIM counts anew for the day of each.
SIZE = 30
ORDER = "-as_of"


@require_safe
def reported_list(request):
    """What papers say and what KIM counts, with the day it is about, the day of the paper and the day it was known."""
    demand(access.reads_board, request.user)
    found, figures = _found(request)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    one_page = page(figures.select_related("by"), ORDER, size=SIZE, **given)
    rows = _compared(one_page.rows, request.user)
    context = {
        "filter": found, "page": Page(rows, one_page.before, one_page.after), "search": searched(request.GET),
        "open": sum(one.contradicts for one in rows),
        "may_keep": allows(access.keeps_posts, request.user),
    }  # fmt: skip
    return render(request, "funding/reported_list.html", context)


@require_safe
def reported_export(request, kind):
    demand(access.reads_board, request.user)
    found, figures = _found(request)
    rows = _compared(list(figures.order_by(*order_of(ORDER, None))[:MOST]), request.user)
    return send(
        request, kind, Sheet("Angaben von Unterlagen", "reportedfigure.export", COLUMNS, rows, found.narrowed_by)
    )


@require_safe
def reported_detail(request, pk):
    figure = _figure(request, pk)
    (one,) = _compared([figure], request.user)
    may_keep = allows(access.keeps_posts, request.user)
    context = {"one": one, "figure": figure, "may_clarify": may_keep and one.contradicts}
    return render(request, "funding/reported_detail.html", context)


@FORM
def reported_new(request):
    demand(access.keeps_posts, request.user)

    def act(form):
        texts = {"Unterlage": form.cleaned_data["document"], "Wie es dort steht": form.cleaned_data["words"]}
        note = noted(pass_gate(texts, by=request.user, confirmed=form.confirmed))
        made = ReportedFigure.enter(by=request.user, note=note, **form.cleaned_data)
        return made, "Die Angabe ist eingetragen. KIM zeigt sie neben dem, was es selbst zählt."

    return form_page(request, "funding/reported_new.html", ReportedForm, gated(act), key="reported:new")


@FORM
def reported_clarify(request, pk):
    """A day and words; from then on the figure contradicts no more."""
    figure = _figure(request, pk)
    demand(access.keeps_posts, request.user)
    if figure.clarified_on is not None:
        typed = request.POST.get("clarification", "")
        kept = [("Wie wurde es geklärt?", typed)] if typed else []
        words = "Diese Angabe ist inzwischen geklärt. Bitte lesen Sie, was dazu eingetragen ist."
        return errors.conflict(request, StepRefused(words), url=figure.get_absolute_url(), kept=kept)

    def act(form):
        told = form.cleaned_data
        texts = {"Wie wurde es geklärt?": told["clarification"]}
        note = noted(pass_gate(texts, by=request.user, confirmed=form.confirmed))
        figure.clarify(by=request.user, on=told["clarified_on"], words=told["clarification"], note=note)
        return figure, "Als geklärt eingetragen. Die Angabe bleibt mit ihrer Klärung stehen."

    (one,) = _compared([figure], request.user)
    return form_page(
        request, "funding/reported_clarify.html", ClarifyForm, gated(act), key=f"reported:{pk}:clarify",
        initial={"clarified_on": workdays.today()}, context={"one": one, "figure": figure},
    )  # fmt: skip


def _figure(request, pk) -> ReportedFigure:
    seen = ReportedFigure.objects.visible_to(request.user).select_related("by", "clarified_by")
    return get_object_or_404(seen, pk=pk)


def _found(request):
    found = ReportedFilter(request.GET, modules=modules_seen(request.user))
    figures = ReportedFigure.objects.visible_to(request.user)
    given = found.given
    for name in ("module", "measure"):
        if given.get(name):
            figures = figures.filter(**{name: given[name]})
    if given.get("standing"):
        figures = figures.filter(clarified_on__isnull=given["standing"] == "open")
    return found, figures


def _compared(figures, user) -> list[reported.Compared]:
    """Six queries, however many figures."""
    days: set[dt.date] = {one.as_of for one in figures}
    if not days:
        return []
    first = min(days)
    rows = staffing.read(first, first + staffing.ONE_DAY, days=days)
    beside = ReportedFigure.objects.visible_to(user).filter(as_of__in=days, clarified_on__isnull=True)
    return reported.compared(figures, rows, beside)


#: So many figures a file compares at most.
MOST = 500
COLUMNS: list[Column] = [
    ("Unterlage", 44, lambda one: one.figure.document),
    ("Datum der Unterlage", 14, lambda one: one.figure.reported_on),
    ("Stand der Angabe", 14, lambda one: one.figure.as_of),
    ("bekannt seit", 14, lambda one: one.figure.at.astimezone(workdays.BERLIN).date()),
    ("Modul", 10, lambda one: Module(one.figure.module).short),
    ("Angabe", 26, lambda one: one.figure.get_measure_display()),
    ("laut Unterlage", 14, lambda one: one.said),
    ("zählt KIM", 14, lambda one: one.counted_said),
    ("Widerspruch", 12, lambda one: "ja" if one.contradicts else ""),
    ("wie es dort steht", 60, lambda one: one.figure.words),
    ("geklärt am", 12, lambda one: one.figure.clarified_on),
    ("Klärung", 60, lambda one: one.figure.clarification),
]
