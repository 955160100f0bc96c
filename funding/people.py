"""The list of accounts for those who keep posts: what it is narrowed by, what a line shows, and its file."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.forms import ChoiceField, TypedChoiceField

from funding.models import Leave, Occupancy
from funding.models.placing import days_words, fte
from kim import workdays
from kim.form_rendering import QuickSelect
from kim.models import Assignment, Organisation, Role, RoleGrant, User
from steering.export import Sheet
from steering.filters import SELECT, Filter

ORDER = "display_name"
NO_ROLE = "none"
STANDS = {
    "held": "mit Stelle",
    "free": "ohne Stelle",
    "away": "unterbrochen",
    "unplaced": "mit Stelle, ohne Einsatz",
}


class PeopleFilter(Filter):
    FIRST = ("role", "stand", "organisation")

    role = ChoiceField(
        label="Rolle heute", required=False, choices=[("", "alle"), *Role.choices, (NO_ROLE, "keine")],
        widget=QuickSelect(attrs=SELECT),
    )  # fmt: skip
    stand = ChoiceField(
        label="Stelle heute", required=False, choices=[("", "alle"), *STANDS.items()], widget=QuickSelect(attrs=SELECT)
    )
    organisation = TypedChoiceField(
        label="Organisation", required=False, coerce=int, empty_value="", widget=QuickSelect(attrs=SELECT)
    )

    def __init__(self, data):
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Bezeichnung oder Benutzername"
        self._offer("organisation", "alle", ((one.pk, str(one)) for one in Organisation.objects.only("name")))

    def narrowed(self, people: QuerySet[User]) -> QuerySet[User]:
        given, today = self.given, workdays.today()
        for word in given.get("q", "").split()[:6]:
            people = people.filter(Q(display_name__icontains=word) | Q(username__icontains=word))
        roles = RoleGrant.objects.valid_on(today).filter(user=OuterRef("pk"))
        match given.get("role"):
            case "" | None:
                pass
            case "none":
                people = people.filter(~Exists(roles))
            case role:
                people = people.filter(Exists(roles.filter(role=role)))
        if given.get("organisation"):
            people = people.filter(organisation=given["organisation"])
        held = Exists(Occupancy.objects.believed().valid_on(today).filter(user=OuterRef("pk")))
        placed = Exists(Assignment.objects.valid_on(today).filter(user=OuterRef("pk"), known_until__isnull=True))
        away = Exists(Leave.objects.believed().valid_on(today).filter(user=OuterRef("pk")))
        match given.get("stand"):
            case "held":
                people = people.filter(held)
            case "free":
                people = people.filter(~held)
            case "away":
                people = people.filter(away)
            case "unplaced":
                people = people.filter(held, ~placed)
        return people


@dataclass(frozen=True)
class Line:
    """One account today."""

    person: User
    roles: str
    posts: list[Occupancy]
    places: str
    leave: Leave | None

    @property
    def held(self) -> str:
        return "; ".join(f"{row.post.number} {fte(row.share)} VZÄ" for row in self.posts)


def for_lines(people: QuerySet[User]) -> QuerySet[User]:
    """With what a line shows, in four more queries however many there are."""
    today = workdays.today()
    placed = Assignment.objects.valid_on(today).filter(known_until__isnull=True).select_related("municipality")
    return people.select_related("organisation").prefetch_related(
        Prefetch("role_grants", RoleGrant.objects.valid_on(today).order_by("pk"), to_attr="roles_today"),
        Prefetch("occupancies", Occupancy.objects.believed().valid_on(today).select_related("post"), to_attr="held"),
        Prefetch("leaves", Leave.objects.believed().valid_on(today), to_attr="away"),
        Prefetch("assignments", placed.order_by("municipality__name", "pk"), to_attr="placed"),
    )


def line(person: Any) -> Line:
    """Of a row of `for_lines`."""
    roles = ", ".join(dict.fromkeys(str(grant.get_role_display()) for grant in person.roles_today))
    places = "; ".join(
        " ".join(filter(None, (str(row.municipality or row.get_bank_display()), days_words(row.weekdays))))
        for row in person.placed
        if row.municipality or row.bank
    )
    return Line(person, roles, person.held, places, person.away[0] if person.away else None)


COLUMNS = (
    ("Bezeichnung", 40, lambda person: str(person)),
    ("Organisation", 34, lambda person: str(person.organisation or "")),
    ("Rollen", 34, lambda person: line(person).roles),
    ("Stellen", 24, lambda person: line(person).held),
    ("Einsätze", 50, lambda person: line(person).places),
    ("unterbrochen bis", 16, lambda person: person.away[0].last_day if person.away else None),
    ("Konto gesperrt", 14, lambda person: "" if person.is_active else "ja"),
)


def sheet(found: PeopleFilter) -> Sheet:
    rows = list(for_lines(found.narrowed(User.objects.order_by(ORDER, "pk"))))
    return Sheet("Personen", "user.export", COLUMNS, rows, found.narrowed_by)
