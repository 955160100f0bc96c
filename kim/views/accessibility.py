"""The declaration of accessibility, the form that belongs to it, and what the administration answers."""

import datetime as dt

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from kim import barriers, paging, throttle
from kim.access import answers_barriers
from kim.errors import too_many
from kim.forms import Form, Line, Text
from kim.models import BarrierReport, County
from kim.rules import demand
from kim.views.acting import form_page

#: When the whole of it was last looked through, as the declaration has to say (§ 4 BITVNRW: at least once a year).
LOOKED_THROUGH = dt.date(2026, 11, 26)
#: So many barriers one address may tell in an hour.
TOLD = 10


class BarrierForm(Form):
    text = Text(label="Welche Barriere ist Ihnen begegnet?", max_length=4000, rows=6)
    page = Line(label="Auf welcher Seite?", max_length=200, required=False)
    email = forms.EmailField(
        label="E-Mail-Adresse für die Antwort",
        max_length=254,
        required=False,
        error_messages={"invalid": "Bitte eine Adresse wie name@example.org angeben oder das Feld leer lassen."},
    )


class AnswerForm(Form):
    words = Text(label="Antwort", max_length=4000, rows=6)


@login_not_required
@require_safe
def accessibility(request):
    context = {"county": County.current(), "contact": settings.KIM_CONTACT, "looked_through": LOOKED_THROUGH}
    return render(request, "kim/accessibility.html", context)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def barrier_new(request):
    form = BarrierForm(request.POST or None, initial={"page": request.GET.get("page", "")[:200]})
    told = None
    if request.method == "POST" and form.is_valid():
        if throttle.is_too_often("barrier", throttle.address_of(request), most=TOLD, seconds=3600):
            return too_many(request)
        by = request.user if request.user.is_authenticated else None
        told = barriers.report(by=by, **form.cleaned_data)
    context = {"form": form, "told": told, "county": County.current()}
    status = 422 if request.method == "POST" and told is None else 200
    return render(request, "kim/barrier_new.html", context, status=status)


@require_safe
def barrier_list(request):
    demand(answers_barriers, request.user)
    rows = BarrierReport.objects.select_related("by", "answered_by")
    page = paging.page(rows, "-id", after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    return render(request, "kim/barrier_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def barrier_answer(request, pk):
    demand(answers_barriers, request.user)
    told = get_object_or_404(BarrierReport.objects.select_related("by"), pk=pk)
    if told.answered_at:
        return redirect("kim:barrier_list")

    def act(form):
        barriers.answer(told, by=request.user, **form.cleaned_data)
        return reverse("kim:barrier_list"), "Die Antwort ist versandt und steht bei der Meldung."

    return form_page(
        request,
        "kim/barrier_answer.html",
        AnswerForm,
        act,
        key=f"kim:barrier_answer:{told.pk}",
        context={"told": told},
    )
