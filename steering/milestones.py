"""Milestones among what is due: whoever leads a body is reminded of what it set out to reach."""

import datetime as dt
from collections.abc import Iterator

from kim import workdays
from steering.duties import Duty, source
from steering.models import Membership, Milestone


@source("milestone")
def milestones_due(until: dt.date) -> Iterator[Duty]:
    today = workdays.today()
    waiting = Milestone.objects.filter(done_on__isnull=True, due_on__lte=until).exclude(body__valid_until__lte=today)
    rows = list(waiting.select_related("body").order_by("due_on", "pk"))
    leads: dict[int, set[int]] = {}
    for body, user in (
        Membership.of_leads(today).filter(body__in={row.body_id for row in rows}).values_list("body", "user")
    ):
        leads.setdefault(body, set()).add(user)
    for row in rows:
        yield Duty(
            key=f"milestone:{row.pk}",
            due_on=row.due_on,
            subject=str(row.body),
            words="Meilenstein",
            url=row.body.get_absolute_url(),
            people=frozenset(leads.get(row.body_id, ())),
        )
