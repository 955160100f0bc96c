"""Milestones among what is due: whoever leads a body is reminded of what it set out to reach."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import F, Q

from kim.addresses import address
from kim.together import day
from steering.duties import Duty, source
from steering.models import Membership, Milestone


def _sets():
    waiting = Milestone.objects.filter(done_on__isnull=True, due_on__lte=day("until")).filter(
        Q(body__valid_until__isnull=True) | Q(body__valid_until__gt=day())
    )
    leads = Membership.of_leads(day()).filter(body__in=waiting.order_by().values("body"))
    return {
        "milestones": waiting.order_by("due_on", "pk").only("body", "due_on").annotate(body_name=F("body__name")),
        "milestone_leads": leads.order_by("pk").only("body", "user"),
    }


@source("milestone", sets=_sets)
def milestones_due(until: dt.date, read: dict) -> Iterator[Duty]:
    for row in read["milestones"]:
        yield Duty(
            key=f"milestone:{row.pk}",
            due_on=row.due_on,
            subject=row.body_name,
            words="Meilenstein erreichen",
            url=address("steering:body_detail", row.body_id),
            people=frozenset(lead.user_id for lead in read["milestone_leads"] if lead.body_id == row.body_id),
        )
