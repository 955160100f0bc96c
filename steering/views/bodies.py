"""Bodies: the list, the page of each, and how one is founded, given another mandate, and ended."""

from functools import partial

from django.db.models import F, QuerySet
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from kim import workdays
from kim.htmx import page as template_for
from kim.models import Municipality, User
from kim.rules import allows, demand
from kim.together import Slot, day, moment, through, together
from kim.views.acting import form_page
from kim.views.filters import searched
from steering import access, export
from steering.contacts import contacts_of
from steering.escalation import State
from steering.filters import BodyFilter
from steering.forms.bodies import BodyEditForm, BodyEndForm, BodyForm
from steering.models import AgendaItem, Body, Issue, Measure, Meeting, Milestone, Resolution, RulesOfProcedure
from steering.seating import Seating
from steering.views.files import send
from steering.views.forming import gated

#: So many meetings of a body are shown to either side of today; the list of meetings has them all.
MEETINGS = 6
#: So many of each kind of work of a group are shown.
WORK = 12
#: So many resolutions can be chosen from, the latest.
RESOLUTIONS = 60


@require_safe
def body_list(request):
    demand(access.looks_at_bodies, request.user)
    found, today = _bodies(request), workdays.today()
    context = {
        "filter": found,
        "bodies": [body for body in found.found if body.valid_until is None or body.valid_until > today],
        "former": [body for body in found.found if body.valid_until and body.valid_until <= today],
        "may_found": allows(access.keeps_bodies, request.user),
        "search": searched(request.GET),
        "sees_all": access.sees_every_body(request.user),
    }
    return render(request, template_for(request, "steering/body_list.html", "results"), context)


@require_safe
def body_export(request, kind):
    demand(access.looks_at_bodies, request.user)
    found = _bodies(request)
    return send(request, kind, export.Sheet("Gremien", "body.export", export.BODIES, found.found, found.narrowed_by))


def _bodies(request):
    bodies = Body.objects.visible_to(request.user).with_figures().prefetch_related("municipalities")
    return BodyFilter(request.GET, bodies=bodies)


@require_safe
def body_detail(request, pk):
    user, today = request.user, workdays.today()
    bodies = Body.objects.visible_to(user).select_related("mandated_by__body")
    body = get_object_or_404(bodies, pk=pk)
    seats = list(body.memberships.select_related("user", "organisation"))
    meets, works = access.sees_meetings_of(user, body.pk), access.sees_content(user)
    sight = access.Sight.of(user)
    ask = _around(meets, works, body.is_project_group, sight.shape)
    read = ask(**sight.values, body=body.pk, today=today, now=workdays.now())
    context = {
        "body": body,
        "municipalities": read["places"],
        "contacts": _contacts(read["places"]) if body.kind == Body.Kind.LOCAL else [],
        "seating": Seating.of(body, today, seats),
        "coming_seats": [seat for seat in seats if seat.valid_from > today],
        "former_seats": [seat for seat in seats if seat.valid_until and seat.valid_until <= today],
        "coming": read.get("coming", []),
        "past": read.get("past", []),
        "sees_meetings": meets,
        "may_manage": allows(access.keeps_bodies, user) and not body.has_ended,
        "may_plan": allows(access.runs_meetings, user, body) and not body.has_ended,
        "works": works,
        "head_free": not (body.mandated_by or body.result),
        "mandate_open": bool(body.mandated_by) and access.sees_meetings_of(user, body.mandated_by.body_id),
        **(_rules(user, body, read) if meets else {"rules": None}),
        **(_work(user, body, read) if works else {"milestones": [], "may_plan_ahead": False}),
    }
    at_work = body.is_project_group or bool(context.get("issues"))
    context["seats_first"] = context["head_free"] and not (works and at_work)
    return render(request, "steering/body_detail.html", context)


def _contacts(places) -> list[User]:
    """Who of the office answers for the municipalities of a local group, each once."""
    people = {person for some in contacts_of(places).values() for person in some}
    return sorted(people, key=str)


@together
def _around(meets, works, group, sight):
    """What hangs on one body: meetings and rules for those who see them, work for those who work with issues."""
    body = Slot("body")
    sets: dict[str, QuerySet] = {
        "places": Municipality.objects.filter(pk__in=through(Body, "municipalities", body)).order_by("name")
    }
    if meets:
        meetings = Meeting.objects.filter(body=body)
        sets["coming"] = meetings.filter(starts_at__gt=moment()).order_by("starts_at", "pk")[:MEETINGS]
        sets["past"] = meetings.filter(starts_at__lte=moment()).order_by("-starts_at", "-pk")[:MEETINGS]
        sets["held"] = RulesOfProcedure.objects.held_on(day(), body).order_by("pk")
        sets["drafted"] = RulesOfProcedure.objects.filter(body=body, valid_from__isnull=True).order_by("pk")
    if works:
        sets["milestones"] = Milestone.objects.filter(body=body).order_by("due_on", "pk")
    if works and group:
        seen = Issue.objects.filter(access.Sight.in_slots(*sight).issues(), body=body)
        told = {"number": F("issue__number")}
        planned = Measure.objects.filter(issue__in=seen.filter(state="project").values("pk"))
        open_first = F("done_on").asc(nulls_first=True)
        sets["measures"] = planned.order_by(open_first, "due_on", "pk").annotate(**told)[:WORK]
        proposed = AgendaItem.objects.filter(kind=AgendaItem.Kind.PROPOSAL, issue__in=seen.values("pk"))
        told |= {"issue_title": F("issue__title"), "proposal": F("issue__proposal"), "state": F("issue__state")}
        sets["proposals"] = proposed.order_by("-pk").annotate(**told, starts_at=F("meeting__starts_at"))[:WORK]
        answered = seen.exclude(result="").order_by("-answered_at", "-pk")
        sets["results"] = answered.only("number", "title", "result")[:WORK]
    return sets


def _rules(user, body, read) -> dict:
    """Which rules hold, and the draft that is to follow them."""
    held = RulesOfProcedure.among(read["held"], body)
    drafted = next(iter(read["drafted"]), None)
    return {
        "rules": held,
        "sees_rules": bool(held.pk) and access.sees_meetings_of(user, held.body_id),
        "drafted": drafted,
        "rules_new": drafted is None and allows(access.keeps_rules, user) and not body.has_ended,
    }


def _work(user, body, read) -> dict:
    """What the body works on, and what it set out to reach."""
    issues = Issue.objects.visible_to(user).filter(body=body).open().for_list()
    for item in read.get("proposals", []):
        item.state_label = State(item.state).label
    return {
        "issues": list(issues.order_by("due_rank", "pk")[:WORK]),
        "milestones": read["milestones"],
        "may_plan_ahead": allows(access.keeps_milestones, user, body) and not body.has_ended,
        **{name: read.get(name, []) for name in ("measures", "proposals", "results")},
    }


@require_http_methods(["GET", "HEAD", "POST"])
def body_new(request):
    demand(access.keeps_bodies, request.user)

    def act(form):
        body = Body.found(by=request.user, confirmed=form.confirmed, **form.cleaned_data)
        return body, f"{body} ist eingerichtet. Jetzt fehlen noch die Mitglieder."

    make = partial(BodyForm, municipalities=list(Municipality.objects.all()), resolutions=_mandates())
    return form_page(request, "steering/body_new.html", make, gated(act), key="body:new")


@require_http_methods(["GET", "HEAD", "POST"])
def body_edit(request, pk):
    body = kept_body(request, pk)

    def act(form):
        body.edit(by=request.user, confirmed=form.confirmed, **form.cleaned_data)
        return body, f"Gespeichert: {body}."

    places = [] if body.kind == Body.Kind.STEERING else list(Municipality.objects.all())
    local = body.kind == Body.Kind.LOCAL
    make = partial(BodyEditForm, municipalities=places, resolutions=_mandates(body.mandated_by_id), local=local)
    there = (body, partial(_written, places=bool(places)))
    context = {"body": body}
    return form_page(
        request, "steering/body_edit.html", make, gated(act), key=f"body:{pk}", there=there, context=context
    )


def _written(body, places) -> dict:
    given = {"name": body.name, "mandate": body.mandate, "mandated_by": body.mandated_by_id}
    return given | ({"municipalities": list(body.municipalities.all())} if places else {})


def _mandates(chosen=None) -> list[Resolution]:
    """The latest resolutions of bodies, and the one that is chosen."""
    made = Resolution.objects.filter(body__isnull=False).select_related("body").order_by("-decided_on", "-pk")
    found = list(made.exclude(verdict__in=["reject", "decline", "defer"])[:RESOLUTIONS])
    if chosen and chosen not in {one.pk for one in found}:
        found += made.filter(pk=chosen)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def body_end(request, pk):
    """The work is done. The page says first what stands in the way."""
    body = kept_body(request, pk)

    def act(form):
        body.end(by=request.user, confirmed=form.confirmed, **form.cleaned_data)
        return body, f"{body} ist mit dem {body.last_day:%d.%m.%Y} beendet."

    initial = {"last_day": workdays.today(), "result": body.result}
    context = {
        "body": body,
        "in_work": body.issues.filter(state="project").count(),
        "to_come": list(body.meetings.upcoming()[:MEETINGS]),
    }
    return form_page(
        request,
        "steering/body_end.html",
        BodyEndForm,
        gated(act),
        key=f"body:{pk}:end",
        initial=initial,
        context=context,
    )


def kept_body(request, pk) -> Body:
    """The body, for those who keep bodies."""
    body = get_object_or_404(Body.objects.visible_to(request.user), pk=pk)
    demand(access.keeps_bodies, request.user)
    return body
