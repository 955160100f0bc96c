"""The directory of those who help: search, one entry, and keeping it true."""

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import access, directory_files
from casework.forms.network import ActorEndForm, ActorForm
from casework.models import Actor
from kim import workdays
from kim.forms import clean_text
from kim.htmx import page as template_for
from kim.models import Municipality, Organisation, SavedFilter
from kim.paging import capped, count_words, page
from kim.views.acting import act_and_return, form_page
from kim.views.filters import searched

LIST = "casework:actor_list"
#: Rows of one page.
SIZE = 30
#: How the list can be sorted: key in the address → (words, order).
ORDERS = {"": ("Name, A bis Z", "name"), "z": ("Name, Z bis A", "-name"), "kind": ("Art", "kind")}
#: What else the list can show: key in the address → (words, question to the set).
STATES = {
    "": ("bestehende", lambda actors: actors.active()),
    "stale": ("seit über einem Jahr nicht bestätigt", lambda actors: actors.stale()),
    "gone": ("nicht mehr bestehende", lambda actors: actors.gone()),
}


@require_safe
def actor_list(request):
    access.demand_oneself(access.reads_directory, request.user)
    places = {str(place.pk): place for place in Municipality.objects.all()}
    words, kind, place, state = narrowed_by(request.GET, places)
    actors, order = _narrowed(words, kind, places.get(place), state), _order(request.GET)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    hits = capped(actors)
    context = {
        "page": page(actors.prefetch_related("municipalities"), ORDERS[order][1], size=SIZE, **given),
        "hits": count_words(hits),
        "number": hits,
        "words": words, "kind": kind, "place": place, "state": state,
        "is_narrowed": bool(words or kind or place or state),
        "kinds": Actor.Kind.choices, "places": places,
        "states": [(key, label) for key, (label, _) in STATES.items()],
        "orders": [(key, label) for key, (label, _) in ORDERS.items()], "order": order,
        "saved": SavedFilter.objects.filter(user=request.user, page=LIST).order_by("name"),
        "search": searched(request.GET),
    }  # fmt: skip
    return render(request, template_for(request, "casework/actor_list.html", "results"), context)


def _narrowed(words, kind, place, state):
    actors = STATES[state][1](Actor.objects.matching(words))
    if kind:
        actors = actors.filter(kind=kind)
    return actors.for_place(place) if place else actors


def _order(given) -> str:
    order = given.get("sort", "")
    return order if order in ORDERS else ""


@require_safe
def actor_export(request, kind):
    """All that the list shows with these filters, as CSV or XLSX."""
    access.demand_oneself(access.reads_directory, request.user)
    if kind not in ("csv", "xlsx"):
        raise Http404
    places = {str(place.pk): place for place in Municipality.objects.all()}
    words, of_kind, place, state = narrowed_by(request.GET, places)
    actors = _narrowed(words, of_kind, places.get(place), state).order_by(ORDERS[_order(request.GET)][1], "pk")
    names = {"Suche": words, "Art": of_kind, "Kommune": place, "Stand": state}
    narrowed = [name for name, value in names.items() if value]
    directory_files.record(request.user, actors, kind=kind.upper(), narrowed_by=narrowed)
    if kind == "xlsx":
        return FileResponse(directory_files.xlsx(actors), as_attachment=True, filename=directory_files.file_name(kind))
    answer = StreamingHttpResponse(directory_files.csv(actors), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{directory_files.file_name(kind)}"'
    return answer


@require_safe
def actor_detail(request, pk):
    access.demand_oneself(access.reads_directory, request.user)
    actors = Actor.objects.select_related("organisation", "confirmed_by").prefetch_related("municipalities")
    return render(request, "casework/actor_detail.html", {"actor": get_object_or_404(actors, pk=pk)})


@require_http_methods(["GET", "HEAD", "POST"])
def actor_new(request):
    access.demand_oneself(access.keeps_directory, request.user)

    def act(form):
        actor = Actor.enter(by=request.user, **form.cleaned_data)
        return actor, f"{actor} steht jetzt im Verzeichnis."

    return form_page(request, "casework/actor_new.html", _form(), act, key="actor:new")


@require_http_methods(["GET", "HEAD", "POST"])
def actor_edit(request, pk):
    access.demand_oneself(access.keeps_directory, request.user)
    actor = get_object_or_404(Actor.objects.active().prefetch_related("municipalities"), pk=pk)

    def act(form):
        actor.edit(by=request.user, **form.cleaned_data)
        return actor, f"{actor}: gespeichert und heute bestätigt."

    return form_page(request, "casework/actor_edit.html", _form(), act, key=f"actor:{pk}",
                     context={"actor": actor}, there=(actor, _entered))  # fmt: skip


def _entered(actor) -> dict:
    plain = ("name", "kind", "responsibility", "phone", "email", "website", "address", "hours")
    found = {name: getattr(actor, name) for name in plain}
    return found | {"organisation": actor.organisation_id, "municipalities": list(actor.municipalities.all())}


@require_POST
def actor_confirm(request, pk):
    access.demand_oneself(access.keeps_directory, request.user)
    actor = get_object_or_404(Actor, pk=pk)
    return act_and_return(request, lambda: actor.confirm(by=request.user), actor, f"{actor}: heute bestätigt.")


@require_http_methods(["GET", "HEAD", "POST"])
def actor_end(request, pk):
    access.demand_oneself(access.keeps_directory, request.user)
    actor = get_object_or_404(Actor, pk=pk)
    if request.method != "POST" and actor.gone_on:
        return redirect(actor)

    def act(form):
        actor.end(by=request.user, **form.cleaned_data)
        return actor, f"{actor} wird nicht mehr angeboten."

    make = lambda data, **more: ActorEndForm(data, **more)  # noqa: E731
    return form_page(request, "casework/actor_end.html", make, act, key=f"actor:{pk}:end",
                     context={"actor": actor}, initial={"gone_on": workdays.today()})  # fmt: skip


@require_POST
def actor_reopen(request, pk):
    access.demand_oneself(access.keeps_directory, request.user)
    actor = get_object_or_404(Actor, pk=pk)
    return act_and_return(
        request, lambda: actor.reopen(by=request.user), actor, f"{actor} steht wieder im Verzeichnis."
    )


def narrowed_by(given, places) -> tuple[str, str, str, str]:
    """Words, kind, municipality and state of an address; what does not exist stays without effect."""
    kind, place, state = (given.get(name, "") for name in ("kind", "place", "state"))
    return (
        searched_words(given),
        kind if kind in Actor.Kind.values else "",
        place if place in places else "",
        state if state in STATES else "",
    )


def searched_words(given) -> str:
    """What is searched for; text with hidden characters finds everything."""
    try:
        return clean_text(given.get("q", "")[:100])
    except ValidationError:
        return ""


def _form():
    places, organisations = list(Municipality.objects.all()), list(Organisation.objects.all())
    return lambda data, **more: ActorForm(data, municipalities=places, organisations=organisations, **more)
