"""Reading is an act: whoever opens a client or a case, or reads names in a list, leaves a row in the trail."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from casework import access
from casework.models import Case, Client, Consultation, Look, Procedure
from kim import trail, workdays
from kim.models import Role, TrailEntry

#: Turning back to the same page within this time is one reading.
ONE_READING = trail.ONE_READING


def opened(subject, *, by, reason: str = "", lately: bool | None = None) -> None:
    """Write down that `by` opened `subject` (a case, client, consultation or procedure), once in a quarter of an hour.

    Call it in every view that shows a person. A reading under a look carries the reason of the look by itself.
    `lately` says whether it was opened just now, where that is known already.
    """
    values = lately_values(subject)
    act = values["act"]
    if readings(by, **values).exists() if lately is None else lately:
        return
    owner = None
    if isinstance(subject, Case):
        owner = next((hat for hat in access.hats_on(by, subject) if hat.pk == subject.owner_id), None)
    if owner is None and not reason and by.holds(Role.COORDINATION):
        reason = _look_at(subject, by)
    trail.record(act, subject, by=by, on_behalf_of=None if owner in (None, by) else owner, note=reason[:200])


def listed(model, pks: Iterable[int], *, by) -> None:
    """Write down that `by` read the names of these cases, clients or procedures in a list: one row for the page, once
    in a quarter of an hour for the same names. Call it in every view whose rows name somebody.
    """
    shown = list(pks)
    if not shown:
        return
    act, kind = f"{model._meta.model_name}.listed", model._meta.label_lower
    since = workdays.now() - ONE_READING
    if not readings(by, kind=kind, object_id=trail.mark_of(shown), act=act, since=since).exists():
        trail.record_list(act, model, shown, by=by)


def _look_at(subject, by) -> str:
    """The reason of the look under which `by` sees `subject`; "" for what they work on themselves."""
    cases = Case.objects.order_by().filter(_shown_by(subject))
    if cases.kept_by(by).exists():
        return ""
    look = Look.objects.filter(case__in=cases.values("pk"), by=by, until__gt=workdays.now()).first()
    return look.reason if look else ""


def _shown_by(subject) -> Q:
    """The cases with which a case, client, consultation or procedure is seen."""
    match subject:
        case Client():
            alone = subject.household_id and not subject.cases.exists()
            return Q(client__household=subject.household_id) if alone else Q(client=subject)
        case Consultation():
            return Q(pk=subject.case_id)
        case Procedure():
            return Q(procedure_links__procedure=subject)
    return Q(pk=subject.pk)


def readings(by, kind, object_id, act, since):
    """Those of one thing since a moment; values or slots, as `lately_values` gives them."""
    return TrailEntry.objects.filter(kind=kind, object_id=object_id, by=by, act=act, at__gt=since)


def lately_values(subject) -> dict[str, Any]:
    return {
        "kind": subject._meta.label_lower, "object_id": str(subject.pk), "act": f"{subject._meta.model_name}.read",
        "since": workdays.now() - ONE_READING,
    }  # fmt: skip
