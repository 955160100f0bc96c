"""Assessment and help plan of a case: its sections, the pages to edit and agree them, and the paper to sign."""

from django.contrib import messages
from django.db.models import F
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from casework import access, printing
from casework.case_page import MAIN, section
from casework.forms.plan import AgreeForm, AssessmentForm, GoalForm, GoalMeasureForm
from casework.models import Actor, Assessment, Goal, GoalMeasure, PlanVersion
from casework.models.plan import BY_DAY, as_agreed, plan_of
from casework.views.of_case import WORK, begun, case_for, pdf
from kim import trail, workdays
from kim.editing import Filled
from kim.models import Code, Draft
from kim.navigation import county_of
from kim.together import Slot
from kim.views.acting import attempt

FORM = ["GET", "HEAD", "POST"]


# On the page of a case


def _assessed():
    domain = F("life_domain__label")
    rows = Assessment.objects.filter(case=Slot("case")).annotate(domain=domain)
    return {"assessments": rows.order_by("life_domain__position", "pk")}


@section("casework/_case_assessment.html", column=MAIN, order=50, sets=_assessed)
def assessment(user, case, read):
    """How somebody stands in each chosen life domain."""
    return {"rows": read["assessments"], "case": case, "may_work": may_work(user, case)}


def _planned():
    goals = Goal.objects.filter(case=Slot("case")).annotate(domain=F("life_domain__label"))
    measures = GoalMeasure.objects.filter(goal__case=Slot("case"))
    return {
        "goals": goals.order_by("until", "pk"),
        "goal_measures": measures.order_by(BY_DAY, "pk"),
        "plan_versions": PlanVersion.objects.filter(case=Slot("case")).defer("snapshot").order_by("-no"),
    }


@section("casework/_case_plan.html", column=MAIN, order=20, sets=_planned)
def plan(user, case, read):
    """Goals with what is to be done, and the version that holds."""
    versions = read["plan_versions"]
    return {
        "goals": _with_measures(read["goals"], read["goal_measures"]),
        "version": versions[0] if versions else None,
        "case": case,
        "may_work": may_work(user, case),
    }


def _with_measures(goals, measures):
    for goal in goals:
        goal.lines = [one for one in measures if one.goal_id == goal.pk]
    return goals


def may_work(user, case) -> bool:
    return all(access.allows(rule, user, case) for rule in WORK)


# Assessment


@require_http_methods(FORM)
def assessment_edit(request, pk):
    case = case_for(request, pk, *WORK)
    key = f"case:{case.pk}:assessment"
    assessed = list(case.assessments.select_related("life_domain"))
    domains = _domains(*(row.life_domain for row in assessed))
    initial, saved_at = begun(request, key)
    form = AssessmentForm(request.POST or None, domains=domains, assessed=assessed, initial=initial)
    edit = Filled(case, lambda row: AssessmentForm(domains=domains, assessed=list(row.assessments.all())), key)
    status = 200
    if request.method == "POST":

        def save(**given):
            edit.demand_same(form)
            Assessment.value_all(case, by=request.user, **given)

        status = attempt(form, save)
        if status == 302:
            return _done(request, key, "Die Einschätzung ist festgehalten.", "casework:case_detail", case.pk)
    else:
        edit.begin(form, initial)
    form.draft_key = key
    context = {"case": case, "form": form, "saved_at": saved_at}
    return render(request, "casework/assessment_edit.html", context, status=status)


# Plan and its versions


@require_safe
def plan_detail(request, pk):
    case = case_for(request, pk)
    goals = list(case.goals.with_measures())
    versions = list(case.plan_versions.select_related("recorded_by"))
    context = {
        "case": case,
        "goals": goals,
        "versions": versions,
        "is_agreed": bool(versions) and versions[0].says([as_agreed(goal) for goal in goals]),
        "may_work": may_work(request.user, case),
    }
    return render(request, "casework/plan_detail.html", context)


@require_http_methods(FORM)
def plan_agree(request, pk):
    """Freeze the plan as it stands; what is shown is what is agreed."""
    case = case_for(request, pk, *WORK)
    form = AgreeForm(request.POST or None, initial={"agreed_on": workdays.today()})
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda **given: PlanVersion.agree(case, by=request.user, **given))
        if status == 302:
            messages.success(request, "Der Hilfeplan ist als neue Fassung festgehalten.")
            return redirect("casework:plan_detail", case.pk)
    context = {"case": case, "form": form, "goals": plan_of(case)}
    return render(request, "casework/plan_agree.html", context, status=status)


@require_safe
def plan_version(request, pk, no):
    case = case_for(request, pk)
    version = get_object_or_404(case.plan_versions.select_related("recorded_by"), no=no)
    context = {"case": case, "version": version, "may_work": may_work(request.user, case)}
    return render(request, "casework/plan_version.html", context)


@require_safe
def plan_print(request, pk):
    """The plan as it stands, to sign; whether it has been agreed stands on it."""
    case = case_for(request, pk, *WORK)
    goals = plan_of(case)
    last = case.plan_versions.order_by("-no").first()
    standing = _standing(last) if last and last.says(goals) else "Entwurf, noch nicht vereinbart"
    return _printed(request, case, goals, standing, f"{case.number}-Hilfeplan")


@require_safe
def plan_version_print(request, pk, no):
    case = case_for(request, pk, *WORK)
    version = get_object_or_404(case.plan_versions, no=no)
    return _printed(request, case, version.goals, _standing(version), f"{case.number}-Hilfeplan-{version.no}")


def _standing(version) -> str:
    return f"Fassung {version.no}, vereinbart am {version.agreed_on:%d.%m.%Y}"


def _printed(request, case, goals, standing, name):
    paper = printing.Plan(
        county=county_of(request.user).name,
        person=printing.Person(name=str(case.client.identity), number=case.number),
        case_manager=str(case.owner),
        standing=standing,
        goals=goals,
    )
    content = printing.plan(paper)
    trail.record("case.print_plan", case, by=request.user)
    return pdf(content, name)


# Goals and measures


@require_http_methods(FORM)
def goal_new(request, pk):
    case = case_for(request, pk, *WORK)
    key = f"case:{case.pk}:goal"
    initial, saved_at = begun(request, key)
    form = GoalForm(request.POST or None, domains=_domains(), is_new=True, initial=initial)
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda **given: Goal.add(case, by=request.user, **given))
        if status == 302:
            return _done(request, key, "Das Ziel ist aufgenommen.", "casework:plan_detail", case.pk)
    form.draft_key = key
    context = {"case": case, "form": form, "saved_at": saved_at}
    return render(request, "casework/goal_new.html", context, status=status)


@require_http_methods(FORM)
def goal_edit(request, pk, goal):
    case = case_for(request, pk, *WORK)
    goal = get_object_or_404(case.goals.select_related("life_domain"), pk=goal)
    goal.case = case
    key = f"goal:{goal.pk}"
    domains = _domains(goal.life_domain)
    initial, saved_at = begun(request, key, _of_goal(goal))
    form = GoalForm(request.POST or None, domains=domains, is_new=False, initial=initial)
    edit = Filled(goal, lambda row: GoalForm(domains=domains, is_new=False, initial=_of_goal(row)), key)
    status = 200
    if request.method == "POST":

        def save(**given):
            edit.demand_same(form)
            goal.edit(by=request.user, **given)

        status = attempt(form, save)
        if status == 302:
            return _done(request, key, "Das Ziel ist geändert.", "casework:plan_detail", case.pk)
    else:
        edit.begin(form, initial)
    form.draft_key = key
    context = {"case": case, "form": form, "saved_at": saved_at}
    return render(request, "casework/goal_edit.html", context, status=status)


@require_http_methods(FORM)
def goal_measure_new(request, pk, goal):
    case = case_for(request, pk, *WORK)
    goal = get_object_or_404(case.goals, pk=goal)
    goal.case = case
    key = f"goal:{goal.pk}:measure"
    initial, saved_at = begun(request, key)
    form = GoalMeasureForm(request.POST or None, actors=_actors(), initial=initial)
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda **given: GoalMeasure.add(goal, by=request.user, **given))
        if status == 302:
            return _done(request, key, "Die Maßnahme ist aufgenommen.", "casework:plan_detail", case.pk)
    form.draft_key = key
    context = {"case": case, "goal": goal, "form": form, "saved_at": saved_at}
    return render(request, "casework/goal_measure_new.html", context, status=status)


@require_http_methods(FORM)
def goal_measure_edit(request, pk, measure):
    case = case_for(request, pk, *WORK)
    measure = get_object_or_404(GoalMeasure.objects.select_related("goal", "actor"), pk=measure, goal__case=case)
    measure.goal.case = case
    key = f"measure:{measure.pk}"
    actors = _actors(measure.actor)
    initial, saved_at = begun(request, key, _of_measure(measure))
    form = GoalMeasureForm(request.POST or None, actors=actors, initial=initial)
    edit = Filled(measure, lambda row: GoalMeasureForm(actors=actors, initial=_of_measure(row)), key)
    status = 200
    if request.method == "POST":

        def save(**given):
            edit.demand_same(form)
            measure.edit(by=request.user, **given)

        status = attempt(form, save)
        if status == 302:
            return _done(request, key, "Die Maßnahme ist geändert.", "casework:plan_detail", case.pk)
    else:
        edit.begin(form, initial)
    form.draft_key = key
    context = {"case": case, "goal": measure.goal, "form": form, "saved_at": saved_at}
    return render(request, "casework/goal_measure_edit.html", context, status=status)


def _of_goal(goal) -> dict:
    return {
        "life_domain": goal.life_domain_id,
        "text": goal.text,
        "until": goal.until,
        "standing": goal.standing,
    }


def _of_measure(measure) -> dict:
    found = {name: getattr(measure, name) for name in ("text", "who", "actor_name", "until", "status")}
    return found | {"actor": measure.actor_id}


def _done(request, key, words, where, *args):
    Draft.drop(request.user, key)
    messages.success(request, words)
    return redirect(where, *args)


def _domains(*kept):
    """The life domains of today, and those that are in use here already."""
    found = list(Code.objects.valid_on().filter(list=Code.List.LIFE_DOMAIN).order_by("position", "label"))
    there = {code.pk for code in found}
    return found + [code for code in kept if code.pk not in there]


def _actors(kept=None):
    found = list(Actor.objects.filter(gone_on__isnull=True).only("pk", "name").order_by("name", "pk"))
    return found + ([kept] if kept and kept.pk not in {actor.pk for actor in found} else [])
