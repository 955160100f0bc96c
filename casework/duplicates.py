"""Is somebody advised already by another case manager? Whether, and whom to put in touch; never whose case it is.

Likely the same are those with the same birth date and a similar name (casework.spelling); somebody without a case of
their own is advised in that of the household. The birth date has an index and leaves a handful of names to compare,
however many people there are.
"""

import datetime as dt

from django.db.models import Q
from django.urls import reverse

from casework import access
from casework.models import Case, Client, Identity
from casework.spelling import likeness
from kim import trail, workdays
from kim.dated import months_after
from kim.models import Municipality, User
from kim.notices import Telling, once_each, tell

#: A birth date of which only the year is known is common; more names than this are not compared.
MOST = 3000
#: Of names that are alike, so many at most are told.
MOST_TOLD = 5
HEADLINE = "Bitte nehmen Sie wegen einer möglichen Doppelberatung Kontakt auf."


def elsewhere(given_name: str, family_name: str, birth_date, precision: str = "day", *, user) -> list[Case]:
    """Open cases of likely the same person with other case managers, most alike first. For `tell_both` alone: no page
    shows them.
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
    found = Case.objects.open().filter(_about(pk for _, pk, _ in alike)).exclude(access.kept_cases(user))
    found = found.select_related("owner", "municipality", "client").order_by("pk")
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


def tell_both(cases: list[Case], *, by: User, place: Municipality) -> None:
    """Put `by` and those who lead `cases` in touch: each learns where the other works, and nothing of anybody else.

    The same pair is told once a day.
    """
    day = workdays.today()
    for case in cases:
        key = f"double:{min(by.pk, case.owner_id)}:{max(by.pk, case.owner_id)}:{day}"
        for person, where in ((case.owner, place), (by, case.municipality)):
            telling = Telling(
                audience="case_manager",
                who=str(person),
                people=(person,),
                headline=HEADLINE,
                text=f"Ansprechstelle: Case Management {where}. Bitte tauschen Sie Angaben zur Person erst aus, "
                "wenn sie eingewilligt hat.",
            )
            tell(once_each([telling]), key=key, url=reverse("kim:today"))
    trail.record("case.double", by, by=by, note=f"Case Management {place}")
