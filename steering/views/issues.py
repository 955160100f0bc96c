"""One issue: its page, its steps, what else is done on it, and reporting a new one."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from kim import errors
from kim.editing import Filled
from kim.models import Draft
from kim.rules import allows, demand
from steering import access
from steering.escalation import ESCALATION, State
from steering.forms.issues import GATE_NAMES, IssueForm
from steering.likeness import alike
from steering.models import Issue
from steering.views import acts
from steering.views.reporting import (
    as_typed,
    asks_preview,
    choices,
    county_of,
    draft_of,
    place_of_today,
    previews,
    sent,
    start_and,
)

NEW = "issue:new"
SAVED = "Als Entwurf gespeichert. Nur Sie sehen ihn."
TOO_OLD = "Diesen Entwurf haben Sie inzwischen gemeldet; er lässt sich hier nicht mehr ändern."


@require_GET
def issue_detail(request, pk):
    return acts.show(request, acts.read(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
def issue_step(request, pk, step):
    return acts.answer(request, pk, acts.find_step(step), step)


@require_http_methods(["GET", "HEAD", "POST"])
def issue_comment(request, pk):
    return _act(request, pk, "comment")


@require_http_methods(["GET", "HEAD", "POST"])
def issue_pause(request, pk):
    return _act(request, pk, "pause")


@require_http_methods(["GET", "HEAD", "POST"])
def issue_resume(request, pk):
    return _act(request, pk, "resume")


@require_http_methods(["GET", "HEAD", "POST"])
def issue_interim_report(request, pk):
    return _act(request, pk, "interim_report")


@require_http_methods(["GET", "HEAD", "POST"])
def issue_effect(request, pk):
    return _act(request, pk, "effect")


@require_http_methods(["GET", "HEAD", "POST"])
def issue_measure(request, pk):
    return _act(request, pk, "measure")


@require_http_methods(["GET", "HEAD", "POST"])
def issue_measure_done(request, pk, measure):
    return acts.answer(request, pk, acts.find_measure_done(measure), "measure_done")


@require_http_methods(["GET", "HEAD", "POST"])
def issue_join(request, pk):
    return _act(request, pk, "join")


def _act(request, pk, name):
    return acts.answer(request, pk, lambda dossier: acts.ACTS[name], name)


# Similar ones


@require_POST
def issue_similar(request):
    """Like what is being typed. By POST: what somebody types is no part of an address."""
    demand(access.may_start, request.user)
    return _similar(request, typed_alike(request), joinable=True)


@require_GET
def issue_alike(request, pk):
    """Like one that is there."""
    issue = get_object_or_404(Issue.objects.visible_to(request.user), pk=pk)
    found = _alike(request, issue.title, text=issue.situation, topic_id=issue.topic_id, without=issue.pk)
    merge = ESCALATION.find("merge", issue.state)
    bundle = merge is not None and allows(merge.may, request.user, issue)
    url = reverse("steering:issue_step", args=[issue.pk, "merge"]) if bundle else ""
    return _similar(request, found, issue=issue, bundle_url=url)


def typed_alike(request):
    """Issues like what is being typed into a report, as far as its author may see them."""
    topic = request.POST.get("topic", "")
    return _alike(
        request,
        request.POST.get("title", "")[:200],
        text=request.POST.get("situation", "")[:6000],
        topic_id=int(topic) if topic.isdecimal() and len(topic) < 19 else None,
    )


def _alike(request, title, **given):
    return alike(title, Issue.objects.visible_to(request.user).for_list(), **given)


def _similar(request, found, *, issue=None, bundle_url="", joinable=False):
    context = {"alike": found, "issue": issue, "bundle_url": bundle_url, "joinable": joinable}
    template = "steering/issue_similar.html"
    return render(request, f"{template}#alike" if request.htmx else template, context)


# Reporting


@require_http_methods(["GET", "HEAD", "POST"])
def issue_new(request):
    demand(access.may_start, request.user)
    read = choices(request.user, NEW)
    if request.method != "POST":
        return _form_page(request, _blank(read), read)
    if asks_preview(request):
        return _form_page(request, IssueForm(choices=read["choices"], initial=as_typed(request)), read)
    form, act = sent(request, read)
    if not form.is_valid():
        return _form_page(request, form, read, status=422)
    made = []

    def start_and_report(by, confirmed):
        made.append(start_and(act, form.cleaned_data, by=by, confirmed=confirmed))

    return _sent_off(request, form, read, act, start_and_report, lambda: made[0])


@require_http_methods(["GET", "HEAD", "POST"])
def issue_edit(request, pk):
    issue = get_object_or_404(Issue.objects.visible_to(request.user), pk=pk)
    if issue.state != State.DRAFT and allows(access.reported_it, request.user, issue):
        return _too_late(request, issue)
    demand(access.may_edit, request.user, issue)
    read = choices(request.user, f"issue:{pk}", issue)
    edit = Filled(issue, lambda row: IssueForm(choices=read["choices"], initial=_written(row, _many(row))), read["key"])
    if request.method != "POST":
        form = _filled(issue, read)
        edit.begin(form, draft_of(read))
        return _form_page(request, form, read, issue=issue)
    if request.POST.get("act") == "discard":
        Draft.drop(request.user, f"issue:{pk}")
        return redirect("steering:issue_edit", pk)
    if asks_preview(request):
        return _form_page(request, IssueForm(choices=read["choices"], initial=as_typed(request)), read, issue=issue)
    form, act = sent(request, read)
    if not form.is_valid():
        return _form_page(request, form, read, issue=issue, status=422)

    def change_and_report(by, confirmed):
        edit.demand_same(form)
        issue.edit(by=by, **form.cleaned_data)
        if act != "save":
            getattr(issue, act)(by=by, confirmed=confirmed)

    return _sent_off(request, form, read, act, change_and_report, lambda: issue, issue=issue)


def _sent_off(request, form, read, act, run, made, issue=None):
    status = acts.take(form, run, request.user)
    if status == acts.OUT_OF_TURN:
        return errors.conflict(request, form.refusal, url=issue.get_absolute_url() if issue else "", kept=form.typed())
    if status != acts.DONE_NOW:
        fresh = Issue.objects.get(pk=issue.pk) if issue else None
        return _form_page(request, form, read, issue=fresh, status=status)
    Draft.drop(request.user, read["key"])
    done = made()
    saved = "Gespeichert. Er liegt bei Ihnen, bis Sie ihn wieder melden." if done.is_returned else SAVED
    words = saved if act == "save" else "Gemeldet. Danke!"
    messages.success(request, f"{done.number or 'Entwurf'}: {words}")
    return HttpResponseClientRedirect(done.get_absolute_url()) if request.htmx else redirect(done)


def _too_late(request, issue):
    if request.method != "POST":
        return redirect(issue)
    kept = [(Issue.name_of(name), text) for name, text in request.POST.items()
            if name in GATE_NAMES.values() and text.strip()]  # fmt: skip
    return errors.conflict(request, f"{TOO_OLD} {issue.who_was_first()}", url=issue.get_absolute_url(), kept=kept)


def _blank(read):
    initial = {"municipality": place_of_today(read["places"])} | draft_of(read)
    return IssueForm(choices=read["choices"], initial=initial)


def _filled(issue, read):
    many = {
        "legal_areas": read["legal_areas"],
        "further_municipalities": read["further_municipalities"],
        "organisations": read["chosen_organisations"],
    }
    return IssueForm(choices=read["choices"], initial=_written(issue, many) | draft_of(read))


def _written(issue, many: dict) -> dict:
    plain = [*GATE_NAMES.values(), "frequency", "urgency", "presumed_reach"]
    found = {name: getattr(issue, name) for name in plain}
    return (
        found
        | {name: getattr(issue, f"{name}_id") for name in ("topic", "life_domain", "municipality", "interface")}
        | many
    )


def _many(issue) -> dict:
    return {
        name: list(getattr(issue, name).all()) for name in ("legal_areas", "further_municipalities", "organisations")
    }


def _form_page(request, form, read, *, issue=None, status=200):
    form.draft_key = read["key"]
    county = county_of(read)
    draft = read["drafts"][0] if read["drafts"] else None
    context = {
        "form": form,
        "issue": issue,
        "county": county,
        "direct": county.direct_reporting,
        "returned": next(iter(read["returned"]), None) if issue and issue.is_returned else None,
        "saved_at": draft.saved_at if draft and not form.is_bound else None,
        "previews": previews(request.user, form, read, issue),
        "form_url": reverse("steering:issue_edit", args=[issue.pk]) if issue else reverse("steering:issue_new"),
    }
    template = "steering/issue_edit.html" if issue else "steering/issue_new.html"
    if asks_preview(request) and request.htmx:
        template = "steering/_report_tell.html"
    return render(request, template, context, status=status)
