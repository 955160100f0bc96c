"""Procedures of Modul 3: handing one over from a case, and the desk of the authority that received it."""

import datetime as dt

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import access, reading
from casework.case_page import MAIN, section
from casework.forms.procedures import (
    DecisionForm,
    HandOverForm,
    ItemsForm,
    ProcedureFilter,
    ProcedureNoteForm,
)
from casework.models import Case, CaseProcedure, Checklist, Consent, Procedure, ProcedureItem
from casework.models.consents import TO_AUTHORITY
from kim import today, workdays
from kim.dated import valid_on
from kim.htmx import page as template_for
from kim.models import Absence, Draft, Organisation, Role, User
from kim.paging import capped, count_words, page
from kim.privacy_gate import GateDown, Held
from kim.rules import demand
from kim.together import Slot, day
from kim.workflow import StepRefused

SIZE = 25
NO_CONSENT = (
    "Es gibt keine gültige Einwilligung, die eine Ausländer- oder Einbürgerungsbehörde nennt. "
    "Bitte holen Sie sie ein und tragen Sie sie beim Fall ein; dann können Sie hier übergeben."
)
CHANGED = "Das haben Sie seit der Vorschau geändert. Bitte sehen Sie noch einmal durch, was die Behörde sieht."
#: So long an item may be requested before „Heute“ reminds of it.
REQUESTED_LONG = dt.timedelta(days=28)


# Handing over


@require_http_methods(["GET", "HEAD", "POST"])
def procedure_new(request, pk):
    cases = Case.objects.visible_to(request.user).select_related("client__identity", "municipality")
    case = get_object_or_404(cases, pk=pk)
    access.demand_work(request.user, case)
    reading.opened(case, by=request.user)
    offered = {"consents": _consents(case), "checklists": list(Checklist.objects.valid_on().order_by("kind"))}
    if not offered["consents"]:
        context = {"case": case, "form": None, "refused": NO_CONSENT}
        return render(request, "casework/procedure_new.html", context, status=409 if request.method == "POST" else 200)
    if request.method != "POST":
        return _hand_over_page(request, case, _begun(request, case, offered))
    form = HandOverForm(request.POST, **offered)
    if not form.is_valid():
        return _hand_over_page(request, case, form, status=422)
    return _previewed_or_handed_over(request, case, form)


def _consents(case):
    named = Consent.objects.filter(client=case.client_id).in_force().for_purpose(TO_AUTHORITY)
    named = named.filter(recipient__kind=Organisation.Kind.AUTHORITY)
    return list(named.select_related("recipient", "purpose").order_by("recipient__name", "-valid_from"))


def _begun(request, case, offered):
    draft = Draft.of(request.user, _key(case))
    identity = case.client.identity
    born = f", geboren {identity.birth_words}" if identity.birth_date else ""
    initial = {"person": f"{identity}{born}"[:240]}
    if len(offered["consents"]) == 1:
        initial["consent"] = offered["consents"][0]
    kept = {name: draft.data.get(name) for name in HandOverForm.NAMES if name in draft.data} if draft else {}
    kept.pop("previewed", None)
    form = HandOverForm(initial=initial | kept, **offered)
    form.saved_at = draft.saved_at if draft else None
    return form


def _previewed_or_handed_over(request, case, form):
    sent = request.POST.get("act") == "hand_over"
    try:
        if sent and form.is_previewed:
            made = Procedure.hand_over(case, by=request.user, confirmed=form.confirmed, **form.given)
            Draft.drop(request.user, _key(case))
            messages.success(request, f"Übergeben an: {made.authority}. Sie sehen hier, wie der Vorgang steht.")
            return redirect(made)
        texts = {name: form.given[name] for name in ("person", "text", "papers")}
        found = Procedure.review(case, by=request.user, **texts)
        if held := [one for one in found if one.blocks or one.key not in form.confirmed]:
            raise Held(held)
    except Held as held:
        form.hold(held.findings)
        return _hand_over_page(request, case, form, status=422)
    except (StepRefused, GateDown) as refusal:
        form.add_error(None, str(refusal))
        return _hand_over_page(request, case, form, status=409)
    return _hand_over_page(request, case, form, preview=_as_received(request.user, form), changed=sent)


def _as_received(user, form) -> dict:
    """What the authority will find: the same fragment its own page is made of."""
    given = form.given
    procedure = Procedure(handed_over_by=user, handed_over_at=workdays.now(), **given)
    return {"procedure": procedure, "items": list(given["checklist"].items.all()), "fingerprint": form.fingerprint}


def _hand_over_page(request, case, form, *, preview=None, changed=False, status=200):
    form.draft_key = _key(case)
    context = {"case": case, "form": form, "preview": preview, "refused": "", "changed": CHANGED if changed else "",
               "saved_at": form.saved_at}  # fmt: skip
    return render(request, "casework/procedure_new.html", context, status=status)


def _key(case) -> str:
    return f"case:{case.pk}:procedure"


# The desk of the authority


@require_safe
def procedure_list(request):
    demand(access.receives_procedures, request.user)
    filter = ProcedureFilter(request.GET)
    rows = filter.narrow(Procedure.objects.received_by(request.user))
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    hits, shown = capped(rows), page(rows.for_lines(), "-handed_over_at", size=SIZE, **tokens)
    reading.listed(Procedure, (row.pk for row in shown), by=request.user)
    context = {
        "filter": filter,
        "is_narrowed": any(request.GET.get(name) for name in filter.fields),
        "hits": count_words(hits),
        "number": hits,
        "page": shown,
    }
    return render(request, template_for(request, "casework/procedure_list.html", "results"), context)


@require_safe
def procedure_detail(request, pk):
    procedure = _visible(request, pk)
    reading.opened(procedure, by=request.user)
    return _show(request, procedure)


@require_POST
def procedure_items(request, pk):
    procedure = _workable(request, pk)
    form = ItemsForm(request.POST, items=_items(procedure))
    if not form.is_valid():
        return _show(request, procedure, failed=form, status=422)

    def mark():
        for item, status in form.changed:
            item.procedure = procedure
            item.mark(by=request.user, status=status)

    return _acted(request, procedure, form, mark, "Die Prüfliste ist gespeichert.")


@require_POST
def procedure_status(request, pk):
    """`act`: begin, decide (with an outcome and a day) or reopen."""
    procedure = _workable(request, pk)
    act = request.POST.get("act")
    form = DecisionForm(request.POST if act == "decide" else {}, auto_id="entscheidung_%s")
    if act == "decide":
        if not form.is_valid():
            return _show(request, procedure, failed=form, status=422)
        run = lambda: procedure.decide(by=request.user, **form.cleaned_data)  # noqa: E731
    else:
        form = DecisionForm(auto_id="entscheidung_%s")
        run = lambda: (procedure.reopen if act == "reopen" else procedure.begin)(by=request.user)  # noqa: E731
    return _acted(request, procedure, form, run, "Der Stand ist gespeichert; das Case Management erfährt davon.")


@require_POST
def procedure_note(request, pk):
    procedure = _workable(request, pk)
    form = ProcedureNoteForm(request.POST, auto_id="rueckmeldung_%s")
    if not form.is_valid():
        return _show(request, procedure, failed=form, status=422)

    def tell():
        procedure.tell(by=request.user, text=form.cleaned_data["text"])
        Draft.drop(request.user, _note_key(procedure))

    return _acted(
        request, procedure, form, tell, "Ihre Rückmeldung steht beim Vorgang; das Case Management erfährt davon."
    )


def _visible(request, pk) -> Procedure:
    seen = Procedure.objects.visible_to(request.user)
    return get_object_or_404(seen.select_related("checklist", "authority", "handed_over_by", "consent"), pk=pk)


def _workable(request, pk) -> Procedure:
    procedure = _visible(request, pk)
    if not _works_on(request.user, procedure):
        raise PermissionDenied(access.works_on_procedure.refusal)
    return procedure


def _works_on(user, procedure) -> bool:
    return any(access.works_on_procedure(hat, procedure) for hat in user.hats())


def _items(procedure):
    return list(procedure.items.select_related("item", "marked_by").order_by("item__position"))


def _acted(request, procedure, form, run, words):
    try:
        with transaction.atomic():
            run()
    except StepRefused as refusal:
        fresh = _visible(request, procedure.pk)
        return _show(request, fresh, refused=str(refusal), kept=form.typed(), status=409)
    messages.success(request, words)
    if request.htmx:
        return _show(request, _visible(request, procedure.pk))
    return redirect(procedure)


def _show(request, procedure, *, failed=None, refused="", kept=(), status=200):
    works = _works_on(request.user, procedure)
    draft = Draft.of(request.user, _note_key(procedure)) if works else None
    items = failed if isinstance(failed, ItemsForm) else ItemsForm(items=_items(procedure))
    decision, note = failed, failed
    if not isinstance(failed, DecisionForm):
        decision = DecisionForm(initial={"ended_on": workdays.today()}, auto_id="entscheidung_%s")
    if not isinstance(failed, ProcedureNoteForm):
        note = ProcedureNoteForm(initial=draft.data if draft else {}, auto_id="rueckmeldung_%s")
    note.draft_key = _note_key(procedure)
    links = CaseProcedure.objects.filter(procedure=procedure, case__in=Case.objects.visible_to(request.user))
    context = {
        "procedure": procedure, "works": works, "items": items.items, "decision": decision,
        "note": note, "notes": list(procedure.notes.select_related("by")), "failed": failed,
        "link": links.select_related("case").first(), "refused": refused, "kept": list(kept),
        "saved_at": draft.saved_at if draft else None, "statuses": ProcedureItem.Status.choices,
        "is_withdrawn": not procedure.consent.is_in_force,
    }  # fmt: skip
    answer = render(
        request, template_for(request, "casework/procedure_detail.html", "procedure"), context, status=status
    )
    if request.htmx:
        answer.write(render_to_string("kim/_messages.html", {"oob": True}, request))
    return answer


def _note_key(procedure) -> str:
    return f"procedure:{procedure.pk}:note"


# On the page of a case


def _handed_over():
    rows = Procedure.objects.of_case(Slot("case")).order_by("-handed_over_at", "-pk")
    named = {"kind": F("checklist__kind"), "authority_name": F("authority__name"),
             "withdrawn_at": F("consent__withdrawn_at")}  # fmt: skip
    return {"procedures": rows.annotate(**named)}


@section("casework/_case_procedures.html", column=MAIN, order=70, sets=_handed_over)
def procedures(user, case, read):
    """What was handed over to Modul 3, and how it stands there."""
    rows = [(row, Checklist.Kind(row.kind).label) for row in read["procedures"]]
    works = access.allows(access.owns, user, case) and not case.is_shut
    return {"rows": rows, "case": case, "may_hand_over": works} if rows or works else None


# On „Heute“ of Modul 3


def _waiting():
    me, on = Slot("me"), day()
    away = Absence.objects.valid_on(on).filter(deputy=me).values("user")
    people = User.objects.filter(pk__in=away) | User.objects.filter(pk=me)
    mine = Procedure.objects.filter(
        valid_on(on, "consent__"), consent__withdrawn_at__isnull=True,
        authority__in=people.filter(organisation__isnull=False).values("organisation"),
    ).annotate(kind=F("checklist__kind"))  # fmt: skip
    requested = ProcedureItem.objects.filter(
        procedure__in=mine.exclude(status=Procedure.Status.DECIDED).values("pk"), status=ProcedureItem.Status.REQUESTED
    ).annotate(kind=F("procedure__checklist__kind"), text=F("item__text"))  # fmt: skip
    return {
        "new_procedures": mine.filter(status=Procedure.Status.RECEIVED).order_by("handed_over_at", "pk")[: today.LINES],
        "requested_items": requested.order_by("since", "pk")[: today.LINES],
    }


@today.section("casework/_today_procedures.html", order=8, sets=_waiting)
def procedures_waiting(user, read):
    """For Modul 3: what was handed over and not begun, and what has been requested for long."""
    if not user.acts_as(Role.AUTHORITY):
        return None
    before = workdays.today() - REQUESTED_LONG
    named = [(row, Checklist.Kind(row.kind).label) for row in read["new_procedures"]]
    late = [(row, Checklist.Kind(row.kind).label) for row in read["requested_items"] if row.since <= before]
    return {"new": named, "late": late}
