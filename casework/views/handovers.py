"""Cases change hands: offered with a preview of what changes, and theirs once the colleague accepts."""

from functools import partial

from django.db.models import Count, F, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import access, reading
from casework.case_page import ASIDE, section
from casework.forms.handovers import HandOverForm, RefuseForm
from casework.models import Case, HandOver
from casework.models.caseload import foresee, owners, who_changed_employer, who_left
from kim.htmx import page as template_for
from kim.models import Draft, Role, User
from kim.models.people import with_role
from kim.paging import capped, count_words, page
from kim.together import Slot
from kim.views.acting import act_and_return, form_page
from kim.workflow import StepRefused

#: Rows of one page; cases one hand-over offers one by one.
SIZE, MOST = 30, 300


def _read():
    rows = HandOver.objects.filter(cases=Slot("case")).order_by("-pk")
    names = {"giver_name": F("giver__display_name"), "taker_name": F("taker__display_name")}
    return {"network_handovers": rows.annotate(**names)[:3]}


@section("casework/_case_handovers.html", column=ASIDE, order=60, sets=_read)
def case_handovers(user, case, read):
    """An open offer, and the note that came with the case."""
    rows = read["network_handovers"]
    offered = next((row for row in rows if row.is_open), None)
    came = next((row for row in rows if row.accepted_at), None)
    if not (offered or came):
        return None
    mine = access.allows(access.owns, user, case)
    return {"offered": offered, "came": came, "shows_note": mine}


@require_safe
def handover_list(request):
    access.demand_oneself(access.hands_over, request.user)
    answered = request.GET.get("state") == "answered"
    visible = HandOver.objects.visible_to(request.user)
    rows = visible.answered() if answered else visible.open()
    lines = rows.select_related("giver", "taker").annotate(number=Count("cases"))
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    coordinates = request.user.holds(Role.COORDINATION)
    context = {
        "page": page(lines, "-offered_at", size=SIZE, **given),
        "hits": count_words(hits := capped(rows)),
        "number": hits,
        "answered": answered,
        "left": list(who_left()) if coordinates else [],
        "changed": list(who_changed_employer()) if coordinates else [],
    }
    return render(request, template_for(request, "casework/handover_list.html", "results"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def handover_new(request):
    """Whose cases: one's own, those of a colleague one stands in for, or for the coordination anybody's (?giver=).
    With ?former= only those of an employer the giver works for no longer.
    """
    access.demand_oneself(access.hands_over, request.user)
    giver = _giver(request)
    if giver is None:
        people = owners().order_by("is_case_manager", "display_name", "pk")
        return render(request, "casework/handover_new.html", {"people": list(people)})
    former = bool(request.GET.get("former"))
    cases, offered, ended = _caseload(request.user, giver, former)
    named = giver.pk == request.user.pk  # others' people are read on the page of their case, and on record
    reading.listed(Case, (case.pk for case in cases if named), by=request.user)
    takers, number = list(with_role(Role.CASE_MANAGER).exclude(pk=giver.pk)), ended.count()
    key = f"handover:{giver.pk}:former" if former else f"handover:{giver.pk}"
    make = partial(HandOverForm, takers=takers, cases=cases, ended=number)
    everything = request.GET.copy()
    everything["all"] = "1"
    context = {
        "everything": everything.urlencode(),
        "giver": giver, "former": former, "cases": cases, "offered": offered, "ended": number, "most": MOST,
        "named": named, "deputises": giver in access.colleagues(request.user),
    }  # fmt: skip
    if "preview" in request.POST:
        return _preview(request, make(request.POST), ended, context, key)

    def act(form):
        given = form.cleaned_data
        texts = {name: given[name] for name in ("taker", "note", "unagreed_reason")}
        made = HandOver.offer(by=request.user, giver=giver, cases=form.chosen(ended), **texts)
        return made, f"Angeboten: {_number(made.cases.count())} an {made.taker}."

    initial = {"cases": cases, "with_ended": True} if "all" in request.GET else _picked_before(request.user, key)
    return form_page(request, "casework/handover_new.html", make, act, key=key, context=context, initial=initial)


def _preview(request, form, ended, context, key):
    form.draft_key = key
    status = 200 if form.is_valid() else 422
    if status == 200:
        taker = form.cleaned_data["taker"]
        try:
            context |= {"change": foresee(context["giver"], taker, form.chosen(ended)), "taker": taker}
        except StepRefused as refusal:
            form.add_error("taker", str(refusal))
            status = 409
    return render(request, "casework/handover_new.html", context | {"form": form}, status=status)


def _picked_before(user, key) -> dict:
    """Nothing is picked but what a draft says; what was unticked leaves no trace in a draft but itself."""
    draft = Draft.of(user, key)
    picked = draft.data if draft else {}
    return {"cases": picked.get("cases", []), "with_ended": bool(picked.get("with_ended"))}


@require_safe
def handover_detail(request, pk):
    """Numbers, places and phases; who the people are, the taker learns with the cases."""
    handover = _handover(request, pk)
    rows = handover.cases.select_related("municipality").only(
        "number", "state", "opened_on", "owner", "locked_at", "restricted_at", "municipality"
    )
    user = request.user
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    context = {
        "handover": handover,
        "page": page(rows, "number", size=50, **given),
        "number": capped(handover.cases.all()),
        "reads_note": user.pk in (handover.giver_id, handover.taker_id, handover.offered_by_id),
        "unagreed": handover.cases.without_agreement().count() if handover.accepted_at else 0,
        "may_answer": handover.is_open and access.takes_over(user, handover),
        "may_withdraw": handover.is_open and access.takes_back(user, handover),
    }
    return render(request, template_for(request, "casework/handover_detail.html", "results"), context)


@require_POST
def handover_accept(request, pk):
    handover = _handover(request, pk)
    words = "Angenommen. Die Fälle stehen jetzt in Ihrem Bestand."
    return act_and_return(request, lambda: handover.accept(by=request.user), handover, words)


@require_http_methods(["GET", "HEAD", "POST"])
def handover_refuse(request, pk):
    handover = _handover(request, pk)
    access.demand_taker(request.user, handover)

    def act(form):
        handover.refuse(by=request.user, **form.cleaned_data)
        return handover, "Abgelehnt. Die Fälle bleiben, wo sie sind."

    return form_page(request, "casework/handover_refuse.html", lambda data, **more: RefuseForm(data, **more), act,
                     key=f"handover:{pk}:refuse", context={"handover": handover})  # fmt: skip


@require_POST
def handover_withdraw(request, pk):
    handover = _handover(request, pk)
    words = "Zurückgenommen. Die Fälle bleiben, wo sie sind."
    return act_and_return(request, lambda: handover.withdraw(by=request.user), handover, words)


def _handover(request, pk) -> HandOver:
    rows = HandOver.objects.visible_to(request.user).select_related("giver", "taker", "offered_by")
    return get_object_or_404(rows, pk=pk)


def _giver(request) -> User | None:
    """Whose cases are given; None: the coordination has still to say."""
    user, chosen = request.user, request.GET.get("giver", "")
    if not chosen:
        return user if user.holds(Role.CASE_MANAGER) else None
    if not chosen.isdecimal() or len(chosen) > 18:
        raise Http404
    for hat in [user, *access.colleagues(user)]:
        if hat.pk == int(chosen) and hat.holds(Role.CASE_MANAGER):
            return hat
    if user.holds(Role.COORDINATION):
        return get_object_or_404(owners(), pk=int(chosen))
    raise Http404


def _caseload(user, giver, former) -> tuple[list[Case], int, QuerySet]:
    """What can be offered of the giver's open cases, how many are offered already, and the ended ones still kept."""
    kept = Case.objects.kept_by(user) if user.holds(Role.CASE_MANAGER) else Case.objects.none()
    if user.holds(Role.COORDINATION):
        kept = Case.objects.filter(access.overviewed_cases(user))
    theirs = kept.filter(owner=giver).select_related("municipality").order_by("number")
    if former:
        theirs = theirs.of_former_employer()
    waiting = HandOver.objects.open().filter(giver=giver)
    free = theirs.exclude(hand_overs__in=waiting)
    lines = free.open().select_related("client__identity")
    offered = theirs.filter(hand_overs__in=waiting).distinct().count()
    return list(lines[:MOST]), offered, free.ended()


def _number(cases: int) -> str:
    return "1 Fall" if cases == 1 else f"{cases} Fälle"
