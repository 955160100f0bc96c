"""Scenarios: a total apportioned by criteria, looked at before it is kept, compared, and adopted by a resolution."""

from decimal import Decimal
from functools import partial

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from funding import access, needs, standing
from funding.apportionment import ApportionmentRefused
from funding.forms.needs import ScenarioAdoptForm, ScenarioForm
from funding.models import Criterion, Method, Scenario, ScenarioShare
from funding.models.needs import ADOPTING
from funding.views.days import asked_day
from funding.views.previews import AGAIN, SEEN
from kim import errors, workdays
from kim.models import Municipality
from kim.paging import page
from kim.rules import allows, demand
from kim.templatetags.kim import plain_number
from kim.views.acting import act_and_return, form_page
from kim.workflow import StepRefused
from steering.access import reads_every_resolution
from steering.export import Sheet
from steering.models import Resolution
from steering.models.gate import noted, pass_gate
from steering.views.files import send
from steering.views.forming import gated

SIZE = 25
#: So many scenarios stand side by side.
FEWEST, MOST = 2, 4
#: So many resolutions are offered, the latest ones.
RESOLUTIONS = 100


@require_safe
def scenario_list(request):
    demand(access.reads_needs, request.user)
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    rows = Scenario.objects.visible_to(request.user).select_related("by", "resolution")
    found = page(rows, "-at", size=SIZE, **tokens)
    context = {
        "page": found, "may_plan": allows(access.plans_needs, request.user), "has_criteria": Criterion.objects.exists(),
    }  # fmt: skip
    return render(request, "funding/scenario_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def scenario_new(request):
    """What was typed is worked out and shown; only what was seen is kept."""
    demand(access.plans_needs, request.user)
    criteria = list(Criterion.objects.all())
    names = {one.key: one.name for one in criteria}
    make = partial(ScenarioForm, criteria=criteria, places=list(Municipality.objects.order_by("name")))

    def act(form):
        name, note = form.cleaned_data["name"], form.cleaned_data["note"]
        vouched = pass_gate({"Name": name, "Bemerkung": note}, by=request.user, confirmed=form.confirmed)
        try:
            worked = needs.work_out(form.plan, names)
        except ApportionmentRefused as refusal:
            raise StepRefused(str(refusal)) from refusal
        made = needs.keep(worked, criteria, by=request.user, name=name, note=note, trail_note=noted(vouched))
        return made, "Das Szenario ist gespeichert."

    if request.method == "POST" and SEEN not in request.POST:
        form = make(request.POST, initial=None)
        if AGAIN not in request.POST and form.is_valid():
            return _foreseen(request, form, names)
        form.draft_key = "scenario:new"
        status = 200 if AGAIN in request.POST else 422
        return render(request, "funding/scenario_new.html", {"form": form, "saved_at": None}, status=status)
    return form_page(request, "funding/scenario_new.html", make, gated(act), key="scenario:new")


def _foreseen(request, form, names):
    try:
        worked = needs.work_out(form.plan, names)
    except ApportionmentRefused as refusal:
        form.add_error(None, str(refusal))
        form.draft_key = "scenario:new"
        return render(request, "funding/scenario_new.html", {"form": form, "saved_at": None}, status=422)
    lines, places = standing.beside(worked.lines, workdays.today())
    left_out = ("csrfmiddlewaretoken", SEEN, AGAIN)
    sent = [(name, one) for name, values in request.POST.lists() for one in values if name not in left_out]
    context = {
        "lines": lines, "totals": standing.totals(lines), "map": standing.map_of(lines, places), "sent": sent,
        "form": form, "method": Method(worked.plan.method).label, "plan": worked.plan, "inputs": worked.inputs,
    }  # fmt: skip
    return render(request, "funding/scenario_preview.html", context)


@require_safe
def scenario_detail(request, pk):
    shares = _shares(pk, Scenario.objects.visible_to(request.user))
    if not shares:  # none is kept without
        raise Http404
    scenario = shares[0].scenario
    lines, places = standing.beside(shares, workdays.today())
    names = {place.ags: place.name for place in places}
    may_plan = allows(access.plans_needs, request.user) and scenario.is_open
    inputs = scenario.inputs
    context = {
        "scenario": scenario, "lines": lines, "totals": standing.totals(lines), "map": standing.map_of(lines, places),
        "may_plan": may_plan,
        "may_read_resolution": _reads(request.user, scenario.resolution_id),
        "criteria": inputs.get("criteria", ()),
        "without": [names.get(ags, ags) for ags in inputs.get("without", ())],
        "told": _told(inputs, names), "is_intact": needs.checksum(inputs) == inputs.get("checksum"),
    }  # fmt: skip
    return render(request, "funding/scenario_detail.html", context)


@require_safe
def scenario_compare(request):
    """Two to four side by side; fewer or others than there are answer with what to do."""
    demand(access.reads_needs, request.user)
    wanted = [int(text) for text in request.GET.getlist("scenario") if text.isdecimal() and len(text) < 10]
    found = Scenario.objects.visible_to(request.user).filter(pk__in=wanted[: MOST + 1]).prefetch_related("shares")
    scenarios = sorted(found, key=lambda one: wanted.index(one.pk))
    if not FEWEST <= len(scenarios) <= MOST:
        messages.warning(request, f"Bitte wählen Sie {FEWEST} bis {MOST} Szenarien zum Vergleichen.")
        return redirect("funding:scenario_list")
    places = list(Municipality.objects.all())
    lines = standing.compare(scenarios, places)
    context = {
        "scenarios": scenarios, "lines": lines, "map": standing.map_of_spread(lines, places),
        "differing": sum(line.differs for line in lines),
    }  # fmt: skip
    return render(request, "funding/scenario_compare.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def scenario_adopt(request, pk):
    """By a resolution it becomes the target of its municipalities from a day on; the page says what changes."""
    scenario = _scenario(request, pk)
    demand(access.plans_needs, request.user)
    if reason := scenario.why_closed():
        return errors.conflict(request, StepRefused(reason), url=scenario.get_absolute_url())
    seen = Resolution.objects.visible_to(request.user).filter(verdict__in=ADOPTING)
    resolutions = list(seen.select_related("body", "municipality").order_by("-decided_on", "-pk")[:RESOLUTIONS])

    def act(form):
        found = scenario.adopt(by=request.user, **form.cleaned_data)
        first = form.cleaned_data["first_day"]
        there = f"{reverse('funding:target_list')}?on={first:%d.%m.%Y}"
        return there, f"Das Stellenziel ist festgelegt: für {len(found)} Kommunen, ab dem {first:%d.%m.%Y}."

    lines, _ = standing.beside(scenario.shares.select_related("municipality"), workdays.today())
    context = {"scenario": scenario, "lines": lines, "resolutions": resolutions, "totals": standing.totals(lines)}
    return form_page(
        request, "funding/scenario_adopt.html", partial(ScenarioAdoptForm, resolutions=resolutions), gated(act),
        key=f"scenario:{pk}:adopt", context=context,
    )  # fmt: skip


@require_POST
def scenario_drop(request, pk):
    scenario = _scenario(request, pk)
    demand(access.plans_needs, request.user)
    words = "Das Szenario ist verworfen. Es bleibt lesbar."
    return act_and_return(request, lambda: scenario.drop(by=request.user), scenario, words)


@require_safe
def scenario_export(request, pk, kind):
    scenario = _scenario(request, pk)
    lines, _ = standing.beside(scenario.shares.select_related("municipality"), workdays.today())
    return send(request, kind, Sheet(f"Szenario {scenario.pk}", "scenario.export", COLUMNS, lines))


@require_safe
def target_list(request):
    """The target of every municipality on a day beside what is filled."""
    demand(access.reads_needs, request.user)
    day = asked_day(request)
    lines = standing.target_lines(day)
    whole = sum((line.row.fte for line in lines if line.row), Decimal(0))
    context = {
        "lines": lines, "day": day, "form_day": f"{day:%d.%m.%Y}", "map": standing.map_of_targets(lines),
        "whole": standing.said(whole), "short": sum(line.is_short for line in lines),
        "without": sum(line.row is None for line in lines),
        "may_plan": allows(access.plans_needs, request.user),
    }  # fmt: skip
    return render(request, "funding/target_list.html", context)


COLUMNS = (
    ("AGS", 10, lambda line: line.place.ags),
    ("Kommune", 26, lambda line: str(line.place)),
    ("Gewicht", 12, lambda line: _decimal(line.weight, 6)),
    ("rechnerisch (VZÄ)", 16, lambda line: _decimal(line.quota, 6)),
    ("mindestens (VZÄ)", 16, lambda line: _decimal(line.minimum, 3)),
    ("VZÄ", 10, lambda line: _decimal(line.fte, 3)),
    ("heute besetzt (VZÄ)", 18, lambda line: _decimal(line.filled, 3)),
    ("heutiges Ziel (VZÄ)", 18, lambda line: _decimal(line.target, 3)),
)


def _decimal(amount, places: int) -> Decimal | None:
    return None if amount is None else Decimal(needs.rounded(amount, places))


def _scenario(request, pk) -> Scenario:
    seen = Scenario.objects.visible_to(request.user)
    return get_object_or_404(seen.select_related("by", "resolution", "adopted_by"), pk=pk)


def _reads(user, resolution: int | None) -> bool:
    if resolution is None or reads_every_resolution(user):
        return resolution is not None
    return Resolution.objects.visible_to(user).filter(pk=resolution).exists()


def _shares(pk: int, among: QuerySet) -> list[ScenarioShare]:
    """With municipality and scenario; one query."""
    rows = ScenarioShare.objects.filter(scenario__in=among.filter(pk=pk))
    return list(rows.select_related("municipality", "scenario__by", "scenario__resolution", "scenario__adopted_by"))


def _told(inputs, names) -> list[tuple[str, list[str]]]:
    """Municipality and its value per criterion, as they were when the scenario was made."""
    criteria = inputs.get("criteria", ())
    keys = sorted({ags for one in criteria for ags in one["values"]}, key=lambda ags: names.get(ags, ags))
    return [(names.get(ags, ags), [_german(one["values"].get(ags)) for one in criteria]) for ags in keys]


def _german(told) -> str:
    return plain_number(Decimal(told["value"])) if told else ""
