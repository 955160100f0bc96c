"""What every form about a person asks before it is taken: is somebody likely the same advised elsewhere?

The page then says so in words of its own (_likely_duplicate.html) with two buttons: `act=contact` puts the two case
managers in touch and keeps the form as it is, `act=anyway` goes on. Of the other case nothing is shown.
"""

from django.db import transaction

from casework import duplicates
from casework.models import Case

#: What the page says, and the status it answers with.
MAYBE, TOLD = ("maybe", 422), ("told", 200)


def asked_first(request, identity: dict, *, own: Case | None = None) -> tuple[str, int] | None:
    """MAYBE or TOLD where the form is to be shown again; None where it may be taken. `identity`: fields of Identity."""
    act = request.POST.get("act", "")
    if act == "anyway":
        return None
    who = [identity[name] for name in ("given_name", "family_name", "birth_date", "birth_precision")]
    others = duplicates.elsewhere(*who, user=request.user)
    if not others:
        return None
    if act != "contact":
        return MAYBE
    with transaction.atomic():
        duplicates.put_in_touch(others, by=request.user, own=own)
    return TOLD
