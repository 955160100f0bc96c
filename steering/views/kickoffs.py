"""Kick-off events: which municipalities have had one, and what came of each."""

from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kim import workdays
from kim.dated import valid_on
from kim.editing import Filled
from kim.htmx import page as template_for
from kim.models import Code, Municipality, Organisation
from kim.rules import allows, demand
from kim.views.acting import act_and_return
from kim.views.filters import searched
from steering import access, cooperation, export
from steering.contacts import contacts_of
from steering.coverage import NONE, begun
from steering.forms.cooperation import KickOffEditForm, KickOffForm, KickOffHoldForm, ParticipantForm, PressForm
from steering.models import KickOff, KickOffParticipant
from steering.views.files import send
from steering.views.form_pages import form_page

FORM = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def kickoff_list(request):
    demand(access.reads_cooperation, request.user)
    found = _table(request)
    context = {
        "filter": found,
        "rows": found.found,
        "white": sum(row.standing == NONE for row in found.rows),
        "may_keep": allows(access.keeps_cooperation, request.user),
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "steering/kickoff_list.html", "results"), context)


@require_safe
def kickoff_export(request, kind):
    demand(access.reads_cooperation, request.user)
    found = _table(request)
    sheet = export.Sheet(
        "Auftaktveranstaltungen", "kickoff.export", cooperation.KICK_OFFS, found.found, found.narrowed_by
    )
    return send(request, kind, sheet)


def _table(request):
    events = KickOff.objects.visible_to(request.user).filter(cancelled_at__isnull=True)
    return cooperation.KickOffFilter(request.GET, rows=begun(Municipality.objects.all(), events))


@require_safe
def kickoff_detail(request, pk):
    event = _event(request, pk)
    participants = list(event.participants.select_related("organisation", "legal_area"))
    context = {
        "event": event,
        "sectors": _by_sector(participants),
        "institutions": len(participants),
        "persons": sum(one.persons or 0 for one in participants),
        "interfaces": list(event.interfaces.prefetch_related("between", "ways")),
        "ways": list(event.ways.select_related("interface")),
        "others": list(KickOff.objects.filter(municipality=event.municipality_id).exclude(pk=event.pk)),
        "may_keep": allows(access.keeps_cooperation, request.user),
        "is_over": event.on_day <= workdays.today(),
        "contacts": contacts_of([event.municipality])[event.municipality_id],
    }
    return render(request, "steering/kickoff_detail.html", context)


def _by_sector(participants) -> list[tuple[str, list[KickOffParticipant]]]:
    found = [(str(sector.label), [one for one in participants if one.sector == sector])
             for sector in KickOffParticipant.Sector]  # fmt: skip
    return [(label, rows) for label, rows in found if rows]


@FORM
def kickoff_new(request):
    demand(access.keeps_cooperation, request.user)

    def act(**given):
        event = KickOff.plan(by=request.user, **given)
        return event, f"Geplant: {event}."

    chosen = request.GET.get("kommune", "")
    form = KickOffForm(request.POST or None, places=list(Municipality.objects.all()), initial={"municipality": chosen})
    return form_page(request, "steering/kickoff_new.html", form, act, key="kickoff:new")


@FORM
def kickoff_edit(request, pk):
    event = _to_change(request, pk)

    def act(**given):
        event.edit(by=request.user, **given)
        return event, f"Gespeichert: {event}."

    edit = Filled(event, lambda row: KickOffEditForm(held=row.held, initial=_written(row)), key=f"kickoff:{pk}:edit")
    form = KickOffEditForm(request.POST or None, held=event.held, initial=_written(event))
    return form_page(
        request, "steering/kickoff_edit.html", form, act, key=f"kickoff:{pk}:edit", context={"event": event}, edit=edit
    )


@FORM
def kickoff_hold(request, pk):
    """It took place; what came of it."""
    event = _to_change(request, pk)

    def act(**given):
        event.hold(by=request.user, **given)
        return event, f"{event}: Das Ergebnis ist eingetragen."

    form = KickOffHoldForm(request.POST or None)
    return form_page(
        request, "steering/kickoff_hold.html", form, act, key=f"kickoff:{pk}:hold", context={"event": event}
    )


@FORM
def kickoff_cancel(request, pk):
    event = _to_change(request, pk)

    def act(confirmed):
        event.cancel(by=request.user)
        return event, f"Abgesagt: {event}."

    return form_page(
        request,
        "steering/kickoff_cancel.html",
        PressForm(_pressed(request)),
        act,
        key=f"kickoff:{pk}:cancel",
        context={"event": event},
    )


@FORM
def kickoff_participant(request, pk):
    """Somebody else took part, or will."""
    event = _to_change(request, pk)

    def act(**given):
        made = event.admit(by=request.user, **given)
        again = "steering:kickoff_participant" if "again" in request.POST else "steering:kickoff_detail"
        return redirect(again, event.pk).url, f"{made} steht in der Liste."

    areas = Code.objects.filter(valid_on(event.on_day), list=Code.List.LEGAL_AREA)
    form = ParticipantForm(request.POST or None, organisations=list(Organisation.objects.all()), areas=list(areas))
    return form_page(
        request,
        "steering/kickoff_participant.html",
        form,
        act,
        key=f"kickoff:{pk}:participant",
        context={"event": event},
    )


@require_POST
def kickoff_participant_remove(request, pk, kick_off_participant):
    event = _to_change(request, pk)
    found = get_object_or_404(event.participants.select_related("organisation"), pk=kick_off_participant)
    return act_and_return(
        request, lambda: event.strike(found, by=request.user), event, f"{found} steht nicht mehr in der Liste."
    )


def _event(request, pk):
    return get_object_or_404(KickOff.objects.visible_to(request.user).select_related("municipality"), pk=pk)


def _to_change(request, pk):
    event = _event(request, pk)
    demand(access.keeps_cooperation, request.user)
    return event


def _written(event) -> dict:
    return {"on_day": event.on_day, "place": event.place, "outcome": event.outcome}


def _pressed(request):
    return request.POST if request.method == "POST" else None
