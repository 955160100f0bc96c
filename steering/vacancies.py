"""Offices nobody holds today, though issues come to them: all of them on „Betrieb“, groups on „Heute“ of the office."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from kim import operation, today
from kim.models import Assignment, Bank, Municipality, Role
from kim.models.people import with_role
from kim.together import day
from steering.escalation import Office
from steering.models import Body, Membership

#: So many municipalities are named; beyond that their number is.
NAMED = 6


@dataclass(frozen=True)
class Vacancy:
    """An office, what follows from its being vacant, and the page that puts somebody into it (empty: none does)."""

    office: str
    words: str
    url: str = ""


def _unled(is_office):
    return {"unled": Body.objects.at_work_unled(day())} if is_office else {}


@today.section(
    "steering/_today_unled.html", order=4, sets=_unled,
    who=lambda user: ((user.acts_as(Role.STRATEGIC_OFFICE),), {}),
)  # fmt: skip
def unled_groups(user, read):
    """For the office, which seats the leads: groups that work on issues while nobody leads them."""
    return {"groups": read["unled"]} if read.get("unled") else None


def _holders():
    groups = Body.objects.valid_on(day()).filter(kind=Body.Kind.STEERING)
    chairs = Membership.of_leads(day()).filter(body__in=groups.values("pk"))
    return {
        "coordinating": with_role(Role.COORDINATION, day()).order_by("pk").only("pk")[:1],
        "running_office": with_role(Role.STRATEGIC_OFFICE, day()).order_by("pk").only("pk"),
        "duties": Assignment.objects.valid_on(day())
        .filter(role=Role.STRATEGIC_OFFICE, known_until__isnull=True)
        .order_by("pk")
        .only("user", "municipality", "bank"),
        "places": Municipality.objects.order_by("name").only("name", "bank"),
        "chairing": with_role(Role.STEERING_GROUP, day()).filter(pk__in=chairs.values("user")).order_by("pk")[:1],
        "unled": Body.objects.at_work_unled(day()),
    }


@operation.section("steering/_operation_vacancies.html", sets=_holders)
def vacancies(user, read):
    found = list(_vacant(read))
    return {"vacancies": found} if found else None


def _vacant(read) -> Iterator[Vacancy]:
    if not read["coordinating"]:
        yield Vacancy(
            str(Office.COORDINATION.label),
            "Kein aktives Konto hat diese Rolle. Was gemeldet wird, bleibt liegen, und niemand erfährt davon.",
        )
    for office, places in _without_contact(read["running_office"], read["duties"], read["places"]):
        yield Vacancy(
            office, f"Kein aktives Konto ist zuständig{places}. Was weitergeleitet wird, liegt bei niemandem."
        )
    if not read["chairing"]:
        yield Vacancy(
            f"Vorsitz der {Office.STEERING.label}",
            "Kein aktives Konto hat den Vorsitz. Entscheidungen kann nur die Geschäftsstelle eintragen.",
        )
    for group in read["unled"]:
        waiting = "1 Knackpunkt wartet" if group.open_number == 1 else f"{group.open_number} Knackpunkte warten"
        yield Vacancy(
            str(group),
            f"Kein aktives Konto leitet diese Gruppe; {waiting}.",
            reverse("steering:body_seat", args=[group.pk]),
        )


def _without_contact(people, duties, places) -> Iterator[tuple[str, str]]:
    """The offices that miss somebody, each with the municipalities left alone where that is not its whole bank.

    As in access: an account of the office answers for its bank or municipalities, and without either for all.
    """
    answered: dict[int, list] = {person.pk: [] for person in people}
    for duty in duties:
        answered.get(duty.user_id, []).append((duty.municipality_id, duty.bank))
    if any(not named or (None, "") in named for named in answered.values()):
        return
    named = {one for several in answered.values() for one in several}
    alone = [place for place in places if (place.pk, "") not in named and (None, place.bank) not in named]
    for bank in dict.fromkeys(place.bank for place in places):
        missed = [place.name for place in alone if place.bank == bank]
        if missed:
            whole = len(missed) == sum(place.bank == bank for place in places)
            yield f"{Office.STRATEGY.label} {Bank(bank).label if bank else ''}".strip(), "" if whole else _for(missed)
    if not places and not people:
        yield str(Office.STRATEGY.label), ""


def _for(names: list[str]) -> str:
    more = f" und {len(names) - NAMED} weitere" if len(names) > NAMED else ""
    return f" für {', '.join(names[:NAMED])}{more}"
