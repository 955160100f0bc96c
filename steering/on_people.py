"""What of steering depends on people, for those who move them: numbers of issues and seats, and no more."""

from collections import Counter

from django.urls import reverse

from kim.models import Role
from kim.rehearsal import Dependent, depends_on_people
from steering.escalation import HOLDER, OPEN, Office, State
from steering.models import Membership, Reporter

#: Issues on their way; a draft is its author's own and nobody else knows of it.
ON_THE_WAY = tuple(state for state in OPEN if state != State.DRAFT)
WITH_REPORTERS = tuple(state for state in ON_THE_WAY if HOLDER[state] == Office.REPORTERS)
#: Who finds the list of bodies.
READS_BODIES = frozenset(Role) - {Role.AUDIT}


@depends_on_people("steering")
def issues_and_seats(users):
    """Two queries: what they reported and is not closed, and where they sit."""
    names = {user.pk: str(user) for user in users}
    reported: Counter[int] = Counter()
    waiting: Counter[int] = Counter()
    rows = Reporter.objects.filter(user__in=names, issue__state__in=ON_THE_WAY).values_list("user", "issue__state")
    for user, state in rows:
        reported[user] += 1
        waiting[user] += state in WITH_REPORTERS
    seats: Counter[int] = Counter()
    leads: Counter[int] = Counter()
    held = Membership.objects.valid_on().filter(user__in=names).values_list("user", "function")
    for user, function in held:
        seats[user] += 1
        leads[user] += function == Membership.Function.LEAD
    for user, name in sorted(names.items(), key=lambda one: one[1]):
        if reported[user]:
            yield Dependent(_issues(name, reported[user], waiting[user]))
        if seats[user]:
            yield Dependent(_seats(name, seats[user], leads[user]), reverse("steering:body_list"), READS_BODIES)


def _issues(name: str, number: int, waiting: int) -> str:
    words = f"{number} Knackpunkte hat {name} gemeldet, die noch offen sind"
    if number == 1:
        words = f"1 Knackpunkt hat {name} gemeldet, der noch offen ist"
    return f"{words}; {waiting} davon warten auf eine Antwort von dort." if waiting else f"{words}."


def _seats(name: str, number: int, leads: int) -> str:
    words = f"{number} Sitz{'' if number == 1 else 'e'} in Gremien hat {name}"
    return f"{words}, {leads} davon mit Vorsitz oder Leitung." if leads else f"{words}."
