"""Milestones of a body: set, and reached."""

from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from kim.rules import demand
from kim.views.acting import act_and_return, form_page
from steering import access
from steering.forms.bodies import MilestoneForm
from steering.models import Body, Milestone
from steering.views.forming import gated


@require_http_methods(["GET", "HEAD", "POST"])
def milestone_new(request, pk):
    body = _body(request, pk)

    def act(form):
        made = Milestone.add(body, by=request.user, confirmed=form.confirmed, **form.cleaned_data)
        return body, f"Meilenstein bis {made.due_on:%d.%m.%Y} ist gesetzt."

    return form_page(
        request, "steering/milestone_new.html", MilestoneForm, gated(act), key=f"body:{pk}:milestone",
        context={"body": body},
    )  # fmt: skip


@require_POST
def milestone_done(request, pk, milestone):
    body = _body(request, pk)
    row = get_object_or_404(Milestone.objects.select_related("body"), pk=milestone, body=body)
    return act_and_return(request, lambda: row.reach(by=request.user), body, "Der Meilenstein ist erreicht.")


def _body(request, pk) -> Body:
    body = get_object_or_404(Body.objects.visible_to(request.user), pk=pk)
    demand(access.keeps_milestones, request.user, body)
    return body
