"""The register of resolutions: all of them, one of them, and what becomes of it."""

from collections.abc import Callable

from django.contrib import messages
from django.db.models import Count, F, Max, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from kim.forms import Form
from kim.htmx import page as template_for
from kim.models import Draft, Municipality
from kim.paging import order_of, page
from kim.privacy_gate import GateDown, Held
from kim.rules import allows, demand
from kim.views.filters import searched
from kim.workflow import StepRefused
from steering import access, export
from steering.filters import ResolutionFilter
from steering.forms.register import DoneForm, DropForm, MunicipalForm, PutOffForm
from steering.models import AgendaItem, Issue, Resolution
from steering.views.files import send

#: What one row of the register and its file show beside the resolution.
BESIDE = ("body", "municipality")
#: What it is about: an issue, or a resolution that came back.
ABOUT = {"issue_number": F("issue__number"), "returned_number": F("agenda_item__open_resolution__number")}


@require_safe
def resolution_list(request):
    demand(access.works_with_issues, request.user)
    seen, found, rows = _resolutions(request)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    context = {
        "filter": found,
        "page": page(
            rows.select_related(*BESIDE).annotate(**ABOUT).defer("folded", "evidence"), found.order, size=30, **given
        ),
        "sees_municipal": allows(access.reads_municipal_resolutions, request.user),
        "may_enter": allows(access.records_municipal_resolutions, request.user),
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "steering/resolution_list.html", "results"), context)


@require_safe
def resolution_export(request, kind):
    demand(access.works_with_issues, request.user)
    _, found, rows = _resolutions(request)
    rows = rows.select_related(*BESIDE).annotate(**ABOUT).order_by(*order_of(found.order, None))
    sheet = export.Sheet("Beschlüsse", "resolution.export", export.RESOLUTIONS, rows, found.narrowed_by)
    return send(request, kind, sheet)


def _resolutions(request):
    """What one may see, the filter, and what it leaves."""
    seen = Resolution.objects.visible_to(request.user)
    found = ResolutionFilter(request.GET, seen=seen)
    return seen, found, found.narrowed(seen)


@require_safe
def resolution_places(request):
    """Which municipality has resolved how much, and which nothing yet."""
    demand(access.reads_municipal_resolutions, request.user)
    still = Q(resolutions__due_on__isnull=False, resolutions__done_on=None, resolutions__dropped_on=None)
    places = Municipality.objects.annotate(
        taken=Count("resolutions"), still_open=Count("resolutions", still), latest=Max("resolutions__decided_on")
    )
    rows = list(places.order_by("name"))
    context = {
        "places": rows,
        "without": sum(not place.taken for place in rows),
        "may_enter": allows(access.records_municipal_resolutions, request.user),
    }
    return render(request, "steering/resolution_places.html", context)


@require_safe
def resolution_detail(request, pk):
    resolution = _visible(request, pk)
    context = {
        "resolution": resolution,
        "issue": _issue_of(request.user, resolution),
        "meeting": _meeting_of(request.user, resolution),
        "returns": _returns(request.user, resolution),
        "postponements": list(resolution.postponements.all()),
        "may_follow": resolution.is_open and allows(access.follows_resolution, request.user, resolution),
    }
    return render(request, "steering/resolution_detail.html", context)


def _visible(request, pk) -> Resolution:
    seen = Resolution.objects.visible_to(request.user).select_related(
        "body", "municipality", "owner_body", "owner_organisation", "agenda_item__meeting__body"
    )
    return get_object_or_404(seen, pk=pk)


def _issue_of(user, resolution) -> Issue | None:
    """What it is about, if the user may see that."""
    if resolution.issue_id is None:
        return None
    return Issue.objects.visible_to(user).filter(pk=resolution.issue_id).first()


def _meeting_of(user, resolution):
    meeting = resolution.agenda_item.meeting if resolution.agenda_item else None
    return meeting if meeting and access.sees_meetings_of(user, meeting.body_id) else None


def _returns(user, resolution) -> list[AgendaItem]:
    """The agendas it came back to."""
    items = resolution.returns.filter(meeting__isnull=False, meeting__cancelled_at__isnull=True)
    items = items.select_related("meeting__body").order_by("meeting__starts_at", "pk")
    return [item for item in items if access.sees_meetings_of(user, item.meeting.body_id)]


# Acts


def resolution_done(request, pk):
    return _follow(request, pk, DoneForm, "finish", "umgesetzt", "Der Beschluss ist umgesetzt.")


def resolution_drop(request, pk):
    return _follow(request, pk, DropForm, "drop", "entfallen", "Der Beschluss ist entfallen.")


def resolution_put_off(request, pk):
    return _follow(request, pk, PutOffForm, "put_off", "Termin verschieben", "Der Termin ist verschoben.")


def _follow(request, pk, make: Callable[..., Form], act: str, heading: str, done: str):
    resolution = _visible(request, pk)
    demand(access.follows_resolution, request.user, resolution)
    form = begun(request, make, f"resolution:{pk}:{act}")
    run = getattr(resolution, act)
    if (
        request.method == "POST"
        and form.is_valid()
        and went(form, lambda **who: run(**form.cleaned_data, **who), request)
    ):
        messages.success(request, f"{resolution}: {done}")
        return redirect(resolution)
    context = {"resolution": resolution, "form": form, "act": act, "heading": heading}
    return render(request, "steering/resolution_act.html", context, status=status(request))


def resolution_new(request):
    """A resolution that a municipality took itself."""
    demand(access.records_municipal_resolutions, request.user)
    places = list(Municipality.objects.order_by("name"))
    form = begun(request, lambda data=None, **kw: MunicipalForm(data, municipalities=places, **kw), "resolution:new")
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        made: list[Resolution] = []
        if find_issue(request.user, form, given) and went(
            form, lambda **who: made.append(Resolution.enter(**given, **who)), request
        ):
            messages.success(request, f"{made[0]} ist eingetragen: {made[0].municipality}.")
            return redirect(made[0])
    return render(request, "steering/resolution_new.html", {"form": form}, status=status(request))


# What forms of the register and of statements share


def begun(request, make: Callable[..., Form], key: str, **initial) -> Form:
    """The form as it was sent, or as it was begun before."""
    if request.method == "POST":
        form = make(request.POST)
    else:
        draft = Draft.of(request.user, key)
        form = make(initial=initial | (draft.data if draft else {}))
    form.draft_key = key
    return form


def find_issue(user, form: Form, given: dict) -> bool:
    """Put the issue in the place of its number in what is `given`; False, said at the field, where there is none."""
    number = given.pop("number", "")
    given["issue"] = Issue.objects.visible_to(user).filter(number=number.upper()).first() if number else None
    if number and given["issue"] is None:
        form.add_error("number", "Einen Knackpunkt mit dieser Kennung gibt es nicht.")
        return False
    return True


def went(form: Form, act: Callable, request) -> bool:
    """Run `act(by=…, confirmed=…)`; where it is refused the form says why. Its draft goes with success."""
    try:
        act(by=request.user, confirmed=form.confirmed)
    except (StepRefused, GateDown) as refusal:
        form.add_error(None, str(refusal))
    except Held as held:
        form.hold(held.findings)
    else:
        Draft.drop(request.user, form.draft_key)
        return True
    return False


def status(request) -> int:
    return 422 if request.method == "POST" else 200
