"""Bodies with their members."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from kim import workdays
from kim.htmx import page as template_for
from kim.models import Municipality, Organisation, User
from kim.rules import allows, demand
from kim.views.filters import searched
from kim.workflow import StepRefused
from steering import access, export
from steering.contacts import contacts_of
from steering.filters import BodyFilter
from steering.forms.bodies import BodyForm, SeatEndForm, SeatForm
from steering.models import Body, Issue, Meeting, Membership
from steering.views.files import send

#: So many meetings of a body are shown to either side of today; the list of meetings has them all.
MEETINGS = 6

# Bodies


@require_safe
def body_list(request):
    demand(access.looks_at_bodies, request.user)
    found, today = _bodies(request), workdays.today()
    context = {
        "filter": found,
        "bodies": [body for body in found.found if body.valid_until is None or body.valid_until > today],
        "former": [body for body in found.found if body.valid_until and body.valid_until <= today],
        "may_found": allows(access.keeps_bodies, request.user),
        "search": searched(request.GET),
        "sees_all": access.sees_every_body(request.user),
    }
    return render(request, template_for(request, "steering/body_list.html", "results"), context)


@require_safe
def body_export(request, kind):
    demand(access.looks_at_bodies, request.user)
    found = _bodies(request)
    return send(request, kind, export.Sheet("Gremien", "body.export", export.BODIES, found.found, found.narrowed_by))


def _bodies(request):
    bodies = Body.objects.visible_to(request.user).with_figures().prefetch_related("municipalities")
    return BodyFilter(request.GET, bodies=bodies)


@require_safe
def body_detail(request, pk):
    return _body(request, get_object_or_404(Body.objects.visible_to(request.user), pk=pk))


def body_new(request):
    demand(access.keeps_bodies, request.user)
    places = list(Municipality.objects.all())
    form = BodyForm(request.POST or None, municipalities=places)
    if request.method == "POST" and form.is_valid():
        try:
            body = Body.found(by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{body} ist eingerichtet. Jetzt fehlen noch die Mitglieder.")
            return redirect(body)
    return render(request, "steering/body_new.html", {"form": form}, status=_status(request))


def body_seat(request, pk):
    """A new member."""
    body = get_object_or_404(Body.objects.visible_to(request.user), pk=pk)
    demand(access.keeps_bodies, request.user)
    form = SeatForm(
        request.POST or None,
        users=list(User.objects.filter(is_active=True)),
        organisations=list(Organisation.objects.all()),
    )
    if request.method == "POST" and form.is_valid():
        try:
            seat = body.seat(by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{seat.user or seat.organisation} gehört jetzt dazu.")
            return redirect(body)
    return render(request, "steering/body_seat.html", {"body": body, "form": form}, status=_status(request))


def body_seat_end(request, pk, seat):
    """A membership ends, with its last day."""
    body = get_object_or_404(Body.objects.visible_to(request.user), pk=pk)
    demand(access.keeps_bodies, request.user)
    seat = get_object_or_404(Membership.objects.select_related("user", "organisation", "body"), pk=seat, body=body)
    form = SeatEndForm(request.POST or None, initial={"last_day": workdays.today()})
    if request.method == "POST" and form.is_valid():
        try:
            seat.end(by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, f"{seat.user or seat.organisation} scheidet mit dem {seat.last_day:%d.%m.%Y} aus."
            )
            return redirect(body)
    context = {"body": body, "seat": seat, "form": form}
    return render(request, "steering/body_seat_end.html", context, status=_status(request))


def _body(request, body):
    today, now = workdays.today(), workdays.now()
    seats = list(body.memberships.select_related("user", "organisation"))
    meetings = Meeting.objects.visible_to(request.user).filter(body=body)
    issues: list[Issue] = []
    places = list(body.municipalities.all())
    if access.sees_content(request.user):
        given = Issue.objects.visible_to(request.user).filter(body=body).open()
        issues = list(given.for_list().order_by("due_rank", "pk")[:12])
    context = {
        "body": body,
        "municipalities": places,
        "contacts": _contacts(places) if body.kind == Body.Kind.LOCAL else [],
        "seats": [seat for seat in seats if seat.holds_on(today)],
        "coming_seats": [seat for seat in seats if seat.valid_from > today],
        "former_seats": [seat for seat in seats if seat.valid_until and seat.valid_until <= today],
        "coming": list(meetings.filter(starts_at__gt=now).order_by("starts_at", "pk")[:MEETINGS]),
        "past": list(meetings.filter(starts_at__lte=now).order_by("-starts_at", "-pk")[:MEETINGS]),
        "issues": issues,
        "may_manage": allows(access.keeps_bodies, request.user),
        "may_plan": allows(access.keeps_meetings, request.user),
    }
    return render(request, "steering/body_detail.html", context)


def _contacts(places) -> list[User]:
    """Who of the office answers for the municipalities of a local group, each once."""
    people = {person for some in contacts_of(places).values() for person in some}
    return sorted(people, key=str)


def _status(request):
    return 422 if request.method == "POST" else 200
