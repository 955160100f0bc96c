"""Who in the office answers for which municipality: the accounts named for it or for its bank of the Rhine.

Where nobody is named for a place, the whole office answers. Shown wherever a municipality is; asked with one query.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from django.db.models import QuerySet

from kim import workdays
from kim.models import Assignment, Municipality, Role, RoleGrant, User
from kim.models.people import with_role
from kim.together import day, together


def named_duties(on):
    """Which place or bank of the Rhine each of the office's people is named for on a day (which may be a slot)."""
    return Assignment.objects.valid_on(on).filter(role=Role.STRATEGIC_OFFICE, known_until__isnull=True)


def sets() -> dict[str, QuerySet]:
    """What to read together for `among`; slot: `today`."""
    duties = named_duties(day()).order_by("pk").only("user", "municipality", "bank")
    return {"office_people": with_role(Role.STRATEGIC_OFFICE, day()), "office_duties": duties}


@together
def _office():
    return sets()


def read_office() -> dict[str, list]:
    """The office's people and what they are named for, as of today; one query."""
    return _office()(today=workdays.today())


def among(read: Mapping[str, list], place: Municipality | None) -> list[User]:
    """Who of the office answers for `place`, in order of name."""
    everybody = read["office_people"]
    if place is None:
        return everybody
    here = {
        duty.user_id
        for duty in read["office_duties"]
        if duty.municipality_id == place.pk or (duty.bank and duty.bank == place.bank)
    }
    return [person for person in everybody if person.pk in here] or everybody


def answering() -> Callable[[Municipality | None], list[User]]:
    """The same as a question that may be asked again and again."""
    return partial(among, read_office())


def contacts_of(municipalities: Iterable[Municipality]) -> dict[int, list[User]]:
    """The same for several places, by their id."""
    places = list(municipalities)
    read = read_office() if places else {}
    return {place.pk: among(read, place) for place in places}


# The list of all of them


@dataclass(frozen=True)
class CaseManager:
    user: User
    weekdays: str

    @property
    def days(self) -> str:
        """„Mo, Mi“, „Mo bis Fr“; empty where no days are recorded."""
        days = sorted({int(one) for one in self.weekdays if one in "1234567"})
        names = [workdays.WEEKDAYS[day - 1][:2] for day in days]
        if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
            return f"{names[0]} bis {names[-1]}"
        return ", ".join(names)

    def __str__(self) -> str:
        return f"{self.user} ({self.days})" if self.days else str(self.user)


@dataclass(frozen=True)
class Line:
    """A municipality with its contacts and the case managers who work there today."""

    place: Municipality
    contacts: list[User]
    case_managers: list[CaseManager]


def lines() -> list[Line]:
    """Every municipality, in order of name; four queries."""
    places = list(Municipality.objects.all())
    contacts = contacts_of(places)
    today = workdays.today()
    working = RoleGrant.objects.valid_on(today).filter(role=Role.CASE_MANAGER)
    duties = Assignment.objects.valid_on(today).filter(
        role=Role.CASE_MANAGER, known_until__isnull=True, municipality__isnull=False,
        user__is_active=True, user__in=working.values("user"),
    )  # fmt: skip
    there: dict[int, dict[int, CaseManager]] = {}
    for duty in duties.select_related("user").order_by("user__display_name", "pk"):
        known = there.setdefault(duty.municipality_id, {})
        days = known[duty.user_id].weekdays if duty.user_id in known else ""
        known[duty.user_id] = CaseManager(duty.user, "".join(sorted({*days, *duty.weekdays})))
    return [Line(place, contacts[place.pk], list(there.get(place.pk, {}).values())) for place in places]
