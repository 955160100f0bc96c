"""Own evaluations: put together, kept under a name, shared with roles, subscribed to."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kim import replica
from kim.htmx import page as template_for
from kim.rules import demand
from kim.views.acting import act_and_return, form_page
from kim.workflow import StepRefused
from reports import access, building
from reports.asked import areas
from reports.forms.saved import SavedForm, ShareForm
from reports.models import SavedFigure, Subscription
from reports.models.saved import Rhythm
from reports.sources import SPANS
from reports.writing import protection
from steering.views.forming import gated

FORM = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def builder(request):
    """A figure over time as it is asked for in the address; nothing is kept."""
    found = _built(request, request.GET)
    return render(request, template_for(request, "reports/builder.html", "results"), found)


@require_safe
def saved_list(request):
    """One's own, and what others share with a role one has; kept choices, no numbers."""
    demand(access.reads_figures, request.user)
    rows = list(SavedFigure.objects.visible_to(request.user).select_related("by").order_by("name", "pk")[:500])
    told = set(Subscription.objects.filter(user=request.user).values_list("saved", flat=True))
    lines = [(one, building.words_of(one), one.pk in told) for one in rows]
    context = {
        "own": [line for line in lines if line[0].by_id == request.user.pk],
        "shared": [line for line in lines if line[0].by_id != request.user.pk],
    }
    return render(request, "reports/saved_list.html", context)


@require_safe
def saved_detail(request, pk):
    """What was kept, read anew with the rights of whoever looks."""
    saved = _one(request, pk)
    found = _built(request, saved.choice)
    subscription = Subscription.objects.filter(saved=saved, user=request.user).first()
    context = found | {"saved": saved, "is_own": saved.by_id == request.user.pk, "subscription": subscription}
    return render(request, "reports/saved_detail.html", context)


@FORM
def saved_new(request):
    """Keep what the builder shows (its query), or a copy of what somebody shares."""
    demand(access.reads_figures, request.user)
    chosen, known = building.wanted(request.GET, request.user), areas()

    def act(form):
        made = SavedFigure.keep(by=request.user, confirmed=form.confirmed, **form.chosen)
        return made, f"Gespeichert: {made}."

    return form_page(
        request, "reports/saved_new.html",
        lambda data, initial: SavedForm(data, user=request.user, areas=known, initial=initial), gated(act),
        key="saved:new", initial=_written(chosen) | {"name": chosen.title[:80]}, context={"query": chosen.query},
    )  # fmt: skip


@FORM
def saved_edit(request, pk):
    saved, known = _own(request, pk), areas()

    def act(form):
        saved.edit(by=request.user, confirmed=form.confirmed, **form.chosen)
        return saved, f"Gespeichert: {saved}."

    return form_page(
        request, "reports/saved_edit.html",
        lambda data, initial: SavedForm(data, user=request.user, areas=known, initial=initial), gated(act),
        key=f"saved:{pk}:edit", there=(saved, _kept), context={"saved": saved},
    )  # fmt: skip


@FORM
def saved_share(request, pk):
    saved = _own(request, pk)

    def act(form):
        saved.share(by=request.user, roles=form.cleaned_data["roles"])
        names = ", ".join(saved.role_names)
        return saved, f"Geteilt mit: {names}." if names else "Die Auswertung ist jetzt mit niemandem geteilt."

    return form_page(
        request, "reports/saved_share.html",
        lambda data, initial: ShareForm(data, part=saved.part, initial=initial), gated(act),
        key=f"saved:{pk}:share", there=(saved, lambda row: {"roles": row.roles}), context={"saved": saved},
    )  # fmt: skip


@FORM
def saved_drop(request, pk):
    """GET says first who hears no more of it."""
    saved = _own(request, pk)
    if request.method == "POST":
        try:
            saved.drop(by=request.user)
        except SavedFigure.DoesNotExist:
            raise Http404 from None
        messages.success(request, "Die Auswertung ist gelöscht.")
        return redirect("reports:saved_list")
    others = saved.subscriptions.exclude(user=request.user).count()
    return render(request, "reports/saved_drop.html", {"saved": saved, "others": others})


@require_POST
def subscribe_new(request, pk):
    saved = _one(request, pk)
    rhythm = {Rhythm.MONTH: "Monat", Rhythm.QUARTER: "Quartal", Rhythm.YEAR: "Jahr"}[Rhythm(saved.rhythm)]
    words = f"Sie erfahren davon, sobald die Zahlen für das nächste {rhythm} da sind."
    if rhythm == "Monat":
        words = "Sie erfahren davon, sobald die Zahlen für den nächsten Monat da sind."
    return act_and_return(request, lambda: Subscription.begin(by=request.user, saved=saved), saved, words)


@require_POST
def subscribe_end(request, pk):
    saved = _one(request, pk)

    def end():
        for one in Subscription.objects.filter(saved=saved, user=request.user):
            one.end(by=request.user)

    return act_and_return(request, end, saved, "Sie erhalten dazu keine Nachricht mehr.")


def _one(request, pk) -> SavedFigure:
    demand(access.reads_figures, request.user)
    return get_object_or_404(SavedFigure.objects.visible_to(request.user).select_related("by"), pk=pk)


def _own(request, pk) -> SavedFigure:
    saved = _one(request, pk)
    demand(access.changes_saved, request.user, saved)
    return saved


def _built(request, given) -> dict:
    """What pages with an evaluation show."""
    try:
        wanted = building.wanted(given, request.user)
    except StepRefused as nothing:
        raise Http404(str(nothing)) from nothing
    with replica.reading(request):
        found = building.built(wanted, request.user)
    return {
        "wanted": wanted,
        "built": found,
        "chart": found.chart,
        "offered": [(part.words, figures) for part, figures in building.offered(request.user).items()],
        "breakdowns": wanted.source.fitting(wanted.area, wanted.rhythm).items(),
        "rhythms": [(str(one), SPANS[one].words) for one in wanted.source.rhythms],
        "protection": protection() if found.figure.persons else "",
    }


def _written(chosen: building.Wanted) -> dict:
    return {
        "figure": chosen.figure.key, "by": chosen.breakdown, "area": chosen.area.key, "rhythm": str(chosen.rhythm),
        "periods": chosen.number, "until": chosen.last_day,
    }  # fmt: skip


def _kept(saved: SavedFigure) -> dict:
    return {
        "name": saved.name, "figure": saved.figure, "by": saved.breakdown, "area": saved.area,
        "rhythm": saved.rhythm, "periods": saved.periods, "until": saved.last_day,
    }  # fmt: skip
