"""How a form of casework is answered: an act that was refused says why in its form, and nothing is half-written."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import transaction

from kim.workflow import OutOfTurn, StepRefused

DONE = 0


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
