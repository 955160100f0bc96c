"""Is somebody advised already by another case manager? Whether, and whom to put in touch; never whose case it is.

Likely the same are those with the same birth date and a similar name, written in Latin letters whatever script it
came in. The birth date has an index and leaves a handful of names to compare, however many people there are.
"""

import datetime as dt

from anyascii import anyascii
from django.db.models import Q
from django.urls import reverse

from casework import access
from casework.models import Case, Identity
from kim import trail, workdays
from kim.dated import months_after
from kim.models import Municipality, User
from kim.notices import Telling, once_each, tell
from kim.trigrams import fold, similarity

#: From here on two names count as alike: „Nadia Rahimi“ and „Nadja Rahimi“, not „Nadia Rahimi“ and „Nadia Sahin“.
ALIKE = 0.5
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
    wanted = _latin(f"{given_name} {family_name}")
    rows = Identity.objects.filter(_born_then(birth_date, precision)).order_by("pk")
    likeness = {
        pk: similarity(wanted, _latin(f"{given} {name}"))
        for pk, given, name in rows.values_list("pk", "given_name", "family_name")[:MOST]
    }
    alike = sorted((pk for pk in likeness if likeness[pk] >= ALIKE), key=lambda pk: -likeness[pk])[:MOST_TOLD]
    if not alike:
        return []
    cases = Case.objects.open().filter(client__in=alike).exclude(access.kept_cases(user))
    found = cases.select_related("owner", "municipality").order_by("pk")
    return sorted(found, key=lambda case: -likeness[case.client_id])


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


def _latin(name: str) -> str:
    return fold(anyascii(fold(name)))
