"""Pages with a form whose texts pass the privacy gate: shown, taken, and shown again with what stands in the way."""

from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render

from kim.editing import Filled
from kim.models import Draft
from kim.privacy_gate import GateDown, Held
from kim.workflow import StepRefused


def form_page(request, template: str, form, act: Callable, *, key: str, context=None, edit: Filled | None = None):
    """The page, or what came of sending it: 302 when it went, 422 with the reason in the form.

    `act(confirmed=…, **cleaned)` runs in one transaction and answers (where to go, what to say). A rule's refusal
    passes through to the 403 page, a second window that saved first to the 409 page. `key` is that of the draft.
    """
    status, draft = 200, None
    if request.method == "POST":
        done = take(form, act, edit) if form.is_valid() else None
        if done:
            target, words = done
            Draft.drop(request.user, key)
            messages.success(request, words)
            return redirect(target)
        status = 422
    else:
        draft = Draft.of(request.user, key)
        typed = {name: value for name, value in draft.data.items() if value} if draft else {}
        form.initial = {**form.initial, **typed}
        if edit:
            edit.begin(form, typed)
    form.draft_key = key
    found = {"form": form, "saved_at": draft.saved_at if draft else None, **(context or {})}
    return render(request, template, found, status=status)


def take(form, act: Callable, edit: Filled | None = None):
    """What `act` answers; None where it was refused, the reason in the form."""
    try:
        with transaction.atomic():
            if edit:
                edit.demand_same(form)
            return act(confirmed=form.confirmed, **form.cleaned_data)
    except (StepRefused, GateDown) as refusal:
        form.add_error(None, str(refusal))
    except Held as held:
        form.hold(held.findings)
    return None
