"""Pages with a form: shown with the draft of what was typed, and the act behind it.

Answers 302 when it went, 422 with what to correct, 409 when it cannot be done as things stand; a rule's refusal passes
through to the 403 page. What did not go through has changed nothing, and what was typed is still there.
"""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import redirect, render

from kim.editing import Filled
from kim.models import Draft
from kim.workflow import OutOfTurn, StepRefused

DONE = 302


def take(form, act: Callable) -> int:
    """Run `act()` in one transaction. DONE when it went; else the status to answer with, the reason in the form.

    OutOfTurn and PermissionDenied pass through: what was typed is kept on a page of their own.
    """
    try:
        with transaction.atomic():
            act()
    except OutOfTurn:
        raise
    except StepRefused as refusal:
        form.add_error(None, str(refusal))
        return 409
    except ValidationError as error:
        form.add_error(None, error)
        return 422
    return DONE


def attempt(form, act: Callable) -> int:
    """The same with what the form holds, `act(**cleaned)`; 422 where it holds an error."""
    return take(form, lambda: act(**form.cleaned_data)) if form.is_valid() else 422


def form_page(
    request, template: str, make: Callable, act: Callable, *, key: str, context=None, initial=None, there=None
):
    """`make(data, initial=…)` builds the form; `act(form)` does it and answers where to go and what to say.

    One that changes a row gives `there`: (the row, what it fills the form with); see kim.editing.
    """
    fill = (lambda row: make(None, initial=there[1](row))) if there else None
    edit = Filled(there[0], fill, key) if there and fill else None
    if request.method == "POST":
        form, draft = make(request.POST, initial=None), None
        done: list = []

        def run():
            if edit:
                edit.demand_same(form)
            done.extend(act(form))

        status = take(form, run) if form.is_valid() else 422
        if status == DONE:
            target, words = done
            Draft.drop(request.user, key)
            messages.success(request, words)
            return redirect(target)
    else:
        draft = Draft.of(request.user, key)
        typed = {name: value for name, value in draft.data.items() if value} if draft else {}
        initial = there[1](there[0]) if there else initial or {}
        form, status = make(None, initial={**initial, **typed}), 200
        if edit:
            edit.begin(form, typed)
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
