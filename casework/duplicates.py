"""Is somebody advised already by another case manager? Whether, and whom to put in touch; never whose case it is.

Likely the same are those with the same birth date and a similar name, written in Latin letters whatever script it
came in. The birth date has an index and leaves a handful of names to compare, however many people there are.
"""

from anyascii import anyascii
from django.urls import reverse

from casework import access
from casework.models import Case, Identity
from kim import trail, workdays
from kim.models import Municipality, User
from kim.notices import Telling, once_each, tell
from kim.trigrams import fold, similarity

#: From here on two names count as alike: „Nadia Rahimi“ and „Nadja Rahimi“, not „Nadia Rahimi“ and „Nadia Sahin“.
ALIKE = 0.5
#: A birth date of which only the year is known is common; more names than this are not compared.
MOST = 3000
HEADLINE = "Bitte nehmen Sie wegen einer möglichen Doppelberatung Kontakt auf."


def elsewhere(given_name: str, family_name: str, birth_date, *, user) -> list[Case]:
    """Cases of likely the same person with other case managers. For `tell_both` alone: no page shows them."""
    if birth_date is None or not f"{given_name}{family_name}".strip():
        return []
    wanted = _latin(f"{given_name} {family_name}")
    rows = Identity.objects.filter(birth_date=birth_date).order_by("pk").values_list("pk", "given_name", "family_name")
    alike = [pk for pk, given, name in rows[:MOST] if similarity(wanted, _latin(f"{given} {name}")) >= ALIKE]
    if not alike:
        return []
    cases = Case.objects.open().filter(client__in=alike).exclude(access.kept_cases(user))
    return list(cases.select_related("owner", "municipality").order_by("pk"))


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
