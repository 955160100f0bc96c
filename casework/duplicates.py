"""Is somebody advised already by another case manager? Whether, and who is to be put in touch; never whose case it is.

Likely the same are those with the same birth date and a similar name (casework.spelling); somebody without a case of
their own is advised in that of the household. The birth date has an index and leaves a handful of names to compare,
however many people there are.
"""

import datetime as dt
from dataclasses import replace

from django.db.models import Q
from django.urls import reverse

from casework import access
from casework.models import Case, Client, Identity
from casework.spelling import likeness
from kim import trail, workdays
from kim.dated import months_after
from kim.models import Organisation, User
from kim.notices import Telling, once_each, tell

#: A birth date of which only the year is known is common; more names than this are not compared.
MOST = 3000
#: Of names that are alike, so many at most are told.
MOST_TOLD = 5
HEADLINE = "Mögliche Doppelberatung: Bitte sprechen Sie sich ab. Angaben zur Person erst, wenn sie eingewilligt hat."

NOT_YET = "Ihre neue Anfrage"


def elsewhere(given_name: str, family_name: str, birth_date, precision: str = "day", *, user) -> list[Case]:
    """Open cases of likely the same person with other case managers, most alike first; none whose person has withdrawn
    the consent, for that data serves nobody any more. For `put_in_touch` alone: no
    page shows them.
    """
    if birth_date is None or not f"{given_name}{family_name}".strip():
        return []
    wanted = f"{given_name} {family_name}"
    rows = Identity.objects.filter(_born_then(birth_date, precision)).order_by("pk")
    people = rows.values_list("pk", "client__household", "given_name", "family_name")[:MOST]
    alike = [(likeness(wanted, f"{given} {name}"), pk, home) for pk, home, given, name in people]
    alike = sorted((one for one in alike if one[0]), key=lambda one: -one[0])[:MOST_TOLD]
    if not alike:
        return []
    found = (
        Case.objects.open()
        .filter(locked_at=None, restricted_at=None)
        .filter(_about(pk for _, pk, _ in alike))
        .exclude(access.kept_cases(user))
    )
    found = found.select_related("owner", "employer", "client").order_by("pk")
    likely = {("home", home): value for value, _, home in reversed(alike) if home}
    likely |= {("person", pk): value for value, pk, _ in alike}

    def likeliest(case):
        person = case.client
        return likely.get(("person", person.pk)) or likely[("home", person.household_id)]

    return sorted(found, key=lambda case: -likeliest(case))


def _about(pks) -> Q:
    """Cases of these people, and of the household of those among them who have none of their own."""
    people = Client.objects.filter(pk__in=list(pks)).order_by()
    homes = people.filter(cases__isnull=True, household__isnull=False).values("household")
    own = Case.objects.filter(client__in=people.values("pk")).order_by().values_list("pk", flat=True)
    family = Case.objects.filter(client__household__in=homes).order_by().values_list("pk", flat=True)
    return Q(pk__in=own.union(family, all=True))


def _born_then(day: dt.date, precision: str) -> Q:
    """Whose birth date may be the same, each as far as it is known; `precision` is that of `day`."""
    year, month = Q(birth_precision="year", birth_date=day.replace(month=1, day=1)), day.replace(day=1)
    if precision == "year":
        return Q(birth_date__range=(day, day.replace(month=12, day=31)))
    if precision == "month":
        return year | Q(birth_date__gte=month, birth_date__lt=months_after(month, 1))
    return year | Q(birth_precision="month", birth_date=month) | Q(birth_precision="day", birth_date=day)


def own_case(client: Client, user) -> Case | None:
    """The open case through which `user` advises `client`: theirs, or one of their household."""
    people = Q(client=client) | Q(client__household=client.household_id) if client.household_id else Q(client=client)
    found = Case.objects.kept_by(user).open().filter(people).select_related("employer").order_by("pk")
    return min(found, key=lambda case: case.client_id != client.pk, default=None)


def put_in_touch(cases: list[Case], *, by: User, own: Case | None = None) -> None:
    """Each of `by` and those who lead `cases` learns which colleague to talk to, and about which case of their own.

    `own` is the case of `by`, None for a request not yet taken down. Nobody learns of the other's case or person.
    The same two are told once a day of the same case. Call it in a transaction.
    """
    if not cases:
        return
    day = workdays.today()
    employers = [own.employer] if own else list(Organisation.objects.filter(pk__in=access.employers_of(by)))
    mine, page = (f"Ihr Fall {own.number}", own.get_absolute_url()) if own else (NOT_YET, reverse("casework:case_new"))
    for case in cases:
        there = _telling(case.owner, f"Ihr Fall {case.number}", by, employers)
        told = once_each([there])[0].people
        readers = (one for one in told if one == case.owner or access.allows(access.owns, one, case))
        there = replace(there, people=tuple(readers))
        tell([there], key=f"double:{case.pk}:{by.pk}:{day}", url=case.get_absolute_url())
        here = _telling(by, mine, case.owner, [case.employer])
        tell([here], key=f"double:{own.pk if own else 'new'}:{case.owner_id}:{day}", url=page)
    trail.record("case.double", by, by=by, note="1 Fallführung" if len(cases) == 1 else f"{len(cases)} Fallführungen")


def _telling(person: User, about: str, colleague: User, employers: list[Organisation]) -> Telling:
    reached = [str(colleague), *(str(one) for one in employers), colleague.email]
    text = f"{about}. Ansprechperson: {', '.join(filter(None, reached))}."
    return Telling(audience="case_manager", who=str(person), people=(person,), headline=HEADLINE, text=text)
