"""What casework puts into calendars: that there is a case conference on a day. Nothing of a case or a person."""

import datetime as dt
from collections.abc import Iterator

from casework.models import Conference
from kim.calendars import Entry, source, uid_of
from kim.models import Role


@source("conferences")
def conferences(user, first: dt.date, last: dt.date) -> Iterator[Entry]:
    """Of the user's own cases. No address either: which case it is, they know, and nobody else needs to."""
    if not user.holds(Role.CASE_MANAGER):
        return
    own = Conference.objects.visible_to(user).filter(case__owner=user, held_on__range=(first, last))
    for pk, held_on in own.order_by("held_on", "pk").values_list("pk", "held_on"):
        yield Entry(uid_of(f"conference-{pk}"), held_on, "Fallkonferenz", is_free=True)
