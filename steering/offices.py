"""Who is meant by an office today: the accounts behind „Koordinierung“, „Geschäftsstelle“, „Lenkungsgruppe“ …"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from kim import workdays
from kim.dated import valid_on
from kim.models import Assignment, Role, User
from kim.models.people import with_role
from kim.together import together
from steering.escalation import Office
from steering.models import Body, Issue, Membership


def people_of(office: Office, issue: Issue) -> list[User]:
    """The accounts that hold `issue` when it lies with `office`, as of today, in order of name."""
    return people_of_all([office], issue)[office]


def people_of_all(offices: Iterable[Office], issue: Issue) -> dict[Office, list[User]]:
    """The same for several offices, in one query."""
    found = together(**{Office(office).value: _accounts(Office(office), issue) for office in set(offices)})
    answer = {Office(name): people for name, people in found.items()}
    if Office.STRATEGY in answer:
        everybody = answer[Office.STRATEGY]
        answer[Office.STRATEGY] = [person for person in everybody if person.here] or everybody
    return answer


def _accounts(office, issue):
    match office:
        case Office.REPORTERS:
            return issue.all_reporters()
        case Office.COORDINATION:
            return with_role(Role.COORDINATION)
        case Office.STRATEGY:
            return _contacts_for(issue.municipality)
        case Office.STEERING:
            groups = Body.objects.valid_on().filter(kind=Body.Kind.STEERING).order_by("pk")
            return _leads_of(groups.values("pk")[:1])
        case Office.PROJECT:
            return _leads_of([issue.body_id] if issue.body_id else [])
    raise ValueError(office)


def _leads_of(bodies):
    seats = Membership.objects.valid_on().filter(body__in=bodies, function=Membership.Function.LEAD)
    return User.objects.filter(is_active=True, pk__in=seats.values("user"))


def _contacts_for(municipality):
    """The office's people; `here` marks those named for this municipality or its bank of the Rhine, who come first."""
    duties = Assignment.objects.filter(valid_on(workdays.today()), role=Role.STRATEGIC_OFFICE, known_until__isnull=True)
    places = Q(pk__in=[])
    if municipality:
        places = Q(municipality=municipality)
        if municipality.bank:
            places |= Q(bank=municipality.bank)
    named = duties.filter(places, user=OuterRef("pk"))
    return with_role(Role.STRATEGIC_OFFICE).annotate(here=Exists(named))


def name_of(office: Office, issue: Issue) -> str:
    """The office as people call it for this issue: with its bank, or the name of the group."""
    if office == Office.STRATEGY and issue.municipality and issue.municipality.bank:
        return f"Geschäftsstelle {issue.municipality.get_bank_display()}"
    if office == Office.PROJECT and issue.body:
        return str(issue.body)
    return str(Office(office).label)
