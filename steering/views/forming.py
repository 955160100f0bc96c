"""What the pages with a form about bodies, meetings and rules have in common; the page itself is kim.views.acting's."""

from collections.abc import Callable

from django.core.exceptions import ValidationError

from kim.privacy_gate import GateDown, Held
from kim.workflow import StepRefused


def gated(act: Callable) -> Callable:
    """`act(form)` for kim.views.acting.form_page: what is refused, and what the privacy gate holds, is an error of the
    form, to be corrected or confirmed there (422).
    """

    def run(form):
        try:
            return act(form)
        except (StepRefused, GateDown) as refusal:
            raise ValidationError(str(refusal)) from refusal
        except Held as held:
            form.hold(held.findings)
            raise ValidationError([]) from held

    return run
