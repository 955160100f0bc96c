"""Meetings: planned, for a day or for a year, moved, called off, invited to, and the page of one."""

from django.contrib import messages
from django.db import transaction
from django.db.models import Max, Min, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from kim import trail, workdays
from kim.editing import Filled
from kim.htmx import page as template_for
from kim.models import County
from kim.paging import order_of, page
from kim.rules import allows, demand
from kim.views.filters import searched
from kim.workflow import StepRefused
from steering import access, agendas, export, year_plan
from steering.calendar_entries import PUBLISH, entry
from steering.filters import MeetingFilter
from steering.forms.meetings import CancelForm, InviteForm, MeetingForm, YearForm
from steering.invitation_sheet import sheet
from steering.invitations import Invited, words_of
from steering.models import Body, Meeting, RulesOfProcedure
from steering.views.decisions import decided
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
        "may_plan": allows(access.plans_meetings, request.user),
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
    bodies = Body.objects.filter(pk__in=met).order_by("name")
    found = MeetingFilter(request.GET, bodies=bodies, years=_years(meetings))
    return found, found.narrowed(meetings.with_figures())


def _years(meetings) -> range:
    """From the first of these meetings to the last, latest first."""
    span = meetings.order_by().aggregate(first=Min("starts_at"), last=Max("starts_at"))
    if span["first"] is None:
        return range(0)
    first, last = (timezone.localtime(span[name]).year for name in ("first", "last"))
    return range(last, first - 1, -1)


@require_safe
def meeting_detail(request, pk):
    meeting = _meeting(request, pk)
    agenda, seats = agendas.read(meeting, request.user), Invited(meeting).seats
    runs, open_ = allows(access.runs_meetings, request.user, meeting.body), not meeting.cancelled_at
    ahead = open_ and not meeting.is_over and not meeting.opened_at
    speakable = open_ and not meeting.closed_at and (meeting.day >= workdays.today() or meeting.opened_at)
    context = {
        "meeting": meeting,
        "agenda": agenda,
        "items": agenda.items,
        "hidden": agenda.hidden,
        "members": seats,
        "needed": _needed(meeting.rules, seats),
        "may_run": runs,
        "may_plan": runs and ahead,
        "may_speak": runs and speakable,
        "may_propose": speakable and allows(access.proposes_topics, request.user, meeting.body),
        "may_withdraw": _withdrawable(request.user, agenda) if speakable else set(),
        "in_time": workdays.today() <= meeting.topics_until,
        "decisions": decided(request.user, meeting),
        "resolved": sum(item.taken is not None for item in agenda.items),
        "meeting_minutes": minutes_of(meeting, request.user),
    }
    return render(request, "steering/meeting_detail.html", context)


def _withdrawable(user, agenda) -> set[int]:
    """Ids of the items `user` may take off."""
    items = [item for item in agenda.items if item.kind not in item.BY_STEP]
    return {item.pk for item in items if allows(access.withdraws_item, user, item)}


def _meeting(request, pk) -> Meeting:
    return get_object_or_404(Meeting.objects.visible_to(request.user).select_related("body"), pk=pk)


def _needed(rules, seats) -> str:
    """What the rules ask for before anything is decided: „3 von 5 Stimmen“."""
    voting = [seat for seat in seats if seat.votes and seat.function != "deputy"]
    voices = {seat.pk for seat in voting}
    if rules.voices == RulesOfProcedure.Voices.INSTITUTION:
        voices = {(seat.organisation_id and f"institution {seat.organisation_id}") or seat.pk for seat in voting}
    number = -(-len(voices) * rules.quorum_percent // 100)
    return f"{number} von {len(voices)} Stimmen ({rules.quorum_percent} %)" if voices else ""


def meeting_new(request):
    demand(access.plans_meetings, request.user)
    bodies = _run_by(request.user)
    first = next((body for body in bodies if body.kind == Body.Kind.STEERING), bodies[0] if len(bodies) == 1 else None)
    asked = next((body for body in bodies if str(body.pk) == request.GET.get("body")), None)
    form = MeetingForm(request.POST or None, bodies=bodies, initial={"body": asked or first})
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


def _run_by(user) -> list[Body]:
    """The bodies whose meetings `user` plans."""
    bodies = Body.objects.visible_to(user).valid_on()
    return [body for body in bodies if allows(access.runs_meetings, user, body)]


def meeting_year(request):
    """A year by a pattern: first the days that would be, then all of them at once."""
    demand(access.plans_meetings, request.user)
    form = YearForm(request.POST or None, bodies=_run_by(request.user))
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        found = _year(form.pattern)
        body, possible = form.cleaned_data["body"], [one.starts_at for one in found if not one.barred]
        if "plan" in request.POST and request.POST.get("seen") == _written(possible):
            try:
                made = Meeting.plan_year(by=request.user, body=body, starts=possible, **form.fields_of_each)
            except StepRefused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, f"{_counted(len(made))} geplant: {body}.")
                return redirect(f"{reverse('steering:meeting_list')}?body={body.pk}")
        rules = RulesOfProcedure.in_force(body)
        planned = Meeting.objects.filter(body=body, cancelled_at=None, starts_at__year=form.pattern["year"]).count()
        context |= {
            "planned": found,
            "possible": len(possible),
            "seen": _written(possible),
            "rules": rules,
            "there": planned,
            "enough": planned + len(possible) >= rules.meetings_per_year,
        }
        if not form.errors:
            return render(request, "steering/meeting_year.html", context)
    return render(request, "steering/meeting_year.html", context, status=_status(request))


def _year(pattern: dict) -> list[year_plan.Planned]:
    # What was moved off the last days of December stands in the next year.
    year = Q(starts_at__year=pattern["year"]) | Q(starts_at__year=pattern["year"] + 1)
    there = Meeting.objects.filter(year, cancelled_at=None).select_related("body")
    return year_plan.plan(rules=County.current().workday_rules, there=there, **pattern)


def _written(starts) -> str:
    """Nothing is planned but what was shown: a pattern changed meanwhile is shown first."""
    return " ".join(f"{one:%Y%m%d%H%M}" for one in starts)


def _counted(number: int) -> str:
    return "1 Sitzung ist" if number == 1 else f"{number} Sitzungen sind"


def meeting_move(request, pk):
    """Another day, hour or place. The page says first whose clocks follow."""
    meeting = _meeting(request, pk)
    demand(access.runs_meetings, request.user, meeting.body)
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
            messages.success(request, f"Gespeichert: {meeting}. {_moved(moved)}{_written_to(meeting)}")
            return redirect(meeting)
    context = {"meeting": meeting, "form": form, "tabled": list(meeting.tabled().for_list())}
    return render(request, "steering/meeting_move.html", context, status=_status(request))


def _planned(meeting) -> dict:
    kept = ("mode", "place", "title", "minutes_long", "video_url", "written_until")
    return {name: getattr(meeting, name) for name in kept} | meeting.day_and_hour()


def _written_to(meeting) -> str:
    return " Wer eingeladen war, bekommt die Änderung." if meeting.invited_at else ""


def meeting_cancel(request, pk):
    """Called off, with what becomes of its agenda."""
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user).select_related("body"), pk=pk)
    demand(access.plans_meetings, request.user)
    form = CancelForm(request.POST or None, others=meeting.others_to_come())
    if request.method == "POST" and form.is_valid():
        try:
            moved = meeting.cancel(by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Abgesagt: {meeting}. {_moved(moved)}{_written_to(meeting)}")
            return redirect(meeting)
    context = {"meeting": meeting, "form": form, "tabled": list(meeting.tabled().for_list())}
    return render(request, "steering/meeting_cancel.html", context, status=_status(request))


def meeting_invite(request, pk):
    """Who gets it, by when the rules want it and what goes out: shown before the click."""
    meeting = _meeting(request, pk)
    demand(access.runs_meetings, request.user, meeting.body)
    form = InviteForm(request.POST if request.method == "POST" else None, late=meeting.invites_late)
    invited = Invited(meeting)
    if request.method == "POST" and form.is_valid():
        try:
            told = meeting.invite(by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _told(told))
            return redirect(meeting)
    agenda = agendas.read(meeting, request.user)
    context = {"meeting": meeting, "form": form, "invited": invited, "agenda": agenda, "words": words_of(meeting)}
    return render(request, "steering/meeting_invite.html", context, status=_status(request))


def _told(number: int) -> str:
    if not number:
        return "Alle haben die Einladung schon; es ging nichts hinaus."
    return "1 Mitglied bekommt die Einladung." if number == 1 else f"{number} Mitglieder bekommen die Einladung."


@require_safe
def meeting_calendar(request, pk):
    """The meeting for a calendar."""
    meeting = _meeting(request, pk)
    trail.record("meeting.calendar", meeting, by=request.user)
    answer = HttpResponse(entry(meeting, PUBLISH), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="Sitzung-{meeting.day:%Y-%m-%d}.ics"'
    return answer


@require_safe
def meeting_invitation(request, pk):
    """The invitation on paper, as this reader may see its agenda."""
    meeting = _meeting(request, pk)
    paper = sheet(meeting, agendas.read(meeting, request.user))
    trail.record("meeting.invitation", meeting, by=request.user)
    answer = HttpResponse(paper, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="Einladung-{meeting.day:%Y-%m-%d}.pdf"'
    return answer


def _moved(number):
    if not number:
        return "Keine Frist hat sich geändert."
    return "Eine Frist ist mitgegangen." if number == 1 else f"{number} Fristen sind mitgegangen."


def _status(request):
    return 422 if request.method == "POST" else 200
