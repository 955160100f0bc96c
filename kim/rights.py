"""The acts on a request by right (Art. 12 to 22 DSGVO), the same for clients and for people with an account.

One table of steps; who may take them and what else happens with one (an export that must have been made, a case that
is restricted or erased) is asked of whoever calls: kim/account_requests.py and casework/rights.py.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction

from kim import trail, workdays
from kim.models.rights import OPEN, Asked, Kind, Outcome, Refusal, Standing, due_after
from kim.workflow import OutOfTurn, StepRefused

R, K = Refusal, Kind
A = TypeVar("A", bound=Asked)


@dataclass(frozen=True)
class Step:
    name: str
    sources: tuple[str, ...]
    target: str  # "": it stays where it is
    label: str
    hint: str


STEPS = (
    Step("identify", (Standing.RECEIVED,), Standing.IDENTIFIED, "Identität klären",
         "wer fragt, und woran Sie das erkannt haben"),
    Step("answer", (Standing.IDENTIFIED,), Standing.ANSWERED, "Beantworten",
         "das Verlangte ist getan, die Person hat Ihre Antwort"),
    Step("refuse", OPEN, Standing.REFUSED, "Ablehnen",
         "mit einem Grund des Gesetzes; die Person erfährt ihn und ihr Recht auf Beschwerde"),
    Step("extend", OPEN, "", "Frist verlängern", "um zwei Monate, wenn Sie es der Person schon mitgeteilt haben"),
    Step("take_back", OPEN, Standing.TAKEN_BACK, "Zurückgenommen", "die Person verfolgt das Anliegen nicht weiter"),
)  # fmt: skip
NAMES = tuple(step.name for step in STEPS)

#: Kind → the reasons the law knows for saying no to it; the first two for any.
ANY = (R.UNKNOWN, R.EXCESSIVE)
REFUSALS: dict[str, tuple[Refusal, ...]] = {
    K.ACCESS: (*ANY, R.OTHERS),
    K.RECTIFICATION: (*ANY, R.CORRECT),
    K.ERASURE: (*ANY, R.CLAIMS, R.DUTY),
    K.RESTRICTION: (*ANY, R.NO_GROUND),
    K.PORTABILITY: (*ANY, R.NOT_PORTABLE, R.OTHERS),
    K.OBJECTION: (*ANY, R.GROUNDS, R.CLAIMS),
    K.WITHDRAWAL: (R.UNKNOWN,),
}
#: Reasons that end on a day: until then the data is kept, and the person is told so.
WITH_A_DAY = (R.CLAIMS, R.DUTY)


def find(name: str) -> Step:
    return next(step for step in STEPS if step.name == name)


def offered(asked: Asked) -> list[Step]:
    """The steps that can be taken from where it is."""
    steps = [step for step in STEPS if asked.state in step.sources]
    return [step for step in steps if step.name != "extend" or _may_be_extended(asked)]


def _may_be_extended(asked: Asked) -> bool:
    """Once, and only before the first month is over (Art. 12 (3) sentence 3)."""
    return asked.extended_on is None and workdays.today() <= asked.due_on


@transaction.atomic
def receive(asked: A, *, by) -> A:
    """A new request, `asked` not yet saved. The month runs from the day of receipt, not from when it was recorded."""
    if asked.received_on > workdays.today():
        raise StepRefused("Ein Anliegen kann nicht in der Zukunft eingegangen sein.")
    asked.recorded_by, asked.due_on = by, due_after(asked.received_on)
    asked.save(force_insert=True)
    _record("receive", asked, by)
    return asked


#: What else a step does, within its transaction: `f(asked, given)`; it may raise StepRefused.
Along = Callable[[Any, dict[str, Any]], None]


@transaction.atomic
def take(asked: Asked, name: str, *, by, along: Along | None = None, **given: Any) -> None:
    """Take a step on the locked row. Raises OutOfTurn, StepRefused; nothing is changed then."""
    step = find(name)
    asked.refresh_from_db(from_queryset=type(asked)._base_manager.select_for_update(of=("self",)))
    if asked.state not in step.sources:
        raise OutOfTurn(f"Dieses Anliegen ist inzwischen „{asked.get_state_display()}“.")
    _CHECKS[name](asked, given)
    if along:
        along(asked, given)
    for field, value in given.items():
        setattr(asked, field, value)
    if step.target:
        asked.state = step.target
    if asked.state not in OPEN:
        asked.answered_on = workdays.today()
    asked.save()
    _record(name, asked, by)


def _record(name: str, asked: Asked, by) -> None:
    trail.record(f"{asked._meta.model_name}.{name}", asked, by=by, note=asked.short)


def _identify(asked: Asked, given: dict) -> None:
    _not_ahead(given["identified_on"], "Die Identität")
    if given["identified_on"] < asked.received_on:
        raise StepRefused(f"Das Anliegen ist erst am {asked.received_on:%d.%m.%Y} eingegangen.")


def _extend(asked: Asked, given: dict) -> None:
    if not _may_be_extended(asked):
        raise StepRefused("Die Frist lässt sich nur einmal und nur vor ihrem Ende verlängern (Art. 12 Abs. 3 DSGVO).")
    _not_ahead(given["extension_told_on"], "Die Verlängerung")
    if not asked.received_on <= given["extension_told_on"]:
        raise StepRefused("Bitte nennen Sie den Tag, an dem Sie der Person die Verlängerung mitgeteilt haben.")
    given |= {"extended_on": workdays.today(), "due_on": due_after(asked.received_on, extended=True)}


def _answer(asked: Asked, given: dict) -> None:
    if asked.kind == Kind.RECTIFICATION and given.get("outcome") != Outcome.NOTHING and not given.get("corrected"):
        raise StepRefused("Bitte nennen Sie die Angaben, die Sie berichtigt haben.")


def _refuse(asked: Asked, given: dict) -> None:
    reason = given["refusal"]
    if reason not in REFUSALS[asked.kind]:
        raise StepRefused("Dieser Grund passt nicht zu diesem Anliegen. Bitte wählen Sie einen anderen.")
    if asked.kind == Kind.ERASURE and reason in WITH_A_DAY and not given.get("kept_until"):
        raise StepRefused("Bitte nennen Sie den Tag, bis zu dem die Daten noch aufbewahrt werden.")
    if given.get("kept_until") and reason not in WITH_A_DAY:
        given["kept_until"] = None
    if given.get("kept_until") and given["kept_until"] <= workdays.today():
        raise StepRefused("Der Tag, bis zu dem aufbewahrt wird, liegt nicht in der Zukunft.")


def _take_back(asked: Asked, given: dict) -> None:
    """Nothing to ask: it is their right."""


_CHECKS = {
    "identify": _identify, "extend": _extend, "answer": _answer, "refuse": _refuse, "take_back": _take_back,
}  # fmt: skip


def _not_ahead(day: dt.date, what: str) -> None:
    if day > workdays.today():
        raise StepRefused(f"{what} kann nicht in der Zukunft liegen. Bitte prüfen Sie den Tag.")
