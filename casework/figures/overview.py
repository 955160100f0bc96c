"""Numbers of the caseload, for the coordination: counts and sums only, never a person who is advised."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.core.cache import cache
from django.db.models import Count, Sum

from casework.lifecycle import OPEN, State
from casework.models import Case
from kim import workdays
from kim.models import Assignment, Role, User
from kim.models.people import with_role

KEPT, KEPT_FOR = "casework.figures", dt.timedelta(minutes=5)
#: So many case managers stand in the overview; a whole list is asked for.
SHOWN = 15


@dataclass(frozen=True)
class Load:
    """One case manager: open cases, the FTE of today's assignments as case manager, and cases per whole post."""

    person: str
    employer: str
    cases: int
    share: Decimal | None

    @property
    def per_post(self) -> Decimal | None:
        """Open cases by FTE, to one decimal; None without a share."""
        return (Decimal(self.cases) / self.share).quantize(Decimal("0.1")) if self.share else None


@dataclass(frozen=True)
class Places:
    """Open cases by municipality (rows) and phase (columns), with sums."""

    phases: list[State]
    rows: list[tuple[str, list[int], int]]
    sums: list[int]
    total: int


@dataclass(frozen=True)
class Figures:
    """What the overview shows, as counted at `at`; of many case managers those with the most cases for their post."""

    at: dt.datetime
    places: Places
    loads: list[Load]
    people: int


def figures() -> Figures:
    """Counted anew after some minutes: all open cases are read for it."""
    found: Figures | None = cache.get(KEPT)
    if found is None or not dt.timedelta(0) <= workdays.now() - found.at < KEPT_FOR:
        every = loads()
        some = every
        if len(every) > SHOWN:
            some = sorted(every, key=lambda one: (-(one.per_post or one.cases), one.person))[:SHOWN]
        found = Figures(workdays.now(), places(), some, len(every))
        cache.set(KEPT, found, KEPT_FOR.total_seconds())
    return found


def places() -> Places:
    """One query. Phases in which no case stands are left out."""
    counted = Case.objects.open().order_by().values_list("municipality__name", "state").annotate(number=Count("pk"))
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for place, state, number in counted:
        found[place][state] = number
    phases = [state for state in OPEN if any(state in row for row in found.values())]
    rows = [(place, [found[place].get(state, 0) for state in phases]) for place in sorted(found)]
    sums = [sum(row[column] for _, row in rows) for column in range(len(phases))]
    return Places(phases, [(place, row, sum(row)) for place, row in rows], sums, sum(sums))


def loads() -> list[Load]:
    """Every case manager, and everybody else who still leads an open case. Three queries."""
    counted = dict(Case.objects.open().order_by().values_list("owner").annotate(number=Count("pk")))
    duties = Assignment.objects.valid_on().filter(role=Role.CASE_MANAGER, known_until__isnull=True).order_by()
    shares: dict[int, Decimal] = {}
    employers: dict[int, str] = {}
    for user, employer, share in duties.values_list("user", "employer__name").annotate(Sum("share")):
        shares[user] = shares.get(user, Decimal(0)) + (share or Decimal(0))
        employers[user] = f"{employers[user]}, {employer}" if user in employers else employer
    people = User.objects.filter(pk__in={*counted, *shares, *with_role(Role.CASE_MANAGER).values_list("pk", flat=True)})
    named = people.order_by("display_name", "pk").values_list("pk", "display_name")
    return [Load(name, employers.get(pk, ""), counted.get(pk, 0), shares.get(pk)) for pk, name in named]
