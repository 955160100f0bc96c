"""„Anfrage aufnehmen“: a new case, for somebody new or somebody who is advised already."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from casework import access, reading
from casework.forms.cases import RequestForm
from casework.models import Case, Client
from casework.offered import offered, typed_before
from casework.views.likely import asked_first
from kim import workdays
from kim.models import Draft, User
from kim.rules import demand
from kim.views.acting import DONE, take

KEY = "case:new"
#: So many people are offered; beyond that one begins from the page of the person.
KNOWN = 500


@require_http_methods(["GET", "HEAD", "POST"])
def case_new(request):
    demand(access.manages_cases, request.user)
    read = offered(request.user, KEY)
    known = _known(request)
    reading.listed(Client, (one.pk for one in known), by=request.user)
    if request.method != "POST":
        initial = {"municipality": read["place"], "opened_on": workdays.today()} | typed_before(read)
        if request.GET.get("person", "").isdecimal():
            initial["person"] = request.GET["person"]
        return _page(request, RequestForm(choices=read, known=known, initial=initial), read)
    form = RequestForm(request.POST, choices=read, known=known)
    if not form.is_valid():
        return _page(request, form, read, status=422)
    if not form.cleaned_data["person"] and (shown := asked_first(request, form.identity)):
        return _page(request, form, read, likely=shown[0], status=shown[1])
    made: list[Case] = []
    status = take(form, lambda: made.append(_open(request.user, form)))
    if status != DONE:
        return _page(request, form, read, status=status)
    Draft.drop(request.user, KEY)
    messages.success(request, f"{made[0]}: Die Anfrage ist aufgenommen.")
    return HttpResponseClientRedirect(made[0].get_absolute_url()) if request.htmx else redirect(made[0])


def _known(request) -> list[Client]:
    """Those with an open case, their families, and whom the page of a person asked for."""
    people = Client.objects.select_related("identity").order_by("identity__folded", "pk")
    known = list(people.advised_by(request.user)[:KNOWN])
    asked = request.POST.get("person") or request.GET.get("person", "")
    if asked.isascii() and asked.isdecimal() and len(asked) < 19 and int(asked) not in {one.pk for one in known}:
        known += people.kept_by(request.user).filter(pk=asked)
    return known


def _open(user, form) -> Case:
    """The same form sent twice opens one case; whoever is second waits for the first."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    place, languages = form.cleaned_data["municipality"], form.cleaned_data["languages"]
    client = form.cleaned_data["person"]
    if client is None:
        person = {"by": user, "identity": form.identity, "municipality": place, **form.person}
        several = {"languages": languages, "citizenships": form.citizenships}
        client = Client.just_entered(**person) or Client.enter(**several, **person)
    request = {"by": user, "client": client, "municipality": place, **form.of_case}
    return Case.just_opened(**request) or Case.open(**request)


def _page(request, form, read, *, likely="", status=200):
    form.draft_key = KEY
    context = {
        "form": form,
        "likely": likely,
        "saved_at": read["draft"].saved_at if read["draft"] and not form.is_bound else None,
    }
    return render(request, "casework/case_new.html", context, status=status)
