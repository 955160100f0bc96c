"""What clients ask by right: recorded at a case, answered step by step, and the deadlines of all without a name."""

from typing import Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import access, reading
from casework import rights as acts
from casework.case_page import ASIDE, section
from casework.forms.requests import LiftForm, RestrictForm
from casework.models import Case, ClientRequest
from casework.views.of_case import case_for
from kim import paging, rights
from kim.htmx import page as template_for
from kim.models.rights import OPEN, Kind
from kim.rights_forms import Offered, ReceiveForm, form_for
from kim.together import Slot
from kim.workflow import OutOfTurn, StepRefused

#: Steps beside those every request has: (label, hint).
MORE = {
    "restrict": ("Verarbeitung einschränken", "die Fälle werden nur noch aufbewahrt und gelesen (Art. 18 DSGVO)"),
    "lift": ("Einschränkung aufheben", "erst nachdem Sie es der Person angekündigt haben (Art. 18 Abs. 3 DSGVO)"),
}
ACTS: dict[str, Any] = {"restrict": acts.restrict, "lift": acts.lift}
SIZE = 50


@require_safe
def request_list(request):
    """Number, kind, days and place, never a name: one's own, or all for who watches over the deadlines."""
    user = request.user
    watches = access.watches_requests(user, None)
    if not watches:
        access.demand_oneself(access.keeps_requests, user)
    rows = ClientRequest.objects.counted_for(user) if watches else ClientRequest.objects.visible_to(user)
    is_open = request.GET.get("state") != "all"
    if is_open:
        rows = rows.filter(state__in=OPEN)
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    found = paging.page(rows.select_related("municipality"), "due_on", size=SIZE, **tokens)
    own = set(ClientRequest.objects.visible_to(user).filter(pk__in=[one.pk for one in found.rows])
              .values_list("pk", flat=True))  # fmt: skip
    lines = [(one, one.pk in own) for one in found.rows]
    context = {"page": found, "lines": lines, "is_open": is_open, "watches": watches}
    return render(request, template_for(request, "casework/request_list.html", "results"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request, pk):
    case = case_for(request, pk, access.owns)
    form = ReceiveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = acts.receive(case, by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Erfasst. Zu beantworten bis {made.due_on:%d.%m.%Y}.")
            return redirect(made)
    status = 422 if request.method == "POST" else 200
    return render(request, "casework/request_new.html", {"case": case, "form": form}, status=status)


@require_safe
def request_detail(request, pk):
    return _show(request, _asked(request, pk))


@require_POST
def request_step(request, pk, step):
    asked = _asked(request, pk)
    if step not in (*rights.NAMES, *MORE):
        raise Http404
    form, refused = _form(step, asked, request.POST), ""
    if form.is_valid():
        try:
            if step in ACTS:
                ACTS[step](asked, by=request.user, **form.cleaned_data)
            else:
                acts.take(asked, step, by=request.user, **form.cleaned_data)
        except OutOfTurn as late:
            refused = str(late)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Gespeichert.")
            seen = ClientRequest.objects.visible_to(request.user).filter(pk=pk).exists()
            return redirect(asked if seen else "casework:request_list")
    asked = _asked(request, pk)
    return _show(request, asked, sent=(step, form), refused=refused, status=409 if refused else 422)


def _asked(request, pk) -> ClientRequest:
    rows = ClientRequest.objects.visible_to(request.user)
    asked = get_object_or_404(rows.select_related("municipality", "recorded_by", "client__identity"), pk=pk)
    reading.opened(asked.client, by=request.user)
    return asked


def _form(step, asked, data=None):
    if step == "restrict":
        return RestrictForm(data, asked=asked, auto_id="id_restrict_%s")
    return LiftForm(data, auto_id="id_lift_%s") if step == "lift" else form_for(step, asked, data)


def _show(request, asked, *, sent=None, refused="", status=200):
    tried, failed = sent or ("", None)
    names = [(step.name, step.label, step.hint) for step in rights.offered(asked)]
    if asked.kind in acts.GROUNDS and asked.state == "identified" and asked.restricted_on is None:
        names.insert(0, ("restrict", *MORE["restrict"]))
    if asked.restricts:
        names.append(("lift", *MORE["lift"]))
    steps = [
        Offered(name, label, hint, reverse("casework:request_step", args=[asked.pk, name]),
                failed if failed and tried == name else _form(name, asked), tried == name)
        for name, label, hint in names
    ]  # fmt: skip
    cases = Case.objects.kept_by(request.user).filter(client=asked.client_id).order_by("-opened_on", "-pk")
    context = {
        "asked": asked,
        "cases": list(cases.only("number", "state")),
        "steps": steps,
        "failed": failed if not refused else None,
        "refused": refused,
        "recipients": acts.recipients(asked.client) if asked.kind in TOLD_ON else [],
        "leads_to": asked.kind,
    }
    return render(request, "casework/request_detail.html", context, status=status)


#: Kinds whose answer everybody is told who got the data (Art. 19 DSGVO).
TOLD_ON = (Kind.RECTIFICATION, Kind.ERASURE, Kind.RESTRICTION)


def _asked_so_far():
    rows = ClientRequest.objects.filter(client=Slot("client")).order_by("-received_on", "-pk")
    return {"requests": rows[:10]}


@section("casework/_case_requests.html", column=ASIDE, order=96, sets=_asked_so_far)
def case_requests(user, case, read):
    """What the person asked by right, and the way to record it; only for who works on the case."""
    if not access.allows(access.owns, user, case):
        return None
    return {"case": case, "requests": [one for one in read["requests"] if one.employer_id == case.employer_id]}
