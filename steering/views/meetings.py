"""Meetings: planned, moved, called off, and what they speak of."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from kim.editing import Filled
from kim.htmx import page as template_for
from kim.paging import order_of, page
from kim.rules import allows, demand
from kim.views.filters import searched
from kim.workflow import StepRefused
from steering import access, export
from steering.filters import MeetingFilter
from steering.forms.bodies import CancelForm, MeetingForm
from steering.models import Body, Issue, Meeting
from steering.views.files import send
from steering.views.minutes import minutes_of


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
        "meeting_minutes": minutes_of(meeting, request.user),
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
