"""Who is meant by an office today: the accounts behind „Koordinierung“, „Geschäftsstelle“, „Lenkungsgruppe“ …"""

from django.db.models import Q

from kim import workdays
from kim.dated import valid_on
from kim.models import Assignment, Role, User
from kim.models.people import with_role
from steering.escalation import Office
from steering.models import Body, Issue


def people_of(office: Office, issue: Issue) -> list[User]:
    """The accounts that hold `issue` when it lies with `office`, as of today, in order of name."""
    match office:
        case Office.REPORTERS:
            return list(issue.all_reporters())
        case Office.COORDINATION:
            return list(with_role(Role.COORDINATION))
        case Office.STRATEGY:
            return contacts_for(issue.municipality)
        case Office.STEERING:
            group = Body.steering_group()
            return list(group.leads()) if group else []
        case Office.PROJECT:
            return list(issue.body.leads()) if issue.body else []
    raise ValueError(office)


def contacts_for(municipality) -> list[User]:
    """Who in the office answers for this municipality: named for the place or its bank of the Rhine, else all."""
    duties = Assignment.objects.filter(valid_on(workdays.today()), role=Role.STRATEGIC_OFFICE, known_until__isnull=True)
    if municipality:
        places = Q(municipality=municipality)
        if municipality.bank:
            places |= Q(bank=municipality.bank)
        here = list(with_role(Role.STRATEGIC_OFFICE).filter(pk__in=duties.filter(places).values("user")))
        if here:
            return here
    return list(with_role(Role.STRATEGIC_OFFICE))


def name_of(office: Office, issue: Issue) -> str:
    """The office as people call it for this issue: with its bank, or the name of the group."""
    if office == Office.STRATEGY and issue.municipality and issue.municipality.bank:
        return f"Geschäftsstelle {issue.municipality.get_bank_display()}"
    if office == Office.PROJECT and issue.body:
        return str(issue.body)
    return str(Office(office).label)
