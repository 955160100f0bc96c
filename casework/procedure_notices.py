"""Who is told of a procedure: the authority that received it, and case management of what comes back. Without names,
and without anything of the case: what a notice says may stand in a mail.
"""

from django.urls import reverse

from casework.models import Case, CaseProcedure, Procedure, ProcedureNote
from kim.models import Role
from kim.models.people import with_role
from kim.notices import Telling, once_each, tell

#: What came back → the headline case management reads.
BACK = {
    "tell": "Modul 3 hat zu einem übergebenen Vorgang eine Rückmeldung gegeben.",
    "in_work": "Modul 3 hat einen übergebenen Vorgang in Arbeit genommen.",
    "decided": "Modul 3 hat über einen übergebenen Vorgang entschieden.",
}


def tell_of(sender, *, obj, act, record, given, **kwargs) -> None:
    """Receiver of `happened`: told in the transaction of the act, or not at all."""
    url = reverse("casework:procedure_detail", args=[obj.pk])
    kind = obj.checklist.get_kind_display()
    if act == "hand_over":
        people = tuple(with_role(Role.AUTHORITY).filter(organisation=obj.authority))
        headline = "Das Case Management hat Ihrer Behörde einen Vorgang übergeben."
        telling = Telling("authority", str(obj.authority), people, headline, f"{kind}: Vorgang {obj.pk}.")
        tell(once_each([telling]), key=f"procedure:{obj.pk}:hand_over", url=url)
    elif act in BACK and (case := _case_of(obj)):
        telling = Telling("case_manager", str(case.owner), (case.owner,), BACK[act], f"{kind}: Vorgang {obj.pk}.")
        number = record.pk if isinstance(record, ProcedureNote) else f"{obj.status_on:%Y%m%d}"
        tell(once_each([telling]), key=f"procedure:{obj.pk}:{act}:{number}", url=url)


def _case_of(procedure: Procedure) -> Case | None:
    link = CaseProcedure.objects.filter(procedure=procedure).select_related("case__owner").first()
    return link.case if link else None
