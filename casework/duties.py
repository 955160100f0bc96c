"""What case managers owe to people who ask by right: an answer within a month. Late ones the coordination learns of.

No name and no case: the number of the request and the article, which may stand in a mail.
"""

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse

from casework.models import Case, ClientRequest
from kim.addresses import address
from kim.models import Role
from kim.models.people import with_role
from kim.together import day
from kim.workdays import ONE_DAY, today
from steering.duties import Duty, source


def _sets():
    asked = ClientRequest.objects.open().filter(due_on__lte=day("until")).order_by("pk")
    cases = Case.objects.filter(client__in=asked.order_by().values("client")).order_by("pk")
    return {
        "casework_requests": asked.only("kind", "due_on", "client", "employer"),
        "casework_request_cases": cases.only("client", "employer", "owner"),
        "casework_request_watchers": with_role(Role.COORDINATION, day()).order_by("pk").only("pk"),
    }


@source("casework.requests", sets=_sets)
def requests(until: dt.date, read: dict) -> Iterator[Duty]:
    owners: dict[tuple[int, int], set[int]] = {}
    for case in read["casework_request_cases"]:
        owners.setdefault((case.client_id, case.employer_id), set()).add(case.owner_id)
    watchers = frozenset(one.pk for one in read["casework_request_watchers"])
    for asked in read["casework_requests"]:
        yield Duty(
            key=f"clientrequest:{asked.pk}",
            due_on=asked.due_on,
            subject=str(asked),
            words=f"{asked.short} beantworten",
            url=address("casework:request_detail", asked.pk),
            people=frozenset(owners.get((asked.client_id, asked.employer_id), ())),
        )
        if asked.due_on < today():
            # From the day after on it is the coordination's business, too: that it is late, not whose it is.
            yield Duty(
                key=f"clientrequest_late:{asked.pk}",
                due_on=asked.due_on + ONE_DAY,
                subject=str(asked),
                words="Frist überschritten, bitte nachfragen",
                url=reverse("casework:request_list"),
                people=watchers,
            )
