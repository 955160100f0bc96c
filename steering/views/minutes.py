"""Minutes: read, written by several at once, sent, objected to, approved, and taken along as a file."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.db.models import Min, Prefetch, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from kim import trail
from kim.forms import Form
from kim.htmx import page as template_for
from kim.models import Draft
from kim.navigation import county_of
from kim.paging import order_of, page
from kim.rules import allows, demand
from kim.views.filters import searched
from steering import access, export, minutes_files
from steering.filters import MinutesFilter
from steering.forms.minutes import AnswerForm, Clashed, NotesForm, ObjectionForm, WordsForm, WrittenTogether
from steering.minutes_told import places_without_account, tellings
from steering.models import AgendaItem, Body, Issue, Meeting, Minutes, Objection
from steering.models.gathering import bare_numbers, subject_of
from steering.models.minutes import HIDDEN
from steering.views import acts
from steering.views.files import send
from steering.views.telling import lines_of

both_ways = require_http_methods(["GET", "HEAD", "POST"])
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


# The list


@require_safe
def minutes_list(request):
    demand(access.works_with_issues, request.user)
    found, rows = _found(request)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    context = {
        "filter": found,
        "page": page(rows, found.order, size=30, **given),
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "steering/minutes_list.html", "results"), context)


@require_safe
def minutes_export(request, kind):
    demand(access.works_with_issues, request.user)
    found, rows = _found(request)
    rows = rows.order_by(*order_of(found.order, None))
    return send(
        request, kind, export.Sheet("Niederschriften", "minutes.export", export.MINUTES, rows, found.narrowed_by)
    )


def _found(request):
    """The filter, and what it leaves of the meetings whose minutes one may see."""
    seen = Minutes.objects.visible_to(request.user)
    meetings = Meeting.objects.filter(pk__in=seen.values("meeting"))
    first = meetings.aggregate(first=Min("starts_at"))["first"]
    bodies = Body.objects.filter(pk__in=meetings.order_by().values("body")).order_by("name")
    found = MinutesFilter(request.GET, bodies=bodies, since=first.year if first else 9999)
    return found, found.narrowed(meetings.select_related("body", "minutes"))


# One set of minutes


@require_safe
def minutes_detail(request, pk):
    minutes = _read(request, pk)
    user, meeting = request.user, minutes.meeting
    writes = allows(access.runs_meetings, user, meeting.body)
    begins = minutes.why_not_begun
    open_now = writes and not begins and not (minutes.pk and minutes.why_closed)
    sees_meeting = access.sees_meetings_of(user, meeting.body_id)
    met = bool(minutes.pk) and (sees_meeting or allows(access.may_object, user, minutes))
    context = {
        "minutes": minutes,
        "meeting": meeting,
        "sees_meeting": sees_meeting,
        "begins": begins,
        "content": minutes.read_by(user, draft=open_now) if not begins or minutes.pk else None,
        "writes": writes,
        "open": open_now,
        "may_approve": writes and bool(minutes.pk) and not minutes.approved_on and not minutes.why_not_approved,
        "may_object": bool(minutes.pk)
        and not minutes.why_no_objection
        and (writes or allows(access.may_object, user, minutes)),
        "objections": list(minutes.objections.all()) if met else [],
    }
    return render(request, "steering/minutes_detail.html", context)


@require_safe
def minutes_file(request, pk, kind):
    """What was sent; before that the draft, which says so."""
    minutes = _read(request, pk)
    if kind not in TYPES:
        raise Http404
    if minutes.why_not_begun and not minutes.pk:
        raise Http404
    draft, user = minutes.content is None, request.user
    version = "Entwurf" if draft else f"Fassung {minutes.version}"
    make = minutes_files.pdf if kind == "pdf" else minutes_files.docx
    standing = minutes.standing if draft else f"{version}, {minutes.standing}"
    file = make(minutes.read_by(user), standing=standing, draft=draft, county=county_of(user).name)
    trail.record("minutes.file", minutes if minutes.pk else minutes.meeting, by=user, note=f"{kind.upper()}, {version}")
    name = f"niederschrift-{minutes.meeting.day:%Y-%m-%d}.{kind}"
    headers = {
        "Content-Disposition": f'{"inline" if kind == "pdf" else "attachment"}; filename="{name}"',
        "Cache-Control": "no-store, private",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(file, content_type=TYPES[kind], headers=headers)


def _read(request, pk) -> Minutes:
    """Those of a meeting, as far as there are any for this user; for who writes them also those not begun yet."""
    user = request.user
    there = Q(pk__in=Minutes.objects.visible_to(user).values("meeting"))
    meetings = Meeting.objects.filter(there | Q(access.visible_meetings(user), minutes__isnull=True))
    objections = Prefetch("minutes__objections", Objection.objects.select_related("by", "organisation"))
    meetings = meetings.select_related("body", "minutes").prefetch_related(objections)
    meeting = get_object_or_404(meetings, pk=pk)
    minutes = getattr(meeting, "minutes", None) or Minutes(meeting=meeting)
    if not minutes.pk and not allows(access.runs_meetings, user, meeting.body):
        raise Http404
    return minutes


def minutes_of(meeting: Meeting, user) -> Minutes | None:
    """For the page of a meeting: what there is for `user`, also not begun yet for who may begin; else None."""
    found = Minutes.objects.visible_to(user).filter(meeting=meeting).first()
    if found is None and allows(access.runs_meetings, user, meeting.body):  # who sees every set of minutes of this body
        found = Minutes(meeting=meeting)
    return None if found is None or (not found.pk and found.why_not_begun) else found


# Writing


@both_ways
def minutes_edit(request, pk):
    """Opening and closing words."""
    minutes = _written(request, pk)

    def save(form, by, confirmed):
        fresh = Minutes.start(minutes.meeting, by)
        given = form.merged({"opening": fresh.opening, "closing": fresh.closing})
        fresh.edit(by=by, confirmed=confirmed, **given)

    there = {"opening": minutes.opening, "closing": minutes.closing}
    context = {"minutes": minutes, "meeting": minutes.meeting, "closed": _why_closed(minutes)}
    key = f"minutes:{minutes.meeting.pk}"
    return _together(request, WordsForm, there, save, "steering/minutes_edit.html", context, key)


@both_ways
def minutes_item(request, pk):
    """The notes of one item, in the meeting or after it. `next` leads back to where one came from."""
    meetings = Meeting.objects.visible_to(request.user)
    items = AgendaItem.objects.filter(meeting__in=meetings).select_related(
        "meeting__body", "meeting__minutes", "issue__municipality", "open_resolution", "rules", "minutes__meeting"
    )
    item = get_object_or_404(items, pk=pk)
    meeting = cast(Meeting, item.meeting)  # the filter asks for one
    demand(access.runs_meetings, request.user, meeting.body)

    def save(form, by, confirmed):
        Minutes.start(meeting, by)
        there = AgendaItem.objects.values_list("notes", flat=True).get(pk=item.pk)
        Minutes.note(item, by=by, confirmed=confirmed, **form.merged({"notes": there}))

    minutes = getattr(meeting, "minutes", None) or Minutes(meeting=meeting)
    hidden = item.issue and not Issue.objects.visible_to(request.user).filter(pk=item.issue.pk).exists()
    context = {
        "minutes": minutes,
        "meeting": meeting,
        "item": item,
        "subject": HIDDEN if hidden else subject_of(item),
        "next": _next(request),
        "closed": _why_closed(minutes),
    }
    key = f"minutes-item:{item.pk}"
    return _together(request, NotesForm, {"notes": item.notes}, save, "steering/minutes_item.html", context, key)


def _together(request, make: type[WrittenTogether], there, save: Callable, template: str, context: dict, key: str):
    """GET fills the form; POST saves what nobody else changed. 409 shows both texts, and one button keeps both."""
    draft = Draft.of(request.user, key) if request.method != "POST" else None
    form, status = make(request.POST or None), 200
    form.draft_key = key
    meeting = context["meeting"]
    back = context.get("next") or reverse("steering:minutes_detail", args=[meeting.pk])
    context = context | {"back": back, "draft_title": f"Niederschrift vom {meeting.day:%d.%m.%Y}"}
    if request.method == "POST":
        if request.POST.get("act") == "discard":
            Draft.drop(request.user, key)
            return redirect(request.get_full_path())
        status = 422
        try:
            if form.is_valid() and not acts.take(form, lambda **who: save(form, **who), request.user):
                Draft.drop(request.user, key)
                messages.success(request, "Gespeichert.")
                return redirect(back)
        except Clashed as clash:
            both = make()
            both.begin({**there, **_now(clash, form, there)})
            both.initial, both.draft_key = clash.both, key
            more = {"form": both, "clashes": clash.clashes, "saved_at": None}
            return render(request, "steering/minutes_both.html", context | more, status=409)
    else:
        form.begin(there, draft.data if draft else {})
    more = {"form": form, "saved_at": draft.saved_at if draft else None}
    return render(request, template, context | more, status=status)


def _now(clash: Clashed, form, there) -> dict[str, str]:
    """What stands there as the page with both texts is shown, under the names of the fields."""
    labels = {str(field.label): name for name, field in form.fields.items()}
    return {labels[one.label]: one.there for one in clash.clashes}


def _why_closed(minutes: Minutes) -> str:
    return minutes.why_not_begun if not minutes.pk else minutes.why_closed


def _next(request) -> str:
    """A page of ours to go back to; empty for any other."""
    there = request.POST.get("next") or request.GET.get("next") or ""
    ours = there.startswith("/") and url_has_allowed_host_and_scheme(there, None)
    return there if ours and there.isprintable() and len(there) <= 200 else ""


def _written(request, pk) -> Minutes:
    """The minutes of a meeting for who takes them, begun or not."""
    meetings = Meeting.objects.visible_to(request.user).select_related("body", "minutes")
    meeting = get_object_or_404(meetings, pk=pk)
    demand(access.runs_meetings, request.user, meeting.body)
    return getattr(meeting, "minutes", None) or Minutes(meeting=meeting)


# Sending, objecting, approving


@both_ways
def minutes_send(request, pk):
    """What is still missing, and who gets them; then they are sent."""
    minutes = _written(request, pk)
    form = Form(request.POST) if request.method == "POST" else Form()
    if request.method == "POST" and not acts.take(
        form, lambda by, confirmed: Minutes.start(minutes.meeting, by).send(by=by), request.user
    ):
        messages.success(request, "Die Niederschrift ist versandt.")
        return redirect("steering:minutes_detail", pk)
    refused = minutes.why_not_sent
    told = [] if refused else tellings(_next_version(minutes), "send", by=request.user)
    context = {
        "minutes": minutes,
        "meeting": minutes.meeting,
        "form": form,
        "refused": refused,
        "tellings": lines_of(told, names_reporters=False, county=county_of(request.user)),
        "elsewhere": [] if refused else places_without_account(minutes.meeting),
        "bare": [] if refused else bare_numbers(minutes.meeting),
        "unattended": not refused and not minutes.meeting.attendances.exists(),
        "days": minutes.rules.objection_days,
    }
    return render(request, "steering/minutes_send.html", context, status=_status(request))


def _next_version(minutes: Minutes) -> Minutes:
    """As they will be once they are sent; not to be saved."""
    return Minutes(meeting=minutes.meeting, version=minutes.version + 1)


@both_ways
def minutes_approve(request, pk):
    minutes = _written(request, pk)
    form = Form(request.POST) if request.method == "POST" else Form()

    def approve(by, confirmed):
        Minutes.start(minutes.meeting, by).approve(by=by)

    if request.method == "POST" and not acts.take(form, approve, request.user):
        messages.success(request, "Die Niederschrift ist genehmigt.")
        return redirect("steering:minutes_detail", pk)
    refused = minutes.why_not_approved if not minutes.approved_on else minutes.why_closed
    context = {"minutes": minutes, "meeting": minutes.meeting, "form": form, "refused": refused,
               "readers": minutes.rules.get_readers_display()}  # fmt: skip
    return render(request, "steering/minutes_approve.html", context, status=_status(request))


@both_ways
def minutes_object(request, pk):
    minutes = get_object_or_404(
        Minutes.objects.visible_to(request.user).select_related("meeting__body"), meeting__pk=pk
    )
    own = allows(access.may_object, request.user, minutes)
    if not own and not allows(access.runs_meetings, request.user, minutes.meeting.body):
        demand(access.may_object, request.user, minutes)
    others = None if own else places_without_account(minutes.meeting)
    key = f"minutes-objection:{minutes.pk}"
    draft = Draft.of(request.user, key) if request.method != "POST" else None
    form = ObjectionForm(request.POST or None, organisations=others, initial=draft.data if draft else {})
    form.draft_key = key
    if (
        request.method == "POST"
        and form.is_valid()
        and not acts.take(form, lambda **who: minutes.object(**form.cleaned_data, **who), request.user)
    ):
        Draft.drop(request.user, key)
        words = "Ihre Einwendung liegt bei der Geschäftsstelle. Sie erfahren, was daraus wird."
        messages.success(request, words if own else "Die Einwendung ist eingetragen.")
        return redirect("steering:minutes_detail", pk)
    context = {
        "minutes": minutes,
        "meeting": minutes.meeting,
        "form": form,
        "own": own,
        "refused": minutes.why_no_objection,
        "saved_at": draft.saved_at if draft else None,
    }
    return render(request, "steering/minutes_object.html", context, status=_status(request))


@both_ways
def objection_decide(request, pk):
    """Accepted or not, with an answer to who raised it."""
    objections = Objection.objects.visible_to(request.user).select_related(
        "minutes__meeting__body", "by", "organisation"
    )
    objection = get_object_or_404(objections, pk=pk)
    minutes = objection.minutes
    demand(access.runs_meetings, request.user, minutes.meeting.body)
    form = AnswerForm(request.POST or None)

    def decide(by, confirmed):
        accepted = form.cleaned_data["accepted"] == "yes"
        objection.decide(by=by, accepted=accepted, answer=form.cleaned_data["answer"], confirmed=confirmed)

    if request.method == "POST" and form.is_valid() and not acts.take(form, decide, request.user):
        more = " Jetzt lässt sich die Niederschrift ändern und neu versenden." if objection.accepted else ""
        messages.success(request, f"Die Einwendung ist {objection.standing}.{more}")
        return redirect("steering:minutes_detail", minutes.meeting_id)
    context = {"minutes": minutes, "meeting": minutes.meeting, "objection": objection, "form": form}
    return render(request, "steering/objection_decide.html", context, status=_status(request))


def _status(request):
    return 422 if request.method == "POST" else 200
