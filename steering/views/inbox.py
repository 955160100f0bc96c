"""The inbox of the coordination and of the office: list and reading pane, and several issues taken in hand at once."""

from django.contrib import messages
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from kim.addresses import address
from kim.disclosure import few
from kim.htmx import page as template_for
from kim.models import County, Notice
from kim.notices import mark_read
from kim.privacy_gate import GateDown, Held
from kim.rules import demand
from kim.views.filters import searched
from steering import desks, export, whereabouts
from steering.access import DESK, has_a_desk, held_issues, reported_issues, sees_reporters
from steering.escalation import ESCALATION
from steering.filters import Choices, IssueFilter
from steering.forms.issues import TogetherForm
from steering.likeness import alike
from steering.listing import listed
from steering.models import Issue, Meeting
from steering.notices import preview_of_several
from steering.views.files import send
from steering.views.telling import lines_of, merged

PAGE = "steering:inbox"
#: Rows of one page.
SIZE = 25
#: Of so many of the selected issues similar ones are looked for; each costs a query.
LIKE = 3


@require_safe
def inbox(request):
    """The list alone; on wide screens the pane beside it invites to open one."""
    demand(has_a_desk, request.user)
    return _answer(request, None)


@require_safe
def inbox_issue(request, pk):
    """List and reading pane at an address of its own; a swap brings the pane alone."""
    demand(has_a_desk, request.user)
    return _answer(request, pk)


@require_safe
def inbox_export(request, kind):
    """The whole of what the inbox shows with this search."""
    user = request.user
    demand(has_a_desk, user)
    found = IssueFilter(request.GET, choices=Choices.of(user, PAGE), states=_states(user))
    issues = Issue.objects.on_desk_of(user)
    if found.relation == "held":
        issues = issues.filter(held_issues(user))
    elif found.relation == "reported":
        issues = issues.filter(reported_issues(user))
    return send(request, kind, export.issue_sheet("Eingang", issues, found, to=user))


def inbox_together(request):
    """One step with several issues: asked for once, taken one by one, told one by one."""
    demand(has_a_desk, request.user)
    sent = request.POST if request.method == "POST" else request.GET
    name, (seen, issues) = sent.get("act", ""), _picked(request, sent)
    if name not in desks.TOGETHER:
        raise Http404
    gone = [desks.Done(one, one.why_out_of_sight(), went=False, gone=True) for one in _gone(request, seen, issues)]
    if not issues and not gone:
        messages.warning(request, f"Bitte wählen Sie zuerst Knackpunkte aus, höchstens {desks.MOST}.")
        return redirect(_back(sent))
    meetings = list(Meeting.coming_of_steering()) if name == "table" else ()
    form = TogetherForm(name, issues, request.POST if request.method == "POST" else None, meetings=meetings)
    if request.method != "POST":
        return _ask(request, name, form, issues, seen, sent)
    if not form.is_valid() or not (given := _given(request, form)):
        return _ask(request, name, form, issues, seen, sent, status=422, done=gone)
    issues = [issue for issue in issues if issue != given.get("lead")]
    try:
        done = desks.take_together(name, issues, by=request.user, seen=seen, confirmed=set(form.confirmed), **given)
    except Held as held:
        form.hold(held.findings)
        return _ask(request, name, form, issues, seen, sent, status=422, done=gone)
    except GateDown as down:
        form.add_error(None, str(down))
        return _ask(request, name, form, issues, seen, sent, status=422, done=gone)
    done += gone
    left = [one for one in done if not one.went]
    if not left:
        messages.success(request, _went(name, done))
        return redirect(_back(sent))
    there = [one.issue.pk for one in left if not one.gone]
    again = list(Issue.objects.for_list().filter(pk__in=there).order_by("due_rank", "pk"))
    fresh = {issue.pk: issue.step_no for issue in again}
    return _ask(request, name, form, again, fresh, sent, status=409, done=done)


def _given(request, form) -> dict:
    """What was asked for, with the lead issue itself instead of its number; empty where there is no such issue."""
    given = dict(form.cleaned_data)
    if number := given.get("lead"):
        given["lead"] = Issue.objects.visible_to(request.user).filter(number=number.upper()).first()
        if given["lead"] is None:
            form.add_error("lead", "Einen Knackpunkt mit dieser Kennung gibt es nicht.")
            return {}
    return given


def _answer(request, pk):
    """The page, or the pane or the list alone for a swap."""
    choices = Choices.of(request.user, PAGE, pk)
    pane = {"issue": None} if pk is None else _pane(request, choices)
    pane["keys"] = [(desks.KEYS[name], ESCALATION.label(name)) for name in _steps(request.user, desks.KEYS)]
    if request.htmx and request.htmx.target == "lesen" and pk is not None:
        return render(request, "steering/inbox.html#lesen", pane)
    found = IssueFilter(request.GET, choices=choices, states=_states(request.user))
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    issues, _ = listed(request.user, found, size=SIZE, inbox=True, **given)
    choices.name_in(issues)
    context = {
        "filter": found,
        "saved": choices.saved,
        "page": issues,
        "rows": [_line(one) for one in issues],
        "figures": desks.figures(request.user),
        "search": searched(request.GET),
        "searched_for": found.is_narrowed,
        "acts": [(name, ESCALATION.label(name), desks.KEYS[name]) for name in _steps(request.user, desks.TOGETHER)],
        **pane,
    }
    return render(request, template_for(request, "steering/inbox.html", "list"), context)


def _line(issue):
    return issue, address("steering:inbox_issue", issue.pk), whereabouts.tone(issue), whereabouts.countdown(issue)


def _pane(request, choices):
    """What the reading pane needs; what is like the issue is fetched by the pane itself, once it stands."""
    beside = choices.beside
    if not beside["issue"]:
        raise Http404
    (issue,) = beside["issue"]
    if beside["unread"]:
        mark_read(request.user, Notice.objects.filter(pk__in=[notice.pk for notice in beside["unread"]]))
    county = next(iter(beside["county"]), None) or County(pk=1)
    reporters, word = beside["reporters"], next(iter(beside["last_word"]), None)
    choices.name_in([issue, *beside["lead"]])
    issue.lead = next(iter(beside["lead"]), None)
    issue.all_reporter_ids = issue.reporting_it(reporters)
    offers = ESCALATION.offers(request.user, issue)
    return {
        "issue": issue,
        "mini": whereabouts.mini(issue),
        "countdown": whereabouts.countdown(issue),
        "offers": [
            (
                offer,
                desks.KEYS.get(offer.step.name, ""),
                reverse("steering:issue_step", args=[issue.pk, offer.step.name]),
            )
            for offer in offers
        ],
        "legal_areas": sorted(beside["legal_areas"], key=lambda code: code.position),
        "reporters": [reporter.user_name for reporter in reporters] if sees_reporters(request.user) else [],
        "reporter_number": few(len(reporters), county.small_cell_below),
        "findings": beside["findings"],
        "word": word,
    }


def _steps(user, names):
    """Those of `names` that lead on from where things lie on this user's desk."""
    states = _states(user)
    return [name for name in names if any(ESCALATION.find(name, state) for state in states)]


def _states(user):
    return tuple(state for role, states in DESK.items() if user.acts_as(role) for state in states)


def _picked(request, sent):
    """What was ticked, as it was seen: values read „7.3“, an issue and the number of the last step it had taken."""
    seen = {}
    for value in sent.getlist("pick")[: desks.MOST]:
        pk, _, step = value.partition(".")
        if pk.isdecimal() and step.isdecimal() and len(value) < 30:
            seen[int(pk)] = int(step)
    issues = Issue.objects.visible_to(request.user).filter(pk__in=[pk for pk in seen if pk < 2**63])
    return seen, list(issues.for_list().order_by("due_rank", "pk"))


def _gone(request, seen, issues):
    """What was picked and went out of sight meanwhile."""
    missing = seen.keys() - {issue.pk for issue in issues}
    return Issue.out_of_sight(request.user, missing) if missing and request.method == "POST" else []


def _back(sent):
    back = searched(QueryDict(sent.get("back", "").encode("utf-8", "replace")[:1000]))
    return f"{reverse(PAGE)}?{back}" if back else reverse(PAGE)


def _ask(request, name, form, issues, seen, sent, *, status=200, done=()):
    given = {key: value for key, value in getattr(form, "cleaned_data", {}).items() if key == "meeting"}
    told = merged(preview_of_several(issues, name, given, by=request.user))
    context = {
        "act": name,
        "label": ESCALATION.label(name),
        "form": form,
        "issues": [(issue, seen.get(issue.pk, issue.step_no)) for issue in issues],
        "tellings": lines_of(told, names_reporters=sees_reporters(request.user), county=County.current()),
        "numbers": _leads(request.user, issues) if "lead" in form.fields else (),
        "done": done,
        "back": _back(sent),
        "back_search": sent.get("back", "")[:1000],
    }
    return render(request, "steering/inbox_together.html", context, status=status)


def _leads(user, issues) -> list[Issue]:
    """What they may be bundled into, to choose from: one of them, or one like the first of them."""
    found = {issue.pk: issue for issue in issues if issue.number}
    among = Issue.objects.visible_to(user).open()
    for issue in issues[:LIKE]:
        found |= {one.issue.pk: one.issue for one in alike(issue.title, among, without=issue.pk, at_once=True)}
    return [issue for issue in found.values() if issue.number]


def _went(name, done):
    numbers = ", ".join(str(one.issue) for one in done[:5]) + (" …" if len(done) > 5 else "")
    count = "1 Knackpunkt" if len(done) == 1 else f"{len(done)} Knackpunkte"
    return f"{ESCALATION.label(name)}: {count} ({numbers})."
