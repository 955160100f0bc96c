"""The register of interfaces: where authorities meet, how they agreed to work there, and who last confirmed it."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kim import workdays
from kim.dated import valid_on
from kim.editing import Filled
from kim.htmx import page as template_for
from kim.models import Code, Municipality, Organisation
from kim.paging import capped, count_words, order_of, page
from kim.rules import allows, demand
from kim.views.acting import act_and_return
from kim.views.filters import searched
from steering import access, cooperation, export
from steering.contacts import contacts_of
from steering.forms.cooperation import InterfaceForm, InterfaceWayForm, PressForm
from steering.models import Interface, Issue, KickOff
from steering.views.files import send
from steering.views.form_pages import form_page

FORM = require_http_methods(["GET", "HEAD", "POST"])
#: Rows of one page; issues shown with an interface.
SIZE, ISSUES = 30, 30


@require_safe
def interface_list(request):
    demand(access.reads_cooperation, request.user)
    found, rows = _register(request)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    number = capped(rows, found.order)
    context = {
        "filter": found,
        "page": page(rows, found.order, size=SIZE, **given),
        "number": number,
        "hits": count_words(number),
        "may_keep": allows(access.keeps_cooperation, request.user),
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "steering/interface_list.html", "results"), context)


@require_safe
def interface_export(request, kind):
    demand(access.reads_cooperation, request.user)
    found, rows = _register(request)
    rows = rows.order_by(*order_of(found.order, None)).prefetch_related("legal_areas", "ways")
    sheet = export.Sheet("Schnittstellen", "interface.export", cooperation.INTERFACES, rows, found.narrowed_by)
    return send(request, kind, sheet)


def _register(request):
    """The filter, and what it leaves of the register."""
    found = cooperation.InterfaceFilter(
        request.GET,
        places=Municipality.objects.all(),
        areas=Code.objects.filter(list=Code.List.LEGAL_AREA),
        organisations=Organisation.objects.all(),
    )
    rows = Interface.objects.visible_to(request.user).select_related("municipality").prefetch_related("between")
    return found, found.narrowed(rows)


@require_safe
def interface_detail(request, pk):
    one = _interface(request, pk)
    ways = list(one.ways.select_related("event__municipality"))
    seen = Issue.objects.visible_to(request.user).filter(interface=one).open()
    context = {
        "interface": one,
        "between": list(one.between.all()),
        "legal_areas": list(one.legal_areas.all()),
        "way": ways[0] if ways else None,
        "earlier": ways[1:],
        "issues": list(seen.for_list().order_by("due_rank", "pk")[:ISSUES]),
        "may_keep": allows(access.keeps_cooperation, request.user),
        "may_confirm": allows(access.confirms_interfaces, request.user) and one.retired_on is None,
        "contacts": contacts_of([one.municipality])[one.municipality_id] if one.municipality else [],
    }
    return render(request, "steering/interface_detail.html", context)


@FORM
def interface_new(request):
    """A new entry; from the page of a kick-off event, with its municipality."""
    demand(access.keeps_cooperation, request.user)
    choices = _choices()

    def act(**given):
        made = Interface.identify(by=request.user, **given)
        return made, f"{made}: steht jetzt im Verzeichnis der Schnittstellen."

    event = next((one for one in choices["events"] if str(one.pk) == request.GET.get("auftakt")), None)
    initial = {"identified_at": event, "municipality": event.municipality_id if event else None}
    form = InterfaceForm(request.POST or None, choices=choices, new=True, initial=initial)
    return form_page(request, "steering/interface_new.html", form, act, key="interface:new", context={"event": event})


@FORM
def interface_edit(request, pk):
    one = _to_change(request, pk)
    choices = _choices(one)

    def act(**given):
        one.edit(by=request.user, **given)
        return one, f"{one}: gespeichert."

    edit = Filled(one, lambda row: InterfaceForm(choices=choices, initial=_written(row)), key=f"interface:{pk}:edit")
    form = InterfaceForm(request.POST or None, choices=choices, initial=_written(one))
    return form_page(
        request,
        "steering/interface_edit.html",
        form,
        act,
        key=f"interface:{pk}:edit",
        context={"interface": one},
        edit=edit,
    )


@FORM
def interface_way(request, pk):
    """A new way of working; the ones before stay to be read."""
    one = _to_change(request, pk)

    def act(**given):
        one.agree(by=request.user, **given)
        return one, f"{one}: Die neue Arbeitsweise gilt und ist damit bestätigt."

    latest = one.ways.first()
    initial = {"agreed_on": workdays.today(), "text": latest.text if latest else ""}
    form = InterfaceWayForm(request.POST or None, events=_held(), initial=initial)
    return form_page(
        request,
        "steering/interface_way.html",
        form,
        act,
        key=f"interface:{pk}:way",
        context={"interface": one, "latest": latest},
    )


@require_POST
def interface_confirm(request, pk):
    one = _interface(request, pk)
    return act_and_return(request, lambda: one.confirm(by=request.user), one, f"{one}: heute bestätigt.")


@FORM
def interface_retire(request, pk):
    one = _to_change(request, pk)

    def act(confirmed):
        one.retire(by=request.user)
        return one, f"{one}: entfallen."

    form = PressForm(request.POST if request.method == "POST" else None)
    return form_page(
        request, "steering/interface_retire.html", form, act, key=f"interface:{pk}:retire", context={"interface": one}
    )


@require_POST
def interface_reopen(request, pk):
    one = _to_change(request, pk)
    return act_and_return(request, lambda: one.reopen(by=request.user), one, f"{one}: wieder in Gebrauch.")


def _interface(request, pk):
    rows = Interface.objects.visible_to(request.user).prefetch_related("between", "legal_areas")
    return get_object_or_404(rows.select_related("municipality", "identified_at__municipality", "confirmed_by"), pk=pk)


def _to_change(request, pk):
    one = _interface(request, pk)
    demand(access.keeps_cooperation, request.user)
    return one


def _choices(one=None) -> dict:
    """What the form offers; codes that have ended only where the entry has them."""
    areas = Code.objects.filter(list=Code.List.LEGAL_AREA)
    in_force = areas.filter(valid_on(workdays.today()))
    return {
        "organisations": list(Organisation.objects.all()),
        "areas": list(in_force if one is None else (in_force | areas.filter(pk__in=one.legal_areas.values("pk")))),
        "places": list(Municipality.objects.all()),
        "events": _held(),
    }


def _held() -> list[KickOff]:
    return list(KickOff.objects.filter(held=True).select_related("municipality").order_by("-on_day", "-pk"))


def _written(one) -> dict:
    return {
        "title": one.title,
        "municipality": one.municipality_id,
        "between": list(one.between.all()),
        "legal_areas": list(one.legal_areas.all()),
        "description": one.description,
        "identified_at": one.identified_at_id,
    }
