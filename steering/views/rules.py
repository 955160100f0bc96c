"""The rules of procedure of a body: a version, how it came to be, and what it changes."""

from functools import partial

from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from kim import errors
from kim.rules import allows, demand
from kim.views.acting import form_page
from steering import access, asking
from steering.forms.rules import RulesForm, RulesSubmitForm
from steering.models import Body, RulesOfProcedure
from steering.models.rules import APPLIED
from steering.views.forming import gated


@require_safe
def rules_detail(request, pk):
    rules = _rules(request, pk)
    versions = list(rules.body.rules.select_related("resolution").order_by("-version"))
    before = next((one for one in versions if one.version < rules.version), None)
    waiting = next((one for one in versions if not one.is_adopted), None)
    keeps = allows(access.keeps_rules, request.user) and not rules.body.has_ended
    context = {
        "rules": rules,
        "versions": versions,
        "before": before,
        "changes": rules.changes_from(before) if before else [],
        "in_force": RulesOfProcedure.in_force(rules.body),
        "may_edit": keeps and not rules.is_adopted,
        "may_draft": keeps and waiting is None,
        **asking.about_rules(request.user, rules),
    }
    return render(request, "steering/rules_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def rules_new(request, pk):
    """A new version of a body's rules, beginning with what the one before says."""
    body = get_object_or_404(Body.objects.visible_to(request.user), pk=pk)
    demand(access.keeps_rules, request.user)
    if request.method != "POST" and (waiting := body.rules.filter(valid_from__isnull=True).first()):
        return redirect(waiting)
    blank = RulesOfProcedure.blank(body)

    def act(form):
        made = RulesOfProcedure.draft(body, by=request.user, confirmed=form.confirmed, **form.cleaned_data)
        return made, f"Fassung {made.version} ist als Entwurf angelegt."

    return form_page(
        request, "steering/rules_new.html", RulesForm, gated(act), key=f"rules:new:{pk}",
        initial=_written(blank), context={"body": body, "blank": blank},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def rules_edit(request, pk):
    rules = _rules(request, pk)
    demand(access.keeps_rules, request.user)
    if rules.is_adopted:
        typed = request.POST.get("text", "")
        kept = [("Wortlaut", typed)] if typed else []
        return errors.conflict(request, rules.why_fixed(), url=rules.get_absolute_url(), kept=kept)

    def act(form):
        rules.edit(by=request.user, confirmed=form.confirmed, **form.cleaned_data)
        return rules, f"Fassung {rules.version} ist gespeichert."

    return form_page(
        request, "steering/rules_edit.html", RulesForm, gated(act), key=f"rules:{pk}",
        there=(rules, _written), context={"rules": rules},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def rules_submit(request, pk):
    """Put before somebody, and on the agenda of the meeting that is to adopt it."""
    rules = _rules(request, pk)
    demand(access.keeps_rules, request.user)
    if rules.is_adopted:
        return errors.conflict(request, rules.why_fixed(), url=rules.get_absolute_url())

    def act(form):
        rules.submit(by=request.user, confirmed=form.confirmed, **form.cleaned_data)
        return rules, f"Festgehalten: {rules.stage}."

    make = partial(RulesSubmitForm, meetings=list(rules.body.meetings.upcoming().select_related("body")[:20]))
    given = {"on": rules.submitted_on, "to": rules.submitted_to, "meeting": rules.meeting_id}
    initial = {name: value for name, value in given.items() if value}
    return form_page(
        request, "steering/rules_submit.html", make, gated(act), key=f"rules:{pk}:submit",
        initial=initial, context={"rules": rules},
    )  # fmt: skip


def _rules(request, pk) -> RulesOfProcedure:
    seen = RulesOfProcedure.objects.visible_to(request.user)
    return get_object_or_404(seen.select_related("body", "meeting", "resolution", "by"), pk=pk)


def _written(rules) -> dict:
    return {"text": rules.text} | {name: getattr(rules, name) for name in APPLIED}
