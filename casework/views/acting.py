"""Pages with a form: shown with the draft of what was typed, and the act behind it.

Answers 302 when it went, 422 with what to correct, 409 when it cannot be done as things stand; a rule's refusal passes
through to the 403 page. What did not go through has changed nothing, and what was typed is still there.
"""

from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render

from kim.models import Draft
from kim.workflow import StepRefused


def form_page(request, template: str, make: Callable, act: Callable, *, key: str, context=None, initial=None):
    """`make(data, initial=…)` builds the form; `act(form)` does it and answers where to go and what to say."""
    if request.method == "POST":
        form, status = make(request.POST, initial=None), 422
        if form.is_valid():
            try:
                with transaction.atomic():
                    target, words = act(form)
            except StepRefused as refusal:
                form.add_error(None, str(refusal))
                status = 409
            else:
                Draft.drop(request.user, key)
                messages.success(request, words)
                return redirect(target)
        draft = None
    else:
        draft = Draft.of(request.user, key)
        typed = {name: value for name, value in draft.data.items() if value} if draft else {}
        form, status = make(None, initial={**(initial or {}), **typed}), 200
    form.draft_key = key
    found = {"form": form, "saved_at": draft.saved_at if draft else None, **(context or {})}
    return render(request, template, found, status=status)


def act_and_return(request, act: Callable, target, words: str):
    """A button that acts at once: back to `target`, with what was done or why it was not."""
    try:
        with transaction.atomic():
            act()
    except StepRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, words)
    return redirect(target)
