"""Requests by right of people with an account, on the one clock for duties: the administration and the audit answer."""

import datetime as dt
from collections.abc import Iterator

from kim.addresses import address
from kim.models import AccountRequest, Role
from kim.models.people import with_role
from kim.together import day
from steering.duties import Duty, source


def _sets():
    asked = AccountRequest.objects.open().filter(due_on__lte=day("until")).order_by("pk")
    return {
        "account_requests": asked.only("kind", "due_on"),
        "account_request_admins": with_role(Role.ADMIN, day()).order_by("pk").only("pk"),
        "account_request_audit": with_role(Role.AUDIT, day()).order_by("pk").only("pk"),
    }


@source("kim.requests", sets=_sets)
def account_requests(until: dt.date, read: dict) -> Iterator[Duty]:
    people = frozenset(one.pk for name in ("account_request_admins", "account_request_audit") for one in read[name])
    for asked in read["account_requests"]:
        yield Duty(
            key=f"accountrequest:{asked.pk}",
            due_on=asked.due_on,
            subject=f"Anliegen {asked.pk} zu einem Konto",
            words=f"{asked.short} beantworten",
            url=address("kim:account_request_detail", asked.pk),
            people=people,
        )
