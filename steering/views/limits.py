"""Time limits of the chain: what holds, what held, what will hold, and how the administration changes it."""

import datetime as dt

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from kim import workdays
from kim.rules import demand
from kim.workflow import StepRefused
from steering.access import keeps_limits
from steering.escalation import HOLDER, State
from steering.forms.bodies import LimitForm
from steering.models import TimeLimit

#: The states with a clock, in the order of the way.
CLOCKED = tuple(state for state in HOLDER if state != State.DRAFT)


@require_safe
def limit_list(request):
    demand(keeps_limits, request.user)
    rows = list(TimeLimit.objects.select_related("set_by").order_by("-valid_from"))
    table = [_line(state, [row for row in rows if row.state == state]) for state in CLOCKED]
    return render(request, "steering/limit_list.html", {"table": table})


def limit_change(request, state):
    """Another limit from a day on. What is already due does not move."""
    demand(keeps_limits, request.user)
    if state not in CLOCKED:
        raise Http404
    line = _line(
        State(state), list(TimeLimit.objects.filter(state=state).select_related("set_by").order_by("-valid_from"))
    )
    now, tomorrow = line["now"], workdays.today() + dt.timedelta(days=1)
    initial = {"amount": now.amount, "unit": now.unit} if now else {"unit": "workdays"}
    form = LimitForm(request.POST or None, initial=initial | {"valid_from": tomorrow})
    if request.method == "POST" and form.is_valid():
        try:
            row = TimeLimit.change(by=request.user, state=state, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{row.get_state_display()}: {row.limit} ab {row.valid_from:%d.%m.%Y}.")
            return redirect("steering:limit_list")
    status = 422 if request.method == "POST" else 200
    return render(request, "steering/limit_change.html", {**line, "form": form}, status=status)


def _line(state, rows):
    today = workdays.today()
    return {
        "state": state,
        "holder": HOLDER[state].label,
        "now": next((row for row in rows if row.holds_on(today)), None),
        "future": [row for row in reversed(rows) if row.valid_from > today],
        "past": [row for row in rows if row.valid_until and row.valid_until <= today],
    }
