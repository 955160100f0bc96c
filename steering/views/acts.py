"""Acting on an issue: read the form, act, and answer what came of it. Steps and all other acts go through here.

What is answered: 302 or the swapped page when it went, 422 with what to correct or confirm, 409 when it cannot be done
as things stand (what was typed is kept), 403 with the rule's sentence. What did not go through has changed nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect, replace_url

from kim import errors
from kim.models import Draft
from kim.privacy_gate import GateDown, Held
from kim.rules import Rule, allows, demand
from kim.workflow import OutOfTurn, Step, StepRefused
from steering import access
from steering.escalation import ESCALATION, State
from steering.forms.issues import (
    CommentForm,
    EffectForm,
    InterimReportForm,
    JoinForm,
    MeasureDoneForm,
    MeasureForm,
    PauseForm,
    ResumeForm,
    StepForm,
)
from steering.likeness import Alike, alike
from steering.models import Issue
from steering.notices import foresee, preview
from steering.views.dossier import DONE, Dossier
from steering.views.telling import lines_of

HOME = "/"
#: Steps before whose click the page says how many statements are still waited for.
AFTER_STATEMENTS = ("propose", "solve", "decline")


@dataclass(frozen=True)
class Act:
    """Something one may do on an issue's page. `make(dossier, **form arguments)` and `run(issue, form, **who)`."""

    name: str
    label: str
    hint: str
    done: str
    make: Callable
    run: Callable
    check: Rule | None = None
    row: Step | None = None  # the row of the table, for a step
    on_desk: bool = True  # opens beside the steps; others have their place on the page

    def url(self, issue) -> str:
        if self.row:
            return reverse("steering:issue_step", args=[issue.pk, self.name])
        return reverse(f"steering:issue_{self.name}", args=[issue.pk])

    def draft_key(self, issue) -> str:
        return f"issue:{issue.pk}:{self.name}"

    def demand(self, dossier) -> None:
        """Raise PermissionDenied with the sentence to show."""
        if self.row:
            ESCALATION.hat(self.row, dossier.user, dossier.issue)
        elif self.check:
            demand(self.check, dossier.user, dossier.issue)


def _comment_form(dossier, **kwargs):
    public = allows(access.may_speak_publicly, dossier.user, dossier.issue)
    read_by = "Ihren Beitrag lesen die Meldenden und die Koordinierung."
    if dossier.offices:
        read_by = "Ihren Beitrag lesen nur die Stellen Ihrer Ebene."
    return CommentForm(may_be_public=public, read_by=read_by, auto_id="beitrag_%s", **kwargs)


ACTS = {
    act.name: act
    for act in [
        Act("comment", "Beitrag hinzufügen", "", "Ihr Beitrag ist hinzugefügt.", _comment_form,
            lambda issue, form, **who: issue.comment(**form.given, **who), access.may_comment, on_desk=False),
        Act("pause", "Uhr anhalten", "wartet auf Dritte, mit Grund und Tag",
            "Die Uhr ist angehalten, die Meldenden sind informiert.", lambda dossier, **kw: PauseForm(**kw),
            lambda issue, form, **who: issue.pause(**form.given, **who), access.holds_it),
        Act("resume", "Uhr weiterlaufen lassen", "von heute an",
            "Die Uhr läuft wieder, die Meldenden sind informiert.",
            lambda dossier, **kw: ResumeForm(**kw), lambda issue, form, by, confirmed: issue.resume(by=by),
            access.holds_it),
        Act("interim_report", "Zwischenbericht geben", "setzt die Uhr auf den nächsten Bericht",
            "Der Zwischenbericht ist mitgeteilt.", lambda dossier, **kw: InterimReportForm(**kw),
            lambda issue, form, **who: issue.report_progress(**form.given, **who), access.may_report_progress),
        Act("measure", "Maßnahme festhalten", "wer tut was bis wann", "Die Maßnahme ist festgehalten.",
            lambda dossier, **kw: MeasureForm(organisations=dossier.read["everywhere"], **kw),
            lambda issue, form, **who: issue.add_measure(**form.given, **who), access.may_report_progress),
        Act("effect", "Wirksamkeit bestätigen", "die Lösung trägt noch", "Die Wirksamkeit ist festgehalten.",
            lambda dossier, **kw: EffectForm(**kw),
            lambda issue, form, **who: issue.confirm_effect(**form.given, **who), access.may_check_effect),
        Act("join", "Mitmelden", "", "Sie melden mit und erfahren alles, was hier geschieht.",
            lambda dossier, **kw: JoinForm(**kw), lambda issue, form, by, confirmed: issue.join(by=by),
            access.may_join, on_desk=False),
    ]
}  # fmt: skip


def step_act(row, name: str) -> Act:
    return Act(
        name,
        row.label if row else ESCALATION.label(name),
        row.hint if row else "",
        f"{DONE[name]}.",
        lambda dossier, **kw: _step_form(row, dossier, **kw),
        lambda issue, form, **who: getattr(issue, name)(seen=form.cleaned_data["seen"], **form.given, **who),
        row=row,
    )


def measure_done_act(measure) -> Act:
    def run(issue, form, by, confirmed):
        fresh = issue.measures.select_for_update().get(pk=measure.pk)
        if fresh.done_on:
            raise StepRefused(f"Diese Maßnahme ist schon seit dem {fresh.done_on:%d.%m.%Y} erledigt.")
        issue.finish_measure(fresh, by=by)

    make = lambda dossier, **kw: MeasureDoneForm(**kw)  # noqa: E731
    return Act("measure_done", "Maßnahme erledigt", "", "Die Maßnahme ist erledigt.", make, run,
               access.may_report_progress, on_desk=False)  # fmt: skip


def _step_form(row, dossier, **kwargs):
    issue, user = dossier.issue, dossier.user
    initial = {"feedback": issue.result, "meeting": dossier.meetings[0] if dossier.meetings else None}
    kwargs["initial"] = {name: value for name, value in initial.items() if value} | kwargs.get("initial", {})

    def find_lead(number):
        among = Issue.objects.visible_to(user).open().exclude(pk=issue.pk).exclude(state=State.MERGED)
        return among.filter(number=number).first()

    return StepForm(
        row,
        issue,
        meetings=dossier.meetings,
        groups=dossier.read["groups"],
        find_lead=find_lead,
        findings=len(dossier.confirmations),
        **kwargs,
    )


# The page


def show(request, dossier, *, act=None, form=None, conflict="", kept=(), status=200):
    """The page of an issue with `act` open, as a whole, as its inner part or as the part that was asked for."""
    context = _context(request, dossier, act, form, conflict, kept)
    if not request.htmx:
        return render(request, "steering/issue_detail.html", context, status=status)
    if request.method == "GET" and act and not conflict:
        partial = "tell" if request.htmx.target == "vorschau" else "desk"
        return render(request, f"steering/_issue_desk.html#{partial}", context, status=status)
    response = render(request, "steering/issue_detail.html#issue", context, status=status)
    response.write(render_to_string("kim/_messages.html", {"oob": True}, request))
    return response


def _context(request, dossier, act, form, conflict, kept):
    issue = dossier.issue
    dossier.mark_read()
    comment = _comment(request, dossier, act, form)
    if act and not act.on_desk:
        act = form = None
    if act and form is None:
        form = _fresh_form(request, dossier, act)
    if form is not None:
        form.draft_key = act.draft_key(issue)
    return {
        "dossier": dossier,
        "issue": issue,
        "county": dossier.county,
        "desk": _desk(dossier, act),
        "act": act,
        "act_url": act.url(issue) if act else "",
        "form": form,
        "saved_at": draft.saved_at if act and (draft := dossier.draft(act.draft_key(issue))) else None,
        "comment": comment,
        "comment_url": ACTS["comment"].url(issue),
        "comment_saved_at": draft.saved_at if (draft := dossier.draft(ACTS["comment"].draft_key(issue))) else None,
        "outstanding": dossier.outstanding if act and act.row and act.name in AFTER_STATEMENTS else "",
        "conflict": conflict,
        "kept": list(kept),
        "failed": bool(conflict or (form is not None and form.errors) or (comment is not None and comment.errors)),
        **_telling(request, dossier, act, form),
    }


def _comment(request, dossier, act, form):
    if not dossier.may_comment:
        return None
    if act and act.name == "comment" and form is not None:
        form.draft_key = act.draft_key(dossier.issue)
        return form
    comment = ACTS["comment"]
    fresh = comment.make(dossier, initial=_typed_before(dossier, comment))
    fresh.draft_key = comment.draft_key(dossier.issue)
    return fresh


def _fresh_form(request, dossier, act):
    asked = {name: request.GET[name] for name in StepForm.TELLING if name in request.GET}
    initial = {**_typed_before(dossier, act), **asked, "seen": dossier.issue.step_no}
    return act.make(dossier, initial=initial)


def _typed_before(dossier, act) -> dict:
    draft = dossier.draft(act.draft_key(dossier.issue))
    kept = {name: value for name, value in draft.data.items() if value} if draft else {}
    kept.pop("released", None)  # what is vouched for is vouched for anew
    return kept | {"seen": dossier.issue.step_no}


@dataclass(frozen=True)
class Choice:
    """One line of the desk: a step or an act, open or barred with its reason."""

    label: str
    hint: str
    url: str = ""
    current: bool = False
    barred: str = ""


def _desk(dossier, current) -> dict[str, list[Choice]]:
    issue = dossier.issue
    steps = []
    for offer in dossier.offers:
        act = step_act(offer.step, offer.step.name)
        here = bool(current and current.row and current.name == act.name)
        steps.append(Choice(act.label, act.hint, act.url(issue), here, offer.barred))
    names = []
    if issue.due_on and allows(access.holds_it, dossier.user, issue):
        names.append("resume" if issue.is_paused else "pause")
    if allows(access.may_check_effect, dossier.user, issue):
        names.append("effect")
    if dossier.may_report_progress:
        names += ["interim_report", "measure"]
    acts = []
    for name in names:
        act = ACTS[name]
        acts.append(Choice(act.label, act.hint, act.url(issue), bool(current and current.name == name)))
    return {"steps": steps, "acts": acts}


# Who will be told


def _telling(request, dossier, act, form) -> dict:
    """The preview above the button of an open step: who will learn what by which way, and the date after it."""
    if not act or not act.row or form is None:
        return {"tellings": None, "due_words": "", "numbers": ()}
    given = form.choices_so_far()
    after = foresee(dossier.issue, act.row, given, limits=dossier.around.limits, rules=dossier.around.rules)
    told = preview(after, act.name, by=dossier.user)
    lines = lines_of(told, names_reporters=dossier.names_reporters, county=dossier.county)
    numbers: Sequence[Alike] = ()
    if "lead" in form.fields and "lead" not in given:
        among = Issue.objects.visible_to(dossier.user).open()
        numbers = alike(dossier.issue.title, among, without=dossier.issue.pk, at_once=True)
    return {"tellings": lines, "due_words": after.due_words, "numbers": numbers}


# Acting


def read(request, pk, act_name: str = "") -> Dossier:
    """The issue as this user may see it now, with the drafts of the forms on its page."""
    keys = [f"issue:{pk}:comment", *([f"issue:{pk}:{act_name}"] if act_name else [])]
    more = ("groups", "everywhere") if act_name == "measure" else ("groups",)
    return Dossier.of(request.user, pk, drafts=keys, all_words="alle" in request.GET.getlist("worte"), more=more)


def answer(request, pk, find: Callable[[Dossier], Act], act_name: str):
    """GET opens the form of the act, POST takes it. `find` may raise OutOfTurn, PermissionDenied or Http404."""
    try:
        dossier = read(request, pk, act_name)
    except Http404:
        return _out_of_sight(request, pk)
    try:
        act = find(dossier)
        if request.method != "POST" and not act.on_desk:
            return redirect(dossier.issue)
        if act.row is None and act_name in _ON_THE_WHOLE and not dossier.whole:
            raise Http404
        if act.row and request.method == "POST":
            _in_turn(request, dossier.issue)
        act.demand(dossier)
    except OutOfTurn as refusal:
        return _refused(request, pk, refusal, _typed(request))
    if request.method != "POST":
        return show(request, dossier, act=act)
    if "preview" in request.POST:
        return show(request, dossier, act=act, form=act.make(dossier, initial=_as_initial(request)))
    form = act.make(dossier, data=request.POST)
    status = 422 if not form.is_valid() else take(form, lambda **who: act.run(dossier.issue, form, **who), request.user)
    if status == OUT_OF_TURN:
        return _refused(request, pk, form.refusal, form.typed())
    if status != DONE_NOW:
        return show(request, read(request, pk, act_name), act=act, form=form, status=status)
    if dossier.draft(act.draft_key(dossier.issue)):
        Draft.drop(request.user, act.draft_key(dossier.issue))
    return went(request, dossier.issue, act.done)


def _in_turn(request, issue) -> None:
    """Raise OutOfTurn for a form from a page that is older than the last step: nobody corrects it first in vain."""
    seen = request.POST.get("seen", "")
    if seen.isdecimal() and seen != str(issue.step_no):
        raise OutOfTurn(issue.who_was_first())


_ON_THE_WHOLE = {"comment", "effect", "pause", "resume", "interim_report", "measure", "measure_done"}
DONE_NOW, OUT_OF_TURN = 0, -1


def take(form, act: Callable, user) -> int:
    """Run `act(by=…, confirmed=…)` in one transaction. 0 when it went; else the status to answer with, the reason in
    the form (OUT_OF_TURN with `form.refusal`). PermissionDenied passes through to the 403 page.
    """
    try:
        with transaction.atomic():
            act(by=user, confirmed=form.confirmed)
    except OutOfTurn as refusal:
        form.refusal = refusal
        return OUT_OF_TURN
    except StepRefused as refusal:
        form.add_error(None, str(refusal))
        return 409
    except GateDown as down:
        form.add_error(None, str(down))
        return 409
    except Held as held:
        form.hold(held.findings, _gate_names(form))
        return 422
    return DONE_NOW


def _gate_names(form) -> dict[str, str]:
    """What the gate calls the texts of this form → its fields."""
    found = {"Beitrag": "text", "Zwischenbericht": "text", "Maßnahme": "text"}
    for name in form.fields:
        try:
            found[Issue.name_of(name)] = name
        except FieldDoesNotExist:
            continue
    return found


def went(request, issue, words):
    """After an act: to the issue, or home when it is out of the user's sight now."""
    messages.success(request, f"{issue.number or 'Entwurf'}: {words}")
    if not issue.is_visible_to(request.user):
        return HttpResponseClientRedirect(HOME) if request.htmx else redirect(HOME)
    if not request.htmx:
        return redirect(issue)
    return replace_url(show(request, read(request, issue.pk)), issue.get_absolute_url())


def _refused(request, pk, refusal, kept):
    """409: who was first, the new state of things, and what was typed."""
    if gone := Issue.out_of_sight(request.user, [pk]):
        return errors.conflict(request, gone[0].why_out_of_sight(), kept=kept)
    if not Issue.objects.visible_to(request.user).filter(pk=pk).exists():
        return errors.conflict(request, refusal, kept=kept)
    return show(request, read(request, pk), conflict=str(refusal), kept=kept, status=409)


def _out_of_sight(request, pk):
    """409 for what somebody else's step took out of the user's sight while they wrote; for all else 404."""
    gone = Issue.out_of_sight(request.user, [pk]) if request.method == "POST" else []
    if not gone:
        raise Http404
    return errors.conflict(request, gone[0].why_out_of_sight(), kept=_typed(request))


def _typed(request) -> list[tuple[str, str]]:
    """What was typed into a form whose step is not possible any more."""
    found = []
    for name, text in request.POST.items():
        if name in _TYPED and text.strip():
            found.append((_TYPED[name], text))
    return found


_TYPED = {name: Issue.name_of(name) for name in
          ("reason", "note", "addressee", "proposal", "result", "feedback", "informed", "experience", "owner")
          } | {"text": "Text"}  # fmt: skip


def _as_initial(request) -> dict:
    return {name: values[-1] for name, values in request.POST.lists() if name != "preview"}


def find_step(name: str) -> Callable[[Dossier], Act]:
    def find(dossier):
        if name not in ESCALATION.names:
            raise Http404
        row = ESCALATION.find(name, dossier.issue.state)
        if row is None:
            raise OutOfTurn(dossier.issue.who_was_first())
        return step_act(row, name)

    return find


def find_measure_done(measure: int) -> Callable[[Dossier], Act]:
    def find(dossier):
        found = next((one for one in dossier.measures if one.pk == measure), None)
        if found is None:
            raise Http404
        return measure_done_act(found)

    return find
