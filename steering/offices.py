"""Who is meant by an office today: the accounts behind „Koordinierung“, „Geschäftsstelle“, „Lenkungsgruppe“ …"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from kim import workdays
from kim.models import Assignment, Role, User
from kim.models.people import with_role
from kim.together import Slot, day, text, together
from steering.escalation import Office
from steering.models import Body, Issue, Membership, Reporter


def people_of(office: Office, issue: Issue) -> list[User]:
    """The accounts that hold `issue` when it lies with `office`, as of today, in order of name."""
    return people_of_all([office], issue)[office]


def people_of_all(offices: Iterable[Office], issue: Issue) -> dict[Office, list[User]]:
    """The same for several offices, in one query."""
    place = issue.municipality
    found = _people(tuple(sorted(set(offices))))(
        issue=issue.pk,
        body=issue.body_id,
        place=issue.municipality_id,
        bank=place.bank if place else "",
        today=workdays.today(),
    )
    answer = {Office(name): people for name, people in found.items()}
    if Office.STRATEGY in answer:
        everybody = answer[Office.STRATEGY]
        answer[Office.STRATEGY] = [person for person in everybody if person.here] or everybody
    return answer


@together
def _people(offices):
    return {office: _accounts(office) for office in offices}


def _accounts(office):
    match office:
        case Office.REPORTERS:
            return User.objects.filter(pk__in=Reporter.of(Slot("issue")).values("user"))
        case Office.COORDINATION:
            return with_role(Role.COORDINATION, day())
        case Office.STRATEGY:
            return _contacts()
        case Office.STEERING:
            groups = Body.objects.valid_on(day()).filter(kind=Body.Kind.STEERING).order_by("pk")
            return _leads_of(groups.values("pk")[:1])
        case Office.PROJECT:
            return _leads_of(Body.objects.filter(pk=Slot("body")).values("pk"))
    raise ValueError(office)


def _leads_of(bodies):
    return User.objects.filter(pk__in=Membership.of_leads(day()).filter(body__in=bodies).values("user"))


def _contacts():
    """The office's people; `here` marks those named for this municipality or its bank of the Rhine, who come first."""
    duties = Assignment.objects.valid_on(day()).filter(role=Role.STRATEGIC_OFFICE, known_until__isnull=True)
    places = Q(municipality=Slot("place")) | Q(~Q(bank=""), bank=text("bank"))
    named = duties.filter(places, user=OuterRef("pk"))
    return with_role(Role.STRATEGIC_OFFICE, day()).annotate(here=Exists(named))


def name_of(office: Office, issue: Issue) -> str:
    """The office as people call it for this issue: with its bank, or the name of the group."""
    if office == Office.STRATEGY and issue.municipality and issue.municipality.bank:
        return f"Geschäftsstelle {issue.municipality.get_bank_display()}"
    if office == Office.PROJECT and issue.body:
        return str(issue.body)
    return str(Office(office).label)
