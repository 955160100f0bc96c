"""One case: its page, made of the sections that every subject hangs in; its steps; what is written about it.

Answers to a step: 302 or the swapped page when it went, 422 with what to correct, 409 when it cannot be done as things
stand (what was typed is kept), 403 with the rule's sentence. What did not go through has changed nothing.
"""

from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import replace_url

from casework import access, timeline
from casework.case_page import case_seen, sections_of
from casework.forms.cases import CaseForm, StepForm
from casework.lifecycle import LIFECYCLE
from casework.linked_issues import blocking_choices
from casework.models import Case
from casework.offered import offered
from casework.whereabouts import way_of
from kim import workdays
from kim.dated import valid_on
from kim.editing import Filled
from kim.models import Code, Draft
from kim.rules import Rule
from kim.together import Slot, day, text, together
from kim.views.acting import DONE, take
from kim.workflow import OutOfTurn, Step

REFERRING = ("municipality", "access_route", "referring_organisation", "other_support")


# The page


@require_safe
def case_detail(request, pk):
    return _show(request, _seen(request.user, pk))


def _seen(user, pk) -> Case:
    case = case_seen(user, pk)
    if case is None:
        raise Http404
    return case


@dataclass(frozen=True)
class Choice:
    """One line of the desk: a step, open or barred with its reason."""

    label: str
    hint: str
    url: str
    current: bool = False
    barred: str = ""


def _show(request, case, *, row: Step | None = None, form=None, conflict="", kept=(), status=200):
    """The page of `case` with the form of `row` open: as a whole, as its inner part, or the desk alone."""
    context = _desk(request, case, row, form) | {"conflict": conflict, "kept": list(kept)}
    context["failed"] = bool(conflict or (form is not None and form.errors))
    if request.htmx and request.method == "GET" and row and not conflict:
        return render(request, "casework/_case_desk.html#desk", context, status=status)
    context |= _around(request.user, case)
    if not request.htmx:
        return render(request, "casework/case_detail.html", context, status=status)
    response = render(request, "casework/case_detail.html#case", context, status=status)
    response.write(render_to_string("kim/_messages.html", {"oob": True}, request))
    return response


def _around(user, case) -> dict:
    may_work = access.allows(access.owns, user, case)
    return {
        "columns": sections_of(case, user),
        "way": way_of(case, case.came_from),
        "look": None if may_work else case.look,
        "may_work": may_work,
        "unagreed": _known_at(case).lacks_agreement,
        "is_deputy": may_work and case.owner_id != user.pk,
    }


def _desk(request, case, row, form) -> dict:
    read: dict[str, Any] = {"drafts": []}
    if row:
        read = _sets(_ends(row))(case=case.pk, user=request.user.pk, key=_key(case, row), today=workdays.today())
    draft = read["drafts"][0] if read["drafts"] else None
    if row and form is None:
        initial = ({name: value for name, value in draft.data.items() if value} if draft else {}) | {
            "seen": case.step_no
        }
        issues = blocking_choices(case, request.user) if _ends(row) else ()
        form = StepForm(row, case, reasons=read.get("reasons", ()), issues=issues, initial=initial)
    if form is not None:
        form.draft_key = _key(case, row)
    barred = _bars(request.user, case)
    choices = [
        Choice(one.label, one.hint, _step_url(case, one.name), bool(row and row.name == one.name), bar)
        for one, bar in barred
    ]
    return {
        "case": case,
        "choices": choices,
        "row": row,
        "form": form,
        "hindrance": next((bar for one, bar in barred if row and one.name == row.name), ""),
        "step_url": _step_url(case, row.name) if row else "",
        "saved_at": draft.saved_at if row and draft and not (form and form.is_bound) else None,
    }


def _bars(user, case) -> list[tuple[Step, str]]:
    """The steps that lie in this user's hands, each with what still bars it, from what was read with the page."""
    shown = _known_at(case)

    @cache
    def is_open(gate: Rule) -> bool:
        return gate(user, shown)

    found = []
    for offer in LIFECYCLE.offers(user, case):
        bar = next((gate.refusal for gate in offer.step.gates if not is_open(gate)), "")
        found.append((offer.step, offer.barred or bar))
    return found


def _known_at(case) -> Case:
    """The case as it was read with the page: its questions ask the database nothing more."""
    shown = copy(case)
    shown.at_gates = case.known
    return shown


@together
def _sets(ends: bool):
    today = day()
    found: dict[str, QuerySet] = {"drafts": Draft.objects.filter(user=Slot("user"), key=text("key"))}
    if ends:
        reasons = Code.objects.filter(list=Code.List.CLOSING_REASON).order_by("position", "label")
        found["reasons"] = reasons.filter(valid_on(today))
    return found


def _key(case, row) -> str:
    return f"case:{case.pk}:{row.name}" if row else ""


def _step_url(case, name) -> str:
    return reverse("casework:case_step", args=[case.pk, name])


# Steps


@require_http_methods(["GET", "HEAD", "POST"])
def case_step(request, pk, step):
    """GET opens the form of a step beside the others, POST takes it."""
    case = _seen(request.user, pk)
    if step not in LIFECYCLE.names:
        raise Http404
    row = LIFECYCLE.find(step, case.state)
    if row is None or _is_old(request, case):
        access.demand(access.owns, request.user, case)
        return _refused(request, case, case.who_was_first())
    LIFECYCLE.hat(row, request.user, case)
    if request.method != "POST":
        return _show(request, case, row=row)
    form = _form(request, case, row)
    if not form.is_valid():
        return _show(request, case, row=row, form=form, status=422)
    return _step_taken(request, case, row, form)


def _step_taken(request, case, row, form):
    act = getattr(case, row.name)
    try:
        status = take(form, lambda: act(by=request.user, seen=form.cleaned_data["seen"], **form.given))
    except OutOfTurn as refusal:
        return _refused(request, case, str(refusal), form.typed())
    if status != DONE:
        return _show(request, _seen(request.user, case.pk), row=row, form=form, status=status)
    Draft.drop(request.user, _key(case, row))
    messages.success(request, f"{case}: „{row.label}“ ist erledigt, der Fall steht auf „{case.get_state_display()}“.")
    if not request.htmx:
        return redirect(case)
    return replace_url(_show(request, _seen(request.user, case.pk)), case.get_absolute_url())


def _form(request, case, row) -> StepForm:
    reasons = Code.objects.filter(valid_on(workdays.today()), list=Code.List.CLOSING_REASON) if _ends(row) else ()
    issues = blocking_choices(case, request.user) if _ends(row) else ()
    return StepForm(row, case, request.POST, reasons=reasons, issues=issues)


def _ends(row) -> bool:
    return "closing_reason" in row.needs


def _is_old(request, case) -> bool:
    """A form from a page that is older than the last step: nobody corrects it first in vain."""
    seen = request.POST.get("seen", "")
    return request.method == "POST" and seen.isdecimal() and seen != str(case.step_no)


def _refused(request, case, why, kept=None):
    """409: who was first, the new state of things, and what was typed."""
    if kept is None:
        kept = [
            (Case.name_of(name), value)
            for name, value in request.POST.items()
            if name in ("reason", "note", "referred_to", "handed_to") and value.strip()
        ]
    return _show(request, _seen(request.user, case.pk), conflict=why, kept=kept, status=409)


# Further pages of the case


@require_safe
def case_timeline(request, pk):
    """What happened before that: a page of 30, as a page or as the next part of the list."""
    case = _seen(request.user, pk)
    place = timeline.Place.read(request.GET.get("after", ""))
    if place is None:
        return redirect(f"{case.get_absolute_url()}#timeline")
    context = {"case": case, "timeline": timeline.further(case, place)}
    template = "casework/case_timeline.html"
    return render(request, f"{template}#lines" if request.htmx else template, context)


@require_http_methods(["GET", "HEAD", "POST"])
def case_edit(request, pk):
    """Occasion, way in, the foreign number, and what the clearing asks."""
    case = _seen(request.user, pk)
    access.demand_work(request.user, case)
    key = f"case:{pk}:edit"
    read = offered(request.user, key, case=case)
    edit = Filled(case, lambda row: CaseForm(choices=read, initial=_written(row, read)), key)
    if request.method != "POST":
        draft = read["draft"]
        typed = draft.data if draft else {}
        form = CaseForm(choices=read, initial=_written(case, read) | typed)
        edit.begin(form, typed)
        return _edit_page(request, case, form, key, draft)
    form = CaseForm(request.POST, choices=read)

    def save():
        edit.demand_same(form)
        case.edit(by=request.user, **form.cleaned_data)

    status = take(form, save) if form.is_valid() else 422
    if status != DONE:
        return _edit_page(request, case, form, key, status=status)
    Draft.drop(request.user, key)
    messages.success(request, f"{case}: Die Angaben sind gespeichert.")
    return redirect(case)


def _written(case, read) -> dict:
    return {name: getattr(case, f"{name}_id" if name in REFERRING else name) for name in CaseForm(choices=read).fields}


def _edit_page(request, case, form, key, draft=None, status=200):
    form.draft_key = key
    context = {"case": case, "form": form, "saved_at": draft.saved_at if draft else None}
    return render(request, "casework/case_edit.html", context, status=status)
