"""Bodies with their members, and meetings with their agenda, as far as the chain needs them."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from kim import workdays
from kim.htmx import page as template_for
from kim.models import Municipality, Organisation, User
from kim.paging import page
from kim.rules import allows, demand
from kim.workflow import StepRefused
from steering import access
from steering.forms import BodyForm, CancelForm, MeetingForm, SeatEndForm, SeatForm
from steering.models import Body, Issue, Meeting, Membership

#: So many meetings of a body are shown to either side of today; the list of meetings has them all.
MEETINGS = 6

# Bodies


@require_safe
def body_list(request):
    demand(access.looks_at_bodies, request.user)
    bodies = Body.objects.visible_to(request.user).with_figures().prefetch_related("municipalities")
    today = workdays.today()
    context = {
        "bodies": [body for body in bodies if body.valid_until is None or body.valid_until > today],
        "former": [body for body in bodies if body.valid_until and body.valid_until <= today],
        "may_found": allows(access.keeps_bodies, request.user),
        "sees_all": access.sees_every_body(request.user),
    }
    return render(request, "steering/body_list.html", context)


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
    past = request.GET.get("stand") == "past"
    rows = Meeting.objects.visible_to(request.user).with_figures()
    now = workdays.now()
    rows = rows.filter(starts_at__lte=now) if past else rows.filter(starts_at__gt=now)
    order = "-starts_at" if past else "starts_at"
    context = {
        "past": past,
        "sees_some": access.sees_every_meeting(request.user) or bool(access.groups_of(request.user)),
        "page": page(rows, order, after=request.GET.get("after", ""), before=request.GET.get("before", ""), size=30),
        "may_plan": allows(access.keeps_meetings, request.user),
    }
    return render(request, template_for(request, "steering/meeting_list.html", "results"), context)


@require_safe
def meeting_detail(request, pk):
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user).select_related("body"), pk=pk)
    seen = Issue.objects.visible_to(request.user).for_list()
    items = list(meeting.agenda.order_by("pk").select_related("issue__municipality", "issue__topic", "issue__body"))
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
    before = {"mode": meeting.mode, "place": meeting.place, "title": meeting.title, **meeting.day_and_hour()}
    form = MeetingForm(request.POST or None, initial=before)
    if request.method == "POST" and form.is_valid():
        try:
            moved = meeting.move(by=request.user, **form.given)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Gespeichert: {meeting}. {_moved(moved)}")
            return redirect(meeting)
    context = {"meeting": meeting, "form": form, "tabled": list(meeting.tabled().for_list())}
    return render(request, "steering/meeting_move.html", context, status=_status(request))


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
