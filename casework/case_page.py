"""The page of a case is made of sections (kim.sections), one module of `casework/views` for each subject.

Sections are `f(user, case, read)`; slots of their sets: `case`, `client`, `household`, `user`, `today`, `now`. All of
them are read in one query, so that the page asks the same number of times however much it shows. A section answers
for its own access rule: a look of the coordination shows the page, but lets nobody act.
"""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from casework import access, reading
from casework.models import Assessment, Case, CaseStep, Client, Consent, Goal, Household, Identity
from kim import sections, workdays
from kim.models import Municipality, Organisation, User
from kim.sections import ASIDE, MAIN
from kim.together import Slot, moment, text, together
from steering import contacts

__all__ = ["ASIDE", "MAIN", "case_seen", "section", "sections_of"]

_PAGE = sections.Page()
section = _PAGE.section


def sections_of(case: Case, user) -> dict[str, list[sections.Shown]]:
    """What the page of `case` shows `user`, by column; `case` is read with its client."""
    return _PAGE.shown(
        user,
        case,
        case=case.pk,
        client=case.client_id,
        household=case.client.household_id,
        user=user.pk,
        today=workdays.today(),
        now=workdays.now(),
    )


def case_seen(user, pk) -> Case | None:
    """The case where `user` sees it, with its person, place, owner and employer; one query, and put on record.

    Hung to it: `came_from`, the state before its last step; `look`, the one under which it is seen; `contacts`, who of
    the office answers for its place; and `known`, what the gates of its steps ask (Case.at_gates), as of now. Whatever
    else it points at comes with the sections (views/clients.py).
    """
    load, subject = access.Caseload.of(user), Case(pk=pk)
    read: dict[str, Any] = _case(*load.shape)(
        case=pk, today=workdays.today(), **load.values, **reading.lately_values(subject)
    )
    if not read["cases"]:
        return None
    case = read["cases"][0]
    case.client, client = read["clients"][0], read["clients"][0]
    client.identity = next(iter(read["identities"]), None)
    client.household = next(iter(read["households"]), None)
    case.municipality, case.owner, case.employer = read["places"][0], read["owners"][0], read["employers"][0]
    case.contacts = contacts.among(read, case.municipality)
    case.look = next(iter(read["looks"]), None)
    case.known = {
        "for_advice": read["consents"],
        "starts": [row.start for row in read["starts"]],
        "achievements": [row.achievement for row in read["achievements"]],
    }
    reading.opened(case, by=user, lately=bool(read["lately"]))
    return case


@together
def _case(*caseload):
    load, case = access.Caseload.in_slots(*caseload), Slot("case")
    cases = Case.objects.order_by().filter(pk=case)
    clients = Client.objects.order_by().filter(pk__in=cases.values("client"))
    last = CaseStep.objects.filter(case=OuterRef("pk")).order_by("-no").values("source")[:1]
    lately = reading.readings(Slot("me"), text("kind"), text("object_id"), text("act"), moment("since"))
    found: dict[str, QuerySet] = {
        "cases": cases.filter(load.seen()).annotate(came_from=Subquery(last)),
        "clients": clients,
        "identities": Identity.objects.filter(client__in=cases.values("client")),
        "households": Household.objects.order_by().filter(pk__in=clients.values("household")),
        "places": Municipality.objects.order_by().filter(pk__in=cases.values("municipality")),
        "owners": User.objects.order_by().filter(pk__in=cases.values("owner")),
        "employers": Organisation.objects.order_by().filter(pk__in=cases.values("employer")),
        "looks": load.looks_now().filter(case=case)[:1],
        "consents": Consent.objects.for_advice().filter(client__in=cases.values("client")),
        "starts": Assessment.objects.order_by().filter(case=case).only("start"),
        "achievements": Goal.objects.order_by().filter(case=case).only("achievement"),
        "lately": lately.order_by().only("pk")[:1],
        **contacts.sets(),
    }
    return found
