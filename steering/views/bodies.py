"""Bodies with their members, and meetings with their agenda, as far as the chain needs them."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from kim import workdays
from kim.editing import Filled
from kim.htmx import page as template_for
from kim.models import Municipality, Organisation, User
from kim.paging import order_of, page
from kim.rules import allows, demand
from kim.views.filters import searched
from kim.workflow import StepRefused
from steering import access, export
from steering.filters import BodyFilter, MeetingFilter
from steering.forms.bodies import BodyForm, CancelForm, MeetingForm, SeatEndForm, SeatForm
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
    if access.sees_content(request.user):
        given = Issue.objects.visible_to(request.user).filter(body=body).open()
        issues = list(given.for_list().order_by("due_rank", "pk")[:12])
    context = {
        "body": body,
        "municipalities": list(body.municipalities.all()),
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


# Meetings


@require_safe
def meeting_list(request):
    demand(access.works_with_issues, request.user)
    found, rows = _meetings(request)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    context = {
        "filter": found,
        "page": page(rows, found.order, size=30, **given),
        "sees_some": access.sees_every_meeting(request.user) or bool(access.groups_of(request.user)),
        "may_plan": allows(access.keeps_meetings, request.user),
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "steering/meeting_list.html", "results"), context)


@require_safe
def meeting_export(request, kind):
    demand(access.works_with_issues, request.user)
    found, rows = _meetings(request)
    rows = rows.order_by(*order_of(found.order, None))
    return send(request, kind, export.Sheet("Sitzungen", "meeting.export", export.MEETINGS, rows, found.narrowed_by))


def _meetings(request):
    """The filter, and what it leaves of the meetings one may see."""
    meetings = Meeting.objects.visible_to(request.user)
    met = meetings.order_by().values("body")
    found = MeetingFilter(request.GET, bodies=Body.objects.filter(pk__in=met).order_by("name"))
    return found, found.narrowed(meetings.with_figures())


@require_safe
def meeting_detail(request, pk):
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user).select_related("body"), pk=pk)
    seen = Issue.objects.visible_to(request.user).for_list()
    items = list(meeting.agenda.select_related("issue__municipality", "issue__topic", "issue__body"))
    visible = set(seen.filter(agenda_items__meeting=meeting).values_list("pk", flat=True))
    context = {
        "meeting": meeting,
        "items": [item for item in items if item.issue_id in visible],
        "hidden": len([item for item in items if item.issue_id not in visible]),
        "members": list(meeting.body.memberships.valid_on(meeting.day).select_related("user", "organisation")),
        "may_plan": allows(access.keeps_meetings, request.user) and not meeting.is_over and not meeting.cancelled_at,
    }
    return render(request, "steering/meeting_detail.html", context)


def meeting_new(request):
    demand(access.keeps_meetings, request.user)
    bodies = list(Body.objects.valid_on())
    first = next((body for body in bodies if body.kind == Body.Kind.STEERING), None)
    form = MeetingForm(request.POST or None, bodies=bodies, initial={"body": first})
    if request.method == "POST" and form.is_valid():
        try:
            meeting = Meeting.plan(by=request.user, **form.given)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Geplant: {meeting}.")
            return redirect(meeting)
    waiting = Meeting.waiting_for_one()
    return render(request, "steering/meeting_new.html", {"form": form, "waiting": waiting}, status=_status(request))


def meeting_move(request, pk):
    """Another day, hour or place. The page says first whose clocks follow."""
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user).select_related("body"), pk=pk)
    demand(access.keeps_meetings, request.user)
    form = MeetingForm(request.POST or None, initial=_planned(meeting))
    edit = Filled(meeting, lambda row: MeetingForm(initial=_planned(row)))
    if request.method != "POST":
        edit.begin(form)
    elif form.is_valid():
        try:
            with transaction.atomic():
                edit.demand_same(form)
                moved = meeting.move(by=request.user, **form.given)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Gespeichert: {meeting}. {_moved(moved)}")
            return redirect(meeting)
    context = {"meeting": meeting, "form": form, "tabled": list(meeting.tabled().for_list())}
    return render(request, "steering/meeting_move.html", context, status=_status(request))


def _planned(meeting) -> dict:
    return {"mode": meeting.mode, "place": meeting.place, "title": meeting.title, **meeting.day_and_hour()}


def meeting_cancel(request, pk):
    """Called off, with what becomes of its agenda."""
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user).select_related("body"), pk=pk)
    demand(access.keeps_meetings, request.user)
    form = CancelForm(request.POST or None, others=meeting.others_to_come())
    if request.method == "POST" and form.is_valid():
        try:
            moved = meeting.cancel(by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Abgesagt: {meeting}. {_moved(moved)}")
            return redirect(meeting)
    context = {"meeting": meeting, "form": form, "tabled": list(meeting.tabled().for_list())}
    return render(request, "steering/meeting_cancel.html", context, status=_status(request))


def _moved(number):
    if not number:
        return "Keine Frist hat sich geändert."
    return "Eine Frist ist mitgegangen." if number == 1 else f"{number} Fristen sind mitgegangen."


def _status(request):
    return 422 if request.method == "POST" else 200
