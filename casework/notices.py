"""Who is told of what in casework. A headline may stand in a mail, so it names no case; nothing here names a client."""

from collections.abc import Callable

from django.urls import reverse

from casework.models import HandOver, Look
from kim.models import User
from kim.notices import Telling, once_each, tell

#: (who did it, act) → (whom to tell, headline, text); {case}, {reason}, {who} and {count} are filled in.
TOLD: dict[tuple[type, str], tuple[Callable[..., tuple[User, ...]], str, str]] = {
    (Look, "look"): (
        lambda look: (look.case.owner,),
        "Die Koordinierung hat Einblick in einen Ihrer Fälle genommen.",
        "{case}, für eine Stunde. Anlass: {reason}",
    ),
    (HandOver, "offer"): (
        lambda handover: (handover.taker,),
        "Ihnen wurden Fälle zur Übernahme angeboten.",
        "{count} von {who}. Bis zu Ihrer Antwort bleiben sie, wo sie sind.",
    ),
    (HandOver, "accept"): (
        lambda handover: tuple(dict.fromkeys([handover.giver, handover.offered_by])),
        "Ihre Fallübergabe wurde angenommen.",
        "{count}, jetzt bei {who}.",
    ),
    (HandOver, "refuse"): (
        lambda handover: tuple(dict.fromkeys([handover.giver, handover.offered_by])),
        "Ihre Fallübergabe wurde abgelehnt. Die Fälle bleiben, wo sie sind.",
        "{count}. Grund: {reason}",
    ),
    (HandOver, "withdraw"): (
        lambda handover: (handover.taker,),
        "Ein Angebot zur Fallübernahme wurde zurückgenommen.",
        "{count} von {who}. Sie brauchen nichts zu tun.",
    ),
}


def tell_of(sender, *, obj, act, record, given, **kwargs) -> None:
    """Receiver of `happened`: told in the transaction of the act, or not at all."""
    if (sender, act) not in TOLD:
        return
    whom, headline, text = TOLD[sender, act]
    words = text.format(**(_of_look(obj) if sender is Look else _of_handover(obj, act)))
    people = whom(obj)
    telling = Telling(audience="case_manager", who=str(people[0]), people=people, headline=headline, text=words)
    url = obj.get_absolute_url() if sender is HandOver else reverse("kim:today")
    tell(once_each([telling]), key=f"{obj._meta.model_name}:{obj.pk}:{act}", url=url)


def _of_look(look: Look) -> dict[str, str]:
    return {"case": look.case.number, "reason": look.reason}


def _of_handover(handover: HandOver, act: str) -> dict[str, str]:
    number = handover.cases.count()
    other = handover.giver if act in ("offer", "withdraw") else handover.taker
    return {"count": "1 Fall" if number == 1 else f"{number} Fälle", "who": str(other), "reason": handover.refusal}
