"""The agenda before a meeting: built, topics proposed, put in order, items taken off; and the papers."""

from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from kim.files import FileDamaged
from kim.htmx import page as template_for
from kim.privacy_gate import GateDown, Held
from kim.rules import allows, demand
from kim.workflow import StepRefused
from steering import access, agendas
from steering.forms.meetings import MajorityForm, PaperForm, TopicForm
from steering.models import AgendaItem, Meeting, Paper

UNREADABLE = (
    "Die Unterlage lässt sich nicht lesen: Die Datei fehlt oder ist beschädigt. "
    "Bitte wenden Sie sich an die Verwaltung; sie kann sie aus der Sicherung zurückholen."
)


def _meeting(request, pk) -> Meeting:
    return get_object_or_404(Meeting.objects.visible_to(request.user).select_related("body"), pk=pk)


def tried(form, act: Callable, names: dict[str, str] | None = None) -> bool:
    """Run `act(confirmed=…)` in one transaction; False where it was refused, with the reason in the form.

    `names`: what the privacy gate calls a text → the field it was typed into.
    """
    try:
        with transaction.atomic():
            act(confirmed=form.confirmed)
    except (StepRefused, GateDown) as refusal:
        form.add_error(None, str(refusal))
        return False
    except Held as held:
        form.hold(held.findings, names)
        return False
    return True


def _status(request):
    return 422 if request.method == "POST" else 200


@require_POST
def meeting_build(request, pk):
    """What belongs on the agenda by itself, now instead of tomorrow morning."""
    meeting = _meeting(request, pk)
    demand(access.runs_meetings, request.user, meeting.body)
    changed = meeting.build_agenda(by=request.user)
    words = "Die Tagesordnung ist auf dem Stand." if not changed else f"Tagesordnung ergänzt: {changed} geändert."
    messages.success(request, words)
    return redirect(meeting)


def meeting_topic(request, pk):
    meeting = _meeting(request, pk)
    demand(access.proposes_topics, request.user, meeting.body)
    form = TopicForm(request.POST or None)

    def propose(confirmed):
        meeting.propose_topic(by=request.user, confirmed=confirmed, **form.cleaned_data)

    if request.method == "POST" and form.is_valid() and tried(form, propose):
        messages.success(request, "Das Thema steht auf der Tagesordnung.")
        return redirect(meeting)
    runs = allows(access.runs_meetings, request.user, meeting.body)
    context = {"meeting": meeting, "form": form, "runs": runs}
    return render(request, "steering/meeting_topic.html", context, status=_status(request))


def meeting_order(request, pk):
    """Each press moves an item and saves; after the invitation the new order is kept with the body's vote on it."""
    meeting = _meeting(request, pk)
    demand(access.runs_meetings, request.user, meeting.body)
    agenda = agendas.read(meeting, request.user)
    asked = meeting.invited_at is not None
    keep = request.method == "POST" and (not asked or "save" in request.POST)
    form = MajorityForm(request.POST if keep else None, asked=asked)
    items, moved = _ordered(agenda.every, request.POST)
    status = 422 if keep else 200

    def put_in_order(confirmed):
        order = [item.pk for item in items] if items is not None else []
        meeting.put_in_order(order, by=request.user, majority=form.majority)

    if keep and form.is_valid() and tried(form, put_in_order):
        if not request.htmx:
            return redirect("steering:meeting_order", meeting.pk)
        form, status = MajorityForm(asked=asked), 200
    context = {"meeting": meeting, "form": form, "items": items or agenda.every, "moved": moved, "asked": asked}
    return render(request, template_for(request, "steering/meeting_order.html", "order"), context, status=status)


def _ordered(every: list[AgendaItem], sent) -> tuple[list[AgendaItem] | None, str]:
    """The items as they were sent, with one moved up or down; and in words where that one stands now.

    None where others were sent than stand on the agenda.
    """
    known = {str(item.pk): item for item in every}
    ids = sent.getlist("order") if hasattr(sent, "getlist") else []
    if not ids:
        return every, ""
    if sorted(ids) != sorted(known):
        return None, ""
    for name, way in (("up", -1), ("down", 1)):
        if (pk := sent.get(name)) in known:
            at = ids.index(pk)
            to = min(max(at + way, 0), len(ids) - 1)
            ids.insert(to, ids.pop(at))
    items = [known[pk] for pk in ids]
    for number, item in enumerate(items, 1):
        item.number = number
    one = known.get(sent.get("up") or sent.get("down") or sent.get("moved") or "")
    return items, f"Jetzt auf Platz {one.number} von {len(items)}" if one else ""


def item_withdraw(request, pk):
    """An item off the agenda; the page asks first, and after the invitation how the body voted."""
    item = get_object_or_404(AgendaItem.objects.with_subjects().select_related("meeting__body"), pk=pk)
    meeting = _meeting(request, item.meeting_id)
    _demand_seen(request, meeting, item)
    demand(access.withdraws_item, request.user, item)
    asked = meeting.invited_at is not None and not item.waits_for_admission
    form = MajorityForm(request.POST if request.method == "POST" else None, asked=asked)

    def withdraw(confirmed):
        item.withdraw(by=request.user, majority=form.majority)

    if request.method == "POST" and form.is_valid() and tried(form, withdraw):
        messages.success(request, "Der Punkt ist von der Tagesordnung abgesetzt.")
        return redirect(meeting)
    context = {"meeting": meeting, "item": item, "form": form, "asked": asked}
    return render(request, "steering/item_withdraw.html", context, status=_status(request))


def _demand_seen(request, meeting, item) -> None:
    """404 for an item about an issue out of the user's sight."""
    if item.issue_id:
        get_object_or_404(type(item.issue).objects.visible_to(request.user), pk=item.issue_id)


# Papers


def paper_new(request, pk):
    meeting = _meeting(request, pk)
    demand(access.runs_meetings, request.user, meeting.body)
    items = agendas.read(meeting, request.user).items
    form = PaperForm(request.POST or None, files=request.FILES or None, items=items)

    def put(confirmed):
        Paper.put(meeting, by=request.user, confirmed=confirmed, **form.given)

    if request.method == "POST" and form.is_valid() and tried(form, put):
        messages.success(request, "Die Unterlage ist verschlüsselt abgelegt.")
        return redirect(meeting)
    return render(request, "steering/paper_new.html", {"meeting": meeting, "form": form}, status=_status(request))


def _paper(request, pk) -> Paper:
    papers = Paper.objects.standing().visible_to(request.user)
    return get_object_or_404(papers.select_related("meeting__body"), pk=pk)


@require_safe
def paper_file(request, pk):
    paper = _paper(request, pk)
    try:
        pieces = paper.open(by=request.user)
    except FileDamaged:
        messages.error(request, UNREADABLE)
        return redirect(paper.meeting)
    return StreamingHttpResponse(
        pieces,
        content_type=paper.type.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{paper.file_name}"',
            "Content-Length": str(paper.size),
            "Cache-Control": "no-store, private",
            "X-Content-Type-Options": "nosniff",
        },
    )


def paper_withdraw(request, pk):
    paper = _paper(request, pk)
    demand(access.runs_meetings, request.user, paper.meeting.body)
    if request.method == "POST":
        try:
            paper.withdraw(by=request.user)
        except StepRefused as refusal:
            messages.warning(request, str(refusal))
        else:
            messages.success(request, "Die Unterlage ist zurückgezogen, ihre Datei gelöscht.")
        return redirect(paper.meeting)
    return render(request, "steering/paper_withdraw.html", {"paper": paper, "meeting": paper.meeting})
